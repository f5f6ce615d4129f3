//! IKE_SA_INIT (RFC 7296 §1.2, §2.6, §2.7).

use crate::config::IkeProposal;
use crate::error::{CommandError, DatagramError};
use crate::event::{Acquire, CloseReason};
use crate::v2::auth;
use crate::v2::contents::{ContentFault, Contents};
use crate::v2::core::Core;
use crate::v2::keys::{Keys, with_room};
use crate::v2::nat::{Detection, Nat, detect, own_detection};
use crate::v2::proposal::{IkeSuite, ProposalMismatch, accept_ike, choose_ike, ike_answer, ike_transforms};
use crate::v2::sa::{IkeSa, State};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;
use ikev2_wire::{
    ExchangeType, Flags, Header, IkeSpi, KeyExchange, KeyExchangeMethod, Message, MessageBuilder,
    NewProposal, NewSa, Nonce, Notify, NotifyType, PayloadType, ProtocolId,
};
use ipsec_crypto_suite::{ActiveKex, CryptoError, KexId};
use ipsec_sa_db::PeerId;
use ipsec_types::{Carrier, Instant, Path, Spi};

/// Octets of our nonces: at least half the key of every PRF there is (RFC 7296 §2.10).
pub(crate) const NONCE_LEN: usize = 32;

/// How often an unauthenticated answer may have us start anew: a cookie, another key exchange method, both.
const RESTARTS: u32 = 4;

/// The initiator while IKE_SA_INIT is under way.
pub(crate) struct Initiating {
    pub(crate) peer: PeerId,
    pub(crate) first: Acquire,
    pub(crate) child_spi: Spi,
    nonce: Vec<u8>,
    kex: KexId,
    active: Box<dyn ActiveKex>,
    cookie: Option<Vec<u8>>,
    /// A cookie that is to be returned, and when.
    asked: Option<(Instant, Vec<u8>)>,
    restarts: u32,
    /// The request as it was sent last, which AUTH covers.
    request: Vec<u8>,
    /// The error that an unauthenticated answer named last.
    pub(crate) hint: Option<NotifyType>,
}

/// The responder after IKE_SA_INIT.
pub(crate) struct Responding {
    pub(crate) keys: Box<Keys>,
    pub(crate) nonce_i: Vec<u8>,
    pub(crate) nonce_r: Vec<u8>,
    pub(crate) request: Vec<u8>,
    pub(crate) response: Vec<u8>,
}

impl Initiating {
    pub(crate) fn new(
        peer: PeerId,
        first: Acquire,
        child_spi: Spi,
        core: &mut Core,
    ) -> Result<Self, CommandError> {
        let kex = first_method(&core.config.ike_proposals).ok_or(CommandError::Unsupported)?;
        let nonce = core.octets(NONCE_LEN)?;
        let active = core.provider.key_exchange(kex)?.start(&mut *core.rng)?;
        let (cookie, asked, request, hint) = (None, None, Vec::new(), None);
        Ok(Self { peer, first, child_spi, nonce, kex, active, cookie, asked, restarts: 0, request, hint })
    }
}

fn first_method(proposals: &[IkeProposal]) -> Option<KexId> {
    proposals.first()?.key_exchanges.first().copied()
}

/// Sends the request, for the first time or anew.
pub(crate) fn send(sa: &mut IkeSa, now: Instant, core: &mut Core) -> Result<(), CryptoError> {
    let State::InitSent(initiating) = &mut sa.state else { return Ok(()) };
    let header = Header::new(sa.spi_i, IkeSpi::ZERO, ExchangeType::IKE_SA_INIT, Flags::INITIATOR, 0);
    let transforms: Vec<_> = core.config.ike_proposals.iter().map(ike_transforms).collect();
    let proposals: Vec<_> = transforms
        .iter()
        .zip(1..=u8::MAX)
        .map(|(transforms, number)| NewProposal { number, protocol: ProtocolId::IKE, spi: &[], transforms })
        .collect();
    let own_detection = own_detection(core, sa.spi_i, IkeSpi::ZERO, &sa.path)?;
    let body = Body {
        proposals: &proposals,
        kex: initiating.kex,
        public: initiating.active.public(),
        nonce: &initiating.nonce,
        detection: own_detection,
    };
    let cookie = initiating.cookie.as_deref();
    let request = body.message(&header, cookie)?;
    core.transmit(sa.path, &request, 0);
    let random = core.jitter();
    let policy = core.config.retransmission;
    initiating.request.clone_from(&request);
    if initiating.restarts == 0 {
        sa.window.sent(now, request, 0, &policy, random);
    } else {
        sa.window.sent_instead(now, request, &policy, random);
    }
    sa.sent = now;
    Ok(())
}

/// What both messages hold.
struct Body<'a> {
    proposals: &'a [NewProposal<'a>],
    kex: KexId,
    public: &'a [u8],
    nonce: &'a [u8],
    /// Of the sender's end and of the other.
    detection: [Detection; 2],
}

impl Body<'_> {
    /// The cookie goes first (RFC 7296 §2.6).
    fn message(&self, header: &Header, cookie: Option<&[u8]>) -> Result<Vec<u8>, CryptoError> {
        with_room(|buf| {
            let mut builder = MessageBuilder::new(buf, header)?;
            if let Some(cookie) = cookie {
                builder.push(PayloadType::NOTIFY, &Notify::new(NotifyType::COOKIE).with_data(cookie))?;
            }
            let ke = KeyExchange::new(KeyExchangeMethod(self.kex.ikev2()), self.public);
            let [source, destination] = &self.detection;
            let source = Notify::new(NotifyType::NAT_DETECTION_SOURCE_IP).with_data(source);
            let destination = Notify::new(NotifyType::NAT_DETECTION_DESTINATION_IP).with_data(destination);
            builder
                .push(PayloadType::SA, &NewSa { proposals: self.proposals })?
                .push(PayloadType::KE, &ke)?
                .push(PayloadType::NONCE, &Nonce::new(self.nonce))?
                .push(PayloadType::NOTIFY, &source)?
                .push(PayloadType::NOTIFY, &destination)?;
            Ok(builder.finish()?.to_vec())
        })
    }
}

/// The responder's side: answers a first request with keys made, or with a notify and nothing kept.
pub(crate) enum Answered {
    /// State is kept: the responder's SPI, what it remembers, and what it found about NATs.
    Kept(IkeSpi, Box<Responding>, Nat),
    /// A notify in the clear (RFC 7296 §1.2, §2.7); where no proposal was acceptable, with what differs.
    Notified(Vec<u8>, Option<ProposalMismatch>),
}

pub(crate) fn respond(
    path: Path,
    header: &Header,
    message: &[u8],
    used: impl Fn(IkeSpi) -> bool,
    core: &mut Core,
) -> Result<Answered, DatagramError> {
    let notified = |kind: NotifyType, data: &[u8]| -> Result<Vec<u8>, DatagramError> {
        let head = Header::new(header.spi_i, IkeSpi::ZERO, header.exchange, Flags::RESPONSE, 0);
        let notify = Notify::new(kind).with_data(data);
        Ok(with_room(|buf| {
            let mut builder = MessageBuilder::new(buf, &head)?;
            builder.push(PayloadType::NOTIFY, &notify)?;
            Ok(builder.finish()?.to_vec())
        })?)
    };
    let parsed = Message::parse(message)?;
    let contents = match Contents::read(header.exchange, false, parsed.payloads()) {
        Ok(contents) => contents,
        Err(ContentFault::Critical(kind)) => {
            let answer = notified(NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, &[kind.0])?;
            return Ok(Answered::Notified(answer, None));
        }
        Err(ContentFault::Syntax(_)) => return Err(DatagramError::Unexpected),
    };
    let (Some(offer), Some(ke), Some(nonce)) = (contents.sa, contents.ke, contents.nonce) else {
        return Err(DatagramError::Unexpected);
    };
    let hint = Some(ke.method().0);
    let chosen = match choose_ike(&core.config.ike_proposals, &offer, hint) {
        Ok(chosen) => chosen,
        Err(mismatch) => {
            let answer = notified(NotifyType::NO_PROPOSAL_CHOSEN, &[])?;
            return Ok(Answered::Notified(answer, Some(mismatch)));
        }
    };
    let suite = chosen.suite;
    if hint != Some(suite.kex.ikev2()) {
        let answer = notified(NotifyType::INVALID_KE_PAYLOAD, &suite.kex.ikev2().to_be_bytes())?;
        return Ok(Answered::Notified(answer, None));
    }
    let (nonce_i, nonce_r) = (nonce.data().to_vec(), core.octets(NONCE_LEN)?);
    let spi_r = core.ike_spi(used)?;
    let method = core.provider.key_exchange(suite.kex)?;
    // A public value that fails its checks is dropped here (RFC 6989 §2.5).
    let (public, shared) = method.respond(&mut *core.rng, ke.data())?;
    let spis = (header.spi_i, spi_r);
    let keys = Box::new(Keys::derive(core, suite, (&nonce_i, &nonce_r), spis, &shared)?);
    let nat = detect(&core.provider, (header.spi_i, IkeSpi::ZERO), &path, contents.chain)?;
    let transforms = ike_answer(suite);
    let (number, spi) = (chosen.number, &[][..]);
    let body = Body {
        proposals: &[NewProposal { number, protocol: ProtocolId::IKE, spi, transforms: &transforms }],
        kex: suite.kex,
        public: &public,
        nonce: &nonce_r,
        detection: own_detection(core, header.spi_i, spi_r, &path)?,
    };
    let head = Header::new(header.spi_i, spi_r, ExchangeType::IKE_SA_INIT, Flags::RESPONSE, 0);
    let response = body.message(&head, None)?;
    let request = message.to_vec();
    let responding = Box::new(Responding { keys, nonce_i, nonce_r, request, response });
    Ok(Answered::Kept(spi_r, responding, nat.unwrap_or_default()))
}

/// The initiator's side: takes the response. Nothing in it is authentic; what only says no is remembered as a hint
/// (RFC 7296 §2.21.1).
pub(crate) fn conclude(
    sa: &mut IkeSa,
    now: Instant,
    path: Path,
    header: &Header,
    message: &[u8],
    core: &mut Core,
) -> Result<(), DatagramError> {
    let parsed = Message::parse(message)?;
    let contents = Contents::read(header.exchange, true, parsed.payloads());
    let contents = contents.map_err(|_| DatagramError::Unexpected)?;
    let State::InitSent(initiating) = &mut sa.state else { return Err(DatagramError::Unexpected) };
    if contents.sa.is_none() {
        match restart(initiating, now, &contents, core)? {
            Restart::Now => return Ok(send(sa, now, core)?),
            Restart::Later => return Ok(()),
            Restart::No => {}
        }
        initiating.hint = contents.error().map(|notify| notify.kind()).or(initiating.hint);
        return Err(DatagramError::Unexpected);
    }
    let (Some(answer), Some(ke), Some(nonce)) = (contents.sa, contents.ke, contents.nonce) else {
        return Err(DatagramError::Unexpected);
    };
    if header.spi_r.is_zero() {
        return Err(DatagramError::Unexpected);
    }
    let suite = accept_ike(&core.config.ike_proposals, &answer);
    let Some(suite) = suite.filter(|suite| suite.kex == initiating.kex && ke.method().0 == suite.kex.ikev2())
    else {
        sa.close(CloseReason::Protocol("an answer that was not offered"), core);
        return Ok(());
    };
    if ke.data().len() != suite.kex.response_len() {
        return Err(DatagramError::Unexpected);
    }
    finish(sa, now, path, (header.spi_r, message), suite, (ke.data(), nonce.data()), &contents, core)
}

#[expect(clippy::too_many_arguments, reason = "the parts of a response that was checked")]
fn finish(
    sa: &mut IkeSa,
    now: Instant,
    path: Path,
    (spi_r, response): (IkeSpi, &[u8]),
    suite: IkeSuite,
    (public, nonce_r): (&[u8], &[u8]),
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<(), DatagramError> {
    let State::InitSent(initiating) = core::mem::replace(&mut sa.state, State::Closed) else {
        return Err(DatagramError::Unexpected);
    };
    let Initiating { peer, first, child_spi, nonce, active, request, .. } = *initiating;
    let spis = (sa.spi_i, spi_r);
    let made = active.complete(public).and_then(|shared| {
        let nat = detect(&core.provider, spis, &path, contents.chain)?.unwrap_or_default();
        Ok((nat, Keys::derive(core, suite, (&nonce, nonce_r), spis, &shared)?))
    });
    let (nat, keys) = match made {
        Ok((nat, keys)) => (nat, Box::new(keys)),
        // The key pair is used up: a public value that fails its checks costs the attempt (RFC 6989 §2.5).
        Err(error) => {
            sa.abandon(child_spi, CloseReason::Crypto(error), core);
            return Err(error.into());
        }
    };
    sa.window.done();
    sa.spi_r = spi_r;
    sa.nat = nat;
    let encapsulate = nat.any() || core.config.force_udp_encapsulation;
    if encapsulate && sa.path.carrier == Carrier::Udp {
        let port = core.config.nat_t_port;
        sa.path.local.set_port(port);
        sa.path.remote.set_port(port);
        sa.path.carrier = Carrier::UdpEncapsulated;
    }
    let authenticating = auth::Authenticating {
        peer,
        first,
        child_spi,
        keys,
        nonce_i: nonce,
        nonce_r: nonce_r.to_vec(),
        response: response.to_vec(),
    };
    auth::start(sa, now, authenticating, &request, core)
}

impl Initiating {
    /// When a cookie is to be returned.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.asked.as_ref().map(|(due, _)| *due)
    }
}

/// Returns the cookie that was asked for, once its time has come.
pub(crate) fn handle_timeout(sa: &mut IkeSa, now: Instant, core: &mut Core) {
    let State::InitSent(initiating) = &mut sa.state else { return };
    if initiating.poll_timeout().is_none_or(|due| due > now) {
        return;
    }
    initiating.cookie = initiating.asked.take().map(|(_, cookie)| cookie);
    initiating.restarts += 1;
    // Where it cannot be sent the request before it is repeated.
    let _ = send(sa, now, core);
}

/// How long a cookie waits before it is returned. A forged one comes beside the genuine response, which answers the request
/// as it is and would no longer fit a request with a cookie (RFC 7296 §2.15).
const COOKIE_WAIT: Duration = Duration::from_millis(200);

/// Whether to start anew.
enum Restart {
    No,
    Now,
    Later,
}

/// Whether to start anew: with a cookie, or with another method of ours (RFC 7296 §1.2, §2.6.1).
fn restart(
    initiating: &mut Initiating,
    now: Instant,
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<Restart, CryptoError> {
    if initiating.restarts >= RESTARTS {
        return Ok(Restart::No);
    }
    if let Some(cookie) = contents.notify(NotifyType::COOKIE) {
        let cookie = cookie.data();
        if cookie.is_empty() || cookie.len() > 64 || initiating.cookie.as_deref() == Some(cookie) {
            return Ok(Restart::No);
        }
        if initiating.asked.is_none() {
            initiating.asked = Some((now + COOKIE_WAIT, cookie.to_vec()));
        }
        return Ok(Restart::Later);
    }
    let Some(notify) = contents.notify(NotifyType::INVALID_KE_PAYLOAD) else { return Ok(Restart::No) };
    let Ok(method) = <[u8; 2]>::try_from(notify.data()) else { return Ok(Restart::No) };
    let Some(kex) = KexId::from_ikev2(u16::from_be_bytes(method)) else { return Ok(Restart::No) };
    let offered = core.config.ike_proposals.iter().any(|own| own.key_exchanges.contains(&kex));
    if !offered || kex == initiating.kex {
        return Ok(Restart::No);
    }
    initiating.active = core.provider.key_exchange(kex)?.start(&mut *core.rng)?;
    initiating.kex = kex;
    initiating.restarts += 1;
    Ok(Restart::Now)
}
