use super::algorithms;

/// The facts of a cipher.
struct Row {
    name: &'static str,
    key: usize,
    salt: usize,
    block: usize,
    iv: usize,
    ikev2: u16,
    bits: Option<u16>,
    phase_1: Option<u16>,
    esp: Option<u8>,
}

const fn aes_cbc(name: &'static str, key: usize) -> Row {
    let bits = Some(key as u16 * 8);
    Row { name, key, salt: 0, block: 16, iv: 16, ikev2: 12, bits, phase_1: Some(7), esp: Some(12) }
}

const fn camellia_cbc(name: &'static str, key: usize) -> Row {
    Row { ikev2: 23, phase_1: Some(8), esp: Some(22), ..aes_cbc(name, key) }
}

const fn aes_ctr(name: &'static str, key: usize) -> Row {
    Row { salt: 4, block: 1, iv: 8, ikev2: 13, phase_1: None, esp: Some(13), ..aes_cbc(name, key) }
}

algorithms! {
    /// The ciphers without integrity there are; they are used only together with a [`MacId`](crate::MacId).
    pub enum CipherId: Row {
        /// No encryption (RFC 2410).
        Null = Row {
            name: "NULL", key: 0, salt: 0, block: 1, iv: 0, ikev2: 11, bits: None, phase_1: None, esp: Some(11),
        };
        /// AES-CBC with a 128-bit key (RFC 3602).
        Aes128Cbc = aes_cbc("AES-CBC-128", 16);
        /// AES-CBC with a 192-bit key.
        Aes192Cbc = aes_cbc("AES-CBC-192", 24);
        /// AES-CBC with a 256-bit key.
        Aes256Cbc = aes_cbc("AES-CBC-256", 32);
        /// AES in counter mode with a 128-bit key (RFC 3686, RFC 5930).
        Aes128Ctr = aes_ctr("AES-CTR-128", 16);
        /// AES in counter mode with a 192-bit key.
        Aes192Ctr = aes_ctr("AES-CTR-192", 24);
        /// AES in counter mode with a 256-bit key.
        Aes256Ctr = aes_ctr("AES-CTR-256", 32);
        /// Camellia-CBC with a 128-bit key (RFC 4312, RFC 5529).
        Camellia128Cbc = camellia_cbc("Camellia-CBC-128", 16);
        /// Camellia-CBC with a 192-bit key.
        Camellia192Cbc = camellia_cbc("Camellia-CBC-192", 24);
        /// Camellia-CBC with a 256-bit key.
        Camellia256Cbc = camellia_cbc("Camellia-CBC-256", 32);
        /// 3DES-CBC (RFC 2451): legacy.
        TripleDesCbc = Row {
            name: "3DES-CBC", key: 24, salt: 0, block: 8, iv: 8, ikev2: 3, bits: None, phase_1: Some(5), esp: Some(3),
        };
    }
}

impl CipherId {
    /// Octets that the counter of counter mode can hide: 2^32 blocks, of which the first has the number 1 (RFC 3686 §2.1).
    #[cfg(feature = "rustcrypto")]
    pub(crate) const MAX_CTR_MESSAGE: u64 = (1 << 36) - 16;

    /// Octets of the key material: the key, and behind it the nonce of counter mode (RFC 3686 §5.1).
    pub const fn key_len(self) -> usize {
        self.row().key + self.row().salt
    }

    /// Octets of which plaintext must be a multiple.
    pub const fn block_len(self) -> usize {
        self.row().block
    }

    /// Octets of the IV that a message carries.
    pub const fn iv_len(self) -> usize {
        self.row().iv
    }

    /// Whether an IV must be unpredictable (RFC 3602 §3); in counter mode it must be unique instead (RFC 3686 §3.1).
    pub const fn wants_random_iv(self) -> bool {
        self.row().block > 1
    }

    /// Whether it encrypts.
    pub const fn encrypts(self) -> bool {
        !matches!(self, Self::Null)
    }

    /// Whether only the `legacy` tables hold it: RFC 8221 §5 and RFC 8247 §2.1 advise against it.
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::TripleDesCbc)
    }

    /// The IKEv2 encryption transform: its id and its Key Length attribute in bits.
    pub const fn ikev2(self) -> (u16, Option<u16>) {
        (self.row().ikev2, self.row().bits)
    }

    /// The cipher of an IKEv2 encryption transform.
    pub fn from_ikev2(id: u16, key_length: Option<u16>) -> Option<Self> {
        Self::ALL.iter().copied().find(|cipher| cipher.ikev2() == (id, key_length))
    }

    /// The Encryption Algorithm attribute of IKEv1's phase 1 and its Key Length in bits (RFC 2409 App. A); `None` for what
    /// IKEv1 has no number for.
    pub const fn ikev1_phase_1(self) -> Option<(u16, Option<u16>)> {
        match self.row().phase_1 {
            Some(id) => Some((id, self.row().bits)),
            None => None,
        }
    }

    /// The cipher of an Encryption Algorithm attribute of IKEv1's phase 1.
    pub fn from_ikev1_phase_1(id: u16, key_length: Option<u16>) -> Option<Self> {
        Self::ALL.iter().copied().find(|cipher| cipher.ikev1_phase_1() == Some((id, key_length)))
    }

    /// The ESP transform id of IKEv1's quick mode and its Key Length attribute in bits (RFC 2407 §4.4.4).
    pub const fn ikev1_esp(self) -> Option<(u8, Option<u16>)> {
        match self.row().esp {
            Some(id) => Some((id, self.row().bits)),
            None => None,
        }
    }

    /// The cipher of an ESP transform of IKEv1's quick mode.
    pub fn from_ikev1_esp(id: u8, key_length: Option<u16>) -> Option<Self> {
        Self::ALL.iter().copied().find(|cipher| cipher.ikev1_esp() == Some((id, key_length)))
    }
}
