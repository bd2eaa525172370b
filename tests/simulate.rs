//! `offboard simulate`: the records that it refuses, and the exports that it writes.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use offboard::diff::{diff, text};
use offboard::ldap::ChangeRecord;
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert};
use offboard::policy::Server;
use offboard::simulate::{rewrite, simulate};

use crate::diff::{content, model, options, random_pair};
use crate::support::{
    MemoryExports, cases, entries, export_options, exports, offboard, paths_with, plan_scenario, root, stderr,
};

/// An export with comments, folds, base64, CRLF, blanks and an unusual order, which stay where no record changes them.
const EXPORT: &str = "# made by hand\nversion: 1\n\ndn: o=x\nobjectClass: organization\no: x\ndescription: fol\n ded\n\n\
    # the people\ndn: ou=People, O=X\nobjectClass: organizationalUnit\nou:: UGVvcGxl\n\n\n\
    # Anna\nDN: uid=anna,ou=People,o=x\nobjectClass: inetOrgPerson\nuid: anna\ncn;lang-de: Anna\ncn: anna\nsn: a\nMail: a@x\n\n\
    dn: ou=Old,o=x\nobjectClass: organizationalUnit\nou: Old\n\n\
    dn: uid=bert,ou=People,o=x\r\nobjectClass: inetOrgPerson\r\nuid: bert\r\ncn: bert\r\nsn: b\r\n\r\n\
    dn: ou=Team,ou=People,o=x\nobjectClass: organizationalUnit\nou: Team\n\n\
    dn: uid=carl\\, jr,ou=Team,ou=People,o=x\nobjectClass: inetOrgPerson\nuid: carl, jr\ncn: c\nsn: c\n\n\
    # search result\nsearch: 2\nresult: 0 Success";

/// A second export, without a line break at its end.
const MORE: &str = "version: 1\ndn: o=y\nobjectClass: organization\no: y\n\ndn: cn=g,o=y\nobjectClass: groupOfNames\ncn: g\n\
    member: uid=bert,ou=People,o=x";

/// Runs `offboard simulate` in a folder with both exports.
fn run(place: &Path, change: &str, more: &[&str]) -> Output {
    for (name, text) in [("export.ldif", EXPORT), ("more.ldif", MORE), ("change.ldif", change)] {
        std::fs::write(place.join(name), text).unwrap();
    }
    let mut command = offboard();
    command.current_dir(place).args(["simulate", "--export", "export.ldif"]).args(more).arg("change.ldif");
    command.output().unwrap()
}

/// The lines that differ, with one line of context.
fn changed(before: &str, after: &str) -> String {
    let difference = similar::TextDiff::from_lines(before, after).unified_diff().context_radius(1).to_string();
    if difference.is_empty() { "(no line differs)\n".to_owned() } else { difference.replace("\r\n", "\n") }
}

#[test]
fn changes_in_their_places() {
    let anna = "dn: uid=anna,ou=People,o=x\n";
    let cases = [
        ("nothing", "dn: o=x\nchangetype: modify\nreplace: o\no: x\n-\n".to_owned()),
        ("values", format!("{anna}changetype: modify\nadd: description\ndescription: é\n-\ndelete: mail\n-\n")),
        ("deleted", format!("{anna}changetype: delete\n")),
        (
            "added behind its parent, and below what is added",
            "dn: ou=New,o=x\nchangetype: add\nobjectClass: organizationalUnit\nou: New\n\n\
             dn: uid=dora,ou=New,o=x\nchangetype: add\nobjectClass: inetOrgPerson\ncn: d\nsn: d\n\n\
             dn: uid=emil,ou=Team,ou=People,o=x\nchangetype: add\nobjectClass: inetOrgPerson\nuid: emil\ncn: e\nsn: e\n"
                .to_owned(),
        ),
        ("added at the end", "dn: c=de\nchangetype: add\nobjectClass: country\nc: de\n".to_owned()),
        (
            "moved with what is below, and changed there",
            "dn: ou=Team,ou=People,o=x\nchangetype: modrdn\nnewrdn: ou=Gone\ndeleteoldrdn: 1\nnewsuperior: ou=Old,o=x\n\n\
             dn: uid=carl\\2c jr,ou=gone,ou=old,o=x\nchangetype: modify\nreplace: sn\nsn: changed\n-\n"
                .to_owned(),
        ),
        (
            "leaves first, then what was their parent",
            "dn: uid=carl\\2c jr,ou=Team,ou=People,o=x\nchangetype: delete\n\ndn: ou=Team,ou=People,o=x\nchangetype: delete\n"
                .to_owned(),
        ),
        (
            "deleted and added again",
            format!("{anna}changetype: delete\n\n{anna}changetype: add\nobjectClass: inetOrgPerson\ncn: new\nsn: n\n"),
        ),
        ("in the second export", "dn: o=y\nchangetype: modify\nadd: description\ndescription: y\n-\n".to_owned()),
    ];
    let mut story = String::new();
    for (title, change) in cases {
        let place = tempfile::tempdir().unwrap();
        let output = run(place.path(), &change, &["--export", "more.ldif"]);
        assert_eq!(output.status.code(), Some(0), "{title}: {}", stderr(&output));
        let before = format!("{EXPORT}\n\n{}", MORE.strip_prefix("version: 1\n").unwrap());
        let after = String::from_utf8_lossy(&output.stdout);
        writeln!(story, "=== {title}\n{}--- {}", changed(&before, &after), stderr(&output)).unwrap();
    }
    insta::assert_snapshot!(story);
}

const WRONG: &str = "dn: uid=nobody,o=x\nchangetype: delete\n\n\
    dn: uid=anna,ou=People,o=x\nchangetype: modify\ndelete: mail\nmail: b@x\n-\n\n\
    dn: ou=People,o=x\nchangetype: delete\n\n\
    dn: uid=anna,ou=People,o=x\nchangetype: modify\nreplace: mail\nmail: c@x\n-\n\n\
    dn: uid=\\1b[31m,ou=None,o=x\nchangetype: add\nobjectClass: account\n\n\
    dn: ou=People,o=x\nchangetype: modrdn\nnewrdn: ou=Old\ndeleteoldrdn: 1\n";

#[test]
fn what_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let mut story = String::new();
    let mut tell = |title: &str, output: &Output| {
        let out = changed(EXPORT, &String::from_utf8_lossy(&output.stdout));
        let out = if output.stdout.is_empty() { "(nothing)\n".to_owned() } else { out };
        writeln!(story, "=== {title}: exit {}\n{out}--- {}", output.status.code().unwrap(), stderr(output)).unwrap();
    };
    tell("the first stops it", &run(place.path(), WRONG, &["-o", "after.ldif"]));
    assert!(!place.path().join("after.ldif").exists());
    tell("the others go on", &run(place.path(), WRONG, &["--keep-going"]));
    tell("on another server", &run(place.path(), WRONG, &["--keep-going", "--for", "389ds"]));
    tell("content", &run(place.path(), "dn: o=x\no: x\n", &[]));
    tell("no name", &run(place.path(), "dn: o=x\nchangetype: delete\n\ndn: x\nchangetype: delete\n", &[]));
    tell("no LDIF", &run(place.path(), "dn: o=x\nchangetype: remove\n", &[]));
    tell("an export twice", &run(place.path(), WRONG, &["--export", "export.ldif"]));
    tell("no change set", &run(place.path(), WRONG, &["."]));
    std::fs::write(place.path().join("cut.ldif"), "dn: o=z\no: z\n\nsearch: 2\nresult: 4 Size limit exceeded\n")
        .unwrap();
    tell("a part of the exports", &run(place.path(), WRONG, &["--export", "cut.ldif"]));
    std::fs::write(place.path().join("top.ldif"), "dn: dc=a,dc=b\nobjectClass: domain\ndc: a\n").unwrap();
    let rename = "dn: dc=a,dc=b\nchangetype: modrdn\nnewrdn: dc=c\ndeleteoldrdn: 1\n";
    tell("the top of an export", &run(place.path(), rename, &["--export", "top.ldif"]));
    let written = run(place.path(), "dn: uid=anna,ou=People,o=x\nchangetype: delete\n", &["-o", "after.ldif"]);
    tell("to a file", &written);
    let mode = std::fs::metadata(place.path().join("after.ldif")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    tell("to a file that is there", &run(place.path(), WRONG, &["-o", "after.ldif"]));
    let help = offboard().args(["simulate", "--help"]).output().unwrap();
    writeln!(story, "=== help\n{}", String::from_utf8_lossy(&help.stdout)).unwrap();
    insta::assert_snapshot!(story);
}

/// Links of Active Directory are updated in entries that no record names.
#[test]
fn links_follow() {
    let place = tempfile::tempdir().unwrap();
    let change =
        "dn: uid=bert,ou=People,o=x\nchangetype: modrdn\nnewrdn: uid=bert\ndeleteoldrdn: 1\nnewsuperior: ou=Old,o=x\n";
    let output = run(place.path(), change, &["--export", "more.ldif", "--for", "ad"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("member: uid=bert,ou=Old,o=x"), "{}", stderr(&output));
    let output = run(place.path(), change, &["--export", "more.ldif"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("member: uid=bert,ou=People,o=x"), "{}", stderr(&output));
}

/// Blocks, threads and compression have no effect on the output.
#[test]
fn large_exports_come_back() {
    let place = tempfile::tempdir().unwrap();
    let mut text = "dn: o=x\nobjectClass: organization\no: x\n\n".to_owned();
    for number in 0..20_000 {
        write!(text, "# {number}\ndn: uid=u{number},o=x\nobjectClass: account\nuid: u{number}\n\n").unwrap();
    }
    std::fs::write(place.path().join("export.ldif"), &text).unwrap();
    let change = "dn: uid=u15000,o=x\nchangetype: delete\n\ndn: uid=u7,o=x\nchangetype: modrdn\nnewrdn: uid=v\ndeleteoldrdn: 1\n";
    std::fs::write(place.path().join("change.ldif"), change).unwrap();
    let expected = text
        .replace("# 15000\ndn: uid=u15000,o=x\nobjectClass: account\nuid: u15000\n\n", "")
        .replace("dn: uid=u7,o=x\nobjectClass: account\nuid: u7\n", "dn: uid=v,o=x\nobjectClass: account\nuid: v\n");
    for threads in ["1", "3"] {
        let mut command = offboard();
        command.current_dir(place.path()).args([
            "simulate",
            "--threads",
            threads,
            "--export",
            "export.ldif",
            "change.ldif",
        ]);
        let output = command.output().unwrap();
        assert!(output.stdout == expected.as_bytes(), "{threads} threads: {}", stderr(&output));
    }
}

/// The folder of a change set is read as its stages in order.
#[test]
fn a_change_set() {
    let set = root().join("fixtures/scenarios/three-domains/expected");
    let run = |changes: &[String]| {
        let mut command = offboard();
        command.arg("simulate").args(export_options(&exports("three-domains")));
        command.args(changes).output().unwrap()
    };
    let whole = run(&[set.to_str().unwrap().to_owned()]);
    assert_eq!(whole.status.code(), Some(0), "{}", stderr(&whole));
    let stages = ["10-status", "30-references", "40-address-books", "50-services", "60-entries"];
    let files = stages.map(|stage| set.join(format!("apply/{stage}.ldif")).to_str().unwrap().to_owned());
    assert!(run(&files).stdout == whole.stdout);
}

/// The changes that turn one text into another.
fn changes(from: &str, to: &str) -> Vec<ChangeRecord> {
    let [from, to] = [from, to].map(|text| MemoryExports::by_record(text.as_bytes()));
    let options = options(Server::OpenLdap);
    let change = text::ldif(&diff(&from, &to, UrlPolicy::Refuse, &options).unwrap(), &options);
    let records = RecordReader::new(&change, 1, UrlPolicy::Refuse);
    records
        .filter_map(|record| match record.unwrap() {
            Record::Change(record) => Some(convert::change(&record).unwrap()),
            _ => None,
        })
        .collect()
}

/// `simulate` keeps only a part of the exports, and applies and refuses the same records as a model of the whole
/// directory. The records from AFTER to BEFORE mostly fail on BEFORE; those from BEFORE to AFTER follow.
#[test]
fn what_is_not_held_does_not_matter() {
    let (mut done, mut refused, mut reached) = (0, 0, 0);
    let runs = cases(150, 600);
    for case in 0..runs {
        let [before, after] =
            random_pair(case).map(|text| format!("dn: o=random\nobjectClass: organization\no: random\n\n{text}"));
        let mut records = changes(&after, &before);
        records.extend(changes(&before, &after));
        let mut whole = model(before.as_bytes(), Server::OpenLdap);
        let expected: Vec<_> = records.iter().map(|record| whole.apply(record)).collect();

        let exports = MemoryExports::by_record(before.as_bytes());
        let outcome = simulate(&exports, UrlPolicy::Refuse, Server::OpenLdap, &records, true).unwrap();
        let codes = expected.iter().enumerate().filter_map(|(number, result)| Some((number, result.err()?)));
        assert_eq!(outcome.refused, codes.collect::<Vec<_>>(), "case {case}");
        let mut written = Vec::new();
        let mut take = |text: &[u8]| {
            written.extend_from_slice(text);
            ControlFlow::Continue(())
        };
        rewrite(&exports, UrlPolicy::Refuse, &outcome.changes, &mut take).unwrap();
        let found = content(&entries(&written), Server::OpenLdap);
        assert_eq!(found, content(whole.entries.values().map(AsRef::as_ref), Server::OpenLdap), "case {case}");
        done += outcome.applied;
        refused += outcome.refused.len();
        reached += usize::from(found == content(&entries(after.as_bytes()), Server::OpenLdap));
    }
    assert!(done > runs && refused > runs && 6 * reached > runs, "{done} {refused} {reached}");
}

/// The server is the plan's: `--for` is not needed, a different one is ignored with a warning, and the server of a set
/// also applies to the change files given with it.
#[test]
fn a_change_set_has_its_own_server() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("ad-disable-move-delete", &set, &[]);
    let extra = place.path().join("extra.ldif");
    std::fs::write(&extra, "dn: cn=nobody,dc=nowhere\nchangetype: delete\n").unwrap();
    let simulate = |words: &[&str]| {
        let mut command = offboard();
        command.arg("simulate");
        command.args(export_options(&exports("ad-disable-move-delete")));
        command.args(words).output().unwrap()
    };
    let set_name = set.to_str().unwrap();
    let by_plan = simulate(&[set_name]);
    assert_eq!(by_plan.status.code(), Some(0), "{}", stderr(&by_plan));
    assert!(!stderr(&by_plan).contains("warning"), "{}", stderr(&by_plan));
    assert!(by_plan.stdout == simulate(&["--for", "ad", set_name]).stdout);
    let other = simulate(&["--for", "389ds", set_name]);
    assert!(by_plan.stdout == other.stdout);
    let warning = stderr(&other).replace(set_name, "SET");
    assert!(warning.starts_with("warning: --for 389ds is ignored, because SET was planned for ad;"), "{warning}");
    // The files of the set without the folder have no server.
    let files = paths_with(&set.join("apply"), "ldif");
    let files: Vec<String> = files.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    let files: Vec<&str> = ["--for", "389ds"].into_iter().chain(files.iter().map(String::as_str)).collect();
    assert!(!stderr(&simulate(&files)).contains("warning"));
    let beside = simulate(&["--keep-going", "--for", "openldap", extra.to_str().unwrap(), set_name]);
    assert!(stderr(&beside).contains("was planned for ad"), "{}", stderr(&beside));
}

#[test]
fn change_sets_of_different_servers_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let sets = ["ad-disable-move-delete", "three-domains"].map(|name| {
        let set = place.path().join(name);
        plan_scenario(name, &set, &[]);
        set
    });
    for command in ["simulate", "revert"] {
        let output = offboard().args([command, "--export", &exports("three-domains")[0]]).args(&sets).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]), "{command}");
        let text = stderr(&output);
        assert!(text.contains("were planned for different servers"), "{text}");
        assert!(text.contains("planned for ad") && text.contains("planned for openldap"), "{text}");
    }
}

/// A change set without a server, or in another format, is refused.
#[test]
fn a_change_set_without_a_server_is_refused() {
    for (key, value, expected) in [
        ("server", serde_json::Value::Null, "does not name the server that the change set was planned for"),
        ("server", "edirectory".into(), "for the server `edirectory`, which this version of offboard does not know"),
        ("format_version", "3.0".into(), "has format_version 3.0, but this version of offboard reads only 1 and 2"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join("set");
        plan_scenario("three-domains", &set, &[]);
        crate::verify::edit_plan(&set, |plan| plan[key] = value);
        for command in [&["simulate", "--export"][..], &["revert", "--export"], &["verify"]] {
            let mut words: Vec<&str> = command.to_vec();
            let export = exports("three-domains")[0].clone();
            let set = set.to_str().unwrap();
            words.extend(if command.len() == 2 { [export.as_str(), set] } else { [set, export.as_str()] });
            let output = offboard().args(&words).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{words:?}: {}", stderr(&output));
            assert!(stderr(&output).contains(expected), "{words:?}: {}", stderr(&output));
        }
    }
}
