//! NAT detection (RFC 7296 §2.23).

use crate::v2::core::Core;
use core::net::SocketAddr;
use ikev2_wire::{IkeSpi, NotifyType, Payload, PayloadChain, PayloadType};
use ipsec_crypto_suite::{CryptoError, CryptoProvider, HashId, Secret, nat_detection};
use ipsec_types::Path;

/// The content of a NAT_DETECTION notify.
pub(crate) type Detection = [u8; HashId::Sha1.output_len()];

/// Which ends are behind a NAT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nat {
    pub(crate) local: bool,
    pub(crate) remote: bool,
}

impl Nat {
    pub(crate) const fn any(self) -> bool {
        self.local || self.remote
    }
}

/// SHA-1 over both SPIs, as the header of the message has them, address and port.
pub(crate) fn detection(
    provider: &CryptoProvider,
    spi_i: IkeSpi,
    spi_r: IkeSpi,
    end: SocketAddr,
) -> Result<Detection, CryptoError> {
    let mut out = Detection::default();
    nat_detection(provider.hash(HashId::Sha1)?, spi_i, spi_r, end, &mut out)?;
    Ok(out)
}

/// The notifies of a message of ours: of our own end, which is one that fits no address where UDP encapsulation is to be
/// had in any case, and of the peer's.
pub(crate) fn own_detection(
    core: &mut Core,
    spi_i: IkeSpi,
    spi_r: IkeSpi,
    path: &Path,
) -> Result<[Detection; 2], CryptoError> {
    let mut source = detection(&core.provider, spi_i, spi_r, path.local)?;
    if core.config.force_udp_encapsulation {
        core.rng.fill(&mut source)?;
    }
    Ok([source, detection(&core.provider, spi_i, spi_r, path.remote)?])
}

/// What the notifies of a message say about the way it came; `None` where the peer does not detect NATs.
pub(crate) fn detect(
    provider: &CryptoProvider,
    spis: (IkeSpi, IkeSpi),
    path: &Path,
    payloads: PayloadChain<'_>,
) -> Result<Option<Nat>, CryptoError> {
    // No secrets, but compared like them: in the same time wherever they differ.
    let source = Secret::new(detection(provider, spis.0, spis.1, path.remote)?);
    let destination = Secret::new(detection(provider, spis.0, spis.1, path.local)?);
    // A sender with several addresses sends several of the first kind.
    let (mut sources, mut destinations) = ((false, false), (false, false));
    for payload in payloads.find_all(PayloadType::NOTIFY) {
        let Ok(Payload::Notify(notify)) = payload.decode() else { continue };
        let (seen, own) = match notify.kind() {
            NotifyType::NAT_DETECTION_SOURCE_IP => (&mut sources, &source),
            NotifyType::NAT_DETECTION_DESTINATION_IP => (&mut destinations, &destination),
            _ => continue,
        };
        *seen = (true, seen.1 | own.ct_eq(notify.data()));
    }
    let both = sources.0 && destinations.0;
    Ok(both.then_some(Nat { local: !destinations.1, remote: !sources.1 }))
}

#[cfg(all(test, feature = "rustcrypto"))]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::net::IpAddr;
    use ikev2_wire::{ExchangeType, Message};
    use ipsec_crypto_suite::rustcrypto::provider;
    use ipsec_types::Carrier;

    /// Source and destination of a frame with an IPv4 packet.
    fn ends(frame: &testkit::Frame) -> Option<Path> {
        let (source_port, destination_port, _) = frame.udp()?;
        let ip = frame.octets.get(14..)?;
        let address = |at: usize| Some(IpAddr::from(<[u8; 4]>::try_from(ip.get(at..at + 4)?).ok()?));
        let remote = SocketAddr::new(address(12)?, source_port);
        let local = SocketAddr::new(address(16)?, destination_port);
        Some(Path { local, remote, carrier: Carrier::Udp })
    }

    /// What IKE_SA_INIT of a capture says about NATs, as its receivers see it.
    fn detected(capture: &str) -> Vec<Nat> {
        let frames = testkit::read_pcap(testkit::testdata("captures").join(capture).join("capture.pcap"));
        let found = frames.iter().filter_map(|frame| {
            let message = Message::parse(frame.ike()?).ok()?;
            let header = *message.header();
            if header.exchange != ExchangeType::IKE_SA_INIT {
                return None;
            }
            detect(&provider(), (header.spi_i, header.spi_r), &ends(frame)?, message.payloads()).ok()?
        });
        found.collect()
    }

    #[test]
    fn rfc7296_2_23_hashes_of_real_peers() {
        assert_eq!(detected("ikev2-psk-gcm"), [Nat::default(); 2]);
        // One end forces NAT traversal, or is behind a NAT: the other sees it.
        let behind = detected("ikev2-natt");
        assert!(behind.len() >= 2 && behind.iter().any(|nat| nat.any()), "{behind:?}");
    }
}
