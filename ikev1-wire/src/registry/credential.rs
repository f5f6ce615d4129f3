ipsec_types::registry! {
    /// The type of an identity (RFC 2407 §4.6.2.1).
    pub struct IdType: u8 {
        /// Four octets.
        ID_IPV4_ADDR = 1,
        /// A domain name without a terminator.
        ID_FQDN = 2,
        /// A mail address without a terminator.
        ID_USER_FQDN = 3,
        /// Address and mask, four octets each.
        ID_IPV4_ADDR_SUBNET = 4,
        /// Sixteen octets.
        ID_IPV6_ADDR = 5,
        /// Address and mask, sixteen octets each.
        ID_IPV6_ADDR_SUBNET = 6,
        /// First and last address, four octets each.
        ID_IPV4_ADDR_RANGE = 7,
        /// First and last address, sixteen octets each.
        ID_IPV6_ADDR_RANGE = 8,
        /// The DER of an X.501 Name.
        ID_DER_ASN1_DN = 9,
        /// The DER of an X.509 GeneralName.
        ID_DER_ASN1_GN = 10,
        /// Any octets, to say which pre-shared key is meant.
        ID_KEY_ID = 11,
        /// A list of identities, RFC 3554.
        ID_LIST = 12,
    }
}

ipsec_types::registry! {
    /// The encoding of a certificate (RFC 2408 §3.9).
    pub struct CertEncoding: u8 {
        /// RFC 2408 §3.9.
        NONE = 0,
        /// RFC 2408 §3.9.
        PKCS7_WRAPPED_X509 = 1 => "PKCS #7 wrapped X.509 certificate",
        /// RFC 2408 §3.9.
        PGP = 2 => "PGP Certificate",
        /// RFC 2408 §3.9.
        DNS_SIGNED_KEY = 3 => "DNS Signed Key",
        /// RFC 2408 §3.9.
        X509_SIGNATURE = 4 => "X.509 Certificate - Signature",
        /// RFC 2408 §3.9.
        X509_KEY_EXCHANGE = 5 => "X.509 Certificate - Key Exchange",
        /// RFC 2408 §3.9.
        KERBEROS_TOKENS = 6 => "Kerberos Tokens",
        /// RFC 2408 §3.9.
        CRL = 7 => "Certificate Revocation List (CRL)",
        /// RFC 2408 §3.9.
        ARL = 8 => "Authority Revocation List (ARL)",
        /// RFC 2408 §3.9.
        SPKI = 9 => "SPKI Certificate",
        /// RFC 2408 §3.9.
        X509_ATTRIBUTE = 10 => "X.509 Certificate - Attribute",
    }
}
