//! Scenarios of two honest ends, drawn message by message.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::forge::{Piece, body, clear, in_clear};
use common::{LEFT, Pair, RIGHT, Setup, child_proposal, network, policy};
use core::time::Duration;
use ikev2_wire::{Flags, Header, NewTrafficSelectors, Notify, NotifyType, PayloadType, TrafficSelector};
use ipsec_crypto_suite::{AeadId, KexId, Protection};
use ipsec_ike::{Acquire, AnySaId, CloseReason, CommandError, Config, ConfigError, Endpoint, Event};
use ipsec_ip_packet::{FlowKey, Ports};
use ipsec_sa_db::{Direction, Identity, Mode, ProtocolSuite};
use ipsec_types::{Carrier, IpProtocol};
use testkit::{Conditions, Parcel};

const LONG: Duration = Duration::from_secs(1200);

fn of(change: impl Fn(&mut Setup, bool)) -> Pair {
    let setup = |left| {
        let mut setup = Setup::new(left);
        change(&mut setup, left);
        setup
    };
    Pair::of(1, Conditions::default(), setup(true), setup(false))
}

fn rekey(pair: &mut Pair, end: usize) {
    let (child, now) = (pair.ends[end].the_child(), pair.now);
    pair.ends[end].endpoint.rekey(now, AnySaId::Child(child)).unwrap();
}

#[test]
fn rfc7296_2_8_the_answer_waits_until_the_event_was_taken() {
    let mut pair = of(|_, _| {});
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &request).unwrap();
    let response = pair.take(RIGHT).remove(0);
    pair.give(LEFT, &response).unwrap();
    let auth = pair.take(LEFT).remove(0);
    let now = pair.now;
    let right = &mut pair.ends[RIGHT].endpoint;
    let path = ipsec_types::Path { local: auth.path.remote, remote: auth.path.local, ..auth.path };
    right.handle_datagram(now, path, &auth.contents).unwrap();
    assert!(right.poll_transmit().is_none(), "nobody can receive on the new SA yet");
    assert!(matches!(right.poll_event(), Some(Event::IkeSaEstablished { .. })));
    assert!(right.poll_transmit().is_none());
    assert!(matches!(right.poll_event(), Some(Event::ChildSaEstablished(_))));
    assert!(right.poll_transmit().is_some());
}

#[test]
fn a_peer_with_the_right_key_and_another_identity_is_told_so() {
    let mut pair = of(|setup, left| {
        if !left {
            setup.local = Identity::fqdn("other.example");
        }
    });
    pair.initiate(LEFT);
    pair.run(Duration::from_secs(5));
    assert_eq!(pair.ends[LEFT].closed, [CloseReason::AuthenticationFailed]);
    assert_eq!(pair.ends[RIGHT].closed, [CloseReason::Refused(NotifyType::AUTHENTICATION_FAILED)]);
    assert!(pair.ends.iter().all(|end| end.endpoint.is_empty() && end.children.is_empty()));
}

#[test]
fn rfc7296_1_2_another_key_exchange_method_is_tried_with_the_same_proposals() {
    let mut pair = of(|setup, left| {
        let both = [KexId::Curve25519, KexId::Ecp256, KexId::Modp2048];
        setup.ike_proposals[0].key_exchanges = if left { both.to_vec() } else { vec![KexId::Modp2048] };
    });
    pair.initiate(LEFT);
    // left --- IKE_SA_INIT(Curve25519) ---> right
    let first = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &first).unwrap();
    // left <--- INVALID_KE_PAYLOAD(14) --- right
    let refusal = pair.take(RIGHT).remove(0);
    let expected = Notify::new(NotifyType::INVALID_KE_PAYLOAD).with_data(&[0, 14]);
    assert_eq!(clear(&refusal.contents).1, [(PayloadType::NOTIFY, body(&expected))]);
    assert!(pair.ends[RIGHT].endpoint.is_empty(), "nothing is kept");
    pair.give(LEFT, &refusal).unwrap();
    // left --- IKE_SA_INIT(MODP-2048) ---> right
    let second = pair.take(LEFT).remove(0);
    let (old, new) = (clear(&first.contents), clear(&second.contents));
    let sa = |pieces: &[Piece]| pieces.iter().find(|(kind, _)| *kind == PayloadType::SA).cloned();
    assert_eq!(sa(&old.1), sa(&new.1), "the full proposals again");
    assert_eq!((old.0.spi_i, new.0.message_id), (new.0.spi_i, 0));
    pair.give(RIGHT, &second).unwrap();
    pair.run(Duration::from_secs(5));
    pair.agree(1);
}

#[test]
fn e2_04_invalid_ke_payload_that_is_none_of_ours_is_not_followed() {
    for data in [&[][..], &[14], &[0, 14, 0], &[0, 31], &[0, 19], &[0, 1]] {
        let mut pair = of(|_, _| {});
        pair.initiate(LEFT);
        let request = pair.take(LEFT).remove(0);
        let (header, _) = clear(&request.contents);
        let header = Header { flags: Flags::RESPONSE, ..header };
        let notify = Notify::new(NotifyType::INVALID_KE_PAYLOAD).with_data(data);
        let forged = Parcel {
            path: ipsec_types::Path {
                local: request.path.remote,
                remote: request.path.local,
                carrier: Carrier::Udp,
            },
            esp: false,
            contents: in_clear(&header, &[(PayloadType::NOTIFY, body(&notify))]),
        };
        assert!(pair.give(LEFT, &forged).is_err(), "{data:?}");
        assert!(pair.take(LEFT).is_empty());
        // E2-05: the genuine response still counts.
        pair.give(RIGHT, &request).unwrap();
        pair.run(Duration::from_secs(5));
        pair.agree(1);
    }
}

#[test]
fn e2_04_two_methods_in_alternation_come_to_an_end() {
    let mut pair = of(|setup, _| {
        setup.ike_proposals[0].key_exchanges = vec![KexId::Curve25519, KexId::Ecp256];
    });
    pair.initiate(LEFT);
    let mut sent = 0;
    for round in 0..20 {
        let Some(request) = pair.take(LEFT).pop() else { break };
        sent += 1;
        let (header, _) = clear(&request.contents);
        let header = Header { flags: Flags::RESPONSE, ..header };
        let method = [0, if round % 2 == 0 { 19 } else { 31 }];
        let notify = Notify::new(NotifyType::INVALID_KE_PAYLOAD).with_data(&method);
        let path = ipsec_types::Path {
            local: request.path.remote,
            remote: request.path.local,
            carrier: Carrier::Udp,
        };
        let contents = in_clear(&header, &[(PayloadType::NOTIFY, body(&notify))]);
        let _ = pair.give(LEFT, &Parcel { path, esp: false, contents });
    }
    assert!((2..=6).contains(&sent), "{sent} requests");
}

#[test]
fn rfc7296_2_6_a_cookie_is_returned_first_and_all_else_is_the_same() {
    let mut pair = of(|_, _| {});
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    let (header, pieces) = clear(&request.contents);
    let answer = Header { flags: Flags::RESPONSE, ..header };
    let path =
        ipsec_types::Path { local: request.path.remote, remote: request.path.local, carrier: Carrier::Udp };
    let cookie = |data: &[u8]| (PayloadType::NOTIFY, body(&Notify::new(NotifyType::COOKIE).with_data(data)));
    for odd in [&[][..], &[7; 65]] {
        let contents = in_clear(&answer, &[cookie(odd)]);
        assert!(pair.give(LEFT, &Parcel { path, esp: false, contents }).is_err());
    }
    let contents = in_clear(&answer, &[cookie(b"crumbs")]);
    pair.give(LEFT, &Parcel { path, esp: false, contents }).unwrap();
    // It waits: were it forged, the genuine response would come about now.
    assert!(pair.take(LEFT).is_empty());
    pair.wait(LEFT, Duration::from_millis(200));
    let again = pair.take(LEFT).remove(0);
    let (_, mut with_cookie) = clear(&again.contents);
    assert_eq!(with_cookie.remove(0), cookie(b"crumbs"));
    assert_eq!(with_cookie, pieces);
    pair.give(RIGHT, &again).unwrap();
    pair.run(Duration::from_secs(5));
    pair.agree(1);
}

#[test]
fn rekeys_with_and_without_perfect_forward_secrecy() {
    for kex in [&[][..], &[KexId::Curve25519], &[KexId::Ecp256, KexId::Curve25519]] {
        let mut pair = of(|setup, _| setup.protect().proposals = vec![child_proposal(kex)]);
        pair.establish();
        for end in [LEFT, RIGHT, LEFT, RIGHT] {
            let before = pair.ends[end].the_child();
            rekey(&mut pair, end);
            pair.run(Duration::from_secs(5));
            pair.agree(1);
            assert_ne!(pair.ends[end].the_child(), before);
        }
    }
}

#[test]
fn rfc7296_1_3_a_rekey_with_a_method_the_peer_does_not_prefer() {
    let mut pair = of(|setup, left| {
        let methods = if left { vec![KexId::Curve25519, KexId::Ecp256] } else { vec![KexId::Ecp256] };
        setup.protect().proposals = vec![child_proposal(&methods)];
    });
    pair.establish();
    let before = pair.ends[LEFT].the_child();
    rekey(&mut pair, LEFT);
    let request = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &request).unwrap();
    let refusal = pair.take(RIGHT).remove(0);
    let (_, pieces) = pair.ends[RIGHT].spy.last().read(&refusal.contents);
    let expected = Notify::new(NotifyType::INVALID_KE_PAYLOAD).with_data(&[0, 19]);
    assert_eq!(pieces, [(PayloadType::NOTIFY, body(&expected))]);
    pair.give(LEFT, &refusal).unwrap();
    pair.run(Duration::from_secs(5));
    pair.agree(1);
    assert_ne!(pair.ends[LEFT].the_child(), before);
}

#[test]
fn no_common_proposal_says_why_and_only_to_its_own_side() {
    let mut pair = of(|setup, left| {
        if left {
            setup.ike_proposals[0].protection = Protection::Aead(AeadId::Aes256Gcm16);
        }
    });
    pair.initiate(LEFT);
    pair.run(LONG);
    // What came unauthenticated is only a hint.
    assert_eq!(pair.ends[LEFT].closed, [CloseReason::Timeout(Some(NotifyType::NO_PROPOSAL_CHOSEN))]);
    // Of the Child SA: the IKE SA stands.
    let mut pair = of(|setup, left| {
        if left {
            setup.protect().proposals[0].suite = ProtocolSuite::Esp(Protection::Aead(AeadId::Aes256Gcm16));
        }
    });
    pair.initiate(LEFT);
    pair.run(Duration::from_secs(5));
    pair.agree(0);
    let failed = |end: usize| pair.ends[end].events.iter().find(|event| event.starts_with("ChildSaFailed"));
    assert!(failed(LEFT).unwrap().contains("NO_PROPOSAL_CHOSEN"));
    assert!(failed(RIGHT).unwrap().contains("Encryption Algorithm"), "{:?}", failed(RIGHT));
}

#[test]
fn rfc7296_2_9_selectors_are_narrowed_to_what_both_want() {
    let mut pair = of(|setup, left| {
        if !left {
            let narrow = [network("10.2.3.0", 24), network("10.1.0.0", 17)];
            setup.policies = vec![policy(narrow[0], narrow[1], vec![child_proposal(&[])])];
        }
    });
    pair.establish();
    let sa = pair.ends[LEFT].children.values().next().unwrap();
    assert_eq!(sa.selectors.remote, network("10.2.3.0", 24).into());
    assert_eq!(sa.selectors.local, network("10.1.0.0", 17).into());
    // A rekey keeps them.
    let selectors = sa.selectors.clone();
    rekey(&mut pair, LEFT);
    pair.run(Duration::from_secs(5));
    assert_eq!(pair.ends[LEFT].children.values().next().unwrap().selectors, selectors);
}

#[test]
fn rfc4301_4_4_3_a_peer_gets_no_network_of_anothers() {
    let mut pair = of(|setup, left| {
        if left {
            setup.policies =
                vec![policy(network("10.9.0.0", 16), network("10.2.0.0", 16), vec![child_proposal(&[])])];
        }
    });
    pair.initiate(LEFT);
    pair.run(Duration::from_secs(5));
    pair.agree(0);
    assert!(pair.ends[LEFT].events.iter().any(|event| event.contains("TS_UNACCEPTABLE")));
}

/// The response of IKE_AUTH with other traffic selectors.
fn with_selectors(pair: &mut Pair, change: impl Fn(&mut Vec<Piece>)) {
    pair.initiate(LEFT);
    let request = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &request).unwrap();
    let response = pair.take(RIGHT).remove(0);
    pair.give(LEFT, &response).unwrap();
    let auth = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &auth).unwrap();
    let answer = pair.take(RIGHT).remove(0);
    let keys = pair.ends[LEFT].spy.last();
    let (header, mut pieces) = keys.read(&answer.contents);
    change(&mut pieces);
    pair.give(LEFT, &Parcel { contents: keys.write(&header, &pieces), ..answer }).unwrap();
}

fn ts(first: [u8; 4], last: [u8; 4]) -> Vec<u8> {
    let range = ikev2_wire::AddressRange {
        protocol: 0,
        start_port: 0,
        end_port: u16::MAX,
        start: first.into(),
        end: last.into(),
    };
    body(&NewTrafficSelectors { selectors: &[TrafficSelector::Range(range)] })
}

#[test]
fn e2_27_an_answer_wider_than_asked_disjoint_or_empty() {
    let odd = [
        ts([10, 0, 0, 0], [10, 255, 255, 255]), // wider
        ts([10, 7, 0, 0], [10, 7, 255, 255]),   // disjoint
        ts([10, 2, 0, 9], [10, 2, 0, 1]),       // takes nothing
    ];
    for odd in odd {
        for kind in [PayloadType::TSI, PayloadType::TSR] {
            let mut pair = of(|_, _| {});
            with_selectors(&mut pair, |pieces| {
                pieces.iter_mut().find(|(own, _)| *own == kind).unwrap().1.clone_from(&odd);
            });
            assert!(pair.ends[LEFT].children.is_empty() && pair.ends[LEFT].saw("ChildSaFailed"));
            pair.run(Duration::from_secs(5));
            // The peer's Child SA was deleted; the IKE SA stands.
            pair.agree(0);
            assert!(pair.ends[RIGHT].saw("ChildSaClosed"));
        }
    }
}

#[test]
fn e2_27_a_rekey_narrower_than_what_is_in_use() {
    let narrow = ts([10, 1, 0, 0], [10, 1, 0, 255]);
    // The request: the responder refuses.
    let mut pair = of(|_, _| {});
    pair.establish();
    rekey(&mut pair, LEFT);
    let request = pair.take(LEFT).remove(0);
    let keys = pair.ends[LEFT].spy.last();
    let (header, mut pieces) = keys.read(&request.contents);
    pieces.iter_mut().find(|(own, _)| *own == PayloadType::TSI).unwrap().1.clone_from(&narrow);
    pair.give(RIGHT, &Parcel { contents: keys.write(&header, &pieces), ..request }).unwrap();
    let answer = pair.take(RIGHT).remove(0);
    let expected = [(PayloadType::NOTIFY, body(&Notify::new(NotifyType::TS_UNACCEPTABLE)))];
    assert_eq!(keys.read(&answer.contents).1, expected);
    pair.give(LEFT, &answer).unwrap();
    assert!(pair.ends[LEFT].saw("RekeyFailed"));
    pair.agree(1);
    // The response: the initiator deletes the new SA and keeps the old one.
    let mut pair = of(|_, _| {});
    pair.establish();
    let old = pair.ends[LEFT].the_child();
    rekey(&mut pair, LEFT);
    let request = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &request).unwrap();
    let answer = pair.take(RIGHT).remove(0);
    let keys = pair.ends[LEFT].spy.last();
    let (header, mut pieces) = keys.read(&answer.contents);
    pieces.iter_mut().find(|(own, _)| *own == PayloadType::TSI).unwrap().1.clone_from(&narrow);
    pair.give(LEFT, &Parcel { contents: keys.write(&header, &pieces), ..answer }).unwrap();
    assert!(pair.ends[LEFT].saw("RekeyFailed"));
    pair.run(Duration::from_secs(5));
    pair.agree(1);
    assert_eq!(pair.ends[LEFT].the_child(), old);
}

#[test]
fn e2_27_transport_mode_is_between_the_two_hosts() {
    let transport = |setup: &mut Setup, left: bool| {
        let (own, other) = if left { ("192.0.2.1", "192.0.2.2") } else { ("192.0.2.2", "192.0.2.1") };
        // More than one address at each end: narrowed to the two hosts.
        setup.policies = vec![policy(network(own, 24), network(other, 24), vec![child_proposal(&[])])];
        setup.protect().mode = Mode::Transport;
    };
    let mut pair = of(transport);
    pair.establish();
    let sa = pair.ends[LEFT].children.values().next().unwrap();
    assert_eq!(sa.inbound.params.mode, Mode::Transport);
    assert_eq!(sa.selectors.local, network("192.0.2.1", 32).into());
    assert_eq!(sa.selectors.remote, network("192.0.2.2", 32).into());
    // Behind a NAT it is refused.
    let mut pair = of(transport);
    pair.link.put_nat("192.0.2.1".parse().unwrap(), "198.51.100.1".parse().unwrap());
    pair.initiate(LEFT);
    pair.run(Duration::from_secs(5));
    assert!(pair.ends[LEFT].events.iter().any(|event| event.contains("TS_UNACCEPTABLE")));
    assert!(pair.ends.iter().all(|end| end.children.is_empty() && end.ike.len() == 1));
    // A peer that has tunnel mode only does not echo it: the initiator deletes the SA.
    let mut pair = of(|setup, left| {
        transport(setup, left);
        if !left {
            setup.protect().mode = Mode::Tunnel;
        }
    });
    pair.initiate(LEFT);
    pair.run(Duration::from_secs(5));
    assert!(pair.ends[LEFT].events.iter().any(|event| event.contains("TransportMode")));
    pair.agree(0);
}

#[test]
fn rfc7296_2_23_behind_a_nat_everything_moves_to_port_4500_and_follows() {
    let mut pair = of(|_, _| {});
    pair.link.put_nat("192.0.2.1".parse().unwrap(), "198.51.100.1".parse().unwrap());
    pair.initiate(LEFT);
    pair.run(Duration::from_secs(5));
    let path = |end: usize| pair.ends[end].children.values().next().unwrap().path;
    assert_eq!((path(LEFT).carrier, path(LEFT).remote.port()), (Carrier::UdpEncapsulated, 4500));
    assert_eq!(path(RIGHT).remote.ip(), "198.51.100.1".parse::<core::net::IpAddr>().unwrap());
    assert_ne!(path(RIGHT).remote.port(), 4500);
    let before = path(RIGHT).remote;
    // Only the end behind the NAT keeps it open.
    pair.sent.clear();
    pair.run(Duration::from_secs(50));
    let keepalives = |from: &str| {
        pair.sent
            .iter()
            .filter(|sent| sent.contents == [0xff] && sent.path.local.ip().to_string() == from)
            .count()
    };
    assert!(keepalives("192.0.2.1") >= 2 && keepalives("192.0.2.2") == 0);
    // The NAT forgets; the next authentic message from inside tells right where left is now.
    pair.link.rebind_nat();
    rekey(&mut pair, LEFT);
    pair.run(Duration::from_secs(5));
    assert!(pair.ends[RIGHT].saw("PathChanged") && !pair.ends[LEFT].saw("PathChanged"));
    let child = pair.ends[RIGHT].children.values().next().unwrap();
    assert!(child.path.remote != before && pair.ends[RIGHT].ike.len() == 1);
}

#[test]
fn rfc7296_2_4_a_peer_that_is_gone_is_found_out() {
    let mut pair = of(|_, _| {});
    pair.establish();
    pair.link.conditions.loss = 100;
    pair.run(LONG);
    for end in &pair.ends {
        assert_eq!(end.closed, [CloseReason::Timeout(None)]);
        assert!(end.endpoint.is_empty() && end.children.is_empty());
    }
}

#[test]
fn rfc7296_2_4_a_living_peer_is_asked_now_and_then_and_stays() {
    let mut pair = of(|_, _| {});
    pair.establish();
    pair.sent.clear();
    pair.run(Duration::from_secs(3600));
    pair.agree(1);
    let asked = pair.sent.len();
    assert!((100..=300).contains(&asked), "{asked} datagrams in an hour");
    // Traffic makes asking needless.
    let (now, id) = (pair.now, pair.ends[LEFT].the_child());
    let (right, path) = (pair.ends[RIGHT].the_child(), pair.path(LEFT));
    pair.sent.clear();
    for minute in 0..60 {
        for second in [0, 20, 40] {
            let at = now + Duration::from_secs(60 * minute + second);
            pair.ends[LEFT].endpoint.note_received(at, id, path);
            let back = ipsec_types::Path { local: path.remote, remote: path.local, ..path };
            pair.ends[RIGHT].endpoint.note_received(at, right, back);
            pair.run(Duration::from_secs(20));
        }
    }
    assert!(pair.sent.is_empty());
}

#[test]
fn deleting_the_ike_sa_takes_everything_along() {
    let mut pair = of(|_, _| {});
    pair.establish();
    let (id, now) = (*pair.ends[LEFT].ike.iter().next().unwrap(), pair.now);
    pair.ends[LEFT].endpoint.delete(now, AnySaId::Ike(id)).unwrap();
    pair.run(Duration::from_secs(5));
    assert_eq!(pair.ends[LEFT].closed, [CloseReason::Deleted]);
    assert_eq!(pair.ends[RIGHT].closed, [CloseReason::DeletedByPeer]);
    assert!(pair.ends.iter().all(|end| end.endpoint.is_empty() && end.children.is_empty()));
    assert!(pair.ends[LEFT].endpoint.delete(now, AnySaId::Ike(id)).is_err());
}

#[test]
fn rfc7296_2_9_the_policy_that_takes_the_packet_goes_first() {
    let mut pair = of(|setup, left| {
        if !left {
            let narrow = |third: u8| {
                let local = network(&format!("10.2.{third}.0"), 24);
                policy(local, network("10.1.0.0", 16), vec![child_proposal(&[])])
            };
            setup.policies = vec![narrow(1), narrow(2)];
        }
    });
    let flow = FlowKey {
        source: "10.1.0.1".parse().unwrap(),
        destination: "10.2.2.5".parse().unwrap(),
        protocol: IpProtocol::UDP,
        ports: Ports::Ports { source: 7, destination: 9 },
    };
    let (path, now) = (pair.path(LEFT), pair.now);
    let end = &mut pair.ends[LEFT];
    let first = Acquire { policy: alloc::sync::Arc::clone(&end.policy), flow: Some(flow) };
    end.endpoint.initiate(now, path, common::PEER, first).unwrap();
    pair.run(Duration::from_secs(5));
    pair.agree(1);
    let child = pair.ends[LEFT].children.values().next().unwrap();
    assert!(child.selectors.matches(Direction::Outbound, &flow), "{:?}", child.selectors);
}

/// Left replaces 1 by 2 and its Delete of 1 is late; right replaces 2 by 3 meanwhile, and sends on 3.
fn late_delete(second_delete_first: bool) {
    let mut pair = of(|_, _| {});
    pair.establish();
    let one = pair.ends[RIGHT].the_child();
    rekey(&mut pair, LEFT);
    let request = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &request).unwrap();
    let response = pair.take(RIGHT).remove(0);
    pair.give(LEFT, &response).unwrap();
    let late = pair.take(LEFT).remove(0);
    let two = *pair.ends[RIGHT].children.keys().find(|id| **id != one).unwrap();
    let now = pair.now;
    pair.ends[RIGHT].endpoint.rekey(now, AnySaId::Child(two)).unwrap();
    let request = pair.take(RIGHT).remove(0);
    pair.give(LEFT, &request).unwrap();
    let response = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &response).unwrap();
    let three = pair.ends[RIGHT].sends_on.unwrap();
    assert!(three != one && three != two);
    if second_delete_first {
        let delete = pair.take(RIGHT).remove(0);
        pair.give(LEFT, &delete).unwrap();
        let response = pair.take(LEFT).remove(0);
        pair.give(RIGHT, &response).unwrap();
    }
    pair.give(RIGHT, &late).unwrap();
    assert_eq!(pair.ends[RIGHT].sends_on, Some(three));
    pair.run(Duration::from_secs(5));
    pair.agree(1);
}

#[test]
fn a_late_delete_moves_nothing_back() {
    late_delete(false);
    late_delete(true);
}

#[test]
fn what_is_to_be_deleted_is_not_replaced() {
    let mut pair = of(|_, _| {});
    pair.establish();
    // A liveness check is under way: the Delete has to wait.
    pair.now = pair.now + Duration::from_secs(61);
    let now = pair.now;
    pair.ends[LEFT].endpoint.handle_timeout(now);
    let (child, other) = (pair.ends[LEFT].the_child(), pair.ends[RIGHT].the_child());
    pair.ends[LEFT].endpoint.delete(now, AnySaId::Child(child)).unwrap();
    assert_eq!(pair.ends[LEFT].endpoint.rekey(now, AnySaId::Child(child)), Err(CommandError::State));
    pair.ends[RIGHT].endpoint.rekey(now, AnySaId::Child(other)).unwrap();
    pair.run(Duration::from_secs(30));
    pair.agree(0);
    // Deleted while our own rekey is under way: what takes its place goes as well.
    let mut pair = of(|_, _| {});
    pair.establish();
    rekey(&mut pair, LEFT);
    let (child, now) = (pair.ends[LEFT].the_child(), pair.now);
    pair.ends[LEFT].endpoint.delete(now, AnySaId::Child(child)).unwrap();
    pair.run(Duration::from_secs(30));
    pair.agree(0);
}

#[test]
fn strangers_push_nobodys_last_answer_out() {
    let mut pair = of(|_, _| {});
    pair.initiate(LEFT);
    let first = pair.take(LEFT).remove(0);
    pair.give(RIGHT, &first).unwrap();
    pair.run(Duration::from_secs(1));
    pair.agree(1);
    let (id, now) = (*pair.ends[LEFT].ike.iter().next().unwrap(), pair.now);
    pair.ends[LEFT].endpoint.delete(now, AnySaId::Ike(id)).unwrap();
    let delete = pair.take(LEFT).remove(0);
    for number in 0..80 {
        let mut stranger = first.clone();
        stranger.contents[0] ^= number + 1;
        pair.give(RIGHT, &stranger).unwrap();
    }
    pair.give(RIGHT, &delete).unwrap();
    pair.take(RIGHT);
    // The answer is lost; the strangers run out of time; the Delete comes again.
    pair.now = pair.now + Duration::from_secs(40);
    let now = pair.now;
    pair.ends[RIGHT].endpoint.handle_timeout(now);
    assert!(pair.ends[RIGHT].endpoint.is_empty());
    pair.give(RIGHT, &delete).unwrap();
    assert_eq!(pair.take(RIGHT).len(), 1, "the stored answer");
}

#[test]
fn intervals_of_no_time_are_refused() {
    let changes: [fn(&mut Config); 4] = [
        |config| config.liveness = Some(Duration::ZERO),
        |config| config.nat_keepalive = Some(Duration::ZERO),
        |config| config.retransmission.initial = Duration::ZERO,
        |config| config.retransmission.copies = 0,
    ];
    for change in changes {
        let mut config = Config::new(ipsec_sa_db::Pad::new());
        change(&mut config);
        let provider = ipsec_crypto_suite::rustcrypto::provider();
        let endpoint = Endpoint::new(alloc::sync::Arc::new(config), provider, Box::new(testkit::Seeded(1)));
        assert_eq!(endpoint.err(), Some(ConfigError::Intervals));
    }
}

#[test]
fn rfc7296_2_8_soft_limits_are_brought_forward_anew_for_each_sa() {
    let mut seen = alloc::collections::BTreeSet::new();
    for seed in 0..12 {
        let mut pair = Pair::new(seed, Conditions::default());
        pair.establish();
        for end in &pair.ends {
            let protect = end.policy.protect().unwrap();
            let least = protect.lifetimes.soft * u32::from(100 - protect.jitter) / 100;
            for sa in end.children.values() {
                assert_eq!(sa.lifetimes.hard, protect.lifetimes.hard);
                assert!((least..=protect.lifetimes.soft).contains(&sa.lifetimes.soft), "{:?}", sa.lifetimes);
                seen.insert(sa.lifetimes.soft);
            }
        }
    }
    assert!(seen.len() > 12, "of 24: {seen:?}");
}
