//! Values in other files (`attr:< file:///...`), which are read only from the one folder that the user allowed. Only regular
//! files are read ([`input_file`](super::input_file)).

use camino::{Utf8Path, Utf8PathBuf};

use super::input_file::{open_member, read_to_limit};

/// The largest file that is read as a value, in bytes.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

/// The folder whose files may be read as values.
#[derive(Clone, Debug)]
pub struct UrlFolder {
    root: Utf8PathBuf,
}

impl UrlFolder {
    /// Allows the files in and below `folder`. Fails if it does not exist.
    pub fn new(folder: &Utf8Path) -> std::io::Result<Self> {
        Ok(Self { root: folder.canonicalize_utf8()? })
    }

    /// Reads the file at a URL, or says why it is not read.
    ///
    /// Only `file:` URLs of this machine are read. Links to files outside the folder are refused.
    pub fn resolve(&self, url: &[u8]) -> Result<Vec<u8>, String> {
        let url = std::str::from_utf8(url).map_err(|_| "the URL is not UTF-8".to_owned())?;
        let path = url
            .strip_prefix("file://localhost/")
            .or_else(|| url.strip_prefix("file:///"))
            .ok_or_else(|| "only `file:///` URLs are supported".to_owned())?;
        let path = Utf8PathBuf::from(format!("/{}", percent_decoded(path)?));
        let real = path.canonicalize_utf8().map_err(|error| error.to_string())?;
        if !real.starts_with(&self.root) {
            return Err(format!("it is not in the allowed folder {}", self.root));
        }
        open_member(&real).and_then(|file| read_to_limit(&file, SIZE_LIMIT)).map_err(|error| format!("{real} {error}"))
    }
}

fn percent_decoded(text: &str) -> Result<String, String> {
    let bad = || "a `%` in the URL is not followed by two hexadecimal digits".to_owned();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or_else(bad)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| bad())?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| "the URL does not decode to UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_files_in_the_folder() {
        let outside = tempfile::tempdir().unwrap();
        let base = Utf8Path::from_path(outside.path()).unwrap().canonicalize_utf8().unwrap();
        let folder = base.join("allowed");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a b"), b"\x00value").unwrap();
        std::fs::write(base.join("secret"), b"no").unwrap();
        std::os::unix::fs::symlink(base.join("secret"), folder.join("link")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, folder.join("fifo").as_std_path(), rustix::fs::Mode::RWXU).unwrap();
        std::os::unix::fs::symlink(folder.join("fifo"), folder.join("link-to-fifo")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.join("endless")).unwrap();
        let urls = UrlFolder::new(&folder).unwrap();
        let resolve = |url: String| urls.resolve(url.as_bytes());
        assert_eq!(resolve(format!("file://{folder}/a%20b")).unwrap(), b"\x00value");
        for url in [
            format!("file://{base}/secret"),
            format!("file://{folder}/../secret"),
            format!("file://{folder}/link"),
            format!("file://{folder}/fifo"),
            format!("file://{folder}/link-to-fifo"),
            format!("file://{folder}/endless"),
            format!("file://{folder}"),
            format!("file://{folder}/missing"),
            "http://example.com/a".to_owned(),
            "file:///%zz".to_owned(),
        ] {
            assert!(resolve(url.clone()).is_err(), "{url}");
        }
    }
}
