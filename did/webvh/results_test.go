package webvh

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
)

// The results that the makers of the vectors state: version, deactivation, and
// the document without the services that each identifier has implicitly. The
// document of a closed identifier is left out: they do not agree on it.
func TestVectorsResults(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	seen := 0
	for _, dir := range vectorDirs(t, false) {
		for _, impl := range implementations(t, dir) {
			seen++
			t.Run(filepath.Base(dir)+"/"+filepath.Base(impl), func(t *testing.T) {
				text, err := os.ReadFile(filepath.Join(impl, "resolutionResult.json"))
				if err != nil {
					t.Fatal(err)
				}
				var want struct {
					Document map[string]any `json:"didDocument"`
					Meta     struct {
						VersionID   string `json:"versionId"`
						Deactivated bool   `json:"deactivated"`
						SCID        string `json:"scid"`
					} `json:"didDocumentMetadata"`
				}
				if err := json.Unmarshal(text, &want); err != nil {
					t.Fatal(err)
				}
				log, witness := readLog(t, impl)
				h, err := Verify(log, witness, VerifyOptions{Now: now})
				if err != nil {
					t.Fatal(err)
				}
				res, err := h.Resolve(did.Options{}, h.DID())
				if err != nil {
					t.Fatal(err)
				}
				if res.Meta.VersionID != want.Meta.VersionID || res.Meta.Deactivated != want.Meta.Deactivated || h.SCID() != want.Meta.SCID {
					t.Errorf("version %s, deactivated %v, SCID %s; want %+v", res.Meta.VersionID, res.Meta.Deactivated, h.SCID(), want.Meta)
				}
				if want.Meta.Deactivated {
					if res.Document != nil {
						t.Error("the document of a closed identifier is shown")
					}
					return
				}
				var got map[string]any
				if text, err = res.Document.MarshalJSON(); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(text, &got); err != nil {
					t.Fatal(err)
				}
				if implicit := dropImplicit(want.Document, h.DID()); implicit != 2 {
					t.Errorf("the vector has %d implicit services, so it is not what this test takes it for", implicit)
				}
				dropImplicit(got, h.DID())
				if !reflect.DeepEqual(got, want.Document) {
					t.Errorf("document\n got %v\nwant %v", got, want.Document)
				}
			})
		}
	}
	if seen < 16 {
		t.Errorf("%d results, expected 16", seen)
	}
}

// dropImplicit takes the implicit services out of a document and counts them.
func dropImplicit(doc map[string]any, id string) (implicit int) {
	list, _ := doc["service"].([]any)
	left := slices.DeleteFunc(list, func(s any) bool {
		m, _ := s.(map[string]any)
		name, _ := m["id"].(string)
		if name = strings.TrimPrefix(name, id); name == "#files" || name == "#whois" {
			implicit++
			return true
		}
		return false
	})
	if doc["service"] = left; len(left) == 0 {
		delete(doc, "service")
	}
	return implicit
}
