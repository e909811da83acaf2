package seal

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof"
)

// Type is the type of a statement of control.
const Type = "BonafideControlStatement"

// maxStatement bounds a statement before it is read.
const maxStatement = 16 << 10

// Purpose is the sentence that every statement holds, so that whoever seals it can
// read what the seal is for.
const Purpose = "The organisation that seals this statement controls the identifier named here and issues credentials under it."

// Statement is what an organisation says under its seal: that it controls a DID.
type Statement struct {
	DID         string
	LegalNames  []legal.Name
	Identifiers []legal.Identifier
	Seat        legal.Seat
	Date        time.Time // of the statement, whole seconds
}

// For makes the statement of an organisation about a DID.
func For(did string, o legal.Organisation, at time.Time) Statement {
	return Statement{DID: did, LegalNames: o.LegalNames, Identifiers: append([]legal.Identifier{o.ID}, o.Identifiers...), Seat: o.Seat,
		Date: at.UTC().Truncate(time.Second)}
}

// Bytes writes the statement as canonical JSON, which is what is sealed.
func (s Statement) Bytes() ([]byte, error) {
	names, ids := make([]any, len(s.LegalNames)), make([]any, len(s.Identifiers))
	for i, n := range s.LegalNames {
		m := map[string]any{"value": n.Value}
		if n.Lang != "" {
			m["lang"] = n.Lang
		}
		names[i] = m
	}
	for i, id := range s.Identifiers {
		c := id.Canonical()
		m := map[string]any{"scheme": c.Scheme, "value": c.Value}
		if c.Country != "" {
			m["country"] = c.Country
		}
		ids[i] = m
	}
	return strictjson.Canonical(map[string]any{"type": Type, "purpose": Purpose, "did": s.DID, "legalNames": names, "identifiers": ids,
		"legalSeat": s.Seat.String(), "date": proof.FormatTime(s.Date)})
}

// ReadStatement reads what was sealed: the members that [Statement.Bytes] writes and
// no others. It does not say that a seal holds. The error is [ErrStatement], or
// legal.ErrNaturalPerson when an identifier is one of natural persons.
func ReadStatement(b []byte) (Statement, error) {
	var s Statement
	bad := func(what string) (Statement, error) { return s, fmt.Errorf("%w: %s", ErrStatement, what) }
	tree, err := strictjson.ParseObject(b, strictjson.Limits{MaxBytes: maxStatement, MaxDepth: 8})
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	for name := range tree {
		if !slices.Contains([]string{"type", "purpose", "did", "legalNames", "identifiers", "legalSeat", "date"}, name) {
			return bad(fmt.Sprintf("there is no member %.40q", name))
		}
	}
	if tree["type"] != Type || tree["purpose"] != Purpose {
		return bad("type or purpose")
	}
	if s.DID, _ = tree["did"].(string); s.DID == "" {
		return bad("did")
	}
	date, _ := tree["date"].(string)
	if s.Date, err = proof.ParseTime(date); err != nil {
		return bad("date")
	}
	names, ok := objects(tree["legalNames"])
	if !ok {
		return bad("legalNames")
	}
	for _, m := range names {
		var n legal.Name
		n.Value, _ = m["value"].(string)
		n.Lang, _ = m["lang"].(string)
		s.LegalNames = append(s.LegalNames, n)
	}
	ids, ok := objects(tree["identifiers"])
	if !ok {
		return bad("identifiers")
	}
	for _, m := range ids {
		var id legal.Identifier
		id.Scheme, _ = m["scheme"].(string)
		id.Country, _ = m["country"].(string)
		id.Value, _ = m["value"].(string)
		if id.Person() {
			return s, fmt.Errorf("%w: %s", legal.ErrNaturalPerson, id.Scheme)
		}
		if err := id.Check(); err != nil {
			return s, fmt.Errorf("%w: %w", ErrStatement, err)
		}
		s.Identifiers = append(s.Identifiers, id.Canonical())
	}
	if _, ok := tree["legalSeat"].(string); !ok {
		return bad("legalSeat")
	}
	return s, nil
}

// objects reads a list of 1 to 17 objects.
func objects(v any) ([]map[string]any, bool) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list) > 17 {
		return nil, false
	}
	out := make([]map[string]any, len(list))
	for i, e := range list {
		if out[i], ok = e.(map[string]any); !ok {
			return nil, false
		}
	}
	return out, true
}

// Digest is the SHA-256 of a sealed file as it is quoted: "sha256-" and base64, as
// Subresource Integrity has it.
func Digest(file []byte) string {
	sum := sha256.Sum256(file)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
