use super::{HashId, algorithms};

/// The facts of a PRF.
struct Row {
    name: &'static str,
    output: usize,
    ikev2: u16,
    hash: Option<HashId>,
}

const fn hmac(name: &'static str, ikev2: u16, hash: HashId) -> Row {
    Row { name, output: hash.output_len(), ikev2, hash: Some(hash) }
}

const fn aes(name: &'static str, ikev2: u16) -> Row {
    Row { name, output: 16, ikev2, hash: None }
}

algorithms! {
    /// The pseudo-random functions there are.
    pub enum PrfId: Row {
        /// PRF-HMAC-SHA1 (RFC 2104).
        HmacSha1 = hmac("PRF-HMAC-SHA1", 2, HashId::Sha1);
        /// PRF-HMAC-SHA2-256 (RFC 4868).
        HmacSha2_256 = hmac("PRF-HMAC-SHA2-256", 5, HashId::Sha2_256);
        /// PRF-HMAC-SHA2-384 (RFC 4868).
        HmacSha2_384 = hmac("PRF-HMAC-SHA2-384", 6, HashId::Sha2_384);
        /// PRF-HMAC-SHA2-512 (RFC 4868).
        HmacSha2_512 = hmac("PRF-HMAC-SHA2-512", 7, HashId::Sha2_512);
        /// AES-XCBC-PRF-128 (RFC 4434).
        AesXcbc = aes("PRF-AES128-XCBC", 4);
        /// AES-CMAC-PRF-128 (RFC 4615).
        AesCmac = aes("PRF-AES128-CMAC", 8);
        /// PRF-HMAC-MD5 (RFC 2104): legacy.
        HmacMd5 = hmac("PRF-HMAC-MD5", 1, HashId::Md5);
    }
}

impl PrfId {
    /// What IKE proposes by default, the preferred first (RFC 8247 §2.2).
    pub const DEFAULTS: &'static [Self] = &[Self::HmacSha2_256, Self::HmacSha2_384, Self::HmacSha2_512];

    /// HMAC with a hash: the PRF of IKEv1 where none is negotiated (RFC 2409 §4).
    pub const fn hmac_of(hash: HashId) -> Self {
        match hash {
            HashId::Sha1 => Self::HmacSha1,
            HashId::Sha2_256 => Self::HmacSha2_256,
            HashId::Sha2_384 => Self::HmacSha2_384,
            HashId::Sha2_512 => Self::HmacSha2_512,
            HashId::Md5 => Self::HmacMd5,
        }
    }

    /// Octets of the output.
    pub const fn output_len(self) -> usize {
        self.row().output
    }

    /// Octets of the preferred key: the length of SK_d, SK_pi and SK_pr (RFC 7296 §2.13, §2.14).
    pub const fn key_len(self) -> usize {
        self.row().output
    }

    /// Octets that each nonce adds to the key of the first SKEYSEED, where the key has a fixed length: the first half of it
    /// from Ni, the second from Nr (RFC 7296 §2.14, RFC 4434 §2, RFC 4615 §3). `None` where all of both are taken.
    pub const fn skeyseed_nonce_len(self) -> Option<usize> {
        match self.row().hash {
            Some(_) => None,
            None => Some(self.row().output / 2),
        }
    }

    /// Whether only the `legacy` tables hold it: RFC 8247 §2.2 forbids it.
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::HmacMd5)
    }

    /// The IKEv2 PRF transform id.
    pub const fn ikev2(self) -> u16 {
        self.row().ikev2
    }

    /// The PRF of an IKEv2 transform id.
    pub fn from_ikev2(id: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|prf| prf.ikev2() == id)
    }
}
