//go:build system

package evm

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/contracts/chaintest"
)

// published is a contract as an npm package ships it.
type published struct {
	abi     abi.ABI
	address common.Address
}

// deployed puts a contract of an npm package on the chain.
func deployed(t testing.TB, c *chaintest.Chain, artefact string, args ...any) published {
	t.Helper()
	body, err := os.ReadFile(artefact)
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		ABI      json.RawMessage `json:"abi"`
		Bytecode string          `json:"bytecode"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatal(err)
	}
	p := published{}
	if p.abi, err = abi.JSON(bytes.NewReader(a.ABI)); err != nil {
		t.Fatal(err)
	}
	tail, err := p.abi.Pack("", args...)
	if err != nil {
		t.Fatal(err)
	}
	p.address, _ = c.Deploy(t, c.Accounts[0], append(common.FromHex(a.Bytecode), tail...))
	return p
}

// bench sends calls and keeps the account of gas.
type bench struct {
	t     testing.TB
	chain *chaintest.Chain
}

func (b bench) send(to common.Address, data []byte) uint64 {
	b.t.Helper()
	r := b.chain.Send(b.t, b.chain.Accounts[0], to, data)
	if r.Status != types.ReceiptStatusSuccessful {
		b.t.Fatal("reverted")
	}
	return r.GasUsed
}

func (b bench) call(p published, method string, args ...any) uint64 {
	b.t.Helper()
	data, err := p.abi.Pack(method, args...)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send(p.address, data)
}

// full has no byte that is zero, which would be cheaper.
func full(name string, i int) [32]byte {
	d := sha256.Sum256(fmt.Append(nil, name, i))
	for j := range d {
		d[j] |= 1
	}
	return d
}

// row is one line of the table; per is gas per issuer.
type row struct {
	what string
	per  float64
}

// TestGasCompared prints the table under the rules of today and under those of
// the next fork, and holds that what we cost is below what the others cost.
func TestGasCompared(t *testing.T) {
	registry := need(t, "ethr-did-registry", "artifacts", "contracts", "EthereumDIDRegistry.sol", "EthereumDIDRegistry.json")
	eas := need(t, "@ethereum-attestation-service", "eas-contracts", "artifacts", "contracts", "EAS.sol", "EAS.json")
	schemas := need(t, "@ethereum-attestation-service", "eas-contracts", "artifacts", "contracts", "SchemaRegistry.sol", "SchemaRegistry.json")
	for _, rules := range []chaintest.Rules{chaintest.Osaka, chaintest.Amsterdam} {
		t.Run(rules.String(), func(t *testing.T) {
			b := bench{t, chaintest.NewUnder(t, rules, 2)}
			one := full("a digest", 0)
			bare := b.send(b.chain.Accounts[1].Address, one[:])
			rows := b.ours()
			rows = append(rows, b.ethr(deployed(t, b.chain, registry))...)
			s := deployed(t, b.chain, schemas)
			rows = append(rows, b.eas(deployed(t, b.chain, eas, s.address))...)
			t.Log("\n" + table(bare, rows))
			per := map[string]float64{}
			for _, r := range rows {
				per[r.what] = r.per
			}
			below := func(a, b string) {
				if per[a] == 0 || per[b] == 0 || per[a] >= per[b] {
					t.Errorf("%s costs %.0f, %s %.0f", a, per[a], b, per[b])
				}
			}
			below("floor, update", "ERC-1056 setAttribute, update")
			below("floor, update", "ERC-1056 changeOwner, update")
			below("floor, update", "EAS timestamp")
			below("floor, batch of 100, update", "EAS multiTimestamp of 100")
			below("existed-by, batch of 1000, update", "EAS multiTimestamp of 100")
			if rules == chaintest.Osaka {
				if bare != 22280 {
					t.Errorf("the floor of a transaction is %d, not what the goals were set against", bare)
				}
				if got := per["floor, update"] / float64(bare); got > 1.35 {
					t.Errorf("an update costs %.3f of the floor of a transaction, the goal is 1.35", got)
				}
				if got := per["existed-by, batch of 1000, first"]; got > 50 {
					t.Errorf("a batch of 1000 costs %.1f per issuer, the goal is 50", got)
				}
			}
		})
	}
}

func table(bare uint64, rows []row) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "what\tgas per issuer\tof 32 bytes to an account (%d)\n", bare)
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%.1f\t%.3f\n", r.what, r.per, r.per/float64(bare))
	}
	w.Flush()
	return out.String()
}

// ours deploys the anchor contract and uses it in each way.
func (b bench) ours() (rows []row) {
	b.t.Helper()
	binding := contracts.NewAnchor()
	address, receipt := b.chain.Deploy(b.t, b.chain.Accounts[0], common.FromHex(contracts.AnchorMetaData.Bin))
	order := func(version uint32, sequence uint64) *big.Int {
		return contracts.Order{Version: version, Sequence: sequence}.Int()
	}
	add := func(what string, gas uint64, issuers int) {
		rows = append(rows, row{what, float64(gas) / float64(issuers)})
	}
	add("deploy, once", receipt.GasUsed, 1)
	// The numbers of an issuer with a long life.
	add("floor, first", b.send(address, binding.PackAnchor(full("one", 0), order(1, 1), full("head", 1))), 1)
	add("floor, update", b.send(address, binding.PackAnchor(full("one", 0), order(1234, 12345678), full("head", 2))), 1)
	for _, n := range []int{10, 100, 1000} {
		heads := func(sequence uint64) []contracts.AnchorHead {
			out := make([]contracts.AnchorHead, n)
			for i := range out {
				out[i] = contracts.AnchorHead{Subject: full(fmt.Sprint("of ", n, " "), i), Order: order(3, sequence), Head: full("head", int(sequence))}
			}
			return out
		}
		for _, use := range []string{"first", "update"} {
			// What one transaction may use bounds how many fit (EIP-7825).
			gas, part := uint64(0), n
			if use == "first" {
				part = min(n, 100)
			}
			for all := heads(map[string]uint64{"first": 1, "update": 2}[use]); len(all) > 0; all = all[part:] {
				gas += b.send(address, binding.PackAnchorMany(all[:part]))
			}
			name := fmt.Sprintf("floor, batch of %d, %s", n, use)
			if part < n {
				name += fmt.Sprintf(" (in calls of %d)", part)
			}
			add(name, gas, n)
		}
	}
	members := make([]contracts.Member, 1000)
	for i := range members {
		members[i] = contracts.Member{Subject: full("merkle", i), Order: contracts.Order{Version: 1, Sequence: 1}, Head: full("head", i)}
	}
	batch, err := contracts.NewBatch(members)
	if err != nil {
		b.t.Fatal(err)
	}
	root, err := batch.Root()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, use := range []string{"first", "update"} {
		add("existed-by, batch of 1000, "+use, b.send(address, binding.PackAnchorBatch(root)), len(members))
	}
	return rows
}

// ethr changes an identifier as ERC-1056 does: its owner, or one attribute of 32
// bytes, which is the nearest to a digest.
func (b bench) ethr(p published) (rows []row) {
	b.t.Helper()
	self := b.chain.Accounts[0].Address
	valid := big.NewInt(math.MaxInt64)
	for _, use := range []string{"first", "update"} {
		value := full("value "+use, 0)
		rows = append(rows, row{"ERC-1056 setAttribute, " + use, float64(b.call(p, "setAttribute", self, full("name", 0), value[:], valid))})
	}
	for _, use := range []string{"first", "update"} {
		rows = append(rows, row{"ERC-1056 changeOwner, " + use, float64(b.call(p, "changeOwner", self, self))})
	}
	return rows
}

// eas writes the time of a digest, alone and of many at once.
func (b bench) eas(p published) (rows []row) {
	b.t.Helper()
	// The first write of all sets nothing up; it is not left out.
	rows = append(rows, row{"EAS timestamp", float64(b.call(p, "timestamp", full("stamp", 0)))})
	many := make([][32]byte, 100)
	for i := range many {
		many[i] = full("stamps", i)
	}
	return append(rows, row{"EAS multiTimestamp of 100", float64(b.call(p, "multiTimestamp", many)) / 100})
}
