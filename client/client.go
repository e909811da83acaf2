package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const maxTokenBytes = 4 << 10

// Config configures a client. The zero value talks to the default listeners
// without a token.
type Config struct {
	// Public and Admin are base URLs. "": http://127.0.0.1:8480 and
	// http://127.0.0.1:8481.
	Public, Admin string
	// Token is the bearer token of the admin listener. It goes before
	// TokenFile, which is read at each request.
	Token, TokenFile string
	// Timeout bounds a request up to its answer's last byte; a Stream is
	// bounded by its context only. 0: 60 s.
	Timeout time.Duration
	// MaxBytes caps an answer, and each line of a Stream. 0: 32 MiB.
	MaxBytes int64
}

// Client talks to one node. It is safe for concurrent use.
type Client struct {
	public, admin    *url.URL
	token, tokenFile string
	timeout          time.Duration
	maxBytes         int64
	http             *http.Client
}

// New checks the configuration. It makes no request.
func New(cfg Config) (*Client, error) {
	c := &Client{token: cfg.Token, tokenFile: cfg.TokenFile, timeout: cfg.Timeout, maxBytes: cfg.MaxBytes}
	var err error
	if c.public, err = baseURL(cfg.Public, "http://127.0.0.1:8480"); err != nil {
		return nil, err
	}
	if c.admin, err = baseURL(cfg.Admin, "http://127.0.0.1:8481"); err != nil {
		return nil, err
	}
	if c.timeout <= 0 {
		c.timeout = time.Minute
	}
	if c.maxBytes <= 0 {
		c.maxBytes = 32 << 20
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // a token must not pass a proxy of the environment
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func baseURL(s, def string) (*url.URL, error) {
	if s == "" {
		s = def
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: base URL %q", ErrConfig, s)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	u.RawPath = ""
	return u, nil
}

// Close drops idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Do sends one request to the public listener, or to the admin listener when
// path begins with "/ops/", and reads the JSON answer.
//
// path is absolute and may carry a query. in is sent as JSON: nil sends no
// body, []byte and json.RawMessage are sent as they are. out receives the
// answer: nil drops it, *[]byte and *json.RawMessage take the bytes, anything
// else is filled by encoding/json. Errors: *Problem, ErrUnreachable,
// ErrTooLarge, ErrAnswer, ErrConfig, ErrToken, or the context's own.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	if strings.HasPrefix(path, "/ops/") {
		return c.Admin(ctx, method, path, in, out)
	}
	return c.round(ctx, c.public, false, method, path, in, out)
}

// Admin is Do for any route of the admin listener; it sends the token.
func (c *Client) Admin(ctx context.Context, method, path string, in, out any) error {
	return c.round(ctx, c.admin, true, method, path, in, out)
}

// Op runs an operation of the admin listener: POST {admin}/ops/{name}.
func (c *Client) Op(ctx context.Context, name string, in, out any) error {
	if in == nil {
		in = struct{}{}
	}
	return c.Admin(ctx, http.MethodPost, "/ops/"+url.PathEscape(name), in, out)
}

func (c *Client) round(ctx context.Context, base *url.URL, withToken bool, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	res, err := c.send(ctx, base, withToken, method, path, "application/json", in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := c.readAll(ctx, res)
	if err != nil {
		return err
	}
	return decode(body, out)
}

// send makes the request and turns anything but success into an error. The
// body of the answer is the caller's to close when err is nil.
func (c *Client) send(ctx context.Context, base *url.URL, withToken bool, method, path, accept string, in any) (*http.Response, error) {
	ref, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || ref.Fragment != "" {
		return nil, fmt.Errorf("%w: path %q", ErrConfig, path)
	}
	target := base.String() + ref.EscapedPath()
	if ref.RawQuery != "" {
		target += "?" + ref.RawQuery
	}
	body, err := encode(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %s %s: %v", ErrConfig, method, path, err)
	}
	req.Header.Set("Accept", accept+", application/problem+json")
	req.Header.Set("User-Agent", "bonafide-client")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if withToken {
		token, err := c.bearer()
		if err != nil {
			return nil, err
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(ctx, base, err)
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	said, err := c.readAll(ctx, res)
	if err != nil {
		return nil, err
	}
	return nil, problemOf(res.StatusCode, res.Header.Get("Content-Type"), said)
}

// bearer returns the token, "" when none is configured.
func (c *Client) bearer() (string, error) {
	if c.token != "" || c.tokenFile == "" {
		return c.token, nil
	}
	f, err := os.Open(c.tokenFile)
	if err != nil {
		return "", fmt.Errorf("%w: %v", ErrToken, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTokenBytes+1))
	if err != nil {
		return "", fmt.Errorf("%w: %v", ErrToken, err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" || len(b) > maxTokenBytes || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%w: %s holds no token", ErrToken, c.tokenFile)
	}
	return token, nil
}

// unreachable keeps the caller's own cancellation apart from a silent node.
// The URL of net/http's error is left out: it may name a credential.
func unreachable(ctx context.Context, base *url.URL, err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("client: %w", ctx.Err())
	}
	return fmt.Errorf("%w: %s: %w", ErrUnreachable, base.Host, err)
}

func (c *Client) readAll(ctx context.Context, res *http.Response) ([]byte, error) {
	if res.ContentLength > c.maxBytes {
		return nil, fmt.Errorf("%w: %d bytes announced, %d allowed", ErrTooLarge, res.ContentLength, c.maxBytes)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, c.maxBytes+1))
	if err != nil {
		return nil, unreachable(ctx, res.Request.URL, err)
	}
	if int64(len(b)) > c.maxBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, c.maxBytes)
	}
	return b, nil
}

func encode(in any) (io.Reader, error) {
	switch v := in.(type) {
	case nil:
		return nil, nil
	case []byte:
		return bytes.NewReader(v), nil
	case json.RawMessage:
		return bytes.NewReader(v), nil
	default:
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("%w: request: %w", ErrConfig, err)
		}
		return bytes.NewReader(b), nil
	}
}

func decode(body []byte, out any) error {
	switch v := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*v = body
		return nil
	case *json.RawMessage:
		*v = body
		return nil
	default:
		if err := json.Unmarshal(body, out); err != nil {
			return fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		return nil
	}
}

// mediaType returns the bare media type of an answer.
func mediaType(res *http.Response) string {
	mt, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return mt
}
