//! What policies say beyond selectors: interfaces, values from the packet, SAs that end unused.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{LEFT, Pair, RIGHT, TO_THE_RIGHT, fragment, packet, protect, to_left, to_right};
use core::time::Duration;
use ipsec::ip_packet::Packet;
use ipsec::sa_db::{
    Identity, InterfaceId, Lifetimes, Mark, Mode, Policy, PolicyAction, Populate, Scope, SelectorPair,
};
use ipsec::types::{Carrier, IpProtocol};
use ipsec::{DiscardReason, Incoming, Outgoing, Via};
use testkit::Parcel;

const TUNNEL: InterfaceId = InterfaceId(7);

/// Both ends protect all that is routed to an interface, and nothing else.
fn route_based() -> Pair {
    Pair::new(Mode::Tunnel, &|_, policies| {
        let policy = policies.last_mut().unwrap();
        policy.selectors = SelectorPair::any();
        policy.scope = Scope { interface: Some(TUNNEL), ..Scope::default() };
    })
}

fn send_via(pair: &mut Pair, from: usize, interface: Option<InterfaceId>, octets: &[u8]) -> Outgoing {
    send_by(pair, from, Via { interface, ..Via::default() }, octets)
}

fn send_by(pair: &mut Pair, from: usize, via: Via<'_>, octets: &[u8]) -> Outgoing {
    let mut buf = [&[0; 64][..], octets, &[0; 320]].concat();
    let mut packet = Packet::new(&mut buf, 64..64 + octets.len(), IpProtocol::IPV4).unwrap();
    let outgoing = pair.ends[from].handle_outbound_via(pair.now, via, &mut packet);
    if let Outgoing::Protected(path) = &outgoing {
        let parcel =
            Parcel { path: *path, esp: path.carrier == Carrier::Udp, contents: packet.data().to_vec() };
        pair.link.send(pair.now, parcel);
    }
    outgoing
}

#[test]
fn what_is_routed_to_an_interface_is_protected_whatever_its_addresses() {
    let mut pair = route_based();
    let first = packet([172, 16, 0, 1], [172, 17, 0, 1], b"one network");
    let second = packet([192, 168, 3, 1], [100, 64, 0, 1], b"another");
    for octets in [&first, &second] {
        // Not routed there, it is nobody's.
        let outgoing = send_via(&mut pair, LEFT, None, octets);
        assert!(matches!(outgoing, Outgoing::Discarded(DiscardReason::Policy)), "{outgoing:?}");
        let outgoing = send_via(&mut pair, LEFT, Some(InterfaceId(8)), octets);
        assert!(matches!(outgoing, Outgoing::Discarded(DiscardReason::Policy)), "{outgoing:?}");
    }
    assert!(matches!(send_via(&mut pair, LEFT, Some(TUNNEL), &first), Outgoing::Queued));
    pair.run(Duration::from_secs(1));
    assert!(matches!(send_via(&mut pair, LEFT, Some(TUNNEL), &second), Outgoing::Protected(_)));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT], [first, second]);
    assert_eq!(pair.count(LEFT, "ChildSaEstablished"), 1, "one SA pair carries both");
    assert_eq!(pair.ends[LEFT].len(), (1, 2));
}

#[test]
fn a_rekey_of_an_interface_breaks_nothing() {
    let mut pair = route_based();
    let one = packet([172, 16, 0, 1], [172, 17, 0, 1], b"before");
    send_via(&mut pair, LEFT, Some(TUNNEL), &one);
    pair.run(Duration::from_secs(1));
    let (now, child) = (pair.now, pair.newest(LEFT));
    pair.ends[LEFT].rekey(now, child).unwrap();
    for _ in 0..20 {
        assert!(matches!(send_via(&mut pair, LEFT, Some(TUNNEL), &one), Outgoing::Protected(_)));
        assert!(matches!(send_via(&mut pair, RIGHT, Some(TUNNEL), &one), Outgoing::Protected(_)));
        pair.run(Duration::from_millis(3));
    }
    pair.run(Duration::from_secs(1));
    assert_eq!((pair.delivered[RIGHT].len(), pair.delivered[LEFT].len()), (21, 20));
    assert!(pair.discarded.is_empty(), "{:?}", pair.discarded);
    assert_eq!(pair.ends[LEFT].len(), (1, 2));
}

#[test]
fn rfc4301_4_4_1_2_each_flow_has_its_own_sa_where_the_policy_says_so() {
    let hosts = Populate { local_address: true, remote_address: true, ..Populate::NOTHING };
    let mut pair = Pair::new(Mode::Tunnel, &|_, policies| protect(policies).populate = hosts);
    let to = |last: u8| packet([10, 1, 0, 1], [10, 2, 0, last], b"x");
    // The second flow waits for the first, and then has IKE make one of its own.
    for last in [1, 2, 1] {
        assert!(matches!(pair.send(LEFT, &to(last)), Outgoing::Queued));
    }
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.delivered[RIGHT].len(), 3);
    assert_eq!(pair.count(LEFT, "ChildSaEstablished"), 2);
    assert_eq!(pair.count(LEFT, "AcquireFailed"), 0);
    for last in [2, 1] {
        assert!(matches!(pair.send(LEFT, &to(last)), Outgoing::Protected(_)));
    }
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT].len(), 5);
}

#[test]
fn an_sa_that_took_no_packet_ends_and_comes_back_on_demand() {
    let seconds = Duration::from_secs;
    let mut pair = Pair::each(&|protect| {
        protect.renew_unused = false;
        protect.jitter = 0;
        protect.lifetimes = Lifetimes { soft: seconds(100), hard: seconds(200), idle: None };
    });
    pair.send(LEFT, &to_right(0));
    pair.run(seconds(50));
    assert_eq!(pair.delivered[RIGHT].len(), 1);
    // It was used, so it is replaced; its successor is not, and goes.
    pair.run(seconds(75));
    assert_eq!((pair.count(LEFT, "OutboundMoved") + pair.count(RIGHT, "OutboundMoved")).min(1), 1);
    assert_ne!(pair.ends[LEFT].len(), (0, 0));
    pair.run(seconds(150));
    assert_eq!((pair.ends[LEFT].len(), pair.ends[RIGHT].len()), ((0, 0), (0, 0)));
    pair.send(LEFT, &to_right(1));
    pair.run(seconds(1));
    assert_eq!(pair.delivered[RIGHT], [to_right(0), to_right(1)]);
    pair.send(RIGHT, &to_left(2));
    pair.run(seconds(1));
    assert_eq!(pair.delivered[LEFT], [to_left(2)]);
}

#[test]
fn what_came_out_of_an_interface_says_so() {
    let mut pair = route_based();
    let one = packet([172, 16, 0, 1], [172, 17, 0, 1], b"x");
    send_via(&mut pair, LEFT, Some(TUNNEL), &one);
    pair.run(Duration::from_secs(1));
    send_via(&mut pair, LEFT, Some(TUNNEL), &one);
    pair.now = pair.now + Duration::from_millis(100);
    let now = pair.now;
    let parcel = pair.link.receive(now).unwrap();
    let incoming = pair.arrive(&parcel);
    assert!(matches!(incoming, Incoming::DeliveredFrom(TUNNEL)), "{incoming:?}");
}

#[test]
fn rfc4301_4_4_1_1_policies_of_names_and_marks_take_what_has_them() {
    let [ann, bob] = ["ann", "bob"].map(Identity::fqdn);
    let named = Scope { names: vec![ann.clone()], ..Scope::default() };
    let marked = Scope { mark: Some(Mark::exactly(5)), ..Scope::default() };
    let of = |name| Via { name: Some(name), ..Via::default() };
    let with = |mark| Via { mark, ..Via::default() };
    for (scope, own, others) in
        [(named, of(&ann), [of(&bob), with(0)]), (marked, with(5), [with(4), with(0)])]
    {
        let mut pair =
            Pair::new(Mode::Tunnel, &|_, policies| policies.last_mut().unwrap().scope = scope.clone());
        for other in others {
            let outgoing = send_by(&mut pair, LEFT, other, &to_right(0));
            assert!(
                matches!(outgoing, Outgoing::Discarded(DiscardReason::Policy)),
                "{other:?}: {outgoing:?}"
            );
        }
        assert!(matches!(send_by(&mut pair, LEFT, own, &to_right(1)), Outgoing::Queued));
        pair.run(Duration::from_secs(1));
        assert!(matches!(send_by(&mut pair, LEFT, own, &to_right(2)), Outgoing::Protected(_)));
        for other in others {
            let outgoing = send_by(&mut pair, LEFT, other, &to_right(3));
            assert!(
                matches!(outgoing, Outgoing::Discarded(DiscardReason::Policy)),
                "{other:?}: {outgoing:?}"
            );
        }
        pair.run(Duration::from_secs(1));
        // What the SA brings is of those that its policy is for.
        assert_eq!(pair.delivered[RIGHT], [to_right(1), to_right(2)], "{:?}", pair.discarded);
    }
}

#[test]
fn a_policy_has_no_more_sas_than_it_may() {
    let hosts = Populate { remote_address: true, ..Populate::NOTHING };
    let mut pair = Pair::new(Mode::Tunnel, &|_, policies| protect(policies).populate = hosts);
    let to = |last: u8| packet([10, 1, 0, 1], [10, 2, 0, last], b"x");
    for last in 1..=16 {
        assert!(matches!(pair.send(LEFT, &to(last)), Outgoing::Queued), "{last}");
        pair.run(Duration::from_secs(1));
    }
    assert_eq!((pair.count(LEFT, "ChildSaEstablished"), pair.delivered[RIGHT].len()), (16, 16));
    let outgoing = pair.send(LEFT, &to(17));
    assert!(matches!(outgoing, Outgoing::Discarded(DiscardReason::TooManySas)), "{outgoing:?}");
    assert!(matches!(pair.send(LEFT, &to(3)), Outgoing::Protected(_)));
}

#[test]
fn pd_02_a_later_fragment_of_one_name_does_not_follow_the_first_of_another() {
    let [ann, bob] = ["ann", "bob"].map(Identity::fqdn);
    let scope = Scope { names: vec![ann.clone()], ..Scope::default() };
    let mut pair = Pair::new(Mode::Tunnel, &|_, policies| {
        let bypass = Policy::new(SelectorPair::any(), PolicyAction::Bypass);
        policies.insert(0, Policy { scope: scope.clone(), ..bypass });
    });
    let mut send = |name, offset| {
        let octets = fragment(TO_THE_RIGHT, 17, 7, 9, offset, offset == 0);
        send_by(&mut pair, LEFT, Via { name: Some(name), ..Via::default() }, &octets)
    };
    assert!(matches!(send(&ann, 0), Outgoing::Bypass));
    assert!(matches!(send(&ann, 16), Outgoing::Bypass));
    assert!(matches!(send(&bob, 16), Outgoing::Queued), "protected once there is an SA");
}
