// Package keystore keeps private keys in one file that is encrypted with a
// passphrase (age v1 with its scrypt recipient).
//
// The first call to make is [Create] once, and [Open] ever after; [Store.Close]
// ends it. Keys are held per issuer and [Role]: [Store.Add] puts them in,
// [Store.Get] returns the newest live one, [Store.Promote] turns a pre-rotated
// key into the update key, [Store.Retire] ends one and can destroy its private
// part.
//
// It promises that every change is on the disk before the call returns, that a
// failed write leaves the old file and the old state, that only one Store at a
// time has a file open, that a file which others could read is refused, and that
// a destroyed private key is no longer in the file. What a disk keeps of replaced
// files is out of its reach, but that is encrypted too.
//
// The issuer is a plain string to this package. For a did:webvh issuer it is the
// SCID, so that a move to another domain keeps its keys, and the DID otherwise.
//
// It never prints, logs or returns the bytes of a private key, never makes keys
// itself, and never asks for a passphrase twice for one opening. It cannot hide
// keys from somebody who can read the memory of the process, and whoever can
// write the file can put an older copy back, destroyed keys included, if they
// kept one and the passphrase is still the same.
package keystore
