//! Path walks over a file system in memory.

mod memory;
mod view;

use super::*;
use crate::{Credentials, Location, Lookup, LookupFlags, NewNode, NodeKind, Object};
use abi::{Errno, Mode, OpenFlags, RenameFlags};
use alloc::sync::Arc;
use memory::MemoryFileSystem;

struct World {
    namespace: Namespace,
    roots: Roots,
    credentials: Credentials,
}

impl World {
    /// `/a/b/file`, `/a/link -> b/file`, `/a/up -> ../a/b`, `/loop -> loop`, `/abs -> /a/b`, `/m` with a mount that has `/m/inner`.
    fn new() -> Self {
        let namespace = Namespace::new(MemoryFileSystem::new(1)).unwrap();
        let roots = namespace.roots();
        let world = Self { namespace, roots, credentials: Credentials::root() };
        for path in ["/a", "/a/b", "/m"] {
            world.make(path, NewNode::Directory);
        }
        world.make("/a/b/file", NewNode::File);
        world.make("/a/link", NewNode::Symlink(b"b/file"));
        world.make("/a/up", NewNode::Symlink(b"../a/b"));
        world.make("/loop", NewNode::Symlink(b"loop"));
        world.make("/abs", NewNode::Symlink(b"/a/b"));
        let point = world.find("/m").unwrap();
        world.namespace.mount(point, MemoryFileSystem::new(2), MountFlags::empty()).unwrap();
        world.make("/m/inner", NewNode::Directory);
        world
    }

    fn lookup(&self) -> Lookup<'_> {
        Lookup::new(&self.roots, None, &self.credentials)
    }

    fn make(&self, path: &str, what: NewNode<'_>) -> Location {
        let place = self.lookup().find_place(path.as_bytes()).unwrap();
        place.create(what, Mode::from_raw(0o755), &self.credentials).unwrap()
    }

    fn find(&self, path: &str) -> abi::Result<Location> {
        self.lookup().find(path.as_bytes())
    }

    fn find_with(&self, path: &str, flags: LookupFlags) -> abi::Result<Location> {
        self.lookup().with(flags).find(path.as_bytes())
    }

    fn path(&self, path: &str) -> String {
        let location = self.find_with(path, LookupFlags::NAMED).unwrap();
        String::from_utf8(path_of(&self.roots, &location).unwrap()).unwrap()
    }

    fn open(&self, path: &str, flags: OpenFlags) -> abi::Result<Arc<dyn Object>> {
        open(self.lookup(), path.as_bytes(), flags, Mode::from_raw(0o644)).map(|opened| opened.object)
    }

    fn place(&self, path: &str) -> Place {
        self.lookup().find_place(path.as_bytes()).unwrap()
    }
}

fn error<T>(result: abi::Result<T>) -> Errno {
    result.err().expect("an error")
}

#[test]
fn walks_follow_links_and_mounts_and_stay_below_the_root() {
    let world = World::new();
    assert_eq!(world.path("/a/b/file"), "/a/b/file");
    assert_eq!(world.path("/a/link"), "/a/b/file");
    assert_eq!(world.path("a//./up/../b/file"), "/a/b/file");
    assert_eq!(world.path("/abs/file"), "/a/b/file");
    assert_eq!(world.path("/../../a"), "/a");
    assert_eq!(world.path("/m/inner"), "/m/inner");
    assert_eq!(world.path("/m/inner/../.."), "/");
    assert_eq!(world.path("/m/.."), "/");
    assert_eq!(world.path("/"), "/");
}

#[test]
fn walks_fail_as_on_linux() {
    let world = World::new();
    assert_eq!(error(world.find("")), Errno::ENOENT);
    assert_eq!(error(world.find("/a/none")), Errno::ENOENT);
    assert_eq!(error(world.find("/none/x")), Errno::ENOENT);
    assert_eq!(error(world.find("/a/b/file/x")), Errno::ENOTDIR);
    assert_eq!(error(world.find("/a/b/file/")), Errno::ENOTDIR);
    assert_eq!(error(world.find("/a/link/")), Errno::ENOTDIR);
    assert_eq!(error(world.find("/a/b/file/.")), Errno::ENOTDIR);
    assert_eq!(error(world.find("/a/b/file/..")), Errno::ENOTDIR);
    assert_eq!(error(world.find("/loop")), Errno::ELOOP);
    assert_eq!(error(world.find(&format!("/{}", "n".repeat(256)))), Errno::ENAMETOOLONG);
    assert_eq!(error(world.find(&"/a/..".repeat(1000))), Errno::ENAMETOOLONG);
    assert_eq!(error(world.find_with("/a/b/file", LookupFlags::DIRECTORY)), Errno::ENOTDIR);
}

#[test]
fn a_link_at_the_end_is_found_itself_only_without_a_slash() {
    let world = World::new();
    let kind = |path: &str| world.find_with(path, LookupFlags::NO_FOLLOW).unwrap().node().kind();
    assert_eq!(kind("/a/up"), NodeKind::Symlink);
    assert_eq!(kind("/a/up/"), NodeKind::Directory);
    assert_eq!(kind("/a/up/file"), NodeKind::File);
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let world = World::new();
    world.make("/0", NewNode::File);
    for at in 1..=41 {
        world.make(&format!("/{at}"), NewNode::Symlink(format!("{}", at - 1).as_bytes()));
    }
    assert!(world.find("/40").is_ok());
    assert_eq!(error(world.find("/41")), Errno::ELOOP);
}

#[test]
fn limits_of_openat2_hold() {
    let world = World::new();
    let start = world.find("/a").unwrap();
    let find = |path: &str, flags| {
        Lookup::new(&world.roots, Some(&start), &world.credentials).with(flags).find(path.as_bytes())
    };
    assert!(find("b/../b/file", LookupFlags::BENEATH).is_ok());
    assert_eq!(error(find("../m", LookupFlags::BENEATH)), Errno::EXDEV);
    assert_eq!(error(find("b/../../m", LookupFlags::BENEATH)), Errno::EXDEV);
    assert_eq!(error(find("/a/b", LookupFlags::BENEATH)), Errno::EXDEV);
    assert_eq!(error(find("up", LookupFlags::BENEATH)), Errno::EXDEV);
    assert_eq!(error(find("up", LookupFlags::NO_SYMLINKS)), Errno::ELOOP);
    assert_eq!(error(find("../m/inner", LookupFlags::NO_CROSS_MOUNT)), Errno::EXDEV);
    assert_eq!(find("/../b", LookupFlags::IN_ROOT).unwrap().node().id(), world.find("/a/b").unwrap().node().id());
    assert_eq!(error(find("../a", LookupFlags::IN_ROOT)), Errno::ENOENT);
}

#[test]
fn names_are_made_removed_and_renamed() {
    let world = World::new();
    let root = &world.credentials;
    assert_eq!(error(world.place("/a").create(NewNode::Directory, Mode::empty(), root)), Errno::EEXIST);
    assert_eq!(error(world.place("/").create(NewNode::Directory, Mode::empty(), root)), Errno::EEXIST);
    assert_eq!(error(world.place("/new/").create(NewNode::File, Mode::empty(), root)), Errno::ENOENT);
    assert!(world.place("/new/").create(NewNode::Directory, Mode::empty(), root).is_ok());
    assert_eq!(error(world.place("/new").unlink(root)), Errno::EISDIR);
    assert_eq!(error(world.place("/a/b/file").remove_directory(root)), Errno::ENOTDIR);
    assert_eq!(error(world.place("/a/.").remove_directory(root)), Errno::EINVAL);
    assert_eq!(error(world.place("/a/..").remove_directory(root)), Errno::ENOTEMPTY);
    assert_eq!(error(world.place("/m").remove_directory(root)), Errno::EBUSY);
    assert_eq!(error(world.place("/m/inner").rename(&world.place("/x"), RenameFlags::empty(), root)), Errno::EXDEV);
    world.place("/a/b/file").rename(&world.place("/new/name"), RenameFlags::empty(), root).unwrap();
    assert_eq!(world.path("/new/name"), "/new/name");
    assert_eq!(error(world.find("/a/b/file")), Errno::ENOENT);
    assert_eq!(error(world.place("/new").rename(&world.place("/a"), RenameFlags::NO_REPLACE, root)), Errno::EEXIST);
}

#[test]
fn a_removed_working_directory_has_no_path() {
    let mut world = World::new();
    world.make("/gone", NewNode::Directory);
    world.roots.cwd = world.find("/gone").unwrap();
    assert_eq!(path_of(&world.roots, &world.roots.cwd).unwrap(), b"/gone");
    world.place("/gone").remove_directory(&world.credentials).unwrap();
    assert_eq!(error(path_of(&world.roots, &world.roots.cwd)), Errno::ENOENT);
    let file = world.open("/a/b/file", OpenFlags::empty()).unwrap();
    world.place("/a/b/file").unlink(&world.credentials).unwrap();
    assert_eq!(file.path().unwrap(), b"/a/b/file (deleted)");
}

#[test]
fn opening_makes_truncates_and_refuses() {
    let world = World::new();
    let create = OpenFlags::CREATE | OpenFlags::WRITE_ONLY;
    assert_eq!(error(world.open("/a/n", OpenFlags::empty())), Errno::ENOENT);
    assert!(world.open("/a/n", create).is_ok());
    assert_eq!(error(world.open("/a/n", create | OpenFlags::EXCLUSIVE)), Errno::EEXIST);
    assert_eq!(error(world.open("/loop", create | OpenFlags::EXCLUSIVE)), Errno::EEXIST);
    assert_eq!(error(world.open("/a/link", OpenFlags::NO_FOLLOW)), Errno::ELOOP);
    assert_eq!(error(world.open("/a", OpenFlags::WRITE_ONLY)), Errno::EISDIR);
    assert_eq!(error(world.open("/a/q/", create)), Errno::EISDIR);
    assert_eq!(error(world.open("/a/n", OpenFlags::DIRECTORY)), Errno::ENOTDIR);
    assert!(world.open("/a/link", OpenFlags::NO_FOLLOW | OpenFlags::PATH).is_ok());
}

#[test]
fn dangling_links_are_made_where_they_lead() {
    let world = World::new();
    world.make("/dangling", NewNode::Symlink(b"a/b/made"));
    assert!(world.open("/dangling", OpenFlags::CREATE | OpenFlags::WRITE_ONLY).is_ok());
    assert_eq!(world.path("/dangling"), "/a/b/made");
}

#[test]
fn permission_bits_bind_others_than_root() {
    let mut world = World::new();
    world.make("/private", NewNode::Directory);
    world.make("/private/file", NewNode::File);
    let private = world.find("/private").unwrap();
    change_mode(&private, Mode::from_raw(0o700), &world.credentials).unwrap();
    world.credentials = Credentials { fsuid: 1000, euid: 1000, uid: 1000, ..Credentials::root() };
    assert_eq!(error(world.find("/private/file")), Errno::EACCES);
    assert!(world.find("/private").is_ok());
    assert_eq!(error(world.open("/a/b/file", OpenFlags::WRITE_ONLY)), Errno::EACCES);
    assert!(world.open("/a/b/file", OpenFlags::empty()).is_ok());
    assert_eq!(error(world.place("/a/x").create(NewNode::File, Mode::empty(), &world.credentials)), Errno::EACCES);
    assert_eq!(error(change_mode(&private, Mode::empty(), &world.credentials)), Errno::EPERM);
}

#[test]
fn listings_start_with_the_dots_and_go_on_where_they_broke() {
    let world = World::new();
    let directory = world.open("/a", OpenFlags::DIRECTORY).unwrap();
    let mut seen = Vec::new();
    loop {
        let before = seen.len();
        // One entry at a time.
        directory
            .read_directory(&mut |entry| {
                if seen.len() > before {
                    return core::ops::ControlFlow::Break(());
                }
                seen.push(String::from_utf8_lossy(entry.name).into_owned());
                core::ops::ControlFlow::Continue(())
            })
            .unwrap();
        if seen.len() == before {
            break;
        }
    }
    assert_eq!(seen, [".", "..", "b", "link", "up"]);
}
