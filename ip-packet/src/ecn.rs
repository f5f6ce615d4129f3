/// Explicit Congestion Notification: the lower two bits of the traffic class (RFC 3168 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "two bits")]
pub enum Ecn {
    /// The transport does not react to marks.
    NotEct,
    /// The transport reacts to marks; the usual codepoint.
    Ect0,
    /// The transport reacts to marks; the other codepoint.
    Ect1,
    /// Congestion was met on the way.
    Ce,
}

impl Ecn {
    /// The ECN bits of a traffic class.
    pub const fn of(traffic_class: u8) -> Self {
        match traffic_class & 0b11 {
            0b00 => Self::NotEct,
            0b10 => Self::Ect0,
            0b01 => Self::Ect1,
            _ => Self::Ce,
        }
    }

    /// The two bits.
    pub const fn bits(self) -> u8 {
        match self {
            Self::NotEct => 0b00,
            Self::Ect1 => 0b01,
            Self::Ect0 => 0b10,
            Self::Ce => 0b11,
        }
    }

    /// What the inner header carries after decapsulation (RFC 6040 §4.2, figure 4): a mark that the outer header got on
    /// the way is kept, and a packet whose transport would not see it is dropped.
    ///
    /// | inner \ outer | Not-ECT | ECT(0) | ECT(1) | CE |
    /// |---|---|---|---|---|
    /// | Not-ECT | Not-ECT | Not-ECT, alarm | Not-ECT, alarm | drop, alarm |
    /// | ECT(0) | ECT(0) | ECT(0) | ECT(1) | CE |
    /// | ECT(1) | ECT(1) | ECT(1) | ECT(1) | CE |
    /// | CE | CE | CE | CE, alarm | CE |
    ///
    /// ```
    /// use ipsec_ip_packet::{Ecn, EcnOutcome};
    ///
    /// assert_eq!(Ecn::Ect0.decapsulated(Ecn::Ce), EcnOutcome::Forward { ecn: Ecn::Ce, alarm: false });
    /// assert_eq!(Ecn::NotEct.decapsulated(Ecn::Ce), EcnOutcome::Drop);
    /// ```
    #[must_use]
    pub const fn decapsulated(self, outer: Self) -> EcnOutcome {
        match (self, outer) {
            (Self::NotEct, Self::NotEct) => EcnOutcome::Forward { ecn: Self::NotEct, alarm: false },
            (Self::NotEct, Self::Ect0 | Self::Ect1) => EcnOutcome::Forward { ecn: Self::NotEct, alarm: true },
            (Self::NotEct, Self::Ce) => EcnOutcome::Drop,
            (Self::Ect0 | Self::Ect1, Self::Ce) => EcnOutcome::Forward { ecn: Self::Ce, alarm: false },
            (Self::Ect0, Self::Ect1) | (Self::Ect1, _) => {
                EcnOutcome::Forward { ecn: Self::Ect1, alarm: false }
            }
            (Self::Ect0, _) => EcnOutcome::Forward { ecn: Self::Ect0, alarm: false },
            (Self::Ce, Self::Ect1) => EcnOutcome::Forward { ecn: Self::Ce, alarm: true },
            (Self::Ce, _) => EcnOutcome::Forward { ecn: Self::Ce, alarm: false },
        }
    }
}

/// What becomes of a packet's ECN bits at the end of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6040 §4.2 has these")]
pub enum EcnOutcome {
    /// The packet goes on.
    Forward {
        /// The ECN bits that the inner header carries from now on.
        ecn: Ecn,
        /// The combination is one that no lawful encapsulator and no router makes: worth a line in a log.
        alarm: bool,
    },
    /// The packet is dropped: its transport would not see the congestion. RFC 6040 §4.2 asks for a line in a log.
    Drop,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Ecn; 4] = [Ecn::NotEct, Ecn::Ect0, Ecn::Ect1, Ecn::Ce];

    #[test]
    fn the_bits_of_every_traffic_class() {
        for class in 0..=255u8 {
            assert_eq!(Ecn::of(class).bits(), class & 3);
        }
    }

    /// Figure 4 of RFC 6040, cell by cell; a star marks those with an alarm.
    #[test]
    fn rfc6040_4_2_every_cell_of_the_table() {
        let figure = [
            ["not", "not*", "not*", "drop"],
            ["ect0", "ect0", "ect1", "ce"],
            ["ect1", "ect1", "ect1", "ce"],
            ["ce", "ce", "ce*", "ce"],
        ];
        for (inner, row) in ALL.into_iter().zip(figure) {
            for (outer, cell) in ALL.into_iter().zip(row) {
                let name = match inner.decapsulated(outer) {
                    EcnOutcome::Drop => "drop",
                    EcnOutcome::Forward { ecn: Ecn::NotEct, alarm: false } => "not",
                    EcnOutcome::Forward { ecn: Ecn::NotEct, alarm: true } => "not*",
                    EcnOutcome::Forward { ecn: Ecn::Ect0, alarm: false } => "ect0",
                    EcnOutcome::Forward { ecn: Ecn::Ect1, alarm: false } => "ect1",
                    EcnOutcome::Forward { ecn: Ecn::Ce, alarm: false } => "ce",
                    EcnOutcome::Forward { ecn: Ecn::Ce, alarm: true } => "ce*",
                    EcnOutcome::Forward { .. } => "?",
                };
                assert_eq!(name, cell, "{inner:?} in {outer:?}");
            }
        }
    }
}
