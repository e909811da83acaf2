package annex

import (
	"strings"
	"testing"
)

// Identifiers are compared, so they are read whole or not at all.
func TestLongIdentifier(t *testing.T) {
	stem := "did:jwk:" + strings.Repeat("a", 200)
	doc := func(subject, body string) map[string]any {
		return map[string]any{"type": []any{"OpenBadgeCredential"}, "issuer": map[string]any{"id": stem + "x"},
			"awardingBody": map[string]any{"id": body}, "credentialSubject": map[string]any{"id": subject}}
	}
	f := Read(doc(stem+"x", stem+"y")).Facts
	if f.Learner.ID != stem+"x" {
		t.Errorf("learner %s", f.Learner.ID)
	}
	if len(f.Others()) != 1 {
		t.Error("two bodies are taken for one")
	}
	if f = Read(doc(stem+"x", stem+"x")).Facts; len(f.Others()) != 0 {
		t.Error("one body is taken for two")
	}
	if f = Read(doc("did:jwk:"+strings.Repeat("a", maxID), stem)).Facts; f.Learner.ID != "" {
		t.Errorf("learner of %d bytes", len(f.Learner.ID))
	}
}
