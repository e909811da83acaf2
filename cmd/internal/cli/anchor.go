package cli

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/anchor"
	"github.com/bonafide-id/bonafide/node"
)

func (a *app) anchorCommand() *cobra.Command {
	return group("anchor", "Anchor heads on a chain: deploy, bind, submit, show, prove, verify",
		`Write down on a chain that nobody controls which state of an issuer's folder is
its newest. Optional, for any EVM chain; the settings anchor_* say which. Only
digests of organisations' heads go on a chain, never anything about a learner.

deploy makes a copy of the contract, bind names the account in the issuer's DID
document, submit anchors the newest head, show tells what stands and what it
cost, prove writes a file that shows an anchor without a server, verify checks
one. attach puts an aggregator's proof into the folder.`,
		`  bonafide anchor deploy
  bonafide anchor bind
  bonafide anchor submit --wait
  bonafide anchor prove --out proof.json
  bonafide anchor verify proof.json --block 0x5f3c...`,
		a.anchorDeploy(), a.anchorBind(), a.anchorSubmit(), a.anchorShow(), a.anchorProve(), a.anchorVerify(), a.anchorAttach())
}

func (a *app) anchorDeploy() *cobra.Command {
	c := &cobra.Command{Use: "deploy", Short: "Create a copy of the contract",
		Long: `Create a copy of the anchor contract on the chain of the settings, with the
account of the settings, and wait until it is in a block. It has no owner and
cannot be changed; one copy serves everybody on its chain, so look for one first.`,
		Example: "  bonafide anchor deploy", Args: noArgs()}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		shown := a.newProgress()
		shown.line("waiting for a block ...")
		defer shown.done()
		return answer(a, cmd.Context(), opening{}, node.OpAnchorDeploy, node.AnchorDeployRequest{}, func(out node.AnchorDeployed) error {
			shown.done()
			a.pairs("contract", out.Contract, "chain", out.Chain, "block", strconv.FormatUint(out.Block, 10), "gas", strconv.FormatUint(out.Gas, 10),
				"price of gas", wei(out.Price), "transaction", out.Tx)
			a.notef("Set anchor_contract = %q in config.toml.", out.Contract)
			return nil
		})
	}
	return a.jsonFlag(c)
}

// wei is a price for people.
func wei(s string) string {
	if s == "" {
		return ""
	}
	return s + " wei"
}

func (a *app) anchorBind() *cobra.Command {
	var q node.AnchorBindRequest
	c := &cobra.Command{Use: "bind [DID]", Short: "Name the account that anchors in the DID document",
		Long: `Add an entry to the identifier's log that names the account on a chain which
anchors for the issuer: a verification method with its CAIP-10 name, and a service
entry with contract and grade. An anchor of an account that is not named says
nothing about the issuer. Without flags the account of the settings is named;
--account names an aggregator's. Needs keys/offline.age in the home.`,
		Example: `  bonafide anchor bind
  bonafide anchor bind --grade existed-by --account 0x71C7656EC7ab88b098defB751B7401B5f6d8976F
  bonafide anchor bind --remove`,
		Args: args(0, 1, "at most one DID")}
	f := c.Flags()
	f.StringVar(&q.Account, "account", "", "account that anchors; that of anchor_key or anchor_signer by default")
	f.StringVar(&q.Contract, "contract", "", "address of the contract; anchor_contract by default")
	f.StringVar(&q.Chain, "chain", "", "chain, such as eip155:1; anchor_chain by default")
	f.StringVar(&q.Grade, "grade", "", "floor or existed-by; anchor_grade by default")
	f.BoolVar(&q.Remove, "remove", false, "name it no more")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			q.Issuer = args[0]
		}
		return answer(a, cmd.Context(), opening{network: true}, node.OpAnchorBind, q, a.showUpdate)
	}
	return a.jsonFlag(c)
}

func (a *app) anchorSubmit() *cobra.Command {
	var q node.AnchorSubmitRequest
	var wait time.Duration
	c := &cobra.Command{Use: "submit [DID]", Short: "Anchor the newest head now",
		Long: `Put the newest heads into the queue and send what waits, without waiting for
anchor_cadence. A head that is anchored already costs nothing. --wait follows the
transaction until it is final. A node that runs goes on by itself; without one the
command goes on where the last one stopped.`,
		Example: "  bonafide anchor submit\n  bonafide anchor submit --wait 20m", Args: args(0, 1, "at most one DID")}
	c.Flags().DurationVar(&wait, "wait", 0, "wait so long until all is final")
	c.RunE = func(cmd *cobra.Command, got []string) (err error) {
		ctx := cmd.Context()
		if len(got) == 1 {
			q.Issuer = got[0]
		}
		caller, err := a.open(ctx, opening{})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, caller.Close()) }()
		var out node.AnchorSubmitted
		if err := caller.Op(ctx, node.OpAnchorSubmit, q, &out); err != nil {
			return err
		}
		added := out.Added
		shown := a.newProgress()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for end := time.Now().Add(wait); wait > 0 && (out.Status.Flight != nil || len(out.Status.Waiting) > 0); {
			if time.Now().After(end) {
				shown.done()
				return withCode(exitUnreachable, fmt.Errorf("%w: not final after %s: %s", anchor.ErrUnknown, wait, out.Status.Note))
			}
			shown.line("%s", flightLine(out.Status))
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
			// What cannot be asked now may be asked a second later.
			var next node.AnchorSubmitted
			if err := caller.Op(ctx, node.OpAnchorSubmit, node.AnchorSubmitRequest{StepOnly: true}, &next); err != nil {
				out.Status.Note = err.Error()
				continue
			}
			out = next
		}
		shown.done()
		out.Added = added
		if a.json {
			return a.printJSON(out)
		}
		a.printf("%s\n", flightLine(out.Status))
		return nil
	}
	return a.jsonFlag(c)
}

// flightLine says in one line how a queue stands.
func flightLine(s anchor.Status) string {
	var parts []string
	if f := s.Flight; f != nil {
		line := fmt.Sprintf("%d heads %s", len(f.Heads), f.State)
		if f.Block != 0 {
			line += fmt.Sprintf(" in block %d", f.Block)
		}
		parts = append(parts, line)
	}
	if n := len(s.Waiting); n > 0 {
		parts = append(parts, fmt.Sprintf("%d heads wait", n))
	}
	if len(parts) == 0 && len(s.Done) > 0 {
		j := s.Done[len(s.Done)-1]
		parts = append(parts, fmt.Sprintf("%d heads %s in block %d, %d gas", len(j.Heads), j.State, j.Block, j.Gas))
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing to anchor: bind an account first (bonafide anchor bind)")
	}
	if s.Note != "" {
		parts = append(parts, oneLine(s.Note))
	}
	return strings.Join(parts, "; ")
}

func (a *app) anchorShow() *cobra.Command {
	var q node.AnchorShowRequest
	c := &cobra.Command{Use: "show [DID]", Short: "Show what is anchored, what is on its way, and what it cost",
		Long: `Ask the servers of the chain what the accounts of an issuer have anchored, and
hold it against what is held here. For the own node: what waits, what is on its
way, and the cost of all that is final.`,
		Example: "  bonafide anchor show\n  bonafide anchor show did:webvh:SCID:university.example --json", Args: args(0, 1, "at most one DID")}
	c.RunE = func(cmd *cobra.Command, got []string) error {
		if len(got) == 1 {
			q.DID = got[0]
		}
		return answer(a, cmd.Context(), opening{}, node.OpAnchorShow, q, a.showAnchors)
	}
	return a.jsonFlag(c)
}

func (a *app) showAnchors(r node.AnchorReport) error {
	final := ""
	if r.Known {
		final = strconv.FormatUint(r.Final, 10)
	}
	a.pairs("chain", r.Chain, "final block", final, "not known", r.Why, "contract", r.Contract, "grade", r.Grade, "account", r.Account, "balance", wei(r.Balance))
	for _, s := range r.Servers {
		state := fmt.Sprintf("chain %d, block %d", s.Chain, s.Latest)
		if s.Err != "" {
			state = s.Err
		}
		a.pairs("server "+s.Name, state)
	}
	var rows [][]string
	for _, is := range r.Issuers {
		for _, s := range is.Standings {
			block, at := "", ""
			if s.Block != 0 {
				block, at = strconv.FormatUint(s.Block, 10), when(&s.Time)
			}
			rows = append(rows, []string{is.DID, string(s.Grade), string(s.State), s.Anchor, block, at, s.Why})
		}
	}
	if len(rows) > 0 {
		if err := a.table([]string{"ISSUER", "GRADE", "STATE", "ORDER", "BLOCK", "TIME", "WHY"}, rows); err != nil {
			return err
		}
	}
	if r.Queue != nil {
		a.printf("%s\n", flightLine(*r.Queue))
	}
	if c := r.Cost; c != nil && c.Heads > 0 {
		a.pairs("anchored", fmt.Sprintf("%d heads", c.Heads), "gas", strconv.FormatUint(c.Gas, 10), "gas a head", strconv.FormatUint(c.PerHead, 10), "paid", wei(c.Wei))
	}
	return nil
}

func (a *app) anchorProve() *cobra.Command {
	var q node.AnchorProveRequest
	var out string
	c := &cobra.Command{Use: "prove [DID]", Short: "Write a proof of an anchor that needs no server",
		Long: `Write a file that shows the newest final anchor of an issuer: header, receipt,
record in the state, Merkle path, the head and the issuer's log. Whoever trusts the
hash of its block can check it for ever, offline. --file adds that a file of the
folder was in it. On an aggregator --record writes what an issuer attaches.`,
		Example: "  bonafide anchor prove --out proof.json\n  bonafide anchor prove --file recognition/QmX --out proof.json", Args: args(0, 1, "at most one DID")}
	c.Flags().StringVar(&out, "out", "", "write it here instead of printing it")
	c.Flags().StringVar(&q.Path, "file", "", "path of a file in the folder")
	c.Flags().BoolVar(&q.Record, "record", false, "the proof of the newest batch of this node, for the issuer's folder")
	c.RunE = func(cmd *cobra.Command, got []string) error {
		if len(got) == 1 {
			q.DID = got[0]
		}
		return answer(a, cmd.Context(), opening{}, node.OpAnchorProve, q, func(r node.AnchorProof) error {
			if out == "" {
				a.printf("%s\n", r.Proof)
				return nil
			}
			if err := os.WriteFile(out, append(r.Proof, '\n'), 0o644); err != nil {
				return err
			}
			a.pairs("order", r.Order, "block", r.Block, "block of the state", r.State)
			a.notef("Give the hash of the block to whoever checks the proof, or let them look it up where they trust.")
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) anchorVerify() *cobra.Command {
	var blocks []string
	var log string
	c := &cobra.Command{Use: "verify FILE|-", Short: "Check a proof of an anchor, offline",
		Long: `Check a file that anchor prove wrote, against the hash of a block that you trust
for a reason of your own: your node, a block explorer, a newspaper. Asks nobody and
needs no home. Exit code 0 means that the head was signed by the issuer, that its
document names the account, and that the account anchored the head in that block.`,
		Example: "  bonafide anchor verify proof.json --block 0x5f3c...", Args: args(1, 1, "one file")}
	c.Flags().StringArrayVar(&blocks, "block", nil, "hash of a block that you trust; repeatable")
	c.Flags().StringVar(&log, "log", "", "the issuer's did.jsonl, in place of the one in the proof")
	c.RunE = func(_ *cobra.Command, got []string) error {
		var trusted [][32]byte
		for _, s := range blocks {
			b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
			if err != nil || len(b) != 32 {
				return usagef("--block %.80s is no hash of a block", s)
			}
			trusted = append(trusted, [32]byte(b))
		}
		if len(trusted) == 0 {
			return usagef("anchor verify wants --block: the hash that you trust is what the proof rests on")
		}
		body, err := a.readInput(got[0], anchor.MaxProof)
		if err != nil {
			return err
		}
		var lines []byte
		if log != "" {
			if lines, err = a.readInput(log, maxInput); err != nil {
				return err
			}
		}
		s, err := node.CheckAnchorProof(body, lines, time.Now(), trusted...)
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(s)
		}
		newest := "nothing later was anchored up to block " + strconv.FormatUint(s.StateAt, 10)
		if !s.Newest {
			newest = "something later was anchored up to block " + strconv.FormatUint(s.StateAt, 10)
		}
		a.pairs("issuer", s.DID, "head", s.Head, "order", s.Order, "account", s.Account, "grade", s.Grade, "block", strconv.FormatUint(s.Block, 10),
			"existed at", when(&s.Time), "newest", newest, "file", s.File, "its address", s.CID)
		return nil
	}
	return a.jsonFlag(c)
}

func (a *app) anchorAttach() *cobra.Command {
	var q node.AnchorAttachRequest
	c := &cobra.Command{Use: "attach FILE|-", Short: "Put an aggregator's proof into the folder",
		Long: `Take the proof that an aggregator wrote with anchor prove --record into the folder,
where it goes out with the next publication. A node that is its own aggregator does
that by itself.`,
		Example: "  bonafide anchor attach record.json", Args: args(1, 1, "one file")}
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) (err error) {
		if q.Record, err = a.readInput(got[0], 64<<10); err != nil {
			return err
		}
		return answer(a, cmd.Context(), opening{}, node.OpAnchorAttach, q, func(r node.AnchorAttached) error {
			a.pairs("file", r.Path, "batch", strconv.FormatUint(r.Batch, 10))
			return nil
		})
	}
	return a.jsonFlag(c)
}
