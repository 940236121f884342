package tigertonic_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

type config struct {
	Listen string `json:"listen"`
	Limits struct {
		Rates []int
	} `json:"limits"`
}

func writeConfig(t *testing.T, name, text string) string {
	t.Helper()
	pathname := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(pathname, []byte(text), 0o600))
	return pathname
}

func TestConfigureReadsJSON(t *testing.T) {
	for _, configure := range []func(string, any) error{tigertonic.Configure, tigertonic.ConfigureJSON} {
		var c config
		require.NoError(t, configure(writeConfig(t, "c.json", `{"LISTEN": ":8000", "limits": {"rates": [1, 2]}}`+"\n"), &c))
		assert.Equal(t, ":8000", c.Listen)
		assert.Equal(t, []int{1, 2}, c.Limits.Rates)
		require.NoError(t, configure("", &c))
		assert.Equal(t, ":8000", c.Listen)
	}
}

func TestConfigureNamesFileAndPlaceOfErrors(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", "{\n  \"listen\": \"x\",\n  \"listne\": \"y\"\n}", ":3:3: /listne: there is no such key"},
		{"unknown key within", `{"limits": {"rate": [1]}}`, ":1:13: /limits/rate: there is no such key"},
		{"garbage after the value", "{}\n\n{}", ":3:1: invalid character '{' after top-level value"},
		{"another type", "{\"listen\":\n\t80}", ":2:2: /listen: a JSON number doesn't fit a Go string"},
		{"another type within", `{"limits": {"rates": [1, "2"]}}`, ":1:26: /limits/rates/1: a JSON string doesn't fit a Go int"},
		{"too large", `{"limits": {"rates": [1e400]}}`, ":1:23: /limits/rates/0: "},
		{"trailing comma", "{\"listen\": \"x\",\n}", ":2:1: "},
		{"cut off", `{"listen": "x"`, ":1:15: "},
		{"empty", "", ":1:1: unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pathname := writeConfig(t, "c.json", tt.text)
			err := tigertonic.Configure(pathname, &config{})
			require.Error(t, err)
			assert.Contains(t, err.Error(), "tigertonic: "+pathname+tt.want)
		})
	}
}

func TestConfigureNamesFilesItCantRead(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.json")
	err := tigertonic.Configure(missing, &config{})
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Contains(t, err.Error(), missing)
	assert.EqualError(t, tigertonic.Configure("c.ini", &config{}), `tigertonic: c.ini: the extension ".ini" isn't one of .json`)
	assert.EqualError(t, tigertonic.Configure("c", &config{}), `tigertonic: c: the extension "" isn't one of .json`)
}

func TestRegisterConfigExt(t *testing.T) {
	defer delete(tigertonic.ConfigExt, ".txt")
	tigertonic.RegisterConfigExt(".txt", func(pathname string, i any) error {
		text, err := os.ReadFile(pathname)
		i.(*config).Listen = string(text)
		return err
	})
	var c config
	require.NoError(t, tigertonic.Configure(writeConfig(t, "c.txt", ":80"), &c))
	assert.Equal(t, ":80", c.Listen)
}
