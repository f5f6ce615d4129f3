use crate::Header;
use alloc::boxed::Box;
use core::fmt;
use ipsec_crypto_suite::{CipherId, CryptoError, CryptoProvider, MacId, MacKey, Protection, Secret};
use ipsec_ip_packet::{AuthenticatedHeader, IpFamily};
use ipsec_sa_db::{Mode, SaMaterial};
use ipsec_types::{ParseError, Spi};

/// The longest ICV there is, in octets.
const MAX_ICV_LEN: usize = 64;

/// A keyed integrity algorithm, and how AH carries its output: with AES-GMAC the ICV field starts with the IV (RFC 4543
/// §4).
pub(crate) struct Integrity {
    id: MacId,
    key: Box<dyn MacKey>,
    extended: bool,
}

impl Integrity {
    pub(crate) fn new(
        provider: &CryptoProvider,
        material: SaMaterial,
    ) -> Result<(Spi, Mode, Self), CryptoError> {
        let SaMaterial { spi, params, encryption, integrity } = material;
        let Protection::Composed { cipher: CipherId::Null, mac: id } = params.protection else {
            return Err(CryptoError::Invalid("encryption in AH"));
        };
        if encryption.is_some_and(|key: Secret| !key.is_empty()) {
            return Err(CryptoError::Invalid("encryption key in AH"));
        }
        if !matches!(params.mode, Mode::Tunnel | Mode::Transport) {
            return Err(CryptoError::Invalid("mode of AH"));
        }
        let key = integrity.ok_or(CryptoError::Invalid("missing integrity key"))?;
        let key = provider.mac(id)?.key(&key)?;
        Ok((spi, params.mode, Self { id, key, extended: params.extended_sequence_numbers }))
    }

    pub(crate) const fn id(&self) -> MacId {
        self.id
    }

    pub(crate) const fn iv_len(&self) -> usize {
        self.id.iv_len()
    }

    pub(crate) const fn icv_len(&self) -> usize {
        self.id.icv_len()
    }

    /// Octets of the header: a multiple of 4, in IPv6 of 8 (RFC 4302 §2.2, §3.3.3.2.1).
    #[inline]
    pub(crate) const fn header_len(&self, family: IpFamily) -> usize {
        let unpadded = Header::FIXED_LEN.saturating_add(self.id.iv_len()).saturating_add(self.id.icv_len());
        let mask: usize = match family {
            IpFamily::V4 => 3,
            IpFamily::V6 => 7,
        };
        unpadded.saturating_add(mask) & !mask
    }

    /// Whether a header may be so long. Linux pads to 8 in IPv4 too, unless told otherwise; the ICV covers the padding, and its
    /// length says nothing (RFC 4302 §2.6).
    #[inline]
    pub(crate) const fn takes_header_len(&self, family: IpFamily, len: usize) -> bool {
        len == self.header_len(family) || len == self.header_len(IpFamily::V6)
    }

    /// The ICV over the IP header, the data, which starts with AH, and the upper half of an extended number (RFC 4302
    /// §3.3.3). Whatever stands in the place of the ICV counts as zeros.
    pub(crate) fn compute(&self, header: &[u8], data: &[u8], number: u64) -> Result<Icv, CryptoError> {
        let mut icv = Icv { octets: [0; MAX_ICV_LEN], len: self.icv_len() };
        let (iv, [before, zeros, after]) = self.covered(data)?;
        let high = high_half(number);
        let parts = [header, before, zeros, after, self.upper(&high)];
        let out = icv.octets.get_mut(..icv.len).ok_or(SHORT)?;
        self.key.compute(iv, &parts, out)?;
        Ok(icv)
    }

    /// Whether the ICV that stands in its place is right.
    pub(crate) fn verify(&self, header: &[u8], data: &[u8], number: u64) -> Result<(), CryptoError> {
        let (iv, [before, zeros, after]) = self.covered(data)?;
        let at = before.len();
        let icv = data.get(at..at.saturating_add(self.icv_len())).ok_or(SHORT)?;
        let high = high_half(number);
        self.key.verify(iv, &[header, before, zeros, after, self.upper(&high)], icv)
    }

    /// The IV, and what is covered of the data: up to the ICV, zeros for it, and behind it.
    fn covered<'a>(&self, data: &'a [u8]) -> Result<(&'a [u8], [&'a [u8]; 3]), CryptoError> {
        static ZEROS: [u8; MAX_ICV_LEN] = [0; MAX_ICV_LEN];
        let (before, rest) =
            data.split_at_checked(Header::FIXED_LEN.saturating_add(self.iv_len())).ok_or(SHORT)?;
        let (_, after) = rest.split_at_checked(self.icv_len()).ok_or(SHORT)?;
        let iv = before.get(Header::FIXED_LEN..).unwrap_or_default();
        Ok((iv, [before, ZEROS.get(..self.icv_len()).unwrap_or_default(), after]))
    }

    fn upper<'a>(&self, high: &'a [u8; 4]) -> &'a [u8] {
        if self.extended { high } else { &[] }
    }
}

impl fmt::Debug for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Integrity({})", self.id)
    }
}

/// An ICV; it is public, and goes into the packet.
pub(crate) struct Icv {
    octets: [u8; MAX_ICV_LEN],
    len: usize,
}

impl Icv {
    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

/// Hands `work` the header as the ICV covers it, on the stack: nothing is allocated, and a plain header takes little.
#[inline]
pub(crate) fn with_covered<T>(header: &[u8], work: impl FnOnce(&[u8]) -> T) -> Result<T, ParseError> {
    if header.len() <= AuthenticatedHeader::ROOM_V4.len() {
        let mut room = AuthenticatedHeader::ROOM_V4;
        AuthenticatedHeader::of(header, &mut room).map(work)
    } else {
        let mut room = AuthenticatedHeader::ROOM;
        AuthenticatedHeader::of(header, &mut room).map(work)
    }
}

/// The upper half of an extended number (RFC 4302 §2.5.1).
fn high_half(number: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = number.to_be_bytes();
    [a, b, c, d]
}

const SHORT: CryptoError = CryptoError::Invalid("length of AH");
