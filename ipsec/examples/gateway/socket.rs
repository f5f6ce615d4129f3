//! UDP sockets that tell the traffic class of each datagram, DSCP and ECN, and set it; where the system is not Linux they do
//! neither, and send what no router marks.

use core::net::SocketAddr;
use std::io;
use std::net::UdpSocket;

pub struct Socket(UdpSocket);

#[cfg(target_os = "linux")]
impl Socket {
    pub fn bind(local: SocketAddr) -> io::Result<Self> {
        use nix::sys::socket::{setsockopt, sockopt};
        let socket = UdpSocket::bind(local)?;
        match local {
            SocketAddr::V4(_) => setsockopt(&socket, sockopt::IpRecvTos, &true)?,
            SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvTClass, &true)?,
        }
        Ok(Self(socket))
    }

    /// The next datagram: its length, its sender, and its traffic class.
    pub fn receive(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr, Option<u8>)> {
        use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
        use std::os::fd::AsRawFd as _;
        let mut control = nix::cmsg_space!(i32);
        let mut parts = [io::IoSliceMut::new(buf)];
        let (fd, flags) = (self.0.as_raw_fd(), MsgFlags::empty());
        let message = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), flags)?;
        let class = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4Tos(class) => Some(class),
            ControlMessageOwned::Ipv6TClass(class) => u8::try_from(class).ok(),
            _ => None,
        });
        let v4 = |from: &SockaddrStorage| from.as_sockaddr_in().map(|from| SocketAddr::V4((*from).into()));
        let v6 = |from: &SockaddrStorage| from.as_sockaddr_in6().map(|from| SocketAddr::V6((*from).into()));
        let remote = message.address.and_then(|from| v4(&from).or_else(|| v6(&from)));
        remote.map(|remote| (message.bytes, remote, class)).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Sends a datagram with a traffic class.
    pub fn send(&self, contents: &[u8], remote: SocketAddr, class: u8) -> io::Result<()> {
        use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmsg};
        use std::os::fd::AsRawFd as _;
        let wide = i32::from(class);
        let control = match remote {
            SocketAddr::V4(_) => [ControlMessage::Ipv4Tos(&class)],
            SocketAddr::V6(_) => [ControlMessage::Ipv6TClass(&wide)],
        };
        let (fd, parts) = (self.0.as_raw_fd(), [io::IoSlice::new(contents)]);
        sendmsg(fd, &parts, &control, MsgFlags::empty(), Some(&SockaddrStorage::from(remote)))?;
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
impl Socket {
    pub fn bind(local: SocketAddr) -> io::Result<Self> {
        UdpSocket::bind(local).map(Self)
    }

    /// The next datagram: its length and its sender.
    pub fn receive(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr, Option<u8>)> {
        self.0.recv_from(buf).map(|(length, remote)| (length, remote, None))
    }

    /// Sends a datagram; its traffic class is the socket's.
    pub fn send(&self, contents: &[u8], remote: SocketAddr, _class: u8) -> io::Result<()> {
        self.0.send_to(contents, remote).map(drop)
    }
}

impl Socket {
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn rfc6040_dscp_and_ecn_of_each_datagram_go_out_and_come_in() {
        for local in ["127.0.0.1:0", "[::1]:0"] {
            let bind = || Socket::bind(local.parse().unwrap());
            let (Ok(left), Ok(right)) = (bind(), bind()) else {
                assert!(local.starts_with('['), "a system without IPv6");
                continue;
            };
            let to = right.0.local_addr().unwrap();
            for class in [0, 0xb8, 0x02, 0x03, 0xbb, 0x01] {
                left.send(&[class; 9], to, class).unwrap();
                let mut buf = [0; 64];
                let (length, from, told) = right.receive(&mut buf).unwrap();
                assert_eq!((&buf[..length], from), (&[class; 9][..], left.0.local_addr().unwrap()));
                assert_eq!(told, Some(class), "{local}");
            }
        }
    }
}
