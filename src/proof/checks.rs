//! The seven checks.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use thiserror::Error;

use super::apply::{Model, is_linked};
use super::around::{Around, Found, Naming};
use crate::directory::key_hash::KeySet;
use crate::directory::overlay::apply_overlay;
use crate::directory::references::subject_index::identifying;
use crate::directory::references::{MatchKind, Referent, SubjectIndex, Treatment};
use crate::directory::{Exports, ExportsReader, Overlay, ScanError};
use crate::ldap::attribute::base_type;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::dn_key::{KeyBuffer, parent_of, prefixes};
use crate::ldap::managed_entries::{has_plug_in, is_managed, managed_by_origin};
use crate::ldap::matching::MatchingRule::OctetString;
use crate::ldap::matching::normalize;
use crate::ldap::{Attribute, Change, ChangeRecord, Dn, DnKey, Entry, Renames, ResultCode};
use crate::ldif::{AttributeSelection, Record, RecordReader, UrlPolicy, convert, writer};
use crate::plan::gather::attributes::reference_attributes;
use crate::plan::{ConflictKind, ItemCode, Kind, Operation, Plan, PlanError, Request, plan_again};
use crate::policy::{Policy, Server, ServerSchema};

/// The text of the change files, in the order in which they run.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Name and text of each file that applies the plan.
    pub apply: Vec<(String, Vec<u8>)>,
    /// Name and text of each file that undoes it.
    pub rollback: Vec<(String, Vec<u8>)>,
}

/// One check that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name: stable.
    pub name: &'static str,
    /// What was looked at, in numbers.
    pub counted: String,
}

/// The proof of a plan.
#[derive(Clone, Default)]
pub struct Proof {
    /// The checks, all of which hold.
    pub checks: Vec<Check>,
    /// What a rollback cannot bring back: the entry and its attributes.
    pub lost: Vec<(Vec<u8>, Vec<String>)>,
    /// Values left behind because the policy has them under review.
    pub open_decision_items: u64,
    /// Every touched entry afterwards, by the name that it has in the exports; `None` is a deleted one.
    pub after: BTreeMap<DnKey, Option<Arc<Entry>>>,
}

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum ProofError<E> {
    /// The exports could not be read.
    #[error(transparent)]
    Scan(#[from] ScanError<E>),
    /// A check does not hold. Names from the directory in `what` are raw.
    #[error("the check `{check}` fails: {what}")]
    Fails {
        /// Its name.
        check: &'static str,
        /// What was found.
        what: String,
    },
}

fn fails<E>(check: &'static str, what: String) -> ProofError<E> {
    ProofError::Fails { check, what }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Proves that the files do what the plan says and no more, and that it can be undone, on the exports that it was made
/// from: with the same changes laid over them, if there are any.
pub fn prove<E: Exports>(
    reader: ExportsReader<'_, E>,
    policy: &Policy,
    request: &Request,
    planned: &Plan,
    files: &Files,
) -> Result<Proof, ProofError<E::Error>> {
    let bound = policy.bound(planned.schema.described());
    let (as_given, policy) = (policy, &bound);
    let mut proof = Proof::default();
    let expected: Vec<&ChangeRecord> = planned.operations.iter().map(|operation| &operation.record).collect();
    let apply = written(&files.apply, &expected)?;
    let undo = written(&files.rollback, &inverses(&planned.operations))?;
    proof.hold("written", format!("{} records to apply, {} to undo", apply.len(), undo.len()));

    let around = look_for(policy, planned, &apply);
    let mut found = Found::default();
    reader.scan(&around, |part| found.merge(part))?;
    let before = first_states(std::mem::take(&mut found.targets))?;
    let mut model = model(&found, &before, planned.schema.clone());

    run(&mut model, &apply, "applies")?;
    proof.hold("applies", format!("{} records on {} entries", apply.len(), before.len()));
    proof.hold("leaves-first", format!("{} deletions, {} children", around.deleted.len(), found.children.len()));

    proof.open_decision_items = no_dangling(&model, &around, (&found, &before), planned, policy)?;
    let left = proof.open_decision_items;
    proof.hold(
        "no-dangling",
        format!(
            "{} values of attributes that are known as references, in {} entries; {left} left for review",
            found.values, found.entries
        ),
    );
    untouched(&around, planned, &before, policy)?;
    proof.hold("untouched", format!("{} entries touched of {}, none protected", before.len(), found.entries));

    proof.after = before.keys().map(|key| (key.clone(), model.entries.get(&model.name_now(key)).cloned())).collect();
    model.stood_before = true;
    run(&mut model, &undo, "undo")?;
    proof.lost = undone(&before, &model.entries, policy.directory.server)?;
    proof.hold("undo", format!("{} records bring back {} entries", undo.len(), before.len()));

    // What is not needed any more makes room for the second plan.
    drop((model, before, found, around, apply, undo));
    let mut after = reader.overlay.cloned().unwrap_or_default();
    apply_overlay(&mut after, &proof.after);
    settled(reader, as_given, request, planned, &after)?;
    proof.hold("settled", "planned again from the after-state: no operation".to_owned());
    Ok(proof)
}

impl Proof {
    fn hold(&mut self, name: &'static str, counted: String) {
        self.checks.push(Check { name, counted });
    }
}

/// The records that undo operations, in the order in which they run.
pub fn inverses(operations: &[Operation]) -> Vec<&ChangeRecord> {
    operations.iter().rev().filter_map(|operation| operation.inverse.as_ref()).collect()
}

/// Reads the files back and holds them against the records that they should hold. Gives what was read; where that is the
/// same to the last byte as what was meant, there is no second copy of it.
fn written<'r, E>(
    files: &[(String, Vec<u8>)],
    expected: &[&'r ChangeRecord],
) -> Result<Vec<Cow<'r, ChangeRecord>>, ProofError<E>> {
    let differ = || fails("written", "the files are not what was planned".to_owned());
    let mut records = Vec::new();
    for (name, content) in files {
        let wrong = |what: &dyn std::fmt::Display| fails("written", format!("{name}: {what}"));
        for record in RecordReader::new(content, 1, UrlPolicy::Refuse) {
            match record.map_err(|error| wrong(&error))? {
                Record::Change(record) => {
                    let read = convert::change(&record).map_err(|error| wrong(&error))?;
                    let meant: &'r ChangeRecord = expected.get(records.len()).ok_or_else(differ)?;
                    let is_same = read.is_exactly(meant);
                    if !is_same && spelled(&read) != spelled(meant) {
                        return Err(differ());
                    }
                    records.push(if is_same { Cow::Borrowed(meant) } else { Cow::Owned(read) });
                }
                Record::NonEntry { .. } => {}
                Record::Content(record) => return Err(wrong(&format!("line {}: an entry, no change", record.line))),
            }
        }
    }
    if records.len() == expected.len() { Ok(records) } else { Err(differ()) }
}

/// The text of a record: that compares every byte, spellings too, where records are put together in another way.
fn spelled(record: &ChangeRecord) -> Vec<u8> {
    let mut out = Vec::new();
    writer::write_change(&mut out, record);
    out
}

fn look_for<'p>(policy: &'p Policy, planned: &Plan, records: &[Cow<'_, ChangeRecord>]) -> Around<'p> {
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
            // A name that is taken must be seen.
            targets.insert(new.clone());
            renames.push(record.dn.key().clone(), new);
        }
    }
    let deletes = records.iter().filter(|record| matches!(record.change, Change::Delete));
    let deleted: KeySet = deletes.map(|record| record.dn.key().clone()).collect();
    let moved: KeySet = renames.old_names().cloned().collect();
    // What a tool of the site deletes must not be named either.
    let is_deleted_account = |account: &&crate::plan::Account| account.decision.step == crate::lifecycle::Step::Delete;
    let all_stages = planned.operations.iter().any(|operation| operation.stage == crate::plan::Stage::References)
        || policy.directory.tools.file_deletes();
    let deleted_accounts = planned.accounts.iter().filter(is_deleted_account).filter(|_| all_stages);
    let by_tool = deleted_accounts.filter(|_| !policy.directory.tools.file_deletes());
    let mut gone = SubjectIndex::default();
    let mut names: Vec<DnKey> = Vec::new();
    let server = policy.directory.server;
    let by_server: KeySet = if has_plug_in(server) {
        let origins = own_accounts(planned, &deleted).flat_map(managed_by_origin).collect::<KeySet>();
        let managed = planned.dependents.iter().filter(|entry| is_managed(entry, server));
        managed.map(|entry| entry.dn.key().clone()).filter(|key| origins.contains(key)).collect()
    } else {
        KeySet::default()
    };
    targets.extend(by_server.iter().cloned());
    let dependents = planned.dependents.iter().map(AsRef::as_ref);
    let dependents = dependents.filter(|entry| deleted.contains(entry.dn.key()) || by_server.contains(entry.dn.key()));
    for entry in by_tool.map(|account| &*account.entry).chain(own_accounts(planned, &deleted)).chain(dependents) {
        gone.add(names.len(), entry);
        names.push(entry.dn.key().clone());
    }
    for key in deleted.iter().chain(&moved) {
        if gone.by_name(key.as_bytes()).is_none() {
            gone.add_name(names.len(), key);
            names.push(key.clone());
        }
    }
    let kinds = reference_attributes(policy, planned.schema.described());
    let mut interest: AttributeSelection = kinds.iter().map(|attribute| (&attribute.name, ())).collect();
    identifying().for_each(|name| interest.insert(name, ()));
    Around {
        interest,
        parents,
        gone,
        names,
        deleted,
        moved,
        targets,
        kinds: kinds.into_iter().map(|attribute| (attribute.name, (attribute.form, attribute.treatment))).collect(),
        accounts: &policy.accounts.filter,
        books: policy.address_books.suffix.as_ref().map(Dn::key),
        identifying: Around::identifying(),
    }
}

/// Adds every name above one.
fn add_above(names: &mut KeySet, key: &DnKey) {
    let above = prefixes(parent_of(key.as_bytes())).map(|(name, _)| name);
    // From the bottom up, to the first that is known.
    for name in above.collect::<Vec<_>>().into_iter().rev() {
        if !names.insert(DnKey::from_key_bytes(name)) {
            break;
        }
    }
}

/// The accounts that the records delete.
fn own_accounts<'p>(planned: &'p Plan, deleted: &'p KeySet) -> impl Iterator<Item = &'p Entry> {
    planned.accounts.iter().map(|account| &*account.entry).filter(|entry| deleted.contains(entry.dn.key()))
}

fn first_states<E>(targets: Vec<Entry>) -> Result<BTreeMap<DnKey, Arc<Entry>>, ProofError<E>> {
    let mut states = BTreeMap::new();
    for entry in targets {
        if let Some(twice) = states.insert(entry.dn.key().clone(), Arc::new(entry)) {
            return Err(fails("applies", format!("{} is in the exports twice", text(twice.dn.raw_bytes()))));
        }
    }
    Ok(states)
}

fn model(found: &Found, before: &BTreeMap<DnKey, Arc<Entry>>, schema: ServerSchema) -> Model {
    let mut model = Model {
        entries: before.clone(),
        others: found
            .parents
            .iter()
            .filter(|parent| !before.contains_key(*parent))
            .chain(found.above_the_exports())
            .cloned()
            .collect(),
        ..Model::new(schema)
    };
    for (parent, child) in &found.children {
        model.children.entry(parent.clone()).or_default().insert(child.clone());
    }
    model
}

fn run<E>(model: &mut Model, records: &[Cow<'_, ChangeRecord>], check: &'static str) -> Result<(), ProofError<E>> {
    for (index, record) in records.iter().enumerate() {
        model.step(record).map_err(|code| {
            let check = if code == ResultCode::NotAllowedOnNonLeaf { "leaves-first" } else { check };
            fails(check, format!("record {} on {}: {code}", index + 1, text(record.dn.raw_bytes())))
        })?;
    }
    model.follow_links();
    Ok(())
}

/// Counts the values that a person must decide on; any other that still names somebody who is gone fails the check, but
/// for those of moved entries that the server itself changes, of groups that a tool cleans, and of somebody else with the
/// same user name.
fn no_dangling<E>(
    model: &Model,
    around: &Around<'_>,
    (found, before): (&Found, &BTreeMap<DnKey, Arc<Entry>>),
    planned: &Plan,
    policy: &Policy,
) -> Result<u64, ProofError<E>> {
    let reviews = planned.decision_items.iter();
    let decided: HashSet<(&[u8], String, &[u8])> = reviews
        .map(|review| (review.dn.as_slice(), review.attribute.to_ascii_lowercase(), review.value.as_slice()))
        .collect();
    let mut open_decision_items = 0;
    let mut last = None;
    for naming in &found.namings {
        let base = base_type(&naming.attribute);
        // Those of one attribute stand one behind the other.
        let values = match last.take() {
            Some((entry, attribute, values)) if entry == &naming.entry && attribute == base => values,
            _ => values_now(model, naming, base),
        };
        let stays = match &values {
            Some(values) => values.contains(&*naming.value),
            // What a tool of the site deletes goes with its own values.
            None => !around.targets.contains(&naming.entry) && around.gone.by_name(naming.entry.as_bytes()).is_none(),
        };
        last = Some((&naming.entry, base, values));
        let person = &around.names[naming.person];
        let follows = policy.moving.as_ref().is_some_and(|moving| moving.follows(base, &naming.value))
            && naming.how == MatchKind::Name
            && around.moved.contains(person);
        if !stays || follows || !policy.directory.tools.file_cleans(base) || is_another_ones(around, found, naming) {
            continue;
        }
        if decided.contains(&(naming.dn.as_slice(), naming.attribute.to_ascii_lowercase(), naming.value.as_slice())) {
            open_decision_items += 1;
            continue;
        }
        let (attribute, dn, value) = (&naming.attribute, text(&naming.dn), text(&naming.value));
        let what = format!("{attribute} of {dn} would still name {value}, which is gone");
        return Err(fails("no-dangling", what));
    }
    names_nobody_new(model, around, before)?;
    Ok(open_decision_items)
}

/// The values that an attribute of an entry has now, in any of its options; `None` if the model has no such entry.
fn values_now<'m>(model: &'m Model, naming: &Naming, base: &str) -> Option<HashSet<&'m [u8]>> {
    let entry = model.entries.get(&model.name_now(&naming.entry))?;
    let same = entry.attributes.iter().filter(|known| known.description.is_type(base));
    Some(same.flat_map(|known| &known.values).map(|value| &*value.bytes).collect())
}

fn is_another_ones(around: &Around<'_>, found: &Found, naming: &Naming) -> bool {
    let base = base_type(&naming.attribute);
    let Some((form, _)) = around.kinds.get(base) else { return false };
    let person = &around.names[naming.person];
    found.namesakes.referent(form, naming.how, &naming.value, person, &naming.entry) == Referent::SomeoneElse
}

/// Holds if nothing that the records write names somebody who is gone.
fn names_nobody_new<E>(
    model: &Model,
    around: &Around<'_>,
    before: &BTreeMap<DnKey, Arc<Entry>>,
) -> Result<(), ProofError<E>> {
    let (mut keys, mut named) = (KeyBuffer::new(), Vec::new());
    for (key, first) in before {
        let Some(entry) = model.entries.get(&model.name_now(key)) else { continue };
        for attribute in &entry.attributes {
            let name = attribute.description.attribute_type();
            let Some((form, treatment)) = around.kinds.get(name) else { continue };
            let old: HashSet<&[u8]> = first.values(name).map(|value| &*value.bytes).collect();
            for value in attribute.values.iter().filter(|value| !old.contains(&*value.bytes)) {
                let reads = form.find(name, &value.bytes, &around.gone, &mut keys, &mut named).is_ok();
                if reads && treatment != Treatment::Leave && named.iter().any(|naming| naming.kind.is_certain()) {
                    let (dn, value) = (text(entry.dn.raw_bytes()), text(&value.bytes));
                    return Err(fails("no-dangling", format!("{name} of {dn} would name {value}, which is gone")));
                }
            }
        }
    }
    Ok(())
}

fn untouched<E>(
    around: &Around<'_>,
    planned: &Plan,
    before: &BTreeMap<DnKey, Arc<Entry>>,
    policy: &Policy,
) -> Result<(), ProofError<E>> {
    let new_names: HashSet<&DnKey> = planned.moved.iter().map(|(_, new)| new.key()).collect();
    for key in &around.targets {
        if !planned.before.contains_key(key) && !new_names.contains(key) {
            return Err(fails("untouched", format!("{key:?} is not in the plan's list")));
        }
    }
    match before.values().find(|entry| policy.protect.covers(entry)) {
        None => Ok(()),
        Some(entry) => Err(fails("untouched", format!("{} is protected", text(entry.dn.raw_bytes())))),
    }
}

/// What a rollback does not bring back: the name of an entry, and its attributes.
type Lost = Vec<(Vec<u8>, Vec<String>)>;

/// Holds every entry against its first state.
fn undone<E>(
    before: &BTreeMap<DnKey, Arc<Entry>>,
    after: &BTreeMap<DnKey, Arc<Entry>>,
    server: Server,
) -> Result<Lost, ProofError<E>> {
    let follows = server.profile().follows_moves;
    let sorted = |attribute: &Attribute| -> Vec<Vec<u8>> {
        let name = attribute.description.attribute_type();
        // A server that keeps these values itself spells them as it likes.
        let rule = if follows && is_linked(name) { equality_rule(name) } else { OctetString };
        let mut values: Vec<_> =
            attribute.values.iter().map(|value| normalize(rule, &value.bytes).into_owned()).collect();
        values.sort();
        values
    };
    let mut lost = Vec::new();
    for (key, first) in before {
        let wrong = |what: &str| fails("undo", format!("{} {what}", text(first.dn.raw_bytes())));
        let Some(last) = after.get(key) else { return Err(wrong("does not come back")) };
        if first.dn.raw_bytes() != last.dn.raw_bytes() {
            return Err(wrong("comes back under another spelling"));
        }
        let mut gone = Vec::new();
        for attribute in &first.attributes {
            let again = last.attributes.iter().find(|other| other.description == attribute.description);
            match again {
                Some(again) if sorted(again) == sorted(attribute) => {}
                None if attribute.values.is_empty() => {}
                None if server.sets(attribute.description.attribute_type()) => {
                    gone.push(attribute.description.raw_bytes().to_owned());
                }
                _ => return Err(wrong(&format!("does not get its {} back", attribute.description))),
            }
        }
        let extra = last
            .attributes
            .iter()
            .find(|attribute| !first.attributes.iter().any(|other| other.description == attribute.description));
        if let Some(attribute) = extra {
            return Err(wrong(&format!("comes back with a new {}", attribute.description)));
        }
        if !gone.is_empty() {
            lost.push((first.dn.raw_bytes().to_vec(), gone));
        }
    }
    Ok(lost)
}

/// Whether an entry is one of several that a line of a list or of a roster could mean, so that nothing is done with it.
fn is_one_of_several(planned: &Plan, dn: &Dn) -> bool {
    let of_list = planned.conflicts.iter().any(|conflict| match &conflict.kind {
        ConflictKind::Several(entries) => entries.iter().any(|(one, _)| one.key() == dn.key()),
        _ => false,
    });
    let mut reviews = planned.decision_items.iter().filter(|review| review.code == ItemCode::RosterKeyAmbiguous);
    of_list || reviews.any(|review| DnKey::parse(&review.dn).is_ok_and(|key| key == *dn.key()))
}

/// The ways in which a plan goes on by itself: the next run takes another person, or does more.
fn goes_on(planned: &Plan, policy: &Policy, dn: &Dn) -> Option<&'static str> {
    if is_one_of_several(planned, dn) {
        Some(
            ": several entries match what a leaver is named by, and it would be the only one left; name the leaver by what \
             nobody else has",
        )
    } else if !policy.rules.is_empty() && planned.moved.iter().any(|(_, new)| new.key() == dn.key()) {
        Some(
            ": that is where this plan moves it, and another [[rule]] holds there; give [move] to a rule of its own, \
             before the others",
        )
    } else {
        None
    }
}

fn settled<E: Exports>(
    reader: ExportsReader<'_, E>,
    policy: &Policy,
    request: &Request,
    planned: &Plan,
    after: &Overlay,
) -> Result<(), ProofError<E::Error>> {
    // A list that names accounts by DN means those that are moved now.
    let mut request = request.clone();
    for (old, new) in &planned.moved {
        request.history.add_move(old, new);
    }
    match plan_again(reader, &planned.retained, after, policy, &request) {
        Ok(again) => {
            // The one that says why, or else the first.
            let more = || again.operations.iter().filter(|operation| operation.kind != Kind::Guard);
            let Some(first) = more().next() else { return Ok(()) };
            let of_entry = more().find_map(|operation| {
                Some((operation, String::new(), goes_on(planned, policy, &operation.record.dn)?))
            });
            // Where a tool of the site deletes the account, no operation is on its own entry.
            let of_account = || {
                more().find_map(|operation| {
                    let mut accounts = operation.accounts.iter().filter_map(|index| again.accounts.get(*index));
                    accounts.find_map(|account| {
                        let dn = &account.entry.dn;
                        let who = format!(", as {} goes", text(dn.raw_bytes()));
                        Some((operation, who, goes_on(planned, policy, dn)?))
                    })
                })
            };
            let known = of_entry.or_else(of_account);
            let (operation, who, why) = known.unwrap_or((first, String::new(), ""));
            let (kind, dn) = (operation.kind.name(), text(operation.record.dn.raw_bytes()));
            Err(fails("settled", format!("planning again would write `{kind}` for {dn}{who}{why}")))
        }
        Err(PlanError::Scan(error)) => Err(ProofError::Scan(error)),
        Err(error) => Err(fails("settled", format!("planning again: {error}"))),
    }
}
