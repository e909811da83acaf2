package node

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/verdict"
)

// maxIndices bounds the lines of an import.
const maxIndices = maxListSize

// importList goes on with a status list that was begun elsewhere, under its URL
// and in its format. The bits are the old ones; who issued what is taken from the
// issuer's word, since no list tells.
func (n *Node) importList(ctx context.Context, who Caller, q ImportListRequest) (ImportListResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return ImportListResponse{}, err
	}
	if is.State != store.IssuerLive {
		return ImportListResponse{}, fmt.Errorf("%w: %s", ErrClosed, is.DID)
	}
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return ImportListResponse{}, err
	}
	if err := mayImport(h, q.URL); err != nil {
		return ImportListResponse{}, err
	}
	var notes []string
	a, given, err := n.foreignList(ctx, h, q, &notes)
	if err != nil {
		return ImportListResponse{}, err
	}
	a.Issuer, a.URL, a.By, a.Why = is.Subject, q.URL, who.By, q.Why
	if n := a.Bits.Len(); n < revocation.MinEntries && (q.Pad || a.Format == revocation.FormatToken) {
		notes = append(notes, fmt.Sprintf("The list had %d entries and was padded with zeros to %d.", n, revocation.MinEntries))
		a.Bits = a.Bits.Pad(revocation.MinEntries)
		if a.Format == revocation.FormatToken {
			a.Suspended = a.Suspended.Pad(revocation.MinEntries)
		}
	}
	if a.Bits.Len() > maxListSize {
		return ImportListResponse{}, fmt.Errorf("%w: it has %d entries, at most %d fit into one signed list", ErrImport, a.Bits.Len(), maxListSize)
	}
	if q.Issued != "" {
		if given, err = readIndices(q.Issued); err != nil {
			return ImportListResponse{}, err
		}
	}
	if given != nil {
		bits, err := markAll(given, a.Bits.Len())
		if err != nil {
			return ImportListResponse{}, err
		}
		a.Given = &bits
	} else {
		notes = append(notes, "Which indices were issued is not known: every index counts as given out, so any of them can be revoked.")
	}
	out := ImportListResponse{URL: q.URL, Format: a.Format, Purpose: string(a.Purpose), Size: a.Bits.Len(), Set: int64(a.Bits.Count() + a.Suspended.Count()),
		State: store.ListClosed, DryRun: q.DryRun}
	if a.Format == revocation.FormatToken {
		out.Purpose += ", " + string(revocation.Suspension)
	}
	if out.Allocated, err = a.Allocated(); err != nil {
		return ImportListResponse{}, err
	}
	if !q.DryRun {
		practice, err := n.practiceDraft(ctx, is.Subject, h, n.statusSince(ctx, is.Subject))
		if err != nil {
			return ImportListResponse{}, err
		}
		out.Number, err = n.book.Adopt(ctx, a, func(tx store.Tx, _ int64) error { return practice(tx) })
		if err != nil {
			return ImportListResponse{}, err
		}
		out.Path = pathAt(store.List{Number: out.Number, Format: a.Format})
		n.forgetNames()
		n.kick(is.Subject)
		id, err := webvh.ParseID(h.DID())
		if err != nil {
			return ImportListResponse{}, err
		}
		notes = append(notes, "Let "+q.URL+" answer with "+id.FileURL(out.Path)+" (a proxy rule or a redirect), from the next publication on.")
	}
	out.Notes = append(notes, "New credentials name lists of this node; only those that name this URL are looked up in it.")
	return out, nil
}

// ownNames are what files and folders of an issuer's own folder are called.
var ownNames = []string{"status", "recognition", "schema", "bonafide", ".well-known", "did.json", "did.jsonl", "did-witness.json", "whois.vp", "issuer.json"}

// mayImport refuses names that no credential of the issuer can have, or that are
// those of its own lists.
func mayImport(h *webvh.History, name string) error {
	u, err := url.Parse(name)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || len(name) > 2048 {
		return fmt.Errorf("%w: %.200q is no https URL of a list", ErrImport, name)
	}
	for _, d := range h.DIDs() {
		id, err := webvh.ParseID(d)
		if err != nil {
			continue
		}
		if path, under := strings.CutPrefix(name, id.FileURL("")); under {
			first, _, _ := strings.Cut(path, "/")
			if _, ok := record.KindOf(path); ok || slices.Contains(ownNames, first) {
				return fmt.Errorf("%w: %s is where the issuer's own folder has its files; give the identifier a path of its own, "+
					"such as %s/registry, with `bonafide did update --domain`", ErrImport, name, u.Host)
			}
		}
	}
	return nil
}

// foreignList reads what the list says: from its signed form or from lines of
// index and state. given are the indices that lines name, nil for a signed list.
func (n *Node) foreignList(ctx context.Context, h *webvh.History, q ImportListRequest, notes *[]string) (a revocation.Adoption, given []int64, err error) {
	if q.Statuses != "" {
		if len(q.List) > 0 {
			return a, nil, fmt.Errorf("%w: name a list or statuses, not both", ErrRequest)
		}
		return statusesOf(q)
	}
	if q.Format != "" || q.Size != 0 {
		return a, nil, fmt.Errorf("%w: format and size are read from the list; name them with statuses only", ErrRequest)
	}
	body := q.List
	if len(body) == 0 {
		r, err := n.web.Get(ctx, q.URL, "application/vc, "+revocation.MediaStatusJWT+", "+revocation.MediaStatusCWT+", application/json", int64(record.KindStatusList.MaxBytes()))
		if err != nil {
			return a, nil, err
		}
		body = r.Body
	}
	if len(body) > record.KindStatusList.MaxBytes() {
		return a, nil, fmt.Errorf("%w: the list has %d bytes, at most %d are read", ErrImport, len(body), record.KindStatusList.MaxBytes())
	}
	claims, err := n.readForeign(ctx, body, q.Unverified, notes)
	if err != nil {
		return a, nil, err
	}
	if claims.ID != q.URL {
		return a, nil, fmt.Errorf("%w: the list calls itself %.200s, not %.200s", ErrImport, claims.ID, q.URL)
	}
	if claims.Format == revocation.FormatToken {
		a = revocation.Adoption{Format: claims.Format, Purpose: revocation.Revocation}
		if a.Bits, a.Suspended, err = claims.Statuses.Split(); err != nil {
			return a, nil, fmt.Errorf("%w: %w", ErrImport, err)
		}
		if q.Purpose != "" {
			return a, nil, fmt.Errorf("%w: a Token Status List is for revocation and suspension both; name no purpose", ErrImport)
		}
		if claims.Statuses.Bits() != 2 {
			*notes = append(*notes, "The list goes on with 2 bits for each status, so that it can say suspended too.")
		}
		foreignIssuer(claims.Issuer, h, notes)
		return a, nil, nil
	}
	if len(claims.Purposes) != 1 {
		return a, nil, fmt.Errorf("%w: the list is for %v; one of a single purpose is needed", ErrImport, claims.Purposes)
	}
	if q.Purpose != "" && string(claims.Purposes[0]) != q.Purpose {
		return a, nil, fmt.Errorf("%w: the list is for %s", ErrImport, claims.Purposes[0])
	}
	foreignIssuer(claims.Issuer, h, notes)
	return revocation.Adoption{Format: claims.Format, Purpose: claims.Purposes[0], Bits: claims.Bits}, nil, nil
}

// foreignIssuer notes that a list was by somebody else.
func foreignIssuer(old string, h *webvh.History, notes *[]string) {
	if subjectOf(old) != h.SCID() {
		*notes = append(*notes, "The old list is by "+old+" and goes on under "+h.DID()+": verifiers who demand that a list and a credential have one "+
			"issuer will not accept it for credentials of the former.")
	}
}

// readForeign verifies a signed list, or takes it on the operator's word.
func (n *Node) readForeign(ctx context.Context, body []byte, unverified bool, notes *[]string) (revocation.Claims, error) {
	opt := revocation.Options{Credential: n.checkOptions(ctx, n.clock())}
	read := func() (*revocation.List, verdict.Check, bool) { return revocation.ReadList(ctx, body, opt) }
	if revocation.IsToken(body) {
		read = func() (*revocation.List, verdict.Check, bool) { return revocation.ReadStatusToken(ctx, body, "", opt) }
	}
	l, row, ok := read()
	if ok {
		return l.Claims(), nil
	}
	if !unverified {
		return revocation.Claims{}, fmt.Errorf("%w: %s %s; --unverified takes it on your word", ErrImport, row.Code, row.Params["detail"])
	}
	claims, err := revocation.ReadClaims(body, 0)
	if err != nil {
		return revocation.Claims{}, fmt.Errorf("%w: %w", ErrImport, err)
	}
	*notes = append(*notes, fmt.Sprintf("The proof of the old list was not verified (%s): its bits are taken on your word.", row.Code))
	return claims, nil
}

// statusesOf reads lines of "index,state".
func statusesOf(q ImportListRequest) (a revocation.Adoption, given []int64, err error) {
	a.Format, a.Purpose = orElse(q.Format, revocation.FormatBitstring), revocation.Purpose(orElse(q.Purpose, string(revocation.Revocation)))
	word := map[revocation.Purpose]string{revocation.Revocation: "revoked", revocation.Suspension: "suspended"}[a.Purpose]
	token := a.Format == revocation.FormatToken
	if token && q.Purpose != "" {
		return a, nil, fmt.Errorf("%w: a Token Status List is for revocation and suspension both; name no purpose", ErrImport)
	}
	var set, suspended []int64
	most := int64(-1)
	err = lines(q.Statuses, 2, func(line int, cells []string) error {
		index, err := readIndex(line, cells[0])
		if err != nil {
			return err
		}
		switch state := strings.ToLower(strings.TrimSpace(cells[1])); state {
		case "valid", "0":
		case word, "1":
			set = append(set, index)
		case "suspended", "2":
			if !token {
				return fmt.Errorf("%w: line %d: state %.40q is neither valid nor %s", ErrImport, line, state, word)
			}
			suspended = append(suspended, index)
		default:
			return fmt.Errorf("%w: line %d: state %.40q is neither valid nor %s", ErrImport, line, state, word)
		}
		given, most = append(given, index), max(most, index)
		return nil
	})
	if err != nil {
		return a, nil, err
	}
	if len(given) == 0 {
		return a, nil, fmt.Errorf("%w: there is no line of index,state", ErrImport)
	}
	size := max(int64(revocation.MinEntries), (most+8)/8*8)
	if q.Size != 0 {
		size = q.Size
	}
	if size < 0 || size%8 != 0 || size > maxListSize {
		return a, nil, fmt.Errorf("%w: size %d is no multiple of 8 up to %d", ErrImport, size, maxListSize)
	}
	if a.Bits, err = markAll(set, size); err == nil && token {
		a.Suspended, err = markAll(suspended, size)
	}
	return a, given, err
}

// readIndices reads one index a line; further cells are not looked at.
func readIndices(text string) ([]int64, error) {
	given := []int64{}
	err := lines(text, 1, func(line int, cells []string) error {
		index, err := readIndex(line, cells[0])
		given = append(given, index)
		return err
	})
	return given, err
}

// lines calls each for every line of a CSV text but a head line. A text that does
// not end in a line feed may be cut short, and half an index is another index.
func lines(text string, cells int, each func(line int, cells []string) error) error {
	if text != "" && !strings.HasSuffix(text, "\n") {
		return fmt.Errorf("%w: the last line has no line feed; the file may be cut short", ErrImport)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.ReuseRecord, r.Comment = -1, true, '#'
	for count := 0; ; count++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrImport, err)
		}
		line, _ := r.FieldPos(0)
		if count == 0 && strings.EqualFold(strings.TrimSpace(record[0]), "index") {
			continue
		}
		if len(record) < cells {
			return fmt.Errorf("%w: line %d has %d cells, not %d", ErrImport, line, len(record), cells)
		}
		if count > maxIndices {
			return fmt.Errorf("%w: more than %d lines", ErrImport, maxIndices)
		}
		if err := each(line, record); err != nil {
			return err
		}
	}
}

func readIndex(line int, text string) (int64, error) {
	text = strings.TrimSpace(text)
	index, err := strconv.ParseInt(text, 10, 64)
	if err != nil || index < 0 || strconv.FormatInt(index, 10) != text {
		return 0, fmt.Errorf("%w: line %d: %.40q is no index", ErrImport, line, text)
	}
	return index, nil
}

// markAll sets indices in a list of size entries. One that is there twice was
// given to two credentials, or the lines are not what they are taken for.
func markAll(indices []int64, size int64) (revocation.Bitstring, error) {
	bits := revocation.NewBitstring(size)
	for _, i := range indices {
		if set, err := bits.Get(i); err != nil {
			return bits, fmt.Errorf("%w: index %d of a list of %d entries", ErrImport, i, size)
		} else if set {
			return bits, fmt.Errorf("%w: index %d is there twice", ErrImport, i)
		}
		if err := bits.Set(i); err != nil {
			return bits, fmt.Errorf("%w: index %d: %w", ErrImport, i, err)
		}
	}
	return bits, nil
}

// exportPage is how many lines one answer has.
const exportPage = 50_000

// exportList shows the state of every index of a list that was given out, so that
// the issuer can leave with it.
func (n *Node) exportList(ctx context.Context, q ExportListRequest) (ExportListResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return ExportListResponse{}, err
	}
	var out ExportListResponse
	err = n.store.View(ctx, func(tx store.Tx) error {
		out = ExportListResponse{}
		l, err := tx.GetList(is.Subject, q.List)
		if isNotFound(err) {
			return revocation.ErrNoList
		}
		if err != nil {
			return err
		}
		bits, err := revocation.Render(tx, l)
		if err != nil {
			return err
		}
		word := "revoked"
		if slices.Contains(l.Purposes, string(revocation.Suspension)) {
			word = "suspended"
		}
		var b strings.Builder
		count := 0
		given := revocation.FromBytes(l.Bitmap)
		for i := max(q.From, 0); i < l.Size; i++ {
			if used, err := given.Get(i); err != nil || !used {
				continue
			}
			if count++; count > exportPage {
				out.Next = i
				break
			}
			state := "valid"
			if set, err := bits.Get(i); err != nil {
				return err
			} else if set {
				state = word
			}
			b.WriteString(strconv.FormatInt(i, 10) + "," + state + "\n")
		}
		out.Lines = b.String()
		return nil
	})
	return out, err
}

// elsewhereAge is how long it may take until a node serves a list under its old
// URL that another node over the same store has imported.
const elsewhereAge = time.Minute

// elsewhere finds the own list that was begun at a URL. What is looked up is kept
// for a while, since anybody can ask for anything.
func (n *Node) elsewhere(ctx context.Context, host, path string) (subject, rel string, ok bool) {
	now := n.clock()
	n.mu.Lock()
	names, at := n.names, n.namesAt
	n.mu.Unlock()
	if names == nil || now.Sub(at) > elsewhereAge || now.Before(at) {
		names = map[string][2]string{}
		for _, subject := range n.ownSubjects() {
			lists, err := n.book.Lists(ctx, subject)
			if err != nil {
				return "", "", false
			}
			for _, l := range lists {
				if u, err := url.Parse(l.URL); l.URL != "" && err == nil && u.RawQuery == "" {
					names[strings.ToLower(u.Host)+u.EscapedPath()] = [2]string{subject, pathAt(l)}
				}
			}
		}
		n.mu.Lock()
		n.names, n.namesAt = names, now
		n.mu.Unlock()
	}
	found, ok := names[strings.ToLower(host)+path]
	if bare, cwt := strings.CutSuffix(path, formCWT); !ok && cwt { // the other form of a Token Status List
		found = names[strings.ToLower(host)+bare]
		if path, ok = strings.CutSuffix(found[1], formJWT); ok {
			found[1] = path + formCWT
		}
	}
	return found[0], found[1], ok
}

// forgetNames makes elsewhere look again.
func (n *Node) forgetNames() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names = nil
}
