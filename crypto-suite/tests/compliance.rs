//! Every algorithm of every provider against the same algorithm of every other, and that each has been held against
//! published vectors.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

#[allow(dead_code, reason = "each test crate uses its part")]
mod common;

use common::{Script, providers};
use ipsec_crypto_suite::{
    AeadId, CipherId, CryptoError, CryptoProvider, HashId, KexId, MacId, PrfId, Secret, SignatureForm,
    SignatureId, SigningKey,
};
use proptest::prelude::*;
use testkit::hex;

/// Each ordered pair of providers, a provider with itself included.
fn pairs() -> Vec<(CryptoProvider, CryptoProvider)> {
    let all = providers();
    all.iter().flat_map(|(_, ours)| all.iter().map(|(_, theirs)| (ours.clone(), theirs.clone()))).collect()
}

/// That the providers fill the same tables, in the same order.
#[test]
fn all_providers_hold_the_same_algorithms() {
    for (ours, theirs) in pairs() {
        let aeads =
            |provider: &CryptoProvider| -> Vec<AeadId> { provider.aeads.iter().map(|e| e.id()).collect() };
        assert_eq!(aeads(&ours), aeads(&theirs));
        assert_eq!(aeads(&ours).len(), AeadId::ALL.len());
        let ciphers = |provider: &CryptoProvider| -> Vec<CipherId> {
            provider.ciphers.iter().map(|e| e.id()).collect()
        };
        assert_eq!(ciphers(&ours), ciphers(&theirs));
        let macs =
            |provider: &CryptoProvider| -> Vec<MacId> { provider.macs.iter().map(|e| e.id()).collect() };
        assert_eq!(macs(&ours), macs(&theirs));
        let prfs =
            |provider: &CryptoProvider| -> Vec<PrfId> { provider.prfs.iter().map(|e| e.id()).collect() };
        assert_eq!(prfs(&ours), prfs(&theirs));
        let hashes =
            |provider: &CryptoProvider| -> Vec<HashId> { provider.hashes.iter().map(|e| e.id()).collect() };
        assert_eq!(hashes(&ours), hashes(&theirs));
        let kexes = |provider: &CryptoProvider| -> Vec<KexId> {
            provider.key_exchanges.iter().map(|e| e.id()).collect()
        };
        assert_eq!(kexes(&ours), kexes(&theirs));
        let signatures = |provider: &CryptoProvider| -> Vec<SignatureId> {
            provider.signatures.iter().map(|e| e.id()).collect()
        };
        assert_eq!(signatures(&ours), signatures(&theirs));
    }
}

/// What one provider seals another opens, in place, to the octet; what is changed none opens.
fn cross_aead(ours: &CryptoProvider, theirs: &CryptoProvider, id: AeadId, aad: &[u8], plaintext: &[u8]) {
    let secret = Secret::new((0..id.key_len()).map(|at| at as u8).collect::<Vec<_>>());
    let (seal, open) =
        (ours.aead(id).unwrap().key(&secret).unwrap(), theirs.aead(id).unwrap().key(&secret).unwrap());
    let nonce: Vec<u8> = (0..id.nonce_len()).map(|at| 0xa0 | at as u8).collect();
    let (mut data, mut tag) = (plaintext.to_vec(), vec![0; id.tag_len()]);
    seal.seal(&nonce, aad, &mut data, &mut tag).unwrap();
    let mut changed = data.clone();
    let mut bad_tag = tag.clone();
    *bad_tag.last_mut().unwrap() ^= 0x80;
    assert_eq!(open.open(&nonce, aad, &mut changed, &bad_tag), Err(CryptoError::Authentication), "{id}");
    let hidden =
        changed != plaintext || changed.is_empty() || !id.encrypts() || plaintext.iter().all(|o| *o == 0);
    assert!(hidden, "{id}: plaintext after a failed open");
    open.open(&nonce, aad, &mut data, &tag).unwrap();
    assert_eq!(data, plaintext, "{id}");
}

fn cross_cipher(ours: &CryptoProvider, theirs: &CryptoProvider, id: CipherId, blocks: usize) {
    let secret = Secret::new((0..id.key_len()).map(|at| at as u8).collect::<Vec<_>>());
    let (encrypt, decrypt) =
        (ours.cipher(id).unwrap().key(&secret).unwrap(), theirs.cipher(id).unwrap().key(&secret).unwrap());
    let length = if id.block_len() == 1 { 7 * blocks } else { id.block_len() * blocks };
    let plaintext: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
    let (iv, mut data) = (vec![0x3c; id.iv_len()], plaintext.clone());
    encrypt.encrypt(&iv, &mut data).unwrap();
    decrypt.decrypt(&iv, &mut data).unwrap();
    assert_eq!(data, plaintext, "{id}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_one_provider_makes_another_reads(
        aad in prop::collection::vec(any::<u8>(), 0..70), plaintext in prop::collection::vec(any::<u8>(), 0..600),
        key in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>(),
    ) {
        for (ours, theirs) in pairs() {
            for id in AeadId::ALL {
                cross_aead(&ours, &theirs, *id, &aad, &plaintext);
            }
            for entry in ours.ciphers.iter() {
                cross_cipher(&ours, &theirs, entry.id(), plaintext.len() / 16);
            }
            let (head, tail) = plaintext.split_at(cut.index(plaintext.len() + 1));
            for entry in ours.macs.iter() {
                let id = entry.id();
                let secret = Secret::new(vec![9; id.key_len()]);
                let (iv, mut icv) = (vec![5; id.iv_len()], vec![0; id.icv_len()]);
                entry.key(&secret).unwrap().compute(&iv, &[&aad, head, tail], &mut icv).unwrap();
                let other = theirs.mac(id).unwrap().key(&secret).unwrap();
                prop_assert_eq!(other.verify(&iv, &[&aad, &plaintext], &icv), Ok(()), "{}", id);
            }
            for entry in ours.prfs.iter() {
                let id = entry.id();
                let (mut one, mut two) = (vec![0; id.output_len()], vec![0; id.output_len()]);
                entry.key(&key).unwrap().compute(&[&aad, head, tail], &mut one).unwrap();
                theirs.prf(id).unwrap().key(&key).unwrap().compute(&[&aad, &plaintext], &mut two).unwrap();
                prop_assert_eq!(one, two, "{}", id);
            }
            for entry in ours.hashes.iter() {
                let id = entry.id();
                let (mut one, mut two) = (vec![0; id.output_len()], vec![0; id.output_len()]);
                entry.digest(&[head, tail], &mut one).unwrap();
                theirs.hash(id).unwrap().digest(&[&plaintext], &mut two).unwrap();
                prop_assert_eq!(one, two, "{}", id);
            }
        }
    }
}

/// Both roles of a key exchange, each by every provider.
#[test]
fn every_provider_agrees_with_every_other() {
    for (ours, theirs) in pairs() {
        for entry in ours.key_exchanges.iter() {
            let id = entry.id();
            let active = entry.start(&mut Script((1..=255).collect())).unwrap();
            assert_eq!(active.public().len(), id.public_len(), "{id}");
            let method = theirs.key_exchange(id).unwrap();
            let (response, shared) =
                method.respond(&mut Script((2..=255).collect()), active.public()).unwrap();
            assert_eq!(response.len(), id.response_len(), "{id}");
            assert_eq!(shared.len(), id.shared_len(), "{id}");
            assert!(active.complete(&response).unwrap().ct_eq(shared.expose()), "{id}");
        }
    }
}

/// An RSA key of 2048 bits, and keys of the three curves, made with `openssl genpkey` for these tests.
const KEYS: [(&str, &str); 4] = [
    ("P-256", include_str!("../../testdata/keys/p256.hex")),
    ("P-384", include_str!("../../testdata/keys/p384.hex")),
    ("P-521", include_str!("../../testdata/keys/p521.hex")),
    ("RSA", include_str!("../../testdata/keys/rsa2048.hex")),
];

type Loader = fn(&Secret) -> Result<Box<dyn SigningKey>, CryptoError>;

#[cfg(feature = "aws-lc-rs")]
fn loaders() -> Vec<Loader> {
    vec![ipsec_crypto_suite::rustcrypto::signing_key, ipsec_crypto_suite::aws_lc_rs::signing_key]
}

#[cfg(not(feature = "aws-lc-rs"))]
fn loaders() -> Vec<Loader> {
    vec![ipsec_crypto_suite::rustcrypto::signing_key]
}

#[test]
fn what_one_provider_signs_another_verifies() {
    for (name, key) in KEYS {
        let der = Secret::from(hex(key.trim()));
        let mut loaded = 0;
        for key in loaders().into_iter().filter_map(|load| load(&der).ok()) {
            for id in key.algorithms().iter().copied() {
                let signature = key.sign(id, &[b"what is ", b"signed"]).unwrap();
                for (provider_name, provider) in providers() {
                    let verify = |message: &[u8]| {
                        let form = SignatureForm::Fixed;
                        provider.verify_signature(id, form, key.public_key(), &[message], &signature)
                    };
                    assert_eq!(verify(b"what is signed"), Ok(()), "{provider_name}: {id}");
                    assert_eq!(
                        verify(b"what was signed"),
                        Err(CryptoError::Authentication),
                        "{provider_name}: {id}"
                    );
                }
            }
            assert!(!format!("{key:?}").contains("308"), "{key:?}");
            loaded += 1;
        }
        // RSA private keys are for AWS-LC only.
        let expected = if name == "RSA" { loaders().len() - 1 } else { loaders().len() };
        assert_eq!(loaded, expected, "{name}");
    }
}
