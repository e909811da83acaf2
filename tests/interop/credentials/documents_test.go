//go:build system

package credentials

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
)

// The word that tampering changes, once, and what it becomes.
const (
	signedWord  = "Andromeda"
	changedWord = "Andromedb"
)

// document is an unsigned credential without its issuer.
type document struct {
	name string
	by   func(t testing.TB, issuer string) map[string]any
}

// documents are those that every suite signs.
func documents() []document {
	return []document{{"our micro-credential", micro}, file("plain"), file("languages"), file("badge")}
}

func file(name string) document {
	return document{name, func(t testing.TB, issuer string) map[string]any {
		t.Helper()
		body, err := os.ReadFile(filepath.Join("testdata", "documents", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		return tree(t, []byte(strings.ReplaceAll(string(body), "did:example:issuer", issuer)))
	}}
}

// micro is what the program issues, with every element that it knows.
func micro(t testing.TB, issuer string) map[string]any {
	t.Helper()
	m := credential.Micro{
		ID: "urn:uuid:7d1ba5a5-3f6a-4f3d-8f5c-9b0a3f0f8a04", Issuer: issuer, IssuerName: "Universität Beispiel", Title: "Data Literacy",
		Summary: "Reads data.", Criteria: "Passed the project.", Language: "en", Outcomes: []string{"Reads a table", "Draws a chart"},
		Holder: credential.Holder{ID: "did:example:holder", Name: "Ana Andromeda", BirthDate: "2001-02-03"},
		ECTS:   "2.5", Workload: "PT60H", EQF: 6, NQF: "MECES 2", Assessment: "Project", Form: "blended", Quality: "Audited",
		Awarded: "2025-12-20", ValidUntil: "2126-01-01", Place: credential.MicroPlace{Country: "ES", Region: "Andalucía", Locality: "Cádiz"},
		Awarding: &credential.Awarding{ID: "https://other.example", Name: "Other"},
	}
	slots := []credential.StatusSlot{{List: "https://uni.example/status/1", Index: 94567, Purpose: "revocation"}}
	made, err := m.Tree(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), slots)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
