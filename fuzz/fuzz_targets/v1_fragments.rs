//! See `ipsec_fuzz::v1_fragments`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ipsec_fuzz::v1_fragments(input));
