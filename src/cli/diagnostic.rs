//! Faults as a person reads them: what is wrong, the place, and what to do about it.

use std::fmt;
use std::io::{self, Write as _};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::exit::Exit;
use crate::io::source::DecompressError;
use crate::ldif::LdifError;
use crate::policy::{PolicyError, PolicyWarning, Source};
use crate::render::sanitize::{sanitized, shortened};

/// How much of a long line is shown before a place, and half of what is shown behind it, in bytes.
const AROUND: usize = 120;

/// A fault.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What it means for the exit status.
    pub exit: Exit,
    is_warning: bool,
    title: String,
    excerpt: Option<Excerpt>,
    notes: Vec<String>,
    help: Option<String>,
}

/// A line of an input and a place in it.
#[derive(Clone, Debug)]
struct Excerpt {
    file: String,
    line: u64,
    text: String,
    /// Byte range of `text` that is underlined.
    span: Range<usize>,
}

/// Text as one line of a terminal, whatever it holds.
fn line(text: &str) -> String {
    shortened(&sanitized(text.as_bytes())).into_owned()
}

impl Diagnostic {
    /// Something that cannot be read or used.
    pub fn trouble(title: impl Into<String>) -> Self {
        Self::new(Exit::Trouble, title)
    }

    /// Something that is not done on purpose.
    pub fn refused(title: impl Into<String>) -> Self {
        Self::new(Exit::Refused, title)
    }

    /// A file or folder that cannot be read or written.
    pub fn io(name: &str, error: &io::Error) -> Self {
        // Some errors name the half-written file that nobody asked for; what the system said stands before it.
        let said = error.to_string();
        let said = said.split(" (os error").next().unwrap_or_default();
        let said = said.split(" at path \"").next().unwrap_or_default();
        let fault = Self::trouble(format!("{}: {said}", if name.is_empty() { "the empty name" } else { name }));
        match io_help(error) {
            Some(help) => fault.help(help),
            None => fault,
        }
    }

    fn new(exit: Exit, title: impl Into<String>) -> Self {
        let title = line(&title.into());
        Self { exit, is_warning: false, title, excerpt: None, notes: Vec::new(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(line(&help.into()));
        self
    }

    /// Adds a line that belongs to it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(line(&note.into()));
        self
    }

    /// Shows a line of a file; `column` is a byte of it, from 1.
    #[must_use]
    pub fn at(self, file: &str, line: u64, column: u64, text: &[u8]) -> Self {
        self.at_words(file, line, column, 1, text)
    }

    /// Shows a line of a file, and `length` bytes of it as what is meant.
    #[must_use]
    pub fn at_words(mut self, file: &str, line: u64, column: u64, length: usize, text: &[u8]) -> Self {
        let start = usize::try_from(column).unwrap_or(1).clamp(1, text.len() + 1) - 1;
        // Of a line that is longer than a screen, what stands around the place.
        let from = start.saturating_sub(AROUND);
        let text = &text[from..text.len().min(start.saturating_add(2 * AROUND))];
        let start = start - from;
        let end = start.saturating_add(length).min(text.len());
        let before = sanitized(&text[..start]).into_owned();
        let meant = sanitized(&text[start..end]).into_owned();
        let whole = format!("{before}{meant}{}", sanitized(&text[end..]));
        // The underline must not end inside a character, and a place alone is shown by one.
        let least = before.len() + if length > 1 { meant.len() } else { meant.len().min(1) };
        let end = (least..=whole.len()).find(|end| whole.is_char_boundary(*end)).unwrap_or(whole.len());
        let span = before.len()..end;
        self.excerpt = Some(Excerpt { file: sanitized(file.as_bytes()).into_owned(), line, text: whole, span });
        self
    }

    /// A place that is not LDIF.
    pub fn ldif(file: &str, error: &LdifError) -> Self {
        let fault = Self::trouble(error.kind.to_string()).at(file, error.line, error.column, &error.excerpt);
        match other_format(error).or_else(|| error.kind.help()) {
            Some(help) => fault.help(help),
            None => fault,
        }
    }

    /// A fault of a policy file.
    pub fn policy(source: &Source, error: &PolicyError) -> Self {
        let fault = Self::trouble(error.message.lines().next().unwrap_or_default().to_owned());
        fault.in_policy(source, error.span.as_ref(), error.help.as_deref())
    }

    /// Something in a policy file that may not be meant.
    pub fn policy_warning(source: &Source, warning: &PolicyWarning) -> Self {
        let mut fault = Self::new(Exit::Done, warning.message.as_str());
        fault.is_warning = true;
        fault.in_policy(source, warning.span.as_ref(), Some(&warning.help))
    }

    fn in_policy(mut self, source: &Source, span: Option<&Range<usize>>, help: Option<&str>) -> Self {
        if let Some(span) = span {
            let (start, line) = source.line_of(span);
            let content = source.text[start..].lines().next().unwrap_or_default();
            let column = (span.start - start) as u64 + 1;
            self = self.at_words(&source.name, line, column, span.len().max(1), content.as_bytes());
        } else {
            self = self.note(format!("in {}", source.name));
        }
        // What is to be written may have several lines.
        self.help = help.map(|help| help.lines().map(|line| sanitized(line.as_bytes())).collect::<Vec<_>>().join("\n"));
        self
    }

    /// Writes a line to standard error.
    pub fn print_line(text: &str) {
        // Nobody to tell if standard error is gone.
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// Writes it to standard error.
    pub fn print(&self) {
        // Nobody to tell if standard error is gone.
        let _ = writeln!(anstream::stderr().lock(), "{self}");
    }
}

/// With the codes for colours, which [`print`](Diagnostic::print) leaves out where they are not wanted.
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

/// What to do about an error of the operating system or a decompressor, where that can be said.
fn io_help(error: &io::Error) -> Option<&'static str> {
    if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<DecompressError>()) {
        return Some(error.help());
    }
    Some(match error.kind() {
        io::ErrorKind::NotFound => "nothing of that name is there; names are taken from the current folder",
        io::ErrorKind::PermissionDenied => "run as somebody who may, or ask its owner",
        io::ErrorKind::IsADirectory => "name a file in it",
        io::ErrorKind::NotADirectory => "a part of the name before its end is a file",
        io::ErrorKind::AlreadyExists => "nothing is written over; name another file",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "make room, or name another place"
        }
        io::ErrorKind::OutOfMemory => "see whether this is LDIF text at all; if it is, give the run more memory",
        io::ErrorKind::ReadOnlyFilesystem => "name another place",
        // What decompressors and decoders say.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            "the file is cut or damaged: copy it again, and compare its length or sum with the original's"
        }
        io::ErrorKind::Other if error.raw_os_error().is_none() => {
            "the file is cut or damaged: copy it again, and compare its length or sum with the original's"
        }
        _ => return None,
    })
}

/// What a text that is not an LDIF from its first byte on may be instead.
fn other_format(error: &LdifError) -> Option<&'static str> {
    let start = error.excerpt.as_slice();
    if error.line != 1 {
        return None;
    }
    Some(match start {
        [b'B', b'Z', b'h', ..] => "this is bzip2: bzcat FILE | offboard ... -",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "this is xz: xzcat FILE | offboard ... -",
        [b'P', b'K', 3, 4, ..] => "this is a ZIP archive: unpack it first",
        [0x1f, 0x8b, ..] => "this is compressed twice: zcat FILE | offboard ... -",
        [0xef, 0xbb, 0xbf, ..] => "there are two byte order marks: remove one",
        [0, 0, 0, 0, ..] => "the file is filled with NUL bytes: it was cut, or not written to its end",
        [_, 0, _, 0, ..] => "this looks like UTF-16 without its byte order mark: iconv -f UTF-16LE -t UTF-8 FILE",
        [0, _, 0, _, ..] => "this looks like UTF-16 or UTF-32: iconv -f UTF-16BE -t UTF-8 FILE",
        [b'<', ..] => "this looks like XML or HTML; exports are LDIF, as slapcat, ldapsearch or db2ldif write it",
        [b'{' | b'[', ..] => "this looks like JSON; exports are LDIF, as slapcat, ldapsearch or db2ldif write it",
        _ => return None,
    })
}
