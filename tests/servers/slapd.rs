//! A private OpenLDAP server: one folder and one process, both removed on drop.
//!
//! Nothing outside the folder is written, and no privilege is needed. It listens only on a Unix socket (`ldapi`), so
//! that tests that run at the same time do not collide.

use super::server::{Daemon, PASSWORD, Server, private_folder, split, uri};
use crate::support::programs::{here, program, succeed};
use data_encoding::BASE64;
use offboard::ldif::{AttributeLine, Record, RecordReader, UrlPolicy};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The schema and the modules of Debian's slapd.
const SCHEMA: &str = "/etc/ldap/schema";
const MODULES: &str = "/usr/lib/ldap";

/// The set-up of a server.
pub struct SlapdSetup {
    /// Its suffixes, one database each. `cn=root` below the first one is the rootdn of all.
    pub suffixes: Vec<String>,
    /// Lines of slapd.conf before the first database, such as `moduleload refint`.
    pub global: String,
    /// Lines of slapd.conf in every database, such as `overlay refint` with its options.
    pub database: String,
}

impl SlapdSetup {
    /// A server without overlays.
    pub fn plain(suffixes: &[&str]) -> Self {
        Self {
            suffixes: suffixes.iter().map(ToString::to_string).collect(),
            global: String::new(),
            database: String::new(),
        }
    }

    fn root_dn(&self) -> String {
        format!("cn=root,{}", self.suffixes[0])
    }

    fn configuration(&self, folder: &Path) -> String {
        let schema = here().join("schema/sun-comms.schema");
        let folder = folder.display();
        let mut text = String::new();
        for name in ["core", "cosine", "inetorgperson", "misc", "nis"] {
            writeln!(text, "include {SCHEMA}/{name}.schema").unwrap();
        }
        writeln!(text, "include {}", schema.display()).unwrap();
        writeln!(text, "include {}", here().join("schema/references.schema").display()).unwrap();
        writeln!(text, "pidfile {folder}/pid\nargsfile {folder}/args").unwrap();
        writeln!(text, "modulepath {MODULES}\nmoduleload back_mdb\n{}", self.global).unwrap();
        for (number, suffix) in self.suffixes.iter().enumerate() {
            writeln!(text, "database mdb\nsuffix \"{suffix}\"\nrootdn \"{}\"", self.root_dn()).unwrap();
            if number == 0 {
                writeln!(text, "rootpw {PASSWORD}").unwrap();
            }
            // 64 MiB is enough; without syncing a load takes a tenth of a second.
            writeln!(text, "directory {folder}/db{number}\nmaxsize 67108864\ndbnosync").unwrap();
            writeln!(text, "index objectClass eq\n{}", self.database).unwrap();
        }
        text
    }
}

/// A running server.
pub struct Slapd {
    daemon: Daemon,
    setup: SlapdSetup,
}

impl Slapd {
    /// Starts a server that holds these exports, and returns when it answers.
    pub fn start<P: AsRef<Path>>(setup: SlapdSetup, exports: &[P]) -> Self {
        let slapd = program("slapd", "slapd");
        let folder = private_folder();
        let path = folder.path();
        fs::write(path.join("slapd.conf"), setup.configuration(path)).unwrap();
        for number in 0..setup.suffixes.len() {
            fs::create_dir(path.join(format!("db{number}"))).unwrap();
        }
        load(&setup, path, exports);
        let mut command = Command::new(slapd);
        // `-d` keeps the server in the foreground.
        command.args(["-d", "0", "-h", &uri(path), "-f"]).arg(path.join("slapd.conf"));
        Self { daemon: Daemon::start(&mut command, &setup.root_dn(), folder), setup }
    }

    /// Starts a server and adds the entries of these exports one by one, parents first, because overlays see only
    /// requests.
    pub fn filled<P: AsRef<Path>>(setup: SlapdSetup, exports: &[P]) -> Self {
        let server = Self::start::<P>(setup, &[]);
        let folder = server.daemon.path();
        split(folder, &server.setup.suffixes, exports);
        for number in 0..server.setup.suffixes.len() {
            // Manage DSA IT for aliases and referrals; relax for attributes that only a server may write.
            let mut command = server.client("ldapadd");
            succeed(command.args(["-M", "-e", "!relax", "-f"]).arg(folder.join(format!("{number}.ldif"))));
        }
        // memberOf is not written for a member that was added after its group, so every group is written again.
        let mut again = String::new();
        for file in server.export(folder) {
            for record in RecordReader::new(&fs::read(file).unwrap(), 1, UrlPolicy::Refuse) {
                let Record::Content(record) = record.unwrap() else { continue };
                let is_member = |line: &&AttributeLine| line.description.eq_ignore_ascii_case("member");
                let mut members = record.attributes.iter().filter(is_member).peekable();
                if members.peek().is_none() {
                    continue;
                }
                let base64 = |bytes: &[u8]| BASE64.encode(bytes);
                writeln!(again, "dn:: {}\nchangetype: modify\nreplace: member", base64(&record.dn)).unwrap();
                for line in members {
                    writeln!(again, "member:: {}", base64(line.value.bytes())).unwrap();
                }
                again.push_str("-\n\n");
            }
        }
        fs::write(folder.join("again.ldif"), again).unwrap();
        succeed(server.client("ldapmodify").arg("-f").arg(folder.join("again.ldif")));
        server
    }
}

impl Server for Slapd {
    fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    fn export(&self, folder: &Path) -> Vec<PathBuf> {
        let slapcat = program("slapcat", "slapd");
        let files = self.setup.suffixes.iter().enumerate().map(|(number, suffix)| {
            let file = folder.join(format!("slapcat-{number}.ldif"));
            let mut command = Command::new(&slapcat);
            command.arg("-f").arg(self.daemon.path().join("slapd.conf"));
            succeed(command.args(["-b", suffix, "-l"]).arg(&file));
            file
        });
        files.collect()
    }
}

/// Fills the databases before the server starts. This is fast: one commit, and no request for each entry.
fn load<P: AsRef<Path>>(setup: &SlapdSetup, folder: &Path, exports: &[P]) {
    let slapadd = program("slapadd", "slapd");
    split(folder, &setup.suffixes, exports);
    for (number, suffix) in setup.suffixes.iter().enumerate() {
        let mut command = Command::new(&slapadd);
        command.arg("-q").arg("-f").arg(folder.join("slapd.conf"));
        succeed(command.args(["-b", suffix, "-l"]).arg(folder.join(format!("{number}.ldif"))));
    }
}
