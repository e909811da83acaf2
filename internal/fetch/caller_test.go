package fetch

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCaller(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/away":
			http.Redirect(w, q, "/", http.StatusFound)
		case "/large":
			io.WriteString(w, strings.Repeat("x", 101))
		default:
			io.WriteString(w, strings.Repeat("x", 100))
		}
	}))
	t.Cleanup(srv.Close)
	operator := closing(t, Operator(Config{MaxBytes: 100}))
	for _, c := range []struct {
		name, path string
		client     *Client
		want       error
	}{
		{"up to the cap", "/", operator, nil},
		{"over the cap", "/large", operator, ErrTooLarge},
		{"redirect", "/away", operator, ErrRedirect},
		{"a client for strangers", "/", closing(t, Stranger(Config{})), ErrScheme},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := c.client.Caller().Post(srv.URL+c.path, "application/json", strings.NewReader("{}"))
			if err == nil {
				defer r.Body.Close()
				var b []byte
				if b, err = io.ReadAll(r.Body); err == nil && len(b) != 100 {
					t.Errorf("%d bytes", len(b))
				}
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
