//! The applets of Debian's busybox, unmodified: the same scripts by the same binary here and in the guest.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::LazyLock;

use common::batch::Batch;

/// Names and scripts whose output is the same wherever they run.
const ALIKE: &[(&str, &str)] = &[
    (
        "ls",
        "mkdir d; echo abc >f; ln -s f l; touch -d '2020-01-02 03:04:05' f; ls; ls -a; ls -F; ls -1 d f; TZ=UTC ls -l f | cut -c1-10,33-",
    ),
    (
        "find",
        "mkdir -p a/b/c; touch a/x.txt a/b/y.txt a/b/c/z.c; find . -name '*.txt' | sort; find a -type d | sort; find . -name '*.c' -exec basename {} \\;; find . -maxdepth 1",
    ),
    (
        "grep",
        "printf 'one\\ntwo\\nthree\\n' >f; grep t f; grep -n -v t f; grep -c o f; grep -E '^(one|three)$' f; grep -q zzz f; echo $?; grep -r two .",
    ),
    (
        "sed",
        "printf 'a b\\nc d\\n' >f; sed 's/\\(.\\) \\(.\\)/\\2 \\1/' f; sed -n 2p f; sed '/a/d' f; sed -i 's/a/A/' f; cat f; sed -e '$!N' -e 's/\\n/+/' f",
    ),
    (
        "awk",
        "printf '1 x\\n2 y\\n3 x\\n' | awk '{s[$2]+=$1} END {for (k in s) print k, s[k]}' | sort; awk 'BEGIN { printf \"%5.2f|%s\\n\", 3.14159, toupper(\"abc\"); while (i < 3) print i++ ^ 2 }'",
    ),
    (
        "sort",
        "printf 'b 2\\na 10\\nc 1\\na 10\\n' >f; sort f; sort -u f; sort -k2 -n f; sort -r f; sort -t' ' -k1,1 -k2,2nr f",
    ),
    ("wc", "printf 'one two\\nthree\\n' >f; wc f; wc -l <f; wc -w <f; wc -c <f"),
    (
        "tar",
        "mkdir -p t/u; seq 1000 >t/a; echo b >t/u/b; ln -s a t/l; tar cf x.tar t; tar tf x.tar | sort; mkdir o; tar xf x.tar -C o; diff -r t o/t && echo same; tar czf x.tgz t; tar tzf x.tgz | wc -l",
    ),
    (
        "gzip",
        "seq 5000 >f; gzip -k f; zcat f.gz | cmp - f && echo same; gzip -d <f.gz | tail -n 1; rm f; gunzip f.gz; wc -l <f; echo broken | gzip -d 2>/dev/null || echo refused",
    ),
    (
        "sha256sum",
        "seq 100000 | sha256sum; seq 1000 | md5sum; seq 1000 | sha512sum; seq 10 >f; sha256sum f >s; sha256sum -c s",
    ),
    (
        "dd",
        "dd if=/dev/zero of=f bs=1k count=100 2>/dev/null; wc -c <f; printf x | dd of=f bs=1 seek=50 conv=notrunc 2>/dev/null; dd if=f bs=1 skip=50 count=1 2>/dev/null; echo; wc -c <f; dd if=/dev/zero bs=64k count=10 2>&1 >/dev/null | head -n 2",
    ),
    (
        "xargs",
        "seq 10 | xargs -n 3 echo; printf 'a\\0b c\\0' | xargs -0 -n 1 echo; seq 3 | xargs -I{} echo '<{}>'; echo x | xargs false; echo $?",
    ),
    ("seq", "seq 3; seq 2 2 8; seq -w 8 11; seq 3 -1 1; seq -s, 4"),
    ("sleep", "sleep 0; sleep 0.2 && echo slept; sleep 1 & wait $!; echo $?; timeout 1 sleep 100; echo $?"),
    (
        "kill",
        "sleep 100 & kill $!; wait $!; echo $?; sleep 100 & kill -9 $!; wait $!; echo $?; kill -l 15; trap 'echo caught' USR1; kill -USR1 $$; kill -0 $$ && echo alive; kill -0 999999 2>/dev/null || echo gone",
    ),
    ("time", "time -f 'x %x' true; time -f 'x %x' sh -c 'exit 3' ; echo $?"),
    (
        "texts",
        "printf 'a,b,c\\n' | cut -d, -f2; echo abc | tr a-c A-C; echo abc | rev; printf '1\\n2\\n' | paste -s -d+; seq 20 | head -n 2; seq 20 | tail -n 2; printf 'a\\na\\nb\\n' | uniq -c; echo a b | fold -w 1; expr 6 \\* 7; seq 3 | tac; nl <<E\nx\ny\nE\n",
    ),
    (
        "files",
        "mkdir -p a/b; echo 1 >a/f; cp -r a c; mv c/f c/g; ls c; ln a/f h; stat -c '%h %s %F' h; chmod 640 h; stat -c %a h; rm -r a; cat h; rmdir c/b; test -d c && echo dir; basename /x/y.c .c; dirname /x/y; readlink -f c/../h | sed 's/.*\\///'; touch n; [ n -nt h ] || echo 'not older'; mktemp -d tXXXXXX | wc -c; du -a c | wc -l",
    ),
    (
        "pipes",
        "yes | head -n 3; (echo a; echo b >&2) 2>&1 | sort; mkfifo p; (echo through >p) & cat p; wait; seq 100000 | wc -l; cat /etc/shells >/dev/full; echo $?; echo hi | tee x y; cat x y",
    ),
    (
        "redirection",
        "echo a >f; echo b >>f; cat <f; { echo o; echo e >&2; } >o 2>e; cat e o; cat <<E\n$((6*7)) $(echo sub)\nE\nexec 3>t; echo three >&3; exec 3>&-; cat t; set -C; (echo x >f) 2>/dev/null; echo $?",
    ),
    (
        "jobs",
        "sleep 0.1 & sleep 0.1 & wait; echo done; (exit 7) & wait $!; echo $?; sh -c 'kill -TERM $$'; echo $?; trap 'echo bye' EXIT",
    ),
    (
        "dates",
        "TZ=UTC date -d @86400 '+%Y-%m-%d %H:%M:%S'; TZ=UTC date -d '2024-02-29 12:00' +%j; [ $(date +%s) -gt 1700000000 ] && echo now; cal 2 2024",
    ),
    (
        "numbers",
        "echo $((2**31)) $((-7 / 2)) $((-7 % 3)) $((0x1f)) $((1 << 40)); printf '%05d|%-5s|%x|%e\\n' 42 ab 255 1234.5; echo 'scale=3; 22/7' | bc; echo '2 3 + p' | dc; factor 1001; od -An -tx1 <<E\nhi\nE\n",
    ),
    ("script", include_str!("data/script.sh")),
];

/// Names and scripts whose output depends on the machine.
const OTHERS: &[(&str, &str)] = &[
    (
        "ps",
        "sleep 100 & ps -o pid,comm >o; kill $!; grep -c . o; grep -w sleep o | awk '{print $2}'; awk '$1 == 1 {print $2}' o; ps | grep -c '[s]h '",
    ),
    ("top", "top -b -n 1 >o; echo $?; grep -c '^Mem' o; grep -c 'CPU' o; grep -c PID o; awk '$1 == 1' o | wc -l"),
    (
        "system",
        "nproc; free -m | awk '/Mem/ {print ($2 > 500 && $2 < 1100)}'; uptime | grep -c 'load average'; uname -s; uname -m; hostname; df / >/dev/null; echo $?; cat /proc/uptime | wc -w; id -u; whoami; tty </dev/null",
    ),
    (
        "time_passes",
        "now() { awk '{print $1 * 100}' /proc/uptime; }; a=$(now); sleep 0.5; b=$(now); [ $((b - a)) -ge 49 ] && echo later; { time -p sleep 0.3; } 2>&1 | awk '/real/ {print ($2 >= 0.3)}'",
    ),
];

static BATCH: LazyLock<Batch> = LazyLock::new(|| Batch::run(8, &[ALIKE, OTHERS].concat()));

fn alike(name: &str) {
    let (_, script) = ALIKE.iter().find(|(known, _)| *known == name).unwrap();
    BATCH.assert_like_host(name, script);
}

#[track_caller]
fn prints(name: &str, expected: &str) {
    let result = BATCH.result(name);
    assert_eq!(result.output, expected, "{name}");
}

macro_rules! alike {
    ($($test:ident $name:literal)*) => {
        $(#[test]
        fn $test() {
            alike($name);
        })*
    };
}

alike! {
    ls_lists_as_on_linux "ls"
    find_finds_as_on_linux "find"
    grep_selects_as_on_linux "grep"
    sed_edits_as_on_linux "sed"
    awk_computes_as_on_linux "awk"
    sort_sorts_as_on_linux "sort"
    wc_counts_as_on_linux "wc"
    tar_packs_and_unpacks_as_on_linux "tar"
    gzip_compresses_as_on_linux "gzip"
    sha256sum_sums_as_on_linux "sha256sum"
    dd_copies_as_on_linux "dd"
    xargs_runs_as_on_linux "xargs"
    seq_counts_as_on_linux "seq"
    sleep_sleeps_as_on_linux "sleep"
    kill_kills_as_on_linux "kill"
    time_tells_exit_codes_as_on_linux "time"
    text_tools_work_as_on_linux "texts"
    file_tools_work_as_on_linux "files"
    pipes_carry_as_on_linux "pipes"
    redirections_work_as_on_linux "redirection"
    background_jobs_end_as_on_linux "jobs"
    dates_are_as_on_linux "dates"
    numbers_are_as_on_linux "numbers"
    a_script_of_two_hundred_lines_runs_as_on_linux "script"
}

#[test]
fn ps_shows_the_processes() {
    let result = BATCH.result("ps");
    let lines: Vec<&str> = result.output.lines().collect();
    assert!(lines[0].parse::<u32>().unwrap() >= 5, "{result:?}");
    assert_eq!(lines[1..3], ["sleep", "init"], "{result:?}");
    assert!(lines[3].parse::<u32>().unwrap() >= 2, "{result:?}");
}

#[test]
fn top_shows_memory_processors_and_processes() {
    let result = BATCH.result("top");
    let lines: Vec<u32> = result.output.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!((lines[0], lines[1], lines[3], lines[4]), (0, 1, 1, 1), "{result:?}");
    assert!(lines[2] >= 1, "{result:?}");
}

#[test]
fn the_system_describes_itself() {
    prints("system", "8\n1\n1\nLinux\nx86_64\ntessera\n0\n2\n0\nroot\nnot a tty\n");
}

#[test]
fn time_passes_as_clocks_say() {
    prints("time_passes", "later\n1\n");
}
