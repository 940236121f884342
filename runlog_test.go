//go:build unix

package tigertonic_test

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// lifeOf has a server tell of its life without the time.
func lifeOf(s *tigertonic.Server) *journal {
	j := &journal{}
	s.Log = slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "took" {
			return slog.Attr{}
		}
		return a
	}}))
	return j
}

func TestRunTellsOfItsLife(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(*runner)
		want string
	}{
		"SIGTERM": {func(*runner) { signalSelf(t, syscall.SIGTERM) }, `"signal: terminated"`},
		"context": {func(r *runner) { r.cancel() }, `"context canceled"`},
		"Close":   {func(r *runner) { _ = r.Close() }, `"the server was closed"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := tigertonic.NewServer("", hello)
			s.Admin, s.AdminAddr = hello, freeAddr(t)
			j := lifeOf(s)
			r := startRun(t, s)
			tt.end(r)
			require.NoError(t, receiveFrom(t, "Run to end", r.ended))
			assert.Equal(t, `level=INFO msg="tigertonic: listening" name=main address=`+r.addr+`
level=INFO msg="tigertonic: listening" name=admin address=`+s.AdminAddr+`
level=INFO msg="tigertonic: draining" reason=`+tt.want+`
level=INFO msg="tigertonic: stopped" cut_off=0
`, j.String())
			assert.Empty(t, r.log.String(), "that is no error")
		})
	}
}

func TestRunTellsHowManyItHasCutOff(t *testing.T) {
	h := newHolding()
	defer close(h.release)
	s := tigertonic.NewServer("", h)
	s.DrainTimeout = brief
	j := lifeOf(s)
	r := startRun(t, s)
	for range 2 {
		getLater(t, "http://"+r.addr)
		receiveFrom(t, "the request", h.entered)
	}
	r.cancel()
	require.ErrorIs(t, receiveFrom(t, "Run to end", r.ended), context.DeadlineExceeded)
	j.says(t, "cut_off=2")
}

func TestRunCanBeKeptQuiet(t *testing.T) {
	var j journal
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&j, nil)))
	defer slog.SetDefault(old)
	s := tigertonic.NewServer("", hello)
	s.Log = slog.New(slog.DiscardHandler)
	r := startRun(t, s)
	r.cancel()
	require.NoError(t, receiveFrom(t, "Run to end", r.ended))
	assert.Empty(t, j.String())
}

func TestRestartTellsWhoHasTakenOver(t *testing.T) {
	t.Parallel()
	p := newServerProcess(t, serverConfig{}).start(t)
	first := p.pid(t)
	restart(t, first)
	next := first
	eventually(t, "the new process", func() bool { next = p.pid(t); return next != first })
	p.says(t, "tigertonic: handed over pid="+strconv.Itoa(next))
	p.says(t, `reason="process `+strconv.Itoa(next)+` has taken over"`)
	p.stop(t, next)
	p.handled(t)
	assert.Equal(t, 2, strings.Count(p.String(), "tigertonic: listening name=main address="+p.config.Addr))
	assert.Equal(t, 2, strings.Count(p.String(), "tigertonic: stopped"))
}

// Where a listener fails, the requests that are going on end all the same.
func TestRunDrainsWhereAListenerFails(t *testing.T) {
	for _, name := range []string{"main", "admin"} {
		t.Run(name, func(t *testing.T) {
			h := newHolding()
			s := tigertonic.NewServer("", h)
			s.Admin, s.AdminAddr = hello, freeAddr(t)
			addresses := map[string]string{}
			j := lifeOf(s)
			r := startRun(t, s)
			addresses["main"], addresses["admin"] = r.addr, s.AdminAddr
			answer := getLater(t, "http://"+r.addr)
			receiveFrom(t, "the request", h.entered)
			breakListener(t, addresses[name])
			j.says(t, "tigertonic: draining")
			select {
			case err := <-r.ended:
				t.Fatal("it didn't wait", err)
			default:
			}
			close(h.release)
			assert.Equal(t, "finished <nil>", receiveFrom(t, "the answer", answer))
			require.Error(t, receiveFrom(t, "Run to end", r.ended))
		})
	}
}

// breakListener shuts down a listening socket of this process, so that accepting
// fails.
func breakListener(t *testing.T, addr string) {
	t.Helper()
	for fd := 3; fd < 1024; fd++ {
		sa, err := syscall.Getsockname(fd)
		if err != nil {
			continue
		}
		listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
		in4, ok := sa.(*syscall.SockaddrInet4)
		if err != nil || listens == 0 || !ok {
			continue
		}
		if (&net.TCPAddr{IP: in4.Addr[:], Port: in4.Port}).String() == addr {
			require.NoError(t, syscall.Shutdown(fd, syscall.SHUT_RDWR))
			return
		}
	}
	t.Fatal("nobody listens at " + addr)
}
