//! A gateway: the library with UDP sockets and a TUN device.
//!
//! `gateway CONFIG [--keylog FOLDER]`: see the page "A gateway" of the documentation for the configuration.

#![expect(
    unreachable_pub,
    clippy::print_stdout,
    reason = "a program: its modules are its own, its output is its purpose"
)]
#![expect(clippy::wildcard_enum_match_arm, reason = "what is not shown is passed over")]

extern crate alloc;

mod config;
mod device;
mod keylog;
mod run;
mod socket;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: gateway CONFIG [--keylog FOLDER]

  CONFIG           a TOML file: see docs/cookbook/gateway.md
  --keylog FOLDER  where ikev2_decryption_table and esp_sa go, for Wireshark: whoever reads them reads everything";

fn main() -> ExitCode {
    let (mut file, mut keylog) = (None, None);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Some("--keylog") => keylog = arguments.next().map(PathBuf::from),
            _ => file = Some(PathBuf::from(argument)),
        }
    }
    let Some(file) = file else { return fail(USAGE) };
    match config::read(&file).and_then(|config| run::run(&config, keylog.as_deref())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("gateway: {error}");
    ExitCode::from(2)
}
