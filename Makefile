# Two commands do all the set-up: `make quickstart` and `make test`.

CARGO ?= cargo

.PHONY: quickstart test lint prepare build fuzz

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

# Hostile bytes, two hours a target unless FUZZ_SECONDS says otherwise. Needs a nightly toolchain and cargo-fuzz.
FUZZ_SECONDS ?= 7200
FUZZ_TARGETS ?= language ledger saved_plan checkpoint format
fuzz:
	for target in $(FUZZ_TARGETS); do \
		(cd fuzz && mkdir -p corpus/$$target && $(CARGO) +nightly fuzz run --sanitizer none $$target \
			corpus/$$target ../fixtures/fuzz/$$target -- \
			-timeout=10 -rss_limit_mb=3000 -max_len=4096 -max_total_time=$(FUZZ_SECONDS)) || exit 1; \
	done
