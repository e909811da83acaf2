package contracts

import (
	"bytes"
	"fmt"
	"testing"
)

// bareFloor is what 32 bytes cost as calldata to an account without code: the
// least that any transaction with a digest can cost (EIP-7623).
const bareFloor = 22280

// TestGas prints what each use costs and holds the two goals of the design. The
// comparison with other contracts is in tests/evm.
func TestGas(t *testing.T) {
	w := newWorld(t, 2)
	heads := func(n int, sequence uint64) []AnchorHead {
		out := make([]AnchorHead, n)
		for i := range out {
			name := fmt.Sprint(n, " ", i)
			out[i] = AnchorHead{Subject: subject(name), Order: order(3, sequence), Head: digest(fmt.Sprint(name, sequence))}
		}
		return out
	}
	used := func(data []byte) uint64 { return w.must(t, 0, data).GasUsed }

	_, deploy := w.Deploy(t, w.Accounts[1], deployCode())
	t.Logf("deploy: %d gas", deploy.GasUsed)
	// The dearest there is: bytes of calldata that are not zero cost four times
	// as much, so the digests have none and the numbers are of a long life.
	full := [32]byte(bytes.Repeat([]byte{0xab}, 32))
	first := used(w.binding.PackAnchor(full, order(1, 1), full))
	update := used(w.binding.PackAnchor(full, order(1234, 12345678), full))
	t.Logf("floor, first: %d gas, %.3f of the floor of a transaction", first, float64(first)/bareFloor)
	t.Logf("floor, update: %d gas, %.3f of the floor of a transaction", update, float64(update)/bareFloor)
	if update > bareFloor*135/100 {
		t.Errorf("an update costs %d gas, the goal is 1.35 of %d: %d", update, bareFloor, bareFloor*135/100)
	}

	for _, n := range []int{10, 100, 1000} {
		gas := uint64(0)
		const part = 400 // first writes of 1,000 do not fit one transaction (EIP-7825)
		for begin, all := 0, heads(n, 1); begin < n; begin += part {
			gas += used(w.binding.PackAnchorMany(all[begin:min(begin+part, n)]))
		}
		t.Logf("floor, batch of %d, first: %d gas, %d per issuer", n, gas, gas/uint64(n))
		gas = used(w.binding.PackAnchorMany(heads(n, 2)))
		t.Logf("floor, batch of %d, update: %d gas, %d per issuer", n, gas, gas/uint64(n))
		if gas/uint64(n) >= update {
			t.Errorf("a batch of %d costs %d per issuer, a single %d", n, gas/uint64(n), update)
		}
	}

	members := make([]Member, 1000)
	for i := range members {
		members[i] = Member{Subject: subject(fmt.Sprint(i)), Order: Order{1, 1}, Head: digest(fmt.Sprint(i))}
	}
	b, err := NewBatch(members)
	if err != nil {
		t.Fatal(err)
	}
	root, err := b.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"first", "update"} {
		gas := used(w.binding.PackAnchorBatch(root))
		t.Logf("existed-by, batch of 1000, %s: %d gas, %.1f per issuer", name, gas, float64(gas)/1000)
		if gas > 50*1000 {
			t.Errorf("%s: %.1f gas per issuer, the goal is 50", name, float64(gas)/1000)
		}
	}
}
