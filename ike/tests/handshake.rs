//! Handshakes of two endpoints, message by message and over an emulated link.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{LEFT, Pair, RIGHT};
use core::time::Duration;
use testkit::Conditions;

#[test]
fn two_round_trips_and_a_tunnel_stands() {
    let mut pair = Pair::new(1, Conditions::default());
    pair.initiate(LEFT);

    // left --- IKE_SA_INIT request ---> right
    let messages = pair.take(LEFT);
    assert_eq!(messages.len(), 1);
    pair.give(RIGHT, &messages[0]).unwrap();

    // left <--- IKE_SA_INIT response --- right
    let messages = pair.take(RIGHT);
    assert_eq!(messages.len(), 1);
    pair.give(LEFT, &messages[0]).unwrap();

    // left --- IKE_AUTH request ---> right
    let messages = pair.take(LEFT);
    assert_eq!(messages.len(), 1);
    pair.give(RIGHT, &messages[0]).unwrap();
    assert!(pair.ends[RIGHT].saw("IkeSaEstablished") && pair.ends[RIGHT].saw("ChildSaEstablished"));

    // left <--- IKE_AUTH response --- right
    let messages = pair.take(RIGHT);
    assert_eq!(messages.len(), 1);
    pair.give(LEFT, &messages[0]).unwrap();
    pair.agree(1);
    assert!(pair.take(LEFT).is_empty() && pair.take(RIGHT).is_empty());
}

#[test]
fn rekey_by_either_end() {
    for from in [LEFT, RIGHT] {
        let mut pair = Pair::new(1, Conditions::default());
        pair.establish();
        let old = pair.ends[from].the_child();
        let now = pair.now;
        pair.ends[from].endpoint.rekey(now, ipsec_ike::AnySaId::Child(old)).unwrap();
        pair.run(Duration::from_secs(5));
        pair.agree(1);
        assert_ne!(pair.ends[from].the_child(), old);
    }
}
