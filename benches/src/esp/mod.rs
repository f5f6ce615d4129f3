//! ESP against the bare algorithms underneath, over the same octets, and against other programs' data paths.

mod cbc_hmac;
mod gcm;
mod peers;
mod threads;

use crate::{Figure, wanted};
use ipsec::crypto_suite::{CryptoError, CryptoProvider, Protection, Secret, SecureRandom, rustcrypto};
use ipsec::esp::{InboundSa, OutboundSa};
use ipsec::ip_packet::Packet;
use ipsec::sa_db::{Mode, SaMaterial, SaParams, SelectorPair};
use ipsec::types::{IpProtocol, Spi};
use testkit::count_allocations;

/// Packets of a round: few enough for the caches.
pub(crate) const PACKETS: usize = 32;
pub(crate) const KEY: u8 = 7;
pub(crate) const SALT: u8 = 1;
pub(crate) const ROOM: usize = 64;

/// IVs of CBC are made from a key of zeros: what they are does not matter here.
pub(crate) struct Zeros;

impl SecureRandom for Zeros {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.fill(0);
        Ok(())
    }
}

/// Keys of one octet repeated; the salt behind them too.
fn material(protection: Protection) -> SaMaterial {
    let params = SaParams { replay_window: 1024, ..SaParams::new(protection, Mode::Tunnel) };
    let spi = Spi::new(0xc001_cafe).expect("not reserved");
    let mut encryption = vec![KEY; protection.encryption_key_len()];
    if protection.is_aead() {
        let salt = encryption.len() - 4;
        encryption[salt..].fill(SALT);
    }
    let integrity = (!protection.is_aead()).then(|| Secret::new(vec![KEY; protection.integrity_key_len()]));
    SaMaterial { spi, params, encryption: Some(Secret::new(encryption)), integrity }
}

pub(crate) fn outbound(provider: &CryptoProvider, protection: Protection) -> OutboundSa {
    OutboundSa::new(provider, &mut Zeros, material(protection)).expect("fitting keys")
}

pub(crate) fn inbound(provider: &CryptoProvider, protection: Protection) -> InboundSa {
    InboundSa::new(provider, material(protection), SelectorPair::any().into()).expect("fitting keys")
}

/// Buffers with a UDP packet of `length` octets between head and tail room.
pub(crate) fn buffers(length: usize) -> Vec<Vec<u8>> {
    let mut buf = vec![0x5a; ROOM + length + ROOM];
    let [high, low] = u16::try_from(length).expect("length of an IP packet").to_be_bytes();
    let header = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1];
    buf[ROOM..ROOM + header.len()].copy_from_slice(&header);
    vec![buf; PACKETS]
}

pub(crate) fn seal_all(sa: &mut OutboundSa, buffers: &mut [Vec<u8>], length: usize) {
    for buf in buffers {
        let mut packet = Packet::new(buf, ROOM..ROOM + length, IpProtocol::IPV4).expect("inside the buffer");
        sa.seal_in_place(&mut packet).expect("sealed");
    }
}

/// Opens packets that stand at `esp` in their buffers.
pub(crate) fn open_all(sa: &mut InboundSa, buffers: &mut [Vec<u8>], esp: core::ops::Range<usize>) {
    for buf in buffers {
        let mut packet = Packet::new(buf, esp.clone(), IpProtocol::ESP).expect("inside the buffer");
        sa.open_in_place(&mut packet).expect("opened");
    }
}

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let mut figure = |name: String, value: &mut dyn FnMut() -> f64| {
        if wanted(prefix, &name) {
            figures.push(Figure { name, value: value() });
        }
    };
    for length in [64, 576, 1400] {
        figure(format!("esp.rustcrypto.gcm128.seal.{length}.of_bare"), &mut || gcm::seal(length));
        figure(format!("esp.rustcrypto.gcm128.open.{length}.of_bare"), &mut || gcm::open(length));
        figure(format!("esp.aws.gcm128.seal.{length}.of_bare"), &mut || gcm::aws_seal(length));
        figure(format!("esp.aws.gcm128.open.{length}.of_bare"), &mut || gcm::aws_open(length));
    }
    figure("esp.rustcrypto.cbc_hmac.seal.1400.of_bare".to_owned(), &mut || cbc_hmac::seal(1400));
    figure("esp.rustcrypto.cbc_hmac.open.1400.of_bare".to_owned(), &mut || cbc_hmac::open(1400));
    figure("esp.aws.cbc_hmac.seal.1400.of_bare".to_owned(), &mut || cbc_hmac::aws_seal(1400));
    figure("esp.aws.cbc_hmac.open.1400.of_bare".to_owned(), &mut || cbc_hmac::aws_open(1400));
    for length in [64, 1400] {
        figure(format!("esp.chapoly.seal.{length}.vs_boringtun"), &mut || peers::seal_vs_boringtun(length));
        figure(format!("esp.chapoly.bare.{length}.vs_boringtun"), &mut || peers::bare_vs_boringtun(length));
        figure(format!("esp.gcm128.seal.{length}.vs_ryke"), &mut || peers::seal_vs_ryke(length));
    }
    figure("esp.two_threads.speedup".to_owned(), &mut threads::speedup);
    figure("esp.two_threads.bare_speedup".to_owned(), &mut threads::bare_speedup);
    figure("alloc.esp.per_packet".to_owned(), &mut allocations);
}

fn allocations() -> f64 {
    let provider = rustcrypto::provider();
    let (mut out, mut in_) = (outbound(&provider, gcm::GCM128), inbound(&provider, gcm::GCM128));
    let mut buffers = buffers(1400);
    let (count, ()) = count_allocations(|| {
        seal_all(&mut out, &mut buffers, 1400);
        open_all(&mut in_, &mut buffers, gcm::esp(1400));
    });
    count as f64 / PACKETS as f64
}
