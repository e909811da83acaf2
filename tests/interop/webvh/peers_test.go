//go:build system && unix

package webvh

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did/webvh"
)

// rounds is how often each side is measured, in turn; the middle one counts.
const (
	rounds  = 3
	benchMS = 600
)

// generated is a log of n entries in which every entry rotates the key and
// changes a document with a verification method and a service.
func generated(t testing.TB, n int) []byte {
	t.Helper()
	h, err := webvh.Create(t.Context(), webvh.CreateOptions{
		Location: webvh.Location{Host: "issuer.example"}, Document: document(t), Signer: testKey(t, "k0"),
		NextKeys: publics(t, "k1"), Now: start,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < n; i++ {
		h, err = h.Update(t.Context(), webvh.UpdateOptions{
			Signer: testKey(t, "k"+strconv.Itoa(i)), NextKeys: publics(t, "k"+strconv.Itoa(i+1)),
			Document: document(t), Now: start.Add(time.Duration(i) * time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return h.Log()
}

type measured struct {
	Ops       float64 `json:"ops"`
	CPUNanos  float64 `json:"cpuNanos"`
	WallNanos float64 `json:"wallNanos"`
}

func (m measured) cpu() float64  { return m.CPUNanos / m.Ops }
func (m measured) wall() float64 { return m.WallNanos / m.Ops }

// middle returns the round with the median CPU time per operation.
func middle(list []measured) measured {
	for i := range list {
		for j := i; j > 0 && list[j].cpu() < list[j-1].cpu(); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list[len(list)/2]
}

// measure runs f for a while and counts the CPU time of the whole process.
func measure(t *testing.T, f func() error) measured {
	t.Helper()
	if err := f(); err != nil {
		t.Fatal(err)
	}
	c0, w0, n := cpuNanos(t), time.Now(), 0
	for time.Since(w0) < benchMS*time.Millisecond {
		if err := f(); err != nil {
			t.Fatal(err)
		}
		n++
	}
	return measured{float64(n), float64(cpuNanos(t) - c0), float64(time.Since(w0))}
}

// TestWebVHPeers measures full checks of generated logs, ours and theirs in
// turn. Run it with -v; it fails only when a side refuses a log, for the ratios
// depend on the machine.
func TestWebVHPeers(t *testing.T) {
	call := peer(t)
	opt := webvh.VerifyOptions{Now: time.Now()}
	full := generated(t, 1001)
	all := bytes.SplitAfter(full, []byte("\n"))
	t.Logf("%-8s %10s %14s %14s %12s %12s", "entries", "bytes", "ours cpu-us", "theirs cpu-us", "per CPU-s", "wall, 2 workers")
	for _, n := range []int{1, 10, 100, 1000} {
		log := bytes.Join(all[:n], nil)
		path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.jsonl", n))
		if err := os.WriteFile(path, log, 0o600); err != nil {
			t.Fatal(err)
		}
		var one, two, grown, appended, theirs []measured
		base, err := webvh.Verify(log, nil, opt)
		if err != nil {
			t.Fatal(err)
		}
		next := bytes.Join(all[:n+1], nil)
		for range rounds {
			one = append(one, measure(t, func() error { _, err := webvh.Verify(log, nil, opt); return err }))
			parallel := opt
			parallel.Workers = 2
			two = append(two, measure(t, func() error { _, err := webvh.Verify(log, nil, parallel); return err }))
			grown = append(grown, measure(t, func() error { _, err := base.Extend(next, nil, opt); return err }))
			appended = append(appended, measure(t, func() error { _, err := base.Append(all[n], nil, opt); return err }))
			var m measured
			if err := json.Unmarshal(call(nil, "bench", strconv.Itoa(n), strconv.Itoa(benchMS), path), &m); err != nil {
				t.Fatal(err)
			}
			theirs = append(theirs, m)
		}
		o, w, g, a, p := middle(one), middle(two), middle(grown), middle(appended), middle(theirs)
		t.Logf("%-8d %10d %14.1f %14.1f %11.1fx %11.1fx", n, len(log), o.cpu()/1e3, p.cpu()/1e3, p.cpu()/o.cpu(), p.wall()/w.wall())
		t.Logf("%-8s %10s %14.1f %14s %11.0fx   (whole file again; they check all of it)", "+1", "", g.cpu()/1e3, "", p.cpu()/g.cpu())
		t.Logf("%-8s %10s %14.1f %14s %11.0fx   (the new line only)", "+1 line", "", a.cpu()/1e3, "", p.cpu()/a.cpu())
	}
	forged := strings.Replace(string(full), "/dns4/uni.example", "/dns4/evil.example", 1)
	if _, err := webvh.Verify([]byte(forged), nil, opt); err == nil {
		t.Error("a changed log was accepted")
	}
}
