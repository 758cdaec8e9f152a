//! How views are made: arguments, adding, replacing, locking, inheriting.

use super::{Case, Tree};
use abi::Errno;
use std::fs::{self, File};
use std::process::Command;
use trials::Holds;
use trials::child::in_child;
use trials::confined::{Outsider, done, fails, lock_view, refused, succeeds, unveil, unveil_at};

pub(crate) const CASES: &[Case] = &[
    ("arguments are checked, and refused ones change nothing", arguments),
    ("the first call hides everything else", first_call),
    ("until the lock, paths are added and permissions replaced", construction),
    ("a locked view is locked, also when nothing was unveiled", locked),
    ("a child sees what its parent saw and can only narrow it", forked),
    ("a program sees what the one before it saw and can only narrow it", executed),
    ("directories are bound, whatever their names become", bound_directories),
    ("names are bound, whatever comes to be there", bound_names),
    ("more paths than a view holds are refused", too_many),
    ("relative paths and links are unveiled where they lead", relative),
];

fn arguments(tree: &Tree) -> Holds {
    let path = c"/tmp".as_ptr() as u64;
    refused("no permissions", unveil_at(path, 0), Errno::EFAULT)?;
    refused("no path", unveil_at(0, c"r".as_ptr() as u64), Errno::EFAULT)?;
    refused("a letter without meaning", unveil("/tmp", "rq"), Errno::EINVAL)?;
    refused("an empty path", unveil("", "r"), Errno::ENOENT)?;
    refused("a directory that is not there", unveil(tree.at("none/file"), "r"), Errno::ENOENT)?;
    refused("below a file", unveil(tree.at("open/file/x"), "r"), Errno::ENOTDIR)?;
    refused("a long path", unveil("x".repeat(5000), "r"), Errno::ENAMETOOLONG)?;
    succeeds("nothing was hidden", fs::read(tree.at("closed/file"))).map(drop)
}

fn first_call(tree: &Tree) -> Holds {
    done("unveil", unveil(tree.at("open"), "r"))?;
    succeeds("inside", fs::read(tree.at("open/file")))?;
    succeeds("deep inside", fs::read(tree.at("open/sub/deep")))?;
    fails("outside", fs::read(tree.at("closed/file")), Errno::ENOENT)?;
    fails("far outside", fs::metadata("/dev/null"), Errno::ENOENT)
}

fn construction(tree: &Tree) -> Holds {
    done("unveil", unveil(tree.at("open"), "r"))?;
    done("a second path, unseen by now", unveil(tree.at("closed"), "r"))?;
    succeeds("the second path", fs::read(tree.at("closed/file")))?;
    fails("writing", fs::write(tree.at("closed/file"), "x"), Errno::EACCES)?;
    done("replacing", unveil(tree.at("closed"), "rw"))?;
    succeeds("writing", fs::write(tree.at("closed/file"), "x"))?;
    done("taking away", unveil(tree.at("closed"), ""))?;
    fails("hidden again", fs::read(tree.at("closed/file")), Errno::ENOENT)?;
    done("something below", unveil(tree.at("closed/directory"), "r"))?;
    succeeds("below what is hidden", fs::read(tree.at("closed/directory/inner")))?;
    fails("beside it", fs::read(tree.at("closed/file")), Errno::ENOENT)
}

fn locked(tree: &Tree) -> Holds {
    in_child(|| {
        done("unveil", unveil(tree.at("open"), "r"))?;
        done("lock", lock_view())?;
        refused("adding", unveil(tree.at("closed"), "r"), Errno::EPERM)?;
        refused("taking away", unveil(tree.at("open"), ""), Errno::EPERM)?;
        done("locking again", lock_view())?;
        succeeds("inside", fs::read(tree.at("open/file")))?;
        in_child(|| refused("a child's adding", unveil(tree.at("open/sub"), "r"), Errno::EPERM))
    })?;
    done("lock", lock_view())?;
    succeeds("everything", fs::read(tree.at("closed/file")))?;
    refused("beginning", unveil(tree.at("open"), "r"), Errno::EPERM)
}

fn forked(tree: &Tree) -> Holds {
    done("unveil", unveil(tree.at("open"), "r"))?;
    in_child(|| {
        fails("outside", fs::read(tree.at("closed/file")), Errno::ENOENT)?;
        refused("unveiling what the parent hid", unveil(tree.at("closed"), "r"), Errno::ENOENT)?;
        done("narrowing", unveil(tree.at("open/sub"), "rwc"))?;
        succeeds("inside both", fs::read(tree.at("open/sub/deep")))?;
        fails("only inside the parent's", fs::read(tree.at("open/file")), Errno::ENOENT)?;
        fails("more than the parent", fs::write(tree.at("open/sub/deep"), "x"), Errno::EACCES)?;
        done("adding", unveil(tree.at("open/file"), "r"))?;
        succeeds("added", fs::read(tree.at("open/file"))).map(drop)
    })?;
    done("the parent goes on", unveil(tree.at("closed"), "r"))?;
    succeeds("added", fs::read(tree.at("closed/file"))).map(drop)
}

fn executed(tree: &Tree) -> Holds {
    let program = succeeds("this program", std::env::current_exe())?;
    for path in [program.parent().unwrap_or(&program), &tree.at("open")] {
        done("unveil", unveil(path, "rx"))?;
    }
    done("lock", lock_view())?;
    let status = succeeds("exec", Command::new(&program).arg("after-exec").arg(&tree.0).status())?;
    if status.success() { Ok(()) } else { Err(format!("the program ended with {status}")) }
}

/// What the program that is executed tries.
pub(crate) fn after_exec(tree: &Tree) -> Holds {
    succeeds("inside", fs::read(tree.at("open/file")))?;
    fails("outside", fs::read(tree.at("closed/file")), Errno::ENOENT)?;
    refused("unveiling what is hidden", unveil(tree.at("closed"), "r"), Errno::ENOENT)?;
    done("narrowing", unveil(tree.at("open/sub"), "r"))?;
    succeeds("inside both", fs::read(tree.at("open/sub/deep")))?;
    fails("outside the second", fs::read(tree.at("open/file")), Errno::ENOENT)
}

fn bound_directories(tree: &Tree) -> Holds {
    let (open, moved, sub) = (tree.at("open"), tree.at("moved"), tree.at("open/sub"));
    in_child(|| {
        let outsider = succeeds("an outsider", Outsider::waiting(|| fs::rename(&open, &moved)))?;
        done("unveil", unveil(&sub, "rwc"))?;
        outsider.act()?;
        fails("the way was moved", fs::read(sub.join("deep")), Errno::ENOENT)?;
        succeeds("by its new way", fs::read(moved.join("sub/deep"))).map(drop)
    })?;
    succeeds("moving back", fs::rename(&moved, &open))?;
    let make_anew = || {
        fs::remove_dir_all(&sub)?;
        fs::create_dir(&sub)?;
        fs::write(sub.join("deep"), "another")
    };
    let outsider = succeeds("an outsider", Outsider::waiting(make_anew))?;
    done("unveil", unveil(&sub, "rwc"))?;
    outsider.act()?;
    fails("another directory", fs::read(sub.join("deep")), Errno::ENOENT)
}

fn bound_names(tree: &Tree) -> Holds {
    let path = tree.at("open/new");
    done("unveil", unveil(&path, "rwc"))?;
    done("another", unveil(tree.at("closed/file"), "r"))?;
    fails("not there yet", fs::read(&path), Errno::ENOENT)?;
    succeeds("making it", fs::write(&path, "new"))?;
    succeeds("reading it", fs::read(&path))?;
    succeeds("removing it", fs::remove_file(&path))?;
    succeeds("a directory", fs::create_dir(&path))?;
    succeeds("a file in it", fs::write(path.join("inner"), "x"))?;
    succeeds("a file in it", fs::read(path.join("inner")))?;
    succeeds("listing it", fs::read_dir(&path))?;
    fails("beside it", File::create(tree.at("open/other")), Errno::ENOENT)?;
    fails("beside it", fs::metadata(tree.at("open/file")), Errno::ENOENT)
}

fn too_many(tree: &Tree) -> Holds {
    for number in 0..128 {
        done("a path", unveil(tree.at(&format!("open/{number}")), "r"))?;
    }
    done("one again", unveil(tree.at("open/5"), "rw"))?;
    refused("one too many", unveil(tree.at("open/file"), "r"), Errno::E2BIG)?;
    fails("it was not added", fs::read(tree.at("open/file")), Errno::ENOENT)
}

fn relative(tree: &Tree) -> Holds {
    succeeds("going there", std::env::set_current_dir(tree.at("closed")))?;
    done("through a link", unveil("into/in", "r"))?;
    succeeds("the same path", fs::read("into/in"))?;
    succeeds("where it leads", fs::read(tree.at("open/sub/deep")))?;
    fails("another link to it", fs::read("into/sub/../in/"), Errno::ENOTDIR)?;
    fails("beside it", fs::read("into/file"), Errno::ENOENT)?;
    fails("beside the link", fs::read("file"), Errno::ENOENT)
}
