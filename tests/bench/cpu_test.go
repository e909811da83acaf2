//go:build system && unix

package bench

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// usage is what this process has used so far: CPU time of all threads, user and
// system.
func usage(t testing.TB, who int) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measured is one round of one side.
type measured struct {
	Ops       float64 `json:"ops"`
	CPUNanos  float64 `json:"cpuNanos"`
	WallNanos float64 `json:"wallNanos"`
}

func (m measured) perCPUSecond() float64 { return m.Ops / m.CPUNanos * 1e9 }

// middle is the median of the rounds, per second of CPU time.
func middle(rounds []measured) float64 {
	all := make([]float64, len(rounds))
	for i, m := range rounds {
		all[i] = m.perCPUSecond()
	}
	return median(all)
}

func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// measure runs f for ms milliseconds.
func measure(t testing.TB, ms int, f func() error) measured {
	t.Helper()
	start, cpu, n := time.Now(), usage(t, syscall.RUSAGE_SELF), 0
	for time.Since(start) < time.Duration(ms)*time.Millisecond {
		if err := f(); err != nil {
			t.Fatal(err)
		}
		n++
	}
	return measured{float64(n), float64(usage(t, syscall.RUSAGE_SELF) - cpu), float64(time.Since(start))}
}
