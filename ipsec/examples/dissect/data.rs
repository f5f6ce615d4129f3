//! SAs of ESP and AH as key files have them, and packets opened with them.

use crate::inner::{self, Inner};
use crate::report::Data;
use core::net::IpAddr;
use ipsec::ah;
use ipsec::crypto_suite::{CryptoProvider, Protection, Secret};
use ipsec::esp::{self, OpenedKind};
use ipsec::ip_packet::Packet;
use ipsec::sa_db::{Mode, ReplayWindow, SaMaterial, SaParams, SelectorPair};
use ipsec::types::{IpProtocol, Spi};

/// What is known of one direction of an SA: a way to open it, or why there is none.
pub struct DataSa {
    /// The address its packets go to, where the key file says so.
    pub destination: Option<IpAddr>,
    /// Which end of the exchange that made it sends on it, where the key file says so.
    pub direction: Option<&'static str>,
    /// Whether it comes of a pattern of SPIs.
    pub by_pattern: bool,
    /// The SA in each form it may have: key files may leave out whether sequence numbers are extended.
    candidates: Vec<Candidate>,
    /// Why there are no candidates.
    reason: String,
}

/// An SA with one set of keys, and the window that says which numbers it saw.
struct Candidate {
    sa: Opener,
    window: ReplayWindow,
    extended: bool,
}

/// What verifies and decrypts.
enum Opener {
    Esp(esp::InboundSa),
    Ah(ah::InboundSa),
}

/// Why a packet was not opened.
enum Refusal {
    /// The keys, or the upper half of the number, are not those of the packet.
    Authentication,
    /// Other keys would not help.
    Other { reason: String, authentic: bool },
}

impl DataSa {
    /// An SA with each of these pairs of an encryption and an integrity key that fits. `of_ah` says that it is one of
    /// AH.
    pub fn new(
        provider: &CryptoProvider,
        of_ah: bool,
        spi: Spi,
        protection: Result<Protection, String>,
        esn: Option<bool>,
        keys: &[(Vec<u8>, Vec<u8>)],
    ) -> Self {
        let (candidates, reason) = (Vec::new(), String::new());
        let mut entry = Self { destination: None, direction: None, by_pattern: false, candidates, reason };
        let protection = match protection {
            Ok(protection) => protection,
            Err(reason) => return Self { reason, ..entry },
        };
        let forms: &[bool] = match esn {
            Some(false) => &[false],
            Some(true) => &[true],
            None => &[false, true],
        };
        let given = |key: &[u8]| if key.is_empty() { None } else { Some(Secret::copy_from(key)) };
        for (extended, (enc_key, auth_key)) in
            forms.iter().flat_map(|form| keys.iter().map(move |pair| (form, pair)))
        {
            // Transport mode takes any next header: what the packet holds is shown by that, not by the mode.
            let params = SaParams {
                extended_sequence_numbers: *extended,
                ..SaParams::new(protection, Mode::Transport)
            };
            let (encryption, integrity) = (given(enc_key), given(auth_key));
            let material = SaMaterial { spi, params, encryption, integrity };
            let expect = SelectorPair::any().into();
            let sa = if of_ah {
                ah::InboundSa::new(provider, material, expect).map(Opener::Ah)
            } else {
                esp::InboundSa::new(provider, material, expect).map(Opener::Esp)
            };
            match (sa, ReplayWindow::new(params.replay_window)) {
                (Ok(sa), Ok(window)) => {
                    entry.candidates.push(Candidate { sa, window, extended: *extended });
                }
                (Err(error), _) => {
                    entry.reason = format!("the keys given do not fit {protection}: {error}");
                }
                (_, Err(error)) => entry.reason = error.to_string(),
            }
        }
        entry
    }

    /// Opens a packet in each form the SA may have; says whether it is authentic. `octets` start with ESP; of AH they are
    /// the whole IP packet.
    pub fn open(&mut self, octets: &[u8], data: &mut Data) -> bool {
        if self.candidates.is_empty() {
            data.result = Err(self.reason.clone());
        }
        let low = data.low;
        for candidate in &mut self.candidates {
            match candidate.open(octets, low) {
                Ok((sequence, inner, replayed)) => {
                    data.sequence = sequence;
                    data.direction = self.direction;
                    data.replayed = replayed;
                    data.result = Ok(inner);
                    return true;
                }
                Err(Refusal::Authentication) => data.result = Err("authentication failed".to_owned()),
                Err(Refusal::Other { reason, authentic }) => {
                    data.result = Err(reason);
                    if authentic {
                        return true;
                    }
                }
            }
        }
        false
    }
}

impl Candidate {
    /// The number of the packet, what it holds, and whether an SA would have refused it as a replay.
    fn open(&mut self, octets: &[u8], low: u32) -> Result<(u64, Inner, bool), Refusal> {
        let expected = if self.extended { self.window.infer(low) } else { Some(low.into()) };
        // A packet from left of the window is inferred to be one to come: it may have the upper half of the highest number,
        // or the one before, as well.
        let high = |number: u64| u32::try_from(number >> 32).unwrap_or_default();
        let top = high(self.window.top());
        let mut result = Err(Refusal::Authentication);
        for half in [expected.map(high), Some(top), top.checked_sub(1)].into_iter().flatten() {
            result = self.sa.open(octets, half);
            if !matches!(result, Err(Refusal::Authentication)) {
                break;
            }
        }
        let (sequence, inner) = result?;
        let replayed = self.window.check(sequence).is_err();
        if !replayed {
            self.window.mark(sequence);
        }
        Ok((sequence, inner, replayed))
    }
}

impl Opener {
    /// Opens the packet with the upper half of its number given.
    fn open(&self, octets: &[u8], high: u32) -> Result<(u64, Inner), Refusal> {
        let mut copy = octets.to_vec();
        let refusal = |reason: String, authentic| Refusal::Other { reason, authentic };
        match self {
            Self::Esp(sa) => {
                let mut packet = Packet::new(&mut copy, 0..octets.len(), IpProtocol::ESP)
                    .map_err(|error| refusal(error.to_string(), false))?;
                let opened = sa.inspect_in_place(&mut packet, high).map_err(|error| match error {
                    esp::OpenError::Authentication => Refusal::Authentication,
                    // What is authentic and still refused tells more than that another SA's key does not fit.
                    esp::OpenError::Padding | esp::OpenError::Inner => refusal(error.to_string(), true),
                    _ => refusal(error.to_string(), false),
                })?;
                Ok((opened.sequence, inner::read(opened.kind, packet.next_header(), packet.data())))
            }
            Self::Ah(sa) => {
                let family = if octets.first().is_some_and(|octet| octet >> 4 == 6) {
                    IpProtocol::IPV6
                } else {
                    IpProtocol::IPV4
                };
                let mut packet = Packet::new(&mut copy, 0..octets.len(), family)
                    .map_err(|error| refusal(error.to_string(), false))?;
                packet.detach_to_upper_layer().map_err(|error| refusal(error.to_string(), false))?;
                let opened = sa.inspect_in_place(&mut packet, high).map_err(|error| match error {
                    ah::OpenError::Authentication => Refusal::Authentication,
                    _ => refusal(error.to_string(), false),
                })?;
                let inner = inner::read(OpenedKind::Transport, packet.next_header(), packet.data());
                Ok((opened.sequence, inner))
            }
        }
    }
}
