//! Every way of being a member: of protected groups, of groups with a last enabled member, of groups that may be deleted.
//! A small port authority, with accounts that leave and accounts that stay.

use std::path::Path;

use serde_json::Value;

use crate::support::{AS_OF, offboard, stderr, stdout};

/// The suffix and its containers.
const TOP: &str = "\
dn: dc=port,dc=test
objectClass: domain
structuralObjectClass: domain
dc: port

dn: ou=staff,dc=port,dc=test
objectClass: organizationalUnit
ou: staff

dn: ou=teams,dc=port,dc=test
objectClass: organizationalUnit
ou: teams

";

const POSIX: &str = "objectClass: posixAccount\nuidNumber: 71\ngidNumber: 0420\nhomeDirectory: /h/ines\n";

/// An account below `ou=staff`, with further lines.
fn account(uid: &str, lines: &str) -> String {
    format!(
        "dn: uid={uid},ou=staff,dc=port,dc=test\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\nmail: {uid}@port.test\n{lines}\n"
    )
}

/// A disabled account, which is to be deleted.
fn leaver(uid: &str, lines: &str) -> String {
    account(uid, &format!("pwdAccountLockedTime: 000001010000Z\n{lines}"))
}

/// A group below `ou=teams`.
fn group(cn: &str, class: &str, lines: &str) -> String {
    format!("dn: cn={cn},ou=teams,dc=port,dc=test\nobjectClass: {class}\ncn: {cn}\n{lines}\n")
}

struct Run {
    code: Option<i32>,
    text: String,
    view: Value,
}

/// Plans the deletion of ines, with a policy on top of the preset.
fn plan(place: &Path, policy: &str, records: &[String]) -> Run {
    plan_of(place, policy, records, &["ines"])
}

/// Plans the deletion of these accounts.
fn plan_of(place: &Path, policy: &str, records: &[String], uids: &[&str]) -> Run {
    let more: String = (1..=6).map(|number| account(&format!("crew{number}"), "")).collect();
    std::fs::write(place.join("export.ldif"), format!("{TOP}{more}{}", records.concat())).unwrap();
    let policy = format!("preset = \"openldap\"\n[grace]\ndays = 0\n{policy}");
    std::fs::write(place.join("policy.toml"), policy).unwrap();
    let set = place.join("set");
    let _ = std::fs::remove_dir_all(&set);
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "-p"]).arg(place.join("policy.toml"));
    for uid in uids {
        command.args(["-u", uid]);
    }
    let output = command.arg("-o").arg(&set).arg(place.join("export.ldif")).output().unwrap();
    let view = std::fs::read(set.join("plan.json")).map(|json| serde_json::from_slice(&json).unwrap());
    let text = format!("{}{}", stdout(&output), stderr(&output));
    Run { code: output.status.code(), text, view: view.unwrap_or_default() }
}

/// The plan with the records in this order, and in the opposite one; both must give the same.
fn plan_both_ways(place: &Path, policy: &str, records: &[String]) -> Run {
    let mut reversed = records.to_vec();
    reversed.reverse();
    let (first, second) = (plan(place, policy, records), plan(place, policy, &reversed));
    assert_eq!(first.code, second.code, "{}\n{}", first.text, second.text);
    assert_eq!(steps(&first.view), steps(&second.view));
    assert_eq!(items(&first.view), items(&second.view));
    first
}

fn list(view: &Value, key: &str, of: &[&str]) -> Vec<String> {
    let rows = view[key].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<String> =
        rows.map(|row| of.iter().map(|key| text(row, key)).collect::<Vec<_>>().join(" ")).collect();
    lines.sort();
    lines
}

fn steps(view: &Value) -> Vec<String> {
    list(view, "accounts", &["leaver", "step", "reason"])
}

fn items(view: &Value) -> Vec<String> {
    list(view, "decision_items", &["code", "value"])
}

/// Every way in which ines may be a member of `cn=pilots`: a name, and the records.
#[expect(clippy::too_many_lines, reason = "one table")]
fn memberships() -> Vec<(&'static str, Vec<String>)> {
    const DN: &str = "uid=ines,ou=staff,dc=port,dc=test";
    let ines = |lines: &str| leaver("ines", lines);
    let role = "dn: cn=pilots,ou=teams,dc=port,dc=test\nobjectClass: LDAPsubentry\nobjectClass: nsRoleDefinition\ncn: pilots\n";
    vec![
        ("member", vec![ines(""), group("pilots", "groupOfNames", &format!("member: {}\n", DN.to_uppercase()))]),
        ("uniqueMember", vec![ines(""), group("pilots", "groupOfUniqueNames", &format!("uniqueMember: {DN}#'01'B\n"))]),
        ("role occupant", vec![ines(""), group("pilots", "organizationalRole", &format!("roleOccupant: {DN}\n"))]),
        ("enhanced", vec![ines(""), group("pilots", "mailGroup", &format!("mailEnhancedUniqueMember: {DN}\n"))]),
        ("memberUid", vec![ines(""), group("pilots", "posixGroup", "gidNumber: 9\nmemberUid: INES\n")]),
        ("netgroup", vec![ines(""), group("pilots", "nisNetgroup", "nisNetgroupTriple: (quay,ines,)\n")]),
        (
            "netgroup in a netgroup",
            vec![
                ines(""),
                group("pilots", "nisNetgroup", "memberNisNetgroup: harbour\n"),
                group("harbour", "nisNetgroup", "nisNetgroupTriple: (-,ines,port.test)\n"),
            ],
        ),
        ("sudo", vec![ines(""), group("pilots", "sudoRole", "sudoUser: ines\n")]),
        ("sudo by number", vec![ines(POSIX), group("pilots", "sudoRole", "sudoUser: #071\n")]),
        (
            "sudo by group",
            vec![
                ines(POSIX),
                group("pilots", "sudoRole", "sudoUser: %tug\n"),
                group("tug", "posixGroup", "gidNumber: 420\n"),
            ],
        ),
        ("address", vec![ines(""), group("pilots", "mailGroup", "mgrpRFC822MailMember: Ines@PORT.test\n")]),
        ("alias of NIS", vec![ines(""), group("pilots", "nisMailAlias", "rfc822MailMember: ines\n")]),
        (
            "URL",
            vec![
                ines(""),
                group(
                    "pilots",
                    "groupOfURLs",
                    "memberURL: ldap:///ou=staff,dc=port,dc=test??one?(%26(sn=in*)(mail=*))\n",
                ),
            ],
        ),
        ("primary group", vec![ines(POSIX), group("pilots", "posixGroup", "gidNumber: 420\n")]),
        (
            "samba",
            vec![
                ines("sambaPrimaryGroupSID: S-1-5-21-9-512\n"),
                group("pilots", "sambaGroupMapping", "sambaSID: S-1-5-21-9-512\n"),
            ],
        ),
        (
            "RID",
            vec![ines("primaryGroupID: 1777\n"), group("pilots", "group", "objectSid:: AQIAAAAAAAUVAAAA8QYAAA==\n")],
        ),
        ("known RID", vec![ines("primaryGroupID: 512\n"), group("pilots", "group", "sAMAccountName: Domain Admins\n")]),
        (
            "back link",
            vec![
                ines("memberOf: CN=Pilots, ou=teams,dc=port,dc=test\n"),
                group("pilots", "groupOfNames", "member: uid=crew1,ou=staff,dc=port,dc=test\n"),
            ],
        ),
        (
            "managed role",
            vec![
                ines("nsRoleDN: cn=pilots,ou=teams,dc=port,dc=test\n"),
                format!("{role}objectClass: nsManagedRoleDefinition\n\n"),
            ],
        ),
        (
            "nested role",
            vec![
                ines("nsRoleDN: cn=inner,ou=teams,dc=port,dc=test\n"),
                format!("{role}objectClass: nsNestedRoleDefinition\nnsRoleDN: cn=inner,ou=teams,dc=port,dc=test\n\n"),
                group("inner", "nsManagedRoleDefinition", ""),
            ],
        ),
        (
            "filtered role",
            vec![
                ines(""),
                format!(
                    "{}objectClass: nsFilteredRoleDefinition\nnsRoleFilter: (uid=ine*)\n\n",
                    role.replace("ou=teams,", "")
                ),
            ],
        ),
        (
            "extended form",
            vec![
                ines(""),
                group(
                    "pilots",
                    "group",
                    &format!(
                        "objectSid: S-1-5-21-9-1300\nmember: <GUID=0f7e02f2-3a1c-4a6e-8a5e-5c1d8a7b6f10>;<SID=S-1-5-21-9-1301>;{DN}\n"
                    ),
                ),
            ],
        ),
        (
            "a mixture",
            vec![
                ines(POSIX),
                group("pilots", "groupOfNames", "member: cn=inner,ou=teams,dc=port,dc=test\n"),
                group("inner", "mailGroup", "mgrpRFC822MailMember: deck@port.test\n"),
                group(
                    "deck",
                    "groupOfURLs",
                    "mail: deck@port.test\nmemberURL: ldap:///ou=teams,dc=port,dc=test??one?(cn=tug)\n",
                ),
                // The circle closes here.
                group("tug", "posixGroup", "gidNumber: 00420\nmember: cn=pilots,ou=teams,dc=port,dc=test\n"),
            ],
        ),
    ]
}

/// The policy names the role below another container in one case.
fn protect(key: &str, name: &str) -> String {
    let dn = if name == "filtered role" { "cn=pilots,dc=port,dc=test" } else { "cn=pilots,ou=teams,dc=port,dc=test" };
    format!("[protect]\n{key} = [\"{dn}\"]\n")
}

#[test]
fn members_of_protected_groups_are_protected_by_every_way() {
    let place = tempfile::tempdir().unwrap();
    for (name, records) in memberships() {
        let run = plan_both_ways(place.path(), &protect("group", name), &records);
        assert_eq!(run.code, Some(3), "{name}: {}", run.text);
        assert!(run.text.contains("[protect] group: it is a member"), "{name}: {}", run.text);
    }
    // The same records do not protect ines without that line.
    for (name, records) in memberships().into_iter().take(3) {
        let run = plan(place.path(), "", &records);
        assert!(matches!(run.code, Some(0 | 1)), "{name}: {}", run.text);
    }
}

#[test]
fn the_last_enabled_member_is_found_by_every_way() {
    let place = tempfile::tempdir().unwrap();
    for (name, records) in memberships().into_iter().filter(|(name, _)| *name != "back link") {
        let records: Vec<String> =
            records.iter().map(|record| record.replace("pwdAccountLockedTime: 000001010000Z\n", "")).collect();
        let run = plan_both_ways(place.path(), &protect("last_enabled", name), &records);
        assert_eq!(steps(&run.view), ["ines hold last-enabled-member"], "{name}: {}", run.text);
    }
}

/// Another enabled member lets ines go; a namesake in another domain does not count as one.
#[test]
fn the_last_enabled_member_among_others() {
    let place = tempfile::tempdir().unwrap();
    let policy = protect("last_enabled", "");
    let ines = account("ines", "");
    for (lines, step) in [
        ("memberUid: ines\nmemberUid: crew2\n", "ines delete delete-at-once"),
        ("memberUid: crew2\nmemberUid: ines\n", "ines delete delete-at-once"),
        ("memberUid: ines\n", "ines hold last-enabled-member"),
    ] {
        let records = [ines.clone(), group("pilots", "posixGroup", &format!("gidNumber: 9\n{lines}"))];
        let run = plan_both_ways(place.path(), &policy, &records);
        assert_eq!(steps(&run.view), [step], "{lines}: {}", run.text);
    }
    let namesake =
        "dn: uid=ines,ou=teams,dc=port,dc=test\nobjectClass: inetOrgPerson\nuid: ines\ncn: Other\nsn: Other\n\n";
    let records = [ines, group("pilots", "posixGroup", "gidNumber: 9\nmemberUid: ines\n"), namesake.to_owned()];
    let mut reversed = records.to_vec();
    reversed.reverse();
    for records in [records.to_vec(), reversed] {
        let export = format!("{TOP}{}", records.concat());
        std::fs::write(place.path().join("export.ldif"), export).unwrap();
        std::fs::write(place.path().join("policy.toml"), format!("preset = \"openldap\"\n{policy}")).unwrap();
        let mut command = offboard();
        command.args([
            "plan",
            "--as-of",
            AS_OF,
            "--allow-date",
            "-u",
            "uid=ines,ou=staff,dc=port,dc=test",
            "--force",
            "-p",
        ]);
        command.arg(place.path().join("policy.toml")).arg("-o").arg(place.path().join("set"));
        let output = command.arg(place.path().join("export.ldif")).output().unwrap();
        let json = std::fs::read(place.path().join("set/plan.json")).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        let view: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(list(&view, "accounts", &["step", "reason"]), ["hold last-enabled-member"]);
    }
}

#[test]
fn members_that_cannot_be_determined_refuse_the_plan() {
    let place = tempfile::tempdir().unwrap();
    for (group_lines, ines, why) in [
        (group("pilots", "groupOfNames", "member: ines\n"), "", "member: ines: it is not a DN"),
        (group("pilots", "group", "objectSid: S-1-5-21-9-1\nmember: <GUID=0f7e02f2>\n"), "", "it is not a DN"),
        (group("pilots", "groupOfURLs", "memberURL: ldap:///dc=port,dc=test??sub?(uid=\n"), "", "cannot be read"),
        (group("pilots", "groupOfURLs", "memberURL: http://port.test/\n"), "", "it is not an LDAP URL"),
        (group("pilots", "nisNetgroup", "nisNetgroupTriple: (,,)\n"), "", "it makes every user a member"),
        (group("pilots", "sudoRole", "sudoUser: ALL\n"), "", "it makes every user a member"),
        (group("pilots", "groupOfNames", "member: cn=all,dc=ferry,dc=test\n"), "", "do not hold this part"),
        (group("pilots", "group", "objectSid: S-1-5-21-9-1\nmsExchQueryFilter: x\n"), "", "cannot be found in exports"),
        (group("pilots", "group", ""), "primaryGroupID: 1777\n", "shows no objectSid"),
        (
            group("pilots", "groupOfURLs", "memberURL: ldap:///ou=Staf,dc=port,dc=test??sub?(uid=ines)\n"),
            "",
            "lack the entry that it searches",
        ),
        (
            group("pilots", "groupOfURLs", "memberURL: ldap:///ou=staff,dc=port,dc=test??sub?(titel=boss)\n"),
            "",
            "an attribute that no entry shows",
        ),
        (
            group("pilots", "nsFilteredRoleDefinition", "nsRoleFilter: (|(uid=crew1)(titel=boss))\n"),
            "",
            "an attribute that no entry shows",
        ),
        (
            group("pilots", "groupOfURLs", "memberURL: ldap:///dc=port,dc=test??sub?(memberOf=cn=a,dc=port,dc=test)\n"),
            "",
            "an attribute that no entry shows",
        ),
        (group("pilots", "sudoRole", "sudoUser: %tugs\n"), "", "have no group with this name"),
        (group("pilots", "sudoRole", "sudoUser: +tugs\n"), "", "have no group with this name"),
        (group("pilots", "nisNetgroup", "memberNisNetgroup: tugs\n"), "", "have no group with this name"),
        (
            group("pilots", "posixGroup", "gidNumber: 9\nmemberUid: uid=ines,ou=staff,dc=port,dc=test\n"),
            "",
            "it is a DN",
        ),
        (
            group("pilots", "groupOfNames", "labeledURI: ldap:///ou=Staf,dc=port,dc=test??sub?(uid=ines)\n"),
            "",
            "lack the entry that it searches",
        ),
        (group("pilots", "organizationalUnit", "ou: pilots\n"), "", "the entry is not a group"),
        (group("pilots", "device", ""), "", "the entry is not a group"),
        (
            group("pilots", "groupOfNames", "member: cn=inner,ou=teams,dc=port,dc=test\n")
                + &group("inner", "groupOfNames", "member: nobody knows\n"),
            "",
            "it is not a DN",
        ),
    ] {
        for key in ["group", "last_enabled"] {
            let records = [leaver("ines", ines), group_lines.clone()];
            let run = plan_both_ways(place.path(), &protect(key, ""), &records);
            assert_eq!(run.code, Some(3), "{group_lines}: {}", run.text);
            assert!(run.text.contains(why) && run.text.contains("export.ldif:"), "{group_lines}: {}", run.text);
        }
    }
    // What is known to be nobody does not refuse: a placeholder, and an account that was deleted.
    for lines in ["member: cn=nobody\n", "member:\n", "member: uid=gone,ou=staff,dc=port,dc=test\n"] {
        let run =
            plan(place.path(), &protect("group", ""), &[leaver("ines", ""), group("pilots", "groupOfNames", lines)]);
        assert_eq!(run.code, Some(0), "{lines}: {}", run.text);
    }
}

/// A member of a protected group is not changed for a leaver, as an entry of `[protect] dn` is not.
#[test]
fn members_of_protected_groups_are_not_changed() {
    let place = tempfile::tempdir().unwrap();
    let records = [
        leaver("ines", ""),
        account("olga", "secretary: uid=ines,ou=staff,dc=port,dc=test\n"),
        group("pilots", "posixGroup", "gidNumber: 9\nmemberUid: olga\n"),
    ];
    let run = plan_both_ways(place.path(), &protect("group", ""), &records);
    assert_eq!(steps(&run.view), ["ines delete delete"], "{}", run.text);
    assert_eq!(items(&run.view), ["in-protected-entry uid=ines,ou=staff,dc=port,dc=test"]);
}

const SOLE: &str = "member: uid=ines,ou=staff,dc=port,dc=test\n";

/// The change file of the last stage.
fn deletions(place: &Path) -> Vec<String> {
    let files = std::fs::read_dir(place.join("set/apply")).map(|files| files.map(|file| file.unwrap().path()));
    let mut text: Vec<String> =
        files.into_iter().flatten().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    text.sort();
    let text = text.concat();
    let mut found: Vec<String> = text
        .split("\n\n")
        .filter(|record| record.contains("changetype: delete"))
        .filter_map(|record| record.lines().find_map(|line| line.strip_prefix("dn: ")).map(str::to_owned))
        .collect();
    found.sort();
    found
}

#[test]
fn a_group_with_members_of_another_kind_is_not_deleted() {
    let place = tempfile::tempdir().unwrap();
    let policy = "[references]\nlast_member = \"delete-group\"\n";
    let team = |lines: &str| group("team", "groupOfNames", &format!("{SOLE}{lines}"));
    let ines = || leaver("ines", "");
    let posix = "objectClass: posixAccount\nuidNumber: 5\ngidNumber: 42\nhomeDirectory: /h\n";
    let stays: Vec<Vec<String>> = vec![
        vec![ines(), team("memberUid: crew3\n")],
        vec![ines(), team("mgrpRFC822MailMember: crew3@port.test\n")],
        vec![ines(), team("memberURL: ldap:///dc=port,dc=test??sub?(uid=crew3)\n")],
        vec![ines(), team("roleOccupant: uid=crew3,ou=staff,dc=port,dc=test\n")],
        vec![ines(), team("nisNetgroupTriple: (,crew3,)\n")],
        vec![ines(), team("objectClass: posixGroup\ngidNumber: 0042\n"), account("olga", posix)],
        vec![ines(), team("objectSid: S-1-5-21-9-1777\n"), account("olga", "primaryGroupID: 1777\n")],
        vec![ines(), team(""), account("olga", "memberOf: cn=team,ou=teams,dc=port,dc=test\n")],
        vec![
            ines(),
            team(""),
            "dn: cn=key,cn=team,ou=teams,dc=port,dc=test\nobjectClass: device\ncn: key\n\n".to_owned(),
        ],
        vec![ines(), team("objectClass: inetOrgPerson\nsn: team\n")],
        vec![ines(), team("labeledURI: ldap:///ou=staff,dc=port,dc=test??sub?(uid=crew3)\n")],
        vec![ines(), team("mailForwardingAddress: crew3@port.test\n")],
    ];
    for records in stays {
        let run = plan_both_ways(place.path(), policy, &records);
        assert_eq!(steps(&run.view), ["ines hold last-member"], "{}\n{}", records.concat(), run.text);
    }
    let is_deleted: Vec<Vec<String>> = vec![
        vec![ines(), team("")],
        vec![ines(), team("memberUid: ines\n")],
        vec![ines(), team("labeledURI: https://port.test/team\n")],
        vec![ines(), team("member: cn=nobody\n")],
        vec![leaver("ines", "memberOf: cn=team,ou=teams,dc=port,dc=test\n"), team("")],
        // Active Directory keeps the number of a POSIX group without the class.
        vec![ines(), group("team", "group", &format!("gidNumber: 77\nobjectSid: S-1-5-21-9-1800\n{SOLE}"))],
    ];
    for records in is_deleted {
        let run = plan_both_ways(place.path(), policy, &records);
        assert_eq!(steps(&run.view), ["ines delete delete"], "{}\n{}", records.concat(), run.text);
        assert!(deletions(place.path()).contains(&"cn=team,ou=teams,dc=port,dc=test".to_owned()), "{}", run.text);
    }
}

#[test]
fn a_private_group_that_others_use_is_not_deleted() {
    let place = tempfile::tempdir().unwrap();
    let policy = "[references]\nprivate_group = \"delete\"\n";
    let own = |lines: &str| group("ines", "posixGroup", &format!("gidNumber: 420\n{lines}"));
    let name = "cn=ines,ou=teams,dc=port,dc=test";
    let other = |gid: &str| {
        account("olga", &format!("objectClass: posixAccount\nuidNumber: 8\ngidNumber: {gid}\nhomeDirectory: /h\n"))
    };
    for (records, is_deleted) in [
        (vec![leaver("ines", POSIX), own("")], true),
        (vec![leaver("ines", POSIX), own("memberUid: ines\n")], true),
        (vec![leaver("ines", POSIX), own(""), other("421")], true),
        (vec![leaver("ines", POSIX), own(""), other("0000420")], false),
        (vec![leaver("ines", POSIX), own("memberUid: crew1\n")], false),
        (vec![leaver("ines", POSIX), own("rfc822MailMember: crew1\n")], false),
        (vec![leaver("ines", POSIX), own(""), account("olga", &format!("memberOf: {name}\n"))], false),
        (vec![leaver("ines", POSIX), own(""), format!("dn: cn=key,{name}\nobjectClass: device\ncn: key\n\n")], false),
    ] {
        let run = plan_both_ways(place.path(), policy, &records);
        assert_eq!(steps(&run.view), ["ines delete delete"], "{}", run.text);
        assert_eq!(
            deletions(place.path()).contains(&name.to_owned()),
            is_deleted,
            "{}\n{}",
            records.concat(),
            run.text
        );
    }
}

/// Only an entry that is an alias and nothing else is deleted with its target.
#[test]
fn what_points_to_a_leaver_is_deleted_only_if_it_is_an_alias() {
    let place = tempfile::tempdir().unwrap();
    let target = "aliasedObjectName: uid=ines,ou=staff,dc=port,dc=test\n";
    let name = "cn=pointer,ou=teams,dc=port,dc=test";
    let pointer =
        |class: &str, lines: &str| group("pointer", class, &format!("objectClass: extensibleObject\n{target}{lines}"));
    let below = format!("dn: cn=key,{name}\nobjectClass: device\ncn: key\n\n");
    for (records, is_deleted) in [
        (vec![pointer("alias", "")], true),
        (vec![pointer("ALIAS", "")], true),
        (vec![pointer("2.5.6.1", "")], true),
        (vec![pointer("device", "")], false),
        (vec![pointer("alias", "objectClass: inetOrgPerson\nsn: boss\n")], false),
        (vec![pointer("alias", "objectClass: groupOfNames\nmember: uid=crew1,ou=staff,dc=port,dc=test\n")], false),
        (vec![pointer("alias", "memberUid: crew1\n")], false),
        (vec![pointer("alias", ""), below], false),
        (vec![pointer("alias", ""), account("olga", &format!("memberOf: {name}\n"))], false),
    ] {
        let records: Vec<String> = std::iter::once(leaver("ines", "")).chain(records).collect();
        let run = plan_both_ways(place.path(), "", &records);
        assert_eq!(steps(&run.view), ["ines delete delete"], "{}", run.text);
        assert_eq!(
            deletions(place.path()).contains(&name.to_owned()),
            is_deleted,
            "{}\n{}",
            records.concat(),
            run.text
        );
        let item = "alias-stays uid=ines,ou=staff,dc=port,dc=test".to_owned();
        assert_eq!(items(&run.view).contains(&item), !is_deleted, "{}\n{}", records.concat(), run.text);
    }
}

/// Every kind of change is counted, and refuses the plan above its limit.
#[test]
fn every_kind_of_change_has_a_limit() {
    let place = tempfile::tempdir().unwrap();
    let stamp = "[stamp]\nattribute = \"description\"\nformat = \"gone {{ as_of }}\"\nmissing = \"start\"\n";
    let members = "memberUid: ines\nmemberUid: crew1\n";
    let alias = "dn: cn=a,ou=teams,dc=port,dc=test\nobjectClass: alias\ncn: a\naliasedObjectName: uid=ines,ou=staff,dc=port,dc=test\n\n";
    for (kind, policy, records) in [
        (
            "members",
            String::new(),
            vec![leaver("ines", ""), group("team", "posixGroup", &format!("gidNumber: 9\n{members}"))],
        ),
        ("dependent", String::new(), vec![leaver("ines", ""), alias.to_owned()]),
        ("stamp", format!("{stamp}[grace]\ndays = 30\n"), vec![leaver("ines", "")]),
        (
            "disconnect",
            "[disconnect]\nattribute = \"employeeType\"\nvalue = \"blocked\"\n".to_owned(),
            vec![account("ines", "")],
        ),
        (
            "rename",
            "[grace]\ndays = 30\n[move]\nto = \"ou=teams,dc=port,dc=test\"\n".to_owned(),
            vec![
                account("ines", ""),
                group("team", "groupOfNames", &format!("{SOLE}member: uid=crew1,ou=staff,dc=port,dc=test\n")),
            ],
        ),
    ] {
        let run = plan_limited(place.path(), &policy, &records, None);
        assert!(matches!(run.code, Some(0 | 1)), "{kind}: {}", run.text);
        let run = plan_limited(place.path(), &policy, &records, Some(kind));
        assert_eq!(run.code, Some(3), "{kind}: {}", run.text);
        assert!(run.text.contains(kind) && run.text.contains("exceeded"), "{kind}: {}", run.text);
    }
}

/// Plans for ines with one kind of change limited to none.
fn plan_limited(place: &Path, policy: &str, records: &[String], kind: Option<&str>) -> Run {
    let more: String = (1..=6).map(|number| account(&format!("crew{number}"), "")).collect();
    std::fs::write(place.join("export.ldif"), format!("{TOP}{more}{}", records.concat())).unwrap();
    let grace = if policy.contains("[grace]") { "" } else { "[grace]\ndays = 0\n" };
    std::fs::write(place.join("policy.toml"), format!("preset = \"openldap\"\n{grace}{policy}")).unwrap();
    let mut command = offboard();
    let action = if policy.contains("[disconnect]") { "disconnect" } else { "delete" };
    std::fs::write(place.join("leavers.csv"), format!("id,action\nines,{action}\n")).unwrap();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-p"]).arg(place.join("policy.toml"));
    command.arg("-l").arg(place.join("leavers.csv"));
    if let Some(kind) = kind {
        command.args(["--limit", &format!("{kind}=0")]);
    }
    let output = command.arg("-o").arg(place.join("set")).arg(place.join("export.ldif")).output().unwrap();
    let text = format!("{}{}", stdout(&output), stderr(&output));
    Run { code: output.status.code(), text, view: Value::Null }
}

/// An audit does not call a group empty that entries are in by another way.
#[test]
fn an_audit_knows_every_way_of_being_a_member() {
    let place = tempfile::tempdir().unwrap();
    let records = [
        group("by-gid", "groupOfMembers", "objectClass: posixGroup\ngidNumber: 0420\n"),
        group("by-link", "groupOfMembers", ""),
        group("by-triple", "groupOfMembers", "nisNetgroupTriple: (,crew1,)\n"),
        group("empty", "groupOfMembers", ""),
        group("by-url", "groupOfURLs", "memberURL: ldap:///dc=port,dc=test??sub?(uid=\n"),
        group("by-sudo", "sudoRole", "sudoUser: ALL\n"),
        account("ines", &format!("{POSIX}memberOf: cn=by-link,ou=teams,dc=port,dc=test\n")),
    ];
    std::fs::write(place.path().join("export.ldif"), format!("{TOP}{}", records.concat())).unwrap();
    std::fs::write(place.path().join("policy.toml"), "preset = \"openldap\"\n").unwrap();
    let mut command = offboard();
    command.args(["audit", "-p"]).arg(place.path().join("policy.toml")).arg(place.path().join("export.ldif"));
    let output = command.output().unwrap();
    let text = stdout(&output);
    let of_groups: Vec<&str> = text.lines().filter(|line| line.contains("no members")).collect();
    assert_eq!(of_groups.len(), 1, "{text}");
    assert!(text.contains("cn=empty,"), "{text}");
    assert_eq!(text.matches(": unknown-members: ").count(), 1, "{text}");
    assert!(text.contains("memberURL"), "{text}");
}

/// 389 DS deletes a managed group with its account, so other members of the group hold the account.
#[test]
fn a_managed_group_with_other_members_holds_its_account() {
    let place = tempfile::tempdir().unwrap();
    let policy = "preset = \"389ds\"\n[grace]\ndays = 0\n";
    let ines = |lines: &str| account("ines", &format!("nsAccountLock: TRUE\n{lines}"));
    let managed = |lines: &str| {
        let lines = format!(
            "objectClass: mepManagedEntry\ngidNumber: 420\nmepManagedBy: uid=ines,ou=staff,dc=port,dc=test\n{lines}"
        );
        group("ines", "posixGroup", &lines)
    };
    let other = "objectClass: posixAccount\nuidNumber: 8\ngidNumber: 0420\nhomeDirectory: /h\n";
    for (records, step) in [
        (vec![ines(POSIX), managed("")], "delete delete"),
        (vec![ines(POSIX), managed("memberUid: ines\n")], "delete delete"),
        (vec![ines(POSIX), managed("memberUid: crew1\n")], "hold managed-entry-has-members"),
        (vec![ines(POSIX), managed(""), account("olga", other)], "hold managed-entry-has-members"),
        (
            vec![
                ines(POSIX),
                managed(""),
                "dn: cn=note,cn=ines,ou=teams,dc=port,dc=test\nobjectClass: device\ncn: note\n\n".to_owned(),
            ],
            "hold managed-entry-has-entries-below",
        ),
    ] {
        std::fs::write(place.path().join("export.ldif"), format!("{TOP}{}{}", account("crew1", ""), records.concat()))
            .unwrap();
        std::fs::write(place.path().join("policy.toml"), policy).unwrap();
        let mut command = offboard();
        command
            .args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-u", "ines", "-p"])
            .arg(place.path().join("policy.toml"));
        command.arg("-o").arg(place.path().join("set")).arg(place.path().join("export.ldif"));
        let output = command.output().unwrap();
        let json = std::fs::read(place.path().join("set/plan.json")).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        let view: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(list(&view, "accounts", &["step", "reason"]), [step], "{}", records.concat());
    }
}

/// An account with one of the values that disable accounts, but not all of them, is not an enabled member.
#[test]
fn an_account_that_is_disabled_in_part_is_not_an_enabled_member() {
    let place = tempfile::tempdir().unwrap();
    let policy = format!("[disable.replace]\nloginShell = \"/sbin/nologin\"\n{}", protect("last_enabled", ""));
    let team = group("pilots", "posixGroup", "gidNumber: 9\nmemberUid: ines\nmemberUid: olga\n");
    for (lines, step) in [
        ("loginShell: /bin/sh\n", "ines delete delete-at-once"),
        ("loginShell: /sbin/nologin\n", "ines hold last-enabled-member"),
        ("loginShell: /bin/sh\npwdAccountLockedTime: 000001010000Z\n", "ines hold last-enabled-member"),
        ("loginShell: /sbin/nologin\npwdAccountLockedTime: 000001010000Z\n", "ines hold last-enabled-member"),
    ] {
        let records = [account("ines", ""), account("olga", lines), team.clone()];
        let run = plan_both_ways(place.path(), &policy, &records);
        assert_eq!(steps(&run.view), [step], "{lines}: {}", run.text);
    }
}

/// Without all values of a protected group, no plan is made, also if the run accepts incomplete lists.
#[test]
fn a_part_of_the_members_of_a_protected_group_is_not_enough() {
    let place = tempfile::tempdir().unwrap();
    let lines = "objectSid: S-1-5-21-9-1800\nmember;range=0-1: uid=crew1,ou=staff,dc=port,dc=test\n";
    let records = [account("crew1", ""), leaver("ines", ""), group("pilots", "group", lines)];
    std::fs::write(place.path().join("export.ldif"), format!("{TOP}{}", records.concat())).unwrap();
    let policy = format!("preset = \"openldap\"\n[grace]\ndays = 0\n{}", protect("group", ""));
    std::fs::write(place.path().join("policy.toml"), policy).unwrap();
    let mut command = offboard();
    command.args([
        "plan",
        "--as-of",
        AS_OF,
        "--allow-date",
        "--accept-incomplete",
        "partial-lists",
        "-u",
        "ines",
        "-p",
    ]);
    command.arg(place.path().join("policy.toml")).arg("-o").arg(place.path().join("set"));
    let output = command.arg(place.path().join("export.ldif")).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("only a part of these values"), "{}", stderr(&output));
}

/// A group that loses several members at once, and may not be deleted, holds each of them. Which of its attributes names a
/// leaver first does not matter.
#[test]
fn a_kept_group_holds_every_member_that_it_would_lose() {
    let place = tempfile::tempdir().unwrap();
    let (ines, rui) = (leaver("ines", ""), leaver("rui", ""));
    let dn = |uid: &str| format!("uid={uid},ou=staff,dc=port,dc=test");
    let both = format!("member: {}\nmember: {}\n", dn("ines"), dn("rui"));
    let mixed = format!("member: {}\nmemberUid: rui\n", dn("ines"));
    let split = format!("member: {}\nuniqueMember: {}\n", dn("rui"), dn("ines"));
    let keeps = [
        "[veto]\ndn = [\"cn=pilots,ou=teams,dc=port,dc=test\"]\n",
        "[veto]\nfilter = \"(businessCategory=kept)\"\n",
        "[protect]\ndn = [\"cn=pilots,ou=teams,dc=port,dc=test\"]\n",
    ];
    for members in [&both, &mixed, &split] {
        for keep in keeps {
            let policy = format!("[references]\nlast_member = \"delete-group\"\n{keep}");
            let lines = format!("objectClass: extensibleObject\nbusinessCategory: kept\n{members}");
            let records = [ines.clone(), rui.clone(), group("pilots", "groupOfNames", &lines)];
            for uids in [["ines", "rui"], ["rui", "ines"]] {
                let run = plan_of(place.path(), &policy, &records, &uids);
                let held = ["ines hold deletes-kept", "rui hold deletes-kept"];
                assert_eq!(steps(&run.view), held, "{members}{keep}{}", run.text);
            }
        }
    }
    // rui is held for an entry below it, and only an attribute that lists no members names it.
    let below = "dn: cn=phone,uid=rui,ou=staff,dc=port,dc=test\nobjectClass: device\ncn: phone\n\n".to_owned();
    for of in ["owner", "secretary", "seeAlso"] {
        let (member, other) = (format!("member: {}\n", dn("ines")), format!("{of}: {}\n", dn("rui")));
        for lines in [format!("{member}{other}"), format!("{other}{member}")] {
            let lines = format!("objectClass: extensibleObject\n{lines}");
            let records = [ines.clone(), rui.clone(), below.clone(), group("pilots", "groupOfNames", &lines)];
            let run =
                plan_of(place.path(), "[references]\nlast_member = \"delete-group\"\n", &records, &["rui", "ines"]);
            assert_eq!(steps(&run.view), ["ines delete delete", "rui hold children-below"], "{lines}{}", run.text);
            assert_eq!(deletions(place.path()), ["cn=pilots,ou=teams,dc=port,dc=test", &dn("ines")], "{lines}");
        }
    }
}

/// The order of the groups in `last_enabled` does not matter: each is judged by all accounts that end.
#[test]
fn the_order_of_last_enabled_groups_does_not_matter() {
    let place = tempfile::tempdir().unwrap();
    let member = |uid: &str| format!("member: uid={uid},ou=staff,dc=port,dc=test\n");
    let records = [
        account("ines", ""),
        account("rui", ""),
        group("pilots", "groupOfNames", &(member("ines") + &member("rui"))),
        group("tugs", "groupOfNames", &member("ines")),
    ];
    let names = ["cn=pilots,ou=teams,dc=port,dc=test", "cn=tugs,ou=teams,dc=port,dc=test"];
    for names in [names, [names[1], names[0]]] {
        let run = plan_of(place.path(), &format!("[protect]\nlast_enabled = {names:?}\n"), &records, &["ines", "rui"]);
        let held = ["ines hold last-enabled-member", "rui hold last-enabled-member"];
        assert_eq!(steps(&run.view), held, "{names:?}: {}", run.text);
    }
}

/// Entries that are deleted with an account must have no entries below them that the exports lack.
#[test]
fn counts_of_entries_below_what_is_deleted_with_an_account() {
    let place = tempfile::tempdir().unwrap();
    let policy = "[references]\nlast_member = \"delete-group\"\nprivate_group = \"delete\"\n";
    let alias = "objectClass: extensibleObject\naliasedObjectName: uid=ines,ou=staff,dc=port,dc=test\n";
    let kinds = [
        group("team", "groupOfNames", SOLE),
        group("ines", "posixGroup", "gidNumber: 420\n"),
        group("nes", "alias", alias),
    ];
    for kind in kinds {
        for (count, code) in
            [("", 0), ("numSubordinates: 0\n", 0), ("numSubordinates: 2\n", 3), ("hasSubordinates: TRUE\n", 3)]
        {
            let counted = format!("{}{count}\n", kind.trim_end().to_owned() + "\n");
            let run = plan_both_ways(place.path(), policy, &[leaver("ines", POSIX), counted.clone()]);
            assert_eq!(run.code, Some(code), "{counted}: {}", run.text);
            assert!(code == 0 || run.text.contains("are not in the exports"), "{counted}: {}", run.text);
        }
    }
}

/// 389 DS renames or deletes a managed entry when its account moves.
#[test]
fn a_managed_group_that_must_not_change_keeps_its_account_in_place() {
    let place = tempfile::tempdir().unwrap();
    let managed = |lines: &str| {
        let by = "gidNumber: 420\nmepManagedBy: uid=ines,ou=staff,dc=port,dc=test\nmemberUid: ines\n";
        group("ines", "posixGroup", &format!("objectClass: mepManagedEntry\n{by}{lines}"))
    };
    let protect = "[protect]\ndn = [\"cn=ines,ou=teams,dc=port,dc=test\"]\n";
    let gone = "dn: ou=gone,dc=port,dc=test\nobjectClass: organizationalUnit\nou: gone\n\n";
    for (more, lines, item) in [("", "", false), (protect, "", true), ("", "memberUid: crew1\n", true)] {
        let records = [gone.to_owned(), account("ines", POSIX), account("crew1", ""), managed(lines)].concat();
        std::fs::write(place.path().join("export.ldif"), format!("{TOP}{records}")).unwrap();
        let policy = format!("preset = \"389ds\"\n[move]\nto = \"ou=gone,dc=port,dc=test\"\n{more}");
        std::fs::write(place.path().join("policy.toml"), policy).unwrap();
        let mut command = offboard();
        command.args([
            "plan",
            "--as-of",
            AS_OF,
            "--allow-date",
            "--force",
            "-u",
            "ines",
            "-p",
            "policy.toml",
            "-o",
            "set",
        ]);
        let output = command.arg("export.ldif").current_dir(place.path()).output().unwrap();
        let json = std::fs::read(place.path().join("set/plan.json")).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        let view: Value = serde_json::from_slice(&json).unwrap();
        let found = list(&view, "decision_items", &["code"]);
        assert_eq!(found.contains(&"move-kept-below".to_owned()), item, "{more}{lines}{found:?}");
    }
}
