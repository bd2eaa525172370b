//! A directory as a plan reads it: the exports, or what an earlier plan retained of them, each with changes laid over it.
//!
//! The proof plans again from the after-state. A pass looks at one entry at a time, so it finds the same again in every
//! entry that no record touches. [`RetainedSnapshot`] therefore takes what the first plan found there, and shows a pass only
//! the touched entries as they are afterwards. Where what was retained is not enough, it reads the exports.

use std::cell::RefCell;

use super::key_hash::{KeyMap, KeySet};
use super::scan::{Unreadable, visit_entry};
use super::{Census, Exports, Overlay, Pass, ScanError, by_name, scan};
use crate::ldap::Entry;
use crate::ldif::UrlPolicy;

/// The exports of a directory, with how they are read.
pub struct ExportsReader<'e, E> {
    /// The exports.
    pub exports: &'e E,
    /// What to do with values that are given as URLs.
    pub urls: UrlPolicy<'e>,
    /// Changes laid over the exports.
    pub overlay: Option<&'e Overlay>,
}

impl<E> Clone for ExportsReader<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for ExportsReader<'_, E> {}

impl<'e, E: Exports> ExportsReader<'e, E> {
    /// Reads exports as they are.
    pub fn new(exports: &'e E, urls: UrlPolicy<'e>) -> Self {
        Self { exports, urls, overlay: None }
    }

    /// The same exports with these changes laid over them.
    #[must_use]
    pub fn with_overlay(self, overlay: Option<&'e Overlay>) -> Self {
        Self { overlay, ..self }
    }

    /// Shows every entry to a pass, and gives `merge` what it found, block by block in the order of the exports.
    pub fn scan<P: Pass>(&self, pass: &P, merge: impl FnMut(P::Found)) -> Result<Census, ScanError<E::Error>> {
        scan(self.exports, self.urls, self.overlay, pass, merge)
    }

    /// The entries with these names, of those that the exports hold.
    pub fn entries(&self, names: &KeySet) -> Result<Vec<Entry>, ScanError<E::Error>> {
        by_name::entries(self.exports, self.urls, self.overlay, names.clone())
    }
}

/// What a pass found in all entries, and what the reading counted.
pub struct Reading<F> {
    /// What the pass found.
    pub found: F,
    /// What the exports hold.
    pub census: Census,
}

/// A pass whose results can be retained and used again. `R` is what is retained of all passes of a plan.
pub trait RepeatablePass<R>: Pass {
    /// Adds what was found in later blocks.
    fn merge(found: &mut Self::Found, later: Self::Found);

    /// Completes what was found, after all entries of the exports were read.
    fn complete<E: Exports>(
        &self,
        _found: &mut Self::Found,
        _reader: &ExportsReader<'_, E>,
    ) -> Result<(), ScanError<E::Error>> {
        Ok(())
    }

    /// What the pass finds with `overlay` laid over the exports, made from what was retained of them without it; `None` if
    /// the exports must be read.
    fn repeat(&self, retained: &R, overlay: &Overlay) -> Option<Self::Found>;
}

/// Shows a pass every entry of an overlay, in the order of their names.
pub fn visit_overlay<P: Pass>(overlay: &Overlay, pass: &P, found: &mut P::Found) -> Result<(), Unreadable> {
    let mut after: Vec<&Entry> = overlay.values().flatten().map(AsRef::as_ref).collect();
    after.sort_by(|a, b| a.dn.key().cmp(b.dn.key()));
    after.into_iter().try_for_each(|entry| visit_entry(entry, pass, found))
}

/// A directory as a plan reads it.
pub trait Directory<R> {
    /// Why it may not be readable.
    type Error: std::error::Error + 'static;

    /// What a pass finds in all entries.
    fn read<P: RepeatablePass<R>>(&self, pass: &P) -> Result<Reading<P::Found>, ScanError<Self::Error>>;

    /// The entries with these names, of those that exist.
    fn entries(&self, names: &KeySet) -> Result<Vec<Entry>, ScanError<Self::Error>>;

    /// Whether this is what the server wrote. Changes that are laid over exports leave out what the server changes along with
    /// them: `numSubordinates` and `memberOf` still count entries that are deleted.
    fn is_as_exported(&self) -> bool;
}

/// What a plan found in the exports, to plan again from it. `R` is what its passes found.
#[derive(Default)]
pub struct Retained<R> {
    /// What the passes found.
    pub passes: R,
    /// What the exports hold.
    pub census: Census,
    /// The entries that were looked up by name; `None` for a name that the exports lack.
    pub by_name: KeyMap<Option<Entry>>,
}

/// The exports, with a record of the entries that are looked up by name.
pub struct Snapshot<'e, E> {
    reader: ExportsReader<'e, E>,
    by_name: RefCell<KeyMap<Option<Entry>>>,
}

impl<'e, E: Exports> Snapshot<'e, E> {
    /// A snapshot in which nothing was looked up yet.
    pub fn new(reader: ExportsReader<'e, E>) -> Self {
        Self { reader, by_name: RefCell::default() }
    }

    /// The entries that were looked up by name; `None` for a name that the exports lack.
    pub fn into_by_name(self) -> KeyMap<Option<Entry>> {
        self.by_name.into_inner()
    }
}

impl<E: Exports, R> Directory<R> for Snapshot<'_, E> {
    type Error = E::Error;

    fn read<P: RepeatablePass<R>>(&self, pass: &P) -> Result<Reading<P::Found>, ScanError<E::Error>> {
        let mut found = P::Found::default();
        let census = self.reader.scan(pass, |later| P::merge(&mut found, later))?;
        pass.complete(&mut found, &self.reader)?;
        Ok(Reading { found, census })
    }

    fn entries(&self, names: &KeySet) -> Result<Vec<Entry>, ScanError<E::Error>> {
        let found = self.reader.entries(names)?;
        let mut by_name = self.by_name.borrow_mut();
        by_name.extend(names.iter().map(|name| (name.clone(), None)));
        by_name.extend(found.iter().map(|entry| (entry.dn.key().clone(), Some(entry.clone()))));
        Ok(found)
    }

    fn is_as_exported(&self) -> bool {
        self.reader.overlay.is_none()
    }
}

/// The exports after changes, made from what was retained of them before.
pub struct RetainedSnapshot<'e, E, R> {
    retained: &'e Retained<R>,
    overlay: &'e Overlay,
    /// The exports with the changes, for what was not retained.
    snapshot: Snapshot<'e, E>,
}

impl<'e, E: Exports, R> RetainedSnapshot<'e, E, R> {
    /// Lays an overlay over what was retained of these exports.
    pub fn new(reader: ExportsReader<'e, E>, retained: &'e Retained<R>, overlay: &'e Overlay) -> Self {
        Self { retained, overlay, snapshot: Snapshot::new(reader.with_overlay(Some(overlay))) }
    }
}

impl<E: Exports, R> Directory<R> for RetainedSnapshot<'_, E, R> {
    type Error = E::Error;

    fn read<P: RepeatablePass<R>>(&self, pass: &P) -> Result<Reading<P::Found>, ScanError<E::Error>> {
        match pass.repeat(&self.retained.passes, self.overlay) {
            Some(found) => Ok(Reading { found, census: self.retained.census.clone() }),
            None => self.snapshot.read(pass),
        }
    }

    fn entries(&self, names: &KeySet) -> Result<Vec<Entry>, ScanError<E::Error>> {
        let after: KeyMap<&Entry> =
            self.overlay.values().flatten().map(|entry| (entry.dn.key().clone(), entry.as_ref())).collect();
        let mut found = Vec::new();
        for name in names {
            match (after.get(name), self.retained.by_name.get(name)) {
                (Some(entry), _) => found.push((*entry).clone()),
                (None, _) if self.overlay.contains_key(name) => {}
                (None, Some(entry)) => found.extend(entry.clone()),
                (None, None) => return Directory::<R>::entries(&self.snapshot, names),
            }
        }
        Ok(found)
    }

    fn is_as_exported(&self) -> bool {
        false
    }
}
