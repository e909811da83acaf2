package node

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/legal/trustlist"
	"github.com/bonafide-id/bonafide/legal/trustlist/listtest"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/sealtest"
	"github.com/bonafide-id/bonafide/verdict"
)

// sealedCredential is a European Digital Credential under a seal.
func sealedCredential(t *testing.T, by sealtest.Certificate) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{
		"@context": []any{credential.ContextV1, edc.Context}, "id": "urn:credential:1", "type": []any{"VerifiableCredential", edc.Type},
		"issuanceDate": "2026-03-01T00:00:00Z", "issued": "2026-03-01T00:00:00Z", "validFrom": "2026-02-01T00:00:00Z",
		"issuer": map[string]any{"id": "urn:epass:org:1", "type": "Organisation", "legalName": map[string]any{"en": "Test University"},
			"eIDASIdentifier": map[string]any{"id": "urn:id:1", "type": "LegalIdentifier", "notation": "VATES-A00000000",
				"spatial": map[string]any{"id": "http://publications.europa.eu/resource/authority/country/ESP", "type": "Concept"}}},
		"credentialSubject": map[string]any{"id": "urn:epass:person:1", "type": "Person", "fullName": map[string]any{"en": "Ana Andromeda"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sealtest.NewDraft(string(b), by).File(t)
}

// Trusted lists that the operator takes decide what a seal is worth; each step of
// the ladder is reached, and lost again by one change.
func TestTrustedLists(t *testing.T) {
	n := opened(t, "verifier.example", nil)
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	n.clock = func() time.Time { return now }
	commission, ministry, other := listtest.Operator(t, "Commission"), listtest.Operator(t, "Ministry"), listtest.Operator(t, "Other")
	ca := sealtest.NewAuthority(t, "QC CA")
	file := sealedCredential(t, ca.Issue(t, nil))
	signer := func() (code verdict.Code, level string) {
		t.Helper()
		v := call[verdict.Verdict](t, n, OpVerify, VerifyRequest{Credential: file, Policy: "authentic", Offline: true})
		row, ok := v.Worst(verdict.Signer)
		if !ok {
			t.Fatal("no signer")
		}
		return row.Code, row.Params["level"]
	}
	lotl := func(edit func(*listtest.Draft)) []byte {
		d := listtest.Top(ministry)
		edit(&d)
		return d.Sign(t, commission, nil, nil)
	}
	national := func(edit func(*listtest.Draft)) []byte {
		d := listtest.National(ca.Certificate, listtest.Granted())
		edit(&d)
		return d.Sign(t, ministry, nil, nil)
	}
	same := func(*listtest.Draft) {}
	number := func(i int) func(*listtest.Draft) { return func(d *listtest.Draft) { d.Sequence = i } }
	one := func(b []byte) []ListFile { return []ListFile{{Name: "es.xml", Body: b}} }
	pin := cert.Thumbprint(commission.DER)

	if code, _ := signer(); code != verdict.CertificateChainUntrusted {
		t.Errorf("without lists: %s", code)
	}
	for _, c := range []struct {
		name string
		q    ListsRequest
		err  error
	}{
		{"no signer is known", ListsRequest{LOTL: lotl(same)}, ErrRequest},
		{"a signer that is no digest", ListsRequest{LOTL: lotl(same), Signers: []string{"abc"}}, ErrRequest},
		{"no list of lists", ListsRequest{Signers: []string{pin}, National: one(national(same))}, ErrRequest},
		{"signed by another than is pinned", ListsRequest{LOTL: lotl(same), Signers: []string{cert.Thumbprint(other.DER)}}, trustlist.ErrSigner},
		{"a national list in its place", ListsRequest{LOTL: national(same), Signers: []string{cert.Thumbprint(ministry.DER)}}, trustlist.ErrForm},
		{"no list at all", ListsRequest{LOTL: []byte("x"), Signers: []string{pin}}, trustlist.ErrXML},
	} {
		if _, err := try[TrustedLists](n, OpListsImport, c.q); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
	}
	if l := call[TrustedLists](t, n, OpListsShow, Empty{}); len(l.Lists) != 0 || len(l.Signers) != 0 {
		t.Errorf("a refused list left something: %+v", l)
	}
	colons := strings.ToUpper(hex.EncodeToString(digest(t, pin)))
	colons = colons[:2] + ":" + colons[2:]
	got := call[TrustedLists](t, n, OpListsImport, ListsRequest{LOTL: lotl(same), Signers: []string{colons}, National: one(national(same))})
	if len(got.Lists) != 2 || got.Lists[1].Territory != "ES" || got.Lists[1].Sequence != 7 || got.Lists[1].Seals != 1 || got.Lists[1].Stale || got.Signers[0] != pin {
		t.Errorf("%+v", got)
	}
	if code, level := signer(); code != verdict.OK || level != string(cert.QualifiedCert) {
		t.Errorf("with lists: %s %s", code, level)
	}
	for _, c := range []struct {
		name string
		q    ListsRequest
		err  error
	}{
		{"an older list of lists", ListsRequest{LOTL: lotl(number(2))}, trustlist.ErrOlder},
		{"an older national list", ListsRequest{National: one(national(number(6)))}, trustlist.ErrOlder},
		{"a national list by another", ListsRequest{National: one(listtest.National(ca.Certificate, listtest.Granted()).Sign(t, other, nil, nil))}, trustlist.ErrSigner},
	} {
		if _, err := try[TrustedLists](n, OpListsImport, c.q); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
	}
	if code, _ := signer(); code != verdict.OK {
		t.Errorf("after refused lists: %s", code)
	}
	now = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	if code, _ := signer(); code != verdict.CertificateChainUntrusted {
		t.Errorf("after the next update is due: %s", code)
	}
	now = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	withdrawn := listtest.National(ca.Certificate, listtest.State(trustlist.ServiceCAQC, trustlist.StatusWithdrawn, "2026-03-20T00:00:00Z", listtest.ForSeals), listtest.Granted())
	withdrawn.Sequence = 8
	call[TrustedLists](t, n, OpListsImport, ListsRequest{National: one(withdrawn.Sign(t, ministry, nil, nil))})
	if code, _ := signer(); code != verdict.CertificateTimeUnproven {
		t.Errorf("withdrawn since: %s", code)
	}
	// A file that was changed on the disk counts for nothing.
	path := n.cfg.path(dirLists, "ES.xml")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(b), "withdrawn", "granted")), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _ := signer(); code != verdict.CertificateChainUntrusted {
		t.Errorf("with a forged file: %s", code)
	}
	if l := call[TrustedLists](t, n, OpListsShow, Empty{}); len(l.Problems) != 1 || !strings.Contains(l.Problems[0], "ES.xml") {
		t.Errorf("%+v", l.Problems)
	}
}

func digest(t *testing.T, pin string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(pin)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// trust update takes the lists from the web only where the setting says so, only under
// the pinned signer, and never an older one.
func TestUpdateListsFromTheWeb(t *testing.T) {
	commission, ministry := listtest.Operator(t, "Commission"), listtest.Operator(t, "Ministry")
	ca := sealtest.NewAuthority(t, "QC CA")
	top := func(number int, by sealtest.Certificate) []byte {
		d := listtest.Top(ministry)
		d.Sequence = number
		return d.Sign(t, by, nil, nil)
	}
	land := func(number int) []byte {
		d := listtest.National(ca.Certificate, listtest.Granted())
		d.Sequence = number
		return d.Sign(t, ministry, nil, nil)
	}
	var served sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, ok := served.Load(r.URL.Path); ok {
			_, _ = w.Write(b.([]byte))
			return
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	n := opened(t, "", func(c *Config) { c.DevHostMap, c.LOTLURL = []string{"*=" + server.URL}, "https://tl.example/lotl.xml" })
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	n.clock = func() time.Time { return now }
	update := func() (TrustUpdate, error) {
		return try[TrustUpdate](n, OpTrustUpdate, TrustUpdateRequest{Web: true, Territories: []string{"ES"}})
	}
	served.Store("/lotl.xml", top(5, commission))
	served.Store("/es.xml", land(7))
	if _, err := update(); !errors.Is(err, ErrRequest) {
		t.Errorf("without a pinned signer: %v", err)
	}
	call[TrustedLists](t, n, OpListsImport, ListsRequest{LOTL: top(4, commission), Signers: []string{cert.Thumbprint(commission.DER)}})
	for _, c := range []struct {
		name     string
		do       func()
		eu, es   int64
		euError  error
		esFailed bool
	}{
		{"both are new", func() {}, 5, 7, nil, false},
		{"nothing new", func() {}, 5, 7, nil, false},
		{"an older list of lists", func() { served.Store("/lotl.xml", top(3, commission)) }, 5, 7, trustlist.ErrOlder, false},
		{"one by another signer", func() { served.Store("/lotl.xml", top(9, ministry)) }, 5, 7, trustlist.ErrSigner, false},
		{"the national list is gone", func() { served.Store("/lotl.xml", top(6, commission)); served.Delete("/es.xml") }, 6, 7, nil, true},
	} {
		c.do()
		up, err := update()
		if err != nil || len(up.Lists) != 2 {
			t.Fatalf("%s: %+v %v", c.name, up, err)
		}
		eu, es := up.Lists[0], up.Lists[1]
		if eu.After != c.eu || es.After != c.es || (eu.Error != "") != (c.euError != nil) || (es.Error != "") != c.esFailed ||
			c.euError != nil && !strings.Contains(eu.Error, c.euError.Error()) {
			t.Errorf("%s: %+v", c.name, up)
		}
	}
	n.cfg.LOTLURL = ""
	if _, err := update(); !errors.Is(err, ErrRequest) {
		t.Errorf("without the setting: %v", err)
	}
}
