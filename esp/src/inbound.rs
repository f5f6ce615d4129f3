use crate::beet;
use crate::error::OpenError;
use crate::framing::Framing;
use crate::header::{EspHeader, extended_octets};
use crate::iv::must_not_repeat;
use crate::sealer::protection_key;
use crate::trailer;
use alloc::sync::Arc;
use core::fmt;
use core::net::IpAddr;
use core::ops::Range;
use ipsec_crypto_suite::{CryptoError, CryptoProvider, ProtectionKey};
use ipsec_ip_packet::{FlowKey, IpHeader, Packet};
use ipsec_sa_db::{Direction, Intake, LimitState, ManualReplay, Mode, SaMaterial, SelectorPair, Volume};
use ipsec_types::{IpProtocol, Spi};

/// One inbound ESP SA: opens packets, and refuses those it has seen before.
///
/// See the [crate documentation](crate) for an example.
pub struct InboundSa {
    spi: Spi,
    mode: Mode,
    framing: Framing,
    key: ProtectionKey,
    intake: Intake,
    expect: Arc<SelectorPair>,
    original: Option<(IpAddr, IpAddr)>,
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
    /// A whole IP packet, its header made anew: the SA's inner addresses, all else from the outer header, which is gone.
    Beet,
    /// A dummy packet, to be dropped silently (RFC 4303 §2.6); the data is empty.
    Dummy,
}

impl InboundSa {
    /// Builds the SA; its algorithms are looked up and keyed here, once. What it opens must fit `expect` (RFC 4301 §5.2).
    ///
    /// # Errors
    ///
    /// An algorithm that `provider` lacks, a key of the wrong length, a missing or superfluous integrity key, BEET addresses
    /// of two families, or a window size outside [`ReplayWindow`](ipsec_sa_db::ReplayWindow)'s.
    pub fn new(
        provider: &CryptoProvider,
        material: SaMaterial,
        expect: Arc<SelectorPair>,
    ) -> Result<Self, CryptoError> {
        let intake = Intake::new(&material.params)?;
        Self::with(provider, material, expect, intake)
    }

    /// Builds an SA whose keys were set by hand, and outlive this object: see
    /// [`OutboundSa::manual`](crate::OutboundSa::manual).
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] for a counter mode, and for extended sequence numbers without a check for replays: their upper
    /// halves would be anybody's guess (RFC 4303 §2.2.1). Otherwise as [`new`](Self::new).
    pub fn manual(
        provider: &CryptoProvider,
        material: SaMaterial,
        expect: Arc<SelectorPair>,
        replay: ManualReplay,
    ) -> Result<Self, CryptoError> {
        if must_not_repeat(material.params.protection) {
            return Err(CryptoError::Invalid("counter mode with a key set by hand"));
        }
        let intake = Intake::manual(&material.params, replay)?;
        Self::with(provider, material, expect, intake)
    }

    fn with(
        provider: &CryptoProvider,
        material: SaMaterial,
        expect: Arc<SelectorPair>,
        intake: Intake,
    ) -> Result<Self, CryptoError> {
        let SaMaterial { spi, params, encryption, integrity } = material;
        beet::check(params.mode)?;
        Ok(Self {
            spi,
            mode: params.mode,
            framing: Framing::new(params.protection, params.extended_sequence_numbers),
            key: protection_key(provider, &params.protection, encryption, integrity)?,
            intake,
            expect,
            original: None,
        })
    }

    /// In transport mode behind a NAT: the addresses, source and destination, that the peer computes checksums with, from its
    /// NAT-OA payloads or traffic selectors. What is opened then gets the checksum for the addresses in its IP header (RFC
    /// 3948 §3.1.2, RFC 7296 §2.23.1). The selectors are those of the addresses in the header.
    pub const fn set_original_addresses(&mut self, original: Option<(IpAddr, IpAddr)>) {
        self.original = original;
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
    /// In transport mode the selectors are those of the detached header, which must be there; in BEET mode the inner header
    /// is made of it; in tunnel mode the outer header may be detached or gone. A detached header of a fragment is refused:
    /// fragments are put together first (RFC 4303 §3.4.1).
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the SA is unchanged where the packet is not authentic, and the packet holds no plaintext.
    pub fn open_in_place(&mut self, packet: &mut Packet<'_>) -> Result<Opened, OpenError> {
        if packet.is_fragment() {
            return Err(OpenError::Fragment);
        }
        let low = self.check_form(packet)?;
        let esp_len = packet.data_len();
        let number = self.intake.check(low, esp_len)?;
        let plaintext = self.decrypt(packet, number)?;
        let limit = self.intake.accept(number, esp_len);
        let kind = self.unwrap(packet, plaintext, Some(&self.expect))?;
        Ok(Opened { kind, sequence: number, limit })
    }

    /// Opens packets in their order, and tells the result of each by its index. One failure stops nothing.
    pub fn open_batch(
        &mut self,
        packets: &mut [Packet<'_>],
        mut each: impl FnMut(usize, Result<Opened, OpenError>),
    ) {
        for (index, packet) in packets.iter_mut().enumerate() {
            each(index, self.open_in_place(packet));
        }
    }

    /// Opens a packet outside the SA's traffic, as an analyst of captures does: the window is neither asked nor marked,
    /// nothing is counted, the selectors are not looked at. `high` is the upper half of an extended sequence number, ignored without them.
    ///
    /// # Errors
    ///
    /// [`OpenError::TooShort`], [`OpenError::UnknownSpi`], [`OpenError::Authentication`], [`OpenError::Padding`] or
    /// [`OpenError::Inner`].
    pub fn inspect_in_place(&self, packet: &mut Packet<'_>, high: u32) -> Result<Opened, OpenError> {
        let low = self.check_form(packet)?;
        let number = self.intake.number(high, low);
        let plaintext = self.decrypt(packet, number)?;
        let kind = self.unwrap(packet, plaintext, None)?;
        Ok(Opened { kind, sequence: number, limit: self.intake.state() })
    }

    /// The highest sequence number that authenticated; 0 if none did, or nobody checks.
    pub fn highest_sequence(&self) -> u64 {
        self.intake.top()
    }

    /// What was opened so far: octets of ESP packets, and packets.
    pub const fn used(&self) -> Volume {
        self.intake.used()
    }

    /// Lengths and SPI, before any cryptography; yields the sequence number on the wire.
    #[inline(always)]
    fn check_form(&self, packet: &Packet<'_>) -> Result<u32, OpenError> {
        let octets = packet.data();
        if !self.framing.fits(octets.len()) {
            return Err(OpenError::TooShort);
        }
        let head = octets.first_chunk::<{ EspHeader::LEN }>().ok_or(OpenError::TooShort)?;
        let head = u64::from_be_bytes(*head);
        if head >> 32 != u64::from(self.spi.get()) {
            return Err(OpenError::UnknownSpi);
        }
        if let Mode::Beet { local, .. } = self.mode {
            beet::check_room(packet, self.framing.head_len, local)?;
        }
        u32::try_from(head & 0xffff_ffff).map_err(|_| OpenError::TooShort)
    }

    /// Verifies and decrypts; says where in the data of `packet` the plaintext with its trailer stands.
    #[inline(always)]
    fn decrypt(&self, packet: &mut Packet<'_>, number: u64) -> Result<Range<usize>, OpenError> {
        let Framing { head_len, iv_len, icv_len, implicit, upper_half, .. } = self.framing;
        let octets = packet.data_mut();
        let (header, rest) = octets.split_first_chunk_mut().ok_or(OpenError::TooShort)?;
        let (iv, rest) = rest.split_at_mut_checked(iv_len).ok_or(OpenError::TooShort)?;
        let length = rest.len().checked_sub(icv_len).ok_or(OpenError::TooShort)?;
        let (ciphertext, icv) = rest.split_at_mut_checked(length).ok_or(OpenError::TooShort)?;
        let extended = extended_octets(self.spi, number);
        let (aad, behind) = upper_half.covered(header, &extended);
        let number = number.to_be_bytes();
        let iv: &[u8] = if implicit { &number } else { iv };
        let opened = self.key.open(aad, iv, ciphertext, behind, icv);
        opened.map_err(|_| OpenError::Authentication)?;
        Ok(head_len..head_len.saturating_add(length))
    }

    /// Leaves the payload and checks what it is; wipes all where that is not in order.
    #[inline(always)]
    fn unwrap(
        &self,
        packet: &mut Packet<'_>,
        plaintext: Range<usize>,
        expect: Option<&SelectorPair>,
    ) -> Result<OpenedKind, OpenError> {
        let data = packet.data_range();
        let result = self.check_plaintext(packet, plaintext, expect);
        if result.is_err() {
            packet.wipe(data);
        }
        result
    }

    #[inline(always)]
    fn check_plaintext(
        &self,
        packet: &mut Packet<'_>,
        plaintext: Range<usize>,
        expect: Option<&SelectorPair>,
    ) -> Result<OpenedKind, OpenError> {
        let head_len = plaintext.start;
        let plaintext = packet.data().get(plaintext).ok_or(OpenError::Padding)?;
        let (payload_len, next_header) = trailer::read(plaintext).ok_or(OpenError::Padding)?;
        let (kind, keep) = match (self.mode, next_header) {
            (Mode::Tunnel, IpProtocol::IPV4 | IpProtocol::IPV6) => {
                let octets = plaintext.get(..payload_len).ok_or(OpenError::Padding)?;
                (OpenedKind::Tunnel, inner_len(octets, next_header, expect)?)
            }
            (_, IpProtocol::NO_NEXT_HEADER) => (OpenedKind::Dummy, 0),
            (Mode::Tunnel, _) => return Err(OpenError::Inner),
            (Mode::Beet { .. }, _) => (OpenedKind::Beet, payload_len),
            (_, _) => (OpenedKind::Transport, payload_len),
        };
        packet.narrow(head_len..head_len.saturating_add(keep))?;
        packet.set_next_header(next_header);
        match kind {
            OpenedKind::Tunnel | OpenedKind::Dummy => {}
            OpenedKind::Transport | OpenedKind::Beet => self.finish_transport(packet, expect)?,
        }
        Ok(kind)
    }

    /// What is left to do where the payload belongs to the outer header: in BEET mode the inner one, the selectors, the
    /// checksum.
    fn finish_transport(
        &self,
        packet: &mut Packet<'_>,
        expect: Option<&SelectorPair>,
    ) -> Result<(), OpenError> {
        if let Mode::Beet { local, remote } = self.mode {
            beet::restore(packet, local, remote)?;
        }
        if let Some(expect) = expect {
            let takes = |flow: FlowKey| expect.matches(Direction::Inbound, &flow);
            if !packet.flow().is_ok_and(takes) {
                return Err(OpenError::SelectorMismatch);
            }
        }
        if let (Mode::Transport, Some(original)) = (self.mode, self.original) {
            packet.adjust_checksum(original);
        }
        Ok(())
    }
}

impl fmt::Debug for InboundSa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundSa")
            .field("spi", &self.spi)
            .field("mode", &self.mode)
            .field("protection", &self.key.protection())
            .field("intake", &self.intake)
            .finish_non_exhaustive()
    }
}

/// Octets of the inner IP packet, which must be of the family that the trailer names, and fit the selectors (RFC 4301
/// §5.2).
#[inline]
fn inner_len(
    octets: &[u8],
    next_header: IpProtocol,
    expect: Option<&SelectorPair>,
) -> Result<usize, OpenError> {
    let version = if next_header == IpProtocol::IPV4 { 4 } else { 6 };
    if octets.first().is_none_or(|octet| octet >> 4 != version) {
        return Err(OpenError::Inner);
    }
    let Some(expect) = expect else {
        return IpHeader::parse(octets).map(|inner| inner.packet_len()).map_err(|_| OpenError::Inner);
    };
    let (flow, len) = FlowKey::of_packet(octets).map_err(|_| OpenError::Inner)?;
    if expect.matches(Direction::Inbound, &flow) { Ok(len) } else { Err(OpenError::SelectorMismatch) }
}
