//! Whether exports begin at suffixes of the directory, or contain only a part of it.
//!
//! `ldapsearch -b ou=People,dc=example,dc=com`, a search of one level, and a filter return entries without the entries
//! above them. The first row that applies decides whether the topmost entry of an export is a suffix:
//!
//! | the topmost entry | it is |
//! | --- | --- |
//! | has a name of one RDN (`o=isp`), or is a `dc=` directly below a top-level domain (`dc=example,dc=com`) | a suffix |
//! | is one of `[directory] suffixes` | a suffix |
//! | has `instanceType` | a suffix if bit 0 is set ("the head of naming context", MS-ADTS, 3.1.1.5.2.8), else not |
//! | has `contextCSN` (`OpenLDAP`, on the suffix entry of a database that is replicated) | a suffix |
//! | has `entryid` (389 DS, DSEE) | a suffix if it has no `parentid`, else not |
//! | is an account of the policy | not a suffix |
//! | has another topmost entry of the same export below the same missing parent | not a suffix |
//! | has a class of domains, organizations or countries ([`CLASSES`]) | a suffix |
//! | any other, such as an organizational unit | not a suffix |

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::census::{Finding, Place};
use super::scan::{Unreadable, scan_until};
use super::structure::Beginning;
use super::{EntryView, Exports, Overlay, Pass, ScanError, Structure};
use crate::ldap::DnKey;
use crate::ldap::dn_key::parent_of;
use crate::ldap::object_classes::same_class;
use crate::ldif::{AttributeSelection, UrlPolicy};
use crate::policy::Policy;

/// Object classes of the entries that naming contexts usually begin with (RFC 4519, RFC 4524,
/// RFC 2247; the naming contexts of Active Directory).
const CLASSES: [&str; 7] = ["dcObject", "domain", "domainDNS", "organization", "country", "configuration", "dMD"];

/// An entry that is not in the exports, and has topmost entries of the exports directly below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingParent {
    /// The key of the missing entry.
    pub key: DnKey,
    /// The first topmost entry below it; the text is the missing name as that entry spells it.
    pub place: Place,
}

/// Finds the topmost entries that are not suffixes.
struct TopmostPass<'p> {
    policy: &'p Policy,
    beginnings: HashMap<(u16, u64), Beginning>,
    interest: AttributeSelection,
}

/// The topmost entries of a block.
#[derive(Default)]
struct FoundTops {
    looked_at: usize,
    missing: Vec<MissingParent>,
}

impl Pass for TopmostPass<'_> {
    type Found = FoundTops;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut FoundTops) -> Result<(), Unreadable> {
        let place = (entry.export, entry.record.line);
        let Some(beginning) = self.beginnings.get(&place) else { return Ok(()) };
        found.looked_at += 1;
        if is_suffix(entry, beginning, self.policy) {
            return Ok(());
        }
        let text = entry.to_entry()?.dn.parent_spelling().unwrap_or_default().to_vec();
        let place = Place { export: entry.export, line: entry.record.line, text };
        found.missing.push(MissingParent { key: DnKey::from_key_bytes(parent_of(entry.key)), place });
        Ok(())
    }
}

/// Whether a topmost entry is a suffix, by the table of this module.
fn is_suffix(entry: &EntryView<'_>, beginning: &Beginning, policy: &Policy) -> bool {
    let first = |name: &str| entry.values(name).next().map(|line| line.value.bytes().to_vec());
    if policy.directory.suffixes.iter().any(|suffix| suffix.key().as_bytes() == entry.key) {
        return true;
    }
    if let Some(kind) = first("instanceType") {
        let number = std::str::from_utf8(&kind).ok().and_then(|text| text.trim().parse::<i64>().ok());
        return number.is_some_and(|bits| bits & 1 == 1);
    }
    if first("contextCSN").is_some() {
        return true;
    }
    if first("entryid").is_some() {
        return first("parentid").is_none();
    }
    if beginning.has_several || policy.accounts.covers(entry.key, entry) {
        return false;
    }
    let whole = entry.whole();
    let mut classes = whole.attributes.iter().filter(|line| line.description.eq_ignore_ascii_case("objectClass"));
    classes.any(|line| {
        let class = String::from_utf8_lossy(line.value.bytes());
        CLASSES.iter().any(|known| same_class(known, &class))
    })
}

/// The missing parents of topmost entries that are not suffixes, except those that `[directory] suffixes` requires.
///
/// `overlay` is the one that the structure was read with. Reads the exports up to the last topmost entry, and not at all
/// if every export begins with an entry of one RDN or below a top-level domain. The result does not depend on the number
/// of threads.
pub fn missing_parents<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    overlay: Option<&Overlay>,
    structure: &Structure,
    policy: &Policy,
) -> Result<Vec<MissingParent>, ScanError<E::Error>> {
    let beginnings: HashMap<(u16, u64), Beginning> =
        structure.beginnings().into_iter().map(|beginning| ((beginning.export, beginning.line), beginning)).collect();
    let wanted = beginnings.len();
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let pass = TopmostPass { policy, beginnings, interest: AttributeSelection::default() };
    let mut all = FoundTops::default();
    scan_until(exports, urls, overlay, &pass, |found| {
        all.looked_at += found.looked_at;
        all.missing.extend(found.missing);
        if all.looked_at < wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let is_asked_for =
        |missing: &MissingParent| policy.directory.suffixes.iter().any(|suffix| *suffix.key() == missing.key);
    all.missing.retain(|missing| !is_asked_for(missing));
    Ok(all.missing)
}

/// The missing parents as one finding.
pub fn as_finding(missing: &[MissingParent]) -> Finding {
    let mut finding = Finding::default();
    for missing in missing {
        finding.add(missing.place.clone());
    }
    finding
}
