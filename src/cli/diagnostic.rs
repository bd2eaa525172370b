//! Errors and warnings as people read them: what happened, where, why, and what to do.

use std::fmt;
use std::io::{self, Write as _};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::exit::Exit;
use crate::io::input_file::InputFileError;
use crate::io::source::DecompressError;
use crate::ldif::LdifError;
use crate::policy::{PolicyError, PolicySource, PolicyWarning};
use crate::render::sanitize::{sanitized, shortened};

/// How much of a long line is shown before a position, in bytes; twice as much is shown after it.
const AROUND: usize = 120;

/// An error or a warning.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The exit status that it leads to.
    pub exit: Exit,
    is_warning: bool,
    title: String,
    excerpt: Option<Excerpt>,
    notes: Vec<String>,
    help: Option<String>,
}

/// A line of an input with an underlined position.
#[derive(Clone, Debug)]
struct Excerpt {
    file: String,
    line: u64,
    text: String,
    /// The byte range of `text` that is underlined.
    span: Range<usize>,
}

/// Text as one line for a terminal: sanitized, and shortened if it is very long.
fn line(text: &str) -> String {
    shortened(&sanitized(text.as_bytes())).into_owned()
}

impl Diagnostic {
    /// An input that cannot be read or used: exit status 2.
    pub fn error(title: impl Into<String>) -> Self {
        Self::new(Exit::Error, title)
    }

    /// Something that offboard refuses to do: exit status 3.
    pub fn refused(title: impl Into<String>) -> Self {
        Self::new(Exit::Refused, title)
    }

    /// A file or folder that cannot be read or written. `name` is its name as given.
    pub fn io(name: &str, error: &io::Error) -> Self {
        // Some errors end with the path of a temporary file. The message of the system is the part before that.
        let said = error.to_string();
        let said = said.split(" (os error").next().unwrap_or_default();
        let said = said.split(" at path \"").next().unwrap_or_default();
        let fault = Self::error(format!("{}: {said}", if name.is_empty() { "(empty file name)" } else { name }));
        match io_help(error) {
            Some(help) => fault.help(help),
            None => fault,
        }
    }

    fn new(exit: Exit, title: impl Into<String>) -> Self {
        let title = line(&title.into());
        Self { exit, is_warning: false, title, excerpt: None, notes: Vec::new(), help: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(line(&help.into()));
        self
    }

    /// Adds a line of explanation.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(line(&note.into()));
        self
    }

    /// Shows a line of a file with one position underlined. `column` counts bytes from 1.
    #[must_use]
    pub fn at(self, file: &str, line: u64, column: u64, text: &[u8]) -> Self {
        self.at_span(file, line, column, 1, text)
    }

    /// Shows a line of a file with `length` bytes underlined from `column` on, which counts bytes from 1.
    #[must_use]
    pub fn at_span(mut self, file: &str, line: u64, column: u64, length: usize, text: &[u8]) -> Self {
        let start = usize::try_from(column).unwrap_or(1).clamp(1, text.len() + 1) - 1;
        // A line may be longer than a screen: show the part around the position.
        let from = start.saturating_sub(AROUND);
        let text = &text[from..text.len().min(start.saturating_add(2 * AROUND))];
        let start = start - from;
        let end = start.saturating_add(length).min(text.len());
        let before = sanitized(&text[..start]).into_owned();
        let underlined = sanitized(&text[start..end]).into_owned();
        let whole = format!("{before}{underlined}{}", sanitized(&text[end..]));
        // The underline covers whole characters, and at least one.
        let least = before.len() + if length > 1 { underlined.len() } else { underlined.len().min(1) };
        let end = (least..=whole.len()).find(|end| whole.is_char_boundary(*end)).unwrap_or(whole.len());
        let span = before.len()..end;
        self.excerpt = Some(Excerpt { file: sanitized(file.as_bytes()).into_owned(), line, text: whole, span });
        self
    }

    /// A syntax error in an LDIF file.
    pub fn ldif(file: &str, error: &LdifError) -> Self {
        let fault = Self::error(error.kind.to_string()).at(file, error.line, error.column, &error.excerpt);
        match other_format(error).or_else(|| error.kind.help()) {
            Some(help) => fault.help(help),
            None => fault,
        }
    }

    /// An error in a policy file.
    pub fn policy(source: &PolicySource, error: &PolicyError) -> Self {
        let fault = Self::error(error.message.lines().next().unwrap_or_default().to_owned());
        fault.in_policy(source, error.span.as_ref(), error.help.as_deref())
    }

    /// A warning about a policy file: valid, but probably not intended.
    pub fn policy_warning(source: &PolicySource, warning: &PolicyWarning) -> Self {
        let mut fault = Self::new(Exit::Done, warning.message.as_str());
        fault.is_warning = true;
        fault.in_policy(source, warning.span.as_ref(), Some(&warning.help))
    }

    fn in_policy(mut self, source: &PolicySource, span: Option<&Range<usize>>, help: Option<&str>) -> Self {
        if let Some(span) = span {
            let (start, line) = source.line_of(span);
            let content = source.text[start..].lines().next().unwrap_or_default();
            let column = (span.start - start) as u64 + 1;
            self = self.at_span(&source.name, line, column, span.len().max(1), content.as_bytes());
        } else {
            self = self.note(format!("in {}", source.name));
        }
        // The help may be several lines of TOML.
        self.help = help.map(|help| help.lines().map(|line| sanitized(line.as_bytes())).collect::<Vec<_>>().join("\n"));
        self
    }

    /// Writes a line to standard error. It is lost if standard error is closed.
    pub fn print_line(text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// Writes the diagnostic to standard error. It is lost if standard error is closed.
    pub fn print(&self) {
        let _ = writeln!(anstream::stderr().lock(), "{self}");
    }
}

/// Includes colour codes; [`print`](Diagnostic::print) removes them where the terminal or `--color` asks for that.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.is_warning { Level::WARNING } else { Level::ERROR };
        let mut group = Group::with_title(level.primary_title(self.title.as_str()));
        if let Some(excerpt) = &self.excerpt {
            let snippet = Snippet::source(excerpt.text.as_str())
                .path(excerpt.file.as_str())
                .line_start(usize::try_from(excerpt.line).unwrap_or(usize::MAX))
                .annotation(AnnotationKind::Primary.span(excerpt.span.clone()));
            group = group.element(snippet);
        }
        for note in &self.notes {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        f.write_str(&Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group]))
    }
}

const DAMAGED: &str =
    "the file is truncated or damaged; copy it again, and compare its size and checksum with the original";

/// What to do about an error of the operating system or of a decompressor, if that is known.
fn io_help(error: &io::Error) -> Option<&'static str> {
    if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<DecompressError>()) {
        return Some(error.help());
    }
    if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<InputFileError>()) {
        return Some(error.help());
    }
    Some(match error.kind() {
        io::ErrorKind::NotFound => "check the name; relative names start from the current folder",
        io::ErrorKind::PermissionDenied => "check the permissions of the file and its folder",
        io::ErrorKind::IsADirectory => "give the name of a file, not of a folder",
        io::ErrorKind::NotADirectory => "a part of the path is a file, not a folder",
        io::ErrorKind::AlreadyExists => "existing files are not overwritten; give another name",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "free some space, or write to another place"
        }
        io::ErrorKind::OutOfMemory => "check that the file is LDIF; if it is, more memory is needed",
        io::ErrorKind::ReadOnlyFilesystem => "write to another place",
        // The kinds that decompressors and decoders use.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => DAMAGED,
        io::ErrorKind::Other if error.raw_os_error().is_none() => DAMAGED,
        _ => return None,
    })
}

/// What to do about a file whose first bytes show that it is of another format than LDIF.
fn other_format(error: &LdifError) -> Option<&'static str> {
    let start = error.excerpt.as_slice();
    if error.line != 1 {
        return None;
    }
    Some(match start {
        [b'B', b'Z', b'h', ..] => "this is bzip2: bzcat FILE | offboard ... -",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "this is xz: xzcat FILE | offboard ... -",
        [b'P', b'K', 3, 4, ..] => "this is a ZIP archive: unpack it first",
        [0x1f, 0x8b, ..] => "the file is compressed twice: zcat FILE | offboard ... -",
        [0xef, 0xbb, 0xbf, ..] => "the file begins with two byte order marks: remove one",
        [0, 0, 0, 0, ..] => "the file contains NUL bytes only: it was truncated, or not written completely",
        [_, 0, _, 0, ..] => "this looks like UTF-16 without a byte order mark: iconv -f UTF-16LE -t UTF-8 FILE",
        [0, _, 0, _, ..] => "this looks like UTF-16 or UTF-32: iconv -f UTF-16BE -t UTF-8 FILE",
        [b'<', ..] => "this looks like XML or HTML; offboard reads LDIF, as slapcat, ldapsearch or db2ldif write it",
        [b'{' | b'[', ..] => "this looks like JSON; offboard reads LDIF, as slapcat, ldapsearch or db2ldif write it",
        _ => return None,
    })
}
