use crate::address::AddressRange;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use ipsec_ip_packet::{FlowKey, Ports};
use ipsec_types::IpProtocol;

/// Which way packets cross the IPsec boundary (RFC 4301 §5).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a boundary has two sides, and what crosses it may go on")]
pub enum Direction {
    /// From us: the source is local.
    Outbound,
    /// To us: the destination is local.
    Inbound,
    /// Through us, from the peer's side to a host behind us: the destination is local as with what is inbound, but it is
    /// not for us.
    Forward,
}

/// Which ports a selector takes; of ICMP, type and code as one number, and of the Mobility Header its type likewise, in
/// the upper octet (RFC 4301 §4.4.1.1, RFC 7296 §3.13.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "crate::serialize::Ends<u16>", into = "crate::serialize::Ends<u16>")
)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4301 §4.4.1.1 has these")]
pub enum PortRange {
    /// Every packet, whether it shows a port or not. In IKEv2 0 to 65,535.
    #[default]
    Any,
    /// Only packets that show none: later fragments, and protocols without ports. In IKEv2 65,535 to 0.
    Opaque,
    /// From the first to the last, both included; build it with [`PortRange::new`]. One whose last port comes before its first
    /// takes nothing.
    Range {
        /// The first port.
        first: u16,
        /// The last port, not before the first.
        last: u16,
    },
}

impl PortRange {
    /// The ports from `first` to `last`. As in IKEv2, 0 to 65,535 is any and 65,535 to 0 opaque.
    ///
    /// # Errors
    ///
    /// [`SelectorError::Ports`] where the last comes before the first otherwise.
    pub const fn new(first: u16, last: u16) -> Result<Self, SelectorError> {
        match (first, last) {
            (0, u16::MAX) => Ok(Self::Any),
            (u16::MAX, 0) => Ok(Self::Opaque),
            (first, last) if first <= last => Ok(Self::Range { first, last }),
            _ => Err(SelectorError::Ports),
        }
    }

    /// As a range of numbers in which what is opaque follows the last port.
    fn numbers(self) -> Numbers {
        match self {
            Self::Any => (0, OPAQUE),
            Self::Opaque => (OPAQUE, OPAQUE),
            Self::Range { first, last } => (first.into(), last.into()),
        }
    }

    fn of_numbers((first, last): Numbers) -> Self {
        let port = |number: u128| u16::try_from(number).unwrap_or(u16::MAX);
        match (first, last) {
            (0, OPAQUE) => Self::Any,
            (OPAQUE, OPAQUE) => Self::Opaque,
            (first, last) => Self::Range { first: port(first), last: port(last) },
        }
    }
}

/// One end of the traffic that a policy or an SA takes: addresses, protocol and ports (RFC 4301 §4.4.1.1; in IKEv2 one
/// traffic selector, RFC 7296 §3.13.1).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Selector {
    /// The addresses.
    pub addresses: AddressRange,
    /// The protocol behind IPv6 extension headers; `None` is any.
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::protocol", default))]
    pub protocol: Option<IpProtocol>,
    /// The ports.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ports: PortRange,
}

impl Selector {
    /// Everything from or to these addresses.
    pub const fn addresses(addresses: AddressRange) -> Self {
        Self { addresses, protocol: None, ports: PortRange::Any }
    }

    /// What both take; `None` if nothing.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let protocol = match (self.protocol, other.protocol) {
            (None, protocol) | (protocol, None) => protocol,
            (Some(one), Some(two)) if one == two => Some(one),
            _ => return None,
        };
        let ports = intersect(self.ports.numbers(), other.ports.numbers()).map(PortRange::of_numbers)?;
        Some(Self { addresses: self.addresses.intersection(&other.addresses)?, protocol, ports })
    }

    /// Whether its ports end before they begin, which no constructor makes.
    pub(crate) const fn takes_nothing(&self) -> bool {
        matches!(self.ports, PortRange::Range { first, last } if first > last)
    }

    fn cells(&self) -> Cells {
        let protocol = self.protocol.map_or((0, 255), |protocol| (protocol.0.into(), protocol.0.into()));
        let (family, addresses) = self.addresses.numbers();
        Cells { family, sides: [protocol, self.ports.numbers(), addresses] }
    }

    #[inline]
    fn takes(&self, address: &IpAddr, protocol: IpProtocol, port: Option<u16>) -> bool {
        let ports = match (self.ports, port) {
            (PortRange::Any, _) | (PortRange::Opaque, None) => true,
            (PortRange::Range { first, last }, Some(port)) => first <= port && port <= last,
            (PortRange::Opaque, Some(_)) | (PortRange::Range { .. }, None) => false,
        };
        ports && self.protocol.is_none_or(|own| own == protocol) && self.addresses.holds(address)
    }
}

/// A list of selectors: it takes what any of them takes.
///
/// ```
/// use ipsec_sa_db::{AddressRange, Selector, SelectorSet};
///
/// let network = |text: &str, length| AddressRange::prefix(text.parse().unwrap(), length).unwrap();
/// let ours = SelectorSet::from(Selector::addresses(network("10.1.0.0", 16)));
/// let offered = SelectorSet::from(Selector::addresses(network("10.1.2.0", 24)));
/// assert!(ours.contains(&offered) && !offered.contains(&ours));
/// assert_eq!(ours.narrow(&offered), offered);
/// ```
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectorSet(Vec<Selector>);

impl SelectorSet {
    /// The set of these selectors.
    pub const fn new(selectors: Vec<Selector>) -> Self {
        Self(selectors)
    }

    /// All packets of both families.
    pub fn any() -> Self {
        Self([AddressRange::ANY_V4, AddressRange::ANY_V6].map(Selector::addresses).to_vec())
    }

    /// The selectors.
    pub fn as_slice(&self) -> &[Selector] {
        &self.0
    }

    /// Whether it takes nothing.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What both take: the intersection of each selector with each of the other's, in our order; none that another of
    /// them contains. At most [`MAX_NARROWED`](Self::MAX_NARROWED) come out, so that a peer's list cannot grow without
    /// bound; what is left out is taken by neither side.
    #[must_use]
    pub fn narrow(&self, other: &Self) -> Self {
        let mut narrowed: Vec<Selector> = Vec::new();
        for selector in
            self.0.iter().flat_map(|own| other.0.iter().filter_map(|theirs| own.intersection(theirs)))
        {
            let within = |outer: &Selector, inner: &Selector| outer.intersection(inner) == Some(*inner);
            if narrowed.iter().any(|held| within(held, &selector)) {
                continue;
            }
            narrowed.retain(|held| !within(&selector, held));
            if narrowed.len() >= Self::MAX_NARROWED {
                break;
            }
            narrowed.push(selector);
        }
        Self(narrowed)
    }

    /// How many selectors [`narrow`](Self::narrow) yields at most: as many as an IKEv2 payload can count.
    pub const MAX_NARROWED: usize = 255;

    /// Whether it takes all that `other` takes, also where only several selectors together cover one of `other`'s.
    ///
    /// A cover of more than 4,096 pieces is given up, and the answer is no.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.iter().filter(|selector| !selector.takes_nothing()).all(|selector| {
            let mut rest = alloc::vec![selector.cells()];
            for own in &self.0 {
                let own = own.cells();
                rest = rest.iter().flat_map(|cells| cells.without(&own)).collect();
                if rest.len() > MAX_PIECES {
                    return false;
                }
            }
            rest.is_empty()
        })
    }

    #[inline]
    fn takes(&self, address: &IpAddr, protocol: IpProtocol, port: Option<u16>) -> bool {
        // A loop stays in its caller, where `any` would be a call with the arguments in memory.
        for selector in &self.0 {
            if selector.takes(address, protocol, port) {
                return true;
            }
        }
        false
    }
}

impl From<Selector> for SelectorSet {
    fn from(selector: Selector) -> Self {
        Self(alloc::vec![selector])
    }
}

/// Both ends of the traffic that a policy or an SA takes; by default nothing.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectorPair {
    /// Our end.
    pub local: SelectorSet,
    /// The peer's end.
    pub remote: SelectorSet,
}

impl SelectorPair {
    /// All packets of both families.
    pub fn any() -> Self {
        Self { local: SelectorSet::any(), remote: SelectorSet::any() }
    }

    /// Whether a packet that crosses in this direction is taken.
    ///
    /// The type and code of ICMP have no end: both must take them.
    #[inline]
    pub fn matches(&self, direction: Direction, flow: &FlowKey) -> bool {
        let (source_port, destination_port) = match flow.ports {
            Ports::Ports { source, destination } => (Some(source), Some(destination)),
            Ports::Icmp { kind, code } => {
                let number = u16::from_be_bytes([kind, code]);
                (Some(number), Some(number))
            }
            Ports::Mobility { kind } => {
                let number = u16::from_be_bytes([kind, 0]);
                (Some(number), Some(number))
            }
            Ports::None | Ports::Opaque => (None, None),
        };
        let (source, destination) = match direction {
            Direction::Outbound => (&self.local, &self.remote),
            Direction::Inbound | Direction::Forward => (&self.remote, &self.local),
        };
        source.takes(&flow.source, flow.protocol, source_port)
            && destination.takes(&flow.destination, flow.protocol, destination_port)
    }
}

/// Why a selector cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SelectorError {
    /// The last address comes before the first, or is of the other family.
    #[error("no range of addresses")]
    Addresses,
    /// A prefix is longer than its addresses.
    #[error("prefix of {0} bits")]
    Prefix(
        /// Its length in bits.
        u8,
    ),
    /// The last port comes before the first.
    #[error("no range of ports")]
    Ports,
}

/// A range of numbers, both ends included.
pub(crate) type Numbers = (u128, u128);

/// The number behind the last port that stands for what is opaque.
const OPAQUE: u128 = 65_536;
/// Where [`SelectorSet::contains`] gives up.
const MAX_PIECES: usize = 4096;

fn intersect((a, b): Numbers, (c, d): Numbers) -> Option<Numbers> {
    let (first, last) = (a.max(c), b.min(d));
    (first <= last).then_some((first, last))
}

/// A selector as a box of numbers: protocol, ports and addresses of one family.
#[derive(Clone, Copy)]
struct Cells {
    family: bool,
    sides: [Numbers; 3],
}

impl Cells {
    /// What is left without `hole`, in boxes that do not overlap.
    fn without(&self, hole: &Self) -> Vec<Self> {
        let mut left = Vec::new();
        let mut core = *self;
        if self.family != hole.family {
            return alloc::vec![core];
        }
        for (side, cut) in hole.sides.iter().enumerate() {
            let Some(own) = core.sides.get(side).copied() else { continue };
            let Some(common) = intersect(own, *cut) else {
                return alloc::vec![*self];
            };
            let mut keep = |numbers: Numbers| {
                let mut piece = core;
                if let Some(slot) = piece.sides.get_mut(side) {
                    *slot = numbers;
                }
                left.push(piece);
            };
            if own.0 < common.0 {
                keep((own.0, common.0 - 1));
            }
            if common.1 < own.1 {
                keep((common.1 + 1, own.1));
            }
            if let Some(slot) = core.sides.get_mut(side) {
                *slot = common;
            }
        }
        left
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.addresses)?;
        match self.protocol {
            Some(protocol) => write!(f, " {protocol}")?,
            None if self.ports == PortRange::Any => return Ok(()),
            None => f.write_str(" any")?,
        }
        match self.ports {
            PortRange::Any => Ok(()),
            PortRange::Opaque => f.write_str(" opaque"),
            PortRange::Range { first, last } if first == last => write!(f, " {first}"),
            PortRange::Range { first, last } => write!(f, " {first}-{last}"),
        }
    }
}
