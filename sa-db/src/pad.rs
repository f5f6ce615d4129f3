use crate::{Identity, PeerId, Policy};
use alloc::sync::Arc;
use alloc::vec::Vec;
use ipsec_crypto_suite::Secret;

/// The Peer Authorization Database: whom we talk to, how each proves to be who it says, and which SAs it may ask for
/// (RFC 4301 §4.4.3).
///
/// ```
/// use ipsec_crypto_suite::Secret;
/// use ipsec_sa_db::{Authentication, Identity, Pad, PadEntry, PeerId};
///
/// let mut pad = Pad::new();
/// pad.insert(PadEntry {
///     id: PeerId(1),
///     local: Identity::fqdn("left.example"),
///     remote: Identity::fqdn("right.example"),
///     authentication: Authentication::PreSharedKey(Secret::copy_from(b"of both ends alone")),
///     children: Vec::new(),
/// })?;
/// assert!(pad.by_identity(&Identity::fqdn("right.example"), None).is_some());
/// assert!(pad.by_identity(&Identity::fqdn("other.example"), None).is_none());
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
    pub remote: Identity,
    /// How both ends prove it.
    pub authentication: Authentication,
    /// The policies whose SAs the peer may ask for, in order of preference; what they do not take it does not get
    /// (RFC 4301 §4.4.3.3).
    pub children: Vec<Arc<Policy>>,
}

/// How the ends of an IKE SA prove who they are.
#[derive(Debug)]
#[non_exhaustive]
pub enum Authentication {
    /// A key that both ends hold (RFC 7296 §2.15); used as it is, without a terminator.
    PreSharedKey(Secret),
}

impl Authentication {
    /// The pre-shared key, where that is the method.
    pub const fn pre_shared_key(&self) -> Option<&Secret> {
        match self {
            Self::PreSharedKey(key) => Some(key),
        }
    }
}

impl Pad {
    /// Without entries: nobody is let in.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// [`PadError`] where its id, or its pair of identities, is there already, or its key is empty.
    pub fn insert(&mut self, entry: PadEntry) -> Result<(), PadError> {
        if self.get(entry.id).is_some() {
            return Err(PadError::DoubleId);
        }
        let same = |own: &PadEntry| own.remote == entry.remote && own.local == entry.local;
        if self.entries.iter().any(same) {
            return Err(PadError::DoubleIdentity);
        }
        let Authentication::PreSharedKey(key) = &entry.authentication;
        if key.is_empty() {
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

    /// The entry of a peer that says to be `remote`, and may have said whom it wants to talk to.
    pub fn by_identity(&self, remote: &Identity, local: Option<&Identity>) -> Option<&PadEntry> {
        let fits =
            |entry: &&PadEntry| entry.remote == *remote && local.is_none_or(|local| entry.local == *local);
        self.entries.iter().find(fits)
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
    /// A pre-shared key of no octets.
    #[error("empty pre-shared key")]
    EmptyKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u32, local: &str, remote: &str, key: &[u8]) -> PadEntry {
        PadEntry {
            id: PeerId(id),
            local: Identity::fqdn(local),
            remote: Identity::fqdn(remote),
            authentication: Authentication::PreSharedKey(Secret::copy_from(key)),
            children: Vec::new(),
        }
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
    fn pd_08_debug_shows_no_key() {
        let mut pad = Pad::new();
        pad.insert(entry(1, "a", "b", b"secret words")).unwrap();
        let shown = alloc::format!("{pad:?}");
        assert!(!shown.contains("secret words") && !shown.contains("115, 101"), "{shown}");
    }
}
