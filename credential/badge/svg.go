package badge

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	svgNamespace   = "http://www.w3.org/2000/svg"
	badgeNamespace = "https://purl.imsglobal.org/ob/v3p0"
	olderNamespace = "http://openbadges.org"

	maxDepth      = 128
	maxTokens     = 1 << 17 // tags, texts and comments
	maxAttributes = 1024    // of one element
)

// isSVG tells whether data begins like XML and names an svg element early.
func isSVG(data []byte) bool {
	head := bytes.TrimPrefix(data[:min(len(data), 64<<10)], []byte("\xef\xbb\xbf"))
	head = bytes.TrimLeft(head, " \t\r\n")
	return bytes.HasPrefix(head, []byte("<")) && bytes.Contains(head, []byte("svg"))
}

// svgReader walks the tokens of one SVG and keeps no tree.
type svgReader struct {
	tokens *xml.Decoder
	depth  int
	count  int
	found  bool
	older  bool
	rooted bool
	text   []byte
}

// crowded tells whether some element may have more attributes than honest
// ones do. The decoder builds all attributes of an element before it hands it
// over, so this is counted in the bytes first: no attribute comes without an
// equals sign, and none contains a less-than sign.
func crowded(data []byte) bool {
	for part := range bytes.SplitSeq(data, []byte("<")) {
		if bytes.Count(part, []byte("=")) > maxAttributes {
			return true
		}
	}
	return false
}

// unbakeSVG reads to the end, because a second credential is an error.
func unbakeSVG(data []byte) ([]byte, error) {
	if crowded(data) {
		return nil, fmt.Errorf("%w: an element has more than %d attributes", ErrTooComplex, maxAttributes)
	}
	r := &svgReader{tokens: xml.NewDecoder(bytes.NewReader(data))}
	for {
		tok, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if start, ok := tok.(xml.StartElement); ok {
			if err := r.element(start); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case !r.rooted:
		return nil, ErrNotImage
	case r.found:
		return r.text, nil
	case r.older:
		return nil, ErrOlder
	}
	return nil, ErrNone
}

// next gives one token and holds what holds everywhere: a document type that
// defines nothing, a bounded number and depth, and one root.
func (r *svgReader) next() (xml.Token, error) {
	tok, err := r.tokens.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if r.count++; r.count > maxTokens {
		return nil, fmt.Errorf("%w: it has more than %d tags and texts", ErrTooComplex, maxTokens)
	}
	switch t := tok.(type) {
	case xml.Directive:
		// Drawing programs write one that names the SVG 1.1 DTD, which nobody
		// loads. Only between brackets could it define anything.
		if r.rooted || !bytes.HasPrefix(t, []byte("DOCTYPE svg")) || bytes.ContainsAny(t, "[]") {
			return nil, ErrDoctype
		}
	case xml.StartElement:
		if r.depth++; r.depth > maxDepth {
			return nil, ErrTooComplex
		}
		if r.depth == 1 {
			if r.rooted {
				return nil, fmt.Errorf("%w: two root elements", ErrMalformed)
			}
			if t.Name != (xml.Name{Space: svgNamespace, Local: "svg"}) {
				return nil, fmt.Errorf("%w: the root is no svg element", ErrNotImage)
			}
			r.rooted = true
		}
	case xml.EndElement:
		r.depth--
	case xml.CharData:
		if r.depth == 0 && len(bytes.Trim(t, "\ufeff \t\r\n")) > 0 {
			return nil, fmt.Errorf("%w: text outside the root element", ErrMalformed)
		}
	}
	return tok, nil
}

// element looks for the credential. Any element of that local name counts,
// whatever its namespace, so that readers which look at the spelling and
// readers which look at the namespace can never take two different ones.
func (r *svgReader) element(start xml.StartElement) error {
	if start.Name.Space == olderNamespace {
		r.older = true
	}
	if start.Name.Local != "credential" {
		return nil
	}
	switch {
	case r.found:
		return ErrSeveral
	case start.Name.Space != badgeNamespace:
		return fmt.Errorf("%w: %q", ErrNamespace, start.Name.Space)
	case r.depth != 2:
		return fmt.Errorf("%w: the credential must stand right below the root", ErrMalformed)
	}
	r.found = true
	return r.credential(start)
}

// credential reads a JWT from the attribute verify, or JSON from the body.
func (r *svgReader) credential(start xml.StartElement) error {
	token, signed := "", false
	for _, a := range start.Attr {
		if a.Name == (xml.Name{Local: "verify"}) {
			if signed {
				return fmt.Errorf("%w: the attribute verify stands twice", ErrSeveral)
			}
			token, signed = a.Value, true
		}
	}
	var body bytes.Buffer
	for {
		tok, err := r.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		switch t := tok.(type) {
		case xml.CharData:
			body.Write(t)
		case xml.EndElement:
			inner := bytes.TrimSpace(body.Bytes())
			if signed && len(inner) > 0 {
				return fmt.Errorf("%w: a JWT and a text", ErrSeveral)
			}
			if signed {
				if !isJWT(token) {
					return fmt.Errorf("%w: the attribute verify holds no compact JWT", ErrInner)
				}
				inner = []byte(token)
			}
			r.text = inner
			return nil
		default:
			return fmt.Errorf("%w: the credential element must hold text only", ErrMalformed)
		}
	}
}

// bakeSVG puts the element right behind the root's start tag. A root without
// content ("<svg/>") has no such place and no picture either.
func bakeSVG(image, credential []byte) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(image))
	for {
		tok, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if _, ok := tok.(xml.StartElement); ok {
			break
		}
	}
	at := d.InputOffset()
	if bytes.HasSuffix(image[:at], []byte("/>")) {
		return nil, fmt.Errorf("%w: the SVG is empty", ErrMalformed)
	}
	element := `<openbadges:credential xmlns:openbadges="` + badgeNamespace + `"`
	if isObject(credential) {
		// ]]> would end the section; in JSON it stands in strings only.
		element += "><![CDATA[" + strings.ReplaceAll(string(credential), "]]>", `]]\u003e`) + "]]>"
	} else {
		element += ` verify="` + string(credential) + `">`
	}
	element += "</openbadges:credential>"
	out := make([]byte, 0, len(image)+len(element))
	out = append(out, image[:at]...)
	out = append(out, element...)
	return append(out, image[at:]...), nil
}
