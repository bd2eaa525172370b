//! The passes of an audit.

use crate::ldap::attribute::{base_type, same_type};
use std::collections::{BTreeSet, HashMap, HashSet};

use super::completeness::{BAD_NAME, REPEATED};
use super::{Finding, Ground};
use crate::directory::key_hash::{Hashes, hash};
use crate::directory::references::reference_attributes::MEMBERS;
use crate::directory::references::subject_index::identifying;
use crate::directory::references::{Form, Treatment, named_dn};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass, Structure};
use crate::ldap::dn_key::{KeyBuffer, prefixes};
use crate::ldap::schema::Schema;
use crate::ldap::{Dn, DnKey, Entry, Origin, TypeMap};
use crate::ldif::ContentRecord;
use crate::leavers::Action;
use crate::lifecycle::lint::lint;
use crate::lifecycle::state::State;
use crate::lifecycle::{Case, Reason, Step, decide};
use crate::plan::address_books::ownership::BookOwnership;
use crate::plan::gather::attributes::reference_attributes;
use crate::plan::locate::rosters::{Rosters, Verdict};
use crate::plan::references::last_member::is_placeholder_member;
use crate::policy::Policy;

/// Remembers who is there.
pub struct First<'p> {
    pub policy: &'p Policy,
}

/// What the first pass keeps.
#[derive(Default)]
pub struct FirstFound {
    /// The names of all entries, by an earlier pass.
    pub structure: Structure,
    pub owners: BookOwnership,
    /// Hashes of user names and addresses of accounts.
    identities: Vec<u64>,
    /// Those of several accounts.
    pub shared: HashSet<u64>,
    /// Hashes of names that several entries have.
    pub repeated: Hashes,
}

impl FirstFound {
    /// Nothing yet but the names of all entries.
    pub fn of(structure: Structure) -> Self {
        Self { repeated: structure.repeated_names(), structure, ..Self::default() }
    }

    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.owners.merge(other.owners);
        self.identities.extend(other.identities);
    }

    /// Ends the first pass.
    pub fn finish(&mut self) {
        self.identities.sort_unstable();
        self.shared = self.identities.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        self.identities = Vec::new();
    }
}

/// The user names and addresses of an entry, each once: the attribute, the value, its hash, its line.
fn identities<'v>(entry: &'v EntryView<'_>) -> Vec<(&'static str, &'v [u8], u64, u64)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for name in identifying() {
        let kind: &[u8] = if matches!(name, "uid" | "sAMAccountName") { b"uid" } else { b"mail" };
        for line in entry.record.attributes.iter().filter(|line| line.description.eq_ignore_ascii_case(name)) {
            let value = line.value.bytes();
            let identity = hash(&[kind, b"=", &value.trim_ascii().to_ascii_lowercase()].concat());
            if !value.is_empty() && seen.insert(identity) {
                found.push((name, value, identity, line.line));
            }
        }
    }
    found
}

impl Pass for First<'_> {
    type Found = FirstFound;

    fn visit(&self, entry: &EntryView<'_>, found: &mut FirstFound) -> Result<(), Unreadable> {
        found.owners.add(entry, self.policy);
        if self.policy.accounts.covers(entry.key, entry) {
            found.identities.extend(identities(entry).into_iter().map(|(_, _, identity, _)| identity));
        }
        Ok(())
    }
}

/// Looks at everything.
pub struct Second<'g> {
    ground: &'g Ground<'g>,
    first: &'g FirstFound,
    rosters: Rosters<'g>,
    kinds: TypeMap<(Form, Treatment)>,
}

/// What the second pass keeps.
#[derive(Default)]
pub struct SecondFound {
    pub findings: Vec<Finding>,
    /// Rows of rosters that accounts have.
    pub seen: HashSet<(usize, u64)>,
    /// Names by `cn` that would be beside entries which have another name: only of parents with dangling names below.
    cns: Vec<(Vec<u8>, Vec<u8>)>,
    keys: KeyBuffer,
}

impl SecondFound {
    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.seen.extend(other.seen);
        self.cns.extend(other.cns);
    }

    /// Which entry stands beside a dangling name, by the key of that name.
    pub fn beside(&mut self) -> HashMap<Vec<u8>, Vec<u8>> {
        let dangling = self.findings.iter().filter(|finding| finding.code == "dangling");
        let dangling: HashSet<Vec<u8>> =
            dangling.filter_map(|finding| Some(DnKey::parse(&finding.value).ok()?.as_bytes().to_vec())).collect();
        std::mem::take(&mut self.cns).into_iter().filter(|(key, _)| dangling.contains(key)).collect()
    }
}

impl<'g> Second<'g> {
    /// A pass for what the first one found.
    pub fn new(ground: &'g Ground<'g>, first: &'g FirstFound, rosters: Rosters<'g>, schema: &Schema) -> Self {
        let kinds = reference_attributes(ground.policy, schema).into_iter();
        let kinds = kinds.map(|attribute| (attribute.name, (attribute.form, attribute.treatment))).collect();
        Self { ground, first, rosters, kinds }
    }

    fn references(&self, entry: &EntryView<'_>, found: &mut SecondFound) {
        let SecondFound { findings, keys, .. } = found;
        for line in &entry.record.attributes {
            let Some((form, treatment)) = self.kinds.get(&line.description) else { continue };
            if !matches!(form, Form::Name | Form::NameAndUid) || treatment == Treatment::Leave {
                continue;
            }
            let base = base_type(&line.description);
            let value = named_dn(base, line.value.bytes());
            let Ok(key) = keys.key_of(value) else {
                findings.push(Finding {
                    attribute: line.description.to_string(),
                    value: line.value.bytes().to_vec(),
                    origin: Origin { export: entry.export, line: line.line },
                    ..of_entry(entry, "bad-reference", "the value is not a distinguished name".to_owned())
                });
                continue;
            };
            let is_there = |key: &[u8]| self.first.structure.holds_key(key);
            // A name of nothing at all is a dummy; one outside of the exports is not known to dangle.
            let is_inside = || prefixes(key).any(|(above, _)| is_there(above));
            if !key.is_empty() && !is_there(key) && !is_placeholder_member(value, self.ground.policy) && is_inside() {
                findings.push(Finding {
                    code: "dangling",
                    dn: entry.record.dn.to_vec(),
                    attribute: line.description.to_string(),
                    value: value.to_vec(),
                    what: "it names no entry of the exports".to_owned(),
                    origin: Origin { export: entry.export, line: line.line },
                    roster: None,
                    may_be_due_to: Vec::new(),
                });
            }
        }
    }

    fn group(&self, entry: &EntryView<'_>, found: &mut SecondFound) {
        const CLASSES: [&[u8]; 4] = [b"groupOfNames", b"groupOfUniqueNames", b"group", b"groupOfMembers"];
        let lines = || entry.record.attributes.iter();
        let is_group = lines()
            .filter(|line| line.description.eq_ignore_ascii_case("objectClass"))
            .any(|line| CLASSES.iter().any(|class| class.eq_ignore_ascii_case(line.value.bytes())));
        // With options: `member;range=0-1499` is a part of the members, so there are some.
        let is_one_of =
            |description: &str, names: &[&str]| names.iter().any(|name| same_type(base_type(description), name));
        let has = |names: &[&str]| lines().any(|line| is_one_of(&line.description, names));
        // Groups by URL, by uid or by address have their members elsewhere.
        if !is_group || has(&["memberURL", "mgrpDeliverTo", "memberUid", "mgrpRFC822MailMember"]) {
            return;
        }
        let members = lines().filter(|line| is_one_of(&line.description, &MEMBERS));
        let real = members.filter(|line| {
            let base = base_type(&line.description);
            !is_placeholder_member(named_dn(base, line.value.bytes()), self.ground.policy)
        });
        if real.count() == 0 {
            found.findings.push(of_entry(entry, "empty-group", "it has no members".to_owned()));
        }
    }

    fn account(&self, view: &EntryView<'_>, entry: &Entry, found: &mut SecondFound) {
        let case = Case {
            entry,
            action: Action::Delete,
            effective: None,
            veto: None,
            active_in: None,
            asked_by_roster: false,
            history: self.ground.history,
            as_of: self.ground.as_of,
        };
        let decision = decide(&case, self.ground.policy);
        let code = match (&decision.step, &decision.reason) {
            (Step::Delete, _) if decision.state != State::Active => Some("deletable"),
            (Step::Hold, Reason::GraceWithoutDate | Reason::GraceWithoutStamp) => Some("stuck"),
            (Step::Hold, Reason::NoRule(_)) => Some("no-rule"),
            (Step::Hold, Reason::MadeByHand) => Some("made-by-hand"),
            _ => None,
        };
        if let Some(code) = code {
            found.findings.push(of_entry(view, code, decision.reason.sentence()));
        }
        if !self.ground.policy.services.is_empty() {
            for one in lint(entry) {
                found.findings.push(Finding {
                    attribute: one.attribute.to_owned(),
                    value: one.value.clone().unwrap_or_default(),
                    origin: Origin { line: one.line, ..view.origin() },
                    ..of_entry(view, one.code, one.sentence())
                });
            }
        }
        for (attribute, value, identity, line) in identities(view) {
            if self.first.shared.contains(&identity) {
                let is_uid = matches!(attribute, "uid" | "sAMAccountName");
                let (code, what) = if is_uid {
                    ("same-uid", "another account has this user name")
                } else {
                    ("same-mail", "another account has this address")
                };
                found.findings.push(Finding {
                    attribute: attribute.to_owned(),
                    value: value.to_vec(),
                    origin: Origin { line, ..view.origin() },
                    ..of_entry(view, code, what.to_owned())
                });
            }
        }
    }

    fn rosters(&self, entry: &EntryView<'_>, found: &mut SecondFound) {
        for hit in self.rosters.look_up(entry) {
            let name = &self.ground.rosters[hit.roster].name;
            match hit.verdict {
                Verdict::Absent => {
                    found.findings.push(of_entry(
                        entry,
                        "not-in-roster",
                        format!("the roster {name} does not list it"),
                    ));
                }
                Verdict::NoKey => {
                    let what = format!("it has no key for the roster {name}");
                    found.findings.push(of_entry(entry, "no-key-for-roster", what));
                }
                Verdict::Active | Verdict::Inactive | Verdict::Unknown => {
                    found.seen.insert((hit.roster, hit.line));
                }
            }
        }
    }
}

/// A finding about an entry as a whole.
fn of_entry(entry: &EntryView<'_>, code: &'static str, what: String) -> Finding {
    Finding {
        code,
        dn: entry.record.dn.to_vec(),
        attribute: String::new(),
        value: Vec::new(),
        what,
        origin: entry.origin(),
        roster: None,
        may_be_due_to: Vec::new(),
    }
}

impl Pass for Second<'_> {
    type Found = SecondFound;

    fn visit_bad_name(&self, record: &ContentRecord<'_>, export: u16, found: &mut SecondFound) {
        let why = Dn::parse(&record.dn).err().map(|error| format!(" ({})", error.kind)).unwrap_or_default();
        found.findings.push(Finding {
            code: BAD_NAME,
            dn: record.dn.to_vec(),
            attribute: String::new(),
            value: Vec::new(),
            what: format!("its name is not a distinguished name{why}, so the entry was not judged"),
            origin: Origin { export, line: record.line },
            roster: None,
            may_be_due_to: Vec::new(),
        });
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut SecondFound) -> Result<(), Unreadable> {
        if self.first.repeated.contains(&hash(entry.key)) {
            let what = "the entry appears more than once in the exports; give every part of the directory once";
            found.findings.push(of_entry(entry, REPEATED, what.to_owned()));
        }
        self.references(entry, found);
        self.group(entry, found);
        if self.ground.policy.accounts.covers(entry.key, entry) {
            let whole = entry.to_entry()?;
            self.account(entry, &whole, found);
            self.rosters(entry, found);
            if let Some(parent) = whole.dn.parent_spelling() {
                for cn in whole.values("cn") {
                    let name = [b"cn=", &*crate::ldap::dn::escape_rdn_value(&cn.bytes), b",", parent].concat();
                    let key = DnKey::parse(&name).ok().filter(|key| !self.first.structure.holds_key(key.as_bytes()));
                    found.cns.extend(key.map(|key| (key.as_bytes().to_vec(), entry.record.dn.to_vec())));
                }
            }
        }
        Ok(())
    }
}
