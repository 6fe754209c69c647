# What a contributor runs. Each target is one command of the Go tool, or one check
# of .ci/run, so that make is never needed.

.DEFAULT_GOAL := help
.PHONY: help test race lint fuzz api golden cover bench quickstart tool fakecloud ci

FUZZTIME ?= 30s

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: ## the tests, with nothing but Go
	go test ./...

race: ## the tests in random order, with the race detector
	go test -race -shuffle=on ./...

lint: ## gofmt, go vet, staticcheck and golangci-lint, in every module
	bash .ci/run format vet staticcheck lint

fuzz: ## every fuzz target for FUZZTIME (30s)
	FUZZTIME=$(FUZZTIME) bash .ci/run fuzz

api: ## record the exported API in api/v0.txt, and show what changed
	@mkdir -p api
	go -C tools run ./apisurface -write ../api/v0.txt ..

golden: ## write the golden requests and names anew
	go test ./internal/conformance/wire -update

cover: ## how much of the code the tests run, by function
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out

bench: ## this SDK side by side with others
	go -C bench run .

quickstart: ## a whole backup against a fake cloud
	go run ./examples/quickstart

tool: ## the tool for operators, as bin/ctcbr
	go -C cmd/ctcbr build -o $(CURDIR)/bin/ .

fakecloud: ## serve the fake cloud alone, until interrupted
	go run ./examples/fakecloud

ci: ## everything that has to pass before a change is merged
	FUZZTIME=$(FUZZTIME) bash .ci/run
