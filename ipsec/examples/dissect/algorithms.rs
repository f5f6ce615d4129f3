//! What key files call algorithms.

use ipsec::crypto_suite::{AeadId, CipherId, MacId, Protection};

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

/// An AEAD by the name of its transform, with the length of its key behind it: `AES_GCM_16_128`.
fn aead(name: &str) -> Option<AeadId> {
    if name == "CHACHA20_POLY1305" {
        return AeadId::from_ikev2(28, None);
    }
    let (family, bits) = name.rsplit_once('_')?;
    let id = match family {
        "AES_CCM_8" => 14,
        "AES_CCM_12" => 15,
        "AES_CCM_16" => 16,
        "AES_GCM_8" => 18,
        "AES_GCM_12" => 19,
        "AES_GCM_16" => 20,
        "NULL_AUTH_AES_GMAC" => 21,
        _ => return None,
    };
    AeadId::from_ikev2(id, bits.parse().ok())
}

/// A cipher by the name of its transform, with the length of its key behind it where that varies.
pub fn cipher(name: &str) -> Option<CipherId> {
    match name {
        "NULL" => return Some(CipherId::Null),
        "3DES" | "3DES_CBC" => return Some(CipherId::TripleDesCbc),
        _ => {}
    }
    let (family, bits) = name.rsplit_once('_')?;
    let id = match family {
        "AES_CBC" => 12,
        "AES_CTR" => 13,
        "CAMELLIA_CBC" => 23,
        _ => return None,
    };
    CipherId::from_ikev2(id, bits.parse().ok())
}

fn mac(name: &str) -> Option<MacId> {
    Some(match name {
        "HMAC_MD5_96" => MacId::HmacMd5_96,
        "HMAC_SHA1_96" => MacId::HmacSha1_96,
        "HMAC_SHA2_256_128" => MacId::HmacSha2_256_128,
        "HMAC_SHA2_384_192" => MacId::HmacSha2_384_192,
        "HMAC_SHA2_512_256" => MacId::HmacSha2_512_256,
        "AES_XCBC_96" => MacId::AesXcbc96,
        "AES_CMAC_96" => MacId::AesCmac96,
        _ => return None,
    })
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
