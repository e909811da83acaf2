package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

const (
	maxHeaderBytes = 64 << 10
	maxAddresses   = 4 // of one host name that are tried
	dialTimeout    = 5 * time.Second
)

// Resolver finds the addresses of a host name. *net.Resolver is one. For a
// Stranger client the name ends with a dot, so that no search list applies.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// DialFunc opens a connection; address is always "IP:port".
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialer resolves, checks, and dials exactly what it checked.
type dialer struct {
	resolver Resolver
	dial     DialFunc
	check    func(netip.Addr) error // nil: any address
	absolute bool                   // resolve "name." only
}

func newDialer(cfg Config, check func(netip.Addr) error, absolute bool) *dialer {
	d := &dialer{resolver: cfg.Resolver, dial: cfg.Dial, check: check, absolute: absolute}
	if d.resolver == nil {
		d.resolver = net.DefaultResolver
	}
	if d.dial == nil {
		nd := &net.Dialer{KeepAlive: 30 * time.Second}
		if check != nil {
			// Second look at the socket itself: what the kernel is told to
			// connect to, whatever happened above.
			nd.Control = func(_, address string, _ syscall.RawConn) error {
				ap, err := netip.ParseAddrPort(address)
				if err != nil {
					return fmt.Errorf("%w: %q", ErrForbiddenAddress, address)
				}
				return check(ap.Addr())
			}
		}
		d.dial = nd.DialContext
	}
	return d
}

// DialContext has the shape http.Transport wants.
func (d *dialer) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrURL, err)
	}
	addrs, err := d.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var refused error
	tried := 0
	for _, a := range addrs {
		a = a.Unmap()
		if d.check != nil {
			if err := d.check(a); err != nil {
				refused = err
				continue
			}
		}
		if tried++; tried > maxAddresses {
			break
		}
		conn, dialErr := d.try(ctx, net.JoinHostPort(a.String(), port))
		if dialErr == nil {
			return conn, nil
		}
		err = dialErr
		if ctx.Err() != nil {
			break
		}
	}
	switch {
	case err != nil:
		return nil, err
	case refused != nil:
		return nil, refused
	default:
		return nil, fmt.Errorf("%w: %s has no address", ErrUnreachable, host)
	}
}

func (d *dialer) try(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return d.dial(ctx, "tcp", addr)
}

func (d *dialer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if d.absolute {
		host = strings.TrimSuffix(host, ".") + "."
	}
	return d.resolver.LookupNetIP(ctx, "ip", host)
}

// loopbackOnly is the check of mapped hosts.
func loopbackOnly(a netip.Addr) error {
	if !a.Unmap().IsLoopback() {
		return fmt.Errorf("%w: %s is not loopback", ErrForbiddenAddress, a)
	}
	return nil
}

// classify turns what net/http reports into an error of this package.
func classify(ctx context.Context, err error) error {
	for _, own := range [...]error{ErrForbiddenAddress, ErrUnreachable, ErrURL, ErrBudget, ErrTooLarge, ErrTimeout} {
		if errors.Is(err, own) {
			return err
		}
	}
	cause := context.Cause(ctx)
	if errors.Is(cause, ErrTimeout) {
		return cause
	}
	var ne net.Error
	switch {
	case errors.Is(cause, context.Canceled):
		return cause
	case errors.As(err, &ne) && ne.Timeout():
		return fmt.Errorf("%w: %v", ErrTimeout, err)
	case strings.Contains(err.Error(), "response headers exceeded"):
		// net/http has no error value for this.
		return fmt.Errorf("%w: headers over %d bytes", ErrTooLarge, maxHeaderBytes)
	default:
		return fmt.Errorf("%w: %v", ErrUnreachable, err)
	}
}

// statusError judges the status line. Only 200 has a body we asked for.
func statusError(status int) error {
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusNotFound || status == http.StatusGone:
		return fmt.Errorf("%w: status %d", ErrNotFound, status)
	case status >= 300 && status < 400:
		return fmt.Errorf("%w: status %d", ErrRedirect, status)
	default:
		return fmt.Errorf("%w: %d", ErrStatus, status)
	}
}
