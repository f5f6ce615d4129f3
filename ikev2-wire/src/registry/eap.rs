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
        /// Registered without an RFC.
        RSA_PUBLIC_KEY = 9 => "RSA Public Key Authentication",
        /// Registered without an RFC.
        DSS_UNILATERAL = 10 => "DSS Unilateral",
        /// Registered without an RFC.
        KEA = 11 => "KEA",
        /// Registered without an RFC.
        KEA_VALIDATE = 12 => "KEA-VALIDATE",
        /// RFC 5216, RFC 9190.
        TLS = 13 => "EAP-TLS",
        /// Registered without an RFC.
        DEFENDER_TOKEN = 14 => "Defender Token (AXENT)",
        /// Registered without an RFC.
        SECURID = 15 => "RSA Security SecurID EAP",
        /// Registered without an RFC.
        ARCOT = 16 => "Arcot Systems EAP",
        /// LEAP.
        CISCO_WIRELESS = 17 => "EAP-Cisco Wireless",
        /// RFC 4186.
        SIM = 18 => "GSM Subscriber Identity Modules (EAP-SIM)",
        /// Registered without an RFC.
        SRP_SHA1 = 19 => "SRP-SHA1",
        /// RFC 5281.
        TTLS = 21 => "EAP-TTLS",
        /// Registered without an RFC.
        REMOTE_ACCESS_SERVICE = 22 => "Remote Access Service",
        /// RFC 4187.
        AKA = 23 => "EAP-AKA Authentication",
        /// Registered without an RFC.
        THREE_COM_WIRELESS = 24 => "EAP-3Com Wireless",
        /// Registered without an RFC.
        PEAP = 25 => "PEAP",
        /// EAP-MSCHAPv2 as it is used: [`MsChapV2`](crate::MsChapV2).
        MSCHAPV2 = 26 => "MS-EAP-Authentication",
        /// Registered without an RFC.
        MAKE = 27 => "Mutual Authentication w/Key Exchange (MAKE)",
        /// Registered without an RFC.
        CRYPTOCARD = 28 => "CRYPTOCard",
        /// Not what is called EAP-MSCHAPv2: that is 26.
        CISCO_MSCHAPV2 = 29 => "EAP-MSCHAP-V2",
        /// Registered without an RFC.
        DYNAMID = 30 => "DynamID",
        /// Registered without an RFC.
        ROB = 31 => "Rob EAP",
        /// RFC 4793.
        POTP = 32 => "Protected One-Time Password",
        /// Registered without an RFC.
        MS_AUTHENTICATION_TLV = 33 => "MS-Authentication-TLV",
        /// Registered without an RFC.
        SENTRINET = 34 => "SentriNET",
        /// Registered without an RFC.
        ACTIONTEC_WIRELESS = 35 => "EAP-Actiontec Wireless",
        /// Registered without an RFC.
        COGENT_BIOMETRICS = 36 => "Cogent Systems Biometrics Authentication EAP",
        /// Registered without an RFC.
        AIRFORTRESS = 37 => "AirFortress EAP",
        /// Registered without an RFC.
        HTTP_DIGEST = 38 => "EAP-HTTP Digest",
        /// Registered without an RFC.
        SECURESUITE = 39 => "SecureSuite EAP",
        /// Registered without an RFC.
        DEVICECONNECT = 40 => "DeviceConnect EAP",
        /// Registered without an RFC.
        SPEKE = 41 => "EAP-SPEKE",
        /// Registered without an RFC.
        MOBAC = 42 => "EAP-MOBAC",
        /// RFC 4851.
        FAST = 43 => "EAP-FAST",
        /// Registered without an RFC.
        ZLXEAP = 44 => "ZoneLabs EAP (ZLXEAP)",
        /// Registered without an RFC.
        LINK = 45 => "EAP-Link",
        /// RFC 4746.
        PAX = 46 => "EAP-PAX",
        /// RFC 4764.
        PSK = 47 => "EAP-PSK",
        /// RFC 4763.
        SAKE = 48 => "EAP-SAKE",
        /// RFC 5106.
        IKEV2 = 49 => "EAP-IKEv2",
        /// RFC 9048.
        AKA_PRIME = 50 => "EAP-AKA'",
        /// RFC 5433.
        GPSK = 51 => "EAP-GPSK",
        /// RFC 5931.
        PWD = 52 => "EAP-pwd",
        /// RFC 6124.
        EKE = 53 => "EAP-EKE Version 1",
        /// RFC 7171.
        PT_EAP = 54 => "EAP Method Type for PT-EAP",
        /// RFC 7170.
        TEAP = 55 => "TEAP",
        /// RFC 9140.
        NOOB = 56 => "EAP-NOOB",
        /// RFC 3748 §5.7.
        EXPANDED = 254 => "Reserved for the Expanded Type",
        /// RFC 3748 §5.8.
        EXPERIMENTAL = 255 => "Experimental",
    }
}
