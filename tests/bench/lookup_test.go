//go:build system && unix

package bench

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store/sqlite"
	"github.com/bonafide-id/bonafide/verdict"
)

const (
	lookUps  = 5_000_000
	indexMax = 150 << 20
)

// TestEuropeLookUp is the second half of TestEurope, in a process of its own: it
// reads every list of a store into an index and looks credentials up.
func TestEuropeLookUp(t *testing.T) {
	home := os.Getenv(homeEnv)
	if home == "" {
		t.Log("a part of TestEurope, which names the store in " + homeEnv)
		return
	}
	want := must(strconv.Atoi(os.Getenv("BONAFIDE_EUROPE_REVOKED")))(t)
	s := must(sqlite.Open(t.Context(), filepath.Join(home, storeDB), sqlite.Config{OpenCheck: sqlite.OpenNone}))(t)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	r := must(replica.New(replica.Config{Store: s}))(t)
	at := time.Now()
	opt := revocation.Options{At: at, Credential: credential.Options{At: at, Resolver: r.Resolver(), Loader: jsonld.Builtin()}}
	subjects := must(r.Subjects(t.Context(), "", 0))(t)
	each := func(kind revocation.Purpose, f func(found *revocation.Found)) {
		for _, sub := range subjects {
			for _, leaf := range must(r.Manifest(t.Context(), sub.Subject))(t) {
				var number int64
				if _, err := fmt.Sscanf(leaf.Path, "status/%d", &number); err != nil || strings.Contains(leaf.Path, ".") || (number%2 == 1) != (kind == revocation.Revocation) {
					continue
				}
				v := must(r.File(t.Context(), sub.Subject, leaf.Path))(t)
				if v.State != replica.Current {
					t.Fatalf("%s of %s is not here", leaf.Path, sub.Subject)
				}
				f(&revocation.Found{Body: v.Body, Source: "replica", InHead: revocation.Yes, Digest: v.CID.String()})
			}
		}
	}
	looked(t, opt, want, each)
}

// TestLookUpAmongABillion is the look-up alone, over lists that are made for it: as
// a soak, and without a book behind them, as many as for a billion credentials.
func TestLookUpAmongABillion(t *testing.T) {
	lists := size(t, "BONAFIDE_EUROPE_LISTS", 256, europe)
	file := must(os.Create(filepath.Join(t.TempDir(), "lists")))(t)
	seed := rand.New(rand.NewPCG(1, 2))
	at := time.Now().Truncate(time.Second)
	want, ends, end := 0, make([]int64, lists), int64(0)
	for i := range lists {
		k := issuerKey(t, key.Ed25519, i%100)
		bits := revocation.NewBitstring(entries)
		for range revoked1 {
			if err := bits.Set(seed.Int64N(entries)); err != nil {
				t.Fatal(err)
			}
		}
		want += bits.Count()
		body := must(revocation.SignList(t.Context(), revocation.ListSpec{URL: fmt.Sprintf("https://issuer%d.example/status/%d", i%100, i),
			Issuer: k.Public().DIDKey(), Purpose: revocation.Revocation, Bits: bits, ValidFrom: at, ValidUntil: at.AddDate(0, 1, 0)}, k, method(k)))(t)
		n := must(file.Write(body))(t)
		end += int64(n)
		ends[i] = end
	}
	t.Logf("%d lists made, %s", lists, mb(end))
	opt := revocation.Options{At: at, Credential: credential.Options{At: at, Resolver: registry(), Loader: jsonld.Builtin()}}
	looked(t, opt, want, func(kind revocation.Purpose, f func(found *revocation.Found)) {
		if kind != revocation.Revocation {
			return
		}
		start := int64(0)
		for _, end := range ends {
			body := make([]byte, end-start)
			_ = must(file.ReadAt(body, start))(t)
			start = end
			f(&revocation.Found{Body: body, Source: "replica", InHead: revocation.Yes})
		}
	})
}

// looked reads all lists into an index, looks up in it and measures both.
func looked(t *testing.T, opt revocation.Options, want int, each func(revocation.Purpose, func(*revocation.Found))) {
	t.Helper()
	resident := func() int64 { debug.FreeOSMemory(); return status(t, "VmRSS:") }
	empty := resident()
	x := revocation.NewIndex(revocation.IndexConfig{MaxBytes: indexMax * 8 / 7})
	var table []revocation.Bitstring
	start, cpu := time.Now(), usage(t, syscall.RUSAGE_SELF)
	for _, kind := range []revocation.Purpose{revocation.Revocation, revocation.Suspension} {
		each(kind, func(f *revocation.Found) {
			l, row, ok := x.Read(t.Context(), f, opt)
			if !ok {
				t.Fatal(row)
			}
			if kind == revocation.Revocation {
				table = append(table, l.Bits)
			}
		})
	}
	took, used := since(start), usage(t, syscall.RUSAGE_SELF)-cpu
	before := status(t, "VmRSS:")
	stats, held := x.Stats(), resident()
	t.Logf("loaded: %d lists (%d with revocations) in %v, of a processor %v; the index counts %s; %s more resident than before, and %s of garbage before it was collected",
		stats.Lists, len(table), took, used.Round(time.Millisecond), mb(stats.Bytes), mb(held-empty), mb(before-held))
	if stats.Bytes > indexMax || stats.Evicted > 0 {
		t.Errorf("%+v", stats)
	}
	set := 0
	for _, b := range table {
		set += b.Count()
	}
	if set != want {
		t.Errorf("%d credentials are revoked, %d were", set, want)
	}
	lookUp(t, table)
	allChecked(t, opt, each)
	runtime.KeepAlive(x)
}

// lookUp compares look-ups at random places with the bare reading of memory. In
// the first pair of figures each place depends on what was read before, so that
// nothing overlaps; in the second nothing does.
func lookUp(t *testing.T, table []revocation.Bitstring) {
	t.Helper()
	flat := make([]byte, 0, len(table)*entries/8)
	for _, b := range table {
		flat = append(flat, b.Bytes()...)
	}
	total := uint64(len(flat)) * 8
	const mul, add = 6364136223846793005, 1442695040888963407
	// place maps a random number to 0..n-1 without a division.
	place := func(x, n uint64) uint64 { return (x >> 32) * n >> 32 }
	run := func(chained bool) (ours, bare float64, found uint64) {
		var best [2]float64
		for round := range rounds {
			x, bit, sum := uint64(round)*2+1, uint64(0), uint64(0)
			var m1, m2 runtime.MemStats
			runtime.ReadMemStats(&m1)
			start := usage(t, syscall.RUSAGE_SELF) // others are on the machine
			for range lookUps {
				x = x*mul + add
				if chained {
					x += bit
				}
				at := place(x, total)
				on, err := table[at/entries].Get(int64(at % entries))
				if err != nil {
					t.Fatal(err)
				}
				bit = 0
				if on {
					bit = 1
				}
				sum += bit
			}
			ns := float64(usage(t, syscall.RUSAGE_SELF)-start) / lookUps
			runtime.ReadMemStats(&m2)
			if n := m2.Mallocs - m1.Mallocs; n > 100 {
				t.Errorf("%d allocations in %d look-ups", n, lookUps)
			}
			x, bit = uint64(round)*2+1, 0
			again := uint64(0)
			start = usage(t, syscall.RUSAGE_SELF)
			for range lookUps {
				x = x*mul + add
				if chained {
					x += bit
				}
				at := place(x, total)
				bit = uint64(flat[at>>3]>>(7-at&7)) & 1
				again += bit
			}
			raw := float64(usage(t, syscall.RUSAGE_SELF)-start) / lookUps
			if again != sum {
				t.Fatalf("%d and %d are set", sum, again)
			}
			found += sum
			if round == 0 || ns < best[0] {
				best[0] = ns
			}
			if round == 0 || raw < best[1] {
				best[1] = raw
			}
		}
		return best[0], best[1], found
	}
	for _, chained := range []bool{true, false} {
		ours, bare, found := run(chained)
		t.Logf("look-up at random among %d credentials, dependent %v: %.1f ns, 0 allocations; bare read of the same memory %.1f ns: %.2f times (%d of %d set)",
			total, chained, ours, bare, ours/bare, found, rounds*lookUps)
	}
}

// allChecked compares the checking of all lists with the sum of what nobody can do
// without: one signature, one inflation and the hashes of each. A second figure is
// that of checking and keeping, where what is inflated goes into memory that the
// process did not have before.
func allChecked(t *testing.T, opt revocation.Options, each func(revocation.Purpose, func(*revocation.Found))) {
	t.Helper()
	var all []*revocation.Found
	var packed [][]byte
	each(revocation.Revocation, func(f *revocation.Found) {
		tree := must(strictjson.ParseObject(f.Body, strictjson.Limits{}))(t)
		text, _ := tree["credentialSubject"].(map[string]any)["encodedList"].(string)
		packed = append(packed, must(base64.RawURLEncoding.DecodeString(text[1:]))(t))
		all = append(all, f)
	})
	pub, priv := must2(ed25519.GenerateKey(nil))(t)
	msg := make([]byte, 64)
	sig := ed25519.Sign(priv, msg)
	var sums [3]time.Duration
	bare := func() time.Duration {
		start := usage(t, syscall.RUSAGE_SELF)
		for i := range all {
			if !ed25519.Verify(pub, msg, sig) {
				t.Fatal(i)
			}
		}
		one := usage(t, syscall.RUSAGE_SELF)
		var z gzip.Reader
		out := make([]byte, 0, entries/8+bytes.MinRead)
		for i, p := range packed {
			if err := z.Reset(bytes.NewReader(p)); err != nil {
				t.Fatal(err)
			}
			buf := bytes.NewBuffer(out[:0])
			if _, err := io.Copy(buf, &z); err != nil || buf.Len() != entries/8 {
				t.Fatal(i, err)
			}
		}
		two := usage(t, syscall.RUSAGE_SELF)
		for _, f := range all {
			// The proof signs two hashes; the content address is a third.
			_ = sha256.Sum256(f.Body)
			_ = sha256.Sum256(f.Body[:300])
			_ = record.CIDOf(f.Body)
		}
		three := usage(t, syscall.RUSAGE_SELF)
		sums = [3]time.Duration{one - start, two - one, three - two}
		return three - start
	}
	ours := func(keep bool) time.Duration {
		x := revocation.NewIndex(revocation.IndexConfig{MaxBytes: indexMax * 8 / 7})
		opt := opt
		opt.Index = x // also lends the memory to inflate in
		start := usage(t, syscall.RUSAGE_SELF)
		for _, f := range all {
			read := func() (*revocation.List, verdict.Check, bool) { return revocation.ReadList(t.Context(), f.Body, opt) }
			if keep {
				read = func() (*revocation.List, verdict.Check, bool) { return x.Read(t.Context(), f, opt) }
			}
			if l, row, ok := read(); !ok || l.Bits.Len() != entries {
				t.Fatal(row)
			}
		}
		return usage(t, syscall.RUSAGE_SELF) - start
	}
	var mine, kept, least []float64
	for range 3 {
		mine, least, kept = append(mine, ours(false).Seconds()), append(least, bare().Seconds()), append(kept, ours(true).Seconds())
	}
	t.Logf("all %d signed lists checked: %.2f s of a processor; signatures %v, inflation %v, hashes %v: %.2f s; %.2f times; checked and kept %.2f s, %.2f times",
		len(all), median(mine), sums[0], sums[1], sums[2], median(least), median(mine)/median(least), median(kept), median(kept)/median(least))
}

func must2[A, B any](a A, b B, err error) func(testing.TB) (A, B) {
	return func(t testing.TB) (A, B) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a, b
	}
}
