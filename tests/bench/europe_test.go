//go:build system && unix

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

const (
	entries  = revocation.MinEntries
	europe   = 7630 // lists, so that there are a billion entries
	homeEnv  = "BONAFIDE_EUROPE_HOME"
	storeDB  = "store.db"
	revoked1 = entries / 100
)

// size reads a number from the environment.
func size(t *testing.T, name string, small, soak int) int {
	t.Helper()
	n := small
	if os.Getenv("BONAFIDE_SOAK") == "1" {
		n = soak
	}
	if s := os.Getenv(name); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			t.Fatalf("%s = %q", name, s)
		}
	}
	return n
}

// TestEurope makes the registry of a whole Europe, publishes it, brings it to a
// second node, looks credentials up there, then revokes a thousandth of all in one
// batch and does it again. It prints figures and judges that what was revoked, and
// nothing else, is seen revoked. Sizes come from BONAFIDE_EUROPE_LISTS (64, as a
// soak 7,630, which are a billion credentials), BONAFIDE_EUROPE_ISSUERS (4; 100)
// and BONAFIDE_EUROPE_BATCH (a thousandth of the credentials).
func TestEurope(t *testing.T) {
	lists := size(t, "BONAFIDE_EUROPE_LISTS", 64, europe)
	issuers := size(t, "BONAFIDE_EUROPE_ISSUERS", 4, 100)
	batch := size(t, "BONAFIDE_EUROPE_BATCH", lists*entries/1000, lists*entries/1000)
	w := &world{t: t, sequence: map[string]int64{}, seed: rand.New(rand.NewPCG(1, uint64(lists)))}
	cfg := w.settings("issuers")
	w.make(cfg, issuers)
	w.fill(cfg, lists)
	t.Logf("the book of %d credentials in %d lists of %d issuers, 1 %% revoked: %s on disk", lists*entries, lists, issuers, mb(onDisk(t, cfg.Home)))

	a := w.open(cfg)
	w.publishAll(a)
	bodies := w.folders(cfg)
	t.Logf("the issuers' store after publishing: %s on disk", mb(onDisk(t, cfg.Home)))
	a.run()
	wire := newWire(t, a)
	verifier := w.settings("verifier", wire.addr)
	b := w.open(verifier)
	b.run()
	w.until("the two meet", func() bool { return b.Info(t.Context()).Peers > 0 })
	w.replicate(b, wire, 0, bodies)
	t.Logf("the verifier's store: %s on disk", mb(onDisk(t, verifier.Home)))
	w.child(verifier.Home)

	w.revoke(cfg, batch)
	before := wire.bytes.Load() // the verifier hears of each head as it is published
	w.publishAll(a)
	bodies = w.folders(cfg)
	w.replicate(b, wire, before, bodies)
	w.child(verifier.Home)
}

// place is a list of an issuer.
type place struct {
	subject string
	list    int64
}

type world struct {
	t         *testing.T
	seed      *rand.Rand
	own       []node.IssuerInfo
	lists     []place         // the revocation lists
	revoked   int             // credentials
	published map[string]bool // the files of the newest publication
	sequence  map[string]int64
}

func (w *world) settings(name string, bootstrap ...string) node.Config {
	cfg := node.DefaultConfig()
	cfg.Home = filepath.Join(w.t.TempDir(), name)
	cfg.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	cfg.Public, cfg.Admin, cfg.DHT = "127.0.0.1:0", "127.0.0.1:0", "off"
	cfg.Bootstrap, cfg.Gossip, cfg.Cadence, cfg.SyncInterval = bootstrap, "100ms", "24h", "1s"
	cfg.Policy, cfg.ResumeAlone = "authentic", true
	return cfg
}

func pass() keystore.Passphrase { return keystore.Fixed([]byte("correct horse")) }

// make creates the homes of the issuers and of the verifier.
func (w *world) make(cfg node.Config, issuers int) {
	w.t.Helper()
	start := time.Now()
	if _, err := node.Init(w.t.Context(), cfg, node.InitOptions{Passphrase: pass(), Domain: "issuer0.example", WorkFactor: 1}); err != nil {
		w.t.Fatal(err)
	}
	a := w.open(cfg)
	for i := 1; i < issuers; i++ {
		op[node.Created](w.t, a.Node, node.OpDIDCreate, node.CreateRequest{Domain: fmt.Sprintf("issuer%d.example", i)})
	}
	w.own = a.Info(w.t.Context()).Issuers
	a.stop()
	w.t.Logf("%d issuers made in %v", len(w.own), since(start))
}

// fill writes lists that are given out to the last index and of which one in a
// hundred is revoked, at random.
func (w *world) fill(cfg node.Config, lists int) {
	w.t.Helper()
	s := must(sqlite.Open(w.t.Context(), filepath.Join(cfg.Home, storeDB), sqlite.Config{OpenCheck: sqlite.OpenNone}))(w.t)
	all := bytes.Repeat([]byte{0xff}, entries/8)
	start, now := time.Now(), time.Now().UnixMilli()
	per := (lists + len(w.own) - 1) / len(w.own)
	const together = 16 // lists in one transaction
	for done := 0; done < lists; {
		subject := w.own[done/per].Subject
		upTo := min(done+together, (done/per+1)*per, lists)
		err := s.Update(w.t.Context(), subject, func(tx store.Tx) error {
			for ; done < upTo; done++ {
				if err := w.list(tx, subject, int64(2*(done%per)+1), all, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
		if done%500 < together {
			w.t.Logf("%d lists in %v", done, since(start))
		}
	}
	if err := s.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Logf("%d lists written in %v", lists, since(start))
}

// list writes one pair of lists.
func (w *world) list(tx store.Tx, subject string, number int64, all []byte, now int64) error {
	taken := make(map[int64]bool, revoked1)
	for len(taken) < revoked1 {
		taken[w.seed.Int64N(entries)] = true
	}
	rows := make([]store.Change, 0, revoked1)
	for _, index := range slices.Sorted(maps.Keys(taken)) {
		rows = append(rows, store.Change{Issuer: subject, List: number, Index: index, Purpose: string(revocation.Revocation), Status: 1, At: now, By: "generator"})
	}
	for n, p := range []revocation.Purpose{revocation.Revocation, revocation.Suspension} {
		if err := tx.PutList(store.List{Issuer: subject, Number: number + int64(n), Purposes: []string{string(p)}, Size: entries,
			State: store.ListClosed, Created: now, Dirty: true, Bitmap: all}); err != nil {
			return err
		}
	}
	w.lists = append(w.lists, place{subject, number})
	w.revoked += len(rows)
	_, err := tx.PutChanges(rows)
	return err
}

// publishAll publishes for every issuer.
func (w *world) publishAll(a *started) {
	w.t.Helper()
	start, cpu := time.Now(), usage(w.t, syscall.RUSAGE_SELF)
	files, heads, longest := 0, 0, time.Duration(0)
	for _, is := range w.own {
		one := time.Now()
		res := op[node.PublishResponse](w.t, a.Node, node.OpPublish, node.PublishRequest{Issuer: is.DID})
		longest = max(longest, time.Since(one))
		files += res.Changed
		heads += int(res.Sequence - w.sequence[is.Subject])
		w.sequence[is.Subject] = res.Sequence
	}
	w.t.Logf("published: %d lists and %d heads signed in %v, of a processor %v, the longest publication %v; at most %s resident",
		files, heads, since(start), (usage(w.t, syscall.RUSAGE_SELF) - cpu).Round(time.Millisecond), longest.Round(time.Millisecond), mb(peak(w.t)))
}

// folders measures what is published, and what of it was not there before.
func (w *world) folders(cfg node.Config) (changed int64) {
	w.t.Helper()
	s := must(sqlite.Open(w.t.Context(), filepath.Join(cfg.Home, storeDB), sqlite.Config{OpenCheck: sqlite.OpenNone}))(w.t)
	all, files, changes := int64(0), 0, 0
	now := make(map[string]bool)
	err := s.View(w.t.Context(), func(tx store.Tx) error {
		for _, is := range w.own {
			drafts, err := tx.ListDrafts(is.Subject)
			if err != nil {
				return err
			}
			for _, d := range drafts {
				key := is.Subject + d.Path + d.CID
				now[key] = true
				all, files = all+d.Size, files+1
				if !w.published[key] {
					changed, changes = changed+d.Size, changes+1
				}
			}
		}
		return nil
	})
	if err = errors.Join(err, s.Close()); err != nil {
		w.t.Fatal(err)
	}
	w.published = now
	w.t.Logf("the folders hold %s in %d files, new since the last publication: %s in %d", mb(all), files, mb(changed), changes)
	return changed
}

// replicate brings every folder to the verifier and says what went over the wire
// since before, for so many bytes that had to.
func (w *world) replicate(b *started, wire *wire, before, bodies int64) {
	w.t.Helper()
	start, cpu := time.Now(), usage(w.t, syscall.RUSAGE_SELF)
	for _, is := range w.own {
		w.until("the folder of "+is.DID+" is here", func() bool {
			res, err := try[node.FollowResponse](w.t, b.Node, node.OpFollow, node.FollowRequest{DID: is.DID})
			return err == nil && res.Sequence >= w.sequence[is.Subject] && res.Missing == 0
		})
	}
	sent := wire.bytes.Load() - before
	w.t.Logf("replicated: %d folders in %v, of a processor (both sides) %v; %s on the wire for %s, %.2f times; at most %s resident", len(w.own), since(start),
		(usage(w.t, syscall.RUSAGE_SELF) - cpu).Round(time.Millisecond), mb(sent), mb(bodies), float64(sent)/float64(bodies), mb(peak(w.t)))
}

// revoke takes back so many credentials, spread over all lists.
func (w *world) revoke(cfg node.Config, n int) {
	w.t.Helper()
	s := must(sqlite.Open(w.t.Context(), filepath.Join(cfg.Home, storeDB), sqlite.Config{OpenCheck: sqlite.OpenNone}))(w.t)
	book := revocation.NewBook(revocation.BookConfig{Store: s})
	per := make(map[string][]revocation.Op)
	for i := range n {
		l := w.lists[i%len(w.lists)]
		per[l.subject] = append(per[l.subject], revocation.Op{Issuer: l.subject, List: l.list, Index: w.seed.Int64N(entries), Purpose: revocation.Revocation, Set: true, By: "generator"})
	}
	start, done, slowest := time.Now(), 0, time.Duration(0)
	for subject, ops := range per {
		for len(ops) > 0 {
			k := min(len(ops), revocation.MaxOps)
			one := time.Now()
			res, err := book.SetMany(w.t.Context(), subject, ops[:k])
			if err != nil {
				w.t.Fatal(err)
			}
			slowest = max(slowest, time.Since(one))
			for _, r := range res {
				if r.Err != nil {
					w.t.Fatal(r.Err)
				}
				if r.Changed {
					done++
				}
			}
			ops = ops[k:]
		}
	}
	w.revoked += done
	if err := s.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Logf("revoked %d, of which %d were not so before, in %v, the longest transaction %v; the issuers' store takes %s", n, done, since(start),
		slowest.Round(time.Millisecond), mb(onDisk(w.t, cfg.Home)))
}

// started is a node in this process.
type started struct {
	*node.Node
	t    *testing.T
	stop func()
	run  func()
}

func (w *world) open(cfg node.Config) *started {
	w.t.Helper()
	if _, err := os.Stat(cfg.Home); errors.Is(err, fs.ErrNotExist) {
		if _, err := node.Init(w.t.Context(), cfg, node.InitOptions{Passphrase: pass(), WorkFactor: 1}); err != nil {
			w.t.Fatal(err)
		}
	}
	start := time.Now()
	n, err := node.Open(w.t.Context(), cfg, node.Options{Passphrase: pass(), WorkFactor: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Logf("%s opened in %v", filepath.Base(cfg.Home), since(start))
	s := &started{Node: n, t: w.t}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	done := make(chan error, 1)
	running, stopped := false, false
	s.run = func() {
		ready := make(chan struct{})
		running = true
		go func() { done <- n.Run(ctx, func() { close(ready) }) }()
		select {
		case <-ready:
		case err := <-done:
			w.t.Fatal(err)
		}
	}
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if running {
			if err := <-done; err != nil {
				w.t.Error(err)
			}
		}
		if err := n.Close(); err != nil {
			w.t.Error(err)
		}
	}
	w.t.Cleanup(s.stop)
	return s
}

func try[Out any](t *testing.T, n *node.Node, name string, in any) (out Out, err error) {
	b, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	res, err := n.Op(t.Context(), name, node.Caller{Role: node.RoleOperator, By: "bench"}, b)
	if err != nil {
		return out, err
	}
	raw, err := json.Marshal(res)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(raw, &out)
}

func op[Out any](t *testing.T, n *node.Node, name string, in any) Out {
	t.Helper()
	out, err := try[Out](t, n, name, in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

// until asks again until ok, for at most ten minutes.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); time.Since(start) < 10*time.Minute; <-tick.C {
		if ok() {
			return
		}
	}
	w.t.Fatalf("not in ten minutes: %s", what)
}

func since(t time.Time) time.Duration { return time.Since(t).Round(time.Millisecond) }

func mb(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// onDisk is what the files of a home take.
func onDisk(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// peak is the most memory that this process ever had resident, in bytes.
func peak(t *testing.T) int64 { return status(t, "VmHWM:") }

func status(t *testing.T, name string) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("no " + name)
	return 0
}

// child looks credentials up over a store in a process of its own, whose memory
// is that of the look-up alone.
func (w *world) child(home string) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), os.Args[0], "-test.v", "-test.run", "^TestEuropeLookUp$", "-test.timeout", "30m")
	cmd.Env = append(os.Environ(), homeEnv+"="+home, "BONAFIDE_EUROPE_REVOKED="+strconv.Itoa(w.revoked))
	out, err := cmd.CombinedOutput()
	w.t.Logf("%s", out)
	if err != nil {
		w.t.Fatal(err)
	}
}
