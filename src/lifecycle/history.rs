//! What earlier change sets did, as far as a later plan depends on it.
//!
//! The day for which a change set was planned stands for the day of its marks. It is applied on that day or later, so a
//! date from here may be early; where the policy trusts `modifyTimestamp`, the later of the two counts. A restore ends
//! what stood before it; one that was made by hand is not seen, so give no change sets from before it.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;

use crate::ldap::{AttributeDescription, Change, ChangeRecord, Dn, DnKey, ModOp, Modification, Value};

/// What earlier change sets did.
#[derive(Clone, Default)]
pub struct History {
    /// The last day on which each account was disabled, or a service of it (`None` is the account as a whole).
    marks: HashMap<(DnKey, Option<String>), Date>,
    /// Accounts that a change set disabled, and not only stamped.
    disabled: HashSet<DnKey>,
    /// What the mark took away from an account.
    before: HashMap<DnKey, Vec<(AttributeDescription, Vec<Value>)>>,
    /// The name that a moved account had, by its name now.
    moved_from: HashMap<DnKey, Dn>,
    /// The name that a moved account got, by its name before; nothing that has a name here was moved away from it since.
    moved_to: HashMap<DnKey, DnKey>,
    /// How many rows each roster had last, and on which day.
    roster_rows: BTreeMap<String, (Date, u64)>,
}

/// What modifications take away of each attribute that they touch.
fn taken_away(modifications: &[Modification]) -> Vec<(AttributeDescription, Vec<Value>)> {
    let mut taken: Vec<(AttributeDescription, Vec<Value>)> = Vec::new();
    for modification in modifications {
        let at = taken.iter().position(|(known, _)| *known == modification.description).unwrap_or_else(|| {
            taken.push((modification.description.clone(), Vec::new()));
            taken.len() - 1
        });
        if modification.op == ModOp::Delete {
            taken[at].1.extend(modification.values.iter().cloned());
        }
    }
    taken
}

/// One operation of a change set, as its `plan.json` and its change files tell it.
pub struct Past<'p> {
    /// The word of its kind.
    pub kind: &'p str,
    /// The service that it is about.
    pub service: Option<&'p str>,
    /// The record.
    pub record: &'p ChangeRecord,
}

impl History {
    /// Adds a change set that was planned for a day.
    ///
    /// Give the earlier change sets first: a restore ends the marks before it, and of two moves the last one counts.
    pub fn add<'p>(&mut self, as_of: Date, operations: impl IntoIterator<Item = Past<'p>>) {
        for Past { kind, service, record } in operations {
            let key = record.dn.key();
            match (kind, &record.change) {
                ("disable" | "stamp" | "disable-service", change) => {
                    self.mark(key.clone(), service.map(str::to_owned), as_of);
                    if kind == "disable" {
                        self.disabled.insert(key.clone());
                    }
                    if let ("disable", Change::Modify(modifications)) = (kind, change) {
                        self.before.insert(key.clone(), taken_away(modifications));
                    }
                }
                ("restore", _) => {
                    let old = self.moved_from.get(key).map(|old| old.key().clone());
                    let is_it = |account: &DnKey| account == key || Some(account) == old.as_ref();
                    self.marks.retain(|(account, _), _| !is_it(account));
                    self.before.retain(|account, _| !is_it(account));
                    self.disabled.retain(|account| !is_it(account));
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
    pub fn add_mark(&mut self, account: &DnKey, as_of: Date) {
        self.mark(account.clone(), None, as_of);
        self.disabled.insert(account.clone());
    }

    /// Adds a move.
    pub fn add_move(&mut self, old: &Dn, new: &Dn) {
        self.moved_from.insert(new.key().clone(), old.clone());
        self.moved_to.remove(new.key());
        self.moved_to.insert(old.key().clone(), new.key().clone());
    }

    fn mark(&mut self, account: DnKey, service: Option<String>, as_of: Date) {
        let mark = self.marks.entry((account, service)).or_insert(as_of);
        *mark = (*mark).max(as_of);
    }

    /// Adds the size of a roster.
    pub fn add_roster(&mut self, name: &str, as_of: Date, rows: u64) {
        let known = self.roster_rows.entry(name.to_owned()).or_insert((as_of, rows));
        if known.0 <= as_of {
            *known = (as_of, rows);
        }
    }

    /// The day on which an account, or a service of it, was disabled last.
    pub fn disabled(&self, account: &DnKey, service: Option<&str>) -> Option<Date> {
        let at = |key: &DnKey| self.marks.get(&(key.clone(), service.map(str::to_owned))).copied();
        at(account).into_iter().chain(self.moved_from.get(account).and_then(|old| at(old.key()))).max()
    }

    /// Whether a change set disabled an account, and not only stamped one that was disabled already.
    pub fn has_disabled(&self, account: &DnKey) -> bool {
        let old = self.moved_from.get(account);
        self.disabled.contains(account) || old.is_some_and(|old| self.disabled.contains(old.key()))
    }

    /// Whether no change set disabled, stamped or moved any account.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.moved_to.is_empty()
    }

    /// The values of an attribute that the mark took away from an account; none where it only added some.
    pub fn before(&self, account: &DnKey, description: &AttributeDescription) -> Option<&[Value]> {
        let at = |key: &DnKey| {
            let known = self.before.get(key)?.iter().find(|(known, _)| known == description)?;
            Some(known.1.as_slice())
        };
        at(account).or_else(|| at(self.moved_from.get(account)?.key()))
    }

    /// The name that an account has which was moved from this one, perhaps several times.
    pub fn moved_to(&self, name: &DnKey) -> Option<&DnKey> {
        // It ends: a name that is moved to loses what stood behind it.
        std::iter::successors(self.moved_to.get(name), |name| self.moved_to.get(*name)).last()
    }

    /// The name that a moved account had.
    pub fn moved_from(&self, account: &DnKey) -> Option<&Dn> {
        self.moved_from.get(account)
    }

    /// How many rows a roster had last.
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
    fn a_life() {
        let description = AttributeDescription::parse(b"loginShell").unwrap();
        let value =
            |op, text: &[u8]| Modification { op, description: description.clone(), values: vec![Value::new(text)] };
        let shell = vec![value(ModOp::Delete, b"/bin/zsh"), value(ModOp::Add, b"/sbin/nologin")];
        let mark = record("uid=a,ou=p,o=x", Change::Modify(shell));
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
            Past { kind: "disable", service: None, record: &mark },
            Past { kind: "disable-service", service: Some("mail"), record: &mark },
            Past { kind: "move", service: None, record: &moved },
        ];
        history.add(date("2026-11-01"), past);
        // By either name, as the account has moved since.
        for name in ["uid=a,ou=p,o=x", "UID=A,ou=d,o=x"] {
            assert_eq!(history.disabled(&key(name), None), Some(date("2026-11-01")), "{name}");
            assert_eq!(history.disabled(&key(name), Some("mail")), Some(date("2026-11-01")), "{name}");
            assert_eq!(history.disabled(&key(name), Some("calendar")), None, "{name}");
            let before = history.before(&key(name), &description).unwrap();
            assert!(before.iter().map(|value| &*value.bytes).eq([b"/bin/zsh".as_slice()]), "{name}");
        }
        assert_eq!(history.moved_from(&key("uid=a,ou=d,o=x")).unwrap().raw_bytes(), b"uid=a,ou=p,o=x");
        assert_eq!(history.disabled(&key("uid=b,ou=p,o=x"), None), None);

        let restored = record("uid=a,ou=d,o=x", Change::Modify(Vec::new()));
        history.add(date("2026-11-05"), [Past { kind: "restore", service: None, record: &restored }]);
        assert_eq!(history.disabled(&key("uid=a,ou=p,o=x"), None), None);

        history.add_roster("hr", date("2026-11-01"), 100);
        history.add_roster("hr", date("2026-10-01"), 90);
        assert_eq!(history.roster_rows("hr"), Some(100));
    }
}
