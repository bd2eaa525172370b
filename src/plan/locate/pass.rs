//! The first pass: the entries that identities match, those of which the rosters say something that matters, and what
//! must be known of the exports before anything else.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::line_picks::LinePicks;
use super::rosters::{LookedUp, RosterMatch, Rosters, Verdict};
use crate::directory::census::Place;
use crate::directory::identity::former_names::FormerNames;
use crate::directory::identity::holders::HOLDER_ATTRIBUTES;
use crate::directory::identity::wanted::{AlikeValue, Identities, MatchedIdentities, NearestEntries};
use crate::directory::key_hash::{Hashes, KeySet, hash};
use crate::directory::membership::{MEMBERSHIP_ATTRIBUTES, lists_members};
use crate::directory::operational::Watch;
use crate::directory::repeated::Repeated;
use crate::directory::scan::Unreadable;
use crate::directory::snapshot::{ExportsReader, visit_overlay};
use crate::directory::tops::{MissingParent, missing_parents};
use crate::directory::{EntryView, Exports, Overlay, Pass, ScanError, Structure};
use crate::ldap::attribute::{base_type, same_type};
use crate::ldap::filter::Truth;
use crate::ldap::schema::{SCHEMA_ATTRIBUTES, is_schema};
use crate::ldap::{AttributeDescription, Dn, Entry, TypeMap};
use crate::ldif::{AttributeSelection, ContentRecord};
use crate::lifecycle::History;
use crate::lifecycle::history::PresentEntry;
use crate::lifecycle::state::{disable_attributes, is_disabled_where};
use crate::plan::address_books::ownership::BookOwnership;
use crate::plan::operational::{self, ExportContents};
use crate::plan::request::Request;
use crate::policy::{Absence, Policy};

/// What the pass does with the values of an attribute.
#[derive(Clone, Copy, Debug, Default)]
struct AttributeUse {
    /// The index of the attribute among those by whose values an entry may match an identity.
    identity: Option<usize>,
    /// The values are the members of a group.
    is_membership: bool,
    /// The values may make the entry one that holds schema.
    is_schema: bool,
}

/// The pass.
pub struct LocatePass<'p> {
    uses: TypeMap<AttributeUse>,
    interest: AttributeSelection,
    watch: Option<Watch>,
    policy: &'p Policy,
    identities: Identities,
    rosters: Rosters<'p>,
    /// The names that the policy itself has: protected groups, suffixes.
    policy_names: KeySet,
    /// The names that accounts were moved to, by the history.
    moved_names: KeySet,
    /// Whether address books without an owner are looked for.
    with_ownership: bool,
    /// The attribute types of the policy's filters that no table and no schema has.
    unknown: TypeMap<()>,
    has_unknown: bool,
    lines: LinePicks<'p>,
}

/// What a run asks for, and what it knows about the past.
#[derive(Clone, Copy)]
pub struct Past<'p> {
    /// The request.
    pub request: &'p Request,
    /// The history, as far as it is about the entries of the exports.
    pub history: &'p History,
    /// The former names that follow from it.
    pub former_names: &'p FormerNames,
}

/// An entry that matches an identity, an account that has an alike value, or an account of which a roster says something that
/// matters.
#[derive(Clone)]
pub struct Match {
    /// The identities, by number.
    pub identities: Vec<usize>,
    /// The identities of which it only has an alike value. It is then an account.
    pub alike: Vec<AlikeValue>,
    /// The identities, by number, whose mail address the entry has, although it is no account.
    pub shared: Vec<usize>,
    /// The entry.
    pub entry: Arc<Entry>,
    /// Whether it is an account of the policy.
    pub is_account: bool,
    /// What the rosters that are about it say.
    pub rosters: Vec<RosterMatch>,
}

impl Match {
    /// The first of the rosters that says this.
    pub fn roster_saying(&self, verdict: Verdict) -> Option<&RosterMatch> {
        self.rosters.iter().find(|found| found.verdict == verdict)
    }
}

/// An entry with an invalid DN that matches identities. It cannot be judged.
#[derive(Clone, Debug)]
pub struct NotJudged {
    /// The identities, by number.
    pub identities: Vec<usize>,
    /// Where it is, and its name as written.
    pub place: Place,
}

/// The accounts in the scope of a roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeCount {
    /// How many there are.
    pub accounts: u64,
    /// How many of them the roster lists.
    pub listed: u64,
    /// The rows of the roster that list accounts, by index, with the number of accounts that each of them lists.
    pub rows: HashMap<usize, u32>,
}

/// What the pass keeps.
#[derive(Default)]
pub struct LocatedEntries {
    /// How many accounts of the policy the exports hold.
    pub accounts: u64,
    /// Entries that match identities.
    pub matches: Vec<Match>,
    /// Entries that are only near to identities.
    pub nearest: NearestEntries,
    /// Entries that match identities and cannot be judged.
    pub not_judged: Vec<NotJudged>,
    /// The entries whose names the policy has, of those that the exports hold.
    pub policy_entries: Vec<Entry>,
    /// Address books and their possible owners; only if that is asked for.
    pub ownership: BookOwnership,
    /// Entries that hold schema.
    pub schema: Vec<Entry>,
    /// The names of all entries.
    pub structure: Structure,
    /// By roster.
    pub scopes: Vec<ScopeCount>,
    /// Of the names that accounts were moved to by the history, those that the exports have.
    pub moved_names: KeySet,
    /// Which exports hold accounts, and which hold more than address books.
    pub contents: ExportContents,
    /// Missing entries above the topmost ones: looked for after the pass.
    pub missing_parents: Vec<MissingParent>,
    /// The attribute types that only the policy's filters know, and that an entry has; in lower case.
    pub seen_attributes: BTreeSet<String>,
    /// The [`EntryLine`](crate::policy::EntryLine)s of the policy that pick an entry, by index.
    pub matched_lines: BTreeSet<usize>,
    /// Entries that appear more than once: looked for after the pass.
    pub repeated: Repeated,
    /// The entries that `[veto] filter` matches, as hashes of their names.
    pub vetoed: Hashes,
}

/// What is kept of the first reading to plan again.
#[derive(Default)]
pub struct RetainedLocate {
    matches: Vec<Match>,
    not_judged: Vec<NotJudged>,
    policy_entries: Vec<Entry>,
    schema: Vec<Entry>,
    scopes: Vec<ScopeCount>,
    moved_names: KeySet,
    contents: ExportContents,
    seen_attributes: BTreeSet<String>,
    matched_lines: BTreeSet<usize>,
    repeated: Repeated,
    vetoed: Hashes,
}

impl From<LocatedEntries> for RetainedLocate {
    fn from(entries: LocatedEntries) -> Self {
        let LocatedEntries {
            matches,
            not_judged,
            policy_entries,
            schema,
            scopes,
            moved_names,
            contents,
            seen_attributes,
            matched_lines,
            repeated,
            vetoed,
            ..
        } = entries;
        Self {
            matches,
            not_judged,
            policy_entries,
            schema,
            scopes,
            moved_names,
            contents,
            seen_attributes,
            matched_lines,
            repeated,
            vetoed,
        }
    }
}

impl LocatedEntries {
    /// Adds what was found in later blocks.
    pub fn add(&mut self, later: Self) {
        self.accounts += later.accounts;
        self.matches.extend(later.matches);
        self.nearest.merge(later.nearest);
        self.moved_names.extend(later.moved_names);
        self.not_judged.extend(later.not_judged);
        self.policy_entries.extend(later.policy_entries);
        self.ownership.merge(later.ownership);
        self.schema.extend(later.schema);
        self.structure.merge(later.structure);
        self.contents.merge(later.contents);
        self.seen_attributes.extend(later.seen_attributes);
        self.matched_lines.extend(later.matched_lines);
        self.vetoed.extend(later.vetoed);
        for (roster, count) in later.scopes.into_iter().enumerate() {
            let known = self.scope(roster);
            known.accounts += count.accounts;
            known.listed += count.listed;
            for (row, accounts) in count.rows {
                *known.rows.entry(row).or_default() += accounts;
            }
        }
    }

    /// What the history says of the accounts that were found: nothing of an earlier account with the same name.
    pub fn own_history(&self, history: &History) -> History {
        let mut own = history.clone();
        for found in self.matches.iter().filter(|found| found.is_account) {
            let now = PresentEntry::of(&found.entry);
            own.is_of_another(found.entry.dn.key(), &now, |name| self.moved_names.contains(name));
        }
        own
    }

    fn scope(&mut self, roster: usize) -> &mut ScopeCount {
        self.scopes.resize(self.scopes.len().max(roster + 1), ScopeCount::default());
        &mut self.scopes[roster]
    }
}

impl<'p> LocatePass<'p> {
    /// A pass for these identities and rosters.
    pub fn new(policy: &'p Policy, identities: Identities, rosters: Rosters<'p>, past: Past<'p>) -> Self {
        let Past { request, history, former_names } = past;
        let with_ownership = request.orphans;
        let moved_names = history.new_names().cloned().collect();
        let lists: [&[Dn]; 3] = [&policy.protect.group, &policy.protect.last_enabled, &policy.directory.suffixes];
        let policy_names = lists.into_iter().flatten().map(|dn| dn.key().clone()).collect();
        let mut uses: TypeMap<AttributeUse> = TypeMap::default();
        let mut names: Vec<&str> = identities.types().map(|(name, _)| name).collect();
        names.extend(MEMBERSHIP_ATTRIBUTES.iter().map(|(name, _)| *name));
        names.extend(SCHEMA_ATTRIBUTES);
        let identity_of: TypeMap<usize> = identities.types().collect();
        let is_among = |list: &[&str], name: &str| list.iter().any(|other| same_type(other, name));
        for name in &names {
            let attribute_use = AttributeUse {
                identity: identity_of.get(name),
                is_membership: lists_members(name),
                is_schema: is_among(&SCHEMA_ATTRIBUTES, name),
            };
            uses.insert(name, attribute_use);
        }
        let mut interest: AttributeSelection = names.iter().map(|name| (name, ())).collect();
        let mut also = |name: &str| interest.insert(name, ());
        for name in HOLDER_ATTRIBUTES {
            also(name);
        }
        policy.accounts.filter.for_each_type(&mut |name| also(name));
        if let Some(filter) = policy.veto.filter() {
            filter.for_each_type(&mut |name| also(name));
        }
        rosters.for_each_type(&mut also);
        if !rosters.is_empty() {
            disable_attributes(policy).for_each(|description| also(description.attribute_type()));
        }
        if with_ownership {
            BookOwnership::attributes().for_each(&mut also);
        }
        let lines = LinePicks::of(policy, former_names.clone());
        lines.for_each_type(&mut also);
        let unknown = policy.unknown_attributes(&request.schema);
        for unknown in &unknown {
            also(&unknown.name);
        }
        let has_unknown = !unknown.is_empty();
        let unknown = unknown.iter().map(|unknown| (&unknown.name, ())).collect();
        let watch = operational::watch(policy);
        Self {
            uses,
            interest,
            watch,
            policy,
            identities,
            rosters,
            policy_names,
            moved_names,
            with_ownership,
            unknown,
            has_unknown,
            lines,
        }
    }

    /// What the rosters say of an account, if the plan depends on it.
    fn ask_rosters(&self, entry: &EntryView<'_>, found: &mut LocatedEntries) -> RosterAnswer {
        let mut answer = RosterAnswer::default();
        if self.rosters.is_empty() {
            return answer;
        }
        let looked_up = self.rosters.look_up(entry);
        let is_disabled = || {
            is_disabled_where(self.policy, |description: &AttributeDescription| {
                // A value counts with any options.
                let whole = entry.with(description.attribute_type());
                let same =
                    whole.attributes.iter().filter(|line| same_type(&line.description, description.attribute_type()));
                same.map(|line| line.value.bytes()).collect()
            })
        };
        for LookedUp { matched, rows } in looked_up {
            let scope = found.scope(matched.roster);
            scope.accounts += 1;
            scope.listed += u64::from(matched.is_listed());
            for row in rows {
                *scope.rows.entry(row).or_default() += 1;
            }
            answer.matters |= match matched.verdict {
                Verdict::Inactive | Verdict::Unknown | Verdict::Contradictory => true,
                Verdict::Active => is_disabled(),
                Verdict::Absent if matched.alike.is_some() => true,
                Verdict::Absent | Verdict::NoKey => matched.absence != Absence::Ignore && !is_disabled(),
            };
            answer.matches.push(matched);
        }
        answer
    }
}

/// What the rosters say of an account.
#[derive(Default)]
struct RosterAnswer {
    matches: Vec<RosterMatch>,
    /// Whether the plan depends on it.
    matters: bool,
}

impl Pass for LocatePass<'_> {
    type Found = LocatedEntries;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn operational(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    fn visit_bad_name(&self, record: &ContentRecord<'_>, export: u16, found: &mut LocatedEntries) {
        let mut identities = self.identities.by_bad_name(&record.dn).to_vec();
        for line in &record.attributes {
            if let Some(index) = self.uses.get(&line.description).and_then(|attribute_use| attribute_use.identity) {
                self.identities.by_value_in_any_domain(index, line.value.bytes(), &mut identities);
            }
        }
        if !identities.is_empty() {
            let place = Place { export, line: record.line, text: record.dn.to_vec() };
            found.not_judged.push(NotJudged { identities, place });
        }
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut LocatedEntries) -> Result<(), Unreadable> {
        found.structure.add_name(entry.key, entry.export, entry.record.line);
        if self.with_ownership {
            found.ownership.add(entry, self.policy);
        }
        let mut identities = MatchedIdentities::default();
        let (mut is_group, mut has_schema) = (false, false);
        self.lines.add_matched(entry, &mut found.matched_lines);
        for line in &entry.record.attributes {
            if self.has_unknown && self.unknown.get(&line.description).is_some() {
                found.seen_attributes.insert(base_type(&line.description).to_ascii_lowercase());
            }
            let Some(attribute_use) = self.uses.get(&line.description) else { continue };
            if let Some(index) = attribute_use.identity {
                self.identities.by_value(index, line, entry, &mut identities);
            }
            is_group |= attribute_use.is_membership;
            has_schema |= attribute_use.is_schema && is_schema(&line.description, line.value.bytes());
        }
        if is_group {
            found.structure.add_group(entry);
        }
        if has_schema {
            found.schema.push(entry.to_entry()?);
        }
        if self.policy_names.contains(entry.key) {
            found.policy_entries.push(entry.to_entry()?);
        }
        if let Some(name) = self.moved_names.get(entry.key) {
            found.moved_names.insert(name.clone());
        }
        if self.policy.veto.filter().is_some_and(|filter| filter.evaluate(entry) == Truth::True) {
            found.vetoed.insert(hash(entry.key));
        }
        let is_account = self.policy.accounts.covers(entry.key, entry);
        found.accounts += u64::from(is_account);
        found.contents.add(entry, is_account, self.policy);
        let answer = if is_account { self.ask_rosters(entry, found) } else { RosterAnswer::default() };
        self.identities.complete(entry, is_account, &mut identities);
        let matched = std::mem::take(&mut identities.matched);
        let alike = std::mem::take(&mut identities.alike);
        let mut shared = std::mem::take(&mut identities.shared);
        let books = self.policy.address_books.suffix.as_ref();
        if books.is_some_and(|suffix| entry.key.starts_with(suffix.key().as_bytes())) {
            // It only says how to reach a person.
            shared.clear();
        }
        found.nearest.add_entry(entry, identities);
        if !matched.is_empty() || !alike.is_empty() || !shared.is_empty() || answer.matters {
            let entry = entry.to_entry()?.into();
            let rosters = answer.matches;
            found.matches.push(Match { identities: matched, alike, shared, entry, is_account, rosters });
        }
        Ok(())
    }
}

/// The entries that `[veto] filter` matched, without those that the overlay has.
fn untouched_vetoed(retained: &RetainedLocate, overlay: &Overlay) -> Hashes {
    let mut vetoed = retained.vetoed.clone();
    for key in overlay.keys() {
        vetoed.remove(&hash(key.as_bytes()));
    }
    vetoed
}

impl LocatePass<'_> {
    /// Completes what was found, after all entries were read.
    pub fn complete<E: Exports>(
        &self,
        found: &mut LocatedEntries,
        reader: &ExportsReader<'_, E>,
    ) -> Result<(), ScanError<E::Error>> {
        found.structure.finish();
        let ExportsReader { exports, urls, overlay } = *reader;
        found.repeated = Repeated::find(exports, urls, overlay, &found.structure)?;
        found.missing_parents = missing_parents(exports, urls, overlay, &found.structure, self.policy)?;
        Ok(())
    }

    /// What the pass finds with `overlay` laid over the exports of which this was retained.
    pub fn repeat(&self, retained: &RetainedLocate, overlay: &Overlay) -> Option<LocatedEntries> {
        if self.with_ownership {
            return None;
        }
        let untouched = |entries: &[Entry]| -> Vec<Entry> {
            entries.iter().filter(|entry| !overlay.contains_key(entry.dn.key())).cloned().collect()
        };
        let matches = retained.matches.iter().filter(|found| !overlay.contains_key(found.entry.dn.key()));
        let mut found = LocatedEntries {
            matches: matches.cloned().collect(),
            not_judged: retained.not_judged.clone(),
            policy_entries: untouched(&retained.policy_entries),
            schema: untouched(&retained.schema),
            scopes: retained.scopes.clone(),
            moved_names: retained.moved_names.iter().filter(|name| !overlay.contains_key(*name)).cloned().collect(),
            contents: retained.contents.clone(),
            seen_attributes: retained.seen_attributes.clone(),
            matched_lines: retained.matched_lines.clone(),
            repeated: retained.repeated.clone(),
            vetoed: untouched_vetoed(retained, overlay),
            ..LocatedEntries::default()
        };
        let mut touched = LocatedEntries::default();
        visit_overlay(overlay, self, &mut touched).ok()?;
        // The names of a few entries have holes that the whole directory does not have.
        touched.structure = Structure::default();
        // These accounts are counted in what is retained.
        touched.scopes = Vec::new();
        found.add(touched);
        Some(found)
    }
}
