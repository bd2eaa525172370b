//! Entries below an account: those that are deleted with it, and those that hold it (`[children]`).

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{AS_OF, offboard, root, stderr};

/// The policy of these tests, without `[children]`.
const POLICY: &str = "\
preset = \"openldap\"
[grace]
days = 0
[disable.replace]
employeeType = \"left\"
[protect]
filter = \"(description=keep)\"
[limits]
delete = { count = 100, percent = 100 }
child = { count = 100, percent = 100 }
";

/// Plans the deletion of these users, with the section `children` added to the policy.
fn plan(place: &Path, users: &[&str], children: &str, options: &[&str]) -> Output {
    let policy = place.join("policy.toml");
    std::fs::write(&policy, format!("{POLICY}{children}")).unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-p"]).arg(policy);
    for user in users {
        command.args(["-u", user]);
    }
    command.args(options).arg("-o").arg(place.join("set")).arg(root().join("fixtures/children/export.ldif"));
    command.output().unwrap()
}

/// The plan.json of the change set.
fn view(place: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(place.join("set/plan.json")).unwrap()).unwrap()
}

/// Each leaver with `STEP REASON`, and the DNs that the plan deletes, in order.
fn fates(place: &Path, users: &[&str], children: &str) -> (Vec<String>, Vec<String>) {
    let output = plan(place, users, children, &[]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let view = view(place);
    let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    let accounts = view["accounts"].as_array().unwrap().iter();
    let accounts = accounts.map(|account| format!("{} {}", text(account, "step"), text(account, "reason"))).collect();
    let operations = view["operations"].as_array().unwrap().iter();
    let deleted = operations.filter(|operation| operation["changetype"] == "delete");
    let short = |name: String| name.strip_suffix(",ou=crew,o=harbour").unwrap().to_owned();
    (accounts, deleted.map(|operation| short(text(operation, "dn"))).collect())
}

/// A case: the leavers and `[children]`; then the step and reason of each leaver, and the DNs that are deleted.
type ChildrenCase = (&'static [&'static str], &'static str, &'static [&'static str], &'static [&'static str]);

const HELD: &str = "hold children-below";
const DELETED: &str = "delete delete-at-once";

#[test]
fn what_is_deleted_and_what_holds() {
    let place = tempfile::tempdir().unwrap();
    let own = "[children]\nown = \"(objectClass=device)\"\n";
    let both = "[children]\nown = \"(|(objectClass=device)(objectClass=organizationalUnit))\"\n";
    let delete = "[children]\nother = \"delete\"\n";
    let table: &[ChildrenCase] = &[
        (&["anna"], "", &[DELETED], &["uid=anna"]),
        (&["bert"], "", &[HELD], &[]),
        (&["bert"], own, &[DELETED], &["cn=phone,uid=bert", "uid=bert"]),
        (&["bert"], delete, &[DELETED], &["cn=phone,uid=bert", "uid=bert"]),
        (&["carl"], "", &[HELD], &[]),
        (&["carl"], own, &[HELD], &[]),
        (&["carl"], delete, &[DELETED], &["cn=deck,uid=carl", "uid=carl"]),
        // No policy deletes an account that is below another one.
        (&["dora"], own, &["hold account-below"], &[]),
        (&["dora"], delete, &["hold account-below"], &[]),
        (
            &["dora", "dora-admin"],
            own,
            &[DELETED, DELETED],
            &["uid=dora-admin,uid=dora", "cn=phone,uid=dora", "uid=dora"],
        ),
        // The container of the account's devices is not a device itself.
        (&["emil"], own, &[HELD], &[]),
        (&["emil"], both, &[DELETED], &["cn=tablet,ou=things,uid=emil", "ou=things,uid=emil", "uid=emil"]),
        // The entry that holds the inner account is also below the outer one.
        (&["fred", "fritz"], own, &[HELD, HELD], &[]),
        (&["fritz"], delete, &[DELETED], &["l=berth 9,uid=fritz,uid=fred", "uid=fritz,uid=fred"]),
        (
            &["fred", "fritz"],
            delete,
            &[DELETED, DELETED],
            &["l=berth 9,uid=fritz,uid=fred", "uid=fritz,uid=fred", "uid=fred"],
        ),
        // The account's own alias is a dependent and is deleted; the alias of another account is not.
        (&["gina"], "", &[DELETED], &["cn=gina's own,uid=gina", "uid=gina"]),
        (&["hans"], own, &[HELD], &[]),
        // A protected entry is never deleted.
        (&["ines"], own, &["hold protected-below"], &[]),
        (&["ines"], delete, &["hold protected-below"], &[]),
    ];
    for (users, children, steps, deleted) in table {
        let (found, gone) = fates(place.path(), users, children);
        let context = format!("{users:?} with {children:?}");
        assert_eq!(found, *steps, "{context}");
        let (mut gone, mut deleted) = (gone, deleted.to_vec());
        for name in &deleted {
            // Children before their parents.
            let place = |wanted: &str| gone.iter().position(|name| name == wanted);
            let above = name.split_once(',').map(|(_, above)| above);
            assert!(above.and_then(place).is_none_or(|above| place(name) < Some(above)), "{context}: {gone:?}");
        }
        gone.sort();
        deleted.sort_unstable();
        assert_eq!(gone, deleted, "{context}");
    }
}

#[test]
fn they_are_listed_counted_and_limited() {
    let place = tempfile::tempdir().unwrap();
    let own = "[children]\nown = \"(objectClass=device)\"\n";
    let output = plan(place.path(), &["bert", "carl"], own, &[]);
    assert!(stderr(&output).contains("1 deleted, 1 deleted below them, 1 held"), "{}", stderr(&output));
    let view = view(place.path());
    assert_eq!(view["summary"]["children"], 1);
    let limit = view["limits"].as_array().unwrap().iter().find(|row| row["kind"] == "child").unwrap().clone();
    assert_eq!((limit["affected"].as_u64(), limit["limit"].as_str().unwrap().is_empty()), (Some(1), false));
    let children = |at: usize| view["accounts"][at]["children"].to_string();
    assert!(children(0).contains("cn=phone,uid=bert") && children(0).contains("\"deleted\":true"), "{}", children(0));
    assert!(children(1).contains("cn=deck,uid=carl") && children(1).contains("\"deleted\":false"), "{}", children(1));
    let report = std::fs::read_to_string(place.path().join("set/report.md")).unwrap();
    assert!(report.contains("below it: `cn=phone,uid=bert,ou=crew,o=harbour` (device), deleted with it"), "{report}");
    assert!(
        report.contains("below it: `cn=deck,uid=carl,ou=crew,o=harbour` (groupOfNames), does not match"),
        "{report}"
    );

    let output = plan(place.path(), &["bert"], own, &["--limit", "child=0"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("child"), "{}", stderr(&output));
}
