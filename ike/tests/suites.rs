//! Every algorithm of the provider between two endpoints, and what happens where one side lacks it.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

extern crate alloc;

mod common;

use common::{LEFT, Pair, RIGHT, Setup, child_proposal};
use core::time::Duration;
use ikev2_wire::NotifyType;
use ipsec_crypto_suite::{CryptoProvider, KexId, PrfId, Protection, rustcrypto::provider};
use ipsec_ike::{CloseReason, Config, ConfigError, Endpoint, IkeProposal};
use testkit::{Conditions, Seeded};

const LONG: Duration = Duration::from_secs(1200);

/// Every protection that the provider has for packets.
fn protections() -> Vec<Protection> {
    let provider = provider();
    let macs: Vec<_> = provider.macs.iter().map(|mac| mac.id()).collect();
    let composed = provider.ciphers.iter().flat_map(|cipher| {
        let id = cipher.id();
        macs.iter().filter_map(move |mac| Protection::composed(id, *mac))
    });
    provider.aeads.iter().map(|aead| Protection::Aead(aead.id())).chain(composed).collect()
}

fn proposals() -> Vec<IkeProposal> {
    let provider = provider();
    let of = |protection, prf, kex| IkeProposal { protection, prfs: vec![prf], key_exchanges: vec![kex] };
    let usual = (common::GCM, PrfId::HmacSha2_256, KexId::Curve25519);
    let for_ike = protections().into_iter().filter(|protection| protection.is_for_ike());
    let mut all: Vec<_> = for_ike.map(|protection| of(protection, usual.1, usual.2)).collect();
    all.extend(provider.prfs.iter().map(|prf| of(usual.0, prf.id(), usual.2)));
    all.extend(provider.key_exchanges.iter().map(|kex| of(usual.0, usual.1, kex.id())));
    all
}

fn setup(left: bool, proposal: &IkeProposal, provider: CryptoProvider) -> Setup {
    Setup { ike_proposals: vec![proposal.clone()], provider, ..Setup::new(left) }
}

#[test]
fn every_algorithm_of_ike_makes_an_sa() {
    for proposal in proposals() {
        let ends = [true, false].map(|left| setup(left, &proposal, provider()));
        let [left, right] = ends;
        let mut pair = Pair::of(1, Conditions::default(), left, right);
        pair.initiate(LEFT);
        pair.run(Duration::from_secs(5));
        assert!(pair.ends[LEFT].saw("ChildSaEstablished"), "{proposal:?}: {:?}", pair.ends[LEFT].events);
        pair.agree(1);
    }
}

#[test]
fn every_algorithm_of_esp_makes_a_child_sa_with_the_same_keys() {
    for protection in protections() {
        let of = |left| {
            let mut setup = Setup::new(left);
            setup.protect().proposals[0].suite = ipsec_sa_db::ProtocolSuite::Esp(protection);
            setup
        };
        let mut pair = Pair::of(1, Conditions::default(), of(true), of(false));
        pair.establish();
        let keys = |end: usize, inbound: bool| {
            let child = pair.ends[end].children.values().next().unwrap();
            let half = if inbound { &child.inbound } else { &child.outbound };
            let octets = |secret: &Option<ipsec_crypto_suite::Secret>| {
                secret.as_ref().map(|secret| secret.expose().to_vec()).unwrap_or_default()
            };
            (octets(&half.encryption), octets(&half.integrity))
        };
        assert_eq!(keys(LEFT, true), keys(RIGHT, false), "{protection}");
        assert_eq!(keys(LEFT, false), keys(RIGHT, true), "{protection}");
        assert_eq!(keys(LEFT, true).0.len(), protection.encryption_key_len());
        assert_eq!(keys(LEFT, true).1.len(), protection.integrity_key_len());
    }
}

/// The provider without what a proposal needs and the usual one does not.
fn without(proposal: &IkeProposal) -> Option<CryptoProvider> {
    let mut subset = provider();
    let (prf, kex) = (proposal.prfs[0], proposal.key_exchanges[0]);
    if proposal.protection != common::GCM {
        match proposal.protection {
            Protection::Aead(id) => subset.aeads.to_mut().retain(|entry| entry.id() != id),
            Protection::Composed { cipher, mac } => {
                subset.ciphers.to_mut().retain(|entry| entry.id() != cipher);
                subset.macs.to_mut().retain(|entry| entry.id() != mac);
            }
        }
    } else if prf != PrfId::HmacSha2_256 {
        subset.prfs.to_mut().retain(|entry| entry.id() != prf);
    } else if kex != KexId::Curve25519 {
        subset.key_exchanges.to_mut().retain(|entry| entry.id() != kex);
    } else {
        return None;
    }
    Some(subset)
}

/// A backend without one algorithm, each in turn, cannot be told to use it, and refuses a peer that offers nothing else.
#[test]
fn cr_06_what_is_missing_is_not_offered_and_not_chosen() {
    let usual = &Setup::new(true).ike_proposals[0];
    let mut run = 0;
    for proposal in proposals() {
        let Some(subset) = without(&proposal) else { continue };
        let config = {
            let pad = ipsec_sa_db::Pad::new();
            Config { ike_proposals: vec![proposal.clone()], ..Config::new(pad) }
        };
        let refused = Endpoint::new(alloc::sync::Arc::new(config), subset.clone(), Box::new(Seeded(1)));
        assert_eq!(refused.err(), Some(ConfigError::Unsupported), "{proposal:?}");

        let (left, right) = (setup(true, &proposal, provider()), setup(false, usual, subset));
        let mut pair = Pair::of(1, Conditions::default(), left, right);
        pair.initiate(LEFT);
        pair.run(LONG);
        let expected = CloseReason::Timeout(Some(NotifyType::NO_PROPOSAL_CHOSEN));
        assert_eq!(pair.ends[LEFT].closed, [expected], "{proposal:?}");
        assert!(pair.ends[RIGHT].ike.is_empty(), "{proposal:?}");
        run += 1;
    }
    assert!(run >= 70, "{run} proposals");
    // The same for a Child SA.
    let mut right = Setup::new(false);
    right.provider.aeads.to_mut().retain(|entry| entry.id() != ipsec_crypto_suite::AeadId::Aes256Gcm16);
    let mut left = Setup::new(true);
    left.policies[0] = common::policy(
        common::network("10.1.0.0", 16),
        common::network("10.2.0.0", 16),
        vec![ipsec_sa_db::ChildProposal {
            suite: ipsec_sa_db::ProtocolSuite::Esp(Protection::Aead(ipsec_crypto_suite::AeadId::Aes256Gcm16)),
            ..child_proposal(&[])
        }],
    );
    let mut pair = Pair::of(1, Conditions::default(), left, right);
    pair.initiate(LEFT);
    pair.run(Duration::from_secs(5));
    pair.agree(0);
    assert!(pair.ends[LEFT].events.iter().any(|event| event.contains("NO_PROPOSAL_CHOSEN")));
}
