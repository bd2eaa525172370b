//! Micro-benchmarks of the steps that process every byte of an export, each by itself, in bytes per second.
//!
//! `cargo bench` runs all of them, `cargo bench -- keys` only those with `keys` in their name.
//!
//! | name | measures | bytes of |
//! | --- | --- | --- |
//! | `lines` | logical lines, without folds and comments | the export |
//! | `records` | records with plain, folded and base64 lines | the export |
//! | `records/base64` | records with photos only | the export |
//! | `keys/plain`, `keys/irregular` | normalised keys of DNs in common and in unusual spellings | the DNs |
//! | `keys/kept` | normalised keys of DNs in common spellings, each in an allocation of its own | the DNs |
//! | `references` | finding references to leavers in the values of records; nearly none has one | the export |
//! | `writer` | writing entries as LDIF | the output |

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use data_encoding::BASE64;
use offboard::directory::references::{Form, SubjectIndex};
use offboard::ldap::dn_key::KeyBuffer;
use offboard::ldap::{AttributeDescription, Dn, DnError, DnKey, Entry, Origin, Value};
use offboard::ldif::lines::LogicalLines;
use offboard::ldif::{LdifError, Record, RecordReader, UrlPolicy, writer};

const USERS: u32 = 200;

fn dn(user: u32) -> String {
    format!("uid=u{user:07},ou=People,o=sesta.com,o=isp")
}

/// Users and a group of them: about 250 kB, the usual size of a block.
fn export() -> String {
    let mut text = String::new();
    let base64 = |value: &str| BASE64.encode(value.as_bytes());
    for user in 0..USERS {
        let name = dn(user);
        let classes = ["top", "person", "organizationalPerson", "inetOrgPerson", "inetUser", "inetMailUser"];
        let classes: String = classes.iter().flat_map(|class| ["objectClass: ", class, "\n"]).collect();
        let about = "A value that is long enough that its writer will fold it, in these \n places. ".repeat(3);
        let [given, surname] = [base64("Jürgen"), base64("Müller")];
        let manager = dn(user / 10);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "dn: {name}\n{classes}uid: u{user:07}\ngivenName:: {given}\nsn:: {surname}\ncn: User {user}\n\
             mail: u{user:07}@sesta.com\nmailHost: mail1.siroe.com\nmanager: {manager}\ninetUserStatus: active\n\
             mailUserStatus: active\nicsStatus: active\ndescription: {about}.\n\
             userPassword: {{SSHA}}uSRLlYBjzFxu4f2nWtXU4XoVdExKSLcSRhYbFw==\n\n"
        );
    }
    text.push_str("dn: cn=all,ou=Groups,o=sesta.com,o=isp\nobjectClass: groupOfUniqueNames\ncn: all\n");
    (0..USERS).for_each(|user| text.extend(["uniqueMember: ", &dn(user), "\n"]));
    text.push('\n');
    text
}

/// Photos, as `slapcat` folds them.
fn photos() -> String {
    let bytes: Vec<u8> = (0..8_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let encoded = BASE64.encode(&bytes);
    let folded: Vec<&str> = (0..encoded.len()).step_by(77).filter_map(|at| encoded.get(at..at + 77)).collect();
    (0..20)
        .fold(String::new(), |text, user| text + "dn: " + &dn(user) + "\njpegPhoto:: " + &folded.join("\n ") + "\n\n")
}

/// The DN of a user in an unusual spelling, for which computing the key is slower.
fn irregular(user: u32) -> String {
    let plain = dn(user);
    match user % 6 {
        0 => plain.replacen("uid=u", r"uid=\75", 1),
        1 => plain.replacen(&format!("u{user:07}"), &format!("\"u{user:07}\""), 1),
        2 => plain.replacen("uid=", r"cn=M\C3\BCller\2C J\C3\BCrgen+uid=", 1),
        3 => plain.replace('=', " = "),
        4 => plain.replacen("uid=", "0.9.2342.19200300.100.1.1=", 1),
        _ => plain.to_uppercase().replace(',', ", "),
    }
}

fn records(text: &str) -> Result<usize, LdifError> {
    let mut values = 0;
    for record in RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse) {
        if let Record::Content(entry) = black_box(record?) {
            values += entry.attributes.len();
        }
    }
    Ok(values)
}

fn lines(text: &str) -> Result<usize, LdifError> {
    let mut reader = LogicalLines::new(text.as_bytes(), 1);
    let (mut record, mut count) = (Vec::new(), 0);
    loop {
        reader.read_record(&mut record)?;
        if record.is_empty() {
            return Ok(count);
        }
        count += black_box(&record).len();
    }
}

fn keys(names: &[String], buffer: &mut KeyBuffer) -> Result<usize, DnError> {
    names.iter().try_fold(0, |sum, name| Ok(sum + buffer.key_of(black_box(name.as_bytes()))?.len()))
}

/// The entries of a text, without lines that are not valid attributes.
fn entries(text: &str) -> Vec<Entry> {
    let records = RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse).filter_map(Result::ok);
    let entry = |record: Record<'_>| {
        let Record::Content(record) = record else { return None };
        let origin = Origin { export: 0, line: record.line };
        let mut entry = Entry { dn: Dn::parse(&record.dn).ok()?, origin, attributes: Vec::new() };
        for line in &record.attributes {
            let description = AttributeDescription::parse(line.description.as_bytes()).ok()?;
            entry.push(description, Value::new(line.value.bytes()));
        }
        Some(entry)
    };
    records.filter_map(entry).collect()
}

/// Counts the references to the subjects in the values of an export.
fn references(text: &str, subjects: &SubjectIndex<usize>, keys: &mut KeyBuffer) -> usize {
    let (mut found, mut count) = (Vec::new(), 0);
    for record in RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse) {
        let Ok(Record::Content(entry)) = record else { continue };
        for line in &entry.attributes {
            let form = match &*line.description {
                "uniqueMember" => Form::NameAndUid,
                "manager" => Form::Name,
                _ => continue,
            };
            if form.find(&line.description, line.value.bytes(), subjects, keys, &mut found).is_ok() {
                count += found.len();
            }
        }
    }
    count
}

fn bytes(texts: &[String]) -> Throughput {
    Throughput::Bytes(texts.iter().map(|text| text.len() as u64).sum())
}

fn reading(bench: &mut Criterion) {
    let (export, photos) = (export(), photos());
    let mut group = bench.benchmark_group("reading");
    group.throughput(Throughput::Bytes(export.len() as u64));
    group.bench_function("lines", |bench| bench.iter(|| lines(&export)));
    group.bench_function("records", |bench| bench.iter(|| records(&export)));
    group.throughput(Throughput::Bytes(photos.len() as u64));
    group.bench_function("records/base64", |bench| bench.iter(|| records(&photos)));
    group.finish();
}

fn names(bench: &mut Criterion) {
    let plain: Vec<String> = (0..USERS).map(dn).collect();
    let irregular: Vec<String> = (0..USERS).map(irregular).collect();
    let mut buffer = KeyBuffer::new();
    let mut group = bench.benchmark_group("keys");
    group.throughput(bytes(&plain));
    group.bench_function("plain", |bench| bench.iter(|| keys(&plain, &mut buffer)));
    group.bench_function("kept", |bench| {
        bench.iter(|| plain.iter().map(|name| DnKey::parse(name.as_bytes())).collect::<Result<Vec<_>, _>>());
    });
    group.throughput(bytes(&irregular));
    group.bench_function("irregular", |bench| bench.iter(|| keys(&irregular, &mut buffer)));
    group.finish();
}

fn finding(bench: &mut Criterion) {
    let export = export();
    let entries = entries(&export);
    let mut subjects = SubjectIndex::default();
    // Two leavers.
    entries.iter().step_by(100).take(2).enumerate().for_each(|(number, entry)| subjects.add(number, entry));
    let mut buffer = KeyBuffer::new();
    let mut group = bench.benchmark_group("references");
    group.throughput(Throughput::Bytes(export.len() as u64));
    group.bench_function("records", |bench| bench.iter(|| references(&export, &subjects, &mut buffer)));
    group.finish();
}

fn writing(bench: &mut Criterion) {
    let entries = entries(&export());
    let mut out = Vec::new();
    let write = |out: &mut Vec<u8>| {
        out.clear();
        for entry in &entries {
            writer::write_entry(out, entry);
        }
    };
    write(&mut out);
    let mut group = bench.benchmark_group("writer");
    group.throughput(Throughput::Bytes(out.len() as u64));
    group.bench_function("entries", |bench| bench.iter(|| write(black_box(&mut out))));
    group.finish();
}

criterion_group!(benches, reading, names, finding, writing);
criterion_main!(benches);
