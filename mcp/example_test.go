package mcp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/mcp"
)

type greeting struct {
	Greeting string `json:"greeting"`
}

type who struct {
	Name string `path:"name" maxLength:"40" doc:"Who to greet."`
}

func hello(_ context.Context, in *who) (*greeting, error) {
	return &greeting{"Hello, " + in.Name + "!"}, nil
}

// An agent, here the client of the SDK, calls a service by its tools.
func Example() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/hello/{name}", tigertonic.Typed(hello).OperationID("hello").Summary("Greet somebody").Tags("greetings"))
	mux.Handle("POST", "/mcp", mcp.New(mux, mcp.Options{Name: "hello", Tags: []string{"greetings"}}))
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	client := sdk.NewClient(&sdk.Implementation{Name: "agent", Version: "1"}, nil)
	session, err := client.Connect(ctx, &sdk.StreamableClientTransport{Endpoint: server.URL + "/mcp", DisableStandaloneSSE: true}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	for _, name := range []string{"world", "a name that is longer than forty characters"} {
		rs, err := session.CallTool(ctx, &sdk.CallToolParams{Name: "hello", Arguments: map[string]any{"name": name}})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(rs.Content[0].(*sdk.TextContent).Text)
	}
	// Output:
	// {"greeting":"Hello, world!"}
	// 422 Unprocessable Entity: the request isn't valid
	// - name must be at most 40 characters long
}

// A program that an agent starts answers on its standard input and output. What the agent
// may do is what its token lets it.
func ExampleServer_Stdio() {
	_ = func(h http.Handler, token string) error { // func main
		return mcp.New(h, mcp.Options{Tags: []string{"greetings"}}).
			Stdio(context.Background(), http.Header{"Authorization": {"Bearer " + token}})
	}
	// Output:
}
