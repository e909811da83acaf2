package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"

	"github.com/bonafide-id/bonafide/node"
)

const typeProblem = "application/problem+json"

// problem is a refusal as a problem document (RFC 9457) with two members of
// ours: what to do next, and the exit code of the command line.
type problem struct {
	Status              int
	Type, Title, Detail string
	Hint                string
	ExitCode            int
	header              map[string]string // of the answer
	more                map[string]any    // further members
}

// Error makes a problem an error, so that handlers return it.
func (p *problem) Error() string { return p.Title + ": " + p.Detail }

func (p *problem) tree() map[string]any {
	out := maps.Clone(p.more)
	if out == nil {
		out = map[string]any{}
	}
	if p.Type == "" {
		p.Type = "about:blank"
	}
	out["type"], out["title"], out["status"], out["exitCode"] = p.Type, p.Title, p.Status, p.ExitCode
	if p.Detail != "" {
		out["detail"] = p.Detail
	}
	if p.Hint != "" {
		out["hint"] = p.Hint
	}
	return out
}

// refuse is a problem of the request itself: exit code 2, as for usage.
func refuse(status int, detail, hint string) *problem {
	title := http.StatusText(status)
	if status == http.StatusBadRequest {
		title = "The request is not right"
	}
	return &problem{Status: status, Title: title, Detail: detail, Hint: hint, ExitCode: 2}
}

// problemOf turns any error into a problem; node.FailureOf decides.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	f := node.FailureOf(err)
	return &problem{Status: f.Status, Type: f.Type, Title: f.Title, Detail: f.Detail, Hint: f.Hint, ExitCode: f.ExitCode}
}

// writeProblem answers with a problem document.
func writeProblem(w http.ResponseWriter, p *problem) {
	for name, value := range p.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, p.Status, typeProblem, p.tree())
}

// writeJSON answers with v as JSON. What cannot be written as JSON is a fault
// of ours: it becomes a problem without text.
func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		status, contentType = http.StatusInternalServerError, typeProblem
		b.Reset()
		b.WriteString(`{"type":"about:blank","title":"The node failed","status":500,"exitCode":1}` + "\n")
	}
	writeBytes(w, status, contentType, b.Bytes())
}

// writeBytes answers with a body. An error while writing means that the client
// has gone; there is nobody left to tell.
func writeBytes(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
