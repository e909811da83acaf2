package listtest

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/bonafide-id/bonafide/proof/sealtest"
)

// The identifiers are written out here, so that a wrong one in the reader shows.
const (
	typeEU   = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric"
	typeLOTL = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists"
	caQC     = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
	granted  = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"
)

// Period is a state of the one service in a test list: its type, status and
// beginning, and its extensions as XML.
type Period struct {
	Type, Status, From, Extensions string
}

// State makes a Period.
func State(kind, status, from, extensions string) Period {
	return Period{Type: kind, Status: status, From: from, Extensions: extensions}
}

// ForSeals is the extension of a service that is listed for seals.
const ForSeals = `<Extension Critical="true"><AdditionalServiceInformation><URI xml:lang="en">http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/ForeSeals</URI></AdditionalServiceInformation></Extension>`

// Granted is a service for qualified certificates, granted for seals from 2025.
func Granted() Period { return Period{caQC, granted, "2025-01-01T00:00:00Z", ForSeals} }

// Draft is a list before it is signed; the last two members are XML.
type Draft struct {
	Territory, Type, Issued, Next string
	Sequence                      int
	Pointers, Providers           string
}

// National is the list of ES, number 7, good for the first half of 2026, with one
// provider, "Seals Ltd", whose one service is ca with these states, newest first.
func National(ca sealtest.Certificate, periods ...Period) Draft {
	var states []string
	for i, p := range periods {
		tag, identity := "ServiceHistoryInstance", ""
		if i == 0 {
			tag, identity = "ServiceInformation", "<DigitalId><X509Certificate>"+base64.StdEncoding.EncodeToString(ca.DER)+"</X509Certificate></DigitalId>"
		}
		states = append(states, fmt.Sprintf(`<%[1]s><ServiceTypeIdentifier>%[2]s</ServiceTypeIdentifier><ServiceName><Name xml:lang="en">Seals</Name></ServiceName>`+
			`<ServiceDigitalIdentity>%[3]s</ServiceDigitalIdentity><ServiceStatus>%[4]s</ServiceStatus><StatusStartingTime>%[5]s</StatusStartingTime>`+
			`<ServiceInformationExtensions>%[6]s</ServiceInformationExtensions></%[1]s>`, tag, p.Type, identity, p.Status, p.From, p.Extensions))
	}
	return Draft{Territory: "ES", Type: typeEU, Issued: "2026-01-01T00:00:00Z", Next: "2026-07-01T00:00:00Z", Sequence: 7,
		Providers: `<TrustServiceProvider><TSPInformation><TSPName><Name xml:lang="es">Sellos SA</Name><Name xml:lang="en">Seals Ltd</Name></TSPName>` +
			`<TSPTradeName><Name xml:lang="en">Seals</Name><Name xml:lang="en">VATES-B00000000</Name></TSPTradeName></TSPInformation>` +
			`<TSPServices><TSPService>` + states[0] + `<ServiceHistory>` + strings.Join(states[1:], "") + `</ServiceHistory></TSPService></TSPServices></TrustServiceProvider>`}
}

// Top is the list of lists, number 3, that names the signers of the list of ES.
func Top(signers ...sealtest.Certificate) Draft {
	ids := ""
	for _, s := range signers {
		ids += "<ServiceDigitalIdentity><DigitalId><X509Certificate>" + base64.StdEncoding.EncodeToString(s.DER) + "</X509Certificate></DigitalId></ServiceDigitalIdentity>"
	}
	return Draft{Territory: "EU", Type: typeLOTL, Issued: "2026-01-01T00:00:00Z", Next: "2026-07-01T00:00:00Z", Sequence: 3,
		Pointers: `<PointersToOtherTSL><OtherTSLPointer><ServiceDigitalIdentities>` + ids + `</ServiceDigitalIdentities><TSLLocation>https://tl.example/es.xml</TSLLocation>` +
			`<AdditionalInformation><OtherInformation><TSLType>` + typeEU + `</TSLType></OtherInformation><OtherInformation><SchemeTerritory>ES</SchemeTerritory></OtherInformation></AdditionalInformation></OtherTSLPointer></PointersToOtherTSL>`}
}

// XML is the list without its signature.
func (d Draft) XML() string {
	next := ""
	if d.Next != "" {
		next = "<dateTime>" + d.Next + "</dateTime>"
	}
	return fmt.Sprintf(`<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag">`+
		`<SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier><TSLSequenceNumber>%d</TSLSequenceNumber><TSLType>%s</TSLType>`+
		`<SchemeOperatorName><Name xml:lang="en">Operator</Name></SchemeOperatorName><SchemeTerritory>%s</SchemeTerritory>%s`+
		`<ListIssueDateTime>%s</ListIssueDateTime><NextUpdate>%s</NextUpdate></SchemeInformation>`+
		`<TrustServiceProviderList>%s</TrustServiceProviderList></TrustServiceStatusList>`,
		d.Sequence, d.Type, d.Territory, d.Pointers, d.Issued, next, d.Providers)
}

// Sign makes the file. edit changes the signing and after the signed tree; both
// may be nil.
func (d Draft) Sign(t testing.TB, by sealtest.Certificate, edit func(*dsig.SigningContext), after func(root *etree.Element)) []byte {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(d.XML()); err != nil {
		t.Fatal(err)
	}
	ctx, err := dsig.NewSigningContext(by.Key, [][]byte{by.DER})
	if err != nil {
		t.Fatal(err)
	}
	ctx.IdAttribute = "Id"
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

// Operator is somebody who signs lists.
func Operator(t testing.TB, name string) sealtest.Certificate {
	return sealtest.NewAuthority(t, name).Issue(t, func(c *x509.Certificate) { c.Subject.CommonName = name })
}
