//! Exports that do not show all of the directory: without operational attributes, or a part of it.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::{AS_OF, offboard, paths_with, root, stderr};

/// A run of `plan`: exit status, standard error, the change files as one text, and report.md.
struct PlanRun {
    status: Option<i32>,
    said: String,
    apply: String,
    report: String,
}

/// Plans with a policy. `arguments` has the options first, then the exports.
fn plan(place: &Path, policy: &str, arguments: &[&str]) -> PlanRun {
    let (file, set) = (place.join("policy.toml"), place.join("set"));
    std::fs::write(&file, policy).unwrap();
    let _ = std::fs::remove_dir_all(&set);
    let output = offboard()
        .current_dir(root().join("fixtures/operational"))
        .args(["plan", "--as-of", AS_OF, "--allow-date", "-p"])
        .arg(&file)
        .arg("-o")
        .arg(&set)
        .args(arguments)
        .output()
        .unwrap();
    let files = paths_with(&set.join("apply"), "ldif");
    PlanRun {
        status: output.status.code(),
        said: stderr(&output),
        apply: files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect(),
        report: std::fs::read_to_string(set.join("report.md")).unwrap_or_default(),
    }
}

/// Accepts exports without operational attributes.
const ACCEPT: &str = "--accept-incomplete=operational";

const OPENLDAP: &str = "preset = \"openldap\"\n";

/// A case: policy and arguments; then the exit status, and a text of the summary or change files.
#[test]
fn operational_attributes() {
    let needs = |more: &str| format!("{OPENLDAP}{more}\n");
    let opendj = "preset = \"389ds\"\n[directory]\nserver = \"opendj\"\n[disable]\nreplace = { ds-pwp-account-disabled = \"true\" }\n\
                  [restore]\nremove = [\"ds-pwp-account-disabled\"]\n";
    let at_once = needs("[grace]\ndays = 0");
    let last = needs("[protect]\nlast_enabled = [\"cn=operators,o=mill\"]");
    let books = needs("[address_books]\nsuffix = \"o=books\"");
    #[rustfmt::skip]
    let table: Vec<(String, &[&str], i32, &str)> = vec![
        // Whether ines is disabled is not in the exports: the server would refuse a second lock with 20.
        (needs(""), &["-uines", "user.ldif"], 1, "not in the exports: "),
        (needs(""), &["-uines", "all.ldif"], 0, "1 disabled"),
        // The stamp shows that otto was disabled: deleted if the lock is shown, held if it is not.
        (needs(""), &["-uotto", "all.ldif"], 0, "1 deleted"),
        (needs(""), &["-uotto", "user.ldif"], 3, "pwdAccountLockedTime ([disable], [restore])"),
        (needs(""), &["-uotto", ACCEPT, "user.ldif"], 1, "1 held"),
        (needs(""), &["-uotto", "-uines", ACCEPT, "user.ldif"], 1, "1 disabled, 1 held"),
        // Judged for each export: address books need no operational attributes, and prove nothing for the accounts.
        (books.clone(), &["-uines", "user.ldif", "books-all.ldif"], 1, "not in the exports: "),
        (books, &["-uines", "all.ldif", "books-user.ldif"], 0, "1 disabled"),
        // The whole plan depends on them: this cannot be accepted.
        (last.clone(), &["-uines", "user.ldif"], 3, "which entries the plan may change"),
        (last.clone(), &["-uines", ACCEPT, "user.ldif"], 3, "which entries the plan may change"),
        (last, &["-uines", "all.ldif"], 1, "last enabled member of cn=operators"),
        (needs("[veto]\nfilter = \"(pwdReset=TRUE)\""), &["-uines", ACCEPT, "user.ldif"], 3, "pwdReset ([veto] filter)"),
        (needs("[protect]\nfilter = \"(!(memberOf=cn=x))\""), &["-uines", ACCEPT, "user.ldif"], 3, "[protect] filter"),
        (needs("[accounts]\nfilter = \"(createTimestamp>=20200101000000Z)\""), &["-uines", ACCEPT, "user.ldif"], 3, "[accounts] filter"),
        (needs("[accounts]\nprovenance = \"(creatorsName=cn=idm)\""), &["-uines", ACCEPT, "user.ldif"], 3, "[accounts] provenance"),
        (needs("[[rule]]\nfilter = \"(entryUUID=*)\"\naction = \"disable\""), &["-uines", ACCEPT, "user.ldif"], 3, "[[rule]] filter"),
        (needs("[disconnect]\nattribute = \"pwdPolicySubentry\"\nvalue = \"cn=x\""), &["-uines", ACCEPT, "user.ldif"], 3, "[disconnect]"),
        // Deleted at once, disabled or not. The manager may be disabled, so she is not a successor.
        (at_once.clone(), &["-uines", "all.ldif"], 0, "1 deleted"),
        (at_once, &["-uines", "user.ldif"], 1, "1 held"),
        // A multi-valued lock: the value is added, then the others are replaced, so that no `false` is left.
        ("preset = \"389ds\"\n".to_owned(), &["-uines", "user.ldif"], 1, "1 disabled"),
        ("preset = \"389ds\"\n".to_owned(), &["-uotto", "user.ldif"], 3, "nsAccountLock"),
        ("preset = \"389ds\"\n".to_owned(), &["-uotto", ACCEPT, "user.ldif"], 1, "1 held"),
        (opendj.to_owned(), &["-uines", "user.ldif"], 1, "ds-pwp-account-disabled"),
        // The policy needs no operational attribute.
        (needs("[disable]\nreplace = { pwdAccountLockedTime = false, employeeType = \"gone\" }\n[restore]\nremove = [\"employeeType\"]"), &["-uines", "user.ldif"], 0, "1 disabled"),
        ("preset = \"active-directory\"\n[accounts]\nfilter = \"(uid=*)\"\nmatch = [\"uid\"]\n".to_owned(), &["-uines", "user.ldif"], 1, "1 held"),
    ];
    let place = tempfile::tempdir().unwrap();
    for (policy, arguments, status, expected) in table {
        let run = plan(place.path(), &policy, arguments);
        let about = format!("{policy}{arguments:?}\n{}", run.said);
        assert_eq!(run.status, Some(status), "{about}");
        assert!(run.said.contains(expected), "{about}");
        assert_eq!(run.said.contains("not in the exports: "), run.report.contains("## Not in the exports"), "{about}");
        // A stamp is written once.
        assert!(!run.apply.contains("dn: uid=otto") || run.said.contains("1 deleted"), "{about}\n{}", run.apply);
    }
}

/// The history shows that an account is disabled where the export does not.
#[test]
fn what_the_history_says_of_what_is_not_shown() {
    let place = tempfile::tempdir().unwrap();
    let first = plan(place.path(), OPENLDAP, &["-uines", "user.ldif"]);
    assert_eq!(first.status, Some(1), "{}", first.said);
    let earlier = place.path().join("earlier");
    std::fs::rename(place.path().join("set"), &earlier).unwrap();
    let history = format!("--history={}", earlier.display());
    for (more, status, expected) in
        [("-v", 3, "the step of 1 account"), ("--accept-incomplete=operational", 1, "1 held")]
    {
        let run = plan(place.path(), OPENLDAP, &["-uines", &history, more, "user.ldif"]);
        assert_eq!(run.status, Some(status), "{}", run.said);
        assert!(run.said.contains(expected) && run.apply.is_empty(), "{}\n{}", run.said, run.apply);
    }
    // A restore of an account that may be disabled or not.
    let list = place.path().join("back.csv");
    std::fs::write(&list, "uid,action\notto,restore\nines,restore\n").unwrap();
    let list = format!("-l{}", list.display());
    let run = plan(place.path(), OPENLDAP, &[&list, "user.ldif"]);
    assert_eq!(run.status, Some(3), "{}", run.said);
    let run = plan(place.path(), OPENLDAP, &[&list, "--accept-incomplete=operational", "user.ldif"]);
    assert!(run.status == Some(1) && run.said.contains("2 held"), "{}", run.said);
}

/// A case: suffixes of the policy, entries above the account, and the entry that the export lacks.
type Top = (&'static str, Vec<(&'static str, String)>, &'static str);

/// The same leaver in exports that begin at different entries: the plan reports where they are a part of the directory.
#[test]
fn suffixes_and_parts() {
    let place = tempfile::tempdir().unwrap();
    let account = "objectClass: inetOrgPerson\nstructuralObjectClass: inetOrgPerson\nuid: pia\ncn: Pia\nsn: P\n";
    let suffix = |kind: &str| format!("objectClass: {kind}\n");
    #[rustfmt::skip]
    let table: Vec<Top> = vec![
        ("", vec![("o=isp", suffix("organization"))], ""),
        ("", vec![("c=DE", suffix("country"))], ""),
        ("", vec![("o=mill,c=DE", suffix("organization"))], ""),
        ("", vec![("dc=mill,dc=example", suffix("domain"))], ""),
        ("", vec![("dc=mill,dc=co,dc=uk", suffix("dcObject") + "objectClass: organization\n")], ""),
        ("", vec![("cn=config", suffix("nsContainer"))], ""),
        ("", vec![("dc=a,dc=mill,dc=example", suffix("dcObject")), ("dc=b,dc=mill,dc=example", suffix("dcObject"))], "dc=mill,dc=example"),
        ("", vec![("ou=People,o=mill", suffix("organizationalUnit"))], "o=mill"),
        ("o=Mill", vec![("ou=People,o=mill", suffix("organizationalUnit"))], "the exports do not hold the suffix o=Mill"),
        ("ou=people,o=mill", vec![("ou=People,o=mill", suffix("organizationalUnit"))], ""),
        // Attributes by which servers mark a suffix.
        ("", vec![("ou=People,o=mill", suffix("organizationalUnit") + "contextCSN: 1\n")], ""),
        ("", vec![("ou=People,o=mill", suffix("organizationalUnit") + "entryid: 1\n")], ""),
        ("", vec![("o=branch,o=mill", suffix("organization") + "entryid: 7\nparentid: 1\n")], "o=mill"),
        ("", vec![("CN=Users,DC=mill,DC=example", suffix("container") + "instanceType: 4\n")], "DC=mill,DC=example"),
        ("", vec![("CN=Configuration,DC=mill,DC=example", suffix("configuration") + "instanceType: 13\n")], ""),
        // Only accounts: exported with scope one, or with a filter.
        ("", vec![], "ou=x,o=mill"),
    ];
    for (suffixes, above, expected) in table {
        let mut export = String::new();
        for (dn, lines) in &above {
            writeln!(export, "dn: {dn}\n{lines}").unwrap();
        }
        let under = above.last().map_or("ou=x,o=mill", |(dn, _)| dn);
        write!(export, "dn: uid=pia,{under}\n{account}").unwrap();
        let file = place.path().join("export.ldif");
        std::fs::write(&file, &export).unwrap();
        let suffixes = if suffixes.is_empty() { String::new() } else { format!("\"{suffixes}\"") };
        let policy = format!("{OPENLDAP}[directory]\nsuffixes = [{suffixes}]\n");
        let run = plan(place.path(), &policy, &["-upia", file.to_str().unwrap()]);
        let about = format!("{policy}{export}\n{}", run.said);
        let is_refused = expected.starts_with("the exports do not hold");
        assert_eq!(run.status, Some(if is_refused { 3 } else { i32::from(!expected.is_empty()) }), "{about}");
        assert!(run.said.contains(expected), "{about}");
        assert_eq!(run.said.contains("(parents)"), !expected.is_empty() && !is_refused, "{about}");
    }
}

/// Plans from a part of a directory: deletions and their rollback, moves, groups that are not exported, missing
/// parents.
#[test]
fn plans_from_a_part() {
    let place = tempfile::tempdir().unwrap();
    let account = |name: &str, more: &str| {
        format!(
            "dn: uid={name},ou=People,dc=mill,dc=example\nobjectClass: inetOrgPerson\nstructuralObjectClass: inetOrgPerson\n\
             uid: {name}\ncn: {name}\nsn: {name}\n{more}\n"
        )
    };
    let locked = "pwdAccountLockedTime: 000001010000Z\ndescription: offboarded 2026-01-01\n";
    let moving = format!("{OPENLDAP}[move]\nto = \"ou=Gone,dc=mill,dc=example\"\n");
    let container = "dn: ou=Gone,dc=mill,dc=example\nobjectClass: organizationalUnit\nou: Gone\n\n";
    let hole = "dn: dc=mill,dc=example\nobjectClass: domain\ndc: mill\n\n";
    #[rustfmt::skip]
    let table = [
        (OPENLDAP, account("pia", locked), 1, "1 deleted"),
        (OPENLDAP, account("pia", locked) + &account("jo", ""), 1, "1 deleted"),
        (OPENLDAP, account("pia", &format!("{locked}memberOf: cn=g,dc=mill,dc=example\n")), 3, "--accept-incomplete absent-group"),
        // The container is not exported and may not exist: the account is disabled where it is.
        (&moving, account("pia", ""), 1, "move-no-container"),
        (&moving, account("pia", "") + container, 1, "1 moved"),
        (OPENLDAP, hole.to_owned() + &account("pia", locked), 3, "--accept-incomplete holes"),
    ];
    for (policy, export, status, expected) in table {
        let file = place.path().join("export.ldif");
        std::fs::write(&file, &export).unwrap();
        let run = plan(place.path(), policy, &["-upia", file.to_str().unwrap()]);
        let about = format!("{policy}{export}\n{}", run.said);
        assert_eq!(run.status, Some(status), "{about}");
        assert!(run.said.contains(expected), "{about}");
        // Reported once.
        assert_eq!(run.said.matches("(parents)").count(), usize::from(status == 1), "{about}");
    }
}
