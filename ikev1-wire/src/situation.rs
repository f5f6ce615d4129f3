use core::fmt;

use ipsec_types::parse::{Parsed, chunk, fault, octets};
use ipsec_types::{Encode, EncodeError, ParseErrorKind, Writer};

use crate::text::Hex;

/// The situation of an IPsec SA (RFC 2407 §4.2, §4.6.1): why it is to be set up.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      Situation (bitmap)                       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                   Labeled Domain Identifier                   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Secrecy Length (in octets)   |           RESERVED            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        Secrecy Level                          ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Secrecy Cat. Length (in bits) |           RESERVED            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                    Secrecy Category Bitmap                    ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Integrity Length (in octets)  |           RESERVED            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                       Integrity Level                         ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Integ. Cat. Length (in bits)  |           RESERVED            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                  Integrity Category Bitmap                    ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// All but the bitmap is there only where the bitmap asks for secrecy or integrity, which nobody but multi-level
/// secure systems does. [`Situation::IDENTITY_ONLY`] is what every other SA has.
///
/// ```
/// use ikev1_wire::{Sa, Situation};
///
/// // DOI and situation, a proposal of ESP, its transform with two attributes.
/// let body = [
///     0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 28, 1, 3, 4, 1, 0xc0, 0xff, 0xee, 1, 0, 0, 0, 16, 1, 12, 0, 0, 0x80, 4, 0, 1, 0x80, 5,
///     0, 2,
/// ];
/// let situation = Sa::decode(&body, 32)?.situation().unwrap();
/// assert_eq!(situation, Situation::IDENTITY_ONLY);
/// assert_eq!((situation.flags(), situation.to_string()), (1, "SIT_IDENTITY_ONLY".to_owned()));
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Situation<'a> {
    octets: &'a [u8],
    flags: u32,
    labeled_domain: Option<u32>,
    secrecy: Option<SensitivityLabel<'a>>,
    integrity: Option<SensitivityLabel<'a>>,
}

/// A sensitivity level and the categories that belong to it (RFC 2407 §4.6.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SensitivityLabel<'a> {
    /// The level, without padding.
    pub level: &'a [u8],
    /// How many bits of the bitmap count.
    pub category_bits: u16,
    /// The bitmap, without padding.
    pub categories: &'a [u8],
}

impl<'a> Situation<'a> {
    /// SIT_IDENTITY_ONLY (RFC 2407 §4.2.1): the source of the SA is known by an identity, and no more is said.
    pub const IDENTITY_ONLY: Situation<'static> = Situation {
        octets: &[0, 0, 0, 1],
        flags: Self::SIT_IDENTITY_ONLY,
        labeled_domain: None,
        secrecy: None,
        integrity: None,
    };

    /// The bit of SIT_IDENTITY_ONLY among the [`flags`](Self::flags).
    pub const SIT_IDENTITY_ONLY: u32 = 1;

    /// The bit of SIT_SECRECY (RFC 2407 §4.2.2).
    pub const SIT_SECRECY: u32 = 2;

    /// The bit of SIT_INTEGRITY (RFC 2407 §4.2.3).
    pub const SIT_INTEGRITY: u32 = 4;

    /// The bitmap, bits without meaning included.
    pub const fn flags(&self) -> u32 {
        self.flags
    }

    /// Whether it is SIT_IDENTITY_ONLY and nothing else. Any other is refused with SITUATION-NOT-SUPPORTED by who does
    /// not handle labels.
    pub const fn is_identity_only(&self) -> bool {
        self.flags == Self::SIT_IDENTITY_ONLY
    }

    /// The labeled domain.
    pub const fn labeled_domain(&self) -> Option<u32> {
        self.labeled_domain
    }

    /// The secrecy label.
    pub const fn secrecy(&self) -> Option<SensitivityLabel<'a>> {
        self.secrecy
    }

    /// The integrity label.
    pub const fn integrity(&self) -> Option<SensitivityLabel<'a>> {
        self.integrity
    }

    /// All octets of the situation.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.octets
    }

    /// Takes the situation at the front of `input`.
    pub(crate) fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let (mut rest, flags) = chunk::<4>(input)?;
        let flags = u32::from_be_bytes(flags);
        let (mut labeled_domain, mut secrecy, mut integrity) = (None, None, None);
        if flags & (Self::SIT_SECRECY | Self::SIT_INTEGRITY) != 0 {
            let (after, domain) = chunk::<4>(rest)?;
            labeled_domain = Some(u32::from_be_bytes(domain));
            rest = after;
        }
        if flags & Self::SIT_SECRECY != 0 {
            let (after, label) = label(rest)?;
            secrecy = Some(label);
            rest = after;
        }
        if flags & Self::SIT_INTEGRITY != 0 {
            let (after, label) = label(rest)?;
            integrity = Some(label);
            rest = after;
        }
        let (_, octets) = octets(input.len().saturating_sub(rest.len()))(input)?;
        Ok((rest, Self { octets, flags, labeled_domain, secrecy, integrity }))
    }
}

impl Encode for Situation<'_> {
    fn encoded_len(&self) -> usize {
        self.octets.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(self.octets)
    }
}

/// The bits that are set, by name, and the labels.
impl fmt::Display for Situation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            (Self::SIT_IDENTITY_ONLY, "SIT_IDENTITY_ONLY"),
            (Self::SIT_SECRECY, "SIT_SECRECY"),
            (Self::SIT_INTEGRITY, "SIT_INTEGRITY"),
        ];
        let mut rest = self.flags;
        let mut separator = "";
        for (flag, name) in named.into_iter().filter(|(flag, _)| self.flags & flag != 0) {
            write!(f, "{separator}{name}")?;
            separator = " | ";
            rest &= !flag;
        }
        if rest != 0 || self.flags == 0 {
            write!(f, "{separator}{rest:#010x}")?;
        }
        if let Some(domain) = self.labeled_domain {
            write!(f, ", domain {domain}")?;
        }
        if let Some(label) = self.secrecy {
            write!(f, ", secrecy {label}")?;
        }
        self.integrity.map_or(Ok(()), |label| write!(f, ", integrity {label}"))
    }
}

impl fmt::Debug for Situation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_identity_only() {
            return f.write_str("SIT_IDENTITY_ONLY");
        }
        f.debug_struct("Situation")
            .field("flags", &self.flags)
            .field("labeled_domain", &self.labeled_domain)
            .field("secrecy", &self.secrecy)
            .field("integrity", &self.integrity)
            .finish()
    }
}

/// Level and categories as hexadecimal digits.
impl fmt::Display for SensitivityLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "level 0x{}, {} categories 0x{}", Hex(self.level), self.category_bits, Hex(self.categories))
    }
}

impl fmt::Debug for SensitivityLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SensitivityLabel({self})")
    }
}

/// Takes a level and its categories, each padded to four octets.
fn label(input: &[u8]) -> Parsed<'_, SensitivityLabel<'_>> {
    let (rest, [high, low, _, _]) = chunk::<4>(input)?;
    let (rest, level) = padded(rest, input, usize::from(u16::from_be_bytes([high, low])))?;
    let at_categories = rest;
    let (rest, [high, low, _, _]) = chunk::<4>(rest)?;
    let category_bits = u16::from_be_bytes([high, low]);
    let (rest, categories) = padded(rest, at_categories, usize::from(category_bits.div_ceil(8)))?;
    Ok((rest, SensitivityLabel { level, category_bits, categories }))
}

/// Takes `len` octets and what pads them; a fault lies at `at_length`.
fn padded<'a>(input: &'a [u8], at_length: &'a [u8], len: usize) -> Parsed<'a, &'a [u8]> {
    let kind = ParseErrorKind::LengthField { declared: len, min: 0, max: input.len() };
    let with_padding = len.checked_next_multiple_of(4).unwrap_or(usize::MAX);
    match (octets(with_padding)(input), octets(len)(input)) {
        (Ok((rest, _)), Ok((_, content))) => Ok((rest, content)),
        _ => fault(kind, at_length),
    }
}
