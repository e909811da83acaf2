package record_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	. "github.com/bonafide-id/bonafide/record"
)

// converge runs the exchange over its wire form and counts bytes and rounds.
func converge(t interface{ Fatalf(string, ...any) }, have, want Manifest) (size, rounds int) {
	r := NewReconciler(have, want.Root(), len(want))
	for {
		ask := r.Next()
		if len(ask) == 0 {
			break
		}
		question, err := EncodeRanges(ask)
		if err != nil {
			t.Fatalf("EncodeRanges: %v", err)
		}
		asked, err := ParseRanges(question)
		if err != nil || !slices.Equal(asked, ask) {
			t.Fatalf("ParseRanges: %v", err)
		}
		answers, err := want.Answer(asked)
		if err != nil {
			t.Fatalf("Answer: %v", err)
		}
		reply, err := EncodeAnswers(answers)
		if err != nil {
			t.Fatalf("EncodeAnswers: %v", err)
		}
		read, err := ParseAnswers(reply)
		if err != nil {
			t.Fatalf("ParseAnswers: %v", err)
		}
		if err := r.Feed(read); err != nil {
			t.Fatalf("Feed: %v", err)
		}
		size += len(question) + len(reply)
		if rounds++; rounds > 4+len(want)+len(have) {
			t.Fatalf("no end after %d rounds", rounds)
		}
	}
	got, err := r.Manifest()
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("from %d to %d entries: %v", len(have), len(want), err)
	}
	return size, rounds
}

func TestReconcileConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		converge(t, anyManifest(120).Draw(t, "have"), anyManifest(120).Draw(t, "want"))
	})
}

func TestReconcileEqualAsksNothing(t *testing.T) {
	if size, rounds := converge(t, folder(100), folder(100)); size != 0 || rounds != 0 {
		t.Errorf("%d bytes in %d rounds", size, rounds)
	}
}

// TestReconcileBytes holds the cost to O(k log n): a fixed number of bytes per
// difference and level, of which there are log16(n).
func TestReconcileBytes(t *testing.T) {
	const perLevel = 1700 // 16 ranges or entries of about 100 bytes
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{100, 1_000, 10_000, 60_000} {
		want := folder(n)
		for _, k := range []int{1, 10, 100} {
			have := slices.Clone(want)
			for range k {
				i := rng.IntN(len(have))
				switch rng.IntN(3) {
				case 0:
					have = slices.Delete(have, i, i+1)
				case 1:
					have[i] = leaf(have[i].Path, strconv.Itoa(rng.Int()))
				default:
					l := leaf(have[i].Path+".new", "")
					have = slices.Insert(have, i+1, l)
					slices.SortFunc(have, func(a, b Leaf) int {
						if a.Path < b.Path {
							return -1
						}
						return 1
					})
				}
			}
			size, rounds := converge(t, have, want)
			levels := math.Ceil(math.Log(float64(n))/math.Log(16)) + 1
			most := int(float64(k) * levels * perLevel)
			t.Logf("n=%d k=%d: %d bytes in %d rounds (bound %d, whole manifest %d)", n, k, size, rounds, most, len(want.Encode()))
			if size > most {
				t.Errorf("n=%d k=%d: %d bytes, at most %d", n, k, size, most)
			}
		}
	}
}

func TestSplitCovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyManifest(60).Draw(t, "manifest")
		lo, hi := rapid.StringMatching(`([a-c]/[a-d])?`).Draw(t, "lo"), rapid.StringMatching(`([a-c]/[a-d])?`).Draw(t, "hi")
		n := rapid.IntRange(-1, 20).Draw(t, "ways")
		whole := m.Fingerprint(lo, hi)
		parts := m.Split(lo, hi, n)
		if len(parts) < 1 || len(parts) > max(n, 1) || parts[0].Lo != lo || parts[len(parts)-1].Hi != hi {
			t.Fatalf("parts %v of %q to %q", parts, lo, hi)
		}
		count := 0
		for i, p := range parts {
			count += p.Count
			if i > 0 && (p.Lo != parts[i-1].Hi || p.Lo <= parts[i-1].Lo) {
				t.Fatalf("part %d does not follow", i)
			}
			if p != m.Fingerprint(p.Lo, p.Hi) {
				t.Fatalf("part %d has another fingerprint", i)
			}
		}
		if count != whole.Count {
			t.Fatalf("%d entries in the parts, %d in the whole", count, whole.Count)
		}
	})
}

func TestAnswerRefuses(t *testing.T) {
	m := folder(5)
	many := make([]Range, MaxRanges+1)
	for i := range many {
		many[i] = Range{Lo: "a" + strconv.Itoa(1000+i), Hi: "a" + strconv.Itoa(1001+i)}
	}
	tests := []struct {
		name  string
		asked []Range
		want  error
	}{
		{"good", many[:3], nil},
		{"as many as allowed", many[:MaxRanges], nil},
		{"too many", many, ErrReconcile},
		{"overlapping", []Range{{Lo: "a", Hi: "c"}, {Lo: "b", Hi: "d"}}, ErrReconcile},
		{"unsorted", []Range{{Lo: "b", Hi: "c"}, {Lo: "a", Hi: "b"}}, ErrReconcile},
		{"after one without end", []Range{{Lo: "a"}, {Lo: "b"}}, ErrReconcile},
		{"ends before it begins", []Range{{Lo: "b", Hi: "a"}}, ErrReconcile},
		{"empty range", []Range{{Lo: "b", Hi: "b"}}, ErrReconcile},
		{"bound is no path", []Range{{Lo: "../a", Hi: "b"}}, ErrReconcile},
		{"negative count", []Range{{Lo: "a", Hi: "b", Count: -1}}, ErrReconcile},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := m.Answer(tt.asked); !errors.Is(err, tt.want) {
				t.Errorf("Answer: %v, want %v", err, tt.want)
			}
		})
	}
}

// TestFeedRefuses changes one thing in an honest answer.
func TestFeedRefuses(t *testing.T) {
	have, want := folder(400), folder(500)
	tests := []struct {
		name  string
		spoil func(a *Answer)
		err   error
	}{
		{"honest", func(*Answer) {}, nil},
		{"range that nobody asked for", func(a *Answer) { a.Lo += "0" }, ErrReconcile},
		{"other end", func(a *Answer) { a.Hi += "0" }, ErrReconcile},
		{"gap between parts", func(a *Answer) { a.Split = slices.Delete(a.Split, 1, 2) }, ErrReconcile},
		{"part missing at the start", func(a *Answer) { a.Split = a.Split[1:] }, ErrReconcile},
		{"part missing at the end", func(a *Answer) { a.Split = a.Split[:len(a.Split)-1] }, ErrReconcile},
		{"one part only", func(a *Answer) { a.Split = []Range{{Lo: a.Lo, Hi: a.Hi}} }, ErrReconcile},
		{"part without end inside", func(a *Answer) { a.Split[0].Hi = ""; a.Split[1].Lo = "" }, ErrReconcile},
		{"parts and entries", func(a *Answer) { a.Leaves = []Leaf{{Path: a.Lo, CID: CIDOf(nil)}} }, ErrReconcile},
		{"too many entries", func(a *Answer) { a.Split, a.Leaves = nil, folder(65) }, ErrReconcile},
		{"too many parts", func(a *Answer) { a.Split = folder(5000).Split(a.Lo, a.Hi, 65) }, ErrReconcile},
		{"entry outside", func(a *Answer) { a.Split, a.Leaves = nil, []Leaf{leaf("zzz", "")} }, ErrReconcile},
		{"entries unsorted", func(a *Answer) { a.Split, a.Leaves = nil, []Leaf{leaf("status/2", ""), leaf("status/1", "")} }, ErrReconcile},
		{"entry with a bad path", func(a *Answer) { a.Split, a.Leaves = nil, []Leaf{leaf("status/..", "")} }, ErrPath},
		{"entry without address", func(a *Answer) { a.Split, a.Leaves = nil, []Leaf{{Path: "status/1"}} }, ErrCID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewReconciler(have, want.Root(), len(want))
			ask := []Range{r.Next()[0]}
			answers, err := folder(5000).Answer(ask) // so that it is split
			if err != nil || len(answers) != 1 || len(answers[0].Split) < 2 {
				t.Fatalf("Answer: %v, %v", answers, err)
			}
			tt.spoil(&answers[0])
			if err := r.Feed(answers); !errors.Is(err, tt.err) {
				t.Errorf("Feed: %v, want %v", err, tt.err)
			}
		})
	}
}

// TestReconcileWithLiar: whatever a peer answers, the exchange ends, and ends
// with the wanted manifest or with ErrReconcile.
func TestReconcileWithLiar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have, want, other := anyManifest(60).Draw(t, "have"), anyManifest(60).Draw(t, "want"), anyManifest(60).Draw(t, "other")
		r := NewReconciler(have, want.Root(), len(want))
		rounds := 0
		for ask := r.Next(); len(ask) > 0; ask = r.Next() {
			if rounds++; rounds > 10_000 {
				t.Fatal("no end")
			}
			answers, err := other.Answer(ask)
			if err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "endless") { // split for ever
				for i := range answers {
					if a := &answers[i]; a.Lo != "" && (a.Hi == "" || a.Lo+"0" < a.Hi) && len(a.Lo) < MaxPath {
						a.Leaves, a.Split = nil, []Range{{Lo: a.Lo, Hi: a.Lo + "0", Count: 1}, {Lo: a.Lo + "0", Hi: a.Hi, Count: 1}}
					}
				}
			}
			if err := r.Feed(answers); err != nil {
				if !errors.Is(err, ErrReconcile) {
					t.Fatal(err)
				}
				return
			}
		}
		m, err := r.Manifest()
		if err != nil && !errors.Is(err, ErrReconcile) || err == nil && !slices.Equal(m, want) {
			t.Fatalf("ended with another manifest: %v", err)
		}
	})
}

func FuzzParseExchange(f *testing.F) {
	m := folder(100)
	ranges, _ := EncodeRanges(m.Split("", "", 16))
	answers, _ := m.Answer(folder(90).Split("", "", 2))
	reply, _ := EncodeAnswers(answers)
	small, _ := m.Answer([]Range{{Lo: "status/9", Hi: "status/91"}})
	reply2, _ := EncodeAnswers(small)
	f.Add(ranges)
	f.Add(reply)
	f.Add(reply2)
	f.Fuzz(func(t *testing.T, body []byte) {
		if rs, err := ParseRanges(body); err == nil {
			if _, err := m.Answer(rs); err != nil {
				t.Fatalf("parsed ranges are refused: %v", err)
			}
			again, err := EncodeRanges(rs)
			if err != nil {
				t.Fatal(err)
			}
			if rs2, err := ParseRanges(again); err != nil || !slices.Equal(rs, rs2) {
				t.Fatalf("ranges change: %v", err)
			}
		}
		if as, err := ParseAnswers(body); err == nil {
			again, err := EncodeAnswers(as)
			if err != nil {
				t.Fatal(err)
			}
			if as2, err := ParseAnswers(again); err != nil || len(as2) != len(as) {
				t.Fatalf("answers change: %v", err)
			}
		}
	})
}

// TestReconcileBudget: a peer that splits every range for ever is dropped as
// soon as it has sent more than the manifests could hold.
func TestReconcileBudget(t *testing.T) {
	have, want := folder(10), folder(20)
	r := NewReconciler(have, want.Root(), len(want))
	for range 1500 {
		var answers []Answer
		for _, ask := range r.Next() {
			a := Answer{Lo: ask.Lo, Hi: ask.Hi}
			if mid := ask.Lo + "0"; ask.Hi == "" || mid < ask.Hi {
				a.Split = []Range{{Lo: ask.Lo, Hi: mid, Count: 1}, {Lo: mid, Hi: ask.Hi, Count: 1}}
			}
			answers = append(answers, a)
		}
		if err := r.Feed(answers); err != nil {
			if !errors.Is(err, ErrReconcile) || !strings.Contains(err.Error(), "sends more") {
				t.Errorf("Feed: %v", err)
			}
			return
		}
	}
	t.Error("the peer was never dropped")
}
