use crate::beet;
use crate::error::SealError;
use crate::framing::Framing;
use crate::header::{EspHeader, extended_octets, header_octets};
use crate::iv::IvSource;
use crate::trailer;
use core::sync::atomic::{AtomicBool, Ordering};
use ipsec_crypto_suite::{CryptoError, CryptoProvider, ProtectionKey, Secret, SecureRandom};
use ipsec_ip_packet::{NoRoom, Packet};
use ipsec_sa_db::{Mode, OutlayError, SaMaterial};
use ipsec_types::{IpProtocol, Spi};

/// The longest ESP packet that is sealed, in octets: what fits a UDP datagram in an IPv4 packet without options.
pub const MAX_ESP_LEN: usize = 65_507;

/// What of an outbound SA never changes: shared with its blocks, while numbers and volume are owned.
///
/// In each way of sealing `take` yields the sequence number for a packet that protects so many octets; it is asked once
/// nothing but the cryptography can fail.
pub(crate) struct Sealer {
    pub(crate) spi: Spi,
    pub(crate) mode: Mode,
    pub(crate) framing: Framing,
    pub(crate) key: ProtectionKey,
    ivs: IvSource,
    /// The SA is gone: blocks of it seal nothing more.
    retired: AtomicBool,
}

impl Sealer {
    pub(crate) fn new(
        provider: &CryptoProvider,
        rng: &mut dyn SecureRandom,
        material: SaMaterial,
    ) -> Result<Self, CryptoError> {
        let SaMaterial { spi, params, encryption, integrity } = material;
        let key = protection_key(provider, &params.protection, encryption, integrity)?;
        beet::check(params.mode)?;
        let ivs = IvSource::new(provider, rng, params.protection)?;
        let framing = Framing::new(params.protection, params.extended_sequence_numbers);
        Ok(Self { spi, mode: params.mode, framing, key, ivs, retired: AtomicBool::new(false) })
    }

    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    pub(crate) const fn room(&self, data_len: usize) -> (usize, usize) {
        let tail = if matches!(self.mode, Mode::Beet { .. }) {
            // The payload's length is not known before its header is read.
            self.framing.longest_tail()
        } else {
            self.framing.tail_len(data_len)
        };
        (self.framing.head_len, tail)
    }

    /// Seals the data, and yields how many octets of it were protected.
    #[inline]
    pub(crate) fn seal(
        &self,
        packet: &mut Packet<'_>,
        take: impl FnOnce(usize) -> Result<u64, OutlayError>,
    ) -> Result<usize, SealError> {
        let next_header = packet.next_header();
        if self.mode == Mode::Tunnel {
            if !matches!(next_header, IpProtocol::IPV4 | IpProtocol::IPV6) {
                return Err(SealError::NotIp);
            }
        } else if let Mode::Beet { local, remote } = self.mode {
            return self.seal_beet(packet, beet::strip(packet, local, remote)?, take);
        } else if packet.is_fragment() {
            return Err(SealError::Fragment);
        }
        self.protect(packet, 0, next_header, take)
    }

    /// The same with zeros behind the data up to `length` octets.
    pub(crate) fn seal_padded(
        &self,
        packet: &mut Packet<'_>,
        length: usize,
        take: impl FnOnce(usize) -> Result<u64, OutlayError>,
    ) -> Result<usize, SealError> {
        let next_header = packet.next_header();
        match (self.mode, next_header) {
            (Mode::Tunnel, IpProtocol::IPV4 | IpProtocol::IPV6) => {}
            (Mode::Tunnel, _) => return Err(SealError::NotIp),
            (_, _) => return Err(SealError::NoTfc),
        }
        let zeros = length.saturating_sub(packet.data_len());
        self.protect(packet, zeros, next_header, take)
    }

    /// Seals the data as a dummy.
    pub(crate) fn seal_dummy(
        &self,
        packet: &mut Packet<'_>,
        take: impl FnOnce(usize) -> Result<u64, OutlayError>,
    ) -> Result<usize, SealError> {
        self.protect(packet, 0, IpProtocol::NO_NEXT_HEADER, take)
    }

    #[cold]
    fn seal_beet(
        &self,
        packet: &mut Packet<'_>,
        strip: beet::Strip,
        take: impl FnOnce(usize) -> Result<u64, OutlayError>,
    ) -> Result<usize, SealError> {
        let data_len = strip.payload_len;
        let freed = strip.header_len.saturating_sub(strip.pseudo_len);
        let head = self.framing.head_len.saturating_sub(freed);
        let tail = self.framing.tail_len(data_len);
        // The header that is taken off is not put on again: nothing may fail from there on.
        self.check_len(packet, head, tail)?;
        for (needed, available) in [(head, packet.headroom()), (tail, packet.tailroom())] {
            if available < needed {
                return Err(NoRoom { needed, available }.into());
            }
        }
        let number = take(data_len)?;
        strip.apply(packet)?;
        self.protect(packet, 0, strip.next_header, |_| Ok(number))
    }

    /// Makes the data, with so many zeros behind it, an ESP packet.
    #[inline(always)]
    fn protect(
        &self,
        packet: &mut Packet<'_>,
        zeros: usize,
        next_header: IpProtocol,
        take: impl FnOnce(usize) -> Result<u64, OutlayError>,
    ) -> Result<usize, SealError> {
        let held = packet.data_len();
        let data_len = held.saturating_add(zeros);
        let head = self.framing.head_len;
        let tail = zeros.saturating_add(self.framing.tail_len(data_len));
        self.check_len(packet, head, tail)?;
        let octets = packet.grow(head, tail)?;
        let number = match take(data_len) {
            Ok(number) => number,
            Err(error) => {
                packet.narrow(head..head.saturating_add(held))?;
                return Err(error.into());
            }
        };
        if let Some(zeros) = octets.get_mut(head..).and_then(|data| data.get_mut(held..data_len)) {
            zeros.fill(0);
        }
        let encrypted = self.encrypt(octets, data_len, next_header, number);
        packet.set_next_header(IpProtocol::ESP);
        if encrypted.is_err() {
            // It looks like an ESP packet, and is in the clear.
            packet.wipe(packet.data_range());
        }
        encrypted.map(|()| data_len)
    }

    #[inline]
    fn check_len(&self, packet: &Packet<'_>, head: usize, tail: usize) -> Result<(), SealError> {
        let held = packet.data_len().saturating_add(packet.header_len());
        if held.saturating_add(head).saturating_add(tail) > MAX_ESP_LEN {
            return Err(SealError::TooLong);
        }
        Ok(())
    }

    /// Fills in what stands around the data in an ESP packet, and encrypts.
    #[inline(always)]
    fn encrypt(
        &self,
        octets: &mut [u8],
        data_len: usize,
        next_header: IpProtocol,
        number: u64,
    ) -> Result<(), SealError> {
        let Framing { iv_len, icv_len, upper_half, .. } = self.framing;
        let short = NoRoom { needed: data_len, available: octets.len() };
        let (header, rest) = octets.split_first_chunk_mut::<{ EspHeader::LEN }>().ok_or(short)?;
        let (iv, rest) = rest.split_at_mut_checked(iv_len).ok_or(short)?;
        let plaintext_len = rest.len().saturating_sub(icv_len);
        let (plaintext, icv) = rest.split_at_mut_checked(plaintext_len).ok_or(short)?;
        *header = header_octets(self.spi, number);
        trailer::write(plaintext.get_mut(data_len..).unwrap_or_default(), next_header);
        let extended = extended_octets(self.spi, number);
        let number = number.to_be_bytes();
        let iv = self.ivs.fill(&number, iv)?;
        let (aad, behind) = upper_half.covered(header, &extended);
        self.key.seal(aad, iv, plaintext, behind, icv)?;
        Ok(())
    }
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
