package record

import (
	"fmt"
	"strings"
)

// MaxPath is the greatest length of a path in bytes.
const MaxPath = 512

// reserved is the part of a folder that describes the folder itself. It
// cannot be among the contents that a manifest lists.
const reserved = "bonafide/"

// CheckPath checks a path inside an issuer's folder: 1 to MaxPath bytes of
// A-Z a-z 0-9 . _ ~ - and "/", in parts that are not empty and do not consist
// of dots alone. Such a path is the same on every file system and in every
// URL, needs no escaping, and leads out of no folder. The error is ErrPath.
func CheckPath(path string) error {
	if path == "" || len(path) > MaxPath {
		return fmt.Errorf("%w: %d bytes, want 1 to %d", ErrPath, len(path), MaxPath)
	}
	dots, start := true, 0
	for i := 0; i <= len(path); i++ {
		if i == len(path) || path[i] == '/' {
			if dots { // covers the empty part too
				return fmt.Errorf("%w: part %q of %q", ErrPath, path[start:i], path)
			}
			dots, start = true, i+1
			continue
		}
		c := path[i]
		if !pathByte(c) {
			return fmt.Errorf("%w: byte 0x%02x at %d of %q", ErrPath, c, i, path)
		}
		dots = dots && c == '.'
	}
	return nil
}

func pathByte(c byte) bool {
	return alnum(c) || c == '.' || c == '_' || c == '~' || c == '-'
}

func alnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// Kind is what a record is. The list is closed.
type Kind string

// The kinds of records.
const (
	KindDIDLog      Kind = "did-log"      // did.jsonl
	KindDIDWitness  Kind = "did-witness"  // did-witness.json
	KindWhois       Kind = "whois"        // whois.vp
	KindStatusList  Kind = "status-list"  // status/<n>
	KindStatusToken Kind = "status-token" // status/<n>.jwt
	KindStatusCWT   Kind = "status-cwt"   // status/<n>.cwt
	KindRecognition Kind = "recognition"  // recognition/<name>
	KindSchema      Kind = "schema"       // schema/<name>
	KindPractice    Kind = "practice"     // issuer.json
	KindAnchor      Kind = "anchor"       // anchor/<chain>-<account>
	KindHead        Kind = "head"         // bonafide/head
	KindManifest    Kind = "manifest"     // bonafide/manifest
	KindHistory     Kind = "history"      // bonafide/history
	KindFork        Kind = "fork"         // evidence, under no path
	KindTombstone   Kind = "tombstone"    // under no path
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{
		KindDIDLog, KindDIDWitness, KindWhois, KindStatusList, KindStatusToken, KindStatusCWT, KindRecognition,
		KindSchema, KindPractice, KindAnchor, KindHead, KindManifest, KindHistory, KindFork, KindTombstone,
	}
}

// MaxBytes returns the greatest size of a body of this kind in bytes; 0 for
// what is no kind.
func (k Kind) MaxBytes() int {
	switch k {
	case KindDIDLog:
		return 5 << 20
	case KindDIDWitness:
		return 1 << 20
	case KindWhois, KindSchema:
		return 256 << 10
	case KindStatusList, KindStatusToken, KindStatusCWT:
		return 2 << 20
	case KindRecognition, KindPractice:
		return 64 << 10
	case KindHead, KindTombstone, KindAnchor:
		return 4 << 10
	case KindManifest:
		return MaxLeaves * 256
	case KindHistory:
		return MaxHeads * 32
	case KindFork:
		return 12 << 20
	}
	return 0
}

// KindOf returns the kind of the record that a folder holds under path, and
// whether there is one. Other paths may stand in a manifest; they are carried
// as entries and not fetched.
func KindOf(path string) (Kind, bool) {
	switch path {
	case "did.jsonl":
		return KindDIDLog, true
	case "did-witness.json":
		return KindDIDWitness, true
	case "whois.vp":
		return KindWhois, true
	case "issuer.json":
		return KindPractice, true
	case reserved + "head":
		return KindHead, true
	case reserved + "manifest":
		return KindManifest, true
	case reserved + "history":
		return KindHistory, true
	}
	dir, name, ok := strings.Cut(path, "/")
	if !ok || CheckPath(path) != nil || strings.Contains(name, "/") {
		return "", false
	}
	switch dir {
	case "status":
		number, form, formed := strings.Cut(name, ".")
		switch {
		case !decimal(number):
		case !formed:
			return KindStatusList, true
		case form == "jwt":
			return KindStatusToken, true
		case form == "cwt":
			return KindStatusCWT, true
		}
		return "", false
	case "recognition":
		return KindRecognition, true
	case "schema":
		return KindSchema, true
	case "anchor":
		return KindAnchor, true
	}
	return "", false
}

// decimal reports whether s is a number of at most ten digits in its usual
// spelling, so that no list has two paths.
func decimal(s string) bool {
	if s == "" || len(s) > 10 || s[0] == '0' && s != "0" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
