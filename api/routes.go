package api

import (
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/node"
)

// ErrToken: the admin listener was called without a token that it knows.
var ErrToken = hint.New("api: no valid token", "Send the token of the node's home, or one made with `bonafide token create`, as Authorization: Bearer TOKEN.")

func (s *Server) publicRoutes() []route {
	get, post := http.MethodGet, http.MethodPost
	return []route{
		{method: get, pattern: "/1.0/identifiers/{rest...}", about: "Resolve a DID (W3C DID Resolution, HTTP binding).", handle: s.identifiers, timeout: workTimeout, limited: true, cors: true},
		{method: get, pattern: "/1.0/methods", about: "The DID methods that are resolved.", handle: s.methods, cors: true},
		{method: get, pattern: "/1.0/properties", about: "What this resolver is.", handle: s.properties, cors: true},
		{method: post, pattern: "/credentials/verify", about: "Verify a credential (VCALM).", handle: s.verify, timeout: workTimeout, limited: true, costly: true},
		{method: post, pattern: "/presentations/verify", about: "Verify a presentation and the credentials inside (VCALM).", handle: s.verifyPresentation, timeout: workTimeout, limited: true, costly: true},
		{method: get, pattern: "/issuers/{did...}", about: "What is held about an issuer, each field with its source; nothing is fetched.", handle: s.issuer, limited: true, costly: true, cors: true},
		{method: get, pattern: "/issuers", about: "Issuers with an identifier (SCHEME:COUNTRY:VALUE) or a part of a name, in pages: identifier or name, limit, after.", query: []string{"identifier", "name", "after", "limit"}, handle: s.searchIssuers, limited: true, costly: true, cors: true},
		{method: get, pattern: "/watcher/log", about: "The log of a held did:webvh identifier, by scid.", handle: s.watcherLog, cors: true},
		{method: get, pattern: "/watcher/witness", about: "The witness proofs of a held did:webvh identifier, by scid.", handle: s.watcherWitness, cors: true},
		{method: get, pattern: "/watcher/resource", about: "One file of a held folder, by scid and path.", handle: s.watcherResource, cors: true},
		{method: get, pattern: "/openapi.json", about: "This description.", handle: s.openapi, cors: true},
		{method: get, pattern: "/healthz", about: "Whether the process is up.", handle: s.healthy},
		{method: get, pattern: "/readyz", about: "Whether the node is ready, and why not.", handle: s.ready},
	}
}

func (s *Server) adminRoutes() []route {
	return []route{
		{method: http.MethodGet, pattern: "/ops", about: "The operations that the command line uses.", handle: s.listOps},
		{method: http.MethodPost, pattern: "/ops/{rest...}", about: "Run one operation.", handle: s.op, timeout: opTimeout},
		{method: http.MethodPost, pattern: "/credentials/issue", about: "Issue a credential (VCALM).", handle: s.issue, timeout: workTimeout},
		{method: http.MethodPost, pattern: "/credentials/status", about: "Change the status of a credential (VCALM).", handle: s.setStatus, timeout: workTimeout},
		{method: http.MethodGet, pattern: "/status-lists", about: "The status lists of an issuer.", handle: s.statusLists, timeout: workTimeout},
		{method: http.MethodPost, pattern: "/status-lists", about: "Open one more pair of status lists (VCALM).", handle: s.openStatusList, timeout: workTimeout},
		{method: http.MethodGet, pattern: "/healthz", about: "Whether the process is up.", handle: s.healthy},
	}
}

// guardAdmin lets in who knows the token and calls this listener by a name of
// this machine, so that no web page can (DNS rebinding, cross-site requests).
func (s *Server) guardAdmin(r *http.Request) error {
	host := r.Host
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	if host != "localhost" && (ip == nil || !ip.IsLoopback()) && !slices.Contains(s.cfg.AdminHosts, host) {
		return refuse(http.StatusForbidden, "The admin listener was called by a foreign name.", "Call it by its loopback address.")
	}
	if o := r.Header.Get("Origin"); o != "" {
		if u, err := url.Parse(o); err != nil || u.Host != r.Host {
			return refuse(http.StatusForbidden, "The request comes from another origin.", "Call the admin listener from the command line.")
		}
	}
	if _, ok := s.caller(r); !ok {
		p := refuse(http.StatusUnauthorized, ErrToken.Error(), ErrToken.Hint())
		p.header = map[string]string{"WWW-Authenticate": "Bearer"}
		return p
	}
	return nil
}

func (s *Server) caller(r *http.Request) (node.Caller, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return node.Caller{}, false
	}
	return s.cfg.Node.Authorise(token)
}

func (s *Server) op(w http.ResponseWriter, r *http.Request) error {
	name, err := url.PathUnescape(restOf(r))
	if err != nil {
		return notHere()
	}
	body, err := readBody(w, r, 6*maxVerify)
	if err != nil {
		return err
	}
	who, _ := s.caller(r)
	out, err := s.cfg.Node.Op(r.Context(), name, who, body)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", out)
	return nil
}

func (s *Server) listOps(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, "application/json", node.Ops())
	return nil
}

// identifiers is the HTTP binding of DID resolution (DID Resolution section
// 7), whole DIDs only.
func (s *Server) identifiers(w http.ResponseWriter, r *http.Request) error {
	accept := r.Header.Get("Accept")
	alone := strings.Contains(accept, "application/did+json") || strings.Contains(accept, "application/did+ld+json") ||
		strings.TrimSpace(accept) == did.MediaTypeDocument
	id, err := url.PathUnescape(restOf(r))
	var res *did.Resolution
	if err == nil {
		var opt did.Options
		if opt, _, err = did.ParseOptions(r.URL.RawQuery); err == nil {
			res, err = s.cfg.Node.Resolve(r.Context(), id, opt)
		}
	} else {
		err = did.ErrInvalid
	}
	if err != nil {
		if errors.Is(err, did.ErrUnavailable) {
			return err
		}
		res = did.Failure(id, err)
		status := node.FailureOf(err).Status
		if status >= 500 && status != http.StatusNotImplemented {
			status = http.StatusInternalServerError
		}
		writeJSON(w, status, did.MediaTypeResolution, res)
		return nil
	}
	w.Header().Set("Vary", "Accept")
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString([]byte(res.Meta.VersionID))+`"`)
	switch {
	case res.Meta.Deactivated:
		writeJSON(w, http.StatusGone, did.MediaTypeResolution, res)
	case alone:
		contentType := did.MediaTypeDocument
		for _, t := range []string{"application/did+ld+json", "application/did+json"} {
			if strings.Contains(accept, t) {
				contentType = t
			}
		}
		writeJSON(w, http.StatusOK, contentType, res.Document)
	default:
		writeJSON(w, http.StatusOK, did.MediaTypeResolution, res)
	}
	return nil
}

func (s *Server) methods(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, "application/json", s.cfg.Node.Methods())
	return nil
}

func (s *Server) properties(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"name": "Bonafide", "version": s.cfg.Version, "methods": s.cfg.Node.Methods()})
	return nil
}

func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"status": "up"})
	return nil
}

// ready answers 503 with the reasons while the node is not ready; a
// development host map alone is told and does not make it unready.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	reasons := s.cfg.Node.Ready(r.Context())
	status := http.StatusOK
	if len(reasons) > 1 || len(reasons) == 1 && !s.cfg.Node.HostMapped() {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, "application/json", map[string]any{"ready": status == http.StatusOK, "reasons": reasons, "devHostMap": s.cfg.Node.HostMapped()})
	return nil
}

// holds tells whether If-None-Match names a strong tag of ours or any (RFC
// 9110, section 13.1.2). A cache on the way may have marked it as weak; none
// of our tags has a comma in it.
func holds(header []string, tag string) bool {
	for _, named := range strings.Split(strings.Join(header, ","), ",") {
		if named = strings.TrimSpace(named); named == "*" || strings.TrimPrefix(named, "W/") == tag {
			return true
		}
	}
	return false
}

func (s *Server) watcherLog(w http.ResponseWriter, r *http.Request) error {
	b, err := s.cfg.Node.WatcherLog(r.Context(), r.URL.Query().Get("scid"))
	if err != nil {
		return err
	}
	writeBytes(w, http.StatusOK, "text/jsonl", b)
	return nil
}

func (s *Server) watcherWitness(w http.ResponseWriter, r *http.Request) error {
	b, err := s.cfg.Node.WatcherWitness(r.Context(), r.URL.Query().Get("scid"))
	if err != nil {
		return err
	}
	writeBytes(w, http.StatusOK, "application/json", b)
	return nil
}

func (s *Server) watcherResource(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f, err := s.cfg.Node.WatcherResource(r.Context(), q.Get("scid"), q.Get("path"))
	if err != nil {
		return err
	}
	return file(w, r, f)
}
