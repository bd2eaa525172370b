//! README and docs are right: every command line in them runs, and prints what they show.
//!
//! | in a document | check |
//! | --- | --- |
//! | a `console` block: lines `$ command`, then output | run in a shell, in a folder of its own for each document; the output is compared |
//! | a line `...` in the output | matches any lines |
//! | a `sh` block with `cargo run --release --` | run with the binary |
//! | `offboard ...` in prose | parsed as a command line: its subcommand and options exist |
//!
//! Commands that need a server are in `sh` blocks; `tests/servers` runs those of the runbook. The day is fixed, and the
//! shell has `/usr/bin`, `/bin` and `offboard` in its PATH.
//!
//! `tests/accept docs::` rewrites what the commands print, and the generated pages.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use clap::{CommandFactory as _, Parser as _};
use offboard::cli::args::Args;
use offboard::plan::ItemCode;
use offboard::plan::completeness::Incomplete;
use serde_json::Value;
use strum::VariantArray as _;

use crate::support::{AS_OF, assert_expected, is_accepting, offboard as binary, paths_with, root, stderr, stdout};

/// README and every page of docs.
fn documents() -> Vec<PathBuf> {
    let mut pages = paths_with(&root().join("docs"), "md");
    pages.insert(0, root().join("README.md"));
    pages
}

/// A fenced block: its language, the number of its first line, and its lines.
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

/// A command of a console block, and the lines of the document that show its output, from 0.
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
        // The documents are of one day, and leave it out where it is not the point.
        let real = env!("CARGO_BIN_EXE_offboard");
        let wrapper = format!(
            "#!/bin/sh\ncase \"$1 $*\" in\n\
             *--as-of*|*--help*) exec {real} \"$@\" ;;\n\
             plan*|explain*|audit*) exec {real} \"$@\" --as-of {AS_OF} --allow-date ;;\n\
             *) exec {real} \"$@\" ;;\nesac\n"
        );
        let bin = place.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::fs::write(bin.join("offboard"), wrapper).unwrap();
        std::fs::set_permissions(bin.join("offboard"), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { place, status: 0 }
    }

    /// What a command prints, standard output and standard error in order.
    fn run(&mut self, command: &str) -> String {
        let bin = self.place.path().join("bin");
        let bin = bin.display();
        // So that `echo $?` prints the status of the command before.
        let script = format!("exec 2>&1\n(exit {})\n{command}\n", self.status);
        let mut shell = Command::new("/bin/sh");
        shell.env_clear().env("PATH", format!("{bin}:/usr/bin:/bin")).env("HOME", self.place.path());
        let output = shell.current_dir(self.place.path()).args(["-c", &script]).output().unwrap();
        self.status = output.status.code().unwrap();
        stdout(&output)
    }
}

/// Whether output is as shown; a line `...` matches any lines.
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

/// Runs every console block, document by document.
#[test]
fn what_is_shown_is_what_is_said() {
    let update = is_accepting();
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
            // A command succeeds (0), or has findings (1), unless the next one shows its status.
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

/// The first command of the README works.
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
        // A command that this test could run belongs into a console block.
        let lines = fence.lines.iter();
        let offboard: Vec<_> = lines.filter(|line| line.trim_start().starts_with("offboard ")).collect();
        assert!(offboard.is_empty(), "{offboard:?}");
    }
    assert_eq!(ran, 1);
    assert!(shell.place.path().join("CHG-1042/report.html").is_file());
}

/// Command lines in prose have subcommands and options that exist.
#[test]
fn command_lines_in_text() {
    let mut read = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        // A code span may continue on the next line. Fenced blocks are not prose.
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
                // Prose leaves arguments out, and has placeholders such as DIR and SHELL.
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

/// The schema of a key without the `false` that removes it from a preset.
fn inner(schema: &Value) -> &Value {
    schema.get("then").unwrap_or(schema)
}

/// The values that a key takes, in words.
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
            return "string, or list of strings".to_owned();
        }
        return format!("{}, `placeholder:<dn>`", words(&forms[0]["enum"]));
    }
    match schema["type"].as_str() {
        Some("array") => match schema["items"].get("enum") {
            Some(known) => format!("list of {}", words(known)),
            None => "list of strings".to_owned(),
        },
        Some("object") => {
            let each = inner(&schema["additionalProperties"]);
            let each = if each.get("$ref").is_some() { takes(each, definitions) } else { "string".to_owned() };
            format!("for each attribute: {each}")
        }
        Some("integer") => "integer".to_owned(),
        Some("number") => "number".to_owned(),
        Some("boolean") => "`true`, `false`".to_owned(),
        _ => "string".to_owned(),
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
         This page is generated from the types that read a policy (`src/policy/file.rs`), by `tests/accept docs::`.\n\n\
         A policy is a TOML file. A key that is not listed here is an error. `offboard init PRESET` prints a preset with comments.\n\
         `offboard policy FILE` prints the policy in force, in which each key has the preset, or the file and line, that it comes from.\n\n\
         A file that names a `preset` is merged over it key by key:\n\n\
         - Tables are merged at every depth, in any notation: `[disable.replace]`, `replace = { ... }`, dotted keys.\n\
         - Arrays of tables (`[[rule]]`, `[[reference]]`) are appended to those of the preset. All other values and lists replace\n\
         \x20 those of the preset.\n\
         - `key = false` removes a key of the preset, unless the key is a boolean.\n\
         - Keys that are attributes are compared as attributes: `SHADOWEXPIRE` replaces `shadowExpire`.\n\
         - An attribute that the file has in a list of `[references]` or in a `[[reference]]` is removed from the other lists of\n\
         \x20 the preset. An attribute in `[disable.replace]` is removed from `[disable.present]` of the preset. An attribute in one\n\
         \x20 key of `[restore]` is removed from the other key of the preset.\n\
         - If the file sets `[grace] days`, but not `mail` or `calendar`, these have the value of `days`.\n\n\
         Placeholders are `{{ as_of }}` and `{{ as_of_time }}` in `[stamp] format`, `{{ uid }}` and `{{ domain }}` in\n\
         `[address_books] root`, and `{{ rows }}` and `{{ date }}` in the `trailer` of a roster. Any other placeholder is an error.\n\n\
         Editors can complete and check a policy with the JSON Schema that `offboard schema policy` prints; see\n\
         [formats.md](formats.md).\n",
    );
    let mut keys = 0;
    let mut row = |text: &mut String, key: &str, schema: &Value, required: bool| {
        let what = schema["description"].as_str().unwrap().replace('\n', " ");
        let must = if required { " Required." } else { "" };
        writeln!(text, "| `{key}` | {} | {what}{must} |", takes(schema, definitions)).unwrap();
        keys += 1;
    };
    let head = "\n| key | value | description |\n| --- | --- | --- |\n";
    text += "\n## At the top of the file\n";
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
            text += "\nEach limit is a table:\n";
            text += head;
            for (key, schema) in definitions["Limit"]["properties"].as_object().unwrap() {
                row(&mut text, key, schema, false);
            }
        }
    }
    assert!(keys > 80, "{keys}");
    assert_expected("docs/policy.md", text.as_bytes());
}

/// docs/decisions.md has the tables from the documentation of the code.
#[test]
fn decision_tables() {
    let mut text = String::from(
        "# What happens to an account\n\n\
         This page has the tables of the modules in `src/lifecycle`, which implement them. It is generated by\n\
         `tests/accept docs::`. `offboard explain` shows which row applies to an account.\n",
    );
    let mut rows = 0;
    for (file, title) in [
        ("state", "The state of an account"),
        ("decision", "What is done today"),
        ("rules", "What a rule allows"),
        ("grace", "How long a disabled account waits"),
        ("service_outcome", "Services, when the grace is over"),
        ("history", "Earlier change sets"),
        ("effective", "The effective status of mail and calendar"),
        ("lint", "Problems in the statuses of an account"),
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
    text += "\n## Decision items\n\n\
             Things that a person must decide, by their codes (`src/plan/item_code.rs`). A plan lists each with its entry, attribute\n\
             and value, and does not change it. The last column has the ways in which such an item can be decided, the usual one first.\n\n\
             | code | why | what to do | decided by |\n| --- | --- | --- | --- |\n";
    for code in ItemCode::VARIANTS {
        let answers: Vec<&str> = code.answers().iter().map(|answer| (*answer).into()).collect();
        let (why, advice) = (code.sentence(), code.advice());
        writeln!(text, "| `{}` | {why} | {advice} | {} |", code.name(), answers.join(", ")).unwrap();
    }
    assert_expected("docs/decisions.md", text.as_bytes());
}

/// docs/references.md lists every code of what exports can lack, and whether it can be accepted.
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
        // `[[rule]]` and the like are already code.
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
