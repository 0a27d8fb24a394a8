//! Tiles: names, growth, reading back, and every change found.

use super::{Tree, entry};
use crate::merkle::{
    Hash, MAX_TREE_SIZE, Node, ProofPlan, TreeHead, leaf_hash, root_of, verify_consistency,
    verify_inclusion,
};
use crate::tiles::{EntryBundle, MAX_ENTRY_BYTES, Tile, TileError, TileReader, TileWriter};
use fieldassay_testkit::Lcg;
use std::collections::BTreeMap;

/// Tiles by name, as a store keeps them.
type Store = BTreeMap<String, Vec<u8>>;

fn grow(writer: &mut TileWriter, store: &mut Store, size: u64) {
    let old = writer.head().size;
    let leaves = (old..size).map(|index| leaf_hash(&entry(index)));
    let mut written: Vec<Tile> = Vec::new();
    for (tile, bytes) in writer.append(leaves).expect("small") {
        assert_eq!(bytes.len(), usize::from(tile.width) * 32);
        assert_eq!(store.insert(tile.path(), bytes), None, "{}", tile.path());
        written.push(tile);
    }
    written.sort();
    assert_eq!(written, Tile::of_growth(old, size), "{old} to {size}");
}

fn reader(store: &Store, head: &TreeHead, plan: &ProofPlan) -> Result<TileReader, TileError> {
    let tiles = TileReader::needed(head.size, plan.nodes())?;
    let read = tiles.iter().filter_map(|tile| {
        let bytes = store.get(&tile.path())?;
        Some((*tile, bytes.as_slice()))
    });
    TileReader::new(head, read)
}

#[test]
fn names_are_those_of_the_specification() {
    let tile = |level, index, width| Tile {
        level,
        index,
        width,
    };
    for (tile, path) in [
        (tile(0, 0, 256), "tile/0/000"),
        (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (tile(1, 1234, 5), "tile/1/x001/234.p/5"),
        (tile(7, 0, 64), "tile/7/000.p/64"),
        (tile(2, 999, 255), "tile/2/999.p/255"),
        (tile(2, 1000, 1), "tile/2/x001/000.p/1"),
    ] {
        assert_eq!(tile.path(), path);
        assert_eq!(Tile::parse(path), Ok(tile));
    }
    let bundle = EntryBundle {
        index: 1234,
        width: 5,
    };
    assert_eq!(bundle.path(), "tile/entries/x001/234.p/5");
    assert_eq!(EntryBundle::parse("tile/entries/x001/234.p/5"), Ok(bundle));
    for bad in [
        "",
        "tile",
        "tile/0",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/8/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000 ",
        "tile/entries/000",
        "tile/7/000.p/65",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert!(Tile::parse(bad).is_err(), "{bad}");
    }
    for bad in [
        "tile/entries/",
        "tile/entries/x1/000",
        "tile/0/000",
        "tile/entries/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert!(EntryBundle::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_tree_of_70000_has_the_tiles_the_specification_counts() {
    let tiles = Tile::of_growth(0, 70_000);
    let count = |level: u8, full: bool| {
        let of_level = tiles.iter().filter(|tile| tile.level == level);
        of_level.filter(|tile| tile.is_full() == full).count()
    };
    let widths: Vec<u16> = tiles
        .iter()
        .filter(|tile| !tile.is_full())
        .map(|tile| tile.width)
        .collect();
    assert_eq!(
        (count(0, true), count(1, true), count(2, true)),
        (273, 1, 0)
    );
    assert_eq!(widths, [112, 17, 1]);
    assert_eq!(tiles.len(), 273 + 1 + 3);
    let small: Vec<String> = Tile::of_growth(0, 256).iter().map(Tile::path).collect();
    assert_eq!(small, ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(EntryBundle::of_growth(0, 70_000).len(), 274);
    assert_eq!(Tile::of_growth(256, 256), []);
    assert_eq!(Tile::of_growth(300, 200), []);
    let last = Tile::of_growth(MAX_TREE_SIZE - 1, u64::MAX);
    assert_eq!(last.len(), 8);
    assert_eq!(
        last.last().map(Tile::path),
        Some("tile/7/000.p/64".to_owned())
    );
}

#[test]
fn a_log_of_70000_grows_in_any_steps_and_is_read_back_from_its_tiles() {
    let mut random = Lcg::new(11);
    let mut store = Store::new();
    let mut writer = TileWriter::new();
    let mut heads = vec![TreeHead::EMPTY];
    let size = 70_000;
    while writer.head().size < size {
        let step = [1, 3, 255, 256, 257, 9_000][random.below(6)];
        let next = (writer.head().size + 1 + random.below(step) as u64).min(size);
        grow(&mut writer, &mut store, next);
        heads.push(writer.head());
        // As after a restart: nothing but the tiles and the head.
        let reopened = TileWriter::open(&writer.head(), |tile| {
            store.get(&tile.path()).map(Vec::as_slice)
        });
        writer = reopened.expect("the tiles of this head");
        assert_eq!(writer.head(), heads[heads.len() - 1]);
    }
    let head = writer.head();
    let leaves = (0..size).map(|index| leaf_hash(&entry(index)));
    assert_eq!(root_of(leaves), Ok(head));
    let mut indexes = vec![0, 255, 256, 65_535, 65_536, size - 1];
    indexes.extend((0..40).map(|_| random.below(70_000) as u64));
    for index in indexes {
        let plan = ProofPlan::inclusion(index, size).expect("inside");
        let reader = reader(&store, &head, &plan).expect("all there");
        let proof = plan.run(|node| reader.hash(node)).expect("all there");
        verify_inclusion(&head, index, leaf_hash(&entry(index)), &proof).expect("verifies");
    }
    for old in &heads {
        let plan = ProofPlan::consistency(old.size, size).expect("grows");
        let reader = reader(&store, &head, &plan).expect("all there");
        let proof = plan.run(|node| reader.hash(node)).expect("all there");
        verify_consistency(old, &head, &proof).expect("verifies");
    }
}

#[test]
fn a_full_tile_stands_in_for_a_partial_one() {
    let mut store = Store::new();
    let mut writer = TileWriter::new();
    grow(&mut writer, &mut store, 300);
    let head = writer.head();
    grow(&mut writer, &mut store, 600);
    // What a log may delete once the full tile is there.
    store.remove("tile/0/001.p/44").expect("was written");
    let plan = ProofPlan::inclusion(299, 300).expect("inside");
    let tiles = TileReader::needed(300, plan.nodes()).expect("inside");
    let read = tiles.iter().map(|tile| {
        let bytes = store
            .get(&tile.path())
            .or_else(|| store.get(&tile.to_full().path()));
        (*tile, bytes.expect("one of both").as_slice())
    });
    let reader = TileReader::new(&head, read).expect("the same hashes");
    let proof = plan.run(|node| reader.hash(node)).expect("all there");
    verify_inclusion(&head, 299, leaf_hash(&entry(299)), &proof).expect("verifies");
    let reopened = TileWriter::open(&head, |tile| {
        let bytes = store
            .get(&tile.path())
            .or_else(|| store.get(&tile.to_full().path()));
        bytes.map(Vec::as_slice)
    });
    assert_eq!(reopened.expect("the same hashes").head(), head);
}

#[test]
fn every_changed_missing_or_cut_tile_is_found() {
    let mut store = Store::new();
    let mut writer = TileWriter::new();
    grow(&mut writer, &mut store, 66_000);
    let head = writer.head();
    let plan = ProofPlan::inclusion(300, head.size).expect("inside");
    let tiles = TileReader::needed(head.size, plan.nodes()).expect("inside");
    let names: Vec<String> = tiles.iter().map(Tile::path).collect();
    assert!(names.contains(&"tile/0/001".to_owned()), "{names:?}");
    assert!(names.contains(&"tile/2/000.p/1".to_owned()), "{names:?}");
    let mut random = Lcg::new(5);
    for name in &names {
        let good = store[name].clone();
        for round in 0..40 {
            let mut bad = good.clone();
            let at = if round == 0 {
                0
            } else {
                random.below(bad.len())
            };
            bad[at] ^= 1 << random.below(8);
            store.insert(name.clone(), bad);
            let refused = reader(&store, &head, &plan).expect_err("changed");
            let Some(tile) = tiles.iter().find(|tile| tile.path() == *name) else {
                panic!("needed");
            };
            match refused {
                TileError::Changed { path, .. } => assert_eq!(path, *name),
                TileError::Root { .. } => assert!(!tile.is_full(), "{name}"),
                other => panic!("{other}"),
            }
        }
        for bad in [
            &good[..good.len() - 1],
            &good[..good.len() - 32],
            &[],
            &[good.as_slice(), &[0]].concat(),
        ] {
            store.insert(name.clone(), bad.to_vec());
            let refused = reader(&store, &head, &plan).expect_err("cut");
            assert_eq!(refused.code(), "tile.length", "{refused}");
        }
        store.remove(name);
        let read = reader(&store, &head, &plan);
        let refused = read.and_then(|reader| plan.run(|node| reader.hash(node)));
        assert_eq!(refused, Err(TileError::Missing { path: name.clone() }));
        store.insert(name.clone(), good);
    }
    reader(&store, &head, &plan).expect("whole again");
}

#[test]
fn tiles_and_subtrees_outside_the_tree_are_refused() {
    let head = Tree::of(10).head();
    for node in [
        Node {
            level: 0,
            index: 10,
        },
        Node { level: 3, index: 1 },
        Node {
            level: 63,
            index: 0,
        },
        Node {
            level: 255,
            index: u64::MAX,
        },
    ] {
        assert!(TileReader::needed(10, [node]).is_err(), "{node:?}");
    }
    for (level, index, width) in [(0, 1, 256), (1, 0, 1), (255, u64::MAX, u16::MAX), (0, 0, 0)] {
        let tile = Tile {
            level,
            index,
            width,
        };
        assert!(TileReader::new(&head, [(tile, [0; 32].as_slice())]).is_err());
    }
    assert!(TileReader::needed(u64::MAX, []).is_err());
    let empty = TileReader::new(&TreeHead::EMPTY, []).expect("nothing is needed");
    assert!(empty.hash(Node { level: 0, index: 0 }).is_err());
}

#[test]
fn bundles_hold_entries_and_nothing_else() {
    let entries: Vec<Vec<u8>> = vec![vec![], b"one".to_vec(), vec![7; MAX_ENTRY_BYTES]];
    let mut content = Vec::new();
    for entry in &entries {
        EntryBundle::push(&mut content, entry).expect("fits");
    }
    assert_eq!(content[..7], [0, 0, 0, 3, b'o', b'n', b'e']);
    let bundle = EntryBundle { index: 0, width: 3 };
    assert_eq!(bundle.entries(&content).expect("whole"), entries);
    let hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    assert_eq!(bundle.leaf_hashes(&content), Ok(hashes));
    let narrow = EntryBundle { index: 0, width: 2 };
    assert_eq!(
        narrow.entries(&content).expect("a wider one will do").len(),
        2
    );
    let wide = EntryBundle { index: 0, width: 4 };
    assert!(wide.entries(&content).is_err());
    for end in [1, 3, 4, 6, content.len() - 1] {
        let refused = bundle.entries(&content[..end]).expect_err("cut");
        assert_eq!(refused.code(), "tile.entries", "{end}");
    }
    let too_many = [0; 2 * 257];
    let full = EntryBundle {
        index: 0,
        width: 256,
    };
    assert!(full.entries(&too_many).is_err());
    assert_eq!(full.entries(&too_many[2..]).expect("256").len(), 256);
    let refused = EntryBundle::push(&mut content, &vec![0; MAX_ENTRY_BYTES + 1]);
    assert_eq!(refused, Err(TileError::EntryTooLarge { bytes: 65_536 }));
}

#[test]
fn bundles_fit_the_tiles_of_their_leaves() {
    let mut store = Store::new();
    let mut writer = TileWriter::new();
    grow(&mut writer, &mut store, 500);
    let head = writer.head();
    for bundle in EntryBundle::of_growth(0, 500) {
        let tile = bundle.hashes();
        let mut content = Vec::new();
        for index in 0..u64::from(bundle.width) {
            EntryBundle::push(&mut content, &entry(bundle.index * 256 + index)).expect("fits");
        }
        let nodes = [Node {
            level: 0,
            index: bundle.index * 256,
        }];
        let needed = TileReader::needed(500, nodes).expect("inside");
        let read = needed
            .iter()
            .map(|tile| (*tile, store[&tile.path()].as_slice()));
        let reader = TileReader::new(&head, read).expect("whole");
        let leaves = bundle.leaf_hashes(&content).expect("whole");
        assert_eq!(reader.hashes(&tile).expect("there"), leaves);
    }
}
