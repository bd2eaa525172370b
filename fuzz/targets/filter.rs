//! Filters: parsed, written, parsed again, and evaluated on entries.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use offboard::ldap::attribute_types::derived;
use offboard::ldap::filter::{Filter, Truth};
use offboard::ldap::{Dn, Entry, Origin};
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert};

/// Entries with attributes of many syntaxes.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let text = include_bytes!("../../fixtures/scenarios/every-reference/export.ldif");
    RecordReader::new(text, 1, UrlPolicy::Refuse)
        .filter_map(|record| {
            let Ok(Record::Content(record)) = record else { return None };
            let attributes = convert::attributes(&record.attributes).ok()?;
            Some(Entry { dn: Dn::parse(&record.dn).ok()?, origin: Origin::default(), attributes })
        })
        .take(12)
        .collect()
});

fuzz_target!(|text: &str| {
    let Ok(filter) = Filter::parse(text) else { return };
    let written = filter.to_string();
    let again = Filter::parse(&written).unwrap_or_else(|error| panic!("{error}: {written:?} of {text:?}"));
    assert_eq!(again.to_string(), written);
    let mut types = 0;
    filter.for_each_type(&mut |_| types += 1);
    // Each item has its type and the types derived from it.
    assert!(types <= text.len() * (1 + derived().count()), "{types}");
    let not = Filter::Not(Box::new(filter.clone()));
    for entry in &*ENTRIES {
        let truth = filter.evaluate(entry);
        assert_eq!(again.evaluate(entry), truth, "{written}");
        let other = match truth {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Undefined => Truth::Undefined,
        };
        assert_eq!(not.evaluate(entry), other);
    }
});
