//! `offboard man`: a manual page for the program and one for each subcommand, made from the command line as it is read.

use std::fs;
use std::io;

use camino::Utf8Path;
use clap::builder::Resettable;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::args::{self, Args};
use super::{Diagnostic, Exit, Outcome};

/// Runs it.
pub fn run(command: &args::Man) -> Outcome {
    // `offboard help` is the pages themselves.
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let pages = std::iter::once(&program).chain(program.get_subcommands());
    for page in pages.filter(|page| !page.is_hide_set()) {
        write_page(page, &command.folder)
            .map_err(|error| vec![Diagnostic::trouble(format!("{}: {error}", command.folder))])?;
    }
    Ok(Exit::Done)
}

fn write_page(command: &Command, folder: &Utf8Path) -> io::Result<()> {
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    // The generator would fill its lines.
    let man = Man::new(command.clone().after_help(Resettable::Reset))
        .source(concat!("offboard ", env!("CARGO_PKG_VERSION")))
        .manual("offboard");
    let mut page = Vec::new();
    man.render(&mut page)?;
    page.extend_from_slice(b".SH EXAMPLES\n.nf\n");
    page.extend_from_slice(as_is(&examples).as_bytes());
    page.extend_from_slice(b".fi\n");
    fs::write(folder.join(man.get_filename()), page)
}

/// Text for roff that shows it as it is: no requests, no escapes, hyphens that can be copied into a shell.
fn as_is(text: &str) -> String {
    let line = |line: &str| {
        let shown = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
        let guard = if shown.starts_with('.') { "\\&" } else { "" };
        format!("{guard}{shown}\n")
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_as_it_is() {
        for (text, expected) in [
            ("a --b", "a \\-\\-b\n"),
            (".x\n'y'", "\\&.x\n\\(aqy\\(aq\n"),
            ("J\\2C", "J\\e2C\n"),
            ("", ""),
            ("a\n\nb", "a\n\nb\n"),
        ] {
            assert_eq!(as_is(text), expected, "{text}");
        }
    }
}
