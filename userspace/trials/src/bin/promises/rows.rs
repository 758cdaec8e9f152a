//! Every call of the table, under a pledge of every word but those that its row names: EPERM, and never ENOSYS.

use abi::table::{Row, TABLE, number};
use abi::{Errno, Promises};
use trials::pledged::{Ended, child, pledge};
use trials::{Holds, Report};

pub fn try_all(report: &mut Report) {
    let mut wrong = Vec::new();
    let rows = TABLE.iter().filter(|row| !row.promises.contains(Promises::ALL));
    let mut count = 0;
    for row in rows {
        count += 1;
        if let Err(why) = is_refused(row) {
            wrong.push(format!("{}: {why}", row.name));
        }
    }
    println!("{count} calls");
    let held = if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) };
    report.check("each call is refused to whoever promised everything but what it needs", held);
    report.check("a number that is not in the table is unknown to everybody", unknown());
}

fn is_refused(row: &Row) -> Holds {
    let kept = Promises::WORDS.iter().filter(|(_, promise)| !row.promises.intersects(*promise));
    let words: Vec<_> = kept.map(|(word, _)| *word).collect();
    let words = words.join(" ");
    answer(&words, row.number, Errno::EPERM)
}

fn answer(words: &str, number: u64, expected: Errno) -> Holds {
    // Made before, as afterwards not even memory may be asked for.
    let found = child(|| {
        if pledge(Some(words), None).is_err() {
            return 99;
        }
        // SAFETY: refused before any argument is looked at.
        match unsafe { tessera::call::call(number, [0; 6]) } {
            Ok(_) => 98,
            Err(errno) => errno.raw(),
        }
    });
    match found {
        Ok(Ended::With(code)) if code == expected.raw() => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn unknown() -> Holds {
    answer("stdio", number::futex + 0x2_0000, Errno::ENOSYS)?;
    answer("", 335, Errno::ENOSYS)
}
