//! The forms of messages: every message of the corpus has one, and the table keeps its own rules.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests may fail loudly"
)]

extern crate alloc;

mod support;

use alloc::collections::BTreeMap;
use ikev2_wire::{ExchangeType, Message, MessageForm, PayloadChain, PayloadType, Presence};
use support::{by_notation, captured_messages, names};
use testkit::hex;

/// The names of the forms that a chain has.
fn forms(exchange: ExchangeType, response: bool, chain: &PayloadChain<'_>) -> Vec<&'static str> {
    let forms = MessageForm::of(exchange, response).iter().filter(|form| form.misfit(chain).is_none());
    let names: Vec<_> = forms.map(|form| form.name).collect();
    assert_eq!(MessageForm::find(exchange, response, chain).map(|form| form.name), names.first().copied());
    names
}

/// A chain of empty payloads of these types, `Some` only where it can be walked.
fn with_chain(kinds: &[PayloadType], check: impl FnOnce(&PayloadChain<'_>)) {
    let mut octets = Vec::new();
    for at in 0..kinds.len() {
        let next = kinds.get(at + 1).map_or(0, |kind| kind.0);
        octets.extend([next, 0, 0, 4]);
    }
    let first = kinds.first().copied().unwrap_or(PayloadType::NONE);
    check(&PayloadChain::parse(first, &octets, 0).unwrap());
}

#[test]
fn every_captured_message_has_one_form() {
    let mut seen = BTreeMap::new();
    for sample in captured_messages() {
        let message = Message::parse(&sample.message).unwrap();
        let (exchange, response) = (message.header().exchange, message.header().flags.is_response());
        let mut check = |chain: &PayloadChain<'_>| {
            let found = forms(exchange, response, chain);
            assert_eq!(found.len(), 1, "{} {exchange} {response} {chain}: {found:?}", sample.name);
            assert_eq!(MessageForm::misplaced(exchange, response, chain), None, "{} {chain}", sample.name);
            *seen.entry((exchange, response, found[0])).or_insert(0) += 1;
        };
        if sample.truth["encrypted"] == false {
            check(&message.payloads());
        } else if let Some(text) = sample.truth["plaintext_payloads_hex"].as_str() {
            let names = names(&sample.truth);
            let first = names.first().map_or(PayloadType::NONE, |name| by_notation(name));
            check(&PayloadChain::parse(first, &hex(text), 0).unwrap());
        }
    }
    assert!(seen.len() >= 20, "{seen:#?}");
    assert!(seen.contains_key(&(ExchangeType::IKE_AUTH, true, "starts EAP")), "{seen:#?}");
    assert!(seen.contains_key(&(ExchangeType::IKE_FOLLOWUP_KE, false, "goes on")), "{seen:#?}");
}

/// Payloads of a form: each of a rule so often as `times` says.
fn payloads(form: &MessageForm, times: impl Fn(u8, u8) -> u8) -> Vec<PayloadType> {
    let rules = form.payloads.iter();
    rules.flat_map(|rule| vec![rule.kind; times(rule.min, rule.max).into()]).collect()
}

#[test]
fn forms_take_the_least_and_the_most_of_their_payloads_and_nothing_else() {
    for form in MessageForm::ALL {
        let (exchange, response) = (form.exchange, form.response);
        let is_form = |kinds: &[PayloadType], expected: bool| {
            with_chain(kinds, |chain| {
                assert_eq!(form.misfit(chain).is_none(), expected, "{form}: {chain}");
                if expected {
                    assert_eq!(forms(exchange, response, chain), [form.name], "{form}: {chain}");
                    assert_eq!(MessageForm::misplaced(exchange, response, chain), None);
                }
            });
        };
        let least = payloads(form, |min, _| min);
        is_form(&least, true);
        is_form(&payloads(form, |_, max| max.min(3)), true);
        // Reversed, and with what comes everywhere.
        let mut reversed: Vec<_> = least.iter().rev().copied().collect();
        reversed.extend([
            PayloadType::VENDOR_ID,
            PayloadType::NOTIFY,
            PayloadType(200),
            PayloadType::VENDOR_ID,
        ]);
        is_form(&reversed, true);
        for at in 0..least.len() {
            let mut lacking = least.clone();
            lacking.remove(at);
            is_form(&lacking, false);
        }
        for kind in (33..=54).map(PayloadType).filter(|kind| !kind.is_encrypted()) {
            let rule = form.rule(kind);
            let presence = match (rule.min, rule.max) {
                (_, 0) => Presence::MustNot,
                (0, _) => Presence::May,
                _ => Presence::Must,
            };
            assert_eq!(form.presence(kind), presence);
            let others = least.iter().copied().filter(|other| *other != kind);
            let too_many: Vec<_> = others.chain(vec![kind; usize::from(rule.max) + 1]).collect();
            if rule.max < u8::MAX {
                is_form(&too_many, false);
            }
        }
    }
}

#[test]
fn w2_04_a_full_chain_is_judged_in_linear_time() {
    let full = vec![PayloadType::CERT; 255];
    with_chain(&[&[PayloadType::IDI], &full[..]].concat(), |chain| {
        let start = std::time::Instant::now();
        for _ in 0..1_000 {
            assert_eq!(forms(ExchangeType::IKE_AUTH, false, chain), [""; 0]);
            assert_eq!(MessageForm::misplaced(ExchangeType::IKE_AUTH, false, chain), None);
        }
        assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    });
}

#[test]
fn forms_are_found_by_exchange_and_direction() {
    let mut found = Vec::new();
    for exchange in (0..=u8::MAX).map(ExchangeType) {
        for response in [false, true] {
            let forms = MessageForm::of(exchange, response);
            assert!(forms.iter().all(|form| (form.exchange, form.response) == (exchange, response)));
            found.extend_from_slice(forms);
        }
    }
    assert_eq!(found, MessageForm::ALL);
}

#[test]
fn what_has_no_place_is_named() {
    let misplaced = |exchange, kinds: &[PayloadType]| {
        let mut found = None;
        with_chain(kinds, |chain| found = MessageForm::misplaced(exchange, false, chain));
        found
    };
    let (auth, informational) = (ExchangeType::IKE_AUTH, ExchangeType::INFORMATIONAL);
    assert_eq!(misplaced(auth, &[PayloadType::IDI, PayloadType::KE]), Some(PayloadType::KE));
    assert_eq!(misplaced(auth, &[PayloadType::IDI, PayloadType::IDI]), Some(PayloadType::IDI));
    assert_eq!(misplaced(informational, &[PayloadType::SA]), Some(PayloadType::SA));
    assert_eq!(misplaced(informational, &[PayloadType::DELETE; 256]), None, "any number");
    assert_eq!(misplaced(informational, &[PayloadType::PS]), Some(PayloadType::PS));
    assert_eq!(misplaced(informational, &[PayloadType::KD; 2]), None, "not looked into");
    assert_eq!(misplaced(informational, &[PayloadType(1); 2]), None, "not known");
    assert_eq!(misplaced(ExchangeType::GSA_AUTH, &[PayloadType::SA; 9]), None, "not in the table");
    let form = MessageForm::of(auth, false)[0];
    assert!(form.is_protected() && !MessageForm::ALL[0].is_protected());
    assert_eq!(
        form.to_string(),
        "IKE_AUTH request, authenticates, with a Child SA: IDi, [PS], [CERT+], [CERTREQ+], [IDr], AUTH, [CP], SA, TSi, TSr"
    );
}
