use alloc::vec;
use alloc::vec::Vec;
use der::asn1::UintRef;
use der::{Decode as _, Encode as _, Sequence};

/// ECDSA-Sig-Value (RFC 3279 §2.2.3).
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// r | s, each of `field_len` octets; `None` for other octets, and for numbers that are longer.
pub(super) fn from_der(signature: &[u8], field_len: usize) -> Option<Vec<u8>> {
    let value = EcdsaSigValue::from_der(signature).ok()?;
    let mut fixed = vec![0; 2 * field_len];
    for (half, number) in fixed.chunks_exact_mut(field_len).zip([value.r, value.s]) {
        let octets = number.as_bytes();
        half.get_mut(field_len.checked_sub(octets.len())?..)?.copy_from_slice(octets);
    }
    Some(fixed)
}

/// The DER of r | s; `None` where it is not twice `field_len` octets.
pub(super) fn to_der(signature: &[u8], field_len: usize) -> Option<Vec<u8>> {
    if signature.len() != 2 * field_len {
        return None;
    }
    let (r, s) = signature.split_at(field_len);
    let value = EcdsaSigValue { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? };
    value.to_der().ok()
}
