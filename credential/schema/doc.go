// Package schema holds a verified credential against the JSON Schemas that it
// names (credentialSchema) and the resources whose digests it states
// (relatedResource), by VCDM 2.0 sections 4.11 and 5.3, the VC JSON Schema
// Specification 1.0, and Open Badges 3.0.
//
// The only call to make is [Check]: the credential, its secured document and a
// [Source] go in, and rows of the check format come out. A credential that
// fits everything adds no row.
//
// It promises that a schema is compared with its digest before it is read, that
// a schema that cannot be had, is of an unknown kind or version, or is broken
// itself never counts as fitting, and that no schema, however made, costs more
// than a fixed amount of work: documents, bytes, values, evaluations and
// regular expressions are counted, and what exceeds the count is unknown.
// The keyword format is an annotation in every dialect and refuses nothing.
//
// It never fetches anything itself, never follows a reference past the Source,
// never evaluates SHACL shapes, and names places and keywords of a credential
// in what it reports, never values.
package schema
