package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/bonafide-id/bonafide/node"
)

// issuer answers what this node holds about one issuer. Nothing is fetched, so that
// nobody learns who is asked about.
func (s *Server) issuer(w http.ResponseWriter, r *http.Request) error {
	id, err := url.PathUnescape(restOf(r))
	if err != nil {
		return notHere()
	}
	if err := onlyParams(r); err != nil {
		return err
	}
	out, err := s.cfg.Node.Issuer(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", out)
	return nil
}

// searchIssuers looks for issuers by an identifier or by a part of a name.
func (s *Server) searchIssuers(w http.ResponseWriter, r *http.Request) error {
	if err := onlyParams(r, "identifier", "name", "after", "limit"); err != nil {
		return err
	}
	v := r.URL.Query()
	q := node.SearchRequest{Identifier: v.Get("identifier"), Name: v.Get("name"), After: v.Get("after")}
	if text := v.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return refuse(http.StatusBadRequest, "limit is no number from 1 on.", "Correct the parameter.")
		}
		q.Limit = n
	}
	out, err := s.cfg.Node.IssuerSearch(r.Context(), q)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", out)
	return nil
}

// onlyParams refuses parameters that would have no effect, and those given twice.
func onlyParams(r *http.Request, names ...string) error {
	v, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(http.StatusBadRequest, "The query cannot be read.", "Correct its encoding.")
	}
	for name, values := range v {
		if !slices.Contains(names, name) || len(values) != 1 {
			return refuse(http.StatusBadRequest, "The query has a parameter that is not known, or one twice.", "GET /openapi.json on the public listener lists the routes.")
		}
	}
	return nil
}
