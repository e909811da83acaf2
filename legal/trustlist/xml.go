package trustlist

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/proof/cert"
)

const (
	nsTSL  = "http://uri.etsi.org/02231/v2#"
	nsSIE  = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
	maxIDs = 64 // certificates of one service or pointer
)

// The XML of TS 119 612, as far as it is read.
type (
	xmlNames struct {
		Name []struct {
			Lang string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
			Text string `xml:",chardata"`
		} `xml:"Name"`
	}

	xmlList struct {
		XMLName xml.Name `xml:"http://uri.etsi.org/02231/v2# TrustServiceStatusList"`
		Scheme  struct {
			Version   int64    `xml:"TSLVersionIdentifier"`
			Sequence  int64    `xml:"TSLSequenceNumber"`
			Type      string   `xml:"TSLType"`
			Operator  xmlNames `xml:"SchemeOperatorName"`
			Territory string   `xml:"SchemeTerritory"`
			Issued    string   `xml:"ListIssueDateTime"`
			Next      struct {
				DateTime string `xml:"dateTime"`
			} `xml:"NextUpdate"`
			Pointers []xmlPointer `xml:"PointersToOtherTSL>OtherTSLPointer"`
		} `xml:"SchemeInformation"`
		Providers []xmlProvider `xml:"TrustServiceProviderList>TrustServiceProvider"`
	}

	xmlPointer struct {
		Identities []xmlIdentity `xml:"ServiceDigitalIdentities>ServiceDigitalIdentity"`
		Location   string        `xml:"TSLLocation"`
		Other      []struct {
			Type      string `xml:"TSLType"`
			Territory string `xml:"SchemeTerritory"`
			Mime      string `xml:"http://uri.etsi.org/02231/v2/additionaltypes# MimeType"`
		} `xml:"AdditionalInformation>OtherInformation"`
	}

	xmlIdentity struct {
		Digital []struct {
			Certificate string `xml:"X509Certificate"`
		} `xml:"DigitalId"`
	}

	xmlProvider struct {
		Name     xmlNames     `xml:"TSPInformation>TSPName"`
		Trade    xmlNames     `xml:"TSPInformation>TSPTradeName"`
		Services []xmlService `xml:"TSPServices>TSPService"`
	}

	xmlService struct {
		Now     xmlState   `xml:"ServiceInformation"`
		History []xmlState `xml:"ServiceHistory>ServiceHistoryInstance"`
	}

	xmlState struct {
		Type       string         `xml:"ServiceTypeIdentifier"`
		Name       xmlNames       `xml:"ServiceName"`
		Identity   xmlIdentity    `xml:"ServiceDigitalIdentity"`
		Status     string         `xml:"ServiceStatus"`
		From       string         `xml:"StatusStartingTime"`
		Extensions []xmlExtension `xml:"ServiceInformationExtensions>Extension"`
	}

	xmlExtension struct {
		Critical   bool `xml:"Critical,attr"`
		Additional *struct {
			URI string `xml:"URI"`
		} `xml:"http://uri.etsi.org/02231/v2# AdditionalServiceInformation"`
		Qualifications *struct {
			Elements []struct {
				Qualifiers []struct {
					URI string `xml:"uri,attr"`
				} `xml:"Qualifiers>Qualifier"`
				Criteria *xmlCriteria `xml:"CriteriaList"`
			} `xml:"QualificationElement"`
		} `xml:"http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/# Qualifications"`
		Rest []xmlAny `xml:",any"`
	}

	xmlCriteria struct {
		Assert   string `xml:"assert,attr"`
		KeyUsage []struct {
			Bits []struct {
				Name string `xml:"name,attr"`
				Set  string `xml:",chardata"`
			} `xml:"KeyUsageBit"`
		} `xml:"KeyUsage"`
		Policies []struct {
			IDs []string `xml:"PolicyIdentifier>Identifier"`
		} `xml:"PolicySet"`
		Nested []xmlCriteria `xml:"CriteriaList"`
		Rest   []xmlAny      `xml:",any"`
	}

	xmlAny struct {
		XMLName xml.Name
	}
)

// english picks the English name, else the first.
func (n xmlNames) english() string {
	for _, e := range n.Name {
		if strings.HasPrefix(strings.ToLower(e.Lang), "en") {
			return clip(e.Text)
		}
	}
	if len(n.Name) > 0 {
		return clip(n.Name[0].Text)
	}
	return ""
}

func clip(s string) string {
	const most = 300
	if s = strings.Join(strings.Fields(s), " "); len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// list makes a List of verified XML. The error is ErrForm.
func (x *xmlList) list() (*List, error) {
	s := &x.Scheme
	l := &List{Territory: strings.TrimSpace(s.Territory), Type: strings.TrimSpace(s.Type), Sequence: s.Sequence, Operator: s.Operator.english()}
	var err error
	if l.Issued, err = moment(s.Issued); err != nil {
		return nil, fmt.Errorf("%w: ListIssueDateTime: %w", ErrForm, err)
	}
	if s.Next.DateTime != "" {
		if l.NextUpdate, err = moment(s.Next.DateTime); err != nil {
			return nil, fmt.Errorf("%w: NextUpdate: %w", ErrForm, err)
		}
	}
	if l.Sequence < 1 || len(l.Territory) != 2 || l.Type == "" {
		return nil, fmt.Errorf("%w: sequence number, territory or type", ErrForm)
	}
	for _, p := range s.Pointers {
		l.Pointers = append(l.Pointers, p.pointer())
	}
	for _, p := range x.Providers {
		provider, err := p.provider()
		if err != nil {
			return nil, err
		}
		l.Providers = append(l.Providers, provider)
	}
	return l, nil
}

func (p xmlPointer) pointer() Pointer {
	out := Pointer{Location: strings.TrimSpace(p.Location)}
	for _, o := range p.Other {
		if t := strings.TrimSpace(o.Type); t != "" {
			out.Type = t
		}
		if t := strings.TrimSpace(o.Territory); t != "" {
			out.Territory = t
		}
	}
	for _, id := range p.Identities[:min(len(p.Identities), maxIDs)] {
		out.Signers = append(out.Signers, id.certificates()...)
	}
	return out
}

// certificates are those that can be read; one that cannot identifies nobody.
func (id xmlIdentity) certificates() []*x509.Certificate {
	var out []*x509.Certificate
	for _, d := range id.Digital[:min(len(id.Digital), maxIDs)] {
		if d.Certificate == "" {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(d.Certificate), ""))
		if err != nil {
			continue
		}
		if c, err := cert.Parse(der); err == nil {
			out = append(out, c)
		}
	}
	return out
}

func (p xmlProvider) provider() (Provider, error) {
	out := Provider{Name: p.Name.english()}
	for _, n := range p.Trade.Name {
		name := clip(n.Text)
		out.TradeNames = append(out.TradeNames, name)
		if id, err := cert.ParseIdentifier(name); err == nil && id.Value != "" && out.Identifier == "" {
			out.Identifier = name
		}
	}
	for _, s := range p.Services {
		service := Service{Name: s.Now.Name.english(), Certificates: s.Now.Identity.certificates()}
		for _, state := range append([]xmlState{s.Now}, s.History...) {
			period, err := state.period()
			if err != nil {
				return out, err
			}
			if n := len(service.Periods); n > 0 && period.From.After(service.Periods[n-1].From) {
				return out, fmt.Errorf("%w: history of %q is not in order", ErrForm, service.Name)
			}
			service.Periods = append(service.Periods, period)
		}
		out.Services = append(out.Services, service)
	}
	return out, nil
}

func (s xmlState) period() (Period, error) {
	p := Period{Type: strings.TrimSpace(s.Type), Status: strings.TrimSpace(s.Status)}
	var err error
	if p.From, err = moment(s.From); err != nil {
		return p, fmt.Errorf("%w: StatusStartingTime: %w", ErrForm, err)
	}
	for _, e := range s.Extensions {
		known := false
		if e.Additional != nil {
			p.For, known = append(p.For, strings.TrimSpace(e.Additional.URI)), true
		}
		if e.Qualifications != nil {
			known = true
			for _, q := range e.Qualifications.Elements {
				one := Qualification{Criteria: q.Criteria.criteria(0)}
				for _, u := range q.Qualifiers {
					one.Qualifiers = append(one.Qualifiers, u.URI)
				}
				p.Qualifications = append(p.Qualifications, one)
			}
		}
		for _, r := range e.Rest {
			known = false
			if e.Critical {
				p.Unknown = append(p.Unknown, r.XMLName.Local)
			}
		}
		if !known && e.Critical && len(e.Rest) == 0 {
			p.Unknown = append(p.Unknown, "an empty extension")
		}
	}
	return p, nil
}

func (x *xmlCriteria) criteria(depth int) Criteria {
	const deepest = 8
	if x == nil || depth > deepest {
		return Criteria{Unknown: true}
	}
	c := Criteria{Assert: x.Assert}
	for _, r := range x.Rest {
		// A description says nothing about certificates.
		c.Unknown = c.Unknown || r.XMLName.Local != "Description"
	}
	for _, k := range x.KeyUsage {
		bits := map[string]bool{}
		for _, b := range k.Bits {
			bits[b.Name] = strings.TrimSpace(b.Set) == "true" || strings.TrimSpace(b.Set) == "1"
		}
		c.KeyUsage = append(c.KeyUsage, bits)
	}
	for _, p := range x.Policies {
		var ids []string
		for _, id := range p.IDs {
			ids = append(ids, strings.TrimPrefix(strings.TrimSpace(id), "urn:oid:"))
		}
		c.Policies = append(c.Policies, ids)
	}
	for i := range x.Nested {
		c.Nested = append(c.Nested, x.Nested[i].criteria(depth+1))
	}
	return c
}

// moment reads an xsd:dateTime in UTC (TS 119 612 section 5.1.4).
func moment(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	return t.UTC(), err
}
