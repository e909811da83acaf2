package cli

import "golang.org/x/sys/unix"

// advise asks for large pages. Where the kernel gives them only to who asks, a run
// over many credentials spends a tenth of its time on the faults of some 15,000 small
// ones, which gain nothing from a second core. Where it has none, nothing is lost.
func advise(memory []byte) { _ = unix.Madvise(memory, unix.MADV_HUGEPAGE) }
