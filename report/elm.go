package report

import (
	"slices"

	"github.com/bonafide-id/bonafide/verdict"
)

// ELMChecks puts a verdict into the European Learning Model's words: a list of
// VerificationCheck (application profile for European Digital Credentials),
// one for each verification type that our checks correspond to, in the order
// of verdict.Names. dcType and verificationStatus are IRIs of the Union's
// vocabularies, elmSubject is the id of the credential, left out when it has
// none.
//
// Where several of our checks share a type, such as integrity and signer for
// the seal, the worst counts. What could not be established is "error",
// because the vocabulary has no word for it; a check without rows is "skipped".
func ELMChecks(v *verdict.Verdict) []map[string]any {
	var types []string
	worst := map[string]verdict.Result{}
	for _, name := range verdict.Names() {
		spec, _ := verdict.LookupIn(name, verdict.NotChecked)
		if spec.ELM == "" {
			continue
		}
		result := resultOf(v, name)
		if had, seen := worst[spec.ELM]; !seen {
			types = append(types, spec.ELM)
		} else if gravity(had) > gravity(result) {
			continue
		}
		worst[spec.ELM] = result
	}
	out := make([]map[string]any, 0, len(types))
	for _, typ := range types {
		check := map[string]any{"type": "VerificationCheck", "dcType": typ, "verificationStatus": verdict.ELMStatus(worst[typ])}
		if v.Subject.Credential != "" {
			check["elmSubject"] = v.Subject.Credential
		}
		out = append(out, check)
	}
	return out
}

// resultOf is what a check came to. A result that the registry does not allow
// for the code is unknown, as in verdict.Decide.
func resultOf(v *verdict.Verdict, name verdict.CheckName) verdict.Result {
	row, ok := v.Worst(name)
	if !ok {
		return verdict.Skipped
	}
	if spec, known := verdict.LookupIn(name, row.Code); !known || !slices.Contains(spec.Results, row.Result) {
		return verdict.Unknown
	}
	return row.Result
}

func gravity(r verdict.Result) int {
	switch r {
	case verdict.Pass, verdict.Warn:
		return 0
	case verdict.Skipped:
		return 1
	}
	return 2
}
