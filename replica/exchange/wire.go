package exchange

import (
	"encoding/json"
	"fmt"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/record"
)

// The operations of the protocol; docs/protocol.md gives their bytes.
const (
	OpSubjects = "subjects"
	OpLog      = "log"
	OpHead     = "head"
	OpRanges   = "ranges"
	OpBodies   = "bodies"
	OpForks    = "forks"
)

const (
	pageSize    = 500
	maxCIDs     = 64
	chunk       = 256 << 10
	maxNotice   = 1 << 10
	maxForks    = 16
	maxDigests  = 1 << 20 // of one epoch
	bodyMarkHas = 1       // first byte of a frame that holds a body
)

// MaxQuestion bounds a question in bytes, MaxFrame one frame of an answer.
const (
	MaxQuestion = record.MaxExchange + 4096
	MaxFrame    = record.MaxExchange + 4096
)

var questionLimits = strictjson.Limits{MaxBytes: MaxQuestion, MaxDepth: 8, MaxValues: 1 << 17}

type subjectsQ struct {
	After string `json:"after"`
}

// subjectRow is one frame of the answer to "subjects".
type subjectRow struct {
	Subject   string `json:"subject"`
	Version   int64  `json:"version"`
	VersionID string `json:"versionId"`
	Head      string `json:"head"` // CID, "" for none
}

type logQ struct {
	Subject string `json:"subject"`
	// Version and VersionID are the newest entry held, 0 and "" for none.
	Version   int64  `json:"version"`
	VersionID string `json:"versionId"`
}

// logA is the first frame of the answer to "log"; the bytes follow in chunks,
// the log's first.
type logA struct {
	Tail    bool `json:"tail"` // the log's bytes come after the entry named in the question
	Log     int  `json:"log"`
	Witness int  `json:"witness"`
}

type headQ struct {
	Subject string `json:"subject"`
	// Epoch is the version number of the epoch, Sequence the head held in it;
	// both 0 for none.
	Epoch    int64 `json:"epoch"`
	Sequence int64 `json:"sequence"`
}

// headA is the first frame of the answer to "head"; the head's bytes are the
// second, then come the digests in chunks.
type headA struct {
	From    int `json:"from"`
	Digests int `json:"digests"`
}

type rangesQ struct {
	Subject string `json:"subject"`
	Head    string `json:"head"`
	Ranges  any    `json:"ranges"` // as record.EncodeRanges writes them
}

type bodiesQ struct {
	Subject string   `json:"subject"`
	CIDs    []string `json:"cids"`
}

type forksQ struct {
	Subject string `json:"subject"`
}

// notice is a gossip message that is no head.
type notice struct {
	Type      string `json:"type"`
	Subject   string `json:"subject"`
	VersionID string `json:"versionId"`
}

const noticeType = "BonafideNotice"

func encodeNotice(n notice) []byte {
	n.Type = noticeType
	b, err := strictjson.Canonical(map[string]any{"type": n.Type, "subject": n.Subject, "versionId": n.VersionID})
	if err != nil {
		return nil
	}
	return b
}

func parseNotice(b []byte) (notice, error) {
	var n notice
	if err := strictjson.Decode(b, strictjson.Limits{MaxBytes: maxNotice, MaxDepth: 2, MaxValues: 8}, &n); err != nil {
		return n, fmt.Errorf("%w: %w", ErrQuestion, err)
	}
	if n.Type != noticeType || record.CheckSubject(n.Subject) != nil {
		return n, ErrQuestion
	}
	return n, nil
}

func question(b []byte, dst any) error {
	if err := strictjson.Decode(b, questionLimits, dst); err != nil {
		return fmt.Errorf("%w: %w", ErrQuestion, err)
	}
	return nil
}

func answer(b []byte, dst any) error {
	if err := strictjson.Decode(b, questionLimits, dst); err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return nil
}

// encode writes a question or the first frame of an answer. The types here
// hold nothing that cannot be written.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return b
}
