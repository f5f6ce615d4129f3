use core::fmt::{self, Debug, Display};
use core::net::IpAddr;
use ikev2_wire::IkeSpi;
use ipsec_crypto_suite::{MacId, Protection, Secret};
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
        let (sk_ai, sk_ar) = (sk_ai.map(Secret::expose), sk_ar.map(Secret::expose));
        write!(f, "{},{},", Hex(&spi_i.0), Hex(&spi_r.0))?;
        write!(f, "{},{},\"{}\",", Hex(sk_ei.expose()), Hex(sk_er.expose()), IkeCipher(*protection))?;
        let integrity = match protection {
            Protection::Composed { mac, .. } => ike_mac(*mac),
            Protection::Aead(_) => "NONE [RFC4306]",
        };
        write!(f, "{},{},\"{integrity}\"", Hex(sk_ai.unwrap_or_default()), Hex(sk_ar.unwrap_or_default()))
    }
}

impl Display for ChildSaKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, destination, material } = self;
        let protection = material.params.protection;
        let family = if source.is_ipv4() { "IPv4" } else { "IPv6" };
        let (encryption_key, integrity_key) = (material.encryption.as_ref(), material.integrity.as_ref());
        write!(f, "\"{family}\",\"{source}\",\"{destination}\",\"0x{:08x}\",", material.spi.get())?;
        write!(f, "\"{}\",\"{}\",", EspCipher(protection), Key(encryption_key))?;
        write!(f, "\"{}\",\"{}\"", EspMac(protection), Key(integrity_key))
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

/// An encryption algorithm as Wireshark's table of IKE SAs calls it; by our own name where it has none.
struct IkeCipher(Protection);

impl Display for IkeCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, (id, bits)) = match self.0 {
            Protection::Aead(aead) => (aead.name(), aead.ikev2()),
            Protection::Composed { cipher, .. } => (cipher.name(), cipher.ikev2()),
        };
        let (bits, icv) = (bits.unwrap_or_default(), self.0.icv_len());
        match id {
            3 => f.write_str("3DES [RFC2451]"),
            11 => f.write_str("NULL [RFC2410]"),
            12 => write!(f, "AES-CBC-{bits} [RFC3602]"),
            13 => write!(f, "AES-CTR-{bits} [RFC5930]"),
            14..=16 => write!(f, "AES-CCM-{bits} with {icv} octet ICV [RFC5282]"),
            18..=20 => write!(f, "AES-GCM-{bits} with {icv} octet ICV [RFC5282]"),
            _ => f.write_str(name),
        }
    }
}

/// An integrity algorithm as Wireshark's table of IKE SAs calls it.
const fn ike_mac(mac: MacId) -> &'static str {
    match mac.ikev2() {
        1 => "HMAC_MD5_96 [RFC2403]",
        2 => "HMAC_SHA1_96 [RFC2404]",
        12 => "HMAC_SHA2_256_128 [RFC4868]",
        13 => "HMAC_SHA2_384_192 [RFC4868]",
        14 => "HMAC_SHA2_512_256 [RFC4868]",
        _ => mac.name(),
    }
}

/// An encryption algorithm as Wireshark's table of ESP SAs calls it.
struct EspCipher(Protection);

impl Display for EspCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, (id, _)) = match self.0 {
            Protection::Aead(aead) => (aead.name(), aead.ikev2()),
            Protection::Composed { cipher, .. } => (cipher.name(), cipher.ikev2()),
        };
        match id {
            3 => f.write_str("TripleDES-CBC [RFC2451]"),
            11 => f.write_str("NULL"),
            12 => f.write_str("AES-CBC [RFC3602]"),
            13 => f.write_str("AES-CTR [RFC3686]"),
            18..=20 => write!(f, "AES-GCM with {} octet ICV [RFC4106]", self.0.icv_len()),
            _ => f.write_str(name),
        }
    }
}

/// An integrity algorithm as Wireshark's table of ESP SAs calls it; where it has no name, how long the ICV is.
struct EspMac(Protection);

impl Display for EspMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Protection::Composed { mac, .. } = self.0 else { return f.write_str("NULL") };
        f.write_str(match mac.ikev2() {
            1 => "HMAC-MD5-96 [RFC2403]",
            2 => "HMAC-SHA-1-96 [RFC2404]",
            12 => "HMAC-SHA-256-128 [RFC4868]",
            13 => "HMAC-SHA-384-192 [RFC4868]",
            14 => "HMAC-SHA-512-256 [RFC4868]",
            _ => return write!(f, "ANY {} bit authentication [no checking]", 8 * mac.icv_len()),
        })
    }
}
