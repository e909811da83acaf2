package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

const (
	scid  = "QmSample1111111111111111111111111111111111111"
	other = "QmSample2222222222222222222222222222222222222"
	did   = "did:webvh:" + scid + ":uni.example"
)

// sample holds one row of every kind, every field different from zero, of one
// consistent folder and book.
type sample struct {
	Subject      store.Subject
	Body         []byte
	ManifestBody []byte
	File         store.File
	Head         store.Head
	Manifest     store.Manifest
	Fork         store.Fork
	Sighting     store.Sighting
	Revoked      store.Revoked
	Peer         store.Peer
	Issuer       store.Issuer
	Draft        store.Draft
	List         store.List
	Change       store.Change
	Audit        store.Audit
	Issued       store.Issued
	Publication  store.Publication
}

func newSample() sample {
	body := []byte("{\"a\":\"body of \u00fcber\"}\n\x00\xff")
	manifest := []byte("[\"status/3\"]\n")
	head := []byte("{\"type\":\"BonafideHead\"}")
	draft := []byte("a draft")
	bitmap := make([]byte, 1250) // three pages in an engine with pages of 512
	bitmap[0], bitmap[600], bitmap[1249] = 0x80, 0x01, 0xC0
	return sample{
		Subject: store.Subject{Subject: scid, DID: did, Method: "webvh", LogVersion: 7, LogVersionID: "7-QmV", Class: store.ClassOwn,
			Contested: true, Deactivated: true, FirstSeen: 1_700_000_000_001, Updated: 1_700_000_000_002},
		Body: body, ManifestBody: manifest,
		File: store.File{Subject: scid, Path: "status/3", CID: cidOf(body), Size: int64(len(body)), Kind: "status-list",
			SeenAt: 1_700_000_000_003, Source: "https:uni.example"},
		Head: store.Head{Subject: scid, EpochVersion: 7, Epoch: "7-QmV", Sequence: 2, CID: cidOf(head), Body: head,
			AcceptedAt: 1_700_000_000_004, Published: 1_700_000_000_000, Expires: 1_700_600_000_000, Voided: true},
		Manifest: store.Manifest{Subject: scid, HeadCID: cidOf(head), CID: cidOf(manifest)},
		Fork:     store.Fork{Subject: scid, Kind: "log", Parent: "6-QmU", Body: []byte("evidence"), SeenAt: 1_700_000_000_005},
		Sighting: store.Sighting{Subject: scid, Host: "uni.example", URL: "https://uni.example/.well-known/did.jsonl",
			Observer: "did:key:z6MkObserver", Digest: cidOf(body), At: 1_700_000_000_006},
		Revoked: store.Revoked{Subject: scid, Path: "status/3", Bits: []byte{0x80, 0x00, 0x01}},
		Peer: store.Peer{ID: "12D3KooW", Addrs: []string{"/ip4/192.0.2.1/udp/1/quic-v1", "/dns4/uni.example/tcp/2"},
			LastSeen: 1_700_000_000_007, Protected: true},
		Issuer: store.Issuer{Subject: scid, DID: did, Name: "Universit\u00e9 d'Exemple", State: store.IssuerLive,
			Config: []byte(`{"cadence":"15m"}`), Created: 1_700_000_000_008},
		Draft: store.Draft{Issuer: scid, Path: "status/4", Body: draft, CID: cidOf(draft), Kind: "status-list",
			Size: int64(len(draft)), Updated: 1_700_000_000_009, ValidUntil: 1_702_000_000_000},
		List: store.List{Issuer: scid, Number: 3, Purposes: []string{"revocation", "suspension"}, Size: 9_998, State: store.ListOpen,
			Created: 1_700_000_000_010, Allocated: 4, Bitmap: bitmap, Dirty: true, RenderedAt: 1_700_000_000_011,
			URL: "https://old.example/status/9", Format: "StatusList2021"},
		Change: store.Change{Issuer: scid, List: 3, Index: 4807, Purpose: "revocation", Status: 1, At: 1_700_000_000_012,
			By: "registrar", Why: "awarded by mistake", Seq: 1},
		Audit: store.Audit{Issuer: scid, Seq: 1, At: 1_700_000_000_013, Actor: "registrar", Action: "revoke",
			Target: "3#4807", Detail: "awarded by mistake"},
		Issued: store.Issued{Issuer: scid, ID: "urn:uuid:1", List: 3, Index: 4807, LocalRef: "student-17/course-4",
			At: 1_700_000_000_014, Type: "MicroCredential", ValidUntil: 1_800_000_000_000, HolderRef: "student-17"},
		Publication: store.Publication{Issuer: scid, EpochVersion: 7, Epoch: "7-QmV", Sequence: 2, HeadCID: cidOf(head),
			Instance: bytes.Repeat([]byte{7}, 16), At: 1_700_000_000_015},
	}
}

// putAll writes the whole sample in one transaction.
func putAll(tx store.Tx) error {
	s := newSample()
	seq := func(got int64, err error) error {
		if err == nil && got != 1 {
			err = fmt.Errorf("first sequence number is %d, want 1", got)
		}
		return err
	}
	for i, err := range []error{
		tx.PutSubject(s.Subject),
		tx.PutAlias("did:webvh:"+scid+":old.example", scid),
		tx.PutBlob(cidOf(s.Body), s.Body),
		tx.PutBlob(cidOf(s.ManifestBody), s.ManifestBody),
		tx.PutFile(s.File),
		tx.PutHead(s.Head),
		tx.PutManifest(s.Manifest),
		tx.AppendHistory(scid, 7, 0, [][]byte{digestOf([]byte("head 1")), digestOf(s.Head.Body)}),
		tx.PutFork(s.Fork),
		tx.PutSighting(s.Sighting),
		tx.OrRevoked(s.Revoked.Subject, s.Revoked.Path, s.Revoked.Bits),
		tx.PutPeer(s.Peer),
		tx.PutMeta("key", []byte("value")),
		tx.PutIssuer(s.Issuer),
		tx.PutDraft(s.Draft),
		tx.PutList(s.List),
		seq(tx.PutChange(s.Change)),
		seq(tx.AppendAudit(s.Audit)),
		tx.PutIssued(s.Issued),
		tx.SwapPublication(store.Publication{}, s.Publication),
	} {
		if err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
	}
	return nil
}

// compareAll reads the whole sample back, by every way of reading it.
func compareAll(t testing.TB, tx store.Tx) {
	t.Helper()
	s := newSample()

	subject, err := tx.GetSubject(scid)
	wantRow(t, "GetSubject", subject, err, s.Subject)
	subject, err = tx.SubjectByDID(did)
	wantRow(t, "SubjectByDID, current", subject, err, s.Subject)
	subject, err = tx.SubjectByDID("did:webvh:" + scid + ":old.example")
	wantRow(t, "SubjectByDID, alias", subject, err, s.Subject)
	aliases, err := tx.ListAliases(scid)
	wantRow(t, "ListAliases", aliases, err, []string{"did:webvh:" + scid + ":old.example"})
	subjects, err := tx.ListSubjects("", 0)
	wantRow(t, "ListSubjects", only(t, "ListSubjects", subjects, err), nil, s.Subject)

	body, err := tx.GetBlob(cidOf(s.Body))
	wantRow(t, "GetBlob", body, err, s.Body)
	has, err := tx.HasBlob(cidOf(s.Body))
	wantRow(t, "HasBlob", has, err, true)
	file, err := tx.GetFile(scid, "status/3")
	wantRow(t, "GetFile", file, err, s.File)
	files, err := tx.ListFiles(scid, "", "", 0)
	wantRow(t, "ListFiles", only(t, "ListFiles", files, err), nil, s.File)

	head, err := tx.GetHead(scid, 7, 2)
	wantRow(t, "GetHead", head, err, s.Head)
	heads, err := tx.ListHeads(scid, 7, 0, 0)
	wantRow(t, "ListHeads", only(t, "ListHeads", heads, err), nil, s.Head)
	manifest, err := tx.GetManifest(scid, s.Head.CID)
	wantRow(t, "GetManifest", manifest, err, s.Manifest)
	digests, err := tx.GetHistory(scid, 7, 0, -1)
	wantRow(t, "GetHistory", digests, err, [][]byte{digestOf([]byte("head 1")), digestOf(s.Head.Body)})
	n, err := tx.HistoryLen(scid, 7)
	wantRow(t, "HistoryLen", n, err, 2)

	fork, err := tx.GetFork(scid, "log", "6-QmU")
	wantRow(t, "GetFork", fork, err, s.Fork)
	for _, who := range []string{scid, ""} {
		forks, err := tx.ListForks(who)
		wantRow(t, "ListForks", only(t, "ListForks", forks, err), nil, s.Fork)
	}
	sightings, err := tx.ListSightings(scid)
	wantRow(t, "ListSightings", only(t, "ListSightings", sightings, err), nil, s.Sighting)
	revoked, err := tx.GetRevoked(scid, "status/3")
	wantRow(t, "GetRevoked", revoked, err, s.Revoked)
	peers, err := tx.ListPeers()
	wantRow(t, "ListPeers", only(t, "ListPeers", peers, err), nil, s.Peer)
	value, err := tx.GetMeta("key")
	wantRow(t, "GetMeta", value, err, []byte("value"))

	issuer, err := tx.GetIssuer(scid)
	wantRow(t, "GetIssuer", issuer, err, s.Issuer)
	issuers, err := tx.ListIssuers()
	wantRow(t, "ListIssuers", only(t, "ListIssuers", issuers, err), nil, s.Issuer)
	draft, err := tx.GetDraft(scid, "status/4")
	wantRow(t, "GetDraft", draft, err, s.Draft)
	light := s.Draft
	light.Body = nil
	drafts, err := tx.ListDrafts(scid)
	wantRow(t, "ListDrafts", only(t, "ListDrafts", drafts, err), nil, light)
	list, err := tx.GetList(scid, 3)
	wantRow(t, "GetList", list, err, s.List)
	row := s.List
	row.Bitmap = nil
	rows, err := tx.ListLists(scid)
	wantRow(t, "ListLists", only(t, "ListLists", rows, err), nil, row)
	change, err := tx.GetChange(scid, 3, 4807, "revocation")
	wantRow(t, "GetChange", change, err, s.Change)
	changes, err := tx.ListChanges(scid, 3, 0, 0)
	wantRow(t, "ListChanges", only(t, "ListChanges", changes, err), nil, s.Change)
	audits, err := tx.ListAudit(scid, 0, 0)
	wantRow(t, "ListAudit", only(t, "ListAudit", audits, err), nil, s.Audit)
	issued, err := tx.GetIssued(scid, "urn:uuid:1")
	wantRow(t, "GetIssued", issued, err, s.Issued)
	for _, by := range []store.IssuedKey{{LocalRef: "student-17/course-4"}, {HolderRef: "student-17"}, {List: 3, Index: 4807}} {
		found, err := tx.FindIssued(scid, by)
		wantRow(t, "FindIssued", only(t, "FindIssued", found, err), nil, s.Issued)
	}
	all, err := tx.ListIssued(scid, "", 0)
	wantRow(t, "ListIssued", only(t, "ListIssued", all, err), nil, s.Issued)
	publication, err := tx.GetPublication(scid)
	wantRow(t, "GetPublication", publication, err, s.Publication)
}
