package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/node"
)

func (a *app) identityCommand() *cobra.Command {
	return group("identity", "Who the issuer is in law", "State and show who an issuer is in law, and bind it to an electronic seal.", "  bonafide identity show",
		a.identitySet(), a.identityShow(), a.identityBind(), a.identityMandate())
}

// identityFlags are what flags say of an organisation.
type identityFlags struct {
	names, langs, ids, altNames, onBehalfOf []string
	partOf                                  string
}

func (a *app) identitySet() *cobra.Command {
	var q node.IdentityRequest
	var in identityFlags
	set := &cobra.Command{Use: "set", Short: "State who the issuer is in law",
		Long: `State the issuer's legal names, its identifiers and its legal seat. The statement is
published at whois.vp; it is a claim until somebody whom verifiers trust confirms it:
an accreditor that recognises the issuer, a register, or the issuer's own electronic
seal (identity bind-seal). On a terminal it asks for what flags do not say.

Natural persons are refused. An identifier is "SCHEME COUNTRY VALUE", or what a seal
certificate has: VAT (tax number), NTR (trade register), EUID, LEI, EORI, PIC, ETER,
ROR, SCHAC (domain of the institution), or another scheme by its name. The first one
leads. Check digits are recomputed where the rule is public; a wrong one is refused.`,
		Example: `  bonafide identity set
  bonafide identity set --name "Universidad de Ejemplo" --lang es --name "Example University" --lang en \
    --id "VAT ES A00000000" --id "LEI 529900T8BM49AURSDO55" --country ES --locality Madrid
  bonafide identity set --name "Facultad de Derecho" --id "NTR ES 4711" --country ES --part-of "VAT ES A00000000"`,
		Args: noArgs()}
	f := set.Flags()
	f.StringArrayVar(&in.names, "name", nil, "legal name, as registered; repeatable")
	f.StringArrayVar(&in.langs, "lang", nil, "language of the name in the same place, such as es; repeatable")
	f.StringArrayVar(&in.altNames, "alt-name", nil, "a name in use that is not the registered one; repeatable")
	f.StringArrayVar(&in.ids, "id", nil, "identifier: SCHEME COUNTRY VALUE, such as \"VAT ES A00000000\"; repeatable, the first one leads")
	f.StringVar(&q.Organisation.Seat.Country, "country", "", "country of the legal seat, two letters")
	f.StringVar(&q.Organisation.Seat.Region, "region", "", "region of the legal seat")
	f.StringVar(&q.Organisation.Seat.Locality, "locality", "", "town of the legal seat")
	f.StringVar(&q.Organisation.Homepage, "homepage", "", "https URL")
	f.StringVar(&in.partOf, "part-of", "", "legal person that the issuer is a part of: a DID, an identifier or a name")
	f.StringArrayVar(&in.onBehalfOf, "on-behalf-of", nil, "for whom the issuer issues: a DID, an identifier or a name; repeatable")
	f.BoolVar(&q.Organisation.SoleTrader, "sole-trader", false, "the organisation is the business of one natural person")
	f.BoolVar(&q.Force, "force", false, "publish an identifier whose check digits are wrong")
	issuerFlag(set, &q.Issuer)
	set.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := in.read(&q.Organisation); err != nil {
			return err
		}
		if len(in.names) == 0 || len(in.ids) == 0 || q.Organisation.Seat.Country == "" {
			if !isTerminal(a.stdin) || !isTerminal(a.stderr) {
				return usagef("--name, --id and --country are needed; on a terminal the command asks for them")
			}
			if err := askIdentity(bufio.NewReader(a.stdin), a.stderr, &q.Organisation, q.Force); err != nil {
				return err
			}
		}
		return answer(a, cmd.Context(), opening{network: true}, node.OpIdentitySet, q, a.showIdentity)
	}
	return a.jsonFlag(set)
}

// read puts flags into an organisation.
func (in identityFlags) read(o *legal.Organisation) error {
	if len(in.langs) > len(in.names) {
		return usagef("each --lang belongs to the --name in the same place")
	}
	for i, n := range in.names {
		name := legal.Name{Value: n}
		if i < len(in.langs) {
			name.Lang = in.langs[i]
		}
		o.LegalNames = append(o.LegalNames, name)
	}
	for _, n := range in.altNames {
		o.AltNames = append(o.AltNames, legal.Name{Value: n})
	}
	for i, text := range in.ids {
		id, err := legal.ParseIdentifier(text)
		if err != nil && !id.Person() { // that it is one of a person says more
			return err
		}
		if i == 0 {
			o.ID = id
		} else {
			o.Identifiers = append(o.Identifiers, id)
		}
	}
	if in.partOf != "" {
		r := relation(in.partOf)
		o.Parent = &r
	}
	for _, text := range in.onBehalfOf {
		o.OnBehalfOf = append(o.OnBehalfOf, relation(text))
	}
	return nil
}

// relation reads how another organisation is named.
func relation(text string) legal.Relation {
	if strings.HasPrefix(text, "did:") {
		return legal.Relation{DID: text}
	}
	if id, err := legal.ParseIdentifier(text); err == nil {
		return legal.Relation{ID: id}
	}
	return legal.Relation{Name: text}
}

// askIdentity asks for what is not said yet, each question until the answer serves,
// shows all of it and asks whether to publish.
func askIdentity(in *bufio.Reader, out io.Writer, o *legal.Organisation, force bool) error {
	ask := func(text string) (string, error) {
		fmt.Fprint(out, text)
		line, err := in.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("%w: the answers end", ErrDeclined)
		}
		return strings.TrimSpace(line), nil
	}
	fmt.Fprintln(out, "Who issues? What you state here is published for everybody and kept by others.")
	if !o.SoleTrader {
		answer, err := ask("Is the issuer an organisation, and no natural person? [yes/no] ")
		if err != nil {
			return err
		}
		if !slices.Contains([]string{"y", "yes"}, strings.ToLower(answer)) {
			return fmt.Errorf("%w: the answer was %q", legal.ErrNaturalPerson, answer)
		}
	}
	for asked := len(o.LegalNames) == 0; asked; {
		prompt := "Legal name, as registered: "
		if len(o.LegalNames) > 0 {
			prompt = "The legal name in another language (empty for none): "
		}
		name, err := ask(prompt)
		if err != nil {
			return err
		}
		if name == "" {
			asked = len(o.LegalNames) == 0
			continue
		}
		lang, err := ask("Language of that name, such as es (empty for none): ")
		if err != nil {
			return err
		}
		o.LegalNames = append(o.LegalNames, legal.Name{Value: name, Lang: lang})
	}
	if err := askIdentifiers(ask, out, o, force); err != nil {
		return err
	}
	for _, q := range []struct {
		text string
		to   *string
		need bool
	}{{"Country of the legal seat, two letters: ", &o.Seat.Country, true}, {"Town of the legal seat (empty for none): ", &o.Seat.Locality, false},
		{"Homepage, https://... (empty for none): ", &o.Homepage, false}} {
		for again := *q.to == ""; again; {
			got, err := ask(q.text)
			if err != nil {
				return err
			}
			*q.to, again = got, got == "" && q.need
		}
	}
	if err := o.Validate(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, n := range o.LegalNames {
		fmt.Fprintf(out, "  legal name  %s %s\n", oneLine(n.Value), oneLine(n.Lang))
	}
	for _, id := range append([]legal.Identifier{o.ID}, o.Identifiers...) {
		fmt.Fprintf(out, "  identifier  %s\n", oneLine(id.String()))
	}
	fmt.Fprintf(out, "  legal seat  %s\n", oneLine(o.Seat.String()))
	answer, err := ask("Publish this? [yes/no] ")
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(answer)) {
		return ErrDeclined
	}
	return nil
}

func askIdentifiers(ask func(string) (string, error), out io.Writer, o *legal.Organisation, force bool) error {
	if !o.ID.IsZero() {
		return nil
	}
	for {
		prompt := "Identifier, such as VAT ES A00000000, NTR ES 4711 or LEI ...: "
		if !o.ID.IsZero() {
			prompt = "A further identifier (empty for none): "
		}
		text, err := ask(prompt)
		if err != nil {
			return err
		}
		if text == "" {
			if o.ID.IsZero() {
				continue
			}
			return nil
		}
		id, err := legal.ParseIdentifier(text)
		if id.Person() {
			return fmt.Errorf("%w: scheme %s names a natural person", legal.ErrNaturalPerson, id.Scheme)
		}
		if err == nil && !force {
			err = id.CheckDigits()
		}
		switch {
		case err != nil:
			fmt.Fprintf(out, "  That does not serve: %s\n", oneLine(err.Error()))
		case o.ID.IsZero():
			o.ID = id
		default:
			o.Identifiers = append(o.Identifiers, id)
		}
	}
}

func (a *app) identityShow() *cobra.Command {
	show := &cobra.Command{Use: "show [DID]", Short: "Show who an issuer is, and who says so", Args: args(0, 1, "at most one DID"),
		Long: `Show what is known of an issuer: each field with who proves or claims it, the
evidence, and the levels that were reached. With --issued a day, it is also said what
stood then, as a credential of that day would be judged.`,
		Example: "  bonafide identity show\n  bonafide identity show did:webvh:SCID:university.example --issued 2026-03-01"}
	in := node.IdentityShowRequest{}
	show.Flags().StringVar(&in.Issued, "issued", "", "day or time of a credential, such as 2026-03-01")
	show.RunE = func(cmd *cobra.Command, got []string) error {
		if len(got) == 1 {
			in.DID = got[0]
		}
		return answer(a, cmd.Context(), opening{network: true}, node.OpIdentityShow, in, a.showIdentity)
	}
	return a.jsonFlag(show)
}

func (a *app) showIdentity(out node.IdentityResponse) error {
	a.printf("%s\n", oneLine(out.DID))
	a.pairs("level", strings.Join(out.Issuer.Levels, ", "))
	var rows [][]string
	for _, f := range out.Issuer.Fields {
		state, _ := f.State.MarshalText()
		value := oneLine(f.Value)
		if f.Lang != "" {
			value += " (" + oneLine(f.Lang) + ")"
		}
		now, then := "", ""
		if string(state) == "proven" {
			now, then = yesNo(f.Now), yesNo(f.WhenIssued)
		}
		rows = append(rows, []string{f.Name, value, string(state), now, then, oneLine(strings.Join(f.By, ", "))})
	}
	if err := a.table([]string{"FIELD", "VALUE", "STANDING", "NOW", "WHEN ISSUED", "BY"}, rows); err != nil {
		return err
	}
	if len(out.Issuer.Evidence) > 0 {
		a.printf("\n")
		rows = nil
		for _, e := range out.Issuer.Evidence {
			rows = append(rows, []string{e.Kind, e.Level, e.Join, when(e.From), when(e.Until), yesNo(e.Now), yesNo(e.WhenIssued), e.By})
		}
		if err := a.table([]string{"EVIDENCE", "LEVEL", "JOINED BY", "FROM", "UNTIL", "NOW", "WHEN ISSUED", "BY"}, rows); err != nil {
			return err
		}
	}
	for _, c := range out.Checks {
		if d := c.Params["detail"]; d != "" {
			a.notef("%s: %s", c.Name, oneLine(d))
		}
	}
	return nil
}

func (a *app) identityMandate() *cobra.Command {
	var q node.MandateRequest
	c := &cobra.Command{Use: "mandate [FILE]", Short: "Publish a mandate that an awarding body gave the issuer", Args: args(0, 1, "at most one file"),
		Long: `Publish a mandate beside the statement of who the issuer is, so that verifiers see that
the awarding body lets the issuer sign. Without a file, list what is published.

The awarding body makes it with its own node: bonafide issue mandate.json, where the
file is a credential of type IssuingMandateCredential with @context, issuer, validFrom
and a credentialSubject of type MandatedIssuer whose id is the issuer's DID.`,
		Example: "  bonafide identity mandate from-the-school.json\n  bonafide identity mandate --remove did:webvh:SCID:school.example"}
	c.Flags().StringVar(&q.Remove, "remove", "", "DID of an awarding body whose mandates are published no more")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		if len(got) == 1 {
			b, err := a.readInput(got[0], maxKeyFile)
			if err != nil {
				return err
			}
			if _, err := strictjson.ParseObject(b, strictjson.Limits{}); err != nil {
				return usagef("%s: %s", got[0], err)
			}
			q.Credential = b
		}
		return answer(a, cmd.Context(), opening{network: true}, node.OpIdentityMandate, q, func(r node.MandateResponse) error {
			var rows [][]string
			for _, m := range r.Mandates {
				rows = append(rows, []string{m.By, strings.Join(m.Types, ", "), when(m.From), when(m.Until)})
			}
			return a.table([]string{"AWARDING BODY", "TYPES", "FROM", "UNTIL"}, rows)
		})
	}
	return a.jsonFlag(c)
}

// writeStatement writes what is to be sealed; the file is new, or holds the same.
func writeStatement(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	if _, err := f.WriteString(text); err != nil {
		_ = f.Close()
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	return f.Close()
}
