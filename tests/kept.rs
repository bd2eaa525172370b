//! What is protected, vetoed, disconnected or made by hand is neither changed nor deleted, for whatever reason a plan has: it is
//! a child, a dependent, a part of an address book, or it names the leaver. And lines of the policy that pick nothing.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::support::{AS_OF, offboard, stderr, stdout};

const TOP: &str = "\
dn: dc=quay,dc=test
objectClass: domain
dc: quay

dn: ou=Crew,dc=quay,dc=test
objectClass: organizationalUnit
ou: Crew
businessCategory: sealed

dn: ou=Gangs,dc=quay,dc=test
objectClass: organizationalUnit
ou: Gangs

dn: ou=Ashore,dc=quay,dc=test
objectClass: organizationalUnit
ou: Ashore

";

/// An account of the crew, with further lines.
fn crew(uid: &str, lines: &str) -> String {
    format!(
        "dn: uid={uid},ou=Crew,dc=quay,dc=test\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n\
         mail: {uid}@quay.test\nstructuralObjectClass: inetOrgPerson\n{lines}\n"
    )
}

/// Some other entry.
fn other(dn: &str, lines: &str) -> String {
    format!("dn: {dn}\n{lines}\n")
}

/// A directory in which tove leaves, and ulf stays.
fn export(more: &str) -> String {
    let mut text = format!("{TOP}{}{}", crew("tove", ""), crew("ulf", "employeeType: staff\n"));
    for number in 1..=20 {
        let _ = writeln!(text, "{}", crew(&format!("hand{number}"), "employeeType: staff\n"));
    }
    text + more
}

const AT_ONCE: &str = "preset = \"openldap\"\n[grace]\ndays = 0\n";

struct Planned {
    code: Option<i32>,
    /// `STEP REASON` of the first account.
    step: String,
    /// `CODE ENTRY` of each decision item.
    items: Vec<String>,
    /// The names of the entries that a record changes or deletes.
    touched: Vec<String>,
    errors: String,
}

/// Plans for tove, with further arguments.
fn plan(place: &Path, policy: &str, text: &str, arguments: &[&str]) -> Planned {
    std::fs::write(place.join("export.ldif"), text).unwrap();
    std::fs::write(place.join("policy.toml"), policy).unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-u", "tove", "-p", "policy.toml", "-o", "set"]);
    let output = command.args(arguments).arg("export.ldif").current_dir(place).output().unwrap();
    let errors = stderr(&output) + &stdout(&output);
    let Ok(json) = std::fs::read(place.join("set/plan.json")) else {
        return Planned { code: output.status.code(), step: String::new(), items: vec![], touched: vec![], errors };
    };
    let view: Value = serde_json::from_slice(&json).unwrap();
    std::fs::remove_dir_all(place.join("set")).unwrap();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let account = &view["accounts"][0];
    let items = view["decision_items"].as_array().unwrap().iter();
    let operations = view["operations"].as_array().unwrap().iter();
    Planned {
        code: output.status.code(),
        step: format!("{} {}", text(account, "step"), text(account, "reason")),
        items: items.map(|item| format!("{} {}", text(item, "code"), text(item, "dn"))).collect(),
        touched: operations.map(|operation| text(operation, "dn")).collect(),
        errors,
    }
}

/// The ways to keep an entry that is not an account: each a policy, and the arguments and list that go with it.
fn ways(dn: &str) -> Vec<(String, Option<String>)> {
    vec![
        (format!("[protect]\ndn = [\"{dn}\"]\n"), None),
        (format!("[protect]\nsubtree = [\"{dn}\"]\n"), None),
        ("[protect]\nfilter = \"(description=kept)\"\n".to_owned(), None),
        (format!("[veto]\ndn = [\"{dn}\"]\n"), None),
        ("[veto]\nfilter = \"(description=kept)\"\n".to_owned(), None),
        (String::new(), Some(format!("{dn}\n"))),
    ]
}

/// Plans with a way of keeping an entry.
fn plan_keeping(place: &Path, policy: &str, way: &(String, Option<String>), text: &str) -> Planned {
    let (more, list) = way;
    std::fs::write(place.join("veto.txt"), list.clone().unwrap_or_default()).unwrap();
    let arguments: &[&str] = if list.is_some() { &["--veto", "veto.txt"] } else { &[] };
    plan(place, &format!("{policy}{more}"), text, arguments)
}

const ALIAS: &str = "cn=tov,ou=Gangs,dc=quay,dc=test";
const TOVE: &str = "uid=tove,ou=Crew,dc=quay,dc=test";

/// What would be deleted with the account holds it: a child, an alias, the private group, an emptied group.
#[test]
fn what_would_be_deleted_holds_the_account() {
    let place = tempfile::tempdir().unwrap();
    let child = "cn=chest,uid=tove,ou=Crew,dc=quay,dc=test";
    let group = "cn=tove,ou=Gangs,dc=quay,dc=test";
    let gang = "cn=winch,ou=Gangs,dc=quay,dc=test";
    let alias_lines = format!(
        "objectClass: alias\nobjectClass: extensibleObject\ncn: tov\ndescription: kept\naliasedObjectName: {TOVE}\n"
    );
    let posix = "uidNumber: 700\ngidNumber: 700\nhomeDirectory: /h\nobjectClass: posixAccount\n";
    for (dn, lines, account_lines, policy) in [
        (
            child,
            "objectClass: device\ncn: chest\ndescription: kept\n".to_owned(),
            "",
            "[children]\nown = \"(objectClass=device)\"\n",
        ),
        (
            child,
            "objectClass: device\ncn: chest\ndescription: kept\n".to_owned(),
            "",
            "[children]\nother = \"delete\"\n",
        ),
        (ALIAS, alias_lines, "", ""),
        (
            group,
            "objectClass: posixGroup\ncn: tove\ngidNumber: 700\ndescription: kept\n".to_owned(),
            posix,
            "[references]\nprivate_group = \"delete\"\n",
        ),
        (
            gang,
            format!("objectClass: groupOfNames\ncn: winch\ndescription: kept\nmember: {TOVE}\n"),
            "",
            "[references]\nlast_member = \"delete-group\"\n",
        ),
    ] {
        let text = export(&other(dn, &lines)).replace("uid: tove\n", &format!("uid: tove\n{account_lines}"));
        let policy = format!("{AT_ONCE}{policy}");
        let free = plan(place.path(), &policy, &text, &[]);
        assert!(free.step.starts_with("delete"), "{dn}: {} {}", free.step, free.errors);
        assert!(free.touched.iter().any(|name| name == dn), "{dn}: {:?}", free.touched);
        for way in ways(dn) {
            let kept = plan_keeping(place.path(), &policy, &way, &text);
            assert!(kept.step.starts_with("hold"), "{dn}, {way:?}: {} {}", kept.step, kept.errors);
            assert_eq!(kept.touched, Vec::<String>::new(), "{dn}, {way:?}");
            assert_eq!(kept.code, Some(1), "{dn}, {way:?}: {}", kept.errors);
        }
    }
}

/// An entry that names the leaver keeps its values, and they are decision items.
#[test]
fn what_would_be_changed_is_a_decision_item() {
    let place = tempfile::tempdir().unwrap();
    let gang = "cn=winch,ou=Gangs,dc=quay,dc=test";
    let ulf = "uid=ulf,ou=Crew,dc=quay,dc=test";
    let members = format!("member: {TOVE}\nmember: {ulf}\n");
    let gang_text =
        other(gang, &format!("objectClass: groupOfNames\ncn: winch\ndescription: kept\nowner: {TOVE}\n{members}"));
    let text = export(&gang_text);
    for way in ways(gang) {
        let kept = plan_keeping(place.path(), &format!("{AT_ONCE}[successor]\nfallback = \"{ulf}\"\n"), &way, &text);
        assert!(kept.step.starts_with("delete"), "{way:?}: {} {}", kept.step, kept.errors);
        assert!(kept.touched.iter().all(|name| name == TOVE), "{way:?}: {:?}", kept.touched);
        let code = if way.0.contains("protect") { "in-protected-entry" } else { "in-vetoed-entry" };
        assert_eq!(kept.items, vec![format!("{code} {gang}"); 2], "{way:?}");
    }
    // A member of a protected group that is itself changed: the second fault of the kind.
    let named = crew("vera", &format!("employeeType: staff\nsecretary: {TOVE}\n"));
    let guard = other(
        "cn=guard,ou=Gangs,dc=quay,dc=test",
        "objectClass: groupOfNames\ncn: guard\nmember: uid=vera,ou=Crew,dc=quay,dc=test\n",
    );
    for policy in [
        "[protect]\ngroup = [\"cn=guard,ou=Gangs,dc=quay,dc=test\"]\n",
        "[protect]\nfilter = \"(memberOf:1.2.840.113556.1.4.1941:=cn=guard,ou=Gangs,dc=quay,dc=test)\"\n",
    ] {
        let kept = plan(place.path(), &format!("{AT_ONCE}{policy}"), &export(&format!("{named}{guard}")), &[]);
        assert_eq!(kept.items, ["in-protected-entry uid=vera,ou=Crew,dc=quay,dc=test"], "{policy}: {}", kept.errors);
        assert_eq!(kept.touched.iter().filter(|name| name.contains("vera")).count(), 0, "{policy}");
    }
}

/// Accounts that are disconnected or made by hand keep their values; other entries with the same values do not count.
#[test]
fn disconnected_and_made_by_hand() {
    let place = tempfile::tempdir().unwrap();
    let seal = "[disconnect]\nattribute = \"description\"\nvalue = \"sealed\"\n";
    let provenance = "[accounts]\nprovenance = \"(employeeType=staff)\"\n";
    for (policy, lines, code) in [
        (seal, "description: sealed\n", "in-disconnected-account"),
        (seal, "description: Sealed\n", "in-disconnected-account"),
        (provenance, "employeeType: guest\n", "in-account-made-by-hand"),
        (provenance, "", "in-account-made-by-hand"),
    ] {
        let vera = crew("vera", &format!("{lines}secretary: {TOVE}\nmanager: {TOVE}\n"));
        // A group is no account, so neither says anything about it.
        let gang = other(
            "cn=winch,ou=Gangs,dc=quay,dc=test",
            &format!(
                "objectClass: groupOfNames\ncn: winch\ndescription: sealed\nmember: {TOVE}\nmember: uid=ulf,ou=Crew,dc=quay,dc=test\n"
            ),
        );
        let text = export(&format!("{vera}{gang}")).replace("uid: tove\n", "uid: tove\nemployeeType: staff\n");
        let planned = plan(place.path(), &format!("{AT_ONCE}{policy}"), &text, &[]);
        assert!(planned.step.starts_with("delete"), "{policy}: {} {}", planned.step, planned.errors);
        assert_eq!(planned.items, vec![format!("{code} uid=vera,ou=Crew,dc=quay,dc=test"); 2], "{policy}{lines}");
        assert!(planned.touched.iter().any(|name| name.contains("winch")), "{policy}: {:?}", planned.touched);
        assert!(planned.touched.iter().all(|name| !name.contains("vera")), "{policy}: {:?}", planned.touched);
    }
}

/// A veto on a container holds the accounts in it: by name, by filter, and from a list.
#[test]
fn vetoed_containers() {
    let place = tempfile::tempdir().unwrap();
    for days in ["0", "30"] {
        for way in [
            ("[veto]\ndn = [\"ou=Crew,dc=quay,dc=test\"]\n".to_owned(), None),
            ("[veto]\nfilter = \"(businessCategory=sealed)\"\n".to_owned(), None),
            (String::new(), Some("ou=Crew,dc=quay,dc=test\n".to_owned())),
        ] {
            let policy = format!("preset = \"openldap\"\n[grace]\ndays = {days}\n");
            let held = plan_keeping(place.path(), &policy, &way, &export(""));
            assert_eq!(held.step, "hold vetoed", "{days}, {way:?}: {}", held.errors);
            assert_eq!(held.touched, Vec::<String>::new(), "{days}, {way:?}");
        }
    }
}

/// Each line that picks no entry is a finding with its line, and the nearest name.
#[test]
fn lines_that_pick_nothing() {
    let place = tempfile::tempdir().unwrap();
    for (section, code) in [
        ("[veto]\ndn = [\"uid=ulv,ou=Crew,dc=quay,dc=test\"]\n", "veto-unmatched"),
        ("[veto]\nfilter = \"(employeeType=judge)\"\n", "veto-unmatched"),
        ("[protect]\ndn = [\"uid=ulv,ou=Crew,dc=quay,dc=test\"]\n", "line-unmatched"),
        ("[protect]\nsubtree = [\"ou=Krew,dc=quay,dc=test\"]\n", "line-unmatched"),
        ("[protect]\nfilter = \"(employeeType=judge)\"\n", "line-unmatched"),
        (
            "[[rule]]\nbase = \"ou=Krew,dc=quay,dc=test\"\naction = \"refuse\"\n[[rule]]\naction = \"delete\"\n",
            "line-unmatched",
        ),
        (
            "[[rule]]\nbase_now = \"ou=Krew,dc=quay,dc=test\"\naction = \"refuse\"\n[[rule]]\naction = \"delete\"\n",
            "line-unmatched",
        ),
    ] {
        let planned = plan(place.path(), &format!("{AT_ONCE}{section}"), &export(""), &[]);
        assert_eq!(planned.items, [format!("{code} ")], "{section}: {}", planned.errors);
        assert_eq!(planned.code, Some(1), "{section}");
        assert!(planned.errors.contains("line 5"), "{section}: {}", planned.errors);
        if section.contains("uid=ulv") {
            let meant = "did you mean `uid=ulf,ou=Crew,dc=quay,dc=test`?";
            assert!(planned.errors.contains(meant), "{section}: {}", planned.errors);
        }
        // The same line with a name that exists is no finding.
        let right = section.replace("ulv", "ulf").replace("Krew", "Gangs").replace("judge", "staff");
        let planned = plan(place.path(), &format!("{AT_ONCE}{right}"), &export(""), &[]);
        assert_eq!(planned.items, Vec::<String>::new(), "{right}: {}", planned.errors);
    }
}

/// Names in the policy follow the moves of earlier change sets.
#[test]
fn names_follow_moves() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let moving = "[move]\nto = \"ou=Ashore,dc=quay,dc=test\"\n";
    let policy = format!("preset = \"openldap\"\n{moving}");
    std::fs::write(place.join("export.ldif"), export("")).unwrap();
    std::fs::write(place.join("policy.toml"), &policy).unwrap();
    let mut command = offboard();
    command.args([
        "plan",
        "--as-of",
        "2026-01-01",
        "--allow-date",
        "-u",
        "tove",
        "-p",
        "policy.toml",
        "-o",
        "first",
        "export.ldif",
    ]);
    let output = command.current_dir(place).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let mut command = offboard();
    command.args(["simulate", "--export", "export.ldif", "first", "-o", "after.ldif"]);
    let output = command.current_dir(place).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let after = std::fs::read_to_string(place.join("after.ldif")).unwrap();
    assert!(after.contains("dn: uid=tove,ou=Ashore,dc=quay,dc=test\n"), "{after}");

    let rules = |key: &str| {
        format!("[[rule]]\n{key} = \"ou=Crew,dc=quay,dc=test\"\naction = \"disable\"\n[[rule]]\naction = \"delete\"\n")
    };
    for (section, expected) in [
        (String::new(), "delete"),
        (format!("[veto]\ndn = [\"{TOVE}\"]\n"), "hold vetoed"),
        (rules("base"), "nothing"),
        (rules("base_now"), "delete"),
        (format!("[protect]\ndn = [\"{TOVE}\"]\n"), " "),
        ("[protect]\nsubtree = [\"ou=Crew,dc=quay,dc=test\"]\n".to_owned(), " "),
    ] {
        let planned = plan(place, &format!("{policy}{section}"), &after, &["--history", "first"]);
        let step = if planned.step.is_empty() { " " } else { &planned.step };
        assert!(step.starts_with(expected), "{section}: {} {}", planned.step, planned.errors);
        if expected == " " {
            assert_eq!(planned.code, Some(3), "{section}: {}", planned.errors);
        }
        assert_eq!(planned.items.iter().filter(|item| item.contains("unmatched")).count(), 0, "{section}");
    }
}

const MAIL_POLICY: &str = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 0\n";

/// A mail domain in which tove has left, with her address book, and one without an owner.
fn mail_directory() -> String {
    let mut text = String::new();
    for (dn, lines) in [
        ("o=isp", "objectClass: organization\no: isp\n"),
        ("o=bay.test,o=isp", "objectClass: organization\no: bay.test\n"),
        ("ou=People,o=bay.test,o=isp", "objectClass: organizationalUnit\nou: People\n"),
        ("o=PiServerDb", "objectClass: organization\no: PiServerDb\n"),
        ("o=bay.test,o=PiServerDb", "objectClass: organization\no: bay.test\n"),
    ] {
        text += &other(dn, lines);
    }
    for (uid, lines) in [("tove", "inetUserStatus: deleted\n"), ("ulf", "inetUserStatus: active\n")] {
        let dn = format!("uid={uid},ou=People,o=bay.test,o=isp");
        let lines =
            format!("objectClass: inetOrgPerson\nobjectClass: inetUser\nuid: {uid}\ncn: {uid}\nsn: {uid}\n{lines}");
        text += &other(&dn, &lines);
    }
    for owner in ["tove", "nils"] {
        let root = format!("piPStoreOwner={owner},o=bay.test,o=PiServerDb");
        text += &other(&root, &format!("objectClass: piTypeUser\npiPStoreOwner: {owner}\n"));
        let card = format!("objectClass: piTypeEntry\npiEntryID: c{owner}\ndescription: {owner}s card\n");
        text += &other(&format!("piEntryID=c{owner},{root}"), &card);
    }
    text
}

/// An entry of an address book holds the account, and a book without an owner stays.
#[test]
fn address_books() {
    let place = tempfile::tempdir().unwrap();
    let (tove, text) = ("uid=tove,ou=People,o=bay.test,o=isp", mail_directory());
    let free = plan(place.path(), MAIL_POLICY, &text, &["--orphans"]);
    assert!(free.step.starts_with("delete"), "{} {}", free.step, free.errors);
    assert_eq!(free.touched.len(), 6, "{:?}", free.touched);
    for (owner, way) in [
        ("tove", "[veto]\nfilter = \"(description=toves card)\"\n".to_owned()),
        ("tove", "[protect]\nfilter = \"(description=toves card)\"\n".to_owned()),
        ("tove", "[veto]\ndn = [\"piPStoreOwner=tove, o=bay.test, o=PiServerDb\"]\n".to_owned()),
        ("tove", "[protect]\ndn = [\"piEntryID=ctove,piPStoreOwner=tove,o=bay.test,o=PiServerDb\"]\n".to_owned()),
        ("nils", "[veto]\nfilter = \"(description=nilss card)\"\n".to_owned()),
        ("nils", "[protect]\nsubtree = [\"piPStoreOwner=nils,o=bay.test,o=PiServerDb\"]\n".to_owned()),
    ] {
        let kept = plan(place.path(), &format!("{MAIL_POLICY}{way}"), &text, &["--orphans"]);
        let book = format!("piPStoreOwner={owner},");
        assert!(kept.touched.iter().all(|name| !name.contains(&book)), "{way}: {:?} {}", kept.touched, kept.errors);
        if owner == "tove" {
            assert_eq!(kept.step, "hold deletes-kept", "{way}: {}", kept.errors);
            assert!(kept.touched.iter().all(|name| name != tove), "{way}: {:?}", kept.touched);
        } else {
            assert!(kept.step.starts_with("delete"), "{way}: {} {}", kept.step, kept.errors);
            let items = kept.items.iter().filter(|item| item.starts_with("address-book-kept "));
            assert_eq!(items.count(), 1, "{way}: {:?}", kept.items);
        }
    }
}

/// A moved account takes no kept entry along, and its new name is not written into one.
#[test]
fn moves() {
    let place = tempfile::tempdir().unwrap();
    let policy = "preset = \"openldap\"\n[move]\nto = \"ou=Ashore,dc=quay,dc=test\"\n";
    let chest = "cn=chest,uid=tove,ou=Crew,dc=quay,dc=test";
    let gang = "cn=winch,ou=Gangs,dc=quay,dc=test";
    let lines = "objectClass: device\ncn: chest\ndescription: kept\n";
    let members = format!("objectClass: groupOfNames\ncn: winch\ndescription: kept\nmember: {TOVE}\n");
    for (dn, lines, code) in [(chest, lines, "move-kept-below"), (gang, members.as_str(), "")] {
        let text = export(&other(dn, lines));
        let free = plan(place.path(), policy, &text, &[]);
        assert!(free.step.starts_with("disable"), "{dn}: {} {}", free.step, free.errors);
        assert_eq!(free.items, Vec::<String>::new(), "{dn}");
        assert_eq!(free.touched.len(), if dn == gang { 3 } else { 2 }, "{dn}: {:?}", free.touched);
        for way in ways(dn) {
            let kept = plan_keeping(place.path(), policy, &way, &text);
            assert!(kept.step.starts_with("disable"), "{dn}, {way:?}: {} {}", kept.step, kept.errors);
            let in_group = if way.0.contains("protect") { "in-protected-entry" } else { "in-vetoed-entry" };
            let item = if code.is_empty() { format!("{in_group} {gang}") } else { format!("{code} {TOVE}") };
            assert_eq!(kept.items, [item], "{dn}, {way:?}");
            assert_eq!(kept.touched.len(), if dn == gang { 2 } else { 1 }, "{dn}, {way:?}: {:?}", kept.touched);
        }
    }
}

/// A veto list with a name that is spelled almost right says which entry may be meant; the right one is no finding, also if it
/// names no account.
#[test]
fn veto_lists() {
    let place = tempfile::tempdir().unwrap();
    for (line, code, meant) in [
        ("uid=ulff,ou=Crew,dc=quay,dc=test", Some(1), Some("uid=ulf,ou=Crew,dc=quay,dc=test")),
        ("ou=Ganks,dc=quay,dc=test", Some(1), Some("ou=Gangs,dc=quay,dc=test")),
        ("uid=ulf,ou=Crew,dc=quay,dc=test", Some(0), None),
        ("ou=Gangs,dc=quay,dc=test", Some(0), None),
    ] {
        std::fs::write(place.path().join("veto.txt"), format!("{line}\n")).unwrap();
        let planned = plan(place.path(), AT_ONCE, &export(""), &["--veto", "veto.txt"]);
        assert_eq!(planned.code, code, "{line}: {}", planned.errors);
        assert_eq!(planned.items.len(), usize::from(meant.is_some()), "{line}: {:?}", planned.items);
        if let Some(meant) = meant {
            assert!(planned.errors.contains(&format!("did you mean `{meant}`?")), "{line}: {}", planned.errors);
        }
    }
}

/// A veto on a container keeps everything in it, not only accounts: aliases, groups, and values that name the leaver.
#[test]
fn what_is_in_a_vetoed_container_is_kept() {
    let place = tempfile::tempdir().unwrap();
    let alias = format!("objectClass: alias\nobjectClass: extensibleObject\ncn: tov\naliasedObjectName: {TOVE}\n");
    let sole = format!("objectClass: groupOfNames\ncn: winch\nmember: {TOVE}\n");
    let two = format!("{sole}member: uid=ulf,ou=Crew,dc=quay,dc=test\n");
    let winch = "cn=winch,ou=Gangs,dc=quay,dc=test";
    let deletes_groups = "[references]\nlast_member = \"delete-group\"\n";
    for (dn, lines, policy, step, items) in [
        (ALIAS, &alias, "", "hold deletes-kept", 0),
        (winch, &sole, deletes_groups, "hold deletes-kept", 0),
        (winch, &two, "", "delete delete-at-once", 1),
    ] {
        let text = export(&other(dn, lines));
        for way in [
            ("[veto]\ndn = [\"ou=Gangs,dc=quay,dc=test\"]\n", None),
            ("[veto]\nfilter = \"(ou=gangs)\"\n", None),
            ("", Some("ou=Gangs,dc=quay,dc=test\n")),
        ] {
            let way = (way.0.to_owned(), way.1.map(str::to_owned));
            let kept = plan_keeping(place.path(), &format!("{AT_ONCE}{policy}"), &way, &text);
            assert_eq!(kept.step, step, "{dn}, {way:?}: {}", kept.errors);
            assert_eq!(kept.items.len(), items, "{dn}, {way:?}: {:?}", kept.items);
            assert!(kept.touched.iter().all(|name| !name.contains("Gangs")), "{dn}, {way:?}: {:?}", kept.touched);
        }
    }
}
