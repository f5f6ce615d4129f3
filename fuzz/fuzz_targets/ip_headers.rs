//! See `ipsec_fuzz::ip_headers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ipsec_fuzz::ip_headers(input));
