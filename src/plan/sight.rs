//! How a plan sees the directory: by reading the exports, or by what an earlier plan saw of them.
//!
//! The proof plans again from the after-state. To read all of the exports again for that would take as long as the plan,
//! and would find nothing new: a pass looks at one entry at a time, so whatever it made of an entry that no record
//! touches, it makes again. So the second plan takes what the first one found in these entries, and looks only at the
//! touched ones as they are afterwards. What holds for each pass:
//!
//! | pass | of an entry that is not touched, the second plan needs |
//! | --- | --- |
//! | [`resolve`](super::resolve) | what the first one kept: it looks for the same identities under the same policy |
//! | [`collect`](super::collect) | what the first one kept, if it looked for all that the second one looks for |
//! | by name | the entry, if the first one asked for that name |
//!
//! Where that "if" does not hold, and where orphans or primary groups are looked for, the exports are read again. Counts
//! of what is not touched are not kept up: they say how large a change is, and no operation depends on them. That a
//! deletion leaves no hole in the tree is what the check `leaves-first` is for.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::collect::{Collect, Collected, Kept};
use super::operational::InExports;
use super::resolve::{Match, NotJudged, Resolve, Resolved};
use crate::directory::key_hash::KeySet;
use crate::directory::scan::{Unreadable, visit_entry};
use crate::directory::{Census, Exports, Overlay, Pass, ScanError, by_name, scan, tops};
use crate::ldap::{DnKey, Entry};
use crate::ldif::UrlPolicy;

/// The directory, as far as a plan asks.
pub(super) trait Sight {
    /// Why it can fail.
    type Error: std::error::Error + 'static;

    /// Pass 1.
    fn resolve(&self, pass: &Resolve<'_>) -> Result<(Resolved, Census), ScanError<Self::Error>>;

    /// Pass 2.
    fn collect(&self, pass: &Collect<'_>) -> Result<(Collected, Census), ScanError<Self::Error>>;

    /// The entries of these names that there are.
    fn entries(&self, names: &KeySet) -> Result<Vec<Entry>, ScanError<Self::Error>>;

    /// Whether this is what the server wrote. Changes that are laid over it leave what the server would do along with them:
    /// `numSubordinates` and `memberOf` still tell of what has been deleted.
    fn is_as_exported(&self) -> bool;
}

/// The exports, perhaps with changes laid over them.
pub(super) struct Reading<'e, E> {
    pub exports: &'e E,
    pub urls: UrlPolicy<'e>,
    pub overlay: Option<&'e Overlay>,
    /// What was asked for by name, and what there was.
    pub asked: RefCell<HashMap<DnKey, Option<Entry>>>,
}

impl<E: Exports> Sight for Reading<'_, E> {
    type Error = E::Error;

    fn resolve(&self, pass: &Resolve<'_>) -> Result<(Resolved, Census), ScanError<E::Error>> {
        let mut resolved = Resolved::default();
        let census = scan(self.exports, self.urls, self.overlay, pass, |found| resolved.merge(found))?;
        resolved.structure.finish();
        let (exports, structure) = (self.exports, &resolved.structure);
        resolved.missing_parents = tops::missing_parents(exports, self.urls, self.overlay, structure, pass.policy())?;
        Ok((resolved, census))
    }

    fn collect(&self, pass: &Collect<'_>) -> Result<(Collected, Census), ScanError<E::Error>> {
        let mut around = Collected::default();
        let census = scan(self.exports, self.urls, self.overlay, pass, |found| around.merge(found))?;
        Ok((around, census))
    }

    fn entries(&self, names: &KeySet) -> Result<Vec<Entry>, ScanError<E::Error>> {
        let found = by_name::entries(self.exports, self.urls, self.overlay, names.clone())?;
        let mut asked = self.asked.borrow_mut();
        asked.extend(names.iter().map(|name| (name.clone(), None)));
        asked.extend(found.iter().map(|entry| (entry.dn.key().clone(), Some(entry.clone()))));
        Ok(found)
    }

    fn is_as_exported(&self) -> bool {
        self.overlay.is_none()
    }
}

/// What a plan saw.
#[derive(Default)]
pub struct Seen {
    /// What pass 1 kept.
    pub(super) matches: Vec<Match>,
    pub(super) not_judged: Vec<NotJudged>,
    pub(super) named: Vec<Entry>,
    pub(super) schema: Vec<Entry>,
    pub(super) census: Census,
    pub(super) in_exports: InExports,
    /// What pass 2 looked for, as far as it was more than nothing, and what it kept.
    pub(super) looked_for: Option<Looked>,
    pub(super) around: Collected,
    /// What was asked for by name.
    pub(super) asked: HashMap<DnKey, Option<Entry>>,
}

/// What a pass looked for.
pub(super) struct Looked {
    persons: crate::directory::references::SubjectIndex,
    wanted: KeySet,
    book_roots: KeySet,
    book_rdns: HashSet<Vec<u8>>,
}

impl Looked {
    /// What a pass that is over looked for.
    pub(super) fn of(pass: Collect<'_>) -> Self {
        let book_rdns = pass.book_rdns.into_keys().collect();
        Self { persons: pass.persons, wanted: pass.wanted, book_roots: pass.book_roots, book_rdns }
    }

    /// Whether this is all that a pass looks for.
    fn covers(&self, pass: &Collect<'_>) -> bool {
        pass.primary_groups.is_empty()
            && pass.wanted.is_subset(&self.wanted)
            && pass.book_roots.is_subset(&self.book_roots)
            && pass.book_rdns.keys().all(|rdn| self.book_rdns.contains(rdn))
            && pass.persons.contains_all_of(&self.persons)
    }
}

/// The exports after changes, by what was seen before them.
pub(super) struct Again<'e, E> {
    pub seen: &'e Seen,
    pub overlay: &'e Overlay,
    /// Where what was seen is not enough.
    pub reading: Reading<'e, E>,
}

impl<E> Again<'_, E> {
    fn is_touched(&self, entry: &Entry) -> bool {
        self.overlay.contains_key(entry.dn.key())
    }

    fn untouched<'s>(&'s self, entries: &'s [Entry]) -> impl Iterator<Item = &'s Entry> {
        entries.iter().filter(|entry| !self.is_touched(entry))
    }

    /// Shows the touched entries to a pass as they are afterwards.
    fn show_touched<P: Pass>(&self, pass: &P, found: &mut P::Found) -> Result<(), Unreadable> {
        let mut after: Vec<&Entry> = self.overlay.values().flatten().map(AsRef::as_ref).collect();
        after.sort_by(|a, b| a.dn.key().cmp(b.dn.key()));
        after.into_iter().try_for_each(|entry| visit_entry(entry, pass, found))
    }
}

impl<E: Exports> Sight for Again<'_, E> {
    type Error = E::Error;

    fn resolve(&self, pass: &Resolve<'_>) -> Result<(Resolved, Census), ScanError<E::Error>> {
        let matches = self.seen.matches.iter().filter(|meant| !self.is_touched(&meant.entry));
        let mut resolved = Resolved {
            matches: matches.cloned().collect(),
            not_judged: self.seen.not_judged.clone(),
            named: self.untouched(&self.seen.named).cloned().collect(),
            schema: self.untouched(&self.seen.schema).cloned().collect(),
            in_exports: self.seen.in_exports.clone(),
            ..Resolved::default()
        };
        let mut touched = Resolved::default();
        if pass.looks_for_orphans() || self.show_touched(pass, &mut touched).is_err() {
            return self.reading.resolve(pass);
        }
        // A tree of a few entries has holes that the whole has not.
        touched.structure = crate::directory::Structure::default();
        resolved.merge(touched);
        Ok((resolved, self.seen.census.clone()))
    }

    fn collect(&self, pass: &Collect<'_>) -> Result<(Collected, Census), ScanError<E::Error>> {
        if !self.seen.looked_for.as_ref().is_some_and(|looked| looked.covers(pass)) {
            return self.reading.collect(pass);
        }
        let kept = self.seen.around.kept.iter().map(|kept: &Kept| &*kept.entry);
        let untouched: Vec<&Entry> = kept.filter(|entry| !self.is_touched(entry)).collect();
        let shown: HashSet<&DnKey> = untouched.iter().map(|entry| entry.dn.key()).chain(self.overlay.keys()).collect();
        let mut around = self.seen.around.others(&|key| shown.contains(key));
        let mut found = Collected::default();
        let all_read = untouched.iter().try_for_each(|entry| visit_entry(entry, pass, &mut found)).is_ok()
            && self.show_touched(pass, &mut found).is_ok();
        if !all_read {
            return self.reading.collect(pass);
        }
        around.merge(found);
        Ok((around, self.seen.census.clone()))
    }

    fn entries(&self, names: &KeySet) -> Result<Vec<Entry>, ScanError<E::Error>> {
        let after: HashMap<&DnKey, &Entry> =
            self.overlay.values().flatten().map(|entry| (entry.dn.key(), entry.as_ref())).collect();
        let mut found = Vec::new();
        for name in names {
            match (after.get(name), self.seen.asked.get(name)) {
                (Some(entry), _) => found.push((*entry).clone()),
                (None, _) if self.overlay.contains_key(name) => {}
                (None, Some(entry)) => found.extend(entry.clone()),
                (None, None) => return self.reading.entries(names),
            }
        }
        Ok(found)
    }

    fn is_as_exported(&self) -> bool {
        false
    }
}
