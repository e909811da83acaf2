package node

import (
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/replica"
)

// A published revocation on ten followers in one process: how long from the
// publication until each holds the new list. It prints figures and judges
// only that all of them get it.
func TestRevocationSpreads(t *testing.T) {
	runs := 20
	if os.Getenv("BONAFIDE_SOAK") == "1" {
		runs = 200
	}
	uni := begin(t, settings(t), "university.example", "")
	info := uni.Info(t.Context())
	addr, did := info.Addrs[0], info.Issuers[0].DID
	subject := info.Issuers[0].Subject
	var followers []*started
	for range 10 {
		f := begin(t, settings(t, addr), "", "")
		until(t, "the follower meets the university", func() bool { return f.Info(t.Context()).Peers > 0 })
		call[FollowResponse](t, f.Node, OpFollow, FollowRequest{DID: did})
		followers = append(followers, f)
	}
	var took []time.Duration
	for range runs {
		issued := call[IssueResponse](t, uni.Node, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
		start := time.Now()
		res := call[StatusResponse](t, uni.Node, OpStatusSet, StatusRequest{Target: issued.ID, Action: "revoke", Now: true})
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, f := range followers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				tick := time.NewTicker(time.Millisecond)
				defer tick.Stop()
				for time.Since(start) < 20*time.Second {
					head, err := f.replica.Head(t.Context(), subject)
					if err == nil && int64(head.Head.Sequence) >= res.Sequence {
						if v, err := f.replica.File(t.Context(), subject, "status/1"); err == nil && v.State == replica.Current {
							mu.Lock()
							took = append(took, time.Since(start))
							mu.Unlock()
							return
						}
					}
					<-tick.C
				}
				t.Error("a follower did not get the revocation in 20 s")
			}()
		}
		wg.Wait()
	}
	slices.Sort(took)
	if len(took) != runs*len(followers) {
		t.Fatalf("%d of %d", len(took), runs*len(followers))
	}
	t.Logf("%d runs, 10 followers, publishing included: median %v, p99 %v, worst %v", runs, took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
}
