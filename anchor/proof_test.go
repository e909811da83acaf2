package anchor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/record"
)

// head is a well-formed head of an issuer, over a folder with one file.
func head(t testing.TB, name string, sequence uint64, file []byte) (record.Head, contracts.Member, record.Manifest) {
	t.Helper()
	m := member(name, 1, sequence)
	did := "did:webvh:" + m.Subject.SCID() + ":uni.example"
	manifest, err := record.NewManifest([]record.Leaf{{Path: "whois.vp", CID: record.CIDOf(file), Size: int64(len(file))},
		{Path: "issuer.json", CID: record.CIDOf([]byte("{}")), Size: 2}})
	if err != nil {
		t.Fatal(err)
	}
	h := record.Head{Issuer: did, Epoch: "1-QmX", VersionID: "1-QmX", Sequence: sequence, Previous: record.CIDOf([]byte("before")),
		Root: manifest.Root(), Leaves: len(manifest), Published: time.Unix(1.7e9, 0).UTC(), Expires: time.Unix(1.8e9, 0).UTC()}
	tree, err := h.Unsigned()
	if err != nil {
		t.Fatal(err)
	}
	tree["proof"] = map[string]any{"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "capabilityInvocation",
		"verificationMethod": did + "#key", "proofValue": "z" + strings.Repeat("2", 80)}
	h, err = record.HeadFromTree(tree)
	if err != nil {
		t.Fatal(err)
	}
	m.Head = sha256.Sum256(h.Bytes())
	return h, m, manifest
}

// proven anchors a head and makes its proof.
func proven(t testing.TB, w *world, g Grade, name string, sequence uint64) Proof {
	t.Helper()
	file := []byte(`{"who":"` + name + `"}`)
	h, m, manifest := head(t, name, sequence, file)
	heads := []contracts.Member{m, member("another", 1, sequence)}
	records := w.anchored(t, g, heads...)
	s, err := w.queue(t, g).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	job := s.Done[len(s.Done)-1]
	tx, err := digest(job.Tx)
	if err != nil {
		t.Fatal(err)
	}
	q := ProveRequest{Grade: g, Contract: w.contract, Account: w.key.Address(), Head: h.Bytes(), Tx: tx, Block: job.Block}
	if g == ExistedBy {
		path := records[m.Subject.SCID()].Path
		q.Member = &path
	}
	p, err := w.chain(t).Prove(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for i, leaf := range manifest {
		if leaf.Path == "whois.vp" {
			p.File = &FileProof{Leaf: leaf, Index: i, Path: manifest.InclusionProof(i)}
		}
	}
	if !p.Covers(file) || p.Covers([]byte("x")) {
		t.Error("the proof is about another file")
	}
	return p
}

func TestProof(t *testing.T) {
	for _, g := range []Grade{Floor, ExistedBy} {
		t.Run(string(g), func(t *testing.T) {
			w := newWorld(t, 2)
			p := proven(t, w, g, "uni", 5)
			body, err := p.Encode()
			if err != nil {
				t.Fatal(err)
			}
			back, err := ParseProof(body)
			if err != nil {
				t.Fatal(err)
			}
			s, err := back.Verify(p.Block())
			if err != nil {
				t.Fatal(err)
			}
			if s.Order.String() != "1/5" || s.Block == 0 || s.Time.IsZero() || !s.Newest || s.Subject != member("uni", 1, 1).Subject.SCID() {
				t.Errorf("%+v", s)
			}
			if online, err := w.chain(t).TimeOf(t.Context(), back); err != nil || !online.Time.Equal(s.Time) {
				t.Errorf("%+v, %v", online, err)
			}
			t.Logf("%d bytes", len(body))
			if _, err := back.Verify(); !errors.Is(err, ErrProof) {
				t.Errorf("without a trusted block: %v", err)
			}
			refuses(t, w, body, p)
		})
	}
}

// refuses changes one thing of a proof at a time.
func refuses(t *testing.T, w *world, body []byte, good Proof) {
	other, _, _ := head(t, "uni", 6, []byte("x"))
	for name, c := range map[string]struct {
		f   func(p *Proof)
		why string
	}{
		"another head":          {func(p *Proof) { p.Head = other.Bytes() }, "did not anchor this head"},
		"no head":               {func(p *Proof) { p.Head = nil }, "head"},
		"another account":       {func(p *Proof) { p.Account[0] ^= 1 }, "did not anchor"},
		"another contract":      {func(p *Proof) { p.Contract[0] ^= 1 }, "did not anchor"},
		"another grade":         {func(p *Proof) { p.Grade = map[Grade]Grade{Floor: ExistedBy, ExistedBy: Floor}[p.Grade] }, "did not anchor"},
		"another transaction":   {func(p *Proof) { p.Included.Index++ }, ""},
		"a header of its own":   {func(p *Proof) { p.Included.Header = bytes.Clone(p.Included.Header); p.Included.Header[40] ^= 1 }, "not one that you trust"},
		"a state of its own":    {func(p *Proof) { p.State.Header = bytes.Clone(p.State.Header); p.State.Header[40] ^= 1 }, "not one that you trust"},
		"no node of the record": {func(p *Proof) { p.State.Storage = nil }, "storage"},
		"no node of a receipt":  {func(p *Proof) { p.Included.Nodes = nil }, "receipt"},
		"another file":          {func(p *Proof) { f := *p.File; f.Leaf.CID = record.CIDOf([]byte("x")); p.File = &f }, ""},
		"another place":         {func(p *Proof) { f := *p.File; f.Index ^= 1; p.File = &f }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ParseProof(body)
			if err != nil {
				t.Fatal(err)
			}
			c.f(&p)
			if s, err := p.Verify(good.Block(), good.StateBlock()); !errors.Is(err, ErrProof) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	t.Run("every byte of receipts and state", func(t *testing.T) {
		p, err := ParseProof(body)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range append(append(p.Included.Nodes, p.State.Account...), p.State.Storage...) {
			for i := range part {
				part[i] ^= 1
				if _, err := p.Verify(good.Block(), good.StateBlock()); !errors.Is(err, ErrProof) {
					t.Fatalf("byte %d: %v", i, err)
				}
				part[i] ^= 1
			}
		}
	})
	t.Run("blocks that are not the chain's", func(t *testing.T) {
		p, err := ParseProof(body)
		if err != nil {
			t.Fatal(err)
		}
		fork := newWorld(t, 1) // another chain with the same numbers
		for range 12 {
			fork.Backend.Commit()
		}
		if s, err := fork.chain(t).TimeOf(t.Context(), p); err == nil {
			t.Errorf("%+v", s)
		}
	})
}

func TestParseProofRefuses(t *testing.T) {
	p := proven(t, newWorld(t, 1), Floor, "uni", 5)
	body, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(m map[string]any){
		"type":    func(m map[string]any) { m["type"] = "x" },
		"grade":   func(m map[string]any) { m["grade"] = "x" },
		"account": func(m map[string]any) { m["account"] = "x" },
		"two chains": func(m map[string]any) {
			m["contract"] = "eip155:1:" + strings.SplitN(m["contract"].(string), ":", 3)[2]
		},
		"not base64":  func(m map[string]any) { m["head"] = "%" },
		"index":       func(m map[string]any) { m["included"].(map[string]any)["index"] = -1 },
		"unknown":     func(m map[string]any) { m["more"] = 1 },
		"file digest": func(m map[string]any) { m["file"].(map[string]any)["cid"] = "x" },
	} {
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		f(m)
		b, _ := json.Marshal(m)
		if _, err := ParseProof(b); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzProof(f *testing.F) {
	w := newWorld(f, 1)
	for _, g := range []Grade{Floor, ExistedBy} {
		w.store = &memory{}
		p := proven(f, w, g, "uni "+string(g), 5)
		b, err := p.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := ParseProof(body)
		if err != nil {
			if !errors.Is(err, ErrProof) {
				t.Error(err)
			}
			return
		}
		// Its own hashes are trusted, so that what lies behind them is reached.
		if _, err := p.Verify(p.Block(), p.StateBlock()); err != nil && !errors.Is(err, ErrProof) {
			t.Error(err)
		}
		if _, err := p.Encode(); err != nil {
			t.Errorf("%s: %v", hex.EncodeToString(body), err)
		}
	})
}
