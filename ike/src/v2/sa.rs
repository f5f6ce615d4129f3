//! One IKE SA: what holds through all its exchanges.

use crate::error::{CommandError, DatagramError};
use crate::event::{ChildSaId, CloseReason, Event, IkeSaId};
use crate::v2::auth::Authenticating;
use crate::v2::child::Child;
use crate::v2::contents::{ContentFault, Contents};
use crate::v2::core::Core;
use crate::v2::init::{Initiating, Responding};
use crate::v2::keys::{Chain, Keys};
use crate::v2::nat::Nat;
use crate::v2::rekey::Rekeying;
use crate::v2::table::{Verdict, verdict};
use crate::v2::window::{Arrival, Due, Window};
use crate::v2::{MessageError, Plaintext, auth, informational, init, open, rekey};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;
use ikev2_wire::{ExchangeType, Flags, Header, IkeSpi, Notify, NotifyType, PayloadChain, PayloadType};
use ipsec_crypto_suite::CryptoError;
use ipsec_types::{Carrier, Instant, Path, Spi};

/// Which end of the IKE SA we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Initiator,
    Responder,
}

/// How far an IKE SA is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    InitSent,
    HalfOpen,
    AuthSent,
    Established,
    Closing,
    Closed,
}

pub(crate) enum State {
    /// Initiator: the request of IKE_SA_INIT is out.
    InitSent(Box<Initiating>),
    /// Responder: IKE_SA_INIT is answered.
    HalfOpen(Box<Responding>),
    /// Initiator: the request of IKE_AUTH is out.
    AuthSent(Box<Authenticating>),
    Established(Box<Keys>),
    /// Our Delete of the IKE SA is out.
    Closing(Box<Keys>),
    Closed,
}

/// Our request that is under way.
pub(crate) enum Exchange {
    Liveness,
    DeleteChild(ChildSaId, CloseReason),
    DeleteIke,
    Rekey(Box<Rekeying>),
}

/// A request that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Liveness,
    DeleteChild(ChildSaId, CloseReason),
    DeleteIke,
    Rekey(ChildSaId),
}

pub(crate) struct IkeSa {
    pub(crate) id: IkeSaId,
    pub(crate) role: Role,
    pub(crate) path: Path,
    pub(crate) spi_i: IkeSpi,
    pub(crate) spi_r: IkeSpi,
    pub(crate) window: Window,
    pub(crate) state: State,
    pub(crate) nat: Nat,
    pub(crate) created: Instant,
    /// When the peer was last heard with something fresh and authentic.
    pub(crate) heard: Instant,
    /// When we last sent anything.
    pub(crate) sent: Instant,
    pub(crate) children: Vec<Child>,
    /// When an unprotected answer had us ask the peer whether it lives.
    hinted_at: Option<Instant>,
    pub(crate) active: Option<Exchange>,
    pub(crate) queue: VecDeque<Task>,
    /// Whether the application knows the SA, and is told of its end.
    pub(crate) known: bool,
    /// What a copy of the first request is known by, at the responder.
    pub(crate) first_from: Option<(SocketAddr, IkeSpi)>,
    /// Under what instant the SA stands among the endpoint's timers.
    pub(crate) deadline: Option<Instant>,
}

/// How long to wait before a rekey that the peer put off is tried again (RFC 7296 §2.25).
const RETRY: Duration = Duration::from_secs(5);

impl IkeSa {
    pub(crate) fn new(
        now: Instant,
        id: IkeSaId,
        role: Role,
        path: Path,
        (spi_i, spi_r): (IkeSpi, IkeSpi),
        state: State,
    ) -> Self {
        Self {
            id,
            role,
            path,
            spi_i,
            spi_r,
            window: Window::new(),
            state,
            nat: Nat::default(),
            created: now,
            heard: now,
            sent: now,
            children: Vec::new(),
            hinted_at: None,
            active: None,
            queue: VecDeque::new(),
            known: role == Role::Initiator,
            first_from: None,
            deadline: None,
        }
    }

    pub(crate) const fn stage(&self) -> Stage {
        match self.state {
            State::InitSent(_) => Stage::InitSent,
            State::HalfOpen(_) => Stage::HalfOpen,
            State::AuthSent(_) => Stage::AuthSent,
            State::Established(_) => Stage::Established,
            State::Closing(_) => Stage::Closing,
            State::Closed => Stage::Closed,
        }
    }

    pub(crate) const fn own_spi(&self) -> IkeSpi {
        match self.role {
            Role::Initiator => self.spi_i,
            Role::Responder => self.spi_r,
        }
    }

    fn keys(&mut self) -> Option<&mut Keys> {
        match &mut self.state {
            State::HalfOpen(responding) => Some(&mut responding.keys),
            State::AuthSent(authenticating) => Some(&mut authenticating.keys),
            State::Established(keys) | State::Closing(keys) => Some(keys),
            State::InitSent(_) | State::Closed => None,
        }
    }

    /// The keys of an SA whose peer proved who it is.
    pub(crate) fn established(&mut self) -> Option<&mut Keys> {
        match &mut self.state {
            State::Established(keys) | State::Closing(keys) => Some(keys),
            State::InitSent(_) | State::HalfOpen(_) | State::AuthSent(_) | State::Closed => None,
        }
    }

    /// Adds a Child SA that the application is told of.
    pub(crate) fn add_child(&mut self, child: Child, core: &mut Core) {
        core.owners.insert(child.id, self.id);
        self.children.push(child);
    }

    /// Forgets a Child SA and says so.
    pub(crate) fn remove_child(&mut self, id: ChildSaId, reason: CloseReason, core: &mut Core) {
        let Some(at) = self.children.iter().position(|child| child.id == id) else { return };
        let child = self.children.swap_remove(at);
        core.owners.remove(&id);
        // What it was to replace is replaced by its successor, or stands again.
        for old in self.children.iter_mut().filter(|old| old.successor == Some(id)) {
            old.successor = child.successor;
        }
        if child.known {
            core.emit(Event::ChildSaClosed { id, reason });
        } else {
            core.release_spi(child.inbound);
        }
    }

    /// Deletes a Child SA that the peer made and the application never hears of.
    pub(crate) fn delete_unwanted(&mut self, mut child: Child, reason: CloseReason, core: &mut Core) {
        child.id = core.next_child();
        let id = child.id;
        self.children.push(child);
        self.doom(id, reason);
    }

    pub(crate) fn child(&mut self, id: ChildSaId) -> Option<&mut Child> {
        self.children.iter_mut().find(|child| child.id == id)
    }

    pub(crate) fn handle(
        &mut self,
        now: Instant,
        path: Path,
        header: &Header,
        message: &[u8],
        core: &mut Core,
    ) -> Result<(), DatagramError> {
        let by_initiator = header.flags.is_initiator();
        // What we sent ourselves does not come from the peer.
        if by_initiator == (self.role == Role::Initiator) {
            return Err(DatagramError::Unexpected);
        }
        let response = header.flags.is_response();
        if verdict(self.stage(), self.role, header.exchange, response) == Verdict::Drop {
            return Err(DatagramError::Unexpected);
        }
        let result = if response {
            self.handle_response(now, path, header, message, core)
        } else {
            self.handle_request(now, path, header, message, core)
        };
        self.pump(now, core);
        result
    }

    fn handle_request(
        &mut self,
        now: Instant,
        path: Path,
        header: &Header,
        message: &[u8],
        core: &mut Core,
    ) -> Result<(), DatagramError> {
        match self.window.arrival(now, header.message_id, message) {
            Arrival::Again(response, after) => {
                core.transmit(path, response, after);
                return Ok(());
            }
            Arrival::Other => return Err(DatagramError::Unexpected),
            Arrival::Fresh => {}
        }
        let first = matches!(header.exchange, ExchangeType::IKE_SA_INIT | ExchangeType::IKE_AUTH);
        if first && (self.established().is_some() || header.exchange == ExchangeType::IKE_SA_INIT) {
            return Err(DatagramError::Unexpected);
        }
        let mut copy = message.to_vec();
        let contents = self.open(&mut copy)?;
        self.heard(now, path, core);
        let read = contents.and_then(|chain| Contents::read(header.exchange, false, chain));
        let reply = match read {
            Err(fault) => return self.refuse_content(now, path, header, message, fault, core),
            Ok(contents) if header.exchange == ExchangeType::IKE_AUTH => {
                auth::respond(self, now, path, &contents, core)
            }
            Ok(contents) if header.exchange == ExchangeType::CREATE_CHILD_SA => {
                rekey::respond(self, &contents, core)
            }
            Ok(contents) => informational::respond(self, &contents, core),
        };
        let Reply { chain, hold, then } = match reply {
            Ok(reply) => reply,
            Err(error) => {
                self.close(CloseReason::Crypto(error), core);
                return Err(error.into());
            }
        };
        let after = if hold { core.after_events() } else { 0 };
        self.answer(now, path, header, message, &chain, after, core)?;
        if let Some(reason) = then {
            self.close(reason, core);
        }
        Ok(())
    }

    /// An authentic request that cannot be read: one answer, and unless only a critical payload is unknown, or the SA is
    /// not there yet, that is the end (RFC 7296 §2.5, §2.21).
    fn refuse_content(
        &mut self,
        now: Instant,
        path: Path,
        header: &Header,
        message: &[u8],
        fault: ContentFault,
        core: &mut Core,
    ) -> Result<(), DatagramError> {
        let (chain, fatal) = match fault {
            ContentFault::Critical(kind) => {
                let data = [kind.0];
                let chain = notify_with(NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, &data)?;
                let fatal = header.exchange == ExchangeType::IKE_AUTH;
                (chain, fatal.then_some(CloseReason::Protocol("a critical payload that is not known")))
            }
            ContentFault::Syntax(what) => {
                (notify(NotifyType::INVALID_SYNTAX)?, Some(CloseReason::Protocol(what)))
            }
        };
        self.answer(now, path, header, message, &chain, 0, core)?;
        if let Some(reason) = fatal {
            self.known |= header.exchange == ExchangeType::IKE_AUTH;
            self.close(reason, core);
        }
        Ok(())
    }

    fn handle_response(
        &mut self,
        now: Instant,
        path: Path,
        header: &Header,
        message: &[u8],
        core: &mut Core,
    ) -> Result<(), DatagramError> {
        if !self.window.awaits(header.message_id) {
            return Err(DatagramError::Unexpected);
        }
        if matches!(self.state, State::InitSent(_)) {
            return init::conclude(self, now, path, header, message, core);
        }
        let exchange = match &self.active {
            None => ExchangeType::IKE_AUTH,
            Some(Exchange::Rekey(_)) => ExchangeType::CREATE_CHILD_SA,
            Some(Exchange::Liveness | Exchange::DeleteChild(..) | Exchange::DeleteIke) => {
                ExchangeType::INFORMATIONAL
            }
        };
        if header.exchange != exchange {
            return Err(DatagramError::Unexpected);
        }
        let mut copy = message.to_vec();
        let contents = self.open(&mut copy)?;
        self.window.done();
        self.heard(now, path, core);
        let read = contents.and_then(|chain| Contents::read(header.exchange, true, chain));
        let contents = match read {
            Ok(contents) => contents,
            // No answer to an answer: the SA is gone on both sides or will be (RFC 7296 §2.21.3).
            Err(ContentFault::Syntax(what)) => {
                self.close(CloseReason::Protocol(what), core);
                return Ok(());
            }
            Err(ContentFault::Critical(_)) => {
                self.close(CloseReason::Protocol("a critical payload that is not known"), core);
                return Ok(());
            }
        };
        let result = match self.active.take() {
            None => auth::conclude(self, now, &contents, core),
            Some(Exchange::Rekey(rekeying)) => rekey::conclude(self, now, *rekeying, &contents, core),
            Some(exchange) => {
                informational::conclude(self, exchange, core);
                Ok(())
            }
        };
        if let Err(reason) = result {
            self.close(reason, core);
        }
        Ok(())
    }

    /// Verifies and decrypts. What is authentic and still malformed inside is the second kind of error.
    fn open<'b>(
        &mut self,
        copy: &'b mut [u8],
    ) -> Result<Result<PayloadChain<'b>, ContentFault>, DatagramError> {
        let keys = self.keys().ok_or(DatagramError::Unexpected)?;
        match open(&keys.messages, copy) {
            Ok(Plaintext::Message(chain)) => Ok(Ok(chain)),
            // Nobody announced fragmentation (RFC 7383 §2.4).
            Ok(Plaintext::Fragment(_)) | Err(MessageError::NotEncrypted) => Err(DatagramError::Unexpected),
            Err(MessageError::Malformed(error)) => Err(DatagramError::Malformed(error)),
            Err(MessageError::Authentication) => Err(DatagramError::Authentication),
            Err(MessageError::Inner(_)) => Ok(Err(ContentFault::Syntax("a malformed payload chain"))),
        }
    }

    /// Takes an unprotected answer for a live SA as the hint it is: the peer is asked whether it lives, no more often than it
    /// would be anyway when it is quiet (RFC 7296 §2.4).
    pub(crate) fn hinted(&mut self, now: Instant, core: &mut Core) {
        let Some(interval) = core.config.liveness else { return };
        let quiet = self.hinted_at.is_none_or(|last| now.saturating_since(last) >= interval);
        if quiet && matches!(self.state, State::Established(_)) && self.active.is_none() {
            self.hinted_at = Some(now);
            self.enqueue(Task::Liveness);
            self.pump(now, core);
        }
    }

    /// Notes a fresh authentic message, and where it came from: a peer behind a NAT, or one that is being set up, may
    /// have moved (RFC 7296 §2.23). An end that is behind the NAT itself stays with what it knows.
    fn heard(&mut self, now: Instant, path: Path, core: &mut Core) {
        self.heard = self.heard.max(now);
        let may_move = self.stage() == Stage::HalfOpen || (self.nat.remote && !self.nat.local);
        if may_move && path != self.path {
            self.path = path;
            if self.established().is_some() {
                core.emit(Event::PathChanged { id: self.id, path });
            }
        }
    }

    /// Notes an authentic packet on a Child SA.
    pub(crate) fn note_received(&mut self, now: Instant, child: ChildSaId, path: Path, core: &mut Core) {
        self.heard(now, path, core);
        let old = self.children.iter().find(|old| old.successor == Some(child)).map(|old| old.id);
        if let Some(old) = old {
            self.move_outbound(old, core);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a request, where it came from, and its answer")]
    fn answer(
        &mut self,
        now: Instant,
        path: Path,
        header: &Header,
        request: &[u8],
        chain: &Chain,
        after: u64,
        core: &mut Core,
    ) -> Result<(), DatagramError> {
        let head = self.header(header.exchange, Flags::RESPONSE, header.message_id);
        let keys = self.keys().ok_or(DatagramError::Unexpected)?;
        let response = match keys.seal(core, &head, chain) {
            Ok(response) => response,
            Err(error) => {
                self.close(CloseReason::Crypto(error), core);
                return Err(error.into());
            }
        };
        core.transmit(path, &response, after);
        self.window.answered(now, request, response, after);
        self.sent = now;
        Ok(())
    }

    /// Sends a request; `after` says behind how many events.
    pub(crate) fn request(
        &mut self,
        now: Instant,
        exchange: ExchangeType,
        chain: &Chain,
        after: u64,
        core: &mut Core,
    ) -> Result<(), CloseReason> {
        let message_id = self.window.next_id().ok_or(CloseReason::MessageIds)?;
        let head = self.header(exchange, Flags::default(), message_id);
        let keys = self.keys().ok_or(CloseReason::Protocol("no keys"))?;
        let datagram = keys.seal(core, &head, chain).map_err(CloseReason::Crypto)?;
        core.transmit(self.path, &datagram, after);
        let random = core.jitter();
        self.window.sent(now, datagram, after, &core.config.retransmission, random);
        self.sent = now;
        Ok(())
    }

    fn header(&self, exchange: ExchangeType, flags: Flags, message_id: u32) -> Header {
        let role = if self.role == Role::Initiator { Flags::INITIATOR } else { Flags::default() };
        Header::new(self.spi_i, self.spi_r, exchange, flags | role, message_id)
    }

    /// Starts what waits for its turn, once nothing is under way.
    pub(crate) fn pump(&mut self, now: Instant, core: &mut Core) {
        if self.established().is_some() && self.window.is_exhausted() && self.active.is_none() {
            self.close(CloseReason::MessageIds, core);
        }
        while self.established().is_some() && self.active.is_none() {
            let Some(task) = self.queue.pop_front() else { return };
            let started = match task {
                Task::Rekey(id) => rekey::start(self, now, id, None, core),
                task @ (Task::Liveness | Task::DeleteChild(..) | Task::DeleteIke) => {
                    informational::start(self, now, task, core)
                }
            };
            if let Err(reason) = started {
                self.close(reason, core);
            }
        }
    }

    pub(crate) fn enqueue(&mut self, task: Task) {
        if !self.queue.contains(&task) {
            self.queue.push_back(task);
        }
    }

    pub(crate) fn rekey(&mut self, now: Instant, id: ChildSaId, core: &mut Core) -> Result<(), CommandError> {
        let ready = |child: &mut Child| !child.doomed && child.successor.is_none();
        if !self.child(id).is_some_and(ready) || self.stage() != Stage::Established {
            return Err(CommandError::State);
        }
        let under_way = matches!(&self.active, Some(Exchange::Rekey(own)) if own.old == id);
        if !under_way {
            self.enqueue(Task::Rekey(id));
            self.pump(now, core);
        }
        Ok(())
    }

    pub(crate) fn delete_child(&mut self, now: Instant, id: ChildSaId, core: &mut Core) {
        self.doom(id, CloseReason::Deleted);
        self.pump(now, core);
    }

    /// Has a Child SA deleted when its turn comes; from now on it is not replaced any more.
    pub(crate) fn doom(&mut self, id: ChildSaId, reason: CloseReason) {
        if let Some(child) = self.child(id).filter(|child| !child.doomed) {
            child.doomed = true;
            self.queue.retain(|task| *task != Task::Rekey(id));
            self.queue.push_back(Task::DeleteChild(id, reason));
        }
    }

    /// Deletes the IKE SA; one that is not there yet just goes.
    pub(crate) fn delete(&mut self, now: Instant, core: &mut Core) {
        if self.established().is_none() {
            return self.close(CloseReason::Deleted, core);
        }
        if !matches!(self.active, Some(Exchange::DeleteIke)) {
            self.queue.clear();
            self.enqueue(Task::DeleteIke);
            self.pump(now, core);
        }
    }

    /// Ends the SA with its children, says so, and forgets the keys.
    pub(crate) fn close(&mut self, reason: CloseReason, core: &mut Core) {
        let state = core::mem::replace(&mut self.state, State::Closed);
        match state {
            State::Closed => return,
            State::InitSent(initiating) => core.release_spi(initiating.child_spi),
            State::AuthSent(authenticating) => core.release_spi(authenticating.child_spi),
            State::HalfOpen(_) | State::Established(_) | State::Closing(_) => {}
        }
        if let Some(Exchange::Rekey(rekeying)) = self.active.take() {
            core.release_spi(rekeying.spi);
        }
        self.queue.clear();
        while let Some(id) = self.children.first().map(|child| child.id) {
            self.remove_child(id, CloseReason::IkeSaClosed, core);
        }
        if self.known {
            core.emit(Event::IkeSaClosed { id: self.id, reason });
        }
    }

    /// Ends an attempt whose state was taken out already.
    pub(crate) fn abandon(&self, child_spi: Spi, reason: CloseReason, core: &mut Core) {
        core.release_spi(child_spi);
        core.emit(Event::IkeSaClosed { id: self.id, reason });
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, core: &mut Core) {
        if self.stage() == Stage::HalfOpen && now >= self.created + core.config.half_open_timeout {
            return self.close(CloseReason::Timeout(None), core);
        }
        init::handle_timeout(self, now, core);
        let random = core.jitter();
        let policy = core.config.retransmission;
        match self.window.handle_timeout(now, &policy, random) {
            Due::Nothing => {}
            Due::Repeat(datagram, after) => {
                core.transmit(self.path, datagram, after);
                self.sent = now;
            }
            Due::GaveUp => {
                let hint = if let State::InitSent(own) = &self.state { own.hint } else { None };
                return self.close(CloseReason::Timeout(hint), core);
            }
        }
        if self.liveness_due(core).is_some_and(|due| due <= now) {
            self.enqueue(Task::Liveness);
        }
        if self.keepalive_due(core).is_some_and(|due| due <= now) {
            core.transmit_keepalive(self.path);
            self.sent = now;
        }
        let again: Vec<_> = self
            .children
            .iter_mut()
            .filter(|child| child.retry_at.is_some_and(|due| due <= now))
            .map(|child| {
                child.retry_at = None;
                child.id
            })
            .collect();
        for id in again {
            self.enqueue(Task::Rekey(id));
        }
        self.pump(now, core);
    }

    fn liveness_due(&self, core: &Core) -> Option<Instant> {
        let idle = matches!(self.state, State::Established(_)) && self.active.is_none();
        core.config.liveness.filter(|_| idle).map(|interval| self.heard + interval)
    }

    /// Only the end behind the NAT keeps it open (RFC 3948 §4).
    fn keepalive_due(&self, core: &Core) -> Option<Instant> {
        let there = matches!(self.state, State::Established(_) | State::Closing(_));
        let needed = there && self.nat.local && self.path.carrier == Carrier::UdpEncapsulated;
        core.config.nat_keepalive.filter(|_| needed).map(|interval| self.sent + interval)
    }

    pub(crate) fn poll_timeout(&self, core: &Core) -> Option<Instant> {
        if matches!(self.state, State::Closed) {
            return None;
        }
        let half_open =
            (self.stage() == Stage::HalfOpen).then(|| self.created + core.config.half_open_timeout);
        let retry = self.children.iter().filter_map(|child| child.retry_at).min();
        let cookie = if let State::InitSent(own) = &self.state { own.poll_timeout() } else { None };
        [
            self.window.poll_timeout(),
            cookie,
            half_open,
            self.liveness_due(core),
            self.keepalive_due(core),
            retry,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Puts a rekey off.
    pub(crate) fn retry_later(&mut self, now: Instant, id: ChildSaId, core: &mut Core) {
        let random = core.jitter();
        let more = RETRY.saturating_mul(random >> 28) / 16;
        if let Some(child) = self.child(id) {
            child.retry_at = Some(now + RETRY + more);
        }
    }
}

/// What a request is answered.
pub(crate) struct Reply {
    pub(crate) chain: Chain,
    /// Whether the peer may use a new SA once it has the answer.
    pub(crate) hold: bool,
    /// Why the IKE SA ends with this answer, if it does.
    pub(crate) then: Option<CloseReason>,
}

impl Reply {
    pub(crate) const fn new(chain: Chain) -> Self {
        Self { chain, hold: false, then: None }
    }

    /// One notify; the IKE SA stands.
    pub(crate) fn notify(kind: NotifyType) -> Result<Self, CryptoError> {
        notify(kind).map(Self::new)
    }

    /// One notify, and the end of the IKE SA.
    pub(crate) fn fatal(kind: NotifyType, reason: CloseReason) -> Result<Self, CryptoError> {
        Ok(Self { then: Some(reason), ..Self::notify(kind)? })
    }
}

fn notify(kind: NotifyType) -> Result<Chain, CryptoError> {
    notify_with(kind, &[])
}

pub(crate) fn notify_with(kind: NotifyType, data: &[u8]) -> Result<Chain, CryptoError> {
    Chain::build(|chain| chain.push(PayloadType::NOTIFY, &Notify::new(kind).with_data(data)).map(|_| ()))
}
