//! Which payloads belong into which message.

use core::fmt;

use crate::{AuthMethod, ExchangeType, Flags, MAX_PAYLOADS, NatTraversal, PayloadChain, PayloadType};

/// Who sends a message: the end that began the exchange, or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an exchange has two ends")]
pub enum Sender {
    /// The end that began.
    Initiator,
    /// The other end.
    Responder,
}

/// What the encryption flag of a message must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by nature")]
pub enum Encryption {
    /// Clear: there are no keys yet.
    Never,
    /// As the sender likes.
    Optional,
    /// Set: a message in the clear is not processed.
    Always,
}

/// How the ends of phase 1 prove who they are, as far as the payloads of Main and Aggressive Mode depend on it (RFC 2409
/// §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 2409 §5 has these four")]
pub enum Phase1Authentication {
    /// RFC 2409 §5.1.
    Signatures,
    /// RFC 2409 §5.2.
    PublicKeyEncryption,
    /// RFC 2409 §5.3.
    RevisedPublicKeyEncryption,
    /// RFC 2409 §5.4.
    PreSharedKey,
}

impl Phase1Authentication {
    /// That of an authentication method. XAUTH does not change phase 1; a hybrid has the gateway sign and the client send
    /// a HASH, and is none of these.
    pub const fn of(method: AuthMethod) -> Option<Self> {
        match method {
            AuthMethod::PRE_SHARED_KEY
            | AuthMethod::XAUTH_INIT_PRE_SHARED
            | AuthMethod::XAUTH_RESP_PRE_SHARED => Some(Self::PreSharedKey),
            AuthMethod::DSS_SIGNATURES
            | AuthMethod::RSA_SIGNATURES
            | AuthMethod::ECDSA_SHA2_256_P256
            | AuthMethod::ECDSA_SHA2_384_P384
            | AuthMethod::ECDSA_SHA2_512_P521
            | AuthMethod::XAUTH_INIT_DSS
            | AuthMethod::XAUTH_RESP_DSS
            | AuthMethod::XAUTH_INIT_RSA
            | AuthMethod::XAUTH_RESP_RSA => Some(Self::Signatures),
            AuthMethod::RSA_ENCRYPTION
            | AuthMethod::XAUTH_INIT_RSA_ENCRYPTION
            | AuthMethod::XAUTH_RESP_RSA_ENCRYPTION => Some(Self::PublicKeyEncryption),
            AuthMethod::REVISED_RSA_ENCRYPTION
            | AuthMethod::XAUTH_INIT_REVISED_RSA_ENCRYPTION
            | AuthMethod::XAUTH_RESP_REVISED_RSA_ENCRYPTION => Some(Self::RevisedPublicKeyEncryption),
            _ => None,
        }
    }
}

/// How often a payload may come in a message, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PayloadRule {
    /// The type; a draft's number for NAT-D and NAT-OA counts as the registered one.
    pub kind: PayloadType,
    /// How often it comes at least.
    pub min: usize,
    /// How often it comes at most.
    pub max: usize,
    /// Where the first of them stands, counted from 0, if that is laid down.
    pub position: Option<usize>,
}

/// What one message of an exchange holds: RFC 2409 §5 as data.
///
/// ```
/// use ikev1_wire::*;
///
/// let main_mode = MessageRules::of(ExchangeType::IDENTITY_PROTECTION, Phase1Authentication::PreSharedKey);
/// let first = &main_mode[0];
/// assert_eq!((first.sender, first.encryption), (Sender::Initiator, Encryption::Never));
/// assert_eq!(main_mode[4].to_string(), "ID, HASH, [CERT...], [CR...], [N...], [VID...]");
///
/// // SA must come, and come first (RFC 2409 §5).
/// let vendor_alone = PayloadChain::parse(PayloadType::VENDOR_ID, &[0, 0, 0, 4], 28)?;
/// let violation = first.check(vendor_alone, NatTraversal::Rfc3947).unwrap_err();
/// assert_eq!(violation, RuleViolation::Missing(PayloadType::SA));
/// # Ok::<(), ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MessageRules {
    /// The exchange.
    pub exchange: ExchangeType,
    /// The number of the message in its exchange, from 1.
    pub number: u8,
    /// Who sends it.
    pub sender: Sender,
    /// Whether it is encrypted.
    pub encryption: Encryption,
    /// What it holds. What is not listed does not belong there, private numbers apart.
    pub payloads: &'static [PayloadRule],
}

/// Why a message is not what its exchange wants there. It is discarded (RFC 2408 §5.3), with INVALID-PAYLOAD-TYPE or
/// PAYLOAD-MALFORMED at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RuleViolation {
    /// A payload that must come did not, or not often enough.
    #[error("{0} is missing")]
    Missing(
        /// The type.
        PayloadType,
    ),
    /// A payload came too often.
    #[error("{0} comes too often")]
    TooMany(
        /// The type.
        PayloadType,
    ),
    /// A payload does not belong into this message, or its type is not known.
    #[error("{0} does not belong here")]
    Unexpected(
        /// The type.
        PayloadType,
    ),
    /// A payload stands elsewhere than it must.
    #[error("{0} stands in the wrong place")]
    Position(
        /// The type.
        PayloadType,
    ),
    /// The encryption flag is set, or is clear, where it must not be.
    #[error("the encryption flag is wrong")]
    Encryption,
    /// A flag is set that has no meaning.
    #[error("an unknown flag is set")]
    Flags,
}

impl MessageRules {
    /// The messages of an exchange, in their order; none for an exchange that IKE does not use.
    ///
    /// `authentication` counts in Main and Aggressive Mode alone. Informational messages have two entries of number 1:
    /// without keys, and with them. A transaction exchange has as many pairs of messages as it takes, all like the two of
    /// the table.
    pub const fn of(exchange: ExchangeType, authentication: Phase1Authentication) -> &'static [Self] {
        match exchange {
            ExchangeType::IDENTITY_PROTECTION => match authentication {
                Phase1Authentication::Signatures => &MAIN_SIGNATURES,
                Phase1Authentication::PreSharedKey => &MAIN_PRE_SHARED,
                Phase1Authentication::PublicKeyEncryption => &MAIN_ENCRYPTION,
                Phase1Authentication::RevisedPublicKeyEncryption => &MAIN_REVISED,
            },
            ExchangeType::AGGRESSIVE => match authentication {
                Phase1Authentication::Signatures => &AGGRESSIVE_SIGNATURES,
                Phase1Authentication::PreSharedKey => &AGGRESSIVE_PRE_SHARED,
                Phase1Authentication::PublicKeyEncryption => &AGGRESSIVE_ENCRYPTION,
                Phase1Authentication::RevisedPublicKeyEncryption => &AGGRESSIVE_REVISED,
            },
            ExchangeType::QUICK_MODE => &QUICK,
            ExchangeType::INFORMATIONAL => &INFORMATIONAL,
            ExchangeType::TRANSACTION => &TRANSACTION,
            ExchangeType::NEW_GROUP_MODE => &NEW_GROUP,
            _ => &[],
        }
    }

    /// Whether the flags of a header are those of this message.
    ///
    /// # Errors
    ///
    /// [`RuleViolation::Encryption`], [`RuleViolation::Flags`].
    pub const fn check_flags(&self, flags: Flags) -> Result<(), RuleViolation> {
        if flags.has_unknown() {
            return Err(RuleViolation::Flags);
        }
        match (self.encryption, flags.is_encrypted()) {
            (Encryption::Never, true) | (Encryption::Always, false) => Err(RuleViolation::Encryption),
            _ => Ok(()),
        }
    }

    /// Whether these payloads are those of this message, between peers that follow `nat`.
    ///
    /// A private number that is not understood is passed over, any other that does not belong here is a violation (RFC
    /// 2408 §5.3).
    ///
    /// # Errors
    ///
    /// [`RuleViolation`].
    pub fn check(&self, payloads: PayloadChain<'_>, nat: NatTraversal) -> Result<(), RuleViolation> {
        let kinds = || payloads.iter().map(|payload| nat.canonical(payload.kind()));
        let belongs = |kind: PayloadType| {
            let registered = nat.canonical(kind);
            registered.is_private() || self.payloads.iter().any(|rule| rule.kind == registered)
        };
        if let Some(stranger) = payloads.iter().find(|payload| !belongs(payload.kind())) {
            return Err(RuleViolation::Unexpected(stranger.kind()));
        }
        for rule in self.payloads {
            let count = kinds().filter(|kind| *kind == rule.kind).count();
            if count < rule.min {
                return Err(RuleViolation::Missing(rule.kind));
            }
            if count > rule.max {
                return Err(RuleViolation::TooMany(rule.kind));
            }
            let place = kinds().position(|kind| kind == rule.kind);
            if place.is_some() && rule.position.is_some() && place != rule.position {
                return Err(RuleViolation::Position(rule.kind));
            }
        }
        Ok(())
    }
}

/// The payloads in the notation of RFC 2409, those that may be left out in brackets: `SA, [VID...]`.
impl fmt::Display for MessageRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for PayloadRule { kind, min, max, .. } in self.payloads {
            let more = if *max > 1 { "..." } else { "" };
            match min {
                0 => write!(f, "{separator}[{kind}{more}]")?,
                _ => write!(f, "{separator}{kind}{more}")?,
            }
            separator = ", ";
        }
        Ok(())
    }
}

impl PayloadRule {
    const fn one(kind: PayloadType) -> Self {
        Self { kind, min: 1, max: 1, position: None }
    }

    const fn optional(kind: PayloadType) -> Self {
        Self { kind, min: 0, max: 1, position: None }
    }

    const fn up_to(kind: PayloadType, max: usize) -> Self {
        Self { kind, min: 0, max, position: None }
    }

    const fn some(kind: PayloadType) -> Self {
        Self { kind, min: 1, max: MAX_PAYLOADS, position: None }
    }

    const fn at(self, position: usize) -> Self {
        Self { position: Some(position), ..self }
    }
}

const SA_FIRST: PayloadRule = PayloadRule::one(PayloadType::SA).at(0);
const HASH_FIRST: PayloadRule = PayloadRule::one(PayloadType::HASH).at(0);
const KE: PayloadRule = PayloadRule::one(PayloadType::KE);
const NONCE: PayloadRule = PayloadRule::one(PayloadType::NONCE);
const ID: PayloadRule = PayloadRule::one(PayloadType::ID);
const HASH: PayloadRule = PayloadRule::one(PayloadType::HASH);
const SIG: PayloadRule = PayloadRule::one(PayloadType::SIG);
/// The hash of the certificate whose key was used (RFC 2409 §5.2).
const CERT_HASH: PayloadRule = PayloadRule::optional(PayloadType::HASH);
const CERTS: PayloadRule = PayloadRule::up_to(PayloadType::CERT, MAX_PAYLOADS);
const CRS: PayloadRule = PayloadRule::up_to(PayloadType::CR, MAX_PAYLOADS);
const NOTIFICATIONS: PayloadRule = PayloadRule::up_to(PayloadType::NOTIFY, MAX_PAYLOADS);
const DELETES: PayloadRule = PayloadRule::up_to(PayloadType::DELETE, MAX_PAYLOADS);
const VENDOR_IDS: PayloadRule = PayloadRule::up_to(PayloadType::VENDOR_ID, MAX_PAYLOADS);
const NAT_DS: PayloadRule = PayloadRule::up_to(PayloadType::NAT_D, MAX_PAYLOADS);

/// A row of a table: number, sender, encryption, payloads.
macro_rules! messages {
    ($exchange:ident: $($number:literal $sender:ident $encryption:ident [$($rule:expr),* $(,)?]),* $(,)?) => {
        [$(MessageRules {
            exchange: ExchangeType::$exchange,
            number: $number,
            sender: Sender::$sender,
            encryption: Encryption::$encryption,
            payloads: &[$($rule),*],
        }),*]
    };
}

// CERT and CR may come in any message of phase 1 and add none (RFC 2408 §3.9, §3.10); NAT-D comes beside KE and nonce in
// Main Mode, and in the second and third message of Aggressive Mode (RFC 3947 §3.2).

static MAIN_SIGNATURES: [MessageRules; 6] = messages! { IDENTITY_PROTECTION:
    1 Initiator Never [SA_FIRST, CERTS, CRS, VENDOR_IDS],
    2 Responder Never [SA_FIRST, CERTS, CRS, VENDOR_IDS],
    3 Initiator Never [KE, NONCE, CERTS, CRS, NAT_DS, VENDOR_IDS],
    4 Responder Never [KE, NONCE, CERTS, CRS, NAT_DS, VENDOR_IDS],
    5 Initiator Always [ID, SIG, CERTS, CRS, NOTIFICATIONS, VENDOR_IDS],
    6 Responder Always [ID, SIG, CERTS, CRS, NOTIFICATIONS, VENDOR_IDS],
};

static MAIN_PRE_SHARED: [MessageRules; 6] = messages! { IDENTITY_PROTECTION:
    1 Initiator Never [SA_FIRST, CERTS, CRS, VENDOR_IDS],
    2 Responder Never [SA_FIRST, CERTS, CRS, VENDOR_IDS],
    3 Initiator Never [KE, NONCE, CERTS, CRS, NAT_DS, VENDOR_IDS],
    4 Responder Never [KE, NONCE, CERTS, CRS, NAT_DS, VENDOR_IDS],
    5 Initiator Always [ID, HASH, CERTS, CRS, NOTIFICATIONS, VENDOR_IDS],
    6 Responder Always [ID, HASH, CERTS, CRS, NOTIFICATIONS, VENDOR_IDS],
};

/// Identities and nonces are encrypted inside their payloads (RFC 2409 §5.2).
static MAIN_ENCRYPTION: [MessageRules; 6] = messages! { IDENTITY_PROTECTION:
    1 Initiator Never [SA_FIRST, CERTS, CRS, VENDOR_IDS],
    2 Responder Never [SA_FIRST, CERTS, CRS, VENDOR_IDS],
    3 Initiator Never [KE, CERT_HASH, ID, NONCE, CERTS, CRS, NAT_DS, VENDOR_IDS],
    4 Responder Never [KE, ID, NONCE, CERTS, CRS, NAT_DS, VENDOR_IDS],
    5 Initiator Always [HASH, CERTS, CRS, NOTIFICATIONS, VENDOR_IDS],
    6 Responder Always [HASH, CERTS, CRS, NOTIFICATIONS, VENDOR_IDS],
};

/// Public values, identities and certificates are encrypted inside their payloads with a key from the nonce (RFC 2409
/// §5.3).
static MAIN_REVISED: [MessageRules; 6] = messages! { IDENTITY_PROTECTION:
    1 Initiator Never [SA_FIRST, CERTS, CRS, VENDOR_IDS],
    2 Responder Never [SA_FIRST, CERTS, CRS, VENDOR_IDS],
    3 Initiator Never [CERT_HASH, NONCE, KE, ID, CERTS, CRS, NAT_DS, VENDOR_IDS],
    4 Responder Never [NONCE, KE, ID, CERTS, CRS, NAT_DS, VENDOR_IDS],
    5 Initiator Always [HASH, CERTS, CRS, NOTIFICATIONS, VENDOR_IDS],
    6 Responder Always [HASH, CERTS, CRS, NOTIFICATIONS, VENDOR_IDS],
};

static AGGRESSIVE_SIGNATURES: [MessageRules; 3] = messages! { AGGRESSIVE:
    1 Initiator Never [SA_FIRST, KE, NONCE, ID, CERTS, CRS, VENDOR_IDS],
    2 Responder Never [SA_FIRST, KE, NONCE, ID, SIG, CERTS, CRS, NAT_DS, VENDOR_IDS],
    3 Initiator Optional [SIG, CERTS, CRS, NAT_DS, VENDOR_IDS],
};

static AGGRESSIVE_PRE_SHARED: [MessageRules; 3] = messages! { AGGRESSIVE:
    1 Initiator Never [SA_FIRST, KE, NONCE, ID, CERTS, CRS, VENDOR_IDS],
    2 Responder Never [SA_FIRST, KE, NONCE, ID, HASH, CERTS, CRS, NAT_DS, VENDOR_IDS],
    3 Initiator Optional [HASH, CERTS, CRS, NAT_DS, VENDOR_IDS],
};

static AGGRESSIVE_ENCRYPTION: [MessageRules; 3] = messages! { AGGRESSIVE:
    1 Initiator Never [SA_FIRST, CERT_HASH, KE, ID, NONCE, CERTS, CRS, VENDOR_IDS],
    2 Responder Never [SA_FIRST, KE, ID, NONCE, HASH, CERTS, CRS, NAT_DS, VENDOR_IDS],
    3 Initiator Optional [HASH, CERTS, CRS, NAT_DS, VENDOR_IDS],
};

static AGGRESSIVE_REVISED: [MessageRules; 3] = messages! { AGGRESSIVE:
    1 Initiator Never [SA_FIRST, CERT_HASH, NONCE, KE, ID, CERTS, CRS, VENDOR_IDS],
    2 Responder Never [SA_FIRST, NONCE, KE, ID, HASH, CERTS, CRS, NAT_DS, VENDOR_IDS],
    3 Initiator Optional [HASH, CERTS, CRS, NAT_DS, VENDOR_IDS],
};

/// RFC 2409 §5.5: "the HASH payload MUST immediately follow the ISAKMP header and a SA payload MUST immediately follow
/// the HASH"; several SA payloads set up several pairs of SAs.
static QUICK: [MessageRules; 3] = messages! { QUICK_MODE:
    1 Initiator Always [
        HASH_FIRST,
        PayloadRule::some(PayloadType::SA).at(1),
        NONCE,
        PayloadRule::optional(PayloadType::KE),
        PayloadRule::up_to(PayloadType::ID, 2),
        PayloadRule::up_to(PayloadType::NAT_OA, 2),
        NOTIFICATIONS,
        VENDOR_IDS,
    ],
    2 Responder Always [
        HASH_FIRST,
        PayloadRule::some(PayloadType::SA).at(1),
        NONCE,
        PayloadRule::optional(PayloadType::KE),
        PayloadRule::up_to(PayloadType::ID, 2),
        PayloadRule::up_to(PayloadType::NAT_OA, 2),
        NOTIFICATIONS,
        VENDOR_IDS,
    ],
    3 Initiator Always [HASH_FIRST, NOTIFICATIONS, VENDOR_IDS],
};

/// RFC 2408 §4.8, RFC 2409 §5.7: protected as soon as there are keys, a Delete always.
static INFORMATIONAL: [MessageRules; 2] = messages! { INFORMATIONAL:
    1 Initiator Never [PayloadRule::some(PayloadType::NOTIFY), VENDOR_IDS],
    1 Initiator Always [HASH_FIRST, NOTIFICATIONS, DELETES, VENDOR_IDS],
};

static TRANSACTION: [MessageRules; 2] = messages! { TRANSACTION:
    1 Initiator Always [HASH_FIRST, PayloadRule::one(PayloadType::ATTRIBUTES), VENDOR_IDS],
    2 Responder Always [HASH_FIRST, PayloadRule::one(PayloadType::ATTRIBUTES), VENDOR_IDS],
};

static NEW_GROUP: [MessageRules; 2] = messages! { NEW_GROUP_MODE:
    1 Initiator Always [HASH_FIRST, PayloadRule::one(PayloadType::SA)],
    2 Responder Always [HASH_FIRST, PayloadRule::one(PayloadType::SA)],
};
