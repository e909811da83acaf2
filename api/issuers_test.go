package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/verdict"
)

// known is a node with an issuer that states who it is, and with a register that is
// not accepted.
func known(t testing.TB) (f *face, did string) {
	t.Helper()
	f = newFace(t, "university.example")
	did = f.info(t).Issuers[0].DID
	f.op(t, node.OpIdentitySet, node.IdentityRequest{Organisation: legal.Organisation{LegalNames: []legal.Name{{Value: "Universidad de Ejemplo", Lang: "es"}},
		ID: legal.Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000"}, Seat: legal.Seat{Country: "ES"}}}, &node.IdentityResponse{})
	body := `{"entries":[{"record":"R1","dids":["` + did + `"],"names":[{"value":"Universidad de Ejemplo"}],"seat":{"country":"ES"},"identifiers":[{"scheme":"VAT","country":"ES","value":"A00000000"}]},
{"record":"R2","names":[{"value":"Otra Universidad"}],"seat":{"country":"PT"}},{"record":"R3","names":[{"value":"Third UNIVERSIDAD"}],"seat":{}}]}`
	f.op(t, node.OpRegisterImport, node.RegisterImportRequest{Name: "partners", Format: "json", File: "p.json", Body: []byte(body), Retrieved: "2026-01-31T12:00:00Z"}, &node.RegisterImported{})
	return f, did
}

func answer[T any](t testing.TB, r reply) (out T) {
	t.Helper()
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/json" || r.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d %v %.300s", r.status, r.header, r.body)
	}
	if err := json.Unmarshal(r.body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Each field of an issuer comes with its source; what a register says counts once
// it is accepted, and is told before as what it is.
func TestIssuer(t *testing.T) {
	f, did := known(t)
	for _, accepted := range []bool{false, true} {
		if accepted {
			f.op(t, node.OpRegisterAccept, node.RegisterAcceptRequest{Name: "partners", Accepted: true}, &node.RegisterList{})
		}
		a := answer[node.IssuerAnswer](t, get(t, f.public.URL+"/issuers/"+did))
		name := a.Issuer.Get(verdict.FieldLegalName)
		if a.DID != did || a.Note == "" || len(a.Observed) != 1 || a.Observed[0].Accepted != accepted || a.Observed[0].Record != "R1" || len(name.By) == 0 {
			t.Fatalf("%+v", a)
		}
		if want := map[bool]verdict.FieldState{false: verdict.Claimed, true: verdict.Proven}[accepted]; name.State != want {
			t.Errorf("accepted %v: %+v", accepted, name)
		}
		if want := map[bool]string{false: "L1", true: "L3"}[accepted]; a.Issuer.Level != want {
			t.Errorf("accepted %v: %s", accepted, a.Issuer.Level)
		}
		for _, x := range a.Observed[0].Fields {
			if x.By != "register partners" || x.ObservedAt.IsZero() || len(x.Digest) != 64 {
				t.Errorf("%+v", x)
			}
		}
	}
	if a := answer[node.IssuerAnswer](t, get(t, f.public.URL+"/issuers/"+url.PathEscape(did))); a.DID != did {
		t.Errorf("%+v", a)
	}
	for path, status := range map[string]int{"/issuers/": 400, "/issuers/nonsense": 400, "/issuers/did:web:nobody.example": 404, "/issuers/" + did + "?x=1": 400,
		"/issuers/" + did + "%23key": 400, "/issuers/%ff": 400} {
		r := get(t, f.public.URL+path)
		problem(t, r, status)
		if status == 404 && !strings.Contains(string(r.body), "no evidence against") {
			t.Errorf("%s", r.body)
		}
	}
}

// Issuers are found by any spelling of an identifier and by a part of a name, in the
// folders and the registers, page after page.
func TestSearchIssuers(t *testing.T) {
	f, did := known(t)
	find := func(query string) (issuers, records []string, pages int) {
		t.Helper()
		after := ""
		for pages < 20 {
			a := answer[node.SearchAnswer](t, get(t, f.public.URL+"/issuers?"+query+"&after="+after))
			pages++
			for _, i := range a.Issuers {
				issuers = append(issuers, i.DID)
				for _, x := range i.Fields {
					if len(x.By) == 0 {
						t.Errorf("a field without a source: %+v", x)
					}
				}
			}
			for _, o := range a.Observed {
				records = append(records, o.Record)
			}
			if after = a.Next; after == "" {
				return issuers, records, pages
			}
		}
		t.Fatal("no end")
		return nil, nil, 0
	}
	for _, c := range []struct {
		query   string
		issuers string
		records string
	}{
		{"identifier=VAT:ES:A00000000", did, "R1"},
		{"identifier=vat:esp:a-0000.0000", did, "R1"},
		{"identifier=VATES-A00000000", did, "R1"},
		{"identifier=VAT:PT:500000000", "", ""},
		{"name=universidad", did, "R1 R2 R3"},
		{"name=UNIVERSIDAD%20%20de", did, "R1"},
		{"name=universidad&limit=1", did, "R1 R2 R3"},
		{"name=universidad&limit=3", did, "R1 R2 R3"},
		{"name=nobody", "", ""},
	} {
		issuers, records, pages := find(c.query)
		if strings.Join(issuers, " ") != c.issuers || strings.Join(records, " ") != c.records || strings.HasSuffix(c.query, "limit=1") && pages < 4 {
			t.Errorf("%s: %v %v in %d pages", c.query, issuers, records, pages)
		}
	}
	for _, query := range []string{"", "identifier=", "identifier=VAT", "identifier=VAT:QQ:1", "identifier=VAT:ES:A00000000&name=uni", "name=un", "name=" + strings.Repeat("a", 201),
		"name=uni&limit=0", "name=uni&limit=x", "name=uni&after=x", "name=uni&after=eCB5", "name=uni&odd=1", "name=uni&name=uni", "name=%ff%ff%ff", "name=uni;x"} {
		problem(t, get(t, f.public.URL+"/issuers?"+query), 400)
	}
	problem(t, post(t, f.public.URL+"/issuers", "{}"), 405)
}
