//! Which address book belongs to an account, and its deletion.
//!
//! The first of these that exists in the exports (Schema Reference 819-4437, ch. 7; technical note 819-6839):
//!
//! | order | root |
//! | --- | --- |
//! | 1 | the name in the account's `psRoot` URL |
//! | 2 | the name in its `pabURI` URL |
//! | 3 | `[address_books] root` of the account's uid and domain: `piPStoreOwner=<uid>,o=<domain>,<suffix>` |
//! | 4 | the only `piPStoreOwner=<uid>` below `<suffix>` that is not in the domain of somebody else; not for other roots |
//!
//! A pointer counts only if it names what `[address_books] root` describes (see [`BookRoot`](crate::policy::BookRoot)): the
//! subtree of a whole domain, or of the directory, is never one person's address book.
//!
//! Without a pointer, somebody else with the same uid may be meant, who stays: the one who is in the domain of the book
//! ([`namesakes`](crate::directory::references::namesakes)). The domain of an account that was moved (`[move]`) is the one it
//! stood in before, if a change set of `--history` tells; otherwise those of its mail addresses. None is not a fault: not
//! everybody has a book.
//!
//! For a person to decide are a URL that names an entry which the exports lack, several roots of the fourth kind, a root that
//! may be somebody else's or that somebody else points to, and any of a moved account whose domain is not known.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Account;
use super::collect::{Collect, Collected};
use crate::directory::references::Referent;
use crate::ldap::domain::{domain_of, organisations};
use crate::ldap::url::LdapUrl;
use crate::ldap::{Dn, DnKey, Entry};
use crate::policy::Policy;

/// Attributes of an account that point to its book, in order.
pub const POINTERS: [&str; 2] = ["psRoot", "pabURI"];

/// Where the book of one account may stand.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// Names that the account itself gives, with the attribute that does.
    pub pointed: Vec<(&'static str, Dn)>,
    /// Pointers that cannot be read.
    pub unreadable: Vec<(&'static str, Vec<u8>)>,
    /// The conventional names, one for each uid.
    pub conventional: Vec<Dn>,
    /// Domains in which the account is at home.
    domains: Vec<Vec<u8>>,
    /// Its name there.
    home: DnKey,
    /// Its user names, each with what stands for it in the keys of books.
    uids: Vec<(Vec<u8>, Vec<u8>)>,
    /// Keys of the RDNs of a root whose place is not known.
    rdns: Vec<Vec<u8>>,
    /// It stands where accounts are moved to, and no change set says where it was before.
    is_homeless: bool,
}

/// What was found of the candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// This one.
    Found(DnKey),
    /// The account points to an entry that the exports do not hold.
    PointsNowhere(&'static str, Vec<u8>),
    /// Several could be it, or one that may be somebody else's.
    Unclear(Vec<DnKey>),
    /// There is none.
    None,
}

/// The domains in which an entry is at home: the one it is in, and those of its mail addresses.
pub fn home_domains(dn: &Dn, mails: &[&[u8]]) -> Vec<Vec<u8>> {
    let mails = mails.iter().filter_map(|mail| mail.rsplitn(2, |byte| *byte == b'@').next());
    domain_of(dn).into_iter().chain(mails.map(<[u8]>::to_vec)).collect()
}

/// Where the address book of an account may stand; `None` if the policy knows of none.
pub fn candidates(account: &Account, policy: &Policy) -> Option<Candidates> {
    let (suffix, root) = (policy.address_books.suffix.as_ref()?, &policy.address_books.root);
    // Where it was at home before it was moved, if that is known.
    let is_moved = policy.is_moved(account.entry.dn.key().as_bytes());
    let old_name = account.history_name.as_ref().filter(|_| is_moved);
    let home = old_name.unwrap_or(&account.entry.dn);
    let account = &account.entry;
    let mut found = Candidates {
        is_homeless: is_moved && old_name.is_none(),
        home: home.key().clone(),
        uids: account.values("uid").map(|uid| (uid.bytes.to_vec(), root.uid_key(&uid.bytes))).collect(),
        ..Candidates::default()
    };
    for pointer in POINTERS {
        for value in account.values(pointer) {
            match LdapUrl::of_value(&value.bytes).map(|url| url.dn) {
                Some(dn) if root.is_book(dn.key().as_bytes(), suffix.key()) => found.pointed.push((pointer, dn)),
                _ => found.unreadable.push((pointer, value.bytes.to_vec())),
            }
        }
    }
    let domain = domain_of(home);
    found.domains = home_domains(home, &account.values("mail").map(|mail| &*mail.bytes).collect::<Vec<_>>());
    for uid in account.values("uid") {
        // Elsewhere than by convention only what cannot be anything else is looked for.
        if let Ok(key) = DnKey::parse(&root.rdn(&uid.bytes))
            && root.is_unambiguous()
        {
            found.rdns.push(key.rdn_bytes().to_vec());
        }
        found.conventional.extend(root.name(&uid.bytes, domain.as_deref(), suffix));
    }
    Some(found)
}

/// The entries of the books that a pass found, by their roots.
#[derive(Default)]
pub struct Books<'b> {
    by_root: BTreeMap<&'b DnKey, Vec<&'b Entry>>,
    /// Roots by the keys of their RDNs.
    by_rdn: HashMap<&'b [u8], BTreeSet<&'b DnKey>>,
}

impl<'b> Books<'b> {
    /// Adds an entry that stands at or below a root.
    pub fn add(&mut self, root: &'b DnKey, entry: &'b Entry) {
        self.by_root.entry(root).or_default().push(entry);
        self.by_rdn.entry(root.rdn_bytes()).or_default().insert(root);
    }

    /// The entries at and below a root.
    pub fn entries(&self, root: &DnKey) -> &[&'b Entry] {
        self.by_root.get(root).map_or(&[], Vec::as_slice)
    }
}

impl Candidates {
    /// Makes a pass look for them on behalf of an account.
    pub fn look_for(&self, account: usize, pass: &mut Collect) {
        let named = self.pointed.iter().map(|(_, dn)| dn).chain(&self.conventional);
        for dn in named {
            pass.book_roots.insert(dn.key().clone());
        }
        for rdn in &self.rdns {
            pass.book_rdns.entry(rdn.clone()).or_default().push(account);
        }
    }

    /// Chooses among the roots that the pass found.
    pub fn root(&self, found: &Books<'_>, around: &Collected, policy: &Policy) -> Root {
        // A root counts only if the exports hold the entry itself, not just something below it.
        let exists = |key: &DnKey| found.entries(key).iter().any(|entry| entry.dn.key() == key);
        if let Some((pointer, dn)) = self.pointed.first() {
            return match self.pointed.iter().map(|(_, dn)| dn.key()).find(|key| exists(key)) {
                None => Root::PointsNowhere(pointer, dn.raw_bytes().to_vec()),
                Some(root) if around.others_point_to(root) => Root::Unclear(vec![root.clone()]),
                Some(root) => Root::Found(root.clone()),
            };
        }
        let whose = |root: &DnKey| {
            if around.others_point_to(root) {
                return Referent::Ambiguous;
            }
            let (of, domain) = policy.address_books.root.owner(root.as_bytes());
            let uid = self.uids.iter().find(|(_, key)| key == of);
            uid.map_or(Referent::Leaver, |(uid, _)| around.book_owner(uid, domain, &self.home))
        };
        if let Some(dn) = self.conventional.iter().find(|dn| exists(dn.key())) {
            let root = dn.key().clone();
            return if whose(&root) == Referent::Leaver { Root::Found(root) } else { Root::Unclear(vec![root]) };
        }
        let alike = self.rdns.iter().filter_map(|rdn| found.by_rdn.get(rdn.as_slice())).flatten().copied();
        let alike: BTreeSet<&DnKey> = alike.filter(|key| exists(key) && whose(key) != Referent::SomeoneElse).collect();
        let mine = alike.iter().copied().filter(|key| self.may_be_mine(key, found.entries(key)));
        let mut mine: Vec<DnKey> = mine.cloned().collect();
        match mine.len() {
            0 if self.is_homeless && !alike.is_empty() => Root::Unclear(alike.into_iter().cloned().collect()),
            0 => Root::None,
            1 if whose(&mine[0]) == Referent::Leaver => Root::Found(mine.remove(0)),
            _ => Root::Unclear(mine),
        }
    }

    /// A root that is in a domain must stand in one of the account's.
    fn may_be_mine(&self, key: &DnKey, entries: &[&Entry]) -> bool {
        let root = entries.iter().find(|entry| entry.dn.key() == key);
        root.is_some_and(|root| {
            // The last `o` is the suffix itself.
            let organisations = organisations(&root.dn);
            let above = &organisations[..organisations.len().saturating_sub(1)];
            above.iter().all(|domain| self.domains.iter().any(|own| own.eq_ignore_ascii_case(domain)))
        })
    }
}
