//! What is hidden looks as if it were not there, from wherever and however it is asked.

use super::{Case, Tree};
use abi::Errno;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags};
use std::fs::{self, File, OpenOptions};
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use trials::Holds;
use trials::confined::{done, fails, lock_view, mount_tmpfs, succeeds, unmount, unveil};

pub(crate) const CASES: &[Case] = &[
    ("links lead out to nothing", links),
    ("`..` leads out to nothing", dots),
    ("whatever is asked of the hidden, it is not there", every_question),
    ("errors do not tell what is hidden", no_oracle),
    ("ways can be walked and show nothing", ways),
    ("what is hidden inside the visible is not listed", listing),
    ("a working directory outside sees nothing", outside_directory),
    ("directory slots outside lead to nothing", outside_slot),
    ("mounts are neither made nor told", mounts),
    ("paths are told only of what is seen", told_paths),
];

fn veil(tree: &Tree, permissions: &str) -> Holds {
    done("unveil", unveil(tree.at("open"), permissions))?;
    done("hiding", unveil(tree.at("open/secret"), ""))?;
    done("lock", lock_view())
}

fn links(tree: &Tree) -> Holds {
    veil(tree, "rwc")?;
    succeeds("a link inside", fs::read(tree.at("open/in")))?;
    fails("a link outside", fs::read(tree.at("open/out")), Errno::ENOENT)?;
    succeeds("the link itself", fs::read_link(tree.at("open/out")))?;
    succeeds("making a link", symlink("/etc", tree.at("open/absolute")))?;
    fails("through it", fs::metadata(tree.at("open/absolute/passwd")), Errno::ENOENT)?;
    fails("making what it leads to", File::create(tree.at("open/out")), Errno::ENOENT)?;
    succeeds("a link to what is hidden", symlink("secret/inner", tree.at("open/hidden")))?;
    fails("through it", fs::read(tree.at("open/hidden")), Errno::ENOENT)
}

fn dots(tree: &Tree) -> Holds {
    succeeds("going in", std::env::set_current_dir(tree.at("open/sub")))?;
    veil(tree, "r")?;
    succeeds("inside", fs::read("../file"))?;
    fails("out", fs::read("../../closed/file"), Errno::ENOENT)?;
    fails("out and up", fs::metadata("../../../../etc"), Errno::ENOENT)?;
    succeeds("out and in again", fs::read("../../open/file"))?;
    fails("through what is not there", fs::read("../../none/../open/file"), Errno::ENOENT)?;
    fails("through what is hidden", fs::read("../../closed/../open/file"), Errno::ENOENT)
}

fn every_question(tree: &Tree) -> Holds {
    veil(tree, "rwxc")?;
    for path in [tree.at("closed/file"), tree.at("open/secret"), tree.at("open/secret/inner"), tree.at("closed")] {
        let what = path.display().to_string();
        let gone = Errno::ENOENT;
        fails(&what, fs::metadata(&path), gone)?;
        fails(&what, fs::symlink_metadata(&path), gone)?;
        fails(&what, File::open(&path), gone)?;
        fails(&what, OpenOptions::new().write(true).open(&path), gone)?;
        fails(&what, OpenOptions::new().write(true).create_new(true).open(&path), gone)?;
        fails(&what, fs::create_dir(&path), gone)?;
        fails(&what, fs::remove_file(&path), gone)?;
        fails(&what, fs::remove_dir(&path), gone)?;
        fails(&what, fs::rename(&path, tree.at("open/stolen")), gone)?;
        fails(&what, fs::rename(tree.at("open/file"), &path), gone)?;
        fails(&what, fs::hard_link(&path, tree.at("open/stolen")), gone)?;
        fails(&what, fs::hard_link(tree.at("open/file"), &path), gone)?;
        fails(&what, fs::read_link(&path), gone)?;
        fails(&what, symlink("x", &path), gone)?;
        fails(&what, fs::read_dir(&path).map(drop), gone)?;
        fails(&what, std::env::set_current_dir(&path), gone)?;
        fails(&what, rustix::fs::statfs(&path).map(drop).map_err(Into::into), gone)?;
        fails(&what, rustix::fs::access(&path, rustix::fs::Access::EXISTS).map_err(Into::into), gone)?;
        fails(&what, rustix::fs::chmodat(CWD, &path, Mode::RWXU, AtFlags::empty()).map_err(Into::into), gone)?;
        fails(&what, std::process::Command::new(&path).status(), gone)?;
        fails(&what, rustix::process::chroot(&path).map_err(Into::into), gone)?;
    }
    Ok(())
}

fn no_oracle(tree: &Tree) -> Holds {
    let there = tree.at("closed/file");
    succeeds("a private directory", fs::create_dir(tree.at("closed/private")))?;
    succeeds("a loop", symlink("loop", tree.at("closed/loop")))?;
    veil(tree, "rwc")?;
    let closed = |name: &str| tree.at(&format!("closed/{name}"));
    // Through a file, through nothing, through a link in a circle, with a slash behind: one answer.
    for path in [there.join("x"), closed("none/x"), closed("loop"), closed("loop/x"), closed("file/"), closed("none/")]
    {
        fails(&path.display().to_string(), fs::read(&path), Errno::ENOENT)?;
        fails(&path.display().to_string(), fs::create_dir(&path), Errno::ENOENT)?;
    }
    let resolve = ResolveFlags::NO_XDEV;
    let crossing = rustix::fs::openat2(CWD, "/proc/self", OFlags::PATH, Mode::empty(), resolve);
    fails("a hidden mount", crossing.map_err(Into::into), Errno::ENOENT)
}

fn ways(tree: &Tree) -> Holds {
    veil(tree, "rwc")?;
    let way = tree.0.clone();
    fails("attributes", fs::metadata(&way), Errno::ENOENT)?;
    fails("opening", File::open(&way), Errno::ENOENT)?;
    fails("entries", fs::read_dir(&way).map(drop), Errno::ENOENT)?;
    fails("the root's entries", fs::read_dir("/").map(drop), Errno::ENOENT)?;
    fails("a name there", fs::create_dir(way.join("new")), Errno::ENOENT)?;
    fails("removing it", fs::remove_dir(&way), Errno::ENOENT)?;
    fails("renaming it", fs::rename(&way, tree.at("open/new")), Errno::ENOENT)?;
    // What walking tells anyway: there is a directory of this name.
    fails("making it", fs::create_dir(&way), Errno::EEXIST)?;
    fails("reading it as a link", fs::read_link(&way), Errno::EINVAL)?;
    let found = succeeds("the real path", fs::canonicalize(tree.at("open/sub/../in")))?;
    trials::equal(found, tree.at("open/sub/deep"))
}

fn listing(tree: &Tree) -> Holds {
    veil(tree, "r")?;
    let names = |path: &std::path::Path| -> Result<Vec<String>, String> {
        let entries = succeeds("listing", fs::read_dir(path))?;
        let mut names: Vec<_> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    };
    trials::equal(names(&tree.at("open"))?, ["file", "in", "out", "sub"].map(str::to_owned).to_vec())
}

fn outside_directory(tree: &Tree) -> Holds {
    succeeds("going there", std::env::set_current_dir(tree.at("closed")))?;
    veil(tree, "r")?;
    fails("a file there", fs::read("file"), Errno::ENOENT)?;
    fails("itself", fs::metadata("."), Errno::ENOENT)?;
    fails("its path", std::env::current_dir(), Errno::ENOENT)?;
    fails("a link from there", fs::read("into/file"), Errno::ENOENT)?;
    fails("a new file there", File::create("new"), Errno::ENOENT)?;
    succeeds("the visible", fs::read(tree.at("open/file")))?;
    succeeds("going in", std::env::set_current_dir(tree.at("open")))?;
    trials::equal(succeeds("its path", std::env::current_dir())?, tree.at("open"))
}

fn outside_slot(tree: &Tree) -> Holds {
    let closed = succeeds("opening", File::open(tree.at("closed")))?;
    let root = succeeds("opening", File::open("/"))?;
    veil(tree, "r")?;
    let open = |directory: &File, path: &str| {
        rustix::fs::openat(directory.as_fd(), path, OFlags::RDONLY, Mode::empty()).map_err(std::io::Error::from)
    };
    fails("beneath it", open(&closed, "file"), Errno::ENOENT)?;
    fails("beneath the root", open(&root, "etc/passwd"), Errno::ENOENT)?;
    fails("the directory itself", open(&closed, "."), Errno::ENOENT)?;
    let inside = tree.at("open/file");
    let path = inside.strip_prefix("/").map_err(|error| error.to_string())?;
    succeeds("what is visible, from the root", open(&root, &path.to_string_lossy()))?;
    fails("going there", rustix::process::fchdir(closed.as_fd()).map_err(Into::into), Errno::ENOENT)
}

fn mounts(tree: &Tree) -> Holds {
    done("unveil", unveil("/proc", "r"))?;
    veil(tree, "rwc")?;
    fails("mounting", mount_tmpfs(tree.at("open/sub")), Errno::EPERM)?;
    fails("unmounting", unmount("/proc"), Errno::EPERM)?;
    for file in ["/proc/self/mounts", "/proc/self/mountinfo"] {
        let text = succeeds(file, fs::read_to_string(file))?;
        if !text.contains(" /proc ") || text.contains("/dev") {
            return Err(format!("{file} tells of {text}"));
        }
    }
    Ok(())
}

fn told_paths(tree: &Tree) -> Holds {
    let file = succeeds("opening", File::open(tree.at("closed/file")))?;
    succeeds("going there", std::env::set_current_dir(tree.at("closed/directory")))?;
    done("unveil", unveil("/proc", "r"))?;
    veil(tree, "r")?;
    use std::os::fd::AsRawFd;
    fails("a slot's", fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())), Errno::ENOENT)?;
    fails("the working directory's", fs::read_link("/proc/self/cwd"), Errno::ENOENT)?;
    fails("the program's", fs::read_link("/proc/self/exe"), Errno::ENOENT)?;
    let maps = succeeds("maps", fs::read_to_string("/proc/self/maps"))?;
    if maps.contains("/view") {
        return Err(format!("maps tell of {maps}"));
    }
    Ok(())
}
