//! Opens files to read so that no reading waits for ever, or goes on until memory or the disk is full.
//!
//! | file | named on the command line | in a change set | in the folder of `--url-folder` |
//! | --- | --- | --- | --- |
//! | regular file | read | read | read |
//! | symbolic link | followed | refused | followed, if it stays in the folder |
//! | FIFO, such as `<(zcat ...)` | read | refused | refused |
//! | null device, terminal | read | refused | refused |
//! | socket, other device such as `/dev/zero` | refused | refused | refused |
//!
//! The kind of a file is checked before it is opened, because opening a FIFO waits for a writer and opening a device can
//! have effects, and again after, because the file may have been replaced meanwhile.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};

use camino::Utf8Path;
use data_encoding::HEXLOWER;
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The largest list, roster or policy that is read, in bytes. It is kept in memory.
pub const LIST_LIMIT: u64 = 1 << 30;

/// The largest file of a change set that is read, in bytes. It is kept in memory.
pub const MEMBER_LIMIT: u64 = 4 << 30;

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InputFileError {
    /// It is of a kind that is not read here; the word for the kind.
    #[error("is {0}, which is not read")]
    Kind(&'static str),
    /// It is larger than the limit in bytes.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
}

impl InputFileError {
    /// What the user can do.
    pub fn help(self) -> &'static str {
        match self {
            Self::Kind(_) => "give a regular file",
            Self::TooLarge(_) => "check that this is the right file; offboard reads it into memory",
        }
    }
}

impl From<InputFileError> for io::Error {
    fn from(error: InputFileError) -> Self {
        Self::other(error)
    }
}

/// Opens a file that the user named.
pub fn open_named(path: &Utf8Path) -> io::Result<File> {
    refuse_endless(path, &path.metadata()?)?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !file.is_terminal() {
        refuse_endless(path, &metadata)?;
    }
    Ok(file)
}

/// Reads a file that the user named and that is kept in memory.
pub fn read_named(path: &Utf8Path) -> io::Result<Vec<u8>> {
    read_to_limit(&open_named(path)?, LIST_LIMIT)
}

/// Opens a file of a change set, or the file that a URL names, without following a link in its last component.
pub fn open_member(path: &Utf8Path) -> io::Result<File> {
    refuse_irregular(&path.symlink_metadata()?)?;
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let flags = flags.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    refuse_irregular(&file.metadata()?)?;
    Ok(file)
}

/// Reads a file of a change set.
pub fn read_member(path: &Utf8Path) -> io::Result<Vec<u8>> {
    read_to_limit(&open_member(path)?, MEMBER_LIMIT)
}

/// Reads a file to its end, if it is not larger than `limit` bytes.
pub fn read_to_limit(file: &File, limit: u64) -> io::Result<Vec<u8>> {
    if file.metadata()?.len() > limit {
        return Err(InputFileError::TooLarge(limit).into());
    }
    let mut content = Vec::new();
    let mut reader = file.take(limit + 1);
    reader.read_to_end(&mut content)?;
    if content.len() as u64 > limit { Err(InputFileError::TooLarge(limit).into()) } else { Ok(content) }
}

/// The SHA-256 sum of a file in hexadecimal. The file is not kept in memory.
pub fn sha256(file: &mut File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(HEXLOWER.encode(&hasher.finalize())),
            Ok(count) => hasher.update(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn refuse_irregular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() { Ok(()) } else { Err(InputFileError::Kind(kind(metadata.file_type())).into()) }
}

/// Refuses folders, sockets, and devices except the null device and terminals.
fn refuse_endless(path: &Utf8Path, metadata: &Metadata) -> io::Result<()> {
    let of = metadata.file_type();
    if of.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
    }
    let is_null = || Utf8Path::new("/dev/null").metadata().is_ok_and(|null| null.rdev() == metadata.rdev());
    // Opening a terminal has no effect, and only an open file shows that it is one.
    let is_terminal = || of.is_char_device() && File::open(path).is_ok_and(|file| file.is_terminal());
    if of.is_socket() || of.is_block_device() || of.is_char_device() && !is_null() && !is_terminal() {
        return Err(InputFileError::Kind(kind(of)).into());
    }
    Ok(())
}

/// The word for a kind of file.
pub fn kind(of: FileType) -> &'static str {
    if of.is_symlink() {
        "a symbolic link"
    } else if of.is_dir() {
        "a folder"
    } else if of.is_fifo() {
        "a FIFO"
    } else if of.is_socket() {
        "a socket"
    } else if of.is_socket() || of.is_block_device() || of.is_char_device() {
        "a device"
    } else {
        "a regular file"
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;

    fn refused(result: io::Result<Vec<u8>>) -> InputFileError {
        *result.unwrap_err().get_ref().unwrap().downcast_ref::<InputFileError>().unwrap()
    }

    #[test]
    fn only_regular_files_of_a_change_set_are_opened() {
        let place = tempfile::tempdir().unwrap();
        let base = Utf8PathBuf::from_path_buf(place.path().to_owned()).unwrap();
        std::fs::write(base.join("file"), b"x").unwrap();
        std::os::unix::fs::symlink(base.join("file"), base.join("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", base.join("endless")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, base.join("fifo").as_std_path(), rustix::fs::Mode::RWXU).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(base.join("socket")).unwrap();
        assert_eq!(read_member(&base.join("file")).unwrap(), b"x");
        for (name, kind) in [
            ("link", "a symbolic link"),
            ("endless", "a symbolic link"),
            ("fifo", "a FIFO"),
            ("socket", "a socket"),
            ("", "a folder"),
        ] {
            assert_eq!(refused(read_member(&base.join(name))), InputFileError::Kind(kind), "{name}");
        }
        assert_eq!(refused(read_member(Utf8Path::new("/dev/null"))), InputFileError::Kind("a device"));
        assert_eq!(read_named(&base.join("link")).unwrap(), b"x");
        assert_eq!(read_named(Utf8Path::new("/dev/null")).unwrap(), b"");
        for endless in ["/dev/zero", base.join("endless").as_str()] {
            assert_eq!(refused(read_named(Utf8Path::new(endless))), InputFileError::Kind("a device"));
        }
        assert_eq!(refused(read_to_limit(&open_member(&base.join("file")).unwrap(), 0)), InputFileError::TooLarge(0));
    }
}
