# The verbs of this repository. `make help` lists them.
#
# Nothing but Go is needed: the linter is built here from the module proxy, the
# race detector wants gcc, and the tests that want ffmpeg skip without it. npm builds
# the node's pages; without it the program is built without them and says so.

GO       ?= go
BIN      := $(CURDIR)/bin
TOOLS    := $(CURDIR)/.tools
LINT     := $(TOOLS)/golangci-lint
LINT_VER := v2.8.0

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)

# Packages with goroutines of their own: the race detector has something to say there.
RACE     := ./cmd/... ./fanout/... ./ingest/... ./playout/... ./relay/... ./roq/...
FUZZTIME ?= 20s
FOR      ?= 20s
DEMO     ?= --link rural
CHROMIUM ?= chromium
CASE     ?=

# The version before this one, as a county has it that is not updated in one night.
PREVIOUS ?= b325ba8bc4db0fbbb55e053dad2de3db8d32f3da

# Only what the pages are built from: a build of the program alone runs no npm.
WEB_FROM := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/test-results -prune \
            -o -type f ! -name '*.go' -print)

.PHONY: skew pages web web-test web-bench build demo county test check race fuzz lint tidy bench clean help

## build: the program, at bin/classrelay, with the pages if npm is there
build: pages
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/classrelay ./cmd/classrelay

## web: the node's pages, at web/dist (needs npm)
web:
	@command -v npm >/dev/null || { echo "make web: npm is needed to build the pages: apt-get install nodejs npm"; exit 2; }
	cd web && npm ci --no-audit --no-fund && npm run build

## web-test: the pages in a real browser, against a mock node and then real ones (needs npm and chromium)
web-test: web/dist/index.html build
	@command -v $(CHROMIUM) >/dev/null || { echo "make web-test: a browser is needed: apt-get install chromium"; exit 2; }
	@test -d web/node_modules || $(MAKE) --no-print-directory web
	cd web && npm run types:tools && \
	  CHROMIUM=$$(command -v $(CHROMIUM)) npx playwright test && \
	  CHROMIUM=$$(command -v $(CHROMIUM)) CLASSRELAY=$(BIN)/classrelay npx playwright test -c real

## web-bench: what a browser sees of real nodes over rough lines, in figures: 15 minutes (CASE='line -g WHEP')
web-bench: web/dist/index.html build
	@command -v $(CHROMIUM) >/dev/null || { echo "make web-bench: a browser is needed: apt-get install chromium"; exit 2; }
	@test -d web/node_modules || $(MAKE) --no-print-directory web
	cd web && CHROMIUM=$$(command -v $(CHROMIUM)) CLASSRELAY=$(BIN)/classrelay npx playwright test -c bench $(CASE)

# Built anew when a source is newer. A machine without npm, with a node too old for Vite
# or without a way to the packages still builds the program; web-test lets none of it pass.
pages:
	@if ! command -v npm >/dev/null || ! node -e 'process.exit(+(parseInt(process.versions.node) < 20))'; then \
	  echo "make build: no npm with node 20, so the program gets no pages (make web builds them)"; \
	elif ! $(MAKE) --no-print-directory web/dist/index.html; then \
	  echo "make build: the pages could not be built (make web says why), so the program gets none"; fi

web/dist/index.html: $(WEB_FROM)
	$(MAKE) --no-print-directory web

## demo: a camera, a hub, a rough link, a branch and a viewer on this machine (DEMO='--link bursty --for 60s')
demo: build
	$(BIN)/classrelay demo $(DEMO)

## county: a province, a city, two hubs and six schools on this machine, with cuts and role swaps; it stays up until
##   Ctrl-C, or with JSON=FILE plays its script once and writes the verdict
county: build
	$(BIN)/classrelay bench county $(if $(JSON),--json $(JSON),--stay)

## test: every test; those that want ffmpeg skip without it
test:
	$(GO) test -shuffle=on -timeout 10m ./...

## check: what CI runs: lint, vet, test, the race detector where goroutines are, go.mod in order
check: lint tidy
	$(GO) vet ./...
	$(GO) test -shuffle=on -timeout 10m ./...
	$(GO) test -race -short -shuffle=on -timeout 15m $(RACE)

## race: every test under the race detector (needs gcc)
race:
	@command -v gcc >/dev/null || { echo "make race: the race detector needs gcc: apt-get install gcc"; exit 2; }
	$(GO) test -race -shuffle=on -timeout 30m ./...

## skew: this version and the previous one give each other a lesson, each once as the hub (PREVIOUS=COMMIT)
skew:
	@if ! git cat-file -e '$(PREVIOUS)^{commit}' 2>/dev/null; then \
	  echo "make skew: skipped: this clone has no commit $(PREVIOUS); git fetch --unshallow brings it, or name another one"; \
	else $(MAKE) --no-print-directory $(TOOLS)/classrelay-$(PREVIOUS) && \
	  CLASSRELAY_PREVIOUS=$(TOOLS)/classrelay-$(PREVIOUS) $(GO) test -count=1 -timeout 5m -v -run ThePreviousVersion ./cmd/classrelay; fi

# Built from what git has of it, beside this tree, and once.
$(TOOLS)/classrelay-%:
	@rm -rf $(TOOLS)/previous && mkdir -p $(TOOLS)/previous
	git archive $* | tar -x -C $(TOOLS)/previous
	cd $(TOOLS)/previous && $(GO) build -trimpath -ldflags '-s -w -X main.version=$*' -o $@ ./cmd/classrelay
	@rm -rf $(TOOLS)/previous

## fuzz: each fuzz target for FUZZTIME (20s)
fuzz:
	@set -e; for p in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for t in $$(grep -h '^func Fuzz' $$p/*_test.go | sed 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/'); do \
	    echo "fuzz $$p $$t $(FUZZTIME)"; \
	    $(GO) test -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) $$p; \
	  done; done

## lint: golangci-lint with .golangci.yml, built here on first use
lint: $(LINT)
	$(LINT) run ./...

# The version is part of the stamp's name, so a new version is built anew.
$(LINT): $(TOOLS)/golangci-lint-$(LINT_VER)
	ln -sf golangci-lint-$(LINT_VER) $@

$(TOOLS)/golangci-lint-$(LINT_VER):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VER)
	mv $(TOOLS)/golangci-lint $@

## tidy: go.mod and go.sum name exactly what is used
tidy:
	$(GO) mod tidy -diff

## bench: the benchmarks
bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

## clean: what was built here
clean:
	rm -rf $(BIN) $(TOOLS) web/node_modules web/test-results web/dist/assets web/dist/index.html

## help: this list
help:
	@sed -n 's/^## //p' Makefile
