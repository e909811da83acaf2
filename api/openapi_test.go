package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

// TestOpenAPI: the description names every kind of route, with a sentence each.
func TestOpenAPI(t *testing.T) {
	f := newFace(t, "university.example")
	res := get(t, f.public.URL+"/openapi.json")
	if res.status != http.StatusOK {
		t.Fatalf("%d", res.status)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Summary  string
			Security []any
		}
	}
	if err := json.Unmarshal(res.body, &doc); err != nil {
		t.Fatal(err)
	}
	for path, method := range map[string]string{"/issuers": "get", "/issuers/{did}": "get", "/1.0/identifiers/{rest}": "get", "/credentials/verify": "post",
		"/presentations/verify": "post", "/credentials/issue": "post", "/openapi.json": "get"} {
		if _, ok := doc.Paths[path][method]; !ok {
			t.Errorf("%s %s is not described", method, path)
		}
	}
	for path, ops := range doc.Paths {
		for method, op := range ops {
			if op.Summary == "" {
				t.Errorf("%s %s has no sentence", method, path)
			}
		}
	}
	if len(doc.Paths["/credentials/issue"]["post"].Security) == 0 || len(doc.Paths["/credentials/verify"]["post"].Security) != 0 {
		t.Error("security is not told right")
	}
}
