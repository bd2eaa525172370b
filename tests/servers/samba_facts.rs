//! Facts about Active Directory that plans rely on, each checked with a small change file.
//!
//! | fact | consequence: a plan |
//! | --- | --- |
//! | a value is replaced by `delete: old` and `add: new`; a wrong old value is refused, unless the new one exists already | guards by values |
//! | `member`, `manager`, `managedBy` are rewritten on a move, and must then be deleted by the new DN | removes references before it moves |
//! | `assistant`, `secretary`, `seeAlso`, `roleOccupant` are shown with the new DN, and must be deleted by the old one | removes these before it moves, too |
//! | deleting an entry deletes its linked values; other values then name a deleted object | removes references before it deletes |
//! | a restored entry lacks its GUID, SID, password and back links | reports that a rollback cannot restore these |
//! | `info` is single-valued | replaces an existing note, or holds the account |
//! | `control:` and `version:` are not read as by LDAP clients | writes neither |

use super::samba::{AdDatabase, Entries, ORGANISATION};
use crate::support::programs::output_text;
use crate::support::root;
use data_encoding::BASE64;
use std::fmt::Write as _;
use std::fs;

/// A domain with the entries of the fixture.
fn organisation() -> AdDatabase {
    AdDatabase::start(&[root().join("fixtures/servers/ad-content.ldif")])
}

/// A DN below the container of the test's entries.
fn dn(below: &str) -> String {
    format!("{below},{ORGANISATION}")
}

fn smith() -> String {
    dn(r"CN=Smith\, John,OU=Staff,OU=Users")
}

/// The new DN of Smith, with an RDN that is free in the new container.
fn moved_smith() -> String {
    dn(r"CN=Smith\, John (1003),OU=Disabled,OU=Users")
}

fn wiki() -> String {
    dn("CN=GG-Wiki,OU=Groups")
}

fn omeara() -> String {
    dn(r"CN=O'Meara\, Quentin,OU=Contractors,OU=Users")
}

fn reception() -> String {
    dn("CN=Reception,OU=Contacts")
}

/// A change record that deletes a value, and adds another if one is given.
fn swap(dn: &str, attribute: &str, old: &str, new: Option<&str>) -> String {
    let add = new.map(|new| format!("add: {attribute}\n{attribute}: {new}\n-\n")).unwrap_or_default();
    format!("dn: {dn}\nchangetype: modify\ndelete: {attribute}\n{attribute}: {old}\n-\n{add}\n")
}

fn delete(dn: &str) -> String {
    format!("dn: {dn}\nchangetype: delete\n\n")
}

fn move_smith() -> String {
    format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: CN=Smith\\, John (1003)\ndeleteoldrdn: 1\nnewsuperior: {}\n\n",
        smith(),
        dn("OU=Disabled,OU=Users")
    )
}

/// Applies a change file; the error is the exit status, which is LDAP's result code if the directory refused it.
fn apply(database: &AdDatabase, change: &str) -> Result<(), i32> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("change.ldif");
    fs::write(&file, change).unwrap();
    match database.attempt(&file) {
        Ok(_) => Ok(()),
        Err(output) => {
            eprintln!("{}", output_text(&output));
            Err(output.status.code().unwrap())
        }
    }
}

const NO_SUCH_ATTRIBUTE: Result<(), i32> = Err(16);
const CONSTRAINT_VIOLATION: Result<(), i32> = Err(19);
const ATTRIBUTE_OR_VALUE_EXISTS: Result<(), i32> = Err(20);
const NO_SUCH_OBJECT: Result<(), i32> = Err(32);
const UNWILLING_TO_PERFORM: Result<(), i32> = Err(53);
const NOT_ALLOWED_ON_NON_LEAF: Result<(), i32> = Err(66);
const ENTRY_ALREADY_EXISTS: Result<(), i32> = Err(68);
const OTHER: Result<(), i32> = Err(80);

#[test]
fn accounts_are_disabled_by_value() {
    let database = organisation();
    let change = |account: &str, old, new| swap(account, "userAccountControl", old, Some(new));
    let (kowalska, computer) = (dn(r"CN=Kowalska\, Agnieszka,OU=Staff,OU=Users"), dn("CN=WS-0042,OU=Computers"));
    let all = [change(&smith(), "512", "514"), change(&kowalska, "66048", "66050"), change(&computer, "4096", "4098")]
        .concat();
    assert_eq!(apply(&database, &all), Ok(()));
    // The old value is wrong now, but the new one exists: the change succeeds.
    assert_eq!(apply(&database, &all), Ok(()));
    assert_eq!(apply(&database, &change(&smith(), "512", "66050")), NO_SUCH_ATTRIBUTE);
    let after = database.entries();
    for (account, control) in [(smith(), "514"), (kowalska, "66050"), (computer, "4098")] {
        assert_eq!(after.values(&account, "userAccountControl"), [control]);
    }
}

/// One refused record rolls back the whole file, here because `info` already has a note.
#[test]
fn info_holds_one_value() {
    let database = organisation();
    let okada = dn(r"CN=Okada\, Naoko,OU=Staff,OU=Users");
    let add = |account: &str| format!("dn: {account}\nchangetype: modify\nadd: info\ninfo: 2026-11-21\n-\n\n");
    assert_eq!(apply(&database, &(add(&smith()) + &add(&okada))), ATTRIBUTE_OR_VALUE_EXISTS);
    let note = "Works from Osaka; ring before 10.";
    let before = database.entries();
    assert_eq!(before.values(&smith(), "info"), [""; 0]);
    assert_eq!(before.values(&okada, "info"), [note]);
    let both = add(&smith()) + &swap(&okada, "info", note, Some("2026-11-21"));
    assert_eq!(apply(&database, &both), Ok(()));
    let after = database.entries();
    assert_eq!(after.values(&smith(), "info"), ["2026-11-21"]);
    assert_eq!(after.values(&okada, "info"), ["2026-11-21"]);
}

#[test]
fn an_absent_attribute_is_replaced_by_nothing_but_not_deleted() {
    let database = organisation();
    let veen = dn(r"CN=Veen\, Beatrix,OU=Staff,OU=Users");
    let change = |op, attribute| format!("dn: {veen}\nchangetype: modify\n{op}: {attribute}\n-\n\n");
    assert_eq!(apply(&database, &(change("replace", "info") + &change("replace", "manager"))), Ok(()));
    assert_eq!(apply(&database, &change("delete", "info")), NO_SUCH_ATTRIBUTE);
    assert_eq!(apply(&database, &change("delete", "manager")), NO_SUCH_ATTRIBUTE);
}

/// The entries and attributes that name Smith.
fn naming_smith() -> [(String, &'static str); 8] {
    [
        (dn("CN=GG-Mail-Root,OU=Groups"), "member"),
        (wiki(), "managedBy"),
        (dn("CN=WS-0042,OU=Computers"), "managedBy"),
        (omeara(), "manager"),
        (reception(), "assistant"),
        (reception(), "secretary"),
        (reception(), "seeAlso"),
        (dn("CN=Postmaster,OU=Contacts"), "roleOccupant"),
    ]
}

/// The DN of Smith as each of them has it, in their order; empty where no value begins like it.
fn smiths(entries: &Entries) -> Vec<&str> {
    let holders = naming_smith();
    let named = holders.iter().map(|(holder, attribute)| {
        // An owned text, because `holders` ends here.
        let values = entries.of(holder).iter().filter(|(name, _)| name == attribute);
        values.map(|(_, value)| std::str::from_utf8(value).unwrap()).find(|value| value.starts_with(r"CN=Smith\, John"))
    });
    named.map(Option::unwrap_or_default).collect()
}

/// After a move every value shows the new DN, in linked attributes and in others.
#[test]
fn a_move_is_followed_by_every_name() {
    let database = organisation();
    let before = database.entries();
    assert_eq!(smiths(&before), [smith().as_str(); 8]);
    assert_eq!(apply(&database, &move_smith()), Ok(()));
    let after = database.entries();
    assert!(!after.hold(&smith()));
    assert_eq!(after.values(&moved_smith(), "cn"), ["Smith, John (1003)"]);
    assert_eq!(after.values(&moved_smith(), "name"), ["Smith, John (1003)"]);
    assert_eq!(after.values(&moved_smith(), "memberOf"), before.values(&smith(), "memberOf"));
    assert_eq!(smiths(&after), [moved_smith().as_str(); 8]);
}

/// After the move a linked value can be deleted only by the new DN. A value of another attribute can be deleted only by
/// the DN as it was written, which no export shows any more: `ldbsearch` resolves it, the comparison of a delete does
/// not.
#[test]
fn after_a_move_the_old_name_is_refused_where_it_is_linked() {
    let database = organisation();
    assert_eq!(apply(&database, &move_smith()), Ok(()));
    let (old, new) = (smith(), moved_smith());
    assert_eq!(apply(&database, &swap(&wiki(), "member", &old, None)), UNWILLING_TO_PERFORM);
    assert_eq!(apply(&database, &swap(&omeara(), "manager", &old, None)), NO_SUCH_OBJECT);
    let linked = [swap(&wiki(), "member", &new, None), swap(&omeara(), "manager", &new, None)].concat();
    assert_eq!(apply(&database, &linked), Ok(()));
}

/// A value that is not linked cannot be deleted by the new DN; this is a peculiarity of Samba.
#[test]
fn after_a_move_the_new_name_is_refused_where_it_is_not_linked() {
    let database = organisation();
    assert_eq!(apply(&database, &move_smith()), Ok(()));
    for attribute in ["assistant", "secretary", "seeAlso"] {
        assert_eq!(apply(&database, &swap(&reception(), attribute, &moved_smith(), None)), NO_SUCH_ATTRIBUTE);
    }
    let by_old = ["assistant", "secretary", "seeAlso"].map(|attribute| swap(&reception(), attribute, &smith(), None));
    assert_eq!(apply(&database, &by_old.concat()), Ok(()));
}

/// One file is one transaction, and records after a move see the new DN.
#[test]
fn a_file_that_moves_first_and_removes_by_the_old_name_is_undone() {
    let database = organisation();
    let removal = swap(&wiki(), "member", &smith(), None);
    assert_eq!(apply(&database, &(move_smith() + &removal)), UNWILLING_TO_PERFORM);
    assert!(database.entries().hold(&smith()));
    assert_eq!(apply(&database, &(removal + &move_smith())), Ok(()));
}

#[test]
fn two_of_one_name_do_not_fit_in_one_place() {
    let database = organisation();
    let to_disabled = |from: &str| {
        let account = dn(&format!(r"CN=Smith\, John,{from},OU=Users"));
        let place = dn("OU=Disabled,OU=Users");
        format!(
            "dn: {account}\nchangetype: modrdn\nnewrdn: CN=Smith\\, John\ndeleteoldrdn: 1\nnewsuperior: {place}\n\n"
        )
    };
    let both = to_disabled("OU=Staff") + &to_disabled("OU=Students");
    assert_eq!(apply(&database, &both), ENTRY_ALREADY_EXISTS);
    assert_eq!(apply(&database, &to_disabled("OU=Staff")), Ok(()));
    assert_eq!(apply(&database, &delete(&dn("OU=Disabled,OU=Users"))), NOT_ALLOWED_ON_NON_LEAF);
}

#[test]
fn memberships_go_before_the_account_and_a_group_may_be_empty() {
    let database = organisation();
    let groups = ["GG-Staff", "GG-Wiki", "GG-Mail-Root"].map(|group| dn(&format!("CN={group},OU=Groups")));
    let removals = groups.each_ref().map(|group| swap(group, "member", &smith(), None));
    assert_eq!(apply(&database, &(removals.concat() + &delete(&smith()))), Ok(()));
    let after = database.entries();
    assert_eq!(after.values(&groups[2], "member"), [""; 0]);
    assert!(!after.hold(&smith()));
}

/// Linked values are deleted with the account. Values of other attributes name the deleted object.
#[test]
fn an_account_that_is_deleted_first_takes_its_linked_names_along() {
    let database = organisation();
    assert_eq!(apply(&database, &delete(&smith())), Ok(()));
    let after = database.entries();
    let named = smiths(&after);
    assert_eq!(named[..4], [""; 4]);
    for name in &named[4..] {
        assert!(name.starts_with(r"CN=Smith\, John\0ADEL:") && name.contains(",CN=Deleted Objects,"), "{name}");
    }
    assert_eq!(apply(&database, &swap(&wiki(), "member", &smith(), None)), UNWILLING_TO_PERFORM);
    // The value as shown cannot be deleted; the value as written can.
    assert_eq!(apply(&database, &swap(&reception(), "secretary", named[5], None)), NO_SUCH_ATTRIBUTE);
    assert_eq!(apply(&database, &swap(&reception(), "secretary", &smith(), None)), Ok(()));
}

/// A record that adds an entry with some of its attributes.
fn add(entries: &Entries, dn: &str, wanted: impl Fn(&str) -> bool) -> String {
    let lines = entries.of(dn).iter().filter(|(name, _)| wanted(name));
    let mut record = format!("dn: {dn}\nchangetype: add\n");
    for (name, value) in lines {
        writeln!(record, "{name}:: {}", BASE64.encode(value)).unwrap();
    }
    record + "\n"
}

/// Attributes that an export shows and that an add must not have, and the result if it does. The last one is allowed
/// while it is 0: no password was ever set.
const REFUSED: [(&str, Result<(), i32>); 8] = [
    ("objectGUID", UNWILLING_TO_PERFORM),
    ("objectSid", CONSTRAINT_VIOLATION),
    ("sAMAccountType", UNWILLING_TO_PERFORM),
    ("primaryGroupID", UNWILLING_TO_PERFORM),
    ("memberOf", UNWILLING_TO_PERFORM),
    ("directReports", UNWILLING_TO_PERFORM),
    ("managedObjects", UNWILLING_TO_PERFORM),
    ("pwdLastSet", OTHER),
];

/// Attributes that an add may have, and whose values the server changes.
const IGNORED: [&str; 4] = ["whenCreated", "whenChanged", "uSNCreated", "uSNChanged"];

/// A domain in which Smith has a password.
fn with_password() -> AdDatabase {
    let database = organisation();
    let utf16: Vec<u8> = "\"Battery-Staple-2\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let password = BASE64.encode(&utf16);
    let change = format!("dn: {}\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: {password}\n-\n", smith());
    assert_eq!(apply(&database, &change), Ok(()));
    database
}

/// Smith is deleted and added in one file with one attribute too many.
fn each_is_refused(refused: &[(&str, Result<(), i32>)]) {
    let database = with_password();
    let before = database.entries();
    for (attribute, refusal) in refused {
        assert!(before.of(&smith()).iter().any(|(name, _)| name == attribute), "Smith has no {attribute}");
        let wanted = |name: &str| name == *attribute || REFUSED.iter().all(|(refused, _)| *refused != name);
        let change = delete(&smith()) + &add(&before, &smith(), wanted);
        assert_eq!(apply(&database, &change), *refusal, "{attribute}");
    }
}

#[test]
fn what_names_an_account_cannot_be_added_again() {
    each_is_refused(&REFUSED[..4]);
}

#[test]
fn what_others_hold_cannot_be_added_again() {
    each_is_refused(&REFUSED[4..]);
}

/// The attributes that differ between two states of an entry, sorted. Times may differ by a second.
fn changed<'e>(before: &'e Entries, after: &'e Entries, dn: &str) -> Vec<&'e str> {
    let names = before.of(dn).iter().chain(after.of(dn)).map(|(name, _)| name.as_str());
    let values = |entries: &'e Entries, name: &str| {
        let mut values: Vec<_> = entries.of(dn).iter().filter(|(other, _)| other == name).collect();
        values.sort();
        values
    };
    let differ = |name: &&str| !name.starts_with("when") && values(before, name) != values(after, name);
    let mut changed: Vec<&str> = names.filter(differ).collect();
    changed.sort_unstable();
    changed.dedup();
    changed
}

/// A change record, begun by its `dn:` line, that adds Smith's name.
fn grant(dn_line: &str, attribute: &str) -> String {
    format!("{dn_line}\nchangetype: modify\nadd: {attribute}\n{attribute}: {}\n-\n\n", smith())
}

/// All other attributes are restored, linked values by records for the entries that have them, in the same file.
#[test]
fn a_deleted_account_is_added_again_without_its_identity() {
    let database = with_password();
    let before = database.entries();
    let kept = |name: &str| !IGNORED.contains(&name) && REFUSED.iter().all(|(refused, _)| *refused != name);
    let mut change = delete(&smith()) + &add(&before, &smith(), kept);
    for (holder, attribute) in [
        (dn("CN=GG-Staff,OU=Groups"), "member"),
        (wiki(), "member"),
        (dn("CN=GG-Mail-Root,OU=Groups"), "member"),
        (wiki(), "managedBy"),
        (dn("CN=WS-0042,OU=Computers"), "managedBy"),
        (omeara(), "manager"),
    ] {
        change += &grant(&format!("dn: {holder}"), attribute);
    }
    let zoe = dn("CN=Müller\\, Zoë,OU=Staff,OU=Users");
    change += &grant(&format!("dn:: {}", BASE64.encode(zoe.as_bytes())), "manager");
    assert_eq!(apply(&database, &change), Ok(()));
    let after = database.entries();
    assert_eq!(
        changed(&before, &after, &smith()),
        ["objectGUID", "objectSid", "pwdLastSet", "uSNChanged", "uSNCreated"]
    );
    assert_eq!(after.values(&smith(), "pwdLastSet"), ["0"]);
}

/// A group is restored with its members. Its own memberships are restored by records for the other groups.
#[test]
fn a_deleted_group_is_added_again_without_its_identity() {
    let database = organisation();
    let before = database.entries();
    let (group, holder) = (dn("CN=GG-Staff,OU=Groups"), dn("CN=UG-Everybody,OU=Groups"));
    let kept = |name: &str| !["objectGUID", "objectSid", "sAMAccountType", "memberOf"].contains(&name);
    let change = [
        delete(&group),
        add(&before, &group, kept),
        format!("dn: {holder}\nchangetype: modify\nadd: member\nmember: {group}\n-\n"),
    ];
    assert_eq!(apply(&database, &change.concat()), Ok(()));
    let after = database.entries();
    assert_eq!(changed(&before, &after, &group), ["objectGUID", "objectSid", "uSNChanged", "uSNCreated"]);
    for attribute in ["objectGUID", "objectSid", "sAMAccountType", "memberOf"] {
        let wanted = |name: &str| name == attribute || kept(name);
        let change = delete(&group) + &add(&before, &group, wanted);
        assert_ne!(apply(&database, &change), Ok(()), "{attribute}");
    }
}

/// A computer has one more attribute that an add must not have.
#[test]
fn a_deleted_computer_is_added_again() {
    let database = organisation();
    let before = database.entries();
    let computer = dn("CN=WS-0042,OU=Computers");
    let kept = |name: &str| REFUSED.iter().all(|(refused, _)| *refused != name) && name != "isCriticalSystemObject";
    let again =
        |wanted: &dyn Fn(&str) -> bool| apply(&database, &(delete(&computer) + &add(&before, &computer, wanted)));
    assert_eq!(again(&|name| kept(name) || name == "isCriticalSystemObject"), UNWILLING_TO_PERFORM);
    assert_eq!(again(&kept), Ok(()));
}

/// ldb does not know the version line of LDIF: it stops, with exit status 0 if a record follows without a blank line.
#[test]
fn a_version_line_is_not_read() {
    let database = organisation();
    let change = format!("dn: {}\nchangetype: modify\nreplace: info\ninfo: read\n-\n", omeara());
    assert_eq!(apply(&database, &format!("version: 1\n\n{change}")), Err(1));
    assert_eq!(apply(&database, &format!("version: 1\n{change}")), Err(0));
    assert_eq!(database.entries().values(&omeara(), "info"), [""; 0]);
    assert_eq!(apply(&database, &format!("# A comment is.\n{change}")), Ok(()));
}

/// A `control:` line is an attribute to ldb: unknown in a modify, and without effect on a delete, which succeeds
/// although the assertion (`info` is `gone`) is false.
#[test]
fn a_control_line_guards_nothing() {
    let database = organisation();
    let guarded = |change| format!("dn: {}\ncontrol: 1.3.6.1.1.12 true:: owwEBGluZm8EBGdvbmU=\n{change}", omeara());
    let modify = guarded("changetype: modify\nreplace: info\ninfo: read\n-\n");
    assert_eq!(apply(&database, &modify), NO_SUCH_ATTRIBUTE);
    assert_eq!(apply(&database, &guarded("changetype: delete\n")), Ok(()));
    assert!(!database.entries().hold(&omeara()));
}
