package fetch

import (
	"fmt"
	"io"
	"net/http"
)

// Caller returns an HTTP client for libraries that speak a protocol of their own
// to hosts that the operator configured, such as JSON-RPC to a node of a chain.
// Every answer is cut off with ErrTooLarge at the client's MaxBytes, every call
// ends after its Timeout, a redirect is ErrRedirect. Only a client made by
// Operator gives one that connects; that of Stranger refuses every request,
// because what such libraries ask for is not looked at here.
func (c *Client) Caller() *http.Client {
	return &http.Client{Transport: caller{c}, Timeout: c.timeout}
}

type caller struct{ c *Client }

// RoundTrip is http.RoundTripper.
func (t caller) RoundTrip(q *http.Request) (*http.Response, error) {
	if !t.c.operator || q.URL == nil || q.URL.Scheme != "http" && q.URL.Scheme != "https" {
		return nil, fmt.Errorf("%w: only http and https to configured hosts", ErrScheme)
	}
	r, err := t.c.direct.RoundTrip(q)
	if err != nil {
		return nil, classify(q.Context(), err)
	}
	if r.StatusCode >= 300 && r.StatusCode < 400 {
		_ = r.Body.Close() // nothing of it is used
		return nil, fmt.Errorf("%w: status %d", ErrRedirect, r.StatusCode)
	}
	r.Body = &cut{r: r.Body, left: t.c.maxBytes}
	return r, nil
}

// cut is a body that ends with an error at its cap.
type cut struct {
	r    io.ReadCloser
	left int64
}

// Read is io.Reader.
func (b *cut) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

// Close is io.Closer.
func (b *cut) Close() error { return b.r.Close() }
