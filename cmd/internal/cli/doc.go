// Package cli is the command line of Bonafide: commands, flags, output and exit
// codes.
//
// The first call to make is [Main] with the arguments after the program's name.
// Everything that a command does is an operation of package node: while a node
// runs on the home, the command asks it through its admin listener, else it
// opens the home itself for as long as it takes. `verify`, `did check`, `did
// resolve`, `fork verify` and `version` also work where there is no home.
//
// It promises that answers go to standard output and everything else to
// standard error, that --json prints exactly what the operation answered, and
// that the exit code is 0 for verified or done, 1 for invalid or refused, 2 for
// a wrong call, 3 for what could not be established, and 4 when a node or
// something it needs could not be reached. In bulk 1 beats 4 beats 3.
//
// It never decides anything about a credential, and it writes no colour
// anywhere but on a terminal, and not there when NO_COLOR is set.
package cli
