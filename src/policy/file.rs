//! The policy file as it is written: TOML, every key known, nothing checked beyond its type.
//!
//! A key that this table lacks is an error. What is typed here is the [document](super::document), after the file was
//! merged over its preset.
//!
//! The JSON Schema for editors (`offboard schema policy`) and docs/policy.md are made from these types: what stands at
//! a key here is what a user reads there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, Range};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use super::limit::LimitKind;
use super::sections::{
    ABSENCES, LAST_MEMBERS, MISSING_STAMPS, MOVED_REFERENCES, OTHER_CHILDREN, PRIVATE_GROUPS, RELEASES, RuleAction,
    SUCCESSOR_SOURCES, UNASSIGNED,
};
use super::{PRESETS, ProvisioningTools, Server};
use crate::directory::references::form::{FORMS, TREATMENTS};
use crate::ldap::attribute::same_type;

/// Text with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Text(Spanned<String>);

impl Text {
    /// Text that stands at a place.
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

/// Read by hand: serde's untagged enums lose the places.
enum OneOrMany {
    One(String),
    Many(Vec<Text>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> Visitor<'de> for Written {
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
        deserializer.deserialize_any(Written)
    }
}

/// What the JSON Schema says of a table whose keys are attributes. The [document](super::document) reads it: such keys are
/// compared as attributes.
fn attribute_names() -> serde_json::Value {
    serde_json::json!({ "format": ATTRIBUTE_KEYS })
}

/// The format of keys that are attribute descriptions (RFC 4512, 2.5).
pub const ATTRIBUTE_KEYS: &str = "attribute-description";

/// The words of a table of words and their meanings.
fn words<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(word, _)| *word).collect()
}

/// `[limits]`: its keys are the kinds.
fn limits_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut kinds = serde_json::Map::new();
    for (kind, word) in LimitKind::ALL {
        let mut limit = generator.subschema_for::<Limit>();
        limit.insert("description".to_owned(), kind.what().into());
        kinds.insert(word.to_owned(), limit.to_value());
    }
    json_schema!({ "type": "object", "properties": kinds, "additionalProperties": false })
}

/// A policy: what a site says about its accounts, for `offboard plan`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The preset underneath: what this file does not say is taken from it. `offboard init PRESET` prints it.
    #[schemars(extend("enum" = words(&PRESETS)))]
    pub preset: Option<Text>,
    /// The server, and what the exports must cover.
    #[serde(default)]
    pub directory: Directory,
    /// Which entries are accounts.
    #[serde(default)]
    pub accounts: Accounts,
    /// Rules for some accounts. The first that fits counts; an account that none fits is held.
    pub rule: Option<Vec<Rule>>,
    /// How an account is disabled.
    #[serde(default)]
    pub disable: Disable,
    /// How a disabled account is brought back (`action` restore).
    #[serde(default)]
    pub restore: Restore,
    /// Where the date of the mark is written and read. Without it, a grace needs `--history`, or `[grace]
    /// trust_modify_timestamp`.
    #[serde(default)]
    pub stamp: Stamp,
    /// Where disabled accounts go. Without it they stay where they are.
    #[serde(default, rename = "move")]
    pub moving: Move,
    /// What disables an account that is never touched again (`action` disconnect).
    #[serde(default)]
    pub disconnect: Disconnect,
    /// How long a disabled account waits.
    #[serde(default)]
    pub grace: Grace,
    /// Services of an account that are released before it is deleted, by name: mail, calendar.
    #[serde(default)]
    pub service: BTreeMap<Text, Service>,
    /// What is done with values that name a deleted account. An attribute that no list names is done as
    /// docs/references.md says.
    #[serde(default)]
    pub references: References,
    /// Attributes of a directory's own schema that name accounts: how their values do it, and what is done with them.
    pub reference: Option<Vec<Reference>>,
    /// Who takes over what a deleted account owned.
    #[serde(default)]
    pub successor: Successor,
    /// Where personal address books stand.
    #[serde(default)]
    pub address_books: AddressBooks,
    /// Entries below an account that is deleted: a server deletes no entry that has entries below it.
    #[serde(default)]
    pub children: Children,
    /// What no plan may touch: a plan that names one of these is refused.
    #[serde(default)]
    pub protect: Protect,
    /// How much of a kind a plan may do; a plan that does more writes nothing to be run.
    #[serde(default)]
    #[schemars(schema_with = "limits_schema")]
    pub limits: BTreeMap<Text, Limit>,
    /// Lists of who is employed and who has left, by name; `--roster NAME=FILE` gives the file.
    #[serde(default)]
    pub roster: BTreeMap<String, Roster>,
    /// Accounts that are held whatever a list says (legal hold); `--veto LIST` adds to them.
    #[serde(default)]
    pub veto: Veto,
    /// What tells of things outside the directory.
    #[serde(default)]
    pub hand_off: HandOff,
    /// Letters to those who take over.
    #[serde(default)]
    pub notice: Notice,
    /// What is never shown.
    #[serde(default)]
    pub secrets: Secrets,
}

/// `[directory]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// What runs the change files.
    #[schemars(extend("enum" = Server::names().collect::<Vec<_>>()))]
    pub server: Option<Text>,
    /// Entries that the exports must hold, or the plan is refused: list every suffix, so that a forgotten export is
    /// noticed.
    pub suffixes: Option<Vec<Text>>,
    /// How old an export may be, by the day on which its file was written last, or the plan is refused. Standard input
    /// has no such day. Default: of any age.
    pub max_age_days: Option<u32>,
    /// What marks and deletes accounts at the site. Default: ldap.
    #[schemars(extend("enum" = words(&ProvisioningTools::ALL)))]
    pub tools: Option<Text>,
    /// A rollback adds entries with their entryUUID, by the relax rules control. Default: where the server has it.
    #[schemars(with = "Option<bool>")]
    pub relax: Option<Spanned<bool>>,
}

/// `[accounts]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// What makes an entry an account: an RFC 4515 filter.
    pub filter: Option<Text>,
    /// Where accounts stand; anywhere if empty.
    pub base: Option<Vec<Text>>,
    /// Attributes by which a leaver is found.
    pub r#match: Option<Vec<Text>>,
    /// A filter for what was provisioned: an account that does not match was made by hand and is never touched.
    pub provenance: Option<Text>,
}

/// One `[[rule]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Accounts at or below this name.
    pub base: Option<Text>,
    /// Accounts that match; with `base`, both must hold.
    pub filter: Option<Text>,
    /// What may happen to them: `delete` is what the list asks, `disable` never deletes, `mail` and `calendar` end
    /// that service alone, `refuse` holds them.
    #[schemars(extend("enum" = words(&RuleAction::ALL)))]
    pub action: Text,
}

/// `[disable]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disable {
    /// Attributes and the value that the mark gives them.
    #[schemars(extend("propertyNames" = attribute_names()))]
    pub replace: Option<BTreeMap<Text, String>>,
    /// As `replace`, but only where the account has the attribute.
    #[schemars(extend("propertyNames" = attribute_names()))]
    pub present: Option<BTreeMap<Text, String>>,
    /// Bits that the mark turns on in numbers (Active Directory's `userAccountControl`).
    #[schemars(extend("propertyNames" = attribute_names()))]
    pub bits: Option<BTreeMap<Text, Bits>>,
}

/// Bits of a number.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bits {
    /// The bits that say that an account is disabled.
    pub set: u32,
    /// All of these must be on, or the account is held.
    #[serde(default)]
    pub require: u32,
    /// None of these may be on, or the account is held.
    #[serde(default)]
    pub forbid: u32,
}

/// `[restore]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Attributes and the value that they get back. What is named nowhere gets back what `--history` says.
    #[schemars(extend("propertyNames" = attribute_names()))]
    pub replace: Option<BTreeMap<Text, String>>,
    /// Attributes that go.
    pub remove: Option<Vec<Text>>,
}

/// `[move]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The container of disabled accounts.
    pub to: Option<Text>,
    /// Where a restored account goes, if the history does not say.
    pub back: Option<Text>,
    /// Who changes the values that name a moved account. Default: `server` on Active Directory, else `rewrite`.
    #[schemars(extend("enum" = words(&MOVED_REFERENCES)))]
    pub references: Option<Text>,
    /// With `references = "server"`: the attributes that its referential integrity follows. Default: member,
    /// uniqueMember, owner, seeAlso; all on Active Directory.
    pub followed: Option<Vec<Text>>,
}

/// `[disconnect]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {
    /// The blocking attribute.
    pub attribute: Option<Text>,
    /// Its value: an account that has it is never touched.
    pub value: Option<Text>,
}

/// `[stamp]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// The attribute that holds the date of the mark.
    pub attribute: Option<Text>,
    /// Its value, with `{{ as_of }}` (2026-11-21) or `{{ as_of_time }}` (GeneralizedTime) once. Default: `{{ as_of
    /// }}`.
    pub format: Option<Text>,
    /// What is done with a disabled account without a date: `review` holds it, `start` stamps it today. Default: review.
    #[schemars(extend("enum" = words(&MISSING_STAMPS)))]
    pub missing: Option<Text>,
}

/// `[grace]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grace {
    /// An account is deleted when its mark is more than this many days old; 0 is at once. Default: 0.
    #[schemars(with = "Option<u32>")]
    pub days: Option<Spanned<u32>>,
    /// Days for `msuserpurge -g`, and for a mail service that is removed on its own. Default: as `days`.
    #[schemars(with = "Option<u32>")]
    pub mail: Option<Spanned<u32>>,
    /// Days for `csclean -g`, and for a calendar that is removed on its own. Default: as `days`.
    #[schemars(with = "Option<u32>")]
    pub calendar: Option<Spanned<u32>>,
    /// Whether modifyTimestamp may stand for a date of the mark that is missing: it can only delay. Default: false.
    pub trust_modify_timestamp: Option<bool>,
}

/// One `[service.NAME]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its status attribute.
    pub status: Option<Text>,
    /// The status that asks its tool to remove what it holds. Default: deleted.
    pub disable: Option<String>,
    /// The status that a restore sets. Default: active.
    pub active: Option<String>,
    /// The status when it has given up what it held.
    pub released: Option<String>,
    /// An account that never had it: counts as released, or waits indefinitely. Default: released.
    #[schemars(extend("enum" = words(&UNASSIGNED)))]
    pub unassigned: Option<Text>,
    /// Who removes what it holds: `msuserpurge` and `csclean`, `mboxutil`, or `csuser` with the entry. Default: purge.
    #[schemars(extend("enum" = words(&RELEASES)))]
    pub release: Option<Text>,
    /// Object classes that assign it.
    pub classes: Option<Vec<String>>,
    /// Object classes that go with it when it is stripped from an account that stays.
    pub strip_classes: Option<Vec<String>>,
    /// Attributes that belong to it; `ics*` is a prefix.
    pub attributes: Option<Vec<Text>>,
    /// Attributes that a class of service may supply: they show in an export and may not be stored.
    pub r#virtual: Option<Vec<Text>>,
}

/// `[references]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct References {
    /// Attributes whose values are removed.
    pub remove: Option<Vec<Text>>,
    /// Attributes in which a successor takes the place.
    pub reassign: Option<Vec<Text>>,
    /// Attributes that are reported and left alone.
    pub review: Option<Vec<Text>>,
    /// Attributes that are left alone and not reported.
    pub leave: Option<Vec<Text>>,
    /// A group that would lose its last member: `refuse` holds the account, `allow` leaves the group empty,
    /// `successor` or `placeholder:<dn>` puts that name in, `delete-group` deletes the group. Default: refuse.
    #[schemars(extend("anyOf" = [{ "enum": words(&LAST_MEMBERS) }, { "pattern": "^placeholder:" }]))]
    pub last_member: Option<Text>,
    /// The POSIX group that is the account's alone. Default: review.
    #[schemars(extend("enum" = words(&PRIVATE_GROUPS)))]
    pub private_group: Option<Text>,
    /// A group that loses more values than this is changed in several records. Default: 1000.
    pub max_values: Option<usize>,
}

/// One `[[reference]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The attribute, or a list of attributes. One that is listed here is not listed in `[references]`.
    pub attribute: Texts,
    /// How a value names an account; docs/references.md says what each form looks like.
    #[schemars(extend("enum" = words(&FORMS)))]
    pub holds: Text,
    /// What is done with a value that names a deleted account. In a `url` or an `aci` names are only looked for, so
    /// such values are for `review` or `leave`.
    #[schemars(extend("enum" = words(&TREATMENTS)))]
    pub then: Text,
}

/// `[successor]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Successor {
    /// Where a successor is looked for, in order: the leaver list, the account's manager, `fallback`.
    #[schemars(extend("items" = { "type": "string", "enum": words(&SUCCESSOR_SOURCES) }))]
    pub order: Option<Vec<Text>>,
    /// The name of who takes over when nobody else does.
    pub fallback: Option<Text>,
}

/// `[address_books]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressBooks {
    /// Where they stand; empty for none.
    pub suffix: Option<Text>,
    /// Where one person's stands below it. Default: `piPStoreOwner={{ uid }},o={{ domain }}`.
    pub root: Option<Text>,
}

/// `[children]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Children {
    /// A filter for entries that belong to the account above them: they are deleted with it. Default: none.
    pub own: Option<Text>,
    /// Any other entry below an account, unless it is an account or protected: `hold` holds the account above it,
    /// `delete` deletes the entry with it. Default: hold.
    #[schemars(extend("enum" = words(&OTHER_CHILDREN)))]
    pub other: Option<Text>,
}

/// `[protect]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Protect {
    /// These entries.
    pub dn: Option<Vec<Text>>,
    /// These entries and all below them.
    pub subtree: Option<Vec<Text>>,
    /// Entries that match.
    pub filter: Option<Text>,
    /// Members of these groups, and of the groups in them.
    pub group: Option<Vec<Text>>,
    /// The account that the runbook binds as.
    pub bind: Option<Text>,
    /// Groups that keep at least one member who is not disabled.
    pub last_enabled: Option<Vec<Text>>,
}

/// A limit.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// More than this many is too much.
    pub count: Option<u64>,
    /// More than this share of what the exports hold is too much.
    #[schemars(range(min = 0, max = 100))]
    pub percent: Option<f64>,
    /// The share counts only if more than this many are affected. Default: 10.
    pub min: Option<u64>,
}

/// One `[roster.NAME]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The attribute of an account that says which row is about it.
    pub key: Text,
    /// The column of the key, if the list calls it otherwise.
    pub column: Option<String>,
    /// The column that says whether somebody has left; needs `inactive`.
    pub status: Option<String>,
    /// The statuses of who has left.
    pub inactive: Option<Vec<String>>,
    /// The statuses of who has not. Default: every other.
    pub active: Option<Vec<String>>,
    /// The roster is about accounts at or below this name.
    pub base: Option<Text>,
    /// The roster is about accounts of this domain.
    pub domain: Option<String>,
    /// The roster is about accounts that match.
    pub filter: Option<Text>,
    /// What it means that an account is not listed: nothing, a decision item, or the mark, if the roster proves
    /// complete. Default: review.
    #[schemars(extend("enum" = words(&ABSENCES)))]
    pub absence: Option<Text>,
    /// The last line, with `{{ rows }}` and perhaps `{{ date }}`: without it the list was cut.
    pub trailer: Option<Text>,
    /// The number of its rows.
    pub expected_rows: Option<u64>,
    /// It has at least this share of the rows that it had in the change set given with `--history`.
    #[schemars(range(min = 0, max = 100))]
    pub min_percent: Option<f64>,
    /// It is at most this old.
    pub max_age_days: Option<u32>,
}

/// `[veto]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Veto {
    /// These accounts.
    pub dn: Option<Vec<Text>>,
    /// Accounts that match.
    pub filter: Option<Text>,
}

/// `[hand_off]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOff {
    /// Attributes that tell of things outside the directory which a deleted account leaves behind: the report lists
    /// them.
    pub attributes: Option<Vec<Text>>,
}

/// `[notice]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Who writes the letters to those who take over.
    pub from: Option<Text>,
}

/// `[secrets]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Attributes whose values are masked wherever they are shown, like those of `userPassword` and its kin.
    pub attributes: Option<Vec<Text>>,
}

/// Whether a list names an attribute.
pub fn names(list: Option<&Vec<Text>>, name: &str) -> bool {
    list.into_iter().flatten().any(|text| same_type(text.get_ref(), name))
}
