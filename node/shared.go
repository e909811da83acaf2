package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/postgres"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// openStore opens what the settings name: the file in the home, or a database that
// other nodes may share. Errors: ErrConfig, and those of the store.
func openStore(ctx context.Context, cfg Config, log *slog.Logger) (store.Store, error) {
	if cfg.Store == "" {
		return sqlite.Open(ctx, cfg.path(fileStore), sqlite.Config{Logger: log})
	}
	password := ""
	if cfg.StorePassword != "" {
		var err error
		if password, err = readPassword(cfg.StorePassword); err != nil {
			return nil, err
		}
	}
	st, err := postgres.Open(ctx, cfg.Store, postgres.Config{Password: password, Logger: log})
	if errors.Is(err, store.ErrInvalid) {
		return nil, fmt.Errorf("%w: store: %w", ErrConfig, err)
	}
	if err != nil {
		return nil, err
	}
	return st, nil
}

// readPassword reads the first line of a file that nobody else can read.
func readPassword(path string) (string, error) {
	bad := func(why any) error { return fmt.Errorf("%w: store_password_file = %q: %v", ErrConfig, path, why) }
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", bad(err)
	case info.Size() > 4096:
		return "", bad("it is too long for a password")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return "", bad("others can read it; chmod 600")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", bad(err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", bad("the first line is empty")
	}
	return line, nil
}

// shared tells whether another node may work on the same rows.
func (n *Node) shared() bool { return n.cfg.Store != "" }

// learnIssuers reads which issuers are our own: those in the book, where a node
// that shares it may have added one.
func (n *Node) learnIssuers(ctx context.Context) (list []store.Issuer, err error) {
	err = n.store.View(ctx, func(tx store.Tx) error {
		list, err = tx.ListIssuers()
		return err
	})
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, is := range list {
		n.own[is.Subject] = true
	}
	return list, nil
}

// isOwn tells whether a subject is an issuer of this node. That it is not is asked
// again where another node may have made it one.
func (n *Node) isOwn(subject string) bool {
	n.mu.Lock()
	own := n.own[subject]
	n.mu.Unlock()
	if own || !n.shared() {
		return own
	}
	if _, err := n.learnIssuers(context.Background()); err != nil {
		n.log.Warn("own issuers", "err", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.own[subject]
}

// haltOf returns why signing is halted for an issuer, nil when it is not: the word
// in the book, which counts for every node that shares it, or that of this
// process when it is not written down. A view asks unwrittenHalt before it begins:
// what has left memory by then stands in its snapshot. The other way round a halt
// that is written in between would be in neither.
func (n *Node) haltOf(tx store.Tx, subject string, unwritten *Halt) (*Halt, error) {
	if unwritten != nil {
		return unwritten, nil
	}
	return readHalt(tx, subject)
}

// unwrittenHalt is the halt of an issuer that the book does not know yet.
func (n *Node) unwrittenHalt(subject string) *Halt {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h, ok := n.halted[subject]; ok {
		return &h
	}
	return nil
}

// notHalted is ErrHalted with the reason when signing is halted.
func (n *Node) notHalted(tx store.Tx, subject string, unwritten *Halt) error {
	h, err := n.haltOf(tx, subject, unwritten)
	if err == nil && h != nil {
		err = fmt.Errorf("%w: %s", ErrHalted, h.Why)
	}
	return err
}

// signedHere tells whether the book knows a head: this node signed it, or one
// that shares the book, which writes it down before it leaves.
func (n *Node) signedHere(ctx context.Context, subject string, head record.Head) (bool, error) {
	var pub store.Publication
	var digests [][]byte
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		if pub, err = tx.GetPublication(subject); errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil || int64(head.EpochNumber()) != pub.EpochVersion || int64(head.Sequence) >= pub.Sequence {
			return err
		}
		digests, err = tx.GetHistory(subject, pub.EpochVersion, int64(head.Sequence)-1, int64(head.Sequence))
		return err
	})
	if err != nil {
		return false, err
	}
	if len(digests) == 1 {
		want := head.CID().Digest()
		return string(digests[0]) == string(want[:]), nil
	}
	return pub.HeadCID == head.CID().String(), nil
}

// standingSigner is the daily key of a role, which the newest document must list:
// after another node rotated keys, those of this home are of the past until its
// key file is brought here.
func (n *Node) standingSigner(subject string, role keystore.Role, h *webvh.History) (key.Signer, error) {
	purpose := did.AssertionMethod
	if role == keystore.RoleHead {
		purpose = did.CapabilityInvocation
	}
	stands := func(s key.Signer) bool {
		for i := h.Len() - 1; i >= 0; i-- { // the newest version that has a document
			doc, err := did.ParseDocument(h.Entry(i).State)
			if err != nil || h.Entry(i).Params.Deactivated && i > 0 {
				continue
			}
			_, ok := doc.FindKey(s.Public(), purpose)
			return ok
		}
		return false
	}
	s, err := n.signer(subject, role)
	if err != nil || stands(s) {
		return s, err
	}
	if err := n.loadSigners(); err != nil {
		return nil, err
	}
	if s, err = n.signer(subject, role); err != nil || stands(s) {
		return s, err
	}
	return nil, fmt.Errorf("%w: the %s key in this home is not in the newest document of %s; copy %s/%s from the node that rotated",
		ErrNoKeys, role, h.DID(), dirKeys, fileKeysOnline)
}
