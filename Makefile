# Reelshelf. `make` alone lists what there is; README.md and CONTRIBUTING.md say when to use it.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.NOTPARALLEL:

# Rust may be installed and not yet in PATH (a shell opened before rustup, cron, CI).
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin
# Build output lives in the user's cache, so that a fresh clone does not start from nothing.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/reelshelf/target
# On CI nextest uses its profile `ci`, and Cargo.lock must already be right.
export NEXTEST_PROFILE ?= $(if $(CI),ci,default)
CARGO_FLAGS := $(if $(CI),--locked)

BINARY := $(CARGO_TARGET_DIR)/release/reelshelf
PANEL := web/dist/index.html
BENCH := $(CARGO_TARGET_DIR)/release/reelshelf-bench

.DEFAULT_GOAL := help
.PHONY: help run build panel setup setup-test check test torture bench bench-media samples journeys key openapi clean-data

help: ## List these commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: setup build ## Set up, build and start the server, files in ./data; flags: ARGS='--listen 0.0.0.0:8080'.
	@exec "$(BINARY)" serve $(ARGS)

build: $(PANEL) ## Build the panel and the release server.
	cargo build $(CARGO_FLAGS) --release --package reelshelf

panel: $(PANEL) ## Build the Media panel into web/dist, which the server takes in when it is built.

$(PANEL): scripts/panel.sh $(shell find web \( -name node_modules -o -name dist \) -prune -o -type f -print)
	scripts/panel.sh build
	@touch $@

setup: ## Install what building and running need, where it may; otherwise say what is missing.
	@scripts/setup.sh run

setup-test: ## The same for testing: PostgreSQL, ffmpeg and nextest too.
	@scripts/setup.sh test

check: ## Format, architecture, clippy and documentation, warnings denied.
	cargo fmt --all --check
	@for script in scripts/check-*.sh; do echo "$$script"; "$$script" || exit 1; done
	cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc $(CARGO_FLAGS) --workspace --no-deps --document-private-items

test: setup-test $(PANEL) check ## Set up, check, and run every test: all on SQLite and disk, then the server's on PostgreSQL and S3.
	scripts/panel.sh check test
	scripts/in-world.sh small cargo nextest run $(CARGO_FLAGS) --workspace
	scripts/in-world.sh large cargo nextest run $(CARGO_FLAGS) --package reelshelf
	cargo test $(CARGO_FLAGS) --workspace --doc

journeys: setup-test $(PANEL) ## Journeys of people through the panel, in a real browser against the real server; needs chromium.
	@command -v chromium >/dev/null || apt-get install --yes --quiet --no-install-recommends chromium fonts-liberation
	cargo build $(CARGO_FLAGS) --package reelshelf
	cd e2e && npm ci --silent --no-audit --no-fund && BINARY="$(CARGO_TARGET_DIR)/debug/reelshelf" npm test

torture: setup-test ## The long forms of the tests named `…torture…`, hours; TEST_WORLD=large for the other world.
	TORTURE=1 scripts/in-world.sh $(or $(TEST_WORLD),small) cargo nextest run $(CARGO_FLAGS) --workspace --profile torture

bench: setup build ## Measure the release server; choose with ARGS.
	cargo build $(CARGO_FLAGS) --release --package reelshelf-bench
	@exec "$(BENCH)" "$(BINARY)" $(ARGS)

bench-media: setup-test build ## Measure media beside ffmpeg, vipsthumbnail and sharp, which it installs.
	@command -v vipsthumbnail >/dev/null || apt-get install --yes --quiet libvips-tools
	@command -v npm >/dev/null || apt-get install --yes --quiet nodejs npm
	npm install --silent --no-save --prefix "$(CARGO_TARGET_DIR)/peers" sharp
	cargo build $(CARGO_FLAGS) --release --package reelshelf-media --example thumbnail
	cargo build $(CARGO_FLAGS) --release --package reelshelf-bench
	@exec "$(BENCH)" "$(BINARY)" pictures poster waveform probe latency hostile $(ARGS)

samples: setup-test build ## Put a file of every kind through the release server: writes docs/media-samples.md anew.
	@command -v heif-enc >/dev/null || apt-get install --yes --quiet libheif-examples || echo "samples: goes on without it"
	cargo build $(CARGO_FLAGS) --release --package reelshelf-media --example samples
	cargo build $(CARGO_FLAGS) --release --package reelshelf-bench
	@exec "$(BENCH)" "$(BINARY)" samples

key: ## Print a new admin key of the first client, whether the server runs or not.
	@client=$$("$(BINARY)" client list $(ARGS) | awk 'NR == 2 { print $$1 }') \
		&& "$(BINARY)" key create --client "$$client" --role admin --name 'make key' $(ARGS)

openapi: ## Write docs/openapi.json anew from the code.
	@mkdir -p docs
	cargo run $(CARGO_FLAGS) --quiet --package reelshelf -- openapi > docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json

clean-data: ## Delete ./data, with every file and the database in it; asks for YES=1.
	@test "$(YES)" = 1 || { echo "This deletes every file and the database in ./data: make clean-data YES=1" >&2; exit 1; }
	rm -rf ./data
