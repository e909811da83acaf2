package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// app is one run of the program: its streams, environment and global flags.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string

	home string
	json bool
	// began is set once a command got past its flags and arguments: every
	// error before that is a wrong call.
	began bool
}

// Main runs the program and returns its exit code. args are those after the
// program's name; env is os.Getenv or a substitute. The first SIGINT or SIGTERM
// ends what is going on in an orderly way, the second ends the process.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
		select {
		case <-signals:
			os.Exit(exitInterrupted)
		case <-ctx.Done():
			// Cancelled by the first signal: wait for a second one. The
			// goroutine ends with the process.
			<-signals
			os.Exit(exitInterrupted)
		}
	}()
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, env: env}
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if !a.began && !errors.Is(err, ErrUsage) {
		err = usagef("%s", strings.TrimSpace(strings.ReplaceAll(err.Error(), "\n", " ")))
	}
	a.printError(err)
	return exitCode(err)
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "bonafide",
		Short: "Say who you are and which of your credentials still stand; check others'",
		Long: `Bonafide lets an issuer of micro-credentials say who it is in law and which of
its credentials still stand, and lets anybody else check that without a central
server and without telling the issuer who is being checked.

An issuer publishes a small signed folder; every node is a watcher that keeps a
copy. See it work first:

  bonafide demo

Then make a home: with a domain for an issuer, without one for a verifier.

  bonafide init --domain university.example
  bonafide init

Exit codes: 0 verified or done, 1 invalid or refused, 2 wrong usage,
3 could not be established, 4 a node or something it needs is unreachable.`,
		Example: `  bonafide demo
  bonafide init --domain university.example --name "Example University"
  bonafide verify credential.json
  bonafide did resolve did:webvh:SCID:university.example`,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			a.began = true
			return nil
		},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%s: %s", cmd.CommandPath(), err)
	})
	root.PersistentFlags().StringVar(&a.home, "home", "", "folder of the node's state (BONAFIDE_HOME, else the platform's state folder)")
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddGroup(
		&cobra.Group{ID: "start", Title: "To begin:"},
		&cobra.Group{ID: "issue", Title: "For issuers:"},
		&cobra.Group{ID: "verify", Title: "For verifiers:"},
		&cobra.Group{ID: "node", Title: "The node and its network:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("start", a.demoCommand(), a.initCommand(), a.runCommand())
	add("issue", a.identityCommand(), a.issueCommand(), a.statusCommand(), a.issuedCommand(), a.recognizeCommand(), a.publishCommand(), a.folderCommand(), a.keysCommand())
	add("verify", a.verifyCommand(), a.didCommand(), a.trustCommand(), a.registerCommand(), a.forkCommand())
	add("node", a.followCommand(), a.unfollowCommand(), a.followsCommand(), a.peersCommand(), a.backupCommand(), a.restoreCommand(), a.fsckCommand(), a.resumeCommand(), a.tokenCommand(), a.versionCommand())
	// cobra adds help and completion by itself.
	root.SetHelpCommandGroupID("node")
	root.SetCompletionCommandGroupID("node")
	return root
}

// jsonFlag gives a command that reads something its --json.
func (a *app) jsonFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&a.json, "json", false, "print the answer as JSON")
	return cmd
}

// group makes a command that only has subcommands: it shows its help when
// called bare, and refuses words that it does not know.
func group(use, short, long, example string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("%s has no command %q", cmd.CommandPath(), args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(subs...)
	return c
}

// args checks how many arguments there are and says what they should be.
func args(low, high int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, got []string) error {
		if len(got) < low || (high >= 0 && len(got) > high) {
			return usagef("%s wants %s", cmd.CommandPath(), what)
		}
		return nil
	}
}

func noArgs() cobra.PositionalArgs { return args(0, 0, "no arguments") }

// changed tells whether one of several flags was given, for error messages.
func changed(fs *pflag.FlagSet, names ...string) (string, bool) {
	for _, n := range names {
		if fs.Changed(n) {
			return n, true
		}
	}
	return "", false
}

// progress is a line that replaces itself on a terminal, at most ten times a
// second; elsewhere nothing is written, so that logs stay readable.
type progress struct {
	w    io.Writer
	last time.Time
}

func (a *app) newProgress() *progress {
	if isTerminal(a.stderr) && !a.json {
		return &progress{w: a.stderr}
	}
	return &progress{}
}

func (p *progress) line(format string, args ...any) {
	if p.w == nil || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.w, "\r\x1b[K"+format, args...)
}

func (p *progress) done() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
