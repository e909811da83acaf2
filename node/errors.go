package node

import (
	"context"
	"errors"
	"net/http"

	"github.com/bonafide-id/bonafide/anchor"
	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/internal/fetch"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/ebsi"
	"github.com/bonafide-id/bonafide/legal/register"
	"github.com/bonafide-id/bonafide/legal/seal"
	"github.com/bonafide-id/bonafide/legal/trustlist"
	"github.com/bonafide-id/bonafide/p2p"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/jades"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

var (
	// ErrConfig: a setting is wrong. Nothing was started.
	ErrConfig = hint.New("node: wrong setting", "Correct the setting named in config.toml, in the environment or in the flag.")
	// ErrNoHome: the folder is no home of a node.
	ErrNoHome = hint.New("node: no node lives in this folder", "Make one with `bonafide init`, or name another folder with --home.")
	// ErrHomeExists: the folder is a home already.
	ErrHomeExists = hint.New("node: a node lives in this folder already", "Use another folder with --home; an existing home is never overwritten.")
	// ErrRunning: another process works on the home.
	ErrRunning = hint.New("node: the home is in use by another process", "Send the command to the running node (it is done by itself when the node is up), or wait for the other command to end.")
	// ErrNoOp: there is no such operation.
	ErrNoOp = hint.New("node: no such operation", "The program and the node are of different versions; update the older one.")
	// ErrRequest: an operation's request cannot be read or lacks something.
	ErrRequest = hint.New("node: the request is not complete", "Add or correct the member named.")
	// ErrForbidden: the token does not allow the operation, or not for that issuer.
	ErrForbidden = hint.New("node: not allowed with this token", "Use a token of the role and issuer that the operation needs; the home's own token may do everything.")
	// ErrNoToken: there is no such token. Nothing was changed.
	ErrNoToken = hint.New("node: no such token", "Run `bonafide token list` and name a token by its id.")
	// ErrImport: a list that was begun elsewhere cannot be taken over as asked.
	// Nothing was changed.
	ErrImport = hint.New("node: the list cannot be imported", "Read the reason; --dry-run shows what an import would do.")
	// ErrNoIssuer: the node serves no such issuer, or several and none was named.
	ErrNoIssuer = hint.New("node: no such issuer on this node", "Name an issuer of this node with --issuer; `bonafide did show` lists them, `bonafide did create` makes one.")
	// ErrClosed: the issuer has closed its identifier.
	ErrClosed = hint.New("node: the issuer has closed", "A closed identifier cannot issue or change any more; create a new one.")
	// ErrHalted: the node does not sign for the issuer at the moment.
	ErrHalted = hint.New("node: signing is halted", "Run `bonafide resume`: it shows the reason and what to do. Stop the other node that signs with this key before anything else.")
	// ErrNotReadBack: the last head was not read back from elsewhere yet.
	ErrNotReadBack = hint.New("node: the last published head was not read back yet", "Wait until a bootstrap peer or the web folder answers, or run `bonafide resume --alone` if none can.")
	// ErrRestored: the home was restored from a backup and has not caught up.
	ErrRestored = hint.New("node: restored from a backup and not caught up yet", "Wait until every bootstrap peer has answered (`bonafide resume` shows who), connect to one that holds the folder with `bonafide peers connect`, or read what `bonafide resume --alone` risks.")
	// ErrIncomplete: what was published after is not all here, or cannot be read.
	ErrIncomplete = hint.New("node: what is to be taken over is not all here", "Connect to a peer that holds the whole folder with `bonafide peers connect`, and try again.")
	// ErrBackup: a file is no backup, or is damaged.
	ErrBackup = hint.New("node: not a backup, or a damaged one", "Take another copy of the backup; a damaged one is never restored in part.")
	// ErrNoFile: a file or folder that was named is not there or not allowed.
	ErrNoFile = hint.New("node: a file or folder cannot be used", "Check that it is there and that the user of the node may read and write it.")
	// ErrNotEmpty: a folder to restore into is not empty.
	ErrNotEmpty = hint.New("node: the folder is not empty", "Name a new or empty folder with --home; a restore never writes over anything.")
	// ErrClock: the clock is behind what was signed last.
	ErrClock = hint.New("node: the clock is behind the last signature", "Set the clock; nothing is signed with an earlier time than before.")
	// ErrTarget: a credential, id or LIST#INDEX that the book does not know.
	ErrTarget = hint.New("node: no such credential in the book", "Name the credential file, the id of a credential that this issuer issued, or LIST#INDEX.")
	// ErrConfirm: an act that cannot be undone was not confirmed.
	ErrConfirm = hint.New("node: this cannot be undone and was not confirmed", "Read what it does and repeat it with --yes.")
	// ErrNoKeys: the keys needed are not in this home.
	ErrNoKeys = hint.New("node: the keys for this are not here", "Bring the key file (keys/offline.age for changes of the identifier) back into the home, or run the command where it is.")
	// ErrIdentity: the issuer has not stated who it is.
	ErrIdentity = hint.New("node: the issuer has not stated who it is", "State it with `bonafide identity set`.")
	// ErrHeld: too few others hold the new state in the time given.
	ErrHeld = hint.New("node: not held by enough others in time", "The change is durable here and published; look at `bonafide peers` and wait.")
)

// Failure is an error as a face shows it.
type Failure struct {
	Status                    int // HTTP
	Type, Title, Detail, Hint string
	ExitCode                  int // 1 refused, 2 usage, 3 could not be established, 4 unreachable
}

// FailureOf is the one map from errors to HTTP status and exit code. A detail
// carries the error's own text; errors of the disk and unknown ones do not
// leave the machine.
func FailureOf(err error) Failure {
	f := Failure{Status: http.StatusInternalServerError, Title: "The node failed", ExitCode: 1, Hint: hint.Of(err), Type: "about:blank"}
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	detail := true
	switch {
	case is(context.Canceled):
		f.Status, f.Title, f.ExitCode = 499, "The request was given up", 4
	case is(context.DeadlineExceeded):
		f.Status, f.Title, f.ExitCode = http.StatusGatewayTimeout, "It took too long", 4
	case is(ErrForbidden):
		f.Status, f.Title = http.StatusForbidden, "Not allowed"
	case is(ErrNoOp, ErrNoIssuer, ErrNoToken, ErrTarget, ErrNoHome, revocation.ErrNoList, replica.ErrUnknown):
		f.Status, f.Title = http.StatusNotFound, "Not found"
	case is(did.ErrNotFound, exchange.ErrNotFound):
		f.Status, f.Title, f.ExitCode = http.StatusNotFound, "Not found", 3
		f.Type = "https://www.w3.org/ns/did#NOT_FOUND"
	case is(did.ErrMethod, did.ErrFeature):
		f.Status, f.Title, f.ExitCode = http.StatusNotImplemented, "Not supported", 2
		f.Type = "https://www.w3.org/ns/did#" + did.Code(err)
	case is(did.ErrInvalid, did.ErrInvalidURL, did.ErrOptions):
		f.Status, f.Title = http.StatusBadRequest, "Not a valid identifier or option"
		f.Type = "https://www.w3.org/ns/did#" + did.Code(err)
	case is(ErrConfig, ErrRequest, ErrConfirm, exchange.ErrQuestion):
		f.Status, f.Title, f.ExitCode = http.StatusBadRequest, "The request is not right", 2
	case is(strictjson.ErrTooLarge):
		f.Status, f.Title, f.ExitCode = http.StatusRequestEntityTooLarge, "Too large", 2
	case is(credential.ErrParse, credential.ErrMalformed):
		f.Status, f.Title, f.ExitCode = http.StatusBadRequest, "Not a credential that can be read", 1
		f.Type = "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"
		if is(credential.ErrParse) {
			f.Type = "https://www.w3.org/TR/vc-data-model#PARSING_ERROR"
		}
	case is(seal.ErrStatement, seal.ErrOtherDID, seal.ErrNotQuoted, seal.ErrHolder, seal.ErrTime, seal.ErrUse, seal.ErrLarge, jades.ErrShape, jades.ErrCount, jades.ErrHeader,
		jades.ErrCritical, jades.ErrAlgorithm, jades.ErrThumbprint, jades.ErrTooMany, cert.ErrParse, cert.ErrKey, cert.ErrSize, cert.ErrCritical, cert.ErrSubject, key.ErrSignature):
		f.Status, f.Title = http.StatusBadRequest, "Not a seal that counts"
	case is(credential.ErrProfile, legal.ErrNaturalPerson, legal.ErrOrganisation, legal.ErrIdentifier, legal.ErrCheckDigits, revocation.ErrPurpose, revocation.ErrRange, revocation.ErrNotAllocated,
		revocation.ErrReason, revocation.ErrTooMany, revocation.ErrFormat, revocation.ErrLength, ErrImport):
		f.Status, f.Title = http.StatusBadRequest, "Refused"
	case is(ebsi.ErrForm, ebsi.ErrHash, ebsi.ErrTooLarge, register.ErrForm, register.ErrTooLarge, register.ErrDuplicate, register.ErrPerson):
		f.Status, f.Title = http.StatusBadRequest, "Not a file of a register that can be kept"
	case is(trustlist.ErrTooLarge, trustlist.ErrXML, trustlist.ErrSignature, trustlist.ErrSigner, trustlist.ErrForm):
		f.Status, f.Title = http.StatusBadRequest, "Not a trusted list that counts"
	case is(revocation.ErrFinal, revocation.ErrAdopted, revocation.ErrNoRoom, trustlist.ErrOlder, ErrClosed, ErrHalted, ErrNotReadBack, ErrRestored, ErrIncomplete, ErrHomeExists, ErrNotEmpty, ErrNoFile, ErrBackup, store.ErrExists, ErrClock, ErrIdentity, ErrNoKeys, webvh.ErrDeactivated, replica.ErrForked):
		f.Status, f.Title = http.StatusConflict, "Refused"
	case is(keystore.ErrPassphrase, keystore.ErrLoose, keystore.ErrNoKey):
		f.Status, f.Title = http.StatusConflict, "The keys cannot be used"
	case is(ErrRunning, durable.ErrLocked, store.ErrLocked):
		f.Status, f.Title, f.ExitCode = http.StatusServiceUnavailable, "In use", 4
	case is(store.ErrFull, store.ErrReadOnly):
		f.Status, f.Title, f.ExitCode = http.StatusInsufficientStorage, "The disk takes no more", 4
	case is(store.ErrUnreachable, store.ErrInDoubt):
		f.Status, f.Title, f.ExitCode = http.StatusServiceUnavailable, "The database is away", 4
		// The text names the server and its user, which are nobody's business.
		detail, f.Detail = false, store.ErrUnreachable.Error()
		if is(store.ErrInDoubt) {
			f.Detail = store.ErrInDoubt.Error()
		}
	case is(anchor.ErrConfig, contracts.ErrAddress, contracts.ErrSubject):
		f.Status, f.Title, f.ExitCode = http.StatusBadRequest, "The request is not right", 2
	case is(anchor.ErrContract, anchor.ErrBinding, anchor.ErrProof, anchor.ErrBusy, anchor.ErrFee, anchor.ErrConflict, contracts.ErrProof, contracts.ErrRefused, contracts.ErrSigner):
		f.Status, f.Title = http.StatusConflict, "Refused"
	case is(anchor.ErrUnknown, contracts.ErrEndpoint, contracts.ErrNoBlock):
		f.Status, f.Title, f.ExitCode = http.StatusBadGateway, "The chain could not be asked", 4
	case is(exchange.ErrOffline, did.ErrUnavailable, fetch.ErrUnreachable, fetch.ErrTimeout, p2p.ErrPeerUnreachable, ErrHeld):
		f.Status, f.Title, f.ExitCode = http.StatusBadGateway, "Could not be reached", 4
	default:
		detail = f.Hint != ""
	}
	if detail {
		f.Detail = err.Error()
	}
	if f.Hint == "" {
		f.Hint = "Look at the node's log for this moment; if it stays, report it."
	}
	return f
}
