package trustlist

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/proof/cert"
)

// Lists are verified lists of one list of lists.
type Lists struct {
	LOTL     *List
	National []*List
}

// Problem is a national list that counts for nothing, and why.
type Problem struct {
	Name string
	Err  error
}

// File is the content of a national list with a name for messages.
type File struct {
	Name string
	Body []byte
}

// Open verifies the list of lists by the signers given and each national list by
// the signers that the list of lists names for its territory. A national list that
// does not hold is left out and reported; the error is about the list of lists:
// those of [Read], and [ErrForm] when it is no list of lists. Two lists of one
// territory: the newer counts.
func Open(lotl []byte, by Signer, national []File, at time.Time) (*Lists, []Problem, error) {
	top, err := Read(lotl, by, at)
	if err != nil {
		return nil, nil, err
	}
	if top.Type != TypeLOTL {
		return nil, nil, fmt.Errorf("%w: type %.100q is no list of lists", ErrForm, top.Type)
	}
	out := &Lists{LOTL: top}
	var problems []Problem
	for _, f := range national {
		if err := out.add(f.Body, at); err != nil {
			problems = append(problems, Problem{f.Name, err})
		}
	}
	return out, problems, nil
}

// add verifies one national list. The territory is known only after reading, so
// that any signer named may sign at first, and then only one of that territory.
func (l *Lists) add(body []byte, at time.Time) error {
	list, err := Read(body, func(c *x509.Certificate) bool { return l.names("", c) }, at)
	if err != nil {
		return err
	}
	if list.Type != TypeEU {
		return fmt.Errorf("%w: type %.100q is no national list", ErrForm, list.Type)
	}
	if !l.names(list.Territory, list.Signer) {
		return fmt.Errorf("%w: the list of lists does not name it for %s", ErrSigner, list.Territory)
	}
	for i, held := range l.National {
		if held.Territory == list.Territory {
			if list.Sequence <= held.Sequence {
				return fmt.Errorf("%w: number %d, held %d", ErrOlder, list.Sequence, held.Sequence)
			}
			l.National[i] = list
			return nil
		}
	}
	l.National = append(l.National, list)
	return nil
}

// names tells whether the list of lists names a signer, for one territory or for any.
func (l *Lists) names(territory string, c *x509.Certificate) bool {
	for _, p := range l.LOTL.Pointers {
		if (territory == "" || p.Territory == territory) && p.Type == TypeEU && slices.ContainsFunc(p.Signers, c.Equal) {
			return true
		}
	}
	return false
}

// Judgement is what the lists say about a certificate.
type Judgement struct {
	// Level is [cert.QualifiedSeal], [cert.QualifiedCert] or, where the lists
	// raise nobody, [cert.None].
	Level     cert.Level
	Territory string
	Provider  string
	Service   string
	Status    string
	Sequence  int64 // of the national list
	// Err says why the level is not higher: [ErrNoService], [ErrNotGranted],
	// [ErrNotClaimed], [ErrNoDevice], [ErrStale]; nil for a qualified seal.
	Err error
}

// Judge says what a seal certificate was at a time, by the authority above it:
// that its certificate calls itself qualified for seals counts only where a listed
// service for qualified certificates stands above it, granted and for seals at that
// time (Regulation (EU) 910/2014 articles 22 and 38; ETSI TS 119 615 section 4.4).
// others are certificates between the two. now is when the lists must be current.
func (l *Lists) Judge(leaf *x509.Certificate, others []*x509.Certificate, at, now time.Time) Judgement {
	best := Judgement{Level: cert.None, Err: ErrNoService}
	facts, err := cert.Read(leaf)
	if err != nil {
		best.Err = err
		return best
	}
	for _, list := range l.National {
		for _, p := range list.Providers {
			for i := range p.Services {
				s := &p.Services[i]
				if !s.above(leaf, others, at) {
					continue
				}
				j := Judgement{Level: cert.None, Territory: list.Territory, Provider: p.Name, Service: s.Name, Sequence: list.Sequence}
				j.Level, j.Status, j.Err = s.judge(leaf, &facts, at)
				if list.StaleAt(now) || l.LOTL.StaleAt(now) {
					j.Level, j.Err = cert.None, fmt.Errorf("%w: %s", ErrStale, list.Territory)
				}
				if best.Territory == "" || rank(j.Level) > rank(best.Level) {
					best = j
				}
			}
		}
	}
	return best
}

func rank(l cert.Level) int {
	return slices.Index([]cert.Level{cert.QualifiedCert, cert.QualifiedSeal}, l)
}

// above tells whether a certificate of the service stands above leaf.
func (s *Service) above(leaf *x509.Certificate, others []*x509.Certificate, at time.Time) bool {
	if len(s.Certificates) == 0 {
		return false
	}
	pool := x509.NewCertPool()
	for _, c := range s.Certificates {
		pool.AddCert(c)
	}
	return cert.Build(leaf, others, pool, at).Level == cert.Chain && !slices.ContainsFunc(s.Certificates, leaf.Equal)
}

// judge evaluates the state of the service at a time for one certificate.
func (s *Service) judge(leaf *x509.Certificate, f *cert.Facts, at time.Time) (cert.Level, string, error) {
	p, ok := s.At(at)
	switch {
	case !ok:
		return cert.None, "", fmt.Errorf("%w: it is listed only later", ErrNotGranted)
	case p.Type != ServiceCAQC:
		return cert.None, p.Status, fmt.Errorf("%w: it is listed for something else", ErrNotGranted)
	case p.Status != StatusGranted:
		return cert.None, p.Status, fmt.Errorf("%w: %s", ErrNotGranted, last(p.Status))
	case len(p.Unknown) > 0:
		return cert.None, p.Status, fmt.Errorf("%w: extension %s is not understood", ErrNotGranted, strings.Join(p.Unknown, ", "))
	case !slices.Contains(p.For, ForESeals):
		return cert.None, p.Status, fmt.Errorf("%w: it is not listed for seals", ErrNotGranted)
	}
	seal, device := f.ClaimsQualifiedSeal(), f.Statements.SSCD
	var noSeal, noDevice string // what the list says against it, which always wins
	for _, q := range p.Qualifications {
		fits := q.Criteria.fit(leaf, f)
		for _, uri := range q.Qualifiers {
			switch name := last(uri); name {
			case "QCWithQSCD", "QCWithSSCD":
				device = device || fits == yes
			case "QCForESeal":
				seal = seal || fits == yes && f.Statements.Compliance
			case "QCNoQSCD", "QCNoSSCD":
				if fits != no {
					noDevice = name
				}
			case "NotQualified", "QCForESig", "QCForWSA":
				if fits != no {
					noSeal = name
				}
			}
		}
	}
	switch {
	case noSeal != "":
		return cert.None, p.Status, fmt.Errorf("%w: the list says %s", ErrNotClaimed, noSeal)
	case !seal:
		return cert.None, p.Status, ErrNotClaimed
	case noDevice != "":
		return cert.QualifiedCert, p.Status, fmt.Errorf("%w: the list says %s", ErrNoDevice, noDevice)
	case !device:
		return cert.QualifiedCert, p.Status, ErrNoDevice
	}
	return cert.QualifiedSeal, p.Status, nil
}

// last is the last part of a URI.
func last(uri string) string { return uri[strings.LastIndex(uri, "/")+1:] }

// answer is what is known of a condition.
type answer int

const (
	no answer = iota
	perhaps
	yes
)

// fit evaluates criteria over a certificate (TS 119 612 section 5.5.9.2). What is
// not understood is perhaps: enough to lower a level and not to raise one.
func (c Criteria) fit(leaf *x509.Certificate, f *cert.Facts) answer {
	var all []answer
	for _, bits := range c.KeyUsage {
		all = append(all, usageFits(leaf, bits))
	}
	for _, set := range c.Policies {
		all = append(all, of(len(set) > 0 && !slices.ContainsFunc(set, func(id string) bool { return !slices.Contains(f.Policies, id) })))
	}
	for _, n := range c.Nested {
		all = append(all, n.fit(leaf, f))
	}
	if c.Unknown || len(all) == 0 {
		all = append(all, perhaps)
	}
	lowest, highest := slices.Min(all), slices.Max(all)
	switch c.Assert {
	case "all":
		return lowest
	case "atLeastOne":
		return highest
	case "none":
		return yes - highest
	}
	return perhaps
}

func of(b bool) answer {
	if b {
		return yes
	}
	return no
}

// usageFits compares the bits that are named with the certificate's key usage
// (RFC 5280 section 4.2.1.3).
func usageFits(leaf *x509.Certificate, bits map[string]bool) answer {
	known := map[string]x509.KeyUsage{"digitalSignature": x509.KeyUsageDigitalSignature, "nonRepudiation": x509.KeyUsageContentCommitment,
		"keyEncipherment": x509.KeyUsageKeyEncipherment, "dataEncipherment": x509.KeyUsageDataEncipherment,
		"keyAgreement": x509.KeyUsageKeyAgreement, "keyCertSign": x509.KeyUsageCertSign, "crlSign": x509.KeyUsageCRLSign,
		"encipherOnly": x509.KeyUsageEncipherOnly, "decipherOnly": x509.KeyUsageDecipherOnly}
	out := yes
	for name, want := range bits {
		bit, ok := known[name]
		switch {
		case !ok:
			out = min(out, perhaps)
		case leaf.KeyUsage&bit != 0 != want:
			return no
		}
	}
	return out
}
