package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/legal/domain"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// FolderFile is one file of a folder as a web server gives it out.
type FolderFile struct {
	Body        []byte
	ContentType string
	ETag        string
	// MaxAge is how long a cache may keep it, where the file says so: for a status
	// list its ttl, and never beyond its term.
	MaxAge *time.Duration
}

// Folder finds the file that an own issuer publishes at a URL path: the
// did.jsonl of `did:webvh:SCID:HOST:a:b` stands at /a/b/did.jsonl, that of an
// identifier without a path at /.well-known/did.jsonl. host is the name that
// was asked for; with several issuers of equal paths it decides. The error is
// ErrNoIssuer.
func (n *Node) Folder(ctx context.Context, host, path string) (FolderFile, error) {
	if path == domain.Path {
		b, err := n.linkage(ctx, host)
		if err != nil {
			return FolderFile{}, err
		}
		age := linkReuse
		return FolderFile{Body: b, ContentType: "application/json", ETag: `"` + record.CIDOf(b).String() + `"`, MaxAge: &age}, nil
	}
	for _, exact := range []bool{true, false} {
		for _, subject := range n.ownSubjects() {
			h, err := n.ownLog(ctx, subject)
			if err != nil {
				continue
			}
			for _, d := range h.DIDs() {
				id, err := webvh.ParseID(d)
				if err != nil {
					continue
				}
				u, err := url.Parse(id.FileURL(""))
				if err != nil || exact && !strings.EqualFold(u.Host, host) {
					continue
				}
				if rel, ok := relative(path, u.Path, id); ok {
					f, err := n.folderFile(ctx, subject, h, rel)
					if err == nil || !errors.Is(err, ErrNoIssuer) {
						return f, err
					}
				}
			}
		}
	}
	if subject, rel, ok := n.elsewhere(ctx, host, path); ok {
		h, err := n.ownLog(ctx, subject)
		if err != nil {
			return FolderFile{}, err
		}
		return n.folderFile(ctx, subject, h, rel)
	}
	return FolderFile{}, fmt.Errorf("%w: nothing is published at %.200s", ErrNoIssuer, path)
}

// relative maps a URL path to the path in the folder.
func relative(path, base string, id webvh.ID) (string, bool) {
	if len(id.Path) == 0 {
		if rest, ok := strings.CutPrefix(path, "/.well-known/"); ok {
			switch rest {
			case replica.PathLog, replica.PathWitness, "did.json":
				return rest, true
			}
			return "", false
		}
	}
	rest, ok := strings.CutPrefix(path, base)
	if !ok || rest == "" || record.CheckPath(rest) != nil {
		return "", false
	}
	if len(id.Path) == 0 && (rest == replica.PathLog || rest == replica.PathWitness) {
		return "", false
	}
	return rest, true
}

// folderFile reads one file of an own folder.
func (n *Node) folderFile(ctx context.Context, subject string, h *webvh.History, rel string) (FolderFile, error) {
	var b []byte
	var maxAge *time.Duration
	switch rel {
	case "bonafide/history":
		v, err := n.replica.Head(ctx, subject)
		if err != nil {
			return FolderFile{}, fmt.Errorf("%w: %w", ErrNoIssuer, err)
		}
		digests, err := n.replica.Digests(ctx, subject, v.EpochVersion, 0, -1)
		if err != nil {
			return FolderFile{}, err
		}
		history, err := record.NewHistory(digests)
		if err != nil {
			return FolderFile{}, err
		}
		b = history.Encode()
	case "did.json":
		tree, err := h.ParallelDIDWeb()
		if err != nil {
			return FolderFile{}, fmt.Errorf("%w: %w", ErrNoIssuer, err)
		}
		if b, err = strictjson.Canonical(tree); err != nil {
			return FolderFile{}, err
		}
	case pathAggregation:
		var err error
		if b, err = n.aggregation(ctx, subject); err != nil {
			return FolderFile{}, err
		}
	default:
		err := n.store.View(ctx, func(tx store.Tx) error {
			if cid, ok := strings.CutPrefix(rel, "bonafide/"); ok && rel != pathHead && rel != pathManifest {
				var err error
				b, err = n.draftByCID(tx, subject, cid)
				return err
			}
			d, err := tx.GetDraft(subject, rel)
			b, maxAge = d.Body, nil
			if strings.HasPrefix(rel, "status/") {
				age := min(duration(n.cfg.Cadence), time.UnixMilli(d.ValidUntil).Sub(n.clock()))
				maxAge = &age
			}
			return err
		})
		if isNotFound(err) {
			return FolderFile{}, fmt.Errorf("%w: no file %s", ErrNoIssuer, rel)
		}
		if err != nil {
			return FolderFile{}, err
		}
	}
	return FolderFile{Body: b, ContentType: contentType(rel), ETag: `"` + record.CIDOf(b).String() + `"`, MaxAge: maxAge}, nil
}

// draftByCID finds a body by its content address.
func (n *Node) draftByCID(tx store.Tx, subject, cid string) ([]byte, error) {
	drafts, err := tx.ListDrafts(subject)
	if err != nil {
		return nil, err
	}
	for _, d := range drafts {
		if d.CID == cid {
			full, err := tx.GetDraft(subject, d.Path)
			return full.Body, err
		}
	}
	return nil, store.ErrNotFound
}

// contentType of a file by its place.
func contentType(rel string) string {
	switch {
	case rel == replica.PathLog:
		return "text/jsonl"
	case rel == "bonafide/manifest":
		return "application/jsonl"
	case rel == "bonafide/history":
		return "application/octet-stream"
	case rel == replica.PathWhois:
		return "application/vp"
	case strings.HasPrefix(rel, "status/") && strings.HasSuffix(rel, ".jwt"):
		return revocation.MediaStatusJWT
	case strings.HasPrefix(rel, "status/") && strings.HasSuffix(rel, ".cwt"):
		return revocation.MediaStatusCWT
	case rel == pathAggregation:
		return "application/json"
	case strings.HasPrefix(rel, "status/"), strings.HasPrefix(rel, "recognition/"):
		return "application/vc"
	case rel == "did.json":
		return "application/did"
	}
	return "application/json"
}

// exportFolder writes a folder for a plain web server.
func (n *Node) exportFolder(ctx context.Context, q ExportRequest) (ExportResponse, error) {
	if !filepath.IsAbs(q.Dir) {
		return ExportResponse{}, fmt.Errorf("%w: dir must be an absolute path", ErrRequest)
	}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return ExportResponse{}, err
	}
	return n.export(ctx, is.Subject, q.Dir)
}

// export writes every file of an own folder; the head last, so that a reader
// never finds a head before what it names.
func (n *Node) export(ctx context.Context, subject, dir string) (ExportResponse, error) {
	h, err := n.ownLog(ctx, subject)
	if err != nil {
		return ExportResponse{}, err
	}
	id, err := webvh.ParseID(h.DID())
	if err != nil {
		return ExportResponse{}, err
	}
	var drafts []store.Draft
	err = n.store.View(ctx, func(tx store.Tx) (err error) {
		drafts, err = tx.ListDrafts(subject)
		return err
	})
	if err != nil {
		return ExportResponse{}, err
	}
	out := ExportResponse{Dir: dir, Files: []string{}, URL: id.FileURL("")}
	names := make([]string, 0, len(drafts)+3)
	for _, d := range drafts {
		if d.Path != pathHead {
			names = append(names, d.Path)
		}
	}
	names = append(names, pathAggregation, "bonafide/history", "did.json", pathHead)
	for _, name := range names {
		f, err := n.folderFile(ctx, subject, h, name)
		if errors.Is(err, ErrNoIssuer) {
			continue
		}
		if err != nil {
			return out, err
		}
		rel := name
		if len(id.Path) == 0 && (name == replica.PathLog || name == replica.PathWitness || name == "did.json") {
			rel = ".well-known/" + name
		}
		if err := writeUnder(dir, rel, f.Body); err != nil {
			return out, err
		}
		out.Files = append(out.Files, rel)
		out.Bytes += int64(len(f.Body))
	}
	if len(id.Path) == 0 { // else the origin is somebody's who serves others too
		if err := n.exportLinkage(ctx, subject, &out); err != nil {
			return out, err
		}
	}
	return out, n.exportElsewhere(ctx, subject, &out, id.FileURL(""))
}

// exportLinkage writes the DID configuration beside the log. A node that may not sign
// now leaves the one that is there.
func (n *Node) exportLinkage(ctx context.Context, subject string, out *ExportResponse) error {
	links, _, err := n.linksOf(ctx, subject)
	if err != nil {
		n.log.Debug("no domain linkage", "issuer", subject, "err", err)
		return nil
	}
	b, err := domain.Configuration(links)
	if err != nil {
		return err
	}
	if err := writeUnder(out.Dir, ".well-known/"+fileLinkage, b); err != nil {
		return err
	}
	out.Files = append(out.Files, ".well-known/"+fileLinkage)
	out.Bytes += int64(len(b))
	return nil
}

// exportElsewhere writes lists that were begun at a place under the folder's own
// base there too, and names the others for the web server's rules.
func (n *Node) exportElsewhere(ctx context.Context, subject string, out *ExportResponse, base string) error {
	lists, err := n.book.Lists(ctx, subject)
	if err != nil {
		return err
	}
	for _, l := range lists {
		if l.URL == "" {
			continue
		}
		rel, under := strings.CutPrefix(l.URL, base)
		if !under || record.CheckPath(rel) != nil {
			out.Elsewhere = append(out.Elsewhere, Elsewhere{URL: l.URL, File: pathAt(l)})
			continue
		}
		h, err := n.ownLog(ctx, subject)
		if err != nil {
			return err
		}
		f, err := n.folderFile(ctx, subject, h, pathAt(l))
		if errors.Is(err, ErrNoIssuer) {
			continue // not published yet
		}
		if err != nil {
			return err
		}
		if err := writeUnder(out.Dir, rel, f.Body); err != nil {
			return err
		}
		out.Files = append(out.Files, rel)
		out.Bytes += int64(len(f.Body))
	}
	return nil
}

func writeUnder(dir, rel string, b []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(rel))
	// Of thousands of lists few change from one publication to the next.
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(b)) {
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, b) {
			return nil
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("node: export: %w", err)
	}
	if err := durable.WriteFile(path, b, 0o644); err != nil {
		return fmt.Errorf("node: export: %w", err)
	}
	return nil
}

// exportOwn writes the folder into the configured web space.
func (n *Node) exportOwn(ctx context.Context, subject string) {
	if n.cfg.PublishDir == "" {
		return
	}
	dir := n.cfg.PublishDir
	if len(n.ownSubjects()) > 1 {
		dir = filepath.Join(dir, subject)
	}
	if _, err := n.export(ctx, subject, dir); err != nil {
		n.log.Error("export", "issuer", subject, "dir", dir, "err", err)
	}
}

// WatcherLog returns the log of an identifier that is held and given out
// (did:webvh 1.0, watchers).
func (n *Node) WatcherLog(ctx context.Context, scid string) ([]byte, error) {
	if err := n.gives(ctx, scid); err != nil {
		return nil, err
	}
	log, _, err := n.replica.LogFiles(ctx, scid)
	return log, err
}

// gives holds the watcher's routes to what peers are given too: what was only
// looked up says whom this node had to do with (ErrUnknown).
func (n *Node) gives(ctx context.Context, subject string) error {
	row, err := n.replica.Subject(ctx, subject)
	if err == nil && row.Class == store.ClassStranger && !n.cfg.ServeAll {
		return fmt.Errorf("%w: %.100s is not given out", replica.ErrUnknown, subject)
	}
	return err
}

// WatcherWitness returns the witness file of an identifier that is held.
func (n *Node) WatcherWitness(ctx context.Context, scid string) ([]byte, error) {
	if err := n.gives(ctx, scid); err != nil {
		return nil, err
	}
	_, w, err := n.replica.LogFiles(ctx, scid)
	if err == nil && len(w) == 0 {
		return nil, fmt.Errorf("%w: no witness file of %s", replica.ErrUnknown, scid)
	}
	return w, err
}

// WatcherResource returns a current file of a folder that is held.
func (n *Node) WatcherResource(ctx context.Context, scid, path string) (FolderFile, error) {
	if err := record.CheckPath(path); err != nil {
		return FolderFile{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := n.gives(ctx, scid); err != nil {
		return FolderFile{}, err
	}
	v, err := n.replica.File(ctx, scid, path)
	if err != nil {
		return FolderFile{}, err
	}
	if v.State != replica.Current {
		return FolderFile{}, fmt.Errorf("%w: %s of %s", replica.ErrUnknown, path, scid)
	}
	return FolderFile{Body: v.Body, ContentType: contentType(path), ETag: `"` + v.CID.String() + `"`}, nil
}

// importLog takes a did:webvh log that was made elsewhere, keeps it as
// followed, and tells the peers.
func (n *Node) importLog(ctx context.Context, q ImportRequest) (ImportResponse, error) {
	res := n.replica.Accept(ctx, replica.Offer{Source: "file:import", Log: &replica.LogOffer{Log: q.Log, Witness: q.Witness}})
	out := ImportResponse{Outcome: res.Outcome.String(), Subject: res.Subject}
	if res.Outcome == record.Refused || res.Outcome == record.Forked {
		return out, fmt.Errorf("node: import: %s: %w", res.Outcome, res.Err)
	}
	row, err := n.replica.Subject(ctx, res.Subject)
	if err != nil {
		return out, err
	}
	if q.DID != "" && subjectOf(q.DID) != res.Subject {
		return out, fmt.Errorf("%w: the log is of %s", did.ErrInvalid, row.DID)
	}
	if row.Class < store.ClassFollowed {
		if err := n.replica.SetClass(ctx, res.Subject, store.ClassFollowed); err != nil {
			return out, err
		}
	}
	out.DID, out.VersionID = row.DID, row.LogVersionID
	n.announce(ctx, res.Subject)
	return out, nil
}

// forks lists evidence.
func (n *Node) forks(ctx context.Context, q ForksRequest) (ForkList, error) {
	subject := ""
	if q.DID != "" {
		subject = subjectOf(q.DID)
	}
	list, err := n.replica.Forks(ctx, subject)
	if err != nil {
		return ForkList{}, err
	}
	out := ForkList{Forks: []ForkRow{}}
	for _, f := range list {
		out.Forks = append(out.Forks, ForkRow{Subject: f.Subject, Kind: f.Kind, Parent: f.Parent,
			SeenAt: time.UnixMilli(f.SeenAt).UTC(), Body: f.Body})
	}
	return out, nil
}

func subjectOf(id string) string { return record.SubjectOf(id) }
