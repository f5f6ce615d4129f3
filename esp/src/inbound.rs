use crate::error::OpenError;
use crate::header::{Covered, EspHeader};
use crate::outbound::protection_key;
use crate::trailer::{self, TRAILER_LEN};
use alloc::sync::Arc;
use core::fmt;
use ipsec_crypto_suite::{CryptoError, CryptoProvider, Protection, ProtectionKey};
use ipsec_ip_packet::{FlowKey, IpHeader, Packet};
use ipsec_sa_db::{Counters, Direction, LimitState, Mode, ReplayWindow, SaMaterial, SelectorPair, Volume};
use ipsec_types::{IpProtocol, Spi};

/// One inbound ESP SA: opens packets, and refuses those it has seen before.
///
/// See the [crate documentation](crate) for an example.
pub struct InboundSa {
    spi: Spi,
    mode: Mode,
    extended: bool,
    key: ProtectionKey,
    window: ReplayWindow,
    counters: Counters,
    expect: Arc<SelectorPair>,
}

/// What an opened packet holds, and whether the SA is to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What the data of the packet is now.
    pub kind: OpenedKind,
    /// The packet's sequence number, its upper half inferred with extended sequence numbers.
    pub sequence: u64,
    /// Where the SA stands in its limits.
    pub limit: LimitState,
}

/// What the data of an opened packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpenedKind {
    /// A whole IP packet; traffic flow confidentiality padding behind it is gone (RFC 4303 §2.7).
    Tunnel,
    /// The payload for the detached IP header; [`Packet::attach_header`] puts the packet together again.
    Transport,
    /// A dummy packet, to be dropped silently (RFC 4303 §2.6); the data is empty.
    Dummy,
}

impl InboundSa {
    /// Builds the SA; its algorithms are looked up and keyed here, once. What it opens must fit `expect` (RFC 4301 §5.2).
    ///
    /// # Errors
    ///
    /// An algorithm that `provider` lacks, a key of the wrong length, a missing or superfluous integrity key, or a window
    /// size outside [`ReplayWindow`]'s.
    pub fn new(
        provider: &CryptoProvider,
        material: SaMaterial,
        expect: Arc<SelectorPair>,
    ) -> Result<Self, CryptoError> {
        let SaMaterial { spi, params, encryption, integrity } = material;
        let size = params.replay_window;
        let window = ReplayWindow::new(size).map_err(|_| CryptoError::Invalid("anti-replay window size"))?;
        Ok(Self {
            spi,
            mode: params.mode,
            extended: params.extended_sequence_numbers,
            key: protection_key(provider, &params.protection, encryption, integrity)?,
            window,
            counters: Counters::new(params.limits),
            expect,
        })
    }

    /// The SPI that the packets carry.
    pub const fn spi(&self) -> Spi {
        self.spi
    }

    /// Opens the ESP packet that is the data of `packet`, from the SPI to the ICV.
    ///
    /// Window check, verification and decryption, window update, in this order (RFC 4303 §3.4.3), then the selectors.
    /// Afterwards the data is what [`Opened::kind`] says, and [`next_header`](Packet::next_header) what the packet named.
    /// Nothing is allocated.
    ///
    /// In transport mode the selectors are those of the detached header, which must be there; in tunnel mode the outer
    /// header may be detached or gone. A detached header of a fragment is refused: fragments are put together first
    /// (RFC 4303 §3.4.1).
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the SA is unchanged where the packet is not authentic, and the packet holds no plaintext.
    pub fn open_in_place(&mut self, packet: &mut Packet<'_>) -> Result<Opened, OpenError> {
        if packet.is_fragment() {
            return Err(OpenError::Fragment);
        }
        let header = self.check_form(packet.data())?;
        let number = if self.extended {
            self.window.infer(header.sequence).ok_or(OpenError::Replayed)?
        } else {
            header.sequence.into()
        };
        self.window.check(number).map_err(|_| OpenError::Replayed)?;
        let payload_len = packet.data().len();
        if !self.counters.allows(payload_len) {
            return Err(OpenError::Expired);
        }
        self.decrypt(packet, number)?;
        self.window.mark(number);
        let limit = self.counters.count(payload_len);
        let kind = self.unwrap(packet)?;
        if kind != OpenedKind::Dummy && !self.expects(packet, kind) {
            packet.data_mut().fill(0);
            return Err(OpenError::SelectorMismatch);
        }
        Ok(Opened { kind, sequence: number, limit })
    }

    /// Opens a packet outside the SA's traffic, as an analyst of captures does: the window is neither asked nor marked,
    /// nothing is counted, the selectors are not looked at. `high` is the upper half of an extended sequence number, ignored without them.
    ///
    /// # Errors
    ///
    /// [`OpenError::TooShort`], [`OpenError::UnknownSpi`], [`OpenError::Authentication`], [`OpenError::Padding`] or
    /// [`OpenError::Inner`].
    pub fn inspect_in_place(&self, packet: &mut Packet<'_>, high: u32) -> Result<Opened, OpenError> {
        let header = self.check_form(packet.data())?;
        let high = if self.extended { u64::from(high) << 32 } else { 0 };
        let number = high | u64::from(header.sequence);
        self.decrypt(packet, number)?;
        let kind = self.unwrap(packet)?;
        Ok(Opened { kind, sequence: number, limit: self.counters.state() })
    }

    /// Whether the opened packet is one that the SA was made for.
    fn expects(&self, packet: &Packet<'_>, kind: OpenedKind) -> bool {
        let flow = match kind {
            OpenedKind::Tunnel => FlowKey::of(packet.data()),
            OpenedKind::Transport | OpenedKind::Dummy => packet.flow(),
        };
        flow.is_ok_and(|flow| self.expect.matches(Direction::Inbound, &flow))
    }

    /// The highest sequence number that authenticated; 0 if none did.
    pub const fn highest_sequence(&self) -> u64 {
        self.window.top()
    }

    /// What was opened so far: octets of ESP packets, and packets.
    pub const fn used(&self) -> Volume {
        self.counters.used()
    }

    /// Lengths and SPI, before any cryptography.
    fn check_form(&self, octets: &[u8]) -> Result<EspHeader, OpenError> {
        let protection = self.key.protection();
        let overhead =
            EspHeader::LEN.saturating_add(protection.iv_len()).saturating_add(protection.icv_len());
        let ciphertext = octets.len().checked_sub(overhead).ok_or(OpenError::TooShort)?;
        if ciphertext < TRAILER_LEN || ciphertext.checked_rem(protection.block_len()) != Some(0) {
            return Err(OpenError::TooShort);
        }
        let header = EspHeader::parse(octets).map_err(|_| OpenError::UnknownSpi)?;
        if header.spi == self.spi { Ok(header) } else { Err(OpenError::UnknownSpi) }
    }

    /// Verifies and decrypts; afterwards the data of `packet` is the plaintext with its trailer.
    fn decrypt(&self, packet: &mut Packet<'_>, number: u64) -> Result<(), OpenError> {
        let protection = self.key.protection();
        let covered = Covered::new(self.spi, number, self.extended, protection.is_aead());
        let octets = packet.data_mut();
        let rest = octets.get_mut(EspHeader::LEN..).ok_or(OpenError::TooShort)?;
        let (iv, rest) = rest.split_at_mut_checked(protection.iv_len()).ok_or(OpenError::TooShort)?;
        let length = rest.len().checked_sub(protection.icv_len()).ok_or(OpenError::TooShort)?;
        let (ciphertext, icv) = rest.split_at_mut_checked(length).ok_or(OpenError::TooShort)?;
        let opened = self.key.open(covered.aad(), iv, ciphertext, covered.trailer(), icv);
        opened.map_err(|_| OpenError::Authentication)?;
        let head = EspHeader::LEN.saturating_add(protection.iv_len());
        packet.pull_front(head).map_err(|_| OpenError::TooShort)?;
        packet.pull_back(protection.icv_len()).map_err(|_| OpenError::TooShort)
    }

    /// Takes the trailer off and checks what is inside; wipes the data where that is not in order.
    fn unwrap(&self, packet: &mut Packet<'_>) -> Result<OpenedKind, OpenError> {
        let result = self.check_plaintext(packet);
        if result.is_err() {
            packet.data_mut().fill(0);
        }
        result
    }

    fn check_plaintext(&self, packet: &mut Packet<'_>) -> Result<OpenedKind, OpenError> {
        let (payload, next_header) = trailer::read(packet.data()).ok_or(OpenError::Padding)?;
        let (kind, keep) = match (self.mode, next_header) {
            (_, IpProtocol::NO_NEXT_HEADER) => (OpenedKind::Dummy, 0),
            (Mode::Tunnel, IpProtocol::IPV4 | IpProtocol::IPV6) => {
                let octets = packet.data().get(..payload).ok_or(OpenError::Padding)?;
                (OpenedKind::Tunnel, inner_len(octets, next_header)?)
            }
            (Mode::Tunnel, _) => return Err(OpenError::Inner),
            (_, _) => (OpenedKind::Transport, payload),
        };
        let rest = packet.data_mut().get_mut(keep..).ok_or(OpenError::Padding)?;
        rest.fill(0);
        let rest = rest.len();
        packet.pull_back(rest).map_err(|_| OpenError::Padding)?;
        packet.set_next_header(next_header);
        Ok(kind)
    }
}

impl fmt::Debug for InboundSa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protection: Protection = self.key.protection();
        f.debug_struct("InboundSa")
            .field("spi", &self.spi)
            .field("mode", &self.mode)
            .field("protection", &protection)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

/// Octets of the inner IP packet, which must be of the family that the trailer names (RFC 4301 §5.2).
fn inner_len(octets: &[u8], next_header: IpProtocol) -> Result<usize, OpenError> {
    let inner = IpHeader::parse(octets).map_err(|_| OpenError::Inner)?;
    let family = match inner {
        IpHeader::V4(_) => IpProtocol::IPV4,
        IpHeader::V6(_) => IpProtocol::IPV6,
    };
    if family == next_header { Ok(inner.packet_len()) } else { Err(OpenError::Inner) }
}
