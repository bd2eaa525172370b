//! The policy file as it is written: TOML, every key known, nothing checked beyond its type.
//!
//! A key that this table lacks is an error. A file overrides its preset key by key: tables merge, everything else
//! replaces.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// Text with its place in the file.
pub type Text = Spanned<String>;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub preset: Option<Text>,
    #[serde(default)]
    pub directory: Directory,
    #[serde(default)]
    pub accounts: Accounts,
    pub rule: Option<Vec<Rule>>,
    #[serde(default)]
    pub disable: Disable,
    #[serde(default)]
    pub restore: Restore,
    #[serde(default)]
    pub stamp: Stamp,
    #[serde(default, rename = "move")]
    pub moving: Move,
    #[serde(default)]
    pub disconnect: Disconnect,
    #[serde(default)]
    pub grace: Grace,
    #[serde(default)]
    pub service: BTreeMap<String, Service>,
    #[serde(default)]
    pub references: References,
    #[serde(default)]
    pub successor: Successor,
    #[serde(default)]
    pub address_books: AddressBooks,
    #[serde(default)]
    pub protect: Protect,
    #[serde(default)]
    pub limits: BTreeMap<Text, Limit>,
    #[serde(default)]
    pub roster: BTreeMap<String, Roster>,
    #[serde(default)]
    pub veto: Veto,
    #[serde(default)]
    pub hand_off: HandOff,
    #[serde(default)]
    pub notice: Notice,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    pub server: Option<Text>,
    pub suffixes: Option<Vec<Text>>,
    pub tools: Option<Text>,
    pub relax: Option<Spanned<bool>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    pub filter: Option<Text>,
    pub base: Option<Vec<Text>>,
    pub r#match: Option<Vec<Text>>,
    pub provenance: Option<Text>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub base: Option<Text>,
    pub filter: Option<Text>,
    pub action: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disable {
    pub replace: Option<BTreeMap<Text, String>>,
    pub present: Option<BTreeMap<Text, String>>,
    pub bits: Option<BTreeMap<Text, Bits>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bits {
    pub set: u32,
    #[serde(default)]
    pub require: u32,
    #[serde(default)]
    pub forbid: u32,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    pub replace: Option<BTreeMap<Text, String>>,
    pub remove: Option<Vec<Text>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    pub to: Option<Text>,
    pub back: Option<Text>,
    pub references: Option<Text>,
    pub followed: Option<Vec<Text>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {
    pub attribute: Option<Text>,
    pub value: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    pub attribute: Option<Text>,
    pub format: Option<Text>,
    pub missing: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grace {
    pub days: Option<u32>,
    pub mail: Option<u32>,
    pub calendar: Option<u32>,
    pub trust_modify_timestamp: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub status: Option<Text>,
    pub mark: Option<String>,
    pub active: Option<String>,
    pub released: Option<String>,
    pub unassigned: Option<Text>,
    pub release: Option<Text>,
    pub classes: Option<Vec<String>>,
    pub strip_classes: Option<Vec<String>>,
    pub attributes: Option<Vec<Text>>,
    pub r#virtual: Option<Vec<Text>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct References {
    pub remove: Option<Vec<Text>>,
    pub reassign: Option<Vec<Text>>,
    pub review: Option<Vec<Text>>,
    pub leave: Option<Vec<Text>>,
    pub last_member: Option<Text>,
    pub private_group: Option<Text>,
    pub max_values: Option<usize>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Successor {
    pub order: Option<Vec<Text>>,
    pub fallback: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressBooks {
    pub suffix: Option<Text>,
    pub root: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protect {
    pub dn: Option<Vec<Text>>,
    pub subtree: Option<Vec<Text>>,
    pub filter: Option<Text>,
    pub group: Option<Vec<Text>>,
    pub bind: Option<Text>,
    pub last_enabled: Option<Vec<Text>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub count: Option<u64>,
    pub percent: Option<f64>,
    pub min: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    pub key: Text,
    pub column: Option<String>,
    pub status: Option<String>,
    pub inactive: Option<Vec<String>>,
    pub active: Option<Vec<String>>,
    pub base: Option<Text>,
    pub domain: Option<String>,
    pub filter: Option<Text>,
    pub absence: Option<Text>,
    pub trailer: Option<Text>,
    pub expected_rows: Option<u64>,
    pub min_percent: Option<f64>,
    pub max_age_days: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Veto {
    pub dn: Option<Vec<Text>>,
    pub filter: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOff {
    pub attributes: Option<Vec<Text>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    pub from: Option<Text>,
}

/// Takes each named field of `over` where it is given.
macro_rules! take {
    ($over:expr, $base:expr; $($field:ident),+) => { $( if $over.$field.is_some() { $base.$field = $over.$field; } )+ };
}

impl File {
    /// This file, with what it does not say taken from `preset`.
    pub fn over(self, mut preset: Self) -> Self {
        let base = &mut preset;
        take!(self, base; preset, rule);
        take!(self.directory, base.directory; server, suffixes, tools, relax);
        take!(self.accounts, base.accounts; filter, base, r#match, provenance);
        take!(self.disable, base.disable; replace, present, bits);
        take!(self.restore, base.restore; replace, remove);
        take!(self.stamp, base.stamp; attribute, format, missing);
        take!(self.moving, base.moving; to, back, references, followed);
        take!(self.disconnect, base.disconnect; attribute, value);
        take!(self.grace, base.grace; days, mail, calendar, trust_modify_timestamp);
        take!(self.references, base.references; remove, reassign, review, leave, last_member, private_group, max_values);
        take!(self.successor, base.successor; order, fallback);
        take!(self.address_books, base.address_books; suffix, root);
        take!(self.protect, base.protect; dn, subtree, filter, group, bind, last_enabled);
        take!(self.veto, base.veto; dn, filter);
        take!(self.hand_off, base.hand_off; attributes);
        take!(self.notice, base.notice; from);
        for (name, service) in self.service {
            let known = base.service.entry(name).or_default();
            take!(
                service, known;
                status, mark, active, released, unassigned, release, classes, strip_classes, attributes, r#virtual
            );
        }
        for (kind, limit) in self.limits {
            base.limits.retain(|known, _| known.get_ref() != kind.get_ref());
            base.limits.insert(kind, limit);
        }
        base.roster.extend(self.roster);
        preset
    }
}
