package node

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/domain"
	"github.com/bonafide-id/bonafide/verdict"
)

// knowing is a verifier that holds the logs of issuers and has seen no origin. The
// web is the server.
func knowing(t *testing.T, web string, issuers ...*Node) *Node {
	t.Helper()
	v := opened(t, "", func(c *Config) {
		c.DevHostMap, c.Network = []string{"*=" + web}, "origin"
	})
	for _, n := range issuers {
		call[ImportResponse](t, v, OpImportLog, ImportRequest{Log: logOf(t, n)})
	}
	return v
}

// A domain that names the identifier is evidence of the domain. An identifier minted
// for somebody's domain and never hosted there gains nothing by it: no level, no proven
// domain, no join with a register.
func TestDomainLinkage(t *testing.T) {
	uni, thief := opened(t, "university.example", nil), opened(t, "university.example", nil)
	file, err := uni.Folder(t.Context(), "university.example", domain.Path)
	if err != nil || file.ContentType != "application/json" || *file.MaxAge != linkReuse {
		t.Fatalf("%+v %v", file, err)
	}
	if again, err := uni.Folder(t.Context(), "behind.a.proxy", domain.Path); err != nil || string(again.Body) != string(file.Body) {
		t.Errorf("under another name: %v", err)
	}
	if _, err := opened(t, "", nil).Folder(t.Context(), "university.example", domain.Path); !errors.Is(err, ErrNoIssuer) {
		t.Errorf("a verifier links something: %v", err)
	}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != domain.Path {
			http.NotFound(w, r)
			return
		}
		asked++
		_, _ = w.Write(file.Body)
	}))
	defer server.Close()
	v := knowing(t, server.URL, uni, thief)
	for _, c := range []struct {
		name    string
		issuer  *Node
		offline bool
		level   string
		code    verdict.Code
		state   verdict.FieldState
		asks    int
	}{
		{"named by the domain", uni, false, "L2", verdict.DomainLinked, verdict.Proven, 1},
		{"never hosted there", thief, false, "L0", verdict.DomainClaimedOnly, verdict.Claimed, 1},
		{"nobody may be asked", uni, true, "L0", verdict.DomainClaimedOnly, verdict.Claimed, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked = 0
			issued := call[IssueResponse](t, c.issuer, OpIssue, IssueRequest{Credential: micro("Ana Andromeda"), NoStatus: true})
			got := call[verdict.Verdict](t, v, OpVerify, VerifyRequest{Credential: issued.Credential, Policy: "authentic", Offline: c.offline})
			found, told := false, false
			for _, row := range got.Checks {
				found = found || row.Code == c.code
				told = told || row.Name == verdict.Privacy && strings.Contains(row.Params["asked"], "DID configuration")
			}
			if got.Issuer.Level != c.level || !found || got.Issuer.Get(verdict.FieldDomain).State != c.state || asked != c.asks || told != (c.asks > 0) {
				t.Errorf("%s, asked %d times\n%s\n%+v", got.Issuer.Level, asked, rows(&got), got.Issuer)
			}
		})
	}
	// What a register would be joined by is not the domain that the thief names.
	over, err := emptyOverlay(v)
	if err != nil {
		t.Fatal(err)
	}
	q := legal.Request{Check: credential.Options{}}
	did := thief.Info(t.Context()).Issuers[0].DID
	if err := (issuers{v, over, trustFile{}, v.recognisers()}).Evidence(context.Background(), did, &q); err != nil || q.Domain != "university.example" || q.DomainProven {
		t.Errorf("%+v %v", q, err)
	}
}

// The configuration goes along into an export, beside the log.
func TestLinkageIsExported(t *testing.T) {
	uni := opened(t, "university.example", nil)
	if out := call[ExportResponse](t, uni, OpFolderExport, ExportRequest{Dir: t.TempDir()}); !strings.Contains(strings.Join(out.Files, " "), ".well-known/did-configuration.json") {
		t.Errorf("%v", out.Files)
	}
	below := opened(t, "host.example/schools/x", nil)
	if out := call[ExportResponse](t, below, OpFolderExport, ExportRequest{Dir: t.TempDir()}); strings.Contains(strings.Join(out.Files, " "), fileLinkage) {
		t.Errorf("an issuer below a path writes for the whole origin: %v", out.Files)
	}
}
