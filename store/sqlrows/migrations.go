package sqlrows

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/store"
)

// Migration is one numbered step of an engine's schema.
type Migration struct {
	Number int64
	Name   string // of its file
	SQL    string
}

// Migrations reads the files "migrations/NNNN_name.sql" of an engine, which must be
// numbered 1, 2, 3 ... The error is store.ErrInvalid.
func Migrations(files fs.FS) ([]Migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, fmt.Errorf("%w: migrations: %v", store.ErrInvalid, err)
	}
	var out []Migration
	for i, name := range names {
		digits, _, _ := strings.Cut(path.Base(name), "_")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n != int64(i)+1 {
			return nil, fmt.Errorf("%w: migration %s is not number %d", store.ErrInvalid, name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("%w: migration %s: %v", store.ErrInvalid, name, err)
		}
		out = append(out, Migration{n, path.Base(name), string(text)})
	}
	return out, nil
}
