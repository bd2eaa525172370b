//! What must hold for every plan, checked by code of its own: what a plan may reach, what it must not change, and that the
//! order of its inputs does not matter. The fuzz crate includes this file as well.
//!
//! | property | violated if |
//! | --- | --- |
//! | reach | an entry is deleted or changed, or a value removed, that no leaver leads to for certain |
//! | kept | a record names a protected or vetoed entry, or such an entry is not as before, except for links that Active Directory keeps by itself; or a group of `[protect] last_enabled` loses its last enabled member |
//! | order | the same inputs in another order give other operations, decisions, decision items or conflicts, or another refusal |
//!
//! Nothing here uses the planner's notion of an account, a member or a reference: names are compared as text without case, and
//! who is a member of what is found out by the words of the directory alone.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use jiff::civil::date;
use offboard::directory::ExportsReader;
use offboard::ldap::Change;
use offboard::ldif::{Record, RecordReader, UrlPolicy, writer};
use offboard::leavers::{self, Identity};
use offboard::plan::{Plan, PlanError, Request, plan};
use offboard::policy::Policy;
use offboard::simulate::{rewrite, simulate};

use super::memory::MemoryExports;
use super::random_directory::{Flavour, RandomDirectory, TestEntry};

/// The result of a case that violates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The policy or the list was refused.
    Invalid,
    /// The plan was refused.
    Refused,
    /// The plan has no operations.
    Nothing,
    /// The model of the server refuses a record, so the proof would refuse the plan.
    NotApplied,
    /// Operations were applied, but none deletes an entry.
    Changed,
    /// Entries were deleted.
    Deleted,
}

/// Plans for a directory and for the same one in another order, applies the first plan and checks every property.
///
/// Gives the first violation, as a message.
pub fn check(directory: &RandomDirectory, reordered: &RandomDirectory) -> Result<Outcome, String> {
    let Some(planned) = planned(directory) else { return Ok(Outcome::Invalid) };
    let first = normal_form(&planned);
    let again = self::planned(reordered).ok_or("order: the same policy and list are refused in another order")?;
    let second = normal_form(&again);
    if first != second {
        let only =
            |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>().join("\n  ");
        let (one, other) = (only(&first, &second), only(&second, &first));
        return Err(format!(
            "order: only in one order:\n  {one}\nonly in the other:\n  {other}\n{}",
            reordered.written()
        ));
    }
    let Ok(planned) = planned else { return Ok(Outcome::Refused) };
    if planned.operations.is_empty() {
        return Ok(Outcome::Nothing);
    }
    let records: Vec<_> = planned.operations.iter().map(|operation| operation.record.clone()).collect();
    let exports = MemoryExports::whole(directory.texts());
    let policy = Policy::parse(&directory.policy()).map_err(|error| error[0].to_string())?;
    let applied = simulate(&exports, UrlPolicy::Refuse, policy.directory.server, &records, false)
        .map_err(|error| format!("simulate: {error}"))?;
    if !applied.refused.is_empty() {
        return Ok(Outcome::NotApplied);
    }
    let mut after = Vec::new();
    let mut take = |chunk: &[u8]| {
        after.extend_from_slice(chunk);
        ControlFlow::Continue(())
    };
    rewrite(&exports, UrlPolicy::Refuse, &applied.changes, &mut take).map_err(|error| format!("rewrite: {error}"))?;
    let moved = planned.moved.iter().map(|(old, new)| (text(old.raw_bytes()), text(new.raw_bytes())));
    let facts = Facts::new(directory);
    let states = States::new(directory, &after, &moved.collect::<Vec<_>>())?;
    for record in &records {
        if let Some(why) = facts.kept().get(&name(&text(record.dn.raw_bytes()))) {
            return Err(format!("kept: a record changes {} in spite of {why}", text(record.dn.raw_bytes())));
        }
    }
    kept(&facts, &states)?;
    reach(&facts, &states)?;
    Ok(if states.deleted.is_empty() { Outcome::Changed } else { Outcome::Deleted })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl RandomDirectory {
    /// Policy, lists and exports, to reproduce a case.
    pub fn written(&self) -> String {
        let mut out = format!("== policy\n{}\n== leavers\n{}", self.policy(), self.leaver_list());
        let _ = writeln!(out, "== veto\n{}", self.kept.veto_list.join("\n"));
        for export in self.texts() {
            let _ = writeln!(out, "== export\n{}", text(&export));
        }
        out
    }
}

type Planned = Result<Plan, PlanError<Infallible>>;

/// The plan; `None` if the policy or the list is refused.
fn planned(directory: &RandomDirectory) -> Option<Planned> {
    let policy = Policy::parse(&directory.policy()).ok()?;
    let leavers = leavers::read(directory.leaver_list().as_bytes()).ok()?;
    let vetoes = directory.kept.veto_list.iter().map(|name| (Identity::from_text(name), "veto.txt".to_owned()));
    let request = Request { leavers, as_of: date(2026, 11, 21), vetoes: vetoes.collect(), ..Request::default() };
    let exports = MemoryExports::whole(directory.texts());
    Some(plan(ExportsReader::new(&exports, UrlPolicy::Refuse), &policy, &request))
}

/// Everything of a plan that may not depend on the order of its inputs.
fn normal_form(planned: &Planned) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let plan = match planned {
        Ok(plan) => plan,
        Err(error) => {
            let details = match error {
                PlanError::Incomplete(lacking) => lacking.iter().map(|lack| lack.code().to_owned()).collect(),
                PlanError::Protected(named) => named.iter().map(|one| text(one.dn.raw_bytes())).collect(),
                _ => BTreeSet::new(),
            };
            lines.insert(format!("refused: {error}: {details:?}"));
            return lines;
        }
    };
    for operation in &plan.operations {
        let mut record = operation.record.clone();
        if let Change::Modify(modifications) = &mut record.change {
            for modification in modifications.iter_mut() {
                modification.values.sort_by(|a, b| a.bytes.cmp(&b.bytes));
            }
            modifications.sort_by_key(|one| {
                (one.description.to_string(), one.op.keyword(), one.values.first().map(|value| value.bytes.to_vec()))
            });
        }
        let mut out = Vec::new();
        writer::write_change(&mut out, &record);
        lines.insert(format!("operation: {}", text(&out).replace('\n', " | ")));
    }
    for account in &plan.accounts {
        let decision = &account.decision;
        let successor = account.successor.as_ref().map(|dn| text(dn.raw_bytes()));
        let name = text(account.entry.dn.raw_bytes());
        lines.insert(format!("decision: {name}: {:?} {} {successor:?}", decision.step, decision.reason.code()));
    }
    for item in &plan.decision_items {
        let (dn, value) = (text(&item.dn), text(&item.value));
        lines.insert(format!("item: {:?} {dn} {} {value}", item.code, item.attribute));
    }
    for conflict in &plan.conflicts {
        // Which of two rows for one account is the second depends on their order.
        let leaver = &plan.leavers[conflict.leaver].identity;
        if conflict.kind.code() != "same-account" {
            lines.insert(format!("conflict: {leaver} {}", conflict.kind.code()));
        }
    }
    lines
}

/// A text without differences of case and of the form of its letters.
fn folded(text: &str) -> String {
    text.trim().to_lowercase().replace("o\u{308}", "ö")
}

/// A DN without differences of case, blanks, and names of types.
fn name(dn: &str) -> String {
    let rdns = dn.split(',').map(|rdn| {
        let (kind, value) = rdn.split_once('=').unwrap_or((rdn, ""));
        format!("{}={}", folded(kind).replace("userid", "uid"), folded(value))
    });
    rdns.collect::<Vec<_>>().join(",")
}

/// Whether an entry is another one, or below it; both by their normalized names.
fn is_at_or_below(entry: &str, top: &str) -> bool {
    entry == top || entry.strip_suffix(top).is_some_and(|rest| rest.ends_with(','))
}

/// The domain of a DN: all of its `dc` parts, or else its nearest part that is a domain.
fn domain_of(dn: &str) -> Option<String> {
    let rdns: Vec<String> = name(dn).split(',').map(str::to_owned).collect();
    let parts: Vec<&str> = rdns.iter().filter_map(|rdn| rdn.strip_prefix("dc=")).collect();
    if !parts.is_empty() {
        return Some(parts.join("."));
    }
    rdns.iter().find_map(|rdn| rdn.strip_prefix("o=").filter(|name| name.contains('.')).map(str::to_owned))
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The attributes that hold addresses of the entry itself.
const OWN_ADDRESSES: [&str; 3] = ["mail", "mailAlternateAddress", "mailEquivalentAddress"];
/// Membership by DN.
const DN_MEMBERS: [&str; 3] = ["member", "uniqueMember", "roleOccupant"];

/// A leaver: the account that its row means for certain.
struct MeantAccount<'d> {
    entry: &'d TestEntry,
    is_to_be_deleted: bool,
}

/// What the properties need to know of a directory.
struct Facts<'d> {
    directory: &'d RandomDirectory,
    entries: BTreeMap<String, &'d TestEntry>,
    leavers: Vec<MeantAccount<'d>>,
}

impl<'d> Facts<'d> {
    fn new(directory: &'d RandomDirectory) -> Self {
        let entries = directory.entries().map(|entry| (name(&entry.dn), entry)).collect();
        let mut facts = Self { directory, entries, leavers: Vec::new() };
        for row in &directory.leavers {
            let (identity, rest) = match row.strip_prefix('"') {
                Some(quoted) => quoted.split_once("\",").unwrap_or((quoted, "")),
                None => row.split_once(',').unwrap_or((row, "")),
            };
            let meant = facts.meant(identity);
            if let [entry] = meant[..] {
                facts.leavers.push(MeantAccount { entry, is_to_be_deleted: rest.starts_with("delete") });
            }
        }
        facts
    }

    fn is_account(&self, entry: &TestEntry) -> bool {
        let class = match self.directory.flavour {
            Flavour::OpenLdap => "inetOrgPerson",
            Flavour::Sun => "inetUser",
            Flavour::ActiveDirectory => "user",
        };
        entry.has("objectClass", class)
    }

    fn is_disabled(&self, entry: &TestEntry) -> bool {
        match self.directory.flavour {
            Flavour::OpenLdap => entry.has("pwdAccountLockedTime", "000001010000Z"),
            Flavour::Sun => entry.has("inetUserStatus", "deleted"),
            Flavour::ActiveDirectory => entry.values("userAccountControl").filter_map(number).any(|bits| bits & 2 != 0),
        }
    }

    fn user_names(&self, entry: &TestEntry) -> BTreeSet<String> {
        entry.values(self.directory.flavour.user_name()).map(folded).collect()
    }

    fn addresses(entry: &TestEntry) -> BTreeSet<String> {
        OWN_ADDRESSES.iter().flat_map(|name| entry.values(name)).map(folded).collect()
    }

    /// The accounts that a word of a list may mean.
    fn meant(&self, identity: &str) -> Vec<&'d TestEntry> {
        let word = folded(identity);
        let means = |entry: &TestEntry| {
            if identity.contains('=') {
                return name(&entry.dn) == name(identity);
            }
            let is_at_home = || {
                let (user, domain) = word.split_once('@')?;
                Some(self.user_names(entry).contains(user) && domain_of(&entry.dn)? == domain)
            };
            self.user_names(entry).contains(&word)
                || Self::addresses(entry).contains(&word)
                || is_at_home().unwrap_or_default()
        };
        self.entries.values().copied().filter(|entry| self.is_account(entry) && means(entry)).collect()
    }

    /// The members of a group by every way of being one, at any depth; by normalized name.
    fn members(&self, group: &str) -> BTreeSet<String> {
        let mut members = BTreeSet::new();
        let mut open = vec![name(group)];
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if !seen.insert(next.clone()) {
                continue;
            }
            let mut found: BTreeSet<String> = self
                .entries
                .iter()
                .filter(|(_, entry)| entry.values("memberOf").any(|of| name(of) == next))
                .map(|(dn, _)| dn.clone())
                .collect();
            if let Some(entry) = self.entries.get(&next) {
                found.extend(DN_MEMBERS.iter().flat_map(|attribute| entry.values(attribute)).map(name));
                found.extend(
                    self.entries
                        .iter()
                        .filter(|(_, other)| self.is_member_by_text(entry, other))
                        .map(|(dn, _)| dn.clone()),
                );
            }
            open.extend(found.iter().cloned());
            members.extend(found);
        }
        members
    }

    /// Whether an entry is a member of a group by its user name, an address, a URL or its primary group.
    fn is_member_by_text(&self, group: &TestEntry, entry: &TestEntry) -> bool {
        let names = self.user_names(entry);
        let addresses = Self::addresses(entry);
        let by_name = self.is_account(entry) && group.values("memberUid").any(|value| names.contains(&folded(value)));
        let by_address = group.values("mgrpRFC822MailMember").any(|value| addresses.contains(&folded(value)));
        let by_number = group.has("objectClass", "posixGroup")
            && self.is_account(entry)
            && group
                .values("gidNumber")
                .filter_map(number)
                .any(|own| entry.values("gidNumber").filter_map(number).any(|number| number == own));
        let by_url = group.values("memberURL").any(|url| {
            let Some((base, filter)) = url.trim_start_matches("ldap:///").split_once("??sub?") else { return false };
            let value = filter.trim_matches(['(', ')']).split_once('=').map_or("", |(_, value)| value);
            is_at_or_below(&name(&entry.dn), &name(base)) && names.contains(&folded(value))
        });
        by_name || by_address || by_number || by_url
    }

    /// The entries that no plan may change, by normalized name, with the line of the policy or list.
    fn kept(&self) -> BTreeMap<String, String> {
        let kept = &self.directory.kept;
        let mut all = BTreeMap::new();
        let mut keep = |dn: String, why: String| {
            if self.entries.contains_key(&dn) {
                all.insert(dn, why);
            }
        };
        kept.dn.iter().for_each(|dn| keep(name(dn), "[protect] dn".to_owned()));
        kept.veto_dn.iter().for_each(|dn| keep(name(dn), "[veto] dn".to_owned()));
        for subtree in &kept.subtree {
            let below = self.entries.keys().filter(|entry| is_at_or_below(entry, &name(subtree)));
            below.for_each(|entry| keep(entry.clone(), format!("[protect] subtree {subtree}")));
        }
        for (dn, entry) in &self.entries {
            if kept.filter && entry.has("title", "protected") {
                keep(dn.clone(), "[protect] filter".to_owned());
            }
            if kept.veto_filter && entry.has("title", "vetoed") {
                keep(dn.clone(), "[veto] filter".to_owned());
            }
        }
        for group in &kept.group {
            self.members(group).into_iter().for_each(|member| keep(member, format!("[protect] group {group}")));
        }
        for word in &kept.veto_list {
            if word.contains('=') {
                keep(name(word), "--veto".to_owned());
            }
            self.meant(word).iter().for_each(|entry| keep(name(&entry.dn), format!("--veto {word}")));
        }
        all
    }
}

/// The entries before and after.
struct States {
    after: BTreeMap<String, TestEntry>,
    /// The new name of each moved entry, by its old one.
    moved: BTreeMap<String, String>,
    deleted: BTreeSet<String>,
}

impl States {
    fn new(directory: &RandomDirectory, text_after: &[u8], moved: &[(String, String)]) -> Result<Self, String> {
        let mut after = BTreeMap::new();
        for record in RecordReader::new(text_after, 1, UrlPolicy::Refuse) {
            let Record::Content(record) = record.map_err(|error| error.to_string())? else { continue };
            let lines = record.attributes.iter();
            let lines = lines.map(|line| (line.description.to_string(), text(line.value.bytes()))).collect();
            let dn = text(&record.dn);
            after.insert(name(&dn), TestEntry { dn, lines });
        }
        let moved: BTreeMap<String, String> = moved.iter().map(|(old, new)| (name(old), name(new))).collect();
        let new_name = |dn: &str| {
            let top = moved.iter().find(|(old, _)| is_at_or_below(dn, old));
            top.map_or_else(|| dn.to_owned(), |(old, new)| format!("{}{new}", &dn[..dn.len() - old.len()]))
        };
        let names = directory.entries().map(|entry| name(&entry.dn));
        let deleted = names.filter(|dn| !after.contains_key(&new_name(dn))).collect();
        Ok(Self { after, moved, deleted })
    }

    /// The entry afterwards; `None` if it was deleted or moved.
    fn same_name(&self, dn: &str) -> Option<&TestEntry> {
        self.after.get(dn)
    }

    fn is_deleted(&self, dn: &str) -> bool {
        self.deleted.contains(dn)
    }
}

/// The values of an entry that a plan may be responsible for. Servers keep the others by themselves.
fn own_values(entry: &TestEntry) -> BTreeSet<(String, String)> {
    let own = entry.lines.iter().map(|(attribute, value)| (attribute.to_lowercase(), value.clone()));
    own.filter(|(attribute, _)| !["memberof", "modifytimestamp"].contains(&attribute.as_str())).collect()
}

/// The values of a protected or vetoed entry that nothing may change. Active Directory removes links to deleted entries and
/// rewrites links to moved ones by itself.
fn kept_values(facts: &Facts<'_>, states: &States, entry: &TestEntry) -> BTreeSet<(String, String)> {
    let mut values = own_values(entry);
    if facts.directory.flavour == Flavour::ActiveDirectory {
        let ended = states.deleted.iter().chain(states.moved.keys()).chain(states.moved.values());
        let ended: Vec<&String> = ended.collect();
        values.retain(|(_, value)| !ended.iter().any(|top| is_at_or_below(&name(value), top)));
    }
    values
}

/// Protected and vetoed entries are as before, and the last enabled member of a group is still enabled.
fn kept(facts: &Facts<'_>, states: &States) -> Result<(), String> {
    for (dn, why) in facts.kept() {
        let before = facts.entries[&dn];
        match states.same_name(&dn) {
            None => return Err(format!("kept: {dn} is deleted or moved in spite of {why}")),
            Some(after) if kept_values(facts, states, after) != kept_values(facts, states, before) => {
                return Err(format!("kept: {dn} is changed in spite of {why}"));
            }
            Some(_) => {}
        }
    }
    for group in &facts.directory.kept.last_enabled {
        let members = facts.members(group);
        let before = |dn: &&String| {
            facts.entries.get(*dn).is_some_and(|entry| facts.is_account(entry) && !facts.is_disabled(entry))
        };
        let after = |dn: &&String| {
            let now = states.moved.get(*dn).unwrap_or(*dn);
            states.after.get(now).is_some_and(|entry| facts.is_account(entry) && !facts.is_disabled(entry))
        };
        if members.iter().any(|dn| before(&dn)) && !members.iter().any(|dn| after(&dn)) {
            return Err(format!("kept: no enabled member of {group} is left, in spite of [protect] last_enabled"));
        }
    }
    Ok(())
}

/// Nothing is deleted or changed that no leaver leads to.
fn reach(facts: &Facts<'_>, states: &States) -> Result<(), String> {
    for dn in &states.deleted {
        let entry = facts.entries[dn];
        if !may_be_deleted(facts, states, dn, entry) {
            return Err(format!("reach: {dn} is deleted"));
        }
    }
    for (dn, before) in &facts.entries {
        let now = states.moved.get(dn).unwrap_or(dn);
        let Some(after) = states.after.get(now) else { continue };
        if facts.leavers.iter().any(|leaver| name(&leaver.entry.dn) == *dn) {
            continue;
        }
        let (old, new) = (own_values(before), own_values(after));
        let removed: Vec<_> = old.difference(&new).collect();
        for (attribute, value) in &removed {
            if !may_be_removed(facts, states, before, value) {
                return Err(format!("reach: {dn} loses {attribute}: {value}"));
            }
        }
        for (attribute, value) in new.difference(&old) {
            let replaces = removed.iter().any(|(other, _)| other == attribute);
            if !replaces && facts.directory.last_member != "successor" {
                return Err(format!("reach: {dn} gets {attribute}: {value}"));
            }
        }
    }
    Ok(())
}

fn may_be_deleted(facts: &Facts<'_>, states: &States, dn: &str, entry: &TestEntry) -> bool {
    let mut leavers = facts.leavers.iter().filter(|leaver| leaver.is_to_be_deleted);
    if leavers.clone().any(|leaver| name(&leaver.entry.dn) == dn) {
        return true;
    }
    // An account is only deleted if a leaver names it.
    if facts.is_account(entry) {
        return false;
    }
    let is_deleted_here = |top: &str| states.is_deleted(top);
    let is_below_leaver = leavers.clone().any(|leaver| is_at_or_below(dn, &name(&leaver.entry.dn)));
    if is_below_leaver {
        return facts.directory.deletes_children;
    }
    let has_child_that_stays =
        facts.entries.keys().any(|other| other != dn && is_at_or_below(other, dn) && !states.is_deleted(other));
    if has_child_that_stays {
        return false;
    }
    let is_alias = entry.has("objectClass", "alias")
        && entry
            .values("aliasedObjectName")
            .all(|target| facts.entries.keys().any(|top| is_deleted_here(top) && is_at_or_below(&name(target), top)));
    let has_members = members_left(facts, states, entry);
    if is_alias {
        return !has_members;
    }
    let is_private = facts.directory.deletes_private_groups
        && entry.has("objectClass", "posixGroup")
        && leavers.any(|leaver| {
            let same_name = entry.values("cn").any(|cn| facts.user_names(leaver.entry).contains(&folded(cn)));
            let numbers: BTreeSet<u64> = leaver.entry.values("gidNumber").filter_map(number).collect();
            same_name && entry.values("gidNumber").filter_map(number).any(|own| numbers.contains(&own))
        });
    if is_private && !has_members {
        return true;
    }
    if facts.directory.last_member == "delete-group" && !has_members && loses_member(facts, states, entry) {
        return true;
    }
    is_book_of_leaver(facts, states, dn)
}

/// Whether a group has any member that stays.
fn members_left(facts: &Facts<'_>, states: &States, group: &TestEntry) -> bool {
    let by_dn = DN_MEMBERS.iter().flat_map(|attribute| group.values(attribute)).map(name);
    let by_dn = by_dn.filter(|member| !states.deleted.iter().any(|top| is_at_or_below(member, top)));
    let stays = |entry: &&TestEntry| !states.is_deleted(&name(&entry.dn));
    let mut others = facts.entries.values().copied().filter(stays);
    let deleted: Vec<&TestEntry> = states.deleted.iter().map(|dn| facts.entries[dn]).collect();
    // A name or address that no deleted entry has may be that of a person elsewhere.
    let is_other_word = |word: &str, words: &dyn Fn(&TestEntry) -> BTreeSet<String>| {
        !deleted.iter().any(|entry| words(entry).contains(&folded(word)))
    };
    by_dn.count() > 0
        || others.any(|entry| {
            facts.is_member_by_text(group, entry) || entry.values("memberOf").any(|of| name(of) == name(&group.dn))
        })
        || group.values("memberUid").any(|word| is_other_word(word, &|entry| facts.user_names(entry)))
        || group.values("mgrpRFC822MailMember").any(|word| is_other_word(word, &Facts::addresses))
        || group.values("memberURL").next().is_some()
}

/// Whether a group had a member that is deleted.
fn loses_member(facts: &Facts<'_>, states: &States, group: &TestEntry) -> bool {
    let mut by_dn = DN_MEMBERS.iter().flat_map(|attribute| group.values(attribute)).map(name);
    by_dn.any(|member| states.deleted.iter().any(|top| is_at_or_below(&member, top)))
        || states.deleted.iter().any(|dn| facts.is_member_by_text(group, facts.entries[dn]))
}

/// Whether an entry belongs to an address book that is a leaver's for certain.
fn is_book_of_leaver(facts: &Facts<'_>, states: &States, dn: &str) -> bool {
    let Some(root) = dn.find("pipstoreowner=").map(|at| &dn[at..]) else { return false };
    let owner = root.split([',', '=']).nth(1).unwrap_or_default();
    let domain = domain_of(root);
    let points = |entry: &TestEntry| {
        entry.values("psRoot").any(|url| url.rsplit_once('/').is_some_and(|(_, target)| name(target) == root))
    };
    let stays = |entry: &&TestEntry| !states.is_deleted(&name(&entry.dn));
    let mut others = facts.entries.values().copied().filter(stays);
    let is_of_other = others.any(|entry| {
        points(entry)
            || facts.is_account(entry) && facts.user_names(entry).contains(owner) && domain_of(&entry.dn) == domain
    });
    // A book may have a former user name of its owner in its name.
    let has_no_owner = !facts.entries.values().any(|entry| facts.user_names(entry).contains(owner));
    let is_own = |leaver: &&MeantAccount<'_>| {
        let is_pointed = has_no_owner && points(leaver.entry) && domain_of(&leaver.entry.dn) == domain;
        facts.user_names(leaver.entry).contains(owner) || is_pointed
    };
    !is_of_other && facts.leavers.iter().filter(|leaver| leaver.is_to_be_deleted).any(|leaver| is_own(&leaver))
}

/// Whether a value may be removed from an entry that stays: it names a deleted or moved entry for certain.
fn may_be_removed(facts: &Facts<'_>, states: &States, holder: &TestEntry, value: &str) -> bool {
    let ended = |top: &&String| states.is_deleted(top) || states.moved.contains_key(*top);
    let tops: Vec<&String> = facts.entries.keys().filter(ended).collect();
    if value.contains('=') && !value.contains("://") {
        return tops.iter().any(|top| is_at_or_below(&name(value), top));
    }
    let word = folded(value);
    let deleted: Vec<&TestEntry> = states.deleted.iter().map(|dn| facts.entries[dn]).collect();
    let stays: Vec<&TestEntry> =
        facts.entries.values().copied().filter(|entry| !states.is_deleted(&name(&entry.dn))).collect();
    if let Some(own) = value.strip_prefix('#').and_then(number) {
        let has = |entry: &&TestEntry| entry.values("uidNumber").filter_map(number).any(|number| number == own);
        return deleted.iter().any(has) && !stays.iter().any(has);
    }
    if value.contains('@') {
        let has = |entry: &&TestEntry| Facts::addresses(entry).contains(&word);
        return deleted.iter().any(has) && !stays.iter().any(has);
    }
    let has = |entry: &&TestEntry| facts.user_names(entry).contains(&word);
    let is_near = |entry: &&TestEntry| has(entry) && domain_of(&entry.dn) == domain_of(&holder.dn);
    if !stays.iter().any(has) {
        return deleted.iter().any(has);
    }
    // The account in the domain of the entry is meant; in Active Directory both places are in one domain.
    deleted.iter().any(is_near) && (facts.directory.flavour == Flavour::ActiveDirectory || !stays.iter().any(is_near))
}
