package tigertonic_test

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// A form of an HTML page, in either of the two media types that browsers send.
func ExampleTyped_form() {
	type signup struct {
		Name string   `form:"name" required:"true" maxLength:"80"`
		Age  *int     `form:"age" minimum:"18"`
		Tags []string `form:"tag" maxItems:"5"`
	}
	h := tigertonic.Typed(func(_ context.Context, in *signup) (string, error) {
		return fmt.Sprintf("%s, %d, %v", in.Name, *in.Age, in.Tags), nil
	})
	request(h, "POST", "/", "name=Ada&age=36&tag=math&tag=tea", "Content-Type", "application/x-www-form-urlencoded")
	request(h, "POST", "/", "name=Ada&age=12", "Content-Type", "application/x-www-form-urlencoded")
	// Output:
	// 200 "Ada, 36, [math tea]"
	// 422 {"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"parameter":"age","in":"form","keyword":"minimum","limit":18,"detail":"must be at least 18"}]}
}

// A file is read off the connection: nothing of it is kept in memory or on disk.
func ExampleFile() {
	type attachment struct {
		Title string          `form:"title" required:"true"`
		File  tigertonic.File `form:"file" maxBytes:"1GiB" mediaTypes:"image/*,application/pdf"`
	}
	h := tigertonic.Typed(func(_ context.Context, in *attachment) (string, error) {
		n, err := io.Copy(io.Discard, in.File) // or into a store
		if err != nil {
			return "", err // with its own status, such as 413
		}
		return fmt.Sprintf("%s: %s, %s, %d bytes", in.Title, in.File.Name, in.File.ContentType, n), nil
	})
	form := strings.ReplaceAll(`--x
Content-Disposition: form-data; name="title"

Tea
--x
Content-Disposition: form-data; name="file"; filename="C:\tea.pdf"
Content-Type: application/pdf

%PDF-2.0
--x--
`, "\n", "\r\n")
	request(h, "POST", "/", form, "Content-Type", "multipart/form-data; boundary=x")
	// Output:
	// 200 "Tea: tea.pdf, application/pdf, 8 bytes"
}

// Several files come one after another.
func ExampleFiles() {
	type album struct {
		Photos tigertonic.Files `form:"photo" maxBytes:"10MiB" maxItems:"20" mediaTypes:"image/*"`
	}
	h := tigertonic.Typed(func(_ context.Context, in *album) ([]string, error) {
		names := []string{}
		for photo, err := range in.Photos {
			if err != nil {
				return nil, err
			}
			if _, err := io.Copy(io.Discard, photo); err != nil {
				return nil, err
			}
			names = append(names, photo.Name)
		}
		return names, nil
	})
	photo := func(name string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"" + name + "\"\r\nContent-Type: image/png\r\n\r\n...\r\n"
	}
	request(h, "POST", "/", photo("a.png")+photo("b.png")+"--x--\r\n", "Content-Type", "multipart/form-data; boundary=x")
	// Output:
	// 200 ["a.png","b.png"]
}

// A body that is neither JSON nor a form is taken as it is.
func ExampleFile_body() {
	type picture struct {
		ID   string          `query:"id"`
		Body tigertonic.File `body:"" mediaTypes:"image/png" maxBytes:"100MiB"`
	}
	h := tigertonic.Typed(func(_ context.Context, in *picture) (int64, error) { return io.Copy(io.Discard, in.Body) })
	request(h, "PUT", "/?id=7", "...", "Content-Type", "image/png")
	request(h, "PUT", "/?id=7", "...", "Content-Type", "text/html")
	// Output:
	// 200 3
	// 415 {"title":"Unsupported Media Type","status":415,"detail":"the Content-Type of a body must be image/png"}
}
