package webvh

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
)

// mustVerify is for logs that are known to be sound.
func mustVerify(t testing.TB, log, witness []byte) *History {
	t.Helper()
	h, err := verifyLog(log, witness)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// lines cuts a log after n entries.
func lines(log []byte, n int) []byte {
	return bytes.Join(bytes.SplitAfter(log, []byte("\n"))[:n], nil)
}

// named gives an entry a document that differs from others.
func named(name string) draft {
	s := plain("uni.example")
	s["name"] = name
	return draft{state: s}
}

// Reliability row 1: a log once seen longer is never taken back.
func TestTruncation(t *testing.T) {
	log, ids := forge(t, first(t, nil), draft{}, draft{}, draft{}, draft{})
	full := mustVerify(t, log, nil)
	m := full.Memory()
	if m.Number != 5 || m.VersionID != ids[4] {
		t.Fatalf("%+v", m)
	}
	for n := 1; n < 5; n++ {
		short := lines(log, n)
		h, err := Verify(short, nil, VerifyOptions{Now: forgeNow, Remember: &m})
		var v *VerifyError
		if h != nil || !errors.Is(err, ErrTruncated) || !errors.As(err, &v) || v.History.Len() != n {
			t.Errorf("Verify of %d entries: %v", n, err)
		}
		h, err = full.Extend(short, nil, VerifyOptions{Now: forgeNow})
		if h != nil || !errors.Is(err, ErrTruncated) || !errors.As(err, &v) || v.History.Len() != n {
			t.Errorf("Extend with %d entries: %v", n, err)
		}
		// The same log without memory is a first contact and says no more.
		if _, err := verifyLog(short, nil); err != nil {
			t.Errorf("first contact: %v", err)
		}
	}
	if full.Len() != 5 {
		t.Error("the history changed")
	}
	if _, err := Verify(log, nil, VerifyOptions{Now: forgeNow, Remember: &Memory{VersionID: ids[2], Number: 3}}); err != nil {
		t.Errorf("longer than remembered: %v", err)
	}
	// A query must not be a way around the memory.
	if _, err := Resolve(lines(log, 3), nil, VerifyOptions{Now: forgeNow, Remember: &m}, did.Options{VersionNumber: 2}); !errors.Is(err, ErrTruncated) {
		t.Errorf("query on a truncated log: %v", err)
	}
}

// Reliability row 4: of two branches the one seen first stays, however long
// the other is, and the pair comes out as evidence.
func TestForks(t *testing.T) {
	log, ids := forge(t, first(t, nil), draft{}, named("honest"), draft{})
	other, otherIDs := forge(t, first(t, nil), draft{}, named("thief"), named("thief"), named("thief"), named("thief"))
	a, b := mustVerify(t, log, nil), mustVerify(t, other, nil)

	r := Compare(a, b)
	if r.Kind != Forked || r.ParentVersionID != ids[1] || r.A.VersionID != ids[2] || r.B.VersionID != otherIDs[2] {
		t.Errorf("%v after %s: %s, %s", r.Kind, r.ParentVersionID, r.A.VersionID, r.B.VersionID)
	}
	// The evidence stands by itself: parent and either branch verify.
	for _, e := range []Entry{r.A, r.B} {
		if _, err := verifyLog(append(lines(log, 2), e.Line...), nil); err != nil {
			t.Errorf("evidence: %v", err)
		}
	}
	var v *VerifyError
	if _, err := a.Extend(other, nil, VerifyOptions{Now: forgeNow}); !errors.Is(err, ErrForked) || !errors.As(err, &v) || Compare(v.History, b).Kind != Equal {
		t.Errorf("Extend with the longer branch: %v", err)
	}
	m := a.Memory()
	if _, err := Verify(other, nil, VerifyOptions{Now: forgeNow, Remember: &m}); !errors.Is(err, ErrForked) {
		t.Errorf("Verify of the longer branch: %v", err)
	}
	if _, err := b.Extend(log, nil, VerifyOptions{Now: forgeNow}); !errors.Is(err, ErrForked) {
		t.Errorf("Extend with the shorter branch: %v", err)
	}
	if _, err := Resolve(other, nil, VerifyOptions{Now: forgeNow, Remember: &m}, did.Options{VersionNumber: 2}); !errors.Is(err, ErrForked) {
		t.Errorf("query on a fork: %v", err)
	}

	prefix := mustVerify(t, lines(log, 2), nil)
	for name, tc := range map[string]struct {
		a, b *History
		want RelationKind
	}{
		"equal": {a, mustVerify(t, log, nil), Equal}, "extends": {a, prefix, Extends}, "behind": {prefix, b, Behind},
		"unrelated": {a, mustVerify(t, firstOnly(t, "other.example"), nil), Unrelated},
	} {
		if got := Compare(tc.a, tc.b).Kind; got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := a.Extend(firstOnly(t, "other.example"), nil, VerifyOptions{Now: forgeNow}); !errors.Is(err, ErrDIDMismatch) {
		t.Errorf("log of another identifier: %v", err)
	}
}

func firstOnly(t testing.TB, host string) []byte {
	d := first(t, nil)
	d.state = plain(host)
	log, _ := forge(t, d)
	return log
}

func TestExtend(t *testing.T) {
	log, ids := forge(t, first(t, tree{"nextKeyHashes": []any{mkHash(t, "b")}}),
		draft{by: "b", params: tree{"updateKeys": []any{mk(t, "b")}, "nextKeyHashes": []any{}}},
		draft{by: "b", params: tree{"updateKeys": []any{mk(t, "c")}}}, draft{by: "c"})
	for n := 1; n <= 4; n++ {
		base := mustVerify(t, lines(log, n), nil)
		got, err := base.Extend(log, nil, VerifyOptions{Now: forgeNow, DID: base.DID()})
		if err != nil || got.Latest().VersionID != ids[3] || !bytes.Equal(got.Log(), log) || base.Len() != n {
			t.Errorf("from %d: %v", n, err)
		}
	}
	for n := 1; n <= 4; n++ {
		base := mustVerify(t, lines(log, n), nil)
		got, err := base.Append(log[len(lines(log, n)):], nil, VerifyOptions{Now: forgeNow})
		if err != nil || !bytes.Equal(got.Log(), log) || got.size != len(log) {
			t.Errorf("appended to %d: %v", n, err)
		}
		if _, err := base.Append(log[:len(lines(log, 1))], nil, VerifyOptions{Now: forgeNow}); !errors.Is(err, ErrVersionID) {
			t.Errorf("the first line again after %d: %v", n, err)
		}
		if _, err := base.Append(log, nil, VerifyOptions{Now: forgeNow, Limits: Limits{MaxBytes: len(log)}}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("the limit counts what is known: %v", err)
		}
	}
	// The parameters in force are carried over: a key rotated out cannot sign.
	bad, _ := forge(t, first(t, tree{"nextKeyHashes": []any{mkHash(t, "b")}}),
		draft{by: "b", params: tree{"updateKeys": []any{mk(t, "b")}, "nextKeyHashes": []any{}}},
		draft{by: "b", params: tree{"updateKeys": []any{mk(t, "c")}}}, draft{by: "b"})
	var v *VerifyError
	if _, err := mustVerify(t, lines(bad, 3), nil).Extend(bad, nil, VerifyOptions{Now: forgeNow}); !errors.Is(err, ErrUpdateKey) || !errors.As(err, &v) || v.Entry != 4 {
		t.Errorf("got %v", err)
	}
	// Other white space is the same entry, is verified, and is no fork.
	spaced := bytes.Replace(log, []byte(`{"parameters":`), []byte(`{ "parameters":`), 1)
	if got, err := mustVerify(t, lines(log, 2), nil).Extend(spaced, nil, VerifyOptions{Now: forgeNow}); err != nil || got.Len() != 4 {
		t.Errorf("other white space: %v", err)
	}
	if _, err := mustVerify(t, lines(log, 2), nil).Extend(bytes.TrimSuffix(log, []byte("\n")), nil, VerifyOptions{Now: forgeNow}); err != nil {
		t.Errorf("no line feed at the end: %v", err)
	}
}

// What was recognised is not verified again: an entry of the prefix that would
// not verify today does no harm, and one of the tail does.
func TestExtendDoesNotVerifyAgain(t *testing.T) {
	log, _ := forge(t, first(t, nil), draft{}, draft{})
	base := mustVerify(t, lines(log, 2), nil)
	early := VerifyOptions{Now: forgeStart.Add(-time.Hour)} // all versionTimes lie ahead
	if _, err := base.Extend(lines(log, 2), nil, early); err != nil {
		t.Errorf("the same log: %v", err)
	}
	var v *VerifyError
	if _, err := base.Extend(log, nil, early); !errors.Is(err, ErrFutureTime) || !errors.As(err, &v) || v.Entry != 3 {
		t.Errorf("the new entry: %v", err)
	}
}

func TestExtendWitnessed(t *testing.T) {
	log, ids := forge(t, first(t, tree{"witness": witnessParam(t, 1, "w1")}), draft{}, draft{})
	base := mustVerify(t, lines(log, 1), witnessFile(t, witnessProof{versionID: ids[0], by: "w1"}))
	got, err := base.Extend(log, witnessFile(t, witnessProof{versionID: ids[2], by: "w1"}), VerifyOptions{Now: forgeNow})
	if err != nil || got.Len() != 3 {
		t.Fatal(err)
	}
	var v *VerifyError
	_, err = base.Extend(log, witnessFile(t, witnessProof{versionID: ids[1], by: "w1"}), VerifyOptions{Now: forgeNow})
	if !errors.Is(err, ErrWitnessProof) || !errors.As(err, &v) || v.Entry != 3 || v.History.Len() != 2 {
		t.Fatalf("%v", err)
	}
	// The proof comes in later.
	if got, err := v.History.Extend(log, witnessFile(t, witnessProof{versionID: ids[2], by: "w1"}), VerifyOptions{Now: forgeNow}); err != nil || got.Len() != 3 {
		t.Error(err)
	}
	if _, err := base.Extend(log, witnessFile(t, witnessProof{versionID: ids[0], by: "w1"}), VerifyOptions{Now: forgeNow}); !errors.Is(err, ErrWitnessProof) {
		t.Errorf("a proof of the known part says nothing about the new: %v", err)
	}
}

// Checklist 1.10: version queries.
func TestVersionQueries(t *testing.T) {
	log, ids := forge(t, first(t, tree{"ttl": 60, "portable": true}), named("two"), named("three"))
	h := mustVerify(t, log, nil)
	hour := func(f float64) time.Time { return forgeStart.Add(time.Duration(f * float64(time.Hour))) }
	for name, tc := range map[string]struct {
		opt  did.Options
		want int // version number; 0: an error
		err  error
	}{
		"none":                     {did.Options{}, 3, nil},
		"first versionId":          {did.Options{VersionID: ids[0]}, 1, nil},
		"second versionId":         {did.Options{VersionID: ids[1]}, 2, nil},
		"number of it only":        {did.Options{VersionID: "2"}, 0, did.ErrNotFound},
		"number with other hash":   {did.Options{VersionID: "2-" + ids[0][2:]}, 0, did.ErrNotFound},
		"hash of it only":          {did.Options{VersionID: ids[1][2:]}, 0, did.ErrNotFound},
		"versionId not there":      {did.Options{VersionID: "4-" + ids[0][2:]}, 0, did.ErrNotFound},
		"number 1":                 {did.Options{VersionNumber: 1}, 1, nil},
		"number 4":                 {did.Options{VersionNumber: 4}, 0, did.ErrNotFound},
		"number -1":                {did.Options{VersionNumber: -1}, 0, did.ErrOptions},
		"time before":              {did.Options{VersionTime: hour(-0.001)}, 0, did.ErrNotFound},
		"time of the first":        {did.Options{VersionTime: hour(0)}, 1, nil},
		"just before the second":   {did.Options{VersionTime: hour(1).Add(-1)}, 1, nil},
		"time of the second":       {did.Options{VersionTime: hour(1)}, 2, nil},
		"time after":               {did.Options{VersionTime: hour(100)}, 3, nil},
		"versionId and number":     {did.Options{VersionID: ids[1], VersionNumber: 2}, 0, did.ErrOptions},
		"versionId and time":       {did.Options{VersionID: ids[1], VersionTime: hour(1)}, 0, did.ErrOptions},
		"number and time":          {did.Options{VersionNumber: 2, VersionTime: hour(1)}, 0, did.ErrOptions},
		"all three, contradictory": {did.Options{VersionID: ids[1], VersionNumber: 1, VersionTime: hour(5)}, 0, did.ErrOptions},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := h.Resolve(tc.opt, "")
			if tc.want == 0 {
				if res != nil || !errors.Is(err, tc.err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if res.Meta.VersionID != ids[tc.want-1] {
				t.Errorf("version %s", res.Meta.VersionID)
			}
			name, _ := res.Document.Tree()["name"].(string)
			if name != []string{"", "two", "three"}[tc.want-1] {
				t.Errorf("document of %q", name)
			}
			if (res.Meta.NextVersionID == "") != (tc.want == 3) {
				t.Errorf("next %q", res.Meta.NextVersionID)
			}
		})
	}
	if len(h.versions()) != 3 || h.versions()[1].Number != 2 {
		t.Error("list of versions")
	}
}

func TestMetadata(t *testing.T) {
	log, ids := forge(t, first(t, tree{"ttl": 60, "portable": true, "watchers": []any{"https://w.example"}, "witness": witnessParam(t, 1, "w1")}), draft{})
	h := mustVerify(t, log, witnessFile(t, witnessProof{versionID: ids[1], by: "w1"}))
	res, err := h.Resolve(did.Options{VersionNumber: 1}, h.DID())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Document map[string]any `json:"didDocument"`
		Meta     map[string]any `json:"didDocumentMetadata"`
		Info     map[string]any `json:"didResolutionMetadata"`
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"versionId": ids[0], "nextVersionId": ids[1], "versionTime": "2026-01-01T00:00:00Z", "versionNumber": "1",
		"created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T01:00:00Z", "nextUpdate": "2026-01-01T01:00:00Z",
		"scid": h.SCID(), "portable": true, "deactivated": false, "ttl": "60",
		"witness":      map[string]any{"threshold": "1", "witnesses": []any{map[string]any{"id": testKey(t, "w1").Public().DIDKey()}}},
		"watchers":     []any{"https://w.example"},
		"equivalentId": []any{Alias(h.SCID())},
	}
	got, _ := json.Marshal(out.Meta)
	wantText, _ := json.Marshal(want)
	if string(got) != string(wantText) {
		t.Errorf("metadata\n got %s\nwant %s", got, wantText)
	}
	if out.Info["contentType"] != "application/did" || out.Document["id"] != h.DID() {
		t.Errorf("%v", out.Info)
	}
	if _, ok := out.Document["service"]; ok {
		t.Error("implicit services stand in the document")
	}
}

// A domain that an identifier names is a claim: nothing in the answer says
// otherwise, and a former one is not even an equivalent name.
func TestDomainIsAClaim(t *testing.T) {
	old := "did:webvh:{SCID}:famous.example"
	d := first(t, tree{"portable": true})
	d.state = plain("famous.example")
	s := plain("small.example")
	s["alsoKnownAs"] = []any{old}
	log, _ := forge(t, d, draft{state: s})
	h := mustVerify(t, log, nil)
	res, err := h.Resolve(did.Options{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if res.OriginProven || res.LowAssurance || res.Source != "" {
		t.Error("the package claims to know where the log came from")
	}
	meta, _ := json.Marshal(res.Meta)
	if strings.Contains(string(meta), "famous.example") {
		t.Errorf("a former domain in the metadata: %s", meta)
	}
	former := strings.Replace(h.DID(), "small", "famous", 1)
	if res, err = h.Resolve(did.Options{}, former); err != nil {
		t.Fatal(err)
	}
	if res.Meta.CanonicalID != h.DID() || res.Document.ID() != h.DID() || res.DID != former || res.OriginProven {
		t.Errorf("asked for by the former name: %+v", res.Meta)
	}
	if got := h.DIDs(); len(got) != 2 || got[0] != former || got[1] != h.DID() {
		t.Errorf("%v", got)
	}
	if res, err = h.Resolve(did.Options{}, Alias(h.SCID())); err != nil || res.Meta.CanonicalID != h.DID() {
		t.Errorf("alias: %v", err)
	}
	if _, err := h.Resolve(did.Options{}, "did:webvh:"+h.SCID()+":evil.example"); !errors.Is(err, ErrDIDMismatch) || did.Code(err) != "INVALID_DID" {
		t.Errorf("foreign name: %v", err)
	}
}

// Checklist 1.9: a deactivated identifier has no document; its old versions do,
// and say that it is deactivated.
func TestDeactivated(t *testing.T) {
	log, ids := forge(t, first(t, nil), draft{params: tree{"deactivated": true, "updateKeys": []any{}}})
	h := mustVerify(t, log, nil)
	if !h.Deactivated() {
		t.Fatal("not deactivated")
	}
	res, err := h.Resolve(did.Options{}, "")
	if err != nil || res.Document != nil || !res.Meta.Deactivated || res.Meta.VersionID != ids[1] {
		t.Errorf("newest: %+v, %v", res, err)
	}
	text, _ := json.Marshal(res)
	if !strings.Contains(string(text), `"didDocument":null`) || !strings.Contains(string(text), `"deactivated":true`) {
		t.Errorf("%s", text)
	}
	for _, opt := range []did.Options{{VersionID: ids[0]}, {VersionNumber: 1}, {VersionTime: forgeStart}} {
		res, err := h.Resolve(opt, "")
		if err != nil || res.Document == nil || !res.Meta.Deactivated || res.Meta.VersionID != ids[0] {
			t.Errorf("%+v: %+v, %v", opt, res, err)
		}
	}
	if v := h.versions(); !v[1].Deactivated || v[0].Deactivated || v[0].Document == nil {
		t.Errorf("%+v", v)
	}
	if _, err := h.ParallelDIDWeb(); !errors.Is(err, ErrDeactivated) {
		t.Error(err)
	}
}

// Partly valid logs: versions before the fault are answered when asked for,
// the newest is not.
func TestPartlyValid(t *testing.T) {
	log, ids := forge(t, first(t, nil), named("two"), draft{by: "stranger"}, draft{})
	opt := VerifyOptions{Now: forgeNow}
	for name, tc := range map[string]struct {
		version did.Options
		want    string
	}{
		"newest":                    {did.Options{}, ""},
		"first by versionId":        {did.Options{VersionID: ids[0]}, ids[0]},
		"second by versionId":       {did.Options{VersionID: ids[1]}, ids[1]},
		"third by versionId":        {did.Options{VersionID: ids[2]}, ""},
		"first by number":           {did.Options{VersionNumber: 1}, ids[0]},
		"third by number":           {did.Options{VersionNumber: 3}, ""},
		"first by time":             {did.Options{VersionTime: forgeStart.Add(time.Minute)}, ids[0]},
		"second by time, end open":  {did.Options{VersionTime: forgeStart.Add(61 * time.Minute)}, ""},
		"the time of the broken":    {did.Options{VersionTime: forgeStart.Add(121 * time.Minute)}, ""},
		"the time before the first": {did.Options{VersionTime: forgeStart.Add(-time.Minute)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := Resolve(log, nil, opt, tc.version)
			if tc.want == "" {
				var v *VerifyError
				if res != nil || !errors.Is(err, ErrUpdateKey) || !errors.As(err, &v) || v.LastValid != ids[1] || v.Entry != 3 || v.Code != "invalidProof" {
					t.Errorf("%v, %v", res, err)
				}
				return
			}
			if err != nil || res.Meta.VersionID != tc.want || res.Document == nil {
				t.Errorf("%v, %v", res, err)
			}
		})
	}
	if _, err := Resolve(log, nil, opt, did.Options{VersionID: ids[0], VersionNumber: 1}); !errors.Is(err, did.ErrOptions) {
		t.Errorf("%v", err)
	}
	foreign := opt
	foreign.DID = "did:webvh:" + goodSCID() + ":uni.example"
	if _, err := Resolve(log, nil, foreign, did.Options{VersionID: ids[0]}); err == nil {
		t.Error("an old version of another identifier was answered")
	}
}

func TestMalformedDocument(t *testing.T) {
	d := draft{state: tree{"id": "did:webvh:{SCID}:uni.example", "verificationMethod": "none"}}
	log, _ := forge(t, first(t, nil), d, draft{})
	h := mustVerify(t, log, nil)
	if _, err := h.Resolve(did.Options{VersionNumber: 2}, ""); !errors.Is(err, ErrState) || !errors.Is(err, did.ErrDocument) {
		t.Errorf("got %v", err)
	}
	if _, err := h.Resolve(did.Options{}, ""); err != nil {
		t.Errorf("a later sound document: %v", err)
	}
	if v := h.versions(); v[1].Document != nil || v[2].Document == nil {
		t.Error("list of versions")
	}
}

func TestKeyEpoch(t *testing.T) {
	k := testKey(t, "head").Public()
	doc := func(with bool) draft {
		spec := did.Spec{ID: "did:webvh:{SCID}:uni.example"}
		if with {
			spec.Invocation = append(spec.Invocation, k)
		}
		s, err := spec.Build()
		if err != nil {
			t.Fatal(err)
		}
		return draft{state: s}
	}
	start := first(t, nil)
	start.state = doc(false).state
	log, ids := forge(t, start, doc(true), doc(true), doc(false), doc(true), doc(true))
	h := mustVerify(t, log, nil)
	for at, want := range map[int]int{-1: 0, 0: 0, 1: 0, 2: 2, 3: 2, 4: 0, 5: 5, 6: 5, 7: 0} {
		e, ok := h.KeyEpoch(k, did.CapabilityInvocation, at)
		if ok != (want != 0) || e.Number != want || ok && e.VersionID != ids[want-1] {
			t.Errorf("at %d: entry %d, %v, want %d", at, e.Number, ok, want)
		}
		if _, ok := h.KeyEpoch(k, did.AssertionMethod, at); ok {
			t.Errorf("at %d: found under another relationship", at)
		}
	}
}

func TestServices(t *testing.T) {
	with := func(services ...any) *History {
		s := plain("uni.example:a")
		if services != nil {
			s["service"] = services
		}
		d := first(t, nil)
		d.state = s
		log, _ := forge(t, d)
		return mustVerify(t, log, nil)
	}
	service := func(id string, endpoint any) tree {
		return tree{"id": id, "type": "relativeRef", "serviceEndpoint": endpoint}
	}
	own := "did:webvh:{SCID}:uni.example:a"
	for name, tc := range map[string]struct {
		h         *History
		path, url string
		err       error
	}{
		"implicit files":         {with(), "/status/3", "https://uni.example/a/status/3", nil},
		"implicit whois":         {with(), "/whois", "https://uni.example/a/whois.vp", nil},
		"whois in a folder":      {with(), "/x/whois", "https://uni.example/a/x/whois", nil},
		"explicit relative":      {with(service("#files", "https://cdn.example/f")), "/status/3", "https://cdn.example/f/status/3", nil},
		"explicit absolute":      {with(service(own+"#files", "https://cdn.example/f/")), "/status/3", "https://cdn.example/f/status/3", nil},
		"explicit whois":         {with(service("#whois", "https://cdn.example/w.vp")), "/whois", "https://cdn.example/w.vp", nil},
		"other service":          {with(service("#other", "https://cdn.example/f")), "/status/3", "https://uni.example/a/status/3", nil},
		"scheme not fetched":     {with(service("#files", "ipfs://x")), "/status/3", "", did.ErrInvalid},
		"endpoint is an object":  {with(service("#files", tree{"uri": "https://cdn.example"})), "/status/3", "", did.ErrInvalid},
		"path climbs":            {with(), "/../secret", "", did.ErrInvalidURL},
		"path climbs, encoded":   {with(), "/%2e%2e/secret", "", did.ErrInvalidURL},
		"path with a backslash":  {with(), "/a%5Cb", "", did.ErrInvalidURL},
		"path without its slash": {with(), "status/3", "", did.ErrInvalidURL},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tc.h.PathURL(tc.path)
			if got != tc.url || !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	if _, err := with().ServiceURL("nothing"); !errors.Is(err, did.ErrNotFound) {
		t.Error(err)
	}
	h := with(service("#files", "https://cdn.example/f"))
	doc, err := WithImplicitServices(h.Latest().State)
	if err != nil {
		t.Fatal(err)
	}
	if list := doc["service"].([]any); len(list) != 2 || list[1].(tree)["serviceEndpoint"] != "https://uni.example/a/whois.vp" || list[1].(tree)["@context"] != linkedVP {
		t.Errorf("%v", list)
	}
	if list := h.Latest().State["service"].([]any); len(list) != 1 {
		t.Error("the entry was changed")
	}
}

func TestParallelDIDWeb(t *testing.T) {
	s := plain("uni.example:a")
	id := "did:webvh:{SCID}:uni.example:a"
	s["alsoKnownAs"] = []any{"did:web:uni.example:a", "https://uni.example", "https://uni.example"}
	s["verificationMethod"] = []any{tree{"id": id + "#k", "controller": id, "type": "Multikey", "publicKeyMultibase": mk(t, "a")}}
	d := first(t, nil)
	d.state = s
	log, _ := forge(t, d)
	h := mustVerify(t, log, nil)
	doc, err := h.ParallelDIDWeb()
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(doc)
	want := `{"@context":["https://www.w3.org/ns/did/v1"],"alsoKnownAs":["https://uni.example","` + h.DID() + `"],"id":"did:web:uni.example:a",` +
		`"service":[{"id":"did:web:uni.example:a#files","serviceEndpoint":"https://uni.example/a/","type":"relativeRef"},` +
		`{"@context":"https://identity.foundation/linked-vp/contexts/v1","id":"did:web:uni.example:a#whois","serviceEndpoint":"https://uni.example/a/whois.vp","type":"LinkedVerifiablePresentation"}],` +
		`"verificationMethod":[{"controller":"did:web:uni.example:a","id":"did:web:uni.example:a#k","publicKeyMultibase":"` + mk(t, "a") + `","type":"Multikey"}]}`
	if string(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestWarnings(t *testing.T) {
	d := first(t, nil)
	delete(d.params, "portable")
	log, _ := forge(t, d, draft{params: tree{"updateKeys": []any{}}})
	if got := mustVerify(t, log, nil).Warnings(); len(got) != 2 {
		t.Errorf("%q", got)
	}
	log, _ = forge(t, first(t, nil))
	if got := mustVerify(t, log, nil).Warnings(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// A history is shared between goroutines; the race detector watches.
func TestHistoryIsShared(t *testing.T) {
	log, _ := forge(t, first(t, nil), named("two"), named("three"))
	h := mustVerify(t, log, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := 1; i <= 3; i++ {
				if _, err := h.Resolve(did.Options{VersionNumber: i}, ""); err != nil {
					t.Error(err)
				}
				h.KeyEpoch(testKey(t, "a").Public(), did.AssertionMethod, i)
			}
			if _, err := h.Extend(log, nil, VerifyOptions{Now: forgeNow}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
