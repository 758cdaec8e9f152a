//! Debian and its children: QEMU from the backports suite where the release's own is too old.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::setup::packages::{Manager, Software, packages_of};
use crate::setup::plan::{Need, Plan};
use crate::setup::sources::{self, Source};

/// Debian releases whose own QEMU is older than 9 and whose backports suite has a newer one.
const BACKPORTED: &[&str] = &["bookworm"];
const SOURCES_FILE: &str = "/etc/apt/sources.list.d/tessera-backports.list";
/// dpkg's journal: has files while an installation is under way, or after one that was cut short.
const JOURNAL: &str = "/var/lib/dpkg/updates";

/// What the plan depends on.
#[derive(Debug, Default)]
struct Facts {
    /// The release's name.
    codename: Option<String>,
    sources: Vec<Source>,
    /// The packages of QEMU's source that are installed: they can move to another version only together.
    companions: Vec<String>,
    /// Whether the last installation did not come to its end.
    was_interrupted: bool,
}

/// The commands that install `wanted`.
pub fn plan(wanted: &[Software]) -> Plan {
    Facts::gather().plan(wanted)
}

impl Facts {
    fn gather() -> Self {
        Self {
            codename: codename(&fs::read_to_string("/etc/os-release").unwrap_or_default()),
            sources: sources::read(Path::new(SOURCES_FILE)),
            companions: companions(&installed()),
            was_interrupted: is_interrupted(),
        }
    }

    fn plan(&self, wanted: &[Software]) -> Plan {
        let mut plan = Plan::default();
        if self.was_interrupted {
            // Not all can be set up when only a part was unpacked; what lacks is fetched below.
            plan.add(Need::Helpful, "dpkg --configure -a");
        }
        let suite = self.backports().filter(|_| wanted.contains(&Software::Qemu));
        if let Some((suite, Some(mirror))) = &suite {
            plan.add(Need::Required, format!("echo \"{}\" > {SOURCES_FILE}", mirror.line_for(suite)));
        }
        plan.add(Need::Helpful, "apt-get update");
        let mut install = Manager::Apt.install().to_owned();
        let mut packages = packages_of(wanted, Manager::Apt);
        if let Some((suite, _)) = &suite {
            install += &format!(" -t {suite}");
            let is_new = |name: &&str| !packages.contains(name);
            packages.extend(self.companions.iter().map(String::as_str).filter(is_new).collect::<Vec<_>>());
        }
        if self.was_interrupted {
            plan.add(Need::Helpful, format!("{install} --fix-broken"));
        }
        plan.add(Need::Required, format!("{install} {}", packages.join(" ")));
        plan
    }

    /// The suite that has a newer QEMU than the release, and the mirror at which it must be added to the sources, if
    /// they do not have it yet. None if the release's own will do or no mirror is known.
    fn backports(&self) -> Option<(String, Option<&Source>)> {
        let codename = self.codename.as_deref().filter(|name| BACKPORTED.contains(name))?;
        let suite = format!("{codename}-backports");
        if self.sources.iter().any(|source| source.suite == suite) {
            return Some((suite, None));
        }
        let mirror = sources::find_mirror(&self.sources, codename)?;
        Some((suite, Some(mirror)))
    }
}

/// Whether dpkg was cut short, or left packages that are not whole.
fn is_interrupted() -> bool {
    let has_journal = fs::read_dir(JOURNAL).is_ok_and(|mut entries| entries.next().is_some());
    has_journal || Command::new("dpkg").arg("--audit").output().is_ok_and(|output| !output.stdout.is_empty())
}

/// A line for each package that dpkg knows: its source, its state, its name.
fn installed() -> String {
    let format = "-f=${source:Package} ${db:Status-Status} ${Package}\\n";
    let output = Command::new("dpkg-query").args(["-W", format]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn companions(installed: &str) -> Vec<String> {
    let name = |line: &str| line.strip_prefix("qemu installed ").map(str::to_owned);
    installed.lines().filter_map(name).collect()
}

fn codename(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bookworm(suites: &[&str]) -> Facts {
        let source = |suite: &&str| Source {
            uri: "http://m.example/debian".into(),
            suite: (*suite).to_owned(),
            options: vec!["signed-by=/k.gpg".into()],
        };
        let sources = suites.iter().map(source).collect();
        Facts { codename: Some("bookworm".into()), sources, ..Facts::default() }
    }

    fn commands(facts: &Facts, wanted: &[Software]) -> Vec<String> {
        facts.plan(wanted).steps().iter().map(|step| step.command.clone()).collect()
    }

    #[test]
    fn the_codename_is_read_from_os_release() {
        assert_eq!(codename("ID=debian\nVERSION_CODENAME=bookworm\n").as_deref(), Some("bookworm"));
        assert_eq!(codename("VERSION_CODENAME=\"trixie\"\n").as_deref(), Some("trixie"));
        assert_eq!(codename("ID=arch\n"), None);
    }

    #[test]
    fn an_old_release_gets_its_backports_at_the_mirror_it_names() {
        let facts = Facts {
            companions: vec!["qemu-system-x86".into(), "qemu-utils".into()],
            ..bookworm(&["bookworm", "bookworm-updates"])
        };
        let expected = [
            "echo \"deb [signed-by=/k.gpg] http://m.example/debian bookworm-backports main\" \
             > /etc/apt/sources.list.d/tessera-backports.list",
            "apt-get update",
            "apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends --no-remove -t bookworm-backports \
             busybox-static qemu-system-x86 qemu-utils",
        ];
        assert_eq!(commands(&facts, &[Software::Busybox, Software::Qemu]), expected);
    }

    #[test]
    fn what_comes_from_qemus_source_moves_together() {
        let installed = "qemu installed qemu-utils\nbash installed bash\nqemu config-files qemu-system-arm\n\
                         qemu installed qemu-system-gui\n";
        assert_eq!(companions(installed), ["qemu-utils", "qemu-system-gui"]);
    }

    #[test]
    fn backports_that_are_there_are_not_added_again() {
        let commands = commands(&bookworm(&["bookworm", "bookworm-backports"]), &[Software::Qemu]);
        assert_eq!(commands.len(), 2);
        assert!(commands[1].ends_with(" -t bookworm-backports qemu-system-x86"), "{commands:?}");
    }

    #[test]
    fn only_an_old_releases_qemu_comes_from_backports() {
        let trixie = Facts { codename: Some("trixie".into()), ..bookworm(&["trixie"]) };
        for (facts, software) in [(&bookworm(&["bookworm"]), Software::Busybox), (&trixie, Software::Qemu)] {
            let commands = commands(facts, &[software]);
            assert_eq!(commands.len(), 2, "{commands:?}");
            assert!(!commands[1].contains("backports"), "{commands:?}");
        }
    }

    #[test]
    fn an_installation_that_was_cut_short_is_ended_first() {
        let facts = Facts { was_interrupted: true, ..bookworm(&["bookworm"]) };
        let commands = commands(&facts, &[Software::Bash]);
        assert_eq!(commands[..2], ["dpkg --configure -a", "apt-get update"]);
        assert!(commands[2].ends_with(" --fix-broken"), "{commands:?}");
        assert!(commands[3].ends_with(" bash"), "{commands:?}");
    }
}
