# Needs Go, git and a shell; the tools are pinned in tools/go.mod and built by the go command.

FUZZTIME  ?= 30s
BENCH     ?= .
ONLY      ?=
COUNT     ?= 20
BENCHTIME ?= 15ms
LOADTIME  ?= 500ms
BASE      ?=
NEWEST    ?= go1.27.3
MINCOVER  ?= 95.0
MINBELOW  ?= 90.0

# Every module that git tracks or would track, one after another; what is in tools/ holds no code.
MODULES := $(sort $(dir $(wildcard $(shell git ls-files -co --exclude-standard go.mod '*/go.mod'))))
CODE    := $(filter-out tools/%,$(MODULES))
ifeq ($(CODE),)
$(error no module found: run make in the root of a git clone)
endif

TOOL = go tool -modfile='$(CURDIR)/tools/go.mod'
RACE = $(shell go build -race runtime/cgo 2>/dev/null && echo -race)

# $(call each,modules,command) says which module it is at, and how long each took. It
# ends at the first where the command fails.
each = @began=$$(date +%s); for m in $(1); do echo "== $$m"; start=$$(date +%s); (cd "$$m" && $(2)) || exit 1; \
	echo "== $$m took $$(($$(date +%s) - start)) s"; done; echo "== all took $$(($$(date +%s) - began)) s"

.PHONY: test test-newest lint prose fuzz cover bench bench-report bench-check microbench restart ingest fmt
.NOTPARALLEL:

# test vets and tests every module, with the race detector where cgo can build it. The
# detector allocates, so the tests that count allocations run once more without it.
test:
	$(call each,$(CODE),go vet ./... && go test $(RACE) -shuffle=on ./...)
	$(if $(RACE),go test -run 'Alloc|Cost|Memory' .)

# test-newest vets and tests the library with the newest Go release, which the go command
# fetches: it may be newer than the one that is installed, and brings another codec.
test-newest:
	GOTOOLCHAIN=$(NEWEST) go vet ./...
	GOTOOLCHAIN=$(NEWEST) go test -shuffle=on ./...

# lint accepts no unformatted file, no untidy module and no finding.
lint: prose
	@files=$$($(TOOL) gofumpt -l .) || exit 1; test -z "$$files" || { echo "make fmt would change:"; echo "$$files"; exit 1; }
	$(call each,$(MODULES),go mod tidy -diff)
	$(call each,$(CODE),go vet ./... && $(TOOL) staticcheck ./... && $(TOOL) golangci-lint run)

# prose checks the words of pages and comments against .vale.ini.
prose:
	@vale=$$(go -C tools/vale tool -n vale) && "$$vale" --output=line $$(git ls-files -co --exclude-standard '*.md' llms.txt '*.go')

# fuzz runs every fuzz target for FUZZTIME.
fuzz:
	$(call each,$(CODE),targets=$$(go test -list '^Fuzz' ./...) && echo "$$targets" \
	| awk '/^Fuzz/ { f[n++] = $$1 } /^ok/ { for (i = 0; i < n; i++) print $$2 " " f[i]; n = 0 }' \
	| while read -r pkg f; do echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) "$$pkg" </dev/null || exit 1; done)

# cover fails if the root package's own tests reach less than MINCOVER percent of its
# statements, or those of a package below internal/ less than MINBELOW percent of its own.
cover:
	@go test -coverprofile=cover.out .
	@awk -v min=$(MINCOVER) 'NR > 1 { all += $$2; if ($$3) hit += $$2 } \
	END { p = 100 * hit / all; printf "total: %.2f%% of statements\n", p; exit (p < min) }' cover.out
	@out=$$(go test -cover ./internal/...) || { echo "$$out"; exit 1; }; echo "$$out" | awk -v min=$(MINBELOW) \
	'/coverage: / { p = $$0; sub(/.*coverage: /, "", p); sub(/%.*/, "", p); n = $$1 == "ok" ? $$2 : $$1; low = p + 0 < min; bad += low; \
	print (low ? "below " min "%: " : "") n " " p "%" } END { exit (bad > 0) }'

# bench compares the library with others, in about ten minutes, and writes docs/BENCHMARKS.md.
# ONLY=routing,endpoints,documents,streams,middleware,loopback chooses, and then nothing is written.
bench:
	@cd benchmarks && go run . -only '$(ONLY)' -count $(COUNT) -benchtime $(BENCHTIME) -loadtime $(LOADTIME)

# bench-report writes docs/BENCHMARKS.md of what bench has measured last.
bench-report:
	@cd benchmarks && go run . -from-raw

# bench-check fails if the root's benchmarks allocate more than at BASE, or the last tag.
bench-check:
	@cd benchmarks && go run ./regress -base '$(BASE)' -bench '$(BENCH)'

# microbench runs the root's benchmarks ten times and leaves the raw figures in bench.out.
microbench:
	@go test -run '^$$' -bench '$(BENCH)' -benchmem -count=10 . >bench.out || { cat bench.out; exit 1; }
	@$(TOOL) benchstat bench.out

# restart runs at full length what test runs briefly: restarts and stops under load,
# slow clients and overload, on a machine that has nothing else to do, and the wallet
# restarted and killed.
restart:
	@go test -timeout 600s -v -parallel 1 -run 'LoseNoRequest|PlainShutdown|Thousand|Overload|UnderLoad' . -long
	@go -C examples test $(RACE) -timeout 600s -v ./wallet -run Fault -restarts 15 -kills 5

# ingest gives the ingest service a million payloads, faults and clients that mean no good,
# and prints what its README tells. It measures, so nothing else should run; it takes seven minutes.
ingest:
	@go -C examples test -count=1 -timeout 1800s -v ./ingest/internal/trial -full

# fmt formats every module.
fmt:
	@$(TOOL) gofumpt -w .
