package p2p

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-varint"
)

func TestEndRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want end
	}{
		{"ok", end{}, end{}},
		{"busy", end{CodeBusy, 1500 * time.Millisecond, "later"}, end{CodeBusy, 1500 * time.Millisecond, "later"}},
		{"wait too long", end{CodeBusy, 48 * time.Hour, ""}, end{CodeBusy, maxRetry, ""}},
		{"negative wait", end{CodeBusy, -time.Second, ""}, end{CodeBusy, 0, ""}},
		{"text too long", end{CodeBad, 0, strings.Repeat("x", 300)}, end{CodeBad, 0, strings.Repeat("x", maxText)}},
		{"cut between letters", end{CodeBad, 0, "x" + strings.Repeat("é", 200)}, end{CodeBad, 0, "x" + strings.Repeat("é", 127)}},
		{"not UTF-8", end{CodeBad, 0, strings.Repeat("\xff", 300)}, end{CodeBad, 0, ""}},
		{"greatest code", end{Code(varint.MaxValueUvarint63), 0, ""}, end{Code(varint.MaxValueUvarint63), 0, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			frame, got, err := readAnswer(bufio.NewReader(bytes.NewReader(appendEnd(nil, c.in))), 10)
			if err != nil || frame != nil || got == nil || *got != c.want {
				t.Errorf("got %v, %+v, %v", frame, got, err)
			}
		})
	}
}

// FuzzAnswer: whatever comes, reading ends, stays within the limits, and
// what was read is written the same again.
func FuzzAnswer(f *testing.F) {
	f.Add(append(appendFrame(nil, []byte("frame")), appendEnd(nil, end{CodeBusy, time.Second, "text"})...))
	f.Add(appendEnd(nil, end{}))
	f.Add([]byte{kindFrame, 0x80, 0x00})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		const limit = 64
		r := bufio.NewReader(bytes.NewReader(in))
		var again []byte
		for {
			frame, e, err := readAnswer(r, limit)
			if err != nil {
				if !errors.Is(err, ErrProtocol) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("unexpected error %v", err)
				}
				break
			}
			if e != nil {
				if e.retry > maxRetry || len(e.text) > maxText {
					t.Fatalf("end %+v", e)
				}
				if e.retry < maxRetry {
					again = appendEnd(again, *e)
					if !bytes.HasPrefix(in, again) {
						t.Fatalf("read %x, wrote %x", in, again)
					}
				}
				break
			}
			if len(frame) > limit {
				t.Fatalf("frame of %d bytes", len(frame))
			}
			again = appendFrame(again, frame)
		}
	})
}

// FuzzRequest: the same for what a server reads.
func FuzzRequest(f *testing.F) {
	f.Add(appendRequest(nil, []byte("request")))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, in []byte) {
		const limit = 64
		req, err := readRequest(bufio.NewReader(bytes.NewReader(in)), limit)
		switch {
		case err == nil && (len(req) > limit || !bytes.HasPrefix(in, appendRequest(nil, req))):
			t.Fatalf("read %x from %x", req, in)
		case err != nil && !errors.Is(err, ErrProtocol) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, io.ErrUnexpectedEOF):
			t.Fatalf("unexpected error %v", err)
		}
	})
}

// FuzzPeerAddress: an address that is accepted names a peer and a place.
func FuzzPeerAddress(f *testing.F) {
	f.Add(addrA)
	f.Add(addrB + "/p2p-circuit/p2p/" + idA)
	f.Add("/ip4/1.2.3.4/tcp/1")
	f.Fuzz(func(t *testing.T, text string) {
		ai, err := parsePeer(text)
		if err != nil {
			if !errors.Is(err, ErrAddress) {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		if ai.ID.Validate() != nil || len(ai.Addrs) == 0 {
			t.Fatalf("%q accepted as %v", text, ai)
		}
	})
}

func FuzzParseIdentity(f *testing.F) {
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte("-----BEGIN"))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := parseIdentity(b)
		if err != nil {
			if !errors.Is(err, ErrIdentity) {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		if _, err := privateKey(key); err != nil {
			t.Fatalf("accepted a key that New refuses: %v", err)
		}
	})
}

// TestBudgetForgets: identities that are invented for one request each do not
// pile up.
func TestBudgetForgets(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := Limits{RequestRate: 10, RequestBurst: 10}.withDefaults()
	b := newBudget(l, func() time.Time { return now })
	for i := range 10_000 {
		id := peer.ID(varint.ToUvarint(uint64(i)))
		release, _ := b.admit(id, false)
		if release == nil {
			t.Fatalf("request %d was shed", i)
		}
		b.spend(id, 1000)
		release()
		release() // a second call changes nothing
		now = now.Add(10 * time.Millisecond)
	}
	if b.active != 0 {
		t.Errorf("%d places are taken", b.active)
	}
	if n := len(b.accounts); n > 200 {
		t.Errorf("%d accounts are remembered", n)
	}
}

// TestBudgetReserve: strangers cannot take the last places.
func TestBudgetReserve(t *testing.T) {
	l := Limits{Requests: 8, RequestsPerPeer: 100}.withDefaults()
	b := newBudget(l, time.Now)
	count := func(id peer.ID, protected bool) (n int) {
		for {
			if release, wait := b.admit(id, protected); release == nil {
				if wait <= 0 {
					t.Error("shed without a time to wait")
				}
				return n
			}
			n++
		}
	}
	if n := count("stranger", false); n != 6 {
		t.Errorf("strangers hold %d places, want 6", n)
	}
	if n := count("protected", true); n != 2 {
		t.Errorf("the protected peer got %d places, want 2", n)
	}
}
