package api

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/revocation"
)

const statusProblem = "https://www.w3.org/ns/credentials/status-list#STATUS_RETRIEVAL_ERROR"

// folder serves the own issuers' folders at the paths of their identifiers, to
// any page: GET, HEAD, and the question of a browser whether it may.
func (s *Server) folder(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", "GET, HEAD")
		w.Header().Set("Access-Control-Allow-Headers", "Accept, If-None-Match")
		w.Header().Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	path := r.URL.EscapedPath()
	if err := presentOnly(r, path); err != nil {
		return err
	}
	// At the URI of a Status List Token both forms are given out.
	if bare, ok := strings.CutSuffix(path, ".jwt"); ok && accepted(r, revocation.MediaStatusJWT, revocation.MediaStatusCWT) == revocation.MediaStatusCWT {
		path = bare + ".cwt"
	}
	f, err := s.cfg.Node.Folder(r.Context(), r.Host, path)
	if errors.Is(err, node.ErrNoIssuer) {
		return notHere()
	}
	if err != nil {
		return err
	}
	// A token list that was begun elsewhere may have any name.
	if f.ContentType == revocation.MediaStatusJWT && !strings.HasSuffix(path, ".jwt") &&
		accepted(r, revocation.MediaStatusJWT, revocation.MediaStatusCWT) == revocation.MediaStatusCWT {
		if f, err = s.cfg.Node.Folder(r.Context(), r.Host, path+".cwt"); err != nil {
			return err
		}
	}
	if f.ContentType == typeVC {
		f.ContentType = accepted(r, typeVC, "application/ld+json", "application/json")
	}
	return file(w, r, f)
}

// typeVC is what a status list credential is; the others are tolerated.
const typeVC = "application/vc"

// presentOnly refuses the questions how a list stood in the past (Bitstring Status
// List 1.0 section 3.4 and draft-ietf-oauth-status-list-20 section 8.4): who asks
// them tells what it has in hand. A client may ask again without.
func presentOnly(r *http.Request, path string) error {
	q := r.URL.Query()
	token := strings.HasSuffix(path, ".jwt") || strings.HasSuffix(path, ".cwt")
	if !strings.Contains(path, "/status/") || !q.Has("time") && (token || !q.Has("timestamp")) {
		return nil
	}
	p := refuse(http.StatusNotImplemented, "Earlier states of a list are not given out.", "Ask again without the time.")
	p.Type = statusProblem
	return p
}

// accepted chooses among offers, which are media types in the order of our own
// preference, by Accept (RFC 9110 section 12.5.1). Where it wants none of them the
// first is given: a reader that cannot use it says so itself.
func accepted(r *http.Request, offers ...string) string {
	best, most := offers[0], 0
	header := strings.Join(r.Header.Values("Accept"), ",")
	for _, o := range offers {
		if q := quality(header, o); q > most {
			best, most = o, q
		}
	}
	return best
}

// quality is the weight of a media type or coding in thousandths; the range that
// names it most closely decides.
func quality(header, name string) int {
	kind, _, _ := strings.Cut(name, "/")
	weight, closest := 0, 0
	for part := range strings.SplitSeq(header, ",") {
		fields := strings.Split(part, ";")
		how := 0
		switch strings.ToLower(strings.TrimSpace(fields[0])) {
		case name:
			how = 3
		case kind + "/*":
			how = 2
		case "*/*", "*":
			how = 1
		}
		if how <= closest {
			continue
		}
		closest, weight = how, 1000
		for _, f := range fields[1:] {
			if k, v, _ := strings.Cut(strings.TrimSpace(f), "="); strings.EqualFold(k, "q") {
				q, err := strconv.ParseFloat(v, 64)
				if err != nil || !(q >= 0 && q <= 1) {
					q = 0
				}
				weight = int(q * 1000)
			}
		}
	}
	return weight
}

// Bodies from minGzip bytes on are compressed for clients that accept it; CBOR is
// left as it is, because the list in it is compressed already and little is left.
const minGzip = 512

// file answers with a file of a folder: in the coding that the client accepts, each
// with its own tag, and for as long as the file says.
func file(w http.ResponseWriter, r *http.Request, f node.FolderFile) error {
	h := w.Header()
	tag, coded := f.ETag, false
	if len(f.Body) >= minGzip && f.ContentType != revocation.MediaStatusCWT && f.ContentType != "application/octet-stream" {
		coded = quality(strings.Join(r.Header.Values("Accept-Encoding"), ","), "gzip") > 0
	}
	if coded {
		tag = strings.TrimSuffix(tag, `"`) + `-gzip"`
	}
	age := time.Minute
	if f.MaxAge != nil {
		age = *f.MaxAge
	}
	h.Set("ETag", tag)
	h.Set("Cache-Control", "public, max-age="+strconv.FormatInt(max(0, int64(age/time.Second)), 10))
	h.Set("Vary", "Accept, Accept-Encoding")
	h.Set("Access-Control-Expose-Headers", "ETag")
	if holds(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body := f.Body
	if coded {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(body); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		h.Set("Content-Encoding", "gzip")
		body = b.Bytes()
	}
	writeBytes(w, http.StatusOK, f.ContentType, body)
	return nil
}
