//! A peer behind a NAT, whose outer port and address change.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{LEFT, Pair, RIGHT, address, to_left, to_right};
use core::net::SocketAddr;
use ipsec::ip_packet::{Packet, Quoted, TooBig};
use ipsec::sa_db::Mode;
use ipsec::types::{Carrier, IpProtocol, Path, Spi};
use ipsec::{Event, Incoming, Outgoing};

/// The left end's datagrams come to the right end from here.
#[derive(Clone, Copy)]
struct Nat {
    outside: SocketAddr,
}

impl Nat {
    fn at(outside: &str) -> Self {
        Self { outside: outside.parse().unwrap() }
    }

    /// Hands what an end sends to the other one.
    fn carry(self, pair: &mut Pair, from: usize, carrier: Carrier, contents: &[u8]) -> Incoming {
        let port = if carrier == Carrier::Udp { 500 } else { 4500 };
        let own = |end: usize| SocketAddr::new(address(end).ip(), port);
        // Port 500 and 4500 inside are two ports outside.
        let mut outside = self.outside;
        outside.set_port(outside.port() + u16::from(carrier == Carrier::UdpEncapsulated));
        let (local, remote) = if from == LEFT { (own(RIGHT), outside) } else { (own(LEFT), own(RIGHT)) };
        let mut buf = contents.to_vec();
        let range = 0..buf.len();
        let mut packet = Packet::new(&mut buf, range, IpProtocol::UDP).unwrap();
        let path = Path { local, remote, carrier };
        let incoming = pair.ends[1 - from].handle_datagram(pair.now, path, &mut packet);
        pair.take_events();
        incoming
    }

    /// Carries datagrams until nothing is to be sent.
    fn settle(self, pair: &mut Pair) {
        loop {
            let sent = [LEFT, RIGHT].map(|from| (from, pair.take(from)));
            if sent.iter().all(|(_, parcels)| parcels.is_empty()) {
                return;
            }
            for (from, parcels) in sent {
                for parcel in parcels {
                    self.carry(pair, from, parcel.path.carrier, &parcel.contents);
                }
            }
        }
    }

    /// Sends a packet that is protected: where to, and what came of it.
    fn send(self, pair: &mut Pair, from: usize, octets: &[u8]) -> (Path, Incoming) {
        let mut buf = [&[0; 64][..], octets, &[0; 320]].concat();
        let mut packet = Packet::new(&mut buf, 64..64 + octets.len(), IpProtocol::IPV4).unwrap();
        let outgoing = pair.ends[from].handle_outbound(pair.now, &mut packet);
        let Outgoing::Protected(path) = outgoing else { panic!("{outgoing:?}") };
        (path, self.carry(pair, from, path.carrier, packet.data()))
    }
}

#[test]
fn rfc7296_2_23_packets_follow_a_peer_whose_nat_gives_it_another_place() {
    let mut pair = Pair::new(Mode::Tunnel, &|_, _| {});
    let (before, after) = (Nat::at("203.0.113.7:1500"), Nat::at("203.0.113.8:2500"));
    pair.send(LEFT, &to_right(0));
    before.settle(&mut pair);
    let remote = |path: Path| path.remote.to_string();
    let (path, incoming) = before.send(&mut pair, RIGHT, &to_left(1));
    assert_eq!((remote(path).as_str(), path.carrier), ("203.0.113.7:1501", Carrier::UdpEncapsulated));
    assert!(matches!(incoming, Incoming::Delivered), "{incoming:?}");
    // The way there is a narrow one.
    let (now, child) = (pair.now, pair.newest(RIGHT));
    let whole = pair.ends[RIGHT].largest_packet(now, child).unwrap();
    let spi = pair.events[RIGHT].iter().find_map(|event| {
        if let Event::ChildSaEstablished { outbound, .. } = event { Some(*outbound) } else { None }
    });
    let narrow = |path: Path, spi: Spi| TooBig {
        mtu: 1300,
        source: path.local.ip(),
        destination: path.remote.ip(),
        quoted: Quoted::Udp {
            source_port: path.local.port(),
            destination_port: path.remote.port(),
            spi: Some(spi),
        },
    };
    assert!(pair.ends[RIGHT].note_too_big(now, &narrow(path, spi.unwrap())));
    assert!(pair.ends[RIGHT].largest_packet(now, child).unwrap() < whole);

    // Elsewhere: nothing is known until an authentic packet comes from there.
    let (path, _) = after.send(&mut pair, RIGHT, &to_left(2));
    assert_eq!(remote(path), "203.0.113.7:1501");
    let (_, incoming) = after.send(&mut pair, LEFT, &to_right(3));
    assert!(matches!(incoming, Incoming::Delivered), "{incoming:?}");
    assert_eq!((pair.count(RIGHT, "PathChanged"), pair.count(LEFT, "PathChanged")), (1, 0));
    let (moved, incoming) = after.send(&mut pair, RIGHT, &to_left(4));
    assert_eq!(remote(moved), "203.0.113.8:2501");
    assert!(matches!(incoming, Incoming::Delivered), "{incoming:?}");
    // The new way is another, of which nothing is known yet; messages about the old one count no more.
    assert_eq!(pair.ends[RIGHT].largest_packet(now, child), Some(whole));
    assert!(!pair.ends[RIGHT].note_too_big(now, &narrow(path, spi.unwrap())));
    assert!(pair.ends[RIGHT].note_too_big(now, &narrow(moved, spi.unwrap())));
}
