//! The tables of exchanges against real exchanges: every message of the captures is where the tables want it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev1_wire::*;
use serde_json::Value;
use support::{by_notation, names};
use testkit::{hex, ikev1_captures, truth, vectors};

/// A chain of payloads of these types, with empty bodies, as the truth names them.
fn chain_of(names: &[String]) -> (PayloadType, Vec<u8>) {
    let kinds: Vec<_> = names.iter().map(|name| by_notation(name)).collect();
    let mut octets = Vec::new();
    for at in 0..kinds.len() {
        let next = kinds.get(at + 1).map_or(0, |kind| kind.0);
        octets.extend([next, 0, 0, 4]);
    }
    (kinds[0], octets)
}

#[test]
fn every_captured_exchange_is_as_the_tables_have_it() {
    let mut seen = 0;
    for capture in ikev1_captures() {
        let truth = truth(&capture);
        let mut counts = std::collections::HashMap::new();
        for message in truth["messages"].as_array().unwrap() {
            let at = format!("{} frame {}", capture.display(), message["frame"]);
            let is_part = message.get("fragment").is_some() && message.get("reassembled").is_none();
            if message["version"] != "1.0" || is_part || message.get("same_as_frame").is_some() {
                continue;
            }
            let exchange = match message["exchange"].as_str().unwrap() {
                "MAIN_MODE" => ExchangeType::IDENTITY_PROTECTION,
                "AGGRESSIVE" => ExchangeType::AGGRESSIVE,
                "QUICK_MODE" => ExchangeType::QUICK_MODE,
                "INFORMATIONAL" => ExchangeType::INFORMATIONAL,
                "TRANSACTION" => ExchangeType::TRANSACTION,
                other => panic!("{other}"),
            };
            let of_sa = |sa: &&Value| sa["cookie_i"] == message["spi_i"];
            let proposal = truth["ike_sas"]
                .as_array()
                .unwrap()
                .iter()
                .find(of_sa)
                .and_then(|sa| sa["proposal"].as_str());
            let authentication = match proposal.and_then(|proposal| proposal.rsplit('/').next()) {
                None | Some("PSK" | "XAUTHInitPreShared") => Phase1Authentication::PreSharedKey,
                Some("RSA_SIG" | "XAUTHInitRSA" | "ECDSA_384") => Phase1Authentication::Signatures,
                Some(other) => panic!("{other}"),
            };
            let count =
                counts.entry((message["spi_i"].to_string(), message["message_id"].as_u64())).or_insert(0u8);
            *count += 1;
            let encrypted = message["encrypted"] == true;
            let rule = match exchange {
                ExchangeType::INFORMATIONAL => {
                    &MessageRules::of(exchange, authentication)[usize::from(encrypted)]
                }
                _ => &MessageRules::of(exchange, authentication)[usize::from(*count) - 1],
            };
            assert_eq!(
                rule.check_flags(if encrypted { Flags::ENCRYPTION } else { Flags(0) }),
                Ok(()),
                "{at}"
            );
            let (first, octets) = chain_of(&names(message));
            let chain = PayloadChain::parse(first, &octets, 0).unwrap();
            assert_eq!(rule.check(chain, NatTraversal::Rfc3947), Ok(()), "{at}");
            // Without any of those that must come, it is refused.
            for missing in rule.payloads.iter().filter(|payload| payload.min > 0) {
                let names: Vec<_> =
                    names(message).into_iter().filter(|name| by_notation(name) != missing.kind).collect();
                if names.is_empty() {
                    continue;
                }
                let (first, octets) = chain_of(&names);
                let chain = PayloadChain::parse(first, &octets, 0).unwrap();
                assert_eq!(
                    rule.check(chain, NatTraversal::Rfc3947),
                    Err(RuleViolation::Missing(missing.kind)),
                    "{at}"
                );
            }
            seen += 1;
        }
    }
    assert!(seen >= 190, "{seen}");
}

#[test]
fn rfc2409_5_published_exchanges_are_as_the_tables_have_them() {
    for group in vectors("ike_exchanges").iter().filter(|group| group.kind() == "ikev1_exchange") {
        for vector in group.vectors() {
            let authentication = match vector.text("auth") {
                "psk" => Phase1Authentication::PreSharedKey,
                "pke-cisco" => Phase1Authentication::PublicKeyEncryption,
                other => panic!("{other}"),
            };
            let messages = vector.value("messages").and_then(Value::as_array).unwrap();
            for (octets, number) in messages.iter().zip(0..) {
                let octets = hex(octets.as_str().unwrap());
                let message = Message::parse(&octets).unwrap();
                let rule: &MessageRules =
                    &MessageRules::of(message.header().exchange, authentication)[number];
                assert_eq!(rule.check_flags(message.header().flags), Ok(()), "{message}");
                if message.ciphertext().is_none() {
                    assert_eq!(rule.check(message.payloads(), NatTraversal::Rfc3947), Ok(()), "{message}");
                }
            }
        }
    }
}

#[test]
fn tables_are_numbered_and_alternate() {
    for exchange in [
        ExchangeType::IDENTITY_PROTECTION,
        ExchangeType::AGGRESSIVE,
        ExchangeType::QUICK_MODE,
        ExchangeType::TRANSACTION,
        ExchangeType::NEW_GROUP_MODE,
    ] {
        let rules = MessageRules::of(exchange, Phase1Authentication::RevisedPublicKeyEncryption);
        for (rule, number) in rules.iter().zip(1..) {
            assert_eq!((rule.exchange, rule.number), (exchange, number));
            assert_eq!(rule.sender == Sender::Initiator, number % 2 == 1);
            let mut kinds: Vec<_> = rule.payloads.iter().map(|payload| payload.kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            assert_eq!(kinds.len(), rule.payloads.len(), "{exchange} {number}: each type once");
        }
    }
    assert!(MessageRules::of(ExchangeType::BASE, Phase1Authentication::Signatures).is_empty());
    let quick = &MessageRules::of(ExchangeType::QUICK_MODE, Phase1Authentication::Signatures)[2];
    assert_eq!(quick.to_string(), "HASH, [N...], [VID...]");
}

#[test]
fn methods_have_their_messages() {
    assert_eq!(Phase1Authentication::of(AuthMethod::XAUTH_INIT_RSA), Some(Phase1Authentication::Signatures));
    assert_eq!(
        Phase1Authentication::of(AuthMethod::PRE_SHARED_KEY),
        Some(Phase1Authentication::PreSharedKey)
    );
    assert_eq!(
        Phase1Authentication::of(AuthMethod::RSA_ENCRYPTION),
        Some(Phase1Authentication::PublicKeyEncryption)
    );
    assert_eq!(Phase1Authentication::of(AuthMethod::HYBRID_INIT_RSA), None);
    assert_eq!(Phase1Authentication::of(AuthMethod(8)), None);
}
