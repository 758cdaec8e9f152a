//! Debian and its children: QEMU from the backports suite where the release's own is too old.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::setup::packages::Software;

/// Debian releases whose own QEMU is older than 9 and whose backports suite has a newer one.
const BACKPORTED: &[&str] = &["bookworm"];
const SOURCES_FILE: &str = "/etc/apt/sources.list.d/tessera-backports.list";

/// A source of packages as the system's lists name it.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    uri: String,
    suite: String,
    /// The keyring that signs it, if the list names one.
    signed_by: Option<String>,
}

/// The lines that install `packages`, to be run by root: `install` is the plain command.
/// QEMU on a release that [`BACKPORTED`] lists comes from the suite beside it, at the mirror that the lists name.
pub fn script(software: Software, install: &str, packages: &[&str]) -> String {
    let codename = codename(&fs::read_to_string("/etc/os-release").unwrap_or_default());
    let update = "apt-get update || true";
    let Some(codename) = codename.filter(|name| BACKPORTED.contains(&name.as_str())) else {
        return format!("{update}\n{install}");
    };
    let suite = format!("{codename}-backports");
    if software != Software::Qemu {
        return format!("{update}\n{install}");
    }
    let from_backports = format!("{install} -t {suite}");
    let sources = read_sources();
    if sources.iter().any(|source| source.suite == suite) {
        return format!("{update}\n{from_backports}{}", companions(packages));
    }
    let Some(source) = sources.iter().find(|source| source.suite == codename) else {
        return format!("{update}\n{install}");
    };
    let line = backports_line(source, &suite);
    format!("echo '{line}' > {SOURCES_FILE}\n{update}\n{from_backports}{}", companions(packages))
}

fn backports_line(source: &Source, suite: &str) -> String {
    match &source.signed_by {
        Some(keyring) => format!("deb [signed-by={keyring}] {} {suite} main", source.uri),
        None => format!("deb {} {suite} main", source.uri),
    }
}

/// Packages of the same source that are installed already must move to the same version with it.
fn companions(packages: &[&str]) -> String {
    let is_installed = |name: &&&str| {
        let query = Command::new("dpkg-query").args(["-W", "-f=${Status}", name]).output();
        query.is_ok_and(|output| output.stdout.ends_with(b" installed"))
    };
    let names = ["qemu-utils", "qemu-system-common", "qemu-system-data", "qemu-block-extra", "qemu-system-gui"];
    names.iter().filter(|name| !packages.contains(name)).filter(is_installed).map(|name| format!(" {name}")).collect()
}

fn codename(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(value.trim_matches('"').to_owned())
}

fn read_sources() -> Vec<Source> {
    let mut sources = parse_list(&fs::read_to_string("/etc/apt/sources.list").unwrap_or_default());
    let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") else { return sources };
    for path in entries.flatten().map(|entry| entry.path()) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("list") if path != Path::new(SOURCES_FILE) => sources.extend(parse_list(&text)),
            Some("sources") => sources.extend(parse_deb822(&text)),
            _ => {}
        }
    }
    sources
}

/// One-line format: `deb [options] URI SUITE COMPONENT…`.
fn parse_list(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let mut rest = line.trim().strip_prefix("deb ")?.trim_start();
    let mut signed_by = None;
    if let Some((options, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by=")).map(str::to_owned);
        rest = after;
    }
    let mut words = rest.split_whitespace();
    let uri = words.next()?.to_owned();
    let suite = words.next()?.to_owned();
    words.any(|component| component == "main").then_some(Source { uri, suite, signed_by })
}

/// Stanza format: `Types: deb`, `URIs: …`, `Suites: …`, `Components: …`, `Signed-By: …`.
fn parse_deb822(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    for stanza in text.split("\n\n") {
        let field = |name: &str| {
            let matches = |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
            let line = stanza.lines().find(matches)?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        let has =
            |name: &str, word: &str| field(name).is_some_and(|value| value.split_whitespace().any(|part| part == word));
        if !has("Types", "deb") || !has("Components", "main") || has("Enabled", "no") {
            continue;
        }
        let Some(uri) = field("URIs").and_then(|uris| uris.split_whitespace().next().map(str::to_owned)) else {
            continue;
        };
        let signed_by = field("Signed-By").filter(|keyring| keyring.starts_with('/'));
        for suite in field("Suites").unwrap_or_default().split_whitespace() {
            sources.push(Source { uri: uri.clone(), suite: suite.to_owned(), signed_by: signed_by.clone() });
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codename_is_read_from_os_release() {
        assert_eq!(codename("ID=debian\nVERSION_CODENAME=bookworm\n").as_deref(), Some("bookworm"));
        assert_eq!(codename("ID=arch\n"), None);
    }

    #[test]
    fn one_line_sources_keep_their_mirror_and_keyring() {
        let text = "# deb http://old.example/debian bookworm main\n\
                    deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib\n\
                    deb-src http://mirror.example/debian bookworm main\n\
                    deb http://other.example/x stable extra\n";
        let sources = parse_list(text);
        assert_eq!(sources.len(), 1);
        let line = backports_line(&sources[0], "bookworm-backports");
        assert_eq!(line, "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm-backports main");
    }

    #[test]
    fn stanza_sources_give_one_source_for_each_suite() {
        let text = "Types: deb\n# a comment\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n\
                    Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
                    Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n\n\
                    Enabled: no\nTypes: deb\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n";
        let sources = parse_deb822(text);
        let suites: Vec<&str> = sources.iter().map(|source| source.suite.as_str()).collect();
        assert_eq!(suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(sources[0].uri, "http://mirror.example/debian");
    }
}
