package durable

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bonafide-id/bonafide/internal/faults"
	"github.com/bonafide-id/bonafide/internal/hint"
)

// ErrSync means that the system could not confirm that data reached the disk.
// The file holds either its old or its new content, and which of them a power
// cut would leave is not known. Stop the process and look at the disk; do not
// acknowledge anything that depends on the write, and do not go on writing.
var ErrSync = hint.New("durable: data may not have reached the disk",
	"Check the disk for errors and free space, then start again; nothing after this point was acknowledged.")

// WriteFile replaces the file at path with data, atomically and durably, as
// the package comment describes. Of perm only the nine permission bits count.
//
// It fails with ErrSync, or with the error of the operating system, wrapped
// with the path.
func WriteFile(path string, data []byte, perm fs.FileMode) (err error) {
	folder, err := openFolder(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("durable: folder of %s: %w", path, err)
	}
	defer folder.close()
	temp, err := writeTemp(path, data, perm.Perm())
	if err != nil {
		return fmt.Errorf("durable: write %s: %w", path, err)
	}
	err = faults.Point("durable.rename")
	if err == nil {
		err = rename(temp, path)
	}
	if err != nil {
		// The temporary file is litter at most; the first error is the one to
		// tell.
		_ = os.Remove(temp)
		return fmt.Errorf("durable: replace %s: %w", path, err)
	}
	err = faults.Point("durable.syncdir")
	if err == nil {
		err = folder.sync()
	}
	if err != nil {
		return fmt.Errorf("%w: folder of %s: %w", ErrSync, path, err)
	}
	return nil
}

// writeTemp writes a synced temporary file beside path and returns its name.
// On an error nothing is left of it.
func writeTemp(path string, data []byte, perm fs.FileMode) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempPattern(path))
	if err != nil {
		return "", err
	}
	err = fillTemp(f, data, perm)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func fillTemp(f *os.File, data []byte, perm fs.FileMode) error {
	if err := faults.Point("durable.write"); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(perm); err != nil {
		return err
	}
	err := faults.Point("durable.sync")
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSync, err)
	}
	return nil
}

// tempPattern names temporary files after the file they become, shortened so
// that the random part still fits into the 255 bytes of a file name.
func tempPattern(path string) string {
	base := filepath.Base(path)
	if len(base) > 200 {
		base = strings.ToValidUTF8(base[:200], "") // not half a character
	}
	return "." + base + ".*.tmp"
}

// SyncFolder makes the names in a folder durable. It fails with ErrSync, or
// with the error of the operating system.
func SyncFolder(path string) error {
	folder, err := openFolder(path)
	if err != nil {
		return fmt.Errorf("durable: folder %s: %w", path, err)
	}
	defer folder.close()
	if err := folder.sync(); err != nil {
		return fmt.Errorf("%w: folder %s: %w", ErrSync, path, err)
	}
	return nil
}
