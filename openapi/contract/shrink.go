package contract

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// maxShrinks is how many requests are made to find a shorter one.
const maxShrinks = 200

// shrink returns the shortest request with the same finding, and that finding.
func (f *fuzzer) shrink(d *draft, found *finding) (*draft, *finding) {
	tries := 0
	for shorter := true; shorter; {
		shorter = false
		for candidate := range d.shorter() {
			tries++
			if tries > maxShrinks || f.stuck || time.Now().After(f.end) {
				return d, found
			}
			if again := f.try(candidate); again != nil && again.key() == found.key() {
				d, found, shorter = candidate, again, true
				break
			}
		}
	}
	return d, found
}

// shorter yields requests with one part left out or simplified.
func (d *draft) shorter() func(yield func(*draft) bool) {
	return func(yield func(*draft) bool) {
		with := func(change func(*draft)) bool {
			copied := *d
			copied.values = maps.Clone(d.values)
			change(&copied)
			return yield(&copied)
		}
		if d.accept != "" && !with(func(d *draft) { d.accept = "" }) {
			return
		}
		for _, p := range d.op.parameters {
			texts, ok := d.values[p]
			if !ok {
				continue
			}
			if !p.required && !with(func(d *draft) { delete(d.values, p) }) {
				return
			}
			for _, text := range plainer(texts[0]) {
				if len(texts) == 1 && p.holds(text) && !with(func(d *draft) { d.values[p] = []string{text} }) {
					return
				}
			}
		}
		if !d.hasBody || !d.op.body.required && !with(func(d *draft) { d.hasBody = false }) {
			return
		}
		if d.raw != nil {
			for _, text := range plainer(string(d.raw)) {
				if !with(func(d *draft) { d.raw = []byte(text) }) {
					return
				}
			}
			return
		}
		for value := range lesser(d.body) {
			if !with(func(d *draft) { d.body = value }) {
				return
			}
		}
	}
}

// plainer returns texts that are shorter than one, the shortest first.
func plainer(text string) (texts []string) {
	runes := []rune(text)
	for _, n := range []int{0, 1, len(runes) / 2, len(runes) - 1} {
		if n >= 0 && n < len(runes) && !slices.Contains(texts, string(runes[:n])) {
			texts = append(texts, string(runes[:n]))
		}
	}
	if len(runes) > 1 {
		texts = append(texts, string(runes[1:]))
	}
	return texts
}

// lesser yields JSON values that are slightly smaller than this one.
func lesser(value any) func(yield func(any) bool) {
	return func(yield func(any) bool) {
		switch x := value.(type) {
		case object:
			lesserObject(x, yield)
		case []any:
			lesserArray(x, yield)
		case string:
			for _, text := range plainer(x) {
				if !yield(text) {
					return
				}
			}
		case json.Number:
			for _, n := range []json.Number{"0", "1"} {
				if len(n) < len(x) && !yield(n) {
					return
				}
			}
		}
	}
}

func lesserObject(o object, yield func(any) bool) {
	names := slices.Sorted(maps.Keys(o))
	for _, name := range names {
		less := maps.Clone(o)
		delete(less, name)
		if !yield(less) {
			return
		}
	}
	for _, name := range names {
		for part := range lesser(o[name]) {
			less := maps.Clone(o)
			less[name] = part
			if !yield(less) {
				return
			}
		}
	}
}

func lesserArray(l []any, yield func(any) bool) {
	for i := range l {
		if !yield(slices.Delete(slices.Clone(l), i, i+1)) {
			return
		}
	}
	for i, element := range l {
		for part := range lesser(element) {
			less := slices.Clone(l)
			less[i] = part
			if !yield(less) {
				return
			}
		}
	}
}
