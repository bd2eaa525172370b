//! Values that name an entry and go where it goes: the linked attributes of Active Directory.
//!
//! Measured with Samba: a moved entry is named by its new name at once, a deleted one by none.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ldap::attribute::is_one_of;
use crate::ldap::dn_key::{KeyBuffer, prefixes};
use crate::ldap::{Dn, DnKey, Entry, Value};

/// Attributes that are linked (MS-ADTS 3.1.1.1.6), of those that a plan meets.
pub const LINKED: [&str; 3] = ["member", "manager", "managedBy"];

/// Whether values of this type follow the entry that they name.
pub fn is_linked(attribute_type: &str) -> bool {
    is_one_of(&LINKED, attribute_type)
}

/// Gives the values of an entry that name `old`, or an entry below it, their new name; without one they go.
pub fn relink(entry: &mut Entry, old: &DnKey, new: Option<&Dn>) {
    let mut links = Links::default();
    links.add(old, new);
    links.follow(entry);
}

/// Gives the values of entries that name what changes have renamed or deleted its new name; without one they go. `after` has
/// the changed entries by their names before.
pub fn relink_all<'e>(
    entries: impl Iterator<Item = &'e mut Arc<Entry>>,
    after: impl IntoIterator<Item = (&'e DnKey, &'e Option<Arc<Entry>>)>,
) {
    let mut links = Links::default();
    for (key, entry) in after {
        match entry {
            None => links.add(key, None),
            Some(entry) if entry.dn.key() != key => links.add(key, Some(&entry.dn)),
            Some(_) => {}
        }
    }
    entries.for_each(|entry| links.follow(Arc::make_mut(entry)));
}

/// What became of entries that values may name, and which entries have followed it.
///
/// An entry follows when it is looked at: at once for all that has happened, so that many changes and many values do not
/// multiply.
#[derive(Clone, Default)]
pub struct Links {
    /// By the name that an entry had: when it went, and its new name; none if it is gone.
    events: HashMap<DnKey, Vec<(usize, Option<Dn>)>>,
    /// How many events there were.
    count: usize,
    /// How many of them an entry has followed; an entry that is not here has followed none.
    followed: HashMap<DnKey, usize>,
}

impl Links {
    /// An entry, and what stands below it, has a new name, or none any more.
    pub fn add(&mut self, old: &DnKey, new: Option<&Dn>) {
        self.events.entry(old.clone()).or_default().push((self.count, new.cloned()));
        self.count += 1;
    }

    /// An entry is there of which nothing was known before.
    pub fn begin(&mut self, key: &DnKey) {
        self.followed.insert(key.clone(), self.count);
    }

    /// An entry has another name itself.
    pub fn rename(&mut self, old: &DnKey, new: &DnKey) {
        match self.followed.remove(old) {
            Some(count) => self.followed.insert(new.clone(), count),
            None => self.followed.remove(new),
        };
    }

    /// Gives the values of an entry that name what has moved its new name; without one they go.
    pub fn follow(&mut self, entry: &mut Entry) {
        let from = self.followed.get(entry.dn.key()).copied().unwrap_or_default();
        if from == self.count {
            return;
        }
        let mut keys = KeyBuffer::new();
        for attribute in &mut entry.attributes {
            if is_linked(attribute.description.attribute_type()) {
                attribute.values.retain_mut(|value| self.keeps(value, from, &mut keys));
            }
        }
        entry.attributes.retain(|attribute| !attribute.values.is_empty());
        self.followed.insert(entry.dn.key().clone(), self.count);
    }

    /// Whether a value still names something, with its new name in it.
    fn keeps(&self, value: &mut Value, mut from: usize, keys: &mut KeyBuffer) -> bool {
        loop {
            let Ok(key) = keys.key_of(&value.bytes) else { return true };
            let above = prefixes(key).filter_map(|(above, _)| self.events.get_key_value(above));
            let next = above.filter_map(|(old, events)| {
                let (at, new) = events.get(events.partition_point(|(at, _)| *at < from))?;
                Some((*at, old, new))
            });
            let Some((at, old, new)) = next.min_by_key(|(at, ..)| *at) else { return true };
            let Some(new) = new else { return false };
            let renamed = Dn::parse(&value.bytes).ok().and_then(|named| named.renamed(old, new));
            let Some(renamed) = renamed else { return true };
            *value = Value::new(renamed.raw_bytes());
            from = at + 1;
        }
    }
}
