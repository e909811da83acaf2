package node

import "time"

// ResumeRequest lets an issuer sign again. Exactly one of Alone and TakeOver is
// set; Confirm is the second word that a risky one needs.
type ResumeRequest struct {
	Issuer string `json:"issuer,omitempty"`
	// Alone signs without having read the last head back from elsewhere.
	Alone bool `json:"alone"`
	// TakeOver first brings in what another signer of the key has published.
	TakeOver bool `json:"takeOver,omitempty"`
	Confirm  bool `json:"confirm,omitempty"`
}

// StandingRequest asks whether an issuer signs.
type StandingRequest struct {
	Issuer string `json:"issuer,omitempty"`
}

// Standing is whether an issuer signs, why not, and what to do about it.
type Standing struct {
	DID      string    `json:"did"`
	Subject  string    `json:"subject"`
	Signing  bool      `json:"signing"`
	Why      string    `json:"why,omitempty"`
	Restored *Restored `json:"restored,omitempty"`
	Halt     *Halt     `json:"halt,omitempty"`
	// Sequence and Head were signed last by this book, Newest and NewestHead are
	// the newest that is held here.
	Sequence    int64    `json:"sequence"`
	Head        string   `json:"head,omitempty"`
	Newest      int64    `json:"newest"`
	NewestHead  string   `json:"newestHead,omitempty"`
	Unpublished int      `json:"unpublished"` // acknowledged changes in no published list
	Answered    []string `json:"sourcesConnected"`
	Silent      []string `json:"sourcesSilent"`
	ToDo        []string `json:"toDo"`
}

// UnpublishedRequest asks for changes of status that are in no published list;
// with Since (RFC 3339) for all made since then.
type UnpublishedRequest struct {
	Issuer string `json:"issuer,omitempty"`
	Since  string `json:"since,omitempty"`
}

// Unpublished are changes that can be entered again elsewhere.
type Unpublished struct {
	Changes []UnpublishedRow `json:"changes"`
}

// UnpublishedRow is one change: Target is LIST#INDEX, Action revoke, suspend or
// reinstate.
type UnpublishedRow struct {
	Target string    `json:"target"`
	Action string    `json:"action"`
	Why    string    `json:"why,omitempty"`
	At     time.Time `json:"at"`
	By     string    `json:"by,omitempty"`
}

// BackupRequest names the file to write, absolute and not there yet. OfflineAt
// says in words where the offline keys are kept; empty takes the setting.
type BackupRequest struct {
	File      string `json:"file"`
	OfflineAt string `json:"offlineAt,omitempty"`
}
