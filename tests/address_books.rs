//! Which address books belong to a leaver: those that a plan deletes, and those that become decision items.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::{AS_OF, files, offboard, stderr};

/// A directory of the two domains siroe.com and sesta.com, a place for disabled accounts, and address books.
#[derive(Default)]
struct Directory(String);

impl Directory {
    fn new() -> Self {
        let mut directory = Self::default();
        directory.entry("o=isp", "organization", "o: isp");
        directory.entry("ou=Disabled,o=isp", "organizationalUnit", "ou: Disabled");
        directory.entry("o=PiServerDb", "organization", "o: PiServerDb");
        directory.entry("o=example.com,o=PiServerDb", "organization", "o: example.com");
        for domain in ["siroe.com", "sesta.com"] {
            directory.entry(&format!("o={domain},o=isp"), "organization", &format!("o: {domain}"));
            directory.entry(&format!("ou=People,o={domain},o=isp"), "organizationalUnit", "ou: People");
            directory.entry(&format!("ou=Staff,o={domain},o=isp"), "organizationalUnit", "ou: Staff");
            directory.entry(&format!("o={domain},o=PiServerDb"), "organization", &format!("o: {domain}"));
        }
        directory
    }

    fn entry(&mut self, dn: &str, class: &str, lines: &str) {
        write!(self.0, "dn: {dn}\nobjectClass: {class}\n{lines}\n\n").unwrap();
    }

    /// `NAME PLACE [LINE]`, as in `ann ou=People,o=siroe.com mail: ann@sesta.com`.
    fn person(mut self, person: &str) -> Self {
        let mut parts = person.splitn(3, ' ');
        let (name, place) = (parts.next().unwrap(), parts.next().unwrap());
        let more = parts.next().map(|line| format!("\n{line}")).unwrap_or_default();
        let lines = format!("objectClass: inetUser\nuid: {name}\ncn: {name}\nsn: {name}{more}");
        self.entry(&format!("uid={name},{place},o=isp"), "inetOrgPerson", &lines);
        self
    }

    /// An entry with a user name that is not an account by the policy.
    fn device(mut self, dn: &str) -> Self {
        let name = dn.split(['=', ',']).nth(1).unwrap();
        self.entry(dn, "device", &format!("objectClass: extensibleObject\nuid: {name}\ncn: {name}"));
        self
    }

    /// `NAME@DOMAIN`
    fn book(mut self, book: &str) -> Self {
        let (name, domain) = book.split_once('@').unwrap();
        let lines = format!("piPStoreOwner: {name}");
        self.entry(&format!("piPStoreOwner={name},o={domain},o=PiServerDb"), "piTypeUser", &lines);
        self
    }
}

/// The books that a plan deletes, and those that are decision items, as `NAME@DOMAIN`.
fn fates(place: &Path, directory: &Directory, policy: &str, options: &[&str]) -> (Vec<String>, Vec<String>) {
    let export = place.join("export.ldif");
    std::fs::write(&export, &directory.0).unwrap();
    std::fs::write(place.join("policy.toml"), policy).unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-p"]).arg(place.join("policy.toml"));
    let output = command.arg("-o").arg(place.join("set")).args(options).arg(export).output().unwrap();
    let said = stderr(&output);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    assert!(said.contains("all 7 checks of the proof passed"), "{said}");
    let short = |name: &str| {
        let (name, domain) = name.strip_prefix("piPStoreOwner=").unwrap().split_once(",o=").unwrap();
        format!("{name}@{}", domain.strip_suffix(",o=PiServerDb").unwrap())
    };
    let mut deleted = Vec::new();
    for (_, text) in files(&place.join("set")).iter().filter(|(path, _)| path.starts_with("apply")) {
        let text = String::from_utf8_lossy(text);
        let lines: Vec<&str> = text.lines().collect();
        for two in lines.windows(2).filter(|two| two[1] == "changetype: delete") {
            deleted.extend(two[0].strip_prefix("dn: ").filter(|name| name.starts_with("piPStoreOwner=")).map(short));
        }
    }
    let lines: Vec<&str> = said.lines().collect();
    let codes = ["address-book-ambiguous  ", "orphan-of-unknown-domain  "];
    let items = lines.windows(2).filter(|two| codes.iter().any(|code| two[0].starts_with(code)));
    let mut decide: Vec<String> = items.map(|two| short(two[1].rsplit(" is ").next().unwrap())).collect();
    deleted.sort();
    decide.sort();
    (deleted, decide)
}

const NOW: &str = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 0\n";
const MOVED: &str = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 30\n\
    [move]\nto = \"ou=Disabled,o=isp\"\n";
const MOVED_NOW: &str = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 0\n\
    [move]\nto = \"ou=Disabled,o=isp\"\n";
const TO_JOES: &str = "psRoot: ldap://h/piPStoreOwner=Joe,%20o=siroe.com,o=PiServerDb";
const RELEASED: &str = "inetUserStatus: deleted";

/// A case: name, directory, policy and options; then the books that are deleted, and those that are decision items.
type BookCase =
    (&'static str, Directory, &'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

fn check(table: Vec<BookCase>) {
    let place = tempfile::tempdir().unwrap();
    for (what, directory, policy, options, deleted, decide) in table {
        let (found_deleted, found_decide) = fates(place.path(), &directory, policy, options);
        let expected = (deleted.join(" "), decide.join(" "));
        assert_eq!((found_deleted.join(" "), found_decide.join(" ")), expected, "{what}");
    }
}

/// Two accounts that stay.
fn others() -> Directory {
    Directory::new().person("ann ou=People,o=siroe.com").person("bob ou=People,o=sesta.com")
}

fn joe(more: &str) -> Directory {
    others().person(&format!("joe ou=People,o=siroe.com {more}"))
}

fn released() -> Directory {
    joe(RELEASED)
}

#[test]
fn books_of_who_leaves() {
    check(vec![
        (
            "his own",
            released().book("joe@siroe.com").book("ann@siroe.com"),
            NOW,
            &["-u", "joe"],
            &["joe@siroe.com"],
            &[],
        ),
        (
            "in the domain of his mail",
            joe("inetUserStatus: deleted\nmail: joe@sesta.com").book("joe@sesta.com"),
            NOW,
            &["-u", "joe@siroe.com"],
            &["joe@sesta.com"],
            &[],
        ),
        (
            "there, somebody else has the name",
            joe("inetUserStatus: deleted\nmail: joe@sesta.com")
                .person("joe ou=People,o=sesta.com")
                .book("joe@sesta.com"),
            NOW,
            &["-u", "joe@siroe.com"],
            &[],
            &[],
        ),
        (
            "there, something else has the name, and is not an account",
            joe("inetUserStatus: deleted\nmail: joe@sesta.com")
                .device("uid=joe,o=sesta.com,o=isp")
                .book("joe@sesta.com"),
            NOW,
            &["-u", "joe@siroe.com"],
            &[],
            &[],
        ),
        (
            "somebody else points to it",
            released().person(&format!("eve ou=Staff,o=siroe.com {TO_JOES}")).book("joe@siroe.com"),
            NOW,
            &["-u", "joe"],
            &[],
            &["joe@siroe.com"],
        ),
        (
            "both point to it",
            joe(&format!("{RELEASED}\n{TO_JOES}"))
                .person(&format!("eve ou=Staff,o=siroe.com {TO_JOES}"))
                .book("joe@siroe.com"),
            NOW,
            &["-u", "joe"],
            &[],
            &["joe@siroe.com"],
        ),
        (
            "both point to it, and both leave",
            joe(&format!("{RELEASED}\n{TO_JOES}"))
                .person(&format!("eve ou=Staff,o=siroe.com {RELEASED}\n{TO_JOES}"))
                .book("joe@siroe.com"),
            NOW,
            &["-u", "joe", "-u", "eve"],
            &["joe@siroe.com"],
            &[],
        ),
        (
            "two of the name in one domain",
            released().person("joe ou=Staff,o=siroe.com").book("joe@siroe.com"),
            NOW,
            &["-u", "uid=joe,ou=People,o=siroe.com,o=isp"],
            &[],
            &["joe@siroe.com"],
        ),
        (
            "the other one is in another domain",
            released().person("joe ou=Staff,o=sesta.com").book("joe@siroe.com"),
            NOW,
            &["-u", "uid=joe,ou=People,o=siroe.com,o=isp"],
            &["joe@siroe.com"],
            &[],
        ),
        (
            "his home is not known",
            others().person("joe ou=Disabled inetUserStatus: deleted").book("joe@siroe.com"),
            MOVED_NOW,
            &["-u", "joe"],
            &[],
            &["joe@siroe.com"],
        ),
    ]);
}

/// A pointer of the leaver names a book: it is deleted only if the name agrees.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn books_that_a_pointer_names() {
    let to = |attribute: &str, name: &str, domain: &str| {
        format!("{RELEASED}\n{attribute}: ldap://h/piPStoreOwner={name},o={domain},o=PiServerDb")
    };
    let joes = |more: &str| joe(more).book("joe@siroe.com");
    let mut table: Vec<BookCase> = Vec::new();
    for attribute in ["psRoot", "pabURI"] {
        table.extend([
            (
                "another one's, and the own one",
                joes(&to(attribute, "ann", "siroe.com")).book("ann@siroe.com"),
                NOW,
                &["-u", "joe"][..],
                &["joe@siroe.com"][..],
                &["ann@siroe.com"][..],
            ),
            (
                "of a user name that no entry has, in his domain",
                joes(&to(attribute, "gone", "siroe.com")).book("gone@siroe.com"),
                NOW,
                &["-u", "joe"],
                &["gone@siroe.com"],
                &["joe@siroe.com"],
            ),
            (
                "of a user name that no entry has, in another domain",
                joe(&to(attribute, "gone", "sesta.com")).book("gone@sesta.com"),
                NOW,
                &["-u", "joe"],
                &[],
                &["gone@sesta.com"],
            ),
            (
                "of a user name that an entry of another domain has",
                joe(&to(attribute, "bob", "siroe.com")).book("bob@siroe.com"),
                NOW,
                &["-u", "joe"],
                &[],
                &["bob@siroe.com"],
            ),
            (
                "of a user name that something has which is not an account",
                joe(&to(attribute, "fax", "siroe.com")).device("uid=fax,o=siroe.com,o=isp").book("fax@siroe.com"),
                NOW,
                &["-u", "joe"],
                &[],
                &["fax@siroe.com"],
            ),
            (
                "of one who leaves too",
                joe(&to(attribute, "eve", "siroe.com"))
                    .person(&format!("eve ou=Staff,o=siroe.com {RELEASED}"))
                    .book("eve@siroe.com"),
                NOW,
                &["-u", "joe", "-u", "eve"],
                &["eve@siroe.com"],
                &[],
            ),
            (
                "of his name in another domain, and nobody else has the name",
                joe(&to(attribute, "JOE", "sesta.com")).book("joe@sesta.com"),
                NOW,
                &["-u", "joe"],
                &["joe@sesta.com"],
                &[],
            ),
            (
                "of his name in another domain, where somebody has the name",
                joe(&to(attribute, "joe", "sesta.com")).person("joe ou=Staff,o=sesta.com").book("joe@sesta.com"),
                NOW,
                &["-u", "uid=joe,ou=People,o=siroe.com,o=isp"],
                &[],
                &["joe@sesta.com"],
            ),
            (
                "of his name in another domain, where somebody of that name has an address",
                joe(&to(attribute, "joe", "sesta.com"))
                    .person("joe ou=Staff,o=siroe.com mailAlternateAddress: j@sesta.com")
                    .book("joe@sesta.com"),
                NOW,
                &["-u", "uid=joe,ou=People,o=siroe.com,o=isp"],
                &[],
                &["joe@sesta.com"],
            ),
            (
                "of his name in another domain, and the other one of that name is in a third one",
                joe(&to(attribute, "joe", "sesta.com")).person("joe ou=Disabled").book("joe@sesta.com"),
                NOW,
                &["-u", "uid=joe,ou=People,o=siroe.com,o=isp"],
                &["joe@sesta.com"],
                &[],
            ),
            (
                "that one was moved, and may have been there",
                joe(&to(attribute, "joe", "sesta.com")).person("joe ou=Disabled").book("joe@sesta.com"),
                MOVED_NOW,
                &["-u", "uid=joe,ou=People,o=siroe.com,o=isp"],
                &[],
                &["joe@sesta.com"],
            ),
            (
                "and another one has his name and his domain",
                joes(&to(attribute, "joe", "sesta.com")).book("joe@sesta.com"),
                NOW,
                &["-u", "joe"],
                &["joe@sesta.com"],
                &["joe@siroe.com"],
            ),
        ]);
    }
    let other = "pabURI: ldap://h/piPStoreOwner=joe,o=sesta.com,o=PiServerDb";
    for pointers in [format!("{RELEASED}\n{TO_JOES}\n{other}"), format!("{RELEASED}\n{other}\n{TO_JOES}")] {
        let directory = joes(&pointers).book("joe@sesta.com");
        table.push(("two pointers", directory, NOW, &["-u", "joe"], &["joe@sesta.com", "joe@siroe.com"], &[]));
    }
    // Eve has an entry below her, and is held.
    let eve = format!("eve ou=Staff,o=siroe.com {RELEASED}\n{TO_JOES}");
    let held =
        || joes(&format!("{RELEASED}\n{TO_JOES}")).person(&eve).device("uid=phone,uid=eve,ou=Staff,o=siroe.com,o=isp");
    table.push(("of one who stays after all", held(), NOW, &["-u", "joe", "-u", "eve"], &[], &["joe@siroe.com"]));
    table.push(("in the other order", held(), NOW, &["-u", "eve", "-u", "joe"], &[], &["joe@siroe.com"]));
    check(table);
}

/// An account with two user names has a book for each, in any order of the values.
#[test]
fn books_of_two_user_names() {
    let with_names = |names: [&str; 2]| {
        let mut directory = others();
        let lines = format!("objectClass: inetUser\nuid: {}\nuid: {}\ncn: j\nsn: j\n{RELEASED}", names[0], names[1]);
        directory.entry("uid=joe,ou=People,o=siroe.com,o=isp", "inetOrgPerson", &lines);
        directory.book("joe@siroe.com").book("joseph@siroe.com")
    };
    let leaver: &[&str] = &["-u", "uid=joe,ou=People,o=siroe.com,o=isp"];
    let mut table: Vec<BookCase> = Vec::new();
    for names in [["joe", "joseph"], ["joseph", "joe"]] {
        table.push(("both are his", with_names(names), NOW, leaver, &["joe@siroe.com", "joseph@siroe.com"], &[]));
        table.push((
            "somebody else has the second one too",
            with_names(names).person("joseph ou=Staff,o=siroe.com"),
            NOW,
            leaver,
            &["joe@siroe.com"],
            &["joseph@siroe.com"],
        ));
    }
    check(table);
}

/// The container of moved accounts is in a domain, which says nothing about the domain that an account came from.
#[test]
fn moved_into_a_domain() {
    let policy = MOVED_NOW.replace("ou=Disabled,o=isp", "ou=Staff,o=sesta.com,o=isp");
    let place = tempfile::tempdir().unwrap();
    let joe = |mail: &str| others().person(&format!("joe ou=Staff,o=sesta.com {RELEASED}{mail}")).book("joe@sesta.com");
    let found = |directory: &Directory| fates(place.path(), directory, &policy, &["-u", "joe"]);
    assert_eq!(found(&joe("")), (Vec::new(), vec!["joe@sesta.com".to_owned()]));
    assert_eq!(found(&joe("\nmail: joe@sesta.com")), (vec!["joe@sesta.com".to_owned()], Vec::new()));
    assert_eq!(found(&joe("\nmail: joe@siroe.com")), (Vec::new(), vec!["joe@sesta.com".to_owned()]));
}

#[test]
fn books_of_nobody() {
    check(vec![
        ("nobody's", others().book("gone@siroe.com"), NOW, &["--orphans"], &["gone@siroe.com"], &[]),
        ("of nobody's domain", others().book("gone@example.com"), NOW, &["--orphans"], &[], &["gone@example.com"]),
        (
            "names compare as names do",
            others().person("ÖZ ou=People,o=siroe.com").book("öz@siroe.com"),
            NOW,
            &["--orphans"],
            &[],
            &[],
        ),
        (
            "by the domain of a mail address",
            joe("mail: joe@sesta.com").book("joe@sesta.com").book("joe@siroe.com"),
            NOW,
            &["--orphans"],
            &[],
            &[],
        ),
        (
            "only one of the two domains",
            joe("mail: joe@siroe.com").book("joe@sesta.com").book("joe@siroe.com"),
            NOW,
            &["--orphans"],
            &["joe@sesta.com"],
            &[],
        ),
        (
            "pointed to",
            joe("psRoot: ldap://h/piPStoreOwner=gone,o=sesta.com,o=PiServerDb").book("gone@sesta.com"),
            NOW,
            &["--orphans"],
            &[],
            &[],
        ),
        (
            "of somebody who was moved",
            others().person("joe ou=Disabled").book("joe@siroe.com"),
            MOVED,
            &["--orphans"],
            &[],
            &[],
        ),
        (
            "of somebody who is moved",
            joe("inetUserStatus: active").book("joe@siroe.com"),
            MOVED,
            &["--orphans", "-u", "joe"],
            &[],
            &[],
        ),
        (
            "of somebody who was moved and goes",
            others().person("joe ou=Disabled inetUserStatus: deleted").book("joe@siroe.com").book("joe@sesta.com"),
            MOVED_NOW,
            &["--orphans", "-u", "joe"],
            &["joe@sesta.com", "joe@siroe.com"],
            &[],
        ),
        (
            "who goes leaves it to another one",
            released().person("joe ou=Staff,o=siroe.com").book("joe@siroe.com"),
            NOW,
            &["--orphans", "-u", "uid=joe,ou=People,o=siroe.com,o=isp"],
            &[],
            &["joe@siroe.com"],
        ),
        (
            "who is held keeps it",
            joe("inetUserStatus: deleted\nmail: joe@sesta.com").book("joe@sesta.com"),
            concat!(
                "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 0\n",
                "[veto]\ndn = [\"uid=joe,ou=People,o=siroe.com,o=isp\"]\n"
            ),
            &["--orphans", "-u", "joe@siroe.com"],
            &[],
            &[],
        ),
    ]);
}

/// Found by the fuzz target `plan`: an account that is moved into a domain does not count as a known account of that
/// domain.
#[test]
fn a_domain_of_moved_people_only() {
    let place = tempfile::tempdir().unwrap();
    let policy = MOVED.replace("ou=Disabled,o=isp", "ou=Staff,o=sesta.com,o=isp");
    let directory = Directory::new().person("joe ou=People,o=siroe.com").book("gone@sesta.com");
    let (deleted, decide) = fates(place.path(), &directory, &policy, &["--orphans", "-u", "joe"]);
    assert_eq!((deleted, decide), (Vec::new(), vec!["gone@sesta.com".to_owned()]));
}

/// An account that a change set moved still belongs to the domain that it was in before.
#[test]
fn home_is_where_the_history_says() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    let directory = Directory::new().person("ann ou=People,o=sesta.com").person("joe ou=People,o=siroe.com");
    let directory = directory.book("joe@siroe.com").book("joe@sesta.com");
    // By DN, which differs on the second day.
    std::fs::write(path("leavers.txt"), "uid=joe,ou=People,o=siroe.com,o=isp\n").unwrap();
    let list = path("leavers.txt");
    let options = ["-l", list.to_str().unwrap()];
    assert_eq!(fates(place.path(), &directory, MOVED, &options), (Vec::new(), Vec::new()));
    std::fs::rename(path("set"), path("first")).unwrap();
    let output = offboard()
        .args(["simulate", "--for", "openldap", "--export"])
        .args([path("export.ldif"), path("first"), "-o".into(), path("after.ldif")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let mut plan = offboard();
    plan.args(["plan", "--as-of", "2027-01-01", "--allow-date", "-p"])
        .arg(path("policy.toml"))
        .args(options)
        .arg("--history");
    plan.args([path("first"), "-o".into(), path("set"), path("after.ldif")]);
    let output = plan.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let books = std::fs::read_to_string(path("set/apply/40-address-books.ldif")).unwrap();
    assert!(books.contains("dn: piPStoreOwner=joe,o=siroe.com,o=PiServerDb\nchangetype: delete"), "{books}");
    assert!(!books.contains("o=sesta.com"), "{books}");
}
