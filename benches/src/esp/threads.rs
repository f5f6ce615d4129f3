//! Two threads that seal on one SA, each with blocks of sequence numbers.

use super::{KEY, ROOM, SALT, outbound};
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use ipsec::crypto_suite::rustcrypto;
use ipsec::esp::SealBlock;
use ipsec::ip_packet::Packet;
use ipsec::types::IpProtocol;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const LENGTH: usize = 1400;
/// Packets of a block, and blocks that each thread uses up in a round.
const BLOCK: usize = 256;
const BLOCKS: usize = 64;
const ROUNDS: usize = 31;
/// After so many packets a thread says how far it is.
const STRIDE: usize = 32;

/// How many times as many packets two threads seal in the same time as one.
pub(crate) fn speedup() -> f64 {
    let mut sa = outbound(&rustcrypto::provider(), super::gcm::GCM128);
    let mut one_round = |threads: usize| {
        let mut share = || -> Vec<SealBlock> {
            let count = u32::try_from(BLOCK).expect("a few").try_into().expect("not 0");
            (0..BLOCKS).map(|_| sa.reserve(count).expect("numbers")).collect()
        };
        let mut shares: Vec<_> = (0..threads).map(|_| share()).collect();
        let rates = round(&mut shares, |blocks, block, buf| {
            let mut packet =
                Packet::new(buf, ROOM..ROOM + LENGTH, IpProtocol::IPV4).expect("inside the buffer");
            blocks[block].seal_in_place(&mut packet).expect("sealed");
        });
        for block in shares.into_iter().flatten() {
            sa.settle(block).expect("our own block");
        }
        rates
    };
    faster(&mut one_round)
}

/// The same of the AEAD alone, each thread with a key of its own: what the machine has in it.
pub(crate) fn bare_speedup() -> f64 {
    faster(&mut |threads| {
        let mut keys: Vec<_> = (0..threads).map(|_| Aes128Gcm::new(&[KEY; 16].into())).collect();
        round(&mut keys, |key, _, buf| {
            let (head, data) = buf.split_at_mut(ROOM);
            let (data, tail) = data.split_at_mut((LENGTH + 2).next_multiple_of(4));
            let tag = key.encrypt_inout_detached(&[SALT; 12].into(), &head[..8], data.into());
            tail[..16].copy_from_slice(&tag.expect("sealed"));
        })
    })
}

/// The blocks a second that two threads get through, over those that one does.
fn faster(one_round: &mut dyn FnMut(usize) -> Vec<f64>) -> f64 {
    let (mut alone, mut beside) = (0.0f64, [0.0f64; 2]);
    for _ in 0..ROUNDS {
        alone = alone.max(one_round(1)[0]);
        for (best, rate) in beside.iter_mut().zip(one_round(2)) {
            *best = best.max(rate);
        }
    }
    beside.iter().sum::<f64>() / alone
}

/// Blocks a second of each thread: of its fastest block, while the others got on, too. A shared machine takes a thread off
/// its core every now and then; blocks are short enough that some are whole.
fn round<S: Send>(shares: &mut [S], seal: impl Fn(&mut S, usize, &mut [u8]) + Sync) -> Vec<f64> {
    let progress: Vec<_> = shares.iter().map(|_| AtomicUsize::new(0)).collect();
    let start = Barrier::new(shares.len());
    let (progress, start, seal) = (&progress, &start, &seal);
    std::thread::scope(|scope| {
        let running: Vec<_> = shares
            .iter_mut()
            .enumerate()
            .map(|(own, share)| {
                scope.spawn(move || {
                    let others = || -> Vec<usize> {
                        let others = progress.iter().enumerate().filter(|(index, _)| *index != own);
                        others.map(|(_, packets)| packets.load(Ordering::Relaxed)).collect()
                    };
                    let mut buf = vec![0x5a; ROOM + LENGTH + ROOM];
                    let mut least = Duration::MAX;
                    start.wait();
                    for block in 0..BLOCKS {
                        let (before, from) = (others(), Instant::now());
                        for packet in 1..=BLOCK {
                            seal(share, block, &mut buf);
                            if packet % STRIDE == 0 {
                                progress[own].fetch_add(STRIDE, Ordering::Relaxed);
                            }
                        }
                        let took = from.elapsed();
                        let got_on = |(before, after): (&usize, usize)| after - before >= BLOCK / 2;
                        if before.iter().zip(others()).all(got_on) {
                            least = least.min(took);
                        }
                    }
                    1.0 / least.as_secs_f64()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("sealed")).collect()
    })
}
