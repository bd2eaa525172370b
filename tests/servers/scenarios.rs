//! The scenarios of `fixtures/scenarios`, compared with a real server.

use super::compare::{assert_same, differences};
use super::server::Server as _;
use super::slapd::{Slapd, SlapdSetup};
use crate::support::programs::{output_text, python, succeed};
use crate::support::runbook::run_block;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `fixtures/scenarios`.
struct Scenario {
    folder: PathBuf,
    suffixes: &'static [&'static str],
}

impl Scenario {
    fn new(name: &str, suffixes: &'static [&'static str]) -> Self {
        Self { folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios").join(name), suffixes }
    }

    fn exports(&self) -> [PathBuf; 2] {
        ["export.ldif", "address-books.ldif"].map(|file| self.folder.join(file))
    }

    /// A server with the scenario's entries.
    fn serve(&self) -> Slapd {
        Slapd::start(SlapdSetup::plain(self.suffixes), &self.exports())
    }
}

/// The suffixes of the scenarios that follow Sun's note.
const NOTE: &[&str] = &["o=root_suffix", "o=PiServerDb"];
/// The suffixes of the generated directory.
const ISP: &[&str] = &["o=isp", "o=PiServerDb"];

/// Every scenario can be loaded into a server: a fixture that cannot proves nothing about servers.
fn loads_and_comes_back(name: &str, suffixes: &'static [&'static str]) {
    let scenario = Scenario::new(name, suffixes);
    let server = scenario.serve();
    let folder = tempfile::tempdir().unwrap();
    assert_same(&scenario.exports(), &server.export(folder.path()));
}

#[test]
fn note_active_loads() {
    loads_and_comes_back("note-active", NOTE);
}

#[test]
fn note_marked_loads() {
    loads_and_comes_back("note-disabled", NOTE);
}

#[test]
fn note_released_loads() {
    loads_and_comes_back("note-released", NOTE);
}

#[test]
fn last_member_loads() {
    loads_and_comes_back("last-member", NOTE);
}

#[test]
fn three_domains_loads() {
    loads_and_comes_back("three-domains", ISP);
}

/// The committed files are the output of the committed generator.
#[test]
fn three_domains_is_generated() {
    let scenario = Scenario::new("three-domains", ISP);
    let folder = tempfile::tempdir().unwrap();
    succeed(python(&scenario.folder.join("generate.py")).arg(folder.path()));
    for file in ["export.ldif", "address-books.ldif", "leavers.csv"] {
        let [committed, generated] = [&scenario.folder, folder.path()].map(|at| fs::read(at.join(file)).unwrap());
        assert!(committed == generated, "{file} is not what generate.py writes");
    }
}

/// The technical note's change (its `markUserDeleted.ldif`, which lacks the last `-`) turns its first sample into its
/// second one, except the class that the second one misspells.
#[test]
fn the_notes_change_leads_to_the_notes_second_sample() {
    let server = Scenario::new("note-active", NOTE).serve();
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("markUserDeleted.ldif"),
        "dn: uid=jsmith,ou=People,o=sesta.com,o=root_suffix\nchangetype: modify\nreplace: inetuserstatus\n\
         inetuserstatus: deleted\n",
    )
    .unwrap();
    let command = r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f markUserDeleted.ldif"#;
    let output = run_block(folder.path(), command, &server.environment());
    assert!(output.status.success(), "{}", output_text(&output));
    assert_eq!(
        differences(&Scenario::new("note-disabled", NOTE).exports(), &server.export(folder.path())),
        [
            "- 'uid=jsmith,ou=People,o=sesta.com,o=root_suffix': objectclass: b'icscalendaryuser'",
            "+ 'uid=jsmith,ou=People,o=sesta.com,o=root_suffix': objectclass: b'icscalendaruser'",
        ]
    );
}

/// The rootdn of the first suffix may write to the second one: a change set writes to both with one bind.
#[test]
fn one_bind_reaches_both_suffixes() {
    let server = Scenario::new("note-active", NOTE).serve();
    let output = server
        .client("ldapdelete")
        .arg("piEntryID=e10976f8665f4,piPStoreOwner=jsmith,o=sesta.com,o=PiServerDb")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", output_text(&output));
}
