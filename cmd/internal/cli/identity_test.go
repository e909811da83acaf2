package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/proof/jades"
	"github.com/bonafide-id/bonafide/proof/sealtest"
)

// The guided set-up: what is asked, what is asked again, and what ends it.
func TestAskIdentity(t *testing.T) {
	full := "yes\nUniversidad de Ejemplo\nes\nExample University\nen\n\n"
	for _, c := range []struct {
		name, answers string
		want          error
		ids           string
	}{
		{"all", full + "VAT ES A00000000\nLEI 529900T8BM49AURSDO55\n\nES\nMadrid\nhttps://uni.example\nyes\n", nil, "VAT ES A00000000, LEI 529900T8BM49AURSDO55"},
		{"wrong numbers are asked again", full + "nonsense\nVAT ES A00000001\n\nVAT ES A00000000\n\n\nES\n\n\ny\n", nil, "VAT ES A00000000"},
		{"a natural person", "no\n", legal.ErrNaturalPerson, ""},
		{"a personal number", full + "PNO ES 12345678Z\n", legal.ErrNaturalPerson, ""},
		{"a personal number as a further one", full + "VAT ES A00000000\nPNOES-12345678Z\n", legal.ErrNaturalPerson, ""},
		{"a country that is none", full + "VAT ES A00000000\n\nSpain\n\n\n", legal.ErrOrganisation, ""},
		{"not to be published", full + "VAT ES A00000000\n\nES\n\n\nno\n", ErrDeclined, ""},
		{"the answers end", full, ErrDeclined, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o legal.Organisation
			var out bytes.Buffer
			err := askIdentity(bufio.NewReader(strings.NewReader(c.answers)), &out, &o, false)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("%v, want %v\n%s", err, c.want, out.String())
			}
			if err != nil {
				return
			}
			var ids []string
			for _, id := range append([]legal.Identifier{o.ID}, o.Identifiers...) {
				ids = append(ids, id.String())
			}
			if strings.Join(ids, ", ") != c.ids || len(o.LegalNames) != 2 || o.LegalNames[1] != (legal.Name{Value: "Example University", Lang: "en"}) || o.Seat.Country != "ES" {
				t.Errorf("%+v", o)
			}
		})
	}
}

// runs is the program on one home.
func runs(t *testing.T, home string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(context.WithoutCancel(t.Context()), append(args, "--home", home), strings.NewReader(""), &out, &errs, func(name string) string {
		return map[string]string{"BONAFIDE_NETWORK": "off", "BONAFIDE_MDNS": "false"}[name]
	})
	return out.String(), errs.String(), code
}

// From an identity by flags to a seal in each of the three ways.
func TestBindSeal(t *testing.T) {
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	must := func(args ...string) string {
		t.Helper()
		out, errs, code := runs(t, home, args...)
		if code != 0 {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
		}
		return out
	}
	refuse := func(want string, args ...string) {
		t.Helper()
		if out, errs, code := runs(t, home, args...); code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, want %q\n%s%s", args, code, want, out, errs)
		}
	}
	write := func(name string, b []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	must("init", "--yes", "--domain", "university.example")
	refuse("State it with", "identity", "bind-seal", "--statement-out", filepath.Join(dir, "early.json"))
	refuse("--name, --id and --country are needed", "identity", "set")
	refuse("only organisations", "identity", "set", "--name", "Ana", "--id", "PNO ES 12345678Z", "--country", "ES")
	refuse("--force publishes it", "identity", "set", "--name", "Uni", "--id", "VAT ES A00000001", "--country", "ES")
	refuse("each --lang belongs", "identity", "set", "--name", "Uni", "--lang", "es", "--lang", "en", "--id", "VAT ES A00000000", "--country", "ES")
	must("identity", "set", "--name", "Universidad de Ejemplo", "--lang", "es", "--name", "Example University", "--lang", "en", "--alt-name", "UdE",
		"--id", "VAT ES A00000000", "--id", "LEI 529900T8BM49AURSDO55", "--country", "ES", "--locality", "Madrid", "--part-of", "Ministry of Examples")
	shown := must("identity", "show", "--issued", "2026-03-01")
	for _, want := range []string{"Example University (en)", "LEI 529900T8BM49AURSDO55", "UdE", "Ministry of Examples", "claimed", "WHEN ISSUED", "L1"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}

	ca := sealtest.NewAuthority(t, "CA")
	until := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(time.Hour) }
	leaf := ca.Issue(t, until)
	pemOf := func(key crypto.Signer, ders ...[]byte) []byte {
		var b bytes.Buffer
		if key != nil {
			der, err := x509.MarshalPKCS8PrivateKey(key)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		}
		for _, der := range ders {
			b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
		return b.Bytes()
	}
	p12, err := pkcs12.Modern2023.Encode(leaf.Key, leaf.Parsed(t), []*x509.Certificate{ca.Parsed(t)}, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	both, bare, chain, store := write("both.pem", pemOf(leaf.Key, leaf.DER, ca.DER)), write("key.pem", pemOf(leaf.Key)), write("chain.pem", pemOf(nil, leaf.DER, ca.DER)), write("seal.p12", p12)
	password, other := write("password", []byte("correct horse\n")), write("other", []byte("wrong\n"))

	refuse("give one of", "identity", "bind-seal")
	refuse("give one of", "identity", "bind-seal", "--key", both, "--remove")
	refuse("no certificate is given", "identity", "bind-seal", "--key", bare)
	refuse("holds no private key", "identity", "bind-seal", "--key", chain)
	refuse("cannot be read", "identity", "bind-seal", "--key", store, "--password-file", other)
	person := ca.Issue(t, func(c *x509.Certificate) {
		until(c)
		c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{sealtest.OrganisationID("PNOES-12345678Z")}
	})
	refuse("only organisations", "identity", "bind-seal", "--key", write("person.pem", pemOf(person.Key, person.DER)))
	for name, args := range map[string][]string{"one PEM": {"--key", both}, "two PEM": {"--key", bare, "--cert", chain}, "PKCS#12": {"--key", store, "--password-file", password}} {
		if out := must(append([]string{"identity", "bind-seal"}, args...)...); !strings.Contains(out, "VATES-A00000000") {
			t.Errorf("%s: %s", name, out)
		}
	}

	// Sealed elsewhere.
	statement := filepath.Join(dir, "statement.json")
	must("identity", "bind-seal", "--statement-out", statement)
	refuse("exists", "identity", "bind-seal", "--statement-out", statement)
	b, err := os.ReadFile(statement)
	if err != nil {
		t.Fatal(err)
	}
	file, err := jades.Sign(b, leaf.Key, [][]byte{leaf.DER}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	refuse("not a sealed document", "identity", "bind-seal", "--sealed", statement)
	var bound node.BindResponse
	if err := json.Unmarshal([]byte(must("identity", "bind-seal", "--sealed", write("sealed.json", file), "--json")), &bound); err != nil {
		t.Fatal(err)
	}
	if bound.Seals != 1 || bound.Level != "none" || !strings.HasPrefix(bound.Digest, "sha256-") {
		t.Errorf("%+v", bound)
	}
	must("identity", "bind-seal", "--remove")
}
