package fetch

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// refused4 is what may never be dialled for a stranger: the special-purpose
// registry of RFC 6890, and metadata services that live outside of it.
var refused4 = [...]string{
	"0.0.0.0/8",        // this network, unspecified
	"10.0.0.0/8",       // private
	"100.64.0.0/10",    // shared (CGNAT)
	"127.0.0.0/8",      // loopback
	"168.63.129.16/32", // a cloud's host agent on a public address
	"169.254.0.0/16",   // link-local, metadata services
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocol assignments
	"192.0.2.0/24",     // documentation
	"192.31.196.0/24",  // AS112
	"192.52.193.0/24",  // AMT
	"192.88.99.0/24",   // 6to4 relay
	"192.168.0.0/16",   // private
	"192.175.48.0/24",  // AS112
	"198.18.0.0/15",    // benchmarking
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, broadcast
}

// refused6 are the holes in 2000::/3. Everything outside of 2000::/3 is
// refused anyway: loopback, v4-mapped, NAT64 (64:ff9b::/96), discard,
// unique local (with the metadata services there), link-local, multicast.
var refused6 = [...]string{
	"2001::/23",         // protocol assignments: Teredo, ORCHID, benchmarking
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4, which carries any IPv4 address
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
}

// localSuffixes are names that are answered by the local network.
var localSuffixes = [...]string{"localhost", "local", "internal", "home.arpa", "onion"}

// guard knows the address ranges; it is built once per client.
type guard struct{ refused []netip.Prefix }

func newGuard() *guard {
	g := &guard{}
	for _, s := range refused4 {
		g.refused = append(g.refused, netip.MustParsePrefix(s))
	}
	for _, s := range refused6 {
		g.refused = append(g.refused, netip.MustParsePrefix(s))
	}
	return g
}

// check refuses an address that is not public unicast. A v4-mapped address is
// judged as the IPv4 address that would be dialled.
func (g *guard) check(a netip.Addr) error {
	if a.Zone() != "" {
		return fmt.Errorf("%w: %s has a zone", ErrForbiddenAddress, a)
	}
	a = a.Unmap()
	if !a.IsValid() || (a.Is6() && a.As16()[0]&0xe0 != 0x20) {
		return fmt.Errorf("%w: %s", ErrForbiddenAddress, a)
	}
	for _, p := range g.refused {
		if p.Contains(a) {
			return fmt.Errorf("%w: %s is in %s", ErrForbiddenAddress, a, p)
		}
	}
	return nil
}

// asciiHost brings a host name into its one form: lower case, A-labels, no
// final dot. An address literal is returned with literal = true; the odd
// spellings that some URL parsers turn into an IPv4 address (127.1,
// 0x7f000001, 2130706433) count as literals: by the rule of the URL standard
// a host whose last label is a number is an address.
func asciiHost(host string) (name string, literal bool, err error) {
	if _, err := netip.ParseAddr(host); err == nil || strings.ContainsAny(host, ":[]") {
		return host, true, nil
	}
	host = strings.TrimSuffix(host, ".")
	for i := 0; i < len(host); i++ {
		if host[i] >= 0x80 {
			if host, err = idna.Lookup.ToASCII(host); err != nil {
				return "", false, fmt.Errorf("%w: host: %v", ErrURL, err)
			}
			break
		}
	}
	name = strings.ToLower(host)
	if name == "" || len(name) > 253 {
		return "", false, fmt.Errorf("%w: host of %d characters", ErrURL, len(name))
	}
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", false, fmt.Errorf("%w: host %q", ErrURL, host)
		}
	}
	last := labels[len(labels)-1]
	if strings.Trim(last, "0123456789") == "" ||
		(strings.HasPrefix(last, "0x") && strings.Trim(last[2:], "0123456789abcdef") == "") {
		return name, true, nil
	}
	return name, false, nil
}

// publicName refuses names that only the local network could answer.
func publicName(name string) error {
	if !strings.Contains(name, ".") {
		return fmt.Errorf("%w: %q has one label", ErrForbiddenAddress, name)
	}
	for _, s := range localSuffixes {
		if strings.HasSuffix(name, "."+s) {
			return fmt.Errorf("%w: %q is a local name", ErrForbiddenAddress, name)
		}
	}
	return nil
}
