package strictjson

import (
	"fmt"

	"github.com/bonafide-id/bonafide/internal/hint"
)

// The reasons for which this package refuses. All are found with errors.Is;
// the text of the wrapping error adds the byte offset (Parse, Decode) or the
// path inside the tree (Canonical, DecodeValue).
var (
	// ErrSyntax: the text is not JSON (RFC 8259). Refuse the document.
	ErrSyntax = hint.New("json: syntax error",
		"Check that the file is complete and is JSON; the byte offset in the message shows where reading stopped.")
	// ErrDuplicate: one object has two members of one name (RFC 7493 2.3).
	// Refuse the document: readers disagree about which member counts.
	ErrDuplicate = hint.New("json: duplicate member name",
		"Ask whoever made the document to remove the repeated member; it cannot be verified as it is.")
	// ErrUTF8: a name or string is not UTF-8. Refuse the document, or, from
	// Canonical, do not put such a string into a tree.
	ErrUTF8 = hint.New("json: invalid UTF-8",
		"Save the document as UTF-8 and sign it again.")
	// ErrSurrogate: half a surrogate pair, or a pair in reverse, escaped or as
	// raw bytes (RFC 7493 2.1). Refuse the document.
	ErrSurrogate = hint.New("json: unpaired surrogate",
		"Ask whoever made the document to write the character as UTF-8 and sign it again.")
	// ErrBOM: the text starts with a byte order mark (RFC 8259 8.1). Remove
	// the three bytes EF BB BF if the document is your own.
	ErrBOM = hint.New("json: starts with a byte order mark",
		"Save the document as UTF-8 without a byte order mark.")
	// ErrControl: a control character stands unescaped in a string (RFC 8259
	// section 7). Refuse the document.
	ErrControl = hint.New("json: unescaped control character in a string",
		"Ask whoever made the document to escape control characters such as line breaks inside strings.")
	// ErrNumber: a number that IEEE 754 doubles cannot carry: an integer
	// beyond 2^53-1, one that becomes infinity or zero, NaN (RFC 7493 2.2).
	// Refuse the document; carry large integers as strings.
	ErrNumber = hint.New("json: number out of range",
		"Write integers beyond 9007199254740991 and extreme decimals as strings.")
	// ErrDepth: arrays and objects nest deeper than Limits.MaxDepth.
	ErrDepth = hint.New("json: nested too deeply",
		"Check where the document comes from; no honest credential nests this deeply.")
	// ErrTooLarge: more bytes or more values than Limits allow.
	ErrTooLarge = hint.New("json: too large",
		"Check where the document comes from; it is larger than anything of its kind may be.")
	// ErrTrailing: something follows the first value. Refuse the document.
	ErrTrailing = hint.New("json: data after the value",
		"Remove whatever follows the closing bracket of the document.")
	// ErrUnknownMember: Decode met a member that the struct does not name, or
	// names with other case. Refuse, or update the software that reads it.
	ErrUnknownMember = hint.New("json: unknown member",
		"Check the spelling and the case of the member name; a newer format needs a newer version of this program.")
	// ErrType: a value is of another JSON type than asked for, does not fit
	// the Go type, or the Go type cannot be read or written at all.
	ErrType = hint.New("json: value of the wrong type",
		"Compare the named member with the documentation of this format.")
)

func errAt(err error, offset int) error {
	return fmt.Errorf("%w at byte %d", err, offset)
}
