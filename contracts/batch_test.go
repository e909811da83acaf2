package contracts

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func members(n int) []Member {
	out := make([]Member, n)
	for i := range out {
		name := fmt.Sprint(i)
		out[i] = Member{Subject: subject(name), Order: Order{1, uint64(i + 1)}, Head: digest(name)}
	}
	return out
}

func batch(t testing.TB, m []Member) (*Batch, [32]byte) {
	t.Helper()
	b, err := NewBatch(m)
	if err != nil {
		t.Fatal(err)
	}
	root, err := b.Root()
	if err != nil {
		t.Fatal(err)
	}
	return b, root
}

// TestBatchProvesEveryMember in batches of many sizes, and no other.
func TestBatchProvesEveryMember(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 8, 9, 100, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			all := members(n + 1)
			in, out := all[:n], all[n]
			b, root := batch(t, in)
			for _, m := range in {
				p, err := b.Prove(m)
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Verify(m, root); err != nil {
					t.Errorf("%d: %v", p.Index, err)
				}
				if err := p.Verify(out, root); !errors.Is(err, ErrMember) {
					t.Errorf("%d proves a stranger: %v", p.Index, err)
				}
			}
			if _, err := b.Prove(out); !errors.Is(err, ErrMember) {
				t.Errorf("proof of a stranger: %v", err)
			}
		})
	}
}

// TestBatchRefusesEveryChange of one thing in a good proof.
func TestBatchRefusesEveryChange(t *testing.T) {
	in := members(11)
	b, root := batch(t, in)
	m := in[4]
	good, err := b.Prove(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(m *Member, p *MemberProof, root *[32]byte)
	}{
		{"subject", func(m *Member, _ *MemberProof, _ *[32]byte) { m.Subject[31] ^= 1 }},
		{"version", func(m *Member, _ *MemberProof, _ *[32]byte) { m.Order.Version++ }},
		{"sequence", func(m *Member, _ *MemberProof, _ *[32]byte) { m.Order.Sequence++ }},
		{"head", func(m *Member, _ *MemberProof, _ *[32]byte) { m.Head[0] ^= 1 }},
		{"root", func(_ *Member, _ *MemberProof, root *[32]byte) { root[0] ^= 1 }},
		{"index", func(_ *Member, p *MemberProof, _ *[32]byte) { p.Index ^= 1 }},
		{"negative index", func(_ *Member, p *MemberProof, _ *[32]byte) { p.Index = -1 }},
		{"index outside", func(_ *Member, p *MemberProof, _ *[32]byte) { p.Index = p.Size }},
		{"no size", func(_ *Member, p *MemberProof, _ *[32]byte) { p.Size = 0 }},
		{"size beyond all batches", func(_ *Member, p *MemberProof, _ *[32]byte) { p.Size = MaxBatch + 1 }},
		{"a digest of the path", func(_ *Member, p *MemberProof, _ *[32]byte) { p.Path[1][0] ^= 1 }},
		{"a path cut short", func(_ *Member, p *MemberProof, _ *[32]byte) { p.Path = p.Path[:1] }},
		{"a path too long", func(_ *Member, p *MemberProof, _ *[32]byte) { p.Path = append(p.Path, [32]byte{}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, p, r := m, good, root
			p.Path = slices.Clone(good.Path)
			c.change(&m, &p, &r)
			if err := p.Verify(m, r); !errors.Is(err, ErrMember) {
				t.Errorf("%v", err)
			}
		})
	}
	if err := good.Verify(m, root); err != nil {
		t.Errorf("the proof itself: %v", err)
	}
}

func TestNewBatch(t *testing.T) {
	in := members(20)
	_, root := batch(t, in)
	slices.Reverse(in)
	if _, again := batch(t, in); again != root {
		t.Error("the root depends on the order in which heads were collected")
	}
	for _, c := range []struct {
		name string
		in   []Member
	}{
		{"nothing", nil},
		{"one twice", append(members(3), members(1)...)},
		{"too many", make([]Member, MaxBatch+1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := NewBatch(c.in); !errors.Is(err, ErrMember) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("one subject with two heads", func(t *testing.T) {
		two := members(2)
		two[1].Subject = two[0].Subject
		b, root := batch(t, two)
		for _, m := range two {
			if p, err := b.Prove(m); err != nil || p.Verify(m, root) != nil {
				t.Errorf("%v, %v", err, p.Verify(m, root))
			}
		}
	})
}
