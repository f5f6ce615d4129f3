//! Messages cut into fragments for a datagram of any size, built, read and put together again.
#![cfg(feature = "alloc")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ikev2_wire::*;
use ipsec_types::Instant;
use proptest::prelude::*;

const KEY: MessageKey = MessageKey { from_initiator: true, response: false, message_id: 1 };

/// The datagrams of all fragments, in plaintext.
fn datagrams(first: PayloadType, content: &[u8], framing: Framing, room: usize) -> Vec<Vec<u8>> {
    let fragments = Fragments::cut(first, content, framing, room).unwrap();
    let total = usize::from(fragments.total());
    let datagrams: Vec<_> = fragments
        .map(|fragment| {
            let mut buf = vec![0xa5; room];
            let slots = fragment.build(&mut buf, &support::header(ExchangeType::IKE_AUTH), framing).unwrap();
            // RFC 7383 §2.5: the associated data runs to the end of Total Fragments.
            assert_eq!(slots.aad.len(), 28 + 4 + 4);
            let len = slots.datagram_len();
            buf.truncate(len);
            buf
        })
        .collect();
    assert_eq!(datagrams.len(), total);
    datagrams
}

/// What a datagram of [`datagrams`] says.
fn read(datagram: &[u8], framing: Framing) -> Fragment<'_> {
    let message = Message::parse(datagram).unwrap();
    let raw = message.payloads().find(PayloadType::SKF).unwrap();
    let Ok(Payload::EncryptedFragment(skf)) = raw.decode() else { panic!("{raw:?}") };
    let parts = skf.split(framing).unwrap();
    Fragment {
        fragment_number: skf.fragment_number(),
        total_fragments: skf.total_fragments(),
        first: skf.first_inner(),
        content: strip_padding(&datagram[parts.ciphertext]).unwrap(),
    }
}

proptest! {
    #[test]
    fn what_was_cut_is_put_together_in_any_order(
        content in proptest::collection::vec(any::<u8>(), 0..3_000),
        iv_len in 0_usize..=16,
        block_len in prop_oneof![Just(1_usize), Just(8), Just(16), 1_usize..=256],
        icv_len in 0_usize..=32,
        spare in 0_usize..1_500,
        seed in any::<u64>(),
    ) {
        let framing = Framing { iv_len, block_len, icv_len };
        let room = 36 + iv_len + icv_len + block_len.max(2) + spare;
        let mut datagrams = datagrams(PayloadType::CERT, &content, framing, room);
        if let Some((last, others)) = datagrams.split_last() {
            // As long as fits, and the last alone may be shorter.
            prop_assert!(others.iter().all(|d| d.len() == others[0].len() && d.len() + block_len > room));
            prop_assert!(last.len() <= room);
        }
        let mut state = seed;
        datagrams.sort_by_cached_key(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 16
        });
        let limits = FragmentLimits { fragments: u16::MAX, ..FragmentLimits::default() };
        let mut reassembler = FragmentReassembler::new(limits);
        let mut whole = None;
        for datagram in &datagrams {
            prop_assert_eq!(whole, None);
            whole = reassembler.push(Instant::EPOCH, KEY, &read(datagram, framing)).unwrap();
        }
        let whole = whole.unwrap();
        prop_assert_eq!((whole.first, &whole.octets), (PayloadType::CERT, &content));
        prop_assert!(reassembler.is_empty());
    }

    /// What one SK payload takes is what the builder writes.
    #[test]
    fn the_length_of_an_unfragmented_message_is_known_before(
        len in 4_usize..2_000, iv_len in 0_usize..=16, block_len in 1_usize..=256, icv_len in 0_usize..=32,
    ) {
        let framing = Framing { iv_len, block_len, icv_len };
        let mut buf = vec![0; 4_000];
        let mut builder = MessageBuilder::new(&mut buf, &support::header(ExchangeType::IKE_AUTH)).unwrap();
        builder.begin_encrypted(framing).unwrap();
        builder.push(PayloadType::VENDOR_ID, &VendorId::new(&vec![1; len - 4])).unwrap();
        prop_assert_eq!(builder.finish_encrypted().unwrap().datagram_len(), framing.message_len(len));
    }
}

#[test]
fn rfc7383_2_5_only_the_first_fragment_names_a_payload() {
    let framing = Framing { iv_len: 8, block_len: 1, icv_len: 16 };
    for datagram in datagrams(PayloadType::IDI, &[7; 1_000], framing, 300) {
        let fragment = read(&datagram, framing);
        let first = if fragment.fragment_number == 1 { PayloadType::IDI } else { PayloadType::NONE };
        assert_eq!(fragment.first, first);
    }
}

#[test]
fn rooms_too_small_and_messages_too_long() {
    let framing = Framing { iv_len: 16, block_len: 16, icv_len: 16 };
    let no_room = |room| {
        matches!(Fragments::cut(PayloadType::IDI, &[1; 9], framing, room), Err(EncodeError::NoRoom { .. }))
    };
    assert!(no_room(0) && no_room(36 + 32 + 15));
    assert_eq!(Fragments::cut(PayloadType::IDI, &[1; 9], framing, 36 + 32 + 16).unwrap().total(), 1);
    // One octet of a block of one is Pad Length: nothing is left for content.
    let stream = Framing { iv_len: 0, block_len: 1, icv_len: 0 };
    assert!(Fragments::cut(PayloadType::IDI, &[1; 9], stream, 37).is_err());
    assert_eq!(Fragments::cut(PayloadType::IDI, &[1; 9], stream, 38).unwrap().total(), 9);
    let none = Framing { iv_len: 0, block_len: 0, icv_len: 0 };
    assert!(matches!(Fragments::cut(PayloadType::IDI, &[1; 9], none, 100), Err(EncodeError::Invalid(_))));
    // 65,535 fragments and no more.
    let content = vec![1; 65_536];
    let most = Fragments::cut(PayloadType::IDI, &content[1..], stream, 38).unwrap();
    assert_eq!((most.total(), most.clone().count()), (u16::MAX, 65_535));
    assert_eq!(most.last().unwrap().fragment_number, u16::MAX);
    let error = Fragments::cut(PayloadType::IDI, &content, stream, 38).unwrap_err();
    assert_eq!(error, EncodeError::FieldOverflow { field: "Total Fragments", length: 65_536 });
    // However much room there is, the payload's length field holds 65,535.
    for fragment in Fragments::cut(PayloadType::IDI, &vec![1; 200_000], framing, usize::MAX).unwrap() {
        let mut buf = vec![0; 70_000];
        fragment.build(&mut buf, &support::header(ExchangeType::IKE_AUTH), framing).unwrap();
    }
}

#[test]
fn rfc7383_2_5_1_what_headers_leave() {
    let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    assert_eq!(Fragments::room(576, v4, false), 548);
    assert_eq!(Fragments::room(576, v4, true), 544);
    assert_eq!(Fragments::room(1_280, v6, true), 1_228);
    assert_eq!(Fragments::room(20, v6, true), 0);
}
