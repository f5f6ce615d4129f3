use core::fmt;

use ipsec_types::{Encode, EncodeError, Writer};

use crate::chain_builder::Links;
use crate::{Header, PayloadType, RawPayload};

/// Builds one ISAKMP message in a buffer of the caller.
///
/// Payloads are appended one by one; lengths and Next Payload fields are filled in. Where the header has the encryption
/// flag, [`finish_encrypted`](Self::finish_encrypted) pads the payloads and hands them out, with the place of the hash
/// and the octets it covers. After an error every further call returns that error, so that no half-written message can
/// come out.
///
/// ```
/// use ikev1_wire::*;
///
/// let (cookie_i, cookie_r) = (IkeSpi([1; 8]), IkeSpi([2; 8]));
/// let header = Header::new(cookie_i, cookie_r, ExchangeType::INFORMATIONAL, Flags::ENCRYPTION, 0x1234_5678);
/// let mut buf = [0; 128];
/// let mut builder = MessageBuilder::new(&mut buf, &header)?;
/// builder
///     .push(PayloadType::HASH, &Hash::new(&[0; 20]))?
///     .push(PayloadType::DELETE, &NewDelete { protocol: ProtocolId::ESP, spi_size: 4, spis: &[0xc0, 1, 2, 3] })?;
/// let mut whole = builder.finish_encrypted(16)?;
/// let (hash, covered) = whole.hash().unwrap();
/// assert_eq!((hash.len(), covered.len()), (20, 16));
/// hash.fill(0xab); // Here `prf(SKEYID_a, message id | covered)` goes in.
/// assert_eq!(whole.payloads().len(), 48); // Here they are encrypted in place.
/// let datagram = whole.into_datagram();
/// assert!(Message::parse(datagram)?.ciphertext().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MessageBuilder<'b> {
    links: Links<'b>,
    encrypted: bool,
    closed: bool,
}

impl<'b> MessageBuilder<'b> {
    /// Starts a message. Next Payload and Length of `header` are not used.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`] where `buf` is shorter than the header.
    pub fn new(buf: &'b mut [u8], header: &Header) -> Result<Self, EncodeError> {
        let mut out = Writer::new(buf);
        Header { next_payload: PayloadType::NONE, length: u32::MAX, ..*header }.encode(&mut out)?;
        let links = Links::new(out, Some(NEXT_PAYLOAD_OFFSET));
        Ok(Self { links, encrypted: header.flags.is_encrypted(), closed: false })
    }

    /// Appends a payload of type `kind`.
    ///
    /// # Errors
    ///
    /// - [`EncodeError::NoRoom`] where the buffer is too short;
    /// - [`EncodeError::FieldOverflow`] for a payload of more than 65,535 octets, for more than
    ///   [`MAX_PAYLOADS`](crate::MAX_PAYLOADS), and for what the body's own fields cannot hold;
    /// - [`EncodeError::Invalid`] for a body without lawful form, for [`PayloadType::NONE`], and after
    ///   [`put_ciphertext`](Self::put_ciphertext).
    pub fn push(&mut self, kind: PayloadType, body: &impl Encode) -> Result<&mut Self, EncodeError> {
        let closed = self.closed;
        self.links.step(|_| if closed { Err(EncodeError::Invalid("place of a payload")) } else { Ok(()) })?;
        self.links.push(kind, body)?;
        Ok(self)
    }

    /// Appends a payload of another message as it is.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_raw(&mut self, payload: &RawPayload<'_>) -> Result<&mut Self, EncodeError> {
        self.push(payload.kind(), payload)
    }

    /// Writes what was encrypted before; `first` is the type of the first payload in it. [`finish`](Self::finish) gives
    /// the message.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`], or [`EncodeError::Invalid`] without the encryption flag or beside other payloads.
    pub fn put_ciphertext(&mut self, first: PayloadType, octets: &[u8]) -> Result<&mut Self, EncodeError> {
        let lawful = self.encrypted && !self.closed;
        self.links.step(|links| {
            if !lawful || !links.is_empty() {
                return Err(EncodeError::Invalid("place of the encrypted part"));
            }
            links.out.put(octets)?;
            links.name(first)
        })?;
        self.closed = true;
        Ok(self)
    }

    /// Fills in the length and gives the message, in the clear or with the ciphertext that was put in.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Invalid`] where the header has the encryption flag and the payloads are not encrypted,
    /// [`EncodeError::FieldOverflow`] past 2^32 - 1 octets, or the error of an earlier call.
    pub fn finish(mut self) -> Result<&'b mut [u8], EncodeError> {
        let unencrypted = self.encrypted && !self.closed;
        self.links
            .step(|_| if unencrypted { Err(EncodeError::Invalid("Encryption flag")) } else { Ok(()) })?;
        self.patch_length()?;
        Ok(self.links.out.into_written())
    }

    /// Pads the payloads with zeros to whole blocks of `block_len` octets (RFC 2409 Appendix B), fills in the length and
    /// gives what is to be encrypted.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Invalid`] without the encryption flag, without payloads or for a block of other than 8 or 16
    /// octets, [`EncodeError::NoRoom`] where the padding does not fit, or the error of an earlier call.
    pub fn finish_encrypted(mut self, block_len: usize) -> Result<ToEncrypt<'b>, EncodeError> {
        let lawful = self.encrypted && !self.closed && !self.links.is_empty() && [8, 16].contains(&block_len);
        self.links.step(|_| if lawful { Ok(()) } else { Err(EncodeError::Invalid("Encryption flag")) })?;
        let payloads = self.links.out.len().saturating_sub(Header::LEN);
        let padded = payloads.checked_next_multiple_of(block_len).unwrap_or(usize::MAX);
        let padding_len = padded.saturating_sub(payloads);
        self.links.out.reserve(padding_len)?.fill(0);
        self.patch_length()?;
        Ok(ToEncrypt { first: self.links.first, datagram: self.links.out.into_written(), padding_len })
    }

    fn patch_length(&mut self) -> Result<(), EncodeError> {
        let length = self.links.out.len();
        let overflow = EncodeError::FieldOverflow { field: "Length", length };
        let value = u32::try_from(length).map_err(|_| overflow)?;
        self.links.out.patch(LENGTH_OFFSET, &value.to_be_bytes())
    }
}

/// A message whose payloads are yet to be encrypted, in place.
pub struct ToEncrypt<'b> {
    first: PayloadType,
    datagram: &'b mut [u8],
    padding_len: usize,
}

impl<'b> ToEncrypt<'b> {
    /// The content of a HASH payload that comes first, and the octets it covers: all payloads behind it without the
    /// padding (RFC 2409 §5.5). `None` where another payload comes first.
    pub fn hash(&mut self) -> Option<(&mut [u8], &[u8])> {
        if self.first != PayloadType::HASH {
            return None;
        }
        let end = self.datagram.len().checked_sub(self.padding_len)?;
        let (_, payloads) = self.datagram.get_mut(..end)?.split_at_mut_checked(Header::LEN)?;
        let length = usize::from(u16::from_be_bytes(*payloads.get(2..)?.first_chunk()?));
        let (hash, covered) = payloads.split_at_mut_checked(length)?;
        Some((hash.get_mut(RawPayload::HEADER_LEN..)?, covered))
    }

    /// Payloads and padding; the ciphertext takes the same place.
    pub fn payloads(&mut self) -> &mut [u8] {
        self.datagram.get_mut(Header::LEN..).unwrap_or_default()
    }

    /// The whole datagram.
    pub const fn into_datagram(self) -> &'b mut [u8] {
        self.datagram
    }
}

/// Prints lengths alone: what is to be encrypted does not belong into a log.
impl fmt::Debug for ToEncrypt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToEncrypt")
            .field("first", &self.first)
            .field("datagram", &self.datagram.len())
            .field("padding", &self.padding_len)
            .finish()
    }
}

/// Where the Next Payload field of the header lies.
const NEXT_PAYLOAD_OFFSET: usize = 16;

/// Where the length field of the header lies.
const LENGTH_OFFSET: usize = 24;
