use core::fmt;

use crate::attribute_error::{LifeRole, LifetimeReader, basic, error, set};
use crate::{
    AttributeError, AttributeErrorKind, AttributeValue, Attributes, AuthenticationAlgorithm,
    EncapsulationMode, GroupDescription, IpsecAttributeClass, Lifetimes,
};

/// What a transform of AH, ESP or IPComp asks for, or what a RESPONDER-LIFETIME says: its attributes, read by their
/// classes (RFC 2407 §4.5).
///
/// ```
/// use ikev1_wire::{Attributes, EncapsulationMode, IpsecAttributes};
///
/// // Encapsulation Mode 1, SA Life Type 2, SA Life Duration 0x00010000.
/// let octets = [0x80, 4, 0, 1, 0x80, 1, 0, 2, 0, 2, 0, 4, 0, 1, 0, 0];
/// let wanted = IpsecAttributes::read(Attributes::decode(&octets, 0)?)?;
/// assert_eq!(wanted.mode, Some(EncapsulationMode::TUNNEL));
/// assert_eq!(wanted.lifetimes.kilobytes, Some(65_536));
/// assert_eq!(wanted.lifetime_seconds(), 28_800); // RFC 2407 §4.5: "the default value"
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IpsecAttributes<'a> {
    /// How long the SA lives.
    pub lifetimes: Lifetimes,
    /// The Diffie-Hellman group of a Quick Mode with KE payloads.
    pub group: Option<GroupDescription>,
    /// Tunnel or transport mode, with or without UDP.
    pub mode: Option<EncapsulationMode>,
    /// The integrity algorithm.
    pub authentication: Option<AuthenticationAlgorithm>,
    /// The key length in bits, for ciphers whose keys vary in length.
    pub key_length: Option<u16>,
    /// The number of rounds, for ciphers where that varies.
    pub key_rounds: Option<u16>,
    /// The logarithm to the base 2 of the size of a dictionary.
    pub compress_dictionary_size: Option<u16>,
    /// A compression algorithm of a vendor.
    pub compress_private_algorithm: Option<AttributeValue<'a>>,
    /// Whether ECN crosses the tunnel: 1 allowed, 2 forbidden (RFC 3168 §9.2.1.2).
    pub ecn_tunnel: Option<u16>,
    /// 1 for extended sequence numbers (RFC 4304).
    pub extended_sequence_number: Option<u16>,
    /// The length of a key for authentication, RFC 4359.
    pub authentication_key_length: Option<AttributeValue<'a>>,
    /// How a signature is encoded, RFC 4359.
    pub signature_encoding_algorithm: Option<u16>,
    /// RFC 6407.
    pub address_preservation: Option<u16>,
    /// RFC 6407.
    pub sa_direction: Option<u16>,
}

impl<'a> IpsecAttributes<'a> {
    /// The lifetime in seconds of an SA whose attributes name none at all (RFC 2407 §4.5).
    pub const DEFAULT_LIFETIME_SECONDS: u64 = 28_800;

    /// Reads the attributes of a transform of AH, ESP or IPComp.
    ///
    /// # Errors
    ///
    /// [`AttributeError`]: a class that is not known, that comes twice with different values or in the wrong encoding,
    /// life types and durations that are no pairs.
    pub fn read(attributes: Attributes<'a>) -> Result<Self, AttributeError> {
        let mut read = Self::default();
        let mut lifetimes = LifetimeReader::default();
        for attribute in attributes {
            let class = IpsecAttributeClass(attribute.class);
            let role = match class {
                IpsecAttributeClass::SA_LIFE_TYPE => LifeRole::Type,
                IpsecAttributeClass::SA_LIFE_DURATION => LifeRole::Duration,
                _ => LifeRole::Other,
            };
            lifetimes.take(attribute, role)?;
            let number = |slot| set(slot, attribute, basic(attribute)?);
            let parameter = |slot| set(slot, attribute, attribute.value);
            match class {
                IpsecAttributeClass::GROUP_DESCRIPTION => {
                    set(&mut read.group, attribute, GroupDescription(basic(attribute)?))?;
                }
                IpsecAttributeClass::ENCAPSULATION_MODE => {
                    set(&mut read.mode, attribute, EncapsulationMode(basic(attribute)?))?;
                }
                IpsecAttributeClass::AUTHENTICATION_ALGORITHM => {
                    set(&mut read.authentication, attribute, AuthenticationAlgorithm(basic(attribute)?))?;
                }
                IpsecAttributeClass::KEY_LENGTH => number(&mut read.key_length)?,
                IpsecAttributeClass::KEY_ROUNDS => number(&mut read.key_rounds)?,
                IpsecAttributeClass::COMPRESS_DICTIONARY_SIZE => number(&mut read.compress_dictionary_size)?,
                IpsecAttributeClass::COMPRESS_PRIVATE_ALGORITHM => {
                    parameter(&mut read.compress_private_algorithm)?;
                }
                IpsecAttributeClass::ECN_TUNNEL => number(&mut read.ecn_tunnel)?,
                IpsecAttributeClass::EXTENDED_SEQUENCE_NUMBER => number(&mut read.extended_sequence_number)?,
                IpsecAttributeClass::AUTHENTICATION_KEY_LENGTH => {
                    parameter(&mut read.authentication_key_length)?;
                }
                IpsecAttributeClass::SIGNATURE_ENCODING_ALGORITHM => {
                    number(&mut read.signature_encoding_algorithm)?;
                }
                IpsecAttributeClass::ADDRESS_PRESERVATION => number(&mut read.address_preservation)?,
                IpsecAttributeClass::SA_DIRECTION => number(&mut read.sa_direction)?,
                IpsecAttributeClass::SA_LIFE_TYPE | IpsecAttributeClass::SA_LIFE_DURATION => {}
                _ => return Err(error(attribute, AttributeErrorKind::Unknown)),
            }
        }
        Ok(Self { lifetimes: lifetimes.finish()?, ..read })
    }

    /// The lifetime in seconds, the default one where none is given.
    pub fn lifetime_seconds(&self) -> u64 {
        self.lifetimes.seconds.unwrap_or(Self::DEFAULT_LIFETIME_SECONDS)
    }
}

/// What differs from SA to SA: `-256, HMAC-SHA2-256, Tunnel, 2048-bit MODP, 3600 s`, to stand behind a transform's name.
impl fmt::Display for IpsecAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(bits) = self.key_length {
            write!(f, "-{bits}")?;
        }
        if let Some(authentication) = self.authentication {
            write!(f, ", {authentication}")?;
        }
        if let Some(mode) = self.mode {
            write!(f, ", {mode}")?;
        }
        if let Some(group) = self.group {
            write!(f, ", {group}")?;
        }
        if self.extended_sequence_number == Some(1) {
            f.write_str(", 64-bit sequence numbers")?;
        }
        if self.lifetimes == Lifetimes::default() { Ok(()) } else { write!(f, ", {}", self.lifetimes) }
    }
}
