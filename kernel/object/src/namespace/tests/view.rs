//! Views over a file system in memory.

use super::super::view::Sight;
use super::{World, error};
use crate::{Credentials, LookupFlags, NewNode, Table};
use abi::{Errno, OpenFlags};
use caps::PathPermissions;

/// The world as it looks through what is unveiled, of each path the letters.
fn unveiled(world: World, paths: &[(&str, &str)]) -> World {
    let table = Table::new(world.roots.clone(), 16);
    for (path, letters) in paths {
        unveil(&table, path, letters).unwrap();
    }
    World { roots: (*table.roots()).clone(), ..world }
}

fn unveil(table: &Table, path: &str, letters: &str) -> abi::Result<()> {
    let permissions = PathPermissions::parse(letters.as_bytes()).unwrap();
    table.unveil(path.as_bytes(), permissions, &Credentials::root())
}

#[test]
fn only_what_was_unveiled_is_seen() {
    let world = unveiled(World::new(), &[("/a/b", "r")]);
    assert!(world.find("/a/b/file").is_ok());
    assert!(world.find("/a/../a/b/file").is_ok());
    for path in ["/", "/a", "/a/link", "/loop", "/m", "/m/inner", "/none", "/a/none/x", "/abs/file", "/m/.."] {
        assert_eq!(error(world.find(path)), Errno::ENOENT, "{path}");
    }
    assert_eq!(error(world.open("/a/b/file", OpenFlags::CREATE | OpenFlags::EXCLUSIVE)), Errno::EEXIST);
    assert_eq!(error(world.open("/a/b/new", OpenFlags::CREATE)), Errno::EACCES);
}

#[test]
fn links_on_the_way_to_what_was_unveiled_lead_there() {
    let world = unveiled(World::new(), &[("/abs/file", "r")]);
    assert!(world.find("/abs/file").is_ok());
    assert!(world.find("/a/b/file").is_ok());
    assert!(world.find_with("/abs", LookupFlags::NO_FOLLOW).is_ok());
    assert_eq!(error(world.find("/a/link")), Errno::ENOENT);
    assert_eq!(error(world.find("/abs")), Errno::ENOENT);
}

#[test]
fn mounts_are_covered_by_what_lies_above_them() {
    let world = unveiled(World::new(), &[("/", "r"), ("/m", "")]);
    assert!(world.find("/a/b/file").is_ok());
    assert_eq!(error(world.find("/m")), Errno::ENOENT);
    assert_eq!(error(world.find("/m/inner")), Errno::ENOENT);
    let world = unveiled(World::new(), &[("/m/inner", "r")]);
    assert!(world.find("/m/inner").is_ok());
    assert_eq!(error(world.find("/m")), Errno::ENOENT);
}

#[test]
fn layers_never_widen() {
    let world = World::new();
    let parent = Table::new(world.roots.clone(), 16);
    unveil(&parent, "/a", "r").unwrap();
    let child = parent.fork().unwrap();
    assert_eq!(error(unveil(&child, "/m", "r")), Errno::ENOENT);
    unveil(&child, "/a/b", "rwc").unwrap();
    let roots = child.roots();
    let sight = |path| roots.sight_of(&world.find_with(path, LookupFlags::NAMED).unwrap());
    assert_eq!(sight("/a/b/file"), Some(Sight::Visible(PathPermissions::READ)));
    assert_eq!(sight("/a"), Some(Sight::Way));
    assert_eq!(sight("/m"), Some(Sight::Hidden));
    unveil(&parent, "/m", "r").unwrap();
    assert_eq!(sight("/m"), Some(Sight::Hidden));
}

#[test]
fn a_view_under_construction_is_replaced_path_by_path_and_then_locked() {
    let table = Table::new(World::new().roots, 16);
    unveil(&table, "/a", "r").unwrap();
    unveil(&table, "/a", "rw").unwrap();
    table.lock_view().unwrap();
    assert_eq!(error(unveil(&table, "/a", "r")), Errno::EPERM);
    assert_eq!(error(unveil(&table.fork().unwrap(), "/a", "r")), Errno::EPERM);
    table.execute_view().unwrap();
    assert_eq!(error(unveil(&table, "/m", "r")), Errno::ENOENT);
    unveil(&table, "/a/b", "r").unwrap();
}

#[test]
fn only_so_many_layers_and_paths() {
    let world = World::new();
    let mut table = Table::new(world.roots.clone(), 16);
    for _ in 0..super::super::view::LAYERS_MAX {
        unveil(&table, "/a", "r").unwrap();
        table = table.fork().unwrap();
    }
    assert_eq!(error(unveil(&table, "/a", "r")), Errno::E2BIG);
}

#[test]
fn walks_that_stay_beneath_go_back_the_way_they_came() {
    let world = World::new();
    world.make("/a/b/deep", NewNode::Directory);
    let start = world.find("/a/b").unwrap();
    let find = |path: &str, flags| {
        let lookup = crate::Lookup::new(&world.roots, Some(&start), &world.credentials).with(flags);
        lookup.find(path.as_bytes())
    };
    for (flags, escape) in [(LookupFlags::BENEATH, Errno::EXDEV), (LookupFlags::CONTAINED, Errno::ENOTCAPABLE)] {
        assert!(find("deep/../file", flags).is_ok());
        assert_eq!(error(find("deep/../..", flags)), escape);
        assert_eq!(error(find("../b/file", flags)), escape);
        assert_eq!(error(find("/a/b/file", flags)), escape);
    }
    assert!(find("../../file", LookupFlags::IN_ROOT).is_ok());
    // Moved elsewhere while the walk is in it: the way back is still the way that was come.
    world.make("/elsewhere", NewNode::Directory);
}
