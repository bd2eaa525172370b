//! `offboard revert`: the undo that it writes, what it reports as lost, and that changes and undo give the directory
//! back.

use std::path::Path;

use offboard::ldap::ChangeRecord;
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert};
use offboard::policy::Server;
use offboard::revert::{RevertOptions, revert};

use crate::diff::{change, content, model, random_pair};
use crate::support::{
    MemoryExports, cases, entries, exports, inputs, offboard, plan_scenario, root, scenarios, stderr,
};

/// Runs the binary: exit status, standard output and standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = offboard().args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
}

const BEFORE: &str = "dn: o=x\nobjectClass: organization\no: x\n\n\
                      dn: ou=a,o=x\nobjectClass: organizationalUnit\nou: a\n\n\
                      dn: uid=1,ou=a,o=x\nobjectClass: inetOrgPerson\nuid: 1\ncn: One\nsn: One\n\
                      mailQuota: 5\nentryUUID: 00000000-0000-0000-0000-000000000001\n\n\
                      dn: cn=g,o=x\nobjectClass: groupOfNames\ncn: g\nmember: uid=1,ou=a,o=x\nmember: cn=g,o=x\n";

const CHANGE: &str = "dn: cn=g,o=x\nchangetype: modify\ndelete: member\nmember: uid=1,ou=a,o=x\n-\n\
                      add: description\ndescription: empty\n-\n\n\
                      dn: uid=1,ou=a,o=x\nchangetype: modify\nreplace: mailQuota\n-\n\n\
                      dn: uid=1,ou=a,o=x\nchangetype: modrdn\nnewrdn: uid=2\ndeleteoldrdn: 1\nnewsuperior: o=x\n\n\
                      dn: uid=2,o=x\nchangetype: delete\n\n\
                      dn: ou=a,o=x\nchangetype: delete\n\n\
                      dn: ou=b,o=x\nchangetype: add\nobjectClass: organizationalUnit\nou: b\n";

fn files(place: &Path) -> [String; 2] {
    [("before.ldif", BEFORE), ("change.ldif", CHANGE)].map(|(name, text)| {
        let path = place.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

#[test]
fn every_kind_of_record() {
    let place = tempfile::tempdir().unwrap();
    let [before, change] = files(place.path());
    let (status, text, error) = run(&["revert", "--export", &before, &change]);
    assert_eq!(status, Some(1), "{error}");
    insta::assert_snapshot!("every_kind_of_record", format!("{text}--- stderr\n{error}"));
    let (_, relaxed, _) = run(&["revert", "--relax", "--export", &before, &change]);
    assert!(relaxed.contains("control: 1.3.6.1.4.1.4203.666.5.12 true\n"), "{relaxed}");
    assert!(relaxed.contains("entryUUID: 00000000-0000-0000-0000-000000000001\n"), "{relaxed}");
}

#[test]
fn what_is_refused_is_not_undone() {
    let place = tempfile::tempdir().unwrap();
    let [before, change] = files(place.path());
    let twice = place.path().join("twice.ldif");
    std::fs::write(&twice, format!("{CHANGE}\n{CHANGE}")).unwrap();
    let (status, text, error) = run(&["revert", "--export", &before, twice.to_str().unwrap()]);
    assert_eq!((status, text.as_str()), (Some(3), ""), "{error}");
    assert!(error.contains("32"), "{error}");
    let (status, _, error) = run(&["revert", "--relax", "--for", "389ds", "--export", &before, &change]);
    assert_eq!(status, Some(2), "{error}");
}

/// Changes simulated, reverted and simulated again: `diff` finds no difference.
#[test]
fn there_and_back_ends_where_it_began() {
    let mut sets = 0;
    for name in scenarios() {
        let place = tempfile::tempdir().unwrap();
        let path = |file: &str| place.path().join(file).to_str().unwrap().to_owned();
        let set = place.path().join("set");
        plan_scenario(&name, &set, &[]);
        if !set.join("apply").is_dir() {
            continue;
        }
        let server = if inputs(&name).is_empty() || !name.starts_with("ad-") { "openldap" } else { "ad" };
        // All exports in one file, because `simulate` writes one file.
        let parts: Vec<String> =
            exports(&name).iter().map(|file| std::fs::read_to_string(root().join(file)).unwrap()).collect();
        let text = parts.join("\n\n");
        std::fs::write(path("before.ldif"), text).unwrap();
        let set = set.to_str().unwrap();
        let (status, _, error) =
            run(&["simulate", "--for", server, "--export", &path("before.ldif"), set, "-o", &path("after.ldif")]);
        assert_eq!(status, Some(0), "{name}: {error}");
        let (status, _, error) =
            run(&["revert", "--for", server, "--export", &path("before.ldif"), set, "-o", &path("undo.ldif")]);
        assert!(matches!(status, Some(0 | 1)), "{name}: {error}");
        let (status, _, error) = run(&[
            "simulate",
            "--for",
            server,
            "--export",
            &path("after.ldif"),
            &path("undo.ldif"),
            "-o",
            &path("again.ldif"),
        ]);
        assert_eq!(status, Some(0), "{name}: {error}");
        let (status, text, error) = run(&["diff", "--for", server, &path("before.ldif"), &path("again.ldif")]);
        assert_eq!(status, Some(0), "{name}: {error}\n{text}");
        sets += 1;
    }
    assert!(sets > 12, "{sets}");
}

/// For random directories and random changes of every kind, the undo of `revert` restores the first state.
#[test]
fn random_changes_are_undone() {
    let server = Server::OpenLdap;
    let (mut records, mut undone) = (0, 0);
    let runs = cases(200, 1000);
    for case in 0..runs {
        let [before, after] =
            random_pair(case).map(|text| format!("dn: o=random\nobjectClass: organization\no: random\n\n{text}"));
        let text = change(&format!("case {case}"), before.as_bytes(), after.as_bytes(), server);
        let changes: Vec<ChangeRecord> = RecordReader::new(&text, 1, UrlPolicy::Refuse)
            .filter_map(|record| match record.unwrap() {
                Record::Change(record) => Some(convert::change(&record).unwrap()),
                _ => None,
            })
            .collect();
        let options = RevertOptions { schema: server.into(), relax: false };
        let exports = MemoryExports::by_record(before.as_bytes());
        let reverted = revert(&exports, UrlPolicy::Refuse, &options, &changes).unwrap();
        assert_eq!(reverted.refused, None, "case {case}");
        let mut model = model(after.as_bytes(), server);
        for record in &reverted.undo {
            if let Err(code) = model.apply(record) {
                panic!("case {case}: {:?}: {code}\n{}", record.dn, String::from_utf8_lossy(&text));
            }
        }
        let found = content(model.entries.values().map(AsRef::as_ref), server);
        assert_eq!(found, content(&entries(before.as_bytes()), server), "case {case}");
        records += changes.len();
        undone += reverted.undo.len();
    }
    assert!(records > 3 * runs && undone > 3 * runs, "{records} {undone}");
}

/// Found by the fuzz target `simulate`: Active Directory removes a deleted entry from every link, also from one that
/// the same changes have added. The undo adds the links again.
#[test]
fn links_to_deleted_entries_come_back() {
    let place = tempfile::tempdir().unwrap();
    let user = |name: &str, more: &str| {
        format!("dn: CN={name},DC=x\nobjectClass: top\nobjectClass: person\nobjectClass: user\ncn: {name}\n{more}\n")
    };
    let before = format!(
        "dn: DC=x\nobjectClass: top\nobjectClass: domain\ndc: x\n\n{}{}{}dn: CN=g,DC=x\nobjectClass: top\n\
         objectClass: group\ncn: g\nmember: CN=ann,DC=x\nmember: CN=joe,DC=x\n\n",
        user("ann", ""),
        user("joe", ""),
        user("tim", "manager: CN=joe,DC=x\n")
    );
    let change = "dn: CN=ann,DC=x\nchangetype: modify\nadd: manager\nmanager: CN=joe,DC=x\n-\n\n\
                  dn: CN=joe,DC=x\nchangetype: delete\n";
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("before.ldif"), &before).unwrap();
    std::fs::write(path("change.ldif"), change).unwrap();
    let done = |arguments: &[&str]| {
        let (status, _, error) = run(arguments);
        assert!(matches!(status, Some(0 | 1)), "{arguments:?}: {error}");
    };
    let [exports, changes, undo] = ["before.ldif", "change.ldif", "undo.ldif"].map(path);
    let [after, back] = ["after.ldif", "back.ldif"].map(path);
    done(&["revert", "--for", "ad", "--export", &exports, &changes, "-o", &undo]);
    done(&["simulate", "--for", "ad", "--export", &exports, &changes, "-o", &after]);
    assert!(!std::fs::read_to_string(&after).unwrap().contains("CN=joe"));
    done(&["simulate", "--for", "ad", "--export", &after, &undo, "-o", &back]);
    assert_eq!(run(&["diff", &exports, &back]), (Some(0), String::new(), "no differences\n".to_owned()));
}

/// Found by the fuzz target `simulate`: Active Directory refuses `deleteoldrdn: 0`, also where the new RDN value was
/// already part of a multi-valued RDN.
#[test]
fn renames_on_active_directory_delete_the_old_name() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let [export, change] = ["before.ldif", "change.ldif"].map(path);
    let before = "dn: DC=x\nobjectClass: domain\ndc: x\n\ndn: CN=ann+OU=a,DC=x\nobjectClass: top\nobjectClass: person\n\
                  objectClass: user\ncn: ann\nou: a\n";
    std::fs::write(&export, before).unwrap();
    std::fs::write(&change, "dn: CN=ann+OU=a,DC=x\nchangetype: modrdn\nnewrdn: CN=ann\ndeleteoldrdn: 1\n").unwrap();
    for (server, kept) in [("ad", "deleteoldrdn: 1\n"), ("openldap", "deleteoldrdn: 0\n")] {
        let (status, text, error) = run(&["revert", "--for", server, "--export", &export, &change]);
        assert!(matches!(status, Some(0 | 1)), "{error}");
        assert!(text.contains("newrdn: CN=ann+OU=a\n") && text.contains(kept), "{server}: {text}");
    }
}

/// Found by the fuzz target `simulate`: when the undo restores the old RDN, the server deletes the values of the new
/// one, also those that the entry had before. The undo adds these again, or deletes those that the new RDN brought.
#[test]
fn values_that_went_with_the_new_name_come_back() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let [export, change, undo, back] = ["before.ldif", "change.ldif", "undo.ldif", "back.ldif"].map(path);
    let top = "dn: dc=x\nobjectClass: domain\ndc: x\n\n";
    let person = "objectClass: top\nobjectClass: person\nobjectClass: inetOrgPerson\nsn: s\ncn: ann\nuid: a\n";
    std::fs::write(&export, format!("{top}dn: uid=a,dc=x\n{person}")).unwrap();
    for (server, new_rdn, rest) in [
        ("ad", "CN=Ann", "add: cn\ncn: ann\n"),
        ("openldap", "cn=ann+employeeNumber=7", "delete: employeeNumber\nemployeeNumber: 7\n"),
        ("389ds", "cn=ann+givenName=b", "delete: givenName\ngivenName: b\n"),
    ] {
        let record = format!("dn: uid=a,dc=x\nchangetype: modrdn\nnewrdn: {new_rdn}\ndeleteoldrdn: 1\n");
        std::fs::write(&change, record).unwrap();
        let (status, text, error) = run(&["revert", "--for", server, "--export", &export, &change]);
        assert!(matches!(status, Some(0 | 1)), "{error}");
        assert!(text.contains(rest), "{server}: {text}");
        std::fs::write(&undo, text).unwrap();
        let simulate = ["simulate", "--for", server, "--export", &export, &change, &undo, "-o", &back];
        let (status, _, error) = run(&simulate);
        assert_eq!(status, Some(0), "{server}: {error}");
        let (status, text, error) = run(&["diff", "--for", server, &export, &back]);
        assert_eq!(status, Some(0), "{server}: {text}{error}");
        std::fs::remove_file(&back).unwrap();
    }
}
