//go:build system

package system

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/proof/sealtest"
)

// maker is an issuer whose key is good and whose intentions are not.
type maker struct {
	t   *testing.T
	key key.Private
	did string
	kid string
}

func newMaker(t *testing.T) *maker {
	t.Helper()
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &maker{t, k, k.Public().DIDKey(), k.Public().DIDKey() + "#" + k.Public().Multikey()}
}

// tree is a small credential; pairs replace or add members.
func (m *maker) tree(pairs ...any) map[string]any {
	out := map[string]any{
		"@context": []any{credential.ContextV2}, "id": "urn:uuid:0ab1c2d3-0000-4000-8000-000000000001", "type": []any{"VerifiableCredential"},
		"issuer": m.did, "validFrom": "2026-01-01T00:00:00Z", "credentialSubject": map[string]any{"id": "did:example:ana"},
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

func (m *maker) sign(tree map[string]any, suite string, work int) map[string]any {
	m.t.Helper()
	out, err := proof.Sign(m.t.Context(), tree, m.key, proof.SignOptions{Suite: suite, VerificationMethod: m.kid,
		Created: time.Now().Add(-time.Minute), Loader: jsonld.Builtin(), JSONLD: jsonld.Limits{MaxWork: work}})
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// good is a credential that verifies.
func (m *maker) good() []byte { return m.jcs(m.tree()) }

func (m *maker) jcs(tree map[string]any) []byte {
	return m.write(m.sign(tree, proof.EdDSAJCS2022, 0))
}

// claimed carries n proofs by the issuer's key that a verifier has to
// canonicalise the graph for before it can tell that they do not hold.
func (m *maker) claimed(tree map[string]any, n int) map[string]any {
	signed := m.sign(m.tree(), proof.EdDSARDFC2022, 0)
	var list []any
	for range n {
		list = append(list, signed["proof"])
	}
	tree["proof"] = list
	return tree
}

func (m *maker) token(typ string, payload map[string]any) string {
	m.t.Helper()
	text, err := jose.Sign(m.t.Context(), m.key, map[string]any{"typ": typ, "kid": m.kid}, m.write(payload))
	if err != nil {
		m.t.Fatal(err)
	}
	return text
}

func (m *maker) write(v any) []byte {
	m.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		m.t.Fatal(err)
	}
	return b
}

const listURL = "https://issuer.example/status/1"

// listed is a good credential whose status stands in the list at listURL.
func (m *maker) listed() []byte {
	return m.jcs(m.tree("credentialStatus", map[string]any{"id": listURL + "#7", "type": "BitstringStatusListEntry",
		"statusPurpose": "revocation", "statusListIndex": "7", "statusListCredential": listURL}))
}

// list is a status list with a good signature around packed.
func (m *maker) list(packed []byte) map[string]any {
	return m.tree("id", listURL, "type", []any{"VerifiableCredential", "BitstringStatusListCredential"},
		"credentialSubject", map[string]any{"id": listURL + "#list", "type": "BitstringStatusList", "statusPurpose": "revocation",
			"encodedList": "u" + base64.RawURLEncoding.EncodeToString(packed)})
}

const unpacked = 1 << 29

// zeros writes half a gigabyte of them.
func zeros(t *testing.T, w io.WriteCloser) {
	t.Helper()
	block := make([]byte, 1<<20)
	for range unpacked / len(block) {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// gzipped is half a gigabyte of zeros in one GZIP member.
func gzipped(t *testing.T) func() []byte {
	return sync.OnceValue(func() []byte {
		var b bytes.Buffer
		zeros(t, gzip.NewWriter(&b))
		return b.Bytes()
	})
}

func zlibbed(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	zeros(t, zlib.NewWriter(&b))
	return b.Bytes()
}

// members is as many GZIP members as fit, each of 8 MiB of zeros.
func members(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(make([]byte, 8<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(b.Bytes(), 128)
}

const withEdges = "https://www.w3.org/ns/did/v1" // has a term for edges between nodes

// clique is n blank nodes that all point at each other.
func clique(n int) []any {
	nodes := make([]any, n)
	for i := range nodes {
		var to []any
		for j := range n {
			if i != j {
				to = append(to, fmt.Sprint("_:e", j))
			}
		}
		nodes[i] = map[string]any{"id": fmt.Sprint("_:e", i), "alsoKnownAs": to}
	}
	return nodes
}

// poison is one of the W3C's graphs as JSON-LD nodes.
func poison(t *testing.T, name string) []any {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "vectors/rdf-canon/rdfc10/"+name))
	if err != nil {
		t.Fatal(err)
	}
	edges := map[string][]any{}
	for _, e := range regexp.MustCompile(`(?m)^(_:\w+) <[^>]+> (_:\w+) \.$`).FindAllStringSubmatch(string(b), -1) {
		edges[e[1]] = append(edges[e[1]], e[2])
	}
	if len(edges) == 0 {
		t.Fatalf("%s has no edges between blank nodes", name)
	}
	var nodes []any
	for from, to := range edges {
		nodes = append(nodes, map[string]any{"id": from, "alsoKnownAs": to})
	}
	return nodes
}

// graph is a credential with nodes beside its subject.
func (m *maker) graph(nodes []any) map[string]any {
	return m.tree("@context", []any{credential.ContextV2, withEdges},
		"credentialSubject", append([]any{map[string]any{"id": "did:example:ana"}}, map[string]any{"id": "did:example:max", "controller": nodes}))
}

// digest is a disclosure's (RFC 9901 section 4.2.3).
func digest(disclosure string) string {
	sum := sha256.Sum256([]byte(disclosure))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func disclosure(list ...any) string {
	b, _ := json.Marshal(list)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (m *maker) sd(digests []any, disclosures []string) []byte {
	tree := m.tree()
	tree["_sd_alg"] = "sha-256"
	tree["credentialSubject"] = map[string]any{"id": "did:example:ana", "_sd": digests}
	return []byte(m.token("vc+sd-jwt", tree) + "~" + strings.Join(disclosures, "~") + "~")
}

// wide is an SD-JWT with n disclosures side by side.
func (m *maker) wide(n int) []byte {
	digests, disclosures := make([]any, n), make([]string, n)
	for i := range n {
		disclosures[i] = disclosure("s", fmt.Sprint("n", i), 0)
		digests[i] = digest(disclosures[i])
	}
	return m.sd(digests, disclosures)
}

// deep is an SD-JWT with n disclosures in each other.
func (m *maker) deep(n int) []byte {
	disclosures := make([]string, n)
	var inner any = 0
	for i := n - 1; i >= 0; i-- {
		disclosures[i] = disclosure("s", fmt.Sprint("n", i), inner)
		inner = map[string]any{"_sd": []any{digest(disclosures[i])}}
	}
	return m.sd([]any{digest(disclosures[0])}, disclosures)
}

// nested is an EnvelopedVerifiableCredential around a token around another,
// until no more of it could be read.
func (m *maker) nested() []byte {
	tree := m.tree()
	for {
		next := credential.Envelop("EnvelopedVerifiableCredential", credential.MediaVCJWT, m.token("vc+jwt", tree))
		next["issuer"] = m.did
		if b := m.write(next); len(b) > credential.MaxBytes {
			return m.write(tree)
		}
		tree = next
	}
}

// inEachOther is n objects of the given type in each other.
func (m *maker) inEachOther(n int) map[string]any {
	tree := m.tree()
	for range n {
		next := credential.Envelop("EnvelopedVerifiableCredential", credential.MediaVCJWT, "e30.e30.")
		next["verifiableCredential"] = tree
		tree = next
	}
	return tree
}

func (m *maker) presentation(n int, one any) []byte {
	list := make([]any, n)
	for i := range list {
		list[i] = one
	}
	return m.write(map[string]any{"@context": []any{credential.ContextV2, withEdges}, "type": []any{"VerifiablePresentation"}, "verifiableCredential": list})
}

// png is an image of the given chunks after IHDR.
func png(chunks ...[]byte) []byte {
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", make([]byte, 13))...)
	for _, c := range chunks {
		out = append(out, c...)
	}
	return append(out, chunk("IEND", nil)...)
}

func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func svg(prolog, inside string) []byte {
	return []byte(`<?xml version="1.0"?>` + prolog + `<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0">` + inside + `</svg>`)
}

// laughs are entities each of which is ten of the one before.
func laughs() string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE svg [<!ENTITY e0 "ha">`)
	for i := range 20 {
		fmt.Fprintf(&b, `<!ENTITY e%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&e%d;", i), 10))
	}
	return b.String() + `]>`
}

// sealed is a European Digital Credential whose seal carries n unsigned properties.
func (m *maker) sealed(n int) []byte {
	ca := sealtest.NewAuthority(m.t, "Root")
	d := sealtest.NewDraft(string(m.write(m.tree("@context", []any{credential.ContextV1}, "issuanceDate", "2026-01-01T00:00:00Z"))), ca.Issue(m.t, nil))
	list := make([]any, n)
	for i := range list {
		list[i] = map[string]any{"sigTst": sealtest.Tokens([]byte{0x30, 0x80})}
	}
	d.Header["etsiU"] = list
	return d.File(m.t)
}

const schemaURL = "https://issuer.example/schema.json"

// doubling is a JSON Schema of which each part applies the next twice.
func doubling(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"$schema":"https://json-schema.org/draft/2020-12/schema","$ref":"#/$defs/0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"%d":{"allOf":[{"$ref":"#/$defs/%d"},{"$ref":"#/$defs/%d"}]},`, i, i+1, i+1)
	}
	fmt.Fprintf(&b, `"%d":{"type":"object"}}}`, n)
	return []byte(b.String())
}
