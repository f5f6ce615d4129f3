use super::algorithms;

/// The facts of an integrity algorithm.
struct Row {
    name: &'static str,
    key: usize,
    iv: usize,
    icv: usize,
    ikev2: u16,
    /// The Authentication Algorithm attribute of IKEv1's quick mode, and the AH transform id.
    ikev1: Option<(u16, u8)>,
}

const fn row(name: &'static str, key: usize, icv: usize, ikev2: u16, ikev1: Option<(u16, u8)>) -> Row {
    Row { name, key, iv: 0, icv, ikev2, ikev1 }
}

const fn gmac(name: &'static str, key: usize, ikev2: u16, ikev1: u8) -> Row {
    Row { name, key: key + 4, iv: 8, icv: 16, ikev2, ikev1: Some((ikev1 as u16, ikev1)) }
}

algorithms! {
    /// The integrity algorithms there are.
    pub enum MacId: Row {
        /// HMAC-SHA-1, truncated to 96 bits (RFC 2404).
        HmacSha1_96 = row("HMAC-SHA1-96", 20, 12, 2, Some((2, 3)));
        /// HMAC-SHA-256, truncated to 128 bits (RFC 4868).
        HmacSha2_256_128 = row("HMAC-SHA2-256-128", 32, 16, 12, Some((5, 5)));
        /// HMAC-SHA-384, truncated to 192 bits (RFC 4868).
        HmacSha2_384_192 = row("HMAC-SHA2-384-192", 48, 24, 13, Some((6, 6)));
        /// HMAC-SHA-512, truncated to 256 bits (RFC 4868).
        HmacSha2_512_256 = row("HMAC-SHA2-512-256", 64, 32, 14, Some((7, 7)));
        /// AES-XCBC-MAC, truncated to 96 bits (RFC 3566).
        AesXcbc96 = row("AES-XCBC-96", 16, 12, 5, Some((9, 9)));
        /// AES-CMAC, truncated to 96 bits (RFC 4494).
        AesCmac96 = row("AES-CMAC-96", 16, 12, 8, None);
        /// AES-GMAC with a 128-bit key (RFC 4543); for AH only, whose ICV field holds the IV in front of the ICV.
        Aes128Gmac = gmac("AES-GMAC-128", 16, 9, 11);
        /// AES-GMAC with a 192-bit key; for AH only.
        Aes192Gmac = gmac("AES-GMAC-192", 24, 10, 12);
        /// AES-GMAC with a 256-bit key; for AH only.
        Aes256Gmac = gmac("AES-GMAC-256", 32, 11, 13);
        /// HMAC-MD5, truncated to 96 bits (RFC 2403): legacy.
        HmacMd5_96 = row("HMAC-MD5-96", 16, 12, 1, Some((1, 2)));
    }
}

impl MacId {
    /// What AH proposes by default, the preferred first (RFC 8221 §6).
    pub const AH_DEFAULTS: &'static [Self] = &[Self::HmacSha2_256_128, Self::HmacSha2_512_256];

    /// Octets of the key: those of the digest with HMAC (RFC 4868 §2.1.1), with GMAC the salt behind it (RFC 4543 §7.1).
    pub const fn key_len(self) -> usize {
        self.row().key
    }

    /// Octets of the IV that must be unique under a key: 8 with GMAC, none otherwise.
    pub const fn iv_len(self) -> usize {
        self.row().iv
    }

    /// Octets of the ICV.
    pub const fn icv_len(self) -> usize {
        self.row().icv
    }

    /// Whether it goes with a cipher: GMAC is for AH, and in ESP an AEAD of its own (RFC 4543 §4, §5).
    pub const fn goes_with_a_cipher(self) -> bool {
        self.row().iv == 0
    }

    /// Whether only the `legacy` tables hold it: RFC 8221 §6 and RFC 8247 §2.3 forbid it.
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::HmacMd5_96)
    }

    /// The IKEv2 integrity transform id.
    pub const fn ikev2(self) -> u16 {
        self.row().ikev2
    }

    /// The algorithm of an IKEv2 integrity transform id.
    pub fn from_ikev2(id: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|mac| mac.ikev2() == id)
    }

    /// The Authentication Algorithm attribute of IKEv1's quick mode (RFC 2407 §4.5); `None` for what IKEv1 has no number
    /// for.
    pub const fn ikev1(self) -> Option<u16> {
        match self.row().ikev1 {
            Some((attribute, _)) => Some(attribute),
            None => None,
        }
    }

    /// The algorithm of an Authentication Algorithm attribute of IKEv1's quick mode.
    pub fn from_ikev1(attribute: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|mac| mac.ikev1() == Some(attribute))
    }

    /// The AH transform id of IKEv1's quick mode (RFC 2407 §4.4.3), which the Authentication Algorithm attribute must go
    /// with.
    pub const fn ikev1_ah(self) -> Option<u8> {
        match self.row().ikev1 {
            Some((_, transform)) => Some(transform),
            None => None,
        }
    }
}
