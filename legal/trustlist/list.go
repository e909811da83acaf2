package trustlist

import (
	"crypto/x509"
	"time"
)

// The identifiers of ETSI TS 119 612 that matter for seals (sections 5.3.3, 5.5.1
// and 5.5.4, annex D.5). They are http and have no slash at the end.
const (
	TypeLOTL = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists"
	TypeEU   = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric"

	ServiceCAQC = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"

	StatusGranted   = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"
	StatusWithdrawn = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/withdrawn"

	ForESeals = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/ForeSeals"
)

// List is a trusted list whose signature was verified.
type List struct {
	Territory  string // two letters; EU for the list of lists
	Type       string
	Sequence   int64
	Operator   string // of the scheme, in English where it has that
	Issued     time.Time
	NextUpdate time.Time // zero for a closed list
	Providers  []Provider
	Pointers   []Pointer
	// Signer is the certificate by which it is signed.
	Signer *x509.Certificate
}

// StaleAt tells whether the list should have been replaced by the time t.
func (l *List) StaleAt(t time.Time) bool { return l.NextUpdate.IsZero() || t.After(l.NextUpdate) }

// Pointer is where another list is, and who signs it.
type Pointer struct {
	Territory, Type, Location string
	Signers                   []*x509.Certificate
}

// Provider is a trust service provider. Identifier is the one among its trade
// names that has the form of EN 319 412-1, such as VATSE-556633022001; empty for
// none.
type Provider struct {
	Name       string
	TradeNames []string
	Identifier string
	Services   []Service
}

// Service is one service of a provider. Periods are its states, newest first:
// each holds from its beginning until the next newer one begins.
type Service struct {
	Name         string
	Certificates []*x509.Certificate // of the service's digital identity
	Periods      []Period
}

// At returns the state of the service at a time; ok is false before the first.
func (s *Service) At(t time.Time) (p Period, ok bool) {
	for _, p := range s.Periods {
		if !t.Before(p.From) {
			return p, true
		}
	}
	return Period{}, false
}

// Period is a state of a service.
type Period struct {
	Type   string // ServiceTypeIdentifier
	Status string
	From   time.Time
	// For are the URIs of AdditionalServiceInformation: what kinds of
	// certificate the service is listed for.
	For            []string
	Qualifications []Qualification
	// Unknown are critical extensions that are not understood here: such a period
	// supports no level (TS 119 612 section 5.5.9).
	Unknown []string
}

// Qualification changes what the certificates that meet its criteria are
// (SvcInfoExt Qualifications, section 5.5.9.2).
type Qualification struct {
	Qualifiers []string // URIs
	Criteria   Criteria
}

// Criteria is a list of conditions with how they are joined.
type Criteria struct {
	Assert   string // all, atLeastOne or none
	KeyUsage []map[string]bool
	Policies [][]string // each set: all of these policies
	Nested   []Criteria
	Unknown  bool // holds a condition that is not understood here
}
