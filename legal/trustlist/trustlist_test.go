package trustlist

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/legal/trustlist/listtest"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/sealtest"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "samples/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pts is the certificate of the Swedish supervisory body that signs the sample,
// and ptsSHA512 what the list's own signed properties say of it.
const (
	pts       = "TmX3A5jI0u7b51W3XWU6gsemZgbHkrYOUhJdDkVid6U"
	ptsSHA512 = "GVaJstV8gsnPGLQJtJYyX/Zaw40apA846il3YVnQVotn+9v4dnvEXYgzH26d8k35/+xvWHxyP0E1oA2MrAkLKQ=="
)

// TestSwedishList reads a list as it was published: its signature, its services
// with their states, and what they are listed for.
func TestSwedishList(t *testing.T) {
	data := sample(t, "etsi-tl-SE.xml")
	when := at("2025-05-01T00:00:00Z")
	l, err := Read(data, Pins(pts), when)
	if err != nil {
		t.Fatal(err)
	}
	if l.Territory != "SE" || l.Sequence != 55 || l.Type != TypeEU || l.Operator != "Swedish Post and Telecom Agency (PTS)" ||
		!l.Issued.Equal(at("2025-04-10T11:16:01Z")) || !l.NextUpdate.Equal(at("2025-10-10T11:16:01Z")) {
		t.Errorf("%+v", l)
	}
	if sum := sha512.Sum512(l.Signer.Raw); base64.StdEncoding.EncodeToString(sum[:]) != ptsSHA512 || !strings.Contains(string(data), ptsSHA512) {
		t.Error("the signer is not whom the signed properties name")
	}
	if l.StaleAt(when) || !l.StaleAt(at("2025-10-11T00:00:00Z")) {
		t.Error("next update is not observed")
	}
	if len(l.Providers) != 4 || len(l.Pointers) != 1 || l.Pointers[0].Territory != "EU" || l.Pointers[0].Type != TypeLOTL || len(l.Pointers[0].Signers) < 5 {
		t.Errorf("%d providers, %d pointers", len(l.Providers), len(l.Pointers))
	}
	if p := l.Providers[0]; p.Name != "SignGuard Europe AB" || p.Identifier != "NTRSE-556633-0220" {
		t.Errorf("%+v", p)
	}
	states, seals, history := map[string]int{}, 0, 0
	for _, p := range l.Providers {
		for _, s := range p.Services {
			if len(s.Certificates) == 0 {
				t.Errorf("%s: no certificate", s.Name)
			}
			states[last(s.Periods[0].Status)]++
			history += len(s.Periods) - 1
			if slices.Contains(s.Periods[0].For, ForESeals) && s.Periods[0].Type == ServiceCAQC {
				seals++
			}
		}
	}
	text := string(data)
	for status, n := range states {
		if want := strings.Count(text, "Svcstatus/"+status+"</ServiceStatus>"); n > want {
			t.Errorf("%d services are %s, the file says it %d times", n, status, want)
		}
	}
	if states["granted"]+states["withdrawn"]+states["recognisedatnationallevel"]+states["deprecatedatnationallevel"] != 12 || history != 6 || seals == 0 {
		t.Errorf("states %v, %d in history, %d for seals", states, history, seals)
	}
	// SignGuard: withdrawn in 2017, granted before, not listed in 2007.
	s := l.Providers[0].Services[0]
	for when, want := range map[string]string{"2020-01-01T00:00:00Z": "withdrawn", "2016-12-01T00:00:00Z": "granted", "2010-01-01T00:00:00Z": "undersupervision"} {
		if p, ok := s.At(at(when)); !ok || last(p.Status) != want {
			t.Errorf("%s: %s", when, p.Status)
		}
	}
	if _, ok := s.At(at("2007-01-01T00:00:00Z")); ok {
		t.Error("a state before the first")
	}
	if q := s.Periods[0].Qualifications; len(q) != 1 || last(q[0].Qualifiers[0]) != "QCNoQSCD" || q[0].Criteria.Assert != "none" || !q[0].Criteria.KeyUsage[0]["nonRepudiation"] {
		t.Errorf("%+v", q)
	}
	changed := bytes.Replace(data, []byte("Svcstatus/withdrawn<"), []byte("Svcstatus/granted<"), 1)
	if _, err := Read(changed, Pins(pts), when); !errors.Is(err, ErrSignature) {
		t.Errorf("with one status changed: %v", err)
	}
	if _, err := Read(data, Pins("another"), when); !errors.Is(err, ErrSigner) {
		t.Errorf("with another pin: %v", err)
	}
	if _, err := Read(data, Pins(pts), at("2045-01-01T00:00:00Z")); !errors.Is(err, ErrSigner) {
		t.Errorf("long after the certificate: %v", err)
	}
}

// TestReadRefuses changes one thing in a list that is right.
func TestReadRefuses(t *testing.T) {
	now := at("2026-02-01T00:00:00Z")
	by, ca := listtest.Operator(t, "Ministry"), sealtest.NewAuthority(t, "QC CA")
	right := listtest.National(ca.Certificate, listtest.Granted())
	root := func(edit func(*etree.Element)) []byte { return right.Sign(t, by, nil, edit) }
	remove := func(path string) func(*etree.Element) {
		return func(r *etree.Element) { e := r.FindElement(path); e.Parent().RemoveChild(e) }
	}
	set := func(path, algorithm string) func(*etree.Element) {
		return func(r *etree.Element) { r.FindElement(path).SelectAttr("Algorithm").Value = algorithm }
	}
	change := func(edit func(*listtest.Draft)) []byte { d := right; edit(&d); return d.Sign(t, by, nil, nil) }
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	withRSA := ca.IssueFor(t, rsaKey, nil)
	deep := strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1)
	for _, c := range []struct {
		name string
		data []byte
		by   Signer
		err  error
	}{
		{"as it is", root(nil), nil, nil},
		{"pinned by its thumbprint", root(nil), Pins(cert.Thumbprint(by.DER)), nil},
		{"signed with RSA", right.Sign(t, withRSA, nil, nil), Certificates(withRSA.Parsed(t)), nil},
		{"signed by nobody known", root(nil), Certificates(ca.Parsed(t)), ErrSigner},
		{"no signature", []byte(right.XML()), nil, ErrSignature},
		{"SHA-1", right.Sign(t, withRSA, func(c *dsig.SigningContext) { c.Hash = crypto.SHA1 }, nil), Certificates(withRSA.Parsed(t)), ErrSignature},
		{"another canonicalization", root(set("./Signature/SignedInfo/CanonicalizationMethod", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments")), nil, ErrSignature},
		{"a transform that selects", root(set("./Signature/SignedInfo/Reference/Transforms/Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116")), nil, ErrSignature},
		{"no transform", root(remove("./Signature/SignedInfo/Reference/Transforms")), nil, ErrSignature},
		{"a reference elsewhere", root(func(r *etree.Element) {
			r.FindElement("./Signature/SignedInfo/Reference").SelectAttr("URI").Value = "#part"
		}), nil, ErrSignature},
		{"a reference to the web", root(func(r *etree.Element) {
			r.FindElement("./Signature/SignedInfo/Reference").SelectAttr("URI").Value = "https://evil.example/"
		}), nil, ErrSignature},
		{"digest changed", root(func(r *etree.Element) {
			r.FindElement("./Signature/SignedInfo/Reference/DigestValue").SetText("AAAA")
		}), nil, ErrSignature},
		{"value changed", root(func(r *etree.Element) {
			r.FindElement("./Signature/SignatureValue").SetText(strings.Repeat("A", 86) + "==")
		}), nil, ErrSignature},
		{"value of another length", root(func(r *etree.Element) { r.FindElement("./Signature/SignatureValue").SetText("AAAA") }), nil, ErrSignature},
		{"no certificate", root(remove("./Signature/KeyInfo/X509Data/X509Certificate")), nil, ErrSignature},
		{"content changed", root(func(r *etree.Element) { r.FindElement("./SchemeInformation/SchemeTerritory").SetText("FR") }), nil, ErrSignature},
		{"content added", root(func(r *etree.Element) {
			r.FindElement("./TrustServiceProviderList").AddChild(r.FindElement("./TrustServiceProviderList/TrustServiceProvider").Copy())
		}), nil, ErrSignature},
		{"two signatures", root(func(r *etree.Element) { r.AddChild(r.FindElement("./Signature").Copy()) }), nil, ErrSignature},
		{"wrapped in another list", root(func(r *etree.Element) {
			inner := r.Copy()
			for _, e := range r.ChildElements() {
				r.RemoveChild(e)
			}
			r.CreateAttr("Id", "outer")
			r.AddChild(inner)
		}), nil, ErrSignature},
		{"a document type", append([]byte(`<!DOCTYPE x [<!ENTITY a "b">]>`), root(nil)...), nil, ErrXML},
		{"nothing", nil, nil, ErrXML},
		{"no XML", []byte("{}"), nil, ErrXML},
		{"half of it", root(nil)[:500], nil, ErrXML},
		{"another document", []byte("<a/>"), nil, ErrXML},
		{"another namespace", bytes.Replace(root(nil), []byte("02231/v2#"), []byte("02231/v3#"), 1), nil, ErrXML},
		{"too deep", []byte(deep), nil, ErrTooLarge},
		{"too many bytes", make([]byte, MaxBytes+1), nil, ErrTooLarge},
		{"too many elements", []byte("<a>" + strings.Repeat("<b/>", maxElements) + "</a>"), nil, ErrTooLarge},
		{"no date", change(func(d *listtest.Draft) { d.Issued = "yesterday" }), nil, ErrForm},
		{"next update that is none", change(func(d *listtest.Draft) { d.Next = "soon" }), nil, ErrForm},
		{"no sequence number", change(func(d *listtest.Draft) { d.Sequence = 0 }), nil, ErrForm},
		{"no territory", change(func(d *listtest.Draft) { d.Territory = "" }), nil, ErrForm},
		{"no type", change(func(d *listtest.Draft) { d.Type = "" }), nil, ErrForm},
		{"a state without a time", listtest.National(ca.Certificate, listtest.State(ServiceCAQC, StatusGranted, "", "")).Sign(t, by, nil, nil), nil, ErrForm},
		{"history out of order", listtest.National(ca.Certificate, listtest.Granted(), listtest.State(ServiceCAQC, StatusGranted, "2025-06-01T00:00:00Z", "")).Sign(t, by, nil, nil), nil, ErrForm},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.by == nil {
				c.by = Certificates(by.Parsed(t))
			}
			l, err := Read(c.data, c.by, now)
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) || (l == nil) != (c.err != nil) {
				t.Errorf("%v, want %v", err, c.err)
			}
		})
	}
}

// TestOpen holds national lists against the list of lists.
func TestOpen(t *testing.T) {
	now := at("2026-02-01T00:00:00Z")
	commission, ministry, other := listtest.Operator(t, "Commission"), listtest.Operator(t, "Ministry"), listtest.Operator(t, "Other")
	ca := sealtest.NewAuthority(t, "QC CA")
	lotl := listtest.Top(ministry).Sign(t, commission, nil, nil)
	right := listtest.National(ca.Certificate, listtest.Granted())
	list := func(edit func(*listtest.Draft)) []byte { d := right; edit(&d); return d.Sign(t, ministry, nil, nil) }
	open := func(t *testing.T, files ...[]byte) (*Lists, []Problem) {
		t.Helper()
		var in []File
		for _, f := range files {
			in = append(in, File{"es.xml", f})
		}
		l, problems, err := Open(lotl, Certificates(commission.Parsed(t)), in, now)
		if err != nil {
			t.Fatal(err)
		}
		return l, problems
	}
	same := func(*listtest.Draft) {}
	for _, c := range []struct {
		name  string
		files [][]byte
		want  int64 // sequence number of the list that counts, 0 for none
		err   error
	}{
		{"one", [][]byte{list(same)}, 7, nil},
		{"a newer one after", [][]byte{list(same), list(func(d *listtest.Draft) { d.Sequence = 8 })}, 8, nil},
		{"an older one after", [][]byte{list(same), list(func(d *listtest.Draft) { d.Sequence = 6 })}, 7, ErrOlder},
		{"the same twice", [][]byte{list(same), list(same)}, 7, ErrOlder},
		{"signed by another", [][]byte{right.Sign(t, other, nil, nil)}, 0, ErrSigner},
		{"of another territory", [][]byte{list(func(d *listtest.Draft) { d.Territory = "FR" })}, 0, ErrSigner},
		{"of another type", [][]byte{list(func(d *listtest.Draft) { d.Type = TypeLOTL })}, 0, ErrForm},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, problems := open(t, c.files...)
			var got int64
			if len(l.National) == 1 {
				got = l.National[0].Sequence
			}
			if got != c.want {
				t.Errorf("number %d, want %d", got, c.want)
			}
			switch {
			case c.err == nil && len(problems) > 0:
				t.Error(problems)
			case c.err != nil && (len(problems) != 1 || !errors.Is(problems[0].Err, c.err) || problems[0].Name != "es.xml"):
				t.Errorf("%v, want %v", problems, c.err)
			}
		})
	}
	if _, _, err := Open(right.Sign(t, commission, nil, nil), Certificates(commission.Parsed(t)), nil, now); !errors.Is(err, ErrForm) {
		t.Errorf("a national list in place of the list of lists: %v", err)
	}
	if _, _, err := Open(lotl, Certificates(ministry.Parsed(t)), nil, now); !errors.Is(err, ErrSigner) {
		t.Errorf("a list of lists by another: %v", err)
	}
}

// TestLadder reaches each level and loses it by one change.
func TestLadder(t *testing.T) {
	commission, ministry := listtest.Operator(t, "Commission"), listtest.Operator(t, "Ministry")
	root := sealtest.NewAuthority(t, "Root")
	qc := root.Below(t, "QC CA")
	other := sealtest.NewAuthority(t, "Other CA")
	compliance, eseal, device := sealtest.Statement("0.4.0.1862.1.1"), sealtest.Statement("0.4.0.1862.1.6", sealtest.OID("0.4.0.1862.1.6.2")), sealtest.Statement("0.4.0.1862.1.4")
	statements := func(list ...sealtest.QC) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = c.ExtraExtensions[:0]
			c.ExtraExtensions = append(c.ExtraExtensions, sealtest.Statements(t, list...))
		}
	}
	full := statements(compliance, eseal, device)
	extension := func(inner string) string { return `<Extension Critical="true">` + inner + `</Extension>` }
	qualify := func(qualifier, assert, criteria string) string {
		return extension(`<q:Qualifications xmlns:q="` + nsSIE + `"><q:QualificationElement><q:Qualifiers><q:Qualifier uri="http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/` + qualifier +
			`"/></q:Qualifiers><q:CriteriaList assert="` + assert + `">` + criteria + `</q:CriteriaList></q:QualificationElement></q:Qualifications>`)
	}
	usage := `<q:KeyUsage><q:KeyUsageBit name="nonRepudiation">true</q:KeyUsageBit></q:KeyUsage>`
	policy := `<q:PolicySet><q:PolicyIdentifier><x:Identifier xmlns:x="http://uri.etsi.org/01903/v1.3.2#">urn:oid:1.2.3</x:Identifier></q:PolicyIdentifier></q:PolicySet>`
	strange := `<q:otherCriteriaList/>`
	with := func(extensions string) []listtest.Period {
		p := listtest.Granted()
		p.Extensions += extensions
		return []listtest.Period{p}
	}
	only := func(edit func(*listtest.Period)) []listtest.Period {
		p := listtest.Granted()
		edit(&p)
		return []listtest.Period{p}
	}
	signed, now := at("2026-01-15T00:00:00Z"), at("2026-02-01T00:00:00Z")
	for _, c := range []struct {
		name    string
		ca      *sealtest.Authority
		edit    func(*x509.Certificate)
		periods []listtest.Period
		signed  time.Time
		now     time.Time
		want    cert.Level
		err     error
	}{
		{name: "qualified seal", edit: full, want: cert.QualifiedSeal},
		{name: "the key in no device", want: cert.QualifiedCert, err: ErrNoDevice},
		{name: "not for seals by its own word", edit: statements(compliance, device), err: ErrNotClaimed},
		{name: "not qualified by its own word", edit: statements(eseal, device), err: ErrNotClaimed},
		{name: "by another authority", ca: other, edit: full, err: ErrNoService},
		{name: "by the root above the listed authority", ca: root, edit: full, err: ErrNoService},
		{name: "withdrawn", edit: full, periods: only(func(p *listtest.Period) { p.Status = StatusWithdrawn }), err: ErrNotGranted},
		{name: "https and a slash are another status", edit: full, periods: only(func(p *listtest.Period) { p.Status = strings.Replace(StatusGranted, "http:", "https:", 1) + "/" }), err: ErrNotGranted},
		{name: "withdrawn after it was sealed", edit: full, periods: []listtest.Period{listtest.State(ServiceCAQC, StatusWithdrawn, "2026-01-20T00:00:00Z", listtest.ForSeals), listtest.Granted()}, want: cert.QualifiedSeal},
		{name: "withdrawn before it was sealed", edit: full, periods: []listtest.Period{listtest.State(ServiceCAQC, StatusWithdrawn, "2026-01-10T00:00:00Z", listtest.ForSeals), listtest.Granted()}, err: ErrNotGranted},
		{name: "granted after it was sealed", edit: full, periods: only(func(p *listtest.Period) { p.From = "2026-01-20T00:00:00Z" }), err: ErrNotGranted},
		{name: "listed for signatures", edit: full, periods: only(func(p *listtest.Period) {
			p.Extensions = strings.Replace(listtest.ForSeals, "ForeSeals", "ForeSignatures", 1)
		}), err: ErrNotGranted},
		{name: "listed for nothing", edit: full, periods: only(func(p *listtest.Period) { p.Extensions = "" }), err: ErrNotGranted},
		{name: "listed for time stamps", edit: full, periods: only(func(p *listtest.Period) { p.Type = "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST" }), err: ErrNotGranted},
		{name: "a critical extension that nobody knows", edit: full, periods: with(extension("<Strange/>")), err: ErrNotGranted},
		{name: "another extension that nobody knows", edit: full, periods: with(`<Extension Critical="false"><Strange/></Extension>`), want: cert.QualifiedSeal},
		{name: "the list takes the device away", edit: full, periods: with(qualify("QCNoQSCD", "all", usage)), want: cert.QualifiedCert, err: ErrNoDevice},
		{name: "from others only", edit: full, periods: with(qualify("QCNoQSCD", "none", usage)), want: cert.QualifiedSeal},
		{name: "from whom is not understood", edit: full, periods: with(qualify("QCNoQSCD", "all", strange)), want: cert.QualifiedCert, err: ErrNoDevice},
		{name: "the list gives a device", periods: with(qualify("QCWithQSCD", "all", usage)), want: cert.QualifiedSeal},
		{name: "to one policy", periods: with(qualify("QCWithQSCD", "all", policy)), want: cert.QualifiedCert, err: ErrNoDevice},
		{name: "to that policy or usage", periods: with(qualify("QCWithQSCD", "atLeastOne", policy+usage)), want: cert.QualifiedSeal},
		{name: "to both", periods: with(qualify("QCWithQSCD", "all", policy+usage)), want: cert.QualifiedCert, err: ErrNoDevice},
		{name: "to whom is not understood", periods: with(qualify("QCWithQSCD", "all", strange)), want: cert.QualifiedCert, err: ErrNoDevice},
		{name: "joined in a way that nobody knows", periods: with(qualify("QCWithQSCD", "some", usage)), want: cert.QualifiedCert, err: ErrNoDevice},
		{name: "given and taken", edit: full, periods: with(qualify("QCWithQSCD", "all", usage) + qualify("QCNoQSCD", "all", usage)), want: cert.QualifiedCert, err: ErrNoDevice},
		{name: "the list says for seals", edit: statements(compliance, device), periods: with(qualify("QCForESeal", "all", usage)), want: cert.QualifiedSeal},
		{name: "the list says not qualified", edit: full, periods: with(qualify("NotQualified", "all", usage)), err: ErrNotClaimed},
		{name: "for signatures", edit: full, periods: with(qualify("QCForESig", "all", usage)), err: ErrNotClaimed},
		{name: "the lists are old", edit: full, now: at("2026-08-01T00:00:00Z"), err: ErrStale},
		{name: "the certificate had ended", edit: full, signed: at("2027-06-01T00:00:00Z"), err: ErrNoService},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.ca == nil {
				c.ca = qc
			}
			if c.periods == nil {
				c.periods = []listtest.Period{listtest.Granted()}
			}
			if c.signed.IsZero() {
				c.signed = signed
			}
			if c.now.IsZero() {
				c.now = now
			}
			if c.want == "" {
				c.want = cert.None
			}
			list := listtest.National(qc.Certificate, c.periods...).Sign(t, ministry, nil, nil)
			lists, problems, err := Open(listtest.Top(ministry).Sign(t, commission, nil, nil), Certificates(commission.Parsed(t)), []File{{"es", list}}, now)
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			leaf := c.ca.Issue(t, c.edit)
			j := lists.Judge(leaf.Parsed(t), []*x509.Certificate{qc.Parsed(t), root.Parsed(t)}, c.signed, c.now)
			if j.Level != c.want || !errors.Is(j.Err, c.err) || (j.Err == nil) != (c.err == nil) {
				t.Errorf("%s %v, want %s %v", j.Level, j.Err, c.want, c.err)
			}
			if c.err == nil && (j.Provider != "Seals Ltd" || j.Territory != "ES" || j.Sequence != 7 || j.Status != StatusGranted) {
				t.Errorf("%+v", j)
			}
		})
	}
}

// TestSampleSealIsNotListed: the certificate of the sealed sample says that it is
// qualified; the Swedish list knows nothing of it.
func TestSampleSealIsNotListed(t *testing.T) {
	l, err := Read(sample(t, "etsi-tl-SE.xml"), Pins(pts), at("2025-05-01T00:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(sample(t, "edc-seal-leaf-cert.pem"))
	leaf, err := cert.Parse(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	lists := Lists{LOTL: &List{NextUpdate: at("2030-01-01T00:00:00Z")}, National: []*List{l}}
	if j := lists.Judge(leaf, nil, at("2025-04-15T00:00:00Z"), at("2025-05-01T00:00:00Z")); j.Level != cert.None || !errors.Is(j.Err, ErrNoService) {
		t.Errorf("%+v", j)
	}
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func FuzzRead(f *testing.F) {
	by, ca := listtest.Operator(f, "Ministry"), sealtest.NewAuthority(f, "QC CA")
	right := listtest.National(ca.Certificate, listtest.Granted()).Sign(f, by, nil, nil)
	f.Add(right)
	f.Add([]byte("<a/>"))
	signer := Certificates(by.Parsed(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Read(data, signer, at("2026-02-01T00:00:00Z"))
		if err == nil && (l.Territory != "ES" || l.Sequence != 7 || len(l.Providers) != 1) {
			t.Errorf("accepted: %+v", l)
		}
		if err != nil && !slices.ContainsFunc([]error{ErrTooLarge, ErrXML, ErrSigner, ErrSignature, ErrForm}, func(e error) bool { return errors.Is(err, e) }) {
			t.Errorf("untyped: %v", err)
		}
	})
}
