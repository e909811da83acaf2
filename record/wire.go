package record

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// MaxExchange is the greatest size in bytes of encoded ranges or answers.
const MaxExchange = 2 << 20

var exchangeLimits = strictjson.Limits{MaxBytes: MaxExchange, MaxDepth: 5, MaxValues: 1 << 17}

// EncodeRanges writes ranges as the JCS form of [[lo, hi, count, fingerprint
// in base64url], ...].
func EncodeRanges(rs []Range) ([]byte, error) { return exchange(rangeRows(rs)) }

// EncodeAnswers writes answers as the JCS form of [{"lo", "hi", and either
// "leaves": [[path, cid, size], ...] or "split": ranges}, ...].
func EncodeAnswers(as []Answer) ([]byte, error) {
	rows := make([]any, len(as))
	for i, a := range as {
		row := map[string]any{"lo": a.Lo, "hi": a.Hi}
		if len(a.Split) > 0 {
			row["split"] = rangeRows(a.Split)
		} else {
			leaves := make([]any, len(a.Leaves))
			for j, l := range a.Leaves {
				leaves[j] = []any{l.Path, l.CID.String(), integer(l.Size)}
			}
			row["leaves"] = leaves
		}
		rows[i] = row
	}
	return exchange(rows)
}

func rangeRows(rs []Range) []any {
	rows := make([]any, len(rs))
	for i, r := range rs {
		rows[i] = []any{r.Lo, r.Hi, integer(int64(r.Count)), encode64(r.Fingerprint[:])}
	}
	return rows
}

func integer(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

func exchange(rows []any) ([]byte, error) {
	body, err := strictjson.Canonical(rows)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReconcile, err)
	}
	if len(body) > MaxExchange {
		return nil, fmt.Errorf("%w: exchange of %d bytes, at most %d", ErrTooLarge, len(body), MaxExchange)
	}
	return body, nil
}

// ParseRanges reads what EncodeRanges wrote, for Manifest.Answer. Errors are
// ErrTooLarge, those of package strictjson, and ErrReconcile.
func ParseRanges(body []byte) ([]Range, error) {
	rows, err := parseRows(body)
	if err != nil {
		return nil, err
	}
	rs, err := parseRanges(rows, MaxRanges)
	if err != nil {
		return nil, err
	}
	return rs, checkRanges(rs)
}

// ParseAnswers reads what EncodeAnswers wrote, for Reconciler.Feed. Errors are
// as those of ParseRanges.
func ParseAnswers(body []byte) ([]Answer, error) {
	rows, err := parseRows(body)
	if err != nil {
		return nil, err
	}
	if len(rows) > MaxRanges {
		return nil, fmt.Errorf("%w: %d answers, at most %d", ErrReconcile, len(rows), MaxRanges)
	}
	out := make([]Answer, len(rows))
	for i, row := range rows {
		doc, _ := row.(map[string]any)
		r := read(ErrReconcile, "", doc)
		a := Answer{Lo: r.text("lo"), Hi: r.text("hi")}
		if r.has("split") {
			parts, ok := r.take("split").([]any)
			r.expect(ok && len(parts) > 1, "split", "is no list of two or more")
			if r.err == nil {
				a.Split, r.err = parseRanges(parts, maxWays)
			}
		} else {
			leaves, ok := r.take("leaves").([]any)
			r.expect(ok && len(leaves) <= maxWays, "leaves", "is missing, no list or too long")
			if r.err == nil {
				a.Leaves, r.err = parseLeaves(leaves)
			}
		}
		if err := r.done(); err != nil {
			return nil, err
		}
		if err := a.check(); err != nil {
			return nil, err
		}
		out[i] = a
	}
	return out, nil
}

func parseRows(body []byte) ([]any, error) {
	if len(body) > MaxExchange {
		return nil, fmt.Errorf("%w: exchange of %d bytes, at most %d", ErrTooLarge, len(body), MaxExchange)
	}
	v, err := strictjson.Parse(body, exchangeLimits)
	if err != nil {
		return nil, fmt.Errorf("record: exchange: %w", err)
	}
	rows, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: no list", ErrReconcile)
	}
	return rows, nil
}

func parseRanges(rows []any, limit int) ([]Range, error) {
	if len(rows) > limit {
		return nil, fmt.Errorf("%w: %d ranges, at most %d", ErrReconcile, len(rows), limit)
	}
	out := make([]Range, len(rows))
	for i, row := range rows {
		cells, _ := row.([]any)
		if len(cells) != 4 {
			return nil, fmt.Errorf("%w: range %d has not four parts", ErrReconcile, i)
		}
		lo, ok1 := cells[0].(string)
		hi, ok2 := cells[1].(string)
		count, ok3 := whole(cells[2])
		print, ok4 := cells[3].(string)
		r := Range{Lo: lo, Hi: hi, Count: int(min(count, MaxLeaves+1))}
		if !ok1 || !ok2 || !ok3 || !ok4 || !decode64(print, r.Fingerprint[:]) {
			return nil, fmt.Errorf("%w: range %d is malformed", ErrReconcile, i)
		}
		out[i] = r
	}
	return out, nil
}

func parseLeaves(rows []any) ([]Leaf, error) {
	out := make([]Leaf, len(rows))
	for i, row := range rows {
		cells, _ := row.([]any)
		if len(cells) != 3 {
			return nil, fmt.Errorf("%w: entry %d has not three parts", ErrReconcile, i)
		}
		path, ok1 := cells[0].(string)
		text, ok2 := cells[1].(string)
		size, ok3 := whole(cells[2])
		cid, err := ParseCID(text)
		if !ok1 || !ok2 || !ok3 || err != nil {
			return nil, fmt.Errorf("%w: entry %d is malformed", ErrReconcile, i)
		}
		out[i] = Leaf{Path: path, CID: cid, Size: size}
	}
	return out, nil
}

// whole reads a whole number from 0 to 2^53-1.
func whole(v any) (int64, bool) {
	n, ok := v.(json.Number)
	u, err := strconv.ParseUint(string(n), 10, 53)
	return int64(u), ok && err == nil
}
