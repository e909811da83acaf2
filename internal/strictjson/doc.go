// Package strictjson is the project's only reader of JSON that a stranger
// wrote, and its only writer of canonical JSON.
//
// The first call to make is [Parse] (or [ParseObject]): it turns bytes into a
// tree of map[string]any, []any, string, [encoding/json.Number], bool and nil.
// [Canonical] turns a tree into the bytes that are hashed and signed,
// [Canonicalize] does both, and [Decode] fills a struct by exact member names.
//
// It reads RFC 8259 narrowed to what I-JSON (RFC 7493) and the JSON
// Canonicalization Scheme (RFC 8785) can carry without loss. It refuses, each
// with an error of its own: duplicate member names (compared after unescaping;
// names that differ only in case are two names), invalid UTF-8, lone or
// reversed surrogates, a byte order mark, unescaped control characters,
// trailing data, integers beyond 2^53-1, numbers that a double turns into
// infinity or zero, and input above the bounds of [Limits], which are enforced
// before memory is spent. Two documents that parse to different trees
// therefore never share canonical bytes, except that two spellings of one
// IEEE 754 double do (1.0 and 1, or digits past the seventeenth), as RFC 8785
// section 3.2.2.3 demands.
//
// Unicode noncharacters such as U+FFFE are accepted although RFC 7493 section
// 2.1 forbids them: RFC 8259 allows them, each has exactly one encoding, and
// they cannot make two documents canonicalise alike.
//
// Strings of a tree share one copy of the input; clone those that outlive the
// document. It never folds case, never repairs, never keeps the last of two
// duplicates, and keeps no state between calls; every function is safe for
// concurrent use as long as the trees are not changed meanwhile.
package strictjson
