use core::fmt;

/// A value with one wire form.
///
/// `decode` of the same type is its inverse, and [`encoded_len`](Self::encoded_len) is what
/// [`encode`](Self::encode) writes.
pub trait Encode {
    /// How many octets [`encode`](Self::encode) writes.
    fn encoded_len(&self) -> usize;

    /// Writes the value.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] where the output is too short or a length does not fit its field.
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError>;
}

impl Encode for [u8] {
    fn encoded_len(&self) -> usize {
        self.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(self)
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encoded_len(&self) -> usize {
        (**self).encoded_len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        (**self).encode(out)
    }
}

/// Why a value cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The output buffer is too short.
    #[error("no room: {needed} octets needed, {available} available")]
    NoRoom {
        /// Octets the next part needs.
        needed: usize,
        /// Octets left in the buffer.
        available: usize,
    },
    /// A length or count does not fit the field that carries it.
    #[error("{length} does not fit the {field} field")]
    FieldOverflow {
        /// The field, as the RFC spells it.
        field: &'static str,
        /// The length or count that does not fit.
        length: usize,
    },
    /// The value has no lawful wire form.
    #[error("invalid {0}")]
    Invalid(
        /// The field, as the RFC spells it.
        &'static str,
    ),
}

/// Writes into a slice the caller gave, and never past its end.
///
/// ```
/// use ipsec_types::Writer;
///
/// let mut buf = [0; 8];
/// let mut out = Writer::new(&mut buf);
/// out.nested_u16(|out| out.put(&[0xaa, 0xbb]))?; // a length field that counts itself
/// assert_eq!(out.written(), [0, 4, 0xaa, 0xbb]);
/// # Ok::<(), ipsec_types::EncodeError>(())
/// ```
pub struct Writer<'b> {
    buf: &'b mut [u8],
    at: usize,
}

impl<'b> Writer<'b> {
    /// A writer at the start of `buf`.
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self { buf, at: 0 }
    }

    /// Appends octets.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`]; nothing is written then.
    #[inline]
    pub fn put(&mut self, octets: &[u8]) -> Result<(), EncodeError> {
        self.reserve(octets.len())?.copy_from_slice(octets);
        Ok(())
    }

    /// Appends `len` octets and hands them out to be filled; they hold what the buffer held.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`].
    #[inline]
    pub fn reserve(&mut self, len: usize) -> Result<&mut [u8], EncodeError> {
        let available = self.remaining();
        let short = EncodeError::NoRoom { needed: len, available };
        let end = self.at.checked_add(len).ok_or(short)?;
        let out = self.buf.get_mut(self.at..end).ok_or(short)?;
        self.at = end;
        Ok(out)
    }

    /// Appends one octet.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`].
    #[inline]
    pub fn put_u8(&mut self, value: u8) -> Result<(), EncodeError> {
        self.put(&[value])
    }

    /// Appends a 16-bit number in network order.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`].
    #[inline]
    pub fn put_u16(&mut self, value: u16) -> Result<(), EncodeError> {
        self.put(&value.to_be_bytes())
    }

    /// Appends a 32-bit number in network order.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`].
    #[inline]
    pub fn put_u32(&mut self, value: u32) -> Result<(), EncodeError> {
        self.put(&value.to_be_bytes())
    }

    /// Appends a 16-bit length field, then what `inner` writes; the length counts the field itself and what follows.
    ///
    /// While `inner` runs the field holds all ones, so that a forgotten patch cannot look like a length.
    ///
    /// # Errors
    ///
    /// What `inner` returns, or [`EncodeError::FieldOverflow`] past 65,535 octets.
    #[inline]
    pub fn nested_u16(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let start = self.at;
        self.put_u16(u16::MAX)?;
        inner(self)?;
        self.patch_u16(start, self.at.saturating_sub(start))
    }

    /// Overwrites the 16-bit field at `at` with `length`.
    ///
    /// # Errors
    ///
    /// [`EncodeError::FieldOverflow`] past 65,535, [`EncodeError::NoRoom`] where nothing was written at `at` yet.
    #[inline]
    pub fn patch_u16(&mut self, at: usize, length: usize) -> Result<(), EncodeError> {
        let value =
            u16::try_from(length).map_err(|_| EncodeError::FieldOverflow { field: "length", length })?;
        self.patch(at, &value.to_be_bytes())
    }

    /// Overwrites octets written before, from `at` on.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoRoom`] where less was written.
    #[inline]
    pub fn patch(&mut self, at: usize, octets: &[u8]) -> Result<(), EncodeError> {
        let short = EncodeError::NoRoom { needed: octets.len(), available: self.at.saturating_sub(at) };
        let end = at.checked_add(octets.len()).filter(|end| *end <= self.at).ok_or(short)?;
        self.buf.get_mut(at..end).ok_or(short)?.copy_from_slice(octets);
        Ok(())
    }

    /// How many octets were written.
    #[inline]
    pub const fn len(&self) -> usize {
        self.at
    }

    /// Whether nothing was written yet.
    pub const fn is_empty(&self) -> bool {
        self.at == 0
    }

    /// How many octets still fit.
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.buf.len().saturating_sub(self.at)
    }

    /// What was written so far.
    pub fn written(&self) -> &[u8] {
        self.buf.get(..self.at).unwrap_or_default()
    }

    /// What was written, with the lifetime of the buffer.
    pub fn into_written(self) -> &'b mut [u8] {
        self.buf.get_mut(..self.at).unwrap_or_default()
    }
}

/// Without the octets, which may hold credentials.
impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer({} of {} octets)", self.at, self.buf.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_not_shown() {
        let mut buf = *b"secret..";
        let mut out = Writer::new(&mut buf);
        out.put(b"password").unwrap();
        assert_eq!(alloc::format!("{out:?}"), "Writer(8 of 8 octets)");
    }

    #[test]
    fn w2_22_one_octet_short_is_an_error_and_writes_nothing() {
        let mut buf = [0x55; 3];
        let mut out = Writer::new(&mut buf);
        assert_eq!(out.put(&[1, 2, 3, 4]), Err(EncodeError::NoRoom { needed: 4, available: 3 }));
        assert!(out.is_empty());
        assert_eq!(buf, [0x55; 3]);
    }

    #[test]
    fn w2_22_a_length_past_its_field_is_an_error() {
        let mut buf = alloc::vec![0; 70_000];
        let mut out = Writer::new(&mut buf);
        let result = out.nested_u16(|out| out.reserve(65_534).map(|_| ()));
        assert_eq!(result, Err(EncodeError::FieldOverflow { field: "length", length: 65_536 }));
    }

    #[test]
    fn patch_stays_inside_what_was_written() {
        let mut buf = [0; 8];
        let mut out = Writer::new(&mut buf);
        out.put_u16(7).unwrap();
        assert!(out.patch(1, &[1, 2]).is_err());
        assert!(out.patch(usize::MAX, &[1]).is_err());
        out.patch(0, &[9]).unwrap();
        assert_eq!(out.into_written(), [9, 7]);
    }
}
