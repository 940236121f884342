package openapi

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// Info is what a tree of handlers can't tell of itself.
type Info struct {
	Title          string // required
	Version        string // of the API, required
	Summary        string
	Description    string
	TermsOfService string // a URL
	Contact        Contact
	License        License
	Docs           Docs // that are elsewhere

	Host    string   // describe only what a HostServeMux has under this name
	Servers []Server // "/" by default

	// Tags say more of the tags of operations. They are listed in this order, and those
	// that aren't here follow, sorted.
	Tags []Tag
	// Webhooks are the requests that the service sends.
	Webhooks []Webhook

	// OpenAPI is the version of OpenAPI in which the document is: "3.1", which is the
	// default and what most tools read, or "3.2". That has words for the items of
	// streams, for tags in each other, and for all methods.
	OpenAPI string
}

// Contact is who is to be asked about an API.
type Contact struct{ Name, URL, Email string }

// License is what an API may be used under: its name, and one of its SPDX identifier,
// "Apache-2.0", and a URL.
type License struct{ Name, Identifier, URL string }

// Docs are documentation somewhere else.
type Docs struct{ URL, Description string }

// Server is where an API is served.
type Server struct {
	URL         string // may have variables, "https://{region}.example.com"
	Name        string // in OpenAPI 3.2
	Description string
	Variables   map[string]ServerVariable // all that the URL has
}

// ServerVariable is what may stand for a variable in the URL of a server.
type ServerVariable struct {
	Default     string // required
	Enum        []string
	Description string
}

// Tag is a group of operations.
type Tag struct {
	Name        string // required
	Description string
	Docs        Docs
	// In OpenAPI 3.2: what the tag is called in lists, the tag that it is in, and what it
	// is for, "nav", "badge" or "audience".
	Summary, Parent, Kind string
}

// Webhook is a request that the service sends to others.
type Webhook struct {
	Name     string // required
	Method   string // POST by default
	Describe func(op *tigertonic.Operation)
}

// clone returns a copy that shares nothing with what the caller may change.
func (info Info) clone() Info {
	info.Servers, info.Tags, info.Webhooks = slices.Clone(info.Servers), slices.Clone(info.Tags), slices.Clone(info.Webhooks)
	return info
}

const openAPI32 = "3.2"

// is32 reports whether the document is in the words of OpenAPI 3.2.
func (info *Info) is32() bool { return info.OpenAPI == openAPI32 }

// check returns what is wrong with what is said, but for webhooks.
func (info *Info) check() (problems []string) {
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf("Info."+format, args...))
		}
	}
	add(info.Title == "", "Title is missing")
	add(info.Version == "", "Version is missing")
	add(info.OpenAPI != "" && info.OpenAPI != "3.1" && !info.is32(), "OpenAPI is %q, which isn't 3.1 or 3.2", info.OpenAPI)
	for _, field := range [][2]string{
		{"TermsOfService", info.TermsOfService},
		{"Contact.URL", info.Contact.URL},
		{"License.URL", info.License.URL},
		{"Docs.URL", info.Docs.URL},
	} {
		add(!isURI(field[1]), "%s is %q, which isn't a URL", field[0], field[1])
	}
	add(info.Contact.Email != "" && !strings.Contains(info.Contact.Email, "@"), "Contact.Email is %q", info.Contact.Email)
	add(info.License != License{} && info.License.Name == "", "License has no Name")
	add(info.License.Identifier != "" && info.License.URL != "", "License has an Identifier and a URL; OpenAPI allows one of them")
	add(info.Docs.Description != "" && info.Docs.URL == "", "Docs has no URL")
	for i, s := range info.Servers {
		for _, problem := range s.check() {
			add(true, "Servers[%d] %s", i, problem)
		}
	}
	return append(problems, checkTags(info.Tags)...)
}

func isURI(s string) bool {
	_, err := url.Parse(s)
	return err == nil
}

var serverVariable = regexp.MustCompile(`\{([^{}]*)\}`)

// check returns what is wrong with a server.
func (s *Server) check() (problems []string) {
	if s.URL == "" {
		problems = append(problems, "has no URL")
	}
	for _, m := range serverVariable.FindAllStringSubmatch(s.URL, -1) {
		v, ok := s.Variables[m[1]]
		switch {
		case !ok:
			problems = append(problems, fmt.Sprintf("has no variable %q, which its URL has", m[1]))
		case v.Default == "":
			problems = append(problems, fmt.Sprintf("has no default for the variable %q", m[1]))
		case len(v.Enum) > 0 && !slices.Contains(v.Enum, v.Default):
			problems = append(problems, fmt.Sprintf("has a default for the variable %q that isn't in its enum", m[1]))
		}
	}
	for name := range sorted(s.Variables) {
		if !strings.Contains(s.URL, "{"+name+"}") {
			problems = append(problems, fmt.Sprintf("has the variable %q, which its URL hasn't", name))
		}
	}
	return problems
}

// address returns the URL with its variables' defaults.
func (s *Server) address() string {
	return serverVariable.ReplaceAllStringFunc(s.URL, func(variable string) string {
		return s.Variables[strings.Trim(variable, "{}")].Default
	})
}

// checkTags returns what is wrong with tags.
func checkTags(tags []Tag) (problems []string) {
	parents := map[string]string{}
	for i, t := range tags {
		if _, ok := parents[t.Name]; ok || t.Name == "" {
			problems = append(problems, fmt.Sprintf("Info.Tags[%d] has the name %q, which is missing or there twice", i, t.Name))
		}
		parents[t.Name] = t.Parent
	}
	for i, t := range tags {
		steps := 0
		for name := t.Parent; name != "" && steps <= len(tags); name = parents[name] {
			if _, ok := parents[name]; !ok {
				problems = append(problems, fmt.Sprintf("Info.Tags[%d] is in %q, which isn't one of the tags", i, name))
				break
			}
			steps++
		}
		if steps > len(tags) {
			problems = append(problems, fmt.Sprintf("Info.Tags[%d] %q is in itself", i, t.Name))
		}
	}
	return problems
}

func (d *Document) infoObject() (o object) {
	info := &d.info
	o.set("title", info.Title)
	o.text("summary", info.Summary)
	o.text("description", info.Description)
	o.text("termsOfService", info.TermsOfService)
	if c := info.Contact; c != (Contact{}) {
		var contact object
		contact.text("name", c.Name)
		contact.text("url", c.URL)
		contact.text("email", c.Email)
		o.set("contact", contact)
	}
	if l := info.License; l != (License{}) {
		license := object{{"name", l.Name}}
		license.text("identifier", l.Identifier)
		license.text("url", l.URL)
		o.set("license", license)
	}
	o.set("version", info.Version)
	return o
}

// docs sets a member to documentation somewhere else, if there is any.
func (o *object) docs(d Docs) {
	if d.URL != "" {
		docs := object{{"url", d.URL}}
		docs.text("description", d.Description)
		o.set("externalDocs", docs)
	}
}

func (d *Document) servers() (servers []object) {
	if len(d.info.Servers) == 0 {
		return []object{{{"url", "/"}}}
	}
	for _, s := range d.info.Servers {
		server := object{{"url", s.URL}}
		if d.info.is32() {
			server.text("name", s.Name)
		}
		server.text("description", s.Description)
		var variables object
		for name, v := range sorted(s.Variables) {
			var variable object
			if len(v.Enum) > 0 {
				variable.set("enum", v.Enum)
			}
			variable.set("default", v.Default)
			variable.text("description", v.Description)
			variables.set(name, variable)
		}
		if variables != nil {
			server.set("variables", variables)
		}
		servers = append(servers, server)
	}
	return servers
}

// tags returns the tags that are told of, and those of operations besides, sorted.
func (d *Document) tags() (tags []object) {
	var names []string
	for i := range d.operations {
		names = append(names, d.operations[i].Tags...)
	}
	slices.Sort(names)
	for _, t := range d.info.Tags {
		tag := object{{"name", t.Name}}
		if d.info.is32() {
			tag.text("summary", t.Summary)
		}
		tag.text("description", t.Description)
		tag.docs(t.Docs)
		if d.info.is32() {
			tag.text("parent", t.Parent)
			tag.text("kind", t.Kind)
		}
		tags = append(tags, tag)
	}
	for _, name := range slices.Compact(names) {
		if !slices.ContainsFunc(d.info.Tags, func(t Tag) bool { return t.Name == name }) {
			tags = append(tags, object{{"name", name}})
		}
	}
	return tags
}
