//! One run: packets in at both ends, datagrams over the link, packets out.

use crate::Arguments;
use crate::gateways::{LEFT, NAMES, RIGHT, TUNNEL, address, gateway, is_behind, networks_of};
use crate::record::{Capture, Keys};
use crate::routes::{Routes, announced, announcement};
use core::time::Duration;
use ipsec::ike::{AnySaId, IkeSaId};
use ipsec::ikev2_wire::Message;
use ipsec::ip_packet::{IpHeader, OuterHeader, Packet};
use ipsec::types::{Carrier, Instant, IpProtocol};
use ipsec::{Event, Gateway, Incoming, Outgoing, Via};
use pcap_file::pcap::PcapReader;
use std::path::PathBuf;
use testkit::{Conditions, Link, Parcel};

pub struct Tunnel {
    gateways: [Gateway; 2],
    link: Link,
    now: Instant,
    capture: Capture,
    keys: Keys,
    out: PathBuf,
    /// The packets still to be sent, the next one last.
    packets: Vec<Vec<u8>>,
    /// Packets that were sent at each end and did not come out at the other.
    under_way: [Vec<Vec<u8>>; 2],
    /// Whether the left end has a tunnel.
    up: bool,
    /// The IKE SAs of each end.
    ike: [Vec<IkeSaId>; 2],
    /// What each end has heard of; `None` where the policies name the networks.
    routes: Option<[Routes; 2]>,
    /// When each end announces its networks again; `None` before it did.
    announce_at: [Option<Instant>; 2],
    outcome: Outcome,
}

#[derive(Default)]
pub struct Outcome {
    pub sent: usize,
    pub identical: usize,
    pub different: usize,
    pub rekeys: usize,
    /// Child SAs that replaced none.
    pub pairs: usize,
    /// Routes learned at both ends.
    pub routes: usize,
    pub consistent: bool,
}

/// Room for ESP in front of a packet and behind it.
const HEADROOM: usize = 64;
const TAILROOM: usize = 320;

/// Between two packets.
const PACE: Duration = Duration::from_millis(50);

/// Until the second network of each end is announced, and between announcements from then on (RFC 2453 §3.8).
const SECOND_NETWORK: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_secs(30);

/// Longer than IKE repeats a request: what is not over by then never is.
const LONG: Duration = Duration::from_secs(1200);

impl Tunnel {
    pub fn new(arguments: &Arguments) -> Result<Self, String> {
        let keys = Keys::default();
        let mut packets = read_packets(&arguments.packets)
            .map_err(|error| format!("{}: {error}", arguments.packets.display()))?;
        packets.reverse();
        let conditions = Conditions {
            loss: arguments.loss,
            delay: Duration::from_millis(10),
            jitter: Duration::from_millis(2),
            ..Conditions::default()
        };
        Ok(Self {
            gateways: [
                gateway(LEFT, arguments.seed, arguments.route_based, &keys)?,
                gateway(RIGHT, arguments.seed, arguments.route_based, &keys)?,
            ],
            link: Link::new(arguments.seed, conditions),
            now: Instant::EPOCH,
            capture: Capture::new(),
            keys,
            out: arguments.out.clone(),
            packets,
            under_way: [Vec::new(), Vec::new()],
            up: false,
            ike: [Vec::new(), Vec::new()],
            routes: arguments.route_based.then(<[Routes; 2]>::default),
            announce_at: [None; 2],
            outcome: Outcome::default(),
        })
    }

    pub fn run(mut self) -> Result<Outcome, String> {
        println!(
            "Two gateways, 192.0.2.1 and 192.0.2.2, and a link between them. Times are of the run itself.\n"
        );
        while !self.packets.is_empty() && self.now.elapsed() < LONG {
            self.announce()?;
            self.send_packet()?;
            self.pass(PACE)?;
        }
        // What is under way comes to its end: a lost request is repeated.
        self.pass(Duration::from_secs(60))?;
        if let Some(id) = self.ike[LEFT].first().copied() {
            self.say(LEFT, "deletes the IKE SA");
            self.gateways[LEFT].delete(self.now, AnySaId::Ike(id)).map_err(|error| error.to_string())?;
        }
        self.pass(LONG)?;
        self.outcome.consistent = self.gateways.iter().all(Gateway::is_empty);
        self.capture.save(&self.out, &self.keys)?;
        Ok(self.outcome)
    }

    /// Sends the next packet in at its end. The hosts on the right answer those on the left: before the left end has a
    /// tunnel they have nothing to say.
    fn send_packet(&mut self) -> Result<(), String> {
        let Some(packet) = self.packets.last() else { return Ok(()) };
        let header = IpHeader::parse(packet).map_err(|error| format!("the packets: {error}"))?;
        let (source, destination) = (header.source(), header.destination());
        let end = if is_behind(LEFT, source) { LEFT } else { RIGHT };
        if end == RIGHT && !self.up {
            return Ok(());
        }
        // It waits until there is a route to where it goes.
        if self.routes.as_ref().is_some_and(|routes| !routes[end].has(destination)) {
            return Ok(());
        }
        let packet = self.packets.pop().unwrap_or_default();
        self.outcome.sent += 1;
        self.under_way[end].push(packet.clone());
        self.send(end, &packet)
    }

    /// Sends an IP packet in at one end.
    fn send(&mut self, end: usize, packet: &[u8]) -> Result<(), String> {
        let v4 = packet.first().is_some_and(|octet| octet >> 4 == 4);
        let mut buf = [&[0; HEADROOM][..], packet, &[0; TAILROOM]].concat();
        let family = if v4 { IpProtocol::IPV4 } else { IpProtocol::IPV6 };
        let range = HEADROOM..HEADROOM + packet.len();
        let mut packet = Packet::new(&mut buf, range, family).map_err(|error| error.to_string())?;
        let via = Via { interface: self.routes.is_some().then_some(TUNNEL), ..Via::default() };
        match self.gateways[end].handle_outbound_via(self.now, via, &mut packet) {
            Outgoing::Protected(path) => {
                // There is no NAT: ESP goes on IP, behind the header that the policy asks for.
                packet.attach_header().map_err(|error| error.to_string())?;
                let contents = packet.data().to_vec();
                self.transmit(Parcel { path, esp: path.carrier == Carrier::Udp, contents })?;
            }
            Outgoing::Queued => {}
            // The host would be told, and send it again in parts.
            Outgoing::TooBig { mtu } => self.say(end, &format!("has a packet longer than {mtu} octets")),
            other => return Err(format!("a packet was not taken: {other:?}")),
        }
        Ok(())
    }

    /// Where routes are learned, tells the other end over the tunnel which networks are behind this one: the IPv4 network
    /// at first, the IPv6 network a little later, both again from time to time.
    fn announce(&mut self) -> Result<(), String> {
        for end in [LEFT, RIGHT] {
            let waits = self.announce_at[end].is_some_and(|at| self.now < at) || (end == RIGHT && !self.up);
            if self.routes.is_none() || waits {
                continue;
            }
            let first = self.announce_at[end].is_none();
            self.announce_at[end] = Some(self.now + if first { SECOND_NETWORK } else { AGAIN });
            let [v4, v6] = networks_of(end);
            for network in [Some(v4), (!first).then_some(v6)].into_iter().flatten() {
                self.send(end, &announcement(end, network)?)?;
            }
        }
        Ok(())
    }

    /// Lets time pass, and does what becomes due.
    fn pass(&mut self, time: Duration) -> Result<(), String> {
        let end = self.now + time;
        loop {
            self.settle()?;
            let timers = self.gateways.iter().filter_map(Gateway::poll_timeout);
            let due = timers.chain(self.link.poll_timeout()).min().filter(|due| *due <= end);
            let Some(due) = due else { break };
            self.now = self.now.max(due);
            for gateway in &mut self.gateways {
                gateway.handle_timeout(self.now);
            }
        }
        self.now = end;
        Ok(())
    }

    /// Takes what the gateways have to say and to send, and gives them what arrived.
    fn settle(&mut self) -> Result<(), String> {
        loop {
            for end in [LEFT, RIGHT] {
                while let Some(event) = self.gateways[end].poll_event() {
                    self.note(end, &event);
                }
                while let Some(transmit) = self.gateways[end].poll_transmit() {
                    let contents = match &transmit.outer {
                        Some(outer) => behind(outer, transmit.contents)?,
                        None => transmit.contents.to_vec(),
                    };
                    let parcel = Parcel { path: transmit.path, esp: transmit.esp, contents };
                    self.transmit(parcel)?;
                }
            }
            let Some(parcel) = self.link.receive(self.now) else { return Ok(()) };
            self.arrive(parcel)?;
        }
    }

    fn transmit(&mut self, parcel: Parcel) -> Result<(), String> {
        self.capture.add(self.now, &parcel)?;
        if !parcel.esp
            && let Ok(message) = Message::parse(&parcel.contents)
        {
            let from = if parcel.path.local == address(LEFT) { LEFT } else { RIGHT };
            let header = message.header();
            let kind = if header.flags.is_response() { "response" } else { "request" };
            let (exchange, id, payloads) = (header.exchange, header.message_id, message.payloads());
            self.say(from, &format!("> {exchange} {kind} {id}: {payloads}"));
        }
        self.link.send(self.now, parcel);
        Ok(())
    }

    fn arrive(&mut self, parcel: Parcel) -> Result<(), String> {
        let Parcel { path, esp, mut contents } = parcel;
        let end = if path.local == address(LEFT) { LEFT } else { RIGHT };
        let family = if esp { IpProtocol::IPV4 } else { IpProtocol::UDP };
        let range = 0..contents.len();
        let mut packet = Packet::new(&mut contents, range, family).map_err(|error| error.to_string())?;
        let incoming = if esp {
            self.gateways[end].handle_inbound(self.now, &mut packet)
        } else {
            self.gateways[end].handle_datagram(self.now, path, &mut packet)
        };
        match incoming {
            Incoming::Delivered | Incoming::DeliveredFrom(_) => self.deliver(end, packet.data()),
            Incoming::Consumed => {}
            Incoming::Discarded(reason) => self.say(end, &format!("discards a datagram: {reason}")),
            other => self.say(end, &format!("{other:?}")),
        }
        Ok(())
    }

    /// A packet came out: an announcement, or one that went in at the other end.
    fn deliver(&mut self, end: usize, packet: &[u8]) {
        if let Some((routes, networks)) = self.routes.as_mut().zip(announced(packet)) {
            for network in routes[end].learn(&networks) {
                self.outcome.routes += 1;
                self.say(end, &format!("learns a route to {network} over the tunnel"));
            }
            return;
        }
        let under_way = &mut self.under_way[1 - end];
        match under_way.iter().position(|sent| sent == packet) {
            Some(at) => {
                under_way.remove(at);
                self.outcome.identical += 1;
            }
            None => self.outcome.different += 1,
        }
    }

    fn note(&mut self, end: usize, event: &Event) {
        let text = match event {
            Event::IkeSaEstablished { id, identity, .. } => {
                self.ike[end].push(*id);
                format!("has an IKE SA with {identity}")
            }
            Event::ChildSaEstablished { inbound, outbound, replaces, selectors, .. } => {
                self.up |= end == LEFT;
                self.outcome.rekeys += usize::from(replaces.is_some() && end == LEFT);
                self.outcome.pairs += usize::from(replaces.is_none() && end == LEFT);
                let verb = if replaces.is_some() { "replaces its Child SA with" } else { "has a Child SA:" };
                let list = |set: &ipsec::sa_db::SelectorSet| {
                    set.as_slice().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                };
                let (local, remote) = (list(&selectors.local), list(&selectors.remote));
                format!("{verb} SPIs {inbound} in, {outbound} out, for {local} = {remote}")
            }
            Event::OutboundMoved { .. } => "sends on the new Child SA".to_owned(),
            Event::ChildSaClosed { reason, .. } => format!("loses a Child SA: {reason}"),
            Event::IkeSaClosed { reason, .. } => {
                format!("loses the IKE SA: {reason}")
            }
            other => format!("{other:?}"),
        };
        self.say(end, &text);
    }

    fn say(&self, end: usize, text: &str) {
        println!("{:>9.3} s  {:<5} {text}", self.now.elapsed().as_secs_f64(), NAMES[end]);
    }
}

/// The packets of a pcap file of raw IP.
fn read_packets(path: &std::path::Path) -> Result<Vec<Vec<u8>>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut reader = PcapReader::new(file).map_err(|error| error.to_string())?;
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet() {
        packets.push(packet.map_err(|error| error.to_string())?.data.into_owned());
    }
    Ok(packets)
}

/// An ESP packet behind its outer header.
fn behind(outer: &OuterHeader, esp: &[u8]) -> Result<Vec<u8>, String> {
    let mut buf = [&[0; HEADROOM][..], esp].concat();
    let range = HEADROOM..buf.len();
    let mut packet = Packet::new(&mut buf, range, IpProtocol::ESP).map_err(|error| error.to_string())?;
    packet.put_header(outer).map_err(|error| error.to_string())?;
    packet.attach_header().map_err(|error| error.to_string())?;
    Ok(packet.data().to_vec())
}
