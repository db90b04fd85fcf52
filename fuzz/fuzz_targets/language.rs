//! See `relplan_reliability::fuzz::language`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relplan_reliability::fuzz::language(bytes));
