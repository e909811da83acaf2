package api

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// The longest that a request may take.
const (
	plainTimeout = 15 * time.Second
	workTimeout  = 60 * time.Second
	opTimeout    = 10 * time.Minute
)

// route is one line of the router. A pattern is matched against the path as it
// was sent, undecoded: paths carry identifiers, in which "%3A" and ":" differ,
// and cleaning or redirecting them (as http.ServeMux does) would change what
// was asked. A pattern that ends in "...}" takes the rest of the path.
type route struct {
	method, pattern string
	about           string   // one sentence for openapi.json
	query           []string // parameters, for openapi.json
	handle          func(w http.ResponseWriter, r *http.Request) error
	timeout         time.Duration // 0: plainTimeout
	limited         bool          // counts against the client's rate
	costly          bool          // takes one of the slots for work
	cors            bool          // any page may read the answer
}

// match tells whether a path is the route's, and what stands in the braces.
func (r route) match(path string) (string, bool) {
	before, name, ok := strings.Cut(r.pattern, "{")
	if !ok {
		return "", path == r.pattern
	}
	rest, ok := strings.CutPrefix(path, before)
	if !ok || !strings.HasSuffix(name, "...}") && strings.Contains(rest, "/") {
		return "", false
	}
	return rest, true
}

// restOf is what stands in the braces of the pattern, as it was sent.
func restOf(r *http.Request) string { return r.PathValue("rest") }

// handler serves routes. fallback, if any, gets GET and HEAD of all other
// paths; guard, if any, is asked first.
func (s *Server) handler(name string, routes []route, fallback func(http.ResponseWriter, *http.Request) error, guard func(*http.Request) error) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w := &answer{ResponseWriter: rw, head: r.Method == http.MethodHead}
		started := s.cfg.Clock()
		label := "none"
		defer func() {
			s.recovered(w, recover(), label)
			took := s.cfg.Clock().Sub(started)
			s.metrics.count(name, r.Method, label, w.status, took)
			// No address and no path: both say who asks for whom.
			s.log.LogAttrs(r.Context(), levelDebug, "request", attrs(name, r.Method, label, w.status, took)...)
		}()
		secure(w.Header())
		if guard != nil {
			if err := guard(r); err != nil {
				s.fail(w, err)
				return
			}
		}
		found, err := find(routes, r)
		if err != nil && fallback != nil && found == nil && (isRead(r.Method) || isPreflight(r)) {
			found, err = &route{pattern: "/{path...}", handle: fallback, cors: true}, nil
		}
		if err != nil {
			s.fail(w, err)
			return
		}
		label = found.pattern
		if err := s.run(w, r, found); err != nil {
			s.fail(w, err)
		}
	})
}

// run carries out one route under its bounds.
func (s *Server) run(w http.ResponseWriter, r *http.Request, to *route) error {
	if to.cors {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	if to.limited && s.limit != nil {
		if wait := s.limit.take(r.RemoteAddr); wait > 0 {
			return tooMany(wait)
		}
	}
	timeout := to.timeout
	if timeout == 0 {
		timeout = plainTimeout
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	if to.costly {
		for _, slots := range s.gates(r) {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return to.handle(w, r.WithContext(ctx))
}

// gates are the slots that a costly request needs, one of each. A body costs up
// to sixteen times its size while it is read, so few large ones may be under way,
// and one of unknown length counts as large; small ones never wait for them.
func (s *Server) gates(r *http.Request) []chan struct{} {
	if r.ContentLength >= 0 && r.ContentLength <= smallBody {
		return []chan struct{}{s.work}
	}
	return []chan struct{}{s.large}
}

// find looks a route up. found is nil when no route has the path; a path that
// is there for other methods is the error 405 with found set.
func find(routes []route, r *http.Request) (found *route, err error) {
	path := r.URL.EscapedPath()
	var allow []string
	for i := range routes {
		rest, ok := routes[i].match(path)
		if !ok {
			continue
		}
		if m := routes[i].method; m == r.Method || m == http.MethodGet && r.Method == http.MethodHead {
			r.SetPathValue("rest", rest)
			return &routes[i], nil
		}
		found = &routes[i]
		if allow = append(allow, routes[i].method); routes[i].method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	if found == nil {
		return nil, notHere()
	}
	slices.Sort(allow)
	p := refuse(http.StatusMethodNotAllowed, "This route answers to "+strings.Join(allow, ", ")+".", "Use one of these methods; /openapi.json lists them.")
	p.header = map[string]string{"Allow": strings.Join(slices.Compact(allow), ", ")}
	return found, p
}

func notHere() *problem {
	p := refuse(http.StatusNotFound, "There is nothing at this path.", "GET /openapi.json on the public listener lists what there is.")
	p.ExitCode = 1
	return p
}

// isPreflight tells whether a browser asks before it sends a request of a page.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// fail writes an error, unless the answer has begun.
func (s *Server) fail(w *answer, err error) {
	if w.status != 0 {
		s.log.Debug("request failed after its answer began", "err", err)
		return
	}
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError && p.Status != http.StatusNotImplemented && !errors.As(err, new(*problem)) {
		s.log.Warn("request failed", "err", err)
	}
	writeProblem(w, p)
}

// recovered turns a panic into a problem that tells nothing; the log has it.
func (s *Server) recovered(w *answer, v any, label string) {
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	s.log.Error("panic in a request", "route", label, "panic", v, "stack", string(debug.Stack()))
	if w.status == 0 {
		writeProblem(w, &problem{Status: http.StatusInternalServerError, Title: "The node failed", ExitCode: 1,
			Hint: "Look at the node's log for this moment; if it stays, report it."})
	}
}

// secure sets the headers of every answer; pages set a policy of their own.
func secure(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// answer remembers the status, and writes no body for HEAD.
type answer struct {
	http.ResponseWriter
	status int
	head   bool
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
		a.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.head {
		return len(b), nil
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController and http.MaxBytesReader reach the
// connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
