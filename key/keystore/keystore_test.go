package keystore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/key"
)

const issuer = "QmXpqXh9uM1rN2uBuHQB4qdGUMfJsEouwz8Yn8RaaTXgKq"

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// cheap makes scrypt fast and the clock still.
func cheap() Config {
	return Config{WorkFactor: 4, Now: func() time.Time { return noon }}
}

func secretPass() Passphrase { return Fixed([]byte("correct horse")) }

// create makes an empty store in a new folder.
func create(t *testing.T) *Store {
	t.Helper()
	s, err := Create(filepath.Join(t.TempDir(), "keys.age"), secretPass(), cheap())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// reopen closes the store and opens its file.
func reopen(t *testing.T, s *Store) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(s.Path(), secretPass(), cheap())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func generate(t *testing.T, kind key.Kind) key.Private {
	t.Helper()
	p, err := key.Generate(kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// add puts a new Ed25519 key in.
func add(t *testing.T, s *Store, role Role) key.Private {
	t.Helper()
	p := generate(t, key.Ed25519)
	if err := s.Add(NewEntry(issuer, "#"+string(role), role, p)); err != nil {
		t.Fatal(err)
	}
	return p
}

// plaintext decrypts the file without this package.
func plaintext(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	identity, err := age.NewScryptIdentity("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(f, identity)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// signs checks that the entry's private part belongs to its public part.
func signs(t *testing.T, e Entry) {
	t.Helper()
	signer, err := e.Signer()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := signer.Sign(context.Background(), []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Public.Verify([]byte("m"), sig); err != nil {
		t.Errorf("%v: %v", e, err)
	}
}

func TestRoundTrip(t *testing.T) {
	s := create(t)
	var want []Entry
	for i, role := range Roles() {
		kind := key.Ed25519
		if i%2 == 1 {
			kind = key.P256
		}
		e := NewEntry(issuer, fmt.Sprintf("did:webvh:%s:uni.example#k%d", issuer, i), role, generate(t, kind))
		e.Created = noon.Add(time.Duration(i)*time.Hour + time.Millisecond)
		want = append(want, e)
	}
	if err := s.Add(want...); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	list := s.List()
	if len(list) != len(want) {
		t.Fatalf("%d entries, want %d", len(list), len(want))
	}
	for i, w := range want {
		got, err := s.Get(issuer, w.Role)
		if err != nil {
			t.Fatal(err)
		}
		if got.Issuer != w.Issuer || got.ID != w.ID || got.Role != w.Role || got.Public != w.Public ||
			!got.Created.Equal(w.Created.Truncate(time.Second)) || got.Retired != nil {
			t.Errorf("got %+v, want %+v", got, w)
		}
		signs(t, got)
		found, err := s.Find(w.Public)
		if err != nil || found.ID != w.ID {
			t.Errorf("Find: %v, %v", found, err)
		}
		if list[i].Public != w.Public {
			t.Errorf("List is out of order at %d", i)
		}
		if _, err := list[i].Signer(); !errors.Is(err, ErrNoKey) {
			t.Errorf("List hands out signers: %v", err)
		}
	}
}

func TestGetChoosesNewestLive(t *testing.T) {
	s := create(t)
	if _, err := s.Get(issuer, RoleHead); !errors.Is(err, ErrNoKey) {
		t.Errorf("empty store: %v, want ErrNoKey", err)
	}
	a, b := add(t, s, RoleHead), add(t, s, RoleHead)
	other := generate(t, key.Ed25519)
	if err := s.Add(NewEntry("did:web:other.example", "", RoleHead, other)); err != nil {
		t.Fatal(err)
	}
	check := func(want key.Private) {
		t.Helper()
		if e, err := s.Get(issuer, RoleHead); err != nil || e.Public != want.Public() {
			t.Errorf("%v, %v, want %v", e, err, want)
		}
	}
	check(b)
	s = reopen(t, s)
	check(b)
	if err := s.Retire(b.Public(), false); err != nil {
		t.Fatal(err)
	}
	check(a)
	s = reopen(t, s)
	check(a)
	if err := s.Retire(a.Public(), true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(issuer, RoleHead); !errors.Is(err, ErrNoKey) {
		t.Errorf("all retired: %v, want ErrNoKey", err)
	}
	if e, err := s.Get("did:web:other.example", RoleHead); err != nil || e.Public != other.Public() {
		t.Errorf("another issuer: %v, %v", e, err)
	}
	if _, err := s.Get(issuer, RoleList); !errors.Is(err, ErrNoKey) {
		t.Errorf("another role: %v, want ErrNoKey", err)
	}
}

// TestRotation is the order in which a pre-rotated update key moves.
func TestRotation(t *testing.T) {
	s := create(t)
	update, next := add(t, s, RoleUpdate), add(t, s, RoleNext)
	later := add(t, s, RoleUpdate) // newer than next by age, but next takes the role last
	if err := s.Promote(next.Public(), RoleUpdate); err != nil {
		t.Fatal(err)
	}
	if err := s.Retire(update.Public(), true); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	if e, err := s.Get(issuer, RoleUpdate); err != nil || e.Public != next.Public() {
		t.Errorf("update key %v, %v, want %v", e, err, next)
	} else {
		signs(t, e)
	}
	if _, err := s.Get(issuer, RoleNext); !errors.Is(err, ErrNoKey) {
		t.Errorf("next key: %v, want ErrNoKey", err)
	}
	if e, err := s.Find(later.Public()); err != nil || e.Retired != nil {
		t.Errorf("bystander: %v, %v", e, err)
	}
	for _, c := range []struct {
		name string
		pub  key.Public
		role Role
		want error
	}{
		{"unknown key", generate(t, key.P256).Public(), RoleUpdate, ErrNoKey},
		{"retired key", update.Public(), RoleUpdate, ErrNoKey},
		{"unknown role", next.Public(), "root", ErrEntry},
	} {
		if err := s.Promote(c.pub, c.role); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	s := create(t)
	have := add(t, s, RoleHead)
	before := plaintext(t, s.Path())
	p := generate(t, key.Ed25519)
	good := NewEntry(issuer, "", RoleList, p)
	change := func(f func(*Entry)) Entry {
		e := good
		f(&e)
		return e
	}
	for _, c := range []struct {
		name string
		in   []Entry
		want error
	}{
		{"no issuer", []Entry{change(func(e *Entry) { e.Issuer = "" })}, ErrEntry},
		{"long issuer", []Entry{change(func(e *Entry) { e.Issuer = strings.Repeat("x", maxIssuer+1) })}, ErrEntry},
		{"long id", []Entry{change(func(e *Entry) { e.ID = strings.Repeat("x", maxID+1) })}, ErrEntry},
		{"id is not UTF-8", []Entry{change(func(e *Entry) { e.ID = "\xff" })}, ErrEntry},
		{"no role", []Entry{change(func(e *Entry) { e.Role = "" })}, ErrEntry},
		{"unknown role", []Entry{change(func(e *Entry) { e.Role = "Head" })}, ErrEntry},
		{"no public part", []Entry{change(func(e *Entry) { e.Public = key.Public{} })}, ErrEntry},
		{"public part of another", []Entry{change(func(e *Entry) { e.Public = generate(t, key.Ed25519).Public() })}, ErrEntry},
		{"no private part", []Entry{change(func(e *Entry) { e.secret = key.Private{} })}, ErrEntry},
		{"no key at all", []Entry{NewEntry(issuer, "", RoleList, key.Private{})}, ErrEntry},
		{"there already", []Entry{NewEntry(issuer, "", RoleHead, have)}, ErrExists},
		{"there already in another role", []Entry{NewEntry("did:web:x.example", "", RoleList, have)}, ErrExists},
		{"twice in one call", []Entry{good, good}, ErrExists},
		{"second is bad", []Entry{good, change(func(e *Entry) { e.Role = "x" })}, ErrEntry},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := s.Add(c.in...); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if len(s.List()) != 1 || plaintext(t, s.Path()) != before {
				t.Error("something was added")
			}
		})
	}
	if err := s.Add(good); err != nil {
		t.Errorf("the unchanged entry: %v", err)
	}
	if err := s.Add(); err != nil {
		t.Errorf("nothing to add: %v", err)
	}
}

// TestDestroy decrypts the file by other means and looks for the private bytes.
func TestDestroy(t *testing.T) {
	s := create(t)
	p, keep := add(t, s, RoleCredential), add(t, s, RoleList)
	secret, err := p.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := keep.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plaintext(t, s.Path()), string(secret)) {
		t.Fatal("the search does not find a live key: this test could not fail")
	}
	if err := s.Retire(p.Public(), false); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plaintext(t, s.Path()), string(secret)) {
		t.Error("retiring alone destroyed the key")
	}
	if e, err := s.Find(p.Public()); err != nil || e.Retired == nil || !e.Retired.Equal(noon) {
		t.Errorf("retired entry: %+v, %v", e, err)
	} else {
		signs(t, e)
		*e.Retired = time.Time{} // must not reach into the store
	}
	s.cfg.Now = func() time.Time { return noon.Add(time.Hour) }
	for range 2 { // the second time changes nothing
		if err := s.Retire(p.Public(), true); err != nil {
			t.Fatal(err)
		}
		text := plaintext(t, s.Path())
		if strings.Contains(text, string(secret)) {
			t.Error("the private key is still in the file")
		}
		if !strings.Contains(text, p.Public().Multikey()) || !strings.Contains(text, string(kept)) {
			t.Error("more was destroyed than asked")
		}
	}
	s = reopen(t, s)
	e, err := s.Find(p.Public())
	if err != nil || e.Retired == nil || !e.Retired.Equal(noon) {
		t.Errorf("destroyed entry: %+v, %v, want the time of the first retirement", e, err)
	}
	if _, err := e.Signer(); !errors.Is(err, ErrNoKey) {
		t.Errorf("destroyed key signs: %v", err)
	}
	if err := s.Retire(generate(t, key.Ed25519).Public(), true); !errors.Is(err, ErrNoKey) {
		t.Errorf("unknown key: %v, want ErrNoKey", err)
	}
	files, err := os.ReadDir(filepath.Dir(s.Path()))
	if err != nil || len(files) != 2 {
		t.Errorf("%v, %v: want the store and its lock, no copies", files, err)
	}
}

func TestTwoWriters(t *testing.T) {
	s := create(t)
	if _, err := Open(s.Path(), secretPass(), cheap()); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("second opening: %v, want ErrLocked", err)
	}
	s = reopen(t, s) // freed by Close
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestClosed(t *testing.T) {
	s := create(t)
	p := add(t, s, RoleHead)
	e, err := s.Get(issuer, RoleHead)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	signs(t, e) // what was handed out still works
	_, getErr := s.Get(issuer, RoleHead)
	_, findErr := s.Find(p.Public())
	for name, err := range map[string]error{
		"Add": s.Add(NewEntry(issuer, "", RoleList, generate(t, key.Ed25519))), "Get": getErr, "Find": findErr,
		"Promote": s.Promote(p.Public(), RoleList), "Retire": s.Retire(p.Public(), true),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
	if len(s.List()) != 0 {
		t.Error("a closed store lists keys")
	}
}

func TestConcurrentUse(t *testing.T) {
	s := create(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			p, err := key.Generate(key.Ed25519, nil)
			if err != nil {
				t.Error(err)
				return
			}
			who := fmt.Sprintf("did:web:x%d.example", i)
			if err := s.Add(NewEntry(who, "", RoleHead, p)); err != nil {
				t.Error(err)
			}
			if e, err := s.Get(who, RoleHead); err != nil || e.Public != p.Public() {
				t.Errorf("%v, %v", e, err)
			}
			s.List()
			if err := s.Retire(p.Public(), i%2 == 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list := reopen(t, s).List()
	if len(list) != 8 || slices.ContainsFunc(list, func(e Entry) bool { return e.Retired == nil }) {
		t.Errorf("%d entries after 8 additions: %v", len(list), list)
	}
}

// TestNothingLeaks prints, logs and encodes entries and the store itself, and
// looks for the secret and the passphrase.
func TestNothingLeaks(t *testing.T) {
	var logged bytes.Buffer
	cfg := cheap()
	cfg.Logger = slog.New(slog.NewJSONHandler(&logged, nil))
	const pass = "canary-passphrase"
	s, err := Create(filepath.Join(t.TempDir(), "k"), Fixed([]byte(pass)), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	const seed = "CANARY-canary-CANARY-canary-0123"
	p, err := key.FromSeed([]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	e := NewEntry(issuer, "#1", RoleHead, p)
	if err := s.Add(e); err != nil {
		t.Fatal(err)
	}
	secret, err := p.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	forms := []string{seed, fmt.Sprintf("%x", seed), fmt.Sprint([]byte(seed))[1:90], string(secret[1:])}
	check := func(how, out string) {
		t.Helper()
		for _, form := range forms {
			if strings.Contains(out, form) {
				t.Errorf("%s shows the secret", how)
			}
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d", "%p", "%w"} {
		for _, v := range []any{e, &e, []Entry{e}, s} {
			out := fmt.Sprintf(verb, v)
			check(fmt.Sprintf("%s of %T", verb, v), out)
			if strings.Contains(out, pass) || strings.Contains(out, fmt.Sprintf("%x", pass)) ||
				strings.Contains(out, strings.Trim(fmt.Sprint([]byte(pass)), "[]")) {
				t.Errorf("%s of %T shows the passphrase", verb, v)
			}
		}
	}
	out, err := json.Marshal(e)
	if err != nil || !bytes.Contains(out, []byte(p.Public().Multikey())) {
		t.Errorf("JSON %s, %v", out, err)
	}
	check("JSON", string(out))
	cfg.Logger.Info("x", "entry", e, "list", []Entry{e}, "store", s)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "entry", e, "list", []Entry{e}, "store", s)
	if err := s.Retire(p.Public(), true); err != nil {
		t.Fatal(err)
	}
	check("log", logged.String())
	if strings.Contains(logged.String(), pass) || !strings.Contains(logged.String(), "key retired") {
		t.Errorf("log: %s", logged.String())
	}
}
