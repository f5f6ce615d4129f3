use core::fmt;
use core::num::NonZeroU32;

/// The Security Parameters Index of an ESP or AH security association (RFC 4303 §2.1, RFC 4302 §2.4).
///
/// 0 never appears on the wire and 1 to 255 are reserved by IANA, so none of these can be built:
///
/// ```
/// use ipsec_types::Spi;
///
/// assert!(Spi::new(255).is_err());
/// assert_eq!(Spi::new(0xc381_8ba5)?.to_string(), "c3818ba5");
/// # Ok::<(), ipsec_types::ReservedSpi>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spi(NonZeroU32);

impl Spi {
    /// The SPI of this number.
    ///
    /// # Errors
    ///
    /// [`ReservedSpi`] for 0 to 255.
    pub const fn new(value: u32) -> Result<Self, ReservedSpi> {
        match NonZeroU32::new(value) {
            Some(value) if value.get() > 255 => Ok(Self(value)),
            _ => Err(ReservedSpi(value)),
        }
    }

    /// The SPI of four octets in network order.
    ///
    /// # Errors
    ///
    /// [`ReservedSpi`] for 0 to 255.
    pub const fn from_be_bytes(octets: [u8; 4]) -> Result<Self, ReservedSpi> {
        Self::new(u32::from_be_bytes(octets))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// Four octets in network order.
    pub const fn to_be_bytes(self) -> [u8; 4] {
        self.0.get().to_be_bytes()
    }
}

impl fmt::Display for Spi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for Spi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spi({self})")
    }
}

/// A number that cannot be the SPI of an SA: 0 or one of 1 to 255, reserved by IANA (RFC 4303 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("SPI {0} is reserved")]
pub struct ReservedSpi(pub u32);

/// One of the two SPIs of an IKE SA (RFC 7296 §3.1); in IKEv1, a cookie (RFC 2408 §2.5.3).
///
/// All zeros stands for the responder's SPI that is not known yet.
///
/// ```
/// use ipsec_types::IkeSpi;
///
/// let spi = IkeSpi([0x9f, 0xfe, 0x47, 0x85, 0x43, 0xbf, 0x6f, 0xe9]);
/// assert_eq!(spi.to_string(), "9ffe478543bf6fe9");
/// assert!(IkeSpi::ZERO.is_zero());
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IkeSpi(pub [u8; 8]);

impl IkeSpi {
    /// Eight zero octets: not known yet.
    pub const ZERO: Self = Self([0; 8]);

    /// Whether the SPI is not known yet.
    pub const fn is_zero(self) -> bool {
        u64::from_be_bytes(self.0) == 0
    }
}

impl fmt::Display for IkeSpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for IkeSpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IkeSpi({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4303_2_1_reserved_spis_cannot_be_built() {
        for value in 0..=255 {
            assert_eq!(Spi::new(value), Err(ReservedSpi(value)));
        }
        assert_eq!(Spi::new(256).map(Spi::get), Ok(256));
        assert_eq!(Spi::from_be_bytes([0xff; 4]).map(Spi::to_be_bytes), Ok([0xff; 4]));
    }
}
