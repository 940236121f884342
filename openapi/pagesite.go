package openapi

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A small document is shown on one page. A large one opens with its groups, and has a
// page for each, for each operation and for each schema, which are the same page with
// another query: the handler doesn't know where it is mounted, or what is beside it.
// These are written when they are asked for and not kept, as a browser asks for few of
// them; what the first request gets is.

// A site is what there is to be shown of a document.
type site struct {
	doc    *Document
	groups []group
	first  []byte // what is shown without a query
	paged  bool   // it isn't all that there is
}

// A group is a tag, or the beginning of paths, with its operations.
type group struct {
	name, anchor string
	description  string
	entries      []entry
}

// An entry is an operation in a group.
type entry struct {
	*operation
	elsewhere string // the group that has it whole, or ""
}

const (
	maxWhole      = 300_000 // bytes of a page that shows everything
	maxWholeItems = 200     // of which it isn't even tried to make one
	maxPart       = 150_000 // bytes of operations after which a page of many ends
	maxListed     = 1000    // groups on a page
	maxBeside     = 250     // entries in the contents of a page that isn't whole
)

func newSite(doc *Document) *site {
	s := &site{doc: doc, groups: groupsOf(doc)}
	if len(doc.operations)+len(doc.schemas) <= maxWholeItems {
		w := pageWriter{site: s}
		w.whole()
		s.first, s.paged = w.Bytes(), w.Len() > maxWhole
	} else {
		s.paged = true
	}
	if s.paged {
		w := pageWriter{site: s, paged: true}
		w.overview(0)
		s.first = w.Bytes()
	}
	return s
}

// page returns what is shown for a query, or nil if there is no such thing.
func (s *site) page(query map[string][]string) []byte {
	one := func(name string) (string, bool) {
		values := query[name]
		return strings.Join(values, " "), len(values) > 0
	}
	from, _ := one("from")
	at, err := strconv.Atoi(cmp.Or(from, "0"))
	if err != nil || at < 0 {
		return nil
	}
	w := pageWriter{site: s, paged: true}
	if name, ok := one("operation"); ok {
		return w.oneOperation(name)
	}
	if name, ok := one("schema"); ok {
		return w.oneSchema(name)
	}
	if name, ok := one("group"); ok {
		return w.oneGroup(name, at)
	}
	if _, ok := one("schemas"); ok {
		return w.allSchemas(at)
	}
	if at > 0 && s.paged {
		return w.overview(at)
	}
	return s.first
}

// index returns what the search of a page that isn't whole looks through: of each
// operation its method, path, title, anchor and tags, and the names of schemas.
func (s *site) index() []byte {
	var index struct {
		Operations [][]string `json:"operations"`
		Schemas    []string   `json:"schemas"`
	}
	for i := range s.doc.operations {
		op := &s.doc.operations[i]
		index.Operations = append(index.Operations, append([]string{op.method, op.host + op.path, op.Summary, op.anchor, op.ID}, op.Tags...))
	}
	for _, schema := range s.doc.schemas {
		index.Schemas = append(index.Schemas, schema.name)
	}
	text, err := json.Marshal(index)
	if err != nil {
		panic("tigertonic: openapi: " + err.Error()) // of strings, there is none
	}
	return text
}

const (
	untagged = "Other"
	webhooks = "Webhooks"
)

// groupsOf returns the groups of a document: tags in the order in which they are told of,
// then all others in the order in which their first operations are, and what has no tag
// at last.
func groupsOf(doc *Document) (groups []group) {
	at := map[string]int{}
	add := func(name string, e entry) {
		i, ok := at[name]
		if !ok {
			i = len(groups)
			at[name] = i
			groups = append(groups, group{name: name})
		}
		groups[i].entries = append(groups[i].entries, e)
	}
	tagged := slices.ContainsFunc(doc.operations, func(op operation) bool { return len(op.Tags) > 0 })
	for i := range doc.operations {
		op := &doc.operations[i]
		names := groupNames(op, tagged)
		add(names[0], entry{operation: op})
		for _, name := range names[1:] {
			add(name, entry{op, names[0]})
		}
	}
	order := map[string]int{untagged: 2, webhooks: 1}
	for i, t := range doc.info.Tags {
		order[t.Name] = i - len(doc.info.Tags)
		if j, ok := at[t.Name]; ok {
			groups[j].description = t.Description
		}
	}
	slices.SortStableFunc(groups, func(a, b group) int { return cmp.Compare(order[a.name], order[b.name]) })
	for i := range groups {
		groups[i].anchor = "group." + strconv.Itoa(i+1)
	}
	return groups
}

var versionSegment = regexp.MustCompile(`^(v?\d+(\.\d+)*|api)$`)

// groupNames returns the tags, or, if no operation has any, the path up to the first
// segment that tells more than a version.
func groupNames(op *operation, tagged bool) (names []string) {
	for _, tag := range op.Tags {
		if !slices.Contains(names, tag) {
			names = append(names, tag)
		}
	}
	switch {
	case names != nil:
		return names
	case op.hook:
		return []string{webhooks}
	case tagged:
		return []string{untagged}
	}
	var name strings.Builder
	name.WriteString(op.host)
	for segment := range strings.SplitSeq(strings.TrimPrefix(op.path, "/"), "/") {
		if strings.HasPrefix(segment, "{") {
			break
		}
		name.WriteString("/" + segment)
		if !versionSegment.MatchString(segment) {
			break
		}
	}
	return []string{cmp.Or(name.String(), "/")}
}
