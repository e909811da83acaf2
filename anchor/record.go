package anchor

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Record is the proof that a head of an issuer is in a batch of an aggregator. It
// travels as a file of the issuer's folder, see RecordPath.
type Record struct {
	Chain    uint64
	Contract [20]byte
	Account  [20]byte
	Batch    uint64 // from 1
	Block    uint64 // that wrote it
	Member   contracts.Member
	Path     contracts.MemberProof
}

// RecordType is the value of its member "type".
const RecordType = "BonafideBatchProof"

// RecordPath is where an issuer's folder has the proof of an aggregator's
// batches: one file, which a newer proof replaces.
func RecordPath(chain uint64, account [20]byte) string {
	return fmt.Sprintf("anchor/%d-%s", chain, strings.ToLower(contracts.FormatAddress(account)[2:]))
}

var recordLimits = strictjson.Limits{MaxBytes: 4 << 10, MaxDepth: 4, MaxValues: 128}

type recordJSON struct {
	Type     string   `json:"type"`
	Contract string   `json:"contract"` // CAIP-10
	Account  string   `json:"account"`  // CAIP-10
	Batch    string   `json:"batch"`
	Block    string   `json:"block"`
	Subject  string   `json:"subject"`
	Order    string   `json:"order"` // VERSION/SEQUENCE
	Head     string   `json:"head"`
	Index    int      `json:"index"`
	Size     int      `json:"size"`
	Path     []string `json:"path"`
}

// Encode writes the record in canonical form (RFC 8785).
func (p Record) Encode() ([]byte, error) {
	out := recordJSON{Type: RecordType, Contract: caip10(p.Chain, p.Contract), Account: caip10(p.Chain, p.Account),
		Batch: strconv.FormatUint(p.Batch, 10), Block: strconv.FormatUint(p.Block, 10), Subject: p.Member.Subject.SCID(),
		Order: p.Member.Order.String(), Head: hex.EncodeToString(p.Member.Head[:]), Index: p.Path.Index, Size: p.Path.Size, Path: []string{}}
	for _, n := range p.Path.Path {
		out.Path = append(out.Path, hex.EncodeToString(n[:]))
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("anchor: record: %w", err)
	}
	tree, err := strictjson.ParseObject(b, recordLimits)
	if err != nil {
		return nil, fmt.Errorf("anchor: record: %w", err)
	}
	return strictjson.Canonical(tree)
}

// ParseRecord reads a record of at most 4 KiB. That its path leads to its root
// and its root is on the chain is for the caller. The error is ErrProof.
func ParseRecord(body []byte) (Record, error) {
	bad := func(err error) (Record, error) { return Record{}, fmt.Errorf("%w: record: %w", ErrProof, err) }
	tree, err := strictjson.ParseObject(body, recordLimits)
	if err != nil {
		return bad(err)
	}
	var in recordJSON
	if err := strictjson.DecodeValue(tree, &in); err != nil {
		return bad(err)
	}
	var p Record
	if in.Type != RecordType {
		return bad(fmt.Errorf("type %.40q", in.Type))
	}
	var chain uint64
	if p.Chain, p.Account, err = parseCAIP10(in.Account); err != nil {
		return bad(err)
	}
	if chain, p.Contract, err = parseCAIP10(in.Contract); err != nil {
		return bad(err)
	}
	if p.Batch, err = positive(in.Batch); err != nil {
		return bad(err)
	}
	if p.Block, err = positive(in.Block); err != nil {
		return bad(err)
	}
	if p.Member, err = parseMember(in.Subject, in.Order, in.Head); err != nil {
		return bad(err)
	}
	if chain != p.Chain || len(in.Path) > 20 || in.Size < 1 || in.Size > contracts.MaxBatch || in.Index < 0 || in.Index >= in.Size {
		return bad(fmt.Errorf("place %d of %d", in.Index, in.Size))
	}
	p.Path = contracts.MemberProof{Index: in.Index, Size: in.Size}
	for _, s := range in.Path {
		n, err := digest(s)
		if err != nil {
			return bad(err)
		}
		p.Path.Path = append(p.Path.Path, n)
	}
	return p, nil
}

// about tells whether a record is of the aggregator and the issuer it should be.
func (p Record) about(b Binding, scid string) error {
	switch {
	case p.Chain != b.Chain || p.Account != b.Account || p.Contract != b.Contract:
		return fmt.Errorf("%w: the proof in the folder is of another aggregator", ErrProof)
	case p.Member.Subject.SCID() != scid:
		return fmt.Errorf("%w: the proof in the folder is of another issuer", ErrProof)
	}
	return nil
}

// positive reads a number from 1 in its usual spelling.
func positive(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("%.30q is no number", s)
	}
	return n, nil
}

func digest(s string) (out [32]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 || strings.ToLower(s) != s {
		return out, fmt.Errorf("%.80q is no digest", s)
	}
	return [32]byte(b), nil
}

func parseMember(scid, order, head string) (m contracts.Member, err error) {
	if m.Subject, err = contracts.ParseSubject(scid); err != nil {
		return m, err
	}
	if m.Order, err = parseOrder(order); err != nil {
		return m, err
	}
	m.Head, err = digest(head)
	return m, err
}

// parseOrder reads VERSION/SEQUENCE.
func parseOrder(s string) (contracts.Order, error) {
	v, n, _ := strings.Cut(s, "/")
	version, err := positive(v)
	if err != nil {
		return contracts.Order{}, err
	}
	sequence, err := positive(n)
	if err != nil {
		return contracts.Order{}, err
	}
	return contracts.OrderOf(version, sequence)
}
