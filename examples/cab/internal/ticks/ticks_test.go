package ticks

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// It yields at each interval until the context ends, catches up with one tick of those that it missed, and leaves
// nothing behind after a break.
func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		name string
		loop func(context.Context, time.Duration) func(func() bool)
		want string
	}{
		{"Every", Every, " 1s 2s 4.5s 5s 6s"},
		{"Now", Now, " 0s 1s 3.5s 4s 5s 6s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 6500*time.Millisecond)
				defer cancel()
				began, got := time.Now(), ""
				for n := range counted(tt.loop(ctx, time.Second)) {
					got += fmt.Sprint(" ", time.Since(began))
					if n == 1 {
						time.Sleep(2500 * time.Millisecond) // past two more
					}
				}
				if took := time.Since(began); took != 6500*time.Millisecond {
					t.Errorf("it ended after %v", took)
				}
				if got != tt.want {
					t.Errorf("it yielded at%s, want%s", got, tt.want)
				}
				for range tt.loop(t.Context(), time.Second) {
					break
				}
				cancel()
				n := 0
				for range tt.loop(ctx, time.Second) {
					n++
				}
				if want := map[string]int{"Now": 1}[tt.name]; n != want {
					t.Errorf("%d rounds after the end, want %d", n, want)
				}
			})
		})
	}
}

// counted numbers the rounds of a loop.
func counted(loop func(func() bool)) func(func(int) bool) {
	return func(yield func(int) bool) {
		n := 0
		loop(func() bool {
			n++
			return yield(n - 1)
		})
	}
}
