//! The two gateways: what each is told.

use crate::record::Keys;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use ipsec::crypto_suite::{AeadId, KexId, PrfId, Protection, Secret, rustcrypto};
use ipsec::ike::{Config, IkeProposal};
use ipsec::sa_db::{
    AddressRange, Authentication, ChildProposal, Identity, InterfaceId, Pad, PadEntry, PeerId, Policy,
    PolicyAction, Protect, ProtocolSuite, Scope, Selector, SelectorPair, SelectorSet, Volume, VolumeLimits,
};
use ipsec::types::{Carrier, Path};
use ipsec::{Gateway, GatewayConfig};
use testkit::Seeded;

pub const LEFT: usize = 0;
pub const RIGHT: usize = 1;
pub const NAMES: [&str; 2] = ["left", "right"];

const PEER: PeerId = PeerId(1);
const ADDRESSES: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];
/// Packets after which the left end replaces a Child SA.
const SOFT_LIMIT: u64 = 12;

pub fn address(end: usize) -> SocketAddr {
    SocketAddr::new(ADDRESSES[end].into(), 500)
}

fn networks(end: usize) -> SelectorSet {
    let selector = |(network, length)| AddressRange::prefix(network, length).map(Selector::addresses);
    SelectorSet::new(networks_of(end).into_iter().flat_map(selector).collect())
}

pub const fn networks_of(end: usize) -> [(IpAddr, u8); 2] {
    let number = if end == LEFT { 1 } else { 2 };
    let v6 = number as u16;
    [
        (IpAddr::V4(Ipv4Addr::new(10, number, 0, 0)), 16),
        (IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, v6, 0, 0, 0, 0, 0)), 48),
    ]
}

/// Whether a packet from this address goes into the tunnel at this end.
pub fn is_behind(end: usize, address: IpAddr) -> bool {
    networks(end).as_slice().iter().any(|selector| selector.addresses.contains(address))
}

/// The interface of the tunnel, where routes lead into it.
pub const TUNNEL: InterfaceId = InterfaceId(1);

pub fn gateway(end: usize, seed: u64, route_based: bool, keys: &Keys) -> Result<Gateway, String> {
    let other = 1 - end;
    let mut pad = Pad::new();
    let key = Authentication::PreSharedKey(Secret::copy_from(b"a key that both ends hold"));
    let [local, remote] = [end, other].map(|end| Identity::fqdn(&format!("{}.example", NAMES[end])));
    pad.insert(PadEntry::new(PEER, local, remote, key)).map_err(|error| error.to_string())?;
    let protection = Protection::Aead(AeadId::Aes256Gcm16);
    // With perfect forward secrecy at each replacement.
    let proposal = ChildProposal {
        suite: ProtocolSuite::Esp(Protection::Aead(AeadId::Aes128Gcm16)),
        key_exchanges: vec![KexId::Curve25519],
        extended_sequence_numbers: false,
    };
    let mut protect = Protect::tunnel(PEER, vec![proposal]);
    if end == LEFT {
        let soft = Volume { octets: u64::MAX, packets: SOFT_LIMIT };
        protect.limits = VolumeLimits { soft, ..VolumeLimits::UNLIMITED };
    }
    let action = PolicyAction::Protect(protect);
    let policy = if route_based {
        let scope = Scope { interface: Some(TUNNEL), ..Scope::default() };
        Policy { scope, ..Policy::new(SelectorPair::any(), action) }
    } else {
        Policy::new(SelectorPair { local: networks(end), remote: networks(other) }, action)
    };
    let ike = Config {
        ike_proposals: vec![IkeProposal {
            protection,
            prfs: vec![PrfId::HmacSha2_256],
            key_exchanges: vec![KexId::Curve25519],
        }],
        // Both ends make the same keys: one of them writes them down.
        key_log: (end == LEFT).then(|| Box::new(keys.clone()) as Box<dyn ipsec::ike::KeyLog>),
        ..Config::new(pad)
    };
    let path = Path { local: address(end), remote: address(other), carrier: Carrier::Udp };
    let peers = if end == LEFT { vec![(PEER, path)] } else { Vec::new() };
    let config = GatewayConfig { acquire_queue: 64, ..GatewayConfig::new(ike, vec![policy], peers) };
    let random = |salt: u64| Box::new(Seeded(seed.wrapping_mul(0x1_0001).wrapping_add(salt)));
    let salt = 2 * u64::try_from(end).unwrap_or_default();
    Gateway::new(config, rustcrypto::provider(), random(salt), random(salt + 1))
        .map_err(|error| error.to_string())
}
