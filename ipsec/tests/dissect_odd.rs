//! `dissect` on captures and key files that are not as one would wish: numbers out of order, packets cut off, odd link
//! layers, tables with patterns and with lines that are wrong.
#![cfg(all(feature = "rustcrypto", feature = "ikev1"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

use ipsec_crypto_suite::{AeadId, Protection, ProtectionKey, Secret, rustcrypto};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use testkit::{hex, testdata};

const SPI: u32 = 0xc000_0001;
const KEY: &str = "0102030405060708090a0b0c0d0e0f1011121314";

fn scratch(name: &str, octets: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("odd");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, octets).unwrap();
    path
}

fn dissect(arguments: &[&Path]) -> Output {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().and_then(Path::parent).unwrap();
    let example = profile.join("examples").join(format!("dissect{}", std::env::consts::EXE_SUFFIX));
    Command::new(example).args(arguments).arg("--json").output().unwrap()
}

/// What is said of the capture, and what on stderr.
fn run(capture: &Path, keys: &Path) -> (Vec<Map<String, Value>>, String) {
    let output = dissect(&[capture, Path::new("--keys"), keys]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), errors)
}

/// A pcap file with a frame each second.
fn pcap(link: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = hex("d4c3b2a1 0200 0400 00000000 00000000 00000400");
    file.extend(link.to_le_bytes());
    for (frame, second) in frames.iter().zip(0u32..) {
        let length = u32::try_from(frame.len()).unwrap().to_le_bytes();
        file.extend([second.to_le_bytes(), [0; 4], length, length].concat());
        file.extend(frame);
    }
    file
}

fn ipv4(protocol: u8, fragment: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let [f0, f1] = fragment;
    let header = [0x45, 0, high, low, 0, 9, f0, f1, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    [&header[..], payload].concat()
}

fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap();
    [source, destination, length, 0]
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .chain(payload.to_vec())
        .collect()
}

/// An ESP packet of AES-128-GCM with this extended number.
fn esp(number: u64, extended: bool, next_header: u8, data: &[u8]) -> Vec<u8> {
    let protection = Protection::Aead(AeadId::Aes128Gcm16);
    let key =
        ProtectionKey::new(&rustcrypto::provider(), protection, &Secret::copy_from(&hex(KEY)), None).unwrap();
    let [number @ .., n4, n5, n6, n7] = number.to_be_bytes();
    let (high, low) = (number, [n4, n5, n6, n7]);
    let aad =
        if extended { [SPI.to_be_bytes(), high, low].concat() } else { [SPI.to_be_bytes(), low].concat() };
    let padding = (2..).find(|padding| (data.len() + padding).is_multiple_of(4)).unwrap() - 2;
    let mut plaintext = data.to_vec();
    plaintext.extend((1..=u8::MAX).take(padding));
    plaintext.extend([u8::try_from(padding).unwrap(), next_header]);
    let (iv, mut icv) = ([7; 8], [0; 16]);
    key.seal(&aad, &iv, &mut plaintext, &[], &mut icv).unwrap();
    [&SPI.to_be_bytes()[..], &low, &iv, &plaintext, &icv].concat()
}

fn line(family: &str, spi: &str, key: &str) -> String {
    let names = "\"AES-GCM with 16 octet ICV [RFC4106]\",\"{}\",\"NULL\",\"\"";
    format!("\"{family}\",\"*\",\"*\",\"{spi}\",{}\n", names.replace("{}", key))
}

fn verified(objects: &[Map<String, Value>]) -> Vec<bool> {
    objects.iter().map(|object| object["verified"] == true).collect()
}

#[test]
fn extended_numbers_that_come_late_are_replays_not_forgeries() {
    let keys = scratch("extended.keys", line("IPv4", "0xc0000001", &format!("0x{KEY}")).as_bytes());
    let through = |range: core::ops::Range<u64>, late: u64| range.chain([late]).collect::<Vec<_>>();
    let high = 1 << 32;
    let sequences = [
        through(1..201, 1),
        through(1..2000, 1),
        [vec![1], (200..2400).collect(), vec![100]].concat(),
        vec![0x7fff_ffff, 0xffff_fff0, high + 5, 0xffff_fff0],
        vec![0x7fff_ffff, 0xffff_fff0, high + 5, 0xffff_ff00],
        vec![0x7fff_ffff, 0xffff_fff0, high + 5, high + 5],
    ];
    for numbers in sequences {
        let frames: Vec<_> = numbers.iter().map(|n| ipv4(50, [0; 2], &esp(*n, true, 59, &[]))).collect();
        let (objects, errors) = run(&scratch("extended.pcap", &pcap(101, &frames)), &keys);
        assert_eq!(errors, "");
        let ours: Vec<_> = objects.iter().map(|object| object["seq"].as_u64().unwrap()).collect();
        assert_eq!(ours, numbers);
        assert!(verified(&objects).iter().all(|verified| *verified), "{objects:?}");
        let late = objects.last().unwrap();
        assert_eq!(late.get("replayed"), Some(&Value::Bool(true)), "{late:?}");
    }
}

#[test]
fn what_an_authentic_packet_holds_is_shown_whatever_the_mode_should_be() {
    let keys = format!(
        r#"{{"child_sas": [{{"protocol": "ESP", "mode": "tunnel", "proposal": "AES_GCM_16_128",
            "spi_responder": {SPI}, "initiator_to_responder": {{"enc_key": "{KEY}", "auth_key": ""}}}}]}}"#
    );
    let keys = scratch("content.json", keys.as_bytes());
    let echo = ipv4(1, [0; 2], &[8, 0, 0, 0, 0, 1, 0, 2]);
    let contents = [(108, vec![4, 0, 0, 2]), (17, udp(7, 7, b"echo")), (4, [&echo[..], &[0; 40]].concat())];
    for (next_header, data) in contents {
        let frames = [ipv4(50, [0; 2], &esp(1, false, next_header, &data))];
        let (objects, _) = run(&scratch("content.pcap", &pcap(101, &frames)), &keys);
        assert_eq!(verified(&objects), [true], "{objects:?}");
        let encap = if next_header == 4 { "IPv4" } else { "transport" };
        assert_eq!(objects[0]["inner"]["encap"], encap);
    }
}

#[test]
fn frames_that_cannot_be_read_are_named() {
    let keys = scratch("named.keys", line("IPv4", "0xc0000001", &format!("0x{KEY}")).as_bytes());
    let packet = ipv4(50, [0; 2], &esp(1, false, 59, &[0; 64]));
    let ike = ipv4(17, [0; 2], &udp(500, 500, &[0; 28]));
    let mut long = ike.clone();
    long[24..26].copy_from_slice(&[0xff, 0xff]);
    let dns = ipv4(17, [0; 2], &udp(53, 53, &[0; 28]));
    let fragment = ipv4(50, [0x20, 0], &[1; 16]);
    let overlap = ipv4(50, [0x20, 1], &[2; 16]);
    let cut = |packet: &[u8]| packet[..40].to_vec();
    let frames = [cut(&packet), cut(&ike), long, cut(&dns), fragment, overlap];
    let (objects, errors) = run(&scratch("named.pcap", &pcap(101, &frames)), &keys);
    let named: Vec<_> = objects
        .iter()
        .map(|object| (object["frame"].as_u64().unwrap(), object["kind"].as_str(), object["reason"].as_str()))
        .collect();
    let expected = [(1, "cut off"), (2, "cut off"), (3, "UDP length"), (6, "overlapping")];
    assert_eq!(named.len(), expected.len(), "{named:?}");
    for ((frame, kind, reason), (expected, part)) in named.iter().zip(expected) {
        assert_eq!((*frame, *kind), (expected, Some("malformed")));
        assert!(reason.unwrap().contains(part), "{reason:?}");
    }
    assert!(errors.contains("not complete: 1, from frame 5"), "{errors}");
    let (objects, errors) = run(&scratch("named.pcap", &pcap(127, &frames)), &keys);
    assert!(objects.is_empty() && errors.contains("6 frames of link type 127 passed over"), "{errors}");
}

#[test]
fn fragments_of_a_pcapng_file_run_out_of_time_by_its_clock() {
    let keys = scratch("clock.keys", line("IPv4", "0xc0000001", &format!("0x{KEY}")).as_bytes());
    let packet = esp(1, false, 59, &[0; 64]);
    let (first, last) = packet.split_at(64);
    let frames = [ipv4(50, [0x20, 0], first), ipv4(50, [0, 8], last)];
    let block = |kind: u32, body: &[u8]| {
        let body = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
        let length = u32::try_from(12 + body.len()).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &body, &length].concat()
    };
    for (options, second) in [("", 1_000_000u64), ("09000100 09000000 00000000", 1_000_000_000)] {
        for (seconds, whole) in [(59, true), (61, false)] {
            let mut file = block(0x0a0d_0d0a, &hex("4d3c2b1a 0100 0000 ffffffffffffffff"));
            file.extend(block(1, &[hex("6500 0000 00000400"), hex(options)].concat()));
            for (frame, time) in frames.iter().zip([0, seconds * second]) {
                let (high, low) =
                    (u32::try_from(time >> 32).unwrap(), u32::try_from(time & 0xffff_ffff).unwrap());
                let length = u32::try_from(frame.len()).unwrap();
                let head: Vec<_> =
                    [0, high, low, length, length].iter().flat_map(|word| word.to_le_bytes()).collect();
                file.extend(block(6, &[head, frame.clone()].concat()));
            }
            let (objects, errors) = run(&scratch("clock.pcapng", &file), &keys);
            assert_eq!(verified(&objects), vec![true; usize::from(whole)], "{seconds} s: {errors}");
            assert_eq!(errors.contains("not complete"), !whole);
        }
    }
}

#[test]
fn link_layers_around_the_same_packets() {
    let keys = scratch("links.keys", line("IPv4", "0xc0000001", &format!("0x{KEY}")).as_bytes());
    let packet = ipv4(50, [0; 2], &esp(1, false, 59, &[]));
    let macs = "000000000001 000000000002";
    let layers = [
        (1, format!("{macs} 0800")),
        (1, format!("{macs} 8100 0005 0800")),
        (1, format!("{macs} 9100 0005 8100 0006 0800")),
        (1, format!("{macs} 8864 1100 0001 0000 0021")),
        (12, String::new()),
        (14, String::new()),
        (101, String::new()),
        (113, "0000 0001 0006 000000000000 0000 0800".to_owned()),
        (276, "0800 0000 00000001 0001 00 06 0000000000000000".to_owned()),
        (276, "8100 0000 00000001 0001 00 06 0000000000000000 0005 0800".to_owned()),
    ];
    for (link, layer) in layers {
        let frames = [[hex(&layer), packet.clone()].concat()];
        let (objects, errors) = run(&scratch("links.pcap", &pcap(link, &frames)), &keys);
        assert_eq!((verified(&objects), errors.as_str()), (vec![true], ""), "link type {link}: {layer}");
    }
}

#[test]
fn one_bad_entry_of_a_key_file_takes_nothing_from_the_others() {
    let capture = scratch("entries.pcap", &pcap(101, &[ipv4(50, [0; 2], &esp(1, false, 59, &[]))]));
    let hex_key = format!("0x{KEY}");
    let good = [
        line("IPv4", "0xc0000001", &hex_key),
        line("Any", "0xc0000001", &hex_key),
        line("IPv4", "*", &hex_key),
        line("any", "0xc00000**", &hex_key),
        line("IPv4", "C0000001", KEY),
        line("IPv6", "0xc0000001", &hex_key),
    ];
    for good in good {
        let (objects, errors) = run(&capture, &scratch("entries.keys", good.as_bytes()));
        assert_eq!((verified(&objects), errors.as_str()), (vec![true], ""), "{good}");
        let mixed = format!("\u{feff}{}nonsense\n{good}", line("IPv4", "0x00000005", &hex_key));
        let (objects, errors) = run(&capture, &scratch("entries.keys", mixed.as_bytes()));
        assert_eq!(verified(&objects), [true], "{mixed}");
        assert!(errors.contains("line 1: ") && errors.contains("line 2: "), "{errors}");
    }
    for other in ["0xc00000*2", "0xd*******", "**"] {
        let (objects, _) = run(&capture, &scratch("entries.keys", line("IPv4", other, &hex_key).as_bytes()));
        assert_eq!(verified(&objects), [false], "{other}");
    }
    let directions = format!(
        r#""initiator_to_responder": {{"enc_key": "{KEY}"}}, "responder_to_initiator": {{"enc_key": "{KEY}"}}"#
    );
    for fields in ["", r#""protocol": "esp","#, r#""protocol": "ESP", "spi_initiator": "zz","#] {
        let json = format!(
            r#"{{"child_sas": [5, {{{fields} "proposal": "AES_GCM_16_128", "spi_responder": "c0000001",
                {directions}}}]}}"#
        );
        let (objects, errors) = run(&capture, &scratch("entries.json", json.as_bytes()));
        assert_eq!(verified(&objects), [true], "{json}");
        assert!(errors.contains("child_sas[1]: responder_to_initiator"), "{errors}");
    }
}

#[test]
fn a_key_of_text_is_taken_as_it_stands() {
    let text = "sixteen octets!!salt";
    let protection = Protection::Aead(AeadId::Aes128Gcm16);
    let secret = Secret::copy_from(text.as_bytes());
    let key = ProtectionKey::new(&rustcrypto::provider(), protection, &secret, None).unwrap();
    let (mut plaintext, mut icv) = (vec![1, 2, 2, 59], [0; 16]);
    let aad = [SPI.to_be_bytes(), 1u32.to_be_bytes()].concat();
    key.seal(&aad, &[7; 8], &mut plaintext, &[], &mut icv).unwrap();
    let packet = [&aad[..], &[7; 8], &plaintext, &icv].concat();
    let capture = scratch("text.pcap", &pcap(101, &[ipv4(50, [0; 2], &packet)]));
    let (objects, errors) = run(&capture, &scratch("text.keys", line("IPv4", "0xc0000001", text).as_bytes()));
    assert_eq!((verified(&objects), errors.as_str()), (vec![true], ""));
}

#[test]
fn a_second_key_file_adds_to_the_first() {
    let capture = testdata("captures/ikev2-psk-gcm");
    let truth = capture.join("truth.json");
    let text = std::fs::read_to_string(&truth).unwrap();
    let mut wrong: Value = serde_json::from_str(&text).unwrap();
    for sa in wrong["ike_sas"].as_array_mut().unwrap() {
        for key in ["SK_ei", "SK_er"] {
            sa[key] = Value::String("5a".repeat(sa[key].as_str().unwrap().len() / 2));
        }
    }
    let wrong = scratch("second.json", wrong.to_string().as_bytes());
    let keys = Path::new("--keys");
    let output = dissect(&[&capture.join("capture.pcap"), keys, &truth, keys, &wrong]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\"decrypted\":true") && !text.contains("\"decrypted\":false"), "{text}");
}
