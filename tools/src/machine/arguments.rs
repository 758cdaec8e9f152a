//! QEMU's command line.

use std::ffi::OsString;
use std::fs;
use std::os::fd::RawFd;
use std::path::Path;

use crate::command_line::{Accelerator, Clock, Debugger, Options};
use crate::failure::{Failure, Result};

/// From this many processors on, QEMU's single-threaded translator is faster than one thread a processor.
const MANY_PROCESSORS: u32 = 255;
/// More processors than this have APIC IDs above 254, which need interrupt remapping.
const MAX_WITHOUT_REMAPPING: u32 = 255;

/// The descriptors that QEMU inherits.
#[derive(Clone, Copy, Debug)]
pub struct Descriptors {
    /// COM1, the console.
    pub console: RawFd,
    /// COM2, the kernel's log.
    pub log: RawFd,
    /// COM3, the host link.
    pub link: RawFd,
    /// The machine protocol.
    pub monitor: RawFd,
    /// The initramfs.
    pub initramfs: RawFd,
    /// The guest's memory, where it is shared with us.
    pub memory: Option<RawFd>,
}

/// How the guest's instructions are executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Execution {
    Kvm,
    /// One thread a processor.
    TcgMany,
    /// All processors in turn.
    TcgOne,
    /// In turn, and time is the number of instructions.
    TcgCounted,
}

/// Everything after the program's name.
pub fn compose(
    options: &Options,
    kernel: &Path,
    command_line: &str,
    descriptors: Descriptors,
    debug_socket: &Path,
) -> Result<Vec<OsString>> {
    let execution = choose_execution(options)?;
    let many = options.processors > MAX_WITHOUT_REMAPPING;
    let mut words = Words::default();
    words.add(&["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]);
    let mut machine = String::from(if many { "q35,kernel-irqchip=split" } else { "q35" });
    let megabytes = options.memory.div_ceil(1 << 20);
    if let Some(descriptor) = descriptors.memory {
        machine.push_str(",memory-backend=memory");
        let path = format!("mem-path=/proc/self/fd/{descriptor}");
        words.add(&["-object", &format!("memory-backend-file,id=memory,size={megabytes}M,share=on,{path}")]);
    }
    words.add(&["-machine", &machine]);
    words.add(&["-cpu", &options.cpu, "-smp", &format!("{}{}", options.processors, options.arrangement)]);
    words.add(&["-m", &format!("{megabytes}M")]);
    words.add(match execution {
        Execution::Kvm => &["-accel", "kvm"],
        Execution::TcgMany => &["-accel", "tcg,thread=multi"],
        Execution::TcgOne => &["-accel", "tcg,thread=single"],
        Execution::TcgCounted => &["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"],
    });
    if many {
        words.add(&["-device", "intel-iommu,intremap=on,eim=on"]);
    }
    words.add_path("-kernel", kernel);
    words.add(&["-initrd", &format!("/proc/self/fd/{}", descriptors.initramfs)]);
    words.add(&["-append", command_line]);
    let serial = [("console", descriptors.console), ("log", descriptors.log), ("link", descriptors.link)];
    for (name, descriptor) in serial {
        words.add(&["-chardev", &format!("socket,id={name},fd={descriptor}"), "-serial", &format!("chardev:{name}")]);
    }
    words.add(&["-chardev", &format!("socket,id=monitor,fd={}", descriptors.monitor)]);
    words.add(&["-mon", "chardev=monitor,mode=control"]);
    words.add(&["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]);
    if options.debugger == Debugger::Wait {
        words.add(&["-S", "-chardev"]);
        let mut socket = OsString::from("socket,id=gdb,server=on,wait=off,path=");
        socket.push(debug_socket);
        words.0.push(socket);
        words.add(&["-gdb", "chardev:gdb"]);
    }
    Ok(words.0)
}

#[derive(Default)]
struct Words(Vec<OsString>);

impl Words {
    fn add(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn add_path(&mut self, option: &str, path: &Path) {
        self.0.extend([option.into(), path.into()]);
    }
}

fn choose_execution(options: &Options) -> Result<Execution> {
    let is_usable = || kvm_is_usable();
    Ok(match (options.clock, options.accelerator) {
        (Clock::Instructions, _) => Execution::TcgCounted,
        (_, Accelerator::Kvm) if !is_usable() => {
            return Err(Failure::machine(
                "--accel kvm: this processor has no virtualisation (neither vmx nor svm), or /dev/kvm is closed to you",
            ));
        }
        (_, Accelerator::Kvm) => Execution::Kvm,
        (_, Accelerator::Auto) if is_usable() => Execution::Kvm,
        _ if options.processors >= MANY_PROCESSORS => Execution::TcgOne,
        _ => Execution::TcgMany,
    })
}

/// /dev/kvm may exist on a machine whose processor offers nothing to it; the guest would crawl.
fn kvm_is_usable() -> bool {
    let has_flag = fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| has_virtualisation(&text));
    has_flag && fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok()
}

fn has_virtualisation(cpuinfo: &str) -> bool {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "vmx" || flag == "svm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIPTORS: Descriptors =
        Descriptors { console: 3, log: 4, link: 5, monitor: 6, initramfs: 7, memory: None };

    fn compose_text(options: &Options) -> String {
        let words = compose(options, Path::new("/k"), "a b", DESCRIPTORS, Path::new("/s")).unwrap();
        words.join(std::ffi::OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn the_defaults_are_eight_processors_and_a_gigabyte() {
        let options = Options { accelerator: Accelerator::Tcg, ..Options::default() };
        let text = compose_text(&options);
        assert!(text.contains("-machine q35 -cpu max -smp 8 -m 1024M -accel tcg,thread=multi -kernel /k"), "{text}");
        assert!(text.contains("-initrd /proc/self/fd/7 -append a b"), "{text}");
        assert!(!text.contains("iommu") && !text.contains(" -S"), "{text}");
    }

    #[test]
    fn counted_instructions_mean_one_thread() {
        let text = compose_text(&Options { clock: Clock::Instructions, ..Options::default() });
        assert!(text.contains("-accel tcg,thread=single -icount shift=0,sleep=off"), "{text}");
    }

    #[test]
    fn memory_that_is_shared_has_the_machines_size() {
        let options = Options { memory: (64 << 20) - 1, ..Options::default() };
        let descriptors = Descriptors { memory: Some(9), ..DESCRIPTORS };
        let words = compose(&options, Path::new("/k"), "", descriptors, Path::new("/s")).unwrap();
        let text = words.join(std::ffi::OsStr::new(" ")).into_string().unwrap();
        assert!(
            text.contains("-object memory-backend-file,id=memory,size=64M,share=on,mem-path=/proc/self/fd/9"),
            "{text}"
        );
        assert!(text.contains("-machine q35,memory-backend=memory ") && text.contains("-m 64M"), "{text}");
    }

    #[test]
    fn very_many_processors_need_interrupt_remapping() {
        let text = compose_text(&Options { processors: 288, accelerator: Accelerator::Tcg, ..Options::default() });
        assert!(text.contains("intel-iommu,intremap=on,eim=on") && text.contains("thread=single"), "{text}");
        let text = compose_text(&Options { processors: 255, accelerator: Accelerator::Tcg, ..Options::default() });
        assert!(!text.contains("iommu") && text.contains("thread=single"), "{text}");
    }

    #[test]
    fn only_processors_with_the_flag_virtualise() {
        assert!(has_virtualisation("model\nflags\t\t: fpu vmx sse\n"));
        assert!(!has_virtualisation("flags : fpu vmxnot\nmodel name: svm\n"));
    }
}
