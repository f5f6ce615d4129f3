use core::fmt;
use core::net::IpAddr;

use ipsec_types::EncodeError;

use crate::{Framing, Header, MessageBuilder, PayloadType, RawPayload, Slots};

/// A piece of a payload chain in plaintext: what one SKF payload is to hold, or held (RFC 7383 §2.5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Its number, from 1.
    pub fragment_number: u16,
    /// How many there are.
    pub total_fragments: u16,
    /// In fragment 1 the type of the first payload; in the others 0.
    pub first: PayloadType,
    /// Its piece of the payload chain, without padding.
    pub content: &'a [u8],
}

impl Fragment<'_> {
    /// Builds the message of this fragment into `buf`, up to what is left to be encrypted. The fragments of a message
    /// share the header, message ID included.
    ///
    /// # Errors
    ///
    /// As [`MessageBuilder::begin_encrypted_fragment`] and [`MessageBuilder::finish_encrypted`].
    pub fn build<'b>(
        &self,
        buf: &'b mut [u8],
        header: &Header,
        framing: Framing,
    ) -> Result<Slots<'b>, EncodeError> {
        let mut builder = MessageBuilder::new(buf, header)?;
        builder
            .begin_encrypted_fragment(framing, self.fragment_number, self.total_fragments)?
            .put_content(self.first, self.content)?;
        builder.finish_encrypted()
    }
}

/// Without the content, which may hold credentials.
impl fmt::Debug for Fragment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fragment_number, total_fragments, content, .. } = self;
        write!(f, "Fragment({fragment_number} of {total_fragments}, {} octets)", content.len())
    }
}

/// Cuts a payload chain into [`Fragment`]s whose messages fit into a datagram (RFC 7383 §2.5.1).
///
/// All but the last are equally long, and as long as fits.
///
/// ```
/// use ikev2_wire::*;
///
/// let mut chain = [0; 1_400];
/// let mut builder = ChainBuilder::new(&mut chain);
/// builder.push(PayloadType::CERT, &Certificate::new(CertEncoding::X509_SIGNATURE, &[7; 1_300]))?;
/// let (first, content) = builder.finish()?;
///
/// let framing = Framing { iv_len: 8, block_len: 1, icv_len: 16 };
/// let room = Fragments::room(576, [192, 0, 2, 1].into(), true);
/// assert!(framing.message_len(content.len()) > room); // too long for one SK payload
/// let header = Header::new(IkeSpi([1; 8]), IkeSpi([2; 8]), ExchangeType::IKE_AUTH, Flags::INITIATOR, 1);
/// for fragment in Fragments::cut(first, content, framing, room)? {
///     let mut buf = [0; 576];
///     let slots = fragment.build(&mut buf, &header, framing)?;
///     // Here `slots.iv` is filled, `slots.plaintext` encrypted in place and `slots.icv` filled.
///     assert!(slots.datagram_len() <= room);
/// }
/// # Ok::<(), EncodeError>(())
/// ```
#[derive(Clone)]
pub struct Fragments<'a> {
    first: PayloadType,
    rest: &'a [u8],
    per_fragment: usize,
    next: u16,
    total: u16,
}

impl<'a> Fragments<'a> {
    /// Cuts `content`, whose first payload is of type `first`, for messages of at most `room` octets.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`] where not one octet of content fits into a message, [`EncodeError::Invalid`] for a block
    /// of 0 octets, [`EncodeError::FieldOverflow`] for more than 65,535 fragments.
    pub fn cut(
        first: PayloadType,
        content: &'a [u8],
        framing: Framing,
        room: usize,
    ) -> Result<Self, EncodeError> {
        let Framing { iv_len, block_len, icv_len } = framing;
        let around = OVERHEAD.saturating_add(iv_len).saturating_add(icv_len);
        // A payload cannot be longer than its length field says, however much room there is.
        let longest = usize::from(u16::MAX).saturating_sub(around.saturating_sub(Header::LEN));
        let blocks = room.saturating_sub(around).min(longest).checked_div(block_len);
        let ciphertext = blocks.ok_or(EncodeError::Invalid("block length"))?.saturating_mul(block_len);
        // One octet is Pad Length.
        let per_fragment = ciphertext.saturating_sub(1);
        let needed = around.saturating_add(block_len.max(2));
        let count = content.len().max(1).checked_add(per_fragment.saturating_sub(1));
        let count = count.and_then(|octets| octets.checked_div(per_fragment));
        let length = count.ok_or(EncodeError::NoRoom { needed, available: room })?;
        let field = EncodeError::FieldOverflow { field: "Total Fragments", length };
        let total = u16::try_from(length).map_err(|_| field)?;
        Ok(Self { first, rest: content, per_fragment, next: 1, total })
    }

    /// How many fragments there are.
    pub const fn total(&self) -> u16 {
        self.total
    }

    /// Octets that an IKE message may have so that the IP datagram that carries it has at most `ip_datagram`, as sent
    /// to `address`: less the IP header without options, the UDP header, and the non-ESP marker on port 4500.
    ///
    /// RFC 7383 §2.5.1 has 1,280 octets work over IPv6 without finding out the path's MTU, and 576 over IPv4.
    pub const fn room(ip_datagram: usize, address: IpAddr, non_esp_marker: bool) -> usize {
        let ip_header = if address.is_ipv4() { 20 } else { 40 };
        let marker = if non_esp_marker { 4 } else { 0 };
        ip_datagram.saturating_sub(ip_header).saturating_sub(8).saturating_sub(marker)
    }
}

impl<'a> Iterator for Fragments<'a> {
    type Item = Fragment<'a>;

    fn next(&mut self) -> Option<Fragment<'a>> {
        let fragment_number = self.next;
        if fragment_number == 0 || fragment_number > self.total {
            return None;
        }
        let here = self.per_fragment.min(self.rest.len());
        let (content, rest) = self.rest.split_at_checked(here)?;
        let first = if fragment_number == 1 { self.first } else { PayloadType::NONE };
        self.rest = rest;
        // Past 65,535 comes 0, which ends the iteration.
        self.next = fragment_number.wrapping_add(1);
        Some(Fragment { fragment_number, total_fragments: self.total, first, content })
    }
}

impl core::iter::FusedIterator for Fragments<'_> {}

/// Without the content, which may hold credentials.
impl fmt::Debug for Fragments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rest, per_fragment, next, total, .. } = self;
        write!(f, "Fragments({next} of {total}, {} octets by {per_fragment})", rest.len())
    }
}

/// Octets before the initialization vector of a message with SKF: header, generic header, number and total.
const OVERHEAD: usize = Header::LEN + RawPayload::HEADER_LEN + 4;
