//! What all IKE SAs of an endpoint share.

use crate::config::Config;
use crate::event::{ChildSaId, Event, IkeSaId, SaProtocol};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use ikev2_wire::IkeSpi;
use ipsec_crypto_suite::{CryptoError, CryptoProvider, SecureRandom};
use ipsec_types::{Carrier, NON_ESP_MARKER, Path, Spi};

pub(crate) struct Core {
    pub(crate) config: Arc<Config>,
    pub(crate) provider: CryptoProvider,
    pub(crate) rng: Box<dyn SecureRandom>,
    events: VecDeque<Event>,
    /// How many events there ever were, and how many of them were taken.
    emitted: u64,
    taken: u64,
    outbox: VecDeque<Outgoing>,
    stock: VecDeque<Spi>,
    stock_wanted: bool,
    last_ike: u64,
    last_child: u64,
    /// Which IKE SA a Child SA belongs to.
    pub(crate) owners: BTreeMap<ChildSaId, IkeSaId>,
}

/// A datagram to be sent, once so many events were taken.
struct Outgoing {
    path: Path,
    contents: Vec<u8>,
    after: u64,
}

/// Below this many inbound SPIs more are asked for, and so many.
const STOCK_LOW: usize = 4;
const STOCK_WANTED: u16 = 8;

/// How often a number is drawn that must not be one of a few.
const TRIES: usize = 16;

impl Core {
    pub(crate) fn new(config: Arc<Config>, provider: CryptoProvider, rng: Box<dyn SecureRandom>) -> Self {
        let mut core = Self {
            config,
            provider,
            rng,
            events: VecDeque::new(),
            emitted: 0,
            taken: 0,
            outbox: VecDeque::new(),
            stock: VecDeque::new(),
            stock_wanted: false,
            last_ike: 0,
            last_child: 0,
            owners: BTreeMap::new(),
        };
        core.want_spis();
        core
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.emitted += 1;
        self.events.push_back(event);
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.taken += 1;
        Some(event)
    }

    /// The mark of a message that waits until all events so far were taken (RFC 7296 §2.8).
    pub(crate) const fn after_events(&self) -> u64 {
        self.emitted
    }

    /// Sends an IKE message, behind the non-ESP marker where the carrier wants it.
    pub(crate) fn transmit(&mut self, path: Path, message: &[u8], after: u64) {
        let marker: &[u8] = if path.carrier == Carrier::Udp { &[] } else { &NON_ESP_MARKER };
        self.outbox.push_back(Outgoing { path, contents: [marker, message].concat(), after });
    }

    pub(crate) fn transmit_keepalive(&mut self, path: Path) {
        self.outbox.push_back(Outgoing { path, contents: Vec::from([0xff]), after: 0 });
    }

    /// Takes the first datagram that may be sent.
    pub(crate) fn poll_transmit(&mut self) -> Option<(Path, Vec<u8>)> {
        let taken = self.taken;
        let at = self.outbox.iter().position(|outgoing| outgoing.after <= taken)?;
        self.outbox.remove(at).map(|outgoing| (outgoing.path, outgoing.contents))
    }

    pub(crate) fn octets(&mut self, len: usize) -> Result<Vec<u8>, CryptoError> {
        let mut octets = alloc::vec![0; len];
        self.rng.fill(&mut octets)?;
        Ok(octets)
    }

    /// A number for jitter, where 0 does as well.
    pub(crate) fn jitter(&mut self) -> u32 {
        let mut octets = [0; 4];
        if self.rng.fill(&mut octets).is_err() {
            return 0;
        }
        u32::from_ne_bytes(octets)
    }

    /// An SPI for an IKE SA: never zero, and none that `used` knows (RFC 7296 §2.6).
    pub(crate) fn ike_spi(&mut self, used: impl Fn(IkeSpi) -> bool) -> Result<IkeSpi, CryptoError> {
        for _ in 0..TRIES {
            let mut spi = IkeSpi([0; 8]);
            self.rng.fill(&mut spi.0)?;
            if !spi.is_zero() && !used(spi) {
                return Ok(spi);
            }
        }
        Err(CryptoError::Randomness)
    }

    pub(crate) fn offer_spis(&mut self, spis: impl IntoIterator<Item = Spi>) {
        self.stock.extend(spis);
        // Asked again when the next one is taken: whoever has none to offer is not asked in a circle.
        self.stock_wanted = false;
    }

    pub(crate) fn take_spi(&mut self) -> Option<Spi> {
        let spi = self.stock.pop_front();
        self.want_spis();
        spi
    }

    pub(crate) fn release_spi(&mut self, spi: Spi) {
        self.emit(Event::SpiReleased { protocol: SaProtocol::Esp, spi });
    }

    fn want_spis(&mut self) {
        if self.stock.len() < STOCK_LOW && !self.stock_wanted {
            self.stock_wanted = true;
            self.emit(Event::SpisWanted { protocol: SaProtocol::Esp, count: STOCK_WANTED });
        }
    }

    pub(crate) const fn next_ike(&mut self) -> IkeSaId {
        self.last_ike += 1;
        IkeSaId(self.last_ike)
    }

    pub(crate) const fn next_child(&mut self) -> ChildSaId {
        self.last_child += 1;
        ChildSaId(self.last_child)
    }
}
