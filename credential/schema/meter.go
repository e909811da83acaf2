package schema

import (
	"context"
	"fmt"
	"regexp"
	"regexp/syntax"
	"runtime"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// maxWork bounds one evaluation, in units of roughly 0.1 microseconds.
	maxWork = 10_000_000
	// maxSteps bounds how many schemas are applied.
	maxSteps = 100_000
	// maxFrames bounds the stack: a schema can make the evaluator descend much
	// deeper than the document, and a stack that overflows ends the program.
	maxFrames = 8_000
	// maxPattern and maxProgram bound a regular expression and what it
	// compiles to.
	maxPattern = 2048
	maxProgram = 5_000
)

// exhausted is what a meter panics with; the evaluator has no other way out.
type exhausted struct{}

// meter counts the work of one evaluation. Schemas of a few lines can ask for
// exponential work, and the evaluator itself knows no bound.
type meter struct {
	ctx         context.Context // of the one evaluation
	work, steps int
}

func (m *meter) spend(n int) {
	if m.work -= n; m.work < 0 {
		panic(exhausted{})
	}
}

func (m *meter) step(n int) {
	m.spend(n)
	m.steps--
	if m.steps < 0 || m.steps%256 == 0 && (m.ctx.Err() != nil || deep()) {
		panic(exhausted{})
	}
}

// deep tells whether the stack has more than maxFrames frames.
func deep() bool {
	var pc [1]uintptr
	return runtime.Callers(maxFrames, pc[:]) > 0
}

// count makes every schema that root leads to report to the meter when it is
// applied. The keyword format serves as the hook, because the evaluator looks at
// it before it descends; what the schema itself says there is only an annotation.
func (m *meter) count(root *jsonschema.Schema) {
	todo := []*jsonschema.Schema{root}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s == nil || s.Format != nil && s.Format.Name == hook {
			continue
		}
		kids := children(s)
		weight := 8 + len(kids) + len(s.Required)
		if s.Enum != nil {
			weight += size(s.Enum.Values)
		}
		if s.Const != nil {
			weight += size(*s.Const)
		}
		for _, names := range s.DependentRequired {
			weight += 1 + len(names)
		}
		unique := s.UniqueItems
		s.Format = &jsonschema.Format{Name: hook, Validate: func(v any) error {
			m.step(weight + breadth(v))
			if list, ok := v.([]any); ok && unique {
				m.spend(8 * size(list))
			}
			return nil
		}}
		todo = append(todo, kids...)
	}
}

const hook = "bonafide:meter"

// breadth is what looking at a value costs without its descendants.
func breadth(v any) int {
	switch x := v.(type) {
	case map[string]any:
		return len(x)
	case []any:
		return len(x)
	case string:
		return len(x) / 64
	}
	return 0
}

// children are the schemas that s may apply.
func children(s *jsonschema.Schema) []*jsonschema.Schema {
	kids := []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else, s.PropertyNames,
		s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems, s.ContentSchema}
	if s.DynamicRef != nil {
		kids = append(kids, s.DynamicRef.Ref)
	}
	for _, list := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf, s.PrefixItems} {
		kids = append(kids, list...)
	}
	for _, byName := range []map[string]*jsonschema.Schema{s.Properties, s.DependentSchemas} {
		for _, kid := range byName {
			kids = append(kids, kid)
		}
	}
	for _, kid := range s.PatternProperties {
		kids = append(kids, kid)
	}
	either := []any{s.AdditionalProperties, s.Items, s.AdditionalItems}
	for _, v := range s.Dependencies {
		either = append(either, v)
	}
	for _, v := range either {
		switch kid := v.(type) {
		case *jsonschema.Schema:
			kids = append(kids, kid)
		case []*jsonschema.Schema:
			kids = append(kids, kid...)
		}
	}
	return kids
}

// pattern is a regular expression that reports to a meter. Go's engine takes
// time in proportion to text and program, and both are counted.
type pattern struct {
	*regexp.Regexp
	meter *meter
	size  int // instructions
}

func (p pattern) MatchString(s string) bool {
	p.meter.spend(1 + len(s)*p.size/16)
	return p.Regexp.MatchString(s)
}

func (m *meter) regexp(text string) (jsonschema.Regexp, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("%w: a pattern of %d bytes", errSchema, len(text))
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	if len(program.Inst) > maxProgram {
		return nil, fmt.Errorf("%w: a pattern of %d steps", errSchema, len(program.Inst))
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	return pattern{re, m, len(program.Inst)}, nil
}
