package badge

import "fmt"

// The bounds on what others may say in one badge.
const (
	maxEndorsements     = 32
	maxEndorsementDepth = 3
)

// Endorsement is one credential about the badge, its achievement or one of
// the organisations in it. Nothing in it is verified.
type Endorsement struct {
	// Path says where it stands, for example "issuer.endorsement[0]".
	Path string
	// Depth is 1 for an endorsement in the badge, 2 for one in an endorsement.
	Depth int
	// Tree is the EndorsementCredential of a member endorsement, to be given
	// to credential.CheckTree; nil for a JWT.
	Tree map[string]any
	// JWT is one of a member endorsementJwt; "" for a tree.
	JWT string
}

// Endorsements lists the members endorsement and endorsementJwt of a badge:
// on the credential, its achievements, their creators, the subject's source,
// and the issuer, and again inside each endorsement (Open Badges 3.0,
// AchievementCredential, Achievement and Profile). The order is stable.
//
// The error is ErrEndorsements when there are more than 32, when they nest
// deeper than 3, or when one is neither an object nor a JWT; the list then
// holds what could be read, and whoever asks must not call it complete.
func Endorsements(doc map[string]any) ([]Endorsement, error) {
	l := &lister{}
	l.credential("", doc, 1)
	return l.list, l.err
}

type lister struct {
	list []Endorsement
	err  error
}

func (l *lister) fail(path, why string) {
	if l.err == nil {
		l.err = fmt.Errorf("%w: %s %s", ErrEndorsements, path, why)
	}
}

func (l *lister) credential(path string, doc map[string]any, depth int) {
	l.on(path, doc, depth)
	l.profile(join(path, "issuer"), doc["issuer"], depth)
	for _, s := range items(join(path, "credentialSubject"), doc["credentialSubject"]) {
		subject, _ := s.value.(map[string]any)
		l.profile(join(s.path, "source"), subject["source"], depth)
		for _, a := range items(join(s.path, "achievement"), subject["achievement"]) {
			if achievement, ok := a.value.(map[string]any); ok {
				l.on(a.path, achievement, depth)
				l.profile(join(a.path, "creator"), achievement["creator"], depth)
			}
		}
	}
}

func (l *lister) profile(path string, v any, depth int) {
	for range maxEndorsementDepth { // parentOrg is a profile again
		p, ok := v.(map[string]any)
		if !ok {
			return
		}
		l.on(path, p, depth)
		path, v = join(path, "parentOrg"), p["parentOrg"]
	}
	if v != nil {
		l.fail(path, "is nested too deeply")
	}
}

// on lists what stands on one object and looks inside it.
func (l *lister) on(path string, o map[string]any, depth int) {
	for _, member := range []string{"endorsement", "endorsementJwt"} {
		for _, e := range items(join(path, member), o[member]) {
			switch {
			case depth > maxEndorsementDepth:
				l.fail(e.path, "is nested too deeply")
				return
			case len(l.list) >= maxEndorsements:
				l.fail(e.path, fmt.Sprintf("is more than the %dth", maxEndorsements))
				return
			}
			tree, isTree := e.value.(map[string]any)
			token, isText := e.value.(string)
			switch {
			case member == "endorsement" && isTree:
				l.list = append(l.list, Endorsement{Path: e.path, Depth: depth, Tree: tree})
				l.credential(e.path, tree, depth+1)
			case member == "endorsementJwt" && isText && isJWT(token):
				l.list = append(l.list, Endorsement{Path: e.path, Depth: depth, JWT: token})
			default:
				l.fail(e.path, "is no endorsement")
			}
		}
	}
}

type item struct {
	path  string
	value any
}

// items reads a member that holds one value or a list.
func items(path string, v any) []item {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		out := make([]item, len(x))
		for i, e := range x {
			out[i] = item{fmt.Sprintf("%s[%d]", path, i), e}
		}
		return out
	}
	return []item{{path, v}}
}

func join(path, member string) string {
	if path == "" {
		return member
	}
	return path + "." + member
}
