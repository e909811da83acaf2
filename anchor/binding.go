package anchor

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Grade is what an anchor is good for.
type Grade string

// The grades.
const (
	Floor     Grade = "floor"      // order, and a floor of freshness
	ExistedBy Grade = "existed-by" // time alone
)

// Valid tells whether it is one of the grades.
func (g Grade) Valid() bool { return g == Floor || g == ExistedBy }

// Names in a DID document.
const (
	// ServiceType is the type of the service entries that say what an account
	// anchors, and where.
	ServiceType = "BonafideAnchor"
	// MethodType is the type of the verification method that names the account
	// (EcdsaSecp256k1RecoverySignature2020). It stands under no relationship: the
	// account signs nothing but transactions.
	MethodType = "EcdsaSecp256k1RecoveryMethod2020"
	// MethodContext has the words of that method.
	MethodContext = "https://w3id.org/security/suites/secp256k1recovery-2020/v2"
)

// Binding says that an account on a chain speaks for an issuer.
type Binding struct {
	Chain    uint64 // EIP-155
	Account  [20]byte
	Contract [20]byte
	Grade    Grade
	// From is how many batches the aggregator had written when it was named;
	// under floor it is 0.
	From uint64
}

// Fragment names the entry in the document: one for each account and grade.
func (b Binding) Fragment() string {
	return fmt.Sprintf("anchor-%s-%d-%s", b.Grade, b.Chain, strings.ToLower(contracts.FormatAddress(b.Account)[2:]))
}

// AccountID is the account in CAIP-10 form.
func (b Binding) AccountID() string { return caip10(b.Chain, b.Account) }

func caip10(chain uint64, a [20]byte) string {
	return fmt.Sprintf("eip155:%d:%s", chain, contracts.FormatAddress(a))
}

// parseCAIP10 reads eip155:CHAIN:ADDRESS.
func parseCAIP10(s string) (chain uint64, address [20]byte, err error) {
	parts := strings.Split(s, ":")
	if len(s) > 128 || len(parts) != 3 || parts[0] != "eip155" {
		return 0, address, fmt.Errorf("%w: %.80q is no eip155 account", ErrBinding, s)
	}
	chain, err = strconv.ParseUint(parts[1], 10, 64)
	if err != nil || chain == 0 || chain > math.MaxInt64 || strconv.FormatUint(chain, 10) != parts[1] {
		return 0, address, fmt.Errorf("%w: %.80q is no eip155 account", ErrBinding, s)
	}
	address, err = contracts.ParseAddress(parts[2])
	if err != nil {
		return 0, address, fmt.Errorf("%w: %w", ErrBinding, err)
	}
	return chain, address, nil
}

// MaxBindings is how many accounts one document may name.
const MaxBindings = 8

// Bind writes a binding into a DID document's tree, over one of the same account
// and grade. The error is ErrBinding for a document that names too many.
func Bind(doc map[string]any, b Binding) error {
	id, _ := doc["id"].(string)
	if id == "" || b.Chain == 0 || !b.Grade.Valid() {
		return fmt.Errorf("%w: it is incomplete", ErrBinding)
	}
	Unbind(doc, b)
	parsed, err := did.ParseDocument(doc)
	if err == nil && len(BindingsOf(parsed)) >= MaxBindings {
		return fmt.Errorf("%w: the document names %d accounts already", ErrBinding, MaxBindings)
	}
	contexts, _ := doc["@context"].([]any)
	if !contains(contexts, MethodContext) {
		doc["@context"] = append(contexts, MethodContext)
	}
	name := id + "#" + b.Fragment()
	methods, _ := doc["verificationMethod"].([]any)
	doc["verificationMethod"] = append(methods, map[string]any{
		"id": name, "type": MethodType, "controller": id, "blockchainAccountId": b.AccountID()})
	endpoint := map[string]any{"method": name, "contract": caip10(b.Chain, b.Contract), "grade": string(b.Grade)}
	if b.From > 0 {
		endpoint["from"] = strconv.FormatUint(b.From, 10)
	}
	services, _ := doc["service"].([]any)
	doc["service"] = append(services, map[string]any{"id": name + "-service", "type": ServiceType, "serviceEndpoint": endpoint})
	return nil
}

func contains(list []any, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// Unbind takes the binding of an account and grade out of a document's tree, and
// tells whether it was there.
func Unbind(doc map[string]any, b Binding) bool {
	id, _ := doc["id"].(string)
	found := false
	drop := func(member, name string) {
		list, _ := doc[member].([]any)
		var left []any
		for _, e := range list {
			if m, ok := e.(map[string]any); ok && m["id"] == name {
				found = true
				continue
			}
			left = append(left, e)
		}
		if len(left) == 0 {
			delete(doc, member)
		} else {
			doc[member] = left
		}
	}
	drop("verificationMethod", id+"#"+b.Fragment())
	drop("service", id+"#"+b.Fragment()+"-service")
	return found
}

// BindingsOf reads the accounts that a document names: a service entry of type
// BonafideAnchor whose verification method, controlled by the document itself,
// names the account. What is malformed is not used; at most MaxBindings are.
func BindingsOf(doc *did.Document) []Binding {
	if doc == nil {
		return nil
	}
	accounts := map[string]string{}
	for _, m := range doc.Entries() {
		name, _ := m["id"].(string)
		account, ok := m["blockchainAccountId"].(string)
		if !ok || m["type"] != MethodType || m["controller"] != doc.ID() {
			continue
		}
		if strings.HasPrefix(name, "#") {
			name = doc.ID() + name
		}
		accounts[name] = account
	}
	var out []Binding
	for _, s := range doc.Services() {
		if len(s.Types) != 1 || s.Types[0] != ServiceType || len(out) == MaxBindings {
			continue
		}
		var in struct {
			Method   string `json:"method"`
			Contract string `json:"contract"`
			Grade    Grade  `json:"grade"`
			From     string `json:"from"`
		}
		if strictjson.DecodeValue(s.Endpoint, &in) != nil || !in.Grade.Valid() {
			continue
		}
		if strings.HasPrefix(in.Method, "#") {
			in.Method = doc.ID() + in.Method
		}
		var b Binding
		var err error
		b.Grade = in.Grade
		if b.Chain, b.Account, err = parseCAIP10(accounts[in.Method]); err != nil {
			continue
		}
		chain, contract, err := parseCAIP10(in.Contract)
		if err != nil || chain != b.Chain {
			continue
		}
		b.Contract = contract
		if in.From != "" {
			if b.From, err = strconv.ParseUint(in.From, 10, 64); err != nil || b.Grade != ExistedBy {
				continue
			}
		}
		out = append(out, b)
	}
	return out
}
