//go:build system && unix

package bench

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/proof"
)

const (
	bulkLines    = 20_000
	bulkDistinct = 400
	bulkRounds   = 9
	bulkMemory   = 300 << 20 // bytes resident, at most
)

// mix writes credentials of many issuers under all suites but the one of
// selective disclosure; of ten, one was changed and one has expired. It returns
// how many of its lines are valid.
func mix(t *testing.T, file string) (good int) {
	t.Helper()
	l := jsonld.Builtin()
	var all []suite
	for _, s := range suites() {
		if s.name != proof.ECDSASD2023 {
			all = append(all, s)
		}
	}
	distinct := make([][]byte, bulkDistinct)
	for i := range distinct {
		s := all[i%len(all)]
		k := issuerKey(t, s.kind, i/4)
		tree := unsigned(t, k.Public().DIDKey(), func(tree map[string]any) {
			tree["id"] = "urn:example:" + strconv.Itoa(i)
			delete(tree, "credentialStatus")
			if i%10 == 1 {
				tree["validUntil"] = "2026-01-16T00:00:00Z"
			}
		})
		body := s.secure(t, tree, k, l)
		if i%10 == 0 {
			at := len(body) - 40 // inside the signature or the proof's value
			if s.name != vcJWT {
				at = bytes.Index(body, []byte("Informatics"))
			}
			body[at] ^= 1
		}
		distinct[i] = body
	}
	f := must(os.Create(file))(t)
	w := bufio.NewWriter(f)
	for n := range bulkLines {
		i := n % bulkDistinct
		fmt.Fprintf(w, "%s\n", distinct[i])
		if i%10 > 1 {
			good++
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return good
}

// TestBulk measures the program over a file of 20,000 credentials with one core
// and with two. It fails on a wrong count and on too much memory; the speed-up
// depends on who else is on the machine.
func TestBulk(t *testing.T) {
	bin := filepath.Join(vectors.Root(t), "bin", "bonafide")
	if _, err := os.Stat(bin); err != nil {
		vectors.Missing(t, "bin/bonafide (make build)")
	}
	dir := t.TempDir()
	file, home := filepath.Join(dir, "all.ndjson"), filepath.Join(dir, "home")
	good := mix(t, file)
	run := func(cores int, args ...string) (wall, cpu time.Duration, rss int64, output string) {
		cmd := exec.CommandContext(t.Context(), bin, args...)
		cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(cores), "BONAFIDE_HOME="+home)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		start := time.Now()
		_ = cmd.Run() // its exit code says that some are invalid
		wall = time.Since(start)
		u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			t.Fatal("no resource usage")
		}
		return wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), u.Maxrss << 10, stderr.String()
	}
	run(1, "init", "--yes")
	verify := []string{"verify", "--policy", "authentic", "--offline", file}
	want := fmt.Sprintf("%d verified, %d invalid, 0 not established, 0 failed", good, bulkLines-good)
	// A neighbour on the machine can halve the rate of one run. One core, two cores and
	// the bare checks take turns, each gain is of two runs next to each other, and the
	// median of many such pairs is what counts.
	var gains, bareGains, ones, twos []float64
	for range bulkRounds {
		rate, bare := map[int]float64{}, map[int]float64{}
		for _, cores := range []int{1, 2} {
			bare[cores] = bareRate(t, cores)
			wall, cpu, rss, said := run(cores, verify...)
			if !strings.Contains(said, want) {
				t.Fatalf("%s, want %s", said, want)
			}
			t.Logf("%d cores: %.0f per second, %.0f per CPU-second, %d MB resident", cores,
				bulkLines/wall.Seconds(), bulkLines/cpu.Seconds(), rss>>20)
			if rss > bulkMemory {
				t.Errorf("%d bytes resident", rss)
			}
			rate[cores] = bulkLines / wall.Seconds()
		}
		gains, bareGains = append(gains, rate[2]/rate[1]), append(bareGains, bare[2]/bare[1])
		ones, twos = append(ones, rate[1]), append(twos, rate[2])
	}
	t.Logf("%.0f per second with one core, %.0f with two, at best %.0f and %.0f", median(ones), median(twos), slices.Max(ones), slices.Max(twos))
	t.Logf("two cores are %.2f times as fast as one by the clock (%.2f to %.2f); bare signature checks, in turns with the above, %.2f times",
		median(gains), slices.Min(gains), slices.Max(gains), median(bareGains))
}

// bareRate is how many bare signature checks per second so many cores make now:
// what the machine has left for us.
func bareRate(t *testing.T, cores int) float64 {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	msg := make([]byte, 64)
	sig := ed25519.Sign(priv, msg)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	var count atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range cores {
		wg.Go(func() {
			for time.Since(start) < time.Second/2 {
				if ed25519.Verify(pub, msg, sig) {
					count.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return float64(count.Load()) / time.Since(start).Seconds()
}
