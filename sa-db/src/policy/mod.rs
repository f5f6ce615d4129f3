use crate::{Lifetimes, Mode, SelectorPair, VolumeLimits};
use alloc::vec::Vec;
use core::time::Duration;
use ipsec_crypto_suite::{KexId, Protection};
use ipsec_ip_packet::FlowKey;

mod bundle;
mod populate;
mod scope;
mod suite;
mod tunnel_header;

pub use bundle::{Bundle, BundleError, Layer};
pub use populate::Populate;
pub use scope::{Directions, InterfaceId, Mark, Scope, Traffic};
pub use suite::ProtocolSuite;
pub use tunnel_header::{TunnelEnd, TunnelHeader};

/// Names an entry of the [`Pad`](crate::Pad).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PeerId(
    /// A number of the caller's choice.
    pub u32,
);

/// A rule of the SPD (RFC 4301 §4.4.1): which packets, and what becomes of them.
///
/// ```
/// use ipsec_sa_db::{Directions, InterfaceId, Policy, PolicyAction, Scope, SelectorPair};
///
/// let everywhere = Policy::new(SelectorPair::any(), PolicyAction::Discard);
/// // What comes out of the tunnel interface 7, and nothing else.
/// let scope = Scope { interface: Some(InterfaceId(7)), directions: Directions::OUTBOUND, ..Scope::default() };
/// let there = Policy { scope, ..everywhere };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Policy {
    /// The packets: their local and their remote end.
    pub selectors: SelectorPair,
    /// What becomes of them.
    pub action: PolicyAction,
    /// Where and for whom it counts.
    #[cfg_attr(feature = "serde", serde(default))]
    pub scope: Scope,
}

impl Policy {
    /// A policy that counts everywhere: in all directions, on all interfaces, for everybody.
    pub const fn new(selectors: SelectorPair, action: PolicyAction) -> Self {
        Self { selectors, action, scope: Scope::EVERYWHERE }
    }

    /// How packets are protected; `None` for a policy that bypasses or discards.
    pub const fn protect(&self) -> Option<&Protect> {
        match &self.action {
            PolicyAction::Protect(protect) => Some(protect),
            PolicyAction::Bypass | PolicyAction::Discard => None,
        }
    }

    /// Whether it takes a packet.
    pub fn takes(&self, traffic: &Traffic<'_>) -> bool {
        self.scope.takes(traffic) && self.selectors.matches(traffic.direction, traffic.flow)
    }

    /// What the SA that a packet on its way out calls for is to take: the selectors of the policy, with the values of the
    /// packet where [`Protect::populate`] says so (RFC 4301 §4.4.1.2).
    pub fn selectors_for(&self, flow: &FlowKey) -> SelectorPair {
        match self.protect() {
            Some(protect) if protect.populate != Populate::NOTHING => {
                protect.populate.narrow(&self.selectors, flow)
            }
            Some(_) | None => self.selectors.clone(),
        }
    }
}

/// What becomes of the packets that a policy takes (RFC 4301 §4.4.1).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §4.4.1 has these three")]
#[expect(clippy::large_enum_variant, reason = "most policies protect, and each is stored behind a reference")]
pub enum PolicyAction {
    /// They cross the boundary as they are.
    Bypass,
    /// They do not cross it.
    Discard,
    /// They cross it protected.
    Protect(Protect),
}

/// The SAs that a policy's packets cross the boundary on.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protect {
    /// The peer at the other end of the SAs.
    pub peer: PeerId,
    /// Tunnel or transport mode.
    pub mode: Mode,
    /// In tunnel mode, where the tunnel leads, and what its outer headers say.
    #[cfg_attr(feature = "serde", serde(default))]
    pub tunnel_header: TunnelHeader,
    /// What is proposed and accepted, the preferred first.
    pub proposals: Vec<ChildProposal>,
    /// How long an SA lives.
    pub lifetimes: Lifetimes,
    /// How much an SA protects.
    pub limits: VolumeLimits,
    /// By how many percent at most the soft limits are lowered at random, anew for each SA.
    pub jitter: u8,
    /// Numbers the anti-replay window spans: see [`SaParams::replay_window`](crate::SaParams::replay_window).
    pub replay_window: u32,
    /// Which values of the packet that calls for an SA become those of the SA.
    pub populate: Populate,
    /// Whether an SA that took no packet in all of its lifetime is replaced all the same. Otherwise it ends, and the next
    /// packet brings another.
    pub renew_unused: bool,
    /// What goes around the SAs, the innermost first: see [`Bundle`]. The IKE endpoint refuses a configuration in which there
    /// is anything.
    pub outer: Bundle,
}

impl Protect {
    /// Tunnel mode with these proposals, between the addresses of the IKE SA: replaced after an hour, used or not, gone
    /// ten minutes later, 10 % jitter, no limit on volume, a window of 1,024; nothing of the packet, and nothing around it.
    pub const fn tunnel(peer: PeerId, proposals: Vec<ChildProposal>) -> Self {
        let (soft, hard) = (Duration::from_secs(3600), Duration::from_secs(4200));
        Self {
            peer,
            mode: Mode::Tunnel,
            tunnel_header: TunnelHeader::DEFAULT,
            proposals,
            lifetimes: Lifetimes { soft, hard, idle: None },
            limits: VolumeLimits::UNLIMITED,
            jitter: 10,
            replay_window: 1024,
            populate: Populate::NOTHING,
            renew_unused: true,
            outer: Bundle::NOTHING,
        }
    }
}

/// One proposal: ESP or AH with its algorithms, and what may go with them (RFC 7296 §3.3).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildProposal {
    /// The protocol and its algorithms. The IKE endpoint refuses a configuration in which there is AH.
    pub suite: ProtocolSuite,
    /// Key exchange methods for perfect forward secrecy at rekeying, the preferred first; none is without.
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::key_exchanges"))]
    pub key_exchanges: Vec<KexId>,
    /// Whether sequence numbers are extended.
    pub extended_sequence_numbers: bool,
}

impl ChildProposal {
    /// What RFC 8221 recommends: each of [`Protection::ESP_DEFAULTS`], with 32-bit sequence numbers; first each with perfect
    /// forward secrecy by one of [`KexId::DEFAULTS`], then, for peers that do without, each without.
    pub fn recommended() -> Vec<Self> {
        let proposal = |key_exchanges: &[KexId], protection: &Protection| Self {
            suite: ProtocolSuite::Esp(*protection),
            key_exchanges: key_exchanges.to_vec(),
            extended_sequence_numbers: false,
        };
        let methods = [KexId::DEFAULTS, &[]];
        let of = |own| Protection::ESP_DEFAULTS.iter().map(move |protection| proposal(own, protection));
        methods.into_iter().flat_map(of).collect()
    }
}
