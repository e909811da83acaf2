package record_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	. "github.com/bonafide-id/bonafide/record"
)

const (
	did       = "did:webvh:" + scid + ":uni.example"
	epoch     = "1-QmdSZ3nUZPkrYjs5gbzEJCMJXpGtEQYcFQHGQzqBGJ1dyW"
	epoch2    = "2-QmU9ZFcLRhPaGUQXbC2R3DBmWBC3ZJf3ZqFyKXxCcN2Rj1"
	signature = "z2XEHWqsNDHZ4vkeCkEvvHVqCFnTgwDhHCcbmSPaJqGmuoTvFxF8sqcCc3FBZrvwWfDa57oZSsD1TpoMnNnXkRbPG"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// plain is a well-formed first head.
func plain() Head {
	return Head{
		Issuer: did, Epoch: epoch, VersionID: epoch, Sequence: 1, History: EmptyRoot(),
		Root: folder(3).Root(), Leaves: 3, Published: noon, Expires: noon.Add(7 * 24 * time.Hour),
		Instance: [16]byte{1, 2, 3},
	}
}

func proofOf(issuer string) map[string]any {
	return map[string]any{
		"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "capabilityInvocation",
		"verificationMethod": issuer + "#head-1", "created": "2026-11-24T12:00:00Z", "proofValue": signature,
	}
}

// signed gives h the form of a signed head; the signature is none.
func signed(t interface{ Fatal(...any) }, h Head) Head {
	doc, err := h.Unsigned()
	if err != nil {
		t.Fatal(err)
	}
	doc["proof"] = proofOf(h.Issuer)
	out, err := HeadFromTree(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// chain makes n heads, each extending the one before. vary changes head i
// (from 0) before it gets its proof.
func chain(t interface{ Fatal(...any) }, n int, vary func(i int, h *Head)) []Head {
	history := &History{}
	out := make([]Head, n)
	for i := range out {
		h := plain()
		h.Sequence = uint64(i + 1)
		h.Published = noon.Add(time.Duration(i) * time.Hour)
		h.Expires = h.Published.Add(time.Hour)
		h.History, _ = history.Root(i)
		if i > 0 {
			h.Previous = out[i-1].CID()
		}
		if vary != nil {
			vary(i, &h)
		}
		out[i] = signed(t, h)
		if err := history.Append(out[i].CID()); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func digestsOf(hs []Head) [][32]byte {
	out := make([][32]byte, len(hs))
	for i, h := range hs {
		out[i] = h.CID().Digest()
	}
	return out
}

func TestHeadRoundTrip(t *testing.T) {
	final := plain()
	final.Final, final.Expires = true, time.Time{}
	empty := plain()
	empty.Leaves, empty.Root = 0, EmptyRoot()
	later := chain(t, 2, nil)[1]
	for name, h := range map[string]Head{"first": signed(t, plain()), "final": signed(t, final), "empty folder": signed(t, empty), "second": later} {
		t.Run(name, func(t *testing.T) {
			back, err := ParseHead(h.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			doc := back.Tree()
			again, err := strictjson.Canonical(doc)
			if err != nil || !bytes.Equal(again, h.Bytes()) || !bytes.Equal(back.Bytes(), h.Bytes()) {
				t.Errorf("comes out as %s, %v", again, err)
			}
			if back.CID() != CIDOf(h.Bytes()) || back.CID() != h.CID() || back.Subject() != scid || back.EpochNumber() != 1 {
				t.Errorf("%+v", back)
			}
			if back.VerificationMethod() != did+"#head-1" {
				t.Errorf("key %s", back.VerificationMethod())
			}
			delete(doc, "type")
			doc["proof"].(map[string]any)["type"] = "x"
			if again, _ := strictjson.Canonical(back.Tree()); !bytes.Equal(again, h.Bytes()) {
				t.Error("changing the tree changed the head")
			}
		})
	}
}

func TestHeadExpired(t *testing.T) {
	h := plain()
	if h.Expired(h.Expires.Add(-1)) || !h.Expired(h.Expires) {
		t.Error("the term is not half open")
	}
	h.Final, h.Expires = true, time.Time{}
	if h.Expired(noon.AddDate(100, 0, 0)) {
		t.Error("a final head expired")
	}
}

// TestUnsignedRefuses changes one field of a good head.
func TestUnsignedRefuses(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(h *Head)
		word  string // in the error; "" means accepted
	}{
		{"good", func(*Head) {}, ""},
		{"later version of the same epoch", func(h *Head) { h.VersionID = epoch2 }, ""},
		{"no issuer", func(h *Head) { h.Issuer = "" }, "issuer"},
		{"issuer with fragment", func(h *Head) { h.Issuer += "#x" }, "issuer"},
		{"issuer is a URL", func(h *Head) { h.Issuer = "https://uni.example" }, "issuer"},
		{"epoch without number", func(h *Head) { h.Epoch = "QmX" }, "epoch"},
		{"epoch zero", func(h *Head) { h.Epoch = "0-" + scid }, "epoch"},
		{"epoch after version", func(h *Head) { h.Epoch = epoch2 }, "epoch"},
		{"two entries of one number", func(h *Head) { h.Epoch = "1-" + scid }, "epoch"},
		{"version without hash", func(h *Head) { h.VersionID = "2-" }, "versionId"},
		{"version with leading zero", func(h *Head) { h.VersionID = "0" + epoch2 }, "versionId"},
		{"sequence zero", func(h *Head) { h.Sequence = 0 }, "sequence"},
		{"sequence beyond 2^53", func(h *Head) { h.Sequence = 1 << 53 }, "sequence"},
		{"previous at the first", func(h *Head) { h.Previous = CIDOf(nil) }, "previous"},
		{"no previous at the second", func(h *Head) { h.Sequence = 2 }, "previous"},
		{"history at the first", func(h *Head) { h.History[0]++ }, "history"},
		{"negative leaves", func(h *Head) { h.Leaves = -1 }, "leaves"},
		{"too many leaves", func(h *Head) { h.Leaves = MaxLeaves + 1 }, "leaves"},
		{"root without leaves", func(h *Head) { h.Leaves = 0 }, "root"},
		{"no publication time", func(h *Head) { h.Published = time.Time{} }, "published"},
		{"fraction of a second", func(h *Head) { h.Published = h.Published.Add(1) }, "published"},
		{"local time", func(h *Head) { h.Published = h.Published.In(time.FixedZone("X", 3600)) }, "published"},
		{"no term", func(h *Head) { h.Expires = time.Time{} }, "expires"},
		{"term ends at once", func(h *Head) { h.Expires = h.Published }, "expires"},
		{"term with fraction", func(h *Head) { h.Expires = h.Expires.Add(1) }, "expires"},
		{"final with a term", func(h *Head) { h.Final = true }, "expires"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := plain()
			tt.spoil(&h)
			_, err := h.Unsigned()
			if tt.word == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, ErrHead) || !strings.Contains(err.Error(), "head: "+tt.word+" ") {
				t.Errorf("Unsigned: %v, want ErrHead about %s", err, tt.word)
			}
		})
	}
}

// TestParseHeadRefuses changes one member of a good head's document.
func TestParseHeadRefuses(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(doc, proof map[string]any)
		want  error
		word  string
	}{
		{"good", func(doc, proof map[string]any) {}, nil, ""},
		{"proof without created", func(doc, proof map[string]any) { delete(proof, "created") }, nil, ""},
		{"unknown member", func(doc, proof map[string]any) { doc["extra"] = true }, strictjson.ErrUnknownMember, "extra"},
		{"member in other case", func(doc, proof map[string]any) { doc["Issuer"] = did }, strictjson.ErrUnknownMember, "Issuer"},
		{"unknown member of the proof", func(doc, proof map[string]any) { proof["nonce"] = "x" }, strictjson.ErrUnknownMember, "nonce"},
		{"context in the proof", func(doc, proof map[string]any) { proof["@context"] = "x" }, strictjson.ErrUnknownMember, "@context"},
		{"no type", func(doc, proof map[string]any) { delete(doc, "type") }, ErrHead, "type"},
		{"other type", func(doc, proof map[string]any) { doc["type"] = "Head" }, ErrHead, "type"},
		{"no issuer", func(doc, proof map[string]any) { delete(doc, "issuer") }, ErrHead, "issuer"},
		{"issuer is null", func(doc, proof map[string]any) { doc["issuer"] = nil }, ErrHead, "issuer"},
		{"no epoch", func(doc, proof map[string]any) { delete(doc, "epoch") }, ErrHead, "epoch"},
		{"no versionId", func(doc, proof map[string]any) { delete(doc, "versionId") }, ErrHead, "versionId"},
		{"no sequence", func(doc, proof map[string]any) { delete(doc, "sequence") }, ErrHead, "sequence"},
		{"sequence as text", func(doc, proof map[string]any) { doc["sequence"] = "1" }, ErrHead, "sequence"},
		{"negative sequence", func(doc, proof map[string]any) { doc["sequence"] = json.Number("-1") }, ErrHead, "sequence"},
		{"fractional sequence", func(doc, proof map[string]any) { doc["sequence"] = json.Number("1.5") }, ErrHead, "sequence"},
		{"previous is empty", func(doc, proof map[string]any) { doc["previous"] = "" }, ErrHead, "previous"},
		{"previous is no address", func(doc, proof map[string]any) { doc["previous"] = "bafk" }, ErrHead, "previous"},
		{"no history", func(doc, proof map[string]any) { delete(doc, "history") }, ErrHead, "history"},
		{"history with padding", func(doc, proof map[string]any) { doc["history"] = doc["history"].(string) + "=" }, ErrHead, "history"},
		{"history with a line feed", func(doc, proof map[string]any) { doc["history"] = doc["history"].(string) + "\n" }, ErrHead, "history"},
		{"history of 31 bytes", func(doc, proof map[string]any) { doc["history"] = strings.Repeat("A", 42) }, ErrHead, "history"},
		{"history with loose bits", func(doc, proof map[string]any) { doc["history"] = strings.Repeat("A", 42) + "B" }, ErrHead, "history"},
		{"no root", func(doc, proof map[string]any) { delete(doc, "root") }, ErrHead, "root"},
		{"no leaves", func(doc, proof map[string]any) { delete(doc, "leaves") }, ErrHead, "leaves"},
		{"too many leaves", func(doc, proof map[string]any) { doc["leaves"] = json.Number("65537") }, ErrHead, "leaves"},
		{"no published", func(doc, proof map[string]any) { delete(doc, "published") }, ErrHead, "published"},
		{"published with offset", func(doc, proof map[string]any) { doc["published"] = "2026-11-24T12:00:00+00:00" }, ErrHead, "published"},
		{"published with fraction", func(doc, proof map[string]any) { doc["published"] = "2026-11-24T12:00:00.5Z" }, ErrHead, "published"},
		{"published with comma", func(doc, proof map[string]any) { doc["published"] = "2026-11-24T12:00:00,5Z" }, ErrHead, "published"},
		{"published in lower case", func(doc, proof map[string]any) { doc["published"] = "2026-11-24t12:00:00z" }, ErrHead, "published"},
		{"leap second", func(doc, proof map[string]any) { doc["published"] = "2026-11-24T12:00:60Z" }, ErrHead, "published"},
		{"31 November", func(doc, proof map[string]any) { doc["published"] = "2026-11-31T12:00:00Z" }, ErrHead, "published"},
		{"no expires", func(doc, proof map[string]any) { delete(doc, "expires") }, ErrHead, "expires"},
		{"final is false", func(doc, proof map[string]any) { doc["final"] = false }, ErrHead, "final"},
		{"final is text", func(doc, proof map[string]any) { doc["final"] = "true"; delete(doc, "expires") }, ErrHead, "final"},
		{"no instance", func(doc, proof map[string]any) { delete(doc, "instance") }, ErrHead, "instance"},
		{"short instance", func(doc, proof map[string]any) { doc["instance"] = "AAAA" }, ErrHead, "instance"},
		{"no proof", func(doc, proof map[string]any) { delete(doc, "proof") }, ErrHead, "proof"},
		{"proof set", func(doc, proof map[string]any) { doc["proof"] = []any{proof} }, ErrHead, "proof"},
		{"proof of other type", func(doc, proof map[string]any) { proof["type"] = "Ed25519Signature2020" }, ErrHead, "proof.type"},
		{"other suite", func(doc, proof map[string]any) { proof["cryptosuite"] = "eddsa-rdfc-2022" }, ErrHead, "proof.cryptosuite"},
		{"other purpose", func(doc, proof map[string]any) { proof["proofPurpose"] = "assertionMethod" }, ErrHead, "proof.proofPurpose"},
		{"key of another", func(doc, proof map[string]any) { proof["verificationMethod"] = "did:web:a.example#1" }, ErrHead, "proof.verificationMethod"},
		{"key without fragment", func(doc, proof map[string]any) { proof["verificationMethod"] = did }, ErrHead, "proof.verificationMethod"},
		{"key with empty fragment", func(doc, proof map[string]any) { proof["verificationMethod"] = did + "#" }, ErrHead, "proof.verificationMethod"},
		{"proof created at no time", func(doc, proof map[string]any) { proof["created"] = "now" }, ErrHead, "proof.created"},
		{"no signature", func(doc, proof map[string]any) { delete(proof, "proofValue") }, ErrHead, "proof.proofValue"},
		{"signature in base64url", func(doc, proof map[string]any) { proof["proofValue"] = "u" + signature[1:] }, ErrHead, "proof.proofValue"},
		{"signature outside base58", func(doc, proof map[string]any) { proof["proofValue"] = signature[:20] + "0" + signature[21:] }, ErrHead, "proof.proofValue"},
		{"signature too long", func(doc, proof map[string]any) { proof["proofValue"] = signature + "11" }, ErrHead, "proof.proofValue"},
		{"more than 4 KiB", func(doc, proof map[string]any) { doc["issuer"] = strings.Repeat("x", 4096) }, ErrTooLarge, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := signed(t, plain()).Tree()
			tt.spoil(doc, doc["proof"].(map[string]any))
			body, err := strictjson.Canonical(doc)
			if err != nil {
				t.Fatal(err)
			}
			for from, f := range map[string]func() (Head, error){
				"ParseHead":    func() (Head, error) { return ParseHead(body) },
				"HeadFromTree": func() (Head, error) { return HeadFromTree(doc) },
			} {
				h, err := f()
				if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), tt.word) {
					t.Errorf("%s: %v, want %v about %s", from, err, tt.want, tt.word)
				}
				if err != nil && (h.Bytes() != nil || h.Issuer != "") {
					t.Errorf("%s returns a head beside the error", from)
				}
			}
		})
	}
}

func TestParseHeadWantsCanonicalBytes(t *testing.T) {
	good := string(signed(t, plain()).Bytes())
	tests := []struct {
		name, body string
		want       error
	}{
		{"good", good, nil},
		{"line feed at the end", good + "\n", ErrNotCanonical},
		{"space", strings.Replace(good, ",", ", ", 1), ErrNotCanonical},
		{"escape", strings.Replace(good, "Bonafide", `\u0042onafide`, 1), ErrNotCanonical},
		{"order", strings.Replace(strings.Replace(good, `{"epoch"`, `{"type":"BonafideHead","epoch"`, 1), `,"type":"BonafideHead"`, "", 1), ErrNotCanonical},
		{"member twice", strings.Replace(good, `{"epoch"`, `{"type":"BonafideHead","epoch"`, 1), strictjson.ErrDuplicate},
		{"cut off", good[:len(good)-1], strictjson.ErrSyntax},
		{"something behind", good + "{}", strictjson.ErrTrailing},
		{"list", "[" + good + "]", strictjson.ErrType},
		{"number in another spelling", strings.Replace(good, `"leaves":3`, `"leaves":3.0`, 1), ErrHead},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want != nil && tt.body == good {
				t.Fatal("the case changes nothing")
			}
			if _, err := ParseHead([]byte(tt.body)); !errors.Is(err, tt.want) {
				t.Errorf("ParseHead: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestCheckExtends(t *testing.T) {
	hs := chain(t, 9, nil)
	other := chain(t, 9, func(i int, h *Head) {
		if i >= 3 {
			h.Instance[15] = 9 // a second signer from the fourth head on
		}
	})
	all, all2 := digestsOf(hs), digestsOf(other)
	// mixed is head 9 over a history whose head 4 is ours and whose head 3 is
	// not: it contains our head 4 and still does not begin as ours does.
	mixed := func() (Head, [][32]byte) {
		ds := append([][32]byte(nil), all[:8]...)
		ds[2] = all2[4]
		h, _ := NewHistory(ds)
		b := hs[8]
		b.History, _ = h.Root(8)
		return signed(t, b), ds
	}
	mixedHead, mixedDigests := mixed()
	lying := hs[8]
	lying.Previous = hs[3].CID()
	movedHead := hs[8]
	movedHead.VersionID = epoch2
	movedHead.Issuer = "did:webvh:" + scid + ":moved.example"
	nextEpoch := plain()
	nextEpoch.Epoch, nextEpoch.VersionID = epoch2, epoch2
	stranger := hs[8]
	stranger.Issuer = "did:webvh:Qm" + strings.Repeat("a", 44) + ":uni.example"

	swapped := append([][32]byte(nil), all[:8]...)
	swapped[5], swapped[6] = swapped[6], swapped[5]
	tests := []struct {
		name    string
		a, b    Head
		digests [][32]byte
		want    error
	}{
		{"next", hs[0], hs[1], all[:1], nil},
		{"several later", hs[1], hs[8], all[:8], nil},
		{"first to last", hs[0], hs[8], all[:8], nil},
		{"after the issuer moved", hs[3], signed(t, movedHead), all[:8], nil},
		{"the same", hs[3], hs[3], all[:3], ErrNotLater},
		{"older", hs[4], hs[3], all[:3], ErrNotLater},
		{"same sequence, other head", hs[4], other[4], all2[:4], ErrNotLater},
		{"other epoch", hs[3], signed(t, nextEpoch), nil, ErrEpoch},
		{"other subject", hs[3], signed(t, stranger), all[:8], ErrEpoch},
		{"one digest missing", hs[1], hs[8], all[:7], ErrHistoryLength},
		{"one digest too many", hs[1], hs[8], all, ErrHistoryLength},
		{"digests in other order", hs[1], hs[8], swapped, ErrHistoryRoot},
		{"digests of another chain", hs[1], hs[8], all2[:8], ErrHistoryRoot},
		{"a is not in b's history", hs[4], other[8], all2[:8], ErrNotInHistory},
		{"history before a differs", hs[3], mixedHead, mixedDigests, ErrInconsistent},
		{"previous is not the last", hs[1], signed(t, lying), all[:8], ErrPrevious},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := CheckExtends(tt.a, tt.digests, tt.b); !errors.Is(err, tt.want) {
				t.Errorf("CheckExtends: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestCheckFirst(t *testing.T) {
	hs := chain(t, 5, nil)
	all := digestsOf(hs)
	lying := hs[4]
	lying.Previous = hs[0].CID()
	tests := []struct {
		name    string
		digests [][32]byte
		b       Head
		want    error
	}{
		{"first head", nil, hs[0], nil},
		{"fifth head", all[:4], hs[4], nil},
		{"short", all[:3], hs[4], ErrHistoryLength},
		{"other digests", append([][32]byte{{9}}, all[1:4]...), hs[4], ErrHistoryRoot},
		{"previous is not the last", all[:4], signed(t, lying), ErrPrevious},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := CheckFirst(tt.digests, tt.b); !errors.Is(err, tt.want) {
				t.Errorf("CheckFirst: %v, want %v", err, tt.want)
			}
		})
	}
}

// TestExtensionAgreesWithCheckExtends: the short proof accepts what all
// digests accept, and nothing else.
func TestExtensionAgreesWithCheckExtends(t *testing.T) {
	const n = 24
	hs := chain(t, n, nil)
	other := chain(t, n, func(i int, h *Head) {
		if i >= 9 {
			h.Instance[15] = 9
		}
	})
	all, all2 := digestsOf(hs), digestsOf(other)
	rapid.Check(t, func(t *rapid.T) {
		i, j := rapid.IntRange(0, n-1).Draw(t, "a"), rapid.IntRange(0, n-1).Draw(t, "b")
		a, b, digests := hs[i], hs[j], all[:j]
		if rapid.Bool().Draw(t, "second signer") {
			b, digests = other[j], all2[:j]
		}
		full := CheckExtends(a, digests, b)
		h, err := NewHistory(digests)
		if err != nil {
			t.Fatal(err)
		}
		e, err := h.Extend(a.Sequence, b.Sequence)
		if err != nil {
			if i < j {
				t.Fatal(err)
			}
			e = Extension{}
		}
		short := e.Check(a, b)
		if (full == nil) != (short == nil) {
			t.Fatalf("with all digests %v, with the proof %v", full, short)
		}
		if errors.Is(full, ErrNotInHistory) && !errors.Is(short, ErrConsistency) && !errors.Is(short, ErrInclusion) {
			t.Fatalf("short proof fails with %v", short)
		}
	})
}

func TestExtensionRefusesLyingPrevious(t *testing.T) {
	hs := chain(t, 9, nil)
	lying := hs[8]
	lying.Previous = hs[3].CID()
	h, _ := NewHistory(digestsOf(hs))
	e, err := h.Extend(2, 9)
	if err != nil || e.Check(hs[1], hs[8]) != nil {
		t.Fatalf("honest: %v, %v", err, e.Check(hs[1], hs[8]))
	}
	if err := e.Check(hs[1], signed(t, lying)); !errors.Is(err, ErrInclusion) {
		t.Errorf("Check: %v, want ErrInclusion", err)
	}
}

func FuzzParseHead(f *testing.F) {
	for _, h := range chain(f, 2, nil) {
		f.Add(h.Bytes())
	}
	final := plain()
	final.Final, final.Expires = true, time.Time{}
	f.Add(signed(f, final).Bytes())
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := ParseHead(body)
		if err != nil {
			return
		}
		again, err := strictjson.Canonical(h.Tree())
		if err != nil || !bytes.Equal(again, body) || !bytes.Equal(h.Bytes(), body) {
			t.Fatalf("comes out as %s, %v", again, err)
		}
		if len(body) > 4096 || h.Sequence == 0 || h.CID() != CIDOf(body) {
			t.Fatalf("accepted %+v", h)
		}
	})
}

func ExampleParseHead() {
	_, err := ParseHead([]byte(`{"type":"BonafideHead"}`))
	fmt.Println(errors.Is(err, ErrHead))
	// Output: true
}

func BenchmarkParseHead(b *testing.B) {
	body := signed(b, plain()).Bytes()
	for b.Loop() {
		if _, err := ParseHead(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckExtends35040(b *testing.B) { // a year of heads each 15 minutes
	digests := heads(35_040)
	a := signed(b, plain())
	digests[0] = a.CID().Digest()
	history, _ := NewHistory(digests)
	next := plain()
	next.Sequence = 35_041
	next.Previous = CIDFromDigest(digests[len(digests)-1])
	next.History, _ = history.Root(35_040)
	last := signed(b, next)
	b.Run("digests", func(b *testing.B) {
		for b.Loop() {
			if err := CheckExtends(a, digests, last); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("proof", func(b *testing.B) {
		e, err := history.Extend(1, last.Sequence)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := e.Check(a, last); err != nil {
				b.Fatal(err)
			}
		}
	})
}
