package store

import (
	"fmt"
	"strings"
)

// FindingKind says what is wrong with a row.
type FindingKind string

// The closed list of findings.
const (
	FindingFile        FindingKind = "file"                 // the engine's own check of its file failed
	FindingChecksum    FindingKind = "checksum"             // a row is not what was written
	FindingBody        FindingKind = "body"                 // a body does not have its content address
	FindingMissingBlob FindingKind = "missing-blob"         // a file or manifest names a body that is not held
	FindingHistoryGap  FindingKind = "history-gap"          // digests missing inside an epoch's history
	FindingHistoryHead FindingKind = "history-head"         // a head's digest is not the one in its epoch's history
	FindingPublication FindingKind = "publication"          // published state and heads of an issuer contradict each other
	FindingAllocated   FindingKind = "allocated-count"      // number of allocated indices is not that of the bits set
	FindingBitmap      FindingKind = "bitmap"               // bits beyond the size of a list
	FindingChangeRange FindingKind = "change-outside-list"  // a change names an index that the list does not have
	FindingChangeList  FindingKind = "change-without-list"  // a change names a list that is not there
	FindingUnallocated FindingKind = "issued-not-allocated" // an issued credential's index is not allocated
	FindingReference   FindingKind = "missing-parent"       // a row names a subject or issuer that is not there
)

// Finding is one thing that Check found wrong. Row names the row ("files
// z6Mk.../status/3"), Detail says what was expected and what was found.
type Finding struct {
	Kind   FindingKind
	Row    string
	Detail string
}

// String returns the finding in one line.
func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Kind, f.Row, f.Detail) }

// MaxFindings is the number of findings that one Check lists at most.
const MaxFindings = 1000

// CheckError lists what Check found. It is an ErrCorrupt. Truncated is set when
// there were more than MaxFindings.
type CheckError struct {
	Findings  []Finding
	Truncated bool
}

// Error names the number of findings and the first few of them.
func (e *CheckError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "store: check found %d problems", len(e.Findings))
	for i, f := range e.Findings {
		if i == 3 {
			b.WriteString("; ...")
			break
		}
		b.WriteString("; ")
		b.WriteString(f.String())
	}
	return b.String()
}

// Unwrap makes the error an ErrCorrupt.
func (e *CheckError) Unwrap() error { return ErrCorrupt }

// Add appends a finding unless the list is full.
func (e *CheckError) Add(kind FindingKind, row, format string, args ...any) {
	if len(e.Findings) >= MaxFindings {
		e.Truncated = true
		return
	}
	e.Findings = append(e.Findings, Finding{Kind: kind, Row: row, Detail: fmt.Sprintf(format, args...)})
}
