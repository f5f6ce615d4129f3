use super::algorithms;

/// The facts of a key exchange method.
struct Row {
    name: &'static str,
    /// Octets of the initiator's public value, of the responder's, and of the secret.
    lengths: (usize, usize, usize),
    ikev2: u16,
    ikev1: bool,
}

const fn modp(name: &'static str, bits: usize, id: u16) -> Row {
    Row { name, lengths: (bits / 8, bits / 8, bits / 8), ikev2: id, ikev1: true }
}

const fn ecp(name: &'static str, field: usize, id: u16) -> Row {
    Row { name, lengths: (2 * field, 2 * field, field), ikev2: id, ikev1: true }
}

const fn montgomery(name: &'static str, len: usize, id: u16) -> Row {
    Row { name, lengths: (len, len, len), ikev2: id, ikev1: false }
}

const fn ml_kem(name: &'static str, key: usize, ciphertext: usize, id: u16) -> Row {
    Row { name, lengths: (key, ciphertext, 32), ikev2: id, ikev1: false }
}

algorithms! {
    /// The key exchange methods there are.
    pub enum KexId: Row {
        /// The 2048-bit MODP group (RFC 3526 §3).
        Modp2048 = modp("MODP-2048", 2048, 14);
        /// The 3072-bit MODP group (RFC 3526 §4).
        Modp3072 = modp("MODP-3072", 3072, 15);
        /// The 4096-bit MODP group (RFC 3526 §5).
        Modp4096 = modp("MODP-4096", 4096, 16);
        /// The 6144-bit MODP group (RFC 3526 §6).
        Modp6144 = modp("MODP-6144", 6144, 17);
        /// The 8192-bit MODP group (RFC 3526 §7).
        Modp8192 = modp("MODP-8192", 8192, 18);
        /// The 256-bit random ECP group, NIST P-256 (RFC 5903).
        Ecp256 = ecp("ECP-256", 32, 19);
        /// The 384-bit random ECP group, NIST P-384 (RFC 5903).
        Ecp384 = ecp("ECP-384", 48, 20);
        /// The 521-bit random ECP group, NIST P-521 (RFC 5903).
        Ecp521 = ecp("ECP-521", 66, 21);
        /// The 256-bit Brainpool group (RFC 6954).
        Brainpool256 = ecp("Brainpool-P256r1", 32, 28);
        /// The 384-bit Brainpool group (RFC 6954).
        Brainpool384 = ecp("Brainpool-P384r1", 48, 29);
        /// Curve25519 (RFC 8031).
        Curve25519 = montgomery("Curve25519", 32, 31);
        /// Curve448 (RFC 8031).
        Curve448 = montgomery("Curve448", 56, 32);
        /// ML-KEM-512 (FIPS 203, draft-ietf-ipsecme-ikev2-mlkem).
        MlKem512 = ml_kem("ML-KEM-512", 800, 768, 35);
        /// ML-KEM-768 (FIPS 203, draft-ietf-ipsecme-ikev2-mlkem).
        MlKem768 = ml_kem("ML-KEM-768", 1184, 1088, 36);
        /// ML-KEM-1024 (FIPS 203, draft-ietf-ipsecme-ikev2-mlkem).
        MlKem1024 = ml_kem("ML-KEM-1024", 1568, 1568, 37);
        /// The 1024-bit MODP group (RFC 2409 §6.2): legacy.
        Modp1024 = modp("MODP-1024", 1024, 2);
        /// The 1536-bit MODP group (RFC 3526 §2): legacy.
        Modp1536 = modp("MODP-1536", 1536, 5);
        /// The 1024-bit MODP group with a subgroup of 160 bits (RFC 5114 §2.1): legacy.
        Modp1024Subgroup160 = modp("MODP-1024-160", 1024, 22);
        /// The 2048-bit MODP group with a subgroup of 224 bits (RFC 5114 §2.2): legacy.
        Modp2048Subgroup224 = modp("MODP-2048-224", 2048, 23);
        /// The 2048-bit MODP group with a subgroup of 256 bits (RFC 5114 §2.3): legacy.
        Modp2048Subgroup256 = modp("MODP-2048-256", 2048, 24);
    }
}

impl KexId {
    /// What IKE proposes by default, the preferred first (RFC 8247 §2.4).
    pub const DEFAULTS: &'static [Self] =
        &[Self::Curve25519, Self::Ecp256, Self::Ecp384, Self::Modp3072, Self::Modp2048];

    /// Octets of the initiator's public value, as the KE payload carries it.
    pub const fn public_len(self) -> usize {
        self.row().lengths.0
    }

    /// Octets of the responder's public value: another length than the initiator's where it is a KEM ciphertext.
    pub const fn response_len(self) -> usize {
        self.row().lengths.1
    }

    /// Octets of the shared secret.
    pub const fn shared_len(self) -> usize {
        self.row().lengths.2
    }

    /// Whether only the `legacy` tables hold it: RFC 8247 §2.4 advises against it.
    pub const fn is_legacy(self) -> bool {
        matches!(
            self,
            Self::Modp1024
                | Self::Modp1536
                | Self::Modp1024Subgroup160
                | Self::Modp2048Subgroup224
                | Self::Modp2048Subgroup256
        )
    }

    /// The IKEv2 key exchange transform id (Diffie-Hellman group number).
    pub const fn ikev2(self) -> u16 {
        self.row().ikev2
    }

    /// The method of an IKEv2 transform id.
    pub fn from_ikev2(id: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|method| method.ikev2() == id)
    }

    /// The Group Description attribute of IKEv1 (RFC 2409 App. A); `None` for what IKEv1 has no number for.
    pub const fn ikev1(self) -> Option<u16> {
        if self.row().ikev1 { Some(self.row().ikev2) } else { None }
    }

    /// The method of a Group Description attribute of IKEv1.
    pub fn from_ikev1(attribute: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|method| method.ikev1() == Some(attribute))
    }
}
