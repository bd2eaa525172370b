//! Whom a user name, a number or an address means that the leaver shares with another entry: a value is removed only if it
//! can mean nobody else.

use std::path::Path;

use serde_json::Value;

use crate::support::{AS_OF, offboard, stderr};

const POLICY: &str = "preset = \"openldap\"\n[grace]\ndays = 0\n";

const TREE: &str = "\
dn: o=mill
objectClass: organization
o: mill

dn: ou=staff,o=mill
objectClass: organizationalUnit
ou: staff

dn: ou=lists,o=mill
objectClass: organizationalUnit
ou: lists

";

/// An account below `ou=staff`.
fn person(uid: &str, lines: &str) -> String {
    let class = "objectClass: inetOrgPerson\nobjectClass: extensibleObject";
    format!("dn: uid={uid},ou=staff,o=mill\n{class}\nuid: {uid}\ncn: {uid}\nsn: {uid}\n{lines}\n\n")
}

/// An entry below `ou=lists` with a class.
fn other(name: &str, class: &str, lines: &str) -> String {
    format!(
        "dn: cn={name},ou=lists,o=mill\nobjectClass: {class}\nobjectClass: extensibleObject\ncn: {name}\n{lines}\n\n"
    )
}

/// The leaver.
fn leo() -> String {
    person("leo", "uidNumber: 1042\ngidNumber: 7\nhomeDirectory: /h/leo\nmail: leo@mill.example")
}

/// The plan.json of a plan for these leavers.
fn planned(place: &Path, export: &str, leavers: &[&str], policy: &str) -> Value {
    std::fs::write(place.join("export.ldif"), export).unwrap();
    std::fs::write(place.join("policy.toml"), policy).unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-p"]).arg(place.join("policy.toml"));
    for leaver in leavers {
        command.args(["-u", leaver]);
    }
    let output = command.arg("-o").arg(place.join("set")).arg(place.join("export.ldif")).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}\n{export}", stderr(&output));
    serde_json::from_slice(&std::fs::read(place.join("set/plan.json")).unwrap()).unwrap()
}

/// What becomes of the only reference in `cn=rule`: `removed`, `left`, or the code of its decision item.
fn fate(view: &Value) -> String {
    let in_rule = |entry: &&Value| entry["dn"].as_str().is_some_and(|dn| dn.starts_with("cn=rule,"));
    let items: Vec<&Value> = view["decision_items"].as_array().unwrap().iter().filter(in_rule).collect();
    let operations = view["operations"].as_array().unwrap().iter().filter(in_rule).count();
    match (operations, items.as_slice()) {
        (1, []) => "removed".to_owned(),
        (0, []) => "left".to_owned(),
        (0, [item, ..]) => item["code"].as_str().unwrap().to_owned(),
        _ => panic!("{view:#}"),
    }
}

/// Checks a table of: what, the other entries, the line of the reference, and what becomes of it; with the other entries in
/// front of the leaver and after it.
fn check(leaver: (&str, &str), table: &[(&str, String, &str, &str)]) {
    let place = tempfile::tempdir().unwrap();
    let (name, account) = leaver;
    for (what, others, reference, expected) in table {
        let rule = other("rule", "device", &format!("{reference}\ndescription: kept"));
        for export in [format!("{TREE}{account}{others}{rule}"), format!("{TREE}{rule}{others}{account}")] {
            let view = planned(place.path(), &export, &[name], POLICY);
            assert_eq!(view["accounts"][0]["step"], "delete", "{what}: {:#}", view["accounts"]);
            assert_eq!(fate(&view), *expected, "{what}: {reference}");
        }
    }
}

#[test]
fn numbers_of_users() {
    let number =
        |uid: &str, number: &str| person(uid, &format!("uidNumber: {number}\ngidNumber: 8\nhomeDirectory: /h"));
    let account = leo();
    check(
        ("leo", &account),
        &[
            ("nobody else has the number", number("ada", "1043"), "sudoUser: #1042", "removed"),
            ("as a number, it is the leaver's", number("ada", "1043"), "sudoUser: !#01042", "removed"),
            ("the number of a group", String::new(), "sudoUser: %#1042", "left"),
            ("another one's number", number("ada", "10420"), "sudoUser: #10420", "left"),
            ("an account shares it", number("ada", "1042"), "sudoUser: #1042", "reference-unclear"),
            ("an account shares it, with zeros", number("ada", "001042"), "sudoUser: #1042", "reference-unclear"),
            (
                "an account shares it, and the value has zeros",
                number("ada", "1042"),
                "sudoUser: #001042",
                "reference-unclear",
            ),
            (
                "an entry shares it that is not an account",
                other("robot", "device", "uidNumber: 1042"),
                "sudoUser: #1042",
                "reference-unclear",
            ),
            ("the user name is the leaver's alone", number("ada", "1042"), "sudoUser: leo", "removed"),
        ],
    );
}

#[test]
fn addresses() {
    let account = person(
        "leo",
        "mail: leo@mill.example\nmailAlternateAddress: miller@mill.example\nproxyAddresses: smtp:l.eo@mill.example",
    );
    let list = |line: &str| other("list", "groupOfNames", &format!("member: uid=ada,ou=staff,o=mill\n{line}"));
    let table: Vec<(&str, String, &str, &str)> = vec![
        ("the leaver's alone", list("mail: all@mill.example"), "rfc822MailMember: LEO@mill.example", "removed"),
        ("a list has it", list("mail: Leo@Mill.example"), "rfc822MailMember: leo@mill.example", "reference-unclear"),
        (
            "a list has it as another address",
            list("mailAlternateAddress: leo@mill.example"),
            "mgrpRFC822MailMember: leo@mill.example",
            "reference-unclear",
        ),
        (
            "a resource has it with a prefix",
            other("room", "device", "proxyAddresses: SMTP:MILLER@mill.example"),
            "rfc822MailMember: miller@mill.example",
            "reference-unclear",
        ),
        (
            "the other address is the leaver's alone",
            list("mail: leo@mill.example"),
            "rfc822MailMember: l.eo@mill.example",
            "removed",
        ),
        (
            "a mail alias has it as its name",
            "dn: cn=leo@mill.example,ou=lists,o=mill\nobjectClass: nisMailAlias\ncn: leo@mill.example\n\
             rfc822MailMember: ada@mill.example\n\n"
                .to_owned(),
            "rfc822MailMember: leo@mill.example",
            "reference-unclear",
        ),
        (
            "only the name of something else",
            "dn: cn=leo@mill.example,ou=lists,o=mill\nobjectClass: device\ncn: leo@mill.example\n\n".to_owned(),
            "rfc822MailMember: leo@mill.example",
            "removed",
        ),
        (
            "a contact says how to reach the leaver",
            other("leo c", "contact", "mail: leo@mill.example"),
            "rfc822MailMember: leo@mill.example",
            "removed",
        ),
        (
            "a contact passes mail on to the leaver",
            other("leo c", "contact", "proxyAddresses: SMTP:leo@mill.example\ntargetAddress: SMTP:leo@mill.example"),
            "rfc822MailMember: leo@mill.example",
            "removed",
        ),
        (
            "a contact takes the leaver's mail and passes it on to another person",
            other("ada c", "contact", "proxyAddresses: SMTP:leo@mill.example\ntargetAddress: SMTP:ada@mill.example"),
            "rfc822MailMember: leo@mill.example",
            "reference-unclear",
        ),
        (
            "another account has it",
            person("ada", "mail: leo@mill.example"),
            "mgrpModerator: mailto:leo%40mill.example",
            "reference-unclear",
        ),
        // In another form than is usual in the attribute.
        ("a local user name", String::new(), "rfc822MailMember: leo", "mention"),
        ("a local user name of a list", String::new(), "mgrpRFC822MailMember: leo", "mention"),
        ("another local user name", String::new(), "rfc822MailMember: leonie", "left"),
        ("an address for a user name", String::new(), "memberUid: leo@mill.example", "mention"),
        ("a DN for a user name", String::new(), "memberUid: uid=leo,ou=staff,o=mill", "mention"),
        ("a user name for a DN", String::new(), "member: leo", "mention"),
    ];
    check(("leo", &account), &table);
}

/// RFC 4518: capital and small letters and both ways to write an accent are the same. In another case it is a decision item
/// for letters of every script, because some servers take it for another user name.
#[test]
fn user_names_of_every_script() {
    // uid: özgür, composed and lower case.
    let account =
        "dn: uid=\u{f6}zg\u{fc}r,ou=staff,o=mill\nobjectClass: inetOrgPerson\nuid: \u{f6}zg\u{fc}r\ncn: O\nsn: O\n\
                   mail: \u{f6}zg\u{fc}r@mill.example\n\n"
            .to_owned();
    let decomposed = "memberUid: o\u{308}zgu\u{308}r";
    let twin = "dn: uid=\u{d6}ZG\u{dc}R,ou=lists,o=mill\nobjectClass: account\nuid: \u{d6}ZG\u{dc}R\n\n".to_owned();
    let near = "dn: uid=ozgur,ou=lists,o=mill\nobjectClass: account\nuid: ozgur\n\n".to_owned();
    let table: Vec<(&str, String, &str, &str)> = vec![
        ("as spelled", String::new(), "memberUid: \u{f6}zg\u{fc}r", "removed"),
        ("the other way to write accents", String::new(), decomposed, "removed"),
        ("in another case", String::new(), "memberUid: \u{d6}zg\u{fc}r", "uid-in-another-case"),
        (
            "in another case and with marks",
            String::new(),
            "nisNetgroupTriple: (-,O\u{308}ZGU\u{308}R,)",
            "uid-in-another-case",
        ),
        ("without accents it is another name", near, "memberUid: ozgur", "left"),
        ("another entry has the name", twin, "memberUid: \u{f6}zg\u{fc}r", "left"),
        ("an address", String::new(), "rfc822MailMember: \u{d6}ZGU\u{308}R@Mill.example", "removed"),
        (
            "an address that a list has too",
            other("list", "device", "mail: O\u{308}zg\u{fc}r@mill.example"),
            "rfc822MailMember: \u{f6}zg\u{fc}r@mill.example",
            "reference-unclear",
        ),
        ("a calendar", String::new(), "icsSubscribed: o\u{308}zg\u{fc}r:work$Work", "reference"),
    ];
    check(("uid=\u{f6}zg\u{fc}r,ou=staff,o=mill", &account), &table);
}

/// Two leavers share an identifier, and one of them has to stay: the value may mean that one.
#[test]
fn a_leaver_who_stays_after_all() {
    let place = tempfile::tempdir().unwrap();
    let shared = "uidNumber: 1042\ngidNumber: 7\nhomeDirectory: /h\nmail: desk@mill.example";
    let people = format!("{}{}", person("leo", shared), person("ada", shared));
    // The last member of a group is held.
    let group =
        "dn: cn=press,ou=lists,o=mill\nobjectClass: groupOfNames\ncn: press\nmember: uid=ada,ou=staff,o=mill\n\n";
    let keep = format!("{POLICY}[references]\nlast_member = \"refuse\"\n");
    for reference in ["sudoUser: #1042", "rfc822MailMember: desk@mill.example"] {
        let rule = other("rule", "device", reference);
        for leavers in [["leo", "ada"], ["ada", "leo"]] {
            let view = planned(place.path(), &format!("{TREE}{people}{group}{rule}"), &leavers, &keep);
            assert_eq!(fate(&view), "reference-unclear", "{leavers:?} {reference}");
            // Both leave.
            let view = planned(place.path(), &format!("{TREE}{people}{rule}"), &leavers, &keep);
            assert_eq!(fate(&view), "removed", "{leavers:?} {reference}");
        }
    }
}

/// A list that is deleted with its last member is itself a member of another list, by its address.
#[test]
fn addresses_of_a_group_that_is_deleted() {
    let place = tempfile::tempdir().unwrap();
    let people = format!("{}{}", person("leo", "mail: leo@mill.example"), person("ada", "mail: ada@mill.example"));
    let team = other("team", "groupOfNames", "mail: Team@mill.example\nmember: uid=leo,ou=staff,o=mill");
    let rule = other("rule", "device", "rfc822MailMember: team@mill.example\nrfc822MailMember: ada@mill.example");
    let policy = format!("{POLICY}[references]\nlast_member = \"delete-group\"\n");
    for (more, expected) in [
        (String::new(), "removed"),
        // Another list has the address too.
        (other("squad", "device", "mail: team@mill.example"), "reference-unclear"),
    ] {
        let view = planned(place.path(), &format!("{TREE}{people}{team}{more}{rule}"), &["leo"], &policy);
        assert_eq!(fate(&view), expected, "{more}");
    }
}
