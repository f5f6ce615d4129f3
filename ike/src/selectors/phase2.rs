use core::net::IpAddr;
use ikev1_wire::{IdType, IdValue, Identification};
use ipsec_sa_db::{AddressRange, PortRange, Selector};
use ipsec_types::IpProtocol;

/// A selector as IDci or IDcr of Quick Mode has it (RFC 2407 §4.6.2, RFC 2409 §5.5): one address, network or range, one
/// protocol or all, one port or all.
///
/// ```
/// use ikev1_wire::Identification;
/// use ipsec_ike::selectors::Phase2Identity;
///
/// // TCP port 80 of 10.1.0.0/24.
/// let wire = Identification::decode(&[4, 6, 0, 80, 10, 1, 0, 0, 255, 255, 255, 0], 0)?;
/// let identity = Phase2Identity::from_wire(&wire)?;
/// assert_eq!(identity.selector().to_string(), "10.1.0.0/24 tcp 80");
/// assert_eq!(identity.to_wire(&mut [0; Phase2Identity::MAX_LEN]), wire);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Phase2Identity(Selector);

impl Phase2Identity {
    /// Octets of the longest data: two addresses of IPv6.
    pub const MAX_LEN: usize = 32;

    /// A selector that an identity can say.
    ///
    /// # Errors
    ///
    /// [`Phase2IdentityError::Ports`] for several ports but not all, port 0 alone, packets that show none, ports of all
    /// protocols, and protocol 0 alone: 0 stands for all of them.
    pub fn new(selector: Selector) -> Result<Self, Phase2IdentityError> {
        let sayable = match (selector.protocol, selector.ports) {
            (Some(IpProtocol(0)), _) => false,
            (_, PortRange::Any) => true,
            (Some(_), PortRange::Range { first, last }) => first == last && first != 0,
            (None, PortRange::Range { .. }) | (_, PortRange::Opaque) => false,
        };
        if sayable { Ok(Self(selector)) } else { Err(Phase2IdentityError::Ports) }
    }

    /// Reads an identity. Where the mask of a network leaves ones of its address out, the network counts.
    ///
    /// # Errors
    ///
    /// [`Phase2IdentityError`].
    pub fn from_wire(identity: &Identification<'_>) -> Result<Self, Phase2IdentityError> {
        let addresses = match identity.value() {
            IdValue::Address(address) => AddressRange::single(address),
            IdValue::Subnet { address, mask } => {
                let length = prefix_length(mask).ok_or(Phase2IdentityError::Mask)?;
                AddressRange::prefix(address, length).map_err(|_| Phase2IdentityError::Mask)?
            }
            IdValue::Range { first, last } => {
                AddressRange::new(first, last).map_err(|_| Phase2IdentityError::Range)?
            }
            IdValue::Octets(_) | _ => return Err(Phase2IdentityError::Kind),
        };
        let protocol = Some(identity.protocol()).filter(|protocol| protocol.0 != 0);
        let ports = match identity.port() {
            0 => PortRange::Any,
            port => PortRange::Range { first: port, last: port },
        };
        Self::new(Selector { addresses, protocol, ports })
    }

    /// The identity for a payload: an address or network where the addresses are one, else a range. `data` is where its
    /// octets are put.
    pub fn to_wire<'d>(&self, data: &'d mut [u8; Self::MAX_LEN]) -> Identification<'d> {
        let Selector { addresses, protocol, ports } = self.0;
        let (first, last) = (addresses.first(), addresses.last());
        let [single, subnet, range] = kinds(first);
        let (kind, second) = match network_mask(first, last) {
            _ if first == last => (single, None),
            Some(mask) => (subnet, Some(mask)),
            None => (range, Some(last)),
        };
        let len = put(first, data, 0);
        let len = second.map_or(len, |second| put(second, data, len));
        let port = match ports {
            PortRange::Range { first, .. } => first,
            PortRange::Any | PortRange::Opaque => 0,
        };
        let octets: &'d [u8] = data;
        Identification::new(kind, octets.get(..len).unwrap_or_default())
            .with_port(protocol.unwrap_or(IpProtocol(0)), port)
    }

    /// The selector.
    pub const fn selector(&self) -> &Selector {
        &self.0
    }
}

/// Why an identity is no selector, or a selector no identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Phase2IdentityError {
    /// A name, a key id, or an unknown type.
    #[error("an identity that is no address")]
    Kind,
    /// A mask with ones behind zeros.
    #[error("a mask that is none of a prefix")]
    Mask,
    /// The last address of a range comes before the first.
    #[error("a range that ends before it begins")]
    Range,
    /// Ports that one number cannot say, or a port of all protocols.
    #[error("ports that an identity cannot say")]
    Ports,
}

/// The types of an address, a network and a range of a family.
const fn kinds(address: IpAddr) -> [IdType; 3] {
    match address {
        IpAddr::V4(_) => [IdType::ID_IPV4_ADDR, IdType::ID_IPV4_ADDR_SUBNET, IdType::ID_IPV4_ADDR_RANGE],
        IpAddr::V6(_) => [IdType::ID_IPV6_ADDR, IdType::ID_IPV6_ADDR_SUBNET, IdType::ID_IPV6_ADDR_RANGE],
    }
}

fn prefix_length(mask: IpAddr) -> Option<u8> {
    let (ones, all) = match mask {
        IpAddr::V4(mask) => (mask.to_bits().leading_ones(), mask.to_bits().count_ones()),
        IpAddr::V6(mask) => (mask.to_bits().leading_ones(), mask.to_bits().count_ones()),
    };
    (ones == all).then(|| u8::try_from(ones).ok()).flatten()
}

/// The mask of the network that a range is; `None` where it is none.
fn network_mask(first: IpAddr, last: IpAddr) -> Option<IpAddr> {
    let mask: IpAddr = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => (!(first.to_bits() ^ last.to_bits())).to_be_bytes().into(),
        (IpAddr::V6(first), IpAddr::V6(last)) => (!(first.to_bits() ^ last.to_bits())).to_be_bytes().into(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    let network = AddressRange::prefix(first, prefix_length(mask)?).ok()?;
    ((network.first(), network.last()) == (first, last)).then_some(mask)
}

/// Puts an address at `at`; where it ends.
fn put(address: IpAddr, data: &mut [u8], at: usize) -> usize {
    let (v4, v6);
    let octets: &[u8] = match address {
        IpAddr::V4(address) => {
            v4 = address.octets();
            &v4
        }
        IpAddr::V6(address) => {
            v6 = address.octets();
            &v6
        }
    };
    let end = at.saturating_add(octets.len());
    if let Some(place) = data.get_mut(at..end) {
        place.copy_from_slice(octets);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn read(body: &[u8]) -> Result<Selector, Phase2IdentityError> {
        Phase2Identity::from_wire(&Identification::decode(body, 0).unwrap())
            .map(|identity| *identity.selector())
    }

    /// The body of an identity of this type.
    fn body(kind: u8, protocol: u8, port: u16, addresses: &[&str]) -> Vec<u8> {
        let [high, low] = port.to_be_bytes();
        let mut body = Vec::from([kind, protocol, high, low]);
        for text in addresses {
            match text.parse().unwrap() {
                IpAddr::V4(address) => body.extend(address.octets()),
                IpAddr::V6(address) => body.extend(address.octets()),
            }
        }
        body
    }

    #[test]
    fn rfc2407_4_6_2_each_form_there_and_back() {
        use alloc::string::ToString as _;
        let cases: [(u8, u8, u16, &[&str], &str); 9] = [
            (1, 0, 0, &["10.1.0.5"], "10.1.0.5"),
            (4, 17, 0, &["10.1.0.0", "255.255.0.0"], "10.1.0.0/16 udp"),
            (4, 0, 0, &["0.0.0.0", "0.0.0.0"], "0.0.0.0/0"),
            (7, 6, 80, &["10.1.0.5", "10.1.0.9"], "10.1.0.5-10.1.0.9 tcp 80"),
            (7, 0, 0, &["10.1.0.1", "10.1.0.2"], "10.1.0.1-10.1.0.2"),
            (5, 6, 65_535, &["2001:db8::1"], "2001:db8::1 tcp 65535"),
            (6, 0, 0, &["2001:db8::", "ffff:ffff::"], "2001:db8::/32"),
            (6, 0, 0, &["::", "::"], "::/0"),
            (8, 58, 0, &["2001:db8::1", "2001:db8::4"], "2001:db8::1-2001:db8::4 ipv6-icmp"),
        ];
        for (kind, protocol, port, addresses, shown) in cases {
            let octets = body(kind, protocol, port, addresses);
            let wire = Identification::decode(&octets, 0).unwrap();
            let identity = Phase2Identity::from_wire(&wire).unwrap();
            let text = identity.selector().to_string();
            assert!(text == shown || protocol == 58 && text.starts_with("2001:db8::1-2001:db8::4"), "{text}");
            assert_eq!(identity.to_wire(&mut [0xee; 32]), wire, "{shown}");
        }
    }

    #[test]
    fn the_simplest_form_is_written() {
        let written = |kind, addresses: &[&str]| {
            let octets = body(kind, 0, 0, addresses);
            let identity = Phase2Identity::from_wire(&Identification::decode(&octets, 0).unwrap()).unwrap();
            let mut data = [0; 32];
            let wire = identity.to_wire(&mut data);
            (wire.kind(), wire.data().to_vec())
        };
        assert_eq!(written(7, &["10.1.0.5", "10.1.0.5"]), (IdType::ID_IPV4_ADDR, [10, 1, 0, 5].into()));
        assert_eq!(
            written(4, &["10.1.0.5", "255.255.255.255"]),
            (IdType::ID_IPV4_ADDR, [10, 1, 0, 5].into())
        );
        // A range that is a network, and a network that is written with an address in it.
        let network = (IdType::ID_IPV4_ADDR_SUBNET, [10, 1, 0, 0, 255, 255, 0, 0].into());
        assert_eq!(written(7, &["10.1.0.0", "10.1.255.255"]), network);
        assert_eq!(written(4, &["10.1.7.9", "255.255.0.0"]), network);
        // One whose last address looks like its mask.
        let all = (IdType::ID_IPV4_ADDR_SUBNET, [128, 0, 0, 0, 128, 0, 0, 0].into());
        assert_eq!(written(7, &["128.0.0.0", "255.255.255.255"]), all);
    }

    #[test]
    fn w1_hostile_identities_are_no_selectors() {
        use Phase2IdentityError as Refused;
        let cases: [(u8, u8, u16, &[&str], Refused); 8] = [
            (7, 0, 0, &["10.1.0.9", "10.1.0.5"], Refused::Range),
            (8, 0, 0, &["2001:db8::2", "2001:db8::1"], Refused::Range),
            (4, 0, 0, &["10.1.0.0", "255.0.255.0"], Refused::Mask),
            (4, 0, 0, &["10.1.0.0", "0.0.0.255"], Refused::Mask),
            (6, 0, 0, &["2001:db8::", "ffff:0:ffff::"], Refused::Mask),
            (1, 0, 80, &["10.1.0.1"], Refused::Ports),
            (2, 0, 0, &["10.1.0.1"], Refused::Kind),
            (77, 0, 0, &[], Refused::Kind),
        ];
        for (kind, protocol, port, addresses, refused) in cases {
            assert_eq!(read(&body(kind, protocol, port, addresses)), Err(refused), "{kind} {addresses:?}");
        }
        for kind in [2, 3, 9, 10, 11] {
            assert_eq!(read(&[kind, 0, 0, 0, b'a']), Err(Refused::Kind));
        }
    }

    #[test]
    fn selectors_that_no_identity_says_are_refused() {
        let selector = |protocol: Option<u8>, ports| Selector {
            addresses: AddressRange::ANY_V4,
            protocol: protocol.map(IpProtocol),
            ports,
        };
        let range = |first, last| PortRange::Range { first, last };
        let refused = [
            (Some(6), range(80, 81)),
            (Some(6), range(0, 0)),
            (Some(6), PortRange::Opaque),
            (None, PortRange::Opaque),
            (None, range(80, 80)),
            (Some(0), PortRange::Any),
        ];
        for (protocol, ports) in refused {
            let refused = Phase2Identity::new(selector(protocol, ports));
            assert_eq!(refused, Err(Phase2IdentityError::Ports), "{protocol:?} {ports:?}");
        }
        for (protocol, ports) in [(Some(6), range(1, 1)), (Some(6), PortRange::Any), (None, PortRange::Any)] {
            assert!(Phase2Identity::new(selector(protocol, ports)).is_ok());
        }
    }
}
