package recipes

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// echoes is a service that sends back each message, until the client has no more.
var echoes = grpc.ServiceDesc{
	ServiceName: "echoes", HandlerType: (*any)(nil),
	Streams: []grpc.StreamDesc{{StreamName: "Echo", ClientStreams: true, ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
		for {
			var m emptypb.Empty
			if err := stream.RecvMsg(&m); err != nil {
				if err == io.EOF { //nolint:errorlint // as gRPC returns it
					return nil
				}
				return err
			}
			if err := stream.SendMsg(&m); err != nil {
				return err
			}
		}
	}}},
}

func newCalls() *grpc.Server {
	calls := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(calls, health.NewServer())
	calls.RegisterService(&echoes, struct{}{})
	return calls
}

func greetings() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/greeting", tigertonic.Typed(hello))
	return mux
}

func dial(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// serve runs a service until the test ends it, and checks that both protocols answer.
func serve(t *testing.T, server *tigertonic.Server, calls string, run func(context.Context) error) (conn *grpc.ClientConn, stop func()) {
	t.Helper()
	listening := make(chan string, 1)
	server.OnListen = func(_ string, addr net.Addr) { listening <- addr.String() }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	address := <-listening
	if calls == "" {
		calls = address
	}
	conn = dial(t, calls)
	rs, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || rs.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("the call returned %v, %v", rs, err)
	}
	_, err = grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "none"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("got %v, want NotFound, which is in a trailer", err)
	}
	get, err := http.Get("http://" + address + "/greeting") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer get.Body.Close()
	if body, err := io.ReadAll(get.Body); err != nil || !strings.Contains(string(body), "hello") {
		t.Errorf("got %d %s, %v", get.StatusCode, body, err)
	}
	return conn, func() {
		t.Helper()
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("it ended with %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("it doesn't stop")
		}
	}
}

// A stream in both directions may be quiet for longer than a body may take, once the
// service has sent something.
func TestGRPCOnTheSamePort(t *testing.T) {
	t.Parallel()
	server := onePort("127.0.0.1:0", greetings(), newCalls())
	server.BodyTimeout = 200 * time.Millisecond
	conn, stop := serve(t, server, "", server.Run)
	stream, err := conn.NewStream(t.Context(), &echoes.Streams[0], "/echoes/Echo")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := stream.SendMsg(&emptypb.Empty{}); err != nil {
			t.Fatal(err)
		}
		if err := stream.RecvMsg(&emptypb.Empty{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
	}
	stop() // the stream would go on
	if err := stream.RecvMsg(&emptypb.Empty{}); err == nil {
		t.Error("the stream goes on")
	}
}

// A call that has begun ends before the service does.
func TestGRPCOnItsOwnPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it's done at once
	if err != nil {
		t.Fatal(err)
	}
	server := tigertonic.NewServer("127.0.0.1:0", greetings())
	calls := newCalls()
	conn, stop := serve(t, server, l.Addr().String(), func(ctx context.Context) error { return twoPorts(ctx, server, calls, l) })
	stream, err := conn.NewStream(t.Context(), &echoes.Streams[0], "/echoes/Echo")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg(&emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(&emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(300*time.Millisecond, func() { _ = stream.CloseSend() })
	stop()
	if err := stream.RecvMsg(&emptypb.Empty{}); err != io.EOF { //nolint:errorlint // as gRPC returns it
		t.Errorf("the stream ended with %v", err)
	}
}
