//! Which address book belongs to a deleted account.
//!
//! The first of these that exists in the exports (Schema Reference 819-4437, ch. 7; technical note 819-6839):
//!
//! | order | root |
//! | --- | --- |
//! | 1 | the name in the account's `psRoot` URL |
//! | 2 | the name in its `pabURI` URL |
//! | 3 | `[address_books] root` with the account's uid and domain: `piPStoreOwner=<uid>,o=<domain>,<suffix>` |
//! | 4 | the only `piPStoreOwner=<uid>` below `<suffix>` that is not in the domain of another account; not for other roots |
//!
//! A pointer counts only if it names what `[address_books] root` describes (see [`BookRoot`](crate::policy::BookRoot)): the
//! subtree of a whole domain, or of the directory, is never the address book of one account.
//!
//! Without a pointer, the book may belong to another account with the same uid, which stays: it belongs to the account in the
//! domain of the book ([`shared_identifiers`](crate::directory::references::shared_identifiers)). The domain of an account that
//! was moved (`[move]`) is its former one if a change set of `--history` shows that, or else those of its mail addresses. An
//! account without an address book is not a fault.
//!
//! Decision items are: a URL that names an entry which the exports lack, several roots of the fourth kind, a root that may
//! belong to another account or that another entry points to, and any root of a moved account whose domain is unknown.

pub mod ownership;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ownership::{Orphan, home_domains};

use super::gather::{Gathered, Query};
use super::item_code::ItemCode;
use super::model::{Account, DecisionItem};
use crate::directory::references::Referent;
use crate::directory::references::reference_attributes::BOOK_POINTER_ATTRIBUTES;
use crate::ldap::domain::{domain_of, organisations};
use crate::ldap::url::LdapUrl;
use crate::ldap::{Dn, DnKey, Entry};
use crate::policy::Policy;

/// A value of a pointer attribute.
#[derive(Clone, Debug)]
struct Pointer<T> {
    attribute: &'static str,
    target: T,
}

/// A user name of an account, and how the keys of address books spell it.
#[derive(Clone, Debug)]
struct BookUid {
    uid: Vec<u8>,
    key: Vec<u8>,
}

/// Where the address book of an account may be.
#[derive(Clone, Debug, Default)]
pub struct BookCandidates {
    /// The names that the account's pointers give.
    pointed: Vec<Pointer<Dn>>,
    /// Pointers that name no address book.
    unreadable: Vec<Pointer<Vec<u8>>>,
    /// The names by convention, one for each uid.
    conventional: Vec<Dn>,
    /// The keys of the RDNs of a root whose place is unknown.
    rdns: Vec<Vec<u8>>,
    /// The domains in which the account is at home.
    domains: Vec<Vec<u8>>,
    /// The name of the account there.
    home: DnKey,
    uids: Vec<BookUid>,
    /// The account is in the container that accounts are moved to, and no change set shows where it was before.
    is_homeless: bool,
}

/// The address book of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
enum BookChoice {
    /// The account has none.
    None,
    /// The book with this root.
    Found(DnKey),
    /// The account points to an entry that the exports lack: the attribute, and the name.
    Missing(&'static str, Vec<u8>),
    /// One of several books, or a book that may belong to another account.
    Ambiguous(Vec<DnKey>),
}

/// An address book that is deleted.
pub struct BookDeletion {
    /// The account that it belongs to; `None` for a book without an owner.
    pub account: Option<usize>,
    /// Its entries, children before their parents.
    pub entries: Vec<Arc<Entry>>,
}

/// The address books that are deleted, and what must be decided about others.
#[derive(Default)]
pub struct BookDeletions {
    /// By root, in the order in which they are deleted.
    pub books: Vec<BookDeletion>,
    /// The roots of these books.
    pub roots: BTreeSet<DnKey>,
    /// What a person must decide.
    pub decision_items: Vec<DecisionItem>,
}

/// Where the address book of each account may be; `None` for an account that stays, and if the policy knows no books.
pub fn candidates(accounts: &[Account], policy: &Policy) -> Vec<Option<BookCandidates>> {
    let of_account = |account: &Account| account.is_deleted().then(|| BookCandidates::of(account, policy))?;
    accounts.iter().map(of_account).collect()
}

/// The roots that may be the books of accounts, and those of books without an owner.
pub fn query(candidates: &[Option<BookCandidates>], orphans: &[Orphan]) -> Query {
    let mut query = Query::default();
    query.book_roots.extend(orphans.iter().map(|orphan| orphan.key.clone()));
    for own in candidates.iter().flatten() {
        let named = own.pointed.iter().map(|pointer| &pointer.target).chain(&own.conventional);
        query.book_roots.extend(named.map(|dn| dn.key().clone()));
        query.book_rdns.extend(own.rdns.iter().cloned());
    }
    query
}

/// The entries of address books, by their roots.
#[derive(Default)]
struct BooksByRoot<'b> {
    entries: BTreeMap<&'b DnKey, Vec<&'b Arc<Entry>>>,
    /// Roots by the keys of their RDNs.
    by_rdn: HashMap<&'b [u8], BTreeSet<&'b DnKey>>,
}

impl<'b> BooksByRoot<'b> {
    fn of(gathered: &'b Gathered) -> Self {
        let mut books = Self::default();
        for related in &gathered.related {
            if let Some(root) = &related.in_book {
                books.entries.entry(root).or_default().push(&related.entry);
                books.by_rdn.entry(root.rdn_bytes()).or_default().insert(root);
            }
        }
        books
    }

    /// The entries at and below a root.
    fn entries(&self, root: &DnKey) -> &[&'b Arc<Entry>] {
        self.entries.get(root).map_or(&[], Vec::as_slice)
    }

    /// The entry of a root. Entries below a root may exist without it.
    fn root(&self, root: &DnKey) -> Option<&'b Arc<Entry>> {
        self.entries(root).iter().find(|entry| entry.dn.key() == root).copied()
    }

    fn deletion(&self, root: &DnKey, account: Option<usize>) -> BookDeletion {
        let mut entries: Vec<Arc<Entry>> = self.entries(root).iter().map(|entry| Arc::clone(entry)).collect();
        entries.sort_by(|a, b| b.dn.key().cmp(a.dn.key()));
        BookDeletion { account, entries }
    }
}

/// Decides which address books are deleted: those of deleted accounts, and those without an owner.
pub fn deletions(
    accounts: &[Account],
    candidates: &[Option<BookCandidates>],
    orphans: &[Orphan],
    gathered: &Gathered,
    policy: &Policy,
) -> BookDeletions {
    let books = BooksByRoot::of(gathered);
    let mut deletions = BookDeletions::default();
    for (index, account) in accounts.iter().enumerate().filter(|(_, account)| account.is_deleted()) {
        let Some(Some(own)) = candidates.get(index) else { continue };
        let item = |code, attribute: &str, value: &[u8]| {
            DecisionItem::of_account(index, &account.entry, code, attribute, value)
        };
        let unreadable = own.unreadable.iter();
        deletions
            .decision_items
            .extend(unreadable.map(|pointer| item(ItemCode::UnreadablePointer, pointer.attribute, &pointer.target)));
        match own.choose(&books, gathered, policy) {
            BookChoice::None => {}
            BookChoice::Found(root) => {
                if deletions.roots.insert(root.clone()) {
                    deletions.books.push(books.deletion(&root, Some(index)));
                }
            }
            BookChoice::Missing(attribute, name) => {
                deletions.decision_items.push(item(ItemCode::AddressBookMissing, attribute, &name));
            }
            BookChoice::Ambiguous(roots) => {
                // A book without an owner is deleted below, if that is asked for.
                let is_orphan = |root: &DnKey| orphans.iter().any(|orphan| orphan.is_certain && orphan.key == *root);
                for root in roots.iter().filter(|root| !is_orphan(root)) {
                    let name = books.root(root).map_or(&[][..], |entry| entry.dn.raw_bytes());
                    deletions.decision_items.push(item(ItemCode::AddressBookAmbiguous, "piPStoreOwner", name));
                }
            }
        }
    }
    for orphan in orphans {
        if !orphan.is_certain {
            let item = DecisionItem::of_input(ItemCode::OrphanOfUnknownDomain, "dn", &orphan.name);
            deletions.decision_items.push(DecisionItem { dn: orphan.name.clone(), evidence: orphan.origin, ..item });
        } else if deletions.roots.insert(orphan.key.clone()) {
            deletions.books.push(books.deletion(&orphan.key, None));
        }
    }
    deletions
}

impl BookCandidates {
    fn of(account: &Account, policy: &Policy) -> Option<Self> {
        let (suffix, root) = (policy.address_books.suffix.as_ref()?, &policy.address_books.root);
        // Where the account was at home before it was moved, if that is known.
        let is_moved = policy.is_moved(account.entry.dn.key().as_bytes());
        let old_name = account.history_name.as_ref().filter(|_| is_moved);
        let home = old_name.unwrap_or(&account.entry.dn);
        let entry = &account.entry;
        let uid = |uid: &[u8]| BookUid { uid: uid.to_vec(), key: root.uid_key(uid) };
        let mut found = Self {
            is_homeless: is_moved && old_name.is_none(),
            home: home.key().clone(),
            uids: entry.values("uid").map(|value| uid(&value.bytes)).collect(),
            domains: home_domains(home, &entry.values("mail").map(|mail| &*mail.bytes).collect::<Vec<_>>()),
            ..Self::default()
        };
        for attribute in BOOK_POINTER_ATTRIBUTES {
            for value in entry.values(attribute) {
                match LdapUrl::of_value(&value.bytes).map(|url| url.dn) {
                    Some(target) if root.is_book(target.key().as_bytes(), suffix.key()) => {
                        found.pointed.push(Pointer { attribute, target });
                    }
                    _ => found.unreadable.push(Pointer { attribute, target: value.bytes.to_vec() }),
                }
            }
        }
        let domain = domain_of(home);
        for uid in entry.values("uid") {
            // In another place than the conventional one, only what cannot be anything else is looked for.
            if let Ok(key) = DnKey::parse(&root.rdn(&uid.bytes))
                && root.is_unambiguous()
            {
                found.rdns.push(key.rdn_bytes().to_vec());
            }
            found.conventional.extend(root.name(&uid.bytes, domain.as_deref(), suffix));
        }
        Some(found)
    }

    /// Chooses among the roots that were found.
    fn choose(&self, books: &BooksByRoot<'_>, gathered: &Gathered, policy: &Policy) -> BookChoice {
        let exists = |key: &DnKey| books.root(key).is_some();
        if let Some(first) = self.pointed.first() {
            return match self.pointed.iter().map(|pointer| pointer.target.key()).find(|key| exists(key)) {
                None => BookChoice::Missing(first.attribute, first.target.raw_bytes().to_vec()),
                Some(root) if gathered.others_point_to(root) => BookChoice::Ambiguous(vec![root.clone()]),
                Some(root) => BookChoice::Found(root.clone()),
            };
        }
        let owner = |root: &DnKey| {
            if gathered.others_point_to(root) {
                return Referent::Ambiguous;
            }
            let (uid_key, domain) = policy.address_books.root.owner(root.as_bytes());
            let own = self.uids.iter().find(|own| own.key == uid_key);
            own.map_or(Referent::Leaver, |own| gathered.book_owner(&own.uid, domain, &self.home))
        };
        if let Some(dn) = self.conventional.iter().find(|dn| exists(dn.key())) {
            let root = dn.key().clone();
            let is_own = owner(&root) == Referent::Leaver;
            return if is_own { BookChoice::Found(root) } else { BookChoice::Ambiguous(vec![root]) };
        }
        let by_rdn = self.rdns.iter().filter_map(|rdn| books.by_rdn.get(rdn.as_slice())).flatten().copied();
        let possible: BTreeSet<&DnKey> =
            by_rdn.filter(|key| exists(key) && owner(key) != Referent::SomeoneElse).collect();
        let own = possible.iter().copied().filter(|key| books.root(key).is_some_and(|root| self.is_at_home_with(root)));
        let mut own: Vec<DnKey> = own.cloned().collect();
        match own.len() {
            0 if self.is_homeless && !possible.is_empty() => {
                BookChoice::Ambiguous(possible.into_iter().cloned().collect())
            }
            0 => BookChoice::None,
            1 if owner(&own[0]) == Referent::Leaver => BookChoice::Found(own.remove(0)),
            _ => BookChoice::Ambiguous(own),
        }
    }

    /// Whether every domain that a root is in is one of the account's.
    fn is_at_home_with(&self, root: &Entry) -> bool {
        let organisations = organisations(&root.dn);
        // The last `o` is the suffix itself.
        let above = &organisations[..organisations.len().saturating_sub(1)];
        above.iter().all(|domain| self.domains.iter().any(|own| own.eq_ignore_ascii_case(domain)))
    }
}
