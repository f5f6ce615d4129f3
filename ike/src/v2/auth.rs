//! IKE_AUTH with a pre-shared key, and the first Child SA (RFC 7296 §1.2, §2.15).

use crate::error::DatagramError;
use crate::event::{Acquire, CloseReason, Event};
use crate::v2::child::{self, ChildRequest, Made, Refusal};
use crate::v2::contents::{Contents, Id};
use crate::v2::core::Core;
use crate::v2::init::Responding;
use crate::v2::keys::{Chain, Keys};
use crate::v2::proposal::{Pfs, accept_child};
use crate::v2::sa::{IkeSa, Reply, State, Task, notify_with};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use ikev2_wire::{
    AuthMethod, Authentication, Encode as _, ExchangeType, IdType, Identification, Notify, NotifyType,
    PayloadType, Writer,
};
use ipsec_crypto_suite::ikev2::{AuthOctets, psk_auth, verify_psk_auth};
use ipsec_crypto_suite::{CryptoError, CryptoProvider, Secret};
use ipsec_sa_db::{Authentication as PadAuthentication, Identity, Pad, PadEntry, PeerId};
use ipsec_types::{Instant, Path, Spi};

/// The initiator while IKE_AUTH is under way.
pub(crate) struct Authenticating {
    pub(crate) peer: PeerId,
    pub(crate) first: Acquire,
    pub(crate) child_spi: Spi,
    pub(crate) keys: Box<Keys>,
    pub(crate) nonce_i: Vec<u8>,
    pub(crate) nonce_r: Vec<u8>,
    /// The response of IKE_SA_INIT, which the responder's AUTH covers.
    pub(crate) response: Vec<u8>,
}

const SHARED_KEY: AuthMethod = AuthMethod::SHARED_KEY;

/// Sends the request.
pub(crate) fn start(
    sa: &mut IkeSa,
    now: Instant,
    authenticating: Authenticating,
    init_request: &[u8],
    core: &mut Core,
) -> Result<(), DatagramError> {
    let chain = request(&authenticating, init_request, core);
    sa.state = State::AuthSent(Box::new(authenticating));
    let sent = chain
        .map_err(CloseReason::Crypto)
        .and_then(|chain| sa.request(now, ExchangeType::IKE_AUTH, &chain, 0, core));
    if let Err(reason) = sent {
        sa.close(reason, core);
    }
    Ok(())
}

fn request(own: &Authenticating, init_request: &[u8], core: &Core) -> Result<Chain, CryptoError> {
    let config = Arc::clone(&core.config);
    let entry = config.pad.get(own.peer).ok_or(CryptoError::Invalid("peer"))?;
    let (id_kind, id_data) = wire_identity(&entry.local)?;
    // Whoever it may be of several says so itself.
    let wanted = entry.remote.exactly().map(wire_identity).transpose()?;
    let id_i = Identification::new(id_kind, &id_data);
    let id_r = wanted.as_ref().map(|(kind, data)| Identification::new(*kind, data));
    let octets = AuthOctets { message: init_request, peer_nonce: &own.nonce_r, id_body: &body(&id_i)? };
    let auth = psk_auth(&core.provider, own.keys.prf, own_key(entry)?, &own.keys.sk_pi, &octets)?;
    let offer = child::Offer::first(&own.first, own.child_spi).ok_or(CryptoError::Invalid("policy"))?;
    Chain::build(|chain| {
        chain.push(PayloadType::IDI, &id_i)?;
        if let Some(id_r) = &id_r {
            chain.push(PayloadType::IDR, id_r)?;
        }
        chain.push(PayloadType::AUTH, &Authentication::new(SHARED_KEY, auth.expose()))?;
        offer.push_to(chain, None, None)
    })
}

/// The responder's answer: proves who both are, and makes the first Child SA.
pub(crate) fn respond(
    sa: &mut IkeSa,
    now: Instant,
    path: Path,
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<Reply, CryptoError> {
    sa.known = true;
    let State::HalfOpen(responding) = &sa.state else {
        return Reply::notify(NotifyType::INVALID_SYNTAX);
    };
    let (Some(id_i), Some(offer), Some(ts_i), Some(ts_r)) =
        (contents.id_i, contents.sa, contents.ts_i, contents.ts_r)
    else {
        let reason = CloseReason::Protocol("IKE_AUTH without IDi, SA, TSi or TSr");
        return Reply::fatal(NotifyType::INVALID_SYNTAX, reason);
    };
    let config = Arc::clone(&core.config);
    let Some((entry, key)) = authenticate(responding, contents, &id_i, &config.pad, &core.provider)? else {
        return Reply::fatal(NotifyType::AUTHENTICATION_FAILED, CloseReason::AuthenticationFailed);
    };
    let (id_kind, id_data) = wire_identity(&entry.local)?;
    let id_r = Identification::new(id_kind, &id_data);
    let octets =
        AuthOctets { message: &responding.response, peer_nonce: &responding.nonce_i, id_body: &body(&id_r)? };
    let keys = &responding.keys;
    let auth = psk_auth(&core.provider, keys.prf, key, &keys.sk_pr, &octets)?;
    let transport = contents.notify(NotifyType::USE_TRANSPORT_MODE).is_some();
    let request = ChildRequest { offer, ts_i, ts_r, transport, hint: None };
    let agreed = child::agree(&entry.children, &request, Pfs::Ignored, &path, sa.nat, core);
    let made = match agreed {
        Ok(agreed) => {
            let nonces = (&responding.nonce_i[..], &responding.nonce_r[..]);
            let by_peer = true;
            let made = child::make(sa.id, keys, &agreed, nonces, None, by_peer, path, core)
                .inspect_err(|_| core.release_spi(agreed.inbound))?;
            Ok((agreed, made))
        }
        Err(refusal) => Err(refusal),
    };
    let chain = Chain::build(|chain| {
        chain
            .push(PayloadType::IDR, &id_r)?
            .push(PayloadType::AUTH, &Authentication::new(SHARED_KEY, auth.expose()))?;
        match &made {
            Ok((agreed, _)) => agreed.push_to(chain, None, None),
            Err(refusal) => chain.push(PayloadType::NOTIFY, &Notify::new(refusal.notify)).map(|_| ()),
        }
    })?;
    establish(sa, now, entry.id, identity_from_wire(&id_i.id), core);
    let ike = sa.id;
    match made {
        Ok((_, Made { child, sa: child_sa })) => {
            sa.add_child(child, core);
            core.emit(Event::ChildSaEstablished(child_sa));
        }
        Err(Refusal { reason, .. }) => core.emit(Event::ChildSaFailed { ike, reason }),
    }
    Ok(Reply { chain, hold: true, then: None })
}

/// Whose AUTH it is, and with which key. An identity that nobody has, one with another's key and a wrong key take the same work and look
/// alike.
fn authenticate<'c>(
    own: &Responding,
    contents: &Contents<'_>,
    id_i: &Id<'_>,
    pad: &'c Pad,
    provider: &CryptoProvider,
) -> Result<Option<(&'c PadEntry, &'c Secret)>, CryptoError> {
    let wanted = contents.id_r.as_ref().and_then(|id| identity_from_wire(&id.id));
    let identity = identity_from_wire(&id_i.id);
    let entry = identity.as_ref().and_then(|identity| {
        // A peer may ask for an identity of ours that we do not have for it: we say who we are (RFC 7296 §1.2).
        pad.by_identity(identity, wanted.as_ref()).or_else(|| pad.by_identity(identity, None))
    });
    let nobody = Secret::copy_from(&[0; 32]);
    let found = entry.zip(identity.as_ref()).and_then(|(entry, identity)| {
        let key = entry.authentication.pre_shared_key(&entry.local, identity)?;
        Some((entry, key))
    });
    let psk = found.map_or(&nobody, |(_, key)| key);
    let octets = AuthOctets { message: &own.request, peer_nonce: &own.nonce_r, id_body: id_i.body };
    let given = contents.auth.filter(|auth| auth.method() == SHARED_KEY).map_or(&[][..], |auth| auth.data());
    match verify_psk_auth(provider, own.keys.prf, psk, &own.keys.sk_pi, &octets, given) {
        Ok(()) => Ok(found),
        Err(CryptoError::Authentication) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The initiator's side: takes the response.
pub(crate) fn conclude(
    sa: &mut IkeSa,
    now: Instant,
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<(), CloseReason> {
    let State::AuthSent(own) = &sa.state else { return Err(CloseReason::Protocol("no IKE_AUTH")) };
    let config = Arc::clone(&core.config);
    let entry = config.pad.get(own.peer).ok_or(CloseReason::AuthenticationFailed)?;
    let error = contents.error();
    let (Some(id_r), Some(auth)) = (contents.id_r, contents.auth) else {
        return Err(match error.map(|notify| notify.kind()) {
            Some(NotifyType::AUTHENTICATION_FAILED) => CloseReason::AuthenticationFailed,
            Some(kind) => CloseReason::Refused(kind),
            None => CloseReason::Protocol("IKE_AUTH without IDr or AUTH"),
        });
    };
    let identity = identity_from_wire(&id_r.id).filter(|identity| entry.remote.matches(identity));
    let octets = AuthOctets { message: &own.response, peer_nonce: &own.nonce_i, id_body: id_r.body };
    let given = if auth.method() == SHARED_KEY { auth.data() } else { &[] };
    let keys = &own.keys;
    let key = identity.as_ref().and_then(|own| entry.authentication.pre_shared_key(&entry.local, own));
    let psk = key.map_or_else(|| own_key(entry), Ok).map_err(CloseReason::Crypto)?;
    let verified = verify_psk_auth(&core.provider, keys.prf, psk, &keys.sk_pr, &octets, given);
    let Some(identity) = identity.filter(|_| verified.is_ok()) else {
        reject(sa, now, core);
        return Err(CloseReason::AuthenticationFailed);
    };
    let made = take_child(sa, contents, core);
    let State::AuthSent(own) = core::mem::replace(&mut sa.state, State::Closed) else {
        return Err(CloseReason::Protocol("no IKE_AUTH"));
    };
    let (peer, child_spi) = (own.peer, own.child_spi);
    sa.state = State::Established(own.keys);
    core.emit(Event::IkeSaEstablished { id: sa.id, peer, identity: Box::new(identity) });
    sa.heard = sa.heard.max(now);
    let ike = sa.id;
    match made {
        Ok(Made { child, sa: child_sa }) => {
            sa.add_child(child, core);
            core.emit(Event::ChildSaEstablished(child_sa));
        }
        Err((reason, unwanted)) => {
            core.emit(Event::ChildSaFailed { ike, reason: reason.clone() });
            match unwanted {
                // The peer has an SA that we do not want: delete it (RFC 7296 §1.3.1, §2.9).
                Some(child) => sa.delete_unwanted(*child, reason, core),
                None => {
                    core.release_spi(child_spi);
                    // It made something, and broke the rules: that is the end (RFC 7296 §2.7).
                    if matches!(reason, CloseReason::Protocol(_)) {
                        sa.enqueue(Task::DeleteIke);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Tells the responder that its AUTH was not accepted: once, and whatever comes of it (RFC 7296 §2.21.2).
pub(crate) fn reject(sa: &mut IkeSa, now: Instant, core: &mut Core) {
    if let Ok(chain) = notify_with(NotifyType::AUTHENTICATION_FAILED, &[]) {
        // Where it cannot be sent the peer finds out by itself: it gets no answer.
        let _ = sa.request(now, ExchangeType::INFORMATIONAL, &chain, 0, core);
    }
}

/// The first Child SA of a response; or why there is none, and what the peer may have made nevertheless.
fn take_child(
    sa: &IkeSa,
    contents: &Contents<'_>,
    core: &mut Core,
) -> Result<Made, (CloseReason, Option<Box<child::Child>>)> {
    let State::AuthSent(own) = &sa.state else { return Err((CloseReason::Protocol("no IKE_AUTH"), None)) };
    let (Some(answer), Some(ts_i), Some(ts_r)) = (contents.sa, contents.ts_i, contents.ts_r) else {
        let refused = contents.error().map(|notify| CloseReason::Refused(notify.kind()));
        return Err((refused.unwrap_or(CloseReason::Protocol("IKE_AUTH without a Child SA")), None));
    };
    let Some(offer) = child::Offer::first(&own.first, own.child_spi) else {
        return Err((CloseReason::Protocol("policy"), None));
    };
    let transport = contents.notify(NotifyType::USE_TRANSPORT_MODE).is_some();
    let chosen = accept_child(offer.proposals, &answer, Pfs::Ignored);
    let agreed = offer.accept(chosen, &ts_i, &ts_r, transport, sa.path, sa.nat)?;
    let nonces = (&own.nonce_i[..], &own.nonce_r[..]);
    let by_peer = false;
    child::make(sa.id, &own.keys, &agreed, nonces, None, by_peer, sa.path, core)
        .map_err(|error| (CloseReason::Crypto(error), None))
}

/// The responder's SA is there.
fn establish(sa: &mut IkeSa, now: Instant, peer: PeerId, identity: Option<Identity>, core: &mut Core) {
    let State::HalfOpen(responding) = core::mem::replace(&mut sa.state, State::Closed) else { return };
    sa.state = State::Established(responding.keys);
    sa.heard = sa.heard.max(now);
    if let Some(identity) = identity {
        core.emit(Event::IkeSaEstablished { id: sa.id, peer, identity: Box::new(identity) });
    }
}

/// The key with the peer of an entry, who has not said who it is.
fn own_key(entry: &PadEntry) -> Result<&Secret, CryptoError> {
    let key = match (&entry.authentication, entry.remote.exactly()) {
        (PadAuthentication::PreSharedKey(key), _) => Some(key),
        (store, Some(remote)) => store.pre_shared_key(&entry.local, remote),
        (_, None) => None,
    };
    key.ok_or(CryptoError::Invalid("no pre-shared key with this peer"))
}

fn wire_identity(identity: &Identity) -> Result<(IdType, Vec<u8>), CryptoError> {
    Ok(match identity {
        Identity::Ipv4(address) => (IdType::ID_IPV4_ADDR, address.octets().to_vec()),
        Identity::Ipv6(address) => (IdType::ID_IPV6_ADDR, address.octets().to_vec()),
        Identity::Fqdn(text) => (IdType::ID_FQDN, text.to_vec()),
        Identity::Rfc822(text) => (IdType::ID_RFC822_ADDR, text.to_vec()),
        Identity::DerAsn1Dn(octets) => (IdType::ID_DER_ASN1_DN, octets.to_vec()),
        Identity::KeyId(octets) => (IdType::ID_KEY_ID, octets.to_vec()),
        _ => return Err(CryptoError::Invalid("kind of identity")),
    })
}

fn identity_from_wire(id: &Identification<'_>) -> Option<Identity> {
    let data = id.data();
    Some(match id.kind() {
        IdType::ID_IPV4_ADDR => Identity::Ipv4(<[u8; 4]>::try_from(data).ok()?.into()),
        IdType::ID_IPV6_ADDR => Identity::Ipv6(<[u8; 16]>::try_from(data).ok()?.into()),
        IdType::ID_FQDN => Identity::Fqdn(data.into()),
        IdType::ID_RFC822_ADDR => Identity::Rfc822(data.into()),
        IdType::ID_DER_ASN1_DN => Identity::DerAsn1Dn(data.into()),
        IdType::ID_KEY_ID => Identity::KeyId(data.into()),
        _ => return None,
    })
}

/// The body of an ID payload, as AUTH covers it (RFC 7296 §2.15).
fn body(id: &Identification<'_>) -> Result<Vec<u8>, CryptoError> {
    let mut octets = alloc::vec![0; id.encoded_len()];
    id.encode(&mut Writer::new(&mut octets)).map_err(|_| CryptoError::Invalid("identity"))?;
    Ok(octets)
}
