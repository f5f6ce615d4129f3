use crate::{Attribute, AttributeValue};

ipsec_types::registry! {
    /// The classes of the attributes of an IPsec SA (RFC 2407 §4.5, RFC 4304, RFC 6407).
    pub struct IpsecAttributeClass: u16 {
        /// Basic, a [`LifeType`](crate::LifeType).
        SA_LIFE_TYPE = 1 => "SA Life Type",
        /// Variable: seconds or kilobytes, as the SA Life Type before it says.
        SA_LIFE_DURATION = 2 => "SA Life Duration",
        /// Basic, a [`GroupDescription`](crate::GroupDescription).
        GROUP_DESCRIPTION = 3 => "Group Description",
        /// Basic, an [`EncapsulationMode`].
        ENCAPSULATION_MODE = 4 => "Encapsulation Mode",
        /// Basic, an [`AuthenticationAlgorithm`].
        AUTHENTICATION_ALGORITHM = 5 => "Authentication Algorithm",
        /// Basic, in bits.
        KEY_LENGTH = 6 => "Key Length",
        /// Basic.
        KEY_ROUNDS = 7 => "Key Rounds",
        /// Basic, the logarithm to the base 2.
        COMPRESS_DICTIONARY_SIZE = 8 => "Compress Dictionary Size",
        /// Variable.
        COMPRESS_PRIVATE_ALGORITHM = 9 => "Compress Private Algorithm",
        /// Basic, RFC 3168 §9.2.1.2.
        ECN_TUNNEL = 10 => "ECN Tunnel",
        /// Basic, RFC 4304: 1 for 64-bit numbers.
        EXTENDED_SEQUENCE_NUMBER = 11 => "Extended (64-bit) Sequence Number",
        /// Variable, RFC 4359.
        AUTHENTICATION_KEY_LENGTH = 12 => "Authentication Key Length",
        /// Basic, RFC 4359.
        SIGNATURE_ENCODING_ALGORITHM = 13 => "Signature Encoding Algorithm",
        /// Basic, RFC 6407.
        ADDRESS_PRESERVATION = 14 => "Address Preservation",
        /// Basic, RFC 6407.
        SA_DIRECTION = 15 => "SA Direction",
    }
}

impl IpsecAttributeClass {
    /// An attribute of this class with a value of two octets.
    pub const fn basic(self, value: u16) -> Attribute<'static> {
        Attribute { class: self.0, value: AttributeValue::Basic(value) }
    }

    /// An attribute of this class with a value of any length.
    pub const fn variable(self, value: &[u8]) -> Attribute<'_> {
        Attribute { class: self.0, value: AttributeValue::Variable(value) }
    }

    /// Whether the value may have any length. The others are basic, and "Attributes described as basic MUST NOT be
    /// encoded as variable" (RFC 2407 §4.5).
    pub const fn is_variable(self) -> bool {
        matches!(
            self,
            Self::SA_LIFE_DURATION | Self::COMPRESS_PRIVATE_ALGORITHM | Self::AUTHENTICATION_KEY_LENGTH
        )
    }
}

ipsec_types::registry! {
    /// Transforms of PROTO_ISAKMP (RFC 2407 §4.4.2).
    pub struct IsakmpTransform: u8 {
        /// The hybrid of ISAKMP and Oakley, RFC 2409.
        KEY_IKE = 1,
    }
}

ipsec_types::registry! {
    /// Transforms of PROTO_IPSEC_AH (RFC 2407 §4.4.3 and what followed).
    pub struct AhTransform: u8 {
        /// RFC 2403.
        MD5 = 2 => "AH_MD5",
        /// RFC 2404.
        SHA = 3 => "AH_SHA",
        /// RFC 2407.
        DES = 4 => "AH_DES",
        /// RFC 4868.
        SHA2_256 = 5 => "AH_SHA2-256",
        /// RFC 4868.
        SHA2_384 = 6 => "AH_SHA2-384",
        /// RFC 4868.
        SHA2_512 = 7 => "AH_SHA2-512",
        /// RFC 2857.
        RIPEMD = 8 => "AH_RIPEMD",
        /// RFC 3566.
        AES_XCBC_MAC = 9 => "AH_AES-XCBC-MAC",
        /// RFC 4359.
        RSA = 10 => "AH_RSA",
        /// RFC 4543.
        AES_128_GMAC = 11 => "AH_AES-128-GMAC",
        /// RFC 4543.
        AES_192_GMAC = 12 => "AH_AES-192-GMAC",
        /// RFC 4543.
        AES_256_GMAC = 13 => "AH_AES-256-GMAC",
    }
}

ipsec_types::registry! {
    /// Transforms of PROTO_IPSEC_ESP (RFC 2407 §4.4.4 and what followed).
    pub struct EspTransform: u8 {
        /// RFC 2407.
        DES_IV64 = 1 => "ESP_DES_IV64",
        /// RFC 2405.
        DES = 2 => "ESP_DES",
        /// RFC 2451.
        TRIPLE_DES = 3 => "ESP_3DES",
        /// RFC 2451.
        RC5 = 4 => "ESP_RC5",
        /// RFC 2451.
        IDEA = 5 => "ESP_IDEA",
        /// RFC 2451.
        CAST = 6 => "ESP_CAST",
        /// RFC 2451.
        BLOWFISH = 7 => "ESP_BLOWFISH",
        /// RFC 2407.
        TRIPLE_IDEA = 8 => "ESP_3IDEA",
        /// RFC 2407.
        DES_IV32 = 9 => "ESP_DES_IV32",
        /// RFC 2407.
        RC4 = 10 => "ESP_RC4",
        /// RFC 2410.
        NULL = 11 => "ESP_NULL",
        /// RFC 3602.
        AES_CBC = 12 => "ESP_AES-CBC",
        /// RFC 3686.
        AES_CTR = 13 => "ESP_AES-CTR",
        /// RFC 4309.
        AES_CCM_8 = 14 => "ESP_AES-CCM_8",
        /// RFC 4309.
        AES_CCM_12 = 15 => "ESP_AES-CCM_12",
        /// RFC 4309.
        AES_CCM_16 = 16 => "ESP_AES-CCM_16",
        /// RFC 4106.
        AES_GCM_8 = 18 => "ESP_AES-GCM_8",
        /// RFC 4106.
        AES_GCM_12 = 19 => "ESP_AES-GCM_12",
        /// RFC 4106.
        AES_GCM_16 = 20 => "ESP_AES-GCM_16",
        /// RFC 4196.
        SEED_CBC = 21 => "ESP_SEED_CBC",
        /// RFC 4312.
        CAMELLIA = 22 => "ESP_CAMELLIA",
        /// RFC 4543.
        NULL_AUTH_AES_GMAC = 23 => "ESP_NULL_AUTH_AES-GMAC",
    }
}

ipsec_types::registry! {
    /// Transforms of PROTO_IPCOMP (RFC 2407 §4.4.5).
    pub struct IpcompTransform: u8 {
        /// RFC 2407.
        OUI = 1 => "IPCOMP_OUI",
        /// RFC 2394.
        DEFLATE = 2 => "IPCOMP_DEFLATE",
        /// RFC 2395.
        LZS = 3 => "IPCOMP_LZS",
        /// RFC 3051.
        LZJH = 4 => "IPCOMP_LZJH",
    }
}

ipsec_types::registry! {
    /// Encapsulation modes (RFC 2407 §4.5, RFC 3947 §5.1).
    pub struct EncapsulationMode: u16 {
        /// RFC 2407 §4.5.
        TUNNEL = 1 => "Tunnel",
        /// RFC 2407 §4.5.
        TRANSPORT = 2 => "Transport",
        /// RFC 3947 §5.1.
        UDP_ENCAPSULATED_TUNNEL = 3 => "UDP-Encapsulated-Tunnel",
        /// RFC 3947 §5.1.
        UDP_ENCAPSULATED_TRANSPORT = 4 => "UDP-Encapsulated-Transport",
        /// draft-ietf-ipsec-nat-t-ike-00 to -03.
        UDP_ENCAPSULATED_TUNNEL_DRAFT = 61443 => "UDP-Encapsulated-Tunnel (draft)",
        /// draft-ietf-ipsec-nat-t-ike-00 to -03.
        UDP_ENCAPSULATED_TRANSPORT_DRAFT = 61444 => "UDP-Encapsulated-Transport (draft)",
    }
}

ipsec_types::registry! {
    /// Authentication algorithms of AH and ESP (RFC 2407 §4.5 and what followed).
    pub struct AuthenticationAlgorithm: u16 {
        /// RFC 2403.
        HMAC_MD5 = 1 => "HMAC-MD5",
        /// RFC 2404.
        HMAC_SHA = 2 => "HMAC-SHA",
        /// RFC 2407.
        DES_MAC = 3 => "DES-MAC",
        /// RFC 1826.
        KPDK = 4,
        /// RFC 4868.
        HMAC_SHA2_256 = 5 => "HMAC-SHA2-256",
        /// RFC 4868.
        HMAC_SHA2_384 = 6 => "HMAC-SHA2-384",
        /// RFC 4868.
        HMAC_SHA2_512 = 7 => "HMAC-SHA2-512",
        /// RFC 2857.
        HMAC_RIPEMD = 8 => "HMAC-RIPEMD",
        /// RFC 3566.
        AES_XCBC_MAC = 9 => "AES-XCBC-MAC",
        /// RFC 4359.
        SIG_RSA = 10 => "SIG-RSA",
        /// RFC 4543.
        AES_128_GMAC = 11 => "AES-128-GMAC",
        /// RFC 4543.
        AES_192_GMAC = 12 => "AES-192-GMAC",
        /// RFC 4543.
        AES_256_GMAC = 13 => "AES-256-GMAC",
    }
}
