use core::fmt;

use ipsec_types::{Encode, EncodeError, Writer};

use crate::chain_builder::Links;
use crate::encrypted_fragment::are_lawful;
use crate::{ExchangeType, Framing, Header, PayloadType, RawPayload};

/// Builds one IKEv2 message in a buffer of the caller.
///
/// Payloads are appended one by one; lengths and Next Payload fields are filled in. After
/// [`begin_encrypted`](Self::begin_encrypted) payloads go inside SK, and [`finish_encrypted`](Self::finish_encrypted)
/// hands out what is to be encrypted. After an error every further call returns that error, so that no
/// half-written message can come out.
///
/// ```
/// use ikev2_wire::*;
///
/// let header = Header::new(IkeSpi([1; 8]), IkeSpi([2; 8]), ExchangeType::INFORMATIONAL, Flags::INITIATOR, 2);
/// let mut buf = [0; 128];
/// let mut builder = MessageBuilder::new(&mut buf, &header)?;
/// builder
///     .begin_encrypted(Framing { iv_len: 8, block_len: 1, icv_len: 16 })?
///     .push(PayloadType::DELETE, &NewDelete::IKE)?;
/// let slots = builder.finish_encrypted()?;
/// // Here `slots.iv` is filled, `slots.plaintext` encrypted in place and `slots.icv` filled.
/// let len = slots.datagram_len();
/// assert_eq!(Message::parse(&buf[..len])?.payloads().to_string(), "SK");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MessageBuilder<'b> {
    links: Links<'b>,
    exchange: ExchangeType,
    place: Place,
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
        Ok(Self { links, exchange: header.exchange, place: Place::Clear })
    }

    /// Appends a payload of type `kind`, its critical bit clear (RFC 7296 §3.2).
    ///
    /// # Errors
    ///
    /// - [`EncodeError::NoRoom`] where the buffer is too short;
    /// - [`EncodeError::FieldOverflow`] for a payload of more than 65,535 octets, for more than
    ///   [`MAX_PAYLOADS`](crate::MAX_PAYLOADS), and for what the body's own fields cannot hold;
    /// - [`EncodeError::Invalid`] for a body without lawful form, for SK and SKF as `kind`, inside a fragment, and after
    ///   the last payload.
    pub fn push(&mut self, kind: PayloadType, body: &impl Encode) -> Result<&mut Self, EncodeError> {
        self.push_with_flags(kind, 0, body)
    }

    /// Appends a payload with these critical and reserved bits, see [`RawPayload::CRITICAL`].
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_with_flags(
        &mut self,
        kind: PayloadType,
        flags: u8,
        body: &impl Encode,
    ) -> Result<&mut Self, EncodeError> {
        self.expect_place(|place| matches!(place, Place::Clear | Place::Encrypted(_)))?;
        self.links.push(kind, flags, body)?;
        Ok(self)
    }

    /// Appends a payload of another message as it is, flags included. SK and SKF keep their Next Payload field and
    /// must be the last.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push), but for SK and SKF only where they have no place.
    pub fn push_raw(&mut self, payload: &RawPayload<'_>) -> Result<&mut Self, EncodeError> {
        let kind = payload.kind();
        if !kind.is_encrypted() {
            return self.push_with_flags(kind, payload.flags(), payload);
        }
        self.expect_encryption_allowed()?;
        self.links.step(|links| links.payload(kind, payload.next_payload(), payload.flags(), payload))?;
        self.place = Place::Closed;
        Ok(self)
    }

    /// Opens SK: what is pushed from now on goes inside.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`], or [`EncodeError::Invalid`] in IKE_SA_INIT, a second time, or for a block of 0 or
    /// more than 256 octets.
    pub fn begin_encrypted(&mut self, framing: Framing) -> Result<&mut Self, EncodeError> {
        self.open(PayloadType::SK, framing, None)
    }

    /// Opens SKF, the fragment `number` (from 1) of `total`, to be filled by [`put_content`](Self::put_content).
    ///
    /// # Errors
    ///
    /// As [`begin_encrypted`](Self::begin_encrypted), and [`EncodeError::Invalid`] for a number of 0 or above `total`.
    pub fn begin_encrypted_fragment(
        &mut self,
        framing: Framing,
        number: u16,
        total: u16,
    ) -> Result<&mut Self, EncodeError> {
        self.links.step(|_| {
            if are_lawful(number, total) { Ok(()) } else { Err(EncodeError::Invalid("Fragment Number")) }
        })?;
        self.open(PayloadType::SKF, framing, Some((number, total)))
    }

    /// Writes octets into the open SK or SKF as they are: payloads built before, or a fragment of them.
    ///
    /// `first_inner` is the type of the first payload, and [`PayloadType::NONE`] in every fragment but the first
    /// (RFC 7383 §2.5).
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`], or [`EncodeError::Invalid`] outside SK and SKF, or where something was written into
    /// it before.
    pub fn put_content(&mut self, first_inner: PayloadType, octets: &[u8]) -> Result<&mut Self, EncodeError> {
        self.expect_place(|place| matches!(place, Place::Encrypted(_) | Place::Fragment(_)))?;
        self.links.step(|links| {
            if !links.is_empty() {
                return Err(EncodeError::Invalid("place of encrypted content"));
            }
            links.out.put(octets)?;
            links.name(first_inner)
        })?;
        if let Place::Encrypted(open) | Place::Fragment(open) = self.place {
            self.place = Place::Filled(open);
        }
        Ok(self)
    }

    /// Fills in the length and gives the message, which is not encrypted or ends with an SK that was pushed raw.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Invalid`] where SK or SKF is open, [`EncodeError::FieldOverflow`] past 2^32 - 1 octets, or
    /// the error of an earlier call.
    pub fn finish(mut self) -> Result<&'b mut [u8], EncodeError> {
        self.expect_place(|place| matches!(place, Place::Clear | Place::Closed))?;
        self.patch_length()?;
        Ok(self.links.out.into_written())
    }

    /// Pads what SK or SKF holds with zeros, fills in all lengths and gives the parts to be encrypted.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Invalid`] where no SK or SKF is open, [`EncodeError::NoRoom`] where padding and checksum do not
    /// fit, [`EncodeError::FieldOverflow`] past 65,535 octets, or the error of an earlier call.
    pub fn finish_encrypted(mut self) -> Result<Slots<'b>, EncodeError> {
        self.expect_place(|place| !matches!(place, Place::Clear | Place::Closed))?;
        let (Place::Encrypted(open) | Place::Fragment(open) | Place::Filled(open)) = self.place else {
            return Err(EncodeError::Invalid("place of the Encrypted payload"));
        };
        let Open { start, content, framing } = open;
        let pad_length = pad_length(self.links.out.len().saturating_sub(content), framing.block_len)?;
        self.links.out.reserve(usize::from(pad_length))?.fill(0);
        self.links.out.put_u8(pad_length)?;
        let icv_start = self.links.out.len();
        self.links.out.reserve(framing.icv_len)?.fill(0);
        self.links.close(start)?;
        self.patch_length()?;
        Slots::cut(self.links.out.into_written(), content.saturating_sub(framing.iv_len), content, icv_start)
            .ok_or(EncodeError::Invalid("place of the Encrypted payload"))
    }

    fn open(
        &mut self,
        kind: PayloadType,
        framing: Framing,
        fragment: Option<(u16, u16)>,
    ) -> Result<&mut Self, EncodeError> {
        self.expect_encryption_allowed()?;
        let open = self.links.step(|links| {
            if !(1..=256).contains(&framing.block_len) {
                return Err(EncodeError::Invalid("block length"));
            }
            let start = links.open(kind, PayloadType::NONE, 0)?;
            if let Some((number, total)) = fragment {
                links.out.put_u16(number)?;
                links.out.put_u16(total)?;
            }
            links.out.reserve(framing.iv_len)?.fill(0);
            links.descend(start);
            Ok(Open { start, content: links.out.len(), framing })
        })?;
        self.place = if fragment.is_some() { Place::Fragment(open) } else { Place::Encrypted(open) };
        Ok(self)
    }

    fn expect_place(&mut self, allowed: impl FnOnce(Place) -> bool) -> Result<(), EncodeError> {
        let place = self.place;
        self.links.step(
            |_| {
                if allowed(place) { Ok(()) } else { Err(EncodeError::Invalid("place of a payload")) }
            },
        )
    }

    /// SK and SKF come once, outside each other, and after IKE_SA_INIT.
    fn expect_encryption_allowed(&mut self) -> Result<(), EncodeError> {
        let has_keys = self.exchange != ExchangeType::IKE_SA_INIT;
        self.expect_place(|place| has_keys && matches!(place, Place::Clear))
    }

    fn patch_length(&mut self) -> Result<(), EncodeError> {
        let length = message_length(self.links.out.len())?;
        self.links.out.patch(LENGTH_OFFSET, &length.to_be_bytes())
    }
}

/// The parts of an encrypted message, to be encrypted or decrypted in place.
pub struct Slots<'b> {
    /// What is authenticated and not encrypted: from the IKE header to the end of the generic header of SK, or of
    /// Total Fragments in SKF.
    pub aad: &'b [u8],
    /// The initialization vector.
    pub iv: &'b mut [u8],
    /// Payloads, padding and Pad Length; the ciphertext takes the same place.
    pub plaintext: &'b mut [u8],
    /// The integrity checksum data.
    pub icv: &'b mut [u8],
}

impl<'b> Slots<'b> {
    /// Octets of the whole datagram, which starts where the associated data does.
    pub const fn datagram_len(&self) -> usize {
        self.aad
            .len()
            .saturating_add(self.iv.len())
            .saturating_add(self.plaintext.len())
            .saturating_add(self.icv.len())
    }

    /// Cuts `datagram` where the initialization vector, the plaintext and the checksum start.
    pub(crate) fn cut(
        datagram: &'b mut [u8],
        iv_start: usize,
        plaintext_start: usize,
        icv_start: usize,
    ) -> Option<Self> {
        let (rest, icv) = datagram.split_at_mut_checked(icv_start)?;
        let (rest, plaintext) = rest.split_at_mut_checked(plaintext_start)?;
        let (aad, iv) = rest.split_at_mut_checked(iv_start)?;
        Some(Self { aad, iv, plaintext, icv })
    }
}

/// Prints lengths alone: what is to be encrypted does not belong into a log.
impl fmt::Debug for Slots<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots")
            .field("aad", &self.aad.len())
            .field("iv", &self.iv.len())
            .field("plaintext", &self.plaintext.len())
            .field("icv", &self.icv.len())
            .finish()
    }
}

/// Where the next octets go.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Outside encryption.
    Clear,
    /// Inside SK, payload by payload.
    Encrypted(Open),
    /// Inside SKF, as octets.
    Fragment(Open),
    /// Inside SK or SKF, and its octets are there.
    Filled(Open),
    /// Behind the last payload.
    Closed,
}

/// An SK or SKF that is being filled.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Where its generic header starts.
    start: usize,
    /// Where what is to be encrypted starts.
    content: usize,
    framing: Framing,
}

/// Where the Next Payload field of the header lies.
const NEXT_PAYLOAD_OFFSET: usize = 16;

/// Where the length field of the header lies.
const LENGTH_OFFSET: usize = 24;

/// How much padding, before Pad Length, fills the last block.
fn pad_length(content: usize, block_len: usize) -> Result<u8, EncodeError> {
    let unpadded = content.saturating_add(1);
    let padded = unpadded.checked_next_multiple_of(block_len).unwrap_or(usize::MAX);
    let length = padded.saturating_sub(unpadded);
    u8::try_from(length).map_err(|_| EncodeError::FieldOverflow { field: "Pad Length", length })
}

/// The value of the header's Length field.
fn message_length(length: usize) -> Result<u32, EncodeError> {
    u32::try_from(length).map_err(|_| EncodeError::FieldOverflow { field: "Length", length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn w2_22_a_message_past_its_length_field_is_an_error() {
        assert_eq!(message_length(0xffff_ffff), Ok(u32::MAX));
        let length = 0x1_0000_0000;
        assert_eq!(message_length(length), Err(EncodeError::FieldOverflow { field: "Length", length }));
    }

    #[test]
    fn rfc7296_3_14_padding_fills_the_last_block() {
        for block_len in 1..=256 {
            for content in 0..=300 {
                let pad_length = usize::from(pad_length(content, block_len).unwrap());
                assert_eq!((content + pad_length + 1) % block_len, 0);
                assert!(pad_length < block_len);
            }
        }
    }
}
