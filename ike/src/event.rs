use crate::v2::ProposalMismatch;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use ikev2_wire::NotifyType;
use ipsec_crypto_suite::CryptoError;
use ipsec_ip_packet::FlowKey;
use ipsec_sa_db::{Identity, Lifetimes, PeerId, Policy, SaMaterial, SelectorPair};
use ipsec_types::{Path, Spi};

/// Names an IKE SA of an [`Endpoint`](crate::Endpoint); never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IkeSaId(pub(crate) u64);

/// Names a Child SA of an [`Endpoint`](crate::Endpoint); never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildSaId(pub(crate) u64);

/// Either of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7296 has these two")]
pub enum AnySaId {
    /// An IKE SA.
    Ike(IkeSaId),
    /// A Child SA.
    Child(ChildSaId),
}

/// A protocol of Child SAs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SaProtocol {
    /// ESP.
    Esp,
}

/// What is wanted of a Child SA.
#[derive(Clone, Debug)]
pub struct Acquire {
    /// The policy whose packets it is for.
    pub policy: Arc<Policy>,
    /// The packet that calls for it, if one does: its addresses go first among the traffic selectors (RFC 7296 §2.9).
    pub flow: Option<FlowKey>,
}

/// A Child SA, as the application installs it: both directions.
pub struct ChildSa {
    /// Its name.
    pub id: ChildSaId,
    /// The IKE SA it was made by.
    pub ike: IkeSaId,
    /// Its protocol.
    pub protocol: SaProtocol,
    /// What packets to us are protected with; its SPI is one that was offered.
    pub inbound: SaMaterial,
    /// What packets to the peer are protected with.
    pub outbound: SaMaterial,
    /// The packets it is for.
    pub selectors: Arc<SelectorPair>,
    /// The policy it serves: one of the peer's in the PAD, or that of the [`Acquire`].
    pub policy: Arc<Policy>,
    /// How long it lives, jitter included.
    pub lifetimes: Lifetimes,
    /// Where its packets go: behind UDP headers where the carrier says so, otherwise as ESP packets between the
    /// addresses.
    pub path: Path,
}

impl fmt::Debug for ChildSa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSa")
            .field("id", &self.id)
            .field("ike", &self.ike)
            .field("inbound", &self.inbound.spi)
            .field("outbound", &self.outbound.spi)
            .field("params", &self.outbound.params)
            .field("selectors", &self.selectors)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What happened, in order.
///
/// An SA that a peer may use as soon as it hears of it is told here first: the message that tells the peer is held back
/// until the event was taken (RFC 7296 §2.8). So: take the events, install the SAs, then transmit.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer proved who it is.
    IkeSaEstablished {
        /// The IKE SA.
        id: IkeSaId,
        /// The entry of the PAD.
        peer: PeerId,
        /// Who the peer is.
        identity: Box<Identity>,
    },
    /// An IKE SA is gone, and its Child SAs with it: one [`ChildSaClosed`](Self::ChildSaClosed) came before for each.
    ///
    /// It comes once for each IKE SA that was [initiated](crate::Endpoint::initiate), and for each of a peer's that got
    /// as far as an authentic IKE_AUTH request.
    IkeSaClosed {
        /// The IKE SA.
        id: IkeSaId,
        /// Why.
        reason: CloseReason,
    },
    /// The peer's address or port changed, or ours is one behind a NAT: packets of its Child SAs go there now.
    PathChanged {
        /// The IKE SA.
        id: IkeSaId,
        /// The new path.
        path: Path,
    },
    /// A Child SA is there: install both directions and use it.
    ChildSaEstablished(Box<ChildSa>),
    /// A Child SA was not made; the IKE SA stands.
    ChildSaFailed {
        /// The IKE SA.
        ike: IkeSaId,
        /// Why.
        reason: CloseReason,
    },
    /// A Child SA takes the place of another: install both directions, receive on both, and go on sending on the old one
    /// until [`OutboundMoved`](Self::OutboundMoved).
    ChildSaRekeyed {
        /// The one that is replaced.
        old: ChildSaId,
        /// The one that takes its place.
        new: Box<ChildSa>,
    },
    /// From now on send on `to`.
    OutboundMoved {
        /// The Child SA that was sent on.
        from: ChildSaId,
        /// The one that takes its place.
        to: ChildSaId,
    },
    /// Rekeying did not succeed; the Child SA stands.
    RekeyFailed {
        /// The Child SA.
        id: ChildSaId,
        /// Why.
        reason: CloseReason,
    },
    /// A Child SA is gone: remove both directions. It comes once for each.
    ChildSaClosed {
        /// The Child SA.
        id: ChildSaId,
        /// Why.
        reason: CloseReason,
    },
    /// The stock of inbound SPIs runs low: [offer](crate::Endpoint::offer_spis) more.
    SpisWanted {
        /// Of which protocol.
        protocol: SaProtocol,
        /// How many.
        count: u16,
    },
    /// An SPI that was offered is not used.
    SpiReleased {
        /// Of which protocol.
        protocol: SaProtocol,
        /// The SPI.
        spi: Spi,
    },
}

/// Why an SA is gone, or was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// We deleted it.
    Deleted,
    /// The peer deleted it.
    DeletedByPeer,
    /// Another took its place.
    Rekeyed,
    /// Both ends rekeyed at once, and this one of the two is not needed (RFC 7296 §2.8.1).
    Redundant,
    /// Its IKE SA is gone.
    IkeSaClosed,
    /// The peer did not answer. What it said unauthenticated in the meantime, if it did, is only a hint.
    Timeout(
        /// The error of the last unauthenticated notify.
        Option<NotifyType>,
    ),
    /// The peer did not prove to be who it must be, or we did not to the peer; both look alike on the wire.
    AuthenticationFailed,
    /// No proposal of the peer's is acceptable.
    NoProposalChosen(
        /// What differs.
        Box<ProposalMismatch>,
    ),
    /// The traffic selectors have nothing in common, or are not those that were agreed on.
    TsUnacceptable,
    /// The peer refused with this error.
    Refused(
        /// The notify.
        NotifyType,
    ),
    /// The peer broke the protocol: this is wrong with its message.
    Protocol(
        /// What is wrong.
        &'static str,
    ),
    /// The peer does not use transport mode where the policy wants it, or there is a NAT in between.
    TransportMode,
    /// The peer no longer knows the SA.
    Unknown,
    /// The message ids are used up (RFC 7296 §2.2).
    MessageIds,
    /// No inbound SPI was on offer.
    NoSpi,
    /// Cryptography failed on our side.
    Crypto(
        /// How.
        CryptoError,
    ),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleted => f.write_str("deleted"),
            Self::DeletedByPeer => f.write_str("deleted by the peer"),
            Self::Rekeyed => f.write_str("rekeyed"),
            Self::Redundant => f.write_str("redundant after a simultaneous rekey"),
            Self::IkeSaClosed => f.write_str("its IKE SA is gone"),
            Self::Timeout(None) => f.write_str("no answer"),
            Self::Timeout(Some(hint)) => write!(f, "no answer but an unauthenticated {hint}"),
            Self::AuthenticationFailed => f.write_str("authentication failed"),
            Self::NoProposalChosen(mismatch) => write!(f, "no proposal chosen: {mismatch}"),
            Self::TsUnacceptable => f.write_str("traffic selectors unacceptable"),
            Self::Refused(notify) => write!(f, "refused by the peer: {notify}"),
            Self::Protocol(what) => write!(f, "the peer broke the protocol: {what}"),
            Self::TransportMode => f.write_str("transport mode is not possible"),
            Self::Unknown => f.write_str("unknown to the peer"),
            Self::MessageIds => f.write_str("message ids used up"),
            Self::NoSpi => f.write_str("no inbound SPI on offer"),
            Self::Crypto(error) => write!(f, "{error}"),
        }
    }
}
