package keystore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/key"
)

// Config tunes a store. Its zero value works.
type Config struct {
	// WorkFactor is log2 of scrypt's N for what is written, 1 to 20; 0 means 17,
	// which costs about 0.3 s and 128 MiB at each opening and each change. Files of
	// any factor up to 20 are read.
	WorkFactor int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger gets one line per change, public parts only; nil discards.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if c.WorkFactor == 0 {
		c.WorkFactor = defaultWorkFactor
	}
	if c.WorkFactor < 1 || c.WorkFactor > maxWorkFactor {
		return Config{}, fmt.Errorf("keystore: work factor %d, want 1 to %d", c.WorkFactor, maxWorkFactor)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Store is an open key store. It is safe for concurrent use and holds the file's
// lock until Close.
type Store struct {
	path string
	cfg  Config
	// write puts the file in place, whole or not at all.
	write func(path string, data []byte, perm fs.FileMode) error

	mu sync.RWMutex
	// failed is set once the disk did not confirm a write; nothing is written after.
	failed error
	lock   io.Closer // nil once closed
	// passphrase is a function because printers can walk fields but not call.
	passphrase func() []byte
	// entries are in the order in which keys took their role, newest last. The slice
	// is replaced, never changed in place.
	entries []Entry
}

// Create makes a new, empty store at path, mode 0600; its folder must exist. A
// lock file stands beside it at path + ".lock". Errors: [ErrExists],
// [ErrPassphrase], durable.ErrLocked.
func Create(path string, pass Passphrase, cfg Config) (*Store, error) {
	return open(path, pass, cfg, true)
}

// Open opens the store at path. A missing file is fs.ErrNotExist. Other errors:
// [ErrLoose], [ErrPassphrase], [ErrDamaged], durable.ErrLocked.
func Open(path string, pass Passphrase, cfg Config) (*Store, error) {
	return open(path, pass, cfg, false)
}

func open(path string, pass Passphrase, cfg Config, create bool) (_ *Store, err error) {
	cfg, err = cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	// Before the lock, so that a mistyped path leaves no lock file behind; and
	// once more behind it.
	if err := checkPresence(path, create); err != nil {
		return nil, err
	}
	lock, err := durable.Lock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("keystore: %s: %w", path, err)
	}
	s := &Store{path: path, cfg: cfg, lock: lock, write: durable.WriteFile}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := checkPresence(path, create); err != nil {
		return nil, err
	}
	var data []byte
	if !create {
		if data, err = readPrivate(path, maxFile); err != nil {
			return nil, fmt.Errorf("keystore: open: %w", err)
		}
	}
	text, err := obtain(pass)
	if err != nil {
		return nil, err
	}
	s.passphrase = func() []byte { return text }
	if create {
		if err := s.replace(nil); err != nil {
			return nil, err
		}
		return s, nil
	}
	if s.entries, err = unseal(data, text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := s.sweep(); err != nil {
		return nil, err
	}
	return s, nil
}

// sweep removes the temporary files that a crash in the middle of a write left
// beside the store (see internal/durable): they may hold keys that were destroyed
// since. The lock makes sure that nobody is writing one now.
func (s *Store) sweep() error {
	folder, base := filepath.Split(s.path)
	if folder == "" {
		folder = "."
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	for _, f := range files {
		name := f.Name()
		middle, ok := strings.CutPrefix(name, "."+base+".")
		random, tmp := strings.CutSuffix(middle, ".tmp")
		if !ok || !tmp || random == "" || strings.Trim(random, "0123456789") != "" {
			continue
		}
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("keystore: remove what a crash left: %w", err)
		}
		s.cfg.Logger.Warn("removed an unfinished key store file", "file", name)
	}
	return nil
}

// checkPresence refuses to create over anything, and to open nothing.
func checkPresence(path string, create bool) error {
	_, err := os.Lstat(path)
	switch {
	case create && err == nil:
		return fmt.Errorf("%w: %s", ErrExists, path)
	case create && errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return hint.Wrap(fmt.Errorf("keystore: open: %w", err),
			"Check the path; a new installation makes its key store with init.")
	case err != nil:
		return fmt.Errorf("keystore: %w", err)
	}
	return nil
}

// Close forgets the passphrase and frees the lock. Signers that were handed out
// go on working. A second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return nil
	}
	if s.passphrase != nil {
		clear(s.passphrase())
	}
	s.passphrase, s.entries = nil, nil
	lock := s.lock
	s.lock = nil
	return lock.Close()
}

// Path returns the file's path.
func (s *Store) Path() string { return s.path }

// Add puts new keys in, all or none, with one write. The last is the newest.
// Entries must carry their private part (see [NewEntry]). Errors: [ErrEntry],
// [ErrExists] when a key is there already, for whatever issuer and role.
func (s *Store) Add(added ...Entry) error {
	if len(added) == 0 {
		return nil
	}
	return s.change("added", func(entries []Entry) ([]Entry, []Entry, error) {
		var fresh []Entry
		for _, e := range added {
			e = e.clone()
			if e.secret.Public().IsZero() {
				return nil, nil, fmt.Errorf("%w: no private part", ErrEntry)
			}
			if err := e.check(); err != nil {
				return nil, nil, err
			}
			if index(entries, e.Public) >= 0 {
				return nil, nil, fmt.Errorf("%w: key %s", ErrExists, e.Public)
			}
			if e.Created.IsZero() {
				e.Created = s.cfg.Now()
			}
			e.Created = wholeSeconds(e.Created)
			if e.Retired != nil {
				*e.Retired = wholeSeconds(*e.Retired)
			}
			entries, fresh = append(entries, e), append(fresh, e)
		}
		if len(entries) > maxEntries {
			return nil, nil, fmt.Errorf("%w: more than %d keys", ErrEntry, maxEntries)
		}
		return entries, fresh, nil
	})
}

// Get returns the newest live key of an issuer in a role: the one added or
// promoted last. The error is [ErrNoKey].
func (s *Store) Get(issuer string, role Role) (Entry, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.lock == nil {
		return Entry{}, ErrClosed
	}
	for _, e := range slices.Backward(s.entries) {
		if e.Issuer == issuer && e.Role == role && e.Retired == nil {
			return e.clone(), nil
		}
	}
	return Entry{}, fmt.Errorf("%w: no live %s key of %s", ErrNoKey, role, issuer)
}

// Find returns the entry of a key, live or retired. The error is [ErrNoKey].
func (s *Store) Find(pub key.Public) (Entry, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.lock == nil {
		return Entry{}, ErrClosed
	}
	i := index(s.entries, pub)
	if i < 0 {
		return Entry{}, fmt.Errorf("%w: %s", ErrNoKey, pub)
	}
	return s.entries[i].clone(), nil
}

// List returns all entries, oldest first, without their private parts. It is
// empty after Close.
func (s *Store) List() []Entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Entry, 0, len(s.entries))
	for _, e := range s.entries {
		e = e.clone()
		e.secret = key.Private{}
		list = append(list, e)
	}
	return list
}

// Promote gives a live key another role and makes it the newest in it: a
// pre-rotated [RoleNext] key becomes [RoleUpdate] once its log entry stands.
// Errors: [ErrNoKey], [ErrEntry].
func (s *Store) Promote(pub key.Public, role Role) error {
	return s.change("promoted", func(entries []Entry) ([]Entry, []Entry, error) {
		i := index(entries, pub)
		if i < 0 {
			return nil, nil, fmt.Errorf("%w: %s", ErrNoKey, pub)
		}
		e := entries[i]
		if e.Retired != nil {
			return nil, nil, fmt.Errorf("%w: %s is retired", ErrNoKey, pub)
		}
		e.Role = role
		if err := e.check(); err != nil {
			return nil, nil, err
		}
		return append(slices.Delete(entries, i, i+1), e), []Entry{e}, nil
	})
}

// Retire ends a key: Get does not return it any more, its public part stays
// listed. With destroy its private part leaves the file for good; signers that
// were handed out before keep theirs until they are dropped. A retired key can
// be destroyed later, and keeps the time of its first retirement. The error is
// [ErrNoKey].
func (s *Store) Retire(pub key.Public, destroy bool) error {
	return s.change("retired", func(entries []Entry) ([]Entry, []Entry, error) {
		i := index(entries, pub)
		if i < 0 {
			return nil, nil, fmt.Errorf("%w: %s", ErrNoKey, pub)
		}
		e := &entries[i]
		if e.Retired != nil && (!destroy || e.secret.Public().IsZero()) {
			return nil, nil, nil
		}
		if e.Retired == nil {
			at := wholeSeconds(s.cfg.Now())
			e.Retired = &at
		}
		if destroy {
			e.secret = key.Private{}
		}
		return entries, []Entry{*e}, nil
	})
}

// change runs f on a copy of the entries and writes what it returns. Nothing
// changes when f or the write fails, or when f names no changed entry. After
// durable.ErrSync, when the disk may hold either state, every change fails until
// the store is opened again.
func (s *Store) change(what string, f func([]Entry) (all, changed []Entry, err error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return ErrClosed
	}
	if s.failed != nil {
		return s.failed
	}
	all, changed, err := f(slices.Clone(s.entries))
	if err != nil || len(changed) == 0 {
		return err
	}
	if err := s.replace(all); err != nil {
		return err
	}
	for _, e := range changed {
		s.cfg.Logger.Info("key "+what, "entry", e)
	}
	return nil
}

// replace writes entries to the file and then makes them the store's. The caller
// holds the lock.
func (s *Store) replace(entries []Entry) error {
	data, err := seal(entries, s.passphrase(), s.cfg.WorkFactor)
	if err != nil {
		return err
	}
	if err := s.write(s.path, data, 0o600); err != nil {
		err = fmt.Errorf("keystore: write: %w", err)
		if errors.Is(err, durable.ErrSync) {
			s.failed = err
		}
		return err
	}
	s.entries = entries
	return nil
}

// index returns the place of a key, or -1.
func index(entries []Entry, pub key.Public) int {
	return slices.IndexFunc(entries, func(e Entry) bool { return e.Public == pub })
}

// wholeSeconds is the resolution of the file.
func wholeSeconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
