//! The lines of a policy file that pick entries, with their places in the file.
//!
//! | key | picks |
//! | --- | --- |
//! | `[protect] dn`, `[veto] dn` | the entry with this name |
//! | `[protect] subtree`, `[[rule]] base`, `base_now`, `[accounts] base`, `[roster.NAME] base` | the entries at and below this name |
//! | `[protect] filter`, `[veto] filter` | the entries that match |
//!
//! A line that picks no entry is most likely a mistake, so a plan reports it. The lines of a preset are for many sites, so
//! they are not among these. `[protect] bind` may name an administrator that is no entry, and a missing group refuses a
//! plan.

use std::collections::BTreeMap;
use std::ops::Range;

use super::file::{File, Text};
use crate::ldap::{Dn, DnKey};

/// What a line picks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picks {
    /// The entry with this name.
    Entry(DnKey),
    /// The entries at and below this name.
    Subtree(DnKey),
    /// The entries that match the filter of the key.
    Filter,
}

/// A line that picks entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLine {
    /// The key, such as `[protect] dn`.
    pub key: String,
    /// The name or the filter, as written.
    pub text: String,
    /// The place in the file, in bytes.
    pub place: Range<usize>,
    /// What it picks.
    pub picks: Picks,
}

impl EntryLine {
    /// Whether the line also picks an entry that was moved away from the name. [`following`](super::following) has the table.
    pub fn follows_moves(&self) -> bool {
        !self.key.ends_with("base_now") && self.key != "[accounts] base"
    }

    /// Whether the line belongs to `[veto]`.
    pub fn is_veto(&self) -> bool {
        self.key.starts_with("[veto]")
    }
}

/// The lines of a file that pick entries. Names that are not DNs are left out: they are errors.
pub fn entry_lines(file: &File) -> Vec<EntryLine> {
    let mut lines = Vec::new();
    let mut names = |key: &str, texts: Option<&Vec<Text>>, picks: fn(DnKey) -> Picks| {
        for text in texts.into_iter().flatten() {
            if let Ok(dn) = Dn::parse(text.get_ref().as_bytes()) {
                let picks = picks(dn.key().clone());
                let (key, text, place) = (key.to_owned(), text.get_ref().clone(), text.span());
                lines.push(EntryLine { key, text, place, picks });
            }
        }
    };
    names("[protect] dn", file.protect.dn.as_ref(), Picks::Entry);
    names("[protect] subtree", file.protect.subtree.as_ref(), Picks::Subtree);
    names("[veto] dn", file.veto.dn.as_ref(), Picks::Entry);
    names("[accounts] base", file.accounts.base.as_ref(), Picks::Subtree);
    for (index, rule) in file.rule.iter().flatten().enumerate() {
        for (key, base) in [("base", &rule.base), ("base_now", &rule.base_now)] {
            let base = base.clone().map(|base| vec![base]);
            names(&format!("[[rule]] {} {key}", index + 1), base.as_ref(), Picks::Subtree);
        }
    }
    for (name, roster) in &file.roster {
        names(&format!("[roster.{name}] base"), roster.base.clone().map(|base| vec![base]).as_ref(), Picks::Subtree);
    }
    for (key, text) in [("[protect] filter", &file.protect.filter), ("[veto] filter", &file.veto.filter)] {
        if let Some(text) = text.as_ref().filter(|text| !text.get_ref().is_empty()) {
            let (key, text, place) = (key.to_owned(), text.get_ref().clone(), text.span());
            lines.push(EntryLine { key, text, place, picks: Picks::Filter });
        }
    }
    lines
}

/// The places of the filters in a file, by the same keys as [`Policy::for_each_filter`](super::Policy).
pub fn filter_places(file: &File) -> BTreeMap<String, Range<usize>> {
    let one = [
        ("[accounts] filter", &file.accounts.filter),
        ("[accounts] provenance", &file.accounts.provenance),
        ("[protect] filter", &file.protect.filter),
        ("[veto] filter", &file.veto.filter),
        ("[children] own", &file.children.own),
    ];
    let one = one.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_ref()?.span())));
    let rules = file.rule.iter().flatten().enumerate();
    let rules = rules
        .filter_map(|(index, rule)| Some((format!("[[rule]] {} filter", index + 1), rule.filter.as_ref()?.span())));
    let rosters = file.roster.iter();
    let rosters =
        rosters.filter_map(|(name, roster)| Some((format!("[roster.{name}] filter"), roster.filter.as_ref()?.span())));
    one.chain(rules).chain(rosters).collect()
}
