//! See `ipsec_fuzz::demux`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ipsec_fuzz::demux(input));
