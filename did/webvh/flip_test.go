package webvh

import (
	"bytes"
	"errors"
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// fifty makes a log of 50 entries with a document of its own each, rotations,
// and one witness throughout.
func fifty(t testing.TB) (log, witness []byte) {
	t.Helper()
	list := []draft{first(t, tree{"witness": witnessParam(t, 1, "w1")})}
	by := "a"
	for i := 1; i < 50; i++ {
		d := named("version " + string(rune('a'+i%26)))
		d.by = by
		if i%7 == 0 {
			by = "key" + string(rune('0'+i/7))
			d.params = tree{"updateKeys": []any{mk(t, by)}}
		}
		list = append(list, d)
	}
	log, ids := forge(t, list...)
	return log, witnessFile(t, witnessProof{versionID: ids[49], by: "w1"})
}

// Reliability row 16: one changed byte of any entry never gives another
// document. What verifies at all has the same versionIds and documents; what
// does not keeps exactly the entries before the changed one.
func TestOneByteFlipped(t *testing.T) {
	log, witness := fifty(t)
	sound := mustVerify(t, log, witness)
	step := 1
	if testing.Short() {
		step = 17
	}
	// All verification before the changed line is the same each time: take the
	// history up to there as known, which is what Extend is for.
	prefix := make([]*History, 50)
	for n := range prefix {
		if n > 0 {
			prefix[n] = newHistory(nil, 0, sound.entries[:n])
		}
	}
	start, checked, survived := 0, 0, 0
	for n := range 50 {
		line := sound.entries[n].raw
		for i := start; i < start+len(line)+1; i += step {
			for _, bit := range []byte{1, 0x20, 0x80} {
				bad := bytes.Clone(log)
				bad[i] ^= bit
				checked++
				if flipped(t, prefix[n], bad, witness, sound, n) {
					survived++
				}
			}
		}
		start += len(line) + 1
	}
	t.Logf("%d changed logs, %d of them with the same meaning", checked, survived)
	if checked < 1000 {
		t.Error("hardly anything was checked")
	}
}

// flipped checks one changed log and tells whether it still verifies.
func flipped(t *testing.T, known *History, bad, witness []byte, sound *History, n int) bool {
	t.Helper()
	// The entries after the changed one only matter if it survives: cut them.
	cut := bad
	var h *History
	var err error
	opt := VerifyOptions{Now: forgeNow}
	if known == nil {
		h, err = Verify(cut, witness, opt)
	} else {
		h, err = known.Extend(cut, witness, opt)
	}
	if err == nil {
		if Compare(h, sound).Kind != Equal {
			t.Fatalf("entry %d: another history was accepted", n+1)
		}
		sameDocuments(t, h, sound)
		return true
	}
	var v *VerifyError
	if !errors.As(err, &v) {
		t.Fatalf("entry %d: %v", n+1, err)
	}
	if v.History == nil {
		return false
	}
	for i := range v.History.Len() {
		if v.History.entries[i].versionID != sound.entries[i].versionID {
			t.Fatalf("entry %d: the valid prefix holds another entry %d", n+1, i+1)
		}
	}
	return false
}

func sameDocuments(t *testing.T, a, b *History) {
	t.Helper()
	for i := range a.Len() {
		x, err := a.Resolve(did.Options{VersionNumber: i + 1}, "")
		if err != nil {
			t.Fatal(err)
		}
		y, err := b.Resolve(did.Options{VersionNumber: i + 1}, "")
		if err != nil {
			t.Fatal(err)
		}
		xt, _ := strictjson.Canonical(x.Document.Tree())
		yt, _ := strictjson.Canonical(y.Document.Tree())
		if !bytes.Equal(xt, yt) {
			t.Fatalf("version %d has another document", i+1)
		}
	}
}

func FuzzVerify(f *testing.F) {
	log, ids := forge(f, first(f, tree{"witness": witnessParam(f, 1, "w1"), "nextKeyHashes": []any{mkHash(f, "b")}}),
		draft{by: "b", params: tree{"updateKeys": []any{mk(f, "b")}, "nextKeyHashes": []any{}}}, draft{by: "b"})
	witness := witnessFile(f, witnessProof{versionID: ids[2], by: "w1"})
	sound := mustVerify(f, log, witness)
	f.Add(log, witness)
	f.Add(lines(log, 1), []byte("[]"))
	f.Add([]byte(`{"versionId":"1-Qm","versionTime":"2026-01-01T00:00:00Z","parameters":{},"state":{},"proof":[]}`), []byte{})
	f.Fuzz(func(t *testing.T, log, witness []byte) {
		h, err := Verify(log, witness, VerifyOptions{Now: forgeNow})
		parallel, perr := Verify(log, witness, VerifyOptions{Now: forgeNow, Workers: 3})
		if (err == nil) != (perr == nil) || err != nil && err.Error() != perr.Error() {
			t.Fatalf("one worker: %v; three: %v", err, perr)
		}
		var v *VerifyError
		if err != nil {
			if !errors.As(err, &v) || v.Code == "" {
				t.Fatalf("%v", err)
			}
			h = v.History
		}
		if h == nil {
			return
		}
		again, aerr := Verify(h.Log(), witness, VerifyOptions{Now: forgeNow})
		if aerr == nil && Compare(h, again).Kind != Equal {
			t.Fatal("the log of a history gives another history")
		}
		if err == nil && (aerr != nil || Compare(h, parallel).Kind != Equal) {
			t.Fatalf("%v", aerr)
		}
		if _, err := h.Resolve(did.Options{}, ""); err != nil && !errors.Is(err, ErrState) {
			t.Fatal(err)
		}
		if h.SCID() == sound.SCID() && Compare(h, sound).Kind == Forked {
			t.Fatal("a second branch was made without the keys")
		}
		_, _ = sound.Extend(log, witness, VerifyOptions{Now: forgeNow})
	})
}
