//! EAP-MSCHAPv2: the responses of RFC 2759 and the MSK of RFC 3079, for EAP inside IKEv2.
//!
//! MD4, DES and SHA-1 are what the method is made of; they are private to it. It protects a password against nobody who can
//! try 2^56 keys: IKE carries it inside an SA whose responder has proved who it is (RFC 7296 §2.16).
//!
//! ```
//! use ipsec_crypto_suite::mschapv2::{Challenge, NtPasswordHash};
//!
//! let hash = NtPasswordHash::new("clientPass");
//! let challenge = Challenge { authenticator: [1; 16], peer: [2; 16], user_name: b"User" };
//! let response = hash.nt_response(&challenge); // the peer sends it
//! assert!(hash.verify_nt_response(&challenge, &response)); // the server checks it
//! assert_eq!(hash.msk(&response).len(), 64);
//! ```

use crate::Secret;
use ::hmac::digest::Digest as _;
use core::fmt;
use des::Des;
use des::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use md4::Md4;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What a response answers (RFC 2759 §4).
#[derive(Clone, Copy, Debug)]
pub struct Challenge<'a> {
    /// The authenticator's challenge.
    pub authenticator: [u8; 16],
    /// The peer's challenge.
    pub peer: [u8; 16],
    /// The user's name as the peer sends it; a domain and backslash in front are left out of what is hashed (RFC 2759
    /// §8.2).
    pub user_name: &'a [u8],
}

impl Challenge<'_> {
    /// ChallengeHash (RFC 2759 §8.2).
    fn hash(&self) -> [u8; 8] {
        let name = self.user_name.rsplit(|octet| *octet == b'\\').next().unwrap_or_default();
        let digest = sha1(&[&self.peer, &self.authenticator, name]);
        let [a, b, c, d, e, f, g, h, ..] = *digest;
        [a, b, c, d, e, f, g, h]
    }
}

/// NtPasswordHash (RFC 2759 §8.3): as good as the password itself.
pub struct NtPasswordHash(Zeroizing<[u8; 16]>);

impl NtPasswordHash {
    /// Of a password, which is hashed as UTF-16 (RFC 2759 §8.3).
    pub fn new(password: &str) -> Self {
        let mut state = Md4::new();
        for unit in password.encode_utf16() {
            state.update(unit.to_le_bytes());
        }
        Self(Zeroizing::new(state.finalize().into()))
    }

    /// Takes a hash that a database holds in the place of the password.
    pub fn from_octets(hash: [u8; 16]) -> Self {
        Self(Zeroizing::new(hash))
    }

    /// GenerateNTResponse (RFC 2759 §8.1).
    pub fn nt_response(&self, challenge: &Challenge<'_>) -> [u8; 24] {
        let mut padded = Zeroizing::new([0; 21]);
        padded.iter_mut().zip(*self.0).for_each(|(to, from)| *to = from);
        let mut response = [0; 24];
        for (block, key) in response.chunks_exact_mut(8).zip(padded.chunks_exact(7)) {
            block.copy_from_slice(&challenge.hash());
            let Some(block) = block.first_chunk_mut::<8>() else { continue };
            Des::new((&*des_key(key)).into()).encrypt_block(block.into());
        }
        response
    }

    /// Whether a peer's response is that to the challenge; takes the same time wherever it differs.
    pub fn verify_nt_response(&self, challenge: &Challenge<'_>, response: &[u8]) -> bool {
        self.nt_response(challenge).ct_eq(response).into()
    }

    /// GenerateAuthenticatorResponse without its hexadecimal form, the 20 octets behind "S=" (RFC 2759 §8.7). To check one,
    /// compare with [`Secret::ct_eq`].
    pub fn authenticator_response(&self, challenge: &Challenge<'_>, nt_response: &[u8; 24]) -> Secret {
        let digest = sha1(&[&*self.twice(), nt_response, MAGIC_1]);
        Secret::copy_from(&*sha1(&[&*digest, &challenge.hash(), MAGIC_2]))
    }

    /// The MSK of 64 octets: the server's receive key, its send key, and zeros (RFC 3079 §3, §3.4).
    pub fn msk(&self, nt_response: &[u8; 24]) -> Secret {
        let master = sha1(&[&*self.twice(), nt_response, MASTER_KEY]);
        let master = master.get(..16).unwrap_or_default();
        let start_key = |magic: &[u8]| sha1(&[master, &[0; 40], magic, &[0xf2; 40]]);
        let (receive, send) = (start_key(CLIENT_SENDS), start_key(SERVER_SENDS));
        let mut msk = Zeroizing::new([0; 64]);
        let keys = receive.iter().take(16).chain(send.iter().take(16));
        msk.iter_mut().zip(keys).for_each(|(to, from)| *to = *from);
        Secret::copy_from(&*msk)
    }

    /// HashNtPasswordHash (RFC 2759 §8.4).
    fn twice(&self) -> Zeroizing<[u8; 16]> {
        Zeroizing::new(Md4::digest(*self.0).into())
    }
}

impl fmt::Debug for NtPasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NtPasswordHash")
    }
}

fn sha1(parts: &[&[u8]]) -> Zeroizing<[u8; 20]> {
    let mut state = Sha1::new();
    for part in parts {
        state.update(part);
    }
    Zeroizing::new(state.finalize().into())
}

/// 56 bits with an odd parity bit behind each seven (RFC 2759 §8.6).
fn des_key(octets: &[u8]) -> Zeroizing<[u8; 8]> {
    let bits = octets.iter().fold(0u64, |bits, octet| bits << 8 | u64::from(*octet));
    let mut key = Zeroizing::new([0; 8]);
    for (octet, shift) in key.iter_mut().rev().zip((0..).step_by(7)) {
        let seven = (bits >> shift) as u8 & 0x7f;
        *octet = seven << 1 | u8::from(seven.count_ones().is_multiple_of(2));
    }
    key
}

const MAGIC_1: &[u8] = b"Magic server to client signing constant";
const MAGIC_2: &[u8] = b"Pad to make it do more than one iteration";
const MASTER_KEY: &[u8] = b"This is the MPPE Master Key";
/// The constant of the key that the client sends with and the server receives with.
const CLIENT_SENDS: &[u8] =
    b"On the client side, this is the send key; on the server side, it is the receive key.";
/// The constant of the key that the server sends with.
const SERVER_SENDS: &[u8] =
    b"On the client side, this is the receive key; on the server side, it is the send key.";

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use testkit::vectors;

    #[test]
    fn rfc2759_9_and_rfc3079_3_5() {
        let (mut run, mut msks, mut keys) = (0, 0, 0);
        for group in vectors("mschapv2") {
            for vector in group.vectors() {
                if group.kind() == "des_key" {
                    assert_eq!(des_key(&vector.octets("raw"))[..], vector.octets("key"));
                    keys += 1;
                    continue;
                }
                let text = vector.octets("password_utf16le");
                let units = text.chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
                let password: String = char::decode_utf16(units).map(Result::unwrap).collect();
                let hash = NtPasswordHash::new(&password);
                assert_eq!(hash.0[..], vector.octets("password_hash"));
                assert_eq!(hash.twice()[..], vector.octets("password_hash_hash"));
                let name = vector.octets("username");
                let challenge = Challenge {
                    authenticator: vector.octets("authenticator_challenge").try_into().unwrap(),
                    peer: vector.octets("peer_challenge").try_into().unwrap(),
                    user_name: &name,
                };
                assert_eq!(challenge.hash()[..], vector.octets("challenge"));
                let response = hash.nt_response(&challenge);
                assert_eq!(response[..], vector.octets("nt_response"), "{}", vector.text("name"));
                assert!(hash.verify_nt_response(&challenge, &response));
                for at in 0..24 {
                    let mut wrong = response;
                    wrong[at] ^= 1;
                    assert!(!hash.verify_nt_response(&challenge, &wrong));
                }
                assert!(!hash.verify_nt_response(&challenge, &response[..23]));
                let authenticator = vector.octets("authenticator_response");
                if !authenticator.is_empty() {
                    assert!(hash.authenticator_response(&challenge, &response).ct_eq(&authenticator));
                }
                let msk = hash.msk(&response);
                let published = vector.octets("msk");
                if !published.is_empty() {
                    assert_eq!(msk.expose(), published, "{}", vector.text("name"));
                    msks += 1;
                }
                let send = vector.octets("master_send_key");
                assert!(send.is_empty() || msk.expose()[16..32] == send);
                run += 1;
            }
        }
        assert!(run >= 6 && msks >= 4 && keys == 2, "{run} responses, {msks} MSKs, {keys} keys");
    }

    #[test]
    fn a_domain_is_left_out() {
        let hash = NtPasswordHash::from_octets([7; 16]);
        let of =
            |user_name| hash.nt_response(&Challenge { authenticator: [1; 16], peer: [2; 16], user_name });
        assert_eq!(of(b"DOMAIN\\User"), of(b"User"));
        assert_ne!(of(b"User"), of(b"user"));
        assert_eq!(alloc::format!("{hash:?}"), "NtPasswordHash");
    }
}
