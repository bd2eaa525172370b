//! Expected output in files of the repository. `tests/accept` rewrites it from what the tests produce: it sets
//! `UPDATE_EXPECTED` for the files compared here, and insta's `INSTA_UPDATE` for snapshots.

use std::path::Path;

use super::run::root;

/// Whether this run accepts changed output: expected files are rewritten instead of compared.
pub fn is_accepting() -> bool {
    std::env::var_os("UPDATE_EXPECTED").is_some()
}

/// Compares a text with a file of the repository, or writes the file if this run [accepts](is_accepting) changed
/// output.
pub fn assert_expected(path: impl AsRef<Path>, text: &[u8]) {
    let path = root().join(path);
    if is_accepting() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read(&path).unwrap_or_default();
    assert!(expected == text, "{} is not what this run gives (tests/accept rewrites it):\n{}", path.display(), {
        let (expected, found) = (String::from_utf8_lossy(&expected), String::from_utf8_lossy(text));
        similar::TextDiff::from_lines(&*expected, &*found).unified_diff().to_string()
    });
}
