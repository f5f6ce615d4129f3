use ikev1_wire::{Header, Message, PayloadChain, PayloadType};
use ipsec_crypto_suite::CryptoError;
use ipsec_types::ParseError;

use super::{Iv, MessageKeys};

/// Why a message was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is no IKEv1 message.
    #[error("malformed: {0}")]
    Malformed(ParseError),
    /// It is in the clear.
    #[error("not encrypted")]
    NotEncrypted,
    /// What it decrypts to is no chain of payloads: it is altered, of other keys or not the next one of its exchange.
    #[error("does not decrypt to payloads: {0}")]
    Undecryptable(ParseError),
    /// Its HASH is wrong, or not there.
    #[error("authentication failed")]
    Authentication,
    /// Cryptography failed.
    #[error("{0}")]
    Crypto(CryptoError),
}

impl From<CryptoError> for MessageError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

/// Decrypts a captured message in place, with the keys of its SA and the IV of its exchange (RFC 2409 Appendix B).
///
/// `datagram` is the message without the non-ESP marker. Afterwards it holds plaintext where the ciphertext was, and `iv` is
/// that of the next message of the exchange; "only an accepted message advances it": after an error `iv` is as it was, and
/// the encrypted part is wiped. Whether the message is authentic says its HASH, see [`MessageKeys::verify_hash`]: whoever
/// finds that wrong goes back to the IV before.
///
/// Nothing is allocated.
///
/// ```
/// use ipsec_crypto_suite::{CipherId, HashId, Secret, rustcrypto};
/// use ipsec_ike::v1::{Iv, MessageKeys, open};
///
/// # fn hex(text: &str) -> Vec<u8> {
/// #     (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
/// # }
/// // An informational message: a HASH, and a notification that a payload was malformed.
/// let mut datagram = hex(concat!(
///     "05041c1d00fd6eff2e9ac75cd77f5cc6081005015c9704a70000004c03ea6c1d88aa6ca97a94ff3f2c641c15",
///     "42c69e66d5b8e9965fea0a19eae77985d22f9acb0164b32223c9b3b384b67516",
/// ));
/// let key = Secret::new(hex("c9fc2bdbd56171be58c4abd940e5d58e"));
/// let keys = MessageKeys::new(&rustcrypto::provider(), CipherId::Aes128Cbc, HashId::Sha1, &key, None)?;
/// let mut iv = Iv::from_octets(&hex("3d374a012e6bbc7ad042f15490f403b1"))?;
///
/// let payloads = open(&keys, &mut iv, &mut datagram)?;
/// assert_eq!(payloads.to_string(), "HASH, N(PAYLOAD-MALFORMED)");
/// assert_eq!(iv.octets(), hex("d22f9acb0164b32223c9b3b384b67516")); // the last block of ciphertext
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`MessageError`].
pub fn open<'b>(
    keys: &MessageKeys,
    iv: &mut Iv,
    datagram: &'b mut [u8],
) -> Result<PayloadChain<'b>, MessageError> {
    let accept_all = |_: PayloadChain<'_>| Ok(());
    let (payloads, next, ()) = open_if(keys, iv, datagram, accept_all)?;
    *iv = next;
    Ok(payloads)
}

/// Decrypts a message, and wipes what was encrypted unless `accept` takes its payloads; gives the IV of the next one.
pub(super) fn open_if<'b, T>(
    keys: &MessageKeys,
    iv: &Iv,
    datagram: &'b mut [u8],
    accept: impl FnOnce(PayloadChain<'_>) -> Result<T, MessageError>,
) -> Result<(PayloadChain<'b>, Iv, T), MessageError> {
    let message = Message::parse(datagram).map_err(MessageError::Malformed)?;
    let first = message.header().next_payload;
    let ciphertext = message.ciphertext().ok_or(MessageError::NotEncrypted)?;
    let block_len = keys.cipher().block_len();
    let last_block = ciphertext.len().checked_sub(block_len).and_then(|at| ciphertext.get(at..));
    let next = Iv::from_octets(last_block.unwrap_or_default())?;
    let body = datagram.get_mut(Header::LEN..).unwrap_or_default();
    keys.encryption.decrypt(iv.octets(), body)?;
    match parse(first, body, block_len).and_then(accept) {
        Ok(accepted) => Ok((parse(first, body, block_len)?, next, accepted)),
        Err(error) => {
            body.fill(0);
            Err(error)
        }
    }
}

/// The payloads in a decrypted body, whose padding fills the last block at most: who pads when there is no need adds one.
fn parse(first: PayloadType, body: &[u8], block_len: usize) -> Result<PayloadChain<'_>, MessageError> {
    let (payloads, padding) =
        PayloadChain::parse_padded(first, body, Header::LEN).map_err(MessageError::Undecryptable)?;
    if padding.len() > block_len {
        let kind = ipsec_types::ParseErrorKind::TrailingBytes { extra: padding.len() };
        let offset = Header::LEN.saturating_add(payloads.as_bytes().len());
        return Err(MessageError::Undecryptable(ParseError::new(kind, offset)));
    }
    Ok(payloads)
}
