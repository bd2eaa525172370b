//! What makes an entry a member of certain groups: the values of the groups, by which each entry is then judged.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Unresolved;
use super::ways::{BACK_LINKS, GROUP_CLASSES, Holds, NESTED_ROLE, ROLE_CLASSES, holds, lists_members};
use crate::directory::EntryView;
use crate::directory::identity::holders::{ADDRESSES, IdentifierKind, USER_NAMES, normal_form};
use crate::directory::key_hash::KeyMap;
use crate::directory::references::named_dn;
use crate::directory::search::{Scope, Search};
use crate::ldap::attribute::same_type;
use crate::ldap::dn_key::KeyBuffer;
use crate::ldap::filter::Filter;
use crate::ldap::sid::{sid_text, split_sid};
use crate::ldap::url::{LdapUrl, percent_decoded};
use crate::ldap::vocabulary::Vocabulary;
use crate::ldap::{Attribute, DnKey, Entry, Origin, TypeMap, Value};
use crate::ldif::AttributeSelection;

/// A group, or a set of groups, by number.
pub type GroupId = u32;

/// A value, with its attribute and its entry.
type Place<'e> = (&'e Entry, &'e Attribute, &'e Value);

type ByValue = HashMap<Vec<u8>, Vec<GroupId>>;

/// What an attribute of an entry says about the groups that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    UserName,
    Address,
    /// Names groups that the entry is in.
    BackLink,
    /// Names roles that the entry has, or contains if it is a nested role.
    Role,
    Gid,
    Uid,
    Rid,
    PrimarySid,
    Sid,
    GroupName,
}

/// A membership of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// How the entry is a member.
    pub way: Way,
}

/// How certain a membership is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// The entry is a member for certain.
    Certain,
    /// By an identifier, which other entries may have as well.
    Identifier(Vec<u8>),
    /// By a role that does not cover the place of the entry.
    OutOfScope,
}

impl Way {
    /// The order of certainty: 0 is certain.
    pub fn doubt(&self) -> u8 {
        match self {
            Self::Certain => 0,
            Self::Identifier(_) => 1,
            Self::OutOfScope => 2,
        }
    }
}

/// A search that finds members.
struct MemberSearch {
    search: Search,
    group: GroupId,
}

/// A member by DN.
struct NamedMember {
    /// The export and the line of the first value that names it.
    origin: Origin,
    /// That value; entries share it.
    value: Arc<[u8]>,
    groups: Vec<GroupId>,
}

/// A managed role.
struct Role {
    group: GroupId,
    /// The entries that it may be given to are at or below these names.
    scopes: Vec<DnKey>,
}

/// The classes whose `cn` is a name by which other groups may name a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Named {
    PosixGroup,
    Netgroup,
    Alias,
}

impl Named {
    fn class(self) -> &'static str {
        match self {
            Self::PosixGroup => "posixGroup",
            Self::Netgroup => "nisNetgroup",
            Self::Alias => "nisMailAlias",
        }
    }
}

/// What the exports must hold so that a value of a group can be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// What it is.
    pub what: RequiredThing,
    /// The value; `why` is what is wrong if the exports lack it.
    pub unresolved: Unresolved,
}

/// What the exports must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequiredThing {
    /// The entry at which a search begins.
    Base(DnKey),
    /// An entry with this attribute type.
    Attribute(String),
    /// A group with a class and a name.
    Group(&'static str, Vec<u8>),
}

/// A member by DN that the exports lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentMember {
    /// Its name.
    pub key: DnKey,
    /// The export and the line of the value that names it.
    pub origin: Origin,
    /// The value, raw.
    pub value: Vec<u8>,
}

/// What makes an entry a member of groups.
pub struct Criteria {
    says: TypeMap<Says>,
    names: KeyMap<NamedMember>,
    groups: KeyMap<Vec<GroupId>>,
    roles: KeyMap<Role>,
    user_names: ByValue,
    uids: ByValue,
    addresses: ByValue,
    gids: ByValue,
    /// By RID; with the domain SID of the group.
    rids: HashMap<Vec<u8>, Vec<(Option<String>, GroupId)>>,
    primary_sids: ByValue,
    sids: ByValue,
    by_cn: HashMap<(Named, Vec<u8>), Vec<GroupId>>,
    searches: Vec<MemberSearch>,
    /// A group of Active Directory shows no SID, so its primary members are unknown.
    has_group_without_sid: bool,
    /// What must be in the exports, or the members are not known.
    required: Vec<Required>,
    unresolved: BTreeSet<Unresolved>,
}

impl Default for Criteria {
    fn default() -> Self {
        let mut says: TypeMap<Says> = TypeMap::default();
        for (names, said) in
            [(&USER_NAMES[..], Says::UserName), (&ADDRESSES[..], Says::Address), (&BACK_LINKS[..], Says::BackLink)]
        {
            for name in names {
                says.insert(name, said);
            }
        }
        for (name, said) in [
            ("nsRoleDN", Says::Role),
            ("gidNumber", Says::Gid),
            ("uidNumber", Says::Uid),
            ("primaryGroupID", Says::Rid),
            ("sambaPrimaryGroupSID", Says::PrimarySid),
            ("sambaSID", Says::Sid),
            ("objectSid", Says::Sid),
            ("cn", Says::GroupName),
        ] {
            says.insert(name, said);
        }
        Self {
            says,
            names: KeyMap::default(),
            groups: KeyMap::default(),
            roles: KeyMap::default(),
            user_names: HashMap::new(),
            uids: HashMap::new(),
            addresses: HashMap::new(),
            gids: HashMap::new(),
            rids: HashMap::new(),
            primary_sids: HashMap::new(),
            sids: HashMap::new(),
            by_cn: HashMap::new(),
            searches: Vec::new(),
            has_group_without_sid: false,
            required: Vec::new(),
            unresolved: BTreeSet::new(),
        }
    }
}

/// The normal form of a name.
fn folded(value: &[u8]) -> Vec<u8> {
    normal_form(IdentifierKind::UserName, value)
}

/// The normal form of a number: `0500` is 500.
pub fn number(value: &[u8]) -> Vec<u8> {
    normal_form(IdentifierKind::Number, value)
}

fn address(value: &[u8]) -> Vec<u8> {
    normal_form(IdentifierKind::Address, value)
}

fn add(map: &mut ByValue, value: Vec<u8>, group: GroupId) {
    let groups = map.entry(value).or_default();
    if !groups.contains(&group) {
        groups.push(group);
    }
}

fn add_key(map: &mut KeyMap<Vec<GroupId>>, key: DnKey, group: GroupId) {
    let groups = map.entry(key).or_default();
    if !groups.contains(&group) {
        groups.push(group);
    }
}

/// Whether an entry is a group or a role: entries may be in it.
pub fn is_group(entry: &Entry) -> bool {
    let mut classes = GROUP_CLASSES.iter().chain(&ROLE_CLASSES);
    classes.any(|class| entry.has_class(class))
        || entry.attributes.iter().any(|attribute| lists_members(attribute.description.attribute_type()))
}

/// The values by which an entry says who its members are, and that cannot be followed.
pub fn unresolved(entry: &Entry, vocabulary: Vocabulary<'_>) -> Vec<Unresolved> {
    let mut criteria = Criteria::default();
    criteria.add_group(0, entry, vocabulary);
    criteria.into_unresolved()
}

/// The names by which sudo rules and netgroups may name a group, with its class.
pub fn names_of_group(entry: &Entry) -> Vec<(&'static str, Vec<u8>)> {
    let kinds = [Named::PosixGroup, Named::Netgroup].into_iter().filter(|kind| entry.has_class(kind.class()));
    kinds.flat_map(|kind| entry.values("cn").map(move |cn| (kind.class(), folded(&cn.bytes)))).collect()
}

/// Whether an entry is a POSIX group, and not an account of which `gidNumber` is the primary group.
pub fn is_posix_group(entry: &Entry) -> bool {
    entry.values("gidNumber").next().is_some() && entry.values("uidNumber").next().is_none()
}

impl Criteria {
    /// Adds everything by which a group says who its members are.
    pub fn add_group(&mut self, group: GroupId, entry: &Entry, vocabulary: Vocabulary<'_>) {
        self.add_unlisted(group, entry);
        for attribute in &entry.attributes {
            let Some(holds) = holds(attribute.description.attribute_type()) else { continue };
            // `member;range=0-1499` (MS-ADTS, 3.1.1.3.1.3.3)
            let is_cut = attribute
                .description
                .options()
                .any(|option| option.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("range=")));
            if let Some(first) = attribute.values.first().filter(|_| is_cut) {
                self.add_unresolved(entry, attribute, first, "the export has only a part of these values");
            }
            for value in &attribute.values {
                if let Err(why) = self.add_value(group, (entry, attribute, value), holds, vocabulary) {
                    self.add_unresolved(entry, attribute, value, why);
                }
            }
        }
        // slapo-dynlist(5) adds members by a URL of this kind to groups; elsewhere it is an address of a web page.
        if GROUP_CLASSES.iter().any(|class| entry.has_class(class)) {
            for attribute in entry.attributes.iter().filter(|attribute| attribute.description.is_type("labeledURI")) {
                for value in attribute.values.iter().filter(|value| LdapUrl::of_value(&value.bytes).is_some()) {
                    if let Err(why) = self.add_value(group, (entry, attribute, value), Holds::Url, vocabulary) {
                        self.add_unresolved(entry, attribute, value, why);
                    }
                }
            }
        }
        if entry.has_class(NESTED_ROLE) {
            for role in entry.attributes.iter().filter(|attribute| attribute.description.is("nsRoleDN")) {
                for value in &role.values {
                    match DnKey::parse(&value.bytes) {
                        Ok(key) => self.add_name(group, key, (entry, value)),
                        Err(_) => self.add_unresolved(entry, role, value, NOT_A_DN),
                    }
                }
            }
        }
    }

    /// Adds what makes an entry a member of a group although the group does not list it: a back link, a managed role or a
    /// primary group.
    pub fn add_unlisted(&mut self, group: GroupId, entry: &Entry) {
        let key = entry.dn.key();
        add_key(&mut self.groups, key.clone(), group);
        if ROLE_CLASSES.iter().any(|class| entry.has_class(class)) {
            let more = entry.values("nsRoleScopeDN").filter_map(|value| DnKey::parse(&value.bytes).ok());
            let scopes = key.parent().into_iter().chain(more).collect();
            self.roles.insert(key.clone(), Role { group, scopes });
        }
        if is_posix_group(entry) {
            for value in entry.values("gidNumber") {
                add(&mut self.gids, number(&value.bytes), group);
            }
        }
        for sid in entry.values("sambaSID").filter_map(|value| sid_text(&value.bytes)) {
            add(&mut self.primary_sids, sid.into_bytes(), group);
        }
        let sids = entry.values("objectSid").filter_map(|value| sid_text(&value.bytes));
        let mut rids: Vec<(Option<String>, String)> = sids
            .filter_map(|sid| split_sid(&sid).map(|(domain, rid)| (Some(domain.to_owned()), rid.to_owned())))
            .collect();
        let tokens = entry.values("primaryGroupToken").map(|value| String::from_utf8_lossy(&value.bytes).into_owned());
        rids.extend(tokens.map(|token| (None, token)));
        if rids.is_empty() && entry.has_class("group") {
            let names = entry.values("cn").chain(entry.values("sAMAccountName"));
            rids.extend(names.filter_map(|name| well_known_rid(&name.bytes)).map(|rid| (None, rid.to_owned())));
            self.has_group_without_sid |= rids.is_empty();
        }
        for (domain, rid) in rids {
            self.rids.entry(number(rid.as_bytes())).or_default().push((domain, group));
        }
    }

    fn add_unresolved(&mut self, entry: &Entry, attribute: &Attribute, value: &Value, why: &'static str) {
        self.unresolved.insert(Unresolved {
            origin: Origin { line: value.line, ..entry.origin },
            attribute: attribute.description.to_string(),
            value: value.bytes.to_vec(),
            why,
        });
    }

    /// Adds one value of a group; on failure, why it cannot be followed.
    fn add_value(
        &mut self,
        group: GroupId,
        (entry, attribute, value): Place<'_>,
        holds: Holds,
        vocabulary: Vocabulary<'_>,
    ) -> Result<(), &'static str> {
        let bytes = &*value.bytes;
        match holds {
            Holds::Dn => {
                let name = named_dn(attribute.description.attribute_type(), bytes);
                let key = DnKey::parse(name).map_err(|_| NOT_A_DN)?;
                self.add_name(group, key, (entry, value));
            }
            Holds::Uid => {
                if bytes.contains(&b'=') && DnKey::parse(bytes).is_ok() {
                    return Err("it is a DN, but the attribute holds user names");
                }
                if bytes.contains(&b'@') {
                    add(&mut self.addresses, address(bytes), group);
                }
                add(&mut self.user_names, folded(bytes), group);
            }
            Holds::Netgroup => self.add_triple(group, bytes)?,
            Holds::NetgroupName => {
                self.require_group(Named::Netgroup, bytes, (entry, attribute, value));
                self.add_named(group, Named::Netgroup, bytes);
            }
            Holds::SudoUser => {
                self.add_sudo_user(group, bytes)?;
                match bytes {
                    [b'%', b'#' | b':', ..] => {}
                    [b'%', name @ ..] => self.require_group(Named::PosixGroup, name, (entry, attribute, value)),
                    [b'+', name @ ..] => self.require_group(Named::Netgroup, name, (entry, attribute, value)),
                    _ => {}
                }
            }
            Holds::Address => {
                if !bytes.contains(&b'@') {
                    add(&mut self.user_names, folded(bytes), group);
                    self.add_named(group, Named::Alias, bytes);
                }
                add(&mut self.addresses, address(bytes), group);
            }
            Holds::Url => {
                let search = search_of_url(bytes, vocabulary)?;
                self.require_of_search(&search, (entry, attribute, value), vocabulary);
                self.searches.push(MemberSearch { search, group });
            }
            Holds::RoleFilter => {
                let filter = filter(bytes, vocabulary)?;
                let more = entry.values("nsRoleScopeDN").filter_map(|value| DnKey::parse(&value.bytes).ok());
                for base in entry.dn.key().parent().into_iter().chain(more) {
                    let search = Search { base, scope: Scope::Sub, filter: filter.clone() };
                    self.require_of_search(&search, (entry, attribute, value), vocabulary);
                    self.searches.push(MemberSearch { search, group });
                }
            }
            Holds::Filter(base) => {
                let filter = filter(bytes, vocabulary)?;
                let base = entry.values(base).next().map(|base| DnKey::parse(&base.bytes));
                let base = base.transpose().map_err(|_| NOT_A_DN)?.unwrap_or_default();
                let search = Search { base, scope: Scope::Sub, filter };
                self.require_of_search(&search, (entry, attribute, value), vocabulary);
                self.searches.push(MemberSearch { search, group });
            }
            Holds::Sid => {
                let sid = sid_text(bytes).ok_or("it is not a SID")?;
                add(&mut self.sids, sid.into_bytes(), group);
            }
            Holds::Foreign => {
                // Exchange keeps the same filter in a form that can be evaluated.
                let is_known = entry.values("msExchDynamicDLFilter").next().is_some();
                if !is_known || !attribute.description.is("msExchQueryFilter") {
                    return Err("members by such criteria cannot be found in exports");
                }
            }
        }
        Ok(())
    }

    fn require(&mut self, what: RequiredThing, (entry, attribute, value): Place<'_>, why: &'static str) {
        let unresolved = Unresolved {
            origin: Origin { line: value.line, ..entry.origin },
            attribute: attribute.description.to_string(),
            value: value.bytes.to_vec(),
            why,
        };
        self.required.push(Required { what, unresolved });
    }

    fn require_group(&mut self, kind: Named, name: &[u8], place: Place<'_>) {
        self.require(
            RequiredThing::Group(kind.class(), folded(name)),
            place,
            "the exports have no group with this name",
        );
    }

    /// A search finds nothing below an entry that the exports lack. It finds too little by an attribute that they do not
    /// show: one that nothing knows may be misspelled, and a back link is often not exported.
    fn require_of_search(&mut self, search: &Search, place: Place<'_>, vocabulary: Vocabulary<'_>) {
        if !search.base.as_bytes().is_empty() {
            self.require(
                RequiredThing::Base(search.base.clone()),
                place,
                "the exports lack the entry that it searches",
            );
        }
        let mut asked: Vec<String> = Vec::new();
        search.filter.for_each_asked(&mut |name| {
            if !vocabulary.knows(name) || BACK_LINKS.iter().any(|link| same_type(link, name)) {
                asked.push(name.to_owned());
            }
        });
        for name in asked {
            self.require(RequiredThing::Attribute(name), place, "its filter asks for an attribute that no entry shows");
        }
    }

    /// What the exports must hold.
    pub fn required(&self) -> &[Required] {
        &self.required
    }

    fn add_name(&mut self, group: GroupId, key: DnKey, (entry, value): (&Entry, &Value)) {
        let origin = Origin { line: value.line, ..entry.origin };
        let named = || NamedMember { origin, value: Arc::clone(&value.bytes), groups: Vec::new() };
        let member = self.names.entry(key).or_insert_with(named);
        if !member.groups.contains(&group) {
            member.groups.push(group);
        }
    }

    fn add_named(&mut self, group: GroupId, kind: Named, name: &[u8]) {
        self.by_cn.entry((kind, folded(name))).or_default().push(group);
    }

    /// `(host,user,domain)`: an empty user is every user, `-` is none (RFC 2307, 2.3).
    fn add_triple(&mut self, group: GroupId, triple: &[u8]) -> Result<(), &'static str> {
        let inner = triple.trim_ascii().strip_prefix(b"(").and_then(|rest| rest.strip_suffix(b")"));
        let fields: Vec<&[u8]> = inner.into_iter().flat_map(|inner| inner.split(|byte| *byte == b',')).collect();
        let [host, user, _] = fields[..] else { return Err("it is not a netgroup triple") };
        match user.trim_ascii() {
            b"-" => {}
            // A host and no user: a list of hosts.
            b"" if !host.trim_ascii().is_empty() => {}
            b"" => return Err(EVERY_USER),
            user => add(&mut self.user_names, folded(user), group),
        }
        Ok(())
    }

    fn add_sudo_user(&mut self, group: GroupId, user: &[u8]) -> Result<(), &'static str> {
        match user {
            // Excluded users are not members.
            [b'!', ..] => {}
            [b'%', b'#', gid @ ..] => add(&mut self.gids, number(gid), group),
            [b'%', b':', ..] => return Err("groups of another system are not in the exports"),
            [b'%', name @ ..] => self.add_named(group, Named::PosixGroup, name),
            [b'+', name @ ..] => self.add_named(group, Named::Netgroup, name),
            [b'#', uid @ ..] => add(&mut self.uids, number(uid), group),
            b"ALL" => return Err(EVERY_USER),
            name => add(&mut self.user_names, folded(name), group),
        }
        Ok(())
    }

    /// The members by DN that are not among the entries with these names, in the order of their names.
    pub fn absent<T>(&self, members: &KeyMap<T>) -> Vec<AbsentMember> {
        let absent = self.names.iter().filter(|(key, _)| !members.contains_key(*key));
        let mut absent: Vec<AbsentMember> = absent
            .map(|(key, member)| AbsentMember { key: key.clone(), origin: member.origin, value: member.value.to_vec() })
            .collect();
        absent.sort_by(|a, b| a.key.cmp(&b.key));
        absent
    }

    /// What cannot be followed.
    pub fn into_unresolved(self) -> Vec<Unresolved> {
        self.unresolved.into_iter().collect()
    }

    /// The value of an entry that names a primary group in Active Directory which may be one of the groups: one of them
    /// shows no SID.
    pub fn unclear_primary_group(&self, entry: &EntryView<'_>) -> Option<Unresolved> {
        const OTHER_GROUPS: [&[u8]; 5] = [b"513", b"514", b"515", b"516", b"521"];
        if !self.has_group_without_sid {
            return None;
        }
        let mut lines = entry.values("primaryGroupID");
        let line = lines.find(|line| {
            let rid = number(line.value.bytes());
            !OTHER_GROUPS.contains(&&*rid) && !self.rids.contains_key(&rid)
        })?;
        Some(Unresolved {
            origin: Origin { line: line.line, ..entry.origin() },
            attribute: line.description.to_string(),
            value: line.value.bytes().to_vec(),
            why: "it may be the primary group of this account: the group shows no objectSid",
        })
    }

    /// The attributes by which [`Criteria::memberships`] judges entries.
    pub fn interest(&self) -> AttributeSelection {
        let mut interest = AttributeSelection::default();
        self.for_each_attribute(&mut |name| interest.insert(name, ()));
        interest
    }

    /// Calls `take` with the attributes by which [`Criteria::memberships`] judges entries.
    pub fn for_each_attribute(&self, take: &mut dyn FnMut(&str)) {
        let more =
            ["nsRoleDN", "gidNumber", "uidNumber", "primaryGroupID", "sambaPrimaryGroupSID", "sambaSID", "objectSid"];
        let names = USER_NAMES.iter().chain(&ADDRESSES).chain(&BACK_LINKS).chain(&more).chain(&["cn", "objectClass"]);
        for name in names {
            take(name);
        }
        for search in &self.searches {
            search.search.filter.for_each_type(&mut |name| take(name));
        }
    }

    /// How an entry is a member of the groups; empty if it is not.
    pub fn memberships(&self, entry: &EntryView<'_>, keys: &mut KeyBuffer) -> Vec<Membership> {
        let mut found: Vec<Membership> = Vec::new();
        let mut push = |groups: &[GroupId], way: Way| {
            found.extend(groups.iter().map(|group| Membership { group: *group, way: way.clone() }));
        };
        if let Some(member) = self.names.get(entry.key) {
            push(&member.groups, Way::Certain);
        }
        for line in &entry.record.attributes {
            let Some(said) = self.says.get(&line.description) else { continue };
            let value = line.value.bytes();
            let by = |map: &ByValue, normal: &dyn Fn(&[u8]) -> Vec<u8>| {
                let value = if map.is_empty() { Vec::new() } else { normal(value) };
                (map.get(&value).cloned().unwrap_or_default(), value)
            };
            match said {
                Says::UserName => {
                    let (groups, value) = by(&self.user_names, &folded);
                    push(&groups, Way::Identifier(value));
                }
                Says::Address => {
                    let (groups, value) = by(&self.addresses, &address);
                    push(&groups, Way::Identifier(value));
                }
                Says::Uid => {
                    let (groups, value) = by(&self.uids, &number);
                    push(&groups, Way::Identifier(value));
                }
                Says::BackLink => {
                    if let Some(groups) = keys.key_of(value).ok().and_then(|key| self.groups.get(key)) {
                        push(groups, Way::Certain);
                    }
                }
                Says::Role if !self.roles.is_empty() => {
                    let role = keys.key_of(value).ok().and_then(|key| self.roles.get(key));
                    if let Some(role) = role.filter(|_| !is_role(entry)) {
                        let covers = role.scopes.iter().any(|scope| entry.key.starts_with(scope.as_bytes()));
                        push(&[role.group], if covers { Way::Certain } else { Way::OutOfScope });
                    }
                }
                Says::Gid if !self.gids.is_empty() && has_primary_group(entry) => {
                    push(&by(&self.gids, &number).0, Way::Certain);
                }
                Says::Rid => {
                    for (domain, group) in self.rids.get(&number(value)).into_iter().flatten() {
                        if domain.as_ref().is_none_or(|domain| is_of_domain(entry, domain)) {
                            push(&[*group], Way::Certain);
                        }
                    }
                }
                Says::PrimarySid => push(&by(&self.primary_sids, &sid).0, Way::Certain),
                Says::Sid => push(&by(&self.sids, &sid).0, Way::Certain),
                Says::GroupName if !self.by_cn.is_empty() => {
                    for kind in [Named::PosixGroup, Named::Netgroup, Named::Alias] {
                        let groups = self.by_cn.get(&(kind, folded(value)));
                        if let Some(groups) = groups.filter(|_| has_class(entry, kind.class())) {
                            push(groups, Way::Certain);
                        }
                    }
                }
                Says::Role | Says::Gid | Says::GroupName => {}
            }
        }
        for member in &self.searches {
            if member.search.finds(entry) {
                push(&[member.group], Way::Certain);
            }
        }
        found
    }
}

const NOT_A_DN: &str = "it is not a DN";
/// Why a value is unresolved that has every user as a member.
pub const EVERY_USER: &str = "it makes every user a member";

fn sid(value: &[u8]) -> Vec<u8> {
    sid_text(value).unwrap_or_default().into_bytes()
}

fn has_class(entry: &EntryView<'_>, class: &str) -> bool {
    entry.values("objectClass").any(|line| line.value.bytes().eq_ignore_ascii_case(class.as_bytes()))
}

fn is_role(entry: &EntryView<'_>) -> bool {
    ROLE_CLASSES.iter().any(|class| has_class(entry, class))
}

/// Whether the `gidNumber` of an entry is its primary group, and not its own number as a group.
fn has_primary_group(entry: &EntryView<'_>) -> bool {
    let is_group = || GROUP_CLASSES.iter().any(|class| has_class(entry, class));
    entry.values("uidNumber").next().is_some() || !is_group()
}

/// Whether an entry is of a domain of Active Directory, as far as it shows its SID.
fn is_of_domain(entry: &EntryView<'_>, domain: &str) -> bool {
    let own = entry.values("objectSid").find_map(|line| sid_text(line.value.bytes()));
    own.is_none_or(|own| split_sid(&own).is_some_and(|(own, _)| own == domain))
}

/// The RID of a group that every domain has, by its English name (MS-ADTS, 6.1.1.6).
fn well_known_rid(name: &[u8]) -> Option<&'static str> {
    const GROUPS: [(&str, &str); 10] = [
        ("Domain Admins", "512"),
        ("Domain Users", "513"),
        ("Domain Guests", "514"),
        ("Domain Computers", "515"),
        ("Domain Controllers", "516"),
        ("Cert Publishers", "517"),
        ("Schema Admins", "518"),
        ("Enterprise Admins", "519"),
        ("Group Policy Creator Owners", "520"),
        ("Read-only Domain Controllers", "521"),
    ];
    GROUPS.iter().find(|(group, _)| group.as_bytes().eq_ignore_ascii_case(name)).map(|(_, rid)| *rid)
}

fn filter(text: &[u8], vocabulary: Vocabulary<'_>) -> Result<Filter, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| "its filter is not text")?;
    let filter = Filter::parse(text.trim()).map_err(|_| "its filter cannot be read")?.bound(vocabulary);
    if filter.undefined().is_empty() { Ok(filter) } else { Err("its filter cannot be evaluated") }
}

/// The search of an LDAP URL (RFC 4516): the scope is the base alone, and every entry matches, unless the URL says more.
fn search_of_url(url: &[u8], vocabulary: Vocabulary<'_>) -> Result<Search, &'static str> {
    let url = LdapUrl::of_value(url).ok_or("it is not an LDAP URL")?;
    let rest = url.rest.unwrap_or_default();
    let mut parts = rest.split('?').skip(1);
    let (scope, text) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let scope = match scope.to_ascii_lowercase().as_str() {
        "sub" => Scope::Sub,
        "one" => Scope::One,
        "" | "base" => Scope::Base,
        _ => return Err("its scope is not known"),
    };
    let text = percent_decoded(text);
    let text = if text.is_empty() { b"(objectClass=*)" } else { &*text };
    Ok(Search { base: url.dn.key().clone(), scope, filter: filter(text, vocabulary)? })
}
