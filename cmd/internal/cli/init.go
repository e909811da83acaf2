package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/node"
)

func (a *app) initCommand() *cobra.Command {
	var yes bool
	var opt node.InitOptions
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a home for a node, and an issuer in it",
		Long: `Make the folder in which a node lives: settings, keys, store, token.

With --domain the home gets an issuer: an identifier did:webvh for that domain
(a path after it is fine, as in host.example/schools/x), its keys, and its first
published folder. Without --domain the home is a verifier's.

The domain need not work yet. It counts as proven once somebody has fetched the
identifier's log from it.

On a terminal, questions are asked for what was not given. --yes asks nothing:
without a passphrase in BONAFIDE_PASSPHRASE or --passphrase-file, a random one
is written into the home. Settings given as flags are kept in config.toml.`,
		Example: `  bonafide init
  bonafide init --domain university.example --name "Example University"
  bonafide init --yes --home /srv/verifier --root did:webvh:SCID:accreditor.example`,
		Args: noArgs(),
	}
	f := c.Flags()
	f.BoolVarP(&yes, "yes", "y", false, "ask nothing")
	f.StringVar(&opt.Domain, "domain", "", "host, and path, of the issuer's identifier; none for a verifier")
	f.StringVar(&opt.Name, "name", "", "name of the issuer, as credentials show it")
	f.StringArrayVar(&opt.Roots, "root", nil, "DID of a trust root; repeatable; makes `recognised` the default policy")
	settingFlags(f)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.initHome(cmd.Context(), cmd, opt, yes)
	}
	return a.jsonFlag(c)
}

func (a *app) initHome(ctx context.Context, cmd *cobra.Command, opt node.InitOptions, yes bool) error {
	home, err := a.homeDir()
	if err != nil {
		return err
	}
	cfg, err := a.config(home, cmd.Flags())
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(home, "config.toml")); err == nil {
		return fmt.Errorf("%w: %s", node.ErrHomeExists, home)
	}
	ask := !yes && isTerminal(a.stdin) && isTerminal(a.stderr)
	if !ask && !yes {
		return usagef("init asks questions and needs a terminal; give --yes to take the defaults")
	}
	if ask {
		if err := a.askInit(cmd, home, &opt); err != nil {
			return err
		}
	}
	switch {
	case cfg.PassphraseFile != "":
		opt.Passphrase = keystore.FromFile(cfg.PassphraseFile)
	case a.env("BONAFIDE_PASSPHRASE") != "":
		opt.Passphrase = keystore.Fixed([]byte(a.env("BONAFIDE_PASSPHRASE")))
	case ask && opt.Domain != "":
		opt.Passphrase = once(keystore.FromPrompt(keystore.Terminal{In: a.stdin.(*os.File), Out: a.stderr, Label: "the new keys", New: true}))
	}
	if opt.Domain != "" {
		a.notef("making keys and identifier ...")
	}
	made, err := node.Init(ctx, cfg, opt)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(made)
	}
	a.tellInit(cfg, opt, made)
	return nil
}

// askInit asks for what flags did not say.
func (a *app) askInit(cmd *cobra.Command, home string, opt *node.InitOptions) error {
	in := bufio.NewReader(a.stdin)
	question := func(flag, text string, to *string) error {
		if cmd.Flags().Changed(flag) {
			return nil
		}
		fmt.Fprint(a.stderr, text)
		line, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("%w: the answers end", ErrDeclined)
		}
		*to = strings.TrimSpace(line)
		return nil
	}
	fmt.Fprintf(a.stderr, "A new home in %s. It is used for an issuer, a verifier, or both.\n", home)
	if err := question("domain", "Domain of your identifier, such as university.example (empty if you only verify): ", &opt.Domain); err != nil {
		return err
	}
	if opt.Domain != "" {
		if err := question("name", "Name of your organisation, as credentials show it: ", &opt.Name); err != nil {
			return err
		}
	}
	var root string
	if err := question("root", "DID of an accreditor or authority that you trust (empty for none yet): ", &root); err != nil {
		return err
	}
	if root != "" {
		opt.Roots = append(opt.Roots, root)
	}
	return nil
}

func (a *app) tellInit(cfg node.Config, opt node.InitOptions, made *node.Created) {
	p := a.painter(a.stdout)
	a.printf("%s %s\n", p.green("made"), cfg.Home)
	if made.DID == "" {
		for _, note := range made.Notes {
			a.printf("%s\n", oneLine(note))
		}
		a.printf("\n%s\n", p.bold("Next"))
		if len(opt.Roots) == 0 {
			a.printf("  bonafide trust add DID          choose whose recognitions count\n")
		}
		a.printf("  bonafide verify credential.json\n  bonafide run                    keep copies fresh and answer over HTTP\n")
		return
	}
	offline := filepath.Join(cfg.Home, "keys", "offline.age")
	a.pairs("identifier", made.DID, "log belongs at", made.LogURL, "settings", filepath.Join(cfg.Home, "config.toml"),
		"daily keys", filepath.Join(cfg.Home, "keys", "online.age"), "offline keys", offline)
	if opt.Passphrase == nil {
		a.pairs("passphrase", filepath.Join(cfg.Home, "passphrase")+"  (random; it protects a copied key file, not this machine)")
	}
	a.printf("\n%s\n", p.bold("Keys made"))
	for _, k := range made.Keys {
		a.printf("  %-16s %s\n", oneLine(k.Role), oneLine(k.Key))
	}
	a.printf("\n%s Never run two nodes with these keys, and never start a node from an old copy of\nthis folder: both would sign two histories, which everybody keeps as evidence.\n",
		p.red("The one thing never to do:"))
	for _, note := range made.Notes {
		if !strings.Contains(note, "two nodes") {
			a.printf("- %s\n", oneLine(note))
		}
	}
	a.printf("\n%s\n", p.bold("Next"))
	a.printf(`  bonafide identity set                state who you are in law; it asks
  bonafide run                         publish, and answer peers and HTTP
  bonafide issue --example             the file that an issuing starts from
  move %s away from this machine
`, offline)
}
