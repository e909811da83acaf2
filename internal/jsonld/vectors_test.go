package jsonld

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readDoc(t testing.TB, path string) map[string]any {
	t.Helper()
	m, err := strictjson.ParseObject(readFile(t, path), strictjson.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m
}

// testLoader adds the contexts that only test documents use.
func testLoader(t testing.TB) *Loader {
	t.Helper()
	l := Builtin()
	for url, file := range map[string]string{
		"https://www.w3.org/ns/credentials/examples/v2": "credentials-examples-v2.jsonld",
		"https://w3id.org/citizenship/v4rc1":            "citizenship-v4rc1.jsonld",
	} {
		var err error
		if l, err = l.With(url, readFile(t, vectors.Path(t, "contexts/"+file))); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// TestCryptosuiteVectors holds the canonical form of credentials and proof
// options against the test vectors of the W3C cryptosuites.
func TestCryptosuiteVectors(t *testing.T) {
	l := testLoader(t)
	tests := []struct {
		name, doc, want string
		hash            crypto.Hash
	}{
		{"eddsa document", "di-eddsa/unsigned.json", "di-eddsa/eddsa-rdfc-2022/canonDocDataInt.txt", crypto.SHA256},
		{"eddsa proof", "di-eddsa/eddsa-rdfc-2022/proofConfigDataInt.json", "di-eddsa/eddsa-rdfc-2022/proofCanonDataInt.txt", crypto.SHA256},
		{"ecdsa p256 document", "di-ecdsa/unsigned.json", "di-ecdsa/ecdsa-rdfc-2019-p256/canonDocECDSAP256.txt", crypto.SHA256},
		{"ecdsa p256 proof", "di-ecdsa/ecdsa-rdfc-2019-p256/proofConfigECDSAP256.json", "di-ecdsa/ecdsa-rdfc-2019-p256/proofCanonECDSAP256.txt", crypto.SHA256},
		{"ecdsa p384 document", "di-ecdsa/unsigned.json", "di-ecdsa/ecdsa-rdfc-2019-p384/canonDocECDSAP384.txt", crypto.SHA384},
		{"ecdsa p384 proof", "di-ecdsa/ecdsa-rdfc-2019-p384/proofConfigECDSAP384.json", "di-ecdsa/ecdsa-rdfc-2019-p384/proofCanonECDSAP384.txt", crypto.SHA384},
		{"bbs proof", "di-bbs/prc/addProofConfig.json", "di-bbs/prc/addProofConfigCanon.txt", crypto.SHA256},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := readDoc(t, vectors.Path(t, "vectors/"+tt.doc))
			got, err := l.CanonicalNQuads(doc, tt.hash, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			want := string(readFile(t, vectors.Path(t, "vectors/"+tt.want)))
			if strings.TrimRight(string(got), "\n") != strings.TrimRight(want, "\n") {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// base58 decodes base58btc for tests.
func base58(t testing.TB, s string) []byte {
	t.Helper()
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	n := new(big.Int)
	for _, c := range s {
		i := strings.IndexRune(alphabet, c)
		if i < 0 {
			t.Fatalf("%q is not base58btc", s)
		}
		n.Add(n.Mul(n, big.NewInt(58)), big.NewInt(int64(i)))
	}
	return append(make([]byte, len(s)-len(strings.TrimLeft(s, "1"))), n.Bytes()...)
}

// TestSampleSignatures verifies the signatures of real credentials, which only
// works when document and proof options are canonicalized to the byte.
func TestSampleSignatures(t *testing.T) {
	l := testLoader(t)
	for _, name := range []string{
		"samples/dcc-ob3-v2-eddsa-rdfc2022-valid.json",
		"samples/dcc-ob3-v2-ed25519sig2020-valid.json",
		"samples/dcc-ob3-v2-revoked.json",
		"samples/dcc-bitstring-status-list.json",
		"samples/ob3-numeric-statuslistindex.json",
		"samples/ob3-bitstring-status-list.json",
		"vectors/di-eddsa/eddsa-rdfc-2022/signedDataInt.json",
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			doc := readDoc(t, vectors.Path(t, name))
			proof, ok := doc["proof"].(map[string]any)
			if !ok {
				proof = doc["proof"].([]any)[0].(map[string]any)
			}
			delete(doc, "proof")
			signature := base58(t, proof["proofValue"].(string)[1:])
			delete(proof, "proofValue")
			proof["@context"] = doc["@context"]
			method := proof["verificationMethod"].(string)
			key := base58(t, method[strings.LastIndex(method, "#z")+2:])[2:]

			verify := func() bool {
				var data []byte
				for _, part := range []map[string]any{proof, doc} {
					n, err := l.CanonicalNQuads(part, crypto.SHA256, Limits{})
					if err != nil {
						t.Fatal(err)
					}
					h := sha256.Sum256(n)
					data = append(data, h[:]...)
				}
				return ed25519.Verify(key, data, signature)
			}
			if !verify() {
				t.Error("the signature does not verify")
			}
			doc["name"] = "changed"
			if verify() {
				t.Error("the signature verifies over a changed document")
			}
		})
	}
}
