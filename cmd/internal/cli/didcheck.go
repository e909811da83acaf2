package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
)

// checkLimits of the files of did check; the verification bounds them again.
const (
	maxLog     = 5 << 20
	maxWitness = 1 << 20
)

func (a *app) didCheck() *cobra.Command {
	var witness, id, versionID, versionTime string
	var number int
	c := &cobra.Command{
		Use: "check LOG", Short: "Verify a did:webvh log in a file",
		Long: `Verify every entry of a did.jsonl (- for standard input) and print a DID
resolution result. No home, no network, no memory: the same bytes always give the
same answer.

Ends with 0 when the log is valid, that of a closed identifier included, and with
1 when it is not; the error object then says which rule is broken, and in which
entry. --did states which identifier the log should be of. When a later entry is
broken, an earlier version is still printed if it is asked for, and the code is 1.`,
		Example: `  bonafide did check did.jsonl
  bonafide did check did.jsonl --witness did-witness.json --json
  bonafide did check did.jsonl --did did:webvh:SCID:university.example --version-number 2`,
		Args: args(1, 1, "one log file"),
	}
	f := c.Flags()
	f.StringVar(&witness, "witness", "", "file of witness proofs (did-witness.json)")
	f.StringVar(&id, "did", "", "identifier that the log must be of")
	f.StringVar(&versionID, "version-id", "", "print the version with this versionId")
	f.StringVar(&versionTime, "version-time", "", "print the version in force at this time")
	f.IntVar(&number, "version-number", 0, "print the version of this number, counted from 1")
	c.RunE = func(_ *cobra.Command, args []string) error {
		opt := did.Options{VersionID: versionID, VersionNumber: number}
		if versionTime != "" {
			at, err := time.Parse(time.RFC3339, versionTime)
			if err != nil {
				return usagef("--version-time %q is no time such as 2026-01-31T12:00:00Z", versionTime)
			}
			opt.VersionTime = at
		}
		if number < 0 || f.Changed("version-number") && number == 0 {
			return usagef("--version-number counts from 1")
		}
		if err := opt.Check(); err != nil {
			return withCode(exitUsage, err)
		}
		log, err := a.readInput(args[0], maxLog)
		if err != nil {
			return err
		}
		var proofs []byte
		if witness != "" {
			if proofs, err = a.readInput(witness, maxWitness); err != nil {
				return err
			}
		}
		return a.checkLog(log, proofs, id, opt)
	}
	return a.jsonFlag(c)
}

// checkLog prints the resolution result for a log and fails when the log, or
// what was asked about it, does not hold.
func (a *app) checkLog(log, witness []byte, id string, opt did.Options) error {
	verify := webvh.VerifyOptions{DID: id, Now: time.Now()}
	res, err := webvh.Resolve(log, witness, verify, opt)
	if err != nil {
		if printErr := a.printJSON(did.Failure(id, err)); printErr != nil {
			return printErr
		}
		return withCode(exitRefused, err)
	}
	if err := a.printJSON(res); err != nil {
		return err
	}
	// An earlier version may be good while the log as a whole is not.
	if opt.Versioned() {
		if _, err := webvh.Verify(log, witness, verify); err != nil {
			return withCode(exitRefused, err)
		}
	}
	return nil
}

// readInput reads a file, or standard input for "-", under a cap.
func (a *app) readInput(name string, most int64) ([]byte, error) {
	r := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInput, err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, fmt.Errorf("%w: %s is a folder", ErrInput, name)
		}
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrInput, name, err)
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrInput, name, most)
	}
	return b, nil
}
