use core::fmt;
use core::net::IpAddr;

use ipsec_types::parse::{chunk, part};
use ipsec_types::{Encode, EncodeError, ParseError, ParseErrorKind, Writer};

use crate::identification::address;
use crate::opaque::opaque_payload;
use crate::{EncapsulationMode, IdType, KnownVendor, PayloadType, VendorId};

opaque_payload! {
    /// The NAT Discovery payload (RFC 3947 §3.2): a hash of cookies, address and port, made with the hash of the ISAKMP
    /// SA, whose length this has.
    ///
    /// ```text
    ///                      1                   2                   3
    ///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ~                     HASH of the address and port              ~
    /// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    /// ```
    ///
    /// The first one of a message is about the address it is sent to, the others about all the addresses that it may have
    /// come from. One of another length than that of the hash matches nothing.
    ///
    /// ```
    /// use ikev1_wire::NatDiscovery;
    ///
    /// let input = NatDiscovery::input([1; 8], [2; 8], "192.0.2.1:500".parse().unwrap());
    /// // Here the hash of the parts, one after the other, is taken.
    /// assert_eq!(input.octets().len(), 8 + 8 + 4 + 2);
    /// ```
    pub struct NatDiscovery: "the hash", shown as digits
}

impl NatDiscovery<'_> {
    /// What the hash is made of: "HASH = HASH(CKY-I | CKY-R | IP | Port)" (RFC 3947 §3.2).
    pub fn input(cookie_i: [u8; 8], cookie_r: [u8; 8], end: core::net::SocketAddr) -> NatDiscoveryInput {
        let mut octets = [0; NatDiscoveryInput::MAX_LEN];
        let mut out = Writer::new(&mut octets);
        let port = end.port().to_be_bytes();
        let put = |out: &mut Writer<'_>, address: &[u8]| {
            [&cookie_i[..], &cookie_r, address, &port].iter().try_for_each(|part| out.put(part))
        };
        let written = match end.ip() {
            IpAddr::V4(address) => put(&mut out, &address.octets()),
            IpAddr::V6(address) => put(&mut out, &address.octets()),
        };
        let len = if written.is_ok() { out.len() } else { 0 };
        NatDiscoveryInput { octets, len }
    }
}

/// What the hash of a [`NatDiscovery`] is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NatDiscoveryInput {
    octets: [u8; Self::MAX_LEN],
    len: usize,
}

impl NatDiscoveryInput {
    const MAX_LEN: usize = 8 + 8 + 16 + 2;

    /// The octets to be hashed.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

/// The NAT Original Address payload (RFC 3947 §5.2): an address as its owner sees it, for the checksums of transport mode.
///
/// ```text
///                      1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   ID Type     |                 RESERVED                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~          IPv4 (4 octets) or IPv6 address (16 octets)          ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// The first of a Quick Mode is the initiator's, the second the responder's.
///
/// ```
/// use ikev1_wire::OriginalAddress;
///
/// let original = OriginalAddress::decode(&[1, 0, 0, 0, 10, 0, 0, 1], 0)?;
/// assert_eq!(original, OriginalAddress::new([10, 0, 0, 1].into()));
/// # Ok::<(), ikev1_wire::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OriginalAddress {
    address: IpAddr,
    reserved: [u8; 3],
}

impl OriginalAddress {
    /// The payload of this address.
    pub const fn new(address: IpAddr) -> Self {
        Self { address, reserved: [0; 3] }
    }

    /// Reads the body of a payload that starts at `base_offset` of the datagram.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Truncated`] below four octets, [`ParseErrorKind::Invalid`] for another type of identity than an
    /// address (RFC 3947 §5.2), [`ParseErrorKind::LengthField`] for an address of the wrong length.
    pub fn decode(body: &[u8], base_offset: usize) -> Result<Self, ParseError> {
        let (data, [kind, reserved @ ..]) = part(body, base_offset, chunk::<4>)?;
        let len = match IdType(kind) {
            IdType::ID_IPV4_ADDR => 4,
            IdType::ID_IPV6_ADDR => 16,
            _ => return Err(ParseError::new(ParseErrorKind::Invalid("ID Type"), base_offset)),
        };
        let wrong = ParseErrorKind::LengthField { declared: data.len(), min: len, max: len };
        address(data)
            .filter(|_| data.len() == len)
            .map(|address| Self { address, reserved })
            .ok_or_else(|| ParseError::new(wrong, base_offset.saturating_add(4)))
    }

    /// The address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }
}

impl Encode for OriginalAddress {
    fn encoded_len(&self) -> usize {
        if self.address.is_ipv4() { 8 } else { 20 }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let kind = if self.address.is_ipv4() { IdType::ID_IPV4_ADDR } else { IdType::ID_IPV6_ADDR };
        out.put_u8(kind.0)?;
        out.put(&self.reserved)?;
        match self.address {
            IpAddr::V4(address) => out.put(&address.octets()),
            IpAddr::V6(address) => out.put(&address.octets()),
        }
    }
}

/// The address.
impl fmt::Display for OriginalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)
    }
}

impl fmt::Debug for OriginalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OriginalAddress({})", self.address)
    }
}

/// Which document two peers follow in NAT traversal, for the numbers of its payloads and modes changed on the way.
///
/// Peers agree by vendor ids. The numbers of a draft mean this only between peers that did: 15 and 16 are payloads of
/// RFC 6407 otherwise, 130 and 131 those of anybody.
///
/// ```
/// use ikev1_wire::{NatTraversal, PayloadType, VendorId, KnownVendor};
///
/// let theirs = [KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_02.payload(), KnownVendor::RFC_3947.payload()];
/// let nat = theirs.iter().filter_map(|vendor| NatTraversal::announced_by(vendor)).max();
/// assert_eq!(nat, Some(NatTraversal::Rfc3947));
/// assert_eq!(NatTraversal::Draft00.discovery(), PayloadType(130));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NatTraversal {
    /// draft-ietf-ipsec-nat-t-ike-00 to -03: payloads 130 and 131.
    Draft00,
    /// draft-ietf-ipsec-nat-t-ike-04 to -08: payloads 15 and 16.
    Draft04,
    /// RFC 3947: payloads 20 and 21.
    Rfc3947,
}

impl NatTraversal {
    /// What a vendor id announces. Of several that both peers announce the largest is followed.
    pub fn announced_by(vendor: &VendorId<'_>) -> Option<Self> {
        match vendor.known()? {
            KnownVendor::RFC_3947 => Some(Self::Rfc3947),
            KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_00
            | KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_02
            | KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_02_NEWLINE
            | KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_03 => Some(Self::Draft00),
            KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_04
            | KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_05
            | KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_06
            | KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_07
            | KnownVendor::DRAFT_IETF_IPSEC_NAT_T_IKE_08 => Some(Self::Draft04),
            _ => None,
        }
    }

    /// The number of the NAT Discovery payload.
    pub const fn discovery(self) -> PayloadType {
        match self {
            Self::Draft00 => PayloadType::NAT_D_DRAFT,
            Self::Draft04 => PayloadType::SAK,
            Self::Rfc3947 => PayloadType::NAT_D,
        }
    }

    /// The number of the NAT Original Address payload.
    pub const fn original_address(self) -> PayloadType {
        match self {
            Self::Draft00 => PayloadType::NAT_OA_DRAFT,
            Self::Draft04 => PayloadType::SAT,
            Self::Rfc3947 => PayloadType::NAT_OA,
        }
    }

    /// The number of UDP-encapsulated tunnel mode.
    pub const fn tunnel(self) -> EncapsulationMode {
        match self {
            Self::Draft00 => EncapsulationMode::UDP_ENCAPSULATED_TUNNEL_DRAFT,
            Self::Draft04 | Self::Rfc3947 => EncapsulationMode::UDP_ENCAPSULATED_TUNNEL,
        }
    }

    /// The number of UDP-encapsulated transport mode.
    pub const fn transport(self) -> EncapsulationMode {
        match self {
            Self::Draft00 => EncapsulationMode::UDP_ENCAPSULATED_TRANSPORT_DRAFT,
            Self::Draft04 | Self::Rfc3947 => EncapsulationMode::UDP_ENCAPSULATED_TRANSPORT,
        }
    }

    /// The registered number of a payload that may have one of a draft.
    pub fn canonical(self, kind: PayloadType) -> PayloadType {
        if kind == self.discovery() {
            PayloadType::NAT_D
        } else if kind == self.original_address() {
            PayloadType::NAT_OA
        } else {
            kind
        }
    }
}
