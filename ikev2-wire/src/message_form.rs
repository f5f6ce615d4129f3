use core::fmt;

use crate::{ExchangeType, ExchangeType as X, PayloadChain, PayloadType, PayloadType as P};

/// One lawful form of a message: which payloads it must have, may have and must not have.
///
/// An exchange has several forms in each direction: an IKE_AUTH request, say, brings the proposals, or goes on with EAP,
/// or ends it. They are data: [`ALL`](Self::ALL) lists them, [`of`](Self::of) those of an exchange, and
/// [`find`](Self::find) tells which one a message has. The order of payloads is free (RFC 7296 §2.5), Vendor ID and
/// Notify payloads come with every form, and so do payloads of types that this crate does not look into: whether those
/// are understood is for the critical bit to say.
///
/// ```
/// use ikev2_wire::{ChainBuilder, ExchangeType, MessageForm, NewDelete, PayloadChain, PayloadType, Presence};
///
/// let mut buf = [0; 64];
/// let mut chain = ChainBuilder::new(&mut buf);
/// chain.push(PayloadType::DELETE, &NewDelete::IKE)?;
/// let (first, octets) = chain.finish()?;
/// let chain = PayloadChain::parse(first, octets, 0)?;
///
/// let form = MessageForm::find(ExchangeType::INFORMATIONAL, false, &chain).unwrap();
/// assert_eq!(form.presence(PayloadType::DELETE), Presence::May);
/// assert_eq!(form.presence(PayloadType::SA), Presence::MustNot);
/// assert_eq!(MessageForm::find(ExchangeType::IKE_AUTH, false, &chain), None);
/// let misplaced = MessageForm::misplaced(ExchangeType::IKE_AUTH, false, &chain);
/// assert_eq!(misplaced, Some(PayloadType::DELETE));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageForm {
    /// What such a message does.
    pub name: &'static str,
    /// Where it is defined.
    pub section: &'static str,
    /// The exchange.
    pub exchange: ExchangeType,
    /// Whether it is a response.
    pub response: bool,
    /// The payloads; of a type that is not listed, and not one of those that come with every form, there is none.
    pub payloads: &'static [PayloadRule],
}

/// How often payloads of a type come in a [`MessageForm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PayloadRule {
    /// The type.
    pub kind: PayloadType,
    /// At least so often.
    pub min: u8,
    /// At most so often; 255 for any number.
    pub max: u8,
}

/// Whether a payload belongs into a [`MessageForm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth answer")]
pub enum Presence {
    /// The form cannot have it.
    MustNot,
    /// The form may have it.
    May,
    /// The form has it.
    Must,
}

impl MessageForm {
    /// All forms of the exchanges that this crate knows; those of G-IKEv2 (RFC 9838) are not among them.
    pub const ALL: &'static [Self] = &FORMS;

    /// The forms of an exchange in one direction; none for an exchange that is not known here.
    pub fn of(exchange: ExchangeType, response: bool) -> &'static [Self] {
        let wanted = (exchange, response);
        let start = FORMS.partition_point(|form| (form.exchange, form.response) < wanted);
        let end = FORMS.partition_point(|form| (form.exchange, form.response) <= wanted);
        FORMS.get(start..end).unwrap_or_default()
    }

    /// The form that a message has, `None` where its payloads fit none of the exchange. `chain` is what SK held; of
    /// IKE_SA_INIT and IKE_SESSION_RESUME, which are not protected, it is the message's own.
    pub fn find(exchange: ExchangeType, response: bool, chain: &PayloadChain<'_>) -> Option<&'static Self> {
        let counts = Counts::of(chain);
        Self::of(exchange, response).iter().find(|form| form.breach(chain, &counts).is_none())
    }

    /// The first payload that has no place in an exchange, whatever the form: it comes in none, or more often than in
    /// any. `None` too for an exchange that has no forms here.
    pub fn misplaced(
        exchange: ExchangeType,
        response: bool,
        chain: &PayloadChain<'_>,
    ) -> Option<PayloadType> {
        let forms = Self::of(exchange, response);
        if forms.is_empty() {
            return None;
        }
        let counts = Counts::of(chain);
        let fits = |kind, form: &Self| !exceeds(counts.get(kind), form.rule(kind).max);
        let mut kinds = chain.iter().map(|payload| payload.kind()).filter(|kind| !is_free(*kind));
        kinds.find(|kind| !forms.iter().any(|form| fits(*kind, form)))
    }

    /// Whether payloads of type `kind` belong into the form.
    pub fn presence(&self, kind: PayloadType) -> Presence {
        match self.rule(kind) {
            PayloadRule { max: 0, .. } => Presence::MustNot,
            PayloadRule { min: 0, .. } => Presence::May,
            PayloadRule { .. } => Presence::Must,
        }
    }

    /// How often payloads of type `kind` come in the form.
    pub fn rule(&self, kind: PayloadType) -> PayloadRule {
        let listed = self.payloads.iter().copied().find(|rule| rule.kind == kind);
        let max = if is_free(kind) { MANY } else { 0 };
        listed.unwrap_or(PayloadRule { kind, min: 0, max })
    }

    /// The first rule that a message does not keep, `None` where it has this form.
    pub fn misfit(&self, chain: &PayloadChain<'_>) -> Option<PayloadRule> {
        self.breach(chain, &Counts::of(chain))
    }

    fn breach(&self, chain: &PayloadChain<'_>, counts: &Counts) -> Option<PayloadRule> {
        let lacking = self.payloads.iter().copied().find(|rule| counts.get(rule.kind) < rule.min.into());
        lacking.or_else(|| {
            let mut rules = chain.iter().map(|payload| self.rule(payload.kind()));
            rules.find(|rule| exceeds(counts.get(rule.kind), rule.max))
        })
    }

    /// Whether messages of the form are protected by SK or SKF: all but those that agree on the keys.
    pub const fn is_protected(&self) -> bool {
        !matches!(self.exchange, ExchangeType::IKE_SA_INIT | ExchangeType::IKE_SESSION_RESUME)
    }
}

/// Exchange, direction, what the message does, and the payloads as the RFCs write them: `[CERT+]` for any number.
impl fmt::Display for MessageForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.response { "response" } else { "request" };
        write!(f, "{} {direction}, {}:", self.exchange, self.name)?;
        let mut separator = " ";
        for PayloadRule { kind, min, max } in self.payloads {
            let notation = kind.notation().unwrap_or_default();
            let many = if *max > 1 { "+" } else { "" };
            match min {
                0 => write!(f, "{separator}[{notation}{many}]")?,
                _ => write!(f, "{separator}{notation}{many}")?,
            }
            separator = ", ";
        }
        Ok(())
    }
}

/// Any number of payloads.
const MANY: u8 = u8::MAX;

/// Payloads that come with every form: V, N, and what is not looked into.
const fn is_free(kind: PayloadType) -> bool {
    match kind {
        PayloadType::VENDOR_ID | PayloadType::NOTIFY => true,
        PayloadType::PS | PayloadType::SKF => false,
        PayloadType(number) => number < PayloadType::SA.0 || number > PayloadType::GSPM.0,
    }
}

/// How many payloads of each type a chain has, so that it is walked once.
struct Counts([u16; 256]);

impl Counts {
    fn of(chain: &PayloadChain<'_>) -> Self {
        let mut counts = [0_u16; 256];
        for payload in chain {
            if let Some(count) = counts.get_mut(usize::from(payload.kind().0)) {
                *count = count.saturating_add(1);
            }
        }
        Self(counts)
    }

    fn get(&self, kind: PayloadType) -> u16 {
        self.0.get(usize::from(kind.0)).copied().unwrap_or_default()
    }
}

fn exceeds(count: u16, max: u8) -> bool {
    max != MANY && count > max.into()
}

const fn one(kind: PayloadType) -> PayloadRule {
    PayloadRule { kind, min: 1, max: 1 }
}

const fn maybe(kind: PayloadType) -> PayloadRule {
    PayloadRule { kind, min: 0, max: 1 }
}

const fn any(kind: PayloadType) -> PayloadRule {
    PayloadRule { kind, min: 0, max: MANY }
}

const fn some(kind: PayloadType) -> PayloadRule {
    PayloadRule { kind, min: 1, max: MANY }
}

const fn request(
    exchange: ExchangeType,
    name: &'static str,
    section: &'static str,
    payloads: &'static [PayloadRule],
) -> MessageForm {
    MessageForm { name, section, exchange, response: false, payloads }
}

const fn response(
    exchange: ExchangeType,
    name: &'static str,
    section: &'static str,
    payloads: &'static [PayloadRule],
) -> MessageForm {
    MessageForm { name, section, exchange, response: true, payloads }
}

/// The forms. RFC 7296 Appendix C sums those of its own exchanges up; RFC 8019 §7 adds PS to the first requests. At most
/// one of them fits a message. In the order of exchange type and direction, by which they are found.
static FORMS: [MessageForm; 34] = [
    request(
        X::IKE_SA_INIT,
        "offers",
        "RFC 7296 §1.2",
        &[one(P::SA), one(P::KE), one(P::NONCE), maybe(P::PS)],
    ),
    response(
        X::IKE_SA_INIT,
        "agrees",
        "RFC 7296 §1.2",
        &[one(P::SA), one(P::KE), one(P::NONCE), any(P::CERTREQ)],
    ),
    response(X::IKE_SA_INIT, "asks for another request, or refuses", "RFC 7296 §2.6", &[some(P::NOTIFY)]),
    request(
        X::IKE_AUTH,
        "authenticates, with a Child SA",
        "RFC 7296 §1.2",
        &[
            one(P::IDI),
            maybe(P::PS),
            any(P::CERT),
            any(P::CERTREQ),
            maybe(P::IDR),
            one(P::AUTH),
            maybe(P::CP),
            one(P::SA),
            one(P::TSI),
            one(P::TSR),
        ],
    ),
    request(
        X::IKE_AUTH,
        "authenticates, without a Child SA",
        "RFC 6023 §4, RFC 4739 §3.3",
        &[
            one(P::IDI),
            maybe(P::PS),
            any(P::CERT),
            any(P::CERTREQ),
            maybe(P::IDR),
            one(P::AUTH),
            maybe(P::CP),
        ],
    ),
    request(
        X::IKE_AUTH,
        "asks for EAP, with a Child SA",
        "RFC 7296 §2.16",
        &[
            one(P::IDI),
            maybe(P::PS),
            any(P::CERTREQ),
            maybe(P::IDR),
            maybe(P::CP),
            one(P::SA),
            one(P::TSI),
            one(P::TSR),
        ],
    ),
    request(
        X::IKE_AUTH,
        "asks for EAP, without a Child SA",
        "RFC 6023 §4, RFC 4739 §3.3",
        &[one(P::IDI), maybe(P::PS), any(P::CERTREQ), maybe(P::IDR), maybe(P::CP)],
    ),
    request(X::IKE_AUTH, "goes on with EAP", "RFC 7296 §2.16", &[one(P::EAP)]),
    request(X::IKE_AUTH, "ends EAP", "RFC 7296 §2.16", &[one(P::AUTH)]),
    request(
        X::IKE_AUTH,
        "asks for a secure password method",
        "RFC 6467 §2",
        &[
            one(P::IDI),
            maybe(P::PS),
            any(P::CERTREQ),
            maybe(P::IDR),
            maybe(P::CP),
            one(P::GSPM),
            one(P::SA),
            one(P::TSI),
            one(P::TSR),
        ],
    ),
    request(
        X::IKE_AUTH,
        "goes on with a secure password method",
        "RFC 6467 §2",
        &[one(P::GSPM), maybe(P::AUTH)],
    ),
    response(
        X::IKE_AUTH,
        "authenticates, with a Child SA",
        "RFC 7296 §1.2",
        &[one(P::IDR), any(P::CERT), one(P::AUTH), maybe(P::CP), one(P::SA), one(P::TSI), one(P::TSR)],
    ),
    response(
        X::IKE_AUTH,
        "authenticates, without a Child SA",
        "RFC 7296 §1.2, RFC 6023 §4",
        &[one(P::IDR), any(P::CERT), one(P::AUTH), maybe(P::CP)],
    ),
    response(
        X::IKE_AUTH,
        "starts EAP",
        "RFC 7296 §2.16, RFC 5998 §3",
        &[one(P::IDR), any(P::CERT), maybe(P::AUTH), one(P::EAP)],
    ),
    response(X::IKE_AUTH, "goes on with EAP", "RFC 7296 §2.16", &[one(P::EAP)]),
    response(
        X::IKE_AUTH,
        "ends EAP, with a Child SA",
        "RFC 7296 §2.16",
        &[one(P::AUTH), maybe(P::CP), one(P::SA), one(P::TSI), one(P::TSR)],
    ),
    response(
        X::IKE_AUTH,
        "ends EAP, without a Child SA",
        "RFC 7296 §2.16, RFC 6023 §4",
        &[one(P::AUTH), maybe(P::CP)],
    ),
    response(
        X::IKE_AUTH,
        "goes on with a secure password method",
        "RFC 6467 §2",
        &[
            maybe(P::IDR),
            any(P::CERT),
            one(P::GSPM),
            maybe(P::AUTH),
            maybe(P::CP),
            maybe(P::SA),
            maybe(P::TSI),
            maybe(P::TSR),
        ],
    ),
    response(X::IKE_AUTH, "refuses", "RFC 7296 §2.21.2", &[some(P::NOTIFY)]),
    request(
        X::CREATE_CHILD_SA,
        "creates or rekeys a Child SA",
        "RFC 7296 §1.3.1, §1.3.3",
        &[one(P::SA), one(P::NONCE), maybe(P::KE), one(P::TSI), one(P::TSR), maybe(P::CP)],
    ),
    request(
        X::CREATE_CHILD_SA,
        "rekeys the IKE SA",
        "RFC 7296 §1.3.2",
        &[one(P::SA), one(P::NONCE), one(P::KE)],
    ),
    response(
        X::CREATE_CHILD_SA,
        "creates or rekeys a Child SA",
        "RFC 7296 §1.3.1, §1.3.3",
        &[one(P::SA), one(P::NONCE), maybe(P::KE), one(P::TSI), one(P::TSR), maybe(P::CP)],
    ),
    response(
        X::CREATE_CHILD_SA,
        "rekeys the IKE SA",
        "RFC 7296 §1.3.2",
        &[one(P::SA), one(P::NONCE), one(P::KE)],
    ),
    response(X::CREATE_CHILD_SA, "refuses", "RFC 7296 §1.3", &[some(P::NOTIFY)]),
    request(X::INFORMATIONAL, "informs", "RFC 7296 §1.4", &[any(P::DELETE), maybe(P::CP)]),
    response(X::INFORMATIONAL, "answers", "RFC 7296 §1.4", &[any(P::DELETE), maybe(P::CP)]),
    request(X::IKE_SESSION_RESUME, "offers a ticket", "RFC 5723 §4.3.2", &[one(P::NONCE), some(P::NOTIFY)]),
    response(X::IKE_SESSION_RESUME, "takes the ticket", "RFC 5723 §4.3.2", &[one(P::NONCE)]),
    response(
        X::IKE_SESSION_RESUME,
        "asks for another request, or refuses",
        "RFC 5723 §4.3.2",
        &[some(P::NOTIFY)],
    ),
    request(X::IKE_INTERMEDIATE, "goes on", "RFC 9242 §3, RFC 9370 §2.2.2", &[maybe(P::KE)]),
    response(X::IKE_INTERMEDIATE, "goes on", "RFC 9242 §3, RFC 9370 §2.2.2", &[maybe(P::KE)]),
    request(X::IKE_FOLLOWUP_KE, "goes on", "RFC 9370 §2.2.4", &[one(P::KE), some(P::NOTIFY)]),
    response(X::IKE_FOLLOWUP_KE, "goes on", "RFC 9370 §2.2.4", &[one(P::KE)]),
    response(X::IKE_FOLLOWUP_KE, "refuses", "RFC 9370 §3.2.5", &[some(P::NOTIFY)]),
];
