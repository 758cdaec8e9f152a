//! What `confine` was asked to do.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use tessera::manifest::permissions;
use tessera::{Manifest, Promises, Rights, SlotNeeds};

/// How `confine` is called.
pub const USAGE: &str = "\
usage: confine [OPTION]… -- PROGRAM [ARGUMENT]…
       confine --learn [-o FILE] -- PROGRAM [ARGUMENT]…

Runs PROGRAM with what the options name. Of what no option speaks, nothing is taken.

  --promise WORDS      only calls that these promises cover, as pledge has it; several times if wanted
  --view PATH:LETTERS  only these paths, with r, w, x, c (create), b (browse)
  --slot N:RIGHTS      only these descriptors, with rights as in READ+FSTAT or reader
  --cpus LIST          only these CPUs, as in 0,2-3
  -f FILE              exactly what this manifest says
  --learn              take nothing, and write down what the program needs
  -o FILE              where the manifest goes; without it, to standard error";

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confinement {
    /// What the program keeps, from the options.
    pub keeps: Manifest,
    /// A manifest to read.
    pub manifest: Option<PathBuf>,
    /// The CPUs.
    pub cpus: Option<Vec<usize>>,
    /// Whether to watch instead of bind.
    pub mode: Mode,
    /// The program and its arguments.
    pub command: Vec<OsString>,
}

/// What to do with the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Take everything else from it.
    #[default]
    Bind,
    /// Write down what it needs, to this file or to standard error.
    Learn(Option<PathBuf>),
}

impl Confinement {
    /// Reads the arguments that follow the program's own name.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut asked = Self::default();
        let (mut learns, mut output) = (false, None);
        let mut arguments = arguments.into_iter();
        while let Some(option) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{} needs a value", option.display()));
            match option.to_str() {
                Some("--promise") => asked.promise(&text(value()?)?)?,
                Some("--view") => asked.view(value()?)?,
                Some("--slot") => asked.slot(&text(value()?)?)?,
                Some("--cpus") => asked.cpus = Some(cpu_list(&text(value()?)?)?),
                Some("-f") => asked.manifest = Some(value()?.into()),
                Some("-o") => output = Some(value()?.into()),
                Some("--learn") => learns = true,
                Some("--") => {
                    asked.command.extend(arguments.by_ref());
                }
                Some(other) if other.starts_with('-') => return Err(format!("`{other}` is not an option")),
                _ => {
                    asked.command.push(option);
                    asked.command.extend(arguments.by_ref());
                }
            }
        }
        if asked.command.is_empty() {
            return Err("a program is due".into());
        }
        if let Some(promises) = &mut asked.keeps.promises {
            *promises |= promises.implied();
        }
        let binds = asked.keeps != Manifest::default() || asked.manifest.is_some() || asked.cpus.is_some();
        match (learns, binds) {
            (true, true) => {
                return Err("--learn takes nothing from the program: it goes with no other option but -o".into());
            }
            (true, false) => asked.mode = Mode::Learn(output),
            (false, _) if output.is_some() => return Err("-o goes with --learn".into()),
            _ => {}
        }
        Ok(asked)
    }

    fn promise(&mut self, words: &str) -> Result<(), String> {
        let promises = self.keeps.promises.get_or_insert_with(Promises::empty);
        for word in words.split([' ', ',']).filter(|word| !word.is_empty()) {
            *promises |= Promises::from_word(word).ok_or_else(|| format!("`{word}` is not a promise"))?;
        }
        Ok(())
    }

    fn view(&mut self, value: OsString) -> Result<(), String> {
        let bytes = value.as_bytes();
        let colon = bytes.iter().rposition(|byte| *byte == b':').ok_or("--view takes PATH:LETTERS")?;
        let letters = std::str::from_utf8(&bytes[colon + 1..]).map_err(|_| "permissions are letters")?;
        let path = std::ffi::OsStr::from_bytes(&bytes[..colon]).into();
        self.keeps.view.get_or_insert_default().push((path, permissions(letters)?));
        Ok(())
    }

    fn slot(&mut self, value: &str) -> Result<(), String> {
        let (slot, rights) = value.split_once(':').ok_or("--slot takes N:RIGHTS")?;
        let slot = slot.parse().map_err(|_| format!("`{slot}` is not a slot"))?;
        let rights = Rights::parse(rights).ok_or_else(|| format!("`{rights}` names no rights"))?;
        let slots: &mut BTreeMap<u32, SlotNeeds> = self.keeps.slots.get_or_insert_default();
        slots.insert(slot, SlotNeeds { rights, ..SlotNeeds::default() });
        Ok(())
    }
}

fn text(value: OsString) -> Result<String, String> {
    value.into_string().map_err(|value| format!("{} is not text", value.display()))
}

/// CPUs as in `0,2-3`.
fn cpu_list(list: &str) -> Result<Vec<usize>, String> {
    /// More than any machine has.
    const CPUS_MAX: usize = 4096;
    let wrong = || format!("`{list}` is not a list of CPUs");
    let mut cpus = Vec::new();
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds: (usize, usize) = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
        if bounds.0 > bounds.1 || bounds.1 >= CPUS_MAX {
            return Err(wrong());
        }
        cpus.extend(bounds.0..=bounds.1);
    }
    Ok(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera::PathPermissions;

    fn parse(words: &str) -> Result<Confinement, String> {
        Confinement::parse(words.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_end_where_the_program_begins() {
        let asked =
            parse("--promise stdio,rpath --view /etc:r --view /a:b:rw --slot 1:WRITE --cpus 0,2-3 -- ls -f x").unwrap();
        let implied = Promises::THREAD | Promises::SIGACTION | Promises::MAP_FIXED;
        assert_eq!(asked.keeps.promises, Some(Promises::STDIO | Promises::RPATH | implied));
        assert_eq!(parse("--promise stdio,thread x").unwrap().keeps.promises, Some(Promises::STDIO | Promises::THREAD));
        let view = asked.keeps.view.unwrap();
        assert_eq!(view[1], ("/a:b".into(), PathPermissions::READ | PathPermissions::WRITE));
        assert_eq!(asked.keeps.slots.unwrap()[&1].rights, Rights::WRITE);
        assert_eq!(asked.cpus, Some(vec![0, 2, 3]));
        assert_eq!(asked.command, ["ls", "-f", "x"]);
        assert_eq!(parse("ls -l").unwrap().command, ["ls", "-l"]);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for words in [
            "",
            "--promise",
            "--promise tmppath -- x",
            "--view /etc -- x",
            "--view /etc:q -- x",
            "--slot 1 -- x",
            "--slot 1:REED -- x",
            "--cpus 3-1 -- x",
            "--cpus 0- -- x",
            "--learn --promise stdio -- x",
            "-o file -- x",
            "--frobnicate -- x",
        ] {
            assert!(parse(words).is_err(), "{words}");
        }
    }
}
