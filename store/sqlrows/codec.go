package sqlrows

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// codec maps one row struct to one table. The first keys columns are the unique
// key. fields returns a pointer to each field in the order of cols; a body that
// is covered by a content address stands last, as a bodyField.
type codec[T any] struct {
	table  string
	cols   []string
	keys   int
	fields func(*T) []any
	// added are the columns that were not there from the beginning, indexed
	// those outside of the key that an index covers.
	added, indexed map[int]bool

	hasBody              bool
	insertSQL, upsertSQL string
	selectSQL, lightSQL  string // up to and including FROM; light leaves out the body
	getSQL               string
}

// bodyField is a body with its address; it is not part of the row checksum.
type bodyField struct {
	body *[]byte
	cid  *string
}

// A column written as "+name" was added by a later migration. It is part of a
// row's sum only where it is not empty, so that rows written before keep theirs.
// One written as "*name" stands in an index of its own; "*+name" is both.
func newCodec[T any](table string, keys int, cols string, fields func(*T) []any) *codec[T] {
	c := &codec[T]{table: table, cols: strings.Fields(cols), keys: keys, fields: fields,
		added: map[int]bool{}, indexed: map[int]bool{}}
	for i, col := range c.cols {
		col, c.indexed[i] = strings.CutPrefix(col, "*")
		c.cols[i], c.added[i] = strings.CutPrefix(col, "+")
	}
	var zero T
	f := fields(&zero)
	_, c.hasBody = f[len(f)-1].(bodyField)
	light := c.cols
	if c.hasBody {
		light = c.cols[:len(c.cols)-1]
	}
	c.selectSQL = "SELECT " + strings.Join(c.cols, ", ") + ", sum FROM " + table
	c.lightSQL = "SELECT " + strings.Join(light, ", ") + ", sum FROM " + table
	insert := "INSERT INTO " + table + " (" + strings.Join(c.cols, ", ") + ", sum) VALUES (?" +
		strings.Repeat(", ?", len(c.cols)) + ") ON CONFLICT"
	c.insertSQL = insert + " DO NOTHING"
	var set, where []string
	for i, col := range c.cols {
		if i < keys {
			where = append(where, col+" = ?")
		} else {
			set = append(set, col+" = excluded."+col)
		}
	}
	c.upsertSQL = insert + " (" + strings.Join(c.cols[:keys], ", ") + ") DO UPDATE SET " +
		strings.Join(append(set, "sum = excluded.sum"), ", ")
	c.getSQL = c.selectSQL + " WHERE " + strings.Join(where, " AND ")
	return c
}

// checksum covers table, column count and every value but the body. The first 8
// bytes of SHA-256 are enough against damage; it is no defence against a person
// who edits the file.
func (c *codec[T]) checksum(fields []any) int64 {
	buf := make([]byte, 0, 512)
	buf = append(buf, c.table...)
	for i, f := range fields {
		switch v := f.(type) {
		case *string:
			if *v != "" || !c.added[i] {
				buf = appendBytes(buf, 's', []byte(*v))
			}
		case *[]byte:
			buf = appendBytes(buf, 'b', *v)
		case *int64:
			buf = appendInt(buf, *v)
		case *int:
			buf = appendInt(buf, int64(*v))
		case *bool:
			buf = appendInt(buf, truth(*v))
		case *[]string:
			buf = appendInt(buf, int64(len(*v)))
			for _, s := range *v {
				buf = appendBytes(buf, 's', []byte(s))
			}
		}
	}
	sum := sha256.Sum256(buf)
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// truth is a truth value as every engine keeps it.
func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func appendBytes(dst []byte, tag byte, b []byte) []byte {
	dst = append(dst, tag)
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

func appendInt(dst []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, 'i'), uint64(n))
}

// args checks the bounds of row and returns the values of an insert.
func (c *codec[T]) args(row *T) ([]any, error) {
	fields := c.fields(row)
	args := make([]any, 0, len(fields)+1)
	key := 0
	for i, f := range fields {
		switch v := f.(type) {
		case *string:
			if i < c.keys || c.indexed[i] {
				if key += len(*v); key > store.MaxIndexed {
					return nil, fmt.Errorf("%s: texts of the key have %d bytes: %w", c.table, key, store.ErrInvalid)
				}
			}
			if err := checkText(*v); err != nil {
				return nil, fmt.Errorf("%s.%s: %w", c.table, c.cols[i], err)
			}
			if i == 0 && *v == "" {
				return nil, fmt.Errorf("%s.%s is empty: %w", c.table, c.cols[i], store.ErrInvalid)
			}
			args = append(args, *v)
		case *[]byte:
			if len(*v) > store.MaxBodyLen {
				return nil, fmt.Errorf("%s.%s of %d bytes: %w", c.table, c.cols[i], len(*v), store.ErrInvalid)
			}
			args = append(args, notNil(*v))
		case *int64:
			args = append(args, *v)
		case *int:
			args = append(args, int64(*v))
		case *bool:
			args = append(args, truth(*v))
		case *[]string:
			text, err := encodeStrings(*v)
			if err != nil {
				return nil, fmt.Errorf("%s.%s: %w", c.table, c.cols[i], err)
			}
			args = append(args, text)
		case bodyField:
			if err := checkBody(*v.cid, *v.body); err != nil {
				return nil, fmt.Errorf("%s.%s: %w", c.table, c.cols[i], err)
			}
			args = append(args, notNil(*v.body))
		default:
			return nil, fmt.Errorf("%s.%s: field type %T: %w", c.table, c.cols[i], f, store.ErrInvalid)
		}
	}
	return append(args, c.checksum(fields)), nil
}

// read scans one row and verifies it.
func (c *codec[T]) read(scan Scan, light bool) (T, error) {
	var row T
	fields := c.fields(&row)
	if light && c.hasBody {
		fields = fields[:len(fields)-1]
	}
	dest := make([]any, 0, len(fields)+1)
	var lists []*stringsText
	var truths []*truthCell
	for _, f := range fields {
		switch v := f.(type) {
		case bodyField:
			dest = append(dest, v.body)
		case *[]string:
			l := &stringsText{dst: v}
			lists = append(lists, l)
			dest = append(dest, &l.text)
		case *bool:
			cell := &truthCell{dst: v}
			truths = append(truths, cell)
			dest = append(dest, &cell.n)
		default:
			dest = append(dest, f)
		}
	}
	var sum int64
	if err := scan(append(dest, &sum)...); err != nil {
		return row, err
	}
	for _, b := range truths {
		if b.n != 0 && b.n != 1 {
			return row, fmt.Errorf("%s: %w: truth value %d", c.name(&row), store.ErrCorrupt, b.n)
		}
		*b.dst = b.n == 1
	}
	for _, l := range lists {
		if err := json.Unmarshal([]byte(l.text), l.dst); err != nil {
			return row, fmt.Errorf("%s: %w: list of texts: %v", c.name(&row), store.ErrCorrupt, err)
		}
		if len(*l.dst) == 0 {
			*l.dst = nil
		}
	}
	for _, f := range fields {
		b, ok := f.(*[]byte)
		if body, is := f.(bodyField); is {
			b, ok = body.body, true
		}
		if ok && len(*b) == 0 {
			*b = nil
		}
	}
	if c.checksum(fields) != sum {
		return row, fmt.Errorf("%s: %w: checksum", c.name(&row), store.ErrCorrupt)
	}
	if c.hasBody && !light {
		b := fields[len(fields)-1].(bodyField)
		if err := verifyBody(*b.cid, *b.body); err != nil {
			return row, fmt.Errorf("%s: %w", c.name(&row), err)
		}
	}
	return row, nil
}

// name names a row for messages: table and key.
func (c *codec[T]) name(row *T) string {
	var b strings.Builder
	b.WriteString(c.table)
	for i, f := range c.fields(row)[:c.keys] {
		b.WriteByte(" /"[min(i, 1)])
		switch v := f.(type) {
		case *string:
			fmt.Fprintf(&b, "%.200q", *v)
		case *int64:
			fmt.Fprintf(&b, "%d", *v)
		}
	}
	return b.String()
}

type truthCell struct {
	n   int64
	dst *bool
}

type stringsText struct {
	text string
	dst  *[]string
}

func encodeStrings(list []string) (string, error) {
	if len(list) > store.MaxStringsLen {
		return "", fmt.Errorf("%d texts: %w", len(list), store.ErrInvalid)
	}
	for _, s := range list {
		if err := checkText(s); err != nil {
			return "", err
		}
	}
	if len(list) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// checkText accepts what every engine can keep: bounded UTF-8 without NUL.
func checkText(s string) error {
	if len(s) > store.MaxKeyLen {
		return fmt.Errorf("text of %d bytes: %w", len(s), store.ErrInvalid)
	}
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("text is not UTF-8 without NUL: %w", store.ErrInvalid)
	}
	return nil
}

// checkBody refuses to store a body under an address that is not its own.
func checkBody(cid string, body []byte) error {
	if len(body) > store.MaxBodyLen {
		return fmt.Errorf("body of %d bytes: %w", len(body), store.ErrInvalid)
	}
	if got := record.CIDOf(body).String(); got != cid {
		return fmt.Errorf("body has address %s, not %.80q: %w", got, cid, store.ErrInvalid)
	}
	return nil
}

// verifyBody is checkBody for bytes that come from the disk.
func verifyBody(cid string, body []byte) error {
	if got := record.CIDOf(body).String(); got != cid {
		return &bodyError{cid: cid, got: got}
	}
	return nil
}

// bodyError is the store.ErrCorrupt of a body; Check tells it from a checksum.
type bodyError struct{ cid, got string }

func (e *bodyError) Error() string {
	return fmt.Sprintf("%v: body of %.80q has address %s", store.ErrCorrupt, e.cid, e.got)
}

func (e *bodyError) Unwrap() error { return store.ErrCorrupt }

// notNil keeps an empty value from being stored as NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
