package node

import (
	"time"
)

// The names of the operations on the issuer's registry, beside those above.
const (
	OpStatusBatch  = "status.batch"  // BatchRequest -> BatchResponse
	OpStatusLog    = "status.log"    // LogRequest -> LogResponse
	OpStatusImport = "status.import" // ImportListRequest -> ImportListResponse
	OpStatusExport = "status.export" // ExportListRequest -> ExportListResponse
	OpListOpen     = "status.open"   // ListOpenRequest -> ListsResponse
	OpListClose    = "status.close"  // ListCloseRequest -> ListsResponse
	OpLists        = "status.lists"  // StatusListsRequest -> ListsResponse
	OpIssuedFind   = "issued.find"   // IssuedFindRequest -> IssuedRows
	OpIssuedList   = "issued.list"   // IssuedListRequest -> IssuedRows
	OpIssuedErase  = "issued.erase"  // IssuedEraseRequest -> ErasedResponse
	OpIssuedPrune  = "issued.prune"  // IssuedPruneRequest -> ErasedResponse
	OpTokenCreate  = "token.create"  // TokenCreateRequest -> TokenCreated
	OpTokenList    = "token.list"    // Empty -> TokenList
	OpTokenRevoke  = "token.revoke"  // TokenRevokeRequest -> TokenList
)

// registryOperations are the lines of the table for them.
func registryOperations() []operation {
	return []operation{
		op(OpStatusBatch, RoleRegistrar, "change the status of many credentials, or say what would change", (*Node).setMany),
		op(OpStatusLog, RoleRegistrar, "show the audit trail", plain((*Node).showLog)),
		op(OpStatusImport, RoleOperator, "go on with a status list that was begun elsewhere", (*Node).importList),
		op(OpStatusExport, RoleRegistrar, "show the status of every index of a list that was given out", plain((*Node).exportList)),
		op(OpListOpen, RoleRegistrar, "open one more pair of status lists", (*Node).openLists),
		op(OpListClose, RoleRegistrar, "give out no more indices from a pair of status lists", (*Node).closeLists),
		op(OpLists, RoleReader, "list the status lists", plain((*Node).listLists)),
		op(OpIssuedFind, RoleRegistrar, "find issued credentials in the private register", plain((*Node).findIssued)),
		op(OpIssuedList, RoleRegistrar, "list the private register by pages", plain((*Node).listIssued)),
		op(OpIssuedErase, RoleRegistrar, "erase rows of the private register", (*Node).eraseIssued),
		op(OpIssuedPrune, RoleRegistrar, "erase rows whose credentials ended long ago", (*Node).pruneIssuedOp),
		op(OpTokenCreate, RoleOperator, "make a token of the admin listener", (*Node).createToken),
		op(OpTokenList, RoleOperator, "list the tokens of the admin listener", plain((*Node).listTokens)),
		op(OpTokenRevoke, RoleOperator, "end a token of the admin listener", (*Node).revokeToken),
	}
}

// MaxBatch is the most lines of one BatchRequest.
const MaxBatch = 20_000

// BatchRequest changes the status of many credentials in one transaction. A line
// that cannot be done is left out and reported; the others are done all together
// or not at all. What is so already counts as unchanged, so that the same request
// can be sent again.
type BatchRequest struct {
	Issuer string      `json:"issuer,omitempty"`
	Action string      `json:"action,omitempty"` // of lines that name none
	Why    string      `json:"why,omitempty"`    // of lines that give none
	By     string      `json:"by,omitempty"`
	DryRun bool        `json:"dryRun,omitempty"`
	Lines  []BatchLine `json:"lines"`
}

// BatchLine is one change. Target is a credential's id, an own reference or
// LIST#INDEX.
type BatchLine struct {
	Line   int64  `json:"line,omitempty"` // in the caller's file; told in failures
	Target string `json:"target"`
	Action string `json:"action,omitempty"`
	Why    string `json:"why,omitempty"`
}

// BatchResponse counts what became of the lines.
type BatchResponse struct {
	DryRun    bool           `json:"dryRun"`
	Changed   int64          `json:"changed"`
	Unchanged int64          `json:"unchanged"`
	Failed    int64          `json:"failed"`
	Failures  []BatchFailure `json:"failures"`
	Next      *time.Time     `json:"nextPublication,omitempty"`
}

// BatchFailure is a line that was left out.
type BatchFailure struct {
	Line   int64  `json:"line"`
	Target string `json:"target"`
	Error  string `json:"error"`
	Hint   string `json:"hint,omitempty"`
}

// LogRequest selects lines of an issuer's audit trail, oldest first.
type LogRequest struct {
	Issuer string `json:"issuer,omitempty"`
	After  int64  `json:"after,omitempty"` // the seq of the last line seen
	Limit  int    `json:"limit,omitempty"` // 1 to 1000; 0 means 1000
	Action string `json:"action,omitempty"`
	By     string `json:"by,omitempty"`     // part of the name
	Target string `json:"target,omitempty"` // a credential's id, an own reference, LIST#INDEX, or the target as shown
	Since  string `json:"since,omitempty"`  // a day or a time
	Until  string `json:"until,omitempty"`
}

// LogResponse is a page of the trail. Next is the After of the next page, 0 at
// the end.
type LogResponse struct {
	Rows []LogRow `json:"rows"`
	Next int64    `json:"next,omitempty"`
}

// LogRow is one act.
type LogRow struct {
	Seq    int64  `json:"seq"`
	At     string `json:"at"`
	By     string `json:"by"`
	Action string `json:"action"`
	Target string `json:"target,omitempty"`
	Why    string `json:"why,omitempty"`
}

// StatusListsRequest names an issuer.
type StatusListsRequest struct {
	Issuer string `json:"issuer,omitempty"`
}

// ListOpenRequest opens one more pair of lists.
type ListOpenRequest struct {
	Issuer string `json:"issuer,omitempty"`
	Why    string `json:"why,omitempty"`
}

// ListCloseRequest closes a list, and the one that shares its indices.
type ListCloseRequest struct {
	Issuer string `json:"issuer,omitempty"`
	List   int64  `json:"list"`
	Why    string `json:"why,omitempty"`
}

// ListsResponse are the lists of an issuer. Numbers are those that the operation
// was about.
type ListsResponse struct {
	Numbers []int64   `json:"numbers,omitempty"`
	Lists   []ListRow `json:"lists"`
}

// IssuedFindRequest selects rows of the private register: by one of its members.
type IssuedFindRequest struct {
	Issuer    string `json:"issuer,omitempty"`
	ID        string `json:"id,omitempty"`
	LocalRef  string `json:"localRef,omitempty"`
	HolderRef string `json:"holderRef,omitempty"`
	Place     string `json:"place,omitempty"` // LIST#INDEX
	// Any is any of the above; the first that finds something counts.
	Any    string `json:"any,omitempty"`
	Status bool   `json:"status,omitempty"` // look the status up too
}

// IssuedListRequest asks for a page of the register, by id.
type IssuedListRequest struct {
	Issuer string `json:"issuer,omitempty"`
	After  string `json:"after,omitempty"`
	Limit  int    `json:"limit,omitempty"` // 1 to 5000; 0 means 1000
	Status bool   `json:"status,omitempty"`
}

// IssuedRows are rows of the register. Next is the After of the next page, empty
// at the end.
type IssuedRows struct {
	Rows []IssuedRow `json:"rows"`
	Next string      `json:"next,omitempty"`
}

// IssuedRow is one issued credential as the register keeps it.
type IssuedRow struct {
	ID         string `json:"id"`
	Type       string `json:"type,omitempty"`
	Issued     string `json:"issued"`
	ValidUntil string `json:"validUntil,omitempty"`
	LocalRef   string `json:"localRef,omitempty"`
	HolderRef  string `json:"holderRef,omitempty"`
	Place      string `json:"place,omitempty"`  // LIST#INDEX; empty without a status
	Status     string `json:"status,omitempty"` // valid, suspended or revoked; only if asked for
}

// IssuedEraseRequest erases rows: by id, own reference or holder reference. The
// indices stay given out, and what is revoked stays revoked.
type IssuedEraseRequest struct {
	Issuer    string `json:"issuer,omitempty"`
	ID        string `json:"id,omitempty"`
	LocalRef  string `json:"localRef,omitempty"`
	HolderRef string `json:"holderRef,omitempty"`
	Confirm   bool   `json:"confirm"`
}

// IssuedPruneRequest erases rows whose credentials ended more than Days ago; 0
// means the setting register_retention_days.
type IssuedPruneRequest struct {
	Issuer string `json:"issuer,omitempty"`
	Days   int    `json:"days,omitempty"`
	DryRun bool   `json:"dryRun,omitempty"`
}

// ErasedResponse tells how many rows were erased, or would be.
type ErasedResponse struct {
	Rows   int64 `json:"rows"`
	DryRun bool  `json:"dryRun,omitempty"`
}

// TokenCreateRequest makes a token of the admin listener.
type TokenCreateRequest struct {
	Name   string `json:"name"`             // stands in the audit trail
	Role   string `json:"role"`             // reader, registrar or operator
	Issuer string `json:"issuer,omitempty"` // holds the token to one issuer
	Days   int    `json:"days,omitempty"`   // until it ends; 0 means 90, at most 3650
}

// TokenCreated is a new token. Secret is told this once; only its digest is kept.
type TokenCreated struct {
	Token  TokenRow `json:"token"`
	Secret string   `json:"secret"`
}

// TokenRevokeRequest ends a token at once.
type TokenRevokeRequest struct {
	ID string `json:"id"`
}

// TokenList are the tokens, without secrets.
type TokenList struct {
	Tokens []TokenRow `json:"tokens"`
}

// TokenRow describes a token.
type TokenRow struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Role    Role      `json:"role"`
	Issuer  string    `json:"issuer,omitempty"` // DID
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	State   string    `json:"state"` // live, expired or revoked
}

// ImportListRequest takes over a status list that was begun elsewhere. List is
// the signed list, Statuses lines of "index,state"; one of them, or neither, and
// then the list is fetched from URL.
type ImportListRequest struct {
	Issuer   string `json:"issuer,omitempty"`
	URL      string `json:"url"` // as printed in the credentials
	List     []byte `json:"list,omitempty"`
	Statuses string `json:"statuses,omitempty"` // CSV: index,state; state is valid, revoked or suspended
	// Issued names the indices given out, one a line; Format, Purpose and Size
	// are for Statuses, and else read from the list.
	Issued  string `json:"issued,omitempty"`
	Format  string `json:"format,omitempty"` // bitstring, statuslist2021 or token
	Purpose string `json:"purpose,omitempty"`
	Size    int64  `json:"size,omitempty"`
	Open    bool   `json:"open,omitempty"` // give out more indices; needs Issued
	Pad     bool   `json:"pad,omitempty"`  // make a list that is too short long enough
	// Unverified takes a list whose proof cannot be checked, on the operator's word.
	Unverified bool   `json:"unverified,omitempty"`
	DryRun     bool   `json:"dryRun,omitempty"`
	Why        string `json:"why,omitempty"`
}

// ImportListResponse is the list as the book has it.
type ImportListResponse struct {
	Number    int64    `json:"number,omitempty"` // 0 for a dry run
	Path      string   `json:"path,omitempty"`   // in the folder
	URL       string   `json:"url"`
	Format    string   `json:"format"`
	Purpose   string   `json:"purpose"`
	Size      int64    `json:"size"`
	Set       int64    `json:"set"`
	Allocated int64    `json:"allocated"`
	State     string   `json:"state"`
	DryRun    bool     `json:"dryRun,omitempty"`
	Notes     []string `json:"notes"` // what to do next
}

// ExportListRequest asks for a page of a list: the indices given out that are at
// least From.
type ExportListRequest struct {
	Issuer string `json:"issuer,omitempty"`
	List   int64  `json:"list"`
	From   int64  `json:"from,omitempty"`
}

// ExportListResponse is a page as CSV lines "index,state", without a head. Next
// is the From of the next page, 0 at the end.
type ExportListResponse struct {
	Lines string `json:"lines"`
	Next  int64  `json:"next,omitempty"`
}
