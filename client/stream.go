package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// ndjson is what an operation answers with when it reports progress: one
// JSON value a line.
const ndjson = "application/x-ndjson"

// Stream runs an operation that reports progress and calls each with every
// line, in order, as it comes. It ends when the node ends the answer, when
// each returns an error (which Stream returns as it is), or with the context;
// Config.Timeout does not apply. A line that is an object with a "problem"
// member is the node's word that the operation failed after it had begun: it
// ends the stream as a *Problem and is not given to each. An answer that is
// plain JSON counts as one line. The slice given to each is valid during the
// call only.
func (c *Client) Stream(ctx context.Context, name string, in any, each func(json.RawMessage) error) error {
	if in == nil {
		in = struct{}{}
	}
	res, err := c.send(ctx, c.admin, true, http.MethodPost, "/ops/"+url.PathEscape(name), ndjson+", application/json", in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if mt := mediaType(res); mt != ndjson {
		if mt != "application/json" {
			return fmt.Errorf("%w: %q instead of %s", ErrAnswer, mt, ndjson)
		}
		body, err := c.readAll(ctx, res)
		if err != nil {
			return err
		}
		return one(body, each)
	}
	sc := bufio.NewScanner(res.Body)
	sc.Buffer(make([]byte, 0, 4<<10), int(min(c.maxBytes, 1<<30)))
	sc.Split(wholeLines)
	for sc.Scan() {
		if line := sc.Bytes(); len(bytes.TrimSpace(line)) > 0 {
			if err := one(line, each); err != nil {
				return err
			}
		}
	}
	switch err := sc.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %s: the answer broke off", ErrUnreachable, c.admin.Host)
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%w: a line of more than %d bytes", ErrTooLarge, c.maxBytes)
	default:
		return unreachable(ctx, c.admin, err)
	}
}

// wholeLines is bufio.ScanLines without its last, unfinished line: that one
// is what is left of a connection that broke.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}

func one(line []byte, each func(json.RawMessage) error) error {
	line = bytes.TrimSpace(line)
	if !json.Valid(line) {
		return fmt.Errorf("%w: a line that is no JSON", ErrAnswer)
	}
	var end struct {
		Problem *Problem `json:"problem"`
	}
	if line[0] == '{' && json.Unmarshal(line, &end) == nil && end.Problem != nil {
		return end.Problem
	}
	return each(line)
}
