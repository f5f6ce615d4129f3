use crate::{CryptoError, HashAlg};
use core::net::{IpAddr, SocketAddr};
use ipsec_types::IkeSpi;

/// What tells whether an address was translated: the hash of both SPIs, as the header of the message has them, address and
/// port. With SHA-1 it is the content of IKEv2's NAT_DETECTION notifies (RFC 7296 §2.23); with the negotiated hash, and both
/// cookies, the body of IKEv1's NAT-D payload (RFC 3947 §3.2).
///
/// # Errors
///
/// [`CryptoError::Length`] where `out` has not as many octets as the hash yields.
pub fn nat_detection(
    hash: &dyn HashAlg,
    spi_i: IkeSpi,
    spi_r: IkeSpi,
    end: SocketAddr,
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let port = end.port().to_be_bytes();
    match end.ip() {
        IpAddr::V4(address) => hash.digest(&[&spi_i.0, &spi_r.0, &address.octets(), &port], out),
        IpAddr::V6(address) => hash.digest(&[&spi_i.0, &spi_r.0, &address.octets(), &port], out),
    }
}
