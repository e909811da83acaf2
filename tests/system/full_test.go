//go:build system && linux

package system

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bonafide-id/bonafide/client"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/node"
)

// A home on a file system of 16 MiB that is full to the last byte: checking and
// showing go on, what writes is refused with a word and exit code 4, and when
// there is room again everything works, without a restart.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		vectors.Missing(t, "the right to mount a tmpfs")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16m"); err != nil {
		vectors.Missing(t, fmt.Sprintf("the right to mount a tmpfs (%v)", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	home, out := filepath.Join(disk, "home"), t.TempDir()
	done(t, nil, home, "init", "--yes", "--domain", "university.example", "--name", "U")
	r := start(t, home, nil, "--listen", loopback, "--cadence", "24h")
	t.Cleanup(r.kill) // before the unmount
	const most = 400
	var ids []string
	for range most {
		var issued node.IssueResponse
		if err := r.client.Op(t.Context(), node.OpIssue, course, &issued); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, issued.ID)
	}
	ana, eve := filepath.Join(out, "ana.json"), filepath.Join(out, "eve.json")
	issue(t, nil, home, "Ana Andromeda", ana)
	issue(t, nil, home, "Eve Everstone", eve)
	done(t, nil, home, "status", "revoke", eve, "--now")

	filler, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	fill := func() {
		for block := make([]byte, 64<<10); len(block) > 0; {
			if _, err := filler.Write(block); errors.Is(err, syscall.ENOSPC) {
				block = block[:len(block)/2]
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	fill()
	// The log of the store may have room left inside: it is used up first.
	acknowledged := 0
	for ; acknowledged < most; acknowledged++ {
		if r.client.Op(t.Context(), node.OpStatusSet, node.StatusRequest{Target: ids[acknowledged], Action: "revoke"}, nil) != nil {
			break
		}
		fill()
	}
	if acknowledged == most {
		t.Fatal("the disk never got full")
	}
	refusals := func() {
		t.Helper()
		if _, code := command(t, nil, home, "status", "revoke", ids[acknowledged]); code != 4 {
			t.Errorf("a revocation on a full disk: exit code %d, want 4", code)
		}
		err := r.client.Op(t.Context(), node.OpStatusSet, node.StatusRequest{Target: ids[acknowledged], Action: "revoke"}, nil)
		var p *client.Problem
		if !errors.As(err, &p) || p.Status != 507 || !strings.Contains(err.Error(), "The disk takes no more") || !strings.Contains(hint.Of(err), "Free space") {
			t.Errorf("a revocation on a full disk: %v; hint %q", err, hint.Of(err))
		}
		if _, code := command(t, nil, home, "publish"); code != 4 {
			t.Errorf("publishing on a full disk: exit code %d, want 4", code)
		}
		if _, code := command(t, nil, home, "backup", filepath.Join(disk, "b.tar")); code != 4 {
			t.Errorf("a backup onto the full disk: exit code %d, want 4", code)
		}
	}
	reads := func() {
		t.Helper()
		if v, code := verdictOf(t, nil, home, ana); code != 0 {
			t.Errorf("a good credential on a full disk: exit code %d, %s", code, v.Outcome)
		}
		if v, code := verdictOf(t, nil, home, eve); code != 1 {
			t.Errorf("a revoked credential on a full disk: exit code %d, %s", code, v.Outcome)
		}
		for i, id := range ids {
			var s node.StatusShowResponse
			if err := r.client.Op(t.Context(), node.OpStatusShow, node.StatusShowRequest{Target: id}, &s); err != nil {
				t.Fatalf("showing a status on a full disk: %v", err)
			}
			if s.Status[0].Set != (i < acknowledged) {
				t.Errorf("credential %d of %d acknowledged: revoked %v", i, acknowledged, s.Status[0].Set)
			}
		}
	}
	for range 3 { // again and again
		refusals()
		reads()
	}
	// A backup to another disk is what one wants now.
	done(t, nil, home, "backup", filepath.Join(out, "b.tar"))

	if err := errors.Join(filler.Close(), os.Remove(filler.Name())); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids[acknowledged:] {
		if err := r.client.Op(t.Context(), node.OpStatusSet, node.StatusRequest{Target: id, Action: "revoke"}, nil); err != nil {
			t.Fatalf("a revocation after room was made: %v", err)
		}
	}
	before := acknowledged
	acknowledged = most
	done(t, nil, home, "publish")
	reads()
	done(t, nil, home, "fsck")
	t.Logf("%d revocations on a full disk before the first refusal, %d after room was made, without a restart", before, most-before)
}
