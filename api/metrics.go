package api

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const levelDebug = slog.LevelDebug

// metrics counts requests by route, never by path or client.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// newMetrics registers the counters; those that are there already, because a
// process made two servers, are shared.
func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bonafide_http_requests_total", Help: "Answers by listener, method, route and status."},
			[]string{"listener", "method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bonafide_http_request_seconds", Help: "Time until the answer was written, by listener and route.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10, 60}}, []string{"listener", "route"}),
	}
	if reg == nil {
		return m
	}
	if err := reg.Register(m.requests); err != nil {
		if is, ok := err.(prometheus.AlreadyRegisteredError); ok {
			if c, ok := is.ExistingCollector.(*prometheus.CounterVec); ok {
				m.requests = c
			}
		}
	}
	if err := reg.Register(m.seconds); err != nil {
		if is, ok := err.(prometheus.AlreadyRegisteredError); ok {
			if c, ok := is.ExistingCollector.(*prometheus.HistogramVec); ok {
				m.seconds = c
			}
		}
	}
	return m
}

// count notes one answer. Methods that no route has share one label: they are
// the client's choice, and labels must not grow without bound.
func (m *metrics) count(listener, method, label string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(listener, method, label, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(listener, label).Observe(took.Seconds())
}

func attrs(listener, method, label string, status int, took time.Duration) []slog.Attr {
	return []slog.Attr{slog.String("listener", listener), slog.String("method", method), slog.String("route", label),
		slog.Int("status", status), slog.Duration("took", took)}
}
