#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use super::*;
use crate::CloseReason;
use core::time::Duration;
use ipsec_crypto_suite::{CryptoError, Secret, rustcrypto};
use ipsec_sa_db::{
    Authentication, ChildProposal, Identity, Pad, PadEntry, Policy, PolicyAction, Protect, ProtocolSuite,
    SelectorPair,
};
use ipsec_types::Carrier;

struct Counting(u8);

impl SecureRandom for Counting {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.fill_with(|| {
            self.0 = self.0.wrapping_mul(29).wrapping_add(7);
            self.0
        });
        Ok(())
    }
}

const PEER: PeerId = PeerId(1);

fn endpoint(own: &str, other: &str) -> (Endpoint, Arc<Policy>) {
    let protection = ipsec_crypto_suite::Protection::Aead(ipsec_crypto_suite::AeadId::Aes128Gcm16);
    let proposal = ChildProposal {
        suite: ProtocolSuite::Esp(protection),
        key_exchanges: Vec::new(),
        extended_sequence_numbers: false,
    };
    let protect = Protect::tunnel(PEER, Vec::from([proposal]));
    let policy = Arc::new(Policy::new(SelectorPair::any(), PolicyAction::Protect(protect)));
    let mut pad = Pad::new();
    let key = Authentication::PreSharedKey(Secret::copy_from(b"key"));
    let entry = PadEntry::new(PEER, Identity::fqdn(own), Identity::fqdn(other), key);
    pad.insert(PadEntry { children: Vec::from([Arc::clone(&policy)]), ..entry }).unwrap();
    let seed = own.len() as u8;
    let rng = Box::new(Counting(seed));
    let mut endpoint = Endpoint::new(Arc::new(Config::new(pad)), rustcrypto::provider(), rng).unwrap();
    endpoint.offer_spis(SaProtocol::Esp, (0..16).map(|number| Spi::new(0x1000 + number).unwrap()));
    (endpoint, policy)
}

fn exchange(ends: &mut [(Endpoint, Path); 2]) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..16 {
        for from in [0, 1] {
            events.extend(core::iter::from_fn(|| ends[from].0.poll_event()));
            while let Some(transmit) = ends[from].0.poll_transmit() {
                let contents = transmit.contents.to_vec();
                let path = ends[1 - from].1;
                let _ = ends[1 - from].0.handle_datagram(Instant::EPOCH, path, &contents);
            }
        }
    }
    events
}

#[test]
fn e2_22_an_sa_whose_message_ids_are_used_up_is_closed() {
    let (left, policy) = endpoint("left", "right.");
    let (right, _) = endpoint("right.", "left");
    let path = |own: &str, other: &str| Path {
        local: own.parse().unwrap(),
        remote: other.parse().unwrap(),
        carrier: Carrier::Udp,
    };
    let paths = [path("192.0.2.1:500", "192.0.2.2:500"), path("192.0.2.2:500", "192.0.2.1:500")];
    let mut ends = [(left, paths[0]), (right, paths[1])];
    let first = Acquire { policy, flow: None };
    let id = ends[0].0.initiate(Instant::EPOCH, paths[0], PEER, first).unwrap();
    let established = exchange(&mut ends);
    let ours = established.iter().find_map(|event| {
        if let Event::ChildSaEstablished(sa) = event { Some(sa).filter(|sa| sa.ike == id) } else { None }
    });
    let child = ours.unwrap().id;
    // The last id that there is carries one more request; the next one is not sent.
    ends[0].0.sas.get_mut(&id).unwrap().window.resume(u32::MAX - 1, 0);
    let right = *ends[1].0.sas.keys().next().unwrap();
    ends[1].0.sas.get_mut(&right).unwrap().window.resume(0, u32::MAX - 1);
    ends[0].0.rekey(Instant::EPOCH, AnySaId::Child(child)).unwrap();
    let events = exchange(&mut ends);
    let closed = events
        .iter()
        .filter(|event| matches!(event, Event::IkeSaClosed { reason: CloseReason::MessageIds, .. }));
    assert_eq!(closed.count(), 2, "{events:?}");
    assert!(ends.iter().all(|(end, _)| end.is_empty()));
    assert!(ends[0].0.poll_timeout().is_none_or(|due| due > Instant::EPOCH + Duration::from_secs(1)));
}
