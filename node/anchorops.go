package node

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/anchor"
	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/store"
)

// The names of the operations about anchors.
const (
	OpAnchorDeploy = "anchor.deploy" // AnchorDeployRequest -> AnchorDeployed
	OpAnchorBind   = "anchor.bind"   // AnchorBindRequest -> UpdateResponse
	OpAnchorSubmit = "anchor.submit" // AnchorSubmitRequest -> AnchorSubmitted
	OpAnchorShow   = "anchor.show"   // AnchorShowRequest -> AnchorReport
	OpAnchorProve  = "anchor.prove"  // AnchorProveRequest -> AnchorProof
	OpAnchorAttach = "anchor.attach" // AnchorAttachRequest -> AnchorAttached
)

func anchorOperations() []operation {
	return []operation{
		op(OpAnchorDeploy, RoleOperator, "create a copy of the anchor contract", plain((*Node).anchorDeploy)),
		op(OpAnchorBind, RoleOperator, "name the account that anchors in the DID document", plain((*Node).anchorBind)),
		op(OpAnchorSubmit, RoleRegistrar, "anchor the newest head", plain((*Node).anchorSubmit)),
		op(OpAnchorShow, RoleReader, "what the chain says, what is on its way, and what it cost", plain((*Node).anchorShow)),
		op(OpAnchorProve, RoleReader, "make a proof that needs no server", plain((*Node).anchorProve)),
		op(OpAnchorAttach, RoleRegistrar, "put an aggregator's proof into the folder", plain((*Node).anchorAttach)),
	}
}

// AnchorDeployRequest creates a copy of the contract.
type AnchorDeployRequest struct{}

// AnchorDeployed is the new copy.
type AnchorDeployed struct {
	Contract string `json:"contract"`
	Chain    string `json:"chain"`
	Account  string `json:"account"`
	Tx       string `json:"tx"`
	Block    uint64 `json:"block"`
	Gas      uint64 `json:"gas"`
	Price    string `json:"price,omitempty"` // wei for one gas
}

func (n *Node) anchorDeploy(ctx context.Context, _ AnchorDeployRequest) (AnchorDeployed, error) {
	if n.anchor == nil {
		return AnchorDeployed{}, fmt.Errorf("%w: anchor_rpc is not set", ErrConfig)
	}
	signer, err := n.anchorSigner()
	if err != nil {
		return AnchorDeployed{}, err
	}
	fee, err := n.cfg.feeCap()
	if err != nil {
		return AnchorDeployed{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, deployWait)
	defer cancel()
	d, err := n.anchor.chain.Deploy(ctx, signer, fee)
	if err != nil {
		return AnchorDeployed{}, err
	}
	return AnchorDeployed{Contract: contracts.FormatAddress(d.Contract), Chain: n.cfg.Chain, Account: contracts.FormatAddress(signer.Address()),
		Tx: "0x" + hex.EncodeToString(d.Tx[:]), Block: d.Receipt.Block, Gas: d.Receipt.Gas, Price: d.Receipt.Price}, nil
}

// AnchorBindRequest names an account in an issuer's DID document. What is empty
// is taken from the settings.
type AnchorBindRequest struct {
	Issuer   string `json:"issuer,omitempty"`
	Account  string `json:"account,omitempty"`
	Contract string `json:"contract,omitempty"`
	Chain    string `json:"chain,omitempty"`
	Grade    string `json:"grade,omitempty"`
	Remove   bool   `json:"remove,omitempty"`
}

// binding fills a request up from the settings.
func (n *Node) binding(q AnchorBindRequest) (b anchor.Binding, err error) {
	cfg := n.cfg.AnchorConfig
	for from, to := range map[*string]*string{&q.Contract: &cfg.Contract, &q.Chain: &cfg.Chain, &q.Grade: &cfg.Grade} {
		if *from != "" {
			*to = *from
		}
	}
	if b.Chain, err = cfg.chainID(); err != nil {
		return b, err
	}
	if b.Contract, err = contracts.ParseAddress(cfg.Contract); err != nil {
		return b, fmt.Errorf("%w: contract: %w", ErrRequest, err)
	}
	if b.Grade = anchor.Grade(cfg.Grade); !b.Grade.Valid() {
		return b, fmt.Errorf("%w: grade %q is not floor or existed-by", ErrRequest, cfg.Grade)
	}
	if q.Account != "" {
		b.Account, err = contracts.ParseAddress(q.Account)
		return b, err
	}
	signer, err := n.anchorSigner()
	if err != nil {
		return b, err
	}
	b.Account = signer.Address()
	return b, nil
}

func (n *Node) anchorBind(ctx context.Context, q AnchorBindRequest) (UpdateResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return UpdateResponse{}, err
	}
	b, err := n.binding(q)
	if err != nil {
		return UpdateResponse{}, err
	}
	if _, err := contracts.ParseSubject(is.Subject); err != nil {
		return UpdateResponse{}, err
	}
	note := ""
	if b.Grade == anchor.ExistedBy && !q.Remove {
		// A new issuer owes no proof of the batches before it named the aggregator.
		if n.anchor == nil {
			note = "The chain was not asked how many batches there are: until the first proof is in the folder, verifiers may hold one against you."
		} else if r, err := n.anchor.chain.Read(ctx, b, is.Subject); err == nil && r.Entry.Number != nil && r.Entry.Number.IsUint64() {
			b.From = r.Entry.Number.Uint64()
		} else {
			return UpdateResponse{}, fmt.Errorf("how many batches the aggregator has written: %w", err)
		}
	}
	h, err := n.change(ctx, is.Subject, func(h *webvh.History, o *webvh.UpdateOptions) error {
		keys, err := n.currentKeys(h)
		if err != nil {
			return err
		}
		left := keys.anchors[:0:0]
		for _, x := range keys.anchors {
			if x.Chain != b.Chain || x.Account != b.Account || x.Grade != b.Grade {
				left = append(left, x)
			}
		}
		if q.Remove && len(left) == len(keys.anchors) {
			return fmt.Errorf("%w: %s", anchor.ErrBinding, b.AccountID())
		}
		if keys.anchors = left; !q.Remove {
			keys.anchors = append(keys.anchors, b)
		}
		folder := n.folderService(h)
		o.Document = keys.document(&folder)
		return nil
	})
	if err != nil {
		return UpdateResponse{}, err
	}
	out, err := n.afterChange(ctx, is.Subject, h, nil, publishOptions{})
	if note != "" {
		out.Notes = append(out.Notes, note)
	}
	return out, err
}

// AnchorSubmitRequest anchors the newest heads now and not at the next cadence.
// Issuer empty means all that name the account. The queue goes one step, which
// sends what waits; the node that runs goes on by itself, and so does another
// call.
type AnchorSubmitRequest struct {
	Issuer string `json:"issuer,omitempty"`
	// StepOnly puts nothing into the queue.
	StepOnly bool `json:"stepOnly,omitempty"`
}

// AnchorSubmitted is how the queue stands.
type AnchorSubmitted struct {
	Added  int           `json:"added"`
	Status anchor.Status `json:"status"`
}

func (n *Node) anchorSubmit(ctx context.Context, q AnchorSubmitRequest) (AnchorSubmitted, error) {
	only := ""
	if q.Issuer != "" {
		only = subjectOf(q.Issuer)
	}
	added := 0
	if !q.StepOnly {
		var err error
		if added, err = n.enqueue(ctx, only); err != nil {
			return AnchorSubmitted{}, err
		}
	}
	s, err := n.stepAnchors(ctx)
	return AnchorSubmitted{Added: added, Status: forShow(s)}, err
}

// forShow leaves out what nobody reads.
func forShow(s anchor.Status) anchor.Status {
	if s.Flight != nil {
		f := *s.Flight
		f.Tries = nil
		for _, t := range s.Flight.Tries {
			t.Raw = nil
			f.Tries = append(f.Tries, t)
		}
		s.Flight = &f
	}
	return s
}

// enqueue puts the newest heads into the queue.
func (n *Node) enqueue(ctx context.Context, only string) (int, error) {
	queue, err := n.anchorQueue()
	if err != nil {
		return 0, err
	}
	account, contract := queue.Account()
	heads, err := n.candidates(ctx, only, account, contract)
	if err != nil {
		return 0, err
	}
	return queue.Submit(ctx, heads...)
}

// stepAnchors goes one step, and puts the proofs of a batch that became final
// into the folders of own issuers, where the next publication finds them.
func (n *Node) stepAnchors(ctx context.Context) (anchor.Status, error) {
	queue, err := n.anchorQueue()
	if err != nil {
		return anchor.Status{}, err
	}
	before, err := queue.Status(ctx)
	if err != nil {
		return before, err
	}
	s, err := queue.Step(ctx)
	if s.Count != before.Count { // what was read before is not the newest any more
		n.anchor.mu.Lock()
		clear(n.anchor.readings)
		n.anchor.mu.Unlock()
	}
	if len(s.Done) > 0 {
		err = errors.Join(err, n.fileRecords(ctx, queue, s.Done[len(s.Done)-1]))
	}
	return s, err
}

func (n *Node) fileRecords(ctx context.Context, queue *anchor.Queue, job anchor.Job) error {
	records, err := queue.Records(job)
	if err != nil {
		return err
	}
	for subject, r := range records {
		if !n.isOwn(subject) {
			continue
		}
		if err := n.fileRecord(ctx, subject, r); err != nil {
			return err
		}
	}
	return nil
}

// fileRecord drafts the proof of a batch, unless a newer one stands there.
func (n *Node) fileRecord(ctx context.Context, subject string, r anchor.Record) error {
	body, err := r.Encode()
	if err != nil {
		return err
	}
	path := anchor.RecordPath(r.Chain, r.Account)
	return n.store.Update(ctx, subject, func(tx store.Tx) error {
		if d, err := tx.GetDraft(subject, path); err == nil {
			if old, err := anchor.ParseRecord(d.Body); err == nil && old.Contract == r.Contract && old.Batch >= r.Batch {
				return nil
			}
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return n.putDraft(tx, subject, path, body, time.Time{})
	})
}

// AnchorAttachRequest takes the proof that an aggregator gave.
type AnchorAttachRequest struct {
	Issuer string `json:"issuer,omitempty"`
	Record []byte `json:"record"`
}

// AnchorAttached is where it stands; it goes out with the next head.
type AnchorAttached struct {
	Path  string `json:"path"`
	Batch uint64 `json:"batch"`
}

func (n *Node) anchorAttach(ctx context.Context, q AnchorAttachRequest) (AnchorAttached, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return AnchorAttached{}, err
	}
	r, err := anchor.ParseRecord(q.Record)
	if err != nil {
		return AnchorAttached{}, err
	}
	if r.Member.Subject.SCID() != is.Subject {
		return AnchorAttached{}, fmt.Errorf("%w: it is about %s", anchor.ErrProof, r.Member.Subject.SCID())
	}
	if _, err := n.headOf(ctx, is.Subject, r.Member.Order); err != nil && !errors.Is(err, replica.ErrUnknown) {
		return AnchorAttached{}, err
	}
	return AnchorAttached{Path: anchor.RecordPath(r.Chain, r.Account), Batch: r.Batch}, n.fileRecord(ctx, is.Subject, r)
}

// AnchorShowRequest asks about an issuer; DID empty means all own ones.
type AnchorShowRequest struct {
	DID string `json:"did,omitempty"`
}

// AnchorReport is all about anchors.
type AnchorReport struct {
	Chain    string            `json:"chain,omitempty"`
	Contract string            `json:"contract,omitempty"`
	Grade    string            `json:"grade,omitempty"`
	Account  string            `json:"account,omitempty"`
	Balance  string            `json:"balance,omitempty"` // wei
	Final    uint64            `json:"final,omitempty"`
	Known    bool              `json:"known"` // the servers agree
	Why      string            `json:"why,omitempty"`
	Servers  []anchor.Server   `json:"servers"`
	Issuers  []AnchoredIssuer  `json:"issuers"`
	Queue    *anchor.Status    `json:"queue,omitempty"`
	Cost     *AnchorCostReport `json:"cost,omitempty"`
}

// AnchoredIssuer is one issuer and what its accounts say.
type AnchoredIssuer struct {
	DID       string            `json:"did"`
	Standings []anchor.Standing `json:"standings"`
}

// AnchorCostReport is what the transactions of this node cost.
type AnchorCostReport struct {
	Heads   uint64 `json:"heads"`
	Gas     uint64 `json:"gas"`
	PerHead uint64 `json:"gasPerHead"`
	Wei     string `json:"wei,omitempty"`
}

func (n *Node) anchorShow(ctx context.Context, q AnchorShowRequest) (AnchorReport, error) {
	out := AnchorReport{Chain: n.cfg.Chain, Contract: n.cfg.Contract, Grade: n.cfg.Grade, Servers: []anchor.Server{}, Issuers: []AnchoredIssuer{}}
	if n.anchor == nil {
		out.Why = "anchor_rpc is not set: no chain is asked, and nothing is anchored"
		return out, nil
	}
	out.Servers = n.anchor.chain.Ask(ctx)
	if b, err := n.anchor.chain.Final(ctx); err != nil {
		out.Why = err.Error()
	} else {
		out.Known, out.Final = true, b.Number
	}
	if n.cfg.Grade != "" {
		queue, err := n.anchorQueue()
		if err != nil {
			return out, err
		}
		account, _ := queue.Account()
		out.Account = contracts.FormatAddress(account)
		if wei, err := n.anchor.chain.Balance(ctx, account); err == nil {
			out.Balance = wei.String()
		}
		s, err := queue.Status(ctx)
		if err != nil {
			return out, err
		}
		s = forShow(s)
		out.Queue, out.Cost = &s, &AnchorCostReport{Heads: s.Count, Gas: s.Gas, Wei: s.Wei}
		if s.Count > 0 {
			out.Cost.PerHead = s.Gas / s.Count
		}
	}
	subjects := n.ownSubjects()
	if q.DID != "" {
		subjects = []string{subjectOf(q.DID)}
	}
	for _, s := range subjects {
		h, err := n.replica.History(ctx, s)
		if err != nil {
			return out, err
		}
		list, err := n.standings(ctx, s, true)
		if err != nil {
			return out, err
		}
		if list == nil {
			list = []anchor.Standing{}
		}
		out.Issuers = append(out.Issuers, AnchoredIssuer{DID: h.DID(), Standings: list})
	}
	return out, nil
}

// AnchorProveRequest names an issuer, or the only one of the node. Path adds a
// file of the folder to what is proven; Record asks, of an aggregator, for the
// proof that belongs into the issuer's folder.
type AnchorProveRequest struct {
	Issuer string `json:"issuer,omitempty"`
	DID    string `json:"did,omitempty"`
	Path   string `json:"path,omitempty"`
	Record bool   `json:"record,omitempty"`
}

// AnchorProof is a proof file.
type AnchorProof struct {
	Proof json.RawMessage `json:"proof"`
	Block string          `json:"block,omitempty"` // hash to be trusted
	State string          `json:"stateBlock,omitempty"`
	Order string          `json:"order"`
}

func (n *Node) anchorProve(ctx context.Context, q AnchorProveRequest) (AnchorProof, error) {
	subject := subjectOf(q.DID)
	if q.DID == "" {
		is, err := n.issuer(ctx, q.Issuer)
		if err != nil {
			return AnchorProof{}, err
		}
		subject = is.Subject
	}
	if n.anchor == nil {
		return AnchorProof{}, fmt.Errorf("%w: anchor_rpc is not set", ErrConfig)
	}
	if q.Record {
		return n.proveRecord(ctx, subject)
	}
	h, err := n.replica.History(ctx, subject)
	if err != nil {
		return AnchorProof{}, err
	}
	id, err := n.cfg.chainID()
	if err != nil {
		return AnchorProof{}, err
	}
	err = fmt.Errorf("%w: the document of %s names no account on %s", anchor.ErrBinding, h.DID(), n.cfg.Chain)
	for _, b := range bindingsOf(h) {
		if b.Chain != id {
			continue
		}
		var p anchor.Proof
		var o contracts.Order
		if p, o, err = n.prove(ctx, h, b, q.Path); err != nil {
			continue
		}
		raw, err := p.Encode()
		if err != nil {
			return AnchorProof{}, err
		}
		block, state := p.Block(), p.StateBlock()
		return AnchorProof{Proof: raw, Block: "0x" + hex.EncodeToString(block[:]), State: "0x" + hex.EncodeToString(state[:]), Order: o.String()}, nil
	}
	return AnchorProof{}, err
}

// prove makes the proof of the newest anchor of one account.
func (n *Node) prove(ctx context.Context, h *webvh.History, b anchor.Binding, path string) (anchor.Proof, contracts.Order, error) {
	held, err := n.heldOf(ctx, h.SCID())
	if err != nil {
		return anchor.Proof{}, held.Order, err
	}
	at, err := n.anchor.chain.Locate(ctx, b, held)
	if err != nil {
		return anchor.Proof{}, held.Order, err
	}
	head, err := n.headOf(ctx, h.SCID(), at.Order)
	if err != nil {
		return anchor.Proof{}, at.Order, err
	}
	p, err := n.anchor.chain.Prove(ctx, anchor.ProveRequest{Grade: b.Grade, Contract: b.Contract, Account: b.Account, Head: head.Head,
		Tx: at.Tx, Block: at.Block, Member: at.Member})
	if err != nil {
		return p, at.Order, err
	}
	p.Log = h.Log()
	if path == "" {
		return p, at.Order, nil
	}
	m, err := record.ParseManifest(head.Manifest)
	if err != nil || len(head.Manifest) == 0 {
		return p, at.Order, fmt.Errorf("%w: the list of contents of the anchored head is not here any more", replica.ErrUnknown)
	}
	for i, leaf := range m {
		if leaf.Path == path {
			p.File = &anchor.FileProof{Leaf: leaf, Index: i, Path: m.InclusionProof(i)}
			return p, at.Order, nil
		}
	}
	return p, at.Order, fmt.Errorf("%w: the anchored head names no %s", replica.ErrUnknown, path)
}

// proveRecord finds an issuer's proof in the newest final batch of this node.
func (n *Node) proveRecord(ctx context.Context, subject string) (AnchorProof, error) {
	queue, err := n.anchorQueue()
	if err != nil {
		return AnchorProof{}, err
	}
	s, err := queue.Status(ctx)
	if err != nil {
		return AnchorProof{}, err
	}
	for i := len(s.Done) - 1; i >= 0; i-- {
		list, err := queue.Records(s.Done[i])
		if err != nil {
			return AnchorProof{}, err
		}
		if r, ok := list[subject]; ok {
			b, err := r.Encode()
			return AnchorProof{Proof: b, Order: r.Member.Order.String()}, err
		}
	}
	return AnchorProof{}, fmt.Errorf("%w: %s is in no batch of this node", anchor.ErrProof, subject)
}

// AnchorShown is what a proof file shows, by itself and the hashes that were
// trusted.
type AnchorShown struct {
	DID     string    `json:"did"`
	Order   string    `json:"order"`
	Grade   string    `json:"grade"`
	Account string    `json:"account"`
	Block   uint64    `json:"block"`
	Time    time.Time `json:"time"`
	Newest  bool      `json:"newest"` // in the state of block StateAt
	StateAt uint64    `json:"stateAt"`
	File    string    `json:"file,omitempty"`
	CID     string    `json:"cid,omitempty"`
	Head    string    `json:"head"`
}

// CheckAnchorProof verifies a proof file without asking anybody: against the
// hashes of blocks that the caller trusts, that the head is signed by its issuer
// and that the issuer's document names the account. log, when not nil, is the
// issuer's did.jsonl in place of the one in the file. Errors: anchor.ErrProof,
// anchor.ErrBinding and those of the log and the head.
func CheckAnchorProof(body, log []byte, now time.Time, trusted ...[32]byte) (AnchorShown, error) {
	p, err := anchor.ParseProof(body)
	if err != nil {
		return AnchorShown{}, err
	}
	s, err := p.Verify(trusted...)
	if err != nil {
		return AnchorShown{}, err
	}
	if log == nil {
		log = p.Log
	}
	h, err := webvh.Verify(log, nil, webvh.VerifyOptions{Now: now})
	if err != nil {
		return AnchorShown{}, fmt.Errorf("%w: log: %w", anchor.ErrProof, err)
	}
	if err := replica.CheckHead(h, s.Head); err != nil {
		return AnchorShown{}, fmt.Errorf("%w: head: %w", anchor.ErrProof, err)
	}
	named := false
	for _, b := range bindingsOf(h) {
		named = named || b.Chain == p.Chain && b.Account == p.Account && b.Contract == p.Contract && b.Grade == p.Grade
	}
	if !named {
		return AnchorShown{}, fmt.Errorf("%w: the newest document in the log does not name it", anchor.ErrBinding)
	}
	out := AnchorShown{DID: h.DID(), Order: s.Order.String(), Grade: string(p.Grade), Block: s.Block, Time: s.Time, Newest: s.Newest,
		StateAt: s.StateAt, Head: s.Head.CID().String(), Account: anchor.Binding{Chain: p.Chain, Account: p.Account}.AccountID()}
	if p.File != nil {
		out.File, out.CID = p.File.Leaf.Path, p.File.Leaf.CID.String()
	}
	return out, nil
}
