package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
)

// The offline keys (update keys) and those for daily work are kept in two
// files, so that the first can be carried out of the house.

// withKeys opens one of the key files for the time of fn.
func (n *Node) withKeys(file string, create bool, fn func(*keystore.Store) error) error {
	n.keyFiles.Lock()
	defer n.keyFiles.Unlock()
	if n.pass == nil {
		return fmt.Errorf("%w: no passphrase was given", ErrNoKeys)
	}
	path := n.cfg.path(dirKeys, file)
	open := keystore.Open
	if create {
		open = keystore.Create
	}
	s, err := open(path, n.pass, keystore.Config{WorkFactor: n.workFactor, Now: n.clock, Logger: n.log})
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNoKeys, file)
	}
	if err != nil {
		return err
	}
	err = fn(s)
	return errors.Join(err, s.Close())
}

// signer returns the daily key of an issuer, read once and kept in memory
// while the node is open.
func (n *Node) signer(issuer string, role keystore.Role) (key.Signer, error) {
	n.mu.Lock()
	s, ok := n.signers[issuer][role]
	n.mu.Unlock()
	if ok {
		return s, nil
	}
	if err := n.loadSigners(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if s, ok := n.signers[issuer][role]; ok {
		return s, nil
	}
	return nil, fmt.Errorf("%w: %s key of %s", ErrNoKeys, role, issuer)
}

// loadSigners reads all daily keys.
func (n *Node) loadSigners() error {
	signers := make(map[string]map[keystore.Role]key.Signer)
	err := n.withKeys(fileKeysOnline, false, func(s *keystore.Store) error {
		for _, e := range s.List() { // newest last in its role
			if e.Retired != nil {
				continue
			}
			live, err := s.Get(e.Issuer, e.Role)
			if err != nil {
				return err
			}
			sign, err := live.Signer()
			if err != nil {
				return err
			}
			if signers[e.Issuer] == nil {
				signers[e.Issuer] = make(map[keystore.Role]key.Signer)
			}
			signers[e.Issuer][e.Role] = sign
		}
		return nil
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.signers = signers
	n.mu.Unlock()
	return nil
}

// addKeys puts new keys into a file, making it when it is not there.
func (n *Node) addKeys(file string, entries ...keystore.Entry) error {
	add := func(s *keystore.Store) error { return s.Add(entries...) }
	err := n.withKeys(file, false, add)
	if errors.Is(err, ErrNoKeys) && n.pass != nil {
		return n.withKeys(file, true, add)
	}
	return err
}

// newKey makes an Ed25519 key.
func (n *Node) newKey() (key.Private, error) {
	k, err := key.Generate(key.Ed25519, n.random)
	if err != nil {
		return k, fmt.Errorf("node: new key: %w", err)
	}
	return k, nil
}

// keysList lists the keys of an issuer, or of all, without secrets.
func (n *Node) keysList(ctx context.Context, q KeysRequest) (KeyList, error) {
	subject := ""
	if q.Issuer != "" {
		is, err := n.issuer(ctx, q.Issuer)
		if err != nil {
			return KeyList{}, err
		}
		subject = is.Subject
	}
	out := KeyList{Keys: []KeyRow{}}
	for _, file := range []string{fileKeysOnline, fileKeysAway} {
		err := n.withKeys(file, false, func(s *keystore.Store) error {
			for _, e := range s.List() {
				if subject != "" && e.Issuer != subject {
					continue
				}
				whole, err := s.Find(e.Public)
				if err != nil {
					return err
				}
				out.Keys = append(out.Keys, keyRow(whole, file))
			}
			return nil
		})
		if errors.Is(err, ErrNoKeys) {
			continue // a verifier, or the offline keys are where they belong
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func keyRow(e keystore.Entry, file string) KeyRow {
	_, err := e.Signer()
	row := KeyRow{Issuer: e.Issuer, Role: string(e.Role), Key: e.Public.Multikey(), Method: e.ID,
		File: dirKeys + "/" + file, Created: e.Created.UTC().Truncate(time.Second), Secret: err == nil}
	row.Retired = e.Retired
	return row
}
