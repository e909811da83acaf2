package webvh

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

// script is what a public vector says about itself.
type script struct {
	Description string `yaml:"description"`
	Negative    bool   `yaml:"negative"`
	Steps       []struct {
		Op          string         `yaml:"op"`
		Domain      string         `yaml:"domain"`
		DID         string         `yaml:"did"`
		Timestamp   string         `yaml:"timestamp"`
		Params      map[string]any `yaml:"params"`
		ExpectError string         `yaml:"expectError"`
	} `yaml:"steps"`
}

func readScript(t *testing.T, dir string) script {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "script.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var s script
	if err := yaml.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// expectation is what the script says the newest version is like.
type expectation struct {
	entries     int
	deactivated bool
	time        string
	params      map[string]any // of all steps, later ones win
}

func (s script) expect() expectation {
	e := expectation{params: map[string]any{}}
	for _, step := range s.Steps {
		switch step.Op {
		case "create", "update", "deactivate":
			e.entries++
			e.time = step.Timestamp
			e.deactivated = step.Op == "deactivate"
			for k, v := range step.Params {
				e.params[k] = v
			}
		}
	}
	return e
}

func readLog(t *testing.T, dir string) (log, witness []byte) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(dir, "did.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	witness, err = os.ReadFile(filepath.Join(dir, "did-witness.json"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return log, witness
}

func vectorDirs(t *testing.T, negative bool) []string {
	t.Helper()
	root := vectors.Path(t, "vectors/did-webvh")
	list, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		if e.IsDir() && strings.HasPrefix(e.Name(), "negative-") == negative {
			out = append(out, filepath.Join(root, e.Name()))
		}
	}
	if len(out) == 0 {
		t.Fatal("no vectors")
	}
	return out
}

func implementations(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*", "did.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i] = filepath.Dir(list[i])
	}
	return list
}

func TestVectorsPositive(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	seen := 0
	for _, dir := range vectorDirs(t, false) {
		want := readScript(t, dir).expect()
		for _, impl := range implementations(t, dir) {
			seen++
			t.Run(filepath.Base(dir)+"/"+filepath.Base(impl), func(t *testing.T) {
				log, witness := readLog(t, impl)
				h, err := Verify(log, witness, VerifyOptions{Now: now})
				if err != nil {
					t.Fatal(err)
				}
				checkVector(t, h, log, want)
				again, err := Verify(log, witness, VerifyOptions{Now: now, DID: h.DID()})
				if err != nil || Compare(h, again).Kind != Equal {
					t.Errorf("asked for by its name: %v", err)
				}
				if h.Active().Witness.Active() {
					if _, err := Verify(log, nil, VerifyOptions{Now: now}); !errors.Is(err, ErrWitnessProof) {
						t.Errorf("without its witness file: %v", err)
					}
				}
			})
		}
	}
	if seen < 16 {
		t.Errorf("%d logs, expected 16", seen)
	}
}

// checkVector compares with what the script states: number of entries, time,
// deactivation, and those parameters that show in the document.
func checkVector(t *testing.T, h *History, log []byte, want expectation) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	var last struct {
		VersionID string         `json:"versionId"`
		State     map[string]any `json:"state"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	res, err := h.Resolve(did.Options{}, h.DID())
	if err != nil {
		t.Fatal(err)
	}
	if h.Len() != want.entries {
		t.Errorf("%d entries, the script makes %d", h.Len(), want.entries)
	}
	if res.Meta.VersionID != last.VersionID {
		t.Errorf("versionId %s, want %s", res.Meta.VersionID, last.VersionID)
	}
	if res.Meta.Deactivated != want.deactivated {
		t.Errorf("deactivated %v, want %v", res.Meta.Deactivated, want.deactivated)
	}
	if got := res.Meta.Extra["versionTime"]; got != want.time {
		t.Errorf("versionTime %v, want %s", got, want.time)
	}
	if want.deactivated {
		if res.Document != nil {
			t.Error("the document of a deactivated identifier is shown")
		}
		return
	}
	text, err := res.Document.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, last.State) {
		t.Errorf("document\n got %s\nwant %v", text, last.State)
	}
	if list, ok := want.params["services"].([]any); ok {
		var names []string
		for _, s := range res.Document.Services() {
			names = append(names, s.ID[strings.IndexByte(s.ID, '#'):])
		}
		for _, s := range list {
			if id, _ := s.(map[string]any)["id"].(string); !slices.Contains(names, id) {
				t.Errorf("service %s is missing, have %v", id, names)
			}
		}
	}
	if list, ok := want.params["alsoKnownAs"].([]any); ok {
		for _, s := range list {
			if !slices.Contains(res.Document.AlsoKnownAs(), s.(string)) {
				t.Errorf("alsoKnownAs lacks %v", s)
			}
		}
	}
	if v, ok := want.params["portable"].(bool); ok && h.Active().Portable != v {
		t.Errorf("portable %v, want %v", h.Active().Portable, v)
	}
	if list, ok := want.params["nextKeyHashes"].([]any); ok && len(h.Active().NextKeyHashes) != len(list) {
		t.Errorf("nextKeyHashes %v", h.Active().NextKeyHashes)
	}
}

func TestVectorsNegative(t *testing.T) {
	// The script's word, and the rule of ours that refuses. Two of the public
	// negatives break several rules; the one that comes first is asserted.
	want := map[string]error{
		"negative-did-key-body-fragment-mismatch": ErrKeyReference,
		"negative-pre-rotation-omit-updatekeys":   ErrPreRotation,
		"negative-scid-mismatch-genesis":          ErrStateID,
		"negative-unknown-method-version":         ErrMethodVersion,
		"negative-versiontime-non-monotonic":      ErrVersionTime,
		"negative-zero-witness-threshold":         ErrWitness,
		"negative-fragment-leaks-into-domain":     ErrID,
		"negative-lowercase-pct-port-ip":          ErrID,
		"negative-pct-encoded-ip-host":            ErrID,
	}
	dirs := vectorDirs(t, true)
	if len(dirs) != len(want) {
		t.Errorf("%d negatives, %d are known here", len(dirs), len(want))
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			s := readScript(t, dir)
			sentinel, ok := want[filepath.Base(dir)]
			if !ok {
				t.Fatal("unknown vector")
			}
			checked := 0
			for _, step := range s.Steps {
				switch step.Op {
				case "resolve-did":
					checked++
					if _, err := ParseID(step.DID); !errors.Is(err, sentinel) || did.Code(err) != "INVALID_DID" || step.ExpectError != "invalidDid" {
						t.Errorf("%s: %v", step.DID, err)
					}
				case "resolve":
					for _, impl := range implementations(t, dir) {
						checked++
						log, witness := readLog(t, impl)
						h, err := Verify(log, witness, VerifyOptions{})
						var v *VerifyError
						if h != nil || !errors.Is(err, sentinel) || !errors.As(err, &v) {
							t.Fatalf("%s: %v, want %v", filepath.Base(impl), err, sentinel)
						}
						if v.Code != step.ExpectError {
							t.Errorf("%s: code %s, want %s", filepath.Base(impl), v.Code, step.ExpectError)
						}
					}
				}
			}
			if checked == 0 {
				t.Error("nothing was checked")
			}
		})
	}
}
