//! IKEv1: keys of ISAKMP SAs, what the clear messages of an SA tell, fragments, and messages opened.

use crate::algorithms::cipher;
use crate::payloads::hex;
use crate::phase1::Phase1;
use crate::report::{Decryption, Message};
use core::net::SocketAddr;
use ipsec::crypto_suite::ikev1::KeyExchange;
use ipsec::crypto_suite::{CipherId, CryptoProvider, HashId, Secret};
use ipsec::ike::v1::{Follower, HashCheck, Iv, MessageError, MessageKeys};
use ipsec::ikev1_wire::{
    AttributeValue, Fragment, FragmentLimits, FragmentReassembler, Header, IkeAttributes,
    Message as WireMessage, Payload, PayloadChain, PayloadType, RawPayload,
};
use ipsec::types::{IkeSpi, Instant};
use serde_json::{Value, json};
use std::collections::HashMap;

/// What a key file says of an ISAKMP SA. Tables of Wireshark have the encryption key alone: the rest is learned from the
/// capture.
pub struct KeySet {
    pub algorithms: Option<Result<(CipherId, HashId), String>>,
    pub encryption: Vec<u8>,
    pub skeyid: Option<Vec<u8>>,
    pub skeyid_a: Option<Vec<u8>>,
    pub phase_1_iv: Option<Vec<u8>>,
    pub last_phase_1_block: Option<Vec<u8>>,
}

/// What is known of an ISAKMP SA.
#[derive(Default)]
pub struct IsakmpSa {
    pub keys: Vec<KeySet>,
    /// Cipher and hash of the proposal that the responder took, or why there are none.
    negotiated: Option<Result<(CipherId, HashId), String>>,
    phase_1: Phase1,
    /// The SA as each set of keys has it, from the first encrypted message on.
    followers: Vec<Follower>,
}

/// Fragments of messages, by their sender.
#[derive(Default)]
pub struct Fragments(HashMap<(IkeSpi, SocketAddr), FragmentReassembler<Vec<u8>>>);

/// More than an endpoint would take: a capture is as long as it is.
const FRAGMENTS: FragmentLimits =
    FragmentLimits { fragments: u8::MAX, timeout: core::time::Duration::from_secs(60) };

impl Fragments {
    /// The message that this one completes, where it holds a fragment, or why that cannot be taken.
    pub fn take(
        &mut self,
        now: Instant,
        wire: &WireMessage<'_>,
        message: &mut Message,
    ) -> Result<Option<Vec<u8>>, String> {
        let Some(fragment) = fragment_of(wire) else { return Ok(None) };
        message.ikev1.fragment = Some((fragment.id(), fragment.number(), fragment.is_last()));
        if message.same_as_frame.is_some() {
            return Ok(None);
        }
        let set = self.0.entry((wire.header().cookie_i, message.ends.source_end()));
        let set = set.or_insert_with(|| FragmentReassembler::new(vec![0; 65_535], FRAGMENTS));
        let whole = set.push(now, wire.header(), &fragment).map_err(|error| error.to_string())?;
        Ok(whole.map(<[u8]>::to_vec))
    }
}

fn fragment_of<'a>(wire: &WireMessage<'a>) -> Option<Fragment<'a>> {
    match wire.payloads().find(PayloadType::FRAGMENT)?.decode() {
        Ok(Payload::Fragment(fragment)) => Some(fragment),
        _ => None,
    }
}

impl IsakmpSa {
    /// Takes from a message in the clear what keys, hashes and IVs depend on, and checks its HASH where it is one of phase 1.
    pub fn learn(&mut self, provider: &CryptoProvider, wire: &WireMessage<'_>, message: &mut Message) {
        self.phase_1.learn(message.ends, wire);
        for payload in wire.payloads().iter().filter_map(|raw| raw.decode().ok()) {
            if let Payload::Sa(sa) = payload
                && wire.header().cookie_r != IkeSpi::ZERO
            {
                let transform = sa.sole_proposal().and_then(|proposal| proposal.transforms().next());
                let read = transform.map(|transform| IkeAttributes::read(transform.attributes()));
                if let Some(Ok(attributes)) = read {
                    self.negotiated = Some(algorithms(&attributes));
                }
            }
        }
        self.check_phase_1(provider, wire.header(), wire.payloads(), message);
    }

    /// Checks HASH_I or HASH_R with each SKEYID there is.
    fn check_phase_1(
        &mut self,
        provider: &CryptoProvider,
        header: &Header,
        payloads: PayloadChain<'_>,
        message: &mut Message,
    ) {
        let hash = |set: &KeySet| match (&set.algorithms, &self.negotiated) {
            (Some(Ok((_, hash))), _) | (None, Some(Ok((_, hash)))) => Some(*hash),
            _ => None,
        };
        let skeyids: Vec<_> =
            self.keys.iter().filter_map(|set| Some((hash(set)?, &set.skeyid.as_ref()?[..]))).collect();
        message.ikev1.hash_verified = self.phase_1.check(provider, &skeyids, message.ends, header, payloads);
    }

    /// Opens an encrypted message with each set of keys; says why where none fits.
    pub fn open(
        &mut self,
        provider: &CryptoProvider,
        octets: &[u8],
        message: &mut Message,
    ) -> Result<(), String> {
        let mut reason = "no keys for this IKE SA".to_owned();
        if self.followers.is_empty() {
            for set in &self.keys {
                match self.follow(provider, set) {
                    Ok(followers) => self.followers.extend(followers),
                    Err(error) => reason = error,
                }
            }
        }
        let mut authentic = true;
        for follower in &mut self.followers {
            let mut copy = octets.to_vec();
            match follower.open(&mut copy) {
                Ok(opened) => {
                    message.decryption = Decryption::Opened;
                    message.plaintext = Some(opened.payloads.as_bytes().to_vec());
                    message.ikev1.iv = Some(opened.iv.octets().to_vec());
                    message.ikev1.hash_verified = (opened.hash == HashCheck::Verified).then_some(true);
                    add(opened.payloads, message);
                    let header = Header::parse(octets).map_err(|error| error.to_string())?;
                    if header.message_id == 0 {
                        self.check_phase_1(provider, &header, opened.payloads, message);
                    }
                    return Ok(());
                }
                // What decrypts and is not authentic tells more than that another IV does not fit.
                Err(error) if authentic => {
                    authentic = error != MessageError::Authentication;
                    reason = error.to_string();
                }
                Err(_) => {}
            }
        }
        Err(reason)
    }

    /// The SA with a set of keys, and with each IV that the capture may go on from.
    fn follow(&self, provider: &CryptoProvider, set: &KeySet) -> Result<Vec<Follower>, String> {
        let given: Vec<_> = [&set.phase_1_iv, &set.last_phase_1_block].into_iter().flatten().collect();
        let learned = match (given.as_slice(), self.phase_1.public.as_slice()) {
            ([], [initiator, responder]) => {
                let keys = self.message_keys(provider, set)?;
                let iv = Iv::phase_1(&keys, KeyExchange { initiator, responder });
                Some(iv.map_err(|error| error.to_string())?)
            }
            _ => None,
        };
        let mut followers = Vec::new();
        for iv in given.into_iter().map(|octets| Iv::from_octets(octets)).chain(learned.map(Ok)) {
            let iv = iv.map_err(|error| error.to_string())?;
            followers.push(Follower::new(self.message_keys(provider, set)?, iv));
        }
        if followers.is_empty() {
            return Err("the capture does not have the public values that the IV is made of".to_owned());
        }
        Ok(followers)
    }

    fn message_keys(&self, provider: &CryptoProvider, set: &KeySet) -> Result<MessageKeys, String> {
        let unknown = || Err("the capture does not say which algorithms the SA has".to_owned());
        let algorithms = set.algorithms.clone().or_else(|| self.negotiated.clone()).unwrap_or_else(unknown);
        let (cipher, hash) = algorithms?;
        let (encryption, skeyid_a) =
            (Secret::copy_from(&set.encryption), set.skeyid_a.as_deref().map(Secret::copy_from));
        MessageKeys::new(provider, cipher, hash, &encryption, skeyid_a.as_ref())
            .map_err(|error| format!("the keys given do not fit {cipher} with {hash}: {error}"))
    }
}

/// Cipher and hash that attributes of phase 1 ask for.
fn algorithms(attributes: &IkeAttributes<'_>) -> Result<(CipherId, HashId), String> {
    let cipher =
        attributes.encryption.and_then(|id| CipherId::from_ikev1_phase_1(id.0, attributes.key_length));
    let hash = attributes.hash.and_then(|id| HashId::from_ikev1(id.0));
    cipher.zip(hash).ok_or_else(|| format!("{attributes} is not supported"))
}

/// Cipher and hash in a proposal such as `AES_CBC_128/HMAC_SHA1/MODP_2048/PSK`.
pub fn algorithms_of_proposal(proposal: &str) -> Result<(CipherId, HashId), String> {
    let mut transforms = proposal.split('/');
    let (encryption, hash) = (transforms.next().unwrap_or_default(), transforms.next().unwrap_or_default());
    let unsupported = |name: &str| format!("{name} is not supported");
    let cipher = cipher(encryption).ok_or_else(|| unsupported(encryption))?;
    let hash = match hash {
        "HMAC_MD5" => HashId::Md5,
        "HMAC_SHA1" => HashId::Sha1,
        "HMAC_SHA256" => HashId::Sha2_256,
        "HMAC_SHA384" => HashId::Sha2_384,
        "HMAC_SHA512" => HashId::Sha2_512,
        _ => return Err(unsupported(hash)),
    };
    Ok((cipher, hash))
}

/// Notes the payloads of a message, and what its report shows of them.
pub fn add(payloads: PayloadChain<'_>, message: &mut Message) {
    for raw in payloads {
        message.payloads.push(raw.to_string());
        message.details.push(describe(&raw));
        match raw.decode() {
            Ok(Payload::Configuration(configuration)) => {
                let value = |value| match value {
                    AttributeValue::Basic(number) => json!(number),
                    AttributeValue::Variable(octets) => json!(hex(octets)),
                };
                let list = configuration.attributes().iter();
                let list: Vec<Value> =
                    list.map(|attribute| json!([attribute.class, value(attribute.value)])).collect();
                message.ikev1.configuration = Some((configuration.kind().to_string(), list));
            }
            Ok(Payload::Notification(notification)) if matches!(message.decryption, Decryption::Clear) => {
                message.ikev1.notify = Some(notification.kind().0);
            }
            _ => {}
        }
    }
}

/// A line on what a payload says.
fn describe(raw: &RawPayload<'_>) -> String {
    match raw.decode() {
        Ok(payload) => payload.to_string(),
        Err(error) => format!("{raw}: malformed: {error}"),
    }
}
