//! Which inbound SA an SPI names, and which SPIs are free.

use crate::hash::HashKey;
use crate::sad::SaId;
use alloc::vec::Vec;
use core::net::IpAddr;
use hashbrown::{HashMap, HashTable};
use ipsec_crypto_suite::{CryptoError, SecureRandom};
use ipsec_types::Spi;

/// Inbound SAs by SPI, and those of multicast by address, too.
pub(crate) struct Spis {
    layout: Layout,
    /// By slot the SPI that carries it, while an SA is there.
    tags: Vec<Tag>,
    key: HashKey,
    /// SPIs that carry no slot.
    others: HashTable<(Spi, SaId)>,
    /// Reserved, and without an SA yet.
    larval: HashMap<Spi, SaId, HashKey>,
    multicast: HashMap<MulticastSpi, SaId, HashKey>,
}

/// What a multicast SA is found by: its SPI is the group's, and counts together with addresses alone (RFC 4301 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MulticastSpi {
    /// The SPI.
    pub spi: Spi,
    /// The group.
    pub destination: IpAddr,
    /// The sender, where groups of several senders tell them apart.
    pub source: Option<IpAddr>,
}

/// How an SPI carries a slot: `bits` of it, at the upper end of the SPI times the inverse of `factor`. The other bits are
/// drawn at random for each SA.
#[derive(Clone, Copy)]
struct Layout {
    /// 0 where SPIs carry none.
    bits: u32,
    factor: u32,
    inverse: u32,
}

#[derive(Clone, Copy, Default)]
struct Tag {
    /// 0 where there is no SA.
    spi: u32,
    generation: u32,
}

/// How often an SPI is drawn: were every second one in use, it would fail once in 10^9.
const TRIES: usize = 32;

impl Spis {
    pub(crate) fn new(rng: &mut dyn SecureRandom, bits: u32) -> Result<Self, CryptoError> {
        let key = HashKey::draw(rng)?;
        let mut factor = 1;
        if bits > 0 {
            let mut octets = [0; 4];
            rng.fill(&mut octets)?;
            factor = u32::from_ne_bytes(octets) | 1;
        }
        // Newton's method: each round doubles the number of bits that are right, three of which are at first.
        let inverse =
            (0..4).fold(factor, |own: u32, _| own.wrapping_mul(2u32.wrapping_sub(own.wrapping_mul(factor))));
        Ok(Self {
            layout: Layout { bits, factor, inverse },
            tags: Vec::new(),
            key,
            others: HashTable::new(),
            larval: HashMap::with_hasher(key),
            multicast: HashMap::with_hasher(key),
        })
    }

    #[inline]
    pub(crate) fn get(&self, spi: Spi) -> Option<SaId> {
        if let Some(slot) = self.layout.slot(spi)
            && let Some(tag) = self.tags.get(usize::try_from(slot).unwrap_or(usize::MAX))
            && tag.spi == spi.get()
        {
            return Some(SaId { slot, generation: tag.generation });
        }
        if self.others.is_empty() {
            return None;
        }
        let is_it = |(own, _): &(Spi, SaId)| {
            #[cfg(test)]
            crate::classify::steps::count();
            *own == spi
        };
        self.others.find(self.hash(spi), is_it).map(|(_, id)| *id)
    }

    /// The SA of a packet, by what is found first of SPI with both addresses, with the destination, and alone.
    pub(crate) fn of_packet(&self, spi: Spi, source: IpAddr, destination: IpAddr) -> Option<SaId> {
        if !self.multicast.is_empty() {
            let found = [Some(source), None]
                .into_iter()
                .find_map(|source| self.multicast.get(&MulticastSpi { spi, destination, source }));
            if found.is_some() {
                return found.copied();
            }
        }
        self.get(spi)
    }

    /// Draws an SPI that nothing uses, one that carries `slot` if there is room for it.
    pub(crate) fn draw(&self, rng: &mut dyn SecureRandom, slot: u32) -> Result<Option<Spi>, CryptoError> {
        for _ in 0..TRIES {
            let mut octets = [0; 4];
            rng.fill(&mut octets)?;
            let spi = self.layout.spi(slot, u32::from_be_bytes(octets));
            if let Some(spi) = Spi::new(spi).ok().filter(|spi| self.is_free(*spi)) {
                return Ok(Some(spi));
            }
        }
        Ok(None)
    }

    /// Draws one of a range, and if that is short tries all of it.
    pub(crate) fn draw_within(
        &self,
        rng: &mut dyn SecureRandom,
        first: Spi,
        last: Spi,
    ) -> Result<Option<Spi>, CryptoError> {
        let Some(more) = last.get().checked_sub(first.get()) else { return Ok(None) };
        let count = u64::from(more) + 1;
        let mut octets = [0; 8];
        rng.fill(&mut octets)?;
        let start = u64::from_be_bytes(octets) % count;
        let spi = |place: u64| {
            let past = u32::try_from((start + place) % count).unwrap_or_default();
            Spi::new(first.get() + past).ok()
        };
        Ok((0..count.min(MOST_TRIED)).filter_map(spi).find(|spi| self.is_free(*spi)))
    }

    pub(crate) fn is_free(&self, spi: Spi) -> bool {
        self.get(spi).is_none() && !self.larval.contains_key(&spi)
    }

    pub(crate) fn reserve(&mut self, spi: Spi, id: SaId) {
        self.larval.insert(spi, id);
    }

    /// Takes a reservation back.
    pub(crate) fn release(&mut self, spi: Spi) -> Option<SaId> {
        self.larval.remove(&spi)
    }

    pub(crate) fn larval(&self) -> usize {
        self.larval.len()
    }

    pub(crate) fn reserved(&self, spi: Spi) -> Option<SaId> {
        self.larval.get(&spi).copied()
    }

    /// From now on the SPI names the SA.
    pub(crate) fn set(&mut self, spi: Spi, id: SaId) {
        if self.layout.slot(spi) != Some(id.slot) {
            let (hash, key) = (self.hash(spi), self.key);
            self.others.insert_unique(hash, (spi, id), |(spi, _)| key.hash(spi.get().into()));
            return;
        }
        let place = usize::try_from(id.slot).unwrap_or(usize::MAX);
        if self.tags.len() <= place {
            self.tags.resize(place.saturating_add(1), Tag::default());
        }
        if let Some(tag) = self.tags.get_mut(place) {
            *tag = Tag { spi: spi.get(), generation: id.generation };
        }
    }

    pub(crate) fn remove(&mut self, spi: Spi, id: SaId) {
        if self.layout.slot(spi) != Some(id.slot) {
            let hash = self.hash(spi);
            if let Ok(entry) = self.others.find_entry(hash, |(own, _)| *own == spi) {
                entry.remove();
            }
        } else if let Some(tag) = self.tags.get_mut(usize::try_from(id.slot).unwrap_or(usize::MAX)) {
            *tag = Tag::default();
        }
    }

    #[inline]
    fn hash(&self, spi: Spi) -> u64 {
        self.key.hash(spi.get().into())
    }

    /// False where the group has an SA.
    pub(crate) fn set_multicast(&mut self, spi: MulticastSpi, id: SaId) -> bool {
        self.multicast.try_insert(spi, id).is_ok()
    }

    pub(crate) fn has_multicast(&self, spi: &MulticastSpi) -> bool {
        self.multicast.contains_key(spi)
    }

    pub(crate) fn remove_multicast(&mut self, spi: &MulticastSpi) {
        self.multicast.remove(spi);
    }
}

/// How many SPIs of a range are tried.
const MOST_TRIED: u64 = 4096;

impl Layout {
    /// The slot that an SPI may carry.
    #[inline]
    fn slot(self, spi: Spi) -> Option<u32> {
        (self.bits > 0).then(|| spi.get().wrapping_mul(self.inverse) >> (32 - self.bits))
    }

    fn spi(self, slot: u32, random: u32) -> u32 {
        if self.bits == 0 || slot >> self.bits != 0 {
            return random;
        }
        (slot << (32 - self.bits) | random >> self.bits).wrapping_mul(self.factor)
    }
}
