//! The documentation page: the table for people.

use super::TABLE;
use core::fmt::{self, Write};

const HEAD: &str = "\
# System calls

Generated from the table; change the row, not this page.

A right in brackets is one that the slot must have. Beside the errors that it lists, any call answers EFAULT for memory
that the caller has not, ENOMEM when there is none left, and EPERM for a broken promise where `error` was promised.
";

/// Writes a Markdown page with every call, its arguments, root capabilities, promises and errors.
pub fn document(out: &mut dyn Write) -> fmt::Result {
    out.write_str(HEAD)?;
    for row in TABLE {
        write!(out, "\n## {} ({}, {})\n\n", row.name, row.number, row.family)?;
        for argument in row.arguments {
            writeln!(out, "- `{}`: {:?}", argument.name, argument.kind)?;
        }
        if !row.arguments.is_empty() {
            out.write_char('\n')?;
        }
        if !row.roots.is_empty() {
            out.write_str("Root capabilities: ")?;
            write_names(out, row.roots.iter_names().map(|(name, _)| name))?;
        }
        if row.promises.is_all() {
            out.write_str("Promises: none needed.\n")?;
        } else {
            out.write_str("Promises, one of: ")?;
            let words = crate::Promises::WORDS.iter().filter(|(_, promise)| row.promises.contains(*promise));
            write_names(out, words.map(|(word, _)| *word))?;
        }
        if !row.errors.is_empty() {
            out.write_str("Errors: ")?;
            write_names(out, row.errors.iter().map(|errno| errno.name()))?;
        }
    }
    Ok(())
}

fn write_names<'a>(out: &mut dyn Write, names: impl Iterator<Item = &'a str>) -> fmt::Result {
    for (at, name) in names.enumerate() {
        if at > 0 {
            out.write_str(", ")?;
        }
        out.write_str(name)?;
    }
    out.write_str(".\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_call() {
        let mut page = String::new();
        document(&mut page).unwrap();
        for row in TABLE {
            assert!(page.contains(&format!("\n## {} ({}", row.name, row.number)));
        }
        assert!(page.contains("- `fd`: capability[READ]"));
    }
}
