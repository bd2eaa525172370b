//! The sections of a checked policy, with parsed names and filters. [`file`](super::file) has the reference of the keys.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::PolicyError;
use super::Server;
use super::book_root::BookRoot;
use super::limit::{Limit, LimitKind};
use super::pattern::Pattern;
use super::tools::ProvisioningTools;
use crate::directory::identity::former_names::FormerNames;
use crate::directory::key_hash::{Hashes, KeySet, hash};
use crate::directory::references::form::FORMS;
use crate::directory::references::{Form, Treatment};
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::dn_key::prefixes;
use crate::ldap::filter::{Attributes, Filter, Truth};
use crate::ldap::matching::matches;
use crate::ldap::name_and_uid::split_name_and_uid;
use crate::ldap::{AttributeDescription, Dn, DnKey, Entry};
use crate::leavers::roster::{Completeness, RosterRules};
use strum::VariantNames as _;

/// `[directory]`
#[derive(Clone, Debug)]
pub struct DirectoryPolicy {
    /// The server product that the change files are for.
    pub server: Server,
    /// Entries that the exports must contain.
    pub suffixes: Vec<Dn>,
    /// The maximum age of an export, in days.
    pub max_age_days: Option<u32>,
    /// The tools that disable and delete accounts at the site.
    pub tools: ProvisioningTools,
    /// Whether a rollback adds entries with their entryUUID, by the relax rules control.
    pub relax: bool,
}

/// `[accounts]`
#[derive(Clone, Debug)]
pub struct AccountPolicy {
    /// The filter that accounts match.
    pub filter: Filter,
    /// The entries below which accounts are; anywhere if empty.
    pub base: Vec<Dn>,
    /// The attributes by which a leaver is found, in order.
    pub matching: Vec<AttributeDescription>,
    /// The filter that provisioned accounts match. An account that does not match it is never changed.
    pub provenance: Option<Filter>,
}

impl AccountPolicy {
    /// Whether an entry is an account: its name is below a base, and it matches the filter.
    pub fn covers(&self, key: &[u8], entry: &dyn Attributes) -> bool {
        let is_in_base = self.base.is_empty() || self.base.iter().any(|base| key.starts_with(base.key().as_bytes()));
        is_in_base && self.filter.evaluate(entry) == Truth::True
    }
}

/// `[[rule]]`
#[derive(Clone, Debug)]
pub struct Rule {
    /// The rule matches entries at or below this name.
    pub base: Option<Dn>,
    /// The base is compared with the present name of an account only (`base_now`).
    pub is_by_present_name: bool,
    /// The former names that count; none with `base_now`.
    pub(super) former_names: FormerNames,
    /// The rule matches entries that match this filter.
    pub filter: Option<Filter>,
    /// The filter as written.
    pub filter_text: Option<String>,
    /// What may happen to the accounts.
    pub action: RuleAction,
}

impl Rule {
    /// Whether the rule matches an entry.
    pub fn matches(&self, entry: &Entry) -> bool {
        let key = entry.dn.key();
        let is_or_was_below = |base: &Dn| {
            key.is_at_or_under(base.key()) || self.former_names.any(key, |former| former.is_at_or_under(base.key()))
        };
        self.base.as_ref().is_none_or(is_or_was_below)
            && self.filter.as_ref().is_none_or(|filter| filter.evaluate(entry) == Truth::True)
    }

    /// The condition of the rule, for messages.
    pub fn condition(&self) -> String {
        let key = if self.is_by_present_name { "base_now" } else { "base" };
        let base = self.base.as_ref().map(|base| format!("{key} {}", String::from_utf8_lossy(base.raw_bytes())));
        let filter = self.filter_text.as_ref().map(|filter| format!("filter {filter}"));
        let parts: Vec<String> = base.into_iter().chain(filter).collect();
        if parts.is_empty() { "all accounts".to_owned() } else { parts.join(" and ") }
    }
}

/// What a rule allows for its accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum RuleAction {
    /// The requested action.
    Delete,
    /// They are disabled, never deleted.
    Disable,
    /// Their mail service is removed.
    Mail,
    /// Their calendar service is removed.
    Calendar,
    /// They get the blocking value.
    Disconnect,
    /// They are held.
    Refuse,
}

impl RuleAction {
    /// Its word in the policy.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// `[disable]`
#[derive(Clone, Debug)]
pub struct DisablePolicy {
    /// Attributes, and the value that replaces theirs.
    pub replace: Vec<(AttributeDescription, Vec<u8>)>,
    /// Like `replace`, but only for attributes that the account has.
    pub present: Vec<(AttributeDescription, Vec<u8>)>,
    /// Attributes with a number, and the bits that are turned on in it.
    pub bits: Vec<(AttributeDescription, BitRule)>,
}

/// Bits of a number that show whether an account is disabled (`userAccountControl` of Active Directory).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitRule {
    /// The bits that are turned on to disable an account, and off to restore it. Other bits are kept.
    pub set: u32,
    /// The bits that must be on in an account that may be disabled this way.
    pub require: u32,
    /// The bits that must be off in an account that may be disabled this way.
    pub forbid: u32,
}

impl BitRule {
    /// Whether an account with this number may be disabled this way.
    pub fn covers(&self, number: i64) -> bool {
        number & i64::from(self.require) == i64::from(self.require) && number & i64::from(self.forbid) == 0
    }

    /// Whether an account with this number is disabled.
    pub fn is_set(&self, number: i64) -> bool {
        number & i64::from(self.set) == i64::from(self.set)
    }

    /// Whether an account with this number has at least one of the bits that disable an account.
    pub fn sets_any(&self, number: i64) -> bool {
        number & i64::from(self.set) != 0
    }
}

/// `[restore]`
#[derive(Clone, Debug)]
pub struct RestorePolicy {
    /// Attributes, and the value that replaces theirs.
    pub replace: Vec<(AttributeDescription, Vec<u8>)>,
    /// Attributes to remove.
    pub remove: Vec<AttributeDescription>,
}

/// `[stamp]`
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The attribute that the stamp is written to and read from.
    pub attribute: AttributeDescription,
    /// The value, with the placeholder `{{ as_of }}` (ISO 8601 date) or `{{ as_of_time }}` (GeneralizedTime).
    pub format: String,
    /// What happens to a disabled account without a stamp.
    pub missing: MissingStamp,
}

/// What happens to a disabled account without a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum MissingStamp {
    /// The account is held.
    Review,
    /// The account gets today's stamp. Its grace starts today, which can only delay.
    Start,
}

/// Who changes the references to a moved account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum MovedReferences {
    /// The change files.
    Rewrite,
    /// The server.
    Server,
}

/// `[move]`
#[derive(Clone, Debug)]
pub struct MovePolicy {
    /// The container of disabled accounts.
    pub to: Dn,
    /// The container of restored accounts.
    pub back: Option<Dn>,
    /// The references to a moved entry that the server changes.
    pub followed: Followed,
}

/// The values that a server changes when it moves the entry that they name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// No values.
    Nothing,
    /// The values of these attributes (referential integrity).
    Of(Vec<AttributeDescription>),
    /// The values of all attributes (Active Directory).
    Everything,
}

impl MovePolicy {
    /// Whether the name with this key is below the container of disabled accounts.
    pub fn contains(&self, key: &[u8]) -> bool {
        key.strip_prefix(self.to.key().as_bytes()).is_some_and(|below| !below.is_empty())
    }

    /// Whether the server changes a value of an attribute when the entry that it names is moved.
    ///
    /// Referential integrity does not find names with a bit string (`DN#'0101'B`): measured with slapd and 389 DS.
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
    /// The attribute that gets the blocking value.
    pub attribute: AttributeDescription,
    /// The blocking value. An account that has it is never changed.
    pub value: Vec<u8>,
}

/// `[grace]`
#[derive(Clone, Copy, Debug)]
pub struct GracePolicy {
    /// The days between disabling and deletion; 0: an account is deleted at once.
    pub days: u32,
    /// The days for `msuserpurge -g`, and before a mail service is stripped while the account stays.
    pub mail: u32,
    /// The days for `csclean -g`, and before a calendar service is stripped while the account stays.
    pub calendar: u32,
    /// Whether modifyTimestamp is used if there is no stamp.
    pub trust_modify_timestamp: bool,
}

impl GracePolicy {
    /// The days of a service.
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
    /// The status attribute.
    pub status: AttributeDescription,
    /// The status that disables the service.
    pub disable: String,
    /// The status that a restore sets in place of `disable`.
    pub active: String,
    /// The status of a released service.
    pub released: String,
    /// What removes the data of the service.
    pub release: ReleasePolicy,
    /// Whether the service counts as released in an account that never had it.
    pub unassigned_is_released: bool,
    /// The object classes that assign the service.
    pub classes: Vec<String>,
    /// Further object classes to remove when the service is stripped.
    pub strip_classes: Vec<String>,
    /// The attributes of the service.
    pub attributes: Vec<Pattern>,
    /// Attributes that a class of service may supply: an export may show values that are not stored.
    pub virtual_attributes: Vec<Pattern>,
}

impl ServicePolicy {
    /// Whether a status equals `released`, by the matching rule of the attribute.
    pub fn says_released(&self, status: &[u8]) -> bool {
        matches(equality_rule(self.status.attribute_type()), status, self.released.as_bytes())
    }
}

/// What removes the data of a service, such as a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum ReleasePolicy {
    /// `msuserpurge` for mail, `csclean` for the calendar. They set the status.
    Msuserpurge,
    /// `mboxutil -d` (Messaging 5.x). The status is set by hand after that.
    Mboxutil,
    /// `csuser delete`, which deletes the entry, too. There is nothing to wait for.
    WithEntry,
}

/// How a service counts in an account that never had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Unassigned {
    /// As released.
    Released,
    /// As not released, so the account waits.
    Hold,
}

/// `[references]`
#[derive(Clone, Debug)]
pub struct ReferencePolicy {
    /// Attributes whose values are removed.
    pub remove: Vec<AttributeDescription>,
    /// Attributes whose values are replaced by the successor.
    pub reassign: Vec<AttributeDescription>,
    /// Attributes whose values are reported.
    pub review: Vec<AttributeDescription>,
    /// Attributes whose values are neither changed nor reported.
    pub leave: Vec<AttributeDescription>,
    /// The attributes of `[[reference]]`, with their forms.
    pub stated: Vec<StatedReference>,
    /// The attributes of the lists whose form only a schema of the directory can show.
    pub of_unknown_form: Vec<ListedReference>,
    /// What happens to a group that would lose its last member.
    pub last_member: LastMember,
    /// Whether the private group of a deleted account is deleted; else it is reported.
    pub deletes_private_groups: bool,
    /// The maximum number of values in one change record.
    pub max_values: usize,
}

/// One `[[reference]]`, for one attribute.
#[derive(Clone, Debug)]
pub struct StatedReference {
    /// The attribute.
    pub attribute: AttributeDescription,
    /// The form in which its values refer to accounts.
    pub form: Form,
    /// What happens to values that refer to a deleted account.
    pub treatment: Treatment,
}

/// An attribute of a list of `[references]`.
#[derive(Clone, Debug)]
pub struct ListedReference {
    /// The attribute.
    pub attribute: AttributeDescription,
    /// What the list does with its values.
    pub treatment: Treatment,
    /// The place in the file, in bytes.
    pub span: Range<usize>,
}

impl ListedReference {
    /// The error if no schema shows the form of its values, with the `[[reference]]` to write.
    pub fn unknown_form(&self) -> PolicyError {
        let name = self.attribute.as_str();
        let forms: Vec<&str> = FORMS.iter().map(|(word, _)| *word).collect();
        PolicyError {
            span: Some(self.span.clone()),
            message: format!(
                "the form of `{name}` is unknown: neither offboard nor a schema shows how its values refer to accounts"
            ),
            help: Some(format!(
                "remove it from this list, and state the form:\n\n[[reference]]\nattribute = \"{name}\"\nholds = \"dn\"\nthen = \"{}\"\n\n\
                 `holds` is one of: {}. Or pass the schema of the directory (--schema)",
                self.treatment.name(),
                forms.join(", ")
            )),
        }
    }
}

/// What happens to a group that would lose its last member.
#[derive(Clone, Debug, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum LastMember {
    /// The account is held.
    Refuse,
    /// The group becomes empty, if the server allows it.
    Allow,
    /// This name becomes the member: `placeholder:<dn>`.
    #[strum(disabled, serialize = "placeholder:<dn>")]
    Placeholder(Dn),
    /// The successor of the account becomes the member.
    Successor,
    /// The group is deleted, and so are the references to it.
    DeleteGroup,
}

impl LastMember {
    /// What a value begins with that names a placeholder.
    pub const PLACEHOLDER_PREFIX: &str = "placeholder:";

    /// The words that have no DN after them.
    pub fn words() -> Vec<&'static str> {
        let is_word = |name: &&str| !name.starts_with(Self::PLACEHOLDER_PREFIX);
        Self::VARIANTS.iter().copied().filter(is_word).collect()
    }
}

/// What happens to the private group of a deleted account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum PrivateGroups {
    /// It is reported.
    Review,
    /// It is deleted.
    Delete,
}

/// `[successor]`
#[derive(Clone, Debug)]
pub struct SuccessorPolicy {
    /// Where the successor comes from, in order.
    pub order: Vec<SuccessorSource>,
    /// The successor of [`SuccessorSource::Fallback`].
    pub fallback: Option<Dn>,
}

/// Where the successor of an account comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum SuccessorSource {
    /// From the leaver list.
    Leaver,
    /// The manager of the account.
    Manager,
    /// `[successor] fallback`.
    Fallback,
}

/// `[address_books]`
#[derive(Clone, Debug)]
pub struct AddressBookPolicy {
    /// The entry below which address books are; `None` if there are none.
    pub suffix: Option<Dn>,
    /// The names of address books below it.
    pub root: BookRoot,
}

/// `[children]`
#[derive(Clone, Debug)]
pub struct ChildrenPolicy {
    /// The filter for entries below an account that are deleted with it.
    pub own: Option<Filter>,
    /// What happens if there are other entries below an account.
    pub other: OtherChildren,
}

/// What happens if there is an entry below a deleted account that is not the account's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum OtherChildren {
    /// The account is held.
    Hold,
    /// The entry is deleted with the account.
    Delete,
}

/// `[protect]`
#[derive(Clone, Debug)]
pub struct ProtectPolicy {
    /// These entries are protected.
    pub dn: Vec<Dn>,
    /// These entries and all entries below them are protected.
    pub subtree: Vec<Dn>,
    /// Entries that match this filter are protected.
    pub filter: Option<Filter>,
    /// Members of these groups are protected, by every way of [`membership`](crate::directory::membership).
    pub group: Vec<Dn>,
    /// The name that the runbook binds as (`BIND_DN`).
    pub bind: Option<Dn>,
    /// Groups that must keep at least one enabled member.
    pub last_enabled: Vec<Dn>,
    /// The names of the members of `group`. Only exports show them, so they are empty until a plan has read its exports.
    pub members: Arc<KeySet>,
    /// The former names that count.
    pub(super) former_names: FormerNames,
}

/// The key of `[protect]` that protects an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectedBy {
    /// `dn` names the entry.
    Dn,
    /// The runbook binds as the entry.
    Bind,
    /// The entry is in a subtree of `subtree`.
    Subtree,
    /// `filter` matches the entry.
    Filter,
    /// The entry is a member of a group of `group`.
    Group,
}

impl ProtectedBy {
    /// The key in the policy, and why it protects the entry.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Dn => "[protect] dn",
            Self::Bind => "[protect] bind: the runbook binds as it",
            Self::Subtree => "[protect] subtree",
            Self::Filter => "[protect] filter",
            Self::Group => "[protect] group: it is a member",
        }
    }
}

impl ProtectPolicy {
    /// Whether an entry is protected, by any key.
    pub fn covers(&self, entry: &Entry) -> bool {
        self.why(entry).is_some()
    }

    /// The key that protects an entry. Valid for any entry of the exports, not only for accounts.
    pub fn why(&self, entry: &Entry) -> Option<ProtectedBy> {
        let mut names = self.former_names.of_entry(entry.dn.key().as_bytes());
        names.push(entry.dn.key().clone());
        let is_named = |dn: &Dn| names.contains(dn.key());
        let is_in = |base: &Dn| names.iter().any(|name| name.is_at_or_under(base.key()));
        if self.dn.iter().any(is_named) {
            Some(ProtectedBy::Dn)
        } else if self.bind.as_ref().is_some_and(is_named) {
            Some(ProtectedBy::Bind)
        } else if self.subtree.iter().any(is_in) {
            Some(ProtectedBy::Subtree)
        } else if self.filter.as_ref().is_some_and(|filter| filter.evaluate(entry) == Truth::True) {
            Some(ProtectedBy::Filter)
        } else if self.members.contains(entry.dn.key()) {
            Some(ProtectedBy::Group)
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
    /// The attribute of an account whose value is the key of its row.
    pub key: AttributeDescription,
    /// How the rows are read.
    pub rules: RosterRules,
    /// The accounts that the roster covers.
    pub scope: Scope,
    /// What happens to an account that the roster covers, but does not list.
    pub absence: Absence,
    /// What the roster must fulfil before `absence` may disable an account.
    pub completeness: Completeness,
}

/// The accounts that a roster covers: those that fulfil all of these conditions.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The account is at or below this name.
    pub base: Option<Dn>,
    /// The account is in the domain of this name.
    pub domain: Option<String>,
    /// The account matches this filter.
    pub filter: Option<Filter>,
    /// The filter as written.
    pub filter_text: Option<String>,
}

impl Scope {
    /// Whether two rosters cover the same accounts. Filters are equal only if they are written in the same way.
    pub fn is_same(&self, other: &Self) -> bool {
        let domain = |scope: &Self| scope.domain.as_ref().map(|domain| domain.to_lowercase());
        self.base == other.base && domain(self) == domain(other) && self.filter_text == other.filter_text
    }
}

/// What happens to an account that a roster covers, but does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Absence {
    /// Nothing.
    Ignore,
    /// A decision item.
    Review,
    /// The account is disabled, if the roster is complete.
    Disable,
}

/// `[veto]`, and the lists of `--veto`.
#[derive(Clone, Debug)]
pub struct Veto {
    pub(super) dn: Vec<Dn>,
    pub(super) filter: Option<Filter>,
    /// The former names that count.
    pub(super) former_names: FormerNames,
    /// The names of the entries that the veto lists of a run match, each with the list and line. Only exports show them, so
    /// they are empty until a plan has read its exports.
    pub listed: BTreeMap<DnKey, String>,
    /// The entries that `filter` matches, as hashes of their names. Only exports show them.
    pub matched: Arc<Hashes>,
}

impl Veto {
    /// The filter for entries that are held.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// The key of `[veto]`, or the line of a list, that holds an entry. A name also holds the entries below it: a veto on a
    /// container holds what is in it, and so does a filter that matches a container.
    pub fn why(&self, entry: &Entry) -> Option<&str> {
        let is_below_matched = || {
            let mut above = prefixes(entry.dn.key().as_bytes());
            !self.matched.is_empty() && above.any(|(above, _)| self.matched.contains(&hash(above)))
        };
        self.why_itself(entry).or_else(|| is_below_matched().then_some("[veto] filter"))
    }

    /// As [`Veto::why`], without the containers that the filter matches.
    pub fn why_itself(&self, entry: &Entry) -> Option<&str> {
        let key = entry.dn.key();
        let listed = || prefixes(key.as_bytes()).find_map(|(above, _)| self.listed.get(above));
        let is_below = |name: &DnKey| self.dn.iter().any(|dn| name.is_at_or_under(dn.key()));
        if is_below(key) || self.former_names.any(key, is_below) {
            Some("[veto] dn")
        } else if self.filter.as_ref().is_some_and(|filter| filter.evaluate(entry) == Truth::True) {
            Some("[veto] filter")
        } else if self.listed.is_empty() {
            None
        } else {
            listed().map(String::as_str)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_a_server_changes() {
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
            let to = Dn::parse(b"o=disabled").unwrap();
            let moving = MovePolicy { to, back: None, followed: followed.clone() };
            assert_eq!(moving.follows(attribute, value.as_bytes()), expected, "{followed:?} {attribute}: {value}");
        }
    }
}
