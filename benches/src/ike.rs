//! The IKE endpoint: whole handshakes of two endpoints in memory.

use crate::{Figure, wanted};
use core::time::Duration;
use ipsec::crypto_suite::{AeadId, KexId, PrfId, Protection, Secret, rustcrypto};
use ipsec::ike::{Acquire, Config, Endpoint, Event, IkeProposal, SaProtocol};
use ipsec::sa_db::{
    Authentication, ChildProposal, Identity, Pad, PadEntry, PeerId, Policy, PolicyAction, Protect,
    SelectorPair,
};
use ipsec::types::{Carrier, Instant, Path, Spi};
use std::sync::Arc;
use testkit::Seeded;

const PEER: PeerId = PeerId(1);

/// Handshakes in one round; the shortest of all rounds counts.
const HANDSHAKES: u32 = 20;
const ROUNDS: u32 = 31;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let name = "ike.v2.psk_handshakes_per_s";
    if wanted(prefix, name) {
        figures.push(Figure { name: name.to_owned(), value: handshakes_per_second() });
    }
}

fn endpoint(own: &str, other: &str, seed: u64) -> (Endpoint, Arc<Policy>) {
    let protection = Protection::Aead(AeadId::Aes128Gcm16);
    let proposal = ChildProposal { protection, key_exchanges: Vec::new(), extended_sequence_numbers: false };
    let action = PolicyAction::Protect(Protect::tunnel(PEER, vec![proposal]));
    let policy = Arc::new(Policy { selectors: SelectorPair::any(), action });
    let mut pad = Pad::new();
    pad.insert(PadEntry {
        id: PEER,
        local: Identity::fqdn(own),
        remote: Identity::fqdn(other),
        authentication: Authentication::PreSharedKey(Secret::copy_from(b"of both ends")),
        children: vec![Arc::clone(&policy)],
    })
    .expect("an entry");
    let prfs = vec![PrfId::HmacSha2_256];
    let ike_proposals = vec![IkeProposal { protection, prfs, key_exchanges: vec![KexId::Curve25519] }];
    let config = Arc::new(Config { ike_proposals, ..Config::new(pad) });
    let endpoint = Endpoint::new(config, rustcrypto::provider(), Box::new(Seeded(seed)));
    (endpoint.expect("a configuration"), policy)
}

/// Both ends, on one core: IKE_SA_INIT with Curve25519, IKE_AUTH, AES-128-GCM, PRF-HMAC-SHA2-256.
fn handshakes_per_second() -> f64 {
    let mut least = Duration::MAX;
    for round in 0..ROUNDS {
        let (mut left, policy) = endpoint("left", "right", 2 * u64::from(round));
        let (mut right, _) = endpoint("right", "left", 2 * u64::from(round) + 1);
        let ends = ["192.0.2.1:500", "192.0.2.2:500"].map(|end| end.parse().expect("an address"));
        let path = |from: usize| Path { local: ends[from], remote: ends[1 - from], carrier: Carrier::Udp };
        let mut next_spi = 0x1000;
        let start = std::time::Instant::now();
        let mut made = 0;
        for _ in 0..HANDSHAKES {
            made += drain(&mut left, &mut next_spi);
            let first = Acquire { policy: Arc::clone(&policy), flow: None };
            left.initiate(Instant::EPOCH, path(0), PEER, first).expect("a request");
            for _ in 0..2 {
                made += drain(&mut left, &mut next_spi);
                carry(&mut left, &mut right, path(1));
                made += drain(&mut right, &mut next_spi);
                carry(&mut right, &mut left, path(0));
            }
            made += drain(&mut left, &mut next_spi);
        }
        assert_eq!(made, 2 * HANDSHAKES, "every handshake made a Child SA at both ends");
        least = least.min(start.elapsed());
    }
    f64::from(HANDSHAKES) / least.as_secs_f64()
}

/// Takes the events, and says how many Child SAs were made.
fn drain(endpoint: &mut Endpoint, next_spi: &mut u32) -> u32 {
    let mut made = 0;
    while let Some(event) = endpoint.poll_event() {
        match event {
            Event::SpisWanted { count, .. } => {
                let first = *next_spi;
                *next_spi += u32::from(count);
                let spis = (first..*next_spi).map(|number| Spi::new(number).expect("not reserved"));
                endpoint.offer_spis(SaProtocol::Esp, spis);
            }
            Event::ChildSaEstablished(_) => made += 1,
            _ => {}
        }
    }
    made
}

fn carry(from: &mut Endpoint, to: &mut Endpoint, path: Path) {
    while let Some(transmit) = from.poll_transmit() {
        to.handle_datagram(Instant::EPOCH, path, transmit.contents).expect("a good message");
    }
}
