//go:build system && unix

package bench

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/piprate/json-gold/ld"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

const (
	rounds  = 7
	roundMS = 300
)

// row is one line of the table: what it is called, how a round of it is
// measured, and the name of the bare signature check that it is held against.
type row struct {
	name  string
	run   func(ms int) measured
	bare  string
	taken []measured
}

func (r *row) rate() float64 { return middle(r.taken) }

const (
	bareEd25519 = "crypto/ed25519.Verify"
	bareP256    = "crypto/ecdsa.Verify P-256"
	goldRow     = "json-gold: normalize, hash, verify"
	verdictRow  = "verdict with status, eddsa-rdfc-2022"
	checkRow    = "check, eddsa-rdfc-2022 Ed25519"
	dbBare      = "npm digitalbazaar, eddsa-rdfc-2022"
	dbStatus    = "npm digitalbazaar, with status"
	coreStatus  = "npm verifier-core, with status"
)

// TestFullChecks prints the table of docs/performance.md.
func TestFullChecks(t *testing.T) {
	l := jsonld.Builtin()
	issuer := issuerKey(t, key.Ed25519, 0)
	statuses := statusList(t, issuer, l)
	table := bareRows(t)
	own := func(name, bare string, f func() error) {
		table = append(table, &row{name: name, bare: bare, run: func(ms int) measured { return measure(t, ms, f) }})
	}
	var rdfc []byte
	for _, s := range suites() {
		k := issuerKey(t, s.kind, 0)
		body := s.secure(t, unsigned(t, k.Public().DIDKey(), nil), k, l)
		bare := bareEd25519
		if s.kind == key.P256 {
			bare = bareP256
		}
		if s.name == proof.EdDSARDFC2022 {
			rdfc = body
		}
		opt := credential.Options{Resolver: registry(), At: now(), Loader: l}
		own("check, "+s.String(), bare, func() error {
			if c := credential.Check(t.Context(), body, opt); !c.OK {
				return fmt.Errorf("%s: %+v", s, c.Checks)
			}
			return nil
		})
		if s.kind == key.Ed25519 && s.name != vcJWT {
			v, p := verifier(l, statuses), policy(t)
			own("verdict with status, "+s.name, bare, func() error {
				if out := v.Verify(t.Context(), body, p, now()); out.Outcome != verdict.Verified {
					return fmt.Errorf("%s: %+v", s, out.Checks)
				}
				return nil
			})
		}
	}
	own(goldRow, bareEd25519, gold(t, l, rdfc, issuer.Public()))
	dir := peerFolder(t, l, rdfc, statuses)
	db, core := peer(t, dir, "digitalbazaar"), peer(t, dir, "core")
	table = append(table,
		&row{name: dbBare, bare: bareEd25519, run: func(ms int) measured { return db("bare", ms) }},
		&row{name: dbStatus, bare: bareEd25519, run: func(ms int) measured { return db("status", ms) }},
		&row{name: coreStatus, bare: bareEd25519, run: func(ms int) measured { return core("status", ms) }})
	for n := range rounds + 1 {
		for _, r := range table {
			if m := r.run(roundMS); n > 0 { // the first round warms up
				r.taken = append(r.taken, m)
			}
		}
	}
	show(t, table)
}

func show(t *testing.T, table []*row) {
	t.Helper()
	by := map[string]*row{}
	for _, r := range table {
		by[r.name] = r
	}
	t.Logf("%-40s %14s %10s %22s", "what", "per CPU-second", "us", "bare signature checks")
	for _, r := range table {
		times := ""
		if r.bare != "" {
			times = fmt.Sprintf("%.2f", by[r.bare].rate()/r.rate())
		}
		t.Logf("%-40s %14.0f %10.1f %22s", r.name, r.rate(), 1e6/r.rate(), times)
	}
	for _, p := range [][2]string{{checkRow, goldRow}, {checkRow, dbBare}, {verdictRow, dbStatus}, {verdictRow, coreStatus}} {
		t.Logf("%s is %.1f times %s", p[0], by[p[0]].rate()/by[p[1]].rate(), p[1])
	}
}

// bareRows are the signature checks of the standard library over 64 bytes.
func bareRows(t *testing.T) []*row {
	t.Helper()
	msg := make([]byte, 64)
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	edSig := ed25519.Sign(priv, msg)
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	digest := sha256.Sum256(msg)
	ecSig := must(ecdsa.SignASN1(rand.Reader, ec, digest[:]))(t)
	bare := func(name string, f func() bool) *row {
		return &row{name: name, run: func(ms int) measured {
			return measure(t, ms, func() error {
				if !f() {
					return errors.New(name + " fails")
				}
				return nil
			})
		}}
	}
	return []*row{
		bare(bareEd25519, func() bool { return ed25519.Verify(pub, msg, edSig) }),
		bare(bareP256, func() bool { digest := sha256.Sum256(msg); return ecdsa.VerifyASN1(&ec.PublicKey, digest[:], ecSig) }),
	}
}

// contexts answers json-gold from memory, parsed once.
type contexts map[string]any

func (c contexts) LoadDocument(url string) (*ld.RemoteDocument, error) {
	doc, ok := c[url]
	if !ok {
		return nil, ld.NewJsonLdError(ld.LoadingDocumentFailed, url)
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, nil
}

// gold is the least that a program has to do with the usual library for Go:
// no form, no dates, no signer, and the key at hand.
func gold(t *testing.T, l *jsonld.Loader, body []byte, pub key.Public) func() error {
	t.Helper()
	known := contexts{}
	for _, url := range l.URLs() {
		var v any
		if err := json.Unmarshal(must(l.Document(url))(t), &v); err != nil {
			t.Fatal(err)
		}
		known[url] = v
	}
	normalize := func(doc map[string]any) ([]byte, error) {
		o := ld.NewJsonLdOptions("")
		o.ProcessingMode, o.DocumentLoader, o.Algorithm, o.Format = ld.JsonLd_1_1, known, ld.AlgorithmURDNA2015, "application/n-quads"
		v, err := ld.NewJsonLdProcessor().Normalize(doc, o)
		if err != nil {
			return nil, err
		}
		text, _ := v.(string)
		sum := sha256.Sum256([]byte(text))
		return sum[:], nil
	}
	return func() error {
		var doc map[string]any
		if err := json.Unmarshal(body, &doc); err != nil {
			return err
		}
		config, _ := doc["proof"].(map[string]any)
		delete(doc, "proof")
		text, _ := config["proofValue"].(string)
		delete(config, "proofValue")
		config["@context"] = doc["@context"]
		sig, err := key.Base58Decode(text[1:])
		if err != nil {
			return err
		}
		head, err := normalize(config)
		if err != nil {
			return err
		}
		tail, err := normalize(doc)
		if err != nil {
			return err
		}
		if !ed25519.Verify(pub.Bytes(), append(head, tail...), sig) {
			return errors.New("json-gold reads something else")
		}
		return nil
	}
}
