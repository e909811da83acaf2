package keystore

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrPassphrase says that the passphrase is wrong, empty, or could not be had.
	// Ask again; nothing was changed.
	ErrPassphrase = hint.New("keystore: wrong or missing passphrase",
		"Give the passphrase that was chosen when the key store was created; it cannot be recovered.")

	// ErrLoose says that others than the owner may read or write the file. Stop:
	// the keys may be known to others already.
	ErrLoose = hint.New("keystore: file is open to others",
		"Find out who could read it, then run chmod 600 on the file.")

	// ErrNoKey says that there is no such key, or that its private part is not in
	// the store any more. Choose another key or make one.
	ErrNoKey = hint.New("keystore: no such key",
		"List the keys to see which are there; rotate to make new ones.")

	// ErrExists says that the file or the key is there already. Nothing was
	// overwritten.
	ErrExists = hint.New("keystore: exists already",
		"Open the existing key store, or choose another place.")

	// ErrDamaged says that the file is not a key store or was changed. Take it from
	// a backup.
	ErrDamaged = hint.New("keystore: damaged file",
		"Restore the key store from a backup; do not create a new one over it.")

	// ErrEntry says that an entry lacks something or has an unknown role. It is a
	// mistake of the caller.
	ErrEntry = hint.New("keystore: invalid entry",
		"Give the key an issuer, one of the known roles, and its private part.")

	// ErrClosed says that the store was used after Close. It is a mistake of the
	// caller.
	ErrClosed = hint.New("keystore: closed",
		"Open the key store again.")
)
