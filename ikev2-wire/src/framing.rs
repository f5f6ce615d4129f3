use core::ops::Range;

use ipsec_types::{ParseError, ParseErrorKind};

use crate::{Header, RawPayload, Slots};

/// The sizes that an encryption and an integrity algorithm give to SK and SKF, all in octets.
///
/// | Algorithms | `iv_len` | `block_len` | `icv_len` |
/// |---|---|---|---|
/// | AES-GCM with a 16-octet ICV (RFC 5282) | 8 | 1 | 16 |
/// | AES-CBC with HMAC-SHA2-256-128 | 16 | 16 | 16 |
/// | AES-CTR with HMAC-SHA1-96 (RFC 5930) | 8 | 1 | 12 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Framing {
    /// The initialization vector in front of the ciphertext.
    pub iv_len: usize,
    /// What the ciphertext is padded to a multiple of: 1 to 256, 1 for no padding.
    pub block_len: usize,
    /// The integrity checksum data at the end.
    pub icv_len: usize,
}

impl Framing {
    /// Octets of a message that holds `content` octets of payloads in SK and nothing outside it. Where that is more than
    /// a datagram should have, [`Fragments`](crate::Fragments) cuts the content.
    pub const fn message_len(&self, content: usize) -> usize {
        let unpadded = content.saturating_add(1);
        let ciphertext = match unpadded.checked_next_multiple_of(self.block_len) {
            Some(ciphertext) => ciphertext,
            None => unpadded,
        };
        let around = self.iv_len.saturating_add(self.icv_len).saturating_add(RawPayload::HEADER_LEN);
        ciphertext.saturating_add(around).saturating_add(Header::LEN)
    }
}

/// Where the parts of an encrypted message lie, in octets from the start of the datagram.
///
/// ```
/// # use ikev2_wire::*;
/// # let header = Header::new(IkeSpi([1; 8]), IkeSpi([2; 8]), ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
/// # let framing = Framing { iv_len: 8, block_len: 1, icv_len: 16 };
/// # let mut buf = [0; 128];
/// # let mut builder = MessageBuilder::new(&mut buf, &header)?;
/// # builder.begin_encrypted(framing)?.push(PayloadType::DELETE, &NewDelete::IKE)?;
/// # let len = builder.finish_encrypted()?.datagram_len();
/// # let datagram = &mut buf[..len];
/// let message = Message::parse(datagram)?;
/// let Some(Ok(Payload::Encrypted(encrypted))) = message.payloads().iter().last().map(|p| p.decode()) else {
///     panic!("not encrypted");
/// };
/// let first = encrypted.first_inner();
/// let parts = encrypted.split(framing)?;
///
/// let slots = parts.split_datagram(datagram).unwrap();
/// // Here the ICV is verified over `slots.aad` and the ciphertext, and `slots.plaintext` decrypted in place.
/// let content = strip_padding(slots.plaintext)?;
/// assert_eq!(PayloadChain::parse(first, content, parts.ciphertext.start)?.to_string(), "D(IKE)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parts {
    /// What is authenticated and not encrypted: from the IKE header to the end of the generic header of SK, or of
    /// Total Fragments in SKF.
    pub aad: Range<usize>,
    /// The initialization vector.
    pub iv: Range<usize>,
    /// Payloads, padding and Pad Length, encrypted.
    pub ciphertext: Range<usize>,
    /// The integrity checksum data.
    pub icv: Range<usize>,
}

impl Parts {
    /// Cuts a copy of the datagram that was split, to be decrypted in place: the ciphertext is in
    /// [`Slots::plaintext`]. `None` where `datagram` is not as long as the one that was split.
    pub fn split_datagram<'b>(&self, datagram: &'b mut [u8]) -> Option<Slots<'b>> {
        if datagram.len() != self.icv.end {
            return None;
        }
        Slots::cut(datagram, self.iv.start, self.ciphertext.start, self.icv.start)
    }

    /// Splits content that starts at `offset` of the datagram, right after the associated data.
    ///
    /// RFC 7296 §3.14 has the ciphertext hold at least Pad Length, and be a multiple of the block.
    pub(crate) fn of(content_len: usize, offset: usize, framing: Framing) -> Result<Self, ParseError> {
        let Framing { iv_len, block_len, icv_len } = framing;
        let needed = iv_len.saturating_add(block_len.max(1)).saturating_add(icv_len);
        let short = ParseErrorKind::Truncated { needed, available: content_len };
        let ciphertext_len = content_len
            .checked_sub(iv_len)
            .and_then(|rest| rest.checked_sub(icv_len))
            .filter(|len| *len >= block_len.max(1))
            .ok_or_else(|| ParseError::new(short, offset))?;
        let iv_end = offset.saturating_add(iv_len);
        if !ciphertext_len.is_multiple_of(block_len.max(1)) {
            return Err(ParseError::new(ParseErrorKind::Invalid("Encrypted payload length"), iv_end));
        }
        let ciphertext_end = iv_end.saturating_add(ciphertext_len);
        Ok(Self {
            aad: 0..offset,
            iv: offset..iv_end,
            ciphertext: iv_end..ciphertext_end,
            icv: ciphertext_end..ciphertext_end.saturating_add(icv_len),
        })
    }
}

/// Removes padding and Pad Length from decrypted content (RFC 7296 §3.14); offsets count from its first octet.
///
/// What the padding holds is not looked at: "Padding MAY contain any value chosen by the sender".
///
/// ```
/// use ikev2_wire::strip_padding;
///
/// assert_eq!(strip_padding(&[0xaa, 0xbb, 9, 9, 2])?, [0xaa, 0xbb]);
/// assert!(strip_padding(&[0xaa, 2]).is_err());
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
///
/// # Errors
///
/// [`ParseErrorKind::Truncated`] for no octets at all, [`ParseErrorKind::LengthField`] for a Pad Length of more octets
/// than precede it.
pub fn strip_padding(plaintext: &[u8]) -> Result<&[u8], ParseError> {
    let Some((pad_length, padded)) = plaintext.split_last() else {
        return Err(ParseError::new(ParseErrorKind::Truncated { needed: 1, available: 0 }, 0));
    };
    let declared = usize::from(*pad_length);
    let content = padded.len().checked_sub(declared).and_then(|len| padded.get(..len));
    let kind = ParseErrorKind::LengthField { declared, min: 0, max: padded.len() };
    content.ok_or_else(|| ParseError::new(kind, padded.len()))
}
