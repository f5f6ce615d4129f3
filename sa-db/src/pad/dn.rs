//! Distinguished names as far as their comparison needs them (RFC 5280 §4.1.2.4, §7.1).

use alloc::vec::Vec;

/// The relative distinguished names of a name in DER, the root first; `None` where it is none.
pub(crate) fn relative_names(der: &[u8]) -> Option<Vec<RelativeName<'_>>> {
    let (body, rest) = element(der, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    let (mut names, mut rest) = (Vec::new(), body);
    while !rest.is_empty() {
        let (set, behind) = element(rest, SET)?;
        names.push(RelativeName::parse(set)?);
        rest = behind;
        if names.len() > MOST {
            return None;
        }
    }
    Some(names)
}

/// Attributes that name something together.
pub(crate) struct RelativeName<'a>(Vec<Attribute<'a>>);

#[derive(Clone, Copy)]
struct Attribute<'a> {
    /// The object identifier.
    kind: &'a [u8],
    tag: u8,
    value: &'a [u8],
}

impl<'a> RelativeName<'a> {
    fn parse(set: &'a [u8]) -> Option<Self> {
        let (mut attributes, mut rest) = (Vec::new(), set);
        while !rest.is_empty() {
            let (pair, behind) = element(rest, SEQUENCE)?;
            let (kind, value) = element(pair, OBJECT_IDENTIFIER)?;
            let (tag, value, end) = any_element(value)?;
            if !end.is_empty() || attributes.len() >= MOST {
                return None;
            }
            attributes.push(Attribute { kind, tag, value });
            rest = behind;
        }
        (!attributes.is_empty()).then_some(Self(attributes))
    }

    /// Whether both name the same: the same attributes in any order.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let has = |own: &[Attribute<'_>], one: &Attribute<'_>| own.iter().any(|attribute| attribute.is(one));
        self.0.len() == other.0.len()
            && self.0.iter().all(|one| has(&other.0, one))
            && other.0.iter().all(|one| has(&self.0, one))
    }
}

impl Attribute<'_> {
    /// Text is compared without regard to the case of ASCII letters and to how many spaces there are, other values by
    /// their octets.
    fn is(&self, other: &Self) -> bool {
        if self.kind != other.kind {
            return false;
        }
        if TEXT.contains(&self.tag) && TEXT.contains(&other.tag) {
            let folded = |text: &[u8]| {
                text.split(|octet| *octet == b' ')
                    .filter(|word| !word.is_empty())
                    .map(<[u8]>::to_ascii_lowercase)
                    .collect::<Vec<_>>()
            };
            return folded(self.value) == folded(other.value);
        }
        self.tag == other.tag && self.value == other.value
    }
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// UTF8String, PrintableString and IA5String.
const TEXT: [u8; 3] = [0x0c, 0x13, 0x16];
/// Relative names in a name, and attributes in one of them, at most.
const MOST: usize = 64;

fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    any_element(der).filter(|(own, ..)| *own == tag).map(|(_, body, rest)| (body, rest))
}

/// Tag and body of the first element, and what is behind it. Lengths of two octets at most, in their shortest form.
fn any_element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => {
            let (length, rest) = rest.split_first()?;
            (Some(usize::from(*length)).filter(|length| *length > 0x7f)?, rest)
        }
        0x82 => {
            let (octets, rest) = rest.split_first_chunk::<2>()?;
            (Some(usize::from(u16::from_be_bytes(*octets))).filter(|length| *length > 0xff)?, rest)
        }
        _ => return None,
    };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((*tag, body, rest))
}
