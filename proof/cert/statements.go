package cert

import (
	"encoding/asn1"
	"fmt"
)

// Statements is what the extension qcStatements (1.3.6.1.5.5.7.1.3) claims
// (EN 319 412-5). It is the word of whoever signed the certificate.
type Statements struct {
	Compliance bool     // QcCompliance: says that it is an EU qualified certificate
	SSCD       bool     // QcSSCD: says that the key lies in a qualified device
	Types      []string // QcType: "esign", "eseal", "web", or an OID
	Semantics  string   // OID of the semantics identifier, for example 0.4.0.194121.1.2 (legal person)
	Other      []string // OIDs of further statements
}

// Statement and policy identifiers (EN 319 412-5 section 4, EN 319 411-2
// section 5.3, EN 319 412-1 section 5.1).
const (
	oidQCStatements  = "1.3.6.1.5.5.7.1.3"
	oidQcCompliance  = "0.4.0.1862.1.1"
	oidQcSSCD        = "0.4.0.1862.1.4"
	oidQcType        = "0.4.0.1862.1.6"
	oidQcSyntaxV1    = "1.3.6.1.5.5.7.11.1"
	oidQcSyntaxV2    = "1.3.6.1.5.5.7.11.2"
	maxStatements    = 32
	PolicyQCPL       = "0.4.0.194112.1.1" // qualified certificate of a legal person
	PolicyQCPLQSCD   = "0.4.0.194112.1.3" // the same with the key in a qualified device
	SemanticsNatural = "0.4.0.194121.1.1" // subject is a natural person
	SemanticsLegal   = "0.4.0.194121.1.2" // subject is a legal person
)

// statement is one QCStatement (RFC 3739 section 3.2.6).
type statement struct {
	ID   asn1.ObjectIdentifier
	Info asn1.RawValue `asn1:"optional"`
}

func readStatements(der []byte) (Statements, error) {
	var out Statements
	var list []statement
	if rest, err := asn1.Unmarshal(der, &list); err != nil || len(rest) > 0 {
		return out, fmt.Errorf("%w: no list of statements", ErrStatements)
	}
	if len(list) > maxStatements {
		return out, fmt.Errorf("%w: %d statements, at most %d", ErrStatements, len(list), maxStatements)
	}
	for _, s := range list {
		var err error
		switch id := s.ID.String(); id {
		case oidQcCompliance:
			out.Compliance = true
		case oidQcSSCD:
			out.SSCD = true
		case oidQcType:
			out.Types, err = qcTypes(s.Info.FullBytes)
		case oidQcSyntaxV1, oidQcSyntaxV2:
			out.Semantics, err = semantics(s.Info.FullBytes)
		default:
			out.Other = append(out.Other, id)
		}
		if err != nil {
			return Statements{}, err
		}
	}
	return out, nil
}

func qcTypes(der []byte) ([]string, error) {
	var ids []asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(der, &ids); err != nil || len(rest) > 0 || len(ids) > maxStatements {
		return nil, fmt.Errorf("%w: QcType", ErrStatements)
	}
	var out []string
	for _, id := range ids {
		switch s := id.String(); s {
		case oidQcType + ".1":
			out = append(out, "esign")
		case oidQcType + ".2":
			out = append(out, "eseal")
		case oidQcType + ".3":
			out = append(out, "web")
		default:
			out = append(out, s)
		}
	}
	return out, nil
}

// semantics reads SemanticsInformation, of which the first element, when it
// is an OID, says what the subject's identifiers mean. Absent is allowed.
func semantics(der []byte) (string, error) {
	if len(der) == 0 {
		return "", nil
	}
	var parts []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &parts); err != nil || len(rest) > 0 {
		return "", fmt.Errorf("%w: semantics", ErrStatements)
	}
	if len(parts) == 0 || parts[0].Tag != asn1.TagOID {
		return "", nil
	}
	var id asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(parts[0].FullBytes, &id); err != nil {
		return "", fmt.Errorf("%w: semantics", ErrStatements)
	}
	return id.String(), nil
}
