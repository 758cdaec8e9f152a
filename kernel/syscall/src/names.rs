//! The names of the system: what `uname` tells.

use abi::types::Utsname;
use sync::{RwSpinLock, ranks};

/// The longest host or domain name, without its NUL.
pub const NAME_MAX: usize = 64;

/// A name, filled up with NULs.
#[derive(Clone, Copy)]
pub struct Name(pub [u8; NAME_MAX + 1]);

impl Default for Name {
    fn default() -> Self {
        Self([0; NAME_MAX + 1])
    }
}

impl Name {
    const fn new(text: &str) -> Self {
        let text = text.as_bytes();
        let mut name = [0; NAME_MAX + 1];
        let mut at = 0;
        while at < text.len() {
            name[at] = text[at];
            at += 1;
        }
        Self(name)
    }

    /// The bytes before the NUL.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

/// The release of the Linux interface that programs may count on, with this kernel's name.
pub const RELEASE: &str = "6.12.0-tessera";
/// The version text.
pub const VERSION: &str = concat!("#1 SMP PREEMPT Tessera ", env!("CARGO_PKG_VERSION"));

struct Changeable {
    host: Name,
    domain: Name,
}

static NAMES: RwSpinLock<Changeable, ranks::ObjectState> =
    RwSpinLock::new(Changeable { host: Name::new("tessera"), domain: Name::new("(none)") });

/// Everything that `uname` tells.
pub fn utsname() -> Utsname {
    let names = NAMES.read();
    Utsname {
        system: Name::new("Linux").0,
        node: names.host.0,
        release: Name::new(RELEASE).0,
        version: Name::new(VERSION).0,
        machine: Name::new("x86_64").0,
        domain: names.domain.0,
    }
}

/// The host name.
pub fn host() -> Name {
    NAMES.read().host
}

/// Sets the host name.
pub fn set_host(name: Name) {
    NAMES.write().host = name;
}

/// Sets the domain name.
pub fn set_domain(name: Name) {
    NAMES.write().domain = name;
}
