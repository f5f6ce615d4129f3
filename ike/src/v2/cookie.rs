//! Cookies asked for: what a responder under load answers instead of keeping state (RFC 7296 §2.6).

use crate::v2::core::Core;
use crate::v2::keys::with_room;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;
use ikev2_wire::{Flags, Header, IkeSpi, MessageBuilder, Notify, NotifyType, PayloadType};
use ipsec_crypto_suite::{CryptoError, Secret};
use ipsec_types::{Instant, Path};

/// The secrets that cookies are made with: the current one, and the one before it.
#[derive(Default)]
pub(crate) struct CookieJar {
    secrets: Option<Secrets>,
}

struct Secrets {
    current: Secret,
    previous: Option<Secret>,
    /// Which of the secrets a cookie was made with, so that one of two is tried, not both.
    version: u8,
    since: Instant,
}

/// How long a secret makes cookies; for as long again they are accepted.
const LIFETIME: Duration = Duration::from_secs(60);

/// Octets of what is behind the version in a cookie.
const MAC_LEN: usize = 20;

impl CookieJar {
    /// Whether a request carries the cookie that it was given: of this address, initiator SPI and nonce, and not too old.
    pub(crate) fn accepts(
        &mut self,
        now: Instant,
        path: &Path,
        spi_i: IkeSpi,
        nonce: &[u8],
        cookie: &[u8],
        core: &mut Core,
    ) -> Result<bool, CryptoError> {
        self.rotate(now, core)?;
        let Some(secrets) = &self.secrets else { return Ok(false) };
        let Some((version, given)) = cookie.split_first() else { return Ok(false) };
        let secret = match secrets.version.wrapping_sub(*version) {
            0 => Some(&secrets.current),
            1 => secrets.previous.as_ref(),
            _ => None,
        };
        let Some(secret) = secret else { return Ok(false) };
        Ok(mac(secret, path, spi_i, nonce, core)?.ct_eq(given))
    }

    /// The answer that asks for a cookie.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        path: &Path,
        header: &Header,
        nonce: &[u8],
        core: &mut Core,
    ) -> Result<Vec<u8>, CryptoError> {
        self.rotate(now, core)?;
        let secrets = self.secrets.as_ref().ok_or(CryptoError::Randomness)?;
        let mac = mac(&secrets.current, path, header.spi_i, nonce, core)?;
        let cookie = [&[secrets.version], mac.expose()].concat();
        let head = Header::new(header.spi_i, IkeSpi::ZERO, header.exchange, Flags::RESPONSE, 0);
        with_room(|buf| {
            let mut builder = MessageBuilder::new(buf, &head)?;
            builder.push(PayloadType::NOTIFY, &Notify::new(NotifyType::COOKIE).with_data(&cookie))?;
            Ok(builder.finish()?.to_vec())
        })
    }

    fn rotate(&mut self, now: Instant, core: &mut Core) -> Result<(), CryptoError> {
        let age = self.secrets.as_ref().map(|secrets| now.saturating_since(secrets.since));
        if age.is_some_and(|age| age < LIFETIME) {
            return Ok(());
        }
        let current = Secret::from(core.octets(32)?);
        let old = self.secrets.take();
        let version = old.as_ref().map_or(0, |old| old.version.wrapping_add(1));
        // A secret that nobody asked for in its own time and the next is too old to be the previous one.
        let previous = old.filter(|_| age.is_some_and(|age| age < LIFETIME * 2)).map(|old| old.current);
        self.secrets = Some(Secrets { current, previous, version, since: now });
        Ok(())
    }
}

/// Over what a cookie is good for.
fn mac(
    secret: &Secret,
    path: &Path,
    spi_i: IkeSpi,
    nonce: &[u8],
    core: &Core,
) -> Result<Secret, CryptoError> {
    let prf = core.provider.prfs.first().ok_or(CryptoError::Unsupported("PRF"))?.key(secret.expose())?;
    let port = path.remote.port().to_be_bytes();
    let mut out = alloc::vec![0; prf.output_len()];
    match path.remote.ip() {
        IpAddr::V4(address) => prf.compute(&[&spi_i.0, &address.octets(), &port, nonce], &mut out)?,
        IpAddr::V6(address) => prf.compute(&[&spi_i.0, &address.octets(), &port, nonce], &mut out)?,
    }
    out.truncate(MAC_LEN);
    Ok(Secret::from(out))
}
