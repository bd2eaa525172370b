//! Whole runs on a real server: the exports are loaded and the runbook's commands are run. The content of the server is
//! then what the proof predicted, and the rollback restores the original content.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use offboard::directory::scan::Unreadable;
use offboard::directory::{EntryView, ExportsReader, Overlay, Pass, scan};
use offboard::io::exports::ExportFiles;
use offboard::io::source::ReadOptions;
use offboard::ldap::Entry;
use offboard::ldif::{Record, RecordReader, UrlPolicy, writer};
use offboard::plan::{Guard, Request, plan};
use offboard::policy::Policy;

use serde_json::Value;

use super::compare::{assert_same, differences};
use super::server::Server;
use super::slapd::{Slapd, SlapdSetup};
use crate::support::programs::output_text;
use crate::support::runbook::{run_block, runbook_blocks};
use crate::support::{AS_OF, Inputs, exports, inputs, offboard, plan_scenario, root, scenario_file, stderr};

/// A pass that keeps every entry.
struct All;

impl Pass for All {
    type Found = Vec<Entry>;

    fn visit(&self, entry: &EntryView<'_>, found: &mut Vec<Entry>) -> Result<(), Unreadable> {
        found.push(entry.to_entry()?);
        Ok(())
    }
}

/// Writes the directory after a scenario's plan, as the proof predicts it, to a file.
pub fn predicted(scenario: &str, names: &[String], guard: Guard, folder: &Path) -> PathBuf {
    predicted_by(&root().join(scenario_file(scenario, "policy.toml")), scenario, names, guard, folder)
}

/// [`predicted`] with another policy.
fn predicted_by(policy: &Path, scenario: &str, names: &[String], guard: Guard, folder: &Path) -> PathBuf {
    let files =
        ExportFiles::open(names, &ReadOptions { threads: 2.try_into().unwrap(), ..ReadOptions::default() }).unwrap();
    let policy = Policy::parse(&std::fs::read_to_string(policy).unwrap()).unwrap();
    let request = Request { guard, ..Inputs::read(scenario).request };
    let inputs = Inputs { policy, request, exports: names.to_vec() };
    let reader = ExportsReader::new(&files, UrlPolicy::Refuse);
    let planned = plan(reader, &inputs.policy, &inputs.request).unwrap();
    let proof = inputs.prove(reader, &planned, &inputs.change_files(&planned));
    let overlay: Overlay = proof.after.into_iter().collect();
    let mut text = Vec::new();
    let write = |entries: Vec<Entry>| {
        for entry in entries {
            writer::write_entry(&mut text, &entry);
            text.push(b'\n');
        }
    };
    scan(&files, UrlPolicy::Refuse, Some(&overlay), &All, write).unwrap();
    let file = folder.join("predicted.ldif");
    std::fs::write(&file, text).unwrap();
    file
}

/// The absolute paths of a scenario's exports.
fn export_paths(scenario: &str) -> Vec<String> {
    exports(scenario).iter().map(|file| root().join(file).to_str().unwrap().to_owned()).collect()
}

/// Runs every block under a heading of the runbook.
pub fn follow(set: &Path, heading: &str, server: &dyn Server) -> usize {
    let runbook = std::fs::read_to_string(set.join("RUNBOOK.md")).unwrap();
    let blocks = runbook_blocks(&runbook, heading);
    for block in &blocks {
        let output = run_block(set, block, &server.environment());
        assert!(output.status.success(), "{heading}: {block}\n{}", output_text(&output));
    }
    blocks.len()
}

/// The parameters of a whole run.
struct WholeRun<'a> {
    scenario: &'a str,
    /// The policy: the scenario's, or another one.
    policy: &'a Path,
    /// The exports that are loaded into the server.
    exports: &'a [PathBuf],
    guard: Guard,
    /// Attributes that the server sets by itself, which the proof does not predict.
    own: &'a [&'a str],
    /// The policy by which the proof predicts the content of the server. It differs from `policy` where the plan leaves
    /// references to the server.
    prediction: &'a Path,
}

/// How long a server may take to update references: refint does so after its answer.
const SETTLING: Duration = Duration::from_secs(5);

/// The differences from a server's content, without some attributes, as soon as the server makes no more changes.
fn settled(wanted: &[PathBuf], server: &dyn Server, folder: &Path, own: &[&str]) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let mut found = differences(wanted, &server.export(folder));
        found.retain(|line| !own.iter().any(|attribute| line.contains(&format!(": {attribute}: "))));
        if found.is_empty() || begun.elapsed() > SETTLING {
            return found;
        }
        sleep(Duration::from_millis(50));
    }
}

impl WholeRun<'_> {
    /// Plan, check, apply, compare, roll back, compare.
    fn on(&self, server: &dyn Server, stages: usize) {
        let place = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = place.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let set = place.path().join("set");
        let guard = if self.guard == Guard::Assert { "assert" } else { "values" };
        let mut command = offboard();
        command.args(["plan", "--as-of", AS_OF, "--allow-date", "--guard", guard, "-p"]).arg(self.policy);
        command.args(inputs(self.scenario)).arg("-o").arg(&set).args(self.exports);
        let output = command.output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));

        assert!(follow(&set, "Check", server) > 0, "the runbook checks");
        assert_eq!(follow(&set, "Apply", server), stages, "stages applied");
        let names: Vec<String> = self.exports.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
        let predicted = predicted_by(self.prediction, self.scenario, &names, self.guard, place.path());
        let found = settled(&[predicted], server, &folder("after"), self.own);
        assert!(found.is_empty(), "after the plan: {found:#?}");
        assert_eq!(follow(&set, "Roll back", server), stages, "stages rolled back");
        let found = settled(self.exports, server, &folder("again"), &[]);
        assert!(found.is_empty(), "rolled back: {found:#?}");
    }
}

/// The text of a file after replacements. Each replaced text must be in it once.
fn reworded(file: &Path, changes: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(file).unwrap();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{}: {from}", file.display());
        text = text.replace(from, to);
    }
    text
}

/// The policy of a scenario after replacements.
fn policy_with(scenario: &str, folder: &Path, changes: &[(&str, &str)]) -> PathBuf {
    let file = folder.join("policy.toml");
    std::fs::write(&file, reworded(&root().join(scenario_file(scenario, "policy.toml")), changes)).unwrap();
    file
}

/// A whole run of a scenario on slapd.
fn whole_run(scenario: &str, suffixes: &[&str], guard: Guard, stages: usize) {
    let exports: Vec<PathBuf> = export_paths(scenario).into_iter().map(PathBuf::from).collect();
    let policy = root().join(scenario_file(scenario, "policy.toml"));
    let server = Slapd::start(SlapdSetup::plain(suffixes), &exports);
    WholeRun { scenario, policy: &policy, exports: &exports, guard, own: &[], prediction: &policy }.on(&server, stages);
}

const NOTE: &[&str] = &["o=root_suffix", "o=PiServerDb"];
const ISP: &[&str] = &["o=isp", "o=PiServerDb"];

#[test]
fn note_active() {
    whole_run("note-active", NOTE, Guard::Values, 1);
}

#[test]
fn note_disabled() {
    whole_run("note-disabled", NOTE, Guard::Values, 0);
}

#[test]
fn note_released() {
    whole_run("note-released", NOTE, Guard::Values, 3);
}

#[test]
fn note_released_with_assertions() {
    whole_run("note-released", NOTE, Guard::Assert, 3);
}

#[test]
fn last_member() {
    whole_run("last-member", NOTE, Guard::Values, 2);
}

#[test]
fn three_domains() {
    whole_run("three-domains", ISP, Guard::Values, 5);
}

#[test]
fn three_domains_with_assertions() {
    whole_run("three-domains", ISP, Guard::Assert, 5);
}

/// Accounts that are disabled, moved with an entry below, named in several spellings, restored, disconnected and
/// deleted.
#[test]
fn ilm_disable_move_delete() {
    whole_run("ilm-disable-move-delete", &["dc=example,dc=com"], Guard::Values, 4);
}

/// One account for each row of the domain purge table: entries deleted, services stripped and disabled, statuses
/// restored.
#[test]
fn services() {
    whole_run("services", &["o=isp"], Guard::Values, 4);
}

#[test]
fn services_with_assertions() {
    whole_run("services", &["o=isp"], Guard::Assert, 4);
}

/// Leavers from rosters; one who returned is restored.
#[test]
fn moss_rosters() {
    whole_run("moss-rosters", &["dc=example,dc=com"], Guard::Values, 3);
}

/// Address books of another schema: one is deleted with its owner, one has no owner, one may have one.
#[test]
fn old_address_books() {
    whole_run("old-address-books", &["o=isp", "o=pab"], Guard::Values, 2);
}

/// References in every form: afterwards only decision items name the leaver.
#[test]
fn every_reference() {
    whole_run("every-reference", ISP, Guard::Values, 2);
}

/// A plain text search for the leaver's user name, names and addresses.
fn assert_no_trace(set: &Path, server: &dyn Server) {
    const OTHERS: [&str; 6] = [
        // Another account, and its group.
        "o=siroe.com,",
        // A host, a sudo group, the user name and address of another account.
        "nisNetgroupTriple: (jsmith,-,)",
        "sudoUser: %jsmith",
        "memberUid: jsmithson",
        "uid=ann,ou=People,o=sesta.com,o=isp mailAlternateAddress: info@sesta.com",
        "cn=unix,ou=Groups,o=siroe.com",
    ];
    let place = tempfile::tempdir().unwrap();
    let plan: Value = serde_json::from_slice(&std::fs::read(set.join("plan.json")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let reviews: BTreeSet<String> = plan["decision_items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|review| format!("{} {}: {}", text(&review["dn"]), text(&review["attribute"]), text(&review["value"])))
        .collect();
    let mut traces = BTreeSet::new();
    for file in server.export(place.path()) {
        for record in RecordReader::new(&std::fs::read(file).unwrap(), 1, UrlPolicy::Refuse) {
            let Record::Content(record) = record.unwrap() else { continue };
            for line in &record.attributes {
                let dn = String::from_utf8_lossy(&record.dn);
                let value = String::from_utf8_lossy(line.value.bytes());
                let found = format!("{dn} {}: {value}", line.description);
                let low = value.to_lowercase();
                let names = ["jsmith", "smith@", "js@", "info@sesta", "1042", "smith-alias", "cn=smiths"];
                if names.iter().any(|name| low.contains(name)) && !OTHERS.iter().any(|other| found.contains(other)) {
                    traces.insert(found);
                }
            }
        }
    }
    assert_eq!(traces, reviews);
    assert!(traces.len() > 5, "{traces:?}");
}

/// With the relax rules control a rollback restores entryUUID and timestamps as well.
#[test]
fn deleted_entries_come_back_as_themselves() {
    let place = tempfile::tempdir().unwrap();
    let exports: Vec<PathBuf> = exports("note-released").iter().map(|file| root().join(file)).collect();
    let server = Slapd::start(SlapdSetup::plain(NOTE), &exports);
    let before = server.export(place.path());
    let identity = |files: &[PathBuf]| -> BTreeSet<String> {
        let text: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap().replace("\n ", "")).collect();
        let own = |line: &&str| {
            ["dn: ", "entryUUID: ", "createTimestamp: ", "creatorsName: "].iter().any(|name| line.starts_with(name))
        };
        let blocks = text.split("\n\n").map(|block| block.lines().filter(own).collect::<Vec<_>>().join(" "));
        blocks.filter(|block| !block.is_empty()).collect()
    };
    let first = identity(&before);
    let set = place.path().join("set");
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "-p", &scenario_file("note-released", "policy.toml")]);
    let output = command.args(inputs("note-released")).arg("-o").arg(&set).args(&before).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    follow(&set, "Apply", &server);
    let folder = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        folder
    };
    assert_ne!(identity(&server.export(&folder("after"))), first);
    follow(&set, "Roll back", &server);
    assert_eq!(identity(&server.export(&folder("again"))), first);
}

#[test]
fn every_reference_leaves_no_trace() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("every-reference", &set, &[]);
    let exports: Vec<PathBuf> = export_paths("every-reference").into_iter().map(PathBuf::from).collect();
    let server = Slapd::start(SlapdSetup::plain(ISP), &exports);
    follow(&set, "Apply", &server);
    assert_no_trace(&set, &server);
}

/// The server removes a deleted account from a protected group by itself, which the plan cannot predict, so the group
/// is not protected here.
const UNPROTECTED: (&str, &str) = ("dn = [\"cn=board,ou=Groups,o=sesta.com,o=isp\"]", "dn = []");

/// An entry that changed after the export is not deleted: the guard fails and `ldapmodify` stops.
#[test]
fn a_guard_stops_a_stale_plan() {
    for (option, status) in [("values", 16), ("assert", 122)] {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join("set");
        plan_scenario("note-released", &set, &["--guard", option]);
        let exports =
            ["export.ldif", "address-books.ldif"].map(|file| root().join(scenario_file("note-released", file)));
        let server = Slapd::start(SlapdSetup::plain(NOTE), &exports);
        let restore = "printf 'dn: uid=jsmith,ou=People,o=sesta.com,o=root_suffix\\nchangetype: modify\\n\
                       replace: inetUserStatus\\ninetUserStatus: active\\n-\\n' | \
                       ldapmodify -H \"$LDAP_URI\" -x -D \"$BIND_DN\" -y \"$PASSWORD_FILE\"";
        assert!(run_block(&set, restore, &server.environment()).status.success());
        let entries = r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f apply/60-entries.ldif"#;
        let output = run_block(&set, entries, &server.environment());
        assert_eq!(output.status.code(), Some(status), "{option}: {}", output_text(&output));
        let left = std::fs::read_to_string(&server.export(place.path())[0]).unwrap();
        assert!(left.contains("dn: uid=jsmith,ou=People,o=sesta.com,o=root_suffix"), "{option}: the entry is there");
    }
}

/// The lists for `ldapdelete -f` have the same effect as the change files.
#[test]
fn dn_lists_delete_the_same() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    plan_scenario("three-domains", &set, &[]);
    let exports = ["export.ldif", "address-books.ldif"].map(|file| root().join(scenario_file("three-domains", file)));
    let server = Slapd::start(SlapdSetup::plain(ISP), &exports);
    for stage in ["10-status", "30-references", "50-services"] {
        let modify = format!(r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f apply/{stage}.ldif"#);
        assert!(run_block(&set, &modify, &server.environment()).status.success());
    }
    for stage in ["40-address-books", "60-entries"] {
        let delete = format!(r#"ldapdelete -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f apply/{stage}.dns"#);
        let output = run_block(&set, &delete, &server.environment());
        assert!(output.status.success(), "{stage}: {}", output_text(&output));
    }
    assert_same(
        &[predicted("three-domains", &export_paths("three-domains"), Guard::Values, place.path())],
        &server.export(place.path()),
    );
}

/// A slapd that maintains references itself: slapo-refint(5) and slapo-memberof(5).
mod integrity {
    use super::*;

    /// The attributes that refint maintains here.
    const WATCHED: [&str; 7] = ["member", "uniqueMember", "owner", "manager", "seeAlso", "secretary", "roleOccupant"];

    fn setup(suffixes: &[&str]) -> SlapdSetup {
        SlapdSetup {
            global: "moduleload refint\nmoduleload memberof\n".to_owned(),
            database: format!("overlay refint\nrefint_attributes {}\noverlay memberof\n", WATCHED.join(" ")),
            ..SlapdSetup::plain(suffixes)
        }
    }

    /// A whole run of a scenario, from an export after the entries were added one by one: only then does the server
    /// write memberOf.
    fn whole_run(scenario: &str, suffixes: &[&str], changes: &[(&str, &str)], stages: usize) {
        let place = tempfile::tempdir().unwrap();
        let policy = policy_with(scenario, place.path(), changes);
        // With and without the server's help the result must be the same.
        let told = changes.iter().any(|(_, to)| to.contains("references = \"server\""));
        let prediction = if told { root().join(scenario_file(scenario, "policy.toml")) } else { policy.clone() };
        let loaded: Vec<PathBuf> = export_paths(scenario).into_iter().map(PathBuf::from).collect();
        let server = Slapd::filled(setup(suffixes), &loaded);
        let exports = server.export(place.path());
        let mut found = differences(&loaded, &exports);
        found.retain(|line| !(line.starts_with('+') && line.contains(": memberof: ")));
        assert!(found.is_empty(), "{found:#?}");
        let own = &["memberof"];
        WholeRun { scenario, policy: &policy, exports: &exports, guard: Guard::Values, own, prediction: &prediction }
            .on(&server, stages);
    }

    #[test]
    fn note_released() {
        whole_run("note-released", NOTE, &[], 3);
    }

    #[test]
    fn last_member() {
        whole_run("last-member", NOTE, &[], 2);
    }

    #[test]
    fn three_domains() {
        whole_run("three-domains", ISP, &[], 5);
    }

    #[test]
    fn every_reference() {
        whole_run("every-reference", ISP, &[UNPROTECTED], 2);
    }

    /// By the policy the server rewrites references on a move, so the plan does not: the result equals that of a plan
    /// that rewrites all of them.
    #[test]
    fn ilm_disable_move_delete() {
        let followed = WATCHED.map(|name| format!("{name:?}")).join(", ");
        let told = format!("[move]\nreferences = \"server\"\nfollowed = [{followed}]");
        whole_run("ilm-disable-move-delete", &["dc=example,dc=com"], &[("[move]", &told)], 4);
    }
}

/// Whole runs on 389 Directory Server, from its own exports.
mod ds389 {
    use super::*;
    use crate::servers::ds389::{Ds389, Ds389Setup};

    /// The policy key for referential integrity.
    const SERVER_FOLLOWS: (&str, &str) = ("[move]", "[move]\nreferences = \"server\"");

    /// The policy of a scenario for this server, after replacements.
    fn policy(scenario: &str, folder: &Path, changes: &[(&str, &str)]) -> PathBuf {
        let text = std::fs::read_to_string(root().join(scenario_file(scenario, "policy.toml"))).unwrap();
        let server = if text.contains("server = ") {
            ("server = \"openldap\"", "server = \"389ds\"")
        } else {
            ("[directory]", "[directory]\nserver = \"389ds\"")
        };
        policy_with(scenario, folder, &[&[server], changes].concat())
    }

    /// A whole run of a scenario.
    fn whole_run(scenario: &str, setup: Ds389Setup, changes: &[(&str, &str)], stages: usize) {
        whole_run_of(scenario, &export_paths(scenario), setup, changes, stages);
    }

    /// A whole run of a scenario with other exports.
    fn whole_run_of(scenario: &str, loaded: &[String], setup: Ds389Setup, changes: &[(&str, &str)], stages: usize) {
        let place = tempfile::tempdir().unwrap();
        let policy = policy(scenario, place.path(), changes);
        let server = Ds389::start(setup, loaded);
        let exports = server.export(place.path());
        // The server adds superclasses.
        let mut found = differences(loaded, &exports);
        found.retain(|line| !(line.starts_with('+') && line.contains(": objectclass: ")));
        assert!(found.is_empty(), "{found:#?}");
        // The prediction is by the policy under which the plan rewrites everything itself.
        let others: Vec<_> = changes.iter().filter(|change| **change != SERVER_FOLLOWS).copied().collect();
        let apart = tempfile::tempdir().unwrap();
        let prediction = self::policy(scenario, apart.path(), &others);
        WholeRun {
            scenario,
            policy: &policy,
            exports: &exports,
            guard: Guard::Values,
            own: &[],
            prediction: &prediction,
        }
        .on(&server, stages);
    }

    /// A server with the referential integrity plug-in.
    fn with_integrity(suffixes: &[&str]) -> Ds389Setup {
        Ds389Setup { referential_integrity: true, ..Ds389Setup::plain(suffixes) }
    }

    /// Some DNs begin with `0.9.2342.19200300.100.1.1=`, which the server does not accept as a DN when it checks
    /// values.
    fn with_types_as_numbers(setup: Ds389Setup) -> Ds389Setup {
        Ds389Setup { global: "nsslapd-syntaxcheck: off\n".to_owned(), ..setup }
    }

    #[test]
    fn note_active() {
        whole_run("note-active", Ds389Setup::plain(NOTE), &[], 1);
    }

    #[test]
    fn note_disabled() {
        whole_run("note-disabled", Ds389Setup::plain(NOTE), &[], 0);
    }

    #[test]
    fn note_released() {
        whole_run("note-released", Ds389Setup::plain(NOTE), &[], 3);
    }

    /// The plug-in finds nothing to do, because references are removed before the entries that they name.
    #[test]
    fn note_released_with_referential_integrity() {
        whole_run("note-released", with_integrity(NOTE), &[], 3);
    }

    #[test]
    fn note_with_grace() {
        whole_run("note-with-grace", Ds389Setup::plain(NOTE), &[], 1);
    }

    #[test]
    fn last_member() {
        whole_run("last-member", Ds389Setup::plain(NOTE), &[], 2);
    }

    /// Here the last member may be removed, and the rollback restores it.
    #[test]
    fn last_member_allowed() {
        whole_run(
            "last-member",
            Ds389Setup::plain(NOTE),
            &[("last_member = \"refuse\"", "last_member = \"allow\"")],
            3,
        );
    }

    #[test]
    fn three_domains() {
        whole_run("three-domains", with_types_as_numbers(Ds389Setup::plain(ISP)), &[], 5);
    }

    #[test]
    fn three_domains_with_referential_integrity() {
        whole_run("three-domains", with_types_as_numbers(with_integrity(ISP)), &[], 5);
    }

    #[test]
    fn every_reference() {
        whole_run("every-reference", with_types_as_numbers(Ds389Setup::plain(ISP)), &[], 2);
    }

    #[test]
    fn every_reference_with_referential_integrity() {
        whole_run("every-reference", with_types_as_numbers(with_integrity(ISP)), &[UNPROTECTED], 2);
    }

    #[test]
    fn every_reference_leaves_no_trace() {
        let place = tempfile::tempdir().unwrap();
        let policy = policy("every-reference", place.path(), &[]);
        let server = Ds389::start(with_types_as_numbers(Ds389Setup::plain(ISP)), &export_paths("every-reference"));
        let set = place.path().join("set");
        let mut command = offboard();
        command.args(["plan", "--as-of", AS_OF, "--allow-date", "-p"]).arg(policy).args(inputs("every-reference"));
        let output = command.arg("-o").arg(&set).args(server.export(place.path())).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
        follow(&set, "Apply", &server);
        assert_no_trace(&set, &server);
    }

    #[test]
    fn ilm_disable_move_delete() {
        whole_run("ilm-disable-move-delete", Ds389Setup::plain(&["dc=example,dc=com"]), &[], 4);
    }

    /// By the policy the server rewrites references on a move. The plan rewrites those that the plug-in does not
    /// maintain, such as manager.
    ///
    /// The scenario is reduced: the server may show an entry below a moved one that names it under its old DN (see
    /// `ds389_facts`).
    #[test]
    fn ilm_disable_move_delete_with_referential_integrity() {
        let place = tempfile::tempdir().unwrap();
        let own = "objectClass: device\ncn: phone\n";
        let owned = format!("{own}owner: cn=Amy Adams,ou=Staff,ou=Users,dc=example,dc=com\n");
        let changes = [(owned.as_str(), own)];
        let export = place.path().join("export.ldif");
        std::fs::write(&export, reworded(Path::new(&export_paths("ilm-disable-move-delete")[0]), &changes)).unwrap();
        let export = [export.to_str().unwrap().to_owned()];
        let setup = with_integrity(&["dc=example,dc=com"]);
        whole_run_of("ilm-disable-move-delete", &export, setup, &[SERVER_FOLLOWS], 4);
    }

    #[test]
    fn services() {
        whole_run("services", Ds389Setup::plain(&["o=isp"]), &[], 4);
    }

    #[test]
    fn moss_rosters() {
        whole_run("moss-rosters", Ds389Setup::plain(&["dc=example,dc=com"]), &[], 3);
    }

    #[test]
    fn posix_restore() {
        whole_run("posix-restore", Ds389Setup::plain(&["dc=example,dc=com"]), &[], 3);
    }
}
