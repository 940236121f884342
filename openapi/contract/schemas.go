package contract

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas are the schemas of a document, compiled on demand.
type schemas struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema // by pointer
}

// base is the document's URL in the references of schemas.
const base = "https://document.invalid/openapi.json"

func newSchemas(document any) (*schemas, error) {
	s := &schemas{compiler: newCompiler(), compiled: map[string]*jsonschema.Schema{}}
	return s, s.compiler.AddResource(base, document)
}

// at returns the schema at a JSON pointer.
func (s *schemas) at(pointer string) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if compiled, ok := s.compiled[pointer]; ok {
		return compiled, nil
	}
	u := url.URL{Fragment: pointer}
	compiled, err := s.compiler.Compile(base + u.String())
	if err == nil {
		s.compiled[pointer] = compiled
	}
	return compiled, err
}

// Schema returns the schema at a JSON pointer into the document, such as
// /components/schemas/Stuff.
func (c *Contract) Schema(pointer string) (*jsonschema.Schema, error) { return c.schemas.at(pointer) }

// value checks a JSON value.
func (s *schemas) value(pointer string, value any) error {
	compiled, err := s.at(pointer)
	if err != nil {
		return err
	}
	return concise(compiled.Validate(value))
}

// json checks a text that should be JSON.
func (s *schemas) json(pointer string, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.value(pointer, value)
}

// text checks a text that may stand for a number, a bool or null.
func (s *schemas) text(pointer, text string) error {
	return s.readings(pointer, []any{text}, asJSON(text))
}

// texts checks texts that are elements of an array.
func (s *schemas) texts(pointer string, texts []string) error {
	asTexts, asValues := make([]any, len(texts)), make([]any, len(texts))
	for i, text := range texts {
		asTexts[i], asValues[i] = text, asJSON(text)
	}
	return s.readings(pointer, []any{asTexts}, any(asValues))
}

// readings checks a value that can be read in several ways. The error is that of the
// last.
func (s *schemas) readings(pointer string, others []any, last any) error {
	for _, value := range others {
		if s.value(pointer, value) == nil {
			return nil
		}
	}
	return s.value(pointer, last)
}

// asJSON returns a text as a number, bool or null if it is one, or else the text.
func asJSON(text string) any {
	if text == "" || strings.ContainsAny(text, " \t\r\n\"[{") {
		return text
	}
	if value, err := jsonschema.UnmarshalJSON(strings.NewReader(text)); err == nil {
		return value
	}
	return text
}

// concise returns a validation error without the schema's address.
func concise(err error) error {
	if err == nil {
		return nil
	}
	_, text, ok := strings.Cut(err.Error(), "\n- ")
	if !ok {
		return err
	}
	return errors.New(strings.ReplaceAll(text, "\n", "\n\t"))
}

func canonical(name string) string { return http.CanonicalHeaderKey(name) }
