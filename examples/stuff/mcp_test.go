package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestAgentsReadAndAddStuff(t *testing.T) {
	t.Parallel()
	p := start(t)
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: p.base + "/mcp", HTTPClient: p.client, DisableStandaloneSSE: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	var names []string
	for tool, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, tool.Name)
	}
	slices.Sort(names)
	if got, want := strings.Join(names, " "), "get2_0Changes get2_0Stuff get2_0StuffById post2_0Stuff"; got != want {
		t.Errorf("got the tools %s, want %s", got, want)
	}
	for _, tt := range []struct{ tool, arguments, want string }{
		{"post2_0Stuff", `{"body":{"id":"tea","stuff":"SECRET of an agent"}}`, `{"id":"tea","stuff":"SECRET of an agent"}`},
		{"get2_0StuffById", `{"id":"tea"}`, `{"id":"tea","stuff":"SECRET of an agent"}`},
		{"get2_0Stuff", `{}`, `{"result":[{"id":"tea","stuff":"SECRET of an agent"}]}`},
		{"get2_0StuffById", `{"id":"milk"}`, `404 Not Found: there is no stuff "milk"`},
		{"post2_0Stuff", `{"body":{"id":"a cup"}}`, "422 Unprocessable Entity: the request isn't valid\n- body/id must match ^[A-Za-z0-9_-]{1,64}$\n- body/stuff is required"},
	} {
		rs, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: tt.tool, Arguments: json.RawMessage(tt.arguments)})
		if err != nil {
			t.Fatalf("%s %s: %v", tt.tool, tt.arguments, err)
		}
		if got := rs.Content[0].(*sdk.TextContent).Text; got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.tool, tt.arguments, got, tt.want)
		}
	}
	p.client.CloseIdleConnections()
	p.stop(t)
	if log := p.output.String(); strings.Contains(log, "SECRET") || !strings.Contains(log, "POST /mcp") {
		t.Errorf("the log has what an agent has stored, or nothing of it:\n%s", log)
	}
}
