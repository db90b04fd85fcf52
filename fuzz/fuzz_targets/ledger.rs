//! See `relplan_reliability::fuzz::ledger`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relplan_reliability::fuzz::ledger(bytes));
