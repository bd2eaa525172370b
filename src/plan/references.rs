//! The references stage: what is written on one entry for the values that name deleted or moved accounts.
//!
//! | the policy says | values | written as |
//! | --- | --- | --- |
//! | remove | every value that names the account for certain | `delete:` with the values as the entry spells them |
//! | remove, and the attribute has no equality rule (`nisNetgroupTriple`) | every such value | `replace:` with the values that stay |
//! | remove, and no member is left but dummies | by `last_member`: `refuse` holds the account; `allow` removes it where the schema can; `placeholder:`, `successor` put another there; `delete-group` deletes the entry | |
//! | remove, and the last value of `mgrpAllowedBroadcaster` would go | | nothing: a decision item, because everybody could send then |
//! | reassign | every value that names the account for certain | `delete:` them, `add:` the successor in the same form unless it is there already |
//! | reassign to somebody without a mail address, or to nobody | addresses | nothing: a decision item; a name holds the account |
//! | review | | nothing: a decision item |
//! | leave | | nothing |
//! | anything, and the entry is protected, or 389 DS manages it | | nothing: a decision item |
//! | anything, and the account is moved | every name of it or of an entry below it | `delete:` them, `add:` the new names; nothing where the server follows moves by itself |
//! | anything, and the value does not name the account for certain | another case, a URL, a filter, an access rule, a shared address, a near miss | nothing: a decision item |
//!
//! A dummy is a member that is nobody: an empty name, or one whose RDN has the value `nobody`, `dummy`, `fakeuser` or
//! `refint_nothing`, or the policy's placeholder.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::collect::{Kept, Reference};
use crate::directory::references::kinds::{OPENS_WHEN_EMPTY, is_member};
use crate::directory::references::persons::{mailto, named_by_url};
use crate::directory::references::{Form, MatchKind, Treatment, named_dn};
use crate::ldap::attribute::same_type;
use crate::ldap::managed_entries::is_managed;
use crate::ldap::{Attribute, Dn, DnKey, Entry, ModOp, Modification, Value};
use crate::lifecycle::reason::{GroupStays, KeepsMember};
use crate::policy::{LastMember, Policy, ServerSchema};

/// Why an account cannot be taken out of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// They are the last members, and the group must keep one.
    LastMember(usize, KeepsMember),
    /// They have no successor.
    NoSuccessor(usize),
}

/// What is to be done with one entry.
#[derive(Default)]
pub struct Change {
    /// The modifications, by exact values.
    pub modifications: Vec<Modification>,
    /// Who they are for, by number.
    pub persons: BTreeSet<usize>,
    /// Values removed.
    pub removed: u64,
    /// Values reassigned.
    pub reassigned: u64,
    /// Values that get the new name of a moved account.
    pub renamed: u64,
    /// For each attribute with members: how many it loses, of how many.
    pub members: Vec<(u64, u64)>,
}

/// Who takes over.
#[derive(Clone, Debug)]
pub struct Successor {
    /// The name.
    pub dn: Dn,
    /// The mail address, if there is one.
    pub mail: Option<Vec<u8>>,
}

/// What becomes of people, as far as references depend on it. People are numbered as the pass numbers them.
pub struct Fates<'f> {
    /// Whether somebody is deleted.
    pub is_deleted: &'f dyn Fn(usize) -> bool,
    /// Who takes over from somebody.
    pub successor: &'f dyn Fn(usize) -> Option<&'f Successor>,
    /// The old and the new name of each account that is moved.
    pub moved: &'f BTreeMap<usize, (Dn, Dn)>,
    /// The schema of the directory.
    pub schema: &'f ServerSchema,
}

/// The values of one attribute that are changed because of a deletion, in the order of their positions.
pub struct Gone<'k> {
    removed: Vec<&'k Reference>,
    reassigned: Vec<&'k Reference>,
}

impl Gone<'_> {
    fn len(&self) -> usize {
        self.removed.len() + self.reassigned.len()
    }

    fn holds(&self, value: usize) -> bool {
        let among = |list: &[&Reference]| list.binary_search_by_key(&value, |reference| reference.at.1).is_ok();
        among(&self.removed) || among(&self.reassigned)
    }
}

/// The references of one attribute. Those of an entry are in the order of their positions.
fn of_attribute(kept: &Kept, at: usize) -> &[Reference] {
    let from = kept.references.partition_point(|reference| reference.at.0 < at);
    let until = kept.references.partition_point(|reference| reference.at.0 <= at);
    &kept.references[from..until]
}

/// The values of an attribute that name somebody deleted for certain, each once, by what is done with them.
pub fn gone<'k>(kept: &'k Kept, at: usize, policy: &Policy, fates: &Fates<'_>) -> Gone<'k> {
    let attribute = &kept.entry.attributes[at];
    let mut gone = Gone { removed: Vec::new(), reassigned: Vec::new() };
    let references = of_attribute(kept, at);
    let cleaned = !references.is_empty()
        && policy.directory.tools.file_cleans(attribute.description.attribute_type())
        && !policy.protect.covers(&kept.entry)
        && !is_managed(&kept.entry, policy.directory.server);
    let mut last = None;
    for reference in references.iter().filter(|_| cleaned) {
        // Several people may be named by one value; they stand one behind the other.
        if last == Some(reference.at.1) || !(fates.is_deleted)(reference.person) {
            continue;
        }
        match reference.treatment {
            Treatment::Remove => gone.removed.push(reference),
            Treatment::Reassign if can_pass(attribute, reference, fates) => gone.reassigned.push(reference),
            _ => continue,
        }
        last = Some(reference.at.1);
    }
    if attribute.description.is_type(OPENS_WHEN_EMPTY) && gone.len() == attribute.values.len() {
        // To leave one name of nobody is better than to let everybody in.
        gone.removed.clear();
    }
    gone
}

/// Whether a value can be written for the successor. A name always can, or the account is held; an address needs one;
/// of the other forms none can.
fn can_pass(attribute: &Attribute, reference: &Reference, fates: &Fates<'_>) -> bool {
    if matches!(reference.form, Form::Name | Form::NameAndUid | Form::NameOrUid) {
        return true;
    }
    let value = &attribute.values[reference.at.1].bytes;
    (fates.successor)(reference.person).is_some_and(|successor| passed(reference, value, successor).is_some())
}

/// Whether a value that somebody deleted is named by stays, and a person must decide on it; `gone` are those of its
/// attribute that do not.
pub fn is_for_review(kept: &Kept, reference: &Reference, gone: &Gone<'_>, policy: &Policy, fates: &Fates<'_>) -> bool {
    (fates.is_deleted)(reference.person)
        && reference.treatment != Treatment::Leave
        && policy.directory.tools.file_cleans(kept.entry.attributes[reference.at.0].description.attribute_type())
        && !gone.holds(reference.at.1)
}

/// Works out the change of an entry.
pub fn change(kept: &Kept, policy: &Policy, fates: &Fates<'_>) -> Result<Change, Vec<Obstacle>> {
    let mut change = Change::default();
    let mut obstacles = Vec::new();
    if is_managed(&kept.entry, policy.directory.server) {
        // The server refuses most changes of such an entry (53), and deletes or renames it with its origin.
        return Ok(change);
    }
    let is_protected = !kept.references.is_empty() && policy.protect.covers(&kept.entry);
    for (at, attribute) in kept.entry.attributes.iter().enumerate() {
        let gone = gone(kept, at, policy, fates);
        let name = attribute.description.attribute_type();
        let renamed: Vec<&Reference> = of_attribute(kept, at)
            .iter()
            .filter(|reference| {
                !is_protected && reference.how == MatchKind::Name && !policy.directory.server.sets(name)
            })
            .filter(|reference| reference.form != Form::AddressOrUrl && fates.moved.contains_key(&reference.person))
            .filter(|reference| {
                let value = &attribute.values[reference.at.1].bytes;
                !policy.moving.as_ref().is_some_and(|moving| moving.follows(name, value))
            })
            .collect();
        if gone.len() == 0 && renamed.is_empty() {
            continue;
        }
        let mut new: Vec<Value> = renamed
            .iter()
            .filter_map(|reference| rewritten(attribute, reference, fates.moved.get(&reference.person)?))
            .collect();
        let mut standing = None;
        for reference in &gone.reassigned {
            let value = &attribute.values[reference.at.1].bytes;
            match (fates.successor)(reference.person).and_then(|successor| passed(reference, value, successor)) {
                Some(passed) => put(&mut new, &mut standing, attribute, &gone, passed),
                None => obstacles.push(Obstacle::NoSuccessor(reference.person)),
            }
        }
        if is_membership(attribute) && !gone.removed.is_empty() {
            change.members.push((gone.removed.len() as u64, attribute.values.len() as u64));
            if is_emptied(attribute, &gone, policy) {
                match last_member(&kept.entry, attribute, &gone, policy, fates) {
                    Ok(others) => {
                        for other in others {
                            put(&mut new, &mut standing, attribute, &gone, other);
                        }
                    }
                    Err(found) => obstacles.extend(found),
                }
            }
        }
        change.removed += gone.removed.len() as u64;
        change.reassigned += gone.reassigned.len() as u64;
        change.renamed += renamed.len() as u64;
        let old = || gone.removed.iter().chain(&gone.reassigned).chain(&renamed);
        change.persons.extend(old().map(|reference| reference.person));
        let mut positions: Vec<usize> = old().map(|reference| reference.at.1).collect();
        positions.sort_unstable();
        positions.dedup();
        if fates.schema.compares(attribute.description.attribute_type()) {
            let old = positions.into_iter().map(|position| attribute.values[position].clone()).collect();
            change.modifications.push(modification(attribute, ModOp::Delete, old));
            if !new.is_empty() {
                change.modifications.push(modification(attribute, ModOp::Add, new));
            }
        } else {
            let left = attribute.values.iter().enumerate().filter(|(at, _)| positions.binary_search(at).is_err());
            let left = left.map(|(_, value)| value.clone()).chain(new).collect();
            change.modifications.push(modification(attribute, ModOp::Replace, left));
        }
    }
    if obstacles.is_empty() { Ok(change) } else { Err(obstacles) }
}

fn modification(attribute: &Attribute, op: ModOp, values: Vec<Value>) -> Modification {
    Modification { op, description: attribute.description.clone(), values }
}

/// What makes a value that names somebody the same as another: the name, or the text in any case.
#[derive(PartialEq, Eq, Hash)]
enum Same {
    Name(DnKey),
    Text(Vec<u8>),
}

impl Same {
    fn of(value: &Value) -> Self {
        DnKey::parse(&value.bytes).map_or_else(|_| Self::Text(value.bytes.to_ascii_lowercase()), Self::Name)
    }
}

/// Adds a value unless it is there already and stays. `standing` is filled when it is needed first.
fn put(
    new: &mut Vec<Value>,
    standing: &mut Option<HashSet<Same>>,
    attribute: &Attribute,
    gone: &Gone<'_>,
    value: Value,
) {
    let standing = standing.get_or_insert_with(|| {
        let stays = attribute.values.iter().enumerate().filter(|(at, _)| !gone.holds(*at)).map(|(_, value)| value);
        stays.chain(&*new).map(Same::of).collect()
    });
    if standing.insert(Same::of(&value)) {
        new.push(value);
    }
}

/// The value that names a successor where another named the account, in the same form.
fn passed(reference: &Reference, old: &[u8], successor: &Successor) -> Option<Value> {
    match reference.form {
        Form::Name | Form::NameAndUid | Form::NameOrUid => return Some(Value::new(successor.dn.raw_bytes())),
        Form::Address => return successor.mail.as_deref().map(Value::new),
        Form::AddressOrUrl => {}
        Form::Uid | Form::SudoUser | Form::Netgroup | Form::Calendar | Form::Url | Form::Text => return None,
    }
    if named_by_url(old).is_some() {
        return Some(Value::new(&[b"ldap:///", &*percent_encoded(successor.dn.raw_bytes())].concat()));
    }
    let mail = successor.mail.as_deref()?;
    Some(if mailto(old).is_some() {
        // The headers of the URL stay.
        let headers = memchr::memchr(b'?', old).map_or(&[][..], |at| &old[at..]);
        Value::new(&[b"mailto:", &*percent_encoded(mail), headers].concat())
    } else {
        Value::new(mail)
    })
}

/// Text for a URL: what is neither plain nor usual in names and addresses is written as `%20` (RFC 3986, 2.1).
fn percent_encoded(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~=,+@!$&'()*;:".contains(byte) {
            text.push(*byte);
        } else {
            text.extend(format!("%{byte:02X}").into_bytes());
        }
    }
    text
}

/// Whether the values of an attribute are the members of a group.
fn is_membership(attribute: &Attribute) -> bool {
    is_member(attribute.description.attribute_type())
}

/// Whether a member is nobody.
pub fn is_dummy(value: &[u8], policy: &Policy) -> bool {
    const NOBODY: [&[u8]; 4] = [b"nobody", b"dummy", b"fakeuser", b"refint_nothing"];
    let Ok(dn) = Dn::parse(value) else { return false };
    if matches!(&policy.references.last_member, LastMember::Placeholder(placeholder) if *placeholder == dn) {
        return true;
    }
    let Some(rdn) = dn.rdn() else { return true };
    rdn.avas().iter().any(|ava| NOBODY.iter().any(|name| name.eq_ignore_ascii_case(&ava.value)))
}

/// Whether no member is left, but dummies.
fn is_emptied(attribute: &Attribute, gone: &Gone<'_>, policy: &Policy) -> bool {
    let name = attribute.description.attribute_type();
    let mut left = attribute.values.iter().enumerate().filter(|(at, _)| !gone.holds(*at));
    !gone.removed.is_empty() && left.all(|(_, value)| is_dummy(named_dn(name, &value.bytes), policy))
}

/// Whether an entry is a group that loses its last member, and that the policy deletes for it.
pub fn is_emptied_group(kept: &Kept, policy: &Policy, fates: &Fates<'_>) -> bool {
    let attributes = kept.entry.attributes.iter().enumerate().filter(|(_, attribute)| is_membership(attribute));
    let mut attributes = attributes.filter(|(_, attribute)| !attribute.values.is_empty()).peekable();
    matches!(policy.references.last_member, LastMember::DeleteGroup)
        && attributes.peek().is_some()
        && attributes.all(|(at, attribute)| is_emptied(attribute, &gone(kept, at, policy, fates), policy))
        && !policy.protect.covers(&kept.entry)
}

/// What takes the place of the last members, or why their accounts must be held.
fn last_member(
    entry: &Entry,
    attribute: &Attribute,
    gone: &Gone<'_>,
    policy: &Policy,
    fates: &Fates<'_>,
) -> Result<Vec<Value>, Vec<Obstacle>> {
    let all = |obstacle: &dyn Fn(usize) -> Obstacle| {
        Err(gone.removed.iter().map(|reference| obstacle(reference.person)).collect::<Vec<_>>())
    };
    match &policy.references.last_member {
        LastMember::Placeholder(dn) => Ok(vec![Value::new(dn.raw_bytes())]),
        LastMember::Successor => {
            let successors = gone.removed.iter().map(|reference| (fates.successor)(reference.person));
            let names: Option<Vec<Value>> =
                successors.map(|successor| Some(Value::new(successor?.dn.raw_bytes()))).collect();
            names.map_or_else(|| all(&Obstacle::NoSuccessor), Ok)
        }
        LastMember::Allow => match keeps_member(entry, attribute, policy, fates.schema) {
            None => Ok(Vec::new()),
            Some(why) => all(&|person| Obstacle::LastMember(person, why.clone())),
        },
        LastMember::Refuse => all(&|person| Obstacle::LastMember(person, KeepsMember::Policy)),
        LastMember::DeleteGroup => {
            let why = if policy.protect.covers(entry) {
                GroupStays::Protected
            } else if has_other_members(entry, attribute) {
                GroupStays::OtherMembers
            } else {
                GroupStays::EntriesBelow
            };
            all(&|person| Obstacle::LastMember(person, KeepsMember::GroupStays(why)))
        }
    }
}

/// Whether another attribute of a group has values that are members.
fn has_other_members(entry: &Entry, attribute: &Attribute) -> bool {
    let others = entry.attributes.iter().filter(|other| other.description != attribute.description);
    others.filter(|other| is_membership(other)).any(|other| !other.values.is_empty())
}

/// Why an entry must keep a value of the attribute; `None` if it may be without: on this server, or by its classes.
fn keeps_member(entry: &Entry, attribute: &Attribute, policy: &Policy, schema: &ServerSchema) -> Option<KeepsMember> {
    if policy.directory.server.profile().allows_empty_groups {
        return None;
    }
    let name = attribute.description.attribute_type();
    let keeps = |class: &[u8]| {
        let spelled = || String::from_utf8_lossy(class).into_owned();
        let Ok(class) = std::str::from_utf8(class) else { return Some(KeepsMember::UnknownClass(spelled())) };
        let Some(rules) = schema.class(class) else { return Some(KeepsMember::UnknownClass(spelled())) };
        let requires = rules.required().iter().any(|required| same_type(required, name));
        requires.then(|| KeepsMember::Required(spelled()))
    };
    let mut all: Vec<KeepsMember> = entry.values("objectClass").filter_map(|class| keeps(&class.bytes)).collect();
    // A class that is known to require a member says more than one that is not known.
    let required = all.iter().position(|why| matches!(why, KeepsMember::Required(_)));
    (!all.is_empty()).then(|| all.swap_remove(required.unwrap_or(0)))
}

/// A value with the new name of a moved account in place of the old one; what stands before and behind the name stays.
fn rewritten(attribute: &Attribute, reference: &Reference, (old, new): &(Dn, Dn)) -> Option<Value> {
    let value = &attribute.values[reference.at.1].bytes;
    let named = named_dn(attribute.description.attribute_type(), value);
    let dn = Dn::parse(named).ok()?;
    let renamed = dn.renamed(old.key(), new)?;
    Some(Value::new(&[renamed.raw_bytes(), &value[named.len()..]].concat()))
}
