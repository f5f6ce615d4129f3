//! HASH_I and HASH_R of IKEv1, checked with SKEYID (RFC 2409 §5).

use crate::report::Ends;
use ipsec::crypto_suite::{CryptoProvider, HashId, PrfId, Secret};
use ipsec::ikev1_wire::{
    Header, IkeAttributes, Message as WireMessage, Payload, PayloadChain, PayloadType, Phase1Authentication,
};
use ipsec::types::IkeSpi;

/// What the hashes of phase 1 cover, as the messages bring it.
#[derive(Default)]
pub struct Phase1 {
    /// Between whom the initiator's first message was.
    first: Option<Ends>,
    /// Where the answer chose a pre-shared key: elsewhere there is a signature, or the identities are encrypted.
    with_shared_key: bool,
    /// SAi_b.
    sa: Vec<u8>,
    /// IDii_b and IDir_b.
    ids: [Vec<u8>; 2],
    /// The public values: the initiator's, then the responder's.
    pub public: Vec<Vec<u8>>,
}

impl Phase1 {
    /// Takes from a message in the clear what hashes, keys and IVs depend on.
    pub fn learn(&mut self, ends: Ends, wire: &WireMessage<'_>) {
        for raw in wire.payloads() {
            match raw.decode() {
                Ok(Payload::KeyExchange(ke))
                    if self.public.len() < 2 && !self.public.iter().any(|seen| seen == ke.data()) =>
                {
                    self.public.push(ke.data().to_vec());
                }
                Ok(Payload::Sa(_)) if wire.header().cookie_r == IkeSpi::ZERO => {
                    self.first = Some(ends);
                    self.sa = raw.body().to_vec();
                }
                Ok(Payload::Sa(sa)) => {
                    let transform = sa.sole_proposal().and_then(|proposal| proposal.transforms().next());
                    let attributes =
                        transform.and_then(|transform| IkeAttributes::read(transform.attributes()).ok());
                    let method = attributes.and_then(|attributes| attributes.authentication);
                    self.with_shared_key =
                        method.and_then(Phase1Authentication::of) == Some(Phase1Authentication::PreSharedKey);
                }
                _ => {}
            }
        }
    }

    /// Whether the HASH of a message of phase 1 is the one that SKEYID makes; `None` where there is no HASH, or not all that
    /// it covers is known.
    pub fn check(
        &mut self,
        provider: &CryptoProvider,
        skeyids: &[(HashId, &[u8])],
        ends: Ends,
        header: &Header,
        payloads: PayloadChain<'_>,
    ) -> Option<bool> {
        let sent_by_initiator = is_of_initiator(self.first?, ends)?;
        let [initiator, responder] = &mut self.ids;
        let id = if sent_by_initiator { initiator } else { responder };
        if let Some(payload) = payloads.find(PayloadType::ID) {
            *id = payload.body().to_vec();
        }
        let given = payloads.find(PayloadType::HASH)?;
        let [public_i, public_r] = self.public.as_slice() else { return None };
        if !self.with_shared_key || id.is_empty() || skeyids.is_empty() {
            return None;
        }
        let (cookie_i, cookie_r) = (&header.cookie_i.0[..], &header.cookie_r.0[..]);
        // The initiator's halves come first in HASH_I, the responder's in HASH_R.
        let parts: [&[u8]; 6] = if sent_by_initiator {
            [public_i, public_r, cookie_i, cookie_r, &self.sa, id]
        } else {
            [public_r, public_i, cookie_r, cookie_i, &self.sa, id]
        };
        Some(skeyids.iter().any(|(hash, skeyid)| {
            let mut expected = vec![0; hash.output_len()];
            let keyed = provider.prf(PrfId::hmac_of(*hash)).and_then(|prf| prf.key(skeyid));
            keyed.and_then(|prf| prf.compute(&parts, &mut expected)).is_ok()
                && Secret::from(expected).ct_eq(given.body())
        }))
    }
}

/// Whether a message between these ends comes from the one that sent the first; `None` where that cannot be told. Ports change
/// behind a NAT and where one is found, so that they count where the addresses say nothing: both ends may share one.
fn is_of_initiator(first: Ends, ends: Ends) -> Option<bool> {
    /// Where the responder is once a NAT was found (RFC 3947 §4).
    const BEHIND_NAT: u16 = 4500;
    let (initiator, responder) = (first.source_end(), first.destination_end());
    let (source, destination) = (ends.source_end(), ends.destination_end());
    if initiator.ip() != responder.ip() {
        let forward = source.ip() == initiator.ip() || destination.ip() == responder.ip();
        let back = source.ip() == responder.ip() || destination.ip() == initiator.ip();
        return (forward != back).then_some(forward);
    }
    match (source.port(), destination.port()) {
        ports if ports == (initiator.port(), responder.port()) => Some(true),
        ports if ports == (responder.port(), initiator.port()) => Some(false),
        (source, destination) if source != destination && destination == BEHIND_NAT => Some(true),
        (source, destination) if source != destination && source == BEHIND_NAT => Some(false),
        _ => None,
    }
}
