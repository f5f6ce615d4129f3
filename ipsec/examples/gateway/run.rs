//! The loop: inputs into the gateway, what it has to say and to send out of it.

use crate::config::Config;
use crate::device::{Devices, Input};
use crate::keylog::Tables;
use core::net::SocketAddr;
use core::time::Duration;
use ipsec::crypto_suite::{FromRandCore, SecureRandom, rustcrypto};
use ipsec::ike::{AnySaId, DatagramError, IkeSaId};
use ipsec::ip_packet::{IpHeader, OuterHeader, Packet, too_big_reply, traffic_class};
use ipsec::sa_db::{PeerId, PolicyId};
use ipsec::types::{Carrier, Instant, IpProtocol, Path};
use ipsec::{Arrival, DiscardReason, Event, Gateway, GatewayConfig, Incoming, Outgoing};
use std::sync::mpsc::RecvTimeoutError;

/// Room for ESP in front of a packet and behind it.
const HEADROOM: usize = 64;
const TAILROOM: usize = 320;

/// How long the peers have to answer our Deletes when we stop.
const FAREWELL: Duration = Duration::from_secs(3);

struct Running {
    gateway: Gateway,
    devices: Devices,
    epoch: std::time::Instant,
    ike: Vec<IkeSaId>,
}

pub fn run(config: &Config, keylog: Option<&std::path::Path>) -> Result<(), String> {
    let (mut ike, policies) = config.ike()?;
    if let Some(folder) = keylog {
        ike.key_log = Some(Box::new(Tables::create(folder)?));
    }
    let peers: Vec<_> = config
        .peer
        .iter()
        .zip((1..).map(PeerId))
        .filter_map(|(peer, id)| {
            let end = |address| SocketAddr::new(address, 500);
            let (local, remote) = (end(config.address), end(peer.address?));
            Some((id, Path { local, remote, carrier: Carrier::Udp }))
        })
        .collect();
    let starting: Vec<_> = config.peer.iter().zip((1..).map(PeerId)).filter(|(peer, _)| peer.start).collect();
    let random = || -> Box<dyn SecureRandom> { Box::new(FromRandCore(getrandom::SysRng)) };
    let settings = GatewayConfig::new(ike, policies, peers);
    let gateway = Gateway::new(settings, rustcrypto::provider(), random(), random());
    let gateway = gateway.map_err(|error| error.to_string())?;
    let devices = Devices::open(config.address, &config.tun)?;
    let epoch = std::time::Instant::now();
    let mut running = Running { gateway, devices, epoch, ike: Vec::new() };
    running.say(&format!("ready at {}, TUN device {}", config.address, config.tun));
    for (_, id) in starting {
        let policies: Vec<_> = running.gateway.policies_of(id).collect();
        for policy in policies {
            running.start(policy);
        }
    }
    running.work()
}

impl Running {
    fn now(&self) -> Instant {
        Instant::from_epoch(self.epoch.elapsed())
    }

    fn say(&self, text: &str) {
        println!("{:>9.3} {text}", self.now().elapsed().as_secs_f64());
    }

    fn start(&mut self, policy: PolicyId) {
        if let Err(error) = self.gateway.start(self.now(), policy) {
            self.say(&format!("cannot start: {error}"));
        }
    }

    fn work(&mut self) -> Result<(), String> {
        let mut until = None;
        loop {
            self.settle();
            let now = self.now();
            if until.is_some_and(|until| now >= until || self.gateway.is_empty()) {
                self.say("stopped");
                return Ok(());
            }
            let due = [self.gateway.poll_timeout(), until].into_iter().flatten().min();
            let wait = due.map_or(Duration::from_secs(60), |due| due.saturating_since(now));
            match self.devices.inputs.recv_timeout(wait) {
                Ok(Input::Datagram(path, class, contents)) => self.datagram(path, class, contents),
                Ok(Input::Packet(packet)) => self.packet(&packet),
                Ok(Input::Stop) if until.is_some() => return Ok(()),
                Ok(Input::Stop) => {
                    until = Some(now + FAREWELL);
                    self.say("stopping");
                    for id in core::mem::take(&mut self.ike) {
                        let _ = self.gateway.delete(now, AnySaId::Ike(id));
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.gateway.handle_timeout(self.now()),
                Err(RecvTimeoutError::Disconnected) => return Err("the devices are gone".to_owned()),
            }
        }
    }

    /// Tells the sender of a packet the longest one that goes through the tunnel, in the name of whom it was for: the tunnel
    /// has no address of its own.
    fn reply_too_big(&mut self, octets: &[u8], mtu: usize) {
        let mut reply = [0; 1280];
        let source = IpHeader::parse(octets).map(|header| header.destination());
        let length = source.ok().and_then(|source| too_big_reply(octets, source, mtu, &mut reply));
        if let Some(reply) = length.and_then(|length| reply.get(..length)) {
            self.devices.deliver(reply);
        }
    }

    /// An IP packet from behind us.
    fn packet(&mut self, octets: &[u8]) {
        let mut buf = [&[0; HEADROOM][..], octets, &[0; TAILROOM]].concat();
        let six = octets.first().is_some_and(|octet| octet >> 4 == 6);
        let family = if six { IpProtocol::IPV6 } else { IpProtocol::IPV4 };
        let range = HEADROOM..HEADROOM + octets.len();
        let Ok(mut packet) = Packet::new(&mut buf, range, family) else { return };
        match self.gateway.handle_outbound(self.now(), &mut packet) {
            Outgoing::Protected(path) => {
                // The outer header of the policy stands beside the packet.
                let class = traffic_class(packet.header()).unwrap_or_default();
                self.devices.send(path, class, packet.data());
            }
            Outgoing::TooBig { mtu } => self.reply_too_big(octets, mtu),
            Outgoing::Discarded(reason @ (DiscardReason::Policy | DiscardReason::QueueFull)) => {
                self.say(&format!("a packet goes nowhere: {reason}"));
            }
            Outgoing::Discarded(reason) => self.say(&format!("a packet is not sent: {reason}")),
            _ => {}
        }
    }

    fn datagram(&mut self, path: Path, traffic_class: Option<u8>, mut contents: Vec<u8>) {
        let range = 0..contents.len();
        let Ok(mut packet) = Packet::new(&mut contents, range, IpProtocol::UDP) else { return };
        let arrival = Arrival { traffic_class };
        match self.gateway.handle_datagram_with(self.now(), path, arrival, &mut packet) {
            Incoming::Delivered => self.devices.deliver(packet.data()),
            Incoming::Discarded(DiscardReason::Ike(DatagramError::NoProposalChosen)) => {
                let mismatch = self.gateway.last_mismatch().map(ToString::to_string).unwrap_or_default();
                self.say(&format!("refused an IKE SA from {}: {mismatch}", path.remote));
            }
            Incoming::Discarded(reason) => self.say(&format!("a datagram from {}: {reason}", path.remote)),
            _ => {}
        }
    }

    /// Events first, then datagrams.
    fn settle(&mut self) {
        while let Some(event) = self.gateway.poll_event() {
            match &event {
                Event::IkeSaEstablished { id, .. } => self.ike.push(*id),
                Event::IkeSaClosed { id, .. } => self.ike.retain(|own| own != id),
                _ => {}
            }
            self.say(&describe(&event));
        }
        while let Some(transmit) = self.gateway.poll_transmit() {
            let class = match transmit.outer {
                Some(OuterHeader::V4(outer)) => outer.traffic_class,
                Some(OuterHeader::V6(outer)) => outer.traffic_class,
                None => 0,
            };
            self.devices.send(transmit.path, class, transmit.contents);
        }
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::IkeSaEstablished { identity, .. } => format!("IKE SA with {identity}"),
        Event::IkeSaClosed { reason, .. } => format!("IKE SA closed: {reason}"),
        Event::ChildSaEstablished { selectors, inbound, outbound, replaces, path, .. } => {
            let list = |set: &ipsec::sa_db::SelectorSet| {
                set.as_slice().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            };
            let verb = if replaces.is_some() { "rekeyed" } else { "established" };
            let (local, remote) = (list(&selectors.local), list(&selectors.remote));
            format!(
                "Child SA {verb}: {local} = {remote}, SPIs {inbound} in, {outbound} out, by {}",
                path.remote
            )
        }
        Event::OutboundMoved { .. } => "sending on the new Child SA".to_owned(),
        Event::RekeyFailed { reason, .. } => format!("rekeying failed: {reason}"),
        Event::ChildSaClosed { reason, .. } => format!("Child SA closed: {reason}"),
        Event::AcquireFailed { reason, .. } => format!("no Child SA: {reason}"),
        Event::ChildSaRefused { reason, .. } => format!("refused a Child SA: {reason}"),
        Event::PathChanged { path, .. } => format!("the peer is at {} now", path.remote),
        other => format!("{other:?}"),
    }
}
