//! AES-128-CBC with HMAC-SHA2-256-128: whole packets against the two algorithms alone.

use super::{KEY, ROOM, buffers, inbound, open_all, outbound, seal_all};
use crate::ratio;
use aes::Aes128;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit as _};
use core::ops::Range;
use hmac::{Hmac, Mac};
use ipsec::crypto_suite::{
    CipherId, CipherKey, MacId, MacKey, Protection, Secret, aws_lc_rs as aws, rustcrypto,
};
use sha2::Sha256;

const CBC_HMAC: Protection =
    Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };

/// Where the ciphertext stands in a sealed buffer: behind SPI, sequence number and IV; its trailer aligns it to 16.
fn ciphertext(length: usize) -> Range<usize> {
    ROOM..ROOM + (length + 2).next_multiple_of(16)
}

fn esp(length: usize) -> Range<usize> {
    ROOM - 24..ciphertext(length).end + 16
}

/// The cipher and the state of HMAC, each keyed once, as in an SA.
fn bare() -> (Aes128, Hmac<Sha256>) {
    (Aes128::new(&[KEY; 16].into()), Hmac::new_from_slice(&[KEY; 32]).expect("a key"))
}

pub(crate) fn seal(length: usize) -> f64 {
    let (cipher, mac) = bare();
    let range = ciphertext(length);
    let mut sa = outbound(&rustcrypto::provider(), CBC_HMAC);
    ratio(
        || buffers(length),
        |buffers| seal_all(&mut sa, buffers, length),
        |buffers| {
            for buf in buffers {
                let (head, data) = buf.split_at_mut(range.start);
                let (data, tail) = data.split_at_mut(range.len());
                let iv: [u8; 16] = head[ROOM - 16..].try_into().expect("16 octets");
                let mut cbc = cbc::Encryptor::inner_iv_init(&cipher, &iv.into());
                let (blocks, _) = data.as_chunks_mut::<16>();
                for block in blocks {
                    cbc.encrypt_block(block.into());
                }
                let mut mac = mac.clone();
                mac.update(&head[ROOM - 24..]);
                mac.update(data);
                tail[..16].copy_from_slice(&mac.finalize().as_bytes()[..16]);
            }
        },
    )
}

pub(crate) fn open(length: usize) -> f64 {
    let provider = rustcrypto::provider();
    let (cipher, mac) = bare();
    let range = ciphertext(length);
    let mut sealed = buffers(length);
    seal_all(&mut outbound(&provider, CBC_HMAC), &mut sealed, length);
    ratio(
        || (sealed.clone(), inbound(&provider, CBC_HMAC)),
        |(buffers, sa)| open_all(sa, buffers, esp(length)),
        |(buffers, _)| {
            for buf in buffers {
                let (head, data) = buf.split_at_mut(range.start);
                let (data, tail) = data.split_at_mut(range.len());
                let mut mac = mac.clone();
                mac.update(&head[ROOM - 24..]);
                mac.update(data);
                mac.verify_truncated_left(&tail[..16]).expect("authentic");
                let iv: [u8; 16] = head[ROOM - 16..].try_into().expect("16 octets");
                let (blocks, _) = data.as_chunks_mut::<16>();
                let blocks = cbc::cipher::Array::cast_slice_from_core_mut(blocks);
                cbc::Decryptor::inner_iv_init(&cipher, &iv.into()).decrypt_blocks(blocks);
            }
        },
    )
}

/// AWS-LC's cipher and MAC, keyed once, as the provider has them.
fn aws_bare() -> (Box<dyn CipherKey>, Box<dyn MacKey>) {
    let provider = aws::provider();
    let cipher = provider.cipher(CipherId::Aes128Cbc).expect("a cipher").key(&Secret::new([KEY; 16]));
    let mac = provider.mac(MacId::HmacSha2_256_128).expect("a MAC").key(&Secret::new([KEY; 32]));
    (cipher.expect("a key"), mac.expect("a key"))
}

pub(crate) fn aws_seal(length: usize) -> f64 {
    let (cipher, mac) = aws_bare();
    let range = ciphertext(length);
    let mut sa = outbound(&aws::provider(), CBC_HMAC);
    ratio(
        || buffers(length),
        |buffers| seal_all(&mut sa, buffers, length),
        |buffers| {
            for buf in buffers {
                let (head, data) = buf.split_at_mut(range.start);
                let (data, tail) = data.split_at_mut(range.len());
                cipher.encrypt(&head[ROOM - 16..], data).expect("encrypted");
                mac.compute(&[], &[&head[ROOM - 24..], data], &mut tail[..16]).expect("an ICV");
            }
        },
    )
}

pub(crate) fn aws_open(length: usize) -> f64 {
    let provider = aws::provider();
    let (cipher, mac) = aws_bare();
    let range = ciphertext(length);
    let mut sealed = buffers(length);
    seal_all(&mut outbound(&provider, CBC_HMAC), &mut sealed, length);
    ratio(
        || (sealed.clone(), inbound(&provider, CBC_HMAC)),
        |(buffers, sa)| open_all(sa, buffers, esp(length)),
        |(buffers, _)| {
            for buf in buffers {
                let (head, data) = buf.split_at_mut(range.start);
                let (data, tail) = data.split_at_mut(range.len());
                mac.verify(&[], &[&head[ROOM - 24..], data], &tail[..16]).expect("authentic");
                cipher.decrypt(&head[ROOM - 16..], data).expect("decrypted");
            }
        },
    )
}
