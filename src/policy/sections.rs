//! The sections of a policy, checked: what each key of the file means.

use std::collections::BTreeMap;
use std::ops::Range;

use super::PolicyError;
use super::book_root::BookRoot;
use super::limit::{Limit, LimitKind};
use super::pattern::Pattern;
use super::server::Server;
use super::tools::ProvisioningTools;
use crate::directory::references::form::FORMS;
use crate::directory::references::{Form, Treatment};
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::filter::{Attributes, Filter, Truth};
use crate::ldap::matching::matches;
use crate::ldap::name_and_uid::split_name_and_uid;
use crate::ldap::{AttributeDescription, Dn, Entry};
use crate::leavers::roster::{Completeness, Rules};

/// `[directory]`
#[derive(Clone, Debug)]
pub struct DirectoryPolicy {
    /// The kind of server that runs the files.
    pub server: Server,
    /// Entries that the exports must hold.
    pub suffixes: Vec<Dn>,
    /// How old an export may be, in days.
    pub max_age_days: Option<u32>,
    /// What marks and deletes accounts at this site.
    pub tools: ProvisioningTools,
    /// A rollback adds entries with their identity, by the relax rules control.
    pub relax: bool,
}

/// `[accounts]`
#[derive(Clone, Debug)]
pub struct AccountPolicy {
    /// What makes an entry an account.
    pub filter: Filter,
    /// Where accounts stand; anywhere if empty.
    pub base: Vec<Dn>,
    /// Attributes by which a leaver is found, `uid` before `mail`.
    pub matching: Vec<AttributeDescription>,
    /// What a provisioned account looks like: one that does not match was made by hand and is never touched.
    pub provenance: Option<Filter>,
}

impl AccountPolicy {
    /// Whether the entry with this key is an account: where it is, and what it is.
    pub fn covers(&self, key: &[u8], entry: &dyn Attributes) -> bool {
        let is_in_base = self.base.is_empty() || self.base.iter().any(|base| key.starts_with(base.key().as_bytes()));
        is_in_base && self.filter.evaluate(entry) == Truth::True
    }
}

/// `[[rule]]`
#[derive(Clone, Debug)]
pub struct Rule {
    /// Entries at or below this name.
    pub base: Option<Dn>,
    /// Entries that match.
    pub filter: Option<Filter>,
    /// The filter as written.
    pub filter_text: Option<String>,
    /// What is done with the accounts that it fits.
    pub action: RuleAction,
}

impl Rule {
    /// Whether the rule is about an entry.
    pub fn fits(&self, entry: &Entry) -> bool {
        self.base.as_ref().is_none_or(|base| entry.dn.key().is_at_or_under(base.key()))
            && self.filter.as_ref().is_none_or(|filter| filter.evaluate(entry) == Truth::True)
    }

    /// What it is about, as the policy writes it.
    pub fn condition(&self) -> String {
        let base = self.base.as_ref().map(|base| format!("base {}", String::from_utf8_lossy(base.raw_bytes())));
        let filter = self.filter_text.as_ref().map(|filter| format!("filter {filter}"));
        let parts: Vec<String> = base.into_iter().chain(filter).collect();
        if parts.is_empty() { "everything".to_owned() } else { parts.join(" and ") }
    }
}

/// What a rule does with its accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// As the leaver list says.
    Delete,
    /// Disabled, never deleted.
    Disable,
    /// The mail service only.
    Mail,
    /// The calendar service only.
    Calendar,
    /// The blocking value, and nothing ever after.
    Disconnect,
    /// Held.
    Refuse,
}

impl RuleAction {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Self); 6] = [
        ("delete", Self::Delete),
        ("disable", Self::Disable),
        ("mail", Self::Mail),
        ("calendar", Self::Calendar),
        ("disconnect", Self::Disconnect),
        ("refuse", Self::Refuse),
    ];

    /// Its word in the policy.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, action)| *action == self).map_or("", |(name, _)| name)
    }
}

/// `[disable]`
#[derive(Clone, Debug)]
pub struct DisablePolicy {
    /// Attributes and the value that each is set to.
    pub replace: Vec<(AttributeDescription, Vec<u8>)>,
    /// As `replace`, but only where the account has the attribute.
    pub present: Vec<(AttributeDescription, Vec<u8>)>,
    /// Bits that are turned on in numbers.
    pub bits: Vec<(AttributeDescription, BitRule)>,
}

/// Bits of a number that say whether an account is disabled (Active Directory's userAccountControl).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitRule {
    /// Turned on by the mark, off by a restore; all others are kept.
    pub set: u32,
    /// All of these must be on, or the account is none that may be disabled this way.
    pub require: u32,
    /// None of these may be on.
    pub forbid: u32,
}

impl BitRule {
    /// Whether a number is that of an account which may be disabled this way.
    pub fn covers(&self, number: i64) -> bool {
        number & i64::from(self.require) == i64::from(self.require) && number & i64::from(self.forbid) == 0
    }

    /// Whether the bits are on.
    pub fn is_set(&self, number: i64) -> bool {
        number & i64::from(self.set) == i64::from(self.set)
    }
}

/// `[restore]`
#[derive(Clone, Debug)]
pub struct RestorePolicy {
    /// Attributes and the value that each gets back.
    pub replace: Vec<(AttributeDescription, Vec<u8>)>,
    /// Attributes that go.
    pub remove: Vec<AttributeDescription>,
}

/// `[stamp]`
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The attribute.
    pub attribute: AttributeDescription,
    /// The value, with `{{ as_of }}` (ISO date) or `{{ as_of_time }}` (GeneralizedTime) for the date.
    pub format: String,
    /// What is done with a disabled account that has none.
    pub missing: MissingStamp,
}

/// What is done with a disabled account without a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingStamp {
    /// A person decides.
    Review,
    /// It gets today's: the grace begins now, which can only delay.
    Start,
}

/// `[stamp] missing`: its words.
pub const MISSING_STAMPS: [(&str, MissingStamp); 2] =
    [("review", MissingStamp::Review), ("start", MissingStamp::Start)];

/// `[move] references`: its words, and whether the server follows.
pub const MOVED_REFERENCES: [(&str, bool); 2] = [("rewrite", false), ("server", true)];

/// `[move]`
#[derive(Clone, Debug)]
pub struct MovePolicy {
    /// Where disabled accounts go.
    pub to: Dn,
    /// Where restored accounts go.
    pub back: Option<Dn>,
    /// Which values that name a moved entry the server itself changes.
    pub followed: Followed,
}

/// Values that a server changes by itself when the entry that they name is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// None.
    Nothing,
    /// Those of these attributes (referential integrity).
    Of(Vec<AttributeDescription>),
    /// All names (Active Directory).
    Everything,
}

impl MovePolicy {
    /// Whether a key stands below the place.
    pub fn holds(&self, key: &[u8]) -> bool {
        key.strip_prefix(self.to.key().as_bytes()).is_some_and(|below| !below.is_empty())
    }

    /// Whether the server itself changes a value of an attribute.
    ///
    /// Referential integrity finds no name with a bit string (`DN#'0101'B`): measured with slapd and 389 DS.
    pub fn follows(&self, attribute_type: &str, value: &[u8]) -> bool {
        match &self.followed {
            Followed::Nothing => false,
            Followed::Of(attributes) => {
                attributes.iter().any(|attribute| attribute.is_type(attribute_type))
                    && split_name_and_uid(value).1.is_none()
            }
            Followed::Everything => true,
        }
    }
}

/// `[disconnect]`
#[derive(Clone, Debug)]
pub struct DisconnectPolicy {
    /// The blocking attribute.
    pub attribute: AttributeDescription,
    /// Its value: whoever has it is never touched.
    pub value: Vec<u8>,
}

/// `[grace]`
#[derive(Clone, Copy, Debug)]
pub struct GracePolicy {
    /// Days between mark and deletion; 0 is none.
    pub days: u32,
    /// Days that the mail service waits: for `msuserpurge -g`, and before it is stripped on its own.
    pub mail: u32,
    /// Days that the calendar service waits: for `csclean -g`, and before it is stripped on its own.
    pub calendar: u32,
    /// Whether modifyTimestamp may stand for a date of the mark that is missing.
    pub trust_modify_timestamp: bool,
}

impl GracePolicy {
    /// Days that a service waits.
    pub fn of_service(&self, name: &str) -> u32 {
        match name {
            "mail" => self.mail,
            "calendar" => self.calendar,
            _ => self.days,
        }
    }
}

/// `[service.NAME]`
#[derive(Clone, Debug)]
pub struct ServicePolicy {
    /// Its status attribute.
    pub status: AttributeDescription,
    /// The status that asks its tool to remove what it holds.
    pub disable: String,
    /// The status that a restore sets where the mark stands.
    pub active: String,
    /// The status when it has given up what it held.
    pub released: String,
    /// Who removes what it holds.
    pub release: ReleasePolicy,
    /// Whether an account that never had it counts as released.
    pub unassigned_is_released: bool,
    /// Object classes that assign it.
    pub classes: Vec<String>,
    /// Object classes that go with it.
    pub strip_classes: Vec<String>,
    /// Attributes that belong to it; `ics*` is a prefix.
    pub attributes: Vec<Pattern>,
    /// Attributes that a class of service may supply: they may show in an export and not be stored.
    pub virtual_attributes: Vec<Pattern>,
}

impl ServicePolicy {
    /// Whether a status is the one that says it is released, by the attribute's matching rule.
    pub fn says_released(&self, status: &[u8]) -> bool {
        matches(equality_rule(self.status.attribute_type()), status, self.released.as_bytes())
    }
}

/// What removes the things that a service holds, and says so in its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleasePolicy {
    /// `msuserpurge` for mail, `csclean` for the calendar: they set the status.
    Msuserpurge,
    /// `mboxutil -d` (Messaging 5.x): the status is set by hand afterwards.
    Mboxutil,
    /// `csuser delete`, together with the entry: nothing to wait for.
    WithEntry,
}

/// `[service.NAME] release`: its words.
pub const RELEASES: [(&str, ReleasePolicy); 3] = [
    ("msuserpurge", ReleasePolicy::Msuserpurge),
    ("mboxutil", ReleasePolicy::Mboxutil),
    ("with-entry", ReleasePolicy::WithEntry),
];

/// `[service.NAME] unassigned`: its words, and whether an account that never had it counts as released.
pub const UNASSIGNED: [(&str, bool); 2] = [("released", true), ("hold", false)];

/// `[references]`
#[derive(Clone, Debug)]
pub struct ReferencePolicy {
    /// Values are removed.
    pub remove: Vec<AttributeDescription>,
    /// A successor takes their place.
    pub reassign: Vec<AttributeDescription>,
    /// They are reported.
    pub review: Vec<AttributeDescription>,
    /// They are left alone, and not reported either.
    pub leave: Vec<AttributeDescription>,
    /// Attributes whose form the policy states.
    pub stated: Vec<StatedReference>,
    /// Attributes of the lists whose form offboard does not know: a schema must.
    pub of_unknown_form: Vec<ListedReference>,
    /// What becomes of a group that would lose its last member.
    pub last_member: LastMember,
    /// Whether the group that is the account's alone goes with it; otherwise it is reported.
    pub private_group_goes: bool,
    /// At most so many values of one attribute in one record.
    pub max_values: usize,
}

/// One `[[reference]]`, for one attribute.
#[derive(Clone, Debug)]
pub struct StatedReference {
    /// The attribute.
    pub attribute: AttributeDescription,
    /// How its values name accounts.
    pub form: Form,
    /// What is done with them.
    pub treatment: Treatment,
}

/// An attribute of a list of `[references]`.
#[derive(Clone, Debug)]
pub struct ListedReference {
    /// The attribute.
    pub attribute: AttributeDescription,
    /// The list.
    pub treatment: Treatment,
    /// Bytes of the file.
    pub span: Range<usize>,
}

impl ListedReference {
    /// What is wrong where no schema knows the form of its values, and the `[[reference]]` to write.
    pub fn unknown_form(&self) -> PolicyError {
        let name = self.attribute.raw_bytes();
        let forms: Vec<&str> = FORMS.iter().map(|(word, _)| *word).collect();
        PolicyError {
            span: Some(self.span.clone()),
            message: format!(
                "how the values of `{name}` name an account is not known: neither offboard nor a \
                 schema says what they hold"
            ),
            help: Some(format!(
                "take it off this list, and state the form:\n\n[[reference]]\nattribute = \"{name}\"\nholds = \"dn\"\nthen = \"{}\"\n\n\
                 `holds` is one of: {}. Or give the schema of the directory",
                self.treatment.name(),
                forms.join(", ")
            )),
        }
    }
}

/// What becomes of a group that would lose its last member.
#[derive(Clone, Debug)]
pub enum LastMember {
    /// The account is held.
    Refuse,
    /// It goes, where the server allows a group without members.
    Allow,
    /// This name takes its place.
    Placeholder(Dn),
    /// The successor of who leaves takes its place.
    Successor,
    /// The group goes, with everything that names it.
    DeleteGroup,
}

/// `[references] last_member`: its words, beside `placeholder:<dn>`.
pub const LAST_MEMBERS: [(&str, LastMember); 4] = [
    ("refuse", LastMember::Refuse),
    ("allow", LastMember::Allow),
    ("successor", LastMember::Successor),
    ("delete-group", LastMember::DeleteGroup),
];

/// `[references] private_group`: its words, and whether it goes.
pub const PRIVATE_GROUPS: [(&str, bool); 2] = [("review", false), ("delete", true)];

/// `[successor]`
#[derive(Clone, Debug)]
pub struct SuccessorPolicy {
    /// Where a successor is looked for, in order.
    pub order: Vec<SuccessorSource>,
    /// The last resort.
    pub fallback: Option<Dn>,
}

/// Where a successor is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuccessorSource {
    /// In the leaver list.
    Leaver,
    /// The manager of the account.
    Manager,
    /// The policy's fallback.
    Fallback,
}

/// `[successor] order`: its words.
pub const SUCCESSOR_SOURCES: [(&str, SuccessorSource); 3] = [
    ("leaver", SuccessorSource::Leaver),
    ("manager", SuccessorSource::Manager),
    ("fallback", SuccessorSource::Fallback),
];

/// `[address_books]`
#[derive(Clone, Debug)]
pub struct AddressBookPolicy {
    /// Where they stand; without it none is looked for.
    pub suffix: Option<Dn>,
    /// Where each stands below it.
    pub root: BookRoot,
}

/// `[children]`
#[derive(Clone, Debug)]
pub struct ChildrenPolicy {
    /// Which entries below an account are deleted with it.
    pub own: Option<Filter>,
    /// What is done about any other entry below an account.
    pub other: OtherChildren,
}

/// What is done about an entry below an account that is not the account's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherChildren {
    /// The account is held.
    Hold,
    /// The entry is deleted with the account.
    Delete,
}

/// The words for it.
pub const OTHER_CHILDREN: [(&str, OtherChildren); 2] =
    [("hold", OtherChildren::Hold), ("delete", OtherChildren::Delete)];

/// `[protect]`
#[derive(Clone, Debug)]
pub struct ProtectPolicy {
    /// These entries.
    pub dn: Vec<Dn>,
    /// These entries and all below them.
    pub subtree: Vec<Dn>,
    /// Entries that match.
    pub filter: Option<Filter>,
    /// Members of these groups, and of the groups in them.
    pub group: Vec<Dn>,
    /// Who runs the files: `BIND_DN` of the runbook.
    pub bind: Option<Dn>,
    /// Groups that keep at least one member who is not disabled.
    pub last_enabled: Vec<Dn>,
}

impl ProtectPolicy {
    /// Whether an entry is protected by its name or its content; members of groups are for the plan to find.
    pub fn covers(&self, entry: &Entry) -> bool {
        self.why(entry).is_some()
    }

    /// What of the section protects an entry.
    pub fn why(&self, entry: &Entry) -> Option<&'static str> {
        if self.dn.contains(&entry.dn) {
            Some("[protect] dn")
        } else if self.bind.as_ref() == Some(&entry.dn) {
            Some("[protect] bind: it runs the files")
        } else if self.subtree.iter().any(|base| entry.dn.key().is_at_or_under(base.key())) {
            Some("[protect] subtree")
        } else if self.filter.as_ref().is_some_and(|filter| filter.evaluate(entry) == Truth::True) {
            Some("[protect] filter")
        } else {
            None
        }
    }
}

/// `[limits]`
#[derive(Clone, Debug, Default)]
pub struct Limits(pub(super) BTreeMap<LimitKind, Limit>);

impl Limits {
    /// The limit of a kind.
    pub fn get(&self, kind: LimitKind) -> Option<&Limit> {
        self.0.get(&kind)
    }
}

/// `[roster.NAME]`
#[derive(Clone, Debug)]
pub struct RosterPolicy {
    /// The attribute of an account that says which row is about it.
    pub key: AttributeDescription,
    /// How its rows are read.
    pub rules: Rules,
    /// The accounts that it is about.
    pub scope: Scope,
    /// What it means that an account of the scope is not in it.
    pub absence: Absence,
    /// What must hold before absence may mean anything.
    pub completeness: Completeness,
}

/// The accounts that a roster is about: those for which all of these hold.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// At or below this name.
    pub base: Option<Dn>,
    /// In this domain, by name.
    pub domain: Option<String>,
    /// These match.
    pub filter: Option<Filter>,
    /// The filter as written.
    pub filter_text: Option<String>,
}

impl Scope {
    /// Whether two rosters are about the same accounts, as far as the policy says it in the same words.
    pub fn is_same(&self, other: &Self) -> bool {
        let domain = |scope: &Self| scope.domain.as_ref().map(|domain| domain.to_lowercase());
        self.base == other.base && domain(self) == domain(other) && self.filter_text == other.filter_text
    }
}

/// What it means that an account is not in a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Nothing.
    Ignore,
    /// A person decides.
    Review,
    /// The account is disabled, if the roster proves complete.
    Disable,
}

/// `[roster.NAME] absence`: its words.
pub const ABSENCES: [(&str, Absence); 3] =
    [("ignore", Absence::Ignore), ("review", Absence::Review), ("disable", Absence::Disable)];

/// `[veto]`
#[derive(Clone, Debug)]
pub struct Veto {
    pub(super) dn: Vec<Dn>,
    pub(super) filter: Option<Filter>,
}

impl Veto {
    /// The filter of entries that are held.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// What of the section holds an account.
    pub fn why(&self, entry: &Entry) -> Option<&'static str> {
        if self.dn.contains(&entry.dn) {
            Some("[veto] dn")
        } else if self.filter.as_ref().is_some_and(|filter| filter.evaluate(entry) == Truth::True) {
            Some("[veto] filter")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_follows() {
        let of = |names: &[&str]| {
            Followed::Of(names.iter().map(|name| AttributeDescription::parse(name.as_bytes()).unwrap()).collect())
        };
        let watched = of(&["member", "uniqueMember"]);
        let table = [
            (&Followed::Nothing, "member", "uid=a,o=x", false),
            (&watched, "member", "uid=a,o=x", true),
            (&watched, "UNIQUEMEMBER", "uid=a,o=x", true),
            (&watched, "uniqueMember", "uid=a,o=x#'0101'B", false),
            (&watched, "owner", "uid=a,o=x", false),
            (&Followed::Everything, "owner", "uid=a,o=x", true),
        ];
        for (followed, attribute, value, expected) in table {
            let to = Dn::parse(b"o=gone").unwrap();
            let moving = MovePolicy { to, back: None, followed: followed.clone() };
            assert_eq!(moving.follows(attribute, value.as_bytes()), expected, "{followed:?} {attribute}: {value}");
        }
    }
}
