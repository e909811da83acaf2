package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// Media types of the forms in which a credential comes. Those that Sniff gives
// choose an Opener.
const (
	MediaVC      = "application/vc"        // JSON, with embedded proofs or none
	MediaVCJWT   = "application/vc+jwt"    // VC-JOSE-COSE 1.0
	MediaVPJWT   = "application/vp+jwt"    // VC-JOSE-COSE 1.0
	MediaVCSDJWT = "application/vc+sd-jwt" // VC-JOSE-COSE 1.0
	MediaDCSDJWT = "application/dc+sd-jwt" // SD-JWT VC
	MediaJWT     = "application/jwt"       // VCDM 1.1 section 6.3.1 and Open Badges 3.0 section 8
	MediaSDJWT   = "application/sd-jwt"    // any SD-JWT, as Sniff sees it
	MediaJOSE    = "application/jose+json" // JWS in JSON form: a sealed European Digital Credential
	MediaPNG     = "image/png"             // a baked badge
	MediaSVG     = "image/svg+xml"         // a baked badge
)

// Opener checks a credential in a form that this package does not read itself.
// It never fails: what is wrong becomes rows.
type Opener func(ctx context.Context, data []byte, opt Options) *Checked

// maxEnvelopes bounds how deep forms may be packed into each other.
const maxEnvelopes = 4

// Sniff tells the form of a credential by its outer shape alone, "" when it has
// none that is known. It decides who reads the bytes, never what they mean.
func Sniff(data []byte) string {
	text := bytes.TrimSpace(data)
	switch {
	case len(text) == 0:
		return ""
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return MediaPNG
	case text[0] == '{':
		if sealed(text) {
			return MediaJOSE
		}
		return MediaVC
	case text[0] == '<' || bytes.HasPrefix(text, []byte("\xef\xbb\xbf<")):
		return MediaSVG
	case jose.LooksLike(text):
		return MediaJWT
	}
	if head, _, ok := bytes.Cut(text, []byte("~")); ok && jose.LooksLike(head) {
		return MediaSDJWT
	}
	return ""
}

// sealed tells whether a JSON text is a JWS in general form: its first member is
// one of the two that such an object has (RFC 7515, 7.2.1).
func sealed(text []byte) bool {
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	return bytes.HasPrefix(rest, []byte(`"payload"`)) || bytes.HasPrefix(rest, []byte(`"signatures"`))
}

// Envelope is what an Opener established about the outside, before the credential
// inside is judged.
type Envelope struct {
	MediaType string
	// Tree is the document inside, and Credential what was read of it where it is
	// of another data model than the W3C's; one of them is set, or neither when the
	// envelope could not be opened.
	Tree       map[string]any
	Credential *Credential
	// Status holds what stands beside the document: see TakeStatus.
	Status []map[string]any
	// Rows are the Opener's own: at least one of the check integrity.
	Rows []verdict.Check
	// Keys found the key, Method is its name. Who signed is judged by them, unless
	// Signer holds the rows for that.
	Keys    *Keys
	Method  string
	Signer  []verdict.Check
	Created *time.Time // what the signer says; proves no time
	// Seal is what the certificate says whose key signed; nil where there is none.
	Seal *cert.Facts
	// Words says that the signature covers the text as written, so that a word
	// without a definition is a finding and not a hole.
	Words bool
}

// CheckEnvelope judges the credential inside an envelope: form, dates, and whose
// key it was.
func CheckEnvelope(_ context.Context, e Envelope, opt Options) *Checked {
	out := &Checked{MediaType: e.MediaType, Credential: e.Credential, Checks: slices.Clone(e.Rows)}
	var shape error
	if out.Credential == nil && e.Tree != nil {
		out.Credential, shape = read(e.Tree)
		out.Checks = append(out.Checks, formatRows(out.Credential, shape, opt, covered{words: e.Words})...)
	}
	if out.Credential == nil {
		out.fill()
		return out
	}
	out.Credential.Status = append(out.Credential.Status, e.Status...)
	if passes(out.Checks, verdict.Integrity) {
		// A proof inside an envelope was not looked at: nothing may lean on it.
		out.Document, out.Seal = without(out.Credential.Tree, "proof"), e.Seal
	}
	switch {
	case len(e.Signer) > 0:
		out.Checks = append(out.Checks, e.Signer...)
		out.Signer.Created = e.Created
	case e.Keys != nil && e.Method != "":
		out.signerRows(proof.Result{VerificationMethod: e.Method, Created: e.Created}, e.Keys, opt)
	}
	out.Checks = append(out.Checks, dateRows(out.Credential, shape, opt.At)...)
	out.fill()
	return out
}

// fill adds a row for each of the four checks that nothing was said about, and
// sums them up. A document that breaks a rule of its form is not handed on (VCDM
// 2.0 section 7.1).
func (c *Checked) fill() {
	if c.Row(verdict.Format).Result == verdict.Fail {
		c.Document = nil
	}
	c.OK = true
	for _, name := range []verdict.CheckName{verdict.Format, verdict.Integrity, verdict.Signer, verdict.Dates} {
		if !slices.ContainsFunc(c.Checks, func(r verdict.Check) bool { return r.Name == name }) {
			c.Checks = append(c.Checks, verdict.New(name, verdict.NotChecked).As(verdict.Unknown))
		}
		c.OK = c.OK && passes(c.Checks, name)
	}
}

// Closed is what an Opener returns when an envelope could not be opened at all.
func Closed(mediaType string, code verdict.Code, err error) *Checked {
	out := &Checked{MediaType: mediaType}
	out.Checks = append(out.Checks, verdict.New(verdict.Format, code).With("detail", err.Error()).From(fromCredential))
	out.fill()
	return out
}

// open hands data to whoever reads its form.
func open(ctx context.Context, mediaType string, data []byte, opt Options) *Checked {
	if opt.depth++; opt.depth > maxEnvelopes {
		return Closed(mediaType, verdict.TooComplex, fmt.Errorf("%w: packed more than %d times", ErrParse, maxEnvelopes))
	}
	switch mediaType {
	case MediaVC:
		return checkJSON(ctx, data, opt)
	case MediaJWT, MediaVCJWT:
		return checkToken(ctx, bytes.TrimSpace(data), opt)
	}
	if o := opt.Openers[mediaType]; o != nil {
		return o(ctx, data, opt)
	}
	return Closed(mediaType, verdict.UnknownFormat, fmt.Errorf("%w: its form is not known", ErrParse))
}

// checkEnveloped opens an EnvelopedVerifiableCredential (VCDM 2.0 section
// 4.12.2): the media type of its data URL has to be that of what is inside.
func checkEnveloped(ctx context.Context, tree map[string]any, opt Options) *Checked {
	mediaType, data, err := dataURL(tree)
	if err != nil {
		return Closed(MediaVC, verdict.MalformedValue, err)
	}
	form := mediaType
	switch mediaType {
	case MediaVCJWT:
	case MediaVCSDJWT, MediaDCSDJWT:
		form = MediaSDJWT
	default:
		return Closed(mediaType, verdict.UnknownFormat, fmt.Errorf("%w: id: media type %.80q", ErrMalformed, mediaType))
	}
	out := open(ctx, form, data, opt)
	if out.MediaType != mediaType && (out.OK || out.Credential != nil) {
		out.Checks = append(out.Checks, verdict.New(verdict.Format, verdict.TokenType).With("detail",
			fmt.Sprintf("the envelope says %s and holds %s", mediaType, out.MediaType)).From(fromCredential))
		out.OK = false
	}
	return out
}

// dataURL reads the id of an enveloped object (RFC 2397). Base64 is refused: all
// forms that are read are text.
func dataURL(tree map[string]any) (mediaType string, data []byte, err error) {
	bad := func(why string) (string, []byte, error) {
		return "", nil, fmt.Errorf("%w: id: %s", ErrMalformed, why)
	}
	if c := tree["@context"]; c != ContextV2 {
		if list, ok := c.([]any); !ok || len(list) == 0 || list[0] != ContextV2 {
			return "", nil, fmt.Errorf("%w: @context: must be %s", ErrMalformed, ContextV2)
		}
	}
	id, _ := tree["id"].(string)
	rest, ok := strings.CutPrefix(id, "data:")
	if !ok {
		return bad("must be a data URL")
	}
	mediaType, body, ok := strings.Cut(rest, ",")
	if !ok {
		return bad("a data URL without data")
	}
	if strings.Contains(mediaType, ";") {
		return bad("a data URL with parameters or in base64")
	}
	text, err := url.PathUnescape(body)
	if err != nil {
		return bad("the data URL is not well-formed")
	}
	return strings.ToLower(mediaType), []byte(text), nil
}

// checkJSON reads JSON with embedded proofs, or an envelope in JSON.
func checkJSON(ctx context.Context, body []byte, opt Options) *Checked {
	tree, err := strictjson.ParseObject(body, opt.limits())
	if err != nil {
		return unreadable(err)
	}
	return CheckTree(ctx, tree, opt)
}

// hasType tells whether an object is of the given type.
func hasType(tree map[string]any, typ string) bool {
	types, err := stringOrList(tree["type"])
	return err == nil && slices.Contains(types, typ)
}

// Envelop wraps a secured text as the given enveloped type, such as
// EnvelopedVerifiableCredential.
func Envelop(typ, mediaType, text string) map[string]any {
	return map[string]any{"@context": ContextV2, "type": typ, "id": "data:" + mediaType + "," + text}
}

// instant reads a NumericDate (RFC 7519, 2): seconds, perhaps with a fraction. A
// date and time as text is no such thing and is read all the same: the vectors of
// the W3C's own suite for VC-JOSE-COSE carry it.
func instant(v any) (time.Time, bool) {
	if s, ok := v.(string); ok {
		t, err := proof.ParseTime(s)
		return t, err == nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := n.Float64()
	if err != nil || f < -62135596800 || f > 253402300799 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(f * 1000)).UTC(), true
}
