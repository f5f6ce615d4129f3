//! Reading the first message of Main Mode, every payload with all it holds.

use crate::{Figure, wanted};
use ipsec::ikev1_wire::{IkeAttributes, Message, Payload};
use std::hint::black_box;
use std::time::Instant;
use testkit::{read_pcap, testdata};

/// Messages read in a round.
const MESSAGES: u32 = 500;

/// Rounds, of which the fastest counts.
const ROUNDS: usize = 301;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let names = ["wire.v1.sa_init.ns", "wire.v1.sa_init.octets_per_s"];
    if !names.iter().any(|name| wanted(prefix, name)) {
        return;
    }
    let frames = read_pcap(testdata("captures/ikev1-main-psk/capture.pcap"));
    let message = frames[0].ike().expect("the first message of Main Mode");
    assert_eq!(read(message), (6, 7), "an SA of seven attributes, five vendor ids");
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..MESSAGES {
            black_box(read(black_box(message)));
        }
        least = least.min(start.elapsed().as_secs_f64() / f64::from(MESSAGES));
    }
    for (name, value) in names.into_iter().zip([least * 1e9, message.len() as f64 / least]) {
        if wanted(prefix, name) {
            figures.push(Figure { name: name.to_owned(), value });
        }
    }
}

/// Payloads and attributes in the message.
fn read(message: &[u8]) -> (usize, usize) {
    let message = Message::parse(message).expect("well formed");
    let (mut payloads, mut attributes) = (0, 0);
    for raw in message.payloads() {
        payloads += 1;
        if let Payload::Sa(sa) = black_box(raw.decode().expect("well formed")) {
            for transform in sa.proposals().flat_map(|proposal| proposal.transforms()) {
                attributes += transform.attributes().iter().count();
                black_box(IkeAttributes::read(transform.attributes()).expect("well formed"));
            }
        }
    }
    (payloads, attributes)
}
