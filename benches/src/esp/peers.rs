//! Data paths of other programs.

use super::{KEY, ROOM, buffers, outbound, seal_all};
use crate::ratio;
use ipsec::crypto_suite::{AeadId, Protection, rustcrypto};
use std::hint::black_box;

/// `ryke`'s ESP, which has AES-256-GCM only; ours with the same.
pub(crate) fn seal_vs_ryke(length: usize) -> f64 {
    let mut ours = outbound(&rustcrypto::provider(), Protection::Aead(AeadId::Aes256Gcm16));
    let mut theirs = ryke::esp::EspSa::new(0xc001_cafe, &[KEY; 36]).expect("a key");
    ratio(
        || buffers(length),
        |buffers| seal_all(&mut ours, buffers, length),
        |buffers| {
            for buf in buffers {
                black_box(theirs.seal(&buf[ROOM..ROOM + length], 4).expect("sealed"));
            }
        },
    )
}
