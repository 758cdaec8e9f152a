//! The view of the file tree: what `unveil` hides stays hidden, whatever a program tries.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::fs;

use common::scratch::Scratch;
use common::{assert_trial, program, shell};

#[test]
fn views_hide_what_was_not_unveiled_on_one_processor() {
    assert_trial("view", &[1]);
}

#[test]
fn views_hide_what_was_not_unveiled_on_eight_processors() {
    assert_trial("view", &[8]);
}

#[test]
fn walks_stay_beneath_on_one_processor() {
    assert_trial("beneath", &[1]);
}

#[test]
fn walks_stay_beneath_on_eight_processors() {
    assert_trial("beneath", &[8]);
}

#[test]
fn paths_are_no_doors_around_slots_on_one_processor() {
    assert_trial("doors_paths", &[1]);
}

#[test]
fn paths_are_no_doors_around_slots_on_eight_processors() {
    assert_trial("doors_paths", &[8]);
}

/// What is there before the view, and what unmodified programs say within it.
const BEFORE: &str = "mkdir -p /tmp/in/deep /tmp/out && cd /tmp/in && echo yes >deep/file && echo no >/tmp/out/file && \
                      ln -s ../../out/file deep/link && busybox tar cf a.tar deep";
const WITHIN: &str = "b=/bin/busybox
pwd; $b pwd
$b ls; $b ls -l /tmp/out 2>&1; $b ls / 2>&1
$b cat deep/file; $b cat deep/link 2>&1; $b cat /etc/passwd 2>&1
$b find . | $b sort
$b mkdir -p new/one && $b tar xf a.tar -C new/one && $b find new -type f
$b cp deep/file copy && $b mv copy moved && $b cat moved && $b rm moved && $b rm -r new
$b realpath deep/../deep/file; $b readlink deep/link
$b grep -r y deep; $b test -e /tmp/out/file || echo hidden
$b echo done";
const SAID: &str = "/tmp/in\n/tmp/in
a.tar\ndeep\nls: /tmp/out: No such file or directory\nls: /: No such file or directory
yes\ncat: can't open 'deep/link': No such file or directory\ncat: can't open '/etc/passwd': No such file or directory
.\n./a.tar\n./deep\n./deep/file\n./deep/link
new/one/deep/file
yes
/tmp/in/deep/file\n../../out/file
deep/file:yes\nhidden
done\n";

#[test]
fn unmodified_programs_live_within_a_view() {
    let scratch = Scratch::new("veiled");
    scratch.write_program("bin/veiled", fs::read(program("veiled")).unwrap());
    let libraries = "/lib:rx /lib64:rx /usr/lib:rx";
    let script = format!("{BEFORE}\nveiled /bin/busybox:rx {libraries} /tmp/in:rwc -- /bin/busybox sh -c '{WITHIN}'");
    let outcome = shell(&script).smp(2).option("--root", scratch.root()).run();
    assert_eq!(outcome.text(), SAID, "{}", outcome.report());
}
