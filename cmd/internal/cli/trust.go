package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal/roots"
	"github.com/bonafide-id/bonafide/node"
)

func (a *app) trustCommand() *cobra.Command {
	var add, rm node.TrustRequest
	ca := &cobra.Command{Use: "add DID", Short: "Trust an accreditor's word", Args: args(1, 1, "one DID"), Example: "  bonafide trust add did:webvh:SCID:agency.example --name \"The agency\""}
	ca.Flags().StringVar(&add.Name, "name", "", "what you call it")
	ca.Flags().StringSliceVar(&add.Axes, "axes", nil, "identity, authorisation; both by default")
	ca.RunE = func(cmd *cobra.Command, got []string) error {
		add.DID = got[0]
		return answer(a, cmd.Context(), opening{network: true}, node.OpTrustAdd, add, a.showTrust)
	}
	cr := &cobra.Command{Use: "remove DID", Short: "No longer trust", Args: args(1, 1, "one DID"), Example: "  bonafide trust remove did:webvh:SCID:agency.example"}
	cr.RunE = func(cmd *cobra.Command, got []string) error {
		rm.DID = got[0]
		return answer(a, cmd.Context(), opening{}, node.OpTrustRemove, rm, a.showTrust)
	}
	return group("trust", "Whose word counts here", "Choose trust roots: accreditors whose word on who an issuer is and what it may issue counts.", "  bonafide trust list",
		a.jsonFlag(ca), a.jsonFlag(cr), a.rootListCommand(), a.adoptCommand(), a.dropCommand(), a.trustUpdateCommand(), a.explainCommand(), a.trustListsCommand())
}

func (a *app) showTrust(t node.TrustList) error {
	a.printf("policy: %s\n", t.Policy)
	var rows, lists [][]string
	for _, r := range t.Roots {
		from := "chosen here"
		if r.List != "" {
			from = "list: " + oneLine(r.List)
		}
		rows = append(rows, []string{r.DID, oneLine(r.Name), strings.Join(r.Axes, ","), yesNo(r.Held), from})
	}
	if err := a.table([]string{"ROOT", "NAME", "AXES", "HERE", "FROM"}, rows); err != nil {
		return err
	}
	for _, l := range t.Lists {
		state := "stands"
		if l.Problem != "" {
			state = oneLine(l.Problem)
		}
		lists = append(lists, []string{oneLine(l.Name), strconv.FormatInt(l.Version, 10), when(&l.Expires), strconv.Itoa(len(l.Roots)), state})
	}
	if len(lists) == 0 {
		return nil
	}
	return a.table([]string{"LIST", "VERSION", "UNTIL", "ROOTS", "STATE"}, lists)
}

func (a *app) showRootList(l node.RootList) error {
	a.pairs("list", oneLine(l.Name), "publisher", oneLine(l.Publisher), "version", strconv.FormatInt(l.Version, 10),
		"issued", when(&l.Issued), "until", when(&l.Expires), "signatures", fmt.Sprintf("%d of %d keys", l.Threshold, l.Keys), "fingerprint", l.Fingerprint)
	if l.Problem != "" {
		a.notef("%s", oneLine(l.Problem))
	}
	var rows [][]string
	for _, r := range l.Roots {
		rows = append(rows, []string{r.DID, oneLine(r.Name), strings.Join(r.Axes, ",")})
	}
	return a.table([]string{"ROOT", "NAME", "AXES"}, rows)
}

func (a *app) adoptCommand() *cobra.Command {
	var q node.AdoptRequest
	c := &cobra.Command{Use: "adopt DID", Short: "Adopt a list of trust roots that somebody publishes", Args: args(1, 1, "the DID of the publisher"),
		Long: `Adopt the list of trust roots of a ministry or an association. The fingerprint
names the keys that sign the list: have it from the publisher by another way, such
as its official journal. Without one, the list is shown and not adopted.

From then on the node follows the list: a later version counts when enough of the
keys before it and enough of its own have signed it. An older one never comes
back, and past its term a list counts for nothing.`,
		Example: "  bonafide trust adopt did:webvh:SCID:ministry.example\n  bonafide trust adopt did:webvh:SCID:ministry.example --fingerprint 1f2e3d4c-..."}
	c.Flags().StringVar(&q.Fingerprint, "fingerprint", "", "what the publisher says by another way")
	c.Flags().StringSliceVar(&q.Axes, "axes", nil, "axes on which it may name roots here: identity, authorisation; both by default")
	c.RunE = func(cmd *cobra.Command, got []string) error {
		q.DID = got[0]
		return answer(a, cmd.Context(), opening{network: true}, node.OpTrustAdopt, q, func(l node.RootList) error {
			if err := a.showRootList(l); err != nil {
				return err
			}
			if l.Adopted {
				a.notef("adopted")
			} else {
				a.notef("not adopted: compare the fingerprint with what the publisher says by another way, and repeat with --fingerprint")
			}
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) dropCommand() *cobra.Command {
	c := &cobra.Command{Use: "drop DID", Short: "No longer follow an adopted list", Args: args(1, 1, "the DID of the publisher"), Example: "  bonafide trust drop did:webvh:SCID:ministry.example"}
	c.RunE = func(cmd *cobra.Command, got []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpTrustDrop, node.AdoptRequest{DID: got[0]}, a.showTrust)
	}
	return a.jsonFlag(c)
}

func (a *app) trustUpdateCommand() *cobra.Command {
	var q node.TrustUpdateRequest
	c := &cobra.Command{Use: "update", Short: "Refresh adopted lists and EU trusted lists", Args: noArgs(),
		Long: `Refresh the lists of trust roots that were adopted, from their publishers and from
other holders. A running node does that by itself; this says what became of each.

--web also fetches the EU list of trusted lists from the address in the setting
lotl_url, under the signers that you pinned with "trust lists import --signer",
and from it the national lists that are held or named with --territory. Without
that setting the web is not asked; "trust lists import" takes files.`,
		Example: "  bonafide trust update\n  bonafide trust update --web --territory ES,SE"}
	c.Flags().BoolVar(&q.Web, "web", false, "fetch EU trusted lists")
	c.Flags().StringSliceVar(&q.Territories, "territory", nil, "national lists to fetch besides those that are held")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		var out node.TrustUpdate
		if err := a.do(cmd.Context(), opening{network: true}, node.OpTrustUpdate, q, &out); err != nil {
			return err
		}
		failed := false
		var rows [][]string
		for _, l := range out.Lists {
			state := "as it was"
			switch {
			case l.Error != "":
				state, failed = oneLine(l.Error), true
			case l.After != l.Before:
				state = "new"
			}
			rows = append(rows, []string{oneLine(l.List), strconv.FormatInt(l.Before, 10), strconv.FormatInt(l.After, 10), state})
		}
		var err error
		switch {
		case a.json:
			err = a.printJSON(out)
		case len(rows) == 0:
			a.notef("no list was adopted")
		default:
			err = a.table([]string{"LIST", "BEFORE", "NOW", "STATE"}, rows)
		}
		if err == nil && failed {
			err = exit(exitRefused)
		}
		return err
	}
	return a.jsonFlag(c)
}

// rootListCommand lists the roots, and is the home of what publishers of lists do.
func (a *app) rootListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Aliases: []string{"show"}, Short: "List the trust roots; make and publish a list of roots", Args: noArgs(),
		Long: `List the trust roots of this node and the lists that it adopted.

For who publishes a list of roots for others: "key" makes the key of one holder,
"new" writes a list, each holder adds a signature with "sign", and "publish" puts
it into the folder. Tell operators the fingerprint by another way.`,
		Example: "  bonafide trust list\n  bonafide trust list publish roots-2.json"}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpTrustList, node.Empty{}, a.showTrust)
	}
	c.AddCommand(a.rootKey(), a.rootNew(), a.rootSign(), a.rootShow(), a.rootPublish())
	return a.jsonFlag(c)
}

const rootKeyOwner = "root-list"

func (a *app) rootKey() *cobra.Command {
	var pass string
	c := &cobra.Command{Use: "key FILE", Short: "Make the key of one holder, in an encrypted file", Args: args(1, 1, "a file that is not there yet"),
		Long:    "Make the key of one holder of a list and print its public part. Keep the file off\nline: nobody else needs it.",
		Example: "  bonafide trust list key my-key.age"}
	c.Flags().StringVar(&pass, "passphrase-file", "", "file with the passphrase; BONAFIDE_PASSPHRASE or a question by default")
	c.RunE = func(_ *cobra.Command, got []string) (err error) {
		s, err := keystore.Create(got[0], a.holderPassphrase(pass, got[0], true), keystore.Config{})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		k, err := key.Generate(key.Ed25519, rand.Reader)
		if err != nil {
			return err
		}
		if err := s.Add(keystore.NewEntry(rootKeyOwner, "", keystore.RoleUpdate, k)); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(map[string]string{"key": k.Public().Multikey(), "file": got[0]})
		}
		a.printf("%s\n", k.Public().Multikey())
		return nil
	}
	return a.jsonFlag(c)
}

func (a *app) holderPassphrase(file, name string, fresh bool) keystore.Passphrase {
	switch {
	case file != "":
		return keystore.FromFile(file)
	case a.env("BONAFIDE_PASSPHRASE") != "" || !isTerminal(a.stdin):
		return keystore.Fixed([]byte(a.env("BONAFIDE_PASSPHRASE")))
	}
	in, _ := a.stdin.(*os.File)
	return once(keystore.FromPrompt(keystore.Terminal{In: in, Out: a.stderr, Label: name, New: fresh}))
}

func (a *app) rootNew() *cobra.Command {
	l := roots.List{Threshold: 1}
	var until, out, from string
	var entries []string
	c := &cobra.Command{Use: "new", Short: "Write a version of a list, to be signed", Args: noArgs(),
		Long: `Write a version of a list of trust roots. With --after FILE it is the version after
that one and takes from it what is not said anew. A root is DID=NAME, and counts
for both axes unless =identity or =authorisation follows.`,
		Example: `  bonafide trust list new --publisher did:webvh:SCID:ministry.example --name "Accreditors" \
    --key z6Mk... --key z6Mk... --key z6Mk... --threshold 2 --until 2027-12-31 \
    --root "did:webvh:SCID:agency.example=The agency" --out roots-1.json
  bonafide trust list new --after roots-1.json --until 2028-12-31 --out roots-2.json`}
	f := c.Flags()
	f.StringVar(&l.Publisher, "publisher", "", "DID of who publishes the list")
	f.StringVar(&l.Name, "name", "", "what the list is called")
	f.StringArrayVar(&l.Keys, "key", nil, "public key of a holder; repeatable")
	f.IntVar(&l.Threshold, "threshold", 1, "how many of the keys have to sign")
	f.StringVar(&until, "until", "", "end of its term; publish the next version before")
	f.StringArrayVar(&entries, "root", nil, "DID=NAME or DID=NAME=AXIS; repeatable")
	f.StringVar(&from, "after", "", "file of the version before")
	f.StringVar(&out, "out", "", "file to write")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if out == "" || until == "" {
			return usagef("%s wants --out FILE and --until DATE", cmd.CommandPath())
		}
		l.Version = 1
		if from != "" {
			before, err := a.readRootList(from)
			if err != nil {
				return err
			}
			given := l
			l.Version, l.Publisher, l.Name = before.Version+1, before.Publisher, before.Name
			l.Keys, l.Threshold, l.Roots = before.Keys, before.Threshold, before.Roots
			if given.Name != "" {
				l.Name = given.Name
			}
			if len(given.Keys) > 0 {
				l.Keys = given.Keys
			}
			if cmd.Flags().Changed("threshold") {
				l.Threshold = given.Threshold
			}
		}
		l.Issued = time.Now().UTC().Truncate(time.Second)
		expires, err := credential.DayOrTime(until)
		if err != nil {
			return usagef("--until: %s", err)
		}
		l.Expires = expires.UTC().Truncate(time.Second)
		if len(entries) > 0 {
			l.Roots = nil
		}
		for _, e := range entries {
			parts := strings.Split(e, "=")
			r := roots.Root{DID: parts[0], Axes: []string{roots.AxisIdentity, roots.AxisAuthorisation}}
			switch len(parts) {
			case 3:
				r.Axes = []string{parts[2]}
				fallthrough
			case 2:
				r.Name = parts[1]
			default:
				return usagef("--root %q is not DID=NAME", e)
			}
			l.Roots = append(l.Roots, r)
		}
		if err := l.Check(); err != nil {
			return err
		}
		return a.writeRootList(&l, out)
	}
	return a.jsonFlag(c)
}

func (a *app) readRootList(name string) (*roots.List, error) {
	b, err := a.readInput(name, roots.MaxBytes)
	if err != nil {
		return nil, err
	}
	return roots.Parse(b)
}

// writeRootList writes a list and says what it is.
func (a *app) writeRootList(l *roots.List, out string) error {
	b, err := l.Bytes()
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	return a.tellRootList(l)
}

func (a *app) tellRootList(l *roots.List) error {
	by, err := l.SignedBy(l.Keys)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"list": l, "fingerprint": l.Fingerprint(), "signedBy": append([]string{}, by...), "complete": len(by) >= l.Threshold})
	}
	a.pairs("list", oneLine(l.Name), "publisher", l.Publisher, "version", strconv.FormatInt(l.Version, 10), "until", when(&l.Expires),
		"signed by", fmt.Sprintf("%d of the %d needed, of %d keys", len(by), l.Threshold, len(l.Keys)), "fingerprint", l.Fingerprint())
	return nil
}

func (a *app) rootSign() *cobra.Command {
	var keyFile, pass string
	c := &cobra.Command{Use: "sign FILE", Short: "Add one holder's signature", Args: args(1, 1, "the file of the list"),
		Long: `Add the signature of one holder to a list, in place. Read the list with "show"
before. After a change of keys, holders of the keys before sign too.`,
		Example: "  bonafide trust list sign roots-2.json --with my-key.age"}
	c.Flags().StringVar(&keyFile, "with", "", "the holder's key file")
	c.Flags().StringVar(&pass, "passphrase-file", "", "file with the passphrase; BONAFIDE_PASSPHRASE or a question by default")
	c.RunE = func(cmd *cobra.Command, got []string) (err error) {
		if keyFile == "" {
			return usagef("%s wants --with KEYFILE", cmd.CommandPath())
		}
		l, err := a.readRootList(got[0])
		if err != nil {
			return err
		}
		s, err := keystore.Open(keyFile, a.holderPassphrase(pass, keyFile, false), keystore.Config{})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		e, err := s.Get(rootKeyOwner, keystore.RoleUpdate)
		if err != nil {
			return err
		}
		signer, err := e.Signer()
		if err != nil {
			return err
		}
		if err := l.Sign(cmd.Context(), signer, time.Now()); err != nil {
			return err
		}
		return a.writeRootList(l, got[0])
	}
	return a.jsonFlag(c)
}

func (a *app) rootShow() *cobra.Command {
	c := &cobra.Command{Use: "show FILE", Short: "Show a list in a file, who signed it and its fingerprint", Args: args(1, 1, "one file"), Example: "  bonafide trust list show roots-2.json"}
	c.RunE = func(_ *cobra.Command, got []string) error {
		l, err := a.readRootList(got[0])
		if err != nil {
			return err
		}
		if err := a.tellRootList(l); err != nil || a.json {
			return err
		}
		var rows [][]string
		for _, r := range l.Roots {
			rows = append(rows, []string{r.DID, oneLine(r.Name), strings.Join(r.Axes, ",")})
		}
		return a.table([]string{"ROOT", "NAME", "AXES"}, rows)
	}
	return a.jsonFlag(c)
}

func (a *app) rootPublish() *cobra.Command {
	var q node.RootsPublishRequest
	c := &cobra.Command{Use: "publish FILE", Short: "Publish a signed list in this issuer's folder", Args: args(1, 1, "one file"),
		Long: `Publish a version of a list that enough of its keys have signed. It must be the one
after what is published; two versions of one number are refused.`,
		Example: "  bonafide trust list publish roots-2.json"}
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		l, err := a.readRootList(got[0])
		if err != nil {
			return err
		}
		if q.List, err = l.Bytes(); err != nil {
			return err
		}
		return a.publishRootList(cmd.Context(), q)
	}
	return a.jsonFlag(c)
}

func (a *app) publishRootList(ctx context.Context, q node.RootsPublishRequest) error {
	return answer(a, ctx, opening{network: true}, node.OpRootsPublish, q, func(l node.RootList) error {
		if err := a.showRootList(l); err != nil {
			return err
		}
		a.notef("published; tell operators the fingerprint by another way")
		return nil
	})
}
