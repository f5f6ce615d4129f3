//! The example `tunnel`: without loss every packet comes out, with loss both ends stay consistent, the same seed brings the
//! same capture, and `dissect` reads it with the keys beside it.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().and_then(Path::parent).unwrap();
    let example = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(example.is_file(), "{} is not built: run all tests of the package", example.display());
    Command::new(example)
}

fn run(out: &str, arguments: &[&str]) -> (Output, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(out);
    let output = example("tunnel").args(arguments).arg("--out").arg(&folder).output().unwrap();
    (output, folder)
}

#[test]
fn every_packet_comes_out_and_the_capture_can_be_read() {
    let (output, folder) = run("tunnel", &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("Went in: 56 IP packets. Came out: 56, octet for octet the same; 0 changed."),
        "{text}"
    );
    assert!(text.contains("replaced under traffic: 2"), "{text}");
    let arguments = [folder.join("tunnel.pcap"), "--keys".into(), folder, "--json".into()];
    let output = example("dissect").args(arguments).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    let objects: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let count = |field: &str, value: bool| objects.iter().filter(|object| object[field] == value).count();
    assert_eq!((count("verified", true), count("verified", false)), (56, 0));
    assert!(count("decrypted", true) >= 12 && count("decrypted", false) == 0);
}

#[test]
fn routes_to_two_networks_are_learned_over_one_pair_of_sas() {
    for loss in ["0", "20"] {
        let (output, _) = run("tunnel-routes", &["--route-based", "--loss", loss, "--seed", "3"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        for end in ["left  learns a route to 10.2.0.0/16", "left  learns a route to 2001:db8:2::/48"] {
            assert!(text.contains(end), "{text}");
        }
        assert!(text.contains("for 0.0.0.0/0, ::/0 = 0.0.0.0/0, ::/0"), "{text}");
        assert!(text.contains("learned over the tunnel: 4. Pairs of SAs"), "{text}");
        assert!(text.contains("replaced ones apart: 1."), "{text}");
        assert!(loss != "0" || text.contains("Came out: 56, octet for octet the same; 0 changed."), "{text}");
    }
}

#[test]
fn with_loss_both_ends_stay_consistent() {
    for seed in 1..=20 {
        let seed = seed.to_string();
        let (output, _) = run("tunnel-lossy", &["--loss", "20", "--seed", &seed]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "seed {seed}: {text}");
        assert!(
            text.contains("; 0 changed.") && text.contains("nothing is left: true"),
            "seed {seed}: {text}"
        );
    }
}

#[test]
fn the_same_seed_brings_the_same_capture() {
    let captured = |out: &str, seed: &str| {
        let (_, folder) = run(out, &["--loss", "20", "--seed", seed]);
        ["tunnel.pcap", "esp_sa", "ikev2_decryption_table"]
            .map(|name| std::fs::read(folder.join(name)).unwrap())
    };
    assert_eq!(captured("tunnel-a", "7"), captured("tunnel-b", "7"));
    assert_ne!(captured("tunnel-a", "7"), captured("tunnel-b", "8"));
}

#[test]
fn wrong_arguments_and_files_end_with_code_2() {
    for arguments in [&["--loss"][..], &["--loss", "101"], &["--seed", "x"], &["--odd"], &["/nonexistent"]] {
        let (output, _) = run("tunnel-wrong", arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("tunnel: "));
    }
}
