package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// Where the store of a backup is.
const (
	StoreInside   = "sqlite"   // store.db in the file
	StoreExternal = "external" // a database that its own tools back up
)

// BackupManifest says what is in a backup. It is the first file inside.
type BackupManifest struct {
	Format    int            `json:"format"` // 1
	Program   string         `json:"program"`
	Made      time.Time      `json:"made"` // the store is of this time or a little later
	Store     string         `json:"store"`
	OfflineAt string         `json:"offlineAt,omitempty"`
	Issuers   []BackupIssuer `json:"issuers"`
	Keys      []BackupKey    `json:"keys"`
	Sources   []string       `json:"sources"` // bootstrap peers, to catch up from
	Files     []BackupFile   `json:"files"`
	Notes     []string       `json:"notes"`
}

// BackupIssuer is how far an issuer's book had got.
type BackupIssuer struct {
	DID       string     `json:"did"`
	Subject   string     `json:"subject"`
	Name      string     `json:"name,omitempty"`
	VersionID string     `json:"versionId"` // of the log
	Epoch     string     `json:"epoch,omitempty"`
	Sequence  int64      `json:"sequence"`
	Head      string     `json:"head,omitempty"`
	Published *time.Time `json:"published,omitempty"`
	Lists     int        `json:"lists"`
	LastList  int64      `json:"lastList"`
	Changes   int64      `json:"changes"` // indices whose status was ever changed
}

// BackupKey is a key, never its secret. File is empty where it is not in the
// backup.
type BackupKey struct {
	Issuer string `json:"issuer"`
	Role   string `json:"role"`
	Key    string `json:"key"`
	File   string `json:"file,omitempty"`
}

// BackupFile is one file inside, with the digest of its bytes.
type BackupFile struct {
	Name     string    `json:"name"`
	Bytes    int64     `json:"bytes"`
	SHA256   string    `json:"sha256"`
	Modified time.Time `json:"modified"`
}

// Backup is a backup that was written or verified.
type Backup struct {
	File     string         `json:"file"`
	Bytes    int64          `json:"bytes"`
	SHA256   string         `json:"sha256"` // of all that comes before the last line
	Manifest BackupManifest `json:"manifest"`
	Sheet    string         `json:"sheet"`
}

// copier is a store that can write a copy of itself while it is in use.
type copier interface {
	Backup(ctx context.Context, path string) error
}

// backup writes the home into one file and reads it back.
func (n *Node) backup(ctx context.Context, q BackupRequest) (_ Backup, err error) {
	if !filepath.IsAbs(q.File) {
		return Backup{}, fmt.Errorf("%w: file must be an absolute path", ErrRequest)
	}
	if _, err := os.Lstat(q.File); err == nil {
		return Backup{}, fmt.Errorf("backup to %s: %w", q.File, store.ErrExists)
	}
	work, err := os.MkdirTemp(filepath.Dir(q.File), ".backup-*")
	if err != nil {
		return Backup{}, diskError("backup", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	m := BackupManifest{Format: backupFormat, Program: Version, Made: n.clock().UTC().Truncate(time.Second), Store: StoreExternal,
		OfflineAt: orElse(q.OfflineAt, n.cfg.OfflineKeysAt), Sources: append([]string{}, n.cfg.Bootstrap...), Notes: []string{}}
	from := make(map[string]string)
	// The store before the keys: a key that the copied log names is then there,
	// whatever is rotated meanwhile.
	if c, ok := n.store.(copier); ok {
		m.Store, from[fileStore] = StoreInside, filepath.Join(work, fileStore)
		if err := c.Backup(ctx, from[fileStore]); err != nil {
			return Backup{}, err
		}
	} else {
		m.Notes = append(m.Notes, "The store is a database of its own and is not in this file: back it up with its own tools, at the same time or later, never earlier.")
	}
	for _, name := range []string{fileConfig, fileTrust, dirKeys + "/" + fileKeysOnline, dirKeys + "/" + fileKeysAway} {
		path := n.cfg.path(filepath.FromSlash(name))
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return Backup{}, diskError("backup", err)
		}
		from[name] = path
	}
	if err := n.facts(ctx, &m, from[fileStore]); err != nil {
		return Backup{}, err
	}
	n.keyFacts(ctx, &m, from[dirKeys+"/"+fileKeysAway] != "")
	sheet := filepath.Join(work, fileSheet)
	if err := os.WriteFile(sheet, []byte(Sheet(m)), 0o600); err != nil {
		return Backup{}, diskError("backup", err)
	}
	from[fileSheet] = sheet
	if err := writeBackup(q.File, filepath.Join(work, "whole"), m, from); err != nil {
		return Backup{}, err
	}
	out, err := VerifyBackup(ctx, q.File)
	if err != nil {
		return Backup{}, fmt.Errorf("the backup was written and does not hold: %w", err)
	}
	return out, nil
}

// facts reads how far each issuer had got: from the copy, or from the store
// itself where there is none.
func (n *Node) facts(ctx context.Context, m *BackupManifest, copied string) (err error) {
	read := n.store
	if copied != "" {
		s, err := sqlite.Open(ctx, copied, sqlite.Config{Readers: 1, OpenCheck: sqlite.OpenNone})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		read = s
	}
	return read.View(ctx, func(tx store.Tx) error {
		m.Issuers, err = issuerFacts(tx)
		return err
	})
}

func issuerFacts(tx store.Tx) ([]BackupIssuer, error) {
	out := []BackupIssuer{}
	list, err := tx.ListIssuers()
	if err != nil {
		return nil, err
	}
	for _, is := range list {
		row := BackupIssuer{DID: is.DID, Subject: is.Subject, Name: is.Name}
		if s, err := tx.GetSubject(is.Subject); err == nil {
			row.VersionID = s.LogVersionID
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		pub, err := tx.GetPublication(is.Subject)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if row.Epoch, row.Sequence, row.Head = pub.Epoch, pub.Sequence, pub.HeadCID; pub.At != 0 {
			at := time.UnixMilli(pub.At).UTC()
			row.Published = &at
		}
		lists, err := tx.ListLists(is.Subject)
		if err != nil {
			return nil, err
		}
		for _, l := range lists {
			row.Lists++
			row.LastList = max(row.LastList, l.Number)
		}
		if row.Changes, err = tx.CountChanges(is.Subject, -1); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// keyFacts lists the keys without their secrets. Keys that cannot be looked at
// now are still in the file, as they are.
func (n *Node) keyFacts(ctx context.Context, m *BackupManifest, away bool) {
	m.Keys = []BackupKey{}
	known := make(map[string]bool)
	list, err := n.keysList(ctx, KeysRequest{})
	if err != nil {
		m.Notes = append(m.Notes, "The key files could not be opened to list what is in them; they are in the backup as they are.")
	}
	for _, k := range list.Keys {
		if k.Retired == nil && k.Secret {
			known[k.Key] = true
			m.Keys = append(m.Keys, BackupKey{Issuer: k.Issuer, Role: k.Role, Key: k.Key, File: k.File})
		}
	}
	for _, is := range m.Issuers {
		h, err := n.ownLog(ctx, is.Subject)
		if err != nil {
			continue
		}
		for _, k := range h.Active().UpdateKeys {
			if !known[k] && !away {
				m.Keys = append(m.Keys, BackupKey{Issuer: is.Subject, Role: "update", Key: k})
			}
		}
	}
	if _, err := os.Stat(n.cfg.path(filePassphrase)); err == nil {
		m.Notes = append(m.Notes, "The passphrase of the keys is in the file `passphrase` of the home and, on purpose, not in this backup. Keep it apart: without it the keys are lost.")
	} else {
		m.Notes = append(m.Notes, "The passphrase of the keys is not in this backup. Without it the keys are lost.")
	}
	m.Notes = append(m.Notes, "Not in this backup: the admin token and the peer identity, which are made anew, and settings that were given as flags or in the environment.")
}

// RestoreOptions say where to.
type RestoreOptions struct {
	File, Home string
	Now        time.Time
}

// Restore writes a backup into a new or empty folder and marks every issuer in
// it as restored: it signs nothing until it has caught up, and every list that
// was open is closed. Nothing of it is a home until all of it is there: the
// settings come last. Errors: ErrBackup, ErrNotEmpty.
func Restore(ctx context.Context, opt RestoreOptions) (_ Backup, err error) {
	out, err := VerifyBackup(ctx, opt.File)
	if err != nil {
		return Backup{}, err
	}
	if err := os.MkdirAll(opt.Home, 0o700); err != nil {
		return Backup{}, diskError("restore", err)
	}
	if there, err := os.ReadDir(opt.Home); err != nil {
		return Backup{}, diskError("restore", err)
	} else if len(there) > 0 {
		return Backup{}, fmt.Errorf("%w: %s", ErrNotEmpty, opt.Home)
	}
	defer func() {
		if err != nil { // it was empty, so all that is in it is ours
			err = errors.Join(err, emptyFolder(opt.Home))
		}
	}()
	cfg := Config{Home: opt.Home}
	if err := os.Mkdir(cfg.path(dirKeys), 0o700); err != nil {
		return Backup{}, diskError("restore", err)
	}
	_, err = readBackupFile(opt.File, func(f BackupFile, r io.Reader) error {
		name := f.Name
		if name == fileConfig {
			name = fileConfigPending
		}
		return copyInto(cfg.path(filepath.FromSlash(name)), r)
	})
	if err != nil {
		return Backup{}, err
	}
	if err := MarkRestored(opt.Home, opt.Now, out.Manifest.Made); err != nil {
		return Backup{}, err
	}
	return out, finishRestore(ctx, cfg, out.Manifest)
}

// copyInto writes a file that is not there yet, to the disk.
func copyInto(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return diskError("restore", err)
	}
	if _, err = io.Copy(f, r); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return diskError("restore: "+filepath.Base(path), err)
	}
	return nil
}

func emptyFolder(dir string) error {
	there, err := os.ReadDir(dir)
	for _, e := range there {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}
