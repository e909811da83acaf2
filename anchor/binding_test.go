package anchor

import (
	"errors"
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

const docID = "did:webvh:QmYNyoKsXYyKDG6a7fU1n8gDaaaaaaaaaaaaaaaaaaaaaa:uni.example"

func bare() map[string]any {
	return map[string]any{"@context": []any{"https://www.w3.org/ns/did/v1"}, "id": docID}
}

func TestBinding(t *testing.T) {
	b := Binding{Chain: 10, Account: [20]byte{0xaa, 1}, Contract: [20]byte{2}, Grade: Floor}
	agg := Binding{Chain: 10, Account: [20]byte{0xaa, 1}, Contract: [20]byte{2}, Grade: ExistedBy, From: 17}
	doc := bare()
	for range 2 { // the second replaces the first
		for _, x := range []Binding{b, agg} {
			if err := Bind(doc, x); err != nil {
				t.Fatal(err)
			}
		}
	}
	read := func(tree map[string]any) []Binding {
		t.Helper()
		raw, err := strictjson.Canonical(tree)
		if err != nil {
			t.Fatal(err)
		}
		back, err := strictjson.ParseObject(raw, strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := did.ParseDocument(back)
		if err != nil {
			t.Fatal(err)
		}
		for _, rel := range did.Relationships() {
			if len(d.Methods(rel)) > 0 {
				t.Errorf("the account stands under %s", rel)
			}
		}
		return BindingsOf(d)
	}
	if got := read(doc); len(got) != 2 || got[0] != b || got[1] != agg {
		t.Fatalf("%+v", got)
	}
	part := func(tree map[string]any, member string) map[string]any {
		return tree[member].([]any)[0].(map[string]any)
	}
	for name, f := range map[string]func(tree map[string]any){
		"another's method": func(tree map[string]any) { part(tree, "verificationMethod")["controller"] = docID + "x" },
		"no account":       func(tree map[string]any) { delete(part(tree, "verificationMethod"), "blockchainAccountId") },
		"another type":     func(tree map[string]any) { part(tree, "verificationMethod")["type"] = "Multikey" },
		"another chain": func(tree map[string]any) {
			part(tree, "verificationMethod")["blockchainAccountId"] = "eip155:1:0x" + "00112233445566778899001122334455667788aa"
		},
		"not eip155": func(tree map[string]any) {
			part(tree, "verificationMethod")["blockchainAccountId"] = "cosmos:x:0x00112233445566778899001122334455667788aa"
		},
		"no such method":     func(tree map[string]any) { part(tree, "service")["serviceEndpoint"].(map[string]any)["method"] = "#x" },
		"no grade":           func(tree map[string]any) { part(tree, "service")["serviceEndpoint"].(map[string]any)["grade"] = "x" },
		"from under floor":   func(tree map[string]any) { part(tree, "service")["serviceEndpoint"].(map[string]any)["from"] = "1" },
		"a service of types": func(tree map[string]any) { part(tree, "service")["type"] = []any{ServiceType, "More"} },
		"a wrong checksum": func(tree map[string]any) {
			part(tree, "service")["serviceEndpoint"].(map[string]any)["contract"] = "eip155:10:0x52908400098527886E0F7030069857D2E4169Ee7"
		},
	} {
		tree := bare()
		if err := Bind(tree, b); err != nil {
			t.Fatal(err)
		}
		f(tree)
		if got := read(tree); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if !Unbind(doc, b) || Unbind(doc, b) || len(read(doc)) != 1 {
		t.Error("not unbound")
	}
	full := bare()
	var err error
	for i := range MaxBindings + 1 {
		err = Bind(full, Binding{Chain: 1, Account: [20]byte{byte(i + 1)}, Contract: [20]byte{2}, Grade: Floor})
	}
	if !errors.Is(err, ErrBinding) || len(read(full)) != MaxBindings {
		t.Errorf("%v", err)
	}
}
