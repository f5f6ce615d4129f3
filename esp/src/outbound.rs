use crate::block::SealBlock;
use crate::error::SealError;
use crate::iv::must_not_repeat;
use crate::sealer::{MAX_ESP_LEN, Sealer};
use alloc::sync::Arc;
use core::fmt;
use core::num::NonZeroU32;
use ipsec_crypto_suite::{CryptoError, CryptoProvider, SecureRandom};
use ipsec_ip_packet::{Expansion, Ipv4Header, Ipv6Header, Packet};
use ipsec_sa_db::{LimitState, Mode, Outlay, SaMaterial, Volume};
use ipsec_types::Spi;

/// One outbound ESP SA: seals packets, and owns their sequence numbers and IVs.
///
/// It cannot be cloned: a twin would repeat IVs, which with AES-GCM gives away the key stream and the authentication key
/// (RFC 4106 §3.1). For several cores there are [`SealBlock`]s.
///
/// ```compile_fail
/// fn twin(sa: &ipsec_esp::OutboundSa) -> ipsec_esp::OutboundSa {
///     sa.clone()
/// }
/// ```
///
/// See the [crate documentation](crate) for an example.
pub struct OutboundSa {
    sealer: Arc<Sealer>,
    outlay: Outlay,
}

impl OutboundSa {
    /// Builds the SA; its algorithms are looked up and keyed here, once.
    ///
    /// The keys are fresh, as IKE makes them: with a counter mode, packets start with IV 1, and whoever builds a second SA
    /// from the same key repeats IVs. Keys set by hand go to [`manual`](Self::manual).
    ///
    /// `rng` seeds the IVs of CBC modes.
    ///
    /// # Errors
    ///
    /// An algorithm that `provider` lacks, a key of the wrong length, a missing or superfluous integrity key, BEET addresses
    /// of two families, or a failing `rng`.
    pub fn new(
        provider: &CryptoProvider,
        rng: &mut dyn SecureRandom,
        material: SaMaterial,
    ) -> Result<Self, CryptoError> {
        let params = material.params;
        let outlay = Outlay::new(params.extended_sequence_numbers, params.limits);
        Ok(Self { sealer: Arc::new(Sealer::new(provider, rng, material)?), outlay })
    }

    /// Builds an SA whose keys were set by hand, and outlive this object.
    ///
    /// Counter modes are refused: with a key that outlives the counter, IVs would repeat (RFC 3686 §3.1, RFC 4106 §2, RFC
    /// 7634 §2). CBC and NULL have no such danger. Sequence numbers continue behind `last`: a peer that checks for replays
    /// wants what [`last_sequence`](Self::last_sequence) said before the restart, kept by the caller; 0 is for a peer that
    /// does not (RFC 4303 §3.3.3). They end all the same: a new key has to be set before.
    ///
    /// ```
    /// # use ipsec_crypto_suite::{AeadId, CipherId, CryptoError, MacId, Protection, Secret, SecureRandom, rustcrypto};
    /// # use ipsec_esp::OutboundSa;
    /// # use ipsec_sa_db::{Mode, SaMaterial, SaParams};
    /// # use ipsec_types::Spi;
    /// # struct Random;
    /// # impl SecureRandom for Random {
    /// #     fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> { out.fill(9); Ok(()) }
    /// # }
    /// let material = |protection, encryption, integrity| SaMaterial {
    ///     spi: Spi::new(0x1000).unwrap(),
    ///     params: SaParams::new(protection, Mode::Tunnel),
    ///     encryption: Some(Secret::new(encryption)),
    ///     integrity,
    /// };
    /// let cbc = Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 };
    /// let cbc = material(cbc, vec![1; 16], Some(Secret::new([2; 32])));
    /// let sa = OutboundSa::manual(&rustcrypto::provider(), &mut Random, cbc, 4711)?; // kept from before
    /// assert_eq!(sa.last_sequence(), 4711);
    ///
    /// let gcm = material(Protection::Aead(AeadId::Aes128Gcm16), vec![1; 20], None);
    /// assert!(OutboundSa::manual(&rustcrypto::provider(), &mut Random, gcm, 0).is_err());
    /// # Ok::<(), CryptoError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] for a counter mode, and as [`new`](Self::new).
    pub fn manual(
        provider: &CryptoProvider,
        rng: &mut dyn SecureRandom,
        material: SaMaterial,
        last: u64,
    ) -> Result<Self, CryptoError> {
        let params = material.params;
        if must_not_repeat(params.protection) {
            return Err(CryptoError::Invalid("counter mode with a key set by hand"));
        }
        let outlay = Outlay::resume_after(last, params.extended_sequence_numbers, params.limits);
        Ok(Self { sealer: Arc::new(Sealer::new(provider, rng, material)?), outlay })
    }

    /// The SPI that the packets carry.
    pub fn spi(&self) -> Spi {
        self.sealer.spi
    }

    /// The head and tail room that a packet with `data_len` octets of data needs, exactly; in BEET mode at most, as its
    /// inner header goes.
    pub fn room(&self, data_len: usize) -> (usize, usize) {
        self.sealer.room(data_len)
    }

    /// What ESP makes of the length of its data. In tunnel mode the outer header, and with UDP or TCP encapsulation that
    /// too, goes [outside](Expansion::behind); in transport mode the IP header is [kept](Expansion::keeping). In BEET mode the
    /// inner header, without options, is [dropped](Expansion::dropped), and the outer one goes outside.
    ///
    /// ```
    /// # use ipsec_crypto_suite::{AeadId, CryptoError, Protection, Secret, SecureRandom, rustcrypto};
    /// # use ipsec_esp::OutboundSa;
    /// # use ipsec_sa_db::{Mode, SaMaterial, SaParams};
    /// # use ipsec_types::Spi;
    /// # struct NoRandom;
    /// # impl SecureRandom for NoRandom {
    /// #     fn fill(&mut self, _: &mut [u8]) -> Result<(), CryptoError> { Err(CryptoError::Randomness) }
    /// # }
    /// let params = SaParams::new(Protection::Aead(AeadId::Aes128Gcm16), Mode::Tunnel);
    /// let encryption = Some(Secret::new([7; 20]));
    /// let material = SaMaterial { spi: Spi::new(256).unwrap(), params, encryption, integrity: None };
    /// let sa = OutboundSa::new(&rustcrypto::provider(), &mut NoRandom, material)?;
    /// let over_udp = sa.expansion().behind(20 + 8); // IPv4 and UDP
    /// assert_eq!(over_udp.largest_inner(1500), Some(1438));
    /// # Ok::<(), CryptoError>(())
    /// ```
    pub fn expansion(&self) -> Expansion {
        let dropped = match self.sealer.mode {
            Mode::Beet { local, .. } if local.is_ipv4() => Ipv4Header::MIN_LEN,
            Mode::Beet { .. } => Ipv6Header::LEN,
            Mode::Tunnel | Mode::Transport | _ => 0,
        };
        Expansion { dropped, ..self.sealer.framing.expansion() }
    }

    /// Seals the data of `packet`: afterwards that is the ESP packet, from the SPI to the ICV, and
    /// [`next_header`](Packet::next_header) says ESP.
    ///
    /// In tunnel mode the data is a whole IP packet. In transport mode it is what follows the IP header, which the caller
    /// [detached](Packet::detach_for_transport). In BEET mode the data is a whole IP packet between the SA's inner addresses,
    /// whose header goes; the outer header is made of it before, with [`Tunnel::outer`](ipsec_ip_packet::Tunnel::outer).
    /// Nothing is allocated.
    ///
    /// The state that comes back says whether the SA is to be replaced.
    ///
    /// # Errors
    ///
    /// [`SealError`]; the packet is unchanged then, apart from [`SealError::Crypto`], after which its data is zeros.
    pub fn seal_in_place(&mut self, packet: &mut Packet<'_>) -> Result<LimitState, SealError> {
        let octets = self.sealer.seal(packet, |octets| self.outlay.take(octets))?;
        Ok(self.outlay.count(octets))
    }

    /// The same with traffic flow confidentiality padding: in tunnel mode zeros behind the inner packet make it `length`
    /// octets, if it is shorter (RFC 4303 §2.7). The receiver takes them off by the packet's own length.
    ///
    /// It wants tailroom for the zeros too. Not with a peer that said ESP_TFC_PADDING_NOT_SUPPORTED (RFC 7296 §1.3.1).
    ///
    /// # Errors
    ///
    /// As [`seal_in_place`](Self::seal_in_place); [`SealError::NoTfc`] in another mode.
    pub fn seal_padded_in_place(
        &mut self,
        packet: &mut Packet<'_>,
        length: usize,
    ) -> Result<LimitState, SealError> {
        let octets = self.sealer.seal_padded(packet, length, |octets| self.outlay.take(octets))?;
        Ok(self.outlay.count(octets))
    }

    /// Seals the data, whatever it is, as a dummy packet, which the receiver drops (RFC 4303 §2.6). It takes a sequence
    /// number like any other.
    ///
    /// # Errors
    ///
    /// As [`seal_in_place`](Self::seal_in_place).
    pub fn seal_dummy_in_place(&mut self, packet: &mut Packet<'_>) -> Result<LimitState, SealError> {
        let octets = self.sealer.seal_dummy(packet, |octets| self.outlay.take(octets))?;
        Ok(self.outlay.count(octets))
    }

    /// Seals packets in their order, and tells the result of each by its index. One failure stops nothing.
    ///
    /// ```
    /// # use ipsec_crypto_suite::{AeadId, CryptoError, Protection, Secret, SecureRandom, rustcrypto};
    /// # use ipsec_esp::OutboundSa;
    /// # use ipsec_ip_packet::Packet;
    /// # use ipsec_sa_db::{Mode, SaMaterial, SaParams};
    /// # use ipsec_types::{IpProtocol, Spi};
    /// # struct NoRandom;
    /// # impl SecureRandom for NoRandom {
    /// #     fn fill(&mut self, _: &mut [u8]) -> Result<(), CryptoError> { Err(CryptoError::Randomness) }
    /// # }
    /// # let params = SaParams::new(Protection::Aead(AeadId::Aes128Gcm16), Mode::Transport);
    /// # let encryption = Some(Secret::new([7; 20]));
    /// # let material = SaMaterial { spi: Spi::new(256).unwrap(), params, encryption, integrity: None };
    /// # let mut sa = OutboundSa::new(&rustcrypto::provider(), &mut NoRandom, material)?;
    /// let (mut roomy, mut tight) = ([0; 64], [0; 24]);
    /// let mut packets = [
    ///     Packet::new(&mut tight, 16..24, IpProtocol::UDP)?, // no room for trailer and ICV
    ///     Packet::new(&mut roomy, 16..24, IpProtocol::UDP)?,
    /// ];
    /// let mut results = Vec::new();
    /// sa.seal_batch(&mut packets, |index, result| results.push((index, result.is_ok())));
    /// assert_eq!(results, [(0, false), (1, true)]);
    /// assert_eq!(sa.last_sequence(), 1);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn seal_batch(
        &mut self,
        packets: &mut [Packet<'_>],
        mut each: impl FnMut(usize, Result<LimitState, SealError>),
    ) {
        for (index, packet) in packets.iter_mut().enumerate() {
            each(index, self.seal_in_place(packet));
        }
    }

    /// Sets `count` sequence numbers aside, for another core to seal with. They go out of order with the SA's own: the
    /// receiver's window has to span what is under way.
    ///
    /// What the block may protect is out of the SA's reach until it is [settled](Self::settle), so that hard limits hold.
    ///
    /// # Errors
    ///
    /// [`SealError::SequenceExhausted`] where fewer numbers are left, [`SealError::Expired`] where the hard limit leaves
    /// fewer packets or no octets.
    pub fn reserve(&mut self, count: NonZeroU32) -> Result<SealBlock, SealError> {
        let lent = self.outlay.lend(count, MAX_ESP_LEN)?;
        Ok(SealBlock::new(Arc::clone(&self.sealer), lent))
    }

    /// Takes back a block, counts what it sealed, and says where the SA stands. Numbers it did not use are skipped.
    ///
    /// # Errors
    ///
    /// A block of another SA comes back.
    pub fn settle(&mut self, block: SealBlock) -> Result<LimitState, SealBlock> {
        let lent = block.into_lent_of(&self.sealer)?;
        Ok(self.outlay.settle(lent))
    }

    /// The sequence number given out last; 0 if none was.
    pub const fn last_sequence(&self) -> u64 {
        self.outlay.last()
    }

    /// What was protected so far, apart from blocks that are not settled.
    pub const fn used(&self) -> Volume {
        self.outlay.used()
    }

    /// Continues after `last`, as a test of the counter's end wants.
    #[cfg(all(test, feature = "rustcrypto"))]
    pub(crate) fn resume_after(&mut self, last: u64, extended: bool) {
        self.outlay = Outlay::resume_after(last, extended, ipsec_sa_db::VolumeLimits::UNLIMITED);
    }
}

impl Drop for OutboundSa {
    fn drop(&mut self) {
        self.sealer.retire();
    }
}

impl fmt::Debug for OutboundSa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundSa")
            .field("spi", &self.sealer.spi)
            .field("mode", &self.sealer.mode)
            .field("protection", &self.sealer.key.protection())
            .field("outlay", &self.outlay)
            .finish_non_exhaustive()
    }
}
#[cfg(all(test, feature = "rustcrypto"))]
mod tests {
    use super::*;
    use ipsec_crypto_suite::{AeadId, Protection, Secret, rustcrypto};
    use ipsec_sa_db::SaParams;
    use ipsec_types::IpProtocol;

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
            sa.resume_after(limit - 2, extended);
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
