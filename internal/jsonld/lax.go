package jsonld

// Lax returns a loader with the same contexts that drops what has no meaning,
// as the JSON-LD algorithms do without safe mode, instead of refusing it. It
// serves one purpose: to find out whether a document that safe mode refuses
// was changed after signing. Nothing may be believed because of it.
func (l *Loader) Lax() *Loader { return newLoader(l.docs, l.base, false) }
