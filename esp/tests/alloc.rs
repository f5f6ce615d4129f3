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

/// The other modes, padding and dummies, batches and blocks.
#[test]
fn no_way_of_sealing_costs_an_allocation() {
    let ends = |local, remote| Mode::Beet { local, remote };
    let (here, there) = ([10, 1, 0, 1].into(), [10, 2, 0, 1].into());
    for protection in protections() {
        for (sends, receives) in [
            (Mode::Tunnel, Mode::Tunnel),
            (Mode::Transport, Mode::Transport),
            (ends(here, there), ends(there, here)),
        ] {
            let mut outbound = pair(params(protection, sends, true)).0;
            let mut inbound = pair(params(protection, receives, true)).1;
            let mut block = outbound.reserve(8.try_into().unwrap()).unwrap();
            let mut buf = vec![0; 512];
            let mut run = 0;
            let (count, ()) = count_allocations(|| {
                for way in 0..5 {
                    buf.fill(0);
                    let header = [0x45, 0, 0, 100, 0, 0, 0x40, 0, 64, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1];
                    buf[128..148].copy_from_slice(&header);
                    let mut packet = Packet::new(&mut buf, 128..228, IpProtocol::IPV4).unwrap();
                    if sends == Mode::Transport {
                        packet.detach_for_transport().unwrap();
                    }
                    let packets = core::slice::from_mut(&mut packet);
                    match way {
                        0 => outbound.seal_batch(packets, |_, result| run += i32::from(result.is_ok())),
                        1 => block.seal_batch(packets, |_, result| run += i32::from(result.is_ok())),
                        2 => run += i32::from(block.seal_in_place(&mut packet).is_ok()),
                        3 => run += i32::from(outbound.seal_dummy_in_place(&mut packet).is_ok()),
                        _ if sends == Mode::Tunnel => {
                            run += i32::from(outbound.seal_padded_in_place(&mut packet, 200).is_ok());
                        }
                        _ => run += i32::from(outbound.seal_in_place(&mut packet).is_ok()),
                    }
                    if packet.header_len() == 0 && receives != Mode::Tunnel {
                        // The outer header, which BEET mode makes the inner one of.
                        let outer = [0x45, 0, 0, 20, 0, 0, 0x40, 0, 9, 50, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
                        packet.push_front(20).unwrap().copy_from_slice(&outer);
                        packet.detach_header(20, IpProtocol::ESP).unwrap();
                    }
                    let packets = core::slice::from_mut(&mut packet);
                    inbound.open_batch(packets, |_, result| run += i32::from(result.is_ok()));
                }
            });
            assert_eq!((count, run), (0, 10), "{protection}, {sends:?}");
            assert!(outbound.settle(block).is_ok());
        }
    }
}
