package node

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/store"
)

var listLimits = strictjson.Limits{MaxBytes: 4 << 20}

// lockIssuer serialises the publications of one issuer.
func (n *Node) lockIssuer(subject string) func() {
	n.mu.Lock()
	l := n.issuerLocks[subject]
	if l == nil {
		l = new(sync.Mutex)
		n.issuerLocks[subject] = l
	}
	n.mu.Unlock()
	l.Lock()
	return l.Unlock
}

func haltKey(subject string) string { return "halt:" + subject }

// Halt is why an issuer does not sign any more, with what shows it.
type Halt struct {
	Why string    `json:"why"`
	At  time.Time `json:"at"`
	// Head is the head under the own key that was not signed here, whole, so that
	// anybody can check it; Instance is who signed it, Here this signer.
	Head     json.RawMessage `json:"head,omitempty"`
	Instance string          `json:"instance,omitempty"`
	Here     string          `json:"here"`
	// Forked is set when that head and one signed here exclude each other.
	Forked bool `json:"forked"`
}

// halt stops signing for an issuer, also across restarts. The first reason
// stays.
func (n *Node) halt(ctx context.Context, subject string, h Halt) {
	h.At, h.Here = n.clock().UTC(), hex.EncodeToString(n.instance[:])
	n.mu.Lock()
	if _, already := n.halted[subject]; !already {
		n.halted[subject] = h
	}
	n.mu.Unlock()
	n.log.Error("signing halted", "issuer", subject, "why", h.Why, "instance", h.Instance, "here", h.Here)
	evidence, err := json.Marshal(h)
	if err == nil {
		err = n.store.Update(context.WithoutCancel(ctx), subject, func(tx store.Tx) error {
			if old, err := readHalt(tx, subject); err != nil || old != nil {
				return err
			}
			if err := tx.PutMeta(haltKey(subject), []byte(h.Why)); err != nil {
				return err
			}
			if _, err := tx.AppendAudit(store.Audit{Issuer: subject, At: h.At.UnixMilli(), Actor: "node", Action: "halt", Detail: h.Why}); err != nil {
				return err
			}
			return tx.PutMeta(evidenceKey(subject), evidence)
		})
	}
	if err != nil {
		n.log.Error("halt could not be recorded", "issuer", subject, "err", err)
		return
	}
	n.mu.Lock()
	delete(n.halted, subject) // from now on the book says so, to every node that shares it
	n.mu.Unlock()
}

// readHalt returns why an issuer is halted, nil when it is not.
func readHalt(tx store.Tx, subject string) (*Halt, error) {
	why, err := tx.GetMeta(haltKey(subject))
	if errors.Is(err, store.ErrNotFound) || err == nil && len(why) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h := &Halt{Why: string(why)}
	raw, err := tx.GetMeta(evidenceKey(subject))
	if errors.Is(err, store.ErrNotFound) {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, h); err != nil {
		return nil, fmt.Errorf("node: %s: %w: %w", evidenceKey(subject), store.ErrCorrupt, err)
	}
	return h, nil
}

func evidenceKey(subject string) string { return "halt-evidence:" + subject }

// foreignHead is told by the replica of a head under an own key that came
// from elsewhere. If this node signed it, or one that shares its book, it is in
// the book; if not, somebody else holds the key, or this home is an old copy. A
// restored home expects heads that came after its backup, as long as they go on
// from what it has.
func (n *Node) foreignHead(subject string, head record.Head, forked bool) {
	go func() {
		ctx := context.Background()
		ours, err := n.signedHere(ctx, subject, head)
		if err != nil {
			n.log.Error("a head of an own issuer could not be compared with the book", "issuer", subject, "err", err)
		}
		if ours {
			return
		}
		if mark, err := n.restoredMark(ctx, subject); err == nil && mark != nil && !forked {
			n.log.Info("a head that came after the backup", "issuer", subject, "sequence", head.Sequence)
			return
		}
		h := Halt{Head: head.Bytes(), Instance: hex.EncodeToString(head.Instance[:]), Forked: forked,
			Why: fmt.Sprintf("a head of this issuer, sequence %d published %s by signer instance %x, is signed with its key and was not signed here (this is instance %x)",
				head.Sequence, head.Published.Format(time.RFC3339), head.Instance, n.instance)}
		if forked {
			h.Why += "; it excludes one that was signed here"
		}
		n.halt(ctx, subject, h)
	}()
}

// maySign tells whether the node signs for an issuer now.
func (n *Node) maySign(ctx context.Context, subject string) error {
	n.mu.Lock()
	back := n.readBack[subject]
	n.mu.Unlock()
	unwritten := n.unwrittenHalt(subject)
	var is store.Issuer
	var pub store.Publication
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		if err := n.notWaiting(tx, subject, unwritten); err != nil {
			return err
		}
		if is, err = tx.GetIssuer(subject); err != nil {
			return err
		}
		pub, err = tx.GetPublication(subject)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if is.State == store.IssuerClosed {
		return fmt.Errorf("%w: %s", ErrClosed, is.DID)
	}
	if pub.IsZero() || back || n.cfg.ResumeAlone || len(n.cfg.Bootstrap) == 0 {
		return nil
	}
	return fmt.Errorf("%w: head %d of %s", ErrNotReadBack, pub.Sequence, is.DID)
}

// mayIssue keeps a node that is a clone, or may be behind, from giving out
// indices that another may give out too.
func (n *Node) mayIssue(ctx context.Context, subject string) error {
	unwritten := n.unwrittenHalt(subject)
	return n.store.View(ctx, func(tx store.Tx) error { return n.notWaiting(tx, subject, unwritten) })
}

// notWaiting is ErrHalted or ErrRestored while one of them holds.
func (n *Node) notWaiting(tx store.Tx, subject string, unwritten *Halt) error {
	if err := n.notHalted(tx, subject, unwritten); err != nil {
		return err
	}
	mark, err := readRestored(tx, subject)
	if err == nil && mark != nil {
		err = fmt.Errorf("%w: backup of %s, last head %d", ErrRestored, mark.Backup.Format(time.RFC3339), mark.Sequence)
	}
	return err
}

// readBackAll asks the configured sources for the newest own heads, until one
// has answered for each issuer. An answer that it holds nothing, or an older
// head, is an answer; a newer head halts the issuer through the replica.
func (n *Node) readBackAll(ctx context.Context) {
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, time.Minute) {
		left := 0
		for _, subject := range n.ownSubjects() {
			n.mu.Lock()
			done := n.readBack[subject]
			n.mu.Unlock()
			waiting := n.mayIssue(ctx, subject)
			mark, err := n.restoredMark(ctx, subject)
			switch {
			case err != nil:
				left++
			case errors.Is(waiting, ErrHalted), done && mark == nil:
			case mark != nil && n.catchUp(ctx, subject, mark):
			case mark == nil && n.readBackOne(ctx, subject):
			default:
				left++
			}
		}
		if left == 0 {
			return
		}
		t := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// readBackOne asks the connected bootstrap peers about one issuer.
func (n *Node) readBackOne(ctx context.Context, subject string) bool {
	for _, peer := range n.bootstrapConnected() {
		actx, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := n.exchange.Sync(actx, subject, peer)
		cancel()
		if err == nil || errors.Is(err, exchange.ErrNotHeld) {
			n.mu.Lock()
			n.readBack[subject] = true
			n.mu.Unlock()
			n.log.Info("last head was read back", "issuer", subject, "peer", peer)
			n.kick(subject)
			return true
		}
		n.log.Debug("read back", "issuer", subject, "peer", peer, "err", err)
	}
	return false
}

// kick makes the publisher look at an issuer soon.
func (n *Node) kick(subject string) {
	select {
	case n.kicks <- subject:
	default:
	}
}

// ownSubjects lists the issuers of this node.
func (n *Node) ownSubjects() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make([]string, 0, len(n.own))
	for s := range n.own {
		out = append(out, s)
	}
	return out
}

func (n *Node) learnOwn(subject string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.own[subject] = true
	n.readBack[subject] = true // nothing was published before
}
