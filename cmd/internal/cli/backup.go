package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/node"
)

func (a *app) backupCommand() *cobra.Command {
	var q node.BackupRequest
	c := &cobra.Command{Use: "backup FILE", Short: "Write what cannot be had again into one file, also while the node runs",
		Long: `Write one file with the store, the settings, the key files as they are (encrypted
with the passphrase of the keys, which is not in it), and a recovery sheet for
the person who needs it. A file that is there is never replaced. What was written
is read back and checked before the command says that it is done.

A running node writes the file itself, so its user needs the right to.
The file holds the private register: treat it as personal data. Not in it: the
passphrase, the admin token, the peer identity, and what was imported from
registers and trusted lists, which is imported again.`,
		Example: `  bonafide backup /mnt/safe/bonafide-2026-01-31.tar
  bonafide backup verify /mnt/safe/bonafide-2026-01-31.tar`, Args: args(1, 1, "one file")}
	c.Flags().StringVar(&q.OfflineAt, "offline-keys-at", "", "where the offline keys are kept, in words, for the recovery sheet (default: the setting offline_keys_at)")
	c.RunE = func(cmd *cobra.Command, got []string) error {
		file, err := filepath.Abs(got[0])
		if err != nil {
			return err
		}
		q.File = file
		a.notef("writing %s and reading it back", file)
		return answer(a, cmd.Context(), opening{}, node.OpBackup, q, a.showBackup)
	}
	v := &cobra.Command{Use: "verify FILE", Short: "Check a backup from its bytes", Args: args(1, 1, "one file"), Example: "  bonafide backup verify bonafide-2026-01-31.tar"}
	v.RunE = func(cmd *cobra.Command, got []string) error {
		a.notef("checking %s", got[0])
		out, err := node.VerifyBackup(cmd.Context(), got[0])
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(out)
		}
		return a.showBackup(out)
	}
	a.jsonFlag(c).AddCommand(a.jsonFlag(v))
	return c
}

func (a *app) showBackup(out node.Backup) error {
	a.pairs("file", out.File, "bytes", strconv.FormatInt(out.Bytes, 10), "sha256", out.SHA256, "made", when(&out.Manifest.Made), "store", out.Manifest.Store)
	for _, is := range out.Manifest.Issuers {
		a.pairs("issuer", is.DID, "last head", strconv.FormatInt(is.Sequence, 10))
	}
	for _, k := range out.Manifest.Keys {
		if k.File == "" {
			a.printf("not in it: %s key %s\n", oneLine(k.Role), oneLine(k.Key))
		}
	}
	for _, n := range out.Manifest.Notes {
		a.printf("note: %s\n", oneLine(n))
	}
	return nil
}

func (a *app) restoreCommand() *cobra.Command {
	var sheet, mark bool
	c := &cobra.Command{Use: "restore FILE", Short: "Make a home from a backup, or print its recovery sheet",
		Long: `Write a backup into a new or empty folder. All digests are checked first. Every
status list that was open is closed, so that no index is ever given twice, and
the home is marked: it signs nothing until it has read its last head back from
its bootstrap peers, and takes over from them what came after the backup.

Stop the node from which the backup was made, for good, before you run this one.

--mark is for a home that was put back by other means, such as a database by its
own tools or a machine from a snapshot: it treats its issuers in the same way.`,
		Example: `  bonafide restore bonafide-2026-01-31.tar --sheet
  bonafide restore bonafide-2026-01-31.tar --home /srv/bonafide
  bonafide restore --mark --home /srv/bonafide`, Args: args(0, 1, "one file")}
	c.Flags().BoolVar(&sheet, "sheet", false, "print the recovery sheet and do nothing else")
	c.Flags().BoolVar(&mark, "mark", false, "mark a home that was put back by other means as restored")
	c.RunE = func(cmd *cobra.Command, got []string) error {
		if mark == (len(got) == 1) || mark && sheet {
			return usagef("restore wants a file, or --mark alone")
		}
		home, err := a.homeDir()
		if err != nil {
			return err
		}
		if mark {
			return a.markHome(cmd, home)
		}
		var out node.Backup
		if sheet {
			out, err = node.VerifyBackup(cmd.Context(), got[0])
		} else {
			a.notef("checking %s and restoring into %s", got[0], home)
			out, err = node.Restore(cmd.Context(), node.RestoreOptions{File: got[0], Home: home, Now: time.Now()})
		}
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(out)
		}
		if !sheet {
			a.printf("restored into %s; it signs nothing until it has caught up\n\n", home)
		}
		a.printf("%s", out.Sheet)
		return nil
	}
	return a.jsonFlag(c)
}

// markHome marks a home on which no node runs, by opening it once.
func (a *app) markHome(cmd *cobra.Command, home string) error {
	running, err := a.dial(cmd.Context(), home)
	if err != nil {
		return err
	}
	if running != nil {
		_ = running.Close()
		return fmt.Errorf("%w: %s", node.ErrRunning, home)
	}
	cfg, err := a.config(home, nil)
	if err != nil {
		return err
	}
	// Opened before, to be sure that it is a home that nobody else works on.
	n, err := node.Open(cmd.Context(), cfg, node.Options{})
	if err != nil {
		return err
	}
	if err := n.Close(); err != nil {
		return err
	}
	now := time.Now()
	if err := node.MarkRestored(home, now, now); err != nil {
		return err
	}
	a.notef("marked; it takes effect when the home is next opened, and nothing is signed before it has caught up")
	return nil
}

func (a *app) resumeCommand() *cobra.Command {
	var q node.ResumeRequest
	c := &cobra.Command{Use: "resume", Short: "Show whether issuers sign and why not; sign again on your own word",
		Long: `Without flags: whether the issuer signs, why not, and what to do about it.

--alone signs again without having read the last head back from elsewhere.
--take-over first brings in what another signer with this key has published: its
heads, files, revocations and suspensions. It closes the open lists. The other
has to be stopped for good before.

Where something may be lost the command says what and does nothing without --yes.`,
		Example: `  bonafide resume
  bonafide resume --alone
  bonafide resume --take-over --yes`, Args: noArgs()}
	c.Flags().BoolVar(&q.Alone, "alone", false, "no other node signs with this key, and nobody can confirm the last head")
	c.Flags().BoolVar(&q.TakeOver, "take-over", false, "go on after the newest head that is here, whoever signed it")
	c.Flags().BoolVar(&q.Confirm, "yes", false, "do it though something may be lost")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if !q.Alone && !q.TakeOver {
			return answer(a, cmd.Context(), opening{}, node.OpStanding, node.StandingRequest{Issuer: q.Issuer}, a.showStanding)
		}
		return answer(a, cmd.Context(), opening{}, node.OpResume, q, func(node.Info) error { a.printf("signing again\n"); return nil })
	}
	return a.jsonFlag(c)
}

func (a *app) showStanding(s node.Standing) error {
	a.pairs("issuer", s.DID, "signing", yesNo(s.Signing), "why not", s.Why, "last head of the book", strconv.FormatInt(s.Sequence, 10)+" "+s.Head,
		"newest head here", strconv.FormatInt(s.Newest, 10)+" "+s.NewestHead, "unpublished changes", strconv.Itoa(s.Unpublished))
	for _, id := range s.Silent {
		a.pairs("not connected", id)
	}
	if h := s.Halt; h != nil {
		a.pairs("halted", when(&h.At), "signed there by", h.Instance, "this signer was", h.Here)
		if len(h.Head) > 0 {
			a.printf("evidence: %s\n", oneLine(string(h.Head)))
		}
	}
	for i, step := range s.ToDo {
		a.printf("%d. %s\n", i+1, step)
	}
	return nil
}

func (a *app) unpublishedCommand() *cobra.Command {
	var q node.UnpublishedRequest
	c := &cobra.Command{Use: "unpublished", Short: "List acknowledged changes that are in no published list",
		Long: `Print, one JSON object a line, the changes of status that this book holds and that
no published list shows: what waits for its slot or, on a clone that was halted,
what has to be entered on the node that goes on. --since prints all changes made
since a time, published or not.`,
		Example: "  bonafide status unpublished > changes.ndjson", Args: noArgs()}
	c.Flags().StringVar(&q.Since, "since", "", "all changes since this time (RFC 3339)")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpUnpublished, q, func(r node.Unpublished) error {
			for _, row := range r.Changes {
				line, err := json.Marshal(row)
				if err != nil {
					return err
				}
				a.printf("%s\n", line)
			}
			a.notef("%d changes", len(r.Changes))
			return nil
		})
	}
	return a.jsonFlag(c)
}
