//! Who is meant: the one entry that a line of a list, a row of a roster, a successor or the history is about; none; or
//! several, which is never the first of them. Swapping values, entries, rows or lines changes nothing.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{AS_OF, offboard, stderr};

/// No days of grace and no limits.
const AT_ONCE: &str = "preset = \"openldap\"\n[grace]\ndays = 0\n[limits]\ndelete = { count = 99, percent = 100 }\n\
                       disable = { count = 99, percent = 100 }\nreference = { count = 99, percent = 100 }\n\
                       restore = { count = 99, percent = 100 }\nowner = { count = 99, percent = 100 }\n";
/// Days of grace that only the history dates.
const NO_STAMP: &str = "[stamp]\nattribute = false\nformat = false\nmissing = false\n";

/// An account directly below a place.
fn account(uid: &str, place: &str, lines: &str) -> String {
    format!("dn: uid={uid},{place}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n{lines}\n")
}

/// A container.
fn container(dn: &str) -> String {
    format!("dn: {dn}\nobjectClass: top\nstructuralObjectClass: top\n\n")
}

/// A folder with the files of a run.
struct Run {
    place: TempDir,
}

/// What a run gave.
struct Planned {
    code: i32,
    text: String,
    view: Value,
}

impl Run {
    fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Plans into a folder of this name.
    fn plan(&self, set: &str, policy: &str, export: &str, options: &[&str]) -> Planned {
        let (policy, export) = (self.write("policy.toml", policy), self.write("export.ldif", export));
        let mut command = offboard();
        command.args(["plan", "-p"]).arg(policy).args(options).arg("-o").arg(self.path(set)).arg(export);
        if !options.contains(&"--as-of") {
            command.args(["--as-of", AS_OF]);
        }
        command.arg("--allow-date");
        let output = command.arg("--force").output().unwrap();
        let view = std::fs::read(self.path(set).join("plan.json")).ok();
        let view = view.map_or(Value::Null, |json| serde_json::from_slice(&json).unwrap());
        Planned { code: output.status.code().unwrap(), text: stderr(&output), view }
    }
}

impl Planned {
    /// `LEAVER STEP REASON` of each account, `LEAVER CODE` of each conflict, and `CODE DN` of each decision item, sorted.
    fn outcome(&self) -> Vec<String> {
        assert!(matches!(self.code, 0 | 1), "{}", self.text);
        let line = |value: &Value, keys: &[&str]| {
            keys.iter().map(|key| value[*key].as_str().unwrap()).collect::<Vec<_>>().join(" ").trim_end().to_owned()
        };
        let all = |name: &str, keys: &[&str]| -> Vec<String> {
            self.view[name].as_array().unwrap().iter().map(|value| line(value, keys)).collect()
        };
        let mut outcome = all("accounts", &["leaver", "step", "reason"]);
        outcome.extend(all("conflicts", &["leaver", "code"]));
        outcome.extend(all("decision_items", &["code", "dn"]));
        outcome.sort();
        outcome
    }

    /// The text of all conflicts and decision items.
    fn explained(&self) -> String {
        format!("{} {}", self.view["conflicts"], self.view["decision_items"])
    }
}

/// Plans for one user name.
fn plan_for(leaver: &str, policy: &str, export: &str) -> Planned {
    Run::new().plan("set", policy, export, &["-u", leaver])
}

fn swapped(one: &str, other: &str) -> [String; 2] {
    [format!("{one}{other}"), format!("{other}{one}")]
}

/// The domain of an account is the nearest whole one. What is in a domain above or below is shown, and not changed.
#[test]
fn domains_are_whole() {
    let nested = "dc=harbour,dc=example,dc=nz";
    let export = [
        container(nested),
        container("dc=cold,dc=harbour,dc=example,dc=nz"),
        container("o=net.test"),
        container("o=quay.test,o=net.test"),
        container("o=\u{d6}re.test"),
        account("kim", nested, ""),
        account("lou", "dc=cold,dc=harbour,dc=example,dc=nz", ""),
        account("mia", "o=quay.test,o=net.test", ""),
        account("nils", "o=\u{d6}re.test", ""),
    ]
    .concat();
    for (leaver, dn) in [
        ("kim@harbour.example.nz", "uid=kim,dc=harbour,dc=example,dc=nz"),
        ("kim@Harbour.Example.NZ", "uid=kim,dc=harbour,dc=example,dc=nz"),
        ("mia@quay.test", "uid=mia,o=quay.test,o=net.test"),
        ("nils@o\u{308}re.test", "uid=nils,o=\u{d6}re.test"),
    ] {
        let planned = plan_for(leaver, AT_ONCE, &export);
        assert_eq!(planned.outcome(), [format!("{leaver} delete delete-at-once")]);
        assert_eq!(planned.view["accounts"][0]["dn"], dn);
    }
    for (leaver, nearest) in [
        ("kim@harbour.example", "it is in the domain harbour.example.nz"),
        ("kim@example.nz", "it is in the domain harbour.example.nz"),
        ("lou@harbour.example.nz", "it is in the domain cold.harbour.example.nz"),
        ("kim@cold.harbour.example.nz", "it is in the domain harbour.example.nz"),
        ("mia@net.test", "it is in the domain quay.test"),
    ] {
        let planned = plan_for(leaver, AT_ONCE, &export);
        assert_eq!(planned.outcome(), [format!("{leaver} not-found")]);
        assert!(planned.explained().contains(nearest), "{leaver}: {}", planned.explained());
    }
}

/// A veto that matches no account shows the nearest one, in any order of the entries.
#[test]
fn the_nearest_entry_to_a_veto() {
    let of = |place: &str| format!("{}{}", container(place), account("kim", place, ""));
    for export in swapped(&of("dc=a,dc=bay,dc=example"), &of("dc=b,dc=bay,dc=example")) {
        let run = Run::new();
        let veto = run.write("veto.csv", "id\nkim@bay.example\n");
        let options = ["-u", "kim@b.bay.example", "--veto", veto.to_str().unwrap()];
        let planned = run.plan("set", AT_ONCE, &export, &options);
        assert_eq!(planned.outcome(), ["kim@b.bay.example delete delete-at-once", "veto-unmatched"]);
        let nearest = "the nearest is uid=kim,dc=a,dc=bay,dc=example: it is in the domain a.bay.example";
        assert!(planned.explained().contains(nearest), "{}", planned.explained());
    }
}

/// A veto that matches nothing holds the accounts that have a similar value, as a spreadsheet drops zeros; one that matches an
/// entry holds no others.
#[test]
fn a_veto_with_a_similar_value() {
    let kim = account("kim", "o=bay", "employeeNumber: 007\n");
    let ole = account("ole", "o=bay", "employeeNumber: 7\n");
    let run = Run::new();
    for veto in ["employeeNumber\n7\n", "employeeNumber\n0007\n", "id\nk.im\n"] {
        let list = run.write("veto.csv", veto);
        let options = ["-u", "kim", "--veto", list.to_str().unwrap()];
        let planned = run.plan("set", AT_ONCE, &[container("o=bay"), kim.clone()].concat(), &options);
        assert_eq!(planned.outcome(), ["kim hold vetoed", "veto-unmatched"], "{veto}");
        let nearest = "the nearest is uid=kim,o=bay: it has the similar value ";
        assert!(planned.explained().contains(nearest), "{}", planned.explained());
    }
    let list = run.write("veto.csv", "employeeNumber\n7\n");
    for both in swapped(&kim, &ole) {
        let export = [container("o=bay"), both].concat();
        let planned = run.plan("set", AT_ONCE, &export, &["-u", "kim", "--veto", list.to_str().unwrap()]);
        assert_eq!(planned.outcome(), ["kim delete delete-at-once"]);
    }
}

/// A roster of a domain is not about the accounts of a domain below it.
#[test]
fn the_roster_of_a_domain() {
    let export = [
        container("dc=harbour,dc=example"),
        container("dc=cold,dc=harbour,dc=example"),
        account("kim", "dc=harbour,dc=example", ""),
        account("ole", "dc=harbour,dc=example", ""),
        account("lou", "dc=cold,dc=harbour,dc=example", ""),
    ]
    .concat();
    let policy = format!(
        "{AT_ONCE}[roster.crew]\nkey = \"uid\"\ndomain = \"harbour.example\"\nabsence = \"disable\"\ntrailer = \"# {{{{ rows }}}}\"\n"
    );
    let run = Run::new();
    let roster = format!("crew={}", run.write("crew.csv", "uid\nkim\n# 1\n").display());
    let planned = run.plan("set", &policy, &export, &["--roster", &roster]);
    assert_eq!(planned.outcome(), ["uid=ole,dc=harbour,dc=example disable disable"]);
}

/// What is not found is near to: another place, another kind of entry, a name without punctuation.
#[test]
fn the_nearest_entry_is_shown() {
    let export = [
        container("o=bay"),
        container("ou=Out,o=bay"),
        account("kim", "ou=Out,o=bay", ""),
        "dn: cn=crew,o=bay\nobjectClass: groupOfNames\ncn: crew\nmember: uid=kim,ou=Out,o=bay\nmail: crew@bay.test\n\n"
            .to_owned(),
        account("jan.berg", "o=bay", ""),
    ]
    .concat();
    for (leaver, nearest) in [("uid=kim,o=bay", "uid=kim,ou=Out,o=bay"), ("crew@bay.test", "cn=crew,o=bay")] {
        let planned = plan_for(leaver, AT_ONCE, &export);
        assert_eq!(planned.outcome(), [format!("{leaver} not-found")]);
        assert!(planned.explained().contains(nearest), "{leaver}: {}", planned.explained());
    }
    let planned = plan_for("janberg", AT_ONCE, &export);
    assert!(planned.text.contains("jan.berg"), "{}", planned.text);
    // A number in a column of a list, without its zeros.
    let run = Run::new();
    let list = run.write("list.csv", "employeeNumber\n12\n");
    let export = format!("{export}{}", account("pia", "o=bay", "employeeNumber: 0012\n"));
    let planned = run.plan("set", AT_ONCE, &export, &["-l", list.to_str().unwrap()]);
    assert_eq!(planned.outcome(), ["employeeNumber=12 not-found"]);
    assert!(planned.text.contains("0012"), "{}", planned.text);
}

/// Values in lists compare as the directory compares them: RFC 4518.
#[test]
fn spellings_of_unicode() {
    let export = [
        container("o=bay"),
        account("\u{d6}Z", "o=bay", "mail: m\u{fc}ller@bay.test\n"),
        account("f1", "o=bay", ""),
    ]
    .concat()
    // DNs and values beyond ASCII are base64 in LDIF, but readers take UTF-8, too.
    ;
    for leaver in ["\u{f6}z", "O\u{308}Z", "o\u{308}z", "MU\u{308}LLER@bay.test"] {
        let run = Run::new();
        let list = run.write("list.csv", &format!("id\n{leaver}\n"));
        let planned = run.plan("set", AT_ONCE, &export, &["-l", list.to_str().unwrap()]);
        assert_eq!(planned.outcome(), [format!("{leaver} delete delete-at-once")]);
        let veto = run.write("veto.csv", &format!("id\n{leaver}\n"));
        let planned = run.plan("set", AT_ONCE, &export, &["-u", "\u{d6}Z", "--veto", veto.to_str().unwrap()]);
        assert_eq!(planned.outcome(), ["\u{d6}Z hold vetoed"]);
    }
    let policy = format!(
        "{AT_ONCE}[roster.crew]\nkey = \"uid\"\nstatus = \"state\"\ninactive = [\"zur\u{fc}ck\"]\nabsence = \"ignore\"\n"
    );
    let run = Run::new();
    let roster = format!("crew={}", run.write("crew.csv", "uid;state\no\u{308}z;Zuru\u{308}ck\nf1;da\n").display());
    let planned = run.plan("set", &policy, &export, &["--roster", &roster]);
    assert_eq!(planned.outcome(), ["uid=\u{d6}Z,o=bay delete delete-at-once"]);
}

/// Two lines that ask different things for one account hold it, in either order; two that ask the same do not.
#[test]
fn lines_that_disagree() {
    let export =
        [container("o=bay"), account("kim", "o=bay", "mail: kim@bay.test\n"), account("ole", "o=bay", "")].concat();
    for (first, second, is_held) in [
        ("kim,delete,,", "kim@bay.test,disable,,", true),
        ("kim,delete,,", "kim@bay.test,delete,2026-12-24,", true),
        ("kim,delete,,ole", "kim@bay.test,delete,,", true),
        ("kim,delete,,ole", "kim@bay.test,,,OLE", false),
    ] {
        for lines in swapped(&format!("{first}\n"), &format!("{second}\n")) {
            let run = Run::new();
            let list = run.write("list.csv", &format!("id,action,effective,successor\n{lines}"));
            let planned = run.plan("set", AT_ONCE, &export, &["-l", list.to_str().unwrap()]);
            let outcome = planned.outcome();
            assert_eq!(outcome.iter().any(|line| line.ends_with("hold leavers-disagree")), is_held, "{outcome:?}");
            assert_eq!(outcome.iter().any(|line| line.contains(" delete ")), !is_held, "{outcome:?}");
        }
    }
}

/// The status of a service, or the value that disables an account, next to another value: held, in either order.
#[test]
fn values_that_contradict_each_other() {
    let policy = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 0\n[limits]\n\
                  delete = { count = 99, percent = 100 }\ndisable = { count = 99, percent = 100 }\n\
                  service = { count = 99, percent = 100 }\n";
    let disabled = "inetUserStatus: deleted\n";
    let mail = "objectClass: inetMailUser\n";
    for (one, other, rest) in [
        ("mailUserStatus: removed\n", "mailUserStatus: active\n", format!("{mail}{disabled}")),
        ("mailUserStatus: deleted\n", "mailUserStatus: removed\n", format!("{mail}{disabled}")),
        ("inetUserStatus: active\n", disabled, String::new()),
    ] {
        for lines in swapped(one, other) {
            let export =
                [container("o=bay"), account("kim", "o=bay", &format!("objectClass: inetUser\n{rest}{lines}"))]
                    .concat();
            for action in ["delete", "disable", "restore"] {
                let run = Run::new();
                let list = run.write("list.csv", &format!("id,action\nkim,{action}\n"));
                let planned = run.plan("set", policy, &export, &["-l", list.to_str().unwrap()]);
                assert_eq!(planned.outcome(), ["kim hold contradictory-values"], "{lines}{action}");
            }
        }
    }
}

/// Of several stamps the latest counts, but only if all of them can be read.
#[test]
fn several_stamps() {
    let policy = AT_ONCE.replace("days = 0", "days = 30");
    let lock = "pwdAccountLockedTime: 000001010000Z\n";
    for (one, other, expected) in [
        ("description: offboarded 2026-01-01\n", "description: offboarded 2026-11-20\n", "kim wait in-grace"),
        ("description: offboarded 2026-01-01\n", "description: offboarded 2026-02-01\n", "kim delete delete"),
        ("description: offboarded 2026-01-01\n", "description: offboarded 2027-13-01\n", "kim hold grace-without-date"),
    ] {
        for lines in swapped(one, other) {
            let export = [container("o=bay"), account("kim", "o=bay", &format!("{lock}{lines}"))].concat();
            assert_eq!(plan_for("kim", &policy, &export).outcome(), [expected], "{lines}");
        }
    }
}

/// Several managers: none of them takes over.
#[test]
fn several_managers() {
    let owned =
        "dn: cn=boats,o=bay\nobjectClass: groupOfNames\ncn: boats\nowner: uid=kim,o=bay\nmember: uid=ole,o=bay\n\n";
    let rest =
        [container("o=bay"), account("ole", "o=bay", ""), account("pia", "o=bay", ""), owned.to_owned()].concat();
    let item = "manager-ambiguous uid=kim,o=bay".to_owned();
    for managers in swapped("manager: uid=ole,o=bay\n", "manager: uid=pia,o=bay\n") {
        let export = format!("{rest}{}", account("kim", "o=bay", &managers));
        for policy in [AT_ONCE.to_owned(), format!("{AT_ONCE}[successor]\nfallback = \"uid=pia,o=bay\"\n")] {
            assert_eq!(plan_for("kim", &policy, &export).outcome(), ["kim hold no-successor".to_owned(), item.clone()]);
        }
    }
    // Two spellings of one name are one manager. A server has no such entry, so it is not deleted here.
    let same = account("kim", "o=bay", "manager: uid=ole,o=bay\nmanager: UID=Ole, O=Bay\n");
    let planned = plan_for("kim", &AT_ONCE.replace("days = 0", "days = 3"), &format!("{rest}{same}"));
    assert_eq!(planned.outcome(), ["kim disable disable"]);
    assert_eq!(planned.view["accounts"][0]["successor"], "uid=ole,o=bay");
}

/// A successor that the list names and that cannot take over: nobody takes over in its place.
#[test]
fn a_named_successor_that_cannot_take_over() {
    let lock = "pwdAccountLockedTime: 000001010000Z\n";
    let export = [
        container("o=bay"),
        container("dc=cold,dc=bay"),
        account("kim", "o=bay", "manager: uid=pia,o=bay\n"),
        account("pia", "o=bay", ""),
        account("ole", "o=bay", "mail: crew@bay.test\n"),
        account("rut", "o=bay", "mail: crew@bay.test\n"),
        account("sven", "o=bay", lock),
        account("tom", "o=bay", "loginShell: /sbin/nologin\nobjectClass: posixAccount\n"),
        account("una", "dc=cold,dc=bay", ""),
    ]
    .concat();
    for (successor, code) in [
        ("olle", "successor-unknown"),
        ("uid=pia,ou=old,o=bay", "successor-unknown"),
        ("una@bay", "successor-unknown"),
        ("crew@bay.test", "successor-ambiguous"),
        ("sven", "successor-leaves"),
        // Half-disabled: it has the shell of [disable], but not the lock.
        ("tom", "successor-leaves"),
    ] {
        let run = Run::new();
        let list = run.write("list.csv", &format!("id,successor\nkim,\"{successor}\"\n"));
        let planned = run.plan("set", AT_ONCE, &export, &["-l", list.to_str().unwrap()]);
        assert_eq!(
            planned.outcome(),
            ["kim hold successor-unusable".to_owned(), format!("{code} uid=kim,o=bay")],
            "{successor}"
        );
    }
    let planned = plan_for("kim", AT_ONCE, &export);
    assert_eq!(planned.view["accounts"][0]["successor"], "uid=pia,o=bay");
}

/// An address in a list is looked for in every attribute with addresses, in any form; an address that another entry has too does
/// not say who is meant. A veto holds all.
#[test]
fn addresses_in_lists() {
    let policy = format!("{AT_ONCE}[accounts]\nmatch = [\"uid\", \"mail\"]\n");
    let wide = |lines: &str| format!("objectClass: extensibleObject\n{lines}");
    let crew = |lines: &str| {
        format!("dn: cn=crew,o=bay\nobjectClass: groupOfNames\ncn: crew\nmember: uid=pia,o=bay\n{}\n", wide(lines))
    };
    for attribute in ["mail: ", "mailAlternateAddress: ", "mailEquivalentAddress: ", "proxyAddresses: smtp:"] {
        let kim = account("kim", "o=bay", &wide(&format!("{attribute}Kim@bay.test\n")));
        let [pia, other] = ["", "mail: kim@bay.test\n"].map(|mail| account("pia", "o=bay", mail));
        for (what, second, leaver, kim_is) in [
            ("only kim", pia.clone(), "kim@bay.test delete delete-at-once", "kim hold vetoed"),
            ("pia too", other, "kim@bay.test several", "kim hold vetoed"),
            ("a list too", format!("{pia}{}", crew("mail: kim@bay.test\n")), "kim@bay.test several", "kim hold vetoed"),
            (
                "another address",
                format!("{pia}{}", crew("mail: x@bay.test\n")),
                "kim@bay.test delete delete-at-once",
                "kim hold vetoed",
            ),
        ] {
            for export in swapped(&kim, &second).map(|entries| format!("{}{entries}", container("o=bay"))) {
                for head in ["id", "mail"] {
                    let run = Run::new();
                    let list = run.write("list.csv", &format!("{head}\nkim@bay.test\n"));
                    let planned = run.plan("set", &policy, &export, &["-l", list.to_str().unwrap()]);
                    let leaver = if head == "mail" { format!("mail={leaver}") } else { leaver.to_owned() };
                    assert_eq!(planned.outcome(), [leaver], "{attribute}{what}");
                    let planned = run.plan("set", &policy, &export, &["-u", "kim", "--veto", list.to_str().unwrap()]);
                    assert_eq!(planned.outcome(), [kim_is], "{attribute}{what}");
                }
            }
        }
        // A successor.
        for (second, expected) in [
            ("", vec!["nia delete delete-at-once"]),
            (
                crew("mail: kim@bay.test\n").as_str(),
                vec!["nia hold successor-unusable", "successor-ambiguous uid=nia,o=bay"],
            ),
        ] {
            let export =
                [&container("o=bay"), &kim, &account("nia", "o=bay", ""), &account("pia", "o=bay", ""), second]
                    .concat();
            let run = Run::new();
            let list = run.write("list.csv", "id,successor\nnia,kim@bay.test\n");
            assert_eq!(run.plan("set", &policy, &export, &["-l", list.to_str().unwrap()]).outcome(), expected);
        }
    }
}

/// The fallback comes before the manager in the order, and cannot take over: the manager does not.
#[test]
fn a_fallback_that_cannot_take_over() {
    let owned =
        "dn: cn=boats,o=bay\nobjectClass: groupOfNames\ncn: boats\nowner: uid=kim,o=bay\nmember: uid=pia,o=bay\n\n";
    let export = [
        container("o=bay"),
        account("kim", "o=bay", "manager: uid=pia,o=bay\n"),
        account("pia", "o=bay", ""),
        account("tom", "o=bay", "loginShell: /sbin/nologin\nobjectClass: posixAccount\n"),
        owned.to_owned(),
    ]
    .concat();
    for (fallback, item) in [("uid=tom,o=bay", "fallback-leaves"), ("uid=nix,o=bay", "fallback-unknown")] {
        let policy = format!("{AT_ONCE}[successor]\norder = [\"fallback\", \"manager\"]\nfallback = \"{fallback}\"\n");
        assert_eq!(plan_for("kim", &policy, &export).outcome(), [item, "kim hold no-successor"]);
    }
}

fn roster_policy(more: &str) -> String {
    format!(
        "{AT_ONCE}[roster.crew]\nkey = \"employeeNumber\"\ncolumn = \"no\"\nstatus = \"state\"\ninactive = [\"left\"]\n\
         active = [\"here\"]\n{more}"
    )
}

/// Plans with a roster of these rows.
fn with_roster(more: &str, rows: &str, export: &str, options: &[&str]) -> Planned {
    let run = Run::new();
    let roster = format!("crew={}", run.write("crew.csv", &format!("no;state\n{rows}")).display());
    run.plan("set", &roster_policy(more), export, &[&["--roster", &roster], options].concat())
}

/// An account with two keys, and two rows with one key, that disagree: a decision item, in either order.
#[test]
fn rows_that_disagree() {
    let number = |number: &str| format!("employeeNumber: {number}\n");
    let item = "roster-rows-disagree uid=kim,o=bay";
    let kim = |lines: &str| [container("o=bay"), account("kim", "o=bay", lines)].concat();
    for numbers in swapped(&number("11"), &number("12")) {
        for (one, other) in [("11;left\n", "12;here\n"), ("11;left\n", "12;ill\n"), ("11;here\n", "12;ill\n")] {
            for rows in swapped(one, other) {
                assert_eq!(with_roster("absence = \"ignore\"\n", &rows, &kim(&numbers), &[]).outcome(), [item]);
            }
        }
        // One number has left, and the other is not listed.
        assert_eq!(with_roster("absence = \"ignore\"\n", "11;left\n", &kim(&numbers), &[]).outcome(), [item]);
        // Both have left.
        let left = with_roster("", "11;left\n12;left\n", &kim(&numbers), &[]);
        assert_eq!(left.outcome(), ["uid=kim,o=bay delete delete-at-once"]);
    }
    for (one, other) in [("11;left\n", "11;ill\n"), ("11;left\n", "11;here\n"), ("AB1;left\n", "ab1;ill\n")] {
        for rows in swapped(one, other) {
            let export = kim(&number(rows.split(';').next().unwrap()));
            assert_eq!(with_roster("absence = \"ignore\"\n", &rows, &export, &[]).outcome(), [item], "{rows}");
        }
    }
    // A row that says active keeps the account, even if a list names it.
    for rows in swapped("11;left\n", "11;here\n") {
        let held = with_roster("", &rows, &kim(&number("11")), &["-u", "kim"]);
        assert_eq!(held.outcome(), ["kim hold active-in-roster"]);
    }
}

/// A row that lists several accounts deletes none of them, and restores none of them.
#[test]
fn a_row_that_lists_several_accounts() {
    let stamped = "pwdAccountLockedTime: 000001010000Z\ndescription: offboarded 2026-11-01\n";
    let number = "employeeNumber: 11\n";
    let kim = |lines: &str| account("kim", "o=bay", &format!("{number}{lines}"));
    let ole = |number: &str| account("ole", "o=bay", number);
    for (state, lines, alone) in [("left", "", "delete delete-at-once"), ("here", stamped, "restore restore")] {
        for accounts in swapped(&kim(lines), &ole(number)) {
            let planned = with_roster("", &format!("11;{state}\n"), &format!("{}{accounts}", container("o=bay")), &[]);
            assert!(
                planned.outcome().contains(&"roster-key-ambiguous uid=kim,o=bay".to_owned()),
                "{:?}",
                planned.outcome()
            );
            assert_eq!(planned.view["accounts"].as_array().unwrap().len(), 0);
        }
        let export = [container("o=bay"), kim(lines), ole("employeeNumber: 12\n")].concat();
        let planned = with_roster("", &format!("11;{state}\n12;here\n"), &export, &[]);
        assert_eq!(planned.outcome(), [format!("uid=kim,o=bay {alone}")]);
    }
}

/// A key that is only alike, as a spreadsheet writes it, is never taken as equal, and never as absent.
#[test]
fn keys_that_are_only_alike() {
    let with = |number: &str| {
        let other = account("ole", "o=bay", "employeeNumber: 99\n");
        [container("o=bay"), account("kim", "o=bay", &format!("employeeNumber: {number}\n")), other].concat()
    };
    for (number, key) in [("007", "7"), ("7", "0007"), ("E-12", "E12"), ("a 5", "A-05")] {
        for (absence, more) in [("ignore", ""), ("review", ""), ("disable", "expected_rows = 2\n")] {
            for (state, others) in [("here", &[][..]), ("left", &["roster-rows-unmatched"][..])] {
                let rules = format!("absence = \"{absence}\"\n{more}");
                let planned = with_roster(&rules, &format!("{key};{state}\n99;here\n"), &with(number), &[]);
                let expected = [&["roster-key-alike uid=kim,o=bay"], others].concat();
                assert_eq!(planned.outcome(), expected, "{number} {key} {absence} {state}");
                assert!(planned.explained().contains(&format!("has {key} on line 2")), "{}", planned.explained());
            }
        }
        let held = with_roster("", &format!("{key};here\n99;here\n"), &with(number), &["-u", "kim"]);
        assert_eq!(held.outcome(), ["kim hold similar-key-active"]);
    }
    // Another row may have the key itself.
    for (rows, expected) in [
        ("007;left\n7;here\n99;here\n", &["roster-key-alike uid=kim,o=bay"][..]),
        ("7;here\n007;left\n99;here\n", &["roster-key-alike uid=kim,o=bay"]),
        ("7;left\n007;left\n99;here\n", &["roster-rows-unmatched", "uid=kim,o=bay delete delete-at-once"]),
        ("7;left\n007;here\n99;here\n", &["roster-rows-unmatched"]),
    ] {
        let planned = with_roster("", rows, &with("007"), &[]);
        let mut outcome = planned.outcome();
        outcome.sort_unstable();
        assert_eq!(outcome, expected, "{rows}");
    }
    let held = with_roster("", "007;left\n7;here\n99;here\n", &with("007"), &["-u", "kim"]);
    assert_eq!(held.outcome(), ["kim hold similar-key-active"]);
    // A number of an attribute with integer syntax is a number.
    let policy = roster_policy("absence = \"ignore\"\n").replace("employeeNumber", "uidNumber");
    let run = Run::new();
    let export = [container("o=bay"), account("kim", "o=bay", "objectClass: posixAccount\nuidNumber: 7\n")].concat();
    let roster = format!("crew={}", run.write("crew.csv", "no;state\n007;left\n").display());
    let planned = run.plan("set", &policy, &export, &["--roster", &roster]);
    assert_eq!(planned.outcome(), ["uid=kim,o=bay delete delete-at-once"]);
}

/// Rows that match no account are counted, and shown with their lines.
#[test]
fn rows_without_an_account() {
    let export = [container("o=bay"), account("kim", "o=bay", "employeeNumber: 11\n")].concat();
    let planned = with_roster("", "11;here\n12;left\n13;here\n", &export, &[]);
    assert_eq!((planned.code, planned.outcome()), (1, vec!["roster-rows-unmatched".to_owned()]));
    assert!(planned.text.contains("2 rows: line 3 (12), line 4 (13)"), "{}", planned.text);
    // People without an account are no finding, but they are counted.
    let planned = with_roster("", "11;here\n13;here\n", &export, &[]);
    assert_eq!((planned.code, planned.outcome()), (0, vec![]));
    assert_eq!(planned.view["rosters"][0]["unmatched_rows"], 1);
    assert_eq!(planned.view["rosters"][0]["unmatched"][0], "line 3 (13)");
    // A roster with other keys than those of the accounts disables none of them.
    let planned = with_roster("absence = \"disable\"\nexpected_rows = 2\n", "kim;here\nole;here\n", &export, &[]);
    assert_eq!(planned.outcome(), ["absent-from-roster uid=kim,o=bay", "roster-rows-unmatched"]);
}

/// A check of a roster that cannot be made refuses the plan.
#[test]
fn checks_that_cannot_be_made() {
    let export = [container("o=bay"), account("kim", "o=bay", "employeeNumber: 11\n")].concat();
    for (rules, rows, code, text) in [
        ("min_percent = 90\n", "11;here\n", 3, "`min_percent` cannot be checked"),
        ("min_percent = 90\nabsence = \"ignore\"\n", "11;left\n", 3, "--history"),
        ("min_percent = 90\nexpected_rows = 1\n", "11;here\n", 0, ""),
        ("max_age_days = 3\n", "11;here\n", 3, "`max_age_days` cannot be checked"),
        ("max_age_days = 3\ntrailer = \"# {{ rows }}\"\n", "11;here\n# 1\n", 3, "{{ date }}"),
        ("max_age_days = 3\ntrailer = \"# {{ rows }} {{ date }}\"\n", "11;here\n# 1 2026-11-20\n", 0, ""),
    ] {
        let planned = with_roster(rules, rows, &export, &[]);
        assert_eq!(planned.code, code, "{rules}: {}", planned.text);
        assert!(planned.text.contains(text), "{rules}: {}", planned.text);
    }
}

const FIRST: &str = "597ae2f6-16a6-1027-98f4-d28b5365dc14";
const SECOND: &str = "597ae2f6-16a6-1027-98f4-d28b5365dc15";

/// `kim`, with an identifier or without one, disabled or not.
fn kim(place: &str, id: &str, is_disabled: bool) -> String {
    let id = if id.is_empty() { String::new() } else { format!("entryUUID: {id}\n") };
    let lock = if is_disabled { "pwdAccountLockedTime: 000001010000Z\n" } else { "" };
    let places = [container("o=bay"), container("ou=Out,o=bay"), account("pia", "o=bay", "")].concat();
    format!("{places}{}", account("kim", place, &format!("{id}{lock}")))
}

fn set(path: &Path) -> [&str; 2] {
    ["--history", path.to_str().unwrap()]
}

/// The policy of the tests of the history: a grace that only change sets date.
fn dated_by_history(more: &str) -> String {
    format!("{}{NO_STAMP}{more}", AT_ONCE.replace("days = 0", "days = 30"))
}

/// The history of an account does not count for another one that has its name now.
#[test]
fn another_account_has_the_name_now() {
    let run = Run::new();
    let policy = dated_by_history("");
    for (then, now, expected) in [
        (FIRST, FIRST, vec!["kim delete delete"]),
        (FIRST, SECOND, vec!["history-of-another uid=kim,o=bay", "kim hold grace-without-stamp"]),
        ("", "", vec!["kim delete delete"]),
    ] {
        let first = run.plan("first", &policy, &kim("o=bay", then, false), &["-u", "kim", "--as-of", "2026-09-01"]);
        assert_eq!(first.outcome(), ["kim disable disable"]);
        let first = run.path("first");
        let options = [&["-u", "kim"], &set(&first)[..]].concat();
        let planned = run.plan("second", &policy, &kim("o=bay", now, true), &options);
        assert_eq!(planned.outcome(), expected, "{then} {now}");
    }
}

/// Without identifiers, an entry that was added after the account was disabled is another one.
#[test]
fn an_entry_that_is_younger_than_the_history() {
    let policy = dated_by_history("");
    for (created, expected) in [
        ("20260830120000Z", vec!["kim delete delete"]),
        ("20260903120000Z", vec!["history-of-another uid=kim,o=bay", "kim hold grace-without-stamp"]),
    ] {
        let run = Run::new();
        run.plan("first", &policy, &kim("o=bay", "", false), &["-u", "kim", "--as-of", "2026-09-01"]);
        let first = run.path("first");
        let options = [&["-u", "kim"], &set(&first)[..]].concat();
        let export = kim("o=bay", "", true).replace("uid: kim\n", &format!("uid: kim\ncreateTimestamp: {created}\n"));
        assert_eq!(run.plan("second", &policy, &export, &options).outcome(), expected, "{created}");
    }
}

/// A deletion in the history ends what it knows, unless the identifier shows that the account is still there.
#[test]
fn a_deletion_ends_the_history() {
    let policy = dated_by_history("");
    for (then, now, expected) in [
        (FIRST, FIRST, vec!["kim delete delete"]),
        (FIRST, SECOND, vec!["history-of-another uid=kim,o=bay", "kim hold grace-without-stamp"]),
        ("", "", vec!["history-of-another uid=kim,o=bay", "kim hold grace-without-stamp"]),
    ] {
        let run = Run::new();
        run.plan("first", &policy, &kim("o=bay", then, false), &["-u", "kim", "--as-of", "2026-08-01"]);
        let first = run.path("first");
        let options = [&["-u", "kim", "--as-of", "2026-10-01"], &set(&first)[..]].concat();
        let second = run.plan("second", &policy, &kim("o=bay", then, true), &options);
        assert_eq!(second.outcome(), ["kim delete delete"]);
        let second = run.path("second");
        for sets in [[set(&first), set(&second)], [set(&second), set(&first)]] {
            let options = [&["-u", "kim"], sets.as_flattened()].concat();
            let planned = run.plan("third", &policy, &kim("o=bay", now, true), &options);
            assert_eq!(planned.outcome(), expected, "{then} {now}");
        }
    }
}

/// A name that a move made free is used again.
#[test]
fn a_name_that_a_move_made_free() {
    let policy = dated_by_history("[move]\nto = \"ou=Out,o=bay\"\n");
    for (then, now, both) in [(FIRST, SECOND, true), (FIRST, SECOND, false), ("", "", true)] {
        let run = Run::new();
        run.plan("first", &policy, &kim("o=bay", then, false), &["-u", "kim", "--as-of", "2026-08-01"]);
        let mut export = kim("o=bay", now, true);
        if both {
            let id = if then.is_empty() { String::new() } else { format!("entryUUID: {then}\n") };
            let lock = "pwdAccountLockedTime: 000001010000Z\n";
            export.push_str(&account("kim", "ou=Out,o=bay", &format!("{id}{lock}")));
        }
        let first = run.path("first");
        let list = run.write("list.csv", "uid\nkim\n");
        let rules = format!("{policy}[accounts]\nbase = [\"o=bay\"]\n");
        let options = [&["-l", list.to_str().unwrap()], &set(&first)[..]].concat();
        let planned = run.plan("second", &rules, &export, &options);
        let expected = if both {
            vec!["uid=kim several".to_owned()]
        } else {
            vec!["history-of-another uid=kim,o=bay".to_owned(), "uid=kim hold grace-without-stamp".to_owned()]
        };
        assert_eq!(planned.outcome(), expected, "{then} {now} {both}");
    }
}

/// A change set without a record that disables an account does not date it.
#[test]
fn a_change_set_of_other_stages_dates_nothing() {
    let policy = dated_by_history("");
    let group =
        "dn: cn=crew,o=bay\nobjectClass: groupOfNames\ncn: crew\nmember: uid=kim,o=bay\nmember: uid=pia,o=bay\n\n";
    for (stage, expected) in [
        ("references", "kim hold grace-without-stamp"),
        ("move", "kim hold grace-without-stamp"),
        ("status", "kim delete delete"),
    ] {
        let run = Run::new();
        let options = ["-u", "kim", "--as-of", "2026-09-01", "--stage", stage];
        let export = format!("{}{group}", kim("o=bay", "", false));
        run.plan("first", &policy, &export, &options);
        let first = run.path("first");
        let options = [&["-u", "kim"], &set(&first)[..]].concat();
        let planned = run.plan("second", &policy, &kim("o=bay", "", true), &options);
        assert_eq!(planned.outcome(), [expected], "{stage}");
    }
}

/// A tool of the site disables the account, so there is no record. The command in the change set dates it.
#[test]
fn a_tool_that_disables_accounts() {
    let policy = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\ntools = \"delegated-administrator\"\n\
                  [grace]\ndays = 30\n[limits]\ndelete = { count = 99, percent = 100 }\n\
                  disable = { count = 99, percent = 100 }\n";
    let kim = |status: &str| {
        let lines = format!("objectClass: inetUser\ninetUserStatus: {status}\n");
        [container("o=bay"), account("kim", "o=bay", &lines)].concat()
    };
    let run = Run::new();
    let first = run.plan("first", policy, &kim("active"), &["-u", "kim", "--as-of", "2026-09-01"]);
    assert_eq!(first.outcome(), ["kim disable disable"]);
    assert_eq!(first.view["operations"].as_array().unwrap().len(), 0);
    let first = run.path("first");
    let second = run.plan("second", policy, &kim("deleted"), &[&["-u", "kim"], &set(&first)[..]].concat());
    assert_eq!(second.outcome(), ["kim delete delete"]);
    let alone = run.plan("third", policy, &kim("deleted"), &["-u", "kim"]);
    assert_ne!(alone.outcome(), ["kim delete delete"]);
}

/// The containers and `kim`, with an identifier, disabled, and what is below.
fn moved_kim(name: &str, id: &str, more: &str) -> String {
    let places = ["o=bay", "ou=Crew,o=bay", "ou=Out,o=bay"].map(container).concat();
    let kim = format!(
        "dn: {name}\nobjectClass: inetOrgPerson\nuid: kim\ncn: kim\nsn: kim\nemployeeNumber: 7\nentryUUID: {id}\n{more}\n"
    );
    format!("{places}{}{kim}", account("pia", "o=bay", ""))
}

const LOCK: &str = "pwdAccountLockedTime: 000001010000Z\n";

/// What names an account by a place that a change set moved it from still means it, and means no other account that has its
/// new name.
#[test]
fn former_names_are_those_of_one_account() {
    let policy = dated_by_history("[move]\nto = \"ou=Out,o=bay\"\n");
    let child = "\ndn: cn=dev,uid=kim,ou=Out,o=bay\nobjectClass: device\ncn: dev\n";
    let roster = "[roster.crew]\nkey = \"employeeNumber\"\ncolumn = \"no\"\nstatus = \"state\"\n\
                  inactive = [\"left\"]\nactive = [\"here\"]\n";
    let old = "uid=kim,ou=Crew,o=bay";
    let with = |rules: &str| format!("{policy}{rules}");
    for (what, rules, veto, leaver, below, same, other) in [
        ("list", with(""), "", old, "", "uid=kim,ou=Crew,o=bay delete delete", "uid=kim,ou=Crew,o=bay not-found"),
        ("domain", with(""), "", "kim@bay", "", "kim@bay delete delete", "kim@bay hold grace-without-stamp"),
        ("container", with(""), "ou=Crew,o=bay", "kim", "", "kim hold vetoed", "kim hold grace-without-stamp"),
        (
            "veto",
            with("[veto]\ndn = [\"ou=Crew,o=bay\"]\n"),
            "",
            "kim",
            "",
            "kim hold vetoed",
            "kim hold grace-without-stamp",
        ),
        (
            "child",
            with("[children]\nown = \"(objectClass=device)\"\n[veto]\ndn = [\"cn=dev,uid=kim,ou=Crew,o=bay\"]\n"),
            "",
            "kim",
            child,
            "kim hold vetoed-below",
            "kim hold grace-without-stamp",
        ),
        (
            "rule",
            with("[[rule]]\nbase = \"ou=Crew,o=bay\"\naction = \"disable\"\n"),
            "",
            "kim",
            "",
            "kim nothing already-disabled",
            "kim hold no-rule",
        ),
        (
            "roster",
            with(&format!("{roster}base = \"ou=Crew,o=bay\"\n")),
            "",
            "kim",
            "",
            "kim hold active-in-roster",
            "kim hold grace-without-stamp",
        ),
    ] {
        for (now, expected) in [(FIRST, same), (SECOND, other)] {
            let run = Run::new();
            let first = run.plan("first", &policy, &moved_kim(old, FIRST, ""), &["-u", "kim", "--as-of", "2026-08-01"]);
            assert_eq!(first.outcome(), ["kim disable disable"]);
            let first = run.path("first");
            let list = run.write("list.csv", &format!("id\n\"{leaver}\"\n"));
            let mut options = [&["-l", list.to_str().unwrap()], &set(&first)[..]].concat();
            let veto = (!veto.is_empty()).then(|| run.write("veto.csv", &format!("id\n\"{veto}\"\n")));
            options.extend(veto.iter().flat_map(|path| ["--veto", path.to_str().unwrap()]));
            let rows = format!("crew={}", run.write("crew.csv", "no;state\n7;here\n").display());
            if what == "roster" {
                options.extend(["--roster", &rows]);
            }
            let export = moved_kim("uid=kim,ou=Out,o=bay", now, &format!("{LOCK}{below}"));
            let planned = run.plan("second", &rules, &export, &options);
            let outcome = planned.outcome();
            assert!(outcome.iter().any(|line| line == expected), "{what} {now}: {outcome:?}");
        }
    }
}

/// An account that was renamed in another way is the one that has its identifier.
#[test]
fn a_name_that_was_changed_in_another_way() {
    let policy = dated_by_history("");
    let old = "uid=kim,ou=Crew,o=bay";
    for (now, expected) in [(FIRST, "kim hold vetoed"), (SECOND, "kim hold grace-without-stamp")] {
        let run = Run::new();
        run.plan("first", &policy, &moved_kim(old, FIRST, ""), &["-u", "kim", "--as-of", "2026-08-01"]);
        let first = run.path("first");
        let rules = format!("{policy}[veto]\ndn = [\"{old}\"]\n");
        let options = [&["-u", "kim"], &set(&first)[..]].concat();
        let planned = run.plan("second", &rules, &moved_kim("cn=kim,ou=Out,o=bay", now, LOCK), &options);
        let outcome = planned.outcome();
        assert!(outcome.iter().any(|line| line == expected), "{now}: {outcome:?}");
    }
}

/// A change set that is later than the plan says nothing about its past.
#[test]
fn a_history_of_the_future() {
    let policy = dated_by_history("");
    let run = Run::new();
    let export = moved_kim("uid=kim,ou=Crew,o=bay", FIRST, "");
    run.plan("first", &policy, &export, &["-u", "kim", "--as-of", "2026-09-02"]);
    let first = run.path("first");
    for (day, code) in [("2026-09-01", 2), ("2026-09-02", 0)] {
        let planned =
            run.plan("second", &policy, &export, &[&["-u", "kim", "--as-of", day], &set(&first)[..]].concat());
        assert!(planned.code == code, "{day}: {}", planned.text);
    }
}

/// A later change set that locks an account again does not hide what the first one deleted; two of one day that disagree do.
#[test]
fn several_change_sets_disabled_an_account() {
    let policy = dated_by_history("[disable.replace]\ntitle = \"gone\"\npwdAccountLockedTime = \"000001010000Z\"\n");
    for (second, day, expected) in [
        ("gone", "2026-08-05", "kim restore restore"),
        ("mate", "2026-08-01", "kim hold restore-unknown"),
        ("bosun", "2026-08-01", "kim restore restore"),
    ] {
        let run = Run::new();
        let kim =
            |title: &str, more: &str| moved_kim("uid=kim,ou=Crew,o=bay", FIRST, &format!("title: {title}\n{more}"));
        run.plan("first", &policy, &kim("bosun", ""), &["-u", "kim", "--as-of", "2026-08-01"]);
        run.plan("second", &policy, &kim(second, ""), &["-u", "kim", "--as-of", day]);
        let (first, second_set) = (run.path("first"), run.path("second"));
        for sets in [[set(&first), set(&second_set)], [set(&second_set), set(&first)]] {
            let list = run.write("list.csv", "id,action\nkim,restore\n");
            let options = [&["-l", list.to_str().unwrap()], sets.as_flattened()].concat();
            let planned = run.plan("third", &policy, &kim("gone", LOCK), &options);
            let outcome = planned.outcome();
            assert!(outcome == [expected], "{second}: {outcome:?}");
        }
    }
}
