ipsec_types::registry! {
    /// The type of a transform (RFC 7296 §3.3.2).
    pub struct TransformType: u8 {
        /// RFC 7296 §3.3.2.
        ENCR = 1 => "Encryption Algorithm",
        /// RFC 7296 §3.3.2.
        PRF = 2 => "Pseudo-random Function",
        /// RFC 7296 §3.3.2.
        INTEG = 3 => "Integrity Algorithm",
        /// Formerly the Diffie-Hellman group. RFC 7296 §3.3.2, RFC 9370.
        KE = 4 => "Key Exchange Method",
        /// Formerly Extended Sequence Numbers. RFC 7296 §3.3.2, RFC 9827.
        SN = 5 => "Sequence Numbers",
        /// RFC 9370.
        ADDKE1 = 6 => "Additional Key Exchange 1",
        /// RFC 9370.
        ADDKE2 = 7 => "Additional Key Exchange 2",
        /// RFC 9370.
        ADDKE3 = 8 => "Additional Key Exchange 3",
        /// RFC 9370.
        ADDKE4 = 9 => "Additional Key Exchange 4",
        /// RFC 9370.
        ADDKE5 = 10 => "Additional Key Exchange 5",
        /// RFC 9370.
        ADDKE6 = 11 => "Additional Key Exchange 6",
        /// RFC 9370.
        ADDKE7 = 12 => "Additional Key Exchange 7",
        /// RFC 9838.
        KWA = 13 => "Key Wrap Algorithm",
        /// RFC 9838.
        GCAUTH = 14 => "Group Controller Authentication Method",
    }
}

ipsec_types::registry! {
    /// The type of a transform attribute, without the format bit (RFC 7296 §3.3.5).
    pub struct TransformAttributeType: u16 {
        /// RFC 7296 §3.3.5.
        KEY_LENGTH = 14 => "Key Length (in bits)",
        /// RFC 9838.
        SIGNATURE_ALGORITHM_IDENTIFIER = 18 => "Signature Algorithm Identifier",
    }
}

ipsec_types::registry! {
    /// Transform type 1: encryption algorithms (RFC 7296 §3.3.2).
    pub struct EncryptionId: u16 {
        /// Deprecated. RFC 7296.
        ENCR_DES_IV64 = 1,
        /// Deprecated. RFC 2405.
        ENCR_DES = 2,
        /// RFC 2451.
        ENCR_3DES = 3,
        /// Deprecated. RFC 2451.
        ENCR_RC5 = 4,
        /// Deprecated. RFC 2451.
        ENCR_IDEA = 5,
        /// Deprecated. RFC 2451.
        ENCR_CAST = 6,
        /// Deprecated. RFC 2451.
        ENCR_BLOWFISH = 7,
        /// Deprecated. RFC 7296.
        ENCR_3IDEA = 8,
        /// Deprecated. RFC 7296.
        ENCR_DES_IV32 = 9,
        /// RFC 2410.
        ENCR_NULL = 11,
        /// RFC 3602.
        ENCR_AES_CBC = 12,
        /// RFC 3686.
        ENCR_AES_CTR = 13,
        /// RFC 4309.
        ENCR_AES_CCM_8 = 14,
        /// RFC 4309.
        ENCR_AES_CCM_12 = 15,
        /// RFC 4309.
        ENCR_AES_CCM_16 = 16,
        /// RFC 4106.
        ENCR_AES_GCM_8 = 18,
        /// RFC 4106.
        ENCR_AES_GCM_12 = 19,
        /// RFC 4106.
        ENCR_AES_GCM_16 = 20,
        /// RFC 4543.
        ENCR_NULL_AUTH_AES_GMAC = 21,
        /// Reserved for IEEE P1619 XTS-AES.
        ENCR_XTS_AES = 22 => "Reserved for IEEE P1619 XTS-AES",
        /// RFC 5529.
        ENCR_CAMELLIA_CBC = 23,
        /// RFC 5529.
        ENCR_CAMELLIA_CTR = 24,
        /// RFC 5529.
        ENCR_CAMELLIA_CCM_8 = 25,
        /// RFC 5529.
        ENCR_CAMELLIA_CCM_12 = 26,
        /// RFC 5529.
        ENCR_CAMELLIA_CCM_16 = 27,
        /// RFC 7634.
        ENCR_CHACHA20_POLY1305 = 28,
        /// RFC 8750.
        ENCR_AES_CCM_8_IIV = 29,
        /// RFC 8750.
        ENCR_AES_GCM_16_IIV = 30,
        /// RFC 8750.
        ENCR_CHACHA20_POLY1305_IIV = 31,
        /// RFC 9227.
        ENCR_KUZNYECHIK_MGM_KTREE = 32,
        /// RFC 9227.
        ENCR_MAGMA_MGM_KTREE = 33,
        /// RFC 9227.
        ENCR_KUZNYECHIK_MGM_MAC_KTREE = 34,
        /// RFC 9227.
        ENCR_MAGMA_MGM_MAC_KTREE = 35,
    }
}

ipsec_types::registry! {
    /// Transform type 2: pseudorandom functions (RFC 7296 §3.3.2).
    pub struct PrfId: u16 {
        /// Deprecated. RFC 2104.
        PRF_HMAC_MD5 = 1,
        /// RFC 2104.
        PRF_HMAC_SHA1 = 2,
        /// Deprecated. RFC 2104.
        PRF_HMAC_TIGER = 3,
        /// RFC 4434.
        PRF_AES128_XCBC = 4,
        /// RFC 4868.
        PRF_HMAC_SHA2_256 = 5,
        /// RFC 4868.
        PRF_HMAC_SHA2_384 = 6,
        /// RFC 4868.
        PRF_HMAC_SHA2_512 = 7,
        /// RFC 4615.
        PRF_AES128_CMAC = 8,
        /// RFC 9385.
        PRF_HMAC_STREEBOG_512 = 9,
    }
}

ipsec_types::registry! {
    /// Transform type 3: integrity algorithms (RFC 7296 §3.3.2).
    pub struct IntegrityId: u16 {
        /// RFC 7296 §3.3.2.
        NONE = 0,
        /// Deprecated. RFC 2403.
        AUTH_HMAC_MD5_96 = 1,
        /// RFC 2404.
        AUTH_HMAC_SHA1_96 = 2,
        /// Deprecated. RFC 7296.
        AUTH_DES_MAC = 3,
        /// Deprecated. RFC 7296.
        AUTH_KPDK_MD5 = 4,
        /// RFC 3566.
        AUTH_AES_XCBC_96 = 5,
        /// Deprecated. RFC 4595.
        AUTH_HMAC_MD5_128 = 6,
        /// Deprecated. RFC 4595.
        AUTH_HMAC_SHA1_160 = 7,
        /// RFC 4494.
        AUTH_AES_CMAC_96 = 8,
        /// For AH alone. RFC 4543.
        AUTH_AES_128_GMAC = 9,
        /// For AH alone. RFC 4543.
        AUTH_AES_192_GMAC = 10,
        /// For AH alone. RFC 4543.
        AUTH_AES_256_GMAC = 11,
        /// RFC 4868.
        AUTH_HMAC_SHA2_256_128 = 12,
        /// RFC 4868.
        AUTH_HMAC_SHA2_384_192 = 13,
        /// RFC 4868.
        AUTH_HMAC_SHA2_512_256 = 14,
    }
}

ipsec_types::registry! {
    /// Transform types 4 and 6 to 12: key exchange methods, formerly Diffie-Hellman groups (RFC 7296 §3.3.2,
    /// RFC 9370).
    pub struct KeyExchangeMethod: u16 {
        /// RFC 7296 §3.3.2.
        NONE = 0,
        /// Deprecated. RFC 7296 Appendix B.1.
        MODP_768 = 1 => "768-bit MODP Group",
        /// RFC 7296 Appendix B.2.
        MODP_1024 = 2 => "1024-bit MODP Group",
        /// RFC 3526 §2.
        MODP_1536 = 5 => "1536-bit MODP Group",
        /// RFC 3526 §3.
        MODP_2048 = 14 => "2048-bit MODP Group",
        /// RFC 3526 §4.
        MODP_3072 = 15 => "3072-bit MODP Group",
        /// RFC 3526 §5.
        MODP_4096 = 16 => "4096-bit MODP Group",
        /// RFC 3526 §6.
        MODP_6144 = 17 => "6144-bit MODP Group",
        /// RFC 3526 §7.
        MODP_8192 = 18 => "8192-bit MODP Group",
        /// NIST P-256. RFC 5903.
        ECP_256 = 19 => "256-bit random ECP group",
        /// NIST P-384. RFC 5903.
        ECP_384 = 20 => "384-bit random ECP group",
        /// NIST P-521. RFC 5903.
        ECP_521 = 21 => "521-bit random ECP group",
        /// Deprecated. RFC 5114.
        MODP_1024_160 = 22 => "1024-bit MODP Group with 160-bit Prime Order Subgroup",
        /// RFC 5114.
        MODP_2048_224 = 23 => "2048-bit MODP Group with 224-bit Prime Order Subgroup",
        /// RFC 5114.
        MODP_2048_256 = 24 => "2048-bit MODP Group with 256-bit Prime Order Subgroup",
        /// RFC 5114.
        ECP_192 = 25 => "192-bit Random ECP Group",
        /// RFC 5114.
        ECP_224 = 26 => "224-bit Random ECP Group",
        /// RFC 6954.
        BRAINPOOL_P224R1 = 27 => "brainpoolP224r1",
        /// RFC 6954.
        BRAINPOOL_P256R1 = 28 => "brainpoolP256r1",
        /// RFC 6954.
        BRAINPOOL_P384R1 = 29 => "brainpoolP384r1",
        /// RFC 6954.
        BRAINPOOL_P512R1 = 30 => "brainpoolP512r1",
        /// RFC 8031.
        CURVE25519 = 31 => "Curve25519",
        /// RFC 8031.
        CURVE448 = 32 => "Curve448",
        /// RFC 9385.
        GOST3410_2012_256 = 33,
        /// RFC 9385.
        GOST3410_2012_512 = 34,
        /// draft-ietf-ipsecme-ikev2-mlkem.
        ML_KEM_512 = 35 => "ml-kem-512",
        /// draft-ietf-ipsecme-ikev2-mlkem.
        ML_KEM_768 = 36 => "ml-kem-768",
        /// draft-ietf-ipsecme-ikev2-mlkem.
        ML_KEM_1024 = 37 => "ml-kem-1024",
    }
}

ipsec_types::registry! {
    /// Transform type 5: how the sequence numbers of a Child SA are formed (RFC 9827).
    pub struct SequenceNumbers: u16 {
        /// Formerly "No Extended Sequence Numbers".
        SEQUENTIAL_32 = 0 => "32-bit Sequential Numbers",
        /// Formerly "Extended Sequence Numbers".
        PARTIALLY_TRANSMITTED_64 = 1 => "Partially Transmitted 64-bit Sequential Numbers",
        /// RFC 9827.
        UNSPECIFIED_32 = 2 => "32-bit Unspecified Numbers",
    }
}

ipsec_types::registry! {
    /// Transform type 13: key wrap algorithms (RFC 9838).
    pub struct KeyWrapId: u16 {
        /// RFC 9838.
        KW_5649_128 = 1,
        /// RFC 9838.
        KW_5649_192 = 2,
        /// RFC 9838.
        KW_5649_256 = 3,
        /// RFC 9838.
        KW_ARX = 4,
    }
}

ipsec_types::registry! {
    /// Transform type 14: how a group controller authenticates its messages (RFC 9838).
    pub struct GroupControllerAuthentication: u16 {
        /// RFC 9838.
        IMPLICIT = 1 => "Implicit",
        /// RFC 9838.
        DIGITAL_SIGNATURE = 2 => "Digital Signature",
    }
}
