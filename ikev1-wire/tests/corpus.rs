//! Every message of the corpus: it parses, says what is known of it, and is built again octet for octet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use ikev1_wire::{
    ChainBuilder, ConfigurationAttribute, ConfigurationType, ExchangeType, IdType, KnownVendor, Message,
    MessageBuilder, NatDiscovery, NatTraversal, Payload, PayloadChain, PayloadType, VendorId,
};
use serde_json::Value;
use support::{
    captured_messages, corpus, exchange_messages, exercise, format_all, inner_chains, names, rebuild,
    rebuild_typed, try_rebuild, vector_messages,
};
use testkit::{hex, ikev1_captures, to_hex, truth, vectors};

#[test]
fn vectors_say_what_they_are() {
    for sample in vector_messages() {
        let message =
            Message::parse(&sample.message).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        let (header, truth) = (message.header(), &sample.truth);
        assert_eq!(vec![header.flags.0], hex(truth["flags"].as_str().unwrap()));
        assert_eq!(Some(u64::from(header.exchange.0)), truth["exchange_type"].as_u64());
        assert_eq!(Some(u64::from(header.message_id)), truth["message_id"].as_u64());
        assert_eq!(header.cookie_i.to_string(), truth["spi_i"].as_str().unwrap());
        assert_eq!(header.cookie_r.to_string(), truth["spi_r"].as_str().unwrap());
        let Some(expected) = truth["payloads"].as_array() else {
            assert!(message.ciphertext().is_some(), "{}", sample.name);
            continue;
        };
        let kinds: Vec<_> = message.payloads().iter().map(|payload| u64::from(payload.kind().0)).collect();
        let expected: Vec<_> = expected.iter().map(|v| v.as_u64().unwrap()).collect();
        assert_eq!(kinds, expected, "{}", sample.name);
    }
}

fn exchange_name(exchange: ExchangeType) -> &'static str {
    match exchange {
        ExchangeType::IDENTITY_PROTECTION => "MAIN_MODE",
        ExchangeType::AGGRESSIVE => "AGGRESSIVE",
        ExchangeType::INFORMATIONAL => "INFORMATIONAL",
        ExchangeType::TRANSACTION => "TRANSACTION",
        ExchangeType::QUICK_MODE => "QUICK_MODE",
        other => panic!("{other}"),
    }
}

#[test]
fn captured_messages_say_what_they_are() {
    for sample in captured_messages() {
        let message =
            Message::parse(&sample.message).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        let (header, truth) = (message.header(), &sample.truth);
        assert_eq!(exchange_name(header.exchange), truth["exchange"].as_str().unwrap());
        assert_eq!(Some(u64::from(header.message_id)), truth["message_id"].as_u64());
        assert_eq!(header.cookie_i.to_string(), truth["spi_i"].as_str().unwrap());
        assert_eq!(header.cookie_r.to_string(), truth["spi_r"].as_str().unwrap());
        assert!(!header.flags.has_unknown(), "{}", sample.name);
        let found: Vec<_> = message.payloads().iter().map(|payload| payload.to_string()).collect();
        if let Some(expected) = truth.get("fragment") {
            assert_eq!(found, ["FRAG"], "{}", sample.name);
            let raw = message.payloads().find(PayloadType::FRAGMENT).unwrap();
            let Ok(Payload::Fragment(fragment)) = raw.decode() else { panic!("{}", sample.name) };
            assert_eq!(Some(u64::from(fragment.id())), expected["id"].as_u64());
            assert_eq!(Some(u64::from(fragment.number())), expected["number"].as_u64());
            assert_eq!(Some(fragment.is_last()), expected["last"].as_bool());
        } else if truth["encrypted"] == true {
            assert!(found.is_empty() && message.ciphertext().is_some(), "{}", sample.name);
        } else {
            assert_eq!(found, names(truth), "{}", sample.name);
        }
    }
}

#[test]
fn inner_chains_decode_and_say_what_they_are() {
    for inner in inner_chains() {
        let padded = [&inner.octets[..], &[0; 12]].concat();
        let (chain, padding) = PayloadChain::parse_padded(inner.first, &padded, 0)
            .unwrap_or_else(|error| panic!("{}: {error}", inner.name));
        assert_eq!((chain.as_bytes(), padding.len()), (&inner.octets[..], 12), "{}", inner.name);
        let found: Vec<_> = chain.iter().map(|raw| raw.to_string()).collect();
        assert_eq!(found, inner.names, "{}", inner.name);
        for raw in chain {
            raw.decode().unwrap_or_else(|error| panic!("{} {raw}: {error}", inner.name));
        }
        format_all(chain);
    }
}

#[test]
fn identities_configurations_and_notifications_as_the_truth_has_them() {
    let (mut ids, mut configurations, mut notifications) = (0, 0, 0);
    for capture in ikev1_captures() {
        let name = capture.file_name().unwrap().display().to_string();
        let truth = truth(&capture);
        let known: Vec<_> =
            truth["ike_sas"].as_array().unwrap().iter().flat_map(|sa| sa["ids"].as_array()).collect();
        let known: Vec<&Value> = known.into_iter().flatten().collect();
        let chains = inner_chains();
        for inner in chains.iter().filter(|inner| inner.name.split(' ').next() == Some(&name)) {
            let chain = PayloadChain::parse(inner.first, &inner.octets, 0).unwrap();
            if inner.first != PayloadType::ID {
                continue;
            }
            let Ok(Payload::Identification(id)) = chain.iter().next().unwrap().decode() else {
                panic!("{name}")
            };
            if id.kind() == IdType::ID_DER_ASN1_DN {
                continue;
            }
            let matches = |known: &&Value| {
                known["value"] == id.to_string()
                    && id.kind().to_string() == format!("ID_{}", known["type"].as_str().unwrap())
            };
            assert!(known.iter().any(matches), "{name}: {id:?}");
            ids += 1;
        }
    }
    for sample in captured_messages() {
        let Some(text) = sample.truth.get("plaintext_payloads_hex").and_then(Value::as_str) else { continue };
        let octets = hex(text);
        let chain = PayloadChain::parse(support::by_notation(&names(&sample.truth)[0]), &octets, 0).unwrap();
        for payload in chain.iter().map(|raw| raw.decode().unwrap()) {
            match payload {
                Payload::Configuration(configuration) => {
                    let kind = ConfigurationType::from_name(sample.truth["attr_type"].as_str().unwrap());
                    assert_eq!(Some(configuration.kind()), kind);
                    let listed: Vec<_> = configuration
                        .attributes()
                        .iter()
                        .map(|attribute| match attribute.value {
                            ikev1_wire::AttributeValue::Basic(value) => {
                                serde_json::json!([attribute.class, value])
                            }
                            ikev1_wire::AttributeValue::Variable(octets) => {
                                serde_json::json!([attribute.class, to_hex(octets)])
                            }
                        })
                        .collect();
                    assert_eq!(Value::from(listed), sample.truth["attributes"], "{}", sample.name);
                    let text = format!("{configuration} {configuration:?}");
                    assert!(!text.contains("xauth-pass"), "a password is shown: {text}");
                    let password = configuration.find(ConfigurationAttribute::XAUTH_USER_PASSWORD);
                    assert!(password.is_none() || text.contains("XAUTH_USER_PASSWORD"), "{text}");
                    configurations += 1;
                }
                Payload::Notification(notification) => {
                    assert!(notification.content().is_some(), "{}", sample.name);
                    notifications += 1;
                }
                _ => {}
            }
        }
    }
    assert!(
        ids >= 20 && configurations >= 12 && notifications >= 20,
        "{ids} {configurations} {notifications}"
    );
}

#[test]
fn every_message_is_built_again_octet_for_octet() {
    let (mut buf, mut scratch) = (vec![0xa5; 65_535], vec![0; 65_535]);
    for sample in corpus() {
        let message =
            Message::parse(&sample.message).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        exercise(message.payloads(), sample.message.len(), &mut scratch);
        format_all(message.payloads());
        assert_eq!(rebuild(&message, &mut buf), sample.message, "{}", sample.name);
        assert_eq!(rebuild_typed(&message, &mut buf), sample.message, "{}", sample.name);
        // One octet short is an error, wherever the end comes.
        let mut short = vec![0; sample.message.len() - 1];
        assert!(try_rebuild(&message, &mut short).is_err(), "{}", sample.name);
    }
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
        let header = ikev1_wire::Header {
            flags: ikev1_wire::Flags::ENCRYPTION,
            ..support::header(ExchangeType::QUICK_MODE)
        };
        let mut builder = MessageBuilder::new(&mut buf, &header).unwrap();
        for payload in chain {
            builder.push(payload.kind(), &payload.decode().unwrap()).unwrap();
        }
        let mut whole = builder.finish_encrypted(16).unwrap();
        assert_eq!(whole.hash().map(|(_, covered)| covered.to_vec()), chain.after_hash().map(<[u8]>::to_vec));
        let payloads = whole.payloads();
        assert_eq!(payloads.len(), inner.octets.len().next_multiple_of(16));
        let (written, padding) = payloads.split_at(inner.octets.len());
        assert_eq!(written, inner.octets, "{}", inner.name);
        assert!(padding.iter().all(|octet| *octet == 0));
    }
}

/// The bodies that HASH_I and HASH_R cover, and the octets behind HASH(1), as published with the exchanges.
#[test]
fn rfc2409_5_what_the_hashes_cover_is_in_the_datagram() {
    let mut seen = 0;
    for group in vectors("ike_exchanges").iter().filter(|group| group.kind() == "ikev1_exchange") {
        for vector in group.vectors() {
            let messages: Vec<_> = vector
                .value("messages")
                .and_then(Value::as_array)
                .unwrap()
                .iter()
                .map(|m| hex(m.as_str().unwrap()))
                .collect();
            let first = Message::parse(&messages[0]).unwrap();
            let sa = first.payloads().find(PayloadType::SA).unwrap();
            assert_eq!(sa.body(), vector.octets("sai_b"));
            let Ok(Payload::Sa(view)) = sa.decode() else { panic!("{sa:?}") };
            assert_eq!(view.as_bytes(), vector.octets("sai_b"));
            assert!(view.is_phase1() && view.is_numbered_as_offer());
            if vector.text("auth") == "psk" {
                let plain = vector.octets("m5_plain");
                let body = match first.payloads().find(PayloadType::ID) {
                    Some(id) => id.body().to_vec(),
                    None => {
                        let (chain, _) = PayloadChain::parse_padded(PayloadType::ID, &plain, 28).unwrap();
                        chain.find(PayloadType::ID).unwrap().body().to_vec()
                    }
                };
                assert_eq!(body, vector.octets("idii_b"));
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn exchanges_name_what_they_negotiate() {
    let offers: Vec<_> = exchange_messages()
        .iter()
        .filter_map(|sample| {
            let message = Message::parse(&sample.message).unwrap();
            let raw = message.payloads().find(PayloadType::SA)?;
            let Ok(Payload::Sa(sa)) = raw.decode() else { panic!("{raw:?}") };
            Some(sa.to_string())
        })
        .collect();
    let expected = "0 ISAKMP: KEY_IKE (AES-CBC-128, SHA, pre-shared key, 1024-bit MODP, 28800 s)";
    assert!(offers.iter().any(|offer| offer == expected), "{offers:#?}");
}

#[test]
fn vendor_ids_are_known() {
    let mut seen = 0;
    for group in vectors("vendor_ids") {
        for vector in group.vectors() {
            let (octets, name) = (vector.octets("vid"), vector.text("name"));
            let known = VendorId::new(&octets).known().unwrap_or_else(|| panic!("{name} is not known"));
            assert_eq!(known.octets(), octets, "{name}");
            let longer = [&octets[..], &[0, 0, 0, 9]].concat();
            let longer = VendorId::new(&longer).known();
            assert_eq!(longer == Some(known), vector.flag("prefix"), "{name}");
            assert_eq!(VendorId::new(&octets[..octets.len() - 1]).known(), None, "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, KnownVendor::ALL.len());
    let mut names: Vec<_> = KnownVendor::ALL.iter().map(KnownVendor::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), seen, "names are unique");
}

/// Windows sends no capabilities (seen in outputs of ike-scan), Cisco others than strongSwan (a message of node-ikev2).
#[test]
fn fragmentation_is_announced_with_and_without_capabilities() {
    let known = |octets: &str| VendorId::new(&hex(octets)).known();
    for capabilities in ["", "80000000", "c0000000"] {
        let octets = format!("4048b7d56ebce88525e7de7f00d6c2d3{capabilities}");
        assert_eq!(known(&octets), Some(KnownVendor::FRAGMENTATION), "{capabilities}");
    }
    assert_eq!(known("4048b7d56ebce88525e7de7f00d6c2d3c0"), None);
    assert_eq!(known("4048b7d56ebce88525e7de7f00d6c2d3c000000000"), None);
}

#[test]
fn captured_vendor_ids_announce_nat_traversal() {
    let mut announced = Vec::new();
    for sample in captured_messages() {
        let message = Message::parse(&sample.message).unwrap();
        for raw in message.payloads().find_all(PayloadType::VENDOR_ID) {
            let Ok(Payload::VendorId(vendor)) = raw.decode() else { panic!("{raw:?}") };
            assert!(vendor.known().is_some(), "{}: {vendor:?}", sample.name);
            announced.extend(NatTraversal::announced_by(&vendor));
        }
    }
    assert!(announced.contains(&NatTraversal::Rfc3947) && announced.contains(&NatTraversal::Draft00));
}

#[test]
fn rfc3947_3_2_the_octets_that_nat_discovery_hashes() {
    let mut seen = 0;
    for group in vectors("natd") {
        for vector in group.vectors().filter(|vector| vector.number("version") == Some(1)) {
            let cookie = |field| vector.octets(field).try_into().unwrap();
            let ip = vector.octets("ip");
            let address: core::net::IpAddr = match <[u8; 4]>::try_from(&ip[..]) {
                Ok(octets) => octets.into(),
                Err(_) => <[u8; 16]>::try_from(&ip[..]).unwrap().into(),
            };
            let port = u16::try_from(vector.number("port").unwrap()).unwrap();
            let input = NatDiscovery::input(cookie("spi_i"), cookie("spi_r"), (address, port).into());
            let expected =
                [vector.octets("spi_i"), vector.octets("spi_r"), ip, port.to_be_bytes().to_vec()].concat();
            assert_eq!(input.octets(), expected);
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn malformed_messages_are_refused() {
    for group in vectors("ike_messages") {
        for vector in group.vectors().filter(|_| group.kind() == "ike_malformed") {
            let octets = vector.octets("message");
            if let Err(error) = Message::parse(&octets) {
                assert!(error.offset() <= octets.len(), "{error}");
            } else {
                assert_eq!(octets[17] >> 4, 1);
            }
        }
    }
}
