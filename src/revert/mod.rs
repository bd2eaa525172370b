//! The change records that undo other change records, worked out from the export before them.
//!
//! The records are applied to the export one by one, as a server would (see [`crate::simulate`]). Each record is undone from
//! the state before it, and the undo runs in reverse order:
//!
//! | record | undone by |
//! | --- | --- |
//! | add | delete |
//! | delete | add with the old attributes, without those that the server sets; with the relax rules control, some of those too |
//! | delete, on a server that maintains links (Active Directory) | the same, then a modify for each value that named the entry and was removed with it |
//! | modify | modify, by exact values |
//! | modrdn | modrdn to the old name, which deletes the values of the new RDN unless the entry had one of them before; then a modify for what still differs |
//!
//! In reverse order, parents are added before their children, and entries before the memberships that name them.
//!
//! [`NotRestorable`] lists what the undo cannot restore: attributes that only the server sets (entryUUID, objectSid), passwords
//! that the export does not show, and values that may come from a class of service, which the undo would store in the entry.

use crate::diff::Options;
use crate::diff::modifications::modifications;
use crate::directory::Exports;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::matches;
use crate::ldap::{Change, ChangeRecord, Dn, Entry, ModOp, Modification, Rdn, ResultCode, Value};
use crate::ldif::UrlPolicy;
use crate::plan::WrittenWhole;
use crate::plan::operation::delete;
use crate::plan::whole_lists::guard_record;
use crate::policy::ServerSchema;
use crate::proof::apply::{is_linked, rename_values};
use crate::simulate::{SimulateError, Simulation};

/// Something that the undo of a record does not restore as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRestorable {
    /// The index of the record.
    pub record: usize,
    /// The name of the entry, as spelled in the record.
    pub dn: Vec<u8>,
    /// What is not restored, as a message.
    pub what: String,
}

/// The undo of records.
#[derive(Default)]
pub struct Reverted {
    /// The records of the undo, in the order in which they run.
    pub undo: Vec<ChangeRecord>,
    /// What the undo does not restore.
    pub lost: Vec<NotRestorable>,
    /// Records of the undo that write all values of an attribute, because the server cannot compare them.
    pub written_whole: Vec<WrittenWhole>,
    /// The first record that the server would refuse: its index, and the result code. The undo covers the records before it.
    pub refused: Option<(usize, ResultCode)>,
}

/// The server on which records are undone.
#[derive(Clone)]
pub struct RevertOptions {
    /// The server and its schema.
    pub schema: ServerSchema,
    /// Whether entries are added again with the relax rules control, which keeps their entryUUID.
    pub relax: bool,
}

/// Works out the undo of records, up to the first record that the server would refuse.
pub fn revert<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    options: &RevertOptions,
    records: &[ChangeRecord],
) -> Result<Reverted, SimulateError<E::Error>> {
    let schema = &options.schema;
    let mut simulation = Simulation::new(exports, urls, schema.clone(), records)?;
    let mut reverted = Reverted::default();
    for (number, record) in records.iter().enumerate() {
        let before = simulation.entry(record.dn.key()).cloned();
        let is_delete = matches!(record.change, Change::Delete);
        let unlinked = if is_delete { simulation.links_to(record.dn.key()) } else { Vec::new() };
        if let Err(code) = simulation.apply(record) {
            reverted.refused = Some((number, code));
            break;
        }
        let name = simulation.name_after(record);
        let after = simulation.entry(&name);
        // The undo is reversed at the end, so these come after the entry that they name.
        reverted.undo.extend(unlinked.into_iter().map(|(dn, removed)| {
            let again = Modification { op: ModOp::Add, ..removed };
            ChangeRecord { dn, controls: Vec::new(), change: Change::Modify(vec![again]) }
        }));
        let mut inverse = inverse(record, before.as_ref(), after, options);
        if let Some(after) = after {
            let records = inverse.records.iter_mut();
            reverted.written_whole.extend(records.filter_map(|record| guard_record(record, after, schema)));
        }
        reverted.undo.extend(inverse.records.into_iter().rev());
        let dn = record.dn.raw_bytes();
        let lost = inverse.lost.into_iter().map(|what| NotRestorable { record: number, dn: dn.to_vec(), what });
        reverted.lost.extend(lost);
    }
    reverted.undo.reverse();
    Ok(reverted)
}

/// The undo of one record.
#[derive(Default)]
struct Inverse {
    /// Its records, in the order in which they run.
    records: Vec<ChangeRecord>,
    /// What it does not restore, as messages.
    lost: Vec<String>,
}

impl Inverse {
    fn of(records: Vec<ChangeRecord>) -> Self {
        Self { records, lost: Vec::new() }
    }
}

fn inverse(
    record: &ChangeRecord,
    before: Option<&Entry>,
    after: Option<&Entry>,
    revert_options: &RevertOptions,
) -> Inverse {
    let plain = |dn: &Dn, change| ChangeRecord { dn: dn.clone(), controls: Vec::new(), change };
    let server = revert_options.schema.server();
    let schema = revert_options.schema.shared();
    let options = Options { server, schema, with_operational: true, ignored: Vec::new(), seed: 0 };
    match (&record.change, before, after) {
        (Change::Add(_), ..) => Inverse::of(vec![plain(&record.dn, Change::Delete)]),
        (Change::Delete, Some(before), _) => {
            let (_, undo) = delete(before, server, revert_options.relax);
            let mut lost = Vec::new();
            if let Change::Add(restored) = &undo.change {
                let is_restored = |name: &str| restored.iter().any(|attribute| attribute.description.is_type(name));
                let own = before.attributes.iter().map(|attribute| attribute.description.attribute_type());
                let set_by_server: Vec<&str> = own.filter(|name| server.sets(name) && !is_restored(name)).collect();
                if !set_by_server.is_empty() {
                    lost.push(format!("only the server can set {}", set_by_server.join(", ")));
                }
            }
            let is_person = ["person", "posixAccount", "inetUser", "user"].iter().any(|class| before.has_class(class));
            if is_person && before.values("userPassword").next().is_none() {
                lost.push("the export does not show the password".to_owned());
            }
            Inverse { records: vec![undo], lost }
        }
        (Change::Modify(changes), Some(before), Some(after)) => {
            let undo = modifications(after, before, &options);
            let mut lost = Vec::new();
            for change in changes.iter().filter(|change| change.op == ModOp::Replace && change.values.is_empty()) {
                if before.values(change.description.attribute_type()).next().is_some() {
                    let name = &change.description;
                    lost.push(format!(
                        "if {name} came from a class of service, the undo stores its values in the entry itself"
                    ));
                }
            }
            let records = if undo.is_empty() { Vec::new() } else { vec![plain(&after.dn, Change::Modify(undo))] };
            Inverse { records, lost }
        }
        (Change::ModifyDn { .. }, Some(before), Some(after)) => {
            let Ok(old_rdn) = Rdn::parse(before.dn.rdn_spelling()) else { return Inverse::default() };
            // If the RDN stays the same, deleteoldrdn is set: Active Directory accepts nothing else.
            let is_same = before.dn.key().rdn_bytes() == after.dn.key().rdn_bytes();
            let had_new = !is_same
                && after.dn.rdn().is_some_and(|rdn| {
                    rdn.avas().iter().any(|ava| {
                        before.values(&ava.attribute_type).any(|value| value.bytes.eq_ignore_ascii_case(&ava.value))
                    })
                });
            let old_parent = before.dn.parent_spelling().and_then(|parent| Dn::parse(parent).ok());
            let new_parent = after.dn.parent_spelling().and_then(|parent| Dn::parse(parent).ok());
            let new_superior = old_parent.filter(|old| Some(old) != new_parent.as_ref());
            let delete_old_rdn = !had_new || !server.profile().keeps_old_rdn;
            let rest =
                remaining_differences(before, &rename_values(after, &old_rdn, delete_old_rdn), &old_rdn, &options);
            let rename = Change::ModifyDn { new_rdn: old_rdn, delete_old_rdn, new_superior };
            let mut undo = vec![plain(&after.dn, rename)];
            undo.extend((!rest.is_empty()).then(|| plain(&before.dn, Change::Modify(rest))));
            Inverse::of(undo)
        }
        _ => Inverse::default(),
    }
}

/// The modifications that restore an entry once it has its old name again.
fn remaining_differences(before: &Entry, renamed: &Entry, old_rdn: &Rdn, options: &Options) -> Vec<Modification> {
    let mut renamed = renamed.clone();
    // A value of the RDN may be spelled as in the RDN. Servers refuse to change it, so it does not count as a difference.
    for ava in old_rdn.avas() {
        let is_named = |value: &Value| matches(equality_rule(&ava.attribute_type), &value.bytes, &ava.value);
        let Some(was) = before.values(&ava.attribute_type).find(|value| is_named(value)) else { continue };
        let own = renamed.attributes.iter_mut().filter(|own| own.description.is(&ava.attribute_type));
        own.flat_map(|own| &mut own.values).filter(|value| is_named(value)).for_each(|value| *value = was.clone());
    }
    let mut rest = modifications(&renamed, before, options);
    // The server updates links by itself.
    let follows = |name: &str| options.server.profile().follows_moves && is_linked(name);
    rest.retain(|modification| !follows(modification.description.attribute_type()));
    rest
}
