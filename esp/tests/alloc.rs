//! Sealing and opening allocate nothing.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

mod common;

use common::{pair, params, protections};
use ipsec_ip_packet::Packet;
use ipsec_sa_db::Mode;
use ipsec_types::IpProtocol;
use testkit::{CountingAllocator, count_allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn a_packet_costs_no_allocation() {
    for protection in protections() {
        let (mut outbound, mut inbound) = pair(params(protection, Mode::Tunnel, true));
        let mut buf = vec![0; 2048];
        for length in [20, 64, 576, 1400] {
            let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
            let header = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1];
            let (count, ()) = count_allocations(|| {
                buf[64..64 + header.len()].copy_from_slice(&header);
                let mut packet = Packet::new(&mut buf, 64..64 + length, IpProtocol::IPV4).unwrap();
                outbound.seal_in_place(&mut packet).unwrap();
                inbound.open_in_place(&mut packet).unwrap();
                assert_eq!(packet.data().len(), length);
                // A forged and a replayed packet.
                outbound.seal_in_place(&mut packet).unwrap();
                packet.data_mut()[9] ^= 1;
                inbound.open_in_place(&mut packet).unwrap_err();
            });
            assert_eq!(count, 0, "{protection}, {length} octets");
        }
    }
}
