//! The payloads of a message, each kind once, read and checked before anything is acted on.

use ikev2_wire::{
    Authentication, Delete, Identification, KeyExchange, Nonce, Notify, NotifyType, Payload, PayloadChain,
    PayloadType, Sa, TrafficSelectors,
};

#[derive(Clone, Copy)]
pub(crate) struct Contents<'a> {
    pub(crate) sa: Option<Sa<'a>>,
    pub(crate) ke: Option<KeyExchange<'a>>,
    pub(crate) nonce: Option<Nonce<'a>>,
    pub(crate) id_i: Option<Id<'a>>,
    pub(crate) id_r: Option<Id<'a>>,
    pub(crate) auth: Option<Authentication<'a>>,
    pub(crate) ts_i: Option<TrafficSelectors<'a>>,
    pub(crate) ts_r: Option<TrafficSelectors<'a>>,
    pub(crate) chain: PayloadChain<'a>,
}

/// An ID payload, and the octets of its body, which AUTH covers.
#[derive(Clone, Copy)]
pub(crate) struct Id<'a> {
    pub(crate) id: Identification<'a>,
    pub(crate) body: &'a [u8],
}

/// What is wrong with the payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentFault {
    /// Malformed, or there twice.
    Syntax(&'static str),
    /// Not known, and marked critical (RFC 7296 §2.5).
    Critical(PayloadType),
}

impl<'a> Contents<'a> {
    pub(crate) fn read(chain: PayloadChain<'a>) -> Result<Self, ContentFault> {
        let mut own = Self {
            sa: None,
            ke: None,
            nonce: None,
            id_i: None,
            id_r: None,
            auth: None,
            ts_i: None,
            ts_r: None,
            chain,
        };
        for raw in chain.iter() {
            // RFC 7296 §2.5: the critical bit of what is not understood, which the payloads of other documents are.
            if raw.is_critical() && !RFC_7296_PAYLOADS.contains(&raw.kind().0) && !raw.kind().is_encrypted() {
                return Err(ContentFault::Critical(raw.kind()));
            }
            let payload = raw.decode().map_err(|_| ContentFault::Syntax("a malformed payload"))?;
            #[expect(clippy::wildcard_enum_match_arm, reason = "payloads that do not belong here")]
            match payload {
                Payload::Sa(sa) => once(&mut own.sa, sa)?,
                Payload::KeyExchange(ke) => once(&mut own.ke, ke)?,
                Payload::Nonce(nonce) => once(&mut own.nonce, nonce)?,
                Payload::IdI(id) => once(&mut own.id_i, Id { id, body: raw.body() })?,
                Payload::IdR(id) => once(&mut own.id_r, Id { id, body: raw.body() })?,
                Payload::Authentication(auth) => once(&mut own.auth, auth)?,
                Payload::TrafficSelectorsI(ts) => once(&mut own.ts_i, ts)?,
                Payload::TrafficSelectorsR(ts) => once(&mut own.ts_r, ts)?,
                Payload::Certificate(_)
                | Payload::CertificateRequest(_)
                | Payload::Notify(_)
                | Payload::Delete(_)
                | Payload::VendorId(_)
                | Payload::Configuration(_)
                | Payload::Eap(_)
                | Payload::GenericSecurePassword(_)
                | Payload::PuzzleSolution(_)
                | Payload::Unknown(_) => {}
                // SK and SKF do not come inside SK; of other payloads this crate knows nothing.
                _ => return Err(ContentFault::Syntax("a payload out of place")),
            }
        }
        Ok(own)
    }

    pub(crate) fn notifies(&self) -> impl Iterator<Item = Notify<'a>> + use<'a> {
        self.chain.find_all(PayloadType::NOTIFY).filter_map(|raw| match raw.decode() {
            Ok(Payload::Notify(notify)) => Some(notify),
            _ => None,
        })
    }

    pub(crate) fn deletes(&self) -> impl Iterator<Item = Delete<'a>> + use<'a> {
        self.chain.find_all(PayloadType::DELETE).filter_map(|raw| match raw.decode() {
            Ok(Payload::Delete(delete)) => Some(delete),
            _ => None,
        })
    }

    pub(crate) fn notify(&self, kind: NotifyType) -> Option<Notify<'a>> {
        self.notifies().find(|notify| notify.kind() == kind)
    }

    /// The first error among the notifies.
    pub(crate) fn error(&self) -> Option<Notify<'a>> {
        self.notifies().find(|notify| notify.kind().is_error())
    }
}

fn once<T>(place: &mut Option<T>, payload: T) -> Result<(), ContentFault> {
    if place.replace(payload).is_some() { Err(ContentFault::Syntax("a payload twice")) } else { Ok(()) }
}

/// The payload types that RFC 7296 §3.2 defines: there the critical bit means nothing (RFC 7296 §2.5).
const RFC_7296_PAYLOADS: core::ops::RangeInclusive<u8> = 33..=48;
