package trustlist

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/bonafide-id/bonafide/proof/sealtest"
)

// period is a state of the service in a test list.
type period struct {
	typ, status, from, extensions string
}

const forSeals = `<Extension Critical="true"><AdditionalServiceInformation><URI xml:lang="en">` + ForESeals + `</URI></AdditionalServiceInformation></Extension>`

func granted() period { return period{ServiceCAQC, StatusGranted, "2025-01-01T00:00:00Z", forSeals} }

// draft is a list before it is signed.
type draft struct {
	territory, typ, issued, next string
	sequence                     int
	pointers, providers          string
}

func national(ca sealtest.Certificate, periods ...period) draft {
	var states []string
	for i, p := range periods {
		tag, identity := "ServiceHistoryInstance", ""
		if i == 0 {
			tag, identity = "ServiceInformation", "<DigitalId><X509Certificate>"+base64.StdEncoding.EncodeToString(ca.DER)+"</X509Certificate></DigitalId>"
		}
		states = append(states, fmt.Sprintf(`<%[1]s><ServiceTypeIdentifier>%[2]s</ServiceTypeIdentifier><ServiceName><Name xml:lang="en">Seals</Name></ServiceName>`+
			`<ServiceDigitalIdentity>%[3]s</ServiceDigitalIdentity><ServiceStatus>%[4]s</ServiceStatus><StatusStartingTime>%[5]s</StatusStartingTime>`+
			`<ServiceInformationExtensions>%[6]s</ServiceInformationExtensions></%[1]s>`, tag, p.typ, identity, p.status, p.from, p.extensions))
	}
	return draft{territory: "ES", typ: TypeEU, issued: "2026-01-01T00:00:00Z", next: "2026-07-01T00:00:00Z", sequence: 7,
		providers: `<TrustServiceProvider><TSPInformation><TSPName><Name xml:lang="es">Sellos SA</Name><Name xml:lang="en">Seals Ltd</Name></TSPName>` +
			`<TSPTradeName><Name xml:lang="en">Seals</Name><Name xml:lang="en">VATES-B00000000</Name></TSPTradeName></TSPInformation>` +
			`<TSPServices><TSPService>` + states[0] + `<ServiceHistory>` + strings.Join(states[1:], "") + `</ServiceHistory></TSPService></TSPServices></TrustServiceProvider>`}
}

func top(signers ...sealtest.Certificate) draft {
	ids := ""
	for _, s := range signers {
		ids += "<ServiceDigitalIdentity><DigitalId><X509Certificate>" + base64.StdEncoding.EncodeToString(s.DER) + "</X509Certificate></DigitalId></ServiceDigitalIdentity>"
	}
	return draft{territory: "EU", typ: TypeLOTL, issued: "2026-01-01T00:00:00Z", next: "2026-07-01T00:00:00Z", sequence: 3,
		pointers: `<PointersToOtherTSL><OtherTSLPointer><ServiceDigitalIdentities>` + ids + `</ServiceDigitalIdentities><TSLLocation>https://tl.example/es.xml</TSLLocation>` +
			`<AdditionalInformation><OtherInformation><TSLType>` + TypeEU + `</TSLType></OtherInformation><OtherInformation><SchemeTerritory>ES</SchemeTerritory></OtherInformation></AdditionalInformation></OtherTSLPointer></PointersToOtherTSL>`}
}

func (d draft) xml() string {
	next := ""
	if d.next != "" {
		next = "<dateTime>" + d.next + "</dateTime>"
	}
	return fmt.Sprintf(`<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag">`+
		`<SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier><TSLSequenceNumber>%d</TSLSequenceNumber><TSLType>%s</TSLType>`+
		`<SchemeOperatorName><Name xml:lang="en">Operator</Name></SchemeOperatorName><SchemeTerritory>%s</SchemeTerritory>%s`+
		`<ListIssueDateTime>%s</ListIssueDateTime><NextUpdate>%s</NextUpdate></SchemeInformation>`+
		`<TrustServiceProviderList>%s</TrustServiceProviderList></TrustServiceStatusList>`,
		d.sequence, d.typ, d.territory, d.pointers, d.issued, next, d.providers)
}

// sign makes the file. edit changes the signing and after the signed tree; both
// may be nil.
func (d draft) sign(t testing.TB, by sealtest.Certificate, edit func(*dsig.SigningContext), after func(root *etree.Element)) []byte {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(d.xml()); err != nil {
		t.Fatal(err)
	}
	ctx, err := dsig.NewSigningContext(by.Key, [][]byte{by.DER})
	if err != nil {
		t.Fatal(err)
	}
	ctx.IdAttribute = idAttribute
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if edit != nil {
		edit(ctx)
	}
	root, err := ctx.SignEnveloped(doc.Root())
	if err != nil {
		t.Fatal(err)
	}
	sideBySide(t, root, by)
	if after != nil {
		after(root)
	}
	doc.SetRoot(root)
	b, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sideBySide writes an ECDSA signature as XML Signature has it; the library that
// signs leaves it in the form of ASN.1.
func sideBySide(t testing.TB, root *etree.Element, by sealtest.Certificate) {
	t.Helper()
	if _, ok := by.Key.(*ecdsa.PrivateKey); !ok {
		return
	}
	value := root.FindElement("./Signature/SignatureValue")
	der, err := base64.StdEncoding.DecodeString(value.Text())
	if err != nil {
		t.Fatal(err)
	}
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		t.Fatal(err)
	}
	raw := append(sig.R.FillBytes(make([]byte, 32)), sig.S.FillBytes(make([]byte, 32))...)
	value.SetText(base64.StdEncoding.EncodeToString(raw))
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func operator(t testing.TB, name string) sealtest.Certificate {
	return sealtest.NewAuthority(t, name).Issue(t, func(c *x509.Certificate) { c.Subject.CommonName = name })
}
