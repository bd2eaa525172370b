//! Which operational attributes (RFC 4512, 3.4) each export shows.
//!
//! A search returns operational attributes only on request, so an entry that is shown without `pwdAccountLockedTime` may
//! still be locked. Whether an attribute is shown is decided for each export, because one may be written by `slapcat` and
//! the next by `ldapsearch`:
//!
//! | an entry of the export has | an operational attribute | a [computed](is_computed) one |
//! | --- | --- | --- |
//! | the attribute itself | shown | shown |
//! | an attribute that the server [always sets](always_set) | shown | not known, so not shown |
//! | neither | not shown | not shown |
//!
//! An export that names some operational attributes in its search (`'*' createTimestamp`) and not the one that is
//! looked for cannot be distinguished from one with all of them.

use std::collections::BTreeSet;

use crate::ldap::TypeMap;
use crate::ldap::attribute::is_one_of;
use crate::ldap::operational::{always_set, is_operational};
use crate::ldif::{ContentRecord, PartialRecord};
use crate::policy::Server;

/// Attributes that a server computes for each search and does not store, so that a dump of its database (`slapcat`,
/// `db2ldif`) lacks them. Active Directory computes every operational attribute.
const COMPUTED: [(&[Server], &[&str]); 3] = [
    (
        &[Server::OpenLdap, Server::Ds389, Server::Dsee, Server::OpenDj],
        &["entryDN", "hasSubordinates", "numSubordinates", "subschemaSubentry"],
    ),
    (&[Server::Ds389, Server::Dsee], &["nsRole"]),
    // memberOf: computed by slapo-dynlist, stored by slapo-memberof.
    (&[Server::OpenLdap, Server::Dsee, Server::OpenDj], &["isMemberOf", "memberOf"]),
];

/// Whether a dump of the server's database may lack an operational attribute that searches return.
pub fn is_computed(server: Server, attribute: &str) -> bool {
    let is_listed = || COMPUTED.iter().any(|(servers, names)| servers.contains(&server) && is_one_of(names, attribute));
    is_operational(server, attribute) && (server == Server::ActiveDirectory || is_listed())
}

/// An attribute that the census looks for, or that shows that all stored ones are shown.
#[derive(Clone, Copy, Debug)]
struct WatchedAttribute {
    /// The server sets it on every entry.
    always_set: bool,
    /// The server computes it, so it is shown only where the export contains it.
    is_computed: bool,
    /// Its number among the attributes that are looked for, if it is one of them.
    number: Option<u16>,
}

/// The operational attributes that the census looks for.
#[derive(Clone, Debug)]
pub struct Watch {
    server: Server,
    attributes: Vec<String>,
    by_name: TypeMap<WatchedAttribute>,
    has_computed: bool,
}

impl Watch {
    /// Looks for these operational attributes, and for those that the server always sets.
    pub fn new(server: Server, attributes: impl IntoIterator<Item = String>) -> Self {
        let attributes: Vec<String> = attributes.into_iter().collect();
        let mut by_name = TypeMap::default();
        for (name, number) in attributes.iter().zip(0..) {
            let (always_set, is_computed) = (is_one_of(always_set(server), name), is_computed(server, name));
            by_name.insert(name, WatchedAttribute { always_set, is_computed, number: Some(number) });
        }
        for name in always_set(server) {
            by_name.insert(name, WatchedAttribute { always_set: true, is_computed: false, number: None });
        }
        let has_computed = attributes.iter().any(|name| is_computed(server, name));
        Self { server, attributes, by_name, has_computed }
    }

    /// Records which attributes a record shows. `part` is the record's text, if `record` has only some of its lines.
    pub fn note(&self, record: &ContentRecord<'_>, part: Option<PartialRecord<'_>>, export: u16, shown: &mut Shown) {
        // An attribute that the server always sets shows that all stored ones are shown: nothing more can be learned.
        if !self.has_computed && shown.always_set.contains(&export) {
            return;
        }
        let mut note = |watched: WatchedAttribute| {
            if watched.always_set {
                shown.always_set.insert(export);
            }
            let attributes = if watched.is_computed { &mut shown.computed } else { &mut shown.attributes };
            attributes.extend(watched.number.map(|number| (export, number)));
        };
        match part {
            None => record.attributes.iter().filter_map(|line| self.by_name.get(&line.description)).for_each(&mut note),
            Some(part) => {
                let lines = part.text.split(|byte| *byte == b'\n');
                let name = |line: &[u8]| line.iter().position(|byte| matches!(byte, b':' | b';'));
                let by_name = lines.filter_map(|line| self.by_name.get_type(line.get(..name(line)?)?));
                by_name.for_each(&mut note);
            }
        }
        shown.forget_what_follows();
    }

    /// Whether an export shows an attribute. An attribute that is not looked for counts as shown.
    pub fn is_shown(&self, attribute: &str, export: u16, shown: &Shown) -> bool {
        let Some(number) = self.by_name.get(attribute).and_then(|watched| watched.number) else { return true };
        if is_computed(self.server, attribute) {
            shown.computed.contains(&(export, number))
        } else {
            shown.attributes.contains(&(export, number)) || shown.always_set.contains(&export)
        }
    }

    /// The attributes that are looked for.
    pub fn attributes(&self) -> &[String] {
        &self.attributes
    }
}

/// Which of the attributes of a [`Watch`] the exports show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The exports with an attribute that the server always sets.
    always_set: BTreeSet<u16>,
    /// The exports with a stored attribute that is looked for, and without any that the server always sets: the export, and
    /// the attribute's number.
    attributes: BTreeSet<(u16, u16)>,
    /// The exports with a computed attribute that is looked for: the export, and the attribute's number.
    computed: BTreeSet<(u16, u16)>,
}

impl Shown {
    /// Adds what later blocks show.
    pub fn merge(&mut self, other: Self) {
        self.always_set.extend(other.always_set);
        self.attributes.extend(other.attributes);
        self.computed.extend(other.computed);
        self.forget_what_follows();
    }

    /// Forgets the stored attributes of exports that show what the server always sets. Such exports show every stored
    /// attribute, and which single ones were noted before depends on the size of the blocks.
    fn forget_what_follows(&mut self) {
        self.attributes.retain(|(export, _)| !self.always_set.contains(export));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldif::{Record, RecordReader, UrlPolicy};
    use Server::{ActiveDirectory, Ds389, OpenDj, OpenLdap};

    /// A server, an attribute, the lines of an entry, and whether its export shows the attribute.
    #[test]
    fn what_an_export_shows() {
        #[rustfmt::skip]
        let table = [
            (OpenLdap,        "pwdAccountLockedTime", "cn: a",                                  false),
            (OpenLdap,        "pwdAccountLockedTime", "cn: a\nentryUUID: 1",                    true),
            (OpenLdap,        "pwdAccountLockedTime", "cn: a\nSTRUCTURALOBJECTCLASS: person",   true),
            (OpenLdap,        "pwdAccountLockedTime", "cn: a\nmodifyTimestamp;x-y: 1",          true),
            (OpenLdap,        "pwdAccountLockedTime", "pwdaccountlockedtime: 1",                true),
            (OpenLdap,        "pwdAccountLockedTime", "1.3.6.1.4.1.42.2.27.8.1.17: 1",          true),
            // The name is in a value or in a comment.
            (OpenLdap,        "pwdAccountLockedTime", "description: a\n entryUUID: 1",          false),
            (OpenLdap,        "pwdAccountLockedTime", "cn: a\n# entryUUID: 1",                  false),
            (OpenLdap,        "memberOf",             "entryUUID: 1",                           false),
            (OpenLdap,        "memberOf",             "entryUUID: 1\nmemberOf: cn=g",           true),
            (Ds389,           "nsAccountLock",        "nsUniqueId:: YQ==",                      true),
            (Ds389,           "nsRole",               "nsUniqueId: 1",                          false),
            (OpenDj,          "ds-pwp-account-disabled", "ds-sync-hist: 1",                     false),
            (ActiveDirectory, "msDS-ResultantPSO",    "whenCreated: 1",                         false),
            (ActiveDirectory, "msDS-ResultantPSO",    "msDS-ResultantPSO: 1",                   true),
        ];
        for (server, attribute, lines, expected) in table {
            let watch = Watch::new(server, [attribute.to_owned()]);
            let text = format!("dn: cn=a\n{lines}\n");
            let interest = TypeMap::default();
            for asked in [None, Some(&interest)] {
                let mut reader = RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse).only(asked);
                let Some(Ok(Record::Content(record))) = reader.next() else { panic!("{text}") };
                let mut shown = Shown::default();
                watch.note(&record, reader.partial(), 3, &mut shown);
                assert_eq!(watch.is_shown(attribute, 3, &shown), expected, "{server} {attribute} {lines}");
                assert!(!watch.is_shown(attribute, 2, &shown), "{server} {attribute} {lines}");
            }
        }
    }
}
