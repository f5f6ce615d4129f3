use crate::Header;
use crate::block::SealBlock;
use crate::error::SealError;
use crate::integrity::Integrity;
use alloc::sync::Arc;
use core::fmt;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicBool, Ordering};
use ipsec_crypto_suite::{CryptoError, CryptoProvider};
use ipsec_ip_packet::{AuthenticatedHeader, Expansion, HeaderError, IpFamily, NoRoom, Packet};
use ipsec_sa_db::{LimitState, Mode, Outlay, OutlayError, SaMaterial, Volume};
use ipsec_types::{IpProtocol, ParseError, ParseErrorKind, Spi};

/// One outbound AH SA: protects packets, and owns their sequence numbers.
///
/// It cannot be cloned: with AES-GMAC a twin would repeat IVs, which gives the key away (RFC 4543 §6). For several cores there
/// are [`SealBlock`]s.
///
/// ```compile_fail
/// fn twin(sa: &ipsec_ah::OutboundSa) -> ipsec_ah::OutboundSa {
///     sa.clone()
/// }
/// ```
///
/// See the [crate documentation](crate) for an example.
#[derive(Debug)]
pub struct OutboundSa {
    sealer: Arc<Sealer>,
    outlay: Outlay,
}

impl OutboundSa {
    /// Builds the SA; its algorithm is looked up and keyed here, once.
    ///
    /// AH encrypts nothing: the protection is NULL with an integrity algorithm, and the encryption key is `None`. With
    /// AES-GMAC the key is fresh, as IKE makes it, and never set by hand (RFC 4543 §6): whoever builds a second SA from the
    /// same key repeats IVs.
    ///
    /// # Errors
    ///
    /// Another protection, BEET mode, an algorithm that `provider` lacks, or a key of the wrong length.
    pub fn new(provider: &CryptoProvider, material: SaMaterial) -> Result<Self, CryptoError> {
        let params = material.params;
        let outlay = Outlay::new(params.extended_sequence_numbers, params.limits);
        Ok(Self { sealer: Arc::new(Sealer::new(provider, material)?), outlay })
    }

    /// Builds an SA whose key was set by hand, and outlives this object: see `ipsec_esp::OutboundSa::manual`. Numbers continue
    /// behind `last`.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] for AES-GMAC, and as [`new`](Self::new).
    pub fn manual(provider: &CryptoProvider, material: SaMaterial, last: u64) -> Result<Self, CryptoError> {
        let params = material.params;
        let sealer = Sealer::new(provider, material)?;
        if sealer.integrity.iv_len() > 0 {
            return Err(CryptoError::Invalid("counter mode with a key set by hand"));
        }
        let outlay = Outlay::resume_after(last, params.extended_sequence_numbers, params.limits);
        Ok(Self { sealer: Arc::new(sealer), outlay })
    }

    /// The SPI that the packets carry.
    pub fn spi(&self) -> Spi {
        self.sealer.spi
    }

    /// The head and tail room that a packet behind an IP header of this family needs, exactly.
    pub fn room(&self, family: IpFamily) -> (usize, usize) {
        (self.sealer.integrity.header_len(family), 0)
    }

    /// What AH makes of the length of a packet; in tunnel mode the outer header goes [outside](Expansion::behind).
    pub fn expansion(&self, family: IpFamily) -> Expansion {
        Expansion {
            fixed: self.sealer.integrity.header_len(family),
            trailer: 0,
            align: 1,
            kept: 0,
            dropped: 0,
        }
    }

    /// Puts AH between the detached IP header and the data; afterwards the data starts with AH, and
    /// [`next_header`](Packet::next_header) says so.
    ///
    /// The detached header is the one that goes out: its length and protocol are set here, for the ICV covers them, and
    /// nothing but its mutable fields may change from then on. In transport mode the caller
    /// [detached](Packet::detach_for_transport) it, in tunnel mode it is the [outer one](Packet::encapsulate).
    /// [`Packet::attach_header`] makes the IP packet. Nothing is allocated.
    ///
    /// The state that comes back says whether the SA is to be replaced.
    ///
    /// # Errors
    ///
    /// [`SealError`]; the packet is unchanged then, apart from [`SealError::Crypto`], after which it holds nothing of use.
    pub fn seal_in_place(&mut self, packet: &mut Packet<'_>) -> Result<LimitState, SealError> {
        let octets = self.sealer.seal(packet, |octets| self.outlay.take(octets))?;
        Ok(self.outlay.count(octets))
    }

    /// Protects packets in their order, and tells the result of each by its index. One failure stops nothing.
    pub fn seal_batch(
        &mut self,
        packets: &mut [Packet<'_>],
        mut each: impl FnMut(usize, Result<LimitState, SealError>),
    ) {
        for (index, packet) in packets.iter_mut().enumerate() {
            each(index, self.seal_in_place(packet));
        }
    }

    /// Sets `count` sequence numbers aside, for another core. They go out of order with the SA's own: the receiver's window
    /// has to span what is under way.
    ///
    /// # Errors
    ///
    /// [`SealError::SequenceExhausted`] where fewer numbers are left, [`SealError::Expired`] where the hard limit leaves fewer
    /// packets or no octets.
    pub fn reserve(&mut self, count: NonZeroU32) -> Result<SealBlock, SealError> {
        let lent = self.outlay.lend(count, MAX_IP_LEN)?;
        Ok(SealBlock::new(Arc::clone(&self.sealer), lent))
    }

    /// Takes back a block, counts what it protected, and says where the SA stands. Numbers it did not use are skipped.
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

    /// What was protected so far, apart from blocks that are not settled: octets behind the IP header.
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
        self.sealer.retired.store(true, Ordering::Release);
    }
}

/// What of an outbound SA never changes: shared with its blocks, while numbers and volume are owned.
pub(crate) struct Sealer {
    pub(crate) spi: Spi,
    mode: Mode,
    integrity: Integrity,
    /// The SA is gone: blocks of it protect nothing more.
    retired: AtomicBool,
}

impl Sealer {
    fn new(provider: &CryptoProvider, material: SaMaterial) -> Result<Self, CryptoError> {
        let (spi, mode, integrity) = Integrity::new(provider, material)?;
        Ok(Self { spi, mode, integrity, retired: AtomicBool::new(false) })
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Protects the packet, and yields how many octets of data that were. `take` yields the sequence number; it is asked once
    /// nothing but the cryptography can fail.
    pub(crate) fn seal(
        &self,
        packet: &mut Packet<'_>,
        take: impl FnOnce(usize) -> Result<u64, OutlayError>,
    ) -> Result<usize, SealError> {
        let next_header = packet.next_header();
        if self.mode == Mode::Tunnel && !matches!(next_header, IpProtocol::IPV4 | IpProtocol::IPV6) {
            return Err(SealError::NotIp);
        }
        if packet.is_fragment() {
            return Err(SealError::Fragment);
        }
        let family = IpFamily::of(packet.header()).map_err(SealError::Header)?;
        let data_len = packet.data_range().len();
        let header_len = self.integrity.header_len(family);
        if packet.headroom() < header_len {
            return Err(NoRoom { needed: header_len, available: packet.headroom() }.into());
        }
        packet.push_front(header_len)?;
        let sealed = self.write(packet, next_header, header_len, || take(data_len));
        if sealed.is_err() {
            packet.pull_front(header_len)?;
            // It was right before.
            let _ = packet.update_header(next_header);
            packet.set_next_header(next_header);
        }
        sealed.map(|()| data_len)
    }

    fn write(
        &self,
        packet: &mut Packet<'_>,
        next_header: IpProtocol,
        header_len: usize,
        take: impl FnOnce() -> Result<u64, OutlayError>,
    ) -> Result<(), SealError> {
        packet.set_next_header(IpProtocol::AH);
        packet.update_header(IpProtocol::AH).map_err(|error| {
            let no_header = SealError::Header(ParseError::new(ParseErrorKind::Invalid("IP header"), 0));
            if error == HeaderError::TooLong { SealError::TooLong } else { no_header }
        })?;
        // A plain header takes little of the stack.
        if packet.header_len() <= AuthenticatedHeader::ROOM_V4.len() {
            let mut room = AuthenticatedHeader::ROOM_V4;
            self.write_covered(packet, &mut room, next_header, header_len, take)
        } else {
            let mut room = AuthenticatedHeader::ROOM;
            self.write_covered(packet, &mut room, next_header, header_len, take)
        }
    }

    fn write_covered(
        &self,
        packet: &mut Packet<'_>,
        room: &mut [u8],
        next_header: IpProtocol,
        header_len: usize,
        take: impl FnOnce() -> Result<u64, OutlayError>,
    ) -> Result<(), SealError> {
        let covered = AuthenticatedHeader::of(packet.header(), room).map_err(SealError::Header)?;
        let number = take()?;
        let data = packet.data_mut();
        self.write_header(data, next_header, header_len, number);
        let icv = self.integrity.compute(covered, data, number)?;
        let at = Header::FIXED_LEN.saturating_add(self.integrity.iv_len());
        let place = data.get_mut(at..at.saturating_add(icv.octets().len())).unwrap_or_default();
        place.copy_from_slice(icv.octets());
        Ok(())
    }

    /// Next header, length, SPI, number, the IV where there is one, and zeros for ICV and padding.
    fn write_header(&self, data: &mut [u8], next_header: IpProtocol, header_len: usize, number: u64) {
        let units = u8::try_from((header_len >> 2).saturating_sub(2)).unwrap_or(u8::MAX);
        let [s0, s1, s2, s3] = self.spi.to_be_bytes();
        let [_, _, _, _, l0, l1, l2, l3] = number.to_be_bytes();
        let Some(header) = data.get_mut(..header_len) else { return };
        header.fill(0);
        let fixed = [next_header.0, units, 0, 0, s0, s1, s2, s3, l0, l1, l2, l3];
        let iv = number.to_be_bytes();
        let iv = iv.iter().take(self.integrity.iv_len());
        header.iter_mut().zip(fixed.iter().chain(iv)).for_each(|(octet, value)| *octet = *value);
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("spi", &self.spi)
            .field("mode", &self.mode)
            .field("integrity", &self.integrity.id())
            .finish_non_exhaustive()
    }
}

/// The longest IP packet, in octets.
const MAX_IP_LEN: usize = 65_535;

#[cfg(all(test, feature = "rustcrypto"))]
mod tests {
    use super::*;
    use ipsec_crypto_suite::{CipherId, MacId, Protection, Secret, rustcrypto};
    use ipsec_sa_db::SaParams;

    #[test]
    fn ea_06_an_exhausted_sa_protects_nothing_more() {
        for (extended, limit) in [(false, u64::from(u32::MAX)), (true, u64::MAX)] {
            let protection = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha2_256_128 };
            let params = SaParams {
                extended_sequence_numbers: extended,
                ..SaParams::new(protection, Mode::Transport)
            };
            let integrity = Some(Secret::new([1; 32]));
            let material = SaMaterial { spi: Spi::new(256).unwrap(), params, encryption: None, integrity };
            let mut sa = OutboundSa::new(&rustcrypto::provider(), material).unwrap();
            sa.resume_after(limit - 2, extended);
            let mut states = alloc::vec::Vec::new();
            for _ in 0..4 {
                let mut buf = [0; 64];
                let ip =
                    [0x45, 0, 0, 24, 0, 0, 0x40, 0, 9, 17, 0x5d, 0xd3, 10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 3, 4];
                buf[32..56].copy_from_slice(&ip);
                let mut packet = Packet::new(&mut buf, 32..56, IpProtocol::IPV4).unwrap();
                packet.detach_for_transport().unwrap();
                states.push(sa.seal_in_place(&mut packet));
                if states.len() > 2 {
                    packet.attach_header().unwrap();
                    assert_eq!(packet.data(), ip, "a refused packet is unchanged");
                }
            }
            let end = Err(SealError::SequenceExhausted);
            assert_eq!(states, [Ok(LimitState::Soft), Ok(LimitState::Hard), end, end]);
            assert_eq!(sa.last_sequence(), limit);
        }
    }
}
