//go:build system

package credentials

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
)

const (
	pkgSDJWT = "@sd-jwt/jwt-status-list"
	pkgOWF   = "@owf/token-status-list"
)

// published is what a node published: three credentials, of which one was revoked
// and one suspended, and the files of their pair of lists.
type published struct {
	did     string
	files   map[string][]byte // by path
	jwk     map[string]any    // of the list key
	known   map[string]any    // DID documents and keys by URL
	indices []int64           // valid, revoked, suspended
}

func publish(t *testing.T) published {
	t.Helper()
	cfg := node.DefaultConfig()
	cfg.Home, cfg.Network = filepath.Join(t.TempDir(), "home"), "off"
	pass := keystore.Fixed([]byte("correct horse"))
	if _, err := node.Init(t.Context(), cfg, node.InitOptions{Passphrase: pass, Domain: "uni.example", Name: "University", WorkFactor: 1}); err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), cfg, node.Options{Passphrase: pass, WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}()
	op := func(name string, in, out any) {
		t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := n.Op(t.Context(), name, node.Caller{Role: node.RoleOperator, By: "test"}, body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if body, err = json.Marshal(got); err == nil {
			err = json.Unmarshal(body, out)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p := published{files: map[string][]byte{}, known: map[string]any{}}
	for _, action := range []string{"", "revoke", "suspend"} {
		var r node.IssueResponse
		op(node.OpIssue, node.IssueRequest{Credential: credential.Micro{Title: "Data Literacy", Holder: credential.Holder{Name: "Ana Andromeda"},
			Place: credential.MicroPlace{Country: "ES"}}}, &r)
		p.indices = append(p.indices, r.Status[0].Index)
		if action != "" {
			op(node.OpStatusSet, node.StatusRequest{Credential: r.Credential, Action: action}, new(node.StatusResponse))
		}
	}
	op(node.OpPublish, node.PublishRequest{}, new(node.PublishResponse))
	dir := t.TempDir()
	op(node.OpFolderExport, node.ExportRequest{Dir: dir}, new(node.ExportResponse))
	for _, path := range []string{"status/1", "status/2", "status/1.jwt", "status/1.cwt"} {
		if p.files[path], err = os.ReadFile(filepath.Join(dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	p.did = n.Info(t.Context()).Issuers[0].DID
	p.document(t, n)
	return p
}

// document finds the key of the lists in the issuer's document.
func (p *published) document(t *testing.T, n *node.Node) {
	t.Helper()
	res, err := n.Resolve(t.Context(), p.did, did.Options{})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(res.Document)
	if err != nil {
		t.Fatal(err)
	}
	p.known[p.did] = json.RawMessage(body)
	list := tree(t, p.files["status/1"])
	method, _ := list["proof"].(map[string]any)["verificationMethod"].(string)
	vm, err := res.Method(method, did.AssertionMethod)
	if err != nil {
		t.Fatal(err)
	}
	p.jwk = vm.Key.JWK()
	p.known[method] = map[string]any{"@context": "https://w3id.org/security/multikey/v1", "id": method, "type": "Multikey", "controller": p.did,
		"publicKeyMultibase": vm.Key.Multikey()}
}

// told judges a list by what the other side reads of it: the statuses wanted, or
// no answer at all for a changed copy.
func told(t *testing.T, what, form string, want []int, whole, changed request) {
	t.Helper()
	row := []string{form, oursToThem, what, "we made it", accepts, "refused by both"}
	if a := ask(t, whole); !a.OK || !slices.Equal(a.Statuses, want) {
		row[4] = fmt.Sprintf("%v %s", a.Statuses, a.Error)
		t.Errorf("they read %v (%s), want %v", a.Statuses, a.Error, want)
	}
	if a := ask(t, changed); a.OK {
		row[5] = "they accept it"
		t.Errorf("they read the changed copy: %v", a.Statuses)
	} else {
		t.Log("they say of the changed one:", a.Error)
	}
	table = append(table, row)
}

// swap changes one letter in the middle of a text that is found after mark.
func swap(t *testing.T, body []byte, mark string) []byte {
	t.Helper()
	at := bytes.Index(body, []byte(mark))
	if at < 0 {
		t.Fatalf("no %s", mark)
	}
	out := bytes.Clone(body)
	if at += len(mark) + 30; out[at] == 'A' {
		out[at] = 'B'
	} else {
		out[at] = 'A'
	}
	return out
}

// flipAt changes one bit.
func flipAt(body []byte, at int) []byte {
	out := bytes.Clone(body)
	out[at] ^= 1
	return out
}

// jwtChanged changes a letter of the payload of a JWT.
func jwtChanged(t *testing.T, token []byte) []byte {
	t.Helper()
	parts := strings.Split(string(token), ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(payload, []byte(`"bits":2`), []byte(`"bits":1`), 1))
	if changed := strings.Join(parts, "."); changed != string(token) {
		return []byte(changed)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(payload, []byte("https://uni.example"), []byte("https://uno.example"), 1))
	return []byte(strings.Join(parts, "."))
}

// What a node publishes is read by the npm packages as the book has it, in all
// four forms, and no changed copy is, by them or by us.
func TestOurLists(t *testing.T) {
	p := publish(t)
	opt := revocation.Options{Credential: credential.Options{At: time.Now(), Resolver: fixedDID{p}}}
	refusedByUs := func(body []byte) {
		t.Helper()
		_, _, okList := revocation.ReadList(t.Context(), body, opt)
		_, _, okToken := revocation.ReadStatusToken(t.Context(), body, p.did, opt)
		if okList || okToken {
			t.Error("we read the changed copy")
		}
	}
	for path, purpose := range map[string]string{"status/1": "revocation", "status/2": "suspension"} {
		want := map[string][]int{"revocation": {0, 1, 0}, "suspension": {0, 0, 1}}[purpose]
		t.Run("bitstring/"+purpose, func(t *testing.T) {
			url, _ := tree(t, p.files[path])["id"].(string)
			var entries []any
			for _, i := range p.indices {
				entries = append(entries, map[string]any{"type": "BitstringStatusListEntry", "statusPurpose": purpose,
					"statusListIndex": strconv.FormatInt(i, 10), "statusListCredential": url})
			}
			q := func(list []byte) request {
				documents := map[string]any{url: json.RawMessage(list)}
				for u, d := range p.known {
					documents[u] = d
				}
				return request{Op: "lists.bitstring", Documents: documents, Document: encode(t, map[string]any{
					"@context": []any{credential.ContextV2}, "type": []any{"VerifiableCredential"}, "issuer": p.did,
					"credentialSubject": map[string]any{"id": "did:example:x"}, "credentialStatus": entries})}
			}
			changed := swap(t, p.files[path], `"encodedList":"`)
			refusedByUs(changed)
			told(t, "list of "+purpose, "bitstring, eddsa-jcs-2022", want, q(p.files[path]), q(changed))
		})
	}
	for _, pkg := range []string{pkgSDJWT, pkgOWF} {
		t.Run("jwt/"+pkg, func(t *testing.T) {
			q := func(token []byte) request {
				return request{Op: "lists.jwt", Typ: pkg, Token: string(token), JWK: p.jwk, Algorithm: "EdDSA", Indices: p.indices}
			}
			changed := jwtChanged(t, p.files["status/1.jwt"])
			refusedByUs(changed)
			told(t, "2 bits, "+pkg, "statuslist+jwt EdDSA", []int{0, 1, 2}, q(p.files["status/1.jwt"]), q(changed))
		})
	}
	t.Run("cwt/"+pkgOWF, func(t *testing.T) {
		q := func(token []byte) request {
			return request{Op: "lists.cwt", Token: base64.StdEncoding.EncodeToString(token), JWK: p.jwk, Algorithm: "EdDSA", Indices: p.indices}
		}
		body := p.files["status/1.cwt"]
		changed := bytes.Replace(body, []byte("uni.example/status/1.jwt"), []byte("uno.example/status/1.jwt"), 1)
		if bytes.Equal(changed, body) {
			t.Fatal("nothing was changed")
		}
		refusedByUs(changed)
		told(t, "2 bits, "+pkgOWF, "statuslist+cwt EdDSA", []int{0, 1, 2}, q(body), q(changed))
	})
}

// What the npm packages make is read by us as it was meant, for every size of a
// status, and no changed copy is, by us or by them.
func TestTheirLists(t *testing.T) {
	from := time.Now().Add(-time.Minute).Unix()
	opt := revocation.Options{Credential: options()}
	note := func(form, what string) {
		table = append(table, []string{form, theirsToUs, what, accepts, "they made it", "refused by both"})
	}
	for _, suite := range []string{"eddsa-jcs-2022", "eddsa-rdfc-2022"} {
		t.Run("bitstring/"+suite, func(t *testing.T) {
			const url = "https://they.example/status/1"
			set := map[string]int{"0": 1, "7": 1, "8": 1, "94567": 1, "131071": 1}
			body := must(t, request{Op: "lists.makeBitstring", Suite: suite, URL: url, From: from, Length: 131072, Set: set}).Document
			l, row, ok := revocation.ReadList(t.Context(), body, opt)
			if !ok {
				t.Fatalf("%+v", row)
			}
			for i := range l.Bits.Len() {
				if got, err := l.Bits.Get(i); err != nil || got != (set[strconv.FormatInt(i, 10)] == 1) {
					t.Fatalf("index %d is %v: %v", i, got, err)
				}
			}
			changed := swap(t, body, `"encodedList":"`)
			if _, row, ok := revocation.ReadList(t.Context(), changed, opt); ok || row.Code != verdict.StatusVerification {
				t.Errorf("the changed copy: %+v", row)
			}
			entry := map[string]any{"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7", "statusListCredential": url}
			if a := ask(t, request{Op: "lists.bitstring", Documents: map[string]any{url: json.RawMessage(changed)}, Document: encode(t, map[string]any{
				"@context": []any{credential.ContextV2}, "type": []any{"VerifiableCredential"}, "issuer": theirKey(t, "lists", "Ed25519"),
				"credentialSubject": map[string]any{"id": "did:example:x"}, "credentialStatus": entry})}); a.OK {
				t.Error("they read the changed copy")
			}
			note("bitstring, "+suite, "131,072 entries")
		})
	}
	for _, bits := range []int{1, 2, 4, 8} {
		top := 1<<bits - 1
		set := map[string]int{"0": 1, "7": top, "8": 1, "9": top, "94567": 1, "131071": top}
		for _, alg := range []string{"EdDSA", "ES256"} {
			for _, form := range []struct{ make, read, pkg string }{
				{"lists.makeJWT", "lists.jwt", pkgSDJWT}, {"lists.makeJWT", "lists.jwt", pkgOWF}, {"lists.makeCWT", "lists.cwt", pkgOWF},
			} {
				t.Run(fmt.Sprintf("%s/%s/%d/%s", form.make, form.pkg, bits, alg), func(t *testing.T) {
					const url = "https://uni.example/they/1"
					token := must(t, request{Op: form.make, Typ: form.pkg, Key: alg, URL: url, From: from, Length: 131072, Bits: bits, Set: set}).Token
					body := []byte(token)
					if form.read == "lists.cwt" {
						var err error
						if body, err = base64.StdEncoding.DecodeString(token); err != nil {
							t.Fatal(err)
						}
					}
					l, row, ok := revocation.ReadStatusToken(t.Context(), body, "", opt)
					if !ok {
						t.Fatalf("%+v", row)
					}
					id := theirKey(t, "lists", alg)
					if l.ID != url || l.Issuer != id || l.TTL != 15*time.Minute || l.Statuses.Bits() != bits || l.ValidFrom.Unix() != from || l.ValidUntil.Unix() != from+3600 {
						t.Errorf("%+v", l)
					}
					for i := range l.Statuses.Len() {
						if got, err := l.Statuses.Get(i); err != nil || got != set[strconv.FormatInt(i, 10)] {
							t.Fatalf("index %d is %d: %v", i, got, err)
						}
					}
					changed := jwtOrCWTChanged(t, form.read, body)
					if _, row, ok := revocation.ReadStatusToken(t.Context(), changed, "", opt); ok || row.Code != verdict.StatusVerification {
						t.Errorf("the changed copy: %+v", row)
					}
					for _, b := range [][]byte{body, changed} {
						text := string(b)
						if form.read == "lists.cwt" {
							text = base64.StdEncoding.EncodeToString(b)
						}
						a := ask(t, request{Op: form.read, Typ: form.pkg, Token: text, JWK: jwkOf(t, id), Algorithm: alg, Indices: []int64{0, 7}})
						if whole := bytes.Equal(b, body); a.OK != whole || whole && !slices.Equal(a.Statuses, []int{1, top}) {
							t.Errorf("they read %v (%s), changed: %v", a.Statuses, a.Error, !whole)
						}
					}
					note(form.pkg+", "+strings.TrimPrefix(form.make, "lists.make")+" "+alg, fmt.Sprintf("131,072 entries of %d bits", bits))
				})
			}
		}
	}
}

func jwtOrCWTChanged(t *testing.T, read string, body []byte) []byte {
	t.Helper()
	if read == "lists.jwt" {
		return jwtChanged(t, body)
	}
	return flipAt(body, len(body)-1)
}

// fixedDID knows the key of one issuer's lists.
type fixedDID struct{ p published }

func (f fixedDID) Resolve(_ context.Context, id string, _ did.Options) (*did.Resolution, error) {
	if id != f.p.did {
		return nil, did.ErrNotFound
	}
	raw, _ := f.p.known[id].(json.RawMessage)
	tree, err := strictjson.ParseObject(raw, strictjson.Limits{})
	if err != nil {
		return nil, err
	}
	doc, err := did.ParseDocument(tree)
	return &did.Resolution{DID: id, Document: doc}, err
}
