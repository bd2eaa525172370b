//! A private 389 Directory Server: one folder and one process, both removed on drop.
//!
//! Nothing outside the folder is written (except a semaphore of some bytes, see `Drop`), and no privilege is needed. It
//! listens only on a Unix socket (`ldapi`), so that tests that run at the same time do not collide. `dscreate` needs
//! systemd; instead its configuration template is filled in here.

use super::server::{Daemon, PASSWORD, Server, private_folder, socket, split};
use crate::support::programs::{here, output_text, program, succeed};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Debian package.
const PACKAGE: &str = "389-ds-base";

/// The package's files for new servers. The server finds the schema next to them by itself.
const TEMPLATE: &str = "/usr/share/dirsrv/data/template-dse.ldif";

/// The DN of the administrator.
const ROOT_DN: &str = "cn=Directory Manager";

/// The set-up of a server.
pub struct Ds389Setup {
    /// Its suffixes, one database each.
    pub suffixes: Vec<String>,
    /// Lines of `cn=config`, such as `nsslapd-syntaxcheck: off`.
    pub global: String,
    /// Whether the referential integrity plug-in is on, with its default attributes.
    pub referential_integrity: bool,
    /// Other plug-ins that are on, by the DNs of their entries.
    pub plug_ins: &'static [&'static str],
    /// More entries of the configuration.
    pub entries: &'static str,
}

impl Ds389Setup {
    /// A server with the default set-up.
    pub fn plain(suffixes: &[&str]) -> Self {
        Self {
            suffixes: suffixes.iter().map(ToString::to_string).collect(),
            global: String::new(),
            referential_integrity: false,
            plug_ins: &[],
            entries: "",
        }
    }

    /// The `dse.ldif`: the package's template, made small and fast, and the databases.
    fn configuration(&self, folder: &Path) -> String {
        let mut text = fs::read_to_string(TEMPLATE).unwrap_or_else(|error| {
            panic!("{TEMPLATE}: {error}: install the Debian package {PACKAGE}, or run tests/run")
        });
        let user = String::from_utf8(succeed(Command::new("id").arg("-un")).stdout).unwrap();
        let socket = socket(folder).display().to_string();
        let folder = folder.display().to_string();
        let below = |name: &str| format!("{folder}/{name}");
        for (blank, value) in [
            ("schema_dir", below("schema")),
            ("config_dir", folder.clone()),
            ("cert_dir", folder.clone()),
            ("inst_dir", folder.clone()),
            ("lock_dir", folder.clone()),
            ("tmp_dir", folder.clone()),
            ("ldif_dir", folder.clone()),
            ("bak_dir", folder.clone()),
            ("run_dir", folder.clone()),
            ("log_dir", folder.clone()),
            ("db_dir", below("db")),
            ("db_home_dir", below("db")),
            // LMDB takes half a megabyte on disk, Berkeley DB a hundred.
            ("db_lib", "mdb".to_owned()),
            ("fqdn", "localhost".to_owned()),
            // No TCP.
            ("ds_port", "0".to_owned()),
            // Without a host name the server exits.
            ("ds_user", user.trim().to_owned()),
            ("rootdn", ROOT_DN.to_owned()),
            ("ds_passwd", format!("{{CLEAR}}{PASSWORD}")),
            ("ldapi_enabled", "on".to_owned()),
            ("ldapi", socket),
            ("ldapi_autobind", "off".to_owned()),
            // These belong to plug-ins that are off.
            ("ds_suffix", self.suffixes[0].clone()),
        ] {
            let blank = format!("%{blank}%");
            assert!(text.contains(&blank), "{TEMPLATE} has no {blank}");
            text = text.replace(&blank, &value);
        }
        let text = text.replacen(
            "nsslapd-port: ",
            &format!(
                "nsslapd-accesslog-logging-enabled: off\nnsslapd-securitylog-logging-enabled: off\n\
                 nsslapd-threadnumber: 4\n{}nsslapd-port: ",
                self.global
            ),
            1,
        );
        // With this plug-in each start measures the speed of the hash for a second.
        let text = switch(&text, "PBKDF2_SHA256", false);
        // Its file is in /etc/dirsrv, which only the server's user may read.
        let text = switch(&text, "Internationalization Plugin", false);
        let text = switch(&text, "referential integrity postoperation", self.referential_integrity);
        let text = self.plug_ins.iter().fold(text, |text, plug_in| switch(&text, plug_in, true));
        // One blank line between entries: the server takes a second one for an entry without a DN.
        let mut text = text.trim_end().to_owned() + "\n";
        for (number, suffix) in self.suffixes.iter().enumerate() {
            write!(
                text,
                "\ndn: cn=db{number},cn=ldbm database,cn=plugins,cn=config\nobjectClass: top\n\
                 objectClass: extensibleObject\nobjectClass: nsBackendInstance\ncn: db{number}\n\
                 nsslapd-suffix: {suffix}\n\n\
                 dn: cn=\"{suffix}\",cn=mapping tree,cn=config\nobjectClass: top\n\
                 objectClass: extensibleObject\nobjectClass: nsMappingTree\ncn: \"{suffix}\"\ncn: {suffix}\n\
                 nsslapd-state: backend\nnsslapd-backend: db{number}\n"
            )
            .unwrap();
        }
        text + self.entries
    }
}

/// Turns a plug-in of a configuration on or off.
fn switch(configuration: &str, plug_in: &str, on: bool) -> String {
    let entries = configuration.split("\n\n").map(|entry| {
        let dn = entry.trim_start().lines().next().unwrap_or_default();
        if !dn.starts_with(&format!("dn: cn={plug_in},")) {
            return entry.to_owned();
        }
        let is = |state: &str| format!("nsslapd-pluginenabled: {state}");
        let (now, then) = if on { (is("off"), is("on")) } else { (is("on"), is("off")) };
        assert!(entry.contains(&now) || entry.contains(&then), "{plug_in} cannot be switched");
        entry.replace(&now, &then)
    });
    let text = entries.collect::<Vec<_>>().join("\n\n");
    assert!(configuration.contains(&format!("\ndn: cn={plug_in},")), "there is no plug-in {plug_in}");
    text
}

/// A running server.
pub struct Ds389 {
    daemon: Daemon,
    setup: Ds389Setup,
}

impl Ds389 {
    /// Starts a server that holds these exports, and returns when it answers.
    pub fn start<P: AsRef<Path>>(setup: Ds389Setup, exports: &[P]) -> Self {
        let ns_slapd = program("ns-slapd", PACKAGE);
        let folder = private_folder();
        let path = folder.path();
        fs::write(path.join("dse.ldif"), setup.configuration(path)).unwrap();
        fs::create_dir(path.join("schema")).unwrap();
        fs::copy(here().join("schema/60sun-comms.ldif"), path.join("schema/60sun-comms.ldif")).unwrap();
        fs::create_dir(path.join("db")).unwrap();
        split(path, &setup.suffixes, exports);
        for number in 0..setup.suffixes.len() {
            let mut command = Command::new(&ns_slapd);
            command.arg("ldif2db").arg("-D").arg(path).args(["-n", &format!("db{number}"), "-i"]);
            let output = command.arg(path.join(format!("{number}.ldif"))).output().unwrap();
            // Only the log shows which entries were skipped, and why.
            assert!(
                output.status.success(),
                "ldif2db: {}\n{}",
                output.status,
                fs::read_to_string(path.join("errors")).unwrap_or_else(|_| output_text(&output))
            );
        }
        let mut command = Command::new(ns_slapd);
        // `-d` keeps the server in the foreground.
        command.args(["-d", "0", "-D"]).arg(path).arg("-i").arg(path.join("pid"));
        Self { daemon: Daemon::start(&mut command, ROOT_DN, folder), setup }
    }
}

impl Server for Ds389 {
    fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// Exports with `ldapsearch`, because `db2ldif` needs exclusive use of the database; with `+`, because
    /// nsAccountLock is operational.
    fn export(&self, folder: &Path) -> Vec<PathBuf> {
        let files = self.setup.suffixes.iter().enumerate().map(|(number, suffix)| {
            let file = folder.join(format!("ldapsearch-{number}.ldif"));
            let mut command = self.client("ldapsearch");
            let output = succeed(command.args(["-LLL", "-b", suffix, "(objectClass=*)", "*", "+"]));
            fs::write(&file, output.stdout).unwrap();
            file
        });
        files.collect()
    }
}

impl Drop for Ds389 {
    fn drop(&mut self) {
        // The server's semaphore is named after its folder.
        let name = self.daemon.path().file_name().and_then(OsStr::to_str).unwrap_or_default();
        let _ = fs::remove_file(format!("/dev/shm/sem.{name}.stats"));
    }
}
