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
    pub stamp: Stamp,
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
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    pub server: Option<Text>,
    pub suffixes: Option<Vec<Text>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    pub filter: Option<Text>,
    pub base: Option<Vec<Text>>,
    pub r#match: Option<Vec<Text>>,
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
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    pub attribute: Option<Text>,
    pub format: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grace {
    pub days: Option<u32>,
    pub mail: Option<u32>,
    pub calendar: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub status: Option<Text>,
    pub released: Option<String>,
    pub classes: Option<Vec<String>>,
    pub attributes: Option<Vec<Text>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct References {
    pub remove: Option<Vec<Text>>,
    pub reassign: Option<Vec<Text>>,
    pub review: Option<Vec<Text>>,
    pub last_member: Option<Text>,
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
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protect {
    pub dn: Option<Vec<Text>>,
    pub subtree: Option<Vec<Text>>,
    pub filter: Option<Text>,
    pub group: Option<Vec<Text>>,
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
#[allow(dead_code, reason = "checked for its form; rosters are not planned for yet, and a policy with one is refused")]
pub struct Roster {
    pub key: Text,
    pub status: Option<Text>,
    pub inactive: Option<Vec<String>>,
    pub absence: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Veto {
    pub dn: Option<Vec<Text>>,
    pub filter: Option<Text>,
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
        take!(self.directory, base.directory; server, suffixes);
        take!(self.accounts, base.accounts; filter, base, r#match);
        take!(self.disable, base.disable; replace);
        take!(self.stamp, base.stamp; attribute, format);
        take!(self.grace, base.grace; days, mail, calendar);
        take!(self.references, base.references; remove, reassign, review, last_member);
        take!(self.successor, base.successor; order, fallback);
        take!(self.address_books, base.address_books; suffix);
        take!(self.protect, base.protect; dn, subtree, filter, group);
        take!(self.veto, base.veto; dn, filter);
        for (name, service) in self.service {
            let known = base.service.entry(name).or_default();
            take!(service, known; status, released, classes, attributes);
        }
        for (kind, limit) in self.limits {
            base.limits.retain(|known, _| known.get_ref() != kind.get_ref());
            base.limits.insert(kind, limit);
        }
        base.roster.extend(self.roster);
        preset
    }
}
