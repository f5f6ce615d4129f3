//! See `ipsec_fuzz::v1_payloads`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ipsec_fuzz::v1_payloads(input));
