package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// What a body may have.
const (
	maxVerify = 10 << 20 // a credential or presentation (VCALM recommends 10 MB)
	maxPlain  = 1 << 20
	// maxValues is for all of a body. One takes some hundred bytes of memory; of
	// a presentation of 2 MiB, the most that is read, it leaves ten to each.
	maxValues = 200_000
)

// readBody reads a JSON body of at most limit bytes. It is counted before it
// is read and not parsed here. Errors: 413, 415, 400.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mt != "application/json" && !(strings.HasPrefix(mt, "application/") && strings.HasSuffix(mt, "+json")) {
		return nil, refuse(http.StatusUnsupportedMediaType, "The body must be JSON.", "Send it with Content-Type: application/json.")
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, refuse(http.StatusUnsupportedMediaType, "The body is encoded.", "Send it without Content-Encoding.")
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, tooLarge(limit)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The body broke off.", "Send it again.")
	}
	return body, nil
}

func tooLarge(limit int64) *problem {
	return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body may have %d bytes.", limit), "Send less at once.")
}

// readObject reads a body that must be one strict JSON object. It returns the
// members both parsed and as the bytes that came.
func readObject(w http.ResponseWriter, r *http.Request, limit int64) (map[string]any, map[string]json.RawMessage, error) {
	body, err := readBody(w, r, limit)
	if err != nil {
		return nil, nil, err
	}
	tree, err := strictjson.ParseObject(body, strictjson.Limits{MaxBytes: int(limit), MaxValues: maxValues})
	if err != nil {
		return nil, nil, notJSON(err)
	}
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &raw); err != nil { // strictjson has read it: cannot be
		return nil, nil, notJSON(err)
	}
	return tree, raw, nil
}

func notJSON(err error) *problem {
	p := refuse(http.StatusBadRequest, "The body is no JSON object that can be read: "+err.Error(),
		"Send one JSON object: each name once, UTF-8, nothing after it.")
	p.Type = "https://www.w3.org/TR/vc-data-model#PARSING_ERROR"
	if errors.Is(err, strictjson.ErrType) {
		p.Type = "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"
	}
	return p
}

func wrongMember(name, want string) *problem {
	p := refuse(http.StatusBadRequest, fmt.Sprintf("The member %q must be %s.", name, want), "Correct the member named.")
	p.Type = "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"
	return p
}
