use core::fmt;
use core::net::IpAddr;

use ipsec_types::parse::{Parsed, chunk, fault, octets, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::TsType;
use crate::text::{Escaped, Hex};

/// The Traffic Selector payload, TSi and TSr (RFC 7296 §3.13).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Number of TSs |                 RESERVED                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                       <Traffic Selectors>                     ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// [`NewTrafficSelectors`] builds one:
///
/// ```
/// use ikev2_wire::{AddressRange, Encode, NewTrafficSelectors, TrafficSelector, TrafficSelectors, Writer};
///
/// let web = AddressRange {
///     protocol: 6,
///     start_port: 443,
///     end_port: 443,
///     start: [192, 0, 2, 0].into(),
///     end: [192, 0, 2, 255].into(),
/// };
/// let mut buf = [0; 32];
/// let mut out = Writer::new(&mut buf);
/// NewTrafficSelectors { selectors: &[TrafficSelector::Range(web)] }.encode(&mut out)?;
///
/// let selectors = TrafficSelectors::decode(out.written(), 0).unwrap();
/// assert_eq!(selectors.iter().next(), Some(TrafficSelector::Range(web)));
/// assert_eq!(web.to_string(), "192.0.2.0-192.0.2.255 protocol 6 ports 443-443");
/// # Ok::<(), ikev2_wire::EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TrafficSelectors<'a> {
    count: u8,
    reserved: [u8; 3],
    selectors: &'a [u8],
}

impl<'a> TrafficSelectors<'a> {
    /// Reads the body of a payload that starts at `base_offset` of the datagram, and walks all of it.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] or [`ParseErrorKind::LengthField`] where a selector does not fit or has not the
    /// length of its type, [`ParseErrorKind::Invalid`] where the number of selectors is 0 or not that of the payload.
    #[inline]
    pub fn decode(body: &'a [u8], base_offset: usize) -> Result<Self, ParseError> {
        let (selectors, [count, reserved @ ..]) = part(body, base_offset, chunk::<4>)?;
        let (_, found) = part(selectors, base_offset.saturating_add(4), walk)?;
        if count == 0 || usize::from(count) != found {
            return Err(ParseError::new(ParseErrorKind::Invalid("Number of TSs"), base_offset));
        }
        Ok(Self { count, reserved, selectors })
    }

    /// The selectors in the order of the payload.
    #[inline]
    pub const fn iter(&self) -> Selectors<'a> {
        Selectors { rest: self.selectors }
    }
}

impl<'a> IntoIterator for TrafficSelectors<'a> {
    type Item = TrafficSelector<'a>;
    type IntoIter = Selectors<'a>;

    fn into_iter(self) -> Selectors<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &TrafficSelectors<'a> {
    type Item = TrafficSelector<'a>;
    type IntoIter = Selectors<'a>;

    fn into_iter(self) -> Selectors<'a> {
        self.iter()
    }
}

impl Encode for TrafficSelectors<'_> {
    fn encoded_len(&self) -> usize {
        self.selectors.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put_u8(self.count)?;
        out.put(&self.reserved)?;
        out.put(self.selectors)
    }
}

/// The selectors, separated by commas.
impl fmt::Display for TrafficSelectors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for selector in self {
            write!(f, "{separator}{selector}")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for TrafficSelectors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrafficSelectors ")?;
        f.debug_list().entries(self).finish()
    }
}

/// The selectors of a [`TrafficSelectors`].
#[derive(Clone)]
pub struct Selectors<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Selectors<'a> {
    type Item = TrafficSelector<'a>;

    #[inline]
    fn next(&mut self) -> Option<TrafficSelector<'a>> {
        let (rest, selector) = selector(self.rest).ok()?;
        self.rest = rest;
        Some(selector.read())
    }
}

impl core::iter::FusedIterator for Selectors<'_> {}

impl fmt::Debug for Selectors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// One traffic selector (RFC 7296 §3.13.1).
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   TS Type     |IP Protocol ID |       Selector Length         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |           Start Port          |           End Port            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                         Starting Address                      ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                         Ending Address                        ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use ikev2_wire::{TrafficSelector, TrafficSelectors};
///
/// // A security label alone.
/// let selectors = TrafficSelectors::decode(&[1, 0, 0, 0, 10, 0, 0, 7, b's', b'_', b't'], 0)?;
/// assert!(selectors.iter().eq([TrafficSelector::SecurityLabel(b"s_t")]));
/// # Ok::<(), ikev2_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrafficSelector<'a> {
    /// TS_IPV4_ADDR_RANGE or TS_IPV6_ADDR_RANGE.
    Range(AddressRange),
    /// TS_SECLABEL: an opaque label, one octet at least (RFC 9478 §2.2).
    SecurityLabel(&'a [u8]),
    /// A type that this crate does not know; RFC 7296 §3.13.1 has it ignored.
    Unknown {
        /// The type, other than those above, or the selector cannot be encoded.
        kind: TsType,
        /// The octet after the type: the IP protocol, or reserved.
        protocol: u8,
        /// What follows the length field.
        body: &'a [u8],
    },
}

impl Encode for TrafficSelector<'_> {
    fn encoded_len(&self) -> usize {
        match self {
            Self::Range(range) => range.encoded_len(),
            Self::SecurityLabel(body) | Self::Unknown { body, .. } => body.len().saturating_add(4),
        }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Range(range) => range.encode(out),
            Self::SecurityLabel([]) => Err(EncodeError::Invalid("Security Label")),
            Self::SecurityLabel(label) => put_selector(out, TsType::TS_SECLABEL, 0, label),
            Self::Unknown { kind, .. } if range_len(*kind).is_some() || *kind == TsType::TS_SECLABEL => {
                Err(EncodeError::Invalid("TS Type"))
            }
            Self::Unknown { kind, protocol, body } => put_selector(out, *kind, *protocol, body),
        }
    }
}

/// The range, the label escaped, or type and octets.
impl fmt::Display for TrafficSelector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => write!(f, "{range}"),
            Self::SecurityLabel(label) => write!(f, "label {:?}", Escaped(label)),
            Self::Unknown { kind, protocol, body } => {
                write!(f, "{kind:?} protocol {protocol} 0x{}", Hex(body))
            }
        }
    }
}

impl fmt::Debug for TrafficSelector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A range of addresses, a range of ports and a protocol, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AddressRange {
    /// The IP protocol, 0 for any.
    pub protocol: u8,
    /// The first port; for ICMP the type in the high and the code in the low octet.
    pub start_port: u16,
    /// The last port, likewise.
    pub end_port: u16,
    /// The first address.
    pub start: IpAddr,
    /// The last address, of the same family, or the selector cannot be encoded.
    pub end: IpAddr,
}

impl AddressRange {
    /// Whether ports are opaque: start 65,535 and end 0 (RFC 7296 §3.13.1).
    pub const fn has_opaque_ports(&self) -> bool {
        self.start_port == u16::MAX && self.end_port == 0
    }

    /// Whether no packet can match: an address or port range that ends before it starts.
    pub fn is_empty(&self) -> bool {
        self.start > self.end || (self.start_port > self.end_port && !self.has_opaque_ports())
    }
}

impl Encode for AddressRange {
    fn encoded_len(&self) -> usize {
        if self.start.is_ipv4() { V4_LEN } else { V6_LEN }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        match (self.start, self.end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => {
                out.put(&[TsType::TS_IPV4_ADDR_RANGE.0, self.protocol])?;
                out.put_u16(16)?;
                out.put_u16(self.start_port)?;
                out.put_u16(self.end_port)?;
                out.put(&start.octets())?;
                out.put(&end.octets())
            }
            (IpAddr::V6(start), IpAddr::V6(end)) => {
                out.put(&[TsType::TS_IPV6_ADDR_RANGE.0, self.protocol])?;
                out.put_u16(40)?;
                out.put_u16(self.start_port)?;
                out.put_u16(self.end_port)?;
                out.put(&start.octets())?;
                out.put(&end.octets())
            }
            _ => Err(EncodeError::Invalid("Ending Address")),
        }
    }
}

/// `start-end protocol n ports m-n`.
impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, start_port, end_port, start, end } = self;
        write!(f, "{start}-{end} protocol {protocol} ports {start_port}-{end_port}")
    }
}

/// A Traffic Selector payload to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewTrafficSelectors<'a> {
    /// 1 to 255 selectors, or the payload cannot be encoded.
    pub selectors: &'a [TrafficSelector<'a>],
}

impl Encode for NewTrafficSelectors<'_> {
    fn encoded_len(&self) -> usize {
        self.selectors.iter().fold(4, |len: usize, selector| len.saturating_add(selector.encoded_len()))
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let length = self.selectors.len();
        let overflow = EncodeError::FieldOverflow { field: "Number of TSs", length };
        let count = u8::try_from(length).map_err(|_| overflow)?;
        if count == 0 {
            return Err(EncodeError::Invalid("Number of TSs"));
        }
        out.put(&[count, 0, 0, 0])?;
        self.selectors.iter().try_for_each(|selector| selector.encode(out))
    }
}

fn put_selector(out: &mut Writer<'_>, kind: TsType, protocol: u8, body: &[u8]) -> Result<(), EncodeError> {
    let length = body.len().saturating_add(HEADER_LEN);
    let field = EncodeError::FieldOverflow { field: "Selector Length", length };
    out.put(&[kind.0, protocol])?;
    out.put_u16(u16::try_from(length).map_err(|_| field)?)?;
    out.put(body)
}

/// Octets of a selector before its ports or body.
const HEADER_LEN: usize = 4;

/// Octets of a TS_IPV4_ADDR_RANGE.
const V4_LEN: usize = 16;

/// Octets of a TS_IPV6_ADDR_RANGE.
const V6_LEN: usize = 40;

/// The one length of an address range type.
const fn range_len(kind: TsType) -> Option<usize> {
    match kind {
        TsType::TS_IPV4_ADDR_RANGE => Some(V4_LEN),
        TsType::TS_IPV6_ADDR_RANGE => Some(V6_LEN),
        _ => None,
    }
}

/// The least length of a selector whose type has no one length.
const fn min_len(kind: TsType) -> usize {
    match kind {
        TsType::TS_SECLABEL => HEADER_LEN.saturating_add(1),
        _ => HEADER_LEN,
    }
}

/// Counts selectors to the end of the payload.
#[inline]
fn walk(input: &[u8]) -> Parsed<'_, usize> {
    let mut rest = input;
    let mut count: usize = 0;
    while !rest.is_empty() {
        (rest, _) = selector(rest)?;
        count = count.saturating_add(1);
    }
    Ok((rest, count))
}

/// The octets of one selector.
struct RawSelector<'a> {
    kind: TsType,
    protocol: u8,
    body: &'a [u8],
}

/// Takes one selector, whose length is that of its type.
#[inline(always)]
fn selector(input: &[u8]) -> Parsed<'_, RawSelector<'_>> {
    let (after_header, [kind, protocol, high, low]) = chunk::<HEADER_LEN>(input)?;
    let kind = TsType(kind);
    let declared = usize::from(u16::from_be_bytes([high, low]));
    let fits = match range_len(kind) {
        Some(len) => declared == len,
        None => declared >= min_len(kind),
    };
    let taken = declared.checked_sub(HEADER_LEN).filter(|_| fits).map(|left| octets(left)(after_header));
    match taken {
        Some(Ok((rest, body))) => Ok((rest, RawSelector { kind, protocol, body })),
        _ => misfit(input, kind, declared),
    }
}

/// What is wrong with a selector of type `kind` that says it has `declared` octets.
#[cold]
fn misfit(input: &[u8], kind: TsType, declared: usize) -> Parsed<'_, RawSelector<'_>> {
    let (min, max) = range_len(kind).map_or_else(|| (min_len(kind), input.len()), |len| (len, len));
    if (min..=max).contains(&declared) {
        let (at_body, _) = chunk::<HEADER_LEN>(input)?;
        let needed = declared.saturating_sub(HEADER_LEN);
        return fault(ParseErrorKind::Truncated { needed, available: at_body.len() }, at_body);
    }
    fault(ParseErrorKind::LengthField { declared, min, max }, chunk::<2>(input)?.0)
}

impl<'a> RawSelector<'a> {
    /// What the octets mean.
    #[inline]
    fn read(&self) -> TrafficSelector<'a> {
        let Self { kind, protocol, body } = *self;
        if kind == TsType::TS_SECLABEL {
            return TrafficSelector::SecurityLabel(body);
        }
        let ends: Option<(IpAddr, IpAddr)> = match (kind, body.get(4..)) {
            (TsType::TS_IPV4_ADDR_RANGE, Some(addresses)) => ends::<4>(addresses),
            (TsType::TS_IPV6_ADDR_RANGE, Some(addresses)) => ends::<16>(addresses),
            _ => None,
        };
        match (ends, body) {
            (Some((start, end)), [a, b, c, d, ..]) => {
                let start_port = u16::from_be_bytes([*a, *b]);
                let end_port = u16::from_be_bytes([*c, *d]);
                TrafficSelector::Range(AddressRange { protocol, start_port, end_port, start, end })
            }
            _ => TrafficSelector::Unknown { kind, protocol, body },
        }
    }
}

/// Two addresses of `N` octets, and nothing else.
#[inline]
fn ends<const N: usize>(addresses: &[u8]) -> Option<(IpAddr, IpAddr)>
where
    IpAddr: From<[u8; N]>,
{
    let (start, rest) = addresses.split_first_chunk::<N>()?;
    let end = <[u8; N]>::try_from(rest).ok()?;
    Some((IpAddr::from(*start), IpAddr::from(end)))
}
