use core::fmt;

use crate::{Attribute, AttributeValue};

/// Why a list of attributes has no meaning: a transform that carries it is refused, with ATTRIBUTES-NOT-SUPPORTED where
/// the rules call for an answer (RFC 2407 §4.5, RFC 2408 §5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("attribute {class}: {kind}")]
pub struct AttributeError {
    /// The class of the attribute.
    pub class: u16,
    /// What is wrong with it.
    pub kind: AttributeErrorKind,
}

/// What is wrong with an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeErrorKind {
    /// The class is not known, so that nobody can know what it asks for.
    #[error("unknown")]
    Unknown,
    /// "Attributes described as basic MUST NOT be encoded as variable" (RFC 2409 Appendix A).
    #[error("basic, but encoded as variable")]
    VariableEncoding,
    /// The class came before with another value (RFC 2407 §4.5).
    #[error("comes twice with different values")]
    Conflict,
    /// A duration without a type before it.
    #[error("a life duration without a life type")]
    DurationWithoutType,
    /// A type without a duration behind it.
    #[error("a life type without a life duration")]
    TypeWithoutDuration,
    /// A duration of no octets, or of a type that is not known.
    #[error("a life duration that cannot be read")]
    UnreadableDuration,
}

/// How long an SA lives, as far as its attributes say. Values beyond 64 bits are clamped to [`u64::MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lifetimes {
    /// Seconds.
    pub seconds: Option<u64>,
    /// Kilobytes, of 1,024 octets.
    pub kilobytes: Option<u64>,
}

impl fmt::Display for Lifetimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.seconds, self.kilobytes) {
            (None, None) => f.write_str("no lifetime"),
            (Some(seconds), None) => write!(f, "{seconds} s"),
            (None, Some(kilobytes)) => write!(f, "{kilobytes} kB"),
            (Some(seconds), Some(kilobytes)) => write!(f, "{seconds} s, {kilobytes} kB"),
        }
    }
}

/// Reads pairs of life type and life duration: "the Life Duration attribute always follows the Life Type which
/// describes the units of duration" (RFC 2409 Appendix A).
#[derive(Debug, Default)]
pub(crate) struct LifetimeReader {
    lifetimes: Lifetimes,
    /// The class and value of a type whose duration is yet to come.
    pending: Option<(u16, u16)>,
}

impl LifetimeReader {
    /// Takes any attribute; `role` says whether it is of a lifetime.
    pub(crate) fn take(&mut self, attribute: Attribute<'_>, role: LifeRole) -> Result<(), AttributeError> {
        match role {
            LifeRole::Other => self.expect_no_pending(),
            LifeRole::Type => {
                self.expect_no_pending()?;
                self.pending = Some((attribute.class, basic(attribute)?));
                Ok(())
            }
            LifeRole::Duration => {
                let pending = self.pending.take();
                let (_, kind) =
                    pending.ok_or_else(|| error(attribute, AttributeErrorKind::DurationWithoutType))?;
                self.set(kind, attribute)
            }
        }
    }

    /// What was read, at the end of the list.
    pub(crate) fn finish(self) -> Result<Lifetimes, AttributeError> {
        self.expect_no_pending()?;
        Ok(self.lifetimes)
    }

    fn expect_no_pending(&self) -> Result<(), AttributeError> {
        self.pending.map_or(Ok(()), |(class, _)| {
            Err(AttributeError { class, kind: AttributeErrorKind::TypeWithoutDuration })
        })
    }

    fn set(&mut self, kind: u16, attribute: Attribute<'_>) -> Result<(), AttributeError> {
        let unreadable = error(attribute, AttributeErrorKind::UnreadableDuration);
        if attribute.value == AttributeValue::Variable(&[]) {
            return Err(unreadable);
        }
        let slot = match crate::LifeType(kind) {
            crate::LifeType::SECONDS => &mut self.lifetimes.seconds,
            crate::LifeType::KILOBYTES => &mut self.lifetimes.kilobytes,
            _ => return Err(unreadable),
        };
        set(slot, attribute, attribute.value.to_u64())
    }
}

/// What an attribute has to do with a lifetime.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LifeRole {
    Type,
    Duration,
    Other,
}

/// Sets a value once; the same value again is no conflict.
pub(crate) fn set<T: PartialEq>(
    slot: &mut Option<T>,
    attribute: Attribute<'_>,
    value: T,
) -> Result<(), AttributeError> {
    if slot.as_ref().is_some_and(|old| *old != value) {
        return Err(error(attribute, AttributeErrorKind::Conflict));
    }
    *slot = Some(value);
    Ok(())
}

/// The value of an attribute that must be basic.
pub(crate) const fn basic(attribute: Attribute<'_>) -> Result<u16, AttributeError> {
    match attribute.value {
        AttributeValue::Basic(value) => Ok(value),
        AttributeValue::Variable(_) => Err(error(attribute, AttributeErrorKind::VariableEncoding)),
    }
}

pub(crate) const fn error(attribute: Attribute<'_>, kind: AttributeErrorKind) -> AttributeError {
    AttributeError { class: attribute.class, kind }
}
