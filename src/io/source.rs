//! One LDIF input, which is opened, decompressed, hashed, and cut into blocks at record boundaries.
//!
//! | first bytes | meaning |
//! | --- | --- |
//! | `1f 8b` | gzip, also several members |
//! | `28 b5 2f fd` | zstd |
//! | `ff fe`, `fe ff` (after decompression) | UTF-16, as `ldifde -u` writes it |
//! | `ef bb bf` (after decompression) | UTF-8 with a byte order mark, which is dropped |
//!
//! The format is recognised by the content, never by the file name. A plan reads its inputs several times, so standard
//! input and pipes (`<(zcat ...)`) are first copied to an unnamed temporary file.
//!
//! A compressed file can decompress to more than a thousand times its length, so there is a limit: 200 times its length,
//! or 1 GiB if that is more. Exports compress to between a fifth and a twentieth; a file above the limit is most likely a
//! decompression bomb. A zstd frame that needs more than 128 MiB of memory is refused.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::SystemTime;

use camino::Utf8Path;
use flate2::bufread::MultiGzDecoder;
use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use super::input_file::open_named;
use super::utf16::Utf16Reader;
use crate::ldif::lines::last_record_boundary;
use crate::ldif::lint::Encoding;

/// The usual length of a block in bytes, chosen so that a block fits in a processor's cache. A longer record gets a longer
/// block.
pub const BLOCK_SIZE: usize = 256 * 1024;

/// The limit for a compressed file is at least this many bytes.
const MIN_LIMIT: u64 = 1 << 30;
/// The limit for a compressed file, as a multiple of its length.
const RATIO: u64 = 200;
/// The largest window of a zstd frame, as a power of two: 128 MiB, which is also the default limit of `zstd -d`.
const WINDOW_LOG: u32 = 27;

/// How inputs are read. The results never depend on `threads` and `block_size`.
#[derive(Clone, Copy, Debug)]
pub struct ReadOptions {
    /// Number of threads.
    pub threads: NonZeroUsize,
    /// Approximate length of a block, in bytes.
    pub block_size: NonZeroUsize,
    /// Maximum size of a decompressed input, in bytes; `None` for a limit that depends on its length.
    pub max_decompressed: Option<u64>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let block_size = NonZeroUsize::new(BLOCK_SIZE).unwrap_or(NonZeroUsize::MIN);
        Self { threads: NonZeroUsize::MIN, block_size, max_decompressed: None }
    }
}

/// Why an input is not decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecompressError {
    /// The input is too large when decompressed: it may be a decompression bomb.
    #[error("decompresses to more than {limit} bytes")]
    TooMuch {
        /// The limit in bytes.
        limit: u64,
    },
    /// The zstd frame needs too much memory.
    #[error("needs more than 128 MiB of memory to decompress")]
    Window,
}

/// An input that can be read several times, even by several threads at once.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name that the user gave; `-` for standard input.
    pub name: String,
    /// `None` if the file is opened by its name for each reading.
    file: Option<Arc<File>>,
    /// When the file was last modified; `None` for standard input and pipes.
    modified: Option<SystemTime>,
    block_size: NonZeroUsize,
    max_decompressed: Option<u64>,
}

/// Identifies the stored (compressed) bytes of an input, to detect that a file changed between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Number of bytes.
    pub bytes: u64,
    /// XXH3 hash of the bytes.
    pub xxh3: u64,
}

impl Source {
    /// Opens a file. Standard input (`-`) and pipes are copied to a temporary file.
    pub fn open(name: &str, options: &ReadOptions) -> io::Result<Self> {
        let (file, modified) = if name == "-" {
            (spooled(&mut io::stdin().lock())?, None)
        } else {
            let mut file = open_named(Utf8Path::new(name))?;
            let metadata = file.metadata()?;
            if metadata.is_file() { (file, metadata.modified().ok()) } else { (spooled(&mut file)?, None) }
        };
        let ReadOptions { block_size, max_decompressed, .. } = *options;
        Ok(Self { name: name.to_owned(), file: Some(Arc::new(file)), modified, block_size, max_decompressed })
    }

    /// When the file was last modified; `None` for standard input and pipes.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Closes the file between readings, unless it is a temporary copy, which has no name.
    pub(super) fn close(&mut self) {
        if self.modified.is_some() {
            self.file = None;
        }
    }

    fn file(&self) -> io::Result<Arc<File>> {
        match &self.file {
            Some(file) => Ok(Arc::clone(file)),
            None => Ok(Arc::new(open_named(Utf8Path::new(&self.name))?)),
        }
    }

    /// A reader of the stored bytes, from the start.
    pub(super) fn reader(&self) -> io::Result<impl Read + use<>> {
        Ok(StoredBytes { file: self.file()?, offset: 0 })
    }

    /// Length of the text in bytes; `None` if the input is compressed.
    pub(super) fn length(&self) -> Option<u64> {
        let mut magic = [0; 4];
        let mut stored = StoredBytes { file: self.file().ok()?, offset: 0 };
        let read = read_full(&mut stored, &mut magic).ok()?;
        let is_compressed = matches!(&magic[..read], [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd]);
        if is_compressed { None } else { Some(stored.file.metadata().ok()?.len()) }
    }

    /// Starts a reading of the text.
    pub fn blocks(&self) -> io::Result<Blocks> {
        let file = self.file()?;
        let length = file.metadata()?.len();
        let hashing = HashingReader { file: StoredBytes { file, offset: 0 }, xxh3: Xxh3::new(), bytes: 0 };
        let mut stored = BufReader::with_capacity(64 * 1024, hashing);
        let magic = io::BufRead::fill_buf(&mut stored)?;
        let decompressed = match magic {
            [0x1f, 0x8b, ..] => Decompressed::Gzip(Box::new(self.limited(MultiGzDecoder::new(stored), length))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let mut decoder = zstd::Decoder::with_buffer(stored)?;
                decoder.window_log_max(WINDOW_LOG)?;
                Decompressed::Zstd(Box::new(self.limited(decoder, length)))
            }
            _ => Decompressed::Plain(Box::new(stored)),
        };
        Blocks::new(decompressed, self.block_size.get())
    }

    fn limited<R>(&self, decoder: R, length: u64) -> LimitedReader<R> {
        let limit = self.max_decompressed.unwrap_or_else(|| default_limit(length));
        LimitedReader { decoder, limit, left: limit }
    }
}

/// Copies an input that can be read only once to a temporary file.
fn spooled(input: &mut impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(input, &mut file)?;
    Ok(file)
}

/// A reader with an offset of its own, so that several can share a file.
struct StoredBytes {
    file: Arc<File>,
    offset: u64,
}

impl Read for StoredBytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let count = std::os::unix::fs::FileExt::read_at(&*self.file, out, self.offset)?;
        #[cfg(windows)]
        let count = std::os::windows::fs::FileExt::seek_read(&*self.file, out, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// A reader that hashes the stored bytes.
struct HashingReader {
    file: StoredBytes,
    xxh3: Xxh3,
    bytes: u64,
}

impl Read for HashingReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        self.bytes += count as u64;
        self.xxh3.update(&out[..count]);
        Ok(count)
    }
}

/// The limit for a compressed file of this length, in bytes.
fn default_limit(length: u64) -> u64 {
    length.saturating_mul(RATIO).max(MIN_LIMIT)
}

impl DecompressError {
    /// What the user can do.
    pub fn help(self) -> &'static str {
        match self {
            Self::TooMuch { .. } => "if the file is not a decompression bomb, allow more with --max-decompressed SIZE",
            Self::Window => "the file was made with zstd --long; decompress it first with zstd -d --long=31",
        }
    }
}

/// A decompressor that stops with an error at a limit.
struct LimitedReader<R> {
    decoder: R,
    limit: u64,
    left: u64,
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(out).map_err(window_refused)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other(DecompressError::TooMuch { limit: self.limit }))?;
        Ok(count)
    }
}

/// Recognises the error of zstd for a too large window, which has no code, by its text.
fn window_refused(error: io::Error) -> io::Error {
    if error.to_string().contains("too much memory") { io::Error::other(DecompressError::Window) } else { error }
}

enum Decompressed {
    Plain(Box<BufReader<HashingReader>>),
    Gzip(Box<LimitedReader<MultiGzDecoder<BufReader<HashingReader>>>>),
    Zstd(Box<LimitedReader<zstd::Decoder<'static, BufReader<HashingReader>>>>),
}

impl Decompressed {
    fn stored(&self) -> &HashingReader {
        match self {
            Self::Plain(stored) => stored.get_ref(),
            Self::Gzip(limited) => limited.decoder.get_ref().get_ref(),
            Self::Zstd(limited) => limited.decoder.get_ref().get_ref(),
        }
    }
}

impl Read for Decompressed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stored) => stored.read(out),
            Self::Gzip(limited) => limited.read(out),
            Self::Zstd(limited) => limited.read(out),
        }
    }
}

enum Decoded {
    Utf8(Decompressed),
    Utf16(Utf16Reader<Decompressed>),
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Utf8(decompressed) => decompressed.read(out),
            Self::Utf16(reader) => reader.read(out),
        }
    }
}

/// A part of an input that begins and ends at a record boundary.
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
    /// What was read after the last record boundary.
    rest: Vec<u8>,
    next_line: u64,
    ended: bool,
    encoding: Encoding,
    block_size: usize,
}

impl Blocks {
    fn new(mut decompressed: Decompressed, block_size: usize) -> io::Result<Self> {
        let mut first = Vec::with_capacity(3);
        (&mut decompressed).take(3).read_to_end(&mut first)?;
        let (decoded, rest, encoding) = match first.as_slice() {
            [0xef, 0xbb, 0xbf] => (Decoded::Utf8(decompressed), Vec::new(), Encoding::Utf8Mark),
            [0xff, 0xfe, rest @ ..] => (Decoded::Utf16(utf16(decompressed, false, rest)), Vec::new(), Encoding::Utf16),
            [0xfe, 0xff, rest @ ..] => (Decoded::Utf16(utf16(decompressed, true, rest)), Vec::new(), Encoding::Utf16),
            _ => (Decoded::Utf8(decompressed), first, Encoding::Plain),
        };
        Ok(Self { decoded, rest, next_line: 1, ended: false, encoding, block_size })
    }

    /// The encoding of the file.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Reads the next block into `buffer`, to reuse its memory; `None` at the end of the input.
    pub fn next_block(&mut self, mut buffer: Vec<u8>) -> io::Result<Option<Block>> {
        if self.ended {
            return Ok(None);
        }
        let mut filled = self.rest.len();
        let mut wanted = self.block_size.max(filled);
        // The old content is overwritten: filling the buffer with zeros again would cost as much as reading.
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
            // A boundary has up to three bytes, some of which may have been searched before.
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

    /// There is not enough memory for a record, such as a binary file that is one endless line.
    fn too_long(&self, read: usize) -> io::Error {
        let line = self.next_line;
        let text = format!("not enough memory for the record at line {line}, which is longer than {} MiB", read >> 20);
        io::Error::new(io::ErrorKind::OutOfMemory, text)
    }

    /// The fingerprint of the bytes read so far: of the whole input after [`next_block`](Self::next_block) returned `None`.
    pub fn fingerprint(&self) -> Fingerprint {
        let stored = match &self.decoded {
            Decoded::Utf8(decompressed) => decompressed.stored(),
            Decoded::Utf16(reader) => reader.get_ref().stored(),
        };
        Fingerprint { bytes: stored.bytes, xxh3: stored.xxh3.digest() }
    }
}

/// Fills `out` completely, or as far as the input goes; returns the number of bytes.
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

fn utf16(decompressed: Decompressed, big_endian: bool, read_ahead: &[u8]) -> Utf16Reader<Decompressed> {
    let mut reader = Utf16Reader::new(decompressed, big_endian);
    reader.push_back(read_ahead);
    reader
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn the_limit_is_a_gibibyte_or_a_multiple_of_the_length() {
        assert_eq!(default_limit(0), 1 << 30);
        assert_eq!(default_limit(1 << 20), 1 << 30);
        assert_eq!(default_limit(10 << 30), 2000 << 30);
        assert_eq!(default_limit(u64::MAX), u64::MAX);
    }

    #[test]
    fn reading_stops_at_the_limit() {
        let mut out = Vec::new();
        let mut limited = LimitedReader { decoder: Cursor::new(vec![b'x'; 100]), limit: 100, left: 100 };
        limited.read_to_end(&mut out).unwrap();
        assert_eq!(out.len(), 100);
        let mut limited = LimitedReader { decoder: Cursor::new(vec![b'x'; 101]), limit: 100, left: 100 };
        let error = limited.read_to_end(&mut Vec::new()).unwrap_err();
        let error = error.downcast::<DecompressError>().unwrap();
        assert_eq!(error, DecompressError::TooMuch { limit: 100 });
    }
}
