//! The keys of an IKE SA, and messages sealed with them (RFC 7296 §2.14, §3.14).

use crate::key_log::IkeSaKeys;
use crate::v2::core::Core;
use crate::v2::proposal::IkeSuite;
use crate::v2::{DirectionKeys, MessageKeys};
use alloc::vec::Vec;
use core::fmt;
use ikev2_wire::{ChainBuilder, EncodeError, Framing, Header, IkeSpi, MessageBuilder, PayloadType};
use ipsec_crypto_suite::ikev2::Skeyseed;
use ipsec_crypto_suite::{CryptoError, PrfId, Secret};

pub(crate) struct Keys {
    pub(crate) messages: MessageKeys,
    pub(crate) prf: PrfId,
    pub(crate) sk_d: Secret,
    pub(crate) sk_pi: Secret,
    pub(crate) sk_pr: Secret,
    /// How many messages were sealed: the IV of an AEAD never repeats (RFC 5282 §3.1).
    sealed: u64,
}

/// The payloads that SK holds.
pub(crate) struct Chain {
    first: PayloadType,
    octets: Vec<u8>,
}

/// Octets that most messages fit in; a longer one is built again with more room.
const USUAL_LEN: usize = 2048;
const LONGEST: usize = 65_535;

impl Chain {
    pub(crate) const fn empty() -> Self {
        Self { first: PayloadType::NONE, octets: Vec::new() }
    }

    pub(crate) fn build(
        write: impl Fn(&mut ChainBuilder<'_>) -> Result<(), EncodeError>,
    ) -> Result<Self, CryptoError> {
        with_room(|buf| {
            let mut chain = ChainBuilder::new(buf);
            write(&mut chain)?;
            let (first, octets) = chain.finish()?;
            Ok(Self { first, octets: octets.to_vec() })
        })
    }
}

/// Builds in a buffer, and in a larger one where that is too short.
pub(crate) fn with_room<T>(build: impl Fn(&mut [u8]) -> Result<T, EncodeError>) -> Result<T, CryptoError> {
    match build(&mut alloc::vec![0; USUAL_LEN]) {
        Err(EncodeError::NoRoom { .. }) => build(&mut alloc::vec![0; LONGEST]),
        result => result,
    }
    .map_err(|_| CryptoError::OutputTooLong)
}

impl Keys {
    pub(crate) fn derive(
        core: &Core,
        suite: IkeSuite,
        (nonce_i, nonce_r): (&[u8], &[u8]),
        (spi_i, spi_r): (IkeSpi, IkeSpi),
        shared: &Secret,
    ) -> Result<Self, CryptoError> {
        let skeyseed = Skeyseed::new(&core.provider, suite.prf, nonce_i, nonce_r, shared)?;
        let keys = skeyseed.derive(suite.protection, nonce_i, nonce_r, spi_i, spi_r)?;
        if let Some(key_log) = &core.config.key_log {
            let (sk_ai, sk_ar) = (keys.sk_ai.as_ref(), keys.sk_ar.as_ref());
            let (protection, sk_ei, sk_er) = (suite.protection, &keys.sk_ei, &keys.sk_er);
            key_log.ike_sa(&IkeSaKeys { spi_i, spi_r, protection, sk_ei, sk_er, sk_ai, sk_ar });
        }
        let initiator = DirectionKeys { sk_e: keys.sk_ei, sk_a: keys.sk_ai };
        let responder = DirectionKeys { sk_e: keys.sk_er, sk_a: keys.sk_ar };
        Ok(Self {
            messages: MessageKeys::new(&core.provider, suite.protection, initiator, responder)?,
            prf: suite.prf,
            sk_d: keys.sk_d,
            sk_pi: keys.sk_pi,
            sk_pr: keys.sk_pr,
            sealed: 0,
        })
    }

    /// A message with these payloads in SK.
    pub(crate) fn seal(
        &mut self,
        core: &mut Core,
        header: &Header,
        chain: &Chain,
    ) -> Result<Vec<u8>, CryptoError> {
        let protection = self.messages.protection();
        let (iv_len, block_len, icv_len) =
            (protection.iv_len(), protection.block_len(), protection.icv_len());
        let mut iv = alloc::vec![0; iv_len];
        if protection.is_aead() {
            self.sealed = self.sealed.checked_add(1).ok_or(CryptoError::Invalid("number of messages"))?;
            if let Some(tail) = iv.last_chunk_mut::<8>() {
                *tail = self.sealed.to_be_bytes();
            }
        } else {
            core.rng.fill(&mut iv)?;
        }
        let framing = Framing { iv_len, block_len, icv_len };
        let mut datagram = with_room(|buf| {
            let mut builder = MessageBuilder::new(buf, header)?;
            builder.begin_encrypted(framing)?.put_content(chain.first, &chain.octets)?;
            let length = builder.finish_encrypted()?.datagram_len();
            Ok(buf.get(..length).unwrap_or_default().to_vec())
        })?;
        self.messages.seal(header, &iv, &mut datagram)?;
        Ok(datagram)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("messages", &self.messages).finish_non_exhaustive()
    }
}
