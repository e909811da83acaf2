//go:build system

package system

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/sdjwt"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/proof/cose"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
)

// published is a site of issuers whose keys, logs and heads are all in order and
// whose status lists unpack to half a gigabyte.
type published struct {
	url         string
	credentials map[string][]byte
}

const site = "issuer.example"

func publishBombs(t *testing.T) published {
	t.Helper()
	m := newMaker(t)
	packed := gzipped(t)()
	mux := http.NewServeMux()
	give := func(path string, body []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	out := published{url: srv.URL, credentials: map[string][]byte{}}

	// An issuer that is nothing but its key; its lists are where its credentials say.
	out.credentials["a list at its own URL"] = m.listed()
	give("/status/1", m.jcs(m.list(packed)))
	older := m.list(packed)
	old := func(tree map[string]any) map[string]any { // VCDM 1.1, which that type belongs to
		tree["@context"] = []any{credential.ContextV1, "https://w3id.org/vc/status-list/2021/v1"}
		tree["issuanceDate"] = tree["validFrom"]
		delete(tree, "validFrom")
		return tree
	}
	older["type"], older["id"] = []any{"VerifiableCredential", "StatusList2021Credential"}, "https://"+site+"/status/3"
	older["credentialSubject"] = map[string]any{"id": "https://" + site + "/status/3#list", "type": "StatusList2021", "statusPurpose": "revocation",
		"encodedList": base64.RawURLEncoding.EncodeToString(packed)}
	give("/status/3", m.jcs(old(older)))
	out.credentials["an older list at its own URL"] = m.jcs(old(m.tree("credentialStatus", map[string]any{
		"id": "https://" + site + "/status/3#7", "type": "StatusList2021Entry",
		"statusPurpose": "revocation", "statusListIndex": "7", "statusListCredential": "https://" + site + "/status/3"})))

	// Token lists, in both forms.
	tokens := zlibbed(t)
	for form, body := range map[string][]byte{"jwt": m.statusJWT("/tokens/jwt", tokens), "cwt": m.statusCWT("/tokens/cwt", tokens)} {
		media := map[string]string{"jwt": revocation.MediaStatusJWT, "cwt": revocation.MediaStatusCWT}[form]
		mux.HandleFunc("GET /tokens/"+form, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			_, _ = w.Write(body)
		})
		vc, err := sdjwt.Issue(t.Context(), m.key, sdjwt.TypeVC, m.kid, map[string]any{"iss": m.did, "iat": time.Now().Unix(), "vct": "https://" + site + "/diploma",
			"status": map[string]any{"status_list": map[string]any{"idx": 7, "uri": "https://" + site + "/tokens/" + form}}}, sdjwt.Frame{})
		if err != nil {
			t.Fatal(err)
		}
		out.credentials["a token list as "+form] = []byte(vc.String())
	}

	// An issuer with a log and a folder, whose head names the list.
	keys := make([]key.Private, 5)
	for i := range keys {
		var err error
		if keys[i], err = key.Generate(key.Ed25519, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().Add(-time.Minute).Truncate(time.Second)
	update, next, sign, list, head := keys[0], keys[1], keys[2], keys[3], keys[4]
	log, err := webvh.Create(t.Context(), webvh.CreateOptions{Location: webvh.Location{Host: site, Path: []string{"school"}},
		Document: func(id string) (map[string]any, error) {
			return did.Spec{ID: id, Assertion: []key.Public{sign.Public(), list.Public()}, Authentication: []key.Public{sign.Public()},
				Invocation: []key.Public{head.Public()}, Folder: &did.FolderService{}}.Build()
		}, Signer: update, NextKeys: []key.Public{next.Public()}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	id, err := webvh.ParseID(log.DID())
	if err != nil {
		t.Fatal(err)
	}
	by := func(k key.Private) *maker { return &maker{t, k, log.DID(), log.DID() + "#" + k.Public().Multikey()} }
	tree := by(list).list(packed)
	tree["id"] = id.FileURL("status/1")
	tree["credentialSubject"].(map[string]any)["id"] = id.FileURL("status/1") + "#list"
	body := by(list).jcs(tree)
	manifest, err := record.NewManifest([]record.Leaf{{Path: "status/1", CID: record.CIDOf(body), Size: int64(len(body))},
		{Path: replica.PathLog, CID: record.CIDOf(log.Log()), Size: int64(len(log.Log()))}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := replica.BuildHead(t.Context(), replica.HeadRequest{Log: log, Signer: head, Manifest: manifest, Published: now})
	if err != nil {
		t.Fatal(err)
	}
	give("/school/did.jsonl", log.Log())
	give("/school/bonafide/head", h.Bytes())
	give("/school/bonafide/manifest", manifest.Encode())
	give("/school/status/1", body)
	out.credentials["a list that the head names"] = by(sign).jcs(by(sign).tree("credentialStatus", map[string]any{"id": tree["id"].(string) + "#7",
		"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7", "statusListCredential": tree["id"]}))
	return out
}

// statusClaims are those of a token list at a path of the site.
func (m *maker) statusClaims(path string) (iss, sub string, iat int64) {
	return m.did, "https://" + site + path, time.Now().Add(-time.Minute).Unix()
}

func (m *maker) statusJWT(path string, packed []byte) []byte {
	iss, sub, iat := m.statusClaims(path)
	return []byte(m.token("statuslist+jwt", map[string]any{"iss": iss, "sub": sub, "iat": iat,
		"status_list": map[string]any{"bits": 1, "lst": base64.RawURLEncoding.EncodeToString(packed)}}))
}

func (m *maker) statusCWT(path string, packed []byte) []byte {
	m.t.Helper()
	iss, sub, iat := m.statusClaims(path)
	payload, err := cose.Encode(map[any]any{int64(1): iss, int64(2): sub, int64(6): iat, int64(65533): map[any]any{"bits": int64(1), "lst": packed}})
	if err != nil {
		m.t.Fatal(err)
	}
	b, err := cose.Sign(m.t.Context(), m.key, cose.Header{Type: revocation.MediaStatusCWT, Kid: m.kid}, payload)
	if err != nil {
		m.t.Fatal(err)
	}
	return b
}

// Lists that unpack to 512 MiB, signed and published by the issuer of the
// credential as its own, are met by a verifier in 128 MiB: on the command line and
// by a node that keeps folders. Each is answered with the reason, and the process
// goes on.
func TestPublishedBombs(t *testing.T) {
	p := publishBombs(t)
	wants := map[string]verdict.Code{"a list at its own URL": verdict.TooLarge, "an older list at its own URL": verdict.TooLarge,
		"a token list as jwt": verdict.TooLarge, "a token list as cwt": verdict.TooLarge,
		"a list that the head names": verdict.StatusRetrieval} // it never comes in at the door
	dir := t.TempDir()
	judge := func(t *testing.T, name string, a answer) {
		t.Helper()
		b := bomb{row: verdict.Status, code: wants[name]}
		b.judge(t, a)
		if a.Outcome != verdict.Indeterminate {
			t.Errorf("%s", a.Outcome)
		}
	}
	hostMap := site + "=" + p.url
	for name, body := range p.credentials {
		t.Run("command line, "+name, func(t *testing.T) {
			file := filepath.Join(dir, "credential.json")
			if err := os.WriteFile(file, body, 0o600); err != nil {
				t.Fatal(err)
			}
			c := newCage(t, cageSize)
			before := spent(t, "self")
			wrap := append(c.exec(), "env", "BONAFIDE_DEV_HOST_MAP="+hostMap, "BONAFIDE_NETWORK=origin")
			out, code := command(t, wrap, filepath.Join(dir, "none"), "verify", "--json", "--policy", "authentic", file)
			t.Logf("exit code %d, at most %d MiB, of a processor %v", code, c.peak(t)>>20, spent(t, "self")-before)
			if c.kills(t) > 0 || code != 3 {
				t.Fatalf("%d kills, exit code %d: %.300s", c.kills(t), code, out)
			}
			var a answer
			if err := json.Unmarshal(out, &a); err != nil {
				t.Fatal(err)
			}
			judge(t, name, a)
		})
	}
	home := filepath.Join(dir, "home")
	done(t, nil, home, "init", "--yes")
	c := newCage(t, cageSize)
	r := start(t, home, c.exec(), "--listen", loopback, "--cadence", "1h", "--dev-host-map", hostMap, "--network", "origin")
	for range 3 {
		for name, body := range p.credentials {
			var a answer
			if err := r.client.Op(t.Context(), node.OpVerify, node.VerifyRequest{Credential: body, Policy: "authentic"}, &a); err != nil {
				t.Fatal(err)
			}
			judge(t, name, a)
		}
	}
	var a answer
	err := r.client.Op(t.Context(), node.OpVerify, node.VerifyRequest{Credential: newMaker(t).good(), Policy: "authentic"}, &a)
	if err != nil || a.Outcome != verdict.Verified || c.kills(t) > 0 {
		t.Errorf("after all: %s, %v, %d kills", a.Outcome, err, c.kills(t))
	}
	t.Logf("a node met fifteen of them and verifies a good credential; at most %d MiB", c.peak(t)>>20)
}
