//! Entries that appear more than once in the exports: the same part was exported twice, or two names are equal only after
//! their preparation (RFC 4518), such as `uid=ö` in its composed and its decomposed form.
//!
//! Which of them is right, and which of them the server has, is unknown. A plan is refused, or, if the run accepts that, holds
//! every account that one of them is, names or belongs to.

use super::census::{Finding, Place};
use super::key_hash::{Hashes, hash};
use super::scan::{Unreadable, scan};
use super::{EntryView, Exports, Overlay, Pass, ScanError, Structure};
use crate::ldap::DnKey;
use crate::ldif::{AttributeSelection, UrlPolicy};

/// How many names are reported with their places; the others are only counted.
const REPORTED: usize = 10;
/// How many places of one name are reported.
const PLACES: usize = 4;

/// The names that several entries have.
#[derive(Clone, Debug, Default)]
pub struct Repeated {
    names: Hashes,
    /// How many entries repeat the name of another entry, and where the first ones are: the entries of one name follow each
    /// other.
    pub finding: Finding,
}

/// The entries with a repeated name: the hash of the name, and the place.
type FoundPlaces = Vec<(u64, Place)>;

struct RepeatedPass<'n> {
    names: &'n Hashes,
    interest: AttributeSelection,
}

impl Pass for RepeatedPass<'_> {
    type Found = FoundPlaces;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut FoundPlaces) -> Result<(), Unreadable> {
        let name = hash(entry.key);
        if self.names.contains(&name) {
            let place = Place { export: entry.export, line: entry.record.line, text: entry.record.dn.to_vec() };
            found.push((name, place));
        }
        Ok(())
    }
}

impl Repeated {
    /// Finds the repeated names of a structure that was read from these exports with the same overlay. Reads the exports only
    /// if there is one.
    pub fn find<E: Exports>(
        exports: &E,
        urls: UrlPolicy<'_>,
        overlay: Option<&Overlay>,
        structure: &Structure,
    ) -> Result<Self, ScanError<E::Error>> {
        let names = structure.repeated_names();
        if names.is_empty() {
            return Ok(Self::default());
        }
        let mut reported: Vec<(u64, Vec<Place>)> = Vec::new();
        let pass = RepeatedPass { names: &names, interest: AttributeSelection::default() };
        scan(exports, urls, overlay, &pass, |found| {
            for (name, place) in found {
                let is_room = reported.len() < REPORTED;
                match reported.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, places)) if places.len() < PLACES => places.push(place),
                    None if is_room => reported.push((name, vec![place])),
                    Some(_) | None => {}
                }
            }
        })?;
        let places = reported.into_iter().flat_map(|(_, places)| places).collect();
        Ok(Self { names, finding: Finding { count: structure.repeated(), places } })
    }

    /// Whether several entries have this name.
    pub fn holds(&self, name: &DnKey) -> bool {
        !self.names.is_empty() && self.names.contains(&hash(name.as_bytes()))
    }
}
