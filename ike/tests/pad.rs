//! What the PAD says about peers: patterns, keys by identity, and what is refused with the configuration.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use alloc::sync::Arc;
use common::{LEFT, PEER, Pair, RIGHT, Setup, child_proposal, network, policy};
use core::net::SocketAddr;
use core::time::Duration;
use ipsec_crypto_suite::{MacId, Secret, rustcrypto};
use ipsec_ike::{Acquire, CloseReason, CommandError, Config, ConfigError, Endpoint};
use ipsec_sa_db::{
    Authentication, Bundle, Identity, IdentityPattern, Layer, MemoryCredentials, MemoryPskStore, Mode, Pad,
    PadEntry, Policy, PolicyAction, PortRange, ProtocolSuite, Selector,
};
use ipsec_types::{Carrier, Instant, IpProtocol, Path};
use testkit::{Conditions, Seeded};

fn pair(left: fn(&mut Config), right: fn(&mut Config)) -> Pair {
    pair_with(left, right, b"of both ends")
}

fn pair_with(left: fn(&mut Config), right: fn(&mut Config), key: &[u8]) -> Pair {
    let setup = |is_left, change| Setup { change, psk: key.to_vec(), ..Setup::new(is_left) };
    Pair::of(1, Conditions::default(), setup(true, left), setup(false, right))
}

fn attempt(pair: &mut Pair) {
    pair.initiate(LEFT);
    pair.run(Duration::from_secs(5));
}

fn entry(config: &mut Config) -> &mut PadEntry {
    config.pad.get_mut(PEER).unwrap()
}

fn anybody_below(config: &mut Config) {
    entry(config).remote = IdentityPattern::below_domain("example");
}

/// Keys by identity, of which none is left.example's.
fn store_without_left(config: &mut Config) {
    let mut store = MemoryPskStore::default();
    let [we, ann] = ["right.example", "ann.example"].map(Identity::fqdn);
    store.insert(we, ann, Secret::copy_from(b"of both ends"));
    entry(config).remote = IdentityPattern::Any;
    entry(config).authentication = Authentication::PreSharedKeys(Arc::new(store));
}

fn store_with_left(config: &mut Config) {
    let mut store = MemoryPskStore::default();
    let [we, they] = ["right.example", "left.example"].map(Identity::fqdn);
    store.insert(we, they, Secret::copy_from(b"of both ends"));
    entry(config).remote = IdentityPattern::Any;
    entry(config).authentication = Authentication::PreSharedKeys(Arc::new(store));
}

#[test]
fn a_pattern_lets_its_peers_in_and_no_others() {
    pair(|_| {}, anybody_below).establish();
    let mut strangers = pair(|_| {}, |config| entry(config).remote = IdentityPattern::below_domain("other"));
    attempt(&mut strangers);
    assert_eq!(strangers.ends[LEFT].closed, [CloseReason::AuthenticationFailed]);
    assert!(strangers.ends[RIGHT].children.is_empty());
}

#[test]
fn an_initiator_with_a_pattern_takes_whoever_answers_within_it() {
    pair(anybody_below, |_| {}).establish();
    let mut other = pair(|config| entry(config).remote = IdentityPattern::below_domain("other"), |_| {});
    attempt(&mut other);
    assert_eq!(other.ends[LEFT].closed, [CloseReason::AuthenticationFailed]);
}

#[test]
fn keys_are_found_by_identity_and_a_peer_without_one_stays_out() {
    pair(|_| {}, store_with_left).establish();
    // With the key of another, and with the one that takes the place of none.
    for key in [&b"of both ends"[..], &[0; 32]] {
        let mut pair = pair_with(|_| {}, store_without_left, key);
        attempt(&mut pair);
        assert_eq!(pair.ends[LEFT].closed, [CloseReason::AuthenticationFailed]);
        assert!(pair.ends[RIGHT].children.is_empty());
    }
}

fn refused(change: impl FnOnce(&mut PadEntry, &mut Policy)) -> Option<ConfigError> {
    let mut own = policy(network("10.1.0.0", 16), network("10.2.0.0", 16), vec![child_proposal(&[])]);
    let key = Authentication::PreSharedKey(Secret::copy_from(b"key"));
    let mut entry = PadEntry::new(PEER, Identity::fqdn("a"), Identity::fqdn("b"), key);
    change(&mut entry, &mut own);
    entry.children = vec![Arc::new(own)];
    let mut pad = Pad::new();
    pad.insert(entry).unwrap();
    Endpoint::new(Arc::new(Config::new(pad)), rustcrypto::provider(), Box::new(Seeded(1))).err()
}

#[test]
fn what_there_is_no_code_for_is_refused_with_the_configuration() {
    assert_eq!(refused(|_, _| {}), None);
    let methods = [
        Authentication::Certificate(vec![Box::from(*b"an anchor")]),
        Authentication::Eap { identity: None },
        Authentication::RawPublicKey(Box::from(*b"a key")),
        Authentication::Null,
    ];
    for method in methods {
        assert_eq!(refused(|entry, _| entry.authentication = method), Some(ConfigError::Authentication));
    }
    let own = Arc::new(MemoryCredentials::default());
    assert_eq!(refused(|entry, _| entry.credentials = Some(own)), Some(ConfigError::Authentication));
    let bundled = refused(|_, policy| {
        if let PolicyAction::Protect(protect) = &mut policy.action {
            protect.outer =
                Bundle::new(vec![Layer::ah(PEER, Mode::Transport, MacId::HmacSha2_256_128)]).unwrap();
        }
    });
    assert_eq!(bundled, Some(ConfigError::Bundle));
    let only_ah = refused(|_, policy| *policy = with_ah(policy));
    assert_eq!(only_ah, Some(ConfigError::Ah));
    let beyond = refused(|entry, _| entry.asserts = Some(network("10.2.0.0", 17).into()));
    assert_eq!(beyond, Some(ConfigError::Asserted));
    assert_eq!(refused(|entry, _| entry.asserts = Some(network("10.2.0.0", 15).into())), None);
}

/// The policy, for SAs of AH.
fn with_ah(policy: &Policy) -> Policy {
    let mut protect = policy.protect().unwrap().clone();
    protect.proposals[0].suite = ProtocolSuite::Ah(MacId::HmacSha2_256_128);
    Policy { action: PolicyAction::Protect(protect), ..policy.clone() }
}

#[test]
fn nothing_is_initiated_for_a_policy_that_the_configuration_could_not_have() {
    let own = policy(network("10.1.0.0", 16), network("10.2.0.0", 16), vec![child_proposal(&[])]);
    let key = Authentication::PreSharedKey(Secret::copy_from(b"key"));
    let mut pad = Pad::new();
    pad.insert(PadEntry::new(PEER, Identity::fqdn("a"), Identity::fqdn("b"), key)).unwrap();
    let mut endpoint =
        Endpoint::new(Arc::new(Config::new(pad)), rustcrypto::provider(), Box::new(Seeded(1))).unwrap();
    let [local, remote] = [("192.0.2.1", 500), ("192.0.2.2", 500)]
        .map(|(address, port)| SocketAddr::new(address.parse().unwrap(), port));
    let path = Path { local, remote, carrier: Carrier::Udp };
    let mut initiate = |policy| {
        let first = Acquire { policy: Arc::new(policy), flow: None };
        endpoint.initiate(Instant::EPOCH, path, PEER, first).unwrap_err()
    };
    // There is no inbound SPI to offer, which is looked for last.
    assert_eq!(initiate(own.clone()), CommandError::NoSpi);
    assert_eq!(initiate(with_ah(&own)), CommandError::Policy);
    let port = Selector { ports: PortRange::new(53, 53).unwrap(), ..network("10.1.0.0", 16) };
    assert_eq!(initiate(policy(port, port, vec![child_proposal(&[])])), CommandError::Policy);
    assert_eq!(
        initiate(policy(network("10.1.0.0", 16), network("10.2.0.0", 16), Vec::new())),
        CommandError::Policy
    );
    assert_eq!(initiate(Policy { action: PolicyAction::Bypass, ..own }), CommandError::Policy);
}

#[test]
fn rfc4301_7_1_selectors_that_ike_has_no_words_for_are_refused_with_the_configuration() {
    let with = |protocol: Option<u8>, ports, local: bool| {
        refused(|_, policy| {
            let end = if local { &mut policy.selectors.local } else { &mut policy.selectors.remote };
            let protocol = protocol.map(IpProtocol);
            *end = Selector { protocol, ports, ..end.as_slice()[0] }.into();
        })
    };
    let port = PortRange::new(53, 53).unwrap();
    for local in [true, false] {
        // Protocol 0 would be any, and so is a port of any protocol.
        assert_eq!(with(Some(0), PortRange::Any, local), Some(ConfigError::Selectors));
        assert_eq!(with(None, port, local), Some(ConfigError::Selectors));
        assert_eq!(with(None, PortRange::Opaque, local), Some(ConfigError::Selectors));
        for (protocol, ports) in [
            (None, PortRange::Any),
            (Some(17), port),
            (Some(17), PortRange::Opaque),
            (Some(255), PortRange::Any),
        ] {
            assert_eq!(with(protocol, ports, local), None, "{protocol:?} {ports:?}");
        }
    }
}
