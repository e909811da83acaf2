package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/ebsi"
	"github.com/bonafide-id/bonafide/legal/register"
	"github.com/bonafide-id/bonafide/proof"
)

// dirRegisters holds what was imported from registers, one file for each. They are
// read again when a file changed.
const dirRegisters = "registers"

// AxisQuality is the axis of registers of quality assurance.
const AxisQuality = "quality"

// registerEntry is a register in trust.toml: whether its word counts, and on what.
type registerEntry struct {
	Name     string   `toml:"name"`
	Axes     []string `toml:"axes"` // identity, quality
	Accepted bool     `toml:"accepted"`
}

// registerAxes are the axes that a format can speak for, the default first.
func registerAxes(format string) []string {
	switch format {
	case register.FormatDCC:
		return []string{AxisIdentity}
	case ebsi.Format:
		return []string{AxisAuthorisation}
	}
	return []string{AxisIdentity, AxisQuality}
}

// checkRegisters judges the tables [[register]] of trust.toml.
func checkRegisters(list []registerEntry) error {
	seen := map[string]bool{}
	for _, r := range list {
		if !register.ValidName(r.Name) || seen[r.Name] {
			return fmt.Errorf("%w: %s: register %.40q", ErrConfig, fileTrust, r.Name)
		}
		seen[r.Name] = true
		for _, a := range r.Axes {
			if a != AxisIdentity && a != AxisQuality && a != AxisAuthorisation {
				return fmt.Errorf("%w: %s: register %s: axis %q", ErrConfig, fileTrust, r.Name, a)
			}
		}
	}
	return nil
}

// heldRegister is one register as it was last read.
type heldRegister struct {
	state string
	book  *register.Book // nil for a copy of EBSI's registries
	ebsi  *ebsi.Book
	err   error
}

// format is that of what is held.
func (h heldRegister) format() string {
	if h.ebsi != nil {
		return ebsi.Format
	}
	return h.book.Format
}

// registerCache holds the registers as they were last read from their files.
type registerCache struct {
	mu    sync.Mutex
	held  map[string]heldRegister
	write sync.Mutex // one change at a time
}

// registers reads the registers that are held, by name; one that cannot be read is
// there with its error.
func (n *Node) registers() (map[string]heldRegister, error) {
	n.regs.mu.Lock()
	defer n.regs.mu.Unlock()
	entries, err := os.ReadDir(n.cfg.path(dirRegisters))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, dirRegisters, err)
	}
	now := map[string]heldRegister{}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		info, err := e.Info()
		if !ok || err != nil || !register.ValidName(name) || len(now) == maxRegisters {
			continue
		}
		state := fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
		if h, ok := n.regs.held[name]; ok && h.state == state {
			now[name] = h
			continue
		}
		h := n.readRegister(name)
		h.state = state
		now[name] = h
	}
	n.regs.held = now
	return now, nil
}

// maxRegisters bounds the registers of a home.
const maxRegisters = 64

func (n *Node) readRegister(name string) (h heldRegister) {
	b, err := os.ReadFile(n.cfg.path(dirRegisters, name+".json"))
	if err != nil {
		return heldRegister{err: err}
	}
	itself := ""
	if ebsi.IsBook(b) {
		if h.ebsi, h.err = ebsi.OpenBook(b); h.err == nil {
			itself = h.ebsi.Name
		}
	} else if h.book, h.err = register.OpenBook(b); h.err == nil {
		itself = h.book.Name
	}
	if h.err == nil && itself != name {
		h.err = fmt.Errorf("%w: it calls itself %.40q", register.ErrForm, itself)
	}
	return h
}

// eachAccepted calls for each register whose word counts.
func (n *Node) eachAccepted(trust trustFile, each func(e registerEntry, h heldRegister)) {
	if !slices.ContainsFunc(trust.Registers, func(e registerEntry) bool { return e.Accepted }) {
		return
	}
	held, err := n.registers()
	if err != nil {
		n.log.Warn("registers", "err", err)
		return
	}
	for _, e := range trust.Registers {
		switch h, ok := held[e.Name]; {
		case !ok || !e.Accepted:
		case h.err != nil:
			n.log.Warn("a register cannot be read and counts for nothing", "register", e.Name, "err", h.err)
		default:
			each(e, h)
		}
	}
}

// registerSources are the sources of evidence that registers are. They come after
// those that prove identifiers, which they are joined by.
func (n *Node) registerSources(trust trustFile) (out []legal.Source) {
	var s register.Source
	books := n.ebsiBooks(trust)
	n.eachAccepted(trust, func(e registerEntry, h heldRegister) {
		if h.book != nil {
			s.Registers = append(s.Registers, register.Accepted{Book: h.book, Low: h.book.Format == register.FormatDCC,
				Identity: slices.Contains(e.Axes, AxisIdentity), Quality: slices.Contains(e.Axes, AxisQuality)})
		}
	})
	if len(s.Registers) > 0 {
		out = append(out, s)
	}
	if len(books) > 0 {
		out = append(out, ebsi.Source{Books: books, Roots: trust.legalRoots()})
	}
	return out
}

// registerImport takes one file into a register. Nothing of it counts before the
// register is accepted.
func (n *Node) registerImport(ctx context.Context, q RegisterImportRequest) (RegisterImported, error) {
	if q.Name == "" {
		q.Name = q.Format
	}
	if !register.ValidName(q.Name) || !slices.Contains(RegisterFormats(), q.Format) {
		return RegisterImported{}, fmt.Errorf("%w: register %.40q of format %.40q", ErrRequest, q.Name, q.Format)
	}
	now := n.clock()
	retrieved, err := proof.ParseTime(q.Retrieved)
	if err != nil || retrieved.After(now.Add(5*time.Minute)) {
		return RegisterImported{}, fmt.Errorf("%w: retrieved must say when the file was fetched, not later than now", ErrRequest)
	}
	trust, err := n.readTrust()
	if err != nil {
		return RegisterImported{}, err
	}
	n.regs.write.Lock()
	defer n.regs.write.Unlock()
	all, err := n.registers()
	if err != nil {
		return RegisterImported{}, err
	}
	var held heldRegister
	if _, ok := all[q.Name]; ok {
		// Read anew, because what is cached is shared.
		if held = n.readRegister(q.Name); held.err != nil {
			return RegisterImported{}, fmt.Errorf("register %s: %w", q.Name, held.err)
		}
		if held.format() != q.Format {
			return RegisterImported{}, fmt.Errorf("%w: register %s is of format %s", ErrRequest, q.Name, held.format())
		}
	} else if len(all) >= maxRegisters {
		return RegisterImported{}, fmt.Errorf("%w: %d registers are held", ErrRequest, len(all))
	}
	file := register.File{Name: clipName(q.File), SHA256: register.Digest(q.Body), Retrieved: retrieved.UTC(), ImportedAt: now.UTC().Truncate(time.Second)}
	merge := n.mergeRegister
	if q.Format == ebsi.Format {
		merge = n.mergeEBSI
	}
	body, done, entries, err := merge(q, held, file)
	if err != nil {
		return RegisterImported{}, err
	}
	out := RegisterImported{Name: q.Name, Format: q.Format, Changes: done, DryRun: q.DryRun, Entries: entries, Axes: []string{}}
	if !q.DryRun {
		if err := n.writeRegister(q.Name, body); err != nil {
			return RegisterImported{}, err
		}
	}
	i := slices.IndexFunc(trust.Registers, func(e registerEntry) bool { return e.Name == q.Name })
	if i >= 0 {
		out.Accepted, out.Axes = trust.Registers[i].Accepted, trust.Registers[i].Axes
	}
	if q.Accept && !out.Accepted {
		out.Accepted, out.Axes = true, registerAxes(q.Format)
		if !q.DryRun {
			if _, err := n.registerAccept(ctx, RegisterAcceptRequest{Name: q.Name, Accepted: true}); err != nil {
				return RegisterImported{}, err
			}
		}
	}
	return out, nil
}

// mergeRegister takes one file into a register and returns what is to be written.
func (n *Node) mergeRegister(q RegisterImportRequest, held heldRegister, file register.File) ([]byte, register.Changes, int, error) {
	in, err := register.Read(q.Format, q.Body, file.Retrieved)
	if err != nil {
		return nil, register.Changes{}, 0, fmt.Errorf("%.200s: %w", q.File, err)
	}
	book := held.book
	if book == nil {
		book = &register.Book{Name: q.Name, Format: q.Format, Files: []register.File{}}
	}
	done, err := book.Merge(in, file)
	if err != nil {
		return nil, done, 0, err
	}
	body, err := book.Encode()
	return body, done, len(book.Entries), err
}

func (n *Node) writeRegister(name string, body []byte) error {
	if err := os.MkdirAll(n.cfg.path(dirRegisters), 0o700); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrConfig, dirRegisters, err)
	}
	return durable.WriteFile(n.cfg.path(dirRegisters, name+".json"), body, 0o600)
}

// clipName keeps the name of a file as it is told, without the folders of a
// machine.
func clipName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	if len(s) > 200 {
		s = s[:200]
	}
	return strings.ToValidUTF8(s, "?")
}

// registerAccept says whether the word of a register counts, and on what.
func (n *Node) registerAccept(ctx context.Context, q RegisterAcceptRequest) (RegisterList, error) {
	held, err := n.registers()
	if err != nil {
		return RegisterList{}, err
	}
	h, ok := held[q.Name]
	if !ok {
		return RegisterList{}, fmt.Errorf("%w: no register %.40q is held", ErrTarget, q.Name)
	}
	if h.err != nil {
		return RegisterList{}, fmt.Errorf("register %s: %w", q.Name, h.err)
	}
	axes := q.Axes
	if len(axes) == 0 {
		axes = registerAxes(h.format())
	}
	for _, a := range axes {
		if !slices.Contains(registerAxes(h.format()), a) {
			return RegisterList{}, fmt.Errorf("%w: a register of format %s has no word on %q", ErrRequest, h.format(), a)
		}
	}
	trust, err := n.readTrust()
	if err != nil {
		return RegisterList{}, err
	}
	trust.Registers = slices.DeleteFunc(trust.Registers, func(e registerEntry) bool { return e.Name == q.Name })
	trust.Registers = append(trust.Registers, registerEntry{Name: q.Name, Axes: axes, Accepted: q.Accepted})
	if err := n.writeTrust(trust); err != nil {
		return RegisterList{}, err
	}
	return n.registerList(ctx, Empty{})
}

// registerRemove forgets a register.
func (n *Node) registerRemove(ctx context.Context, q RegisterRequest) (RegisterList, error) {
	if !register.ValidName(q.Name) {
		return RegisterList{}, fmt.Errorf("%w: register %.40q", ErrRequest, q.Name)
	}
	n.regs.write.Lock()
	defer n.regs.write.Unlock()
	trust, err := n.readTrust()
	if err != nil {
		return RegisterList{}, err
	}
	before := len(trust.Registers)
	trust.Registers = slices.DeleteFunc(trust.Registers, func(e registerEntry) bool { return e.Name == q.Name })
	err = os.Remove(n.cfg.path(dirRegisters, q.Name+".json"))
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(trust.Registers) == before:
		return RegisterList{}, fmt.Errorf("%w: no register %.40q is held", ErrTarget, q.Name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return RegisterList{}, fmt.Errorf("%w: register %s: %w", ErrNoFile, q.Name, err)
	}
	if len(trust.Registers) != before {
		if err := n.writeTrust(trust); err != nil {
			return RegisterList{}, err
		}
	}
	return n.registerList(ctx, Empty{})
}

// registerList says which registers are held and whether they count.
func (n *Node) registerList(_ context.Context, _ Empty) (RegisterList, error) {
	out := RegisterList{Registers: []RegisterRow{}}
	trust, err := n.readTrust()
	if err != nil {
		return out, err
	}
	held, err := n.registers()
	if err != nil {
		return out, err
	}
	names := make([]string, 0, len(held))
	for name := range held {
		names = append(names, name)
	}
	for _, e := range trust.Registers {
		if _, ok := held[e.Name]; !ok {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		row := RegisterRow{Name: name, Axes: []string{}, Files: []register.File{}}
		for _, e := range trust.Registers {
			if e.Name == name {
				row.Accepted, row.Axes = e.Accepted, e.Axes
			}
		}
		h, ok := held[name]
		switch {
		case !ok:
			row.Problem = "nothing of it is held"
		case h.err != nil:
			row.Problem = h.err.Error()
		case h.ebsi != nil:
			row.Format = ebsi.Format
			records, documents := h.ebsi.Len()
			row.Entries = records + documents
			for _, f := range h.ebsi.Files {
				row.Files = append(row.Files, register.File(f))
				row.seen(f.Retrieved)
			}
		default:
			row.fill(h.book)
		}
		out.Registers = append(out.Registers, row)
	}
	return out, nil
}

func (row *RegisterRow) fill(b *register.Book) {
	row.Format, row.Entries, row.Agencies = b.Format, len(b.Entries), len(b.Agencies)
	row.Files = append(row.Files, b.Files...)
	for _, e := range b.Entries {
		row.Decisions += len(e.Decisions)
		row.seen(e.Observed.RetrievedAt)
	}
}

func (row *RegisterRow) seen(at time.Time) {
	if row.Oldest == nil || at.Before(*row.Oldest) {
		row.Oldest = &at
	}
	if row.Newest == nil || at.After(*row.Newest) {
		row.Newest = &at
	}
}

// registerShow shows entries: one by its record or identifier, or all whose names
// contain a text, in pages.
func (n *Node) registerShow(_ context.Context, q RegisterShowRequest) (RegisterEntries, error) {
	out := RegisterEntries{Name: q.Name, Entries: []register.Entry{}}
	held, err := n.registers()
	if err != nil {
		return out, err
	}
	h, ok := held[q.Name]
	if !ok {
		return out, fmt.Errorf("%w: no register %.40q is held", ErrTarget, q.Name)
	}
	if h.err != nil {
		return out, fmt.Errorf("register %s: %w", q.Name, h.err)
	}
	if q.Limit <= 0 || q.Limit > maxShown {
		q.Limit = maxShown
	}
	switch {
	case h.ebsi != nil:
		return showEBSI(out, h.ebsi, q)
	case q.Record != "":
		e, ok := h.book.ByRecord(q.Record)
		if !ok {
			return out, fmt.Errorf("%w: register %s has no record %.200q", ErrTarget, q.Name, q.Record)
		}
		out.Entries = append(out.Entries, e)
	case q.Identifier != "":
		id, err := identifierOf(q.Identifier)
		if err != nil {
			return out, err
		}
		out.Entries = append(out.Entries, h.book.ByIdentifier(id)...)
	case q.Text != "":
		out.Entries = append(out.Entries, h.book.ByName(q.Text, q.After, q.Limit)...)
	default:
		for _, e := range h.book.Entries {
			if e.Record > q.After && len(out.Entries) < q.Limit {
				out.Entries = append(out.Entries, e)
			}
		}
	}
	if len(out.Entries) == q.Limit && q.Record == "" && q.Identifier == "" {
		out.Next = out.Entries[len(out.Entries)-1].Record
	}
	return out, nil
}

// showEBSI shows the registry's records: one by its DID, or all in pages.
func showEBSI(out RegisterEntries, b *ebsi.Book, q RegisterShowRequest) (RegisterEntries, error) {
	if q.Identifier != "" || q.Text != "" {
		return out, fmt.Errorf("%w: accreditations have neither numbers nor names; ask for a DID as the record", ErrRequest)
	}
	if q.Record == "" {
		out.Records = b.Records(q.After, q.Limit)
		if len(out.Records) == q.Limit {
			out.Next = out.Records[len(out.Records)-1].DID
		}
		return out, nil
	}
	r, ok := b.Record(q.Record)
	if !ok {
		return out, fmt.Errorf("%w: register %s has no record %.200q", ErrTarget, q.Name, q.Record)
	}
	out.Records = append(out.Records, r)
	return out, nil
}

// maxShown is how many entries one answer holds.
const maxShown = 100

// identifierOf reads SCHEME:COUNTRY:VALUE or SCHEME:VALUE, and what
// legal.ParseIdentifier reads.
func identifierOf(s string) (legal.Identifier, error) {
	if len(s) > 200 {
		return legal.Identifier{}, fmt.Errorf("%w: identifier of %d characters", ErrRequest, len(s))
	}
	parts := strings.SplitN(s, ":", 3)
	id, err := legal.Identifier{}, error(nil)
	switch len(parts) {
	case 3:
		id = legal.Identifier{Scheme: parts[0], Country: parts[1], Value: parts[2]}
	case 2:
		id = legal.Identifier{Scheme: parts[0], Value: parts[1]}
	default:
		id, err = legal.ParseIdentifier(s)
	}
	id = id.Canonical()
	if err == nil {
		err = id.Check()
	}
	if err != nil {
		return id, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return id, nil
}
