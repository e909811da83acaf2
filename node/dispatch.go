package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Caller is who calls an operation.
type Caller struct {
	Role   Role
	Issuer string // a DID or subject that a token is bound to; empty: any
	By     string // for the audit trail
}

// OpSpec describes one operation.
type OpSpec struct {
	Name string
	Role Role // the least that may call it
	Doc  string
}

// operation is one line of the table.
type operation struct {
	OpSpec
	call func(n *Node, ctx context.Context, who Caller, in json.RawMessage) (any, error)
}

var requestLimits = strictjson.Limits{MaxBytes: 64 << 20, MaxDepth: 64}

// op makes a line from a method that takes and returns its own types.
func op[In, Out any](name string, role Role, doc string, f func(*Node, context.Context, Caller, In) (Out, error)) operation {
	return operation{OpSpec{name, role, doc}, func(n *Node, ctx context.Context, who Caller, in json.RawMessage) (any, error) {
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
	return []operation{
		op(OpInfo, RoleVerifier, "what the node is and how it stands", plain(func(n *Node, ctx context.Context, _ InfoRequest) (Info, error) { return n.Info(ctx), nil })),
		op(OpDIDCreate, RoleOperator, "make an issuer: keys, identifier and first folder", plain((*Node).didCreate)),
		op(OpDIDShow, RoleVerifier, "show an own identifier and its log", plain((*Node).didShow)),
		op(OpDIDUpdate, RoleOperator, "change location, peers, watchers or ttl", plain((*Node).didUpdate)),
		op(OpDIDRotate, RoleOperator, "replace keys", plain((*Node).didRotate)),
		op(OpDIDDeactivate, RoleOperator, "close an identifier for ever", plain((*Node).didDeactivate)),
		op(OpDIDResolve, RoleVerifier, "resolve a DID", plain((*Node).didResolve)),
		op(OpIdentitySet, RoleIssuer, "state who the issuer is in law", plain((*Node).identitySet)),
		op(OpIdentityShow, RoleVerifier, "show who an issuer is and who says so", plain((*Node).identityShow)),
		op(OpIssue, RoleIssuer, "issue a micro-credential", plain((*Node).issue)),
		op(OpVerify, RoleVerifier, "verify a credential", plain((*Node).VerifyFull)),
		op(OpPresentation, RoleVerifier, "verify a presentation", plain((*Node).VerifyPresentation)),
		op(OpStatusSet, RoleIssuer, "revoke, suspend or reinstate a credential", (*Node).setStatus),
		op(OpStatusShow, RoleIssuer, "show the status of a credential, or the lists", plain((*Node).showStatus)),
		op(OpRecognize, RoleIssuer, "recognise another organisation", plain((*Node).recognize)),
		op(OpTrustAdd, RoleOperator, "add a trust root", plain((*Node).trustAdd)),
		op(OpTrustRemove, RoleOperator, "remove a trust root", plain((*Node).trustRemove)),
		op(OpTrustList, RoleVerifier, "list the trust roots", plain((*Node).trustList)),
		op(OpListsImport, RoleOperator, "take EU trusted lists from files", plain((*Node).listsImport)),
		op(OpListsShow, RoleVerifier, "show the EU trusted lists that are held", plain((*Node).listsShow)),
		op(OpFollow, RoleOperator, "fetch an issuer's folder and keep it", plain((*Node).follow)),
		op(OpUnfollow, RoleOperator, "let a folder go", plain((*Node).unfollow)),
		op(OpFollows, RoleVerifier, "list the folders that are held", plain((*Node).follows)),
		op(OpPeers, RoleVerifier, "list the connected peers", plain((*Node).listPeers)),
		op(OpConnect, RoleOperator, "connect to a peer and keep it", plain((*Node).connect)),
		op(OpFolderExport, RoleOperator, "write an own folder for a plain web server", plain((*Node).exportFolder)),
		op(OpKeysList, RoleOperator, "list the keys, without secrets", plain((*Node).keysList)),
		op(OpPublish, RoleIssuer, "publish what is pending", plain((*Node).publishNow)),
		op(OpForks, RoleVerifier, "list evidence of forks", plain((*Node).forks)),
		op(OpImportLog, RoleOperator, "bring a did:webvh log made elsewhere to the peers", plain((*Node).importLog)),
		op(OpResume, RoleOperator, "sign again after a halt", plain((*Node).resume)),
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
		if rank(who.Role) < rank(o.Role) {
			return nil, fmt.Errorf("%w: %s needs the role %s", ErrForbidden, name, o.Role)
		}
		if err := bound(who, in); err != nil {
			return nil, err
		}
		return o.call(n, ctx, who, in)
	}
	return nil, fmt.Errorf("%w: %.80q", ErrNoOp, name)
}

func rank(r Role) int {
	return slices.Index([]Role{RolePublic, RoleVerifier, RoleIssuer, RoleOperator}, r)
}

// bound holds a token that is for one issuer to that issuer.
func bound(who Caller, in json.RawMessage) error {
	if who.Issuer == "" || who.Role == RoleOperator {
		return nil
	}
	tree, err := strictjson.ParseObject(in, requestLimits)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if name, _ := tree["issuer"].(string); subjectOf(name) != subjectOf(who.Issuer) {
		return fmt.Errorf("%w: the token is for %s", ErrForbidden, who.Issuer)
	}
	return nil
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
