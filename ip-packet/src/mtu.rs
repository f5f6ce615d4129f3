use core::time::Duration;
use ipsec_types::Instant;

/// What an SA with its outer headers makes of the length of a packet, exactly, both ways.
///
/// `ipsec-esp` and `ipsec-ah` build these for their SAs; the outer header and UDP encapsulation are the caller's to add.
///
/// ```
/// use ipsec_ip_packet::Expansion;
///
/// // ESP with AES-GCM in a tunnel over UDP and IPv4: IP 20, UDP 8, ESP 8, IV 8, ICV 16; trailer 2, aligned to 4.
/// let expansion = Expansion { fixed: 20 + 8 + 8 + 8 + 16, trailer: 2, align: 4, kept: 0, dropped: 0 };
/// assert_eq!(expansion.protected_len(1438), 1500);
/// assert_eq!(expansion.largest_inner(1500), Some(1438));
/// assert_eq!(expansion.largest_inner(61), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// Octets that every packet grows by.
    pub fixed: usize,
    /// Octets behind the protected part that are aligned with it: Pad Length and Next Header of ESP.
    pub trailer: usize,
    /// What the protected part with its trailer is padded to a multiple of; 1 where nothing is.
    pub align: usize,
    /// Octets at the front of the packet that are not protected, and stay outside the alignment: the IP header in
    /// transport mode.
    pub kept: usize,
    /// Octets at the front of the packet that are neither protected nor sent: the inner IP header in BEET mode, in whose place
    /// the receiver puts its own.
    pub dropped: usize,
}

impl Expansion {
    /// The same with so many octets of further headers outside.
    #[must_use]
    pub const fn behind(self, octets: usize) -> Self {
        Self { fixed: self.fixed.saturating_add(octets), ..self }
    }

    /// The same for packets whose first `octets` are [kept](Self::kept): the IP header in transport mode.
    ///
    /// ```
    /// use ipsec_ip_packet::Expansion;
    ///
    /// // ESP with AES-GCM in transport mode: ESP 8, IV 8, ICV 16, behind an IPv6 header of 40.
    /// let esp = Expansion { fixed: 8 + 8 + 16, trailer: 2, align: 4, kept: 0, dropped: 0 };
    /// assert_eq!(esp.keeping(40).protected_len(40 + 100), 40 + 16 + 104 + 16);
    /// ```
    #[must_use]
    pub const fn keeping(self, octets: usize) -> Self {
        Self { kept: octets, ..self }
    }

    /// Octets on the wire of a packet of `inner` octets.
    pub fn protected_len(&self, inner: usize) -> usize {
        let protected = inner.saturating_sub(self.kept).saturating_sub(self.dropped);
        let data = protected.saturating_add(self.trailer);
        let aligned = data.checked_next_multiple_of(self.align.max(1)).unwrap_or(usize::MAX);
        self.fixed.saturating_add(self.kept.min(inner)).saturating_add(aligned)
    }

    /// The longest packet whose protected form fits `path_mtu` octets; `None` where not even an empty one does.
    pub fn largest_inner(&self, path_mtu: usize) -> Option<usize> {
        let room = path_mtu.checked_sub(self.fixed)?.checked_sub(self.kept)?;
        let aligned = room.checked_sub(room.checked_rem(self.align.max(1))?)?;
        aligned.checked_sub(self.trailer)?.checked_add(self.kept)?.checked_add(self.dropped)
    }
}

/// The path MTU of an SA, as ICMP messages lower it and time raises it again (RFC 4301 §8.2).
///
/// Most such messages come from routers that nobody can authenticate: a value below the floor is taken for the floor, one
/// that would raise the MTU is ignored, so that whoever forges them slows an SA down at worst (RFC 4301 §6.1.1, §8.2.1).
///
/// ```
/// use core::time::Duration;
/// use ipsec_ip_packet::PathMtu;
/// use ipsec_types::Instant;
///
/// let mut mtu = PathMtu::new(1500, PathMtu::FLOOR_V4);
/// assert_eq!(mtu.note_too_big(Instant::EPOCH, 1400), Some(1400));
/// assert_eq!(mtu.note_too_big(Instant::EPOCH, 68), Some(576)); // forged, or as good as
/// assert_eq!(mtu.note_too_big(Instant::EPOCH, 9000), None);
/// assert_eq!(mtu.current(Instant::EPOCH), 576);
/// assert_eq!(mtu.current(Instant::EPOCH + Duration::from_secs(601)), 1500);
/// ```
#[derive(Clone, Debug)]
pub struct PathMtu {
    link: usize,
    floor: usize,
    learned: Option<(usize, Instant)>,
    /// How long a lower value counts before a higher one is tried again (RFC 1191 §6.3, RFC 8201 §4); ten minutes by
    /// default.
    pub aging: Duration,
    /// Whether unprotected messages count at all (RFC 4301 §6.1.1: by configuration); they do by default.
    pub trust_unprotected: bool,
}

impl PathMtu {
    /// What every IPv4 host takes, put together again (RFC 791 §3.1). Links of less are rare, forged messages are not.
    pub const FLOOR_V4: usize = 576;
    /// What every IPv6 link carries (RFC 8200 §5).
    pub const FLOOR_V6: usize = 1280;

    /// The MTU of the first link, and what no message lowers the path's below.
    pub const fn new(link: usize, floor: usize) -> Self {
        Self { link, floor, learned: None, aging: Duration::from_secs(600), trust_unprotected: true }
    }

    /// The path MTU now.
    pub fn current(&self, now: Instant) -> usize {
        match self.learned {
            Some((mtu, since)) if now.saturating_since(since) < self.aging => mtu,
            Some(_) | None => self.link,
        }
    }

    /// Takes an ICMP message that an outer packet of this SA was too big: the new path MTU where that changes it.
    ///
    /// Whether the message quotes a packet that was sent is the caller's to check: see
    /// [`TooBig`](crate::TooBig). An MTU of 0 is that of a router from before RFC 1191: the floor.
    pub fn note_too_big(&mut self, now: Instant, reported: usize) -> Option<usize> {
        let current = self.current(now);
        let mtu = reported.max(self.floor);
        if !self.trust_unprotected || mtu >= current {
            return None;
        }
        self.learned = Some((mtu, now));
        Some(mtu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_largest_packet_fits_and_no_larger_one(
            fixed in 0usize..200, trailer in 0usize..3, shift in 0u32..5, kept in 0usize..80, mtu in 0usize..10_000,
            dropped in 0usize..41,
        ) {
            let expansion = Expansion { fixed, trailer, align: 1 << shift, kept, dropped };
            match expansion.largest_inner(mtu) {
                Some(inner) => {
                    prop_assert!(expansion.protected_len(inner) <= mtu);
                    prop_assert!(expansion.protected_len(inner + 1) > mtu);
                }
                None => prop_assert!(expansion.protected_len(kept + dropped) > mtu),
            }
        }
    }

    #[test]
    fn pd_07_no_message_makes_an_sa_unusable() {
        for (floor, link) in [(PathMtu::FLOOR_V4, 1500), (PathMtu::FLOOR_V6, 1500), (PathMtu::FLOOR_V6, 1280)]
        {
            for reported in [0, 1, 68, 575, 1279, 1280, 1499, 1500, 9000, 65_535, usize::MAX] {
                let mut mtu = PathMtu::new(link, floor);
                let noted = mtu.note_too_big(Instant::EPOCH, reported);
                let current = mtu.current(Instant::EPOCH);
                assert_eq!(current, reported.clamp(floor, link), "{reported}");
                assert_eq!(noted, (current < link).then_some(current));
                assert!(mtu.note_too_big(Instant::EPOCH, reported).is_none(), "once");
            }
        }
        let mut deaf = PathMtu { trust_unprotected: false, ..PathMtu::new(1500, 576) };
        assert_eq!(deaf.note_too_big(Instant::EPOCH, 1000), None);
        assert_eq!(deaf.current(Instant::EPOCH), 1500);
    }

    #[test]
    fn rfc4301_8_2_2_a_learned_mtu_ages() {
        let mut mtu = PathMtu::new(1500, 576);
        let at = |seconds| Instant::EPOCH + Duration::from_secs(seconds);
        mtu.note_too_big(at(0), 1400);
        mtu.note_too_big(at(500), 1300);
        assert_eq!((mtu.current(at(1099)), mtu.current(at(1100))), (1300, 1500));
        assert_eq!(mtu.note_too_big(at(1100), 1450), Some(1450));
        // A clock that goes back does not lose it.
        assert_eq!(mtu.current(at(0)), 1450);
    }
}
