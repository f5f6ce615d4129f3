//! Sealing and opening allocate nothing.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

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
        let (mut outbound, mut inbound) = pair(params(protection, Mode::Transport, true));
        let mut buf = vec![0; 2048];
        for length in [0, 64, 576, 1400] {
            let (count, ()) = count_allocations(|| {
                let mut packet = Packet::new(&mut buf, 64..64 + length, IpProtocol::UDP).unwrap();
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
