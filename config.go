package tigertonic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/schema"
)

// ConfigExt is how to read configuration files, by the extension of their
// names. Set it, or call [RegisterConfigExt], before [Configure].
//
//nolint:gochecknoglobals // the classic API
var ConfigExt = map[string]func(pathname string, i any) error{
	".json": ConfigureJSON,
}

// RegisterConfigExt makes f read the files with this extension, such as ".yaml",
// into what i points to. It isn't safe to be called while other goroutines call
// [Configure].
func RegisterConfigExt(ext string, f func(pathname string, i any) error) { ConfigExt[ext] = f }

// Configure reads a configuration file into what i points to, in the way that
// is registered for the extension of its name. An empty pathname, as of a flag
// that wasn't given, reads nothing and is no error.
func Configure(pathname string, i any) error {
	if pathname == "" {
		return nil
	}
	ext := filepath.Ext(pathname)
	f, ok := ConfigExt[ext]
	if !ok {
		return fmt.Errorf("tigertonic: %s: the extension %q isn't one of %s",
			pathname, ext, strings.Join(slices.Sorted(maps.Keys(ConfigExt)), ", "))
	}
	return f(pathname, i)
}

// ConfigureJSON reads a JSON file into what i points to, by the rules of
// [encoding/json], but for keys that nothing in i is called like: they are
// errors. An error names the file, the line, the column and the JSON pointer
// (RFC 6901); what i points to may then have been changed in part. An empty
// pathname reads nothing and is no error.
func ConfigureJSON(pathname string, i any) error {
	if pathname == "" {
		return nil
	}
	text, err := os.ReadFile(pathname) //nolint:gosec // the user chooses the file
	if err != nil {
		return fmt.Errorf("tigertonic: %w", err)
	}
	err = json.Unmarshal(text, i,
		jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false), json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	offset, pointer, problem := int64(0), jsontext.Pointer(""), err.Error()
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset, pointer, problem = syntax.ByteOffset, syntax.JSONPointer, syntax.Err.Error()
	} else if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		offset, pointer, problem = semantic.ByteOffset, semantic.JSONPointer, semanticProblem(semantic)
	}
	// An offset is behind what comes before a value, but before its space.
	offset += int64(len(text[offset:]) - len(bytes.TrimLeft(text[offset:], " \t\r\n,:")))
	before := text[:offset]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	if pointer != "" {
		problem = string(pointer) + ": " + problem
	}
	return fmt.Errorf("tigertonic: %s:%d:%d: %s", pathname, line, column, problem)
}

func semanticProblem(err *json.SemanticError) string {
	switch {
	case errors.Is(err.Err, json.ErrUnknownName):
		return "there is no such key"
	case err.Err != nil:
		return err.Err.Error()
	}
	return fmt.Sprintf("a JSON %v doesn't fit a Go %v", err.JSONKind, err.GoType)
}

// Version is a handler that answers with itself and a newline in plain text. An
// empty one answers 404.
type Version string

// ServeHTTP writes the version.
func (v Version) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v == "" {
		writeError(w, r, NotFound{errors.New("this service has no version")})
		return
	}
	w.Header().Set("Content-Type", httpfield.PlainText)
	_, _ = io.WriteString(w, string(v)+"\n")
}

// Describe adds what the handler responds with.
func (v Version) Describe(op *Operation) {
	op.Summary = "The version that is running"
	op.Response(http.StatusOK).Add("text/plain", MediaType{Schema: &schema.Schema{Types: []string{"string"}}})
}

// String is how [Explain] shows the handler.
func (v Version) String() string { return "Version(" + string(v) + ")" }
