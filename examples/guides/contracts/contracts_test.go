package contracts

import (
	"net/http"
	"os"
	"testing"

	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

var api = contract.Of(service())

func TestMain(m *testing.M) { os.Exit(contract.Covered(m, api).Run()) }

func TestHello(t *testing.T) {
	server := api.Server(t, service()) // as httptest.NewServer
	rs, err := http.Get(server.URL + "/hello/world")
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	if rs.StatusCode != http.StatusOK {
		t.Errorf("got %d", rs.StatusCode)
	}
}

func TestHelloWhateverIsAsked(t *testing.T) {
	api.Fuzz(t, service(), contract.FuzzOptions{})
}
