package sdjwt

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

// counter is a source of randomness for tests.
type counter byte

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		*c++
		p[i] = byte(*c)
	}
	return len(p), nil
}

func TestConceal(t *testing.T) {
	claims := object(t, `{"iss":"i","name":"Ana","list":["PT","ES"]}`)
	before := canonical(t, claims)
	random := counter(0)
	payload, list, err := Conceal(claims, Frame{Hide: []string{"/name", "/list/1"}, Decoys: 3, Hash: SHA512, Random: &random})
	if err != nil {
		t.Fatal(err)
	}
	if canonical(t, claims) != before {
		t.Error("the claims were changed")
	}
	if payload["_sd_alg"] != "sha-512" || len(payload["_sd"].([]any)) != 4 || payload["name"] != nil || payload["iss"] != "i" {
		t.Errorf("%v", payload)
	}
	if len(list) != 2 || len(list[0].Salt) != 22 || list[0].Salt == list[1].Salt {
		t.Errorf("%v", list)
	}
	for _, d := range list {
		if strings.Contains(canonical(t, payload), d.Salt) {
			t.Error("a salt stands in the payload")
		}
	}
	random = 0
	again, _, err := Conceal(claims, Frame{Hide: []string{"/list/1", "/name"}, Decoys: 3, Hash: SHA512, Random: &random})
	if err != nil || canonical(t, again) != canonical(t, payload) {
		t.Errorf("the same randomness gives another token: %v", err)
	}
	plain, none, err := Conceal(claims, Frame{Decoys: 3})
	if err != nil || len(none) != 0 || canonical(t, plain) != before {
		t.Errorf("nothing hidden: %v %v", plain, err)
	}
}

func TestConcealRefuses(t *testing.T) {
	for _, c := range []struct {
		name, claims string
		frame        Frame
		want         error
	}{
		{"no pointer", `{"a":1}`, Frame{Hide: []string{"a"}}, ErrFrame},
		{"all of it", `{"a":1}`, Frame{Hide: []string{""}}, ErrFrame},
		{"not there", `{"a":1}`, Frame{Hide: []string{"/b"}}, ErrFrame},
		{"below a plain value", `{"a":1}`, Frame{Hide: []string{"/a/b"}}, ErrFrame},
		{"past the end", `{"a":[1]}`, Frame{Hide: []string{"/a/1"}}, ErrFrame},
		{"another spelling of an index", `{"a":[1]}`, Frame{Hide: []string{"/a/00"}}, ErrFrame},
		{"negative", `{"a":[1]}`, Frame{Hide: []string{"/a/-1"}}, ErrFrame},
		{"reserved", `{"a":[{"_sd":[]}]}`, Frame{}, ErrReserved},
		{"reserved element", `{"a":[{"...":"x"}]}`, Frame{}, ErrReserved},
		{"hash", `{"a":1}`, Frame{Hash: "md5"}, ErrHash},
		{"no randomness", `{"a":1}`, Frame{Hide: []string{"/a"}, Random: bytes.NewReader(make([]byte, 15))}, io.ErrUnexpectedEOF},
		{"no randomness for a decoy", `{"a":1}`, Frame{Hide: []string{"/a"}, Decoys: 1, Random: bytes.NewReader(make([]byte, 16))}, io.EOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := Conceal(object(t, c.claims), c.frame); !errors.Is(err, c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// The cases of the reference implementation: claims in which what is
// selectively disclosable is tagged !sd, what the holder shows, and what the
// verifier then reads. Our frame does what the tags say.
func TestReferenceCases(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors.Path(t, "vectors/sd-jwt"), "*", "specification.yml"))
	if err != nil || len(files) < 9 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var spec struct {
				Claims  yaml.Node `yaml:"user_claims"`
				Show    yaml.Node `yaml:"holder_disclosed_claims"`
				Expects yaml.Node `yaml:"expect_verified_user_claims"`
			}
			if err := yaml.Unmarshal(data, &spec); err != nil {
				t.Fatal(err)
			}
			var frame Frame
			claims := yamlTree(t, &spec.Claims, "", &frame.Hide)
			want := yamlTree(t, &spec.Expects, "", new([]string))
			show := map[string]bool{}
			yamlShown(&spec.Claims, &spec.Show, "", show)

			payload, list, err := Conceal(claims.(map[string]any), frame)
			if err != nil {
				t.Fatal(err)
			}
			all, err := Reconstruct(payload, list, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if canonical(t, all.Tree) != canonical(t, claims) {
				t.Errorf("all of it: %s", canonical(t, all.Tree))
			}
			var shown []Disclosure
			for i, p := range all.Disclosed {
				if show[p] {
					shown = append(shown, list[i])
				}
			}
			got, err := Reconstruct(payload, shown, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if canonical(t, got.Tree) != canonical(t, want) {
				t.Errorf("got  %s\nwant %s", canonical(t, got.Tree), canonical(t, want))
			}
		})
	}
}

// yamlTree turns a node into a tree and collects what is tagged !sd.
func yamlTree(t *testing.T, n *yaml.Node, path string, hidden *[]string) any {
	t.Helper()
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			p := path + "/" + escapePointer(n.Content[i].Value)
			if n.Content[i].Tag == "!sd" {
				*hidden = append(*hidden, p)
			}
			out[n.Content[i].Value] = yamlTree(t, n.Content[i+1], p, hidden)
		}
		return out
	case yaml.SequenceNode:
		out := []any{}
		for i, e := range n.Content {
			p := path + "/" + strconv.Itoa(i)
			if e.Tag == "!sd" {
				*hidden = append(*hidden, p)
			}
			out = append(out, yamlTree(t, e, p, hidden))
		}
		return out
	}
	if n.Tag == "!!str" || n.Style != 0 && n.Style != yaml.TaggedStyle {
		return n.Value
	}
	v, err := strictjson.Parse([]byte(strings.ToLower(n.Value)), strictjson.Limits{})
	if err != nil {
		return n.Value
	}
	return v
}

// yamlShown collects the pointers of what the holder shows: "true" shows a
// hidden claim, a list or object goes into it and shows what leads there.
func yamlShown(claims, show *yaml.Node, path string, out map[string]bool) {
	next := func(claim, s *yaml.Node, tagged bool, p string) {
		if s.Kind == yaml.ScalarNode && strings.ToLower(s.Value) != "true" {
			return
		}
		if tagged {
			out[p] = true
		}
		yamlShown(claim, s, p, out)
	}
	for i, s := range show.Content {
		switch {
		case show.Kind == yaml.SequenceNode && i < len(claims.Content):
			next(claims.Content[i], s, claims.Content[i].Tag == "!sd", path+"/"+strconv.Itoa(i))
		case show.Kind == yaml.MappingNode && i%2 == 0:
			for j := 0; j+1 < len(claims.Content); j += 2 {
				if name := claims.Content[j]; name.Value == s.Value {
					next(claims.Content[j+1], show.Content[i+1], name.Tag == "!sd", path+"/"+escapePointer(name.Value))
				}
			}
		}
	}
}
