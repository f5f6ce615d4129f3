//! See `ipsec_fuzz::esp_replay_model`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ipsec_fuzz::esp_replay_model(input));
