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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_one_pair_in_its_order_and_the_last_one_counts() {
        let [we, other, ann, bob] = ["we", "other", "ann", "bob"].map(Identity::fqdn);
        let mut store = MemoryPskStore::default();
        let key = |octets: &[u8]| Secret::copy_from(octets);
        let length = |store: &MemoryPskStore, local: &Identity, remote: &Identity| {
            store.pre_shared_key(local, remote).map(Secret::len)
        };
        store.insert(we.clone(), ann.clone(), key(b"1"));
        store.insert(we.clone(), bob.clone(), key(b"22"));
        store.insert(other.clone(), ann.clone(), key(b"333"));
        assert_eq!([length(&store, &we, &ann), length(&store, &we, &bob)], [Some(1), Some(2)]);
        assert_eq!([length(&store, &other, &ann), length(&store, &other, &bob)], [Some(3), None]);
        assert_eq!(length(&store, &ann, &we), None);
        // The names of peers are compared as identities are.
        store.insert(we.clone(), Identity::fqdn("ANN"), key(b"4444"));
        assert_eq!((length(&store, &we, &ann), store.0.len()), (Some(4), 3));
        store.insert(we.clone(), ann.clone(), key(b""));
        assert_eq!((length(&store, &we, &ann), store.0.len()), (None, 2));
        store.remove(&we, &bob);
        assert_eq!([length(&store, &we, &bob), length(&store, &other, &ann)], [None, Some(3)]);
        store.forget(&other);
        assert!(store.0.is_empty());
    }
}
