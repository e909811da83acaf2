package webvh

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
)

// forgeNow is after every forged entry.
var forgeNow = forgeStart.Add(240 * time.Hour)

// verifyOne verifies a forged log and returns the error.
func verifyLog(log, witness []byte) (*History, error) {
	return Verify(log, witness, VerifyOptions{Now: forgeNow})
}

// negative is a log that is right in everything but one rule.
type negative struct {
	name   string
	drafts func(t *testing.T) []draft
	want   error
	entry  int // number of the broken entry
}

func runNegatives(t *testing.T, list []negative) {
	t.Helper()
	for _, n := range list {
		t.Run(n.name, func(t *testing.T) {
			log, ids := forge(t, n.drafts(t)...)
			h, err := verifyLog(log, nil)
			var v *VerifyError
			if h != nil || !errors.Is(err, n.want) || !errors.As(err, &v) {
				t.Fatalf("got %v, want %v", err, n.want)
			}
			if !errors.Is(err, did.ErrInvalid) {
				t.Error("does not wrap did.ErrInvalid")
			}
			if v.Entry != n.entry {
				t.Errorf("entry %d, want %d", v.Entry, n.entry)
			}
			wantLast, wantLen := "", 0
			if n.entry > 1 {
				wantLast, wantLen = ids[n.entry-2], n.entry-1
			}
			if v.LastValid != wantLast {
				t.Errorf("last valid %q, want %q", v.LastValid, wantLast)
			}
			if (v.History == nil) != (wantLen == 0) || v.History != nil && v.History.Len() != wantLen {
				t.Errorf("valid prefix %v, want %d entries", v.History, wantLen)
			}
		})
	}
}

// at makes three sound entries and lets change break entry n (from 1).
func at(n int, change func(t *testing.T, d *draft)) func(t *testing.T) []draft {
	return func(t *testing.T) []draft {
		list := []draft{first(t, nil), {}, {}}
		change(t, &list[n-1])
		return list
	}
}

// param sets one parameter of an entry.
func param(name string, v any) func(t *testing.T, d *draft) {
	return func(_ *testing.T, d *draft) {
		p := tree{}
		for k, v := range d.params {
			p[k] = v
		}
		p[name] = v
		d.params = p
	}
}

func noParam(name string) func(t *testing.T, d *draft) {
	return func(_ *testing.T, d *draft) { delete(d.params, name) }
}

func before(f func(e tree)) func(*testing.T, *draft) {
	return func(_ *testing.T, d *draft) { d.before = f }
}

func hashed(f func(e tree)) func(*testing.T, *draft) {
	return func(_ *testing.T, d *draft) { d.hashed = f }
}

func config(f func(p tree)) func(*testing.T, *draft) {
	return func(_ *testing.T, d *draft) { d.config = f }
}

func signed(f func(e tree)) func(*testing.T, *draft) {
	return func(_ *testing.T, d *draft) { d.signed = f }
}

func raw(f func(b []byte) []byte) func(*testing.T, *draft) {
	return func(_ *testing.T, d *draft) { d.raw = f }
}

func timed(s string) func(*testing.T, *draft) { return func(_ *testing.T, d *draft) { d.time = s } }

func TestSoundLogs(t *testing.T) {
	for name, drafts := range map[string][]draft{
		"three entries":          {first(t, nil), {}, {}},
		"offset +00:00":          {first(t, nil), {time: "2026-01-01T01:00:00+00:00"}},
		"fraction of a second":   {first(t, nil), {time: "2026-01-01T00:00:00.000000001Z"}},
		"rotation":               {first(t, nil), {params: tree{"updateKeys": []any{mk(t, "b")}}}, {by: "b"}},
		"two proofs":             {first(t, tree{"updateKeys": []any{mk(t, "a"), mk(t, "b")}}), {signed: addProof(t, "b")}},
		"proof as object":        {first(t, nil), {signed: func(e tree) { e["proof"] = e["proof"].([]any)[0] }}},
		"ttl 0":                  {first(t, tree{"ttl": 0})},
		"ttl 2^31":               {first(t, tree{"ttl": 1 << 31})},
		"watchers":               {first(t, tree{"watchers": []any{"https://w.example", "did:web:w.example"}})},
		"method repeated":        {first(t, nil), {params: tree{"method": "did:webvh:1.0"}}},
		"portable ends":          {first(t, tree{"portable": true}), {params: tree{"portable": false}}, {params: tree{"portable": false}}},
		"deactivated":            {first(t, nil), {params: tree{"deactivated": true, "updateKeys": []any{}}}},
		"frozen":                 {first(t, nil), {params: tree{"updateKeys": []any{}}}},
		"no created":             {first(t, nil), {config: func(p tree) { delete(p, "created") }}},
		"created without a zone": {first(t, nil), {config: func(p tree) { p["created"] = "2026-01-01T00:00:00" }}},
		"key of a foreign kind":  {first(t, tree{"updateKeys": []any{mk(t, "a"), p256(t).Public().Multikey()}})},
		"SCID in a member name":  {first(t, nil), {state: tree{"id": "did:webvh:{SCID}:uni.example", "x{SCID}": "{SCID}", "w": 1}}},
		"SCID as a member name":  {draft{params: first(t, nil).params, state: tree{"id": "did:webvh:{SCID}:uni.example", "{SCID}": 1, "R": 2, "~": 3}}},
		"letters beyond ASCII":   {first(t, nil), {state: tree{"id": "did:webvh:{SCID}:uni.example", "name": "Łódź 😀  <&>", "€": 1, "\U0001F600": 2}}},
		"numbers":                {first(t, nil), {state: tree{"id": "did:webvh:{SCID}:uni.example", "n": json.Number("1.50e3")}}},
	} {
		t.Run(name, func(t *testing.T) {
			log, ids := forge(t, drafts...)
			h, err := verifyLog(log, nil)
			if err != nil {
				t.Fatal(err)
			}
			if h.Latest().VersionID != ids[len(ids)-1] || string(h.Log()) != string(log) {
				t.Error("another history came out")
			}
			parallel, err := Verify(log, nil, VerifyOptions{Now: forgeNow, Workers: 2})
			if err != nil || Compare(parallel, h).Kind != Equal {
				t.Errorf("with two workers: %v", err)
			}
		})
	}
}

func p256(t testing.TB) key.Private {
	t.Helper()
	k, err := key.Generate(key.P256, strings.NewReader(strings.Repeat("7", 64)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// addProof signs the finished entry once more.
func addProof(t testing.TB, by string) func(e tree) {
	return func(e tree) {
		list := e["proof"]
		delete(e, "proof")
		e["proof"] = append(list.([]any), forgeProof(t, e, testKey(t, by), nil))
	}
}

// Checklist 1.2: the log file, line by line.
func TestLineRules(t *testing.T) {
	other := key.HashMultikey("something else")
	runNegatives(t, []negative{
		{"not JSON", at(2, raw(func(b []byte) []byte { return b[:len(b)-1] })), ErrLine, 2},
		{"array", at(2, raw(func(b []byte) []byte { return []byte("[" + string(b) + "]") })), ErrLine, 2},
		{"two objects", at(2, raw(func(b []byte) []byte { return append(b, b...) })), ErrLine, 2},
		{"blank line", at(2, raw(func(b []byte) []byte { return append([]byte("\n"), b...) })), ErrLine, 2},
		{"duplicate member", at(2, raw(func(b []byte) []byte { return append(b[:len(b)-1], `,"versionTime":"2026-01-01T01:00:00Z"}`...) })), ErrLine, 2},
		{"unknown member", at(2, before(func(e tree) { e["extra"] = 1 })), ErrLine, 2},
		{"no versionId", at(2, signed(func(e tree) { delete(e, "versionId") })), ErrLine, 2},
		{"no versionTime", at(2, before(func(e tree) { delete(e, "versionTime") })), ErrLine, 2},
		{"no parameters", at(2, before(func(e tree) { delete(e, "parameters") })), ErrLine, 2},
		{"parameters null", at(2, before(func(e tree) { e["parameters"] = nil })), ErrLine, 2},
		{"no state", at(2, before(func(e tree) { delete(e, "state") })), ErrLine, 2},
		{"state is a list", at(2, before(func(e tree) { e["state"] = []any{e["state"]} })), ErrLine, 2},
		{"number as versionId", at(1, signed(func(e tree) { e["versionId"] = 1 })), ErrLine, 1},

		{"gap", at(2, hashed(func(e tree) { e["versionId"] = "3" + e["versionId"].(string)[1:] })), ErrVersionID, 2},
		{"number repeated", at(2, hashed(func(e tree) { e["versionId"] = "1" + e["versionId"].(string)[1:] })), ErrVersionID, 2},
		{"first is not 1", at(1, hashed(func(e tree) { e["versionId"] = "2" + e["versionId"].(string)[1:] })), ErrVersionID, 1},
		{"leading zero", at(2, hashed(func(e tree) { e["versionId"] = "0" + e["versionId"].(string) })), ErrVersionID, 2},
		{"plus sign", at(2, hashed(func(e tree) { e["versionId"] = "+" + e["versionId"].(string) })), ErrVersionID, 2},
		{"no dash", at(2, hashed(func(e tree) { e["versionId"] = strings.Replace(e["versionId"].(string), "-", "", 1) })), ErrVersionID, 2},
		{"two dashes", at(2, hashed(func(e tree) { e["versionId"] = strings.Replace(e["versionId"].(string), "-", "--", 1) })), ErrVersionID, 2},
		{"dash at the end", at(2, hashed(func(e tree) { e["versionId"] = e["versionId"].(string) + "-" })), ErrVersionID, 2},
		{"other hash function", at(2, hashed(func(e tree) {
			e["versionId"] = "2-" + key.Base58Encode(append([]byte{0x16, 0x20}, make([]byte, 32)...))
		})), ErrVersionID, 2},
		{"multibase prefix", at(2, hashed(func(e tree) { e["versionId"] = strings.Replace(e["versionId"].(string), "-", "-z", 1) })), ErrVersionID, 2},

		{"time without zone", at(2, timed("2026-01-01T01:00:00")), ErrVersionTime, 2},
		{"time in another zone", at(2, timed("2026-01-01T02:00:00+01:00")), ErrVersionTime, 2},
		{"time with -00:00", at(2, timed("2026-01-01T01:00:00-00:00")), ErrVersionTime, 2},
		{"time in lower case", at(2, timed("2026-01-01t01:00:00z")), ErrVersionTime, 2},
		{"time with a space", at(2, timed("2026-01-01 01:00:00Z")), ErrVersionTime, 2},
		{"time with a comma", at(2, timed("2026-01-01T01:00:00,5Z")), ErrVersionTime, 2},
		{"time with a point only", at(2, timed("2026-01-01T01:00:00.Z")), ErrVersionTime, 2},
		{"leap second", at(2, timed("2026-01-01T01:00:60Z")), ErrVersionTime, 2},
		{"date only", at(2, timed("2026-01-02Z")), ErrVersionTime, 2},
		{"30 February", at(2, timed("2026-02-30T00:00:00Z")), ErrVersionTime, 2},
		{"equal time", at(2, timed("2026-01-01T00:00:00Z")), ErrVersionTime, 2},
		{"earlier time", at(2, timed("2025-12-31T23:59:59Z")), ErrVersionTime, 2},
		{"earlier time at the end", at(3, timed("2026-01-01T00:30:00Z")), ErrVersionTime, 3},
		{"future", at(3, timed(forgeNow.Add(6*time.Minute).Format(time.RFC3339))), ErrFutureTime, 3},

		{"hash of another entry", at(2, hashed(func(e tree) { e["versionId"] = "2-" + other })), ErrEntryHash, 2},
		{"hash over another predecessor", at(3, func(_ *testing.T, d *draft) { d.link = "{SCID}" }), ErrEntryHash, 3},
		{"first hash over the placeholder", at(1, func(_ *testing.T, d *draft) { d.link = "1-" + other }), ErrEntryHash, 1},
		{"placeholder left in place", at(1, func(_ *testing.T, d *draft) {
			d.state["note"] = "{SCID}"
			d.filled = func(e tree) { e["state"].(tree)["note"] = "{SCID}" }
		}), ErrSCID, 1},
		{"wrong SCID everywhere", at(1, func(_ *testing.T, d *draft) { d.scid = other }), ErrSCID, 1},
	})
	within := at(3, timed(forgeNow.Add(4*time.Minute).Format(time.RFC3339)))
	log, _ := forge(t, within(t)...)
	if _, err := verifyLog(log, nil); err != nil {
		t.Errorf("four minutes ahead: %v", err)
	}
	if _, err := Verify(log, nil, VerifyOptions{Now: forgeNow, Skew: time.Minute}); !errors.Is(err, ErrFutureTime) {
		t.Errorf("four minutes ahead with a skew of one: %v", err)
	}
}

// A future entry in the middle is found although the last one is what counts.
func TestFutureInTheMiddle(t *testing.T) {
	log, _ := forge(t, first(t, nil),
		draft{time: forgeNow.Add(time.Hour).Format(time.RFC3339)}, draft{time: forgeNow.Add(2 * time.Hour).Format(time.RFC3339)})
	var v *VerifyError
	if _, err := verifyLog(log, nil); !errors.As(err, &v) || !errors.Is(err, ErrFutureTime) || v.Entry != 2 {
		t.Errorf("got %v", err)
	}
}

// Checklist 1.3: parameters.
func TestParameterRules(t *testing.T) {
	weak := "z" + key.Base58Encode(append([]byte{0xed, 0x01, 1}, make([]byte, 31)...))
	secret := "z" + key.Base58Encode(append([]byte{0x80, 0x26}, make([]byte, 32)...))
	var many []any
	for range 101 {
		many = append(many, "x")
	}
	runNegatives(t, []negative{
		{"unknown parameter", at(2, param("prerotation", true)), ErrParameter, 2},
		{"parameter in other case", at(2, param("TTL", 5)), ErrParameter, 2},
		{"no method", at(1, noParam("method")), ErrMethodVersion, 1},
		{"method null", at(1, param("method", nil)), ErrMethodVersion, 1},
		{"method 99.0", at(1, param("method", "did:webvh:99.0")), ErrMethodVersion, 1},
		{"method release candidate", at(1, param("method", "did:webvh:1.0-rc1")), ErrMethodVersion, 1},
		{"method without did", at(1, param("method", "didwebvh:1.0")), ErrMethodVersion, 1},
		{"method with a space", at(1, param("method", "did:webvh:1.0 ")), ErrMethodVersion, 1},
		{"older method later", at(2, param("method", "did:webvh:0.5")), ErrMethodVersion, 2},
		{"newer method later", at(3, param("method", "did:webvh:1.1")), ErrMethodVersion, 3},
		{"no scid", at(1, noParam("scid")), ErrSCID, 1},
		{"scid is a number", at(1, param("scid", 1)), ErrParameter, 1},
		{"scid later", at(2, param("scid", "{SCID}")), ErrParameter, 2},
		{"no updateKeys", at(1, noParam("updateKeys")), ErrParameter, 1},
		{"updateKeys is a string", at(2, param("updateKeys", "z6Mk")), ErrParameter, 2},
		{"updateKeys with a number", at(2, param("updateKeys", []any{1})), ErrParameter, 2},
		{"updateKeys with no key", at(2, param("updateKeys", []any{"6MkNoMultibasePrefix"})), ErrParameter, 2},
		{"updateKeys with a weak key", at(2, param("updateKeys", []any{weak})), ErrParameter, 2},
		{"updateKeys with a private key", at(2, param("updateKeys", []any{secret})), ErrParameter, 2},
		{"too many updateKeys", at(2, param("updateKeys", many)), ErrParameter, 2},
		{"nextKeyHashes is an object", at(2, param("nextKeyHashes", tree{})), ErrParameter, 2},
		{"nextKeyHashes with null", at(2, param("nextKeyHashes", []any{nil})), ErrParameter, 2},
		{"watchers is a string", at(2, param("watchers", "https://w.example")), ErrParameter, 2},
		{"watchers without scheme", at(2, param("watchers", []any{"w.example"})), ErrParameter, 2},
		{"portable is a string", at(1, param("portable", "true")), ErrParameter, 1},
		{"portable later", at(2, param("portable", true)), ErrPortable, 2},
		{"portable again", func(t *testing.T) []draft {
			return []draft{first(t, tree{"portable": true}), {params: tree{"portable": true}}}
		}, ErrPortable, 2},
		{"portable after it ended", func(t *testing.T) []draft {
			return []draft{first(t, tree{"portable": true}), {params: tree{"portable": false}}, {params: tree{"portable": true}}}
		}, ErrPortable, 3},
		{"deactivated is a number", at(2, param("deactivated", 1)), ErrParameter, 2},
		{"ttl negative", at(2, param("ttl", -1)), ErrParameter, 2},
		{"ttl too large", at(2, param("ttl", 1<<31+1)), ErrParameter, 2},
		{"ttl with a fraction", at(2, param("ttl", 1.5)), ErrParameter, 2},
		{"ttl is a string", at(2, param("ttl", "3600")), ErrParameter, 2},
		{"ttl is true", at(2, param("ttl", true)), ErrParameter, 2},
		{"entry after deactivation", at(2, param("deactivated", true)), ErrDeactivated, 3},
		{"reactivation", func(t *testing.T) []draft {
			return []draft{first(t, nil), {params: tree{"deactivated": true}}, {params: tree{"deactivated": false}}}
		}, ErrDeactivated, 3},
	})
}

// Nulls of early logs are read as the default, in the parameter state only.
func TestParameterNull(t *testing.T) {
	log, _ := forge(t, first(t, tree{"ttl": 5, "watchers": []any{"https://w.example"}, "portable": true}),
		draft{params: tree{"ttl": nil, "watchers": nil, "nextKeyHashes": nil, "witness": nil, "portable": nil, "deactivated": nil}})
	h, err := verifyLog(log, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := h.Active()
	if p.TTL != 3600 || len(p.Watchers) != 0 || p.Witness.Active() || p.Portable || p.Deactivated {
		t.Errorf("%+v", p)
	}
	if !strings.Contains(string(h.Log()), `"ttl":null`) {
		t.Error("the null was not kept in the bytes")
	}
	log, _ = forge(t, first(t, nil), draft{params: tree{"updateKeys": nil}}, draft{})
	if _, err := verifyLog(log, nil); !errors.Is(err, ErrUpdateKey) {
		t.Errorf("updateKeys null must freeze: %v", err)
	}
}

// Checklist 1.5: proofs and authorised keys.
func TestProofRules(t *testing.T) {
	a := mk(t, "a")
	vm := func(s string) func(*testing.T, *draft) {
		return config(func(p tree) { p["verificationMethod"] = s })
	}
	value := func(s string) func(*testing.T, *draft) { return config(func(p tree) { p["proofValue"] = s }) }
	cfg := func(name string, v any) func(*testing.T, *draft) { return config(func(p tree) { p[name] = v }) }
	drop := func(name string) func(*testing.T, *draft) { return config(func(p tree) { delete(p, name) }) }
	runNegatives(t, []negative{
		{"no proof", at(2, signed(func(e tree) { delete(e, "proof") })), ErrProof, 2},
		{"no proof in the list", at(2, signed(func(e tree) { e["proof"] = []any{} })), ErrProof, 2},
		{"proof is a string", at(2, signed(func(e tree) { e["proof"] = "z" })), ErrProof, 2},
		{"proof in the list is null", at(2, signed(func(e tree) { e["proof"] = []any{nil} })), ErrProof, 2},
		{"too many proofs", at(2, signed(func(e tree) {
			for range 16 {
				e["proof"] = append(e["proof"].([]any), e["proof"].([]any)[0])
			}
		})), ErrProof, 2},
		{"other type", at(2, cfg("type", "Ed25519Signature2020")), ErrProof, 2},
		{"no type", at(2, drop("type")), ErrProof, 2},
		{"no cryptosuite", at(2, drop("cryptosuite")), ErrCryptosuite, 2},
		{"cryptosuite ecdsa", at(2, cfg("cryptosuite", "ecdsa-jcs-2019")), ErrCryptosuite, 2},
		{"cryptosuite rdfc", at(2, cfg("cryptosuite", "eddsa-rdfc-2022")), ErrCryptosuite, 2},
		{"cryptosuite in upper case", at(2, cfg("cryptosuite", "EdDSA-JCS-2022")), ErrCryptosuite, 2},
		{"purpose authentication", at(2, cfg("proofPurpose", "authentication")), ErrProof, 2},
		{"no purpose", at(2, drop("proofPurpose")), ErrProof, 2},
		{"no verificationMethod", at(2, drop("verificationMethod")), ErrProof, 2},
		{"verificationMethod without fragment", at(2, vm("did:key:"+a)), ErrKeyReference, 2},
		{"verificationMethod of another method", at(2, vm("did:web:uni.example#"+a)), ErrKeyReference, 2},
		{"bare multikey as verificationMethod", at(2, vm(a)), ErrKeyReference, 2},
		{"fragment of another key", at(2, vm("did:key:"+a+"#"+mk(t, "b"))), ErrKeyReference, 2},
		{"body of another key", at(2, vm("did:key:"+mk(t, "b")+"#"+a)), ErrKeyReference, 2},
		{"did:key with a version", at(2, vm("did:key:1:"+a+"#"+a)), ErrKeyReference, 2},
		{"did:key of no key", at(2, vm("did:key:zzz#zzz")), ErrKeyReference, 2},
		{"P-256 key", func(t *testing.T) []draft {
			k := p256(t)
			list := []draft{first(t, tree{"updateKeys": []any{a, k.Public().Multikey()}}), {}, {}}
			list[1].signed = func(e tree) { delete(e, "proof"); e["proof"] = []any{forgeProof(t, e, k, nil)} }
			return list
		}, ErrCryptosuite, 2},
		{"created is no date", at(2, cfg("created", "yesterday")), ErrProof, 2},
		{"created is a number", at(2, cfg("created", 5)), ErrProof, 2},
		{"expired before it was made", at(2, cfg("expires", "2025-12-31T00:00:00Z")), ErrProof, 2},
		{"id is a number", at(2, cfg("id", 5)), ErrProof, 2},
		{"context in the proof", at(2, cfg("@context", []any{"https://www.w3.org/ns/did/v1"})), ErrProof, 2},
		{"previousProof", at(2, cfg("previousProof", "urn:x")), ErrProof, 2},
		{"no proofValue", at(2, signed(func(e tree) { delete(e["proof"].([]any)[0].(tree), "proofValue") })), ErrProof, 2},
		{"proofValue in base64url", at(2, value("uAAAA")), ErrProof, 2},
		{"proofValue of 63 bytes", at(2, value("z"+key.Base58Encode(make([]byte, 63)))), ErrProof, 2},
		{"proofValue of 65 bytes", at(2, value("z"+key.Base58Encode(make([]byte, 65)))), ErrProof, 2},
		{"proofValue without end", at(2, value("z"+strings.Repeat("1", 5000))), ErrProof, 2},
		{"proofValue of zeros", at(2, value("z"+key.Base58Encode(make([]byte, 64)))), ErrProof, 2},
		{"proof option changed after signing", at(2, signed(func(e tree) { e["proof"].([]any)[0].(tree)["created"] = "2026-01-01T00:00:01Z" })), ErrProof, 2},
		{"proof of another entry", at(2, signed(func(e tree) {
			e["proof"] = []any{forgeProof(t, tree{"versionId": e["versionId"]}, testKey(t, "a"), nil)}
		})), ErrProof, 2},
		{"second proof is bad", at(2, signed(func(e tree) {
			bad := tree{}
			for k, v := range e["proof"].([]any)[0].(tree) {
				bad[k] = v
			}
			bad["proofValue"] = "z" + key.Base58Encode(make([]byte, 64))
			e["proof"] = append(e["proof"].([]any), bad)
		})), ErrProof, 2},
		{"second proof by a stranger", at(2, signed(addProof(t, "stranger"))), ErrUpdateKey, 2},

		{"first entry by a stranger", at(1, func(_ *testing.T, d *draft) { d.by = "stranger" }), ErrUpdateKey, 1},
		{"later entry by a stranger", at(2, func(_ *testing.T, d *draft) { d.by = "stranger" }), ErrUpdateKey, 2},
		{"rotation signed by the new key", at(2, func(t *testing.T, d *draft) {
			d.by = "b"
			d.params = tree{"updateKeys": []any{mk(t, "b")}}
		}), ErrUpdateKey, 2},
		{"signed by a key rotated out", at(2, func(t *testing.T, d *draft) { d.params = tree{"updateKeys": []any{mk(t, "b")}} }), ErrUpdateKey, 3},
		{"frozen", at(2, func(_ *testing.T, d *draft) { d.params = tree{"updateKeys": []any{}} }), ErrUpdateKey, 3},
		{"no key from the start", at(1, param("updateKeys", []any{})), ErrUpdateKey, 1},
	})
}

// Checklist 1.6: pre-rotation.
func TestPreRotationRules(t *testing.T) {
	start := func(t *testing.T) draft {
		return first(t, tree{"nextKeyHashes": []any{mkHash(t, "b"), mkHash(t, "c")}})
	}
	keys := func(names ...string) []any {
		out := []any{}
		for _, n := range names {
			out = append(out, mk(t, n))
		}
		return out
	}
	hashes := func(names ...string) []any {
		out := []any{}
		for _, n := range names {
			out = append(out, mkHash(t, n))
		}
		return out
	}
	second := func(d draft) func(t *testing.T) []draft {
		return func(t *testing.T) []draft { return []draft{start(t), d} }
	}
	runNegatives(t, []negative{
		{"updateKeys omitted", second(draft{params: tree{"nextKeyHashes": hashes("d")}}), ErrPreRotation, 2},
		{"nextKeyHashes omitted", second(draft{by: "b", params: tree{"updateKeys": keys("b")}}), ErrPreRotation, 2},
		{"both omitted", second(draft{}), ErrPreRotation, 2},
		{"key not committed", second(draft{by: "x", params: tree{"updateKeys": keys("x"), "nextKeyHashes": hashes("d")}}), ErrPreRotation, 2},
		{"one of two not committed", second(draft{by: "b", params: tree{"updateKeys": keys("b", "x"), "nextKeyHashes": hashes("d")}}), ErrPreRotation, 2},
		{"known but not committed", second(draft{by: "b", params: tree{"updateKeys": keys("b", "a"), "nextKeyHashes": hashes("d")}}), ErrPreRotation, 2},
		{"hash of the key bytes", func(t *testing.T) []draft {
			raw := testKey(t, "b").Public().Bytes()
			return []draft{first(t, tree{"nextKeyHashes": []any{key.HashMultikey(string(raw))}}),
				{by: "b", params: tree{"updateKeys": keys("b"), "nextKeyHashes": hashes("d")}}}
		}, ErrPreRotation, 2},
		{"committed two entries ago", func(t *testing.T) []draft {
			return []draft{start(t), {by: "b", params: tree{"updateKeys": keys("b"), "nextKeyHashes": hashes("d")}},
				{by: "c", params: tree{"updateKeys": keys("c"), "nextKeyHashes": hashes("e")}}}
		}, ErrPreRotation, 3},
		{"signed by the previous key", second(draft{by: "a", params: tree{"updateKeys": keys("b"), "nextKeyHashes": hashes("d")}}), ErrUpdateKey, 2},
		{"no key at all", second(draft{by: "b", params: tree{"updateKeys": []any{}, "nextKeyHashes": hashes("d")}}), ErrUpdateKey, 2},
		{"ended by an uncommitted key", second(draft{by: "x", params: tree{"updateKeys": keys("x"), "nextKeyHashes": []any{}}}), ErrPreRotation, 2},
		{"after the end the old key signs", func(t *testing.T) []draft {
			return []draft{start(t), {by: "b", params: tree{"updateKeys": keys("b"), "nextKeyHashes": []any{}}}, {by: "a"}}
		}, ErrUpdateKey, 3},
		{"begun later, then not kept", func(t *testing.T) []draft {
			return []draft{first(t, nil), {params: tree{"nextKeyHashes": hashes("b")}}, {}}
		}, ErrPreRotation, 3},
	})
	log, _ := forge(t, start(t),
		draft{by: "b", params: tree{"updateKeys": keys("b"), "nextKeyHashes": hashes("d", "unused")}},
		draft{by: "d", params: tree{"updateKeys": keys("d"), "nextKeyHashes": []any{}}},
		draft{by: "d", params: tree{"updateKeys": keys("e")}}, draft{by: "e"})
	if _, err := verifyLog(log, nil); err != nil {
		t.Errorf("kept throughout: %v", err)
	}
}

// Checklist 1.9: the document's id, moves, and the identifier asked for.
func TestIdentityRules(t *testing.T) {
	state := func(s tree) func(*testing.T, *draft) { return func(_ *testing.T, d *draft) { d.state = s } }
	old := "did:webvh:{SCID}:uni.example"
	moved := func(host string, names ...any) tree {
		s := plain(host)
		if names != nil {
			s["alsoKnownAs"] = names
		}
		return s
	}
	portable := func(d ...draft) func(t *testing.T) []draft {
		return func(t *testing.T) []draft { return append([]draft{first(t, tree{"portable": true})}, d...) }
	}
	otherSCID := key.HashMultikey("another log")
	list := []negative{
		{"no id", at(2, state(tree{})), ErrStateID, 2},
		{"id is a number", at(2, state(tree{"id": 1})), ErrStateID, 2},
		{"id of another method", at(1, state(tree{"id": "did:web:uni.example"})), ErrStateID, 1},
		{"id with a fragment", at(1, state(tree{"id": old + "#x"})), ErrStateID, 1},
		{"id with a path", at(1, state(tree{"id": old + "/x"})), ErrStateID, 1},
		{"id names an IP address", at(1, state(tree{"id": "did:webvh:{SCID}:127.0.0.1"})), ErrStateID, 1},
		{"id without a domain", at(1, state(tree{"id": "did:webvh:{SCID}"})), ErrStateID, 1},
		{"first id with another SCID", at(1, state(tree{"id": "did:webvh:" + otherSCID + ":uni.example"})), ErrSCID, 1},
		{"moved though not portable", at(2, state(moved("new.example", old))), ErrPortable, 2},
		{"moved without naming the old", portable(draft{state: moved("new.example")}), ErrPortable, 2},
		{"moved naming something else", portable(draft{state: moved("new.example", "did:web:uni.example")}), ErrPortable, 2},
		{"moved after portability ended", portable(draft{params: tree{"portable": false}}, draft{state: moved("new.example", old)}), ErrPortable, 3},
		{"moved with the end of portability, then again", portable(
			draft{state: moved("new.example", old), params: tree{"portable": false}},
			draft{state: moved("third.example", "did:webvh:{SCID}:new.example")}), ErrPortable, 3},
	}
	for k := 2; k <= 5; k++ {
		list = append(list, negative{"SCID changed at entry " + string(rune('0'+k)), func(t *testing.T) []draft {
			out := []draft{first(t, tree{"portable": true}), {}, {}, {}, {}}
			out[k-1].state = tree{"id": "did:webvh:" + otherSCID + ":new.example", "alsoKnownAs": []any{old}}
			return out
		}, ErrSCID, k})
	}
	runNegatives(t, list)

	log, _ := forge(t, portable(draft{state: moved("new.example", old)}, draft{state: moved("new.example")})(t)...)
	h, err := verifyLog(log, nil)
	if err != nil {
		t.Fatal(err)
	}
	before, now := "did:webvh:"+h.SCID()+":uni.example", "did:webvh:"+h.SCID()+":new.example"
	for _, tc := range []struct {
		name, did string
		want      error
	}{
		{"newest", now, nil},
		{"former", before, nil},
		{"alias", Alias(h.SCID()), nil},
		{"host in upper case", strings.Replace(now, "new", "NEW", 1), nil},
		{"copied to a foreign host", "did:webvh:" + h.SCID() + ":evil.example", ErrDIDMismatch},
		{"with a port", now + "%3A8443", ErrDIDMismatch},
		{"with a path", now + ":x", ErrDIDMismatch},
		{"other SCID", "did:webvh:" + otherSCID + ":new.example", ErrDIDMismatch},
		{"other SCID as alias", Alias(otherSCID), ErrDIDMismatch},
		{"no identifier", "did:webvh:x", ErrID},
	} {
		t.Run("asked for "+tc.name, func(t *testing.T) {
			_, err := Verify(log, nil, VerifyOptions{Now: forgeNow, DID: tc.did})
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	log, _ := forge(t, first(t, nil), draft{}, draft{})
	for name, tc := range map[string]struct {
		lim  Limits
		want error
	}{
		"bytes":        {Limits{MaxBytes: len(log) - 1}, ErrTooLarge},
		"bytes fit":    {Limits{MaxBytes: len(log)}, nil},
		"line":         {Limits{MaxLine: 100}, ErrTooLarge},
		"entries":      {Limits{MaxEntries: 2}, ErrTooLarge},
		"entries fit":  {Limits{MaxEntries: 3}, nil},
		"witness file": {Limits{MaxWitnessBytes: 1}, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(log, []byte("[]"), VerifyOptions{Now: forgeNow, Limits: tc.lim})
			if name == "bytes fit" || name == "entries fit" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	for name, log := range map[string]string{"nothing": "", "line feed only": "\n"} {
		if _, err := verifyLog([]byte(log), nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := verifyLog(nil, nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty: %v", err)
	}
	deep := `{"versionId":"` + strings.Repeat("[", 100000)
	if _, err := verifyLog([]byte(deep), nil); !errors.Is(err, ErrLine) {
		t.Errorf("deep: %v", err)
	}
}
