package tigertonic_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

// A password isn't kept when its request is over, however many others follow that use
// the same buffers.
func TestStringsOfBodiesAreNotKept(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // for the same buffer to be used again
	type login struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	for _, length := range []int{20, 100, 256, 300, 5000} {
		var kept weak.Pointer[byte]
		h := tigertonic.Typed(func(_ context.Context, in *login) (*struct{}, error) {
			if in.Name == "first" {
				kept = weak.Make(unsafe.StringData(in.Password))
			}
			return nil, nil
		})
		assert.Equal(t, 204, postJSON(t, h, "/", `{"name":"first","password":"`+strings.Repeat("p", length)+`"}`).Code)
		for range 5 {
			assert.Equal(t, 204, postJSON(t, h, "/", `{"name":"another","password":"other"}`).Code)
			runtime.GC() // which would empty a pool that nobody uses
		}
		assert.Nil(t, kept.Value(), "of %d bytes", length)
	}
}
