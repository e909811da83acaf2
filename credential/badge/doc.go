// Package badge reads Open Badges 3.0 that are baked into pictures, and the
// parts of Open Badges that the data model of credentials does not know:
// recipients by identifier, and endorsements.
//
// The first call to make is [Open]: a PNG or SVG goes in, the credential is
// taken out and handed to [credential.Check], and the same rows come out as
// for a bare credential. [Unbake] takes out without checking, [Bake] puts in.
// [MatchRecipient] answers whether a badge that names its recipient by a
// hashed identifier means a given person, and [Endorsements] lists what
// others say in the badge, so that each can be checked alike.
//
// It follows "Open Badges Document Formats" of the Open Badges Specification
// 3.0 (section 5.3, baked badges): in a PNG one uncompressed iTXt chunk with
// the keyword openbadgecredential, in an SVG one element credential of the
// namespace https://purl.imsglobal.org/ob/v3p0 right below the root, with a
// compact JWT in its attribute verify or JSON as its text.
//
// It promises that a picture is bounded before it is read, that an image with
// two credentials is refused instead of one being chosen, and that nothing in
// it is decoded but the credential. It never renders, never inflates, never
// expands an entity, and never opens an image inside an image.
package badge
