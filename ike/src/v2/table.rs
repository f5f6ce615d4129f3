//! What is acted on, by state, exchange, and whether the message is a request or a response (RFC 7296 §1, §2.1).

use crate::v2::sa::{Role, Stage};
use ikev2_wire::ExchangeType;

/// What becomes of a message of an exchange, before anything in it is looked at. Which payloads belong into it then is
/// said by [`ikev2_wire::MessageForm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is lawful here.
    Act,
    /// It is not: nothing happens.
    Drop,
}

/// The table.
///
/// | Stage | Acts on |
/// |---|---|
/// | `InitSent` (initiator) | the response of IKE_SA_INIT |
/// | `HalfOpen` (responder) | the request of IKE_AUTH; that of IKE_SA_INIT, which came again |
/// | `AuthSent` (initiator) | the response of IKE_AUTH |
/// | `Established`, `Closing` | requests and responses of CREATE_CHILD_SA and INFORMATIONAL; at the responder requests of IKE_SA_INIT and IKE_AUTH, which came again |
///
/// A request that came again is told by its octets: it brings the stored response and nothing else.
pub(crate) const fn verdict(stage: Stage, role: Role, exchange: ExchangeType, response: bool) -> Verdict {
    use ExchangeType as X;
    let act = match (stage, role, response) {
        (Stage::InitSent, Role::Initiator, true) => matches!(exchange, X::IKE_SA_INIT),
        (Stage::HalfOpen, Role::Responder, false) => matches!(exchange, X::IKE_SA_INIT | X::IKE_AUTH),
        (Stage::AuthSent, Role::Initiator, true) => matches!(exchange, X::IKE_AUTH),
        (Stage::Established | Stage::Closing, Role::Responder, false) => {
            matches!(exchange, X::IKE_SA_INIT | X::IKE_AUTH | X::CREATE_CHILD_SA | X::INFORMATIONAL)
        }
        (Stage::Established | Stage::Closing, _, _) => {
            matches!(exchange, X::CREATE_CHILD_SA | X::INFORMATIONAL)
        }
        _ => false,
    };
    if act { Verdict::Act } else { Verdict::Drop }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use ikev2_wire::MessageForm;

    /// Every lawful cell, written out: stage, role, exchange, response.
    const LAWFUL: [(Stage, Role, ExchangeType, bool); 24] = {
        use ExchangeType as X;
        use Role::{Initiator as I, Responder as R};
        use Stage::{AuthSent, Closing, Established, HalfOpen, InitSent};
        [
            (InitSent, I, X::IKE_SA_INIT, true),
            (HalfOpen, R, X::IKE_SA_INIT, false),
            (HalfOpen, R, X::IKE_AUTH, false),
            (AuthSent, I, X::IKE_AUTH, true),
            (Established, R, X::IKE_SA_INIT, false),
            (Established, R, X::IKE_AUTH, false),
            (Closing, R, X::IKE_SA_INIT, false),
            (Closing, R, X::IKE_AUTH, false),
            (Established, I, X::CREATE_CHILD_SA, false),
            (Established, I, X::CREATE_CHILD_SA, true),
            (Established, I, X::INFORMATIONAL, false),
            (Established, I, X::INFORMATIONAL, true),
            (Established, R, X::CREATE_CHILD_SA, false),
            (Established, R, X::CREATE_CHILD_SA, true),
            (Established, R, X::INFORMATIONAL, false),
            (Established, R, X::INFORMATIONAL, true),
            (Closing, I, X::CREATE_CHILD_SA, false),
            (Closing, I, X::CREATE_CHILD_SA, true),
            (Closing, I, X::INFORMATIONAL, false),
            (Closing, I, X::INFORMATIONAL, true),
            (Closing, R, X::CREATE_CHILD_SA, false),
            (Closing, R, X::CREATE_CHILD_SA, true),
            (Closing, R, X::INFORMATIONAL, false),
            (Closing, R, X::INFORMATIONAL, true),
        ]
    };

    #[test]
    fn e2_09_every_cell_of_the_table() {
        let stages = [Stage::InitSent, Stage::HalfOpen, Stage::AuthSent, Stage::Established, Stage::Closing];
        let mut acted = Vec::new();
        for stage in stages {
            for role in [Role::Initiator, Role::Responder] {
                for exchange in (0..=u8::MAX).map(ExchangeType) {
                    for response in [false, true] {
                        if verdict(stage, role, exchange, response) == Verdict::Act {
                            acted.push((stage, role, exchange, response));
                        }
                    }
                }
            }
        }
        // What is acted on has forms that its payloads are held against.
        let has_forms =
            |(_, _, exchange, response): &(_, _, _, _)| !MessageForm::of(*exchange, *response).is_empty();
        assert!(acted.iter().all(has_forms));
        assert_eq!(acted.len(), LAWFUL.len());
        assert!(LAWFUL.iter().all(|cell| acted.contains(cell)));
    }
}
