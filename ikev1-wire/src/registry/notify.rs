ipsec_types::registry! {
    /// The type of a notification (RFC 2408 §3.14.1, RFC 2407 §4.6.3, RFC 3706 §5.3; private ones as Cisco uses them).
    ///
    /// ```
    /// use ikev1_wire::NotifyType;
    ///
    /// assert!(NotifyType::NO_PROPOSAL_CHOSEN.is_error());
    /// assert!(!NotifyType::INITIAL_CONTACT.is_error());
    /// assert_eq!(NotifyType(36136).to_string(), "R-U-THERE");
    /// ```
    pub struct NotifyType: u16 {
        /// RFC 2408 §3.14.1.
        INVALID_PAYLOAD_TYPE = 1 => "INVALID-PAYLOAD-TYPE",
        /// RFC 2408 §3.14.1.
        DOI_NOT_SUPPORTED = 2 => "DOI-NOT-SUPPORTED",
        /// RFC 2408 §3.14.1.
        SITUATION_NOT_SUPPORTED = 3 => "SITUATION-NOT-SUPPORTED",
        /// RFC 2408 §3.14.1.
        INVALID_COOKIE = 4 => "INVALID-COOKIE",
        /// RFC 2408 §3.14.1.
        INVALID_MAJOR_VERSION = 5 => "INVALID-MAJOR-VERSION",
        /// RFC 2408 §3.14.1.
        INVALID_MINOR_VERSION = 6 => "INVALID-MINOR-VERSION",
        /// RFC 2408 §3.14.1.
        INVALID_EXCHANGE_TYPE = 7 => "INVALID-EXCHANGE-TYPE",
        /// RFC 2408 §3.14.1.
        INVALID_FLAGS = 8 => "INVALID-FLAGS",
        /// RFC 2408 §3.14.1.
        INVALID_MESSAGE_ID = 9 => "INVALID-MESSAGE-ID",
        /// RFC 2408 §3.14.1.
        INVALID_PROTOCOL_ID = 10 => "INVALID-PROTOCOL-ID",
        /// RFC 2408 §3.14.1.
        INVALID_SPI = 11 => "INVALID-SPI",
        /// RFC 2408 §3.14.1.
        INVALID_TRANSFORM_ID = 12 => "INVALID-TRANSFORM-ID",
        /// RFC 2408 §3.14.1.
        ATTRIBUTES_NOT_SUPPORTED = 13 => "ATTRIBUTES-NOT-SUPPORTED",
        /// RFC 2408 §3.14.1.
        NO_PROPOSAL_CHOSEN = 14 => "NO-PROPOSAL-CHOSEN",
        /// RFC 2408 §3.14.1.
        BAD_PROPOSAL_SYNTAX = 15 => "BAD-PROPOSAL-SYNTAX",
        /// RFC 2408 §3.14.1.
        PAYLOAD_MALFORMED = 16 => "PAYLOAD-MALFORMED",
        /// RFC 2408 §3.14.1.
        INVALID_KEY_INFORMATION = 17 => "INVALID-KEY-INFORMATION",
        /// RFC 2408 §3.14.1.
        INVALID_ID_INFORMATION = 18 => "INVALID-ID-INFORMATION",
        /// RFC 2408 §3.14.1.
        INVALID_CERT_ENCODING = 19 => "INVALID-CERT-ENCODING",
        /// RFC 2408 §3.14.1.
        INVALID_CERTIFICATE = 20 => "INVALID-CERTIFICATE",
        /// RFC 2408 §3.14.1.
        CERT_TYPE_UNSUPPORTED = 21 => "CERT-TYPE-UNSUPPORTED",
        /// RFC 2408 §3.14.1.
        INVALID_CERT_AUTHORITY = 22 => "INVALID-CERT-AUTHORITY",
        /// RFC 2408 §3.14.1.
        INVALID_HASH_INFORMATION = 23 => "INVALID-HASH-INFORMATION",
        /// RFC 2408 §3.14.1.
        AUTHENTICATION_FAILED = 24 => "AUTHENTICATION-FAILED",
        /// RFC 2408 §3.14.1.
        INVALID_SIGNATURE = 25 => "INVALID-SIGNATURE",
        /// RFC 2408 §3.14.1.
        ADDRESS_NOTIFICATION = 26 => "ADDRESS-NOTIFICATION",
        /// RFC 2408 §3.14.1.
        NOTIFY_SA_LIFETIME = 27 => "NOTIFY-SA-LIFETIME",
        /// RFC 2408 §3.14.1.
        CERTIFICATE_UNAVAILABLE = 28 => "CERTIFICATE-UNAVAILABLE",
        /// RFC 2408 §3.14.1.
        UNSUPPORTED_EXCHANGE_TYPE = 29 => "UNSUPPORTED-EXCHANGE-TYPE",
        /// RFC 2408 §3.14.1.
        UNEQUAL_PAYLOAD_LENGTHS = 30 => "UNEQUAL-PAYLOAD-LENGTHS",
        /// RFC 2408 §3.14.1: the SA of a commit bit may be used.
        CONNECTED = 16384,
        /// RFC 2407 §4.6.3.1: attributes with the lifetime that the responder keeps to.
        RESPONDER_LIFETIME = 24576 => "RESPONDER-LIFETIME",
        /// RFC 2407 §4.6.3.2: 1 where the responder checks for replays.
        REPLAY_STATUS = 24577 => "REPLAY-STATUS",
        /// RFC 2407 §4.6.3.3: the sender has no other SA with this peer.
        INITIAL_CONTACT = 24578 => "INITIAL-CONTACT",
        /// Cisco.
        CISCO_HELLO = 30000 => "CISCO-HELLO",
        /// Cisco.
        CISCO_WWTEBR = 30001 => "CISCO-WWTEBR",
        /// Cisco.
        CISCO_SHUT_UP = 30002 => "CISCO-SHUT-UP",
        /// Cisco IOS.
        IOS_KEEP_ALIVE_REQ = 32768 => "IOS-KEEP-ALIVE-REQ",
        /// Cisco IOS.
        IOS_KEEP_ALIVE_ACK = 32769 => "IOS-KEEP-ALIVE-ACK",
        /// RFC 3706 §5.3.
        R_U_THERE = 36136 => "R-U-THERE",
        /// RFC 3706 §5.4.
        R_U_THERE_ACK = 36137 => "R-U-THERE-ACK",
        /// Juniper: the tunnel's inner address.
        NETSCREEN_NHTB_INFORM = 40001 => "NETSCREEN-NHTB-INFORM",
        /// Cisco Unity: an IPv4 address to connect to instead.
        UNITY_LOAD_BALANCE = 40501 => "UNITY-LOAD-BALANCE",
        /// Cisco Unity.
        UNITY_40502 = 40502 => "UNITY-40502",
        /// Cisco Unity.
        UNITY_GROUP_HASH = 40503 => "UNITY-GROUP-HASH",
    }
}

impl NotifyType {
    /// Whether it reports an error: 1 to 8191, and the private 8192 to 16383 (RFC 2408 §3.14.1).
    pub const fn is_error(self) -> bool {
        self.0 < 16384
    }
}
