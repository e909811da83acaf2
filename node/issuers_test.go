package node

import (
	"errors"
	"testing"
	"unicode/utf8"
)

// FuzzSearch: a request to search is read or refused by name, and its cursor comes
// back as it was given out.
func FuzzSearch(f *testing.F) {
	f.Add("VAT:ES:A00000000", "", cursor(stageFolders, "x"))
	f.Add("", "universidad", "")
	f.Fuzz(func(t *testing.T, id, name, after string) {
		s, err := readSearch(SearchRequest{Identifier: id, Name: name, After: after})
		if err != nil {
			if !errors.Is(err, ErrRequest) {
				t.Fatal(err)
			}
			return
		}
		if s.limit != maxHits || s.id.IsZero() == (s.name == "") || !utf8.ValidString(s.name) {
			t.Errorf("%+v", s)
		}
		again, err := readSearch(SearchRequest{Identifier: id, Name: name, After: cursor(s.stage, s.after)})
		if err != nil || again != s {
			t.Errorf("%+v, %+v, %v", s, again, err)
		}
	})
}
