use core::net::IpAddr;
use ipsec_ip_packet::{DfRule, DscpRule, EcnMode, FlowLabelRule, HopLimitRule, Tunnel, TunnelError};
use ipsec_types::{Carrier, Path};

/// The tunnel header of a policy: where it leads, and what its fields say (RFC 4301 §4.4.1.2, §5.1.2).
///
/// Directly on IP, ESP and AH go between these addresses. In UDP or TCP they go between the addresses and ports of the IKE
/// SA, whatever is fixed here: a NAT knows no others.
///
/// In TCP no packet has an outer header of its own: segments are cut where TCP likes. So ECN is in compatibility mode there,
/// and DSCP the same for all packets: what [`DscpRule::Set`] says, otherwise 0; nothing of the outer header comes out of the
/// tunnel (RFC 9329 §9.3, §9.5).
///
/// ```
/// use ipsec_ip_packet::{DfRule, IpHeader, OuterHeader};
/// use ipsec_sa_db::{TunnelEnd, TunnelHeader};
/// use ipsec_types::{Carrier, Path};
///
/// let path = Path {
///     local: "192.0.2.1:500".parse()?,
///     remote: "198.51.100.1:500".parse()?,
///     carrier: Carrier::Udp,
/// };
/// let header = TunnelHeader {
///     local: TunnelEnd::Fixed([192, 0, 2, 9].into()),
///     dont_fragment: DfRule::Clear,
///     ..TunnelHeader::default()
/// };
/// let inner = [0x45, 0, 0, 20, 0, 0, 0x40, 0, 9, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1];
/// let OuterHeader::V4(outer) = header.on(&path)?.outer(&inner)? else { panic!("IPv4") };
/// assert_eq!((outer.source, outer.destination), ([192, 0, 2, 9].into(), [198, 51, 100, 1].into()));
/// assert!(!outer.dont_fragment);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct TunnelHeader {
    /// The local tunnel address.
    pub local: TunnelEnd,
    /// The remote tunnel address.
    pub remote: TunnelEnd,
    /// What becomes of DSCP; copied by default.
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::rules::Dscp"))]
    pub dscp: DscpRule,
    /// What becomes of ECN; normal by default. Compatibility mode is for peers that cannot read the outer header of what
    /// they receive, as with many that receive from UDP sockets.
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::rules::Ecn"))]
    pub ecn: EcnMode,
    /// What the outer DF bit is over IPv4; copied by default.
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::rules::Df"))]
    pub dont_fragment: DfRule,
    /// What the outer flow label is over IPv6; 0 by default.
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::rules::FlowLabel"))]
    pub flow_label: FlowLabelRule,
    /// The outer TTL or hop limit; 64 by default.
    #[cfg_attr(feature = "serde", serde(with = "crate::serialize::rules::HopLimit"))]
    pub hop_limit: HopLimitRule,
    /// Whether decapsulation takes the outer DSCP over into the inner header; off by default: see
    /// [`Tunnel::uniform_dscp`].
    pub uniform_dscp: bool,
}

/// An end of the tunnel of a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_enums, reason = "an address is known before or it is not")]
pub enum TunnelEnd {
    /// The address of the IKE SA at this end, as its packets have it: that of a peer that roams is where its last authentic
    /// packet came from.
    #[default]
    Ike,
    /// This address.
    Fixed(
        /// It.
        IpAddr,
    ),
}

impl TunnelEnd {
    const fn or(self, ike: IpAddr) -> IpAddr {
        match self {
            Self::Ike => ike,
            Self::Fixed(address) => address,
        }
    }
}

impl TunnelHeader {
    /// Between the addresses of the IKE SA, with the fields that RFC 4301 §5.1.2 has where nothing is configured.
    pub const DEFAULT: Self = Self {
        local: TunnelEnd::Ike,
        remote: TunnelEnd::Ike,
        dscp: DscpRule::Copy,
        ecn: EcnMode::Normal,
        dont_fragment: DfRule::Copy,
        flow_label: FlowLabelRule::Set(0),
        hop_limit: HopLimitRule::Set(64),
        uniform_dscp: false,
    };

    /// The local and the remote address of the tunnel of an SA whose IKE SA has this path.
    pub const fn ends(&self, path: &Path) -> (IpAddr, IpAddr) {
        let (local, remote) = (path.local.ip(), path.remote.ip());
        match path.carrier {
            Carrier::Udp => (self.local.or(local), self.remote.or(remote)),
            Carrier::UdpEncapsulated | Carrier::Tcp => (local, remote),
        }
    }

    /// What makes the outer headers of an SA whose IKE SA has this path, and reads those of the packets that come back.
    ///
    /// # Errors
    ///
    /// [`TunnelError`] where the ends are of different families.
    pub fn on(&self, path: &Path) -> Result<Tunnel, TunnelError> {
        let (local, remote) = self.ends(path);
        let mut tunnel = Tunnel::new(local, remote)?;
        tunnel.dscp = self.dscp.clone();
        tunnel.ecn = self.ecn;
        tunnel.dont_fragment = self.dont_fragment;
        tunnel.flow_label = self.flow_label;
        tunnel.hop_limit = self.hop_limit;
        tunnel.uniform_dscp = self.uniform_dscp;
        if path.carrier == Carrier::Tcp {
            tunnel.ecn = EcnMode::Compatibility;
            tunnel.uniform_dscp = false;
            if !matches!(tunnel.dscp, DscpRule::Set(_)) {
                tunnel.dscp = DscpRule::Set(0);
            }
        }
        Ok(tunnel)
    }

    /// Whether there can be a path for it: two fixed ends are of one family.
    pub(crate) const fn is_possible(&self) -> bool {
        match (self.local, self.remote) {
            (TunnelEnd::Fixed(local), TunnelEnd::Fixed(remote)) => local.is_ipv4() == remote.is_ipv4(),
            (TunnelEnd::Ike, _) | (_, TunnelEnd::Ike) => true,
        }
    }
}

impl Default for TunnelHeader {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use ipsec_ip_packet::OuterHeader;

    fn path(carrier: Carrier) -> Path {
        let [local, remote] = ["192.0.2.1:500", "198.51.100.1:4500"].map(|text| text.parse().unwrap());
        Path { local, remote, carrier }
    }

    fn inner() -> [u8; 20] {
        [0x45, 0xb9, 0, 20, 0, 0, 0x40, 0, 9, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1]
    }

    #[test]
    fn rfc4301_4_4_1_2_fixed_ends_count_on_ip_and_those_of_ike_in_udp() {
        let fixed = |text: &str| TunnelEnd::Fixed(text.parse().unwrap());
        let ike = TunnelHeader::default();
        let both = TunnelHeader { local: fixed("192.0.2.9"), remote: fixed("203.0.113.9"), ..ike.clone() };
        let one = TunnelHeader { remote: fixed("203.0.113.9"), ..ike.clone() };
        let of_ike = ("192.0.2.1", "198.51.100.1");
        let cases = [
            (&ike, Carrier::Udp, of_ike),
            (&both, Carrier::Udp, ("192.0.2.9", "203.0.113.9")),
            (&one, Carrier::Udp, ("192.0.2.1", "203.0.113.9")),
            (&both, Carrier::UdpEncapsulated, of_ike),
            (&both, Carrier::Tcp, of_ike),
        ];
        for (header, carrier, (local, remote)) in cases {
            let ends = (local.parse().unwrap(), remote.parse().unwrap());
            assert_eq!(header.ends(&path(carrier)), ends);
            let OuterHeader::V4(outer) = header.on(&path(carrier)).unwrap().outer(&inner()).unwrap() else {
                panic!("IPv4")
            };
            assert_eq!((IpAddr::V4(outer.source), IpAddr::V4(outer.destination)), ends);
        }
        let mixed = TunnelHeader { local: fixed("2001:db8::1"), ..both.clone() };
        assert!(!mixed.is_possible() && both.is_possible() && one.is_possible());
        assert!(mixed.on(&path(Carrier::Udp)).is_err() && mixed.on(&path(Carrier::Tcp)).is_ok());
    }

    #[test]
    fn rfc9329_9_3_9_5_in_tcp_all_packets_are_marked_alike_and_not_for_ecn() {
        let map = DscpRule::Map(Box::new([9; 64]));
        for (dscp, expected) in [(DscpRule::Copy, 0), (map, 0), (DscpRule::Set(46), 46 << 2)] {
            let header = TunnelHeader { dscp, uniform_dscp: true, ..TunnelHeader::DEFAULT };
            let mut tunnel = header.on(&path(Carrier::Tcp)).unwrap();
            for class in [0xb9, 0x28, 0x03] {
                let mut inner = inner();
                inner[1] = class;
                let OuterHeader::V4(outer) = tunnel.outer(&inner).unwrap() else { panic!("IPv4") };
                assert_eq!(outer.traffic_class, expected, "{header:?}");
            }
            assert!(!tunnel.uniform_dscp);
        }
    }

    #[test]
    fn rfc4301_5_1_2_each_choice_reaches_the_header() {
        let mut map = [0; 64];
        map[46] = 10;
        let cases = [
            (TunnelHeader::default(), (0xb9, true, 64)),
            (TunnelHeader { dscp: DscpRule::Set(7), ..TunnelHeader::DEFAULT }, (0x1d, true, 64)),
            (TunnelHeader { dscp: DscpRule::Map(Box::new(map)), ..TunnelHeader::DEFAULT }, (0x29, true, 64)),
            (TunnelHeader { ecn: EcnMode::Compatibility, ..TunnelHeader::DEFAULT }, (0xb8, true, 64)),
            (TunnelHeader { dont_fragment: DfRule::Clear, ..TunnelHeader::DEFAULT }, (0xb9, false, 64)),
            (TunnelHeader { hop_limit: HopLimitRule::Copy, ..TunnelHeader::DEFAULT }, (0xb9, true, 9)),
        ];
        for (header, expected) in cases {
            let OuterHeader::V4(outer) = header.on(&path(Carrier::Udp)).unwrap().outer(&inner()).unwrap()
            else {
                panic!("IPv4")
            };
            assert_eq!((outer.traffic_class, outer.dont_fragment, outer.ttl), expected, "{header:?}");
        }
        let [local, remote] = ["[2001:db8::1]:500", "[2001:db8::2]:500"].map(|text| text.parse().unwrap());
        let path = Path { local, remote, carrier: Carrier::Udp };
        let label = TunnelHeader { flow_label: FlowLabelRule::Set(0x12345), ..TunnelHeader::DEFAULT };
        let OuterHeader::V6(outer) = label.on(&path).unwrap().outer(&inner()).unwrap() else {
            panic!("IPv6")
        };
        assert_eq!(outer.flow_label, 0x12345);
        let uniform = TunnelHeader { uniform_dscp: true, ..TunnelHeader::DEFAULT };
        let mut packet = inner();
        uniform.on(&path).unwrap().decapsulate(0x08, &mut packet).unwrap();
        assert_eq!(packet[1], 0x09);
    }
}
