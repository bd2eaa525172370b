//! The seven checks; [the module above](super) says when each of them holds.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use thiserror::Error;

use super::apply::{Model, is_linked};
use super::touched::{SubjectReference, Touched, TouchedPass};
use crate::directory::identity::holders::{MatchedValue, Referent, identifying};
use crate::directory::key_hash::KeySet;
use crate::directory::overlay::apply_overlay;
use crate::directory::references::{MatchKind, SubjectIndex, Treatment};
use crate::directory::{Exports, ExportsReader, Overlay, ScanError};
use crate::ldap::attribute::base_type;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::dn_key::{KeyBuffer, parent_of, prefixes};
use crate::ldap::managed_entries::{has_plug_in, is_managed, managed_by_origin};
use crate::ldap::matching::MatchingRule::OctetString;
use crate::ldap::matching::normalize;
use crate::ldap::{Attribute, Change, ChangeRecord, Dn, DnKey, Entry, Renames, ResultCode};
use crate::ldif::{AttributeSelection, ChangeReader, UrlPolicy, writer};
use crate::plan::gather::attributes::reference_attributes;
use crate::plan::{ConflictKind, ItemCode, Kind, Operation, Plan, PlanError, Request, plan_again};
use crate::policy::{Kept, Policy, Server, ServerSchema};
use crate::render::count::counted;

/// The change files of a plan, in the order in which they run.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Name and text of each file in `apply/`.
    pub apply: Vec<(String, Vec<u8>)>,
    /// Name and text of each file in `rollback/`.
    pub rollback: Vec<(String, Vec<u8>)>,
}

/// The name of a check, as in reports and plan.json: stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum CheckName {
    /// The files are the operations of the plan.
    Written,
    /// The server accepts every record.
    Applies,
    /// Entries are deleted after their children.
    LeavesFirst,
    /// No reference to a deleted or moved entry is left.
    NoDangling,
    /// Only entries on the plan's list are changed, and no protected one.
    Untouched,
    /// The rollback restores every entry.
    Undo,
    /// A second plan has no operation.
    Settled,
}

/// A check that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: CheckName,
    /// What was checked, with counts, as a sentence for reports.
    pub counted: String,
}

/// The proof of a plan.
#[derive(Clone, Default)]
pub struct Proof {
    /// The checks, all of which hold.
    pub checks: Vec<Check>,
    /// What the rollback cannot restore.
    pub lost: Vec<LostAttributes>,
    /// Number of values that still refer to a deleted or moved entry and are decision items.
    pub open_decision_items: u64,
    /// Every changed entry after `apply/`, by the name that it has in the exports; `None` if it is deleted.
    pub after: BTreeMap<DnKey, Option<Arc<Entry>>>,
}

/// Attributes of an entry that the rollback cannot restore, because only the server sets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostAttributes {
    /// The name of the entry, as spelled in the export.
    pub dn: Vec<u8>,
    /// The attribute descriptions.
    pub attributes: Vec<String>,
}

/// Why a plan is not proven.
#[derive(Debug, Error)]
pub enum ProofError<E> {
    /// The exports could not be read.
    #[error(transparent)]
    Scan(#[from] ScanError<E>),
    /// A check does not hold. Names and values in `what` are as in the directory, not yet fit for a terminal.
    #[error("the check `{check}` fails: {what}")]
    Fails {
        /// The check.
        check: CheckName,
        /// Why it fails, as a message.
        what: String,
    },
}

fn fails<E>(check: CheckName, what: String) -> ProofError<E> {
    ProofError::Fails { check, what }
}

/// A plan to prove, with what it was made from.
pub struct ProofInputs<'p, E> {
    /// The exports that the plan was made from, with the changes that it was made over.
    pub reader: ExportsReader<'p, E>,
    /// The policy.
    pub policy: &'p Policy,
    /// What was asked of the plan.
    pub request: &'p Request,
    /// The plan.
    pub plan: &'p Plan,
    /// Its change files.
    pub files: &'p Files,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Proves that the change files do what the plan says and nothing else, and that the rollback undoes it.
///
/// Fails with the first check that does not hold.
pub fn prove<E: Exports>(inputs: &ProofInputs<'_, E>) -> Result<Proof, ProofError<E::Error>> {
    let &ProofInputs { reader, plan: planned, files, .. } = inputs;
    let policy = &planned.policy;
    let mut proof = Proof::default();
    let expected: Vec<&ChangeRecord> = planned.operations.iter().map(|operation| &operation.record).collect();
    let apply = written(&files.apply, &expected)?;
    let undo = written(&files.rollback, &inverses(&planned.operations))?;
    let entries = |count: usize| counted(count, "entry");
    let records = |count: usize| counted(count, "record");
    let what = format!("{} in apply/, {} in rollback/, as planned", records(apply.len()), records(undo.len()));
    proof.push_check(CheckName::Written, what);

    let pass = touched_pass(policy, planned, &apply);
    let mut touched = Touched::default();
    reader.scan(&pass, |part| touched.merge(part))?;
    let before = first_states(std::mem::take(&mut touched.targets))?;
    let mut model = model(&touched, &before, planned.schema.clone());

    run(&mut model, &apply, CheckName::Applies)?;
    let what = format!("{} accepted, on {}", records(apply.len()), entries(before.len()));
    proof.push_check(CheckName::Applies, what);
    let deleted = entries(pass.deleted.len());
    let what = match touched.children.len() {
        0 => format!("{deleted} deleted, without children in the exports"),
        children => format!("{deleted} deleted, after their {}", counted(children, "child")),
    };
    proof.push_check(CheckName::LeavesFirst, what);

    proof.open_decision_items =
        References { model: &model, pass: &pass, touched: &touched, planned, policy }.check()?;
    no_new_reference(&model, &pass, &before)?;
    let what = format!(
        "{} of known reference attributes checked, in {}; {} left for a decision",
        counted(touched.values, "value"),
        counted(touched.entries, "entry"),
        proof.open_decision_items
    );
    proof.push_check(CheckName::NoDangling, what);
    untouched(&pass, planned, &before, policy)?;
    let what = format!("{} of {} touched, none of them protected", before.len(), counted(touched.entries, "entry"));
    proof.push_check(CheckName::Untouched, what);

    proof.after =
        before.keys().map(|key| (key.clone(), model.entries.get(&model.current_name(key)).cloned())).collect();
    model.restored_state = true;
    run(&mut model, &undo, CheckName::Undo)?;
    proof.lost = undone(&before, &model.entries, policy.directory.server)?;
    let restored = match undo.len() {
        1 => "1 record restores".to_owned(),
        count => format!("{count} records restore"),
    };
    proof.push_check(CheckName::Undo, format!("{restored} {}", entries(before.len())));

    // Free the memory for the second plan.
    drop((model, before, touched, pass, apply, undo));
    let mut after = reader.overlay.cloned().unwrap_or_default();
    apply_overlay(&mut after, &proof.after);
    settled(inputs, &after)?;
    proof
        .push_check(CheckName::Settled, "a second plan, made from the result of this one, has no operation".to_owned());
    Ok(proof)
}

impl Proof {
    fn push_check(&mut self, name: CheckName, counted: String) {
        self.checks.push(Check { name, counted });
    }
}

/// The records of the rollback of these operations, in the order in which they run.
pub fn inverses(operations: &[Operation]) -> Vec<&ChangeRecord> {
    operations.iter().rev().filter_map(|operation| operation.inverse.as_ref()).collect()
}

/// Reads change files back and compares them with the records that they should hold.
///
/// Returns the records as read. A record that equals the planned one in every byte is borrowed, to save memory.
fn written<'r, E>(
    files: &[(String, Vec<u8>)],
    expected: &[&'r ChangeRecord],
) -> Result<Vec<Cow<'r, ChangeRecord>>, ProofError<E>> {
    let differ = || fails(CheckName::Written, "the change files, read back, differ from the plan".to_owned());
    let mut records = Vec::new();
    for (name, content) in files {
        for change in ChangeReader::new(content, 1, UrlPolicy::Refuse) {
            let read = change.map_err(|error| fails(CheckName::Written, format!("{name}: {error}")))?.record;
            let meant: &'r ChangeRecord = expected.get(records.len()).ok_or_else(differ)?;
            let is_same = read.is_exactly(meant);
            if !is_same && ldif_text(&read) != ldif_text(meant) {
                return Err(differ());
            }
            records.push(if is_same { Cow::Borrowed(meant) } else { Cow::Owned(read) });
        }
    }
    if records.len() == expected.len() { Ok(records) } else { Err(differ()) }
}

/// A record as LDIF. Records that group their values differently but mean the same have the same text.
fn ldif_text(record: &ChangeRecord) -> Vec<u8> {
    let mut out = Vec::new();
    writer::write_change(&mut out, record);
    out
}

fn touched_pass<'p>(policy: &'p Policy, planned: &Plan, records: &[Cow<'_, ChangeRecord>]) -> TouchedPass<'p> {
    let mut targets = KeySet::default();
    let mut renames = Renames::default();
    let mut parents = KeySet::default();
    for record in records {
        let key = renames.before(record.dn.key(), renames.len());
        add_above(&mut parents, &key);
        targets.insert(key);
        if let Change::ModifyDn { new_superior: Some(superior), .. } = &record.change {
            add_above(&mut parents, superior.key());
            parents.insert(superior.key().clone());
            let new = record.new_name().map(|name| name.key().clone()).unwrap_or_default();
            // An entry that already has the new name must be found, so that the move is refused.
            targets.insert(new.clone());
            renames.push(record.dn.key().clone(), new);
        }
    }
    let deletes = records.iter().filter(|record| matches!(record.change, Change::Delete));
    let deleted: KeySet = deletes.map(|record| record.dn.key().clone()).collect();
    let moved: KeySet = renames.old_names().cloned().collect();
    // No reference may be left to an account that a tool of the site deletes, either.
    let is_deleted_account = |account: &&crate::plan::Account| account.decision.step == crate::lifecycle::Step::Delete;
    let all_stages = planned.operations.iter().any(|operation| operation.stage == crate::plan::Stage::References)
        || policy.directory.tools.file_deletes();
    let deleted_accounts = planned.accounts.iter().filter(is_deleted_account).filter(|_| all_stages);
    let by_tool = deleted_accounts.filter(|_| !policy.directory.tools.file_deletes());
    let mut subjects = SubjectIndex::default();
    let mut subject_names: Vec<DnKey> = Vec::new();
    let server = policy.directory.server;
    let by_server: KeySet = if has_plug_in(server) {
        let origins = deleted_by_records(planned, &deleted).flat_map(managed_by_origin).collect::<KeySet>();
        let managed = planned.dependents.iter().filter(|entry| is_managed(entry, server));
        managed.map(|entry| entry.dn.key().clone()).filter(|key| origins.contains(key)).collect()
    } else {
        KeySet::default()
    };
    targets.extend(by_server.iter().cloned());
    let dependents = planned.dependents.iter().map(AsRef::as_ref);
    let dependents = dependents.filter(|entry| deleted.contains(entry.dn.key()) || by_server.contains(entry.dn.key()));
    for entry in by_tool.map(|account| &*account.entry).chain(deleted_by_records(planned, &deleted)).chain(dependents) {
        subjects.add(subject_names.len(), entry);
        subject_names.push(entry.dn.key().clone());
    }
    for key in deleted.iter().chain(&moved) {
        if subjects.by_name(key.as_bytes()).is_none() {
            subjects.add_name(subject_names.len(), key);
            subject_names.push(key.clone());
        }
    }
    let attributes = reference_attributes(policy, planned.schema.described());
    let mut interest: AttributeSelection = attributes.iter().map(|attribute| (&attribute.name, ())).collect();
    identifying().for_each(|name| interest.insert(name, ()));
    TouchedPass {
        interest,
        parents,
        subjects,
        subject_names,
        deleted,
        moved,
        targets,
        reference_attributes: attributes
            .into_iter()
            .map(|attribute| (attribute.name, (attribute.form, attribute.treatment)))
            .collect(),
        address_books: policy.address_books.suffix.as_ref().map(Dn::key),
        identifying: TouchedPass::identifying(),
    }
}

/// Adds all names above `key`.
fn add_above(names: &mut KeySet, key: &DnKey) {
    let above = prefixes(parent_of(key.as_bytes())).map(|(name, _)| name);
    // From the parent up to the first name that is known: the names above that one are known, too.
    for name in above.collect::<Vec<_>>().into_iter().rev() {
        if !names.insert(DnKey::from_key_bytes(name)) {
            break;
        }
    }
}

/// The accounts that the records delete.
fn deleted_by_records<'p>(planned: &'p Plan, deleted: &'p KeySet) -> impl Iterator<Item = &'p Entry> {
    planned.accounts.iter().map(|account| &*account.entry).filter(|entry| deleted.contains(entry.dn.key()))
}

fn first_states<E>(targets: Vec<Entry>) -> Result<BTreeMap<DnKey, Arc<Entry>>, ProofError<E>> {
    let mut states = BTreeMap::new();
    for entry in targets {
        if let Some(twice) = states.insert(entry.dn.key().clone(), Arc::new(entry)) {
            let what = format!(
                "{} appears more than once in the exports; give every part of the directory once",
                text(twice.dn.raw_bytes())
            );
            return Err(fails(CheckName::Applies, what));
        }
    }
    Ok(states)
}

fn model(touched: &Touched, before: &BTreeMap<DnKey, Arc<Entry>>, schema: ServerSchema) -> Model {
    let mut model = Model {
        entries: before.clone(),
        existing: touched
            .parents
            .iter()
            .filter(|parent| !before.contains_key(*parent))
            .chain(touched.above_the_exports())
            .cloned()
            .collect(),
        ..Model::new(schema)
    };
    for (parent, child) in &touched.children {
        model.children.entry(parent.clone()).or_default().insert(child.clone());
    }
    model
}

/// Applies the records to the model; a record that the server would refuse fails `check`.
fn run<E>(model: &mut Model, records: &[Cow<'_, ChangeRecord>], check: CheckName) -> Result<(), ProofError<E>> {
    for (index, record) in records.iter().enumerate() {
        model.apply_one_of_many(record).map_err(|code| {
            let check = if code == ResultCode::NotAllowedOnNonLeaf { CheckName::LeavesFirst } else { check };
            let folder = if check == CheckName::Undo { "rollback/" } else { "apply/" };
            let dn = text(record.dn.raw_bytes());
            fails(check, format!("the server would refuse record {} of {folder}, on {dn}: {code}", index + 1))
        })?;
    }
    model.update_links();
    Ok(())
}

/// The references to deleted and moved entries that the exports hold, with what decides whether each may stay.
struct References<'r> {
    /// The directory after `apply/`.
    model: &'r Model,
    pass: &'r TouchedPass<'r>,
    touched: &'r Touched,
    planned: &'r Plan,
    policy: &'r Policy,
}

impl References<'_> {
    /// Counts the references that are left as decision items. Any other one that is left fails the check, except for
    ///
    /// - values that the server updates by itself when an entry moves,
    /// - attributes that a tool of the site cleans, and
    /// - values that mean another entry with the same user name.
    fn check<E>(&self) -> Result<u64, ProofError<E>> {
        let items: HashSet<(&[u8], String, &[u8])> = self
            .planned
            .decision_items
            .iter()
            .map(|item| (item.dn.as_slice(), item.attribute.to_ascii_lowercase(), item.value.as_slice()))
            .collect();
        let mut open_decision_items = 0;
        let mut last = None;
        for reference in &self.touched.references {
            let base = base_type(&reference.attribute);
            // References from one attribute of an entry follow each other: its values are looked up once.
            let values = match last.take() {
                Some((entry, attribute, values)) if entry == &reference.entry && attribute == base => values,
                _ => values_now(self.model, reference, base),
            };
            let stays = match &values {
                Some(values) => values.contains(&*reference.value),
                // The model holds only touched entries. Any other entry keeps its values, unless it is deleted.
                None => {
                    !self.pass.targets.contains(&reference.entry)
                        && self.pass.subjects.by_name(reference.entry.as_bytes()).is_none()
                }
            };
            last = Some((&reference.entry, base, values));
            if !stays
                || self.server_follows(reference, base)
                || !self.policy.directory.tools.file_cleans(base)
                || self.refers_to_another_account(reference, base)
            {
                continue;
            }
            let item = (reference.dn.as_slice(), reference.attribute.to_ascii_lowercase(), reference.value.as_slice());
            if items.contains(&item) {
                open_decision_items += 1;
                continue;
            }
            let (attribute, dn, value) = (&reference.attribute, text(&reference.dn), text(&reference.value));
            let subject = &self.pass.subject_names[reference.subject];
            let action = if self.pass.moved.contains(subject) { "moves" } else { "deletes" };
            let what = format!(
                "{attribute} of {dn} would still have the value {value}, which names an entry that the plan {action}"
            );
            return Err(fails(CheckName::NoDangling, what));
        }
        Ok(open_decision_items)
    }

    /// Whether the server writes the new name of a moved entry into the value by itself.
    fn server_follows(&self, reference: &SubjectReference, base: &str) -> bool {
        self.policy.moving.as_ref().is_some_and(|moving| moving.follows(base, &reference.value))
            && reference.how == MatchKind::Name
            && self.pass.moved.contains(&self.pass.subject_names[reference.subject])
    }

    /// Whether another entry has the same user name, and the value means that entry.
    fn refers_to_another_account(&self, reference: &SubjectReference, base: &str) -> bool {
        let Some((form, _)) = self.pass.reference_attributes.get(base) else { return false };
        let matched = MatchedValue {
            form,
            kind: reference.how,
            value: &reference.value,
            name: &self.pass.subject_names[reference.subject],
            entry: &reference.entry,
        };
        self.touched.holders.referent(matched) == Referent::SomeoneElse
    }
}

/// The values that an attribute of an entry has in the model, with and without options; `None` if the model has no such
/// entry.
fn values_now<'m>(model: &'m Model, reference: &SubjectReference, base: &str) -> Option<HashSet<&'m [u8]>> {
    let entry = model.entries.get(&model.current_name(&reference.entry))?;
    let same = entry.attributes.iter().filter(|known| known.description.is_type(base));
    Some(same.flat_map(|known| &known.values).map(|value| &*value.bytes).collect())
}

/// Fails if the records write a reference to a deleted or moved entry.
fn no_new_reference<E>(
    model: &Model,
    pass: &TouchedPass<'_>,
    before: &BTreeMap<DnKey, Arc<Entry>>,
) -> Result<(), ProofError<E>> {
    let (mut keys, mut matches) = (KeyBuffer::new(), Vec::new());
    for (key, first) in before {
        let Some(entry) = model.entries.get(&model.current_name(key)) else { continue };
        for attribute in &entry.attributes {
            let name = attribute.description.attribute_type();
            let Some((form, treatment)) = pass.reference_attributes.get(name) else { continue };
            let old: HashSet<&[u8]> = first.values(name).map(|value| &*value.bytes).collect();
            for value in attribute.values.iter().filter(|value| !old.contains(&*value.bytes)) {
                let is_valid = form.find(name, &value.bytes, &pass.subjects, &mut keys, &mut matches).is_ok();
                if is_valid && treatment != Treatment::Leave && matches.iter().any(|found| found.kind.is_certain()) {
                    let (dn, value) = (text(entry.dn.raw_bytes()), text(&value.bytes));
                    let what = format!(
                        "the records write the value {value} to {name} of {dn}, but it names an entry that the plan deletes \
                         or moves"
                    );
                    return Err(fails(CheckName::NoDangling, what));
                }
            }
        }
    }
    Ok(())
}

/// Fails if a record changes an entry that is protected or not on the plan's list.
fn untouched<E>(
    pass: &TouchedPass<'_>,
    planned: &Plan,
    before: &BTreeMap<DnKey, Arc<Entry>>,
    policy: &Policy,
) -> Result<(), ProofError<E>> {
    let new_names: HashSet<&DnKey> = planned.moved.iter().map(|(_, new)| new.key()).collect();
    for key in &pass.targets {
        if !planned.before.contains_key(key) && !new_names.contains(key) {
            let name = before.get(key).map_or_else(|| format!("{key:?}"), |entry| text(entry.dn.raw_bytes()));
            let what = format!("a record changes {name}, which is not on the plan's list of entries");
            return Err(fails(CheckName::Untouched, what));
        }
    }
    let is_member = |entry: &Entry| planned.protected_members.contains(entry.dn.key());
    match before.values().find(|entry| policy.kept(entry).is_some() || is_member(entry)) {
        None => Ok(()),
        Some(entry) => {
            let why = policy.kept(entry).map_or_else(|| "[protect] group".to_owned(), Kept::because);
            let what = format!("a record changes {}, but {why}", text(entry.dn.raw_bytes()));
            Err(fails(CheckName::Untouched, what))
        }
    }
}

/// Compares every entry with its first state, and lists the attributes that the rollback cannot restore.
fn undone<E>(
    before: &BTreeMap<DnKey, Arc<Entry>>,
    after: &BTreeMap<DnKey, Arc<Entry>>,
    server: Server,
) -> Result<Vec<LostAttributes>, ProofError<E>> {
    let follows = server.profile().follows_moves;
    let sorted = |attribute: &Attribute| -> Vec<Vec<u8>> {
        let name = attribute.description.attribute_type();
        // A server that maintains these values may spell them differently.
        let rule = if follows && is_linked(name) { equality_rule(name) } else { OctetString };
        let mut values: Vec<_> =
            attribute.values.iter().map(|value| normalize(rule, &value.bytes).into_owned()).collect();
        values.sort();
        values
    };
    let mut lost = Vec::new();
    for (key, first) in before {
        let dn = text(first.dn.raw_bytes());
        let wrong = |what: String| fails(CheckName::Undo, what);
        let Some(last) = after.get(key) else { return Err(wrong(format!("the rollback does not restore {dn}"))) };
        if first.dn.raw_bytes() != last.dn.raw_bytes() {
            return Err(wrong(format!("the rollback restores {dn} with its name spelled differently")));
        }
        let mut attributes = Vec::new();
        for attribute in &first.attributes {
            let again = last.attributes.iter().find(|other| other.description == attribute.description);
            match again {
                Some(again) if sorted(again) == sorted(attribute) => {}
                None if attribute.values.is_empty() => {}
                None if server.sets(attribute.description.attribute_type()) => {
                    attributes.push(attribute.description.as_str().to_owned());
                }
                _ => {
                    let what = format!("the rollback does not restore the values of {} in {dn}", attribute.description);
                    return Err(wrong(what));
                }
            }
        }
        let extra = last
            .attributes
            .iter()
            .find(|attribute| !first.attributes.iter().any(|other| other.description == attribute.description));
        if let Some(attribute) = extra {
            return Err(wrong(format!("the rollback leaves {} in {dn}, which did not have it", attribute.description)));
        }
        if !attributes.is_empty() {
            lost.push(LostAttributes { dn: first.dn.raw_bytes().to_vec(), attributes });
        }
    }
    Ok(lost)
}

/// Whether an entry is one of several that a line of a list or of a roster matches, so that the plan leaves them all alone.
fn is_one_of_several(planned: &Plan, dn: &Dn) -> bool {
    let of_list = planned.conflicts.iter().any(|conflict| match &conflict.kind {
        ConflictKind::Several(entries) => entries.iter().any(|(one, _)| one.key() == dn.key()),
        _ => false,
    });
    let mut of_roster = planned.decision_items.iter().filter(|item| item.code == ItemCode::RosterKeyAmbiguous);
    of_list || of_roster.any(|item| DnKey::parse(&item.dn).is_ok_and(|key| key == *dn.key()))
}

/// Why a second plan would change an entry further, and what to do about it, for the known causes.
fn next_automatic_action(planned: &Plan, policy: &Policy, dn: &Dn) -> Option<&'static str> {
    if is_one_of_several(planned, dn) {
        Some(
            "several entries match this leaver, and after this plan only one of them is left, so the next run would take \
             it; identify the leaver by a value that no other account has",
        )
    } else if !policy.rules.is_empty() && planned.moved.iter().any(|(_, new)| new.key() == dn.key()) {
        Some(
            "this plan moves the account there, and another [[rule]] applies there; put a [[rule]] for the new place \
             before the others",
        )
    } else {
        None
    }
}

/// Plans again from the after-state; any operation fails the check.
fn settled<E: Exports>(inputs: &ProofInputs<'_, E>, after: &Overlay) -> Result<(), ProofError<E::Error>> {
    let &ProofInputs { reader, policy, request, plan: planned, .. } = inputs;
    // Lists that name accounts by DN refer to moved accounts by their old names.
    let mut request = request.clone();
    for (old, new) in &planned.moved {
        request.history.add_move(old, new);
    }
    match plan_again(reader, &planned.retained, after, policy, &request) {
        Ok(again) => match further_change(&again, planned, policy) {
            None => Ok(()),
            Some(change) => {
                let what = format!("a second plan, made from the result of this one, would write {change}");
                Err(fails(CheckName::Settled, what))
            }
        },
        Err(PlanError::Scan(error)) => Err(ProofError::Scan(error)),
        Err(error) => Err(fails(CheckName::Settled, format!("a second plan cannot be made: {error}"))),
    }
}

/// The operation of a second plan to report: the first one whose cause is known, or else the first one.
fn further_change(again: &Plan, planned: &Plan, policy: &Policy) -> Option<String> {
    let operations = || again.operations.iter().filter(|operation| operation.kind != Kind::Guard);
    let shown =
        |operation: &Operation| format!("`{}` for {}", operation.kind.name(), text(operation.record.dn.raw_bytes()));
    for operation in operations() {
        if let Some(cause) = next_automatic_action(planned, policy, &operation.record.dn) {
            return Some(format!("{}: {cause}", shown(operation)));
        }
    }
    // If a tool of the site deletes the account, no operation is on the entry of the account itself.
    for operation in operations() {
        for account in operation.accounts.iter().filter_map(|index| again.accounts.get(*index)) {
            let dn = &account.entry.dn;
            if let Some(cause) = next_automatic_action(planned, policy, dn) {
                let dn = text(dn.raw_bytes());
                return Some(format!("{}, because {dn} would be deleted: {cause}", shown(operation)));
            }
        }
    }
    operations().next().map(shown)
}
