//! Filters of a policy that can never be true, and filters that follow groups in groups.

use std::path::Path;
use std::process::Output;

use crate::support::{AS_OF, offboard, stderr, stdout};

const YARD: &str = "\
dn: o=yard
objectClass: organization
o: yard
structuralObjectClass: organization

dn: uid=eli,o=yard
objectClass: inetOrgPerson
uid: eli
cn: Eli
sn: E
structuralObjectClass: inetOrgPerson
yardShelf: 9
manager: uid=fay,o=yard

dn: uid=fay,o=yard
objectClass: inetOrgPerson
uid: fay
cn: Fay
sn: F
manager: uid=gus,o=yard

dn: uid=gus,o=yard
objectClass: inetOrgPerson
uid: gus
cn: Gus
sn: G

dn: cn=inner,o=yard
objectClass: groupOfNames
cn: inner
member: UID=Eli, O=Yard
member: cn=outer,o=yard

dn: cn=outer,o=yard
objectClass: groupOfUniqueNames
cn: outer
uniqueMember: cn=inner,o=yard#'01'B

";

fn plan(place: &Path, preset: &str, section: &str, export: &str) -> Output {
    std::fs::write(place.join("policy.toml"), format!("preset = \"{preset}\"\n[grace]\ndays = 0\n{section}\n"))
        .unwrap();
    std::fs::write(place.join("export.ldif"), export).unwrap();
    let mut command = offboard();
    command.args([
        "plan",
        "--as-of",
        AS_OF,
        "--allow-date",
        "-u",
        "eli",
        "--stdout",
        "-p",
        "policy.toml",
        "export.ldif",
    ]);
    command.current_dir(place).output().unwrap()
}

/// An attribute that no table, no schema and no entry has is an error with the line, and the nearest name.
#[test]
fn attributes_that_nothing_knows() {
    let place = tempfile::tempdir().unwrap();
    for (section, near) in [
        ("[veto]\nfilter = \"(emplyeeType=judge)\"", Some("employeeType")),
        ("[veto]\nfilter = \"(&(uid=*)(!(emploeeNumber=7)))\"", Some("employeeNumber")),
        ("[protect]\nfilter = \"(|(cn=x)(deparmentNumber=7))\"", Some("departmentNumber")),
        ("[protect]\nfilter = \"(yardShelve=9)\"", None),
        ("[[rule]]\nfilter = \"(titel=captain)\"\naction = \"refuse\"", Some("title")),
        ("[accounts]\nprovenance = \"(descripton=*)\"", Some("description")),
        ("[children]\nown = \"(objectclas=device)\"", Some("objectClass")),
    ] {
        let output = plan(place.path(), "openldap", section, YARD);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{section}: {errors}");
        assert!(errors.contains("policy.toml:5:"), "{section}: {errors}");
        if let Some(near) = near {
            assert!(errors.contains(&format!("did you mean `{near}`?")), "{section}: {errors}");
        }
    }
    // What an entry has, what the policy writes, and what --schema describes is known.
    for section in [
        "[veto]\nfilter = \"(yardShelf=8)\"",
        "[veto]\nfilter = \"(YARDSHELF;lang-de=8)\"",
        "[veto]\nfilter = \"(yardState=out)\"\n[disable]\nreplace = { yardState = \"out\" }",
    ] {
        let output = plan(place.path(), "openldap", section, YARD);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{section}: {}", stderr(&output));
    }
}

/// Large integers of Active Directory, and integers that only a schema describes, are compared as numbers.
#[test]
fn numbers_are_compared_as_numbers() {
    let place = tempfile::tempdir().unwrap();
    let schema = "\
dn: cn=Yard-Quota,cn=Schema,cn=Configuration,dc=yard,dc=test
objectClass: attributeSchema
lDAPDisplayName: yardQuota
attributeID: 1.2.3.4.5
attributeSyntax: 2.5.5.16

dn: cn=Yard-Badge,cn=Schema,cn=Configuration,dc=yard,dc=test
objectClass: attributeSchema
lDAPDisplayName: yardBadge
attributeID: 1.2.3.4.6
attributeSyntax: 2.5.5.6

";
    for (filter, value, holds) in [
        ("(logonCount>=70)", "logonCount: 100", true),
        ("(logonCount>=700)", "logonCount: 80", false),
        ("(pwdLastSet<=133000000000000000)", "pwdLastSet: 99000000000000000", true),
        ("(lastLogonTimestamp>=133000000000000000)", "lastLogonTimestamp: 99000000000000000", false),
        ("(accountExpires>=9)", "accountExpires: 9223372036854775807", true),
        ("(yardQuota>=9)", "yardQuota: 10", true),
        ("(yardQuota<=9)", "yardQuota: 10", false),
        ("(yardBadge>=9)", "yardBadge: 0 10", true),
        ("(yardBadge<=9)", "yardBadge: 10", false),
    ] {
        let export =
            YARD.replace("yardShelf: 9", &format!("{value}\nsAMAccountName: eli\nobjectCategory: CN=Person,o=yard"));
        std::fs::write(place.path().join("export.ldif"), format!("{export}{schema}")).unwrap();
        let mut command = offboard();
        command.args(["search", "--dn", filter, "export.ldif"]).current_dir(place.path());
        let output = command.output().unwrap();
        assert_eq!(stdout(&output).contains("uid=eli"), holds, "{filter} {value}: {}", stderr(&output));
        assert!(!stderr(&output).contains("matches no entry"), "{filter}: {}", stderr(&output));
    }
    // A type without an ordering rule stays an error.
    for filter in ["(mailQuota>=5)", "(description<=5)"] {
        let output = plan(place.path(), "openldap", &format!("[veto]\nfilter = \"{filter}\""), YARD);
        assert_eq!(output.status.code(), Some(2), "{filter}: {}", stderr(&output));
    }
}

/// 1.2.840.113556.1.4.1941 follows groups in groups, managers of managers, and circles.
#[test]
fn chains() {
    let place = tempfile::tempdir().unwrap();
    let chain = |attribute: &str, target: &str| format!("({attribute}:1.2.840.113556.1.4.1941:={target})");
    std::fs::write(place.path().join("export.ldif"), YARD).unwrap();
    for (filter, found) in [
        (chain("memberOf", "cn=outer,o=yard"), vec!["cn=inner,o=yard", "cn=outer,o=yard", "uid=eli,o=yard"]),
        (chain("memberOf", "CN=Inner, O=Yard"), vec!["cn=inner,o=yard", "cn=outer,o=yard", "uid=eli,o=yard"]),
        (chain("member", "uid=eli,o=yard"), vec!["cn=inner,o=yard"]),
        (chain("manager", "uid=gus,o=yard"), vec!["uid=eli,o=yard", "uid=fay,o=yard"]),
        (
            format!("(!{})", chain("manager", "uid=gus,o=yard")),
            vec!["cn=inner,o=yard", "cn=outer,o=yard", "o=yard", "uid=gus,o=yard"],
        ),
        (chain("memberOf", "cn=none,o=yard"), vec![]),
    ] {
        let mut command = offboard();
        command.args(["search", "--dn", &filter, "export.ldif"]).current_dir(place.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{filter}: {}", stderr(&output));
        let text = stdout(&output);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, found, "{filter}: {}", stderr(&output));
    }
    // In a policy: the account is protected, held, covered or no account.
    let of_group = chain("memberOf", "cn=outer,o=yard");
    let refusing = format!("[[rule]]\nfilter = \"{of_group}\"\naction = \"refuse\"\n[[rule]]\naction = \"delete\"");
    for (section, code, is_deleted) in [
        (format!("[protect]\nfilter = \"{of_group}\""), Some(3), false),
        (format!("[veto]\nfilter = \"{of_group}\""), Some(1), false),
        (refusing, Some(1), false),
        (format!("[accounts]\nfilter = \"(&(objectClass=person)(!{of_group}))\""), Some(1), false),
        (
            format!(
                "[accounts]\nfilter = \"(&(objectClass=person){of_group})\"\n[references]\nlast_member = \"allow\""
            ),
            Some(0),
            true,
        ),
        (String::new(), Some(0), true),
    ] {
        let output = plan(place.path(), "openldap", &section, YARD);
        let all = stderr(&output) + &stdout(&output);
        assert_eq!(output.status.code(), code, "{section}: {all}");
        assert_eq!(all.contains("dn: uid=eli,o=yard"), is_deleted, "{section}: {all}");
    }
    // A rule that is spelled wrongly, and a value that is no DN, are errors.
    for filter in
        ["(member:1.2.840.113556.1.4.1942:=o=yard)", "(memberOf:1.2.840.113556.1.4.1941:=yard)", "(cn:noMatch:=x)"]
    {
        let output = plan(place.path(), "openldap", &format!("[protect]\nfilter = \"{filter}\""), YARD);
        assert_eq!(output.status.code(), Some(2), "{filter}: {}", stderr(&output));
        assert!(stderr(&output).contains("policy.toml:5:"), "{filter}: {}", stderr(&output));
    }
}
