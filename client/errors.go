package client

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/bonafide-id/bonafide/internal/hint"
)

// Errors of this package. Compare with errors.Is.
var (
	// ErrConfig: a base URL or path cannot be used. Mend the setting.
	ErrConfig = hint.New("client: unusable configuration", "Give base URLs of the form http://127.0.0.1:8481, and paths that begin with a slash.")
	// ErrToken: the token file cannot be read. Run as the owner of the home.
	ErrToken = hint.New("client: no admin token", "Run as the user that owns the node's home, or name the token file.")
	// ErrUnreachable: nothing answers at the address, or it broke off. Start
	// the node; what a broken request did is unknown.
	ErrUnreachable = hint.New("client: node unreachable", "Start the node with \"bonafide run\", or remove the lock in its home if no node runs there.")
	// ErrTooLarge: the answer is over the cap. Ask for less.
	ErrTooLarge = hint.New("client: answer too large", "Ask for a smaller part, or raise MaxBytes.")
	// ErrAnswer: the answer is no JSON of the expected form. Program and node
	// are probably of different versions.
	ErrAnswer = hint.New("client: answer not understood", "Check that program and node are of the same version and that the address is a Bonafide node's.")
	// ErrProblem is what every *Problem is.
	ErrProblem = hint.New("client: the node refused", "Read the detail that the node gave.")
)

// Problem is an RFC 9457 problem document: how a node says no.
type Problem struct {
	Type     string `json:"type,omitempty"` // URI; "about:blank" or empty when the status says all
	Title    string `json:"title,omitempty"`
	Status   int    `json:"status,omitempty"`   // HTTP status of the answer
	Detail   string `json:"detail,omitempty"`   // this occurrence
	Hint     string `json:"hint,omitempty"`     // what to do next; hint.Of finds it
	ExitCode int    `json:"exitCode,omitempty"` // of the command line; 0 when the node did not say
}

// Error gives title and detail on one line.
func (p *Problem) Error() string {
	s := p.Title
	if s == "" {
		s = http.StatusText(p.Status)
	}
	if p.Detail != "" && p.Detail != s {
		s += ": " + p.Detail
	}
	return fmt.Sprintf("node: %s (status %d)", oneLine(s), p.Status)
}

// Unwrap makes every Problem an ErrProblem with the node's own hint.
func (p *Problem) Unwrap() error { return hint.Wrap(ErrProblem, p.Hint) }

// oneLine keeps control characters of an answer off the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
}

// problemOf reads an answer that is not a success. The status is that of the
// answer, whatever the document says.
func problemOf(status int, contentType string, body []byte) *Problem {
	p := &Problem{}
	mt, _, _ := mime.ParseMediaType(contentType)
	if mt == "application/problem+json" || mt == "application/json" {
		if json.Unmarshal(body, p) != nil {
			p = &Problem{}
		}
	}
	if p.Title == "" {
		p.Title = http.StatusText(status)
	}
	p.Status = status
	return p
}
