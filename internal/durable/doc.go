// Package durable replaces files so that neither a crash nor a power cut
// leaves half of one, and keeps two processes from owning the same data.
//
// The first call to make is [WriteFile]; [Lock] guards a folder or file that
// one process at a time may own.
//
// WriteFile makes these calls in this order, and each only after the one
// before it succeeded:
//
//  1. open the folder of the file, so that it can be synced in the end
//  2. create .NAME.RANDOM.tmp in that folder, exclusively, with mode 0600
//  3. write the data
//  4. fchmod to the wanted mode (the umask does not apply)
//  5. fsync the temporary file, and close it
//  6. rename it over the file
//  7. fsync the folder
//
// A reader therefore sees the whole old file or the whole new one, at any
// time and after any crash. When WriteFile returns nil, the new one is what a
// power cut leaves. When a step up to the rename fails, the old file is as it
// was and the temporary file is removed; a crash may leave a temporary file
// behind, which is safe to delete. On Windows a folder cannot be synced; there
// step 6 asks the system to write the rename through to the disk, and steps 1
// and 7 are empty, and the rename fails while someone has the file open.
//
// It never creates the folder, never follows a symbolic link at the path (the
// link itself is replaced), and never tries again after a failed fsync: what
// the system then holds in memory may not be what is on the disk. It trusts
// the disk to keep what it says it has synced.
package durable
