//! Two endpoints fed with a sequence of datagrams, genuine, altered and made up, with algorithms that protect nothing.

extern crate alloc;

use alloc::collections::{BTreeSet, VecDeque};
use alloc::sync::Arc;
use core::time::Duration;
use ipsec::crypto_suite::{AeadId, KexId, PrfId, Protection, Secret};
use ipsec::ike::{Acquire, AnySaId, ChildSaId, Config, Endpoint, Event, IkeProposal, IkeSaId, SaProtocol};
use ipsec::ikev2_wire::{ExchangeType, Flags, Framing, Header, MessageBuilder, PayloadType};
use ipsec::sa_db::{
    Authentication, ChildProposal, Identity, Pad, PadEntry, PeerId, Policy, PolicyAction, Protect,
    ProtocolSuite, SelectorPair,
};
use ipsec::types::{Carrier, Instant, Path, Spi};

const PROTECTION: Protection = Protection::Aead(AeadId::Aes128Gcm16);
const PEER: PeerId = PeerId(1);

struct End {
    endpoint: Endpoint,
    policy: Arc<Policy>,
    spis: BTreeSet<Spi>,
    next_spi: u32,
    ike: BTreeSet<IkeSaId>,
    children: BTreeSet<ChildSaId>,
    outbox: VecDeque<Vec<u8>>,
}

impl End {
    fn new(own: &str, other: &str, first_spi: u32) -> Self {
        let proposal = ChildProposal {
            suite: ProtocolSuite::Esp(PROTECTION),
            key_exchanges: vec![KexId::Curve25519],
            extended_sequence_numbers: false,
        };
        let action = PolicyAction::Protect(Protect::tunnel(PEER, vec![proposal]));
        let policy = Arc::new(Policy::new(SelectorPair::any(), action));
        let mut pad = Pad::new();
        let key = Authentication::PreSharedKey(Secret::copy_from(b"key"));
        let entry = PadEntry::new(PEER, Identity::fqdn(own), Identity::fqdn(other), key);
        pad.insert(PadEntry { children: vec![Arc::clone(&policy)], ..entry }).expect("an entry");
        let mut config = Config::new(pad);
        config.ike_proposals = vec![IkeProposal {
            protection: PROTECTION,
            prfs: vec![PrfId::HmacSha2_256],
            key_exchanges: vec![KexId::Curve25519],
        }];
        let random = Box::new(testkit::Seeded(first_spi.into()));
        let endpoint =
            Endpoint::new(Arc::new(config), testkit::weak_provider(), random).expect("a configuration");
        Self {
            endpoint,
            policy,
            spis: BTreeSet::new(),
            next_spi: first_spi,
            ike: BTreeSet::new(),
            children: BTreeSet::new(),
            outbox: VecDeque::new(),
        }
    }

    /// Takes what there is, and checks that each SA comes once and goes once.
    fn drain(&mut self) {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::SpisWanted { count, .. } => {
                    let fresh: Vec<_> = (0..u32::from(count))
                        .map(|number| Spi::new(self.next_spi + number).expect("not reserved"))
                        .collect();
                    self.next_spi += u32::from(count);
                    self.spis.extend(&fresh);
                    self.endpoint.offer_spis(SaProtocol::Esp, fresh);
                }
                Event::SpiReleased { spi, .. } => assert!(self.spis.remove(&spi), "released once"),
                Event::IkeSaEstablished { id, .. } => assert!(self.ike.insert(id), "established once"),
                Event::IkeSaClosed { id, .. } => {
                    self.ike.remove(&id);
                }
                Event::ChildSaEstablished(sa) => self.add(sa.id, sa.inbound.spi),
                Event::ChildSaRekeyed { new, .. } => self.add(new.id, new.inbound.spi),
                Event::OutboundMoved { to, .. } => assert!(self.children.contains(&to)),
                Event::ChildSaClosed { id, .. } => assert!(self.children.remove(&id), "closed once"),
                other => drop(format!("{other:?}")),
            }
        }
        while let Some(transmit) = self.endpoint.poll_transmit() {
            self.outbox.push_back(transmit.contents.to_vec());
        }
    }

    fn add(&mut self, id: ChildSaId, spi: Spi) {
        assert!(self.spis.remove(&spi), "an SPI that was offered, and no other SA has");
        assert!(self.children.insert(id), "there once");
    }
}

fn path(from: usize) -> Path {
    let ends = [([192, 0, 2, 1], 500).into(), ([192, 0, 2, 2], 500).into()];
    Path { local: ends[from], remote: ends[1 - from], carrier: Carrier::Udp }
}

/// An "authentic" message of the SA that `like` is of: exchange, flags and id from `choice`, these octets inside.
fn made_up(like: &[u8], choice: [u8; 3], inside: &[u8]) -> Option<Vec<u8>> {
    let Header { spi_i, spi_r, .. } = Header::parse(like).ok()?;
    let exchange = ExchangeType(34 + choice[0] % 4);
    let header = Header::new(spi_i, spi_r, exchange, Flags(choice[1]), u32::from(choice[2] % 8));
    let mut buf = vec![0; 4096];
    let mut builder = MessageBuilder::new(&mut buf, &header).ok()?;
    let (first, octets) = inside.split_first()?;
    builder
        .begin_encrypted(Framing { iv_len: 8, block_len: 1, icv_len: 16 })
        .ok()?
        .put_content(PayloadType(*first), octets)
        .ok()?;
    let length = builder.finish_encrypted().ok()?.datagram_len();
    buf.truncate(length);
    Some(buf)
}

/// How many steps one input makes at most.
const STEPS: usize = 64;

/// An endpoint in each role, fed with what the input says.
///
/// Each step is an octet for what happens, an octet for where, and what else that needs. Afterwards nothing crosses any
/// more, time passes, and both ends must have given up everything.
pub fn v2_endpoint(input: &[u8]) {
    let mut ends = [End::new("left", "right", 0x1000), End::new("right", "left", 0x10_0000)];
    let mut now = Instant::EPOCH;
    ends.iter_mut().for_each(End::drain);
    let mut rest = input;
    let mut last = vec![0; Header::LEN];
    for _ in 0..STEPS {
        let Some(([what, place], tail)) = rest.split_first_chunk::<2>() else { break };
        rest = tail;
        let from = usize::from(place & 1);
        match what % 10 {
            0 => {
                let first = Acquire { policy: Arc::clone(&ends[from].policy), flow: None };
                if ends[from].endpoint.len() < 4 {
                    let _ = ends[from].endpoint.initiate(now, path(from), PEER, first);
                }
            }
            1..=3 => {
                let Some(datagram) = ends[from].outbox.pop_front() else { continue };
                let copies = if *what % 10 == 3 { 2 } else { 1 };
                for _ in 0..copies {
                    let _ = ends[1 - from].endpoint.handle_datagram(now, path(1 - from), &datagram);
                }
                last = datagram;
            }
            4 => drop(ends[from].outbox.pop_front()),
            5 => {
                // Altered in one place, or cut.
                let Some(([at, value], tail)) = rest.split_first_chunk::<2>() else { break };
                rest = tail;
                let Some(mut datagram) = ends[from].outbox.pop_front() else { continue };
                let at = usize::from(*at) + 256 * usize::from(place >> 7);
                match datagram.get_mut(at) {
                    Some(octet) => *octet ^= value,
                    None => datagram.truncate(usize::from(*value)),
                }
                let _ = ends[1 - from].endpoint.handle_datagram(now, path(1 - from), &datagram);
            }
            6 => {
                let Some(([a, b, c, length], tail)) = rest.split_first_chunk::<4>() else { break };
                let (inside, tail) = tail.split_at(usize::from(*length).min(tail.len()));
                rest = tail;
                if let Some(datagram) = made_up(&last, [*a, *b, *c], inside) {
                    let _ = ends[1 - from].endpoint.handle_datagram(now, path(1 - from), &datagram);
                }
            }
            7 => {
                now = now + Duration::from_millis(u64::from(*place) * 100);
                ends.iter_mut().for_each(|end| end.endpoint.handle_timeout(now));
            }
            8 => {
                if let Some(child) = ends[from].children.first().copied() {
                    let _ = ends[from].endpoint.rekey(now, AnySaId::Child(child));
                }
            }
            _ => {
                let child = ends[from].children.last().copied().map(AnySaId::Child);
                let ike = ends[from].ike.first().copied().map(AnySaId::Ike);
                if let Some(sa) = if place & 2 == 0 { child } else { ike } {
                    let _ = ends[from].endpoint.delete(now, sa);
                }
            }
        }
        ends.iter_mut().for_each(End::drain);
    }
    for end in &mut ends {
        for _ in 0..10_000 {
            let Some(due) = end.endpoint.poll_timeout() else { break };
            now = now.max(due);
            end.endpoint.handle_timeout(now);
            end.drain();
        }
        assert!(end.endpoint.is_empty() && end.ike.is_empty() && end.children.is_empty(), "nothing is left");
    }
}
