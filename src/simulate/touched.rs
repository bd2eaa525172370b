//! The pass that takes what the records touch, and nothing else.

use std::collections::HashMap;

use crate::directory::key_hash::KeySet;
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::attribute::base_type;
use crate::ldap::dn_key::{KeyBuffer, parent_of, prefixes};
use crate::ldap::{Change, ChangeRecord, DnKey, Entry, Origin};
use crate::ldif::AttributeSelection;
use crate::policy::Server;
use crate::proof::apply::is_linked;

/// What the pass looks for.
#[derive(Default)]
pub struct Touched {
    /// Names in the records, and names that they give.
    names: KeySet,
    /// Names below which others may come.
    parents: KeySet,
    /// Names that go.
    deleted: KeySet,
    /// Names from which entries are moved, with all below.
    moved: KeySet,
    /// Values that name what goes or is moved change with it.
    links_follow: bool,
    /// Where they do not, an entry is looked at by its name alone.
    interest: AttributeSelection,
}

impl Touched {
    /// By these records.
    pub fn by(records: &[ChangeRecord], server: Server) -> Self {
        let mut touched = Self { links_follow: server.profile().follows_moves, ..Self::default() };
        for record in records {
            let key = record.dn.key();
            match &record.change {
                Change::Modify(_) => {}
                Change::Add(_) => touched.parents.extend(key.parent()),
                Change::Delete => {
                    touched.deleted.insert(key.clone());
                }
                Change::ModifyDn { new_superior, .. } => {
                    // A name that is none is refused later.
                    touched.names.extend(record.new_name().map(|name| name.key().clone()));
                    touched.parents.extend(key.parent());
                    touched.parents.extend(new_superior.as_ref().map(|superior| superior.key().clone()));
                    touched.moved.insert(key.clone());
                }
            }
            touched.names.insert(key.clone());
        }
        touched
    }

    /// Whether an entry has a link to something that goes or is moved.
    fn follows(&self, entry: &EntryView<'_>, keys: &mut KeyBuffer) -> bool {
        entry.record.attributes.iter().any(|line| {
            let base = base_type(&line.description);
            is_linked(base)
                && keys.key_of(line.value.bytes()).is_ok_and(|key| {
                    self.deleted.contains(key) || prefixes(key).any(|(above, _)| self.moved.contains(above))
                })
        })
    }
}

/// What the pass found.
#[derive(Default)]
pub struct Found {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Parents that are there, and where.
    pub parents: HashMap<DnKey, Origin>,
    /// Children, each behind its parent.
    pub children: Vec<(DnKey, DnKey)>,
    keys: KeyBuffer,
}

impl Found {
    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.parents.extend(other.parents);
        self.children.extend(other.children);
    }
}

impl Pass for Touched {
    type Found = Found;

    fn interest(&self) -> Option<&AttributeSelection> {
        (!self.links_follow).then_some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Found) -> Result<(), Unreadable> {
        let is_moved = |key| !self.moved.is_empty() && prefixes(key).any(|(above, _)| self.moved.contains(above));
        if self.names.contains(entry.key)
            || is_moved(entry.key)
            || self.links_follow && self.follows(entry, &mut found.keys)
        {
            found.entries.push(entry.to_entry()?);
        }
        if self.parents.contains(entry.key) {
            found.parents.insert(DnKey::from_key_bytes(entry.key), entry.origin());
        }
        let parent = parent_of(entry.key);
        if self.deleted.contains(parent) || is_moved(parent) {
            found.children.push((DnKey::from_key_bytes(parent), DnKey::from_key_bytes(entry.key)));
        }
        Ok(())
    }
}
