package node

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/register"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
	"github.com/bonafide-id/bonafide/verify"
)

// absent is said with every answer about issuers.
const absent = "What is not here is no evidence against an issuer."

// IssuerAnswer is what this node holds about one issuer. Nothing was fetched for it.
type IssuerAnswer struct {
	DID    string             `json:"did"`
	AsOf   time.Time          `json:"asOf"`
	Issuer verdict.IssuerView `json:"issuer"` // each field with who proves or claims it
	Checks []verdict.Check    `json:"checks"`
	// Observed are entries of registers that name the DID, accepted ones or not.
	Observed []ObservedEntry `json:"observed"`
	Note     string          `json:"note"`
}

// ObservedEntry is an entry of a register, each of its fields as it was observed.
type ObservedEntry struct {
	Register string          `json:"register"`
	Accepted bool            `json:"accepted"` // whether this node's operator lets the register's word count
	Record   string          `json:"record"`
	DIDs     []string        `json:"dids"`
	Fields   []ObservedField `json:"fields"`
}

// ObservedField is one statement of a register.
type ObservedField struct {
	Name       string         `json:"name"`
	Value      string         `json:"value"`
	Lang       string         `json:"lang,omitempty"`
	From       *register.Date `json:"from,omitempty"`
	Until      *register.Date `json:"until,omitempty"`
	By         string         `json:"by"`
	ObservedAt time.Time      `json:"observedAt"`
	Digest     string         `json:"digest"` // SHA-256 of the file, hexadecimal
}

// SearchRequest looks for issuers: by one identifier, or by a part of a name.
type SearchRequest struct {
	Identifier string // SCHEME:COUNTRY:VALUE, SCHEME:VALUE or as in certificates
	Name       string // at least three characters
	After      string // SearchAnswer.Next of the page before
	Limit      int    // at most maxHits, which is the default
}

// SearchAnswer is one page. A page may have fewer hits than asked for, or none,
// while there are more: Next is empty at the end only.
type SearchAnswer struct {
	AsOf     time.Time       `json:"asOf"`
	Issuers  []IssuerHit     `json:"issuers"`
	Observed []ObservedEntry `json:"observed"`
	Next     string          `json:"next,omitempty"`
	Note     string          `json:"note"`
}

// IssuerHit is an issuer whose folder is held.
type IssuerHit struct {
	DID    string          `json:"did"`
	Level  string          `json:"level"`
	Fields []verdict.Field `json:"fields"`
}

// Bounds of one page.
const (
	maxHits    = 20
	maxScanned = 500 // folders that are looked at
	minName    = 3
	maxName    = 200
)

// Issuer says what is held about an issuer. Errors: did.ErrInvalid, ErrTarget where
// nothing is.
func (n *Node) Issuer(ctx context.Context, id string) (IssuerAnswer, error) {
	u, err := did.Parse(id)
	if err != nil {
		return IssuerAnswer{}, err
	}
	ctx = withNetwork(ctx, string(exchange.NetworkOff))
	trust, err := n.readTrust()
	if err != nil {
		return IssuerAnswer{}, err
	}
	id = u.DID
	out, known, err := n.assessHeld(ctx, id, trust, n.recognisers())
	if err != nil {
		return IssuerAnswer{}, err
	}
	answer := IssuerAnswer{DID: id, AsOf: n.clock().UTC(), Issuer: out.View(id, false), Checks: out.Checks, Observed: []ObservedEntry{}, Note: absent}
	err = n.eachRegister(trust, func(name string, accepted bool, b *register.Book) {
		for _, e := range b.ByDID(id, nil) {
			answer.Observed = append(answer.Observed, observed(name, accepted, e))
		}
	})
	if err == nil && !known && len(answer.Observed) == 0 && len(out.Evidence) == 0 {
		err = fmt.Errorf("%w: nothing is held about %.200s; %s", ErrTarget, id, strings.ToLower(absent[:1])+absent[1:])
	}
	return answer, err
}

// assessHeld judges an issuer by what is held, without the network. known tells
// whether its document is.
func (n *Node) assessHeld(ctx context.Context, id string, trust trustFile, who func(context.Context) ([]string, error)) (out legal.Identity, known bool, err error) {
	now := n.clock()
	over, err := verify.NewOverlay(nil, now)
	if err != nil {
		return out, false, err
	}
	opt := n.checkOptions(ctx, now)
	q := legal.Request{Issuer: id, At: now, Check: opt}
	res, err := n.Resolve(ctx, id, did.Options{})
	if err == nil {
		q.Document, known = res.Document, true
	} else if errors.Is(err, did.ErrInvalid) {
		return out, false, err
	}
	if err := (issuers{n, over, trust, who}).Evidence(ctx, id, &q); err != nil {
		return out, known, err
	}
	q.Status = n.heldStatus(now)
	return legal.Assess(ctx, q), known, nil
}

func (n *Node) eachRegister(trust trustFile, each func(name string, accepted bool, b *register.Book)) error {
	held, err := n.registers()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		if h := held[name]; h.err == nil && h.book != nil {
			each(name, slices.ContainsFunc(trust.Registers, func(e registerEntry) bool { return e.Name == name && e.Accepted }), h.book)
		}
	}
	return nil
}

// observed tells an entry field by field, each as observed in its register.
func observed(name string, accepted bool, e register.Entry) ObservedEntry {
	out := ObservedEntry{Register: name, Accepted: accepted, Record: e.Record, DIDs: append([]string{}, e.DIDs...), Fields: []ObservedField{}}
	put := func(f ObservedField) {
		if f.Value != "" {
			f.By, f.ObservedAt, f.Digest = "register "+name, e.Observed.RetrievedAt, e.Observed.SourceSHA256
			out.Fields = append(out.Fields, f)
		}
	}
	for _, x := range e.Names {
		field := verdict.FieldLegalName
		if x.Kind != register.NameLegal {
			field = verdict.FieldAltName
		}
		put(ObservedField{Name: field, Value: x.Value, Lang: x.Lang, From: x.From, Until: x.Until})
	}
	for _, x := range e.Identifiers {
		put(ObservedField{Name: verdict.FieldIdentifier, Value: x.Legal().String(), From: x.From, Until: x.Until})
	}
	put(ObservedField{Name: verdict.FieldLegalSeat, Value: legal.Seat{Country: e.Seat.Country, Region: e.Seat.Region, Locality: e.Seat.Locality}.String()})
	for _, d := range e.Domains {
		put(ObservedField{Name: verdict.FieldDomain, Value: d})
	}
	put(ObservedField{Name: verdict.FieldHomepage, Value: e.Homepage})
	return out
}

// search is a request that was read.
type search struct {
	id    legal.Identifier // zero: by name
	name  string           // folded
	limit int
	stage string // registers, then folders
	after string // register and record, or subject
}

// IssuerSearch finds issuers by an identifier or a part of a name: first in the
// registers that were imported, then in the folders that are held. The error is
// ErrRequest.
func (n *Node) IssuerSearch(ctx context.Context, q SearchRequest) (SearchAnswer, error) {
	s, err := readSearch(q)
	if err != nil {
		return SearchAnswer{}, err
	}
	ctx = withNetwork(ctx, string(exchange.NetworkOff))
	trust, err := n.readTrust()
	if err != nil {
		return SearchAnswer{}, err
	}
	out := SearchAnswer{AsOf: n.clock().UTC(), Issuers: []IssuerHit{}, Observed: []ObservedEntry{}, Note: absent}
	if s.stage == stageRegisters {
		if err := n.searchRegisters(s, trust, &out); err != nil || out.Next != "" {
			return out, err
		}
		s.after = ""
	}
	return out, n.searchFolders(ctx, s, trust, &out)
}

const (
	stageRegisters = "r"
	stageFolders   = "f"
)

func readSearch(q SearchRequest) (search, error) {
	s := search{limit: q.Limit, stage: stageRegisters}
	if s.limit <= 0 || s.limit > maxHits {
		s.limit = maxHits
	}
	switch {
	case (q.Identifier == "") == (q.Name == ""):
		return s, fmt.Errorf("%w: name one of identifier and name", ErrRequest)
	case q.Identifier != "":
		id, err := identifierOf(q.Identifier)
		if err != nil {
			return s, err
		}
		s.id = id
	default:
		s.name = strings.Join(strings.Fields(strings.ToLower(q.Name)), " ")
		if !utf8.ValidString(q.Name) || utf8.RuneCountInString(s.name) < minName || len(q.Name) > maxName {
			return s, fmt.Errorf("%w: a name has %d to %d characters", ErrRequest, minName, maxName)
		}
	}
	if q.After != "" {
		b, err := base64.RawURLEncoding.DecodeString(q.After)
		if err != nil || len(b) < 2 || len(b) > 1000 || b[1] != ' ' || string(b[:1]) != stageRegisters && string(b[:1]) != stageFolders {
			return s, fmt.Errorf("%w: after is not what a page before gave", ErrRequest)
		}
		s.stage, s.after = string(b[:1]), string(b[2:])
	}
	return s, nil
}

func cursor(stage, after string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(stage + " " + after))
}

func (n *Node) searchRegisters(s search, trust trustFile, out *SearchAnswer) error {
	from, record, _ := strings.Cut(s.after, " ")
	return n.eachRegister(trust, func(name string, accepted bool, b *register.Book) {
		if name < from || out.Next != "" {
			return
		}
		after := ""
		if name == from {
			after = record
		}
		var list []register.Entry
		if s.id.IsZero() {
			list = b.ByName(s.name, after, s.limit-len(out.Observed)+1)
		} else {
			list = b.ByIdentifier(s.id)
		}
		slices.SortFunc(list, func(x, y register.Entry) int { return strings.Compare(x.Record, y.Record) })
		for _, e := range list {
			if e.Record <= after {
				continue
			}
			if len(out.Observed) == s.limit {
				out.Next = cursor(stageRegisters, name+" "+after)
				return
			}
			out.Observed = append(out.Observed, observed(name, accepted, e))
			after = e.Record
		}
	})
}

func (n *Node) searchFolders(ctx context.Context, s search, trust trustFile, out *SearchAnswer) error {
	who := n.recognisers()
	left := maxScanned
	for {
		page, err := n.replica.Subjects(ctx, s.after, 100)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, row := range page {
			if left == 0 || len(out.Issuers)+len(out.Observed) >= s.limit {
				out.Next = cursor(stageFolders, s.after)
				return nil
			}
			left--
			s.after = row.Subject
			hit, ok, err := n.hit(ctx, s, row.DID, row.Subject, trust, who)
			if err != nil {
				return err
			}
			if ok {
				out.Issuers = append(out.Issuers, hit)
			}
		}
	}
}

// hit judges one folder. What an issuer states is only where to look: what is
// answered is what the judgement says of it.
func (n *Node) hit(ctx context.Context, s search, id, subject string, trust trustFile, who func(context.Context) ([]string, error)) (IssuerHit, bool, error) {
	if err := ctx.Err(); err != nil {
		return IssuerHit{}, false, err
	}
	v, err := n.replica.File(ctx, subject, replica.PathWhois)
	if err != nil || v.State != replica.Current || v.Body == nil || !s.stated(v.Body) {
		return IssuerHit{}, false, nil
	}
	found, _, err := n.assessHeld(ctx, id, trust, who)
	if err != nil {
		return IssuerHit{}, false, ctx.Err()
	}
	for _, f := range found.Fields {
		if s.is(f) {
			return IssuerHit{DID: id, Level: found.Level().String(), Fields: found.Fields}, true, nil
		}
	}
	return IssuerHit{}, false, nil
}

func (s search) is(f verdict.Field) bool {
	if s.id.IsZero() {
		return (f.Name == verdict.FieldLegalName || f.Name == verdict.FieldAltName) && s.within(f.Value)
	}
	id, err := legal.ParseIdentifier(f.Value)
	return f.Name == verdict.FieldIdentifier && err == nil && id.Equal(s.id)
}

func (s search) within(name string) bool {
	return strings.Contains(strings.Join(strings.Fields(strings.ToLower(name)), " "), s.name)
}

// stated tells whether a presentation may hold what is looked for, before anything
// of it is verified.
func (s search) stated(whois []byte) bool {
	tree, err := strictjson.ParseObject(whois, strictjson.Limits{})
	if err != nil {
		return false
	}
	var look func(v any) bool
	look = func(v any) bool {
		switch x := v.(type) {
		case string:
			return s.id.IsZero() && s.within(x)
		case []any:
			return slices.ContainsFunc(x, look)
		case map[string]any:
			if scheme, ok := x["scheme"].(string); ok && !s.id.IsZero() {
				cc, _ := x["country"].(string)
				value, _ := x["value"].(string)
				if (legal.Identifier{Scheme: scheme, Country: cc, Value: value}).Equal(s.id) {
					return true
				}
			}
			for name, e := range x {
				if name != "proof" && look(e) {
					return true
				}
			}
		}
		return false
	}
	return look(tree["verifiableCredential"])
}

// heldStatus judges statuses by the lists that are held.
func (n *Node) heldStatus(now time.Time) func(ctx context.Context, c *credential.Credential) []verdict.Check {
	return func(ctx context.Context, c *credential.Credential) []verdict.Check {
		return revocation.Check(ctx, c, revocation.Options{Source: lists{n}, Credential: n.checkOptions(ctx, now), At: now, Index: n.index}).Checks
	}
}
