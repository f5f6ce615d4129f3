use crate::{Attribute, AttributeValue};

ipsec_types::registry! {
    /// The type of an Attributes payload (draft-dukes-ike-mode-cfg §3.2).
    pub struct ConfigurationType: u8 {
        /// ISAKMP_CFG_REQUEST.
        REQUEST = 1,
        /// ISAKMP_CFG_REPLY.
        REPLY = 2,
        /// ISAKMP_CFG_SET.
        SET = 3,
        /// ISAKMP_CFG_ACK.
        ACK = 4,
    }
}

ipsec_types::registry! {
    /// The attributes of a transaction exchange: configuration (draft-dukes-ike-mode-cfg §3.3), extended
    /// authentication (draft-beaulieu-ike-xauth §4.1) and Cisco Unity.
    pub struct ConfigurationAttribute: u16 {
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP4_ADDRESS = 1,
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP4_NETMASK = 2,
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP4_DNS = 3,
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP4_NBNS = 4,
        /// draft-dukes-ike-mode-cfg, seconds.
        INTERNAL_ADDRESS_EXPIRY = 5,
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP4_DHCP = 6,
        /// draft-dukes-ike-mode-cfg, text.
        APPLICATION_VERSION = 7,
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP6_ADDRESS = 8,
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP6_NETMASK = 9,
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP6_DNS = 10,
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP6_NBNS = 11,
        /// draft-dukes-ike-mode-cfg.
        INTERNAL_IP6_DHCP = 12,
        /// draft-dukes-ike-mode-cfg, address and mask.
        INTERNAL_IP4_SUBNET = 13,
        /// draft-dukes-ike-mode-cfg, types of two octets each.
        SUPPORTED_ATTRIBUTES = 14,
        /// draft-dukes-ike-mode-cfg, address and prefix length.
        INTERNAL_IP6_SUBNET = 15,
        /// draft-beaulieu-ike-xauth, basic, a [`XauthType`].
        XAUTH_TYPE = 16520,
        /// draft-beaulieu-ike-xauth, text.
        XAUTH_USER_NAME = 16521,
        /// draft-beaulieu-ike-xauth, a secret.
        XAUTH_USER_PASSWORD = 16522,
        /// draft-beaulieu-ike-xauth, a secret.
        XAUTH_PASSCODE = 16523,
        /// draft-beaulieu-ike-xauth, text.
        XAUTH_MESSAGE = 16524,
        /// draft-beaulieu-ike-xauth.
        XAUTH_CHALLENGE = 16525,
        /// draft-beaulieu-ike-xauth, text.
        XAUTH_DOMAIN = 16526,
        /// draft-beaulieu-ike-xauth, basic: 1 for success, 0 for failure.
        XAUTH_STATUS = 16527,
        /// draft-beaulieu-ike-xauth, a secret.
        XAUTH_NEXT_PIN = 16528,
        /// draft-beaulieu-ike-xauth, a secret.
        XAUTH_ANSWER = 16529,
        /// Cisco Unity, text.
        UNITY_BANNER = 28672,
        /// Cisco Unity, basic.
        UNITY_SAVE_PASSWD = 28673,
        /// Cisco Unity, text.
        UNITY_DEF_DOMAIN = 28674,
        /// Cisco Unity, text.
        UNITY_SPLITDNS_NAME = 28675,
        /// Cisco Unity, networks of 14 octets each: address, mask, protocol, source and destination port.
        UNITY_SPLIT_INCLUDE = 28676,
        /// Cisco Unity, basic.
        UNITY_NATT_PORT = 28677,
        /// Cisco Unity, networks as in UNITY_SPLIT_INCLUDE.
        UNITY_LOCAL_LAN = 28678,
        /// Cisco Unity, basic.
        UNITY_PFS = 28679,
        /// Cisco Unity.
        UNITY_FW_TYPE = 28680,
        /// Cisco Unity, text.
        UNITY_BACKUP_SERVERS = 28681,
        /// Cisco Unity, text.
        UNITY_DDNS_HOSTNAME = 28682,
    }
}

impl ConfigurationAttribute {
    /// An attribute of this class with a value of two octets.
    pub const fn basic(self, value: u16) -> Attribute<'static> {
        Attribute { class: self.0, value: AttributeValue::Basic(value) }
    }

    /// An attribute of this class with a value of any length; an empty one asks for a value.
    pub const fn variable(self, value: &[u8]) -> Attribute<'_> {
        Attribute { class: self.0, value: AttributeValue::Variable(value) }
    }

    /// Whether the value is a secret of the user, which `Debug` does not print.
    pub const fn is_secret(self) -> bool {
        matches!(
            self,
            Self::XAUTH_USER_PASSWORD | Self::XAUTH_PASSCODE | Self::XAUTH_NEXT_PIN | Self::XAUTH_ANSWER
        )
    }
}

ipsec_types::registry! {
    /// What extended authentication asks for: the values of XAUTH_TYPE (draft-beaulieu-ike-xauth §4.1).
    pub struct XauthType: u16 {
        /// User name and password.
        GENERIC = 0 => "Generic",
        /// A challenge of RADIUS CHAP.
        RADIUS_CHAP = 1 => "RADIUS-CHAP",
        /// A one-time password.
        OTP = 2,
        /// S/KEY.
        S_KEY = 3 => "S/KEY",
    }
}
