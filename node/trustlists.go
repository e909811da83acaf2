package node

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/legal/trustlist"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/verify"
)

// The files of trusted lists in a home: the list of lists and one national list
// for each territory. They are verified again each time they are read.
const (
	dirLists = "trustlists"
	fileLOTL = "lotl.xml"
)

// ListsRequest takes trusted lists. Each list is a file as it was downloaded.
type ListsRequest struct {
	// LOTL is the list of lists; empty keeps the one that is held.
	LOTL []byte `json:"lotl,omitempty"`
	// Signers are the certificates that may sign the list of lists, by SHA-256
	// in base64url (x5t#S256) or in hexadecimal; empty keeps those that are set.
	Signers []string `json:"signers,omitempty"`
	// National are national lists with the names by which messages call them.
	National []ListFile `json:"national,omitempty"`
}

// ListFile is one file.
type ListFile struct {
	Name string `json:"name"`
	Body []byte `json:"body"`
}

// TrustedLists are the lists that are held.
type TrustedLists struct {
	Signers []string      `json:"signers"`
	Lists   []TrustedList `json:"lists"`
	// Problems are lists that count for nothing, and why.
	Problems []string `json:"problems"`
}

// TrustedList is one list.
type TrustedList struct {
	Territory  string    `json:"territory"`
	Type       string    `json:"type"`
	Sequence   int64     `json:"sequence"`
	Operator   string    `json:"operator"`
	Issued     time.Time `json:"issued"`
	NextUpdate time.Time `json:"nextUpdate"`
	Stale      bool      `json:"stale"`
	Signer     string    `json:"signer"` // x5t#S256
	// Seals is how many services are granted for seals now.
	Seals int `json:"seals"`
}

// listCache holds the lists as they were last read from their files.
type listCache struct {
	mu       sync.Mutex
	state    string // sizes and times of the files
	lists    *trustlist.Lists
	problems []trustlist.Problem
}

// openers reads every form of credential, with what the trusted lists say.
func (n *Node) openers() map[string]credential.Opener {
	return verify.Openers(edc.Trust{Listed: n.listed})
}

// listed judges one seal certificate. Lists that cannot be read raise nobody.
func (n *Node) listed(leaf *x509.Certificate, others []*x509.Certificate, sealed time.Time) edc.Listing {
	lists, _, err := n.trustedLists()
	if err != nil || lists == nil {
		return edc.Listing{Level: cert.None, Why: err}
	}
	j := lists.Judge(leaf, others, sealed, n.clock())
	out := edc.Listing{Level: j.Level, By: j.Provider, Why: j.Err}
	if j.Territory != "" {
		out.List = fmt.Sprintf("%s %d", j.Territory, j.Sequence)
	}
	return out
}

// trustedLists reads the lists, again only after a file changed; nil without error
// when the operator never took any.
func (n *Node) trustedLists() (*trustlist.Lists, []trustlist.Problem, error) {
	n.lists.mu.Lock()
	defer n.lists.mu.Unlock()
	names, state, err := n.listFiles()
	if err != nil || len(names) == 0 {
		return nil, nil, err
	}
	trust, err := n.readTrust()
	if err != nil {
		return nil, nil, err
	}
	state += strings.Join(trust.ListSigners, " ")
	// A certificate of a signer can end while the files stay as they are.
	state += n.clock().UTC().Format(time.DateOnly)
	if state == n.lists.state {
		return n.lists.lists, n.lists.problems, nil
	}
	lotl, err := n.readList(fileLOTL)
	if err != nil {
		return nil, nil, err
	}
	var national []trustlist.File
	var problems []trustlist.Problem
	for _, name := range names {
		if name == fileLOTL {
			continue
		}
		b, err := n.readList(name)
		if err != nil {
			problems = append(problems, trustlist.Problem{Name: name, Err: err})
			continue
		}
		national = append(national, trustlist.File{Name: name, Body: b})
	}
	lists, bad, err := trustlist.Open(lotl, trustlist.Pins(trust.ListSigners...), national, n.clock())
	if err != nil {
		return nil, nil, err
	}
	n.lists.state, n.lists.lists, n.lists.problems = state, lists, append(problems, bad...)
	return n.lists.lists, n.lists.problems, nil
}

// listFiles names the files, with a text that changes when they do.
func (n *Node) listFiles() (names []string, state string, err error) {
	entries, err := os.ReadDir(n.cfg.path(dirLists))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("%w: %s: %w", ErrConfig, dirLists, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasSuffix(e.Name(), ".xml") || len(names) == 100 {
			continue
		}
		names = append(names, e.Name())
		state += fmt.Sprintf("%s %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
	}
	return names, state, nil
}

func (n *Node) readList(name string) ([]byte, error) {
	path := n.cfg.path(dirLists, name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, name, err)
	}
	if info.Size() > trustlist.MaxBytes {
		return nil, fmt.Errorf("%w: %s", trustlist.ErrTooLarge, name)
	}
	return os.ReadFile(path)
}

// listsImport verifies lists and keeps them: first the list of lists, then each
// national list by the signers that it names. A list that is refused leaves the one
// that is held as it was, and ends the import; those before it are kept.
func (n *Node) listsImport(ctx context.Context, q ListsRequest) (TrustedLists, error) {
	trust, err := n.readTrust()
	if err != nil {
		return TrustedLists{}, err
	}
	if len(q.Signers) > 0 {
		trust.ListSigners = nil
		for _, s := range q.Signers {
			pin, err := listPin(s)
			if err != nil {
				return TrustedLists{}, err
			}
			trust.ListSigners = append(trust.ListSigners, pin)
		}
	}
	if len(trust.ListSigners) == 0 {
		return TrustedLists{}, fmt.Errorf("%w: name the certificate that signs the list of lists; the Official Journal publishes it", ErrRequest)
	}
	pins, now := trustlist.Pins(trust.ListSigners...), n.clock()
	held, err := n.readList(fileLOTL)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return TrustedLists{}, err
	}
	lotl := held
	if len(q.LOTL) > 0 {
		lotl = q.LOTL
	}
	if len(lotl) == 0 {
		return TrustedLists{}, fmt.Errorf("%w: the list of lists comes first", ErrRequest)
	}
	next, _, err := trustlist.Open(lotl, pins, nil, now)
	if err != nil {
		return TrustedLists{}, fmt.Errorf("list of lists: %w", err)
	}
	if len(q.LOTL) > 0 && len(held) > 0 {
		// What is held may be under a signer that was just replaced; then its
		// number says nothing.
		if before, _, err := trustlist.Open(held, pins, nil, now); err == nil && before.LOTL.Sequence > next.LOTL.Sequence {
			return TrustedLists{}, fmt.Errorf("%w: list of lists number %d, held %d", trustlist.ErrOlder, next.LOTL.Sequence, before.LOTL.Sequence)
		}
	}
	if err := os.MkdirAll(n.cfg.path(dirLists), 0o700); err != nil {
		return TrustedLists{}, fmt.Errorf("%w: %s: %w", ErrConfig, dirLists, err)
	}
	if err := n.writeTrust(trust); err != nil {
		return TrustedLists{}, err
	}
	if err := durable.WriteFile(n.cfg.path(dirLists, fileLOTL), lotl, 0o600); err != nil {
		return TrustedLists{}, err
	}
	for _, f := range q.National {
		if err := n.takeNational(lotl, pins, f, now); err != nil {
			return TrustedLists{}, err
		}
	}
	return n.listsShow(ctx, Empty{})
}

// takeNational keeps one national list unless a newer one is held.
func (n *Node) takeNational(lotl []byte, pins trustlist.Signer, f ListFile, now time.Time) error {
	one, bad, err := trustlist.Open(lotl, pins, []trustlist.File{{Name: f.Name, Body: f.Body}}, now)
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		return fmt.Errorf("%.200s: %w", f.Name, bad[0].Err)
	}
	list := one.National[0]
	name := strings.ToUpper(list.Territory) + ".xml"
	if strings.Trim(list.Territory, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return fmt.Errorf("%.200s: %w: territory %q", f.Name, trustlist.ErrForm, list.Territory)
	}
	held, err := n.readList(name)
	if err == nil {
		if before, _, err := trustlist.Open(lotl, pins, []trustlist.File{{Name: name, Body: held}}, now); err == nil &&
			len(before.National) == 1 && before.National[0].Sequence > list.Sequence {
			return fmt.Errorf("%.200s: %w: number %d, held %d", f.Name, trustlist.ErrOlder, list.Sequence, before.National[0].Sequence)
		}
	}
	return durable.WriteFile(n.cfg.path(dirLists, filepath.Base(name)), f.Body, 0o600)
}

// listPin reads a SHA-256 in base64url or hexadecimal, with or without colons.
func listPin(s string) (string, error) {
	if b, err := base64.RawURLEncoding.DecodeString(s); err == nil && len(b) == 32 {
		return s, nil
	}
	var b []byte
	if _, err := fmt.Sscanf(strings.ReplaceAll(s, ":", ""), "%x", &b); err == nil && len(b) == 32 {
		return base64.RawURLEncoding.EncodeToString(b), nil
	}
	return "", fmt.Errorf("%w: %.100q is no SHA-256 in base64url or hexadecimal", ErrRequest, s)
}

// listsShow says which lists are held and how they stand.
func (n *Node) listsShow(_ context.Context, _ Empty) (TrustedLists, error) {
	out := TrustedLists{Signers: []string{}, Lists: []TrustedList{}, Problems: []string{}}
	trust, err := n.readTrust()
	if err != nil {
		return out, err
	}
	out.Signers = append(out.Signers, trust.ListSigners...)
	lists, problems, err := n.trustedLists()
	if err != nil {
		return out, err
	}
	for _, p := range problems {
		out.Problems = append(out.Problems, p.Name+": "+p.Err.Error())
	}
	if lists == nil {
		return out, nil
	}
	now := n.clock()
	for _, l := range append([]*trustlist.List{lists.LOTL}, lists.National...) {
		row := TrustedList{Territory: l.Territory, Type: l.Type, Sequence: l.Sequence, Operator: l.Operator, Issued: l.Issued,
			NextUpdate: l.NextUpdate, Stale: l.StaleAt(now), Signer: cert.Thumbprint(l.Signer.Raw)}
		for _, p := range l.Providers {
			for i := range p.Services {
				if s, ok := p.Services[i].At(now); ok && s.Type == trustlist.ServiceCAQC && s.Status == trustlist.StatusGranted && slices.Contains(s.For, trustlist.ForESeals) {
					row.Seals++
				}
			}
		}
		out.Lists = append(out.Lists, row)
	}
	return out, nil
}
