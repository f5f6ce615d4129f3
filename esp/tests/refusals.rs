//! What is not sealed: nothing of it goes out in the clear, and what could be sealed later is as it was.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

mod common;

use common::{Counting, material, pair, params, protections, provider};
use core::sync::atomic::{AtomicU32, Ordering};
use ipsec_crypto_suite::{
    AeadAlg, AeadId, AeadKey, CryptoError, CryptoProvider, MacAlg, MacId, MacKey, Protection, Secret,
};
use ipsec_esp::{OutboundSa, SealError};
use ipsec_ip_packet::{Packet, SplitError};
use ipsec_sa_db::{Mode, SaParams, Volume, VolumeLimits};
use ipsec_types::IpProtocol;

const GCM: Protection = Protection::Aead(AeadId::Aes128Gcm16);
const ROOM: usize = 64;
const IPV4: [u8; 28] =
    [0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0x26, 0xcd, 10, 1, 0, 1, 10, 2, 0, 1, 1, 2, 3, 4, 0, 8, 0, 0];

/// Algorithms of the provider whose every second use fails.
#[derive(Debug)]
struct Faulty<A>(A);

#[derive(Debug)]
struct FaultyKey<K: ?Sized> {
    used: AtomicU32,
    key: Box<K>,
}

impl<K: ?Sized> FaultyKey<K> {
    fn new(key: Box<K>) -> Box<Self> {
        Box::new(Self { used: AtomicU32::new(0), key })
    }

    fn fails(&self) -> Result<(), CryptoError> {
        let odd = self.used.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        if odd { Err(CryptoError::Invalid("device")) } else { Ok(()) }
    }
}

impl AeadAlg for Faulty<&'static dyn AeadAlg> {
    fn id(&self) -> AeadId {
        self.0.id()
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn AeadKey>, CryptoError> {
        Ok(FaultyKey::new(self.0.key(key)?))
    }
}

impl AeadKey for FaultyKey<dyn AeadKey> {
    fn seal(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &mut [u8]) -> Result<(), CryptoError> {
        self.fails()?;
        self.key.seal(nonce, aad, data, tag)
    }

    fn open(&self, nonce: &[u8], aad: &[u8], data: &mut [u8], tag: &[u8]) -> Result<(), CryptoError> {
        self.key.open(nonce, aad, data, tag)
    }
}

impl MacAlg for Faulty<&'static dyn MacAlg> {
    fn id(&self) -> MacId {
        self.0.id()
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn MacKey>, CryptoError> {
        Ok(FaultyKey::new(self.0.key(key)?))
    }
}

impl MacKey for FaultyKey<dyn MacKey> {
    fn compute(&self, iv: &[u8], parts: &[&[u8]], icv: &mut [u8]) -> Result<(), CryptoError> {
        self.fails()?;
        self.key.compute(iv, parts, icv)
    }
}

fn faulty() -> CryptoProvider {
    let mut provider = provider();
    let aeads = provider.aeads.iter().map(|aead| &*Box::leak(Box::new(Faulty(*aead))) as &dyn AeadAlg);
    provider.aeads = aeads.collect::<Vec<_>>().into();
    let macs = provider.macs.iter().map(|mac| &*Box::leak(Box::new(Faulty(*mac))) as &dyn MacAlg);
    provider.macs = macs.collect::<Vec<_>>().into();
    provider
}

/// "The IV [...] MUST be chosen by the encryptor in a manner that ensures that the same IV value is used only once for a given
/// key" (RFC 4106 §3.1): also where the first use came to nothing.
#[test]
fn ea_07_a_seal_that_fails_half_way_loses_its_number_and_shows_nothing() {
    for protection in protections() {
        let params = params(protection, Mode::Tunnel, true);
        let mut sa = OutboundSa::new(&faulty(), &mut Counting(1), material(params)).unwrap();
        let mut inbound = pair(params).1;
        for number in 1..=6u32 {
            let mut buf = [&[0; ROOM][..], &IPV4, &[0; ROOM]].concat();
            let mut packet = Packet::new(&mut buf, ROOM..ROOM + 28, IpProtocol::IPV4).unwrap();
            let result = sa.seal_in_place(&mut packet);
            assert_eq!(sa.last_sequence(), number.into(), "{protection}");
            assert_eq!(packet.next_header(), IpProtocol::ESP);
            if number % 2 == 1 {
                assert!(result.is_ok());
                assert_eq!(inbound.open_in_place(&mut packet).unwrap().sequence, number.into());
                assert_eq!(packet.data(), IPV4);
            } else {
                assert_eq!(result, Err(SealError::Crypto(CryptoError::Invalid("device"))));
                assert_eq!(buf, vec![0; buf.len()], "{protection}: nothing in the clear");
            }
        }
        assert_eq!(sa.used(), Volume { octets: 3 * 28, packets: 3 }, "what was sealed counts");
    }
}

/// "[Transport mode] ESP is applied only to whole IP datagrams (not to IP fragments)" (RFC 4303 §3.3.4).
#[test]
fn rfc4303_3_3_4_a_fragment_is_not_sealed_in_transport_mode() {
    for (flags, whole) in [([0x40, 0], true), ([0, 0], true), ([0x20, 0], false), ([0, 1], false)] {
        let mut buf = [&[0; ROOM][..], &IPV4, &[0; ROOM]].concat();
        buf[ROOM + 6..ROOM + 8].copy_from_slice(&flags);
        let before = buf.clone();
        let mut packet = Packet::new(&mut buf, ROOM..ROOM + 28, IpProtocol::IPV4).unwrap();
        assert_eq!(packet.detach_for_transport().err(), (!whole).then_some(SplitError::Fragment));
        if !whole {
            packet.detach_header(20, IpProtocol::UDP).unwrap();
        }
        let mut sa = pair(params(GCM, Mode::Transport, false)).0;
        let result = sa.seal_in_place(&mut packet).map(|_| ());
        assert_eq!(result, if whole { Ok(()) } else { Err(SealError::Fragment) }, "{flags:02x?}");
        assert_eq!(buf == before, !whole);
        assert_eq!(sa.last_sequence(), whole.into());
    }
    // In tunnel mode a fragment is a packet like any other (RFC 4303 §3.3.4).
    let mut buf = [&[0; ROOM][..], &IPV4, &[0; ROOM]].concat();
    buf[ROOM + 6] = 0x20;
    let mut packet = Packet::new(&mut buf, ROOM..ROOM + 28, IpProtocol::IPV4).unwrap();
    assert!(pair(params(GCM, Mode::Tunnel, false)).0.seal_in_place(&mut packet).is_ok());
}

#[test]
fn ea_13_a_refusal_leaves_the_packet_and_its_detached_header() {
    let none = Volume { octets: 7, packets: 9 };
    let limits = VolumeLimits { soft: none, hard: none };
    let limited = SaParams { limits, ..params(GCM, Mode::Transport, false) };
    for room in [ROOM, 32] {
        let mut sa = pair(limited).0;
        let mut buf = [&vec![0; room][..], &IPV4, &[0; ROOM]].concat();
        let mut packet = Packet::new(&mut buf, room..room + 28, IpProtocol::IPV4).unwrap();
        packet.detach_for_transport().unwrap();
        for _ in 0..3 {
            assert_eq!(sa.seal_in_place(&mut packet), Err(SealError::Expired));
            assert_eq!((packet.header(), packet.data()), IPV4.split_at(20));
            assert_eq!((packet.next_header(), packet.headroom()), (IpProtocol::UDP, room));
            assert_eq!(sa.seal_dummy_in_place(&mut packet), Err(SealError::Expired));
        }
        assert_eq!(sa.last_sequence(), 0);
        packet.attach_header().unwrap();
        assert_eq!(packet.data(), IPV4);
    }
}
