package register

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

var retrieved = time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)

const institution = `{"id":7,"eter_id":"ES0042","website_link":"https://uni.example",
"names":[{"name_official":"Universidad de Ejemplo","name_official_transliterated":"","name_english":"Example University","acronym":"UE","name_valid_to":null},
 {"name_official":"Escuela de Ejemplo","name_english":"","acronym":"","name_valid_to":"2015-08-31"}],
"countries":[{"country":{"id":1,"iso_3166_alpha2":"ES","iso_3166_alpha3":"ESP"},"city":"Madrid","country_valid_to":null,"country_verified":true},
 {"country":{"id":2,"iso_3166_alpha2":"PT","iso_3166_alpha3":"PRT"},"city":"Lisboa","country_verified":false}],
"identifiers":[{"identifier":"ESA00000000","agency":null,"resource":"EU-VAT","identifier_valid_from":"2010-01-01","identifier_valid_to":null},
 {"identifier":"uni.example","agency":null,"resource":"SCHAC"},{"identifier":"did:ebsi:zZeKyEJfUTGwajhNyNX928z","agency":null,"resource":"DID-EBSI"},
 {"identifier":"E  MADRID01","agency":null,"resource":"Erasmus"},{"identifier":"999","agency":"AQ","resource":"local identifier"}],
"founding_date":"1970-01-01","closure_date":null,"hierarchical_relationships":{"includes":[],"part_of":[]},"is_other_provider":false}`

const report = `{"id":100,"agency_name":"Agency","agency_acronym":"AQ","agency_id":37,"agency_esg_activity":"Institutional audit","agency_esg_activity_type":"institutional",
"institutions":[{"id":7,"deqar_id":"DEQARINST0007","name_primary":"Universidad de Ejemplo"}],"programmes":[],"valid_from":"2022-03-01","valid_to":"2028-02-28",
"status":"part of obligatory EQA system","decision":"positive","flag":"none"}`

const agency = `{"id":37,"deqar_id":37,"name_primary":"Agency","contact_person":"Ana Andromeda","registration_start":"2015-01-01","registration_valid_to":"2027-12-31"}`

func all(parts ...string) []byte { return []byte("[" + strings.Join(parts, ",") + "]") }

func read(t *testing.T, format string, body []byte) Batch {
	t.Helper()
	b, err := Read(format, body, retrieved)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDEQAR(t *testing.T) {
	b := read(t, FormatDEQAR, all(report, institution, agency)) // the report comes before its institution
	if len(b.Entries) != 1 || len(b.Agencies) != 1 {
		t.Fatalf("%+v", b)
	}
	e := b.Entries[0]
	if e.Record != "https://data.deqar.eu/institution/7" || e.Partial || e.Seat != (Seat{Country: "ES", Locality: "Madrid"}) ||
		!slices.Equal(e.Domains, []string{"uni.example"}) || !slices.Equal(e.DIDs, []string{"did:ebsi:zZeKyEJfUTGwajhNyNX928z"}) {
		t.Errorf("%+v", e)
	}
	var ids, names []string
	for _, i := range e.Identifiers {
		ids = append(ids, i.Legal().String())
	}
	for _, n := range e.Names {
		names = append(names, n.Kind+" "+n.Value)
	}
	if want := []string{"DEQARINST 7", "ETER ES0042", "VAT ES A00000000", "ERASMUS EMADRID01"}; !slices.Equal(ids, want) {
		t.Errorf("%q, want %q", ids, want)
	}
	if want := []string{"legal Universidad de Ejemplo", "legal Example University", "alt UE", "legal Escuela de Ejemplo"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	d := e.Decisions[0]
	if d.Report != "https://data.deqar.eu/report/100" || d.Outcome != Positive || d.Activity != Institutional || d.AgencyID != "https://data.deqar.eu/agency/37" ||
		d.UntilAssumed || d.Until.End().Format(time.RFC3339) != "2028-02-28T23:59:59Z" || !d.Observed.RetrievedAt.Equal(retrieved) || len(d.Observed.SourceSHA256) != 64 {
		t.Errorf("%+v", d)
	}
	if c, err := (&Book{Name: "deqar", Entries: b.Entries}).Encode(); err != nil || strings.Contains(string(c), "Andromeda") {
		t.Errorf("a person is kept: %v", err)
	}
}

// The report credential of DEQAR, as it is, and with one thing changed: the seven
// traps of reading it.
func TestDEQARCredential(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(vectors.Path(t, "samples"), "deqar-report-vc-88643.json"))
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, new string) []byte {
		s := strings.Replace(string(raw), old, new, 1)
		if s == string(raw) {
			t.Fatalf("%q is not in the sample", old)
		}
		return []byte(s)
	}
	for _, c := range []struct {
		name  string
		body  []byte
		check func(e Entry, d Decision) bool
	}{
		{"as it is", raw, func(e Entry, d Decision) bool {
			return e.Record == "https://data.deqar.eu/institution/5156" && d.Outcome == Conditional && d.Status == "voluntary" &&
				d.From.T.Year() == 2021 && d.Until.End().Format(time.RFC3339) == "2023-05-31T23:59:59Z" && !d.UntilAssumed &&
				d.AgencyUntil.T.Year() == 2025
		}},
		{"1: negative", edit("positive with conditions or restrictions", "negative"), func(_ Entry, d Decision) bool { return d.Outcome == Negative }},
		{"1: words that are not known", edit("positive with conditions or restrictions", "excellent"), func(_ Entry, d Decision) bool { return d.Outcome == None }},
		{"2: observed when it was signed, not when the report began", raw, func(_ Entry, d Decision) bool {
			return d.Observed.RetrievedAt.Format(time.RFC3339) == "2025-03-06T03:01:32Z"
		}},
		{"2: not later than the file was fetched", edit("2025-03-06T03:01:32Z", "2031-03-06T03:01:32Z"), func(_ Entry, d Decision) bool {
			return d.Observed.RetrievedAt.Equal(retrieved)
		}},
		{"3: six years to the day are assumed", edit("2023-05-31", "2027-10-08"), func(_ Entry, d Decision) bool { return d.UntilAssumed }},
		{"4: a status changes nothing, because there is none to ask", edit(`"proof"`, `"credentialStatus":{},"proof"`), func(_ Entry, d Decision) bool { return d.Outcome == Conditional }},
		{"5: the agency's time", edit("2015-01-31", "2022-01-31"), func(_ Entry, d Decision) bool { return d.AgencyFrom.T.Year() == 2022 }},
		{"6: the name of a part is no legal name", raw, func(e Entry, _ Decision) bool {
			return len(e.DIDs) == 0 && e.Names[0] == (Name{Value: "Qatar University", Kind: NameLegal}) && e.Names[1] == (Name{Value: "Qatar University College of Law", Kind: NameAlt})
		}},
		{"7: a list of subjects", edit(`"credentialSubject": {`, `"credentialSubject": [{"id":"https://data.deqar.eu/institution/1","legalName":"Other","authorizationClaims":{"decision":"positive","accreditationType":"institutional"}}, {`),
			nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := c.body
			if strings.HasPrefix(c.name, "7") {
				body = []byte(strings.Replace(string(body), "  },\n  \"credentialSchema\"", "  }],\n  \"credentialSchema\"", 1))
				if b := read(t, FormatDEQAR, body); len(b.Entries) != 2 || len(b.Entries[0].Decisions) != 1 || len(b.Entries[1].Decisions) != 1 {
					t.Errorf("%+v", b)
				}
				return
			}
			b := read(t, FormatDEQAR, body)
			if len(b.Entries) != 1 || len(b.Entries[0].Decisions) != 1 || !c.check(b.Entries[0], b.Entries[0].Decisions[0]) {
				t.Errorf("%+v", b)
			}
		})
	}
}

func TestDEQARRefuses(t *testing.T) {
	swap := func(s, old, new string) []byte { return []byte(strings.Replace(s, old, new, 1)) }
	for _, c := range []struct {
		name string
		body []byte
		want error
	}{
		{"good", []byte(institution), nil},
		{"a page of results", []byte(`{"count":1,"next":null,"results":[` + institution + `]}`), nil},
		{"the log of issued credentials, without one", []byte(`[{"status":404,"data":{},"institution":{}}]`), ErrForm},
		{"no object", []byte(`[1]`), ErrForm},
		{"another object", []byte(`{"id":1}`), ErrForm},
		{"no JSON", []byte(`{`), ErrForm},
		{"member twice", swap(institution, `"id":7`, `"id":7,"id":8`), ErrDuplicate},
		{"institution twice", all(institution, institution), ErrDuplicate},
		{"id with a path", swap(institution, `"id":7`, `"id":"../7"`), ErrForm},
		{"a day that is none", swap(institution, "1970-01-01", "1970-13-01"), ErrForm},
		{"closed before it was founded", swap(institution, `"closure_date":null`, `"closure_date":"1960-01-01"`), ErrForm},
		{"a DID that is none", swap(institution, "did:ebsi:zZeKyEJfUTGwajhNyNX928z", "zZeK"), ErrForm},
		{"nothing", []byte(``), ErrForm},
		{"nothing in it", []byte(`[]`), ErrForm},
		{"a control character in a name", swap(institution, "Madrid", `Mad\u0007rid`), ErrForm},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Read(FormatDEQAR, c.body, retrieved); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	b := read(t, FormatDEQAR, swap(institution, "ESA00000000", "A00000000"))
	if len(b.Findings) != 1 || len(b.Entries[0].Identifiers) != 3 {
		t.Errorf("a VAT number without a country: %+v", b)
	}
	if _, err := Read(FormatDEQAR, make([]byte, MaxBytes+1), retrieved); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

const tableCSV = `record,did,legal_name,legal_name_lang,country,id:VAT:ES,domain,report,agency,agency_from,agency_until,activity,decision,decision_from,decision_until
R1,did:web:uni.example,Universidad de Ejemplo,es,ESP,A00000000,uni.example,Q1,Agency,2015-01-01,,institutional,positive,2022-03-01,2028-02-28
R1,,,,,,,Q2,Agency,2015-01-01,,programme,negative,2023-01-01,
R2,,Otra Universidad,,PT,,,,,,,,,,
`

func TestCSV(t *testing.T) {
	b := read(t, FormatCSV, []byte(tableCSV))
	if len(b.Entries) != 2 || len(b.Entries[0].Decisions) != 2 || b.Entries[0].Seat.Country != "ES" || b.Entries[0].Identifiers[0].Legal().String() != "VAT ES A00000000" {
		t.Fatalf("%+v", b)
	}
	if d := b.Entries[0].Decisions; d[0].Outcome != Positive || d[1].Outcome != Negative || !d[1].UntilAssumed || d[0].UntilAssumed {
		t.Errorf("%+v", d)
	}
	semicolons := strings.ReplaceAll(tableCSV, ",", ";")
	if got := read(t, FormatCSV, []byte("\xEF\xBB\xBF"+semicolons)); len(got.Entries) != 2 {
		t.Errorf("as spreadsheets write it: %+v", got)
	}
	for _, c := range []struct {
		name, old, new string
		want           error
	}{
		{"an unknown column", "record,", "record,password,", ErrForm},
		{"no column record", "record,", "id,", ErrForm},
		{"a column twice", "domain,report", "did,report", ErrDuplicate},
		{"a line that is too short", "R2,,", "R2,", ErrForm},
		{"no record", "R2,", ",", ErrForm},
		{"the record again, with another name", "R1,,,", "R1,,Otra,", ErrDuplicate},
		{"the record again, without a decision", "R2,", "R1,", ErrDuplicate},
		{"the report again", "Q2", "Q1", ErrDuplicate},
		{"a passport number", "id:VAT:ES", "id:PAS:ES", ErrPerson},
		{"a VAT number of another form", "A00000000", "A000", ErrForm},
		{"a domain that is none", "uni.example,Q1", "https://uni.example,Q1", ErrForm},
		{"a DID that is none", "did:web:uni.example", "uni", ErrForm},
		{"an activity that is not known", ",institutional,", ",audit,", ErrForm},
		{"a decision without a beginning", "2022-03-01", "", ErrForm},
		{"an end before the beginning", "2028-02-28", "2021-02-28", ErrForm},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := strings.Replace(tableCSV, c.old, c.new, 1)
			if s == tableCSV {
				t.Fatal("nothing was changed")
			}
			if _, err := Read(FormatCSV, []byte(s), retrieved); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestDEQARTables(t *testing.T) {
	inst := "id,eter_id,name_primary,country,city,EU-VAT,SCHAC,more\n7,ES0042,Universidad de Ejemplo,ES,Madrid,ESA00000000,uni.example,x\n"
	rep := "report_id,institution_id,agency_id,agency_name,agency_esg_activity_type,valid_from,valid_to,status,decision\n100,7,37,Agency,institutional,2022-03-01,,1,3\n"
	ag := "id,name_primary,registration_start,registration_valid_to\n37,Agency,2015-01-01,\n"
	if b := read(t, FormatDEQAR, []byte(inst)); len(b.Entries) != 1 || b.Entries[0].Domains[0] != "uni.example" || b.Entries[0].Seat.Country != "ES" {
		t.Errorf("%+v", b)
	}
	if b := read(t, FormatDEQAR, []byte(rep)); len(b.Entries) != 1 || !b.Entries[0].Partial || b.Entries[0].Decisions[0].Outcome != Negative || !b.Entries[0].Decisions[0].UntilAssumed {
		t.Errorf("%+v", b)
	}
	if b := read(t, FormatDEQAR, []byte(ag)); len(b.Agencies) != 1 || b.Agencies[0].From == nil {
		t.Errorf("%+v", b)
	}
	if _, err := Read(FormatDEQAR, []byte("a,b\n1,2\n"), retrieved); !errors.Is(err, ErrForm) {
		t.Errorf("%v", err)
	}
}

func TestJSON(t *testing.T) {
	good := `{"entries":[{"record":"R1","dids":["did:web:uni.example"],"names":[{"value":"Universidad de Ejemplo","lang":"es","until":"2030-01-01"}],
"seat":{"country":"ES"},"identifiers":[{"scheme":"VAT","country":"ESP","value":"A 0000.0000"}],"domains":["uni.example"],
"decisions":[{"report":"Q1","agency":"Agency","agencyId":"A1","activity":"institutional","decision":"positive","outcome":"positive","from":"2022-03-01",
"observed":{"retrievedAt":"2099-01-01T00:00:00Z","sourceSHA256":""}}]}],"agencies":[{"id":"A1","name":"Agency","from":"2015-01-01"}]}`
	b := read(t, FormatJSON, []byte(good))
	e := b.Entries[0]
	if e.Identifiers[0].Legal().String() != "VAT ES A00000000" || e.Names[0].Kind != NameLegal || !e.Decisions[0].Observed.RetrievedAt.Equal(retrieved) ||
		!e.Decisions[0].UntilAssumed || len(b.Agencies) != 1 {
		t.Errorf("%+v", e)
	}
	for _, c := range []struct {
		name, old, new string
		want           error
	}{
		{"an unknown member", `"record"`, `"password":1,"record"`, ErrForm},
		{"a member twice", `"record":"R1"`, `"record":"R1","record":"R1"`, ErrDuplicate},
		{"no record", `"R1"`, `""`, ErrForm},
		{"another outcome", `"outcome":"positive"`, `"outcome":"good"`, ErrForm},
		{"a natural person", `"VAT"`, `"PNO"`, ErrPerson},
		{"a direction mark in a name", `Universidad`, `\u202eUniversidad`, ErrForm},
		{"a country that is none", `"country":"ES"}`, `"country":"QQ"}`, ErrForm},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := strings.Replace(good, c.old, c.new, 1)
			if s == good {
				t.Fatal("nothing was changed")
			}
			if _, err := Read(FormatJSON, []byte(s), retrieved); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// The flat registry as it is has one DID twice, and is refused for that; without
// the second it is read.
func TestDCC(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(vectors.Path(t, "samples"), "dcc-issuer-registry.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Read(FormatDCC, raw, retrieved)
	if !errors.Is(err, ErrDuplicate) || !strings.Contains(err.Error(), "did:") {
		t.Errorf("%v", err)
	}
	small := `{"meta":{},"registry":{"did:web:a.example":{"name":"A","url":"https://a.example","location":"Cambridge, MA, USA"}}}`
	if b := read(t, FormatDCC, []byte(small)); len(b.Entries) != 1 || b.Entries[0].DIDs[0] != "did:web:a.example" || b.Entries[0].Seat.Country != "" {
		t.Errorf("%+v", b)
	}
	for _, c := range []struct {
		name, body string
		want       error
	}{
		{"no registry", `{"meta":{}}`, ErrForm},
		{"a key that is no DID", `{"registry":{"a":{"name":"A"}}}`, ErrForm},
		{"a value that is no object", `{"registry":{"did:web:a.example":"A"}}`, ErrForm},
	} {
		if _, err := Read(FormatDCC, []byte(c.body), retrieved); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A later observation takes the place of an earlier one, never the reverse, and a
// report about a record never wipes out what is known of it.
func TestMerge(t *testing.T) {
	at := func(body []byte, when time.Time) Batch {
		b, err := Read(FormatDEQAR, body, when)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := &Book{Name: "deqar", Format: FormatDEQAR}
	merge := func(in Batch) Changes {
		t.Helper()
		c, err := b.Merge(in, File{Name: "f", SHA256: "x", Retrieved: retrieved})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := merge(at([]byte(report), retrieved)); c.Added != 1 {
		t.Errorf("%+v", c)
	}
	if c := merge(at(all(institution, agency), retrieved)); c.Changed != 1 || c.Added != 1 || b.Entries[0].Partial || len(b.Entries[0].Decisions) != 1 {
		t.Errorf("%+v %+v", c, b.Entries)
	}
	older := at([]byte(strings.Replace(institution, "Madrid", "Toledo", 1)), retrieved.Add(-time.Hour))
	if c := merge(older); c.Same != 1 || b.Entries[0].Seat.Locality != "Madrid" {
		t.Errorf("an older file: %+v", c)
	}
	withdrawn := at([]byte(strings.Replace(report, `"positive"`, `"negative"`, 1)), retrieved.Add(time.Hour))
	if c := merge(withdrawn); c.Changed != 1 || b.Entries[0].Decisions[0].Outcome != Negative || len(b.Entries[0].Names) < 2 {
		t.Errorf("a newer report: %+v %+v", c, b.Entries[0])
	}
	if c := merge(at([]byte(report), retrieved)); c.Same != 1 || b.Entries[0].Decisions[0].Outcome != Negative {
		t.Errorf("the older report again: %+v", c)
	}
	body, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := OpenBook(body)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil || string(again) != string(body) {
		t.Errorf("round trip: %v\n%s\n%s", err, body, again)
	}
	for _, bad := range []string{`{}`, `{"name":"../x","format":"csv","files":[],"entries":[]}`, strings.Replace(string(body), "VAT", "PNO", 1)} {
		if _, err := OpenBook([]byte(bad)); err == nil {
			t.Errorf("opened: %.80s", bad)
		}
	}
}

func FuzzDEQAR(f *testing.F) {
	fuzz(f, FormatDEQAR, institution, report, agency, "id,name_primary\n1,A\n")
}
func FuzzCSV(f *testing.F) { fuzz(f, FormatCSV, tableCSV) }
func FuzzJSON(f *testing.F) {
	fuzz(f, FormatJSON, `{"entries":[{"record":"R1","names":[{"value":"A"}],"seat":{}}]}`)
}
func FuzzDCC(f *testing.F) { fuzz(f, FormatDCC, `{"registry":{"did:web:a.example":{"name":"A"}}}`) }

// fuzz: whatever is accepted can be kept and read back, and is the same then.
func fuzz(f *testing.F, format string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := Read(format, body, retrieved)
		if err != nil {
			for _, known := range []error{ErrForm, ErrTooLarge, ErrDuplicate, ErrPerson} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("an error without a name: %v", err)
		}
		b := &Book{Name: "x", Format: format}
		if _, err := b.Merge(in, File{Name: "f", Retrieved: retrieved, ImportedAt: retrieved}); err != nil {
			t.Fatal(err)
		}
		out, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenBook(out); err != nil {
			t.Fatalf("kept and not read again: %v\n%s", err, out)
		}
	})
}
