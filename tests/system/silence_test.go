//go:build system

package system

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/verdict"
)

// Nobody learns that a credential of a followed issuer is checked: with the
// issuer's node and web server dead and the only peer swallowing all packets,
// the verdict comes without one call that sends anything. The same check of an
// issuer that is not followed has to be seen sending, or the trace shows
// nothing at all.
func TestSilence(t *testing.T) {
	for _, p := range []string{"ip", "strace"} {
		if _, err := exec.LookPath(p); err != nil {
			vectors.Missing(t, p)
		}
	}
	if os.Getuid() != 0 {
		vectors.Missing(t, "root, for network namespaces")
	}
	dir := t.TempDir()
	issuerSide, followerSide := newWire(t)
	uniHome, collegeHome, home := filepath.Join(dir, "uni"), filepath.Join(dir, "college"), filepath.Join(dir, "follower")
	done(t, nil, uniHome, "init", "--yes", "--domain", "university.example", "--name", "University")
	done(t, nil, collegeHome, "init", "--yes", "--domain", "college.example", "--name", "College")
	done(t, nil, home, "init", "--yes")
	uni := start(t, uniHome, issuerSide.exec(), "--listen", "/ip4/"+issuerSide.ip+"/udp/0/quic-v1", "--cadence", "1h")
	// Everything that a node does by itself at intervals is put far away.
	follower := start(t, home, followerSide.exec(), "--listen", "/ip4/"+followerSide.ip+"/udp/0/quic-v1", "--bootstrap", uni.ready.Addrs[0],
		"--sync-interval", "24h", "--gossip-heartbeat", "1m", "--cadence", "24h")
	known, unknown := filepath.Join(dir, "ana.json"), filepath.Join(dir, "max.json")
	issue(t, issuerSide.exec(), uniHome, "Ana Andromeda", known)
	issue(t, nil, collegeHome, "Max Power", unknown)
	var made struct{ DID string }
	if err := json.Unmarshal(done(t, issuerSide.exec(), uniHome, "did", "show", "--json"), &made); err != nil || made.DID == "" {
		t.Fatalf("did show: %v", err)
	}
	eventually(t, time.Minute, "the issuer is followed and its credential verified", func() bool {
		if _, code := command(t, followerSide.exec(), home, "follow", made.DID); code != 0 {
			return false
		}
		_, code := verdictOf(t, followerSide.exec(), home, known)
		return code == 0
	})

	// From here on nothing comes back, and the follower is not told: to it the
	// connection is as good as before.
	trace := watch(t, followerSide, follower)
	trace.quiet(t, 2*time.Second)
	connected := func() int {
		var p node.PeerList
		if err := json.Unmarshal(done(t, followerSide.exec(), home, "peers", "list", "--json"), &p); err != nil {
			t.Fatal(err)
		}
		return len(p.Peers)
	}
	issuerSide.ipIn(t, "route", "add", "blackhole", followerSide.ip+"/32")
	uni.kill()
	for i := range 5 {
		trace.quiet(t, time.Second)
		var v verdict.Verdict
		code := 0
		sent, own := trace.during(t, home, func() { v, code = verdictOf(t, followerSide.exec(), home, known) })
		if v.Outcome != verdict.Verified || code != 0 {
			t.Fatalf("followed, issuer dead: %s, exit code %d", v.Outcome, code)
		}
		if row, ok := v.Worst(verdict.Freshness); !ok || row.Age == nil {
			t.Errorf("the age of the evidence is not shown: %+v", row)
		}
		if own == 0 {
			t.Fatal("the trace does not even show the answer to the request")
		}
		if len(sent) > 0 {
			t.Fatalf("check %d of a followed issuer sent something:\n%s", i+1, strings.Join(sent, "\n"))
		}
	}
	if n := connected(); n != 1 {
		t.Errorf("%d peers: the silence is that of a node without one", n)
	}
	t.Log("followed issuer, dead: verified five times, nothing sent")

	sent, _ := trace.during(t, home, func() {
		if v, code := verdictOf(t, followerSide.exec(), home, unknown, "--offline"); v.Outcome != verdict.Indeterminate || code != 3 {
			t.Errorf("not followed and offline: %s, exit code %d", v.Outcome, code)
		}
	})
	if len(sent) > 0 {
		t.Errorf("--offline sent something:\n%s", strings.Join(sent, "\n"))
	}
	sent, _ = trace.during(t, home, func() {
		if v, code := verdictOf(t, followerSide.exec(), home, unknown); v.Outcome != verdict.Indeterminate || code != 3 {
			t.Errorf("not followed: %s, exit code %d", v.Outcome, code)
		}
	})
	if len(sent) == 0 {
		t.Fatal("the check of an issuer that is not followed was not seen to send: the trace is blind")
	}
	t.Logf("issuer that is not followed: %d calls seen, the first %s", len(sent), sent[0])
}

func issue(t *testing.T, wrap []string, home, holder, out string) {
	t.Helper()
	course := filepath.Join(t.TempDir(), "course.json")
	text := fmt.Sprintf(`{"title":"Data Literacy","holder":{"name":%q},"place":{"country":"ES"}}`, holder)
	if err := os.WriteFile(course, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	done(t, wrap, home, "issue", course, "--out", out)
}

// side is a network namespace with one address.
type side struct{ name, ip string }

func (s side) exec() []string { return []string{"ip", "netns", "exec", s.name} }

func (s side) ipIn(t *testing.T, args ...string) { ip(t, append([]string{"-n", s.name}, args...)...) }

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// newWire makes two namespaces that reach each other and nobody else.
func newWire(t *testing.T) (a, b side) {
	t.Helper()
	tag := strconv.Itoa(os.Getpid())
	sides := []side{{"bf-a-" + tag, "10.231.17.1"}, {"bf-b-" + tag, "10.231.17.2"}}
	for _, s := range sides {
		ip(t, "netns", "add", s.name)
		t.Cleanup(func() { ip(t, "netns", "del", s.name) })
	}
	ip(t, "link", "add", "wire", "netns", sides[0].name, "type", "veth", "peer", "name", "wire", "netns", sides[1].name)
	for _, s := range sides {
		s.ipIn(t, "addr", "add", s.ip+"/30", "dev", "wire")
		s.ipIn(t, "link", "set", "wire", "up")
		s.ipIn(t, "link", "set", "lo", "up")
	}
	return sides[0], sides[1]
}

// tracer is strace on a running node. Beside the network calls it follows
// write and writev, with which Go sends on TCP.
type tracer struct {
	side side
	file string
	own  string // how a connection to the node's admin listener begins
}

func watch(t *testing.T, s side, r *running) *tracer {
	t.Helper()
	w := &tracer{side: s, file: filepath.Join(t.TempDir(), "strace"), own: "TCP:[" + strings.TrimPrefix(r.ready.Admin, "http://") + "->"}
	args := append(s.exec(), "strace", "-f", "-yy", "-ttt", "-e", "trace=%network,write,writev", "-o", w.file, "-p", strconv.Itoa(r.ready.PID))
	cmd := exec.Command(args[0], args[1:]...)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.kill()
		_ = cmd.Wait() // it ends with what it follows
	})
	s2 := bufio.NewScanner(out)
	if !s2.Scan() || !strings.Contains(s2.Text(), "attached") {
		vectors.Missing(t, "strace that may follow a process ("+s2.Text()+")")
	}
	go func() {
		for s2.Scan() {
		}
	}()
	return w
}

// sending is a call that may put something on a network: thread, time, call,
// and what its descriptor is. Calls on files, pipes, netlink and local sockets
// are none; a socket that strace cannot name is one.
var sending = regexp.MustCompile(`^\d+ +(\d+\.\d+) (connect|sendto|sendmsg|sendmmsg|write|writev)\(\d+<((?:TCP|UDP|RAW|PING|ICMP|SCTP|socket:)[^>]*>?[^>]*)>`)

type sent struct {
	at   time.Time
	own  bool
	line string
}

func (w *tracer) read(t *testing.T) (calls []sent) {
	t.Helper()
	b, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		m := sending.FindSubmatch(line)
		if m == nil {
			continue
		}
		s, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		calls = append(calls, sent{time.UnixMicro(int64(s * 1e6)), bytes.HasPrefix(m[3], []byte(w.own)), string(bytes.TrimSpace(line))})
	}
	return calls
}

// quiet waits until the node has sent nothing for as long as d.
func (w *tracer) quiet(t *testing.T, d time.Duration) {
	t.Helper()
	began := time.Now()
	eventually(t, time.Minute, "the node is quiet", func() bool {
		last := began
		for _, c := range w.read(t) {
			if !c.own && c.at.After(last) {
				last = c.at
			}
		}
		return time.Since(last) > d
	})
}

// during returns the calls that were made while f ran, without those that
// answer on the admin listener, which are counted.
func (w *tracer) during(t *testing.T, home string, f func()) (lines []string, own int) {
	t.Helper()
	began := time.Now()
	f()
	ended := time.Now()
	// What strace has seen is in the file once a later answer is.
	done(t, w.side.exec(), home, "peers", "list", "--json")
	eventually(t, 10*time.Second, "the trace catches up", func() bool {
		return slices.ContainsFunc(w.read(t), func(c sent) bool { return c.own && c.at.After(ended) })
	})
	for _, c := range w.read(t) {
		if c.at.Before(began) || c.at.After(ended) {
			continue
		}
		if c.own {
			own++
		} else {
			lines = append(lines, c.line)
		}
	}
	return lines, own
}
