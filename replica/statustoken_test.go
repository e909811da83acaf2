package replica_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
)

// Token lists are held to the same as lists of the W3C's: named by the head, signed
// by the issuer, never older, and a revocation that is taken back is evidence.
func TestTokenListsAtTheDoor(t *testing.T) {
	const uri = "https://uni.example/status/1.jwt"
	type form func(context.Context, revocation.TokenSpec, key.Signer, string) ([]byte, error)
	for _, c := range []struct {
		path        string
		sign, other form
		evidence    func([]byte) ([]string, error)
	}{
		{"status/1.jwt", revocation.SignStatusJWT, revocation.SignStatusCWT, func(b []byte) (pair []string, err error) {
			return pair, json.Unmarshal(b, &pair)
		}},
		{"status/1.cwt", revocation.SignStatusCWT, revocation.SignStatusJWT, func(b []byte) ([]string, error) {
			var pair [][]byte
			if err := json.Unmarshal(b, &pair); err != nil || len(pair) != 2 {
				return nil, err
			}
			return []string{string(pair[0]), string(pair[1])}, nil
		}},
	} {
		t.Run(c.path, func(t *testing.T) {
			l := newLab(t)
			now := labStart.Add(time.Hour)
			method := l.log.DID() + "#" + l.list.Public().Multikey()
			list := func(sign form, at time.Time, set bool, signer key.Private, uri string) []byte {
				revoked, suspended := revocation.NewBitstring(revocation.MinEntries), revocation.NewBitstring(revocation.MinEntries)
				if err := suspended.Set(8); err != nil {
					t.Fatal(err)
				}
				if set {
					if err := revoked.Set(7); err != nil {
						t.Fatal(err)
					}
				}
				statuses, err := revocation.Merge(revoked, suspended)
				if err != nil {
					t.Fatal(err)
				}
				b, err := sign(t.Context(), revocation.TokenSpec{URI: uri, Issuer: l.log.DID(), Statuses: statuses, IssuedAt: at, Expires: at.AddDate(0, 1, 0)}, signer, method)
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			file := func(b []byte) replica.Offer {
				return replica.Offer{Source: "peer:x", File: &replica.FileOffer{Subject: l.log.SCID(), Path: c.path, Body: b}}
			}
			r := labReplica(t, &now)
			line := &chain{l: l}
			show := func(b []byte) {
				t.Helper()
				leaf := record.Leaf{Path: c.path, CID: record.CIDOf(b), Size: int64(len(b))}
				line.grow(leaf)
				m, err := record.NewManifest([]record.Leaf{leaf})
				if err != nil {
					t.Fatal(err)
				}
				o := line.offer(len(line.heads))
				o.Head.Manifest = m.Encode()
				give(t, r, o, record.Fresh, nil)
			}
			revoked := list(c.sign, labStart, true, l.list, uri)
			give(t, r, logOffer(l.log.Log()), record.Fresh, nil)
			give(t, r, file(revoked), record.Pending, replica.ErrNotNamed)
			show(revoked)
			give(t, r, file(revoked), record.Fresh, nil)
			for name, bad := range map[string][]byte{
				"older":                           list(c.sign, labStart.Add(-time.Minute), true, l.list, uri),
				"signed by another key":           list(c.sign, labStart, false, labKey(t), uri),
				"by the name of another list":     list(c.sign, labStart, false, l.list, "https://uni.example/status/3.jwt"),
				"by the name of the W3C's list":   list(c.sign, labStart, false, l.list, "https://uni.example/status/1"),
				"by the name of the form in CBOR": list(c.sign, labStart, false, l.list, "https://uni.example/status/1.cwt"),
				"in the other form":               list(c.other, labStart.Add(time.Second), true, l.list, uri),
			} {
				show(bad)
				if res := r.Accept(t.Context(), file(bad)); res.Outcome != record.Refused {
					t.Errorf("%s: %s %v", name, res.Outcome, res.Err)
				}
			}
			cleared := list(c.sign, labStart.Add(time.Minute), false, l.list, uri)
			show(cleared)
			give(t, r, file(cleared), record.Fresh, nil)
			v, err := r.File(t.Context(), l.log.SCID(), c.path)
			if err != nil || v.State != replica.Current || !v.WentBack {
				t.Fatalf("%+v %v", v, err)
			}
			for index, want := range map[int64]bool{7: true, 8: false} {
				if set, err := revocation.FromBytes(v.Sticky).Get(index); err != nil || set != want {
					t.Errorf("index %d is remembered as %v, %v", index, set, err)
				}
			}
			forks, err := r.Forks(t.Context(), l.log.SCID())
			if err != nil || len(forks) != 1 || forks[0].Kind != replica.ForkStatus {
				t.Fatalf("%+v %v", forks, err)
			}
			if pair, err := c.evidence(forks[0].Body); err != nil || len(pair) != 2 || pair[0] != string(revoked) || pair[1] != string(cleared) {
				t.Errorf("the evidence is not the two lists: %v", err)
			}
		})
	}
}
