package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/store"
)

// issuer finds an issuer of this node by DID, subject or, when name is empty
// and there is just one, without a name.
func (n *Node) issuer(ctx context.Context, name string) (store.Issuer, error) {
	var list []store.Issuer
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		list, err = tx.ListIssuers()
		return err
	})
	if err != nil {
		return store.Issuer{}, err
	}
	if name == "" {
		if len(list) == 1 {
			return list[0], nil
		}
		return store.Issuer{}, fmt.Errorf("%w: there are %d issuers here", ErrNoIssuer, len(list))
	}
	subject := record.SubjectOf(name)
	for _, is := range list {
		if is.Subject == subject {
			return is, nil
		}
	}
	return store.Issuer{}, fmt.Errorf("%w: %.200s", ErrNoIssuer, name)
}

// parseLocation reads host[:port][/path...].
func parseLocation(domain string) (webvh.Location, error) {
	u, err := url.Parse("https://" + domain)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return webvh.Location{}, fmt.Errorf("%w: domain %q is not of the form host.example or host.example/path", ErrRequest, domain)
	}
	loc := webvh.Location{Host: u.Hostname()}
	if p := u.Port(); p != "" {
		if loc.Port, err = strconv.Atoi(p); err != nil {
			return loc, fmt.Errorf("%w: port %q", ErrRequest, p)
		}
	}
	for _, s := range strings.Split(u.Path, "/") {
		if s != "" {
			loc.Path = append(loc.Path, s)
		}
	}
	return loc, nil
}

// issuerKeys are the keys that an issuer's document lists.
type issuerKeys struct {
	credential, list, head key.Public
	// Retired credential and list keys stay in the document, so that what
	// they signed stays verifiable.
	retired []key.Public
}

// document writes an issuer's DID document.
func (k issuerKeys) document(folder *did.FolderService) webvh.Builder {
	return func(id string) (map[string]any, error) {
		assertion := append([]key.Public{k.credential, k.list}, k.retired...)
		return did.Spec{ID: id, Assertion: assertion, Authentication: []key.Public{k.credential},
			Invocation: []key.Public{k.head}, Folder: folder}.Build()
	}
}

// createIssuer makes keys, identifier and the first published folder.
func (n *Node) createIssuer(ctx context.Context, q CreateRequest) (*Created, error) {
	loc, err := parseLocation(q.Domain)
	if err != nil {
		return nil, err
	}
	fresh := make(map[keystore.Role]key.Private)
	for _, role := range []keystore.Role{keystore.RoleUpdate, keystore.RoleNext, keystore.RoleCredential, keystore.RoleList, keystore.RoleHead} {
		if fresh[role], err = n.newKey(); err != nil {
			return nil, err
		}
	}
	pub := func(r keystore.Role) key.Public { return fresh[r].Public() }
	keys := issuerKeys{credential: pub(keystore.RoleCredential), list: pub(keystore.RoleList), head: pub(keystore.RoleHead)}
	now := n.clock()
	h, err := webvh.Create(ctx, webvh.CreateOptions{
		Location: loc, Document: keys.document(&did.FolderService{Peers: n.peersFor(q.Peers)}),
		Signer: fresh[keystore.RoleUpdate], NextKeys: []key.Public{pub(keystore.RoleNext)}, Now: now,
	})
	if err != nil {
		return nil, err
	}
	subject, id := h.SCID(), h.DID()
	entry := func(r keystore.Role) keystore.Entry {
		method := ""
		if r != keystore.RoleUpdate && r != keystore.RoleNext {
			method = id + "#" + pub(r).Multikey()
		}
		return keystore.NewEntry(subject, method, r, fresh[r])
	}
	// The keys are safe before anything is published under them.
	online := []keystore.Entry{entry(keystore.RoleCredential), entry(keystore.RoleList), entry(keystore.RoleHead)}
	away := []keystore.Entry{entry(keystore.RoleUpdate), entry(keystore.RoleNext)}
	if err := n.addKeys(fileKeysOnline, online...); err != nil {
		return nil, err
	}
	if err := n.addKeys(fileKeysAway, away...); err != nil {
		return nil, err
	}
	if err := n.loadSigners(); err != nil {
		return nil, err
	}
	err = n.store.Update(ctx, subject, func(tx store.Tx) error {
		if err := tx.PutIssuer(store.Issuer{Subject: subject, DID: id, Name: q.Name, State: store.IssuerLive,
			Config: []byte("{}"), Created: now.UnixMilli()}); err != nil {
			return err
		}
		if _, err := tx.AppendAudit(store.Audit{Issuer: subject, At: now.UnixMilli(), Actor: "operator", Action: "create", Target: id}); err != nil {
			return err
		}
		return n.putDraft(tx, subject, replica.PathLog, h.Log(), time.Time{})
	})
	if err != nil {
		return nil, err
	}
	n.learnOwn(subject)
	since := now.UTC().Truncate(time.Second)
	if err := n.writePractice(ctx, subject, h, &since); err != nil {
		return nil, err
	}
	if err := n.book.Open(ctx, subject); err != nil {
		return nil, err
	}
	if _, err := n.publish(ctx, subject, publishOptions{}); err != nil {
		return nil, err
	}
	parsed, err := webvh.ParseID(id)
	if err != nil {
		return nil, err
	}
	out := &Created{DID: id, Subject: subject, LogURL: parsed.LogURL(), Notes: []string{
		"Move " + dirKeys + "/" + fileKeysAway + " to a safe place away from this machine; it is needed only to change the identifier.",
		"Never run two nodes with these keys.",
		"No witnesses are set: whoever steals the update key can publish another history, which others will notice and refuse.",
		"The domain counts as proven only where somebody has fetched " + parsed.LogURL() + ".",
	}}
	for _, e := range online {
		out.Keys = append(out.Keys, keyRow(e, fileKeysOnline))
	}
	for _, e := range away {
		out.Keys = append(out.Keys, keyRow(e, fileKeysAway))
	}
	return out, nil
}

// peersFor are the addresses that a document names: those asked for, or those
// the node announces.
func (n *Node) peersFor(asked []string) []string {
	if len(asked) > 0 {
		return asked
	}
	return n.cfg.Announce
}

// writePractice drafts the issuer's statement of which key does what.
func (n *Node) writePractice(ctx context.Context, subject string, h *webvh.History, since *time.Time) error {
	draft, err := n.practiceDraft(ctx, subject, h, since)
	if err != nil {
		return err
	}
	return n.store.Update(ctx, subject, draft)
}

// practiceDraft returns what drafts the statement in a transaction, with the names
// of the lists begun elsewhere that the book has then.
func (n *Node) practiceDraft(ctx context.Context, subject string, h *webvh.History, since *time.Time) (func(store.Tx) error, error) {
	keys, err := n.currentKeys(h)
	if err != nil {
		return nil, err
	}
	signer, err := n.signer(subject, keystore.RoleCredential)
	if err != nil {
		return nil, err
	}
	method := func(k key.Public) string { return h.DID() + "#" + k.Multikey() }
	p := credential.Practice{Issuer: h.DID(), Published: n.clock(), StatusSince: since, Keys: []credential.KeyUse{
		{Method: method(keys.credential), Use: credential.UseCredential},
		{Method: method(keys.list), Use: credential.UseList},
		{Method: method(keys.head), Use: credential.UseHead},
	}}
	uses, err := n.usesOf(subject)
	if err != nil {
		return nil, err
	}
	for _, k := range keys.retired {
		p.Keys = append(p.Keys, credential.KeyUse{Method: method(k), Use: uses[k]})
	}
	return func(tx store.Tx) error {
		lists, err := tx.ListLists(subject)
		if err != nil {
			return err
		}
		p.Lists = nil
		for _, l := range lists {
			if l.URL == "" {
				continue
			}
			if p.Lists == nil {
				p.Lists = map[string]string{}
			}
			p.Lists[l.URL] = pathAt(l)
		}
		b, err := credential.SignPractice(ctx, p, signer, method(keys.credential))
		if err != nil {
			return err
		}
		return n.putDraft(tx, subject, replica.PathPractice, b, time.Time{})
	}, nil
}

// usesOf tells what each assertion key of an issuer, retired ones included,
// was made for.
func (n *Node) usesOf(subject string) (map[key.Public]credential.Use, error) {
	uses := make(map[key.Public]credential.Use)
	err := n.withKeys(fileKeysOnline, false, func(s *keystore.Store) error {
		for _, e := range s.List() {
			switch {
			case e.Issuer != subject:
			case e.Role == keystore.RoleList:
				uses[e.Public] = credential.UseList
			case e.Role == keystore.RoleCredential:
				uses[e.Public] = credential.UseCredential
			}
		}
		return nil
	})
	return uses, err
}

// currentKeys reads the keys of an issuer's newest document by the roles that
// the key store gives them.
func (n *Node) currentKeys(h *webvh.History) (issuerKeys, error) {
	var out issuerKeys
	doc, err := did.ParseDocument(h.Latest().State)
	if err != nil {
		return out, err
	}
	subject := h.SCID()
	for role, to := range map[keystore.Role]*key.Public{keystore.RoleCredential: &out.credential,
		keystore.RoleList: &out.list, keystore.RoleHead: &out.head} {
		s, err := n.signer(subject, role)
		if err != nil {
			return out, err
		}
		*to = s.Public()
	}
	for _, vm := range doc.Methods(did.AssertionMethod) {
		if vm.Key != out.credential && vm.Key != out.list {
			out.retired = append(out.retired, vm.Key)
		}
	}
	return out, nil
}

// didShow returns an own identifier.
func (n *Node) didShow(ctx context.Context, q ShowRequest) (ShowResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return ShowResponse{}, err
	}
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return ShowResponse{}, err
	}
	id, err := webvh.ParseID(h.DID())
	if err != nil {
		return ShowResponse{}, err
	}
	doc, err := strictjson.Canonical(h.Latest().State)
	if err != nil {
		return ShowResponse{}, err
	}
	a := h.Active()
	params, err := strictjson.Canonical(map[string]any{"method": "did:webvh:1.0", "scid": h.SCID(),
		"updateKeys": a.UpdateKeys, "nextKeyHashes": a.NextKeyHashes, "portable": a.Portable,
		"deactivated": a.Deactivated, "watchers": a.Watchers})
	if err != nil {
		return ShowResponse{}, err
	}
	return ShowResponse{DID: h.DID(), Subject: is.Subject, VersionID: h.Latest().VersionID, Versions: h.Len(),
		LogURL: id.LogURL(), Document: doc, Parameters: params, Log: string(h.Log())}, nil
}

// ownLog is the newest log of an own issuer, which is its draft.
func (n *Node) ownLog(ctx context.Context, subject string) (*webvh.History, error) {
	h, err := n.replica.History(ctx, subject)
	if err == nil || !errors.Is(err, replica.ErrUnknown) {
		return h, err
	}
	var log []byte
	err = n.store.View(ctx, func(tx store.Tx) error {
		d, err := tx.GetDraft(subject, replica.PathLog)
		log = d.Body
		return err
	})
	if err != nil {
		return nil, err
	}
	return webvh.Verify(log, nil, webvh.VerifyOptions{Now: n.clock()})
}

// change appends an entry to an own log: with the offline keys it signs by the
// committed key and commits to a fresh one.
func (n *Node) change(ctx context.Context, subject string, edit func(h *webvh.History, o *webvh.UpdateOptions) error) (*webvh.History, error) {
	h, err := n.ownLog(ctx, subject)
	if err != nil {
		return nil, err
	}
	if h.Deactivated() {
		return nil, ErrClosed
	}
	next, err := n.newKey()
	if err != nil {
		return nil, err
	}
	var grown *webvh.History
	err = n.withKeys(fileKeysAway, false, func(s *keystore.Store) error {
		// With pre-rotation the key that was committed to signs and becomes
		// the update key; a fresh one is committed to and kept before the
		// entry is made, so that a crash never leaves a log without its key.
		committed, err := s.Get(subject, keystore.RoleNext)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoKeys, err)
		}
		signer, err := committed.Signer()
		if err != nil {
			return err
		}
		opt := webvh.UpdateOptions{Signer: signer, NextKeys: []key.Public{next.Public()}, Now: n.clock()}
		if err := edit(h, &opt); err != nil {
			return err
		}
		if grown, err = h.Update(ctx, opt); err != nil {
			return err
		}
		if err := s.Add(keystore.NewEntry(subject, "", keystore.RoleNext, next)); err != nil {
			return err
		}
		err = n.store.Update(ctx, subject, func(tx store.Tx) error {
			is, err := tx.GetIssuer(subject)
			if err != nil {
				return err
			}
			is.DID = grown.DID()
			if err := tx.PutIssuer(is); err != nil {
				return err
			}
			if _, err := tx.AppendAudit(store.Audit{Issuer: subject, At: n.clock().UnixMilli(), Actor: "operator",
				Action: "did.update", Target: grown.Latest().VersionID}); err != nil {
				return err
			}
			return n.putDraft(tx, subject, replica.PathLog, grown.Log(), time.Time{})
		})
		if err != nil {
			return err
		}
		// The old update key is used up, and so is the committed one's role.
		old, err := s.Get(subject, keystore.RoleUpdate)
		if err != nil {
			return err
		}
		if err := s.Retire(old.Public, true); err != nil {
			return err
		}
		return s.Promote(committed.Public, keystore.RoleUpdate)
	})
	if err != nil {
		return nil, err
	}
	if res := n.replica.Accept(ctx, replica.Offer{Source: replica.SourceOwn, Log: &replica.LogOffer{Log: grown.Log()}}); res.Outcome != record.Fresh && res.Outcome != record.Known {
		return nil, fmt.Errorf("node: own log: %s: %w", res.Outcome, res.Err)
	}
	return grown, nil
}

// didUpdate changes location, peers, watchers or ttl.
func (n *Node) didUpdate(ctx context.Context, q UpdateRequest) (UpdateResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return UpdateResponse{}, err
	}
	h, err := n.change(ctx, is.Subject, func(h *webvh.History, o *webvh.UpdateOptions) error {
		if q.Domain != "" {
			loc, err := parseLocation(q.Domain)
			if err != nil {
				return err
			}
			o.Move = &loc
		}
		if q.Peers != nil {
			keys, err := n.currentKeys(h)
			if err != nil {
				return err
			}
			o.Document = keys.document(&did.FolderService{Peers: q.Peers})
		}
		if q.Watchers != nil {
			o.Watchers = &q.Watchers
		}
		o.TTL = q.TTL
		return nil
	})
	if err != nil {
		return UpdateResponse{}, err
	}
	if q.Domain != "" {
		// The practice names keys by the identifier, which is new.
		if err := n.writePractice(ctx, is.Subject, h, n.statusSince(ctx, is.Subject)); err != nil {
			return UpdateResponse{}, err
		}
	}
	return n.afterChange(ctx, is.Subject, h, nil, publishOptions{})
}

// statusSince keeps the promise of the practice that stands.
func (n *Node) statusSince(ctx context.Context, subject string) *time.Time {
	p, err := n.replica.Practice(ctx, subject)
	if err != nil {
		return nil
	}
	return p.StatusSince
}

// afterChange publishes and reports.
func (n *Node) afterChange(ctx context.Context, subject string, h *webvh.History, keys []KeyRow, opt publishOptions) (UpdateResponse, error) {
	out := UpdateResponse{DID: h.DID(), VersionID: h.Latest().VersionID, Keys: keys, Notes: []string{}}
	if _, err := n.publish(ctx, subject, opt); err != nil {
		if !errors.Is(err, ErrNotReadBack) && !errors.Is(err, ErrHalted) && !errors.Is(err, ErrRestored) {
			return out, err
		}
		out.Notes = append(out.Notes, "The change is made and will be published when the node signs again: "+err.Error())
	}
	return out, nil
}

// didResolve answers with a DID resolution result.
func (n *Node) didResolve(ctx context.Context, q ResolveRequest) (json.RawMessage, error) {
	opt := did.Options{VersionID: q.VersionID, VersionNumber: q.VersionNumber, NoCache: q.NoCache}
	if q.VersionTime != "" {
		t, err := time.Parse(time.RFC3339, q.VersionTime)
		if err != nil {
			return nil, fmt.Errorf("%w: versionTime %q", did.ErrOptions, q.VersionTime)
		}
		opt.VersionTime = t
	}
	if q.Offline {
		ctx = withNetwork(ctx, "off")
	}
	res, err := n.Resolve(ctx, q.DID, opt)
	if err != nil {
		return nil, err
	}
	return res.MarshalJSON()
}
