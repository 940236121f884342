package client_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// panics checks that f panics with this text, and the place of the test behind it.
func panics(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		got := fmt.Sprint(recover())
		assert.Contains(t, got, want)
		assert.Regexp(t, `_test\.go:\d+\)$`, got)
	}()
	f()
}
