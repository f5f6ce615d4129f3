use core::fmt;
use ikev2_wire::{
    Fragment, Framing, Header, Message, Parts, Payload, PayloadChain, PayloadType, strip_padding,
};
use ipsec_crypto_suite::{CryptoError, CryptoProvider, Protection, ProtectionKey, Secret};
use ipsec_types::ParseError;

/// The keys of an IKE SA that its messages are protected with (RFC 7296 §2.14), set up once.
#[derive(Debug)]
pub struct MessageKeys {
    initiator: ProtectionKey,
    responder: ProtectionKey,
}

/// The keys of one direction of an IKE SA.
#[derive(Debug)]
pub struct DirectionKeys {
    /// SK_ei or SK_er, with the salt behind it.
    pub sk_e: Secret,
    /// SK_ai or SK_ar; `None` with an AEAD.
    pub sk_a: Option<Secret>,
}

impl MessageKeys {
    /// Sets the keys up: `initiator` protects what the SA's original initiator sends.
    ///
    /// # Errors
    ///
    /// An algorithm that `provider` lacks, a key of the wrong length, a missing or superfluous SK_a.
    pub fn new(
        provider: &CryptoProvider,
        protection: Protection,
        initiator: DirectionKeys,
        responder: DirectionKeys,
    ) -> Result<Self, CryptoError> {
        let key =
            |keys: DirectionKeys| ProtectionKey::new(provider, protection, &keys.sk_e, keys.sk_a.as_ref());
        Ok(Self { initiator: key(initiator)?, responder: key(responder)? })
    }

    /// The algorithms.
    pub const fn protection(&self) -> Protection {
        self.initiator.protection()
    }

    /// Encrypts what SK of a message holds, with padding and Pad Length already in it.
    pub(crate) fn seal(&self, header: &Header, iv: &[u8], datagram: &mut [u8]) -> Result<(), CryptoError> {
        let unbuilt = CryptoError::Invalid("message to be sealed");
        let envelope = Envelope::of(self, datagram).map_err(|_| unbuilt)?;
        let slots = envelope.parts.split_datagram(datagram).ok_or(unbuilt)?;
        if slots.iv.len() != iv.len() {
            return Err(unbuilt);
        }
        slots.iv.copy_from_slice(iv);
        self.of_sender(header).seal(slots.aad, slots.iv, slots.plaintext, &[], slots.icv)
    }

    const fn of_sender(&self, header: &Header) -> &ProtectionKey {
        if header.flags.is_initiator() { &self.initiator } else { &self.responder }
    }
}

/// What a protected message held.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7296 §3.14 and RFC 7383 §2.5 have these two")]
pub enum Plaintext<'b> {
    /// The payloads of an SK payload.
    Message(PayloadChain<'b>),
    /// A piece of a payload chain, for a [`FragmentReassembler`](super::FragmentReassembler).
    Fragment(Fragment<'b>),
}

impl fmt::Debug for Plaintext<'_> {
    /// The types of the payloads, without their content, which may hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(chain) => {
                f.write_str("Message")?;
                f.debug_list().entries(chain.iter().map(|payload| payload.kind())).finish()
            }
            Self::Fragment(fragment) => fragment.fmt(f),
        }
    }
}

/// Why a message was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is no IKEv2 message.
    #[error("malformed: {0}")]
    Malformed(ParseError),
    /// It has neither an SK nor an SKF payload.
    #[error("not encrypted")]
    NotEncrypted,
    /// The ICV is wrong: altered, or of other keys.
    #[error("authentication failed")]
    Authentication,
    /// It is authentic, but its padding or the payloads inside are malformed: whoever made it broke the protocol, and an
    /// endpoint ends the SA with INVALID_SYNTAX (RFC 7296 §2.21.3).
    #[error("authentic but malformed: {0}")]
    Inner(ParseError),
}

/// Decrypts a captured message in place, with the keys of its SA (RFC 7296 §3.14, RFC 7383 §2.5, RFC 5282).
///
/// `datagram` is the message without the non-ESP marker. The keys are those of the SA that the header names and of
/// the direction that its Initiator flag names. Nothing is allocated. Afterwards `datagram` holds plaintext where the SK
/// payload was; where the ICV was wrong it is unchanged or wiped, never plaintext. Message ids are not looked at: replays
/// open too, and whoever acts on what a message says checks its id against the window first (RFC 7296 §2.3).
///
/// ```
/// use ikev2_wire::PayloadType;
/// use ipsec_crypto_suite::{AeadId, Protection, Secret, rustcrypto};
/// use ipsec_ike::v2::{DirectionKeys, MessageKeys, Plaintext, open};
///
/// # fn hex(text: &str) -> Vec<u8> {
/// #     (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
/// # }
/// // An INFORMATIONAL request with one notify, protected by AES-GCM with a 256-bit key.
/// let mut datagram = hex(concat!(
///     "77c708b4523e39a471dc683c1d4f21362e202508000000060000004129000025",
///     "fbd69d9de2dafc5ef4109834e9f3559758c05edf119917521b885f67f0d14ced43",
/// ));
/// let key = hex("7c04513660dec572d896105254ef92608054f8e6ee19e79ce52ab8697b2b5f2c2aa90c29");
/// let direction = || DirectionKeys { sk_e: Secret::from(key.clone()), sk_a: None };
/// let protection = Protection::Aead(AeadId::Aes256Gcm16);
/// let keys = MessageKeys::new(&rustcrypto::provider(), protection, direction(), direction())?;
///
/// let Plaintext::Message(payloads) = open(&keys, &mut datagram)? else { panic!("no fragment") };
/// let kinds: Vec<_> = payloads.iter().map(|payload| payload.kind()).collect();
/// assert_eq!(kinds, [PayloadType::NOTIFY]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`MessageError`].
pub fn open<'b>(keys: &MessageKeys, datagram: &'b mut [u8]) -> Result<Plaintext<'b>, MessageError> {
    let envelope = Envelope::of(keys, datagram)?;
    let offset = envelope.parts.ciphertext.start;
    let short = MessageError::NotEncrypted;
    let slots = envelope.parts.split_datagram(datagram).ok_or(short)?;
    let key = keys.of_sender(&envelope.header);
    let opened = key.open(slots.aad, slots.iv, slots.plaintext, &[], slots.icv);
    opened.map_err(|_| MessageError::Authentication)?;
    let plaintext: &'b [u8] = slots.plaintext;
    let inner = |error: ParseError| {
        MessageError::Inner(ParseError::new(error.kind(), offset.saturating_add(error.offset())))
    };
    let content = strip_padding(plaintext).map_err(inner)?;
    match envelope.fragment {
        Some((fragment_number, total_fragments)) => {
            let first = envelope.first;
            Ok(Plaintext::Fragment(Fragment { fragment_number, total_fragments, first, content }))
        }
        None => PayloadChain::parse(envelope.first, content, offset)
            .map(Plaintext::Message)
            .map_err(MessageError::Inner),
    }
}

/// Where in a datagram the protected part stands.
struct Envelope {
    header: Header,
    parts: Parts,
    first: PayloadType,
    fragment: Option<(u16, u16)>,
}

impl Envelope {
    fn of(keys: &MessageKeys, datagram: &[u8]) -> Result<Self, MessageError> {
        let message = Message::parse(datagram).map_err(MessageError::Malformed)?;
        let header = *message.header();
        let key = keys.of_sender(&header).protection();
        let framing = Framing { iv_len: key.iv_len(), block_len: key.block_len(), icv_len: key.icv_len() };
        let last = message.payloads().iter().last().ok_or(MessageError::NotEncrypted)?;
        let payload = last.decode().map_err(MessageError::Malformed)?;
        if let Payload::Encrypted(sk) = payload {
            let parts = sk.split(framing).map_err(MessageError::Malformed)?;
            return Ok(Self { header, parts, first: sk.first_inner(), fragment: None });
        }
        let Payload::EncryptedFragment(skf) = payload else {
            return Err(MessageError::NotEncrypted);
        };
        let parts = skf.split(framing).map_err(MessageError::Malformed)?;
        let fragment = Some((skf.fragment_number(), skf.total_fragments()));
        Ok(Self { header, parts, first: skf.first_inner(), fragment })
    }
}
