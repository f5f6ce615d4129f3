use ipsec_types::IpProtocol;

/// Octets of Pad Length and Next Header.
pub(crate) const TRAILER_LEN: usize = 2;

/// How many padding octets align `payload` octets and the trailer (RFC 4303 §2.4): to the cipher's block, and to 4.
pub(crate) fn padding_len(payload: usize, block: usize) -> usize {
    let align = block.max(4);
    let over = payload.checked_add(TRAILER_LEN).and_then(|len| len.checked_rem(align)).unwrap_or_default();
    if over == 0 { 0 } else { align.saturating_sub(over) }
}

/// Fills padding and trailer: 1, 2, 3, …, Pad Length, Next Header.
pub(crate) fn write(out: &mut [u8], next_header: IpProtocol) {
    let padding = out.len().saturating_sub(TRAILER_LEN);
    for (octet, value) in out.iter_mut().zip(1u8..=u8::MAX) {
        *octet = value;
    }
    if let Some([length, next]) = out.last_chunk_mut::<TRAILER_LEN>() {
        *length = u8::try_from(padding).unwrap_or(u8::MAX);
        *next = next_header.0;
    }
}

/// How many octets of `plaintext` are payload, and what they are; `None` for padding that is wrong or too long.
pub(crate) fn read(plaintext: &[u8]) -> Option<(usize, IpProtocol)> {
    let (rest, [length, next]) = plaintext.split_last_chunk::<TRAILER_LEN>()?;
    let payload = rest.len().checked_sub(usize::from(*length))?;
    let padding = rest.get(payload..)?;
    let right = padding.iter().zip(1u8..=u8::MAX).all(|(octet, value)| *octet == value);
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

    #[test]
    fn rfc4303_2_4_trailers_align_to_four_or_the_block() {
        for block in [1, 4, 16] {
            for payload in 0..64 {
                let padding = padding_len(payload, block);
                assert_eq!((payload + padding + 2) % block.max(4), 0);
                assert!(padding < block.max(4));
                let mut out = alloc::vec![0; padding + 2];
                write(&mut out, IpProtocol::UDP);
                assert_eq!(read(&out), Some((0, IpProtocol::UDP)));
            }
        }
    }
}
