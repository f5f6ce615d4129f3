use crate::header::{EspHeader, UpperHalf};
use crate::trailer::TRAILER_LEN;
use ipsec_crypto_suite::Protection;
use ipsec_ip_packet::Expansion;

/// The lengths that an SA's algorithms ask for, looked up once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Framing {
    /// Octets in front of the payload: header and IV.
    pub(crate) head_len: usize,
    pub(crate) iv_len: usize,
    pub(crate) icv_len: usize,
    /// Octets of header, IV and ICV.
    fixed_len: usize,
    /// One less than what ciphertext is a multiple of.
    block_mask: usize,
    /// One less than what plaintext and trailer are padded to: the block, or 4 (RFC 4303 §2.4).
    align_mask: usize,
    /// The IV is the sequence number and is not sent (RFC 8750).
    pub(crate) implicit: bool,
    pub(crate) upper_half: UpperHalf,
}

impl Framing {
    pub(crate) const fn new(protection: Protection, extended: bool) -> Self {
        let block = protection.block_len().next_power_of_two();
        let align = if block < 4 { 4 } else { block };
        let (iv_len, icv_len) = (protection.iv_len(), protection.icv_len());
        let head_len = EspHeader::LEN.saturating_add(iv_len);
        Self {
            head_len,
            iv_len,
            icv_len,
            fixed_len: head_len.saturating_add(icv_len),
            block_mask: block.saturating_sub(1),
            align_mask: align.saturating_sub(1),
            implicit: protection.has_implicit_iv(),
            upper_half: UpperHalf::new(extended, protection.is_aead()),
        }
    }

    /// Octets behind a payload of this length: padding, trailer and ICV.
    #[inline]
    pub(crate) const fn tail_len(&self, payload: usize) -> usize {
        self.trailer_len(payload).saturating_add(self.icv_len)
    }

    /// Octets of padding and trailer behind a payload of this length (RFC 4303 §2.4).
    #[inline]
    pub(crate) const fn trailer_len(&self, payload: usize) -> usize {
        // What is missing to the next multiple is the negative, modulo that.
        let padding = payload.wrapping_add(TRAILER_LEN).wrapping_neg() & self.align_mask;
        padding.wrapping_add(TRAILER_LEN)
    }

    /// The most that [`tail_len`](Self::tail_len) can be.
    pub(crate) const fn longest_tail(&self) -> usize {
        self.align_mask.saturating_add(TRAILER_LEN).saturating_add(self.icv_len)
    }

    /// Whether an ESP packet can be so long: a trailer at least, and whole blocks.
    #[inline]
    pub(crate) const fn fits(&self, esp_len: usize) -> bool {
        match esp_len.checked_sub(self.fixed_len) {
            Some(ciphertext) => ciphertext >= TRAILER_LEN && ciphertext & self.block_mask == 0,
            None => false,
        }
    }

    pub(crate) const fn expansion(&self) -> Expansion {
        let align = self.align_mask.saturating_add(1);
        Expansion { fixed: self.fixed_len, trailer: TRAILER_LEN, align, kept: 0, dropped: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipsec_crypto_suite::{AeadId, CipherId, MacId};

    #[test]
    fn rfc4303_2_4_trailers_align_to_four_or_the_block() {
        let mac = MacId::HmacSha2_256_128;
        for (protection, align) in [
            (Protection::Aead(AeadId::Aes128Gcm16), 4),
            (Protection::Composed { cipher: CipherId::Null, mac }, 4),
            (Protection::Composed { cipher: CipherId::Aes128Cbc, mac }, 16),
        ] {
            let framing = Framing::new(protection, false);
            for payload in 0..64 {
                let trailer = framing.trailer_len(payload);
                assert!((TRAILER_LEN..TRAILER_LEN + align).contains(&trailer));
                assert_eq!((payload + trailer) % align, 0);
                assert!(framing.tail_len(payload) <= framing.longest_tail());
                let esp_len = framing.head_len + payload + framing.tail_len(payload);
                assert!(framing.fits(esp_len));
                assert_eq!(framing.expansion().protected_len(payload), esp_len);
            }
        }
    }
}
