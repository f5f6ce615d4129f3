use crate::{Attribute, AttributeValue};

ipsec_types::registry! {
    /// The classes of the attributes of an ISAKMP SA (RFC 2409 Appendix A).
    ///
    /// ```
    /// use ikev1_wire::{AttributeValue, GroupDescription, IkeAttributeClass};
    ///
    /// let group = IkeAttributeClass::GROUP_DESCRIPTION.basic(GroupDescription::MODP_2048.0);
    /// assert_eq!(group.value, AttributeValue::Basic(14));
    /// ```
    pub struct IkeAttributeClass: u16 {
        /// Basic, an [`EncryptionAlgorithm`].
        ENCRYPTION_ALGORITHM = 1 => "Encryption Algorithm",
        /// Basic, a [`HashAlgorithm`].
        HASH_ALGORITHM = 2 => "Hash Algorithm",
        /// Basic, an [`AuthMethod`].
        AUTHENTICATION_METHOD = 3 => "Authentication Method",
        /// Basic, a [`GroupDescription`].
        GROUP_DESCRIPTION = 4 => "Group Description",
        /// Basic, a [`GroupType`].
        GROUP_TYPE = 5 => "Group Type",
        /// Variable.
        GROUP_PRIME = 6 => "Group Prime/Irreducible Polynomial",
        /// Variable.
        GROUP_GENERATOR_ONE = 7 => "Group Generator One",
        /// Variable.
        GROUP_GENERATOR_TWO = 8 => "Group Generator Two",
        /// Variable.
        GROUP_CURVE_A = 9 => "Group Curve A",
        /// Variable.
        GROUP_CURVE_B = 10 => "Group Curve B",
        /// Basic, a [`LifeType`].
        LIFE_TYPE = 11 => "Life Type",
        /// Variable: seconds or kilobytes, as the Life Type before it says.
        LIFE_DURATION = 12 => "Life Duration",
        /// Basic; no value is assigned.
        PRF = 13,
        /// Basic, in bits.
        KEY_LENGTH = 14 => "Key Length",
        /// Basic, in bits.
        FIELD_SIZE = 15 => "Field Size",
        /// Variable.
        GROUP_ORDER = 16 => "Group Order",
    }
}

impl IkeAttributeClass {
    /// An attribute of this class with a value of two octets.
    pub const fn basic(self, value: u16) -> Attribute<'static> {
        Attribute { class: self.0, value: AttributeValue::Basic(value) }
    }

    /// An attribute of this class with a value of any length.
    pub const fn variable(self, value: &[u8]) -> Attribute<'_> {
        Attribute { class: self.0, value: AttributeValue::Variable(value) }
    }

    /// Whether the value may have any length. The others are basic, and "Attributes described as basic MUST NOT be
    /// encoded as variable" (RFC 2409 Appendix A).
    pub const fn is_variable(self) -> bool {
        matches!(
            self,
            Self::GROUP_PRIME
                | Self::GROUP_GENERATOR_ONE
                | Self::GROUP_GENERATOR_TWO
                | Self::GROUP_CURVE_A
                | Self::GROUP_CURVE_B
                | Self::LIFE_DURATION
                | Self::GROUP_ORDER
        )
    }
}

ipsec_types::registry! {
    /// Encryption algorithms of an ISAKMP SA (RFC 2409 Appendix A, RFC 3602, RFC 4312).
    pub struct EncryptionAlgorithm: u16 {
        /// RFC 2405.
        DES_CBC = 1 => "DES-CBC",
        /// RFC 2409.
        IDEA_CBC = 2 => "IDEA-CBC",
        /// RFC 2409.
        BLOWFISH_CBC = 3 => "Blowfish-CBC",
        /// RFC 2409.
        RC5_R16_B64_CBC = 4 => "RC5-R16-B64-CBC",
        /// RFC 2409.
        TRIPLE_DES_CBC = 5 => "3DES-CBC",
        /// RFC 2409.
        CAST_CBC = 6 => "CAST-CBC",
        /// RFC 3602.
        AES_CBC = 7 => "AES-CBC",
        /// RFC 4312.
        CAMELLIA_CBC = 8 => "CAMELLIA-CBC",
    }
}

ipsec_types::registry! {
    /// Hash algorithms of an ISAKMP SA; in their HMAC form they are its PRF (RFC 2409 §4, Appendix A; RFC 4868).
    pub struct HashAlgorithm: u16 {
        /// RFC 1321.
        MD5 = 1,
        /// SHA-1.
        SHA = 2,
        /// RFC 2409.
        TIGER = 3 => "Tiger",
        /// RFC 4868.
        SHA2_256 = 4 => "SHA2-256",
        /// RFC 4868.
        SHA2_384 = 5 => "SHA2-384",
        /// RFC 4868.
        SHA2_512 = 6 => "SHA2-512",
    }
}

ipsec_types::registry! {
    /// Authentication methods of an ISAKMP SA (RFC 2409 Appendix A, RFC 4754; XAUTH and hybrid methods from their
    /// drafts, with private numbers).
    pub struct AuthMethod: u16 {
        /// RFC 2409 §5.4.
        PRE_SHARED_KEY = 1 => "pre-shared key",
        /// RFC 2409 §5.1.
        DSS_SIGNATURES = 2 => "DSS signatures",
        /// RFC 2409 §5.1.
        RSA_SIGNATURES = 3 => "RSA signatures",
        /// RFC 2409 §5.2.
        RSA_ENCRYPTION = 4 => "Encryption with RSA",
        /// RFC 2409 §5.3.
        REVISED_RSA_ENCRYPTION = 5 => "Revised encryption with RSA",
        /// RFC 4754.
        ECDSA_SHA2_256_P256 = 9 => "ECDSA with SHA-256 on the P-256 curve",
        /// RFC 4754.
        ECDSA_SHA2_384_P384 = 10 => "ECDSA with SHA-384 on the P-384 curve",
        /// RFC 4754.
        ECDSA_SHA2_512_P521 = 11 => "ECDSA with SHA-512 on the P-521 curve",
        /// draft-ietf-ipsec-isakmp-hybrid-auth: the client follows up with XAUTH.
        HYBRID_INIT_RSA = 64221 => "HybridInitRSA",
        /// draft-ietf-ipsec-isakmp-hybrid-auth.
        HYBRID_RESP_RSA = 64222 => "HybridRespRSA",
        /// draft-ietf-ipsec-isakmp-hybrid-auth.
        HYBRID_INIT_DSS = 64223 => "HybridInitDSS",
        /// draft-ietf-ipsec-isakmp-hybrid-auth.
        HYBRID_RESP_DSS = 64224 => "HybridRespDSS",
        /// draft-beaulieu-ike-xauth: the initiator is the client.
        XAUTH_INIT_PRE_SHARED = 65001 => "XAUTHInitPreShared",
        /// draft-beaulieu-ike-xauth: the responder is the client.
        XAUTH_RESP_PRE_SHARED = 65002 => "XAUTHRespPreShared",
        /// draft-beaulieu-ike-xauth.
        XAUTH_INIT_DSS = 65003 => "XAUTHInitDSS",
        /// draft-beaulieu-ike-xauth.
        XAUTH_RESP_DSS = 65004 => "XAUTHRespDSS",
        /// draft-beaulieu-ike-xauth.
        XAUTH_INIT_RSA = 65005 => "XAUTHInitRSA",
        /// draft-beaulieu-ike-xauth.
        XAUTH_RESP_RSA = 65006 => "XAUTHRespRSA",
        /// draft-beaulieu-ike-xauth.
        XAUTH_INIT_RSA_ENCRYPTION = 65007 => "XAUTHInitRSAEncryption",
        /// draft-beaulieu-ike-xauth.
        XAUTH_RESP_RSA_ENCRYPTION = 65008 => "XAUTHRespRSAEncryption",
        /// draft-beaulieu-ike-xauth.
        XAUTH_INIT_REVISED_RSA_ENCRYPTION = 65009 => "XAUTHInitRSARevisedEncryption",
        /// draft-beaulieu-ike-xauth.
        XAUTH_RESP_REVISED_RSA_ENCRYPTION = 65010 => "XAUTHRespRSARevisedEncryption",
    }
}

ipsec_types::registry! {
    /// Diffie-Hellman groups (RFC 2409 §6, RFC 3526, RFC 5903, RFC 5114, RFC 6932).
    pub struct GroupDescription: u16 {
        /// RFC 2409 §6.1.
        MODP_768 = 1 => "768-bit MODP",
        /// RFC 2409 §6.2.
        MODP_1024 = 2 => "1024-bit MODP",
        /// RFC 2409 §6.3.
        EC2N_155 = 3 => "EC2N over GF[2^155]",
        /// RFC 2409 §6.4.
        EC2N_185 = 4 => "EC2N over GF[2^185]",
        /// RFC 3526 §2.
        MODP_1536 = 5 => "1536-bit MODP",
        /// Registered from a draft, without a description to be relied on; as all to 13.
        EC2N_163_6 = 6 => "EC2N over GF[2^163], group 6",
        /// As group 6.
        EC2N_163_7 = 7 => "EC2N over GF[2^163], group 7",
        /// As group 6.
        EC2N_283_8 = 8 => "EC2N over GF[2^283], group 8",
        /// As group 6.
        EC2N_283_9 = 9 => "EC2N over GF[2^283], group 9",
        /// As group 6.
        EC2N_409_10 = 10 => "EC2N over GF[2^409], group 10",
        /// As group 6.
        EC2N_409_11 = 11 => "EC2N over GF[2^409], group 11",
        /// As group 6.
        EC2N_571_12 = 12 => "EC2N over GF[2^571], group 12",
        /// As group 6.
        EC2N_571_13 = 13 => "EC2N over GF[2^571], group 13",
        /// RFC 3526 §3.
        MODP_2048 = 14 => "2048-bit MODP",
        /// RFC 3526 §4.
        MODP_3072 = 15 => "3072-bit MODP",
        /// RFC 3526 §5.
        MODP_4096 = 16 => "4096-bit MODP",
        /// RFC 3526 §6.
        MODP_6144 = 17 => "6144-bit MODP",
        /// RFC 3526 §7.
        MODP_8192 = 18 => "8192-bit MODP",
        /// RFC 5903.
        ECP_256 = 19 => "256-bit random ECP",
        /// RFC 5903.
        ECP_384 = 20 => "384-bit random ECP",
        /// RFC 5903.
        ECP_521 = 21 => "521-bit random ECP",
        /// RFC 5114 §2.1.
        MODP_1024_160 = 22 => "1024-bit MODP with 160-bit Prime Order Subgroup",
        /// RFC 5114 §2.2.
        MODP_2048_224 = 23 => "2048-bit MODP with 224-bit Prime Order Subgroup",
        /// RFC 5114 §2.3.
        MODP_2048_256 = 24 => "2048-bit MODP with 256-bit Prime Order Subgroup",
        /// RFC 5114 §2.4.
        ECP_192 = 25 => "192-bit Random ECP",
        /// RFC 5114 §2.5.
        ECP_224 = 26 => "224-bit Random ECP",
        /// RFC 6932.
        BRAINPOOL_P224R1 = 27 => "brainpoolP224r1",
        /// RFC 6932.
        BRAINPOOL_P256R1 = 28 => "brainpoolP256r1",
        /// RFC 6932.
        BRAINPOOL_P384R1 = 29 => "brainpoolP384r1",
        /// RFC 6932.
        BRAINPOOL_P512R1 = 30 => "brainpoolP512r1",
    }
}

ipsec_types::registry! {
    /// Kinds of groups that New Group Mode can define (RFC 2409 Appendix A).
    pub struct GroupType: u16 {
        /// Modular exponentiation.
        MODP = 1,
        /// Elliptic curve over GF[P].
        ECP = 2,
        /// Elliptic curve over GF[2^N].
        EC2N = 3,
    }
}

ipsec_types::registry! {
    /// What a life duration counts (RFC 2409 Appendix A, RFC 2407 §4.5).
    pub struct LifeType: u16 {
        /// Seconds.
        SECONDS = 1 => "seconds",
        /// Kilobytes.
        KILOBYTES = 2 => "kilobytes",
    }
}
