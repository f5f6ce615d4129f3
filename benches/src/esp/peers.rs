//! Data paths of other programs.

use super::{KEY, ROOM, SALT, buffers, outbound, seal_all};
use crate::ratio;
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use boringtun::noise::{Tunn, TunnResult};
use boringtun::x25519::{PublicKey, StaticSecret};
use ipsec::crypto_suite::{AeadId, Protection, aws_lc_rs as aws, rustcrypto};
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

/// `boringtun`'s transport data path, WireGuard with ChaCha20-Poly1305 of `ring`; ours with that of AWS-LC. It seals from one
/// buffer into another: each packet gets one of its own, so that both leave as many packets in memory.
pub(crate) fn seal_vs_boringtun(length: usize) -> f64 {
    let mut ours = outbound(&aws::provider(), Protection::Aead(AeadId::ChaCha20Poly1305));
    let mut theirs = established();
    ratio(
        || (buffers(length), buffers(length)),
        |(buffers, _)| seal_all(&mut ours, buffers, length),
        |(buffers, out)| encapsulate(&mut theirs, buffers, out, length),
    )
}

/// The same beside AWS-LC's AEAD alone, over the octets that ESP has it seal: what no framing of it can be faster than.
pub(crate) fn bare_vs_boringtun(length: usize) -> f64 {
    let bare = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &[KEY; 32]).expect("a key"));
    let mut theirs = established();
    let sealed = (length + 2).next_multiple_of(4);
    ratio(
        || (buffers(length), buffers(length)),
        |(buffers, _)| {
            for buf in buffers {
                let (head, data) = buf.split_at_mut(ROOM);
                let (data, tail) = data.split_at_mut(sealed);
                let (nonce, aad) = (Nonce::assume_unique_for_key([SALT; 12]), Aad::from(&head[..8]));
                let tag = bare.seal_in_place_separate_tag(nonce, aad, data).expect("sealed");
                tail[..16].copy_from_slice(tag.as_ref());
            }
        },
        |(buffers, out)| encapsulate(&mut theirs, buffers, out, length),
    )
}

fn encapsulate(tunnel: &mut Tunn, buffers: &[Vec<u8>], out: &mut [Vec<u8>], length: usize) {
    for (buf, out) in buffers.iter().zip(out) {
        let result = tunnel.encapsulate(&buf[ROOM..ROOM + length], out);
        assert!(matches!(result, TunnResult::WriteToNetwork(_)), "a session");
    }
}

/// A tunnel after its handshake with another in memory.
fn established() -> Tunn {
    let [ours, theirs] = [[1; 32], [2; 32]].map(StaticSecret::from);
    let [our_public, their_public] = [PublicKey::from(&ours), PublicKey::from(&theirs)];
    let mut left = Tunn::new(ours, their_public, None, None, 1, None);
    let mut right = Tunn::new(theirs, our_public, None, None, 2, None);
    let (mut first, mut second, mut third) = ([0; 256], [0; 256], [0; 256]);
    let TunnResult::WriteToNetwork(initiation) = left.format_handshake_initiation(&mut first, false) else {
        panic!("an initiation")
    };
    let TunnResult::WriteToNetwork(response) = right.decapsulate(None, initiation, &mut second) else {
        panic!("a response")
    };
    assert!(matches!(left.decapsulate(None, response, &mut third), TunnResult::WriteToNetwork(_)));
    left
}
