//! Operations: the change records of a plan, each with the record that undoes it, and why it is made.

use strum::{IntoStaticStr, VariantArray};

use crate::ldap::attribute::is_one_of;
use crate::ldap::change::RELAX_RULES;
use crate::ldap::dn::Rdn;
use crate::ldap::server_attributes::is_writable_with_relax;
use crate::ldap::{Attribute, Change, ChangeRecord, Control, Dn, Entry, ModOp, Modification, Origin};
use crate::policy::{Server, ServerSchema};

/// The stages of a change set, in the order in which they run. Each has a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Stage {
    /// Accounts are disabled, stamped or restored.
    Status,
    /// Accounts are moved.
    Move,
    /// Values that name accounts are removed or reassigned.
    References,
    /// Address-book subtrees are deleted, leaves first.
    AddressBooks,
    /// Services are stripped from accounts that stay.
    Services,
    /// Accounts are deleted, their children before them.
    Entries,
}

impl Stage {
    /// All stages, in the order in which they run.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its word on the command line and in reports: stable.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The name of its file in `apply/`; the names sort in the order of the stages.
    pub fn apply_file(self) -> String {
        format!("{}0-{}.ldif", self as u8 + 1, self.name())
    }

    /// The name of its file in `rollback/`; the names sort in the opposite order.
    pub fn rollback_file(self) -> String {
        format!("{}0-{}.ldif", Self::ALL.len() - self as usize, self.name())
    }
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Kind {
    /// Disables an account.
    Disable,
    /// Disables a service of an account that stays.
    DisableService,
    /// Writes the date from which the grace counts.
    Stamp,
    /// Restores an account.
    Restore,
    /// Writes the blocking value.
    Disconnect,
    /// Moves an account.
    Move,
    /// Changes an entry that names deleted or moved accounts.
    Reference,
    /// Deletes an entry of an address book.
    AddressBookEntry,
    /// Strips services from an account that stays.
    Strip,
    /// Makes the server check an entry just before its deletion, without a change.
    Guard,
    /// Deletes an entry below an account.
    Child,
    /// Deletes an alias of a deleted entry.
    Alias,
    /// Deletes the private group of an account, or a group without other members.
    Group,
    /// Deletes an account.
    Account,
}

impl Kind {
    /// Its word in plan.json: stable.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One change record of the plan.
#[derive(Clone)]
pub struct Operation {
    /// The stage in which it runs.
    pub stage: Stage,
    /// What it does.
    pub kind: Kind,
    /// The change record.
    pub record: ChangeRecord,
    /// The record that undoes it; `None` for a guard, which changes nothing.
    pub inverse: Option<ChangeRecord>,
    /// The accounts for which it is made, by index.
    pub accounts: Vec<usize>,
    /// The service that it is about, if it is about one.
    pub service: Option<String>,
    /// Why it is made, in one line.
    pub reason: String,
    /// Where the entry is in the exports.
    pub evidence: Origin,
}

/// The modifications that undo others, in reverse order.
///
/// An `add` of values is undone by their `delete` and vice versa; a `replace`, and a `delete` of a whole attribute, by the
/// values that the entry had. A `replace` with the same values as an `add` before it needs no undo of its own: that of the
/// `add` deletes them. Added values that the server cannot compare are removed by a `delete` of the whole attribute.
pub fn inverse(entry: &Entry, modifications: &[Modification], schema: &ServerSchema) -> Vec<Modification> {
    let undo = |modification: &Modification| {
        let had = |attribute: &&Attribute| attribute.description == modification.description;
        let had = || entry.attributes.iter().find(had).map(|attribute| attribute.values.clone()).unwrap_or_default();
        let (op, values) = match (modification.op, modification.values.is_empty()) {
            (ModOp::Add, _) if !schema.compares(modification.description.attribute_type()) => {
                (ModOp::Delete, Vec::new())
            }
            (ModOp::Add, _) => (ModOp::Delete, modification.values.clone()),
            (ModOp::Delete, false) => (ModOp::Add, modification.values.clone()),
            (ModOp::Delete, true) => (ModOp::Add, had()),
            (ModOp::Replace | ModOp::Increment, _) => (ModOp::Replace, had()),
        };
        Modification { op, description: modification.description.clone(), values }
    };
    let follows_add = |(at, modification): &(usize, &Modification)| {
        let same = |earlier: &&Modification| {
            earlier.op == ModOp::Add
                && earlier.description == modification.description
                && earlier.values == modification.values
        };
        modification.op == ModOp::Replace && modifications[..*at].iter().any(|earlier| same(&earlier))
    };
    let undone = modifications.iter().enumerate().rev().filter(|one| !follows_add(one));
    undone.map(|(_, modification)| undo(modification)).collect()
}

/// The record that modifies an entry under `name`, and the record that undoes it. `entry` is as the record finds it.
pub fn modify(
    entry: &Entry,
    name: &Dn,
    modifications: Vec<Modification>,
    schema: &ServerSchema,
) -> (ChangeRecord, ChangeRecord) {
    let record =
        |modifications| ChangeRecord { dn: name.clone(), controls: Vec::new(), change: Change::Modify(modifications) };
    let undo = record(inverse(entry, &modifications, schema));
    (record(modifications), undo)
}

/// The name that an entry gets below another parent, with the spelling of both; `None` if they make no DN.
pub fn name_below(rdn: &[u8], parent: &Dn) -> Option<Dn> {
    Dn::parse(&[rdn, b",", parent.raw_bytes()].concat()).ok()
}

/// The record that moves an entry below another parent, the record that moves it back, and the new name.
///
/// The RDN does not change. `deleteoldrdn` is 1 all the same, because Samba refuses 0.
pub fn rename(entry: &Entry, parent: &Dn) -> Option<(ChangeRecord, ChangeRecord, Dn)> {
    let rdn = Rdn::parse(entry.dn.rdn_spelling()).ok()?;
    let name = name_below(entry.dn.rdn_spelling(), parent)?;
    let old_parent = Dn::parse(entry.dn.parent_spelling()?).ok()?;
    let record = |dn: &Dn, superior: &Dn| ChangeRecord {
        dn: dn.clone(),
        controls: Vec::new(),
        change: Change::ModifyDn { new_rdn: rdn.clone(), delete_old_rdn: true, new_superior: Some(superior.clone()) },
    };
    Some((record(&entry.dn, parent), record(&name, &old_parent), name))
}

/// The record that deletes an entry, and the record that adds it again.
///
/// The addition leaves out what the server sets by itself, because the server would refuse it. With the relax rules control
/// (`relax`), a server accepts the identifiers of the entry and the state of its password, so that it is the same entry again.
/// The time and the author of the last change are never added: they are those of the addition.
pub fn delete(entry: &Entry, server: Server, relax: bool) -> (ChangeRecord, ChangeRecord) {
    const LAST_CHANGE: [&str; 2] = ["modifyTimestamp", "modifiersName"];
    let record = |change| ChangeRecord { dn: entry.dn.clone(), controls: Vec::new(), change };
    let comes_back = |name: &str| is_writable_with_relax(name) && !is_one_of(&LAST_CHANGE, name);
    let relaxes = relax && entry.values("entryUUID").next().is_some();
    let kept = entry.attributes.iter().filter(|attribute| {
        let name = attribute.description.attribute_type();
        !server.sets(name) || relaxes && comes_back(name)
    });
    let mut undo = record(Change::Add(kept.cloned().collect()));
    undo.controls.extend(relaxes.then(|| Control { oid: RELAX_RULES.to_owned(), critical: true, value: None }));
    (record(Change::Delete), undo)
}
