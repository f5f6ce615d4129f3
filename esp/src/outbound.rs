use crate::error::SealError;
use crate::header::{Covered, EspHeader};
use crate::iv::IvSource;
use crate::trailer::{self, TRAILER_LEN};
use core::fmt;
use ipsec_crypto_suite::{CryptoError, CryptoProvider, ProtectionKey, Secret, SecureRandom};
use ipsec_ip_packet::{NoRoom, Packet};
use ipsec_sa_db::{Counters, LimitState, Mode, SaMaterial, SequenceNumbers, Volume};
use ipsec_types::{IpProtocol, Spi};

/// The longest ESP packet that is sealed, in octets: what fits a UDP datagram in an IPv4 packet without options.
pub const MAX_ESP_LEN: usize = 65_507;

/// One outbound ESP SA: seals packets, and owns their sequence numbers and IVs.
///
/// It cannot be cloned: a twin would repeat IVs, which with AES-GCM gives away the key stream and the authentication key
/// (RFC 4106 §3.1).
///
/// ```compile_fail
/// fn twin(sa: &ipsec_esp::OutboundSa) -> ipsec_esp::OutboundSa {
///     sa.clone()
/// }
/// ```
///
/// See the [crate documentation](crate) for an example.
pub struct OutboundSa {
    spi: Spi,
    mode: Mode,
    extended: bool,
    key: ProtectionKey,
    ivs: IvSource,
    numbers: SequenceNumbers,
    counters: Counters,
}

impl OutboundSa {
    /// Builds the SA; its algorithms are looked up and keyed here, once.
    ///
    /// `rng` seeds the IVs of CBC modes.
    ///
    /// # Errors
    ///
    /// An algorithm that `provider` lacks, a key of the wrong length, a missing or superfluous integrity key, or a failing
    /// `rng`.
    pub fn new(
        provider: &CryptoProvider,
        rng: &mut dyn SecureRandom,
        material: SaMaterial,
    ) -> Result<Self, CryptoError> {
        let SaMaterial { spi, params, encryption, integrity } = material;
        let key = protection_key(provider, &params.protection, encryption, integrity)?;
        Ok(Self {
            spi,
            mode: params.mode,
            extended: params.extended_sequence_numbers,
            ivs: IvSource::new(provider, rng, params.protection)?,
            key,
            numbers: SequenceNumbers::new(params.extended_sequence_numbers),
            counters: Counters::new(params.limits),
        })
    }

    /// The SPI that the packets carry.
    pub const fn spi(&self) -> Spi {
        self.spi
    }

    /// The head and tail room that a packet with `data_len` octets of data needs, exactly.
    pub fn room(&self, data_len: usize) -> (usize, usize) {
        let protection = self.key.protection();
        let head = EspHeader::LEN.saturating_add(protection.iv_len());
        let padding = trailer::padding_len(data_len, protection.block_len());
        (head, padding.saturating_add(TRAILER_LEN).saturating_add(protection.icv_len()))
    }

    /// Seals the data of `packet`: afterwards that is the ESP packet, from the SPI to the ICV, and
    /// [`next_header`](Packet::next_header) says ESP.
    ///
    /// In tunnel mode the data is a whole IP packet; in transport mode what follows the IP header, which the caller
    /// [detached](Packet::detach_header). Nothing is allocated.
    ///
    /// The state that comes back says whether the SA is to be replaced.
    ///
    /// # Errors
    ///
    /// [`SealError`]; the packet is unchanged then, apart from [`SealError::Crypto`], after which it holds nothing of use.
    pub fn seal_in_place(&mut self, packet: &mut Packet<'_>) -> Result<LimitState, SealError> {
        let next_header = packet.next_header();
        if self.mode == Mode::Tunnel && !matches!(next_header, IpProtocol::IPV4 | IpProtocol::IPV6) {
            return Err(SealError::NotIp);
        }
        let data_len = packet.data().len();
        let (head, tail) = self.room(data_len);
        check_room(packet, head, tail)?;
        if !self.counters.allows(data_len) {
            return Err(SealError::Expired);
        }
        let number = self.numbers.take().map_err(|_| SealError::SequenceExhausted)?;
        packet.push_back(tail)?;
        packet.push_front(head)?;
        self.seal(packet.data_mut(), data_len, next_header, number)?;
        packet.set_next_header(IpProtocol::ESP);
        Ok(self.counters.count(data_len).max(self.numbers.state()))
    }

    fn seal(
        &self,
        octets: &mut [u8],
        data_len: usize,
        next_header: IpProtocol,
        number: u64,
    ) -> Result<(), SealError> {
        let protection = self.key.protection();
        let short = NoRoom { needed: data_len, available: octets.len() };
        let covered = Covered::new(self.spi, number, self.extended, protection.is_aead());
        let (header, rest) = octets.split_first_chunk_mut::<{ EspHeader::LEN }>().ok_or(short)?;
        let (iv, rest) = rest.split_at_mut_checked(protection.iv_len()).ok_or(short)?;
        let plaintext_len = rest.len().saturating_sub(protection.icv_len());
        let (plaintext, icv) = rest.split_at_mut_checked(plaintext_len).ok_or(short)?;
        let [_, _, _, _, low @ ..] = number.to_be_bytes();
        let [s0, s1, s2, s3] = self.spi.to_be_bytes();
        let [l0, l1, l2, l3] = low;
        *header = [s0, s1, s2, s3, l0, l1, l2, l3];
        trailer::write(plaintext.get_mut(data_len..).unwrap_or_default(), next_header);
        self.ivs.fill(number, iv)?;
        Ok(self.key.seal(covered.aad(), iv, plaintext, covered.trailer(), icv)?)
    }

    /// The sequence number sent last; 0 if none was.
    pub const fn last_sequence(&self) -> u64 {
        self.numbers.last()
    }

    /// What was protected so far.
    pub const fn used(&self) -> Volume {
        self.counters.used()
    }

    /// Continues after `last`, as a test of the counter's end wants.
    #[cfg(test)]
    pub(crate) fn resume_after(&mut self, last: u64) {
        self.numbers = SequenceNumbers::resume_after(last, self.extended);
    }
}

impl fmt::Debug for OutboundSa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundSa")
            .field("spi", &self.spi)
            .field("mode", &self.mode)
            .field("protection", &self.key.protection())
            .field("numbers", &self.numbers)
            .finish_non_exhaustive()
    }
}

fn check_room(packet: &Packet<'_>, head: usize, tail: usize) -> Result<(), SealError> {
    let data_len = packet.data().len();
    let total = data_len.saturating_add(head).saturating_add(tail).saturating_add(packet.header().len());
    if total > MAX_ESP_LEN {
        return Err(SealError::TooLong);
    }
    if packet.headroom() < head {
        return Err(NoRoom { needed: head, available: packet.headroom() }.into());
    }
    if packet.tailroom() < tail {
        return Err(NoRoom { needed: tail, available: packet.tailroom() }.into());
    }
    Ok(())
}

/// The keyed algorithms of an SA. NULL encryption has no key (RFC 2410): an absent one is an empty one.
pub(crate) fn protection_key(
    provider: &CryptoProvider,
    protection: &ipsec_crypto_suite::Protection,
    encryption: Option<Secret>,
    integrity: Option<Secret>,
) -> Result<ProtectionKey, CryptoError> {
    let encryption = encryption.unwrap_or_else(|| Secret::copy_from(&[]));
    ProtectionKey::new(provider, *protection, &encryption, integrity.as_ref())
}

#[cfg(all(test, feature = "rustcrypto"))]
mod tests {
    use super::*;
    use ipsec_crypto_suite::{AeadId, Protection, rustcrypto};
    use ipsec_sa_db::SaParams;

    struct NoRandom;

    impl SecureRandom for NoRandom {
        fn fill(&mut self, _out: &mut [u8]) -> Result<(), CryptoError> {
            Err(CryptoError::Randomness)
        }
    }

    #[test]
    fn ea_06_an_exhausted_sa_seals_nothing_more() {
        for (extended, limit) in [(false, u64::from(u32::MAX)), (true, u64::MAX)] {
            let protection = Protection::Aead(AeadId::Aes128Gcm16);
            let params = SaParams {
                extended_sequence_numbers: extended,
                ..SaParams::new(protection, Mode::Transport)
            };
            let encryption = Some(Secret::new([1; 20]));
            let material = SaMaterial { spi: Spi::new(256).unwrap(), params, encryption, integrity: None };
            // Counter modes need no randomness.
            let mut sa = OutboundSa::new(&rustcrypto::provider(), &mut NoRandom, material).unwrap();
            sa.resume_after(limit - 2);
            let mut states = alloc::vec::Vec::new();
            for _ in 0..4 {
                let mut buf = [0; 64];
                let mut packet = Packet::new(&mut buf, 16..20, IpProtocol::UDP).unwrap();
                states.push(sa.seal_in_place(&mut packet));
                if states.len() > 2 {
                    assert_eq!(packet.data(), [0; 4], "a refused packet is unchanged");
                }
            }
            let end = Err(SealError::SequenceExhausted);
            assert_eq!(states, [Ok(LimitState::Soft), Ok(LimitState::Hard), end, end]);
            assert_eq!(sa.last_sequence(), limit);
        }
    }
}
