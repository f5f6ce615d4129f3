use ipsec_types::IpProtocol;

/// Octets of Pad Length and Next Header.
pub(crate) const TRAILER_LEN: usize = 2;

/// The padding there is: 1, 2, 3, … (RFC 4303 §2.4).
static PADDING: [u8; 255] = {
    let mut padding = [0; 255];
    let mut rest: &mut [u8] = &mut padding;
    let mut value = 1u8;
    while let Some((octet, more)) = rest.split_first_mut() {
        *octet = value;
        value = value.wrapping_add(1);
        rest = more;
    }
    padding
};

/// Fills padding and trailer: 1, 2, 3, …, Pad Length, Next Header.
#[inline]
pub(crate) fn write(out: &mut [u8], next_header: IpProtocol) {
    let Some((padding, trailer)) = out.split_last_chunk_mut::<TRAILER_LEN>() else { return };
    *trailer = [u8::try_from(padding.len()).unwrap_or(u8::MAX), next_header.0];
    // Without a block cipher it is three octets at most.
    match padding {
        [] => {}
        [one] => *one = 1,
        [one, two] => [*one, *two] = [1, 2],
        [one, two, three] => [*one, *two, *three] = [1, 2, 3],
        longer => longer.iter_mut().zip(&PADDING).for_each(|(octet, value)| *octet = *value),
    }
}

/// How many octets of `plaintext` are payload, and what they are; `None` for padding that is wrong or too long.
#[inline(always)]
pub(crate) fn read(plaintext: &[u8]) -> Option<(usize, IpProtocol)> {
    let (rest, [length, next]) = plaintext.split_last_chunk::<TRAILER_LEN>()?;
    let payload = rest.len().checked_sub(usize::from(*length))?;
    let right = match rest.get(payload..)? {
        [] | [1] | [1, 2] | [1, 2, 3] => true,
        padding => padding.iter().zip(&PADDING).all(|(octet, value)| octet == value),
    };
    right.then_some((payload, IpProtocol(*next)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn ea_08_every_length_of_right_padding_and_no_wrong_octet() {
        for length in 0..=255u8 {
            let mut plaintext: Vec<u8> = alloc::vec![0xaa; 5];
            plaintext.extend(1..=length);
            plaintext.extend([length, 4]);
            assert_eq!(read(&plaintext), Some((5, IpProtocol::IPV4)), "{length}");
            for at in 5..5 + usize::from(length) {
                plaintext[at] ^= 1;
                assert_eq!(read(&plaintext), None, "{length}: octet {at}");
                plaintext[at] ^= 1;
            }
        }
        assert_eq!(read(&[1, 2, 3, 4, 4]), None, "longer than the packet");
        assert_eq!(read(&[255, 4]), None);
        assert_eq!(read(&[4]), None);
        assert_eq!(read(&[0, 59]), Some((0, IpProtocol::NO_NEXT_HEADER)));
    }
}
