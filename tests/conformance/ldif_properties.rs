//! Properties of every text: the reader reads back what the writer wrote, and no text makes it panic.

use std::collections::HashSet;

use data_encoding::BASE64;
use offboard::ldap::{
    self, Attribute, AttributeDescription, Change, Control, Dn, Entry, ModOp, Modification, Origin, Rdn,
};
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert, writer};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Any bytes; those with a meaning in LDIF are more frequent.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let special = prop::sample::select(b" \n\r\t:<#-\0\x1b,+\"\\=;a\xc3".to_vec());
    prop_oneof![
        "[ -~]{0,120}".prop_map(String::into_bytes),
        "\\PC{0,60}".prop_map(String::into_bytes),
        prop::collection::vec(special, 0..12),
        prop::collection::vec(any::<u8>(), 0..200),
    ]
}

/// An RDN whose values are any bytes: blanks, special characters and control characters escaped, the rest as it is.
fn rdn() -> impl Strategy<Value = Vec<u8>> {
    let ava = ("[a-zA-Z][a-zA-Z0-9-]{0,15}", value()).prop_map(|(attribute_type, value)| {
        let mut ava = format!("{attribute_type}=").into_bytes();
        for byte in value {
            if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
                ava.push(byte);
            } else {
                ava.extend_from_slice(format!("\\{byte:02x}").as_bytes());
            }
        }
        ava
    });
    prop::collection::vec(ava, 1..3).prop_map(|avas| avas.join(&b'+'))
}

fn dn() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(rdn(), 1..4).prop_map(|rdns| rdns.join(&b','))
}

/// Attribute names that are not keywords of LDIF, which would change the meaning of a record's first line.
fn description() -> impl Strategy<Value = String> {
    "[a-wyzA-Z][a-zA-Z0-9-]{0,30}(;x-[a-z0-9-]{1,8}){0,2}".prop_filter("keyword", |name| {
        !["dn", "control", "changetype"].iter().any(|keyword| name.eq_ignore_ascii_case(keyword))
    })
}

fn values(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(value(), count)
}

type Attributes = Vec<(String, Vec<Vec<u8>>)>;

fn attributes() -> impl Strategy<Value = Attributes> {
    prop::collection::vec((description(), values(1..4)), 1..5).prop_map(|mut attributes| {
        let mut seen = HashSet::new();
        attributes.retain(|(name, _)| seen.insert(AttributeDescription::parse(name.as_bytes()).unwrap().key()));
        attributes
    })
}

fn modification() -> impl Strategy<Value = (ModOp, String, Vec<Vec<u8>>)> {
    let parts = prop_oneof![
        (Just(ModOp::Add), values(1..4)),
        (Just(ModOp::Delete), values(0..4)),
        (Just(ModOp::Replace), values(0..4)),
        (Just(ModOp::Increment), values(1..2)),
    ];
    (description(), parts).prop_map(|(description, (op, values))| (op, description, values))
}

/// At most one control: `ldapmodify` does not read a second one of a record.
fn controls() -> impl Strategy<Value = Vec<Control>> {
    let control = ("[0-2](\\.[1-9][0-9]{0,5}){1,8}", any::<bool>(), prop::option::of(value()));
    prop::collection::vec(control.prop_map(|(oid, critical, value)| Control { oid, critical, value }), 0..2)
}

/// A change record in parts.
#[derive(Clone, Debug)]
pub struct ChangeParts {
    dn: Vec<u8>,
    controls: Vec<Control>,
    operation: OperationParts,
}

#[derive(Clone, Debug)]
enum OperationParts {
    Add(Attributes),
    Delete,
    Modify(Vec<(ModOp, String, Vec<Vec<u8>>)>),
    ModifyDn(Vec<u8>, bool, Option<Vec<u8>>),
}

/// Any change record that the writer may be given.
pub fn change() -> impl Strategy<Value = ChangeParts> {
    let operation = prop_oneof![
        attributes().prop_map(OperationParts::Add),
        Just(OperationParts::Delete),
        prop::collection::vec(modification(), 1..4).prop_map(OperationParts::Modify),
        (rdn(), any::<bool>(), prop::option::of(dn())).prop_map(|(new_rdn, delete_old_rdn, superior)| {
            OperationParts::ModifyDn(new_rdn, delete_old_rdn, superior)
        }),
    ];
    (dn(), controls(), operation).prop_map(|(dn, controls, operation)| ChangeParts { dn, controls, operation })
}

impl ChangeParts {
    /// The record of the model.
    pub fn record(&self) -> ldap::ChangeRecord {
        let change = match &self.operation {
            OperationParts::Add(attributes) => Change::Add(model_attributes(attributes)),
            OperationParts::Delete => Change::Delete,
            OperationParts::Modify(modifications) => Change::Modify(
                modifications
                    .iter()
                    .map(|(op, name, values)| {
                        let Attribute { description, values } = model_attribute(name, values);
                        Modification { op: *op, description, values }
                    })
                    .collect(),
            ),
            OperationParts::ModifyDn(new_rdn, delete_old_rdn, superior) => Change::ModifyDn {
                new_rdn: Rdn::parse(new_rdn).unwrap(),
                delete_old_rdn: *delete_old_rdn,
                new_superior: superior.as_ref().map(|dn| Dn::parse(dn).unwrap()),
            },
        };
        ldap::ChangeRecord { dn: Dn::parse(&self.dn).unwrap(), controls: self.controls.clone(), change }
    }
}

fn model_attribute(name: &str, values: &[Vec<u8>]) -> Attribute {
    let description = AttributeDescription::parse(name.as_bytes()).unwrap();
    Attribute { description, values: values.iter().map(|value| ldap::Value::new(value)).collect() }
}

fn model_attributes(attributes: &Attributes) -> Vec<Attribute> {
    attributes.iter().map(|(name, values)| model_attribute(name, values)).collect()
}

/// A record with all of its spellings, for comparison.
fn said(record: &ldap::ChangeRecord) -> Value {
    let change = match &record.change {
        Change::Add(attributes) => said_of_attributes(attributes),
        Change::Delete => json!("delete"),
        Change::Modify(modifications) => modifications
            .iter()
            .map(|spec| json!([spec.op.keyword(), spec.description.as_str(), said_of_values(&spec.values)]))
            .collect(),
        Change::ModifyDn { new_rdn, delete_old_rdn, new_superior } => {
            let superior = new_superior.as_ref().map(|dn| BASE64.encode(dn.raw_bytes()));
            json!([BASE64.encode(new_rdn.raw_bytes()), delete_old_rdn, superior])
        }
    };
    let controls: Vec<Value> =
        record.controls.iter().map(|control| json!([control.oid, control.critical, control.value])).collect();
    json!([BASE64.encode(record.dn.raw_bytes()), controls, change])
}

fn said_of_attributes(attributes: &[Attribute]) -> Value {
    let attribute = |attribute: &Attribute| json!([attribute.description.as_str(), said_of_values(&attribute.values)]);
    attributes.iter().map(attribute).collect()
}

fn said_of_values(values: &[ldap::Value]) -> Value {
    values.iter().map(|value| BASE64.encode(&value.bytes)).collect()
}

proptest! {
    #[test]
    fn written_entries_are_read_back(dn in dn(), attributes in attributes()) {
        let attributes = model_attributes(&attributes);
        let entry = Entry { dn: Dn::parse(&dn).unwrap(), origin: Origin::default(), attributes };
        let mut text = Vec::new();
        writer::write_entry(&mut text, &entry);
        let records: Vec<_> = RecordReader::new(&text, 1, UrlPolicy::Refuse).map(Result::unwrap).collect();
        let [Record::Content(record)] = &records[..] else { panic!("{records:?}") };
        prop_assert_eq!(&*record.dn, entry.dn.raw_bytes());
        let read = convert::attributes(&record.attributes).unwrap();
        prop_assert_eq!(said_of_attributes(&read), said_of_attributes(&entry.attributes));
    }

    /// Also with comments between the records, and with characters that a terminal would act on.
    #[test]
    fn written_changes_are_read_back(
        written in prop::collection::vec((value(), change()), 1..6),
    ) {
        let mut text = Vec::new();
        for (comment, record) in &written {
            writer::write_comment(&mut text, comment);
            writer::write_change(&mut text, &record.record());
        }
        prop_assert!(text.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~')));
        let read: Vec<Value> = RecordReader::new(&text, 1, UrlPolicy::Refuse)
            .map(|record| match record.unwrap() {
                Record::Change(record) => said(&convert::change(&record).unwrap()),
                other => panic!("{other:?}"),
            })
            .collect();
        prop_assert_eq!(read, written.iter().map(|(_, record)| said(&record.record())).collect::<Vec<_>>());
    }

    #[test]
    fn any_text_is_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..300)) {
        for error in RecordReader::new(&text, 1, UrlPolicy::Keep).filter_map(Result::err) {
            prop_assert!(error.line >= 1 && error.column >= 1);
        }
    }
}
