package jsonld

// View shows what a document expanded to. It holds while the function that it
// was handed to runs, and must not be kept.
type View struct{ objects []*object }

// Look expands doc and shows the outcome to look, which may be nil. Errors are
// those of Expand; with one, nothing is shown.
func (l *Loader) Look(doc map[string]any, look func(View)) error {
	return l.with(doc, func(_ *scratch, objects []*object) error {
		if look != nil {
			look(View{objects})
		}
		return nil
	})
}

// Len is how many nodes stand at the top; a credential has one.
func (v View) Len() int { return len(v.objects) }

// ID returns the identifier of the first node, "" when it has none.
func (v View) ID() string {
	if len(v.objects) == 0 {
		return ""
	}
	return v.objects[0].id
}

// Count is how many values a property of the first node has, by its IRI.
func (v View) Count(iri string) int {
	if len(v.objects) == 0 {
		return 0
	}
	return v.objects[0].count(iri)
}

// Below tells whether a node anywhere below the first one has the identifier id
// and a property of those listed.
func (v View) Below(id string, iris []string) bool {
	if len(v.objects) == 0 {
		return false
	}
	found := false
	eachObject(v.objects[:1], func(o *object) {
		if o == v.objects[0] || o.has&hasID == 0 || o.id != id || found {
			return
		}
		for _, iri := range iris {
			found = found || o.count(iri) > 0
		}
	})
	return found
}

// count is how many values a property has.
func (o *object) count(iri string) int {
	for i := range o.props.list {
		if o.props.list[i].iri == iri {
			return len(o.props.list[i].values)
		}
	}
	return 0
}
