package jsonld

// object is an expanded map: a node object, value object, list object or, for
// a moment, a set object. Which one it is follows from has.
type object struct {
	has      members
	dir      string
	id       string
	types    []string
	value    any
	datatype string // type of a value object, "@json" included
	lang     string
	index    string
	items    []*object // @list or @set
	graph    []*object
	included []*object
	props    properties
	reverse  properties
}

type property struct {
	iri    string
	values []*object
}

// members says which keyword entries an object has.
type members uint16

const (
	hasID members = 1 << iota
	nullID
	hasType
	typeArray // @type was an array, which a value object may not have
	hasValue
	jsonType // @type is @json
	hasLang
	hasDir
	hasIndex
	hasList
	hasSet
	hasGraph
	hasIncluded
	hasReverse
)

func (o *object) isValue() bool { return o.has&hasValue != 0 }
func (o *object) isList() bool  { return o.has&hasList != 0 }
func (o *object) isNode() bool  { return o.has&(hasValue|hasList|hasSet) == 0 }

// isGraph reports whether o is a graph object: @graph, and besides it at most
// @id, @index and @context.
func (o *object) isGraph() bool {
	return o.has&hasGraph != 0 && o.has&^(hasGraph|hasID|nullID|hasIndex) == 0 && len(o.props.list) == 0
}

// fewProps is the number of properties up to which a linear search is faster.
const fewProps = 12

// properties is an ordered multimap from IRI to expanded values.
type properties struct {
	list   []property
	places map[string]int // by IRI, once there are many
}

// slot returns the property with the given IRI, made if necessary.
func (p *properties) slot(iri string) *property {
	if p.places == nil {
		for i := range p.list {
			if p.list[i].iri == iri {
				return &p.list[i]
			}
		}
		if len(p.list) >= fewProps {
			p.places = make(map[string]int, 2*fewProps)
			for i := range p.list {
				p.places[p.list[i].iri] = i
			}
		}
	} else if i, ok := p.places[iri]; ok {
		return &p.list[i]
	}
	if p.places != nil {
		p.places[iri] = len(p.list)
	}
	p.list = append(p.list, property{iri: iri})
	return &p.list[len(p.list)-1]
}

// add appends one value to the property with the given IRI.
func (p *properties) add(iri string, item *object) {
	s := p.slot(iri)
	s.values = append(s.values, item)
}

// expansion is the outcome of expanding one element: nothing, one object, or
// an array (which may be empty and is not the same as nothing).
type expansion struct {
	one   *object
	many  []*object
	array bool
}

func (e expansion) none() bool { return e.one == nil && !e.array }

// list returns the objects as an array.
func (e expansion) list() []*object {
	if e.one != nil {
		return []*object{e.one}
	}
	return e.many
}

// appendTo appends the objects to dst.
func (e expansion) appendTo(dst []*object) []*object {
	if e.one != nil {
		return append(dst, e.one)
	}
	return append(dst, e.many...)
}

// objectsTree renders expanded objects in the form of strictjson's trees.
func objectsTree(objects []*object) []any {
	out := make([]any, len(objects))
	for i, o := range objects {
		out[i] = o.tree()
	}
	return out
}

func propertiesTree(m map[string]any, props []property) {
	for i := range props {
		m[props[i].iri] = objectsTree(props[i].values)
	}
}

func (o *object) tree() map[string]any {
	m := make(map[string]any, 2+len(o.props.list))
	if o.has&nullID != 0 {
		m["@id"] = nil
	} else if o.has&hasID != 0 {
		m["@id"] = o.id
	}
	if o.isValue() {
		m["@value"] = o.value
		if o.has&hasType != 0 {
			m["@type"] = o.datatype
		}
	} else if o.has&hasType != 0 {
		types := make([]any, len(o.types))
		for i, t := range o.types {
			types[i] = t
		}
		m["@type"] = types
	}
	if o.has&hasLang != 0 {
		m["@language"] = o.lang
	}
	if o.has&hasDir != 0 {
		m["@direction"] = o.dir
	}
	if o.has&hasIndex != 0 {
		m["@index"] = o.index
	}
	if o.has&hasList != 0 {
		m["@list"] = objectsTree(o.items)
	}
	if o.has&hasGraph != 0 {
		m["@graph"] = objectsTree(o.graph)
	}
	if o.has&hasIncluded != 0 {
		m["@included"] = objectsTree(o.included)
	}
	if o.has&hasReverse != 0 {
		rev := make(map[string]any, len(o.reverse.list))
		propertiesTree(rev, o.reverse.list)
		m["@reverse"] = rev
	}
	propertiesTree(m, o.props.list)
	return m
}
