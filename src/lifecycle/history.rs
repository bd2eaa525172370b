//! What earlier change sets (`--history`) did, as far as a later plan depends on it.
//!
//! An account counts as disabled since the day for which the change set was planned. A change set is applied on that day
//! or later, so this date may be too early; if the policy trusts `modifyTimestamp`, the later of the two dates counts. A
//! restore in a change set cancels what earlier change sets recorded. A restore by hand is not seen: do not pass change
//! sets from before it.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;

use crate::ldap::{AttributeDescription, Change, ChangeRecord, Dn, DnKey, ModOp, Modification, Value};

/// What earlier change sets did.
#[derive(Clone, Default)]
pub struct History {
    /// The last day on which each account was disabled or stamped, or a service of it (`None`: the account as a whole).
    disabled_on: HashMap<(DnKey, Option<String>), Date>,
    /// The accounts that a change set disabled, as opposed to only stamped.
    disabled_accounts: HashSet<DnKey>,
    /// The values that were deleted from an account when it was disabled, for each attribute that was modified.
    deleted_values: HashMap<DnKey, Vec<(AttributeDescription, Vec<Value>)>>,
    /// The previous name of each moved account, by its present name.
    moved_from: HashMap<DnKey, Dn>,
    /// The next name of each moved account, by its previous name. A name that an account was moved to later is removed.
    moved_to: HashMap<DnKey, DnKey>,
    /// The last number of rows of each roster, and its day.
    roster_rows: BTreeMap<String, (Date, u64)>,
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

impl History {
    /// Adds the operations of a change set that was planned for `as_of`.
    ///
    /// Add change sets in the order of their days: a restore cancels earlier entries, and of two moves the last one counts.
    pub fn add<'p>(&mut self, as_of: Date, operations: impl IntoIterator<Item = PastOperation<'p>>) {
        for PastOperation { kind, service, record } in operations {
            let key = record.dn.key();
            match (kind, &record.change) {
                ("disable" | "stamp" | "disable-service", change) => {
                    self.set_disabled_on(key.clone(), service.map(str::to_owned), as_of);
                    if kind == "disable" {
                        self.disabled_accounts.insert(key.clone());
                    }
                    if let ("disable", Change::Modify(modifications)) = (kind, change) {
                        self.deleted_values.insert(key.clone(), deleted_values(modifications));
                    }
                }
                ("restore", _) => {
                    let old = self.moved_from.get(key).map(|old| old.key().clone());
                    let is_it = |account: &DnKey| account == key || Some(account) == old.as_ref();
                    self.disabled_on.retain(|(account, _), _| !is_it(account));
                    self.deleted_values.retain(|account, _| !is_it(account));
                    self.disabled_accounts.retain(|account| !is_it(account));
                }
                ("move", Change::ModifyDn { new_rdn, new_superior: Some(superior), .. }) => {
                    let name = [new_rdn.raw_bytes(), b",", superior.raw_bytes()].concat();
                    let Ok(moved) = Dn::parse(&name) else { continue };
                    self.add_move(&record.dn, &moved);
                }
                _ => {}
            }
        }
    }

    /// Adds an account that a tool of the site disabled.
    pub fn add_disabled(&mut self, account: &DnKey, as_of: Date) {
        self.set_disabled_on(account.clone(), None, as_of);
        self.disabled_accounts.insert(account.clone());
    }

    /// Adds a move of an account.
    pub fn add_move(&mut self, old: &Dn, new: &Dn) {
        self.moved_from.insert(new.key().clone(), old.clone());
        self.moved_to.remove(new.key());
        self.moved_to.insert(old.key().clone(), new.key().clone());
    }

    fn set_disabled_on(&mut self, account: DnKey, service: Option<String>, as_of: Date) {
        let last = self.disabled_on.entry((account, service)).or_insert(as_of);
        *last = (*last).max(as_of);
    }

    /// Adds the number of rows that a roster had on a day.
    pub fn add_roster(&mut self, name: &str, as_of: Date, rows: u64) {
        let known = self.roster_rows.entry(name.to_owned()).or_insert((as_of, rows));
        if known.0 <= as_of {
            *known = (as_of, rows);
        }
    }

    /// The last day on which an account, or a service of it, was disabled or stamped.
    pub fn disabled(&self, account: &DnKey, service: Option<&str>) -> Option<Date> {
        let at = |key: &DnKey| self.disabled_on.get(&(key.clone(), service.map(str::to_owned))).copied();
        at(account).into_iter().chain(self.moved_from.get(account).and_then(|old| at(old.key()))).max()
    }

    /// Whether a change set disabled an account, as opposed to only stamping one that was disabled already.
    pub fn has_disabled(&self, account: &DnKey) -> bool {
        let old = self.moved_from.get(account);
        self.disabled_accounts.contains(account) || old.is_some_and(|old| self.disabled_accounts.contains(old.key()))
    }

    /// Whether no account was disabled, stamped or moved.
    pub fn is_empty(&self) -> bool {
        self.disabled_on.is_empty() && self.moved_to.is_empty()
    }

    /// The values of an attribute that were deleted when the account was disabled: empty if values were only added, `None`
    /// if the attribute was not modified.
    pub fn deleted_values(&self, account: &DnKey, description: &AttributeDescription) -> Option<&[Value]> {
        let at = |key: &DnKey| {
            let known = self.deleted_values.get(key)?.iter().find(|(known, _)| known == description)?;
            Some(known.1.as_slice())
        };
        at(account).or_else(|| at(self.moved_from.get(account)?.key()))
    }

    /// The present name of the account that had this name, after one or more moves.
    pub fn moved_to(&self, name: &DnKey) -> Option<&DnKey> {
        // This ends, because `add_move` removes the entry of the new name.
        std::iter::successors(self.moved_to.get(name), |name| self.moved_to.get(*name)).last()
    }

    /// Each former name of a moved account, with its present name.
    pub fn moves(&self) -> impl Iterator<Item = (&DnKey, &DnKey)> {
        self.moved_to.keys().filter_map(|old| Some((old, self.moved_to(old)?)))
    }

    /// The name that a moved account had before.
    pub fn moved_from(&self, account: &DnKey) -> Option<&Dn> {
        self.moved_from.get(account)
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
}
