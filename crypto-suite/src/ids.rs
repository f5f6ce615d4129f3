use core::fmt;

/// The AEAD ciphers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AeadId {
    /// AES-GCM with a 16-octet ICV and a 128-bit key (RFC 4106, RFC 5282).
    Aes128Gcm16,
    /// AES-GCM with a 16-octet ICV and a 192-bit key.
    Aes192Gcm16,
    /// AES-GCM with a 16-octet ICV and a 256-bit key.
    Aes256Gcm16,
}

impl AeadId {
    const ALL: [Self; 3] = [Self::Aes128Gcm16, Self::Aes192Gcm16, Self::Aes256Gcm16];

    /// Octets of the key, without the salt.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm16 => 16,
            Self::Aes192Gcm16 => 24,
            Self::Aes256Gcm16 => 32,
        }
    }

    /// Octets of the salt, which key material carries behind the key (RFC 4106 §8.1).
    pub const fn salt_len(self) -> usize {
        4
    }

    /// Octets of the IV that a message carries.
    pub const fn explicit_iv_len(self) -> usize {
        8
    }

    /// Octets of the nonce: salt and IV.
    pub const fn nonce_len(self) -> usize {
        12
    }

    /// Octets of the tag.
    pub const fn tag_len(self) -> usize {
        16
    }

    /// The IKEv2 encryption transform: its id and its Key Length attribute in bits.
    pub const fn ikev2(self) -> (u16, Option<u16>) {
        match self {
            Self::Aes128Gcm16 => (20, Some(128)),
            Self::Aes192Gcm16 => (20, Some(192)),
            Self::Aes256Gcm16 => (20, Some(256)),
        }
    }

    /// The AEAD of an IKEv2 encryption transform.
    pub fn from_ikev2(id: u16, key_length: Option<u16>) -> Option<Self> {
        Self::ALL.into_iter().find(|aead| aead.ikev2() == (id, key_length))
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm16 => "AES-GCM-16-128",
            Self::Aes192Gcm16 => "AES-GCM-16-192",
            Self::Aes256Gcm16 => "AES-GCM-16-256",
        }
    }
}

/// The ciphers without integrity there are; they are used only together with a [`MacId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CipherId {
    /// No encryption (RFC 2410).
    Null,
    /// AES-CBC with a 128-bit key (RFC 3602).
    Aes128Cbc,
    /// AES-CBC with a 192-bit key.
    Aes192Cbc,
    /// AES-CBC with a 256-bit key.
    Aes256Cbc,
}

impl CipherId {
    const ALL: [Self; 4] = [Self::Null, Self::Aes128Cbc, Self::Aes192Cbc, Self::Aes256Cbc];

    /// Octets of the key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Null => 0,
            Self::Aes128Cbc => 16,
            Self::Aes192Cbc => 24,
            Self::Aes256Cbc => 32,
        }
    }

    /// Octets of which plaintext must be a multiple.
    pub const fn block_len(self) -> usize {
        match self {
            Self::Null => 1,
            Self::Aes128Cbc | Self::Aes192Cbc | Self::Aes256Cbc => 16,
        }
    }

    /// Octets of the IV that a message carries.
    pub const fn iv_len(self) -> usize {
        match self {
            Self::Null => 0,
            Self::Aes128Cbc | Self::Aes192Cbc | Self::Aes256Cbc => 16,
        }
    }

    /// The IKEv2 encryption transform: its id and its Key Length attribute in bits.
    pub const fn ikev2(self) -> (u16, Option<u16>) {
        match self {
            Self::Null => (11, None),
            Self::Aes128Cbc => (12, Some(128)),
            Self::Aes192Cbc => (12, Some(192)),
            Self::Aes256Cbc => (12, Some(256)),
        }
    }

    /// The cipher of an IKEv2 encryption transform.
    pub fn from_ikev2(id: u16, key_length: Option<u16>) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.ikev2() == (id, key_length))
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Aes128Cbc => "AES-CBC-128",
            Self::Aes192Cbc => "AES-CBC-192",
            Self::Aes256Cbc => "AES-CBC-256",
        }
    }
}

/// The integrity algorithms there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MacId {
    /// HMAC-SHA-1, truncated to 96 bits (RFC 2404).
    HmacSha1_96,
    /// HMAC-SHA-256, truncated to 128 bits (RFC 4868).
    HmacSha2_256_128,
    /// HMAC-SHA-384, truncated to 192 bits (RFC 4868).
    HmacSha2_384_192,
    /// HMAC-SHA-512, truncated to 256 bits (RFC 4868).
    HmacSha2_512_256,
}

impl MacId {
    const ALL: [Self; 4] =
        [Self::HmacSha1_96, Self::HmacSha2_256_128, Self::HmacSha2_384_192, Self::HmacSha2_512_256];

    /// Octets of the key: those of the digest (RFC 4868 §2.1.1).
    pub const fn key_len(self) -> usize {
        match self {
            Self::HmacSha1_96 => 20,
            Self::HmacSha2_256_128 => 32,
            Self::HmacSha2_384_192 => 48,
            Self::HmacSha2_512_256 => 64,
        }
    }

    /// Octets of the ICV.
    pub const fn icv_len(self) -> usize {
        match self {
            Self::HmacSha1_96 => 12,
            Self::HmacSha2_256_128 => 16,
            Self::HmacSha2_384_192 => 24,
            Self::HmacSha2_512_256 => 32,
        }
    }

    /// The IKEv2 integrity transform id.
    pub const fn ikev2(self) -> u16 {
        match self {
            Self::HmacSha1_96 => 2,
            Self::HmacSha2_256_128 => 12,
            Self::HmacSha2_384_192 => 13,
            Self::HmacSha2_512_256 => 14,
        }
    }

    /// The algorithm of an IKEv2 integrity transform id.
    pub fn from_ikev2(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|mac| mac.ikev2() == id)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacSha1_96 => "HMAC-SHA1-96",
            Self::HmacSha2_256_128 => "HMAC-SHA2-256-128",
            Self::HmacSha2_384_192 => "HMAC-SHA2-384-192",
            Self::HmacSha2_512_256 => "HMAC-SHA2-512-256",
        }
    }
}

/// The pseudo-random functions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PrfId {
    /// PRF-HMAC-SHA1 (RFC 2104).
    HmacSha1,
    /// PRF-HMAC-SHA2-256 (RFC 4868).
    HmacSha2_256,
    /// PRF-HMAC-SHA2-384 (RFC 4868).
    HmacSha2_384,
    /// PRF-HMAC-SHA2-512 (RFC 4868).
    HmacSha2_512,
}

impl PrfId {
    const ALL: [Self; 4] = [Self::HmacSha1, Self::HmacSha2_256, Self::HmacSha2_384, Self::HmacSha2_512];

    /// Octets of the output.
    pub const fn output_len(self) -> usize {
        match self {
            Self::HmacSha1 => 20,
            Self::HmacSha2_256 => 32,
            Self::HmacSha2_384 => 48,
            Self::HmacSha2_512 => 64,
        }
    }

    /// Octets of the preferred key: the length of SK_d, SK_pi and SK_pr (RFC 7296 §2.13, §2.14).
    pub const fn key_len(self) -> usize {
        self.output_len()
    }

    /// The IKEv2 PRF transform id.
    pub const fn ikev2(self) -> u16 {
        match self {
            Self::HmacSha1 => 2,
            Self::HmacSha2_256 => 5,
            Self::HmacSha2_384 => 6,
            Self::HmacSha2_512 => 7,
        }
    }

    /// The PRF of an IKEv2 transform id.
    pub fn from_ikev2(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|prf| prf.ikev2() == id)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacSha1 => "PRF-HMAC-SHA1",
            Self::HmacSha2_256 => "PRF-HMAC-SHA2-256",
            Self::HmacSha2_384 => "PRF-HMAC-SHA2-384",
            Self::HmacSha2_512 => "PRF-HMAC-SHA2-512",
        }
    }
}

/// The hash functions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashId {
    /// SHA-1 (FIPS 180-4). NAT detection is built on it (RFC 7296 §2.23), and nothing that has to be secret or signed.
    Sha1,
}

impl HashId {
    /// Octets of the output.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
        }
    }
}

/// The key exchange methods there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KexId {
    /// The 2048-bit MODP group (RFC 3526 §3).
    Modp2048,
    /// The 256-bit random ECP group, NIST P-256 (RFC 5903).
    Ecp256,
    /// Curve25519 (RFC 8031).
    Curve25519,
}

impl KexId {
    const ALL: [Self; 3] = [Self::Modp2048, Self::Ecp256, Self::Curve25519];

    /// Octets of a public value, as the KE payload carries it.
    pub const fn public_len(self) -> usize {
        match self {
            Self::Modp2048 => 256,
            Self::Ecp256 => 64,
            Self::Curve25519 => 32,
        }
    }

    /// Octets of the shared secret.
    pub const fn shared_len(self) -> usize {
        match self {
            Self::Modp2048 => 256,
            Self::Ecp256 | Self::Curve25519 => 32,
        }
    }

    /// The IKEv2 key exchange transform id (Diffie-Hellman group number).
    pub const fn ikev2(self) -> u16 {
        match self {
            Self::Modp2048 => 14,
            Self::Ecp256 => 19,
            Self::Curve25519 => 31,
        }
    }

    /// The method of an IKEv2 transform id.
    pub fn from_ikev2(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.ikev2() == id)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Modp2048 => "MODP-2048",
            Self::Ecp256 => "ECP-256",
            Self::Curve25519 => "Curve25519",
        }
    }
}

macro_rules! display_name {
    ($($id:ty),*) => { $(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    )* };
}

display_name!(AeadId, CipherId, MacId, PrfId, HashId, KexId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iana_numbers_map_back() {
        for id in AeadId::ALL {
            assert_eq!(AeadId::from_ikev2(id.ikev2().0, id.ikev2().1), Some(id));
            assert_eq!(id.nonce_len(), id.salt_len() + id.explicit_iv_len());
        }
        for id in CipherId::ALL {
            assert_eq!(CipherId::from_ikev2(id.ikev2().0, id.ikev2().1), Some(id));
        }
        assert!(MacId::ALL.into_iter().all(|id| MacId::from_ikev2(id.ikev2()) == Some(id)));
        assert!(PrfId::ALL.into_iter().all(|id| PrfId::from_ikev2(id.ikev2()) == Some(id)));
        assert!(KexId::ALL.into_iter().all(|id| KexId::from_ikev2(id.ikev2()) == Some(id)));
    }

    #[test]
    fn w2_14_aes_without_or_with_a_wrong_key_length_is_no_algorithm() {
        for key_length in [None, Some(0), Some(129), Some(u16::MAX)] {
            assert_eq!(AeadId::from_ikev2(20, key_length), None);
            assert_eq!(CipherId::from_ikev2(12, key_length), None);
        }
        assert_eq!(CipherId::from_ikev2(11, Some(128)), None, "NULL has no key");
    }
}
