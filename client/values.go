package client

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/call"
)

// The values of a stream, one at a time.

// A valueReader reads the values of a body.
type valueReader interface {
	// next decodes the next value into a pointer, or returns io.EOF after the last
	// one.
	next(into any) error
}

// A valueStream is a response whose values are read one by one.
type valueStream struct {
	valueReader
	response *http.Response
}

// next is the reader's, without items of kinds that the client doesn't know.
func (v *valueStream) next(into any) error {
	for {
		if err := v.valueReader.next(into); err != errUnknownItem { //nolint:errorlint // nobody wraps it
			return err
		}
	}
}

// close ends the stream, wherever it is.
func (v *valueStream) close() { _ = v.response.Body.Close() } // nobody reads on

// failed returns the error of a stream that ended with err.
func (v *valueStream) failed(err error) error { return asError(v.response.Request, v.response, err) }

// values returns the values of a response by its media type.
func (c *Client) values(rs *http.Response, o *call.Output) (*valueStream, error) {
	contentType := rs.Header.Get("Content-Type")
	mediaType, _, _ := mime.ParseMediaType(contentType) // "" is none that is known
	limited := &limitedReader{r: rs.Body, max: c.maxBytes}
	switch mediaType {
	case "application/json":
		return &valueStream{&arrayReader{decoder: jsontext.NewDecoder(limited), limited: limited, output: o}, rs}, nil
	case "application/jsonl", "application/x-ndjson", "application/jsonlines":
		return &valueStream{&lineReader{jsontext.NewDecoder(limited), limited, o}, rs}, nil
	case eventsType:
		return &valueStream{newEventReader(rs, limited, o), rs}, nil
	}
	return nil, fmt.Errorf("the response is %q, not a stream of values", clean(contentType))
}

// A limitedReader fails when it has read more than max since it was last renewed.
type limitedReader struct {
	r        io.Reader
	n, max   int64
	exceeded bool
	failed   bool // otherwise
}

func (l *limitedReader) renew() { l.n = 0 }

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.n >= l.max {
		l.exceeded = true
		return 0, errTooLong(l.max)
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.max-l.n)])
	l.n += int64(n)
	l.failed = l.failed || err != nil && err != io.EOF
	return n, err
}

// wrong returns why a stream can't be read on.
func (l *limitedReader) wrong(err error) error {
	switch {
	case l.exceeded:
		return errTooLong(l.max)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the stream is incomplete: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("can't read the rest of the stream: %w", err)
}

// An arrayReader reads the values of a JSON array.
type arrayReader struct {
	decoder *jsontext.Decoder
	limited *limitedReader
	output  *call.Output
	began   bool
}

func (a *arrayReader) next(into any) error {
	a.limited.renew()
	if !a.began {
		token, err := a.decoder.ReadToken()
		switch {
		case err != nil:
			return a.limited.wrong(err)
		case token.Kind() != '[':
			return errors.New("the response isn't an array")
		}
		a.began = true
	}
	if a.decoder.PeekKind() == ']' {
		if _, err := a.decoder.ReadToken(); err != nil {
			return a.limited.wrong(err)
		}
		if _, err := a.decoder.ReadToken(); !errors.Is(err, io.EOF) {
			return errors.New("the response has data after the array")
		}
		return io.EOF
	}
	known, err := decodeItem(a.decoder, into, a.output)
	switch {
	case err != nil:
		return a.limited.wrong(err)
	case !known:
		return errUnknownItem
	}
	return nil
}

// A lineReader reads a value from each line.
type lineReader struct {
	decoder *jsontext.Decoder
	limited *limitedReader
	output  *call.Output
}

func (l *lineReader) next(into any) error {
	l.limited.renew()
	if l.decoder.PeekKind() == 0 {
		if _, err := l.decoder.ReadToken(); errors.Is(err, io.EOF) {
			return io.EOF
		}
	}
	known, err := decodeItem(l.decoder, into, l.output)
	switch {
	case err != nil:
		return l.limited.wrong(err)
	case !known:
		return errUnknownItem
	}
	return nil
}

// decodeItem decodes an item of a stream into what into points to, and reports false for one
// of a kind that the client doesn't know.
func decodeItem(decoder *jsontext.Decoder, into any, o *call.Output) (known bool, err error) {
	if !o.Named {
		return true, json.UnmarshalDecode(decoder, o.SetEvent(into, "", "", 0), o.Options)
	}
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return false, cmp.Or(err, errNotNamed)
	}
	name, err := decoder.ReadToken()
	if err != nil || name.Kind() != '"' {
		return false, cmp.Or(err, errNotNamed)
	}
	data := o.SetEvent(into, name.String(), "", 0)
	if data == nil {
		err = decoder.SkipValue()
	} else {
		err = json.UnmarshalDecode(decoder, data, o.Options)
	}
	if err != nil {
		return false, err
	}
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '}' {
		return false, cmp.Or(err, errNotNamed)
	}
	return data != nil, nil
}

var (
	errNotNamed    = errors.New("an item isn't an object with one member")
	errUnknownItem = errors.New("an item is of an unknown kind")
)

// setSequence sets an iter.Seq2[T, error] to one that reads the stream, once.
func setSequence(sequence reflect.Value, item reflect.Type, v *valueStream) {
	ranged := false
	none := reflect.Zero(reflect.TypeFor[error]())
	sequence.Set(reflect.MakeFunc(sequence.Type(), func(args []reflect.Value) []reflect.Value {
		yield := args[0]
		fail := func(err error) {
			yield.Call([]reflect.Value{reflect.Zero(item), reflect.ValueOf(&err).Elem()})
		}
		if ranged {
			fail(errors.New("client: the stream can be ranged over only once"))
			return nil
		}
		ranged = true
		defer v.close()
		for {
			value := reflect.New(item)
			switch err := v.next(value.Interface()); {
			case err == io.EOF: //nolint:errorlint // what ends a stream is io.EOF itself
				return nil
			case err != nil:
				fail(v.failed(err))
				return nil
			case !yield.Call([]reflect.Value{value.Elem(), none})[0].Bool():
				return nil
			}
		}
	}))
}
