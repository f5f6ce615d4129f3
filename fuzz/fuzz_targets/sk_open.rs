//! See `ipsec_fuzz::sk_open`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ipsec_fuzz::sk_open(input));
