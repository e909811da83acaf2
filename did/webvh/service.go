package webvh

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

const (
	filesService = "files"
	whoisService = "whois"
	whoisFile    = "whois.vp"
	linkedVP     = "https://identity.foundation/linked-vp/contexts/v1"
)

// ServiceURL returns the endpoint of the service "files" or "whois" of the
// newest document: that of an explicit entry "#files" or "<did>#files", else
// the implicit one (DID URL Resolution). Errors: [did.ErrInvalid] when an
// explicit endpoint is not one http or https URL, [did.ErrNotFound] for other
// names without an entry.
func (h *History) ServiceURL(fragment string) (string, error) {
	e := h.last()
	doc, err := e.document()
	if err != nil {
		return "", err
	}
	if s, ok := doc.Service(fragment); ok {
		endpoint, ok := s.Endpoint.(string)
		u, err := url.Parse(endpoint)
		if !ok || err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return "", fmt.Errorf("%w: service #%s has no endpoint that can be fetched", did.ErrInvalid, fragment)
		}
		return endpoint, nil
	}
	id, err := ParseID(e.did)
	if err != nil {
		return "", err
	}
	switch fragment {
	case filesService:
		return id.base(), nil
	case whoisService:
		return id.base() + whoisFile, nil
	}
	return "", fmt.Errorf("%w: no service #%s", did.ErrNotFound, clip(fragment))
}

// PathURL turns the path of a DID URL of this identifier into the URL of the
// file: "/whois" by the service whois, everything else by the service files
// (DID URL Path Resolution). Errors as for [History.ServiceURL], and
// [did.ErrInvalidURL] for a path that leaves the folder.
func (h *History) PathURL(path string) (string, error) {
	if path == "/"+whoisService {
		return h.ServiceURL(whoisService)
	}
	clean, ok := did.CleanPath(path)
	if !ok || !strings.HasPrefix(path, "/") {
		return "", fmt.Errorf("%w: path %q", did.ErrInvalidURL, clip(path))
	}
	base, err := h.ServiceURL(filesService)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(base, "/") + "/" + clean, nil
}

// WithImplicitServices returns a copy of a document of this identifier that
// names the services "#files" and "#whois" where it does not name them itself.
// Documents come without them everywhere else, as they were signed. The error
// is [ErrStateID].
func WithImplicitServices(doc map[string]any) (map[string]any, error) {
	name, _ := doc["id"].(string)
	id, err := ParseID(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStateID, err)
	}
	out, _ := strictjson.Clone(doc).(map[string]any)
	list, _ := out["service"].([]any)
	has := func(fragment string) bool {
		return slices.ContainsFunc(list, func(e any) bool {
			m, _ := e.(map[string]any)
			return m["id"] == "#"+fragment || m["id"] == name+"#"+fragment
		})
	}
	if !has(filesService) {
		list = append(list, map[string]any{
			"id": name + "#" + filesService, "type": "relativeRef", "serviceEndpoint": id.base(),
		})
	}
	if !has(whoisService) {
		list = append(list, map[string]any{
			"@context": linkedVP, "id": name + "#" + whoisService,
			"type": "LinkedVerifiablePresentation", "serviceEndpoint": id.base() + whoisFile,
		})
	}
	out["service"] = list
	return out, nil
}

// ParallelDIDWeb returns the did:web document to publish as did.json beside the
// log (Publishing a Parallel did:web DID). Errors: [ErrDeactivated],
// [ErrStateID].
func (h *History) ParallelDIDWeb() (map[string]any, error) {
	if h.Deactivated() {
		return nil, fmt.Errorf("%w: it has no document", ErrDeactivated)
	}
	doc, err := WithImplicitServices(h.last().state)
	if err != nil {
		return nil, err
	}
	text, err := strictjson.Canonical(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	replaced := strings.ReplaceAll(string(text), prefix+h.SCID()+":", "did:web:")
	if doc, err = strictjson.ParseObject([]byte(replaced), strictjson.Limits{}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	own := doc["id"]
	names := []any{}
	known, _ := doc["alsoKnownAs"].([]any)
	for _, n := range append(known, any(h.DID())) {
		if s, ok := n.(string); ok && any(s) != own && !slices.Contains(names, any(s)) {
			names = append(names, s)
		}
	}
	doc["alsoKnownAs"] = names
	return doc, nil
}
