package webvh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
)

type tree = map[string]any

// The forge writes logs independently of the package's own writer, so that one
// rule can be broken while everything after it is hashed and signed anew.

var forgeStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// testKey is a fixed key for a name.
func testKey(t testing.TB, name string) key.Private {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	k, err := key.FromSeed(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mk(t testing.TB, name string) string { t.Helper(); return testKey(t, name).Public().Multikey() }

func mkHash(t testing.TB, name string) string { t.Helper(); return key.HashMultikey(mk(t, name)) }

func witnessParam(t testing.TB, threshold any, names ...string) tree {
	t.Helper()
	list := []any{}
	for _, n := range names {
		list = append(list, tree{"id": testKey(t, n).Public().DIDKey()})
	}
	return tree{"threshold": threshold, "witnesses": list}
}

// draft is one entry before it is forged.
type draft struct {
	params tree
	state  tree // nil: the plain document of the log
	time   string
	by     string // name of the signing key; default "a"

	before func(e tree)          // before SCID and hash are made
	scid   string                // used instead of the true SCID
	link   string                // hashed instead of the predecessor's versionId
	filled func(e tree)          // after the SCID was put in, before the hash
	hashed func(e tree)          // after versionId was set, before signing
	config func(p tree)          // proof options before signing
	signed func(e tree)          // after signing
	raw    func(b []byte) []byte // the finished line
}

// plain is the document of a log at a host, with the placeholder for the SCID.
func plain(host string) tree {
	id := "did:webvh:{SCID}:" + host
	return tree{"@context": []any{"https://www.w3.org/ns/did/v1"}, "id": id}
}

// first is the draft of a sound first entry.
func first(t testing.TB, params tree) draft {
	t.Helper()
	p := tree{"method": "did:webvh:1.0", "scid": "{SCID}", "updateKeys": []any{mk(t, "a")}, "portable": false}
	for k, v := range params {
		p[k] = v
	}
	return draft{params: p, state: plain("uni.example")}
}

// forge makes the log and returns it with its versionIds.
func forge(t testing.TB, drafts ...draft) ([]byte, []string) {
	t.Helper()
	var out bytes.Buffer
	var ids []string
	scid, last := "", ""
	for i, d := range drafts {
		e := tree{"versionId": last, "parameters": strictjson.Clone(d.params), "state": strictjson.Clone(d.state)}
		if d.params == nil {
			e["parameters"] = tree{}
		}
		if d.state == nil {
			e["state"] = strictjson.Clone(drafts[0].state)
		}
		e["versionTime"] = d.time
		if d.time == "" {
			e["versionTime"] = forgeStart.Add(time.Duration(i) * time.Hour).Format(time.RFC3339)
		}
		if i == 0 {
			e["versionId"] = "{SCID}"
		}
		if d.before != nil {
			d.before(e)
		}
		if i == 0 {
			scid = multihash(jcs(t, e))
			if d.scid != "" {
				scid = d.scid
			}
			last = scid
		}
		e = replaceSCID(t, e, scid)
		if d.filled != nil {
			d.filled(e)
		}
		e["versionId"] = last
		if d.link != "" {
			e["versionId"] = strings.ReplaceAll(d.link, "{SCID}", scid)
		}
		last = fmt.Sprintf("%d-%s", i+1, multihash(jcs(t, e)))
		e["versionId"] = last
		if d.hashed != nil {
			d.hashed(e)
			last, _ = e["versionId"].(string)
		}
		by := d.by
		if by == "" {
			by = "a"
		}
		e["proof"] = []any{forgeProof(t, e, testKey(t, by), d.config)}
		if d.signed != nil {
			d.signed(e)
		}
		line := jcs(t, e)
		if d.raw != nil {
			line = d.raw(line)
		}
		out.Write(line)
		out.WriteByte('\n')
		ids = append(ids, last)
	}
	return out.Bytes(), ids
}

func jcs(t testing.TB, v any) []byte {
	t.Helper()
	b, err := strictjson.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func replaceSCID(t testing.TB, e tree, scid string) tree {
	t.Helper()
	m, err := strictjson.ParseObject([]byte(strings.ReplaceAll(string(jcs(t, e)), "{SCID}", scid)), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// forgeProof signs whatever the config says, right or wrong.
func forgeProof(t testing.TB, doc tree, k key.Signer, change func(tree)) tree {
	t.Helper()
	id := k.Public().DIDKey()
	p := tree{
		"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod",
		"verificationMethod": id + "#" + k.Public().Multikey(), "created": "2026-01-01T00:00:00Z",
	}
	if change != nil {
		change(p)
	}
	cfg := sha256.Sum256(jcs(t, p))
	sum := sha256.Sum256(jcs(t, doc))
	sig, err := k.Sign(context.Background(), append(cfg[:], sum[:]...))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p["proofValue"]; !ok {
		p["proofValue"] = "z" + key.Base58Encode(sig)
	}
	return p
}

// witnessProof is one proof for a witness file.
type witnessProof struct {
	versionID, by string
	change        func(p tree)
}

func witnessFile(t testing.TB, proofs ...witnessProof) []byte {
	t.Helper()
	items := []any{}
	for _, w := range proofs {
		p := forgeProof(t, tree{"versionId": w.versionID}, testKey(t, w.by), w.change)
		items = append(items, tree{"versionId": w.versionID, "proof": []any{p}})
	}
	return jcs(t, items)
}

// The forge agrees with the package proof, or its logs would prove nothing.
func TestForgeSigns(t *testing.T) {
	doc := tree{"versionId": "1-x"}
	if err := proof.VerifyJCS(doc, forgeProof(t, doc, testKey(t, "a"), nil), testKey(t, "a").Public()); err != nil {
		t.Fatal(err)
	}
}
