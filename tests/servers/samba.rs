//! A private Active Directory database of Samba, without a server, removed on drop.
//!
//! `ldbmodify` and `ldbsearch` load the modules of Samba's domain controller, so that its schema and rules apply. They
//! are not LDAP clients, though: they act as the system, which may write a few attributes that an administrator may
//! not; a whole file is one transaction; and they do not support `control:` lines and `version:`.

use super::server::{Daemon, Server, private_folder};
use crate::support::programs::{here, output_text, program, python, succeed};
use offboard::ldif::{Record, RecordReader, UrlPolicy};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// The domain.
pub const DOMAIN: &str = "DC=corp,DC=example,DC=test";

/// The administrator. Only a domain controller asks for the password.
const ADMINISTRATOR: &str = "CN=Administrator,CN=Users,DC=corp,DC=example,DC=test";
const ADMIN_PASSWORD: &str = "Correct-Horse-1";

/// The container of the test's entries, apart from the domain's own.
pub const ORGANISATION: &str = "OU=MyOrg,DC=corp,DC=example,DC=test";

/// Files by their path relative to a folder.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// A new domain.
struct Domain {
    /// The directory, with one file for each naming context, and the key of its secrets.
    directory: Files,
    /// The other files of a domain controller.
    controller: Files,
}

/// Writes files into a folder.
fn write(files: &Files, folder: &Path) {
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Created once for each process, which takes about ten seconds, and kept in memory, because nothing would remove a
/// folder at the end.
fn provisioned() -> &'static Domain {
    static DOMAIN: OnceLock<Domain> = OnceLock::new();
    DOMAIN.get_or_init(|| {
        // A missing tool is reported before the ten seconds.
        program("ldbmodify", "ldb-tools");
        let folder = tempfile::tempdir().unwrap();
        let mut command = python(&here().join("ad_provision.py"));
        let output = alone(&mut command).arg(folder.path()).arg(ADMIN_PASSWORD).output().unwrap();
        assert!(
            output.status.success(),
            "no domain was made: install the Debian packages python3-samba, samba-dsdb-modules and samba-ad-provision, \
             or run tests/run\n{}",
            output_text(&output)
        );
        let private = folder.path().join("private");
        let read = |paths: Vec<PathBuf>| -> Files {
            let relative = |path: PathBuf| (path.strip_prefix(&private).unwrap().to_owned(), fs::read(&path).unwrap());
            paths.into_iter().map(relative).collect()
        };
        let contexts = fs::read_dir(private.join("sam.ldb.d")).unwrap().map(|file| file.unwrap().path());
        let directory = contexts.chain(["sam.ldb", "encrypted_secrets.key"].map(|name| private.join(name))).collect();
        let controller = ["secrets.ldb", "secrets.tdb", "secrets.keytab", "privilege.ldb", "idmap.ldb", "krb5.conf"];
        let controller = controller.map(|name| private.join(name)).into();
        Domain { directory: read(directory), controller: read(controller) }
    })
}

/// Options: not the Samba configuration of this machine, and no waiting for the disk.
fn alone(command: &mut Command) -> &mut Command {
    command.env("SMB_CONF_PATH", "/dev/null").env("TDB_NO_FSYNC", "1")
}

/// One of `ldb-tools`, on the database in a folder.
fn tool(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(program(name, "ldb-tools"));
    alone(&mut command).arg("-H").arg(folder.join("sam.ldb"));
    command
}

/// The entries at and below a DN, with all stored and linked attributes.
fn search(folder: &Path, base: &str, file: &Path) -> PathBuf {
    // Sorted (children first), so that the order does not depend on GUIDs.
    let output = succeed(tool("ldbsearch", folder).args(["-S", "-b", base, "(objectClass=*)", "*"]));
    fs::write(file, output.stdout).unwrap();
    file.to_owned()
}

/// A database.
pub struct AdDatabase {
    folder: TempDir,
}

impl AdDatabase {
    /// A new domain with the entries of these files, parents first.
    pub fn start<P: AsRef<Path>>(content: &[P]) -> Self {
        let database = Self { folder: private_folder() };
        write(&provisioned().directory, database.folder.path());
        for file in content {
            // Records without `changetype` are additions.
            database.modify(file.as_ref());
        }
        database
    }

    /// One of `ldb-tools`, on this database.
    fn tool(&self, name: &str) -> Command {
        tool(name, self.folder.path())
    }

    /// Applies a change file, which must succeed completely.
    pub fn modify(&self, file: &Path) -> Output {
        self.attempt(file)
            .unwrap_or_else(|output| panic!("{}: {}\n{}", file.display(), output.status, output_text(&output)))
    }

    /// Applies a change file. An error unless all of it was applied.
    ///
    /// The exit status alone is not enough: `ldbmodify` ends with 0 when it stops at something that it cannot read.
    pub fn attempt(&self, file: &Path) -> Result<Output, Output> {
        let text = fs::read(file).unwrap();
        let begins_record = |line: &&[u8]| line.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"dn:"));
        let records = text.split(|byte| *byte == b'\n').filter(begins_record).count();
        assert!(records > 0, "{} holds no record", file.display());
        let output = self.tool("ldbmodify").arg("-v").arg(file).output().unwrap();
        let all = format!("Modified {records} records successfully");
        let done = output.status.success() && String::from_utf8_lossy(&output.stdout).lines().any(|line| line == all);
        if done { Ok(output) } else { Err(output) }
    }

    /// Exports the test's entries with `ldbsearch` to a file in this folder.
    pub fn export(&self, folder: &Path) -> PathBuf {
        search(self.folder.path(), ORGANISATION, &folder.join("organisation.ldif"))
    }

    /// Exports the whole domain, with the entries of Active Directory itself.
    pub fn export_domain(&self, folder: &Path) -> PathBuf {
        search(self.folder.path(), DOMAIN, &folder.join("domain.ldif"))
    }

    /// The test's entries.
    pub fn entries(&self) -> Entries {
        let text = fs::read(self.export(self.folder.path())).unwrap();
        let mut entries = BTreeMap::new();
        for record in RecordReader::new(&text, 1, UrlPolicy::Refuse) {
            let Record::Content(record) = record.unwrap() else { continue };
            let lines = record.attributes.iter();
            let lines = lines.map(|line| (line.description.to_string(), line.value.bytes().to_vec())).collect();
            entries.insert(String::from_utf8(record.dn.to_vec()).unwrap(), lines);
        }
        assert!(!entries.is_empty(), "the organisation holds no entry");
        Entries(entries)
    }
}

/// A domain controller that serves only LDAP, on a Unix socket.
///
/// Its configuration uses no file outside the folder. Samba always opens its TCP ports, so it runs in a network
/// namespace of its own, which only root may create.
pub struct AdController {
    daemon: Daemon,
}

impl AdController {
    /// Serves a database.
    pub fn start(database: AdDatabase) -> Self {
        let samba = program("samba", "samba");
        let folder = database.folder;
        let allowed = Command::new("unshare").args(["-n", "true"]).output().unwrap();
        assert!(
            allowed.status.success(),
            "no network name space: `unshare -n` is not permitted here; run this test as root\n{}",
            output_text(&allowed)
        );
        let path = folder.path();
        write(&provisioned().controller, path);
        fs::write(path.join("password"), ADMIN_PASSWORD).unwrap();
        fs::write(path.join("smb.conf"), Self::configuration(path)).unwrap();
        let mut command = Command::new("unshare");
        // `exec`, so that the process is the server. `-i` keeps it in the foreground.
        let script = "ip link set lo up && exec \"$0\" -i -M single -s \"$1\" -d 1";
        command.args(["-n", "sh", "-c", script]).arg(samba).arg(path.join("smb.conf"));
        // The server would exit at the end of its standard input.
        alone(&mut command).stdin(Stdio::null());
        Self { daemon: Daemon::start(&mut command, ADMINISTRATOR, folder) }
    }

    fn configuration(folder: &Path) -> String {
        let folder = folder.display();
        let mut text = "[global]\nnetbios name = DC1\nworkgroup = CORP\nrealm = CORP.EXAMPLE.TEST\n\
                        server role = active directory domain controller\nserver services = ldap\n\
                        dcerpc endpoint servers = remote\ninterfaces = lo\nbind interfaces only = yes\n\
                        tls enabled = no\nldap server require strong auth = no\n"
            .to_owned();
        // The socket is in the private folder.
        for (name, below) in [
            ("private dir", ""),
            ("lock directory", "/lock"),
            ("state directory", "/state"),
            ("cache directory", "/cache"),
            ("pid directory", "/pid"),
            ("binddns dir", "/bind"),
            ("ncalrpc dir", "/ncalrpc"),
            ("winbindd socket directory", "/winbindd"),
            ("ntp signd socket directory", "/ntp"),
        ] {
            fs::create_dir_all(format!("{folder}{below}")).unwrap();
            writeln!(text, "{name} = {folder}{below}").unwrap();
        }
        writeln!(text, "log file = {folder}/log.samba").unwrap();
        text
    }
}

impl Server for AdController {
    fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// Exports with `ldbsearch` from the database that is served.
    fn export(&self, folder: &Path) -> Vec<PathBuf> {
        vec![search(self.daemon.path(), ORGANISATION, &folder.join("organisation.ldif"))]
    }
}

/// Entries by DN, as `ldbsearch` spells it; each is a list of attributes and values.
pub struct Entries(BTreeMap<String, Vec<(String, Vec<u8>)>>);

impl Entries {
    /// The attributes of an entry, which must exist.
    pub fn of(&self, dn: &str) -> &[(String, Vec<u8>)] {
        self.0.get(dn).unwrap_or_else(|| panic!("there is no {dn:?}"))
    }

    /// Whether an entry exists.
    pub fn hold(&self, dn: &str) -> bool {
        self.0.contains_key(dn)
    }

    /// The values of an attribute as text, sorted.
    pub fn values(&self, dn: &str, attribute: &str) -> Vec<&str> {
        let lines = self.of(dn).iter().filter(|(name, _)| name == attribute);
        let mut values: Vec<&str> = lines.map(|(_, value)| std::str::from_utf8(value).unwrap()).collect();
        values.sort_unstable();
        values
    }
}

#[cfg(test)]
mod tests {
    use super::super::compare::differences;
    use super::*;
    use crate::support::{offboard, root};

    fn content() -> PathBuf {
        root().join("fixtures/servers/ad-content.ldif")
    }

    /// The DNs that the tool itself reads in an export.
    fn read_by_offboard(export: &Path) -> usize {
        let output = offboard().arg("json").arg(export).output().unwrap();
        assert!(output.status.success(), "{}", output_text(&output));
        let lines: Vec<_> = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        assert!(
            lines.iter().all(|line| line.starts_with(b"{\"dn\":") && !line.windows(10).any(|at| at == b"changetype"))
        );
        lines.len()
    }

    /// All loaded entries exist; Active Directory adds attributes, but no entry.
    #[test]
    fn content_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let export = AdDatabase::start(&[content()]).export(folder.path());
        let found = differences(&[content()], &[&export]);
        let lost: Vec<_> = found.iter().filter(|line| line.starts_with('-') || line.ends_with("only after")).collect();
        assert!(lost.is_empty(), "{lost:#?}");
        assert!(found.iter().any(|line| line.contains(": objectsid: ")), "{found:#?}");
        assert_eq!(read_by_offboard(&export), 33);
    }

    /// The domain's own entries, the referral to its configuration and the organisation, in one export.
    #[test]
    fn the_whole_domain_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let export = AdDatabase::start::<&Path>(&[]).export_domain(folder.path());
        let bare = read_by_offboard(&export);
        let export = AdDatabase::start(&[content()]).export_domain(folder.path());
        assert!(fs::read_to_string(&export).unwrap().contains("\nref: ldap:///CN=Configuration,"));
        assert_eq!(read_by_offboard(&export), bare + 33);
    }

    /// A file that was not applied is not taken for one that was, with any exit status.
    #[test]
    fn what_is_not_done_is_an_error() {
        let database = AdDatabase::start::<&Path>(&[]);
        let file = database.folder.path().join("change.ldif");
        // ldb cannot read the blanks around `=`: 0 records, exit status 0.
        fs::write(&file, "dn: OU = x, DC=corp,DC=example,DC=test\nchangetype: delete\n").unwrap();
        assert_eq!(database.attempt(&file).unwrap_err().status.code(), Some(0));
        fs::write(&file, format!("dn: OU=x,{DOMAIN}\nchangetype: delete\n")).unwrap();
        assert_eq!(database.attempt(&file).unwrap_err().status.code(), Some(32));
        fs::write(&file, format!("dn: OU=x,{DOMAIN}\nobjectClass: organizationalUnit\n")).unwrap();
        assert!(database.attempt(&file).is_ok());
    }
}
