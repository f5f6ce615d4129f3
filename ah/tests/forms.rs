//! The form of the header, made by hand with the bare HMAC, and what inbound SAs refuse.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

mod common;

use common::{
    ROOM, SHA256, any, family, ipv4, ipv6, macs, material, pair, params, protect, provider, verify,
};
use core::sync::atomic::{AtomicU32, Ordering};
use ipsec_ah::{InboundSa, OpenError, OutboundSa, SealError};
use ipsec_crypto_suite::{CryptoError, MacAlg, MacId, MacKey, Secret};
use ipsec_ip_packet::{AuthenticatedHeader, Packet};
use ipsec_sa_db::{LimitState, ManualReplay, Mode, SaParams, Volume, VolumeLimits};
use ipsec_types::IpProtocol;

/// An IP packet with AH of number 1 whose ICV field has this padding behind the ICV of HMAC-SHA2-256-128.
fn with_padding(ip: &[u8], padding: &[u8]) -> Vec<u8> {
    let header_len = if family(ip) == IpProtocol::IPV4 { 20 } else { 40 };
    let mut packet = ip[..header_len].to_vec();
    let units = u8::try_from((28 + padding.len()) / 4 - 2).unwrap();
    packet.extend([17, units, 0, 0, 0xc0, 0x01, 0xca, 0xfe, 0, 0, 0, 1]);
    packet.extend([0; 16]);
    packet.extend(padding);
    packet.extend(&ip[header_len..]);
    let length = u16::try_from(packet.len()).unwrap();
    if header_len == 20 {
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet[9] = IpProtocol::AH.0;
    } else {
        packet[4..6].copy_from_slice(&(length - 40).to_be_bytes());
        packet[6] = IpProtocol::AH.0;
    }
    let mut room = AuthenticatedHeader::ROOM;
    let covered = AuthenticatedHeader::of(&packet[..header_len], &mut room).unwrap();
    let key = material(params(SHA256, Mode::Transport, false)).integrity.unwrap();
    let key = provider().mac(SHA256).unwrap().key(&key).unwrap();
    let mut icv = [0; 16];
    key.compute(&[], &[covered, &packet[header_len..]], &mut icv).unwrap();
    packet[header_len + 12..header_len + 28].copy_from_slice(&icv);
    packet
}

/// "Inclusion of padding in excess of the minimum amount required to satisfy IPv4/IPv6 alignment requirements is prohibited";
/// Linux pads to 8 octets in IPv4 too, which is taken.
#[test]
fn rfc4302_3_3_3_2_1_padding_of_the_icv() {
    let pad = [0xa5; 36];
    for (ip, lengths) in [(ipv4(b"payload!"), [0, 4].as_slice()), (ipv6(b"payload!"), &[4])] {
        for length in (0..=36).step_by(4) {
            let packet = with_padding(&ip, &pad[..length]);
            let mut inbound = pair(params(SHA256, Mode::Transport, false)).1;
            let result = verify(&mut inbound, &packet).0.map(|opened| opened.sequence);
            let expected = if lengths.contains(&length) { Ok(1) } else { Err(OpenError::TooShort) };
            assert_eq!(result, expected, "{length} octets behind the ICV");
            if result.is_ok() && length > 0 {
                let mut changed = packet.clone();
                let at = packet.len() - 8 - 1;
                assert_eq!(changed[at], 0xa5);
                changed[at] ^= 1;
                let mut inbound = pair(params(SHA256, Mode::Transport, false)).1;
                assert_eq!(verify(&mut inbound, &changed).0, Err(OpenError::Authentication), "it is covered");
            }
        }
    }
}

/// The packets of our own SAs are those made by hand.
#[test]
fn rfc4302_3_3_3_what_is_sent_is_what_the_bare_hmac_makes() {
    for (ip, padding) in [(ipv4(b"payload!"), &[][..]), (ipv6(b"payload!"), &[0; 4])] {
        let mut outbound = pair(params(SHA256, Mode::Transport, false)).0;
        let sent = protect(&mut outbound, &ip).unwrap();
        let mut made = with_padding(&ip, padding);
        if family(&ip) == IpProtocol::IPV4 {
            made[10..12].copy_from_slice(&sent[10..12]);
        }
        assert_eq!(sent, made);
    }
}

/// What the header names and what follows must agree, also where both are IP.
#[test]
fn ea_09_an_inner_packet_of_the_other_family_is_not_delivered() {
    let tunnelled = |inner: &[u8], behind: &[u8], claimed| {
        let (mut outbound, mut inbound) = pair(params(SHA256, Mode::Tunnel, false));
        let mut buf = [&[0; ROOM][..], &ipv4(&[]), inner, behind].concat();
        let end = buf.len();
        let mut packet = Packet::new(&mut buf, ROOM..end, IpProtocol::IPV4).unwrap();
        packet.detach_header(20, claimed).unwrap();
        outbound.seal_in_place(&mut packet).unwrap();
        inbound.open_in_place(&mut packet).map(|_| packet.data().to_vec())
    };
    for (inner, right, wrong) in
        [(ipv4(b"x"), IpProtocol::IPV4, IpProtocol::IPV6), (ipv6(b"x"), IpProtocol::IPV6, IpProtocol::IPV4)]
    {
        assert_eq!(tunnelled(&inner, &[], right), Ok(inner.clone()));
        assert_eq!(tunnelled(&inner, &[0; 9], right), Ok(inner.clone()), "what lies behind is none of it");
        assert_eq!(tunnelled(&inner, &[], wrong), Err(OpenError::Inner));
    }
}

#[test]
fn ea_11_an_analyst_gets_no_fragment_either() {
    let (mut outbound, inbound) = pair(params(SHA256, Mode::Transport, false));
    let mut protected = protect(&mut outbound, &ipv4(b"whole")).unwrap();
    for (flags, result) in
        [([0x40, 0], Ok(1)), ([0x20, 0], Err(OpenError::Fragment)), ([0, 1], Err(OpenError::Fragment))]
    {
        protected[6..8].copy_from_slice(&flags);
        let mut buf = protected.clone();
        let mut packet = Packet::new(&mut buf, 0..protected.len(), IpProtocol::IPV4).unwrap();
        packet.detach_header(20, IpProtocol::AH).unwrap();
        assert_eq!(inbound.inspect_in_place(&mut packet, 0).map(|opened| opened.sequence), result);
    }
}

/// All of the window up to the number that was kept counts as seen, not that number alone.
#[test]
fn rfc4302_3_4_3_numbers_kept_over_a_restart() {
    let params = params(SHA256, Mode::Transport, false);
    let mut outbound = OutboundSa::manual(&provider(), material(params), 0).unwrap();
    let sent: Vec<_> = (0..200).map(|_| protect(&mut outbound, &ipv4(b"x")).unwrap()).collect();
    let mut kept = InboundSa::manual(&provider(), material(params), any(), ManualReplay::After(190)).unwrap();
    for (number, packet) in (1..).zip(&sent) {
        let result = verify(&mut kept, packet).0.map(|opened| opened.sequence);
        assert_eq!(result, if number > 190 { Ok(number) } else { Err(OpenError::Replayed) });
    }
}

/// RFC 4301 §4.4.2.1, and what is forged is not counted.
#[test]
fn pd_03_an_inbound_sa_ends_at_its_hard_limit() {
    for mac in macs() {
        let unlimited = params(mac, Mode::Transport, false);
        let mut outbound = OutboundSa::new(&provider(), material(unlimited)).unwrap();
        let packets: Vec<_> = (0..5).map(|_| protect(&mut outbound, &ipv4(b"payload!")).unwrap()).collect();
        let ah_len = u64::try_from(packets[0].len() - 20).unwrap();
        let volume = |octets| Volume { octets, packets: u64::MAX };
        let limits = VolumeLimits { soft: volume(2 * ah_len), hard: volume(3 * ah_len) };
        let mut inbound =
            InboundSa::new(&provider(), material(SaParams { limits, ..unlimited }), any()).unwrap();
        let mut forged = packets[4].clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(verify(&mut inbound, &forged).0, Err(OpenError::Authentication));
        assert_eq!(inbound.used(), Volume { octets: 0, packets: 0 });
        let states: Vec<_> =
            packets.iter().map(|packet| verify(&mut inbound, packet).0.map(|opened| opened.limit)).collect();
        let end = Err(OpenError::Expired);
        assert_eq!(
            states,
            [Ok(LimitState::Within), Ok(LimitState::Soft), Ok(LimitState::Hard), end, end],
            "{mac}"
        );
        assert_eq!(inbound.used(), Volume { octets: 3 * ah_len, packets: 3 });
    }
}

/// A refusal leaves the detached header, whose length and protocol had been set already, as it was.
#[test]
fn ea_13_a_refusal_leaves_the_header_too() {
    let limits =
        VolumeLimits { soft: Volume { octets: 1, packets: 1 }, hard: Volume { octets: 1, packets: 1 } };
    let limited = SaParams { limits, ..params(SHA256, Mode::Transport, false) };
    for ip in [ipv4(b"payload!"), ipv6(b"payload!")] {
        let mut outbound = OutboundSa::new(&provider(), material(limited)).unwrap();
        let mut buf = [&[0; ROOM][..], &ip].concat();
        let end = buf.len();
        let mut packet = Packet::new(&mut buf, ROOM..end, family(&ip)).unwrap();
        packet.detach_for_transport().unwrap();
        let (header, data) = (packet.header().to_vec(), packet.data().to_vec());
        assert_eq!(outbound.seal_in_place(&mut packet), Err(SealError::Expired));
        assert_eq!((packet.header(), packet.data()), (&header[..], &data[..]));
        assert_eq!(packet.next_header(), IpProtocol::UDP);
    }
}

/// An integrity algorithm that fails at every second packet.
#[derive(Debug)]
struct Faulty(&'static dyn MacAlg);

#[derive(Debug)]
struct FaultyKey(AtomicU32, Box<dyn MacKey>);

impl MacAlg for Faulty {
    fn id(&self) -> MacId {
        self.0.id()
    }

    fn key(&self, key: &Secret) -> Result<Box<dyn MacKey>, CryptoError> {
        Ok(Box::new(FaultyKey(AtomicU32::new(0), self.0.key(key)?)))
    }
}

impl MacKey for FaultyKey {
    fn compute(&self, iv: &[u8], parts: &[&[u8]], icv: &mut [u8]) -> Result<(), CryptoError> {
        let odd = self.0.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        if odd { Err(CryptoError::Invalid("device")) } else { self.1.compute(iv, parts, icv) }
    }
}

/// The number of a packet whose ICV came to nothing is never used again: with AES-GMAC it is the IV (RFC 4543 §4, RFC 4106
/// §3.1).
#[test]
fn ea_07_a_seal_that_fails_half_way_loses_its_number() {
    let mut provider = provider();
    let faulty = provider.macs.iter().map(|mac| &*Box::leak(Box::new(Faulty(*mac))) as &dyn MacAlg);
    provider.macs = faulty.collect::<Vec<_>>().into();
    for mac in macs() {
        let params = params(mac, Mode::Transport, true);
        let mut outbound = OutboundSa::new(&provider, material(params)).unwrap();
        let mut inbound = pair(params).1;
        for number in 1..=6u64 {
            let sealed = protect(&mut outbound, &ipv4(b"payload!"));
            assert_eq!(outbound.last_sequence(), number, "{mac}");
            match sealed {
                Ok(packet) => assert_eq!(verify(&mut inbound, &packet).0.unwrap().sequence, number),
                Err(error) => assert_eq!(error, SealError::Crypto(CryptoError::Invalid("device"))),
            }
        }
        assert_eq!((inbound.used().packets, inbound.highest_sequence()), (3, 5));
        assert_eq!(outbound.used().packets, 3, "what was sealed counts");
    }
}
