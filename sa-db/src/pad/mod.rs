use crate::{Identity, PeerId, Policy, SelectorSet};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use ipsec_crypto_suite::Secret;

mod credentials;
mod dn;
mod pattern;
mod psk;

pub use credentials::{Credentials, MemoryCredentials, Signer};
pub use pattern::{IdentityPattern, Mismatch};
pub use psk::{MemoryPskStore, PskStore};

/// The Peer Authorization Database: whom we talk to, how each proves to be who it says, and which SAs it may ask for
/// (RFC 4301 §4.4.3). Its entries are in order, the first that matches a peer is the peer's.
///
/// ```
/// use ipsec_crypto_suite::Secret;
/// use ipsec_sa_db::{Authentication, Identity, IdentityPattern, Pad, PadEntry, PeerId};
///
/// let mut pad = Pad::new();
/// let key = Secret::copy_from(b"of both ends alone");
/// let (we, they) = (Identity::fqdn("left.example"), Identity::fqdn("right.example"));
/// pad.insert(PadEntry::new(PeerId(1), we.clone(), they.clone(), Authentication::PreSharedKey(key)))?;
/// assert!(pad.by_identity(&they, None).is_some());
/// let stranger = Identity::fqdn("other.example");
/// assert!(pad.by_identity(&stranger, None).is_none());
/// assert_eq!(
///     pad.explain(&stranger, None)[0].to_string(),
///     "entry 1 (right.example): the peer's identity is another"
/// );
/// # Ok::<(), ipsec_sa_db::PadError>(())
/// ```
#[derive(Debug, Default)]
pub struct Pad {
    entries: Vec<PadEntry>,
}

/// An entry of the [`Pad`].
#[derive(Debug)]
pub struct PadEntry {
    /// Its name; policies name the peer by it.
    pub id: PeerId,
    /// Who we are to the peer.
    pub local: Identity,
    /// Who the peer must be.
    pub remote: IdentityPattern,
    /// How the peer proves it, and where that is a pre-shared key both ends.
    pub authentication: Authentication,
    /// What we prove ourselves with otherwise. The IKE endpoint, which has pre-shared keys alone, refuses a configuration with
    /// any.
    pub credentials: Option<Arc<dyn Credentials>>,
    /// The policies whose SAs the peer may ask for, in order of preference; what they do not take it does not get
    /// (RFC 4301 §4.4.3.3).
    pub children: Vec<Arc<Policy>>,
    /// What the peer may say to be at its end, whatever the policies say; `None` leaves it to them. A policy of the peer
    /// that goes beyond is refused with the configuration.
    pub asserts: Option<SelectorSet>,
}

impl PadEntry {
    /// An entry without policies and further credentials, in which the peer may assert what they say.
    pub fn new(
        id: PeerId,
        local: Identity,
        remote: impl Into<IdentityPattern>,
        authentication: Authentication,
    ) -> Self {
        Self {
            id,
            local,
            remote: remote.into(),
            authentication,
            credentials: None,
            children: Vec::new(),
            asserts: None,
        }
    }

    /// Whether the peer may assert what a policy has at its end.
    pub fn allows(&self, policy: &Policy) -> bool {
        self.asserts.as_ref().is_none_or(|asserts| asserts.contains(&policy.selectors.remote))
    }

    /// Whether it is the entry of a peer that says to be `remote`, and may have said whom it wants to talk to.
    ///
    /// # Errors
    ///
    /// [`Mismatch`] says why not.
    pub fn check(&self, remote: &Identity, local: Option<&Identity>) -> Result<(), Mismatch> {
        self.remote.check(remote)?;
        if local.is_none_or(|local| self.local == *local) { Ok(()) } else { Err(Mismatch::Local) }
    }
}

/// How the ends of an IKE SA prove who they are (RFC 4301 §4.4.3.2).
///
/// Which of them there is code for is the matter of whoever uses the PAD: the IKE endpoint refuses the others with its
/// configuration.
#[non_exhaustive]
pub enum Authentication {
    /// A key that both ends hold (RFC 7296 §2.15); used as it is, without a terminator.
    PreSharedKey(Secret),
    /// Such keys for many peers, each found by its identity.
    PreSharedKeys(Arc<dyn PskStore>),
    /// Signatures, with certificates of the peer that lead to one of these trust anchors, each a certificate in DER.
    Certificate(Vec<Box<[u8]>>),
    /// A method of EAP for the peer (RFC 7296 §2.16), with the secrets that [`PadEntry::credentials`] has.
    Eap {
        /// Who the peer must say to be in EAP; `None` is anybody whose secret is there.
        identity: Option<Box<[u8]>>,
    },
    /// Signatures, with this very public key of the peer: a SubjectPublicKeyInfo in DER (RFC 7670).
    RawPublicKey(Box<[u8]>),
    /// None: the peer stays anonymous (RFC 7619).
    Null,
}

impl Authentication {
    /// The pre-shared key with a peer, where that is the method and there is one.
    pub fn pre_shared_key(&self, local: &Identity, remote: &Identity) -> Option<&Secret> {
        match self {
            Self::PreSharedKey(key) => Some(key),
            Self::PreSharedKeys(store) => store.pre_shared_key(local, remote),
            Self::Certificate(_) | Self::Eap { .. } | Self::RawPublicKey(_) | Self::Null => None,
        }
    }

    /// Whether the method is a pre-shared key.
    pub const fn is_pre_shared(&self) -> bool {
        matches!(self, Self::PreSharedKey(_) | Self::PreSharedKeys(_))
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PreSharedKey(_) => "PreSharedKey",
            Self::PreSharedKeys(_) => "PreSharedKeys",
            Self::Certificate(_) => "Certificate",
            Self::Eap { .. } => "Eap",
            Self::RawPublicKey(_) => "RawPublicKey",
            Self::Null => "Null",
        })
    }
}

/// Why an entry is the peer's, or is not: one line of [`Pad::explain`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Explanation {
    /// The entry.
    pub id: PeerId,
    /// Whom it is for.
    pub remote: IdentityPattern,
    /// Whether it matches.
    pub verdict: Result<(), Mismatch>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} ({}): ", self.id.0, self.remote)?;
        match self.verdict {
            Ok(()) => f.write_str("matches"),
            Err(mismatch) => mismatch.fmt(f),
        }
    }
}

impl Pad {
    /// Without entries: nobody is let in.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Adds an entry behind the others.
    ///
    /// # Errors
    ///
    /// [`PadError`] where its id, or its pair of identities, is there already, its key is empty, or there is no trust anchor.
    pub fn insert(&mut self, entry: PadEntry) -> Result<(), PadError> {
        if self.get(entry.id).is_some() {
            return Err(PadError::DoubleId);
        }
        let same = |own: &PadEntry| own.remote == entry.remote && own.local == entry.local;
        if self.entries.iter().any(same) {
            return Err(PadError::DoubleIdentity);
        }
        let empty = match &entry.authentication {
            Authentication::PreSharedKey(key) => key.is_empty(),
            Authentication::RawPublicKey(key) => key.is_empty(),
            // A chain that leads nowhere is none that could be checked.
            Authentication::Certificate(anchors) if anchors.is_empty() => return Err(PadError::NoAnchor),
            Authentication::Certificate(_)
            | Authentication::PreSharedKeys(_)
            | Authentication::Eap { .. }
            | Authentication::Null => false,
        };
        if empty {
            return Err(PadError::EmptyKey);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// The entry with this id.
    pub fn get(&self, id: PeerId) -> Option<&PadEntry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The entry with this id, to be changed.
    pub fn get_mut(&mut self, id: PeerId) -> Option<&mut PadEntry> {
        self.entries.iter_mut().find(|entry| entry.id == id)
    }

    /// The first entry that matches a peer that says to be `remote`, and may have said whom it wants to talk to.
    pub fn by_identity(&self, remote: &Identity, local: Option<&Identity>) -> Option<&PadEntry> {
        self.entries.iter().find(|entry| entry.check(remote, local).is_ok())
    }

    /// What [`by_identity`](Self::by_identity) thinks of each entry up to the one that matches.
    pub fn explain(&self, remote: &Identity, local: Option<&Identity>) -> Vec<Explanation> {
        let mut explanations = Vec::new();
        for entry in &self.entries {
            let verdict = entry.check(remote, local);
            explanations.push(Explanation { id: entry.id, remote: entry.remote.clone(), verdict });
            if verdict.is_ok() {
                break;
            }
        }
        explanations
    }

    /// The entries.
    pub fn entries(&self) -> &[PadEntry] {
        &self.entries
    }
}

/// Why an entry is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PadError {
    /// An entry has this id.
    #[error("a second entry with this id")]
    DoubleId,
    /// An entry has this pair of identities.
    #[error("a second entry with these identities")]
    DoubleIdentity,
    /// A key of no octets.
    #[error("empty key")]
    EmptyKey,
    /// Certificates, and no trust anchor that they could lead to.
    #[error("no trust anchor")]
    NoAnchor,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn entry(id: u32, local: &str, remote: &str, key: &[u8]) -> PadEntry {
        let key = Authentication::PreSharedKey(Secret::copy_from(key));
        PadEntry::new(PeerId(id), Identity::fqdn(local), Identity::fqdn(remote), key)
    }

    #[test]
    fn entries_are_told_apart_by_both_identities() {
        let mut pad = Pad::new();
        pad.insert(entry(1, "a", "peer", b"1")).unwrap();
        pad.insert(entry(2, "b", "peer", b"2")).unwrap();
        assert_eq!(pad.insert(entry(2, "c", "other", b"3")), Err(PadError::DoubleId));
        assert_eq!(pad.insert(entry(3, "B", "Peer", b"3")), Err(PadError::DoubleIdentity));
        assert_eq!(pad.insert(entry(3, "c", "other", b"")), Err(PadError::EmptyKey));
        let find = |remote, local: Option<&str>| {
            let local = local.map(Identity::fqdn);
            pad.by_identity(&Identity::fqdn(remote), local.as_ref()).map(|entry| entry.id.0)
        };
        assert_eq!(find("peer", None), Some(1));
        assert_eq!(find("peer", Some("b")), Some(2));
        assert_eq!(find("peer", Some("c")), None);
        assert_eq!(find("nobody", None), None);
    }

    #[test]
    fn the_first_entry_that_matches_is_the_peers_and_the_reasons_are_told() {
        let mut pad = Pad::new();
        pad.insert(entry(1, "gw", "ann.example", b"1")).unwrap();
        let wide = |id, remote| PadEntry { remote, ..entry(id, "gw", "", b"2") };
        pad.insert(wide(2, IdentityPattern::mail_at("example"))).unwrap();
        pad.insert(wide(3, IdentityPattern::below_domain("example"))).unwrap();
        pad.insert(wide(4, IdentityPattern::Any)).unwrap();
        let of = |identity: &Identity| pad.by_identity(identity, None).map(|entry| entry.id.0);
        assert_eq!(of(&Identity::fqdn("ANN.example")), Some(1));
        assert_eq!(of(&Identity::fqdn("bob.example")), Some(3));
        assert_eq!(of(&Identity::rfc822("bob@example")), Some(2));
        assert_eq!(of(&Identity::key_id(*b"x")), Some(4));
        let lines = |identity, local: Option<&Identity>| {
            pad.explain(&identity, local).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let bob = Identity::fqdn("bob.example");
        let expected = [
            "entry 1 (ann.example): the peer's identity is another",
            "entry 2 (*@example): the peer's identity is of another kind",
            "entry 3 (*.example): matches",
        ];
        assert_eq!(lines(bob.clone(), None), expected);
        let other = lines(bob, Some(&Identity::fqdn("somebody else")));
        assert_eq!(other[3], "entry 4 (anybody): the peer asks for another identity of ours");
    }

    #[test]
    fn what_a_peer_may_assert_has_an_end() {
        use crate::{AddressRange, PolicyAction, Selector, SelectorPair};
        let network =
            |text: &str| Selector::addresses(AddressRange::prefix(text.parse().unwrap(), 16).unwrap());
        let policy = |text| {
            let selectors = SelectorPair { local: SelectorSet::any(), remote: network(text).into() };
            Policy::new(selectors, PolicyAction::Discard)
        };
        let mut entry = entry(1, "a", "b", b"key");
        assert!(entry.allows(&policy("10.9.0.0")));
        entry.asserts = Some(network("10.2.0.0").into());
        assert!(entry.allows(&policy("10.2.0.0")) && !entry.allows(&policy("10.9.0.0")));
        // It is the peer's end that counts, and all of it.
        let [ours, theirs] = ["10.9.0.0", "10.2.0.0"].map(|text| SelectorSet::from(network(text)));
        let of = |local: &SelectorSet, remote: &SelectorSet| {
            let selectors = SelectorPair { local: local.clone(), remote: remote.clone() };
            Policy::new(selectors, PolicyAction::Discard)
        };
        assert!(entry.allows(&of(&ours, &theirs)) && !entry.allows(&of(&theirs, &ours)));
        let both = SelectorSet::new([network("10.2.0.0"), network("10.9.0.0")].into());
        assert!(!entry.allows(&of(&ours, &both)));
        entry.asserts = Some(both.clone());
        assert!(entry.allows(&of(&ours, &both)) && entry.allows(&of(&ours, &theirs)));
        assert!(!entry.allows(&of(&ours, &SelectorSet::any())));
        // Who may assert nothing gets no SA.
        entry.asserts = Some(SelectorSet::default());
        assert!(!entry.allows(&of(&ours, &theirs)));
    }

    #[test]
    fn what_could_prove_nothing_is_refused() {
        let insert =
            |authentication| Pad::new().insert(PadEntry { authentication, ..entry(1, "a", "b", b"1") });
        assert_eq!(insert(Authentication::Certificate(Vec::new())), Err(PadError::NoAnchor));
        assert_eq!(insert(Authentication::Certificate([[0x30, 0].into()].into())), Ok(()));
        assert_eq!(insert(Authentication::RawPublicKey([].into())), Err(PadError::EmptyKey));
        assert_eq!(insert(Authentication::RawPublicKey([0x30, 0].into())), Ok(()));
        assert_eq!(insert(Authentication::Eap { identity: None }), Ok(()));
        let eap = Authentication::Eap { identity: Some((*b"ann").into()) };
        let [a, b] = ["a", "b"].map(Identity::fqdn);
        assert!(!eap.is_pre_shared() && eap.pre_shared_key(&a, &b).is_none());
        assert_eq!(insert(Authentication::Null), Ok(()));
    }

    #[test]
    fn pd_08_debug_shows_no_key() {
        let mut pad = Pad::new();
        pad.insert(entry(1, "a", "b", b"secret words")).unwrap();
        let mut store = MemoryPskStore::default();
        let [we, they] = ["c", "d"].map(Identity::fqdn);
        store.insert(we, they, Secret::copy_from(b"secret words"));
        let shown = alloc::format!("{pad:?} {store:?}");
        assert!(!shown.contains("secret words") && !shown.contains("115, 101"), "{shown}");
    }
}
