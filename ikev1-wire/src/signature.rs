use crate::opaque::opaque_payload;

opaque_payload! {
    /// The Signature payload (RFC 2408 §3.12, RFC 2409 §5.1): HASH_I or HASH_R signed.
    ///
    /// ```text
    ///                      1                   2                   3
    ///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ~                         Signature Data                        ~
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ```
    ///
    /// With RSA the hash is padded as for PKCS #1 encryption type 1 and carries no object identifier; with DSS and ECDSA
    /// r stands before s (RFC 2409 §5.1, RFC 4754).
    ///
    /// ```
    /// use ikev1_wire::{Encode, Signature};
    ///
    /// assert_eq!(Signature::new(&[0; 256]).encoded_len(), 256);
    /// ```
    pub struct Signature: "the signature", shown as length
}
