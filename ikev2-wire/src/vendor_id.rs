use core::fmt;

use ipsec_types::{Encode, EncodeError, Writer};

use crate::text::Escaped;

/// The Vendor ID payload (RFC 7296 §3.12): its body is the identifier.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        Vendor ID (VID)                        ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::VendorId;
///
/// let vendor = VendorId::new(b"strongSwan\x00");
/// assert_eq!(vendor.to_string(), r#""strongSwan\x00""#);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VendorId<'a> {
    data: &'a [u8],
}

impl<'a> VendorId<'a> {
    /// An identifier: any octets are one, so this also is the `decode` of the payload.
    #[inline]
    pub const fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    /// The identifier.
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

impl Encode for VendorId<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(self.data)
    }
}

/// The identifier as text, quoted and escaped.
impl fmt::Display for VendorId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Escaped(self.data))
    }
}

impl fmt::Debug for VendorId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VendorId").field(&Escaped(self.data)).finish()
    }
}
