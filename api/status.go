package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/revocation"
)

// does runs an operation for whoever calls, and reads its answer into out.
func (s *Server) does(r *http.Request, name string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return notJSON(err)
	}
	who, _ := s.caller(r)
	got, err := s.cfg.Node.Op(r.Context(), name, who, b)
	if err != nil {
		return err
	}
	if b, err = json.Marshal(got); err != nil {
		return err
	}
	return json.Unmarshal(b, out)
}

// texts of a body's members; each must be a text where it is there.
func textMembers(tree map[string]any, to map[string]*string) error {
	for _, name := range slices.Sorted(maps.Keys(to)) {
		v, has := tree[name]
		if !has {
			continue
		}
		word, ok := v.(string)
		if !ok {
			return wrongMember(name, "a text")
		}
		*to[name] = word
	}
	return nil
}

// setStatus changes the status of one credential (VCALM, /credentials/status):
// credentialId is its id, an own reference or LIST#INDEX; credentialStatus names
// the purpose and, where it names a place, it must be the credential's; status
// tells whether it is set. VC-API's older form, a list of one with the status
// inside as "1" or "0", is understood too.
func (s *Server) setStatus(w http.ResponseWriter, r *http.Request) error {
	tree, _, err := readObject(w, r, maxPlain)
	if err != nil {
		return err
	}
	q := node.StatusRequest{}
	if err := textMembers(tree, map[string]*string{"credentialId": &q.Target, "issuer": &q.Issuer, "why": &q.Why}); err != nil {
		return err
	}
	if q.Target == "" {
		return wrongMember("credentialId", "a credential's id, an own reference or LIST#INDEX")
	}
	entry, status, err := readEntry(tree)
	if err != nil {
		return err
	}
	switch purpose := entry["statusPurpose"]; {
	case purpose == string(revocation.Revocation) && status:
		q.Action = "revoke"
	case purpose == string(revocation.Revocation):
		return revocation.ErrFinal
	case purpose == string(revocation.Suspension) && status:
		q.Action = "suspend"
	case purpose == string(revocation.Suspension):
		q.Action = "reinstate"
	default:
		return wrongMember("credentialStatus.statusPurpose", "revocation or suspension")
	}
	if err := s.samePlace(r, q, entry); err != nil {
		return err
	}
	var out node.StatusResponse
	if err := s.does(r, node.OpStatusSet, q, &out); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", out)
	return nil
}

// readEntry reads credentialStatus and status.
func readEntry(tree map[string]any) (map[string]any, bool, error) {
	raw := tree["credentialStatus"]
	if list, ok := raw.([]any); ok {
		if len(list) != 1 {
			return nil, false, wrongMember("credentialStatus", "one entry; send a request for each")
		}
		raw = list[0]
	}
	entry, ok := raw.(map[string]any)
	if !ok {
		return nil, false, wrongMember("credentialStatus", "an object")
	}
	if t := entry["type"]; t != revocation.TypeEntry && t != "StatusList2021Entry" {
		return nil, false, wrongMember("credentialStatus.type", revocation.TypeEntry+" or StatusList2021Entry")
	}
	value, has := tree["status"]
	if !has {
		value = entry["status"]
	}
	switch value {
	case true, "1":
		return entry, true, nil
	case false, "0":
		return entry, false, nil
	}
	return nil, false, wrongMember("status", "true or false")
}

// samePlace holds a place that the caller names against the book's.
func (s *Server) samePlace(r *http.Request, q node.StatusRequest, entry map[string]any) error {
	list, hasList := entry["statusListCredential"]
	index, hasIndex := entry["statusListIndex"]
	if !hasList && !hasIndex {
		return nil
	}
	var shown node.StatusShowResponse
	if err := s.does(r, node.OpStatusShow, node.StatusShowRequest{Issuer: q.Issuer, Target: q.Target}, &shown); err != nil {
		return err
	}
	for _, row := range shown.Status {
		if row.Purpose == entry["statusPurpose"] && (!hasList || list == row.URL) && (!hasIndex || index == strconv.FormatInt(row.Index, 10)) {
			return nil
		}
	}
	return refuse(http.StatusBadRequest, "The credential has another place than the one that credentialStatus names.",
		"Leave statusListCredential and statusListIndex out, or take them from the credential.")
}

// statusLists lists the status lists of an issuer.
func (s *Server) statusLists(w http.ResponseWriter, r *http.Request) error {
	var out node.ListsResponse
	if err := s.does(r, node.OpLists, node.StatusListsRequest{Issuer: r.URL.Query().Get("issuer")}, &out); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", out)
	return nil
}

// openStatusList opens one more pair of lists, publishes, and answers with the one
// of the purpose that was asked for (VCALM, /status-lists).
func (s *Server) openStatusList(w http.ResponseWriter, r *http.Request) error {
	tree, _, err := readObject(w, r, maxPlain)
	if err != nil {
		return err
	}
	var purpose string
	var q node.ListOpenRequest
	if err := textMembers(tree, map[string]*string{"statusPurpose": &purpose, "issuer": &q.Issuer, "why": &q.Why}); err != nil {
		return err
	}
	if purpose != string(revocation.Revocation) && purpose != string(revocation.Suspension) {
		return wrongMember("statusPurpose", "revocation or suspension")
	}
	if _, has := tree["id"]; has {
		return refuse(http.StatusBadRequest, "A list is named by the node.", "Leave id out; `bonafide status import` goes on with a list that has a name.")
	}
	var opened node.ListsResponse
	if err := s.does(r, node.OpListOpen, q, &opened); err != nil {
		return err
	}
	answer := map[string]any{}
	for _, row := range opened.Lists {
		if row.Purpose == purpose {
			answer["id"], answer["number"] = row.URL, row.Number
		}
	}
	name, _ := answer["id"].(string)
	var published node.PublishResponse
	if err := s.does(r, node.OpPublish, node.PublishRequest{Issuer: q.Issuer}, &published); err != nil {
		// The lists are open; they are published when the node may sign again.
		answer["notPublished"] = problemOf(err).tree()
	} else if u, err := url.Parse(name); err == nil {
		if f, err := s.cfg.Node.Folder(r.Context(), u.Host, u.EscapedPath()); err == nil {
			answer["verifiableCredential"] = json.RawMessage(f.Body)
		}
	}
	w.Header().Set("Location", name)
	writeJSON(w, http.StatusCreated, "application/json", answer)
	return nil
}
