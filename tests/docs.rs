//! What README and docs say is so: every command line in them runs, and says what they show.
//!
//! | in a document | is |
//! | --- | --- |
//! | a fence `console`: lines `$ command`, then what it says | run in a shell, in a folder of its own for each document, and compared |
//! | a line `...` in what it says | any lines |
//! | a fence `sh` with `cargo run --release --` | run as the binary |
//! | `offboard ...` in a line of text | read as a command line: it has these words and options |
//!
//! Commands that need a server stand in fences `sh`; `tests/servers` runs those of the runbook. The day is fixed, and
//! the shell has the programs of a system and `offboard`, no more.
//!
//! `UPDATE_EXPECTED=1 cargo test docs` writes what the commands say, and the generated pages, again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say so")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{CommandFactory as _, Parser as _};
use offboard::cli::args::Args;
use offboard::plan::completeness::Incomplete;
use serde_json::Value;

use crate::offboard::{offboard as binary, root, stderr, stdout};

/// README and every page of docs.
fn documents() -> Vec<PathBuf> {
    let pages = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = pages.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.sort();
    pages.insert(0, root().join("README.md"));
    pages
}

/// A fence: its word, the line behind the opening one, and its lines.
struct Fence<'t> {
    word: &'t str,
    at: usize,
    lines: Vec<&'t str>,
}

fn fences(text: &str) -> Vec<Fence<'_>> {
    let mut fences: Vec<Fence<'_>> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), open) {
            (Some(word), false) => {
                open = true;
                fences.push(Fence { word: word.trim(), at: at + 1, lines: Vec::new() });
            }
            (Some(_), true) => open = false,
            (None, true) => fences.last_mut().unwrap().lines.push(line),
            (None, false) => {}
        }
    }
    assert!(!open, "a fence is not closed");
    fences
}

/// A command of a console fence, with the place of what it says: line numbers of the document, from 0.
struct Step {
    command: String,
    says: std::ops::Range<usize>,
}

fn steps(fence: &Fence<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for (offset, line) in fence.lines.iter().enumerate() {
        let next = fence.at + offset + 1;
        if goes_on || line.starts_with("$ ") {
            let part = line.strip_prefix("$ ").filter(|_| !goes_on).unwrap_or(line);
            if goes_on {
                let step = steps.last_mut().unwrap();
                write!(step.command, "\n{part}").unwrap();
                step.says = next..next;
            } else {
                steps.push(Step { command: part.to_owned(), says: next..next });
            }
            goes_on = part.ends_with('\\');
        } else {
            steps.last_mut().expect("a console fence begins with a command").says.end = next;
        }
    }
    steps
}

/// A folder with the repository's fixtures, and a shell in it.
struct Shell {
    place: tempfile::TempDir,
    status: i32,
}

impl Shell {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        for name in ["fixtures", "schemas"] {
            std::os::unix::fs::symlink(root().join(name), place.path().join(name)).unwrap();
        }
        Self { place, status: 0 }
    }

    /// What a command says, on both outputs in order.
    fn run(&mut self, command: &str) -> String {
        let bin = Path::new(env!("CARGO_BIN_EXE_offboard")).parent().unwrap().display();
        // `echo $?` speaks of the command before.
        let script = format!("exec 2>&1\n(exit {})\n{command}\n", self.status);
        let mut shell = Command::new("/bin/sh");
        shell.env_clear().env("PATH", format!("{bin}:/usr/bin:/bin")).env("HOME", self.place.path());
        // 2026-11-21, noon.
        shell.env("SOURCE_DATE_EPOCH", "1795262400");
        let output = shell.current_dir(self.place.path()).args(["-c", &script]).output().unwrap();
        self.status = output.status.code().unwrap();
        stdout(&output)
    }
}

/// Whether text is as shown, where a line `...` stands for any lines.
fn is_as_shown(shown: &[&str], said: &[&str]) -> bool {
    match shown.split_first() {
        None => said.is_empty(),
        Some((&"...", rest)) => (0..=said.len()).any(|skipped| is_as_shown(rest, &said[skipped..])),
        Some((line, rest)) => said.split_first().is_some_and(|(first, said)| first == line && is_as_shown(rest, said)),
    }
}

#[test]
fn dots_stand_for_any_lines() {
    for (shown, said, expected) in [
        (&["a", "b"][..], &["a", "b"][..], true),
        (&["a"], &["a", "b"], false),
        (&["a", "..."], &["a", "b"], true),
        (&["...", "b"], &["a", "b"], true),
        (&["a", "...", "c"], &["a", "c"], true),
        (&["a", "...", "c"], &["a", "b"], false),
        (&[], &["a"], false),
    ] {
        assert_eq!(is_as_shown(shown, said), expected, "{shown:?} {said:?}");
    }
}

/// Every console fence, in order, document by document.
#[test]
fn what_is_shown_is_what_is_said() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let (mut commands, mut compared, mut faults) = (0, 0, String::new());
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let mut written: Vec<String> = Vec::new();
        let mut copied = 0;
        let mut shell = Shell::new();
        for step in fences(&text).iter().filter(|fence| fence.word == "console").flat_map(steps) {
            let said = shell.run(&step.command);
            let said: Vec<&str> = said.lines().collect();
            let shown = &lines[step.says.clone()];
            commands += 1;
            compared += usize::from(!shown.is_empty());
            let status = shell.status;
            // Whatever is shown, a command that is only shown ends well: 0, or 1 with findings.
            if !matches!(status, 0 | 1) && lines[step.says.end..].first().is_none_or(|next| *next != "$ echo $?") {
                writeln!(faults, "{}: {}\nstatus {status}:\n{said:#?}", path.display(), step.command).unwrap();
            }
            let fits = is_as_shown(shown, &said);
            written.extend(lines[copied..step.says.start].iter().map(|line| (*line).to_owned()));
            if fits || shown.contains(&"...") || !update {
                written.extend(shown.iter().map(|line| (*line).to_owned()));
            } else {
                written.extend(said.iter().map(|line| (*line).to_owned()));
            }
            copied = step.says.end;
            if !fits && (!update || shown.contains(&"...")) {
                let said = said.join("\n");
                writeln!(faults, "{}:{}: {}\n{said}\n", path.display(), step.says.start, step.command).unwrap();
            }
        }
        written.extend(lines[copied..].iter().map(|line| (*line).to_owned()));
        if update {
            std::fs::write(&path, written.join("\n") + "\n").unwrap();
        }
    }
    assert!(faults.is_empty(), "{faults}");
    assert!(commands >= 40 && compared >= 30, "{commands} commands, {compared} of them with what they say");
}

/// The command of the first paragraph, with which somebody begins.
#[test]
fn cargo_run_in_the_readme() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut shell = Shell::new();
    let mut ran = 0;
    for fence in fences(&text).iter().filter(|fence| fence.word == "sh") {
        let command = fence.lines.join("\n");
        if let Some(rest) = command.strip_prefix("cargo run --release -- ") {
            let said = shell.run(&format!("offboard {rest}"));
            assert!(matches!(shell.status, 0 | 1), "{said}");
            ran += 1;
        }
        // What could be run is in a console fence.
        let lines = fence.lines.iter();
        let offboard: Vec<_> = lines.filter(|line| line.trim_start().starts_with("offboard ")).collect();
        assert!(offboard.is_empty(), "{offboard:?}");
    }
    assert_eq!(ran, 1);
    assert!(shell.place.path().join("CHG-1042/report.html").is_file());
}

/// Command lines in running text have subcommands and options that there are.
#[test]
fn command_lines_in_text() {
    let mut read = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        // A span may go over the end of a line; fences are looked at elsewhere.
        let mut prose = String::new();
        let mut inside = false;
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                inside = !inside;
            } else if !inside {
                write!(prose, "{line} ").unwrap();
            }
        }
        for span in prose.split('`').skip(1).step_by(2).filter(|span| span.starts_with("offboard ")) {
            let words = span.split_whitespace().filter(|word| !matches!(*word, "..." | "\\|"));
            let words: Vec<&str> = words.map(|word| word.trim_matches(['\'', '[', ']'])).collect();
            if let Err(error) = Args::try_parse_from(words) {
                use clap::error::ErrorKind::{
                    DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion, InvalidValue,
                    MissingRequiredArgument,
                };
                let kind = error.kind();
                // Text shortens, and says DIR and SHELL.
                let short = [
                    DisplayHelp,
                    DisplayHelpOnMissingArgumentOrSubcommand,
                    DisplayVersion,
                    InvalidValue,
                    MissingRequiredArgument,
                ];
                assert!(short.contains(&kind), "{}: `{span}`: {error}", path.display());
            }
            read += 1;
        }
    }
    assert!(read >= 15, "{read}");
}

/// Each subcommand shows an example in its help, and has a manual page and completions.
#[test]
fn help_manual_and_completions() {
    let mut program = Args::command();
    program.build();
    let commands: Vec<&clap::Command> = program.get_subcommands().filter(|sub| sub.get_name() != "help").collect();
    assert!(commands.len() >= 15);
    for command in &commands {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let example = format!("offboard {} ", command.get_name());
        assert!(help.contains("Example") && help.contains(&example), "{}: {help}", command.get_name());
    }
    let place = tempfile::tempdir().unwrap();
    let output = binary().arg("man").arg(place.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    for command in &commands {
        let page = place.path().join(format!("offboard-{}.1", command.get_name()));
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(text.contains("\n.SH EXAMPLES\n.nf\nExample") && text.contains("\n.SH SYNOPSIS"), "{}", page.display());
    }
    assert!(place.path().join("offboard.1").is_file());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = binary().args(["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{shell}");
        let text = stdout(&output);
        for command in &commands {
            assert!(text.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
    }
    let missing = binary().args(["man", "no/such/folder"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
}

/// A page that is made, not written.
fn generated(path: &str, text: &str) {
    let path = root().join(path);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{} is not what the types give: UPDATE_EXPECTED=1 cargo test docs", path.display());
}

/// What a key takes besides `false`, which takes it away from a preset.
fn inner(schema: &Value) -> &Value {
    schema.get("then").unwrap_or(schema)
}

/// What a key takes, in words.
fn takes(schema: &Value, definitions: &Value) -> String {
    let schema = inner(schema);
    let words = |words: &Value| {
        let words = words.as_array().unwrap().iter().map(|word| format!("`{}`", word.as_str().unwrap()));
        words.collect::<Vec<_>>().join(", ")
    };
    if let Some(name) = schema["$ref"].as_str() {
        let definition = definitions.get(name.trim_start_matches("#/$defs/")).unwrap();
        let keys: Vec<&str> = definition["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        return format!("table: `{}`", keys.join("`, `"));
    }
    if let Some(known) = schema.get("enum") {
        return words(known);
    }
    if let Some(forms) = schema["anyOf"].as_array() {
        if forms[0].get("enum").is_none() {
            return "text, or list of texts".to_owned();
        }
        return format!("{}, `placeholder:<dn>`", words(&forms[0]["enum"]));
    }
    match schema["type"].as_str() {
        Some("array") => match schema["items"].get("enum") {
            Some(known) => format!("list of {}", words(known)),
            None => "list of texts".to_owned(),
        },
        Some("object") => {
            let each = inner(&schema["additionalProperties"]);
            let each = if each.get("$ref").is_some() { takes(each, definitions) } else { "text".to_owned() };
            format!("for each attribute: {each}")
        }
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("boolean") => "`true`, `false`".to_owned(),
        _ => "text".to_owned(),
    }
}

/// docs/policy.md: a table for each section, from the schema.
#[test]
fn policy_reference() {
    let output = binary().args(["schema", "policy"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    let definitions = &schema["$defs"];
    let mut text = String::from(
        "# The policy, key by key\n\n\
         Made from the types that read it (`src/policy/file.rs`); `UPDATE_EXPECTED=1 cargo test docs` writes it again. A\n\
         policy is TOML. A key that is not listed here is an error. `offboard init PRESET` prints a preset with comments,\n\
         `offboard policy FILE` the policy in force: each key with the preset, or the file and line, that it comes from.\n\n\
         A file that names a `preset` is merged over it key by key:\n\n\
         - Tables merge at every depth, however they are written: `[disable.replace]`, `replace = { ... }`, dotted keys.\n\
         - Arrays of tables (`[[rule]]`, `[[reference]]`) are appended to the preset's; other values and lists replace.\n\
         - `key = false` takes a key of the preset away, unless the key takes `true` or `false` itself.\n\
         - Keys that are attributes are compared as such: `SHADOWEXPIRE` replaces `shadowExpire`.\n\
         - An attribute that the file has in a list of `[references]` or in a `[[reference]]` leaves the preset's other lists;\n\
         \x20 one in `[disable.replace]` leaves the preset's `[disable.present]`; one in `[restore]` leaves the preset's other key there.\n\
         - `[grace] mail` and `calendar` follow `days` where the file sets `days` alone.\n\n\
         Placeholders: `{{ as_of }}` and `{{ as_of_time }}` in `[stamp] format`, `{{ uid }}` and `{{ domain }}` in\n\
         `[address_books] root`, `{{ rows }}` and `{{ date }}` in the `trailer` of a roster. Any other is an error.\n\n\
         Editors complete and check a policy by `offboard schema policy`; see [formats.md](formats.md).\n",
    );
    let mut keys = 0;
    let mut row = |text: &mut String, key: &str, schema: &Value, required: bool| {
        let what = schema["description"].as_str().unwrap().replace('\n', " ");
        let must = if required { " Required." } else { "" };
        writeln!(text, "| `{key}` | {} | {what}{must} |", takes(schema, definitions)).unwrap();
        keys += 1;
    };
    let head = "\n| key | takes | what it says |\n| --- | --- | --- |\n";
    text += "\n## Before the first section\n";
    text += head;
    row(&mut text, "preset", &schema["properties"]["preset"], false);
    for (name, whole) in schema["properties"].as_object().unwrap() {
        let section = inner(whole);
        let (title, of) = if let Some(of) = section["$ref"].as_str() {
            (format!("[{name}]"), of)
        } else if let Some(of) = inner(&section["additionalProperties"])["$ref"].as_str() {
            (format!("[{name}.NAME]"), of)
        } else if let Some(of) = section["items"]["$ref"].as_str() {
            (format!("[[{name}]]"), of)
        } else if section.get("properties").is_some() {
            (format!("[{name}]"), "")
        } else {
            continue;
        };
        let what = whole["description"].as_str().unwrap().replace('\n', " ");
        write!(text, "\n## `{title}`\n\n{what}\n{head}").unwrap();
        let definition = definitions.get(of.trim_start_matches("#/$defs/")).unwrap_or(section);
        let required = definition["required"].as_array().cloned().unwrap_or_default();
        for (key, schema) in definition["properties"].as_object().unwrap() {
            row(&mut text, key, schema, required.iter().any(|name| name == key));
        }
        if of.is_empty() {
            text += "\nEach is a table:\n";
            text += head;
            for (key, schema) in definitions["Limit"]["properties"].as_object().unwrap() {
                row(&mut text, key, schema, false);
            }
        }
    }
    assert!(keys > 80, "{keys}");
    generated("docs/policy.md", &text);
}

/// docs/decisions.md: the tables that stand above the code.
#[test]
fn decision_tables() {
    let mut text = String::from(
        "# What becomes of an account\n\n\
         The tables that stand above the code which follows them (`src/lifecycle`), and nothing else;\n\
         `UPDATE_EXPECTED=1 cargo test docs` writes them again. `offboard explain` says of one account which row counts.\n",
    );
    let mut rows = 0;
    for (file, title) in [
        ("state", "Where it is"),
        ("decision", "What is done today"),
        ("rules", "What a rule makes of it"),
        ("grace", "How long it waits"),
        ("service_outcome", "Services, when the grace is over"),
        ("history", "What earlier change sets say"),
        ("effective", "Whether its mail and calendar work"),
        ("lint", "What is odd about its statuses"),
    ] {
        let code = std::fs::read_to_string(root().join(format!("src/lifecycle/{file}.rs"))).unwrap();
        write!(text, "\n## {title}\n\n").unwrap();
        for line in code.lines().map_while(|line| line.strip_prefix("//!")) {
            let line = line.strip_prefix(' ').unwrap_or(line);
            rows += usize::from(line.starts_with('|'));
            writeln!(text, "{}", without_links(line)).unwrap();
        }
    }
    assert!(rows > 90, "{rows}");
    generated("docs/decisions.md", &text);
}

/// Links of rustdoc lead nowhere on a page.
/// docs/references.md: every code of what exports lack, and whether it can be accepted.
#[test]
fn completeness_codes() {
    let text = std::fs::read_to_string(root().join("docs/references.md")).unwrap();
    let table = text.lines().skip_while(|line| *line != "| code | what is lacking | without it |").skip(2);
    let rows: Vec<Vec<&str>> = table
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let codes: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(codes, Incomplete::CODES);
    for row in &rows {
        let says = row[2].contains("can be accepted") || row[0] == "operational";
        assert_eq!(says, Incomplete::ACCEPTABLE.contains(&row[0]), "{row:?}");
    }
}

fn without_links(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("[`") {
        let (before, link) = rest.split_at(at);
        text += before;
        let Some(end) = link.find("`]") else {
            rest = link;
            break;
        };
        // `[[rule]]` and the like are code already, and never begin so.
        text += &link[1..=end];
        rest = &link[end + 2..];
        if rest.starts_with("(super::")
            && let Some(close) = rest.find(')')
        {
            rest = &rest[close + 1..];
        }
    }
    text + rest
}

/// docs/dependencies.md has a row for each dependency of Cargo.toml, and no other.
#[test]
fn dependencies_are_justified() {
    let manifest: toml::Table = std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let names = |table: &str| -> Vec<String> { manifest[table].as_table().unwrap().keys().cloned().collect() };
    let mut wanted = [names("dependencies"), names("dev-dependencies")].concat();
    let text = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows: Vec<(&str, &str)> = rows.collect();
    for (name, why) in &rows {
        let cells: Vec<&str> = why.trim_end_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.len() == 3 && cells.iter().all(|cell| cell.len() > 2), "{name}: {cells:?}");
    }
    let mut found: Vec<String> = rows.iter().map(|(name, _)| (*name).to_owned()).collect();
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
    assert!(found.len() > 20);
}
