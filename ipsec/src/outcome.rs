use alloc::boxed::Box;
use alloc::sync::Arc;
use ipsec_crypto_suite::CryptoError;
use ipsec_esp::{OpenError, SealError};
use ipsec_ike::{ChildSaId, CloseReason, CommandError, ConfigError, DatagramError, IkeSaId};
use ipsec_ip_packet::OuterHeader;
use ipsec_sa_db::{Identity, InterfaceId, PeerId, PolicyId, SelectorPair, SpdError};
use ipsec_types::{ParseError, Path, Spi};

/// What became of a packet on its way out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outgoing {
    /// It goes out as it is.
    Bypass,
    /// It does not go out.
    Discarded(DiscardReason),
    /// It waits for its SA; it comes out of [`Gateway::poll_transmit`](crate::Gateway::poll_transmit) then.
    Queued,
    /// It is protected: in tunnel mode the packet's data is the ESP packet, which goes to the end of this path, in a UDP
    /// datagram where the carrier says so; in transport mode the data is the whole IP packet again.
    ///
    /// In tunnel mode the outer header that the policy asks for is detached: whoever sends IP packets
    /// [attaches](ipsec_ip_packet::Packet::attach_header) it, whoever sends by a socket may set its DSCP, ECN and TTL there.
    /// In a TCP stream there is none: one DSCP is for the whole connection, which is not to be capable of ECN, and both are
    /// set where it is opened (RFC 9329 §9.3, §9.5).
    Protected(Path),
    /// It is longer than the path of its SA takes, and must not be cut: its sender is to be told this as the MTU, with
    /// [`too_big_reply`](ipsec_ip_packet::too_big_reply) (RFC 4301 §8.2.1).
    TooBig {
        /// The longest packet that fits.
        mtu: usize,
    },
}

/// What became of a packet or datagram on its way in.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming {
    /// The packet's data is an IP packet for us.
    Delivered,
    /// Likewise; it came out of this interface, whose policy its SA is of.
    DeliveredFrom(InterfaceId),
    /// It was IKE's, or a keepalive, or a dummy packet: nothing is to be done.
    Consumed,
    /// It goes no further.
    Discarded(DiscardReason),
}

/// Why a packet goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscardReason {
    /// It is no IP packet, no ESP packet, or none that can be read.
    #[error("malformed: {0}")]
    Malformed(ParseError),
    /// A policy says so, or none takes it (RFC 4301 §5).
    #[error("discarded by policy")]
    Policy,
    /// It came in the clear, and its policy wants it protected (RFC 4301 §5.2).
    #[error("not protected")]
    Unprotected,
    /// Too many packets wait for the policy's SA.
    #[error("too many packets wait for an SA")]
    QueueFull,
    /// No SA could be had for its policy a moment ago: see [`Event::AcquireFailed`].
    #[error("no SA could be had a moment ago")]
    HeldOff,
    /// Its policy has many SAs, none of which takes it.
    #[error("too many SAs of its policy")]
    TooManySas,
    /// IKE cannot be started for its policy.
    #[error("no SA can be had: {0}")]
    Acquire(CommandError),
    /// A fragment in transport mode, on its way out (RFC 4303 §3.3.4).
    #[error("a fragment in transport mode")]
    Fragment,
    /// A fragment that would change what policies saw of its datagram (RFC 4301 §7.2, §7.4).
    #[error("a fragment that contradicts others of its datagram")]
    HostileFragment,
    /// It met congestion on the way, and its transport would not see the mark (RFC 6040 §4.2).
    #[error("congestion on the way of a packet without ECN")]
    Congestion,
    /// It could not be sealed.
    #[error("{0}")]
    Seal(SealError),
    /// It could not be opened.
    #[error("{0}")]
    Open(OpenError),
    /// IKE did not act on it.
    #[error("IKE: {0}")]
    Ike(DatagramError),
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A peer proved who it is.
    IkeSaEstablished {
        /// The IKE SA.
        id: IkeSaId,
        /// The entry of the PAD.
        peer: PeerId,
        /// Who the peer is.
        identity: Box<Identity>,
    },
    /// An IKE SA is gone.
    IkeSaClosed {
        /// The IKE SA.
        id: IkeSaId,
        /// Why.
        reason: CloseReason,
    },
    /// A Child SA is installed.
    ChildSaEstablished {
        /// The Child SA.
        id: ChildSaId,
        /// The IKE SA it was made by.
        ike: IkeSaId,
        /// The one it replaces, if it does.
        replaces: Option<ChildSaId>,
        /// What it is for.
        selectors: Arc<SelectorPair>,
        /// The SPI we receive on.
        inbound: Spi,
        /// The SPI we send with.
        outbound: Spi,
        /// Where its packets go.
        path: Path,
    },
    /// Packets go out on another Child SA from now on.
    OutboundMoved {
        /// The old one.
        from: ChildSaId,
        /// The new one.
        to: ChildSaId,
    },
    /// Rekeying did not succeed.
    RekeyFailed {
        /// The Child SA.
        id: ChildSaId,
        /// Why.
        reason: CloseReason,
    },
    /// A Child SA is gone.
    ChildSaClosed {
        /// The Child SA.
        id: ChildSaId,
        /// Why.
        reason: CloseReason,
    },
    /// No SA came of an attempt: the packets that waited are discarded.
    AcquireFailed {
        /// The policy.
        policy: PolicyId,
        /// Why.
        reason: CloseReason,
    },
    /// A peer asked for a Child SA and was refused.
    ChildSaRefused {
        /// The IKE SA, which stands.
        ike: IkeSaId,
        /// Why.
        reason: CloseReason,
    },
    /// Packets of a Child SA have less room on their way than was known.
    PathMtuLowered {
        /// The Child SA.
        id: ChildSaId,
        /// The longest packet that it carries without a fragment.
        largest: usize,
    },
    /// A peer is somewhere else now.
    PathChanged {
        /// The IKE SA.
        id: IkeSaId,
        /// The new path.
        path: Path,
    },
}

/// A datagram to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'g> {
    /// From where to where.
    pub path: Path,
    /// Whether `contents` is an ESP packet directly on IP, not the payload of a UDP datagram.
    pub esp: bool,
    /// The outer header that the policy of an ESP packet in tunnel mode asks for; its length and protocol are those of what
    /// is put behind it. In a TCP stream there is none.
    pub outer: Option<OuterHeader>,
    /// The payload.
    pub contents: &'g [u8],
}

/// What a gateway counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatewayStats {
    /// Packets that came out of a tunnel with ECN bits, inner and outer, that no lawful sender and router make: worth a line
    /// in a log (RFC 6040 §4.2).
    pub ecn_alarms: u64,
    /// Packets that were dropped for [`DiscardReason::Congestion`].
    pub ecn_dropped: u64,
    /// Packets that were answered [`Outgoing::TooBig`].
    pub too_big: u64,
    /// Times the path MTU of an SA was lowered.
    pub path_mtus_lowered: u64,
}

/// Why a gateway cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The IKE configuration.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// A policy.
    #[error("{0}")]
    Policy(#[from] SpdError),
    /// A policy names a peer that the PAD does not have.
    #[error("a policy of a peer that the PAD does not have")]
    UnknownPeer,
    /// The source of randomness failed.
    #[error("{0}")]
    Crypto(#[from] CryptoError),
}
