//! `--schema`: every kind of schema file, its effect, and faulty files.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::{offboard, root, stderr, stdout};

const FOLDER: &str = "fixtures/schema-files";

/// Applies one modify to the export, for a server, with these schema files.
fn simulate(place: &Path, server: &str, schemas: &[&str], body: &str) -> Output {
    let change = place.join("change.ldif");
    fs::write(&change, format!("dn: cn=Lena,o=site\nchangetype: modify\n{body}-\n")).unwrap();
    let mut command = offboard();
    command.args(["simulate", "--for", server, "--export"]).arg(format!("{FOLDER}/export.ldif"));
    for schema in schemas {
        command.arg("--schema").arg(schema);
    }
    command.arg(change).output().unwrap()
}

/// The result code of a modify; 0 for success.
fn code(output: &Output) -> u32 {
    match output.status.code() {
        Some(0) => 0,
        Some(3) => {
            let text = stderr(output);
            let digits = text.lines().find(|line| line.starts_with("error")).unwrap().rsplit_once('(').unwrap().1;
            digits.trim_end_matches(')').parse().unwrap()
        }
        other => panic!("{other:?}: {}", stderr(output)),
    }
}

const DOOR: &str = "delete: siteDoorCode\nsiteDoorCode: 1111\n";
const DOOR_BY_ANOTHER_NAME: &str = "delete: doorCode\ndoorCode: 1111\n";
const SITE_FAX: &str = "delete: siteFax\nsiteFax: +49 1\n";
const FAX: &str = "delete: facsimileTelephoneNumber\nfacsimileTelephoneNumber: +49 3\n";
const SECOND_BADGE: &str = "add: siteBadge\nsiteBadge: 8\n";
const NO_BADGE: &str = "delete: siteBadge\n";
const MAIL: &str = "add: description\ndescription: x\n";
const NOT_ALLOWED: &str = "add: gecos\ngecos: x\n";

/// Every kind of file takes precedence over the built-in table, which lacks the site's attribute types.
#[test]
fn every_kind_of_file() {
    let place = tempfile::tempdir().unwrap();
    let kinds = ["site.schema", "99user.ldif", "config.ldif", "changes.ldif"].map(|name| format!("{FOLDER}/{name}"));
    let mut packed = place.path().join("site.schema.gz");
    let gzip = std::process::Command::new("gzip").arg("-c").arg(root().join(&kinds[0])).output().unwrap();
    fs::write(&packed, gzip.stdout).unwrap();
    packed.set_file_name("told-by-content");
    fs::rename(place.path().join("site.schema.gz"), &packed).unwrap();
    let none: &[&str] = &[];
    let mut table = String::new();
    for (name, body) in [
        ("a value of a type without a rule", DOOR),
        ("the same by another name", DOOR_BY_ANOTHER_NAME),
        ("a value of its subtype", SITE_FAX),
        ("a value of a type that has a rule here", FAX),
        ("a second value", SECOND_BADGE),
        ("a required attribute", NO_BADGE),
        ("what a class allows", MAIL),
        ("what no class allows", NOT_ALLOWED),
    ] {
        let without = code(&simulate(place.path(), "openldap", none, body));
        let mut with: Vec<u32> =
            kinds.iter().map(|kind| code(&simulate(place.path(), "openldap", &[kind], body))).collect();
        with.push(code(&simulate(place.path(), "openldap", &[packed.to_str().unwrap()], body)));
        with.dedup();
        assert_eq!(with.len(), 1, "{name}: {with:?}");
        writeln!(table, "{name}: {without} without, {} with", with[0]).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    a value of a type without a rule: 0 without, 18 with
    the same by another name: 16 without, 18 with
    a value of its subtype: 0 without, 0 with
    a value of a type that has a rule here: 18 without, 0 with
    a second value: 0 without, 19 with
    a required attribute: 0 without, 65 with
    what a class allows: 0 without, 0 with
    what no class allows: 0 without, 65 with
    ");
    // 389 DS compares all values, independent of the schema.
    assert_eq!(code(&simulate(place.path(), "389ds", &[&kinds[1]], DOOR)), 0);
    let ad = format!("{FOLDER}/active-directory.ldif");
    let second = "add: siteDoorCode\nsiteDoorCode: 3333\n";
    assert_eq!(
        code(&simulate(place.path(), "ad", none, "replace: siteDoorCode\nsiteDoorCode: 1\nsiteDoorCode: 2\n")),
        0
    );
    assert_eq!(
        code(&simulate(place.path(), "ad", &[&ad], "replace: siteDoorCode\nsiteDoorCode: 1\nsiteDoorCode: 2\n")),
        20
    );
    assert_eq!(code(&simulate(place.path(), "ad", none, second)), 0);
}

/// Where several files describe a name, the first one applies.
#[test]
fn the_first_file_counts() {
    let place = tempfile::tempdir().unwrap();
    let other = place.path().join("other.schema");
    fs::write(&other, "attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'siteDoorCode' EQUALITY caseIgnoreMatch )\n")
        .unwrap();
    let (site, other) = (format!("{FOLDER}/99user.ldif"), other.to_str().unwrap());
    assert_eq!(code(&simulate(place.path(), "openldap", &[other, &site], DOOR)), 0);
}

/// Malformed descriptions and included files are reported as warnings with their place.
#[test]
fn what_is_not_read_is_said() {
    let place = tempfile::tempdir().unwrap();
    let output = simulate(place.path(), "openldap", &[&format!("{FOLDER}/site.schema")], MAIL);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stderr(&output), @"
    warning: fixtures/schema-files/site.schema:19: this schema description was ignored: expected a keyword such as `NAME`, or `)` (at byte 31)
    warning: fixtures/schema-files/site.schema:24: the included file /etc/ldap/schema/other.schema was not read; give it with --schema
    1 applied, 0 refused
    ");
    let output = offboard()
        .args(["simulate", "-q", "--schema", &format!("{FOLDER}/site.schema"), "--export"])
        .arg(format!("{FOLDER}/export.ldif"))
        .arg(place.path().join("change.ldif"))
        .output()
        .unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

/// A file that is missing, is not LDIF or describes nothing is an error for every command with the option.
#[test]
fn files_that_describe_nothing() {
    let place = tempfile::tempdir().unwrap();
    let export = format!("{FOLDER}/export.ldif");
    let change = place.path().join("change.ldif");
    fs::write(&change, "dn: cn=Lena,o=site\nchangetype: modify\nreplace: sn\nsn: x\n-\n").unwrap();
    let change = change.to_str().unwrap();
    let out = place.path().join("set");
    let out = out.to_str().unwrap();
    let commands: [&[&str]; 7] = [
        &["plan", "-p", "openldap", "-u", "x", "-o", out, &export],
        &["explain", "-p", "openldap", "x", &export],
        &["audit", "-p", "openldap", &export],
        &["simulate", "--export", &export, change],
        &["revert", "--export", &export, change],
        &["diff", &export, &export],
        &["lint", "--for", "openldap", change],
    ];
    for (content, said) in [
        ("", "describes no attribute types or object classes"),
        ("dn: o=site\nobjectClass: organization\no: site\n", "describes no attribute types or object classes"),
        ("objectidentifier A 1.2\n", "describes no attribute types or object classes"),
        ("nonsense\n", "error"),
    ] {
        let file = place.path().join("file");
        fs::write(&file, content).unwrap();
        for command in commands {
            let output = offboard().args(command).arg("--schema").arg(&file).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{command:?} {content:?}: {}", stderr(&output));
            let text = stderr(&output);
            assert!(text.contains(said) && text.contains("--schema reads LDIF"), "{command:?} {content:?}: {text}");
            assert!(!Path::new(out).exists());
        }
    }
    let output = offboard().args(commands[3]).args(["--schema", "nowhere.schema"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("schema nowhere.schema"), "{}", stderr(&output));
}

/// diff, revert and lint use the schema, too.
#[test]
fn other_commands_follow_the_schema() {
    let place = tempfile::tempdir().unwrap();
    let (before, schema) = (format!("{FOLDER}/export.ldif"), format!("{FOLDER}/99user.ldif"));
    let after = place.path().join("after.ldif");
    let text = fs::read_to_string(root().join(&before)).unwrap();
    fs::write(&after, text.replace("siteDoorCode: 1111\n", "").replace("facsimileTelephoneNumber: +49 3\n", ""))
        .unwrap();
    let output = offboard().args(["diff", "--schema", &schema, &before]).arg(&after).output().unwrap();
    insta::assert_snapshot!(stdout(&output), @"
    version: 1

    dn: cn=Lena,o=site
    changetype: modify
    replace: siteDoorCode
    siteDoorCode: 2222
    -
    delete: facsimileTelephoneNumber
    facsimileTelephoneNumber: +49 3
    -
    ");
    let change = place.path().join("change.ldif");
    fs::write(&change, stdout(&output)).unwrap();
    let mut revert = offboard();
    let output = revert.args(["revert", "--schema", &schema, "--export", &before]).arg(&change).output().unwrap();
    let undo = stdout(&output);
    assert!(undo.contains("replace: siteDoorCode\nsiteDoorCode: 1111\nsiteDoorCode: 2222\n"), "{undo}");
    assert!(undo.contains("add: facsimileTelephoneNumber\nfacsimileTelephoneNumber: +49 3\n"), "{undo}");

    fs::write(&change, format!("version: 1\n\ndn: cn=Lena,o=site\nchangetype: modify\n{DOOR}-\n")).unwrap();
    for (options, expected) in [
        (&["--for", "openldap"][..], 0),
        (&["--for", "openldap", "--schema", &schema], 1),
        (&["--schema", &schema], 1),
        (&["--for", "389ds", "--schema", &schema], 0),
    ] {
        let output = offboard().arg("lint").args(options).arg(&change).output().unwrap();
        assert_eq!(output.status.code(), Some(expected), "{options:?}: {}", stdout(&output));
        assert_eq!(stdout(&output).contains("value-without-equality"), expected == 1, "{options:?}");
    }
}
