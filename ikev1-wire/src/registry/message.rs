ipsec_types::registry! {
    /// The type of a payload: the values of the Next Payload field (RFC 2408 §3.1).
    ///
    /// Names are the notation of RFC 2409 §3.2 and, where it has none, that of RFC 2408.
    ///
    /// ```
    /// use ikev1_wire::PayloadType;
    ///
    /// assert_eq!(PayloadType::NAT_D.to_string(), "NAT-D");
    /// assert_eq!(PayloadType(200).to_string(), "200");
    /// assert!(PayloadType(200).is_private());
    /// ```
    pub struct PayloadType: u8 {
        /// The chain ends. RFC 2408 §3.1.
        NONE = 0,
        /// Security Association, RFC 2408 §3.4.
        SA = 1,
        /// Proposal, inside a Security Association. RFC 2408 §3.5.
        PROPOSAL = 2 => "P",
        /// Transform, inside a Proposal. RFC 2408 §3.6.
        TRANSFORM = 3 => "T",
        /// Key Exchange, RFC 2408 §3.7.
        KE = 4,
        /// Identification, RFC 2408 §3.8.
        ID = 5,
        /// Certificate, RFC 2408 §3.9.
        CERT = 6,
        /// Certificate Request, RFC 2408 §3.10.
        CR = 7,
        /// Hash, RFC 2408 §3.11.
        HASH = 8,
        /// Signature, RFC 2408 §3.12.
        SIG = 9,
        /// Nonce, RFC 2408 §3.13.
        NONCE = 10,
        /// Notification, RFC 2408 §3.14.
        NOTIFY = 11 => "N",
        /// Delete, RFC 2408 §3.15.
        DELETE = 12 => "D",
        /// Vendor ID, RFC 2408 §3.16.
        VENDOR_ID = 13 => "VID",
        /// Attributes of a transaction exchange, draft-dukes-ike-mode-cfg.
        ATTRIBUTES = 14 => "ATTR",
        /// SA KEK payload of a group key server, RFC 6407; NAT-D in draft-ietf-ipsec-nat-t-ike-04 to -08.
        SAK = 15,
        /// SA TEK payload of a group key server, RFC 6407; NAT-OA in draft-ietf-ipsec-nat-t-ike-04 to -08.
        SAT = 16,
        /// Key Download, RFC 6407.
        KD = 17,
        /// Sequence Number, RFC 6407.
        SEQ = 18,
        /// Proof of Possession, RFC 3547.
        POP = 19,
        /// NAT Discovery, RFC 3947 §3.2.
        NAT_D = 20 => "NAT-D",
        /// NAT Original Address, RFC 3947 §5.2.
        NAT_OA = 21 => "NAT-OA",
        /// Group Associated Policy, RFC 6407.
        GAP = 22,
        /// NAT-D of draft-ietf-ipsec-nat-t-ike-00 to -03, a private number.
        NAT_D_DRAFT = 130 => "NAT-D-draft",
        /// NAT-OA of draft-ietf-ipsec-nat-t-ike-00 to -03, a private number.
        NAT_OA_DRAFT = 131 => "NAT-OA-draft",
        /// A piece of a message too long for one datagram, a private number of Cisco that others use too.
        FRAGMENT = 132 => "FRAG",
    }
}

impl PayloadType {
    /// Whether the number is for private use (RFC 2408 §3.1): one that is not understood is passed over, while any
    /// other makes the message invalid (RFC 2408 §5.3).
    pub const fn is_private(self) -> bool {
        self.0 >= 128
    }
}

ipsec_types::registry! {
    /// The type of an exchange (RFC 2408 §3.1, RFC 2409 Appendix A).
    pub struct ExchangeType: u8 {
        /// RFC 2408 §3.1.
        NONE = 0 => "None",
        /// RFC 2408 §4.4.
        BASE = 1 => "Base",
        /// Main Mode, RFC 2408 §4.5 and RFC 2409 §5.
        IDENTITY_PROTECTION = 2 => "Identity Protection",
        /// RFC 2408 §4.6.
        AUTHENTICATION_ONLY = 3 => "Authentication Only",
        /// Aggressive Mode, RFC 2408 §4.7 and RFC 2409 §5.
        AGGRESSIVE = 4 => "Aggressive",
        /// RFC 2408 §4.8.
        INFORMATIONAL = 5 => "Informational",
        /// draft-dukes-ike-mode-cfg.
        TRANSACTION = 6 => "Transaction",
        /// RFC 2409 §5.5.
        QUICK_MODE = 32 => "Quick Mode",
        /// RFC 2409 §5.6.
        NEW_GROUP_MODE = 33 => "New Group Mode",
    }
}

ipsec_types::registry! {
    /// The domain of interpretation: who gives meaning to situations, protocols, transforms and notifications
    /// (RFC 2408 §2.1).
    pub struct Doi: u32 {
        /// RFC 2408 Appendix A.
        ISAKMP = 0,
        /// The IPsec DOI, RFC 2407.
        IPSEC = 1 => "IPsec",
        /// The Group DOI, RFC 6407.
        GDOI = 2,
    }
}

ipsec_types::registry! {
    /// The protocol that a proposal, notification or Delete is about (RFC 2407 §4.4.1).
    pub struct ProtocolId: u8 {
        /// None, as in notifications about nothing in particular.
        NONE = 0,
        /// PROTO_ISAKMP.
        ISAKMP = 1,
        /// PROTO_IPSEC_AH.
        AH = 2,
        /// PROTO_IPSEC_ESP.
        ESP = 3,
        /// PROTO_IPCOMP.
        IPCOMP = 4,
        /// PROTO_GIGABEAM_RADIO, RFC 4705.
        GIGABEAM_RADIO = 5,
    }
}
