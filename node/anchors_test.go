// The chain inside of these tests takes minutes to build under the race detector.

//go:build !race

package node

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/anchor"
	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/contracts/chaintest"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

// chainLab is a chain with a copy of the contract and servers in front of it.
type chainLab struct {
	*chaintest.Chain
	servers  []*chaintest.Server
	contract string
	key, pw  string
}

func newChainLab(t testing.TB) *chainLab {
	t.Helper()
	l := &chainLab{Chain: chaintest.New(t, 1)}
	l.servers = []*chaintest.Server{l.Serve(t), l.Serve(t)}
	at, _ := l.Chain.Deploy(t, l.Accounts[0], contracts.Deploy().Data)
	l.contract = contracts.FormatAddress(at)
	l.key, l.pw = chaintest.KeyFile(t, l.Accounts[0])
	l.blocks(2)
	return l
}

func (l *chainLab) blocks(n int) {
	for range n {
		l.Backend.Commit()
	}
}

// set lets a node ask the chain, and anchor if a grade is given.
func (l *chainLab) set(cfg Config, grade anchor.Grade) Config {
	cfg.RPC, cfg.Chain, cfg.Depth, cfg.Contract = []string{l.servers[0].URL, l.servers[1].URL}, "eip155:1337", 2, l.contract
	if cfg.Grade = string(grade); grade != "" {
		cfg.Key, cfg.KeyPassphrase = l.key, l.pw
	}
	cfg.Poll, cfg.FeeCap = "1h", "1000" // tests step by themselves
	return cfg
}

// anchor brings the newest head onto the chain, until it is final.
func (l *chainLab) anchor(t testing.TB, n *Node) anchor.Job {
	t.Helper()
	out := call[AnchorSubmitted](t, n, OpAnchorSubmit, AnchorSubmitRequest{})
	for range 12 {
		if out.Status.Flight == nil && len(out.Status.Waiting) == 0 && len(out.Status.Done) > 0 {
			l.blocks(3)
			return out.Status.Done[len(out.Status.Done)-1]
		}
		l.blocks(1)
		out = call[AnchorSubmitted](t, n, OpAnchorSubmit, AnchorSubmitRequest{StepOnly: true})
	}
	t.Fatalf("not final: %+v", out)
	return anchor.Job{}
}

// cold opens the home of a node that was stopped, without a network of peers: it
// hears nothing new.
func cold(t testing.TB, cfg Config) *Node {
	t.Helper()
	cfg.Bootstrap = nil
	n, err := Open(t.Context(), cfg, Options{Passphrase: keystore.Fixed([]byte("correct horse")), WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func judge(t testing.TB, n *Node, body []byte, with ...Staple) *verdict.Verdict {
	t.Helper()
	v := call[verdict.Verdict](t, n, OpVerify, VerifyRequest{Credential: body, Policy: "authentic", With: with})
	return &v
}

// codesOf are the codes of a check.
func codesOf(v *verdict.Verdict, name verdict.CheckName) []verdict.Code {
	var out []verdict.Code
	for _, c := range v.Checks {
		if c.Name == name {
			out = append(out, c.Code)
		}
	}
	return out
}

func has(v *verdict.Verdict, code verdict.Code) bool {
	return slices.Contains(codesOf(v, verdict.Freshness), code)
}

// shown is an issuer with an account, a credential, and a node that follows it.
type shown struct {
	lab        *chainLab
	uni        *started
	did        string
	credential []byte
	other      []byte // to be revoked
	employer   Config // of a node that was stopped after the first head was anchored
}

func show(t *testing.T, grade anchor.Grade) *shown {
	s := &shown{lab: newChainLab(t)}
	s.uni = begin(t, s.lab.set(settings(t), grade), "university.example", "Universidad de Ejemplo")
	s.did = s.uni.Info(t.Context()).Issuers[0].DID
	if out := call[UpdateResponse](t, s.uni.Node, OpAnchorBind, AnchorBindRequest{}); len(out.Notes) > 0 {
		t.Fatalf("bind: %+v", out)
	}
	s.credential = call[IssueResponse](t, s.uni.Node, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")}).Credential
	s.other = call[IssueResponse](t, s.uni.Node, OpIssue, IssueRequest{Credential: micro("Max Power")}).Credential
	call[PublishResponse](t, s.uni.Node, OpPublish, PublishRequest{})
	s.lab.anchor(t, s.uni.Node)
	if grade == anchor.ExistedBy {
		call[PublishResponse](t, s.uni.Node, OpPublish, PublishRequest{}) // with the proof of the batch
	}
	s.employer = s.lab.set(settings(t, s.uni.Info(t.Context()).Addrs[0]), "")
	e := begin(t, s.employer, "", "")
	until(t, "the employer holds the folder", func() bool {
		_, err := try[FollowResponse](e.Node, OpFollow, FollowRequest{DID: s.did})
		return err == nil && judge(t, e.Node, s.credential).Outcome == verdict.Verified
	})
	e.stop()
	return s
}

// later makes a new head by a revocation, and anchors it.
func (s *shown) later(t *testing.T) {
	t.Helper()
	call[StatusResponse](t, s.uni.Node, OpStatusSet, StatusRequest{Credential: s.other, Action: "revoke", Now: true})
	s.lab.anchor(t, s.uni.Node)
}

// A verifier that only hears an old head, and can ask the chain.
func TestEclipsedUnderFloor(t *testing.T) {
	s := show(t, anchor.Floor)
	e := cold(t, s.employer)
	if v := judge(t, e, s.other); v.Outcome != verdict.Verified || !has(v, verdict.Anchored) {
		t.Fatalf("before: %s", rows(v))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	s.later(t)
	t.Run("with the chain", func(t *testing.T) {
		v := judge(t, cold(t, s.employer), s.other)
		if v.Outcome != verdict.Indeterminate || !has(v, verdict.AnchoredNewer) {
			t.Errorf("%s", rows(v))
		}
	})
	t.Run("without it would be fooled", func(t *testing.T) {
		cfg := s.employer
		cfg.AnchorConfig = defaultAnchorConfig()
		n, err := Open(t.Context(), cfg, Options{Passphrase: keystore.Fixed([]byte("correct horse")), WorkFactor: 1})
		if err == nil {
			defer n.Close()
			if v := judge(t, n, s.other); v.Outcome != verdict.Verified || has(v, verdict.Anchored) {
				t.Errorf("%s", rows(v))
			}
			return
		}
		t.Fatal(err)
	})
}

func TestEclipsedUnderExistedBy(t *testing.T) {
	s := show(t, anchor.ExistedBy)
	s.employer.BatchesBehind = 1
	for i, want := range []verdict.Outcome{verdict.Verified, verdict.Verified, verdict.Indeterminate} {
		if i > 0 {
			// Another batch of the aggregator: a new head of the issuer is in it.
			call[IdentityResponse](t, s.uni.Node, OpIdentitySet, IdentityRequest{Organisation: renamed(i)})
			s.lab.anchor(t, s.uni.Node)
		}
		n := cold(t, s.employer)
		v := judge(t, n, s.credential)
		if code := map[bool]verdict.Code{true: verdict.Anchored, false: verdict.AnchorBehind}[i < 2]; v.Outcome != want || !has(v, code) {
			t.Errorf("%d batches behind: %s", i, rows(v))
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func renamed(i int) legal.Organisation {
	o := university()
	o.LegalNames[0].Value += strings.Repeat("!", i)
	return o
}

// Absent, lying, lagging, wrong-chain and dead servers: the verdict is that which
// there would be without an anchor, in a case that is verified without and in one
// that is not.
func TestAnchorNeverBetter(t *testing.T) {
	s := show(t, anchor.Floor)
	without := s.employer
	without.AnchorConfig = defaultAnchorConfig()
	stale := func(t *testing.T, cfg Config) *verdict.Verdict {
		t.Helper()
		n := cold(t, cfg)
		defer n.Close()
		v := call[verdict.Verdict](t, n, OpVerify, VerifyRequest{Credential: s.credential, Policy: "authentic", MaxAge: "1ns"})
		return &v
	}
	good := func(t *testing.T, cfg Config) *verdict.Verdict {
		t.Helper()
		n := cold(t, cfg)
		defer n.Close()
		return judge(t, n, s.credential)
	}
	if v := good(t, without); v.Outcome != verdict.Verified {
		t.Fatal(rows(v))
	}
	if v := stale(t, without); v.Outcome != verdict.Indeterminate {
		t.Fatal(rows(v))
	}
	if v := stale(t, s.employer); v.Outcome != verdict.Indeterminate || !has(v, verdict.Anchored) {
		t.Errorf("an anchor made up for age: %s", rows(v))
	}
	block := func(change func(b map[string]any)) chaintest.Fault {
		return func(method string, _ []any, next func() (json.RawMessage, error)) (any, error) {
			raw, err := next()
			var b map[string]any
			if method != "eth_getBlockByNumber" || err != nil || json.Unmarshal(raw, &b) != nil || b == nil {
				return raw, err
			}
			change(b)
			return b, nil
		}
	}
	answers := func(method string, value any) chaintest.Fault {
		return func(m string, _ []any, next func() (json.RawMessage, error)) (any, error) {
			if m == method {
				return value, nil
			}
			return next()
		}
	}
	for name, f := range map[string]chaintest.Fault{
		"dead":              chaintest.Dead,
		"lying of a block":  block(func(b map[string]any) { b["hash"] = "0x" + strings.Repeat("11", 32) }),
		"lying of a record": answers("eth_getStorageAt", "0x"+strings.Repeat("0", 63)+"1"),
		"lying of the code": answers("eth_getCode", "0x60"),
		"lagging":           block(func(b map[string]any) { b["number"], b["timestamp"] = "0x1", "0x1" }),
		"wrong chain":       answers("eth_chainId", "0x1"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, broken := range [][]*chaintest.Server{s.lab.servers[:1], s.lab.servers} {
				for _, server := range broken {
					server.Break(f)
				}
				if v := good(t, s.employer); v.Outcome != verdict.Verified || has(v, verdict.Anchored) || !has(v, verdict.AnchorUnchecked) {
					t.Errorf("%d of 2, verified without: %s", len(broken), rows(v))
				}
				if v := stale(t, s.employer); v.Outcome != verdict.Indeterminate {
					t.Errorf("%d of 2, indeterminate without: %s", len(broken), rows(v))
				}
				for _, server := range broken {
					server.Break(nil)
				}
			}
		})
	}
	t.Run("a policy may demand one", func(t *testing.T) {
		policy := "name = \"anchored\"\ndemand_anchor = true\n"
		for want, fault := range map[verdict.Outcome]chaintest.Fault{verdict.Verified: nil, verdict.Indeterminate: chaintest.Dead} {
			s.lab.servers[0].Break(fault)
			n := cold(t, s.employer)
			v := call[verdict.Verdict](t, n, OpVerify, VerifyRequest{Credential: s.credential, Policy: policy})
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			if v.Outcome != want {
				t.Errorf("%s", rows(&v))
			}
			s.lab.servers[0].Break(nil)
		}
	})
}

// Publishing asks the chain nothing, and is acknowledged where it is dead.
func TestPublishingAsksNoChain(t *testing.T) {
	lab := newChainLab(t)
	// Without the loop that looks after the queue: what is asked, publishing asks.
	uni := opened(t, "university.example", func(c *Config) { *c = lab.set(*c, anchor.Floor) })
	call[UpdateResponse](t, uni, OpAnchorBind, AnchorBindRequest{})
	for _, dead := range []chaintest.Fault{nil, chaintest.Dead} {
		for _, s := range lab.servers {
			s.Break(dead)
			s.Calls()
		}
		c := call[IssueResponse](t, uni, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
		out := call[StatusResponse](t, uni, OpStatusSet, StatusRequest{Credential: c.Credential, Action: "revoke", Now: true})
		call[PublishResponse](t, uni, OpPublish, PublishRequest{})
		if !out.Published {
			t.Errorf("%+v", out)
		}
		for i, s := range lab.servers {
			if calls := s.Calls(); len(calls) > 0 {
				t.Errorf("server %d was asked %v", i, calls)
			}
		}
	}
}

// A file of the folder whose key was dropped since: a proof of an anchor that is
// older than that makes its signature count again.
func TestRetiredKeyByAnchor(t *testing.T) {
	for _, grade := range []anchor.Grade{anchor.Floor, anchor.ExistedBy} {
		t.Run(string(grade), func(t *testing.T) {
			lab := newChainLab(t)
			uni := begin(t, lab.set(settings(t), grade), "university.example", "Universidad de Ejemplo")
			call[UpdateResponse](t, uni.Node, OpAnchorBind, AnchorBindRequest{})
			is := uni.Info(t.Context()).Issuers[0]
			school := call[Created](t, uni.Node, OpDIDCreate, CreateRequest{Domain: "school.example"})
			org := university()
			r := call[RecognizeResponse](t, uni.Node, OpRecognize, RecognizeRequest{Issuer: is.DID, DID: school.DID, Organisation: &org, Confirm: true, Now: true})
			lab.anchor(t, uni.Node)
			if grade == anchor.ExistedBy {
				call[PublishResponse](t, uni.Node, OpPublish, PublishRequest{Issuer: is.DID})
			}
			p := call[AnchorProof](t, uni.Node, OpAnchorProve, AnchorProveRequest{DID: is.DID, Path: r.Path})
			bare := call[AnchorProof](t, uni.Node, OpAnchorProve, AnchorProveRequest{DID: is.DID})
			until(t, "the next second, in which the key is dropped", func() bool { return time.Now().Unix() > timeOf(t, p).Unix()+1 })
			call[UpdateResponse](t, uni.Node, OpDIDRotate, RotateRequest{Issuer: is.DID, Role: "credential", Compromised: true})
			body := []byte(r.Credential)
			code := func(with ...Staple) verdict.Code {
				row, _ := judge(t, uni.Node, body, with...).Worst(verdict.Signer)
				return row.Code
			}
			if got := code(); got != verdict.SignerRetired {
				t.Fatalf("without a proof: %s", got)
			}
			if got := code(Staple{Name: "proof.json", Body: p.Proof}); got != verdict.RetiredProvenByTimeSource {
				t.Errorf("with a proof: %s", got)
			}
			if got := code(Staple{Name: "proof.json", Body: bare.Proof}); got != verdict.SignerRetired {
				t.Errorf("with a proof of the head alone: %s", got)
			}
			for _, s := range lab.servers {
				s.Break(chaintest.Dead)
			}
			if got := code(Staple{Name: "proof.json", Body: p.Proof}); got != verdict.SignerRetired {
				t.Errorf("with a proof whose block nobody confirms: %s", got)
			}
			for _, s := range lab.servers {
				s.Break(nil)
			}
			// An anchor that is younger than the removal proves nothing.
			call[IdentityResponse](t, uni.Node, OpIdentitySet, IdentityRequest{Issuer: is.DID, Organisation: org})
			lab.anchor(t, uni.Node)
			if grade == anchor.ExistedBy {
				call[PublishResponse](t, uni.Node, OpPublish, PublishRequest{Issuer: is.DID})
			}
			if late, err := try[AnchorProof](uni.Node, OpAnchorProve, AnchorProveRequest{DID: is.DID, Path: r.Path}); err == nil && late.Order != p.Order {
				if got := code(Staple{Name: "proof.json", Body: late.Proof}); got != verdict.SignerRetired {
					t.Errorf("with a late proof: %s", got)
				}
			}
		})
	}
}

// timeOf is the time of the block of a proof, by its own hashes.
func timeOf(t testing.TB, p AnchorProof) time.Time {
	t.Helper()
	proof, err := anchor.ParseProof(p.Proof)
	if err != nil {
		t.Fatal(err)
	}
	s, err := proof.Verify(proof.Block(), proof.StateBlock())
	if err != nil {
		t.Fatal(err)
	}
	return s.Time
}

// The binding survives what else changes in a document, and goes when it is taken
// back. A proof is checked offline against the log it carries.
func TestAnchorBinding(t *testing.T) {
	lab := newChainLab(t)
	uni := begin(t, lab.set(settings(t), anchor.Floor), "university.example", "Universidad de Ejemplo")
	is := uni.Info(t.Context()).Issuers[0]
	bound := func() int {
		h, err := uni.ownLog(t.Context(), is.Subject)
		if err != nil {
			t.Fatal(err)
		}
		return len(bindingsOf(h))
	}
	if _, err := try[AnchorProof](uni.Node, OpAnchorProve, AnchorProveRequest{}); err == nil {
		t.Error("a proof without a binding")
	}
	if out := call[AnchorSubmitted](t, uni.Node, OpAnchorSubmit, AnchorSubmitRequest{}); out.Added != 0 {
		t.Error("anchored for an issuer that does not name the account")
	}
	call[UpdateResponse](t, uni.Node, OpAnchorBind, AnchorBindRequest{})
	call[UpdateResponse](t, uni.Node, OpDIDRotate, RotateRequest{})
	call[UpdateResponse](t, uni.Node, OpDIDUpdate, UpdateRequest{Domain: "new.example"})
	call[UpdateResponse](t, uni.Node, OpDIDUpdate, UpdateRequest{Peers: []string{"/ip4/127.0.0.1/tcp/1"}})
	if bound() != 1 {
		t.Fatal("the binding is gone")
	}
	lab.anchor(t, uni.Node)
	p := call[AnchorProof](t, uni.Node, OpAnchorProve, AnchorProveRequest{})
	proof, err := anchor.ParseProof(p.Proof)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := CheckAnchorProof(p.Proof, nil, time.Now(), proof.Block())
	if err != nil || !strings.HasSuffix(seen.DID, "new.example") || !seen.Newest {
		t.Errorf("%+v, %v", seen, err)
	}
	call[UpdateResponse](t, uni.Node, OpAnchorBind, AnchorBindRequest{Remove: true})
	if bound() != 0 {
		t.Error("still bound")
	}
	h, err := uni.ownLog(t.Context(), is.Subject)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CheckAnchorProof(p.Proof, h.Log(), time.Now(), proof.Block()); err == nil || !strings.Contains(err.Error(), "does not speak") {
		t.Errorf("with a log that names it no more: %v", err)
	}
}

// A node that is stopped at any point goes on where it was.
func TestAnchorRestart(t *testing.T) {
	lab := newChainLab(t)
	cfg := lab.set(settings(t), anchor.Floor)
	uni := begin(t, cfg, "university.example", "Universidad de Ejemplo")
	call[UpdateResponse](t, uni.Node, OpAnchorBind, AnchorBindRequest{})
	if out := call[AnchorSubmitted](t, uni.Node, OpAnchorSubmit, AnchorSubmitRequest{}); out.Status.Flight == nil { // the loop may have put it into the queue
		t.Fatalf("%+v", out)
	}
	uni.stop()
	lab.blocks(1)
	n := cold(t, cfg)
	out := call[AnchorSubmitted](t, n, OpAnchorSubmit, AnchorSubmitRequest{StepOnly: true})
	if out.Status.Flight == nil || out.Status.Flight.State != anchor.Included {
		t.Fatalf("%+v", out)
	}
	lab.blocks(3)
	out = call[AnchorSubmitted](t, n, OpAnchorSubmit, AnchorSubmitRequest{})
	if len(out.Status.Done) != 1 || out.Added != 0 {
		t.Fatalf("%+v", out)
	}
	// The loop may have sent the head before the one that came with the binding, which
	// then is the second in the queue.
	for range 4 {
		if out.Status.Flight == nil && len(out.Status.Waiting) == 0 {
			break
		}
		lab.blocks(3)
		out = call[AnchorSubmitted](t, n, OpAnchorSubmit, AnchorSubmitRequest{StepOnly: true})
	}
	r := call[AnchorReport](t, n, OpAnchorShow, AnchorShowRequest{})
	if !r.Known || r.Cost == nil || r.Cost.Gas == 0 || len(r.Issuers) != 1 || r.Issuers[0].Standings[0].State != anchor.Stands {
		t.Errorf("%+v", r)
	}
}

func TestAnchorSettings(t *testing.T) {
	for key, value := range map[string]string{"anchor_grade": "x", "anchor_chain": "1", "anchor_contract": "0x1", "anchor_fee_cap_gwei": "a",
		"anchor_quorum": "17", "anchor_depth": "-1", "anchor_batches_behind": "-1", "anchor_account": "x"} {
		c := DefaultConfig()
		if err := c.Set(key, value); err == nil {
			t.Errorf("%s = %s was taken", key, value)
		}
	}
	for text, want := range map[string]string{"50": "50000000000", "0.000000001": "1", "0": "0", "1.5": "1500000000"} {
		n, err := AnchorConfig{FeeCap: text}.feeCap()
		if err != nil || n.String() != want {
			t.Errorf("%s gwei: %v, %v", text, n, err)
		}
	}
	if _, err := ReadConfig(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Error(err)
	}
}
