use super::*;
use crate::classify::ALL_PORTS;
use crate::order::{Numbers, Rank};
use testkit::Seeded;

#[test]
fn with_as_many_shapes_as_there_can_be_boxes_are_filed_with_all_others() {
    let mut space = Space::<u32>::new(HashKey::draw(&mut Seeded(2)).unwrap());
    let lengths = || (0..=32u8).flat_map(|local| (0..=32).map(move |remote| [local, remote]));
    let shapes = (1..=4).flat_map(|ports| lengths().map(move |addresses| (addresses, ports)));
    for (addresses, ports) in shapes.take(MOST_SHAPES) {
        let shape = Shape { addresses, ports: [ports; 2], ..Shape::default() };
        let tuple = space.tuple(shape).unwrap();
        space.tuples[usize::from(tuple)].count += 1;
    }
    let another = Shape { addresses: [7, 7], ports: [9; 2], ..Shape::default() };
    assert_eq!(space.tuple(another), None);
    let [local, remote] = [0x0a00_0001, 0x0a00_0002];
    let cuboid =
        Cuboid { addresses: [(local, local), (remote, remote)], protocol: None, ports: [ALL_PORTS; 2] };
    let terms = Terms { owner: 3, note: 4, rank: Rank::of(5), classes: 1, tag: 0, ask: false };
    space.insert(terms, &cuboid, &Numbers);
    let addresses = [local, remote].map(|bits| core::net::Ipv4Addr::from_bits(bits).into());
    let point = Point { addresses, protocol: 6, ports: [1, 2], classes: 1, tags: [0; 3] };
    let found = space.first([local, remote], &point, &Numbers, |_| true);
    assert_eq!(found, Some(Found { owner: 3, note: 4 }));
    space.remove(3, &Numbers);
    assert_eq!(space.first([local, remote], &point, &Numbers, |_| true), None);
}

/// Two places, one of boxes with a tag, whose hashes are alike: whoever is crowded out there keeps its own tag.
#[test]
fn a_box_that_moves_from_a_shared_place_keeps_its_tag() {
    let mut space = Space::<u32>::new(HashKey::draw(&mut Seeded(2)).unwrap());
    let cuboid = |remote, port| {
        let ports = [ALL_PORTS, port];
        Cuboid { addresses: [(0, u32::MAX), (remote, remote)], protocol: None, ports }
    };
    let terms =
        |owner: u32, tag| Terms { owner, note: 0, rank: Rank::of(owner.into()), classes: 1, tag, ask: false };
    let tag = crate::classify::tag(1, 77 << 40);
    // For the two tuples.
    space.insert(terms(0, 0), &cuboid(0, ALL_PORTS), &Numbers);
    space.insert(terms(1, tag), &cuboid(0, ALL_PORTS), &Numbers);
    let place = |at: usize, remote: u32| {
        let tuple = &space.tuples[usize::from(space.files.get(at).unwrap().tuple)];
        let [local, remote] = [(0, 0), (remote, 1)].map(|(address, side)| {
            address.prefix(tuple.shape.addresses[side]).hash(space.key, tuple.shape.addresses[side])
        });
        let hash = place_hash(space.key, tuple.salt, local, remote);
        let tag = space.files.get(at).unwrap().tag;
        short(if tuple.plain {
            hash
        } else {
            rest_hash(space.key, hash, &tuple.shape, ANY_PROTOCOL, [0; 2], tag)
        })
    };
    assert_eq!(
        [0, 1].map(|at| Some(place(at, 0))),
        [0, 1].map(|at| space.hash(at)),
        "computed as boxes are filed"
    );
    let addresses = || (1u32..).map(|number| number << 8 | 7).take(150_000);
    let places: alloc::collections::BTreeMap<_, _> =
        addresses().map(|remote| (place(0, remote), remote)).collect();
    let alike = addresses().find_map(|remote| Some((*places.get(&place(1, remote))?, remote)));
    let (plain, tagged) = alike.expect("two places alike");
    for port in 0..16 {
        space.insert(terms(2 + port, 0), &cuboid(plain, (port, port)), &Numbers);
    }
    space.insert(terms(100, tag), &cuboid(tagged, ALL_PORTS), &Numbers);
    for port in 0..16 {
        let addresses = [0, plain].map(|bits| core::net::Ipv4Addr::from_bits(bits).into());
        let point = Point { addresses, protocol: 6, ports: [1, port], classes: 1, tags: [0; 3] };
        let found = space.first([0, plain], &point, &Numbers, |_| true).map(|found| found.owner);
        assert_eq!(found, Some(2 + port));
    }
}

/// Boxes wait at crowded places for finer ones, more of them than move at once.
#[test]
fn no_list_is_long() {
    let mut space = Space::<u32>::new(HashKey::draw(&mut Seeded(2)).unwrap());
    let ranges =
        [(0x0a00_0020, 0x0a00_fffe, 60), (0x0a00_0010, 0x0a00_001e, 60), (0x0a00_0001, 0x0a00_fffe, 1500)];
    let ranges =
        ranges.into_iter().flat_map(|(first, last, count)| core::iter::repeat_n((first, last), count));
    for (owner, range) in (0u32..).zip(ranges) {
        let cuboid = Cuboid { addresses: [(0, u32::MAX), range], protocol: None, ports: [ALL_PORTS; 2] };
        let terms = Terms { owner, note: 0, rank: Rank::of(owner.into()), classes: 1, tag: 0, ask: false };
        space.insert(terms, &cuboid, &Numbers);
    }
    let next = |at: &u32| space.nodes.get(index(*at)).map(|node| node.next).filter(|next| *next != NONE);
    for (at, file) in (0u32..).zip(space.files.iter()).filter(|(_, file)| file.used && file.crowd == NONE) {
        let behind = core::iter::successors(Some(at), next).take(2 * LOOKED_AT).count();
        assert!(behind <= LOOKED_AT + 1, "{behind} boxes in the list of {at}, of tuple {}", file.tuple);
    }
}
