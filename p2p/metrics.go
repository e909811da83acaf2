package p2p

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what a host does. A nil *metrics counts nothing.
type metrics struct {
	reg      prometheus.Registerer
	requests *prometheus.CounterVec
	messages *prometheus.CounterVec
	dropped  *prometheus.CounterVec
	peers    prometheus.GaugeFunc
}

// newMetrics registers the metrics of h. Several hosts may share a registerer:
// the counters then add up, and the first one's peers are shown.
func newMetrics(reg prometheus.Registerer, h *Host) (*metrics, error) {
	if reg == nil {
		return nil, nil
	}
	m := &metrics{
		reg: reg,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bonafide_p2p_requests_total", Help: "Requests answered, by operation and result.",
		}, []string{"op", "code"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bonafide_p2p_messages_total", Help: "Gossip messages judged, by topic and verdict.",
		}, []string{"topic", "verdict"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bonafide_p2p_messages_dropped_total", Help: "Gossip lost for want of room, by the queue that was full.",
		}, []string{"queue"}),
		peers: prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "bonafide_p2p_peers", Help: "Connected peers.",
		}, func() float64 {
			if !h.ready.Load() {
				return 0
			}
			return float64(len(h.host.Network().Peers()))
		}),
	}
	var err error
	if m.requests, err = register(reg, m.requests); err != nil {
		return nil, err
	}
	if m.messages, err = register(reg, m.messages); err != nil {
		return nil, err
	}
	if m.dropped, err = register(reg, m.dropped); err != nil {
		return nil, err
	}
	if m.peers, err = register(reg, m.peers); err != nil {
		return nil, err
	}
	return m, nil
}

// register registers c, or returns the equal one that is there already.
func register[C prometheus.Collector](reg prometheus.Registerer, c C) (C, error) {
	err := reg.Register(c)
	var there prometheus.AlreadyRegisteredError
	if errors.As(err, &there) {
		if old, ok := there.ExistingCollector.(C); ok {
			return old, nil
		}
	}
	return c, err
}

// request counts one request answered.
func (m *metrics) request(op string, code Code) {
	if m != nil {
		m.requests.WithLabelValues(op, code.label()).Inc()
	}
}

// message counts one message judged.
func (m *metrics) message(topic string, v Verdict) {
	if m != nil {
		m.messages.WithLabelValues(topic, v.String()).Inc()
	}
}

// drop counts one message lost in a full queue.
func (m *metrics) drop(queue string) {
	if m != nil {
		m.dropped.WithLabelValues(queue).Inc()
	}
}

// close lets a later host show its peers under the same registerer.
func (m *metrics) close() {
	if m != nil {
		m.reg.Unregister(m.peers)
	}
}

// label is String for the codes we know and one word for all others, so that
// handlers cannot make labels without end.
func (c Code) label() string {
	if c > CodeInternal {
		return "other"
	}
	return c.String()
}
