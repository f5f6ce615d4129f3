//! The IKE endpoint: whole handshakes of two endpoints in memory.

use crate::{Figure, wanted};
use core::time::Duration;
use ipsec::crypto_suite::{AeadId, KexId, PrfId, Protection, Secret, rustcrypto};
use ipsec::ike::{Acquire, Config, Endpoint, Event, IkeProposal, SaProtocol};
use ipsec::sa_db::{
    Authentication, ChildProposal, Identity, Pad, PadEntry, PeerId, Policy, PolicyAction, Protect,
    ProtocolSuite, SelectorPair,
};
use ipsec::types::{Carrier, Instant, Path, Spi};
use std::sync::Arc;
use testkit::{Seeded, count_held_octets};

const PEER: PeerId = PeerId(1);

/// Handshakes in one round; the shortest of all rounds counts.
const HANDSHAKES: u32 = 20;
const ROUNDS: u32 = 31;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let name = "ike.v2.psk_handshakes_per_s";
    if wanted(prefix, name) {
        figures.push(Figure { name: name.to_owned(), value: handshakes_per_second() });
    }
    let name = "ike.v2.cookies_per_s";
    if wanted(prefix, name) {
        figures.push(Figure { name: name.to_owned(), value: cookies_per_second() });
    }
    let name = "ike.v2.half_open_bytes";
    if wanted(prefix, name) {
        figures.push(Figure { name: name.to_owned(), value: half_open_octets() });
    }
}

fn endpoint(own: &str, other: &str, seed: u64) -> (Endpoint, Arc<Policy>) {
    endpoint_with(own, other, seed, usize::MAX)
}

fn endpoint_with(own: &str, other: &str, seed: u64, cookie_threshold: usize) -> (Endpoint, Arc<Policy>) {
    let protection = Protection::Aead(AeadId::Aes128Gcm16);
    let proposal = ChildProposal {
        suite: ProtocolSuite::Esp(protection),
        key_exchanges: Vec::new(),
        extended_sequence_numbers: false,
    };
    let action = PolicyAction::Protect(Protect::tunnel(PEER, vec![proposal]));
    let policy = Arc::new(Policy::new(SelectorPair::any(), action));
    let mut pad = Pad::new();
    let key = Authentication::PreSharedKey(Secret::copy_from(b"of both ends"));
    let entry = PadEntry::new(PEER, Identity::fqdn(own), Identity::fqdn(other), key);
    pad.insert(PadEntry { children: vec![Arc::clone(&policy)], ..entry }).expect("an entry");
    let prfs = vec![PrfId::HmacSha2_256];
    let ike_proposals = vec![IkeProposal { protection, prfs, key_exchanges: vec![KexId::Curve25519] }];
    let config = Arc::new(Config { ike_proposals, cookie_threshold, ..Config::new(pad) });
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

/// A request of IKE_SA_INIT, and a responder that asks for cookies from so many half-open SAs on.
fn first_request(cookie_threshold: usize) -> (Vec<u8>, Endpoint) {
    let (mut left, policy) = endpoint("left", "right", 1);
    drain(&mut left, &mut 0x1000);
    let first = Acquire { policy, flow: None };
    left.initiate(Instant::EPOCH, from_peer(0), PEER, first).expect("a request");
    let request = left.poll_transmit().expect("a request").contents.to_vec();
    let (mut right, _) = endpoint_with("right", "left", 2, cookie_threshold);
    drain(&mut right, &mut 0x1000);
    (request, right)
}

/// The path from the peer of this number.
fn from_peer(number: u32) -> Path {
    let [_, a, b, c] = number.to_be_bytes();
    let (local, remote) = (([192, 0, 2, 2], 500).into(), ([10, a, b, c], 500).into());
    Path { local, remote, carrier: Carrier::Udp }
}

/// Requests of a flood answered with a cookie, on one core.
fn cookies_per_second() -> f64 {
    const REQUESTS: u32 = 1000;
    let (request, mut right) = first_request(0);
    let mut least = Duration::MAX;
    for round in 0..ROUNDS {
        let start = std::time::Instant::now();
        for number in 0..REQUESTS {
            let path = from_peer(round * REQUESTS + number);
            right.handle_datagram(Instant::EPOCH, path, &request).expect("a cookie");
            right.poll_transmit().expect("a cookie");
        }
        least = least.min(start.elapsed());
    }
    assert!(right.is_empty(), "nothing was kept");
    f64::from(REQUESTS) / least.as_secs_f64()
}

/// What a responder holds for each peer that sent its first request and no more, in octets of heap.
fn half_open_octets() -> f64 {
    const PEERS: u32 = 200;
    let (request, mut right) = first_request(usize::MAX);
    let mut answer = |number| {
        right.handle_datagram(Instant::EPOCH, from_peer(number), &request).expect("an answer");
        right.poll_transmit().expect("an answer");
    };
    answer(0);
    let (octets, ()) = count_held_octets(|| (1..=PEERS).for_each(&mut answer));
    octets as f64 / f64::from(PEERS)
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
