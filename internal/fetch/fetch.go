package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const maxURLBytes = 8 << 10

// Config configures a client. The zero value is what a node uses.
type Config struct {
	// Timeout bounds one Get from the first look-up to the last byte,
	// waiting for a free place included. 0: 30 s.
	Timeout time.Duration
	// MaxBytes caps every body, whatever a caller asks for. 0: 5 MiB.
	MaxBytes int64
	// MinRate is the slowest body in bytes per second that is waited for,
	// after a grace of 5 s. 0: 1024.
	MinRate int64
	// PerHost and Concurrent limit requests that run at once. 0: 4 and 64.
	PerHost, Concurrent int
	// HostMap sends hosts to loopback http base URLs, path and query
	// unchanged and the Host header kept; see ParseHostMap. An unusable map
	// makes every Get fail with ErrHostMap.
	HostMap map[string]string
	// UserAgent is sent as it is. "": "bonafide".
	UserAgent string
	// RootCAs verify servers. nil: those of the system.
	RootCAs *x509.CertPool
	// Resolver and Dial replace the system's, for tests.
	Resolver Resolver
	Dial     DialFunc
	// Clock is used for certificates and the minimum rate. nil: time.Now.
	Clock func() time.Time
	// Logger gets one line per request at debug level. nil: none.
	Logger *slog.Logger
	// Registerer gets one counter. nil: none.
	Registerer prometheus.Registerer
}

// Response is a complete answer with status 200.
type Response struct {
	Body        []byte    // as sent, never decompressed
	ContentType string    // as sent, may be empty
	Date        time.Time // of the server's Date header; zero when absent or unreadable
	URL         string    // as asked for, not as mapped
	Status      int       // 200
}

// Client fetches. It is safe for concurrent use. Make it with Stranger or
// Operator.
type Client struct {
	kind      string
	operator  bool
	timeout   time.Duration
	maxBytes  int64
	minRate   int64
	userAgent string
	now       func() time.Time
	log       *slog.Logger
	hosts     hostMap
	gates     *gates
	flights   flights
	direct    *http.Transport
	mapped    *http.Transport
	requests  *prometheus.CounterVec
}

// Stranger returns the client for URLs that come from outside: https only,
// public addresses only.
func Stranger(cfg Config) *Client {
	c := newClient("stranger", cfg)
	c.direct = newTransport(cfg, newDialer(cfg, newGuard().check, true))
	return c
}

// Operator returns the client for URLs that the operator configured: http
// and any address are allowed; all caps hold.
func Operator(cfg Config) *Client {
	c := newClient("operator", cfg)
	c.operator = true
	c.direct = newTransport(cfg, newDialer(cfg, nil, false))
	return c
}

func newClient(kind string, cfg Config) *Client {
	c := &Client{
		kind: kind, timeout: cfg.Timeout, maxBytes: cfg.MaxBytes, minRate: cfg.MinRate, userAgent: cfg.UserAgent,
		now: cfg.Clock, log: cfg.Logger, hosts: newHostMap(cfg.HostMap),
	}
	if c.timeout <= 0 {
		c.timeout = 30 * time.Second
	}
	if c.maxBytes <= 0 {
		c.maxBytes = 5 << 20
	}
	if c.minRate <= 0 {
		c.minRate = 1024
	}
	if c.userAgent == "" {
		c.userAgent = "bonafide"
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	perHost, all := cfg.PerHost, cfg.Concurrent
	if perHost <= 0 {
		perHost = 4
	}
	if all <= 0 {
		all = 64
	}
	c.gates = newGates(all, perHost)
	c.mapped = newTransport(cfg, newDialer(cfg, loopbackOnly, false))
	c.requests = counter(cfg.Registerer)
	return c
}

// newTransport is an HTTP/1.1 transport with nothing taken from the
// environment.
func newTransport(cfg Config, d *dialer) *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs, Time: cfg.Clock},
		TLSHandshakeTimeout:    10 * time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
	}
}

// counter registers the one metric, or finds the one that the other client
// of the same node has registered.
func counter(reg prometheus.Registerer) *prometheus.CounterVec {
	if reg == nil {
		return nil
	}
	v := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bonafide_fetch_requests_total",
		Help: "Web requests by client and outcome.",
	}, []string{"client", "outcome"})
	if err := reg.Register(v); err != nil {
		var already prometheus.AlreadyRegisteredError
		if errors.As(err, &already) {
			if old, ok := already.ExistingCollector.(*prometheus.CounterVec); ok {
				return old
			}
		}
		return nil
	}
	return v
}

// Mapped tells whether a host map is in force; verdicts and readiness say so.
func (c *Client) Mapped() bool { return len(c.hosts.bases) > 0 || c.hosts.bad != nil }

// Close drops idle connections.
func (c *Client) Close() error {
	c.direct.CloseIdleConnections()
	c.mapped.CloseIdleConnections()
	return nil
}

// Get fetches rawURL. accept becomes the Accept header ("" for any);
// maxBytes caps the body (0 or more than Config.MaxBytes: Config.MaxBytes).
// The errors are those of this package, or the context's own when the caller
// gave up. Equal GETs that run at the same time share one request.
func (c *Client) Get(ctx context.Context, rawURL, accept string, maxBytes int64) (*Response, error) {
	t, err := c.target(rawURL)
	if err != nil {
		return nil, wrap(rawURL, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, wrap(rawURL, contextError(err))
	}
	if err := spendFetch(ctx); err != nil {
		return nil, wrap(rawURL, err)
	}
	if maxBytes <= 0 || maxBytes > c.maxBytes {
		maxBytes = c.maxBytes
	}
	key := t.url.String() + "\x00" + t.host + "\x00" + accept + "\x00" + strconv.FormatInt(maxBytes, 10)
	for {
		f, leader := c.flights.join(ctx, key, func(fctx context.Context) (*Response, error) {
			return c.one(fctx, t, accept, maxBytes)
		})
		select {
		case <-ctx.Done():
			c.flights.leave(key, f)
			return nil, wrap(rawURL, contextError(ctx.Err()))
		case <-f.done:
		}
		switch {
		case f.err == nil && leader:
			r := *f.resp
			r.URL = rawURL
			return &r, nil
		case f.err == nil:
			if err := spendBytes(ctx, int64(len(f.resp.Body))); err != nil {
				return nil, wrap(rawURL, err)
			}
			r := *f.resp
			r.Body, r.URL = bytes.Clone(r.Body), rawURL
			return &r, nil
		case !leader && errors.Is(f.err, ErrBudget):
			continue // the purse of another was empty, not ours
		default:
			return nil, wrap(rawURL, f.err)
		}
	}
}

// wrap names the URL, cut short: it may come from a stranger.
func wrap(rawURL string, err error) error {
	if len(rawURL) > 200 {
		rawURL = rawURL[:200] + "..."
	}
	return fmt.Errorf("fetch %q: %w", rawURL, err)
}

func contextError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return err
}

// target is a checked URL: what goes on the wire.
type target struct {
	url    *url.URL
	host   string // of the URL as asked for, for the Host header
	mapped bool
}

func validPort(p string) bool {
	n, err := strconv.ParseUint(p, 10, 16)
	return err == nil && n > 0
}

// target checks a URL before anything else happens.
func (c *Client) target(rawURL string) (target, error) {
	if c.hosts.bad != nil {
		return target{}, c.hosts.bad
	}
	if len(rawURL) > maxURLBytes {
		return target{}, fmt.Errorf("%w: %d bytes", ErrURL, len(rawURL))
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return target{}, fmt.Errorf("%w: %v", ErrURL, errors.Unwrap(err))
	}
	if u.Scheme != "https" && !(c.operator && u.Scheme == "http") {
		return target{}, fmt.Errorf("%w: %q", ErrScheme, u.Scheme)
	}
	if u.Opaque != "" || u.Hostname() == "" || u.User != nil || strings.Contains(rawURL, "#") {
		return target{}, fmt.Errorf("%w: needs a host, and no user or fragment", ErrURL)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	} else if !validPort(port) {
		return target{}, fmt.Errorf("%w: port %q", ErrURL, port)
	}
	name, literal, err := asciiHost(u.Hostname())
	if err != nil {
		return target{}, err
	}
	if literal && !c.operator {
		return target{}, fmt.Errorf("%w: %q is an address", ErrForbiddenAddress, name)
	}
	t := target{url: u, host: u.Host}
	if !literal {
		t.host = name
		if u.Port() != "" {
			t.host += ":" + u.Port()
		}
		v := *u
		v.Host = t.host
		t.url = &v
		if base, ok := c.hosts.lookup(name, port); ok {
			v.Scheme, v.Host = base.Scheme, base.Host
			t.mapped = true
			return t, nil
		}
		if !c.operator {
			if err := publicName(name); err != nil {
				return target{}, err
			}
		}
	}
	return t, nil
}

// one puts one request on the wire and reads its answer.
func (c *Client) one(ctx context.Context, t target, accept string, maxBytes int64) (resp *Response, err error) {
	start := c.now()
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("%w: not done after %s", ErrTimeout, c.timeout))
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer func() {
		c.log.DebugContext(ctx, "fetch", "client", c.kind, "host", t.host, "mapped", t.mapped, "outcome", outcome(err), "took", c.now().Sub(start))
		if c.requests != nil {
			c.requests.WithLabelValues(c.kind, outcome(err)).Inc()
		}
	}()
	leave, err := c.gates.enter(ctx, t.host)
	if err != nil {
		return nil, err
	}
	defer leave()

	req := (&http.Request{
		Method: http.MethodGet, URL: t.url, Host: t.host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {c.userAgent}, "Accept-Encoding": {"identity"}},
	}).WithContext(ctx)
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	rt := c.direct
	if t.mapped {
		rt = c.mapped
	}
	// The transport itself, not an http.Client: no redirects, no cookies.
	res, err := rt.RoundTrip(req)
	if err != nil {
		return nil, classify(ctx, err)
	}
	defer res.Body.Close()
	if err := statusError(res.StatusCode); err != nil {
		return nil, err
	}
	if enc := res.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, fmt.Errorf("%w: %q", ErrEncoding, enc)
	}
	if res.ContentLength > maxBytes {
		return nil, fmt.Errorf("%w: %d bytes announced, %d allowed", ErrTooLarge, res.ContentLength, maxBytes)
	}
	body, err := c.read(ctx, stop, res.Body, maxBytes)
	if err != nil {
		return nil, err
	}
	r := &Response{Body: body, ContentType: res.Header.Get("Content-Type"), Status: res.StatusCode}
	if d, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		r.Date = d.UTC()
	}
	return r, nil
}

// grace is how long a body may take before its rate counts.
const grace = 5 * time.Second

// read collects the body under the cap, the minimum rate and the budget. The
// buffer grows with what arrived, not with what was announced.
func (c *Client) read(ctx context.Context, stop context.CancelCauseFunc, body io.Reader, maxBytes int64) ([]byte, error) {
	start := c.now()
	watch := time.AfterFunc(grace, func() {
		stop(fmt.Errorf("%w: under %d bytes per second", ErrTimeout, c.minRate))
	})
	defer watch.Stop()
	var buf bytes.Buffer
	chunk := make([]byte, 32<<10)
	for {
		n, err := body.Read(chunk)
		if int64(buf.Len()+n) > maxBytes {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, maxBytes)
		}
		if e := spendBytes(ctx, int64(n)); e != nil {
			return nil, e
		}
		buf.Write(chunk[:n])
		if ctx.Err() != nil {
			// Also at the end of the body: a server may answer our closing of
			// the connection with a clean end of a body cut short.
			return nil, classify(ctx, ctx.Err())
		}
		if errors.Is(err, io.EOF) {
			return buf.Bytes(), nil
		}
		if err != nil {
			return nil, classify(ctx, err)
		}
		earned := grace + time.Duration(float64(buf.Len())/float64(c.minRate)*float64(time.Second))
		if watch.Stop() {
			watch.Reset(max(earned-c.now().Sub(start), 0))
		}
	}
}

// outcome is the label of the metric: a closed set.
func outcome(err error) string {
	for _, o := range [...]struct {
		err  error
		name string
	}{
		{nil, "ok"}, {ErrNotFound, "not_found"}, {ErrStatus, "status"}, {ErrRedirect, "redirect"},
		{ErrTooLarge, "too_large"}, {ErrEncoding, "encoding"}, {ErrTimeout, "timeout"},
		{ErrForbiddenAddress, "forbidden"}, {ErrBudget, "budget"}, {ErrUnreachable, "unreachable"},
	} {
		if errors.Is(err, o.err) {
			return o.name
		}
	}
	return "other"
}
