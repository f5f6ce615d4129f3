//! Two gateways in one process, over an emulated link: IKEv2 sets up a tunnel, ordinary IP packets cross it, its SAs are
//! replaced under traffic, and everything that crossed is left in a capture with the keys to read it.
//!
//! With `--route-based` the policy takes whatever is routed to the tunnel, and the ends tell each other over it which
//! networks are behind them.
//!
//! `tunnel [--route-based] [--loss PERCENT] [--seed NUMBER] [--out FOLDER] [PACKETS]`

#![expect(
    unreachable_pub,
    clippy::print_stdout,
    reason = "a program: its modules are its own, its output is its purpose"
)]
#![expect(clippy::wildcard_enum_match_arm, reason = "what is not shown is passed over")]

mod gateways;
mod record;
mod routes;
mod run;

use run::{Outcome, Tunnel};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: tunnel [--route-based] [--loss PERCENT] [--seed NUMBER] [--out FOLDER] [PACKETS]

  --route-based   no networks in the policies: routes into the tunnel are learned over it, for two networks at each end
  --loss PERCENT  how many of a hundred datagrams the link loses; 0
  --seed NUMBER   where all randomness comes from: the same seed, the same run; 1
  --out FOLDER    where tunnel.pcap, ikev2_decryption_table and esp_sa go; target/tunnel
  PACKETS         a pcap file of IP packets (link type 101) between 10.1.0.0/16, 2001:db8:1::/48 on the left and
                  10.2.0.0/16, 2001:db8:2::/48 on the right; testdata/packets/ordinary.pcap";

struct Arguments {
    route_based: bool,
    loss: u8,
    seed: u64,
    out: PathBuf,
    packets: PathBuf,
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
    match Tunnel::new(&arguments).and_then(Tunnel::run) {
        Ok(outcome) => report(&arguments, &outcome),
        Err(error) => fail(&error),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("tunnel: {error}");
    ExitCode::from(2)
}

fn report(arguments: &Arguments, outcome: &Outcome) -> ExitCode {
    let Outcome { sent, identical, different, rekeys, pairs, routes, consistent } = outcome;
    println!(
        "\nWent in: {sent} IP packets. Came out: {identical}, octet for octet the same; {different} changed."
    );
    if arguments.route_based {
        println!(
            "Networks learned over the tunnel: {routes}. Pairs of SAs that carried them, replaced ones apart: {pairs}."
        );
    }
    println!(
        "Child SAs replaced under traffic: {rekeys}. Both ends agree, and nothing is left: {consistent}."
    );
    let out = arguments.out.display();
    println!("{out}/tunnel.pcap holds what crossed the link. To read it with Wireshark's keys:");
    println!(
        "  mkdir -p /tmp/tunnel-profile && cp {out}/ikev2_decryption_table {out}/esp_sa /tmp/tunnel-profile/\n  \
         WIRESHARK_CONFIG_DIR=/tmp/tunnel-profile tshark -r {out}/tunnel.pcap \
         -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE"
    );
    let delivered = arguments.loss > 0 || sent == identical;
    if *different == 0 && delivered && *consistent { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Arguments {
    /// The arguments; `None` where help was asked for.
    fn read() -> Result<Option<Self>, String> {
        let packets = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/packets/ordinary.pcap");
        let mut own = Self {
            route_based: false,
            loss: 0,
            seed: 1,
            out: "target/tunnel".into(),
            packets: packets.into(),
        };
        let mut arguments = std::env::args_os().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = |name: &str| arguments.next().ok_or_else(|| format!("{name} wants a value"));
            let number = |value: std::ffi::OsString| {
                value
                    .to_str()
                    .and_then(|text| text.parse::<u64>().ok())
                    .ok_or_else(|| "not a number".to_owned())
            };
            match argument.to_str() {
                Some("--help" | "-h") => return Ok(None),
                Some("--route-based") => own.route_based = true,
                Some("--loss") => {
                    let percent = number(value("--loss")?)?;
                    let percent = u8::try_from(percent).ok().filter(|percent| *percent <= 100);
                    own.loss = percent.ok_or("--loss wants 0 to 100")?;
                }
                Some("--seed") => own.seed = number(value("--seed")?)?,
                Some("--out") => own.out = value("--out")?.into(),
                Some(option) if option.starts_with("--") => return Err(format!("unknown option {option}")),
                _ => own.packets = argument.into(),
            }
        }
        Ok(Some(own))
    }
}
