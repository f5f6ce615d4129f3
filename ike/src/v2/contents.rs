//! The payloads of a message, each kind once, read and checked before anything is acted on.

use ikev2_wire::{
    Authentication, Delete, ExchangeType, Identification, KeyExchange, MessageForm, Nonce, Notify,
    NotifyType, Payload, PayloadChain, PayloadType, RawPayload, Sa, TrafficSelectors,
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
    /// Malformed, or out of place.
    Syntax(&'static str),
    /// Not known, and marked critical (RFC 7296 §2.5).
    Critical(PayloadType),
}

impl<'a> Contents<'a> {
    /// Reads the payloads of a message of this exchange and direction; one that has no place there, or comes too often,
    /// is a fault (RFC 7296 §1.2 to §1.4).
    pub(crate) fn read(
        exchange: ExchangeType,
        response: bool,
        chain: PayloadChain<'a>,
    ) -> Result<Self, ContentFault> {
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
        // RFC 7296 §2.5: the critical bit of what is not understood, which the payloads of other documents are.
        let unknown = |raw: &RawPayload<'_>| raw.is_critical() && !RFC_7296_PAYLOADS.contains(&raw.kind().0);
        if let Some(raw) = chain.iter().find(|raw| unknown(raw) && !raw.kind().is_encrypted()) {
            return Err(ContentFault::Critical(raw.kind()));
        }
        if MessageForm::misplaced(exchange, response, &chain).is_some() {
            return Err(ContentFault::Syntax("a payload out of place"));
        }
        for raw in chain.iter() {
            let payload = raw.decode().map_err(|_| ContentFault::Syntax("a malformed payload"))?;
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "payloads that are read where they are needed"
            )]
            match payload {
                Payload::Sa(sa) => own.sa = Some(sa),
                Payload::KeyExchange(ke) => own.ke = Some(ke),
                Payload::Nonce(nonce) => own.nonce = Some(nonce),
                Payload::IdI(id) => own.id_i = Some(Id { id, body: raw.body() }),
                Payload::IdR(id) => own.id_r = Some(Id { id, body: raw.body() }),
                Payload::Authentication(auth) => own.auth = Some(auth),
                Payload::TrafficSelectorsI(ts) => own.ts_i = Some(ts),
                Payload::TrafficSelectorsR(ts) => own.ts_r = Some(ts),
                _ => {}
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

/// The payload types that RFC 7296 §3.2 defines: there the critical bit means nothing (RFC 7296 §2.5).
const RFC_7296_PAYLOADS: core::ops::RangeInclusive<u8> = 33..=48;
