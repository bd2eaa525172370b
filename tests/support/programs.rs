//! The programs of other projects that the tests run, and their Debian packages. A program that is missing fails the
//! test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Debian's own interpreter: `python3-ldap` is installed for it and for no other that `PATH` may name.
const PYTHON: &str = "/usr/bin/python3";

/// A program of a Debian package.
///
/// Servers are in `/usr/sbin`, which is not in every `PATH`.
pub fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: install the Debian package {package}, or run tests/run"))
}

/// Debian's Python running a script of `tests/servers` that needs `python3-ldap`.
pub fn python_ldap(script: &str) -> Command {
    let ready = Command::new(PYTHON).args(["-c", "import ldap, ldif"]).output();
    assert!(
        ready.is_ok_and(|output| output.status.success()),
        "{PYTHON} cannot import ldap: install the Debian package python3-ldap, or run tests/run"
    );
    python(&here().join(script))
}

/// Debian's Python running a script of this repository.
pub fn python(script: &Path) -> Command {
    let mut command = Command::new(PYTHON);
    // No __pycache__ in the checkout.
    command.arg("-B").arg(script);
    command
}

/// Runs a command that must succeed.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, output_text(&output));
    output
}

/// Both outputs of a program, for a failing assertion.
pub fn output_text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// The folder `tests/servers`.
pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers")
}
