//! Which address books belong to a deleted account.
//!
//! The roots that are looked for (Schema Reference 819-4437, ch. 7; technical note 819-6839):
//!
//! | order | root |
//! | --- | --- |
//! | 1 | the name in each `psRoot` and `pabURI` URL of the account |
//! | 2 | for each uid, `[address_books] root` with the uid and the domain of the account: `piPStoreOwner=<uid>,o=<domain>,<suffix>` |
//! | 3 | for each uid without a root of the second kind, if no pointer led to a book of the account: every `piPStoreOwner=<uid>` below `<suffix>` in a domain of the account's mail addresses; not for other roots |
//!
//! A pointer counts only if it names what `[address_books] root` describes (see [`BookRoot`](crate::policy::BookRoot)): the
//! subtree of a whole domain, or of the directory, is never the address book of one account.
//!
//! Whose book it is, of a root that exists. The first row counts; "others" are entries that stay and have the uid in the name of
//! the book, accounts or not:
//!
//! | the book | is |
//! | --- | --- |
//! | another entry that stays points to it | a decision item |
//! | a pointer names it, its uid is not one of the account's, there are no others, no other leaver has the uid either, it is in the domain of the account, and the exports lack nothing | deleted |
//! | a pointer names it, and its uid is not one of the account's | a decision item |
//! | there are no others | deleted |
//! | the account is in its domain, and no other is, nor was moved and may have been | deleted |
//! | only others are in its domain | left; a decision item if a pointer, or the domain in the account's name, led to it |
//! | neither is, a pointer names it, and no other has a mail address in that domain or was moved | deleted |
//! | in all other cases | a decision item |
//!
//! A pointer to a book of the account says which one is in use: one of the second kind that it does not name is a decision item.
//! So are several roots of the third kind for one uid. An account with several uids may have several books.
//!
//! The domain of an account that was moved (`[move]`) is its former one if a change set of `--history` shows that, or else those
//! of its mail addresses. An account without an address book is not a fault.
//!
//! Decision items are also: a URL that names an entry which the exports lack, and any root of a moved account whose domain is
//! unknown.

pub mod ownership;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use ownership::Orphan;

use super::gather::{Gathered, Query};
use super::item_code::ItemCode;
use super::model::{Account, DecisionItem, deleted_entries};
use crate::directory::identity::holders::{Holder, IdentifierKind, Referent, mail_domains, normal_form};
use crate::directory::references::reference_attributes::BOOK_POINTER_ATTRIBUTES;
use crate::ldap::domain::{domain_of, domain_of_key, organisations};
use crate::ldap::url::LdapUrl;
use crate::ldap::{Dn, DnKey, Entry};
use crate::policy::Policy;

/// A value of a pointer attribute.
#[derive(Clone, Debug)]
struct Pointer<T> {
    attribute: &'static str,
    target: T,
}

/// A user name of an account, and where its book may be.
#[derive(Clone, Debug)]
struct BookUid {
    /// The user name in normal form.
    form: Vec<u8>,
    /// How the keys of address books spell it.
    key: Vec<u8>,
    /// The names by convention, one for each domain that may be the account's.
    conventional: Vec<Dn>,
    /// The key of the RDN of a root whose place is unknown.
    rdn: Option<Vec<u8>>,
}

/// Where the address book of an account may be.
#[derive(Clone, Debug, Default)]
pub struct BookCandidates {
    /// The names that the account's pointers give.
    pointed: Vec<Pointer<Dn>>,
    /// Pointers that name no address book.
    unreadable: Vec<Pointer<Vec<u8>>>,
    /// The user names, each once.
    uids: Vec<BookUid>,
    /// The domains in which the account is at home.
    domains: Vec<Vec<u8>>,
    /// The name of the account there.
    home: DnKey,
    /// The account is in the container that accounts are moved to, and no change set shows where it was before.
    is_homeless: bool,
}

/// The address books of an account.
#[derive(Debug, Default)]
struct BookChoices {
    /// The roots of its books.
    own: BTreeSet<DnKey>,
    /// The roots of books that may belong to another account.
    unclear: BTreeSet<DnKey>,
    /// Pointers to entries that the exports lack.
    missing: Vec<Pointer<Vec<u8>>>,
}

/// A book that may be that of an account of the plan.
struct UnclearBook {
    account: usize,
    root: DnKey,
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
        let conventional = own.uids.iter().flat_map(|uid| &uid.conventional);
        let named = own.pointed.iter().map(|pointer| &pointer.target).chain(conventional);
        query.book_roots.extend(named.map(|dn| dn.key().clone()));
        query.book_rdns.extend(own.uids.iter().filter_map(|uid| uid.rdn.clone()));
        query.user_names.extend(own.pointed.iter().map(|pointer| uid_of(&pointer.target)));
    }
    query
}

/// The user name in the name of a book, in normal form.
fn uid_of(root: &Dn) -> Vec<u8> {
    let rdns = root.rdns();
    let ava = rdns.first().and_then(|rdn| rdn.avas().first());
    ava.map(|ava| normal_form(IdentifierKind::UserName, &ava.value)).unwrap_or_default()
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

/// Decides which address books are deleted: those of deleted accounts, and those without an owner. `are_all_known` says that the
/// exports lack nothing.
pub fn deletions(
    accounts: &[Account],
    candidates: &[Option<BookCandidates>],
    orphans: &[Orphan],
    gathered: &Gathered,
    policy: &Policy,
    are_all_known: bool,
) -> BookDeletions {
    let books = BooksByRoot::of(gathered);
    let owners = OtherOwners::of(accounts, candidates, gathered, policy, are_all_known);
    let mut deletions = BookDeletions::default();
    let mut unclear: Vec<UnclearBook> = Vec::new();
    for (index, account) in accounts.iter().enumerate().filter(|(_, account)| account.is_deleted()) {
        let Some(Some(own)) = candidates.get(index) else { continue };
        let item = |code, attribute: &str, value: &[u8]| {
            DecisionItem::of_account(index, &account.entry, code, attribute, value)
        };
        let choices = own.choose(&books, &owners);
        let pointers = |list: &[Pointer<Vec<u8>>], code| -> Vec<DecisionItem> {
            list.iter().map(|pointer| item(code, pointer.attribute, &pointer.target)).collect()
        };
        deletions.decision_items.extend(pointers(&own.unreadable, ItemCode::UnreadablePointer));
        deletions.decision_items.extend(pointers(&choices.missing, ItemCode::AddressBookMissing));
        for root in choices.own {
            if deletions.roots.insert(root.clone()) {
                deletions.books.push(books.deletion(&root, Some(index)));
            }
        }
        unclear.extend(choices.unclear.into_iter().map(|root| UnclearBook { account: index, root }));
    }
    // A book may be that of another leaver after all. A book without an owner is deleted below, if that is asked for.
    let is_orphan = |root: &DnKey| orphans.iter().any(|orphan| orphan.is_certain && orphan.key == *root);
    for UnclearBook { account, root } in &unclear {
        if !deletions.roots.contains(root) && !is_orphan(root) {
            let name = books.root(root).map_or(&[][..], |entry| entry.dn.raw_bytes());
            let (code, entry) = (ItemCode::AddressBookAmbiguous, &accounts[*account].entry);
            deletions.decision_items.push(DecisionItem::of_account(*account, entry, code, "piPStoreOwner", name));
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
        let is_homeless = is_moved && old_name.is_none();
        let mail_domains = mail_domains(entry.values("mail").map(|mail| &*mail.bytes));
        // The container of moved accounts says nothing about the domain.
        let place = domain_of(home).filter(|_| !is_homeless);
        let mut found = Self {
            is_homeless,
            home: home.key().clone(),
            domains: place.iter().chain(&mail_domains).cloned().collect(),
            ..Self::default()
        };
        let domains: Vec<Option<&[u8]>> = if is_homeless && !mail_domains.is_empty() {
            mail_domains.iter().map(|domain| Some(domain.as_slice())).collect()
        } else {
            vec![place.as_deref()]
        };
        for value in entry.values("uid") {
            let uid = &*value.bytes;
            let key = root.uid_key(uid);
            if found.uids.iter().any(|known| known.key == key) {
                continue;
            }
            // In another place than the conventional one, only what cannot be anything else is looked for.
            let rdn = DnKey::parse(&root.rdn(uid)).ok().filter(|_| root.is_unambiguous());
            found.uids.push(BookUid {
                form: normal_form(IdentifierKind::UserName, uid),
                key,
                conventional: domains.iter().filter_map(|domain| root.name(uid, *domain, suffix)).collect(),
                rdn: rdn.map(|key| key.rdn_bytes().to_vec()),
            });
        }
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
        Some(found)
    }

    /// Chooses among the roots that exist, by the table above.
    fn choose(&self, books: &BooksByRoot<'_>, owners: &OtherOwners<'_>) -> BookChoices {
        let mut choices = BookChoices::default();
        let mut pointed: BTreeSet<&DnKey> = BTreeSet::new();
        for Pointer { attribute, target } in &self.pointed {
            let root = target.key();
            if books.root(root).is_none() {
                choices.missing.push(Pointer { attribute, target: target.raw_bytes().to_vec() });
                continue;
            }
            pointed.insert(root);
            let is_own = self.referent_of_pointer(target, owners) == Referent::Leaver;
            let list = if is_own { &mut choices.own } else { &mut choices.unclear };
            list.insert(root.clone());
        }
        let is_in_use = !choices.own.is_empty();
        for uid in &self.uids {
            let conventional = uid.conventional.iter().map(Dn::key).filter(|key| books.root(key).is_some());
            let conventional: BTreeSet<&DnKey> = conventional.filter(|key| !pointed.contains(key)).collect();
            if is_in_use {
                choices.unclear.extend(conventional.into_iter().cloned());
            } else if !conventional.is_empty() {
                let is_own = |root: &DnKey| self.referent(root, Finding::Name, owners) == Referent::Leaver;
                choices.add_only(conventional, is_own);
            } else {
                self.choose_by_rdn(uid, books, owners, &mut choices);
            }
        }
        choices
    }

    /// Chooses among the roots that have a user name of the account, in any place.
    fn choose_by_rdn(
        &self,
        uid: &BookUid,
        books: &BooksByRoot<'_>,
        owners: &OtherOwners<'_>,
        choices: &mut BookChoices,
    ) {
        let roots = uid.rdn.as_ref().and_then(|rdn| books.by_rdn.get(rdn.as_slice())).into_iter().flatten().copied();
        let referent = |root: &DnKey| self.referent(root, Finding::Name, owners);
        let possible: BTreeSet<&DnKey> =
            roots.filter(|root| books.root(root).is_some() && referent(root) != Referent::SomeoneElse).collect();
        let is_at_home = |root: &DnKey| books.root(root).is_some_and(|entry| self.is_at_home_with(entry));
        let own: BTreeSet<&DnKey> = possible.iter().copied().filter(|root| is_at_home(root)).collect();
        if own.is_empty() && self.is_homeless {
            choices.unclear.extend(possible.into_iter().cloned());
        } else {
            choices.add_only(own, |root| referent(root) == Referent::Leaver);
        }
    }

    /// Whose a book is that a pointer of the account names.
    fn referent_of_pointer(&self, target: &Dn, owners: &OtherOwners<'_>) -> Referent {
        let (root, pattern) = (target.key(), &owners.policy.address_books.root);
        let (uid_key, domain) = pattern.owner(root.as_bytes());
        if self.uids.iter().any(|uid| uid.key == uid_key) {
            return self.referent(root, Finding::Pointer, owners);
        }
        let is_at_home = !self.is_homeless && domain.is_some_and(|domain| domain_of_key(&self.home) == domain);
        let may_be_of_others = || owners.point_to(root) || owners.have_uid(&uid_of(target)) || !owners.are_all_known;
        if is_at_home && !may_be_of_others() { Referent::Leaver } else { Referent::Ambiguous }
    }

    /// Whose a book is that has a uid of the account in its name.
    fn referent(&self, root: &DnKey, found_by: Finding, owners: &OtherOwners<'_>) -> Referent {
        if owners.point_to(root) {
            return Referent::Ambiguous;
        }
        let pattern = &owners.policy.address_books.root;
        let (uid_key, domain) = pattern.owner(root.as_bytes());
        let Some(uid) = self.uids.iter().find(|uid| uid.key == uid_key) else { return Referent::Ambiguous };
        let others = owners.with_uid(&uid.form);
        if others.is_empty() {
            return Referent::Leaver;
        }
        let Some(domain) = domain else { return Referent::Ambiguous };
        let is_in_domain = |key: &DnKey| domain_of_key(key) == domain;
        let is_any = |test: &dyn Fn(&Holder) -> bool| others.iter().any(|other| test(other));
        let is_other_there = is_any(&|other| is_in_domain(&other.entry));
        let may_be_moved = is_any(&|other| owners.policy.is_moved(other.entry.as_bytes()));
        let has_mail_there = || {
            let is_domain = |mail: &Vec<u8>| pattern.domain_key(mail).is_some_and(|key| key == domain);
            is_any(&|other| other.mail_domains.iter().any(is_domain))
        };
        match (is_in_domain(&self.home) && !self.is_homeless, is_other_there) {
            (false, true) => Referent::SomeoneElse,
            (true, false) if !may_be_moved => Referent::Leaver,
            (false, false) if found_by == Finding::Pointer && !may_be_moved && !has_mail_there() => Referent::Leaver,
            _ => Referent::Ambiguous,
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

/// What led to a book.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// A pointer of the account.
    Pointer,
    /// The uid in its name.
    Name,
}

impl BookChoices {
    /// Adds roots of which one belongs to the account: the only one, if it is its own; else a person must decide.
    fn add_only(&mut self, roots: BTreeSet<&DnKey>, is_own: impl Fn(&DnKey) -> bool) {
        match roots.first() {
            Some(only) if roots.len() == 1 && is_own(only) => {
                self.own.insert((*only).clone());
            }
            _ => self.unclear.extend(roots.into_iter().cloned()),
        }
    }
}

/// The entries that stay, by what makes them possible owners of books.
struct OtherOwners<'o> {
    gathered: &'o Gathered,
    policy: &'o Policy,
    /// The entries that point to each root, and stay.
    pointers: HashSet<&'o DnKey>,
    /// Accounts of the plan that stay, such as those that are disabled, moved or held, by their uids in normal form.
    held: HashMap<Vec<u8>, Vec<Holder>>,
    /// The uids of the accounts that are deleted, in normal form.
    of_deleted: HashSet<&'o [u8]>,
    /// Whether the exports lack nothing, so that an entry that they do not hold does not exist.
    are_all_known: bool,
}

impl<'o> OtherOwners<'o> {
    fn of(
        accounts: &'o [Account],
        candidates: &'o [Option<BookCandidates>],
        gathered: &'o Gathered,
        policy: &'o Policy,
        are_all_known: bool,
    ) -> Self {
        let deleted: HashSet<&DnKey> = deleted_entries(accounts).map(|entry| entry.dn.key()).collect();
        let stay = gathered.book_pointers().filter(|pointer| !deleted.contains(&pointer.from));
        let mut held: HashMap<Vec<u8>, Vec<Holder>> = HashMap::new();
        let mut of_deleted: HashSet<&[u8]> = HashSet::new();
        for (account, own) in accounts.iter().zip(candidates) {
            if account.is_deleted() {
                of_deleted.extend(own.iter().flat_map(|own| &own.uids).map(|uid| uid.form.as_slice()));
                continue;
            }
            for uid in account.entry.values("uid") {
                let form = normal_form(IdentifierKind::UserName, &uid.bytes);
                held.entry(form).or_default().push(Holder::of_entry(&account.entry));
            }
        }
        let pointers = stay.map(|pointer| &pointer.book).collect();
        Self { gathered, policy, pointers, held, of_deleted, are_all_known }
    }

    /// Whether one of them, or an account that is deleted, has a user name, in normal form.
    fn have_uid(&self, uid: &[u8]) -> bool {
        self.of_deleted.contains(uid) || !self.with_uid(uid).is_empty()
    }

    /// Whether one of them points to a root.
    fn point_to(&self, root: &DnKey) -> bool {
        self.pointers.contains(root)
    }

    /// Those with a user name, in normal form.
    fn with_uid(&self, uid: &[u8]) -> Vec<&Holder> {
        let held = self.held.get(uid).into_iter().flatten();
        self.gathered.holders(IdentifierKind::UserName, uid).iter().chain(held).collect()
    }
}
