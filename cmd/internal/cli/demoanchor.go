package cli

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/report"
	"github.com/bonafide-id/bonafide/verdict"
)

// demoChain is a chain in a process of its own.
type demoChain struct {
	URL        string `json:"url"`
	Chain      string `json:"chain"`
	Key        string `json:"key"`
	Passphrase string `json:"passphrase"`

	contract string
	cmd      *exec.Cmd
	in       io.Closer
}

// startChain runs a program that prints the address of a chain and the keystore
// file of an account that has money.
func (d *demo) startChain(program string) error {
	began := time.Now()
	c := &demoChain{cmd: exec.Command(program)}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("%w: the chain: %w", ErrDemo, err)
	}
	c.in, d.chain = in, c
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, c) != nil || c.URL == "" {
		return fmt.Errorf("%w: the chain did not start", ErrDemo)
	}
	d.event("chain", "", time.Since(began), "local chain "+c.Chain+" at "+c.URL, nil)
	return nil
}

// stop ends the chain; it may be called again.
func (c *demoChain) stop() {
	if c == nil || c.cmd == nil {
		return
	}
	_ = c.in.Close() // it ends by that
	_ = c.cmd.Wait()
	c.cmd = nil
}

// env are the settings of a node about the chain.
func (c *demoChain) env(name string) []string {
	if c == nil {
		return nil
	}
	out := []string{"BONAFIDE_ANCHOR_RPC=" + c.URL, "BONAFIDE_ANCHOR_CHAIN=" + c.Chain, "BONAFIDE_ANCHOR_DEPTH=2"}
	if name == demoIssuer {
		out = append(out, "BONAFIDE_ANCHOR_KEY="+c.Key, "BONAFIDE_ANCHOR_KEY_PASSPHRASE_FILE="+c.Passphrase,
			"BONAFIDE_ANCHOR_GRADE=floor", "BONAFIDE_ANCHOR_POLL=500ms")
	}
	if c.contract != "" {
		out = append(out, "BONAFIDE_ANCHOR_CONTRACT="+c.contract)
	}
	return out
}

// demoIssuer is the node that anchors.
const demoIssuer = "university"

// deploy creates a copy of the contract before the issuer's node runs.
func (d *demo) deploy(ctx context.Context, self, home string) error {
	began := time.Now()
	cmd := exec.CommandContext(ctx, self, "anchor", "deploy", "--home", home, "--json")
	cmd.Env = append(os.Environ(), d.chain.env(demoIssuer)...)
	var out node.AnchorDeployed
	b, err := cmd.Output()
	if err != nil || json.Unmarshal(b, &out) != nil {
		return fmt.Errorf("%w: deploy: %w: %s", ErrDemo, err, b)
	}
	d.chain.contract = out.Contract
	d.event("deploy", demoIssuer, time.Since(began), fmt.Sprintf("contract %s in block %d, %d gas", out.Contract, out.Block, out.Gas), nil)
	return nil
}

// anchors tells the part of the story that needs a chain, and ends the chain.
func (d *demo) anchors(ctx context.Context, uni, employer *demoNode, did string, credential []byte) error {
	t := time.Now()
	if err := uni.client.Op(ctx, node.OpAnchorBind, node.AnchorBindRequest{}, nil); err != nil {
		return err
	}
	d.event("bind", demoIssuer, time.Since(t), "names the account that anchors in its DID document", nil)
	t = time.Now()
	var sent node.AnchorSubmitted
	if err := uni.client.Op(ctx, node.OpAnchorSubmit, node.AnchorSubmitRequest{}, &sent); err != nil {
		return err
	}
	var r node.AnchorReport
	if err := until(ctx, "the anchor is final", func() (bool, error) {
		r = node.AnchorReport{} // what is absent from an answer must not stay from the one before
		err := uni.client.Op(ctx, node.OpAnchorShow, node.AnchorShowRequest{}, &r)
		return err == nil && r.Queue != nil && r.Queue.Flight == nil && len(r.Queue.Waiting) == 0 && r.Queue.Count > 0, err
	}); err != nil {
		return err
	}
	job := r.Queue.Done[len(r.Queue.Done)-1]
	d.event("anchor", demoIssuer, time.Since(t), fmt.Sprintf("head %s anchored in block %d for %d gas, final", job.Heads[0].Order, job.Block, job.Gas), nil)
	t = time.Now()
	var v *verdict.Verdict
	var row verdict.Check
	if err := until(ctx, "the employer sees the anchor", func() (bool, error) {
		var err error
		if v, err = employer.verify(ctx, credential); err != nil {
			return false, err
		}
		for _, c := range v.Checks {
			if c.Code == verdict.Anchored {
				row = c
			}
		}
		return v.Outcome == verdict.Verified && row.Code == verdict.Anchored, nil
	}); err != nil {
		return err
	}
	d.event("anchored", "employer", time.Since(t), fmt.Sprintf("%s, and the chain has its issuer's state in block %s", report.Headline(v), row.Params["block"]), v)
	// Two proofs, each fetched by another node: the hash of the block that the
	// employer knows is what it holds the university's proof against.
	var given, own node.AnchorProof
	if err := uni.client.Op(ctx, node.OpAnchorProve, node.AnchorProveRequest{}, &given); err != nil {
		return err
	}
	if err := employer.client.Op(ctx, node.OpAnchorProve, node.AnchorProveRequest{DID: did}, &own); err != nil {
		return err
	}
	hash, err := hex.DecodeString(strings.TrimPrefix(own.Block, "0x"))
	if err != nil || len(hash) != 32 {
		return fmt.Errorf("%w: block %q", ErrDemo, own.Block)
	}
	d.chain.stop()
	t = time.Now()
	shown, err := node.CheckAnchorProof(given.Proof, nil, time.Now(), [32]byte(hash))
	if err != nil {
		return fmt.Errorf("%w: offline proof: %w", ErrDemo, err)
	}
	if _, err := node.CheckAnchorProof(given.Proof, nil, time.Now(), [32]byte{}); err == nil {
		return fmt.Errorf("%w: a proof counted whose block nobody trusts", ErrDemo)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "proof.json"), given.Proof, 0o600); err != nil {
		return err
	}
	d.event("proof", "employer", time.Since(t), fmt.Sprintf("with the chain stopped, a file of %d bytes shows head %s in block %d, against the block hash %s...",
		len(given.Proof), shown.Order, shown.Block, own.Block[:12]), nil)
	return nil
}
