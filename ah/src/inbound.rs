use crate::Header;
use crate::error::OpenError;
use crate::integrity::{Integrity, with_covered};
use alloc::sync::Arc;
use ipsec_crypto_suite::{CryptoError, CryptoProvider};
use ipsec_ip_packet::{FlowKey, IpFamily, Packet};
use ipsec_sa_db::{Direction, Intake, LimitState, ManualReplay, Mode, SaMaterial, SelectorPair, Volume};
use ipsec_types::{IpProtocol, Spi};

/// One inbound AH SA: verifies packets, and refuses those it has seen before.
///
/// See the [crate documentation](crate) for an example.
#[derive(Debug)]
pub struct InboundSa {
    spi: Spi,
    mode: Mode,
    integrity: Integrity,
    intake: Intake,
    expect: Arc<SelectorPair>,
}

/// What a verified packet holds, and whether the SA is to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What the data of the packet is now.
    pub kind: OpenedKind,
    /// The packet's sequence number, its upper half inferred with extended sequence numbers.
    pub sequence: u64,
    /// Where the SA stands in its limits.
    pub limit: LimitState,
}

/// What the data of a verified packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpenedKind {
    /// A whole IP packet; the outer header is still detached.
    Tunnel,
    /// The payload for the detached IP header; [`Packet::attach_header`] puts the packet together again.
    Transport,
}

impl InboundSa {
    /// Builds the SA; its algorithm is looked up and keyed here, once. What it verifies must fit `expect` (RFC 4301 §5.2).
    ///
    /// # Errors
    ///
    /// As [`OutboundSa::new`](crate::OutboundSa::new), or a window size outside [`ReplayWindow`](ipsec_sa_db::ReplayWindow)'s.
    pub fn new(
        provider: &CryptoProvider,
        material: SaMaterial,
        expect: Arc<SelectorPair>,
    ) -> Result<Self, CryptoError> {
        let intake = Intake::new(&material.params)?;
        let (spi, mode, integrity) = Integrity::new(provider, material)?;
        Ok(Self { spi, mode, integrity, intake, expect })
    }

    /// Builds an SA whose key was set by hand, and outlives this object: see
    /// [`OutboundSa::manual`](crate::OutboundSa::manual).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] for AES-GMAC, and for extended sequence numbers without a check for replays: their upper halves
    /// would be anybody's guess. Otherwise as [`new`](Self::new).
    pub fn manual(
        provider: &CryptoProvider,
        material: SaMaterial,
        expect: Arc<SelectorPair>,
        replay: ManualReplay,
    ) -> Result<Self, CryptoError> {
        let intake = Intake::manual(&material.params, replay)?;
        let (spi, mode, integrity) = Integrity::new(provider, material)?;
        if integrity.iv_len() > 0 {
            return Err(CryptoError::Invalid("counter mode with a key set by hand"));
        }
        Ok(Self { spi, mode, integrity, intake, expect })
    }

    /// The SPI that the packets carry.
    pub const fn spi(&self) -> Spi {
        self.spi
    }

    /// Verifies the packet whose data starts with AH, and takes AH out. The IP header as it came in must be
    /// [detached](Packet::detach_to_upper_layer): the ICV covers it.
    ///
    /// Window check, verification, window update, in this order (RFC 4302 §3.4.3), then the selectors. Afterwards the data is
    /// what [`Opened::kind`] says, and [`next_header`](Packet::next_header) what AH named. Nothing is allocated.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the packet is unchanged then, and so is the SA where the packet is not authentic.
    pub fn open_in_place(&mut self, packet: &mut Packet<'_>) -> Result<Opened, OpenError> {
        if packet.is_fragment() {
            return Err(OpenError::Fragment);
        }
        let (header_len, next_header, low) = self.check_form(packet)?;
        let octets = packet.data_len();
        let number = self.intake.check(low, octets)?;
        self.verify(packet, number)?;
        let limit = self.intake.accept(number, octets);
        let kind = self.unwrap(packet, header_len, next_header, Some(&self.expect))?;
        Ok(Opened { kind, sequence: number, limit })
    }

    /// Verifies packets in their order, and tells the result of each by its index. One failure stops nothing.
    pub fn open_batch(
        &mut self,
        packets: &mut [Packet<'_>],
        mut each: impl FnMut(usize, Result<Opened, OpenError>),
    ) {
        for (index, packet) in packets.iter_mut().enumerate() {
            each(index, self.open_in_place(packet));
        }
    }

    /// Verifies a packet outside the SA's traffic, as an analyst of captures does: the window is neither asked nor marked,
    /// nothing is counted, the selectors are not looked at. `high` is the upper half of an extended sequence number, ignored
    /// without them.
    ///
    /// # Errors
    ///
    /// As [`open_in_place`](Self::open_in_place), apart from those.
    pub fn inspect_in_place(&self, packet: &mut Packet<'_>, high: u32) -> Result<Opened, OpenError> {
        if packet.is_fragment() {
            return Err(OpenError::Fragment);
        }
        let (header_len, next_header, low) = self.check_form(packet)?;
        let number = self.intake.number(high, low);
        self.verify(packet, number)?;
        let kind = self.unwrap(packet, header_len, next_header, None)?;
        Ok(Opened { kind, sequence: number, limit: self.intake.state() })
    }

    /// The highest sequence number that authenticated; 0 if none did, or nobody checks.
    pub fn highest_sequence(&self) -> u64 {
        self.intake.top()
    }

    /// What was verified so far: octets from AH on, and packets.
    pub const fn used(&self) -> Volume {
        self.intake.used()
    }

    /// Lengths and SPI, before any cryptography: the length of AH, what follows it, and the number on the wire.
    fn check_form(&self, packet: &Packet<'_>) -> Result<(usize, IpProtocol, u32), OpenError> {
        let family = IpFamily::of(packet.header()).map_err(OpenError::Header)?;
        let header = Header::parse(packet.data()).map_err(|_| OpenError::TooShort)?;
        if header.spi() != Ok(self.spi) {
            return Err(OpenError::UnknownSpi);
        }
        if !self.integrity.takes_header_len(family, header.header_len()) {
            return Err(OpenError::TooShort);
        }
        Ok((header.header_len(), header.next_header(), header.sequence()))
    }

    fn verify(&self, packet: &Packet<'_>, number: u64) -> Result<(), OpenError> {
        let data = packet.data();
        with_covered(packet.header(), |covered| self.integrity.verify(covered, data, number))
            .map_err(OpenError::Header)?
            .map_err(|_| OpenError::Authentication)
    }

    /// Takes AH out, once what is behind it is in order.
    fn unwrap(
        &self,
        packet: &mut Packet<'_>,
        header_len: usize,
        next_header: IpProtocol,
        expect: Option<&SelectorPair>,
    ) -> Result<OpenedKind, OpenError> {
        let takes = |flow: &FlowKey| expect.is_none_or(|expect| expect.matches(Direction::Inbound, flow));
        let payload = packet.data().get(header_len..).ok_or(OpenError::TooShort)?;
        if self.mode == Mode::Tunnel {
            let version: Option<u8> = match next_header {
                IpProtocol::IPV4 => Some(4),
                IpProtocol::IPV6 => Some(6),
                _ => None,
            };
            if version.is_none() || payload.first().map(|octet| octet >> 4) != version {
                return Err(OpenError::Inner);
            }
            let (flow, len) = FlowKey::of_packet(payload).map_err(|_| OpenError::Inner)?;
            if !takes(&flow) {
                return Err(OpenError::SelectorMismatch);
            }
            let extra = payload.len().saturating_sub(len);
            packet.pull_back(extra).map_err(|_| OpenError::Inner)?;
        } else {
            let flow = FlowKey::of_parts(packet.header(), next_header, payload);
            if expect.is_some() && !flow.is_ok_and(|flow| takes(&flow)) {
                return Err(OpenError::SelectorMismatch);
            }
        }
        packet.pull_front(header_len).map_err(|_| OpenError::TooShort)?;
        packet.set_next_header(next_header);
        Ok(if self.mode == Mode::Tunnel { OpenedKind::Tunnel } else { OpenedKind::Transport })
    }
}
