//! Message ids, repetition of requests, and the stored response (RFC 7296 §2.1 to §2.3). A window of one in both
//! directions; nothing here knows payloads.

use crate::config::Retransmission;
use alloc::vec::Vec;
use core::time::Duration;
use ipsec_types::Instant;

#[derive(Debug)]
pub(crate) struct Window {
    /// The id of our next request.
    next: u32,
    pending: Option<Pending>,
    /// The id of the peer's next request.
    expected: u32,
    answered: Option<Answered>,
}

/// Our request that waits for its response.
#[derive(Debug)]
struct Pending {
    message_id: u32,
    datagram: Vec<u8>,
    /// Of the core's events, how many must be taken before it is sent.
    after: u64,
    copies: u32,
    due: Instant,
}

/// The last request of the peer, and what it was answered.
#[derive(Debug)]
struct Answered {
    message_id: u32,
    request: Vec<u8>,
    response: Vec<u8>,
    after: u64,
    sent: Instant,
}

/// What a request is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival<'a> {
    Fresh,
    /// The last one, octet for octet, at a time when it may be answered again: with this, after so many events.
    Again(&'a [u8], u64),
    /// Neither, or too soon.
    Other,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due<'a> {
    Nothing,
    /// The pending request is to be sent again, after so many events.
    Repeat(&'a [u8], u64),
    /// The peer did not answer.
    GaveUp,
}

/// A response is not sent again within this time: that caps what an attacker brings about by replaying the request.
const RESEND_INTERVAL: Duration = Duration::from_millis(200);

impl Window {
    pub(crate) const fn new() -> Self {
        Self { next: 0, pending: None, expected: 0, answered: None }
    }

    /// The id of the next request; `None` where the ids are used up, and while a request is pending.
    pub(crate) const fn next_id(&self) -> Option<u32> {
        if self.pending.is_some() || self.next == u32::MAX { None } else { Some(self.next) }
    }

    /// Whether no further request of ours or of the peer can be numbered.
    pub(crate) const fn is_exhausted(&self) -> bool {
        self.next == u32::MAX || self.expected == u32::MAX
    }

    /// Notes that our next request was sent.
    pub(crate) fn sent(
        &mut self,
        now: Instant,
        datagram: Vec<u8>,
        after: u64,
        policy: &Retransmission,
        random: u32,
    ) {
        let due = now + policy.wait(1, random);
        self.pending = Some(Pending { message_id: self.next, datagram, after, copies: 1, due });
        self.next = self.next.saturating_add(1);
    }

    /// Takes the place of the pending request, with its id: IKE_SA_INIT with a cookie or another key exchange.
    pub(crate) fn sent_instead(
        &mut self,
        now: Instant,
        datagram: Vec<u8>,
        policy: &Retransmission,
        random: u32,
    ) {
        self.next = self.next.saturating_sub(1);
        self.sent(now, datagram, 0, policy, random);
    }

    /// Whether a response answers the pending request.
    pub(crate) fn awaits(&self, message_id: u32) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.message_id == message_id)
    }

    /// Ends the pending request: its response was taken.
    pub(crate) fn done(&mut self) {
        self.pending = None;
    }

    pub(crate) fn arrival(&mut self, now: Instant, message_id: u32, request: &[u8]) -> Arrival<'_> {
        if message_id == self.expected && message_id != u32::MAX {
            return Arrival::Fresh;
        }
        let again = self
            .answered
            .as_mut()
            .filter(|answered| answered.message_id == message_id && answered.request == request);
        match again {
            Some(answered) if now.saturating_since(answered.sent) >= RESEND_INTERVAL => {
                answered.sent = now;
                Arrival::Again(&answered.response, answered.after)
            }
            Some(_) | None => Arrival::Other,
        }
    }

    /// Notes the response to the peer's request that was fresh.
    pub(crate) fn answered(&mut self, now: Instant, request: &[u8], response: Vec<u8>, after: u64) {
        let message_id = self.expected;
        self.expected = self.expected.saturating_add(1);
        self.answered = Some(Answered { message_id, request: request.to_vec(), response, after, sent: now });
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, policy: &Retransmission, random: u32) -> Due<'_> {
        let Some(pending) = self.pending.as_mut().filter(|pending| pending.due <= now) else {
            return Due::Nothing;
        };
        if pending.copies >= policy.copies {
            return Due::GaveUp;
        }
        pending.copies += 1;
        pending.due = now + policy.wait(pending.copies, random);
        Due::Repeat(&pending.datagram, pending.after)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.pending.as_ref().map(|pending| pending.due)
    }

    /// The last request of the peer with its response, for as long as the SA is remembered after its end.
    pub(crate) fn into_last_answer(self) -> Option<(Vec<u8>, Vec<u8>)> {
        self.answered.map(|answered| (answered.request, answered.response))
    }

    /// Continues with these ids, as a test of the counters' end wants.
    #[cfg(test)]
    pub(crate) fn resume(&mut self, next: u32, expected: u32) {
        (self.next, self.expected) = (next, expected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Retransmission = Retransmission {
        initial: Duration::from_secs(1),
        longest: Duration::from_secs(4),
        copies: 4,
        jitter: 0,
    };

    fn at(millis: u64) -> Instant {
        Instant::EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn e2_31_the_same_octets_in_growing_intervals_and_then_no_more() {
        let mut window = Window::new();
        window.sent(at(0), Vec::from(*b"request"), 3, &POLICY, 0);
        assert_eq!((window.next_id(), window.awaits(0), window.awaits(1)), (None, true, false));
        let mut sent = Vec::new();
        let end = loop {
            let due = window.poll_timeout().unwrap();
            assert_eq!(window.handle_timeout(at(0), &POLICY, 0), Due::Nothing, "too early");
            match window.handle_timeout(due, &POLICY, 0) {
                Due::Repeat(octets, after) => {
                    assert_eq!((octets, after), (&b"request"[..], 3));
                    sent.push(due.elapsed().as_secs());
                }
                Due::GaveUp => break due.elapsed().as_secs(),
                Due::Nothing => unreachable!("due"),
            }
        };
        assert_eq!((sent, end), (Vec::from([1, 3, 7]), 11));
    }

    #[test]
    fn e2_20_the_last_request_brings_the_stored_response_within_a_cap() {
        let mut window = Window::new();
        assert_eq!(window.arrival(at(0), 0, b"first"), Arrival::Fresh);
        window.answered(at(0), b"first", Vec::from(*b"response"), 0);
        assert_eq!(window.arrival(at(1), 0, b"first"), Arrival::Other, "too soon");
        let mut resent = 0;
        for millis in 1..=1000 {
            resent += usize::from(window.arrival(at(millis), 0, b"first") == Arrival::Again(b"response", 0));
        }
        assert_eq!(resent, 5);
        for other in [(0, &b"First"[..]), (2, b"beyond"), (u32::MAX, b"far beyond")] {
            assert_eq!(window.arrival(at(5000), other.0, other.1), Arrival::Other);
        }
        assert_eq!(window.arrival(at(5000), 1, b"second"), Arrival::Fresh);
        window.answered(at(5000), b"second", Vec::new(), 0);
        assert_eq!(window.arrival(at(9000), 0, b"first"), Arrival::Other, "older than the window");
    }

    #[test]
    fn e2_22_ids_never_wrap() {
        let mut window = Window::new();
        window.resume(u32::MAX - 1, u32::MAX - 1);
        assert_eq!((window.next_id(), window.is_exhausted()), (Some(u32::MAX - 1), false));
        window.sent(at(0), Vec::new(), 0, &POLICY, 0);
        window.done();
        assert_eq!((window.next_id(), window.is_exhausted()), (None, true));
        assert_eq!(window.arrival(at(0), u32::MAX - 1, b"last"), Arrival::Fresh);
        window.answered(at(0), b"last", Vec::new(), 0);
        assert_eq!(window.arrival(at(1), u32::MAX, b"one more"), Arrival::Other);
        assert_eq!(window.arrival(at(1), 0, b"wrapped"), Arrival::Other);
    }
}
