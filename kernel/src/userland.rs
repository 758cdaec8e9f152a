//! From a running kernel to its first program: the file tree, the devices in it, and process 1.

use abi::{ExitStatus, Mode, Result};
use alloc::sync::Arc;
use arch::boot::BootInfo;
use drivers::device::{DEVICES, DeviceFile};
use drivers::pty::Devpts;
use fs::devfs::DeviceNode;
use fs::special::Opener;
use fs::tmpfs::Tmpfs;
use mm::alloc::try_arc;
use object::namespace::MountFlags;
use object::{Credentials, FileSystem, Lookup, Namespace, NodeKind, Table};
use process::{audit, core_dump};

use crate::process_source::{self, Processes};

/// The program that process 1 runs unless `init=` names another.
const INIT: &str = "/init";
/// Slots that a table has room for at first; RLIMIT_NOFILE takes over when the first process starts.
const FIRST_SLOT_LIMIT: usize = 1024;

/// Builds the file tree and starts process 1.
pub fn start(info: &'static BootInfo) -> Result<()> {
    process::init(process::Hooks {
        user_main: syscall::user_main,
        clear_child_tid: ipc::futex::clear_child_tid,
        exit_robust_list: ipc::futex::exit_robust_list,
        abandon_futexes: ipc::futex::inheritance::abandon,
        power_off: end,
    });
    process::exec::vdso::init()?;
    object::revocation::install_disturb(ipc::futex::disturb);
    fs::special::install_fifo_maker(ipc::pipe_end::make_fifo);
    let namespace = try_arc(make_tree(info)?)?;
    audit::log::init(namespace.roots());
    core_dump::sink::init(namespace.roots());
    process_source::init(Arc::clone(&namespace), info.command_line);
    let table = try_arc(Table::new(namespace.roots(), FIRST_SLOT_LIMIT))?;
    // From here on the host may send standard input, and expects its pings to be answered.
    drivers::host::announce_ready();
    let path = option(info.command_line, "init=").unwrap_or(INIT).as_bytes();
    process::start_init(table, path, &[path], &[b"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
}

/// The value of the first word of the command line that starts with `name`.
pub fn option(command_line: &'static str, name: &str) -> Option<&'static str> {
    command_line.split_ascii_whitespace().find_map(|word| word.strip_prefix(name))
}

/// The initramfs as root, with the file systems that the kernel makes mounted over it.
fn make_tree(info: &'static BootInfo) -> Result<Namespace> {
    let root = Tmpfs::new("tmpfs", Mode::from_raw(0o755))?;
    match info.initramfs {
        Some(archive) => {
            let summary = fs::initramfs::unpack(&root, archive)?;
            log::info!("initramfs: {} members, {} failures", summary.members, summary.failures);
        }
        None => log::warn!("no initramfs"),
    }
    let namespace = Namespace::new(root)?;
    fs::tree::furnish(&namespace, make_devices()?, &Processes)?;
    mount(&namespace, "/dev/pts", Devpts::make(fs::device_id::allocate())?)?;
    mount(&namespace, "/dev/shm", Tmpfs::new("tmpfs", Mode::from_raw(0o1777))?)?;
    Ok(namespace)
}

fn make_devices() -> Result<Arc<Tmpfs>> {
    let devices = fs::devfs::make()?;
    for file in DEVICES {
        let node = DeviceNode {
            path: file.path.as_bytes(),
            kind: NodeKind::CharacterDevice,
            number: file.number,
            mode: Mode::from_raw(file.mode.into()),
        };
        fs::devfs::add(&devices, &node, opener(file)?)?;
    }
    let (major, minor) = audit::device::NUMBER;
    let number = fs::special::device_number(major, minor);
    let mode = Mode::from_raw(0o400);
    let node = DeviceNode { path: b"audit", kind: NodeKind::CharacterDevice, number, mode };
    fs::devfs::add(&devices, &node, try_arc(audit::device::open)?)?;
    Ok(devices)
}

fn opener(file: &'static DeviceFile) -> Result<Opener> {
    Ok(try_arc(move |location: &object::Location, flags| (file.open)(Some(location), flags))?)
}

fn mount(namespace: &Namespace, path: &str, file_system: Arc<dyn FileSystem>) -> Result<()> {
    let (roots, credentials) = (namespace.roots(), Credentials::root());
    let at = Lookup::new(&roots, None, &credentials).find(path.as_bytes())?;
    namespace.mount(at, file_system, MountFlags::NO_SET_ID)?;
    Ok(())
}

/// Process 1 has ended: so does the machine, with its exit code.
fn end(status: ExitStatus) -> ! {
    log::info!("process 1 ended: {status:?}");
    drivers::host::report_exit(status.to_exit_code());
    drivers::power::power_off()
}
