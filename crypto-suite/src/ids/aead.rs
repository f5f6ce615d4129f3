use super::algorithms;

/// The facts of an AEAD.
struct Row {
    name: &'static str,
    key: usize,
    salt: usize,
    iv: usize,
    tag: usize,
    ikev2: u16,
    bits: Option<u16>,
    esp: Option<u8>,
}

const fn gcm(name: &'static str, key: usize, tag: usize) -> Row {
    let ikev2 = 16 + tag as u16 / 4;
    Row { name, key, salt: 4, iv: 8, tag, ikev2, bits: Some(key as u16 * 8), esp: Some(ikev2 as u8) }
}

const fn ccm(name: &'static str, key: usize, tag: usize) -> Row {
    let ikev2 = 12 + tag as u16 / 4;
    Row { name, key, salt: 3, iv: 8, tag, ikev2, bits: Some(key as u16 * 8), esp: Some(ikev2 as u8) }
}

const fn gmac(name: &'static str, key: usize) -> Row {
    Row { ikev2: 21, esp: Some(23), ..gcm(name, key, 16) }
}

const fn implicit(row: Row, ikev2: u16) -> Row {
    Row { iv: 0, ikev2, esp: None, ..row }
}

const fn chacha(name: &'static str) -> Row {
    Row { name, key: 32, salt: 4, iv: 8, tag: 16, ikev2: 28, bits: None, esp: None }
}

algorithms! {
    /// The AEAD ciphers there are.
    pub enum AeadId: Row {
        /// AES-GCM with a 16-octet ICV and a 128-bit key (RFC 4106, RFC 5282).
        Aes128Gcm16 = gcm("AES-GCM-16-128", 16, 16);
        /// AES-GCM with a 16-octet ICV and a 192-bit key.
        Aes192Gcm16 = gcm("AES-GCM-16-192", 24, 16);
        /// AES-GCM with a 16-octet ICV and a 256-bit key.
        Aes256Gcm16 = gcm("AES-GCM-16-256", 32, 16);
        /// AES-GCM with a 12-octet ICV and a 128-bit key (RFC 4106, RFC 5282).
        Aes128Gcm12 = gcm("AES-GCM-12-128", 16, 12);
        /// AES-GCM with a 12-octet ICV and a 192-bit key.
        Aes192Gcm12 = gcm("AES-GCM-12-192", 24, 12);
        /// AES-GCM with a 12-octet ICV and a 256-bit key.
        Aes256Gcm12 = gcm("AES-GCM-12-256", 32, 12);
        /// AES-GCM with an 8-octet ICV and a 128-bit key (RFC 4106, RFC 5282).
        Aes128Gcm8 = gcm("AES-GCM-8-128", 16, 8);
        /// AES-GCM with an 8-octet ICV and a 192-bit key.
        Aes192Gcm8 = gcm("AES-GCM-8-192", 24, 8);
        /// AES-GCM with an 8-octet ICV and a 256-bit key.
        Aes256Gcm8 = gcm("AES-GCM-8-256", 32, 8);
        /// AES-CCM with a 16-octet ICV and a 128-bit key (RFC 4309, RFC 5282).
        Aes128Ccm16 = ccm("AES-CCM-16-128", 16, 16);
        /// AES-CCM with a 16-octet ICV and a 192-bit key.
        Aes192Ccm16 = ccm("AES-CCM-16-192", 24, 16);
        /// AES-CCM with a 16-octet ICV and a 256-bit key.
        Aes256Ccm16 = ccm("AES-CCM-16-256", 32, 16);
        /// AES-CCM with a 12-octet ICV and a 128-bit key (RFC 4309, RFC 5282).
        Aes128Ccm12 = ccm("AES-CCM-12-128", 16, 12);
        /// AES-CCM with a 12-octet ICV and a 192-bit key.
        Aes192Ccm12 = ccm("AES-CCM-12-192", 24, 12);
        /// AES-CCM with a 12-octet ICV and a 256-bit key.
        Aes256Ccm12 = ccm("AES-CCM-12-256", 32, 12);
        /// AES-CCM with an 8-octet ICV and a 128-bit key (RFC 4309, RFC 5282).
        Aes128Ccm8 = ccm("AES-CCM-8-128", 16, 8);
        /// AES-CCM with an 8-octet ICV and a 192-bit key.
        Aes192Ccm8 = ccm("AES-CCM-8-192", 24, 8);
        /// AES-CCM with an 8-octet ICV and a 256-bit key.
        Aes256Ccm8 = ccm("AES-CCM-8-256", 32, 8);
        /// ChaCha20-Poly1305 (RFC 7634).
        ChaCha20Poly1305 = chacha("ChaCha20-Poly1305");
        /// No encryption, AES-GMAC with a 128-bit key (RFC 4543); for ESP only.
        NullAes128Gmac = gmac("NULL-AES-GMAC-128", 16);
        /// No encryption, AES-GMAC with a 192-bit key.
        NullAes192Gmac = gmac("NULL-AES-GMAC-192", 24);
        /// No encryption, AES-GMAC with a 256-bit key.
        NullAes256Gmac = gmac("NULL-AES-GMAC-256", 32);
        /// AES-GCM with a 16-octet ICV, a 128-bit key and the sequence number as IV (RFC 8750); for ESP only.
        Aes128Gcm16Iiv = implicit(gcm("AES-GCM-16-128-IIV", 16, 16), 30);
        /// AES-GCM with a 16-octet ICV, a 192-bit key and the sequence number as IV.
        Aes192Gcm16Iiv = implicit(gcm("AES-GCM-16-192-IIV", 24, 16), 30);
        /// AES-GCM with a 16-octet ICV, a 256-bit key and the sequence number as IV.
        Aes256Gcm16Iiv = implicit(gcm("AES-GCM-16-256-IIV", 32, 16), 30);
        /// AES-CCM with an 8-octet ICV, a 128-bit key and the sequence number as IV (RFC 8750); for ESP only.
        Aes128Ccm8Iiv = implicit(ccm("AES-CCM-8-128-IIV", 16, 8), 29);
        /// AES-CCM with an 8-octet ICV, a 192-bit key and the sequence number as IV.
        Aes192Ccm8Iiv = implicit(ccm("AES-CCM-8-192-IIV", 24, 8), 29);
        /// AES-CCM with an 8-octet ICV, a 256-bit key and the sequence number as IV.
        Aes256Ccm8Iiv = implicit(ccm("AES-CCM-8-256-IIV", 32, 8), 29);
        /// ChaCha20-Poly1305 with the sequence number as IV (RFC 8750); for ESP only.
        ChaCha20Poly1305Iiv = implicit(chacha("ChaCha20-Poly1305-IIV"), 31);
    }
}

impl AeadId {
    /// Octets of the key, without the salt.
    pub const fn key_len(self) -> usize {
        self.row().key
    }

    /// Octets of the salt, which key material carries behind the key (RFC 4106 §8.1, RFC 4309 §7.1).
    pub const fn salt_len(self) -> usize {
        self.row().salt
    }

    /// Octets of the IV that a message carries: none where it is implicit (RFC 8750 §4).
    pub const fn explicit_iv_len(self) -> usize {
        self.row().iv
    }

    /// Whether the IV is the packet's sequence number and is not sent (RFC 8750).
    pub const fn has_implicit_iv(self) -> bool {
        self.row().iv == 0
    }

    /// Octets of the nonce: salt and IV.
    pub const fn nonce_len(self) -> usize {
        self.row().salt + IV_LEN
    }

    /// Octets of the tag.
    pub const fn tag_len(self) -> usize {
        self.row().tag
    }

    /// Whether it encrypts: AES-GMAC authenticates only.
    pub const fn encrypts(self) -> bool {
        !matches!(self, Self::NullAes128Gmac | Self::NullAes192Gmac | Self::NullAes256Gmac)
    }

    /// The IKEv2 encryption transform: its id and its Key Length attribute in bits.
    pub const fn ikev2(self) -> (u16, Option<u16>) {
        (self.row().ikev2, self.row().bits)
    }

    /// The AEAD of an IKEv2 encryption transform.
    pub fn from_ikev2(id: u16, key_length: Option<u16>) -> Option<Self> {
        Self::ALL.iter().copied().find(|aead| aead.ikev2() == (id, key_length))
    }

    /// The ESP transform id of IKEv1's quick mode and its Key Length attribute in bits (RFC 2407 §4.4.4); `None` for what
    /// IKEv1 has no number for.
    pub const fn ikev1_esp(self) -> Option<(u8, Option<u16>)> {
        match self.row().esp {
            Some(id) => Some((id, self.row().bits)),
            None => None,
        }
    }

    /// The AEAD of an ESP transform of IKEv1's quick mode.
    pub fn from_ikev1_esp(id: u8, key_length: Option<u16>) -> Option<Self> {
        Self::ALL.iter().copied().find(|aead| aead.ikev1_esp() == Some((id, key_length)))
    }
}

/// Octets of the IV in a nonce, sent or implicit.
const IV_LEN: usize = 8;
