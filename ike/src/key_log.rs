use core::fmt::{self, Debug, Display};
use core::net::IpAddr;
use ikev2_wire::IkeSpi;
use ipsec_crypto_suite::{AeadId, CipherId, MacId, Protection, Secret};
use ipsec_sa_db::SaMaterial;

/// Takes the keys of every SA as they are made, for a person who wants to read the traffic.
///
/// Whoever gets what it writes can read and forge everything: it is for tests and diagnosis, and off unless
/// [`Config::key_log`](crate::Config::key_log) is set.
pub trait KeyLog: Debug + Send + Sync {
    /// An IKE SA has keys; nobody proved anything yet.
    fn ike_sa(&self, keys: &IkeSaKeys<'_>);

    /// One direction of a Child SA has keys.
    fn child_sa(&self, keys: &ChildSaKeys<'_>);
}

/// The keys that messages of an IKE SA are protected with. As text it is a line of Wireshark's
/// `ikev2_decryption_table`.
#[derive(Clone, Copy)]
pub struct IkeSaKeys<'a> {
    /// The initiator's SPI.
    pub spi_i: IkeSpi,
    /// The responder's SPI.
    pub spi_r: IkeSpi,
    /// The algorithms.
    pub protection: Protection,
    /// SK_ei, with the salt behind it.
    pub sk_ei: &'a Secret,
    /// SK_er, with the salt behind it.
    pub sk_er: &'a Secret,
    /// SK_ai; `None` with an AEAD.
    pub sk_ai: Option<&'a Secret>,
    /// SK_ar; `None` with an AEAD.
    pub sk_ar: Option<&'a Secret>,
}

/// The keys of one direction of a Child SA. As text it is a line of Wireshark's `esp_sa`.
#[derive(Clone, Copy)]
pub struct ChildSaKeys<'a> {
    /// Who sends.
    pub source: IpAddr,
    /// Who receives.
    pub destination: IpAddr,
    /// SPI, algorithms and keys.
    pub material: &'a SaMaterial,
}

impl Debug for IkeSaKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IkeSaKeys({}/{}, {})", self.spi_i, self.spi_r, self.protection)
    }
}

impl Debug for ChildSaKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChildSaKeys({})", self.material.spi)
    }
}

impl Display for IkeSaKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spi_i, spi_r, protection, sk_ei, sk_er, sk_ai, sk_ar } = self;
        let (encryption, integrity) = match protection {
            Protection::Aead(AeadId::Aes128Gcm16) => {
                ("AES-GCM-128 with 16 octet ICV [RFC5282]", "NONE [RFC4306]")
            }
            Protection::Aead(AeadId::Aes192Gcm16) => {
                ("AES-GCM-192 with 16 octet ICV [RFC5282]", "NONE [RFC4306]")
            }
            Protection::Aead(AeadId::Aes256Gcm16) => {
                ("AES-GCM-256 with 16 octet ICV [RFC5282]", "NONE [RFC4306]")
            }
            Protection::Aead(other) => (other.name(), "NONE [RFC4306]"),
            Protection::Composed { cipher, mac } => (ike_cipher(*cipher), ike_mac(*mac)),
        };
        let (sk_ai, sk_ar) = (sk_ai.map(Secret::expose), sk_ar.map(Secret::expose));
        write!(f, "{},{},", Hex(&spi_i.0), Hex(&spi_r.0))?;
        write!(f, "{},{},\"{encryption}\",", Hex(sk_ei.expose()), Hex(sk_er.expose()))?;
        write!(f, "{},{},\"{integrity}\"", Hex(sk_ai.unwrap_or_default()), Hex(sk_ar.unwrap_or_default()))
    }
}

impl Display for ChildSaKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, destination, material } = self;
        let (encryption, integrity) = match material.params.protection {
            Protection::Aead(AeadId::Aes128Gcm16 | AeadId::Aes192Gcm16 | AeadId::Aes256Gcm16) => {
                ("AES-GCM with 16 octet ICV [RFC4106]", "NULL")
            }
            Protection::Aead(other) => (other.name(), "NULL"),
            Protection::Composed { cipher, mac } => (esp_cipher(cipher), esp_mac(mac)),
        };
        let family = if source.is_ipv4() { "IPv4" } else { "IPv6" };
        let (encryption_key, integrity_key) = (material.encryption.as_ref(), material.integrity.as_ref());
        write!(f, "\"{family}\",\"{source}\",\"{destination}\",\"0x{:08x}\",", material.spi.get())?;
        write!(f, "\"{encryption}\",\"{}\",", Key(encryption_key))?;
        write!(f, "\"{integrity}\",\"{}\"", Key(integrity_key))
    }
}

/// Octets in hex behind `0x`; nothing for none.
struct Key<'a>(Option<&'a Secret>);

impl Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |key| write!(f, "0x{}", Hex(key.expose())))
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

const fn ike_cipher(cipher: CipherId) -> &'static str {
    match cipher {
        CipherId::Aes128Cbc => "AES-CBC-128 [RFC3602]",
        CipherId::Aes192Cbc => "AES-CBC-192 [RFC3602]",
        CipherId::Aes256Cbc => "AES-CBC-256 [RFC3602]",
        CipherId::Null => "NULL [RFC2410]",
        _ => "unknown",
    }
}

const fn ike_mac(mac: MacId) -> &'static str {
    match mac {
        MacId::HmacSha1_96 => "HMAC_SHA1_96 [RFC2404]",
        MacId::HmacSha2_256_128 => "HMAC_SHA2_256_128 [RFC4868]",
        MacId::HmacSha2_384_192 => "HMAC_SHA2_384_192 [RFC4868]",
        MacId::HmacSha2_512_256 => "HMAC_SHA2_512_256 [RFC4868]",
        _ => "unknown",
    }
}

const fn esp_cipher(cipher: CipherId) -> &'static str {
    match cipher {
        CipherId::Null => "NULL",
        CipherId::Aes128Cbc | CipherId::Aes192Cbc | CipherId::Aes256Cbc => "AES-CBC [RFC3602]",
        _ => "unknown",
    }
}

const fn esp_mac(mac: MacId) -> &'static str {
    match mac {
        MacId::HmacSha1_96 => "HMAC-SHA-1-96 [RFC2404]",
        MacId::HmacSha2_256_128 => "HMAC-SHA-256-128 [RFC4868]",
        MacId::HmacSha2_384_192 => "HMAC-SHA-384-192 [RFC4868]",
        MacId::HmacSha2_512_256 => "HMAC-SHA-512-256 [RFC4868]",
        _ => "unknown",
    }
}
