//! The primitives through the provider tables, against the same libraries called directly, and against OpenSSL.

use crate::{Figure, ratio, wanted};
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce as AeadNonce};
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::kem::{DecapsulationKey, EncapsulationKey, ML_KEM_768};
use ipsec::crypto_suite::{
    AeadId, CipherId, CryptoError, CryptoProvider, KexId, MacId, Protection, ProtectionKey, Secret,
    SecureRandom, aws_lc_rs as aws, rustcrypto,
};
use openssl::bn::{BigNum, BigNumContext};
use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use openssl::sha::Sha256;

/// Packets of a round: few enough for the caches.
const PACKETS: usize = 32;
const KEY: [u8; 16] = [7; 16];
const AAD: [u8; 8] = [1; 8];

/// The same octets again and again: what is timed does not depend on them.
pub(crate) struct Sevens;

impl SecureRandom for Sevens {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.fill(7);
        Ok(())
    }
}

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let mut figure = |name: String, value: &dyn Fn() -> f64| {
        if wanted(prefix, &name) {
            figures.push(Figure { name, value: value() });
        }
    };
    for length in [64, 1400] {
        figure(format!("crypto.rustcrypto.gcm128.{length}.trait_over_direct"), &|| gcm_rustcrypto(length));
        figure(format!("crypto.aws.gcm128.{length}.trait_over_direct"), &|| gcm_aws(length));
    }
    figure("crypto.rustcrypto.cbc_hmac.1400.over_openssl".to_owned(), &|| cbc_hmac(&rustcrypto::provider()));
    figure("crypto.aws.cbc_hmac.1400.over_openssl".to_owned(), &|| cbc_hmac(&aws::provider()));
    for (name, id) in [("2048", KexId::Modp2048), ("3072", KexId::Modp3072), ("4096", KexId::Modp4096)] {
        figure(format!("crypto.modp{name}.over_openssl"), &|| modp(id));
    }
    for (name, id, algorithm) in [
        ("p256", KexId::Ecp256, &ECDH_P256),
        ("p384", KexId::Ecp384, &ECDH_P384),
        ("x25519", KexId::Curve25519, &X25519),
    ] {
        figure(format!("crypto.aws.{name}.over_direct"), &|| ecdh(id, algorithm));
    }
    figure("crypto.aws.mlkem768.over_direct".to_owned(), &ml_kem);
}

/// A sealed packet's octets: what is encrypted with its trailer.
fn buffers(length: usize) -> Vec<Vec<u8>> {
    vec![vec![0x5a; (length + 2).next_multiple_of(4) + 16]; PACKETS]
}

fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [1; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce
}

fn seal_through_trait(provider: &CryptoProvider) -> impl FnMut(&mut Vec<Vec<u8>>) {
    let key = provider.aead(AeadId::Aes128Gcm16).expect("there").key(&Secret::new(KEY)).expect("16 octets");
    move |buffers| {
        for (buf, number) in buffers.iter_mut().zip(0..) {
            let (data, tag) =
                buf.split_last_chunk_mut::<16>().map(|(data, tag)| (data, &mut tag[..])).expect("room");
            key.seal(&nonce(number), &AAD, data, tag).expect("sealed");
        }
    }
}

fn gcm_rustcrypto(length: usize) -> f64 {
    let bare = Aes128Gcm::new(&KEY.into());
    1.0 / ratio(
        || buffers(length),
        seal_through_trait(&rustcrypto::provider()),
        |buffers| {
            for (buf, number) in buffers.iter_mut().zip(0..) {
                let (data, tag) =
                    buf.split_last_chunk_mut::<16>().map(|(data, tag)| (data, &mut tag[..])).expect("room");
                let nonce: AeadNonce<Aes128Gcm> = nonce(number).into();
                let made = bare.encrypt_inout_detached(&nonce, &AAD, data.into()).expect("sealed");
                tag.copy_from_slice(&made);
            }
        },
    )
}

fn gcm_aws(length: usize) -> f64 {
    let bare = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &KEY).expect("16 octets"));
    1.0 / ratio(
        || buffers(length),
        seal_through_trait(&aws::provider()),
        |buffers| {
            for (buf, number) in buffers.iter_mut().zip(0..) {
                let (data, tag) =
                    buf.split_last_chunk_mut::<16>().map(|(data, tag)| (data, &mut tag[..])).expect("room");
                let nonce = Nonce::assume_unique_for_key(nonce(number));
                let made = bare.seal_in_place_separate_tag(nonce, Aad::from(AAD), data).expect("sealed");
                tag.copy_from_slice(made.as_ref());
            }
        },
    )
}

/// AES-128-CBC with HMAC-SHA2-256-128 over 1,408 octets, against EVP with its context kept, and HMAC of OpenSSL's SHA-256.
fn cbc_hmac(provider: &CryptoProvider) -> f64 {
    const LENGTH: usize = 1408;
    let protection = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };
    let (encryption, integrity) = (Secret::new(KEY), Secret::new([9; 32]));
    let key = ProtectionKey::new(provider, protection, &encryption, Some(&integrity)).expect("fitting keys");
    let mut cipher = CipherCtx::new().expect("a context");
    cipher.encrypt_init(Some(Cipher::aes_128_cbc()), Some(&KEY), None).expect("16 octets");
    cipher.set_padding(false);
    // HMAC from its two keyed states: EVP of OpenSSL 3 hashes the key anew for each message, which costs more.
    let keyed = |pad: u8| {
        let mut state = Sha256::new();
        state.update(&[[9 ^ pad; 32], [pad; 32]].concat());
        state
    };
    let (inner, outer) = (keyed(0x36), keyed(0x5c));
    let iv = [3; 16];
    1.0 / ratio(
        || vec![vec![0x5a; LENGTH + 32]; PACKETS],
        |buffers| {
            for buf in buffers {
                let (data, icv) = buf.split_at_mut(LENGTH);
                key.seal(&AAD, &iv, data, &[], &mut icv[..16]).expect("sealed");
            }
        },
        |buffers| {
            let mut out = [0; LENGTH + 16];
            for buf in buffers {
                let (data, icv) = buf.split_at_mut(LENGTH);
                cipher.encrypt_init(None, None, Some(&iv)).expect("an IV");
                let written = cipher.cipher_update(data, Some(&mut out)).expect("encrypted");
                data.copy_from_slice(&out[..written]);
                let (mut inner, mut outer) = (inner.clone(), outer.clone());
                for part in [&AAD[..], &iv, data] {
                    inner.update(part);
                }
                outer.update(&inner.finish());
                icv[..16].copy_from_slice(&outer.finish()[..16]);
            }
        },
    )
}

/// The secret of an exchange, against OpenSSL's modular exponentiation in constant time with an exponent as long.
fn modp(id: KexId) -> f64 {
    let provider = rustcrypto::provider();
    let method = provider.key_exchange(id).expect("there");
    let (mut context, mut secret) =
        (BigNumContext::new().expect("a context"), BigNum::new().expect("a number"));
    let (prime, bits) = match id {
        KexId::Modp3072 => (BigNum::get_rfc3526_prime_3072(), 280),
        KexId::Modp4096 => (BigNum::get_rfc3526_prime_4096(), 328),
        _ => (BigNum::get_rfc3526_prime_2048(), 256),
    };
    let prime = prime.expect("a prime");
    let mut exponent = BigNum::from_slice(&vec![7; bits / 8]).expect("a number");
    exponent.set_const_time();
    let mut peer = vec![0x33; id.public_len()];
    peer[0] = 1;
    let base = BigNum::from_slice(&peer).expect("a number");
    1.0 / ratio(
        || Some(method.start(&mut Sevens).expect("a key pair")),
        |active| drop(active.take().map(|active| active.complete(&peer).expect("a secret"))),
        |_| secret.mod_exp(&base, &exponent, &prime, &mut context).expect("a secret"),
    )
}

/// A whole exchange on one side: a key pair, and the secret.
fn ecdh(id: KexId, algorithm: &'static agreement::Algorithm) -> f64 {
    let provider = aws::provider();
    let method = provider.key_exchange(id).expect("there");
    let peer = method.start(&mut Sevens).expect("a key pair").public().to_vec();
    let prefix: &[u8] = if id == KexId::Curve25519 { &[] } else { &[4] };
    let point = [prefix, &peer].concat();
    let private = vec![7; id.shared_len()];
    1.0 / ratio(
        || (),
        |()| {
            let active = method.start(&mut Sevens).expect("a key pair");
            std::hint::black_box(active.public());
            drop(active.complete(&peer).expect("a secret"));
        },
        |()| {
            let key = PrivateKey::from_private_key(algorithm, &private).expect("a key");
            std::hint::black_box(key.compute_public_key().expect("a public key"));
            let peer = UnparsedPublicKey::new(algorithm, &point);
            let shared = agreement::agree(&key, peer, (), |secret| Ok(secret.to_vec()));
            std::hint::black_box(shared.expect("a secret"));
        },
    )
}

/// Both sides of an exchange.
fn ml_kem() -> f64 {
    let provider = aws::provider();
    let method = provider.key_exchange(KexId::MlKem768).expect("there");
    1.0 / ratio(
        || (),
        |()| {
            let active = method.start(&mut Sevens).expect("a key pair");
            let (ciphertext, shared) = method.respond(&mut Sevens, active.public()).expect("a secret");
            drop((active.complete(&ciphertext).expect("a secret"), shared));
        },
        |()| {
            let private = DecapsulationKey::generate(&ML_KEM_768).expect("a key");
            let public = private.encapsulation_key().expect("a key");
            let octets = public.key_bytes().expect("octets");
            let key = EncapsulationKey::new(&ML_KEM_768, octets.as_ref()).expect("a key");
            let (ciphertext, shared) = key.encapsulate().expect("a secret");
            drop((private.decapsulate(ciphertext.as_ref().into()).expect("a secret"), shared));
        },
    )
}
