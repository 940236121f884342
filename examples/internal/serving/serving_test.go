package serving

import (
	"bytes"
	"flag"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// taken returns an address whose port is taken and whose next port is free, and that next
// port.
func taken(t *testing.T) (addr, next string) {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		_, text, _ := net.SplitHostPort(l.Addr().String())
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		next = strconv.Itoa(n + 1)
		after, err := net.Listen("tcp", "127.0.0.1:"+next)
		if err != nil {
			continue
		}
		_ = after.Close()
		return l.Addr().String(), next
	}
	t.Fatal("no port has a free one after it")
	return "", ""
}

// parse returns an example whose defaults are these addresses.
func parse(t *testing.T, listen, admin string, args ...string) *Example {
	t.Helper()
	f := flag.NewFlagSet("test", flag.ContinueOnError)
	e := Flags(f, "test")
	e.Listen, e.Admin = listen, admin
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"TEST_LISTEN", "TEST_ADMIN"} {
		t.Setenv(name, "")
	}
	return e
}

func TestDefaultsGiveWayAndSaySo(t *testing.T) {
	addr, next := taken(t)
	_, port, _ := net.SplitHostPort(addr)
	var b bytes.Buffer
	e := parse(t, addr, addr)
	if err := e.Choose(&b); err != nil {
		t.Fatal(err)
	}
	if e.Listen != "127.0.0.1:"+next || e.Admin == e.Listen || e.Admin == addr {
		t.Errorf("got %s and %s, want port %s and another one", e.Listen, e.Admin, next)
	}
	_, other, _ := net.SplitHostPort(e.Admin)
	want := "test: port " + port + " is taken; listening on " + next + "\n" +
		"test: port " + port + " is taken; listening for operators on " + other + "\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", &b, want)
	}
	l, err := net.Listen("tcp", e.Listen)
	if err != nil {
		t.Fatalf("the port that was chosen isn't free: %v", err)
	}
	_ = l.Close()

	// A process that takes over has the same addresses, though they are taken.
	t.Setenv("TIGERTONIC_PREDECESSOR", "1")
	successor := Flags(flag.NewFlagSet("test", flag.ContinueOnError), "test")
	if err := successor.Choose(&b); err != nil || successor.Listen != e.Listen || successor.Admin != e.Admin || b.String() != want {
		t.Errorf("the successor got %s and %s, %v, and printed %q", successor.Listen, successor.Admin, err, &b)
	}
}

func TestFreeAddressesStay(t *testing.T) {
	var b bytes.Buffer
	for _, tt := range []struct{ listen, admin string }{{"127.0.0.1:0", "127.0.0.1:0"}, {"127.0.0.1:0", ""}} {
		e := parse(t, tt.listen, tt.admin)
		if err := e.Choose(&b); err != nil || e.Listen != tt.listen || e.Admin != tt.admin || b.Len() > 0 {
			t.Errorf("got %s and %q, %v, and %q", e.Listen, e.Admin, err, &b)
		}
	}
}

func TestAddressesThatFlagsNameAreUsedOrFail(t *testing.T) {
	addr, _ := taken(t)
	for _, tt := range []struct{ flag, value, want string }{
		{"-listen", addr, "-listen: listen tcp " + addr + ": bind: address already in use: choose another port, or 0 for any free one"},
		{"-admin", addr, "-admin: listen tcp " + addr},
		{"-listen", "nonsense", "-listen: listen tcp: address nonsense: missing port"},
	} {
		var b bytes.Buffer
		e := parse(t, "127.0.0.1:0", "127.0.0.1:0", tt.flag, tt.value)
		if err := e.Choose(&b); err == nil || !strings.HasPrefix(err.Error(), tt.want) || b.Len() > 0 {
			t.Errorf("%s %s: got %v and %q, want %s", tt.flag, tt.value, err, &b, tt.want)
		}
	}
}

func TestSocketsOfSystemdArentSearchedFor(t *testing.T) {
	addr, _ := taken(t)
	t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	e := parse(t, "", "", "-listen", addr)
	if err := e.Choose(&bytes.Buffer{}); err != nil || e.Listen != addr {
		t.Errorf("got %s, %v", e.Listen, err)
	}
}

func TestWithoutACollectorNothingIsTraced(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	mux := http.NewServeMux()
	if got := Traced("test")(mux); got != http.Handler(mux) {
		t.Errorf("got a %T round the handler", got)
	}
	flush, err := Traces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	flush()
}
