package call_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic/internal/call"
)

func TestOutputsMayDependOnTheStatus(t *testing.T) {
	same := &call.Output{Kind: call.JSON}
	assert.Same(t, same, same.For(200))
	assert.Same(t, same, same.For(404))

	created := &call.Output{Kind: call.None}
	by := &call.Output{Kind: call.JSON, With: func(status int) *call.Output {
		if status == 201 {
			return created
		}
		return nil
	}}
	assert.Same(t, created, by.For(201))
	assert.Nil(t, by.For(200), "the output has none with it")
}
