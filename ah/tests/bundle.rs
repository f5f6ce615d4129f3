//! AH over ESP, and AH around a tunnel: two SAs composed.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

extern crate alloc;

use ipsec_crypto_suite::{
    AeadId, CipherId, CryptoError, MacId, Protection, Secret, SecureRandom, rustcrypto::provider,
};
use ipsec_ip_packet::{FlowKey, Packet, Tunnel};
use ipsec_sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::{IpProtocol, Spi};

struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&mut self, _out: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Randomness)
    }
}

fn esp(mode: Mode) -> SaMaterial {
    let params = SaParams::new(Protection::Aead(AeadId::Aes128Gcm16), mode);
    let encryption = Some(Secret::new([1; 20]));
    SaMaterial { spi: Spi::new(0x100).unwrap(), params, encryption, integrity: None }
}

fn ah() -> SaMaterial {
    let protection = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha2_256_128 };
    let params = SaParams::new(protection, Mode::Transport);
    let integrity = Some(Secret::new([2; 32]));
    SaMaterial { spi: Spi::new(0x200).unwrap(), params, encryption: None, integrity }
}

const INNER: [u8; 24] =
    [0x45, 0, 0, 24, 0, 0, 0x40, 0, 64, 17, 0x26, 0xd1, 10, 1, 0, 1, 10, 2, 0, 1, 0, 7, 0, 9];

/// Both in transport mode between two hosts (RFC 4301 §4.3), or ESP in tunnel mode inside AH in transport mode.
#[test]
fn rfc4301_4_3_ah_over_esp() {
    for mode in [Mode::Transport, Mode::Tunnel] {
        let any = || SelectorPair::any().into();
        let mut esp_out = ipsec_esp::OutboundSa::new(&provider(), &mut NoRandom, esp(mode)).unwrap();
        let mut ah_out = ipsec_ah::OutboundSa::new(&provider(), ah()).unwrap();
        let mut esp_in = ipsec_esp::InboundSa::new(&provider(), esp(mode), any()).unwrap();
        let mut ah_in = ipsec_ah::InboundSa::new(&provider(), ah(), any()).unwrap();

        let mut buf = [&[0; 128][..], &INNER, &[0; 64]].concat();
        let mut packet = Packet::new(&mut buf, 128..152, IpProtocol::IPV4).unwrap();
        if mode == Mode::Tunnel {
            let mut tunnel = Tunnel::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into()).unwrap();
            packet.encapsulate(&mut tunnel).unwrap();
        } else {
            packet.detach_for_transport().unwrap();
        }
        esp_out.seal_in_place(&mut packet).unwrap();
        ah_out.seal_in_place(&mut packet).unwrap();
        packet.attach_header().unwrap();
        assert_eq!(FlowKey::of(packet.data()).unwrap().protocol, IpProtocol::AH, "IP, AH, ESP");

        // What was changed does not get as far as ESP.
        let mut forged = packet.data().to_vec();
        let length = forged.len();
        forged[60] ^= 1;
        let mut forged = Packet::new(&mut forged, 0..length, IpProtocol::IPV4).unwrap();
        forged.detach_to_upper_layer().unwrap();
        assert_eq!(ah_in.open_in_place(&mut forged), Err(ipsec_ah::OpenError::Authentication));

        assert_eq!(packet.detach_to_upper_layer(), Ok(IpProtocol::AH));
        ah_in.open_in_place(&mut packet).unwrap();
        assert_eq!(packet.next_header(), IpProtocol::ESP);
        esp_in.open_in_place(&mut packet).unwrap();
        if mode == Mode::Transport {
            packet.attach_header().unwrap();
        }
        assert_eq!(packet.data(), INNER);
    }
}
