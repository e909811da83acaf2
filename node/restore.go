package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/store"
)

const (
	// fileRestored lies in a home until its issuers have been marked.
	fileRestored = "restored.json"
	// fileConfigPending becomes the settings, which make a folder a home, when
	// all the rest is there.
	fileConfigPending = "config.toml.restored"
)

// restoredFile is what fileRestored holds.
type restoredFile struct {
	At     time.Time `json:"at"`
	Backup time.Time `json:"backup"`
}

// diskError tells a full disk from other trouble with files.
func diskError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("node: %s: %w: %w", what, store.ErrFull, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s: %w", ErrNoFile, what, err)
	}
	return fmt.Errorf("node: %s: %w", what, err)
}

func syncFolder(dir string) error { return durable.SyncFolder(dir) }

// MarkRestored makes a home, on which no node runs, treat its issuers as
// restored when it is next opened. It is for homes that were put back by other
// means than Restore: a database by its own tools, a whole machine from a
// snapshot.
func MarkRestored(home string, at, backup time.Time) error {
	raw, err := json.Marshal(restoredFile{At: at.UTC(), Backup: backup.UTC()})
	if err != nil {
		return err
	}
	path := Config{Home: home}.path(fileRestored)
	if err := durable.WriteFile(path, raw, 0o600); err != nil {
		return diskError("restore", err)
	}
	return nil
}

// applyRestored marks all issuers of the home, once.
func (n *Node) applyRestored(ctx context.Context) error {
	path := n.cfg.path(fileRestored)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || info.Size() > 4<<10 {
		return fmt.Errorf("%w: %s cannot be read", ErrBackup, fileRestored)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return diskError("restore", err)
	}
	var file restoredFile
	if err := strictUnmarshal(raw, &file); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrBackup, fileRestored, err)
	}
	var list []store.Issuer
	err = n.store.View(ctx, func(tx store.Tx) (err error) {
		list, err = tx.ListIssuers()
		return err
	})
	if err != nil {
		return err
	}
	for _, is := range list {
		if is.State == store.IssuerClosed {
			continue
		}
		err := n.store.Update(ctx, is.Subject, func(tx store.Tx) error {
			_, err := markRestored(tx, n.book, is.Subject, file.At, file.Backup)
			return err
		})
		if err != nil {
			return diskError("restore", err)
		}
	}
	// A crash before this marks them again, which closes lists that were opened
	// in between, and no more.
	if err := os.Remove(path); err != nil {
		return diskError("restore", err)
	}
	return syncFolder(n.cfg.Home)
}

// finishRestore makes a folder of restored files a home.
func finishRestore(ctx context.Context, cfg Config, m BackupManifest) error {
	token, err := randomText()
	if err != nil {
		return err
	}
	if err := durable.WriteFile(cfg.path(fileToken), []byte(token+"\n"), 0o600); err != nil {
		return fmt.Errorf("node: token: %w", err)
	}
	if err := syncFolder(cfg.path(dirKeys)); err != nil {
		return diskError("restore", err)
	}
	if err := os.Rename(cfg.path(fileConfigPending), cfg.path(fileConfig)); err != nil {
		return diskError("restore", err)
	}
	if err := syncFolder(cfg.Home); err != nil {
		return diskError("restore", err)
	}
	if m.Store != StoreInside {
		return nil // its database may not be back yet; the first start marks it
	}
	settings, err := ReadConfig(cfg.Home)
	if err != nil {
		return err
	}
	n, err := Open(ctx, settings, Options{})
	if err != nil {
		return err
	}
	return n.Close()
}

// Sheet is what a person needs who restores a backup, in words.
func Sheet(m BackupManifest) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("BONAFIDE RECOVERY SHEET\n")
	line("Backup of %s, by bonafide %s.", m.Made.Format(time.RFC3339), m.Program)
	line("\nWHAT IS IN IT")
	if m.Store == StoreInside {
		line("- the book of each issuer with its private register and reasons, not encrypted: treat this file as personal data")
	} else {
		line("- not the book: it is in a database of its own, which has to be put back with that database's tools")
	}
	line("- settings, and key files encrypted with the passphrase of the keys")
	for _, is := range m.Issuers {
		line("\nISSUER %s %s", is.DID, is.Name)
		line("- last head in this backup: %d of epoch %s, %s", is.Sequence, orElse(is.Epoch, "none"), orElse(is.Head, "none"))
		if is.Published != nil {
			line("- published %s", is.Published.Format(time.RFC3339))
		}
		line("- %d status lists, the last is %d; %d indices with a changed status", is.Lists, is.LastList, is.Changes)
	}
	line("\nKEYS")
	for _, k := range m.Keys {
		if k.File != "" {
			line("- %s key %s: in this backup, %s", k.Role, k.Key, k.File)
		} else {
			line("- %s key %s: NOT in this backup", k.Role, k.Key)
		}
	}
	if m.OfflineAt != "" {
		line("- the offline keys are kept, so the operator said: %s", m.OfflineAt)
	} else {
		line("- nobody has written down where the offline keys are (setting offline_keys_at)")
	}
	for _, note := range m.Notes {
		line("- %s", note)
	}
	line("\nWHAT TO DO, IN THIS ORDER")
	line("1. Make sure that the node from which this backup was made is stopped and stays stopped. Two nodes with one key contradict each other.")
	line("2. bonafide restore FILE --home DIR, into a new or empty folder. Every list that was open is closed: no index is ever given twice.")
	line("3. Bring the passphrase of the keys (BONAFIDE_PASSPHRASE, passphrase_file, or the file `passphrase` in the home, mode 0600).")
	if len(m.Sources) > 0 {
		line("4. bonafide run --home DIR. The node asks its bootstrap peers and signs nothing before all have answered and one holds the last head or a newer one:")
		for _, s := range m.Sources {
			line("     %s", s)
		}
	} else {
		line("4. bonafide run --home DIR, and connect it to somebody who follows this issuer: bonafide peers connect ADDR. No bootstrap peer is configured, so it waits for that.")
	}
	line("   It takes over what was published after the backup: heads, identifier, files, revocations and suspensions. `bonafide resume` shows how it stands.")
	line("5. What was acknowledged after the backup and not published before the loss is nowhere: enter it again, from the office's own records.")
	line("   What was issued after the backup is not in the register: revoke it by its file or by LIST#INDEX.")
	line("6. If keys were rotated after the backup, the newer key files are needed; without them the offline keys rotate again.")
	line("\nIF NOBODY HOLDS THE FOLDER ANY MORE")
	line("bonafide resume --alone signs on from the last head above, on your word that there is no later one. Revocations published since would stand")
	line("only with those who have seen them; if there is a later head, followers keep the first that they saw and show two histories.")
	return b.String()
}
