//! See `relplan_reliability::fuzz::saved_plan`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relplan_reliability::fuzz::saved_plan(bytes));
