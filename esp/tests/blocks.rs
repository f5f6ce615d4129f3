//! Blocks of sequence numbers for other cores, batches, and how much memory an SA holds.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

mod common;

use alloc::sync::Arc;
use common::{Counting, any, material, pair, params, protections, provider};
use ipsec_crypto_suite::{AeadId, CipherId, MacId, Protection, ProtectionKey, Secret};
use ipsec_esp::{InboundSa, OpenError, OutboundSa, SealBlock, SealError};
use ipsec_ip_packet::Packet;
use ipsec_sa_db::{LimitState, Mode, SaParams, Volume, VolumeLimits};
use ipsec_types::IpProtocol;
use std::collections::HashSet;
use testkit::{CountingAllocator, count_held_octets};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const GCM: Protection = Protection::Aead(AeadId::Aes128Gcm16);
const CBC: Protection = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };
const INNER: [u8; 24] = [0x45, 0, 0, 24, 0, 0, 0x40, 0, 64, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1, 1, 2, 3, 4];

fn sealed(block: &mut SealBlock) -> Result<Vec<u8>, SealError> {
    let mut buf = [&[0; 64][..], &INNER, &[0; 64]].concat();
    let mut packet = Packet::new(&mut buf, 64..88, IpProtocol::IPV4).unwrap();
    block.seal_in_place(&mut packet)?;
    Ok(packet.data().to_vec())
}

fn open(sa: &mut InboundSa, esp: &[u8]) -> Result<u64, OpenError> {
    let mut buf = esp.to_vec();
    let mut packet = Packet::new(&mut buf, 0..esp.len(), IpProtocol::ESP).unwrap();
    let opened = sa.open_in_place(&mut packet)?;
    assert_eq!(packet.data(), INNER);
    Ok(opened.sequence)
}

#[test]
fn ea_07_sixteen_threads_with_a_block_each_use_no_number_or_iv_twice() {
    for protection in [GCM, CBC] {
        let params = SaParams { replay_window: 4096, ..params(protection, Mode::Tunnel, true) };
        let (mut sa, mut inbound) = pair(params);
        let mut packets = Vec::new();
        for _ in 0..3 {
            let blocks: Vec<_> = (0..16).map(|_| sa.reserve(20.try_into().unwrap()).unwrap()).collect();
            let done: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = blocks
                    .into_iter()
                    .map(|mut block| {
                        scope.spawn(move || {
                            let packets: Vec<_> = core::iter::from_fn(|| sealed(&mut block).ok()).collect();
                            assert_eq!((packets.len(), block.remaining()), (20, 0));
                            (block, packets)
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            for (block, sealed) in done {
                packets.extend(sealed);
                assert_eq!(sa.settle(block).unwrap(), LimitState::Within);
            }
        }
        let header = 8 + protection.iv_len();
        let heads: HashSet<_> = packets.iter().map(|packet| packet[4..8].to_vec()).collect();
        let ivs: HashSet<_> = packets.iter().map(|packet| packet[8..header].to_vec()).collect();
        assert_eq!((heads.len(), ivs.len(), packets.len()), (960, 960, 960));
        assert_eq!((sa.used().packets, sa.last_sequence()), (960, 960));
        assert!(packets.iter().all(|packet| open(&mut inbound, packet).is_ok()));
    }
}

#[test]
fn ea_07_a_block_belongs_to_its_sa_and_dies_with_it() {
    let (mut one, mut inbound) = pair(params(GCM, Mode::Tunnel, false));
    let mut two = pair(params(GCM, Mode::Tunnel, false)).0;
    let mut block = one.reserve(4.try_into().unwrap()).unwrap();
    assert_eq!(open(&mut inbound, &sealed(&mut block).unwrap()), Ok(1));
    let block = two.settle(block).unwrap_err();
    assert_eq!(one.settle(block).unwrap(), LimitState::Within);
    assert_eq!(one.used().packets, 1);
    let mut block = one.reserve(4.try_into().unwrap()).unwrap();
    assert_eq!(open(&mut inbound, &sealed(&mut block).unwrap()), Ok(5), "what was left over is skipped");
    drop(one);
    assert_eq!(sealed(&mut block), Err(SealError::Expired));
    assert!(format!("{block:?}").contains("remaining: 3"), "{block:?}");
}

#[test]
fn pd_03_blocks_keep_the_hard_limit() {
    let volume = |octets, packets| Volume { octets, packets };
    let limits = VolumeLimits { soft: volume(48, 10), hard: volume(24 * 4, 10) };
    let (mut sa, _) = pair(SaParams { limits, ..params(GCM, Mode::Tunnel, false) });
    assert_eq!(
        sa.reserve(11.try_into().unwrap()).unwrap_err(),
        SealError::Expired,
        "more packets than there are"
    );
    let mut block = sa.reserve(10.try_into().unwrap()).unwrap();
    let mut buf = [&[0; 64][..], &INNER, &[0; 64]].concat();
    let mut packet = Packet::new(&mut buf, 64..88, IpProtocol::IPV4).unwrap();
    assert_eq!(sa.seal_in_place(&mut packet), Err(SealError::Expired), "all is lent");
    assert_eq!(sa.last_sequence(), 10);
    for _ in 0..3 {
        sealed(&mut block).unwrap();
    }
    assert_eq!(sa.settle(block).unwrap(), LimitState::Soft);
    assert_eq!(sa.seal_in_place(&mut packet), Ok(LimitState::Hard));
    assert_eq!(sa.used(), volume(96, 4));
    assert_eq!(sa.reserve(1.try_into().unwrap()).unwrap_err(), SealError::Expired);
}

#[test]
fn batches_tell_the_result_of_each_packet() {
    let (mut sa, mut inbound) = pair(params(GCM, Mode::Tunnel, false));
    let mut buffers = vec![[&[0; 64][..], &INNER, &[0; 64]].concat(); 5];
    let mut packets: Vec<_> =
        buffers.iter_mut().map(|buf| Packet::new(buf, 64..88, IpProtocol::IPV4).unwrap()).collect();
    packets[1].set_next_header(IpProtocol::UDP);
    let mut results = Vec::new();
    sa.seal_batch(&mut packets[..3], |index, result| results.push((index, result)));
    let within = Ok(LimitState::Within);
    assert_eq!(results, [(0, within), (1, Err(SealError::NotIp)), (2, within)]);
    let mut block = sa.reserve(1.try_into().unwrap()).unwrap();
    let mut results = Vec::new();
    block.seal_batch(&mut packets[3..], |index, result| results.push((index, result)));
    assert_eq!(results, [(0, Ok(())), (1, Err(SealError::SequenceExhausted))]);
    packets[2].data_mut()[20] ^= 1;
    let mut opened = Vec::new();
    inbound.open_batch(&mut packets[..4], |index, result| {
        opened.push((index, result.map(|opened| opened.sequence)))
    });
    let bad = [Err(OpenError::TooShort), Err(OpenError::Authentication)];
    assert_eq!(opened, [(0, Ok(1)), (1, bad[0]), (2, bad[1]), (3, Ok(3))]);
}

#[test]
fn an_sa_holds_at_most_a_kibibyte_beside_its_keys() {
    let expect = any();
    for protection in protections() {
        let material = || material(params(protection, Mode::Tunnel, true));
        let (keyed, _held) = count_held_octets(|| {
            let material = material();
            let encryption = material.encryption.unwrap_or_else(|| Secret::copy_from(&[]));
            Box::new(
                ProtectionKey::new(&provider(), protection, &encryption, material.integrity.as_ref())
                    .unwrap(),
            )
        });
        // CBC has a second key, for IVs.
        let (second, _held) = count_held_octets(|| {
            let Protection::Composed { cipher, .. } = protection else { return None };
            let key = Secret::new(vec![1; cipher.key_len()]);
            (cipher.block_len() > 1).then(|| provider().cipher(cipher).unwrap().key(&key).unwrap())
        });
        let (outbound, _held) = count_held_octets(|| {
            Box::new(OutboundSa::new(&provider(), &mut Counting(1), material()).unwrap())
        });
        let (inbound, _held) = count_held_octets(|| {
            Box::new(InboundSa::new(&provider(), material(), Arc::clone(&expect)).unwrap())
        });
        for octets in [outbound - keyed - second, inbound - keyed] {
            assert!((0..=1024).contains(&octets), "{protection}: {octets}");
        }
    }
}
