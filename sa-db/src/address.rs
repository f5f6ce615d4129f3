use crate::selector::{Numbers, SelectorError};
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses of one family from the first to the last, both included.
///
/// An IPv4-mapped IPv6 address is an IPv6 address like any other.
///
/// ```
/// use ipsec_sa_db::AddressRange;
///
/// let network = AddressRange::prefix("10.1.2.3".parse().unwrap(), 24)?;
/// assert_eq!(network.to_string(), "10.1.2.0/24");
/// assert!(network.contains("10.1.2.255".parse().unwrap()));
/// # Ok::<(), ipsec_sa_db::SelectorError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "crate::serialize::Ends<IpAddr>", into = "crate::serialize::Ends<IpAddr>")
)]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

impl AddressRange {
    /// Every IPv4 address.
    pub const ANY_V4: Self =
        Self { first: IpAddr::V4(Ipv4Addr::UNSPECIFIED), last: IpAddr::V4(Ipv4Addr::BROADCAST) };
    /// Every IPv6 address.
    pub const ANY_V6: Self =
        Self { first: IpAddr::V6(Ipv6Addr::UNSPECIFIED), last: IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)) };

    /// From the first to the last.
    ///
    /// # Errors
    ///
    /// [`SelectorError::Addresses`] where the last comes before the first or is of the other family.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, SelectorError> {
        if first.is_ipv4() == last.is_ipv4() && first <= last {
            Ok(Self { first, last })
        } else {
            Err(SelectorError::Addresses)
        }
    }

    /// One address.
    pub const fn single(address: IpAddr) -> Self {
        Self { first: address, last: address }
    }

    /// The network of `address` with a prefix of `length` bits; what follows the prefix is ignored.
    ///
    /// # Errors
    ///
    /// [`SelectorError::Prefix`] for more than 32 or 128 bits.
    pub fn prefix(address: IpAddr, length: u8) -> Result<Self, SelectorError> {
        match address {
            IpAddr::V4(address) => {
                let host = 32u32.checked_sub(length.into()).ok_or(SelectorError::Prefix(length))?;
                let mask = u32::MAX.checked_shl(host).unwrap_or_default();
                let first = address.to_bits() & mask;
                Ok(Self {
                    first: Ipv4Addr::from_bits(first).into(),
                    last: Ipv4Addr::from_bits(first | !mask).into(),
                })
            }
            IpAddr::V6(address) => {
                let host = 128u32.checked_sub(length.into()).ok_or(SelectorError::Prefix(length))?;
                let mask = u128::MAX.checked_shl(host).unwrap_or_default();
                let first = address.to_bits() & mask;
                Ok(Self {
                    first: Ipv6Addr::from_bits(first).into(),
                    last: Ipv6Addr::from_bits(first | !mask).into(),
                })
            }
        }
    }

    /// The first address.
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// The last address.
    pub const fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether the address is among them.
    pub const fn contains(&self, address: IpAddr) -> bool {
        self.holds(&address)
    }

    /// By reference: an address that was just put together is not copied as a whole, which would wait for its parts.
    #[inline]
    pub(crate) const fn holds(&self, address: &IpAddr) -> bool {
        match (&self.first, &self.last, address) {
            (IpAddr::V4(first), IpAddr::V4(last), IpAddr::V4(address)) => {
                let address = address.to_bits();
                first.to_bits() <= address && address <= last.to_bits()
            }
            (IpAddr::V6(first), IpAddr::V6(last), IpAddr::V6(address)) => {
                let address = address.to_bits();
                first.to_bits() <= address && address <= last.to_bits()
            }
            _ => false,
        }
    }

    /// The addresses that are in both; `None` if none is.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        if self.first.is_ipv4() != other.first.is_ipv4() {
            return None;
        }
        Self::new(self.first.max(other.first), self.last.min(other.last)).ok()
    }

    /// Whether they are IPv4, and their numbers.
    pub(crate) fn numbers(&self) -> (bool, Numbers) {
        let number = |address: IpAddr| match address {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits(),
        };
        (self.first.is_ipv4(), (number(self.first), number(self.last)))
    }
}

impl fmt::Display for AddressRange {
    /// As an address, a prefix where it is one, or a range.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return write!(f, "{}", self.first);
        }
        let bits = if self.first.is_ipv4() { 32 } else { 128 };
        let prefix = (0..=bits).find(|length| Self::prefix(self.first, *length) == Ok(*self));
        match prefix {
            Some(length) => write!(f, "{}/{length}", self.first),
            None => write!(f, "{}-{}", self.first, self.last),
        }
    }
}
