//! Plans on a 389 Directory Server with the plug-ins Managed Entries, memberOf and referential integrity, as `FreeIPA`
//! has them: no record changes a managed entry, and change files and rollback can be applied.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::ds389::{Ds389, Ds389Setup};
use super::server::Server;
use crate::support::programs::{output_text, succeed};
use crate::support::{AS_OF, offboard, paths_with, stderr, stdout};

const SUFFIX: &str = "o=lagoon";

/// The plug-in's own configuration: each POSIX account below ou=crew gets a group below ou=private.
const PLUG_IN: &str = "\ndn: cn=private groups,cn=Managed Entries,cn=plugins,cn=config\nobjectClass: top\n\
    objectClass: extensibleObject\ncn: private groups\noriginScope: ou=crew,o=lagoon\n\
    originFilter: objectClass=posixAccount\nmanagedBase: ou=private,o=lagoon\nmanagedTemplate: cn=template,o=lagoon\n";

/// The containers, and the template that the plug-in needs when it starts.
const PLACES: &str = "dn: o=lagoon\nobjectClass: organization\no: lagoon\n\n\
    dn: cn=template,o=lagoon\nobjectClass: mepTemplateEntry\ncn: template\n\
    mepStaticAttr: objectClass: posixGroup\nmepMappedAttr: cn: $uid\nmepMappedAttr: gidNumber: $gidNumber\n\
    mepMappedAttr: description: private group of $uid\nmepRDNAttr: cn\n\n\
    dn: ou=crew,o=lagoon\nobjectClass: organizationalUnit\nou: crew\n\n\
    dn: ou=away,o=lagoon\nobjectClass: organizationalUnit\nou: away\n\n\
    dn: ou=private,o=lagoon\nobjectClass: organizationalUnit\nou: private\n\n";

/// Entries that a client adds, so that the plug-in creates the groups.
const PEOPLE: &str = "dn: uid=juno,ou=crew,o=lagoon\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: juno\n\
    cn: Juno Reef\nsn: Reef\nuidNumber: 7001\ngidNumber: 7001\nhomeDirectory: /home/juno\nloginShell: /bin/sh\n\n\
    dn: uid=pavel,ou=crew,o=lagoon\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: pavel\n\
    cn: Pavel Kelp\nsn: Kelp\nuidNumber: 7002\ngidNumber: 7002\nhomeDirectory: /home/pavel\n\n\
    dn: cn=divers,o=lagoon\nobjectClass: groupOfNames\ncn: divers\nmember: uid=juno,ou=crew,o=lagoon\n\
    member: uid=pavel,ou=crew,o=lagoon\n\n\
    dn: cn=nested,o=lagoon\nobjectClass: groupOfNames\ncn: nested\nmember: cn=juno,ou=private,o=lagoon\n\
    member: cn=pavel,ou=private,o=lagoon\n\n";

const ACCOUNTS: &str = "preset = \"389ds\"\n[accounts]\nbase = [\"ou=crew,o=lagoon\", \"ou=away,o=lagoon\"]\n";

fn server(folder: &Path) -> Ds389 {
    let places = folder.join("places.ldif");
    fs::write(&places, PLACES).unwrap();
    let setup = Ds389Setup {
        referential_integrity: true,
        plug_ins: &["Managed Entries", "MemberOf Plugin"],
        entries: PLUG_IN,
        ..Ds389Setup::plain(&[SUFFIX])
    };
    let server = Ds389::start(setup, &[places]);
    let people = folder.join("people.ldif");
    fs::write(&people, PEOPLE).unwrap();
    succeed(server.client("ldapmodify").args(["-a", "-f"]).arg(people));
    server
}

/// Exports the server to a file of this name.
fn export(server: &Ds389, folder: &Path, name: &str) -> String {
    let file = folder.join(name);
    fs::rename(&server.export(folder)[0], &file).unwrap();
    file.to_str().unwrap().to_owned()
}

fn planned(folder: &Path, policy: &str, export: &str) -> String {
    let (file, set) = (folder.join("policy.toml"), folder.join("set"));
    fs::write(&file, policy).unwrap();
    let mut command = offboard();
    command
        .args(["plan", "--as-of", AS_OF, "--allow-date", "-u", "juno", "-p"])
        .arg(file)
        .arg("-o")
        .arg(&set)
        .arg(export);
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    fs::read_to_string(set.join("report.md")).unwrap()
}

/// Applies the files of a folder of the change set in order.
fn run(server: &Ds389, folder: &Path, part: &str) {
    for file in paths_with(&folder.join("set").join(part), "ldif") {
        let output = server.client("ldapmodify").arg("-f").arg(&file).output().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(output.status.success(), "{}: {}\n{text}", file.display(), output_text(&output));
        assert!(!text.contains("dn: cn=juno,ou=private"), "{text}");
    }
}

fn dns(export: &str, filter: &str) -> String {
    stdout(&offboard().args(["search", filter, "--dn", export]).output().unwrap())
}

/// The differences between two exports, except attributes that servers set and that the plug-ins write.
fn difference(before: &str, after: &str) -> String {
    let mut command: Command = offboard();
    command.args(["diff", "--for", "389ds", before, after]);
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_deleted_account_takes_its_managed_entry_along() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let server = server(place);
    let before = export(&server, place, "before.ldif");
    assert!(
        dns(&before, "(mepManagedBy=uid=juno,ou=crew,o=lagoon)").contains("cn=juno,ou=private"),
        "no managed entry"
    );
    let policy = format!("{ACCOUNTS}[grace]\ndays = 0\n[references]\nprivate_group = \"delete\"\n");
    let report = planned(place, &policy, &before);
    assert!(report.contains("managed entry: `cn=juno,ou=private,o=lagoon`; there is no record for it"), "{report}");

    run(&server, place, "apply");
    let after = export(&server, place, "after.ldif");
    assert_eq!(dns(&after, "(|(uid=juno)(cn=juno))"), "");
    let text = fs::read_to_string(&after).unwrap();
    assert!(!text.contains("juno"), "{text}");

    run(&server, place, "rollback");
    let again = export(&server, place, "again.ldif");
    let left = difference(&before, &again);
    // The plug-in creates the group again from its template, which gives all of its values.
    assert!(!left.contains("\ndn:"), "{left}");
}

#[test]
fn a_moved_account_leaves_its_managed_entry_to_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let server = server(place);
    let before = export(&server, place, "before.ldif");
    let policy =
        format!("{ACCOUNTS}[move]\nto = \"ou=away,o=lagoon\"\nback = \"ou=crew,o=lagoon\"\nreferences = \"server\"\n");
    let report = planned(place, &policy, &before);
    assert!(report.contains("or deletes it if the new DN is outside its scope"), "{report}");
    run(&server, place, "apply");
    let after = export(&server, place, "after.ldif");
    // Outside the plug-in's scope.
    assert_eq!(dns(&after, "(uid=juno)").trim(), "uid=juno,ou=away,o=lagoon");
    assert_eq!(dns(&after, "(cn=juno)"), "");
    run(&server, place, "rollback");
    let again = export(&server, place, "again.ldif");
    assert!(dns(&again, "(mepManagedBy=uid=juno,ou=crew,o=lagoon)").contains("cn=juno,ou=private"), "not made again");
}
