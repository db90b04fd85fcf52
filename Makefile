# Two commands do all the set-up: `make quickstart` and `make test`.

CARGO ?= cargo

.PHONY: quickstart test lint deny prepare build crash simulate fuzz

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

# Licences, bans, sources and advisories of the dependencies.
deny: prepare
	sh tests/advisories.sh

build:
	$(CARGO) build --locked --workspace

# The ordeals of docs/reliability.md in full: about two hours on two cores. Images need root and loop devices.
RELIABILITY = target/release/reliability --relplan target/release/relplan
crash: prepare
	$(CARGO) build --locked --release --package relplan --package relplan-reliability
	$(RELIABILITY) crash --runs 1000
	$(RELIABILITY) outlive --runs 60
	$(RELIABILITY) syscalls --runs 1000
	$(RELIABILITY) faults
	$(RELIABILITY) damage --runs 100000
	$(RELIABILITY) races --runs 1000
	$(RELIABILITY) power --runs 100000
	$(RELIABILITY) images --runs 500
	$(RELIABILITY) snapshots --runs 200
	$(RELIABILITY) tags --runs 60
	$(RELIABILITY) pulls --runs 300
	$(RELIABILITY) verbs --runs 300
	$(RELIABILITY) providers --runs 60

# Whole releases in virtual time, for a night.
SIMULATE_SEEDS ?= 1000000
simulate:
	$(CARGO) build --locked --release --package relplan-reliability
	target/release/reliability simulate --runs $(SIMULATE_SEEDS)

# Hostile bytes, two hours a target unless FUZZ_SECONDS says otherwise. Needs a nightly toolchain and cargo-fuzz.
FUZZ_SECONDS ?= 7200
FUZZ_TARGETS ?= language ledger saved_plan checkpoint format
# Where each starts from: as in tests/reliability/src/fuzz.rs.
SEEDS_language = fixtures/fuzz/language tests/ui plans
SEEDS_format = tests/fmt
SEEDS_ledger = fixtures/fuzz/ledger
SEEDS_checkpoint = fixtures/fuzz/checkpoint
SEEDS_saved_plan = fixtures/fuzz/saved_plan
fuzz: $(FUZZ_TARGETS:%=fuzz-%)

fuzz-%:
	mkdir -p fuzz/corpus/$*
	cd fuzz && $(CARGO) +nightly fuzz run --sanitizer none $* corpus/$* $(SEEDS_$*:%=../%) -- \
		-timeout=10 -rss_limit_mb=3000 -max_len=4096 -max_total_time=$(FUZZ_SECONDS)
