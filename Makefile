# Two commands do all the set-up: `make quickstart` and `make test`.

CARGO ?= cargo

.PHONY: quickstart test lint prepare build

# Builds relplan and carries a small but real release through plan, apply and inspection.
quickstart:
	$(CARGO) build --locked --quiet --package relplan --package shop
	sh plans/quickstart/run.sh "$(CURDIR)/target/debug/relplan" "$(CURDIR)/target/debug/shop"

# Installs what the tests need, and runs every test.
test: prepare
	$(CARGO) test --locked --workspace

# What the tests need besides Rust, git, make and a C compiler.
prepare:
	sh tests/prepare.sh

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- --deny warnings

build:
	$(CARGO) build --locked --workspace
