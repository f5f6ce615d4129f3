use crate::{AddressRange, PortRange, Selector, SelectorPair, SelectorSet};
use alloc::vec::Vec;
use core::net::IpAddr;
use ipsec_ip_packet::{FlowKey, Ports};

/// Which values of the packet that calls for an SA become selectors of the SA: the PFP flags (RFC 4301 §4.4.1.2).
///
/// With all of them each flow gets an SA of its own; with none all packets of the policy share one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Populate {
    /// The local address.
    pub local_address: bool,
    /// The remote address.
    pub remote_address: bool,
    /// The protocol.
    pub protocol: bool,
    /// The local port, or type and code of ICMP.
    pub local_port: bool,
    /// The remote port, or type and code of ICMP.
    pub remote_port: bool,
}

impl Populate {
    /// All values are those of the policy.
    pub const NOTHING: Self = Self {
        local_address: false,
        remote_address: false,
        protocol: false,
        local_port: false,
        remote_port: false,
    };

    /// The pair with the values of a packet on its way out in place of its own.
    pub(crate) fn narrow(self, pair: &SelectorPair, flow: &FlowKey) -> SelectorPair {
        let (source, destination) = match flow.ports {
            Ports::Ports { source, destination } => (Some(source), Some(destination)),
            Ports::Icmp { kind, code } => {
                let number = Some(u16::from_be_bytes([kind, code]));
                (number, number)
            }
            Ports::Mobility { kind } => {
                let number = Some(u16::from_be_bytes([kind, 0]));
                (number, number)
            }
            Ports::None | Ports::Opaque => (None, None),
        };
        let end = |address: IpAddr, take_address, port: Option<u16>, take_port: bool| {
            let addresses = match address {
                _ if take_address => AddressRange::single(address),
                IpAddr::V4(_) => AddressRange::ANY_V4,
                IpAddr::V6(_) => AddressRange::ANY_V6,
            };
            // A packet that shows no port gets an SA for those that show none.
            let shown = port.map_or(PortRange::Opaque, |port| PortRange::Range { first: port, last: port });
            let ports = if take_port { shown } else { PortRange::Any };
            Selector { addresses, protocol: (self.protocol || take_port).then_some(flow.protocol), ports }
        };
        let local = end(flow.source, self.local_address, source, self.local_port);
        let remote = end(flow.destination, self.remote_address, destination, self.remote_port);
        SelectorPair {
            local: merged(pair.local.as_slice(), local, self.local_address),
            remote: merged(pair.remote.as_slice(), remote, self.remote_address),
        }
    }
}

/// What the selectors and `packet` have in common. Those of the other family stay as they are, unless the address counts.
fn merged(selectors: &[Selector], packet: Selector, address: bool) -> SelectorSet {
    let family = packet.addresses.first().is_ipv4();
    let own = SelectorSet::new(selectors.to_vec());
    let mut filters = Vec::from([packet]);
    if !address {
        let other = if family { AddressRange::ANY_V6 } else { AddressRange::ANY_V4 };
        filters.push(Selector { addresses: other, ..packet });
    }
    own.narrow(&SelectorSet::new(filters))
}

#[cfg(test)]
mod tests {
    use crate::{AddressRange, PortRange, SelectorSet};
    use crate::{ChildProposal, PeerId, Policy, PolicyAction, Populate, Protect, Selector, SelectorPair};
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use ipsec_ip_packet::{FlowKey, Ports};
    use ipsec_types::IpProtocol;

    fn policy(populate: Populate) -> Policy {
        let network = |text: &str| AddressRange::prefix(text.parse().unwrap(), 16).unwrap();
        let remote = [network("10.2.0.0"), network("10.3.0.0")].map(Selector::addresses).to_vec();
        let selectors = SelectorPair {
            local: Selector::addresses(network("10.1.0.0")).into(),
            remote: SelectorSet::new(remote),
        };
        let protect = Protect { populate, ..Protect::tunnel(PeerId(1), ChildProposal::recommended()) };
        Policy::new(selectors, PolicyAction::Protect(protect))
    }

    fn flow(ports: Ports) -> FlowKey {
        let [source, destination] = ["10.1.0.5", "10.3.0.9"].map(|text| text.parse().unwrap());
        FlowKey { source, destination, protocol: IpProtocol::TCP, ports }
    }

    fn shown(pair: &SelectorPair) -> [Vec<alloc::string::String>; 2] {
        [&pair.local, &pair.remote].map(|set| set.as_slice().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn rfc4301_4_4_1_2_values_of_the_packet_where_the_flags_say_so() {
        let ports = Ports::Ports { source: 4000, destination: 80 };
        let wanted = |populate| shown(&policy(populate).selectors_for(&flow(ports)));
        assert_eq!(wanted(Populate::NOTHING), [&["10.1.0.0/16"][..], &["10.2.0.0/16", "10.3.0.0/16"]]);
        let hosts = Populate { local_address: true, remote_address: true, ..Populate::NOTHING };
        assert_eq!(wanted(hosts), [["10.1.0.5"], ["10.3.0.9"]]);
        let service = Populate { remote_port: true, remote_address: true, ..Populate::NOTHING };
        assert_eq!(wanted(service), [["10.1.0.0/16"], ["10.3.0.9 tcp 80"]]);
        let protocol = Populate { protocol: true, ..Populate::NOTHING };
        assert_eq!(wanted(protocol)[1], ["10.2.0.0/16 tcp", "10.3.0.0/16 tcp"]);
    }

    #[test]
    fn pd_02_a_later_fragment_populates_opaque_and_not_port_0() {
        let ports = Populate { remote_port: true, ..Populate::NOTHING };
        let pair = policy(ports).selectors_for(&flow(Ports::Opaque));
        assert!(pair.remote.as_slice().iter().all(|selector| selector.ports == PortRange::Opaque));
    }

    #[test]
    fn rfc4301_4_4_1_2_whatever_the_flags_the_sa_takes_the_packet_and_nothing_beyond_the_policy() {
        let network = |text: &str, length| AddressRange::prefix(text.parse().unwrap(), length).unwrap();
        let both = |v4, v6| [network(v4, 16), network(v6, 48)].map(Selector::addresses).to_vec();
        let selectors = SelectorPair {
            local: SelectorSet::new(both("10.1.0.0", "2001:db8:1::")),
            remote: SelectorSet::new(both("10.2.0.0", "2001:db8:2::")),
        };
        let flow = |v6: bool, protocol, ports| {
            let ends = if v6 { ["2001:db8:1::5", "2001:db8:2::9"] } else { ["10.1.0.5", "10.2.0.9"] };
            let [source, destination] = ends.map(|text| text.parse().unwrap());
            FlowKey { source, destination, protocol, ports }
        };
        // With the ports that their SA is for, where it is for some.
        let shown = |number| PortRange::new(number, number).unwrap();
        let tcp = Ports::Ports { source: 4000, destination: 80 };
        let flows = [
            (IpProtocol::TCP, tcp, [shown(4000), shown(80)]),
            (IpProtocol::UDP, Ports::Opaque, [PortRange::Opaque; 2]),
            (IpProtocol::GRE, Ports::None, [PortRange::Opaque; 2]),
            (IpProtocol::ICMP, Ports::Icmp { kind: 8, code: 1 }, [shown(0x0801); 2]),
            (IpProtocol(135), Ports::Mobility { kind: 5 }, [shown(0x0500); 2]),
        ];
        for (bits, v6) in (0u8..32).flat_map(|bits| [(bits, false), (bits, true)]) {
            let flag = |at: u8| bits >> at & 1 == 1;
            let populate = Populate {
                local_address: flag(0),
                remote_address: flag(1),
                protocol: flag(2),
                local_port: flag(3),
                remote_port: flag(4),
            };
            let protect = Protect { populate, ..Protect::tunnel(PeerId(1), ChildProposal::recommended()) };
            let policy = Policy::new(selectors.clone(), PolicyAction::Protect(protect));
            for (protocol, ports, [local_port, remote_port]) in flows {
                let flow = flow(v6, protocol, ports);
                let pair = policy.selectors_for(&flow);
                assert!(pair.matches(crate::Direction::Outbound, &flow), "{populate:?} {flow:?}");
                assert!(selectors.local.contains(&pair.local) && selectors.remote.contains(&pair.remote));
                let has = |set: &SelectorSet, address: bool, port: Option<PortRange>| {
                    set.as_slice().iter().all(|own| {
                        port.is_none_or(|port| own.ports == port && own.protocol == Some(protocol))
                            && (!flag(2) || own.protocol == Some(protocol))
                            && (!address || own.addresses.first() == own.addresses.last())
                    })
                };
                assert!(has(&pair.local, flag(0), flag(3).then_some(local_port)), "{populate:?} {pair:?}");
                assert!(has(&pair.remote, flag(1), flag(4).then_some(remote_port)), "{populate:?} {pair:?}");
            }
        }
    }
}
