//! Protecting and verifying allocate nothing, and an SA is small.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use ipsec_ah::{InboundSa, OutboundSa};
use ipsec_crypto_suite::{CipherId, MacId, Protection, Secret, rustcrypto::provider};
use ipsec_ip_packet::Packet;
use ipsec_sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::{IpProtocol, Spi};
use testkit::{CountingAllocator, count_allocations, count_held_octets};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn macs() -> impl Iterator<Item = MacId> {
    (0..=16).filter_map(MacId::from_ikev2).filter(|mac| provider().mac(*mac).is_ok())
}

fn material(mac: MacId) -> SaMaterial {
    let protection = Protection::Composed { cipher: CipherId::Null, mac };
    let params = SaParams { extended_sequence_numbers: true, ..SaParams::new(protection, Mode::Transport) };
    let integrity = Some(Secret::new(vec![1; protection.integrity_key_len()]));
    SaMaterial { spi: Spi::new(256).unwrap(), params, encryption: None, integrity }
}

#[test]
fn a_packet_costs_no_allocation() {
    let mut run = 0;
    for mac in macs() {
        let mut outbound = OutboundSa::new(&provider(), material(mac)).unwrap();
        let mut inbound = InboundSa::new(&provider(), material(mac), SelectorPair::any().into()).unwrap();
        let mut buf = vec![0; 2048];
        for length in [20, 64, 576, 1400] {
            let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
            let header = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1];
            let (count, ()) = count_allocations(|| {
                buf[128..148].copy_from_slice(&header);
                let mut packet = Packet::new(&mut buf, 128..128 + length, IpProtocol::IPV4).unwrap();
                packet.detach_for_transport().unwrap();
                outbound.seal_in_place(&mut packet).unwrap();
                packet.attach_header().unwrap();
                packet.detach_to_upper_layer().unwrap();
                inbound.open_in_place(&mut packet).unwrap();
            });
            assert_eq!(count, 0, "{mac}, {length} octets");
            run += 1;
        }
    }
    assert!(run >= 16);
}

#[test]
fn an_sa_holds_at_most_a_kibibyte_beside_its_key() {
    let expect = alloc::sync::Arc::new(SelectorPair::any());
    for mac in macs() {
        let key = Secret::new(vec![1; mac.key_len()]);
        let (keyed, _held) = count_held_octets(|| provider().mac(mac).unwrap().key(&key).unwrap());
        let (outbound, _held) =
            count_held_octets(|| Box::new(OutboundSa::new(&provider(), material(mac)).unwrap()));
        let (inbound, _held) = count_held_octets(|| {
            Box::new(InboundSa::new(&provider(), material(mac), alloc::sync::Arc::clone(&expect)).unwrap())
        });
        for octets in [outbound - keyed, inbound - keyed] {
            assert!((0..=1024).contains(&octets), "{mac}: {octets}");
        }
    }
}
