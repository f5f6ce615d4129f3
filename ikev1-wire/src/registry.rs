ipsec_types::registry! {
    /// The type of a payload: the values of the Next Payload field (RFC 2408 §3.1).
    ///
    /// ```
    /// use ikev1_wire::PayloadType;
    ///
    /// assert_eq!(PayloadType::NAT_D.to_string(), "NAT-D");
    /// assert_eq!(PayloadType(200).to_string(), "200");
    /// ```
    pub struct PayloadType: u8 {
        /// RFC 2408 §3.1.
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
        /// SA KEK payload of a group key server, RFC 6407.
        SAK = 15,
        /// SA TEK payload of a group key server, RFC 6407.
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
