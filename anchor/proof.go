package anchor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/record"
)

// Proof shows without any server that a head was anchored: the receipt of the
// transaction in its block, for a batch the path to its root, for a file of the
// folder the path to the head; and, in the state of a block, that it was the
// newest then and that our code stands at the address.
type Proof struct {
	Grade    Grade
	Chain    uint64
	Contract [20]byte
	Account  [20]byte
	Head     []byte // canonical bytes, with their proof
	Included contracts.ReceiptProof
	State    contracts.StateProof
	Member   *contracts.MemberProof // grade existed-by
	File     *FileProof             // nil: about the head alone
	// Log is the issuer's did.jsonl, with which a reader checks who signed the
	// head and whether the account speaks for the issuer.
	Log []byte
}

// FileProof shows that a file stood in the folder.
type FileProof struct {
	Leaf  record.Leaf
	Index int
	Path  [][32]byte
}

// ProofType is the value of its member "type".
const ProofType = "BonafideAnchorProof"

// MaxProof is the greatest size of a proof file in bytes.
const MaxProof = 8 << 20

var proofLimits = strictjson.Limits{MaxBytes: MaxProof, MaxDepth: 6, MaxValues: 4096}

type proofJSON struct {
	Type     string          `json:"type"`
	Grade    Grade           `json:"grade"`
	Contract string          `json:"contract"`
	Account  string          `json:"account"`
	Block    string          `json:"block"`      // hash of the including block: what is to be trusted
	StateOf  string          `json:"stateBlock"` // hash of the block whose state is shown
	Head     string          `json:"head"`
	Included includedJSON    `json:"included"`
	State    stateJSON       `json:"state"`
	Member   *memberPathJSON `json:"batch,omitempty"`
	File     *fileJSON       `json:"file,omitempty"`
	Log      string          `json:"log,omitempty"`
}

type includedJSON struct {
	Header string   `json:"header"`
	Index  int      `json:"index"`
	Nodes  []string `json:"nodes"`
}

type stateJSON struct {
	Header  string   `json:"header"`
	Account []string `json:"account"`
	Storage []string `json:"storage"`
}

type memberPathJSON struct {
	Index int      `json:"index"`
	Size  int      `json:"size"`
	Path  []string `json:"path"`
}

type fileJSON struct {
	Path  string   `json:"path"`
	CID   string   `json:"cid"`
	Size  int64    `json:"size"`
	Index int      `json:"index"`
	Nodes []string `json:"nodes"`
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func b64s(list [][]byte) []string {
	out := make([]string, len(list))
	for i, b := range list {
		out[i] = b64(b)
	}
	return out
}

func hexes(list [][32]byte) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = hex.EncodeToString(list[i][:])
	}
	return out
}

// Block is the hash that the header of the including block has, StateBlock that
// of the block whose state is shown. A reader trusts them for reasons of its own,
// never because they stand in the proof.
func (p Proof) Block() [32]byte { return contracts.HeaderHash(p.Included.Header) }

// StateBlock: see Block.
func (p Proof) StateBlock() [32]byte { return contracts.HeaderHash(p.State.Header) }

// Encode writes the proof file.
func (p Proof) Encode() ([]byte, error) {
	block, state := p.Block(), p.StateBlock()
	out := proofJSON{Type: ProofType, Grade: p.Grade, Contract: caip10(p.Chain, p.Contract), Account: caip10(p.Chain, p.Account),
		Block: "0x" + hex.EncodeToString(block[:]), StateOf: "0x" + hex.EncodeToString(state[:]), Head: b64(p.Head),
		Included: includedJSON{b64(p.Included.Header), int(p.Included.Index), b64s(p.Included.Nodes)},
		State:    stateJSON{b64(p.State.Header), b64s(p.State.Account), b64s(p.State.Storage)}, Log: b64(p.Log)}
	if m := p.Member; m != nil {
		out.Member = &memberPathJSON{m.Index, m.Size, hexes(m.Path)}
	}
	if f := p.File; f != nil {
		out.File = &fileJSON{f.Leaf.Path, f.Leaf.CID.String(), f.Leaf.Size, f.Index, hexes(f.Path)}
	}
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return nil, fmt.Errorf("anchor: proof: %w", err)
	}
	return append(b, '\n'), nil
}

// ParseProof reads a proof file of at most MaxProof. It is not verified by that.
// The error is ErrProof.
func ParseProof(body []byte) (Proof, error) {
	bad := func(err error) (Proof, error) { return Proof{}, fmt.Errorf("%w: %w", ErrProof, err) }
	tree, err := strictjson.ParseObject(body, proofLimits)
	if err != nil {
		return bad(err)
	}
	var in proofJSON
	if err := strictjson.DecodeValue(tree, &in); err != nil {
		return bad(err)
	}
	if in.Type != ProofType || !in.Grade.Valid() || in.Included.Index < 0 {
		return bad(errors.New("not a proof of an anchor"))
	}
	p := Proof{Grade: in.Grade}
	var chain uint64
	if p.Chain, p.Account, err = parseCAIP10(in.Account); err != nil {
		return bad(err)
	}
	if chain, p.Contract, err = parseCAIP10(in.Contract); err != nil {
		return bad(err)
	}
	if chain != p.Chain {
		return bad(errors.New("account and contract are on two chains"))
	}
	d := decoder{}
	p.Head, p.Log = d.bytes(in.Head), d.bytes(in.Log)
	p.Included = contracts.ReceiptProof{Header: d.bytes(in.Included.Header), Index: uint64(in.Included.Index), Nodes: d.list(in.Included.Nodes)}
	p.State = contracts.StateProof{Header: d.bytes(in.State.Header), Account: d.list(in.State.Account), Storage: d.list(in.State.Storage)}
	if m := in.Member; m != nil {
		p.Member = &contracts.MemberProof{Index: m.Index, Size: m.Size, Path: d.digests(m.Path)}
	}
	if f := in.File; f != nil {
		cid, err := record.ParseCID(f.CID)
		if err != nil {
			return bad(err)
		}
		p.File = &FileProof{Leaf: record.Leaf{Path: f.Path, CID: cid, Size: f.Size}, Index: f.Index, Path: d.digests(f.Nodes)}
	}
	if d.err != nil {
		return bad(d.err)
	}
	return p, nil
}

// decoder keeps the first error.
type decoder struct{ err error }

func (d *decoder) bytes(s string) []byte {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil && d.err == nil {
		d.err = err
	}
	return b
}

func (d *decoder) list(in []string) [][]byte {
	out := make([][]byte, 0, len(in))
	for _, s := range in {
		out = append(out, d.bytes(s))
	}
	return out
}

func (d *decoder) digests(in []string) [][32]byte {
	out := make([][32]byte, 0, len(in))
	for _, s := range in {
		n, err := digest(s)
		if err != nil && d.err == nil {
			d.err = err
		}
		out = append(out, n)
	}
	return out
}

// Shown is what a proof shows once its blocks are trusted.
type Shown struct {
	Head    record.Head
	Subject string
	Order   contracts.Order
	Block   uint64
	Time    time.Time
	// Newest tells, under floor, that no later head was anchored up to StateAt;
	// under existed-by, that no later batch was.
	Newest  bool
	StateAt uint64
}

// Verify checks a proof. trusted are the hashes of blocks that the caller trusts:
// those of the including block and of the block of the state, which may be one.
// Whether the head is signed by its issuer and the account speaks for it is in
// the issuer's log, which is for the caller. The error is ErrProof.
func (p Proof) Verify(trusted ...[32]byte) (Shown, error) {
	bad := func(err error) (Shown, error) { return Shown{}, fmt.Errorf("%w: %w", ErrProof, err) }
	block, state := p.Block(), p.StateBlock()
	if !trusts(trusted, block) {
		return bad(fmt.Errorf("the hash of its block, 0x%x, is not one that you trust", block))
	}
	if !trusts(trusted, state) {
		return bad(fmt.Errorf("the hash of the block of its state, 0x%x, is not one that you trust", state))
	}
	head, err := record.ParseHead(p.Head)
	if err != nil {
		return bad(err)
	}
	subject, err := contracts.ParseSubject(head.Subject())
	if err != nil {
		return bad(err)
	}
	order, err := contracts.OrderOf(uint64(head.EpochNumber()), head.Sequence)
	if err != nil {
		return bad(err)
	}
	in, err := p.Included.Verify(block, p.Contract)
	if err != nil {
		return bad(err)
	}
	member := contracts.Member{Subject: subject, Order: order, Head: sha256.Sum256(p.Head)}
	event, err := p.find(in.Events, member)
	if err != nil {
		return bad(err)
	}
	slot := contracts.FloorSlot(p.Account, subject)
	if p.Grade == ExistedBy {
		slot = contracts.BatchSlot(p.Account)
	}
	now, err := p.State.Verify(state, p.Contract, slot)
	if err != nil {
		return bad(err)
	}
	if now.Block < in.Block || now.Entry.Number.Cmp(event.Number) < 0 {
		return bad(errors.New("the state is older than the anchor"))
	}
	if p.File != nil {
		if err := record.VerifyInclusion(record.LeafHash(p.File.Leaf.Bytes()), p.File.Index, head.Leaves, p.File.Path, head.Root); err != nil {
			return bad(err)
		}
	}
	return Shown{Head: head, Subject: head.Subject(), Order: order, Block: in.Block, Time: in.Time,
		Newest: now.Entry.Number.Cmp(event.Number) == 0, StateAt: now.Block}, nil
}

// find looks for the event that anchors a head.
func (p Proof) find(events []contracts.Event, m contracts.Member) (contracts.Event, error) {
	for _, e := range events {
		switch {
		case e.Account != p.Account || e.Batch != (p.Grade == ExistedBy):
		case !e.Batch && e.Subject == m.Subject && e.Number.Cmp(m.Order.Int()) == 0 && e.Digest == m.Head:
			return e, nil
		case e.Batch && p.Member != nil && p.Member.Verify(m, e.Digest) == nil:
			return e, nil
		}
	}
	return contracts.Event{}, errors.New("the transaction did not anchor this head from this account")
}

func trusts(list [][32]byte, hash [32]byte) bool {
	for _, h := range list {
		if h == hash {
			return true
		}
	}
	return false
}

// Covers tells whether a verified proof is about a body: it is the file that the
// proof names.
func (p Proof) Covers(body []byte) bool {
	return p.File != nil && record.CIDOf(body) == p.File.Leaf.CID
}

// ProveRequest names what is to be proven.
type ProveRequest struct {
	Grade    Grade
	Contract [20]byte
	Account  [20]byte
	Head     []byte
	Tx       [32]byte
	Block    uint64
	Member   *contracts.MemberProof
}

// Prove fetches a proof from the first server that gives one; what it says is
// held against the block on which all agree, so that one that lies gives no
// proof. The errors are ErrUnknown and ErrProof.
func (c *Chain) Prove(ctx context.Context, q ProveRequest) (Proof, error) {
	p := Proof{Grade: q.Grade, Chain: c.cfg.ChainID, Contract: q.Contract, Account: q.Account, Head: q.Head, Member: q.Member}
	head, err := record.ParseHead(q.Head)
	if err != nil {
		return p, fmt.Errorf("%w: %w", ErrProof, err)
	}
	subject, err := contracts.ParseSubject(head.Subject())
	if err != nil {
		return p, err
	}
	final, err := c.Final(ctx)
	if err != nil {
		return p, err
	}
	if q.Block > final.Number {
		return p, fmt.Errorf("%w: block %d is not final yet, %d is", ErrUnknown, q.Block, final.Number)
	}
	block, err := c.BlockAt(ctx, q.Block)
	if err != nil {
		return p, err
	}
	slot := contracts.FloorSlot(q.Account, subject)
	if q.Grade == ExistedBy {
		slot = contracts.BatchSlot(q.Account)
	}
	var errs []error
	for _, s := range c.servers {
		if p.Included, err = s.ProveReceipt(ctx, q.Tx, block.Hash); err != nil {
			errs = append(errs, err)
			continue
		}
		// The state of the same block, so that one hash is to be trusted; servers
		// drop old states, then it is that of the newest final block.
		for _, at := range []contracts.Block{block, final} {
			if p.State, err = s.ProveState(ctx, q.Contract, slot, at); err != nil {
				errs = append(errs, err)
				continue
			}
			if _, err = p.Verify(block.Hash, at.Hash); err == nil {
				return p, nil
			}
			errs = append(errs, err)
		}
	}
	return p, fmt.Errorf("%w: no server gave one that holds: %w", ErrProof, errors.Join(errs...))
}

// TimeOf asks the chain whether the blocks of a proof are its own and final, and
// returns what the proof shows then. The errors are ErrUnknown and ErrProof.
func (c *Chain) TimeOf(ctx context.Context, p Proof) (Shown, error) {
	if p.Chain != c.cfg.ChainID {
		return Shown{}, fmt.Errorf("%w: the proof is of chain %d", ErrUnknown, p.Chain)
	}
	// What the headers say of themselves is enough to ask for their blocks.
	s, err := p.Verify(p.Block(), p.StateBlock())
	if err != nil {
		return Shown{}, err
	}
	final, err := c.Final(ctx)
	if err != nil {
		return Shown{}, err
	}
	var trusted [][32]byte
	for _, n := range []uint64{s.Block, s.StateAt} {
		if n > final.Number {
			return Shown{}, fmt.Errorf("%w: block %d is not final", ErrUnknown, n)
		}
		b, err := c.BlockAt(ctx, n)
		if err != nil {
			return Shown{}, err
		}
		trusted = append(trusted, b.Hash)
	}
	return p.Verify(trusted...)
}
