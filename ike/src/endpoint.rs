use crate::config::{Config, ConfigError, check_policy};
use crate::error::{CommandError, DatagramError};
use crate::event::{Acquire, AnySaId, ChildSaId, Event, IkeSaId, SaProtocol};
use crate::v2::ProposalMismatch;
use crate::v2::contents::Contents;
use crate::v2::cookie::CookieJar;
use crate::v2::core::Core;
use crate::v2::init::{self, Answered, Initiating};
use crate::v2::keys::with_room;
use crate::v2::sa::{IkeSa, Role, Stage, State};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use ikev2_wire::{
    ExchangeType, Flags, Header, IkeSpi, Message, MessageBuilder, Notify, NotifyType, PayloadType,
};
use ipsec_crypto_suite::{CryptoProvider, SecureRandom};
use ipsec_sa_db::PeerId;
use ipsec_types::{Datagram, Instant, Path, Spi, classify};

/// One end of all its IKE SAs, initiator and responder alike, without I/O.
///
/// Datagrams and time go in ([`handle_datagram`](Self::handle_datagram), [`handle_timeout`](Self::handle_timeout)),
/// commands too; events, datagrams and the time of the next timer come out of the `poll_*` functions, in any order. An
/// application that takes all events and installs their SAs before it transmits never loses a packet of a new SA: a
/// message that lets the peer use one is held back until its event was taken (RFC 7296 §2.8).
///
/// See the [crate documentation](crate) for two endpoints that set up a tunnel.
pub struct Endpoint {
    core: Core,
    sas: BTreeMap<IkeSaId, IkeSa>,
    /// By our own SPI.
    by_spi: BTreeMap<IkeSpi, IkeSaId>,
    /// The responder's SAs, by what identifies a first request that comes again.
    first_requests: BTreeMap<(SocketAddr, IkeSpi), IkeSaId>,
    /// How many of them have no peer that proved who it is.
    half_open: usize,
    timers: BTreeSet<(Instant, IkeSaId)>,
    /// SAs that ended with an answer to the peer, the oldest first: should that be lost, the peer asks again.
    ended: VecDeque<Ended>,
    cookies: CookieJar,
    hints: Hints,
    last_mismatch: Option<ProposalMismatch>,
    /// The datagram that was handed out last.
    current: Vec<u8>,
}

/// What remains of an SA that ended with an answer: no keys.
struct Ended {
    spi: IkeSpi,
    request: Vec<u8>,
    response: Vec<u8>,
    sent: Instant,
}

/// How many unprotected answers there were in the current second.
#[derive(Default)]
struct Hints {
    since: Instant,
    count: u32,
}

impl Hints {
    fn allow(&mut self, now: Instant, most: u32) -> bool {
        if now.saturating_since(self.since) >= Duration::from_secs(1) {
            *self = Self { since: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= most
    }
}

/// How many answers are remembered past the end of their SAs, and how often one is repeated at most.
const ENDED: usize = 64;
const ENDED_INTERVAL: Duration = Duration::from_millis(200);

/// A datagram to be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Transmit<'e> {
    /// From where to where, and on what.
    pub path: Path,
    /// The payload of a UDP datagram, or of a TCP frame, with the non-ESP marker where there is to be one.
    pub contents: &'e [u8],
}

impl Endpoint {
    /// An endpoint for the peers of `config`, with the algorithms of `provider`. All its randomness is drawn from `rng`: the
    /// same seed, configuration and inputs give the same octets.
    ///
    /// It asks for inbound SPIs first: see [`Event::SpisWanted`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn new(
        config: Arc<Config>,
        provider: CryptoProvider,
        rng: Box<dyn SecureRandom>,
    ) -> Result<Self, ConfigError> {
        config.check(&provider)?;
        Ok(Self {
            core: Core::new(config, provider, rng),
            sas: BTreeMap::new(),
            by_spi: BTreeMap::new(),
            first_requests: BTreeMap::new(),
            half_open: 0,
            timers: BTreeSet::new(),
            ended: VecDeque::new(),
            cookies: CookieJar::default(),
            hints: Hints::default(),
            last_mismatch: None,
            current: Vec::new(),
        })
    }

    /// Takes a datagram from port 500 or 4500, or a TCP frame. A keepalive does nothing.
    ///
    /// # Errors
    ///
    /// [`DatagramError`]: why it was not acted on. ESP is not for an IKE endpoint: [`DatagramError::Unexpected`].
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
    ) -> Result<(), DatagramError> {
        let message = match classify(path.carrier, datagram) {
            Some(Datagram::Ike(message)) => message,
            Some(Datagram::Keepalive) => return Ok(()),
            Some(Datagram::Esp(_)) | None => return Err(DatagramError::Unexpected),
        };
        let header = Header::parse(message)?;
        if header.major() > 2 && !header.flags.is_response() {
            self.hint(now, path, &header, NotifyType::INVALID_MAJOR_VERSION);
        }
        if header.major() != 2 {
            return Err(DatagramError::Unexpected);
        }
        Message::parse(message)?;
        if header.exchange == ExchangeType::IKE_SA_INIT && !header.flags.is_response() {
            return self.handle_first_request(now, path, &header, message);
        }
        let (own, other) = if header.flags.is_initiator() {
            (header.spi_r, header.spi_i)
        } else {
            (header.spi_i, header.spi_r)
        };
        let Some(id) = self.by_spi.get(&own).copied() else {
            let again = self.answer_again(now, path, own, message);
            if again == Err(DatagramError::UnknownSa) && !header.flags.is_response() {
                self.hint(now, path, &header, NotifyType::INVALID_IKE_SPI);
            }
            return again;
        };
        self.with(id, |sa, core| {
            let known = match sa.role {
                Role::Initiator => sa.spi_r,
                Role::Responder => sa.spi_i,
            };
            // The initiator does not know the responder's SPI before the first response.
            if known != other && sa.stage() != Stage::InitSent {
                return Err(DatagramError::UnknownSa);
            }
            let handled = sa.handle(now, path, &header, message, core);
            if handled == Err(DatagramError::Unexpected) && is_hint(message) {
                sa.hinted(now, core);
            }
            handled
        })
        .unwrap_or(Err(DatagramError::UnknownSa))
    }

    /// Repeats the last answer of an SA that is gone, to the same octets.
    fn answer_again(
        &mut self,
        now: Instant,
        path: Path,
        own: IkeSpi,
        message: &[u8],
    ) -> Result<(), DatagramError> {
        let same = |ended: &&mut Ended| ended.spi == own && ended.request == message;
        let ended = self.ended.iter_mut().find(same).ok_or(DatagramError::UnknownSa)?;
        if now.saturating_since(ended.sent) < ENDED_INTERVAL {
            return Err(DatagramError::Unexpected);
        }
        ended.sent = now;
        self.core.transmit(path, &ended.response, 0);
        Ok(())
    }

    /// Answers a request without protection, with a notify that the peer may take as a hint and no more (RFC 7296 §1.5,
    /// §2.21.4): same SPIs, exchange and message id.
    fn hint(&mut self, now: Instant, path: Path, header: &Header, notify: NotifyType) {
        if !self.hints.allow(now, self.core.config.hints_per_second) {
            return;
        }
        let role = if header.flags.is_initiator() { Flags::default() } else { Flags::INITIATOR };
        let Header { spi_i, spi_r, exchange, message_id, .. } = *header;
        let head = Header::new(spi_i, spi_r, exchange, Flags::RESPONSE | role, message_id);
        let octets = with_room(|buf| {
            let mut builder = MessageBuilder::new(buf, &head)?;
            builder.push(PayloadType::NOTIFY, &Notify::new(notify))?;
            Ok(builder.finish()?.to_vec())
        });
        if let Ok(octets) = octets {
            self.core.transmit(path, &octets, 0);
        }
    }

    fn handle_first_request(
        &mut self,
        now: Instant,
        path: Path,
        header: &Header,
        message: &[u8],
    ) -> Result<(), DatagramError> {
        let lawful = header.flags.is_initiator()
            && header.message_id == 0
            && header.spi_r.is_zero()
            && !header.spi_i.is_zero();
        if !lawful {
            return Err(DatagramError::Unexpected);
        }
        let key = (path.remote, header.spi_i);
        if let Some(id) = self.first_requests.get(&key).copied() {
            let again = |sa: &mut IkeSa, core: &mut Core| sa.handle(now, path, header, message, core);
            return self.with(id, again).unwrap_or(Err(DatagramError::UnknownSa));
        }
        if self.half_open >= self.core.config.max_half_open {
            return Err(DatagramError::Busy);
        }
        if self.half_open >= self.core.config.cookie_threshold
            && !self.has_cookie(now, path, header, message)?
        {
            return Ok(());
        }
        let by_spi = &self.by_spi;
        let answered = init::respond(path, header, message, |spi| by_spi.contains_key(&spi), &mut self.core)?;
        match answered {
            Answered::Notified(reply, mismatch) => {
                self.core.transmit(path, &reply, 0);
                if mismatch.is_some() {
                    self.last_mismatch = mismatch;
                    return Err(DatagramError::NoProposalChosen);
                }
            }
            Answered::Kept(spi_r, responding, nat) => {
                let id = self.core.next_ike();
                self.core.transmit(path, &responding.response, 0);
                let response = responding.response.clone();
                let state = State::HalfOpen(responding);
                let mut sa = IkeSa::new(now, id, Role::Responder, path, (header.spi_i, spi_r), state);
                sa.nat = nat;
                sa.window.answered(now, message, response, 0);
                self.by_spi.insert(spi_r, id);
                self.first_requests.insert(key, id);
                self.half_open += 1;
                sa.first_from = Some(key);
                self.put(sa);
            }
        }
        Ok(())
    }

    /// Whether a first request brings its cookie; one that does not is asked for it.
    fn has_cookie(
        &mut self,
        now: Instant,
        path: Path,
        header: &Header,
        message: &[u8],
    ) -> Result<bool, DatagramError> {
        let parsed = Message::parse(message)?;
        let contents = Contents::read(header.exchange, false, parsed.payloads());
        let contents = contents.map_err(|_| DatagramError::Unexpected)?;
        let nonce = contents.nonce.ok_or(DatagramError::Unexpected)?.data();
        if let Some(cookie) = contents.notify(NotifyType::COOKIE) {
            let (jar, cookie) = (&mut self.cookies, cookie.data());
            if jar.accepts(now, &path, header.spi_i, nonce, cookie, &mut self.core)? {
                return Ok(true);
            }
        }
        let answer = self.cookies.ask(now, &path, header, nonce, &mut self.core)?;
        self.core.transmit(path, &answer, 0);
        Ok(false)
    }

    /// Sets an IKE SA up with a peer of the PAD, and the first Child SA with it.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownPeer`], [`CommandError::Policy`] where the policy is not one of the peer's or a [`Config`] with it
    /// would be refused, [`CommandError::NoSpi`], [`CommandError::Crypto`].
    pub fn initiate(
        &mut self,
        now: Instant,
        path: Path,
        peer: PeerId,
        first: Acquire,
    ) -> Result<IkeSaId, CommandError> {
        self.core.config.pad.get(peer).ok_or(CommandError::UnknownPeer)?;
        let is_theirs = first.policy.protect().is_some_and(|protect| protect.peer == peer);
        if !is_theirs || check_policy(&first.policy, &self.core.provider).is_err() {
            return Err(CommandError::Policy);
        }
        let by_spi = &self.by_spi;
        let spi_i = self.core.ike_spi(|spi| by_spi.contains_key(&spi))?;
        let child_spi = self.core.take_spi().ok_or(CommandError::NoSpi)?;
        let initiating = match Initiating::new(peer, first, child_spi, &mut self.core) {
            Ok(initiating) => initiating,
            Err(error) => {
                self.core.release_spi(child_spi);
                return Err(error);
            }
        };
        let id = self.core.next_ike();
        let state = State::InitSent(Box::new(initiating));
        let mut sa = IkeSa::new(now, id, Role::Initiator, path, (spi_i, IkeSpi::ZERO), state);
        if let Err(error) = init::send(&mut sa, now, &mut self.core) {
            self.core.release_spi(child_spi);
            return Err(error.into());
        }
        self.by_spi.insert(spi_i, id);
        self.put(sa);
        Ok(id)
    }

    /// Rekeys a Child SA, once the requests before it are answered. An IKE SA cannot be rekeyed yet.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownSa`]; [`CommandError::State`] where it is being deleted or was replaced;
    /// [`CommandError::Unsupported`] for an IKE SA.
    pub fn rekey(&mut self, now: Instant, sa: AnySaId) -> Result<(), CommandError> {
        let AnySaId::Child(child) = sa else { return Err(CommandError::Unsupported) };
        let id = self.ike_of(child).ok_or(CommandError::UnknownSa)?;
        let rekeyed = self.with(id, |sa, core| sa.rekey(now, child, core));
        rekeyed.unwrap_or(Err(CommandError::UnknownSa))
    }

    /// Deletes an SA, once the requests before it are answered; an IKE SA with its Child SAs, and before anything else that
    /// waits.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownSa`].
    pub fn delete(&mut self, now: Instant, sa: AnySaId) -> Result<(), CommandError> {
        let id = match sa {
            AnySaId::Ike(id) => id,
            AnySaId::Child(child) => self.ike_of(child).ok_or(CommandError::UnknownSa)?,
        };
        let deleted = self.with(id, |own, core| match sa {
            AnySaId::Ike(_) => own.delete(now, core),
            AnySaId::Child(child) => own.delete_child(now, child, core),
        });
        deleted.ok_or(CommandError::UnknownSa)
    }

    /// Adds inbound SPIs to the stock that Child SAs are made with: numbers that the [SAD](ipsec_sa_db::Sad::reserve) has
    /// reserved.
    pub fn offer_spis(&mut self, protocol: SaProtocol, spis: impl IntoIterator<Item = Spi>) {
        match protocol {
            SaProtocol::Esp => self.core.offer_spis(spis),
        }
    }

    /// Notes that a packet of a Child SA went out: a NAT needs no keepalive for a while.
    pub fn note_sent(&mut self, now: Instant, child: ChildSaId) {
        if let Some(sa) = self.ike_of(child).and_then(|id| self.sas.get_mut(&id)) {
            sa.sent = sa.sent.max(now);
        }
    }

    /// Notes that an authentic packet of a Child SA came in, and where from: the peer lives, it uses the SA, and behind a
    /// NAT it may have moved.
    pub fn note_received(&mut self, now: Instant, child: ChildSaId, path: Path) {
        if let Some(id) = self.ike_of(child) {
            self.with(id, |sa, core| sa.note_received(now, child, path, core));
        }
    }

    /// Lets time pass. Early, late and repeated calls do no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((due, id)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, id));
            if let Some(sa) = self.sas.get_mut(&id) {
                sa.deadline = None;
            }
            self.with(id, |sa, core| sa.handle_timeout(now, core));
            // A timer that is still due now is looked at in the next call.
            if self.sas.get(&id).and_then(|sa| sa.deadline).is_some_and(|next| next <= due) {
                break;
            }
        }
    }

    /// The next datagram to be sent, if one may go.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        let (path, contents) = self.core.poll_transmit()?;
        self.current = contents;
        Some(Transmit { path, contents: &self.current })
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.core.poll_event()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// What differed where the proposals of a first request were refused last.
    pub const fn last_mismatch(&self) -> Option<&ProposalMismatch> {
        self.last_mismatch.as_ref()
    }

    /// How many IKE SAs there are, in whatever state.
    pub fn len(&self) -> usize {
        self.sas.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sas.is_empty()
    }

    fn ike_of(&self, child: ChildSaId) -> Option<IkeSaId> {
        self.core.owners.get(&child).copied()
    }

    /// Does something with an SA, and forgets it where that ended it.
    fn with<T>(&mut self, id: IkeSaId, act: impl FnOnce(&mut IkeSa, &mut Core) -> T) -> Option<T> {
        let mut sa = self.sas.remove(&id)?;
        if let Some(deadline) = sa.deadline.take() {
            self.timers.remove(&(deadline, id));
        }
        let was_half_open = sa.stage() == Stage::HalfOpen;
        let result = act(&mut sa, &mut self.core);
        if was_half_open && sa.stage() != Stage::HalfOpen {
            self.half_open -= 1;
        }
        if sa.stage() == Stage::Closed {
            if let Some(key) = sa.first_from {
                self.first_requests.remove(&key);
            }
            let (spi, sent) = (sa.own_spi(), sa.sent);
            self.by_spi.remove(&spi);
            // Only of a peer that was heard with something authentic: strangers push nobody's answer out.
            let last = sa.window.into_last_answer().filter(|_| sa.known);
            if let Some((request, response)) = last {
                if self.ended.len() >= ENDED {
                    self.ended.pop_front();
                }
                self.ended.push_back(Ended { spi, request, response, sent });
            }
        } else {
            self.put(sa);
        }
        Some(result)
    }

    fn put(&mut self, mut sa: IkeSa) {
        sa.deadline = sa.poll_timeout(&self.core);
        if let Some(deadline) = sa.deadline {
            self.timers.insert((deadline, sa.id));
        }
        self.sas.insert(sa.id, sa);
    }
}

/// Whether a message in the clear says that the sender does not know the SA (RFC 7296 §1.5).
fn is_hint(message: &[u8]) -> bool {
    let Ok(parsed) = Message::parse(message) else { return false };
    let header = parsed.header();
    let contents = Contents::read(header.exchange, header.flags.is_response(), parsed.payloads());
    contents.is_ok_and(|contents| contents.notify(NotifyType::INVALID_IKE_SPI).is_some())
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("ike_sas", &self.sas.len())
            .field("half_open", &self.half_open)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Transmit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transmit({:?}, {} octets)", self.path, self.contents.len())
    }
}

#[cfg(all(test, feature = "rustcrypto"))]
mod tests;
