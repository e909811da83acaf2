package durable

import (
	"os"

	"golang.org/x/sys/windows"
)

// folder has nothing to hold: Windows cannot sync a directory.
type folder struct{}

func openFolder(string) (folder, error) { return folder{}, nil }

func (folder) sync() error { return nil }
func (folder) close()      {}

// rename replaces to and returns only when the change is on the disk.
func rename(from, to string) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	err = windows.MoveFileEx(f, t, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
