// Package report turns a verdict into words for people.
//
// The first call to make is [Render]; [Headline] gives the first line alone.
// Sentences are made from the codes of the registry and never stored in a
// verdict, so that the logic knows no language.
//
// It promises that what a credential says is shown with control characters,
// direction marks and escape codes quoted, and that the headline says "issuer
// not identified" wherever nothing proves who the issuer is. It never decides
// anything and never reads the credential itself.
package report
