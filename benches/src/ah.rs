//! AH against the bare HMAC underneath, over the same octets.

use crate::esp::{KEY, PACKETS, ROOM, buffers};
use crate::{Figure, ratio, wanted};
use hmac::{Hmac, KeyInit, Mac};
use ipsec::ah::OutboundSa;
use ipsec::crypto_suite::{CipherId, MacId, Protection, Secret, rustcrypto};
use ipsec::ip_packet::Packet;
use ipsec::sa_db::{Mode, SaMaterial, SaParams};
use ipsec::types::{IpProtocol, Spi};
use sha2::Sha256;

pub(crate) fn add(prefix: &str, figures: &mut Vec<Figure>) {
    let name = "ah.sha256.1400.of_bare";
    if wanted(prefix, name) {
        figures.push(Figure { name: name.to_owned(), value: protect(1400) });
    }
}

fn outbound() -> OutboundSa {
    let protection = Protection::Composed { cipher: CipherId::Null, mac: MacId::HmacSha2_256_128 };
    let params = SaParams::new(protection, Mode::Transport);
    let integrity = Some(Secret::new([KEY; 32]));
    let spi = Spi::new(0xc001_cafe).expect("not reserved");
    OutboundSa::new(&rustcrypto::provider(), SaMaterial { spi, params, encryption: None, integrity })
        .expect("a key")
}

/// A packet in transport mode, its IP header taken off and put on again, against the HMAC of header, AH and payload.
fn protect(length: usize) -> f64 {
    const AH_LEN: usize = 28;
    let mut sa = outbound();
    let bare = Hmac::<Sha256>::new_from_slice(&[KEY; 32]).expect("a key");
    ratio(
        || buffers(length),
        |buffers| {
            assert_eq!(buffers.len(), PACKETS);
            for buf in buffers {
                let mut packet =
                    Packet::new(buf, ROOM..ROOM + length, IpProtocol::IPV4).expect("inside the buffer");
                packet.detach_for_transport().expect("an IP packet");
                sa.seal_in_place(&mut packet).expect("sealed");
                packet.attach_header().expect("its header");
            }
        },
        |buffers| {
            for buf in buffers {
                let mut mac = bare.clone();
                mac.update(&buf[ROOM - AH_LEN..ROOM + length]);
                let icv = mac.finalize();
                buf[..16].copy_from_slice(&icv.as_bytes()[..16]);
            }
        },
    )
}
