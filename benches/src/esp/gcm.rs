//! AES-128-GCM: whole packets against the AEAD alone.

use super::{KEY, ROOM, SALT, buffers, inbound, open_all, outbound, seal_all};
use crate::ratio;
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use core::ops::Range;
use ipsec::crypto_suite::{AeadId, Protection, rustcrypto};

pub(crate) const GCM128: Protection = Protection::Aead(AeadId::Aes128Gcm16);

/// Where the ciphertext stands in a sealed buffer: behind SPI, sequence number and IV; its trailer aligns it to 4.
fn ciphertext(length: usize) -> Range<usize> {
    ROOM..ROOM + (length + 2).next_multiple_of(4)
}

/// Where the ESP packet stands in a sealed buffer.
pub(crate) fn esp(length: usize) -> Range<usize> {
    ROOM - 16..ciphertext(length).end + 16
}

pub(crate) fn seal(length: usize) -> f64 {
    let bare = Aes128Gcm::new(&[KEY; 16].into());
    let range = ciphertext(length);
    let mut sa = outbound(&rustcrypto::provider(), GCM128);
    ratio(
        || buffers(length),
        |buffers| seal_all(&mut sa, buffers, length),
        |buffers| {
            for (buf, number) in buffers.iter_mut().zip(0u64..) {
                let mut nonce = [SALT; 12];
                nonce[4..].copy_from_slice(&number.to_be_bytes());
                let (head, data) = buf.split_at_mut(range.start);
                let (data, tail) = data.split_at_mut(range.len());
                let nonce: Nonce<Aes128Gcm> = nonce.into();
                let tag = bare.encrypt_inout_detached(&nonce, &head[..8], data.into()).expect("sealed");
                tail[..16].copy_from_slice(&tag);
            }
        },
    )
}

pub(crate) fn open(length: usize) -> f64 {
    let provider = rustcrypto::provider();
    let bare = Aes128Gcm::new(&[KEY; 16].into());
    let range = ciphertext(length);
    let mut sealed = buffers(length);
    seal_all(&mut outbound(&provider, GCM128), &mut sealed, length);
    ratio(
        || (sealed.clone(), inbound(&provider, GCM128)),
        |(buffers, sa)| open_all(sa, buffers, esp(length)),
        |(buffers, _)| {
            for buf in buffers {
                let (head, data) = buf.split_at_mut(range.start);
                let (data, tail) = data.split_at_mut(range.len());
                let mut nonce = [SALT; 12];
                nonce[4..].copy_from_slice(&head[ROOM - 8..]);
                let nonce: Nonce<Aes128Gcm> = nonce.into();
                let tag = tail[..16].try_into().expect("16 octets");
                bare.decrypt_inout_detached(&nonce, &head[ROOM - 16..ROOM - 8], data.into(), tag)
                    .expect("opened");
            }
        },
    )
}
