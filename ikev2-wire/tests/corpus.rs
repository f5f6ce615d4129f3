//! Every message of the corpus: it parses, says what is known of it, and is built again octet for octet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev2_wire::{ChainBuilder, Header, Message, ParseErrorKind, Payload, PayloadChain, PayloadType};
use support::{captured_messages, corpus, exercise, format_all, inner_chains, names, rebuild, rebuild_typed};
use testkit::{hex, vectors};

#[test]
fn vectors_say_what_they_are() {
    for sample in support::vector_messages() {
        let message =
            Message::parse(&sample.message).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        let (header, truth) = (message.header(), &sample.truth);
        assert_eq!(vec![header.version], hex(truth["version"].as_str().unwrap()));
        assert_eq!(vec![header.flags.0], hex(truth["flags"].as_str().unwrap()));
        assert_eq!(Some(u64::from(header.exchange.0)), truth["exchange_type"].as_u64());
        assert_eq!(Some(u64::from(header.message_id)), truth["message_id"].as_u64());
        assert_eq!(header.spi_i.to_string(), truth["spi_i"].as_str().unwrap());
        assert_eq!(header.spi_r.to_string(), truth["spi_r"].as_str().unwrap());
        let kinds: Vec<_> = message.payloads().iter().map(|payload| u64::from(payload.kind().0)).collect();
        let expected: Vec<_> =
            truth["payloads"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
        assert_eq!(kinds, expected, "{}", sample.name);
    }
}

#[test]
fn captured_messages_say_what_they_are() {
    for sample in captured_messages() {
        let message =
            Message::parse(&sample.message).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        let (header, truth) = (message.header(), &sample.truth);
        assert_eq!(header.exchange.to_string(), truth["exchange"].as_str().unwrap());
        assert_eq!(Some(header.flags.is_response()), truth["response"].as_bool());
        assert_eq!(Some(header.flags.is_initiator()), truth["from_original_initiator"].as_bool());
        assert_eq!(Some(u64::from(header.message_id)), truth["message_id"].as_u64());
        assert_eq!(header.spi_i.to_string(), truth["spi_i"].as_str().unwrap());
        assert_eq!(header.spi_r.to_string(), truth["spi_r"].as_str().unwrap());
        let found: Vec<_> = message.payloads().iter().map(|payload| payload.to_string()).collect();
        let expected = match (truth["encrypted"].as_bool().unwrap(), truth.get("fragment")) {
            (false, _) => names(truth),
            (true, None) => vec!["SK".to_owned()],
            (true, Some(_)) => vec!["SKF".to_owned()],
        };
        assert_eq!(found, expected, "{}", sample.name);
        if let Some(fragment) = truth.get("fragment") {
            let raw = message.payloads().find(PayloadType::SKF).unwrap();
            let Ok(Payload::EncryptedFragment(skf)) = raw.decode() else { panic!("{}", sample.name) };
            assert_eq!(Some(u64::from(skf.fragment_number())), fragment[0].as_u64());
            assert_eq!(Some(u64::from(skf.total_fragments())), fragment[1].as_u64());
        }
    }
}

#[test]
fn inner_chains_decode_and_say_what_they_are() {
    for inner in inner_chains() {
        let chain = PayloadChain::parse(inner.first, &inner.octets, 0)
            .unwrap_or_else(|error| panic!("{}: {error}", inner.name));
        assert_eq!(chain.iter().count(), inner.names.len(), "{}", inner.name);
        for (raw, name) in chain.into_iter().zip(&inner.names) {
            raw.decode().unwrap_or_else(|error| panic!("{} {name}: {error}", inner.name));
            // The truth names EAP methods, and leaves a prefix of CP out.
            let name = match name.split_once('/') {
                Some((packet, _method)) if packet.starts_with("EAP(") => format!("{packet})"),
                _ => name.replace("CP(", "CP(CFG_"),
            };
            assert_eq!(raw.to_string(), name, "{}", inner.name);
        }
        format_all(chain);
    }
}

#[test]
fn every_message_is_built_again_octet_for_octet() {
    let (mut buf, mut scratch) = (vec![0xa5; 65_535], vec![0; 65_535]);
    for sample in corpus() {
        let message = Message::parse(&sample.message).unwrap();
        exercise(message.payloads(), sample.message.len(), &mut scratch);
        format_all(message.payloads());
        assert_eq!(rebuild(&message, &mut buf), sample.message, "{}", sample.name);
        assert_eq!(rebuild_typed(&message, &mut buf), sample.message, "{}", sample.name);
        // One octet short is an error, wherever the end comes.
        let mut builder_fails = vec![0; sample.message.len() - 1];
        assert!(try_rebuild(&message, &mut builder_fails).is_err(), "w2_22 {}", sample.name);
    }
}

fn try_rebuild(message: &Message<'_>, buf: &mut [u8]) -> Result<(), ikev2_wire::EncodeError> {
    let mut builder = ikev2_wire::MessageBuilder::new(buf, message.header())?;
    for payload in message.payloads() {
        builder.push_raw(&payload)?;
    }
    builder.finish().map(|_| ())
}

#[test]
fn every_inner_chain_is_built_again_octet_for_octet() {
    let mut buf = vec![0xa5; 65_535];
    for inner in inner_chains() {
        let chain = PayloadChain::parse(inner.first, &inner.octets, 0).unwrap();
        let mut raw_builder = ChainBuilder::new(&mut buf);
        for payload in chain {
            raw_builder.push_raw(&payload).unwrap();
        }
        let (first, octets) = raw_builder.finish().unwrap();
        assert_eq!((first, &*octets), (inner.first, &inner.octets[..]), "{}", inner.name);
        let mut builder = ChainBuilder::new(&mut buf);
        for payload in chain {
            assert_eq!(payload.flags(), 0, "{}", inner.name);
            builder.push(payload.kind(), &payload.decode().unwrap()).unwrap();
        }
        let (first, octets) = builder.finish().unwrap();
        assert_eq!((first, &*octets), (inner.first, &inner.octets[..]), "{}", inner.name);
    }
}

#[test]
fn malformed_messages_are_refused() {
    let mut refused = 0;
    for group in vectors("ike_messages") {
        for vector in group.vectors() {
            let octets = vector.octets("message");
            let parsed = Message::parse(&octets);
            if vector.text("result") == "invalid" {
                let error = parsed.expect_err(vector.text("name"));
                assert!(error.offset() <= octets.len(), "{error}");
                refused += 1;
            } else if octets[17] >> 4 == 1 {
                assert_eq!(Header::parse(&octets).unwrap().major(), 1);
                assert_eq!(parsed.unwrap_err().kind(), ParseErrorKind::Invalid("major version"));
            } else if vector.value("payload_error").is_some() {
                let all = parsed
                    .and_then(|message| message.payloads().iter().try_for_each(|p| p.decode().map(|_| ())));
                assert!(all.is_err(), "{}", vector.text("name"));
            } else {
                assert!(parsed.is_ok(), "{}", vector.text("name"));
            }
        }
    }
    assert!(refused >= 20, "{refused}");
}

#[test]
fn encrypted_vectors_split_where_their_parts_are() {
    for vector in vectors("ike_encrypted").iter().flat_map(|group| group.vectors().collect::<Vec<_>>()) {
        let datagram = vector.octets("message");
        let Ok(message) = Message::parse(&datagram) else { continue };
        let raw = message.payloads().iter().last().unwrap();
        let (first, aad_len) = match raw.decode().unwrap() {
            Payload::Encrypted(sk) => (sk.first_inner(), sk.aad_len()),
            Payload::EncryptedFragment(skf) => (skf.first_inner(), skf.aad_len()),
            other => panic!("{other:?}"),
        };
        assert_eq!(Some(u64::from(first.0)), vector.number("next_payload_inside"));
        let aad = vector.octets("aad");
        assert!(aad.is_empty() || aad == datagram[..aad_len], "{}", vector.text("name"));
        let inner = vector.octets("inner");
        if raw.kind() == PayloadType::SK {
            let chain = PayloadChain::parse(first, &inner, 0).unwrap();
            exercise(chain, inner.len(), &mut [0; 4096]);
        }
    }
}
