use core::fmt;

use crate::attribute_error::{LifeRole, LifetimeReader, basic, error, set};
use crate::{
    AttributeError, AttributeErrorKind, AttributeValue, Attributes, AuthMethod, EncryptionAlgorithm,
    GroupDescription, GroupType, HashAlgorithm, IkeAttributeClass, Lifetimes,
};

/// What a transform of an ISAKMP SA asks for: its attributes, read by their classes (RFC 2409 Appendix A).
///
/// RFC 2409 §4 demands encryption algorithm, hash algorithm, authentication method and group in every offer; whether
/// they are there and acceptable is for the caller to judge.
///
/// ```
/// use ikev1_wire::*;
///
/// let transform = [
///     IkeAttributeClass::ENCRYPTION_ALGORITHM.basic(EncryptionAlgorithm::AES_CBC.0),
///     IkeAttributeClass::KEY_LENGTH.basic(256),
///     IkeAttributeClass::LIFE_TYPE.basic(LifeType::SECONDS.0),
///     IkeAttributeClass::LIFE_DURATION.variable(&[0, 1, 0x51, 0x80]),
/// ];
/// let transforms = [NewTransform { number: 1, id: IsakmpTransform::KEY_IKE.0, attributes: &transform }];
/// let proposals = [NewProposal { number: 1, protocol: ProtocolId::ISAKMP, spi: &[], transforms: &transforms }];
/// let mut buf = [0; 64];
/// let mut out = Writer::new(&mut buf);
/// NewSa { proposals: &proposals }.encode(&mut out)?;
///
/// let sa = Sa::decode(out.written(), 0)?;
/// let transform = sa.proposals().next().and_then(|proposal| proposal.transforms().next()).unwrap();
/// let wanted = IkeAttributes::read(transform.attributes())?;
/// assert_eq!(wanted.encryption, Some(EncryptionAlgorithm::AES_CBC));
/// assert_eq!(wanted.lifetimes.seconds, Some(86_400));
/// assert_eq!(wanted.to_string(), "AES-CBC-256, 86400 s");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IkeAttributes<'a> {
    /// The cipher.
    pub encryption: Option<EncryptionAlgorithm>,
    /// The hash, which in its HMAC form is the PRF.
    pub hash: Option<HashAlgorithm>,
    /// How the ends prove who they are.
    pub authentication: Option<AuthMethod>,
    /// The Diffie-Hellman group.
    pub group: Option<GroupDescription>,
    /// The kind of a group that is given by parameters.
    pub group_type: Option<GroupType>,
    /// The prime or irreducible polynomial of such a group.
    pub group_prime: Option<AttributeValue<'a>>,
    /// Its first generator.
    pub group_generator_one: Option<AttributeValue<'a>>,
    /// Its second generator.
    pub group_generator_two: Option<AttributeValue<'a>>,
    /// Parameter A of its curve.
    pub group_curve_a: Option<AttributeValue<'a>>,
    /// Parameter B of its curve.
    pub group_curve_b: Option<AttributeValue<'a>>,
    /// Its order.
    pub group_order: Option<AttributeValue<'a>>,
    /// The size of its field in bits.
    pub field_size: Option<u16>,
    /// How long the SA lives.
    pub lifetimes: Lifetimes,
    /// A PRF other than the HMAC of the hash; none is assigned.
    pub prf: Option<u16>,
    /// The key length in bits, for ciphers whose keys vary in length.
    pub key_length: Option<u16>,
}

impl<'a> IkeAttributes<'a> {
    /// Reads the attributes of a transform of [`ProtocolId::ISAKMP`](crate::ProtocolId::ISAKMP).
    ///
    /// # Errors
    ///
    /// [`AttributeError`]: a class that is not known, that comes twice with different values or in the wrong encoding,
    /// life types and durations that are no pairs.
    pub fn read(attributes: Attributes<'a>) -> Result<Self, AttributeError> {
        let mut read = Self::default();
        let mut lifetimes = LifetimeReader::default();
        for attribute in attributes {
            let class = IkeAttributeClass(attribute.class);
            let role = match class {
                IkeAttributeClass::LIFE_TYPE => LifeRole::Type,
                IkeAttributeClass::LIFE_DURATION => LifeRole::Duration,
                _ => LifeRole::Other,
            };
            lifetimes.take(attribute, role)?;
            let number = |slot| set(slot, attribute, basic(attribute)?);
            let parameter = |slot| set(slot, attribute, attribute.value);
            match class {
                IkeAttributeClass::ENCRYPTION_ALGORITHM => {
                    set(&mut read.encryption, attribute, EncryptionAlgorithm(basic(attribute)?))?;
                }
                IkeAttributeClass::HASH_ALGORITHM => {
                    set(&mut read.hash, attribute, HashAlgorithm(basic(attribute)?))?;
                }
                IkeAttributeClass::AUTHENTICATION_METHOD => {
                    set(&mut read.authentication, attribute, AuthMethod(basic(attribute)?))?;
                }
                IkeAttributeClass::GROUP_DESCRIPTION => {
                    set(&mut read.group, attribute, GroupDescription(basic(attribute)?))?;
                }
                IkeAttributeClass::GROUP_TYPE => {
                    set(&mut read.group_type, attribute, GroupType(basic(attribute)?))?;
                }
                IkeAttributeClass::GROUP_PRIME => parameter(&mut read.group_prime)?,
                IkeAttributeClass::GROUP_GENERATOR_ONE => parameter(&mut read.group_generator_one)?,
                IkeAttributeClass::GROUP_GENERATOR_TWO => parameter(&mut read.group_generator_two)?,
                IkeAttributeClass::GROUP_CURVE_A => parameter(&mut read.group_curve_a)?,
                IkeAttributeClass::GROUP_CURVE_B => parameter(&mut read.group_curve_b)?,
                IkeAttributeClass::GROUP_ORDER => parameter(&mut read.group_order)?,
                IkeAttributeClass::FIELD_SIZE => number(&mut read.field_size)?,
                IkeAttributeClass::PRF => number(&mut read.prf)?,
                IkeAttributeClass::KEY_LENGTH => number(&mut read.key_length)?,
                IkeAttributeClass::LIFE_TYPE | IkeAttributeClass::LIFE_DURATION => {}
                _ => return Err(error(attribute, AttributeErrorKind::Unknown)),
            }
        }
        Ok(Self { lifetimes: lifetimes.finish()?, ..read })
    }
}

/// The values in the order of the RFC: `AES-CBC-256, SHA2-256, RSA signatures, 2048-bit MODP, 86400 s`.
impl fmt::Display for IkeAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(encryption) = self.encryption {
            write!(f, "{encryption}")?;
            separator = ", ";
        }
        if let Some(bits) = self.key_length {
            write!(f, "-{bits}")?;
            separator = ", ";
        }
        if let Some(hash) = self.hash {
            write!(f, "{separator}{hash}")?;
            separator = ", ";
        }
        if let Some(method) = self.authentication {
            write!(f, "{separator}{method}")?;
            separator = ", ";
        }
        if let Some(group) = self.group {
            write!(f, "{separator}{group}")?;
            separator = ", ";
        }
        if let Some(kind) = self.group_type {
            write!(f, "{separator}{kind} group of its own")?;
            separator = ", ";
        }
        if self.lifetimes == Lifetimes::default() {
            Ok(())
        } else {
            write!(f, "{separator}{}", self.lifetimes)
        }
    }
}
