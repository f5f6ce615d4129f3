//! Two threads that seal on one SA, each with blocks of sequence numbers.

use super::{ROOM, outbound};
use ipsec::crypto_suite::rustcrypto;
use ipsec::esp::{OutboundSa, SealBlock};
use ipsec::ip_packet::Packet;
use ipsec::types::IpProtocol;
use std::sync::Barrier;
use std::time::{Duration, Instant};

const LENGTH: usize = 1400;
/// Packets of a block, and blocks that each thread uses up in a round.
const BLOCK: u32 = 1024;
const BLOCKS: usize = 8;
const ROUNDS: usize = 31;

/// How many times as many packets two threads seal in the same time as one.
pub(crate) fn speedup() -> f64 {
    let mut sa = outbound(&rustcrypto::provider(), super::gcm::GCM128);
    let (mut one, mut two) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        one = one.min(round(&mut sa, 1));
        two = two.min(round(&mut sa, 2));
    }
    2.0 * one.as_secs_f64() / two.as_secs_f64()
}

/// The time in which each of so many threads uses up its blocks.
fn round(sa: &mut OutboundSa, threads: usize) -> Duration {
    let mut blocks = || -> Vec<SealBlock> {
        let count = BLOCK.try_into().expect("not 0");
        (0..BLOCKS).map(|_| sa.reserve(count).expect("numbers")).collect()
    };
    let shares: Vec<_> = (0..threads).map(|_| blocks()).collect();
    let start = Barrier::new(threads + 1);
    let (blocks, took) = std::thread::scope(|scope| {
        let running: Vec<_> = shares
            .into_iter()
            .map(|mut blocks| {
                scope.spawn(|| {
                    let mut buf = vec![0x5a; ROOM + LENGTH + ROOM];
                    start.wait();
                    for block in &mut blocks {
                        seal(block, &mut buf);
                    }
                    blocks
                })
            })
            .collect();
        start.wait();
        let from = Instant::now();
        let blocks: Vec<_> = running.into_iter().flat_map(|thread| thread.join().expect("sealed")).collect();
        (blocks, from.elapsed())
    });
    for block in blocks {
        sa.settle(block).expect("our own block");
    }
    took
}

fn seal(block: &mut SealBlock, buf: &mut [u8]) {
    for _ in 0..BLOCK {
        let mut packet = Packet::new(buf, ROOM..ROOM + LENGTH, IpProtocol::IPV4).expect("inside the buffer");
        block.seal_in_place(&mut packet).expect("sealed");
    }
}
