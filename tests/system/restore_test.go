//go:build system

package system

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/node"
)

// office is an issuer's node with one follower that is its bootstrap peer.
type office struct {
	t        *testing.T
	dir      string
	hub, uni *running
	did      string
	settings []string
	given    map[string]bool // LIST#INDEX of all that was issued
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), given: map[string]bool{}}
	done(t, nil, o.home("hub"), "init", "--yes")
	done(t, nil, o.home("uni"), "init", "--yes", "--domain", "university.example", "--name", "U")
	o.hub = start(t, o.home("hub"), nil, "--listen", loopback, "--sync-interval", "500ms")
	o.settings = []string{"--listen", loopback, "--cadence", "24h", "--sync-interval", "500ms", "--bootstrap", o.hub.ready.Addrs[0]}
	o.uni = start(t, o.home("uni"), nil, o.settings...)
	o.signs(o.uni)
	var info node.Info
	o.op(o.uni, node.OpInfo, nil, &info)
	o.did = info.Issuers[0].DID
	eventually(t, time.Minute, "the hub follows", func() bool {
		_, code := command(t, nil, o.home("hub"), "follow", o.did)
		return code == 0
	})
	return o
}

func (o *office) home(name string) string { return filepath.Join(o.dir, name) }

func (o *office) op(r *running, name string, in, out any) {
	o.t.Helper()
	if err := r.client.Op(o.t.Context(), name, in, out); err != nil {
		o.t.Fatalf("%s: %v", name, err)
	}
}

func (o *office) issuer(r *running) node.IssuerInfo {
	o.t.Helper()
	var info node.Info
	o.op(r, node.OpInfo, nil, &info)
	return info.Issuers[0]
}

func (o *office) signs(r *running) {
	o.t.Helper()
	eventually(o.t, time.Minute, "the node signs", func() bool { return o.issuer(r).Signing })
}

// credential is one that was issued: its place, and the file.
type issuedCredential struct {
	id, place string
	body      []byte
}

func (o *office) issue(r *running) issuedCredential {
	o.t.Helper()
	var out node.IssueResponse
	o.op(r, node.OpIssue, course, &out)
	place := fmt.Sprintf("%d#%d", out.Status[0].List, out.Status[0].Index)
	if o.given[place] {
		o.t.Fatalf("%s was given twice", place)
	}
	o.given[place] = true
	return issuedCredential{out.ID, place, out.Credential}
}

func (o *office) set(r *running, action string, c issuedCredential, now bool) {
	o.t.Helper()
	o.op(r, node.OpStatusSet, node.StatusRequest{Target: c.place, Action: action, Why: "w", Now: now}, nil)
}

// stands checks the book.
func (o *office) stands(r *running, c issuedCredential, revoked, suspended bool) {
	o.t.Helper()
	var s node.StatusShowResponse
	o.op(r, node.OpStatusShow, node.StatusShowRequest{Target: c.place}, &s)
	if len(s.Status) != 2 || s.Status[0].Set != revoked || s.Status[1].Set != suspended {
		o.t.Errorf("%s in the book: %+v, want revoked %v, suspended %v", c.place, s.Status, revoked, suspended)
	}
}

// publicly checks a credential with the follower.
func (o *office) publicly(c issuedCredential, code int) {
	o.t.Helper()
	file := filepath.Join(o.dir, "c.json")
	if err := os.WriteFile(file, c.body, 0o600); err != nil {
		o.t.Fatal(err)
	}
	eventually(o.t, 20*time.Second, fmt.Sprintf("%s at the follower: exit code %d", c.place, code), func() bool {
		_, got := verdictOf(o.t, nil, o.home("hub"), file)
		return got == code
	})
}

// caught waits until the follower holds the newest head of the issuer's node.
func (o *office) caught(r *running) {
	o.t.Helper()
	want := o.issuer(r).Sequence
	eventually(o.t, 30*time.Second, fmt.Sprintf("the follower holds head %d", want), func() bool {
		var list node.FollowList
		o.op(o.hub, node.OpFollows, nil, &list)
		return len(list.Subjects) == 1 && list.Subjects[0].Sequence == want
	})
}

func (o *office) refused(r *running, name string, in any, want string) {
	o.t.Helper()
	err := r.client.Op(o.t.Context(), name, in, nil)
	if err == nil || !strings.Contains(err.Error(), want) {
		o.t.Errorf("%s: %v, want a refusal with %q", name, err, want)
	}
}

// An old backup is restored after the node was lost. Nothing is signed before
// the follower has been asked; then all that was published after the backup
// stands, no index is given twice, and the sequence goes on.
func TestRestoreFromOldBackup(t *testing.T) {
	o := newOffice(t)
	var old []issuedCredential
	for range 20 {
		old = append(old, o.issue(o.uni))
	}
	o.set(o.uni, "revoke", old[0], true)
	o.set(o.uni, "suspend", old[1], true)
	o.set(o.uni, "suspend", old[2], true)
	o.set(o.uni, "revoke", old[3], false) // acknowledged before the backup, published after
	file := filepath.Join(o.dir, "old.tar")
	done(t, nil, o.home("uni"), "backup", file, "--offline-keys-at", "the safe of the second floor")
	if _, code := command(t, nil, o.home("uni"), "backup", file); code != 1 {
		t.Errorf("a second backup into the same file: exit code %d, want 1", code)
	}

	// What the backup does not know.
	var late []issuedCredential
	for range 10 {
		late = append(late, o.issue(o.uni))
	}
	for _, c := range []issuedCredential{old[4], old[5], late[0], late[1]} {
		o.set(o.uni, "revoke", c, true)
	}
	o.set(o.uni, "reinstate", old[2], true)
	o.set(o.uni, "suspend", old[6], true)
	o.op(o.uni, node.OpPublish, nil, nil)
	o.caught(o.uni)
	last := o.issuer(o.uni)
	o.uni.kill()

	restored := o.home("restored")
	sheet := string(done(t, nil, restored, "restore", file))
	for _, want := range []string{"the safe of the second floor", "last head in this backup", "resume --alone", o.did} {
		if !strings.Contains(sheet, want) {
			t.Errorf("the recovery sheet lacks %q", want)
		}
	}
	if _, code := command(t, nil, restored, "restore", file); code != 1 {
		t.Errorf("a restore over a home: exit code %d, want 1", code)
	}
	passphrase, err := os.ReadFile(filepath.Join(o.home("uni"), "passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(restored, "passphrase"), passphrase, 0o600); err != nil {
		t.Fatal(err)
	}

	// Without its sources, and even without any configured, it signs nothing.
	for name, settings := range map[string][]string{
		"no source configured": {"--listen", loopback},
		"told to sign alone":   {"--listen", loopback, "--resume-alone=true"},
		"source unreachable":   {"--listen", loopback, "--bootstrap", "/ip4/127.0.0.1/udp/9/quic-v1/p2p/12D3KooWD4ceSH4GxzWK6VTRPMtnBaNTdfALUEz2RibgKATe3DNw"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, restored, nil, settings...)
			defer r.kill()
			o.refused(r, node.OpPublish, nil, "restored from a backup")
			o.refused(r, node.OpIssue, course, "restored from a backup")
			o.refused(r, node.OpResume, node.ResumeRequest{Alone: true}, "Statuses changed since then are lost")
		})
	}

	again := start(t, restored, nil, o.settings...)
	o.signs(again)
	for i, c := range old {
		o.stands(again, c, i == 0 || i == 3 || i == 4 || i == 5, i == 1 || i == 6)
	}
	for i, c := range late {
		o.stands(again, c, i < 2, false)
	}
	for range 200 {
		o.issue(again) // fails where an index is given twice
	}
	o.set(again, "revoke", late[5], true) // issued after the backup, by its place
	now := o.issuer(again)
	if now.Epoch != last.Epoch || now.Sequence <= last.Sequence {
		t.Errorf("the sequence went from %d to %d", last.Sequence, now.Sequence)
	}
	o.caught(again)
	o.publicly(old[4], 1)
	o.publicly(late[0], 1)
	o.publicly(late[5], 1)
	o.publicly(old[6], 1)
	o.publicly(old[2], 0)
	o.publicly(old[7], 0)
	var forks node.ForkList
	o.op(o.hub, node.OpForks, nil, &forks)
	if len(forks.Forks) != 0 {
		t.Errorf("the follower has evidence of a fork: %+v", forks.Forks[0].Kind)
	}
	again.kill()
	done(t, nil, restored, "fsck")
	t.Logf("head %d in the backup's world, %d after the restore; %d indices given, none twice", last.Sequence, now.Sequence, len(o.given))
}

// Two copies of one home run at once. The second to be seen halts and says who
// the other is; what it acknowledged is there, can be listed, and comes in with
// what the other published when the operator lets one of them go on.
func TestTwoClones(t *testing.T) {
	o := newOffice(t)
	var c []issuedCredential
	for range 8 {
		c = append(c, o.issue(o.uni))
	}
	o.op(o.uni, node.OpPublish, nil, nil)
	o.caught(o.uni)
	o.uni.kill()
	if err := os.CopyFS(o.home("clone"), os.DirFS(o.home("uni"))); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"keys/online.age", "keys/offline.age", "token", "passphrase"} {
		if err := os.Chmod(filepath.Join(o.home("clone"), f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(o.home("clone"), "peer.key")); err != nil {
		t.Fatal(err)
	}
	first, second := start(t, o.home("uni"), nil, o.settings...), start(t, o.home("clone"), nil, o.settings...)
	o.signs(first)
	o.signs(second)
	o.set(second, "revoke", c[1], false) // acknowledged here and published nowhere
	o.set(second, "suspend", c[2], false)
	o.set(first, "suspend", c[3], true)
	o.set(first, "revoke", c[4], true)
	eventually(t, 30*time.Second, "the second halts", func() bool { return !o.issuer(second).Signing })
	var s node.Standing
	o.op(second, node.OpStanding, nil, &s)
	if s.Halt == nil || s.Halt.Instance == "" || s.Halt.Instance == s.Halt.Here || len(s.Halt.Head) == 0 || s.Halt.Forked || len(s.ToDo) < 3 {
		t.Errorf("the halt says %+v", s)
	}
	if !strings.Contains(s.Why, s.Halt.Instance) || !strings.Contains(s.Why, s.Halt.Here) {
		t.Errorf("the reason does not name both signers: %s", s.Why)
	}
	o.refused(second, node.OpPublish, nil, "halted")
	o.refused(second, node.OpIssue, course, "halted")
	o.refused(second, node.OpResume, node.ResumeRequest{Alone: true, Confirm: true}, "take-over")
	o.set(second, "revoke", c[5], false) // a halted node still acknowledges
	if !o.issuer(first).Signing {
		t.Errorf("the first halted too: %s", o.issuer(first).Why)
	}
	o.set(first, "revoke", c[0], false) // acknowledged there and published nowhere
	places := func(home string) map[string]string {
		got := map[string]string{}
		for _, line := range strings.Split(strings.TrimSpace(string(done(t, nil, home, "status", "unpublished"))), "\n") {
			var row node.UnpublishedRow
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			got[row.Target] = row.Action
		}
		return got
	}
	if got := places(o.home("clone")); len(got) != 3 || got[c[1].place] != "revoke" || got[c[2].place] != "suspend" || got[c[5].place] != "revoke" {
		t.Errorf("unpublished on the second: %v", got)
	}
	first.kill()
	lost := places(o.home("uni"))
	if len(lost) != 1 || lost[c[0].place] != "revoke" {
		t.Errorf("unpublished on the first: %v", lost)
	}

	// The second goes on with all that the first published and had acknowledged.
	if _, code := command(t, nil, o.home("clone"), "resume", "--take-over"); code != 2 {
		t.Errorf("take-over without a second word: exit code %d, want 2", code)
	}
	done(t, nil, o.home("clone"), "resume", "--take-over", "--yes")
	for place := range lost {
		done(t, nil, o.home("clone"), "status", "revoke", place)
	}
	o.op(second, node.OpPublish, nil, nil)
	for i, want := range []struct{ revoked, suspended bool }{{true, false}, {true, false}, {false, true}, {false, true}, {true, false}, {true, false}, {false, false}} {
		o.stands(second, c[i], want.revoked, want.suspended)
	}
	o.caught(second)
	for i, code := range []int{1, 1, 1, 1, 1, 1, 0} {
		o.publicly(c[i], code)
	}
	for range 50 {
		o.issue(second)
	}
	// The first, were it started again, is now the one to halt.
	back := start(t, o.home("uni"), nil, o.settings...)
	eventually(t, 30*time.Second, "the first halts", func() bool {
		is := o.issuer(back)
		return !is.Signing && strings.Contains(is.Why, "was not signed here")
	})
	var forks node.ForkList
	o.op(o.hub, node.OpForks, nil, &forks)
	if len(forks.Forks) != 0 {
		t.Errorf("the follower has evidence of a fork")
	}
	second.kill()
	done(t, nil, o.home("clone"), "fsck")
}
