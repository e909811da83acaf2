package cert

import (
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/proof/sealtest"
)

func pool(list ...*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range list {
		p.AddCert(c)
	}
	return p
}

func TestBuild(t *testing.T) {
	root := sealtest.NewAuthority(t, "Root")
	middle := root.Below(t, "Middle")
	other := sealtest.NewAuthority(t, "Other")
	namesake := sealtest.NewAuthority(t, "Middle")
	leaf := middle.Issue(t, nil).Parsed(t)
	self := root.Parsed(t)
	r, m := root.Parsed(t), middle.Parsed(t)
	now := sealtest.Start().AddDate(1, 0, 0)
	for _, c := range []struct {
		name   string
		leaf   *x509.Certificate
		with   []*x509.Certificate
		roots  *x509.CertPool
		at     time.Time
		level  Level
		length int
		err    error
	}{
		{"to a configured root", leaf, []*x509.Certificate{m}, pool(r), now, Chain, 3, nil},
		{"first moment", leaf, []*x509.Certificate{m}, pool(r), sealtest.Start(), Chain, 3, nil},
		{"to a configured root that came along as well", leaf, []*x509.Certificate{r, nil, m}, pool(r), now, Chain, 3, nil},
		{"the leaf itself is configured", self, nil, pool(r), now, Chain, 1, nil},
		{"no roots", leaf, []*x509.Certificate{m}, nil, now, None, 2, ErrDangling},
		{"no roots, but the root came along", leaf, []*x509.Certificate{m, r}, nil, now, Self, 3, ErrUntrusted},
		{"another root", leaf, []*x509.Certificate{m, r}, pool(other.Parsed(t)), now, Self, 3, ErrUntrusted},
		{"nothing came along", leaf, nil, pool(r), now, None, 1, ErrDangling},
		{"a namesake came along", leaf, []*x509.Certificate{namesake.Parsed(t)}, pool(r), now, None, 1, ErrDangling},
		{"self-signed", self, nil, pool(), now, Self, 1, ErrUntrusted},
		{"too early", leaf, []*x509.Certificate{m}, pool(r), sealtest.Start().Add(-time.Second), None, 2, ErrDangling},
		{"too late", leaf, []*x509.Certificate{m}, pool(r), sealtest.End().Add(time.Second), None, 2, ErrDangling},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Build(c.leaf, c.with, c.roots, c.at)
			if p.Level != c.level || len(p.Certificates) != c.length || !errors.Is(p.Err, c.err) || (p.Err == nil) != (c.level == Chain) {
				t.Errorf("level %s, %d certificates, %v", p.Level, len(p.Certificates), p.Err)
			}
		})
	}
}

// A leaf signed by something that is no authority leads nowhere.
func TestBuildNeedsAuthorities(t *testing.T) {
	root := sealtest.NewAuthority(t, "Root")
	fake := root.Below(t, "Fake")
	leaf := fake.Issue(t, nil).Parsed(t)
	plain := root.IssueFor(t, fake.Key, func(c *x509.Certificate) {
		c.Subject.CommonName, c.Subject.Organization = "Fake", nil
		c.Subject.Country = nil
		c.Subject.ExtraNames = nil
	})
	p := Build(leaf, []*x509.Certificate{plain.Parsed(t)}, pool(root.Parsed(t)), sealtest.Start())
	if p.Level != None || !errors.Is(p.Err, ErrDangling) {
		t.Errorf("%s, %v", p.Level, p.Err)
	}
}

func TestBuildDepth(t *testing.T) {
	root := sealtest.NewAuthority(t, "Root")
	up, with := root, []*x509.Certificate{}
	for i := range MaxDepth - 1 { // with leaf and root one too many
		up = up.Below(t, fmt.Sprint(i))
		with = append(with, up.Parsed(t))
	}
	long := up.Issue(t, nil).Parsed(t)
	now := sealtest.Start()
	if p := Build(long, with, pool(root.Parsed(t)), now); p.Level != None || !errors.Is(p.Err, ErrDepth) {
		t.Errorf("%s, %v", p.Level, p.Err)
	}
	if p := Build(with[len(with)-1], with, pool(root.Parsed(t)), now); p.Level != Chain || len(p.Certificates) != MaxDepth {
		t.Errorf("at the bound: %s, %d, %v", p.Level, len(p.Certificates), p.Err)
	}
	p := Build(long, append(with, root.Parsed(t)), nil, now)
	if p.Level != None || !errors.Is(p.Err, ErrDepth) || len(p.Certificates) != MaxDepth {
		t.Errorf("without roots: %s, %d, %v", p.Level, len(p.Certificates), p.Err)
	}
}
