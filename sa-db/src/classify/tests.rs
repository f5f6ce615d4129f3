use super::*;
use crate::order::Numbers;
use alloc::collections::BTreeMap;
use proptest::prelude::*;
use testkit::Seeded;

/// Boxes without any order but a map: the oracle.
#[derive(Default)]
struct Model(BTreeMap<u32, (Terms, Vec<AnyCuboid>)>);

fn inside<A: Ord>(cuboid: &Cuboid<A>, addresses: [A; 2], point: &Point) -> bool {
    let within = |(first, last): &(u32, u32), port: u32| *first <= port && port <= *last;
    cuboid.addresses.iter().zip(addresses).all(|((first, last), at)| *first <= at && at <= *last)
        && cuboid.ports.iter().zip(point.ports).all(|(span, port)| within(span, port))
        && cuboid.protocol.is_none_or(|protocol| protocol == point.protocol)
}

impl Model {
    fn first(&self, point: &Point) -> Option<u32> {
        let takes = |(terms, cuboids): &&(Terms, Vec<AnyCuboid>)| {
            terms.classes & point.classes != 0
                && (terms.tag == 0 || point.tags.contains(&terms.tag))
                && cuboids.iter().any(|cuboid| match (cuboid, point.addresses) {
                    (AnyCuboid::V4(cuboid), [IpAddr::V4(local), IpAddr::V4(remote)]) => {
                        inside(cuboid, [local.to_bits(), remote.to_bits()], point)
                    }
                    (AnyCuboid::V6(cuboid), [IpAddr::V6(local), IpAddr::V6(remote)]) => {
                        inside(cuboid, [local.to_bits(), remote.to_bits()], point)
                    }
                    _ => false,
                })
        };
        self.0
            .values()
            .filter(takes)
            .min_by_key(|(terms, _)| Numbers.key(terms.rank))
            .map(|(terms, _)| terms.owner)
    }
}

/// Ends of ranges that meet often.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![
        3 => (0u32..6).prop_map(|low| 0x0a00_0000 | low),
        2 => (0u32..40).prop_map(|bits| 0x0a00_0000 | (1u32 << (bits % 24))),
        1 => any::<u32>(),
        1 => Just(0),
        1 => Just(u32::MAX),
    ]
}

fn span() -> impl Strategy<Value = (u32, u32)> {
    let range = (number(), number()).prop_map(|(one, two)| (one.min(two), one.max(two)));
    let block = (number(), 0u8..=32).prop_map(|(at, length)| {
        let first = Address::prefix(at, length);
        (first, Address::last_of(first, length))
    });
    prop_oneof![range, block]
}

fn ports() -> impl Strategy<Value = (u32, u32)> {
    let end = prop_oneof![0u32..4, 0u32..65_536, Just(65_535), Just(80)];
    prop_oneof![
        2 => Just(ALL_PORTS),
        1 => Just((OPAQUE, OPAQUE)),
        2 => (end.clone(), end.clone()).prop_map(|(one, two)| (one.min(two), one.max(two))),
        2 => end.prop_map(|port| (port, port)),
    ]
}

fn cuboid() -> impl Strategy<Value = AnyCuboid> {
    let protocol = prop_oneof![Just(None), (0u8..3).prop_map(Some)];
    ([span(), span()], protocol, [ports(), ports()], any::<bool>()).prop_map(
        |(addresses, protocol, ports, v4)| {
            if v4 {
                AnyCuboid::V4(Cuboid { addresses, protocol, ports })
            } else {
                let addresses =
                    addresses.map(|(first, last)| (wide(first), wide(last) | u128::from(u64::MAX)));
                AnyCuboid::V6(Cuboid { addresses, protocol, ports })
            }
        },
    )
}

fn wide(number: u32) -> u128 {
    u128::from(number) << 96 | u128::from(number) << 64
}

fn address(number: u32, v4: bool) -> IpAddr {
    if v4 {
        core::net::Ipv4Addr::from_bits(number).into()
    } else {
        core::net::Ipv6Addr::from_bits(wide(number)).into()
    }
}

fn point() -> impl Strategy<Value = Point> {
    let port = prop_oneof![0u32..4, Just(80), Just(65_535), 0u32..65_536, Just(OPAQUE)];
    ([number(), number()], 0u8..3, [port.clone(), port], any::<bool>(), 0u64..3).prop_map(
        |(numbers, protocol, ports, v4, at)| Point {
            addresses: numbers.map(|number| address(number, v4)),
            protocol,
            ports,
            classes: 1 << (at % 2),
            tags: [if at == 2 { 0 } else { tag(1, at << 40) }, 0, 0],
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_first_box_is_that_of_a_scan(
        operations in prop::collection::vec((0u8..10, 0u32..60, prop::collection::vec(cuboid(), 1..3), 0u64..5), 1..200),
        points in prop::collection::vec(point(), 40),
    ) {
        let mut classifier = Classifier::new(&mut Seeded(5)).unwrap();
        let mut model = Model::default();
        for (at, (kind, owner, cuboids, how)) in operations.into_iter().enumerate() {
            if kind < 7 && !model.0.contains_key(&owner) {
                let rank = Rank::of(u64::from(owner.wrapping_mul(37) % 101) << 8);
                let own_tag = if how == 1 { tag(1, 1 << 40) } else { 0 };
                let terms = Terms { owner, rank, note: owner, classes: if how == 0 { 1 } else { 3 }, tag: own_tag, ask: false };
                classifier.insert(terms, &cuboids, &Numbers);
                model.0.insert(owner, (terms, cuboids));
            } else if kind < 9 {
                classifier.remove(owner, &Numbers);
                model.0.remove(&owner);
            } else if let Some((terms, _)) = model.0.get_mut(&owner) {
                terms.rank = Rank::of(Numbers.key(terms.rank) + 1);
                let changes = Changes { moved: Vec::from([(owner, terms.rank)]), ..Changes::default() };
                classifier.follow(&changes, &Numbers);
            }
            if at % 16 == 0 {
                for point in &points {
                    prop_assert_eq!(classifier.first(point, &Numbers, |_| true).map(|found| found.owner), model.first(point), "{:?}", point);
                }
            }
        }
        for point in &points {
            prop_assert_eq!(classifier.first(point, &Numbers, |_| true).map(|found| found.owner), model.first(point), "{:?}", point);
        }
    }
}

#[test]
fn what_was_taken_out_leaves_nothing_behind() {
    let mut space = Space::<u32>::new(HashKey::draw(&mut Seeded(2)).unwrap());
    let mut random = Seeded(9);
    for round in 0..3 {
        for owner in 0..5000u32 {
            let first = u32::try_from(random.below(1 << 32)).unwrap();
            let span = (first & 0xffff_ff00, first | 0xff);
            let port = u32::try_from(random.below(65_536)).unwrap();
            let cuboid =
                Cuboid { addresses: [(0, u32::MAX), span], protocol: None, ports: [ALL_PORTS, (port, port)] };
            space.insert(
                Terms { owner, note: 0, rank: Rank::of(owner.into()), classes: 1, tag: 0, ask: false },
                &cuboid,
                &Numbers,
            );
        }
        let octets = space.octets();
        (0..5000).for_each(|owner| space.remove(owner, &Numbers));
        assert!(space.is_empty(), "round {round}");
        assert!(space.octets() <= octets.max(2_000_000));
    }
}
