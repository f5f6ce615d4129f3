use alloc::boxed::Box;
use alloc::collections::VecDeque;
use ikev1_wire::{ExchangeType, Header, Message, PayloadChain, PayloadType};

use super::open::open_if;
use super::{Iv, MessageError, MessageKeys, PhaseTwoHash};

/// What was found of the HASH of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum HashCheck {
    /// It is right. A wrong one is an error.
    Verified,
    /// It is one of phase 1, which covers more than its message, or SKEYID_a is not known.
    NotChecked,
}

/// A message that a [`Follower`] opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Opened<'b> {
    /// Its payloads.
    pub payloads: PayloadChain<'b>,
    /// The IV it was decrypted with.
    pub iv: Iv,
    /// Whether it is authentic.
    pub hash: HashCheck,
}

impl core::fmt::Debug for Opened<'_> {
    /// The types of the payloads, without their content, which may hold passwords.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let kinds = self.payloads.iter().map(|payload| payload.kind());
        f.write_str("Opened ")?;
        f.debug_list().entries(kinds).finish()?;
        write!(f, " {:?}", self.hash)
    }
}

/// Opens the encrypted messages of one ISAKMP SA in the order of a capture (RFC 2409 §5, Appendix B).
///
/// In phase 1 the IV goes on from message to message. Every later exchange starts with an IV of its own, from the last block
/// of phase 1 and its message id, and goes on from there; its HASH is checked. A message that does not open, or whose HASH
/// is wrong, changes nothing. A message that was sent again, octet for octet, is for the caller to pass over: its IV is gone.
///
/// At most [`MAX_EXCHANGES`](Self::MAX_EXCHANGES) exchanges are remembered; the oldest is forgotten first.
#[derive(Debug)]
pub struct Follower {
    keys: MessageKeys,
    phase_1: Iv,
    exchanges: VecDeque<Exchange>,
}

/// What the next message of an exchange depends on.
#[derive(Clone, Debug)]
struct Exchange {
    message_id: u32,
    iv: Iv,
    nonce_i: Option<Box<[u8]>>,
    nonce_r: Option<Box<[u8]>>,
}

impl Follower {
    /// How many exchanges are remembered.
    pub const MAX_EXCHANGES: usize = 64;

    /// Follows an SA whose next encrypted message of phase 1 has the IV `phase_1`: [`Iv::phase_1`], or the last block of
    /// phase 1 where the capture starts later.
    pub const fn new(keys: MessageKeys, phase_1: Iv) -> Self {
        Self { keys, phase_1, exchanges: VecDeque::new() }
    }

    /// The keys.
    pub const fn keys(&self) -> &MessageKeys {
        &self.keys
    }

    /// The last block of phase 1, or its IV where no message of it was encrypted.
    pub const fn last_phase_1(&self) -> Iv {
        self.phase_1
    }

    /// Opens the next encrypted message of the SA in place, and checks its HASH.
    ///
    /// # Errors
    ///
    /// [`MessageError`]; the encrypted part of `datagram` is wiped then.
    pub fn open<'b>(&mut self, datagram: &'b mut [u8]) -> Result<Opened<'b>, MessageError> {
        let header = *Message::parse(datagram).map_err(MessageError::Malformed)?.header();
        if is_phase_1(&header) {
            let iv = self.phase_1;
            let (payloads, next, ()) = open_if(&self.keys, &iv, datagram, |_| Ok(()))?;
            self.phase_1 = next;
            return Ok(Opened { payloads, iv, hash: HashCheck::NotChecked });
        }
        let known = self.exchanges.iter().position(|exchange| exchange.message_id == header.message_id);
        let mut exchange = match known.and_then(|at| self.exchanges.get(at)) {
            Some(exchange) => exchange.clone(),
            None => Exchange::new(Iv::phase_2(&self.keys, &self.phase_1, header.message_id)?, &header),
        };
        let iv = exchange.iv;
        let keys = &self.keys;
        let accept = |payloads: PayloadChain<'_>| exchange.accept(keys, &header, payloads);
        let (payloads, next, hash) = open_if(keys, &iv, datagram, accept)?;
        exchange.iv = next;
        self.remember(known, exchange);
        Ok(Opened { payloads, iv, hash })
    }

    fn remember(&mut self, known: Option<usize>, exchange: Exchange) {
        if let Some(place) = known.and_then(|at| self.exchanges.get_mut(at)) {
            *place = exchange;
            return;
        }
        if self.exchanges.len() >= Self::MAX_EXCHANGES {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }
}

impl Exchange {
    const fn new(iv: Iv, header: &Header) -> Self {
        Self { message_id: header.message_id, iv, nonce_i: None, nonce_r: None }
    }

    /// Checks the HASH of the next message, and keeps the nonce that the hashes of Quick Mode depend on.
    fn accept(
        &mut self,
        keys: &MessageKeys,
        header: &Header,
        payloads: PayloadChain<'_>,
    ) -> Result<HashCheck, MessageError> {
        let has_key = keys.skeyid_a.is_some();
        let quick = header.exchange == ExchangeType::QUICK_MODE;
        let hash = match (&self.nonce_i, &self.nonce_r) {
            (Some(nonce_i), Some(nonce_r)) if quick => PhaseTwoHash::Three { nonce_i, nonce_r },
            (Some(nonce_i), None) if quick => PhaseTwoHash::Two { nonce_i },
            _ => PhaseTwoHash::One,
        };
        if has_key {
            keys.verify_hash(self.message_id, hash, payloads)?;
        }
        if let Some(nonce) = payloads.find(PayloadType::NONCE).filter(|_| quick) {
            let nonce = Some(nonce.body().into());
            if self.nonce_i.is_none() { self.nonce_i = nonce } else { self.nonce_r = nonce }
        }
        Ok(if has_key { HashCheck::Verified } else { HashCheck::NotChecked })
    }
}

/// Whether a message is one of phase 1: its message id is 0 (RFC 2408 §3.1).
fn is_phase_1(header: &Header) -> bool {
    header.message_id == 0
        && matches!(header.exchange, ExchangeType::IDENTITY_PROTECTION | ExchangeType::AGGRESSIVE)
}
