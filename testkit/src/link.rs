use crate::Seeded;
use core::net::SocketAddr;
use core::time::Duration;
use ipsec_types::{Instant, Path};
use std::collections::BTreeMap;

/// What a [`Link`] does to what crosses it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions {
    /// How many of a hundred parcels are lost.
    pub loss: u8,
    /// How many of a hundred come twice.
    pub duplication: u8,
    /// How many of a hundred have one bit changed.
    pub corruption: u8,
    /// How long each is under way at least.
    pub delay: Duration,
    /// How much longer at most: what is under way longer than what is sent after it comes later.
    pub jitter: Duration,
}

/// What crosses a link: a UDP payload, or an ESP packet of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The way, as the end that holds the parcel sees it.
    pub path: Path,
    /// Whether it is an ESP packet directly on IP.
    pub esp: bool,
    /// The payload, or the packet.
    pub contents: Vec<u8>,
}

/// A link with virtual time between any number of ends, all of whose accidents follow from its seed.
///
/// A NAT may stand in front of one address: what that sends comes from another address and port, and what is sent there
/// arrives.
#[derive(Debug)]
pub struct Link {
    /// What it does to what crosses it, from now on.
    pub conditions: Conditions,
    random: Seeded,
    under_way: BTreeMap<(Instant, u64), Parcel>,
    sent: u64,
    nat: Option<Nat>,
}

#[derive(Debug)]
struct Nat {
    inside: core::net::IpAddr,
    outside: core::net::IpAddr,
    /// Inner port and outer port of each binding.
    bindings: Vec<(u16, u16)>,
    next: u16,
}

impl Link {
    /// A link of this seed.
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        Self { conditions, random: Seeded(seed), under_way: BTreeMap::new(), sent: 0, nat: None }
    }

    /// Puts a NAT in front of an address.
    pub fn put_nat(&mut self, inside: core::net::IpAddr, outside: core::net::IpAddr) {
        self.nat = Some(Nat { inside, outside, bindings: Vec::new(), next: 40_000 });
    }

    /// Has the NAT forget its bindings: what comes from inside next gets a new port, what is sent to an old one is lost.
    pub fn rebind_nat(&mut self) {
        if let Some(nat) = &mut self.nat {
            nat.bindings.clear();
        }
    }

    /// Sends a parcel on its way, lost or not.
    pub fn send(&mut self, now: Instant, mut parcel: Parcel) {
        let Path { local, remote, carrier } = parcel.path;
        let Some((from, to)) = self.translate(local, remote) else { return };
        parcel.path = Path { local: to, remote: from, carrier };
        let Conditions { loss, duplication, corruption, delay, jitter } = self.conditions;
        let copies = if self.random.percent(loss) {
            0
        } else if self.random.percent(duplication) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let mut copy = parcel.clone();
            if self.random.percent(corruption) && !copy.contents.is_empty() {
                let bit = self.random.below(8 * copy.contents.len() as u64);
                copy.contents[(bit / 8) as usize] ^= 1 << (bit % 8);
            }
            let more = if jitter.is_zero() { 0 } else { self.random.below(jitter.as_nanos() as u64) };
            self.sent += 1;
            self.under_way.insert((now + delay + Duration::from_nanos(more), self.sent), copy);
        }
    }

    /// The next parcel that has arrived, as its receiver sees it.
    pub fn receive(&mut self, now: Instant) -> Option<Parcel> {
        let (key, _) = self.under_way.first_key_value().filter(|((due, _), _)| *due <= now)?;
        let key = *key;
        self.under_way.remove(&key)
    }

    /// When the next parcel arrives.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((due, _), _)| *due)
    }

    fn translate(&mut self, from: SocketAddr, to: SocketAddr) -> Option<(SocketAddr, SocketAddr)> {
        let Some(nat) = &mut self.nat else { return Some((from, to)) };
        if from.ip() == nat.inside {
            let port = match nat.bindings.iter().find(|(inner, _)| *inner == from.port()) {
                Some((_, outer)) => *outer,
                None => {
                    nat.next += 1;
                    nat.bindings.push((from.port(), nat.next));
                    nat.next
                }
            };
            return Some((SocketAddr::new(nat.outside, port), to));
        }
        if to.ip() == nat.outside {
            let (inner, _) = nat.bindings.iter().find(|(_, outer)| *outer == to.port())?;
            return Some((from, SocketAddr::new(nat.inside, *inner)));
        }
        Some((from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipsec_types::Carrier;

    fn parcel(number: u8) -> Parcel {
        let path = Path {
            local: "192.0.2.1:500".parse().unwrap(),
            remote: "192.0.2.2:500".parse().unwrap(),
            carrier: Carrier::Udp,
        };
        Parcel { path, esp: false, contents: vec![number] }
    }

    fn crossing(seed: u64, conditions: Conditions) -> Vec<u8> {
        let mut link = Link::new(seed, conditions);
        for number in 0..200 {
            link.send(Instant::EPOCH, parcel(number));
        }
        let mut arrived = Vec::new();
        while let Some(now) = link.poll_timeout() {
            arrived.extend(link.receive(now).map(|parcel| parcel.contents[0]));
        }
        arrived
    }

    #[test]
    fn the_same_seed_brings_the_same_accidents() {
        let conditions = Conditions {
            loss: 20,
            duplication: 10,
            corruption: 10,
            delay: Duration::from_millis(5),
            jitter: Duration::from_millis(50),
        };
        assert_eq!(crossing(7, conditions), crossing(7, conditions));
        assert_ne!(crossing(7, conditions), crossing(8, conditions));
        assert_eq!(crossing(1, Conditions::default()), (0..200).collect::<Vec<_>>());
        assert!(crossing(1, Conditions { loss: 100, ..Conditions::default() }).is_empty());
        let doubled = crossing(1, Conditions { duplication: 100, ..Conditions::default() });
        assert_eq!(doubled.len(), 400);
        let lossy = crossing(1, Conditions { loss: 20, ..Conditions::default() });
        assert!((130..190).contains(&lossy.len()), "{}", lossy.len());
    }

    #[test]
    fn a_nat_translates_and_forgets() {
        let mut link = Link::new(1, Conditions::default());
        link.put_nat("192.0.2.1".parse().unwrap(), "198.51.100.1".parse().unwrap());
        let cross = |link: &mut Link, parcel: Parcel| {
            link.send(Instant::EPOCH, parcel);
            link.receive(Instant::EPOCH)
        };
        let first = cross(&mut link, parcel(1)).unwrap();
        assert_eq!(first.path.remote, "198.51.100.1:40001".parse().unwrap());
        let back = cross(&mut link, first.clone()).unwrap();
        assert_eq!(back.path, parcel(1).path);
        link.rebind_nat();
        assert_eq!(cross(&mut link, first), None);
        assert_eq!(cross(&mut link, parcel(1)).unwrap().path.remote.port(), 40_002);
    }
}
