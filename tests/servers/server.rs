//! What the servers of these tests have in common: a private folder and a process that listens on a Unix socket in it
//! (`ldapi`). Both are removed when the server is dropped.

use crate::support::programs::{output_text, program, python_ldap, succeed};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to answer or to exit: a hundred times what it needs, for busy machines.
const PATIENCE: Duration = Duration::from_secs(20);

/// The password of every server's administrator.
pub const PASSWORD: &str = "secret";

/// A server of any product, with the data of a test.
pub trait Server {
    /// The process that serves.
    fn daemon(&self) -> &Daemon;

    /// Exports it with its own tools: one file for each suffix, in this folder.
    fn export(&self, folder: &Path) -> Vec<PathBuf>;

    /// The environment variables of a runbook's commands.
    fn environment(&self) -> [(&'static str, OsString); 3] {
        let daemon = self.daemon();
        [
            ("LDAP_URI", daemon.uri.clone().into()),
            ("BIND_DN", daemon.root_dn.clone().into()),
            ("PASSWORD_FILE", daemon.path().join("password").into()),
        ]
    }

    /// One of `ldap-utils`, bound as the administrator.
    fn client(&self, name: &str) -> Command {
        self.daemon().client(name)
    }
}

/// A new folder, with the administrator's password in it.
pub fn private_folder() -> TempDir {
    // slapd crashes with a socket path over 107 bytes, so TMPDIR, which may be long, is not used.
    let folder = tempfile::Builder::new().prefix("ob-").tempdir_in("/tmp").unwrap();
    // `ldapmodify -y` takes the whole file as the password, including a line break.
    let path = folder.path().join("password");
    let mut password = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).unwrap();
    password.write_all(PASSWORD.as_bytes()).unwrap();
    folder
}

/// The socket in a folder.
pub fn socket(folder: &Path) -> PathBuf {
    folder.join("ldapi")
}

/// The URI of the socket in a folder.
pub fn uri(folder: &Path) -> String {
    format!("ldapi://{}/", socket(folder).display().to_string().replace('/', "%2F"))
}

/// Writes exports in the order in which a server loads them: `FOLDER/0.ldif` has the first suffix, parents first.
pub fn split<P: AsRef<Path>>(folder: &Path, suffixes: &[String], exports: &[P]) {
    let mut command = python_ldap("load_order.py");
    succeed(command.arg(folder).args(suffixes).arg("--").args(exports.iter().map(AsRef::as_ref)));
}

/// The process of a server, with its folder.
pub struct Daemon {
    process: Child,
    uri: String,
    root_dn: String,
    // Last, so that the process has ended before its folder is removed.
    folder: TempDir,
}

impl Daemon {
    /// Starts a command that serves the socket of a folder, in the foreground, and returns when it answers.
    pub fn start(command: &mut Command, root_dn: &str, folder: TempDir) -> Self {
        // In the foreground it is a child process, which can be killed.
        let log = File::create(folder.path().join("log")).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut daemon = Self { process, uri: uri(folder.path()), root_dn: root_dn.to_owned(), folder };
        daemon.wait_until_it_answers();
        daemon
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
                "the server does not answer ({ended:?}): {}\n{}",
                output_text(&output),
                fs::read_to_string(self.path().join("log")).unwrap_or_default()
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// One of `ldap-utils`, bound as the administrator.
    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(program(name, "ldap-utils"));
        command.args(["-x", "-H", &self.uri, "-D", &self.root_dn, "-y"]);
        command.arg(self.path().join("password"));
        command
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Its data is discarded, so it need not shut down cleanly.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
