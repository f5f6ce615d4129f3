use crate::opaque::opaque_payload;

opaque_payload! {
    /// The Nonce payload (RFC 2408 §3.13): Ni and Nr.
    ///
    /// ```text
    ///                      1                   2                   3
    ///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ~                            Nonce Data                         ~
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ```
    ///
    /// With RSA encryption the nonce is encrypted here, and as long as the modulus (RFC 2409 §5.2).
    ///
    /// ```
    /// use ikev1_wire::Nonce;
    ///
    /// assert!(Nonce::new(&[7; 16]).has_lawful_length());
    /// assert!(!Nonce::new(&[7; 4]).has_lawful_length());
    /// ```
    pub struct Nonce: "the nonce", shown as digits
}

impl Nonce<'_> {
    /// "The length of nonce payload MUST be between 8 and 256 bytes inclusive" (RFC 2409 §5); a message with another
    /// nonce in the clear is refused.
    pub const fn has_lawful_length(&self) -> bool {
        self.data.len() >= 8 && self.data.len() <= 256
    }
}
