package trace

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
)

// How much a span may have, so that no request makes one large. Names and texts are cut to
// mostOfValue bytes.
const (
	mostAttributes = 128
	mostEvents     = 128
	mostLinks      = 128
	mostOfValue    = 4 << 10
)

// fit returns a text as it may be exported: as valid UTF-8 of at most mostOfValue bytes.
func fit(text string) string {
	if len(text) > mostOfValue {
		text = text[:mostOfValue]
		for i := 1; i < utf8.UTFMax && i < len(text); i++ { // it may have been cut within a character
			if last := text[len(text)-i:]; utf8.RuneStart(last[0]) {
				if !utf8.FullRuneInString(last) {
					text = text[:len(text)-i]
				}
				break
			}
		}
	}
	if !utf8.ValidString(text) {
		return fit(strings.ToValidUTF8(text, "\uFFFD")) // which may be longer
	}
	return text
}

// set returns attributes with others added, a later one in the place of an earlier one with
// its key, and how many were dropped since they are invalid or there are too many.
func set(old, others []attribute.KeyValue) (all []attribute.KeyValue, dropped int) {
	all = slices.Grow(old, min(len(others), mostAttributes-len(old)))
	for _, a := range others {
		if !a.Valid() {
			dropped++
			continue
		}
		a.Key, a.Value = attribute.Key(fit(string(a.Key))), fitValue(a.Value)
		at := slices.IndexFunc(all, func(b attribute.KeyValue) bool { return a.Key == b.Key })
		switch {
		case at >= 0:
			all[at] = a
		case len(all) < mostAttributes:
			all = append(all, a)
		default:
			dropped++
		}
	}
	return all, dropped
}

// fitValue returns a value whose texts fit.
func fitValue(v attribute.Value) attribute.Value {
	switch v.Type() {
	case attribute.STRING:
		return attribute.StringValue(fit(v.AsString()))
	case attribute.STRINGSLICE:
		list := v.AsStringSlice() // a copy
		for i := range list {
			list[i] = fit(list[i])
		}
		return attribute.StringSliceValue(list)
	case attribute.BYTESLICE:
		if b := v.AsByteSlice(); len(b) > mostOfValue {
			return attribute.ByteSliceValue(b[:mostOfValue])
		}
	case attribute.SLICE:
		list := v.AsSlice()
		for i := range list {
			list[i] = fitValue(list[i])
		}
		return attribute.SliceValue(list...)
	case attribute.MAP:
		members := v.AsMap()
		for i := range members {
			members[i].Key, members[i].Value = attribute.Key(fit(string(members[i].Key))), fitValue(members[i].Value)
		}
		return attribute.MapValue(members...)
	}
	return v
}

// latest returns a list with one more item, without the oldest if there are too many.
func latest[T any](list []T, item T, most int, dropped *int) []T {
	if len(list) == most {
		*dropped++
		list = slices.Delete(list, 0, 1)
	}
	return append(list, item)
}
