//! See `ipsec_fuzz::ah_verify`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ipsec_fuzz::ah_verify(input));
