//! The forms in which a value names an account: what each of them matches, and how a value is written for a renamed
//! account or for a successor.
//!
//! | form | a value that names an account | matched by | renamed | reassigned |
//! | --- | --- | --- | --- | --- |
//! | dn | a DN, also that of an entry below the account | the key of the DN | the DN | the successor's DN |
//! | dn-and-uid | a DN, optionally followed by `#'0101'B` (RFC 4517, 3.3.21) | the same | the DN; the bits stay | the successor's DN |
//! | uid | `jsmith` | a user name of the account; in another case it is a decision item | | |
//! | sudo-user | `jsmith`, `!jsmith`, `#1042` (sudoers.ldap(5)); not `%group`, `+netgroup` | uid; uidNumber as a number: `#01042` is 1042 | | |
//! | netgroup | `(host,jsmith,domain)` (RFC 2307, 2.3) | uid | | |
//! | calendar | `jsmith` or `jsmith@sesta.com`, optionally followed by `:calendar` and `$title` (819-4437) | uid, and the domain of the account if the value has one; or an address | | |
//! | address | `jsmith@sesta.com`, in any case | the mail addresses of the account | | the successor's address |
//! | address-or-url | an address, `mailto:jsmith@sesta.com` or `ldap:///uid=jsmith,...` | the same, or the DN | | the successor's address or DN, as the same kind of URL |
//! | dn-or-uid | a DN or a uid | the same | the DN | the successor's DN |
//! | url | `ldap:///base?attributes?scope?filter` (RFC 4516) | the base; equality assertions in the filter | | |
//! | aci | an access rule | DNs, URLs and filters in it | | |
//!
//! A value that has no match in its own form is a decision item if it is a user name, an address or a DN of the account: a mail
//! alias may list a local user name (`rfc822MailMember: jsmith`), and a program may write a user name into `member`.
//!
//! An empty cell means that offboard does not write such a value: it is removed, or a decision item.
//!
//! To add a form, add a variant here, and an arm in each match; every match is exhaustive. Give it to attributes in
//! [`reference_attributes`](super::reference_attributes). A form that finds accounts by an identifier which is not indexed
//! yet also needs a place in [`SubjectIndex`].

use std::borrow::Cow;
use std::sync::LazyLock;

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::embedded_references::{self, EmbeddedReference};
use super::subject_index::{MatchKind, SubjectIndex, SubjectMatch};
use crate::directory::identity::holders::{ADDRESSES, IdentifierKind, NUMBER, USER_NAMES, normal_form};
use crate::ldap::attribute::{is_one_of, same_type};
use crate::ldap::dn_key::KeyBuffer;
use crate::ldap::matching::{MatchingRule, matches};
use crate::ldap::name_and_uid::split_name_and_uid;
use crate::ldap::url::{LdapUrl, percent_decoded};
use crate::ldap::{Dn, DnError, Value};

/// How a value names an account; the words are those of `[[reference]] holds` in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Form {
    /// A distinguished name.
    #[strum(serialize = "dn")]
    Name,
    /// A distinguished name with an optional bit string.
    #[strum(serialize = "dn-and-uid")]
    NameAndUid,
    /// A user name.
    Uid,
    /// A distinguished name or a user name.
    #[strum(serialize = "dn-or-uid")]
    NameOrUid,
    /// A user of a sudo rule.
    SudoUser,
    /// A netgroup triple.
    Netgroup,
    /// The identifier of a calendar.
    Calendar,
    /// A mail address.
    Address,
    /// A mail address, or a `mailto:` or `ldap:` URL.
    AddressOrUrl,
    /// An LDAP URL.
    Url,
    /// An access rule, or other text with names in it.
    #[strum(serialize = "aci")]
    Text,
}

/// What is done with a value that names a deleted account; the words are those of `[[reference]] then` in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Treatment {
    /// The value is removed.
    Remove,
    /// The value is replaced by one that names the successor.
    Reassign,
    /// The value stays, and is a decision item.
    Review,
    /// The value stays.
    Leave,
}

/// All forms with their words.
pub static FORMS: LazyLock<Vec<(&'static str, Form)>> =
    LazyLock::new(|| Form::VARIANTS.iter().map(|form| (form.name(), *form)).collect());

/// All treatments with their words.
pub static TREATMENTS: LazyLock<Vec<(&'static str, Treatment)>> =
    LazyLock::new(|| Treatment::VARIANTS.iter().map(|treatment| (treatment.name(), *treatment)).collect());

/// The account that takes over from a deleted one, as far as values can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// The name of its entry.
    pub dn: Dn,
    /// Its mail address.
    pub mail: Option<Vec<u8>>,
}

/// The old and the new name of an entry that is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming {
    /// The name in the exports.
    pub old: Dn,
    /// The name after the move.
    pub new: Dn,
}

impl Treatment {
    /// Its word in a policy.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What a value of a form contains.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// A DN.
    Dn,
    /// A DN or a user name.
    DnOrUid,
    /// A user name, or a number in its place.
    UserName,
    /// A mail address, or a URL in its place.
    Address,
    /// Names and identifiers somewhere in a longer text.
    Embedded,
}

impl Form {
    /// Its word in a policy.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What a value contains: the one place where a new form says so.
    fn content(self) -> Content {
        match self {
            Self::Name | Self::NameAndUid => Content::Dn,
            Self::NameOrUid => Content::DnOrUid,
            Self::Uid | Self::SudoUser | Self::Netgroup | Self::Calendar => Content::UserName,
            Self::Address | Self::AddressOrUrl => Content::Address,
            Self::Url | Self::Text => Content::Embedded,
        }
    }

    /// Whether a value says for certain which account it names. Names inside URLs and access rules are only searched for,
    /// so offboard never writes such a value.
    pub fn is_certain(self) -> bool {
        self.content() != Content::Embedded
    }

    /// Whether every value is a distinguished name.
    pub fn is_dn(self) -> bool {
        self.content() == Content::Dn
    }

    /// Whether a value that names a successor can be written: a successor is known by the name of its entry and by its mail
    /// address.
    pub fn can_be_reassigned(self) -> bool {
        self.holds_dn() || self.content() == Content::Address
    }

    /// Whether a successor without a mail address can be named.
    pub fn holds_dn(self) -> bool {
        matches!(self.content(), Content::Dn | Content::DnOrUid)
    }

    /// Whether a value that names an entry by its DN ([`MatchKind::Name`]) can be written with a new DN.
    pub fn can_be_renamed(self) -> bool {
        match self {
            // In an LDAP URL the name is only a part of what was meant, so that is a decision item.
            Self::AddressOrUrl => false,
            Self::Name
            | Self::NameAndUid
            | Self::NameOrUid
            | Self::Uid
            | Self::SudoUser
            | Self::Netgroup
            | Self::Calendar
            | Self::Address
            | Self::Url
            | Self::Text => true,
        }
    }

    /// Finds every subject that a value names, each once. The matches replace those in `found`.
    ///
    /// Fails if the form asks for a distinguished name and the value is not one; it may name a subject in another form.
    pub fn find<Id: Copy + Eq + std::hash::Hash>(
        self,
        attribute_type: &str,
        value: &[u8],
        index: &SubjectIndex<Id>,
        keys: &mut KeyBuffer,
        found: &mut Vec<SubjectMatch<Id>>,
    ) -> Result<(), DnError> {
        found.clear();
        let mut search = Search { index, keys, found };
        match self {
            Self::Name | Self::NameAndUid => {
                if let Err(error) = search.name(self.dn_part(attribute_type, value)) {
                    search.other_form(value);
                    return Err(error);
                }
            }
            Self::Uid => {
                search.uid(value);
                search.other_form(value);
            }
            Self::SudoUser => search.sudo_user(value),
            Self::Netgroup => search.netgroup(value),
            Self::Calendar => search.calendar(value),
            Self::Address => {
                search.address(value);
                search.other_form(value);
            }
            Self::AddressOrUrl => {
                search.address_or_url(value);
                search.other_form(value);
            }
            Self::NameOrUid => {
                if search.name(value).is_err() {
                    search.uid(value);
                }
            }
            Self::Url => embedded_references::of_url(value, &mut |part| search.embedded(&part)),
            Self::Text => embedded_references::of_text(value, &mut |part| search.embedded(&part)),
        }
        Ok(())
    }

    /// The identifier by which a value names a subject; `None` if it names it by a DN, or not for certain.
    pub fn identifier(self, how: MatchKind, value: &[u8]) -> Option<Identifier<'_>> {
        let kind = how.identifier()?;
        let value = match (self, kind) {
            (Self::Uid | Self::NameOrUid, IdentifierKind::UserName) | (Self::Address, IdentifierKind::Address) => {
                Cow::Borrowed(value)
            }
            (Self::SudoUser, IdentifierKind::UserName | IdentifierKind::Number) => match SudoUserName::of(value) {
                SudoUserName::UserName(value) | SudoUserName::Number(value) => Cow::Borrowed(value),
            },
            (Self::Netgroup, IdentifierKind::UserName) => Cow::Borrowed(netgroup_user(value)?),
            (Self::Calendar, IdentifierKind::UserName | IdentifierKind::Address) => {
                Cow::Borrowed(calendar_owner(value))
            }
            (Self::AddressOrUrl, IdentifierKind::Address) => {
                mailto_address(value).map_or(Cow::Borrowed(value), Cow::Owned)
            }
            _ => return None,
        };
        Some(Identifier { kind, value })
    }

    /// The value with the new name of a moved entry in place of the old one; what follows the name stays. `None` if the value
    /// does not name the entry, or an entry below it, by its DN.
    pub fn renamed_value(self, attribute_type: &str, value: &[u8], renaming: &Renaming) -> Option<Value> {
        let name = self.dn_part(attribute_type, value);
        let renamed = Dn::parse(name).ok()?.renamed(renaming.old.key(), &renaming.new)?;
        Some(Value::new(&[renamed.raw_bytes(), &value[name.len()..]].concat()))
    }

    /// The value that names a successor in the same form as `value` names the account; `None` if there is none.
    pub fn reassigned_value(self, value: &[u8], successor: &Successor) -> Option<Value> {
        match self {
            Self::Name | Self::NameAndUid | Self::NameOrUid => Some(Value::new(successor.dn.raw_bytes())),
            Self::AddressOrUrl if dn_of_plain_url(value).is_some() => {
                Some(Value::new(&[b"ldap:///", &*percent_encoded(successor.dn.raw_bytes())].concat()))
            }
            Self::AddressOrUrl if mailto_address(value).is_some() => {
                // The header fields of the URL stay.
                let headers = memchr::memchr(b'?', value).map_or(&[][..], |at| &value[at..]);
                let mail = percent_encoded(successor.mail.as_deref()?);
                Some(Value::new(&[b"mailto:", &*mail, headers].concat()))
            }
            Self::Address | Self::AddressOrUrl => successor.mail.as_deref().map(Value::new),
            Self::Uid | Self::SudoUser | Self::Netgroup | Self::Calendar | Self::Url | Self::Text => None,
        }
    }

    /// The part of a value that is a distinguished name.
    fn dn_part<'v>(self, attribute_type: &str, value: &'v [u8]) -> &'v [u8] {
        if self == Self::NameAndUid { split_name_and_uid(value).0 } else { named_dn(attribute_type, value) }
    }
}

/// The part of a value that is a distinguished name, where only the attribute type is known.
///
/// A policy may list any attribute as a reference; of the known ones only `uniqueMember` has something after the name.
pub fn named_dn<'v>(attribute_type: &str, value: &'v [u8]) -> &'v [u8] {
    if same_type(attribute_type, "uniqueMember") { split_name_and_uid(value).0 } else { value }
}

/// An identifier in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier<'v> {
    /// What kind it is.
    pub kind: IdentifierKind,
    /// As spelled.
    pub value: Cow<'v, [u8]>,
}

/// The search for the subjects that one value names.
struct Search<'s, Id> {
    index: &'s SubjectIndex<Id>,
    keys: &'s mut KeyBuffer,
    found: &'s mut Vec<SubjectMatch<Id>>,
}

impl<Id: Copy + Eq + std::hash::Hash> Search<'_, Id> {
    fn push(&mut self, subject: Id, kind: MatchKind) {
        if !self.found.iter().any(|known| known.subject == subject) {
            self.found.push(SubjectMatch { subject, kind });
        }
    }

    fn name(&mut self, dn: &[u8]) -> Result<(), DnError> {
        let index = self.index;
        let key = self.keys.key_of(dn)?;
        if let Some(subject) = index.at_or_above(key) {
            self.push(subject, MatchKind::Name);
        } else if let Some(subject) = index.by_near_miss(key) {
            self.push(subject, MatchKind::NearMiss);
        }
        Ok(())
    }

    fn uid(&mut self, uid: &[u8]) {
        let index = self.index;
        let known = index.by_uid(uid);
        // A subject may have the user name in several spellings.
        for known in known.iter().filter(|known| is_same_case(&known.spelling, uid)) {
            self.push(known.subject, MatchKind::Uid);
        }
        for known in known {
            self.push(known.subject, MatchKind::UidInAnotherCase);
        }
    }

    fn sudo_user(&mut self, value: &[u8]) {
        let index = self.index;
        match SudoUserName::of(value) {
            SudoUserName::Number(number) => {
                index.by_number(number).iter().for_each(|subject| self.push(*subject, MatchKind::Number));
            }
            SudoUserName::UserName(uid) => self.uid(uid),
        }
    }

    /// A value that is a user name, an address or a DN, where another form is usual, if nothing was found in that form.
    fn other_form(&mut self, value: &[u8]) {
        if !self.found.is_empty() || value.is_empty() {
            return;
        }
        let index = self.index;
        let of_uid = index.by_uid(value).iter().map(|known| known.subject);
        for subject in of_uid.chain(index.by_address(value).iter().copied()) {
            self.push(subject, MatchKind::OtherForm);
        }
        if value.contains(&b'=')
            && let Ok(key) = self.keys.key_of(value)
            && let Some(subject) = index.at_or_above(key)
        {
            self.push(subject, MatchKind::OtherForm);
        }
    }

    fn netgroup(&mut self, triple: &[u8]) {
        if let Some(user) = netgroup_user(triple) {
            self.uid(user);
        }
    }

    fn calendar(&mut self, value: &[u8]) {
        let index = self.index;
        let owner = calendar_owner(value);
        let Some(at) = memchr::memchr(b'@', owner) else { return self.uid(owner) };
        let domain = normal_form(IdentifierKind::UserName, &owner[at + 1..]);
        for known in index.by_uid(&owner[..at]).iter().filter(|known| index.domain(known.subject) == Some(&domain)) {
            self.push(known.subject, MatchKind::Inside);
        }
        self.address(owner);
    }

    fn address(&mut self, value: &[u8]) {
        let index = self.index;
        index.by_address(value).iter().for_each(|subject| self.push(*subject, MatchKind::Address));
    }

    fn address_or_url(&mut self, value: &[u8]) {
        if let Some(address) = mailto_address(value) {
            self.address(&address);
        } else if let Some(dn) = dn_of_plain_url(value) {
            // A URL without attributes, scope and filter names one entry, like a DN.
            let _ = self.name(dn.raw_bytes());
        } else {
            self.address(value);
            embedded_references::of_url(value, &mut |part| self.embedded(&part));
        }
    }

    fn embedded(&mut self, part: &EmbeddedReference<'_>) {
        let index = self.index;
        match part {
            EmbeddedReference::Name(name) => {
                let subject = self.keys.key_of(name).ok().and_then(|key| index.at_or_above(key));
                if let Some(subject) = subject {
                    self.push(subject, MatchKind::Inside);
                }
            }
            EmbeddedReference::Equality(attribute, value) if is_one_of(&USER_NAMES, attribute) => {
                index.by_uid(value).iter().for_each(|known| self.push(known.subject, MatchKind::Inside));
            }
            EmbeddedReference::Equality(attribute, value) if is_one_of(&ADDRESSES, attribute) => {
                index.by_address(value).iter().for_each(|subject| self.push(*subject, MatchKind::Inside));
            }
            EmbeddedReference::Equality(attribute, value) if same_type(NUMBER, attribute) => {
                index.by_number(value).iter().for_each(|subject| self.push(*subject, MatchKind::Inside));
            }
            EmbeddedReference::Equality(..) => {}
        }
    }
}

/// Whether two spellings of a user name are equal in upper and lower case too.
fn is_same_case(a: &[u8], b: &[u8]) -> bool {
    matches(MatchingRule::CaseExact, a, b)
}

/// The user of a sudo rule (sudoers.ldap(5)).
enum SudoUserName<'v> {
    UserName(&'v [u8]),
    /// After `#`.
    Number(&'v [u8]),
}

impl<'v> SudoUserName<'v> {
    /// Each `!` in front of a user negates the ones after it.
    fn of(mut value: &'v [u8]) -> Self {
        while let Some(rest) = value.strip_prefix(b"!") {
            value = rest.trim_ascii_start();
        }
        value.strip_prefix(b"#").map_or(Self::UserName(value), Self::Number)
    }
}

/// The user of a netgroup triple.
fn netgroup_user(triple: &[u8]) -> Option<&[u8]> {
    let inner = triple.trim_ascii().strip_prefix(b"(").and_then(|inner| inner.strip_suffix(b")"))?;
    inner.split(|byte| *byte == b',').nth(1).map(<[u8]>::trim_ascii)
}

/// The owner in the identifier of a calendar, with the domain if there is one.
fn calendar_owner(value: &[u8]) -> &[u8] {
    until(until(value, b'$'), b':')
}

/// The part of a value before the first `end`.
fn until(value: &[u8], end: u8) -> &[u8] {
    &value[..memchr::memchr(end, value).unwrap_or(value.len())]
}

/// The address of a `mailto:` URL (RFC 6068), without its header fields.
fn mailto_address(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked(7)?;
    if !scheme.eq_ignore_ascii_case(b"mailto:") {
        return None;
    }
    std::str::from_utf8(until(rest, b'?')).ok().map(percent_decoded)
}

/// The name in an LDAP URL that has nothing after it: no attributes, scope or filter.
fn dn_of_plain_url(value: &[u8]) -> Option<Dn> {
    let url = LdapUrl::of_value(value)?;
    url.rest.is_none_or(|rest| rest.bytes().all(|byte| byte == b'?')).then_some(url.dn)
}

/// Text for a URL: bytes other than letters, digits and those usual in names and addresses become `%20` and the like
/// (RFC 3986, 2.1).
fn percent_encoded(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~=,+@!$&'()*;:".contains(byte) {
            text.push(*byte);
        } else {
            text.extend(format!("%{byte:02X}").into_bytes());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use Form::*;

    use super::*;
    use crate::ldap::{AttributeDescription, DnKey, Entry, Origin};

    fn account(dn: &str, lines: &[(&str, &str)]) -> Entry {
        let mut entry =
            Entry { dn: Dn::parse(dn.as_bytes()).unwrap(), origin: Origin::default(), attributes: Vec::new() };
        for (name, value) in lines {
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        entry
    }

    /// jsmith is 0, mrossi 1.
    fn subjects() -> SubjectIndex<usize> {
        let mut subjects = SubjectIndex::default();
        let smith = [
            ("uid", "jsmith"),
            ("uidNumber", "1042"),
            ("mail", "John.Smith@sesta.com"),
            ("mailAlternateAddress", "js@sesta.com"),
        ];
        subjects.add(0, &account("uid=jsmith,ou=People,o=sesta.com,o=isp", &smith));
        subjects
            .add(1, &account("uid=mrossi,ou=People,o=siroe.com,o=isp", &[("uid", "mrossi"), ("mail", "m@siroe.com")]));
        subjects.add_near_miss(0, DnKey::parse(b"cn=John Smith,ou=People,o=sesta.com,o=isp").unwrap());
        subjects
    }

    /// The form, a value, and the subjects that it names.
    type FormCase<'r> = (Form, &'r str, &'r [(usize, MatchKind)]);

    #[test]
    fn what_each_form_matches() {
        let subjects = subjects();
        let (none, smith): (&[(usize, MatchKind)], usize) = (&[], 0);
        #[rustfmt::skip]
        let table: &[FormCase<'_>] = &[
            (Name, "UID = JSmith, ou=people,o=sesta.com,O=ISP", &[(smith, MatchKind::Name)]),
            (Name, "cn=phone,uid=jsmith,ou=People,o=sesta.com,o=isp", &[(smith, MatchKind::Name)]),
            (Name, "cn=John  Smith,ou=People,o=sesta.com,o=isp", &[(smith, MatchKind::NearMiss)]),
            (Name, "uid=jsmith,ou=People,o=siroe.com,o=isp", none),
            (NameAndUid, "uid=jsmith,ou=People,o=sesta.com,o=isp#'0101'B", &[(smith, MatchKind::Name)]),
            (Uid, "jsmith", &[(smith, MatchKind::Uid)]),
            (Uid, "JSmith", &[(smith, MatchKind::UidInAnotherCase)]),
            (Uid, "jsmith2", none),
            (Uid, "uid=jsmith,ou=People,o=sesta.com,o=isp", &[(smith, MatchKind::OtherForm)]),
            (Uid, "m@siroe.com", &[(1, MatchKind::OtherForm)]),
            (Address, "jsmith", &[(smith, MatchKind::OtherForm)]),
            (AddressOrUrl, "mrossi", &[(1, MatchKind::OtherForm)]),
            (SudoUser, "jsmith", &[(smith, MatchKind::Uid)]),
            (SudoUser, "!jsmith", &[(smith, MatchKind::Uid)]),
            (SudoUser, "#1042", &[(smith, MatchKind::Number)]),
            (SudoUser, "!#01042", &[(smith, MatchKind::Number)]),
            (SudoUser, "!! jsmith", &[(smith, MatchKind::Uid)]),
            (SudoUser, "%#1042", none),
            (SudoUser, "1042", none),
            (SudoUser, "%jsmith", none),
            (SudoUser, "+jsmith", none),
            (SudoUser, "ALL", none),
            (Netgroup, "(host, jsmith ,sesta.com)", &[(smith, MatchKind::Uid)]),
            (Netgroup, "(jsmith,-,)", none),
            (Netgroup, "(,,)", none),
            (Calendar, "jsmith", &[(smith, MatchKind::Uid)]),
            (Calendar, "jsmith:Work$My work", &[(smith, MatchKind::Uid)]),
            (Calendar, "jsmith@sesta.com:Work$x", &[(smith, MatchKind::Inside)]),
            (Calendar, "jsmith@siroe.com", none),
            (Calendar, "js@sesta.com$x", &[(smith, MatchKind::Address)]),
            (Address, "JOHN.SMITH@SESTA.COM", &[(smith, MatchKind::Address)]),
            (Address, "jsmith@sesta.com", none),
            (AddressOrUrl, "mailto:js%40sesta.com?subject=x", &[(smith, MatchKind::Address)]),
            (AddressOrUrl, "MAILTO:js@sesta.com", &[(smith, MatchKind::Address)]),
            (AddressOrUrl, "js@sesta.com", &[(smith, MatchKind::Address)]),
            (AddressOrUrl, "ldap:///uid=jsmith,ou=People,o=sesta.com,o=isp", &[(smith, MatchKind::Name)]),
            (AddressOrUrl, "ldap:///o=sesta.com,o=isp??sub?(uid=jsmith)", &[(smith, MatchKind::Inside)]),
            (NameOrUid, "jsmith", &[(smith, MatchKind::Uid)]),
            (NameOrUid, "uid=jsmith,ou=People,o=sesta.com,o=isp", &[(smith, MatchKind::Name)]),
            (Url, "ldap:///o=isp??sub?(|(uid=jsmith)(uid=mrossi))", &[(smith, MatchKind::Inside), (1, MatchKind::Inside)]),
            (Url, "ldap:///o=isp??sub?(mail=js@sesta.com)", &[(smith, MatchKind::Inside)]),
            (Url, "ldap:///o=isp??sub?(uidNumber=01042)", &[(smith, MatchKind::Inside)]),
            (Url, "ldap:///o=isp??sub?(cn=jsmith)", none),
            (Url, "http://www.sesta.com/~jsmith", none),
            (Text, r#"allow (all) userdn="ldap:///uid=jsmith,ou=People,o=sesta.com,o=isp";"#, &[(smith, MatchKind::Inside)]),
            (Text, r#"to * by dn.exact="uid=jsmith,ou=People,o=sesta.com,o=isp" write"#, &[(smith, MatchKind::Inside)]),
            (Text, r#"allow (all) userdn="ldap:///uid=other,ou=People,o=sesta.com,o=isp";"#, none),
        ];
        let (mut keys, mut found) = (KeyBuffer::new(), Vec::new());
        for (form, value, expected) in table {
            form.find("x", value.as_bytes(), &subjects, &mut keys, &mut found).unwrap();
            let found: Vec<_> = found.iter().map(|found| (found.subject, found.kind)).collect();
            assert_eq!(found, *expected, "{form:?} {value}");
        }
    }

    /// The form, a value, the value for the renamed account, the value for the successor.
    type WrittenCase<'r> = (Form, &'r str, Option<&'r str>, Option<&'r str>);

    #[test]
    fn how_each_form_is_written() {
        let dn = |dn: &str| Dn::parse(dn.as_bytes()).unwrap();
        let renaming = Renaming { old: dn("uid=a,ou=P,o=x"), new: dn("uid=a,ou=Old,o=x") };
        let successor = Successor { dn: dn("uid=b,o=x"), mail: Some(b"b@x".to_vec()) };
        #[rustfmt::skip]
        let table: &[WrittenCase<'_>] = &[
            (Name, "uid=a,ou=P,o=x", Some("uid=a,ou=Old,o=x"), Some("uid=b,o=x")),
            (Name, "cn=d,UID=A,ou=P,o=x", Some("cn=d,uid=a,ou=Old,o=x"), Some("uid=b,o=x")),
            (NameAndUid, "uid=a,ou=P,o=x#'1'B", Some("uid=a,ou=Old,o=x#'1'B"), Some("uid=b,o=x")),
            (NameOrUid, "a", None, Some("uid=b,o=x")),
            (Address, "a@x", None, Some("b@x")),
            (AddressOrUrl, "a@x", None, Some("b@x")),
            (AddressOrUrl, "mailto:a@x?subject=s", None, Some("mailto:b@x?subject=s")),
            (AddressOrUrl, "ldap:///uid=a,ou=P,o=x", None, Some("ldap:///uid=b,o=x")),
            (Uid, "a", None, None),
            (Url, "ldap:///uid=a,ou=P,o=x", None, None),
        ];
        let text = |value: Option<Value>| value.map(|value| String::from_utf8_lossy(&value.bytes).into_owned());
        for (form, value, renamed, reassigned) in table {
            let found = text(form.renamed_value("x", value.as_bytes(), &renaming));
            assert_eq!(found.as_deref(), *renamed, "{form:?} {value}");
            let found = text(form.reassigned_value(value.as_bytes(), &successor));
            assert_eq!(found.as_deref(), *reassigned, "{form:?} {value}");
        }
    }
}
