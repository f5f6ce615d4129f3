//! The packet buffer against one made of vectors, which cannot run into itself.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use ipsec_ip_packet::{NoRoom, Packet};
use ipsec_types::IpProtocol;
use proptest::prelude::*;

const LEN: usize = 64;

/// What a packet holds, and the room at its ends.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    header: Vec<u8>,
    data: Vec<u8>,
    headroom: usize,
    tailroom: usize,
}

impl Model {
    fn of(packet: &Packet<'_>) -> Self {
        assert_eq!((packet.header_len(), packet.data_len()), (packet.header().len(), packet.data().len()));
        Self {
            header: packet.header().to_vec(),
            data: packet.data().to_vec(),
            headroom: packet.headroom(),
            tailroom: packet.tailroom(),
        }
    }

    fn grow(&mut self, head: usize, tail: usize, fill: u8) -> bool {
        if head > self.headroom || tail > self.tailroom {
            return false;
        }
        self.data = [&vec![fill; head][..], &self.data, &vec![fill; tail]].concat();
        (self.headroom, self.tailroom) = (self.headroom - head, self.tailroom - tail);
        true
    }

    fn narrow(&mut self, start: usize, end: usize) -> bool {
        if start > end || end > self.data.len() {
            return false;
        }
        self.tailroom += self.data.len() - end;
        self.headroom += start;
        self.data = self.data[start..end].to_vec();
        true
    }

    fn detach(&mut self, len: usize) -> bool {
        if len > self.data.len() {
            return false;
        }
        // One that was detached before is forgotten: its room is free.
        self.headroom += self.header.len();
        self.header = self.data.drain(..len).collect();
        true
    }
}

fn filled(result: Result<&mut [u8], NoRoom>, ends: impl FnOnce(&mut [u8])) -> bool {
    result.map(ends).is_ok()
}

proptest! {
    /// Whatever is done in whatever order: the header moves along, nothing else changes, and a refusal changes nothing.
    #[test]
    fn ea_13_buffers_do_what_vectors_do(
        start in 0..=LEN, len in 0..=LEN, seed: u8,
        steps in prop::collection::vec((0u8..8, 0usize..24, 0usize..24, any::<u8>()), 1..40),
    ) {
        let mut buf: Vec<u8> = (0..64).map(|at: u8| at ^ seed).collect();
        let end = (start + len).min(LEN);
        let mut packet = Packet::new(&mut buf, start..end, IpProtocol::UDP).unwrap();
        let mut model = Model::of(&packet);
        prop_assert_eq!((model.headroom, model.tailroom), (start, LEN - end));
        for (what, one, two, fill) in steps {
            let held = model.data.len();
            let (done, expected) = match what {
                0 => (
                    filled(packet.grow(one, two), |octets| {
                        let behind = octets.len() - two;
                        octets[..one].fill(fill);
                        octets[behind..].fill(fill);
                    }),
                    model.grow(one, two, fill),
                ),
                1 => (filled(packet.push_front(one), |octets| octets.fill(fill)), model.grow(one, 0, fill)),
                2 => (filled(packet.push_back(one), |octets| octets.fill(fill)), model.grow(0, one, fill)),
                3 => (packet.narrow(one..two).is_ok(), model.narrow(one, two)),
                4 => (packet.pull_front(one).is_ok(), model.narrow(one, held)),
                5 => (packet.pull_back(one).is_ok(), one <= held && model.narrow(0, held - one)),
                6 => (packet.detach_header(one, IpProtocol::UDP).is_ok(), model.detach(one)),
                _ => {
                    packet.discard_header();
                    model.headroom += model.header.len();
                    model.header.clear();
                    (true, true)
                }
            };
            prop_assert_eq!(done, expected, "step {} {} {}", what, one, two);
            prop_assert_eq!(&Model::of(&packet), &model, "step {} {} {}", what, one, two);
        }
        let room = model.headroom + model.header.len() + model.data.len() + model.tailroom;
        prop_assert_eq!(room, LEN, "no octet is lost");
    }

    /// No length overflows.
    #[test]
    fn ea_13_no_length_is_too_large_to_be_refused(start in 0..=LEN, one in any::<usize>(), two in any::<usize>()) {
        let mut buf = [7; LEN];
        let mut packet = Packet::new(&mut buf, start..LEN, IpProtocol::UDP).unwrap();
        let before = Model::of(&packet);
        let (one, two) = (one.max(LEN + 1), two.max(LEN + 1));
        prop_assert!(packet.grow(one, 0).is_err() && packet.grow(0, two).is_err() && packet.grow(one, two).is_err());
        prop_assert!(packet.narrow(0..one).is_err() && packet.narrow(one..0).is_err() && packet.narrow(one..two).is_err());
        prop_assert!(packet.pull_front(one).is_err() && packet.pull_back(two).is_err());
        prop_assert!(packet.push_front(one).is_err() && packet.push_back(two).is_err());
        prop_assert_eq!(Model::of(&packet), before);
    }
}
