//! Facts about 389 Directory Server that plans rely on, each checked with a small change file.
//!
//! | fact | consequence: a plan |
//! | --- | --- |
//! | a group may lose its last member | removes it where the policy allows that |
//! | `nsAccountLock: true` refuses a bind, any value except a spelling of it does not | disables by that value |
//! | a critical assertion control is refused (12) with any filter | guards by values |
//! | a value is replaced by `delete: old` and `add: new`; a wrong old value undoes the record (16) | guards by values |
//! | referential integrity removes a deleted entry from `member`, `uniqueMember`, `owner`, `seeAlso`; a later delete of such a value fails (16) | removes references before it deletes |
//! | referential integrity does not change `manager` and `secretary` | removes these itself |
//! | the same four are rewritten on a move at once, in lower case, and the others are not; the old value cannot be deleted then (16) | has to know of the plug-in, and rewrites the others |
//! | a name with a bit string (`DN#'01'B`) is not rewritten on a move; next to the same name without one the move is refused (20) | rewrites such names itself |
//! | an entry below the moved one that names it may be shown under its old DN | is better made with the plug-in off |
//! | superclasses are added to a new entry | does not write them |

use super::ds389::{Ds389, Ds389Setup};
use super::server::{PASSWORD, Server};
use crate::support::programs::{output_text, program, succeed};
use std::fs;
use std::process::Command;

const AMY: &str = "uid=amy,ou=People,dc=example,dc=com";
const BOB: &str = "uid=bob,ou=People,dc=example,dc=com";
const NAMES: &str = "cn=names,dc=example,dc=com";
const UNIQUE: &str = "cn=unique,dc=example,dc=com";

/// A server with Amy, named by two groups and by Bob.
fn server(referential_integrity: bool) -> Ds389 {
    server_with(referential_integrity, "")
}

/// [`server`] with more entries.
fn server_with(referential_integrity: bool, more: &str) -> Ds389 {
    let people = "objectClass: top\nobjectClass: inetOrgPerson\nsn: x\ncn: x\n";
    let export = format!(
        "dn: dc=example,dc=com\nobjectClass: top\nobjectClass: domain\ndc: example\n\n\
         dn: ou=People,dc=example,dc=com\nobjectClass: top\nobjectClass: organizationalUnit\nou: People\n\n\
         dn: {AMY}\n{people}uid: amy\nuserPassword: {{CLEAR}}{PASSWORD}\ndescription: here\n\n\
         dn: {BOB}\n{people}uid: bob\nmanager: {AMY}\nsecretary: {AMY}\n\n\
         dn: {NAMES}\nobjectClass: top\nobjectClass: groupOfNames\ncn: names\n\
         member: {AMY}\nowner: {AMY}\nseeAlso: {AMY}\n\n\
         dn: {UNIQUE}\nobjectClass: top\nobjectClass: groupOfUniqueNames\ncn: unique\nuniqueMember: {AMY}\n{more}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export.ldif");
    fs::write(&file, export).unwrap();
    Ds389::start(Ds389Setup { referential_integrity, ..Ds389Setup::plain(&["dc=example,dc=com"]) }, &[file])
}

/// A change record that deletes a value.
fn remove(dn: &str, attribute: &str, value: &str) -> String {
    format!("dn: {dn}\nchangetype: modify\ndelete: {attribute}\n{attribute}: {value}\n-\n\n")
}

/// A change record that adds a value.
fn add(dn: &str, attribute: &str, value: &str) -> String {
    format!("dn: {dn}\nchangetype: modify\nadd: {attribute}\n{attribute}: {value}\n-\n\n")
}

/// Applies a change file; the error is the exit status, which is LDAP's result code.
fn apply(server: &Ds389, change: &str) -> Result<(), i32> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("change.ldif");
    fs::write(&file, change).unwrap();
    let output = server.client("ldapmodify").arg("-f").arg(&file).output().unwrap();
    eprintln!("{}", output_text(&output));
    if output.status.success() { Ok(()) } else { Err(output.status.code().unwrap()) }
}

/// A bind as Amy. The error is LDAP's result code.
fn bind(server: &Ds389) -> Result<(), i32> {
    let [(_, uri), ..] = server.environment();
    let mut command = Command::new(program("ldapsearch", "ldap-utils"));
    command.args(["-x", "-D", AMY, "-w", PASSWORD, "-s", "base", "-b", "", "1.1", "-H"]).arg(uri);
    let output = command.output().unwrap();
    eprintln!("{}", output_text(&output));
    if output.status.success() { Ok(()) } else { Err(output.status.code().unwrap()) }
}

/// The values of an attribute, in the order of the server.
fn values(server: &Ds389, dn: &str, attribute: &str) -> Vec<String> {
    let mut command = server.client("ldapsearch");
    command.args(["-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", dn, "(objectClass=*)", attribute]);
    let text = String::from_utf8(succeed(&mut command).stdout).unwrap();
    assert!(text.starts_with("dn: "), "there is no {dn}");
    let lines = text.lines().filter_map(|line| line.strip_prefix(attribute)?.strip_prefix(": "));
    lines.map(str::to_owned).collect()
}

const ATTRIBUTE_OR_VALUE_EXISTS: Result<(), i32> = Err(20);
const NO_SUCH_ATTRIBUTE: Result<(), i32> = Err(16);
const UNAVAILABLE_CRITICAL_EXTENSION: Result<(), i32> = Err(12);
const UNWILLING_TO_PERFORM: Result<(), i32> = Err(53);

#[test]
fn the_last_member_may_go() {
    let server = server(false);
    assert_eq!(apply(&server, &(remove(NAMES, "member", AMY) + &remove(UNIQUE, "uniqueMember", AMY))), Ok(()));
    assert_eq!(values(&server, NAMES, "member"), [""; 0]);
    assert_eq!(values(&server, UNIQUE, "uniqueMember"), [""; 0]);
    assert_eq!(apply(&server, &add(NAMES, "member", AMY)), Ok(()));
}

#[test]
fn a_locked_account_cannot_bind() {
    let server = server(false);
    assert_eq!(bind(&server), Ok(()));
    for (value, refused) in [("true", true), ("TRUE", true), ("false", false), ("locked", false)] {
        assert_eq!(apply(&server, &add(AMY, "nsAccountLock", value)), Ok(()));
        assert_eq!(bind(&server), if refused { UNWILLING_TO_PERFORM } else { Ok(()) }, "{value}");
        assert_eq!(apply(&server, &remove(AMY, "nsAccountLock", value)), Ok(()));
        assert_eq!(bind(&server), Ok(()), "{value} is gone");
    }
}

/// The assertion is true (`uid` is `amy`), and is refused nevertheless.
#[test]
fn a_critical_assertion_control_is_refused() {
    let server = server(false);
    let guarded = |change| format!("dn: {AMY}\ncontrol: 1.3.6.1.1.12 true:: owoEA3VpZAQDYW15\n{change}");
    let modify = guarded("changetype: modify\nreplace: description\ndescription: gone\n-\n");
    assert_eq!(apply(&server, &modify), UNAVAILABLE_CRITICAL_EXTENSION);
    assert_eq!(apply(&server, &guarded("changetype: delete\n")), UNAVAILABLE_CRITICAL_EXTENSION);
    assert_eq!(values(&server, AMY, "description"), ["here"]);
}

#[test]
fn a_wrong_old_value_undoes_the_record() {
    let server = server(false);
    let guarded = |old: &str| {
        format!(
            "dn: {AMY}\nchangetype: modify\nadd: title\ntitle: x\n-\ndelete: description\ndescription: {old}\n-\n\
             add: description\ndescription: gone\n-\n"
        )
    };
    assert_eq!(apply(&server, &guarded("there")), NO_SUCH_ATTRIBUTE);
    assert_eq!(values(&server, AMY, "title"), [""; 0]);
    assert_eq!(values(&server, AMY, "description"), ["here"]);
    assert_eq!(apply(&server, &guarded("here")), Ok(()));
    assert_eq!(values(&server, AMY, "description"), ["gone"]);
}

#[test]
fn referential_integrity_takes_some_references() {
    let server = server(true);
    assert_eq!(apply(&server, &format!("dn: {AMY}\nchangetype: delete\n")), Ok(()));
    for (dn, attribute) in [(NAMES, "member"), (NAMES, "owner"), (NAMES, "seeAlso"), (UNIQUE, "uniqueMember")] {
        assert_eq!(values(&server, dn, attribute), [""; 0], "{attribute}");
        assert_eq!(apply(&server, &remove(dn, attribute, AMY)), NO_SUCH_ATTRIBUTE, "{attribute}");
    }
    for attribute in ["manager", "secretary"] {
        assert_eq!(values(&server, BOB, attribute), [AMY], "{attribute}");
        assert_eq!(apply(&server, &remove(BOB, attribute, AMY)), Ok(()), "{attribute}");
    }
}

#[test]
fn referential_integrity_follows_some_moves() {
    let server = server(true);
    let moved = format!("dn: {AMY}\nchangetype: modrdn\nnewrdn: uid=Amy2\ndeleteoldrdn: 1\n");
    assert_eq!(apply(&server, &moved), Ok(()));
    for (dn, attribute) in [(NAMES, "member"), (NAMES, "owner"), (NAMES, "seeAlso"), (UNIQUE, "uniqueMember")] {
        assert_eq!(values(&server, dn, attribute), ["uid=amy2,ou=people,dc=example,dc=com"], "{attribute}");
        assert_eq!(apply(&server, &remove(dn, attribute, AMY)), NO_SUCH_ATTRIBUTE, "{attribute}");
    }
    for attribute in ["manager", "secretary"] {
        assert_eq!(values(&server, BOB, attribute), [AMY], "{attribute}");
    }
}

const PHONE: &str = "cn=phone,uid=amy,ou=People,dc=example,dc=com";

fn move_amy(server: &Ds389) -> Result<(), i32> {
    let place = "deleteoldrdn: 1\nnewsuperior: dc=example,dc=com\n";
    apply(server, &format!("dn: {AMY}\nchangetype: modrdn\nnewrdn: uid=amy\n{place}"))
}

#[test]
fn referential_integrity_finds_no_name_with_bits() {
    let server = server(true);
    let with_bits = format!("{AMY}#'01'B");
    let swapped = add(UNIQUE, "uniqueMember", &with_bits) + &remove(UNIQUE, "uniqueMember", AMY);
    assert_eq!(apply(&server, &swapped), Ok(()));
    assert_eq!(move_amy(&server), Ok(()));
    assert_eq!(values(&server, UNIQUE, "uniqueMember"), [with_bits]);
}

/// The plug-in rewrites all values of an attribute in which it finds one and drops the bit string, so that two values
/// would be equal.
#[test]
fn a_name_with_bits_and_without_refuses_a_move() {
    let with_bits = format!("{AMY}#'01'B");
    for (referential_integrity, moved) in [(true, ATTRIBUTE_OR_VALUE_EXISTS), (false, Ok(()))] {
        let server = server(referential_integrity);
        assert_eq!(apply(&server, &add(UNIQUE, "uniqueMember", &with_bits)), Ok(()));
        assert_eq!(move_amy(&server), moved);
    }
}

/// An entry below the moved one that the plug-in changes before anything else has read it.
#[test]
fn an_entry_below_that_names_the_moved_one_is_shown_under_its_old_name() {
    let shown = |lines: &str| {
        let phone = format!("\ndn: {PHONE}\nobjectClass: top\nobjectClass: device\ncn: phone\n{lines}");
        let server = server_with(true, &phone);
        assert_eq!(move_amy(&server), Ok(()));
        let mut search = server.client("ldapsearch");
        let output = succeed(search.args(["-LLL", "-b", "dc=example,dc=com", "(cn=phone)", "1.1"]));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    };
    assert_eq!(shown(""), "dn: cn=phone,uid=amy,dc=example,dc=com");
    assert_eq!(shown(&format!("owner: {AMY}\n")), format!("dn: {PHONE}"));
}

/// Without the plug-in, which is off by default, no reference is removed.
#[test]
fn references_stay_by_themselves() {
    let server = server(false);
    assert_eq!(apply(&server, &format!("dn: {AMY}\nchangetype: delete\n")), Ok(()));
    for (dn, attribute) in [(NAMES, "member"), (NAMES, "owner"), (NAMES, "seeAlso"), (UNIQUE, "uniqueMember")] {
        assert_eq!(values(&server, dn, attribute), [AMY], "{attribute}");
        assert_eq!(apply(&server, &remove(dn, attribute, AMY)), Ok(()), "{attribute}");
    }
}

#[test]
fn superior_classes_are_added() {
    let server = server(false);
    let person = "dn: uid=cid,ou=People,dc=example,dc=com\nchangetype: add\nobjectClass: inetOrgPerson\nuid: cid\n\
                  cn: c\nsn: c\n";
    assert_eq!(apply(&server, person), Ok(()));
    let mut classes = values(&server, "uid=cid,ou=People,dc=example,dc=com", "objectClass");
    classes.sort();
    assert_eq!(classes, ["inetOrgPerson", "organizationalPerson", "person", "top"]);
}
