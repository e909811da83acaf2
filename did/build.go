package did

import (
	"fmt"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// FolderType and FolderFragment name the service entry that leads to the peers
// that hold an issuer's folder.
const (
	FolderType     = "BonafideFolder"
	FolderFragment = "bonafide"
)

// Spec says what a DID document shall hold. Every key becomes a verification
// method of type Multikey, named by its own multikey, and stands only under
// the relationship of its field.
type Spec struct {
	// ID is the DID; did:webvh's placeholder "did:webvh:{SCID}:..." is taken as
	// it is.
	ID string
	// AlsoKnownAs are other names of the subject.
	AlsoKnownAs []string
	// Assertion holds the credential and list keys (assertionMethod).
	Assertion []key.Public
	// Authentication holds keys to log in with.
	Authentication []key.Public
	// Invocation holds the head key (capabilityInvocation).
	Invocation []key.Public
	// Services are written as they are; Folder adds the one of Bonafide.
	Services []Service
	Folder   *FolderService
}

// Build writes the document's tree (DID 1.1, section 5; contexts did/v1 and
// multikey/v1). The error is [ErrDocument]: no id, a zero key, or a service
// without id, type or endpoint. A key under two relationships is one method.
func (s Spec) Build() (map[string]any, error) {
	if s.ID == "" {
		return nil, fmt.Errorf("%w: no id", ErrDocument)
	}
	doc := map[string]any{
		"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		"id":       s.ID,
	}
	if len(s.AlsoKnownAs) > 0 {
		doc["alsoKnownAs"] = anyList(s.AlsoKnownAs)
	}
	var methods []any
	done := map[key.Public]bool{}
	for _, rel := range []struct {
		name Relationship
		keys []key.Public
	}{{Authentication, s.Authentication}, {AssertionMethod, s.Assertion}, {CapabilityInvocation, s.Invocation}} {
		var refs []any
		for _, k := range rel.keys {
			if k.IsZero() {
				return nil, fmt.Errorf("%w: %s holds no key", ErrDocument, rel.name)
			}
			id := s.ID + "#" + k.Multikey()
			refs = append(refs, id)
			if done[k] {
				continue
			}
			done[k] = true
			methods = append(methods, map[string]any{
				"id": id, "type": "Multikey", "controller": s.ID, "publicKeyMultibase": k.Multikey(),
			})
		}
		if len(refs) > 0 {
			doc[string(rel.name)] = refs
		}
	}
	if len(methods) > 0 {
		doc["verificationMethod"] = methods
	}
	services, err := s.services()
	if err != nil {
		return nil, err
	}
	if len(services) > 0 {
		doc["service"] = services
	}
	return doc, nil
}

func (s Spec) services() ([]any, error) {
	var out []any
	for i, e := range s.Services {
		if e.ID == "" || len(e.Types) == 0 || e.Endpoint == nil {
			return nil, fmt.Errorf("%w: service %d lacks id, type or endpoint", ErrDocument, i)
		}
		id := e.ID
		if id[0] == '#' {
			id = s.ID + id
		}
		var typ any = e.Types[0]
		if len(e.Types) > 1 {
			typ = anyList(e.Types)
		}
		out = append(out, map[string]any{"id": id, "type": typ, "serviceEndpoint": strictjson.Clone(e.Endpoint)})
	}
	if s.Folder != nil {
		out = append(out, map[string]any{
			"id": s.ID + "#" + FolderFragment, "type": FolderType, "serviceEndpoint": s.Folder.Endpoint(),
		})
	}
	return out, nil
}

func anyList(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// FolderService is what the service entry "#bonafide" says.
type FolderService struct {
	// Peers are multiaddrs of nodes that hold the folder.
	Peers []string
	// LastHead names the last good head of an epoch that this version voids.
	LastHead *LastHead
}

// LastHead points at one head.
type LastHead struct {
	Epoch    string // versionId of the log entry that introduced the voided key
	Sequence int64  // 1..2^53-1
	CID      string
}

// Endpoint writes the serviceEndpoint object.
func (f FolderService) Endpoint() map[string]any {
	out := map[string]any{"peers": anyList(f.Peers)}
	if f.LastHead != nil {
		out["lastHead"] = map[string]any{"epoch": f.LastHead.Epoch, "sequence": f.LastHead.Sequence, "cid": f.LastHead.CID}
	}
	return out
}

const (
	maxPeers    = 64
	maxPeerText = 512
)

// Folder reads the service entry "#bonafide" of type BonafideFolder. It is
// false when there is none or when it is malformed: an entry that cannot be
// read whole is not used at all.
func Folder(doc *Document) (FolderService, bool) {
	if doc == nil {
		return FolderService{}, false
	}
	s, ok := doc.Service(FolderFragment)
	if !ok || len(s.Types) != 1 || s.Types[0] != FolderType {
		return FolderService{}, false
	}
	var in struct {
		Peers    []string `json:"peers"`
		LastHead *struct {
			Epoch    string `json:"epoch"`
			Sequence int64  `json:"sequence"`
			CID      string `json:"cid"`
		} `json:"lastHead"`
	}
	if strictjson.DecodeValue(s.Endpoint, &in) != nil || len(in.Peers) > maxPeers {
		return FolderService{}, false
	}
	for _, p := range in.Peers {
		if len(p) == 0 || len(p) > maxPeerText {
			return FolderService{}, false
		}
	}
	out := FolderService{Peers: in.Peers}
	if h := in.LastHead; h != nil {
		if h.Epoch == "" || h.CID == "" || h.Sequence < 1 {
			return FolderService{}, false
		}
		out.LastHead = &LastHead{Epoch: h.Epoch, Sequence: h.Sequence, CID: h.CID}
	}
	return out, true
}
