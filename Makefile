# One flag set for everything that is built or tested, so that the build cache
# is filled once: static, no paths of this machine inside.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ERRCHECK    := github.com/kisielk/errcheck@v1.30.0
FUZZTIME    ?= 60s
FUZZDIR     ?= .
COUNT       ?= 1
TESTFLAGS   ?=
# Packages whose work is done by several goroutines at once.
CONCURRENT  := ./p2p/... ./replica/... ./revocation/... ./node/... ./store/... ./internal/fetch ./internal/jsonld ./client ./did/key ./verify
# Packages with tests of their failure points (build tag faults).
FAULTS       = $(shell grep -rlE '^//go:build .*faults' --include='*_test.go' . | xargs -r -n1 dirname | sort -u)

.PHONY: all build vet test system faults demo demo-real race fuzz lint cross soak bench clean help

all: build vet test ## build, vet and test

build: ## bin/bonafide
	$(GO) build -o bin/bonafide ./cmd/bonafide

vet: ## go vet, with and without the test tags
	$(GO) vet ./...
	$(GO) vet -tags system,faults ./...

test: ## tests that need Go alone
	$(GO) test $(TESTFLAGS) -timeout 10m -count=$(COUNT) ./...

system: build ## tests that start processes, use namespaces, strace or npm packages
	$(GO) test -v -timeout 20m -count=1 -tags system ./tests/...

faults: ## tests that make single operations fail
	$(GO) test $(TESTFLAGS) -timeout 10m -count=1 -tags faults $(FAULTS)

demo: build $(if $(filter 1,$(ANCHOR)),bin/devchain) ## the whole story between three processes; KEEP=1 leaves them up, ANCHOR=1 adds a local chain
	bin/bonafide demo $(if $(filter 1,$(KEEP)),--keep) $(if $(filter 1,$(ANCHOR)),--anchor bin/devchain)

.PHONY: bin/devchain
bin/devchain:
	$(GO) build -o $@ ./tests/devchain

demo-real: build ## the same network fed with the data of other implementations
	bin/bonafide demo --real

race: ## race detector on the concurrent packages (needs a C compiler)
	CGO_ENABLED=1 $(GO) test $(TESTFLAGS) -race -timeout 15m -count=1 $(CONCURRENT)

# Where the time ends while an input is on its way, go test says "context deadline
# exceeded" and fails without an input; that one case is tried again.
fuzz: ## every fuzz target for FUZZTIME (60s)
	@set -e; grep -rE '^func Fuzz[A-Za-z0-9_]+\(' --include='*_test.go' $(FUZZDIR) \
	| sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]+)\(.*|\1 \2|' | sort -u \
	| while read -r dir target; do \
		echo "$$dir $$target"; \
		run() { $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$dir" >.fuzz.out 2>&1; }; \
		run || { grep -q 'context deadline exceeded' .fuzz.out && ! grep -q 'Failing input' .fuzz.out && run; } || { cat .fuzz.out; exit 1; }; \
		tail -n 3 .fuzz.out | grep -E 'execs' || true; rm -f .fuzz.out; \
	done

lint: ## gofmt, staticcheck, errcheck
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt would change:"; echo "$$out"; exit 1; }
	$(GO) run $(STATICCHECK) -tags system,faults ./...
	$(GO) run $(ERRCHECK) -ignoretests -exclude .errcheck-exclude ./...

cross: ## compiles for Windows and macOS
	GOOS=windows GOARCH=amd64 $(GO) build -o bin/cross/bonafide.exe ./cmd/bonafide
	GOOS=darwin GOARCH=arm64 $(GO) build -o bin/cross/bonafide-darwin ./cmd/bonafide

soak: build ## the long forms; figures go to docs/results with the commit
	BONAFIDE_SOAK=1 $(GO) test -v -timeout 6h -count=1 -tags system ./tests/...

bench: ## benchmarks of every package
	$(GO) test -run '^$$' -bench . -benchmem -count=5 ./...

clean: ## what the targets above made
	rm -rf bin dist .fuzz.out

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12
