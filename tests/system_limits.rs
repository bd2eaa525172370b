//! Limits of the system: a full disk, too few processes, too little address space.
//!
//! A small file system is mounted in a user namespace, where that is allowed; the limit on processes does not hold for
//! root, so that `setpriv` changes the user.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use crate::resources::{ends, entries};
use crate::support::{files, offboard, root, scenario_file, stderr, stdout};
use crate::writing::{SCENARIO, names, plan};

/// On a full disk nothing is left, and the message names the file. With enough space the run succeeds.
#[test]
fn a_full_disk() {
    let whole = tempfile::tempdir().unwrap();
    assert!(plan(&whole.path().join("set"), &[]).output().unwrap().status.code() < Some(2));
    let size: u64 = files(&whole.path().join("set")).iter().map(|(_, content)| content.len() as u64).sum();
    // A small file system where mounting is allowed; if not, a limit on the size of each file.
    let (mut refused, mut written) = (0, 0);
    for kib in [0, 4, 16, 32, 64, 96, 128, 4 * size / 1024] {
        let place = tempfile::tempdir().unwrap();
        let script = "mount -t tmpfs -o size=\"$1\" none \"$2\" 2>/dev/null || { [ \"$3\" = 0 ] && exit 99; ulimit -f $(($3 / 2)); }\n\
                      size=$1 place=$2; shift 3; \"$@\"; status=$?; ls -A \"$place\"; exit $status";
        let set = place.path().join("set");
        let inner = plan(&set, &["-q"]);
        let mut command = Command::new("unshare");
        command.args(["-r", "-m", "/bin/sh", "-c", script, "sh"]);
        command.arg(format!("{}k", kib.max(4))).arg(place.path()).arg(kib.max(4).to_string());
        command.arg(inner.get_program()).args(inner.get_args()).current_dir(root());
        let output = command.output().unwrap();
        let (told, left) = (stderr(&output), String::from_utf8_lossy(&output.stdout).into_owned());
        match output.status.code() {
            Some(0 | 1) => {
                assert_eq!(left.trim(), "set", "{kib} KiB: {told}");
                written += 1;
            }
            Some(2) => {
                assert_eq!(left.trim(), "", "{kib} KiB: {told}");
                assert!(
                    told.contains("No space left on device") || told.contains("File too large"),
                    "{kib} KiB: {told}"
                );
                assert!(told.contains("no part of the change set was written"), "{kib} KiB: {told}");
                assert!(told.contains("free some space"), "{kib} KiB: {told}");
                refused += 1;
            }
            other => panic!("{kib} KiB: {other:?}: {told}"),
        }
    }
    assert!(refused > 2 && written > 0, "{refused} of the disks were too small, {written} were not");
    // The same for a single file.
    let place = tempfile::tempdir().unwrap();
    let export = root().join(scenario_file(SCENARIO, "export.ldif"));
    let script = "ulimit -f 4; trap '' XFSZ; exec \"$@\"";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_offboard"), "diff", "/dev/null"]).arg(&export);
    let output = command.arg("-o").arg(place.path().join("change.ldif")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(names(place.path()).is_empty(), "{:?}", names(place.path()));
}

/// A run does without threads that cannot be started, or whose stacks do not fit into the address space.
#[test]
fn threads_without_room() {
    let place = tempfile::tempdir().unwrap();
    // Another user runs the binary, who may not be able to read the build directory.
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let binary = place.path().join("offboard");
    fs::copy(offboard().get_program(), &binary).unwrap();
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    fs::write(place.path().join("export.ldif"), entries()).unwrap();
    let search = "search (uid=u7) export.ldif --dn";
    let plan = "plan -p openldap -u u7 --limit disable=100% -o set-N export.ldif";
    for (index, (limits, threads, words)) in [
        ("ulimit -v 524288", "16", plan),
        ("ulimit -v 524288", "1000", search),
        ("ulimit -v 262144", "1000", search),
        ("ulimit -v 524288", "16", "lint export.ldif"),
        ("ulimit -u 1", "8", search),
        ("ulimit -u 1", "8", plan),
        ("ulimit -u 3", "8", search),
    ]
    .into_iter()
    .enumerate()
    {
        // The limit on processes does not hold for root.
        let user = "setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all";
        let user = if is_root && limits.contains("-u") { user } else { "" };
        let line = format!(
            "{limits}; exec {user} \"$0\" --threads {threads} {}",
            words.replace('(', "'(").replace(')', ")'").replace("-N", &format!("-{index}"))
        );
        let mut command = Command::new("bash");
        command.args(["-c", &line]).arg(&binary).current_dir(place.path());
        let output = ends(&mut command, &format!("{limits}, {threads} threads, {words}"));
        assert!(matches!(output.status.code(), Some(0 | 1)), "{limits} {words}: {}", stderr(&output));
        if words == search {
            assert_eq!(stdout(&output), "uid=u7,o=isp\n", "{limits}");
        }
    }
}
