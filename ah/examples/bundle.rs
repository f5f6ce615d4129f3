//! AH over ESP between two hosts (RFC 4301 §4.3): what ESP leaves uncovered, the IP header, AH covers.
//!
//! `cargo run -p ipsec-ah --example bundle`

use ipsec_crypto_suite::{
    AeadId, CipherId, CryptoError, MacId, Protection, Secret, SecureRandom, rustcrypto,
};
use ipsec_ip_packet::Packet;
use ipsec_sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec_types::{IpProtocol, Spi};
use std::io::Write as _;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let provider = rustcrypto::provider();
    let any = || SelectorPair::any().into();
    let mut esp_out = ipsec_esp::OutboundSa::new(&provider, &mut NoRandom, esp()?)?;
    let mut esp_in = ipsec_esp::InboundSa::new(&provider, esp()?, any())?;
    let mut ah_out = ipsec_ah::OutboundSa::new(&provider, ah()?)?;
    let mut ah_in = ipsec_ah::InboundSa::new(&provider, ah()?, any())?;

    // A UDP datagram, with room for both around its payload.
    let sent =
        [0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0x26, 0xcd, 10, 1, 0, 1, 10, 2, 0, 1, 0, 7, 0, 9, 0, 8, 0, 0];
    let mut buf = [&[0; 64][..], &sent, &[0; 64]].concat();
    let mut packet = Packet::new(&mut buf, 64..92, IpProtocol::IPV4)?;

    // The IP header steps aside while ESP goes in front of UDP, and AH in front of ESP.
    packet.detach_for_transport()?;
    esp_out.seal_in_place(&mut packet)?;
    ah_out.seal_in_place(&mut packet)?;
    packet.attach_header()?;
    let mut out = std::io::stdout();
    writeln!(out, "sent:     IP, AH, ESP: {:02x?}", packet.data())?;

    // The other end takes them off in turn.
    packet.detach_to_upper_layer()?;
    ah_in.open_in_place(&mut packet)?;
    esp_in.open_in_place(&mut packet)?;
    packet.attach_header()?;
    writeln!(out, "received: IP, UDP:     {:02x?}", packet.data())?;
    assert_eq!(packet.data(), sent);
    Ok(())
}

/// Both ends hold the same; here from a program text, in earnest from IKE.
fn esp() -> Result<SaMaterial, Box<dyn core::error::Error>> {
    let params = SaParams::new(Protection::Aead(AeadId::Aes256Gcm16), Mode::Transport);
    let encryption = Some(Secret::new([7; 36])); // 32 octets of key, 4 of salt
    Ok(SaMaterial { spi: Spi::new(0xc381_8ba5)?, params, encryption, integrity: None })
}

fn ah() -> Result<SaMaterial, Box<dyn core::error::Error>> {
    let protection = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha2_256_128 };
    let params = SaParams::new(protection, Mode::Transport);
    let integrity = Some(Secret::new([8; 32]));
    Ok(SaMaterial { spi: Spi::new(0xc8fe_6d05)?, params, encryption: None, integrity })
}

/// AES-GCM counts its IVs.
struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&mut self, _out: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Randomness)
    }
}
