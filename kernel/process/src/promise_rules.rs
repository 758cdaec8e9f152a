//! What calls promise beyond their rows: needs that depend on arguments.
//!
//! A row of the table names promises of which one must have been kept, before any argument is looked at. Where the need
//! depends on an argument, the handler asks for what a function here says. All such rules are in this file, and they are
//! pure: from arguments to promises.
//!
//! They follow pledge(2) of OpenBSD. Where Linux's calls differ from OpenBSD's, or its C libraries ask for other things
//! than OpenBSD's does, the reason is given at the rule.
//!
//! # Paths that a weaker promise opens
//! C libraries read some files by themselves. As on OpenBSD these are known by their absolute names, so a program that can
//! make links under these names can lead them elsewhere; but then it had `cpath` and no need to.
//!
//! | paths | how | promise |
//! |---|---|---|
//! | `/dev/null` | opened in any way | `stdio` |
//! | `/etc/localtime`, what lies below `/usr/share/zoneinfo` | read | `stdio` |
//! | `/proc/self/exe` | the link itself is read, as static programs do when they start | `stdio` |
//! | `/dev/tty` | opened in any way | `tty` |
//! | `/etc/passwd`, `/etc/group`, `/etc/nsswitch.conf` | read | `getpw` |
//! | `/etc/resolv.conf`, `/etc/hosts`, `/etc/services`, `/etc/protocols`, `/etc/host.conf`, `/etc/gai.conf`, `/etc/nsswitch.conf` | read | `dns` |
//!
//! # The words that OpenBSD does not have
//! `thread`, `sigaction` and `map_fixed` are Serenity's. A process that promised with OpenBSD's words alone behaves as there:
//! `stdio` keeps all three. As soon as one of the three is said, only those that are said are kept. `ptrace` is kept only
//! where it is said: OpenBSD has no such promise, and no tracing under pledge.

use abi::consts::{general, ioctl, net, prctl};
use abi::{CloneFlags, MapFlags, Mode, OpenFlags, Promises, Protection};
use caps::Kind;

/// Withdrawn by OpenBSD; to be told apart from a word that never was only by who reads this.
const WITHDRAWN: &[&str] = &["tmppath"];

/// The promises that a text of words asks to keep, with what the words imply. `None` where a word is not known.
///
/// What is implied is not asked for: it is kept as far as it is held, and is no widening. So it comes second.
pub fn parse(text: &[u8]) -> Option<(Promises, Promises)> {
    let text = core::str::from_utf8(text).ok()?;
    let mut asked = Promises::empty();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if WITHDRAWN.contains(&word) {
            return None;
        }
        asked |= Promises::from_word(word)?;
    }
    Some((asked, asked.implied()))
}

/// How a path is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Opened with these flags.
    Open(OpenFlags),
    /// Asked about: attributes, access.
    Look,
    /// Read as a link.
    ReadLink,
    /// Found, for its attributes or its names to be changed, which needs another promise besides.
    Change,
}

/// Opening, or looking at, what a path names, for a process that holds `held`.
pub fn path(path: &[u8], how: Use, held: Promises) -> Promises {
    let needed = match how {
        Use::Open(flags) => open(flags),
        Use::Look | Use::ReadLink | Use::Change => Promises::RPATH,
    };
    if held.contains(needed) || is_spared(path, how, held) { Promises::empty() } else { needed }
}

fn open(flags: OpenFlags) -> Promises {
    if flags.contains(OpenFlags::PATH) {
        return Promises::RPATH;
    }
    let mut needed = Promises::empty();
    needed.set(Promises::RPATH, flags.can_read());
    needed.set(Promises::WPATH, flags.can_write() || flags.contains(OpenFlags::TRUNCATE));
    // A file without a name is a file made.
    needed.set(Promises::CPATH, flags.contains(OpenFlags::CREATE) || flags.contains(OpenFlags::TEMPORARY));
    needed
}

fn is_spared(path: &[u8], how: Use, held: Promises) -> bool {
    let makes = matches!(how, Use::Open(flags) if open(flags).contains(Promises::CPATH));
    let only_reads = match how {
        Use::Open(flags) => open(flags) == Promises::RPATH,
        Use::Look | Use::ReadLink => true,
        Use::Change => return false,
    };
    let by = |promise: Promises| held.contains(promise);
    match path {
        b"/dev/null" => by(Promises::STDIO) && !makes,
        b"/dev/tty" => by(Promises::TTY) && !makes,
        b"/etc/localtime" => by(Promises::STDIO) && only_reads,
        b"/proc/self/exe" => by(Promises::STDIO) && how == Use::ReadLink,
        b"/etc/passwd" | b"/etc/group" => by(Promises::GETPW) && only_reads,
        b"/etc/nsswitch.conf" => held.intersects(Promises::GETPW.union(Promises::DNS)) && only_reads,
        b"/etc/resolv.conf" | b"/etc/hosts" | b"/etc/services" | b"/etc/protocols" | b"/etc/host.conf"
        | b"/etc/gai.conf" => by(Promises::DNS) && only_reads,
        _ => by(Promises::STDIO) && only_reads && is_zone(path),
    }
}

/// Whether it is the name of a time zone's file. No step of it leads upward.
fn is_zone(path: &[u8]) -> bool {
    path.strip_prefix(b"/usr/share/zoneinfo/").is_some_and(|rest| !rest.split(|&byte| byte == b'/').any(|s| s == b".."))
}

/// Making a node of this kind: the bits of S_IFMT. Files are made with `cpath`, everything else with `dpath`.
pub const fn make_node(mode: u32) -> Promises {
    match mode & general::S_IFMT {
        0 | general::S_IFREG => Promises::CPATH,
        _ => Promises::DPATH,
    }
}

/// The bits of a mode that may be set: who promised anything sets no set-id nor sticky bits. They are ignored, not refused.
pub fn mode(asked: Mode, held: Promises) -> Mode {
    if held.is_unpledged() { asked } else { asked & Mode::from_raw(0o777) }
}

/// Mapping memory, or changing what may be done with it.
pub fn memory(protection: Protection) -> Promises {
    if protection.contains(Protection::EXECUTE) { Promises::PROT_EXEC } else { Promises::empty() }
}

/// Mapping at a place: where it may take the place of something else.
pub fn place(flags: MapFlags) -> Promises {
    if flags.contains(MapFlags::FIXED) && !flags.contains(MapFlags::FIXED_NO_REPLACE) {
        Promises::MAP_FIXED
    } else {
        Promises::empty()
    }
}

/// Making a thread or a process.
pub fn clone(flags: CloneFlags) -> Promises {
    if flags.contains(CloneFlags::THREAD) { Promises::THREAD } else { Promises::PROC }
}

/// Control requests.
///
/// OpenBSD's C library asks whether a descriptor is a terminal by an `fcntl` that `stdio` allows. Linux's ask for the
/// terminal's settings or for its size, before the first line is written; so these two questions belong to `stdio` here.
/// What acts on process groups or puts input into a line also needs `proc`.
pub const fn control(request: u32) -> Promises {
    const FIONBIO: u32 = 0x5421;
    const FIONCLEX: u32 = 0x5450;
    const FIOCLEX: u32 = 0x5451;
    match request {
        ioctl::FIONREAD | FIONBIO | FIOCLEX | FIONCLEX | ioctl::TCGETS | ioctl::TIOCGWINSZ => Promises::STDIO,
        ioctl::TIOCSPGRP | ioctl::TIOCSTI => Promises::TTY.union(Promises::PROC),
        _ => Promises::TTY,
    }
}

/// Whether a control request acts on the controlling terminal as such, or on the line as others see it, rather than on what the
/// slot holds. A new size of the window is told to the line's foreground by a signal.
pub const fn is_terminal_control(request: u32) -> bool {
    matches!(request, ioctl::TIOCSCTTY | ioctl::TIOCNOTTY | ioctl::TIOCSPGRP | ioctl::TIOCSTI | ioctl::TIOCSWINSZ)
}

/// `fcntl`.
pub const fn file_control(command: u32) -> Promises {
    match command {
        general::F_GETLK | general::F_SETLK | general::F_SETLKW => Promises::FLOCK,
        general::F_OFD_GETLK | general::F_OFD_SETLK | general::F_OFD_SETLKW => Promises::FLOCK,
        general::F_SETOWN | general::F_SETOWN_EX | general::F_SETSIG => Promises::PROC,
        _ => Promises::empty(),
    }
}

/// `prctl`: what concerns the process alone is part of `stdio`.
pub const fn process_control(option: u32) -> Promises {
    match option {
        prctl::PR_SET_PDEATHSIG | prctl::PR_SET_CHILD_SUBREAPER => Promises::PROC,
        prctl::PR_SET_KEEPCAPS | prctl::PR_CAPBSET_DROP | prctl::PR_SET_SECUREBITS | prctl::PR_CAP_AMBIENT => {
            Promises::ID
        }
        prctl::PR_SET_PTRACER => Promises::PTRACE,
        _ => Promises::empty(),
    }
}

/// Setting a resource limit, or a nice value: one of these.
pub const LIMITS: Promises = Promises::PROC.union(Promises::ID);

/// Sockets of an address family: one of these. Other families are for those who never promised anything.
pub const fn socket_family(family: u32) -> Promises {
    match family {
        net::AF_UNIX => Promises::UNIX,
        net::AF_INET | net::AF_INET6 => Promises::INET.union(Promises::DNS),
        _ => Promises::empty(),
    }
}

/// Options of sockets: one of these. Two questions are too common to need more than `stdio`.
pub const fn socket_option(level: u32, option: u32) -> Promises {
    match option {
        net::SO_ERROR | net::SO_RCVBUF if level == net::SOL_SOCKET => Promises::STDIO,
        _ => SOCKETS,
    }
}

/// Sockets of any family: one of these.
pub const SOCKETS: Promises = Promises::INET.union(Promises::UNIX).union(Promises::DNS);

/// Passing a capability of this kind between processes, for who passes any: one of these. As on OpenBSD, directories are not
/// passed by those who promised anything: they would lead around `unveil`.
pub const fn passing(kind: Kind, passes: Promises) -> Promises {
    match kind {
        Kind::Directory => Promises::empty(),
        _ => passes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDIO: Promises = Promises::STDIO;
    const READ: OpenFlags = OpenFlags::empty();

    #[test]
    fn words_are_parsed_and_serenitys_follow_from_stdio_unless_one_is_said() {
        assert_eq!(parse(b""), Some((Promises::empty(), Promises::empty())));
        assert_eq!(parse(b"  stdio   rpath "), Some((STDIO | Promises::RPATH, STDIO.implied())));
        assert_eq!(parse(b"rpath"), Some((Promises::RPATH, Promises::empty())));
        assert_eq!(parse(b"stdio thread"), Some((STDIO | Promises::THREAD, Promises::empty())));
        for wrong in [&b"tmppath"[..], b"stdio tmppath", b"stdio,rpath", b"STDIO", b"unpledged", b"std\xff"] {
            assert_eq!(parse(wrong), None, "{}", wrong.escape_ascii());
        }
        for (word, promise) in Promises::WORDS {
            assert_eq!(parse(word.as_bytes()).map(|(asked, _)| asked), Some(*promise), "{word}");
        }
    }

    #[test]
    fn opening_needs_what_the_flags_say() {
        let needs = |flags| path(b"/x", Use::Open(flags), STDIO);
        assert_eq!(needs(READ), Promises::RPATH);
        assert_eq!(needs(OpenFlags::WRITE_ONLY), Promises::WPATH);
        assert_eq!(needs(OpenFlags::READ_WRITE), Promises::RPATH | Promises::WPATH);
        assert_eq!(needs(OpenFlags::TRUNCATE), Promises::RPATH | Promises::WPATH);
        assert_eq!(needs(OpenFlags::CREATE | OpenFlags::WRITE_ONLY), Promises::WPATH | Promises::CPATH);
        assert_eq!(needs(OpenFlags::PATH | OpenFlags::WRITE_ONLY), Promises::RPATH);
        let temporary = OpenFlags::TEMPORARY | OpenFlags::WRITE_ONLY;
        assert_eq!(needs(temporary), Promises::WPATH | Promises::CPATH);
    }

    #[test]
    fn libraries_own_files_are_opened_by_weaker_promises() {
        let open = |name: &[u8], flags, held| path(name, Use::Open(flags), held).is_empty();
        assert!(open(b"/dev/null", OpenFlags::READ_WRITE, STDIO));
        assert!(!open(b"/dev/null", OpenFlags::READ_WRITE | OpenFlags::CREATE, STDIO));
        assert!(!open(b"/dev/tty", OpenFlags::READ_WRITE, STDIO));
        assert!(open(b"/dev/tty", OpenFlags::READ_WRITE, Promises::TTY));
        assert!(open(b"/usr/share/zoneinfo/Europe/Berlin", READ, STDIO));
        assert!(!open(b"/usr/share/zoneinfo/../../../etc/shadow", READ, STDIO));
        assert!(!open(b"/etc/localtime", OpenFlags::WRITE_ONLY, STDIO));
        assert!(open(b"/etc/passwd", READ, Promises::GETPW));
        assert!(!open(b"/etc/passwd", READ, STDIO));
        assert!(open(b"/etc/hosts", READ, Promises::DNS));
        assert!(!open(b"etc/localtime", READ, STDIO));
        assert!(path(b"/proc/self/exe", Use::ReadLink, STDIO).is_empty());
        assert!(!open(b"/proc/self/exe", READ, STDIO));
    }

    #[test]
    fn modes_lose_their_special_bits_once_anything_was_promised() {
        let special = Mode::from_raw(0o7755);
        assert_eq!(mode(special, Promises::ALL), special);
        assert_eq!(mode(special, Promises::FATTR), Mode::from_raw(0o755));
    }
}
