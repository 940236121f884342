package openloop

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// kept is how much of a response's body is kept.
const kept = 4096

// A response is the part of a response that the generator needs.
type response struct {
	status int
	body   []byte // its first 4 KiB, until the next answer is read
	close  bool   // the connection has no other answer
}

// A reader reads the responses of a connection (RFC 9112).
type reader struct {
	*bufio.Reader
	head bool // answers to HEAD have no body
	body []byte
}

func newReader(from io.Reader, head bool) *reader {
	return &reader{Reader: bufio.NewReader(from), head: head}
}

// next reads a response to its end. Responses with a status below 200 announce another.
func (r *reader) next() (response, error) {
	for {
		rs, length, err := r.readHead()
		if err != nil {
			return response{}, err
		}
		if rs.status < 200 {
			continue
		}
		r.body = r.body[:0]
		switch {
		case r.head || rs.status == 204 || rs.status == 304:
		case length == chunked:
			err = r.readChunks()
		case length == untilClose:
			rs.close = true
			err = r.readRest()
		default:
			err = r.read(length)
		}
		rs.body = r.body
		return rs, err
	}
}

// Special lengths of a body.
const (
	untilClose = -1
	chunked    = -2
)

// readHead reads a status line and the fields after it, of which three matter.
func (r *reader) readHead() (rs response, length int64, err error) {
	line, err := r.line()
	if err != nil {
		if len(line) > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return rs, 0, err
	}
	var old bool
	if rs.status, old, err = parseStatus(line); err != nil {
		return rs, 0, err
	}
	rs.close = old
	length = untilClose
	for {
		line, err := r.line()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil || len(line) == 0 {
			return rs, length, err
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") {
			return rs, 0, fmt.Errorf("the answer has a line %.60q in its header", line)
		}
		value = bytes.Trim(value, " \t")
		switch {
		case isName(name, "content-length"):
			n, err := strconv.ParseUint(string(value), 10, 63)
			if err != nil || length >= 0 && length != int64(n) {
				return rs, 0, fmt.Errorf("the answer has a Content-Length of %.60q", value)
			}
			if length != chunked {
				length = int64(n)
			}
		case isName(name, "transfer-encoding"):
			if !bytes.EqualFold(value, []byte("chunked")) || length == chunked || old {
				return rs, 0, fmt.Errorf("the answer has a Transfer-Encoding of %.60q", value)
			}
			length = chunked
		case isName(name, "connection"):
			rs.close = rs.close || hasToken(value, "close")
		}
	}
}

func isName(name []byte, lower string) bool {
	return len(name) == len(lower) && bytes.EqualFold(name, []byte(lower))
}

func hasToken(list []byte, token string) bool {
	for item := range bytes.SplitSeq(list, []byte(",")) {
		if bytes.EqualFold(bytes.Trim(item, " \t"), []byte(token)) {
			return true
		}
	}
	return false
}

// parseStatus reads "HTTP/1.1 202 Accepted", or the same with HTTP/1.0, which is old: its
// connections close, and it has no chunks.
func parseStatus(line []byte) (status int, old bool, err error) {
	const start = len("HTTP/1.1 ")
	if len(line) < start+3 || len(line) > start+3 && line[start+3] != ' ' ||
		!bytes.HasPrefix(line, []byte("HTTP/1.1 ")) && !bytes.HasPrefix(line, []byte("HTTP/1.0 ")) {
		return 0, false, fmt.Errorf("the answer begins with %.60q", line)
	}
	n, err := strconv.ParseUint(string(line[start:start+3]), 10, 16)
	if err != nil || n < 100 || n == 101 {
		return 0, false, fmt.Errorf("the answer begins with %.60q", line)
	}
	return int(n), line[len("HTTP/1.")] == '0', nil
}

// line reads a line and returns it without its end.
func (r *reader) line() ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		err = fmt.Errorf("the answer has a line above %d bytes", r.Size())
	}
	if err != nil {
		return line, err
	}
	line = line[:len(line)-1]
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// read reads so many bytes of a body.
func (r *reader) read(n int64) error {
	k := min(n, int64(kept-len(r.body)))
	from := len(r.body)
	r.body = append(r.body, make([]byte, k)...)
	if _, err := io.ReadFull(r, r.body[from:]); err != nil {
		return io.ErrUnexpectedEOF
	}
	for n -= k; n > 0; {
		k, err := r.Discard(int(min(n, math.MaxInt32)))
		if n -= int64(k); err != nil {
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}

func (r *reader) readRest() error {
	b, err := io.ReadAll(io.LimitReader(r, kept))
	r.body = append(r.body, b...)
	if err == nil {
		_, err = io.Copy(io.Discard, r.Reader)
	}
	return err
}

// readChunks reads chunks, and the trailer after the last.
func (r *reader) readChunks() error {
	for {
		line, err := r.line()
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.Trim(size, " \t")), 16, 63)
		if err != nil {
			return fmt.Errorf("the answer has a chunk of size %.60q", size)
		}
		if n > 0 {
			if err := r.read(int64(n)); err != nil {
				return err
			}
		}
		line, err = r.line()
		if n > 0 && err == nil && len(line) > 0 {
			return fmt.Errorf("the answer's chunk ends with %.60q", line)
		}
		for n == 0 && err == nil && len(line) > 0 {
			line, err = r.line()
		}
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		if n == 0 {
			return nil
		}
	}
}
