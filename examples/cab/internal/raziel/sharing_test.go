package raziel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
)

// What one instance hears another one knows a moment later, but for what is of the future, or
// of no time.
func TestWhatOneHearsTheOtherKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := New(geo.Point{Lat: 53.34, Lng: -6.26}, time.Now), New(geo.Point{Lat: 53.34, Lng: -6.26}, time.Now)
		other := client.New("http://other.test", client.Options{Transport: client.Inline(there.Handler())})
		told := 0
		shared := NewSharing(func(ctx context.Context, body []byte) {
			told++
			if _, err := client.Call(ctx, other, Share, &ShareIn{}, client.Body("application/json", bytes.NewReader(body))); err != nil {
				t.Error(err)
			}
		})
		here.Announce = shared.Add
		ctx, cancel := context.WithCancel(t.Context())
		go shared.Run(ctx)
		for i := range 50 {
			in := &PositionIn{ID: fmt.Sprintf("d%d", i), Body: NewPlaces{Lat: 53.34, Lng: -6.26}}
			if _, err := here.position(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(shareEvery)
		synctest.Wait()
		if there.Len() != 50 || told != 1 {
			t.Errorf("the other knows %d, by %d requests", there.Len(), told)
		}
		shared.Add(&PositionIn{ID: "future", Body: NewPlaces{Seen: time.Now().Add(time.Minute)}})
		shared.Add(&PositionIn{ID: "never", Body: NewPlaces{}})
		time.Sleep(shareEvery)
		synctest.Wait()
		if there.Len() != 50 {
			t.Errorf("the other knows %d", there.Len())
		}
		for range mostShared + 5 { // and nobody waits
			shared.Add(&PositionIn{ID: "d1", Body: NewPlaces{Seen: time.Now()}})
		}
		cancel()
		synctest.Wait()
	})
}

func TestHostilePositionsAreRefused(t *testing.T) {
	s := New(geo.Point{Lat: 53.34, Lng: -6.26}, time.Now)
	c := client.New("http://raziel.test", client.Options{Transport: client.Inline(s.Handler())})
	for _, id := range []string{"", "<b>", "a b"} {
		in := &ShareIn{Body: []Moved{{ID: id, Place: NewPlaces{Seen: time.Now()}}}}
		if _, err := client.Call(t.Context(), c, Share, in); !isUnprocessable(err) {
			t.Errorf("%q: got %v", id, err)
		}
	}
	if s.Len() != 0 {
		t.Errorf("%d drivers are known", s.Len())
	}
}

func isUnprocessable(err error) bool {
	failed, is := errors.AsType[*client.Error](err)
	return is && failed.Status == 422
}
