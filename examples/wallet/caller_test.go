package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
	"github.com/rcrowley/go-tigertonic/examples/wallet/walletapi"
)

func TestCallersGetWhatTheServiceReturns(t *testing.T) {
	t.Parallel()
	a := newAPI(t, filepath.Join(t.TempDir(), "w.db"))
	a.open(t, 1000, "ann", "bob")
	ctx, c := t.Context(), a.client()

	pay := walletapi.TransferRequest{Keyed: walletapi.Keyed{Key: "t1"}, Body: walletapi.NewTransfer{From: "ann", To: "bob", Cents: 250}}
	for range 2 { // the second one moves nothing
		paid, err := client.Call(ctx, c, walletapi.MakeTransfer, &pay)
		if err != nil || paid.Body.Balance != 750 || paid.Location != "/1.0/transfers/3" {
			t.Fatalf("got %+v and %v", paid, err)
		}
	}
	var listed []walletapi.Transfer
	for transfer, err := range client.Stream(ctx, c, walletapi.ListTransfers, &walletapi.ListRequest{
		OneAccount: walletapi.OneAccount{ID: "ann"}, // and a limit of 0: all of them
	}, client.StreamOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, transfer)
	}
	shown, err := client.Call(ctx, c, walletapi.ShowTransfer, &walletapi.OneTransfer{ID: 3})
	if err != nil || len(listed) != 2 || !listed[1].Made.Equal(shown.Made) || listed[1].Cents != 250 {
		t.Errorf("got %+v in the list, and %+v and %v alone", listed, shown, err)
	}
	totals, err := client.Call(ctx, c, walletapi.GetTotals, nil)
	if want := (walletapi.Totals{Accounts: 2, Transfers: 3, Balance: 2000, Deposited: 2000}); err != nil || totals != want {
		t.Errorf("got %+v and %v, want %+v", totals, err, want)
	}

	pay.Key, pay.Body.Cents = "t2", 751
	_, err = client.Call(ctx, c, walletapi.MakeTransfer, &pay)
	if _, ok := errors.AsType[tigertonic.PaymentRequired](err); !ok {
		t.Errorf("got %v, want 402", err)
	}
	pay.Body.To = "ann"
	_, err = client.Call(ctx, c, walletapi.MakeTransfer, &pay)
	if errs, ok := errors.AsType[tigertonic.FieldErrors](err); !ok || errs[0].Pointer != "/to" {
		t.Errorf("got %v, want what is wrong with /to", err)
	}
}

// The example of a caller doesn't compile any more when the service renames a field.
func TestCompilerTellsCallersOfARenamedField(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("walletapi/walletapi.go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	renamed, overlay := filepath.Join(dir, "walletapi.go"), filepath.Join(dir, "overlay.json")
	here, err := filepath.Abs("walletapi/walletapi.go")
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{here: renamed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{renamed: strings.ReplaceAll(string(source), "Cents ", "Amount "), overlay: string(replace)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "vet", "-overlay", overlay, "./walletapi").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "unknown field Cents in struct literal") {
		t.Errorf("got %v and %s", err, out)
	}
}
