use core::fmt;

use ipsec_types::parse::{chunk, octets};
use ipsec_types::{Encode, EncodeError, Writer};

use crate::text::Escaped;

/// A packet of EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2-02, RFC 2759).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |    OpCode     |  MS-CHAPv2-ID |           MS-Length           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~       Value-Size, Challenge or Response, Name; or Message      ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Success and failure are acknowledged with the OpCode alone.
///
/// ```
/// use ikev2_wire::{EapMethod, MsChapV2};
///
/// let acknowledged = EapMethod::read(&[26, 3]).unwrap();
/// assert_eq!(acknowledged, EapMethod::MsChapV2(MsChapV2::SuccessAcknowledged));
/// let refused = MsChapV2::Failure { identifier: 1, message: b"E=691 R=1" };
/// assert_eq!(refused.to_string(), r#"Failure 1 "E=691 R=1""#);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MsChapV2<'a> {
    /// OpCode 1.
    Challenge {
        /// Ties the response to the challenge.
        identifier: u8,
        /// The authenticator challenge.
        challenge: &'a [u8; 16],
        /// Who challenges.
        name: &'a [u8],
    },
    /// OpCode 2.
    Response {
        /// That of the challenge.
        identifier: u8,
        /// Peer challenge (16 octets), reserved (8), NT-Response (24) and flags (1) (RFC 2759 §4).
        response: &'a [u8; 49],
        /// The user name.
        name: &'a [u8],
    },
    /// OpCode 3 of the authenticator.
    Success {
        /// That of the challenge.
        identifier: u8,
        /// `S=` and the authenticator response in hexadecimal digits, and text (RFC 2759 §5).
        message: &'a [u8],
    },
    /// OpCode 3 of the peer.
    SuccessAcknowledged,
    /// OpCode 4 of the authenticator.
    Failure {
        /// That of the challenge.
        identifier: u8,
        /// `E=`, a number and more (RFC 2759 §6).
        message: &'a [u8],
    },
    /// OpCode 4 of the peer.
    FailureAcknowledged,
    /// OpCode 7.
    ChangePassword {
        /// One more than that of the challenge.
        identifier: u8,
        /// Encrypted password (516 octets), encrypted hash (16), peer challenge (16), reserved (8), NT-Response (24)
        /// and flags (2) (RFC 2759 §7).
        value: &'a [u8; 582],
    },
}

impl<'a> MsChapV2<'a> {
    /// What the type data says, `None` where it has no such form.
    pub(crate) fn read(data: &'a [u8]) -> Option<Self> {
        match *data {
            [SUCCESS] => return Some(Self::SuccessAcknowledged),
            [FAILURE] => return Some(Self::FailureAcknowledged),
            _ => {}
        }
        let (rest, [op_code, identifier, high, low]) = chunk::<4>(data).ok()?;
        if usize::from(u16::from_be_bytes([high, low])) != data.len() {
            return None;
        }
        match op_code {
            CHALLENGE => {
                let (challenge, name) = sized(rest)?;
                Some(Self::Challenge { identifier, challenge, name })
            }
            RESPONSE => {
                let (response, name) = sized(rest)?;
                Some(Self::Response { identifier, response, name })
            }
            SUCCESS => Some(Self::Success { identifier, message: rest }),
            FAILURE => Some(Self::Failure { identifier, message: rest }),
            CHANGE_PASSWORD => rest.try_into().ok().map(|value| Self::ChangePassword { identifier, value }),
            _ => None,
        }
    }

    /// The NT-Response of a response (RFC 2759 §4).
    pub fn nt_response(&self) -> Option<&'a [u8; 24]> {
        match self {
            Self::Response { response, .. } => response.get(24..48)?.try_into().ok(),
            Self::Challenge { .. }
            | Self::Success { .. }
            | Self::SuccessAcknowledged
            | Self::Failure { .. }
            | Self::FailureAcknowledged
            | Self::ChangePassword { .. } => None,
        }
    }

    /// The peer challenge of a response (RFC 2759 §4).
    pub fn peer_challenge(&self) -> Option<&'a [u8; 16]> {
        match self {
            Self::Response { response, .. } => response.first_chunk(),
            Self::Challenge { .. }
            | Self::Success { .. }
            | Self::SuccessAcknowledged
            | Self::Failure { .. }
            | Self::FailureAcknowledged
            | Self::ChangePassword { .. } => None,
        }
    }

    const fn op_code(&self) -> u8 {
        match self {
            Self::Challenge { .. } => CHALLENGE,
            Self::Response { .. } => RESPONSE,
            Self::Success { .. } | Self::SuccessAcknowledged => SUCCESS,
            Self::Failure { .. } | Self::FailureAcknowledged => FAILURE,
            Self::ChangePassword { .. } => CHANGE_PASSWORD,
        }
    }

    fn put_header(&self, out: &mut Writer<'_>, identifier: u8) -> Result<(), EncodeError> {
        let length = self.encoded_len();
        let field = EncodeError::FieldOverflow { field: "MS-Length", length };
        out.put(&[self.op_code(), identifier])?;
        out.put_u16(u16::try_from(length).map_err(|_| field)?)
    }
}

impl Encode for MsChapV2<'_> {
    fn encoded_len(&self) -> usize {
        match self {
            Self::SuccessAcknowledged | Self::FailureAcknowledged => 1,
            Self::Challenge { name, .. } => name.len().saturating_add(4 + 1 + 16),
            Self::Response { name, .. } => name.len().saturating_add(4 + 1 + 49),
            Self::Success { message, .. } | Self::Failure { message, .. } => message.len().saturating_add(4),
            Self::ChangePassword { .. } => 4 + 582,
        }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::SuccessAcknowledged | Self::FailureAcknowledged => out.put_u8(self.op_code()),
            Self::Challenge { identifier, challenge, name } => {
                self.put_header(out, *identifier)?;
                out.put_u8(16)?;
                out.put(*challenge)?;
                out.put(name)
            }
            Self::Response { identifier, response, name } => {
                self.put_header(out, *identifier)?;
                out.put_u8(49)?;
                out.put(*response)?;
                out.put(name)
            }
            Self::Success { identifier, message } | Self::Failure { identifier, message } => {
                self.put_header(out, *identifier)?;
                out.put(message)
            }
            Self::ChangePassword { identifier, value } => {
                self.put_header(out, *identifier)?;
                out.put(*value)
            }
        }
    }
}

/// The kind of packet, its identifier and text; challenges and responses are left out, for passwords can be guessed
/// from them.
impl fmt::Display for MsChapV2<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge { identifier, name, .. } => {
                write!(f, "Challenge {identifier} from {:?}", Escaped(name))
            }
            Self::Response { identifier, name, .. } => {
                write!(f, "Response {identifier} from {:?}", Escaped(name))
            }
            Self::Success { identifier, message } => {
                write!(f, "Success {identifier} {:?}", Escaped(message))
            }
            Self::Failure { identifier, message } => {
                write!(f, "Failure {identifier} {:?}", Escaped(message))
            }
            Self::SuccessAcknowledged => f.write_str("Success acknowledged"),
            Self::FailureAcknowledged => f.write_str("Failure acknowledged"),
            Self::ChangePassword { identifier, .. } => write!(f, "Change-Password {identifier}"),
        }
    }
}

impl fmt::Debug for MsChapV2<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MsChapV2({self})")
    }
}

const CHALLENGE: u8 = 1;
const RESPONSE: u8 = 2;
const SUCCESS: u8 = 3;
const FAILURE: u8 = 4;
const CHANGE_PASSWORD: u8 = 7;

/// A value of `N` octets with its Value-Size, and the name behind it.
fn sized<const N: usize>(input: &[u8]) -> Option<(&[u8; N], &[u8])> {
    let (rest, [size]) = chunk::<1>(input).ok()?;
    let (name, value) = octets(usize::from(size))(rest).ok()?;
    Some((value.try_into().ok()?, name))
}
