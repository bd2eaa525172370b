//! Faults as a person reads them: what is wrong, the place, and what to do about it.

use std::io::Write as _;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::exit::Exit;
use crate::ldif::LdifError;
use crate::policy::PolicyError;
use crate::render::sanitize::shown;

/// A fault.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What it means for the exit status.
    pub exit: Exit,
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
    span: std::ops::Range<usize>,
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

    fn new(exit: Exit, title: impl Into<String>) -> Self {
        let title = shown(title.into().as_bytes()).into_owned();
        Self { exit, title, excerpt: None, notes: Vec::new(), help: None }
    }

    /// Adds what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(shown(help.into().as_bytes()).into_owned());
        self
    }

    /// Adds a line that belongs to it.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(shown(note.into().as_bytes()).into_owned());
        self
    }

    /// Shows a line of a file; `column` is a byte of it, from 1.
    pub fn at(self, file: &str, line: u64, column: u64, text: &[u8]) -> Self {
        self.at_words(file, line, column, 1, text)
    }

    /// Shows a line of a file, and `length` bytes of it as what is meant.
    pub fn at_words(mut self, file: &str, line: u64, column: u64, length: usize, text: &[u8]) -> Self {
        let start = usize::try_from(column).unwrap_or(1).clamp(1, text.len() + 1) - 1;
        let end = start.saturating_add(length).min(text.len());
        let before = shown(&text[..start]).into_owned();
        let meant = shown(&text[start..end]).into_owned();
        let whole = format!("{before}{meant}{}", shown(&text[end..]));
        // The underline must not end inside a character, and a place alone is shown by one.
        let least = before.len() + if length > 1 { meant.len() } else { meant.len().min(1) };
        let end = (least..=whole.len()).find(|end| whole.is_char_boundary(*end)).unwrap_or(whole.len());
        let span = before.len()..end;
        self.excerpt = Some(Excerpt { file: shown(file.as_bytes()).into_owned(), line, text: whole, span });
        self
    }

    /// A place that is not LDIF.
    pub fn ldif(file: &str, error: &LdifError) -> Self {
        let fault = Self::trouble(error.kind.to_string()).at(file, error.line, error.column, &error.excerpt);
        match error.kind.help() {
            Some(help) => fault.help(help),
            None => fault,
        }
    }

    /// A fault of a policy file.
    pub fn policy(file: &str, text: &str, error: &PolicyError) -> Self {
        let mut fault = Self::trouble(error.message.lines().next().unwrap_or_default().to_owned());
        if let Some(span) = &error.span {
            let start = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
            let line = 1 + text[..start].matches('\n').count() as u64;
            let content = text[start..].lines().next().unwrap_or_default();
            let column = (span.start - start) as u64 + 1;
            fault = fault.at_words(file, line, column, span.len().max(1), content.as_bytes());
        } else {
            fault = fault.note(format!("in {file}"));
        }
        match &error.help {
            Some(help) => fault.help(help.clone()),
            None => fault,
        }
    }

    /// Writes it to standard error.
    pub fn print(&self) {
        let mut group = Group::with_title(Level::ERROR.primary_title(self.title.as_str()));
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
        let text = Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group]);
        // Nobody to tell if standard error is gone.
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }
}
