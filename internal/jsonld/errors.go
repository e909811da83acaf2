package jsonld

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/internal/hint"
)

// The sentinels of this package. Every error it returns is one of them under
// errors.Is; the text names the term, the URL or the place in the document.
var (
	// ErrContext means that a context is named which this loader does not hold.
	// The outcome of whatever needed it is "not known"; add the context with
	// Loader.With, or report the URL.
	ErrContext = hint.New("jsonld: unknown context",
		"Contexts are never fetched. Add the context document to the node's configuration together with its digest, or ask the issuer to use a published one.")
	// ErrDataLoss means that a part of the document would not reach the RDF
	// dataset: a signature would not cover it. Refuse the document.
	ErrDataLoss = hint.New("jsonld: data would be lost",
		"Every member, type and identifier must be defined by the document's contexts or be an absolute IRI. Correct the named member or add the context that defines it.")
	// ErrBudget means that a size, depth or work limit was reached. The outcome
	// is "not known"; a larger limit may be tried for trusted input only.
	ErrBudget = hint.New("jsonld: work limit reached",
		"The document is larger or more entangled than any sensible credential. Refuse it, or raise the limit for a source that you trust.")
	// ErrInvalid means that the document or a context breaks JSON-LD 1.1, or
	// that the caller asked for something that does not exist (a hash function).
	// Refuse the document.
	ErrInvalid = hint.New("jsonld: invalid document",
		"The document breaks the JSON-LD 1.1 rule that the message names. The issuer must correct and re-issue it.")
)

// Error codes of the JSON-LD 1.1 API, section 9.4.2 (JsonLdErrorCode).
const (
	codeCollidingKeywords       = "colliding keywords"
	codeConflictingIndexes      = "conflicting indexes"
	codeContextOverflow         = "context overflow"
	codeCyclicIRIMapping        = "cyclic IRI mapping"
	codeInvalidBaseDirection    = "invalid base direction"
	codeInvalidBaseIRI          = "invalid base IRI"
	codeInvalidContainer        = "invalid container mapping"
	codeInvalidContextEntry     = "invalid context entry"
	codeInvalidNullification    = "invalid context nullification"
	codeInvalidDefaultLanguage  = "invalid default language"
	codeInvalidID               = "invalid @id value"
	codeInvalidImport           = "invalid @import value"
	codeInvalidIncluded         = "invalid @included value"
	codeInvalidIndex            = "invalid @index value"
	codeInvalidIRIMapping       = "invalid IRI mapping"
	codeInvalidKeywordAlias     = "invalid keyword alias"
	codeInvalidLangMapping      = "invalid language mapping"
	codeInvalidLangMapValue     = "invalid language map value"
	codeInvalidLangString       = "invalid language-tagged string"
	codeInvalidLangValue        = "invalid language-tagged value"
	codeInvalidLocalContext     = "invalid local context"
	codeInvalidNest             = "invalid @nest value"
	codeInvalidPrefix           = "invalid @prefix value"
	codeInvalidPropagate        = "invalid @propagate value"
	codeInvalidProtected        = "invalid @protected value"
	codeInvalidRemoteContext    = "invalid remote context"
	codeInvalidReverse          = "invalid @reverse value"
	codeInvalidReverseProperty  = "invalid reverse property"
	codeInvalidReverseMap       = "invalid reverse property map"
	codeInvalidReverseValue     = "invalid reverse property value"
	codeInvalidScopedContext    = "invalid scoped context"
	codeInvalidSetOrList        = "invalid set or list object"
	codeInvalidTermDefinition   = "invalid term definition"
	codeInvalidTypeMapping      = "invalid type mapping"
	codeInvalidTypeValue        = "invalid type value"
	codeInvalidTypedValue       = "invalid typed value"
	codeInvalidValueObject      = "invalid value object"
	codeInvalidValueObjectValue = "invalid value object value"
	codeInvalidVersion          = "invalid @version value"
	codeInvalidVocab            = "invalid vocab mapping"
	codeKeywordRedefinition     = "keyword redefinition"
	codeLoadingDocument         = "loading document failed"
	codeLoadingRemoteContext    = "loading remote context failed"
	codeProtectedRedefinition   = "protected term redefinition"
)

// fault is the one concrete error of this package.
type fault struct {
	sentinel error  // one of the four sentinels
	code     string // JSON-LD error code, "" for data loss and budgets
	what     string
	path     []string // innermost step first
}

func (f *fault) Error() string {
	var b strings.Builder
	b.WriteString(f.sentinel.Error())
	if f.code != "" {
		b.WriteString(": ")
		b.WriteString(f.code)
	}
	if f.what != "" {
		b.WriteString(": ")
		b.WriteString(f.what)
	}
	if len(f.path) > 0 {
		b.WriteString(" at $")
		for i := len(f.path) - 1; i >= 0; i-- {
			b.WriteString(f.path[i])
		}
	}
	return b.String()
}

func (f *fault) Unwrap() error { return f.sentinel }

// maxShown bounds how much of a hostile string an error text repeats.
const maxShown = 120

func show(s string) string {
	if len(s) > maxShown {
		s = s[:maxShown] + "..."
	}
	return strconv.Quote(s)
}

func invalid(code, format string, args ...any) error {
	return &fault{sentinel: ErrInvalid, code: code, what: fmt.Sprintf(format, args...)}
}

func loss(format string, args ...any) error {
	return &fault{sentinel: ErrDataLoss, what: fmt.Sprintf(format, args...)}
}

func overBudget(format string, args ...any) error {
	return &fault{sentinel: ErrBudget, what: fmt.Sprintf(format, args...)}
}

func unknownContext(code, url, why string) error {
	return &fault{sentinel: ErrContext, code: code, what: show(url) + why}
}

// atKey notes on the way up that an error happened inside member key.
func atKey(err error, key string) error {
	var f *fault
	if errors.As(err, &f) && len(f.path) < maxDepth {
		f.path = append(f.path, "["+show(key)+"]")
	}
	return err
}

// atIndex notes on the way up that an error happened inside array item i.
func atIndex(err error, i int) error {
	var f *fault
	if errors.As(err, &f) && len(f.path) < maxDepth {
		f.path = append(f.path, "["+strconv.Itoa(i)+"]")
	}
	return err
}
