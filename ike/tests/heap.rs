//! PD-08, RFC 7296 §2.12: memory that is given back holds no key.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{LEFT, Pair, RIGHT, Setup};
use core::time::Duration;
use ipsec_ike::AnySaId;
use testkit::{Conditions, ScanningAllocator, secrets_left_in_freed_memory};

#[global_allocator]
static ALLOCATOR: ScanningAllocator = ScanningAllocator;

const PSK: &[u8] = b"a pre-shared key of both ends";

/// Everything an SA goes through, and its end. With `spied` the keys are noted; both runs make the same ones.
fn life(spied: bool) -> Vec<Vec<u8>> {
    let setup = |left| {
        let mut setup = Setup::new(left);
        setup.psk = PSK.to_vec();
        if !spied {
            setup.change = |config| config.key_log = None;
        }
        setup
    };
    let mut pair = Pair::of(1, Conditions::default(), setup(true), setup(false));
    let mut keys = vec![PSK.to_vec()];
    pair.establish_unchecked();
    let note = |pair: &Pair, keys: &mut Vec<Vec<u8>>| {
        if spied {
            for sa in pair.ends[LEFT].children.values() {
                for half in [&sa.inbound, &sa.outbound] {
                    keys.push(half.encryption.as_ref().unwrap().expose().to_vec());
                }
            }
        }
    };
    note(&pair, &mut keys);
    let (child, now) = (pair.ends[RIGHT].the_child(), pair.now);
    pair.ends[RIGHT].endpoint.rekey(now, AnySaId::Child(child)).unwrap();
    pair.run_unchecked(Duration::from_secs(5));
    note(&pair, &mut keys);
    let (id, now) = (*pair.ends[LEFT].ike.iter().next().unwrap(), pair.now);
    pair.ends[LEFT].endpoint.delete(now, AnySaId::Ike(id)).unwrap();
    pair.run_unchecked(Duration::from_secs(5));
    assert!(pair.ends.iter().all(|end| end.endpoint.is_empty()));
    if spied {
        keys.extend(pair.ends[LEFT].spy.all());
    }
    keys
}

#[test]
fn pd_08_memory_that_is_given_back_holds_no_key() {
    let keys = life(true);
    assert!(keys.len() >= 7, "the pre-shared key, keys of the IKE SA and of two Child SAs: {}", keys.len());
    // The configuration of the test itself holds the pre-shared key in the open.
    let found = secrets_left_in_freed_memory(&keys[1..], || drop(life(false)));
    assert_eq!(found, 0);
}

#[test]
fn the_scan_finds_what_is_left() {
    let secret = vec![7, 1, 2, 3, 4, 5, 6, 7, 8];
    assert_eq!(secrets_left_in_freed_memory(core::slice::from_ref(&secret), || drop(Box::new([0u8; 64]))), 0);
    let mut left = [0u8; 64];
    left[20..29].copy_from_slice(&secret);
    assert_eq!(secrets_left_in_freed_memory(&[secret], || drop(Box::new(left))), 1);
}
