//! What earlier change sets (`--history`) did, as far as a later plan depends on it.
//!
//! An account counts as disabled since the day for which the change set was planned, if the set has a record that disables
//! or stamps that account, or if a tool of the site disables it. A change set is applied on that day or later, so this date
//! may be too early; if the policy trusts `modifyTimestamp`, the later of the two dates counts. A restore in a change set
//! cancels what earlier change sets recorded. A restore by hand is not seen: do not pass change sets from before it.
//!
//! What is known about a name is about the account that had it then. Another account may have the name now. The identifiers
//! that servers give to entries (entryUUID, nsUniqueId, objectGUID) distinguish them:
//!
//! | the history | the identifiers of the account and of the entry | what is known counts |
//! | --- | --- | --- |
//! | any | the same | for the entry with this name, and after a move also for the one with the former name |
//! | any | different | not for this entry |
//! | deleted the account | unknown | not for this entry |
//! | any | unknown, but the entry was added (createTimestamp, whenCreated) after the last day on which the account was disabled or stamped | not for this entry |
//! | any | unknown, but the entry was added after the account was moved to this name | not for this entry |
//! | moved the account away from this name | unknown | for this entry, unless the exports have an entry with the new name |
//! | anything else | unknown | for the entry with this name |
//!
//! A move is followed from the old name to the new one only if what is known counts for the entry with the new name. If the
//! exports have exactly one entry with the identifiers of the account, and none or another account with its last name, it was
//! renamed or moved in another way: its names are followed to that entry, but nothing else that is known counts for it.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;

use crate::directory::identity::unique_id::{SameEntry, UniqueIdSet, UniqueIds};
use crate::directory::key_hash::KeySet;
use crate::ldap::{AttributeDescription, Change, ChangeRecord, Dn, DnKey, Entry, ModOp, Modification, Value, time};

/// What earlier change sets did.
#[derive(Clone, Default)]
pub struct History {
    /// By the last known name of each account.
    accounts: HashMap<DnKey, PastAccount>,
    /// The next name of each moved account, by its previous name. A name that an account was moved to later is removed.
    moved_to: HashMap<DnKey, DnKey>,
    /// The names of entries that are other accounts than those that the history is about.
    of_others: HashSet<DnKey>,
    /// By the last known name of each account that was renamed or moved in another way, its name in the exports.
    found_at: HashMap<DnKey, DnKey>,
    /// The latest day for which a change set was planned.
    latest_day: Option<Date>,
    /// The last number of rows of each roster, and its day.
    roster_rows: BTreeMap<String, (Date, u64)>,
}

/// What is known about an account.
#[derive(Clone, Default)]
struct PastAccount {
    /// Its identifiers, as far as the exports of that time showed them.
    ids: UniqueIds,
    /// The last day on which it was disabled or stamped, or a service of it (`None`: the account as a whole).
    disabled_on: HashMap<Option<String>, Date>,
    /// Whether a change set disabled it, as opposed to only stamped it.
    is_disabled: bool,
    /// The values that were deleted from it when it was disabled, for each attribute that was modified.
    deleted_values: Vec<DeletedValues>,
    /// Its previous names, the last one at the end.
    former_names: Vec<Dn>,
    /// The last day on which it was moved.
    moved_on: Option<Date>,
    /// Whether a change set deleted it, and the exports do not show that it is still there.
    is_deleted: bool,
}

/// The values that were deleted from an account when an attribute was last modified.
#[derive(Clone)]
struct DeletedValues {
    description: AttributeDescription,
    /// `None` if change sets of one day deleted different values: none of them was planned after the other.
    values: Option<Vec<Value>>,
    /// The day of the change set.
    on: Date,
}

impl PastAccount {
    /// Adds the values that modifications delete. Attributes that they do not modify keep what earlier change sets deleted.
    fn add_deleted_values(&mut self, modifications: &[Modification], on: Date) {
        let sorted = |values: &[Value]| {
            let mut values: Vec<Vec<u8>> = values.iter().map(|value| value.bytes.to_vec()).collect();
            values.sort();
            values
        };
        for (description, values) in deleted_values(modifications) {
            let known = self.deleted_values.iter_mut().find(|known| known.description == description);
            match known {
                None => self.deleted_values.push(DeletedValues { description, values: Some(values), on }),
                Some(known) if known.on == on => {
                    let is_same = |known: &Vec<Value>| sorted(known) == sorted(&values);
                    known.values = known.values.take().filter(is_same);
                }
                Some(known) => (known.values, known.on) = (Some(values), on),
            }
        }
    }

    /// Whether anything about it can count for a plan.
    fn has_facts(&self) -> bool {
        self.has_state() || !self.former_names.is_empty()
    }

    /// Whether it was disabled or stamped.
    fn has_state(&self) -> bool {
        self.is_disabled || !self.disabled_on.is_empty() || !self.deleted_values.is_empty()
    }

    /// The last day on which a change set did something to it.
    fn last_day(&self) -> Option<Date> {
        self.disabled_on.values().copied().chain(self.moved_on).max()
    }
}

/// The values that modifications delete, for each attribute of which they show all values that it had.
///
/// The first modification decides: `replace`, and `delete` without values, do not show what there was.
fn deleted_values(modifications: &[Modification]) -> Vec<(AttributeDescription, Vec<Value>)> {
    let mut deleted: Vec<(AttributeDescription, Option<Vec<Value>>)> = Vec::new();
    for modification in modifications {
        let at = deleted.iter().position(|(known, _)| *known == modification.description).unwrap_or_else(|| {
            let shows_values = match modification.op {
                ModOp::Add | ModOp::Increment => true,
                ModOp::Delete => !modification.values.is_empty(),
                ModOp::Replace => false,
            };
            deleted.push((modification.description.clone(), shows_values.then(Vec::new)));
            deleted.len() - 1
        });
        if let Some(values) = deleted[at].1.as_mut().filter(|_| modification.op == ModOp::Delete) {
            values.extend(modification.values.iter().cloned());
        }
    }
    deleted.into_iter().filter_map(|(description, values)| Some((description, values?))).collect()
}

/// One operation of an earlier change set, from its `plan.json` and its change files.
pub struct PastOperation<'p> {
    /// The kind of the operation, as in plan.json.
    pub kind: &'p str,
    /// The service that the operation is about.
    pub service: Option<&'p str>,
    /// Its change record.
    pub record: &'p ChangeRecord,
}

/// An entry as the exports show it now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresentEntry {
    /// Its identifiers.
    pub ids: UniqueIds,
    /// The day on which it was added, in UTC, if that is shown.
    pub created: Option<Date>,
}

/// An entry that has a name or an identifier of the history.
pub struct PresentName {
    /// Its name.
    pub name: DnKey,
    /// What shows which account it is.
    pub present: PresentEntry,
}

/// The names and identifiers of the accounts of a history.
pub struct KnownNames {
    /// The names, former ones too.
    pub names: KeySet,
    /// The identifiers.
    pub ids: UniqueIdSet,
}

/// The attributes that show when an entry was added.
pub const CREATION_ATTRIBUTES: [&str; 2] = ["createTimestamp", "whenCreated"];

impl PresentEntry {
    /// What shows which account an entry is.
    pub fn of(entry: &Entry) -> Self {
        let created = CREATION_ATTRIBUTES.iter().flat_map(|name| entry.values(name));
        let created = created.filter_map(|value| time::utc_date(&value.bytes).ok()).max();
        Self { ids: UniqueIds::of(entry), created }
    }
}

/// The turn of an operation among those of the same day, whatever the order in which change sets are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayOrder {
    /// What disables, stamps or moves an account.
    First,
    /// A restore: if an account is also disabled on that day, nothing is known.
    Restore,
    /// A deletion.
    Deletion,
}

impl PastOperation<'_> {
    /// When it is added on its day.
    pub fn order(&self) -> DayOrder {
        match (self.kind, &self.record.change) {
            (_, Change::Delete) => DayOrder::Deletion,
            ("restore", _) => DayOrder::Restore,
            _ => DayOrder::First,
        }
    }
}

impl History {
    /// Adds an account of a change set with its identifiers. Call it before its operations are [added](Self::add).
    pub fn add_account(&mut self, account: &DnKey, ids: UniqueIds) {
        if ids.is_empty() {
            return;
        }
        if let Some(known) = self.accounts.get_mut(account) {
            match known.ids.compare(&ids) {
                SameEntry::Same => known.is_deleted = false,
                SameEntry::Different => self.forget(account),
                SameEntry::Unknown if known.is_deleted => self.forget(account),
                SameEntry::Unknown => {}
            }
        } else if let Some(new) = self.moved_to(account).cloned()
            && let Some(known) = self.accounts.get(&new)
            && known.ids.compare(&ids) == SameEntry::Same
        {
            // The move was not applied.
            let known = self.accounts.remove(&new).unwrap_or_default();
            self.accounts.insert(account.clone(), known);
            self.moved_to.remove(account);
        }
        self.accounts.entry(account.clone()).or_default().ids = ids;
    }

    /// Adds the operations of a change set that was planned for `as_of`.
    ///
    /// Add change sets in the order of their days: a restore cancels earlier entries, and of two moves the last one counts. Add
    /// the deletions of a day last: see [`PastOperation::order`].
    pub fn add<'p>(&mut self, as_of: Date, operations: impl IntoIterator<Item = PastOperation<'p>>) {
        self.latest_day = self.latest_day.max(Some(as_of));
        for PastOperation { kind, service, record } in operations {
            let key = record.dn.key();
            match (kind, &record.change) {
                ("disable" | "stamp" | "disable-service", change) => {
                    let account = self.set_disabled_on(key, service.map(str::to_owned), as_of);
                    if kind == "disable" {
                        account.is_disabled = true;
                        if let Change::Modify(modifications) = change {
                            account.add_deleted_values(modifications, as_of);
                        }
                    }
                }
                ("restore", _) => {
                    let name = self.last_name(key).clone();
                    if let Some(account) = self.accounts.get_mut(&name) {
                        let PastAccount { ids, former_names, moved_on, .. } = std::mem::take(account);
                        *account = PastAccount { ids, former_names, moved_on, ..PastAccount::default() };
                    }
                }
                ("move", Change::ModifyDn { new_rdn, new_superior: Some(superior), .. }) => {
                    let name = [new_rdn.raw_bytes(), b",", superior.raw_bytes()].concat();
                    let Ok(moved) = Dn::parse(&name) else { continue };
                    self.add_move(&record.dn, &moved);
                    if let Some(account) = self.accounts.get_mut(moved.key()) {
                        account.moved_on = Some(as_of);
                    }
                }
                (_, Change::Delete) => self.add_deletion(key),
                _ => {}
            }
        }
    }

    /// The latest day for which a change set was planned.
    pub fn latest_day(&self) -> Option<Date> {
        self.latest_day
    }

    /// Adds an account that a tool of the site disabled.
    pub fn add_disabled(&mut self, account: &DnKey, as_of: Date) {
        self.set_disabled_on(account, None, as_of).is_disabled = true;
    }

    /// Adds an account that was deleted. What is known about it does not count for another entry that gets its name.
    pub fn add_deletion(&mut self, account: &DnKey) {
        let name = self.last_name(account).clone();
        self.forget_names(&name);
        if let Some(account) = self.accounts.get_mut(&name) {
            account.is_deleted = true;
        }
    }

    /// Adds a move of an account.
    pub fn add_move(&mut self, old: &Dn, new: &Dn) {
        // A move that is planned again was not applied.
        let is_repeated = self.last_name(old.key()) == new.key();
        let mut account = if is_repeated {
            self.accounts.remove(new.key()).unwrap_or_default()
        } else {
            self.forget(new.key());
            let mut account = self.accounts.remove(old.key()).unwrap_or_default();
            account.former_names.push(old.clone());
            account
        };
        account.is_deleted = false;
        self.accounts.insert(new.key().clone(), account);
        self.moved_to.remove(new.key());
        self.moved_to.insert(old.key().clone(), new.key().clone());
    }

    /// Removes what is known about the account with this name.
    fn forget(&mut self, account: &DnKey) {
        self.forget_names(account);
        self.accounts.remove(account);
    }

    /// Removes the way from its former names to an account.
    fn forget_names(&mut self, account: &DnKey) {
        let Some(known) = self.accounts.get_mut(account) else { return };
        let mut next = account.clone();
        for former in std::mem::take(&mut known.former_names).into_iter().rev() {
            if self.moved_to.get(former.key()) == Some(&next) {
                self.moved_to.remove(former.key());
            }
            next = former.key().clone();
        }
    }

    fn set_disabled_on(&mut self, account: &DnKey, service: Option<String>, as_of: Date) -> &mut PastAccount {
        if self.accounts.get(account).is_some_and(|known| known.is_deleted) {
            // Another account has the name since.
            self.forget(account);
        }
        let known = self.accounts.entry(account.clone()).or_default();
        let last = known.disabled_on.entry(service).or_insert(as_of);
        *last = (*last).max(as_of);
        known
    }

    /// Adds the number of rows that a roster had on a day.
    pub fn add_roster(&mut self, name: &str, as_of: Date, rows: u64) {
        let known = self.roster_rows.entry(name.to_owned()).or_insert((as_of, rows));
        if known.0 <= as_of {
            *known = (as_of, rows);
        }
    }

    /// Decides by the table of the module whether what is known about a name counts for the entry that has it now. Gives
    /// whether it does not, so that the entry is another account. `exists` says which names the exports have.
    pub fn is_of_another(&mut self, name: &DnKey, now: &PresentEntry, exists: impl Fn(&DnKey) -> bool) -> bool {
        let last = self.last_name(name).clone();
        let has_moved = last != *name;
        let Some(known) = self.accounts.get_mut(&last).filter(|known| known.has_facts()) else { return false };
        let is_younger = now.created.zip(known.last_day()).is_some_and(|(created, day)| created > day);
        let is_another = match known.ids.compare(&now.ids) {
            SameEntry::Same => {
                known.is_deleted = false;
                false
            }
            SameEntry::Different => true,
            SameEntry::Unknown => known.is_deleted || is_younger || has_moved && exists(&last),
        };
        if is_another {
            self.of_others.insert(name.clone());
        }
        is_another
    }

    /// Whether the entry with this name is another account than the one that the history is about.
    pub fn is_disowned(&self, name: &DnKey) -> bool {
        self.of_others.contains(name)
    }

    /// The name under which an account is known.
    fn last_name<'n>(&'n self, name: &'n DnKey) -> &'n DnKey {
        if self.accounts.contains_key(name) { name } else { self.moved_to(name).unwrap_or(name) }
    }

    fn account(&self, name: &DnKey) -> Option<&PastAccount> {
        let known = self.accounts.get(self.last_name(name))?;
        (!known.is_deleted && !self.of_others.contains(name)).then_some(known)
    }

    /// The last day on which an account, or a service of it, was disabled or stamped.
    pub fn disabled(&self, account: &DnKey, service: Option<&str>) -> Option<Date> {
        self.account(account)?.disabled_on.get(&service.map(str::to_owned)).copied()
    }

    /// Whether a change set disabled an account, as opposed to only stamping one that was disabled already.
    pub fn has_disabled(&self, account: &DnKey) -> bool {
        self.account(account).is_some_and(|known| known.is_disabled)
    }

    /// Whether no account was disabled, stamped or moved.
    pub fn is_empty(&self) -> bool {
        self.moved_to.is_empty() && !self.accounts.values().any(PastAccount::has_state)
    }

    /// The values of an attribute that were deleted when the account was disabled: empty if values were only added, `None`
    /// if the attribute was not modified, or if change sets of one day disagree.
    pub fn deleted_values(&self, account: &DnKey, description: &AttributeDescription) -> Option<&[Value]> {
        let known = self.account(account)?.deleted_values.iter().find(|known| known.description == *description)?;
        known.values.as_deref()
    }

    /// The present name of the account that had this name, after one or more moves.
    pub fn moved_to(&self, name: &DnKey) -> Option<&DnKey> {
        // This ends, because `add_move` removes the entry of the new name.
        std::iter::successors(self.moved_to.get(name), |name| self.moved_to.get(*name)).last()
    }

    /// Each former name of a moved account, with its present name. Names that another account has now are left out.
    pub fn moves(&self) -> impl Iterator<Item = (&DnKey, &DnKey)> {
        let of_offboard = self.moved_to.keys().filter_map(|old| {
            let last = self.moved_to(old)?;
            let own = (!self.of_others.contains(last)).then_some(last);
            Some((old, self.found_at.get(last).or(own)?))
        });
        of_offboard.chain(&self.found_at)
    }

    /// The names and identifiers by which [`recognise`](Self::recognise) knows accounts; `None` if nothing tells them apart.
    pub fn known_names(&self) -> Option<KnownNames> {
        let mut known = KnownNames { names: KeySet::default(), ids: UniqueIdSet::default() };
        self.accounts.values().for_each(|account| known.ids.add(&account.ids));
        let is_dated = |account: &PastAccount| !account.former_names.is_empty() && account.last_day().is_some();
        if known.ids.is_empty() && !self.accounts.values().any(is_dated) {
            return None;
        }
        known.names.extend(self.accounts.keys().chain(self.moved_to.keys()).cloned());
        Some(known)
    }

    /// Compares what is known with the entries that have a name or an identifier of the history: with all of them.
    pub fn recognise(&mut self, entries: Vec<PresentName>) {
        let present: HashMap<DnKey, PresentEntry> =
            entries.into_iter().map(|entry| (entry.name, entry.present)).collect();
        let names: Vec<DnKey> = self.moved_to.keys().chain(self.accounts.keys()).cloned().collect();
        for name in &names {
            if let Some(now) = present.get(name) {
                self.is_of_another(name, now, |name| present.contains_key(name));
            }
        }
        let mut by_id: HashMap<(usize, &[u8]), Vec<&DnKey>> = HashMap::new();
        for (name, entry) in &present {
            entry.ids.parts().for_each(|part| by_id.entry(part).or_default().push(name));
        }
        for (name, account) in &self.accounts {
            if present.contains_key(name) && !self.of_others.contains(name) {
                continue;
            }
            let found = account.ids.parts().filter_map(|part| by_id.get(&part)).flatten().copied();
            let found = found.filter(|found| {
                present.get(*found).is_some_and(|entry| account.ids.compare(&entry.ids) == SameEntry::Same)
            });
            let found: HashSet<&DnKey> = found.collect();
            // Of several entries with one identifier, which only copies have, none is the account.
            let mut found = found.into_iter();
            if let (Some(only), None) = (found.next(), found.next())
                && account.former_names.iter().all(|former| former.key() != only)
            {
                self.found_at.insert(name.clone(), only.clone());
            }
        }
    }

    /// The names that accounts were moved to.
    pub fn new_names(&self) -> impl Iterator<Item = &DnKey> {
        self.moved_to.values()
    }

    /// The name that a moved account had before.
    pub fn moved_from(&self, account: &DnKey) -> Option<&Dn> {
        let known = self.accounts.get(account).filter(|_| !self.of_others.contains(account))?;
        known.former_names.last()
    }

    /// The last number of rows of a roster.
    pub fn roster_rows(&self, name: &str) -> Option<u64> {
        self.roster_rows.get(name).map(|(_, rows)| *rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::Rdn;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn record(dn: &str, change: Change) -> ChangeRecord {
        ChangeRecord { dn: Dn::parse(dn.as_bytes()).unwrap(), controls: Vec::new(), change }
    }

    fn key(dn: &str) -> DnKey {
        DnKey::parse(dn.as_bytes()).unwrap()
    }

    #[test]
    fn disabled_moved_and_restored() {
        let description = AttributeDescription::parse(b"loginShell").unwrap();
        let value =
            |op, text: &[u8]| Modification { op, description: description.clone(), values: vec![Value::new(text)] };
        let shell = vec![value(ModOp::Delete, b"/bin/zsh"), value(ModOp::Add, b"/sbin/nologin")];
        let disabled = record("uid=a,ou=p,o=x", Change::Modify(shell));
        let moved = record(
            "uid=a,ou=p,o=x",
            Change::ModifyDn {
                new_rdn: Rdn::parse(b"uid=a").unwrap(),
                delete_old_rdn: true,
                new_superior: Some(Dn::parse(b"ou=d,o=x").unwrap()),
            },
        );
        let mut history = History::default();
        let past = [
            PastOperation { kind: "disable", service: None, record: &disabled },
            PastOperation { kind: "disable-service", service: Some("mail"), record: &disabled },
            PastOperation { kind: "move", service: None, record: &moved },
        ];
        history.add(date("2026-11-01"), past);
        // Found by both names, because the account was moved.
        for name in ["uid=a,ou=p,o=x", "UID=A,ou=d,o=x"] {
            assert_eq!(history.disabled(&key(name), None), Some(date("2026-11-01")), "{name}");
            assert_eq!(history.disabled(&key(name), Some("mail")), Some(date("2026-11-01")), "{name}");
            assert_eq!(history.disabled(&key(name), Some("calendar")), None, "{name}");
            let deleted = history.deleted_values(&key(name), &description).unwrap();
            assert!(deleted.iter().map(|value| &*value.bytes).eq([b"/bin/zsh".as_slice()]), "{name}");
        }
        assert_eq!(history.moved_from(&key("uid=a,ou=d,o=x")).unwrap().raw_bytes(), b"uid=a,ou=p,o=x");
        assert_eq!(history.disabled(&key("uid=b,ou=p,o=x"), None), None);

        let restored = record("uid=a,ou=d,o=x", Change::Modify(Vec::new()));
        history.add(date("2026-11-05"), [PastOperation { kind: "restore", service: None, record: &restored }]);
        assert_eq!(history.disabled(&key("uid=a,ou=p,o=x"), None), None);

        history.add_roster("hr", date("2026-11-01"), 100);
        history.add_roster("hr", date("2026-10-01"), 90);
        assert_eq!(history.roster_rows("hr"), Some(100));
    }

    fn ids(text: &str) -> UniqueIds {
        UniqueIds::from_texts([("entryUUID", text)])
    }

    const A: &str = "597ae2f6-16a6-1027-98f4-d28b5365dc14";
    const B: &str = "597ae2f6-16a6-1027-98f4-d28b5365dc15";

    /// A history that disabled `uid=a,ou=p,o=x`, whose identifier is known or not.
    fn disabled(known: &str) -> History {
        let mut history = History::default();
        let record = record("uid=a,ou=p,o=x", Change::Modify(Vec::new()));
        history.add_account(record.dn.key(), ids(known));
        history.add(date("2026-11-01"), [PastOperation { kind: "disable", service: None, record: &record }]);
        history
    }

    #[test]
    fn a_name_that_is_used_again() {
        let name = key("uid=a,ou=p,o=x");
        let deletion = record("uid=a,ou=p,o=x", Change::Delete);
        for (known, is_deleted, now, is_another) in [
            (A, false, A, false),
            (A, false, B, true),
            (A, false, "", false),
            ("", false, B, false),
            (A, true, A, false),
            (A, true, B, true),
            (A, true, "", true),
            ("", true, "", true),
        ] {
            let mut history = disabled(known);
            if is_deleted {
                history.add(date("2026-11-02"), [PastOperation { kind: "delete", service: None, record: &deletion }]);
                assert_eq!(history.disabled(&name, None), None);
            }
            let now = PresentEntry { ids: ids(now), created: None };
            assert_eq!(history.is_of_another(&name, &now, |_| false), is_another, "{known} {is_deleted} {now:?}");
            assert_eq!(history.disabled(&name, None).is_none(), is_another);
            assert_eq!(history.has_disabled(&name), !is_another);
        }
    }

    #[test]
    fn a_former_name_that_is_used_again() {
        let (old, new) = (Dn::parse(b"uid=a,ou=p,o=x").unwrap(), Dn::parse(b"uid=a,ou=d,o=x").unwrap());
        for (now, new_exists, is_another) in [(A, true, false), (B, false, true), ("", true, true), ("", false, false)]
        {
            let mut history = disabled(A);
            history.add_move(&old, &new);
            let entry = PresentEntry { ids: ids(now), created: None };
            assert_eq!(history.is_of_another(old.key(), &entry, |_| new_exists), is_another, "{now} {new_exists}");
            assert_eq!(history.disabled(old.key(), None).is_none(), is_another);
            assert!(history.has_disabled(new.key()));
        }
    }

    #[test]
    fn an_entry_that_was_added_later() {
        for (known, now, created, is_another) in [
            ("", "", "2026-11-02", true),
            ("", "", "2026-11-01", false),
            (A, "", "2026-11-02", true),
            (A, A, "2026-11-02", false),
        ] {
            let now = PresentEntry { ids: ids(now), created: Some(date(created)) };
            assert_eq!(disabled(known).is_of_another(&key("uid=a,ou=p,o=x"), &now, |_| false), is_another, "{now:?}");
        }
    }

    /// A move that was not applied is planned again.
    #[test]
    fn a_move_that_is_repeated() {
        let (old, new) = (Dn::parse(b"uid=a,ou=p,o=x").unwrap(), Dn::parse(b"uid=a,ou=d,o=x").unwrap());
        let mut history = disabled("");
        history.add_move(&old, &new);
        history.add_move(&old, &new);
        assert!(history.has_disabled(new.key()));
        assert_eq!(history.moved_from(new.key()).map(Dn::raw_bytes), Some(old.raw_bytes()));
    }

    /// The account is disabled, moved, and deleted; then another account gets its names.
    #[test]
    fn a_deletion_ends_former_names() {
        let (old, new) = (Dn::parse(b"uid=a,ou=p,o=x").unwrap(), Dn::parse(b"uid=a,ou=d,o=x").unwrap());
        let mut history = disabled(A);
        history.add_move(&old, &new);
        history.add_deletion(new.key());
        assert_eq!(history.moved_to(old.key()), None);
        assert_eq!(history.moved_from(new.key()), None);
        assert_eq!(history.disabled(new.key(), None), None);
    }
}
