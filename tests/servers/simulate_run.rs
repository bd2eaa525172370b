//! The output of `offboard simulate` equals the content of servers after the same change files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use offboard::ldap::Dn;
use offboard::ldif::{Record, RecordReader, UrlPolicy};

use super::ad_run;
use super::compare::assert_same;
use super::server::Server as _;
use super::slapd::{Slapd, SlapdSetup};
use crate::support::programs::output_text;
use crate::support::runbook::run_block;
use crate::support::{exports, file_name, offboard, paths_with, root, scenarios, stderr};

/// Scenarios that cannot be loaded into this slapd, and why.
const NOT_HERE: [(&str, &str); 2] =
    [("ad-disable-move-delete", "the schema of Active Directory"), ("ad-references", "the schema of Active Directory")];

/// The DNs in exports whose parents are not exported.
fn suffixes(exports: &[PathBuf]) -> Vec<String> {
    let mut names = Vec::new();
    for file in exports {
        for record in RecordReader::new(&std::fs::read(file).unwrap(), 1, UrlPolicy::Refuse) {
            let Record::Content(record) = record.unwrap() else { continue };
            names.push(Dn::parse(&record.dn).unwrap());
        }
    }
    let known: HashSet<_> = names.iter().map(|dn| dn.key().clone()).collect();
    let top = names.iter().filter(|dn| !known.contains(&dn.key().parent().unwrap()));
    top.map(|dn| String::from_utf8(dn.raw_bytes().to_vec()).unwrap()).collect()
}

/// The exports after a change set.
fn simulated(server: &str, exports: &[PathBuf], set: &Path, place: &Path) -> PathBuf {
    let file = place.join("simulated.ldif");
    let mut command = offboard();
    command.args(["simulate", "--for", server, "-o"]).arg(&file);
    for export in exports {
        command.arg("--export").arg(export);
    }
    let output = command.arg(set).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}: {}", set.display(), stderr(&output));
    file
}

fn stages(set: &Path) -> Vec<String> {
    paths_with(&set.join("apply"), "ldif").iter().map(|path| file_name(path)).collect()
}

#[test]
fn every_change_set_on_slapd() {
    let mut run = 0;
    for scenario in scenarios() {
        let set = root().join("fixtures/scenarios").join(&scenario).join("expected");
        let stages = stages(&set);
        if stages.is_empty() || NOT_HERE.iter().any(|(name, _)| *name == scenario) {
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        let exports: Vec<PathBuf> = exports(&scenario).iter().map(|file| root().join(file)).collect();
        let suffixes = suffixes(&exports);
        let server =
            Slapd::start(SlapdSetup::plain(&suffixes.iter().map(String::as_str).collect::<Vec<_>>()), &exports);
        for stage in stages {
            let command = format!(r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f apply/{stage}"#);
            let output = run_block(&set, &command, &server.environment());
            assert!(output.status.success(), "{scenario}, {stage}: {}", output_text(&output));
        }
        let simulated = simulated("openldap", &exports, &set, place.path());
        assert_same(&[simulated], &server.export(place.path()));
        run += 1;
    }
    assert!(run >= 10, "{run}");
}

/// The plan of `ad-disable-move-delete` on a Samba domain, applied with `ldbmodify`.
#[test]
fn active_directory() {
    let database = ad_run::organisation();
    let place = tempfile::tempdir().unwrap();
    let export = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        database.export(&folder)
    };
    let before = export("before");
    let (set, _) = ad_run::plan(&database, "2026-11-21", place.path(), &[]);
    let simulated = simulated("ad", std::slice::from_ref(&before), &set, place.path());
    assert_eq!(ad_run::run(&database, &set.join("apply")), 4);
    let after = export("after");
    // Back links and copies of the name, which the server derives.
    let worked_out = [": directreports: ", ": distinguishedname: "];
    let mut found = ad_run::differing(&simulated, &after);
    found.retain(|line| !worked_out.iter().any(|name| line.contains(name)));
    assert_eq!(found, Vec::<String>::new());
    assert!(!ad_run::differing(&before, &after).is_empty());
}

/// Waves that are run one after another on slapd give the same as the simulation of the whole plan, and no wave is
/// refused.
#[test]
fn waves_on_slapd() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    let output = crate::support::plan_scenario("three-domains", &set, &["--wave", "3"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let waves = crate::waves::waves(&set);
    assert!(waves.len() > 4, "{waves:?}");
    let exports: Vec<PathBuf> = exports("three-domains").iter().map(|file| root().join(file)).collect();
    let suffixes = suffixes(&exports);
    let server = Slapd::start(SlapdSetup::plain(&suffixes.iter().map(String::as_str).collect::<Vec<_>>()), &exports);
    for wave in &waves {
        for stage in stages(wave) {
            let command = format!(r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f apply/{stage}"#);
            let output = run_block(wave, &command, &server.environment());
            assert!(output.status.success(), "{}, {stage}: {}", wave.display(), output_text(&output));
        }
    }
    let whole = root().join("fixtures/scenarios/three-domains/expected");
    let simulated = simulated("openldap", &exports, &whole, place.path());
    assert_same(&[simulated], &server.export(place.path()));
}
