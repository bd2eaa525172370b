//! The commands of a change set's `RUNBOOK.md`, run as an administrator would paste them.

#[cfg(feature = "all-tests")]
use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output},
};

/// The `sh` blocks under the `## ` heading that begins with these words, in order.
///
/// Fenced blocks as `offboard` writes them: three backticks at the start of a line, the language right after them.
pub fn runbook_blocks(runbook: &str, heading: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut wanted = false;
    // The language and the lines of the fenced block that is open.
    let mut open: Option<(&str, String)> = None;
    for line in runbook.lines() {
        if let Some((language, text)) = &mut open {
            if line == "```" {
                if wanted && *language == "sh" {
                    blocks.push(std::mem::take(text));
                }
                open = None;
            } else {
                text.push_str(line);
                text.push('\n');
            }
        } else if let Some(language) = line.strip_prefix("```") {
            open = Some((language.trim(), String::new()));
        } else if let Some(title) = line.strip_prefix("## ") {
            wanted = title.starts_with(heading);
        }
    }
    assert!(open.is_none(), "a fenced block is not closed");
    blocks
}

/// Runs a block in the folder of its change set; it stops at the first command that fails.
#[cfg(feature = "all-tests")]
pub fn run_block<K: AsRef<OsStr>, V: AsRef<OsStr>>(folder: &Path, block: &str, environment: &[(K, V)]) -> Output {
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", block])
        .current_dir(folder)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "all-tests")]
    use crate::support::plan_scenario;

    /// The runbook's own commands accept the set as it was signed, by an allowed key, and nothing else.
    #[cfg(feature = "all-tests")]
    #[test]
    fn an_approval_is_signed_and_checked() {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join("set");
        assert_eq!(plan_scenario("note-active", &set, &[]).status.code(), Some(0));
        let runbook = std::fs::read_to_string(set.join("RUNBOOK.md")).unwrap();
        let [sign, verify] = &runbook_blocks(&runbook, "Approve")[..] else { panic!("{runbook}") };
        let [sums, ..] = &runbook_blocks(&runbook, "Check")[..] else { panic!("{runbook}") };
        let key = |name: &str| {
            let path = place.path().join(name);
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).status();
            assert!(made.unwrap().success());
            path
        };
        let (known, other) = (key("known"), key("other"));
        let signers = place.path().join("allowed_signers");
        let public = std::fs::read_to_string(known.with_extension("pub")).unwrap();
        std::fs::write(&signers, format!("ann namespaces=\"offboard\" {public}")).unwrap();
        let approve = |key: &Path| {
            let _ = std::fs::remove_file(set.join("SHA256SUMS.sig"));
            assert!(run_block(&set, sign, &[("SIGNING_KEY", key)]).status.success());
        };
        let checked = || {
            let environment = [("ALLOWED_SIGNERS", signers.as_os_str()), ("APPROVER", OsStr::new("ann"))];
            run_block(&set, verify, &environment)
        };
        approve(&known);
        let good = checked();
        assert!(good.status.success(), "{good:?}");
        assert!(String::from_utf8_lossy(&good.stdout).starts_with("Good \"offboard\" signature for ann"), "{good:?}");
        assert!(run_block::<&str, &str>(&set, sums, &[]).status.success());

        approve(&other);
        assert!(!checked().status.success(), "a key that is not allowed");
        approve(&known);
        let file = set.join("apply/10-status.ldif");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("deleted", "Deleted")).unwrap();
        assert!(!run_block::<&str, &str>(&set, sums, &[]).status.success(), "a file that was changed");
        let all = std::fs::read_to_string(set.join("SHA256SUMS")).unwrap();
        std::fs::write(set.join("SHA256SUMS"), format!("{all}\n")).unwrap();
        assert!(!checked().status.success(), "sums that were changed");
    }

    const RUNBOOK: &str = "# Runbook\n\n## Check\n\n```sh\ntrue\n```\n\n## Apply, in this order\n\nFirst:\n\n```sh\none\n\
                           two\n```\n\n```ldif\n## Check\ndn: o=x\n```\n\n### 2\n\n```sh\n## Roll back\n```\n\n\
                           ## Roll back\n\n```sh\nundo\n```\n";

    #[test]
    fn blocks_belong_to_their_heading() {
        assert_eq!(runbook_blocks(RUNBOOK, "Check"), ["true\n"]);
        assert_eq!(runbook_blocks(RUNBOOK, "Apply"), ["one\ntwo\n", "## Roll back\n"]);
        assert_eq!(runbook_blocks(RUNBOOK, "Roll back"), ["undo\n"]);
        assert_eq!(runbook_blocks(RUNBOOK, "Verify"), Vec::<String>::new());
    }

    #[cfg(feature = "all-tests")]
    #[test]
    fn a_block_runs_in_its_folder_with_its_environment() {
        let folder = tempfile::tempdir().unwrap();
        let output = run_block(folder.path(), "echo \"$LDAP_URI\" >seen\ncat seen", &[("LDAP_URI", "ldapi://x")]);
        assert!(output.status.success());
        assert_eq!(output.stdout, b"ldapi://x\n");
        assert!(folder.path().join("seen").is_file());
    }

    #[cfg(feature = "all-tests")]
    #[test]
    fn a_block_stops_at_the_first_failure() {
        let folder = tempfile::tempdir().unwrap();
        for block in ["echo before\nfalse\necho after", "echo before\nfalse | cat\necho after", "echo before\n: $NONE"]
        {
            let output = run_block::<&str, &str>(folder.path(), block, &[]);
            assert!(!output.status.success(), "{block}");
            assert_eq!(output.stdout, b"before\n", "{block}");
        }
    }
}
