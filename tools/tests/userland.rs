//! The command-line tools and the SDK, as people use them in a guest.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{example, exec, shell};

/// Runs a script on one processor and on eight; what it prints.
fn prints(script: &str, expected: &str) {
    for processors in [1, 8] {
        let outcome = shell(script).smp(processors).run().expect_code(0);
        assert_eq!(outcome.text(), expected, "{}", outcome.report());
    }
}

#[test]
fn a_confined_program_sees_what_it_was_left_and_nothing_else() {
    prints(
        "cd /tmp; mkdir a b; echo one >a/f; echo two >b/f
         confine --view /tmp/a:r -- busybox cat /tmp/a/f
         confine --view /tmp/a:r -- busybox cat /tmp/b/f 2>&1
         confine --view /tmp/a:r -- busybox sh -c 'echo x 2>&1 >/tmp/a/g' 2>&1 | sed 's/.*: //'
         confine --promise 'stdio rpath' -- busybox cat a/f
         confine --slot 1:WRITE -- busybox sh -c 'echo still; echo lost >&2' 2>/dev/null
         confine --cpus 0 -- busybox taskset -p 1 >/dev/null; confine --cpus 0 -- busybox nproc",
        "one\ncat: can't open '/tmp/b/f': No such file or directory\nPermission denied\none\nstill\n1\n",
    );
}

#[test]
fn a_confined_program_bears_its_own_name() {
    prints(
        "confine --cpus 0 -- busybox cat /proc/self/comm
         confine --view /proc:r -- busybox sh -c 'exec /nowhere; echo $?' 2>/dev/null; confine --view /proc:r -- cat /proc/self/comm",
        "busybox\nbusybox\n",
    );
}

#[test]
fn a_script_is_confined_with_its_interpreter() {
    prints(
        "mkdir -p /tmp/bin /tmp/data; cd /tmp; echo one >data/f; echo two >other
         printf '#!/bin/busybox sh\nread line <$1; echo $0 $line; read line <$2 || echo hidden\n' >bin/show
         printf '#!/tmp/bin/show /tmp/data/f\n' >bin/nested
         chmod +x bin/show bin/nested
         confine --view /tmp/data:r -- /tmp/bin/show /tmp/data/f /tmp/other 2>/dev/null
         confine --view /tmp/data:r --promise 'stdio rpath' -- /tmp/bin/show /tmp/data/f /tmp/other 2>/dev/null
         confine --view /tmp/data:r -- bin/nested /tmp/other 2>/dev/null
         confine --learn -o needs -- bin/show data/f other; confine -f needs -- bin/show data/f other
         chmod -x bin/show; confine --view /tmp:r -- bin/show; echo $?",
        "/tmp/bin/show one\nhidden\n/tmp/bin/show one\nhidden\n/tmp/bin/show one\nbin/show one\nbin/show one\n126\n",
    );
}

#[test]
fn a_broken_promise_ends_the_program_and_is_on_record() {
    let script = "confine --promise stdio -- busybox cat /etc/passwd; echo $?; denials | tail -n 1";
    let outcome = shell(script).smp(2).run().expect_code(0);
    let text = outcome.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("134"), "{}", outcome.report());
    let record = lines.next().unwrap_or_default();
    assert!(record.contains("taken by") && record.contains("allowed by: promise rpath"), "{record}");
}

#[test]
fn a_table_is_shown_readably() {
    let outcome = shell("caps $$ </etc/passwd").smp(2).run().expect_code(0);
    let text = outcome.text();
    assert!(text.lines().any(|line| line.contains("1 ")), "{text}");
    assert!(text.contains("WRITE") || text.contains("all"), "{text}");
    shell("caps 0; [ $? = 2 ] && caps 99999 2>/dev/null; [ $? = 1 ]").run().expect_code(0);
}

#[test]
fn what_a_program_was_seen_to_need_is_enough_for_it() {
    prints(
        "cd /tmp; mkdir in out; for i in 1 2 3; do echo $i >in/$i; done
         confine --learn -o tar.needs -- busybox tar -cf out/a.tar -C /tmp/in .
         mv out/a.tar first; confine -f tar.needs -- busybox tar -cf out/a.tar -C /tmp/in . && cmp first out/a.tar && echo same
         echo 'c b a' | tr ' ' '\\n' >list
         confine --learn -o sort.needs -- busybox sort /tmp/list
         confine -f sort.needs -- busybox sort /tmp/list
         confine -f sort.needs -- busybox sort /etc/passwd || echo refused",
        "same\na\nb\nc\na\nb\nc\nrefused\n",
    );
}

#[test]
fn tar_extracts_an_untrusted_archive_into_one_directory_and_nowhere_else() {
    prints(
        "mkdir -p /tmp/t/into /tmp/t/from; cd /tmp/t/from; echo good >good; echo evil >../evil
         tar -cf ../archive good ../evil 2>/dev/null; cd /tmp/t/into; rm ../evil; cat ../archive |
         confine --view /tmp/t/into:rwcb --slot 0:READ --slot 2:WRITE --promise 'stdio rpath wpath cpath fattr chown getpw' -- \
             busybox tar -x 2>/dev/null
         cat good; ls /tmp/t",
        "good\narchive\nfrom\ninto\n",
    );
}

#[test]
fn a_command_line_that_means_nothing_is_refused() {
    let outcome =
        shell("confine --promise nonsense -- ls; [ $? = 2 ] && confine -- /nowhere; exit $?").run().expect_code(127);
    assert!(outcome.stderr.contains("`nonsense` is not a promise"), "{}", outcome.report());
    assert!(outcome.stderr.contains("/nowhere"), "{}", outcome.report());
}

#[test]
fn a_file_is_lent_for_a_while_and_taken_back() {
    for processors in [1, 8] {
        let program = example("plug_in");
        let outcome = exec(&[program.to_str().unwrap(), "/etc/passwd", "300"]).smp(processors).run().expect_code(0);
        let text = outcome.text();
        assert!(text.contains("plug-in: read ") && text.contains("plug-in: taken back: "), "{}", outcome.report());
        assert!(text.contains("the file is still mine"), "{}", outcome.report());
    }
}

#[test]
fn workers_of_a_file_server_reach_their_directory_and_nothing_else() {
    for processors in [1, 8] {
        let program = example("file_server");
        let names = ["hostname", "../etc/passwd", "/etc/passwd", "missing"];
        let words: Vec<&str> = [program.to_str().unwrap(), "/etc"].into_iter().chain(names).collect();
        let outcome = exec(&words).smp(processors).run().expect_code(0);
        let text = outcome.text();
        assert!(text.starts_with("hostname: tessera\n../etc/passwd: refused: "), "{}", outcome.report());
        assert_eq!(text.matches("refused: ").count(), 3, "{}", outcome.report());
    }
}

#[test]
fn the_examples_of_the_sdk_s_documentation_run_in_the_guest() {
    let outcome = common::document_tests("tessera").expect_code(0);
    assert!(outcome.text().contains("test result: ok"), "{}", outcome.report());
}
