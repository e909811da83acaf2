package roots

import (
	"fmt"
	"slices"
	"time"
)

// State is what an operator remembers of a list that was adopted: its newest version.
// Keep it where nobody else writes; [State.Next] is all that changes it.
type State struct {
	list   *List
	digest string
}

// List is the newest version.
func (s State) List() *List { return s.list }

// Bytes are what to keep, for [Restore].
func (s State) Bytes() ([]byte, error) { return s.list.Bytes() }

// Restore reads what [State.Bytes] gave. The error is [ErrForm] or [ErrThreshold].
func Restore(body []byte) (State, error) {
	l, err := Parse(body)
	if err != nil {
		return State{}, err
	}
	return stateOf(l)
}

func stateOf(l *List) (State, error) {
	if err := l.Signed(); err != nil {
		return State{}, err
	}
	d, err := l.Digest()
	return State{l, d}, err
}

// Stands is nil while the list is within its term, else [ErrExpired]: somebody may
// keep a newer one from us.
func (s State) Stands(now time.Time) error {
	if now.After(s.list.Expires) {
		return fmt.Errorf("%w: version %d since %s", ErrExpired, s.list.Version, s.list.Expires.Format(time.RFC3339))
	}
	return nil
}

// Adopt begins with the newest of the versions whose keys have the fingerprint, and
// goes on from there. Errors: those of [State.Next], [ErrFingerprint], [ErrThreshold].
func Adopt(publisher, fingerprint string, versions []*List, now time.Time) (State, error) {
	versions = sorted(versions)
	for _, l := range slices.Backward(versions) {
		if l.Publisher != publisher || !SameFingerprint(l.Fingerprint(), fingerprint) {
			continue
		}
		s, err := stateOf(l)
		if err != nil {
			return State{}, err
		}
		return s.Next(versions, now)
	}
	return State{}, fmt.Errorf("%w: none of %d versions has it", ErrFingerprint, len(versions))
}

// Next goes on to the newest of the versions, which come in any order and hold every
// one after the state's. Each is signed by the threshold of the one before and by its
// own. On an error the state stays what it was. Errors: [ErrRollback], [ErrGap],
// [ErrFork], [ErrThreshold], [ErrExpired], [ErrForm] for one that is not yet issued.
func (s State) Next(versions []*List, now time.Time) (State, error) {
	versions = slices.DeleteFunc(sorted(versions), func(l *List) bool { return l.Publisher != s.list.Publisher })
	if len(versions) == 0 || versions[len(versions)-1].Version < s.list.Version {
		return s, fmt.Errorf("%w: version %d was adopted", ErrRollback, s.list.Version)
	}
	at := s
	for _, l := range versions {
		digest, err := l.Digest()
		if err != nil {
			return s, err
		}
		switch {
		case l.Version < at.list.Version:
			continue
		case l.Version == at.list.Version:
			// The other counts as evidence only where its publisher's keys made it.
			if digest != at.digest && l.enough(at.list.Keys, at.list.Threshold) == nil {
				return s, fmt.Errorf("%w: version %d", ErrFork, l.Version)
			}
			if digest != at.digest && at.list.Version == s.list.Version {
				return s, fmt.Errorf("%w: another version %d, which too few signed", ErrThreshold, l.Version)
			}
			continue
		case l.Version > at.list.Version+1:
			return s, fmt.Errorf("%w: %d after %d", ErrGap, l.Version, at.list.Version)
		}
		if err := l.enough(at.list.Keys, at.list.Threshold); err != nil {
			return s, fmt.Errorf("by the keys of version %d: %w", at.list.Version, err)
		}
		if l.Issued.After(now.Add(5 * time.Minute)) {
			return s, fmt.Errorf("%w: version %d says it was issued later than now", ErrForm, l.Version)
		}
		if at, err = stateOf(l); err != nil {
			return s, err
		}
	}
	if err := at.Stands(now); err != nil {
		return s, err
	}
	return at, nil
}

func sorted(versions []*List) []*List {
	out := slices.Clone(versions)
	slices.SortStableFunc(out, func(a, b *List) int { return int(a.Version - b.Version) })
	return out
}
