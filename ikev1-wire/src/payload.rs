use core::fmt;

use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::{
    Certificate, CertificateRequest, Configuration, Delete, Fragment, Hash, Identification, KeyExchange,
    NatDiscovery, Nonce, Notification, OriginalAddress, PayloadType, RawPayload, Sa, Signature, VendorId,
};

/// The body of a payload, read by its type and checked.
///
/// Its [`Encode`] writes the body it was decoded from, octet for octet.
///
/// ```
/// use ikev1_wire::{Payload, PayloadChain, PayloadType};
///
/// // ID with a name, then the vendor id of dead peer detection.
/// let octets = [
///     13, 0, 0, 15, 2, 0, 0, 0, b'e', b'x', b'a', b'm', b'p', b'l', b'e', 0, 0, 0, 20, 0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1,
///     0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57, 1, 0,
/// ];
/// let chain = PayloadChain::parse(PayloadType::ID, &octets, 28)?;
/// let payloads: Result<Vec<_>, _> = chain.iter().map(|raw| raw.decode()).collect();
/// let [Payload::Identification(id), vendor] = payloads?[..] else { panic!("other payloads") };
/// assert_eq!(id.data(), b"example");
/// assert_eq!(Payload::Identification(id).to_string(), "ID ID_FQDN example");
/// assert_eq!(vendor.to_string(), "VID DPD");
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// SA, RFC 2408 §3.4.
    Sa(Sa<'a>),
    /// KE, RFC 2408 §3.7.
    KeyExchange(KeyExchange<'a>),
    /// ID, RFC 2408 §3.8.
    Identification(Identification<'a>),
    /// CERT, RFC 2408 §3.9.
    Certificate(Certificate<'a>),
    /// CR, RFC 2408 §3.10.
    CertificateRequest(CertificateRequest<'a>),
    /// HASH, RFC 2408 §3.11.
    Hash(Hash<'a>),
    /// SIG, RFC 2408 §3.12.
    Signature(Signature<'a>),
    /// NONCE, RFC 2408 §3.13.
    Nonce(Nonce<'a>),
    /// N, RFC 2408 §3.14.
    Notification(Notification<'a>),
    /// D, RFC 2408 §3.15.
    Delete(Delete<'a>),
    /// VID, RFC 2408 §3.16.
    VendorId(VendorId<'a>),
    /// ATTR, draft-dukes-ike-mode-cfg.
    Configuration(Configuration<'a>),
    /// NAT-D, RFC 3947 §3.2.
    NatDiscovery(NatDiscovery<'a>),
    /// NAT-OA, RFC 3947 §5.2.
    OriginalAddress(OriginalAddress),
    /// FRAG, of Cisco and others.
    Fragment(Fragment<'a>),
    /// A type that this crate does not look into, or that it does not know.
    Unknown(RawPayload<'a>),
}

impl<'a> Payload<'a> {
    /// Reads the body of `raw` as one of type `kind`.
    pub(crate) fn decode(raw: &RawPayload<'a>, kind: PayloadType) -> Result<Self, ParseError> {
        let (body, offset) = (raw.body(), raw.body_offset());
        Ok(match kind {
            PayloadType::SA => Self::Sa(Sa::decode(body, offset)?),
            PayloadType::KE => Self::KeyExchange(KeyExchange::new(body)),
            PayloadType::ID => Self::Identification(Identification::decode(body, offset)?),
            PayloadType::CERT => Self::Certificate(Certificate::decode(body, offset)?),
            PayloadType::CR => Self::CertificateRequest(CertificateRequest::decode(body, offset)?),
            PayloadType::HASH => Self::Hash(Hash::new(body)),
            PayloadType::SIG => Self::Signature(Signature::new(body)),
            PayloadType::NONCE => Self::Nonce(Nonce::new(body)),
            PayloadType::NOTIFY => Self::Notification(Notification::decode(body, offset)?),
            PayloadType::DELETE => Self::Delete(Delete::decode(body, offset)?),
            PayloadType::VENDOR_ID => Self::VendorId(VendorId::new(body)),
            PayloadType::ATTRIBUTES => Self::Configuration(Configuration::decode(body, offset)?),
            PayloadType::NAT_D => Self::NatDiscovery(NatDiscovery::new(body)),
            PayloadType::NAT_OA => Self::OriginalAddress(OriginalAddress::decode(body, offset)?),
            PayloadType::FRAGMENT => Self::Fragment(Fragment::decode(body, offset)?),
            _ => Self::Unknown(*raw),
        })
    }

    /// The registered type of the payload.
    pub const fn kind(&self) -> PayloadType {
        match self {
            Self::Sa(_) => PayloadType::SA,
            Self::KeyExchange(_) => PayloadType::KE,
            Self::Identification(_) => PayloadType::ID,
            Self::Certificate(_) => PayloadType::CERT,
            Self::CertificateRequest(_) => PayloadType::CR,
            Self::Hash(_) => PayloadType::HASH,
            Self::Signature(_) => PayloadType::SIG,
            Self::Nonce(_) => PayloadType::NONCE,
            Self::Notification(_) => PayloadType::NOTIFY,
            Self::Delete(_) => PayloadType::DELETE,
            Self::VendorId(_) => PayloadType::VENDOR_ID,
            Self::Configuration(_) => PayloadType::ATTRIBUTES,
            Self::NatDiscovery(_) => PayloadType::NAT_D,
            Self::OriginalAddress(_) => PayloadType::NAT_OA,
            Self::Fragment(_) => PayloadType::FRAGMENT,
            Self::Unknown(raw) => raw.kind(),
        }
    }
}

/// Evaluates an expression with the view inside a payload, whatever its type.
macro_rules! with_view {
    ($payload:expr, $view:ident => $value:expr) => {
        match $payload {
            Payload::Sa($view) => $value,
            Payload::KeyExchange($view) => $value,
            Payload::Identification($view) => $value,
            Payload::Certificate($view) => $value,
            Payload::CertificateRequest($view) => $value,
            Payload::Hash($view) => $value,
            Payload::Signature($view) => $value,
            Payload::Nonce($view) => $value,
            Payload::Notification($view) => $value,
            Payload::Delete($view) => $value,
            Payload::VendorId($view) => $value,
            Payload::Configuration($view) => $value,
            Payload::NatDiscovery($view) => $value,
            Payload::OriginalAddress($view) => $value,
            Payload::Fragment($view) => $value,
            Payload::Unknown($view) => $value,
        }
    };
}

impl Encode for Payload<'_> {
    fn encoded_len(&self) -> usize {
        with_view!(self, view => view.encoded_len())
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        with_view!(self, view => view.encode(out))
    }
}

/// The name of the type, and what the payload says in one line, text of the peer escaped: `KE 128 octets`.
impl fmt::Display for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Unknown(raw) = self {
            return write!(f, "{raw} {} octets", raw.body().len());
        }
        write!(f, "{} ", self.kind())?;
        if let Self::Identification(id) = self {
            write!(f, "{} ", id.kind())?;
        }
        with_view!(self, view => fmt::Display::fmt(view, f))
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with_view!(self, view => fmt::Debug::fmt(view, f))
    }
}
