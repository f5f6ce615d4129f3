//! Shows a capture of IKE, ESP and AH traffic decrypted and verified with given keys.
//!
//! `dissect CAPTURE --keys FILE [--keys FILE ...] [--json]`: the capture is pcap or pcapng, a key file is JSON with
//! `ike_sas` and `child_sas`, one of Wireshark's tables `ikev1_decryption_table`, `ikev2_decryption_table` and `esp_sa`, or
//! a folder with these.

#![expect(
    unreachable_pub,
    clippy::print_stdout,
    reason = "a program: its modules are its own, its output is its purpose"
)]
#![expect(clippy::wildcard_enum_match_arm, reason = "what is not shown is passed over")]

mod algorithms;
mod capture;
mod data;
mod ikev1;
mod inner;
mod keys;
mod payloads;
mod phase1;
mod report;
mod session;

use ipsec::crypto_suite::rustcrypto;
use keys::Keys;
use report::Report;
use session::Session;
use std::io::{BufWriter, ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: dissect CAPTURE [--keys FILE]... [--json]

  CAPTURE       a pcap or pcapng file
  --keys FILE   JSON with ike_sas and child_sas, one of Wireshark's ikev1_decryption_table,
                ikev2_decryption_table and esp_sa, or a folder that holds these tables;
                may be given more than once
  --json        one JSON object per IKE message and per ESP or AH packet";

struct Arguments {
    capture: PathBuf,
    keys: Vec<PathBuf>,
    json: bool,
}

fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&format!("{error}\n{USAGE}")),
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("dissect: {error}");
    ExitCode::from(2)
}

impl Arguments {
    /// The arguments; `None` where help was asked for.
    fn read() -> Result<Option<Self>, String> {
        let (mut capture, mut keys, mut json) = (None, Vec::new(), false);
        let mut arguments = std::env::args_os().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--help" | "-h") => return Ok(None),
                Some("--json") => json = true,
                Some("--keys") => keys.push(arguments.next().ok_or("--keys wants a file")?.into()),
                Some(option) if option.starts_with("--") => return Err(format!("unknown option {option}")),
                _ if capture.is_none() => capture = Some(argument.into()),
                _ => return Err("more than one capture".to_owned()),
            }
        }
        let capture = capture.ok_or("no capture given")?;
        Ok(Some(Self { capture, keys, json }))
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    #[cfg_attr(not(feature = "legacy"), expect(unused_mut, reason = "nothing is added to it then"))]
    let mut provider = rustcrypto::provider();
    #[cfg(feature = "legacy")]
    rustcrypto::add_legacy(&mut provider);
    let mut keys = Keys::new(provider);
    for path in &arguments.keys {
        keys.read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let frames = capture::read(&arguments.capture)
        .map_err(|error| format!("{}: {error}", arguments.capture.display()))?;
    let mut session = Session::new(keys);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for frame in &frames {
        let Some(report) = session.take(frame) else { continue };
        match print(&mut out, &report, arguments.json) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            result => result.map_err(|error| error.to_string())?,
        }
    }
    session.complain();
    out.flush()
        .or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error.to_string()) })
}

fn print(out: &mut impl std::io::Write, report: &Report, json: bool) -> std::io::Result<()> {
    if json { writeln!(out, "{}", report.to_json()) } else { write!(out, "{report}") }
}
