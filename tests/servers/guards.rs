//! What real servers refuse because of the guard of a deletion.

use std::fs;
use std::path::{Path, PathBuf};

use super::ds389::{Ds389, Ds389Setup};
use super::server::Server;
use super::slapd::{Slapd, SlapdSetup};
use crate::support::programs::{output_text, succeed};
use crate::support::runbook::run_block;
use crate::support::{AS_OF, offboard, stderr};

const SUFFIX: &str = "dc=example,dc=com";

const CONTENT: &str = "dn: dc=example,dc=com\nobjectClass: domain\ndc: example\n\n\
    dn: ou=People,dc=example,dc=com\nobjectClass: organizationalUnit\nou: People\n\n\
    dn: ou=Groups,dc=example,dc=com\nobjectClass: organizationalUnit\nou: Groups\n\n\
    dn: uid=nils,ou=People,dc=example,dc=com\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: nils\n\
    cn: Nils\nsn: N\nshadowExpire: 1\ndescription: left 2026-08-01\n\n\
    dn: uid=ines,ou=People,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: ines\ncn: Ines\nsn: I\n\n\
    dn: cn=inner,ou=Groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: inner\n\
    member: uid=nils,ou=People,dc=example,dc=com\n\n\
    dn: cn=outer,ou=Groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: outer\n\
    member: cn=inner,ou=Groups,dc=example,dc=com\nmember: uid=ines,ou=People,dc=example,dc=com\n";

const POLICY: &str = "preset = \"openldap\"\n[stamp]\nattribute = \"description\"\nformat = \"left {{ as_of }}\"\n\
    [disable]\nreplace = { pwdAccountLockedTime = false, shadowExpire = \"1\" }\n[grace]\ndays = 30\n\
    [references]\nlast_member = \"delete-group\"\n";

/// What others change between the plan and the run.
const STAMP: &str = "dn: uid=nils,ou=People,dc=example,dc=com\nchangetype: modify\nreplace: description\n\
    description: left 2026-11-20\n";
const STATUS: &str = "dn: uid=nils,ou=People,dc=example,dc=com\nchangetype: modify\nreplace: shadowExpire\n\
    shadowExpire: 99999\n";
const TITLE: &str = "dn: uid=nils,ou=People,dc=example,dc=com\nchangetype: modify\nadd: title\ntitle: cook\n";
const MEMBER: &str = "dn: cn=inner,ou=Groups,dc=example,dc=com\nchangetype: modify\nadd: member\n\
    member: uid=ines,ou=People,dc=example,dc=com\n";
const MEMBERS: &str = "dn: cn=inner,ou=Groups,dc=example,dc=com\nchangetype: modify\nreplace: member\n\
    member: uid=ines,ou=People,dc=example,dc=com\n";

/// The file with the content of a server.
fn content(place: &Path) -> PathBuf {
    let file = place.join("content.ldif");
    fs::write(&file, CONTENT).unwrap();
    file
}

/// Plans on what the server exports, makes a change by hand, and applies the set; the exit statuses of its files.
fn statuses(server: &impl Server, place: &Path, guard: &str, by_hand: &str) -> Vec<i32> {
    let (policy, set, before) = (place.join("policy.toml"), place.join("set"), place.join("before"));
    fs::write(&policy, POLICY).unwrap();
    fs::create_dir(&before).unwrap();
    let mut command = offboard();
    command.args(["plan", "-u", "nils", "--as-of", AS_OF, "--allow-date", "--guard", guard, "-p"]).arg(&policy);
    let output = command.arg("-o").arg(&set).args(server.export(&before)).output().unwrap();
    assert!(output.status.code() < Some(2), "{}", stderr(&output));
    if !by_hand.is_empty() {
        let file = place.join("by-hand.ldif");
        fs::write(&file, by_hand).unwrap();
        succeed(server.client("ldapmodify").arg("-f").arg(&file));
    }
    let run = |name: &str| {
        let command = format!(r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f apply/{name}"#);
        let output = run_block(&set, &command, &server.environment());
        eprintln!("{}", output_text(&output));
        output.status.code().unwrap()
    };
    vec![run("30-references.ldif"), run("60-entries.ldif")]
}

fn slapd(place: &Path) -> Slapd {
    let setup = SlapdSetup {
        suffixes: vec![SUFFIX.to_owned()],
        global: "moduleload memberof\nmoduleload refint".to_owned(),
        // The plug-ins change memberOf and references of the entries that are deleted later.
        database: "overlay memberof\nmemberof-refint TRUE\noverlay refint\nrefint_attributes member manager".to_owned(),
    };
    let server = Slapd::start(setup, &[content(place)]);
    // So that the overlay writes memberOf.
    let again = place.join("again.ldif");
    let text = |group: &str, member: &str| {
        format!("dn: cn={group},ou=Groups,{SUFFIX}\nchangetype: modify\nreplace: member\nmember: {member},{SUFFIX}\n")
    };
    let outer = text("outer", "cn=inner,ou=Groups") + &format!("member: uid=ines,ou=People,{SUFFIX}\n");
    fs::write(&again, format!("{}\n{outer}", text("inner", "uid=nils,ou=People"))).unwrap();
    succeed(server.client("ldapmodify").arg("-f").arg(&again));
    server
}

#[test]
fn slapd_refuses_what_the_comments_say() {
    for (guard, by_hand, expected) in [
        ("values", "", [0, 0]),
        ("values", STAMP, [0, 16]),
        ("values", STATUS, [0, 16]),
        ("values", MEMBERS, [0, 16]),
        // Not noticed, and the comment says so.
        ("values", MEMBER, [0, 0]),
        ("values", TITLE, [0, 0]),
        ("assert", "", [0, 0]),
        ("assert", STAMP, [0, 122]),
        ("assert", STATUS, [0, 122]),
        ("assert", MEMBERS, [0, 122]),
        ("assert", MEMBER, [0, 122]),
        ("assert", TITLE, [0, 0]),
        ("none", STAMP, [0, 0]),
    ] {
        let place = tempfile::tempdir().unwrap();
        let server = slapd(place.path());
        assert_eq!(statuses(&server, place.path(), guard, by_hand), expected, "{guard}: {by_hand}");
    }
}

#[test]
fn ds389_refuses_what_the_comments_say() {
    for (by_hand, expected) in [("", [0, 0]), (STAMP, [0, 16]), (STATUS, [0, 16]), (MEMBERS, [0, 16]), (MEMBER, [0, 0])]
    {
        let place = tempfile::tempdir().unwrap();
        let server = Ds389::start(Ds389Setup::plain(&[SUFFIX]), &[content(place.path())]);
        assert_eq!(statuses(&server, place.path(), "values", by_hand), expected, "{by_hand}");
    }
}
