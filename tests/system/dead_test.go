//go:build system

package system

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/verdict"
)

// An issuer dies: its node is killed, and with it the web server of its
// domain. One who followed it over HTTPS and one who followed it between
// peers still verify, and say how old what they know is.
func TestDeadIssuer(t *testing.T) {
	dir := t.TempDir()
	uniHome, webHome, peerHome := filepath.Join(dir, "uni"), filepath.Join(dir, "web"), filepath.Join(dir, "peer")
	done(t, nil, uniHome, "init", "--yes", "--domain", "university.example", "--name", "University")
	done(t, nil, webHome, "init", "--yes")
	done(t, nil, peerHome, "init", "--yes")
	uni := start(t, uniHome, nil)
	common := []string{"--listen", loopback, "--cadence", "1h", "--sync-interval", "1s"}
	start(t, webHome, nil, append(common, "--dev-host-map", "university.example="+uni.ready.Public)...)
	start(t, peerHome, nil, append(common, "--bootstrap", uni.ready.Addrs[0])...)
	ana := filepath.Join(dir, "ana.json")
	issue(t, nil, uniHome, "Ana Andromeda", ana)
	var info node.Info
	if err := uni.client.Op(t.Context(), node.OpInfo, nil, &info); err != nil {
		t.Fatal(err)
	}
	for _, home := range []string{webHome, peerHome} {
		eventually(t, time.Minute, "followed and verified", func() bool {
			if _, code := command(t, nil, home, "follow", info.Issuers[0].DID); code != 0 {
				return false
			}
			_, code := verdictOf(t, nil, home, ana)
			return code == 0
		})
	}
	uni.kill()
	if c, err := net.Dial("tcp", strings.TrimPrefix(uni.ready.Public, "http://")); err == nil {
		_ = c.Close()
		t.Fatal("the web server is not dead")
	}
	<-time.After(1100 * time.Millisecond) // so that there is an age to show
	for _, c := range []struct {
		name, home string
		domain     verdict.FieldState
	}{
		{"followed over HTTPS", webHome, verdict.Proven},
		{"followed between peers", peerHome, verdict.Claimed},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, code := verdictOf(t, nil, c.home, ana)
			row, ok := v.Worst(verdict.Freshness)
			if v.Outcome != verdict.Verified || code != 0 || !ok || row.Age == nil || row.Age.Std() < time.Second {
				t.Errorf("%s, exit code %d, freshness %+v", v.Outcome, code, row)
			}
			if d := v.Issuer.Get(verdict.FieldDomain); d.State != c.domain {
				t.Errorf("the domain is %v, want %v", d.State, c.domain)
			}
			if text := string(done(t, nil, c.home, "verify", ana)); !strings.Contains(text, " s old") {
				t.Errorf("a person is not told the age:\n%s", text)
			}
			// What is too old for the policy is not verified, dead issuer or not.
			if v, code := verdictOf(t, nil, c.home, ana, "--max-age", "1s"); v.Outcome != verdict.Indeterminate || code != 3 {
				t.Errorf("at most one second old: %s, exit code %d", v.Outcome, code)
			}
		})
	}
}
