//! The types of a policy file as written: TOML in which every key is known, with values checked for their type only.
//!
//! A key that these types do not have is an error. They are read from the [document](super::document), that is, after the
//! file was merged over its preset.
//!
//! The JSON Schema for editors (`offboard schema policy`) and docs/policy.md are made from these types. The comment of a key
//! is the user's reference of that key.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, Range};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use strum::VariantArray as _;
use toml::Spanned;

use super::limit::LimitKind;
use super::sections::{
    Absence, LastMember, MissingStamp, MovedReferences, OtherChildren, PrivateGroups, ReleasePolicy, RuleAction,
    SuccessorSource, Unassigned,
};
use super::word::Word;
use super::{PRESETS, ProvisioningTools, Server};
use crate::directory::references::form::{FORMS, TREATMENTS};
use crate::ldap::attribute::same_type;

/// Text with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Text(Spanned<String>);

impl Text {
    /// Text at a place of the file, in bytes.
    pub fn new(place: Range<usize>, text: String) -> Self {
        Self(Spanned::new(place, text))
    }
}

impl Deref for Text {
    type Target = Spanned<String>;

    fn deref(&self) -> &Spanned<String> {
        &self.0
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// One text, or a list of texts, each with its place in the file.
#[derive(Clone, Debug)]
pub struct Texts(Vec<Text>);

impl Deref for Texts {
    type Target = [Text];

    fn deref(&self) -> &[Text] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Spanned::<OneOrMany>::deserialize(deserializer)?;
        let place = written.span();
        Ok(Self(match written.into_inner() {
            OneOrMany::One(text) => vec![Text::new(place, text)],
            OneOrMany::Many(texts) => texts,
        }))
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

/// Deserialized by hand, because serde's untagged enums lose the places in the file.
enum OneOrMany {
    One(String),
    Many(Vec<Text>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor;
        impl<'de> Visitor<'de> for OneOrManyVisitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany::Many(texts))
            }
        }
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

/// Marks a table of the JSON Schema whose keys are attributes. The [document](super::document) compares such keys as
/// attributes.
fn attribute_names() -> serde_json::Value {
    serde_json::json!({ "format": ATTRIBUTE_KEYS })
}

/// The format of keys that are attribute descriptions (RFC 4512, 2.5).
pub const ATTRIBUTE_KEYS: &str = "attribute-description";

/// The words of a table of words and their meanings.
fn words_of<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(word, _)| *word).collect()
}

/// The schema of `[limits]`: its keys are the kinds of changes.
fn limits_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut kinds = serde_json::Map::new();
    for kind in LimitKind::VARIANTS {
        let mut limit = generator.subschema_for::<Limit>();
        limit.insert("description".to_owned(), kind.what().into());
        kinds.insert(kind.name().to_owned(), limit.to_value());
    }
    json_schema!({ "type": "object", "properties": kinds, "additionalProperties": false })
}

/// A policy: the rules of a site for `offboard plan`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The preset that this file is merged over. Keys that the file does not have are taken from the preset. `offboard init
    /// PRESET` prints a preset.
    #[schemars(extend("enum" = words_of(&PRESETS)))]
    pub preset: Option<Text>,
    /// The directory server, and what the exports must contain.
    #[serde(default)]
    pub directory: Directory,
    /// Which entries are accounts.
    #[serde(default)]
    pub accounts: Accounts,
    /// Rules for some accounts. The first rule that matches an account applies. If there are rules and none matches, the
    /// account is held.
    pub rule: Option<Vec<Rule>>,
    /// How an account is disabled.
    #[serde(default)]
    pub disable: Disable,
    /// How a disabled account is restored (`action` restore).
    #[serde(default)]
    pub restore: Restore,
    /// The dated value that says since when an account is disabled. Without it, days of grace need `--history` or `[grace]
    /// trust_modify_timestamp`.
    #[serde(default)]
    pub stamp: Stamp,
    /// Where disabled accounts are moved. Without it they are not moved.
    #[serde(default, rename = "move")]
    pub moving: Move,
    /// The blocking value, which excludes an account from all later plans (`action` disconnect).
    #[serde(default)]
    pub disconnect: Disconnect,
    /// How long a disabled account waits before it is deleted.
    #[serde(default)]
    pub grace: Grace,
    /// Services that must be released before an account is deleted. Their names are `mail` and `calendar`.
    #[serde(default)]
    pub service: BTreeMap<Text, Service>,
    /// What happens to values that refer to a deleted account. docs/references.md has the default for attributes that are in
    /// no list.
    #[serde(default)]
    pub references: References,
    /// Attributes of the site's own schema whose values refer to accounts: the form of the values, and what happens to them.
    pub reference: Option<Vec<Reference>>,
    /// Who takes over what a deleted account owns.
    #[serde(default)]
    pub successor: Successor,
    /// Where personal address books are.
    #[serde(default)]
    pub address_books: AddressBooks,
    /// Entries below a deleted account. A server does not delete an entry that has entries below it.
    #[serde(default)]
    pub children: Children,
    /// Entries that no plan may change or delete. A plan for one of them is refused, an account that would take one along is held,
    /// and a value in one that names a leaver stays, as a decision item. A line that matches no entry is a finding.
    #[serde(default)]
    pub protect: Protect,
    /// The maximum number of changes of each kind. If a plan exceeds a limit, no change files are written.
    #[serde(default)]
    #[schemars(schema_with = "limits_schema")]
    pub limits: BTreeMap<Text, Limit>,
    /// Lists of all people, for example from HR. `--roster NAME=FILE` gives the file of the roster NAME.
    #[serde(default)]
    pub roster: BTreeMap<String, Roster>,
    /// Accounts and other entries that are held in any case, for example for a legal hold. If `dn` or `filter` matches a
    /// container, everything in it is held. `--veto LIST` adds to them; a line of it that matches nothing holds the accounts
    /// with a similar value, such as 007 for 7. Such an entry is neither changed nor deleted for another account: see
    /// `[protect]`. A line that matches no entry is a finding.
    #[serde(default)]
    pub veto: Veto,
    /// Attributes that refer to things outside the directory.
    #[serde(default)]
    pub hand_off: HandOff,
    /// Notices to the accounts that take over.
    #[serde(default)]
    pub notice: Notice,
    /// Attributes whose values are never shown.
    #[serde(default)]
    pub secrets: Secrets,
}

/// `[directory]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// The server product that the change files are for.
    #[schemars(extend("enum" = Server::names().collect::<Vec<_>>()))]
    pub server: Option<Text>,
    /// Entries that the exports must contain; if one is missing, the plan is refused. List every suffix, so that a forgotten
    /// export is noticed.
    pub suffixes: Option<Vec<Text>>,
    /// The maximum age of an export file in days, by its modification time. If a file is older, the plan is refused, as well as
    /// if the age is unknown (standard input). Default: no maximum.
    pub max_age_days: Option<u32>,
    /// The tools that disable and delete accounts at the site. Default: ldap.
    #[schemars(extend("enum" = ProvisioningTools::words()))]
    pub tools: Option<Text>,
    /// Whether a rollback adds deleted entries with their entryUUID, by the relax rules control. Default: true if the server
    /// supports the control.
    #[schemars(with = "Option<bool>")]
    pub relax: Option<Spanned<bool>>,
}

/// `[accounts]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// The filter that accounts match (RFC 4515).
    pub filter: Option<Text>,
    /// The DNs below which accounts are. Empty: anywhere.
    pub base: Option<Vec<Text>>,
    /// The attributes by which a leaver is found, in order. `mail` also means the other attributes with addresses of the entry itself.
    pub r#match: Option<Vec<Text>>,
    /// The filter that provisioned accounts match. An account that does not match it was made by hand and is never changed.
    pub provenance: Option<Text>,
}

/// One `[[rule]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule matches accounts at or below this DN, and accounts that a change set of `--history` moved from there.
    pub base: Option<Text>,
    /// In place of `base`: the rule matches accounts that are at or below this DN now, wherever they were before.
    pub base_now: Option<Text>,
    /// The rule matches accounts that match this filter. If `base` is set, too, both must match.
    pub filter: Option<Text>,
    /// What may happen to the accounts: `delete` allows the requested action, `disable` never deletes, `mail` and `calendar`
    /// remove that service only, `disconnect` writes the blocking value, `refuse` holds the accounts.
    #[schemars(extend("enum" = RuleAction::words()))]
    pub action: Text,
}

/// `[disable]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disable {
    /// Attributes, and the value that replaces theirs.
    #[schemars(extend("propertyNames" = attribute_names()))]
    pub replace: Option<BTreeMap<Text, String>>,
    /// Like `replace`, but only for attributes that the account has.
    #[schemars(extend("propertyNames" = attribute_names()))]
    pub present: Option<BTreeMap<Text, String>>,
    /// Attributes with a number, and the bits that are turned on in it (`userAccountControl` of Active Directory).
    #[schemars(extend("propertyNames" = attribute_names()))]
    pub bits: Option<BTreeMap<Text, Bits>>,
}

/// Bits of a number.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bits {
    /// The bits that are turned on to disable an account.
    pub set: u32,
    /// The bits that must be on. If one is off, the account is held.
    #[serde(default)]
    pub require: u32,
    /// The bits that must be off. If one is on, the account is held.
    #[serde(default)]
    pub forbid: u32,
}

/// `[restore]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Attributes, and the value that replaces theirs. An attribute that `[restore]` does not name gets its value from
    /// `--history`.
    #[schemars(extend("propertyNames" = attribute_names()))]
    pub replace: Option<BTreeMap<Text, String>>,
    /// Attributes to remove.
    pub remove: Option<Vec<Text>>,
}

/// `[move]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The container to which disabled accounts are moved.
    pub to: Option<Text>,
    /// The container to which a restored account is moved, unless `--history` has its former one.
    pub back: Option<Text>,
    /// Who changes the references to a moved account: the change files (`rewrite`) or the server (`server`). Default: `server`
    /// on Active Directory, else `rewrite`.
    #[schemars(extend("enum" = MovedReferences::words()))]
    pub references: Option<Text>,
    /// With `references = "server"`: the attributes that the server changes (referential integrity). Default: member,
    /// uniqueMember, owner, seeAlso; all on Active Directory.
    pub followed: Option<Vec<Text>>,
}

/// `[disconnect]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {
    /// The attribute that gets the blocking value.
    pub attribute: Option<Text>,
    /// The blocking value. An account that has it is never changed.
    pub value: Option<Text>,
}

/// `[stamp]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// The attribute that the stamp is written to and read from.
    pub attribute: Option<Text>,
    /// The value, with `{{ as_of }}` (2026-11-21) or `{{ as_of_time }}` (GeneralizedTime) exactly once. Default: `{{ as_of
    /// }}`.
    pub format: Option<Text>,
    /// What happens to a disabled account without a date: `review` holds it, `start` stamps it today. Default: review.
    #[schemars(extend("enum" = MissingStamp::words()))]
    pub missing: Option<Text>,
}

/// `[grace]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grace {
    /// An account is deleted when it has been disabled for more than this number of days. 0: at once. Default: 0.
    #[schemars(with = "Option<u32>")]
    pub days: Option<Spanned<u32>>,
    /// The days for `msuserpurge -g`, and for a mail service that is removed while the account stays. Default: the value of
    /// `days`.
    #[schemars(with = "Option<u32>")]
    pub mail: Option<Spanned<u32>>,
    /// The days for `csclean -g`, and for a calendar service that is removed while the account stays. Default: the value of
    /// `days`.
    #[schemars(with = "Option<u32>")]
    pub calendar: Option<Spanned<u32>>,
    /// Whether modifyTimestamp is used if there is no stamp. It is never too early, so it can only delay. Default: false.
    pub trust_modify_timestamp: Option<bool>,
}

/// One `[service.NAME]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The status attribute of the service.
    pub status: Option<Text>,
    /// The status that disables the service, so that its tool removes what the service holds. Default: deleted.
    pub disable: Option<String>,
    /// The status that a restore sets. Default: active.
    pub active: Option<String>,
    /// The status of a released service: what it held has been removed.
    pub released: Option<String>,
    /// Accounts without this service: treat the service as released, or wait indefinitely (`hold`). Default: released.
    #[schemars(extend("enum" = Unassigned::words()))]
    pub unassigned: Option<Text>,
    /// What removes the data of the service: `msuserpurge` (for a calendar `csclean`), `mboxutil`, or `with-entry` (`csuser
    /// delete`, together with the entry). Default: msuserpurge.
    #[schemars(extend("enum" = ReleasePolicy::words()))]
    pub release: Option<Text>,
    /// The object classes that assign the service to an account.
    pub classes: Option<Vec<String>>,
    /// Further object classes to remove when the service is stripped from an account that stays.
    pub strip_classes: Option<Vec<String>>,
    /// The attributes of the service. `ics*` stands for all attributes with this prefix.
    pub attributes: Option<Vec<Text>>,
    /// Attributes that a class of service may supply: an export may show values that are not stored in the entry.
    pub r#virtual: Option<Vec<Text>>,
}

/// `[references]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct References {
    /// Attributes whose values are removed.
    pub remove: Option<Vec<Text>>,
    /// Attributes whose values are replaced by the successor.
    pub reassign: Option<Vec<Text>>,
    /// Attributes whose values are not changed, but reported as decision items.
    pub review: Option<Vec<Text>>,
    /// Attributes whose values are neither changed nor reported.
    pub leave: Option<Vec<Text>>,
    /// What happens to a group that would lose its last member: `refuse` holds the account, `allow` leaves the group empty,
    /// `successor` or `placeholder:<dn>` adds that member, `delete-group` deletes the group. Default: refuse.
    #[schemars(extend("anyOf" = [{ "enum": LastMember::words() }, { "pattern": "^placeholder:" }]))]
    pub last_member: Option<Text>,
    /// What happens to the private POSIX group of a deleted account: `delete` deletes it, `review` reports it. Default:
    /// review.
    #[schemars(extend("enum" = PrivateGroups::words()))]
    pub private_group: Option<Text>,
    /// The maximum number of values in one change record. A group that loses more values is changed by several records.
    /// Default: 1000.
    pub max_values: Option<usize>,
}

/// One `[[reference]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The attribute, or a list of attributes. An attribute that is named here must not be in a list of `[references]`.
    pub attribute: Texts,
    /// The form in which a value refers to an account. docs/references.md describes the forms.
    #[schemars(extend("enum" = words_of(&FORMS)))]
    pub holds: Text,
    /// What happens to a value that refers to a deleted account. Values of the forms `url` and `aci` are searched, but never
    /// written, so they take `review` or `leave`.
    #[schemars(extend("enum" = words_of(&TREATMENTS)))]
    pub then: Text,
}

/// `[successor]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Successor {
    /// Where the successor comes from, in order: the leaver list, the manager of the account, `fallback`.
    #[schemars(extend("items" = { "type": "string", "enum": SuccessorSource::words() }))]
    pub order: Option<Vec<Text>>,
    /// The DN of the successor if there is no other.
    pub fallback: Option<Text>,
}

/// `[address_books]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressBooks {
    /// The DN below which address books are. Empty: there are none.
    pub suffix: Option<Text>,
    /// The name of one address book below `suffix`. Default: `piPStoreOwner={{ uid }},o={{ domain }}`.
    pub root: Option<Text>,
}

/// `[children]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Children {
    /// The filter for entries that belong to the account above them and are deleted with it. Default: none.
    pub own: Option<Text>,
    /// What happens if there are other entries below a deleted account: `hold` holds the account, `delete` deletes them with
    /// it. Accounts and protected entries always hold it. Default: hold.
    #[schemars(extend("enum" = OtherChildren::words()))]
    pub other: Option<Text>,
}

/// `[protect]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Protect {
    /// The DNs of protected entries. An account that a change set of `--history` moved from there is protected too.
    pub dn: Option<Vec<Text>>,
    /// The DNs of protected subtrees: these entries, all entries below them, and accounts that a change set of `--history` moved
    /// from there.
    pub subtree: Option<Vec<Text>>,
    /// Entries that match this filter are protected.
    pub filter: Option<Text>,
    /// The DNs of groups whose members are protected, by every way of being a member that docs/references.md lists.
    pub group: Option<Vec<Text>>,
    /// The DN that the runbook binds as. It is protected.
    pub bind: Option<Text>,
    /// The DNs of groups that must keep at least one enabled member.
    pub last_enabled: Option<Vec<Text>>,
}

/// A limit. It is exceeded if `count` or `percent` is exceeded.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The maximum number.
    pub count: Option<u64>,
    /// The maximum share of what the exports contain, in percent.
    #[schemars(range(min = 0, max = 100))]
    pub percent: Option<f64>,
    /// The share is checked only if more than this number are affected. Default: 10.
    pub min: Option<u64>,
}

/// One `[roster.NAME]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The attribute of an account whose value is the key of its row in the roster.
    pub key: Text,
    /// The column, or LDIF attribute, of the key in the roster. Default: the value of `key`.
    pub column: Option<String>,
    /// The column, or LDIF attribute, of the status. It needs `inactive`. Without it every listed person is active.
    pub status: Option<String>,
    /// Status values of people who have left.
    pub inactive: Option<Vec<String>>,
    /// Status values of people who have not left. Default: all values that are not in `inactive`.
    pub active: Option<Vec<String>>,
    /// The roster covers accounts at or below this DN.
    pub base: Option<Text>,
    /// The roster covers accounts of this domain: those whose nearest `o` is it, or whose `dc` spell it. It does not cover a
    /// domain below it.
    pub domain: Option<String>,
    /// The roster covers accounts that match this filter.
    pub filter: Option<Text>,
    /// What happens to an account that the roster covers but does not list: nothing (`ignore`), a decision item (`review`), or
    /// it is disabled (`disable`), if the roster is complete. Default: review.
    #[schemars(extend("enum" = Absence::words()))]
    pub absence: Option<Text>,
    /// The pattern of the last line, with `{{ rows }}` and optionally `{{ date }}`. A file whose last line does not match was
    /// cut, and is refused.
    pub trailer: Option<Text>,
    /// The minimum number of rows. On the first run it takes the place of `min_percent`.
    pub expected_rows: Option<u64>,
    /// The minimum number of rows, in percent of the number that `--history` has for this roster. If no change set of the
    /// history has one, the plan is refused, unless `expected_rows` is set.
    #[schemars(range(min = 0, max = 100))]
    pub min_percent: Option<f64>,
    /// The maximum age in days, by the date in the trailer. A roster without a date is refused.
    pub max_age_days: Option<u32>,
}

/// `[veto]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Veto {
    /// The DNs of accounts and other entries that are held, with all entries below them.
    pub dn: Option<Vec<Text>>,
    /// Accounts and other entries that match this filter are held. A container holds the accounts below it.
    pub filter: Option<Text>,
}

/// `[hand_off]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOff {
    /// Attributes whose values refer to things outside the directory, such as home folders. The report lists the values of
    /// deleted accounts.
    pub attributes: Option<Vec<Text>>,
}

/// `[notice]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The sender of the notices.
    pub from: Option<Text>,
}

/// `[secrets]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Further attributes whose values are masked in all outputs, like those of `userPassword`.
    pub attributes: Option<Vec<Text>>,
    /// Attributes whose values are shown, although their names look like those of secrets. Attributes that are always secret
    /// are refused here.
    pub shown: Option<Vec<Text>>,
}

/// Whether a list contains an attribute, by any of its names.
pub fn names(list: Option<&Vec<Text>>, name: &str) -> bool {
    list.into_iter().flatten().any(|text| same_type(text.get_ref(), name))
}
