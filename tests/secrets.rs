//! No output shows a secret: every output of every scenario is searched for every secret of its export, in plain text,
//! base64 and hexadecimal.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use memchr::memmem;

use crate::support::{
    AS_OF, cases, export_options, exports, files, inputs, offboard, root, scenario_file, scenarios, stderr,
};

/// A part of every secret that a test adds, so that one search finds them all.
const CORE: &str = "Qz7seCretK9";

/// Attributes that are always secret, in notations of an export; `%n` is a number.
const ALWAYS: [&str; 12] = [
    "userPassword: {SSHA}CORE-%n",
    "userPassword;lang-de: CORE-opt-%n",
    "userpassword;x-one;lang-de:: BASE64",
    "2.5.4.35: CORE-oid-%n",
    "unicodePwd:: BASE64",
    "sambaNTPassword: CORE-nt-%n",
    "krbPrincipalKey:: BASE64",
    "pwdHistory: 20260101000000Z#1.3.6.1.4.1.1466.115.121.1.40#38#CORE-past-%n",
    "authPassword: MD5$CORE$%n",
    "mgrpAuthPassword: CORE-list-%n",
    "ms-Mcs-AdmPwd: CORE-laps-%n",
    "oathSecret: CO\n RE-folded-%n",
];

/// Attributes that the policy calls secret.
const LISTED: [&str; 3] = ["x-badge: CORE-badge-%n", "X-BADGE;lang-fr: CORE-option-%n", "x-pin:: BASE64"];

/// Adds secrets to every entry of an export.
fn with_secrets(text: &str) -> String {
    let mut out = String::new();
    for (number, record) in text.split("\n\n").enumerate() {
        let mut lines = record.lines().peekable();
        let mut begun = false;
        while let Some(line) = lines.next() {
            out.push_str(line);
            out.push('\n');
            begun |= line.starts_with("dn:");
            // After the `dn:` line, which may be folded.
            if begun && lines.peek().is_none_or(|next| !next.starts_with(' ')) {
                begun = false;
                for secret in ALWAYS.iter().chain(&LISTED) {
                    let plain = format!("{CORE}-b64-{number}");
                    let secret = secret.replace("BASE64", &BASE64.encode(plain.as_bytes()));
                    // The fold breaks the secret in two.
                    let secret = secret.replace("CO\n RE", &format!("{}\n {}", &CORE[..4], &CORE[4..]));
                    out.push_str(&secret.replace("CORE", CORE).replace("%n", &number.to_string()));
                    out.push('\n');
                }
            }
        }
        out.push('\n');
    }
    out
}

/// The forms of a text in an output: plain, hexadecimal, escaped, and base64 at each of the three offsets of a group.
fn forms(text: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![text.to_vec(), HEXLOWER.encode(text).into_bytes(), HEXUPPER.encode(text).into_bytes()];
    let escaped = |frame: &str| text.iter().map(|byte| frame.replace("..", &format!("{byte:02x}"))).collect::<String>();
    forms.extend([escaped("\\x.."), escaped("\\.."), escaped("%..")].map(String::into_bytes));
    for shift in 0..3 {
        let padded = [&[b'x'; 2][..shift], text].concat();
        let encoded = BASE64.encode(&padded);
        // Without the characters that also encode neighbouring bytes.
        let start = (shift * 8).div_ceil(6);
        let end = padded.len() * 8 / 6;
        forms.push(encoded.as_bytes()[start..end].to_vec());
    }
    forms
}

/// Searches outputs for every form of every secret.
struct Search {
    /// The forms by their first two bytes, so that each output is walked over once.
    by_start: HashMap<[u8; 2], Vec<Vec<u8>>>,
    /// Which first two bytes there are, as a faster answer than the map's.
    starts: Vec<bool>,
    forms: usize,
    bytes: usize,
    outputs: usize,
}

impl Search {
    fn of(secrets: &BTreeSet<Vec<u8>>) -> Self {
        let mut search =
            Self { by_start: HashMap::new(), starts: vec![false; 1 << 16], forms: 0, bytes: 0, outputs: 0 };
        for form in secrets.iter().flat_map(|secret| forms(secret)) {
            let start = [form[0], form[1]];
            search.starts[usize::from(u16::from_be_bytes(start))] = true;
            search.by_start.entry(start).or_default().push(form);
            search.forms += 1;
        }
        search
    }

    fn finds_nothing(&mut self, what: &str, output: &[u8]) {
        self.bytes += output.len();
        self.outputs += 1;
        // Folds and broken comment lines must not hide a secret.
        let unfolded = String::from_utf8_lossy(output).replace("\n# ", "").replace("\n ", "");
        let text = unfolded.as_bytes();
        for (at, pair) in text.windows(2).enumerate() {
            let start = [pair[0], pair[1]];
            if self.starts[usize::from(u16::from_be_bytes(start))]
                && self.by_start[&start].iter().any(|form| text[at..].starts_with(form))
            {
                let around = &text[at.saturating_sub(80)..text.len().min(at + 80)];
                panic!("{what}: {}", String::from_utf8_lossy(around));
            }
        }
    }
}

/// An output without the lines of attributes that are secret only by the policy.
fn without_listed(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).into_owned();
    let listed = |line: &&str| !["x-badge", "x-pin"].iter().any(|name| line.to_lowercase().contains(name));
    text.lines().filter(listed).collect::<Vec<_>>().join("\n").into_bytes()
}

/// The secrets that a scenario's export has already.
fn own_secrets(text: &str) -> BTreeSet<Vec<u8>> {
    let secret = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let base = name.split(';').next()?;
        let is_secret =
            ["userPassword", "unicodePwd", "mgrpAuthPassword"].iter().any(|known| known.eq_ignore_ascii_case(base));
        let value = match value.strip_prefix(':') {
            Some(encoded) => BASE64.decode(encoded.trim().as_bytes()).ok()?,
            None => value.trim_start().as_bytes().to_vec(),
        };
        (is_secret && value.len() > 5).then_some(value)
    });
    secret.collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "it runs every command on a scenario")]
fn no_output_holds_a_secret() {
    let (mut bytes, mut outputs, mut held, mut searched) = (0, 0, 0, 0);
    for (number, name) in scenarios().into_iter().enumerate() {
        let place = tempfile::tempdir().unwrap();
        let mut secrets = BTreeSet::from([CORE.as_bytes().to_vec()]);
        let mut given = Vec::new();
        for export in exports(&name) {
            let text = std::fs::read_to_string(root().join(&export)).unwrap();
            secrets.extend(own_secrets(&text));
            let path = place.path().join(Path::new(&export).file_name().unwrap());
            std::fs::write(&path, with_secrets(&text)).unwrap();
            given.push(path.to_str().unwrap().to_owned());
        }
        let policy = place.path().join("policy.toml");
        let text = std::fs::read_to_string(root().join(scenario_file(&name, "policy.toml"))).unwrap();
        std::fs::write(&policy, format!("{text}\n[secrets]\nattributes = [\"x-badge\", \"x-pin\"]\n")).unwrap();
        let mut search = Search::of(&secrets);
        searched += search.forms;
        let policy = policy.to_str().unwrap();
        let set = place.path().join("set");
        let set_name = set.to_str().unwrap();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<String>>();
        let grounds =
            [words("--allow-date --as-of"), vec![AS_OF.to_owned(), "-p".to_owned(), policy.to_owned()]].concat();
        let planned = [grounds.clone(), inputs(&name)].concat();
        let run = |arguments: Vec<String>| offboard().args(&arguments).output().unwrap();
        let plan = |more: &[&str]| {
            let more = more.iter().map(|word| (*word).to_owned()).collect();
            run([words("plan"), planned.clone(), more, given.clone()].concat())
        };
        let output = plan(&["-o", set_name, "--verbose"]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {}", stderr(&output));
        search.finds_nothing(&format!("{name}: plan"), &[output.stdout, output.stderr].concat());
        for (path, content) in files(&set) {
            let mode = std::fs::metadata(set.join(&path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}: {}", path.display());
            if path.starts_with("rollback") {
                held += usize::from(memmem::find(&content, CORE.as_bytes()).is_some());
                // Records of a rollback file hold secrets, its comments do not.
                let comments: String = String::from_utf8_lossy(&content)
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .flat_map(|line| [line, "\n"])
                    .collect();
                search.finds_nothing(&format!("{name}: comments of {}", path.display()), comments.as_bytes());
            } else {
                search.finds_nothing(&format!("{name}: {}", path.display()), &content);
            }
        }
        let apply = export_options(&given);
        let after = place.path().join("after.ldif");
        let first = given[0].clone();
        let leaver = "jsmith".to_owned();
        let mut commands = vec![
            [words("plan --stdout"), planned.clone(), given.clone()].concat(),
            [words("plan --json -o"), vec![format!("{set_name}.json")], planned.clone(), given.clone()].concat(),
            [words("plan --format short -o"), vec![format!("{set_name}.short")], planned.clone(), given.clone()]
                .concat(),
            [
                words("plan --limit delete=0 --limit disable=0 -o"),
                vec![format!("{set_name}.over")],
                planned.clone(),
                given.clone(),
            ]
            .concat(),
            [words("verify"), vec![set_name.to_owned()], given.clone()].concat(),
            [words("verify --json -p"), vec![policy.to_owned(), set_name.to_owned()], given.clone()].concat(),
            [
                words("simulate"),
                apply.clone(),
                vec![set_name.to_owned(), "-o".to_owned(), after.to_str().unwrap().to_owned()],
            ]
            .concat(),
            [words("revert"), apply, vec![set_name.to_owned(), "-o".to_owned(), format!("{set_name}.undo")]].concat(),
            [words("audit"), grounds.clone(), given.clone()].concat(),
            [words("audit --json"), grounds.clone(), given.clone()].concat(),
            [words("search (objectClass=*)"), vec![first.clone()]].concat(),
            [words("search --format jsonl (objectClass=*)"), vec![first.clone()]].concat(),
            // In the same third as `simulate`, whose output it reads.
            [words("diff --format unified"), vec![first.clone(), after.to_str().unwrap().to_owned()]].concat(),
            [words("search --format csv --attrs cn,userPassword,2.5.4.35 (objectClass=*)"), vec![first.clone()]]
                .concat(),
            [words("lint"), vec![first.clone()]].concat(),
            [words("lint --format json --for ad"), vec![first.clone()]].concat(),
            [words("lint --format sarif --for 389ds"), vec![first.clone()]].concat(),
        ];
        for form in ["explain", "explain --json"] {
            commands.push([words(form), planned.clone(), vec![leaver.clone()], given.clone()].concat());
        }
        // search, diff and lint have no policy, so they do not mask what only the policy calls secret.
        // All commands, or a third of them, by turns.
        let parts = cases(3, 1);
        for command in commands.into_iter().skip(number % parts).step_by(parts) {
            let mut output = run(command.clone());
            assert!(output.status.code().is_some(), "{command:?}");
            let knows_policy = !matches!(command[0].as_str(), "search" | "diff" | "lint");
            if !knows_policy {
                output.stdout = without_listed(&output.stdout);
            }
            search.finds_nothing(&format!("{name}: {command:?}"), &[output.stdout, output.stderr].concat());
        }
        for more in ["json", "short", "over"] {
            let set = place.path().join(format!("set.{more}"));
            for (path, content) in if set.exists() { files(&set) } else { Vec::new() } {
                if !path.starts_with("rollback") {
                    search.finds_nothing(&format!("{name}: {more}: {}", path.display()), &content);
                }
            }
        }
        (bytes, outputs) = (bytes + search.bytes, outputs + search.outputs);
    }
    eprintln!(
        "secrets: {outputs} outputs, {bytes} bytes, {searched} forms of secrets; {held} rollback files hold some"
    );
    assert!(held > 10 && outputs > cases(250, 500), "{held} {outputs}");
}

/// A message shows a malformed line without the secret that may be in it.
#[test]
fn malformed_lines_do_not_show_secrets() {
    let secret = CORE;
    let cases = [
        format!("userPassword {secret}"),
        format!("userPassword:: {secret}!"),
        format!("userPassword: x\u{0}{secret}"),
        format!("userPassword;lang-de:: {secret}*"),
        format!("2.5.4.35:: {secret}*"),
        format!("userPassword:: c2VjcmV0\n {secret}*"),
        format!("userPassword: c2VjcmV0\n\t{secret}"),
        format!("userPassword:: c2VjcmV0\n{secret}"),
        format!("userPassword: x\n\n {secret}"),
        format!("userPassword:< file:///{secret}"),
        format!("userPassword = {secret}"),
    ];
    for case in &cases {
        let place = tempfile::tempdir().unwrap();
        let export = place.path().join("export.ldif");
        std::fs::write(&export, format!("dn: o=x\no: x\n{case}\n")).unwrap();
        let change = place.path().join("change.ldif");
        std::fs::write(&change, format!("dn: o=x\nchangetype: add\no: x\n{case}\n")).unwrap();
        let (export, change) = (export.to_str().unwrap(), change.to_str().unwrap());
        for arguments in [
            &["json", export][..],
            &["lint", export],
            &["lint", "--format", "json", "--for", "ad", export],
            &["lint", "--format", "sarif", export],
            &["search", "(o=*)", export],
            &["plan", "-p", "openldap", "-u", "a", "--stdout", export],
            &["explain", "-p", "openldap", "a", export],
            &["audit", "-p", "openldap", export],
            &["diff", export, export],
            &["simulate", "--export", "fixtures/incomplete/whole.ldif", change],
            &["revert", "--export", "fixtures/incomplete/whole.ldif", change],
        ] {
            let output = offboard().args(arguments).output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            let told = String::from_utf8_lossy(&said).into_owned();
            // The record before the fault is complete, and `json` shows it.
            assert!(!told.contains(secret), "{case:?} {arguments:?}: {told}");
            assert!(!told.contains(&BASE64.encode(secret.as_bytes())[..8]), "{case:?} {arguments:?}: {told}");
        }
    }
}
