package node

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
)

// started is a node that runs in this process on loopback.
type started struct {
	*Node
	cfg  Config
	stop func()
}

func settings(t testing.TB, bootstrap ...string) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Home = t.TempDir() + "/home"
	cfg.Listen = []string{"/ip4/127.0.0.1/udp/0/quic-v1"}
	cfg.Public, cfg.Admin = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Bootstrap, cfg.Gossip, cfg.Cadence, cfg.SyncInterval = bootstrap, "100ms", "1h", "500ms"
	return cfg
}

func begin(t testing.TB, cfg Config, domain, name string) *started {
	t.Helper()
	pass := keystore.Fixed([]byte("correct horse"))
	if err := isHome(cfg); errors.Is(err, ErrNoHome) {
		if _, err := Init(t.Context(), cfg, InitOptions{Passphrase: pass, Domain: domain, Name: name, WorkFactor: 1}); err != nil {
			t.Fatal(err)
		}
	}
	n, err := Open(t.Context(), cfg, Options{Passphrase: pass, WorkFactor: 1, Logger: nil})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- n.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("the node ended before it was ready: %v", err)
	}
	s := &started{Node: n, cfg: cfg}
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

// until asks again until ok, for at most ten seconds.
func until(t testing.TB, what string, ok func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for time.Since(start) < 10*time.Second {
		if ok() {
			return time.Since(start)
		}
		<-tick.C
	}
	t.Fatalf("not in ten seconds: %s", what)
	return 0
}

func call[Out any](t testing.TB, n *Node, op string, in any) Out {
	t.Helper()
	out, err := try[Out](n, op, in)
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	return out
}

func try[Out any](n *Node, op string, in any) (out Out, err error) {
	b, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	res, err := n.Op(ctx, op, Caller{Role: RoleOperator, By: "test"}, b)
	if err != nil {
		return out, err
	}
	raw, err := json.Marshal(res)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(raw, &out)
}

func university() legal.Organisation {
	return legal.Organisation{LegalNames: []legal.Name{{Value: "Universidad de Ejemplo", Lang: "es"}},
		ID: legal.Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000"}, Seat: legal.Seat{Country: "ES", Locality: "Madrid"}}
}

func micro(holder string) credential.Micro {
	return credential.Micro{Title: "Data Literacy", Holder: credential.Holder{Name: holder, BirthDate: "2001-02-03"}, ECTS: "4", EQF: 6,
		Outcomes: []string{"Reads a table"}, Workload: "PT100H", Form: "online", Assessment: "Written examination",
		Quality: "External evaluation 2025", Place: credential.MicroPlace{Country: "ES", Locality: "Madrid"}}
}

// The main job, between three nodes in one process.
func TestStory(t *testing.T) {
	accreditor := begin(t, settings(t), "accreditor.example", "Accreditation Agency")
	agencyDID := accreditor.Info(t.Context()).Issuers[0].DID
	hub := accreditor.Info(t.Context()).Addrs[0]
	uni := begin(t, settings(t, hub), "university.example", "")
	uniDID := uni.Info(t.Context()).Issuers[0].DID
	employer := begin(t, settings(t, hub), "", "")

	until(t, "the university may sign", func() bool { return uni.Info(t.Context()).Issuers[0].Signing })
	call[IdentityResponse](t, uni.Node, OpIdentitySet, IdentityRequest{Organisation: university()})
	var seen RecognizeResponse
	var why error
	defer func() { t.Log("recognize:", why) }()
	until(t, "the accreditor sees the statement", func() bool {
		var err error
		seen, err = try[RecognizeResponse](accreditor.Node, OpRecognize, RecognizeRequest{DID: uniDID})
		why = err
		return err == nil && seen.Statement != nil
	})
	if seen.Statement.LegalNames[0].Value != "Universidad de Ejemplo" {
		t.Fatalf("statement %+v", seen.Statement)
	}
	call[RecognizeResponse](t, accreditor.Node, OpRecognize, RecognizeRequest{DID: uniDID, Confirm: true})
	issued := call[IssueResponse](t, uni.Node, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	other := call[IssueResponse](t, uni.Node, OpIssue, IssueRequest{Credential: micro("Max Power")})

	call[TrustList](t, employer.Node, OpTrustAdd, TrustRequest{DID: agencyDID, Name: "The agency"})
	check := func(body []byte) *verdict.Verdict {
		v := call[verdict.Verdict](t, employer.Node, OpVerify, VerifyRequest{Credential: body})
		return &v
	}
	var v *verdict.Verdict
	took := until(t, "verified under recognised", func() bool {
		v = check(issued.Credential)
		return v.Outcome == verdict.Verified
	})
	t.Logf("verified after %v", took)
	if v.Policy.Name != "recognised" {
		t.Errorf("policy %s", v.Policy.Name)
	}
	for _, f := range []string{verdict.FieldLegalName, verdict.FieldIdentifier, verdict.FieldLegalSeat} {
		if got := v.Issuer.Get(f); got.State != verdict.Proven || got.By[0] != "The agency" {
			t.Errorf("%s: %+v", f, got)
		}
	}
	if d := v.Issuer.Get(verdict.FieldDomain); d.State != verdict.Claimed {
		t.Errorf("the domain, never seen, is %v", d.State)
	}

	call[StatusResponse](t, uni.Node, OpStatusSet, StatusRequest{Credential: issued.Credential, Action: "revoke", Now: true})
	flip := until(t, "revoked at the employer", func() bool {
		v = check(issued.Credential)
		return v.Outcome == verdict.Invalid
	})
	t.Logf("revocation seen after %v", flip)
	if row, _ := v.Worst(verdict.Status); row.Code != verdict.Revoked {
		t.Errorf("status %+v", row)
	}
	if _, err := try[StatusResponse](uni.Node, OpStatusSet, StatusRequest{Target: issued.ID, Action: "reinstate"}); !errors.Is(err, revocation.ErrFinal) {
		t.Errorf("a revoked credential was reinstated: %v", err)
	}

	uni.stop()
	if v = check(other.Credential); v.Outcome != verdict.Verified {
		t.Errorf("with the issuer gone: %s", rows(v))
	}
	tampered := []byte(string(other.Credential))
	for i := range tampered {
		if string(tampered[i:i+3]) == "Max" {
			tampered[i] = 'L'
			break
		}
	}
	v = check(tampered)
	if row, _ := v.Worst(verdict.Integrity); v.Outcome != verdict.Invalid || row.Code != verdict.SignatureInvalid {
		t.Errorf("tampered: %s", rows(v))
	}
	for _, n := range []*started{accreditor, employer} {
		if r := call[FsckReport](t, n.Node, OpFsck, Empty{}); !r.Clean {
			t.Errorf("fsck: %v", r.Findings)
		}
	}
}

func rows(v *verdict.Verdict) string {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}
