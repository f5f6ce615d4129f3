use crate::{AeadId, AeadKey, CipherId, CipherKey, CryptoError, CryptoProvider, MacId, MacKey, Secret};
use alloc::boxed::Box;
use core::fmt;
use zeroize::Zeroizing;

/// What protects messages of an IKE SA and packets of an ESP SA: an AEAD, or a cipher with an integrity algorithm.
///
/// Encryption without integrity has no form here (RFC 4301 §4.2, RFC 8221 §4). NULL encryption with integrity has one,
/// for ESP; whoever negotiates IKE SAs leaves it out.
///
/// ```
/// use ipsec_crypto_suite::{AeadId, Protection};
///
/// let gcm = Protection::from_ikev2(20, Some(128), None);
/// assert_eq!(gcm, Some(Protection::Aead(AeadId::Aes128Gcm16)));
/// assert_eq!(Protection::from_ikev2(12, Some(128), None), None); // CBC alone
/// assert_eq!(Protection::from_ikev2(20, Some(128), Some(12)), None); // an AEAD and HMAC, RFC 5282 §8
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum Protection {
    /// An AEAD.
    Aead(AeadId),
    /// A cipher, and an integrity algorithm over its output.
    Composed {
        /// The cipher.
        cipher: CipherId,
        /// The integrity algorithm.
        mac: MacId,
    },
}

impl Protection {
    /// What IKE proposes by default, the preferred first (RFC 8247 §2.1, §2.3).
    pub const IKE_DEFAULTS: &'static [Self] = &[
        Self::Aead(AeadId::Aes256Gcm16),
        Self::Aead(AeadId::Aes128Gcm16),
        Self::Aead(AeadId::ChaCha20Poly1305),
        Self::Composed { cipher: CipherId::Aes256Cbc, mac: MacId::HmacSha2_256_128 },
        Self::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 },
    ];

    /// What ESP proposes by default, the preferred first (RFC 8221 §5, §6).
    pub const ESP_DEFAULTS: &'static [Self] = Self::IKE_DEFAULTS;

    /// The protection that IKEv2 transforms ask for: encryption id and Key Length in bits, and integrity id, 0 being NONE.
    ///
    /// `None` where an algorithm is not implemented, an AEAD comes with an integrity algorithm (RFC 5282 §8), or a cipher
    /// without one.
    pub fn from_ikev2(encryption: u16, key_length: Option<u16>, integrity: Option<u16>) -> Option<Self> {
        match integrity {
            None | Some(0) => AeadId::from_ikev2(encryption, key_length).map(Self::Aead),
            Some(integrity) => {
                Self::composed(CipherId::from_ikev2(encryption, key_length)?, MacId::from_ikev2(integrity)?)
            }
        }
    }

    /// The protection that IKEv1's quick mode asks for: ESP transform id, Key Length in bits, and the Authentication
    /// Algorithm attribute (RFC 2407 §4.4.4, §4.5).
    ///
    /// `None` as with [`from_ikev2`](Self::from_ikev2).
    pub fn from_ikev1_esp(
        transform: u8,
        key_length: Option<u16>,
        authentication: Option<u16>,
    ) -> Option<Self> {
        match authentication {
            None => AeadId::from_ikev1_esp(transform, key_length).map(Self::Aead),
            Some(mac) => {
                Self::composed(CipherId::from_ikev1_esp(transform, key_length)?, MacId::from_ikev1(mac)?)
            }
        }
    }

    /// A cipher with an integrity algorithm; `None` for GMAC, which is for AH, and an AEAD in ESP (RFC 4543 §5).
    pub fn composed(cipher: CipherId, mac: MacId) -> Option<Self> {
        mac.goes_with_a_cipher().then_some(Self::Composed { cipher, mac })
    }

    /// Octets of the encryption key, with the salt behind it where there is one.
    pub const fn encryption_key_len(self) -> usize {
        match self {
            Self::Aead(aead) => aead.key_len() + aead.salt_len(),
            Self::Composed { cipher, .. } => cipher.key_len(),
        }
    }

    /// Octets of the integrity key; 0 with an AEAD.
    pub const fn integrity_key_len(self) -> usize {
        match self {
            Self::Aead(_) => 0,
            Self::Composed { mac, .. } => mac.key_len(),
        }
    }

    /// Octets of the IV that a message carries.
    pub const fn iv_len(self) -> usize {
        match self {
            Self::Aead(aead) => aead.explicit_iv_len(),
            Self::Composed { cipher, .. } => cipher.iv_len(),
        }
    }

    /// Whether the IV is the packet's sequence number and is not sent (RFC 8750).
    pub const fn has_implicit_iv(self) -> bool {
        match self {
            Self::Aead(aead) => aead.has_implicit_iv(),
            Self::Composed { .. } => false,
        }
    }

    /// Whether messages of an IKE SA may be protected with it: it encrypts (RFC 7296 §3.3.2), and its IVs are sent (RFC 8750
    /// §3).
    pub const fn is_for_ike(self) -> bool {
        match self {
            Self::Aead(aead) => aead.encrypts() && !aead.has_implicit_iv(),
            Self::Composed { cipher, .. } => cipher.encrypts(),
        }
    }

    /// Whether only the `legacy` tables hold it.
    pub const fn is_legacy(self) -> bool {
        match self {
            Self::Aead(_) => false,
            Self::Composed { cipher, mac } => cipher.is_legacy() || mac.is_legacy(),
        }
    }

    /// Octets of which plaintext must be a multiple.
    pub const fn block_len(self) -> usize {
        match self {
            Self::Aead(_) => 1,
            Self::Composed { cipher, .. } => cipher.block_len(),
        }
    }

    /// Octets of the ICV.
    pub const fn icv_len(self) -> usize {
        match self {
            Self::Aead(aead) => aead.tag_len(),
            Self::Composed { mac, .. } => mac.icv_len(),
        }
    }

    /// Whether it is an AEAD.
    pub const fn is_aead(self) -> bool {
        matches!(self, Self::Aead(_))
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aead(aead) => write!(f, "{aead}"),
            Self::Composed { cipher, mac } => write!(f, "{cipher} with {mac}"),
        }
    }
}

/// A keyed [`Protection`] for one direction of an SA.
///
/// ```
/// use ipsec_crypto_suite::{AeadId, Protection, ProtectionKey, Secret, rustcrypto};
///
/// let protection = Protection::Aead(AeadId::Aes128Gcm16);
/// let key = Secret::new([7; 20]); // 16 octets of key, 4 of salt
/// let key = ProtectionKey::new(&rustcrypto::provider(), protection, &key, None)?;
///
/// let (mut data, mut icv) = (*b"payload", [0; 16]);
/// key.seal(b"header", &[0; 8], &mut data, &[], &mut icv)?;
/// key.open(b"header", &[0; 8], &mut data, &[], &icv)?;
/// assert_eq!(&data, b"payload");
/// # Ok::<(), ipsec_crypto_suite::CryptoError>(())
/// ```
pub struct ProtectionKey {
    protection: Protection,
    keyed: Keyed,
}

enum Keyed {
    Aead { key: Box<dyn AeadKey>, salt: Salt },
    Composed(Composed),
}

/// A cipher, and an integrity algorithm over its output.
struct Composed {
    cipher: Box<dyn CipherKey>,
    mac: Box<dyn MacKey>,
    icv_len: usize,
}

/// The front of every nonce: four octets, or with CCM three.
struct Salt {
    /// Its octets, then zeros, as one number.
    front: Zeroizing<u64>,
    len: usize,
}

const MAX_SALT_LEN: usize = 4;
const IV_LEN: usize = 8;

impl ProtectionKey {
    /// Sets the keys up.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Unsupported`] where the provider lacks an algorithm, [`CryptoError::Length`] for a key of another
    /// length than [`Protection::encryption_key_len`] or [`Protection::integrity_key_len`], [`CryptoError::Invalid`] for an
    /// integrity key with an AEAD or none with anything else.
    pub fn new(
        provider: &CryptoProvider,
        protection: Protection,
        encryption: &Secret,
        integrity: Option<&Secret>,
    ) -> Result<Self, CryptoError> {
        if encryption.len() != protection.encryption_key_len() {
            return Err(CryptoError::Length { what: "encryption key", got: encryption.len() });
        }
        let keyed = match (protection, integrity) {
            (Protection::Aead(aead), None) => {
                let (key, salt) = encryption.expose().split_at(aead.key_len());
                let key = provider.aead(aead)?.key(&Secret::copy_from(key))?;
                Keyed::Aead { key, salt: Salt::new(salt) }
            }
            (Protection::Composed { mac, .. }, _) if !mac.goes_with_a_cipher() => {
                return Err(CryptoError::Invalid("AES-GMAC with a cipher"));
            }
            (Protection::Composed { cipher, mac }, Some(integrity)) => Keyed::Composed(Composed {
                cipher: provider.cipher(cipher)?.key(encryption)?,
                mac: provider.mac(mac)?.key(integrity)?,
                icv_len: mac.icv_len(),
            }),
            (Protection::Aead(_), Some(_)) => return Err(CryptoError::Invalid("integrity key with an AEAD")),
            (Protection::Composed { .. }, None) => return Err(CryptoError::Invalid("missing integrity key")),
        };
        Ok(Self { protection, keyed })
    }

    /// The algorithms.
    pub const fn protection(&self) -> Protection {
        self.protection
    }

    /// Encrypts `data` in place and writes the ICV.
    ///
    /// The ICV covers `aad`, the IV and the ciphertext, and `trailer` last: the upper half of an extended sequence number
    /// where integrity is separate (RFC 4303 §2.2.1), nothing otherwise. An AEAD takes the IV behind its salt as nonce and
    /// `aad` as associated data, which the caller fills with all of an extended sequence number (RFC 4106 §5). An IV must
    /// never repeat under one key of an AEAD or of counter mode. Where it [is implicit](Protection::has_implicit_iv), it is
    /// the packet's sequence number in eight octets, extended or not (RFC 8750 §4). Nothing is allocated, and an error leaves
    /// `data` as it was.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Length`] for an IV, data or ICV of the wrong length, [`CryptoError::Invalid`] for a trailer with an
    /// AEAD.
    // A call with twelve words of arguments would cost as much as what it does.
    #[inline(always)]
    pub fn seal(
        &self,
        aad: &[u8],
        iv: &[u8],
        data: &mut [u8],
        trailer: &[u8],
        icv: &mut [u8],
    ) -> Result<(), CryptoError> {
        match &self.keyed {
            Keyed::Aead { key, salt } => {
                let (nonce, len) = salt.nonce(iv, trailer)?;
                key.seal(nonce.as_flattened().get(..len).unwrap_or_default(), aad, data, icv)
            }
            Keyed::Composed(composed) => composed.seal([aad, iv], data, trailer, icv),
        }
    }

    /// Verifies the ICV and decrypts `data` in place; where it is wrong `data` holds no plaintext. Nothing is allocated.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Authentication`], or as [`seal`](Self::seal).
    #[inline(always)]
    pub fn open(
        &self,
        aad: &[u8],
        iv: &[u8],
        data: &mut [u8],
        trailer: &[u8],
        icv: &[u8],
    ) -> Result<(), CryptoError> {
        match &self.keyed {
            Keyed::Aead { key, salt } => {
                let (nonce, len) = salt.nonce(iv, trailer)?;
                key.open(nonce.as_flattened().get(..len).unwrap_or_default(), aad, data, icv)
            }
            Keyed::Composed(composed) => composed.open([aad, iv], data, trailer, icv),
        }
    }
}

impl fmt::Debug for ProtectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProtectionKey({})", self.protection)
    }
}

impl Composed {
    fn seal(
        &self,
        [aad, iv]: [&[u8]; 2],
        data: &mut [u8],
        trailer: &[u8],
        icv: &mut [u8],
    ) -> Result<(), CryptoError> {
        // Before anything is encrypted, so that an error leaves the data as it was.
        if icv.len() != self.icv_len {
            return Err(CryptoError::Length { what: "ICV", got: icv.len() });
        }
        self.cipher.encrypt(iv, data)?;
        self.mac.compute(&[], &[aad, iv, data, trailer], icv)
    }

    fn open(
        &self,
        [aad, iv]: [&[u8]; 2],
        data: &mut [u8],
        trailer: &[u8],
        icv: &[u8],
    ) -> Result<(), CryptoError> {
        self.mac.verify(&[], &[aad, iv, data, trailer], icv)?;
        self.cipher.decrypt(iv, data)
    }
}

impl Salt {
    fn new(salt: &[u8]) -> Self {
        let mut octets = Zeroizing::new([0; MAX_SALT_LEN]);
        octets.iter_mut().zip(salt).for_each(|(to, from)| *to = *from);
        Self { front: Zeroizing::new(u64::from(u32::from_be_bytes(*octets)) << 32), len: salt.len() }
    }

    /// The salt and the IV behind it, then zeros, and how many octets the nonce has of that. It is put together in registers
    /// and stored in halves: what is stored in small parts and read back as a whole waits for the store.
    #[inline]
    fn nonce(&self, iv: &[u8], trailer: &[u8]) -> Result<([[u8; 8]; 2], usize), CryptoError> {
        if !trailer.is_empty() {
            return Err(CryptoError::Invalid("trailer with an AEAD"));
        }
        let iv = iv.try_into().map_err(|_| CryptoError::Length { what: "IV", got: iv.len() })?;
        let iv = u64::from_be_bytes(iv);
        let halves = [*self.front | (iv >> (8 * self.len)), iv << (64 - 8 * self.len)];
        Ok((halves.map(u64::to_be_bytes), self.len + IV_LEN))
    }
}
