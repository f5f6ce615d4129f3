use super::algorithms;

/// The facts of a hash function.
struct Row {
    name: &'static str,
    output: usize,
    ikev1: u16,
    signature: Option<u16>,
}

algorithms! {
    /// The hash functions there are.
    pub enum HashId: Row {
        /// SHA-1 (FIPS 180-4). NAT detection is built on it (RFC 7296 §2.23), and IKEv1; IKEv2 signs nothing with it unless
        /// told to.
        Sha1 = Row { name: "SHA1", output: 20, ikev1: 2, signature: Some(1) };
        /// SHA-256 (FIPS 180-4).
        Sha2_256 = Row { name: "SHA2-256", output: 32, ikev1: 4, signature: Some(2) };
        /// SHA-384 (FIPS 180-4).
        Sha2_384 = Row { name: "SHA2-384", output: 48, ikev1: 5, signature: Some(3) };
        /// SHA-512 (FIPS 180-4).
        Sha2_512 = Row { name: "SHA2-512", output: 64, ikev1: 6, signature: Some(4) };
        /// MD5 (RFC 1321): legacy.
        Md5 = Row { name: "MD5", output: 16, ikev1: 1, signature: None };
    }
}

impl HashId {
    /// Octets of the output.
    pub const fn output_len(self) -> usize {
        self.row().output
    }

    /// Whether only the `legacy` tables hold it.
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::Md5)
    }

    /// The Hash Algorithm attribute of IKEv1's phase 1 (RFC 2409 App. A).
    pub const fn ikev1(self) -> u16 {
        self.row().ikev1
    }

    /// The hash of a Hash Algorithm attribute of IKEv1's phase 1.
    pub fn from_ikev1(attribute: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|hash| hash.ikev1() == attribute)
    }

    /// Its number in SIGNATURE_HASH_ALGORITHMS (RFC 7427 §7).
    pub const fn signature_hash(self) -> Option<u16> {
        self.row().signature
    }
}
