package anchor

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are nil where nobody registers them.
type metrics struct {
	heads *prometheus.GaugeVec
	calls *prometheus.CounterVec
	gas   prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		heads: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "bonafide_anchor_heads", Help: "Heads in the queue of anchors, by state."}, []string{"state"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bonafide_anchor_rpc_calls_total", Help: "Questions to servers of the chain, by server and outcome."}, []string{"server", "outcome"}),
		gas:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "bonafide_anchor_gas", Help: "Gas of all transactions that became final."}),
	}
	m.heads = register(reg, m.heads)
	m.calls = register(reg, m.calls)
	m.gas = register(reg, m.gas)
	return m
}

func register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	var already prometheus.AlreadyRegisteredError
	if err := reg.Register(c); errors.As(err, &already) {
		if old, ok := already.ExistingCollector.(C); ok {
			return old
		}
	}
	return c
}

func (m *metrics) called(server string, err error) {
	if m == nil {
		return
	}
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	m.calls.WithLabelValues(server, outcome).Inc()
}

func (m *metrics) show(s *Status) {
	if m == nil {
		return
	}
	m.heads.WithLabelValues("waiting").Set(float64(len(s.Waiting)))
	flying := map[JobState]int{}
	if s.Flight != nil {
		flying[s.Flight.State] = len(s.Flight.Heads)
	}
	m.heads.WithLabelValues(string(Submitted)).Set(float64(flying[Submitted]))
	m.heads.WithLabelValues(string(Included)).Set(float64(flying[Included]))
	m.heads.WithLabelValues(string(Final)).Set(float64(s.Count))
	m.gas.Set(float64(s.Gas))
}
