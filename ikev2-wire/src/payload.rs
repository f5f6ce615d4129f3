use core::fmt;

use ipsec_types::{Encode, EncodeError, ParseError, Writer};

use crate::{
    Authentication, Certificate, CertificateRequest, Configuration, Delete, Eap, Encrypted,
    EncryptedFragment, GenericSecurePassword, Identification, KeyExchange, Nonce, Notify, PayloadType,
    PuzzleSolution, RawPayload, Sa, TrafficSelectors, VendorId,
};

/// The body of a payload, read by its type and checked.
///
/// Its [`Encode`] writes the body it was decoded from, octet for octet.
///
/// ```
/// use ikev2_wire::{Payload, PayloadChain, PayloadType};
///
/// // IDi with a name, then INITIAL_CONTACT.
/// let octets = [41, 0, 0, 15, 2, 0, 0, 0, b'e', b'x', b'a', b'm', b'p', b'l', b'e', 0, 0, 0, 8, 0, 0, 0x40, 0x00];
/// let chain = PayloadChain::parse(PayloadType::IDI, &octets, 0)?;
/// let payloads: Result<Vec<_>, _> = chain.iter().map(|raw| raw.decode()).collect();
/// let [Payload::IdI(id), Payload::Notify(_)] = payloads?[..] else { panic!("other payloads") };
/// assert_eq!(id.data(), b"example");
/// assert_eq!(Payload::IdI(id).to_string(), "IDi ID_FQDN example");
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// SA, RFC 7296 §3.3.
    Sa(Sa<'a>),
    /// KE, RFC 7296 §3.4.
    KeyExchange(KeyExchange<'a>),
    /// IDi, RFC 7296 §3.5.
    IdI(Identification<'a>),
    /// IDr, RFC 7296 §3.5.
    IdR(Identification<'a>),
    /// CERT, RFC 7296 §3.6.
    Certificate(Certificate<'a>),
    /// CERTREQ, RFC 7296 §3.7.
    CertificateRequest(CertificateRequest<'a>),
    /// AUTH, RFC 7296 §3.8.
    Authentication(Authentication<'a>),
    /// Ni or Nr, RFC 7296 §3.9.
    Nonce(Nonce<'a>),
    /// N, RFC 7296 §3.10.
    Notify(Notify<'a>),
    /// D, RFC 7296 §3.11.
    Delete(Delete<'a>),
    /// V, RFC 7296 §3.12.
    VendorId(VendorId<'a>),
    /// TSi, RFC 7296 §3.13.
    TrafficSelectorsI(TrafficSelectors<'a>),
    /// TSr, RFC 7296 §3.13.
    TrafficSelectorsR(TrafficSelectors<'a>),
    /// SK, RFC 7296 §3.14.
    Encrypted(Encrypted<'a>),
    /// CP, RFC 7296 §3.15.
    Configuration(Configuration<'a>),
    /// EAP, RFC 7296 §3.16.
    Eap(Eap<'a>),
    /// GSPM, RFC 6467 §3.
    GenericSecurePassword(GenericSecurePassword<'a>),
    /// SKF, RFC 7383 §2.5.
    EncryptedFragment(EncryptedFragment<'a>),
    /// PS, RFC 8019 §8.2.
    PuzzleSolution(PuzzleSolution<'a>),
    /// A type that this crate does not look into, or that it does not know.
    Unknown(RawPayload<'a>),
}

impl<'a> Payload<'a> {
    /// Reads the body of `raw`, as [`RawPayload::decode`] does.
    #[inline]
    pub(crate) fn decode(raw: &RawPayload<'a>) -> Result<Self, ParseError> {
        let (body, offset) = (raw.body(), raw.body_offset());
        Ok(match raw.kind() {
            PayloadType::SA => Self::Sa(Sa::decode(body, offset)?),
            PayloadType::KE => Self::KeyExchange(KeyExchange::decode(body, offset)?),
            PayloadType::IDI => Self::IdI(Identification::decode(body, offset)?),
            PayloadType::IDR => Self::IdR(Identification::decode(body, offset)?),
            PayloadType::CERT => Self::Certificate(Certificate::decode(body, offset)?),
            PayloadType::CERTREQ => Self::CertificateRequest(CertificateRequest::decode(body, offset)?),
            PayloadType::AUTH => Self::Authentication(Authentication::decode(body, offset)?),
            PayloadType::NONCE => Self::Nonce(Nonce::decode(body, offset)?),
            PayloadType::NOTIFY => Self::Notify(Notify::decode(body, offset)?),
            PayloadType::DELETE => Self::Delete(Delete::decode(body, offset)?),
            PayloadType::VENDOR_ID => Self::VendorId(VendorId::new(body)),
            PayloadType::TSI => Self::TrafficSelectorsI(TrafficSelectors::decode(body, offset)?),
            PayloadType::TSR => Self::TrafficSelectorsR(TrafficSelectors::decode(body, offset)?),
            PayloadType::SK => Self::Encrypted(Encrypted::new(raw)),
            PayloadType::CP => Self::Configuration(Configuration::decode(body, offset)?),
            PayloadType::EAP => Self::Eap(Eap::decode(body, offset)?),
            PayloadType::GSPM => Self::GenericSecurePassword(GenericSecurePassword::new(body)),
            PayloadType::PS => Self::PuzzleSolution(PuzzleSolution::decode(body, offset)?),
            PayloadType::SKF => Self::EncryptedFragment(EncryptedFragment::decode(raw)?),
            _ => Self::Unknown(*raw),
        })
    }

    /// The type of the payload.
    #[inline]
    pub const fn kind(&self) -> PayloadType {
        match self {
            Self::Sa(_) => PayloadType::SA,
            Self::KeyExchange(_) => PayloadType::KE,
            Self::IdI(_) => PayloadType::IDI,
            Self::IdR(_) => PayloadType::IDR,
            Self::Certificate(_) => PayloadType::CERT,
            Self::CertificateRequest(_) => PayloadType::CERTREQ,
            Self::Authentication(_) => PayloadType::AUTH,
            Self::Nonce(_) => PayloadType::NONCE,
            Self::Notify(_) => PayloadType::NOTIFY,
            Self::Delete(_) => PayloadType::DELETE,
            Self::VendorId(_) => PayloadType::VENDOR_ID,
            Self::TrafficSelectorsI(_) => PayloadType::TSI,
            Self::TrafficSelectorsR(_) => PayloadType::TSR,
            Self::Encrypted(_) => PayloadType::SK,
            Self::Configuration(_) => PayloadType::CP,
            Self::Eap(_) => PayloadType::EAP,
            Self::GenericSecurePassword(_) => PayloadType::GSPM,
            Self::EncryptedFragment(_) => PayloadType::SKF,
            Self::PuzzleSolution(_) => PayloadType::PS,
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
            Payload::IdI($view) | Payload::IdR($view) => $value,
            Payload::Certificate($view) => $value,
            Payload::CertificateRequest($view) => $value,
            Payload::Authentication($view) => $value,
            Payload::Nonce($view) => $value,
            Payload::Notify($view) => $value,
            Payload::Delete($view) => $value,
            Payload::VendorId($view) => $value,
            Payload::TrafficSelectorsI($view) | Payload::TrafficSelectorsR($view) => $value,
            Payload::Encrypted($view) => $value,
            Payload::Configuration($view) => $value,
            Payload::Eap($view) => $value,
            Payload::GenericSecurePassword($view) => $value,
            Payload::EncryptedFragment($view) => $value,
            Payload::PuzzleSolution($view) => $value,
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

/// The notation of the RFCs, and what the payload says in one line, text of the peer escaped:
/// `KE Curve25519, 32 octets`.
impl fmt::Display for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Unknown(raw) = self {
            return write!(f, "{raw} {} octets", raw.body().len());
        }
        write!(f, "{} ", self.kind().notation().unwrap_or_default())?;
        if let Self::IdI(id) | Self::IdR(id) = self {
            write!(f, "{} ", id.kind())?;
        }
        with_view!(self, view => fmt::Display::fmt(view, f))
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let kind @ (PayloadType::IDI | PayloadType::IDR | PayloadType::TSI | PayloadType::TSR) =
            self.kind()
        {
            write!(f, "{} ", kind.notation().unwrap_or_default())?;
        }
        with_view!(self, view => fmt::Debug::fmt(view, f))
    }
}
