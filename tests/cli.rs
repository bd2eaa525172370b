//! The command line: exit statuses, messages, and the files that are left.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{
    AS_OF, files, offboard, paths_with, plan_scenario, root, scenario_file, stderr, stdout, transcript,
};

/// Plans with this policy into the folder `set` of a place.
fn plan_with(place: &Path, policy: &str, more: &[&str], exports: &[&str]) -> Output {
    std::fs::write(place.join("policy.toml"), policy).unwrap();
    let mut command = offboard();
    command
        .args(["plan", "--as-of", AS_OF, "--allow-date", "-p"])
        .arg(place.join("policy.toml"))
        .arg("-o")
        .arg(place.join("set"));
    command.args(more).args(exports);
    command.output().unwrap()
}

const POLICY: &str = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 0\n";
const EXPORTS: [&str; 2] =
    ["fixtures/scenarios/note-released/export.ldif", "fixtures/scenarios/note-released/address-books.ldif"];

const LEAVERS: &str = "fixtures/scenarios/note-released/leavers.csv";

/// Reasons why no plan is made: exit status and message, and nothing is written.
#[test]
fn plans_that_are_not_made() {
    let both = &EXPORTS[..];
    let cases: &[(&str, String, &[&str], &[&str])] = &[
        ("no leavers were given", POLICY.into(), &[], both),
        ("unknown key", format!("{POLICY}[grase]\ndays = 1\n"), &["-u", "jsmith"], both),
        ("unknown key in a section", format!("{POLICY}dais = 1\n"), &["-u", "jsmith"], both),
        ("bad filter", format!("{POLICY}[accounts]\nfilter = \"(uid=\"\n"), &["-u", "jsmith"], both),
        (
            "bad words",
            format!("{POLICY}[successor]\norder = [\"boss\"]\n[references]\nlast_member = \"shrug\"\n"),
            &["-u", "jsmith"],
            both,
        ),
        ("unknown preset", "preset = \"sun-com\"\n".into(), &["-u", "jsmith"], both),
        ("a roster that is not given", format!("{POLICY}[roster.hr]\nkey = \"uid\"\n"), &["-u", "jsmith"], both),
        ("a roster that the policy lacks", POLICY.into(), &["--roster", "hr=fixtures/none.csv"], both),
        (
            "a status without its words",
            format!("{POLICY}[roster.hr]\nkey = \"uid\"\nstatus = \"state\"\n"),
            &["-u", "jsmith"],
            both,
        ),
        (
            "a stamp without a date",
            format!("{POLICY}[stamp]\nattribute = \"description\"\nformat = \"left\"\n"),
            &["-u", "jsmith"],
            both,
        ),
        (
            "bits of nothing",
            format!("{POLICY}[disable]\nbits = {{ gidNumber = {{ set = 0 }} }}\n"),
            &["-u", "jsmith"],
            both,
        ),
        ("history of nothing", POLICY.into(), &["-u", "jsmith", "--history", "fixtures"], both),
        (
            "missing suffix",
            POLICY.replace("\"openldap\"", "\"openldap\"\nsuffixes = [\"o=other\"]"),
            &["-u", "jsmith"],
            both,
        ),
        (
            "protected",
            format!("{POLICY}[protect]\nsubtree = [\"ou=people, o=SESTA.com,o=root_suffix\"]\n"),
            &["-u", "jsmith"],
            both,
        ),
        (
            "protected through a group in a group",
            format!("{POLICY}[protect]\ngroup = [\"cn=all-hands,ou=Groups,o=sesta.com,o=root_suffix\"]\n"),
            &["-u", "jsmith"],
            both,
        ),
        (
            "a protected group that is not there",
            format!("{POLICY}[protect]\ngroup = [\"cn=none,o=root_suffix\"]\n"),
            &["-u", "jsmith"],
            both,
        ),
        (
            "who runs the files",
            format!("{POLICY}[protect]\nbind = \"uid=jsmith,ou=People,o=sesta.com,o=root_suffix\"\n"),
            &["-u", "jsmith"],
            both,
        ),
        ("limit", POLICY.into(), &["-l", LEAVERS, "--limit", "delete=0"], both),
        (
            "limit of one group",
            format!("{POLICY}[limits]\nmembers = {{ percent = 40, min = 0 }}\n"),
            &["-l", LEAVERS],
            both,
        ),
        ("assertions elsewhere", POLICY.replace("openldap", "389ds"), &["-u", "jsmith", "--guard", "assert"], both),
        ("no export", POLICY.into(), &["-u", "jsmith"], &["fixtures/none.ldif"]),
        (
            "not an export",
            POLICY.into(),
            &["-u", "jsmith"],
            &["fixtures/scenarios/note-released/expected/apply/60-entries.ldif"],
        ),
        // Without the stage before it, groups would name a deleted entry.
        ("entries alone", POLICY.into(), &["-l", LEAVERS, "--stage", "entries"], both),
    ];
    let mut all = Vec::new();
    for (name, policy, more, exports) in cases {
        let place = tempfile::tempdir().unwrap();
        let output = plan_with(place.path(), policy, more, exports);
        all.push(format!("=== {name}\n{}", transcript(&output, place.path())));
        assert!(matches!(output.status.code(), Some(2 | 3)), "{name}: {}", stderr(&output));
        let left: Vec<_> = files(place.path()).into_iter().map(|(path, _)| path).collect();
        // Over a limit a report lists the accounts, and no change files are written.
        let report =
            ["policy.toml", "set/SHA256SUMS", "set/plan.json", "set/report.html", "set/report.md"].map(Path::new);
        let expected = if name.starts_with("limit") { &report[..] } else { &report[..1] };
        assert_eq!(left, expected, "{name}");
    }
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_malformed_export_is_shown() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("export.ldif");
    let text = std::fs::read_to_string(root().join(EXPORTS[0])).unwrap();
    std::fs::write(&export, text.replace("sn: Smith\n", "sn Smith\u{1b}[31m\n")).unwrap();
    let output = plan_with(place.path(), POLICY, &["-u", "jsmith"], &[export.to_str().unwrap()]);
    insta::assert_snapshot!(transcript(&output, place.path()));
}

#[test]
fn a_cut_export_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("export.ldif");
    let text = std::fs::read_to_string(root().join(EXPORTS[0])).unwrap();
    std::fs::write(&export, format!("{text}\nsearch: 2\nresult: 4 Size limit exceeded\n")).unwrap();
    let output = plan_with(place.path(), POLICY, &["-u", "jsmith"], &[export.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("the search that made it ended early"), "{}", stderr(&output));
}

/// The last members of a group that must keep an enabled one are held; a chain of managers that ends is reported.
#[test]
fn the_last_enabled_members_are_held() {
    let group = "[protect]\nlast_enabled = [\"cn=mail-team,ou=Groups,o=sesta.com,o=root_suffix\"]\n";
    let place = tempfile::tempdir().unwrap();
    let policy = format!("{POLICY}{group}");
    let both = plan_with(place.path(), &policy, &["-u", "jsmith", "-u", "pdoe"], &EXPORTS);
    assert_eq!(both.status.code(), Some(1), "{}", stderr(&both));
    assert_eq!(stderr(&both).matches("the last enabled member of ").count(), 1, "{}", stderr(&both));
    let place = tempfile::tempdir().unwrap();
    let one = plan_with(place.path(), &policy, &["-l", LEAVERS], &EXPORTS);
    assert!(!stderr(&one).contains("last_enabled"), "{}", stderr(&one));
}

/// An edited change set is refused as history.
#[test]
fn an_edited_history_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let earlier = place.path().join("earlier");
    assert_eq!(plan_scenario("note-with-history", &earlier, &[]).status.code(), Some(0));
    let file = earlier.join("apply/10-status.ldif");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("deleted", "active")).unwrap();
    let output =
        plan_scenario("note-with-history", &place.path().join("set"), &["--history", earlier.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("has changed since the change set was written"), "{}", stderr(&output));
}

/// The preset alone holds a released account, and names the key that changes this.
#[test]
fn the_preset_holds_what_it_cannot_date() {
    let place = tempfile::tempdir().unwrap();
    let policy = "preset = \"sun-comms\"\n";
    let output = plan_with(place.path(), policy, &["-u", "jsmith"], &EXPORTS);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("has no [stamp]"), "{}", stderr(&output));
    assert!(!place.path().join("set/apply").exists());
}

#[test]
fn an_existing_folder_is_refused_unless_forced() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    assert_eq!(plan_scenario("note-active", &set, &[]).status.code(), Some(0));
    let again = plan_scenario("note-active", &set, &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("already exists"), "{}", stderr(&again));
    assert_eq!(plan_scenario("note-disabled", &set, &["--force"]).status.code(), Some(0));
    assert!(!set.join("apply").exists(), "the earlier set is gone as a whole");
}

/// SHA256SUMS has the right sum of every file, as `sha256sum` checks it.
#[test]
fn sums_are_of_every_file() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("three-domains", &set, &[]);
    let check = Command::new("sha256sum").args(["-c", "--strict", "SHA256SUMS"]).current_dir(&set).output().unwrap();
    assert!(check.status.success());
    let listed = String::from_utf8(check.stdout).unwrap().lines().count();
    assert_eq!(listed + 1, files(&set).len());
}

/// A secret of an export is in no file except rollback files, in plain text, base64 or hexadecimal.
#[test]
fn secrets_stay_in_rollback_files() {
    for name in crate::support::scenarios() {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join("set");
        plan_scenario(&name, &set, &[]);
        let export = std::fs::read_to_string(root().join(scenario_file(&name, "export.ldif"))).unwrap();
        let secrets: Vec<&str> = export
            .lines()
            .filter_map(|line| line.strip_prefix("userPassword:"))
            .map(|value| value.trim_start_matches(':').trim())
            .filter(|value| !value.is_empty())
            .collect();
        // Active Directory exports no passwords.
        assert_eq!(secrets.is_empty(), name.starts_with("ad-"), "{name}");
        for (path, content) in files(&set) {
            if path.starts_with("rollback") {
                continue;
            }
            let text = String::from_utf8_lossy(&content);
            for secret in &secrets {
                let encoded = data_encoding::BASE64.encode(secret.as_bytes());
                let hexed = data_encoding::HEXLOWER.encode(secret.as_bytes());
                for form in [*secret, encoded.as_str(), hexed.as_str()] {
                    assert!(!text.contains(form), "{name}: {} holds {form}", path.display());
                }
            }
        }
    }
}

/// `--stdout` prints the change LDIF of the chosen stages for `ldapmodify`, and nothing else.
#[test]
fn stages_to_standard_output() {
    let run = |stages: &[&str]| {
        let mut command = offboard();
        command.args([
            "plan",
            "--as-of",
            AS_OF,
            "--allow-date",
            "-p",
            "fixtures/scenarios/note-released/policy.toml",
            "--stdout",
        ]);
        command.args(["-l", "fixtures/scenarios/note-released/leavers.csv"]).args(stages).args(EXPORTS);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let file = |name: &str| {
        let path = scenario_file("note-released", &format!("expected/apply/{name}"));
        std::fs::read_to_string(root().join(path)).unwrap()
    };
    assert_eq!(run(&["--stage", "references"]), file("30-references.ldif"));
    let all = run(&[]);
    assert_eq!(all.matches("version: 1\n").count(), 1);
    assert_eq!(all.matches("changetype: delete\n").count(), 7);
}

#[test]
fn an_export_from_standard_input() {
    let place = tempfile::tempdir().unwrap();
    let mut command = offboard();
    command.args([
        "plan",
        "--as-of",
        AS_OF,
        "--allow-date",
        "-p",
        &scenario_file("note-active", "policy.toml"),
        "-u",
        "jsmith",
        "-o",
    ]);
    command.arg(place.path().join("set")).args(["-", &scenario_file("note-active", "address-books.ldif")]);
    let export = std::fs::File::open(root().join(scenario_file("note-active", "export.ldif"))).unwrap();
    let output = command.stdin(Stdio::from(export)).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn json_and_dn() {
    let run = |arguments: &[&str]| {
        let output = offboard().args(arguments).output().unwrap();
        format!("$ offboard {}\n{}", arguments.join(" "), transcript(&output, Path::new("/nowhere")))
    };
    let all = [
        run(&["json", "fixtures/scenarios/note-active/expected/apply/10-status.ldif"]),
        run(&["json", "--positions", "fixtures/scenarios/note-active/expected/rollback/60-status.ldif"]),
        run(&["dn", "UID=J\\2C Smith+CN=\"a+b\" , OU = People;O=#04024869"]),
        run(&["dn", "uid=a,,o=x"]),
        run(&["dn", "--equal", "UID=JSmith, O=Isp", "userid=jsmith,o=isp"]),
        run(&["dn", "--equal", "uid=other,o=isp", "uid=jsmith,o=isp"]),
        run(&["init", "sun-com"]),
    ];
    insta::assert_snapshot!(all.join("\n"));
    let preset = offboard().args(["init", "sun-comms"]).output().unwrap();
    let file = std::fs::read_to_string(root().join("src/policy/presets/sun-comms.toml")).unwrap();
    let (editors, policy) = stdout(&preset).split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(editors.starts_with("#:schema ") && editors.lines().all(|line| line.starts_with('#')), "{editors}");
    assert_eq!(policy, file);
}

/// Closing the pipe early is not an error: `offboard json big.ldif | head -1`.
#[test]
fn a_closed_pipe_is_silent() {
    let mut child = offboard()
        .args(["json", &scenario_file("three-domains", "export.ldif")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

/// A single stage is planned where the proof holds for it alone, and refused where it does not.
#[test]
fn one_stage_of_a_plan() {
    let place = tempfile::tempdir().unwrap();
    let references = place.path().join("references");
    assert_eq!(plan_scenario("note-released", &references, &["--stage", "references"]).status.code(), Some(1));
    let names: Vec<_> = files(&references.join("apply")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, [Path::new("30-references.ldif")]);
    let entries = plan_scenario("note-released", &place.path().join("entries"), &["--stage", "entries"]);
    assert_eq!(entries.status.code(), Some(3));
    assert!(stderr(&entries).contains("no-dangling"), "{}", stderr(&entries));
}

/// Tickets, DNs and values cannot begin a line of LDIF, control a terminal, or close markup.
#[test]
fn hostile_text_stays_text() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    let ticket = "T\n-\ndn: o=x\nchangetype: delete\n\u{1b}[2J\u{202e}<script>`";
    let plain = place.path().join("plain");
    plan_scenario("note-released", &plain, &[]);
    plan_scenario("note-released", &set, &["--ticket", ticket]);
    let data = |folder: &Path, name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    for name in ["apply/30-references.ldif", "apply/60-entries.ldif", "rollback/10-entries.ldif"] {
        assert_eq!(data(&set, name), data(&plain, name), "{name}: the ticket is not a data");
    }
    for (path, content) in files(&set) {
        let text = String::from_utf8(content).unwrap();
        let active = |character: char| character == '\u{1b}' || character == '\u{202e}';
        assert!(!text.contains(active), "{}", path.display());
        if path.extension().is_some_and(|ending| ending == "md") {
            assert!(!text.contains("<script>"), "{}", path.display());
        }
    }
}

/// The clean-up job of the MOSS article deleted accounts when its source was missing. Here no plan is made.
#[test]
fn rosters_that_nothing_is_planned_from() {
    let file = |name: &str| std::fs::read_to_string(root().join(scenario_file("moss-rosters", name))).unwrap();
    let (north, south) = (file("roster-north.csv"), file("roster-south.ldif"));
    let header = north.lines().next().unwrap();
    let cut_row = north.lines().take(3).collect::<Vec<_>>().join("\n") + "\ndan;le";
    let without = |line: &str| south.replace(line, "");
    let min = "[roster.north]\nmin_percent = 95\n";
    // The fault, the rosters north and south, additions to the policy, the day, and the exit status.
    let cases: &[(&str, &str, String, &str, &str, i32)] = &[
        ("as they are", &north, south.clone(), "", AS_OF, 1),
        ("empty", "", south.clone(), "", AS_OF, 3),
        ("a header only", header, south.clone(), "", AS_OF, 3),
        ("an error page", "<html>503</html>\n", south.clone(), "", AS_OF, 2),
        ("cut in a row", &cut_row, south.clone(), "", AS_OF, 2),
        ("no trailer", &north, without("# END 3 2026-11-20"), "", AS_OF, 3),
        ("an entry is missing", &north, without("dn: uid=ann,ou=staff,o=hr\nuid: ann\n\n"), "", AS_OF, 3),
        ("stale", &north, south.clone(), "", "2026-11-24", 3),
        ("from the future", &north, south.clone(), "", "2026-11-10", 3),
        ("shorter than last time", &cut_row.replace("\ndan;le", "\n"), south.clone(), min, AS_OF, 3),
    ];
    let earlier = tempfile::tempdir().unwrap();
    let earlier = earlier.path().join("earlier");
    assert_eq!(plan_scenario("moss-rosters", &earlier, &[]).status.code(), Some(1));
    let mut all = Vec::new();
    for (name, north, south, more, day, status) in cases {
        let place = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = place.path().join(file);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let policy =
            file("policy.toml").replace("[roster.north]\n", if more.is_empty() { "[roster.north]\n" } else { more });
        let policy = write("policy.toml", &policy);
        let rosters = [format!("north={}", write("north.csv", north)), format!("south={}", write("south.ldif", south))];
        let mut command = offboard();
        command.args([
            "plan",
            "--as-of",
            day,
            "--allow-date",
            "-p",
            &policy,
            "--roster",
            &rosters[0],
            "--roster",
            &rosters[1],
        ]);
        if !more.is_empty() {
            command.arg("--history").arg(&earlier);
        }
        command.arg("-o").arg(place.path().join("set")).arg(scenario_file("moss-rosters", "export.ldif"));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(*status), "{name}: {}", stderr(&output));
        assert_eq!(place.path().join("set").exists(), *status < 2, "{name}");
        if *status > 1 {
            all.push(format!("=== {name}\n{}", transcript(&output, place.path())));
        }
    }
    // The policy names two rosters; the missing one could list an account as active.
    let one = ["--roster", "north=fixtures/scenarios/moss-rosters/roster-north.csv"];
    let output = offboard()
        .args(["plan", "-p", &scenario_file("moss-rosters", "policy.toml"), "-o", "/nowhere"])
        .args(one)
        .arg(scenario_file("moss-rosters", "export.ldif"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    insta::assert_snapshot!(all.join("\n"));
}

/// `explain` for any account, whether it leaves or not: state, rule, evidence, due date, and what would change it.
#[test]
fn explanations() {
    let explain = |scenario: &str, id: &str, more: &[&str]| {
        let mut command = offboard();
        command.args(["explain", "--as-of", AS_OF, "--allow-date", "-p", &scenario_file(scenario, "policy.toml")]);
        command.args(crate::support::inputs(scenario)).args(more).arg(id);
        let output = command.args(crate::support::exports(scenario)).output().unwrap();
        format!("=== {scenario} {id}\n{}", transcript(&output, Path::new("/nowhere")))
    };
    let all = [
        explain("ilm-disable-move-delete", "amy", &[]),
        explain("ilm-disable-move-delete", "dan", &[]),
        explain("ilm-disable-move-delete", "max", &[]),
        explain("ilm-disable-move-delete", "top", &[]),
        explain("moss-rosters", "jsmith@north.example.com", &[]),
        explain("moss-rosters", "jsmith", &[]),
        explain("services", "mailgone", &[]),
        explain("services", "access", &["--json"]),
        explain("services", "nobody", &[]),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

/// Each thing that exports lack refuses the plan under its code; accepted by that code, it is in report and runbook.
#[test]
fn incomplete_exports() {
    let folder = root().join("fixtures/incomplete");
    let mut all = Vec::new();
    for path in paths_with(&folder, "ldif") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let export = format!("fixtures/incomplete/{name}.ldif");
        let run = |more: &[&str]| {
            let place = tempfile::tempdir().unwrap();
            let set = place.path().join("set");
            let mut command = offboard();
            command.args([
                "plan",
                "--as-of",
                AS_OF,
                "--allow-date",
                "-p",
                "fixtures/incomplete/policy.toml",
                "-u",
                "jsmith",
                "-o",
            ]);
            let output = command.arg(&set).args(more).arg(&export).output().unwrap();
            let text = |file: &str| std::fs::read_to_string(set.join(file)).unwrap_or_default();
            (transcript(&output, place.path()), output.status.code(), text("report.md"), text("RUNBOOK.md"))
        };
        let (text, status, report, _) = run(&[]);
        all.push(format!("=== {name}\n{text}"));
        let whole = matches!(name, "whole" | "range-of-all");
        let code = if name == "has-children" { "children" } else { name };
        if whole {
            assert!(matches!(status, Some(0 | 1)), "{name}: {text}");
            assert!(!report.contains("Accepted gaps"), "{name}");
            continue;
        }
        assert_eq!(status, Some(3), "{name}: {text}");
        let (text, status, report, runbook) = run(&["--accept-incomplete", code]);
        assert!(matches!(status, Some(0 | 1)), "{name}: {text}");
        assert!(report.contains("Accepted gaps") && runbook.contains("Accepted gaps"), "{name}");
        let other = if code == "cut" { "holes" } else { "cut" };
        assert_eq!(run(&["--accept-incomplete", other]).1, Some(3), "{name}");
    }
    insta::assert_snapshot!(all.join("\n"));
}

/// The short report, which fits into a comment on a merge request; also over a limit.
#[test]
fn the_short_form() {
    let place = tempfile::tempdir().unwrap();
    let plan = plan_scenario("three-domains", &place.path().join("set"), &["--format", "short", "-q"]);
    assert_eq!(plan.status.code(), Some(1), "{}", stderr(&plan));
    let refused = plan_scenario(
        "every-reference",
        &place.path().join("refused"),
        &["--format", "short", "--limit", "reference=1", "--ticket", "CHG-1 <b>|</b>"],
    );
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    let texts = [plan, refused].map(|output| String::from_utf8(output.stdout).unwrap());
    insta::assert_snapshot!(texts.join("\n=====\n\n"));
    let json = |form: &[&str], folder: &str| {
        plan_scenario("note-active", &place.path().join(folder), &[form, &["-q"]].concat()).stdout
    };
    assert_eq!(json(&["--json"], "one"), json(&["--format", "json"], "two"));
}

/// All faults of a list of leavers are reported at once, each with its place and a suggestion.
#[test]
fn lists_that_cannot_be_read() {
    let cases = [
        ("words", "id,acton,note\njsmith,delete,x\n"),
        ("rows", "id,action,effective\njsmith,delet,2026-11-21\n,delete,\npdoe,delete\nann,delete,tomorrow\n"),
        ("names", "uid=a,o=x\nuid=b,,o=x\nnobody\n"),
        ("lines of commadmin", "l jsmith\nl \nx y\n"),
    ];
    let mut all = Vec::new();
    for (name, list) in cases {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("leavers");
        std::fs::write(&path, list).unwrap();
        let output = plan_with(place.path(), POLICY, &["-l", path.to_str().unwrap()], &EXPORTS);
        all.push(format!("=== {name}\n{}", transcript(&output, place.path())));
    }
    insta::assert_snapshot!(all.join("\n"));
}

/// Misspelled presets, keys, kinds of limits and stages get a suggestion.
#[test]
fn did_you_mean() {
    let place = tempfile::tempdir().unwrap();
    let policy = place.path().join("policy.toml");
    let faulty = "preset = \"sun-comms\"\n[grase]\ndays = 1\n[grace]\ndais = 3\n[directory]\nserver = 3\n";
    std::fs::write(&policy, faulty).unwrap();
    let policy = policy.to_str().unwrap();
    let export = EXPORTS[0];
    let cases: &[&[&str]] = &[
        &["plan", "-p", "sun-coms", "-u", "jsmith", "--stdout", export],
        &["plan", "-p", policy, "-u", "jsmith", "--stdout", export],
        &["plan", "-p", "sun-comms", "--limit", "deleet=1", "-u", "jsmith", "--stdout", export],
        &["plan", "-p", "sun-comms", "--stage", "refrences", "-u", "jsmith", "--stdout", export],
        &["init", "openldp"],
        &["plann"],
    ];
    let run = |arguments: &&[&str]| {
        let output = offboard().args(*arguments).output().unwrap();
        format!("$ offboard {}\n{}", arguments.join(" ").replace(policy, "POLICY"), transcript(&output, place.path()))
    };
    insta::assert_snapshot!(cases.iter().map(run).collect::<Vec<_>>().join("\n"));
}

/// The summary of a plan: in color where that is asked for, verbose and quiet.
#[test]
fn the_summary() {
    let run = |name: &str, more: &[&str]| {
        let place = tempfile::tempdir().unwrap();
        let output = plan_scenario(name, &place.path().join("set"), more);
        format!("=== {name} {}\n{}", more.join(" "), transcript(&output, place.path())).replace('\u{1b}', "ESC")
    };
    let all = [
        run("note-released", &["--color", "always"]),
        run("three-domains", &[]),
        run("note-active", &["--verbose"]),
        run("note-active", &["--quiet"]),
        run("note-active", &["-u", "jsmiht", "-u", "PDOE2", "-u", "nobody.like.this"]),
    ];
    insta::assert_snapshot!(all.join("\n"));
    let no_color = offboard().env("NO_COLOR", "1").args(["dn", "a,,b"]).output().unwrap();
    assert!(!stderr(&no_color).contains('\u{1b}'));
}

/// Every command that writes to standard output ends quietly when its reader closes the pipe.
#[test]
fn closed_pipes_are_silent() {
    let [export, books] = EXPORTS;
    let (policy, list) = (scenario_file("note-released", "policy.toml"), scenario_file("note-released", "leavers.csv"));
    let set = scenario_file("note-released", "expected");
    let change = format!("{set}/apply/60-entries.ldif");
    let grounds = ["--as-of", AS_OF, "--allow-date", "-p", &policy];
    let with = |first: &[&str], last: &[&str]| -> Vec<String> {
        first.iter().chain(&grounds).chain(last).map(ToString::to_string).collect()
    };
    let plain = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<String>>();
    let cases = [
        with(&["plan", "-q"], &["-l", &list, "--stdout", export, books]),
        with(&["explain"], &["jsmith", export, books]),
        with(&["audit"], &[export, books]),
        plain(&["json", export]),
        plain(&["search", "-q", "(objectClass=*)", export]),
        plain(&["lint", export]),
        plain(&["diff", "-q", export, books]),
        plain(&["simulate", "-q", "--keep-going", &change, "--export", export]),
        plain(&["dn", "uid=a,o=x"]),
        plain(&["init", "sun-comms"]),
        plain(&["--help"]),
        plain(&["plan", "--help"]),
    ];
    for arguments in cases {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = offboard().args(&arguments).stdout(writer).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {:?} {}", output.status, stderr(&output));
        assert!(!stderr(&output).contains("Broken pipe"), "{arguments:?}: {}", stderr(&output));
    }
}

/// Ctrl-C removes the half-written output.
#[test]
fn an_interruption_leaves_nothing() {
    use std::io::Write as _;
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("out.ldif");
    let mut command = offboard();
    // The output file is begun before the input is read, and the input does not end.
    command.args(["diff", EXPORTS[0], "-", "-o"]).arg(&target).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"dn: o=x\n").unwrap();
    let left = || std::fs::read_dir(place.path()).unwrap().count();
    let begun = std::time::Instant::now();
    while left() == 0 {
        assert!(begun.elapsed().as_secs() < 20, "nothing is begun");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), left()), (Some(130), 0), "{}", stderr(&output));
}

/// Plans from an export with this text. The plan must be proven, without decision items.
fn proven(place: &Path, policy: &str, more: &[&str], text: &str) -> Output {
    let export = place.join("export.ldif");
    std::fs::write(&export, text).unwrap();
    let output = plan_with(place, policy, more, &[export.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("all 7 checks of the proof passed"), "{}", stderr(&output));
    output
}

/// Found by the fuzz target `plan`: an account with a reference to itself is deleted together with that value, also
/// where an external command deletes it.
#[test]
fn who_names_himself_is_deleted_by_a_tool() {
    let place = tempfile::tempdir().unwrap();
    let text = "dn: o=isp\nobjectClass: organization\no: isp\n\n\
        dn: uid=joe,o=isp\nobjectClass: inetOrgPerson\nobjectClass: icsCalendarUser\nuid: joe\ncn: joe\nsn: joe\n\
        manager: UserID=joe, o=isp\nassociatedName: uid=joe,o=isp\n\n\
        dn: cn=staff,o=isp\nobjectClass: groupOfNames\ncn: staff\nmember: uid=joe,o=isp\nmember: uid=ann,o=isp\n";
    let policy = "preset = \"sun-calendar\"\n[accounts]\nfilter = \"(uid=*)\"\n[grace]\ndays = 0\n";
    proven(place.path(), policy, &["-u", "joe"], text);
}

/// Found by the fuzz target `plan`: without days of grace, an active account with one released service and one that is
/// not is disabled and stripped in one plan. With only one of these, a second plan on the same day would find more to
/// do.
#[test]
fn marked_and_stripped_on_one_day() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("export.ldif");
    let text = "dn: o=isp\nobjectClass: organization\no: isp\n\n\
        dn: uid=joe,o=isp\nobjectClass: inetOrgPerson\nobjectClass: inetUser\nobjectClass: inetMailUser\n\
        objectClass: icsCalendarUser\nuid: joe\ncn: joe\nsn: joe\ninetUserStatus: active\nmailUserStatus: removed\n\
        mailAllowedServiceAccess: +imap:ALL\nicsStatus: active\n\n";
    std::fs::write(&export, text).unwrap();
    let export = export.to_str().unwrap();
    let mut shown = String::new();
    for (what, disable) in [
        ("the mark is elsewhere", ""),
        ("the mark goes with the service", "[disable]\npresent = { mailAllowedServiceAccess = \"-all\" }\n"),
        ("the mark takes the release back", "[disable]\npresent = { mailUserStatus = \"deleted\" }\n"),
    ] {
        let output = plan_with(place.path(), &format!("{POLICY}{disable}"), &["-u", "joe", "--force"], &[export]);
        assert_eq!(output.status.code(), Some(0), "{what}: {}", stderr(&output));
        assert!(stderr(&output).contains("all 7 checks of the proof passed"), "{what}: {}", stderr(&output));
        for (name, text) in files(&place.path().join("set/apply")) {
            let text = String::from_utf8(text).unwrap().replace(place.path().to_str().unwrap(), "PLACE");
            shown.extend(["=== ", what, ": ", name.to_str().unwrap(), "\n", &text]);
        }
    }
    insta::assert_snapshot!("marked_and_stripped", shown);
}

/// Found by the fuzz target `plan`: `numSubordinates` counts the entries of the export. It does not apply after the
/// change files have deleted the children of an account that an external command deletes later.
#[test]
fn what_stands_below_goes_before_the_tool_deletes() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("export.ldif");
    let text = "dn: o=isp\nobjectClass: organization\no: isp\n\n\
        dn: uid=joe,o=isp\nobjectClass: inetOrgPerson\nobjectClass: icsCalendarUser\nuid: joe\ncn: joe\nsn: joe\n\
        numSubordinates: 1\n\ndn: cn=key,uid=joe,o=isp\nobjectClass: device\ncn: key\n\n";
    let policy = "preset = \"sun-calendar\"\n[grace]\ndays = 0\n[children]\nown = \"(objectClass=device)\"\n";
    proven(place.path(), policy, &["-u", "joe"], text);
    // A child that the export lacks is still reported.
    std::fs::write(&export, text.replace("numSubordinates: 1", "numSubordinates: 2")).unwrap();
    let output = plan_with(place.path(), policy, &["-u", "joe", "--force"], &[export.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

/// Found by the fuzz target `plan`: an address book entry that names its owner is deleted with the book. Its reference
/// is not removed before; if it were, the rollback would add the value twice.
#[test]
fn a_book_that_names_its_owner() {
    let place = tempfile::tempdir().unwrap();
    let text = "dn: o=isp\nobjectClass: organization\no: isp\n\n\
        dn: uid=joe,o=isp\nobjectClass: inetOrgPerson\nobjectClass: inetUser\nuid: joe\ncn: joe\nsn: joe\n\n\
        dn: o=PiServerDb\nobjectClass: organization\no: PiServerDb\n\n\
        dn: piPStoreOwner=joe,o=PiServerDb\nobjectClass: piTypeUser\npiPStoreOwner: joe\n\n\
        dn: piEntryID=e1,piPStoreOwner=joe,o=PiServerDb\nobjectClass: piTypeEntry\npiEntryID: e1\n\
        secretary: uid=joe,o=isp\n\n";
    let output = proven(place.path(), POLICY, &["-u", "joe"], text);
    assert!(stderr(&output).contains("4 records; all 7 checks of the proof passed"), "{}", stderr(&output));
}

/// Found by the fuzz target `plan`: a leaver that matches two accounts, of which another leaver deletes one. The next
/// run would take the other account.
#[test]
fn the_only_one_left_is_not_taken() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("export.ldif");
    let person = |uid: &str| {
        format!(
            "dn: uid={uid},o=isp\nobjectClass: inetOrgPerson\nobjectClass: inetUser\nuid: {uid}\ncn: {uid}\nsn: x\n\
             mail: joe@isp\n\n"
        )
    };
    // The next run would first remove her from a group; the message names her nevertheless.
    let group =
        "dn: cn=staff,o=isp\nobjectClass: groupOfNames\ncn: staff\nmember: uid=joan,o=isp\nmember: uid=ann,o=isp\n";
    let text = format!("dn: o=isp\nobjectClass: organization\no: isp\n\n{}{}{group}", person("joe"), person("joan"));
    std::fs::write(&export, text).unwrap();
    let policy = format!("{POLICY}[accounts]\nmatch = [\"uid\", \"mail\"]\n");
    let output = plan_with(place.path(), &policy, &["-u", "joe@isp", "-u", "joe"], &[export.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    insta::assert_snapshot!("the_only_one_left", transcript(&output, place.path()));
}

/// A leaver given by DN is the account that a change set has moved since. If another account got the DN meanwhile, the
/// two are not confused.
#[test]
fn a_name_that_was_moved_and_is_used_again() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let policy = "preset = \"openldap\"\n[move]\nto = \"ou=Disabled,o=isp\"\n[stamp]\nattribute = \"description\"\n\
        format = \"offboarded {{ as_of }}\"\n";
    let joe = "dn: uid=joe,o=isp\nobjectClass: inetOrgPerson\nuid: joe\ncn: joe\nsn: joe\n\n";
    let text = format!(
        "dn: o=isp\nobjectClass: organization\no: isp\n\n\
         dn: ou=Disabled,o=isp\nobjectClass: organizationalUnit\nou: Disabled\n\n{}\nstructuralObjectClass: inetOrgPerson\n",
        joe.trim_end()
    );
    let by_name = ["-u", "uid=joe,o=isp"];
    proven(place.path(), policy, &by_name, &text);
    std::fs::rename(path("set"), path("first")).unwrap();
    let simulated = offboard()
        .args(["simulate", "--for", "openldap", "--export", &path("export.ldif"), &path("first")])
        .args(["-o", &path("after.ldif")])
        .output()
        .unwrap();
    assert!(simulated.status.success(), "{}", stderr(&simulated));
    let mut after = std::fs::read_to_string(path("after.ldif")).unwrap();
    let history = path("first");
    let plan = |more: &[&str]| {
        let output = plan_with(place.path(), policy, &[&by_name, more].concat(), &[&path("after.ldif")]);
        let _ = std::fs::remove_dir_all(path("set"));
        transcript(&output, place.path())
    };
    let mut story = String::new();
    for (title, more) in [("without history", &[][..]), ("with history", &["--history", &history])] {
        write!(story, "=== {title}\n{}", plan(more)).unwrap();
    }
    write!(after, "\n{joe}").unwrap();
    std::fs::write(path("after.ldif"), after).unwrap();
    write!(story, "=== another one has the name\n{}", plan(&["--history", &history])).unwrap();
    insta::assert_snapshot!("a_name_used_again", story);
}

/// A user name that an entry outside the accounts of the policy shares is ambiguous: that entry's values are not taken
/// for the leaver's.
#[test]
fn user_names_of_what_is_no_account() {
    let place = tempfile::tempdir().unwrap();
    let policy = format!("{POLICY}[accounts]\nfilter = \"(objectClass=inetUser)\"\n");
    let mut text = "dn: o=isp\nobjectClass: organization\no: isp\n\n".to_owned();
    for domain in ["siroe.com", "sesta.com"] {
        let group = "objectClass: posixGroup\ngidNumber: 7\nmemberUid: joe\nmemberUid: ann";
        write!(text, "dn: o={domain},o=isp\nobjectClass: organization\no: {domain}\n\n").unwrap();
        write!(text, "dn: cn=unix,o={domain},o=isp\n{group}\ncn: unix\n\n").unwrap();
    }
    text += "dn: uid=joe,o=siroe.com,o=isp\nobjectClass: inetOrgPerson\nobjectClass: inetUser\nuid: joe\ncn: joe\nsn: x\n\
        inetUserStatus: deleted\n\n\
        dn: uid=joe,o=sesta.com,o=isp\nobjectClass: account\nobjectClass: posixAccount\nuid: joe\ncn: service\n\
        uidNumber: 9\ngidNumber: 7\nhomeDirectory: /\n\n";
    proven(place.path(), &policy, &["-u", "joe"], &text);
    let references = std::fs::read_to_string(place.path().join("set/apply/30-references.ldif")).unwrap();
    assert!(
        references.contains("dn: cn=unix,o=siroe.com,o=isp\nchangetype: modify\ndelete: memberUid\nmemberUid: joe")
    );
    assert!(!references.contains("o=sesta.com"), "{references}");
}

/// Found by the fuzz target `plan`: `[disconnect]` cannot add its value to a single-valued attribute that already has
/// one.
#[test]
fn no_room_for_the_blocking_value() {
    let place = tempfile::tempdir().unwrap();
    let policy = "preset = \"active-directory\"\n[disconnect]\nattribute = \"title\"\nvalue = \"Unmanaged\"\n";
    let export = place.path().join("export.ldif");
    let list = place.path().join("leavers.csv");
    std::fs::write(&list, "id,action\njoe,disconnect\n").unwrap();
    let text = "dn: DC=x\nobjectClass: domain\ndc: x\n\ndn: CN=joe,DC=x\nobjectClass: top\nobjectClass: person\n\
        objectClass: organizationalPerson\nobjectClass: user\ncn: joe\nsAMAccountName: joe\nuserAccountControl: 512\n";
    let mut story = String::new();
    for (title, more) in [("free", ""), ("taken", "title: boss\n")] {
        std::fs::write(&export, format!("{text}{more}")).unwrap();
        let options = ["-l", list.to_str().unwrap(), "--force"];
        let output = plan_with(place.path(), policy, &options, &[export.to_str().unwrap()]);
        write!(story, "=== {title}\n{}", transcript(&output, place.path())).unwrap();
    }
    insta::assert_snapshot!("no_room_for_the_blocking_value", story);
}
