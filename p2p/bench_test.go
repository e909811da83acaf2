package p2p

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

// BenchmarkRequest is one small question and answer over an open connection.
func BenchmarkRequest(b *testing.B) {
	for _, via := range []struct{ name, addr string }{{"tcp", viaTCP}, {"quic", viaQUIC}} {
		b.Run(via.name, func(b *testing.B) {
			x, y := pair(b, func(c *Config) {
				c.Listen = []string{via.addr}
				c.Limits.RequestRate, c.Limits.RequestBurst = 1e9, 1<<30
			})
			y.Handle("echo", echo(1<<20), OpLimits{})
			req := make([]byte, 100)
			ctx := context.Background()
			for b.Loop() {
				if err := x.Request(ctx, y.ID(), "echo", req, nothing); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTransfer is an answer of 16 MiB in frames of 256 KiB.
func BenchmarkTransfer(b *testing.B) {
	for _, via := range []struct{ name, addr string }{{"tcp", viaTCP}, {"quic", viaQUIC}} {
		b.Run(via.name, func(b *testing.B) {
			x, y := pair(b, func(c *Config) {
				c.Listen = []string{via.addr}
				c.Limits.ByteRate, c.Limits.ByteBurst = 1e12, 1<<40
				c.Limits.RequestRate, c.Limits.RequestBurst = 1e9, 1<<30
			})
			frame := make([]byte, 256<<10)
			y.Handle("bulk", func(_ context.Context, _ string, _ []byte, w Writer) error {
				for range 64 {
					if err := w.Frame(frame); err != nil {
						return err
					}
				}
				return nil
			}, OpLimits{})
			b.SetBytes(64 * int64(len(frame)))
			for b.Loop() {
				if err := x.Request(context.Background(), y.ID(), "bulk", nil, nothing); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGossip is the time from Publish to the neighbour's validator, one
// message of 256 bytes at a time.
func BenchmarkGossip(b *testing.B) {
	for _, via := range []struct{ name, addr string }{{"tcp", viaTCP}, {"quic", viaQUIC}} {
		b.Run(via.name, func(b *testing.B) {
			x, y := pair(b, func(c *Config) {
				c.Listen = []string{via.addr}
				c.Limits.MessageRate, c.Limits.MessageBurst = 1e9, 1<<30
			})
			accept, _ := collect(1)
			got := make(chan struct{}, 1)
			must(b, x.Join(topic, accept))
			must(b, y.Join(topic, func(context.Context, string, []byte) Verdict { got <- struct{}{}; return Accept }))
			awaitSubscriber(b, x, topic, y.host.ID())
			data := make([]byte, 256)
			var times []time.Duration
			for i := uint64(0); b.Loop(); i++ {
				binary.BigEndian.PutUint64(data, i)
				start := time.Now()
				if err := x.Publish(context.Background(), topic, data); err != nil {
					b.Fatal(err)
				}
				<-got
				times = append(times, time.Since(start))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-us")
		})
	}
}

// BenchmarkConnect is a connection with its identification, and its end.
func BenchmarkConnect(b *testing.B) {
	for _, via := range []struct{ name, addr string }{{"tcp", viaTCP}, {"quic", viaQUIC}} {
		b.Run(via.name, func(b *testing.B) {
			edit := func(c *Config) { c.Listen = []string{via.addr} }
			x, y := newTestHost(b, edit), newTestHost(b, edit)
			for b.Loop() {
				if _, err := x.Connect(context.Background(), y.Addrs()[0]); err != nil {
					b.Fatal(err)
				}
				_ = x.host.Network().ClosePeer(y.host.ID())
			}
		})
	}
}
