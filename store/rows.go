package store

import "slices"

// Values of Subject.Class.
const (
	ClassStranger   = 0 // met by chance; under quota, may be evicted
	ClassRecognised = 1 // recognised by a followed issuer or a trust root
	ClassFollowed   = 2 // followed by the operator
	ClassOwn        = 3 // an issuer of this node
)

// Values of Issuer.State.
const (
	IssuerLive    = "live"
	IssuerClosing = "closing"
	IssuerClosed  = "closed"
)

// Values of List.State.
const (
	ListOpen   = "open"
	ListClosed = "closed"
)

// Bounds that every engine enforces with ErrInvalid.
const (
	MaxKeyLen     = 4096     // bytes of a text: identifier, path, URL, state, reason
	MaxIndexed    = 2600     // bytes of all texts of a row together by which it can be found
	MaxBodyLen    = 16 << 20 // bytes of one body or JSON value
	MaxListBits   = 1 << 26  // size of one list, and of one sticky mask, in bits
	MaxPage       = 10_000   // rows of one page; a limit of 0 or less means this
	DigestLen     = 32       // bytes of one history digest
	MaxStringsLen = 1024     // members of Peer.Addrs, List.Purposes
)

// Subject is one identifier whose folder the node keeps (a copy of). Subject is
// the SCID for did:webvh, else the DID. LogVersion and LogVersionID name the
// newest verified log entry.
type Subject struct {
	Subject            string
	DID                string
	Method             string
	LogVersion         int64
	LogVersionID       string
	Class              int
	Contested          bool
	Deactivated        bool
	FirstSeen, Updated int64
}

// File is the current accepted body of one path of a subject's folder. The body
// itself is the blob with the same CID.
type File struct {
	Subject, Path, CID string
	Size               int64
	Kind               string
	SeenAt             int64
	Source             string
}

// Head is one accepted head. EpochVersion is the number of the log entry that
// introduced the head key, Epoch its versionId. Expires is 0 for a final head.
// Voided heads are kept as history and never returned by LatestHead.
type Head struct {
	Subject                        string
	EpochVersion                   int64
	Epoch                          string
	Sequence                       int64
	CID                            string
	Body                           []byte
	AcceptedAt, Published, Expires int64
	Voided                         bool
}

// Manifest says that the manifest behind a head is the blob CID.
type Manifest struct {
	Subject, HeadCID, CID string
}

// Fork is self-contained evidence of two versions of one thing. There is at
// most one for a (Subject, Kind, Parent): the one seen first.
type Fork struct {
	Subject, Kind, Parent string
	Body                  []byte
	SeenAt                int64
}

// Sighting says that Observer fetched URL from Host at At and found Digest.
// Only the newest for a (Subject, Host, URL, Observer) is kept. Observer is ""
// for this node.
type Sighting struct {
	Subject, Host, URL, Observer, Digest string
	At                                   int64
}

// Revoked is the sticky mask of one list: every bit once seen set in a verified
// list of purpose revocation. Bit 0 is the highest bit of the first byte.
type Revoked struct {
	Subject, Path string
	Bits          []byte
}

// Peer is a peer address book entry.
type Peer struct {
	ID        string
	Addrs     []string
	LastSeen  int64
	Protected bool
}

// Issuer is an issuer that this node serves. Config is JSON.
type Issuer struct {
	Subject, DID, Name, State string
	Config                    []byte
	Created                   int64
}

// Draft is one file of an issuer's own folder before it is headed. Size is the
// length of Body in bytes; the store sets it.
type Draft struct {
	Issuer, Path string
	Body         []byte
	CID, Kind    string
	Size         int64
	Updated      int64
	ValidUntil   int64
}

// List is one status list of an issuer's book. Size is in bits and never
// changes. Bitmap holds the allocated indices (bit 0 is the highest bit of the
// first byte, as in Bitstring Status List) and Allocated is their number, both
// kept by the store. URL is the name under which a list that was begun elsewhere
// is printed in credentials and Format how it is rendered; both are empty for a
// list of the book's own.
type List struct {
	Issuer     string
	Number     int64
	Purposes   []string
	Size       int64
	State      string
	Created    int64
	Allocated  int64
	Bitmap     []byte
	Dirty      bool
	RenderedAt int64
	URL        string
	Format     string
}

// Change is the current status of one index for one purpose. Indices without a
// row have never been changed. Seq is assigned by the store: it grows with
// every change of the issuer.
type Change struct {
	Issuer      string
	List, Index int64
	Purpose     string
	Status      int
	At          int64
	By, Why     string
	Seq         int64
}

// Audit is one line of an issuer's log of acts. Seq is assigned by the store.
type Audit struct {
	Issuer                        string
	Seq, At                       int64
	Actor, Action, Target, Detail string
}

// Issued is one entry of the private register of issued credentials. List is
// negative for a credential without a status. LocalRef and HolderRef, which is
// what the issuer calls the holder, may be empty and need not be unique.
type Issued struct {
	Issuer, ID  string
	List, Index int64
	LocalRef    string
	At          int64
	Type        string
	ValidUntil  int64
	HolderRef   string
}

// IssuedKey selects rows of the register: by LocalRef when it is not empty, else
// by HolderRef when that is not empty, else by List and Index.
type IssuedKey struct {
	LocalRef    string
	HolderRef   string
	List, Index int64
}

// Publication is what an issuer's signer published last.
type Publication struct {
	Issuer       string
	EpochVersion int64
	Epoch        string
	Sequence     int64
	HeadCID      string
	Instance     []byte
	At           int64
}

// IsZero reports whether p stands for "nothing published yet".
func (p Publication) IsZero() bool { return p.Issuer == "" && p.Sequence == 0 && p.HeadCID == "" }

// Same reports whether p and q name the same publication: same issuer, epoch,
// sequence, head and signer instance.
func (p Publication) Same(q Publication) bool {
	return p.Issuer == q.Issuer && p.EpochVersion == q.EpochVersion && p.Epoch == q.Epoch &&
		p.Sequence == q.Sequence && p.HeadCID == q.HeadCID && slices.Equal(p.Instance, q.Instance)
}
