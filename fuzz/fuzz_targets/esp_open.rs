//! See `ipsec_fuzz::esp_open`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ipsec_fuzz::esp_open(input));
