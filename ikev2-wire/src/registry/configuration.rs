ipsec_types::registry! {
    /// What a Configuration payload does (RFC 7296 §3.15).
    pub struct ConfigurationType: u8 {
        /// RFC 7296 §3.15.
        CFG_REQUEST = 1,
        /// RFC 7296 §3.15.
        CFG_REPLY = 2,
        /// RFC 7296 §3.15.
        CFG_SET = 3,
        /// RFC 7296 §3.15.
        CFG_ACK = 4,
    }
}

ipsec_types::registry! {
    /// The type of a configuration attribute, 15 bits (RFC 7296 §3.15.1).
    pub struct ConfigurationAttributeType: u16 {
        /// RFC 7296 §3.15.1.
        INTERNAL_IP4_ADDRESS = 1,
        /// RFC 7296 §3.15.1.
        INTERNAL_IP4_NETMASK = 2,
        /// RFC 7296 §3.15.1.
        INTERNAL_IP4_DNS = 3,
        /// RFC 7296 §3.15.1.
        INTERNAL_IP4_NBNS = 4,
        /// RFC 7296 §3.15.1.
        INTERNAL_IP4_DHCP = 6,
        /// RFC 7296 §3.15.1.
        APPLICATION_VERSION = 7,
        /// RFC 7296 §3.15.1.
        INTERNAL_IP6_ADDRESS = 8,
        /// RFC 7296 §3.15.1.
        INTERNAL_IP6_DNS = 10,
        /// RFC 7296 §3.15.1.
        INTERNAL_IP6_DHCP = 12,
        /// RFC 7296 §3.15.1.
        INTERNAL_IP4_SUBNET = 13,
        /// RFC 7296 §3.15.1.
        SUPPORTED_ATTRIBUTES = 14,
        /// RFC 7296 §3.15.1.
        INTERNAL_IP6_SUBNET = 15,
        /// RFC 5026 §8.2.
        MIP6_HOME_PREFIX = 16,
        /// RFC 5739 §5.1.
        INTERNAL_IP6_LINK = 17,
        /// RFC 5739 §5.2.
        INTERNAL_IP6_PREFIX = 18,
        /// Registered by 3GPP.
        HOME_AGENT_ADDRESS = 19,
        /// RFC 7651 §3.
        P_CSCF_IP4_ADDRESS = 20,
        /// RFC 7651 §4.
        P_CSCF_IP6_ADDRESS = 21,
        /// Registered by 3GPP.
        FTT_KAT = 22,
        /// Registered by 3GPP.
        EXTERNAL_SOURCE_IP4_NAT_INFO = 23,
        /// Registered by 3GPP.
        TIMEOUT_PERIOD_FOR_LIVENESS_CHECK = 24,
        /// RFC 8598 §4.1.
        INTERNAL_DNS_DOMAIN = 25,
        /// RFC 8598 §4.2.
        INTERNAL_DNSSEC_TA = 26,
        /// RFC 9464 §3.1.
        ENCDNS_IP4 = 27,
        /// RFC 9464 §3.1.
        ENCDNS_IP6 = 28,
        /// RFC 9464 §3.2.
        ENCDNS_DIGEST_INFO = 29,
    }
}
