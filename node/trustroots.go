package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal/roots"
	"github.com/bonafide-id/bonafide/legal/trustlist"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/store"
)

// The operations of lists of trust roots.
const (
	OpTrustAdopt   = "trust.adopt"        // AdoptRequest -> RootList
	OpTrustDrop    = "trust.drop"         // AdoptRequest -> TrustList
	OpTrustUpdate  = "trust.update"       // TrustUpdateRequest -> TrustUpdate
	OpRootsPublish = "trust.list.publish" // RootsPublishRequest -> RootList
)

const rootsKey = "roots:"

// adopted is a list that the operator adopted, as trust.toml names it.
type adopted struct {
	Publisher string `toml:"publisher"`
	Name      string `toml:"name,omitempty"`
	// Axes are those on which its roots count here, whatever the list says.
	Axes []string `toml:"axes"`
}

// AdoptRequest names the publisher of a list. Without a fingerprint the list is shown
// and not adopted.
type AdoptRequest struct {
	DID         string   `json:"did"`
	Fingerprint string   `json:"fingerprint,omitempty"`
	Axes        []string `json:"axes,omitempty"` // on which it may name roots; both by default
}

// RootList is a list and how it stands here.
type RootList struct {
	Publisher   string       `json:"publisher"`
	Name        string       `json:"name"`
	Version     int64        `json:"version"`
	Issued      time.Time    `json:"issued"`
	Expires     time.Time    `json:"expires"`
	Threshold   int          `json:"threshold"`
	Keys        int          `json:"keys"`
	Fingerprint string       `json:"fingerprint"`
	Adopted     bool         `json:"adopted"`
	Problem     string       `json:"problem,omitempty"` // why its roots count for nothing now
	Roots       []roots.Root `json:"roots"`
}

// TrustUpdateRequest refreshes what others publish: adopted lists of roots from the
// publishers' folders and, with Web and where the setting lotl_url allows it, the EU
// list of lists and the national lists that are held or named.
type TrustUpdateRequest struct {
	Web         bool     `json:"web,omitempty"`
	Territories []string `json:"territories,omitempty"`
}

// TrustUpdate says what came of it.
type TrustUpdate struct {
	Lists []UpdatedList `json:"lists"`
}

// UpdatedList is one list. Error is why it stays as it was.
type UpdatedList struct {
	List   string `json:"list"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	Error  string `json:"error,omitempty"`
}

// RootsPublishRequest publishes a list that its keys have signed.
type RootsPublishRequest struct {
	Issuer string `json:"issuer,omitempty"`
	List   []byte `json:"list"`
}

func viewRoots(l *roots.List) RootList {
	return RootList{Publisher: l.Publisher, Name: l.Name, Version: l.Version, Issued: l.Issued, Expires: l.Expires, Threshold: l.Threshold,
		Keys: len(l.Keys), Fingerprint: l.Fingerprint(), Roots: append([]roots.Root{}, l.Roots...)}
}

// rootsCache keeps the last lists that were read, each beside its bytes.
type rootsCache struct {
	body  []byte
	state roots.State
}

// rootState reads the list that was adopted of a publisher. It is verified again when
// its bytes have changed.
func (n *Node) rootState(ctx context.Context, subject string) (roots.State, error) {
	var body []byte
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		body, err = tx.GetMeta(rootsKey + subject)
		return err
	})
	if err != nil {
		return roots.State{}, err
	}
	n.mu.Lock()
	kept, ok := n.rootLists[subject]
	n.mu.Unlock()
	if ok && bytes.Equal(kept.body, body) {
		return kept.state, nil
	}
	s, err := roots.Restore(body)
	if err != nil {
		return s, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.rootLists == nil {
		n.rootLists = map[string]rootsCache{}
	}
	n.rootLists[subject] = rootsCache{body, s}
	return s, nil
}

func (n *Node) keepRoots(ctx context.Context, subject string, s roots.State) error {
	body, err := s.Bytes()
	if err != nil {
		return err
	}
	return n.store.Update(ctx, "", func(tx store.Tx) error { return tx.PutMeta(rootsKey+subject, body) })
}

// listedRoots adds the roots of adopted lists to those that the operator chose, whose
// own choice about one and the same comes first. A list that does not stand adds none.
func (n *Node) listedRoots(ctx context.Context, t *trustFile) {
	now := n.clock()
	for _, a := range t.Lists {
		s, err := n.rootState(ctx, subjectOf(a.Publisher))
		if err == nil {
			err = s.Stands(now)
		}
		if err != nil {
			n.log.Warn("an adopted list of roots counts for nothing", "publisher", a.Publisher, "err", err)
			continue
		}
		for _, r := range s.List().Roots {
			var axes []string
			for _, axis := range r.Axes {
				if slices.Contains(a.Axes, axis) {
					axes = append(axes, axis)
				}
			}
			if len(axes) == 0 || slices.ContainsFunc(t.Roots, func(e trustEntry) bool { return subjectOf(e.DID) == subjectOf(r.DID) }) {
				continue
			}
			t.Roots = append(t.Roots, trustEntry{DID: r.DID, Name: r.Name, Axes: axes, list: s.List().Name})
		}
	}
}

// versions reads the lists that a folder holds.
func (n *Node) rootVersions(ctx context.Context, subject string) ([]*roots.List, error) {
	m, err := n.replica.Manifest(ctx, subject)
	if err != nil {
		return nil, err
	}
	var out []*roots.List
	for _, leaf := range m {
		if !strings.HasPrefix(leaf.Path, recognitionDir+"roots.") {
			continue
		}
		v, err := n.replica.File(ctx, subject, leaf.Path)
		if err != nil || v.State != replica.Current {
			continue
		}
		if l, err := roots.Unwrap(v.Body); err == nil && roots.Path(l.Version) == leaf.Path && subjectOf(l.Publisher) == subject {
			out = append(out, l)
		}
	}
	return out, nil
}

// trustAdopt shows or adopts a list.
func (n *Node) trustAdopt(ctx context.Context, q AdoptRequest) (RootList, error) {
	if _, err := did.Parse(q.DID); err != nil {
		return RootList{}, err
	}
	axes := q.Axes
	if len(axes) == 0 {
		axes = []string{AxisIdentity, AxisAuthorisation}
	}
	if err := checkAxes(axes); err != nil {
		return RootList{}, err
	}
	kept, err := n.keep(ctx, q.DID, store.ClassFollowed)
	if err != nil {
		return RootList{}, err
	}
	versions, err := n.rootVersions(ctx, kept.Subject)
	if err != nil {
		return RootList{}, err
	}
	if len(versions) == 0 {
		return RootList{}, fmt.Errorf("%w: %s publishes no list of trust roots", ErrTarget, q.DID)
	}
	publisher := versions[len(versions)-1].Publisher
	if q.Fingerprint == "" {
		newest := slices.MaxFunc(versions, func(a, b *roots.List) int { return int(a.Version - b.Version) })
		out := viewRoots(newest)
		if err := newest.Signed(); err != nil {
			out.Problem = err.Error()
		}
		return out, nil
	}
	s, err := roots.Adopt(publisher, q.Fingerprint, versions, n.clock())
	if err != nil {
		return RootList{}, err
	}
	// Adopting again must not take an older one, whatever is shown.
	if held, err := n.rootState(ctx, kept.Subject); err == nil {
		if s, err = held.Next(versions, n.clock()); err != nil {
			return RootList{}, err
		}
	} else if !isNotFound(err) {
		return RootList{}, err
	}
	if err := n.keepRoots(ctx, kept.Subject, s); err != nil {
		return RootList{}, err
	}
	t, err := n.readTrust()
	if err != nil {
		return RootList{}, err
	}
	t.Lists = slices.DeleteFunc(t.Lists, func(a adopted) bool { return subjectOf(a.Publisher) == kept.Subject })
	t.Lists = append(t.Lists, adopted{Publisher: publisher, Name: s.List().Name, Axes: axes})
	if err := n.writeTrust(t); err != nil {
		return RootList{}, err
	}
	out := viewRoots(s.List())
	out.Adopted = true
	return out, nil
}

// trustDrop no longer follows a list. What was adopted is remembered, so that adopting
// again cannot bring an older one.
func (n *Node) trustDrop(ctx context.Context, q AdoptRequest) (TrustList, error) {
	t, err := n.readTrust()
	if err != nil {
		return TrustList{}, err
	}
	before := len(t.Lists)
	t.Lists = slices.DeleteFunc(t.Lists, func(a adopted) bool { return subjectOf(a.Publisher) == subjectOf(q.DID) })
	if len(t.Lists) == before {
		return TrustList{}, fmt.Errorf("%w: no list of %s was adopted", ErrTarget, q.DID)
	}
	if err := n.writeTrust(t); err != nil {
		return TrustList{}, err
	}
	return n.trustList(ctx, Empty{})
}

// advance goes on to what the replica holds of an adopted list.
func (n *Node) advance(ctx context.Context, a adopted) (row UpdatedList) {
	row = UpdatedList{List: a.Publisher}
	fail := func(err error) UpdatedList { row.Error = err.Error(); return row }
	subject := subjectOf(a.Publisher)
	s, err := n.rootState(ctx, subject)
	if err != nil {
		return fail(err)
	}
	row.List, row.Before, row.After = s.List().Name, s.List().Version, s.List().Version
	versions, err := n.rootVersions(ctx, subject)
	if err != nil {
		return fail(err)
	}
	next, err := s.Next(versions, n.clock())
	if err != nil {
		return fail(err)
	}
	if next.List().Version != row.Before {
		if err := n.keepRoots(ctx, subject, next); err != nil {
			return fail(err)
		}
		n.log.Info("list of roots", "publisher", a.Publisher, "version", next.List().Version)
	}
	row.After = next.List().Version
	return row
}

// trustUpdate refreshes lists of roots, and EU trusted lists from the web.
func (n *Node) trustUpdate(ctx context.Context, q TrustUpdateRequest) (TrustUpdate, error) {
	out := TrustUpdate{Lists: []UpdatedList{}}
	t, err := n.readTrust()
	if err != nil {
		return out, err
	}
	for _, a := range t.Lists {
		missed := ""
		if n.network(ctx) != exchange.NetworkOff {
			actx, cancel := context.WithTimeout(ctx, 30*time.Second)
			rep, err := n.exchange.Acquire(actx, a.Publisher, exchange.NetworkOrigin)
			cancel()
			if err != nil {
				missed = err.Error()
			} else {
				missed = rep.Unreached
			}
		}
		row := n.advance(ctx, a)
		if row.Error == "" && row.After == row.Before && missed != "" {
			n.log.Debug("publisher of a list of roots", "did", a.Publisher, "err", missed)
		}
		out.Lists = append(out.Lists, row)
	}
	if !q.Web {
		return out, nil
	}
	rows, err := n.updateLists(ctx, q.Territories)
	out.Lists = append(out.Lists, rows...)
	return out, err
}

// updateLists takes EU trusted lists from the web: the list of lists from where the
// setting says, under the signers that are pinned, and national lists from where that
// list says, under the signers that it names.
func (n *Node) updateLists(ctx context.Context, territories []string) ([]UpdatedList, error) {
	if n.cfg.LOTLURL == "" {
		return nil, fmt.Errorf("%w: the setting lotl_url is empty, so that the web is not asked; it is the address of the list of trusted lists", ErrRequest)
	}
	if n.network(ctx) == exchange.NetworkOff {
		return nil, fmt.Errorf("%w: %.200s", exchange.ErrOffline, n.cfg.LOTLURL)
	}
	before, err := n.listsShow(ctx, Empty{})
	if err != nil {
		return nil, err
	}
	if len(before.Signers) == 0 {
		return nil, fmt.Errorf("%w: pin the certificate that signs the list of lists first, with trust lists import --signer", ErrRequest)
	}
	number := func(l TrustedLists, territory string) int64 {
		for _, x := range l.Lists {
			if strings.EqualFold(x.Territory, territory) {
				return x.Sequence
			}
		}
		return 0
	}
	var rows []UpdatedList
	take := func(territory, address string, request func([]byte) ListsRequest) {
		row := UpdatedList{List: territory, Before: number(before, territory)}
		row.After = row.Before
		after, err := n.takeList(ctx, address, request)
		if err != nil {
			row.Error = err.Error()
		} else {
			row.After = number(after, territory)
		}
		rows = append(rows, row)
	}
	take("EU", n.cfg.LOTLURL, func(b []byte) ListsRequest { return ListsRequest{LOTL: b} })
	held, _, err := n.trustedLists()
	if err != nil || held == nil {
		return rows, err
	}
	for _, x := range before.Lists {
		if x.Type != trustlist.TypeLOTL && !slices.Contains(territories, x.Territory) {
			territories = append(territories, x.Territory)
		}
	}
	for _, p := range held.LOTL.Pointers {
		if p.Type == trustlist.TypeLOTL || !slices.ContainsFunc(territories, func(s string) bool { return strings.EqualFold(s, p.Territory) }) {
			continue
		}
		take(p.Territory, p.Location, func(b []byte) ListsRequest {
			return ListsRequest{National: []ListFile{{Name: p.Territory, Body: b}}}
		})
	}
	return rows, nil
}

func (n *Node) takeList(ctx context.Context, address string, request func([]byte) ListsRequest) (TrustedLists, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return TrustedLists{}, fmt.Errorf("%w: %.200q is no https address", ErrRequest, address)
	}
	r, err := n.web.Get(ctx, address, "application/xml", trustlist.MaxBytes)
	if err != nil {
		return TrustedLists{}, err
	}
	return n.listsImport(ctx, request(r.Body))
}

// publishRoots publishes a version of a list in the folder of its publisher.
func (n *Node) publishRoots(ctx context.Context, who Caller, q RootsPublishRequest) (RootList, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return RootList{}, err
	}
	l, err := roots.Parse(q.List)
	if err != nil {
		return RootList{}, err
	}
	if subjectOf(l.Publisher) != is.Subject {
		return RootList{}, fmt.Errorf("%w: the list is of %s", ErrRequest, l.Publisher)
	}
	if err := l.Signed(); err != nil {
		return RootList{}, err
	}
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return RootList{}, err
	}
	signer, err := n.signer(is.Subject, keystore.RoleCredential)
	if err != nil {
		return RootList{}, err
	}
	body, err := roots.Wrap(ctx, l, signer, h.DID()+"#"+signer.Public().Multikey())
	if err != nil {
		return RootList{}, err
	}
	now := n.clock()
	err = n.store.Update(ctx, is.Subject, func(tx store.Tx) error {
		held, err := publishedRoots(tx, is.Subject, l.Version)
		if err != nil {
			return err
		}
		if held != nil {
			if _, err := held.Next([]*roots.List{l}, now); err != nil {
				return err
			}
		} else if l.Version != 1 {
			return fmt.Errorf("%w: the first version that is published here is %d and not 1", roots.ErrGap, l.Version)
		}
		if _, err := tx.AppendAudit(store.Audit{Issuer: is.Subject, At: now.UnixMilli(), Actor: who.actor(""), Action: "trust.list.publish",
			Target: fmt.Sprintf("version %d", l.Version)}); err != nil {
			return err
		}
		return n.putDraft(tx, is.Subject, roots.Path(l.Version), body, time.Time{})
	})
	if err != nil {
		return RootList{}, err
	}
	if _, err := n.publish(ctx, is.Subject, publishOptions{}); err != nil {
		return RootList{}, fmt.Errorf("the list is recorded and not yet published: %w", err)
	}
	return viewRoots(l), nil
}

// publishedRoots is the newest version that is published here, nil for none.
func publishedRoots(tx store.Tx, subject string, version int64) (*roots.State, error) {
	for v := version; v >= max(1, version-1); v-- {
		d, err := tx.GetDraft(subject, roots.Path(v))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		l, err := roots.Unwrap(d.Body)
		if err != nil {
			return nil, err
		}
		body, err := l.Bytes()
		if err != nil {
			return nil, err
		}
		s, err := roots.Restore(body)
		return &s, err
	}
	return nil, nil
}
