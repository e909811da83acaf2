package jsonld

import "strings"

// langTag reports whether tag is well-formed by RFC 5646 section 2.2.9: it
// matches the grammar of section 2.1 (registration is not looked at) and has
// no variant or singleton twice.
func langTag(tag string) bool {
	if tag == "" || len(tag) > 255 {
		return false
	}
	tag = strings.ToLower(tag)
	parts := strings.Split(tag, "-")
	for _, p := range parts {
		if p == "" || len(p) > 8 || !alnum(p) {
			return false
		}
	}
	if parts[0] == "x" {
		return len(parts) > 1
	}
	if irregular(tag) {
		return true
	}
	lang := parts[0]
	if !alpha(lang) || len(lang) < 2 {
		return false
	}
	i := 1
	if len(lang) <= 3 {
		for n := 0; n < 3 && i < len(parts) && len(parts[i]) == 3 && alpha(parts[i]); n++ {
			i++ // extlang
		}
	}
	if i < len(parts) && len(parts[i]) == 4 && alpha(parts[i]) {
		i++ // script
	}
	if i < len(parts) && (len(parts[i]) == 2 && alpha(parts[i]) || len(parts[i]) == 3 && digits(parts[i])) {
		i++ // region
	}
	first := i
	for i < len(parts) && (len(parts[i]) >= 5 || len(parts[i]) == 4 && parts[i][0] <= '9') {
		for j := first; j < i; j++ {
			if parts[j] == parts[i] {
				return false
			}
		}
		i++ // variant
	}
	var seen [128]bool
	for i < len(parts) && len(parts[i]) == 1 && parts[i] != "x" {
		if c := parts[i][0]; seen[c] {
			return false
		} else {
			seen[c] = true
		}
		i++
		start := i
		for i < len(parts) && len(parts[i]) >= 2 {
			i++
		}
		if i == start {
			return false
		}
	}
	if i < len(parts) && parts[i] == "x" {
		return i+1 < len(parts)
	}
	return i == len(parts)
}

// irregular lists the grandfathered tags that the grammar does not produce.
func irregular(tag string) bool {
	switch tag {
	case "en-gb-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak", "i-klingon", "i-lux",
		"i-mingo", "i-navajo", "i-pwn", "i-tao", "i-tay", "i-tsu", "sgn-be-fr", "sgn-be-nl", "sgn-ch-de":
		return true
	}
	return false
}

func alnum(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAlpha(s[i]) && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

func alpha(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAlpha(s[i]) {
			return false
		}
	}
	return true
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
