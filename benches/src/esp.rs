//! ESP against the bare AEAD underneath, over the same octets.

use crate::{Figure, ratio, wanted};
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use ipsec::crypto_suite::{AeadId, CryptoError, Protection, Secret, SecureRandom, rustcrypto};
use ipsec::esp::{InboundSa, OutboundSa};
use ipsec::ip_packet::Packet;
use ipsec::sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec::types::{IpProtocol, Spi};
use testkit::count_allocations;

/// Packets of a round: few enough for the caches.
const PACKETS: usize = 32;
const KEY: [u8; 16] = [7; 16];
const ROOM: usize = 64;

struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&mut self, _out: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Randomness)
    }
}

fn material() -> SaMaterial {
    let params = SaParams {
        replay_window: 1024,
        ..SaParams::new(Protection::Aead(AeadId::Aes128Gcm16), Mode::Tunnel)
    };
    let spi = Spi::new(0xc001_cafe).expect("not reserved");
    SaMaterial { spi, params, encryption: Some(Secret::new([&KEY[..], &[1; 4]].concat())), integrity: None }
}

fn outbound() -> OutboundSa {
    OutboundSa::new(&rustcrypto::provider(), &mut NoRandom, material()).expect("fitting keys")
}

fn inbound() -> InboundSa {
    InboundSa::new(&rustcrypto::provider(), material(), SelectorPair::any().into()).expect("fitting keys")
}

/// Buffers with a UDP packet of `length` octets between head and tail room.
fn buffers(length: usize) -> Vec<Vec<u8>> {
    let mut buf = vec![0x5a; ROOM + length + ROOM];
    let [high, low] = u16::try_from(length).expect("length of an IP packet").to_be_bytes();
    let header = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1];
    buf[ROOM..ROOM + header.len()].copy_from_slice(&header);
    vec![buf; PACKETS]
}

fn seal_all(sa: &mut OutboundSa, buffers: &mut [Vec<u8>], length: usize) {
    for buf in buffers {
        let mut packet = Packet::new(buf, ROOM..ROOM + length, IpProtocol::IPV4).expect("inside the buffer");
        sa.seal_in_place(&mut packet).expect("sealed");
    }
}

/// Where the ciphertext stands in a sealed buffer: behind SPI, sequence number and IV; its trailer aligns it to 4.
fn ciphertext(length: usize) -> core::ops::Range<usize> {
    ROOM..ROOM + (length + 2).next_multiple_of(4)
}

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    for length in [64, 576, 1400] {
        let names = ["seal", "open"].map(|way| format!("esp.rustcrypto.gcm128.{way}.{length}.of_bare"));
        if wanted(prefix, &names[0]) {
            figures.push(Figure { name: names[0].clone(), value: seal(length) });
        }
        if wanted(prefix, &names[1]) {
            figures.push(Figure { name: names[1].clone(), value: open(length) });
        }
    }
    let name = "alloc.esp.per_packet";
    if wanted(prefix, name) {
        let (mut out, mut in_, mut buffers) = (outbound(), inbound(), buffers(1400));
        let (count, ()) = count_allocations(|| {
            seal_all(&mut out, &mut buffers, 1400);
            open_all(&mut in_, &mut buffers, 1400);
        });
        figures.push(Figure { name: name.to_owned(), value: count as f64 / PACKETS as f64 });
    }
}

fn seal(length: usize) -> f64 {
    let bare = Aes128Gcm::new(&KEY.into());
    let range = ciphertext(length);
    let mut sa = outbound();
    ratio(
        || buffers(length),
        |buffers| seal_all(&mut sa, buffers, length),
        |buffers| {
            for (buf, number) in buffers.iter_mut().zip(0u64..) {
                let mut nonce = [1; 12];
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

fn open_all(sa: &mut InboundSa, buffers: &mut [Vec<u8>], length: usize) {
    let esp = ROOM - 16..ciphertext(length).end + 16;
    for buf in buffers {
        let mut packet = Packet::new(buf, esp.clone(), IpProtocol::ESP).expect("inside the buffer");
        sa.open_in_place(&mut packet).expect("opened");
    }
}

fn open(length: usize) -> f64 {
    let bare = Aes128Gcm::new(&KEY.into());
    let range = ciphertext(length);
    let mut sealed = buffers(length);
    seal_all(&mut outbound(), &mut sealed, length);
    ratio(
        || (sealed.clone(), inbound()),
        |(buffers, sa)| open_all(sa, buffers, length),
        |(buffers, _)| {
            for buf in buffers {
                let (head, data) = buf.split_at_mut(range.start);
                let (data, tail) = data.split_at_mut(range.len());
                let mut nonce = [1; 12];
                nonce[4..].copy_from_slice(&head[ROOM - 8..]);
                let nonce: Nonce<Aes128Gcm> = nonce.into();
                let tag = tail[..16].try_into().expect("16 octets");
                bare.decrypt_inout_detached(&nonce, &head[ROOM - 16..ROOM - 8], data.into(), tag)
                    .expect("opened");
            }
        },
    )
}
