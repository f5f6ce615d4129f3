use crate::error::SealError;
use crate::sealer::Sealer;
use alloc::sync::Arc;
use core::fmt;
use ipsec_ip_packet::Packet;
use ipsec_sa_db::Lent;

/// Sequence numbers of an [`OutboundSa`](crate::OutboundSa), set aside for another core.
///
/// It is moved there, seals without a lock, and comes back to [`settle`](crate::OutboundSa::settle). It cannot be cloned, holds
/// the key its numbers belong to, and seals nothing once its SA is dropped: no number meets a foreign key, and none is used
/// twice. A block that is dropped takes its numbers, and what it sealed from the SA's volume, with it.
///
/// ```compile_fail
/// fn twin(block: &ipsec_esp::SealBlock) -> ipsec_esp::SealBlock {
///     block.clone()
/// }
/// ```
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
/// let mut block = sa.reserve(64.try_into()?)?;
/// let block = std::thread::spawn(move || {
///     let mut buf = [0; 64];
///     let mut packet = Packet::new(&mut buf, 16..20, IpProtocol::UDP).unwrap();
///     block.seal_in_place(&mut packet).unwrap();
///     block
/// });
/// sa.settle(block.join().unwrap()).unwrap();
/// assert_eq!((sa.used().packets, sa.last_sequence()), (1, 64));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct SealBlock {
    sealer: Arc<Sealer>,
    lent: Lent,
}

impl SealBlock {
    pub(crate) const fn new(sealer: Arc<Sealer>, lent: Lent) -> Self {
        Self { sealer, lent }
    }

    /// Seals the data of `packet`: see [`OutboundSa::seal_in_place`](crate::OutboundSa::seal_in_place).
    ///
    /// # Errors
    ///
    /// [`SealError::SequenceExhausted`] where the block's numbers are used up, [`SealError::Expired`] where its SA is gone or
    /// its volume used up; otherwise as there.
    pub fn seal_in_place(&mut self, packet: &mut Packet<'_>) -> Result<(), SealError> {
        if self.sealer.is_retired() {
            return Err(SealError::Expired);
        }
        let octets = self.sealer.seal(packet, |octets| self.lent.take(octets))?;
        self.lent.count(octets);
        Ok(())
    }

    /// Seals packets in their order, and tells the result of each by its index. One failure stops nothing.
    pub fn seal_batch(
        &mut self,
        packets: &mut [Packet<'_>],
        mut each: impl FnMut(usize, Result<(), SealError>),
    ) {
        for (index, packet) in packets.iter_mut().enumerate() {
            each(index, self.seal_in_place(packet));
        }
    }

    /// How many packets it can still seal.
    pub const fn remaining(&self) -> u64 {
        self.lent.remaining()
    }

    pub(crate) fn into_lent_of(self, sealer: &Arc<Sealer>) -> Result<Lent, Self> {
        if Arc::ptr_eq(&self.sealer, sealer) { Ok(self.lent) } else { Err(self) }
    }
}

impl fmt::Debug for SealBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealBlock")
            .field("spi", &self.sealer.spi)
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}
