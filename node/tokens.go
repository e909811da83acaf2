package node

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/bonafide-id/bonafide/store"
)

// The tokens are one value in the store, so that two nodes over one store know
// the same ones.
const (
	metaTokens = "tokens"
	maxTokens  = 1000
	// tokenMark begins every token, so that one which leaks is recognised.
	tokenMark = "bonafide_"
	// tokenDays is how long a token is good for where nobody says.
	tokenDays    = 90
	maxTokenDays = 3650
)

// tokenEntry is a token as it is kept: the digest of its secret, which is 192
// random bits and so needs no slow hash.
type tokenEntry struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Role    Role   `json:"role"`
	Issuer  string `json:"issuer,omitempty"` // DID
	Digest  string `json:"digest"`           // SHA-256 of the whole token, hex
	Created int64  `json:"created"`          // ms
	Expires int64  `json:"expires"`
	Revoked int64  `json:"revoked,omitempty"`
}

// readTokens reads the tokens; none is no error.
func readTokens(tx store.Tx) ([]tokenEntry, error) {
	b, err := tx.GetMeta(metaTokens)
	if isNotFound(err) || err == nil && len(b) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []tokenEntry
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("node: tokens: %w: %w", store.ErrCorrupt, err)
	}
	return list, nil
}

func writeTokens(tx store.Tx, list []tokenEntry) error {
	b, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("node: tokens: %w", err)
	}
	return tx.PutMeta(metaTokens, b)
}

// Authorise checks a bearer token of the admin listener: the token of the home,
// which may do everything, or one that was created and is live. Secrets are
// compared in constant time.
func (n *Node) Authorise(token string) (Caller, bool) {
	if n.token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(n.token)) == 1 {
		return Caller{Role: RoleOperator, By: "operator"}, true
	}
	if !strings.HasPrefix(token, tokenMark) || len(token) > 200 {
		return Caller{}, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var list []tokenEntry
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		list, err = readTokens(tx)
		return err
	})
	if err != nil {
		n.log.Error("tokens cannot be read", "err", err)
		return Caller{}, false
	}
	digest := digestOf(token)
	var found *tokenEntry
	for i := range list { // to the end, whichever it is
		if subtle.ConstantTimeCompare([]byte(list[i].Digest), []byte(digest)) == 1 {
			found = &list[i]
		}
	}
	if found == nil || found.state(n.clock()) != "live" {
		return Caller{}, false
	}
	return Caller{Role: found.Role, Issuer: found.Issuer, By: "token:" + found.Name}, true
}

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (t tokenEntry) state(now time.Time) string {
	switch {
	case t.Revoked > 0:
		return "revoked"
	case now.UnixMilli() >= t.Expires:
		return "expired"
	}
	return "live"
}

func (t tokenEntry) row(now time.Time) TokenRow {
	return TokenRow{ID: t.ID, Name: t.Name, Role: t.Role, Issuer: t.Issuer, Created: time.UnixMilli(t.Created).UTC(),
		Expires: time.UnixMilli(t.Expires).UTC(), State: t.state(now)}
}

// createToken makes a token. The names of live tokens differ, since the audit
// trail knows a token by its name.
func (n *Node) createToken(ctx context.Context, who Caller, q TokenCreateRequest) (TokenCreated, error) {
	role := Role(q.Role)
	if role != RoleReader && role != RoleRegistrar && role != RoleOperator {
		return TokenCreated{}, fmt.Errorf("%w: role %.80q is not reader, registrar or operator", ErrRequest, q.Role)
	}
	if q.Name == "" || len(q.Name) > 80 || strings.ContainsFunc(q.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return TokenCreated{}, fmt.Errorf("%w: name must be 1 to 80 bytes of plain text", ErrRequest)
	}
	if q.Days == 0 {
		q.Days = tokenDays
	}
	if q.Days < 1 || q.Days > maxTokenDays {
		return TokenCreated{}, fmt.Errorf("%w: days must be 1 to %d", ErrRequest, maxTokenDays)
	}
	entry := tokenEntry{Name: q.Name, Role: role}
	if q.Issuer != "" {
		if role == RoleOperator {
			return TokenCreated{}, fmt.Errorf("%w: an operator runs the whole node; a token for one issuer is a registrar's or a reader's", ErrRequest)
		}
		is, err := n.issuer(ctx, q.Issuer)
		if err != nil {
			return TokenCreated{}, err
		}
		entry.Issuer = is.DID
	}
	var b [28]byte
	if _, err := io.ReadFull(n.random, b[:]); err != nil {
		return TokenCreated{}, fmt.Errorf("node: random numbers: %w", err)
	}
	now := n.clock()
	entry.ID, entry.Created = hex.EncodeToString(b[:4]), now.UnixMilli()
	entry.Expires = now.AddDate(0, 0, q.Days).UnixMilli()
	secret := tokenMark + entry.ID + "_" + base64.RawURLEncoding.EncodeToString(b[4:])
	entry.Digest = digestOf(secret)
	err := n.changeTokens(ctx, who, "token.create", &entry, func(list []tokenEntry) ([]tokenEntry, error) {
		var kept []tokenEntry
		for _, t := range list {
			if t.state(now) != "live" && len(list) >= maxTokens {
				continue // room for new ones
			}
			if t.state(now) == "live" && t.Name == entry.Name || t.ID == entry.ID {
				return nil, fmt.Errorf("%w: there is a live token named %q", ErrRequest, entry.Name)
			}
			kept = append(kept, t)
		}
		if len(kept) >= maxTokens {
			return nil, fmt.Errorf("%w: there are %d tokens; revoke some", ErrRequest, len(kept))
		}
		return append(kept, entry), nil
	})
	if err != nil {
		return TokenCreated{}, err
	}
	return TokenCreated{Token: entry.row(now), Secret: secret}, nil
}

// changeTokens changes the tokens and notes the act in the audit trail of the
// issuer concerned, or of all.
func (n *Node) changeTokens(ctx context.Context, who Caller, act string, about *tokenEntry, change func([]tokenEntry) ([]tokenEntry, error)) error {
	return n.store.Update(ctx, "", func(tx store.Tx) error {
		list, err := readTokens(tx)
		if err != nil {
			return err
		}
		if list, err = change(list); err != nil {
			return err
		}
		if err := writeTokens(tx, list); err != nil {
			return err
		}
		issuers, err := tx.ListIssuers()
		if err != nil {
			return err
		}
		for _, is := range issuers {
			if about.Issuer != "" && subjectOf(about.Issuer) != is.Subject {
				continue
			}
			if _, err := tx.AppendAudit(store.Audit{Issuer: is.Subject, At: n.clock().UnixMilli(), Actor: who.By, Action: act,
				Target: "token:" + about.Name, Detail: string(about.Role) + " " + about.ID}); err != nil {
				return err
			}
		}
		return nil
	})
}

// listTokens lists the tokens, without secrets and digests.
func (n *Node) listTokens(ctx context.Context, _ Empty) (TokenList, error) {
	out := TokenList{Tokens: []TokenRow{}}
	now := n.clock()
	err := n.store.View(ctx, func(tx store.Tx) error {
		list, err := readTokens(tx)
		out.Tokens = []TokenRow{}
		for _, t := range list {
			out.Tokens = append(out.Tokens, t.row(now))
		}
		return err
	})
	return out, err
}

// revokeToken ends a token at once. It stays in the list, so that its name in the
// audit trail can be explained.
func (n *Node) revokeToken(ctx context.Context, who Caller, q TokenRevokeRequest) (TokenList, error) {
	var about tokenEntry
	err := n.changeTokens(ctx, who, "token.revoke", &about, func(list []tokenEntry) ([]tokenEntry, error) {
		for i := range list {
			if list[i].ID != q.ID {
				continue
			}
			if list[i].Revoked == 0 {
				list[i].Revoked = n.clock().UnixMilli()
			}
			about = list[i]
			return list, nil
		}
		return nil, fmt.Errorf("%w: %.80q", ErrNoToken, q.ID)
	})
	if err != nil {
		return TokenList{}, err
	}
	return n.listTokens(ctx, Empty{})
}
