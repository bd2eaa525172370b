//! One LDIF input: opened, decompressed, hashed, and cut into blocks at record boundaries.
//!
//! | first bytes | meaning |
//! | --- | --- |
//! | `1f 8b` | gzip, also several members |
//! | `28 b5 2f fd` | zstd |
//! | `ff fe`, `fe ff` (after decompression) | UTF-16, as `ldifde -u` writes it |
//! | `ef bb bf` (after decompression) | UTF-8 with a byte order mark, which is dropped |
//!
//! What a file is, is told by its content, never by its name. A plan reads its inputs several times, so standard
//! input, or a pipe (`<(zcat ...)`), is first copied to an unnamed temporary file.
//!
//! A compressed file may unpack to a thousand times its length and more, so there is a limit to what is taken from one:
//! 200 times its own length, or 1 GiB if that is more. Exports shrink to a fifth or a twentieth; what comes above the
//! limit was made for it. A zstd frame that asks for more than 128 MiB to be unpacked in is refused.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::SystemTime;

use camino::Utf8PathBuf;
use flate2::bufread::MultiGzDecoder;
use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use super::utf16::Utf16Reader;
use crate::ldif::lines::last_record_boundary;
use crate::ldif::lint::Encoding;

/// Blocks are about this long, so that one stays in a processor's cache; a larger record gets a larger block.
pub const BLOCK_SIZE: usize = 256 * 1024;

/// A compressed file may always unpack to this much,
const FREE: u64 = 1 << 30;
/// and to so many times its own length.
const RATIO: u64 = 200;
/// The largest window of a zstd frame, as a power of two: 128 MiB, what `zstd -d` takes without being told.
const WINDOW_LOG: u32 = 27;

/// How inputs are read. No outcome depends on it.
#[derive(Clone, Copy, Debug)]
pub struct ReadOptions {
    /// Threads that read.
    pub threads: NonZeroUsize,
    /// About how long a block is.
    pub block_size: NonZeroUsize,
    /// Most bytes that a compressed input may unpack to, if not what its own length allows.
    pub max_decompressed: Option<u64>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let block_size = NonZeroUsize::new(BLOCK_SIZE).unwrap_or(NonZeroUsize::MIN);
        Self { threads: NonZeroUsize::MIN, block_size, max_decompressed: None }
    }
}

/// Why a compressed input is not unpacked to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnpackError {
    /// It is a bomb, or looks like one.
    #[error("unpacks to more than {limit} bytes")]
    TooMuch {
        /// What it may unpack to.
        limit: u64,
    },
    /// It cannot be unpacked in the memory that there is for it.
    #[error("asks for more than 128 MiB of memory to be unpacked in")]
    Window,
}

/// An input that can be read several times, also by several threads at once.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the user named it; `-` for standard input.
    pub name: String,
    /// `None` if it is opened by its name for each reading.
    file: Option<Arc<File>>,
    /// When the file was written last; not known of what is not a file.
    written: Option<SystemTime>,
    block_size: NonZeroUsize,
    max_decompressed: Option<u64>,
}

/// What was read of an input from its first to its last byte: tells whether two readings saw the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Length of the file as it is stored, in bytes.
    pub bytes: u64,
    /// A quick hash of the stored bytes.
    pub quick: u64,
}

impl Source {
    /// Opens a file, or takes all of standard input for `-`.
    pub fn open(name: &str, options: &ReadOptions) -> io::Result<Self> {
        let (file, written) = if name == "-" {
            (spooled(&mut io::stdin().lock())?, None)
        } else {
            let mut file = File::open(Utf8PathBuf::from(name))?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
            }
            if metadata.is_file() { (file, metadata.modified().ok()) } else { (spooled(&mut file)?, None) }
        };
        let ReadOptions { block_size, max_decompressed, .. } = *options;
        Ok(Self { name: name.to_owned(), file: Some(Arc::new(file)), written, block_size, max_decompressed })
    }

    /// When the file was written last; `None` for standard input and pipes.
    pub fn written(&self) -> Option<SystemTime> {
        self.written
    }

    /// Holds no file open between readings; what was copied has no name to open it by.
    pub(super) fn close(&mut self) {
        if self.written.is_some() {
            self.file = None;
        }
    }

    fn file(&self) -> io::Result<Arc<File>> {
        match &self.file {
            Some(file) => Ok(Arc::clone(file)),
            None => Ok(Arc::new(File::open(Utf8PathBuf::from(&self.name))?)),
        }
    }

    /// The stored bytes from the start.
    pub(super) fn reader(&self) -> io::Result<impl Read + use<>> {
        Ok(Stored { file: self.file()?, offset: 0 })
    }

    /// How long it is; not known where it must be decompressed.
    pub(super) fn length(&self) -> Option<u64> {
        let mut magic = [0; 4];
        let mut stored = Stored { file: self.file().ok()?, offset: 0 };
        let read = read_full(&mut stored, &mut magic).ok()?;
        let is_compressed = matches!(&magic[..read], [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd]);
        if is_compressed { None } else { Some(stored.file.metadata().ok()?.len()) }
    }

    /// Begins to read from the start.
    pub fn blocks(&self) -> io::Result<Blocks> {
        let file = self.file()?;
        let length = file.metadata()?.len();
        let hashing = Hashing { file: Stored { file, offset: 0 }, quick: Xxh3::new(), bytes: 0 };
        let mut stored = BufReader::with_capacity(64 * 1024, hashing);
        let magic = io::BufRead::fill_buf(&mut stored)?;
        let unpacked = match magic {
            [0x1f, 0x8b, ..] => Unpacked::Gzip(Box::new(self.limited(MultiGzDecoder::new(stored), length))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let mut decoder = zstd::Decoder::with_buffer(stored)?;
                decoder.window_log_max(WINDOW_LOG)?;
                Unpacked::Zstd(Box::new(self.limited(decoder, length)))
            }
            _ => Unpacked::Plain(Box::new(stored)),
        };
        Blocks::new(unpacked, self.block_size.get())
    }

    fn limited<R>(&self, decoder: R, length: u64) -> Limited<R> {
        let limit = self.max_decompressed.unwrap_or_else(|| usual_limit(length));
        Limited { decoder, limit, left: limit }
    }
}

/// All of what can be read once only: standard input, a pipe.
fn spooled(input: &mut impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(input, &mut file)?;
    Ok(file)
}

/// A file read from a place of its own, so that others can read it as well.
struct Stored {
    file: Arc<File>,
    offset: u64,
}

impl Read for Stored {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let count = std::os::unix::fs::FileExt::read_at(&*self.file, out, self.offset)?;
        #[cfg(windows)]
        let count = std::os::windows::fs::FileExt::seek_read(&*self.file, out, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// The stored bytes, hashed as they pass.
struct Hashing {
    file: Stored,
    quick: Xxh3,
    bytes: u64,
}

impl Read for Hashing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        self.bytes += count as u64;
        self.quick.update(&out[..count]);
        Ok(count)
    }
}

/// What a compressed file of this length may unpack to, if nothing else is said.
fn usual_limit(length: u64) -> u64 {
    length.saturating_mul(RATIO).max(FREE)
}

impl UnpackError {
    /// What to do about it.
    pub fn help(self) -> &'static str {
        match self {
            Self::TooMuch { .. } => "if it is not a bomb, allow more with --max-decompressed SIZE",
            Self::Window => "it was made by zstd --long: unpack it first, with zstd -d --long=31",
        }
    }
}

/// What is unpacked, up to a limit.
struct Limited<R> {
    decoder: R,
    limit: u64,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(out).map_err(window_refused)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other(UnpackError::TooMuch { limit: self.limit }))?;
        Ok(count)
    }
}

/// zstd says why in words only.
fn window_refused(error: io::Error) -> io::Error {
    if error.to_string().contains("too much memory") { io::Error::other(UnpackError::Window) } else { error }
}

enum Unpacked {
    Plain(Box<BufReader<Hashing>>),
    Gzip(Box<Limited<MultiGzDecoder<BufReader<Hashing>>>>),
    Zstd(Box<Limited<zstd::Decoder<'static, BufReader<Hashing>>>>),
}

impl Unpacked {
    fn stored(&self) -> &Hashing {
        match self {
            Self::Plain(stored) => stored.get_ref(),
            Self::Gzip(limited) => limited.decoder.get_ref().get_ref(),
            Self::Zstd(limited) => limited.decoder.get_ref().get_ref(),
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stored) => stored.read(out),
            Self::Gzip(limited) => limited.read(out),
            Self::Zstd(limited) => limited.read(out),
        }
    }
}

enum Decoded {
    Utf8(Unpacked),
    Utf16(Utf16Reader<Unpacked>),
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Utf8(unpacked) => unpacked.read(out),
            Self::Utf16(reader) => reader.read(out),
        }
    }
}

/// A part of an input that begins and ends with a record.
#[derive(Debug, Default)]
pub struct Block {
    /// Number of its first physical line, from 1.
    pub first_line: u64,
    /// The text.
    pub bytes: Vec<u8>,
}

/// Cuts an input into blocks.
pub struct Blocks {
    decoded: Decoded,
    /// Read, but behind the last record boundary.
    rest: Vec<u8>,
    next_line: u64,
    ended: bool,
    encoding: Encoding,
    block_size: usize,
}

impl Blocks {
    fn new(mut unpacked: Unpacked, block_size: usize) -> io::Result<Self> {
        let mut first = Vec::with_capacity(3);
        (&mut unpacked).take(3).read_to_end(&mut first)?;
        let (decoded, rest, encoding) = match first.as_slice() {
            [0xef, 0xbb, 0xbf] => (Decoded::Utf8(unpacked), Vec::new(), Encoding::Utf8Mark),
            [0xff, 0xfe, rest @ ..] => (Decoded::Utf16(utf16(unpacked, false, rest)), Vec::new(), Encoding::Utf16),
            [0xfe, 0xff, rest @ ..] => (Decoded::Utf16(utf16(unpacked, true, rest)), Vec::new(), Encoding::Utf16),
            _ => (Decoded::Utf8(unpacked), first, Encoding::Plain),
        };
        Ok(Self { decoded, rest, next_line: 1, ended: false, encoding, block_size })
    }

    /// How the text is encoded in the file.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The next block, written into `buffer` to spare an allocation; `None` at the end of the input.
    pub fn next_block(&mut self, mut buffer: Vec<u8>) -> io::Result<Option<Block>> {
        if self.ended {
            return Ok(None);
        }
        let mut filled = self.rest.len();
        let mut wanted = self.block_size.max(filled);
        // What the buffer held before is written over: to fill it with zeros again would cost as much as to read.
        buffer.resize(buffer.len().max(wanted), 0);
        buffer[..filled].copy_from_slice(&self.rest);
        self.rest.clear();
        loop {
            let searched = filled;
            let more = wanted.saturating_sub(buffer.len());
            buffer.try_reserve_exact(more).map_err(|_| self.too_long(filled))?;
            buffer.resize(buffer.len().max(wanted), 0);
            filled += read_full(&mut self.decoded, &mut buffer[filled..wanted])?;
            if filled < wanted {
                buffer.truncate(filled);
                self.ended = true;
                break;
            }
            buffer.truncate(filled);
            // A boundary may straddle what was searched before: three bytes make one.
            let from = searched.saturating_sub(3);
            if let Some(end) = last_record_boundary(&buffer[from..]) {
                self.rest.extend_from_slice(&buffer[from + end..]);
                buffer.truncate(from + end);
                break;
            }
            wanted *= 2;
        }
        if buffer.is_empty() {
            return Ok(None);
        }
        let first_line = self.next_line;
        self.next_line += memchr::memchr_iter(b'\n', &buffer).count() as u64;
        Ok(Some(Block { first_line, bytes: buffer }))
    }

    /// There is no room for the record that is being read. A text of one line without end amounts to this, too.
    fn too_long(&self, read: usize) -> io::Error {
        let line = self.next_line;
        let text = format!("no memory for the record at line {line}, which is longer than {} MiB", read >> 20);
        io::Error::new(io::ErrorKind::OutOfMemory, text)
    }

    /// What was read. Whole only once [`next_block`](Self::next_block) has given `None`.
    pub fn fingerprint(&self) -> Fingerprint {
        let stored = match &self.decoded {
            Decoded::Utf8(unpacked) => unpacked.stored(),
            Decoded::Utf16(reader) => reader.get_ref().stored(),
        };
        Fingerprint { bytes: stored.bytes, quick: stored.quick.digest() }
    }
}

/// Fills `out`, or less only at the end.
fn read_full(reader: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match reader.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn utf16(unpacked: Unpacked, big_endian: bool, read_ahead: &[u8]) -> Utf16Reader<Unpacked> {
    let mut reader = Utf16Reader::new(unpacked, big_endian);
    reader.push_back(read_ahead);
    reader
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_small_file_may_unpack_to_a_gibibyte_and_a_large_one_to_more() {
        assert_eq!(usual_limit(0), 1 << 30);
        assert_eq!(usual_limit(1 << 20), 1 << 30);
        assert_eq!(usual_limit(10 << 30), 2000 << 30);
        assert_eq!(usual_limit(u64::MAX), u64::MAX);
    }

    #[test]
    fn nothing_behind_the_limit_is_taken() {
        let mut out = Vec::new();
        let mut limited = Limited { decoder: Cursor::new(vec![b'x'; 100]), limit: 100, left: 100 };
        limited.read_to_end(&mut out).unwrap();
        assert_eq!(out.len(), 100);
        let mut limited = Limited { decoder: Cursor::new(vec![b'x'; 101]), limit: 100, left: 100 };
        let error = limited.read_to_end(&mut Vec::new()).unwrap_err();
        let error = error.downcast::<UnpackError>().unwrap();
        assert_eq!(error, UnpackError::TooMuch { limit: 100 });
    }
}
