package node

import (
	"encoding/json"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

// Role is what a caller of an operation may do. A token of the admin listener
// carries one, and the issuer it is for.
type Role string

// The roles, from least to most. RolePublic operations are those that the
// public listener offers too.
const (
	RolePublic    Role = "public"
	RoleReader    Role = "reader"    // look at what the node holds, verify
	RoleRegistrar Role = "registrar" // issue, revoke, publish, and see the private book
	RoleOperator  Role = "operator"  // everything
)

// The names of the operations: `POST /ops/{name}` on the admin listener, and
// what the command line calls. Each has one request and one response type.
const (
	OpInfo          = "info"                // InfoRequest -> Info
	OpDIDCreate     = "did.create"          // CreateRequest -> Created
	OpDIDShow       = "did.show"            // ShowRequest -> ShowResponse
	OpDIDUpdate     = "did.update"          // UpdateRequest -> UpdateResponse
	OpDIDRotate     = "did.rotate"          // RotateRequest -> UpdateResponse
	OpDIDDeactivate = "did.deactivate"      // DeactivateRequest -> UpdateResponse
	OpDIDResolve    = "did.resolve"         // ResolveRequest -> json.RawMessage (a DID resolution result)
	OpIdentitySet   = "identity.set"        // IdentityRequest -> IdentityResponse
	OpIdentityShow  = "identity.show"       // IdentityShowRequest -> IdentityResponse
	OpIssue         = "issue"               // IssueRequest -> IssueResponse
	OpVerify        = "verify"              // VerifyRequest -> verdict.Verdict
	OpPresentation  = "verify-presentation" // VerifyRequest -> verdict.Presentation
	OpStatusSet     = "status.set"          // StatusRequest -> StatusResponse
	OpStatusShow    = "status.show"         // StatusShowRequest -> StatusShowResponse
	OpRecognize     = "recognize"           // RecognizeRequest -> RecognizeResponse
	OpTrustAdd      = "trust.add"           // TrustRequest -> TrustList
	OpTrustRemove   = "trust.remove"        // TrustRequest -> TrustList
	OpTrustList     = "trust.list"          // Empty -> TrustList
	OpListsImport   = "trust.lists.import"  // ListsRequest -> TrustedLists
	OpListsShow     = "trust.lists.show"    // Empty -> TrustedLists
	OpFollow        = "follow"              // FollowRequest -> FollowResponse
	OpUnfollow      = "unfollow"            // FollowRequest -> FollowResponse
	OpFollows       = "follows"             // Empty -> FollowList
	OpPeers         = "peers"               // Empty -> PeerList
	OpConnect       = "peers.connect"       // ConnectRequest -> PeerList
	OpFolderExport  = "folder.export"       // ExportRequest -> ExportResponse
	OpKeysList      = "keys.list"           // KeysRequest -> KeyList
	OpPublish       = "publish.now"         // PublishRequest -> PublishResponse
	OpForks         = "forks"               // ForksRequest -> ForkList
	OpImportLog     = "log.import"          // ImportRequest -> ImportResponse (a foreign did:webvh log into the network)
	OpResume        = "resume"              // ResumeRequest -> Info
	OpStanding      = "resume.standing"     // StandingRequest -> Standing
	OpUnpublished   = "status.unpublished"  // UnpublishedRequest -> Unpublished
	OpBackup        = "backup"              // BackupRequest -> Backup
	OpFsck          = "fsck"                // Empty -> FsckReport
)

// Empty is a request or response without members.
type Empty struct{}

// InfoRequest asks what the node is.
type InfoRequest struct{}

// Info is what the node is and how it stands.
type Info struct {
	Version   string       `json:"version"`
	Home      string       `json:"home"`
	PeerID    string       `json:"peerId,omitempty"`
	Addrs     []string     `json:"addrs"`
	Public    string       `json:"public,omitempty"` // base URL of the public listener
	Admin     string       `json:"admin,omitempty"`
	Issuers   []IssuerInfo `json:"issuers"`
	Subjects  int          `json:"subjects"`
	Peers     int          `json:"peers"`
	Isolated  bool         `json:"isolated"`
	HostMap   bool         `json:"devHostMap"`
	ReadOnly  bool         `json:"readOnly"`
	Started   time.Time    `json:"started"`
	Readiness []string     `json:"notReady"` // reasons; empty when ready
}

// IssuerInfo is one issuer of the node.
type IssuerInfo struct {
	DID       string     `json:"did"`
	Subject   string     `json:"subject"`
	Name      string     `json:"name"`
	State     string     `json:"state"`
	Signing   bool       `json:"signing"` // false: halted, or not read back yet
	Why       string     `json:"why,omitempty"`
	Epoch     string     `json:"epoch,omitempty"`
	Sequence  int64      `json:"sequence"`
	Head      string     `json:"head,omitempty"`
	Published *time.Time `json:"published,omitempty"`
	Pending   bool       `json:"pending"` // acknowledged changes not published yet
}

// CreateRequest makes an issuer on this node: its keys, its identifier and
// its first published folder.
type CreateRequest struct {
	Domain  string   `json:"domain"` // host[:port][/path...] of the identifier
	Name    string   `json:"name,omitempty"`
	Peers   []string `json:"peers,omitempty"` // multiaddrs for the DID document; the node's own by default
	NoKeys  bool     `json:"-"`
	Witness []string `json:"witnesses,omitempty"`
}

// Created is a new issuer.
type Created struct {
	DID     string   `json:"did"`
	Subject string   `json:"subject"`
	LogURL  string   `json:"logUrl"`
	Keys    []KeyRow `json:"keys"`
	Notes   []string `json:"notes"` // warnings and what to do next
}

// ShowRequest names an issuer of the node; empty means the only one.
type ShowRequest struct {
	Issuer string `json:"issuer,omitempty"`
}

// ShowResponse is an own identifier with its log.
type ShowResponse struct {
	DID        string          `json:"did"`
	Subject    string          `json:"subject"`
	VersionID  string          `json:"versionId"`
	Versions   int             `json:"versions"`
	LogURL     string          `json:"logUrl"`
	Document   json.RawMessage `json:"didDocument"`
	Parameters json.RawMessage `json:"parameters"`
	Log        string          `json:"log,omitempty"`
}

// UpdateRequest changes an identifier's document or parameters.
type UpdateRequest struct {
	Issuer   string   `json:"issuer,omitempty"`
	Domain   string   `json:"domain,omitempty"` // move to another host or path
	Peers    []string `json:"peers,omitempty"`
	Watchers []string `json:"watchers,omitempty"`
	TTL      *int     `json:"ttl,omitempty"`
}

// RotateRequest replaces keys. Role empty rotates credential, list and head
// keys; the update key advances with every log entry under pre-rotation.
type RotateRequest struct {
	Issuer      string `json:"issuer,omitempty"`
	Role        string `json:"role,omitempty"`
	Compromised bool   `json:"compromised,omitempty"` // drop the old public key from the document
	// LastGood names, after a stolen head key, the last head that counts.
	LastGood int64 `json:"lastGood,omitempty"`
}

// DeactivateRequest closes an identifier for ever.
type DeactivateRequest struct {
	Issuer  string `json:"issuer,omitempty"`
	Confirm bool   `json:"confirm"`
}

// UpdateResponse is the identifier after a change.
type UpdateResponse struct {
	DID       string   `json:"did"`
	VersionID string   `json:"versionId"`
	Keys      []KeyRow `json:"keys,omitempty"`
	Notes     []string `json:"notes"`
}

// ResolveRequest asks for a DID document.
type ResolveRequest struct {
	DID           string `json:"did"`
	VersionID     string `json:"versionId,omitempty"`
	VersionTime   string `json:"versionTime,omitempty"`
	VersionNumber int    `json:"versionNumber,omitempty"`
	NoCache       bool   `json:"noCache,omitempty"`
	Offline       bool   `json:"offline,omitempty"`
}

// IdentityRequest states who an issuer is in law.
type IdentityRequest struct {
	Issuer       string             `json:"issuer,omitempty"`
	Organisation legal.Organisation `json:"organisation"`
	// Force publishes an identifier whose check digits are wrong.
	Force bool `json:"force,omitempty"`
}

// IdentityShowRequest asks for the identity of an issuer of this node, or of
// any that it holds.
type IdentityShowRequest struct {
	DID string `json:"did,omitempty"`
	// Issued is the day or time of a credential: what stood then is told as well.
	Issued string `json:"issued,omitempty"`
}

// IdentityResponse is an identity as a verdict would show it.
type IdentityResponse struct {
	DID    string             `json:"did"`
	Issuer verdict.IssuerView `json:"issuer"`
	Checks []verdict.Check    `json:"checks"`
}

// IssueRequest issues one micro-credential.
type IssueRequest struct {
	Issuer     string           `json:"issuer,omitempty"`
	Credential credential.Micro `json:"credential"`
	// Tree, when set, is an unsigned VCDM 2.0 credential to sign as it is,
	// with a status entry added; for the format dc+sd-jwt it is a set of claims.
	Tree     json.RawMessage `json:"tree,omitempty"`
	LocalRef string          `json:"localRef,omitempty"` // kept in the private register
	// HolderRef is what the issuer calls the holder; kept in the private register,
	// and refused unless the setting register_holder is on.
	HolderRef string `json:"holderRef,omitempty"`
	Suite     string `json:"suite,omitempty"` // eddsa-jcs-2022 (default) or eddsa-rdfc-2022
	// Format is json (the default), jwt, sd-jwt or dc+sd-jwt; Hide are JSON pointers
	// to the members that the holder of one of the latter two may hold back.
	Format   string   `json:"format,omitempty"`
	Hide     []string `json:"hide,omitempty"`
	NoStatus bool     `json:"noStatus,omitempty"`
}

// IssueResponse is the signed credential. Token is set for a form that is no
// JSON; Credential then envelops it.
type IssueResponse struct {
	Credential json.RawMessage `json:"credential"`
	Token      string          `json:"token,omitempty"`
	ID         string          `json:"id"`
	Status     []StatusRow     `json:"status"`
	// Warning says that the list protects few holders yet.
	Warning string `json:"warning,omitempty"`
}

// VerifyRequest asks for a verdict. Credential holds the bytes as they came.
type VerifyRequest struct {
	Credential []byte   `json:"credential"`
	Policy     string   `json:"policy,omitempty"` // a shipped name, or the TOML text of one
	At         string   `json:"at,omitempty"`
	MinLength  int64    `json:"minListLength,omitempty"`
	MaxAge     string   `json:"maxAge,omitempty"`
	MaxStatus  string   `json:"maxStatusAge,omitempty"`
	Offline    bool     `json:"offline,omitempty"`
	With       []Staple `json:"with,omitempty"`
	Lenient    bool     `json:"lenient,omitempty"`
	Schemas    bool     `json:"demandSchemas,omitempty"`
	// Challenge and Domain are what the holder's proof has to answer.
	Challenge string   `json:"challenge,omitempty"`
	Domain    []string `json:"domain,omitempty"`
}

// Staple is one piece of evidence handed in beside a credential. URL is set
// when the operator says that Body answers that URL.
type Staple struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
	Body []byte `json:"body"`
}

// StatusRequest changes the status of one credential. Target is a credential
// id or LIST#INDEX; Credential, when set, is the credential file itself.
type StatusRequest struct {
	Issuer     string `json:"issuer,omitempty"`
	Target     string `json:"target,omitempty"`
	Credential []byte `json:"credential,omitempty"`
	Action     string `json:"action"` // revoke, suspend or reinstate
	Why        string `json:"why,omitempty"`
	By         string `json:"by,omitempty"`
	Now        bool   `json:"now,omitempty"`     // publish at once
	HeldBy     int    `json:"heldBy,omitempty"`  // wait until so many others hold it
	Timeout    string `json:"timeout,omitempty"` // for HeldBy; default 10s
}

// StatusRow is one entry of a credential in the book.
type StatusRow struct {
	List    int64  `json:"list"`
	Index   int64  `json:"index"`
	Purpose string `json:"purpose"`
	URL     string `json:"url"`
	Set     bool   `json:"set"`
	Since   string `json:"since,omitempty"`
	Why     string `json:"why,omitempty"`
}

// StatusResponse says what is durable and what is published.
type StatusResponse struct {
	Changed   bool        `json:"changed"`
	Status    []StatusRow `json:"status"`
	Published bool        `json:"published"`
	Head      string      `json:"head,omitempty"`
	Sequence  int64       `json:"sequence,omitempty"`
	Next      *time.Time  `json:"nextPublication,omitempty"`
	HeldBy    int         `json:"heldBy"`
	Reveals   string      `json:"reveals,omitempty"` // what publishing at once tells others
}

// StatusShowRequest shows one target, or all lists when it is empty.
type StatusShowRequest struct {
	Issuer     string `json:"issuer,omitempty"`
	Target     string `json:"target,omitempty"`
	Credential []byte `json:"credential,omitempty"`
}

// StatusShowResponse is a credential's status or the issuer's lists.
type StatusShowResponse struct {
	Status []StatusRow `json:"status"`
	Lists  []ListRow   `json:"lists"`
}

// ListRow is one status list of an issuer.
type ListRow struct {
	Number    int64  `json:"number"`
	Path      string `json:"path"` // in the folder
	Imported  bool   `json:"imported,omitempty"`
	Format    string `json:"format,omitempty"` // of an imported list
	Created   string `json:"created"`
	Purpose   string `json:"purpose"`
	URL       string `json:"url"`
	Size      int64  `json:"size"`
	Allocated int64  `json:"allocated"`
	Set       int64  `json:"set"`
	State     string `json:"state"`
	Pending   bool   `json:"pending"`
	Note      string `json:"note,omitempty"`
}

// RecognizeRequest recognises another organisation. The organisation's own
// statement is fetched and shown; Organisation, when set, overrides it.
type RecognizeRequest struct {
	Issuer       string              `json:"issuer,omitempty"` // the accreditor on this node
	DID          string              `json:"did"`
	Organisation *legal.Organisation `json:"organisation,omitempty"`
	Types        []string            `json:"types,omitempty"` // credential types in scope
	// Actions are what the organisation may do: issue (the default), recognize.
	Actions []string `json:"actions,omitempty"`
	From    string   `json:"from,omitempty"`
	Until   string   `json:"until,omitempty"`
	Confirm bool     `json:"confirm"`
	// Revoke takes the recognition back: with AsOf it ends at that time, without it
	// was void from the start.
	Revoke bool   `json:"revoke,omitempty"`
	AsOf   string `json:"asOf,omitempty"`
	Now    bool   `json:"now,omitempty"`
}

// RecognizeResponse is the recognition, or the statement to be confirmed.
type RecognizeResponse struct {
	Statement  *legal.Organisation `json:"statement,omitempty"`
	Recognised bool                `json:"recognised"`
	Changed    bool                `json:"changed"`
	Path       string              `json:"path,omitempty"`
	Credential json.RawMessage     `json:"credential,omitempty"`
}

// TrustRequest names a trust root.
type TrustRequest struct {
	DID  string   `json:"did"`
	Name string   `json:"name,omitempty"`
	Axes []string `json:"axes,omitempty"` // identity, authorisation; both by default
}

// TrustList are the configured roots and the default policy that follows.
type TrustList struct {
	Roots  []TrustRoot `json:"roots"`
	Lists  []RootList  `json:"lists"` // that were adopted
	Policy string      `json:"policy"`
}

// TrustRoot is one root of trust.
type TrustRoot struct {
	DID  string   `json:"did"`
	Name string   `json:"name"`
	Axes []string `json:"axes"`
	Held bool     `json:"held"` // its folder is here
	// List is the adopted list that names it; empty for the operator's own choice.
	List string `json:"list,omitempty"`
}

// FollowRequest names an identifier to keep (or no longer keep).
type FollowRequest struct {
	DID string `json:"did"`
}

// FollowResponse is how the followed folder stands.
type FollowResponse struct {
	Subject  string   `json:"subject"`
	DID      string   `json:"did"`
	Sequence int64    `json:"sequence"`
	Files    int      `json:"files"`
	Missing  int      `json:"missing"` // files that the head names and that are not here yet
	Asked    []string `json:"asked"`
}

// FollowList are all folders that the node keeps.
type FollowList struct {
	Subjects []SubjectRow `json:"subjects"`
}

// SubjectRow is one folder.
type SubjectRow struct {
	Subject   string     `json:"subject"`
	DID       string     `json:"did"`
	Class     string     `json:"class"` // own, followed, recognised, stranger
	VersionID string     `json:"versionId"`
	Sequence  int64      `json:"sequence"`
	Published *time.Time `json:"published,omitempty"`
	Contested bool       `json:"contested"`
}

// ConnectRequest connects to a peer and keeps it.
type ConnectRequest struct {
	Addr string `json:"addr"`
}

// PeerList are the connected peers.
type PeerList struct {
	Self  string    `json:"self"`
	Addrs []string  `json:"addrs"`
	Peers []PeerRow `json:"peers"`
}

// PeerRow is one peer.
type PeerRow struct {
	ID        string   `json:"id"`
	Addrs     []string `json:"addrs"`
	Direction string   `json:"direction"`
	Kept      bool     `json:"kept"`
	Latency   string   `json:"latency,omitempty"`
}

// ExportRequest writes an issuer's folder for a plain web server.
type ExportRequest struct {
	Issuer string `json:"issuer,omitempty"` // own issuer or any held DID
	Dir    string `json:"dir"`              // absolute
}

// ExportResponse lists what was written.
type ExportResponse struct {
	Dir   string   `json:"dir"`
	Files []string `json:"files"`
	Bytes int64    `json:"bytes"`
	URL   string   `json:"url"` // where the folder belongs
	// Elsewhere are lists whose URL lies outside: the web server has to answer it
	// with the file.
	Elsewhere []Elsewhere `json:"elsewhere,omitempty"`
}

// Elsewhere is a file that has a second name.
type Elsewhere struct {
	URL  string `json:"url"`
	File string `json:"file"`
}

// KeysRequest names an issuer; empty means all.
type KeysRequest struct {
	Issuer string `json:"issuer,omitempty"`
}

// KeyList are keys without their secrets.
type KeyList struct {
	Keys []KeyRow `json:"keys"`
}

// KeyRow is one key.
type KeyRow struct {
	Issuer  string     `json:"issuer"`
	Role    string     `json:"role"`
	Key     string     `json:"key"` // multikey
	Method  string     `json:"method,omitempty"`
	File    string     `json:"file"`
	Created time.Time  `json:"created"`
	Retired *time.Time `json:"retired,omitempty"`
	Secret  bool       `json:"secretHere"`
}

// PublishRequest publishes what is pending for an issuer.
type PublishRequest struct {
	Issuer string `json:"issuer,omitempty"`
}

// PublishResponse is the head that stands now.
type PublishResponse struct {
	Head     string `json:"head"`
	Sequence int64  `json:"sequence"`
	Changed  int    `json:"changed"`
}

// ForksRequest asks for the evidence about an identifier, or all.
type ForksRequest struct {
	DID string `json:"did,omitempty"`
}

// ForkList is evidence of forks.
type ForkList struct {
	Forks []ForkRow `json:"forks"`
}

// ForkRow is one piece of evidence.
type ForkRow struct {
	Subject string          `json:"subject"`
	Kind    string          `json:"kind"`
	Parent  string          `json:"parent"`
	SeenAt  time.Time       `json:"seenAt"`
	Body    json.RawMessage `json:"body"`
}

// ImportRequest brings a did:webvh log that was made elsewhere into the
// replica and so to the peers.
type ImportRequest struct {
	Log     []byte `json:"log"`
	Witness []byte `json:"witness,omitempty"`
	DID     string `json:"did,omitempty"`
}

// ImportResponse is what became of it.
type ImportResponse struct {
	Outcome   string `json:"outcome"`
	DID       string `json:"did"`
	Subject   string `json:"subject"`
	VersionID string `json:"versionId"`
}

// FsckReport is what a full check of the home found.
type FsckReport struct {
	Clean    bool     `json:"clean"`
	Checked  int      `json:"checked"` // things looked at
	Findings []string `json:"findings"`
}
