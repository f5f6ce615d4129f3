//! `dissect` opens ESP and AH with every algorithm that crypto-suite offers, named in a key file as strongSwan names them.
#![cfg(all(feature = "rustcrypto", feature = "ikev1"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

use ipsec::crypto_suite::{
    AeadId, CipherId, CryptoError, MacId, Protection, Secret, SecureRandom, rustcrypto,
};
use ipsec::ip_packet::Packet;
use ipsec::sa_db::{Mode, SaMaterial, SaParams};
use ipsec::types::{IpProtocol, Spi};
use ipsec::{ah, esp};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use testkit::to_hex;

/// Octets in front of a packet and behind it, for what protects it.
const ROOM: usize = 256;

struct Sevens;

impl SecureRandom for Sevens {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.fill(7);
        Ok(())
    }
}

/// The names of every protection, from the numbers that IANA registers.
fn protections() -> Vec<(String, Protection)> {
    let mut all = Vec::new();
    let aeads = [
        ("AES_CCM_8", 14),
        ("AES_CCM_12", 15),
        ("AES_CCM_16", 16),
        ("AES_GCM_8", 18),
        ("AES_GCM_12", 19),
        ("AES_GCM_16", 20),
        ("NULL_AUTH_AES_GMAC", 21),
        ("AES_CCM_8_IIV", 29),
        ("AES_GCM_16_IIV", 30),
    ];
    for (name, number) in aeads {
        for bits in [128, 192, 256] {
            let aead = AeadId::from_ikev2(number, Some(bits)).unwrap();
            all.push((format!("{name}_{bits}"), Protection::Aead(aead)));
        }
    }
    for (name, number) in [("CHACHA20_POLY1305", 28), ("CHACHA20_POLY1305_IIV", 31)] {
        all.push((name.to_owned(), Protection::Aead(AeadId::from_ikev2(number, None).unwrap())));
    }
    assert_eq!(all.len(), AeadId::ALL.len(), "every AEAD has a name here");
    let mac = MacId::from_ikev2(12).unwrap();
    for (name, number) in [("AES_CBC", 12), ("AES_CTR", 13), ("CAMELLIA_CBC", 23)] {
        for bits in [128, 192, 256] {
            let cipher = CipherId::from_ikev2(number, Some(bits)).unwrap();
            all.push((format!("{name}_{bits}/HMAC_SHA2_256_128"), Protection::Composed { cipher, mac }));
        }
    }
    let ciphers = [("3DES", CipherId::TripleDesCbc), ("NULL", CipherId::Null)];
    for (name, cipher) in ciphers {
        all.push((format!("{name}/HMAC_SHA2_256_128"), Protection::Composed { cipher, mac }));
    }
    assert_eq!(all.len(), AeadId::ALL.len() + CipherId::ALL.len(), "every cipher has a name here");
    for (name, mac) in macs() {
        // AES-GMAC is a MAC in AH; in ESP it is an AEAD.
        if !name.ends_with("GMAC") {
            all.push((format!("NULL/{name}"), Protection::Composed { cipher: CipherId::Null, mac }));
        }
    }
    all
}

fn macs() -> Vec<(&'static str, MacId)> {
    let names = [
        ("HMAC_MD5_96", 1),
        ("HMAC_SHA1_96", 2),
        ("AES_XCBC_96", 5),
        ("AES_CMAC_96", 8),
        ("AES_128_GMAC", 9),
        ("AES_192_GMAC", 10),
        ("AES_256_GMAC", 11),
        ("HMAC_SHA2_256_128", 12),
        ("HMAC_SHA2_384_192", 13),
        ("HMAC_SHA2_512_256", 14),
    ];
    let macs: Vec<_> =
        names.into_iter().map(|(name, number)| (name, MacId::from_ikev2(number).unwrap())).collect();
    assert_eq!(macs.len(), MacId::ALL.len(), "every MAC has a name here");
    macs
}

/// A datagram of UDP.
fn plain() -> Vec<u8> {
    let udp = [0x13, 0x88, 0x13, 0x89, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    let header = [0x45, 0, 0, 36, 0, 9, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    [&header[..], &udp].concat()
}

/// The packet in transport mode, or `None` where this build has not the algorithm.
fn seal(of_ah: bool, spi: u32, protection: Protection, keys: &[Vec<u8>; 2]) -> Option<Vec<u8>> {
    #[cfg_attr(not(feature = "legacy"), expect(unused_mut, reason = "nothing is added to it"))]
    let mut provider = rustcrypto::provider();
    #[cfg(feature = "legacy")]
    rustcrypto::add_legacy(&mut provider);
    let secret = |key: &Vec<u8>| if key.is_empty() { None } else { Some(Secret::copy_from(key)) };
    let [encryption, integrity] = keys.each_ref().map(secret);
    let params = SaParams::new(protection, Mode::Transport);
    let material = SaMaterial { spi: Spi::new(spi).unwrap(), params, encryption, integrity };
    let inner = plain();
    let mut buf = [vec![0; ROOM], inner.clone(), vec![0; ROOM]].concat();
    let mut packet = Packet::new(&mut buf, ROOM..ROOM + inner.len(), IpProtocol::IPV4).unwrap();
    packet.detach_for_transport().unwrap();
    if of_ah {
        let mut sa = ah::OutboundSa::new(&provider, material).ok()?;
        sa.seal_in_place(&mut packet).unwrap();
    } else {
        let mut sa = esp::OutboundSa::new(&provider, &mut Sevens, material).ok()?;
        sa.seal_in_place(&mut packet).unwrap();
    }
    packet.attach_header().unwrap();
    Some(packet.data().to_vec())
}

#[test]
fn every_algorithm_is_opened_by_its_name() {
    let esp = protections().into_iter().map(|(name, protection)| (false, name, protection));
    let ah = macs().into_iter().map(|(name, mac)| {
        (true, format!("{name}/NO_ESN"), Protection::Composed { cipher: CipherId::Null, mac })
    });
    let mut file: Vec<u8> = testkit::hex("d4c3b2a1 0200 0400 00000000 00000000 00000400 65000000");
    let (mut sas, mut names) = (Vec::new(), Vec::new());
    for ((of_ah, name, protection), spi) in esp.chain(ah).zip(0xc000_0001..) {
        let key = |len: usize| (1..=u8::MAX).cycle().take(len).collect::<Vec<_>>();
        let keys = [key(protection.encryption_key_len()), key(protection.integrity_key_len())];
        let Some(packet) = seal(of_ah, spi, protection, &keys) else {
            let is_legacy = name.starts_with("3DES") || name.contains("MD5");
            assert!(is_legacy && cfg!(not(feature = "legacy")), "{name} is not sealed");
            continue;
        };
        let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
        file.extend([[0; 4], [0; 4], length, length].concat());
        file.extend(&packet);
        let [enc_key, auth_key] = keys.map(|key| to_hex(&key));
        sas.push(json!({
            "protocol": if of_ah { "AH" } else { "ESP" },
            "proposal": name,
            "esn": false,
            "spi_responder": format!("{spi:08x}"),
            "initiator_to_responder": { "enc_key": enc_key, "auth_key": auth_key },
        }));
        names.push(name);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("algorithms");
    std::fs::create_dir_all(&folder).unwrap();
    let (capture, keys) = (folder.join("capture.pcap"), folder.join("keys.json"));
    std::fs::write(&capture, file).unwrap();
    std::fs::write(&keys, json!({ "child_sas": sas }).to_string()).unwrap();
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().and_then(Path::parent).unwrap();
    let example = profile.join("examples").join(format!("dissect{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(example).arg(capture).arg("--keys").arg(keys).arg("--json").output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), names.len());
    for (object, name) in objects.iter().zip(&names) {
        assert_eq!(object["verified"], true, "{name}: {object}");
        assert_eq!(object["inner"]["proto"], "udp", "{name}: {object}");
        assert_eq!(object["inner"]["dport"], 5001, "{name}: {object}");
    }
    assert!(names.len() >= 48, "{}", names.len());
}
