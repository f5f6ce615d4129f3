//! Two endpoints, the emulated link between them, and what must hold after each step.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod forge;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use core::time::Duration;
use ipsec_crypto_suite::{AeadId, CryptoProvider, KexId, PrfId, Protection, Secret, rustcrypto};
use ipsec_ike::{
    Acquire, ChildSa, ChildSaId, CloseReason, Config, Endpoint, Event, IkeProposal, IkeSaId, SaProtocol,
};
use ipsec_sa_db::{
    AddressRange, Authentication, ChildProposal, Identity, Pad, PadEntry, PeerId, Policy, PolicyAction,
    Protect, ProtocolSuite, Selector, SelectorPair,
};
use ipsec_types::{Carrier, Instant, Path, Spi};
use testkit::{Conditions, Link, Parcel, Seeded};

pub(crate) const PEER: PeerId = PeerId(1);
pub(crate) const GCM: Protection = Protection::Aead(AeadId::Aes128Gcm16);

/// What an end is told; changed by tests before it is built.
pub(crate) struct Setup {
    pub(crate) provider: CryptoProvider,
    pub(crate) psk: Vec<u8>,
    pub(crate) local: Identity,
    pub(crate) remote: Identity,
    pub(crate) policies: Vec<Policy>,
    pub(crate) ike_proposals: Vec<IkeProposal>,
    pub(crate) change: fn(&mut Config),
    pub(crate) spy: forge::Spy,
    pub(crate) rng: Option<Box<dyn ipsec_crypto_suite::SecureRandom>>,
}

pub(crate) fn child_proposal(key_exchanges: &[KexId]) -> ChildProposal {
    let suite = ProtocolSuite::Esp(GCM);
    ChildProposal { suite, key_exchanges: key_exchanges.to_vec(), extended_sequence_numbers: false }
}

pub(crate) fn network(text: &str, length: u8) -> Selector {
    Selector::addresses(AddressRange::prefix(text.parse().unwrap(), length).unwrap())
}

pub(crate) fn policy(local: Selector, remote: Selector, proposals: Vec<ChildProposal>) -> Policy {
    let selectors = SelectorPair { local: local.into(), remote: remote.into() };
    Policy::new(selectors, PolicyAction::Protect(Protect::tunnel(PEER, proposals)))
}

impl Setup {
    /// Left with 10.1.0.0/16 or right with 10.2.0.0/16; AES-128-GCM and Curve25519 throughout, no PFS.
    pub(crate) fn new(left: bool) -> Self {
        let (own, other) = if left { (1, 2) } else { (2, 1) };
        let names = ["", "left.example", "right.example"];
        let networks = ["", "10.1.0.0", "10.2.0.0"];
        Self {
            provider: rustcrypto::provider(),
            psk: b"of both ends".to_vec(),
            local: Identity::fqdn(names[own]),
            remote: Identity::fqdn(names[other]),
            policies: vec![policy(
                network(networks[own], 16),
                network(networks[other], 16),
                vec![child_proposal(&[])],
            )],
            ike_proposals: vec![IkeProposal {
                protection: GCM,
                prfs: vec![PrfId::HmacSha2_256],
                key_exchanges: vec![KexId::Curve25519],
            }],
            change: |_| {},
            spy: forge::Spy::default(),
            rng: None,
        }
    }

    pub(crate) fn protect(&mut self) -> &mut Protect {
        match &mut self.policies[0].action {
            PolicyAction::Protect(protect) => protect,
            PolicyAction::Bypass | PolicyAction::Discard => unreachable!("the policy protects"),
        }
    }

    pub(crate) fn build(self, seed: u64, address: &str) -> End {
        let children: Vec<_> = self.policies.into_iter().map(Arc::new).collect();
        let policy = Arc::clone(&children[0]);
        let mut pad = Pad::new();
        let key = Authentication::PreSharedKey(Secret::copy_from(&self.psk));
        pad.insert(PadEntry { children, ..PadEntry::new(PEER, self.local, self.remote, key) }).unwrap();
        let mut config = Config { ike_proposals: self.ike_proposals, ..Config::new(pad) };
        config.key_log = Some(Box::new(self.spy.clone()));
        (self.change)(&mut config);
        let rng = self.rng.unwrap_or_else(|| Box::new(Seeded(seed)));
        let endpoint = Endpoint::new(Arc::new(config), self.provider, rng).unwrap();
        let address = format!("{address}:500").parse().unwrap();
        End {
            endpoint,
            policy,
            address,
            events: Vec::new(),
            children: BTreeMap::new(),
            sends_on: None,
            ike: BTreeSet::new(),
            closed: Vec::new(),
            spy: self.spy,
            next_spi: seed as u32 * 0x10_0000 + 0x1000,
            spis: BTreeSet::new(),
        }
    }
}

/// One end, and what its application would know.
pub(crate) struct End {
    pub(crate) endpoint: Endpoint,
    pub(crate) policy: Arc<Policy>,
    pub(crate) address: core::net::SocketAddr,
    /// What happened, in words.
    pub(crate) events: Vec<String>,
    /// What is installed.
    pub(crate) children: BTreeMap<ChildSaId, Box<ChildSa>>,
    /// The Child SA whose outbound half is used.
    pub(crate) sends_on: Option<ChildSaId>,
    pub(crate) ike: BTreeSet<IkeSaId>,
    pub(crate) closed: Vec<CloseReason>,
    pub(crate) spy: forge::Spy,
    next_spi: u32,
    /// Inbound SPIs that are neither free nor forgotten.
    pub(crate) spis: BTreeSet<Spi>,
}

impl End {
    pub(crate) fn drain_events(&mut self) {
        while let Some(event) = self.endpoint.poll_event() {
            self.note(event);
        }
    }

    fn note(&mut self, event: Event) {
        let text = format!("{event:?}");
        match event {
            Event::SpisWanted { protocol, count } => {
                assert_eq!(protocol, SaProtocol::Esp);
                let spis: Vec<_> = (0..count)
                    .map(|_| {
                        self.next_spi += 1;
                        Spi::new(self.next_spi).unwrap()
                    })
                    .collect();
                self.spis.extend(&spis);
                self.endpoint.offer_spis(protocol, spis);
                return;
            }
            Event::SpiReleased { spi, .. } => {
                assert!(self.spis.remove(&spi), "an SPI is released once");
                return;
            }
            Event::IkeSaEstablished { id, .. } => assert!(self.ike.insert(id)),
            Event::IkeSaClosed { id, reason } => {
                self.ike.remove(&id);
                self.closed.push(reason);
            }
            Event::ChildSaEstablished(sa) => {
                self.sends_on = Some(sa.id);
                self.install(sa);
            }
            Event::ChildSaRekeyed { new, .. } => self.install(new),
            Event::OutboundMoved { to, .. } => {
                assert!(self.children.contains_key(&to), "moved to an SA that is installed");
                self.sends_on = Some(to);
            }
            Event::ChildSaClosed { id, .. } => {
                let sa = self.children.remove(&id).expect("closed once, and only what was there");
                assert!(self.spis.remove(&sa.inbound.spi));
                if self.sends_on == Some(id) {
                    self.sends_on = None;
                }
            }
            Event::PathChanged { .. } | Event::ChildSaFailed { .. } | Event::RekeyFailed { .. } => {}
            other => unreachable!("an event the harness does not know: {other:?}"),
        }
        self.events.push(text);
    }

    fn install(&mut self, sa: Box<ChildSa>) {
        assert!(self.spis.contains(&sa.inbound.spi), "an SPI that was offered");
        assert!(self.children.insert(sa.id, sa).is_none());
    }

    /// Whether an event of this kind came.
    pub(crate) fn saw(&self, kind: &str) -> bool {
        self.events.iter().any(|event| event.starts_with(kind))
    }

    pub(crate) fn the_child(&self) -> ChildSaId {
        assert_eq!(self.children.len(), 1, "{:?}", self.children);
        *self.children.keys().next().unwrap()
    }
}

/// Left and right, and the link between them.
pub(crate) struct Pair {
    pub(crate) ends: [End; 2],
    pub(crate) link: Link,
    pub(crate) now: Instant,
    /// Every datagram that was sent, in order.
    pub(crate) sent: Vec<Parcel>,
    unchecked: bool,
}

pub(crate) const LEFT: usize = 0;
pub(crate) const RIGHT: usize = 1;

impl Pair {
    pub(crate) fn new(seed: u64, conditions: Conditions) -> Self {
        Self::of(seed, conditions, Setup::new(true), Setup::new(false))
    }

    pub(crate) fn of(seed: u64, conditions: Conditions, left: Setup, right: Setup) -> Self {
        let ends = [left.build(2 * seed + 1, "192.0.2.1"), right.build(2 * seed + 2, "192.0.2.2")];
        let mut pair = Self {
            ends,
            link: Link::new(seed, conditions),
            now: Instant::EPOCH,
            sent: Vec::new(),
            unchecked: false,
        };
        pair.ends.iter_mut().for_each(End::drain_events);
        pair
    }

    pub(crate) fn path(&self, from: usize) -> Path {
        let (local, remote) = (self.ends[from].address, self.ends[1 - from].address);
        Path { local, remote, carrier: Carrier::Udp }
    }

    pub(crate) fn initiate(&mut self, from: usize) -> IkeSaId {
        let (path, now) = (self.path(from), self.now);
        let end = &mut self.ends[from];
        let first = Acquire { policy: Arc::clone(&end.policy), flow: None };
        end.endpoint.initiate(now, path, PEER, first).unwrap()
    }

    /// Takes what the end wants to send, its events first; nothing crosses the link.
    pub(crate) fn take(&mut self, from: usize) -> Vec<Parcel> {
        let end = &mut self.ends[from];
        end.drain_events();
        let mut parcels = Vec::new();
        while let Some(transmit) = end.endpoint.poll_transmit() {
            let contents = transmit.contents.to_vec();
            parcels.push(Parcel { path: transmit.path, esp: false, contents });
        }
        self.sent.extend(parcels.iter().cloned());
        parcels
    }

    /// Lets time pass at one end.
    pub(crate) fn wait(&mut self, end: usize, time: Duration) {
        self.now = self.now + time;
        self.ends[end].endpoint.handle_timeout(self.now);
    }

    /// Hands a parcel of the other end's to this one.
    pub(crate) fn give(&mut self, to: usize, parcel: &Parcel) -> Result<(), ipsec_ike::DatagramError> {
        let Path { local, remote, carrier } = parcel.path;
        let path = Path { local: remote, remote: local, carrier };
        let result = self.ends[to].endpoint.handle_datagram(self.now, path, &parcel.contents);
        self.ends[to].drain_events();
        result
    }

    /// Moves what is to be sent onto the link, and what arrived into the ends, until nothing is due now.
    fn settle(&mut self) {
        loop {
            for from in [LEFT, RIGHT] {
                for parcel in self.take(from) {
                    self.link.send(self.now, parcel);
                }
            }
            let Some(parcel) = self.link.receive(self.now) else { return };
            let to = self.ends.iter().position(|end| end.address.ip() == parcel.path.local.ip());
            let Some(to) = to else { continue };
            let _ = self.ends[to].endpoint.handle_datagram(self.now, parcel.path, &parcel.contents);
            self.check();
        }
    }

    /// Lets time pass until nothing is due before `end`.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            let due = self
                .ends
                .iter()
                .filter_map(|end| end.endpoint.poll_timeout())
                .chain(self.link.poll_timeout())
                .min()
                .filter(|due| *due <= end);
            let Some(due) = due else { break };
            self.now = self.now.max(due);
            for end in &mut self.ends {
                end.endpoint.handle_timeout(self.now);
            }
            self.check();
        }
        self.now = end;
        self.check();
    }

    /// What holds after each step: an end that sends on a Child SA sends to one that the other end receives on, with the
    /// same selectors, unless the other end is gone.
    pub(crate) fn check(&self) {
        if self.unchecked {
            return;
        }
        for from in [LEFT, RIGHT] {
            let Some(id) = self.ends[from].sends_on else { continue };
            let sa = &self.ends[from].children[&id];
            let twin = self.ends[1 - from].children.values().find(|twin| twin.inbound.spi == sa.outbound.spi);
            if let Some(twin) = twin {
                assert_eq!(twin.outbound.spi, sa.inbound.spi);
                assert_eq!(twin.selectors.local, sa.selectors.remote);
                assert_eq!(twin.selectors.remote, sa.selectors.local);
                let (ours, theirs) = (&sa.outbound, &twin.inbound);
                assert_eq!(ours.params.protection, theirs.params.protection);
                let octets =
                    |key: &Option<Secret>| key.as_ref().map_or(Vec::new(), |key| key.expose().to_vec());
                let key =
                    |sa: &ipsec_sa_db::SaMaterial| [octets(&sa.encryption), octets(&sa.integrity)].concat();
                assert_eq!(key(ours), key(theirs), "both ends derived the same keys");
                assert_eq!(key(&sa.inbound), key(&twin.outbound));
                assert_ne!(key(ours), key(&sa.inbound));
            }
        }
    }

    /// Whether both ends have one IKE SA and `children` Child SAs, which fit.
    pub(crate) fn agree(&self, children: usize) {
        for (own, other) in [(LEFT, RIGHT), (RIGHT, LEFT)] {
            let [own, other] = [&self.ends[own], &self.ends[other]];
            assert_eq!(own.ike.len(), 1, "{:?} {:?}", own.events, other.events);
            assert_eq!(own.children.len(), children, "{:#?}\n{:#?}", own.events, other.events);
            for sa in own.children.values() {
                assert!(
                    other.children.values().any(
                        |twin| twin.inbound.spi == sa.outbound.spi && twin.outbound.spi == sa.inbound.spi
                    )
                );
            }
            assert!(own.sends_on.is_some() || children == 0);
        }
    }

    /// As [`establish`](Self::establish) and [`run`](Self::run), without the checks, which copy keys.
    pub(crate) fn establish_unchecked(&mut self) {
        self.initiate(LEFT);
        self.run_unchecked(Duration::from_secs(5));
        self.agree(1);
    }

    pub(crate) fn run_unchecked(&mut self, time: Duration) {
        self.unchecked = true;
        self.run(time);
    }

    /// Left initiates, and both are there.
    pub(crate) fn establish(&mut self) {
        self.initiate(LEFT);
        self.run(Duration::from_secs(5));
        self.agree(1);
    }
}
