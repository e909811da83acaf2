package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/client"
	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/report"
	"github.com/bonafide-id/bonafide/verdict"
)

// ErrDemo: a step of the demonstration did not come out as told.
var ErrDemo = hint.New("demo: a step did not come out as told", "Run it again with --keep and look at the nodes' logs in the folder named; if it stays, report it.")

const demoWait = 15 * time.Second

// demo is one run of the demonstration.
type demo struct {
	a     *app
	dir   string
	nodes map[string]*demoNode
	start time.Time
	chain *demoChain // nil: the story has none
}

// demoNode is one node in a process of its own.
type demoNode struct {
	name, home string
	ready      readyEvent
	cmd        *exec.Cmd
	client     *client.Client
}

func (a *app) demoCommand() *cobra.Command {
	var keep, real bool
	var shared, chain string
	c := &cobra.Command{Use: "demo", Short: "Show the whole story on real nodes on this machine",
		Long: `Start three nodes as processes of their own on loopback, an accreditor, a
university and an employer, and tell the story: the university says who it is,
the accreditor recognises it, the university issues a micro-credential, the
employer verifies it without a way to the university's web server and is told who
the university is, what it may issue and whether its quality is assured, the
university revokes it and the employer sees that, the university's node is
killed and another credential still verifies, a tampered copy is refused, and the
accreditor withdraws: first as of a date, then from the start.

Nothing leaves this machine. Exit code 0 means that every step came out as told.`,
		Example: "  bonafide demo\n  bonafide demo --json\n  bonafide demo --keep", Args: noArgs()}
	c.Flags().StringVar(&chain, "anchor", "", "program that runs a local chain (go build ./tests/devchain); adds that the university anchors its state there")
	c.Flags().BoolVar(&keep, "keep", false, "leave the nodes up and print their addresses")
	c.Flags().BoolVar(&real, "real", false, "publish identifiers and verify badges that other programs made")
	c.Flags().StringVar(&shared, "shared", "../shared", "folder of the real input for --real")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		dir, err := os.MkdirTemp("", "bonafide-demo-")
		if err != nil {
			return err
		}
		d := &demo{a: a, dir: dir, nodes: map[string]*demoNode{}, start: time.Now()}
		story := d.story
		if real {
			story = func(ctx context.Context) error { return d.real(ctx, shared) }
		}
		if chain != "" {
			err = d.startChain(chain)
		}
		if err == nil {
			err = story(cmd.Context())
		}
		return d.end(err, keep)
	}
	return a.jsonFlag(c)
}

// event tells one step.
func (d *demo) event(step, who string, took time.Duration, text string, v *verdict.Verdict) {
	if d.a.json {
		e := map[string]any{"step": step, "ms": float64(took.Microseconds()) / 1000, "text": text}
		if n := d.nodes[who]; n != nil {
			e["node"], e["pid"] = who, n.ready.PID
		}
		if v != nil {
			e["verdict"] = v
		}
		if b, err := json.Marshal(e); err == nil {
			d.a.printf("%s\n", b)
		}
		return
	}
	d.a.printf("%8.1f ms  %-11s %s\n", float64(took.Microseconds())/1000, who, text)
}

// end stops the nodes, or leaves them up.
func (d *demo) end(err error, keep bool) error {
	if keep {
		for _, n := range d.nodes {
			d.a.notef("%s: home %s, public %s, admin %s, pid %d", n.name, n.home, n.ready.Public, n.ready.Admin, n.ready.PID)
		}
		return err
	}
	for _, n := range d.nodes {
		n.stop()
	}
	d.chain.stop()
	if err != nil {
		for _, n := range d.nodes {
			if b, rerr := os.ReadFile(filepath.Join(d.dir, n.name+".log")); rerr == nil {
				d.a.notef("--- last lines of %s\n%s", n.name, lastLines(b, 15))
			}
		}
	}
	return errors.Join(err, os.RemoveAll(d.dir))
}

func lastLines(b []byte, n int) []byte {
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-n):], []byte("\n"))
}

func (n *demoNode) stop() {
	if n.cmd == nil || n.cmd.Process == nil {
		return
	}
	_ = n.cmd.Process.Signal(os.Interrupt) // it may be gone already
	done := make(chan struct{})
	go func() { _ = n.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		_ = n.cmd.Process.Kill()
		<-done
	}
	n.cmd = nil
}

// launch makes a home and starts a node on it in a process of its own.
func (d *demo) launch(ctx context.Context, name, domain, title string, bootstrap ...string) (*demoNode, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	n := &demoNode{name: name, home: filepath.Join(d.dir, name)}
	d.nodes[name] = n
	initArgs := []string{"init", "--yes", "--home", n.home, "--json"}
	if domain != "" {
		initArgs = append(initArgs, "--domain", domain, "--name", title)
	}
	began := time.Now()
	if out, err := exec.CommandContext(ctx, self, initArgs...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: init of %s: %w: %s", ErrDemo, name, err, out)
	}
	if d.chain != nil && name == demoIssuer {
		if err := d.deploy(ctx, self, n.home); err != nil {
			return nil, err
		}
	}
	runArgs := []string{"run", "--home", n.home, "--json", "--public", "127.0.0.1:0", "--admin", "127.0.0.1:0",
		"--listen", "/ip4/127.0.0.1/udp/0/quic-v1", "--cadence", "1h", "--sync-interval", "2s"}
	for _, b := range bootstrap {
		runArgs = append(runArgs, "--bootstrap", b)
	}
	log, err := os.Create(filepath.Join(d.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	n.cmd = exec.Command(self, runArgs...) // not bound to ctx: it is stopped in order
	n.cmd.Stderr = log
	n.cmd.Env = append(os.Environ(), d.chain.env(name)...)
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	line := make(chan []byte, 1)
	go func() {
		s := bufio.NewScanner(out)
		for s.Scan() {
			select {
			case line <- bytes.Clone(s.Bytes()):
			default:
			}
		}
		close(line)
	}()
	select {
	case b, ok := <-line:
		if !ok || json.Unmarshal(b, &n.ready) != nil || n.ready.Event != "ready" {
			return nil, fmt.Errorf("%w: %s did not start", ErrDemo, name)
		}
	case <-time.After(demoWait):
		return nil, fmt.Errorf("%w: %s did not start in time", ErrDemo, name)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.client, err = client.New(client.Config{Admin: n.ready.Admin, Public: n.ready.Public, TokenFile: filepath.Join(n.home, "token")})
	if err != nil {
		return nil, err
	}
	d.event("start", name, time.Since(began), "node started: "+n.ready.Public, nil)
	return n, nil
}

// until repeats f until it returns true, or the time is over.
func until(ctx context.Context, what string, f func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, demoWait)
	defer cancel()
	t := time.NewTicker(5 * time.Millisecond)
	defer t.Stop()
	var last error
	for {
		ok, err := f()
		if ok {
			return nil
		}
		if err != nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%w: %s", ErrDemo, what), last)
		case <-t.C:
		}
	}
}

func (n *demoNode) verify(ctx context.Context, body []byte) (*verdict.Verdict, error) {
	var v verdict.Verdict
	err := n.client.Op(ctx, node.OpVerify, node.VerifyRequest{Credential: body}, &v)
	return &v, err
}

func (d *demo) story(ctx context.Context) error {
	agency, err := d.launch(ctx, "accreditor", "accreditor.example", "Accreditation Agency of Example")
	if err != nil {
		return err
	}
	uni, err := d.launch(ctx, "university", "university.example", "Universidad de Ejemplo", agency.ready.Addrs...)
	if err != nil {
		return err
	}
	employer, err := d.launch(ctx, "employer", "", "", agency.ready.Addrs...)
	if err != nil {
		return err
	}
	var info, about node.Info
	if err := until(ctx, "the university may sign", func() (bool, error) {
		err := uni.client.Op(ctx, node.OpInfo, nil, &info)
		return err == nil && info.Issuers[0].Signing, err
	}); err != nil {
		return err
	}
	if err := agency.client.Op(ctx, node.OpInfo, nil, &about); err != nil {
		return err
	}
	uniDID, agencyDID := info.Issuers[0].DID, about.Issuers[0].DID
	t := time.Now()
	org := legal.Organisation{LegalNames: []legal.Name{{Value: "Universidad de Ejemplo", Lang: "es"}},
		ID: legal.Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000"}, Seat: legal.Seat{Country: "ES", Locality: "Madrid"}}
	if err := uni.client.Op(ctx, node.OpIdentitySet, node.IdentityRequest{Organisation: org}, nil); err != nil {
		return err
	}
	d.event("identity", "university", time.Since(t), "states who it is: "+org.LegalNames[0].Value+", "+org.ID.String(), nil)
	t = time.Now()
	if err := until(ctx, "the accreditor sees the statement", func() (bool, error) {
		var r node.RecognizeResponse
		err := agency.client.Op(ctx, node.OpRecognize, node.RecognizeRequest{DID: uniDID}, &r)
		return err == nil && r.Statement != nil && r.Statement.ID.Equal(org.ID), err
	}); err != nil {
		return err
	}
	if err := agency.client.Op(ctx, node.OpRecognize, node.RecognizeRequest{DID: uniDID, Confirm: true}, nil); err != nil {
		return err
	}
	d.event("recognize", "accreditor", time.Since(t), "recognises the university", nil)
	first, err := d.issue(ctx, uni, "Ana Andromeda")
	if err != nil {
		return err
	}
	second, err := d.issue(ctx, uni, "Max Power")
	if err != nil {
		return err
	}
	if err := employer.client.Op(ctx, node.OpTrustAdd, node.TrustRequest{DID: agencyDID, Name: "Accreditation Agency of Example"}, nil); err != nil {
		return err
	}
	d.event("trust", "employer", 0, "trusts the accreditor's word", nil)
	if err := d.register(ctx, employer, uniDID); err != nil {
		return err
	}
	if d.chain != nil {
		if err := d.anchors(ctx, uni, employer, uniDID, second); err != nil {
			return err
		}
	}
	if err := d.checks(ctx, uni, employer, first, second); err != nil {
		return err
	}
	if err := d.withdraw(ctx, agency, employer, uniDID, second); err != nil {
		return err
	}
	d.event("done", "", time.Since(d.start), "every step came out as told", nil)
	return nil
}

// checks is the employer's side of the story.
func (d *demo) checks(ctx context.Context, uni, employer *demoNode, first, second []byte) error {
	var v *verdict.Verdict
	t := time.Now()
	err := until(ctx, "the employer verifies under recognised", func() (bool, error) {
		var err error
		v, err = employer.verify(ctx, first)
		return err == nil && v.Outcome == verdict.Verified, err
	})
	took := time.Since(t)
	if err != nil {
		return err
	}
	for _, f := range []string{verdict.FieldLegalName, verdict.FieldIdentifier, verdict.FieldLegalSeat} {
		if v.Issuer.Get(f).State != verdict.Proven {
			return fmt.Errorf("%w: %s is not proven", ErrDemo, f)
		}
	}
	if v.Policy.Name != "recognised" || v.Issuer.Get(verdict.FieldDomain).State == verdict.Proven {
		return fmt.Errorf("%w: policy %s, domain %s", ErrDemo, v.Policy.Name, v.Issuer.Get(verdict.FieldDomain).Value)
	}
	d.event("verify", "employer", took, fmt.Sprintf("%s: %s, %s, issued by %s, proven by %s", report.Headline(v), v.Subject.Achievement, v.Subject.Credits,
		v.Issuer.Get(verdict.FieldLegalName).Value, strings.Join(v.Issuer.Get(verdict.FieldLegalName).By, ", ")), v)
	d.axes(v)
	if err := uni.client.Op(ctx, node.OpStatusSet, node.StatusRequest{Credential: first, Action: "revoke", Why: "issued in error", Now: true}, nil); err != nil {
		return err
	}
	t = time.Now()
	err = until(ctx, "the employer sees the revocation", func() (bool, error) {
		var err error
		v, err = employer.verify(ctx, first)
		return err == nil && v.Outcome == verdict.Invalid, err
	})
	took = time.Since(t)
	if err != nil {
		return err
	}
	if row, _ := v.Worst(verdict.Status); row.Code != verdict.Revoked {
		return fmt.Errorf("%w: the status is %s", ErrDemo, row.Code)
	}
	d.event("revoke", "employer", took, report.Headline(v)+" (seen this long after the university published it)", v)
	if err := uni.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = uni.cmd.Wait() // it was killed: that is its error
	uni.cmd = nil
	t = time.Now()
	if v, err = employer.verify(ctx, second); err != nil {
		return err
	}
	row, _ := v.Worst(verdict.Freshness)
	if v.Outcome != verdict.Verified || row.Age == nil {
		return fmt.Errorf("%w: with the university gone: %s", ErrDemo, report.Headline(v))
	}
	d.event("gone", "employer", time.Since(t), fmt.Sprintf("%s, with the university's node killed; evidence %s old", report.Headline(v), report.Age(row.Age.Std())), v)
	t = time.Now()
	if v, err = employer.verify(ctx, bytes.Replace(second, []byte("Max Power"), []byte("Max Tower"), 1)); err != nil {
		return err
	}
	if bad, _ := v.Worst(verdict.Integrity); v.Outcome != verdict.Invalid || bad.Code != verdict.SignatureInvalid {
		return fmt.Errorf("%w: the tampered copy: %s", ErrDemo, report.Headline(v))
	}
	d.event("tampered", "employer", time.Since(t), report.Headline(v), v)
	return nil
}

func (d *demo) issue(ctx context.Context, uni *demoNode, holder string) ([]byte, error) {
	t := time.Now()
	m := credential.Micro{Title: "Data Literacy", Holder: credential.Holder{Name: holder, BirthDate: "2001-02-03"}, ECTS: "4", EQF: 6,
		Outcomes: []string{"Reads and questions a table of data", "Draws a chart that does not mislead"}, Workload: "PT100H", Form: "online",
		Assessment: "Supervised written examination", Quality: "Externally evaluated in 2025", Place: credential.MicroPlace{Country: "ES", Locality: "Madrid"}}
	var r node.IssueResponse
	if err := uni.client.Op(ctx, node.OpIssue, node.IssueRequest{Credential: m}, &r); err != nil {
		return nil, err
	}
	d.event("issue", "university", time.Since(t), "issues to "+holder+": 4 ECTS, EQF 6, Madrid", nil)
	return r.Credential, nil
}

// real publishes identifiers that other programs made on one node, resolves
// them on another, and verifies badges that others issued.
func (d *demo) real(ctx context.Context, shared string) error {
	logs, err := filepath.Glob(filepath.Join(shared, "vectors", "did-webvh", "*", "*", "did.jsonl"))
	if err != nil || len(logs) == 0 {
		d.event("absent", "", 0, "nothing was shown: "+shared+" holds no identifiers made by others", nil)
		return nil
	}
	a, err := d.launch(ctx, "publisher", "", "")
	if err != nil {
		return err
	}
	b, err := d.launch(ctx, "resolver", "", "", a.ready.Addrs...)
	if err != nil {
		return err
	}
	if err := until(ctx, "the two nodes meet", func() (bool, error) {
		var p node.PeerList
		err := b.client.Op(ctx, node.OpPeers, nil, &p)
		return err == nil && len(p.Peers) > 0, err
	}); err != nil {
		return err
	}
	for _, file := range logs {
		if strings.Contains(file, "negative-") {
			continue
		}
		if err := d.realLog(ctx, a, b, file); err != nil {
			return err
		}
	}
	return d.realBadges(ctx, b, shared)
}

func (d *demo) realLog(ctx context.Context, a, b *demoNode, file string) error {
	log, err := d.a.readInput(file, 5<<20)
	if err != nil {
		return err
	}
	witness, err := os.ReadFile(filepath.Join(filepath.Dir(file), "did-witness.json"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	name := filepath.Join(filepath.Base(filepath.Dir(filepath.Dir(file))), filepath.Base(filepath.Dir(file)))
	t := time.Now()
	var in node.ImportResponse
	err = a.client.Op(ctx, node.OpImportLog, node.ImportRequest{Log: log, Witness: witness}, &in)
	if p := new(client.Problem); errors.As(err, &p) && p.Status == 409 {
		// The vectors reuse keys and times, so some are two stories of one
		// identifier: the first stays, the pair is kept as evidence.
		d.event("fork", a.name, time.Since(t), name+" contradicts an identifier seen before: kept as evidence, what was first stays", nil)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: import of %s: %w", ErrDemo, name, err)
	}
	var res struct {
		Meta struct {
			VersionID   string `json:"versionId"`
			Deactivated bool   `json:"deactivated"`
		} `json:"didDocumentMetadata"`
	}
	if err := until(ctx, "the resolver finds "+name+" in version "+in.VersionID, func() (bool, error) {
		err := b.client.Op(ctx, node.OpDIDResolve, node.ResolveRequest{DID: in.DID}, &res)
		return err == nil && res.Meta.VersionID == in.VersionID, err
	}); err != nil {
		return err
	}
	d.event("resolve", b.name, time.Since(t), "resolved "+name+" through the network, version "+res.Meta.VersionID, nil)
	return nil
}

func (d *demo) realBadges(ctx context.Context, n *demoNode, shared string) error {
	list, err := os.ReadFile(filepath.Join(shared, "samples", "dcc-bitstring-status-list.json"))
	if err != nil {
		d.event("absent", "", 0, "no badges were verified: "+shared+" holds none", nil)
		return nil
	}
	const url = "https://raw.githubusercontent.com/digitalcredentials/verifier-core/refs/heads/main/src/test-fixtures/status/e5WK8CbZ1GjycuPombrj"
	for name, want := range map[string]verdict.Outcome{"dcc-ob3-v2-eddsa-rdfc2022-valid.json": verdict.Verified,
		"dcc-ob3-v2-ed25519sig2020-valid.json": verdict.Verified, "dcc-ob3-v2-revoked.json": verdict.Invalid} {
		body, err := os.ReadFile(filepath.Join(shared, "samples", name))
		if err != nil {
			return err
		}
		t := time.Now()
		var v verdict.Verdict
		if err := n.client.Op(ctx, node.OpVerify, node.VerifyRequest{Credential: body, Policy: "authentic", Offline: true, MinLength: 100000,
			MaxStatus: "P20Y", With: []node.Staple{{Name: "list", URL: url, Body: list}}}, &v); err != nil {
			return err
		}
		if v.Outcome != want {
			return fmt.Errorf("%w: %s: %s", ErrDemo, name, report.Headline(&v))
		}
		d.event("badge", n.name, time.Since(t), name+": "+report.Headline(&v), &v)
	}
	return nil
}
