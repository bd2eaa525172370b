//! Pass 1: which accounts are meant, and what must be known of them before anything else.

use std::sync::Arc;

use super::identity::Identities;
use super::operational::{self, InExports};
use super::orphans::Owners;
use super::rosters::{Hit, Rosters, Verdict};
use crate::directory::census::Place;
use crate::directory::key_hash::KeySet;
use crate::directory::operational::Watch;
use crate::directory::references::kinds::MEMBERS;
use crate::directory::scan::Unreadable;
use crate::directory::structure::is_membership;
use crate::directory::tops::MissingParent;
use crate::directory::{EntryView, Pass, Structure};
use crate::ldap::attribute::same_type;
use crate::ldap::schema::{SCHEMA_ATTRIBUTES, is_schema};
use crate::ldap::{AttributeDescription, Entry, TypeMap};
use crate::ldif::{AttributeSelection, ContentRecord};
use crate::lifecycle::state::{disable_attributes, is_disabled_where};
use crate::policy::{Absence, Policy};

/// What an attribute is to the pass.
#[derive(Clone, Copy, Debug, Default)]
struct Role {
    /// Its number among those by whose values an entry may be meant.
    identity: Option<usize>,
    /// Its values are the members of a group.
    membership: bool,
    /// It may make the entry one that holds schema.
    schema: bool,
}

/// Looks for the entries that identities mean, and for those that rosters say something of.
pub struct Resolve<'p> {
    roles: TypeMap<Role>,
    interest: AttributeSelection,
    watch: Option<Watch>,
    policy: &'p Policy,
    identities: Identities,
    rosters: Rosters<'p>,
    /// Entries that the policy itself names: protected groups, suffixes.
    named: KeySet,
    /// Look for address books that are nobody's.
    orphans: bool,
}

/// An entry that at least one identity means, or that a roster says something of which matters.
#[derive(Clone)]
pub struct Match {
    /// The identities, by index.
    pub identities: Vec<usize>,
    /// The entry.
    pub entry: Arc<Entry>,
    /// Whether the policy takes it for an account.
    pub is_account: bool,
    /// What the rosters that are about it say.
    pub hits: Vec<Hit>,
}

/// An entry that identities mean, and that cannot be judged, because its name is not a distinguished name.
#[derive(Clone, Debug)]
pub struct NotJudged {
    /// The identities, by index.
    pub identities: Vec<usize>,
    /// Where it is, and its name as written.
    pub place: Place,
}

/// What pass 1 keeps.
#[derive(Default)]
pub struct Resolved {
    /// Accounts of the exports, by the policy's filter and bases.
    pub accounts: u64,
    /// Entries that identities mean.
    pub matches: Vec<Match>,
    /// Entries that identities mean and that cannot be judged.
    pub not_judged: Vec<NotJudged>,
    /// Entries that the policy names, of those the exports hold.
    pub named: Vec<Entry>,
    /// Address books and who may own them; only if orphans are asked for.
    pub owners: Owners,
    /// Entries that hold schema.
    pub schema: Vec<Entry>,
    /// The names of all entries.
    pub structure: Structure,
    /// For each roster: accounts of its scope, and how many of them it lists.
    pub listed: Vec<(u64, u64)>,
    /// Which exports hold accounts, and which hold more than address books.
    pub in_exports: InExports,
    /// Missing entries above the topmost ones: looked for after the pass.
    pub missing_parents: Vec<MissingParent>,
}

impl Resolved {
    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.accounts += other.accounts;
        self.matches.extend(other.matches);
        self.not_judged.extend(other.not_judged);
        self.named.extend(other.named);
        self.owners.merge(other.owners);
        self.schema.extend(other.schema);
        self.structure.merge(other.structure);
        self.in_exports.merge(other.in_exports);
        self.listed.resize(self.listed.len().max(other.listed.len()), (0, 0));
        for (known, (accounts, listed)) in self.listed.iter_mut().zip(other.listed) {
            known.0 += accounts;
            known.1 += listed;
        }
    }
}

impl<'p> Resolve<'p> {
    /// A pass for these identities.
    pub fn new(policy: &'p Policy, identities: Identities, rosters: Rosters<'p>, orphans: bool) -> Self {
        let keys = |dns: &[crate::ldap::Dn]| dns.iter().map(|dn| dn.key().clone()).collect::<Vec<_>>();
        let lists = [&policy.protect.group, &policy.protect.last_enabled, &policy.directory.suffixes];
        let named = lists.into_iter().flat_map(|list| keys(list)).collect();
        let mut known: TypeMap<Role> = TypeMap::default();
        let names: Vec<&str> =
            identities.types().map(|(name, _)| name).chain(MEMBERS).chain(SCHEMA_ATTRIBUTES).collect();
        let number_of: TypeMap<usize> = identities.types().collect();
        let (memberships, schema): (TypeMap<()>, TypeMap<()>) = (
            MEMBERS.iter().map(|name| (name, ())).collect(),
            SCHEMA_ATTRIBUTES.iter().map(|name| (name, ())).collect(),
        );
        for name in &names {
            let (membership, schema) = (memberships.get(name).is_some(), schema.get(name).is_some());
            known.insert(name, Role { identity: number_of.get(name), membership, schema });
        }
        let mut interest: AttributeSelection = names.iter().map(|name| (name, ())).collect();
        let mut also = |name: &str| interest.insert(name, ());
        policy.accounts.filter.for_each_type(&mut |name| also(name));
        rosters.for_each_type(&mut also);
        if !rosters.is_empty() {
            disable_attributes(policy).for_each(|description| also(description.attribute_type()));
        }
        if orphans {
            for name in Owners::attributes() {
                also(name);
            }
        }
        let watch = operational::watch(policy);
        Self { roles: known, interest, watch, policy, identities, rosters, named, orphans }
    }

    /// The policy of the plan.
    pub fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// Whether address books that are nobody's are looked for.
    pub fn looks_for_orphans(&self) -> bool {
        self.orphans
    }

    /// What the rosters say of an account, and whether it matters to the plan.
    fn ask_rosters(&self, entry: &EntryView<'_>, found: &mut Resolved) -> (Vec<Hit>, bool) {
        if self.rosters.is_empty() {
            return (Vec::new(), false);
        }
        let hits = self.rosters.look(entry);
        let is_disabled = || {
            is_disabled_where(self.policy, |description: &AttributeDescription| {
                // A value with other options counts as well.
                let whole = entry.with(description.attribute_type());
                let same =
                    whole.attributes.iter().filter(|line| same_type(&line.description, description.attribute_type()));
                same.map(|line| line.value.bytes()).collect()
            })
        };
        let mut matters = false;
        for hit in &hits {
            found.listed.resize(found.listed.len().max(hit.roster + 1), (0, 0));
            let listed = !matches!(hit.verdict, Verdict::Absent | Verdict::NoKey);
            found.listed[hit.roster].0 += 1;
            found.listed[hit.roster].1 += u64::from(listed);
            matters |= match hit.verdict {
                Verdict::Inactive | Verdict::Unknown => true,
                Verdict::Active => is_disabled(),
                Verdict::Absent | Verdict::NoKey => hit.absence != Absence::Ignore && !is_disabled(),
            };
        }
        (hits, matters)
    }
}

impl Pass for Resolve<'_> {
    type Found = Resolved;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn operational(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    fn visit_bad_name(&self, record: &ContentRecord<'_>, export: u16, found: &mut Resolved) {
        let mut identities = self.identities.by_bad_name(&record.dn).to_vec();
        for line in &record.attributes {
            if let Some(at) = self.roles.get(&line.description).and_then(|role| role.identity) {
                self.identities.by_value_anywhere(at, line.value.bytes(), &mut identities);
            }
        }
        if !identities.is_empty() {
            let place = Place { export, line: record.line, text: record.dn.to_vec() };
            found.not_judged.push(NotJudged { identities, place });
        }
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Resolved) -> Result<(), Unreadable> {
        found.structure.add_name(entry.key, entry.export, entry.record.line);
        if self.orphans {
            found.owners.add(entry, self.policy);
        }
        let mut by_value = Vec::new();
        let (mut is_group, mut has_schema) = (false, false);
        for line in &entry.record.attributes {
            let Some(role) = self.roles.get(&line.description) else { continue };
            if let Some(at) = role.identity {
                self.identities.by_value(at, line.value.bytes(), entry, &mut by_value);
            }
            is_group |= role.membership && is_membership(&line.description);
            has_schema |= role.schema && is_schema(&line.description, line.value.bytes());
        }
        if is_group {
            found.structure.add_group(entry);
        }
        if has_schema {
            found.schema.push(entry.to_entry()?);
        }
        if self.named.contains(entry.key) {
            found.named.push(entry.to_entry()?);
        }
        let is_account = self.policy.accounts.covers(entry.key, entry);
        found.accounts += u64::from(is_account);
        found.in_exports.add(entry, is_account, self.policy);
        let (hits, matters) = if is_account { self.ask_rosters(entry, found) } else { (Vec::new(), false) };
        let mut identities = self.identities.by_name(entry).to_vec();
        by_value.retain(|index| is_account && !identities.contains(index));
        identities.append(&mut by_value);
        if !identities.is_empty() || matters {
            found.matches.push(Match { identities, entry: entry.to_entry()?.into(), is_account, hits });
        }
        Ok(())
    }
}
