package tigertonic_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTypedNumbersThatDontFit(t *testing.T) {
	type in struct {
		Float   float64  `json:"float,omitzero"`
		Single  float32  `json:"single,omitzero"`
		Int     int64    `json:"int,omitzero"`
		Small   uint8    `json:"small,omitzero"`
		Numbers []uint64 `json:"numbers,omitzero"`
		Any     any      `json:"any,omitzero"`
	}
	for body, pointer := range map[string]string{
		`{"float":1e400}`:                                  "/float",
		`{"float":-1e400}`:                                 "/float",
		`{"single":1e39}`:                                  "/single",
		`{"int":9223372036854775808}`:                      "/int",
		`{"int":-9223372036854775809}`:                     "/int",
		`{"int":1e400}`:                                    "/int",
		`{"any":[{"a":1},{"b":-1e400}]}`:                   "/any/1/b",
		`{"small":256}`:                                    "/small",
		`{"small":-1}`:                                     "/small",
		`{"numbers":[0,18446744073709551616]}`:             "/numbers/1",
		`{"numbers":[1` + strings.Repeat("0", 5000) + `]}`: "/numbers/0",
	} {
		w := postJSON(t, taken[in](), "/", body)
		assert.Equal(t, 422, w.Code, "%.60s: %s", body, w.Body)
		assert.Contains(t, w.Body.String(), `"pointer":"`+pointer+`"`, "%.60s", body)
		assert.Contains(t, w.Body.String(), `"keyword":"`, "%.60s", body)
		for _, goes := range []string{"float64", "float32", "int64", "uint", "Go "} {
			assert.NotContains(t, w.Body.String(), goes, "%.60s", body)
		}
	}
}

// A function may send a file that is compressed already: then a range is one of the
// compressed bytes (RFC 9110 §14.1.2), and the coding is named with each part.
func TestRangesOfACompressedFileAreOfItsBytes(t *testing.T) {
	var file bytes.Buffer
	packer := gzip.NewWriter(&file)
	_, err := io.WriteString(packer, strings.Repeat("compressed ", 100))
	require.NoError(t, err)
	require.NoError(t, packer.Close())
	h := tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Response[tigertonic.Stream], error) {
		return tigertonic.Response[tigertonic.Stream]{
			Header: http.Header{"Content-Encoding": {"gzip"}, "Etag": {`"v1"`}},
			Body:   tigertonic.Stream{ContentType: "text/plain", Reader: bytes.NewReader(file.Bytes())},
		}, nil
	})
	var got bytes.Buffer
	for from := 0; from < file.Len(); from += 10 {
		w := serve(t, h, "GET", "/", "", "Range", fmt.Sprintf("bytes=%d-%d", from, from+9), "If-Range", `"v1"`)
		require.Equal(t, 206, w.Code, "%s", w.Body)
		require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
		require.Equal(t, fmt.Sprintf("bytes %d-%d/%d", from, min(from+9, file.Len()-1), file.Len()), w.Header().Get("Content-Range"))
		got.Write(w.Body.Bytes())
	}
	assert.Equal(t, file.Bytes(), got.Bytes())
}

// Ten thousand parts of a form cost as much as their bytes, be they fields, files, or
// neither, and the answer says little of them.
func TestFormOfTenThousandParts(t *testing.T) {
	type in struct {
		Tags  []string         `form:"tag" maxItems:"5"`
		Files tigertonic.Files `form:"file" maxItems:"10"`
	}
	h := tigertonic.Typed(func(_ context.Context, in *in) (int, error) {
		n := 0
		for file, err := range in.Files {
			if err != nil {
				return 0, err
			}
			if _, err := io.Copy(io.Discard, file); err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	})
	part := func(disposition string) string {
		return "--x\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\na\r\n"
	}
	for disposition, want := range map[string][]int{
		`name="tag"`:                 {422},
		`name="file"; filename="f"`:  {413, 422},
		`name="other"`:               {422},
		`name="other"; filename="f"`: {422},
	} {
		finishes(t, func() {
			body := strings.Repeat(part(disposition), 10_000) + "--x--\r\n"
			w := serve(t, h, "POST", "/", body, "Content-Type", "multipart/form-data; boundary=x")
			assert.Contains(t, want, w.Code, "%s: %.300s", disposition, w.Body)
			assert.Less(t, w.Body.Len(), 20_000, disposition)
		})
	}
}
