package admin

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// buildInfo is what is running.
type buildInfo struct {
	Name     string `json:"name" doc:"What the service is called."`
	Module   string `json:"module,omitempty" doc:"The main module." example:"example.com/wallet"`
	Version  string `json:"version,omitempty" doc:"The service's own version, or its module's." example:"v1.2.3"`
	Revision string `json:"revision,omitempty" doc:"The commit that it was built from."`
	Time     string `json:"time,omitempty" doc:"When that was made."`
	Dirty    bool   `json:"dirty" doc:"Whether files had been changed since."`
	Go       string `json:"go" doc:"The version of Go." example:"go1.26.8"`
	Platform string `json:"platform" doc:"The system and architecture that it was built for." example:"linux/amd64"`

	sum string // of the main module
}

// newBuildInfo returns what the program knows about itself, as far as the options
// don't say otherwise.
func newBuildInfo(o Options) buildInfo {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return readBuildInfo(info, o)
}

func readBuildInfo(info *debug.BuildInfo, o Options) buildInfo {
	build := buildInfo{
		Name:     cmp.Or(o.Name, programName(info.Path)),
		Module:   info.Main.Path,
		Version:  cmp.Or(o.Version, info.Main.Version),
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		sum:      info.Main.Sum,
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			build.Revision = setting.Value
		case "vcs.time":
			build.Time = setting.Value
		case "vcs.modified":
			build.Dirty = setting.Value == "true"
		}
	}
	build.Name, build.Version = valid(build.Name), valid(build.Version)
	return build
}

// programName returns the name of the program whose main package has this import
// path, if it is known.
func programName(importPath string) string {
	if importPath != "" && importPath != "command-line-arguments" {
		if dir, last := path.Split(importPath); dir != "" && isMajorVersion(last) {
			return path.Base(dir)
		}
		return path.Base(importPath)
	}
	if len(os.Args) > 0 && os.Args[0] != "" {
		return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	}
	return "service"
}

// isMajorVersion reports whether the last element of an import path is /v2 or such.
func isMajorVersion(element string) bool {
	digits, ok := strings.CutPrefix(element, "v")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

func (a *Admin) version(context.Context, *struct{}) (buildInfo, error) { return a.build, nil }

// explain shows the routes of the service.
func (a *Admin) explain(*http.Request) ([]byte, string, error) {
	return []byte(tigertonic.Explain(a.handler)), "", nil
}
