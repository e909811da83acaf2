// Package jsonld turns credentials into the bytes that the rdfc cryptosuites
// sign: JSON-LD 1.1 expansion in safe mode, conversion to RDF, and RDF Dataset
// Canonicalization (RDFC-1.0).
//
// Start with
//
//	l := jsonld.Builtin()                                         // once, then share
//	nquads, err := l.CanonicalNQuads(doc, crypto.SHA256, jsonld.Limits{})
//
// where doc is a tree as internal/strictjson parses it.
//
// It promises that what it returns covers the whole document: a member, type,
// identifier or value that would fall out on the way is ErrDataLoss, naming the
// term and the place. The base IRI is null. Contexts come from the program or
// from Loader.With, by exact URL, and are compiled once per Loader; what is not
// there is ErrContext. Depth, quads, contexts and the work of telling similar
// blank nodes apart are bounded: ErrBudget.
//
// It never uses the network, never guesses at a context, never changes its
// input, and does not judge whether a document's contexts are the right ones:
// inline contexts, @vocab and @base work as JSON-LD says, and it is for the
// credential layer to refuse them.
//
// Choices that the specifications leave open, made as the signing stacks in use
// make them: language tags are put in lower case, and a base direction becomes
// a datatype under https://www.w3.org/ns/i18n#. Where JSON-LD would keep silent
// about null values, null array items and @index, which RDF cannot hold, this
// package reports data loss. Members whose value is an empty array are accepted.
package jsonld
