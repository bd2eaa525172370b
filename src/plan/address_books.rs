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
//! A pointer counts only if it names what `[address_books] root` describes (see [`BookRoot`]): the subtree of a whole domain,
//! or of the directory, is never one person's address book.
//! A book in another domain with the same uid is another user's. None is no fault: not everybody has one. A URL that
//! names an entry which the exports lack, and several roots of the fourth kind, are for a person to decide.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::collect::Collect;
use crate::ldap::domain::{domain_of, organisations};
use crate::ldap::url::LdapUrl;
use crate::ldap::{Dn, DnKey, Entry};
use crate::policy::BookRoot;

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
    /// Keys of the RDNs of a root whose place is not known.
    rdns: Vec<Vec<u8>>,
}

/// What was found of the candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// This one.
    Found(DnKey),
    /// The account points to an entry that the exports do not hold.
    PointsNowhere(&'static str, Vec<u8>),
    /// Several could be it.
    Several(Vec<DnKey>),
    /// There is none.
    None,
}

/// Where the address book of an account may stand.
pub fn candidates(account: &Entry, suffix: &Dn, root: &BookRoot) -> Candidates {
    let mut found = Candidates::default();
    for pointer in POINTERS {
        for value in account.values(pointer) {
            let dn = std::str::from_utf8(&value.bytes).ok().and_then(|url| LdapUrl::parse(url).ok()).map(|url| url.dn);
            match dn {
                Some(dn) if root.is_root(dn.key().as_bytes(), suffix.key()) => found.pointed.push((pointer, dn)),
                _ => found.unreadable.push((pointer, value.bytes.to_vec())),
            }
        }
    }
    let domain = domain_of(&account.dn);
    found.domains.extend(domain.clone());
    let mails = account.values("mail").filter_map(|mail| mail.bytes.rsplitn(2, |byte| *byte == b'@').next());
    found.domains.extend(mails.map(<[u8]>::to_vec));
    for uid in account.values("uid") {
        // Elsewhere than by convention only what cannot be anything else is looked for.
        if let Ok(key) = DnKey::parse(&root.rdn(&uid.bytes))
            && root.is_unmistakable()
        {
            found.rdns.push(key.rdn_bytes().to_vec());
        }
        found.conventional.extend(root.name(&uid.bytes, domain.as_deref(), suffix));
    }
    found
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
    pub fn root(&self, found: &Books<'_>) -> Root {
        // A root counts only if the exports hold the entry itself, not just something below it.
        let exists = |key: &DnKey| found.entries(key).iter().any(|entry| entry.dn.key() == key);
        if let Some((pointer, dn)) = self.pointed.first() {
            let known = self.pointed.iter().find(|(_, dn)| exists(dn.key()));
            return known.map_or_else(
                || Root::PointsNowhere(pointer, dn.spelling().to_vec()),
                |(_, dn)| Root::Found(dn.key().clone()),
            );
        }
        if let Some(dn) = self.conventional.iter().find(|dn| exists(dn.key())) {
            return Root::Found(dn.key().clone());
        }
        let alike = self.rdns.iter().filter_map(|rdn| found.by_rdn.get(rdn.as_slice())).flatten().copied();
        let alike: BTreeSet<&DnKey> = alike.filter(|key| exists(key)).collect();
        let mine = alike.into_iter().filter(|key| self.may_be_mine(key, found.entries(key)));
        let mut alike: Vec<DnKey> = mine.cloned().collect();
        match alike.len() {
            0 => Root::None,
            1 => Root::Found(alike.remove(0)),
            _ => Root::Several(alike),
        }
    }

    /// A root that stands in a domain must stand in one of the account's.
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
