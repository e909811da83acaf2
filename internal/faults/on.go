//go:build faults

package faults

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// Enabled reports whether this build can be told to fail.
const Enabled = true

// Point marks a step that tests can make fail. It returns nil unless the name
// was armed, see the package comment.
func Point(name string) error { return process().point(name) }

// Arm adds orders to those in force, in the syntax of the package comment, and
// returns the function that takes them back and releases whoever stalls on
// them. Passages are counted from here on. It fails with ErrOrder.
func Arm(orders string) (disarm func(), err error) { return process().arm(orders) }

// Passed returns how often a point was passed since the process started. A
// test uses it to prove that the point it armed exists.
func Passed(name string) int { return process().passes(name) }

// process returns the one set of points of the process, which is the only
// package state in the project: points stand in the middle of code whose
// callers must not have to know about them. It does not exist in an ordinary
// build.
var process = sync.OnceValue(func() *points {
	p := &points{passed: map[string]int{}}
	if orders, ok := os.LookupEnv(Env); ok {
		_, p.broken = p.arm(orders)
	}
	return p
})

type points struct {
	mu     sync.Mutex
	broken error // why BONAFIDE_FAULTS could not be read
	orders []*order
	passed map[string]int
}

type order struct {
	name    string
	action  string
	first   int // passage at which it acts
	onwards bool
	seen    int
	done    chan struct{} // closed when disarmed
}

func (p *points) point(name string) error {
	o, err := p.pass(name)
	if o == nil || err != nil {
		return err
	}
	switch o.action {
	case "exit":
		os.Exit(ExitCode)
	case "stall":
		<-o.done
		return nil
	}
	return fmt.Errorf("%w at %s", ErrInjected, name)
}

// pass counts the passage and returns the first order that acts at it.
func (p *points) pass(name string) (*order, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed[name]++
	var acting *order
	for _, o := range p.orders {
		if o.name != name {
			continue
		}
		o.seen++
		if acting == nil && (o.seen == o.first || o.onwards && o.seen > o.first) {
			acting = o
		}
	}
	return acting, p.broken
}

func (p *points) passes(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed[name]
}

func (p *points) arm(text string) (func(), error) {
	added, err := parse(text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orders = append(p.orders, added...)
	return sync.OnceFunc(func() { p.disarm(added) }), nil
}

func (p *points) disarm(gone []*order) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range gone {
		close(g.done)
	}
	var left []*order
	for _, o := range p.orders {
		select {
		case <-o.done:
		default:
			left = append(left, o)
		}
	}
	p.orders = left
}

func parse(text string) ([]*order, error) {
	var out []*order
	for _, part := range strings.Split(text, ",") {
		name, rest, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
			return nil, fmt.Errorf("%w: %q", ErrOrder, part)
		}
		action, count, counted := strings.Cut(rest, ":")
		if action != "error" && action != "exit" && action != "stall" {
			return nil, fmt.Errorf("%w: %q", ErrOrder, part)
		}
		o := &order{name: name, action: action, first: 1, onwards: true, done: make(chan struct{})}
		if counted {
			count, o.onwards = strings.CutSuffix(count, "+")
			n, err := strconv.Atoi(count)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("%w: %q", ErrOrder, part)
			}
			o.first = n
		}
		out = append(out, o)
	}
	return out, nil
}
