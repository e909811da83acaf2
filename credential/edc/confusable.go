package edc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/verdict"
)

// Confusable is a member whose name looks like a known one and is another.
type Confusable struct {
	Path  string // of the member, with its name as it is written
	Looks string // the known name
	Rune  rune   // the first letter that is not what it looks like
}

// maxConfusables bounds what is reported; more say nothing new.
const maxConfusables = 16

// Confusables finds members whose names are spelled with letters that look
// like Latin ones (Greek, Cyrillic, full width, invisible) and then are names
// of the European Learning Model or of the credential data model. tree is what
// internal/strictjson gave; the order is that of the names.
func Confusables(tree any) []Confusable {
	if allASCII(tree) {
		return nil
	}
	var out []Confusable
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch x := v.(type) {
		case map[string]any:
			names := make([]string, 0, len(x))
			for name := range x {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				if len(out) == maxConfusables {
					return
				}
				at := path + "." + clip(name)
				if looks, r := skeleton(name); r != 0 && isTerm(looks) {
					out = append(out, Confusable{strings.TrimPrefix(at, "."), looks, r})
				}
				walk(at, x[name])
			}
		case []any:
			for i, e := range x {
				walk(fmt.Sprintf("%s[%d]", path, i), e)
			}
		}
	}
	walk("", tree)
	return out
}

// allASCII tells whether every name below is in ASCII, as nearly always.
func allASCII(v any) bool {
	switch x := v.(type) {
	case map[string]any:
		for name, e := range x {
			for i := range len(name) {
				if name[i] >= 0x80 {
					return false
				}
			}
			if !allASCII(e) {
				return false
			}
		}
	case []any:
		for _, e := range x {
			if !allASCII(e) {
				return false
			}
		}
	}
	return true
}

// ConfusableRows is [Confusables] as rows of the check format.
func ConfusableRows(tree any) []verdict.Check {
	var rows []verdict.Check
	for _, c := range Confusables(tree) {
		rows = append(rows, verdict.New(verdict.Format, verdict.ConfusableName).With("path", c.Path).
			With("looks", c.Looks).With("char", fmt.Sprintf("U+%04X", c.Rune)).From("credential"))
	}
	return rows
}

// skeleton writes a name with the Latin letters that it looks like, and
// returns the first letter that was replaced; none for names in ASCII and for
// names that hold any other letter.
func skeleton(name string) (string, rune) {
	if len(name) > 256 {
		return "", 0
	}
	var b strings.Builder
	var first rune
	for _, r := range name {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		if first == 0 {
			first = r
		}
		switch {
		case r >= 0xff01 && r <= 0xff5e: // full width
			b.WriteRune(r - 0xfee0)
		case strings.ContainsRune(invisible, r):
		default:
			i := strings.IndexRune(lookalikes, r)
			if i < 0 {
				return "", 0
			}
			// Pairs: the look-alike, then what it looks like.
			b.WriteByte(lookalikes[i+len(string(r))])
		}
	}
	return b.String(), first
}

// invisible are the soft hyphen, zero width space, non-joiner and joiner, the
// marks of direction, the word joiner and the byte order mark.
const invisible = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

// lookalikes are pairs of a letter and the Latin one that it looks like:
// Greek, Cyrillic, Armenian, and single letters of other blocks.
const lookalikes = "ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXαaγyιiκkνvοoρpτtυuχxϲcϳjϹCͿJ" +
	"АAВBЕEКKМMНHОOРPСCТTУYХXЅSІIЈJԌGԚQԜWаaеeкkмmнhоoпnрpсcтtуyхxѕsіiјjԁdһhԛqԝwӏlӀI" +
	"օoոnսuԼL" + "ıiɑaɡgɩiʏY\u212aKⅠIⅤVⅩXⅬLⅭCⅮDⅯMⅰiⅴvⅹxⅼlⅽcⅾdⅿm"

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "..."
	}
	return s
}
