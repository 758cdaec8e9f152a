//! Lines of the audit log, as a person reads them.

use std::fmt::Write;

/// The value of a field that does not apply.
const NOTHING: &str = "-";

/// One denial, as fields by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial<'a> {
    fields: Vec<(&'a str, &'a str)>,
}

impl<'a> Denial<'a> {
    /// Reads a line of `name=value` fields; values with blanks stand in quotation marks.
    pub fn parse(line: &'a str) -> Self {
        let mut fields = Vec::new();
        let mut rest = line.trim();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, next) = match after.strip_prefix('"') {
                Some(quoted) => closing_mark(quoted).map_or((quoted, ""), |end| (&quoted[..end], &quoted[end + 1..])),
                None => after.split_at(after.find(' ').unwrap_or(after.len())),
            };
            fields.push((name.trim_start(), value));
            rest = next;
        }
        Self { fields }
    }

    /// The value of a field; `None` if it does not apply.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|(known, value)| *known == name && *value != NOTHING).map(|(_, value)| *value)
    }

    /// The denial as a sentence: who asked for what, what was missing, which narrowing took it, and what would allow it.
    pub fn sentence(&self) -> Option<String> {
        let (time, name, pid) = (self.get("time")?, self.get("name")?, self.get("pid")?);
        let mut text = format!("{time} {name}[{pid}] {}", self.get("call").unwrap_or("?"));
        if let Some(slot) = self.get("slot") {
            let _ = write!(text, " slot {slot}");
        }
        if let Some(object) = self.get("object") {
            let _ = write!(text, " {object}");
        }
        let missing = self.get("missing").or(self.get("needs")).unwrap_or("something");
        let _ = write!(text, ": {missing} is missing");
        match (self.get("taken-by"), self.get("taken-pid")) {
            (Some(by), Some(pid)) => {
                let _ = write!(text, ", taken by {by} of process {pid}");
                if let Some(at) = self.get("taken-at") {
                    let _ = write!(text, " at {at}");
                }
            }
            _ => text.push_str(", never given"),
        }
        if let Some(allow) = self.get("allow") {
            let _ = write!(text, "; would be allowed by: {allow}");
        }
        Some(text)
    }
}

/// Where the quotation mark is that ends a text; one after a backslash does not.
fn closing_mark(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "seq=7 time=1.25 pid=12 tid=12 name=\"cat x\" nth=1 call=write slot=3 kind=file object=\"/tmp/a \\\"b\\\"\" \
        needs=rights:WRITE missing=WRITE held=READ taken-by=limit taken-seq=4 taken-pid=9 taken-at=1.2 allow=\"slot 3 WRITE\"";

    #[test]
    fn quoted_values_are_whole() {
        let denial = Denial::parse(LINE);
        assert_eq!(denial.get("name"), Some("cat x"));
        assert_eq!(denial.get("object"), Some("/tmp/a \\\"b\\\""));
        assert_eq!(denial.get("allow"), Some("slot 3 WRITE"));
        assert_eq!(denial.get("taken-pid"), Some("9"));
    }

    #[test]
    fn a_sentence_says_what_was_missing_who_took_it_and_what_would_allow_it() {
        let sentence = Denial::parse(LINE).sentence();
        let expected = "1.25 cat x[12] write slot 3 /tmp/a \\\"b\\\": WRITE is missing, taken by limit of process 9 at 1.2; \
            would be allowed by: slot 3 WRITE";
        assert_eq!(sentence.as_deref(), Some(expected));
    }

    #[test]
    fn a_line_that_is_no_denial_has_no_sentence() {
        assert_eq!(Denial::parse("lost 3 records").sentence(), None);
    }
}
