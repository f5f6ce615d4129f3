use core::fmt;

use ipsec_types::{Encode, EncodeError, Writer};

use crate::{ConfigurationAttributeType, HashAlgorithm, SecurePasswordMethod};

/// A registry whose numbers come as lists of 16 bits each.
pub trait ListedNumber: Copy + fmt::Display {
    /// The entry of this number.
    fn from_number(number: u16) -> Self;

    /// The number of this entry.
    fn number(self) -> u16;
}

macro_rules! listed {
    ($($registry:ident),*) => {
        $(
            impl ListedNumber for $registry {
                fn from_number(number: u16) -> Self {
                    Self(number)
                }

                fn number(self) -> u16 {
                    self.0
                }
            }
        )*
    };
}

listed!(HashAlgorithm, SecurePasswordMethod, ConfigurationAttributeType);

/// A list of registered numbers, 16 bits each: read from a message, or about to be written into one.
///
/// ```
/// use ikev2_wire::{Encode, HashAlgorithm, NumberList, Writer};
///
/// let list = NumberList::new(&[HashAlgorithm::SHA2_256, HashAlgorithm::IDENTITY]);
/// let mut buf = [0; 4];
/// list.encode(&mut Writer::new(&mut buf))?;
/// assert_eq!(buf, [0, 2, 0, 5]);
/// assert_eq!(list.to_string(), "SHA2-256, Identity");
/// # Ok::<(), ikev2_wire::EncodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct NumberList<'a, T> {
    form: Form<'a, T>,
}

/// Where the numbers are.
#[derive(Clone, Copy)]
enum Form<'a, T> {
    Octets(&'a [[u8; 2]]),
    Values(&'a [T]),
}

impl<'a, T: ListedNumber> NumberList<'a, T> {
    /// A list to be written.
    pub const fn new(values: &'a [T]) -> Self {
        Self { form: Form::Values(values) }
    }

    /// A list as it came, `None` for an odd number of octets.
    pub const fn read(octets: &'a [u8]) -> Option<Self> {
        match octets.as_chunks() {
            (pairs, []) => Some(Self { form: Form::Octets(pairs) }),
            _ => None,
        }
    }

    /// The numbers in their order.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let (octets, values): (&'a [[u8; 2]], &'a [T]) = match self.form {
            Form::Octets(octets) => (octets, &[]),
            Form::Values(values) => (&[], values),
        };
        let octets = octets.iter().map(|pair| T::from_number(u16::from_be_bytes(*pair)));
        octets.chain(values.iter().copied())
    }

    /// How many numbers there are.
    pub const fn len(&self) -> usize {
        match self.form {
            Form::Octets(octets) => octets.len(),
            Form::Values(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `value` is among them.
    pub fn contains(&self, value: T) -> bool {
        self.iter().any(|listed| listed.number() == value.number())
    }
}

impl<T: ListedNumber> PartialEq for NumberList<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().map(T::number).eq(other.iter().map(T::number))
    }
}

impl<T: ListedNumber> Eq for NumberList<'_, T> {}

impl<T: ListedNumber> Encode for NumberList<'_, T> {
    fn encoded_len(&self) -> usize {
        self.len().saturating_mul(2)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.iter().try_for_each(|value| out.put_u16(value.number()))
    }
}

/// The names, separated by commas.
impl<T: ListedNumber> fmt::Display for NumberList<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for value in self.iter() {
            write!(f, "{separator}{value}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl<T: ListedNumber> fmt::Debug for NumberList<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}
