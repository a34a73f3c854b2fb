# `make` alone lists what there is to do.
.DEFAULT_GOAL := help
.PHONY: help run dev build modules console schema test test-rust test-deploy e2e fmt lint clean tools

SERVER := target/release/fastgpt-platform
MODULES := frontend/node_modules/.package-lock.json
CONSOLE := frontend/dist/index.html
# Folders are listed too: their time changes when a file in them is deleted.
CONSOLE_SOURCES := schema.graphql $(shell find frontend \
	\( -name node_modules -o -name dist -o -name e2e -o -name test-results -o -name playwright-report \) -prune \
	-o -path 'frontend/?*' ! -name '*.test.ts*' -print 2>/dev/null)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build everything and start it on port 5000
	@exec $(SERVER)

dev: tools $(MODULES) ## server on port 5000, console with live reload on port 3000
	@exec .make/dev.sh

build: tools $(CONSOLE) ## the whole product in one file: target/release/fastgpt-platform
	cargo build --release --locked

# For tests/run.sh.
modules: $(MODULES)
console: $(CONSOLE)

schema: ## print the server's schema to schema.graphql
	cargo run --quiet --locked -- schema > target/schema.graphql
	mv target/schema.graphql schema.graphql

test: tools ## every check there is, on private services: tests/run.sh
	@exec tests/run.sh all

test-rust: ## the Rust suite on SQLite alone
	@exec tests/run.sh rust

test-deploy: tools ## what is deployed: Nginx before two backends, containers, units, scripts
	@exec tests/deploy/run.sh $(STEPS)

e2e: tools ## the journeys in Chromium, on SQLite and on PostgreSQL with Redis
	@exec tests/run.sh e2e

fmt: $(MODULES) ## format all source
	cargo fmt --all
	cd frontend && npm run format

lint: $(MODULES) ## what formatter, linters and type checker have to say
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cd frontend && npm run lint && npm run check

clean: ## remove what was built (not ./data)
	cargo clean
	rm -rf frontend/dist frontend/node_modules

tools:
	@.make/check-tools.sh

# npm writes this file as the last thing it does.
$(MODULES): frontend/package-lock.json | tools
	cd frontend && npm ci --no-audit --no-fund
	@touch $@

$(CONSOLE): $(MODULES) $(CONSOLE_SOURCES)
	cd frontend && npm run build
	@touch $@
