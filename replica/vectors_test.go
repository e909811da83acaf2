package replica_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
)

var update = flag.Bool("update", false, "write testdata/protocol anew")

// vector is one case for other implementations: what is held, what is offered
// and what must become of it.
type vector struct {
	Name     string   `json:"name"`
	Now      string   `json:"now"`
	Log      string   `json:"log"`                // held beforehand, "" for none
	Held     []offer  `json:"held"`               // accepted beforehand, in this order
	Offer    offer    `json:"offer"`              // what is offered then
	Outcome  string   `json:"outcome"`            // fresh, known, stale, pending, forked, refused
	Error    string   `json:"error,omitempty"`    // the rule, in words
	Evidence []string `json:"evidence,omitempty"` // kinds of fork evidence held afterwards
}

type offer struct {
	Head     string   `json:"head,omitempty"`
	Digests  []string `json:"digests"` // CIDs of the heads before it
	Manifest string   `json:"manifest"`
	Log      string   `json:"log,omitempty"`
}

func (o offer) offer(t *testing.T) replica.Offer {
	t.Helper()
	if o.Log != "" {
		return logOffer([]byte(o.Log))
	}
	h := &replica.HeadOffer{Head: []byte(o.Head), Manifest: []byte(o.Manifest)}
	for _, s := range o.Digests {
		cid, err := record.ParseCID(s)
		if err != nil {
			t.Fatal(err)
		}
		h.Digests = append(h.Digests, cid.Digest())
	}
	return replica.Offer{Source: "peer:x", Head: h}
}

func (c *chain) vector(n int) offer {
	o := offer{Head: string(c.heads[n-1].Bytes()), Digests: []string{}}
	for _, d := range c.digests[:n-1] {
		o.Digests = append(o.Digests, record.CIDFromDigest(d).String())
	}
	return o
}

// fixedLab is a lab whose keys come from fixed seeds.
func fixedLab(t *testing.T) *lab {
	t.Helper()
	seed := func(s string) key.Private {
		k, err := key.FromSeed([]byte(strings.Repeat(s, 32)[:32]))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	l := &lab{t: t, update: seed("u"), next: seed("n"), cred: seed("c"), list: seed("l"), headID: seed("h"), at: labStart}
	var err error
	l.log, err = webvh.Create(t.Context(), webvh.CreateOptions{Location: webvh.Location{Host: "uni.example"},
		Document: l.document(nil), Signer: l.update, NextKeys: []key.Public{l.next.Public()}, Now: l.at})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func makeVectors(t *testing.T) []vector {
	l := fixedLab(t)
	now := labStart.Add(time.Hour)
	log := string(l.log.Log())
	c := (&chain{l: l}).grow().grow().grow()
	other := c.branch()
	other.heads, other.digests = other.heads[:1], other.digests[:1]
	other.grow().grow()
	far := (&chain{l: l})
	far.l.at = now.Add(time.Hour)
	far.grow()
	l.at = labStart.Add(10 * time.Minute)
	good := c.heads[1]
	l.rotateHead(&did.LastHead{Epoch: good.Epoch, Sequence: 2, CID: good.CID().String()})
	log2 := string(l.log.Log())
	fresh := (&chain{l: l}).grow()
	at := now.Format(time.RFC3339)
	one, two, three := c.vector(1), c.vector(2), c.vector(3)
	edit := func(o offer, f func(*offer)) offer { f(&o); return o }
	forged := c.heads[1].Tree()
	forged["published"] = "2026-06-01T12:30:00Z"
	h, err := record.HeadFromTree(forged)
	if err != nil {
		t.Fatal(err)
	}
	return []vector{
		{Name: "first head", Log: log, Offer: one, Outcome: "fresh", Now: at},
		{Name: "next head", Log: log, Held: []offer{one}, Offer: two, Outcome: "fresh", Now: at},
		{Name: "a head skipped, with its digest", Log: log, Held: []offer{one}, Offer: three, Outcome: "fresh", Now: at},
		{Name: "first contact with a later head", Log: log, Offer: three, Outcome: "fresh", Now: at},
		{Name: "the same head again", Log: log, Held: []offer{two}, Offer: two, Outcome: "known", Now: at},
		{Name: "an older head", Log: log, Held: []offer{three}, Offer: two, Outcome: "stale", Now: at},
		{Name: "no log yet", Offer: one, Outcome: "pending", Error: replica.ErrNeedsLog.Error(), Now: at},
		{Name: "signed under a version not held", Log: log, Offer: fresh.vector(1), Outcome: "pending", Error: replica.ErrNeedsLog.Error(), Now: at},
		{Name: "history missing", Log: log, Offer: edit(three, func(o *offer) { o.Digests = []string{} }), Outcome: "pending", Error: replica.ErrNeedsHistory.Error(), Now: at},
		{Name: "another history", Log: log, Offer: edit(three, func(o *offer) { o.Digests = []string{o.Digests[1], o.Digests[0]} }), Outcome: "refused", Error: record.ErrHistoryRoot.Error(), Now: at},
		{Name: "another manifest", Log: log, Offer: edit(one, func(o *offer) { o.Manifest = `["a","` + record.CIDOf(nil).String() + `",0]` + "\n" }), Outcome: "refused", Error: replica.ErrManifest.Error(), Now: at},
		{Name: "a member changed after signing", Log: log, Offer: edit(two, func(o *offer) { o.Head = string(h.Bytes()) }), Outcome: "refused", Error: replica.ErrHeadKey.Error(), Now: at},
		{Name: "from the future", Log: log, Offer: far.vector(1), Outcome: "refused", Error: replica.ErrFuture.Error(), Now: at},
		{Name: "not canonical", Log: log, Offer: edit(one, func(o *offer) { o.Head = " " + o.Head }), Outcome: "refused", Error: record.ErrNotCanonical.Error(), Now: at},
		{Name: "an unknown member", Log: log, Offer: edit(one, func(o *offer) { o.Head = strings.Replace(o.Head, `{"epoch"`, `{"a":1,"epoch"`, 1) }), Outcome: "refused", Error: record.ErrHead.Error(), Now: at},
		{Name: "another head of the same sequence", Log: log, Held: []offer{three}, Offer: other.vector(3), Outcome: "forked", Evidence: []string{"head"}, Now: at},
		{Name: "a later head with another history", Log: log, Held: []offer{two}, Offer: other.vector(3), Outcome: "forked", Evidence: []string{"head"}, Now: at},
		{Name: "a new epoch outranks any sequence", Log: log, Held: []offer{three, {Log: log2, Digests: []string{}}}, Offer: fresh.vector(1), Outcome: "fresh", Now: at},
		{Name: "beyond the last good head of an ended epoch", Log: log2, Held: []offer{fresh.vector(1)}, Offer: three, Outcome: "refused", Error: replica.ErrVoidEpoch.Error(), Now: at},
		{Name: "up to the last good head of an ended epoch", Log: log2, Held: []offer{fresh.vector(1)}, Offer: two, Outcome: "stale", Now: at},
	}
}

// TestProtocolVectors runs testdata/protocol/heads.json, which is there for
// other implementations. With -update it is written anew.
func TestProtocolVectors(t *testing.T) {
	path := filepath.Join(vectors.Root(t), "testdata", "protocol", "heads.json")
	if *update {
		b, err := json.MarshalIndent(makeVectors(t), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 20 {
		t.Fatalf("%d vectors", len(list))
	}
	for _, v := range list {
		t.Run(v.Name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, v.Now)
			if err != nil {
				t.Fatal(err)
			}
			r := labReplica(t, &now)
			subject := ""
			if v.Log != "" {
				res := r.Accept(t.Context(), logOffer([]byte(v.Log)))
				if subject = res.Subject; res.Outcome != record.Fresh {
					t.Fatalf("log: %s %v", res.Outcome, res.Err)
				}
			}
			for i, o := range v.Held {
				if res := r.Accept(t.Context(), o.offer(t)); res.Outcome != record.Fresh {
					t.Fatalf("held %d: %s %v", i, res.Outcome, res.Err)
				}
			}
			res := r.Accept(t.Context(), v.Offer.offer(t))
			if res.Outcome.String() != v.Outcome {
				t.Fatalf("%s (%v), want %s", res.Outcome, res.Err, v.Outcome)
			}
			if v.Error != "" && !hasText(res.Err, v.Error) {
				t.Errorf("error %v, want %q", res.Err, v.Error)
			}
			forks, err := r.Forks(t.Context(), subject)
			if err != nil || subject != "" && len(forks) != len(v.Evidence) {
				t.Errorf("evidence %v, want %v (%v)", forks, v.Evidence, err)
			}
		})
	}
}

// hasText looks for a sentinel by its text in the tree of an error.
func hasText(err error, text string) bool {
	for err != nil {
		if err.Error() == text {
			return true
		}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				if hasText(e, text) {
					return true
				}
			}
			return false
		}
		err = errors.Unwrap(err)
	}
	return false
}
