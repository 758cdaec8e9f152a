//! Who may do less than another process gets nothing from it.

use super::Case;
use abi::Errno;
use abi::table::number;
use libc::{O_PATH, O_RDONLY};
use trials::child::in_child;
use trials::confined::{lock_view, unveil};
use trials::raw::{call, fails, open, text, works};
use trials::{Holds, equal};

pub(crate) const CASES: &[Case] = &[
    ("the links of a wider process lead nowhere", wider),
    ("the links of an equal lead where one may go oneself", equals),
    ("another's slots are no way to slots of one's own", slots),
    ("another's root is no way out of one's own", roots),
];

fn read_link(path: &str) -> Result<String, Errno> {
    let mut buffer = vec![0_u8; 4096];
    let length = call(number::readlink, &[text(path), buffer.as_mut_ptr() as usize, buffer.len()])?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

fn veil(here: &str) -> Holds {
    for path in ["/proc", here] {
        unveil(path, "rwxc").map_err(|errno| errno.to_string())?;
    }
    lock_view().map_err(|errno| errno.to_string())
}

fn wider(here: &str) -> Holds {
    let parent = std::process::id();
    let slot = open(&format!("{here}/file"), O_RDONLY).map_err(|errno| errno.to_string())?;
    in_child(|| {
        veil(here)?;
        for name in ["cwd", "root", "exe", &format!("fd/{slot}"), "fd/0"] {
            let path = format!("/proc/{parent}/{name}");
            fails(open(&path, O_PATH), Errno::EACCES).map_err(|why| format!("{path}: {why}"))?;
            fails(read_link(&path), Errno::EACCES).map_err(|why| format!("{path}: {why}"))?;
        }
        for name in ["cwd/etc", "root/etc"] {
            fails(open(&format!("/proc/{parent}/{name}"), O_PATH), Errno::EACCES)?;
        }
        for name in ["maps", "environ", "auxv"] {
            fails(open(&format!("/proc/{parent}/{name}"), O_RDONLY), Errno::EACCES)?;
        }
        // What anybody may know.
        works(open(&format!("/proc/{parent}/stat"), O_RDONLY))
    })
}

fn equals(here: &str) -> Holds {
    std::env::set_current_dir(here).map_err(|error| error.to_string())?;
    let parent = std::process::id();
    in_child(|| {
        equal(read_link(&format!("/proc/{parent}/cwd")).map_err(|errno| errno.to_string())?.as_str(), here)?;
        works(open(&format!("/proc/{parent}/cwd/file"), O_RDONLY))
    })
}

fn slots(here: &str) -> Holds {
    veil(here)?;
    let slot = open(&format!("{here}/file"), O_RDONLY).map_err(|errno| errno.to_string())?;
    let parent = std::process::id();
    in_child(|| {
        // As narrow as its parent, it may look; but a slot would be more than it was given.
        works(read_link(&format!("/proc/{parent}/fd/{slot}")))?;
        fails(open(&format!("/proc/{parent}/fd/{slot}"), O_RDONLY), Errno::EACCES)?;
        works(open(&format!("/proc/self/fd/{slot}"), O_RDONLY))
    })
}

fn roots(here: &str) -> Holds {
    let proc = format!("{here}/proc");
    std::fs::create_dir(&proc).map_err(|error| error.to_string())?;
    works(call(number::mount, &[text("proc"), text(&proc), text("proc"), 0, 0]))?;
    let parent = std::process::id();
    let held = in_child(|| {
        works(call(number::chroot, &[text(here)]))?;
        works(call(number::chdir, &[text("/")]))?;
        for name in ["root/etc", "cwd/etc", "root"] {
            let found = open(&format!("/proc/{parent}/{name}"), O_PATH);
            if !matches!(found, Err(Errno::ENOENT | Errno::EACCES)) {
                return Err(format!("{name}: {found:?}"));
            }
        }
        works(open("/proc/self/root/file", O_RDONLY))
    });
    works(call(number::umount2, &[text(&proc), 0]))?;
    held
}
