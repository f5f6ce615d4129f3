//! What key files call algorithms.

use ipsec::crypto_suite::{AeadId, CipherId, MacId, Protection};
use ipsec::ikev2_wire::{EncryptionId, IntegrityId};

/// The protection in a proposal of AH such as `HMAC_SHA2_256_128/NO_ESN`: integrity alone.
pub fn protection_of_ah_proposal(proposal: &str) -> Result<Protection, String> {
    let name = proposal.split('/').next().unwrap_or_default();
    let mac = mac(name).ok_or_else(|| format!("{name} is not supported"))?;
    Ok(Protection::Composed { cipher: CipherId::Null, mac })
}

/// The protection in a proposal such as `AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519`.
pub fn protection_of_proposal(proposal: &str) -> Result<Protection, String> {
    let mut transforms = proposal.split('/');
    let encryption = transforms.next().unwrap_or_default();
    if encryption.is_empty() {
        return Err("the key file names no proposal".to_owned());
    }
    if let Some(aead) = aead(encryption) {
        return Ok(Protection::Aead(aead));
    }
    let cipher = cipher(encryption).ok_or_else(|| format!("{encryption} is not supported"))?;
    let integrity = transforms.next().unwrap_or_default();
    let mac = mac(integrity).ok_or_else(|| format!("{integrity} is not supported"))?;
    Ok(Protection::Composed { cipher, mac })
}

/// An AEAD by the name of its transform, with the length of its key behind it where that varies: `AES_GCM_16_128`.
fn aead(name: &str) -> Option<AeadId> {
    AeadId::ALL.iter().copied().find(|aead| is_named(aead.ikev2(), name))
}

/// A cipher by the name of its transform, with the length of its key behind it where that varies.
pub fn cipher(name: &str) -> Option<CipherId> {
    let name = if name == "3DES_CBC" { "3DES" } else { name };
    CipherId::ALL.iter().copied().find(|cipher| is_named(cipher.ikev2(), name))
}

/// An integrity algorithm by the name of its transform.
fn mac(name: &str) -> Option<MacId> {
    let number = |mac: &MacId| IntegrityId(mac.ikev2());
    MacId::ALL
        .iter()
        .copied()
        .find(|mac| number(mac).name().and_then(|own| own.strip_prefix("AUTH_")) == Some(name))
}

/// Whether key files call the encryption algorithm of this number and key length so: as IANA does, less the prefix.
fn is_named((id, key_length): (u16, Option<u16>), name: &str) -> bool {
    let own = EncryptionId(id).name().and_then(|own| own.strip_prefix("ENCR_"));
    let rest = own.and_then(|own| name.strip_prefix(own));
    match key_length {
        None => rest == Some(""),
        Some(bits) => rest.and_then(|rest| rest.strip_prefix('_')) == Some(&bits.to_string()[..]),
    }
}

/// Wireshark's names of integrity algorithms in ikev2_decryption_table.
pub const IKE_INTEGRITY: &[(&str, MacId)] = &[
    ("HMAC_MD5_96 [RFC2403]", MacId::HmacMd5_96),
    ("HMAC_SHA1_96 [RFC2404]", MacId::HmacSha1_96),
    ("HMAC_SHA2_256_128 [RFC4868]", MacId::HmacSha2_256_128),
    ("HMAC_SHA2_384_192 [RFC4868]", MacId::HmacSha2_384_192),
    ("HMAC_SHA2_512_256 [RFC4868]", MacId::HmacSha2_512_256),
];

/// Wireshark's names of integrity algorithms in esp_sa.
pub const ESP_INTEGRITY: &[(&str, MacId)] = &[
    ("HMAC-MD5-96 [RFC2403]", MacId::HmacMd5_96),
    ("HMAC-SHA-1-96 [RFC2404]", MacId::HmacSha1_96),
    ("HMAC-SHA-256-128 [RFC4868]", MacId::HmacSha2_256_128),
    ("HMAC-SHA-384-192 [RFC4868]", MacId::HmacSha2_384_192),
    ("HMAC-SHA-512-256 [RFC4868]", MacId::HmacSha2_512_256),
    ("MAC-SHA-256-128 [RFC4868]", MacId::HmacSha2_256_128),
];

/// The protection that Wireshark calls by these names, for an encryption key of `key_len` octets.
pub fn protection_of_names(
    encryption: &str,
    integrity: &str,
    names: &[(&str, MacId)],
    key_len: usize,
) -> Result<Protection, String> {
    let unsupported = || format!("{encryption} with {integrity} is not supported");
    let unfit = || format!("no key of {key_len} octets fits {encryption}");
    if let Some((family, salt_len)) = aead_family(encryption, integrity) {
        let bits = key_len.checked_sub(salt_len).and_then(|len| u16::try_from(len * 8).ok());
        let bits = bits.filter(|_| family != CHACHA20_POLY1305);
        return AeadId::from_ikev2(family, bits).map(Protection::Aead).ok_or_else(unfit);
    }
    let mac =
        names.iter().find(|(name, _)| *name == integrity).map(|(_, mac)| *mac).ok_or_else(unsupported)?;
    let bits = |salt_len: usize| key_len.checked_sub(salt_len).and_then(|len| u16::try_from(len * 8).ok());
    let cipher = match encryption {
        name if name.starts_with("NULL") => Some(CipherId::Null),
        name if name.starts_with("TripleDES-CBC") => Some(CipherId::TripleDesCbc),
        name if name.starts_with("AES-CBC") => CipherId::from_ikev2(12, bits(0)),
        name if name.starts_with("AES-CTR") => CipherId::from_ikev2(13, bits(4)),
        _ => return Err(unsupported()),
    };
    cipher.map(|cipher| Protection::Composed { cipher, mac }).ok_or_else(unfit)
}

const CHACHA20_POLY1305: u16 = 28;

/// The IKEv2 number of an AEAD by Wireshark's names, and the octets of its salt. Older tables leave the length of the ICV
/// out of the name of the cipher and give it under authentication.
fn aead_family(encryption: &str, integrity: &str) -> Option<(u16, usize)> {
    let icv_len = [
        (8, "with 8 octet ICV", "ANY 64 bit"),
        (12, "with 12 octet ICV", "ANY 96 bit"),
        (16, "with 16 octet ICV", "ANY 128 bit"),
    ]
    .into_iter()
    .find(|(_, named, given)| encryption.contains(named) || integrity.starts_with(given))
    .map(|(len, ..)| len);
    if encryption.starts_with("ChaCha20") {
        return Some((CHACHA20_POLY1305, 4));
    }
    let (first, salt_len) = if encryption.starts_with("AES-GCM") {
        (18, 4)
    } else if encryption.starts_with("AES-CCM") {
        (14, 3)
    } else {
        return None;
    };
    Some((first + (icv_len? - 8) / 4, salt_len))
}
