//! Sockets and the TUN device: what comes in, as one stream of inputs.

use crate::socket::Socket;
use core::net::{IpAddr, SocketAddr};
use ipsec::types::{Carrier, Path};
use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// What comes in.
pub enum Input {
    /// A UDP datagram, and the traffic class of its IP header where the system tells it.
    Datagram(Path, Option<u8>, Vec<u8>),
    /// An IP packet from a host behind us.
    Packet(Vec<u8>),
    /// Somebody wants us to stop.
    Stop,
}

/// What goes out.
pub struct Devices {
    sockets: Vec<(SocketAddr, Socket)>,
    tun: tun::Writer,
    pub inputs: Receiver<Input>,
}

const PORTS: [(u16, Carrier); 2] = [(500, Carrier::Udp), (4500, Carrier::UdpEncapsulated)];

/// As long as a UDP datagram gets.
const LONGEST: usize = 65_535;

impl Devices {
    pub fn open(address: IpAddr, name: &str) -> Result<Self, String> {
        let (sender, inputs) = channel();
        let mut sockets = Vec::new();
        for (port, carrier) in PORTS {
            let local = SocketAddr::new(address, port);
            let within = |error: std::io::Error| format!("UDP {local}: {error}");
            let socket = Socket::bind(local).map_err(within)?;
            let receiver = socket.try_clone().map_err(within)?;
            let sender = sender.clone();
            thread::spawn(move || receive(&receiver, local, carrier, &sender));
            sockets.push((local, socket));
        }
        let mut configuration = tun::Configuration::default();
        configuration.tun_name(name).mtu(1400).up();
        let device = tun::create(&configuration).map_err(|error| format!("TUN device {name}: {error}"))?;
        let (mut reader, tun) = device.split();
        let from_tun = sender.clone();
        thread::spawn(move || {
            let mut buf = [0; LONGEST];
            while let Ok(length) = reader.read(&mut buf) {
                if from_tun.send(Input::Packet(buf[..length].to_vec())).is_err() {
                    return;
                }
            }
        });
        let signals = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];
        let mut signals = signal_hook::iterator::Signals::new(signals).map_err(|error| error.to_string())?;
        thread::spawn(move || {
            for _ in signals.forever() {
                if sender.send(Input::Stop).is_err() {
                    return;
                }
            }
        });
        Ok(Self { sockets, tun, inputs })
    }

    /// Sends a UDP datagram from the socket of its path, with a traffic class. One that cannot be sent is lost, as any may be.
    pub fn send(&self, path: Path, class: u8, contents: &[u8]) {
        if let Some((_, socket)) = self.sockets.iter().find(|(local, _)| *local == path.local) {
            let _ = socket.send(contents, path.remote, class);
        }
    }

    /// Hands an IP packet to the hosts behind us.
    pub fn deliver(&mut self, packet: &[u8]) {
        let _ = self.tun.write_all(packet);
    }
}

fn receive(socket: &Socket, local: SocketAddr, carrier: Carrier, sender: &Sender<Input>) {
    let mut buf = [0; LONGEST];
    loop {
        // An error here is about a datagram sent before (ICMP): it says nothing that is authentic.
        let Ok((length, remote, class)) = socket.receive(&mut buf) else { continue };
        let path = Path { local, remote, carrier };
        if sender.send(Input::Datagram(path, class, buf[..length].to_vec())).is_err() {
            return;
        }
    }
}
