package verify

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

// ErrPolicy: a policy cannot be read or is not one. Nothing was verified.
var ErrPolicy = hint.New("verify: not a policy", "Use a shipped policy such as authentic or recognised, or a policy file like those in docs/trust.md; the message names the setting.")

// ErrNotStapled: only stapled evidence may be used and this is not among it.
var ErrNotStapled = hint.New("verify: not among the stapled evidence", "Hand the file in with --with URL=FILE, or allow the network.")

//go:embed policies
var shipped embed.FS

// Policy says what a verifier demands.
type Policy struct {
	Name    string
	Require []verdict.CheckName // beside the mandatory six
	// MaxAge bounds the age of the issuer's state, MaxStatusAge that of status
	// lists. AcceptLastKnown, when set, lets a credential of a silent or closed
	// issuer stand on evidence up to that old.
	MaxAge, MaxStatusAge, AcceptLastKnown time.Duration
	MinListLength                         int64
	DemandStatus                          bool
	// DemandAnchor makes it an obstacle that no chain speaks for the issuer's
	// state, or that none can be asked.
	DemandAnchor bool
	// Lenient reads what breaks a rule of form in a way that is met often and
	// changes no meaning, and reports it; strict, the default, does not.
	Lenient bool
	// ClaimedDate lets a recognition that has ended count for credentials which say
	// that they were issued before it did. The date is the issuer's own word: one that
	// lost its recognition can put any date on what it signs.
	ClaimedDate bool
	// Levels are what is demanded of the knowledge who an issuer is, by type of
	// credential; all that fit a credential must be met.
	Levels []LevelRule
	// Registers are the registers of quality assurance and of legal persons whose
	// word counts; none: all that the node has.
	Registers []string
	// DemandSchemas makes a schema that is not at hand an obstacle.
	DemandSchemas bool
	// Challenge and Domain are what a proof by the holder has to answer. They
	// belong to one request and stand in no file.
	Challenge string
	Domain    []string
	// Changes lists what the caller changed, as "setting=value".
	Changes []string
}

// LevelRule demands a level for credentials of a type; "*" stands for every type.
type LevelRule struct {
	Type  string
	Level legal.Level
}

// fits tells whether the rule is about a credential of these types.
func (r LevelRule) fits(types []string) bool { return r.Type == "*" || slices.Contains(types, r.Type) }

// asks tells whether the holder has to answer anything.
func (p Policy) asks() bool { return p.Challenge != "" || len(p.Domain) > 0 }

type policyFile struct {
	Name            string   `toml:"name"`
	Require         []string `toml:"require"`
	MaxAge          string   `toml:"max_age"`
	MaxStatusAge    string   `toml:"max_status_age"`
	AcceptLastKnown string   `toml:"accept_last_known"`
	MinListLength   int64    `toml:"min_list_length"`
	DemandStatus    bool     `toml:"demand_status"`
	DemandAnchor    bool     `toml:"demand_anchor"`
	Lenient         bool     `toml:"lenient"`
	DemandSchemas   bool     `toml:"demand_schemas"`
	Ended           string   `toml:"ended_recognition"`
	Registers       []string `toml:"registers"`
	Levels          []struct {
		Type  string `toml:"type"`
		Level string `toml:"level"`
	} `toml:"require_level"`
}

// The words for what an ended recognition is worth.
const (
	endedRefuse  = "refuse"
	endedClaimed = "by_claimed_date"
)

// Shipped returns a policy that comes with the program (see [ShippedNames]). The
// error is ErrPolicy.
func Shipped(name string) (Policy, error) {
	if strings.ContainsAny(name, "/\\.") {
		return Policy{}, fmt.Errorf("%w: %.80q", ErrPolicy, name)
	}
	b, err := shipped.ReadFile("policies/" + name + ".toml")
	if err != nil {
		return Policy{}, fmt.Errorf("%w: %.80q is not shipped", ErrPolicy, name)
	}
	return Parse(string(b))
}

// Parse reads a policy in TOML; unknown settings are refused. The error is
// ErrPolicy.
func Parse(text string) (Policy, error) {
	if len(text) > 64<<10 {
		return Policy{}, fmt.Errorf("%w: larger than 64 KiB", ErrPolicy)
	}
	f := policyFile{MaxAge: "168h", MinListLength: 131072}
	meta, err := toml.Decode(text, &f)
	if err != nil {
		return Policy{}, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	if left := meta.Undecoded(); len(left) > 0 {
		return Policy{}, fmt.Errorf("%w: there is no setting %q", ErrPolicy, left[0].String())
	}
	if f.Name == "" || f.MinListLength < 1 {
		return Policy{}, fmt.Errorf("%w: name and a positive min_list_length are needed", ErrPolicy)
	}
	p := Policy{Name: f.Name, MinListLength: f.MinListLength, DemandStatus: f.DemandStatus, DemandAnchor: f.DemandAnchor,
		Lenient: f.Lenient, DemandSchemas: f.DemandSchemas}
	if err := p.trust(f); err != nil {
		return Policy{}, err
	}
	for _, r := range f.Require {
		if !slices.Contains(verdict.Names(), verdict.CheckName(r)) {
			return Policy{}, fmt.Errorf("%w: there is no check %q", ErrPolicy, r)
		}
		p.Require = append(p.Require, verdict.CheckName(r))
	}
	if f.MaxStatusAge == "" {
		f.MaxStatusAge = f.MaxAge
	}
	if p.MaxAge, err = ParseDuration(f.MaxAge); err != nil {
		return Policy{}, err
	}
	if p.MaxStatusAge, err = ParseDuration(f.MaxStatusAge); err != nil {
		return Policy{}, err
	}
	if f.AcceptLastKnown != "" {
		if p.AcceptLastKnown, err = ParseDuration(f.AcceptLastKnown); err != nil {
			return Policy{}, err
		}
	}
	return p, nil
}

// trust reads what the policy says of issuers.
func (p *Policy) trust(f policyFile) error {
	switch f.Ended {
	case "", endedRefuse:
	case endedClaimed:
		p.ClaimedDate = true
	default:
		return fmt.Errorf("%w: ended_recognition is %s or %s, not %.80q", ErrPolicy, endedRefuse, endedClaimed, f.Ended)
	}
	if len(f.Levels) > 64 || len(f.Registers) > 64 {
		return fmt.Errorf("%w: at most 64 required levels and 64 registers", ErrPolicy)
	}
	for _, l := range f.Levels {
		level, ok := legal.ParseLevel(l.Level)
		if !ok || l.Type == "" {
			return fmt.Errorf("%w: require_level needs a type and a level from L0 to L6, not %.80q and %.80q", ErrPolicy, l.Type, l.Level)
		}
		p.Levels = append(p.Levels, LevelRule{Type: l.Type, Level: level})
	}
	for _, r := range f.Registers {
		if strings.TrimSpace(r) == "" {
			return fmt.Errorf("%w: registers holds an empty name", ErrPolicy)
		}
	}
	p.Registers = f.Registers
	return nil
}

// ShippedNames lists the policies that come with the program.
func ShippedNames() []string {
	entries, err := shipped.ReadDir("policies")
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".toml"))
	}
	return out
}

// ParseDuration reads 36h, 7d, or an ISO 8601 period such as P2Y, P6M, P10D
// (a year as 365 days, a month as 30). The error is ErrPolicy.
func ParseDuration(s string) (time.Duration, error) {
	const day = 24 * time.Hour
	unit := map[byte]time.Duration{'Y': 365 * day, 'M': 30 * day, 'W': 7 * day, 'D': day}
	if rest, ok := strings.CutPrefix(s, "P"); ok && len(rest) > 1 {
		n, err := strconv.Atoi(rest[:len(rest)-1])
		if u := unit[rest[len(rest)-1]]; err == nil && u > 0 && n > 0 && n < 1000 {
			return time.Duration(n) * u, nil
		}
	} else if rest, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(rest); err == nil && n > 0 && n < 100_000 {
			return time.Duration(n) * day, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%w: %q is no duration such as 36h, 7d or P2Y", ErrPolicy, s)
}

// With returns the policy with one setting changed, which the verdict will
// say. Settings are max_age, max_status_age, min_list_length, accept_last_known,
// lenient and demand_schemas. The error is ErrPolicy.
func (p Policy) With(setting, value string) (Policy, error) {
	var err error
	switch setting {
	case "max_age":
		p.MaxAge, err = ParseDuration(value)
	case "max_status_age":
		p.MaxStatusAge, err = ParseDuration(value)
	case "accept_last_known":
		p.AcceptLastKnown, err = ParseDuration(value)
	case "min_list_length":
		p.MinListLength, err = strconv.ParseInt(value, 10, 64)
		if err != nil || p.MinListLength < 1 {
			err = fmt.Errorf("%w: min_list_length %q", ErrPolicy, value)
		}
	case "lenient":
		p.Lenient, err = parseSwitch(setting, value)
	case "demand_schemas":
		p.DemandSchemas, err = parseSwitch(setting, value)
	default:
		err = fmt.Errorf("%w: there is no setting %q", ErrPolicy, setting)
	}
	p.Changes = append(slices.Clip(p.Changes), setting+"="+value)
	return p, err
}

func parseSwitch(setting, value string) (bool, error) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		err = fmt.Errorf("%w: %s is true or false, not %.80q", ErrPolicy, setting, value)
	}
	return b, err
}
