//! The roster reader on `fixtures/rosters`: good files and one malformation each, what they hold and what is doubted.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use offboard::leavers::roster::{Completeness, Roster, RosterError, RosterRules, RosterStatus, Trailer, read};

/// The files of a folder of rosters, sorted.
fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    assert!(!files.is_empty());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
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

/// What a file amounts to, on 21 November 2026, where a roster may be a week old.
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

/// However a good file is cut, its trailer is missed: a part of a roster is never taken for a whole one.
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
                // Cut inside the time of the day, or of its date: nothing of the rows is lost.
                Ok(part) => assert_eq!(part.rows, roster.rows, "{name} cut at byte {cut}"),
            }
        }
    }
    assert!(whole > 10, "{whole} good files");
}
