package routing

import (
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"

	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// fiberRouter uses fasthttp, not net/http. The router doesn't change its request, which
// is reset as fasthttp does after reading one.
type fiberRouter struct {
	handler fasthttp.RequestHandler
	ctx     fasthttp.RequestCtx
}

func newFiber(leaves []*Leaf) Router {
	app := fiber.New(fiber.Config{CaseSensitive: true, StrictRouting: true, ErrorHandler: fiberError})
	for _, leaf := range leaves {
		app.Add([]string{leaf.Method}, leaf.Colon, func(c fiber.Ctx) error {
			reached(leaf, c, func(c fiber.Ctx, name string) string { return c.Params(name) })
			return nil
		})
	}
	return &fiberRouter{handler: app.Handler()}
}

// fiberError responds where fiber has no handler.
func fiberError(c fiber.Ctx, err error) error {
	c.Set("Content-Type", "text/plain; charset=utf-8")
	c.Set("X-Content-Type-Options", "nosniff")
	if errors.Is(err, fiber.ErrMethodNotAllowed) {
		return c.Status(fiber.StatusMethodNotAllowed).SendString("Method Not Allowed\n")
	}
	return c.Status(fiber.StatusNotFound).SendString("404 page not found\n")
}

func (r *fiberRouter) AskFor(method, path string) {
	r.ctx.Request.Header.SetMethod(method)
	r.ctx.Request.SetRequestURI(path)
	r.ctx.Response.Reset()
	r.handler(&r.ctx)
}

func (r *fiberRouter) Answered(method, path string) probe.Answer {
	r.AskFor(method, path)
	a := probe.Answer{Status: r.ctx.Response.StatusCode(), Header: http.Header{}, Body: string(r.ctx.Response.Body())}
	for name, value := range r.ctx.Response.Header.All() {
		a.Header.Add(string(name), string(value))
	}
	return a
}
