package ebsi

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

func authorisation(id legal.Identity) verdict.Check {
	r, _ := verdict.Verdict{Checks: id.Checks}.Worst(verdict.Authorisation)
	return r
}

// A chain from a university to a root, and each way in which it breaks by one
// change.
func TestChain(t *testing.T) {
	of := func(name string, edit func(*link)) func(*world) { return func(w *world) { edit(w.links[name]) } }
	flip := func(jwt string) string { // another byte of the signature
		i := strings.LastIndexByte(jwt, '.') + 10
		c := byte('A')
		if jwt[i] == c {
			c = 'B'
		}
		return jwt[:i] + string(c) + jwt[i+1:]
	}
	for _, c := range []struct {
		name string
		edit func(*world)
		code verdict.Code
	}{
		{"good", func(*world) {}, verdict.Recognised},
		{"root's own authorisation not imported", func(w *world) { w.links["root"] = nil }, verdict.Recognised},
		{"no termsOfUse, by the root itself", of("tao", func(l *link) { l.terms = nil }), verdict.Recognised},
		{"a place inside the accreditor's", func(w *world) { w.links["uni"].place = atuFI }, verdict.Recognised},

		{"the issuer's link lapsed", of("uni", func(l *link) { l.until = "2026-10-01T00:00:00Z" }), verdict.RecognitionExpired},
		{"the accreditor's link lapsed", of("tao", func(l *link) { l.until = "2026-10-01T00:00:00Z" }), verdict.RecognitionExpired},
		{"the root's link lapsed", of("root", func(l *link) { l.until = "2026-10-01T00:00:00Z" }), verdict.RecognitionExpired},
		{"lapsed after the issuing date", of("tao", func(l *link) { l.until = "2026-11-10T00:00:00Z" }), verdict.RecognisedWhenIssued},
		{"not yet valid", of("uni", func(l *link) {
			l.from = "2026-12-01T00:00:00Z"
			l.edit = func(c map[string]any) { c["iat"] = now.Unix() }
		}), verdict.RecognitionNotYet},
		{"the accreditor's not yet valid", of("tao", func(l *link) {
			l.from = "2026-12-01T00:00:00Z"
			l.edit = func(c map[string]any) { c["iat"] = now.Unix() }
		}), verdict.RecognitionNotYet},
		{"validFrom after issuanceDate", of("uni", func(l *link) { l.edit = claim("validFrom", "2026-12-01T00:00:00Z") }), verdict.RecognitionNotYet},
		{"the two terms never met", func(w *world) {
			w.links["tao"].until, w.links["uni"].from = "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"
		}, verdict.RecognitionExpired},

		{"a type that the accreditor has not", of("uni", func(l *link) { l.types = append(l.types, "MasterCredential") }), verdict.ChainWidened},
		{"no place limit under one that has", of("uni", func(l *link) { l.place = "" }), verdict.ChainWidened},
		{"another place", of("uni", func(l *link) { l.place = strings.Replace(atuFI, "FIN", "SWE", 1) }), verdict.ChainWidened},
		{"a place that begins alike", of("uni", func(l *link) { l.place = atuFI + "X" }), verdict.ChainWidened},
		{"its own type that the accreditor may not give", of("uni", func(l *link) {
			l.edit = claim("type", anys([]string{"VerifiableCredential", "VerifiableAttestation", "VerifiableAccreditation", KindAttest, "Special"}))
		}), verdict.ChainWidened},
		{"the accreditor may only attest", of("tao", func(l *link) { l.kind, l.issuerType = KindAttest, TypeTI }), verdict.ChainWidened},

		{"signature of the issuer's link broken", of("uni", func(l *link) { l.body = flip }), verdict.RecognitionUnproven},
		{"signature of the accreditor's link broken", of("tao", func(l *link) { l.body = flip }), verdict.RecognitionUnproven},
		{"signature of the root's link broken", of("root", func(l *link) { l.body = flip }), verdict.RecognitionUnproven},
		{"signed by another key under the accreditor's name", func(w *world) { w.links["uni"].signer = &w.other }, verdict.RecognitionUnproven},
		{"the accreditor's document not imported", func(w *world) { w.noDocument = w.tao.did }, verdict.RecognitionUnproven},

		{"termsOfUse of another issuer", func(w *world) {
			w.links["uni"].terms = under(w.other, "tao")
			other := *w.links["tao"]
			other.of = w.other
			w.more = append(w.more, other)
		}, verdict.ChainTermsForeign},
		{"termsOfUse of the accreditor and of another", func(w *world) {
			w.links["uni"].terms = append(w.links["uni"].terms, under(w.other, "x")...)
		}, verdict.ChainTermsForeign},
		{"termsOfUse that nothing is known of", func(w *world) { w.links["uni"].terms = under(w.tao, "x") }, verdict.RecognitionUnproven},
		{"no termsOfUse, by nobody's root", of("uni", func(l *link) { l.terms = nil }), verdict.RecognitionUnproven},
		{"termsOfUse of another type", of("uni", func(l *link) {
			l.edit = claim("termsOfUse", []any{map[string]any{"id": l.terms[0], "type": "Other"}})
		}), verdict.RecognitionUnproven},
		{"termsOfUse that is no address of the registry", of("uni", func(l *link) { l.terms = []string{"https://x"} }), verdict.RecognitionUnproven},

		{"the issuer's link revoked", of("uni", func(l *link) { l.issuerType = TypeRevoked }), verdict.RecognitionRevoked},
		{"the accreditor's link revoked", of("tao", func(l *link) { l.issuerType = TypeRevoked }), verdict.RecognitionRevoked},
		{"the root's link revoked", of("root", func(l *link) { l.issuerType = TypeRevoked }), verdict.RecognitionRevoked},
		{"the registry does not say what it is", of("uni", func(l *link) { l.issuerType = TypeUndefined }), verdict.RecognitionUnproven},
		{"the registry has it as less", of("tao", func(l *link) { l.issuerType = TypeTI }), verdict.RecognitionUnproven},
		{"the registry was read too long ago", func(w *world) { w.retrieved["tao"] = issuedAt.Add(-MaxAge - time.Hour) }, verdict.RecognitionStatusUnknown},
		{"read long ago, and after the issuing date", func(w *world) {
			w.retrieved["uni"] = issuedAt.Add(time.Hour)
			w.req.At = issuedAt.Add(MaxAge + 2*time.Hour)
		}, verdict.RecognisedWhenIssued},
		{"a status beside the registry's", of("uni", func(l *link) {
			l.edit = claim("credentialStatus", map[string]any{"id": "https://a.example/1#2", "type": "StatusList2021Entry", "statusPurpose": "revocation", "statusListIndex": "2", "statusListCredential": "https://a.example/1"})
		}), verdict.RecognitionStatusUnknown},

		{"about another", of("uni", func(l *link) {
			l.edit = func(c map[string]any) {
				delete(c, "sub")
				claim("credentialSubject", map[string]any{"id": "did:ebsi:zrCaMa5923UdhhWA69hArZS"})(c)
			}
		}), verdict.RecognitionUnproven},
		{"of two kinds", of("uni", func(l *link) {
			l.edit = claim("type", anys([]string{"VerifiableCredential", KindAttest, KindAccredit}))
		}), verdict.RecognitionUnproven},
		{"of no kind", of("uni", func(l *link) { l.kind = "VerifiableOpinion" }), verdict.RecognitionUnproven},
		{"no types, as the older form", of("uni", func(l *link) { l.types = nil }), verdict.TypeNotInScope},
		{"another type than the credential's", of("uni", func(l *link) { l.types[2] = "MicroCredential" }), verdict.TypeNotInScope},
		{"only the right to accredit", func(w *world) { w.req.Issuer = w.tao.did }, verdict.NotRecognised},
		{"nobody's root", func(w *world) { w.roots[0].DID = w.other.did }, verdict.RecognitionUnproven},
		{"a root of identity only", func(w *world) { w.roots[0] = legal.Root{DID: w.root.did, Identity: true} }, verdict.NoRootsConfigured},
		{"an issuer that nothing is held of", func(w *world) { w.req.Issuer = w.other.did }, verdict.NotRecognised},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.edit(w)
			id := w.assess(t)
			row := authorisation(id)
			if row.Code != c.code {
				t.Fatalf("%s %v, want %s", row.Code, row.Params, c.code)
			}
			if slices.Contains(id.Levels, legal.L3) || slices.Contains(id.Levels, legal.L4) || len(id.Fields) > 0 {
				t.Errorf("it names somebody: %v %v", id.Levels, id.Fields)
			}
			if c.code == verdict.Recognised && (len(id.Recognitions) < 2 || !id.Recognitions[len(id.Recognitions)-1].Root || id.Recognitions[0].Of != w.uni.did) {
				t.Errorf("%+v", id.Recognitions)
			}
			for _, r := range id.Checks {
				if r.Name == verdict.Issuer && r.Result == verdict.Pass {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}

// Accreditors that accredit each other reach no root and end.
func TestCycle(t *testing.T) {
	w := newWorld(t)
	back := *w.links["tao"]
	back.by, back.of, back.id, back.terms = w.tao, w.other, "back", under(w.tao, "tao")
	w.more = append(w.more, back)
	w.links["tao"].by, w.links["tao"].terms = w.other, under(w.other, "back")
	if row := authorisation(w.assess(t)); row.Code != verdict.ChainCycle {
		t.Errorf("%+v", row)
	}
	// An accreditor that accredits itself to attest, under what it holds, is no circle.
	w = newWorld(t)
	own := *w.links["uni"]
	own.of, own.id = w.tao, "own"
	w.more, w.req.Issuer = append(w.more, own), w.tao.did
	if row := authorisation(w.assess(t)); row.Code != verdict.Recognised {
		t.Errorf("%+v", row)
	}
}

// A chain of eight links counts, one of nine does not.
func TestDepth(t *testing.T) {
	for between, want := range map[int]verdict.Code{maxDepth - 2: verdict.Recognised, maxDepth - 1: verdict.ChainTooDeep} {
		w := newWorld(t)
		w.links["root"] = nil
		w.links["tao"].types = append(w.links["tao"].types, KindAccredit)
		up, name := w.tao, "tao"
		top := *w.links["tao"]
		for i := range between {
			next := top
			next.by, next.of, next.id, next.terms = up, w.tao, "level"+strconv.Itoa(i), under(up, name)
			w.more = append(w.more, next)
			name = next.id
		}
		w.links["uni"].terms = under(up, name)
		if row := authorisation(w.assess(t)); row.Code != want {
			t.Errorf("%d between: %+v, want %s", between, row, want)
		}
	}
}

// Many entries that name each other cost a bounded number of signatures.
func TestWorkIsBounded(t *testing.T) {
	w := newWorld(t)
	w.links["root"] = nil
	for i := range 12 {
		l := *w.links["tao"]
		l.by, l.of, l.id, l.terms = w.tao, w.tao, "knot"+strconv.Itoa(i), nil
		for j := range 4 {
			l.terms = append(l.terms, under(w.tao, "knot"+strconv.Itoa((i+j+1)%12))...)
		}
		w.more = append(w.more, l)
	}
	w.links["uni"].terms = under(w.tao, "knot0")
	began := time.Now()
	row := authorisation(w.assess(t))
	if took := time.Since(began); row.Result == verdict.Pass || took > 3*time.Second {
		t.Errorf("%+v after %v", row, took)
	}
}

type broken struct {
	Source
	how func(ctx context.Context) error
}

func (b broken) About(ctx context.Context, q legal.Inquiry) ([]legal.Evidence, []verdict.Check, error) {
	found, rows, err := b.Source.About(ctx, q)
	if how := b.how(ctx); how != nil {
		err = how
	}
	return found, rows, err
}

// With the source made to fail, hang or panic the outcome is never better than
// without it.
func TestSourceBreaks(t *testing.T) {
	for name, how := range map[string]func(ctx context.Context) error{
		"fails":  func(context.Context) error { return errors.New("broken") },
		"hangs":  func(ctx context.Context) error { <-ctx.Done(); return nil },
		"panics": func(context.Context) error { panic("out of range") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.req.SourceTime = 300 * time.Millisecond
			id := w.assess(t, broken{Source{Books: []*Book{w.book(t)}, Roots: w.roots}, how})
			if row := authorisation(id); row.Code != verdict.NotRecognised || len(id.Evidence) != 0 || len(id.Levels) != 0 {
				t.Errorf("%+v %v", row, id.Evidence)
			}
		})
	}
}
