//! AES-128-GCM: whole packets against the AEAD alone.

use super::{KEY, ROOM, SALT, buffers, inbound, open_all, outbound, seal_all};
use crate::ratio;
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce as AwsNonce, UnboundKey};
use core::ops::Range;
use ipsec::crypto_suite::{AeadId, Protection, aws_lc_rs as aws, rustcrypto};

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

fn aws_key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[KEY; 16]).expect("a key"))
}

pub(crate) fn aws_seal(length: usize) -> f64 {
    let bare = aws_key();
    let range = ciphertext(length);
    let mut sa = outbound(&aws::provider(), GCM128);
    ratio(
        || buffers(length),
        |buffers| seal_all(&mut sa, buffers, length),
        |buffers| {
            for (buf, number) in buffers.iter_mut().zip(0u64..) {
                let mut nonce = [SALT; 12];
                nonce[4..].copy_from_slice(&number.to_be_bytes());
                let (head, data) = buf.split_at_mut(range.start);
                let (data, tail) = data.split_at_mut(range.len());
                let nonce = AwsNonce::assume_unique_for_key(nonce);
                let tag =
                    bare.seal_in_place_separate_tag(nonce, Aad::from(&head[..8]), data).expect("sealed");
                tail[..16].copy_from_slice(tag.as_ref());
            }
        },
    )
}

pub(crate) fn aws_open(length: usize) -> f64 {
    let provider = aws::provider();
    let bare = aws_key();
    let range = ciphertext(length);
    let mut sealed = buffers(length);
    seal_all(&mut outbound(&provider, GCM128), &mut sealed, length);
    ratio(
        || (sealed.clone(), inbound(&provider, GCM128)),
        |(buffers, sa)| open_all(sa, buffers, esp(length)),
        |(buffers, _)| {
            for buf in buffers {
                let (head, data) = buf.split_at_mut(range.start);
                let mut nonce = [SALT; 12];
                nonce[4..].copy_from_slice(&head[ROOM - 8..]);
                let nonce = AwsNonce::assume_unique_for_key(nonce);
                let aad = Aad::from(&head[ROOM - 16..ROOM - 8]);
                bare.open_in_place(nonce, aad, &mut data[..range.len() + 16]).expect("opened");
            }
        },
    )
}
