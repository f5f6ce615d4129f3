//! Reading an IKE_SA_INIT request, every payload with all it holds, against the `ipsec-parser` crate.

use crate::{Figure, ratio, wanted};
use ipsec::ikev2_wire::{Message, Payload};
use ipsec_parser::{IkeV2PayloadContent, parse_ikev2_message};
use std::hint::black_box;
use testkit::{count_allocations, read_pcap, testdata};

/// Messages read in a round.
const MESSAGES: usize = 500;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let frames = read_pcap(testdata("captures/ikev2-psk-gcm/capture.pcap"));
    let message = frames[0].ike().expect("an IKE_SA_INIT request");
    let name = "wire.v2.sa_init.vs_ipsec_parser";
    if wanted(prefix, name) {
        assert_eq!(ours(message), theirs(message), "both read the same");
        let value = ratio(
            || (),
            |()| {
                for _ in 0..MESSAGES {
                    black_box(ours(black_box(message)));
                }
            },
            |()| {
                for _ in 0..MESSAGES {
                    black_box(theirs(black_box(message)));
                }
            },
        );
        figures.push(Figure { name: name.to_owned(), value });
    }
    let name = "alloc.wire.per_message";
    if wanted(prefix, name) {
        let (count, _) = count_allocations(|| ours(message));
        figures.push(Figure { name: name.to_owned(), value: count as f64 });
    }
}

/// Payloads and transforms in the message.
fn ours(message: &[u8]) -> (usize, usize) {
    let message = Message::parse(message).expect("well formed");
    let (mut payloads, mut transforms) = (0, 0);
    for raw in message.payloads() {
        payloads += 1;
        if let Payload::Sa(sa) = black_box(raw.decode().expect("well formed")) {
            for proposal in sa.proposals() {
                for transform in proposal.transforms() {
                    transforms += 1;
                    black_box(transform.key_length().expect("well formed"));
                }
            }
        }
    }
    (payloads, transforms)
}

fn theirs(message: &[u8]) -> (usize, usize) {
    let (_, (_, list)) = parse_ikev2_message(message).expect("well formed");
    // Their list starts with a payload that is not in the message.
    let list = list.expect("well formed");
    let transforms = list.iter().map(|payload| match black_box(&payload.content) {
        IkeV2PayloadContent::SA(proposals) => {
            proposals.iter().map(|proposal| proposal.transforms.len()).sum()
        }
        _ => 0,
    });
    (list.len() - 1, transforms.sum())
}
