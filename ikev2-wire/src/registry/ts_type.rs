ipsec_types::registry! {
    /// The type of a traffic selector (RFC 7296 §3.13.1).
    pub struct TsType: u8 {
        /// RFC 7296 §3.13.1.
        TS_IPV4_ADDR_RANGE = 7,
        /// RFC 7296 §3.13.1.
        TS_IPV6_ADDR_RANGE = 8,
        /// RFC 4595.
        TS_FC_ADDR_RANGE = 9,
        /// RFC 9478.
        TS_SECLABEL = 10,
    }
}
