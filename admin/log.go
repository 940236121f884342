package admin

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/rcrowley/go-tigertonic"
)

// logLevel is the least level that is logged.
type logLevel struct {
	Level string `json:"level" doc:"DEBUG, INFO, WARN or ERROR, or one of these and an offset, such as INFO+2." example:"DEBUG"`
}

func (a *Admin) showLevel(context.Context, *struct{}) (logLevel, error) {
	return logLevel{a.level.Level().String()}, nil
}

// setLevel takes a level in any case.
func (a *Admin) setLevel(ctx context.Context, in *logLevel) (logLevel, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(in.Level)); err != nil {
		const detail = "%.20q is none of DEBUG, INFO, WARN and ERROR, nor one of these and an offset, such as INFO+2"
		return logLevel{}, tigertonic.FieldErrors{{Pointer: "/level", Detail: fmt.Sprintf(detail, in.Level)}}
	}
	a.level.Set(level)
	return a.showLevel(ctx, nil)
}
