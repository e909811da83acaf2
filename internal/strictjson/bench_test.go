package strictjson

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

// samples are real credentials of about 2 and 5 KB.
var samples = []string{"dcc-ob3-v2-eddsa-rdfc2022-valid.json", "qdr-deqar-accreditation.json"}

func eachSample(b *testing.B, f func(b *testing.B, data []byte)) {
	for _, name := range samples {
		data, err := os.ReadFile(vectors.Path(b, "samples/"+name))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%d bytes", len(data)), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			f(b, data)
		})
	}
}

func BenchmarkParse(b *testing.B) {
	eachSample(b, func(b *testing.B, data []byte) {
		for b.Loop() {
			if _, err := Parse(data, Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	eachSample(b, func(b *testing.B, data []byte) {
		v, err := Parse(data, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 0, len(data))
		for b.Loop() {
			if _, err := AppendCanonical(buf, v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOthers measures in the same run what the figures above are compared
// with.
func BenchmarkOthers(b *testing.B) {
	b.Run("gowebpki Transform", func(b *testing.B) {
		eachSample(b, func(b *testing.B, data []byte) {
			for b.Loop() {
				if _, err := jcs.Transform(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("encoding/json Unmarshal", func(b *testing.B) {
		eachSample(b, func(b *testing.B, data []byte) {
			for b.Loop() {
				var v any
				if err := json.Unmarshal(data, &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("ed25519 Verify", func(b *testing.B) {
		private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
		public := private.Public().(ed25519.PublicKey)
		message := make([]byte, 64)
		signature := ed25519.Sign(private, message)
		for b.Loop() {
			if !ed25519.Verify(public, message, signature) {
				b.Fatal("wrong signature")
			}
		}
	})
}

// BenchmarkHostile reads one megabyte of what is dearest to read; the bound is
// 50 ms per megabyte (20 MB/s).
func BenchmarkHostile(b *testing.B) {
	fill := func(unit string) string {
		return "[" + strings.Repeat(unit+",", (1<<20)/(len(unit)+1)-1) + unit + "]"
	}
	var names strings.Builder
	for i := 0; names.Len() < 1<<20; i++ {
		fmt.Fprintf(&names, `,"%x":0`, i)
	}
	all := Limits{MaxValues: 1 << 30, MaxBytes: 1 << 30}
	cases := []struct{ name, in string }{
		{"halfway doubles", fill("9007199254740993.0000000000000000000000000001")},
		{"largest doubles", fill("1.797693134862315708145274237317043567980705675258449e308")},
		{"smallest doubles", fill("2.4703282292062327208e-324")},
		{"subnormal halfway", fill("7.4109846876186981626485318930233205854758970392148714663837852375101326090531312779794975454245398856969484704316857659638998506553390969459816219401617281718945106978546710679176872575177347315553307795408549809608457500958111373034747658096871009590975442271004757307809711118935784838675653998783503015228055934046593739791790738723868299395818481660169122019456499931289798411362062484498678713572180352209017023903285791732520220528974020802906854021606612375549983402671300035812486479041385743401875520901590172592547146296175134159774938718574737870961645638908718119841271673056017045493004705269590165763776884908267986972573366521765567941072508764337560846003984904972149117463085539556354188641513168478436313080237596295773983001708984375e-324")},
		{"0.5 in 40 digits", fill("0.5000000000000000000000000000000000000001")},
		{"empty objects", fill("{}")},
		{"small objects", fill(`{"":0}`)},
		{"escapes", fill(`"\u0000\ud83d\ude00"`)},
		{"one string of escapes", `"` + strings.Repeat(`\n`, 1<<19) + `"`},
		{"one string of four-byte characters", `"` + strings.Repeat("\U0001F600", 1<<18) + `"`},
		{"many names", "{" + names.String()[1:] + "}"},
		{"nested", fill(nest(60))},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse([]byte(c.in), all); err != nil && !errors.Is(err, ErrNumber) {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+", canonical", func(b *testing.B) {
			v, err := Parse([]byte(c.in), all)
			if err != nil {
				b.Skip(err)
			}
			b.SetBytes(int64(len(c.in)))
			for b.Loop() {
				if _, err := Canonical(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
