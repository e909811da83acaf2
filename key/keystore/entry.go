package keystore

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/bonafide-id/bonafide/key"
)

// Role says what a key is for. One key has one role.
type Role string

const (
	// RoleUpdate signs the DID's log.
	RoleUpdate Role = "update"
	// RoleNext is committed in the log by its hash (pre-rotation) but not used yet.
	RoleNext Role = "next"
	// RoleCredential signs credentials (assertionMethod).
	RoleCredential Role = "credential"
	// RoleList signs status lists (assertionMethod, lists only).
	RoleList Role = "list"
	// RoleHead signs heads (capabilityInvocation).
	RoleHead Role = "head"
	// RoleAuthentication answers challenges (authentication).
	RoleAuthentication Role = "authentication"
)

// Roles returns all roles, in the order in which init makes their keys.
func Roles() []Role {
	return []Role{RoleUpdate, RoleNext, RoleCredential, RoleList, RoleHead, RoleAuthentication}
}

func (r Role) valid() bool {
	for _, known := range Roles() {
		if r == known {
			return true
		}
	}
	return false
}

// Bounds of the texts of an entry, in bytes.
const (
	maxIssuer = 2048
	maxID     = 4096
)

// Entry is one key with what it is for. Make new ones with [NewEntry].
type Entry struct {
	// Issuer is the subject that the key belongs to: the SCID of a did:webvh, else
	// the DID.
	Issuer string
	// ID is the verification method's DID URL or its fragment, as the caller needs
	// it; it may be empty, as it is for update keys.
	ID string
	// Role is what the key is for.
	Role Role
	// Public is the key itself.
	Public key.Public
	// Created is when the key was made, UTC in whole seconds. Add fills it in when
	// it is zero.
	Created time.Time
	// Retired is when the key was retired, nil while it lives.
	Retired *time.Time

	secret key.Private
}

// NewEntry makes an entry for [Store.Add]. id may be empty.
func NewEntry(issuer, id string, role Role, private key.Private) Entry {
	return Entry{Issuer: issuer, ID: id, Role: role, Public: private.Public(), secret: private}
}

// Signer returns the private part. It also does so for a retired key, until that
// is destroyed: who asked for it by [Store.Find] decides. The error is
// [ErrNoKey] when the private part was destroyed, or when the entry came from
// [Store.List].
func (e Entry) Signer() (key.Signer, error) {
	if e.secret.Public().IsZero() {
		return nil, fmt.Errorf("%w: %s key %s has no private part here", ErrNoKey, e.Role, e.Public)
	}
	return e.secret, nil
}

// String names the entry by role, issuer and public key.
func (e Entry) String() string {
	return fmt.Sprintf("%s key %s of %s", e.Role, e.Public, e.Issuer)
}

// LogValue gives slog the public parts.
func (e Entry) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("issuer", e.Issuer),
		slog.String("role", string(e.Role)),
		slog.String("key", e.Public.Multikey()),
	}
	if e.ID != "" {
		attrs = append(attrs, slog.String("id", e.ID))
	}
	if e.Retired != nil {
		attrs = append(attrs, slog.Time("retired", *e.Retired))
	}
	return slog.GroupValue(attrs...)
}

// check refuses an entry that could not be read back.
func (e Entry) check() error {
	switch {
	case e.Issuer == "" || len(e.Issuer) > maxIssuer:
		return fmt.Errorf("%w: issuer of %d bytes", ErrEntry, len(e.Issuer))
	case len(e.ID) > maxID:
		return fmt.Errorf("%w: id of %d bytes", ErrEntry, len(e.ID))
	case !e.Role.valid():
		return fmt.Errorf("%w: role %q", ErrEntry, e.Role)
	case e.Public.IsZero():
		return fmt.Errorf("%w: no public key", ErrEntry)
	case !e.secret.Public().IsZero() && e.secret.Public() != e.Public:
		return fmt.Errorf("%w: private and public part disagree", ErrEntry)
	}
	return nil
}

// clone returns an entry whose pointers are its own.
func (e Entry) clone() Entry {
	if e.Retired != nil {
		at := *e.Retired
		e.Retired = &at
	}
	return e
}
