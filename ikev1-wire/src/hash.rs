use crate::opaque::opaque_payload;

opaque_payload! {
    /// The Hash payload (RFC 2408 §3.11): HASH_I and HASH_R, HASH(1), HASH(2) and HASH(3) of RFC 2409 §5.
    ///
    /// ```text
    ///                      1                   2                   3
    ///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ~                           Hash Data                           ~
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ```
    ///
    /// What it covers is [`PayloadChain::after_hash`](crate::PayloadChain::after_hash). It is to be compared in constant
    /// time, which `==` is not.
    ///
    /// ```
    /// use ikev1_wire::{Hash, Payload, PayloadChain, PayloadType};
    ///
    /// let chain = PayloadChain::parse(PayloadType::HASH, &[0, 0, 0, 7, 0xaa, 0xbb, 0xcc], 0)?;
    /// let hash = chain.find(PayloadType::HASH).unwrap();
    /// assert_eq!(hash.decode()?, Payload::Hash(Hash::new(&[0xaa, 0xbb, 0xcc])));
    /// # Ok::<(), ikev1_wire::ParseError>(())
    /// ```
    pub struct Hash: "the hash", shown as digits
}
