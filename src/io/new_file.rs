//! Writes one file: completely or not at all, with mode 0600, and never over an existing file.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::NamedTempFile;

use super::half_written::{FileLock, HalfWritten, PREFIX, lock};

/// A file that is being written. It has a temporary name until it is complete.
pub struct NewFile {
    path: Utf8PathBuf,
    out: BufWriter<NamedTempFile>,
    _half_written: HalfWritten,
    _lock: FileLock,
}

impl NewFile {
    /// Creates the file under a temporary name in the same folder. Fails if `path` exists.
    pub fn create(path: &Utf8Path) -> io::Result<Self> {
        if path.symlink_metadata().is_ok() {
            return Err(exists());
        }
        let parent = path.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        // Temporary files have mode 0600.
        let make = || tempfile::Builder::new().prefix(PREFIX).tempfile_in(parent);
        let (half_written, file) = HalfWritten::begin(make, NamedTempFile::path)?;
        let lock = lock(file.path());
        Ok(Self { path: path.to_owned(), out: BufWriter::new(file), _half_written: half_written, _lock: lock })
    }

    /// Syncs the complete file and gives it its name. Fails if a file of that name was created meanwhile.
    pub fn finish(self) -> io::Result<()> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        let file: File = file
            .persist_noclobber(&self.path)
            .map_err(|error| if error.error.kind() == io::ErrorKind::AlreadyExists { exists() } else { error.error })?;
        drop(file);
        Ok(())
    }
}

fn exists() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "already exists")
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn complete_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let base = Utf8Path::from_path(place.path()).unwrap();
        let path = base.join("a");
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"x").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(NewFile::create(&path).is_err(), "an existing file is not overwritten");
        let second = base.join("b");
        let late = NewFile::create(&second).unwrap();
        std::fs::write(&second, b"y").unwrap();
        assert!(late.finish().is_err(), "nor one that was created meanwhile");
        drop(NewFile::create(&base.join("c")).unwrap());
        assert_eq!(std::fs::read_dir(base).unwrap().count(), 2, "nothing is left of an unfinished file");
    }
}
