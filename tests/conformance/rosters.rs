//! The roster reader on `fixtures/rosters`: valid files, files with one fault each, their content and the doubts about
//! them.

use std::fmt::Write as _;
use std::fs;

use jiff::civil::date;
use offboard::leavers::roster::{Completeness, Roster, RosterError, RosterRules, RosterStatus, Trailer, read};

use crate::support::{file_name, root, sorted_paths};

/// The files of a folder of rosters, sorted.
fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = sorted_paths(&root().join("fixtures").join(folder));
    files.retain(|path| path.is_file());
    assert!(!files.is_empty());
    files.iter().map(|path| (file_name(path), fs::read(path).unwrap())).collect()
}

fn rules(trailer: Option<&str>) -> RosterRules {
    RosterRules {
        key: "employeeNumber".to_owned(),
        status: Some("state".to_owned()),
        inactive: vec!["left".to_owned(), "retired".to_owned()],
        active: vec!["active".to_owned()],
        trailer: trailer.map(|pattern| Trailer::parse(pattern).unwrap()),
    }
}

/// The folders, each with the trailer that its files have.
const FOLDERS: [(&str, Option<&str>); 2] =
    [("rosters", Some("# END rows={{ rows }} date={{ date }}")), ("rosters/without-trailer", None)];

fn standing(standing: &RosterStatus) -> String {
    match standing {
        RosterStatus::Active => "active".to_owned(),
        RosterStatus::Inactive => "left".to_owned(),
        RosterStatus::Unknown(value) => format!("unknown `{value}`"),
    }
}

/// The result of reading a file on 21 November 2026, where a roster may be a week old.
fn say(said: &mut String, outcome: &Result<Roster, Vec<RosterError>>) {
    match outcome {
        Ok(roster) => {
            for row in &roster.rows {
                writeln!(said, "    {} {} {}", row.line, row.key, standing(&row.status)).unwrap();
            }
            for fault in &roster.faulty {
                writeln!(said, "    fault: {fault}").unwrap();
            }
            let asked = Completeness { max_age_days: Some(7), ..Completeness::default() };
            for doubt in roster.doubts(&asked, date(2026, 11, 21)) {
                let anyway = if doubt.refuses_anyway() { "refused" } else { "doubted" };
                writeln!(said, "    {anyway}: {doubt}").unwrap();
            }
        }
        Err(errors) => {
            for error in errors {
                writeln!(said, "    error: {error}").unwrap();
            }
        }
    }
}

#[test]
fn what_each_file_comes_to() {
    let mut said = String::new();
    for (folder, trailer) in FOLDERS {
        for (name, text) in fixtures(folder) {
            writeln!(said, "{folder}/{name}").unwrap();
            let outcome = read(&text, &rules(trailer));
            say(&mut said, &outcome);
            assert!(!text.contains(&b'\r'), "{name} has CR already");
            let with_crlf: Vec<u8> = text.iter().fold(Vec::new(), |mut lines, byte| {
                lines.extend((*byte == b'\n').then_some(b'\r').into_iter().chain([*byte]));
                lines
            });
            let with_crlf = read(&with_crlf, &rules(trailer));
            let place = |outcome: &Result<Roster, Vec<RosterError>>| {
                let mut said = String::new();
                say(&mut said, outcome);
                said
            };
            assert_eq!(place(&with_crlf), place(&outcome), "{name}, with CRLF");
        }
    }
    insta::assert_snapshot!(said);
}

/// A valid file that is cut at any place lacks its trailer, and is never taken for a complete roster.
#[test]
fn a_part_is_never_taken_for_the_whole() {
    let [(folder, trailer), _] = FOLDERS;
    let rules = rules(trailer);
    let mut whole = 0;
    for (name, text) in fixtures(folder) {
        let Ok(roster) = read(&text, &rules) else { continue };
        whole += 1;
        let end = text.trim_ascii_end().len();
        for cut in 0..end {
            match read(&text[..cut], &rules) {
                Err(_) => {}
                // Cut inside the time of day or the date: all rows are there.
                Ok(part) => assert_eq!(part.rows, roster.rows, "{name} cut at byte {cut}"),
            }
        }
    }
    assert!(whole > 10, "{whole} good files");
}
