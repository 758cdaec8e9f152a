//! What the person asked for: the command line, parsed and checked.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use lexopt::Arg::{Long, Short, Value};
use lexopt::{Parser, ValueExt};

use crate::failure::{Failure, Result};
use crate::session::watchdog::PATIENCE;

/// The most processors that the kernel has room for.
pub const MAX_PROCESSORS: u32 = 288;
/// The least memory that a boot fits in.
const MIN_MEMORY: u64 = 48 << 20;

/// One of the things this tool does.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Boot to a shell on this terminal.
    Shell(Options),
    /// Boot, run one program of the host, and end as it ends.
    Exec(Options, Program),
    /// Boot a kernel with the in-kernel tests, and run the one of this name. For the project's own tests.
    SelfTest(Options, String),
    /// Boot with this file as the initramfs. For the project's own tests.
    Archive(Options, PathBuf),
    /// Write a bootable image.
    Iso(PathBuf),
    /// Tell what a trace says about the scheduler.
    Analyse(PathBuf),
    /// Attach gdb to a machine that was started with `--gdb`.
    Gdb,
    /// Print the manual.
    Help,
    /// Print the page about the system calls.
    HelpCalls,
    /// Internal: become the given program, and die with the process that asked for it.
    Launch(Vec<OsString>),
}

/// A program of the host and its arguments.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    /// As typed: a path, or a name to be searched in PATH.
    pub name: OsString,
    /// Its arguments, without the name.
    pub arguments: Vec<OsString>,
}

/// Which accelerator QEMU is to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accelerator {
    /// KVM where the processor has it and we may use it, else TCG.
    #[default]
    Auto,
    /// QEMU's own translator.
    Tcg,
    /// The host kernel's virtual machine.
    Kvm,
}

/// What the guest's clock follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The host's time.
    #[default]
    Host,
    /// The instructions executed: deterministic, one processor at a time.
    Instructions,
}

/// Whether the machine waits for a debugger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Debugger {
    /// No debugger.
    #[default]
    None,
    /// The machine starts stopped and waits for `gdb`.
    Wait,
}

/// The options that `exec` and the shell share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `--smp N`
    pub processors: u32,
    /// `--smp N,…`: how they are arranged, as QEMU takes it, the comma included.
    pub arrangement: String,
    /// `--mem SIZE`, in bytes.
    pub memory: u64,
    /// `--accel`
    pub accelerator: Accelerator,
    /// `--icount`
    pub clock: Clock,
    /// `--cpu MODEL`
    pub cpu: String,
    /// `--root DIR`, in the order given.
    pub roots: Vec<PathBuf>,
    /// `--cwd DIR`, a path in the guest.
    pub cwd: Option<PathBuf>,
    /// `--env K=V`, in the order given.
    pub env: Vec<OsString>,
    /// `--append "kernel args"`
    pub append: String,
    /// `--timeout SECONDS`
    pub timeout: Option<Duration>,
    /// `--patience SECONDS`: how long a guest that could run may give no sign of life.
    pub patience: Duration,
    /// `--gdb`
    pub debugger: Debugger,
    /// `--log FILE`
    pub log: Option<PathBuf>,
    /// `--trace FILE`
    pub trace: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            processors: 8,
            arrangement: String::new(),
            memory: 1 << 30,
            accelerator: Accelerator::Auto,
            clock: Clock::Host,
            cpu: "max".into(),
            roots: Vec::new(),
            cwd: None,
            env: Vec::new(),
            append: String::new(),
            timeout: None,
            patience: PATIENCE,
            debugger: Debugger::None,
            log: None,
            trace: None,
        }
    }
}

/// Parses the arguments, without the tool's own name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let mut parser = Parser::from_args(arguments);
    let mut options = Options::default();
    let mut verb = Verb::None;
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long(name) => {
                let name = name.to_owned();
                parse_option(&name, &mut parser, &mut options)?;
            }
            Value(name) if verb == Verb::Exec => {
                let arguments = parser.raw_args().map_err(usage)?.collect();
                check(&options)?;
                return finish_exec(options, Program { name, arguments });
            }
            Value(name) if verb == Verb::SelfTest => {
                check(&options)?;
                return Ok(Command::SelfTest(options, name.string().map_err(usage)?));
            }
            Value(file) if verb == Verb::Archive => {
                check(&options)?;
                return Ok(Command::Archive(options, file.into()));
            }
            Value(word) if word == "exec" && options == Options::default() => verb = Verb::Exec,
            Value(word) if word == "selftest" && options == Options::default() => verb = Verb::SelfTest,
            Value(word) if word == "archive" && options == Options::default() => verb = Verb::Archive,
            Value(word) if options == Options::default() => return parse_word(&word, &mut parser),
            Value(word) => return Err(Failure::usage(format!("unexpected argument {}", word.display()))),
            other => return Err(usage(other.unexpected())),
        }
    }
    check(&options)?;
    match verb {
        Verb::None => Ok(Command::Shell(options)),
        Verb::Exec => Err(Failure::usage("exec: no program given")),
        Verb::SelfTest => Err(Failure::usage("selftest: no test given")),
        Verb::Archive => Err(Failure::usage("archive: no file given")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    None,
    Exec,
    SelfTest,
    Archive,
}

fn parse_word(word: &OsString, parser: &mut Parser) -> Result<Command> {
    let rest: Vec<OsString> = parser.raw_args().map_err(usage)?.collect();
    match (word.as_bytes(), rest.as_slice()) {
        (b"iso", [file]) => Ok(Command::Iso(file.into())),
        (b"iso", _) => Err(Failure::usage("iso: give one file to write the image to")),
        (b"analyse", [file]) => Ok(Command::Analyse(file.into())),
        (b"analyse", _) => Err(Failure::usage("analyse: give the file that --trace wrote")),
        (b"gdb", []) => Ok(Command::Gdb),
        (b"help", [topic]) if topic == "calls" => Ok(Command::HelpCalls),
        (b"help", _) => Ok(Command::Help),
        (b"gdb", _) => Err(Failure::usage("gdb takes no argument")),
        (b"launch", [_, ..]) => Ok(Command::Launch(rest)),
        _ => Err(Failure::usage(format!("unknown command {}", word.display()))),
    }
}

fn parse_option(name: &str, parser: &mut Parser, options: &mut Options) -> Result<()> {
    match name {
        "smp" => (options.processors, options.arrangement) = parse_processors(&text(name, parser)?)?,
        "mem" => options.memory = parse_size(&text(name, parser)?)?,
        "accel" => options.accelerator = parse_accelerator(&text(name, parser)?)?,
        "icount" => options.clock = Clock::Instructions,
        "cpu" => options.cpu = parse_model(text(name, parser)?)?,
        "root" => options.roots.push(parse_root(value(name, parser)?)?),
        "cwd" => options.cwd = Some(parse_cwd(value(name, parser)?)?),
        "env" => options.env.push(parse_environment(value(name, parser)?)?),
        "append" => options.append = parse_append(text(name, parser)?)?,
        "timeout" => options.timeout = Some(parse_seconds(name, &text(name, parser)?)?),
        "patience" => options.patience = parse_seconds(name, &text(name, parser)?)?,
        "trace" => options.trace = Some(value(name, parser)?.into()),
        "gdb" => options.debugger = Debugger::Wait,
        "log" => options.log = Some(value(name, parser)?.into()),
        _ => return Err(Failure::usage(format!("unknown option --{name}"))),
    }
    Ok(())
}

fn check(options: &Options) -> Result<()> {
    if options.clock == Clock::Instructions && options.accelerator == Accelerator::Kvm {
        return Err(Failure::usage("--icount needs TCG; it cannot be combined with --accel kvm"));
    }
    Ok(())
}

fn finish_exec(options: Options, program: Program) -> Result<Command> {
    if program.name.is_empty() {
        return Err(Failure::usage("exec: empty program name"));
    }
    Ok(Command::Exec(options, program))
}

fn usage(error: lexopt::Error) -> Failure {
    Failure::usage(error.to_string())
}

fn value(name: &str, parser: &mut Parser) -> Result<OsString> {
    parser.value().map_err(|_| Failure::usage(format!("--{name}: a value is missing")))
}

fn text(name: &str, parser: &mut Parser) -> Result<String> {
    value(name, parser)?.string().map_err(|_| Failure::usage(format!("--{name}: the value is not UTF-8")))
}

/// A number, perhaps followed by how the processors are arranged: `8,sockets=2,cores=2,threads=2`.
fn parse_processors(text: &str) -> Result<(u32, String)> {
    let (count, arrangement) = text.split_at(text.find(',').unwrap_or(text.len()));
    let count = match count.parse() {
        Ok(count) if (1..=MAX_PROCESSORS).contains(&count) => count,
        _ => return Err(Failure::usage(format!("--smp: {count} is not a number from 1 to {MAX_PROCESSORS}"))),
    };
    let is_level = |part: &str| {
        part.split_once('=').is_some_and(|(level, number)| {
            ["sockets", "dies", "cores", "threads"].contains(&level)
                && number.parse().is_ok_and(|number: u32| number > 0)
        })
    };
    match arrangement.split(',').skip(1).find(|part| !is_level(part)) {
        None => Ok((count, arrangement.to_owned())),
        Some(part) => Err(Failure::usage(format!("--smp: {part} is not sockets=N, dies=N, cores=N or threads=N"))),
    }
}

/// `SIZE` as QEMU understands it: a number of MiB, or one with the suffix K, M, G.
fn parse_size(text: &str) -> Result<u64> {
    let wrong = || Failure::usage(format!("--mem: {text} is not a size such as 512M or 2G, at least 48M"));
    let (digits, shift) = match text.char_indices().next_back() {
        Some((at, 'K' | 'k')) => (&text[..at], 10),
        Some((at, 'M' | 'm')) => (&text[..at], 20),
        Some((at, 'G' | 'g')) => (&text[..at], 30),
        _ => (text, 20),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let bytes = number.checked_mul(1 << shift).ok_or_else(wrong)?;
    if (MIN_MEMORY..=1 << 46).contains(&bytes) { Ok(bytes) } else { Err(wrong()) }
}

fn parse_accelerator(text: &str) -> Result<Accelerator> {
    match text {
        "auto" => Ok(Accelerator::Auto),
        "tcg" => Ok(Accelerator::Tcg),
        "kvm" => Ok(Accelerator::Kvm),
        _ => Err(Failure::usage(format!("--accel: {text} is none of auto, tcg, kvm"))),
    }
}

fn parse_model(text: String) -> Result<String> {
    if text.is_empty() || text.starts_with('-') || text.contains(char::is_whitespace) {
        return Err(Failure::usage(format!("--cpu: {text} is not a processor model")));
    }
    Ok(text)
}

fn parse_root(value: OsString) -> Result<PathBuf> {
    let path = PathBuf::from(value);
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(path),
        Ok(_) => Err(Failure::usage(format!("--root: {} is not a directory", path.display()))),
        Err(error) => Err(Failure::usage(format!("--root: {}: {error}", path.display()))),
    }
}

fn parse_cwd(value: OsString) -> Result<PathBuf> {
    let path = PathBuf::from(value);
    if path.is_absolute() {
        return Ok(path);
    }
    Err(Failure::usage(format!("--cwd: {} is not an absolute path", path.display())))
}

fn parse_environment(value: OsString) -> Result<OsString> {
    let bytes = value.into_vec();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(1..) => Ok(OsString::from_vec(bytes)),
        _ => Err(Failure::usage(format!("--env: {} is not NAME=VALUE", String::from_utf8_lossy(&bytes)))),
    }
}

fn parse_append(text: String) -> Result<String> {
    if text.contains(['\n', '\r']) {
        return Err(Failure::usage("--append: the kernel's command line is one line"));
    }
    Ok(text)
}

fn parse_seconds(name: &str, text: &str) -> Result<Duration> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| Failure::usage(format!("--{name}: {text} is not a positive number of seconds")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &[&str]) -> Result<Command> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn processors_may_be_arranged() {
        let Command::Shell(options) = parse_words(&["--smp", "8,sockets=2,cores=2,threads=2"]).unwrap() else {
            panic!("not a shell")
        };
        assert_eq!((options.processors, options.arrangement.as_str()), (8, ",sockets=2,cores=2,threads=2"));
    }

    #[test]
    fn nothing_means_a_shell_on_eight_processors() {
        assert_eq!(parse_words(&[]).unwrap(), Command::Shell(Options::default()));
    }

    #[test]
    fn options_after_the_program_belong_to_the_program() {
        let command = parse_words(&["exec", "--smp=2", "--mem", "64M", "ls", "--smp", "3", "-l"]).unwrap();
        let options = Options { processors: 2, memory: 64 << 20, ..Options::default() };
        let arguments = ["--smp", "3", "-l"].map(OsString::from).to_vec();
        assert_eq!(command, Command::Exec(options, Program { name: "ls".into(), arguments }));
    }

    #[test]
    fn a_double_dash_ends_the_options() {
        let command = parse_words(&["exec", "--", "--odd", "x"]).unwrap();
        let program = Program { name: "--odd".into(), arguments: vec!["x".into()] };
        assert_eq!(command, Command::Exec(Options::default(), program));
    }

    #[test]
    fn wrong_command_lines_are_usage_errors() {
        let wrong: &[&[&str]] = &[
            &["exec"],
            &["--smp", "0"],
            &["--smp", "289"],
            &["--smp", "8,sockets"],
            &["--smp", "8,threads=0"],
            &["--smp", "8,maxcpus=9"],
            &["--smp"],
            &["--mem", "12Q"],
            &["--mem", "99999999999G"],
            &["--accel", "hvf"],
            &["--icount", "--accel", "kvm"],
            &["--root", "/no/such/directory"],
            &["--cwd", "relative"],
            &["--env", "=value"],
            &["--env", "novalue"],
            &["--timeout", "0"],
            &["--timeout", "soon"],
            &["--patience", "-1"],
            &["--append", "two\nlines"],
            &["--bogus"],
            &["-x"],
            &["frobnicate"],
            &["--smp", "2", "exec", "ls"],
            &["iso"],
            &["analyse"],
            &["--trace"],
            &["gdb", "now"],
            &["exec", ""],
        ];
        for words in wrong {
            let failure = parse_words(words).expect_err(&format!("{words:?}"));
            assert_eq!(failure.code, crate::failure::USAGE, "{words:?}");
        }
    }
}
