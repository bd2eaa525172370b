//! Pass 2: what names, contains or belongs to the accounts that are deleted or moved, and what stands above all of them.

use crate::ldap::attribute::base_type;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::access::{Access, Way, finds};
use super::address_books::POINTERS;
use crate::directory::census::{Finding, Place};
use crate::directory::extent::{Extent, TIMES, time_attributes};
use crate::directory::key_hash::{Hashes, KeySet, hash};
use crate::directory::references::kinds::{ALIAS, KINDS, MEMBERS};
use crate::directory::references::persons::{Naming, identifying};
use crate::directory::references::{Form, MatchKind, Referent, SharedIdentifiers, SubjectIndex, Treatment};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass, Structure};
use crate::ldap::dn_key::{KeyBuffer, prefixes};
use crate::ldap::filter::Truth;
use crate::ldap::managed_entries::{MANAGED_BY, MANAGED_ENTRY, has_plug_in};
use crate::ldap::schema::Schema;
use crate::ldap::url::LdapUrl;
use crate::ldap::{AttributeDescription, DnKey, Entry, TypeMap};
use crate::ldif::AttributeSelection;
use crate::policy::{ListedReference, Policy, PolicyError};

/// Attributes by whose URLs a group finds its members.
const BY_URL: [&str; 2] = ["memberURL", "mgrpDeliverTo"];

/// What an attribute is to the pass.
#[derive(Clone, Copy, Debug)]
struct Role {
    /// How its values name somebody, and what is done with them; `None` if they do not.
    kind: Option<(Form, Treatment)>,
    /// Its values are user names or mail addresses of the entry itself.
    identifies: bool,
    /// Its values are URLs by which a group finds its members.
    finds: bool,
    /// Its values are URLs of the entry's address book.
    points: bool,
}

/// The attributes that name somebody under a policy: what it lists, then what is known, then what the schema in the exports
/// has for names, each with what is done.
///
/// What stands first counts. A listed attribute that only the schema knows has the schema's form; one that nothing knows is
/// refused before: see [`of_unknown_form`].
pub fn kinds(policy: &Policy, schema: &Schema) -> Vec<(String, Form, Treatment)> {
    let known: TypeMap<Form> = KINDS.iter().map(|(name, form, _)| (*name, *form)).collect();
    let of_schema = |name: &str| if schema.is_name_and_uid(name) { Form::NameAndUid } else { Form::Name };
    let form_of = |name: &str| known.get(name).unwrap_or_else(|| of_schema(name));
    let with = |list: &[AttributeDescription], treatment| -> Vec<(String, Form, Treatment)> {
        let names = list.iter().map(AttributeDescription::attribute_type);
        names.map(|name| (name.to_owned(), form_of(name), treatment)).collect()
    };
    let references = &policy.references;
    let stated = references.stated.iter();
    let mut kinds: Vec<(String, Form, Treatment)> =
        stated.map(|stated| (stated.attribute.attribute_type().to_owned(), stated.form, stated.treatment)).collect();
    kinds.extend(with(&references.leave, Treatment::Leave));
    kinds.extend(with(&references.remove, Treatment::Remove));
    kinds.extend(with(&references.reassign, Treatment::Reassign));
    kinds.extend(with(&references.review, Treatment::Review));
    let written = KINDS.iter().filter(|(name, ..)| !policy.directory.server.sets(name));
    kinds.extend(written.map(|(name, form, treatment)| ((*name).to_owned(), *form, *treatment)));
    kinds.push((ALIAS.to_owned(), Form::Name, Treatment::Leave));
    if has_plug_in(policy.directory.server) {
        // By these a managed entry and its origin find each other; the server keeps both.
        kinds.extend([MANAGED_BY, MANAGED_ENTRY].map(|name| (name.to_owned(), Form::Name, Treatment::Leave)));
    }
    // Whatever else the directory itself calls a name.
    let more = schema.dn_attributes().into_iter().filter(|name| !policy.directory.server.sets(name));
    kinds.extend(more.map(|name| (name.to_owned(), of_schema(name), Treatment::Review)));
    kinds
}

/// What is wrong with the attributes that `[references]` lists: neither offboard nor the schema knows how their values name
/// an account.
pub fn of_unknown_form(policy: &Policy, schema: &Schema) -> Vec<PolicyError> {
    let listed = policy.references.of_unknown_form.iter();
    let unknown = listed.filter(|listed| {
        let name = listed.attribute.attribute_type();
        !schema.is_dn(name) && !schema.is_name_and_uid(name)
    });
    unknown.map(ListedReference::unknown_form).collect()
}

/// Looks for everything around the accounts.
pub struct Collect<'p> {
    policy: &'p Policy,
    roles: TypeMap<Role>,
    interest: AttributeSelection,
    /// Who is looked for: accounts by their index, then what goes with them.
    pub persons: SubjectIndex,
    /// Entries that are needed for what they say: successors, domains, places that accounts move to.
    pub wanted: KeySet,
    /// Group numbers that are the primary one of a deleted account.
    pub primary_groups: HashSet<Vec<u8>>,
    /// Hashes of the names of all groups.
    pub groups: Hashes,
    /// Accounts that are deleted: what groups by URL are evaluated on.
    pub deleted: Vec<(usize, Arc<Entry>)>,
    /// Known address-book roots.
    pub book_roots: KeySet,
    /// RDN keys of address-book roots whose place is not known.
    pub book_rdns: HashMap<Vec<u8>, Vec<usize>>,
    /// Under which address books stand.
    pub book_suffix: Option<DnKey>,
    /// The names of all entries, to tell the parts of the directory that the exports hold; none where that is known.
    pub structure: Option<&'p Structure>,
    times: TypeMap<()>,
}

/// One value that names somebody.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Who, by number; the value may name an entry below theirs.
    pub person: usize,
    /// How the value names them.
    pub how: MatchKind,
    /// The form of the values of the attribute.
    pub form: Form,
    /// What is to be done with it if they are deleted.
    pub treatment: Treatment,
    /// Somebody else may be meant as well.
    pub unclear: bool,
    /// Position of the attribute in the entry, and of the value in the attribute.
    pub at: (usize, usize),
}

/// An entry that is kept, and why.
pub struct Kept {
    /// The entry.
    pub entry: Arc<Entry>,
    /// Its values that name somebody who is looked for.
    pub references: Vec<Reference>,
    /// The person below whose entry it stands.
    pub below: Option<usize>,
    /// The address-book root at or under which it stands.
    pub in_book: Option<DnKey>,
}

/// A group that is in a group.
#[derive(Clone, Debug)]
pub struct Nesting {
    /// Hash of the name of the one inside.
    pub child: u64,
    /// Hash of the name of the other.
    pub parent: u64,
    /// Its name as spelled.
    pub name: Box<[u8]>,
}

/// What pass 2 keeps.
#[derive(Default)]
pub struct Collected {
    /// Entries around the accounts.
    pub kept: Vec<Kept>,
    /// Values of reference attributes, all of them.
    pub reference_values: u64,
    /// Values of reassigned attributes, all of them.
    pub owner_values: u64,
    /// Address-book roots, all of them.
    pub books: u64,
    /// Values of reference attributes that are no distinguished names.
    pub unreadable_values: Finding,
    /// How many people have each of the primary groups that were asked for.
    pub primary_group_members: HashMap<Vec<u8>, u64>,
    /// Groups that are in groups.
    pub nesting: Vec<Nesting>,
    /// Groups that find deleted accounts by a URL.
    pub dynamic: Vec<Access>,
    /// The parts of the directory that the exports hold.
    pub extent: Extent,
    namesakes: SharedIdentifiers,
    /// Address books that other entries point to, and those entries.
    pointed_books: Vec<(DnKey, DnKey)>,
    keys: KeyBuffer,
    found: Vec<Naming>,
}

impl Collected {
    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.kept.extend(other.kept);
        self.reference_values += other.reference_values;
        self.owner_values += other.owner_values;
        self.books += other.books;
        self.unreadable_values.merge(other.unreadable_values);
        self.namesakes.merge(other.namesakes);
        self.pointed_books.extend(other.pointed_books);
        self.nesting.extend(other.nesting);
        self.dynamic.extend(other.dynamic);
        self.extent.merge(other.extent);
        for (group, count) in other.primary_group_members {
            *self.primary_group_members.entry(group).or_default() += count;
        }
    }

    /// What was found in other entries than these, as far as it is about entries that were not kept.
    #[must_use]
    pub fn others(&self, these: &dyn Fn(&DnKey) -> bool) -> Self {
        Self {
            namesakes: self.namesakes.without(these),
            pointed_books: self.pointed_books.iter().filter(|(_, from)| !these(from)).cloned().collect(),
            ..Self::default()
        }
    }

    /// Whether somebody who is not looked for points to an address book.
    pub fn others_point_to(&self, root: &DnKey) -> bool {
        self.pointed_books.iter().any(|(book, _)| book == root)
    }

    /// Whose an address book is that stands under the user name of somebody who is at home at `person`.
    pub fn book_owner(&self, uid: &[u8], domain: Option<&[u8]>, person: &DnKey) -> Referent {
        self.namesakes.book_owner(uid, domain, person)
    }

    /// Decides whom user names and shared addresses mean, now that everybody who has them is known: see [`SharedIdentifiers`].
    pub fn settle(&mut self, persons: &[DnKey]) {
        for kept in &mut self.kept {
            let entry = &kept.entry;
            kept.references.retain_mut(|reference| {
                let Some(person) = persons.get(reference.person) else { return true };
                let value = &entry.attributes[reference.at.0].values[reference.at.1].bytes;
                match self.namesakes.whose((reference.form, reference.how), value, person, entry.dn.key()) {
                    Referent::Leaver => true,
                    Referent::Ambiguous => {
                        reference.treatment = for_review(reference.treatment);
                        reference.unclear = true;
                        true
                    }
                    Referent::SomeoneElse => false,
                }
            });
        }
    }
}

/// What is done with a value that does not say for certain whom it means.
fn for_review(treatment: Treatment) -> Treatment {
    if treatment == Treatment::Leave { Treatment::Leave } else { Treatment::Review }
}

impl<'p> Collect<'p> {
    /// A pass that looks for nothing yet.
    pub fn new(policy: &'p Policy, schema: &Schema) -> Self {
        let mut roles: TypeMap<Role> = TypeMap::default();
        let own: TypeMap<()> = identifying().map(|name| (name, ())).collect();
        let finding: TypeMap<()> = BY_URL.iter().map(|name| (name, ())).collect();
        let pointing: TypeMap<()> = POINTERS.iter().map(|name| (name, ())).collect();
        let kinds = kinds(policy, schema);
        let mut names: Vec<&str> = kinds.iter().map(|(name, ..)| name.as_str()).collect();
        BY_URL.into_iter().chain(identifying()).chain(POINTERS).for_each(|name| names.push(name));
        let known: TypeMap<(Form, Treatment)> =
            kinds.iter().map(|(name, form, treatment)| (name, (*form, *treatment))).collect();
        for name in &names {
            let [identifies, finds, points] = [&own, &finding, &pointing].map(|types| types.get(name).is_some());
            roles.insert(name, Role { kind: known.get(name), identifies, finds, points });
        }
        names.extend(["gidNumber", "uidNumber"]);
        names.extend(TIMES);
        Self {
            policy,
            interest: names.iter().map(|name| (name, ())).collect(),
            roles,
            persons: SubjectIndex::default(),
            wanted: KeySet::default(),
            primary_groups: HashSet::new(),
            groups: Hashes::default(),
            deleted: Vec::new(),
            book_roots: KeySet::default(),
            book_rdns: HashMap::new(),
            book_suffix: policy.address_books.suffix.as_ref().map(|suffix| suffix.key().clone()),
            structure: None,
            times: time_attributes(),
        }
    }

    /// Whether values of the entry name somebody; counts them.
    fn names_somebody(&self, entry: &EntryView<'_>, found: &mut Collected) -> bool {
        let mut names = false;
        let Collected {
            keys,
            found: namings,
            nesting,
            namesakes,
            pointed_books,
            owner_values,
            reference_values,
            unreadable_values,
            dynamic,
            ..
        } = found;
        for line in &entry.record.attributes {
            let Some(role) = self.roles.get(&line.description) else { continue };
            let value = line.value.bytes();
            if role.identifies
                && !self.is_in_books(entry.key)
                && let Some(name) = self.persons.shared_with(entry.key, (base_type(&line.description), value), || {
                    self.policy.accounts.filter.evaluate(entry) == Truth::True
                })
            {
                namesakes.add(name, entry.key);
            }
            if role.finds && !self.deleted.is_empty() {
                self.find_by_url(entry, value, dynamic);
            }
            if role.points
                && let Some(book) = self.book_of_url(value)
                && self.persons.named(entry.key).is_none()
            {
                pointed_books.push((book, DnKey::from_key_bytes(entry.key)));
            }
            let Some((form, treatment)) = role.kind else { continue };
            match treatment {
                Treatment::Reassign => *owner_values += 1,
                Treatment::Remove | Treatment::Review => *reference_values += 1,
                Treatment::Leave => {}
            }
            match self.persons.find(form, base_type(&line.description), value, keys, namings) {
                Ok(()) => {
                    names |= !namings.is_empty();
                    let is_name = matches!(form, Form::Name | Form::NameAndUid);
                    if is_name && !self.groups.is_empty() && self.is_group(keys.last(), &line.description) {
                        nesting.push(Nesting {
                            child: hash(keys.last()),
                            parent: hash(entry.key),
                            name: entry.record.dn.as_ref().into(),
                        });
                    }
                }
                Err(_) => unreadable_values.add(Place {
                    export: entry.export,
                    line: line.line,
                    text: line.value.bytes().to_vec(),
                }),
            }
        }
        names
    }

    fn is_group(&self, key: &[u8], description: &str) -> bool {
        MEMBERS.iter().any(|name| description.eq_ignore_ascii_case(name)) && self.groups.contains(&hash(key))
    }

    /// Notes the deleted accounts that the entry finds by a URL.
    fn find_by_url(&self, entry: &EntryView<'_>, url: &[u8], dynamic: &mut Vec<Access>) {
        let found_by = self.deleted.iter().filter(|(_, account)| finds(url, account));
        dynamic.extend(found_by.map(|(account, _)| Access {
            account: *account,
            way: Way::Dynamic,
            group: entry.record.dn.to_vec(),
            through: url.to_vec(),
        }));
    }

    fn references(&self, entry: &Entry, found: &mut Collected) -> Vec<Reference> {
        let mut references = Vec::new();
        let Collected { keys, found: namings, .. } = found;
        for (attribute_at, attribute) in entry.attributes.iter().enumerate() {
            let name = attribute.description.attribute_type();
            let Some(Role { kind: Some((form, listed)), .. }) = self.roles.get(name) else { continue };
            for (value_at, value) in attribute.values.iter().enumerate() {
                if self.persons.find(form, name, &value.bytes, keys, namings).is_err() {
                    continue;
                }
                let at = (attribute_at, value_at);
                references.extend(namings.iter().map(|naming| {
                    let certain = matches!(naming.how, MatchKind::Name | MatchKind::Uid | MatchKind::Address);
                    let treatment = if certain { listed } else { for_review(listed) };
                    Reference { person: naming.person, how: naming.how, form, treatment, unclear: false, at }
                }));
            }
        }
        references
    }

    /// The address book that a URL names, if it is one of those looked for.
    fn book_of_url(&self, url: &[u8]) -> Option<DnKey> {
        if self.book_roots.is_empty() && self.book_rdns.is_empty() {
            return None;
        }
        self.book_above(LdapUrl::of_value(url)?.dn.key().as_bytes())
    }

    /// The address-book root at or above an entry that is one of those looked for.
    fn book_above(&self, key: &[u8]) -> Option<DnKey> {
        if self.book_roots.is_empty() && self.book_rdns.is_empty() {
            return None;
        }
        let suffix = self.book_suffix.as_ref().map_or(0, |suffix| suffix.as_bytes().len());
        prefixes(key).find_map(|(above, rdn)| {
            let known = self.book_roots.get(above).cloned();
            let guessed = || {
                let is_root = above.len() > suffix && self.book_rdns.contains_key(rdn) && self.is_in_books(above);
                is_root.then(|| DnKey::from_key_bytes(above))
            };
            known.or_else(guessed)
        })
    }

    fn is_in_books(&self, key: &[u8]) -> bool {
        self.book_suffix.as_ref().is_some_and(|suffix| key.starts_with(suffix.as_bytes()))
    }

    /// Counts people by the primary groups that are asked for, and tells whether the entry is such a group itself.
    fn is_primary_group(&self, entry: &EntryView<'_>, found: &mut Collected) -> bool {
        if self.primary_groups.is_empty() {
            return false;
        }
        let lines = || entry.record.attributes.iter();
        let has = |name: &str| lines().any(|line| line.description.eq_ignore_ascii_case(name));
        let number = lines().find(|line| line.description.eq_ignore_ascii_case("gidNumber"));
        let Some(number) = number.map(|line| line.value.bytes()).filter(|gid| self.primary_groups.contains(*gid))
        else {
            return false;
        };
        if has("uidNumber") {
            *found.primary_group_members.entry(number.to_vec()).or_default() += 1;
            return false;
        }
        true
    }
}

impl Pass for Collect<'_> {
    type Found = Collected;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Collected) -> Result<(), Unreadable> {
        if let Some(structure) = self.structure {
            found.extent.add(entry, structure, &self.times);
        }
        let names_somebody = self.names_somebody(entry, found);
        let books = &self.policy.address_books;
        if books.suffix.as_ref().is_some_and(|suffix| books.root.is_book(entry.key, suffix.key())) {
            found.books += 1;
        }
        let below = self.persons.at_or_above(entry.key);
        let in_book = if below.is_some() { None } else { self.book_above(entry.key) };
        let is_primary_group = self.is_primary_group(entry, found);
        let is_wanted = is_primary_group || self.wanted.contains(entry.key) || self.persons.is_near_miss(entry.key);
        if !names_somebody && below.is_none() && in_book.is_none() && !is_wanted {
            return Ok(());
        }
        let entry = entry.to_entry()?;
        let references = if names_somebody { self.references(&entry, found) } else { Vec::new() };
        found.kept.push(Kept { entry: entry.into(), references, below, in_book });
        Ok(())
    }
}
