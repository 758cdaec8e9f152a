//! What each permission allows, and that none is gained by moving things about.

use super::{Case, Tree};
use abi::Errno;
use rustix::fs::{AtFlags, CWD, Mode, Timestamps};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::symlink;
use std::process::Command;
use trials::Holds;
use trials::child::in_child;
use trials::confined::{done, fails, succeeds, unveil};

pub(crate) const CASES: &[Case] = &[
    ("r reads, lists and reads links", reading),
    ("w writes, truncates and changes attributes", writing),
    ("c makes, removes, renames and links", creating),
    ("x executes", executing),
    ("b shows and lists", browsing),
    ("access answers as the view does", asking),
    ("the nearest unveiled directory decides", nearest),
    ("nothing is gained by renaming", renaming),
    ("nothing is gained by linking", linking),
];

/// In a child, with `open` unveiled so.
fn with(tree: &Tree, permissions: &str, body: impl FnOnce() -> Holds) -> Holds {
    in_child(|| {
        done("unveil", unveil(tree.at("open"), permissions))?;
        body().map_err(|why| format!("with {permissions}: {why}"))
    })
}

fn reading(tree: &Tree) -> Holds {
    let (file, link) = (tree.at("open/file"), tree.at("open/in"));
    with(tree, "r", || {
        succeeds("reading", fs::read(&file))?;
        succeeds("listing", fs::read_dir(tree.at("open/sub")))?;
        succeeds("a link", fs::read_link(&link)).map(drop)
    })?;
    with(tree, "wxc", || {
        fails("reading", fs::read(&file), Errno::EACCES)?;
        fails("listing", fs::read_dir(tree.at("open/sub")).map(drop), Errno::EACCES)?;
        fails("a link", fs::read_link(&link), Errno::EACCES)?;
        fails("reading and writing", OpenOptions::new().read(true).write(true).open(&file), Errno::EACCES)
    })
}

fn writing(tree: &Tree) -> Holds {
    let file = tree.at("open/file");
    let write = || OpenOptions::new().write(true).open(&file);
    let truncate = || OpenOptions::new().write(true).truncate(true).open(&file);
    let chmod = || rustix::fs::chmodat(CWD, &file, Mode::RWXU, AtFlags::empty()).map_err(std::io::Error::from);
    let touch = || {
        let now = rustix::fs::Timespec { tv_sec: 1, tv_nsec: 0 };
        let times = Timestamps { last_access: now, last_modification: now };
        rustix::fs::utimensat(CWD, &file, &times, AtFlags::empty()).map_err(std::io::Error::from)
    };
    with(tree, "w", || {
        succeeds("writing", write())?;
        succeeds("truncating", truncate())?;
        succeeds("its mode", chmod())?;
        succeeds("its times", touch())
    })?;
    with(tree, "rxcb", || {
        fails("writing", write(), Errno::EACCES)?;
        fails("truncating", truncate(), Errno::EACCES)?;
        fails("its mode", chmod(), Errno::EACCES)?;
        fails("its times", touch(), Errno::EACCES)
    })
}

fn creating(tree: &Tree) -> Holds {
    let new = tree.at("open/new");
    with(tree, "rwxb", || {
        let no = Errno::EACCES;
        fails("a file", File::create(&new), no)?;
        fails("a directory", fs::create_dir(&new), no)?;
        fails("a link", symlink("x", &new), no)?;
        fails("a hard link", fs::hard_link(tree.at("open/file"), &new), no)?;
        fails("a name", fs::rename(tree.at("open/file"), &new), no)?;
        fails("removing", fs::remove_file(tree.at("open/file")), no)?;
        fails("removing a directory", fs::remove_dir(tree.at("open/sub")), no)?;
        succeeds(
            "what is there needs no making",
            OpenOptions::new().write(true).create(true).truncate(false).open(tree.at("open/file")),
        )
        .map(drop)
    })?;
    with(tree, "rwc", || {
        succeeds("a file", File::create(&new))?;
        succeeds("removing it", fs::remove_file(&new))?;
        succeeds("a directory", fs::create_dir(&new))?;
        succeeds("removing it", fs::remove_dir(&new))?;
        succeeds("a link", symlink("x", &new))?;
        succeeds("replacing it", fs::rename(tree.at("open/file"), &new))?;
        succeeds("a hard link", fs::hard_link(&new, tree.at("open/file")))
    })
}

fn executing(tree: &Tree) -> Holds {
    let busybox = ["/bin/busybox", "true"];
    let run = || Command::new(busybox[0]).arg(busybox[1]).status();
    in_child(|| {
        done("unveil", unveil(busybox[0], "rwcb"))?;
        done("libraries", unveil("/lib", "r"))?;
        fails("executing", run(), Errno::EACCES)
    })?;
    let script = tree.at("open/script");
    succeeds("a script", fs::write(&script, "#!/bin/busybox sh\nexit 0\n"))?;
    succeeds("its mode", rustix::fs::chmodat(CWD, &script, Mode::RWXU, AtFlags::empty()).map_err(Into::into))?;
    in_child(|| {
        done("unveil", unveil(&script, "rx"))?;
        fails("without its interpreter", Command::new(&script).status(), Errno::ENOENT)?;
        done("unveil", unveil(busybox[0], "r"))?;
        fails("with it to be read", Command::new(&script).status(), Errno::EACCES)?;
        for path in [busybox[0], "/lib", "/lib64", "/usr/lib"] {
            done("unveil", unveil(path, "rx"))?;
        }
        succeeds("executing", run())?;
        let status = succeeds("a script", Command::new(&script).status())?;
        if status.success() { Ok(()) } else { Err(format!("the script ended with {status}")) }
    })
}

fn browsing(tree: &Tree) -> Holds {
    with(tree, "b", || {
        succeeds("attributes", fs::metadata(tree.at("open/file")))?;
        succeeds("listing", fs::read_dir(tree.at("open")))?;
        succeeds("going there", std::env::set_current_dir(tree.at("open/sub")))?;
        fails("reading", fs::read("deep"), Errno::EACCES)?;
        fails("writing", fs::write("deep", "x"), Errno::EACCES)?;
        fails("executing", Command::new(tree.at("open/file")).status(), Errno::EACCES)
    })
}

fn asking(tree: &Tree) -> Holds {
    use rustix::fs::Access;
    let may = |path: &str, access| rustix::fs::access(tree.at(path), access).map_err(std::io::Error::from);
    with(tree, "r", || {
        succeeds("to read", may("open/file", Access::READ_OK))?;
        fails("to write", may("open/file", Access::WRITE_OK), Errno::EACCES)?;
        succeeds("to search", may("open/sub", Access::EXEC_OK))?;
        fails("what is hidden", may("closed/file", Access::READ_OK), Errno::ENOENT)
    })
}

fn nearest(tree: &Tree) -> Holds {
    done("the whole", unveil(&tree.0, "r"))?;
    done("a part", unveil(tree.at("open"), "rw"))?;
    done("a part of it", unveil(tree.at("open/sub"), "b"))?;
    done("a name", unveil(tree.at("open/sub/deep"), "w"))?;
    fails("the whole", fs::write(tree.at("closed/file"), "x"), Errno::EACCES)?;
    succeeds("the part", fs::write(tree.at("open/file"), "x"))?;
    fails("the part's part", fs::write(tree.at("open/sub/other"), "x"), Errno::EACCES)?;
    succeeds("the name", OpenOptions::new().write(true).open(tree.at("open/sub/deep")))?;
    fails("no more", fs::read(tree.at("open/sub/deep")), Errno::EACCES)
}

fn renaming(tree: &Tree) -> Holds {
    done("little", unveil(tree.at("open"), "rc"))?;
    done("much", unveil(tree.at("closed"), "rwc"))?;
    fails("a file", fs::rename(tree.at("open/file"), tree.at("closed/mine")), Errno::EXDEV)?;
    fails("a directory", fs::rename(tree.at("open/sub"), tree.at("closed/mine")), Errno::EXDEV)?;
    succeeds("towards less", fs::rename(tree.at("closed/file"), tree.at("open/yours")))?;
    fails("and it is less", fs::write(tree.at("open/yours"), "x"), Errno::EACCES)?;
    let exchange = rustix::fs::renameat_with(
        CWD,
        tree.at("closed/directory"),
        CWD,
        tree.at("open/sub"),
        rustix::fs::RenameFlags::EXCHANGE,
    );
    fails("an exchange", exchange.map_err(Into::into), Errno::EXDEV)
}

fn linking(tree: &Tree) -> Holds {
    done("little", unveil(tree.at("open"), "r"))?;
    done("much", unveil(tree.at("closed"), "rwc"))?;
    fails("a link", fs::hard_link(tree.at("open/file"), tree.at("closed/mine")), Errno::EXDEV)?;
    fails("to what is there", fs::hard_link(tree.at("closed/file"), tree.at("open/mine")), Errno::EACCES)?;
    succeeds("inside", fs::hard_link(tree.at("closed/file"), tree.at("closed/mine")))
}
