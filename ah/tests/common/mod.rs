//! What several tests need.

use alloc::sync::Arc;
use ipsec_ah::{InboundSa, OpenError, Opened, OutboundSa, SealError};
use ipsec_crypto_suite::{CipherId, CryptoProvider, MacId, Protection, Secret, rustcrypto};
use ipsec_ip_packet::{Ipv4Fields, Ipv6Fields, Packet};
use ipsec_sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::{Encode as _, IpProtocol, Spi, Writer};

pub(crate) const SHA256: MacId = MacId::HmacSha2_256_128;
pub(crate) const ROOM: usize = 128;

/// Every algorithm there is, legacy ones with the feature.
pub(crate) fn provider() -> CryptoProvider {
    #[cfg_attr(not(feature = "legacy"), expect(unused_mut, reason = "the feature adds to it"))]
    let mut provider = rustcrypto::provider();
    #[cfg(feature = "legacy")]
    rustcrypto::add_legacy(&mut provider);
    provider
}

/// Every integrity algorithm of the provider.
pub(crate) fn macs() -> Vec<MacId> {
    let macs: Vec<_> =
        (0..=16).filter_map(MacId::from_ikev2).filter(|mac| provider().mac(*mac).is_ok()).collect();
    assert!(macs.len() >= 4, "{macs:?}");
    macs
}

pub(crate) fn params(mac: MacId, mode: Mode, extended: bool) -> SaParams {
    let protection = Protection::Composed { cipher: CipherId::Null, mac };
    SaParams { extended_sequence_numbers: extended, ..SaParams::new(protection, mode) }
}

pub(crate) fn material(params: SaParams) -> SaMaterial {
    let key = Secret::new(vec![0x22; params.protection.integrity_key_len()]);
    SaMaterial { spi: Spi::new(0xc001_cafe).unwrap(), params, encryption: None, integrity: Some(key) }
}

pub(crate) fn pair(params: SaParams) -> (OutboundSa, InboundSa) {
    let outbound = OutboundSa::new(&provider(), material(params)).unwrap();
    (outbound, InboundSa::new(&provider(), material(params), any()).unwrap())
}

pub(crate) fn any() -> Arc<SelectorPair> {
    Arc::new(SelectorPair::any())
}

pub(crate) fn ipv4(payload: &[u8]) -> Vec<u8> {
    let fields = Ipv4Fields {
        source: [10, 1, 0, 1].into(),
        destination: [10, 2, 0, 1].into(),
        protocol: IpProtocol::UDP,
        traffic_class: 0xb9,
        ttl: 64,
        identification: 7,
        dont_fragment: true,
        payload_len: payload.len(),
    };
    let mut packet = vec![0; 20];
    fields.encode(&mut Writer::new(&mut packet)).unwrap();
    [&packet, payload].concat()
}

pub(crate) fn ipv6(payload: &[u8]) -> Vec<u8> {
    let fields = Ipv6Fields {
        source: "2001:db8:1::1".parse().unwrap(),
        destination: "2001:db8:2::1".parse().unwrap(),
        next_header: IpProtocol::UDP,
        traffic_class: 0xb9,
        flow_label: 0x54321,
        hop_limit: 64,
        payload_len: payload.len(),
    };
    let mut packet = vec![0; 40];
    fields.encode(&mut Writer::new(&mut packet)).unwrap();
    [&packet, payload].concat()
}

pub(crate) fn family(packet: &[u8]) -> IpProtocol {
    if packet[0] >> 4 == 4 { IpProtocol::IPV4 } else { IpProtocol::IPV6 }
}

/// The IP packet with AH in transport mode.
pub(crate) fn protect(sa: &mut OutboundSa, ip: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut buf = [&[0; ROOM][..], ip].concat();
    let end = buf.len();
    let mut packet = Packet::new(&mut buf, ROOM..end, family(ip)).unwrap();
    packet.detach_for_transport().unwrap();
    sa.seal_in_place(&mut packet)?;
    packet.attach_header().unwrap();
    Ok(packet.data().to_vec())
}

/// What verification makes of an IP packet with AH: the answer, and the IP packet without AH, or of tunnel mode the inner
/// one.
pub(crate) fn verify(sa: &mut InboundSa, ip: &[u8]) -> (Result<Opened, OpenError>, Vec<u8>) {
    let mut buf = ip.to_vec();
    let mut packet = Packet::new(&mut buf, 0..ip.len(), family(ip)).unwrap();
    match packet.detach_to_upper_layer() {
        Ok(protocol) => assert_eq!(protocol, IpProtocol::AH),
        Err(_) => packet.detach_header(if ip[0] >> 4 == 4 { 20 } else { 40 }, IpProtocol::AH).unwrap(),
    }
    let result = sa.open_in_place(&mut packet);
    match result {
        Ok(opened) if opened.kind == ipsec_ah::OpenedKind::Transport => packet.attach_header().unwrap(),
        Ok(_) => {}
        Err(_) => assert_eq!(buf, ip, "a refused packet is unchanged"),
    }
    if result.is_err() {
        return (result, ip.to_vec());
    }
    let mut again = ip.to_vec();
    let mut packet = Packet::new(&mut again, 0..ip.len(), family(ip)).unwrap();
    packet.detach_to_upper_layer().unwrap();
    // The window has it now: look again without.
    let high = u32::try_from(result.unwrap().sequence >> 32).unwrap();
    let opened = sa.inspect_in_place(&mut packet, high).unwrap();
    if opened.kind == ipsec_ah::OpenedKind::Transport {
        packet.attach_header().unwrap();
    }
    (result, packet.data().to_vec())
}
