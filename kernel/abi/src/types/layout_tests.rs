//! Sizes and offsets against `linux-raw-sys`.

use super::*;
use core::mem::{align_of, offset_of, size_of};
use linux_raw_sys::{general, net, system};

/// Same size, same alignment, and each field of ours where Linux's is.
macro_rules! same {
    ($($ours:ident = $linux:path { $($field:ident = $theirs:ident),* $(,)? })*) => {$(
        assert_eq!(size_of::<$ours>(), size_of::<$linux>(), stringify!($ours));
        assert_eq!(align_of::<$ours>(), align_of::<$linux>(), stringify!($ours));
        $(assert_eq!(
            (offset_of!($ours, $field), field_size!($ours, $field)),
            (offset_of!($linux, $theirs), field_size!($linux, $theirs)),
            concat!(stringify!($ours), ".", stringify!($field)),
        );)*
    )*};
}

/// The size of a field, without a value to look at.
macro_rules! field_size {
    ($type:path, $field:ident) => {{
        fn size_behind<S, F>(_: fn(&S) -> &F) -> usize {
            size_of::<F>()
        }
        #[allow(clippy::redundant_closure_call)]
        size_behind::<$type, _>(|whole| &whole.$field)
    }};
}

#[test]
fn times_lie_as_on_linux() {
    same! {
        Timespec = general::timespec { seconds = tv_sec, nanoseconds = tv_nsec }
        Timeval = general::timeval { seconds = tv_sec, microseconds = tv_usec }
        Itimerval = general::itimerval { interval = it_interval, value = it_value }
        Itimerspec = general::itimerspec { interval = it_interval, value = it_value }
        Timezone = general::timezone { minutes_west = tz_minuteswest, dst_time = tz_dsttime }
    }
    // <sys/procfs.h> and <elf.h> are not in the constants' crate.
    assert_eq!(size_of::<UserRegisters>(), 27 * 8);
    assert_eq!((size_of::<ThreadStatus>(), offset_of!(ThreadStatus, registers)), (336, 112));
    assert_eq!((size_of::<ProcessInfo>(), offset_of!(ProcessInfo, arguments)), (136, 56));
    assert_eq!((size_of::<ElfHeader>(), size_of::<ElfSegment>()), (64, 56));
    assert_eq!(size_of::<Tms>(), 32);
    assert_eq!(size_of::<Utimbuf>(), 16);
}

#[test]
fn files_lie_as_on_linux() {
    same! {
        Stat = general::stat {
            device = st_dev, inode = st_ino, links = st_nlink, mode = st_mode, uid = st_uid, gid = st_gid,
            special_device = st_rdev, size = st_size, block_size = st_blksize, blocks = st_blocks,
        }
        StatxTimestamp = general::statx_timestamp { seconds = tv_sec, nanoseconds = tv_nsec }
        Statx = general::statx {
            mask = stx_mask, block_size = stx_blksize, attributes = stx_attributes, links = stx_nlink, uid = stx_uid,
            gid = stx_gid, mode = stx_mode, inode = stx_ino, size = stx_size, blocks = stx_blocks,
            attributes_mask = stx_attributes_mask, accessed = stx_atime, created = stx_btime, changed = stx_ctime,
            modified = stx_mtime, special_device_major = stx_rdev_major, special_device_minor = stx_rdev_minor,
            device_major = stx_dev_major, device_minor = stx_dev_minor, mount_id = stx_mnt_id,
            direct_memory_alignment = stx_dio_mem_align, direct_offset_alignment = stx_dio_offset_align,
        }
        Statfs = general::statfs {
            kind = f_type, block_size = f_bsize, blocks = f_blocks, blocks_free = f_bfree, blocks_available = f_bavail,
            files = f_files, files_free = f_ffree, id = f_fsid, name_max = f_namelen, fragment_size = f_frsize,
            flags = f_flags,
        }
        Flock = general::flock { kind = l_type, whence = l_whence, start = l_start, length = l_len, pid = l_pid }
        OwnerEx = general::f_owner_ex { kind = type_, id = pid }
        OpenHow = general::open_how { flags = flags, mode = mode, resolve = resolve }
    }
    assert_eq!(offset_of!(Stat, accessed), offset_of!(general::stat, st_atime));
    assert_eq!(offset_of!(Stat, modified), offset_of!(general::stat, st_mtime));
    assert_eq!(offset_of!(Stat, changed), offset_of!(general::stat, st_ctime));
    assert_eq!(size_of::<DirentHeader>(), offset_of!(general::linux_dirent64, d_name));
    assert_eq!(offset_of!(DirentHeader, kind), offset_of!(general::linux_dirent64, d_type));
}

#[test]
fn input_and_output_lie_as_on_linux() {
    same! {
        Iovec = general::iovec { base = iov_base, length = iov_len }
        Pollfd = general::pollfd { slot = fd, events = events, returned = revents }
    }
    assert_eq!(size_of::<EpollEvent>(), size_of::<general::epoll_event>());
    assert_eq!(offset_of!(EpollEvent, data), offset_of!(general::epoll_event, data));
    assert_eq!(size_of::<FdSet>(), 128);
    same! {
        Ucred = net::ucred { pid = pid, uid = uid, gid = gid }
        Mmsghdr = net::mmsghdr { message = msg_hdr, count = msg_len }
    }
    assert_eq!(size_of::<Msghdr>(), 56);
    assert_eq!(size_of::<Cmsghdr>(), 16);
}

#[test]
fn signals_lie_as_on_linux() {
    same! {
        Sigaction = general::kernel_sigaction {
            handler = sa_handler_kernel, flags = sa_flags, restorer = sa_restorer, mask = sa_mask,
        }
        Sigaltstack = general::sigaltstack { base = ss_sp, flags = ss_flags, size = ss_size }
        Sigevent = general::sigevent { value = sigev_value, signal = sigev_signo, notify = sigev_notify }
    }
    assert_eq!(size_of::<Siginfo>(), size_of::<general::siginfo>());
    assert_eq!(offset_of!(Siginfo, fields), 16);
    // The frame of a handler: `struct sigcontext` has 256 bytes, and follows flags, link and stack in `ucontext`.
    assert_eq!(size_of::<Sigcontext>(), 256);
    assert_eq!(offset_of!(Ucontext, registers), 40);
    assert_eq!(offset_of!(Ucontext, mask), 296);
    assert_eq!(offset_of!(Sigcontext, fp_state), 184);
}

#[test]
fn processes_lie_as_on_linux() {
    same! {
        Rlimit = general::rlimit64 { soft = rlim_cur, hard = rlim_max }
        Rusage = general::rusage {
            user = ru_utime, system = ru_stime, max_resident = ru_maxrss, minor_faults = ru_minflt,
            major_faults = ru_majflt, blocks_in = ru_inblock, blocks_out = ru_oublock, signals = ru_nsignals,
            voluntary_switches = ru_nvcsw, involuntary_switches = ru_nivcsw,
        }
        RobustListHead = general::robust_list_head { next = list, futex_offset = futex_offset, pending = list_op_pending }
        CapUserHeader = general::__user_cap_header_struct { version = version, pid = pid }
        CapUserData = general::__user_cap_data_struct {
            effective = effective, permitted = permitted, inheritable = inheritable,
        }
    }
    assert_eq!(size_of::<CloneArgs>(), general::CLONE_ARGS_SIZE_VER2 as usize);
    assert_eq!(offset_of!(CloneArgs, tls), offset_of!(general::clone_args, tls));
    assert_eq!(offset_of!(CloneArgs, cgroup), offset_of!(general::clone_args, cgroup));
    assert_eq!(size_of::<SchedAttr>(), 56);
}

#[test]
fn the_system_lies_as_on_linux() {
    same! {
        Utsname = system::new_utsname {
            system = sysname, node = nodename, release = release, version = version, machine = machine, domain = domainname,
        }
    }
    assert_eq!(size_of::<Sysinfo>(), size_of::<system::sysinfo>());
    assert_eq!(offset_of!(Sysinfo, processes), offset_of!(system::sysinfo, procs));
    assert_eq!(offset_of!(Sysinfo, total_high), offset_of!(system::sysinfo, totalhigh));
    assert_eq!(offset_of!(Sysinfo, unit), offset_of!(system::sysinfo, mem_unit));
}

#[test]
fn terminals_lie_as_on_linux() {
    same! {
        Termios = general::termios {
            input = c_iflag, output = c_oflag, control = c_cflag, local = c_lflag, line = c_line, characters = c_cc,
        }
        Termios2 = general::termios2 {
            input = c_iflag, output = c_oflag, control = c_cflag, local = c_lflag, line = c_line, characters = c_cc,
            input_speed = c_ispeed, output_speed = c_ospeed,
        }
        Winsize = general::winsize { rows = ws_row, columns = ws_col, x_pixels = ws_xpixel, y_pixels = ws_ypixel }
    }
}

#[test]
fn what_tracers_see_lies_as_on_linux() {
    use linux_raw_sys::ptrace;
    same! {
        PeekSiginfo = ptrace::ptrace_peeksiginfo_args { offset = off, flags = flags, count = nr }
    }
    assert_eq!(offset_of!(UserRegisters, orig_rax), 15 * 8);
    assert_eq!(offset_of!(UserRegisters, rip), 16 * 8);
    assert_eq!(offset_of!(UserRegisters, fs_base), 21 * 8);
    assert_eq!(offset_of!(SyscallInfo, instruction_pointer), 8);
    assert_eq!(offset_of!(SyscallInfo, words), 24);
}
