package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal/roots"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/store"
)

// Axes of trust.
const (
	AxisIdentity      = "identity"
	AxisAuthorisation = "authorisation"
)

// trustFile is trust.toml: the operator's own choice of roots.
type trustFile struct {
	// ListSigners are the certificates by which the list of trusted lists may
	// be signed: their SHA-256 in base64url (x5t#S256).
	ListSigners []string     `toml:"list_signers,omitempty"`
	Roots       []trustEntry `toml:"root"`
	// Registers are those that were imported, with what their word counts for.
	Registers []registerEntry `toml:"register,omitempty"`
	// Lists are lists of roots that somebody publishes and the operator adopted.
	Lists []adopted `toml:"list,omitempty"`
}

type trustEntry struct {
	DID  string   `toml:"did"`
	Name string   `toml:"name,omitempty"`
	Axes []string `toml:"axes"`
	list string   // the adopted list that names it; such entries are not written
}

func checkAxes(axes []string) error {
	for _, a := range axes {
		if a != AxisIdentity && a != AxisAuthorisation {
			return fmt.Errorf("%w: axis %.80q is not identity or authorisation", ErrRequest, a)
		}
	}
	return nil
}

// readTrust reads trust.toml, with the roots of the lists that it adopts; a file that
// is not there holds none.
func (n *Node) readTrust() (trustFile, error) {
	var t trustFile
	b, err := os.ReadFile(n.cfg.path(fileTrust))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil || len(b) > 1<<20 {
		return t, fmt.Errorf("%w: %s cannot be read", ErrConfig, fileTrust)
	}
	meta, err := toml.Decode(string(b), &t)
	if err != nil {
		return t, fmt.Errorf("%w: %s: %w", ErrConfig, fileTrust, err)
	}
	if left := meta.Undecoded(); len(left) > 0 {
		return t, fmt.Errorf("%w: %s: there is no setting %q", ErrConfig, fileTrust, left[0].String())
	}
	for _, r := range t.Roots {
		if _, err := did.Parse(r.DID); err != nil {
			return t, fmt.Errorf("%w: %s: %w", ErrConfig, fileTrust, err)
		}
		if err := checkAxes(r.Axes); err != nil {
			return t, fmt.Errorf("%w: %s: %w", ErrConfig, fileTrust, err)
		}
	}
	for _, l := range t.Lists {
		if _, err := did.Parse(l.Publisher); err != nil {
			return t, fmt.Errorf("%w: %s: %w", ErrConfig, fileTrust, err)
		}
		if err := checkAxes(l.Axes); err != nil {
			return t, fmt.Errorf("%w: %s: %w", ErrConfig, fileTrust, err)
		}
	}
	n.listedRoots(context.Background(), &t)
	return t, checkRegisters(t.Registers)
}

func (n *Node) writeTrust(t trustFile) error {
	var b bytes.Buffer
	t.Roots = slices.DeleteFunc(slices.Clone(t.Roots), func(e trustEntry) bool { return e.list != "" })
	b.WriteString("# Whose word counts on this node, and on what.\n")
	if err := toml.NewEncoder(&b).Encode(t); err != nil {
		return fmt.Errorf("node: %s: %w", fileTrust, err)
	}
	return durable.WriteFile(n.cfg.path(fileTrust), b.Bytes(), 0o600)
}

// trustAdd makes a DID a root and keeps its folder, which holds what it
// recognises. A root whose folder cannot be had now is added all the same.
func (n *Node) trustAdd(ctx context.Context, q TrustRequest) (TrustList, error) {
	if _, err := did.Parse(q.DID); err != nil {
		return TrustList{}, err
	}
	axes := q.Axes
	if len(axes) == 0 {
		axes = []string{AxisIdentity, AxisAuthorisation}
	}
	if err := checkAxes(axes); err != nil {
		return TrustList{}, err
	}
	t, err := n.readTrust()
	if err != nil {
		return TrustList{}, err
	}
	t.Roots = slices.DeleteFunc(t.Roots, func(e trustEntry) bool { return subjectOf(e.DID) == subjectOf(q.DID) })
	t.Roots = append(t.Roots, trustEntry{DID: q.DID, Name: q.Name, Axes: axes})
	if err := n.writeTrust(t); err != nil {
		return TrustList{}, err
	}
	if _, err := n.keep(ctx, q.DID, store.ClassFollowed); err != nil {
		n.log.Warn("the folder of a trust root is not here yet", "did", q.DID, "err", err)
	}
	return n.trustList(ctx, Empty{})
}

// trustRemove takes a root out; its folder stays followed.
func (n *Node) trustRemove(ctx context.Context, q TrustRequest) (TrustList, error) {
	t, err := n.readTrust()
	if err != nil {
		return TrustList{}, err
	}
	for _, e := range t.Roots {
		if e.list != "" && subjectOf(e.DID) == subjectOf(q.DID) {
			return TrustList{}, fmt.Errorf("%w: %s comes with the list %q; drop that list, or add the root yourself with the axes you want", ErrRequest, q.DID, e.list)
		}
	}
	before := len(t.Roots)
	t.Roots = slices.DeleteFunc(t.Roots, func(e trustEntry) bool { return subjectOf(e.DID) == subjectOf(q.DID) })
	if len(t.Roots) == before {
		return TrustList{}, fmt.Errorf("%w: %s is no trust root", ErrTarget, q.DID)
	}
	if err := n.writeTrust(t); err != nil {
		return TrustList{}, err
	}
	return n.trustList(ctx, Empty{})
}

// trustList lists the roots and the policy that follows from them.
func (n *Node) trustList(ctx context.Context, _ Empty) (TrustList, error) {
	t, err := n.readTrust()
	if err != nil {
		return TrustList{}, err
	}
	out := TrustList{Roots: []TrustRoot{}, Lists: []RootList{}, Policy: n.policyName(t)}
	for _, r := range t.Roots {
		_, err := n.replica.Subject(ctx, subjectOf(r.DID))
		out.Roots = append(out.Roots, TrustRoot{DID: r.DID, Name: r.Name, Axes: r.Axes, Held: err == nil, List: r.list})
	}
	for _, a := range t.Lists {
		row := RootList{Publisher: a.Publisher, Name: a.Name, Roots: []roots.Root{}}
		s, err := n.rootState(ctx, subjectOf(a.Publisher))
		if err == nil {
			row = viewRoots(s.List())
			err = s.Stands(n.clock())
		}
		if row.Adopted = true; err != nil {
			row.Problem = err.Error()
		}
		out.Lists = append(out.Lists, row)
	}
	return out, nil
}

// policyName is the default policy: the setting, or `recognised` as soon as a
// root is chosen.
func (n *Node) policyName(t trustFile) string {
	switch {
	case n.cfg.Policy != "":
		return n.cfg.Policy
	case len(t.Roots) > 0:
		return "recognised"
	}
	return "authentic"
}

// fetchRoots keeps trying for the folders of roots that are not here.
func (n *Node) fetchRoots(ctx context.Context) {
	t := time.NewTicker(10 * time.Second)
	defer t.Stop()
	for {
		trust, err := n.readTrust()
		for _, a := range trust.Lists {
			if row := n.advance(ctx, a); row.Error != "" {
				n.log.Debug("list of roots", "publisher", a.Publisher, "err", row.Error)
			}
		}
		if err == nil && n.network(ctx) != exchange.NetworkOff {
			for _, r := range trust.Roots {
				if _, err := n.replica.Subject(ctx, subjectOf(r.DID)); err != nil {
					actx, cancel := context.WithTimeout(ctx, 20*time.Second)
					if _, err := n.keep(actx, r.DID, store.ClassFollowed); err != nil {
						n.log.Debug("trust root", "did", r.DID, "err", err)
					}
					cancel()
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func marshal(v any) ([]byte, error) { return json.Marshal(v) }

// digestName makes a file name of any text.
func digestName(s string) string {
	d := sha256.Sum256([]byte(s))
	return hex.EncodeToString(d[:16])
}

// signTree signs a tree as JCS bytes.
func signTree(ctx context.Context, tree map[string]any, s key.Signer, method string, at time.Time) ([]byte, error) {
	signed, err := proof.Sign(ctx, tree, s, proof.SignOptions{Suite: proof.EdDSAJCS2022, VerificationMethod: method, Created: at})
	if err != nil {
		return nil, err
	}
	return strictjson.Canonical(signed)
}
