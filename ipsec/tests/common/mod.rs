//! Two gateways and the emulated link between them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use alloc::sync::Arc;
use core::time::Duration;
use ipsec::crypto_suite::{AeadId, KexId, Protection, Secret, rustcrypto};
use ipsec::ike::{ChildSaKeys, Config, IkeSaKeys, KeyLog};
use ipsec::ip_packet::{Packet, internet_checksum};
use ipsec::sa_db::{
    AddressRange, Authentication, ChildProposal, Identity, Mode, Pad, PadEntry, PeerId, Policy, PolicyAction,
    Protect, ProtocolSuite, Selector, SelectorPair,
};
use ipsec::types::{Carrier, Instant, IpProtocol, Path};
use ipsec::{DiscardReason, Event, Gateway, GatewayConfig, Incoming, Outgoing};
use std::sync::Mutex;
use testkit::{Conditions, Link, Parcel, Seeded};

pub(crate) const LEFT: usize = 0;
pub(crate) const RIGHT: usize = 1;
pub(crate) const HEAD: usize = 64;

pub(crate) fn selector(network: &str, length: u8) -> Selector {
    Selector::addresses(AddressRange::prefix(network.parse().unwrap(), length).unwrap())
}

pub(crate) fn address(end: usize) -> core::net::SocketAddr {
    ["192.0.2.1:500", "192.0.2.2:500"][end].parse().unwrap()
}

pub(crate) fn path(from: usize) -> Path {
    Path { local: address(from), remote: address(1 - from), carrier: Carrier::Udp }
}

/// A fragment of a datagram from port 4000 to a port, of 16 octets; at offset 0 it shows the ports.
pub(crate) fn fragment(
    ends: [[u8; 4]; 2],
    protocol: u8,
    id: u16,
    port: u16,
    offset: u16,
    more: bool,
) -> Vec<u8> {
    let word = (offset / 8) | if more { 0x2000 } else { 0 };
    let [id, word] = [id, word].map(u16::to_be_bytes);
    let head = [0x45, 0, 0, 36, id[0], id[1], word[0], word[1], 64, protocol, 0, 0];
    let ports = [4000u16, port].map(u16::to_be_bytes).concat();
    let body = if offset == 0 { [&ports[..], &[7; 12]].concat() } else { vec![7; 16] };
    let mut packet = [&head[..], ends.as_flattened(), &body].concat();
    let checksum = internet_checksum(&packet[..20]);
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet
}

/// From the network of the left end to that of the right.
pub(crate) const TO_THE_RIGHT: [[u8; 4]; 2] = [[10, 1, 0, 1], [10, 2, 0, 1]];

/// The keys that were made, as lines of Wireshark's tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(pub(crate) Arc<Mutex<Vec<String>>>);

impl KeyLog for Keys {
    fn ike_sa(&self, keys: &IkeSaKeys<'_>) {
        self.0.lock().unwrap().push(keys.to_string());
    }

    fn child_sa(&self, keys: &ChildSaKeys<'_>) {
        self.0.lock().unwrap().push(keys.to_string());
    }
}

/// What is changed of an end's policies, the last of which protects.
pub(crate) type Change<'a> = &'a dyn Fn(usize, &mut Vec<Policy>);
/// What is changed of an end's configuration.
pub(crate) type Configure<'a> = &'a dyn Fn(usize, &mut GatewayConfig);

pub(crate) fn gateway(
    end: usize,
    mode: Mode,
    change: Change<'_>,
    configure: Configure<'_>,
    keys: &Keys,
) -> Gateway {
    let names = ["left", "right"];
    let mut pad = Pad::new();
    for (id, remote, key) in [(1, names[1 - end], "key"), (2, "other", "other key")] {
        let key = Authentication::PreSharedKey(Secret::copy_from(key.as_bytes()));
        let (local, remote) = (Identity::fqdn(names[end]), Identity::fqdn(remote));
        pad.insert(PadEntry::new(PeerId(id), local, remote, key)).unwrap();
    }
    let proposal = ChildProposal {
        suite: ProtocolSuite::Esp(Protection::Aead(AeadId::Aes128Gcm16)),
        key_exchanges: vec![KexId::Curve25519],
        extended_sequence_numbers: true,
    };
    let mut protect = Protect::tunnel(PeerId(1), vec![proposal]);
    protect.mode = mode;
    let networks = if protect.mode == Mode::Tunnel {
        [selector("10.1.0.0", 16), selector("10.2.0.0", 16)]
    } else {
        [selector("192.0.2.1", 32), selector("192.0.2.2", 32)]
    };
    let pair =
        |local: Selector, remote: Selector| SelectorPair { local: local.into(), remote: remote.into() };
    let mut policies = vec![
        Policy::new(pair(selector("10.9.0.1", 32), selector("0.0.0.0", 0)), PolicyAction::Discard),
        Policy::new(pair(selector("10.9.0.0", 16), selector("0.0.0.0", 0)), PolicyAction::Bypass),
        Policy::new(pair(networks[end], networks[1 - end]), PolicyAction::Protect(protect)),
    ];
    change(end, &mut policies);
    let mut ike = Config::new(pad);
    ike.key_log = Some(Box::new(keys.clone()));
    let mut config = GatewayConfig::new(ike, policies, vec![(PeerId(1), path(end))]);
    configure(end, &mut config);
    let seed = 10 * u64::try_from(end).unwrap();
    let random = |salt| Box::new(Seeded(seed + salt));
    Gateway::new(config, rustcrypto::provider(), random(1), random(2)).unwrap()
}

pub(crate) fn packet(source: [u8; 4], destination: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(28 + payload.len()).unwrap().to_be_bytes();
    let udp = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
    let header = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, 17, 0, 0];
    let mut packet = [&header[..], &source, &destination, &[0, 7, 0, 9], &udp, &[0, 0], payload].concat();
    let checksum = internet_checksum(&packet[..20]);
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet
}

pub(crate) fn to_right(number: u8) -> Vec<u8> {
    packet([10, 1, 0, 1], [10, 2, 0, 1], &[number; 40])
}

pub(crate) fn to_left(number: u8) -> Vec<u8> {
    packet([10, 2, 0, 1], [10, 1, 0, 1], &[number; 40])
}

pub(crate) struct Pair {
    pub(crate) ends: [Gateway; 2],
    pub(crate) link: Link,
    pub(crate) now: Instant,
    pub(crate) delivered: [Vec<Vec<u8>>; 2],
    pub(crate) events: [Vec<Event>; 2],
    pub(crate) discarded: Vec<DiscardReason>,
    pub(crate) seen: Vec<Parcel>,
    pub(crate) keys: Keys,
}

impl Pair {
    pub(crate) fn new(mode: Mode, change: Change<'_>) -> Self {
        Self::configured(mode, change, &|_, _| {})
    }

    pub(crate) fn configured(mode: Mode, change: Change<'_>, configure: Configure<'_>) -> Self {
        let keys = Keys::default();
        Self {
            ends: [LEFT, RIGHT].map(|end| gateway(end, mode, change, configure, &keys)),
            link: Link::new(1, Conditions { delay: Duration::from_millis(5), ..Conditions::default() }),
            now: Instant::EPOCH,
            delivered: [Vec::new(), Vec::new()],
            events: [Vec::new(), Vec::new()],
            discarded: Vec::new(),
            seen: Vec::new(),
            keys,
        }
    }

    /// Changes what protects, at both ends alike.
    pub(crate) fn each(change: &dyn Fn(&mut Protect)) -> Self {
        Self::new(Mode::Tunnel, &|_, policies| change(protect(policies)))
    }

    pub(crate) fn send(&mut self, from: usize, octets: &[u8]) -> Outgoing {
        let mut buf = [&[0; HEAD][..], octets, &[0; 320]].concat();
        let range = HEAD..HEAD + octets.len();
        let mut packet = Packet::new(&mut buf, range, IpProtocol::IPV4).unwrap();
        let outgoing = self.ends[from].handle_outbound(self.now, &mut packet);
        if let Outgoing::Protected(path) = outgoing {
            let whole = packet.next_header() == IpProtocol::IPV4;
            let contents = packet.data()[if whole { 20 } else { 0 }..].to_vec();
            self.link.send(self.now, Parcel { path, esp: path.carrier == Carrier::Udp, contents });
        }
        outgoing
    }

    /// Hands a parcel to its receiver.
    pub(crate) fn arrive(&mut self, parcel: &Parcel) -> Incoming {
        let end = usize::from(parcel.path.local != address(LEFT));
        let (mut buf, family) = if parcel.esp {
            let (source, destination) = if end == LEFT { (2, 1) } else { (1, 2) };
            let mut outer = packet([192, 0, 2, source], [192, 0, 2, destination], &[]);
            outer.truncate(20);
            outer[9] = IpProtocol::ESP.0;
            let length = u16::try_from(20 + parcel.contents.len()).unwrap().to_be_bytes();
            outer[2..4].copy_from_slice(&length);
            ([outer, parcel.contents.clone()].concat(), IpProtocol::IPV4)
        } else {
            (parcel.contents.clone(), IpProtocol::UDP)
        };
        let range = 0..buf.len();
        let mut packet = Packet::new(&mut buf, range, family).unwrap();
        let incoming = if parcel.esp {
            self.ends[end].handle_inbound(self.now, &mut packet)
        } else {
            self.ends[end].handle_datagram(self.now, parcel.path, &mut packet)
        };
        match incoming {
            Incoming::Delivered | Incoming::DeliveredFrom(_) => {
                self.delivered[end].push(packet.data().to_vec());
            }
            Incoming::Discarded(reason) => self.discarded.push(reason),
            Incoming::Consumed | _ => {}
        }
        incoming
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            for from in [LEFT, RIGHT] {
                while let Some(event) = self.ends[from].poll_event() {
                    self.events[from].push(event);
                }
                while let Some(transmit) = self.ends[from].poll_transmit() {
                    let contents = transmit.contents.to_vec();
                    let parcel = Parcel { path: transmit.path, esp: transmit.esp, contents };
                    self.seen.push(parcel.clone());
                    self.link.send(self.now, parcel);
                }
            }
            if let Some(parcel) = self.link.receive(self.now) {
                self.arrive(&parcel);
                continue;
            }
            let timers = self.ends.iter().filter_map(Gateway::poll_timeout);
            let Some(due) = timers.chain(self.link.poll_timeout()).min().filter(|due| *due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            self.ends.iter_mut().for_each(|end| end.handle_timeout(self.now));
        }
        self.now = end;
    }

    pub(crate) fn count(&self, end: usize, kind: &str) -> usize {
        self.events[end].iter().filter(|event| format!("{event:?}").starts_with(kind)).count()
    }
}

pub(crate) fn protect(policies: &mut [Policy]) -> &mut Protect {
    match &mut policies.last_mut().unwrap().action {
        PolicyAction::Protect(protect) => protect,
        PolicyAction::Bypass | PolicyAction::Discard => unreachable!("the last policy protects"),
    }
}

impl Pair {
    pub(crate) fn take(&mut self, from: usize) -> Vec<Parcel> {
        while let Some(event) = self.ends[from].poll_event() {
            self.events[from].push(event);
        }
        let mut parcels = Vec::new();
        while let Some(transmit) = self.ends[from].poll_transmit() {
            let Path { local, remote, carrier } = transmit.path;
            let path = Path { local: remote, remote: local, carrier };
            parcels.push(Parcel { path, esp: transmit.esp, contents: transmit.contents.to_vec() });
        }
        parcels
    }
    pub(crate) fn newest(&self, end: usize) -> ipsec::ike::ChildSaId {
        let established = |event: &Event| {
            if let Event::ChildSaEstablished { id, .. } = event { Some(*id) } else { None }
        };
        self.events[end].iter().rev().find_map(established).unwrap()
    }
    pub(crate) fn cross(&mut self, from: usize) {
        for parcel in self.take(from) {
            self.arrive(&parcel);
        }
        self.take_events();
    }
    pub(crate) fn take_events(&mut self) {
        for from in [LEFT, RIGHT] {
            while let Some(event) = self.ends[from].poll_event() {
                self.events[from].push(event);
            }
        }
    }
}
