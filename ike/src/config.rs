use crate::key_log::KeyLog;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;
use ipsec_crypto_suite::{CryptoProvider, KexId, PrfId, Protection};
use ipsec_sa_db::{
    ChildProposal, Pad, Policy, PortRange, ProtocolSuite, ReplayWindow, Selector, SelectorPair, SelectorSet,
};

/// What an [`Endpoint`](crate::Endpoint) is told once.
#[derive(Debug)]
pub struct Config {
    /// Whom we talk to: the only truth about peers.
    pub pad: Pad,
    /// What is proposed and accepted for IKE SAs, the preferred first.
    pub ike_proposals: Vec<IkeProposal>,
    /// How requests are repeated.
    pub retransmission: Retransmission,
    /// From how many half-open IKE SAs on a first request must bring a cookie, which costs us no memory and no key
    /// exchange (RFC 7296 §2.6).
    pub cookie_threshold: usize,
    /// How many answers without protection there are in a second at most: to requests of unknown SPIs, and of higher
    /// versions (RFC 7296 §1.5, §2.5).
    pub hints_per_second: u32,
    /// How long a responder waits for IKE_AUTH after it answered IKE_SA_INIT.
    pub half_open_timeout: Duration,
    /// How many IKE SAs may wait for IKE_AUTH; more IKE_SA_INIT requests are refused with
    /// [`DatagramError::Busy`](crate::DatagramError::Busy).
    pub max_half_open: usize,
    /// After this long without a protected message or packet from the peer it is asked whether it lives
    /// (RFC 7296 §2.4); `None` never asks.
    pub liveness: Option<Duration>,
    /// How often a NAT that we are behind is kept open (RFC 3948 §4); `None` never.
    pub nat_keepalive: Option<Duration>,
    /// Takes the keys of every SA; `None`, as it should be, nobody.
    pub key_log: Option<Box<dyn KeyLog>>,
    /// Whether to act as if there were a NAT in front of us, so that ESP goes behind UDP headers in any case: our
    /// NAT_DETECTION_SOURCE_IP is one that fits no address.
    pub force_udp_encapsulation: bool,
    /// The port that IKE and ESP move to where there is a NAT (RFC 7296 §2.23).
    pub nat_t_port: u16,
}

impl Config {
    /// The peers of `pad`, with [`IkeProposal::recommended`], cookies from 100 half-open SAs on, 10 hints per second, 30 s
    /// for a half-open SA and 1,000 of them, liveness after
    /// 60 s, NAT keepalives every 20 s, no key log, port 4500.
    pub fn new(pad: Pad) -> Self {
        Self {
            pad,
            ike_proposals: IkeProposal::recommended(),
            retransmission: Retransmission::default(),
            cookie_threshold: 100,
            hints_per_second: 10,
            half_open_timeout: Duration::from_secs(30),
            max_half_open: 1000,
            liveness: Some(Duration::from_secs(60)),
            nat_keepalive: Some(Duration::from_secs(20)),
            key_log: None,
            force_udp_encapsulation: false,
            nat_t_port: 4500,
        }
    }

    /// Whether everything in it can be done with the algorithms of `provider`.
    pub(crate) fn check(&self, provider: &CryptoProvider) -> Result<(), ConfigError> {
        let zero = |interval: Option<Duration>| interval == Some(Duration::ZERO);
        let Retransmission { initial, copies, .. } = self.retransmission;
        if zero(self.liveness) || zero(self.nat_keepalive) || initial.is_zero() || copies == 0 {
            return Err(ConfigError::Intervals);
        }
        if self.ike_proposals.is_empty() || self.ike_proposals.len() > MAX_PROPOSALS {
            return Err(ConfigError::Proposals);
        }
        for proposal in &self.ike_proposals {
            if !proposal.protection.is_for_ike() {
                return Err(ConfigError::NullEncryption);
            }
            if proposal.prfs.is_empty() || proposal.key_exchanges.is_empty() {
                return Err(ConfigError::Proposals);
            }
            let known = provider.has_protection(proposal.protection)
                && proposal.prfs.iter().all(|id| provider.prf(*id).is_ok())
                && proposal.key_exchanges.iter().all(|id| provider.key_exchange(*id).is_ok());
            if !known {
                return Err(ConfigError::Unsupported);
            }
        }
        for entry in self.pad.entries() {
            if !entry.authentication.is_pre_shared() || entry.credentials.is_some() {
                return Err(ConfigError::Authentication);
            }
            if !entry.children.iter().all(|policy| entry.allows(policy)) {
                return Err(ConfigError::Asserted);
            }
        }
        for policy in self.pad.entries().iter().flat_map(|entry| &entry.children) {
            check_policy(policy, provider)?;
        }
        Ok(())
    }
}

/// Whether SAs can be made for a policy, with the algorithms of `provider`.
pub(crate) fn check_policy(policy: &Policy, provider: &CryptoProvider) -> Result<(), ConfigError> {
    let protect = policy.protect().ok_or(ConfigError::NotProtected)?;
    let SelectorPair { local, remote } = &policy.selectors;
    if ![local, remote].into_iter().flat_map(SelectorSet::as_slice).all(can_be_said) {
        return Err(ConfigError::Selectors);
    }
    if !protect.outer.is_empty() {
        return Err(ConfigError::Bundle);
    }
    if protect.proposals.is_empty() || protect.proposals.len() > MAX_PROPOSALS {
        return Err(ConfigError::Proposals);
    }
    if protect.proposals.iter().any(|own| matches!(own.suite, ProtocolSuite::Ah(_))) {
        return Err(ConfigError::Ah);
    }
    if !(ReplayWindow::MIN_SIZE..=ReplayWindow::MAX_SIZE).contains(&protect.replay_window) {
        return Err(ConfigError::ReplayWindow);
    }
    let known = |id: &KexId| provider.key_exchange(*id).is_ok();
    let has = |own: &ChildProposal| {
        provider.has_protection(own.suite.protection()) && own.key_exchanges.iter().all(known)
    };
    if !protect.proposals.iter().all(has) {
        return Err(ConfigError::Unsupported);
    }
    Ok(())
}

/// Whether a traffic selector says the same. There 0 is any protocol, and what is for any protocol is for any port: "the port
/// field values are undefined and MUST be set to ANY as well" (RFC 4301 §7.1).
fn can_be_said(selector: &Selector) -> bool {
    match selector.protocol {
        None => selector.ports == PortRange::Any,
        Some(protocol) => protocol.0 != 0,
    }
}

/// As many proposals as one octet can number.
const MAX_PROPOSALS: usize = 255;

/// One proposal for an IKE SA (RFC 7296 §3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IkeProposal {
    /// Encryption and integrity of messages.
    pub protection: Protection,
    /// Pseudo-random functions, the preferred first.
    pub prfs: Vec<PrfId>,
    /// Key exchange methods, the preferred first.
    pub key_exchanges: Vec<KexId>,
}

impl IkeProposal {
    /// What RFC 8247 recommends: each of [`Protection::IKE_DEFAULTS`] with [`PrfId::DEFAULTS`] and [`KexId::DEFAULTS`].
    pub fn recommended() -> Vec<Self> {
        let proposal = |protection: &Protection| Self {
            protection: *protection,
            prfs: PrfId::DEFAULTS.to_vec(),
            key_exchanges: KexId::DEFAULTS.to_vec(),
        };
        Protection::IKE_DEFAULTS.iter().map(proposal).collect()
    }
}

/// How a request is repeated until its response comes (RFC 7296 §2.1, §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retransmission {
    /// How long to wait for the response to the first copy; each further wait is twice as long.
    pub initial: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// How many copies are sent, the first included, before the peer is given up.
    pub copies: u32,
    /// By how many percent at most a wait is lengthened at random.
    pub jitter: u8,
}

impl Default for Retransmission {
    /// 12 copies, the first wait 1 s and the longest 60 s, 10 % jitter: a peer is given up after seven minutes.
    fn default() -> Self {
        let (initial, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        Self { initial, longest, copies: 12, jitter: 10 }
    }
}

impl Retransmission {
    /// The wait after this many copies, as `random` lengthens it.
    pub(crate) fn wait(&self, copies: u32, random: u32) -> Duration {
        let doubled = 1u32.checked_shl(copies.saturating_sub(1)).unwrap_or(u32::MAX);
        let wait = self.initial.saturating_mul(doubled).min(self.longest);
        let most = wait.saturating_mul(self.jitter.into()) / 100;
        let more = most.as_nanos().saturating_mul(random.into()) / u128::from(u32::MAX);
        wait.saturating_add(Duration::from_nanos(u64::try_from(more).unwrap_or(u64::MAX)))
    }
}

/// Why a configuration is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No proposal, more than 255, or one without PRF or key exchange method.
    #[error("no usable proposals")]
    Proposals,
    /// An interval of no time at all, or requests that are not sent even once.
    #[error("an interval of no time")]
    Intervals,
    /// The provider lacks an algorithm of a proposal.
    #[error("the provider lacks an algorithm of a proposal")]
    Unsupported,
    /// A policy's anti-replay window is of a size that there is not.
    #[error("an anti-replay window of a size that there is not")]
    ReplayWindow,
    /// NULL encryption for an IKE SA (RFC 7296 §5).
    #[error("an IKE SA cannot go without encryption")]
    NullEncryption,
    /// A peer is to prove who it is in a way that there is no code for: with anything but a pre-shared key.
    #[error("peers can prove who they are with pre-shared keys alone")]
    Authentication,
    /// A policy of a peer takes more at the peer's end than its PAD entry lets it assert.
    #[error("a policy beyond what the peer may assert")]
    Asserted,
    /// A policy's selectors have protocol 0 alone, for which IKE has no word, or ports of any protocol (RFC 4301 §7.1).
    #[error("selectors of protocol 0, or of ports without a protocol")]
    Selectors,
    /// A policy wants AH or another tunnel around its ESP, which nothing would make.
    #[error("bundles of SAs cannot be made")]
    Bundle,
    /// A policy wants AH, which is not negotiated.
    #[error("SAs of AH are not negotiated")]
    Ah,
    /// A policy among the children of a PAD entry does not protect.
    #[error("a peer's policy that does not protect")]
    NotProtected,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e2_31_waits_grow_to_the_longest() {
        let policy = Retransmission::default();
        let waits: Vec<_> = (1..=12).map(|copies| policy.wait(copies, 0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
        assert_eq!(policy.wait(1, u32::MAX), Duration::from_millis(1100));
        assert_eq!(policy.wait(u32::MAX, 0), policy.longest);
    }
}
