//! Selectors on the wire and selectors of the databases: the traffic selectors of IKEv2 (RFC 7296 §2.9, §3.13) and the
//! phase-2 identities of IKEv1 (RFC 2407 §4.6.2) as those of RFC 4301 §4.4.1.1, and back.

#[cfg(feature = "ikev1")]
mod phase2;

use alloc::vec::Vec;
use ikev2_wire::{AddressRange as WireRange, TrafficSelector, TrafficSelectors};
use ipsec_ip_packet::{FlowKey, Ports};
use ipsec_sa_db::{AddressRange, PortRange, Selector, SelectorSet};
use ipsec_types::IpProtocol;
#[cfg(feature = "ikev1")]
pub use phase2::{Phase2Identity, Phase2IdentityError};

/// The selectors of a payload. Those of unknown types and those that no packet matches are left out
/// (RFC 7296 §3.13.1).
///
/// ```
/// use ikev2_wire::{TrafficSelector, TrafficSelectors};
/// use ipsec_ike::selectors::{from_wire, to_wire};
///
/// // UDP port 53 of 10.1.0.0/24.
/// let body = [1, 0, 0, 0, 7, 17, 0, 16, 0, 53, 0, 53, 10, 1, 0, 0, 10, 1, 0, 255];
/// let payload = TrafficSelectors::decode(&body, 0)?;
/// let set = from_wire(&payload);
/// assert_eq!(set.as_slice()[0].to_string(), "10.1.0.0/24 udp 53");
/// assert!(to_wire(&set).into_iter().eq(payload.iter()));
/// # Ok::<(), ipsec_types::ParseError>(())
/// ```
pub fn from_wire(payload: &TrafficSelectors<'_>) -> SelectorSet {
    SelectorSet::new(payload.iter().filter_map(|selector| selector_from_wire(&selector)).collect())
}

fn selector_from_wire(selector: &TrafficSelector<'_>) -> Option<Selector> {
    let TrafficSelector::Range(range) = selector else { return None };
    Some(Selector {
        addresses: AddressRange::new(range.start, range.end).ok()?,
        protocol: (range.protocol != 0).then_some(IpProtocol(range.protocol)),
        ports: PortRange::new(range.start_port, range.end_port).ok()?,
    })
}

/// The wire form of a set; at most as many selectors as a payload can count. Protocol 0 alone cannot be said there: it reads as
/// any, and the endpoint refuses policies of it.
pub fn to_wire(set: &SelectorSet) -> Vec<TrafficSelector<'static>> {
    set.as_slice()
        .iter()
        .take(SelectorSet::MAX_NARROWED)
        .map(|own| TrafficSelector::Range(wire_range(own)))
        .collect()
}

fn wire_range(selector: &Selector) -> WireRange {
    let (start_port, end_port) = match selector.ports {
        PortRange::Any => (0, u16::MAX),
        PortRange::Opaque => (u16::MAX, 0),
        PortRange::Range { first, last } => (first, last),
    };
    WireRange {
        protocol: selector.protocol.map_or(0, |protocol| protocol.0),
        start_port,
        end_port,
        start: selector.addresses.first(),
        end: selector.addresses.last(),
    }
}

/// A set with the selector of one packet's end in front (RFC 7296 §2.9).
pub(crate) fn with_packet(set: &SelectorSet, flow: &FlowKey, local: bool) -> SelectorSet {
    let (address, port) = match (local, flow.ports) {
        (true, Ports::Ports { source, .. }) => (flow.source, Some(source)),
        (true, _) => (flow.source, None),
        (false, Ports::Ports { destination, .. }) => (flow.destination, Some(destination)),
        (false, _) => (flow.destination, None),
    };
    let ports = port.map_or(PortRange::Any, |port| PortRange::Range { first: port, last: port });
    let packet = Selector { addresses: AddressRange::single(address), protocol: Some(flow.protocol), ports };
    let rest = set.as_slice().iter().take(SelectorSet::MAX_NARROWED - 1).copied();
    SelectorSet::new([packet].into_iter().chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ikev2_wire::TsType;

    fn range(first: &str, last: &str, protocol: u8, ports: (u16, u16)) -> WireRange {
        WireRange {
            protocol,
            start_port: ports.0,
            end_port: ports.1,
            start: first.parse().unwrap(),
            end: last.parse().unwrap(),
        }
    }

    #[test]
    fn rfc7296_3_13_1_any_and_opaque_ports_round_trip() {
        for ports in [(0, u16::MAX), (u16::MAX, 0), (7, 9), (0, 0), (u16::MAX, u16::MAX)] {
            for protocol in [0, 17, 255] {
                let wire = range("10.0.0.0", "10.0.0.255", protocol, ports);
                let own = selector_from_wire(&TrafficSelector::Range(wire)).unwrap();
                assert_eq!(wire_range(&own), wire);
            }
        }
    }

    #[test]
    fn w2_18_what_no_packet_matches_is_left_out() {
        let odd = [
            TrafficSelector::Range(range("10.0.0.2", "10.0.0.1", 0, (0, u16::MAX))),
            TrafficSelector::Range(range("10.0.0.1", "10.0.0.1", 6, (9, 7))),
            TrafficSelector::Unknown { kind: TsType(9), protocol: 0, body: &[] },
        ];
        assert!(odd.iter().all(|selector| selector_from_wire(selector).is_none()));
    }
}
