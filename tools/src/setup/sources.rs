//! apt's lists of sources, in both their formats, and which of them is the distribution's own archive.

use std::fs;
use std::path::Path;

/// A source of packages as the system's lists name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The mirror.
    pub uri: String,
    /// The release, such as `bookworm` or `bookworm-backports`.
    pub suite: String,
    /// The options that say how the mirror is trusted, as the one-line format writes them.
    pub options: Vec<String>,
}

/// The options that hold for every suite of a mirror, by their names in the two formats.
const OPTIONS: &[(&str, &str)] =
    &[("signed-by", "Signed-By"), ("trusted", "Trusted"), ("check-valid-until", "Check-Valid-Until")];

/// Sources of binary packages that are enabled and have the component `main`, except those in `ours`.
pub fn read(ours: &Path) -> Vec<Source> {
    let mut sources = parse_list(&fs::read_to_string("/etc/apt/sources.list").unwrap_or_default());
    let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") else { return sources };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path != ours).collect();
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap_or_default();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(parse_list(&text)),
            Some("sources") => sources.extend(parse_deb822(&text)),
            _ => {}
        }
    }
    sources
}

/// The mirror of the release `codename` itself. Others offer packages for the same release under the same name; only
/// the distribution's mirrors have the suite of updates too, or are signed with its keyring, or end in its name.
pub fn find_mirror<'sources>(sources: &'sources [Source], codename: &str) -> Option<&'sources Source> {
    // Under the name of a state, an older release is usual, too.
    let states = ["stable", "oldstable", "oldoldstable"];
    let updates = |source: &Source| format!("{}-updates", source.suite);
    let rank = |source: &&Source| {
        let has_updates = sources.iter().any(|other| other.uri == source.uri && other.suite == updates(source));
        let has_keyring = source.options.iter().any(|option| option.contains("debian-archive"));
        let has_name = source.uri.trim_end_matches('/').ends_with("/debian");
        u32::from(has_updates) + u32::from(has_keyring) + u32::from(has_name)
    };
    let candidates = sources
        .iter()
        .filter(|source| source.suite == codename || (states.contains(&source.suite.as_str()) && rank(source) > 0));
    // Of equals, the first.
    candidates.rev().max_by_key(rank)
}

impl Source {
    /// The line that names `suite` at the same mirror.
    pub fn line_for(&self, suite: &str) -> String {
        let Self { uri, options, .. } = self;
        if options.is_empty() {
            return format!("deb {uri} {suite} main");
        }
        format!("deb [{}] {uri} {suite} main", options.join(" "))
    }

    /// Whether it can be put between quotes in a shell command.
    fn is_plain(&self) -> bool {
        let is_plain = |word: &String| {
            word.chars().all(|character| character.is_ascii_alphanumeric() || "-+_.,:;/=@~%[]()".contains(character))
        };
        is_plain(&self.uri) && is_plain(&self.suite) && self.options.iter().all(is_plain)
    }
}

/// One-line format: `deb [options] URI SUITE COMPONENT…`.
fn parse_list(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).filter(Source::is_plain).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let mut rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim_start();
    let mut options = Vec::new();
    if let Some((inside, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        let is_kept = |option: &&str| OPTIONS.iter().any(|(name, _)| option.split('=').next() == Some(name));
        options = inside.split_whitespace().filter(is_kept).map(str::to_owned).collect();
        rest = after;
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    let (uri, suite) = (words.next()?, words.next()?);
    words.any(|component| component == "main").then_some(Source { uri, suite, options })
}

/// Stanza format: `Types: deb`, `URIs: …`, `Suites: …`, `Components: …`, `Signed-By: …`.
fn parse_deb822(text: &str) -> Vec<Source> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.split(|line| line.trim().is_empty()).flat_map(parse_stanza).filter(Source::is_plain).collect()
}

fn parse_stanza(lines: &[&str]) -> Vec<Source> {
    let has = |name: &str, word: &str| field(lines, name).iter().any(|part| part.eq_ignore_ascii_case(word));
    if !has("Types", "deb") || !has("Components", "main") || has("Enabled", "no") || has("Enabled", "false") {
        return Vec::new();
    }
    let Some(uri) = field(lines, "URIs").into_iter().next() else { return Vec::new() };
    // A key that is written out in the stanza has more than one word, and cannot be repeated in one line.
    let option = |(one_line, name): &(&str, &str)| match &field(lines, name)[..] {
        [value] => Some(format!("{one_line}={value}")),
        _ => None,
    };
    let options: Vec<String> = OPTIONS.iter().filter_map(option).collect();
    let source = |suite| Source { uri: uri.clone(), suite, options: options.clone() };
    field(lines, "Suites").into_iter().map(source).collect()
}

/// The words of a field, which may go on in lines that begin with white space.
fn field(lines: &[&str], name: &str) -> Vec<String> {
    let value = |line: &&str| {
        line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let Some((at, first)) = lines.iter().enumerate().find_map(|(at, line)| Some((at, value(line)?))) else {
        return Vec::new();
    };
    let more = lines[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t']));
    let text = more.fold(first, |text, line| text + " " + line);
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_sources_keep_their_mirror_and_keyring() {
        let text = "# deb http://old.example/debian bookworm main\n\
                    deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours\n\
                    deb\t[ trusted=yes ]\thttp://tabs.example/debian\tbookworm\tmain\n\
                    deb-src http://mirror.example/debian bookworm main\n\
                    deb http://odd.example/$(x) bookworm main\n\
                    deb http://other.example/x stable extra\n";
        let lines: Vec<String> = parse_list(text).iter().map(|source| source.line_for("bookworm-backports")).collect();
        let expected = [
            "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm-backports main",
            "deb [trusted=yes] http://tabs.example/debian bookworm-backports main",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn stanza_sources_give_one_source_for_each_suite() {
        let text = "Types: deb\n# URIs: http://old.example\nURIs: http://mirror.example/debian\n\
                    Suites: bookworm\n bookworm-updates\n\
                    Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n \t\n\
                    Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n\n\
                    Enabled: no\nTypes: deb\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n\n\
                    Types: deb\nURIs: http://key.example\nSuites: x\nComponents: main\n\
                    Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINB\n";
        let sources = parse_deb822(text);
        let suites: Vec<&str> = sources.iter().map(|source| source.suite.as_str()).collect();
        assert_eq!(suites, ["bookworm", "bookworm-updates", "x"]);
        assert_eq!(sources[1].uri, "http://mirror.example/debian");
        assert_eq!(sources[1].options, ["signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"]);
        assert!(sources[2].options.is_empty());
    }

    #[test]
    fn the_mirror_is_the_distributions_own() {
        let text = "deb http://a.example/tools bookworm main\n\
                    deb http://b.example/chrome stable main\n\
                    deb http://near.example/pub bookworm main\n\
                    deb http://near.example/pub bookworm-updates main\n\
                    deb http://far.example/debian/ bookworm main\n";
        let find = |text: &str| find_mirror(&parse_list(text), "bookworm").map(|source| source.uri.clone());
        assert_eq!(find(text).as_deref(), Some("http://near.example/pub"));
        assert_eq!(find("deb http://b.example/chrome stable main\n"), None);
        assert_eq!(find("deb http://c.example/debian oldstable main\n").as_deref(), Some("http://c.example/debian"));
        assert_eq!(find("deb http://d.example bookworm main\n").as_deref(), Some("http://d.example"));
        assert_eq!(find("deb http://d.example/debian trixie main\n"), None);
    }
}
