//! The bodies of the fuzz targets: each takes any octets, and panics where something that must hold does not.

use ipsec::crypto_suite::{AeadId, CipherId, MacId, Protection, ProtectionKey, Secret, rustcrypto};
use ipsec::esp::InboundSa;
use ipsec::ike::v2::{self, DirectionKeys, MessageError, MessageKeys, Plaintext};
use ipsec::ikev2_wire::Header;
use ipsec::ip_packet::{IpHeader, Packet};
use ipsec::sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec::types::{IpProtocol, Spi};

mod datapath;
mod endpoint;
mod v1;
mod wire_v2;

pub use datapath::{ah_verify, demux, esp_replay_model, ip_headers};
pub use endpoint::v2_endpoint;
pub use v1::{v1_fragments, v1_message, v1_payloads, v1_roundtrip};
pub use wire_v2::{v2_fragments, v2_message, v2_payloads, v2_roundtrip};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 15] = [
    ("v2_message", v2_message),
    ("v2_roundtrip", v2_roundtrip),
    ("v2_payloads", v2_payloads),
    ("v2_fragments", v2_fragments),
    ("sk_open", sk_open),
    ("esp_open", esp_open),
    ("v2_endpoint", v2_endpoint),
    ("v1_message", v1_message),
    ("v1_payloads", v1_payloads),
    ("v1_roundtrip", v1_roundtrip),
    ("v1_fragments", v1_fragments),
    ("ip_headers", ip_headers),
    ("ah_verify", ah_verify),
    ("demux", demux),
    ("esp_replay_model", esp_replay_model),
];

const PROTECTIONS: [Protection; 3] = [
    Protection::Aead(AeadId::Aes128Gcm16),
    Protection::Composed { cipher: CipherId::Aes128Cbc, mac: MacId::HmacSha2_256_128 },
    Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha1_96 },
];

fn keys(protection: Protection) -> (Secret, Option<Secret>) {
    let encryption = Secret::new(vec![0x11; protection.encryption_key_len()]);
    let integrity = (!protection.is_aead()).then(|| Secret::new(vec![0x22; protection.integrity_key_len()]));
    (encryption, integrity)
}

fn sealing_key(protection: Protection) -> ProtectionKey {
    let (encryption, integrity) = keys(protection);
    ProtectionKey::new(&rustcrypto::provider(), protection, &encryption, integrity.as_ref())
        .expect("fitting keys")
}

/// Opening an IKE message: as it comes, and as an authentic one with hostile plaintext.
///
/// The first octet picks the algorithms and, by its top bit, which of the two; the second is the first payload's type.
pub fn sk_open(input: &[u8]) {
    let Some(([choice, first], rest)) = input.split_first_chunk() else { return };
    let protection = PROTECTIONS[usize::from(choice & 1)];
    let direction = || {
        let (sk_e, sk_a) = keys(protection);
        DirectionKeys { sk_e, sk_a }
    };
    let keys = MessageKeys::new(&rustcrypto::provider(), protection, direction(), direction())
        .expect("fitting keys");
    if choice & 0x80 == 0 {
        let mut datagram = rest.to_vec();
        let _ = v2::open(&keys, &mut datagram);
        return;
    }
    let Some(mut datagram) = authentic_message(protection, *first, rest) else { return };
    match v2::open(&keys, &mut datagram) {
        Ok(Plaintext::Message(chain)) => wire_v2::walk(chain),
        Err(MessageError::Inner(error)) => assert!(error.offset() <= input.len() + 64, "{error}"),
        other => panic!("authentic, but {other:?}"),
    }
}

/// An IKE message with this plaintext, padding and Pad Length included.
fn authentic_message(protection: Protection, first: u8, plaintext: &[u8]) -> Option<Vec<u8>> {
    if plaintext.is_empty() || !plaintext.len().is_multiple_of(protection.block_len()) {
        return None;
    }
    let body = u16::try_from(4 + protection.iv_len() + plaintext.len() + protection.icv_len()).ok()?;
    let mut datagram = vec![1; 16];
    datagram.extend([46, 0x20, 37, 0x08, 0, 0, 0, 1]);
    datagram.extend((u32::from(body) + 28).to_be_bytes());
    datagram.extend([first, 0]);
    datagram.extend(body.to_be_bytes());
    assert_eq!(datagram.len(), Header::LEN + 4);
    let (iv, mut data, mut icv) =
        (vec![3; protection.iv_len()], plaintext.to_vec(), vec![0; protection.icv_len()]);
    sealing_key(protection).seal(&datagram, &iv, &mut data, &[], &mut icv).expect("fitting lengths");
    Some([datagram, iv, data, icv].concat())
}

/// Opening an ESP packet: as it comes, and as an authentic one with hostile plaintext.
///
/// The first octet picks algorithms, mode and extended sequence numbers and, by its top bit, which of the two.
pub fn esp_open(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    let protection = PROTECTIONS[usize::from(choice & 3) % PROTECTIONS.len()];
    let mode = if choice & 4 == 0 { Mode::Tunnel } else { Mode::Transport };
    let extended = choice & 8 != 0;
    let (encryption, integrity) = keys(protection);
    let spi = Spi::new(0x0102_0304).expect("not reserved");
    let params = SaParams { extended_sequence_numbers: extended, ..SaParams::new(protection, mode) };
    let encryption = Some(encryption).filter(|key| !key.is_empty());
    let material = SaMaterial { spi, params, encryption, integrity };
    let mut sa =
        InboundSa::new(&rustcrypto::provider(), material, SelectorPair::any().into()).expect("fitting keys");
    let authentic = choice & 0x80 != 0;
    let mut octets =
        if authentic { authentic_packet(protection, extended, rest) } else { Some(rest.to_vec()) };
    let Some(octets) = octets.as_mut() else { return };
    octets.splice(0..0, OUTER);
    let length = octets.len();
    let mut packet = Packet::new(octets, 0..length, IpProtocol::IPV4).expect("inside the buffer");
    packet.detach_header(OUTER.len(), IpProtocol::ESP).expect("inside the data");
    let result = sa.open_in_place(&mut packet);
    if result.is_ok() && mode == Mode::Tunnel && packet.next_header() != IpProtocol::NO_NEXT_HEADER {
        let inner = IpHeader::parse(packet.data()).expect("tunnel mode yields IP packets");
        assert_eq!(inner.packet_len(), packet.data().len());
    }
    assert_eq!(sa.highest_sequence(), u64::from(authentic), "only an authentic packet moves the window");
    if result.is_err() && authentic {
        assert!(packet.data().iter().all(|octet| *octet == 0), "wiped");
    }
}

/// The IP header in front of an ESP packet.
const OUTER: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0x40, 0, 64, 50, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];

/// An ESP packet with number 1 and this plaintext, trailer included.
fn authentic_packet(protection: Protection, extended: bool, plaintext: &[u8]) -> Option<Vec<u8>> {
    if plaintext.len() < 2 || !plaintext.len().is_multiple_of(protection.block_len()) {
        return None;
    }
    let header = [1, 2, 3, 4, 0, 0, 0, 1];
    let aad: &[u8] =
        if extended && protection.is_aead() { &[1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 1] } else { &header };
    let trailer: &[u8] = if extended && !protection.is_aead() { &[0; 4] } else { &[] };
    let (iv, mut data, mut icv) =
        (vec![3; protection.iv_len()], plaintext.to_vec(), vec![0; protection.icv_len()]);
    sealing_key(protection).seal(aad, &iv, &mut data, trailer, &mut icv).expect("fitting lengths");
    Some([&header[..], &iv, &data, &icv].concat())
}
