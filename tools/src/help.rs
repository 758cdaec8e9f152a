//! The manual.

/// What `help` prints.
pub const TEXT: &str = "\
Tessera: a capability kernel for x86-64 multiprocessors that runs Linux programs

  cargo run [-- OPTIONS]                         boot to a shell on this terminal
  cargo run -- exec [OPTIONS] PROGRAM [ARG…]     boot, run one program of this machine, end with its exit code
  cargo run -- iso FILE                          write a bootable image
  cargo run -- analyse FILE                      tell what a trace says about the scheduler
  cargo run -- gdb                               attach gdb to a machine started with --gdb
  cargo run -- help                              print this
  cargo run -- help calls                        print every system call with its rights, promises and errors

Options:
  --smp N            processors, 1 to 288 (8); `8,sockets=2,cores=2,threads=2` arranges them
  --mem SIZE         memory, such as 512M or 2G (1G)
  --accel WHICH      auto, tcg or kvm (auto: kvm only where the processor has it)
  --icount           count instructions instead of time: slower, and each run like the other
  --cpu MODEL        QEMU's processor model (max)
  --root DIR         lay this tree over the guest's files; may be given several times
  --cwd DIR          the program's working directory in the guest (as here; / for the shell)
  --env NAME=VALUE   set a variable of the program's environment; may be given several times
  --append ARGS      more words for the kernel's command line
  --timeout SECONDS  end with code 124 when the time is over
  --patience SECONDS time without a sign of life after which a guest that could run is taken to hang (30)
  --trace FILE       write a scheduler trace for ui.perfetto.dev and for analyse
  --gdb              stop before the first instruction until a debugger says to go on
  --log FILE         write the kernel's log there instead of to standard error

In a terminal, Ctrl-A x leaves, and Ctrl-A Ctrl-A is one Ctrl-A. Where standard input or output is none, the program's
standard input, output and error are passed through as they are.

Exit codes: the program's own; 128 + N if signal N ended it; 2 wrong command line; 124 time over; 125 the kernel
panicked or hangs, or the machine could not be started; 126 not executable; 127 not found.
";

/// What `help calls` prints: the page that is made from the table of system calls.
pub fn calls() -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = abi::table::document(&mut page);
    page
}
