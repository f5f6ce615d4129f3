//! Window and extended sequence numbers against a model that knows every number in 64 bits, on a link that loses, doubles,
//! reorders and forges.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use alloc::collections::BTreeSet;
use ipsec_crypto_suite::{
    CipherId, CryptoError, MacId, Protection, Secret, SecureRandom, rustcrypto::provider,
};
use ipsec_esp::{InboundSa, OpenError, OutboundSa};
use ipsec_ip_packet::Packet;
use ipsec_sa_db::{ManualReplay, Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::{IpProtocol, Spi};
use proptest::prelude::*;

const NULL: Protection = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha1_96 };
const INNER: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0x40, 0, 64, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1];

struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&mut self, _out: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Randomness)
    }
}

fn params(replay_window: u32) -> SaParams {
    SaParams { replay_window, extended_sequence_numbers: true, ..SaParams::new(NULL, Mode::Tunnel) }
}

fn material(params: SaParams) -> SaMaterial {
    let integrity = Some(Secret::new([0x22; 20]));
    SaMaterial { spi: Spi::new(0xc001_cafe).unwrap(), params, encryption: None, integrity }
}

fn receiver(params: SaParams, last: u64) -> InboundSa {
    let expect = SelectorPair::any().into();
    InboundSa::manual(&provider(), material(params), expect, ManualReplay::After(last)).unwrap()
}

/// RFC 4303 §3.4.3 over the true numbers.
struct Model {
    window: u64,
    top: u64,
    seen: BTreeSet<u64>,
}

impl Model {
    fn takes(&mut self, number: u64) -> bool {
        let fresh = number > self.top || (self.top - number < self.window && !self.seen.contains(&number));
        if fresh {
            self.top = self.top.max(number);
            self.seen.insert(number);
        }
        fresh
    }
}

/// Packets of consecutive numbers behind `last`.
fn packets(params: SaParams, last: u64, count: usize) -> Vec<(u64, Vec<u8>)> {
    let mut sa = OutboundSa::manual(&provider(), &mut NoRandom, material(params), last).unwrap();
    (0..count)
        .map(|_| {
            let mut buf = [&[0; 8][..], &INNER, &[0; 32]].concat();
            let mut packet = Packet::new(&mut buf, 8..28, IpProtocol::IPV4).unwrap();
            sa.seal_in_place(&mut packet).unwrap();
            (sa.last_sequence(), packet.data().to_vec())
        })
        .collect()
}

fn open(sa: &mut InboundSa, esp: &[u8]) -> Result<u64, OpenError> {
    let mut buf = esp.to_vec();
    let mut packet = Packet::new(&mut buf, 0..esp.len(), IpProtocol::ESP).unwrap();
    sa.open_in_place(&mut packet).map(|opened| opened.sequence)
}

/// Where the crossing of 2^32 is near, and where it is not.
fn starts() -> impl Strategy<Value = u64> {
    let crossing = 1u64 << 32;
    prop_oneof![Just(0), 0..5000u64, crossing - 400..crossing + 50, (7 * crossing) - 300..7 * crossing]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever comes: a packet opens if and only if its true number is fresh, and it is told that number.
    #[test]
    fn ea_04_ea_05_answers_are_those_of_the_64_bit_truth(
        start in starts(), size in prop::sample::select(vec![32u32, 63, 64, 128, 256]),
        deliveries in prop::collection::vec((0usize..330, 0u8..8, any::<u32>()), 1..120),
    ) {
        let params = params(size);
        let mut inbound =
            receiver(params, start);
        let sent = packets(params, start, 330);
        let mut model = Model { window: size.into(), top: start, seen: (0..=0).collect() };
        model.seen.extend(start.saturating_sub(u64::from(size))..=start);
        let mut at = 0usize;
        for (jump, what, noise) in deliveries {
            // Mostly onwards, with what is late, doubled, or far behind.
            let index = match what {
                0..4 => { at = (at + jump % 9).min(329); at }
                4 => at.saturating_sub(jump % 40),
                5 => at.saturating_sub(jump),
                6 => { at = (at + jump).min(329); at }
                _ => at,
            };
            let (number, esp) = &sent[index];
            if what == 7 {
                // Forged: the number on the wire says something else, the ICV is the old one.
                let mut forged = esp.clone();
                forged[4..8].copy_from_slice(&noise.to_be_bytes());
                let before = (inbound.highest_sequence(), inbound.used());
                if forged != *esp {
                    prop_assert!(open(&mut inbound, &forged).is_err());
                    prop_assert_eq!((inbound.highest_sequence(), inbound.used()), before);
                }
            }
            let answer = open(&mut inbound, esp);
            if model.takes(*number) {
                prop_assert_eq!(answer, Ok(*number));
            } else {
                // What is older than the window may be taken for a number of the next 2^32: then the ICV is wrong.
                prop_assert!(matches!(answer, Err(OpenError::Replayed | OpenError::Authentication)), "{:?}", answer);
            }
            prop_assert_eq!(inbound.highest_sequence(), model.top);
        }
    }
}

#[test]
fn ea_04_ea_05_edges_around_the_crossing() {
    for size in [32u32, 64, 4096] {
        let wide = u64::from(size);
        let params = params(size);
        let start = (1u64 << 32) - wide - 10;
        let sent = packets(params, start, usize::try_from(3 * wide).unwrap() + 80);
        let at = |number: u64| &sent[usize::try_from(number - start - 1).unwrap()].1;
        let mut inbound = receiver(params, start);
        // A low half of 0 is lawful with extended numbers, and the packets around it come in any order.
        for number in [1 << 32, (1 << 32) - 1, (1 << 32) + 1, (1 << 32) - wide + 2] {
            assert_eq!(open(&mut inbound, at(number)), Ok(number), "window of {size}");
            assert_eq!(open(&mut inbound, at(number)), Err(OpenError::Replayed));
        }
        // W-1, W and W+1 behind.
        assert!(open(&mut inbound, at((1 << 32) + 2)).is_ok());
        assert!(open(&mut inbound, at((1 << 32) + 2 - wide)).is_err());
        assert!(open(&mut inbound, at((1 << 32) + 1 - wide)).is_err());
        assert!(open(&mut inbound, at((1 << 32) + 3 - wide)).is_ok());
        // A jump, and the old subspace from then on.
        let far = (1 << 32) + 2 * wide + 60;
        assert_eq!(open(&mut inbound, at(far)), Ok(far));
        assert!(open(&mut inbound, at((1 << 32) - 2)).is_err());
        assert_eq!(inbound.highest_sequence(), far);
    }
}
