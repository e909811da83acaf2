package node

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/store"
)

// rolesOfOps is the promise of the README of tokens: changing a line here changes
// who may do what.
var rolesOfOps = map[Role]string{
	RoleReader: `info did.show did.resolve identity.show verify verify-presentation trust.list trust.lists.show follows peers forks
		status.lists resume.standing register.list register.show recognize.list anchor.show anchor.prove`,
	RoleRegistrar: `identity.statement identity.bind-seal identity.mandate identity.set issue status.set status.show status.batch status.log status.open status.close status.export
		recognize recognize.many recognize.by publish.now issued.find issued.list issued.erase issued.prune status.unpublished anchor.submit anchor.attach`,
	RoleOperator: `did.create did.update did.rotate did.deactivate trust.add trust.remove trust.adopt trust.drop trust.update trust.list.publish trust.lists.import follow unfollow
		peers.connect folder.export keys.list log.import resume backup fsck status.import token.create token.list token.revoke
		register.import register.accept register.remove anchor.deploy anchor.bind`,
}

// Every operation with every role, bound to no issuer, to the one that is named
// and to another.
func TestRolesOfAllOperations(t *testing.T) {
	want := map[string]Role{}
	for role, names := range rolesOfOps {
		for _, name := range strings.Fields(names) {
			want[name] = role
		}
	}
	const own, other = "did:webvh:QmOwn:a.example", "did:webvh:QmOther:a.example"
	order := []Role{"", "nonsense", RolePublic, RoleReader, RoleRegistrar, RoleOperator}
	for _, o := range Ops() {
		needs, known := want[o.Name]
		if !known || needs != o.Role {
			t.Errorf("%s needs the role %q, the table says %q", o.Name, o.Role, needs)
		}
		delete(want, o.Name)
		for have, role := range order {
			enough := false
			for i, r := range order {
				enough = enough || r == o.Role && have >= i
			}
			for _, c := range []struct {
				name, issuer, in string
				ok               bool
			}{
				{"any issuer", "", `{}`, enough},
				{"any issuer, no request", "", ``, enough},
				{"own issuer", own, `{"issuer":"` + own + `"}`, enough && (o.Issuer || o.Role == RoleReader)},
				{"own issuer by its subject", own, `{"issuer":"QmOwn"}`, enough && (o.Issuer || o.Role == RoleReader)},
				{"own issuer, not named", own, `{}`, enough && (o.Issuer || o.Role == RoleReader)},
				{"another issuer", own, `{"issuer":"` + other + `"}`, enough && !o.Issuer && o.Role == RoleReader},
				{"another issuer in another case", own, `{"issuer":"` + own + `","Issuer":"` + other + `"}`, enough && !o.Issuer && o.Role == RoleReader},
				{"another issuer in an odd case", own, `{"i\u017f\u017fuer":"` + other + `"}`, enough && !o.Issuer && o.Role == RoleReader},
				{"an issuer that is no text", own, `{"issuer":[]}`, enough && !o.Issuer && o.Role == RoleReader},
			} {
				in, err := o.permit(Caller{Role: role, Issuer: c.issuer}, []byte(c.in))
				if (err == nil) != c.ok {
					t.Errorf("%s as %q, %s: %v", o.Name, role, c.name, err)
				}
				if err != nil && !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrRequest) {
					t.Errorf("%s as %q, %s: %v", o.Name, role, c.name, err)
				}
				if c.name == "own issuer, not named" && c.ok && o.Issuer && string(in) != `{"issuer":"`+own+`"}` {
					t.Errorf("%s: the request became %s", o.Name, in)
				}
			}
		}
	}
	for name := range want {
		t.Errorf("there is no operation %s", name)
	}
}

func TestTokens(t *testing.T) {
	n := opened(t, "university.example", nil)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	n.clock = func() time.Time { return now }
	did := n.Info(t.Context()).Issuers[0].DID
	made := call[TokenCreated](t, n, OpTokenCreate, TokenCreateRequest{Name: "office", Role: "registrar", Issuer: did, Days: 10})
	who, ok := n.Authorise(made.Secret)
	if !ok || who != (Caller{Role: RoleRegistrar, Issuer: did, By: "token:office"}) {
		t.Fatalf("%+v %v", who, ok)
	}
	// The secret is kept nowhere.
	err := n.store.View(t.Context(), func(tx store.Tx) error {
		b, err := tx.GetMeta(metaTokens)
		if strings.Contains(string(b), made.Secret[len(tokenMark)+9:]) {
			t.Error("the secret is in the store")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"empty": "", "cut": made.Secret[:len(made.Secret)-1], "longer": made.Secret + "A",
		"another": made.Secret[:len(made.Secret)-4] + "AAAA", "only the mark": tokenMark, "huge": tokenMark + strings.Repeat("A", 1<<20)} {
		if who, ok := n.Authorise(token); ok {
			t.Errorf("%s token: %+v", name, who)
		}
	}
	// The audit trail names the token, and for whom it says that it acts.
	issued := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana"), LocalRef: "r"})
	if _, err := n.Op(t.Context(), OpStatusSet, who, []byte(`{"target":"`+issued.ID+`","action":"revoke","by":"operator"}`)); err != nil {
		t.Fatal(err)
	}
	log := call[LogResponse](t, n, OpStatusLog, LogRequest{Action: "revoke"})
	if len(log.Rows) != 1 || log.Rows[0].By != "token:office for operator" {
		t.Errorf("%+v", log)
	}
	if log = call[LogResponse](t, n, OpStatusLog, LogRequest{Action: "token.create"}); len(log.Rows) != 1 || log.Rows[0].Target != "token:office" {
		t.Errorf("%+v", log)
	}
	for _, c := range []struct {
		name string
		q    TokenCreateRequest
		want error
	}{
		{"name taken", TokenCreateRequest{Name: "office", Role: "reader"}, ErrRequest},
		{"no name", TokenCreateRequest{Role: "reader"}, ErrRequest},
		{"name with a line feed", TokenCreateRequest{Name: "a\nb", Role: "reader"}, ErrRequest},
		{"no role", TokenCreateRequest{Name: "a"}, ErrRequest},
		{"a role for nobody", TokenCreateRequest{Name: "a", Role: "public"}, ErrRequest},
		{"too long", TokenCreateRequest{Name: "a", Role: "reader", Days: 3651}, ErrRequest},
		{"no time", TokenCreateRequest{Name: "a", Role: "reader", Days: -1}, ErrRequest},
		{"operator of one issuer", TokenCreateRequest{Name: "a", Role: "operator", Issuer: did}, ErrRequest},
		{"issuer of elsewhere", TokenCreateRequest{Name: "a", Role: "reader", Issuer: "did:webvh:QmX:a.example"}, ErrNoIssuer},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := try[TokenCreated](n, OpTokenCreate, c.q); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	second := call[TokenCreated](t, n, OpTokenCreate, TokenCreateRequest{Name: "desk", Role: "reader"})
	now = now.AddDate(0, 0, 10)
	if _, ok := n.Authorise(made.Secret); ok {
		t.Error("an expired token is let in")
	}
	if _, ok := n.Authorise(second.Secret); !ok {
		t.Error("a live token is not let in")
	}
	list := call[TokenList](t, n, OpTokenRevoke, TokenRevokeRequest{ID: second.Token.ID})
	if _, ok := n.Authorise(second.Secret); ok || list.Tokens[0].State != "expired" || list.Tokens[1].State != "revoked" {
		t.Errorf("a revoked token is let in: %v, %+v", ok, list)
	}
	if _, err := try[TokenList](n, OpTokenRevoke, TokenRevokeRequest{ID: "nobody"}); !errors.Is(err, ErrNoToken) {
		t.Errorf("%v", err)
	}
}
