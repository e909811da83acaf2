package domain

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// The names of the specification.
const (
	Path    = "/.well-known/did-configuration.json"
	Context = "https://identity.foundation/.well-known/did-configuration/v1"
	Type    = "DomainLinkageCredential"
)

// Bounds of a configuration.
const (
	MaxBytes = 256 << 10
	maxLinks = 64
)

// Link is a domain linkage credential: an identifier that says that it belongs to an
// origin.
type Link struct {
	DID         string
	Origin      string // https://host[:port]
	From, Until time.Time
}

// Origin reads an origin: https, a host, a port other than 443, nothing more. A bare
// host is taken as one, because the specification's own example has it so. The error
// is [ErrOrigin].
func Origin(s string) (string, error) {
	text := s
	if !strings.Contains(s, "://") {
		text = "https://" + s
	}
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || len(s) > 512 || u.Scheme != "https" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Opaque != "" {
		return "", fmt.Errorf("%w: %.100q", ErrOrigin, s)
	}
	return "https://" + strings.TrimSuffix(strings.ToLower(u.Host), ":443"), nil
}

func (l Link) tree() map[string]any {
	return map[string]any{
		"@context": []any{credential.ContextV1, Context}, "type": []any{"VerifiableCredential", Type}, "issuer": l.DID,
		"issuanceDate": proof.FormatTime(l.From), "expirationDate": proof.FormatTime(l.Until),
		"credentialSubject": map[string]any{"id": l.DID, "origin": l.Origin},
	}
}

// Sign makes the credential in both forms that the specification has: with an embedded
// proof, and as a JWT whose header holds alg and kid only. method is a key of the
// identifier under assertionMethod. The error is [ErrOrigin] or that of the signer.
func (l Link) Sign(ctx context.Context, signer key.Signer, method string) (embedded map[string]any, token string, err error) {
	if l.Origin, err = Origin(l.Origin); err != nil {
		return nil, "", err
	}
	embedded, err = proof.Sign(ctx, l.tree(), signer, proof.SignOptions{VerificationMethod: method, Created: l.From})
	if err != nil {
		return nil, "", fmt.Errorf("domain: sign: %w", err)
	}
	claims, err := strictjson.Canonical(map[string]any{"iss": l.DID, "sub": l.DID, "nbf": l.From.Unix(), "exp": l.Until.Unix(), "vc": l.tree()})
	if err != nil {
		return nil, "", fmt.Errorf("domain: sign: %w", err)
	}
	token, err = jose.Sign(ctx, signer, map[string]any{"kid": method}, claims)
	return embedded, token, err
}

// Configuration writes the file that an origin gives out. links are credentials as
// [Link.Sign] makes them: objects, or tokens.
func Configuration(links []any) ([]byte, error) {
	return strictjson.Canonical(map[string]any{"@context": Context, "linked_dids": links})
}

// Check looks in a file that was fetched from an origin for a credential by which an
// identifier links itself to that origin. same tells whether a DID is the identifier;
// opt says how credentials are checked. Errors: [ErrConfiguration], [ErrNotLinked],
// [ErrCredential].
func Check(ctx context.Context, file []byte, origin string, same func(did string) bool, opt credential.Options) (Link, error) {
	tree, err := strictjson.ParseObject(file, strictjson.Limits{MaxBytes: MaxBytes})
	if err != nil {
		return Link{}, fmt.Errorf("%w: %w", ErrConfiguration, err)
	}
	list, ok := tree["linked_dids"].([]any)
	if tree["@context"] != Context || !ok || len(list) == 0 || len(list) > maxLinks {
		return Link{}, fmt.Errorf("%w: @context or linked_dids", ErrConfiguration)
	}
	worst := fmt.Errorf("%w: %s", ErrNotLinked, origin)
	for _, e := range list {
		if ctx.Err() != nil {
			return Link{}, ctx.Err()
		}
		var c *credential.Checked
		switch x := e.(type) {
		case map[string]any:
			c = credential.CheckTree(ctx, x, opt)
		case string:
			c = credential.Check(ctx, []byte(x), opt)
		default:
			return Link{}, fmt.Errorf("%w: linked_dids holds neither objects nor tokens only", ErrConfiguration)
		}
		if c.Credential == nil || !same(c.Credential.Issuer) {
			continue
		}
		l, err := read(c, origin)
		if err == nil {
			return l, nil
		}
		worst = err
	}
	return Link{}, worst
}

// read holds one credential against the rules. Its context need not be at hand: what
// is read is under a signature over the members as they stand.
func read(c *credential.Checked, origin string) (Link, error) {
	bad := func(why string) (Link, error) { return Link{}, fmt.Errorf("%w: %s", ErrCredential, why) }
	for _, name := range []verdict.CheckName{verdict.Integrity, verdict.Signer, verdict.Dates} {
		if row := c.Row(name); row.Result != verdict.Pass && row.Result != verdict.Warn {
			return bad(string(name) + ": " + string(row.Code))
		}
	}
	v := c.Credential
	if !slices.Contains(v.Types, Type) || len(v.Subjects) != 1 || v.Subjects[0]["id"] != v.Issuer {
		return bad("type or subject")
	}
	if v.ValidFrom == nil || v.ValidUntil == nil {
		return bad("it needs a beginning and an end")
	}
	named, _ := v.Subjects[0]["origin"].(string)
	if o, err := Origin(named); err != nil || o != origin {
		return bad(fmt.Sprintf("it names the origin %.100q, not %s", named, origin))
	}
	return Link{DID: v.Issuer, Origin: origin, From: *v.ValidFrom, Until: *v.ValidUntil}, nil
}
