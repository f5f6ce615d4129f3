use crate::{Identity, MemoryPskStore, PskStore};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use ipsec_crypto_suite::{Secret, SigningKey};

/// What we prove with who we are, and check with what others claim, where that takes a secret of ours: keys, passwords and
/// certificates, found by who we are and who the peer is.
///
/// It answers at once: what has to be fetched is fetched before, and a key that signs elsewhere, in an HSM for instance, is
/// not one of these.
pub trait Credentials: PskStore {
    /// What we sign with towards a peer; `None` where there is nothing.
    fn signer(&self, local: &Identity, remote: &Identity) -> Option<&Signer>;

    /// The secret of an EAP identity: as a client our own, as a server the client's (RFC 3748).
    fn eap_secret(&self, identity: &[u8]) -> Option<&Secret>;
}

/// A key that signs for us, and how the peer comes to know the key that verifies.
#[derive(Debug)]
pub struct Signer {
    /// The key.
    pub key: Box<dyn SigningKey>,
    /// Certificates in DER, ours first and each followed by its issuer's. None is for a peer that has the raw public key
    /// (RFC 7670).
    pub certificates: Vec<Box<[u8]>>,
}

/// Credentials in memory, of whose secrets nothing is left there once they are dropped; of a signing key, as its provider
/// says.
///
/// ```
/// use ipsec_crypto_suite::{Secret, rustcrypto};
/// use ipsec_sa_db::{Credentials as _, Identity, MemoryCredentials, Signer};
/// # let der = [
/// #     &[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20][..], &[7; 32],
/// # ].concat(); // PKCS #8 of an Ed25519 key
///
/// let [we, ann] = ["gw.example", "ann.example"].map(Identity::fqdn);
/// let key = rustcrypto::signing_key(&Secret::copy_from(&der))?;
/// let mut own = MemoryCredentials::default();
/// own.set_signer(we.clone(), None, Signer { key, certificates: Vec::new() });
/// own.set_eap_secret(b"ann", Secret::copy_from(b"of ann alone"));
/// assert!(own.signer(&we, &ann).is_some() && own.signer(&ann, &we).is_none());
/// assert!(own.eap_secret(b"ann").is_some());
/// # Ok::<(), ipsec_crypto_suite::CryptoError>(())
/// ```
#[derive(Default)]
pub struct MemoryCredentials {
    keys: MemoryPskStore,
    signers: Vec<(Identity, Option<Identity>, Signer)>,
    eap: Vec<(Box<[u8]>, Secret)>,
}

impl MemoryCredentials {
    /// Keeps a pre-shared key: see [`MemoryPskStore::insert`].
    pub fn set_pre_shared_key(&mut self, local: Identity, remote: Identity, key: Secret) {
        self.keys.insert(local, remote, key);
    }

    /// Keeps what an identity of ours signs with, towards one peer or, with `None`, towards all that have none of their own,
    /// in place of what was there.
    pub fn set_signer(&mut self, local: Identity, remote: Option<Identity>, signer: Signer) {
        self.signers.retain(|(own, theirs, _)| (own, theirs) != (&local, &remote));
        self.signers.push((local, remote, signer));
    }

    /// Keeps the secret of an EAP identity in place of the one that was there. An empty one is as good as none.
    pub fn set_eap_secret(&mut self, identity: &[u8], secret: Secret) {
        self.eap.retain(|(own, _)| **own != *identity);
        if !secret.is_empty() {
            self.eap.push((identity.into(), secret));
        }
    }

    /// Forgets all that is kept for an identity of ours, and the secret of the EAP identity of the same octets, if it is of
    /// octets.
    pub fn forget(&mut self, local: &Identity) {
        self.keys.forget(local);
        self.signers.retain(|(own, ..)| own != local);
        if let Identity::Fqdn(octets) | Identity::Rfc822(octets) | Identity::KeyId(octets) = local {
            self.eap.retain(|(own, _)| own != octets);
        }
    }
}

impl PskStore for MemoryCredentials {
    fn pre_shared_key(&self, local: &Identity, remote: &Identity) -> Option<&Secret> {
        self.keys.pre_shared_key(local, remote)
    }
}

impl Credentials for MemoryCredentials {
    fn signer(&self, local: &Identity, remote: &Identity) -> Option<&Signer> {
        let of = |wanted: Option<&Identity>| {
            let is = |(own, theirs, _): &&(Identity, Option<Identity>, Signer)| {
                own == local && theirs.as_ref() == wanted
            };
            self.signers.iter().find(is).map(|(.., signer)| signer)
        };
        of(Some(remote)).or_else(|| of(None))
    }

    fn eap_secret(&self, identity: &[u8]) -> Option<&Secret> {
        self.eap.iter().find(|(own, _)| **own == *identity).map(|(_, secret)| secret)
    }
}

impl fmt::Debug for MemoryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCredentials")
            .field("keys", &self.keys)
            .field("signers", &self.signers.len())
            .field("eap", &self.eap.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipsec_crypto_suite::{CryptoError, PublicKey, SignatureId};

    #[derive(Debug)]
    struct Key(PublicKey);

    impl SigningKey for Key {
        fn public_key(&self) -> &PublicKey {
            &self.0
        }

        fn algorithms(&self) -> &[SignatureId] {
            &[]
        }

        fn sign(&self, _: SignatureId, _: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
            Err(CryptoError::Randomness)
        }
    }

    /// A signer that is told from others by the number of its certificates.
    fn signer(certificates: usize) -> Signer {
        let der = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], &[7; 32]].concat();
        let key = Box::new(Key(PublicKey::from_spki(&der).unwrap()));
        Signer { key, certificates: alloc::vec![[0x30, 0].into(); certificates] }
    }

    #[test]
    fn a_signer_for_one_peer_comes_before_that_for_all() {
        let [we, other, ann, bob] = ["we", "other", "ann", "bob"].map(Identity::fqdn);
        let mut own = MemoryCredentials::default();
        own.set_signer(we.clone(), None, signer(1));
        own.set_signer(we.clone(), Some(ann.clone()), signer(2));
        own.set_signer(other.clone(), None, signer(3));
        let found = |own: &MemoryCredentials, local, remote| {
            own.signer(local, remote).map(|signer| signer.certificates.len())
        };
        assert_eq!([found(&own, &we, &ann), found(&own, &we, &bob)], [Some(2), Some(1)]);
        assert_eq!([found(&own, &other, &ann), found(&own, &ann, &we)], [Some(3), None]);
        own.set_signer(we.clone(), Some(ann.clone()), signer(4));
        assert_eq!([found(&own, &we, &ann), found(&own, &we, &bob)], [Some(4), Some(1)]);
        own.forget(&we);
        assert_eq!([found(&own, &we, &ann), found(&own, &other, &ann)], [None, Some(3)]);
    }

    #[test]
    fn secrets_are_found_by_whom_they_are_of_and_empty_ones_are_none() {
        let [we, ann, bob] = ["we", "ann", "bob"].map(Identity::fqdn);
        let mut own = MemoryCredentials::default();
        let secret = |octets: &[u8]| Secret::copy_from(octets);
        own.set_pre_shared_key(we.clone(), ann.clone(), secret(b"1"));
        own.set_pre_shared_key(we.clone(), bob.clone(), secret(b"22"));
        own.set_eap_secret(b"ann", secret(b"333"));
        own.set_eap_secret(b"bob", secret(b"4444"));
        let found = |secret: Option<&Secret>| secret.map(Secret::len);
        assert_eq!(found(own.pre_shared_key(&we, &ann)), Some(1));
        assert_eq!(found(own.pre_shared_key(&we, &bob)), Some(2));
        assert_eq!([found(own.eap_secret(b"ann")), found(own.eap_secret(b"bob"))], [Some(3), Some(4)]);
        assert!(own.eap_secret(b"an").is_none() && own.pre_shared_key(&ann, &we).is_none());
        own.set_eap_secret(b"ann", secret(b""));
        assert_eq!([found(own.eap_secret(b"ann")), found(own.eap_secret(b"bob"))], [None, Some(4)]);
        own.set_eap_secret(b"bob", secret(b"55555"));
        assert_eq!(found(own.eap_secret(b"bob")), Some(5));
        own.forget(&bob);
        assert!(own.eap_secret(b"bob").is_none());
        own.forget(&we);
        assert!(own.pre_shared_key(&we, &ann).is_none());
    }
}
