use crate::{Direction, Identity};
use alloc::vec::Vec;
use core::ops::BitOr;
use ipsec_ip_packet::FlowKey;

/// Where and for whom a policy counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Scope {
    /// In which directions.
    pub directions: Directions,
    /// Only on this interface; `None` is any, or none. A policy of all packets of one interface makes a tunnel that
    /// routes lead into: what routing sends there is protected, whatever its addresses.
    pub interface: Option<InterfaceId>,
    /// Only for packets that are marked so.
    pub mark: Option<Mark>,
    /// Only for packets of these: the names of RFC 4301 §4.4.1.1, whatever tells the packet of one from that of another.
    /// Without a name it counts for everybody.
    pub names: Vec<Identity>,
}

impl Scope {
    pub(crate) const EVERYWHERE: Self =
        Self { directions: Directions::ALL, interface: None, mark: None, names: Vec::new() };

    /// Whether the policy counts for a packet.
    pub fn takes(&self, traffic: &Traffic<'_>) -> bool {
        self.directions.has(traffic.direction)
            && self.interface.is_none_or(|own| traffic.interface == Some(own))
            && self.mark.is_none_or(|own| own.takes(traffic.mark))
            && (self.names.is_empty() || traffic.name.is_some_and(|name| self.names.contains(name)))
    }
}

/// A packet that crosses the IPsec boundary, and what is known of it beside its headers.
#[derive(Clone, Copy, Debug)]
pub struct Traffic<'a> {
    /// Which way it crosses.
    pub direction: Direction,
    /// Its addresses, protocol and ports.
    pub flow: &'a FlowKey,
    /// The interface it is routed to or came from, where there are policies of interfaces.
    pub interface: Option<InterfaceId>,
    /// How it is marked; 0 without a mark.
    pub mark: u32,
    /// Whose it is.
    pub name: Option<&'a Identity>,
}

impl<'a> Traffic<'a> {
    /// A packet of no interface, without mark and name.
    pub const fn new(direction: Direction, flow: &'a FlowKey) -> Self {
        Self { direction, flow, interface: None, mark: 0, name: None }
    }
}

/// A set of [`Direction`]s.
///
/// ```
/// use ipsec_sa_db::{Direction, Directions};
///
/// let both = Directions::INBOUND | Directions::FORWARD;
/// assert!(both.has(Direction::Forward) && !both.has(Direction::Outbound));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "crate::serialize::Bits")
)]
pub struct Directions(u8);

impl Directions {
    /// From us.
    pub const OUTBOUND: Self = Self(1);
    /// To us.
    pub const INBOUND: Self = Self(2);
    /// Through us.
    pub const FORWARD: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    /// Whether the direction is among them.
    pub const fn has(self, direction: Direction) -> bool {
        self.0 & Self::of(direction).0 != 0
    }

    /// The set of one direction.
    pub const fn of(direction: Direction) -> Self {
        match direction {
            Direction::Outbound => Self::OUTBOUND,
            Direction::Inbound => Self::INBOUND,
            Direction::Forward => Self::FORWARD,
        }
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// The set that has these bits, if they are of directions.
    #[cfg(feature = "serde")]
    pub(crate) const fn of_bits(bits: u8) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 { Some(Self(bits)) } else { None }
    }
}

impl Default for Directions {
    /// All of them.
    fn default() -> Self {
        Self::ALL
    }
}

impl BitOr for Directions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Names an interface that packets are routed to or come from: a number of the caller's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InterfaceId(
    /// The number.
    pub u32,
);

/// Which marks of packets count: those that are `value` where `mask` has ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mark {
    /// What the mark has to be.
    pub value: u32,
    /// Where it counts.
    pub mask: u32,
}

impl Mark {
    /// Exactly this mark.
    pub const fn exactly(value: u32) -> Self {
        Self { value, mask: u32::MAX }
    }

    /// Whether a packet with this mark is meant.
    pub const fn takes(self, mark: u32) -> bool {
        (mark ^ self.value) & self.mask == 0
    }
}
