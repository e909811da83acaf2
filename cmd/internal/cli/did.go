package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/node"
)

func (a *app) didCommand() *cobra.Command {
	return group("did", "Identifiers: make, show, change, close, resolve, check",
		`Work with decentralized identifiers. An issuer's own is a did:webvh: a log of
signed entries, one for each change, that anybody can verify from the bytes.

create, show, update, rotate and deactivate are about issuers of this node;
changing an identifier needs keys/offline.age in the home. resolve asks for any
did:webvh, did:web, did:key or did:jwk. check verifies a log in a file, needs no
home and never touches the network.`,
		`  bonafide did show
  bonafide did resolve did:webvh:SCID:university.example
  bonafide did check did.jsonl`,
		a.didCreate(), a.didShow(), a.didUpdate(), a.didRotate(), a.didDeactivate(), a.didResolve(), a.didCheck())
}

// issuerFlag names an issuer where a node has several.
func issuerFlag(c *cobra.Command, to *string) {
	c.Flags().StringVar(to, "issuer", "", "DID of the issuer on this node; not needed when there is one")
}

func (a *app) didCreate() *cobra.Command {
	var q node.CreateRequest
	c := &cobra.Command{
		Use: "create --domain DOMAIN", Short: "Make another issuer on this node",
		Long: `Make keys, an identifier and the first published folder of another issuer on
this node, as for a ministry or a host of small schools.`,
		Example: `  bonafide did create --domain host.example/schools/hill --name "Hill School"`,
		Args:    noArgs(),
	}
	c.Flags().StringVar(&q.Domain, "domain", "", "host, and path, of the identifier")
	c.Flags().StringVar(&q.Name, "name", "", "name of the issuer, as credentials show it")
	c.Flags().StringArrayVar(&q.Peers, "peer", nil, "multiaddr of a node that holds the folder, for the DID document; repeatable")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if q.Domain == "" {
			return usagef("did create wants --domain")
		}
		return answer(a, cmd.Context(), opening{network: true}, node.OpDIDCreate, q, func(out node.Created) error {
			a.pairs("identifier", out.DID, "log belongs at", out.LogURL)
			for _, n := range out.Notes {
				a.printf("- %s\n", oneLine(n))
			}
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) didShow() *cobra.Command {
	var log bool
	c := &cobra.Command{
		Use: "show [DID]", Short: "Show an identifier of this node",
		Long:    "Show an identifier of this node with its document. --log prints the log itself, as it belongs on the web.",
		Example: "  bonafide did show\n  bonafide did show --log > did.jsonl",
		Args:    args(0, 1, "at most one DID"),
	}
	c.Flags().BoolVar(&log, "log", false, "print the did.jsonl and nothing else")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		var q node.ShowRequest
		if len(args) == 1 {
			q.Issuer = args[0]
		}
		if a.json && log {
			return usagef("--log and --json are two answers; choose one")
		}
		return answer(a, cmd.Context(), opening{}, node.OpDIDShow, q, func(out node.ShowResponse) error {
			if log {
				_, err := fmt.Fprint(a.stdout, out.Log)
				return err
			}
			a.pairs("identifier", out.DID, "version", out.VersionID, "versions", fmt.Sprint(out.Versions), "log belongs at", out.LogURL)
			return a.printJSON(out.Document)
		})
	}
	return a.jsonFlag(c)
}

func (a *app) showUpdate(out node.UpdateResponse) error {
	a.pairs("identifier", out.DID, "version", out.VersionID)
	for _, k := range out.Keys {
		a.pairs("new "+k.Role+" key", k.Key)
	}
	for _, n := range out.Notes {
		a.printf("- %s\n", oneLine(n))
	}
	return nil
}

func (a *app) didUpdate() *cobra.Command {
	var q node.UpdateRequest
	var ttl int
	var noWatchers bool
	c := &cobra.Command{
		Use: "update [DID]", Short: "Move an identifier, or change its peers, watchers or ttl",
		Long: `Add an entry to the identifier's log. --domain moves it: the old names keep
working, because status lists and look-ups go by the log and not by the host.
Needs keys/offline.age in the home.`,
		Example: `  bonafide did update --domain new.example
  bonafide did update --peer /dns4/node.example/udp/8482/quic-v1/p2p/12D3Koo...
  bonafide did update --watcher https://watcher.example --ttl 3600`,
		Args: args(0, 1, "at most one DID"),
	}
	f := c.Flags()
	f.StringVar(&q.Domain, "domain", "", "move to this host, and path")
	f.StringArrayVar(&q.Peers, "peer", nil, "multiaddr of a node that holds the folder; replaces those named; repeatable")
	f.StringArrayVar(&q.Watchers, "watcher", nil, "URL of a watcher; replaces those named; repeatable")
	f.BoolVar(&noWatchers, "no-watchers", false, "name no watchers any more")
	f.IntVar(&ttl, "ttl", 3600, "seconds for which others may keep the document without asking again")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			q.Issuer = args[0]
		}
		if _, any := changed(f, "domain", "peer", "watcher", "no-watchers", "ttl"); !any {
			return usagef("did update wants at least one of --domain, --peer, --watcher, --no-watchers, --ttl")
		}
		if noWatchers && len(q.Watchers) > 0 {
			return usagef("--watcher and --no-watchers contradict each other")
		}
		if f.Changed("ttl") {
			q.TTL = &ttl
		}
		var in any = q
		if noWatchers {
			// An empty list says "none"; the request's own type leaves it out.
			in = struct {
				node.UpdateRequest
				Watchers []string `json:"watchers"`
			}{q, []string{}}
		}
		return answer(a, cmd.Context(), opening{network: true}, node.OpDIDUpdate, in, a.showUpdate)
	}
	return a.jsonFlag(c)
}

func (a *app) didRotate() *cobra.Command {
	var q node.RotateRequest
	c := &cobra.Command{
		Use: "rotate [DID]", Short: "Replace keys",
		Long: `Replace the credential, list and head keys, or the one that --role names. The
old private keys are destroyed. After a routine rotation the old public keys stay
in the document, so that what they signed stays good.

--compromised drops them from the document: every credential signed with a
stolen credential key must then be issued again. After a stolen head key,
--last-good names the last head that counts; all later ones of that key are void.
The update key is replaced by every change of the log by itself.
Needs keys/offline.age in the home.`,
		Example: `  bonafide did rotate
  bonafide did rotate --role credential --compromised
  bonafide did rotate --role head --compromised --last-good 41`,
		Args: args(0, 1, "at most one DID"),
	}
	c.Flags().StringVar(&q.Role, "role", "", "credential, list or head; all three when empty")
	c.Flags().BoolVar(&q.Compromised, "compromised", false, "the key is stolen: drop it from the document")
	c.Flags().Int64Var(&q.LastGood, "last-good", 0, "sequence of the last head that counts, after a stolen head key")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			q.Issuer = args[0]
		}
		return answer(a, cmd.Context(), opening{network: true}, node.OpDIDRotate, q, a.showUpdate)
	}
	return a.jsonFlag(c)
}

func (a *app) didDeactivate() *cobra.Command {
	var q node.DeactivateRequest
	c := &cobra.Command{
		Use: "deactivate [DID]", Short: "Close an identifier for ever",
		Long: `Publish a final head that never expires, then close the identifier. Nothing can
be issued or revoked under it afterwards, and it cannot be opened again. What was
issued is judged against the last version, with the note that the issuer closed.`,
		Example: `  bonafide did deactivate --yes`,
		Args:    args(0, 1, "at most one DID"),
	}
	c.Flags().BoolVarP(&q.Confirm, "yes", "y", false, "yes, close it for ever")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			q.Issuer = args[0]
		}
		if !q.Confirm {
			if err := a.confirm("Close the identifier for ever?"); err != nil {
				return err
			}
			q.Confirm = true
		}
		return answer(a, cmd.Context(), opening{network: true}, node.OpDIDDeactivate, q, a.showUpdate)
	}
	return a.jsonFlag(c)
}

func (a *app) didResolve() *cobra.Command {
	var q node.ResolveRequest
	c := &cobra.Command{
		Use: "resolve DID", Short: "Resolve a DID and print the resolution result",
		Long: `Resolve a did:webvh (or its alias did:scid:vh:1), did:web, did:key or did:jwk and
print the result of the DID Resolution specification as JSON. What is held answers
first; an identifier never met is looked for at peers, then on the web.

Needs no home. A domain in the identifier counts as proven only where the log was
fetched from it.`,
		Example: `  bonafide did resolve did:webvh:SCID:university.example
  bonafide did resolve did:key:z6Mk... --offline
  bonafide did resolve did:webvh:SCID:university.example --version-number 2`,
		Args: args(1, 1, "one DID"),
	}
	f := c.Flags()
	f.StringVar(&q.VersionID, "version-id", "", "the version with this versionId")
	f.StringVar(&q.VersionTime, "version-time", "", "the version in force at this time, such as 2026-01-31T12:00:00Z")
	f.IntVar(&q.VersionNumber, "version-number", 0, "the version of this number, counted from 1")
	f.BoolVar(&q.NoCache, "no-cache", false, "ask the source again")
	f.BoolVar(&q.Offline, "offline", false, "ask nobody")
	f.StringArray("dev-host-map", nil, "HOST=URL sends look-ups to a loopback server (tests); repeatable")
	f.StringArray("bootstrap", nil, "multiaddr of a peer to ask; repeatable")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		q.DID = args[0]
		if _, rest, ok := strings.Cut(q.DID, "?"); ok {
			return usagef("give the version by a flag and not as ?%s", rest)
		}
		shown := a.newProgress()
		if !q.Offline {
			shown.line("resolving ...")
		}
		var raw json.RawMessage
		err := a.do(cmd.Context(), opening{flags: f, network: !q.Offline, homeless: true}, node.OpDIDResolve, q, &raw)
		shown.done()
		if err != nil {
			return err
		}
		return a.printJSON(raw)
	}
	return a.jsonFlag(c)
}

// confirm asks before what cannot be undone.
func (a *app) confirm(question string) error {
	if !isTerminal(a.stdin) || !isTerminal(a.stderr) {
		return withCode(exitUsage, fmt.Errorf("%w: %s", node.ErrConfirm, strings.ToLower(strings.TrimSuffix(question, "?"))))
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	var word string
	if _, err := fmt.Fscanln(a.stdin, &word); err == nil {
		if w := strings.ToLower(word); w == "y" || w == "yes" {
			return nil
		}
	}
	return withCode(exitRefused, ErrDeclined)
}
