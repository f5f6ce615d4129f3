//! Every message of the corpus cut at every octet and with every bit flipped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev1_wire::{Message, PayloadChain};
use support::{corpus, exercise_near, format_all, inner_chains};

#[test]
fn w1_01_every_proper_prefix_is_refused() {
    for sample in corpus() {
        for len in 0..sample.message.len() {
            let error = Message::parse(&sample.message[..len]).unwrap_err();
            assert!(error.offset() <= len, "{}: {error}", sample.name);
        }
    }
}

/// The same with a length field that agrees, so that the cut is met inside.
#[test]
fn every_prefix_with_its_length() {
    let mut scratch = vec![0; 65_535];
    for sample in corpus() {
        for len in 28..sample.message.len() {
            let mut octets = sample.message[..len].to_vec();
            octets[24..28].copy_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
            match Message::parse(&octets) {
                Ok(message) if message.ciphertext().is_some() => {}
                Ok(message) => panic!("{}: {message} of {len} octets", sample.name),
                Err(error) => assert!(error.offset() <= len, "{}: {error}", sample.name),
            }
            let first = ikev1_wire::PayloadType(octets[16]);
            if let Ok((chain, _)) = PayloadChain::parse_padded(first, &octets[28..], 28) {
                support::exercise(chain, len, &mut scratch);
            }
        }
    }
}

#[test]
fn every_bit_of_every_message_flipped() {
    let mut scratch = vec![0; 65_535];
    for sample in corpus() {
        let mut octets = sample.message.clone();
        for at in 0..octets.len() {
            for bit in 0..8 {
                octets[at] ^= 1 << bit;
                match Message::parse(&octets) {
                    Ok(message) => exercise_near(message.payloads(), at, octets.len(), &mut scratch),
                    Err(error) => assert!(error.offset() <= octets.len(), "{}: {error}", sample.name),
                }
                octets[at] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn every_inner_chain_cut_and_with_every_bit_flipped() {
    let base = 28;
    let mut scratch = vec![0; 65_535];
    let mut seen = Vec::new();
    for inner in inner_chains() {
        if seen.contains(&inner.octets) {
            continue;
        }
        let mut octets = inner.octets.clone();
        for len in 0..octets.len() {
            match PayloadChain::parse(inner.first, &octets[..len], base) {
                Ok(chain) => panic!("{}: {chain} of {len} octets", inner.name),
                Err(error) => {
                    assert!((base..=base + len).contains(&error.offset()), "{}: {error}", inner.name);
                }
            }
        }
        for at in 0..octets.len() {
            for bit in 0..8 {
                octets[at] ^= 1 << bit;
                match PayloadChain::parse_padded(inner.first, &octets, base) {
                    Ok((chain, _)) => {
                        exercise_near(chain, base + at, base + octets.len(), &mut scratch);
                        if (at * 8 + bit) % 61 == 0 {
                            format_all(chain);
                        }
                    }
                    Err(error) => assert!(error.offset() <= base + octets.len(), "{}: {error}", inner.name),
                }
                octets[at] ^= 1 << bit;
            }
        }
        seen.push(inner.octets);
    }
}
