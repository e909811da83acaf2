package webvh

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Checklist 1.7: the witness parameter. A malformed one ends resolution, it is
// never "no witnesses".
func TestWitnessParameterRules(t *testing.T) {
	id := func(s string) any { return tree{"threshold": 1, "witnesses": []any{tree{"id": s}}} }
	w1 := testKey(t, "w1").Public().DIDKey()
	set := func(v any) func(t *testing.T) []draft { return at(1, param("witness", v)) }
	var many []string
	for i := range 101 {
		many = append(many, "w"+string(rune('A'+i)))
	}
	runNegatives(t, []negative{
		{"a string", set("none"), ErrWitness, 1},
		{"a list", set([]any{}), ErrWitness, 1},
		{"threshold 0", set(witnessParam(t, 0, "w1")), ErrWitness, 1},
		{"threshold negative", set(witnessParam(t, -1, "w1")), ErrWitness, 1},
		{"threshold above the number", set(witnessParam(t, 3, "w1", "w2")), ErrWitness, 1},
		{"threshold missing", set(tree{"witnesses": []any{tree{"id": w1}}}), ErrWitness, 1},
		{"threshold with a fraction", set(witnessParam(t, 1.5, "w1", "w2")), ErrWitness, 1},
		{"threshold is a string", set(witnessParam(t, "1", "w1")), ErrWitness, 1},
		{"threshold null", set(witnessParam(t, nil, "w1")), ErrWitness, 1},
		{"no witnesses", set(tree{"threshold": 1}), ErrWitness, 1},
		{"witnesses empty", set(tree{"threshold": 1, "witnesses": []any{}}), ErrWitness, 1},
		{"witnesses empty, threshold 0", set(tree{"threshold": 0, "witnesses": []any{}}), ErrWitness, 1},
		{"a witness twice", set(witnessParam(t, 1, "w1", "w1")), ErrWitness, 1},
		{"too many witnesses", set(witnessParam(t, 1, many...)), ErrWitness, 1},
		{"a witness is a string", set(tree{"threshold": 1, "witnesses": []any{w1}}), ErrWitness, 1},
		{"a witness without id", set(tree{"threshold": 1, "witnesses": []any{tree{}}}), ErrWitness, 1},
		{"a witness with a weight", set(tree{"threshold": 1, "witnesses": []any{tree{"id": w1, "weight": 2}}}), ErrWitness, 1},
		{"further member", set(tree{"threshold": 1, "witnesses": []any{tree{"id": w1}}, "selfWeight": 1}), ErrWitness, 1},
		{"a witness of another method", set(id("did:web:w.example")), ErrWitness, 1},
		{"a witness with a fragment", set(id(w1 + "#x")), ErrWitness, 1},
		{"a witness that is no key", set(id("did:key:zabc")), ErrWitness, 1},
		{"a P-256 witness", set(id(p256(t).Public().DIDKey())), ErrWitness, 1},
		{"malformed in a later entry", at(2, param("witness", witnessParam(t, 0, "w1"))), ErrWitness, 2},
	})
}

// witnessCase builds a log and the proofs of its witness file. In by, entry n
// stands for the versionId of that entry.
type witnessCase struct {
	drafts []draft
	proofs func(ids []string) []witnessProof
	bad    int // number of the first entry with too few; 0: enough
}

func TestWitnessRules(t *testing.T) {
	w := func(threshold any, names ...string) tree {
		return tree{"witness": witnessParam(t, threshold, names...)}
	}
	by := func(id string, names ...string) (out []witnessProof) {
		for _, n := range names {
			out = append(out, witnessProof{versionID: id, by: n})
		}
		return out
	}
	alter := func(id, name string, f func(p tree)) []witnessProof { return []witnessProof{{id, name, f}} }
	stranger := "2-" + strings.TrimPrefix(goodSCID(), "")
	for name, tc := range map[string]witnessCase{
		"first entry by its own list":       {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof { return by(v[0], "w1") }, 0},
		"first entry without proof":         {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof { return nil }, 1},
		"two of three":                      {[]draft{first(t, w(2, "w1", "w2", "w3"))}, func(v []string) []witnessProof { return by(v[0], "w1", "w3") }, 0},
		"one of three where two are due":    {[]draft{first(t, w(2, "w1", "w2", "w3"))}, func(v []string) []witnessProof { return by(v[0], "w2") }, 1},
		"one witness counts once":           {[]draft{first(t, w(2, "w1", "w2"))}, func(v []string) []witnessProof { return by(v[0], "w1", "w1", "w1") }, 1},
		"a stranger does not count":         {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof { return by(v[0], "x") }, 1},
		"the controller does not count":     {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof { return by(v[0], "a") }, 1},
		"unwitnessed entries need none":     {[]draft{first(t, nil), {}}, func(v []string) []witnessProof { return nil }, 0},
		"the first list acts at once":       {[]draft{first(t, nil), {params: w(1, "w1")}}, func(v []string) []witnessProof { return by(v[1], "w1") }, 0},
		"the first list acts at once, not":  {[]draft{first(t, nil), {params: w(1, "w1")}, {}}, func(v []string) []witnessProof { return by(v[0], "w1") }, 2},
		"a new list acts after its entry":   {[]draft{first(t, w(1, "w1")), {params: w(1, "w2")}}, func(v []string) []witnessProof { return by(v[1], "w1") }, 0},
		"a new list not for its own entry":  {[]draft{first(t, w(1, "w1")), {params: w(1, "w2")}}, func(v []string) []witnessProof { return append(by(v[0], "w1"), by(v[1], "w2")...) }, 2},
		"the old list not for the next":     {[]draft{first(t, w(1, "w1")), {params: w(1, "w2")}, {}}, func(v []string) []witnessProof { return by(v[2], "w1") }, 3},
		"the new list for the next":         {[]draft{first(t, w(1, "w1")), {params: w(1, "w2")}, {}}, func(v []string) []witnessProof { return append(by(v[1], "w1"), by(v[2], "w2")...) }, 0},
		"the end is witnessed":              {[]draft{first(t, w(1, "w1")), {params: tree{"witness": tree{}}}, {}}, func(v []string) []witnessProof { return by(v[1], "w1") }, 0},
		"the end is not witnessed":          {[]draft{first(t, w(1, "w1")), {params: tree{"witness": tree{}}}, {}}, func(v []string) []witnessProof { return by(v[0], "w1") }, 2},
		"the end by null is not witnessed":  {[]draft{first(t, w(1, "w1")), {params: tree{"witness": nil}}}, func(v []string) []witnessProof { return by(v[0], "w1") }, 2},
		"a deactivation is witnessed":       {[]draft{first(t, w(1, "w1")), {params: tree{"deactivated": true}}}, func(v []string) []witnessProof { return by(v[0], "w1") }, 2},
		"a later proof approves earlier":    {[]draft{first(t, w(1, "w1")), {}, {}}, func(v []string) []witnessProof { return by(v[2], "w1") }, 0},
		"different later proofs add up":     {[]draft{first(t, w(2, "w1", "w2")), {}, {}}, func(v []string) []witnessProof { return append(by(v[2], "w1", "w2"), by(v[1], "w2")...) }, 0},
		"an earlier proof does not approve": {[]draft{first(t, w(1, "w1")), {}, {}}, func(v []string) []witnessProof { return by(v[1], "w1") }, 3},
		"one later, one earlier":            {[]draft{first(t, w(2, "w1", "w2")), {}, {}}, func(v []string) []witnessProof { return append(by(v[2], "w1"), by(v[1], "w2")...) }, 3},
		"proof for an unpublished entry":    {[]draft{first(t, w(1, "w1")), {}}, func(v []string) []witnessProof { return append(by(v[0], "w1"), by("3"+v[1][1:], "w1")...) }, 2},
		"proof for an entry of another log": {[]draft{first(t, w(1, "w1")), {}}, func(v []string) []witnessProof { return append(by(v[0], "w1"), by(stranger, "w1")...) }, 2},
		"fragment of another key": {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof {
			return alter(v[0], "x", func(p tree) { p["verificationMethod"] = "did:key:" + mk(t, "x") + "#" + mk(t, "w1") })
		}, 1},
		"body of another key": {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof {
			return alter(v[0], "x", func(p tree) { p["verificationMethod"] = "did:key:" + mk(t, "w1") + "#" + mk(t, "x") })
		}, 1},
		"signed by another key": {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof {
			return alter(v[0], "x", func(p tree) { p["verificationMethod"] = "did:key:" + mk(t, "w1") + "#" + mk(t, "w1") })
		}, 1},
		"no fragment": {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof {
			return alter(v[0], "w1", func(p tree) { p["verificationMethod"] = "did:key:" + mk(t, "w1") })
		}, 1},
		"other cryptosuite": {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof {
			return alter(v[0], "w1", func(p tree) { p["cryptosuite"] = "ecdsa-jcs-2019" })
		}, 1},
		"no cryptosuite": {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof { return alter(v[0], "w1", func(p tree) { delete(p, "cryptosuite") }) }, 1},
		"other purpose": {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof {
			return alter(v[0], "w1", func(p tree) { p["proofPurpose"] = "authentication" })
		}, 1},
		"a broken proof beside a good": {[]draft{first(t, w(1, "w1"))}, func(v []string) []witnessProof {
			return append(alter(v[0], "w1", func(p tree) { p["proofValue"] = "z1" }), by(v[0], "w1")...)
		}, 0},
		"a broken newer proof beside a good": {[]draft{first(t, w(1, "w1")), {params: tree{"witness": tree{}}}, {}}, func(v []string) []witnessProof {
			return append(alter(v[2], "w1", func(p tree) { p["proofValue"] = "z1" }), by(v[1], "w1")...)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			log, ids := forge(t, tc.drafts...)
			h, err := verifyLog(log, witnessFile(t, tc.proofs(ids)...))
			if tc.bad == 0 {
				if err != nil || h.Len() != len(ids) {
					t.Fatal(err)
				}
				return
			}
			var v *VerifyError
			if h != nil || !errors.Is(err, ErrWitnessProof) || !errors.As(err, &v) {
				t.Fatalf("got %v", err)
			}
			if v.Entry != tc.bad || (v.History == nil) != (tc.bad == 1) || v.History != nil && v.History.Len() != tc.bad-1 {
				t.Errorf("entry %d, prefix %v, want entry %d", v.Entry, v.History, tc.bad)
			}
		})
	}
}

// All other checks come first: a log with a bad signature is refused for that,
// whatever its witnesses say, and witnesses cannot heal it.
func TestWitnessesComeLast(t *testing.T) {
	log, ids := forge(t, first(t, tree{"witness": witnessParam(t, 1, "w1")}), draft{by: "stranger"})
	file := witnessFile(t, witnessProof{versionID: ids[1], by: "w1"}, witnessProof{versionID: ids[0], by: "w1"})
	if _, err := verifyLog(log, file); !errors.Is(err, ErrUpdateKey) {
		t.Errorf("got %v", err)
	}
	// The fault of the earliest entry is told, and the prefix ends before it.
	var v *VerifyError
	if _, err := verifyLog(log, []byte("{}")); !errors.Is(err, ErrWitnessFile) || !errors.As(err, &v) || v.Entry != 1 || v.History != nil {
		t.Errorf("got %v", err)
	}
}

func TestWitnessFileRules(t *testing.T) {
	log, ids := forge(t, first(t, tree{"witness": witnessParam(t, 1, "w1")}))
	good := string(witnessFile(t, witnessProof{versionID: ids[0], by: "w1"}))
	item := strings.TrimSuffix(strings.TrimPrefix(good, "["), "]")
	for name, tc := range map[string]struct {
		file string
		want error
	}{
		"as it is":              {good, nil},
		"clutter beside it":     {`[{"versionId":"` + ids[0] + `"},` + item + `]`, nil},
		"proof as an object":    {strings.Replace(strings.Replace(good, `"proof":[`, `"proof":`, 1), "]", "", 1), nil},
		"one object":            {item, ErrWitnessFile},
		"not JSON":              {good[1:], ErrWitnessFile},
		"element is a string":   {`["x",` + item + `]`, ErrWitnessFile},
		"no versionId":          {`[{"proof":[]},` + item + `]`, ErrWitnessFile},
		"versionId is a number": {`[{"versionId":1,"proof":[]},` + item + `]`, ErrWitnessFile},
		"proof is a string":     {`[{"versionId":"x","proof":"y"},` + item + `]`, ErrWitnessFile},
		"proof is a list of it": {`[{"versionId":"x","proof":["y"]},` + item + `]`, ErrWitnessFile},
		"unknown member":        {`[{"versionId":"x","extra":1},` + item + `]`, ErrWitnessFile},
		"duplicate member":      {`[{"versionId":"x","versionId":"x"},` + item + `]`, ErrWitnessFile},
		"nothing":               {"", ErrWitnessProof},
		"empty list":            {"[]", ErrWitnessProof},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := verifyLog(log, []byte(tc.file))
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestWitnessHelpers(t *testing.T) {
	log, ids := forge(t, first(t, tree{"witness": witnessParam(t, 2, "w1", "w2", "w3")}), draft{})
	when := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	var file []byte
	add := func(id, by string) {
		t.Helper()
		p, err := SignWitness(t.Context(), id, testKey(t, by), when)
		if err != nil {
			t.Fatal(err)
		}
		if file, err = AddWitnessProof(file, id, p); err != nil {
			t.Fatal(err)
		}
	}
	add(ids[0], "w1")
	add(ids[0], "w2")
	add(ids[0], "w2")
	add(ids[1], "w2")
	add(ids[1], "w3")
	add("3"+ids[1][1:], "w1")
	h, err := verifyLog(log, file)
	if err != nil {
		t.Fatal(err)
	}
	w := h.Active().Witness
	for i, want := range []int{3, 2} {
		if n, err := h.CountWitnesses(file, ids[i], w); n != want || err != nil {
			t.Errorf("entry %d: %d, %v, want %d", i+1, n, err, want)
		}
	}
	if _, err := h.CountWitnesses(file, "3"+ids[1][1:], w); !errors.Is(err, did.ErrNotFound) {
		t.Errorf("unknown version: %v", err)
	}
	pruned, err := h.PruneWitnessFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var items []struct {
		VersionID string           `json:"versionId"`
		Proof     []map[string]any `json:"proof"`
	}
	if err := json.Unmarshal(pruned, &items); err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, i := range items {
		got = append(got, len(i.Proof))
	}
	if len(got) != 3 || got[0] != 1 || got[1] != 2 || got[2] != 1 {
		t.Errorf("pruned to %v proofs, want one of w1, two for the newest, one unpublished", got)
	}
	if _, err := verifyLog(log, pruned); err != nil {
		t.Errorf("pruned: %v", err)
	}
	if _, err := SignWitness(t.Context(), "x", testKey(t, "w1"), when); !errors.Is(err, ErrVersionID) {
		t.Errorf("no versionId: %v", err)
	}
	if _, err := SignWitness(t.Context(), ids[0], p256(t), when); !errors.Is(err, ErrSigner) {
		t.Errorf("P-256: %v", err)
	}
	if _, err := AddWitnessProof([]byte("{}"), ids[0], tree{}); !errors.Is(err, ErrWitnessFile) {
		t.Errorf("bad file: %v", err)
	}
	if _, err := AddWitnessProof(nil, ids[0], tree{"verificationMethod": "x"}); !errors.Is(err, ErrKeyReference) {
		t.Errorf("bad reference: %v", err)
	}
}

func FuzzWitnessFile(f *testing.F) {
	log, ids := forge(f, first(f, tree{"witness": witnessParam(f, 1, "w1")}))
	h, err := verifyLog(log, witnessFile(f, witnessProof{versionID: ids[0], by: "w1"}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(witnessFile(f, witnessProof{versionID: ids[0], by: "w1"}))
	f.Add([]byte(`[{"versionId":"x","proof":[{}]}]`))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, verr := verifyLog(log, file)
		n, cerr := h.CountWitnesses(file, ids[0], h.Active().Witness)
		if (verr == nil) != (cerr == nil && n >= 1) {
			t.Errorf("verified %v, counted %d, %v", verr, n, cerr)
		}
		if pruned, err := h.PruneWitnessFile(file); err == nil {
			if m, err := h.CountWitnesses(pruned, ids[0], h.Active().Witness); err != nil || m != n {
				t.Errorf("pruned to %d of %d, %v", m, n, err)
			}
			if _, err := strictjson.Parse(pruned, strictjson.Limits{}); err != nil {
				t.Error(err)
			}
		}
	})
}
