package p2p

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"

	golog "github.com/ipfs/go-log/v2"
	"github.com/libp2p/go-libp2p/gologshim"
	"go.uber.org/zap/zapcore"
)

// libraryLevel is the least level of libp2p's own lines that is passed on: it
// reports every failed dial of a stranger's address as information.
const libraryLevel = slog.LevelWarn

// logRoute hands the lines of libp2p, which logs per process and not per host,
// to one host's logger until that host is closed. A line is never written
// anywhere else: left alone, libp2p would print JSON to standard error.
type logRoute struct {
	target *atomic.Pointer[slog.Logger]
	attrs  []slog.Attr
}

// newLogRoute directs libp2p's and the DHT's lines to log. libp2p binds each
// of its subsystems to the first handler it meets, so in a process with
// several hosts the first keeps them.
func newLogRoute(log *slog.Logger) *logRoute {
	r := &logRoute{target: new(atomic.Pointer[slog.Logger])}
	r.target.Store(log.With("from", "libp2p"))
	gologshim.SetDefaultHandler(r)
	golog.SetPrimaryCore(zapRoute{r})
	return r
}

// close drops all later lines: the logger may not outlive its host.
func (r *logRoute) close() { r.target.Store(nil) }

// Enabled implements slog.Handler.
func (r *logRoute) Enabled(ctx context.Context, l slog.Level) bool {
	t := r.target.Load()
	return t != nil && l >= libraryLevel && t.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (r *logRoute) Handle(ctx context.Context, rec slog.Record) error {
	t := r.target.Load()
	if t == nil || rec.Level < libraryLevel {
		return nil
	}
	// libp2p's own errors are about single peers; for the operator of this
	// node they are warnings.
	out := slog.NewRecord(rec.Time, min(rec.Level, slog.LevelWarn), rec.Message, 0)
	out.AddAttrs(r.attrs...)
	rec.Attrs(func(a slog.Attr) bool { out.AddAttrs(a); return true })
	return t.Handler().Handle(ctx, out)
}

// WithAttrs implements slog.Handler.
func (r *logRoute) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logRoute{target: r.target, attrs: append(slices.Clip(r.attrs), attrs...)}
}

// WithGroup implements slog.Handler; libp2p's groups are flattened.
func (r *logRoute) WithGroup(string) slog.Handler { return r }

// zapRoute is the same for the DHT, which logs with zap.
type zapRoute struct{ to *logRoute }

// Enabled implements zapcore.Core.
func (z zapRoute) Enabled(l zapcore.Level) bool {
	return l >= zapcore.WarnLevel && z.to.Enabled(context.Background(), slog.LevelWarn)
}

// With implements zapcore.Core; fields are dropped, the message names its subject.
func (z zapRoute) With([]zapcore.Field) zapcore.Core { return z }

// Check implements zapcore.Core.
func (z zapRoute) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if z.Enabled(e.Level) {
		return ce.AddCore(e, z)
	}
	return ce
}

// Write implements zapcore.Core.
func (z zapRoute) Write(e zapcore.Entry, _ []zapcore.Field) error {
	rec := slog.NewRecord(e.Time, slog.LevelWarn, e.Message, 0)
	rec.AddAttrs(slog.String("logger", e.LoggerName))
	return z.to.Handle(context.Background(), rec)
}

// Sync implements zapcore.Core.
func (z zapRoute) Sync() error { return nil }
