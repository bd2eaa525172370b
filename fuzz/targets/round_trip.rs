//! Records that are read from any text, written, and read again are the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard::ldap::{Attribute, Change, Dn, Entry, Origin};
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert, writer};

type RawAttributes = Vec<(String, Vec<Vec<u8>>)>;

fn raw(attributes: &[Attribute]) -> RawAttributes {
    let values = |attribute: &Attribute| attribute.values.iter().map(|value| value.bytes.to_vec()).collect();
    attributes.iter().map(|attribute| (attribute.description.raw_bytes().to_owned(), values(attribute))).collect()
}

/// The only record of a text.
fn only<'b>(text: &'b [u8]) -> Record<'b> {
    let mut records = RecordReader::new(text, 1, UrlPolicy::Keep);
    let show = || String::from_utf8_lossy(text);
    let record = records.next().expect("a record was written");
    let record = record.unwrap_or_else(|error| panic!("{error}\n{}", show()));
    assert!(records.next().is_none(), "more than one record\n{}", show());
    record
}

fuzz_target!(|text: &[u8]| {
    let mut whole = Vec::new();
    let mut written = 0;
    for record in RecordReader::new(text, 1, UrlPolicy::Refuse).flatten() {
        let mut out = Vec::new();
        match record {
            Record::NonEntry { .. } => continue,
            Record::Content(record) => {
                let Ok(dn) = Dn::parse(&record.dn) else { continue };
                let Ok(attributes) = convert::attributes(&record.attributes) else { continue };
                let entry = Entry { dn, origin: Origin::default(), attributes };
                writer::write_entry(&mut out, &entry);
                let Record::Content(again) = only(&out) else { panic!("{:?}", String::from_utf8_lossy(&out)) };
                assert_eq!(&*again.dn, entry.dn.raw_bytes());
                let again = convert::attributes(&again.attributes).expect("attributes that were written");
                assert_eq!(raw(&again), raw(&entry.attributes));
            }
            Record::Change(record) => {
                let Ok(change) = convert::change(&record) else { continue };
                writer::write_change(&mut out, &change);
                let Record::Change(again) = only(&out) else { panic!("{:?}", String::from_utf8_lossy(&out)) };
                let again = convert::change(&again).expect("a change that was written");
                assert_eq!(again.dn.raw_bytes(), change.dn.raw_bytes());
                assert_eq!(again.controls, change.controls);
                assert_equal(&again.change, &change.change);
            }
        }
        assert!(out.iter().all(|byte| matches!(byte, b'\n' | 0x20..=0x7e)), "only printable ASCII is written");
        whole.extend(&out);
        whole.push(b'\n');
        written += 1;
    }
    let read = RecordReader::new(&whole, 1, UrlPolicy::Refuse).filter(Result::is_ok).count();
    assert_eq!(read, written, "each record is separate");
});

fn assert_equal(again: &Change, first: &Change) {
    match (again, first) {
        (Change::Add(again), Change::Add(first)) => assert_eq!(raw(again), raw(first)),
        (Change::Delete, Change::Delete) => {}
        (Change::Modify(again), Change::Modify(first)) => {
            assert_eq!(again.len(), first.len());
            for (again, first) in again.iter().zip(first) {
                assert_eq!(again.op, first.op);
                assert_eq!(again.description.raw_bytes(), first.description.raw_bytes());
                let values = |values: &[offboard::ldap::Value]| -> Vec<Vec<u8>> {
                    values.iter().map(|value| value.bytes.to_vec()).collect()
                };
                assert_eq!(values(&again.values), values(&first.values));
            }
        }
        (
            Change::ModifyDn { new_rdn, delete_old_rdn, new_superior },
            Change::ModifyDn { new_rdn: rdn, delete_old_rdn: delete, new_superior: superior },
        ) => {
            assert_eq!(new_rdn.raw_bytes(), rdn.raw_bytes());
            assert_eq!(delete_old_rdn, delete);
            assert_eq!(new_superior.as_ref().map(Dn::raw_bytes), superior.as_ref().map(Dn::raw_bytes));
        }
        _ => panic!("the kind of change differs"),
    }
}
