crate::registry! {
    /// An IP protocol number (IPv4 Protocol, IPv6 Next Header, ESP and AH Next Header).
    pub struct IpProtocol: u8 {
        /// IPv6 Hop-by-Hop Options, RFC 8200 §4.3.
        HOP_BY_HOP = 0 => "hop-by-hop",
        /// ICMP, RFC 792.
        ICMP = 1 => "icmp",
        /// IPv4 in IP: the next header of ESP and AH in tunnel mode, RFC 2003.
        IPV4 = 4 => "ipv4",
        /// TCP, RFC 9293.
        TCP = 6 => "tcp",
        /// UDP, RFC 768.
        UDP = 17 => "udp",
        /// DCCP, RFC 4340.
        DCCP = 33 => "dccp",
        /// IPv6 in IP: the next header of ESP and AH in tunnel mode, RFC 2473.
        IPV6 = 41 => "ipv6",
        /// IPv6 Routing header, RFC 8200 §4.4.
        ROUTING = 43 => "routing",
        /// IPv6 Fragment header, RFC 8200 §4.5.
        FRAGMENT = 44 => "fragment",
        /// GRE, RFC 2784.
        GRE = 47 => "gre",
        /// Encapsulating Security Payload, RFC 4303.
        ESP = 50 => "esp",
        /// Authentication Header, RFC 4302.
        AH = 51 => "ah",
        /// ICMPv6, RFC 4443.
        ICMPV6 = 58 => "icmpv6",
        /// No Next Header, RFC 8200 §4.7; in ESP a dummy packet, RFC 4303 §2.6.
        NO_NEXT_HEADER = 59 => "no-next-header",
        /// IPv6 Destination Options, RFC 8200 §4.6.
        DESTINATION_OPTIONS = 60 => "destination-options",
        /// OSPF, RFC 2328.
        OSPF = 89 => "ospf",
        /// IPComp, RFC 3173.
        IPCOMP = 108 => "ipcomp",
        /// SCTP, RFC 9260.
        SCTP = 132 => "sctp",
        /// Mobility Header, RFC 6275.
        MOBILITY = 135 => "mobility",
        /// UDP-Lite, RFC 3828.
        UDP_LITE = 136 => "udp-lite",
        /// Host Identity Protocol, RFC 7401.
        HIP = 139 => "hip",
        /// Shim6, RFC 5533.
        SHIM6 = 140 => "shim6",
    }
}

#[cfg(test)]
mod tests {
    use super::IpProtocol;
    use alloc::format;
    use alloc::string::ToString as _;

    #[test]
    fn unknown_numbers_are_values() {
        assert_eq!(IpProtocol(250).to_string(), "250");
        assert_eq!(format!("{:?}", IpProtocol(250)), "IpProtocol(250)");
        assert_eq!(IpProtocol::from_name("esp"), Some(IpProtocol::ESP));
    }
}
