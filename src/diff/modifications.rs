//! The modifications that turn one state of an entry into another, with the exact values to delete and to add.

use std::collections::HashSet;

use super::Options;
use crate::ldap::{Attribute, Entry, ModOp, Modification, Value};

/// The modifications, in the order of the attributes; none if both states are the same.
///
/// Every value to delete is written, so the server refuses the change if the entry has changed since. Where the server cannot
/// compare values, the whole attribute is replaced or deleted.
pub fn modifications(before: &Entry, after: &Entry, options: &Options) -> Vec<Modification> {
    let mut modifications = Vec::new();
    for attribute in compared(before, options) {
        let now = after.attributes.iter().find(|other| other.description == attribute.description);
        let now = now.map_or(&[][..], |now| &now.values);
        let deleted = without(&attribute.values, now);
        let added = without(now, &attribute.values);
        let modification = |op, values| Modification { op, description: attribute.description.clone(), values };
        if deleted.is_empty() && added.is_empty() {
            continue;
        }
        if !options.server_schema().compares(attribute.description.attribute_type()) {
            let op = if now.is_empty() { ModOp::Delete } else { ModOp::Replace };
            modifications.push(modification(op, without(now, &[])));
            continue;
        }
        modifications.extend((!deleted.is_empty()).then(|| modification(ModOp::Delete, deleted)));
        modifications.extend((!added.is_empty()).then(|| modification(ModOp::Add, added)));
    }
    for attribute in compared(after, options) {
        if !before.attributes.iter().any(|other| other.description == attribute.description) {
            let values = without(&attribute.values, &[]);
            modifications.push(Modification { op: ModOp::Add, description: attribute.description.clone(), values });
        }
    }
    modifications
}

/// The attributes of an entry that are compared, with each value once.
pub fn compared_attributes(entry: &Entry, options: &Options) -> Vec<Attribute> {
    compared(entry, options)
        .map(|attribute| Attribute {
            description: attribute.description.clone(),
            values: without(&attribute.values, &[]),
        })
        .collect()
}

fn compared<'e>(entry: &'e Entry, options: &'e Options) -> impl Iterator<Item = &'e Attribute> {
    entry.attributes.iter().filter(|attribute| !options.ignores(&attribute.description))
}

/// Those of the values that are not among `others`, each once.
fn without(values: &[Value], others: &[Value]) -> Vec<Value> {
    let mut known: HashSet<&[u8]> = others.iter().map(|value| &*value.bytes).collect();
    values.iter().filter(|value| known.insert(&value.bytes)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Origin};
    use crate::policy::Server;

    fn entry(lines: &[(&str, &str)]) -> Entry {
        let mut entry = Entry { dn: Dn::parse(b"cn=a").unwrap(), origin: Origin::default(), attributes: Vec::new() };
        for (name, value) in lines {
            entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        entry
    }

    #[test]
    fn deleted_and_added_values() {
        type Lines = &'static [(&'static str, &'static str)];
        let table: &[(Lines, Lines, &[&str])] = &[
            (&[("sn", "a"), ("mail", "x"), ("mail", "y")], &[("MAIL", "y"), ("mail", "x"), ("surname", "a")], &[]),
            (&[("sn", "a")], &[("sn", "A")], &["delete sn a", "add sn A"]),
            (&[("mail", "x"), ("mail", "y")], &[("mail", "y"), ("mail", "z")], &["delete mail x", "add mail z"]),
            (&[("mail", "x")], &[], &["delete mail x"]),
            (&[], &[("mail", "x"), ("mail", "x")], &["add mail x"]),
            (&[("jpegPhoto", "1")], &[("jpegPhoto", "2")], &["replace jpegPhoto 2"]),
            (&[("jpegPhoto", "1")], &[], &["delete jpegPhoto"]),
            (&[("cn;lang-de", "x")], &[("cn", "x")], &["delete cn;lang-de x", "add cn x"]),
            (&[("entryUUID", "1"), ("description", "a")], &[("description", "b")], &[]),
        ];
        let options = Options {
            server: Server::OpenLdap,
            schema: Arc::default(),
            with_operational: false,
            ignored: vec![AttributeDescription::parse(b"description").unwrap()],
            seed: 0,
        };
        for (before, after, expected) in table {
            let found = modifications(&entry(before), &entry(after), &options);
            let shown = |modification: &Modification| {
                let values = modification.values.iter().map(|value| format!(" {}", value.bytes.escape_ascii()));
                let (op, name) = (modification.op.keyword(), modification.description.as_str());
                format!("{op} {name}{}", values.collect::<String>())
            };
            assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), *expected, "{before:?} {after:?}");
        }
    }
}
