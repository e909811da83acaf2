//go:build system

package webvh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
)

// peerVersion is the release that the figures in the documentation are about.
const peerVersion = "didwebvh-ts@2.8.0"

// peer installs didwebvh-ts and returns a way to call the script.
func peer(t *testing.T) func(stdin []byte, args ...string) []byte {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			vectors.Missing(t, tool)
		}
	}
	dir := t.TempDir()
	if have := os.Getenv("DIDWEBVH_TS"); have != "" {
		if err := os.Symlink(filepath.Join(have, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
	} else {
		install := exec.CommandContext(t.Context(), "npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", peerVersion)
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			t.Logf("%s", out)
			vectors.Missing(t, peerVersion)
		}
	}
	script, err := os.ReadFile(filepath.Join("testdata", "peer.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "peer.mjs"), script, 0o600); err != nil {
		t.Fatal(err)
	}
	return func(stdin []byte, args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "node", append([]string{"peer.mjs"}, args...)...)
		cmd.Dir, cmd.Stdin = dir, bytes.NewReader(stdin)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("node %v: %v\n%s", args, err, stderr.Bytes())
		}
		return out
	}
}

// sample is one log on its way between the two.
type sample struct {
	Name        string `json:"name"`
	DID         string `json:"did"`
	Log         string `json:"log"`
	Witness     string `json:"witness"`
	VersionID   string `json:"versionId"`
	Deactivated bool   `json:"deactivated"`
}

func TestTheirLogs(t *testing.T) {
	var list []sample
	if err := json.Unmarshal(peer(t)(nil, "make"), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 7 {
		t.Errorf("%d logs, want 7", len(list))
	}
	for _, s := range list {
		t.Run(s.Name, func(t *testing.T) {
			h, err := webvh.Verify([]byte(s.Log), []byte(s.Witness), webvh.VerifyOptions{DID: s.DID, Now: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			res, err := h.Resolve(did.Options{}, s.DID)
			if err != nil {
				t.Fatal(err)
			}
			if res.Meta.VersionID != s.VersionID || res.Meta.Deactivated != s.Deactivated || h.DID() != s.DID || (res.Document == nil) != s.Deactivated {
				t.Errorf("%+v, want %+v", res.Meta, s)
			}
		})
	}
}

func testKey(t testing.TB, name string) key.Private {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	k, err := key.FromSeed(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func publics(t testing.TB, names ...string) (out []key.Public) {
	t.Helper()
	for _, n := range names {
		out = append(out, testKey(t, n).Public())
	}
	return out
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func document(t testing.TB) webvh.Builder {
	return func(id string) (map[string]any, error) {
		return did.Spec{ID: id, Assertion: publics(t, "credential", "list"), Invocation: publics(t, "head"),
			Folder: &did.FolderService{Peers: []string{"/dns4/uni.example/tcp/4001"}}}.Build()
	}
}

// ours writes one log for every operation.
func ours(t *testing.T) []sample {
	t.Helper()
	var out []sample
	var file []byte
	add := func(name string, h *webvh.History) {
		out = append(out, sample{name, h.DID(), string(h.Log()), string(file), h.Latest().VersionID, h.Deactivated()})
	}
	update := func(h *webvh.History, o webvh.UpdateOptions) *webvh.History {
		t.Helper()
		o.Now = h.Latest().Time.Add(time.Hour)
		next, err := h.Update(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	create := func(o webvh.CreateOptions) *webvh.History {
		t.Helper()
		o.Location, o.Document, o.Signer, o.Now = webvh.Location{Host: "uni.example"}, document(t), testKey(t, "u1"), start
		h, err := webvh.Create(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := create(webvh.CreateOptions{NoPreRotation: true})
	add("create", h)
	h = update(h, webvh.UpdateOptions{Signer: testKey(t, "u1"), Document: document(t)})
	add("update", h)
	h = update(h, webvh.UpdateOptions{Signer: testKey(t, "u1"), UpdateKeys: publics(t, "u2")})
	h = update(h, webvh.UpdateOptions{Signer: testKey(t, "u2")})
	add("rotate", h)
	add("deactivate", update(h, webvh.UpdateOptions{Signer: testKey(t, "u2"), Deactivate: true}))

	h = create(webvh.CreateOptions{NextKeys: publics(t, "u2")})
	h = update(h, webvh.UpdateOptions{Signer: testKey(t, "u2"), NextKeys: publics(t, "u3", "spare")})
	add("pre-rotation", h)
	h = update(h, webvh.UpdateOptions{Signer: testKey(t, "u3"), NextKeys: publics(t, "u4"), Move: &webvh.Location{Host: "moved.example", Path: []string{"a b"}}})
	add("portable move", h)
	add("deactivate under pre-rotation", update(h, webvh.UpdateOptions{Signer: testKey(t, "u4"), Deactivate: true}))

	collect := func(names ...string) webvh.Collector {
		return func(ctx context.Context, c webvh.Candidate) ([]byte, error) {
			for _, n := range names {
				p, err := webvh.SignWitness(ctx, c.VersionID, testKey(t, n), start)
				if err != nil {
					return nil, err
				}
				if file, err = webvh.AddWitnessProof(file, c.VersionID, p); err != nil {
					return nil, err
				}
			}
			return file, nil
		}
	}
	var ids []string
	for _, k := range publics(t, "w1", "w2", "w3") {
		ids = append(ids, k.DIDKey())
	}
	h = create(webvh.CreateOptions{NextKeys: publics(t, "u2"), Witness: webvh.Witness{Threshold: 2, IDs: ids}, Collect: collect("w1", "w2")})
	h = update(h, webvh.UpdateOptions{Signer: testKey(t, "u2"), NextKeys: publics(t, "u3"), Collect: collect("w2", "w3")})
	h = update(h, webvh.UpdateOptions{Signer: testKey(t, "u3"), NextKeys: publics(t, "u4"), Witness: &webvh.Witness{}, Collect: collect("w1", "w3")})
	h = update(h, webvh.UpdateOptions{Signer: testKey(t, "u4"), NextKeys: publics(t, "u5")})
	pruned, err := h.PruneWitnessFile(file)
	if err != nil {
		t.Fatal(err)
	}
	add("witnesses", h)
	file = pruned
	add("witnesses, pruned", h)
	return out
}

// verdict is what the other implementation says of a log.
type verdict struct {
	sample
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

func judge(t *testing.T, list []sample) map[string]verdict {
	t.Helper()
	in, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []verdict
	if err := json.Unmarshal(peer(t)(in, "check"), &verdicts); err != nil {
		t.Fatal(err)
	}
	out := map[string]verdict{}
	for _, v := range verdicts {
		out[v.Name] = v
	}
	return out
}

func TestOurLogs(t *testing.T) {
	list := ours(t)
	// Controls: a judge that says yes to everything would prove nothing.
	forged := list[1]
	forged.Name, forged.Log = "control: changed", strings.Replace(forged.Log, "/dns4/uni.example", "/dns4/evil.example", 1)
	unwitnessed := list[len(list)-1]
	unwitnessed.Name, unwitnessed.Witness = "control: unwitnessed", ""
	verdicts := judge(t, append(list, forged, unwitnessed))
	for _, s := range list {
		t.Run(s.Name, func(t *testing.T) {
			v := verdicts[s.Name]
			if !v.OK || v.DID != s.DID || v.VersionID != s.VersionID || v.Deactivated != s.Deactivated {
				t.Errorf("got %+v", v)
			}
		})
	}
	for _, name := range []string{forged.Name, unwitnessed.Name} {
		if v, ok := verdicts[name]; !ok || v.OK {
			t.Errorf("%s was accepted: %+v", name, v)
		}
	}
}
