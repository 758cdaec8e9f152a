//! The rows.

/// The system-call table: calls `$callback!` with every row.
///
/// A row is
/// ```text
/// number family name(argument: kind, …) roots[…] promises[…] errors[…];
/// ```
/// *Family* is the file of `kernel/syscall` that has the handler; *name* is the call's and the handler's. *Roots* are the root
/// capabilities that the call always uses; path look-ups use theirs through `at` and `path`. *Promises* are those of which
/// one must have been kept; `always` is none, and a row that names none is refused to whoever promised anything at all. Handlers
/// of calls whose need depends on an argument refine that. *Errors* are what the
/// call itself may return, beside EFAULT for a wild pointer, ENOMEM, and EPERM for a broken promise under `error`, which any
/// call may.
///
/// Kinds of arguments, what the handler gets for them, and what has been checked before it runs:
///
/// | kind | handler gets | meaning |
/// |---|---|---|
/// | `cap[R …]` | `Held` | a slot holding any kind of object with all these rights |
/// | `directory[R …]` | `Held` | the same, of a directory, else ENOTDIR |
/// | `poll_set[R …]` | `Held` | the same, of a poll set, else EINVAL |
/// | `process[R …]` | `Held` | the same, of a process, else EBADF |
/// | `socket[R …]` | `Held` | the same, of a socket, else ENOTSOCK |
/// | `slot` | `Slot` | a slot number; the handler resolves it, with rights that depend on other arguments |
/// | `at[R …]` | `At` | a directory to start from, or AT_FDCWD; resolved with these rights when the path is relative |
/// | `path` | `UserPath` | the address of a path |
/// | `sink[n]`, `source[n]` | `Sink`, `Source` | user memory of `n` bytes to fill, or to take from |
/// | `iovecs[n]` | `Iovecs` | `n` pieces of user memory, copied in |
/// | `length` | nothing | the `n` of another argument |
/// | `input[T]`, `output[T]`, `update[T]` | `UserPtr<T>` | the address of a `T` that is read, written, or both |
/// | `flags[T]` | `T` | a flag word, unknown bits kept |
/// | `mode` | `Mode` | permission bits |
/// | `i32 u32 i64 u64 usize` | itself | the low bits of the register |
/// | `address` | `u64` | an address that is not a pointer to data |
/// | `pid signal clock` | `i32` | an id, a signal number, a clock |
/// | `uid gid` | `u32` | a user or group id |
#[macro_export]
macro_rules! system_calls {
    ($callback:path) => {
        $callback! {
            0 files read(fd: cap[READ], buf: sink[count], count: length)
                roots[] promises[stdio] errors[EBADF EINTR EAGAIN EISDIR EINVAL EIO ENOTCAPABLE];
            1 files write(fd: cap[WRITE], buf: source[count], count: length)
                roots[] promises[stdio] errors[EBADF EINTR EAGAIN EINVAL EIO EPIPE ENOSPC EFBIG ENOTCAPABLE];
            2 paths open(path: path, flags: flags[OpenFlags], mode: mode)
                roots[] promises[rpath wpath cpath tty stdio getpw dns] errors[EACCES EEXIST EISDIR ELOOP EMFILE ENAMETOOLONG ENOENT ENOTDIR ENXIO EROFS EINVAL EPERM EINTR ECAPMODE];
            3 descriptors close(fd: slot)
                roots[] promises[stdio] errors[EBADF];
            4 paths stat(path: path, buf: output[Stat])
                roots[] promises[rpath stdio] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR ECAPMODE];
            5 files fstat(fd: cap[FSTAT], buf: output[Stat])
                roots[] promises[stdio] errors[EBADF ENOTCAPABLE];
            6 paths lstat(path: path, buf: output[Stat])
                roots[] promises[rpath stdio] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR ECAPMODE];
            7 wait poll(fds: update[Pollfd], count: usize, timeout_ms: i32)
                roots[] promises[stdio] errors[EINTR EINVAL];
            8 files lseek(fd: cap[SEEK_TELL], offset: i64, whence: i32)
                roots[] promises[stdio] errors[EBADF EINVAL ESPIPE EOVERFLOW ENXIO ENOTCAPABLE];
            9 memory mmap(addr: address, len: usize, prot: flags[Protection], flags: flags[MapFlags], fd: slot, offset: u64)
                roots[] promises[stdio] errors[EBADF EACCES EINVAL ENODEV EEXIST EPERM EOVERFLOW EOPNOTSUPP ENOTCAPABLE];
            10 memory mprotect(addr: address, len: usize, prot: flags[Protection])
                roots[] promises[stdio] errors[EACCES EINVAL];
            11 memory munmap(addr: address, len: usize)
                roots[] promises[stdio] errors[EINVAL];
            12 memory brk(addr: address)
                roots[] promises[stdio] errors[];
            13 signals rt_sigaction(signal: signal, new: input[Sigaction], old: output[Sigaction], size: usize)
                roots[] promises[sigaction] errors[EINVAL];
            14 signals rt_sigprocmask(how: i32, new: input[SignalSet], old: output[SignalSet], size: usize)
                roots[] promises[stdio] errors[EINVAL];
            15 signals rt_sigreturn()
                roots[] promises[always] errors[];
            16 descriptors ioctl(fd: cap[IOCTL], request: u32, argument: usize)
                roots[] promises[stdio] errors[EBADF ENOTTY EINVAL EINTR EIO EPERM ESRCH ECAPMODE ENOTCAPABLE];
            17 files pread64(fd: cap[READ SEEK_TELL SEEK_SET], buf: sink[count], count: length, offset: i64)
                roots[] promises[stdio] errors[EBADF EISDIR EINVAL ESPIPE ENOTCAPABLE];
            18 files pwrite64(fd: cap[WRITE SEEK_TELL SEEK_SET], buf: source[count], count: length, offset: i64)
                roots[] promises[stdio] errors[EBADF EINVAL ESPIPE ENOSPC EFBIG ENOTCAPABLE];
            19 files readv(fd: cap[READ], iov: iovecs[count], count: length)
                roots[] promises[stdio] errors[EBADF EINTR EAGAIN EISDIR EINVAL EIO ENOTCAPABLE];
            20 files writev(fd: cap[WRITE], iov: iovecs[count], count: length)
                roots[] promises[stdio] errors[EBADF EINTR EAGAIN EINVAL EIO EPIPE ENOSPC EFBIG ENOTCAPABLE];
            21 paths access(path: path, mode: flags[AccessMode])
                roots[] promises[rpath stdio] errors[EACCES EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EROFS ECAPMODE];
            22 descriptors pipe(fds: output[[i32; 2]])
                roots[] promises[stdio] errors[EMFILE];
            23 wait select(count: i32, read: update[u64], write: update[u64], except: update[u64], timeout: update[Timeval])
                roots[] promises[stdio] errors[EBADF EINTR EINVAL];
            24 sched sched_yield()
                roots[] promises[stdio] errors[];
            25 memory mremap(addr: address, old_len: usize, new_len: usize, flags: flags[RemapFlags], new_addr: address)
                roots[] promises[stdio] errors[EFAULT EINVAL EPERM];
            26 memory msync(addr: address, len: usize, flags: flags[SyncFlags])
                roots[] promises[stdio] errors[EINVAL];
            27 memory mincore(addr: address, len: usize, vector: output[u8])
                roots[] promises[stdio] errors[EINVAL];
            28 memory madvise(addr: address, len: usize, advice: i32)
                roots[] promises[stdio] errors[EINVAL];
            32 descriptors dup(fd: slot)
                roots[] promises[stdio] errors[EBADF EMFILE];
            33 descriptors dup2(old: slot, new: slot)
                roots[] promises[stdio] errors[EBADF EBUSY];
            34 signals pause()
                roots[] promises[stdio] errors[EINTR];
            35 time nanosleep(request: input[Timespec], remaining: output[Timespec])
                roots[] promises[stdio] errors[EINTR EINVAL];
            36 time getitimer(which: i32, value: output[Itimerval])
                roots[] promises[stdio] errors[EINVAL];
            37 time alarm(seconds: u32)
                roots[] promises[stdio] errors[];
            38 time setitimer(which: i32, new: input[Itimerval], old: output[Itimerval])
                roots[] promises[stdio] errors[EINVAL];
            39 process getpid()
                roots[] promises[stdio] errors[];
            40 files sendfile(out: cap[WRITE], from: cap[READ], offset: update[i64], count: usize)
                roots[] promises[stdio] errors[EBADF EINVAL EIO EAGAIN EINTR EPIPE ENOSPC EFBIG ENOTCAPABLE];
            41 socket socket(domain: i32, kind: i32, protocol: i32)
                roots[] promises[inet unix dns] errors[EAFNOSUPPORT EINVAL EMFILE EPROTONOSUPPORT ESOCKTNOSUPPORT];
            42 socket connect(fd: socket[CONNECT], address: input[SocketAddress], size: u32)
                roots[] promises[inet unix dns] errors[EACCES EAGAIN EALREADY EBADF ECONNREFUSED EINTR EINVAL EISCONN ELOOP ENAMETOOLONG ENOENT ENOTDIR ENOTSOCK EPERM EPROTOTYPE ECAPMODE ENOTCAPABLE];
            43 socket accept(fd: socket[ACCEPT], address: output[SocketAddress], size: update[u32])
                roots[] promises[inet unix] errors[EAGAIN EBADF EINTR EINVAL EMFILE ENOTSOCK EOPNOTSUPP ENOTCAPABLE];
            44 socket sendto(fd: socket[WRITE], buf: source[count], count: length, flags: flags[MessageFlags], address: input[SocketAddress], size: u32)
                roots[] promises[stdio] errors[EACCES EAGAIN EBADF ECONNREFUSED EINTR EINVAL EISCONN EMSGSIZE ENOENT ENOTCONN ENOTSOCK EOPNOTSUPP EPERM EPIPE EPROTOTYPE ECAPMODE ENOTCAPABLE];
            45 socket recvfrom(fd: socket[READ], buf: sink[count], count: length, flags: flags[MessageFlags], address: output[SocketAddress], size: update[u32])
                roots[] promises[stdio] errors[EAGAIN EBADF ECONNRESET EINTR EINVAL ENOTCONN ENOTSOCK EOPNOTSUPP ENOTCAPABLE];
            46 socket sendmsg(fd: socket[WRITE], message: input[Msghdr], flags: flags[MessageFlags])
                roots[] promises[stdio] errors[EACCES EAGAIN EBADF ECONNREFUSED EINTR EINVAL EISCONN EMSGSIZE ENOBUFS ENOENT ENOTCONN ENOTSOCK EOPNOTSUPP EPERM EPIPE EPROTOTYPE ETOOMANYREFS ESRCH ECAPMODE ENOTCAPABLE];
            47 socket recvmsg(fd: socket[READ], message: update[Msghdr], flags: flags[MessageFlags])
                roots[] promises[stdio] errors[EAGAIN EBADF ECONNRESET EINTR EINVAL EMSGSIZE ENOTCONN ENOTSOCK EOPNOTSUPP ENOTCAPABLE];
            48 socket shutdown(fd: socket[SHUTDOWN], how: i32)
                roots[] promises[stdio] errors[EBADF EINVAL ENOTSOCK ENOTCAPABLE];
            49 socket bind(fd: socket[BIND], address: input[SocketAddress], size: u32)
                roots[] promises[inet unix dns] errors[EACCES EADDRINUSE EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR ENOTSOCK EROFS ECAPMODE ENOTCAPABLE];
            50 socket listen(fd: socket[LISTEN], backlog: i32)
                roots[] promises[inet unix] errors[EBADF EINVAL ENOTSOCK EOPNOTSUPP ENOTCAPABLE];
            51 socket getsockname(fd: socket[GETSOCKNAME], address: output[SocketAddress], size: update[u32])
                roots[] promises[inet unix dns] errors[EBADF EINVAL ENOTSOCK ENOTCAPABLE];
            52 socket getpeername(fd: socket[GETPEERNAME], address: output[SocketAddress], size: update[u32])
                roots[] promises[inet unix] errors[EBADF EINVAL ENOTCONN ENOTSOCK ENOTCAPABLE];
            53 socket socketpair(domain: i32, kind: i32, protocol: i32, fds: output[[i32; 2]])
                roots[] promises[stdio] errors[EAFNOSUPPORT EINVAL EMFILE EPROTONOSUPPORT ESOCKTNOSUPPORT];
            54 socket setsockopt(fd: socket[SETSOCKOPT], level: i32, option: u32, value: input[u32], size: u32)
                roots[] promises[stdio] errors[EBADF EDOM EINVAL ENOPROTOOPT ENOTSOCK EOPNOTSUPP ENOTCAPABLE];
            55 socket getsockopt(fd: socket[GETSOCKOPT], level: i32, option: u32, value: output[u32], size: update[u32])
                roots[] promises[stdio] errors[EBADF EINVAL ENOPROTOOPT ENOTSOCK EOPNOTSUPP ENOTCAPABLE];
            56 process clone(flags: flags[CloneFlags], stack: address, parent_tid: output[i32], child_tid: output[i32], tls: address)
                roots[spawn] promises[proc thread] errors[EAGAIN EINVAL ECAPMODE];
            57 process fork()
                roots[spawn] promises[proc] errors[EAGAIN ECAPMODE];
            58 process vfork()
                roots[spawn] promises[proc] errors[EAGAIN ECAPMODE];
            59 process execve(path: path, argv: input[u64], envp: input[u64])
                roots[] promises[exec] errors[E2BIG EACCES ELOOP ENAMETOOLONG ENOENT ENOEXEC ENOTDIR ELIBBAD ECAPMODE];
            60 process exit(code: i32)
                roots[] promises[always] errors[];
            61 process wait4(pid: pid, status: output[i32], options: flags[WaitFlags], usage: output[Rusage])
                roots[] promises[stdio] errors[ECHILD EINTR EINVAL ESRCH];
            62 signals kill(pid: pid, signal: signal)
                roots[] promises[stdio] errors[EINVAL EPERM ESRCH ECAPMODE];
            63 system uname(buf: output[Utsname])
                roots[] promises[stdio] errors[];
            72 descriptors fcntl(fd: slot, command: u32, argument: usize)
                roots[] promises[stdio] errors[EBADF EINVAL EMFILE EAGAIN EPERM EDEADLK EINTR ESRCH EBUSY ECAPMODE ENOTCAPABLE];
            73 files flock(fd: cap[FLOCK], operation: u32)
                roots[] promises[flock] errors[EBADF EINTR EINVAL EAGAIN ENOLCK ENOTCAPABLE];
            74 files fsync(fd: cap[FSYNC])
                roots[] promises[stdio] errors[EBADF EINVAL ENOTCAPABLE];
            75 files fdatasync(fd: cap[FSYNC])
                roots[] promises[stdio] errors[EBADF EINVAL ENOTCAPABLE];
            76 paths truncate(path: path, size: i64)
                roots[] promises[wpath] errors[EACCES EINVAL EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR EROFS EFBIG ECAPMODE];
            77 files ftruncate(fd: cap[FTRUNCATE], size: i64)
                roots[] promises[stdio] errors[EBADF EINVAL EFBIG ENOTCAPABLE];
            79 paths getcwd(buf: sink[size], size: length)
                roots[working_directory] promises[rpath wpath] errors[ENOENT ERANGE ECAPMODE];
            80 paths chdir(path: path)
                roots[working_directory] promises[rpath] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR ECAPMODE];
            81 paths fchdir(fd: directory[FCHDIR])
                roots[working_directory] promises[stdio] errors[EACCES EBADF ENOTDIR ECAPMODE ENOTCAPABLE];
            82 paths rename(old: path, new: path)
                roots[] promises[cpath] errors[EACCES EBUSY EINVAL EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR ENOTEMPTY EPERM EROFS EXDEV ECAPMODE];
            83 paths mkdir(path: path, mode: mode)
                roots[] promises[cpath] errors[EACCES EEXIST ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE];
            84 paths rmdir(path: path)
                roots[] promises[cpath] errors[EACCES EBUSY EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR ENOTEMPTY EPERM EROFS ECAPMODE];
            85 paths creat(path: path, mode: mode)
                roots[] promises[cpath wpath] errors[EACCES EISDIR ELOOP EMFILE ENAMETOOLONG ENOENT ENOTDIR EROFS EINTR ECAPMODE];
            86 paths link(old: path, new: path)
                roots[] promises[cpath] errors[EACCES EEXIST ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS EXDEV ECAPMODE];
            87 paths unlink(path: path)
                roots[] promises[cpath] errors[EACCES EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE];
            88 paths symlink(target: path, path: path)
                roots[] promises[cpath] errors[EACCES EEXIST ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE];
            89 paths readlink(path: path, buf: sink[size], size: length)
                roots[] promises[rpath stdio] errors[EACCES EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR ECAPMODE];
            90 paths chmod(path: path, mode: mode)
                roots[] promises[fattr] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE];
            91 files fchmod(fd: cap[FCHMOD], mode: mode)
                roots[] promises[fattr] errors[EBADF EPERM EROFS ENOTCAPABLE];
            92 paths chown(path: path, uid: uid, gid: gid)
                roots[] promises[chown fattr] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE];
            93 files fchown(fd: cap[FCHOWN], uid: uid, gid: gid)
                roots[] promises[chown fattr] errors[EBADF EPERM EROFS ENOTCAPABLE];
            94 paths lchown(path: path, uid: uid, gid: gid)
                roots[] promises[chown fattr] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE];
            95 identity umask(mask: mode)
                roots[] promises[stdio] errors[];
            96 time gettimeofday(time: output[Timeval], zone: output[Timezone])
                roots[] promises[stdio] errors[];
            97 process getrlimit(resource: u32, limit: output[Rlimit])
                roots[] promises[stdio] errors[EINVAL];
            98 process getrusage(who: i32, usage: output[Rusage])
                roots[] promises[stdio] errors[EINVAL];
            99 system sysinfo(info: output[Sysinfo])
                roots[] promises[stdio] errors[];
            100 time times(buf: output[Tms])
                roots[] promises[stdio] errors[];
            101 ptrace ptrace(request: i64, pid: pid, address: address, data: address)
                roots[] promises[ptrace] errors[EINVAL EIO EPERM ESRCH ECAPMODE];
            102 identity getuid()
                roots[] promises[stdio] errors[];
            103 system syslog(action: i32, buf: sink[size], size: length)
                roots[system] promises[vminfo] errors[EINVAL EPERM ECAPMODE];
            104 identity getgid()
                roots[] promises[stdio] errors[];
            105 identity setuid(uid: uid)
                roots[] promises[id] errors[EINVAL EPERM];
            106 identity setgid(gid: gid)
                roots[] promises[id] errors[EINVAL EPERM];
            107 identity geteuid()
                roots[] promises[stdio] errors[];
            108 identity getegid()
                roots[] promises[stdio] errors[];
            109 process setpgid(pid: pid, group: pid)
                roots[] promises[proc] errors[EACCES EINVAL EPERM ESRCH];
            110 process getppid()
                roots[] promises[stdio] errors[];
            111 process getpgrp()
                roots[] promises[stdio] errors[];
            112 process setsid()
                roots[] promises[proc] errors[EPERM];
            113 identity setreuid(real: uid, effective: uid)
                roots[] promises[id] errors[EPERM];
            114 identity setregid(real: gid, effective: gid)
                roots[] promises[id] errors[EPERM];
            115 identity getgroups(count: i32, groups: output[u32])
                roots[] promises[stdio] errors[EINVAL];
            116 identity setgroups(count: usize, groups: input[u32])
                roots[] promises[id] errors[EINVAL EPERM];
            117 identity setresuid(real: uid, effective: uid, saved: uid)
                roots[] promises[id] errors[EPERM];
            118 identity getresuid(real: output[u32], effective: output[u32], saved: output[u32])
                roots[] promises[stdio] errors[];
            119 identity setresgid(real: gid, effective: gid, saved: gid)
                roots[] promises[id] errors[EPERM];
            120 identity getresgid(real: output[u32], effective: output[u32], saved: output[u32])
                roots[] promises[stdio] errors[];
            121 process getpgid(pid: pid)
                roots[] promises[stdio] errors[ESRCH];
            122 identity setfsuid(uid: uid)
                roots[] promises[id] errors[];
            123 identity setfsgid(gid: gid)
                roots[] promises[id] errors[];
            124 process getsid(pid: pid)
                roots[] promises[stdio] errors[ESRCH];
            125 identity capget(header: update[CapUserHeader], data: output[CapUserData])
                roots[] promises[stdio] errors[EINVAL ESRCH];
            126 identity capset(header: update[CapUserHeader], data: input[CapUserData])
                roots[] promises[id] errors[EINVAL EPERM];
            127 signals rt_sigpending(set: output[SignalSet], size: usize)
                roots[] promises[stdio] errors[EINVAL];
            128 signals rt_sigtimedwait(set: input[SignalSet], info: output[Siginfo], timeout: input[Timespec], size: usize)
                roots[] promises[stdio] errors[EAGAIN EINTR EINVAL];
            129 signals rt_sigqueueinfo(pid: pid, signal: signal, info: input[Siginfo])
                roots[] promises[stdio] errors[EINVAL EPERM ESRCH EAGAIN ECAPMODE];
            130 signals rt_sigsuspend(set: input[SignalSet], size: usize)
                roots[] promises[stdio] errors[EINTR EINVAL];
            131 signals sigaltstack(new: input[Sigaltstack], old: output[Sigaltstack])
                roots[] promises[stdio] errors[EINVAL EPERM];
            132 paths utime(path: path, times: input[Utimbuf])
                roots[] promises[fattr] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE];
            133 paths mknod(path: path, mode: u32, device: u64)
                roots[] promises[cpath dpath] errors[EACCES EEXIST EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE];
            135 process personality(persona: u64)
                roots[] promises[stdio] errors[];
            137 paths statfs(path: path, buf: output[Statfs])
                roots[] promises[rpath] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR ECAPMODE];
            138 files fstatfs(fd: cap[FSTATFS], buf: output[Statfs])
                roots[] promises[rpath] errors[EBADF ENOTCAPABLE];
            140 sched getpriority(which: i32, who: i32)
                roots[] promises[proc id] errors[EINVAL ESRCH];
            141 sched setpriority(which: i32, who: i32, nice: i32)
                roots[scheduling] promises[proc id] errors[EACCES EINVAL EPERM ESRCH ECAPMODE];
            142 sched sched_setparam(pid: pid, parameters: input[SchedParam])
                roots[scheduling] promises[proc] errors[EINVAL EPERM ESRCH ECAPMODE];
            143 sched sched_getparam(pid: pid, parameters: output[SchedParam])
                roots[] promises[stdio] errors[EINVAL ESRCH];
            144 sched sched_setscheduler(pid: pid, policy: i32, parameters: input[SchedParam])
                roots[scheduling] promises[proc] errors[EINVAL EPERM ESRCH ECAPMODE];
            145 sched sched_getscheduler(pid: pid)
                roots[] promises[stdio] errors[EINVAL ESRCH];
            146 sched sched_get_priority_max(policy: i32)
                roots[] promises[stdio] errors[EINVAL];
            147 sched sched_get_priority_min(policy: i32)
                roots[] promises[stdio] errors[EINVAL];
            148 sched sched_rr_get_interval(pid: pid, interval: output[Timespec])
                roots[] promises[stdio] errors[EINVAL ESRCH];
            149 memory mlock(addr: address, len: usize)
                roots[] promises[stdio] errors[EINVAL EPERM];
            150 memory munlock(addr: address, len: usize)
                roots[] promises[stdio] errors[EINVAL];
            151 memory mlockall(flags: u32)
                roots[] promises[stdio] errors[EINVAL EPERM];
            152 memory munlockall()
                roots[] promises[stdio] errors[];
            157 process prctl(option: i32, arg2: u64, arg3: u64, arg4: u64, arg5: u64)
                roots[] promises[stdio] errors[EINVAL EPERM];
            158 process arch_prctl(option: i32, addr: address)
                roots[] promises[stdio] errors[EINVAL EPERM ENODEV];
            159 time adjtimex(buf: update[Timex])
                roots[] promises[settime] errors[EINVAL EPERM ECAPMODE];
            160 process setrlimit(resource: u32, limit: input[Rlimit])
                roots[] promises[proc id] errors[EINVAL EPERM];
            161 paths chroot(path: path)
                roots[namespace] promises[] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM ECAPMODE];
            162 system sync()
                roots[] promises[stdio] errors[];
            164 time settimeofday(time: input[Timeval], zone: input[Timezone])
                roots[clock] promises[settime] errors[EINVAL EPERM ECAPMODE];
            165 paths mount(source: path, target: path, kind: path, flags: u64, data: address)
                roots[namespace system] promises[] errors[EACCES EINVAL ELOOP ENAMETOOLONG ENODEV ENOENT ENOTDIR EPERM ECAPMODE];
            166 paths umount2(path: path, flags: u32)
                roots[namespace system] promises[] errors[EACCES EBUSY EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM ECAPMODE];
            169 system reboot(magic: u32, magic2: u32, command: u32, argument: address)
                roots[system] promises[] errors[EINVAL EPERM ECAPMODE];
            170 system sethostname(name: source[len], len: length)
                roots[system] promises[] errors[EINVAL EPERM ECAPMODE];
            171 system setdomainname(name: source[len], len: length)
                roots[system] promises[] errors[EINVAL EPERM ECAPMODE];
            186 process gettid()
                roots[] promises[stdio] errors[];
            187 files readahead(fd: cap[READ], offset: i64, count: usize)
                roots[] promises[stdio] errors[EBADF EINVAL ENOTCAPABLE];
            188 attributes setxattr(path: path, name: path, value: source[size], size: length, flags: u32)
                roots[] promises[fattr] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EOPNOTSUPP ERANGE ECAPMODE];
            189 attributes lsetxattr(path: path, name: path, value: source[size], size: length, flags: u32)
                roots[] promises[fattr] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EOPNOTSUPP ERANGE ECAPMODE];
            190 attributes fsetxattr(fd: cap[EXTATTR_SET], name: path, value: source[size], size: length, flags: u32)
                roots[] promises[fattr] errors[EBADF EOPNOTSUPP ERANGE ENOTCAPABLE];
            191 attributes getxattr(path: path, name: path, value: sink[size], size: length)
                roots[] promises[rpath] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EOPNOTSUPP ERANGE ECAPMODE];
            192 attributes lgetxattr(path: path, name: path, value: sink[size], size: length)
                roots[] promises[rpath] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EOPNOTSUPP ERANGE ECAPMODE];
            193 attributes fgetxattr(fd: cap[EXTATTR_GET], name: path, value: sink[size], size: length)
                roots[] promises[stdio] errors[EBADF EOPNOTSUPP ERANGE ENOTCAPABLE];
            194 attributes listxattr(path: path, list: sink[size], size: length)
                roots[] promises[rpath] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EOPNOTSUPP ECAPMODE];
            195 attributes llistxattr(path: path, list: sink[size], size: length)
                roots[] promises[rpath] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EOPNOTSUPP ECAPMODE];
            196 attributes flistxattr(fd: cap[EXTATTR_LIST], list: sink[size], size: length)
                roots[] promises[stdio] errors[EBADF EOPNOTSUPP ENOTCAPABLE];
            197 attributes removexattr(path: path, name: path)
                roots[] promises[fattr] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EOPNOTSUPP ERANGE ECAPMODE];
            198 attributes lremovexattr(path: path, name: path)
                roots[] promises[fattr] errors[EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EOPNOTSUPP ERANGE ECAPMODE];
            199 attributes fremovexattr(fd: cap[EXTATTR_DELETE], name: path)
                roots[] promises[fattr] errors[EBADF EOPNOTSUPP ERANGE ENOTCAPABLE];
            200 signals tkill(tid: pid, signal: signal)
                roots[] promises[always] errors[EINVAL EPERM ESRCH ECAPMODE];
            201 time time(seconds: output[i64])
                roots[] promises[stdio] errors[];
            202 futex futex(word: address, operation: u32, value: u32, timeout: address, word2: address, value3: u32)
                roots[] promises[always] errors[EAGAIN EINTR EINVAL ETIMEDOUT ENOSYS];
            203 sched sched_setaffinity(pid: pid, size: length, mask: source[size])
                roots[scheduling] promises[proc] errors[EINVAL EPERM ESRCH ECAPMODE];
            204 sched sched_getaffinity(pid: pid, size: length, mask: sink[size])
                roots[] promises[stdio] errors[EINVAL ESRCH];
            213 wait epoll_create(size: i32)
                roots[] promises[stdio] errors[EINVAL EMFILE];
            217 files getdents64(fd: cap[READ], buf: sink[size], size: length)
                roots[] promises[rpath] errors[EBADF EINVAL ENOENT ENOTDIR ENOTCAPABLE];
            218 process set_tid_address(tid: output[i32])
                roots[] promises[stdio] errors[];
            219 signals restart_syscall()
                roots[] promises[always] errors[EINTR];
            221 files fadvise64(fd: cap[], offset: i64, len: i64, advice: i32)
                roots[] promises[stdio] errors[EBADF EINVAL ESPIPE];
            222 time timer_create(clock: clock, event: input[Sigevent], id: output[i32])
                roots[] promises[stdio] errors[EAGAIN EINVAL EOPNOTSUPP];
            223 time timer_settime(id: i32, flags: u32, new: input[Itimerspec], old: output[Itimerspec])
                roots[] promises[stdio] errors[EINVAL];
            224 time timer_gettime(id: i32, value: output[Itimerspec])
                roots[] promises[stdio] errors[EINVAL];
            225 time timer_getoverrun(id: i32)
                roots[] promises[stdio] errors[EINVAL];
            226 time timer_delete(id: i32)
                roots[] promises[stdio] errors[EINVAL];
            227 time clock_settime(clock: clock, time: input[Timespec])
                roots[clock] promises[settime] errors[EINVAL EPERM ECAPMODE];
            228 time clock_gettime(clock: clock, time: output[Timespec])
                roots[] promises[stdio] errors[EINVAL];
            229 time clock_getres(clock: clock, resolution: output[Timespec])
                roots[] promises[stdio] errors[EINVAL];
            230 time clock_nanosleep(clock: clock, flags: u32, request: input[Timespec], remaining: output[Timespec])
                roots[] promises[stdio] errors[EINTR EINVAL EOPNOTSUPP];
            231 process exit_group(code: i32)
                roots[] promises[always] errors[];
            232 wait epoll_wait(set: poll_set[KQUEUE_EVENT], events: output[EpollEvent], max: i32, timeout_ms: i32)
                roots[] promises[stdio] errors[EBADF EINTR EINVAL ENOTCAPABLE];
            233 wait epoll_ctl(set: poll_set[KQUEUE_CHANGE], operation: i32, fd: slot, event: input[EpollEvent])
                roots[] promises[stdio] errors[EBADF EEXIST EINVAL ELOOP ENOENT EPERM ENOTCAPABLE];
            234 signals tgkill(pid: pid, tid: pid, signal: signal)
                roots[] promises[always] errors[EINVAL EPERM ESRCH ECAPMODE];
            235 paths utimes(path: path, times: input[[Timeval; 2]])
                roots[] promises[fattr] errors[EACCES EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE];
            247 process waitid(kind: u32, id: pid, info: output[Siginfo], options: flags[WaitFlags], usage: output[Rusage])
                roots[] promises[stdio] errors[EBADF ECHILD EINTR EINVAL ENOTCAPABLE];
            257 paths openat(directory: at[LOOKUP], path: path, flags: flags[OpenFlags], mode: mode)
                roots[] promises[rpath wpath cpath tty stdio getpw dns] errors[EACCES EBADF EEXIST EISDIR ELOOP EMFILE ENAMETOOLONG ENOENT ENOTDIR ENXIO EROFS EINVAL EPERM EINTR ECAPMODE ENOTCAPABLE];
            258 paths mkdirat(directory: at[LOOKUP MKDIRAT], path: path, mode: mode)
                roots[] promises[cpath] errors[EACCES EBADF EEXIST ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE ENOTCAPABLE];
            259 paths mknodat(directory: at[LOOKUP MKNODAT], path: path, mode: u32, device: u64)
                roots[] promises[cpath dpath] errors[EACCES EBADF EEXIST EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE ENOTCAPABLE];
            260 paths fchownat(directory: at[LOOKUP FCHOWN], path: path, uid: uid, gid: gid, flags: flags[AtFlags])
                roots[] promises[chown fattr] errors[EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE ENOTCAPABLE];
            261 paths futimesat(directory: at[LOOKUP FUTIMES], path: path, times: input[[Timeval; 2]])
                roots[] promises[fattr] errors[EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE ENOTCAPABLE];
            262 paths newfstatat(directory: at[LOOKUP FSTAT], path: path, buf: output[Stat], flags: flags[AtFlags])
                roots[] promises[rpath stdio] errors[EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR ECAPMODE ENOTCAPABLE];
            263 paths unlinkat(directory: at[LOOKUP UNLINKAT], path: path, flags: flags[AtFlags])
                roots[] promises[cpath] errors[EACCES EBADF EBUSY EINVAL EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR ENOTEMPTY EPERM EROFS ECAPMODE ENOTCAPABLE];
            264 paths renameat(old_directory: at[LOOKUP RENAMEAT_SOURCE], old: path, new_directory: at[LOOKUP RENAMEAT_TARGET], new: path)
                roots[] promises[cpath] errors[EACCES EBADF EBUSY EINVAL EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR ENOTEMPTY EPERM EROFS EXDEV ECAPMODE ENOTCAPABLE];
            265 paths linkat(old_directory: at[LOOKUP LINKAT_SOURCE], old: path, new_directory: at[LOOKUP LINKAT_TARGET], new: path, flags: flags[AtFlags])
                roots[] promises[cpath] errors[EACCES EBADF EEXIST EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS EXDEV ECAPMODE ENOTCAPABLE];
            266 paths symlinkat(target: path, directory: at[LOOKUP SYMLINKAT], path: path)
                roots[] promises[cpath] errors[EACCES EBADF EEXIST ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE ENOTCAPABLE];
            267 paths readlinkat(directory: at[LOOKUP], path: path, buf: sink[size], size: length)
                roots[] promises[rpath stdio] errors[EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR ECAPMODE ENOTCAPABLE];
            268 paths fchmodat(directory: at[LOOKUP FCHMOD], path: path, mode: mode)
                roots[] promises[fattr] errors[EACCES EBADF ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE ENOTCAPABLE];
            269 paths faccessat(directory: at[LOOKUP FSTAT], path: path, mode: flags[AccessMode])
                roots[] promises[rpath stdio] errors[EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EROFS ECAPMODE ENOTCAPABLE];
            270 wait pselect6(count: i32, read: update[u64], write: update[u64], except: update[u64], timeout: input[Timespec], mask: input[SelectMask])
                roots[] promises[stdio] errors[EBADF EINTR EINVAL];
            271 wait ppoll(fds: update[Pollfd], count: usize, timeout: input[Timespec], mask: input[SignalSet], size: usize)
                roots[] promises[stdio] errors[EINTR EINVAL];
            273 futex set_robust_list(head: address, size: usize)
                roots[] promises[stdio] errors[EINVAL];
            274 futex get_robust_list(pid: pid, head: output[u64], size: output[u64])
                roots[] promises[stdio] errors[EPERM ESRCH];
            277 files sync_file_range(fd: cap[FSYNC], offset: i64, count: i64, flags: u32)
                roots[] promises[stdio] errors[EBADF EINVAL ESPIPE ENOTCAPABLE];
            280 paths utimensat(directory: at[LOOKUP FUTIMES], path: path, times: input[[Timespec; 2]], flags: flags[AtFlags])
                roots[] promises[fattr] errors[EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ECAPMODE ENOTCAPABLE];
            281 wait epoll_pwait(set: poll_set[KQUEUE_EVENT], events: output[EpollEvent], max: i32, timeout_ms: i32, mask: input[SignalSet], size: usize)
                roots[] promises[stdio] errors[EBADF EINTR EINVAL ENOTCAPABLE];
            283 wait timerfd_create(clock: clock, flags: u32)
                roots[] promises[stdio] errors[EINVAL EMFILE];
            284 descriptors eventfd(initial: u32)
                roots[] promises[stdio] errors[EMFILE];
            285 files fallocate(fd: cap[WRITE SEEK_TELL SEEK_SET FTRUNCATE], mode: u32, offset: i64, len: i64)
                roots[] promises[stdio] errors[EBADF EFBIG EINVAL ENODEV ENOSPC EOPNOTSUPP ESPIPE ENOTCAPABLE];
            286 wait timerfd_settime(fd: cap[TIMER_SET], flags: u32, new: input[Itimerspec], old: output[Itimerspec])
                roots[] promises[stdio] errors[EBADF EINVAL ENOTCAPABLE];
            287 wait timerfd_gettime(fd: cap[TIMER_GET], value: output[Itimerspec])
                roots[] promises[stdio] errors[EBADF EINVAL ENOTCAPABLE];
            288 socket accept4(fd: socket[ACCEPT], address: output[SocketAddress], size: update[u32], flags: flags[OpenFlags])
                roots[] promises[inet unix] errors[EAGAIN EBADF EINTR EINVAL EMFILE ENOTSOCK EOPNOTSUPP ENOTCAPABLE];
            290 descriptors eventfd2(initial: u32, flags: u32)
                roots[] promises[stdio] errors[EINVAL EMFILE];
            291 wait epoll_create1(flags: u32)
                roots[] promises[stdio] errors[EINVAL EMFILE];
            292 descriptors dup3(old: slot, new: slot, flags: flags[OpenFlags])
                roots[] promises[stdio] errors[EBADF EBUSY EINVAL];
            293 descriptors pipe2(fds: output[[i32; 2]], flags: flags[OpenFlags])
                roots[] promises[stdio] errors[EINVAL EMFILE];
            295 files preadv(fd: cap[READ SEEK_TELL SEEK_SET], iov: iovecs[count], count: length, offset: i64)
                roots[] promises[stdio] errors[EBADF EISDIR EINVAL ESPIPE ENOTCAPABLE];
            296 files pwritev(fd: cap[WRITE SEEK_TELL SEEK_SET], iov: iovecs[count], count: length, offset: i64)
                roots[] promises[stdio] errors[EBADF EINVAL ESPIPE ENOSPC EFBIG ENOTCAPABLE];
            297 signals rt_tgsigqueueinfo(pid: pid, tid: pid, signal: signal, info: input[Siginfo])
                roots[] promises[stdio] errors[EINVAL EPERM ESRCH EAGAIN ECAPMODE];
            299 socket recvmmsg(fd: socket[READ], messages: update[Mmsghdr], count: u32, flags: flags[MessageFlags], timeout: update[Timespec])
                roots[] promises[stdio] errors[EAGAIN EBADF ECONNRESET EINTR EINVAL EMSGSIZE ENOTCONN ENOTSOCK EOPNOTSUPP ENOTCAPABLE];
            302 process prlimit64(pid: pid, resource: u32, new: input[Rlimit], old: output[Rlimit])
                roots[] promises[stdio] errors[EINVAL EPERM ESRCH ECAPMODE];
            305 time clock_adjtime(clock: clock, buf: update[Timex])
                roots[] promises[settime] errors[EINVAL EOPNOTSUPP EPERM ECAPMODE];
            306 files syncfs(fd: cap[FSYNC])
                roots[] promises[stdio] errors[EBADF ENOTCAPABLE];
            307 socket sendmmsg(fd: socket[WRITE], messages: update[Mmsghdr], count: u32, flags: flags[MessageFlags])
                roots[] promises[stdio] errors[EACCES EAGAIN EBADF ECONNREFUSED EINTR EINVAL EISCONN EMSGSIZE ENOBUFS ENOENT ENOTCONN ENOTSOCK EOPNOTSUPP EPERM EPIPE EPROTOTYPE ETOOMANYREFS ESRCH ECAPMODE ENOTCAPABLE];
            309 sched getcpu(cpu: output[u32], node: output[u32])
                roots[] promises[stdio] errors[];
            310 remote_memory process_vm_readv(pid: pid, local: iovecs[local_count], local_count: length, remote: iovecs[remote_count], remote_count: length, flags: u32)
                roots[] promises[ptrace] errors[EINVAL EPERM ESRCH ECAPMODE];
            311 remote_memory process_vm_writev(pid: pid, local: iovecs[local_count], local_count: length, remote: iovecs[remote_count], remote_count: length, flags: u32)
                roots[] promises[ptrace] errors[EINVAL EPERM ESRCH ECAPMODE];
            314 sched sched_setattr(pid: pid, attributes: input[SchedAttr], flags: u32)
                roots[scheduling] promises[proc] errors[E2BIG EINVAL EPERM ESRCH ECAPMODE];
            315 sched sched_getattr(pid: pid, attributes: output[SchedAttr], size: u32, flags: u32)
                roots[] promises[stdio] errors[EINVAL ESRCH];
            316 paths renameat2(old_directory: at[LOOKUP RENAMEAT_SOURCE], old: path, new_directory: at[LOOKUP RENAMEAT_TARGET], new: path, flags: flags[RenameFlags])
                roots[] promises[cpath] errors[EACCES EBADF EBUSY EEXIST EINVAL EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR ENOTEMPTY EPERM EROFS EXDEV ECAPMODE ENOTCAPABLE];
            318 system getrandom(buf: sink[count], count: length, flags: u32)
                roots[] promises[stdio] errors[EINVAL];
            319 memory memfd_create(name: path, flags: flags[MemfdFlags])
                roots[] promises[stdio] errors[EINVAL EMFILE];
            322 process execveat(directory: at[LOOKUP FEXECVE], path: path, argv: input[u64], envp: input[u64], flags: flags[AtFlags])
                roots[] promises[exec] errors[E2BIG EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOEXEC ENOTDIR ELIBBAD ECAPMODE ENOTCAPABLE];
            324 sched membarrier(command: i32, flags: u32, cpu: i32)
                roots[] promises[stdio] errors[EINVAL];
            326 files copy_file_range(from: cap[READ], from_offset: update[i64], to: cap[WRITE], to_offset: update[i64], count: usize, flags: u32)
                roots[] promises[stdio] errors[EBADF EFBIG EINVAL EISDIR ENOSPC ENOTCAPABLE];
            327 files preadv2(fd: cap[READ], iov: iovecs[count], count: length, offset: i64, offset_high: u64, flags: u32)
                roots[] promises[stdio] errors[EBADF EINTR EISDIR EINVAL EIO EOPNOTSUPP ESPIPE EAGAIN ENOTCAPABLE];
            328 files pwritev2(fd: cap[WRITE], iov: iovecs[count], count: length, offset: i64, offset_high: u64, flags: u32)
                roots[] promises[stdio] errors[EBADF EINTR EINVAL EIO EOPNOTSUPP ESPIPE ENOSPC EFBIG EAGAIN EPIPE ENOTCAPABLE];
            332 paths statx(directory: at[LOOKUP FSTAT], path: path, flags: flags[AtFlags], mask: u32, buf: output[Statx])
                roots[] promises[rpath stdio] errors[EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR ECAPMODE ENOTCAPABLE];
            424 process pidfd_send_signal(process: process[PDKILL], signal: signal, info: input[Siginfo], flags: u32)
                roots[] promises[stdio] errors[EBADF EINVAL EPERM ESRCH ENOTCAPABLE];
            434 process pidfd_open(pid: pid, flags: u32)
                roots[signal] promises[proc] errors[EINVAL EMFILE ESRCH ECAPMODE];
            435 process clone3(arguments: input[CloneArgs], size: usize)
                roots[spawn] promises[proc thread] errors[E2BIG EAGAIN EINVAL ECAPMODE];
            436 descriptors close_range(first: u32, last: u32, flags: u32)
                roots[] promises[stdio] errors[EINVAL];
            437 paths openat2(directory: at[LOOKUP], path: path, how: input[OpenHow], size: usize)
                roots[] promises[rpath wpath cpath tty stdio getpw dns] errors[E2BIG EACCES EAGAIN EBADF EEXIST EISDIR ELOOP EMFILE ENAMETOOLONG ENOENT ENOTDIR ENXIO EROFS EINVAL EPERM EXDEV EINTR ECAPMODE ENOTCAPABLE];
            438 process pidfd_getfd(process: process[PROCESS_GETFD], slot: i32, flags: u32)
                roots[] promises[ptrace] errors[EBADF EINVAL EMFILE EPERM ESRCH ENOTCAPABLE];
            439 paths faccessat2(directory: at[LOOKUP FSTAT], path: path, mode: flags[AccessMode], flags: flags[AtFlags])
                roots[] promises[rpath stdio] errors[EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EROFS ECAPMODE ENOTCAPABLE];
            441 wait epoll_pwait2(set: poll_set[KQUEUE_EVENT], events: output[EpollEvent], max: i32, timeout: input[Timespec], mask: input[SignalSet], size: usize)
                roots[] promises[stdio] errors[EBADF EINTR EINVAL ENOTCAPABLE];
            449 futex futex_waitv(waiters: input[FutexWaitv], count: u32, flags: u32, timeout: input[Timespec], clock: clock)
                roots[] promises[stdio] errors[EAGAIN EINTR EINVAL ETIMEDOUT];
            452 paths fchmodat2(directory: at[LOOKUP FCHMOD], path: path, mode: mode, flags: flags[AtFlags])
                roots[] promises[fattr] errors[EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EOPNOTSUPP EPERM EROFS ECAPMODE ENOTCAPABLE];
            0x1000 capabilities cap_rights_limit(fd: slot, rights: input[[u64; 2]])
                roots[] promises[stdio] errors[EBADF EINVAL ENOTCAPABLE];
            0x1001 capabilities cap_rights_get(fd: cap[], rights: output[[u64; 2]])
                roots[] promises[stdio] errors[EBADF];
            0x1002 capabilities cap_ioctls_limit(fd: slot, requests: input[u32], count: usize)
                roots[] promises[stdio] errors[EBADF EINVAL ENOTCAPABLE];
            0x1003 capabilities cap_ioctls_get(fd: cap[], requests: output[u32], count: usize)
                roots[] promises[stdio] errors[EBADF];
            0x1004 capabilities cap_fcntls_limit(fd: slot, mask: u64)
                roots[] promises[stdio] errors[EBADF ENOTCAPABLE];
            0x1005 capabilities cap_fcntls_get(fd: cap[], mask: output[u64])
                roots[] promises[stdio] errors[EBADF];
            0x1006 capabilities cap_inherited_limit(fd: slot, rights: input[[u64; 2]])
                roots[] promises[stdio] errors[EBADF EINVAL ENOTCAPABLE ENOTDIR];
            0x1007 capabilities cap_inherited_get(fd: directory[], rights: output[[u64; 2]])
                roots[] promises[stdio] errors[EBADF ENOTDIR];
            0x1008 capabilities cap_derive(fd: cap[DERIVE], rights: input[[u64; 2]], deadline_ns: u64, flags: flags[OpenFlags])
                roots[] promises[stdio] errors[EBADF EINVAL EMFILE ENOTCAPABLE];
            0x1009 capabilities cap_revoke(fd: cap[REVOKE])
                roots[] promises[stdio] errors[EBADF ENOTCAPABLE];
            0x100a capabilities cap_grant_limit(fd: cap[REVOKE], rights: input[[u64; 2]])
                roots[] promises[stdio] errors[EBADF EINVAL ENOTCAPABLE];
            0x1010 authority pledge(promises: path, execpromises: path)
                roots[] promises[always] errors[EINVAL ENAMETOOLONG EPERM];
            0x1011 view unveil(path: path, permissions: path)
                roots[namespace] promises[unveil] errors[E2BIG EACCES EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM ECAPMODE];
            0x1012 authority cap_enter()
                roots[] promises[stdio] errors[];
            0x1013 authority cap_getmode(mode: output[u32])
                roots[] promises[stdio] errors[];
            0x1014 narrowing narrow(items: input[NarrowItem], count: usize, flags: u32)
                roots[] promises[always] errors[E2BIG EACCES EBADF EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM ENOTCAPABLE];
            0x1018 narrowing cap_learn(flags: u32)
                roots[] promises[stdio] errors[EINVAL EMFILE EPERM];
            0x1020 process pdfork(fd: output[i32], flags: u32)
                roots[spawn] promises[proc] errors[EAGAIN EINVAL EMFILE ECAPMODE];
            0x1021 process pdgetpid(fd: process[PDGETPID], pid: output[i32])
                roots[] promises[stdio] errors[EBADF ENOTCAPABLE];
            0x1022 process pdkill(fd: process[PDKILL], signal: signal)
                roots[] promises[stdio] errors[EBADF EINVAL EPERM ESRCH ENOTCAPABLE];
            0x1023 process pdwait(fd: process[PDWAIT], status: output[i32], options: flags[WaitFlags], usage: output[Rusage])
                roots[] promises[stdio proc] errors[EBADF ECHILD EINTR EINVAL ENOTCAPABLE];
            0x1024 process spawn(executable: cap[FEXECVE], arguments: input[SpawnArguments], size: usize)
                roots[spawn] promises[exec] errors[E2BIG EACCES EAGAIN EBADF EINVAL EMFILE ENOEXEC ENOENT ENOTDIR ELOOP ELIBBAD ECAPMODE ENOTCAPABLE];
        }
    };
}
