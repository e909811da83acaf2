package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

const (
	// fileType and fileVersion stand first in the body, for readers to come.
	fileType    = "BonafideKeystore"
	fileVersion = 1

	// maxEntries and maxFile bound the store: at ten keys a year and issuer, many
	// issuers for many decades.
	maxEntries = 10_000
	maxFile    = 8 << 20

	// defaultWorkFactor is log2 of scrypt's N. 17 takes 128 MiB and about 0.3 s on
	// one core of a small server.
	defaultWorkFactor = 17
	// maxWorkFactor bounds what a file may ask of its reader: 1 GiB, some seconds.
	maxWorkFactor = 20
)

// body is the plain text inside the file, canonical JSON.
type body struct {
	Type    string      `json:"type"`
	Version int         `json:"version"`
	Entries []bodyEntry `json:"entries"`
}

// bodyEntry is one key. Secret is absent once the private part is destroyed.
type bodyEntry struct {
	Issuer  string  `json:"issuer"`
	ID      string  `json:"id"`
	Role    string  `json:"role"`
	Public  string  `json:"public"`
	Created string  `json:"created"`
	Retired *string `json:"retired"`
	Secret  *string `json:"secret"`
}

// seal turns entries into the bytes of the file.
func seal(entries []Entry, passphrase []byte, workFactor int) ([]byte, error) {
	plain, err := encode(entries)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	recipient, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return nil, fmt.Errorf("keystore: encrypt: %w", err)
	}
	recipient.SetWorkFactor(workFactor)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipient)
	if err != nil {
		return nil, fmt.Errorf("keystore: encrypt: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("keystore: encrypt: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("keystore: encrypt: %w", err)
	}
	if out.Len() > maxFile {
		return nil, fmt.Errorf("%w: the store would grow over %d bytes", ErrEntry, maxFile)
	}
	return out.Bytes(), nil
}

// unseal is the inverse of seal.
func unseal(data, passphrase []byte) ([]Entry, error) {
	identity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPassphrase, err)
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(bytes.NewReader(data), identity)
	if err != nil {
		var mismatch *age.NoIdentityMatchError
		if errors.As(err, &mismatch) && len(mismatch.StanzaTypes) == 1 && mismatch.StanzaTypes[0] == "scrypt" {
			return nil, ErrPassphrase
		}
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxFile))
	defer clear(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return decode(plain)
}

func encode(entries []Entry) ([]byte, error) {
	list := make([]any, 0, len(entries))
	for _, e := range entries {
		m := map[string]any{
			"issuer":  e.Issuer,
			"id":      e.ID,
			"role":    string(e.Role),
			"public":  e.Public.Multikey(),
			"created": e.Created.Format(time.RFC3339),
		}
		if e.Retired != nil {
			m["retired"] = e.Retired.Format(time.RFC3339)
		}
		if !e.secret.Public().IsZero() {
			secret, err := e.secret.MarshalSecret()
			if err != nil {
				return nil, fmt.Errorf("keystore: encode: %w", err)
			}
			m["secret"] = string(secret)
			clear(secret)
		}
		list = append(list, m)
	}
	plain, err := strictjson.Canonical(map[string]any{"type": fileType, "version": fileVersion, "entries": list})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	return plain, nil
}

// decode reads the plain text. Its errors never quote it.
func decode(plain []byte) ([]Entry, error) {
	var b body
	lim := strictjson.Limits{MaxBytes: maxFile, MaxDepth: 4, MaxValues: 10*maxEntries + 10}
	if err := strictjson.Decode(plain, lim, &b); err != nil {
		// The text of a JSON error may quote what stood there.
		return nil, fmt.Errorf("%w: the body is not the JSON of a key store", ErrDamaged)
	}
	if b.Type != fileType || b.Version != fileVersion {
		return nil, fmt.Errorf("%w: type or version is not known to this program", ErrDamaged)
	}
	if len(b.Entries) > maxEntries {
		return nil, fmt.Errorf("%w: %d entries, at most %d", ErrDamaged, len(b.Entries), maxEntries)
	}
	entries := make([]Entry, 0, len(b.Entries))
	seen := make(map[key.Public]bool, len(b.Entries))
	for i, be := range b.Entries {
		e, err := be.entry()
		if err != nil {
			return nil, fmt.Errorf("%w: entry %d: %w", ErrDamaged, i, err)
		}
		if seen[e.Public] {
			return nil, fmt.Errorf("%w: entry %d: key %s stands twice", ErrDamaged, i, e.Public)
		}
		seen[e.Public] = true
		entries = append(entries, e)
	}
	return entries, nil
}

func (be bodyEntry) entry() (Entry, error) {
	pub, err := key.ParseMultikey(be.Public)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Issuer: be.Issuer, ID: be.ID, Role: Role(be.Role), Public: pub}
	if e.Created, err = parseTime(be.Created); err != nil {
		return Entry{}, err
	}
	if be.Retired != nil {
		at, err := parseTime(*be.Retired)
		if err != nil {
			return Entry{}, err
		}
		e.Retired = &at
	}
	if be.Secret != nil {
		text := []byte(*be.Secret)
		defer clear(text)
		if e.secret, err = key.UnmarshalSecret(text); err != nil {
			return Entry{}, err
		}
	}
	return e, e.check()
}

// parseTime reads what encode wrote: RFC 3339, UTC.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: time is not RFC 3339 in UTC", ErrEntry)
	}
	return t, nil
}
