package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// HeadView is the newest head of a subject.
type HeadView struct {
	Head         record.Head
	EpochVersion int64
	AcceptedAt   time.Time
}

// latest returns the newest head, nil when there is none.
func (r *Replica) latest(ctx context.Context, subject string) (*HeadView, error) {
	var row store.Head
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		row, err = tx.LatestHead(subject)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("replica: head of %s: %w", subject, err)
	}
	return viewOf(row)
}

// Head returns the newest head of a subject. The error is ErrUnknown when
// there is none.
func (r *Replica) Head(ctx context.Context, subject string) (*HeadView, error) {
	v, err := r.latest(ctx, subject)
	if err == nil && v == nil {
		return nil, fmt.Errorf("%w: no head of %s", ErrUnknown, subject)
	}
	return v, err
}

// Digests returns the digests of an epoch's heads with from <= index < to; a
// negative to means all that are held.
func (r *Replica) Digests(ctx context.Context, subject string, epochVersion int64, from, to int) ([][32]byte, error) {
	var rows [][]byte
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		rows, err = tx.GetHistory(subject, epochVersion, int64(from), int64(to))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("replica: history of %s: %w", subject, err)
	}
	out := make([][32]byte, len(rows))
	for i, b := range rows {
		copy(out[i][:], b)
	}
	return out, nil
}

func (r *Replica) manifestBytes(ctx context.Context, subject string, head record.CID) ([]byte, error) {
	var b []byte
	err := r.store.View(ctx, func(tx store.Tx) error {
		m, err := tx.GetManifest(subject, head.String())
		if err != nil {
			return err
		}
		b, err = tx.GetBlob(m.CID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("replica: manifest of %s: %w", subject, err)
	}
	return b, nil
}

// Manifest returns the list of contents behind the newest head; it is shared
// and must not be changed. The error is ErrUnknown when there is no head.
func (r *Replica) Manifest(ctx context.Context, subject string) (record.Manifest, error) {
	snap, err := r.newest(ctx, subject)
	if err != nil {
		return nil, err
	}
	return snap.manifest, nil
}

// newest returns the newest head with its manifest. The error is ErrUnknown when
// there is none.
func (r *Replica) newest(ctx context.Context, subject string) (*snapshot, error) {
	var snap *snapshot
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		snap, err = r.snapshot(tx, subject)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: no head of %s", ErrUnknown, subject)
	}
	return snap, err
}

// FileState says how a file stands against the newest head.
type FileState uint8

// The states. Changed means that the head names a newer body which is not
// here: the old one is known to be outdated.
const (
	Absent FileState = iota
	Current
	Changed
)

// FileView is one file of a folder as it is held.
type FileView struct {
	Body      []byte
	CID       record.CID
	State     FileState
	Named     bool      // the newest head names the path
	Published time.Time // of the newest head
	Expires   time.Time // of the newest head; zero for a final one
	Final     bool
	Source    string
	Sticky    []byte // for lists of purpose revocation: bits once seen set
	WentBack  bool   // a revocation was once taken back
}

func (r *Replica) fileRow(ctx context.Context, subject, path string) (*store.File, error) {
	var f store.File
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		f, err = tx.GetFile(subject, path)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("replica: %s of %s: %w", path, subject, err)
	}
	return &f, nil
}

// File returns one file with its standing. The error is ErrUnknown when there
// is no head; a file that is not held comes back as Absent or Changed.
func (r *Replica) File(ctx context.Context, subject, path string) (*FileView, error) {
	var v *FileView
	var leaf record.Leaf
	noHead, here := false, false
	err := r.store.View(ctx, func(tx store.Tx) error {
		noHead, here = false, false
		snap, err := r.snapshot(tx, subject)
		if err != nil {
			noHead = errors.Is(err, store.ErrNotFound)
			return err
		}
		v = &FileView{Published: snap.Head.Published, Expires: snap.Head.Expires, Final: snap.Head.Final}
		leaf, v.Named = snap.manifest.Find(path)
		mask, err := tx.GetRevoked(subject, path)
		if err == nil {
			v.Sticky = mask.Bits
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		switch _, err := tx.GetFork(subject, ForkStatus, path); {
		case err == nil:
			v.WentBack = true
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		f, err := tx.GetFile(subject, path)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if v.Body, err = tx.GetBlob(f.CID); errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		here = true
		v.CID, err = record.ParseCID(f.CID)
		v.Source = f.Source
		return err
	})
	switch {
	case noHead:
		return nil, fmt.Errorf("%w: no head of %s", ErrUnknown, subject)
	case err != nil:
		return nil, fmt.Errorf("replica: %s of %s: %w", path, subject, err)
	case !here:
		if v.Named {
			v.State = Changed
		}
	case v.Named && leaf.CID == v.CID:
		v.State = Current
	case v.Named:
		v.State = Changed
	}
	return v, nil
}

// Practice returns the issuer's practice statement, which counts only where
// it is current. The error is ErrUnknown when the issuer publishes none, and
// another when it does and the statement is not at hand or does not hold.
func (r *Replica) Practice(ctx context.Context, subject string) (*credential.Practice, error) {
	v, err := r.File(ctx, subject, PathPractice)
	if err != nil {
		return nil, err
	}
	switch {
	case v.State == Current:
	case !v.Named:
		return nil, fmt.Errorf("%w: no practice statement", ErrUnknown)
	default:
		return nil, fmt.Errorf("%w: %s", ErrNotNamed, PathPractice)
	}
	h, err := r.History(ctx, subject)
	if err != nil {
		return nil, err
	}
	doc, err := document(h)
	if err != nil {
		return nil, err
	}
	return credential.CheckPractice(ctx, v.Body, doc)
}

// Locate maps the URL of a file to its subject and path, through the verified
// log of the issuer that a credential names and never from the URL alone, or
// through what that issuer's practice says of lists that were begun elsewhere.
// The error is ErrUnknown when the URL is no location of that issuer.
func (r *Replica) Locate(ctx context.Context, issuer, url string) (subject, path string, err error) {
	subject = record.SubjectOf(issuer)
	h, err := r.History(ctx, subject)
	if err != nil {
		return "", "", err
	}
	under := ""
	for _, base := range locations(h, "") {
		if len(url) > len(base) && url[:len(base)] == base {
			if path = url[len(base):]; record.CheckPath(path) == nil {
				if _, ok := record.KindOf(path); ok {
					return subject, path, nil
				}
				under = path // the folder has no such file, but the name may be an older one's
			}
		}
	}
	// An issuer whose practice cannot be read may have claimed the URL: then it is
	// not known where the file is, which is not the same as being elsewhere.
	p, err := r.Practice(ctx, subject)
	if err == nil && p.Lists[url] != "" {
		return subject, p.Lists[url], nil
	}
	if err != nil && !errors.Is(err, ErrUnknown) {
		return "", "", err
	}
	if under != "" {
		return subject, under, nil
	}
	return "", "", fmt.Errorf("%w: %.200s is not in the folder of %s", ErrUnknown, url, issuer)
}

// Subject returns the row of a subject. The error is ErrUnknown.
func (r *Replica) Subject(ctx context.Context, subject string) (store.Subject, error) {
	var s store.Subject
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		s, err = tx.GetSubject(subject)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return s, fmt.Errorf("%w: %s", ErrUnknown, subject)
	}
	return s, err
}

// Subjects lists what is held, by subject, of the classes given or of all.
func (r *Replica) Subjects(ctx context.Context, after string, limit int, classes ...int) ([]store.Subject, error) {
	var list []store.Subject
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		list, err = tx.ListSubjects(after, limit, classes...)
		return err
	})
	return list, err
}

// SetClass marks a subject as followed, recognised, own or a stranger. Only
// strangers are ever evicted. The error is ErrUnknown.
func (r *Replica) SetClass(ctx context.Context, subject string, class int) error {
	err := r.store.Update(ctx, "", func(tx store.Tx) error {
		s, err := tx.GetSubject(subject)
		if err != nil {
			return err
		}
		s.Class = class
		return tx.PutSubject(s)
	})
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: %s", ErrUnknown, subject)
	}
	return err
}

// Forks returns the evidence about a subject, or about all for "".
func (r *Replica) Forks(ctx context.Context, subject string) ([]store.Fork, error) {
	var list []store.Fork
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		list, err = tx.ListForks(subject)
		return err
	})
	return list, err
}

// HeadContested tells whether the epoch of the newest head has a fork.
func (r *Replica) HeadContested(ctx context.Context, subject string) (bool, error) {
	v, err := r.latest(ctx, subject)
	if err != nil || v == nil {
		return false, err
	}
	err = r.store.View(ctx, func(tx store.Tx) error {
		_, err := tx.GetFork(subject, string(record.ForkHead), v.Head.Epoch)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Sight records that a subject's log was fetched over HTTPS from a host, by
// this node (observer "") or by another whom the operator named.
func (r *Replica) Sight(ctx context.Context, s store.Sighting) error {
	return r.store.Update(ctx, "", func(tx store.Tx) error { return tx.PutSighting(s) })
}

// Seen returns the newest sighting of a subject at a host, by this node or by
// one of the observers given; nil when there is none. Without one the domain
// in an identifier is a claim.
func (r *Replica) Seen(ctx context.Context, subject, host string, observers ...string) (*store.Sighting, error) {
	var best *store.Sighting
	err := r.store.View(ctx, func(tx store.Tx) error {
		best = nil
		list, err := tx.ListSightings(subject)
		for _, s := range list {
			if s.Host == host && (s.Observer == "" || contains(observers, s.Observer)) && (best == nil || s.At > best.At) {
				best = &s
			}
		}
		return err
	})
	return best, err
}

// BodyByCID returns a body that the newest head of a subject names, for
// serving it to others. The error is ErrUnknown.
func (r *Replica) BodyByCID(ctx context.Context, subject string, cid record.CID) ([]byte, error) {
	var b []byte
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		b, err = tx.GetBlob(cid.String())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, cid)
	}
	return b, err
}

// LogFiles returns the bytes of a subject's log and witness file.
func (r *Replica) LogFiles(ctx context.Context, subject string) (log, witness []byte, err error) {
	err = r.store.View(ctx, func(tx store.Tx) (err error) {
		if log, err = body(tx, subject, PathLog); err != nil {
			return err
		}
		if witness, err = body(tx, subject, PathWitness); errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: %s", ErrUnknown, subject)
	}
	return log, witness, err
}

// ManifestBytes returns the manifest behind the newest head as it travels.
func (r *Replica) ManifestBytes(ctx context.Context, subject string) ([]byte, error) {
	v, err := r.Head(ctx, subject)
	if err != nil {
		return nil, err
	}
	return r.manifestBytes(ctx, subject, v.Head.CID())
}

// Missing lists the files that the newest head names and that are not here,
// of the kinds that travel as files.
func (r *Replica) Missing(ctx context.Context, subject string) ([]record.Leaf, error) {
	m, err := r.Manifest(ctx, subject)
	if err != nil {
		return nil, err
	}
	var missing []record.Leaf
	err = r.store.View(ctx, func(tx store.Tx) error {
		missing = nil
		for _, leaf := range m {
			kind, known := record.KindOf(leaf.Path)
			if !known || !travels(kind) || leaf.Size > int64(kind.MaxBytes()) {
				continue
			}
			f, err := tx.GetFile(subject, leaf.Path)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if err != nil || f.CID != leaf.CID.String() {
				missing = append(missing, leaf)
			}
		}
		return nil
	})
	return missing, err
}

func travels(k record.Kind) bool {
	switch k {
	case record.KindStatusList, record.KindStatusToken, record.KindStatusCWT, record.KindWhois, record.KindRecognition, record.KindPractice, record.KindSchema, record.KindAnchor:
		return true
	}
	return false
}
