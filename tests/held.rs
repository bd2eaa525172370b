//! Accounts that are held, and decision items for what a plan cannot do: last members, successors, restores, stamps in
//! a single-valued attribute.

use std::path::Path;

use serde_json::Value;

use crate::support::{AS_OF, offboard, stderr};

/// A harbour: accounts with a group each, and a container of disabled accounts. One operational attribute is exported.
const EXPORT: &str = "\
dn: o=bay
objectClass: organization
o: bay
structuralObjectClass: organization

dn: ou=out,o=bay
objectClass: organizationalUnit
ou: out

dn: uid=ida,o=bay
objectClass: inetOrgPerson
uid: ida
cn: Ida
sn: I
manager: uid=nemo,o=bay

dn: uid=olav,o=bay
objectClass: inetOrgPerson
uid: olav
cn: Olav
sn: O

dn: uid=per,ou=out,o=bay
objectClass: inetOrgPerson
uid: per
cn: Per
sn: P
description: offboarded 2026-01-01
pwdAccountLockedTime: 000001010000Z

dn: uid=ragna,ou=out,o=bay
objectClass: inetOrgPerson
uid: ragna
cn: Ragna
sn: R
pwdAccountLockedTime: 000001010000Z

dn: cn=locks,o=bay
objectClass: groupOfNames
cn: locks
member: uid=ida,o=bay

dn: cn=cranes,o=bay
objectClass: bayCrew
cn: cranes
member: uid=olav,o=bay

";

/// The plan.json of a plan for a list of leavers.
fn view(place: &Path, policy: &str, list: &str) -> Value {
    std::fs::write(place.join("export.ldif"), EXPORT).unwrap();
    std::fs::write(place.join("policy.toml"), policy).unwrap();
    std::fs::write(place.join("leavers.csv"), list).unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-p"]).arg(place.join("policy.toml"));
    command.arg("-l").arg(place.join("leavers.csv")).arg("-o").arg(place.join("set")).arg(place.join("export.ldif"));
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    serde_json::from_slice(&std::fs::read(place.join("set/plan.json")).unwrap()).unwrap()
}

/// `LEAVER STEP REASON` of each account.
fn steps(view: &Value) -> Vec<String> {
    let text = |account: &Value, key: &str| account[key].as_str().unwrap().to_owned();
    let accounts = view["accounts"].as_array().unwrap().iter();
    let line =
        |account: &Value| format!("{} {} {}", text(account, "leaver"), text(account, "step"), text(account, "reason"));
    accounts.map(line).collect()
}

/// `CODE VALUE` of each decision item, sorted.
fn to_decide(view: &Value) -> Vec<String> {
    let reviews = view["decision_items"].as_array().unwrap().iter();
    let line = |review: &Value| format!("{} {}", review["code"].as_str().unwrap(), review["value"].as_str().unwrap());
    let mut all: Vec<String> = reviews.map(line).collect();
    all.sort();
    all
}

const AT_ONCE: &str = "preset = \"openldap\"\n[grace]\ndays = 0\n";

#[test]
fn why_a_group_keeps_its_last_member() {
    let place = tempfile::tempdir().unwrap();
    let list = "id\nida\nolav\n";
    for (policy, of_locks, of_cranes) in [
        ("refuse", "it is the last member of cn=locks,o=bay", "it is the last member of cn=cranes,o=bay"),
        (
            "allow",
            "it is the last member of cn=locks,o=bay, and the object class groupOfNames requires a member",
            "it is the last member of cn=cranes,o=bay, and the object class bayCrew is unknown, so it may require a member",
        ),
    ] {
        let view = view(place.path(), &format!("{AT_ONCE}[references]\nlast_member = \"{policy}\"\n"), list);
        assert_eq!(steps(&view), ["ida hold last-member", "olav hold last-member"]);
        assert_eq!(view["accounts"][0]["why"], of_locks);
        assert_eq!(view["accounts"][1]["why"], of_cranes);
    }
    let otherwise = |view: &Value| view["accounts"][1]["to_change"].as_str().unwrap().to_owned();
    let allowed = view(place.path(), &format!("{AT_ONCE}[references]\nlast_member = \"allow\"\n"), list);
    assert!(otherwise(&allowed).contains("--schema"), "{}", otherwise(&allowed));
}

/// Successors that cannot take over are reported when the account is disabled, long before it is deleted.
#[test]
fn successors_that_cannot_take_over() {
    let place = tempfile::tempdir().unwrap();
    let days = "preset = \"openldap\"\n";
    for (policy, list, expected) in [
        (days.to_owned(), "id\nida\n", vec!["manager-unknown uid=nemo,o=bay"]),
        (days.to_owned(), "id,successor\nida,olav\n", vec![]),
        (days.to_owned(), "id,successor\nida,olaf\n", vec!["successor-unknown olaf"]),
        (days.to_owned(), "id,successor\nida,olav\nolav,\n", vec!["successor-leaves olav"]),
        (
            format!("{days}[successor]\nfallback = \"uid=gone,o=bay\"\n"),
            "id\nolav\n",
            vec!["fallback-unknown uid=gone,o=bay"],
        ),
        (
            format!("{days}[successor]\nfallback = \"uid=olav,o=bay\"\n"),
            "id\nolav\n",
            vec!["fallback-leaves uid=olav,o=bay"],
        ),
        (format!("{days}[successor]\nfallback = \"uid=ida,o=bay\"\n"), "id\nolav\n", vec![]),
    ] {
        assert_eq!(to_decide(&view(place.path(), &policy, list)), expected, "{policy}{list}");
    }
}

/// A restore enables an account that a change set disabled, and reports the entry where it stays.
#[test]
fn restores() {
    let place = tempfile::tempdir().unwrap();
    let list = "id,action\nper,restore\nragna,restore\n";
    let moving = |back: &str| format!("preset = \"openldap\"\n[move]\nto = \"ou=out,o=bay\"\n{back}");
    let stays = view(place.path(), &moving(""), list);
    assert_eq!(steps(&stays), ["per restore restore", "ragna hold restore-disabled-before"]);
    assert_eq!(to_decide(&stays), ["restore-not-moved uid=per,ou=out,o=bay"]);
    let returns = view(place.path(), &moving("back = \"o=bay\"\n"), list);
    assert_eq!(to_decide(&returns), [""; 0]);
    assert_eq!(returns["accounts"][0]["moved_to"], "uid=per,o=bay");
}

/// An account whose single-valued stamp attribute is in use gets no date, and is not counted as stamped.
#[test]
fn a_stamp_without_room() {
    let place = tempfile::tempdir().unwrap();
    let policy = "preset = \"openldap\"\n[stamp]\nattribute = \"displayName\"\nmissing = \"start\"\n";
    let note = EXPORT.replace("cn: Ragna\n", "cn: Ragna\ndisplayName: Ragna of the bay\n");
    std::fs::write(place.path().join("export.ldif"), note).unwrap();
    std::fs::write(place.path().join("policy.toml"), policy).unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "-u", "ragna", "-p"]).arg(place.path().join("policy.toml"));
    command.arg("-o").arg(place.path().join("set")).arg(place.path().join("export.ldif"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("plan for 2026-11-21, 1 leaver: 1 held\n"), "{}", stderr(&output));
    assert!(stderr(&output).contains("displayName is single-valued and already set"), "{}", stderr(&output));
}
