package node

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// world is all that an issuer shows to anybody: every version of every file,
// with its time, in the order in which it came out.
type world struct {
	versions []version
	bodies   map[string][]byte // by CID
}

// version is one publication: when it was seen, the head, and what it names.
type version struct {
	seen      time.Time
	sequence  uint64
	published time.Time
	headSize  int
	files     []string // path, size, validFrom
	cids      []string
}

// live runs the publisher of a copy of a home for hours of a clock that starts
// at the same moment in every world, and does each act at its time.
func live(t *testing.T, home, publication string, length time.Duration, acts map[time.Duration]func(*Node)) world {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "world")
	if err := os.CopyFS(dir, os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"keys/online.age", "keys/offline.age"} {
		if err := os.Chmod(filepath.Join(dir, f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := world{bodies: map[string][]byte{}}
	synctest.Test(t, func(t *testing.T) {
		cfg, err := ReadConfig(dir)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Publication = publication
		// The same randomness in every world: what differs is what the act did.
		n, err := Open(t.Context(), cfg, Options{Passphrase: keystore.Fixed([]byte("correct horse")), WorkFactor: 1, Random: rand.NewChaCha8([32]byte{1})})
		if err != nil {
			t.Fatal(err)
		}
		subject := n.ownSubjects()[0]
		begin := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { n.publisher(ctx); close(ended) }()
		for at := time.Duration(0); at < length; at += time.Second {
			if act, ok := acts[at]; ok {
				act(n)
			}
			<-time.After(time.Until(begin.Add(at + time.Second)))
			synctest.Wait()
			w.look(t, n, subject)
		}
		cancel()
		<-ended
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// look records the folder if its head is new.
func (w *world) look(t *testing.T, n *Node, subject string) {
	t.Helper()
	held, err := n.replica.Head(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	if k := len(w.versions); k > 0 && w.versions[k-1].sequence == held.Head.Sequence {
		return
	}
	m, err := n.replica.Manifest(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	v := version{seen: time.Now().UTC(), sequence: held.Head.Sequence, published: held.Head.Published, headSize: len(held.Head.Bytes())}
	for _, leaf := range m {
		row := fmt.Sprintf("%s %d", leaf.Path, leaf.Size)
		if number, isList := listNumber(leaf.Path); isList {
			f, err := n.replica.File(t.Context(), subject, leaf.Path)
			if err != nil || f.State != replica.Current {
				t.Fatalf("%s: %v", leaf.Path, err)
			}
			w.bodies[leaf.CID.String()] = f.Body
			if leaf.Path == listPath(number) { // the tokens beside it are compared byte for byte
				c, err := credential.Parse(f.Body, listLimits)
				if err != nil {
					t.Fatal(err)
				}
				row += " " + c.ValidFrom.UTC().Format(time.RFC3339)
			}
		}
		v.files, v.cids = append(v.files, row), append(v.cids, leaf.CID.String())
	}
	w.versions = append(w.versions, v)
}

// lists are the versions of lists, by path, each with its validFrom.
func (w world) lists() map[string][]string {
	out := map[string][]string{}
	for _, v := range w.versions {
		for i, row := range v.files {
			path, _, _ := strings.Cut(row, " ")
			key := row + " " + v.cids[i]
			if number, isList := listNumber(path); isList && path == listPath(number) && !slices.Contains(out[path], key) {
				out[path] = append(out[path], key)
			}
		}
	}
	return out
}

// issuerAtRest makes a home with one issuer, 40 issued credentials and a second
// pair of lists, at the moment at which every synctest clock starts.
func issuerAtRest(t *testing.T) (home string, places []string) {
	t.Helper()
	cfg := settings(t)
	cfg.Cadence, cfg.Heartbeat = "15m", "6h"
	synctest.Test(t, func(t *testing.T) {
		pass := keystore.Fixed([]byte("correct horse"))
		if _, err := Init(t.Context(), cfg, InitOptions{Passphrase: pass, Domain: "university.example", WorkFactor: 1}); err != nil {
			t.Fatal(err)
		}
		n, err := Open(t.Context(), cfg, Options{Passphrase: pass, WorkFactor: 1})
		if err != nil {
			t.Fatal(err)
		}
		subject := n.ownSubjects()[0]
		for range 40 {
			out := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
			places = append(places, fmt.Sprintf("%d#%d", out.Status[0].List, out.Status[0].Index))
		}
		err = n.store.Update(t.Context(), subject, func(tx store.Tx) error {
			_, err := n.book.CloseOpen(tx, subject, 0)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Max Power")})
		call[PublishResponse](t, n, OpPublish, PublishRequest{})
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	})
	return cfg.Home, places
}

func revoke(t *testing.T, place string, now bool) func(*Node) {
	return func(n *Node) {
		call[StatusResponse](t, n, OpStatusSet, StatusRequest{Target: place, Action: "revoke", Now: now})
	}
}

// Two worlds differ only in when inside an interval a credential was revoked:
// one second after a slot, or one second before the next. All that anybody can
// see is the same, byte for byte: how many versions, their times, their sizes,
// their content. (The signer's random instance is drawn from the same source in
// both; it is drawn once at the start, before any act.)
func TestNothingTellsWhenInsideAnInterval(t *testing.T) {
	home, places := issuerAtRest(t)
	cadence := 15 * time.Minute
	for _, publication := range []string{publicationFixed, publicationOnChange} {
		t.Run(publication, func(t *testing.T) {
			// The slot of the pair, as time since the start of the clock.
			slot := slotOf(t, home, cadence)
			quiet := live(t, home, publication, 5*cadence, nil)
			worlds := map[string]world{}
			for name, at := range map[string]time.Duration{"early": slot + time.Second, "middle": slot + cadence/2, "late": slot + cadence - time.Second} {
				worlds[name] = live(t, home, publication, 5*cadence, map[time.Duration]func(*Node){at: revoke(t, places[0], false)})
			}
			early := worlds["early"]
			for name, w := range worlds {
				if diff := difference(early, w); diff != "" {
					t.Errorf("early and %s differ: %s", name, diff)
				}
			}
			// Where everything is signed at each slot, even that something changed
			// shows only in the content: as many versions at the same times.
			if publication == publicationFixed {
				for path, had := range quiet.lists() {
					if len(had) != len(early.lists()[path]) {
						t.Errorf("%s has %d versions where nothing happened and %d where something did", path, len(had), len(early.lists()[path]))
					}
				}
				if len(quiet.versions) != len(early.versions) {
					t.Errorf("%d heads where nothing happened, %d where something did", len(quiet.versions), len(early.versions))
				}
			}
			early.onGrid(t, publication, cadence)
			if !early.revoked(t, places[0]) {
				t.Fatal("the revocation never came out: the test shows nothing")
			}
			for path, versions := range early.lists() {
				t.Logf("%s: %d versions", path, len(versions))
				for i, v := range versions {
					t.Logf("  %d: %s; where nothing happened %s", i, v[:strings.LastIndex(v, " ")], at(quiet.lists()[path], i))
				}
			}
			t.Logf("%d heads, %d bodies of lists and tokens, byte for byte the same in three worlds", len(early.versions), len(early.bodies))
		})
	}
}

// slotOf is the second slot of the first pair of lists, as time since the start
// of the clock.
func slotOf(t *testing.T, home string, cadence time.Duration) (slot time.Duration) {
	t.Helper()
	live(t, home, publicationFixed, time.Second, map[time.Duration]func(*Node){0: func(n *Node) {
		slot = n.slot(n.ownSubjects()[0], 1, n.clock().Add(2*cadence)).Sub(n.clock())
	}})
	return slot
}

func at(list []string, i int) string {
	if i >= len(list) {
		return "none"
	}
	return list[i][:strings.LastIndex(list[i], " ")]
}

// The test above can fail: out of turn, the two worlds are told apart.
func TestOutOfTurnTellsWhen(t *testing.T) {
	home, places := issuerAtRest(t)
	a := live(t, home, publicationFixed, 40*time.Minute, map[time.Duration]func(*Node){16 * time.Minute: revoke(t, places[0], true)})
	b := live(t, home, publicationFixed, 40*time.Minute, map[time.Duration]func(*Node){17 * time.Minute: revoke(t, places[0], true)})
	if difference(a, b) == "" {
		t.Error("two publications out of turn look the same")
	}
}

// What else an issuer publishes between slots takes no list with it.
func TestOtherPublicationsTakeNoListAlong(t *testing.T) {
	home, places := issuerAtRest(t)
	identity := func(n *Node) {
		call[IdentityResponse](t, n, OpIdentitySet, IdentityRequest{Organisation: university()})
	}
	slot := slotOf(t, home, 15*time.Minute)
	before := live(t, home, publicationFixed, 40*time.Minute, map[time.Duration]func(*Node){slot + time.Minute: revoke(t, places[0], false), slot + 2*time.Minute: identity})
	after := live(t, home, publicationFixed, 40*time.Minute, map[time.Duration]func(*Node){slot + 2*time.Minute: identity, slot + 3*time.Minute: revoke(t, places[0], false)})
	if diff := difference(before, after); diff != "" {
		t.Errorf("whether a revocation came before or after another publication shows: %s", diff)
	}
}

// difference says where two worlds part, "" when an observer sees no difference.
func difference(a, b world) string {
	if len(a.versions) != len(b.versions) {
		return fmt.Sprintf("%d and %d heads", len(a.versions), len(b.versions))
	}
	for i := range a.versions {
		if x, y := fmt.Sprintf("%+v", a.versions[i]), fmt.Sprintf("%+v", b.versions[i]); x != y {
			return fmt.Sprintf("version %d:\n%s\n%s", i, x, y)
		}
	}
	for cid, body := range a.bodies {
		if !bytes.Equal(body, b.bodies[cid]) {
			return "the body " + cid
		}
	}
	return ""
}

// onGrid checks that every list and every head after the start carries the time
// of a slot, and that every list came out at each of its slots.
func (w world) onGrid(t *testing.T, publication string, cadence time.Duration) {
	t.Helper()
	for i, v := range w.versions {
		if i > 0 && !v.published.Equal(v.published.Truncate(cadence/slotsPerCadence)) {
			t.Errorf("head %d is of %s, off the grid", v.sequence, v.published)
		}
	}
	for path, versions := range w.lists() {
		if publication == publicationFixed && len(versions) < 5 {
			t.Errorf("%s has only %d versions", path, len(versions))
		}
		for i := 2; i < len(versions); i++ {
			x, y := validFrom(t, versions[i-1]), validFrom(t, versions[i])
			if publication == publicationFixed && y.Sub(x) != cadence {
				t.Errorf("%s: %s after %s", path, y, x)
			}
		}
	}
}

func validFrom(t *testing.T, row string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, strings.Fields(row)[2])
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// revoked tells whether the last version of a credential's list has its bit.
func (w world) revoked(t *testing.T, place string) bool {
	t.Helper()
	list, index, _ := strings.Cut(place, "#")
	versions := w.lists()["status/"+list]
	if len(versions) == 0 {
		t.Fatalf("no list %s", list)
	}
	fields := strings.Fields(versions[len(versions)-1])
	c, err := credential.Parse(w.bodies[fields[3]], listLimits)
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := c.Tree["credentialSubject"].(map[string]any)
	encoded, _ := subject["encodedList"].(string)
	bits, err := revocation.Decode(encoded, 0)
	if err != nil {
		t.Fatal(err)
	}
	var i int64
	if _, err := fmt.Sscan(index, &i); err != nil {
		t.Fatal(err)
	}
	set, err := bits.Get(i)
	return err == nil && set
}

// Few lists are all signed at each slot, many only when they changed, unless the
// setting says so.
func TestAutoIsFixedForFewLists(t *testing.T) {
	for _, c := range []struct {
		publication string
		lists       int
		want        bool
	}{{publicationAuto, 2, true}, {publicationAuto, 2 * fixedPairs, true}, {publicationAuto, 2*fixedPairs + 1, false},
		{publicationFixed, 20_000, true}, {publicationOnChange, 2, false}} {
		if n := (&Node{cfg: Config{Publication: c.publication}}); n.fixed(c.lists) != c.want {
			t.Errorf("%s with %d lists: %v", c.publication, c.lists, !c.want)
		}
	}
}

// The slots of many pairs spread over the cadence, and each list has one in it.
func TestSlotsSpread(t *testing.T) {
	for _, c := range []struct {
		cadence       string
		cadences, all time.Duration
	}{{"15m", 15 * time.Minute, 225 * time.Second}, {"1h", time.Hour, 15 * time.Minute}, {"10s", 10 * time.Second, 5 * time.Second}, {"100ms", time.Second, time.Second}, {"7s", 7 * time.Second, 7 * time.Second}} {
		t.Run(c.cadence, func(t *testing.T) {
			n := &Node{cfg: Config{Cadence: c.cadence}}
			cadence, step := n.grid()
			if cadence != c.cadences || step != c.all {
				t.Fatalf("cadence %s, step %s", cadence, step)
			}
			now := time.Date(2026, 1, 31, 12, 7, 9, 5, time.UTC)
			seen := map[time.Duration]int{}
			for pair := int64(1); pair < 2000; pair += 2 {
				a, b := n.slot("QmA", pair, now), n.slot("QmA", pair+1, now)
				if !a.Equal(b) {
					t.Fatalf("the two lists of pair %d have different slots", pair)
				}
				if a.After(now) || now.Sub(a) >= cadence || !n.slot("QmA", pair, a.Add(cadence-1)).Equal(a) || !n.slot("QmA", pair, a).Equal(a) {
					t.Fatalf("pair %d: slot %s at %s", pair, a, now)
				}
				seen[now.Sub(a)]++
			}
			if len(seen) != int(cadence/step) {
				t.Errorf("%d slots in use, want %d", len(seen), cadence/step)
			}
			for at, k := range seen {
				if k < 1000/len(seen)/2 {
					t.Errorf("only %d of 1000 pairs at %s", k, at)
				}
			}
		})
	}
}
