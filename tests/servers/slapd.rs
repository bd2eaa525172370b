//! A private OpenLDAP server: one folder, one process, gone when it is dropped.
//!
//! Nothing outside the folder is written and no privilege is needed. It listens on a Unix socket only (`ldapi`), so
//! tests that run at the same time cannot meet.

use super::tools::{here, program, python_ldap, said, succeed};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where Debian's slapd keeps its schema and its modules.
const SCHEMA: &str = "/etc/ldap/schema";
const MODULES: &str = "/usr/lib/ldap";

/// How long a server may take to answer or to end: a hundred times what it needs, for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a server is set up.
pub struct Setup {
    /// The suffixes that it holds, a database each. The first one's `cn=root` is the rootdn of all.
    pub suffixes: Vec<String>,
    /// Lines of slapd.conf before the first database, such as `moduleload refint`.
    pub global: String,
    /// Lines of slapd.conf in every database, such as `overlay refint` with its options.
    pub database: String,
}

impl Setup {
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
            // 64 MiB is room enough; without syncing a load takes a tenth of a second.
            writeln!(text, "directory {folder}/db{number}\nmaxsize 67108864\ndbnosync").unwrap();
            writeln!(text, "index objectClass eq\n{}", self.database).unwrap();
        }
        text
    }
}

const PASSWORD: &str = "secret";

/// A running server.
pub struct Slapd {
    process: Child,
    uri: String,
    setup: Setup,
    // Last, so that the process has ended before its folder goes.
    folder: TempDir,
}

impl Slapd {
    /// Starts a server that holds these exports, and returns when it answers.
    pub fn start<P: AsRef<Path>>(setup: Setup, exports: &[P]) -> Self {
        let slapd = program("slapd", "slapd");
        // slapd dies of a socket path over 107 bytes, so TMPDIR, which may be long, is not asked.
        let folder = tempfile::Builder::new().prefix("ob-").tempdir_in("/tmp").unwrap();
        let path = folder.path();
        fs::write(path.join("slapd.conf"), setup.configuration(path)).unwrap();
        // `ldapmodify -y` takes the whole file for the password, a newline included.
        let mut password =
            OpenOptions::new().create_new(true).write(true).mode(0o600).open(path.join("password")).unwrap();
        password.write_all(PASSWORD.as_bytes()).unwrap();
        for number in 0..setup.suffixes.len() {
            fs::create_dir(path.join(format!("db{number}"))).unwrap();
        }
        load(&setup, path, exports);

        let socket = path.join("ldapi").display().to_string().replace('/', "%2F");
        let uri = format!("ldapi://{socket}/");
        let log = File::create(path.join("log")).unwrap();
        let process = Command::new(slapd)
            // -d keeps it in the foreground, where it can be ended by its own process id.
            .args(["-d", "0", "-h", &uri, "-f"])
            .arg(path.join("slapd.conf"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { process, uri, setup, folder };
        server.wait_until_it_answers();
        server
    }

    /// The socket and the pid file exist before it listens: only an answer shows that it is ready.
    fn wait_until_it_answers(&mut self) {
        let begun = Instant::now();
        loop {
            let output = self.client("ldapsearch").args(["-s", "base", "-b", "", "1.1"]).output().unwrap();
            if output.status.success() {
                return;
            }
            let ended = self.process.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "slapd does not answer ({ended:?}): {}\n{}",
                said(&output),
                fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// The variables that a runbook's commands use.
    pub fn environment(&self) -> [(&'static str, OsString); 3] {
        [
            ("LDAP_URI", self.uri.clone().into()),
            ("BIND_DN", self.setup.root_dn().into()),
            ("PASSWORD_FILE", self.folder.path().join("password").into()),
        ]
    }

    /// One of `ldap-utils`, bound as the rootdn.
    pub fn client(&self, name: &str) -> Command {
        let mut command = Command::new(program(name, "ldap-utils"));
        command.args(["-x", "-H", &self.uri, "-D", &self.setup.root_dn(), "-y"]);
        command.arg(self.folder.path().join("password"));
        command
    }

    /// What it holds now, as `slapcat` writes it: a file a suffix, in the given folder.
    pub fn export(&self, folder: &Path) -> Vec<PathBuf> {
        let slapcat = program("slapcat", "slapd");
        let files = self.setup.suffixes.iter().enumerate().map(|(number, suffix)| {
            let file = folder.join(format!("slapcat-{number}.ldif"));
            let mut command = Command::new(&slapcat);
            command.arg("-f").arg(self.folder.path().join("slapd.conf"));
            succeed(command.args(["-b", suffix, "-l"]).arg(&file));
            file
        });
        files.collect()
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        // Its data is thrown away, so it need not end in good order.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Fills the databases before the server starts, which is the fast way (no schema-checked request an entry, one commit).
fn load<P: AsRef<Path>>(setup: &Setup, folder: &Path, exports: &[P]) {
    let slapadd = program("slapadd", "slapd");
    succeed(
        python_ldap("load_order.py")
            .arg(folder)
            .args(&setup.suffixes)
            .arg("--")
            .args(exports.iter().map(AsRef::as_ref)),
    );
    for (number, suffix) in setup.suffixes.iter().enumerate() {
        let mut command = Command::new(&slapadd);
        command.arg("-q").arg("-f").arg(folder.join("slapd.conf"));
        succeed(command.args(["-b", suffix, "-l"]).arg(folder.join(format!("{number}.ldif"))));
    }
}
