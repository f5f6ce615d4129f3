ipsec_types::registry! {
    /// The type of a payload: the values of the Next Payload field (RFC 7296 §3.2).
    ///
    /// Constants carry the notation of the RFC, [`name`](Self::name) is the registered text.
    ///
    /// ```
    /// use ikev2_wire::PayloadType;
    ///
    /// assert_eq!(PayloadType::TSI.notation(), Some("TSi"));
    /// assert_eq!(PayloadType(44).name(), Some("Traffic Selector - Initiator"));
    /// assert_eq!(PayloadType(99).notation(), None);
    /// ```
    pub struct PayloadType: u8 {
        /// No Next Payload: the chain ends. RFC 7296 §3.2.
        NONE = 0 => "No Next Payload",
        /// SA, RFC 7296 §3.3.
        SA = 33 => "Security Association",
        /// KE, RFC 7296 §3.4.
        KE = 34 => "Key Exchange",
        /// IDi, RFC 7296 §3.5.
        IDI = 35 => "Identification - Initiator",
        /// IDr, RFC 7296 §3.5.
        IDR = 36 => "Identification - Responder",
        /// CERT, RFC 7296 §3.6.
        CERT = 37 => "Certificate",
        /// CERTREQ, RFC 7296 §3.7.
        CERTREQ = 38 => "Certificate Request",
        /// AUTH, RFC 7296 §3.8.
        AUTH = 39 => "Authentication",
        /// Ni and Nr, RFC 7296 §3.9.
        NONCE = 40 => "Nonce",
        /// N, RFC 7296 §3.10.
        NOTIFY = 41 => "Notify",
        /// D, RFC 7296 §3.11.
        DELETE = 42 => "Delete",
        /// V, RFC 7296 §3.12.
        VENDOR_ID = 43 => "Vendor ID",
        /// TSi, RFC 7296 §3.13.
        TSI = 44 => "Traffic Selector - Initiator",
        /// TSr, RFC 7296 §3.13.
        TSR = 45 => "Traffic Selector - Responder",
        /// SK, RFC 7296 §3.14.
        SK = 46 => "Encrypted and Authenticated",
        /// CP, RFC 7296 §3.15.
        CP = 47 => "Configuration",
        /// EAP, RFC 7296 §3.16.
        EAP = 48 => "Extensible Authentication",
        /// GSPM, RFC 6467.
        GSPM = 49 => "Generic Secure Password Method",
        /// IDg, RFC 9838.
        IDG = 50 => "Group Identification",
        /// GSA, RFC 9838.
        GSA = 51 => "Group Security Association",
        /// KD, RFC 9838.
        KD = 52 => "Key Download",
        /// SKF, RFC 7383 §2.5.
        SKF = 53 => "Encrypted and Authenticated Fragment",
        /// PS, RFC 8019 §8.2.
        PS = 54 => "Puzzle Solution",
    }
}

impl PayloadType {
    /// The short notation of the RFCs, such as `SA` or `TSi`, if the number is registered; of a Nonce, `Ni/Nr`.
    pub const fn notation(self) -> Option<&'static str> {
        Some(match self {
            Self::SA => "SA",
            Self::KE => "KE",
            Self::IDI => "IDi",
            Self::IDR => "IDr",
            Self::CERT => "CERT",
            Self::CERTREQ => "CERTREQ",
            Self::AUTH => "AUTH",
            Self::NONCE => "Ni/Nr",
            Self::NOTIFY => "N",
            Self::DELETE => "D",
            Self::VENDOR_ID => "V",
            Self::TSI => "TSi",
            Self::TSR => "TSr",
            Self::SK => "SK",
            Self::CP => "CP",
            Self::EAP => "EAP",
            Self::GSPM => "GSPM",
            Self::IDG => "IDg",
            Self::GSA => "GSA",
            Self::KD => "KD",
            Self::SKF => "SKF",
            Self::PS => "PS",
            _ => return None,
        })
    }

    /// Whether this is one of the two payloads that hold ciphertext: SK or SKF.
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::SK | Self::SKF)
    }
}

ipsec_types::registry! {
    /// The type of an exchange (RFC 7296 §3.1).
    pub struct ExchangeType: u8 {
        /// RFC 7296 §1.2.
        IKE_SA_INIT = 34,
        /// RFC 7296 §1.2.
        IKE_AUTH = 35,
        /// RFC 7296 §1.3.
        CREATE_CHILD_SA = 36,
        /// RFC 7296 §1.4.
        INFORMATIONAL = 37,
        /// RFC 5723.
        IKE_SESSION_RESUME = 38,
        /// RFC 9838.
        GSA_AUTH = 39,
        /// RFC 9838.
        GSA_REGISTRATION = 40,
        /// RFC 9838.
        GSA_REKEY = 41,
        /// RFC 9838.
        GSA_INBAND_REKEY = 42,
        /// RFC 9242.
        IKE_INTERMEDIATE = 43,
        /// RFC 9370.
        IKE_FOLLOWUP_KE = 44,
    }
}

ipsec_types::registry! {
    /// The protocol that an SA, a notification or a Delete is about: the registry "IKEv2 Security Protocol
    /// Identifiers" (RFC 7296 §3.3.1).
    pub struct ProtocolId: u8 {
        /// No protocol: in a Notify payload without SPI (RFC 7296 §3.10).
        NONE = 0,
        /// RFC 7296.
        IKE = 1,
        /// RFC 4302.
        AH = 2,
        /// RFC 4303.
        ESP = 3,
        /// RFC 4595.
        FC_ESP_HEADER = 4,
        /// RFC 4595.
        FC_CT_AUTHENTICATION = 5,
        /// RFC 9838.
        GIKE_UPDATE = 6,
    }
}
