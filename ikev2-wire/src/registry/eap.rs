ipsec_types::registry! {
    /// What an EAP packet is (RFC 3748 §4).
    pub struct EapCode: u8 {
        /// RFC 3748 §4.1.
        REQUEST = 1 => "Request",
        /// RFC 3748 §4.1.
        RESPONSE = 2 => "Response",
        /// RFC 3748 §4.2.
        SUCCESS = 3 => "Success",
        /// RFC 3748 §4.2.
        FAILURE = 4 => "Failure",
        /// RFC 6696 §5.3.2.
        INITIATE = 5 => "Initiate",
        /// RFC 6696 §5.3.3.
        FINISH = 6 => "Finish",
    }
}

ipsec_types::registry! {
    /// The type of an EAP request or response: the registry "EAP Registry: Method Types".
    pub struct EapType: u8 {
        /// RFC 3748 §5.1.
        IDENTITY = 1 => "Identity",
        /// RFC 3748 §5.2.
        NOTIFICATION = 2 => "Notification",
        /// In responses only. RFC 3748 §5.3.1.
        NAK = 3 => "Legacy Nak",
        /// RFC 3748 §5.4.
        MD5_CHALLENGE = 4 => "MD5-Challenge",
        /// RFC 3748 §5.5.
        OTP = 5 => "One-Time Password (OTP)",
        /// RFC 3748 §5.6.
        GTC = 6 => "Generic Token Card (GTC)",
        /// RFC 5216.
        TLS = 13 => "EAP-TLS",
        /// RFC 4186.
        SIM = 18 => "EAP-SIM",
        /// RFC 5281.
        TTLS = 21 => "EAP-TTLS",
        /// RFC 4187.
        AKA = 23 => "EAP-AKA",
        /// Registered by Microsoft.
        PEAP = 25 => "PEAP",
        /// Registered by Microsoft, as "MS-EAP-Authentication".
        MSCHAPV2 = 26 => "EAP-MSCHAP-V2",
        /// RFC 4851.
        FAST = 43 => "EAP-FAST",
        /// RFC 4764.
        PSK = 47 => "EAP-PSK",
        /// RFC 5106.
        IKEV2 = 49 => "EAP-IKEv2",
        /// RFC 9048.
        AKA_PRIME = 50 => "EAP-AKA'",
        /// RFC 5433.
        GPSK = 51 => "EAP-GPSK",
        /// RFC 5931.
        PWD = 52 => "EAP-pwd",
        /// RFC 7170.
        TEAP = 55 => "TEAP",
        /// RFC 3748 §5.7.
        EXPANDED = 254 => "Expanded Type",
        /// RFC 3748 §5.8.
        EXPERIMENTAL = 255 => "Experimental",
    }
}
