package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Caller is who calls an operation.
type Caller struct {
	Role   Role
	Issuer string // a DID or subject that a token is bound to; empty: any
	By     string // for the audit trail
}

// actor is the name for the audit trail: the token first, then for whom its
// holder says that it acts.
func (c Caller) actor(claimed string) string {
	if claimed == "" || claimed == c.By {
		return c.By
	}
	return c.By + " for " + claimed
}

// OpSpec describes one operation.
type OpSpec struct {
	Name string
	Role Role // the least that may call it
	Doc  string
	// Issuer tells that a request names an issuer of the node. A token that is
	// bound to one may call it for that issuer; of the other operations it may
	// call those of a reader.
	Issuer bool
}

// operation is one line of the table.
type operation struct {
	OpSpec
	call func(n *Node, ctx context.Context, who Caller, in json.RawMessage) (any, error)
}

var requestLimits = strictjson.Limits{MaxBytes: 64 << 20, MaxDepth: 64}

// op makes a line from a method that takes and returns its own types.
func op[In, Out any](name string, role Role, doc string, f func(*Node, context.Context, Caller, In) (Out, error)) operation {
	_, named := reflect.TypeFor[In]().FieldByName("Issuer")
	return operation{OpSpec{name, role, doc, named}, func(n *Node, ctx context.Context, who Caller, in json.RawMessage) (any, error) {
		var q In
		if len(in) > 0 {
			if err := decodeRequest(in, &q); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrRequest, err)
			}
		}
		return f(n, ctx, who, q)
	}}
}

// plain drops the caller for operations that do not record one.
func plain[In, Out any](f func(*Node, context.Context, In) (Out, error)) func(*Node, context.Context, Caller, In) (Out, error) {
	return func(n *Node, ctx context.Context, _ Caller, q In) (Out, error) { return f(n, ctx, q) }
}

func operations() []operation {
	return slices.Concat(registryOperations(), anchorOperations(), importOperations(), nodeOperations())
}

func nodeOperations() []operation {
	return []operation{
		op(OpInfo, RoleReader, "what the node is and how it stands", plain(func(n *Node, ctx context.Context, _ InfoRequest) (Info, error) { return n.Info(ctx), nil })),
		op(OpDIDCreate, RoleOperator, "make an issuer: keys, identifier and first folder", plain((*Node).didCreate)),
		op(OpDIDShow, RoleReader, "show an own identifier and its log", plain((*Node).didShow)),
		op(OpDIDUpdate, RoleOperator, "change location, peers, watchers or ttl", plain((*Node).didUpdate)),
		op(OpDIDRotate, RoleOperator, "replace keys", plain((*Node).didRotate)),
		op(OpDIDDeactivate, RoleOperator, "close an identifier for ever", plain((*Node).didDeactivate)),
		op(OpDIDResolve, RoleReader, "resolve a DID", plain((*Node).didResolve)),
		op(OpIdentitySet, RoleRegistrar, "state who the issuer is in law", plain((*Node).identitySet)),
		op(OpIdentityShow, RoleReader, "show who an issuer is and who says so", plain((*Node).identityShow)),
		op(OpIdentityStatement, RoleRegistrar, "make the statement of control that is to be sealed", plain((*Node).identityStatement)),
		op(OpIdentityBind, RoleRegistrar, "publish a statement of control under an electronic seal", plain((*Node).identityBind)),
		op(OpIssue, RoleRegistrar, "issue a micro-credential", plain((*Node).issue)),
		op(OpVerify, RoleReader, "verify a credential", plain((*Node).VerifyFull)),
		op(OpPresentation, RoleReader, "verify a presentation", plain((*Node).VerifyPresentation)),
		op(OpStatusSet, RoleRegistrar, "revoke, suspend or reinstate a credential", (*Node).setStatus),
		op(OpStatusShow, RoleRegistrar, "show the status of a credential, or the lists", plain((*Node).showStatus)),
		op(OpRecognize, RoleRegistrar, "recognise another organisation, or end a recognition", (*Node).recognize),
		op(OpRecognizeMany, RoleRegistrar, "recognise many organisations, or say what would change", (*Node).recognizeMany),
		op(OpRecognizeList, RoleReader, "list whom an own issuer recognises", plain((*Node).recognitions)),
		op(OpRecognizedBy, RoleRegistrar, "name those who recognise an own issuer", plain((*Node).setRecognisedIn)),
		op(OpTrustAdd, RoleOperator, "add a trust root", plain((*Node).trustAdd)),
		op(OpTrustRemove, RoleOperator, "remove a trust root", plain((*Node).trustRemove)),
		op(OpTrustList, RoleReader, "list the trust roots", plain((*Node).trustList)),
		op(OpTrustAdopt, RoleOperator, "show or adopt a list of trust roots that somebody publishes", plain((*Node).trustAdopt)),
		op(OpTrustDrop, RoleOperator, "no longer follow an adopted list of trust roots", plain((*Node).trustDrop)),
		op(OpTrustUpdate, RoleOperator, "refresh adopted lists of roots, and EU trusted lists from the web", plain((*Node).trustUpdate)),
		op(OpRootsPublish, RoleOperator, "publish a signed list of trust roots", (*Node).publishRoots),
		op(OpListsImport, RoleOperator, "take EU trusted lists from files", plain((*Node).listsImport)),
		op(OpListsShow, RoleReader, "show the EU trusted lists that are held", plain((*Node).listsShow)),
		op(OpFollow, RoleOperator, "fetch an issuer's folder and keep it", plain((*Node).follow)),
		op(OpUnfollow, RoleOperator, "let a folder go", plain((*Node).unfollow)),
		op(OpFollows, RoleReader, "list the folders that are held", plain((*Node).follows)),
		op(OpPeers, RoleReader, "list the connected peers", plain((*Node).listPeers)),
		op(OpConnect, RoleOperator, "connect to a peer and keep it", plain((*Node).connect)),
		op(OpFolderExport, RoleOperator, "write an own folder for a plain web server", plain((*Node).exportFolder)),
		op(OpKeysList, RoleOperator, "list the keys, without secrets", plain((*Node).keysList)),
		op(OpPublish, RoleRegistrar, "publish what is pending", plain((*Node).publishNow)),
		op(OpForks, RoleReader, "list evidence of forks", plain((*Node).forks)),
		op(OpImportLog, RoleOperator, "bring a did:webvh log made elsewhere to the peers", plain((*Node).importLog)),
		op(OpResume, RoleOperator, "sign again after a halt", plain((*Node).resume)),
		op(OpStanding, RoleReader, "whether an issuer signs, why not, and what to do", plain((*Node).standing)),
		op(OpUnpublished, RoleRegistrar, "list acknowledged changes that are in no published list", plain((*Node).unpublished)),
		op(OpBackup, RoleOperator, "write the home into one file", plain((*Node).backup)),
		op(OpFsck, RoleOperator, "check everything that is stored", plain((*Node).fsck)),
	}
}

// Ops lists the operations.
func Ops() []OpSpec {
	var out []OpSpec
	for _, o := range operations() {
		out = append(out, o.OpSpec)
	}
	return out
}

// Op runs one operation for a caller. in is the JSON of its request type;
// unknown members are refused. Errors: ErrNoOp, ErrForbidden, ErrRequest, and
// those of the operation; FailureOf maps them.
func (n *Node) Op(ctx context.Context, name string, who Caller, in json.RawMessage) (any, error) {
	for _, o := range operations() {
		if o.Name != name {
			continue
		}
		in, err := o.permit(who, in)
		if err != nil {
			return nil, err
		}
		return o.call(n, ctx, who, in)
	}
	return nil, fmt.Errorf("%w: %.80q", ErrNoOp, name)
}

func rank(r Role) int {
	return slices.Index([]Role{RolePublic, RoleReader, RoleRegistrar, RoleOperator}, r)
}

// permit tells whether a caller may run the operation with a request, and returns
// the request as it is to be run: a token that is bound to an issuer need not
// name it. The error is ErrForbidden or ErrRequest.
func (o OpSpec) permit(who Caller, in json.RawMessage) (json.RawMessage, error) {
	if rank(who.Role) < 0 || rank(who.Role) < rank(o.Role) {
		return nil, fmt.Errorf("%w: %s needs the role %s", ErrForbidden, o.Name, o.Role)
	}
	if who.Issuer == "" {
		return in, nil
	}
	if !o.Issuer {
		if rank(o.Role) > rank(RoleReader) {
			return nil, fmt.Errorf("%w: %s is for the whole node, the token for %s", ErrForbidden, o.Name, who.Issuer)
		}
		return in, nil
	}
	tree := map[string]any{}
	if len(in) > 0 {
		var err error
		if tree, err = strictjson.ParseObject(in, requestLimits); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRequest, err)
		}
	}
	// encoding/json takes "Issuer" for "issuer".
	for member := range tree {
		if member != "issuer" && strings.EqualFold(member, "issuer") {
			return nil, fmt.Errorf("%w: there is no member %q", ErrRequest, member)
		}
	}
	switch name, given := tree["issuer"].(string); {
	case given && name != "" && subjectOf(name) != subjectOf(who.Issuer):
		return nil, fmt.Errorf("%w: the token is for %s", ErrForbidden, who.Issuer)
	case given && name != "":
		return in, nil
	case tree["issuer"] != nil && !given:
		return nil, fmt.Errorf("%w: issuer must be a text", ErrRequest)
	}
	tree["issuer"] = who.Issuer
	out, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return out, nil
}

// decodeRequest reads a request strictly: no unknown members, no duplicates.
func decodeRequest(in json.RawMessage, dst any) error {
	if _, err := strictjson.Parse(in, requestLimits); err != nil {
		return err
	}
	return strictUnmarshal(in, dst)
}

func strictUnmarshal(in []byte, dst any) error {
	d := json.NewDecoder(bytes.NewReader(in))
	d.DisallowUnknownFields()
	return d.Decode(dst)
}
