//! `dissect` against every committed capture: each message and packet that its truth names, with JSON keys and with
//! Wireshark's tables; wrong keys, unreadable files.
#![cfg(all(feature = "rustcrypto", feature = "ikev1"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use testkit::{captures, ikev1_captures, testdata, truth};

/// The example, which cargo builds beside its tests.
fn dissect() -> Command {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().and_then(Path::parent).unwrap();
    let example = profile.join("examples").join(format!("dissect{}", std::env::consts::EXE_SUFFIX));
    assert!(example.is_file(), "{} is not built: run all tests of the package", example.display());
    Command::new(example)
}

fn run(arguments: &[&Path]) -> Output {
    let output = dissect().args(arguments).arg("--json").output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
    output
}

fn objects(output: &Output) -> Vec<Map<String, Value>> {
    let text = str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn name(capture: &Path) -> &str {
    capture.file_name().and_then(|name| name.to_str()).unwrap()
}

/// Whether the algorithms of a proposal are there.
fn supported(proposal: &str) -> bool {
    let legacy = ["3DES", "HMAC_MD5", "HMAC_MD5_96"];
    cfg!(feature = "legacy") || !proposal.split('/').any(|transform| legacy.contains(&transform))
}

fn list<'a>(truth: &'a Value, name: &str) -> &'a [Value] {
    truth[name].as_array().map_or(&[], Vec::as_slice)
}

/// Whether the keys of this message's SA are known, and of an algorithm there is.
fn can_decrypt(truth: &Value, message: &Value) -> bool {
    list(truth, "ike_sas").iter().any(|sa| {
        let ours = if sa["version"] == 1 {
            sa["cookie_i"] == message["spi_i"]
        } else {
            sa["spi_i"] == message["spi_i"] && sa["spi_r"] == message["spi_r"] && sa.get("keys").is_none()
        };
        ours && sa["proposal"].as_str().is_some_and(supported)
    })
}

fn can_open(truth: &Value, packet: &Value) -> bool {
    list(truth, "child_sas").iter().any(|sa| {
        sa["protocol"] == packet["proto"]
            && (sa["spi_initiator"] == packet["spi"] || sa["spi_responder"] == packet["spi"])
            && supported(sa["proposal"].as_str().unwrap())
    })
}

/// Fields of the truth that are not `dissect`'s to say: what checking AUTH showed, and what a message led to.
const NOT_OURS: [&str; 5] = ["auth", "creates", "cp_attributes", "hash_check", "note"];

/// Fields that only who decrypts a message can know.
const PROTECTED: [&str; 8] = [
    "decrypted",
    "payloads",
    "plaintext_payloads_hex",
    "reassembled",
    "iv",
    "hash_verified",
    "attr_type",
    "attributes",
];

/// A message of IKEv1 that came before is not opened again.
fn is_repeated(truth: &Value) -> bool {
    truth["version"] == "1.0" && truth.get("same_as_frame").is_some()
}

fn assert_message(capture: &str, ours: &Map<String, Value>, theirs: &Value, decrypts: bool) {
    let at = format!("{capture} frame {}", theirs["frame"]);
    for (field, value) in theirs.as_object().unwrap() {
        let protected = PROTECTED.contains(&field.as_str());
        if NOT_OURS.contains(&field.as_str()) || (theirs["encrypted"] == true && protected && !decrypts) {
            continue;
        }
        assert_eq!(ours.get(field), Some(value), "{at}: {field}");
    }
    // HASH_I and HASH_R, where the message brings one: with signatures there is none.
    if theirs["auth"]["method"] == "HASH (PSK)" && decrypts {
        assert_eq!(ours["hash_verified"], theirs["auth"]["verified"], "{at}");
    }
    if theirs["encrypted"] == true && !decrypts && !is_repeated(theirs) {
        assert_eq!(ours["decrypted"], false, "{at}");
        assert!(!ours["reason"].as_str().unwrap().is_empty(), "{at}: a reason");
    }
}

fn assert_packet(capture: &str, ours: &Map<String, Value>, theirs: &Value, opens: bool) {
    let at = format!("{capture} frame {}", theirs["frame"]);
    for (field, value) in theirs.as_object().unwrap() {
        let protected = matches!(field.as_str(), "verified" | "inner" | "direction");
        if protected && !opens {
            continue;
        }
        assert_eq!(ours.get(field), Some(value), "{at}: {field}");
    }
    if !opens {
        assert_eq!(ours["verified"], false, "{at}");
        assert!(!ours["reason"].as_str().unwrap().is_empty(), "{at}: a reason");
    }
}

#[test]
fn every_capture_as_its_truth_has_it() {
    let (mut decrypted, mut opened, mut reported) = (0, 0, 0);
    for capture in captures().into_iter().chain(ikev1_captures()) {
        let truth = truth(&capture);
        let keys = capture.join("truth.json");
        let output = run(&[&capture.join("capture.pcap"), Path::new("--keys"), &keys]);
        let ours = objects(&output);
        let frames: Vec<_> = ours.iter().map(|object| object["frame"].as_u64().unwrap()).collect();
        assert!(frames.is_sorted(), "{}: capture order", name(&capture));
        let (messages, packets): (Vec<_>, Vec<_>) =
            ours.into_iter().partition(|object| !object.contains_key("proto"));
        let theirs = list(&truth, "messages");
        assert_eq!(messages.len(), theirs.len(), "{}: IKE messages", name(&capture));
        for (ours, theirs) in messages.iter().zip(theirs) {
            let decrypts = can_decrypt(&truth, theirs);
            assert_message(name(&capture), ours, theirs, decrypts);
            let protected = theirs["encrypted"] == true;
            decrypted += usize::from(protected && decrypts);
            reported += usize::from(protected && !decrypts);
        }
        let theirs = list(&truth, "data_packets");
        assert_eq!(packets.len(), theirs.len(), "{}: data packets", name(&capture));
        for (ours, theirs) in packets.iter().zip(theirs) {
            let opens = can_open(&truth, theirs);
            assert_packet(name(&capture), ours, theirs, opens);
            opened += usize::from(opens);
            reported += usize::from(!opens);
        }
    }
    assert!(decrypted >= 470 && opened >= 370, "{decrypted} messages, {opened} packets, {reported} reported");
}

#[test]
fn wireshark_tables_open_what_they_hold_keys_for() {
    let (mut messages, mut packets) = (0, 0);
    for capture in captures().into_iter().chain(ikev1_captures()) {
        let tables = capture.join("wireshark");
        let held = ["ikev1_decryption_table", "ikev2_decryption_table"];
        if !held.iter().any(|table| tables.join(table).is_file()) {
            continue;
        }
        let truth = truth(&capture);
        let output = run(&[&capture.join("capture.pcap"), Path::new("--keys"), &tables]);
        for ours in objects(&output) {
            let same = |theirs: &&Value| {
                theirs["frame"] == ours["frame"] && theirs.get("proto") == ours.get("proto")
            };
            if ours.get("decrypted") == Some(&Value::Bool(true)) {
                let mut theirs = list(&truth, "messages").iter().find(same).unwrap().clone();
                // Tables of IKEv1 have no key that a HASH could be checked with.
                theirs
                    .as_object_mut()
                    .unwrap()
                    .retain(|field, _| field != "hash_verified" && field != "auth");
                assert_message(name(&capture), &ours, &theirs, true);
                messages += 1;
            } else if ours.get("verified") == Some(&Value::Bool(true)) {
                let theirs = list(&truth, "data_packets").iter().find(same).unwrap();
                assert_eq!(ours["inner"], theirs["inner"], "{} frame {}", name(&capture), ours["frame"]);
                packets += 1;
            }
        }
    }
    assert!(messages >= 400 && packets >= 300, "{messages} messages, {packets} packets");
}

/// A scratch folder of this test run.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn wrong_keys_are_no_error() {
    for name in ["ikev2-psk-gcm", "ikev2-natt", "ikev2-rsa-frag", "ikev2-ah-tunnel"] {
        let capture = testdata("captures").join(name);
        let text = std::fs::read_to_string(capture.join("truth.json")).unwrap();
        let mut truth: Value = serde_json::from_str(&text).unwrap();
        for sa in truth["ike_sas"].as_array_mut().unwrap() {
            for key in ["SK_ei", "SK_er", "SK_ai", "SK_ar"] {
                sa[key] = Value::String("5a".repeat(sa[key].as_str().unwrap().len() / 2));
            }
        }
        for sa in truth["child_sas"].as_array_mut().unwrap() {
            for direction in ["initiator_to_responder", "responder_to_initiator"] {
                for key in ["enc_key", "auth_key"] {
                    let length = sa[direction][key].as_str().unwrap().len() / 2;
                    sa[direction][key] = Value::String("5a".repeat(length));
                }
            }
        }
        let keys = scratch("wrong-keys").join(format!("{name}.json"));
        std::fs::write(&keys, truth.to_string()).unwrap();
        let mut protected = 0;
        for object in objects(&run(&[&capture.join("capture.pcap"), Path::new("--keys"), &keys])) {
            for field in ["decrypted", "verified"] {
                if let Some(value) = object.get(field) {
                    assert_eq!(value, false, "{name}: {object:?}");
                    assert_eq!(object["reason"], "authentication failed");
                    protected += 1;
                }
            }
        }
        assert!(protected > 6, "{name}: {protected}");
    }
}

#[test]
fn a_right_integrity_key_beside_a_wrong_encryption_key_decrypts_nothing() {
    for name in ["ikev2-psk-cbc-modp2048", "ikev2-rsa-frag"] {
        let capture = testdata("captures").join(name);
        let mut truth = truth(&capture);
        for sa in truth["ike_sas"].as_array_mut().unwrap() {
            assert!(!sa["SK_ai"].as_str().unwrap().is_empty(), "{name} has separate integrity keys");
            for key in ["SK_ei", "SK_er"] {
                sa[key] = Value::String("5a".repeat(sa[key].as_str().unwrap().len() / 2));
            }
        }
        let keys = scratch("wrong-sk-e").join(format!("{name}.json"));
        std::fs::write(&keys, truth.to_string()).unwrap();
        let objects = objects(&run(&[&capture.join("capture.pcap"), Path::new("--keys"), &keys]));
        let encrypted: Vec<_> = objects.iter().filter(|o| o.get("encrypted") == Some(&true.into())).collect();
        assert!(encrypted.len() >= 2);
        // A fragment alone is any octets; what they make together is not.
        let part = |object: &Map<String, Value>| {
            object.contains_key("fragment") && !object.contains_key("reassembled")
        };
        for object in encrypted.into_iter().filter(|object| !part(object)) {
            assert_eq!(object["decrypted"], false, "{name}: {object:?}");
        }
    }
}

#[test]
fn wrong_keys_of_ikev1_are_no_error() {
    for name in ["ikev1-main-psk", "ikev1-frag-rsa", "ikev1-xauth-modecfg"] {
        let capture = testdata("captures").join(name);
        for (wrong, reason) in
            [("encryption_key_Ka", "does not decrypt"), ("SKEYID_a", "authentication failed")]
        {
            let mut truth = truth(&capture);
            for sa in truth["ike_sas"].as_array_mut().unwrap() {
                sa[wrong] = Value::String("5a".repeat(sa[wrong].as_str().unwrap().len() / 2));
            }
            let keys = scratch("wrong-ikev1").join(format!("{name}-{wrong}.json"));
            std::fs::write(&keys, truth.to_string()).unwrap();
            let mut reasons = Vec::new();
            for object in objects(&run(&[&capture.join("capture.pcap"), Path::new("--keys"), &keys])) {
                let phase_1 = object.get("message_id") == Some(&0.into());
                if object.get("decrypted") == Some(&false.into()) {
                    reasons.push(object["reason"].as_str().unwrap().to_owned());
                    assert!(object["payloads"].as_array().unwrap().is_empty());
                } else {
                    // Phase 1 has no HASH that SKEYID_a makes.
                    assert!(
                        object.get("decrypted").is_none() || (phase_1 && wrong == "SKEYID_a"),
                        "{name}: {object:?}"
                    );
                }
            }
            // A message that is refused advances no IV, so that those behind it in its exchange do not decrypt.
            let whys = [reason, "does not decrypt"];
            assert!(
                reasons.iter().all(|said| whys.iter().any(|why| said.starts_with(why))),
                "{name}: {reasons:?}"
            );
            assert!(reasons.len() >= 5 && reasons.iter().any(|said| said.starts_with(reason)), "{reasons:?}");
        }
    }
}

#[test]
fn rfc2409_5_a_wrong_skeyid_does_not_make_the_hashes_of_phase_1() {
    for (name, hashes) in [("ikev1-main-psk", 2), ("ikev1-aggressive-psk", 2), ("ikev1-main-rsa", 0)] {
        let capture = testdata("captures").join(name);
        let mut truth = truth(&capture);
        let phase_1 = |keys: &Path| {
            let objects = objects(&run(&[&capture.join("capture.pcap"), Path::new("--keys"), keys]));
            let of_phase_1 = objects.iter().filter(|object| object.get("message_id") == Some(&0.into()));
            of_phase_1.filter_map(|object| object.get("hash_verified").cloned()).collect::<Vec<_>>()
        };
        assert_eq!(phase_1(&capture.join("truth.json")), vec![Value::Bool(true); hashes], "{name}");
        for sa in truth["ike_sas"].as_array_mut().unwrap() {
            sa["SKEYID"] = Value::String("5a".repeat(sa["SKEYID"].as_str().unwrap().len() / 2));
        }
        let keys = scratch("wrong-skeyid").join(format!("{name}.json"));
        std::fs::write(&keys, truth.to_string()).unwrap();
        assert_eq!(phase_1(&keys), vec![Value::Bool(false); hashes], "{name}");
    }
}

#[test]
fn rfc2409_5_the_hashes_of_phase_1_are_told_apart_where_both_ends_have_one_address() {
    for name in ["ikev1-main-psk", "ikev1-aggressive-psk", "ikev1-natt"] {
        let capture = testdata("captures").join(name);
        let mut octets = std::fs::read(capture.join("capture.pcap")).unwrap();
        let (mut at, mut initiator) = (24, None);
        while at < octets.len() {
            let length = u32::from_le_bytes(octets[at + 8..at + 12].try_into().unwrap());
            let frame = &mut octets[at + 16..at + 16 + usize::try_from(length).unwrap()];
            at += 16 + frame.len();
            // Ethernet in front. Both get one address, and ports as a NAT gives them.
            let ip = &mut frame[14..];
            let source: [u8; 4] = ip[12..16].try_into().unwrap();
            let from_initiator = *initiator.get_or_insert(source) == source;
            ip[12..20].copy_from_slice(&[203, 0, 113, 1, 203, 0, 113, 1]);
            if ip[9] == 17 {
                let moved = ip[20..24].chunks(2).any(|port| port == 4500u16.to_be_bytes());
                let [ours, theirs] =
                    if moved { [45_000u16, 4500] } else { [1500, 500] }.map(u16::to_be_bytes);
                let ports = if from_initiator { [ours, theirs] } else { [theirs, ours] };
                ip[20..24].copy_from_slice(ports.as_flattened());
            }
        }
        let altered = scratch("one-address").join(format!("{name}.pcap"));
        std::fs::write(&altered, &octets).unwrap();
        let objects = objects(&run(&[&altered, Path::new("--keys"), &capture.join("truth.json")]));
        let of_phase_1 = objects.iter().filter(|object| object.get("message_id") == Some(&0.into()));
        let hashes: Vec<_> = of_phase_1.filter_map(|object| object.get("hash_verified").cloned()).collect();
        assert_eq!(hashes, vec![Value::Bool(true); 2], "{name}");
    }
}

#[test]
fn ikev1_without_phase_1_is_read_from_the_last_block_of_it() {
    let capture = testdata("captures/ikev1-main-psk");
    let octets = std::fs::read(capture.join("capture.pcap")).unwrap();
    // Cut the first six frames out: phase 1.
    let mut at = 24;
    for _ in 0..6 {
        let length = u32::from_le_bytes(octets[at + 8..at + 12].try_into().unwrap());
        at += 16 + usize::try_from(length).unwrap();
    }
    let late = scratch("late").join("capture.pcap");
    std::fs::write(&late, [&octets[..24], &octets[at..]].concat()).unwrap();
    let keys = capture.join("truth.json");
    let objects = objects(&run(&[&late, Path::new("--keys"), &keys]));
    let authentic = objects.iter().filter(|object| object.get("hash_verified") == Some(&true.into())).count();
    assert_eq!(authentic, 5, "three messages of Quick Mode, two Deletes");
    // A table has the key alone, and what the IV is made of is not there.
    let output = dissect().args([&late, Path::new("--keys"), &capture.join("wireshark")]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("the capture does not have the public values that the IV is made of"), "{text}");
}

#[test]
fn text_names_what_happens_in_ikev1() {
    let text = |name: &str| {
        let capture = testdata("captures").join(name);
        let arguments = [capture.join("capture.pcap"), "--keys".into(), capture.join("truth.json")];
        String::from_utf8(dissect().args(arguments).output().unwrap().stdout).unwrap()
    };
    let text = [text("ikev1-xauth-modecfg"), text("ikev1-frag-rsa"), text("ikev1-lifecycle")].concat();
    for expected in [
        "MAIN_MODE",
        "KEY_IKE (AES-CBC-128, SHA, XAUTHInitPreShared, 2048-bit MODP",
        "decrypted, authentic",
        "VID NAT-T (RFC 3947)",
        "ID ID_IPV4_ADDR 192.0.2.1",
        "XAUTH_USER_PASSWORD (12 octets)",
        "INTERNAL_IP4_ADDRESS 10.3.1.1",
        "fragment 4 (last) of message 1",
        "ESP_AES-CBC-256, HMAC-SHA, Tunnel, 2048-bit MODP",
        "N R-U-THERE ISAKMP 72fe840f38fc2e594f52ba9c45314404: ",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(!text.contains("xauth-pass"), "a password is no part of a report");
}

#[test]
fn without_keys_the_clear_part_is_shown() {
    let capture = testdata("captures/ikev2-psk-gcm/capture.pcap");
    let objects = objects(&run(&[&capture]));
    assert_eq!(objects[0]["payloads"][0], "SA");
    assert!(objects.iter().any(|object| object.get("reason") == Some(&"no keys for this SPI".into())));
}

#[test]
fn text_names_what_happens() {
    let capture = testdata("captures/ikev2-psk-gcm");
    let arguments = [capture.join("capture.pcap"), "--keys".into(), capture.join("truth.json")];
    let output = dissect().args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for expected in
        ["IKE_SA_INIT request", "ENCR_AES_GCM_16-256", "ID_FQDN left.example", "verified", "decrypted"]
    {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn unreadable_files_end_with_code_2_and_a_message() {
    let folder = scratch("unreadable");
    let capture = testdata("captures/ikev2-psk-gcm/capture.pcap");
    let file = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let keys = Path::new("--keys");
    let (empty, garbage) = (file("empty", b""), file("garbage", &[0x5a; 400]));
    let (absent, bad_json) = (folder.join("absent"), file("bad.json", b"{\"ike_sas\": ["));
    let (odd_json, bad_table) = (file("odd.json", b"{}"), file("table", b"a,b,c\n"));
    let cases: [&[&Path]; 9] = [
        &[],
        &[&absent],
        &[&empty],
        &[&garbage],
        &[&capture, keys],
        &[&capture, keys, &absent],
        &[&capture, keys, &bad_json],
        &[&capture, keys, &odd_json],
        &[&capture, keys, &bad_table],
    ];
    for arguments in cases {
        let output = dissect().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.starts_with("dissect: ") && !message.contains("panicked"), "{message}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn damaged_captures_do_not_stop_it() {
    for name in ["ikev2-rsa-frag", "ikev1-frag-rsa", "ikev1-aggressive-xauth"] {
        let capture = testdata("captures").join(name);
        let octets = std::fs::read(capture.join("capture.pcap")).unwrap();
        let damaged = scratch("damaged").join(name);
        for step in 0..60 {
            let mut copy = octets.clone();
            // Behind the file header, so that the file stays a capture file.
            for at in (24 + step * 7..copy.len()).step_by(397) {
                copy[at] ^= 1 << (step % 8);
            }
            copy.truncate(octets.len() - step * 11);
            std::fs::write(&damaged, &copy).unwrap();
            let arguments = [damaged.clone(), "--keys".into(), capture.join("truth.json"), "--json".into()];
            let output = dissect().args(arguments).output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(matches!(output.status.code(), Some(0 | 2)), "{name}: {errors}");
        }
    }
}
