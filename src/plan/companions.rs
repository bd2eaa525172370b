//! What goes with a deleted account, although it is no account and stands elsewhere.
//!
//! | companion | is | goes with |
//! | --- | --- | --- |
//! | alias | an entry whose `aliasedObjectName` names the account, something below it or another companion (RFC 4512, 2.6) | it, before it |
//! | private group | a POSIX group with the account's uid for a name and its gidNumber, which is nobody else's primary group and has no other member; only if `[references] private_group = "delete"` | it |
//! | emptied group | a group whose members all go, but dummies; only if `last_member = "delete-group"` | the last of them |
//!
//! What names a companion is a reference like any other, so each is looked for in a pass of its own, until no more are
//! found. Which of them really go follows from the accounts that do: one that is held keeps its companions.

use super::Account;
use super::collect::{Collected, Kept};
use super::references::{Fates, is_emptied_group};
use crate::directory::references::kinds::{ALIAS, MEMBERS};
use crate::ldap::schema::Schema;
use crate::ldap::{Entry, Origin};
use crate::lifecycle::Step;
use crate::policy::Policy;

/// What a companion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompanionKind {
    /// An alias.
    Alias,
    /// The group that is the account's alone.
    PrivateGroup,
    /// A group without any other member.
    EmptiedGroup,
}

/// An entry that goes with an account.
pub struct Companion {
    /// What it is.
    pub kind: CompanionKind,
    /// The entry.
    pub entry: Entry,
    /// With whom it goes, by the numbers of the pass: an account, or a companion before it.
    pub of: usize,
    /// The account that it all goes with.
    pub account: usize,
}

/// Those that the pass found and that are not known yet.
pub fn find(
    accounts: &[Account],
    known: &[Companion],
    around: &Collected,
    (policy, schema): (&Policy, &Schema),
) -> Vec<Companion> {
    let gone = gone(accounts, known, around, (policy, schema));
    let is_deleted = |person: usize| is_gone(accounts, &gone, person);
    let none = std::collections::BTreeMap::new();
    let fates = Fates { is_deleted: &is_deleted, successor: &|_| None, moved: &none, schema };
    let account_of =
        |person: usize| person.checked_sub(accounts.len()).map_or(person, |companion| known[companion].account);
    let mut found = Vec::new();
    let mut kept: Vec<&Kept> = around.kept.iter().filter(|kept| kept.below.is_none()).collect();
    kept.sort_by(|a, b| a.entry.dn.key().cmp(b.entry.dn.key()));
    for kept in kept {
        let alias_of = kept.references.iter().find(|reference| {
            kept.entry.attributes[reference.at.0].description.is_type(ALIAS) && is_deleted(reference.person)
        });
        let emptied_by = || kept.references.iter().find(|reference| is_deleted(reference.person));
        let kind_and_person = if let Some(reference) = alias_of {
            Some((CompanionKind::Alias, reference.person))
        } else if let (true, Some(person)) =
            (policy.references.private_group_goes, private_group_of(kept, accounts, around))
        {
            Some((CompanionKind::PrivateGroup, person))
        } else if is_emptied_group(kept, policy, &fates) {
            emptied_by().map(|reference| (CompanionKind::EmptiedGroup, reference.person))
        } else {
            None
        };
        if let Some((kind, of)) = kind_and_person
            && !policy.protect.covers(&kept.entry)
        {
            found.push(Companion { kind, entry: kept.entry.clone(), of, account: account_of(of) });
        }
    }
    found
}

/// The deleted account whose private group an entry is.
pub fn private_group_of(kept: &Kept, accounts: &[Account], around: &Collected) -> Option<usize> {
    let entry = &kept.entry;
    let number = &entry.values("gidNumber").next()?.bytes;
    if entry.values("uidNumber").next().is_some() || around.primary_group_members.get(&**number) != Some(&1) {
        return None;
    }
    let (index, account) = accounts.iter().enumerate().find(|(_, account)| {
        account.decision.step == Step::Purge
            && account.entry.values("gidNumber").any(|own| own.bytes == *number)
            && account.entry.values("uid").any(|uid| entry.values("cn").any(|cn| cn.bytes == uid.bytes))
    })?;
    let is_own_uid = |value: &[u8]| account.entry.values("uid").any(|uid| *uid.bytes == *value);
    let mut names = entry.values("memberUid");
    let members = || MEMBERS.iter().flat_map(|name| entry.values(name)).count();
    let own = kept.references.iter().filter(|reference| {
        let description = &entry.attributes[reference.at.0].description;
        reference.person == index && MEMBERS.iter().any(|name| description.is_type(name))
    });
    (names.all(|name| is_own_uid(&name.bytes)) && own.count() == members()).then_some(index)
}

/// Which companions go, given the accounts that do.
pub fn gone(
    accounts: &[Account],
    companions: &[Companion],
    around: &Collected,
    (policy, schema): (&Policy, &Schema),
) -> Vec<bool> {
    let mut gone = vec![true; companions.len()];
    loop {
        let is_deleted = |person: usize| is_gone(accounts, &gone, person);
        let none = std::collections::BTreeMap::new();
        let fates = Fates { is_deleted: &is_deleted, successor: &|_| None, moved: &none, schema };
        let stays = companions.iter().enumerate().filter(|(index, _)| gone[*index]).find(|(_, companion)| {
            let kept = || around.kept.iter().find(|kept| kept.entry.dn == companion.entry.dn);
            match companion.kind {
                CompanionKind::Alias | CompanionKind::PrivateGroup => !is_deleted(companion.of),
                CompanionKind::EmptiedGroup => !kept().is_some_and(|kept| is_emptied_group(kept, policy, &fates)),
            }
        });
        match stays.map(|(index, _)| index) {
            Some(index) => gone[index] = false,
            None => return gone,
        }
    }
}

/// Whether somebody is deleted, by the numbers of the pass.
pub fn is_gone(accounts: &[Account], gone: &[bool], person: usize) -> bool {
    match person.checked_sub(accounts.len()) {
        None => accounts[person].decision.step == Step::Purge,
        Some(companion) => gone.get(companion).copied().unwrap_or(false),
    }
}

impl Companion {
    /// Why it goes.
    pub fn reason(&self) -> &'static str {
        match self.kind {
            CompanionKind::Alias => "an alias of what is deleted",
            CompanionKind::PrivateGroup => "the account's own group, which nobody else has",
            CompanionKind::EmptiedGroup => "its last member is deleted ([references] last_member)",
        }
    }

    /// Where it stands.
    pub fn origin(&self) -> Origin {
        self.entry.origin
    }
}
