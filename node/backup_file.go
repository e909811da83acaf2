package node

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// A backup is a tar file (POSIX ustar) with manifest.json first and then the
// files that it lists, in its order, followed by one line with the SHA-256 of
// all bytes before it. tar ignores that line, so that the files can be taken
// out without this program.
const (
	backupFormat  = 1
	fileManifest  = "manifest.json"
	fileSheet     = "recovery-sheet.txt"
	trailerMark   = "bonafide-backup-sha256 "
	trailerLength = len(trailerMark) + 2*sha256.Size + 1
	maxManifest   = 4 << 20
	maxSmallFile  = 16 << 20
)

// backupNames are all files that a backup may have, in their order.
var backupNames = []string{fileSheet, fileConfig, fileTrust, dirKeys + "/" + fileKeysOnline, dirKeys + "/" + fileKeysAway, fileStore}

// writeBackup packs the files in from, by their names inside, as temp and gives
// it its name when it is on the disk. A file that is there is never replaced
// (store.ErrExists).
func writeBackup(path, temp string, m BackupManifest, from map[string]string) error {
	for _, name := range backupNames {
		src, ok := from[name]
		if !ok {
			continue
		}
		f, err := describe(name, src)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, f)
	}
	out, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return diskError("backup", err)
	}
	if err = pack(out, m, from); err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return diskError("backup", err)
	}
	// A link fails where a rename would replace; file systems without links get
	// the rename.
	if err := os.Link(temp, path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("backup to %s: %w", path, store.ErrExists)
	} else if err != nil {
		if err := os.Rename(temp, path); err != nil {
			return diskError("backup", err)
		}
	}
	return syncFolder(filepath.Dir(path))
}

func describe(name, src string) (BackupFile, error) {
	f, err := os.Open(src)
	if err != nil {
		return BackupFile{}, diskError("backup", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return BackupFile{}, diskError("backup", err)
	}
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	if err != nil {
		return BackupFile{}, diskError("backup: "+name, err)
	}
	return BackupFile{Name: name, Bytes: size, SHA256: hex.EncodeToString(sum.Sum(nil)), Modified: info.ModTime().UTC().Truncate(time.Second)}, nil
}

func pack(out io.Writer, m BackupManifest, from map[string]string) error {
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	sum := sha256.New()
	w := tar.NewWriter(io.MultiWriter(out, sum))
	header := func(name string, size int64, at time.Time) error {
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at, Format: tar.FormatUSTAR})
	}
	if err := header(fileManifest, int64(len(manifest)), m.Made); err != nil {
		return err
	}
	if _, err := w.Write(manifest); err != nil {
		return err
	}
	for _, f := range m.Files {
		if err := header(f.Name, f.Bytes, f.Modified); err != nil {
			return err
		}
		if err := packFile(w, from[f.Name], f.Bytes); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s%x\n", trailerMark, sum.Sum(nil))
	return err
}

// packFile copies exactly size bytes: a file that changed since it was described
// is found when the backup is read back.
func packFile(w io.Writer, src string, size int64) error {
	f, err := os.Open(src)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(w, f, size)
	return err
}

// readBackupFile is readBackup for a file by name.
func readBackupFile(path string, each func(BackupFile, io.Reader) error) (Backup, error) {
	f, err := os.Open(path)
	if err != nil {
		return Backup{}, diskError("backup", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return Backup{}, fmt.Errorf("%w: %s is no file", ErrBackup, path)
	}
	out, err := readBackup(f, info.Size(), each)
	if err != nil {
		return Backup{}, fmt.Errorf("%s: %w", path, err)
	}
	out.File = path
	return out, nil
}

// readBackup checks the digest of the whole, then reads the files in their
// order, hands each to each (nil drops them) and checks its digest after. each
// must not keep the reader. The error is ErrBackup, or that of each.
func readBackup(r io.ReaderAt, size int64, each func(BackupFile, io.Reader) error) (Backup, error) {
	body := size - int64(trailerLength)
	if body < 1024 {
		return Backup{}, fmt.Errorf("%w: %d bytes", ErrBackup, size)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, body)); err != nil {
		return Backup{}, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	last := make([]byte, trailerLength)
	if _, err := r.ReadAt(last, body); err != nil && !errors.Is(err, io.EOF) {
		return Backup{}, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	out := Backup{Bytes: size, SHA256: hex.EncodeToString(sum.Sum(nil))}
	if string(last) != trailerMark+out.SHA256+"\n" {
		return Backup{}, fmt.Errorf("%w: the digest at its end is not that of what comes before", ErrBackup)
	}
	section := io.NewSectionReader(r, 0, body)
	archive := tar.NewReader(section)
	var err error
	if out.Manifest, err = readBackupManifest(archive); err != nil {
		return Backup{}, err
	}
	for _, f := range out.Manifest.Files {
		sheet, err := readBackupEntry(archive, f, each)
		if err != nil {
			return Backup{}, err
		}
		if f.Name == fileSheet {
			out.Sheet = string(sheet)
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return Backup{}, fmt.Errorf("%w: there is more in it than its manifest lists", ErrBackup)
	}
	if at, err := section.Seek(0, io.SeekCurrent); err != nil || at != body {
		return Backup{}, fmt.Errorf("%w: %d bytes after its end", ErrBackup, body-at)
	}
	return out, nil
}

func readBackupManifest(archive *tar.Reader) (BackupManifest, error) {
	var m BackupManifest
	h, err := archive.Next()
	if err != nil || h.Name != fileManifest || h.Typeflag != tar.TypeReg || h.Size > maxManifest {
		return m, fmt.Errorf("%w: it does not begin with %s", ErrBackup, fileManifest)
	}
	raw, err := io.ReadAll(io.LimitReader(archive, maxManifest))
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	if _, err := strictjson.ParseObject(raw, strictjson.Limits{MaxBytes: maxManifest}); err != nil {
		return m, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	if err := strictUnmarshal(raw, &m); err != nil {
		return m, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	if m.Format != backupFormat {
		return m, fmt.Errorf("%w: it is of format %d, this program reads %d", ErrBackup, m.Format, backupFormat)
	}
	at, has := -1, make(map[string]bool)
	for _, f := range m.Files {
		i := slices.Index(backupNames, f.Name)
		if i <= at || f.Bytes < 0 || f.Name != fileStore && f.Bytes > maxSmallFile {
			return m, fmt.Errorf("%w: file %.80q of %d bytes has no place in it", ErrBackup, f.Name, f.Bytes)
		}
		at, has[f.Name] = i, true
	}
	if !has[fileConfig] || !has[fileSheet] || has[fileStore] != (m.Store == StoreInside) {
		return m, fmt.Errorf("%w: a file is missing", ErrBackup)
	}
	return m, nil
}

func readBackupEntry(archive *tar.Reader, f BackupFile, each func(BackupFile, io.Reader) error) (sheet []byte, err error) {
	h, err := archive.Next()
	if err != nil || h.Name != f.Name || h.Typeflag != tar.TypeReg || h.Size != f.Bytes {
		return nil, fmt.Errorf("%w: %s is not where the manifest has it", ErrBackup, f.Name)
	}
	sum := sha256.New()
	in := io.TeeReader(archive, sum)
	if f.Name == fileSheet {
		if sheet, err = io.ReadAll(in); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrBackup, f.Name, err)
		}
		return sheet, digestIs(sum, f)
	}
	if each != nil {
		if err := each(f, in); err != nil {
			return nil, err
		}
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBackup, f.Name, err)
	}
	return nil, digestIs(sum, f)
}

func digestIs(sum hash.Hash, f BackupFile) error {
	if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%w: the digest of %s is not that of the manifest", ErrBackup, f.Name)
	}
	return nil
}

// VerifyBackup checks a backup from its bytes: the digest of the whole and of
// each file, and the store in it, row by row, in a temporary folder beside it.
// The error is ErrBackup or that of the store.
func VerifyBackup(ctx context.Context, path string) (_ Backup, err error) {
	work, err := os.MkdirTemp(filepath.Dir(path), ".verify-*")
	if err != nil {
		return Backup{}, diskError("backup verify", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	copied := filepath.Join(work, fileStore)
	out, err := readBackupFile(path, func(f BackupFile, r io.Reader) error {
		if err := ctx.Err(); err != nil || f.Name != fileStore {
			return err
		}
		return copyInto(copied, r)
	})
	if err != nil || out.Manifest.Store != StoreInside {
		return out, err
	}
	s, err := sqlite.Open(ctx, copied, sqlite.Config{Readers: 1, OpenCheck: sqlite.OpenNone})
	if err != nil {
		return Backup{}, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Check(ctx); err != nil {
		return Backup{}, err
	}
	return out, s.View(ctx, func(tx store.Tx) error {
		have, err := issuerFacts(tx)
		if err != nil {
			return err
		}
		same := len(have) == len(out.Manifest.Issuers)
		for i := 0; same && i < len(have); i++ {
			want := out.Manifest.Issuers[i]
			same = have[i].Subject == want.Subject && have[i].Head == want.Head && have[i].Changes == want.Changes && have[i].LastList == want.LastList
		}
		if !same {
			return fmt.Errorf("%w: the store in it is not the one that its manifest describes", ErrBackup)
		}
		return nil
	})
}
