use crate::{HashId, KeyType, SignatureId};
use alloc::vec::Vec;

impl SignatureId {
    /// The DER of the AlgorithmIdentifier that names it in an AUTH payload of method 14 (RFC 7427 §3, App. A; RFC 8420
    /// App. A); `None` for the signature of IKEv1, which has none.
    ///
    /// ```
    /// use ipsec_crypto_suite::{KeyType, SignatureId};
    ///
    /// let der = SignatureId::Ed25519.algorithm_identifier();
    /// assert_eq!(der.as_deref(), Some(&[0x30, 5, 6, 3, 0x2b, 0x65, 0x70][..]));
    /// let id = SignatureId::from_algorithm_identifier(&[0x30, 5, 6, 3, 0x2b, 0x65, 0x70], KeyType::Ed25519);
    /// assert_eq!(id, Some(SignatureId::Ed25519));
    /// ```
    pub fn algorithm_identifier(self) -> Option<Vec<u8>> {
        self.algorithm_identifiers().into_iter().next()
    }

    /// The algorithm that the DER of an AlgorithmIdentifier names for a key of the kind `key`; ECDSA's leaves the curve to
    /// the key.
    ///
    /// `None` for what is not implemented or does not go with the key, and for RSASSA-PSS with default parameters, which
    /// mean SHA-1. The octets are compared with those of each algorithm; for RSA with SHA-2 also with the forms that leave
    /// out NULL parameters (RFC 4055 §2.1, §5), and for RSASSA-PSS with those that write the trailer field that DER leaves
    /// out, as RFC 7427 App. A.4.3 does.
    pub fn from_algorithm_identifier(der: &[u8], key: KeyType) -> Option<Self> {
        let named = |id: &Self| id.algorithm_identifiers().iter().any(|form| form.as_slice() == der);
        Self::ALL.iter().copied().filter(|id| id.key_type() == key).find(named)
    }

    /// Its forms, the one we send first.
    fn algorithm_identifiers(self) -> Vec<Vec<u8>> {
        match (self.key_type(), self.hash()) {
            (KeyType::Ed25519, _) => [sequence(&[ED25519])].into(),
            (KeyType::Ed448, _) => [sequence(&[ED448])].into(),
            (_, None) => Vec::new(),
            (KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::EcdsaP521, Some(hash)) => {
                let oid = last_octet(ECDSA_WITH_SHA2, [2, 3, 4], hash);
                oid.map(|oid| sequence(&[&oid])).into_iter().collect()
            }
            (KeyType::Rsa, Some(hash)) if self.is_rsassa_pss() => pss(hash),
            (KeyType::Rsa, Some(HashId::Sha1)) => [sequence(&[SHA1_WITH_RSA, NULL])].into(),
            (KeyType::Rsa, Some(hash)) => {
                // RFC 4055 §5: "the parameters MUST be NULL. Implementations MUST accept the parameters being absent as
                // well as present."
                let oid = last_octet(SHA2_WITH_RSA, [11, 12, 13], hash);
                oid.map_or_else(Vec::new, |oid| [sequence(&[&oid, NULL]), sequence(&[&oid])].into())
            }
        }
    }
}

/// An object identifier whose last octet depends on the hash: SHA-256, SHA-384 or SHA-512.
fn last_octet(front: &[u8], octets: [u8; 3], hash: HashId) -> Option<Vec<u8>> {
    let [sha256, sha384, sha512] = octets;
    let last = match hash {
        HashId::Sha2_256 => sha256,
        HashId::Sha2_384 => sha384,
        HashId::Sha2_512 => sha512,
        HashId::Sha1 | HashId::Md5 => return None,
    };
    Some([front, &[last]].concat())
}

/// RSASSA-PSS-params with a hash, MGF1 with the same, and a salt as long as its output (RFC 8017 App. A.2.3).
fn pss(hash: HashId) -> Vec<Vec<u8>> {
    let Some(oid) = last_octet(SHA2, [1, 2, 3], hash) else { return Vec::new() };
    let (with_null, without) = (sequence(&[&oid, NULL]), sequence(&[&oid]));
    let salt_len = explicit(2, &[2, 1, hash.output_len() as u8]);
    let mut forms = Vec::new();
    for trailer in [&[][..], &explicit(3, &[2, 1, 1])] {
        for hash in [&with_null, &without] {
            for mask_hash in [&with_null, &without] {
                let mask = explicit(1, &sequence(&[MGF1, mask_hash]));
                let parameters = sequence(&[&explicit(0, hash), &mask, &salt_len, trailer]);
                forms.push(sequence(&[RSASSA_PSS, &parameters]));
            }
        }
    }
    forms
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    tagged(0xa0 | number, content)
}

/// A tag, the length in one octet and the content, of at most 127 octets: all there is here is shorter.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8], content].concat()
}

const NULL: &[u8] = &[5, 0];
const ED25519: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];
const ED448: &[u8] = &[6, 3, 0x2b, 0x65, 0x71];
/// 1.2.840.10045.4.3, and one more.
const ECDSA_WITH_SHA2: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
/// 1.2.840.113549.1.1.5.
const SHA1_WITH_RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
/// 1.2.840.113549.1.1, and one more.
const SHA2_WITH_RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
/// 1.2.840.113549.1.1.10.
const RSASSA_PSS: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// 1.2.840.113549.1.1.8.
const MGF1: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
/// 2.16.840.1.101.3.4.2, and one more.
const SHA2: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
