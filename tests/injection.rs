//! Hostile text in every place that text can come from stays text in every output: no value, DN, ticket, file name or
//! cell begins a line of LDIF, leaves a comment, closes a construct of HTML or Markdown, adds a word to a command,
//! controls a terminal, or becomes a formula.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use data_encoding::BASE64;
use offboard::ldif::{Record, RecordReader, UrlPolicy};

use crate::support::runbook::runbook_blocks;
use crate::support::{AS_OF, by_turns, files, offboard, stderr};

/// The hostile texts, one of each kind. Each is put into every place.
const HOSTILE: [&str; 36] = [
    "a\ndn: o=x\nchangetype: delete\n",
    "a\r\n-\r\ndelete: member\r\n",
    "a\n\n# x\ndn: o=x\nchangetype: delete",
    "a\u{85}dn: o=x\u{85}changetype: delete",
    "a\u{2028}dn: o=x\u{2029}b",
    "a\u{202e}ecila\u{2066}b\u{2069}\u{200b}\u{feff}",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "\u{9b}31m\u{7f}\u{8}\u{8}",
    "a\tb\u{b}c\u{c}d",
    "--><script>alert(1)</script><!--",
    "--!><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</style></title></textarea><svg onload=alert(1)>",
    "]]><x>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "&lt;b&gt; &#60;script&#62; &amp;",
    "javascript:alert(1)",
    "[x](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "<http://evil.example/> http://evil.example/",
    "```\n\n```sh\ntouch PWNED\n```",
    "~~~ `` ` *a* _b_ **c** ~~d~~",
    "| a | b |\n| --- | --- |",
    "a|b\\|c\\\\|d",
    "# heading",
    "- [ ] item",
    "$(touch PWNED)",
    "`touch PWNED`",
    "'; touch PWNED; '",
    "\"; touch PWNED; \"",
    "a; touch PWNED & b | c > d < e",
    "-rf",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "{{ 7 * 7 }}{% raw %}${7*7}%s%n!!~",
    "a\\",
];

/// A harmless text, for outputs to compare with.
const PLAIN: &str = "plain";

fn line(name: &str, value: &str) -> String {
    format!("{name}:: {}\n", BASE64.encode(value.as_bytes()))
}

/// A value in a name (RFC 4514): every byte that is not a letter or digit is escaped.
fn escaped(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => text.push(char::from(byte)),
            _ => write!(text, "\\{byte:02X}").unwrap(),
        }
        text
    })
}

/// The same value with only the escapes that RFC 4514 requires.
fn open(value: &str) -> String {
    let mut text = String::new();
    for (at, character) in value.char_indices() {
        let ends = at + character.len_utf8() == value.len();
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => write!(text, "\\{character}").unwrap(),
            ' ' | '#' if at == 0 || ends => write!(text, "\\{character}").unwrap(),
            _ => text.push(character),
        }
    }
    text
}

/// Writes a directory in which a text is in every place that can hold one.
fn directory(place: &Path, hostile: &str, spell: fn(&str) -> String) {
    let leaver = format!("uid={},ou=People,o=x", spell(hostile));
    let boss = format!("uid=boss{},ou=People,o=x", spell(hostile));
    let group = format!("cn=g{},ou=Groups,o=x", spell(hostile));
    let mut text = "dn: o=x\nobjectClass: top\nobjectClass: organization\no: x\n\n\
                    dn: ou=People,o=x\nobjectClass: organizationalUnit\nou: People\n\n\
                    dn: ou=Groups,o=x\nobjectClass: organizationalUnit\nou: Groups\n\n"
        .to_owned();
    let mut entry = |dn: &str, lines: &[(&str, &str)]| {
        text += &line("dn", dn);
        for (name, value) in lines {
            text += &line(name, value);
        }
        text.push('\n');
    };
    let person = [("objectClass", "top"), ("objectClass", "inetOrgPerson"), ("objectClass", "posixAccount")];
    let own = [
        ("uid", hostile),
        ("cn", hostile),
        ("sn", hostile),
        ("displayName", hostile),
        ("description", hostile),
        ("homeDirectory", hostile),
        ("mailHost", hostile),
        ("mailMessageStore", hostile),
        ("mail", hostile),
        ("employeeNumber", hostile),
        ("employeeType", hostile),
        ("description;lang-de", hostile),
        ("manager", &boss),
    ];
    entry(&leaver, &[&person[..], &own].concat());
    let boss_own = [("uid", &format!("boss{hostile}")[..]), ("cn", hostile), ("sn", "b"), ("displayName", hostile)];
    entry(&boss, &[&person[..], &boss_own].concat());
    entry(
        &group,
        &[
            ("objectClass", "groupOfNames"),
            ("cn", &format!("g{hostile}")),
            ("description", hostile),
            ("owner", &leaver),
            ("member", &leaver),
            ("member", &boss),
            ("memberURL", &format!("ldap:///o=x??sub?(cn={hostile})")),
            (
                "aci",
                &format!(
                    "(target=\"ldap:///{leaver}\")(version 3.0; acl \"{hostile}\"; allow (all) userdn=\"ldap:///{leaver}\";)"
                ),
            ),
        ],
    );
    entry(
        "cn=posix,ou=Groups,o=x",
        &[("objectClass", "posixGroup"), ("cn", "posix"), ("memberUid", hostile), ("description", hostile)],
    );
    std::fs::write(place.join("export.ldif"), text).unwrap();
    let quoted = |value: &str| format!("\"{}\"", value.replace('"', "\"\""));
    // Control characters in a list are refused (the table of bad input).
    let cell: String = hostile.chars().filter(|character| !character.is_control()).collect();
    let named = format!("uid={},ou=People,o=x", escaped(hostile));
    let list = format!("dn,ticket,note\n{},{},{}\n", quoted(&named), quoted(&cell), quoted(&cell));
    std::fs::write(place.join("leavers.csv"), list).unwrap();
    // Unknown placeholders in a policy are refused (src/policy/placeholder.rs).
    let sender = cell.replace("{{", "{ {").replace("{%", "{ %");
    let policy = format!(
        "preset = \"openldap\"\n[accounts]\nfilter = \"(objectClass=inetOrgPerson)\"\n[grace]\ndays = 0\n[disable]\n\
         replace = {{ employeeType = \"gone\" }}\n[hand_off]\nattributes = [\"homeDirectory\", \"mailHost\", \"mailMessageStore\"]\n\
         [notice]\nfrom = {}\n[limits]\ndelete = {{ count = 5 }}\ndisable = {{ count = 5 }}\nreference = {{ count = 50 }}\nowner = {{ count = 5 }}\n",
        // TOML reads JSON's notation of a string.
        serde_json::to_string(&sender).unwrap()
    );
    std::fs::write(place.join("policy.toml"), policy).unwrap();
}

/// The first character that a terminal or reader would act on instead of showing it.
fn active(text: &str) -> Option<char> {
    text.chars().find(|character| {
        (character.is_control() && *character != '\n')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    })
}

/// The elements of a page, with the names of their attributes, in order.
fn elements(page: &str) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let mut names = vec![tag.split([' ', '\n']).next().unwrap_or_default().to_owned()];
        // Attribute names: the text before `="`, outside of quoted values.
        for (index, part) in tag.split('"').enumerate() {
            if index % 2 == 0 && part.trim_end().ends_with('=') {
                names.push(part.trim().trim_end_matches('=').rsplit(' ').next().unwrap_or_default().to_owned());
            }
        }
        // Words that differ are marked, and their number depends on the text.
        if !names[0].trim_start_matches('/').starts_with("ins") && !names[0].trim_start_matches('/').starts_with("del")
        {
            *all.entry(names.join(" ")).or_default() += 1;
        }
    }
    all
}

/// The kinds of the lines of a Markdown text that are not paragraphs.
fn constructs(text: &str) -> BTreeMap<&'static str, usize> {
    let mut all = BTreeMap::new();
    let mut fenced = false;
    for line in text.lines() {
        let fence = line.starts_with("```") || line.starts_with("~~~");
        fenced ^= fence;
        let kind = match line {
            _ if fence => "fence",
            _ if fenced => continue,
            line if line.starts_with('#') => "heading",
            line if line.starts_with('|') => "row",
            line if line.starts_with('<') => "html",
            _ => continue,
        };
        *all.entry(kind).or_default() += 1;
        if kind == "row" {
            // Cells: bars without a backslash before them.
            let bars = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
            *all.entry("cell").or_default() += bars;
        }
    }
    assert!(!fenced, "a fence is open");
    all
}

struct PlannedSet {
    set: Vec<(std::path::PathBuf, String)>,
    output: Output,
}

fn plan(place: &Path, export: &str, ticket: &str) -> PlannedSet {
    let output = offboard()
        .current_dir(place)
        .args([
            "plan",
            "--as-of",
            AS_OF,
            "--allow-date",
            "-p",
            "policy.toml",
            "-l",
            "leavers.csv",
            &format!("--ticket={ticket}"),
            "-o",
            "set",
            export,
        ])
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let set = files(&place.join("set")).into_iter();
    PlannedSet { set: set.map(|(path, content)| (path, String::from_utf8(content).unwrap())).collect(), output }
}

/// The records of a change file: kind of change and DN, in order.
fn records(text: &str) -> Vec<(String, String)> {
    RecordReader::new(text.as_bytes(), 1, UrlPolicy::Refuse)
        .filter_map(|record| match record.unwrap() {
            Record::Change(change) => {
                Some((change.change.keyword().to_owned(), String::from_utf8_lossy(&change.dn).into_owned()))
            }
            Record::Content(content) => panic!("an entry: {:?}", String::from_utf8_lossy(&content.dn)),
            Record::NonEntry { .. } => None,
        })
        .collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "every output of one run, one after the other")]
fn hostile_text_stays_text_everywhere() {
    let spellings: [fn(&str) -> String; 2] = [escaped, open];
    let plain_place = tempfile::tempdir().unwrap();
    directory(plain_place.path(), PLAIN, escaped);
    let plain = plan(plain_place.path(), "export.ldif", PLAIN);
    let text = |ran: &PlannedSet, name: &str| {
        ran.set.iter().find(|(path, _)| path == Path::new(name)).map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let (mut outputs, mut blocks) = (0, 0);
    let mut wrong: Vec<String> = Vec::new();
    macro_rules! check {
        ($holds:expr, $($what:tt)+) => { if !$holds { wrong.push(format!($($what)+)); } };
    }
    for (number, hostile) in HOSTILE.into_iter().enumerate() {
        for &spell in by_turns(number, &spellings) {
            let place = tempfile::tempdir().unwrap();
            directory(place.path(), hostile, spell);
            // The file name, too; it cannot contain NUL or `/`.
            let name = format!("{}.ldif", hostile.replace('/', "_").trim_start_matches('-'));
            std::fs::rename(place.path().join("export.ldif"), place.path().join(&name)).unwrap();
            let ran = plan(place.path(), &name, hostile);
            let whole = |what: &str| format!("{what} of {hostile:?}");
            let told = [&ran.output.stdout[..], &ran.output.stderr].concat();
            let told = String::from_utf8(told).unwrap();
            check!(active(&told).is_none(), "{}: {told}", whole("terminal"));

            // LDIF: the same changes to the entries of the export, nothing more.
            for (path, content) in &ran.set {
                outputs += 1;
                let shown = path.display().to_string();
                check!(active(content).is_none(), "{}", whole(&shown));
                let ending = path.extension().and_then(std::ffi::OsStr::to_str);
                if ending == Some("ldif") {
                    let kinds = |text: &str| records(text).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
                    check!(kinds(content) == kinds(&text(&plain, &shown)), "{}: {content}", whole(&shown));
                    for (_, dn) in records(content) {
                        check!(dn.ends_with(",o=x") && !dn.starts_with("o="), "{}: {dn}", whole(&shown));
                    }
                    let alone =
                        content.lines().filter(|line| line.starts_with("dn: o=x") || *line == "changetype: delete\r");
                    assert_eq!(alone.count(), 0, "{}", whole(&shown));
                }
                if ending == Some("eml") {
                    let names = |text: &str| {
                        let head = text.split("\n\n").next().unwrap_or_default().to_owned();
                        let lines = head.lines().filter(|line| !line.starts_with(' '));
                        lines.map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
                    };
                    let mut expected = names(&text(&plain, &shown));
                    let found = names(content);
                    // An address that a header cannot hold is left out.
                    expected.retain(|name| name != "To" || found.contains(name));
                    check!(found == expected, "{}: {content}", whole(&shown));
                }
                if ending == Some("dns") {
                    assert_eq!(content.lines().count(), text(&plain, &shown).lines().count(), "{}", whole(&shown));
                }
            }
            let json: serde_json::Value = serde_json::from_str(&text(&ran, "plan.json")).unwrap();
            assert_eq!(json["accounts"].as_array().unwrap().len(), 1);
            let (page, plain_page) = (text(&ran, "report.html"), text(&plain, "report.html"));
            check!(elements(&page) == elements(&plain_page), "{}", whole("report.html"));
            for (name, content) in [("report.md", text(&ran, "report.md")), ("RUNBOOK.md", text(&ran, "RUNBOOK.md"))] {
                check!(constructs(&content) == constructs(&text(&plain, name)), "{}:\n{content}", whole(name));
                let prose: String = content.split("```").step_by(2).collect();
                for construct in ["<script", "<img", "<svg", "](javascript:", "](http://evil", "<http://evil"] {
                    check!(!prose.contains(construct), "{}: {construct}:\n{prose}", whole(name));
                }
            }

            // The runbook: its commands, run with programs that only record their arguments.
            let tools = place.path().join("tools");
            std::fs::create_dir(&tools).unwrap();
            for tool in ["ldapmodify", "ldapdelete", "ldapsearch", "offboard", "ssh-keygen", "sha256sum", "slapcat"] {
                let script = format!(
                    "#!/bin/sh\nprintf '%s\\037' {tool} \"$@\" >> \"$CALLS\"\nprintf '\\n' >> \"$CALLS\"\ncat > /dev/null\n"
                );
                std::fs::write(tools.join(tool), script).unwrap();
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
                std::fs::set_permissions(tools.join(tool), mode).unwrap();
            }
            let runbook = text(&ran, "RUNBOOK.md");
            let commands = |runbook: &str| {
                let headings =
                    runbook.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect::<Vec<_>>();
                headings.iter().flat_map(|heading| runbook_blocks(runbook, heading)).collect::<Vec<String>>()
            };
            let found = commands(&runbook);
            assert_eq!(found.len(), commands(&text(&plain, "RUNBOOK.md")).len(), "{}", whole("RUNBOOK.md"));
            for block in &found {
                blocks += 1;
                let checked = Command::new("bash").args(["-n", "-c", block]).output().unwrap();
                check!(checked.status.success(), "{}: {block}", whole("RUNBOOK.md"));
                let mut command = Command::new("bash");
                command.args(["-c", block]).current_dir(place.path().join("set")).env_clear();
                command
                    .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
                    .env("CALLS", place.path().join("calls"));
                for name in [
                    "LDAP_URI",
                    "BIND_DN",
                    "PASSWORD_FILE",
                    "SIGNING_KEY",
                    "ALLOWED_SIGNERS",
                    "APPROVER",
                    "EXPORT",
                    "AFTER",
                ] {
                    command.env(name, "x");
                }
                command.stdin(std::process::Stdio::null()).output().unwrap();
            }
            let left = files(place.path()).into_iter().filter(|(path, _)| path.file_name() == Some("PWNED".as_ref()));
            assert_eq!(left.count(), 0, "{}", whole("RUNBOOK.md"));
            let calls = std::fs::read_to_string(place.path().join("calls")).unwrap();
            assert!(calls.lines().count() >= 3, "{calls}");
            check!(active(&calls.replace('\u{1f}', "")).is_none(), "{calls}");

            // The other commands that show an account.
            for arguments in [
                &[
                    "explain",
                    "--as-of",
                    AS_OF,
                    "--allow-date",
                    "-p",
                    "policy.toml",
                    "-l",
                    "leavers.csv",
                    "--",
                    hostile,
                    &name,
                ][..],
                &["audit", "--as-of", AS_OF, "--allow-date", "-p", "policy.toml", &name],
                &["search", "--format", "csv", "--attrs", "cn,description,homeDirectory", "(objectClass=*)", &name],
                &["search", "--dn", "(objectClass=*)", &name],
                &["search", "(objectClass=*)", &name],
                &["lint", &name],
                &["diff", "--format", "unified", "/dev/null", &name],
                &["verify", "set", &name],
                &["json", &name],
                &[
                    "plan",
                    "--as-of",
                    AS_OF,
                    "--allow-date",
                    "-p",
                    "policy.toml",
                    "-l",
                    "leavers.csv",
                    "-o",
                    "short",
                    "--format",
                    "short",
                    &name,
                ],
                &[
                    "plan",
                    "--as-of",
                    AS_OF,
                    "--allow-date",
                    "-p",
                    "policy.toml",
                    "-l",
                    "leavers.csv",
                    "-o",
                    "over",
                    "--limit",
                    "delete=0",
                    "--limit",
                    "disable=0",
                    &name,
                ],
                &[
                    "plan",
                    "--as-of",
                    AS_OF,
                    "--allow-date",
                    &format!("--policy={hostile}"),
                    "-l",
                    "leavers.csv",
                    "--stdout",
                    &name,
                ],
                &["json", "--", hostile],
            ] {
                let output = offboard().current_dir(place.path()).args(arguments).output().unwrap();
                let told = String::from_utf8([output.stdout.clone(), output.stderr].concat()).unwrap();
                // clap repeats in its messages what was typed; a name that begins with `-` is an option to it.
                check!(active(&told).is_none(), "{arguments:?}: {told}");
                if arguments.contains(&"csv") {
                    outputs += 1;
                    for row in String::from_utf8(output.stdout).unwrap().lines() {
                        for cell in row.split(',').map(|cell| cell.trim_start_matches('"').trim_start()) {
                            check!(!cell.starts_with(['=', '+', '@']), "{arguments:?}: {row}");
                        }
                    }
                }
            }
        }
    }
    eprintln!("injection: {} texts, {outputs} outputs, {blocks} blocks of commands run", HOSTILE.len());
}
