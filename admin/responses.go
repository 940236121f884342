package admin

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-metrics"
)

// tigertonic.CountedByStatus and CountedByStatusXX make a counter for each status,
// called name-404, or class, called name-4xx. They are known by being all there,
// which no others are by chance, and become one family each, with the status or
// class as a label, to be summed over. They never fall.

// takeResponses takes the counters of responses out of the readings, and returns
// what they become.
func takeResponses(readings []reading) (entries []entry, others []reading) {
	counters := map[string]map[string]metrics.Counter{} // by name and status
	for _, rd := range readings {
		if name, status, counter := cutStatus(rd); counter != nil {
			if counters[name] == nil {
				counters[name] = map[string]metrics.Counter{}
			}
			counters[name][status] = counter
		}
	}
	taken := map[string]bool{}
	take := func(name, unit, help, labelName string, statuses []string) {
		if strings.HasSuffix(sanitize(name), "_responses") {
			unit = strings.TrimPrefix(unit, "_responses")
		}
		f := family{unit: unit, kind: counterKind, help: fmt.Sprintf(help, name)}
		for _, status := range statuses {
			taken[name+"-"+status] = true
			f.samples = append(f.samples, sample{labels: []label{{labelName, status}}, value: float64(counters[name][status].Count())})
			delete(counters[name], status)
		}
		entries = append(entries, entry{name, []family{f}})
	}
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		isByClass, isByStatus := hasAll(counters[name], classes()), hasAll(counters[name], knownStatuses())
		if isByClass {
			take(name, "_responses_by_class_total", "The responses that %q counts by the class of their status.", "class", classes())
		}
		if isByStatus {
			statuses := slices.DeleteFunc(slices.Sorted(maps.Keys(counters[name])), func(status string) bool {
				return status[1] == 'x' && status != "5xx" // which is what wasn't a status
			})
			take(name, "_responses_total", "The responses that %q counts by their status.", "code", statuses)
		}
	}
	return entries, slices.DeleteFunc(readings, func(rd reading) bool { return taken[rd.name] })
}

// cutStatus returns the parts of the name of a counter that ends in a status or a
// class, or no counter.
func cutStatus(rd reading) (name, status string, counter metrics.Counter) {
	i := strings.LastIndexByte(rd.name, '-')
	counter, ok := rd.metric.(*metrics.StandardCounter)
	if i < 0 || !ok {
		return "", "", nil
	}
	name, status = rd.name[:i], rd.name[i+1:]
	code, err := strconv.Atoi(status)
	isStatus := err == nil && code >= 100 && code < 600 && len(status) == len("100")
	if !isStatus && !slices.Contains(classes(), status) {
		return "", "", nil
	}
	return name, status, counter
}

func hasAll(counters map[string]metrics.Counter, statuses []string) bool {
	return !slices.ContainsFunc(statuses, func(status string) bool { return counters[status] == nil })
}

func classes() []string { return []string{"1xx", "2xx", "3xx", "4xx", "5xx"} }

func knownStatuses() (statuses []string) {
	for code := 100; code < 600; code++ {
		if http.StatusText(code) != "" {
			statuses = append(statuses, strconv.Itoa(code))
		}
	}
	return statuses
}
