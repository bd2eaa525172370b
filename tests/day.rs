//! The day of a plan: refused if it is far from today or before the exports, and always shown.

use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::support::{AS_OF, offboard, stderr, stdout};

const DAY: u64 = 86_400;

/// A directory of two people. The second one has the time stamps.
fn export(times: &str) -> String {
    format!(
        "version: 1\n\ndn: o=pond\nobjectClass: organization\no: pond\n\n\
         dn: ou=crew,o=pond\nobjectClass: organizationalUnit\nou: crew\n\n\
         dn: uid=nils,ou=crew,o=pond\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: nils\ncn: Nils\nsn: N\n\n\
         dn: uid=ines,ou=crew,o=pond\nobjectClass: inetOrgPerson\nuid: ines\ncn: Ines\nsn: I\n{times}\n"
    )
}

const POLICY: &str = "preset = \"openldap\"\n[grace]\ndays = 0\n";

/// Runs a command that takes a policy and an export, with these words and a `SOURCE_DATE_EPOCH` if it is not empty.
fn run(place: &Path, words: &[&str], epoch: &str) -> Output {
    std::fs::write(place.join("policy.toml"), POLICY).unwrap();
    let mut command = offboard();
    command.current_dir(place).args(words).args(["-p", "policy.toml"]);
    if !epoch.is_empty() {
        command.env("SOURCE_DATE_EPOCH", epoch);
    }
    command.arg("export.ldif").output().unwrap()
}

/// The day that is `days` after today.
fn days_from_today(days: i64) -> String {
    let now = Timestamp::now().to_zoned(TimeZone::UTC).date();
    now.checked_add(jiff::Span::new().days(days)).unwrap().to_string()
}

fn compact(day: &str) -> String {
    day.replace('-', "")
}

#[test]
fn a_day_far_from_today_is_refused() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("export.ldif"), export("")).unwrap();
    for days in [-4000, -365, -31, -16, 16, 30, 31, 365, 36_500] {
        let day = days_from_today(days);
        for command in [
            &["plan", "-u", "nils", "--stdout", "--as-of", &day][..],
            &["explain", "--as-of", &day, "nils"],
            &["audit", "--as-of", &day],
        ] {
            let output = run(place.path(), command, "");
            assert_eq!(output.status.code(), Some(3), "{command:?}: {}", stderr(&output));
            assert!(output.stdout.is_empty());
            let text = stderr(&output);
            assert!(text.contains(&day) && text.contains("today") && text.contains("--allow-date"), "{text}");
            let allowed = [command, &["--allow-date"]].concat();
            let output = run(place.path(), &allowed, "");
            assert!(matches!(output.status.code(), Some(0 | 1)), "{allowed:?}: {}", stderr(&output));
        }
    }
    for days in [-12, -1, 0, 1, 12] {
        let day = days_from_today(days);
        let output = run(place.path(), &["plan", "-u", "nils", "--stdout", "--as-of", &day], "");
        assert!(output.status.code() < Some(2), "{day}: {}", stderr(&output));
    }
}

#[test]
fn the_epoch_is_a_day_like_any_other() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("export.ldif"), export("")).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let words = ["plan", "-u", "nils", "--stdout"];
    for (epoch, is_refused) in [
        (now, false),
        (now - 3 * DAY, false),
        (now + 3 * DAY, false),
        (0, true),
        (now - 30 * DAY, true),
        (now + 400 * DAY, true),
    ] {
        let output = run(place.path(), &words, &epoch.to_string());
        assert_eq!(output.status.code() == Some(3), is_refused, "{epoch}: {}", stderr(&output));
        assert_eq!(output.stdout.is_empty(), is_refused);
        assert_eq!(stderr(&output).contains("SOURCE_DATE_EPOCH"), is_refused);
    }
    // The day of --as-of counts, not that of the variable.
    let day = days_from_today(0);
    let output = run(place.path(), &[&words[..], &["--as-of", &day]].concat(), "0");
    assert!(output.status.code() < Some(2), "{}", stderr(&output));
    let output = run(place.path(), &[&words[..], &["--allow-date"]].concat(), "0");
    assert_eq!(output.status.code(), Some(2), "--allow-date is about a day that was named");
}

#[test]
fn a_day_before_the_newest_time_stamp_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (yesterday, today, tomorrow) = (days_from_today(-1), days_from_today(0), days_from_today(1));
    let at = |day: &str| format!("{}120000Z", compact(day));
    let csn = |day: &str| format!("entryCSN: {}120000.000001Z#000000#001#000000\n", compact(day));
    for (times, is_later) in [
        (format!("modifyTimestamp: {}\n", at(&today)), true),
        (format!("createTimestamp: {}\n", at(&today)), true),
        (format!("whenChanged: {}120000.0Z\n", compact(&today)), true),
        (csn(&tomorrow), true),
        (format!("createTimestamp: {}\nmodifyTimestamp: {}\n", at("2001-01-01"), at(&today)), true),
        (format!("modifyTimestamp: {}\n", at(&yesterday)), false),
        (format!("modifyTimestamp: {}\n", at("2001-01-01")), false),
        ("modifyTimestamp: 20269999120000Z\n".to_owned(), false),
    ] {
        std::fs::write(place.path().join("export.ldif"), export(&times)).unwrap();
        for words in [&["plan", "-u", "nils", "--stdout"][..], &["explain", "nils"]] {
            let words = [words, &["--as-of", &yesterday]].concat();
            let output = run(place.path(), &words, "");
            let text = stderr(&output);
            if is_later {
                assert_eq!(output.status.code(), Some(3), "{times}{text}");
                assert!(
                    text.contains(&yesterday) && text.contains("export.ldif:18: uid=ines,ou=crew,o=pond"),
                    "{text}"
                );
                assert!(text.contains(&today) && text.contains("--allow-date"), "{text}");
                let output = run(place.path(), &[&words[..], &["--allow-date"]].concat(), "");
                assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
            } else {
                assert!(matches!(output.status.code(), Some(0 | 1)), "{times}{text}");
            }
        }
    }
    // Without --as-of: a clock that is behind the exports.
    std::fs::write(place.path().join("export.ldif"), export(&csn(&days_from_today(3)))).unwrap();
    let output = run(place.path(), &["plan", "-u", "nils", "--stdout"], "");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn only_a_plain_date_is_a_day() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("export.ldif"), export("")).unwrap();
    for day in
        ["2026-11-21T10:00:00+02:00", "20261121", "-002026-11-21", "+002026-11-21", "2026-W47-6", "2026-11-21[UTC]"]
    {
        let day = format!("--as-of={day}");
        let output = run(place.path(), &["plan", "-u", "nils", "--stdout", &day, "--allow-date"], "");
        assert_eq!(output.status.code(), Some(2), "{day}: {}", stderr(&output));
    }
}

#[test]
fn the_terminal_says_the_day() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("export.ldif"), export("")).unwrap();
    let day = ["--as-of", AS_OF, "--allow-date"];
    let says = format!("plan for {AS_OF}");
    for words in [
        &["plan", "-u", "nils", "--stdout"][..],
        &["plan", "-u", "nils", "-o", "set"],
        &["plan", "-u", "nobody", "-o", "empty"],
        &["plan", "-u", "nils", "-o", "limited", "--limit", "delete=0", "--limit", "disable=0"],
    ] {
        let output = run(place.path(), &[words, &day].concat(), "");
        assert!(stderr(&output).contains(&says), "{words:?}: {}", stderr(&output));
    }
    let explained = run(place.path(), &[&["explain", "nils"][..], &day].concat(), "");
    assert!(stdout(&explained).contains(AS_OF), "{}", stdout(&explained));
    let audited = run(place.path(), &[&["audit"][..], &day].concat(), "");
    assert!(stdout(&audited).contains(AS_OF), "{}", stdout(&audited));
}

/// Plans for `day` with a list of one leaver; returns the steps in the report.
fn planned(place: &Path, export: &str, list: &str, day: &str) -> Output {
    std::fs::write(place.join("export.ldif"), export).unwrap();
    std::fs::write(place.join("list.csv"), list).unwrap();
    std::fs::write(
        place.join("policy.toml"),
        format!("{POLICY}[stamp]\nattribute = \"description\"\nformat = \"left {{{{ as_of }}}}\"\n[disconnect]\nattribute = \"title\"\nvalue = \"off\"\n"),
    )
    .unwrap();
    let mut command = offboard();
    command.current_dir(place).args(["plan", "-p", "policy.toml", "-l", "list.csv", "--as-of", day, "--allow-date"]);
    command.args(["--stdout", "--limit", "delete=100%", "export.ldif"]).output().unwrap()
}

#[test]
fn no_action_comes_before_its_effective_day() {
    let place = tempfile::tempdir().unwrap();
    let locked =
        export("").replace("sn: N\n", "sn: N\npwdAccountLockedTime: 000001010000Z\ndescription: left 2026-10-01\n");
    for (action, export) in
        [("delete", export("")), ("disable", export("")), ("restore", locked), ("disconnect", export(""))]
    {
        let list = format!("uid,action,effective\nnils,{action},2026-11-22\n");
        let before = planned(place.path(), &export, &list, AS_OF);
        assert!(before.status.code() < Some(2), "{action}: {}", stderr(&before));
        assert!(!stdout(&before).contains("dn: "), "{action}: {}", stdout(&before));
        for day in ["2026-11-22", "2026-11-23"] {
            let after = planned(place.path(), &export, &list, day);
            assert!(stdout(&after).contains("dn: uid=nils"), "{action} on {day}: {}{}", stdout(&after), stderr(&after));
        }
    }
}

#[test]
fn a_time_in_effective_never_makes_it_earlier() {
    let place = tempfile::tempdir().unwrap();
    for (effective, first) in [
        ("2026-11-22T00:00Z", "2026-11-22"),
        ("2026-11-22T17:30:00Z", "2026-11-23"),
        ("2026-11-22T00:30:00+02:00", "2026-11-22"),
        ("2026-11-21T20:00:00-08:00", "2026-11-23"),
    ] {
        let list = format!("uid,effective\nnils,{effective}\n");
        let eve = first.parse::<Date>().unwrap().yesterday().unwrap().to_string();
        let before = planned(place.path(), &export(""), &list, &eve);
        assert!(
            before.status.code() < Some(2) && !stdout(&before).contains("dn: "),
            "{effective}: {}",
            stdout(&before)
        );
        assert!(stdout(&planned(place.path(), &export(""), &list, first)).contains("dn: "), "{effective}");
    }
    for effective in
        ["-002026-11-22", "2026-11-22T10:00", "2026-11-22+02:00", "2026-11-22[UTC]", "22.11.2026", "20261122"]
    {
        let output = planned(place.path(), &export(""), &format!("uid,effective\nnils,{effective}\n"), AS_OF);
        assert_eq!(output.status.code(), Some(2), "{effective}");
        assert!(stderr(&output).contains("is not a date"), "{}", stderr(&output));
    }
}
