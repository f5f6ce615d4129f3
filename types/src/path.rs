use core::net::SocketAddr;

/// The four zero octets that precede every IKE message on UDP port 4500 and in a TCP stream (RFC 3948 §2.2).
pub const NON_ESP_MARKER: [u8; 4] = [0; 4];

/// The UDP payload of a NAT keepalive (RFC 3948 §2.3).
pub const NAT_KEEPALIVE: [u8; 1] = [0xff];

/// What carries IKE and ESP between two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 3948 and RFC 9329 leave no fourth way")]
pub enum Carrier {
    /// UDP port 500: IKE alone, without a marker (RFC 7296 §2).
    Udp,
    /// UDP port 4500: IKE behind the non-ESP marker, ESP, and keepalives (RFC 3948).
    UdpEncapsulated,
    /// A TCP stream: IKE behind the non-ESP marker, and ESP, in frames with a length (RFC 9329).
    Tcp,
}

/// Where datagrams come from and go to: both ends, and the carrier between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's address and port.
    pub remote: SocketAddr,
    /// What carries the datagrams.
    pub carrier: Carrier,
}

/// What a datagram or frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 3948 §2 has these three packet formats")]
pub enum Datagram<'a> {
    /// An IKE message, without the non-ESP marker.
    Ike(&'a [u8]),
    /// An ESP packet, from the SPI on.
    Esp(&'a [u8]),
    /// A NAT keepalive, never a proof of life (RFC 3948 §4).
    Keepalive,
}

/// Tells IKE, ESP and keepalives apart (RFC 3948 §2, RFC 9329 §3).
///
/// Takes the payload of a UDP datagram, or what a TCP frame holds after its length field. `None` means that it is none
/// of the three: on UDP port 4500 and TCP, too short to hold an SPI, or a marker with nothing behind.
///
/// ```
/// use ipsec_types::{Carrier, Datagram, classify};
///
/// assert_eq!(classify(Carrier::UdpEncapsulated, &[0xff]), Some(Datagram::Keepalive));
/// assert_eq!(classify(Carrier::UdpEncapsulated, &[0, 0, 0, 0, 7]), Some(Datagram::Ike(&[7])));
/// assert_eq!(classify(Carrier::Udp, &[0, 0, 0, 0, 7]), Some(Datagram::Ike(&[0, 0, 0, 0, 7])));
/// ```
pub fn classify(carrier: Carrier, datagram: &[u8]) -> Option<Datagram<'_>> {
    match (carrier, datagram) {
        (Carrier::Udp, []) => None,
        (Carrier::Udp, message) => Some(Datagram::Ike(message)),
        // Over TCP it is not to be sent, and no error where it comes in (RFC 9329 §6.6).
        (Carrier::UdpEncapsulated | Carrier::Tcp, payload) if *payload == NAT_KEEPALIVE => {
            Some(Datagram::Keepalive)
        }
        (Carrier::UdpEncapsulated | Carrier::Tcp, packet) => match packet.split_first_chunk() {
            Some((&NON_ESP_MARKER, [])) | None => None,
            Some((&NON_ESP_MARKER, message)) => Some(Datagram::Ike(message)),
            Some(_) => Some(Datagram::Esp(packet)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w2_21_port_4500_demultiplexing() {
        let on_4500 = |datagram| classify(Carrier::UdpEncapsulated, datagram);
        assert_eq!(on_4500(&[0xff]), Some(Datagram::Keepalive));
        for short in [&[][..], &[0], &[0, 0], &[0, 0, 0], &[0xff, 0xff], &[1, 2, 3]] {
            assert_eq!(on_4500(short), None, "{short:?}");
        }
        assert_eq!(on_4500(&[0, 0, 0, 0]), None, "a marker with nothing behind it");
        assert_eq!(on_4500(&[0, 0, 0, 0, 0xde, 0xad]), Some(Datagram::Ike(&[0xde, 0xad])));
        // ESP with SPI 0 is IKE: the marker is what tells them apart.
        assert_eq!(on_4500(&[0, 0, 0, 0, 0, 0, 0, 1]), Some(Datagram::Ike(&[0, 0, 0, 1])));
        assert_eq!(on_4500(&[0, 0, 1, 0, 9]), Some(Datagram::Esp(&[0, 0, 1, 0, 9])));
    }

    #[test]
    fn rfc9329_6_6_a_keepalive_in_a_stream_is_no_error() {
        assert_eq!(classify(Carrier::Tcp, &[0xff]), Some(Datagram::Keepalive));
        assert_eq!(classify(Carrier::Tcp, &[0xff, 0xff]), None);
        assert_eq!(classify(Carrier::Tcp, &[0, 0, 0, 0, 1]), Some(Datagram::Ike(&[1])));
        assert_eq!(classify(Carrier::Tcp, &[1, 0, 0, 0, 1]), Some(Datagram::Esp(&[1, 0, 0, 0, 1])));
    }
}
