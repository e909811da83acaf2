package api

import (
	"net/http"
	"strings"
)

// openapi answers with a description (OpenAPI 3.1) of every route of both
// listeners. It is made from the tables that the router runs on, so that the two
// cannot disagree.
func (s *Server) openapi(w http.ResponseWriter, _ *http.Request) error {
	paths := map[string]map[string]any{}
	add := func(routes []route, listener string, security []any) {
		for _, r := range routes {
			p := strings.Replace(r.pattern, "...}", "}", 1)
			if paths[p] == nil {
				paths[p] = map[string]any{}
			}
			op := map[string]any{"summary": r.about, "tags": []string{listener}, "responses": responses()}
			if _, name, ok := strings.Cut(strings.TrimSuffix(p, "}"), "{"); ok {
				op["parameters"] = []any{map[string]any{"name": name, "in": "path", "required": true, "schema": map[string]any{"type": "string"}}}
			}
			for _, name := range r.query {
				list, _ := op["parameters"].([]any)
				op["parameters"] = append(list, any(map[string]any{"name": name, "in": "query", "required": false, "schema": map[string]any{"type": "string"}}))
			}
			if r.method == http.MethodPost {
				op["requestBody"] = map[string]any{"required": true, "content": content("application/json")}
			}
			if security != nil {
				op["security"] = security
			}
			paths[p][strings.ToLower(r.method)] = op
		}
	}
	add(s.publicRoutes(), "public", nil)
	add(s.adminRoutes(), "admin", []any{map[string]any{"token": []string{}}})
	writeJSON(w, http.StatusOK, "application/json", map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "Bonafide", "version": s.cfg.Version,
			"description": "The public listener answers anybody; the admin listener wants the token of the node's home."},
		"paths":      paths,
		"components": map[string]any{"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}}},
	})
	return nil
}

func content(mediaType string) map[string]any {
	return map[string]any{mediaType: map[string]any{"schema": map[string]any{"type": "object"}}}
}

func responses() map[string]any {
	return map[string]any{
		"2XX":     map[string]any{"description": "Success", "content": content("application/json")},
		"default": map[string]any{"description": "A problem document (RFC 9457) with a hint", "content": content(typeProblem)},
	}
}
