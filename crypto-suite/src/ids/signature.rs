use super::{HashId, algorithms};
use crate::KeyType;

/// The facts of a signature algorithm.
struct Row {
    name: &'static str,
    key: KeyType,
    hash: Option<HashId>,
}

const fn row(name: &'static str, key: KeyType, hash: HashId) -> Row {
    Row { name, key, hash: Some(hash) }
}

algorithms! {
    /// The signature algorithms there are, each with the kind of key and the hash it goes with.
    pub enum SignatureId: Row {
        /// Ed25519 (RFC 8032, RFC 8420).
        Ed25519 = Row { name: "Ed25519", key: KeyType::Ed25519, hash: None };
        /// Ed448 (RFC 8032, RFC 8420).
        Ed448 = Row { name: "Ed448", key: KeyType::Ed448, hash: None };
        /// ECDSA on P-256 with SHA-256 (RFC 4754, RFC 7427).
        EcdsaP256Sha2_256 = row("ECDSA-P256-SHA2-256", KeyType::EcdsaP256, HashId::Sha2_256);
        /// ECDSA on P-256 with SHA-384 (RFC 7427).
        EcdsaP256Sha2_384 = row("ECDSA-P256-SHA2-384", KeyType::EcdsaP256, HashId::Sha2_384);
        /// ECDSA on P-256 with SHA-512 (RFC 7427).
        EcdsaP256Sha2_512 = row("ECDSA-P256-SHA2-512", KeyType::EcdsaP256, HashId::Sha2_512);
        /// ECDSA on P-384 with SHA-384 (RFC 4754, RFC 7427).
        EcdsaP384Sha2_384 = row("ECDSA-P384-SHA2-384", KeyType::EcdsaP384, HashId::Sha2_384);
        /// ECDSA on P-384 with SHA-256 (RFC 7427).
        EcdsaP384Sha2_256 = row("ECDSA-P384-SHA2-256", KeyType::EcdsaP384, HashId::Sha2_256);
        /// ECDSA on P-384 with SHA-512 (RFC 7427).
        EcdsaP384Sha2_512 = row("ECDSA-P384-SHA2-512", KeyType::EcdsaP384, HashId::Sha2_512);
        /// ECDSA on P-521 with SHA-512 (RFC 4754, RFC 7427).
        EcdsaP521Sha2_512 = row("ECDSA-P521-SHA2-512", KeyType::EcdsaP521, HashId::Sha2_512);
        /// ECDSA on P-521 with SHA-256 (RFC 7427).
        EcdsaP521Sha2_256 = row("ECDSA-P521-SHA2-256", KeyType::EcdsaP521, HashId::Sha2_256);
        /// ECDSA on P-521 with SHA-384 (RFC 7427).
        EcdsaP521Sha2_384 = row("ECDSA-P521-SHA2-384", KeyType::EcdsaP521, HashId::Sha2_384);
        /// RSASSA-PSS with SHA-256, MGF1 with the same and a salt of 32 octets (RFC 8017, RFC 7427).
        RsaPssSha2_256 = row("RSASSA-PSS-SHA2-256", KeyType::Rsa, HashId::Sha2_256);
        /// RSASSA-PSS with SHA-384, MGF1 with the same and a salt of 48 octets.
        RsaPssSha2_384 = row("RSASSA-PSS-SHA2-384", KeyType::Rsa, HashId::Sha2_384);
        /// RSASSA-PSS with SHA-512, MGF1 with the same and a salt of 64 octets.
        RsaPssSha2_512 = row("RSASSA-PSS-SHA2-512", KeyType::Rsa, HashId::Sha2_512);
        /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, RFC 7427).
        RsaPkcs1Sha2_256 = row("RSASSA-PKCS1-v1_5-SHA2-256", KeyType::Rsa, HashId::Sha2_256);
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        RsaPkcs1Sha2_384 = row("RSASSA-PKCS1-v1_5-SHA2-384", KeyType::Rsa, HashId::Sha2_384);
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        RsaPkcs1Sha2_512 = row("RSASSA-PKCS1-v1_5-SHA2-512", KeyType::Rsa, HashId::Sha2_512);
        /// The signature of IKEv1 with RSA: PKCS #1 v1.5 padding around HASH_I or HASH_R, which is the message, without
        /// DigestInfo (RFC 2409 §5.1).
        RsaPkcs1Ikev1 = Row { name: "RSA-PKCS1-IKEv1", key: KeyType::Rsa, hash: None };
        /// RSASSA-PKCS1-v1_5 with SHA-1, the RSA Digital Signature of IKEv2 (RFC 7296 §3.8): legacy.
        RsaPkcs1Sha1 = row("RSASSA-PKCS1-v1_5-SHA1", KeyType::Rsa, HashId::Sha1);
    }
}

impl SignatureId {
    /// The kind of key it goes with.
    pub const fn key_type(self) -> KeyType {
        self.row().key
    }

    /// The hash of the message; `None` where the message is signed as it is.
    pub const fn hash(self) -> Option<HashId> {
        self.row().hash
    }

    /// Whether it is RSASSA-PSS.
    pub(crate) const fn is_rsassa_pss(self) -> bool {
        matches!(self, Self::RsaPssSha2_256 | Self::RsaPssSha2_384 | Self::RsaPssSha2_512)
    }

    /// The number in SIGNATURE_HASH_ALGORITHMS that a peer must have sent to be given such a signature: of the hash, or 5,
    /// Identity, with EdDSA (RFC 7427 §4, RFC 8420 §2). `None` for the signature of IKEv1.
    pub const fn signature_hash(self) -> Option<u16> {
        match (self, self.row().hash) {
            (Self::Ed25519 | Self::Ed448, _) => Some(5),
            (_, Some(hash)) => hash.signature_hash(),
            (_, None) => None,
        }
    }

    /// Whether only the `legacy` tables hold it: RFC 8247 §3.2 forbids SHA-1.
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::RsaPkcs1Sha1)
    }

    /// The algorithm of an IKEv2 authentication method that says it all: RSA with SHA-1 (1) and ECDSA (9, 10, 11) (RFC 7296
    /// §3.8, RFC 4754). Method 14 names it in an AlgorithmIdentifier.
    pub const fn from_auth_method(method: u8) -> Option<Self> {
        match method {
            1 => Some(Self::RsaPkcs1Sha1),
            9 => Some(Self::EcdsaP256Sha2_256),
            10 => Some(Self::EcdsaP384Sha2_384),
            11 => Some(Self::EcdsaP521Sha2_512),
            _ => None,
        }
    }
}
