use core::fmt;
use core::net::IpAddr;

use ipsec_types::parse::chunk;
use ipsec_types::{Encode, EncodeError, Writer};

use crate::text::{Escaped, Hex};
use crate::{
    AuthAnnouncements, Gateway, HashAlgorithm, IpCompTransform, KeyExchangeMethod, NotifyType, NumberList,
    PayloadType, PpkIdType, PrfId, RohcAttributes, SecurePasswordMethod,
};

/// What a notification says beyond its type: the notification data by the form of the type.
///
/// Reading cannot fail: data that has not the form of its type is [`Other`](Self::Other), like that of an unknown
/// type. Which notifications have no data at all is not judged: theirs is [`Empty`](Self::Empty) or `Other`.
///
/// ```
/// use ikev2_wire::{KeyExchangeMethod, Notify, NotifyContent, NotifyType};
///
/// let wanted = Notify::new(NotifyType::INVALID_KE_PAYLOAD).with_data(&[0, 31]);
/// assert_eq!(wanted.content(), NotifyContent::InvalidKePayload(KeyExchangeMethod::CURVE25519));
/// assert_eq!(wanted.to_string(), "INVALID_KE_PAYLOAD: Curve25519");
/// let malformed = Notify::new(NotifyType::INVALID_KE_PAYLOAD).with_data(&[31]);
/// assert_eq!(malformed.content(), NotifyContent::Other(NotifyType::INVALID_KE_PAYLOAD, &[31]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotifyContent<'a> {
    /// A type that came without data.
    Empty(NotifyType),
    /// UNSUPPORTED_CRITICAL_PAYLOAD: the type of that payload (RFC 7296 §2.5).
    UnsupportedCriticalPayload(PayloadType),
    /// INVALID_MESSAGE_ID: the message ID (RFC 7296 §2.3).
    InvalidMessageId(u32),
    /// INVALID_SPI: the SPI of the packet, as it was there (RFC 7296 §1.5).
    InvalidSpi(u32),
    /// INVALID_KE_PAYLOAD: the method that is wanted (RFC 7296 §1.2).
    InvalidKePayload(KeyExchangeMethod),
    /// SET_WINDOW_SIZE: how many requests may be under way (RFC 7296 §2.3).
    SetWindowSize(u32),
    /// IPCOMP_SUPPORTED (RFC 7296 §2.22).
    IpCompSupported {
        /// The IPComp CPI that the sender receives on.
        cpi: u16,
        /// The algorithm.
        transform: IpCompTransform,
        /// Attributes of the algorithm; none of those registered has any.
        attributes: &'a [u8],
    },
    /// NAT_DETECTION_SOURCE_IP: SHA-1 of the SPIs, the address and the port (RFC 7296 §2.23).
    NatDetectionSourceIp(&'a [u8; 20]),
    /// NAT_DETECTION_DESTINATION_IP, likewise.
    NatDetectionDestinationIp(&'a [u8; 20]),
    /// COOKIE: 1 to 64 octets (RFC 7296 §2.6).
    Cookie(&'a [u8]),
    /// COOKIE2: 8 to 64 octets (RFC 4555 §4.2.5).
    Cookie2(&'a [u8]),
    /// ADDITIONAL_IP4_ADDRESS or ADDITIONAL_IP6_ADDRESS (RFC 4555 §4.2.2).
    AdditionalAddress(IpAddr),
    /// AUTH_LIFETIME, in seconds (RFC 4478 §3).
    AuthLifetime(u32),
    /// REDIRECT (RFC 5685 §9.2).
    Redirect {
        /// Where to go.
        gateway: Gateway<'a>,
        /// The nonce of the request, in IKE_SA_INIT alone.
        nonce: &'a [u8],
    },
    /// REDIRECTED_FROM: who redirected, by address (RFC 5685 §9.3).
    RedirectedFrom(IpAddr),
    /// TICKET_LT_OPAQUE (RFC 5723 §7.1).
    TicketLifetime {
        /// How long the ticket may be used, in seconds.
        seconds: u32,
        /// The ticket.
        ticket: &'a [u8],
    },
    /// TICKET_OPAQUE: a ticket to be used (RFC 5723 §7.2).
    Ticket(&'a [u8]),
    /// LINK_ID (RFC 5739 §5.3).
    LinkId(&'a [u8]),
    /// ROHC_SUPPORTED: the parameters of a channel of compressed headers (RFC 5857 §3.1).
    RohcSupported(RohcAttributes<'a>),
    /// QUICK_CRASH_DETECTION: a token of 16 to 256 octets (RFC 6290 §4.1).
    CrashDetectionToken(&'a [u8]),
    /// IKEV2_MESSAGE_ID_SYNC (RFC 6311 §6.3).
    MessageIdSync {
        /// The same in request and response.
        nonce: [u8; 4],
        /// EXPECTED_SEND_REQ_MESSAGE_ID: the message ID of the sender's next request.
        send: u32,
        /// EXPECTED_RECV_REQ_MESSAGE_ID: the message ID it expects in the next request.
        receive: u32,
    },
    /// IPSEC_REPLAY_COUNTER_SYNC, with 32 bits: how much to add to sequence numbers (RFC 6311 §6.4).
    ReplayCounterSync32(u32),
    /// IPSEC_REPLAY_COUNTER_SYNC, with 64 bits for extended sequence numbers.
    ReplayCounterSync64(u64),
    /// SECURE_PASSWORD_METHODS (RFC 6467 §3).
    SecurePasswordMethods(NumberList<'a, SecurePasswordMethod>),
    /// SIGNATURE_HASH_ALGORITHMS (RFC 7427 §4).
    SignatureHashAlgorithms(NumberList<'a, HashAlgorithm>),
    /// PUZZLE (RFC 8019 §8.1).
    Puzzle {
        /// The PRF to solve it with.
        prf: PrfId,
        /// How many trailing zero bits are wanted.
        difficulty: u8,
    },
    /// PPK_IDENTITY: a PPK_ID (RFC 8784 §5.1).
    PpkIdentity {
        /// How the identity is to be read.
        kind: PpkIdType,
        /// The identity.
        id: &'a [u8],
    },
    /// NO_PPK_AUTH: the authentication data without a PPK (RFC 8784 §3).
    NoPpkAuth(&'a [u8]),
    /// PPK_IDENTITY_KEY: a PPK_ID, and a confirmation that its key is known (RFC 9867 §3.1).
    PpkIdentityKey {
        /// How the identity is to be read.
        kind: PpkIdType,
        /// The identity.
        id: &'a [u8],
        /// The PPK confirmation.
        confirmation: &'a [u8; 8],
    },
    /// ADDITIONAL_KEY_EXCHANGE: what links the exchanges of one SA (RFC 9370 §2.2.4).
    AdditionalKeyExchange(&'a [u8]),
    /// USE_AGGFRAG: the requirement flags, 2 for congestion control and 1 for no fragments (RFC 9347 §5.1).
    UseAggfrag(u8),
    /// SUPPORTED_AUTH_METHODS (RFC 9593 §3.2).
    SupportedAuthMethods(AuthAnnouncements<'a>),
    /// SA_RESOURCE_INFO: what the SA is for, for diagnosis (RFC 9611 §4).
    SaResourceInfo(&'a [u8]),
    /// Data of a type that this crate does not look into, or that has not the form of its type. Data that would be read
    /// as another variant cannot be encoded.
    Other(NotifyType, &'a [u8]),
}

impl<'a> NotifyContent<'a> {
    /// What the data of a notification of type `kind` says.
    pub fn read(kind: NotifyType, data: &'a [u8]) -> Self {
        use NotifyType as Type;
        if data.is_empty() {
            return Self::Empty(kind);
        }
        let known = match kind {
            Type::UNSUPPORTED_CRITICAL_PAYLOAD => {
                octet(data).map(|kind| Self::UnsupportedCriticalPayload(PayloadType(kind)))
            }
            Type::INVALID_MESSAGE_ID => number32(data).map(Self::InvalidMessageId),
            Type::INVALID_SPI => number32(data).map(Self::InvalidSpi),
            Type::INVALID_KE_PAYLOAD => {
                let number = <[u8; 2]>::try_from(data).ok().map(u16::from_be_bytes);
                number.map(|number| Self::InvalidKePayload(KeyExchangeMethod(number)))
            }
            Type::SET_WINDOW_SIZE => number32(data).map(Self::SetWindowSize),
            Type::NAT_DETECTION_SOURCE_IP => data.try_into().ok().map(Self::NatDetectionSourceIp),
            Type::NAT_DETECTION_DESTINATION_IP => data.try_into().ok().map(Self::NatDetectionDestinationIp),
            Type::COOKIE => (data.len() <= 64).then_some(Self::Cookie(data)),
            Type::COOKIE2 => (8..=64).contains(&data.len()).then_some(Self::Cookie2(data)),
            Type::AUTH_LIFETIME => number32(data).map(Self::AuthLifetime),
            Type::TICKET_OPAQUE => Some(Self::Ticket(data)),
            Type::LINK_ID => Some(Self::LinkId(data)),
            Type::ROHC_SUPPORTED => RohcAttributes::read(data).map(Self::RohcSupported),
            Type::QUICK_CRASH_DETECTION => {
                (16..=256).contains(&data.len()).then_some(Self::CrashDetectionToken(data))
            }
            Type::SECURE_PASSWORD_METHODS => NumberList::read(data).map(Self::SecurePasswordMethods),
            Type::SIGNATURE_HASH_ALGORITHMS => NumberList::read(data).map(Self::SignatureHashAlgorithms),
            Type::NO_PPK_AUTH => Some(Self::NoPpkAuth(data)),
            Type::ADDITIONAL_KEY_EXCHANGE => Some(Self::AdditionalKeyExchange(data)),
            Type::USE_AGGFRAG => octet(data).map(Self::UseAggfrag),
            Type::SUPPORTED_AUTH_METHODS => AuthAnnouncements::read(data).map(Self::SupportedAuthMethods),
            Type::SA_RESOURCE_INFO => Some(Self::SaResourceInfo(data)),
            _ => Self::read_compound(kind, data),
        };
        known.unwrap_or(Self::Other(kind, data))
    }

    /// The types whose data has several fields.
    fn read_compound(kind: NotifyType, data: &'a [u8]) -> Option<Self> {
        use NotifyType as Type;
        match kind {
            Type::IPCOMP_SUPPORTED => {
                let (attributes, [high, low, transform]) = chunk::<3>(data).ok()?;
                let cpi = u16::from_be_bytes([high, low]);
                Some(Self::IpCompSupported { cpi, transform: IpCompTransform(transform), attributes })
            }
            Type::ADDITIONAL_IP4_ADDRESS => {
                <[u8; 4]>::try_from(data).ok().map(|address| Self::AdditionalAddress(address.into()))
            }
            Type::ADDITIONAL_IP6_ADDRESS => {
                <[u8; 16]>::try_from(data).ok().map(|address| Self::AdditionalAddress(address.into()))
            }
            Type::REDIRECT => {
                let (gateway, nonce) = Gateway::read(data)?;
                let lawful = nonce.is_empty() || (16..=256).contains(&nonce.len());
                lawful.then_some(Self::Redirect { gateway, nonce })
            }
            Type::REDIRECTED_FROM => match Gateway::read(data)? {
                (Gateway::Address(address), []) => Some(Self::RedirectedFrom(address)),
                _ => None,
            },
            Type::TICKET_LT_OPAQUE => {
                let (ticket, seconds) = chunk::<4>(data).ok()?;
                Some(Self::TicketLifetime { seconds: u32::from_be_bytes(seconds), ticket })
            }
            Type::IKEV2_MESSAGE_ID_SYNC => {
                let (rest, nonce) = chunk::<4>(data).ok()?;
                let (receive, send) = chunk::<4>(rest).ok()?;
                let send = u32::from_be_bytes(send);
                Some(Self::MessageIdSync { nonce, send, receive: number32(receive)? })
            }
            Type::IPSEC_REPLAY_COUNTER_SYNC => {
                let long = <[u8; 8]>::try_from(data).ok().map(u64::from_be_bytes);
                long.map(Self::ReplayCounterSync64).or_else(|| number32(data).map(Self::ReplayCounterSync32))
            }
            Type::PUZZLE => match *data {
                [high, low, difficulty] => {
                    Some(Self::Puzzle { prf: PrfId(u16::from_be_bytes([high, low])), difficulty })
                }
                _ => None,
            },
            Type::PPK_IDENTITY => {
                let (id, [kind]) = chunk::<1>(data).ok()?;
                Some(Self::PpkIdentity { kind: PpkIdType(kind), id })
            }
            Type::PPK_IDENTITY_KEY => {
                let (rest, [kind]) = chunk::<1>(data).ok()?;
                let (id, confirmation) = rest.split_last_chunk()?;
                Some(Self::PpkIdentityKey { kind: PpkIdType(kind), id, confirmation })
            }
            _ => None,
        }
    }

    /// The type of the notification.
    pub const fn kind(&self) -> NotifyType {
        use NotifyType as Type;
        match self {
            Self::Empty(kind) | Self::Other(kind, _) => *kind,
            Self::UnsupportedCriticalPayload(_) => Type::UNSUPPORTED_CRITICAL_PAYLOAD,
            Self::InvalidMessageId(_) => Type::INVALID_MESSAGE_ID,
            Self::InvalidSpi(_) => Type::INVALID_SPI,
            Self::InvalidKePayload(_) => Type::INVALID_KE_PAYLOAD,
            Self::SetWindowSize(_) => Type::SET_WINDOW_SIZE,
            Self::IpCompSupported { .. } => Type::IPCOMP_SUPPORTED,
            Self::NatDetectionSourceIp(_) => Type::NAT_DETECTION_SOURCE_IP,
            Self::NatDetectionDestinationIp(_) => Type::NAT_DETECTION_DESTINATION_IP,
            Self::Cookie(_) => Type::COOKIE,
            Self::Cookie2(_) => Type::COOKIE2,
            Self::AdditionalAddress(IpAddr::V4(_)) => Type::ADDITIONAL_IP4_ADDRESS,
            Self::AdditionalAddress(IpAddr::V6(_)) => Type::ADDITIONAL_IP6_ADDRESS,
            Self::AuthLifetime(_) => Type::AUTH_LIFETIME,
            Self::Redirect { .. } => Type::REDIRECT,
            Self::RedirectedFrom(_) => Type::REDIRECTED_FROM,
            Self::TicketLifetime { .. } => Type::TICKET_LT_OPAQUE,
            Self::Ticket(_) => Type::TICKET_OPAQUE,
            Self::LinkId(_) => Type::LINK_ID,
            Self::RohcSupported(_) => Type::ROHC_SUPPORTED,
            Self::CrashDetectionToken(_) => Type::QUICK_CRASH_DETECTION,
            Self::MessageIdSync { .. } => Type::IKEV2_MESSAGE_ID_SYNC,
            Self::ReplayCounterSync32(_) | Self::ReplayCounterSync64(_) => Type::IPSEC_REPLAY_COUNTER_SYNC,
            Self::SecurePasswordMethods(_) => Type::SECURE_PASSWORD_METHODS,
            Self::SignatureHashAlgorithms(_) => Type::SIGNATURE_HASH_ALGORITHMS,
            Self::Puzzle { .. } => Type::PUZZLE,
            Self::PpkIdentity { .. } => Type::PPK_IDENTITY,
            Self::NoPpkAuth(_) => Type::NO_PPK_AUTH,
            Self::PpkIdentityKey { .. } => Type::PPK_IDENTITY_KEY,
            Self::AdditionalKeyExchange(_) => Type::ADDITIONAL_KEY_EXCHANGE,
            Self::UseAggfrag(_) => Type::USE_AGGFRAG,
            Self::SupportedAuthMethods(_) => Type::SUPPORTED_AUTH_METHODS,
            Self::SaResourceInfo(_) => Type::SA_RESOURCE_INFO,
        }
    }

    /// Whether the octets that the value holds are as many as its type allows.
    fn is_lawful(&self) -> bool {
        match self {
            Self::Cookie(data) => (1..=64).contains(&data.len()),
            Self::Cookie2(data) => (8..=64).contains(&data.len()),
            Self::CrashDetectionToken(data) => (16..=256).contains(&data.len()),
            Self::Ticket(data)
            | Self::LinkId(data)
            | Self::NoPpkAuth(data)
            | Self::AdditionalKeyExchange(data)
            | Self::SaResourceInfo(data) => !data.is_empty(),
            Self::Redirect { nonce, .. } => nonce.is_empty() || (16..=256).contains(&nonce.len()),
            Self::SecurePasswordMethods(list) => !list.is_empty(),
            Self::SignatureHashAlgorithms(list) => !list.is_empty(),
            Self::SupportedAuthMethods(list) => list.iter().next().is_some(),
            Self::RohcSupported(list) => list.iter().next().is_some(),
            Self::Other(kind, data) => matches!(Self::read(*kind, data), Self::Other(..)),
            Self::Empty(_)
            | Self::UnsupportedCriticalPayload(_)
            | Self::InvalidMessageId(_)
            | Self::InvalidSpi(_)
            | Self::InvalidKePayload(_)
            | Self::SetWindowSize(_)
            | Self::IpCompSupported { .. }
            | Self::NatDetectionSourceIp(_)
            | Self::NatDetectionDestinationIp(_)
            | Self::AdditionalAddress(_)
            | Self::AuthLifetime(_)
            | Self::RedirectedFrom(_)
            | Self::TicketLifetime { .. }
            | Self::MessageIdSync { .. }
            | Self::ReplayCounterSync32(_)
            | Self::ReplayCounterSync64(_)
            | Self::Puzzle { .. }
            | Self::PpkIdentity { .. }
            | Self::PpkIdentityKey { .. }
            | Self::UseAggfrag(_) => true,
        }
    }
}

/// The notification data alone; a [`NewNotify`](crate::NewNotify) writes the payload.
impl Encode for NotifyContent<'_> {
    fn encoded_len(&self) -> usize {
        match self {
            Self::Empty(_) => 0,
            Self::UnsupportedCriticalPayload(_) | Self::UseAggfrag(_) => 1,
            Self::InvalidKePayload(_) => 2,
            Self::Puzzle { .. } => 3,
            Self::InvalidMessageId(_)
            | Self::InvalidSpi(_)
            | Self::SetWindowSize(_)
            | Self::AuthLifetime(_)
            | Self::ReplayCounterSync32(_)
            | Self::AdditionalAddress(IpAddr::V4(_)) => 4,
            Self::ReplayCounterSync64(_) => 8,
            Self::MessageIdSync { .. } => 12,
            Self::AdditionalAddress(IpAddr::V6(_)) => 16,
            Self::NatDetectionSourceIp(_) | Self::NatDetectionDestinationIp(_) => 20,
            Self::IpCompSupported { attributes, .. } => attributes.len().saturating_add(3),
            Self::Redirect { gateway, nonce } => gateway.encoded_len().saturating_add(nonce.len()),
            Self::RedirectedFrom(address) => Gateway::Address(*address).encoded_len(),
            Self::TicketLifetime { ticket, .. } => ticket.len().saturating_add(4),
            Self::SecurePasswordMethods(list) => list.encoded_len(),
            Self::SignatureHashAlgorithms(list) => list.encoded_len(),
            Self::SupportedAuthMethods(list) => list.encoded_len(),
            Self::RohcSupported(list) => list.encoded_len(),
            Self::PpkIdentity { id, .. } => id.len().saturating_add(1),
            Self::PpkIdentityKey { id, .. } => id.len().saturating_add(9),
            Self::Cookie(data)
            | Self::Cookie2(data)
            | Self::Ticket(data)
            | Self::LinkId(data)
            | Self::CrashDetectionToken(data)
            | Self::NoPpkAuth(data)
            | Self::AdditionalKeyExchange(data)
            | Self::SaResourceInfo(data)
            | Self::Other(_, data) => data.len(),
        }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if !self.is_lawful() {
            return Err(EncodeError::Invalid("Notification Data"));
        }
        match self {
            Self::Empty(_) => Ok(()),
            Self::UnsupportedCriticalPayload(kind) => out.put_u8(kind.0),
            Self::UseAggfrag(flags) => out.put_u8(*flags),
            Self::InvalidKePayload(method) => out.put_u16(method.0),
            Self::Puzzle { prf, difficulty } => {
                out.put_u16(prf.0)?;
                out.put_u8(*difficulty)
            }
            Self::InvalidMessageId(number)
            | Self::InvalidSpi(number)
            | Self::SetWindowSize(number)
            | Self::AuthLifetime(number)
            | Self::ReplayCounterSync32(number) => out.put_u32(*number),
            Self::ReplayCounterSync64(number) => out.put(&number.to_be_bytes()),
            Self::AdditionalAddress(IpAddr::V4(address)) => out.put(&address.octets()),
            Self::AdditionalAddress(IpAddr::V6(address)) => out.put(&address.octets()),
            Self::NatDetectionSourceIp(hash) | Self::NatDetectionDestinationIp(hash) => out.put(*hash),
            Self::MessageIdSync { nonce, send, receive } => {
                out.put(nonce)?;
                out.put_u32(*send)?;
                out.put_u32(*receive)
            }
            Self::IpCompSupported { cpi, transform, attributes } => {
                out.put_u16(*cpi)?;
                out.put_u8(transform.0)?;
                out.put(attributes)
            }
            Self::Redirect { gateway, nonce } => {
                gateway.encode(out)?;
                out.put(nonce)
            }
            Self::RedirectedFrom(address) => Gateway::Address(*address).encode(out),
            Self::TicketLifetime { seconds, ticket } => {
                out.put_u32(*seconds)?;
                out.put(ticket)
            }
            Self::SecurePasswordMethods(list) => list.encode(out),
            Self::SignatureHashAlgorithms(list) => list.encode(out),
            Self::SupportedAuthMethods(list) => list.encode(out),
            Self::RohcSupported(list) => list.encode(out),
            Self::PpkIdentity { kind, id } => {
                out.put_u8(kind.0)?;
                out.put(id)
            }
            Self::PpkIdentityKey { kind, id, confirmation } => {
                out.put_u8(kind.0)?;
                out.put(id)?;
                out.put(*confirmation)
            }
            Self::Cookie(data)
            | Self::Cookie2(data)
            | Self::Ticket(data)
            | Self::LinkId(data)
            | Self::CrashDetectionToken(data)
            | Self::NoPpkAuth(data)
            | Self::AdditionalKeyExchange(data)
            | Self::SaResourceInfo(data)
            | Self::Other(_, data) => out.put(data),
        }
    }
}

/// What the data says, without the type; octets as hexadecimal digits, authentication data and tickets as their length.
impl fmt::Display for NotifyContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(_) => Ok(()),
            Self::UnsupportedCriticalPayload(kind) => write!(f, "{kind}"),
            Self::UseAggfrag(flags) => write!(f, "{flags:#04x}"),
            Self::InvalidKePayload(method) => write!(f, "{method}"),
            Self::Puzzle { prf, difficulty } => write!(f, "{prf} with {difficulty} zero bits"),
            Self::InvalidSpi(spi) => write!(f, "{spi:08x}"),
            Self::InvalidMessageId(number) | Self::SetWindowSize(number) => write!(f, "{number}"),
            Self::AuthLifetime(seconds) => write!(f, "{seconds} s"),
            Self::ReplayCounterSync32(delta) => write!(f, "{delta} more"),
            Self::ReplayCounterSync64(delta) => write!(f, "{delta} more"),
            Self::AdditionalAddress(address) | Self::RedirectedFrom(address) => write!(f, "{address}"),
            Self::MessageIdSync { send, receive, .. } => write!(f, "sends {send}, expects {receive}"),
            Self::IpCompSupported { cpi, transform, .. } => write!(f, "{transform} CPI {cpi:#06x}"),
            Self::Redirect { gateway, .. } => write!(f, "{gateway}"),
            Self::TicketLifetime { seconds, ticket } => write!(f, "{} octets for {seconds} s", ticket.len()),
            Self::SecurePasswordMethods(list) => write!(f, "{list}"),
            Self::SignatureHashAlgorithms(list) => write!(f, "{list}"),
            Self::SupportedAuthMethods(list) => write!(f, "{list}"),
            Self::RohcSupported(list) => write!(f, "{list}"),
            Self::PpkIdentity { kind, id } | Self::PpkIdentityKey { kind, id, .. } => {
                write!(f, "{kind} {:?}", Escaped(id))
            }
            Self::Ticket(data) | Self::NoPpkAuth(data) => write!(f, "{} octets", data.len()),
            Self::SaResourceInfo(data) => write!(f, "{:?}", Escaped(data)),
            Self::NatDetectionSourceIp(hash) | Self::NatDetectionDestinationIp(hash) => {
                write!(f, "0x{}", Hex(*hash))
            }
            Self::Cookie(data)
            | Self::Cookie2(data)
            | Self::LinkId(data)
            | Self::CrashDetectionToken(data)
            | Self::AdditionalKeyExchange(data)
            | Self::Other(_, data) => write!(f, "0x{}", Hex(data)),
        }
    }
}

impl fmt::Debug for NotifyContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NotifyContent({} {self})", self.kind())
    }
}

fn octet(data: &[u8]) -> Option<u8> {
    match data {
        [octet] => Some(*octet),
        _ => None,
    }
}

fn number32(data: &[u8]) -> Option<u32> {
    data.try_into().ok().map(u32::from_be_bytes)
}
