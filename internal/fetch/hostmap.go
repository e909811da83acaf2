package fetch

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// ParseHostMap reads entries "HOST=URL" as given on a command line. HOST is a
// host name, "host:port", or "*" for any host; URL is a loopback http base
// URL without a path, such as http://127.0.0.1:8480. It returns ErrHostMap
// for anything else and for two entries with one HOST.
func ParseHostMap(entries []string) (map[string]string, error) {
	m := make(map[string]string, len(entries))
	for _, e := range entries {
		host, base, ok := strings.Cut(e, "=")
		if !ok {
			return nil, fmt.Errorf("%w: %q has no '='", ErrHostMap, e)
		}
		host = strings.ToLower(strings.TrimSpace(host))
		if err := checkMapHost(host); err != nil {
			return nil, err
		}
		if _, dup := m[host]; dup {
			return nil, fmt.Errorf("%w: two entries for %q", ErrHostMap, host)
		}
		u, err := loopbackBase(strings.TrimSpace(base))
		if err != nil {
			return nil, err
		}
		m[host] = u.String()
	}
	return m, nil
}

func checkMapHost(host string) error {
	if host == "*" {
		return nil
	}
	name, port, hasPort := strings.Cut(host, ":")
	if hasPort && !validPort(port) {
		return fmt.Errorf("%w: port of %q", ErrHostMap, host)
	}
	if n, literal, err := asciiHost(name); err != nil || literal || n != name {
		return fmt.Errorf("%w: host %q", ErrHostMap, host)
	}
	return nil
}

// loopbackBase accepts http://HOST[:PORT] where HOST is a loopback address or
// "localhost".
func loopbackBase(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		(u.Path != "" && u.Path != "/") || (u.Port() != "" && !validPort(u.Port())) {
		return nil, fmt.Errorf("%w: %q is no http base URL", ErrHostMap, base)
	}
	if a, err := netip.ParseAddr(u.Hostname()); err != nil || !a.IsLoopback() {
		if !strings.EqualFold(u.Hostname(), "localhost") {
			return nil, fmt.Errorf("%w: %q is not loopback", ErrHostMap, base)
		}
	}
	return &url.URL{Scheme: "http", Host: u.Host}, nil
}

// hostMap is a validated host map; bad means that the one in the Config was
// unusable, in which case nothing is fetched at all.
type hostMap struct {
	bases map[string]*url.URL
	bad   error
}

func newHostMap(m map[string]string) hostMap {
	h := hostMap{bases: make(map[string]*url.URL, len(m))}
	for host, base := range m {
		host = strings.ToLower(host)
		if err := checkMapHost(host); err != nil {
			h.bad = err
			continue
		}
		u, err := loopbackBase(base)
		if err != nil {
			h.bad = err
			continue
		}
		h.bases[host] = u
	}
	return h
}

// lookup finds the base for a host: "host:port" before "host" before "*".
func (h hostMap) lookup(name, port string) (*url.URL, bool) {
	for _, k := range [...]string{name + ":" + port, name, "*"} {
		if u, ok := h.bases[k]; ok {
			return u, true
		}
	}
	return nil, false
}
