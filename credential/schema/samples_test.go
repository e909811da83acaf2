package schema

import (
	"os"
	"testing"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/verdict"
)

// What credentials of the field say of their schemas.
func TestSamples(t *testing.T) {
	for _, c := range []struct {
		file string
		want want
	}{
		{"edc-mc-annex1-unsigned.jsonld", want{verdict.SchemaNotEvaluated, verdict.Warn, "data.europa.eu"}},
		{"ob3-complete-endorsed-issuer.json", want{verdict.SchemaUnavailable, verdict.Warn, "ob_v3p0"}},
		{"deqar-report-vc-88643.json", want{verdict.SchemaUnavailable, verdict.Warn, "data.deqar.eu"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			b, err := os.ReadFile(vectors.Path(t, "samples/"+c.file))
			if err != nil {
				t.Fatal(err)
			}
			cred, err := credential.Parse(b, strictjson.Limits{})
			if cred == nil { // the unsigned sample has no date of issuing yet
				t.Fatal(err)
			}
			expect(t, Check(t.Context(), cred, cred.Tree, Options{Source: &shelf{}}), c.want)
		})
	}
}
