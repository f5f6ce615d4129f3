//! NAT detection (RFC 7296 §2.23).

use core::net::{IpAddr, SocketAddr};
use ikev2_wire::{IkeSpi, NotifyType, Payload, PayloadChain, PayloadType};
use ipsec_crypto_suite::{CryptoError, CryptoProvider, HashId};
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
    let port = end.port().to_be_bytes();
    let mut out = Detection::default();
    let hash = provider.hash(HashId::Sha1)?;
    match end.ip() {
        IpAddr::V4(address) => hash.digest(&[&spi_i.0, &spi_r.0, &address.octets(), &port], &mut out)?,
        IpAddr::V6(address) => hash.digest(&[&spi_i.0, &spi_r.0, &address.octets(), &port], &mut out)?,
    }
    Ok(out)
}

/// What the notifies of a message say about the way it came; `None` where the peer does not detect NATs.
pub(crate) fn detect(
    provider: &CryptoProvider,
    spis: (IkeSpi, IkeSpi),
    path: &Path,
    payloads: PayloadChain<'_>,
) -> Result<Option<Nat>, CryptoError> {
    let source = detection(provider, spis.0, spis.1, path.remote)?;
    let destination = detection(provider, spis.0, spis.1, path.local)?;
    // A sender with several addresses sends several of the first kind.
    let (mut sources, mut destinations) = ((false, false), (false, false));
    for payload in payloads.find_all(PayloadType::NOTIFY) {
        let Ok(Payload::Notify(notify)) = payload.decode() else { continue };
        let (seen, own) = match notify.kind() {
            NotifyType::NAT_DETECTION_SOURCE_IP => (&mut sources, &source),
            NotifyType::NAT_DETECTION_DESTINATION_IP => (&mut destinations, &destination),
            _ => continue,
        };
        *seen = (true, seen.1 || notify.data() == own);
    }
    let both = sources.0 && destinations.0;
    Ok(both.then_some(Nat { local: !destinations.1, remote: !sources.1 }))
}
