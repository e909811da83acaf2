package node

import (
	"time"

	"github.com/bonafide-id/bonafide/legal/ebsi"
	"github.com/bonafide-id/bonafide/legal/register"
)

// The names of the operations on imported registers.
const (
	OpRegisterImport = "register.import" // RegisterImportRequest -> RegisterImported
	OpRegisterList   = "register.list"   // Empty -> RegisterList
	OpRegisterShow   = "register.show"   // RegisterShowRequest -> RegisterEntries
	OpRegisterAccept = "register.accept" // RegisterAcceptRequest -> RegisterList
	OpRegisterRemove = "register.remove" // RegisterRequest -> RegisterList
)

// importOperations are the lines of the table for them.
func importOperations() []operation {
	return []operation{
		op(OpRegisterImport, RoleOperator, "take a file of a register", plain((*Node).registerImport)),
		op(OpRegisterList, RoleReader, "list the registers that are held", plain((*Node).registerList)),
		op(OpRegisterShow, RoleReader, "show entries of a register", plain((*Node).registerShow)),
		op(OpRegisterAccept, RoleOperator, "say whether a register's word counts", plain((*Node).registerAccept)),
		op(OpRegisterRemove, RoleOperator, "forget a register", plain((*Node).registerRemove)),
	}
}

// RegisterImportRequest takes one file into a register.
type RegisterImportRequest struct {
	Name      string `json:"name,omitempty"` // of the register; its format by default
	Format    string `json:"format"`         // deqar, csv, json, dcc or ebsi
	File      string `json:"file"`           // name of the file, as messages have it
	Body      []byte `json:"body"`
	Retrieved string `json:"retrieved"` // when the operator fetched it
	// Accept lets the register's word count from now on.
	Accept bool `json:"accept,omitempty"`
	DryRun bool `json:"dryRun,omitempty"` // say what would be done, and write nothing
}

// RegisterImported is what became of one file.
type RegisterImported struct {
	Name     string           `json:"name"`
	Format   string           `json:"format"`
	Changes  register.Changes `json:"changes"`
	Entries  int              `json:"entries"` // in all
	Accepted bool             `json:"accepted"`
	Axes     []string         `json:"axes"`
	DryRun   bool             `json:"dryRun"`
}

// RegisterRequest names a register.
type RegisterRequest struct {
	Name string `json:"name"`
}

// RegisterAcceptRequest says whether a register's word counts.
type RegisterAcceptRequest struct {
	Name     string   `json:"name"`
	Axes     []string `json:"axes,omitempty"` // identity, quality; all that the format has by default
	Accepted bool     `json:"accepted"`
}

// RegisterShowRequest asks for entries: of one record, with one identifier, with a
// text in a name, or all; at most Limit (100) after the record After.
type RegisterShowRequest struct {
	Name       string `json:"name"`
	Record     string `json:"record,omitempty"`
	Identifier string `json:"identifier,omitempty"` // SCHEME:COUNTRY:VALUE
	Text       string `json:"text,omitempty"`
	After      string `json:"after,omitempty"`
	Limit      int    `json:"limit,omitempty"`
}

// RegisterEntries are entries of a register, as they were observed.
type RegisterEntries struct {
	Name    string           `json:"name"`
	Entries []register.Entry `json:"entries"`
	// Records are those of a copy of EBSI's registry.
	Records []ebsi.Record `json:"records,omitempty"`
	Next    string        `json:"next,omitempty"` // give it as after; empty at the end
}

// RegisterList are the registers that are held.
type RegisterList struct {
	Registers []RegisterRow `json:"registers"`
}

// RegisterRow is one register.
type RegisterRow struct {
	Name      string          `json:"name"`
	Format    string          `json:"format"`
	Accepted  bool            `json:"accepted"`
	Axes      []string        `json:"axes"`
	Entries   int             `json:"entries"`
	Decisions int             `json:"decisions"`
	Agencies  int             `json:"agencies"`
	Files     []register.File `json:"files"`
	// When the oldest and the newest entry were observed.
	Oldest  *time.Time `json:"oldest,omitempty"`
	Newest  *time.Time `json:"newest,omitempty"`
	Problem string     `json:"problem,omitempty"` // why it counts for nothing
}

// RegisterFormats lists the formats that can be imported.
func RegisterFormats() []string { return append(register.Formats(), ebsi.Format) }
