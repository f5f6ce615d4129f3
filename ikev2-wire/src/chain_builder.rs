use ipsec_types::{Encode, EncodeError, Writer};

use crate::{MAX_PAYLOADS, PayloadType, RawPayload};

/// Builds a chain of payloads without a message around: what an Encrypted payload is to hold, to be cut into
/// fragments or fed to a PRF.
///
/// After an error every further call returns that error.
///
/// ```
/// use ikev2_wire::{ChainBuilder, Notify, NotifyType, PayloadChain, PayloadType};
///
/// let mut buf = [0; 64];
/// let mut chain = ChainBuilder::new(&mut buf);
/// chain.push(PayloadType::NOTIFY, &Notify::new(NotifyType::MOBIKE_SUPPORTED))?;
/// let (first, octets) = chain.finish()?;
/// assert_eq!(PayloadChain::parse(first, octets, 0)?.to_string(), "N(MOBIKE_SUPPORTED)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ChainBuilder<'b> {
    links: Links<'b>,
}

impl<'b> ChainBuilder<'b> {
    /// An empty chain at the start of `buf`.
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self { links: Links::new(Writer::new(buf), None) }
    }

    /// Appends a payload of type `kind`, its critical bit clear (RFC 7296 §3.2).
    ///
    /// # Errors
    ///
    /// As [`MessageBuilder::push`](crate::MessageBuilder::push).
    pub fn push(&mut self, kind: PayloadType, body: &impl Encode) -> Result<&mut Self, EncodeError> {
        self.links.push(kind, 0, body)?;
        Ok(self)
    }

    /// Appends a payload of another chain as it is, flags included.
    ///
    /// # Errors
    ///
    /// As [`MessageBuilder::push`](crate::MessageBuilder::push).
    pub fn push_raw(&mut self, payload: &RawPayload<'_>) -> Result<&mut Self, EncodeError> {
        self.links.push(payload.kind(), payload.flags(), payload)?;
        Ok(self)
    }

    /// The type of the first payload, and all of them.
    ///
    /// # Errors
    ///
    /// That of the first call that failed.
    pub fn finish(self) -> Result<(PayloadType, &'b mut [u8]), EncodeError> {
        self.links.check()?;
        Ok((self.links.first, self.links.out.into_written()))
    }
}

/// Writes payloads and links each to the one before.
#[derive(Debug)]
pub(crate) struct Links<'b> {
    pub(crate) out: Writer<'b>,
    pub(crate) first: PayloadType,
    /// Where the Next Payload field lies that names the payload to come.
    next_at: Option<usize>,
    count: usize,
    failed: Option<EncodeError>,
}

impl<'b> Links<'b> {
    pub(crate) const fn new(out: Writer<'b>, next_at: Option<usize>) -> Self {
        Self { out, first: PayloadType::NONE, next_at, count: 0, failed: None }
    }

    /// The error of an earlier call, if one failed.
    #[inline]
    pub(crate) const fn check(&self) -> Result<(), EncodeError> {
        // `map_or` copies the whole option, there or not, which costs as much as writing a small payload.
        match &self.failed {
            None => Ok(()),
            Some(error) => Err(*error),
        }
    }

    /// Runs one step, unless an earlier one failed, and remembers its error.
    #[inline]
    pub(crate) fn step<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, EncodeError>,
    ) -> Result<T, EncodeError> {
        self.check()?;
        run(self).inspect_err(|error| self.failed = Some(*error))
    }

    /// Appends a payload that is not encrypted.
    pub(crate) fn push(
        &mut self,
        kind: PayloadType,
        flags: u8,
        body: &impl Encode,
    ) -> Result<(), EncodeError> {
        self.step(|links| {
            if kind == PayloadType::NONE || kind.is_encrypted() {
                return Err(EncodeError::Invalid("Next Payload"));
            }
            let at = links.payload(kind, PayloadType::NONE, flags, body)?;
            links.next_at = Some(at);
            Ok(())
        })
    }

    /// Writes generic header and body, names the payload in the one before, and says where it starts.
    pub(crate) fn payload(
        &mut self,
        kind: PayloadType,
        next: PayloadType,
        flags: u8,
        body: &impl Encode,
    ) -> Result<usize, EncodeError> {
        let needed = body.encoded_len().saturating_add(RawPayload::HEADER_LEN);
        let available = self.out.remaining();
        payload_length(needed)?;
        if needed > available {
            return Err(EncodeError::NoRoom { needed, available });
        }
        let start = self.open(kind, next, flags)?;
        body.encode(&mut self.out)?;
        self.close(start)?;
        Ok(start)
    }

    /// Writes a generic header whose length is yet to come, and names the payload in the one before.
    pub(crate) fn open(
        &mut self,
        kind: PayloadType,
        next: PayloadType,
        flags: u8,
    ) -> Result<usize, EncodeError> {
        self.count = self.count.saturating_add(1);
        if self.count > MAX_PAYLOADS {
            return Err(EncodeError::FieldOverflow { field: "payload count", length: self.count });
        }
        let start = self.out.len();
        self.out.put(&[next.0, flags])?;
        self.out.put_u16(u16::MAX)?;
        self.name(kind)?;
        Ok(start)
    }

    /// Fills in the length of the payload that starts at `start` and ends here.
    pub(crate) fn close(&mut self, start: usize) -> Result<(), EncodeError> {
        let length = payload_length(self.out.len().saturating_sub(start))?;
        self.out.patch(start.saturating_add(2), &length.to_be_bytes())
    }

    /// Writes the type of a payload where the one before names it.
    pub(crate) fn name(&mut self, kind: PayloadType) -> Result<(), EncodeError> {
        match self.next_at {
            Some(at) => self.out.patch(at, &[kind.0]),
            None => {
                self.first = kind;
                Ok(())
            }
        }
    }

    /// What comes next is inside the payload that starts at `start`.
    pub(crate) fn descend(&mut self, start: usize) {
        self.next_at = Some(start);
        self.count = 0;
    }

    /// Whether nothing was pushed since the start or since [`descend`](Self::descend).
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The value of a Payload Length field.
fn payload_length(length: usize) -> Result<u16, EncodeError> {
    u16::try_from(length).map_err(|_| EncodeError::FieldOverflow { field: "Payload Length", length })
}
