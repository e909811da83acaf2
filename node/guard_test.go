package node

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
)

// opened is a node without a network on a fresh home.
func opened(t *testing.T, domain string, edit func(*Config)) *Node {
	t.Helper()
	cfg := settings(t)
	if edit != nil {
		edit(&cfg)
	}
	pass := keystore.Fixed([]byte("correct horse"))
	if _, err := Init(t.Context(), cfg, InitOptions{Passphrase: pass, Domain: domain, WorkFactor: 1}); err != nil {
		t.Fatal(err)
	}
	n, err := Open(t.Context(), cfg, Options{Passphrase: pass, WorkFactor: 1})
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

// A copy of the home that signs is met: both sides see it, and the one that
// meets a head that it did not sign halts, also after a restart.
func TestOwnKeyHalt(t *testing.T) {
	hub := begin(t, settings(t), "", "")
	addr := hub.Info(t.Context()).Addrs[0]
	uni := begin(t, settings(t, addr), "university.example", "")
	did := uni.Info(t.Context()).Issuers[0].DID
	until(t, "the university may sign", func() bool { return uni.Info(t.Context()).Issuers[0].Signing })
	call[FollowResponse](t, hub.Node, OpFollow, FollowRequest{DID: did})
	uni.stop()
	clone := uni.cfg
	clone.Home = filepath.Join(t.TempDir(), "clone")
	if err := os.CopyFS(clone.Home, os.DirFS(uni.cfg.Home)); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"keys/online.age", "keys/offline.age", "token", "passphrase"} {
		if err := os.Chmod(filepath.Join(clone.Home, f), 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(clone.Home, filePeerKey)); err != nil {
		t.Fatal(err)
	}
	// The copy signs first; the original comes back and meets its head.
	copied := begin(t, clone, "", "")
	until(t, "the copy may sign", func() bool { return copied.Info(t.Context()).Issuers[0].Signing })
	call[IdentityResponse](t, copied.Node, OpIdentitySet, IdentityRequest{Organisation: university()})
	until(t, "the hub holds the copy's head", func() bool {
		rows := call[FollowList](t, hub.Node, OpFollows, Empty{})
		return len(rows.Subjects) == 1 && rows.Subjects[0].Sequence >= 2
	})
	original := begin(t, uni.cfg, "", "")
	until(t, "the original halts", func() bool {
		is := original.Info(t.Context()).Issuers[0]
		return !is.Signing && strings.Contains(is.Why, "was not signed here")
	})
	if _, err := try[PublishResponse](original.Node, OpPublish, PublishRequest{}); !errors.Is(err, ErrHalted) {
		t.Errorf("publishing while halted: %v", err)
	}
	original.stop()
	again := begin(t, uni.cfg, "", "")
	if is := again.Info(t.Context()).Issuers[0]; is.Signing {
		t.Error("a restart forgets the halt")
	}
}

// With sources configured and none reachable, a start does not sign until the
// operator says so.
func TestNoSigningBeforeReadBack(t *testing.T) {
	first := opened(t, "university.example", nil)
	cfg := first.cfg
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Bootstrap = []string{"/ip4/127.0.0.1/udp/9/quic-v1/p2p/12D3KooWD4ceSH4GxzWK6VTRPMtnBaNTdfALUEz2RibgKATe3DNw"}
	n, err := Open(t.Context(), cfg, Options{Passphrase: keystore.Fixed([]byte("correct horse")), WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := try[IdentityResponse](n, OpIdentitySet, IdentityRequest{Organisation: university()}); !errors.Is(err, ErrNotReadBack) {
		t.Errorf("%v, want ErrNotReadBack", err)
	}
	if _, err := try[Info](n, OpResume, ResumeRequest{}); !errors.Is(err, ErrConfirm) {
		t.Errorf("%v, want ErrConfirm", err)
	}
	call[Info](t, n, OpResume, ResumeRequest{Alone: true})
	call[PublishResponse](t, n, OpPublish, PublishRequest{})
}

// A folder on a plain web server serves where no peer can be reached, and is
// what proves the domain.
func TestHTTPSFallback(t *testing.T) {
	uni := opened(t, "university.example", nil)
	issued := call[IssueResponse](t, uni, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	call[IdentityResponse](t, uni, OpIdentitySet, IdentityRequest{Organisation: university()})
	dir := t.TempDir()
	out := call[ExportResponse](t, uni, OpFolderExport, ExportRequest{Dir: dir})
	if len(out.Files) < 6 {
		t.Fatalf("exported %v", out.Files)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	verifier := opened(t, "", func(c *Config) { c.DevHostMap = []string{"*=" + server.URL} })
	v := call[verdict.Verdict](t, verifier, OpVerify, VerifyRequest{Credential: issued.Credential, Policy: "authentic"})
	if v.Outcome != verdict.Verified {
		t.Fatalf("%s", rows(&v))
	}
	if d := v.Issuer.Get(verdict.FieldDomain); d.State != verdict.Proven {
		t.Errorf("the domain, seen, is %v", d.State)
	}
	asked := false
	for _, c := range v.Checks {
		asked = asked || c.Name == verdict.Privacy && c.Code == verdict.IssuerAsked
	}
	if !asked {
		t.Error("the verdict does not say that the issuer was asked")
	}
	// The same look-up with the network off finds nothing on a fresh node.
	fresh := opened(t, "", nil)
	v = call[verdict.Verdict](t, fresh, OpVerify, VerifyRequest{Credential: issued.Credential, Policy: "authentic", Offline: true})
	if v.Outcome != verdict.Indeterminate {
		t.Errorf("offline and unknown: %s", v.Outcome)
	}
}

// A credential under the list key is not the issuer's act.
func TestKeysSignOnlyWhatTheyAreFor(t *testing.T) {
	uni := opened(t, "university.example", nil)
	is := uni.Info(t.Context()).Issuers[0]
	h, err := uni.ownLog(t.Context(), is.Subject)
	if err != nil {
		t.Fatal(err)
	}
	list, err := uni.signer(is.Subject, keystore.RoleList)
	if err != nil {
		t.Fatal(err)
	}
	m := micro("Ana Andromeda")
	m.Issuer, m.ID = h.DID(), "urn:uuid:1"
	tree, err := m.Tree(uni.clock(), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := signTree(t.Context(), tree, list, h.DID()+"#"+list.Public().Multikey(), uni.clock())
	if err != nil {
		t.Fatal(err)
	}
	v := call[verdict.Verdict](t, uni, OpVerify, VerifyRequest{Credential: body, Policy: "authentic"})
	if row, _ := v.Worst(verdict.Signer); v.Outcome != verdict.Invalid || row.Code != verdict.ListKeySignedCredential {
		t.Errorf("%s", rows(&v))
	}
	// And one without a status, which the practice demands, under the right key.
	cred, err := uni.signer(is.Subject, keystore.RoleCredential)
	if err != nil {
		t.Fatal(err)
	}
	if body, err = signTree(t.Context(), tree, cred, h.DID()+"#"+cred.Public().Multikey(), uni.clock()); err != nil {
		t.Fatal(err)
	}
	v = call[verdict.Verdict](t, uni, OpVerify, VerifyRequest{Credential: body, Policy: "authentic"})
	if row, _ := v.Worst(verdict.Status); v.Outcome != verdict.Indeterminate || row.Code != verdict.StatusDemandedByPractice {
		t.Errorf("%s", rows(&v))
	}
}

// Rotation keeps what was issued verifiable; a compromised key drops it.
func TestRotation(t *testing.T) {
	uni := opened(t, "university.example", nil)
	issued := call[IssueResponse](t, uni, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	check := func() verdict.Verdict {
		return call[verdict.Verdict](t, uni, OpVerify, VerifyRequest{Credential: issued.Credential, Policy: "authentic"})
	}
	call[UpdateResponse](t, uni, OpDIDRotate, RotateRequest{})
	if v := check(); v.Outcome != verdict.Verified {
		t.Fatalf("after a routine rotation: %s", rows(&v))
	}
	second := call[IssueResponse](t, uni, OpIssue, IssueRequest{Credential: micro("Max Power")})
	call[UpdateResponse](t, uni, OpDIDRotate, RotateRequest{Role: "credential", Compromised: true})
	issued = second
	if v := check(); v.Outcome != verdict.Indeterminate {
		t.Fatalf("after its key was compromised: %s", rows(&v))
	}
	if r := call[FsckReport](t, uni, OpFsck, Empty{}); !r.Clean {
		t.Errorf("fsck: %v", r.Findings)
	}
	if _, err := try[UpdateResponse](uni, OpDIDDeactivate, DeactivateRequest{}); !errors.Is(err, ErrConfirm) {
		t.Errorf("closing without a word: %v", err)
	}
	third := call[IssueResponse](t, uni, OpIssue, IssueRequest{Credential: micro("John Doe")})
	call[UpdateResponse](t, uni, OpDIDDeactivate, DeactivateRequest{Confirm: true})
	issued = third
	v := check()
	if row, _ := v.Worst(verdict.Signer); v.Outcome != verdict.Verified || !v.Issuer.Closed {
		t.Errorf("after closing: %s %s", row.Code, rows(&v))
	}
	if _, err := try[IssueResponse](uni, OpIssue, IssueRequest{Credential: micro("X")}); !errors.Is(err, ErrClosed) {
		t.Errorf("issuing after closing: %v", err)
	}
}

func TestOpRefusals(t *testing.T) {
	n := opened(t, "", nil)
	for _, c := range []struct {
		name string
		op   string
		who  Caller
		in   string
		want error
	}{
		{"no such operation", "nonsense", Caller{Role: RoleOperator}, `{}`, ErrNoOp},
		{"role too low", OpTrustAdd, Caller{Role: RoleReader}, `{}`, ErrForbidden},
		{"unknown member", OpFollow, Caller{Role: RoleOperator}, `{"odd":1}`, ErrRequest},
		{"duplicate member", OpFollow, Caller{Role: RoleOperator}, `{"did":"a","did":"b"}`, ErrRequest},
		{"token of another issuer", OpIssue, Caller{Role: RoleRegistrar, Issuer: "did:example:a"}, `{"issuer":"did:example:b"}`, ErrForbidden},
		{"no issuer here", OpIssue, Caller{Role: RoleOperator}, `{}`, ErrNoIssuer},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := n.Op(context.Background(), c.op, c.who, []byte(c.in)); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if f := FailureOf(revocation.ErrFinal); f.Status != http.StatusConflict || f.ExitCode != 1 || f.Hint == "" {
		t.Errorf("%+v", f)
	}
	if f := FailureOf(errors.New("secret path")); f.Status != 500 || f.Detail != "" || f.Hint == "" {
		t.Errorf("an unknown error leaks: %+v", f)
	}
}
