use crate::counters::{Counters, LimitState, Volume};
use crate::material::SaParams;
use crate::replay::ReplayWindow;
use ipsec_crypto_suite::CryptoError;

/// What an inbound SA takes in: packets it has not seen, as far as its limits go. The counterpart of
/// [`Outlay`](crate::Outlay).
///
/// [`check`](Self::check) before any cryptography, [`accept`](Self::accept) only what was authentic (RFC 4303 §3.4.3):
///
/// ```
/// use ipsec_crypto_suite::{AeadId, CryptoError, Protection};
/// use ipsec_sa_db::{Intake, IntakeError, Mode, SaParams};
///
/// let params = SaParams::new(Protection::Aead(AeadId::Aes128Gcm16), Mode::Tunnel);
/// let mut intake = Intake::new(&params)?;
/// let number = intake.check(7, 100).unwrap();
/// intake.accept(number, 100); // its ICV was right
/// assert_eq!(intake.check(7, 100), Err(IntakeError::Replayed));
/// assert_eq!((intake.top(), intake.used().packets), (7, 1));
/// # Ok::<(), CryptoError>(())
/// ```
#[derive(Debug)]
pub struct Intake {
    /// None where the keys were set by hand and nobody keeps the numbers.
    window: Option<ReplayWindow>,
    extended: bool,
    counters: Counters,
}

impl Intake {
    /// That of an SA whose keys are fresh, as IKE makes them.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] for a window size outside [`ReplayWindow`]'s.
    pub fn new(params: &SaParams) -> Result<Self, CryptoError> {
        let window = ReplayWindow::new(params.replay_window);
        let window = window.map_err(|_| CryptoError::Invalid("anti-replay window size"))?;
        let (extended, counters) = (params.extended_sequence_numbers, Counters::new(params.limits));
        Ok(Self { window: Some(window), extended, counters })
    }

    /// That of an SA whose keys were set by hand, and outlive this object.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Invalid`] for extended sequence numbers without a check for replays: their upper halves would be anybody's
    /// guess (RFC 4303 §2.2.1). Otherwise as [`new`](Self::new).
    pub fn manual(params: &SaParams, replay: ManualReplay) -> Result<Self, CryptoError> {
        let Self { window, extended, counters } = Self::new(params)?;
        let window = match replay {
            ManualReplay::Off if extended => {
                return Err(CryptoError::Invalid("extended sequence numbers without a check for replays"));
            }
            ManualReplay::Off => None,
            ManualReplay::After(last) => window.map(|window| window.all_seen_up_to(last)),
        };
        Ok(Self { window, extended, counters })
    }

    /// The number of a packet that carries `low`, its upper half inferred with extended sequence numbers (RFC 4303 Appendix
    /// A2.2), where the packet of `octets` may be new and within the limits. Nothing changes.
    ///
    /// # Errors
    ///
    /// [`IntakeError`].
    #[inline]
    pub fn check(&self, low: u32, octets: usize) -> Result<u64, IntakeError> {
        let number = match &self.window {
            Some(window) => {
                let number = if self.extended { window.infer(low) } else { Some(low.into()) };
                let number = number.ok_or(IntakeError::Replayed)?;
                window.check(number).map_err(|_| IntakeError::Replayed)?;
                number
            }
            None => low.into(),
        };
        if self.counters.allows(octets) { Ok(number) } else { Err(IntakeError::Expired) }
    }

    /// Takes a packet in that was authentic, with the number that [`check`](Self::check) gave, and says where the SA stands.
    #[inline]
    pub fn accept(&mut self, number: u64, octets: usize) -> LimitState {
        if let Some(window) = &mut self.window {
            window.mark(number);
        }
        self.counters.count(octets)
    }

    /// The number of which `low` is on the wire and `high` the upper half, which counts with extended sequence numbers only.
    pub fn number(&self, high: u32, low: u32) -> u64 {
        let high = if self.extended { u64::from(high) << 32 } else { 0 };
        high | u64::from(low)
    }

    /// The highest number taken in; 0 if none was, or nobody checks.
    pub fn top(&self) -> u64 {
        self.window.as_ref().map_or(0, ReplayWindow::top)
    }

    /// What was taken in so far.
    pub const fn used(&self) -> Volume {
        self.counters.used()
    }

    /// Where the SA stands in its limits.
    pub const fn state(&self) -> LimitState {
        self.counters.state()
    }
}

/// Whether an SA with keys set by hand checks for replays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum ManualReplay {
    /// No: the sender starts again at 1 whenever it restarts, and whoever recorded packets can play them back.
    Off,
    /// Packets up to this number are old: what [`Intake::top`] said before the restart, kept by the caller.
    After(
        /// The highest number that counts as seen; 0 the first time.
        u64,
    ),
}

/// Why a packet is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "data paths turn each into an error of theirs")]
pub enum IntakeError {
    /// Its number is 0, was seen before, or lies left of the window (RFC 4303 §3.4.3).
    #[error("replayed or too old")]
    Replayed,
    /// The hard limit would be exceeded.
    #[error("SA expired")]
    Expired,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, VolumeLimits};
    use ipsec_crypto_suite::{AeadId, Protection};

    fn params(extended: bool) -> SaParams {
        let protection = Protection::Aead(AeadId::Aes128Gcm16);
        SaParams { extended_sequence_numbers: extended, ..SaParams::new(protection, Mode::Tunnel) }
    }

    #[test]
    fn ea_03_nothing_is_seen_before_it_is_accepted() {
        let mut intake = Intake::new(&params(false)).unwrap();
        for _ in 0..3 {
            assert_eq!((intake.check(u32::MAX, 10), intake.check(1, 10)), (Ok(u32::MAX.into()), Ok(1)));
        }
        assert_eq!((intake.top(), intake.used()), (0, Volume { octets: 0, packets: 0 }));
        assert_eq!(intake.check(0, 10), Err(IntakeError::Replayed));
        intake.accept(1, 10);
        assert_eq!((intake.check(1, 10), intake.check(2, 10)), (Err(IntakeError::Replayed), Ok(2)));
    }

    #[test]
    fn ea_05_upper_halves_are_inferred_with_extended_numbers_only() {
        for extended in [false, true] {
            let mut intake = Intake::manual(&params(extended), ManualReplay::After(u32::MAX.into())).unwrap();
            let answer = intake.check(5, 10);
            assert_eq!(answer, if extended { Ok((1 << 32) + 5) } else { Err(IntakeError::Replayed) });
            assert_eq!(intake.number(3, 5), if extended { (3 << 32) + 5 } else { 5 });
            if let Ok(number) = answer {
                intake.accept(number, 10);
                assert_eq!(intake.top(), number);
            }
        }
    }

    #[test]
    fn ea_12_manual_keys_without_a_check_take_everything_but_extended_numbers() {
        let mut off = Intake::manual(&params(false), ManualReplay::Off).unwrap();
        for number in [0, 7, 7, 3] {
            assert_eq!(off.check(number, 10), Ok(number.into()));
            off.accept(number.into(), 10);
        }
        assert_eq!((off.top(), off.used().packets), (0, 4));
        assert!(Intake::manual(&params(true), ManualReplay::Off).is_err());
        for window in [0, 31, 65_537] {
            let params = SaParams { replay_window: window, ..params(false) };
            assert!(Intake::new(&params).is_err() && Intake::manual(&params, ManualReplay::Off).is_err());
        }
    }

    /// Every number that the window could hold counts as seen, at the ends of the numbers too.
    #[test]
    fn rfc4303_3_4_3_all_up_to_what_was_kept_is_old() {
        for (last, extended) in
            [(0, false), (3, false), (5000, false), (u32::MAX.into(), true), (u64::MAX, true)]
        {
            let intake = Intake::manual(&params(extended), ManualReplay::After(last)).unwrap();
            assert_eq!(intake.top(), last);
            for back in (0..200).filter(|back| *back <= last) {
                let low = u32::try_from((last - back) & 0xffff_ffff).unwrap();
                let taken = intake.check(low, 10);
                // What is left of the window may be a number of the next 2^32.
                let later = extended && back >= 64 && last < u64::MAX;
                assert_eq!(taken.is_ok(), later, "{back} before {last}: {taken:?}");
            }
        }
    }

    #[test]
    fn pd_03_the_hard_limit_holds() {
        let volume = |octets| Volume { octets, packets: 9 };
        let limits = VolumeLimits { soft: volume(20), hard: volume(30) };
        let mut intake = Intake::new(&SaParams { limits, ..params(true) }).unwrap();
        assert_eq!(intake.check(1, 31), Err(IntakeError::Expired));
        assert_eq!((intake.accept(1, 19), intake.accept(2, 1)), (LimitState::Within, LimitState::Soft));
        assert_eq!((intake.check(3, 11), intake.check(3, 10)), (Err(IntakeError::Expired), Ok(3)));
        assert_eq!((intake.accept(3, 10), intake.state()), (LimitState::Hard, LimitState::Hard));
    }
}
