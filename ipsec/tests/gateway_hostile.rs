//! Two gateways: peers and clocks that are not as one would wish.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{LEFT, Pair, RIGHT, packet, protect, selector, to_left, to_right};
use core::time::Duration;
use ipsec::crypto_suite::{AeadId, Protection, rustcrypto};
use ipsec::ike::{AnySaId, Config};
use ipsec::sa_db::{
    Lifetimes, Mode, Pad, PeerId, Policy, PolicyAction, ProtocolSuite, SelectorPair, Volume, VolumeLimits,
};
use ipsec::types::Instant;
use ipsec::{Gateway, GatewayConfig, Outgoing};
use testkit::Seeded;

#[test]
fn the_packet_that_waited_goes_out_as_esp_in_transport_mode() {
    let mut pair = Pair::new(Mode::Transport, &|_, _| {});
    let packet = packet([192, 0, 2, 1], [192, 0, 2, 2], b"between hosts");
    assert!(matches!(pair.send(LEFT, &packet), Outgoing::Queued));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.delivered[RIGHT].len(), 1);
}

#[test]
fn a_flow_that_the_peer_does_not_take_makes_no_sas_without_end() {
    let mut pair = Pair::new(Mode::Tunnel, &|end, policies| {
        if end == RIGHT {
            policies.last_mut().unwrap().selectors.local = selector("10.2.0.0", 24).into();
        }
    });
    for _ in 0..50 {
        pair.send(LEFT, &packet([10, 1, 0, 1], [10, 2, 5, 1], b"x"));
        pair.run(Duration::from_secs(1));
    }
    pair.run(Duration::from_secs(3000));
    assert!(pair.ends[LEFT].len().0 <= 4, "{:?}", pair.ends[LEFT].len());
}

#[test]
fn no_common_proposal_makes_no_sas_without_end() {
    let mut pair = Pair::new(Mode::Tunnel, &|end, policies| {
        if end == RIGHT {
            protect(policies).proposals[0].suite = ProtocolSuite::Esp(Protection::Aead(AeadId::Aes256Gcm16));
        }
    });
    for _ in 0..50 {
        pair.send(LEFT, &to_right(1));
        pair.run(Duration::from_secs(1));
    }
    pair.run(Duration::from_secs(3000));
    assert!(pair.ends[LEFT].len().0 <= 1);
}

struct Repeats(u32);
impl ipsec::crypto_suite::SecureRandom for Repeats {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), ipsec::crypto_suite::CryptoError> {
        self.0 += 1;
        assert!(self.0 < 1_000_000, "a million draws: this never ends");
        if self.0 > 3 {
            return Err(ipsec::crypto_suite::CryptoError::Randomness);
        }
        out.fill(u8::try_from(self.0).unwrap());
        Ok(())
    }
}

#[test]
fn e2_33_a_source_of_randomness_that_fails_ends_no_loop() {
    let config = GatewayConfig::new(Config::new(Pad::new()), Vec::new(), Vec::new());
    let _ = Gateway::new(config, rustcrypto::provider(), Box::new(Seeded(1)), Box::new(Repeats(0)));
}

#[test]
fn pd_03_a_late_timer_lets_no_sa_be_used_past_its_limit() {
    let mut pair = Pair::new(Mode::Tunnel, &|_, _| {});
    pair.send(LEFT, &to_right(0));
    pair.run(Duration::from_secs(1));
    pair.now = pair.now + Duration::from_secs(100_000);
    let outgoing = pair.send(LEFT, &to_right(1));
    assert!(!matches!(outgoing, Outgoing::Protected(_)), "{outgoing:?}");
}

#[test]
fn rfc4301_5_2_an_earlier_policy_discards_what_was_opened() {
    let mut pair = Pair::new(Mode::Tunnel, &|end, policies| {
        if end == RIGHT {
            let selectors = SelectorPair {
                local: selector("10.2.0.0", 16).into(),
                remote: selector("10.1.9.0", 24).into(),
            };
            policies.insert(0, Policy::new(selectors, PolicyAction::Discard));
        }
    });
    pair.send(LEFT, &packet([10, 1, 9, 1], [10, 2, 0, 1], b"x"));
    pair.run(Duration::from_secs(1));
    assert!(pair.delivered[RIGHT].is_empty(), "{} delivered", pair.delivered[RIGHT].len());
}

#[test]
fn pd_03_hard_limits_before_the_rekey_is_done_make_no_sas_without_end() {
    let mut pair = Pair::new(Mode::Tunnel, &|_, policies| {
        let volume = |packets| Volume { octets: u64::MAX, packets };
        protect(policies).limits = VolumeLimits { soft: volume(30), hard: volume(40) };
    });
    for _ in 0..60 {
        for _ in 0..45 {
            pair.send(LEFT, &to_right(1));
        }
        pair.run(Duration::from_secs(1));
    }
    pair.run(Duration::from_secs(5));
    assert!(pair.ends[LEFT].len().0 <= 2);
}

#[test]
fn a_late_delete_leaves_the_newest_sa_in_use() {
    let mut pair = Pair::new(Mode::Tunnel, &|_, _| {});
    pair.send(LEFT, &to_right(0));
    pair.run(Duration::from_secs(1));
    let one = pair.newest(LEFT);
    pair.ends[LEFT].rekey(pair.now, one).unwrap();
    pair.cross(LEFT);
    pair.cross(RIGHT);
    let late = pair.take(LEFT); // Delete of 1
    let two = pair.newest(RIGHT);
    pair.ends[RIGHT].rekey(pair.now, two).unwrap();
    pair.cross(RIGHT);
    pair.cross(LEFT);
    for parcel in late {
        pair.arrive(&parcel);
    }
    pair.run(Duration::from_secs(5));
    let outgoing = pair.send(RIGHT, &to_left(1));
    assert!(matches!(outgoing, Outgoing::Protected(_)), "{outgoing:?}");
}

#[test]
fn pd_03_the_clock_of_a_replaced_sa_starts_when_it_is_made() {
    let seconds = Duration::from_secs;
    let mut pair = Pair::new(Mode::Tunnel, &|_, policies| {
        protect(policies).lifetimes = Lifetimes { soft: seconds(1000), hard: seconds(1500), idle: None };
    });
    pair.send(LEFT, &to_right(0));
    pair.run(seconds(1));
    let one = pair.newest(LEFT);
    pair.ends[LEFT].rekey(pair.now, one).unwrap();
    pair.cross(LEFT);
    pair.cross(RIGHT); // SA 2 is made at t = 1 s
    let late = pair.take(LEFT);
    pair.now = Instant::EPOCH + seconds(300);
    for parcel in late {
        pair.arrive(&parcel);
    } // a copy of the Delete that was on the way for long
    pair.take(RIGHT);
    pair.link.conditions.loss = 100;
    for at in [1000, 1100, 1200, 1300, 1400, 1500, 1502] {
        pair.now = Instant::EPOCH + seconds(at);
        pair.ends[RIGHT].handle_timeout(pair.now);
        pair.take(RIGHT);
    }
    let outgoing = pair.send(RIGHT, &to_left(1));
    assert!(!matches!(outgoing, Outgoing::Protected(_)), "{outgoing:?}");
}

/// A second peer's wide SA is used to inject packets of the first peer's network.
#[test]
fn rfc4301_5_2_a_peer_sends_nothing_of_another_peers_network() {
    let mut pair = Pair::new(Mode::Tunnel, &|end, policies| {
        if end == RIGHT {
            // 10.1.9.0/24 is behind peer 2 (which is not here); peer 1 has the rest.
            let mut first = policies.last().unwrap().clone();
            first.selectors.remote = selector("10.1.9.0", 24).into();
            if let PolicyAction::Protect(p) = &mut first.action {
                p.peer = PeerId(2);
            }
            policies.insert(0, first);
        }
    });
    pair.send(LEFT, &packet([10, 1, 9, 1], [10, 2, 0, 1], b"x"));
    pair.run(Duration::from_secs(1));
    assert!(pair.delivered[RIGHT].is_empty(), "{} delivered", pair.delivered[RIGHT].len());
}

#[test]
fn a_peer_that_deletes_each_child_sa_leaves_no_ike_sas_behind() {
    let mut pair = Pair::new(Mode::Tunnel, &|_, _| {});
    for _ in 0..30 {
        pair.send(LEFT, &to_right(1));
        pair.run(Duration::from_secs(1));
        let child = pair.newest(RIGHT);
        pair.ends[RIGHT].delete(pair.now, AnySaId::Child(child)).unwrap();
        pair.run(Duration::from_secs(1));
    }
    assert!(pair.ends[LEFT].len().0 <= 2);
}
