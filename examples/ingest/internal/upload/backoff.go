package upload

import (
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait after a failed upload: First, twice as long after each
// further failure, up to Max, and of that a random part between half and all, so that
// clients that failed together don't retry together. A zero First means 200 ms, and a
// zero Max 30 seconds.
type Backoff struct{ First, Max time.Duration }

// after returns how long to wait after this many failures.
func (b Backoff) after(failures int) time.Duration {
	first, most := b.First, b.Max
	if first == 0 {
		first = 200 * time.Millisecond
	}
	if most == 0 {
		most = 30 * time.Second
	}
	wait := most
	if doublings := failures - 1; doublings < 20 {
		wait = min(most, first<<doublings)
	}
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // nobody gains by guessing it
}
