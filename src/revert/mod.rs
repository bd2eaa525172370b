//! The LDIF that undoes change LDIF, from the export before it.
//!
//! The records are applied to the export one by one, with the rules of a server (see [`crate::simulate`]); each is undone
//! from the state before it, in reverse order:
//!
//! | record | undone by |
//! | --- | --- |
//! | add | delete |
//! | delete | add, with what was there; what the server sets by itself is left out, or written by the relax rules control |
//! | delete, on a server with links (Active Directory) | the same, then each value that named the entry and went with it |
//! | modify | modify, by exact values |
//! | modrdn | modrdn to the old name; the values of the new one go unless the entry had some of them before; then a modify of what is left |
//!
//! In reverse order parents come before their children, and memberships after the entries that they name.
//!
//! What cannot come back is named: what the server sets by itself (entryUUID, objectSid), passwords that the export does not
//! show, and values that may have come from a class of service, which the undo would store.

use crate::diff::Options;
use crate::diff::modifications::modifications;
use crate::directory::Exports;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::matching::matches;
use crate::ldap::{Change, ChangeRecord, Dn, Entry, ModOp, Modification, Rdn, Value};
use crate::ldif::UrlPolicy;
use crate::plan::WrittenWhole;
use crate::plan::operation::delete;
use crate::plan::whole_lists::guard_record;
use crate::policy::ServerSchema;
use crate::proof::apply::{is_linked, rename_values};
use crate::simulate::{Applied, Outcome, SimulateError, simulate_watched};

/// Something that does not come back as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Number of the record, from 0.
    pub record: usize,
    /// The entry, raw.
    pub dn: Vec<u8>,
    /// What, in words.
    pub what: String,
}

/// What undoes records.
#[derive(Default)]
pub struct Reverted {
    /// The records, in the order in which they run.
    pub undo: Vec<ChangeRecord>,
    /// What does not come back.
    pub lost: Vec<Lost>,
    /// Records that write all values of an attribute, as the server cannot compare them.
    pub written_whole: Vec<WrittenWhole>,
    /// What came of the records themselves; with one that is refused there is nothing to undo behind it.
    pub outcome: Outcome,
}

/// Works out what undoes records.
pub fn revert<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    (schema, relax): (impl Into<ServerSchema>, bool),
    records: &[ChangeRecord],
) -> Result<Reverted, SimulateError<E::Error>> {
    let schema = schema.into();
    let mut undo = Vec::new();
    let mut lost = Vec::new();
    let mut written_whole = Vec::new();
    let mut watch = |applied: Applied<'_>| {
        let Applied { number, before, after, unlinked } = applied;
        let record = &records[number];
        let mut add_lost = |what: String| lost.push(Lost { record: number, dn: record.dn.raw_bytes().to_vec(), what });
        // In reverse order they come behind the entry that they name.
        undo.extend(unlinked.into_iter().map(|(dn, gone)| {
            let again = Modification { op: ModOp::Add, ..gone };
            ChangeRecord { dn, controls: Vec::new(), change: Change::Modify(vec![again]) }
        }));
        let mut inverse = inverse(record, before, after, (&schema, relax), &mut add_lost);
        if let Some(after) = after {
            written_whole.extend(inverse.iter_mut().filter_map(|record| guard_record(record, after, &schema)));
        }
        undo.extend(inverse.into_iter().rev());
    };
    let outcome = simulate_watched(exports, urls, schema.clone(), records, false, &mut watch)?;
    undo.reverse();
    Ok(Reverted { undo, lost, written_whole, outcome })
}

/// What undoes one record, in the order in which it runs.
fn inverse(
    record: &ChangeRecord,
    before: Option<&Entry>,
    after: Option<&Entry>,
    (schema, relax): (&ServerSchema, bool),
    lost: &mut dyn FnMut(String),
) -> Vec<ChangeRecord> {
    let plain = |dn: &Dn, change| ChangeRecord { dn: dn.clone(), controls: Vec::new(), change };
    let server = schema.server();
    let described = schema.shared();
    let options = Options { server, schema: described, with_operational: true, ignored: Vec::new(), seed: 0 };
    match (&record.change, before, after) {
        (Change::Add(_), ..) => vec![plain(&record.dn, Change::Delete)],
        (Change::Delete, Some(before), _) => {
            let (_, undo) = delete(before, server, relax);
            if let Change::Add(again) = &undo.change {
                let again = |name: &str| again.iter().any(|attribute| attribute.description.is_type(name));
                let own = before.attributes.iter().map(|attribute| attribute.description.attribute_type());
                let gone: Vec<&str> = own.filter(|name| server.sets(name) && !again(name)).collect();
                if !gone.is_empty() {
                    lost(format!("set by the server: {}", gone.join(", ")));
                }
            }
            let is_person = ["person", "posixAccount", "inetUser", "user"].iter().any(|class| before.has_class(class));
            if is_person && before.values("userPassword").next().is_none() {
                lost("the export shows no password".to_owned());
            }
            vec![undo]
        }
        (Change::Modify(changes), Some(before), Some(after)) => {
            let undo = modifications(after, before, &options);
            for change in changes.iter().filter(|change| change.op == ModOp::Replace && change.values.is_empty()) {
                if before.values(change.description.attribute_type()).next().is_some() {
                    let name = &change.description;
                    lost(format!("{name}: if it came from a class of service, the undo stores it in the entry"));
                }
            }
            if undo.is_empty() { Vec::new() } else { vec![plain(&after.dn, Change::Modify(undo))] }
        }
        (Change::ModifyDn { .. }, Some(before), Some(after)) => {
            let Ok(old_rdn) = Rdn::parse(before.dn.rdn_spelling()) else { return Vec::new() };
            // The RDN as it was goes and comes back at once; Active Directory takes nothing else.
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
            let rest = rest(before, &rename_values(after, &old_rdn, delete_old_rdn), &old_rdn, &options);
            let rename = Change::ModifyDn { new_rdn: old_rdn, delete_old_rdn, new_superior };
            let mut undo = vec![plain(&after.dn, rename)];
            undo.extend((!rest.is_empty()).then(|| plain(&before.dn, Change::Modify(rest))));
            undo
        }
        _ => Vec::new(),
    }
}

/// What makes an entry that has its old name again what it was.
fn rest(before: &Entry, renamed: &Entry, old_rdn: &Rdn, options: &Options) -> Vec<Modification> {
    let mut renamed = renamed.clone();
    // A value of the name may be spelled as the name is: no server lets it be changed.
    for ava in old_rdn.avas() {
        let is_it = |value: &Value| matches(equality_rule(&ava.attribute_type), &value.bytes, &ava.value);
        let Some(was) = before.values(&ava.attribute_type).find(|value| is_it(value)) else { continue };
        let own = renamed.attributes.iter_mut().filter(|own| own.description.is(&ava.attribute_type));
        own.flat_map(|own| &mut own.values).filter(|value| is_it(value)).for_each(|value| *value = was.clone());
    }
    let mut rest = modifications(&renamed, before, options);
    // Links follow the name back.
    let follows = |name: &str| options.server.profile().follows_moves && is_linked(name);
    rest.retain(|modification| !follows(modification.description.attribute_type()));
    rest
}
