ipsec_types::registry! {
    /// The type of an identity (RFC 7296 §3.5).
    pub struct IdType: u8 {
        /// One IPv4 address, four octets. RFC 7296 §3.5.
        ID_IPV4_ADDR = 1,
        /// A fully qualified domain name. RFC 7296 §3.5.
        ID_FQDN = 2,
        /// An email address. RFC 7296 §3.5.
        ID_RFC822_ADDR = 3,
        /// One IPv6 address, sixteen octets. RFC 7296 §3.5.
        ID_IPV6_ADDR = 5,
        /// An X.500 distinguished name in DER. RFC 7296 §3.5.
        ID_DER_ASN1_DN = 9,
        /// An X.509 general name in DER. RFC 7296 §3.5.
        ID_DER_ASN1_GN = 10,
        /// Opaque octets. RFC 7296 §3.5.
        ID_KEY_ID = 11,
        /// RFC 4595.
        ID_FC_NAME = 12,
        /// No identity. RFC 7619.
        ID_NULL = 13,
    }
}

ipsec_types::registry! {
    /// How a certificate or what stands for one is encoded (RFC 7296 §3.6).
    pub struct CertEncoding: u8 {
        /// Unspecified. RFC 7296 §3.6.
        PKCS7_WRAPPED_X509 = 1 => "PKCS #7 wrapped X.509 certificate",
        /// Unspecified. RFC 7296 §3.6.
        PGP = 2 => "PGP Certificate",
        /// Unspecified. RFC 7296 §3.6.
        DNS_SIGNED_KEY = 3 => "DNS Signed Key",
        /// A DER X.509 certificate. RFC 7296 §3.6.
        X509_SIGNATURE = 4 => "X.509 Certificate - Signature",
        /// Unspecified. RFC 7296 §3.6.
        KERBEROS_TOKEN = 6 => "Kerberos Token",
        /// A DER X.509 revocation list. RFC 7296 §3.6.
        CRL = 7 => "Certificate Revocation List (CRL)",
        /// Unspecified. RFC 7296 §3.6.
        ARL = 8 => "Authority Revocation List (ARL)",
        /// Unspecified. RFC 7296 §3.6.
        SPKI = 9 => "SPKI Certificate",
        /// Unspecified. RFC 7296 §3.6.
        X509_ATTRIBUTE = 10 => "X.509 Certificate - Attribute",
        /// Deprecated by RFC 7670.
        RAW_RSA_KEY = 11 => "Raw RSA Key (DEPRECATED)",
        /// A SHA-1 hash and a URL. RFC 7296 §3.6.
        HASH_AND_URL_X509 = 12 => "Hash and URL of X.509 certificate",
        /// A SHA-1 hash and a URL. RFC 7296 §3.6.
        HASH_AND_URL_BUNDLE = 13 => "Hash and URL of X.509 bundle",
        /// RFC 4806.
        OCSP_CONTENT = 14 => "OCSP Content",
        /// RFC 7670.
        RAW_PUBLIC_KEY = 15 => "Raw Public Key",
    }
}

ipsec_types::registry! {
    /// How the AUTH payload was computed (RFC 7296 §3.8).
    pub struct AuthMethod: u8 {
        /// RFC 7296 §3.8.
        RSA_SIGNATURE = 1 => "RSA Digital Signature",
        /// RFC 7296 §3.8.
        SHARED_KEY = 2 => "Shared Key Message Integrity Code",
        /// RFC 7296 §3.8.
        DSS_SIGNATURE = 3 => "DSS Digital Signature",
        /// RFC 4754.
        ECDSA_SHA256_P256 = 9 => "ECDSA with SHA-256 on the P-256 curve",
        /// RFC 4754.
        ECDSA_SHA384_P384 = 10 => "ECDSA with SHA-384 on the P-384 curve",
        /// RFC 4754.
        ECDSA_SHA512_P521 = 11 => "ECDSA with SHA-512 on the P-521 curve",
        /// RFC 6467.
        GENERIC_SECURE_PASSWORD = 12 => "Generic Secure Password Authentication Method",
        /// RFC 7619.
        NULL = 13 => "NULL Authentication",
        /// RFC 7427.
        DIGITAL_SIGNATURE = 14 => "Digital Signature",
    }
}

ipsec_types::registry! {
    /// A hash algorithm that a SIGNATURE_HASH_ALGORITHMS notification lists, 16 bits each (RFC 7427 §7).
    pub struct HashAlgorithm: u16 {
        /// RFC 7427.
        SHA1 = 1,
        /// RFC 7427.
        SHA2_256 = 2 => "SHA2-256",
        /// RFC 7427.
        SHA2_384 = 3 => "SHA2-384",
        /// RFC 7427.
        SHA2_512 = 4 => "SHA2-512",
        /// The signature algorithm hashes by itself, as Ed25519 does. RFC 8420.
        IDENTITY = 5 => "Identity",
        /// RFC 9385.
        STREEBOG_256 = 6,
        /// RFC 9385.
        STREEBOG_512 = 7,
    }
}

ipsec_types::registry! {
    /// A method that a SECURE_PASSWORD_METHODS notification lists, 16 bits each (RFC 6467 §7).
    pub struct SecurePasswordMethod: u16 {
        /// RFC 6631.
        PACE = 1,
        /// RFC 6628.
        AUGPAKE = 2 => "AugPAKE",
        /// RFC 6617.
        SECURE_PSK_AUTHENTICATION = 3 => "Secure PSK Authentication",
    }
}
