use ikev1_wire::{PayloadChain, PayloadType};
use ipsec_crypto_suite::{CryptoError, Secret};

use super::{MessageError, MessageKeys};

/// Which HASH authenticates a message behind phase 1 (RFC 2409 §5.5 to §5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 2409 §5.5 has these three")]
pub enum PhaseTwoHash<'a> {
    /// HASH(1) = prf(SKEYID_a, M-ID | what follows the HASH payload): the first message of Quick Mode, and every message of
    /// informational, transaction and New Group exchanges.
    One,
    /// HASH(2) = prf(SKEYID_a, M-ID | Ni_b | what follows the HASH payload): the second message of Quick Mode.
    Two {
        /// The initiator's nonce.
        nonce_i: &'a [u8],
    },
    /// HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b): the third message of Quick Mode.
    Three {
        /// The initiator's nonce.
        nonce_i: &'a [u8],
        /// The responder's nonce.
        nonce_r: &'a [u8],
    },
}

impl MessageKeys {
    /// Checks the HASH payload that comes first in a decrypted message of the exchange `message_id`, in constant time.
    ///
    /// # Errors
    ///
    /// [`MessageError::Authentication`] where it is wrong or another payload comes first, [`MessageError::Crypto`] without
    /// SKEYID_a.
    pub fn verify_hash(
        &self,
        message_id: u32,
        hash: PhaseTwoHash<'_>,
        payloads: PayloadChain<'_>,
    ) -> Result<(), MessageError> {
        let prf = self.skeyid_a.as_ref().ok_or(CryptoError::Invalid("missing SKEYID_a"))?;
        let given = payloads.iter().next().filter(|payload| payload.kind() == PayloadType::HASH);
        let (Some(given), Some(rest)) = (given, payloads.after_hash()) else {
            return Err(MessageError::Authentication);
        };
        let message_id = message_id.to_be_bytes();
        let parts: &[&[u8]] = match hash {
            PhaseTwoHash::One => &[&message_id, rest],
            PhaseTwoHash::Two { nonce_i } => &[&message_id, nonce_i, rest],
            PhaseTwoHash::Three { nonce_i, nonce_r } => &[&[0], &message_id, nonce_i, nonce_r],
        };
        let mut expected = alloc::vec![0; prf.output_len()];
        prf.compute(parts, &mut expected)?;
        // The right HASH of an altered message would make the alteration pass.
        let expected = Secret::from(expected);
        if expected.ct_eq(given.body()) { Ok(()) } else { Err(MessageError::Authentication) }
    }
}
