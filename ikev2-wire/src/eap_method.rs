use core::fmt;

use ipsec_types::parse::{chunk, octets};
use ipsec_types::{Encode, EncodeError, Writer};

use crate::text::{Escaped, Hex};
use crate::{EapType, MsChapV2};

/// What an EAP request or response says: type and type data (RFC 3748 §5).
///
/// Reading cannot fail: data that has not the form of its type is [`Other`](Self::Other), like that of an unknown
/// type.
///
/// ```
/// use ikev2_wire::{EapMethod, EapType};
///
/// let refusal = EapMethod::read(&[3, 26, 52]).unwrap();
/// assert_eq!(refusal, EapMethod::Nak(&[26, 52]));
/// assert_eq!(refusal.to_string(), "Legacy Nak MS-EAP-Authentication, EAP-pwd");
/// assert_eq!(EapMethod::read(&[13, 0x20]).unwrap().kind(), EapType::TLS);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EapMethod<'a> {
    /// In a request text to be shown, or nothing; in a response the identity (RFC 3748 §5.1).
    Identity(
        /// Octets of the peer.
        &'a [u8],
    ),
    /// In a request text to be shown; in a response nothing (RFC 3748 §5.2).
    Notification(
        /// Octets of the peer.
        &'a [u8],
    ),
    /// The type of the request is not acceptable (RFC 3748 §5.3.1).
    Nak(
        /// The types that are wanted, one octet each; 0 alone for none.
        &'a [u8],
    ),
    /// MD5-Challenge (RFC 3748 §5.4, RFC 1994 §4.1).
    Md5Challenge {
        /// The challenge, or the response to it; at most 255 octets.
        value: &'a [u8],
        /// Who sends it.
        name: &'a [u8],
    },
    /// EAP-MSCHAPv2.
    MsChapV2(MsChapV2<'a>),
    /// A type of a vendor, or any type in long form (RFC 3748 §5.7).
    Expanded {
        /// The vendor's enterprise number, 24 bits; 0 for the types of the IETF.
        vendor: u32,
        /// The type, as the vendor numbers them.
        vendor_type: u32,
        /// The vendor's data.
        data: &'a [u8],
    },
    /// A type that this crate does not look into, or data that has not the form of its type. Data that would be read as
    /// another variant cannot be encoded.
    Other {
        /// The type.
        kind: EapType,
        /// The type data.
        data: &'a [u8],
    },
}

impl<'a> EapMethod<'a> {
    /// What type and type data say, `None` for no octets at all.
    pub fn read(octets: &'a [u8]) -> Option<Self> {
        let (kind, data) = octets.split_first()?;
        let kind = EapType(*kind);
        let known = match kind {
            EapType::IDENTITY => Some(Self::Identity(data)),
            EapType::NOTIFICATION => Some(Self::Notification(data)),
            EapType::NAK if !data.is_empty() => Some(Self::Nak(data)),
            EapType::MD5_CHALLENGE => Self::read_md5(data),
            EapType::MSCHAPV2 => MsChapV2::read(data).map(Self::MsChapV2),
            EapType::EXPANDED => Self::read_expanded(data),
            _ => None,
        };
        Some(known.unwrap_or(Self::Other { kind, data }))
    }

    fn read_md5(data: &'a [u8]) -> Option<Self> {
        let (rest, [size]) = chunk::<1>(data).ok()?;
        let (name, value) = octets(usize::from(size))(rest).ok()?;
        Some(Self::Md5Challenge { value, name })
    }

    fn read_expanded(data: &'a [u8]) -> Option<Self> {
        let (rest, [a, b, c]) = chunk::<3>(data).ok()?;
        let (data, vendor_type) = chunk::<4>(rest).ok()?;
        let vendor_type = u32::from_be_bytes(vendor_type);
        Some(Self::Expanded { vendor: u32::from_be_bytes([0, a, b, c]), vendor_type, data })
    }

    /// The type.
    pub const fn kind(&self) -> EapType {
        match self {
            Self::Identity(_) => EapType::IDENTITY,
            Self::Notification(_) => EapType::NOTIFICATION,
            Self::Nak(_) => EapType::NAK,
            Self::Md5Challenge { .. } => EapType::MD5_CHALLENGE,
            Self::MsChapV2(_) => EapType::MSCHAPV2,
            Self::Expanded { .. } => EapType::EXPANDED,
            Self::Other { kind, .. } => *kind,
        }
    }
}

impl Encode for EapMethod<'_> {
    fn encoded_len(&self) -> usize {
        let data = match self {
            Self::Identity(data) | Self::Notification(data) | Self::Nak(data) | Self::Other { data, .. } => {
                data.len()
            }
            Self::Md5Challenge { value, name } => value.len().saturating_add(name.len()).saturating_add(1),
            Self::MsChapV2(packet) => packet.encoded_len(),
            Self::Expanded { data, .. } => data.len().saturating_add(7),
        };
        data.saturating_add(1)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u8(self.kind().0)?;
        match self {
            Self::Identity(data) | Self::Notification(data) => out.put(data),
            Self::Nak([]) => Err(EncodeError::Invalid("Desired Auth Type")),
            Self::Nak(types) => out.put(types),
            Self::Md5Challenge { value, name } => {
                let length = value.len();
                let field = EncodeError::FieldOverflow { field: "Value-Size", length };
                out.put_u8(u8::try_from(length).map_err(|_| field)?)?;
                out.put(value)?;
                out.put(name)
            }
            Self::MsChapV2(packet) => packet.encode(out),
            Self::Expanded { vendor, vendor_type, data } => {
                let [0, vendor @ ..] = vendor.to_be_bytes() else {
                    return Err(EncodeError::Invalid("Vendor-Id"));
                };
                out.put(&vendor)?;
                out.put_u32(*vendor_type)?;
                out.put(data)
            }
            Self::Other { kind, data } => {
                let is_known = match *kind {
                    EapType::IDENTITY | EapType::NOTIFICATION => true,
                    EapType::NAK => !data.is_empty(),
                    EapType::MD5_CHALLENGE => Self::read_md5(data).is_some(),
                    EapType::MSCHAPV2 => MsChapV2::read(data).is_some(),
                    EapType::EXPANDED => Self::read_expanded(data).is_some(),
                    _ => false,
                };
                if is_known { Err(EncodeError::Invalid("Type")) } else { out.put(data) }
            }
        }
    }
}

/// The type, and what it says; text of the peer is escaped, challenges and responses are left out.
impl fmt::Display for EapMethod<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Identity([]) | Self::Notification([]) => write!(f, "{kind}"),
            Self::Identity(text) | Self::Notification(text) => write!(f, "{kind} {:?}", Escaped(text)),
            Self::Nak(types) => {
                write!(f, "{kind}")?;
                let mut separator = " ";
                for wanted in *types {
                    write!(f, "{separator}{}", EapType(*wanted))?;
                    separator = ", ";
                }
                Ok(())
            }
            Self::Md5Challenge { value, name } => {
                write!(f, "{kind} {} octets from {:?}", value.len(), Escaped(name))
            }
            // The registry has another name for it, and this one for another type.
            Self::MsChapV2(packet) => write!(f, "EAP-MSCHAPv2 {packet}"),
            Self::Expanded { vendor, vendor_type, data } => {
                write!(f, "Expanded {vendor}/{vendor_type} {} octets", data.len())
            }
            Self::Other { data, .. } => write!(f, "{kind} {} octets", data.len()),
        }
    }
}

impl fmt::Debug for EapMethod<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { kind, data } => write!(f, "EapMethod({kind} 0x{})", Hex(data)),
            Self::Identity(_)
            | Self::Notification(_)
            | Self::Nak(_)
            | Self::Md5Challenge { .. }
            | Self::MsChapV2(_)
            | Self::Expanded { .. } => write!(f, "EapMethod({self})"),
        }
    }
}
