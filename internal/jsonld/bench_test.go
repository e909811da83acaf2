package jsonld

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"testing"
)

// openBadge is a micro-credential of the size that the project's goals are
// stated for: about 3 KB, 76 statements, 11 blank nodes.
const openBadge = `{
 "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
 "id": "urn:uuid:4f2c1a9e-86c1-4e0b-9d5c-0f1b2a3c4d5e",
 "type": ["VerifiableCredential", "OpenBadgeCredential"],
 "name": "Micro-credential in sustainable soil management",
 "description": "Awarded for completing a blended course of sixty hours with a supervised written examination.",
 "issuer": {"id": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "type": ["Profile"],
  "name": "Universidad de Ejemplo", "url": "https://uni.example/", "email": "registrar@uni.example", "phone": "+34910000000",
  "description": "A public university.",
  "address": {"type": ["Address"], "addressCountry": "Spain", "addressCountryCode": "ES", "addressRegion": "Madrid",
   "addressLocality": "Madrid", "streetAddress": "Calle Mayor 1", "postalCode": "28013"},
  "otherIdentifier": [{"type": ["IdentifierEntry"], "identifier": "ES-A00000000", "identifierType": "identifier"}],
  "official": "Vice-rector for lifelong learning"},
 "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2036-01-01T00:00:00Z", "awardedDate": "2026-01-01T00:00:00Z",
 "credentialSubject": {"id": "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw", "type": ["AchievementSubject"],
  "activityStartDate": "2025-09-01T00:00:00Z", "activityEndDate": "2025-12-15T00:00:00Z", "creditsEarned": 2.5, "role": "student", "term": "autumn",
  "identifier": [{"type": "IdentityObject", "hashed": false, "identityType": "name", "identityHash": "Ana Andromeda"}],
  "achievement": {"id": "https://uni.example/achievements/soil-101", "type": ["Achievement"], "achievementType": "MicroCredential",
   "name": "Sustainable soil management", "description": "Plan, measure and report on soil use in agriculture.",
   "criteria": {"id": "https://uni.example/achievements/soil-101/criteria", "narrative": "Pass the examination with at least half of the points and attend three field days."},
   "image": {"id": "https://uni.example/achievements/soil-101/image.png", "type": "Image", "caption": "A spade in a field"},
   "creditsAvailable": 2.5, "fieldOfStudy": "0811 Crop and livestock production", "humanCode": "SOIL-101", "inLanguage": "en", "version": "2",
   "tag": ["soil", "agriculture", "sustainability"],
   "alignment": [{"type": ["Alignment"], "targetName": "EQF level 6", "targetUrl": "http://data.europa.eu/snb/eqf/6", "targetType": "CFItem", "targetFramework": "EQF"},
    {"type": ["Alignment"], "targetName": "soil science", "targetUrl": "http://data.europa.eu/esco/skill/soil", "targetType": "ext:ESCO", "targetFramework": "ESCO"}],
   "resultDescription": [{"id": "urn:uuid:2b5c4f6e-1111-4e0b-9d5c-0f1b2a3c4d5e", "type": ["ResultDescription"], "name": "Grade", "resultType": "GradePointAverage", "valueMax": "10", "valueMin": "0"}]},
  "result": [{"type": ["Result"], "resultDescription": "urn:uuid:2b5c4f6e-1111-4e0b-9d5c-0f1b2a3c4d5e", "value": "8.5"}]},
 "evidence": [{"id": "https://uni.example/evidence/1", "type": ["Evidence"], "name": "Soil report", "narrative": "A report on three plots.", "genre": "Report"}],
 "credentialStatus": {"id": "https://uni.example/status/3#94567", "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
  "statusListIndex": "94567", "statusListCredential": "https://uni.example/status/3"}
}`

func BenchmarkCanonicalNQuads(b *testing.B) {
	l := Builtin()
	doc := parseDoc(b, openBadge)
	out, err := l.CanonicalNQuads(doc, crypto.SHA256, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(bytes.Count(out, []byte("\n"))), "quads")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.CanonicalNQuads(doc, crypto.SHA256, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExpand(b *testing.B) {
	l := Builtin()
	doc := parseDoc(b, openBadge)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.expand(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkToRDF(b *testing.B) {
	l := Builtin()
	doc := parseDoc(b, openBadge)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.ToRDF(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonicalize(b *testing.B) {
	ds, err := Builtin().ToRDF(parseDoc(b, openBadge))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c, _, err := canonicalize(ds, crypto.SHA256, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		c.nquads()
	}
}

// BenchmarkParallel shows what sharing compiled contexts costs.
func BenchmarkParallel(b *testing.B) {
	l := Builtin()
	doc := parseDoc(b, openBadge)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := l.CanonicalNQuads(doc, crypto.SHA256, Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEd25519Verify is the yardstick of the project's goals.
func BenchmarkEd25519Verify(b *testing.B) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	message := make([]byte, 64)
	signature := ed25519.Sign(private, message)
	for b.Loop() {
		ed25519.Verify(public, message, signature)
	}
}
