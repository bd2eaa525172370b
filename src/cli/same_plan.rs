//! The quick ways come to the plan of the slow ones.
//!
//! | quick | slow |
//! | --- | --- |
//! | records in one walk, only the lines that a pass asks for | every record by the grammar, with all of its lines |
//! | planning again from what the first plan saw | planning again from the exports with the after-state laid over them |

use std::convert::Infallible;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use clap::Parser;
use data_encoding::BASE64;

use super::args::{self, Args, Command};
use super::plan_inputs::{self, PlanInputs};
use crate::directory::Overlay;
use crate::directory::scan::{BlockText, Exports};
use crate::io::exports::ExportFiles;
use crate::io::source::ReadOptions;
use crate::ldap::Entry;
use crate::ldif::{UrlPolicy, writer};
use crate::plan::{Plan, PlanError, plan, plan_again};
use crate::proof::prove;
use crate::render::change_file;
use crate::render::context::RenderContext;

/// Exports in memory.
struct Texts {
    texts: Vec<Vec<u8>>,
    is_thorough: bool,
}

impl Exports for Texts {
    type Error = Infallible;

    fn for_each_block<T: Send>(
        &self,
        work: &(dyn Fn(BlockText<'_>) -> T + Sync),
        take: &mut dyn FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        for (export, bytes) in self.texts.iter().enumerate() {
            let export = u16::try_from(export).unwrap();
            if take(work(BlockText { export, first_line: 1, bytes })).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn is_thorough(&self) -> bool {
        self.is_thorough
    }
}

/// The command line of a scenario, as `tests/offboard.rs` makes it.
fn scenarios() -> Vec<(String, args::Plan)> {
    let mut scenarios = Vec::new();
    for folder in std::fs::read_dir("fixtures/scenarios").unwrap() {
        let folder = folder.unwrap().path();
        let name = folder.to_str().unwrap().to_owned();
        let mut words = ["offboard", "plan", "--as-of", "2026-11-21", "-o", "set", "-p"].map(str::to_owned).to_vec();
        words.push(format!("{name}/policy.toml"));
        let mut exports = Vec::new();
        let mut files: Vec<String> =
            std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        for file in files {
            let path = format!("{name}/{file}");
            let roster = file.strip_prefix("roster-").and_then(|rest| rest.split_once('.'));
            match (file.as_str(), roster) {
                (_, Some((roster, _))) => words.extend(["--roster".to_owned(), format!("{roster}={path}")]),
                ("leavers.csv" | "leavers.txt", _) => words.extend(["-l".to_owned(), path]),
                ("veto.txt", _) => words.extend(["--veto".to_owned(), path]),
                ("export.ldif" | "address-books.ldif", _) => exports.push(path),
                _ => {}
            }
        }
        let more = std::fs::read_to_string(format!("{name}/options.txt")).unwrap_or_default();
        words.extend(more.split_whitespace().map(str::to_owned).chain(exports));
        let Command::Plan(command) = Args::try_parse_from(words).unwrap().command else { panic!("a plan") };
        scenarios.push((name, command));
    }
    scenarios.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(scenarios.len() > 15);
    scenarios
}

/// A plan as text: whatever somebody sees of it.
fn told<E: std::fmt::Debug + std::fmt::Display>(plan: &Result<Plan, PlanError<E>>) -> String {
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => return format!("{error}: {error:?}"),
    };
    let mut text = Vec::new();
    for operation in &plan.operations {
        writer::write_change(&mut text, &operation.record);
        if let Some(inverse) = &operation.inverse {
            writer::write_change(&mut text, inverse);
        }
    }
    let mut told = String::from_utf8_lossy(&text).into_owned();
    let decisions: Vec<String> = plan.accounts.iter().map(|account| format!("{:?}", account.decision)).collect();
    let _ = write!(
        told,
        "{decisions:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        plan.conflicts, plan.decision_items, plan.counted, plan.census, plan.unreadable_values, plan.lost_access
    );
    told
}

/// A generator of numbers that are the same each time (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % end
    }
}

/// The same content in other spellings: folds, base64, case, other names of attributes, blanks, comments, CRLF.
fn respelled(text: &[u8], random: &mut Random) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).unwrap().replace("\r\n", "\n").replace("\n ", "");
    let end = if random.below(3) == 0 { "\r\n" } else { "\n" };
    let mut out = String::new();
    for line in text.lines() {
        let mut line = line.to_owned();
        let plain = line.split_once(": ").filter(|(name, _)| !name.ends_with(':') && !name.starts_with('#'));
        if let Some((name, value)) = plain.map(|(name, value)| (name.to_owned(), value.to_owned())) {
            let is_keyword = ["dn", "version", "changetype"].contains(&name.as_str());
            let other = match name.as_str() {
                _ if is_keyword => name.clone(),
                "uid" if random.below(4) == 0 => "userid".to_owned(),
                "cn" if random.below(4) == 0 => "2.5.4.3".to_owned(),
                "member" if random.below(4) == 0 => "2.5.4.31".to_owned(),
                _ if random.below(4) == 0 => name.to_uppercase(),
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
        if is_text && random.below(5) == 0 {
            // Anywhere behind the first byte, so also inside a name and behind a colon.
            let places: Vec<usize> = line.char_indices().map(|(at, _)| at).skip(1).collect();
            if !places.is_empty() {
                line.insert_str(places[random.below(places.len())], &format!("{end} "));
            }
        }
        out.push_str(&line);
        out.push_str(end);
        if is_text && random.below(20) == 0 {
            let _ = write!(out, "# a comment{end}  that is folded{end}");
        }
    }
    out.into_bytes()
}

/// The options of every subcommand, as they are without any.
fn global() -> args::Global {
    Args::try_parse_from(["offboard", "init", "openldap"]).unwrap().global
}

#[test]
fn the_quick_way_plans_what_the_slow_one_plans() {
    let mut random = Random(0x5eed);
    let mut with_work = 0;
    for (name, command) in scenarios() {
        let Ok(PlanInputs { policy, request, .. }) = plan_inputs::read(&command.inputs, &global()) else {
            panic!("{name}")
        };
        let texts: Vec<Vec<u8>> = command.exports.iter().map(|path| std::fs::read(path).unwrap()).collect();
        let mut planned = 0;
        for round in 0..12 {
            let texts: Vec<Vec<u8>> = if round == 0 {
                texts.clone()
            } else {
                texts.iter().map(|text| respelled(text, &mut random)).collect()
            };
            let by = |is_thorough| {
                let exports = Texts { texts: texts.clone(), is_thorough };
                plan(&exports, UrlPolicy::Refuse, None, &policy, &request)
            };
            let quick = by(false);
            planned += usize::from(quick.as_ref().is_ok_and(|plan| !plan.operations.is_empty()));
            assert_eq!(told(&quick), told(&by(true)), "{name}, round {round}");
        }
        assert!(planned == 0 || planned > 6, "{name}: only {planned} of 12 rounds had something to do");
        with_work += usize::from(planned > 0);
    }
    assert!(with_work > 12, "only {with_work} scenarios have something to do");
}

#[test]
fn planning_again_comes_to_what_reading_again_comes_to() {
    let mut random = Random(0xa9a1);
    for (name, command) in scenarios() {
        let Ok(PlanInputs { policy, request, .. }) = plan_inputs::read(&command.inputs, &global()) else {
            panic!("{name}")
        };
        let Ok(exports) = ExportFiles::open(&command.exports, &ReadOptions::default()) else { panic!("{name}") };
        let planned = plan(&exports, UrlPolicy::Refuse, None, &policy, &request).unwrap_or_else(|_| panic!("{name}"));
        let files = change_file::files(&RenderContext {
            plan: &planned,
            request: &request,
            policy: &policy,
            exports: &command.exports,
            ticket: None,
        });
        let proof = prove(&exports, UrlPolicy::Refuse, None, &policy, &request, &planned, &files);
        let proof = proof.unwrap_or_else(|error| panic!("{name}: {error}"));
        // Half done as well: then there is something left to plan.
        let mut left = 0;
        for round in 0..8 {
            // Deletions only all or none: a tree with a hole is refused.
            let deleted = round % 2 == 0;
            let done = |after: &Option<Arc<Entry>>, random: &mut Random| {
                round == 0 || if after.is_none() { deleted } else { random.below(2) == 0 }
            };
            let after = proof.after.iter().filter(|(_, after)| done(after, &mut random));
            let overlay: Overlay = after.map(|(key, entry)| (key.clone(), entry.clone())).collect();
            let read = plan(&exports, UrlPolicy::Refuse, Some(&overlay), &policy, &request);
            let again = plan_again(&exports, UrlPolicy::Refuse, &planned.seen, &overlay, &policy, &request);
            let operations = |plan: &Result<Plan, PlanError<_>>| {
                plan.as_ref().ok().map(|plan| {
                    let mut text = Vec::new();
                    plan.operations.iter().for_each(|operation| writer::write_change(&mut text, &operation.record));
                    String::from_utf8_lossy(&text).into_owned()
                })
            };
            if matches!(read, Err(PlanError::Incomplete(_))) {
                // A tree with a hole is refused by who sees all of it; the proof has shown that there is none.
                assert!(round > 0, "{name}");
                continue;
            }
            left += usize::from(operations(&read).is_some_and(|text| !text.is_empty()));
            assert_eq!(operations(&again), operations(&read), "{name}, round {round}");
        }
        assert!(left > 0 || proof.after.len() < 3, "{name}: nothing was ever left to plan");
    }
}
