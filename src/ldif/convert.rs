//! Converts the records of an LDIF file to operations and attributes of the LDAP model.

use thiserror::Error;

use super::record::{AttributeLine, ChangeKind, ChangeRecord, LdifValue};
use crate::ldap::{self, Attribute, AttributeDescription, Change, Control, Dn, Modification, Rdn, Value};

/// Why a record cannot be converted: a DN, an attribute description or a value in it is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct ConvertError {
    /// Physical line, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// Converts a change record to the operation that it describes.
pub fn change(record: &ChangeRecord<'_>) -> Result<ldap::ChangeRecord, ConvertError> {
    let line = record.line;
    let dn = |bytes: &[u8]| Dn::parse(bytes).map_err(|error| ConvertError { line, what: error.to_string() });
    let control = |control: &super::ControlLine<'_>| Control {
        oid: control.oid.clone(),
        critical: control.critical,
        value: control.value.as_ref().map(|value| value.bytes().to_vec()),
    };
    let change = match &record.change {
        ChangeKind::Add(lines) => Change::Add(attributes(lines)?),
        ChangeKind::Delete => Change::Delete,
        ChangeKind::Modify(mods) => {
            let modification = |spec: &super::ModSpec<'_>| {
                Ok(Modification {
                    op: spec.op,
                    description: description(&spec.description, spec.line)?,
                    values: spec.values.iter().map(value).collect::<Result<_, _>>()?,
                })
            };
            Change::Modify(mods.iter().map(modification).collect::<Result<_, _>>()?)
        }
        ChangeKind::ModifyDn { new_rdn, delete_old_rdn, new_superior, .. } => Change::ModifyDn {
            new_rdn: Rdn::parse(new_rdn).map_err(|error| ConvertError { line, what: error.to_string() })?,
            delete_old_rdn: *delete_old_rdn,
            new_superior: new_superior.as_deref().map(dn).transpose()?,
        },
    };
    Ok(ldap::ChangeRecord { dn: dn(&record.dn)?, controls: record.controls.iter().map(control).collect(), change })
}

fn description(text: &str, line: u64) -> Result<AttributeDescription, ConvertError> {
    AttributeDescription::parse(text.as_bytes()).map_err(|error| ConvertError { line, what: error.to_string() })
}

fn value(line: &AttributeLine<'_>) -> Result<Value, ConvertError> {
    match &line.value {
        LdifValue::Url(_) => {
            Err(ConvertError { line: line.line, what: "the value is in another file (`:<`)".to_owned() })
        }
        value => Ok(Value { bytes: value.bytes().into(), line: line.line }),
    }
}

/// Converts attribute lines to attributes: one for each description, in the order of its first line.
pub fn attributes(lines: &[AttributeLine<'_>]) -> Result<Vec<Attribute>, ConvertError> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for line in lines {
        let description = description(&line.description, line.line)?;
        let value = value(line)?;
        match attributes.iter_mut().find(|attribute| attribute.description == description) {
            Some(attribute) => attribute.values.push(value),
            None => attributes.push(Attribute { description, values: vec![value] }),
        }
    }
    Ok(attributes)
}
