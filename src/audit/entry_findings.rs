//! The last pass of an audit: the findings about each entry.

use std::collections::{HashMap, HashSet};

use super::AuditInputs;
use super::finding::{AuditFinding, FindingCode};
use super::index::{DirectoryIndex, identifiers};
use crate::directory::key_hash::hash;
use crate::directory::membership::criteria::EVERY_USER;
use crate::directory::membership::{self, is_placeholder_member, lists_members};
use crate::directory::references::reference_attributes::MEMBERS;
use crate::directory::references::{Form, Treatment, named_dn};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::attribute::{base_type, same_type};
use crate::ldap::dn_key::{KeyBuffer, prefixes};
use crate::ldap::schema::Schema;
use crate::ldap::vocabulary::Vocabulary;
use crate::ldap::{Dn, DnKey, Entry, Origin, TypeMap};
use crate::ldif::{AttributeLine, ContentRecord};
use crate::leavers::Action;
use crate::lifecycle::lint::lint;
use crate::lifecycle::state::State;
use crate::lifecycle::{DecisionInput, Reason, Step, decide};
use crate::plan::gather::attributes::reference_attributes;
use crate::plan::locate::rosters::{LookedUp, Rosters, Verdict};

/// The pass that checks every entry.
pub struct EntryFindingsPass<'g> {
    inputs: &'g AuditInputs<'g>,
    index: &'g DirectoryIndex,
    rosters: Rosters<'g>,
    reference_attributes: TypeMap<(Form, Treatment)>,
    vocabulary: Vocabulary<'g>,
}

/// What the pass finds.
#[derive(Default)]
pub struct EntryFindings {
    /// The findings, in the order of the exports.
    pub findings: Vec<AuditFinding>,
    /// Rows of rosters that match an account: the index of the roster, and the line.
    pub matched_rows: HashSet<(usize, u64)>,
    /// Names that accounts would have with their `cn` as RDN, as keys, with the names of the accounts. No entry has such a name.
    cn_names: Vec<(Vec<u8>, Vec<u8>)>,
    /// Groups that list no members.
    pub empty_groups: Vec<Entry>,
    keys: KeyBuffer,
}

impl EntryFindings {
    /// Adds what a later block of the exports gave.
    pub fn merge(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.matched_rows.extend(other.matched_rows);
        self.cn_names.extend(other.cn_names);
        self.empty_groups.extend(other.empty_groups);
    }

    /// For each dangling name, as a key, the account in the same place that has its `cn`.
    pub fn near_misses(&mut self) -> HashMap<Vec<u8>, Vec<u8>> {
        let dangling = self.findings.iter().filter(|finding| finding.code == FindingCode::Dangling);
        let dangling: HashSet<Vec<u8>> =
            dangling.filter_map(|finding| Some(DnKey::parse(&finding.value).ok()?.as_bytes().to_vec())).collect();
        std::mem::take(&mut self.cn_names).into_iter().filter(|(key, _)| dangling.contains(key)).collect()
    }
}

impl<'g> EntryFindingsPass<'g> {
    /// The pass that follows the one that made `index`.
    pub fn new(
        inputs: &'g AuditInputs<'g>,
        index: &'g DirectoryIndex,
        rosters: Rosters<'g>,
        schema: &'g Schema,
    ) -> Self {
        let vocabulary = Vocabulary { schema, rules: inputs.policy.directory.server.profile().filters };
        let attributes = reference_attributes(inputs.policy, schema).into_iter();
        let attributes = attributes.map(|attribute| (attribute.name, (attribute.form, attribute.treatment)));
        Self { inputs, index, rosters, reference_attributes: attributes.collect(), vocabulary }
    }

    fn check_references(&self, entry: &EntryView<'_>, found: &mut EntryFindings) {
        let EntryFindings { findings, keys, .. } = found;
        for line in &entry.record.attributes {
            let Some((form, treatment)) = self.reference_attributes.get(&line.description) else { continue };
            if !matches!(form, Form::Name | Form::NameAndUid) || treatment == Treatment::Leave {
                continue;
            }
            let base = base_type(&line.description);
            let value = named_dn(base, line.value.bytes());
            let Ok(key) = keys.key_of(value) else {
                let what = "the value is not a valid DN".to_owned();
                let finding = AuditFinding::of_entry(entry, FindingCode::BadReference, what);
                findings.push(finding.with_value(&line.description, line.value.bytes(), line.line));
                continue;
            };
            let exists = |key: &[u8]| self.index.structure.holds_key(key);
            // The empty DN is a placeholder. A name outside of the exports may be that of an entry.
            let is_inside = || prefixes(key).any(|(above, _)| exists(above));
            if !key.is_empty() && !exists(key) && !is_placeholder_member(value, self.inputs.policy) && is_inside() {
                let what = "the exports have no entry of this name".to_owned();
                let finding = AuditFinding::of_entry(entry, FindingCode::Dangling, what);
                findings.push(finding.with_value(&line.description, value, line.line));
            }
        }
    }

    /// Reports the values of a group that say who its members are and that cannot be followed. A value that should be a DN is
    /// checked as a reference; that every user is a member is no fault.
    fn check_members(&self, group: &Entry, found: &mut EntryFindings) {
        for unresolved in membership::criteria::unresolved(group, self.vocabulary) {
            let is_dn = || self.reference_attributes.get(&unresolved.attribute).is_some_and(|(form, _)| form.is_dn());
            if unresolved.why == EVERY_USER || is_dn() {
                continue;
            }
            let what = format!("not all members of the group are known by this value: {}", unresolved.why);
            found.findings.push(AuditFinding {
                dn: group.dn.raw_bytes().to_vec(),
                attribute: unresolved.attribute,
                value: unresolved.value,
                ..AuditFinding::at(unresolved.origin, FindingCode::UnknownMembers, what)
            });
        }
    }

    /// Keeps a group that lists no members of any kind, but placeholders.
    fn check_group(&self, entry: &EntryView<'_>, found: &mut EntryFindings) -> Result<(), Unreadable> {
        const CLASSES: [&[u8]; 4] = [b"groupOfNames", b"groupOfUniqueNames", b"group", b"groupOfMembers"];
        let lines = || entry.record.attributes.iter();
        let is_group = lines()
            .filter(|line| line.description.eq_ignore_ascii_case("objectClass"))
            .any(|line| CLASSES.iter().any(|class| class.eq_ignore_ascii_case(line.value.bytes())));
        // Options do not matter: `member;range=0-1499` holds members, too.
        let is_one_of =
            |description: &str, names: &[&str]| names.iter().any(|name| same_type(base_type(description), name));
        let lists_others = |line: &AttributeLine<'_>| {
            !is_one_of(&line.description, &MEMBERS) && lists_members(base_type(&line.description))
        };
        if lines().any(lists_others) {
            self.check_members(&entry.to_entry()?, found);
        }
        // Groups by URL, uid or address have their members in other attributes.
        if !is_group || lines().any(lists_others) {
            return Ok(());
        }
        let members = lines().filter(|line| is_one_of(&line.description, &MEMBERS));
        let real = members.filter(|line| {
            let base = base_type(&line.description);
            !is_placeholder_member(named_dn(base, line.value.bytes()), self.inputs.policy)
        });
        if real.count() == 0 {
            found.empty_groups.push(entry.to_entry()?);
        }
        Ok(())
    }

    fn check_account(&self, view: &EntryView<'_>, entry: &Entry, found: &mut EntryFindings) {
        let case = DecisionInput {
            entry,
            action: Action::Delete,
            effective: None,
            veto: None,
            active_in: None,
            maybe_active_in: None,
            asked_by_roster: false,
            history: self.inputs.history,
            as_of: self.inputs.as_of,
        };
        let decision = decide(&case, self.inputs.policy);
        let code = match (&decision.step, &decision.reason) {
            (Step::Delete, _) if decision.state != State::Active => Some(FindingCode::Deletable),
            (Step::Hold, Reason::GraceWithoutDate | Reason::GraceWithoutStamp) => Some(FindingCode::Stuck),
            (Step::Hold, Reason::NoRule(_)) => Some(FindingCode::NoRule),
            (Step::Hold, Reason::MadeByHand) => Some(FindingCode::MadeByHand),
            _ => None,
        };
        if let Some(code) = code {
            found.findings.push(AuditFinding::of_entry(view, code, decision.reason.sentence()));
        }
        if !self.inputs.policy.services.is_empty() {
            for one in lint(entry) {
                let finding = AuditFinding::of_entry(view, FindingCode::Status(one.code), one.sentence());
                let value = one.value.as_deref().unwrap_or_default();
                found.findings.push(finding.with_value(one.attribute, value, one.line));
            }
        }
        for identifier in identifiers(view).into_iter().filter(|known| self.index.shared.contains(&known.hash)) {
            let (code, what) = if identifier.is_user_name() {
                (FindingCode::SameUid, "another account has the same user name")
            } else {
                (FindingCode::SameMail, "another account has the same address")
            };
            let finding = AuditFinding::of_entry(view, code, what.to_owned());
            found.findings.push(finding.with_value(identifier.attribute, identifier.value, identifier.line));
        }
    }

    fn check_rosters(&self, entry: &EntryView<'_>, found: &mut EntryFindings) {
        for LookedUp { matched: hit, .. } in self.rosters.look_up(entry) {
            let name = &self.inputs.rosters[hit.roster].name;
            match hit.verdict {
                Verdict::Absent => {
                    let similar = hit.alike.map(|row| format!(", but has a similar key on line {}", row.line));
                    let what = format!("the roster {name} does not list this account{}", similar.unwrap_or_default());
                    found.findings.push(AuditFinding::of_entry(entry, FindingCode::NotInRoster, what));
                }
                Verdict::NoKey => {
                    let what = format!("the account lacks the attribute that the roster {name} matches on");
                    found.findings.push(AuditFinding::of_entry(entry, FindingCode::NoKeyForRoster, what));
                }
                Verdict::Active | Verdict::Inactive | Verdict::Unknown | Verdict::Contradictory => {
                    found.matched_rows.extend(hit.lines.iter().map(|line| (hit.roster, *line)));
                }
            }
        }
    }
}

impl Pass for EntryFindingsPass<'_> {
    type Found = EntryFindings;

    fn visit_bad_name(&self, record: &ContentRecord<'_>, export: u16, found: &mut EntryFindings) {
        let why = Dn::parse(&record.dn).err().map(|error| format!(" ({})", error.kind)).unwrap_or_default();
        let what = format!("the entry has an invalid DN{why}, so it was not checked");
        let origin = Origin { export, line: record.line };
        let finding = AuditFinding::at(origin, FindingCode::BadName, what);
        found.findings.push(AuditFinding { dn: record.dn.to_vec(), ..finding });
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut EntryFindings) -> Result<(), Unreadable> {
        if self.index.repeated.contains(&hash(entry.key)) {
            let what = "the entry appears more than once in the exports; give every part of the directory once";
            found.findings.push(AuditFinding::of_entry(entry, FindingCode::Repeated, what.to_owned()));
        }
        self.check_references(entry, found);
        self.check_group(entry, found)?;
        if self.inputs.policy.accounts.covers(entry.key, entry) {
            let whole = entry.to_entry()?;
            self.check_account(entry, &whole, found);
            self.check_rosters(entry, found);
            if let Some(parent) = whole.dn.parent_spelling() {
                for cn in whole.values("cn") {
                    let name = [b"cn=", &*crate::ldap::dn::escape_rdn_value(&cn.bytes), b",", parent].concat();
                    let key = DnKey::parse(&name).ok().filter(|key| !self.index.structure.holds_key(key.as_bytes()));
                    found.cn_names.extend(key.map(|key| (key.as_bytes().to_vec(), entry.record.dn.to_vec())));
                }
            }
        }
        Ok(())
    }
}
