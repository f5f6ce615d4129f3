use ipsec_types::{Encode, EncodeError, Writer};

use crate::{MAX_PAYLOADS, PayloadType, RawPayload};

/// Builds a chain of payloads without a message around: what a hash is to cover.
///
/// After an error every further call returns that error.
///
/// ```
/// use ikev1_wire::{ChainBuilder, Nonce, PayloadChain, PayloadType};
///
/// let mut buf = [0; 64];
/// let mut chain = ChainBuilder::new(&mut buf);
/// chain.push(PayloadType::NONCE, &Nonce::new(&[7; 16]))?;
/// let (first, octets) = chain.finish()?;
/// assert_eq!(PayloadChain::parse(first, octets, 0)?.to_string(), "NONCE");
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

    /// Appends a payload of type `kind`.
    ///
    /// # Errors
    ///
    /// As [`MessageBuilder::push`](crate::MessageBuilder::push).
    pub fn push(&mut self, kind: PayloadType, body: &impl Encode) -> Result<&mut Self, EncodeError> {
        self.links.push(kind, body)?;
        Ok(self)
    }

    /// Appends a payload of another chain as it is.
    ///
    /// # Errors
    ///
    /// As [`MessageBuilder::push`](crate::MessageBuilder::push).
    pub fn push_raw(&mut self, payload: &RawPayload<'_>) -> Result<&mut Self, EncodeError> {
        self.push(payload.kind(), payload)
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
    pub(crate) fn check(&self) -> Result<(), EncodeError> {
        self.failed.map_or(Ok(()), Err)
    }

    /// Runs one step, unless an earlier one failed, and remembers its error.
    pub(crate) fn step<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, EncodeError>,
    ) -> Result<T, EncodeError> {
        self.check()?;
        run(self).inspect_err(|error| self.failed = Some(*error))
    }

    /// Appends a payload.
    pub(crate) fn push(&mut self, kind: PayloadType, body: &impl Encode) -> Result<(), EncodeError> {
        self.step(|links| {
            if kind == PayloadType::NONE {
                return Err(EncodeError::Invalid("Next Payload"));
            }
            links.count = links.count.saturating_add(1);
            if links.count > MAX_PAYLOADS {
                return Err(EncodeError::FieldOverflow { field: "payload count", length: links.count });
            }
            let start = links.out.len();
            links.out.put(&[PayloadType::NONE.0, 0])?;
            links.out.put_u16(u16::MAX)?;
            body.encode(&mut links.out)?;
            let length = links.out.len().saturating_sub(start);
            let overflow = EncodeError::FieldOverflow { field: "Payload Length", length };
            let length = u16::try_from(length).map_err(|_| overflow)?;
            links.out.patch(start.saturating_add(2), &length.to_be_bytes())?;
            links.name(kind)?;
            links.next_at = Some(start);
            Ok(())
        })
    }

    /// Writes the type of a payload where the one before names it.
    pub(crate) fn name(&mut self, kind: PayloadType) -> Result<(), EncodeError> {
        if self.first == PayloadType::NONE {
            self.first = kind;
        }
        self.next_at.map_or(Ok(()), |at| self.out.patch(at, &[kind.0]))
    }

    /// Whether nothing was pushed.
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }
}
