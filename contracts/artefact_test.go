package contracts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi/abigen"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm"
)

var write = flag.Bool("write", false, "write binding.go instead of comparing it; go generate does")

func deployCode() []byte { return common.FromHex(AnchorMetaData.Bin) }

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBinding makes the binding from the artefacts with the abigen of the
// go-ethereum that we are built with, and compares.
func TestBinding(t *testing.T) {
	code, err := abigen.BindV2([]string{"Anchor"}, []string{string(read(t, "artefact/Anchor.abi"))},
		[]string{strings.TrimSpace(string(read(t, "artefact/Anchor.bin")))}, "contracts", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if *write {
		if err := os.WriteFile("binding.go", []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(read(t, "binding.go"), []byte(code)) {
		t.Error("binding.go is not what abigen makes of artefact/: run go generate ./contracts")
	}
}

// TestArtefact ties the artefacts to the source; tests/evm compiles it anew.
func TestArtefact(t *testing.T) {
	a, err := ReadArtefact()
	if err != nil {
		t.Fatal(err)
	}
	source := read(t, "Anchor.sol")
	sum := sha256.Sum256(source)
	if want := "sha256-" + hex.EncodeToString(sum[:]); a.Source != want {
		t.Errorf("the artefacts are of source %s, Anchor.sol is %s: run go generate ./contracts", a.Source, want)
	}
	version, _, _ := strings.Cut(a.Compiler, "+")
	if !bytes.Contains(source, []byte("pragma solidity "+version+";")) {
		t.Errorf("compiled by %s, which the source does not pin", a.Compiler)
	}
	var pinned struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(read(t, filepath.Join("..", "tests", "evm", "package.json")), &pinned); err != nil {
		t.Fatal(err)
	}
	if pinned.Dependencies["solc"] != version {
		t.Errorf("compiled by %s, tests/evm/package.json pins %q", a.Compiler, pinned.Dependencies["solc"])
	}
}

// TestLayout compares the slots that we compute with those of the compiler. That
// the bits within a slot are read as the contract means them is held by every
// test that reads a record, for world.both reads it in both ways.
func TestLayout(t *testing.T) {
	var a struct {
		Layout []struct {
			Label  string
			Slot   int
			Offset int
		}
	}
	if err := json.Unmarshal(artefact, &a); err != nil {
		t.Fatal(err)
	}
	if len(a.Layout) != 2 || a.Layout[0].Label != "_floors" || a.Layout[0].Slot != floorsSlot ||
		a.Layout[1].Label != "_batches" || a.Layout[1].Slot != batchesSlot {
		t.Errorf("state variables: %+v", a.Layout)
	}
}

// TestRuntime: what stands at the address is the committed code, and that code
// can neither hand control to another nor end.
func TestRuntime(t *testing.T) {
	w := newWorld(t, 1)
	code, err := w.Client.CodeAt(context.Background(), w.address, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Runtime()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(code, want) {
		t.Error("the code at the address is not the artefact's")
	}
	if h, err := CodeHash(); err != nil || h != keccak(code) {
		t.Errorf("CodeHash: %x, %v", h, err)
	}
	if found := forbiddenCode(code); len(found) > 0 {
		t.Errorf("the contract can do more than it should: %v", found)
	}
	if found := forbiddenCode([]byte{byte(vm.PUSH1), byte(vm.CALL), byte(vm.DELEGATECALL)}); len(found) != 1 || found[0] != vm.DELEGATECALL {
		t.Errorf("the search itself: %v", found)
	}
}

// forbiddenCode lists the instructions by which a contract could call, create,
// vanish, or know whom it serves.
func forbiddenCode(code []byte) (found []vm.OpCode) {
	for i := 0; i < len(code); i++ {
		switch op := vm.OpCode(code[i]); {
		case op.IsPush():
			i += int(op - vm.PUSH0)
		case op == vm.CALL, op == vm.CALLCODE, op == vm.DELEGATECALL, op == vm.STATICCALL, op == vm.CREATE, op == vm.CREATE2,
			op == vm.SELFDESTRUCT, op == vm.ORIGIN, op == vm.BALANCE, op == vm.SELFBALANCE, op == vm.EXTCODEHASH:
			found = append(found, op)
		}
	}
	return found
}
