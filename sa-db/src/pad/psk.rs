use crate::Identity;
use alloc::vec::Vec;
use core::fmt;
use ipsec_crypto_suite::Secret;

/// Where pre-shared keys come from. It answers at once: a key that has to be fetched is fetched before.
pub trait PskStore: fmt::Debug + Send + Sync {
    /// The key of one pair of identities; `None` where there is none.
    fn pre_shared_key(&self, local: &Identity, remote: &Identity) -> Option<&Secret>;
}

/// Pre-shared keys in memory, of which nothing is left there once the store is dropped.
///
/// ```
/// use ipsec_crypto_suite::Secret;
/// use ipsec_sa_db::{Identity, MemoryPskStore, PskStore};
///
/// let mut store = MemoryPskStore::default();
/// let [we, ann] = ["gw.example", "ann.example"].map(Identity::fqdn);
/// store.insert(we.clone(), ann.clone(), Secret::copy_from(b"of both alone"));
/// assert!(store.pre_shared_key(&we, &ann).is_some() && store.pre_shared_key(&ann, &we).is_none());
/// ```
#[derive(Debug, Default)]
pub struct MemoryPskStore(Vec<(Identity, Identity, Secret)>);

impl MemoryPskStore {
    /// Keeps the key of a pair of identities, ours and the peer's, in place of the one that was there. An empty key is as
    /// good as none.
    pub fn insert(&mut self, local: Identity, remote: Identity, key: Secret) {
        self.remove(&local, &remote);
        if !key.is_empty() {
            self.0.push((local, remote, key));
        }
    }

    /// Forgets the key of a pair of identities.
    pub fn remove(&mut self, local: &Identity, remote: &Identity) {
        self.0.retain(|(own, theirs, _)| (own, theirs) != (local, remote));
    }

    /// Forgets the keys of an identity of ours with all peers.
    pub fn forget(&mut self, local: &Identity) {
        self.0.retain(|(own, ..)| own != local);
    }
}

impl PskStore for MemoryPskStore {
    fn pre_shared_key(&self, local: &Identity, remote: &Identity) -> Option<&Secret> {
        self.0.iter().find(|(own, theirs, _)| (own, theirs) == (local, remote)).map(|(.., key)| key)
    }
}
