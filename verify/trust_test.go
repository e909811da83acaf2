package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// world is who recognises whom, as a node would have it at hand.
type world struct {
	t     *testing.T
	now   time.Time
	keys  map[string]key.Private
	roots []legal.Root
	found map[string][]legal.Found
	// silent makes the issuer's newest state that old.
	silent time.Duration
}

func newWorld(t *testing.T) *world {
	return &world{t: t, now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), keys: map[string]key.Private{}, found: map[string][]legal.Found{}}
}

func (w *world) State(context.Context, string) (*State, error) {
	return &State{Published: w.now.Add(-w.silent), Expires: w.now.Add(time.Hour), Source: "replica"}, nil
}
func (w *world) Practice(context.Context, string) (*credential.Practice, error) { return nil, nil }
func (w *world) Evidence(_ context.Context, _ string, q *legal.Request) error {
	q.Roots = w.roots
	q.Find = func(_ context.Context, of string) []legal.Found { return w.found[of] }
	return nil
}

// who is an identifier of a name, made when it is first met.
func (w *world) who(name string) (string, string, key.Private) {
	s, ok := w.keys[name]
	if !ok {
		seed := make([]byte, 32)
		copy(seed, name)
		var err error
		if s, err = key.FromSeed(seed); err != nil {
			w.t.Fatal(err)
		}
		w.keys[name] = s
	}
	id := "did:key:" + s.Public().Multikey()
	return id, id + "#" + s.Public().Multikey(), s
}

func (w *world) did(name string) string { id, _, _ := w.who(name); return id }

func (w *world) trust(name string) {
	w.roots = append(w.roots, legal.Root{DID: w.did(name), Name: name, Identity: true, Authorisation: true})
}

func day(s string) *time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return &t
}

func org(number string) legal.Organisation {
	return legal.Organisation{LegalNames: []legal.Name{{Value: "Universidad de Ejemplo"}},
		ID: legal.Identifier{Scheme: "VAT", Country: "ES", Value: number}, Seat: legal.Seat{Country: "ES"}}
}

// says makes one recognise another, and puts that where it is found.
func (w *world) says(by, of string, edit func(*legal.Recognition)) {
	w.t.Helper()
	id, method, s := w.who(by)
	r := legal.Recognition{ID: "urn:uuid:" + by + of, By: id, Of: w.did(of), Organisation: org("A00000000"), Actions: []string{legal.ActionIssue, legal.ActionRecognize}, ValidFrom: day("2020-01-01"), Signed: w.now}
	if edit != nil {
		edit(&r)
	}
	b, err := legal.SignRecognition(w.t.Context(), r, s, method)
	if err != nil {
		w.t.Fatal(err)
	}
	w.found[r.Of] = append(w.found[r.Of], legal.Found{Body: b, Source: "replica"})
}

// issue makes a credential of a name that says when it was issued.
func (w *world) issue(by, from string) []byte {
	w.t.Helper()
	id, method, s := w.who(by)
	return w.sign(object{"@context": []any{credential.ContextV2}, "type": []any{"VerifiableCredential"}, "issuer": id, "validFrom": from + "T00:00:00Z",
		"credentialSubject": object{"id": "did:example:b"}}, method, s)
}

func (w *world) sign(tree object, method string, s key.Private) []byte {
	w.t.Helper()
	out, err := proof.Sign(w.t.Context(), tree, s, proof.SignOptions{VerificationMethod: method, Created: w.now})
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := strictjson.Canonical(out)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) verify(body []byte, policy string) *verdict.Verdict {
	w.t.Helper()
	p, err := Shipped(policy)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.under(body, p)
}

func (w *world) under(body []byte, p Policy) *verdict.Verdict {
	v := New(Config{Resolver: did.Registry{"key": didkey.Resolver()}, Issuers: w, Clock: func() time.Time { return w.now }, Status: noLists{}})
	return v.Verify(w.t.Context(), body, p, time.Time{})
}

func authorisation(v *verdict.Verdict) verdict.Check {
	row, _ := v.Worst(verdict.Authorisation)
	return row
}

// good is the case from which each attack differs by one change: a ministry that is
// root recognises an agency, and that a university.
func good(t *testing.T) *world {
	w := newWorld(t)
	w.trust("ministry")
	w.says("ministry", "agency", nil)
	w.says("agency", "university", nil)
	return w
}

// Attacks on recognition, each one change from the good case, and what comes of it.
func TestRecognitionAttacks(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T) *world
		out  verdict.Outcome
		code verdict.Code
	}{
		{"good", good, verdict.Verified, verdict.Recognised},
		{"a stranger recognises it alone", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("stranger", "university", nil)
			return w
		}, verdict.Indeterminate, verdict.NotRecognised},
		{"A vouches for B and B for A", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("university", "mill", nil)
			w.says("mill", "university", nil)
			return w
		}, verdict.Indeterminate, verdict.ChainCycle},
		{"the link has lapsed before the issuing date", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("ministry", "agency", nil)
			w.says("agency", "university", func(r *legal.Recognition) { r.ValidUntil = day("2022-01-01") })
			return w
		}, verdict.Indeterminate, verdict.RecognitionExpired},
		{"the link has lapsed since the issuing date, which the issuer itself names", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("ministry", "agency", nil)
			w.says("agency", "university", func(r *legal.Recognition) { r.ValidUntil = day("2026-01-01") })
			return w
		}, verdict.Indeterminate, verdict.RecognisedWhenIssued},
		{"a link further up has lapsed", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("ministry", "agency", func(r *legal.Recognition) { r.ValidUntil = day("2022-01-01") })
			w.says("agency", "university", nil)
			return w
		}, verdict.Indeterminate, verdict.RecognitionExpired},
		{"the link does not begin yet", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("ministry", "agency", nil)
			w.says("agency", "university", func(r *legal.Recognition) { r.ValidFrom = day("2027-01-01") })
			return w
		}, verdict.Indeterminate, verdict.RecognitionNotYet},
		{"who recognises may issue but not recognise", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("ministry", "agency", func(r *legal.Recognition) { r.Actions = []string{legal.ActionIssue} })
			w.says("agency", "university", nil)
			return w
		}, verdict.Indeterminate, verdict.NotRecognised},
		{"other types than the parent's", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("ministry", "agency", func(r *legal.Recognition) { r.Types = []string{"MicroCredential"} })
			w.says("agency", "university", func(r *legal.Recognition) { r.Types = []string{"VerifiableCredential"} })
			return w
		}, verdict.Indeterminate, verdict.NotRecognised},
		{"no limit under a parent that is limited", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("ministry", "agency", func(r *legal.Recognition) { r.Types = []string{"MicroCredential"} })
			w.says("agency", "university", nil)
			return w
		}, verdict.Indeterminate, verdict.TypeNotInScope},
		{"it may recognise but not issue", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("ministry", "university", func(r *legal.Recognition) { r.Actions = []string{legal.ActionRecognize} })
			return w
		}, verdict.Indeterminate, verdict.NotRecognised},
		{"a natural person is recognised", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.recogniseAsPerson()
			return w
		}, verdict.Indeterminate, verdict.RecognitionUnproven},
		{"a chain that is too long", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			above := "ministry"
			for i := range legal.MaxDepth {
				next := fmt.Sprintf("level-%d", i)
				w.says(above, next, nil)
				above = next
			}
			w.says(above, "university", nil)
			return w
		}, verdict.Indeterminate, verdict.ChainTooDeep},
		{"a recognition whose signature does not hold", func(t *testing.T) *world {
			w := newWorld(t)
			w.trust("ministry")
			w.says("ministry", "university", nil)
			body := w.found[w.did("university")][0].Body
			body[len(body)/2] ^= 1
			return w
		}, verdict.Indeterminate, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := c.make(t)
			v := w.verify(w.issue("university", "2025-06-01"), "recognised")
			if row := authorisation(v); v.Outcome != c.out || c.code != "" && row.Code != c.code {
				b, _ := json.MarshalIndent(v, "", " ")
				t.Errorf("%s %s, want %s %s\n%s", v.Outcome, row.Code, c.out, c.code, b)
			}
		})
	}
}

// recogniseAsPerson writes what SignRecognition refuses to.
func (w *world) recogniseAsPerson() {
	w.says("ministry", "university", nil)
	of := w.did("university")
	tree, err := strictjson.ParseObject(w.found[of][0].Body, strictjson.Limits{})
	if err != nil {
		w.t.Fatal(err)
	}
	delete(tree, "proof")
	subject := tree["credentialSubject"].(map[string]any)
	subject["type"] = []any{"RecognizedEntity", "Person"}
	_, method, s := w.who("ministry")
	w.found[of] = []legal.Found{{Body: w.sign(tree, method, s), Source: "replica"}}
}

// Whatever a stranger says of an issuer, the verdict stays as it is to the letter: a
// false recognition, another number, an end, another scope, a claim to be above.
func TestStrangersChangeNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *world)
	}{
		{"a recognition", func(w *world) { w.says("stranger", "university", nil) }},
		{"another number", func(w *world) {
			w.says("stranger", "university", func(r *legal.Recognition) { r.Organisation = org("A99999999") })
		}},
		{"a recognition that has ended", func(w *world) {
			w.says("stranger", "university", func(r *legal.Recognition) { r.ValidUntil = day("2021-01-01") })
		}},
		{"another scope", func(w *world) {
			w.says("stranger", "university", func(r *legal.Recognition) { r.Types = []string{"MicroCredential"} })
		}},
		{"a place above the root", func(w *world) { w.says("stranger", "ministry", nil) }},
		{"two strangers who vouch for each other", func(w *world) {
			w.says("stranger", "university", nil)
			w.says("accomplice", "stranger", nil)
			w.says("stranger", "accomplice", nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, base := range []struct {
				name string
				make func(t *testing.T) *world
			}{{"recognised", good}, {"not recognised", func(t *testing.T) *world { w := newWorld(t); w.trust("ministry"); return w }}} {
				text := func(w *world) (string, verdict.Outcome) {
					v := w.verify(w.issue("university", "2025-06-01"), "recognised")
					b, err := json.Marshal(v)
					if err != nil {
						t.Fatal(err)
					}
					return string(b), v.Outcome
				}
				want, outcome := text(base.make(t))
				w := base.make(t)
				c.do(w)
				got, after := text(w)
				if after != outcome {
					t.Errorf("%s: %s became %s", base.name, outcome, after)
				}
				if got != want && !(base.name == "not recognised" && c.name == "two strangers who vouch for each other") {
					t.Errorf("%s:\n%s\nbecame\n%s", base.name, want, got)
				}
			}
		})
	}
}

// Each shipped policy parses and gives the verdict that its text promises.
func TestShippedPolicies(t *testing.T) {
	ended := func(t *testing.T) *world {
		w := newWorld(t)
		w.trust("ministry")
		w.says("ministry", "university", func(r *legal.Recognition) { r.ValidUntil = day("2026-01-01") })
		return w
	}
	silent := func(days int) func(t *testing.T) *world {
		return func(t *testing.T) *world { w := good(t); w.silent = time.Duration(days) * 24 * time.Hour; return w }
	}
	unknown := func(t *testing.T) *world { w := newWorld(t); w.trust("ministry"); return w }
	const yes, no = verdict.Verified, verdict.Indeterminate
	for _, c := range []struct {
		name string
		make func(t *testing.T) *world
		want map[string]verdict.Outcome
	}{
		// A credential without a status: the admissions office demands one.
		{"recognised now", good, map[string]verdict.Outcome{"authentic": yes, "recognised": yes, "employer": yes, "admissions": no, "resolver": yes}},
		{"recognised when issued, as the credential says", ended, map[string]verdict.Outcome{"authentic": yes, "recognised": no, "employer": yes, "admissions": no, "resolver": yes}},
		{"not recognised", unknown, map[string]verdict.Outcome{"authentic": yes, "recognised": no, "employer": no, "admissions": no, "resolver": yes}},
		{"two days old", silent(2), map[string]verdict.Outcome{"authentic": yes, "recognised": yes, "employer": yes, "resolver": no}},
		{"ten days old", silent(10), map[string]verdict.Outcome{"authentic": no, "recognised": no, "employer": yes, "admissions": no, "resolver": no}},
		{"three years old", silent(3 * 365), map[string]verdict.Outcome{"authentic": no, "recognised": no, "employer": no, "admissions": no, "resolver": no}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for policy, want := range c.want {
				w := c.make(t)
				if v := w.verify(w.issue("university", "2025-06-01"), policy); v.Outcome != want {
					b, _ := json.MarshalIndent(v, "", " ")
					t.Errorf("%s: %s, want %s\n%s", policy, v.Outcome, want, b)
				}
			}
		})
	}
	if n := len(ShippedNames()); n != 5 {
		t.Errorf("%d policies are shipped and 5 are tested", n)
	}
	// Without its demand of a status, the admissions office wants a chain that stands
	// today, whatever the date, and evidence of three days.
	for _, c := range []struct {
		name string
		make func(t *testing.T) *world
		want verdict.Outcome
	}{{"recognised now", good, yes}, {"recognised when issued", ended, no}, {"two days old", silent(2), yes}, {"four days old", silent(4), no}} {
		p, err := Shipped("admissions")
		if err != nil {
			t.Fatal(err)
		}
		p.DemandStatus = false
		w := c.make(t)
		if v := w.under(w.issue("university", "2025-06-01"), p); v.Outcome != c.want {
			t.Errorf("admissions, %s: %s, want %s", c.name, v.Outcome, c.want)
		}
	}
}

// A demand of a level makes the check one that must pass, by the type it names.
func TestRequireLevel(t *testing.T) {
	for _, c := range []struct {
		name, rules string
		out         verdict.Outcome
		code        verdict.Code
	}{
		{"none", "", verdict.Verified, verdict.Identified},
		{"what is reached", "[[require_level]]\ntype = \"*\"\nlevel = \"L4\"\n", verdict.Verified, verdict.Identified},
		{"less than is reached", "[[require_level]]\ntype = \"*\"\nlevel = \"L1\"\n", verdict.Verified, verdict.Identified},
		{"more", "[[require_level]]\ntype = \"VerifiableCredential\"\nlevel = \"L5\"\n", verdict.Indeterminate, verdict.LevelTooLow},
		{"more, for another type", "[[require_level]]\ntype = \"EuropeanDigitalCredential\"\nlevel = \"L5\"\n", verdict.Verified, verdict.Identified},
		{"two demands, one not met", "[[require_level]]\ntype = \"*\"\nlevel = \"L4\"\n[[require_level]]\ntype = \"*\"\nlevel = \"L6\"\n", verdict.Indeterminate, verdict.LevelTooLow},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse("name = \"mine\"\n" + c.rules)
			if err != nil {
				t.Fatal(err)
			}
			w := good(t)
			v := w.under(w.issue("university", "2025-06-01"), p)
			if row, _ := v.Worst(verdict.Issuer); v.Outcome != c.out || row.Code != c.code {
				t.Errorf("%s %s, want %s %s", v.Outcome, row.Code, c.out, c.code)
			}
		})
	}
	for name, text := range map[string]string{
		"no type":              "[[require_level]]\nlevel = \"L5\"\n",
		"no level":             "[[require_level]]\ntype = \"*\"\n",
		"a level that is none": "[[require_level]]\ntype = \"*\"\nlevel = \"L7\"\n",
		"ended":                "ended_recognition = \"always\"\n",
		"a register no name":   "registers = [\" \"]\n",
	} {
		if _, err := Parse("name = \"mine\"\n" + text); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// brokenWorld looks for recognitions and breaks down at it.
type brokenWorld struct {
	*world
	find func(ctx context.Context, of string) []legal.Found
}

func (w brokenWorld) Evidence(_ context.Context, _ string, q *legal.Request) error {
	q.Roots, q.Find = w.roots, w.find
	return nil
}

// Looking for recognitions made to fail in each way: no outcome is better than where
// there is nothing to be found.
func TestBrokenRecognitionsImproveNothing(t *testing.T) {
	rank := map[verdict.Outcome]int{verdict.Invalid: 0, verdict.Indeterminate: 1, verdict.Verified: 2}
	for name, find := range map[string]func(ctx context.Context, of string) []legal.Found{
		"panics": func(context.Context, string) []legal.Found { panic("out of range") },
		"hangs": func(ctx context.Context, _ string) []legal.Found {
			<-ctx.Done()
			return nil
		},
		"brings what cannot be read": func(context.Context, string) []legal.Found { return []legal.Found{{Body: []byte("{")}, {}} },
		"floods": func(context.Context, string) []legal.Found {
			return make([]legal.Found, 10_000)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := good(t)
				w.now = time.Now()
				judge := func(who Issuers, body []byte, p Policy) *verdict.Verdict {
					v := New(Config{Resolver: did.Registry{"key": didkey.Resolver()}, Issuers: who, Clock: func() time.Time { return w.now }, Status: noLists{}, Timeout: time.Minute})
					return v.Verify(t.Context(), body, p, time.Time{})
				}
				nothing := func(context.Context, string) []legal.Found { return nil }
				honest := w.issue("university", "1999-12-31")
				forged := []byte(strings.Replace(string(honest), "did:example:b", "did:example:c", 1))
				for _, body := range [][]byte{honest, forged, w.issue("university", "2031-01-01")} {
					for _, policy := range []string{"authentic", "recognised", "employer"} {
						p, err := Shipped(policy)
						if err != nil {
							t.Fatal(err)
						}
						a, b := judge(brokenWorld{w, find}, body, p), judge(brokenWorld{w, nothing}, body, p)
						if rank[a.Outcome] > rank[b.Outcome] || a.Issuer.Level > b.Issuer.Level || len(a.Issuer.Recognitions) > 0 || !a.Consistent() {
							t.Errorf("%s under %s, without it %s: %+v", a.Outcome, policy, b.Outcome, a.Checks)
						}
					}
				}
			})
		})
	}
}
