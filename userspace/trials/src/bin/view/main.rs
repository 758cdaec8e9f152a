//! Views: what a process sees of the file tree after `unveil`, and that there is no way around it.

mod construction;
mod hiding;
mod permissions;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::ExitCode;

use trials::child::in_child;
use trials::{Holds, Report};

/// A tree to look at:
/// ```text
/// open/file, open/sub/deep, open/secret/inner, open/out -> ../closed/file, open/in -> sub/deep
/// closed/file, closed/directory/inner, closed/into -> ../open
/// ```
pub(crate) struct Tree(pub(crate) PathBuf);

impl Tree {
    fn make() -> std::io::Result<Self> {
        let here = PathBuf::from(format!("/tmp/view-{}", std::process::id()));
        for directory in ["open/sub", "open/secret", "closed/directory"] {
            fs::create_dir_all(here.join(directory))?;
        }
        for file in ["open/file", "open/sub/deep", "open/secret/inner", "closed/file", "closed/directory/inner"] {
            fs::write(here.join(file), file)?;
        }
        symlink("../closed/file", here.join("open/out"))?;
        symlink("sub/deep", here.join("open/in"))?;
        symlink("../open", here.join("closed/into"))?;
        Ok(Self(here))
    }

    /// A path in it.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }
}

/// A name and what must hold.
pub(crate) type Case = (&'static str, fn(&Tree) -> Holds);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if let (Some(_), Some(tree)) = (arguments.next(), arguments.next()) {
        let mut report = Report::new();
        report.check("after exec", construction::after_exec(&Tree(tree.into())));
        return report.finish();
    }
    if !tessera::system::is_tessera() {
        println!("only Tessera has views");
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new();
    let cases = [construction::CASES, hiding::CASES, permissions::CASES];
    for (name, case) in cases.concat() {
        let held = match Tree::make() {
            Ok(tree) => {
                let held = in_child(|| case(&tree));
                let _ = fs::remove_dir_all(&tree.0);
                held
            }
            Err(error) => Err(error.to_string()),
        };
        report.check(name, held);
    }
    report.finish()
}
