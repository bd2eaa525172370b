//! The stage `address-books`: the books of deleted accounts, leaves first.
//!
//! Which book belongs to whom: [`crate::plan::address_books`].

use super::entries::delete_entry;
use super::{Built, Site};
use crate::ldap::{DnKey, Entry};
use crate::plan::DecisionItem;
use crate::plan::address_books::{Books, Root};
use crate::plan::operation::{Kind, Stage};

/// Deletes an address book, leaves first.
fn delete_book(built: &mut Built, site: &Site<'_>, book: &[&Entry], account: Option<usize>, why: &str) {
    let mut entries = book.to_vec();
    entries.sort_by(|a, b| b.dn.key().cmp(a.dn.key()));
    for entry in entries {
        delete_entry(built, site, entry, (Stage::AddressBooks, Kind::AddressBookEntry, account), why, None);
    }
}

/// Writes the stage.
pub fn build(built: &mut Built, site: &Site<'_>) {
    let mut found = Books::default();
    for kept in &site.around.kept {
        if let Some(root) = &kept.in_book {
            found.add(root, &kept.entry);
        }
    }
    for (index, account) in site.accounts.iter().enumerate() {
        let Some(Some(candidates)) = site.books.get(index) else { continue };
        if !site.is_deleted(index) {
            continue;
        }
        let review = |code, attribute: &str, value: &[u8]| DecisionItem {
            account: Some(index),
            code,
            dn: account.entry.dn.raw_bytes().to_vec(),
            attribute: attribute.to_owned(),
            value: value.to_vec(),
            evidence: account.entry.origin,
        };
        let unreadable = candidates.unreadable.iter();
        built.decision_items.extend(unreadable.map(|(pointer, value)| review("unreadable-pointer", pointer, value)));
        match candidates.root(&found, site.around, site.policy) {
            Root::Found(root) if built.books.insert(root.clone()) => {
                delete_book(built, site, found.entries(&root), Some(index), "its address book");
            }
            Root::Found(_) | Root::None => {}
            Root::PointsNowhere(pointer, name) => {
                built.decision_items.push(review("address-book-missing", pointer, &name))
            }
            Root::Unclear(roots) => {
                // What nobody else has is deleted below, if that is asked for.
                let is_orphan = |root: &DnKey| site.orphans.iter().any(|own| own.is_certain && own.key == *root);
                for root in roots.into_iter().filter(|root| !is_orphan(root)) {
                    let entries = found.entries(&root).iter();
                    let mut name = entries.filter(|entry| *entry.dn.key() == root).map(|entry| entry.dn.raw_bytes());
                    let name = name.next_back().unwrap_or_default().to_vec();
                    built.decision_items.push(review("address-book-ambiguous", "piPStoreOwner", &name));
                }
            }
        }
    }
    for orphan in site.orphans {
        if !orphan.is_certain {
            built.decision_items.push(DecisionItem {
                account: None,
                code: "orphan-of-unknown-domain",
                dn: orphan.name.clone(),
                attribute: "dn".to_owned(),
                value: orphan.name.clone(),
                evidence: orphan.origin,
            });
        } else if built.books.insert(orphan.key.clone()) {
            delete_book(built, site, found.entries(&orphan.key), None, "its owner is not in the exports");
        }
    }
}
