//! Two ways to the same plan give the same plan.
//!
//! | fast | what it is compared with |
//! | --- | --- |
//! | each record in one walk over its bytes, keeping only the lines that a pass asks for | each record by the grammar, with all of its lines |
//! | planning again from what the first plan retained | planning again from the exports with the planned changes applied |
//!
//! Nothing has to select the way. The fast reader leaves a record with a folded attribute description to the grammar, so an
//! export in which every record has one is read the slow way; see [`in_form`].

use std::fmt::Write as _;
use std::sync::Arc;

use data_encoding::BASE64;
use offboard::directory::{ExportsReader, Overlay};
use offboard::io::exports::ExportFiles;
use offboard::io::source::ReadOptions;
use offboard::ldap::Entry;
use offboard::ldif::{AttributeSelection, Record, RecordReader, UrlPolicy, writer};
use offboard::plan::{Plan, PlanError, plan, plan_again};

use crate::support::{Inputs, MemoryExports, Random, cases, plan_text, scenarios};

/// The same content in another notation: folds, base64, case, other names of attributes, blanks, comments, CRLF.
fn respelled(text: &[u8], random: &mut Random) -> String {
    let text = String::from_utf8(text.to_vec()).unwrap().replace("\r\n", "\n").replace("\n ", "");
    let end = if random.one_in(3) { "\r\n" } else { "\n" };
    let mut out = String::new();
    for line in text.lines() {
        let mut line = line.to_owned();
        let plain = line.split_once(": ").filter(|(name, _)| !name.ends_with(':') && !name.starts_with('#'));
        if let Some((name, value)) = plain.map(|(name, value)| (name.to_owned(), value.to_owned())) {
            let is_keyword = ["dn", "version", "changetype"].contains(&name.as_str());
            let other = match name.as_str() {
                _ if is_keyword => name.clone(),
                "uid" if random.one_in(4) => "userid".to_owned(),
                "cn" if random.one_in(4) => "2.5.4.3".to_owned(),
                "member" if random.one_in(4) => "2.5.4.31".to_owned(),
                _ if random.one_in(4) => name.to_uppercase(),
                _ => name.clone(),
            };
            line = match random.below(6) {
                0 if name != "version" => format!("{other}:: {}", BASE64.encode(value.as_bytes())),
                1 => format!("{other}:   {value}"),
                2 if name == "dn" && !value.contains(['"', '\\']) => {
                    format!("DN: {}", value.replace(',', " , ").replace("uid=", "UserID="))
                }
                _ => format!("{other}: {value}"),
            };
        }
        let is_text = !line.is_empty() && !line.starts_with('#');
        if is_text && random.one_in(5) {
            // Anywhere after the first byte, so also inside a name and after a colon.
            let places: Vec<usize> = line.char_indices().map(|(at, _)| at).skip(1).collect();
            if !places.is_empty() {
                line.insert_str(places[random.below(places.len())], &format!("{end} "));
            }
        }
        out.push_str(&line);
        out.push_str(end);
        if is_text && random.one_in(20) {
            let _ = write!(out, "# a comment{end}  that is folded{end}");
        }
    }
    out
}

/// The text with one more physical line in each record, and with every line that counts where it is in the other form.
///
/// In the slow form the line is a fold in the description of the record's first attribute, which the fast reader leaves
/// to the grammar. In the fast form it is a comment after that attribute.
fn in_form(text: &str, slow: bool) -> Vec<u8> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    // Whether the next line that is not a comment or a continuation is a record's first attribute line.
    let mut is_after_name = false;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let continuations = lines[at + 1..].iter().take_while(|next| next.starts_with(' ')).count();
        let logical: Vec<&str> = lines[at..=at + continuations].to_vec();
        at += 1 + continuations;
        let unfolded: String =
            logical.iter().enumerate().map(|(n, part)| if n > 0 { &part[1..] } else { part }).collect();
        let is_name = unfolded.len() > 3 && unfolded.as_bytes()[..3].eq_ignore_ascii_case(b"dn:");
        let is_first = is_after_name && !line.is_empty() && !line.starts_with('#');
        if is_first && slow {
            // After one byte, which is inside the description or right before its colon.
            let _ = write!(out, "{}{end} ", &line[..1]);
            out.push_str(&line[1..]);
        } else {
            out.push_str(line);
        }
        out.push_str(end);
        for part in &logical[1..] {
            let _ = write!(out, "{part}{end}");
        }
        if is_first && !slow {
            let _ = write!(out, "#{end}");
        }
        if line.is_empty() || is_first {
            is_after_name = false;
        } else if is_name {
            is_after_name = true;
        }
    }
    out.into_bytes()
}

/// How many content records of a text the fast reader took: those that it read only in part, where no line is asked
/// for.
fn taken_by_the_fast_reader(text: &[u8]) -> (usize, usize) {
    let nothing = AttributeSelection::default();
    let mut reader = RecordReader::new(text, 1, UrlPolicy::Refuse).only(Some(&nothing));
    let (mut taken, mut records) = (0, 0);
    while let Some(record) = reader.next() {
        if matches!(record, Ok(Record::Content(_))) {
            records += 1;
            taken += usize::from(reader.partial().is_some());
        }
    }
    (taken, records)
}

#[test]
fn the_fast_reader_and_the_grammar_give_the_same_plan() {
    let mut random = Random(0x5eed);
    let rounds = cases(3, 12);
    let mut with_operations = 0;
    let (mut fast_records, mut all_records) = (0, 0);
    for name in scenarios() {
        let Inputs { policy, request, exports } = Inputs::read(&name);
        let texts: Vec<Vec<u8>> = exports.iter().map(|path| std::fs::read(path).unwrap()).collect();
        let mut planned = 0;
        for round in 0..rounds {
            let texts: Vec<String> = if round == 0 {
                texts.iter().map(|text| String::from_utf8(text.clone()).unwrap()).collect()
            } else {
                texts.iter().map(|text| respelled(text, &mut random)).collect()
            };
            let in_form = |slow| texts.iter().map(|text| in_form(text, slow)).collect::<Vec<_>>();
            let [fast, slow] = [false, true].map(in_form);
            for text in &slow {
                assert_eq!(taken_by_the_fast_reader(text).0, 0, "{name}, round {round}: not the slow way");
            }
            for (taken, records) in fast.iter().map(|text| taken_by_the_fast_reader(text)) {
                fast_records += taken;
                all_records += records;
            }
            let [fast, slow] = [fast, slow].map(|texts| {
                plan(ExportsReader::new(&MemoryExports::whole(texts), UrlPolicy::Refuse), &policy, &request)
            });
            planned += usize::from(fast.as_ref().is_ok_and(|plan| !plan.operations.is_empty()));
            assert_eq!(plan_text(&fast), plan_text(&slow), "{name}, round {round}");
        }
        assert!(planned == 0 || 2 * planned > rounds, "{name}: only {planned} of {rounds} rounds had operations");
        with_operations += usize::from(planned > 0);
    }
    assert!(with_operations > 12, "only {with_operations} scenarios have operations");
    assert!(4 * fast_records > all_records, "only {fast_records} of {all_records} records were read the fast way");
}

#[test]
fn planning_again_gives_what_reading_again_gives() {
    let mut random = Random(0xa9a1);
    let rounds = cases(3, 8);
    for name in scenarios() {
        let scenario = Inputs::read(&name);
        let Inputs { policy, request, exports: names } = &scenario;
        let exports = ExportFiles::open(names, &ReadOptions::default()).unwrap();
        let reader = ExportsReader::new(&exports, UrlPolicy::Refuse);
        let planned = plan(reader, policy, request).unwrap_or_else(|_| panic!("{name}"));
        let proof = scenario.prove(reader, &planned, &scenario.change_files(&planned));
        // With all changes applied nothing is left to plan; with half of them something is.
        let mut left = 0;
        for round in 0..rounds {
            // Deletions are applied all or none: a tree with missing parents is refused.
            let deleted = round % 2 == 0;
            let is_applied = |after: &Option<Arc<Entry>>, random: &mut Random| {
                round == 0 || if after.is_none() { deleted } else { random.one_in(2) }
            };
            let after = proof.after.iter().filter(|(_, after)| is_applied(after, &mut random));
            let overlay: Overlay = after.map(|(key, entry)| (key.clone(), entry.clone())).collect();
            let read = plan(reader.with_overlay(Some(&overlay)), policy, request);
            let again = plan_again(reader, &planned.retained, &overlay, policy, request);
            let operations = |plan: &Result<Plan, PlanError<_>>| {
                plan.as_ref().ok().map(|plan| {
                    let mut text = Vec::new();
                    plan.operations.iter().for_each(|operation| writer::write_change(&mut text, &operation.record));
                    String::from_utf8_lossy(&text).into_owned()
                })
            };
            if matches!(read, Err(PlanError::Incomplete(_))) {
                // Only reading again sees a missing parent; the proof has shown that the whole plan leaves none.
                assert!(round > 0, "{name}");
                continue;
            }
            left += usize::from(operations(&read).is_some_and(|text| !text.is_empty()));
            assert_eq!(operations(&again), operations(&read), "{name}, round {round}");
        }
        assert!(left > 0 || proof.after.len() < 3, "{name}: nothing was ever left to plan");
    }
}
