package chaintest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/rpc"
)

// Server is a JSON-RPC server of a chain over HTTP, which a test can make fail.
type Server struct {
	URL string

	node  *rpc.Client
	mu    sync.Mutex
	fault Fault
	calls []string
}

// Fault answers a call in place of the node; next asks the node. The result is
// written as JSON.
type Fault func(method string, params []any, next func() (json.RawMessage, error)) (any, error)

// Serve starts a server of the chain; it ends with the test.
func (c *Chain) Serve(t testing.TB) *Server {
	t.Helper()
	return ServeRPC(t, c.RPC(t))
}

// ServeRPC starts a server in front of any node.
func ServeRPC(t testing.TB, node *rpc.Client) *Server {
	t.Helper()
	s := &Server{node: node}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	return s
}

// Break makes the server answer with a fault; nil mends it.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Calls returns the methods that were called, and forgets them.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.calls
	s.calls = nil
	return out
}

// Dead is a server that does not answer.
func Dead(string, []any, func() (json.RawMessage, error)) (any, error) {
	return nil, dead{}
}

type dead struct{}

// Error is error.
func (dead) Error() string { return "no answer" }

// ServeHTTP is http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params []any           `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.calls = append(s.calls, q.Method)
	fault := s.fault
	s.mu.Unlock()
	next := func() (json.RawMessage, error) {
		var raw json.RawMessage
		err := s.node.CallContext(context.Background(), &raw, q.Method, q.Params...)
		return raw, err
	}
	var result any
	var err error
	if fault != nil {
		result, err = fault(q.Method, q.Params, next)
	} else {
		result, err = next()
	}
	if _, ok := err.(dead); ok {
		http.Error(w, "dead", http.StatusServiceUnavailable)
		return
	}
	out := map[string]any{"jsonrpc": "2.0", "id": q.ID}
	if err != nil {
		e := map[string]any{"code": -32000, "message": err.Error()}
		var coded rpc.Error
		if errors.As(err, &coded) {
			e["code"] = coded.ErrorCode()
		}
		var data rpc.DataError
		if errors.As(err, &data) {
			e["data"] = data.ErrorData()
		}
		out["error"] = e
	} else {
		out["result"] = result
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // a client that went away is no fault of ours
}
