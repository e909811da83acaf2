//go:build unix

package durable

import (
	"errors"
	"os"
	"syscall"
)

// folder is an open directory.
type folder struct{ f *os.File }

func openFolder(path string) (folder, error) {
	f, err := os.Open(path)
	return folder{f}, err
}

// sync flushes the entries of the folder. Some network file systems cannot do
// that and say EINVAL or ENOTSUP; nothing more can be done on them.
func (d folder) sync() error {
	err := d.f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}

// close drops the handle; nothing is written through it, so it cannot fail in
// a way that matters.
func (d folder) close() { _ = d.f.Close() }

func rename(from, to string) error { return os.Rename(from, to) }
