use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets};
use ipsec_types::{Encode, EncodeError, ParseErrorKind, Writer};

use crate::AuthMethod;
use crate::text::Hex;

/// One announcement of SUPPORTED_AUTH_METHODS (RFC 9593 §3.2).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |    Length     |  Auth Method  |   Cert Link   |               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+               +
/// ~                      AlgorithmIdentifier                      ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Cert Link and AlgorithmIdentifier are there where the length says so.
///
/// ```
/// use ikev2_wire::{AuthAnnouncement, AuthAnnouncements, AuthMethod, DigitalSignature, Encode, NotifyContent, Writer};
///
/// let announcements = [
///     AuthAnnouncement::new(AuthMethod::SHARED_KEY),
///     AuthAnnouncement {
///         method: AuthMethod::DIGITAL_SIGNATURE,
///         cert_link: Some(1),
///         algorithm: DigitalSignature::ED25519,
///     },
/// ];
/// let content = NotifyContent::SupportedAuthMethods(AuthAnnouncements::new(&announcements));
/// let mut buf = [0; 16];
/// let mut out = Writer::new(&mut buf);
/// content.encode(&mut out)?;
/// assert_eq!(out.written(), [2, 2, 10, 14, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70]);
/// assert_eq!(
///     content.to_string(),
///     "Shared Key Message Integrity Code, Digital Signature for CERTREQ 1 id-Ed25519",
/// );
/// # Ok::<(), ikev2_wire::EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuthAnnouncement<'a> {
    /// The method.
    pub method: AuthMethod,
    /// For which of the CERTREQ payloads of the message, from 1; 0 for any; `None` where the field is not there.
    pub cert_link: Option<u8>,
    /// The DER of the algorithm for [`AuthMethod::DIGITAL_SIGNATURE`], or no octets. With octets here `cert_link` is
    /// there, or the announcement cannot be encoded.
    pub algorithm: &'a [u8],
}

impl AuthAnnouncement<'_> {
    /// A method without more to say of it.
    pub const fn new(method: AuthMethod) -> Self {
        Self { method, cert_link: None, algorithm: &[] }
    }
}

impl Encode for AuthAnnouncement<'_> {
    fn encoded_len(&self) -> usize {
        self.algorithm.len().saturating_add(if self.cert_link.is_some() { 3 } else { 2 })
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let length = self.encoded_len();
        let field = EncodeError::FieldOverflow { field: "Length", length };
        out.put(&[u8::try_from(length).map_err(|_| field)?, self.method.0])?;
        match (self.cert_link, self.algorithm) {
            (None, []) => Ok(()),
            (None, _) => Err(EncodeError::Invalid("Cert Link")),
            (Some(link), algorithm) => {
                out.put_u8(link)?;
                out.put(algorithm)
            }
        }
    }
}

impl fmt::Display for AuthAnnouncement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.method)?;
        if let Some(link) = self.cert_link {
            write!(f, " for CERTREQ {link}")?;
        }
        if self.algorithm.is_empty() {
            return Ok(());
        }
        match crate::digital_signature::algorithm_name(self.algorithm) {
            Some(name) => write!(f, " {name}"),
            None => write!(f, " 0x{}", Hex(self.algorithm)),
        }
    }
}

impl fmt::Debug for AuthAnnouncement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthAnnouncement({self})")
    }
}

/// A list of [`AuthAnnouncement`]s: read from a message, or about to be written into one.
#[derive(Clone, Copy)]
pub struct AuthAnnouncements<'a> {
    form: Form<'a>,
}

/// Where the announcements are.
#[derive(Clone, Copy)]
enum Form<'a> {
    /// Checked by [`AuthAnnouncements::read`].
    Octets(&'a [u8]),
    Values(&'a [AuthAnnouncement<'a>]),
}

impl<'a> AuthAnnouncements<'a> {
    /// A list to be written.
    pub const fn new(announcements: &'a [AuthAnnouncement<'a>]) -> Self {
        Self { form: Form::Values(announcements) }
    }

    /// A list as it came, `None` where a length in it is wrong.
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        let mut rest = octets;
        while !rest.is_empty() {
            (rest, _) = announcement(rest).ok()?;
        }
        Some(Self { form: Form::Octets(octets) })
    }

    /// The announcements in their order.
    pub fn iter(&self) -> impl Iterator<Item = AuthAnnouncement<'a>> + use<'a> {
        let (mut rest, values): (&'a [u8], &'a [AuthAnnouncement<'a>]) = match self.form {
            Form::Octets(octets) => (octets, &[]),
            Form::Values(values) => (&[], values),
        };
        let read = core::iter::from_fn(move || {
            let (after, announcement) = announcement(rest).ok()?;
            rest = after;
            Some(announcement)
        });
        read.chain(values.iter().copied())
    }
}

impl PartialEq for AuthAnnouncements<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for AuthAnnouncements<'_> {}

impl Encode for AuthAnnouncements<'_> {
    fn encoded_len(&self) -> usize {
        self.iter().fold(0, |len: usize, announcement| len.saturating_add(announcement.encoded_len()))
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.iter().try_for_each(|announcement| announcement.encode(out))
    }
}

/// The announcements, separated by commas.
impl fmt::Display for AuthAnnouncements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for announcement in self.iter() {
            write!(f, "{separator}{announcement}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for AuthAnnouncements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Takes one announcement.
fn announcement(input: &[u8]) -> Parsed<'_, AuthAnnouncement<'_>> {
    let (after_header, [length, method]) = chunk::<2>(input)?;
    let method = AuthMethod(method);
    let declared = usize::from(length);
    let Some(left) = declared.checked_sub(2) else {
        return fault(ParseErrorKind::LengthField { declared, min: 2, max: input.len() }, input);
    };
    let (rest, content) = octets(left)(after_header)?;
    let (cert_link, algorithm) = match content {
        [] => (None, content),
        [link, algorithm @ ..] => (Some(*link), algorithm),
    };
    Ok((rest, AuthAnnouncement { method, cert_link, algorithm }))
}
