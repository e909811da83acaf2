package ebsi

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors.Path(t, "samples"), name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The registry samples, old form: read, with their hashes checked; the record of an
// organisation is passed over, because nothing proves it.
func TestSamples(t *testing.T) {
	ti, err := Read(sample(t, "ebsi-tir-attribute-ti.json"), now)
	if err != nil || len(ti.Records) != 1 || ti.Records[0].Complete || ti.Records[0].Attributes[0].IssuerType != TypeTI {
		t.Errorf("%v %+v", err, ti)
	}
	tao, err := Read(sample(t, "ebsi-tir-record-tao.json"), now)
	if err != nil || len(tao.Records) != 1 || !tao.Records[0].Complete || len(tao.Records[0].Attributes) != 2 {
		t.Errorf("%v %+v", err, tao)
	}
	org, err := Read(sample(t, "ebsi-tir-organization-record.json"), now)
	if err != nil || len(org.Records)+len(org.Documents) != 0 || len(org.Findings) != 1 {
		t.Errorf("%v %+v", err, org)
	}
	if text, _ := json.Marshal(org); strings.Contains(string(text), "Example Legal Name") {
		t.Error("a name that nothing proves is kept")
	}
	// The accreditation of the schema package is unsigned, so that it proves nothing,
	// and its parts are read as they are.
	c, err := credential.Parse(sample(t, "ebsi-accreditation-to-attest.json"), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := read(c, "did:ebsi:zZeKyEJfUTGwajhNyNX928z")
	if !errors.Is(err, ErrAccreditation) || !strings.Contains(err.Error(), "termsOfUse") {
		t.Errorf("its termsOfUse are an abbreviation: %v", err)
	}
	c.Tree["termsOfUse"] = []any{map[string]any{"type": termsType, "id": tir + "did:ebsi:zrCaMa5923UdhhWA69hArZS/attributes/0xAB"}}
	if a, err = read(c, "did:ebsi:zZeKyEJfUTGwajhNyNX928z"); err != nil || a.kind != KindAttest || len(a.types) != 3 || len(a.places) != 1 ||
		a.terms[0] != (terms{"did:ebsi:zrCaMa5923UdhhWA69hArZS", "ab"}) || a.until.Year() != 2024 {
		t.Errorf("%v %+v", err, a)
	}
}

func TestReadRefuses(t *testing.T) {
	w := newWorld(t)
	good, err := json.Marshal(w.links["uni"].entry(t))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := json.Marshal(w.uni.document())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		body string
		want error
	}{
		{"an attribute", string(good), nil},
		{"a list", "[" + string(good) + "," + string(doc) + "]", nil},
		{"a document", string(doc), nil},
		{"a resolution result", `{"didDocument":` + string(doc) + `,"didResolutionMetadata":{}}`, nil},
		{"a record that names its attributes", `{"did":"` + w.uni.did + `","attributes":"https://api/attributes","hasAttributes":true}`, nil},
		{"a page", `{"self":"https://api","items":[{"id":"a","href":"https://api/a"}],"total":1,"pageSize":10,"links":{}}`, nil},
		{"another hash", strings.Replace(string(good), `"hash":"`, `"hash":"00`, 1), ErrHash},
		{"another body", strings.Replace(string(good), `"body":"ey`, `"body":"fy`, 1), ErrHash},
		{"another issuer type", strings.Replace(string(good), `"TI"`, `"Boss"`, 1), ErrForm},
		{"an early identifier", strings.Replace(string(good), w.uni.did, "did:ebsi:00001234", 1), ErrForm},
		{"a document of another method", strings.ReplaceAll(string(doc), w.uni.did, "did:web:a.example"), ErrForm},
		{"a member of another type", strings.Replace(string(good), `"issuerType":"TI"`, `"issuerType":1`, 1), ErrForm},
		{"an error of the registry", `{"type":"about:blank","title":"Not Found","status":404}`, ErrForm},
		{"no JSON", `<html>`, ErrForm},
		{"a member twice", `{"did":"a","did":"b"}`, ErrForm},
		{"nothing", `[]`, ErrForm},
		{"a number", `1`, ErrForm},
	} {
		if _, err := Read([]byte(c.body), now); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := Read(make([]byte, MaxBytes+1), now); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// A later word of the registry takes the place of an earlier one, never the reverse.
func TestMerge(t *testing.T) {
	w := newWorld(t)
	one := func(edit func(*link), at time.Time, complete bool) Batch {
		l := *w.links["uni"]
		edit(&l)
		entry := l.entry(t)
		if complete {
			entry = map[string]any{"did": entry["did"], "attributes": []any{entry["attribute"]}}
		}
		body, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		in, err := Read(body, at)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	same := func(*link) {}
	b := NewBook("ebsi")
	merge := func(in Batch, want Changes) {
		t.Helper()
		got, err := b.Merge(in, File{Name: "f"})
		if err != nil || got != want {
			t.Errorf("%v %+v, want %+v", err, got, want)
		}
	}
	types := func() (out []string) {
		r, _ := b.Record(w.uni.did)
		for _, a := range r.Attributes {
			out = append(out, a.IssuerType)
		}
		return out
	}
	merge(one(same, fetched, false), Changes{Added: 1})
	merge(one(func(l *link) { l.issuerType = TypeRevoked }, fetched.Add(time.Hour), false), Changes{Changed: 1})
	merge(one(same, fetched, false), Changes{Same: 1})
	if got := types(); len(got) != 1 || got[0] != TypeRevoked {
		t.Errorf("%v: a revocation was taken back by an older file", got)
	}
	merge(one(func(l *link) { l.id = "second" }, fetched.Add(2*time.Hour), true), Changes{Changed: 1})
	if r, _ := b.Record(w.uni.did); len(r.Attributes) != 1 || r.Attributes[0].ID != attributeID("second") {
		t.Errorf("what the registry no longer has is held: %+v", r)
	}
	body, err := b.Encode()
	if err != nil || !IsBook(body) {
		t.Fatal(err)
	}
	back, err := OpenBook(body)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := back.Encode(); err != nil || string(again) != string(body) {
		t.Errorf("round trip: %v", err)
	}
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"another hash": {strings.Replace(string(body), `"body":"ey`, `"body":"fy`, 1), ErrHash},
		"no book":      {`{}`, ErrForm},
		"cut":          {string(body[:len(body)/2]), ErrForm},
	} {
		if _, err := OpenBook([]byte(c.body)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzRead: what is taken can be kept and read back.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"did":"did:ebsi:zrCaMa5923UdhhWA69hArZS","attributes":[]}`))
	f.Add([]byte(`{"items":[],"total":0}`))
	f.Add([]byte(`{"id":"did:ebsi:zrCaMa5923UdhhWA69hArZS","verificationMethod":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := Read(body, now)
		if err != nil {
			if !errors.Is(err, ErrForm) && !errors.Is(err, ErrHash) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		b := NewBook("x")
		if _, err := b.Merge(in, File{}); err != nil {
			return
		}
		out, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenBook(out); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	})
}

// FuzzAccreditation: no credential makes reading fail in another way than by name.
func FuzzAccreditation(f *testing.F) {
	w := newWorld(f)
	for _, l := range w.links {
		b, err := json.Marshal(l.claims()["vc"])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := credential.Parse(body, strictjson.Limits{})
		if err != nil {
			return
		}
		a, err := read(c, w.uni.did)
		if err != nil {
			if !errors.Is(err, ErrAccreditation) {
				t.Fatal(err)
			}
			return
		}
		if a.kind == "" || len(c.Subjects) != 1 || len(a.terms) > 4 {
			t.Errorf("%+v", a)
		}
	})
}
