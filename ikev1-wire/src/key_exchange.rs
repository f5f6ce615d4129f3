use crate::opaque::opaque_payload;

opaque_payload! {
    /// The Key Exchange payload (RFC 2408 §3.7, RFC 2409 §5): the public value of the group that the SA payload names.
    ///
    /// ```text
    ///                      1                   2                   3
    ///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ~                       Key Exchange Data                       ~
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ```
    ///
    /// Whether the length is that of the group is for the caller to judge: the group stands in another payload.
    ///
    /// ```
    /// use ikev1_wire::{Encode, KeyExchange, Writer};
    ///
    /// let mut buf = [0; 4];
    /// let mut out = Writer::new(&mut buf);
    /// KeyExchange::new(&[1, 2, 3, 4]).encode(&mut out)?;
    /// assert_eq!(KeyExchange::new(out.written()).data(), [1, 2, 3, 4]);
    /// # Ok::<(), ikev1_wire::EncodeError>(())
    /// ```
    pub struct KeyExchange: "the public value", shown as length
}
