use super::*;

const KEY: MessageKey = MessageKey { from_initiator: true, response: false, message_id: 1 };

const fn fragment(number: u16, total: u16, content: &[u8]) -> Fragment<'_> {
    let first = if number == 1 { PayloadType::IDI } else { PayloadType::NONE };
    Fragment { fragment_number: number, total_fragments: total, first, content }
}

#[test]
fn a_repeated_fragment_never_ends_its_set() {
    let limits = FragmentLimits { octets: 10, ..FragmentLimits::default() };
    let mut reassembler = FragmentReassembler::new(limits);
    assert_eq!(reassembler.push(Instant::EPOCH, KEY, &fragment(1, 2, &[1; 8])), Ok(None));
    assert_eq!(reassembler.push(Instant::EPOCH, KEY, &fragment(1, 2, &[1; 8])), Ok(None));
    let whole = reassembler.push(Instant::EPOCH, KEY, &fragment(2, 2, &[2; 2])).unwrap().unwrap();
    assert_eq!(whole.octets.len(), 10);
}

#[test]
fn rfc7383_2_6_any_order_and_the_first_copy_wins() {
    for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [2, 1, 3]] {
        let mut reassembler = FragmentReassembler::new(FragmentLimits::default());
        let content = [[0; 2], [1; 2], [2; 2], [3; 2]];
        let take = |reassembler: &mut FragmentReassembler, number: u16, octets| {
            reassembler.push(Instant::EPOCH, KEY, &fragment(number, 3, octets)).unwrap()
        };
        assert_eq!(take(&mut reassembler, order[0], &content[usize::from(order[0])]), None);
        assert_eq!(take(&mut reassembler, order[0], b"other content"), None);
        assert_eq!(take(&mut reassembler, order[1], &content[usize::from(order[1])]), None);
        let whole = take(&mut reassembler, order[2], &content[usize::from(order[2])]).unwrap();
        assert_eq!((whole.first, &whole.octets[..]), (PayloadType::IDI, &[1, 1, 2, 2, 3, 3][..]));
        assert!(reassembler.is_empty());
    }
}

#[test]
fn rfc7383_2_6_a_larger_total_replaces_and_a_smaller_is_dropped() {
    let mut reassembler = FragmentReassembler::new(FragmentLimits::default());
    reassembler.push(Instant::EPOCH, KEY, &fragment(1, 3, b"a")).unwrap();
    let smaller = reassembler.push(Instant::EPOCH, KEY, &fragment(2, 2, b"b"));
    assert_eq!(smaller, Err(FragmentError::Obsolete));
    assert_eq!(reassembler.push(Instant::EPOCH, KEY, &fragment(4, 4, b"z")), Ok(None));
    for number in 1..3 {
        assert_eq!(reassembler.push(Instant::EPOCH, KEY, &fragment(number, 4, b"x")), Ok(None));
    }
    let whole = reassembler.push(Instant::EPOCH, KEY, &fragment(3, 4, b"y")).unwrap().unwrap();
    assert_eq!(whole.octets, b"xxyz");
}

#[test]
fn e2_29_what_is_held_stays_within_the_limits() {
    let limits = FragmentLimits { messages: 2, fragments: 10, octets: 100, timeout: Duration::from_secs(5) };
    let mut reassembler = FragmentReassembler::new(limits);
    let huge = reassembler.push(Instant::EPOCH, KEY, &fragment(1, u16::MAX, b"a"));
    assert_eq!(huge, Err(FragmentError::TooMany(u16::MAX)));
    let one_more = reassembler.push(Instant::EPOCH, KEY, &fragment(1, 11, b"a"));
    assert_eq!(one_more, Err(FragmentError::TooMany(11)));
    for message_id in 0..100 {
        let key = MessageKey { message_id, ..KEY };
        let now = Instant::EPOCH + Duration::from_millis(message_id.into());
        reassembler.push(now, key, &fragment(1, 2, b"a")).unwrap();
        assert!(reassembler.len() <= 2);
    }
    let key = MessageKey { message_id: 99, ..KEY };
    let long = reassembler.push(Instant::EPOCH, key, &fragment(2, 2, &[0; 100]));
    assert_eq!(long, Err(FragmentError::TooLong));
    let later = Instant::EPOCH + Duration::from_secs(30);
    reassembler.push(later, KEY, &fragment(1, 2, b"a")).unwrap();
    assert_eq!(reassembler.len(), 1, "the others ran out of time");
}

#[test]
fn rfc7383_2_6_numbers_outside_the_total_are_refused() {
    let mut reassembler = FragmentReassembler::new(FragmentLimits::default());
    for (number, total) in [(0, 0), (0, 2), (3, 2), (1, 0)] {
        let refused = reassembler.push(Instant::EPOCH, KEY, &fragment(number, total, b"a"));
        assert_eq!(refused, Err(FragmentError::Number(number, total)));
    }
    assert!(reassembler.is_empty());
}

#[test]
fn time_runs_out_without_another_fragment() {
    let limits = FragmentLimits { timeout: Duration::from_secs(5), ..FragmentLimits::default() };
    let mut reassembler = FragmentReassembler::new(limits);
    assert_eq!(reassembler.poll_timeout(), None);
    let at = |seconds| Instant::from_epoch(Duration::from_secs(seconds));
    reassembler.push(at(1), KEY, &fragment(1, 2, b"a")).unwrap();
    reassembler.push(at(3), MessageKey { message_id: 2, ..KEY }, &fragment(1, 2, b"a")).unwrap();
    assert_eq!(reassembler.poll_timeout(), Some(at(6)));
    reassembler.handle_timeout(at(5));
    assert_eq!(reassembler.len(), 2);
    reassembler.handle_timeout(at(6));
    assert_eq!((reassembler.len(), reassembler.poll_timeout()), (1, Some(at(8))));
    reassembler.handle_timeout(at(8));
    assert!(reassembler.is_empty());
}

/// The held messages and how long each may be bound what is held, whatever comes.
#[test]
fn e2_29_what_is_held_never_exceeds_messages_times_octets() {
    let limits = FragmentLimits { messages: 3, fragments: 5, octets: 40, timeout: Duration::from_secs(9) };
    let mut reassembler = FragmentReassembler::new(limits);
    let mut state = 1_u32;
    for step in 0..20_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, d] = state.to_be_bytes();
        let key = MessageKey { message_id: u32::from(a % 6), ..KEY };
        let content = [0; 20];
        let fragment = fragment(u16::from(b % 7), u16::from(c % 7), &content[..usize::from(d % 21)]);
        let now = Instant::from_epoch(Duration::from_millis(step));
        if let Ok(Some(whole)) = reassembler.push(now, key, &fragment) {
            assert!(whole.octets.len() <= limits.octets);
        }
        assert!(reassembler.len() <= limits.messages);
        for set in &reassembler.sets {
            assert_eq!(set.octets, set.parts.iter().map(|(_, part)| part.len()).sum::<usize>());
            assert!(set.octets <= limits.octets && set.parts.len() < usize::from(set.total));
        }
    }
}

#[test]
fn the_message_that_started_first_is_pushed_out() {
    let limits = FragmentLimits { messages: 2, ..FragmentLimits::default() };
    let mut reassembler = FragmentReassembler::new(limits);
    let key = |message_id| MessageKey { message_id, ..KEY };
    // All at one time: 2 starts again with a larger total, so that 1 is the oldest when 3 comes.
    for (message_id, total) in [(2, 2), (1, 2), (2, 3), (3, 2)] {
        assert_eq!(reassembler.push(Instant::EPOCH, key(message_id), &fragment(1, total, b"a")), Ok(None));
    }
    assert_eq!(reassembler.push(Instant::EPOCH, key(2), &fragment(1, 2, b"a")), Err(FragmentError::Obsolete));
    assert!(reassembler.push(Instant::EPOCH, key(3), &fragment(2, 2, b"b")).unwrap().is_some());
}
