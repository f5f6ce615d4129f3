//! Parsing, decoding and building allocate nothing, over the whole corpus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev1_wire::{
    ExchangeType, FragmentLimits, FragmentReassembler, Instant, MAX_PAYLOADS, Message, Payload, PayloadChain,
};
use support::{corpus, exercise, format_all, inner_chains, rebuild, rebuild_typed};
use testkit::{CountingAllocator, count_allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn parse_decode_and_build_allocate_nothing() {
    let (samples, inner) = (corpus(), inner_chains());
    let (mut buf, mut scratch) = (vec![0; 65_535], vec![0; 65_535]);
    let (allocations, seen) = count_allocations(|| {
        let mut seen = 0;
        let mut reassembler = FragmentReassembler::new([0; 4096], FragmentLimits::default());
        for sample in &samples {
            let message = Message::parse(&sample.message).unwrap();
            seen += exercise(message.payloads(), sample.message.len(), &mut scratch);
            seen += format_all(message.payloads());
            seen += rebuild(&message, &mut buf).len();
            seen += rebuild_typed(&message, &mut buf).len();
            for raw in message.payloads() {
                if let Ok(Payload::Fragment(fragment)) = raw.decode() {
                    let whole = reassembler.push(Instant::EPOCH, message.header(), &fragment).unwrap();
                    seen += whole.map_or(0, <[u8]>::len);
                }
            }
        }
        for inner in &inner {
            let chain = PayloadChain::parse(inner.first, &inner.octets, 0).unwrap();
            seen += exercise(chain, inner.octets.len(), &mut scratch) + format_all(chain);
        }
        seen
    });
    assert!(seen > 100_000, "{seen}");
    assert_eq!(allocations, 0);
}

#[test]
fn w1_01_refusing_a_flood_of_payloads_allocates_nothing() {
    let flood = support::message(ExchangeType::AGGRESSIVE, &vec![(13, &[][..]); 16_000]);
    let (allocations, refused) = count_allocations(|| Message::parse(&flood).is_err());
    assert!(refused);
    assert_eq!(allocations, 0);
    let full = support::message(ExchangeType::AGGRESSIVE, &vec![(13, &[0; 200][..]); MAX_PAYLOADS]);
    let (allocations, count) = count_allocations(|| Message::parse(&full).unwrap().payloads().iter().count());
    assert_eq!((allocations, count), (0, MAX_PAYLOADS));
}
