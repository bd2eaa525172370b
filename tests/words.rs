//! User-visible text uses plain words: no string literal, help text, template, preset or document has a phrase of
//! [`AVOIDED`].
//!
//! | source | what is read of it |
//! | --- | --- |
//! | `src/**/*.rs` | string literals without their placeholders, except in test modules |
//! | the command line | the help of every subcommand |
//! | `templates/` | the text without Jinja, HTML tags, scripts and styles |
//! | `src/policy/presets/*.toml` | comments |
//! | `README.md`, `CONTRIBUTING.md`, `CHANGELOG.md`, `docs/**/*.md`, `packaging/*.md` | prose, without fenced blocks and code spans |
//!
//! Fenced blocks are left out because they hold directory data and what commands print, whose words are those of the
//! literals. `cargo test words -- --ignored --nocapture` also counts the phrases in comments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use offboard::cli::args::Args;

use crate::support::{paths_below, root};

/// A phrase that is not used, in lower case.
struct Avoided {
    phrase: &'static str,
    /// What to write.
    instead: &'static str,
    /// Longer phrases with it that are good English.
    except: &'static [&'static str],
}

const fn avoid(phrase: &'static str, instead: &'static str, except: &'static [&'static str]) -> Avoided {
    Avoided { phrase, instead, except }
}

/// The phrases that user-visible text avoids. An apostrophe or hyphen inside a word belongs to it; other punctuation ends a
/// phrase.
const AVOIDED: &[Avoided] = &[
    avoid("stand", "is, appears, contains", &["stand for"]),
    avoid("stands", "is, appears, contains", &["stands for"]),
    avoid("stood", "was, appeared", &["stood for"]),
    avoid("standing", "being, that is", &["standing for"]),
    avoid("somebody", "someone, an account, you", &[]),
    avoid("somebody's", "someone's, an account's", &[]),
    avoid("nobody", "no one, no account", &[]),
    avoid("nobody's", "no one's, no account's", &[]),
    avoid("everybody", "everyone, all accounts", &[]),
    avoid("whoever", "anyone who, the account that", &[]),
    avoid("whatever", "anything that, all, any", &[]),
    avoid("whichever", "any, the one that", &[]),
    avoid("goes", "is deleted, is removed, is written", &["goes to", "goes through"]),
    avoid("gone", "deleted, removed", &[]),
    avoid("is no", "is not a", &["there is no", "is no longer", "this is no"]),
    avoid("are no", "are not", &["there are no", "are no longer", "where are no"]),
    avoid("is none", "is not, is not one", &["there is none"]),
    avoid("are none", "are not", &["there are none"]),
    avoid("none of the", "not one of the, no", &[]),
    avoid("behind", "after, following", &[]),
    avoid("tell", "report, identify, show", &[]),
    avoid("tells", "reports, identifies, shows", &[]),
    avoid("told", "reported, identified, shown", &[]),
    avoid("beside", "next to, as well as, in addition to", &[]),
    avoid("mend", "fix", &[]),
    avoid("mends", "fixes", &[]),
    avoid("mended", "fixed", &[]),
    avoid("otherwise with", "to change this: ...", &[]),
    avoid("otherwise than", "differently from", &[]),
    avoid("held against", "compared with, checked against", &[]),
    avoid("passed over", "skipped", &[]),
    avoid("passes over", "skips", &[]),
    avoid("comes to", "amounts to, gives", &[]),
    avoid("comes of", "results from", &[]),
    avoid("but for", "except", &[]),
    avoid("anew", "again", &[]),
    avoid("for ever", "indefinitely", &[]),
    avoid("so far as", "as far as", &[]),
    avoid("companion", "dependent", &[]),
    avoid("companions", "dependents", &[]),
    avoid("doomed", "to be deleted", &[]),
    // `commadmin domain purge` is a command, and its table has that name.
    avoid("purge", "delete", &["domain purge"]),
    avoid("purged", "deleted", &[]),
    avoid("purges", "deletes", &[]),
    avoid("marked", "disabled", &[]),
    avoid("marks", "disables", &["quotation marks", "byte order marks", "question marks"]),
    avoid("review item", "decision item", &[]),
    avoid("review items", "decision items", &[]),
    avoid("s)", "a real plural: 1 value, 2 values", &[]),
];

/// A use of an avoided phrase that is right where it is.
struct Allowed {
    /// The end of the path.
    path: &'static str,
    /// A part of the text as it is written.
    text: &'static str,
    #[expect(dead_code, reason = "for the reader")]
    reason: &'static str,
}

/// Right uses. An entry that allows nothing any more fails the test.
const ALLOWED: &[Allowed] = &[
    Allowed { path: "src/io/change_set.rs", text: "purge", reason: "the word of a step in format 1 of plan.json" },
    Allowed {
        path: "src/policy/former.rs",
        text: "purge",
        reason: "the former name of a key, which the message replaces",
    },
    Allowed {
        path: "src/directory/membership/placeholder.rs",
        text: "nobody",
        reason: "a value that groups have in place of a member",
    },
    Allowed {
        path: "src/policy/presets/sun-calendar.toml",
        text: "run the purge step",
        reason: "a quotation from Sun's guide",
    },
];

/// A piece of text that a user reads, or a comment.
struct Passage {
    path: PathBuf,
    /// The line where it begins, from 1.
    line: usize,
    text: String,
}

/// An avoided phrase in a passage.
struct Finding<'p> {
    passage: &'p Passage,
    avoided: &'static Avoided,
}

/// The words of a text in lower case between single blanks. Punctuation becomes `.`, so that a phrase does not go over
/// the end of a clause; the plural in parentheses becomes the word `s)`.
fn normalized(text: &str) -> String {
    let text = text.to_lowercase().replace("(s)", " s) ").replace("(es)", " s) ");
    let mut words = String::from(" ");
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let last = words.chars().next_back().unwrap_or(' ');
        match character {
            'a'..='z' | '0'..='9' | '\'' | '_' => words.push(character),
            // A word with a hyphen is one word, such as `stand-alone` and codes.
            '-' if last.is_alphanumeric() && characters.peek().is_some_and(|next| next.is_alphanumeric()) => {
                words.push(character);
            }
            ')' if words.ends_with(" s") => words.push(character),
            _ if character.is_whitespace() => {
                if last != ' ' {
                    words.push(' ');
                }
            }
            _ => words.push_str(if last == ' ' { ". " } else { " . " }),
        }
    }
    words.push(' ');
    words
}

fn findings(passages: &[Passage]) -> Vec<Finding<'_>> {
    let mut findings = Vec::new();
    for passage in passages {
        let words = normalized(&passage.text);
        for avoided in AVOIDED {
            let phrase = format!(" {} ", avoided.phrase);
            if !words.contains(&phrase) {
                continue;
            }
            let rest =
                avoided.except.iter().fold(words.clone(), |rest, good| rest.replace(&format!(" {good} "), " . "));
            findings.extend((0..rest.matches(&phrase).count()).map(|_| Finding { passage, avoided }));
        }
    }
    findings
}

/// The files at any depth below a folder of the repository with this extension; none if there is no such folder.
fn files_below(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = root().join(folder);
    if folder.is_dir() { paths_below(&folder, extension) } else { Vec::new() }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// What a Rust source holds besides code.
#[derive(Default)]
struct RustTexts {
    literals: Vec<(usize, String)>,
    comments: Vec<(usize, String)>,
}

/// The string literals and comments of a Rust source, each with its line. Reading ends at a module of tests.
fn rust_texts(source: &str) -> RustTexts {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut texts = RustTexts::default();
    let bytes = source.as_bytes();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &source[at..];
        let start = at;
        if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            let text = rest[..end].trim_start_matches(['/', '!']);
            match texts.comments.last_mut() {
                // A comment of several lines is one text.
                Some((last, all)) if *last + all.matches('\n').count() + 1 == line => {
                    all.push('\n');
                    all.push_str(text);
                }
                _ => texts.comments.push((line, text.to_owned())),
            }
            at += end;
        } else if let Some(hashes) = raw_literal(rest) {
            let begin = rest.find('"').map_or(rest.len(), |quote| quote + 1);
            let close = format!("\"{}", "#".repeat(hashes));
            let length = rest[begin..].find(&close).unwrap_or(rest.len() - begin);
            texts.literals.push((line, rest[begin..begin + length].to_owned()));
            at += (begin + length + close.len()).min(rest.len());
        } else if rest.starts_with('"') {
            let mut text = String::new();
            let mut characters = rest.char_indices().skip(1);
            let mut end = rest.len();
            while let Some((place, character)) = characters.next() {
                match character {
                    '"' => {
                        end = place + 1;
                        break;
                    }
                    // An escape separates words, or is inside one.
                    '\\' => match characters.next() {
                        Some((_, 'u' | 'x')) => text.push('.'),
                        Some((_, 'n' | 't' | 'r')) => text.push('\n'),
                        Some((_, character)) if character != '\n' => text.push(character),
                        _ => {}
                    },
                    _ => text.push(character),
                }
            }
            texts.literals.push((line, text));
            at += end;
        } else if let Some(length) = character_literal(rest) {
            at += length;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
        line += source[start..at].matches('\n').count();
    }
    texts
}

/// How many `#` a raw string literal has that begins here. The letter before it belongs to no name.
fn raw_literal(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The length of a character literal that begins here; a lifetime is none.
fn character_literal(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let length = match inside.strip_prefix('\\') {
        Some(escaped) => 1 + escaped.char_indices().skip(1).find(|(_, character)| *character == '\'')?.0,
        None => inside.chars().next()?.len_utf8(),
    };
    inside[length..].starts_with('\'').then_some(length + 2)
}

/// A text without what is between two marks.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        out.push_str(before);
        // Line breaks stay, so that line numbers do.
        let (inside, after) = after.split_once(close).unwrap_or((after, ""));
        out.push('.');
        out.extend(inside.chars().filter(|character| *character == '\n'));
        rest = after;
    }
    out + rest
}

/// The paragraphs of a text: lines up to a blank one, or a line of a table or list.
fn paragraphs(path: &Path, text: &str) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let mut is_open = false;
    for (index, line) in text.lines().enumerate() {
        let begins = line.trim_start().starts_with(['|', '-', '#']);
        match passages.last_mut() {
            _ if line.trim().is_empty() => is_open = false,
            Some(passage) if is_open && !begins => {
                passage.text.push('\n');
                passage.text.push_str(line);
            }
            _ => {
                passages.push(Passage { path: path.to_owned(), line: index + 1, text: line.to_owned() });
                is_open = true;
            }
        }
    }
    passages
}

/// The prose of a Markdown document.
fn markdown(path: &Path) -> Vec<Passage> {
    let mut is_fenced = false;
    let mut prose = String::new();
    for line in read(path).lines() {
        let is_fence = line.trim_start().starts_with("```");
        if !is_fenced && !is_fence {
            prose.push_str(line);
        }
        is_fenced ^= is_fence;
        prose.push('\n');
    }
    let mut passages = paragraphs(path, &prose);
    for passage in &mut passages {
        passage.text = without(&passage.text, "`", "`");
    }
    passages
}

/// Everything that a user reads.
fn visible() -> Vec<Passage> {
    let mut passages = Vec::new();
    for path in files_below("src", "rs").into_iter().filter(|path| !path.ends_with("tests.rs")) {
        for (line, text) in rust_texts(&read(&path)).literals {
            passages.push(Passage { path: path.clone(), line, text: without(&text, "{", "}") });
        }
    }
    for path in files_below("templates", "j2") {
        let marks =
            [("<script", "</script>"), ("<style", "</style>"), ("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("<", ">")];
        let text = marks.iter().fold(read(&path), |text, (open, close)| without(&text, open, close));
        passages.extend(paragraphs(&path, &without(&text, "`", "`")));
    }
    for path in files_below("src/policy/presets", "toml") {
        let comment = |line: &str| line.split_once('#').map_or(String::new(), |(_, comment)| comment.to_owned());
        let comments: Vec<String> = read(&path).lines().map(comment).collect();
        passages.extend(paragraphs(&path, &comments.join("\n")));
    }
    let mut documents: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].iter().map(|name| root().join(name)).collect();
    documents.extend(["docs", "packaging"].iter().flat_map(|folder| files_below(folder, "md")));
    passages.extend(documents.iter().filter(|path| path.is_file()).flat_map(|path| markdown(path)));
    let mut program = Args::command();
    program.build();
    for command in program.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        let path = PathBuf::from(format!("offboard {} --help", command.get_name()));
        passages.extend(paragraphs(&path, &command.render_long_help().to_string()));
    }
    passages
}

/// The lines of a text that have the first word of a phrase.
fn lines_with(text: &str, phrase: &str) -> String {
    let word = phrase.split([' ', ')']).next().unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| normalized(line).contains(word));
    lines.collect::<Vec<_>>().join("\n    ")
}

/// A path as it is shown: relative to the repository.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// How often each phrase is in some passages, the most frequent first.
fn counts(passages: &[Passage]) -> Vec<(usize, &'static str)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings(passages) {
        *counts.entry(finding.avoided.phrase).or_default() += 1;
    }
    let mut counts: Vec<(usize, &str)> = counts.into_iter().map(|(phrase, count)| (count, phrase)).collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    counts
}

#[test]
fn visible_text_uses_plain_words() {
    let passages = visible();
    assert!(passages.len() > 3000, "only {} passages were read", passages.len());
    let mut used = vec![false; ALLOWED.len()];
    let mut wrong = Vec::new();
    for Finding { passage, avoided } in findings(&passages) {
        let path = shown(&passage.path);
        let allowed = ALLOWED.iter().position(|allowed| {
            path.ends_with(allowed.path)
                && passage.text.contains(allowed.text)
                && normalized(allowed.text).contains(&format!(" {} ", avoided.phrase))
        });
        match allowed {
            Some(allowed) => used[allowed] = true,
            None => wrong.push(format!(
                "{path}:{}: `{}`; write: {}\n    {}",
                passage.line,
                avoided.phrase,
                avoided.instead,
                lines_with(&passage.text, avoided.phrase)
            )),
        }
    }
    for (allowed, _) in ALLOWED.iter().zip(used).filter(|(_, used)| !used) {
        wrong.push(format!("ALLOWED has an entry without a use: {}: {}", allowed.path, allowed.text));
    }
    assert!(
        wrong.is_empty(),
        "{} avoided phrases in text that users read (tests/words.rs):\n{}\n{:?}",
        wrong.len(),
        wrong.join("\n"),
        counts(&passages)
    );
}

#[test]
#[ignore = "prints how often the phrases are in visible text and in comments"]
fn count_phrases() {
    let mut comments = Vec::new();
    for path in ["src", "tests", "fuzz", "benches"].iter().flat_map(|folder| files_below(folder, "rs")) {
        for (line, text) in rust_texts(&read(&path)).comments {
            comments.push(Passage { path: path.clone(), line, text: without(&text, "`", "`") });
        }
    }
    eprintln!("visible text: {:?}", counts(&visible()));
    eprintln!("comments: {:?}", counts(&comments));
    for Finding { passage, avoided } in findings(&comments) {
        eprintln!("{}:{}: {}", shown(&passage.path), passage.line, avoided.phrase);
    }
}

#[test]
fn phrases_are_found_in_their_words() {
    let found = |text: &str| {
        let passage = Passage { path: PathBuf::new(), line: 1, text: text.to_owned() };
        findings(&[passage]).iter().map(|finding| finding.avoided.phrase).collect::<Vec<_>>()
    };
    assert_eq!(found("It stands there; nobody\nunderstands."), ["stands", "nobody"]);
    assert_eq!(found("`...` stands for any lines. There is no entry, and it is no longer here."), [""; 0]);
    assert_eq!(found("That is no entry, it is. No entry."), ["is no"]);
    assert_eq!(found("2 value(s), 3 (so)"), ["s)"]);
}

#[test]
fn literals_and_comments_of_rust_are_found() {
    let source = "// one\n// two\nlet a = \"x \\\"y\\\" \\\n   z\"; // three\nlet b: &'a str = r#\"raw \"text\" here\"#;\n\
                  let c = '\"'; let d = '\\''; call(b\"bytes\");\n#[cfg(test)]\nmod tests { \"no\" }\n";
    let texts = rust_texts(source);
    let literals: Vec<(usize, &str)> = texts.literals.iter().map(|(line, text)| (*line, text.as_str())).collect();
    assert_eq!(literals, [(3, "x \"y\"    z"), (5, "raw \"text\" here"), (6, "bytes")]);
    let comments: Vec<(usize, &str)> = texts.comments.iter().map(|(line, text)| (*line, text.as_str())).collect();
    assert_eq!(comments, [(1, " one\n two"), (4, " three")]);
}
