// Command bonafide is the whole program: a node that publishes an issuer's
// signed folder and keeps copies of others', and the tools around it.
//
// The first command to give is "bonafide demo", which shows everything on one
// machine; "bonafide help" lists the rest. All commands live in package
// cmd/internal/cli, so that tests can run them without a process.
package main

import (
	"context"
	"os"

	"github.com/bonafide-id/bonafide/cmd/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
