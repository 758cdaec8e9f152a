//! Installing what is missing by the system's own package manager, where the user may do so.

use std::fs;
use std::io::{BufRead, BufReader, stderr};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::{Context, Failure, Result};
use crate::project::Project;
use crate::setup::apt;
use crate::setup::packages::{MANAGERS, Manager, Software, packages_of};
use crate::setup::plan::{Need, Plan};
use crate::setup::programs::find_in_path;

/// By whose right packages are installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Privilege {
    /// We are root.
    Root,
    /// `sudo` asks for no password.
    Sudo,
    /// Nobody's without typing.
    None,
}

/// What a package manager says when it fails, in its own words, and what that means.
const COMPLAINTS: &[(&str, &str)] = &[
    ("E: Could not get lock", "another package manager is at work; try again when it has finished"),
    ("dpkg was interrupted", "an earlier installation was cut short; as root, `dpkg --configure -a` ends it"),
    ("Unmet dependencies.", "an earlier installation was cut short; as root, `apt-get --fix-broken install` ends it"),
    ("No space left on device", "the disk is full"),
    ("You don't have enough free space", "the disk is full"),
    ("Temporary failure resolving", "the packages' mirror is out of reach; is there a network?"),
    ("Could not resolve", "the packages' mirror is out of reach; is there a network?"),
    ("Could not connect", "the packages' mirror is out of reach; is there a network?"),
    ("Network is unreachable", "the packages' mirror is out of reach; is there a network?"),
    ("have unmet dependencies", "it conflicts with packages that are installed already"),
    ("is invalid for APT::Default-Release", "the packages' mirror has no lists of the suite of backports"),
    ("Packages need to be removed", "it conflicts with packages that are installed already"),
    ("Unable to locate package", "the sources of this system do not offer it"),
    ("has no installation candidate", "the sources of this system do not offer it"),
];

/// Installs all of `wanted`, or says with which one command the user can. The caller holds the lock `packages`.
pub fn install(project: &Project, wanted: &[Software]) -> Result<()> {
    let Some((_, manager)) = MANAGERS.iter().find(|(program, _)| find_in_path(program).is_some()) else {
        return Err(Failure::machine(without_manager(wanted)));
    };
    let packages = packages_of(wanted, *manager).join(", ");
    let plan = plan(*manager, wanted);
    let privilege = privilege();
    if privilege == Privilege::None {
        let become_root = if find_in_path("sudo").is_some() { "sudo sh -c" } else { "su -c" };
        let command = plan.as_one_command(become_root);
        return Err(Failure::machine(format!("{packages} must be installed; please run: {command}")));
    }
    eprintln!("tessera: installing {packages} (this can take some minutes)");
    let marker = marker(project);
    let names: String = wanted.iter().map(|software| format!("{software:?}\n")).collect();
    fs::write(&marker, names).context(|| format!("cannot write {}", marker.display()))?;
    let mut complaints = Vec::new();
    for step in plan.steps() {
        eprintln!("tessera: {}", step.command);
        if !run_as_root(privilege, &step.command, &mut complaints)? && step.need == Need::Required {
            let reason = explain(&complaints).map(|reason| format!(": {reason}")).unwrap_or_default();
            return Err(Failure::machine(format!("{packages} could not be installed{reason}")));
        }
    }
    eprintln!("tessera: installed {packages}");
    forget_attempt(project);
    Ok(())
}

/// Whether installing `software` was begun and not ended, so that what is there of it may be a part: a program may
/// well be in its place and its data missing.
pub fn was_cut_short(project: &Project, software: Software) -> bool {
    fs::read_to_string(marker(project)).is_ok_and(|names| names.lines().any(|name| name == format!("{software:?}")))
}

/// Takes what is there as good.
pub fn forget_attempt(project: &Project) {
    // It may not be there.
    let _ = fs::remove_file(marker(project));
}

/// Is there while an installation is under way, with what it installs; one that fails or is killed leaves it.
fn marker(project: &Project) -> PathBuf {
    project.output.join("installing")
}

fn plan(manager: Manager, wanted: &[Software]) -> Plan {
    if manager == Manager::Apt {
        return apt::plan(wanted);
    }
    let mut plan = Plan::default();
    plan.add(Need::Required, format!("{} {}", manager.install(), packages_of(wanted, manager).join(" ")));
    plan
}

fn without_manager(wanted: &[Software]) -> String {
    let names: Vec<&str> = wanted.iter().map(|software| software.name()).collect();
    let known: Vec<&str> = MANAGERS.iter().map(|(program, _)| *program).collect();
    format!(
        "this system has no package manager that I know ({}); please install: {}",
        known.join(", "),
        names.join("; ")
    )
}

/// Runs a line of shell as root, its output on standard error; keeps the lines in which it complains. Says whether it
/// succeeded.
fn run_as_root(privilege: Privilege, line: &str, complaints: &mut Vec<String>) -> Result<bool> {
    // sudo gives its own environment. The messages must be those that we know.
    let environment = ["DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"];
    let mut command = match privilege {
        Privilege::Sudo => Command::new("sudo"),
        _ => Command::new("env"),
    };
    if privilege == Privilege::Sudo {
        command.args(["-n", "env"]);
    }
    let output = stderr().as_fd().try_clone_to_owned().context(|| "cannot use standard error".into())?;
    command.args(environment).args(["sh", "-c", line]);
    command.stdin(Stdio::null()).stdout(Stdio::from(output)).stderr(Stdio::piped());
    let mut child = command.spawn().context(|| "cannot start a shell".into())?;
    for text in
        child.stderr.take().into_iter().flat_map(|stream| BufReader::new(stream).lines()).map_while(|text| text.ok())
    {
        eprintln!("{text}");
        complaints.push(text);
    }
    Ok(child.wait().context(|| "cannot wait for a shell".into())?.success())
}

/// What the first complaint that we know means.
fn explain(complaints: &[String]) -> Option<&'static str> {
    COMPLAINTS.iter().find(|(words, _)| complaints.iter().any(|line| line.contains(words))).map(|(_, meaning)| *meaning)
}

/// How packages may be installed here.
fn privilege() -> Privilege {
    if rustix::process::geteuid().is_root() {
        return Privilege::Root;
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if sudo.status().is_ok_and(|status| status.success()) { Privilege::Sudo } else { Privilege::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_explained_by_its_cause_and_not_by_what_followed() {
        let explain = |lines: &[&str]| explain(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
        let offline = [
            "W: Failed to fetch http://m/dists/x/InRelease  Temporary failure resolving 'm'",
            "E: Unable to locate package busybox-static",
        ];
        assert!(explain(&offline).unwrap().contains("network"));
        assert!(explain(&offline[1..]).unwrap().contains("sources"));
        let locked = ["E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)", offline[1]];
        assert!(explain(&locked).unwrap().contains("at work"));
        assert_eq!(explain(&["Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend."]), None);
        assert_eq!(explain(&["E: Something new"]), None);
    }

    #[test]
    fn without_a_manager_the_software_is_named() {
        let text = without_manager(&[Software::Busybox, Software::Qemu]);
        assert!(text.contains("apt-get") && text.contains("busybox; QEMU"), "{text}");
    }
}
